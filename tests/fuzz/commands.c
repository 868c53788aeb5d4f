// SPDX-License-Identifier: GPL-2.0
/*
 * Random commands: several threads throw the operations of the table that QUERY
 * gives at the same objects, with values, flags, sizes and addresses of every
 * kind, good and bad, by ioctl, in batches, and through io_uring.  Two processes do
 * so, and meet in domains of a few names and by tickets.  What it looks for is a
 * report of the kernel's, and that everything is given back at the end.
 *
 *	commands [SECONDS [SEED]]
 *
 * Prints TAP.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "../stress/ring.h"
#include "fuzz.h"

#define PROCESSES	2
#define THREADS		4
#define POOL		8

static unsigned int first_seed;
static int fd;
static char *good, *read_only, *edge;
static unsigned long done[THREADS];
/* The number of a call that was taken, of whatever class */
static __s64 last_call;
/* And the id of an instance that somebody was told of */
static __s64 last_instance;
static time_t end;
/* Descriptors of EXPORT_FD's that are open */
static int exports[POOL];

/* What the processes tell each other: tickets, and an object's id */
static struct {
	char tickets[POOL][KSHARE_TICKET_LEN];
	__u64 id;
} *shared;

struct fuzz {
	unsigned int seed;
	int index;
	struct kshare_value values[16];
	struct kshare_cmd members[8];
	char name[16], field[16];
	struct fuzz_class class;
	struct ring ring;
	int has_ring;
	unsigned int flying;
	char out[PAGE];
	char ring_out[RING_ENTRIES][PAGE];
};

static unsigned int rnd(struct fuzz *f, unsigned int n)
{
	return fuzz_rnd(&f->seed, n);
}

static __u64 any_address(struct fuzz *f, __u32 len)
{
	switch (rnd(f, 16)) {
	case 0:
		return 0;
	case 1:
		return 0xffff888000000000ull;
	case 2:
		return (unsigned long)read_only;
	case 3:		/* the last byte is the last of a page, or one further */
		return (unsigned long)edge + PAGE - len + rnd(f, 2);
	case 4:
		return rand_r(&f->seed) * 1ull << rnd(f, 32);
	default:
		return (unsigned long)good + rnd(f, 64);
	}
}

static struct kshare_value any_value(struct fuzz *f, int deep)
{
	struct kshare_value v = { .type = rnd(f, 9) };
	__u32 i;

	if (!rnd(f, 300))
		v.type = rand_r(&f->seed);
	switch (v.type) {
	case KSHARE_NONE:
		break;
	case KSHARE_BOOL:
		v.u = rnd(f, 2);
		break;
	case KSHARE_INT:
	case KSHARE_UINT:
	case KSHARE_FLOAT:
		v.u = fuzz_number(&f->seed);
		break;
	case KSHARE_REF:
		v.ref.handle = rnd(f, 40);
		v.ref.rights = rnd(f, 4) ? 0 : rnd(f, 64);
		break;
	default:
		v.len = rnd(f, 3) ? rnd(f, 20) : rnd(f, PAGE - 64);
		if (v.len && v.len <= 8 && rnd(f, 2))
			v.inline_len = v.len;
		else if (v.len)
			v.ptr = any_address(f, v.len);
		if (v.type == KSHARE_ENCODED && !rnd(f, 3))
			v.flags = KSHARE_VF_REFS;
	}
	if (deep && !rnd(f, 4)) {
		v = (struct kshare_value){ .type = KSHARE_VECTOR, .len = rnd(f, 16) };
		for (i = 0; i < v.len; i++)
			f->values[i] = any_value(f, 0);
		v.ptr = rnd(f, 8) ? (unsigned long)f->values : any_address(f, 16 * v.len);
	}
	if (!rnd(f, 200))
		v.len = rand_r(&f->seed) * 2u;
	if (!rnd(f, 200))
		((__u8 *)&v)[rnd(f, 16)] = rand_r(&f->seed);
	return v;
}

static const struct kshare_op_info *any_op(struct fuzz *f, unsigned int flag)
{
	const struct kshare_op_info *op;

	do {
		op = &ops[rnd(f, op_count)];
	} while (flag && !(op->flags & flag));
	return op;
}

static struct kshare_cmd any_command_of(struct fuzz *f, const struct kshare_op_info *op);

/* What WAIT_ANY and WAIT_ALL take */
static struct kshare_value any_members(struct fuzz *f)
{
	unsigned int i, count = rnd(f, 8);

	for (i = 0; i < count; i++) {
		f->members[i] = any_command_of(f, any_op(f, rnd(f, 50) ? KSHARE_OPINFO_MULTI : 0));
		if (rnd(f, 30)) {
			f->members[i].deadline = 0;
			f->members[i].tag = 0;
			f->members[i].flags &= ~(KSHARE_NOWAIT | KSHARE_DETECT);
		}
	}
	return (struct kshare_value){
		.type = KSHARE_BYTES,
		.len = count * sizeof(f->members[0]) + !rnd(f, 100),
		.ptr = (unsigned long)f->members,
	};
}

/* Arguments with which some type can be created */
static void any_creation(struct fuzz *f, struct kshare_cmd *cmd)
{
	__u32 type = rnd(f, 16);

	/* Or in a named domain, if that is one */
	cmd->handle = rnd(f, 3) ? 0 : rnd(f, 40);
	cmd->flags = rnd(f, 3) ? 0 : cmd->flags;
	cmd->nr = KSHARE_CREATE_NR(type, 0);
	cmd->key = (struct kshare_value){};
	cmd->value = (struct kshare_value){};
	if (type >= KSHARE_TYPE_SEMAPHORE && type != KSHARE_TYPE_CONDITION)
		cmd->key = (struct kshare_value){ .type = KSHARE_INT, .i = rnd(f, 4) };
	if (type == KSHARE_TYPE_SEMAPHORE && rnd(f, 2))
		cmd->value = (struct kshare_value){ .type = KSHARE_INT, .i = rnd(f, 5) };
	if (type == KSHARE_TYPE_CONDITION)
		cmd->value = (struct kshare_value){ .type = KSHARE_REF, .ref.handle = rnd(f, 40) };
}

/* Arguments of what brings strangers together; mostly such that it succeeds */
static void any_meeting(struct fuzz *f, struct kshare_cmd *cmd)
{
	struct kshare_value none = {};

	switch (cmd->op) {
	case KSHARE_OP_IMPORT_FD:
		cmd->key = (struct kshare_value){ .type = KSHARE_INT, .i = exports[rnd(f, POOL)] };
		cmd->nr = rnd(f, 3) ? 0 : rnd(f, 64);
		break;
	case KSHARE_OP_TICKET_CREATE:
		cmd->key = (struct kshare_value){ .type = KSHARE_INT, .i = 1 + rnd(f, 1000) };
		cmd->value = none;
		if (rnd(f, 4))
			cmd->expect = none;
		cmd->nr = rnd(f, 3) ? 0 : rnd(f, 64);
		break;
	case KSHARE_OP_TICKET_REDEEM:
		/* Who has asked for many that are none is told nothing for a while. */
		cmd->key = (struct kshare_value){
			.type = KSHARE_STR,
			.len = KSHARE_TICKET_LEN,
			.ptr = (unsigned long)shared->tickets[rnd(f, POOL)],
		};
		cmd->nr = 0;
		break;
	case KSHARE_OP_DOMAIN_OPEN:
		snprintf(f->name, sizeof(f->name), "fuzz/%u", rnd(f, 4));
		cmd->key = (struct kshare_value){
			.type = KSHARE_STR,
			.len = strlen(f->name),
			.ptr = (unsigned long)f->name,
		};
		cmd->value = none;
		cmd->flags |= KSHARE_MAKE;
		cmd->nr = rnd(f, 3) ? 0 : rnd(f, 64);
		break;
	case KSHARE_OP_DOMAIN_OBJECTS:
		cmd->key = none;
		break;
	case KSHARE_OP_DOMAIN_KEEPERS:
		cmd->key = (struct kshare_value){
			.type = KSHARE_UINT, .u = shared->id - rnd(f, 40),
		};
		break;
	}
}

static struct kshare_value text(char *s)
{
	return (struct kshare_value){
		.type = KSHARE_STR,
		.len = strlen(s),
		.ptr = (unsigned long)s,
	};
}

/* One of a few descriptions, or one that is a little wrong */
static struct kshare_value any_description(struct fuzz *f)
{
	unsigned int kind = rnd(f, 4);

	fuzz_describe(&f->class, kind | (rnd(f, 4) ? 0 : 4));
	if (!rnd(f, 10))
		((__u8 *)&f->class)[rnd(f, sizeof(f->class))] = rand_r(&f->seed);
	return (struct kshare_value){
		.type = KSHARE_BYTES,
		.len = sizeof(f->class) - !rnd(f, 20),
		.ptr = (unsigned long)&f->class,
	};
}

/* Arguments about classes: there are a few names, methods and fields, and all is called. */
static void any_of_classes(struct fuzz *f, struct kshare_cmd *cmd)
{
	const struct kshare_value none = {};

	snprintf(f->name, sizeof(f->name), "fuzz %u", rnd(f, 3));
	switch (cmd->op) {
	case KSHARE_OP_DUP:
		cmd->value = none;
		if (cmd->flags & KSHARE_METHODS)
			cmd->value = (struct kshare_value){ .type = KSHARE_INT, .i = rnd(f, 4) };
		break;
	case KSHARE_OP_CLASS_REGISTER:
		cmd->handle = rnd(f, 4) ? 1 : cmd->handle;
		cmd->value = any_description(f);
		cmd->key = text(f->name);
		break;
	case KSHARE_OP_CLASS_OPEN:
		cmd->handle = rnd(f, 4) ? 1 : cmd->handle;
		cmd->key = text(f->name);
		break;
	case KSHARE_OP_CLASS_LIST:
		cmd->key = rnd(f, 2) ? text(f->name) : none;
		break;
	case KSHARE_OP_CLASS_INSTANCES:
		cmd->key = none;
		cmd->nr = rnd(f, 200);
		break;
	case KSHARE_OP_CLASS_COOKIE:
	case KSHARE_OP_INSTANCE_OPEN:
		/* Any number would never be that of an instance. */
		cmd->key = (struct kshare_value){
			.type = KSHARE_INT, .i = last_instance + !rnd(f, 8),
		};
		break;
	case KSHARE_OP_CALL:
		cmd->nr = rnd(f, 4) ? rnd(f, 4) : KSHARE_METHOD_CREATE;
		/* What nobody waits for has no time either, nor an answer. */
		if (cmd->flags & KSHARE_ONEWAY) {
			cmd->expect = none;
			cmd->out = 0;
			cmd->out_len = 0;
		}
		break;
	case KSHARE_OP_REPLY:
	case KSHARE_OP_REPLY_AND_SERVE:
		/* Mostly one of the last that was taken by somebody */
		cmd->key = (struct kshare_value){
			.type = KSHARE_INT, .i = last_call - rnd(f, 3),
		};
		cmd->nr = rnd(f, 4);
		break;
	case KSHARE_OP_DICT_GET ... KSHARE_OP_DICT_POP:
	case KSHARE_OP_DICT_ADD:
	case KSHARE_OP_DICT_CAS:
	case KSHARE_OP_DICT_CHECK:
	case KSHARE_OP_DICT_ABSENT:
		if (rnd(f, 2))
			break;
		snprintf(f->field, sizeof(f->field), "%c", 'a' + rnd(f, 4));
		cmd->key = text(f->field);
		break;
	}
}

static int waits(__u32 op)
{
	const struct kshare_op_info *info = fuzz_op(op);

	return info && info->flags & KSHARE_OPINFO_WAITS;
}

/*
 * What would not go by itself, leave nothing to do for the rest of the time, or end
 * this program: a sleep without an end, a descriptor that is lost.
 */
static void spare(struct kshare_cmd *cmd, __s64 limit)
{
	if (waits(cmd->op) && (!cmd->deadline || cmd->deadline > limit) &&
	    (cmd->op != KSHARE_OP_CALL || !(cmd->flags & KSHARE_ONEWAY)))
		cmd->deadline = 1;
	switch (cmd->op) {
	case KSHARE_OP_CLIENT_CLONE:
		cmd->op = KSHARE_OP_NOP;
		break;
	case KSHARE_OP_DOMAIN_OPEN:
	case KSHARE_OP_DOMAIN_SET:
		cmd->flags &= ~KSHARE_PIN;
		break;
	case KSHARE_OP_DOMAIN_LIMIT:
	case KSHARE_OP_USER_LIMIT:
		cmd->value = (struct kshare_value){};
		break;
	}
}

static struct kshare_cmd any_command_of(struct fuzz *f, const struct kshare_op_info *op)
{
	struct kshare_cmd cmd = { .size = sizeof(cmd), .op = op->op };
	struct timespec now;

	if (op->fields & KSHARE_FIELD_HANDLE)
		cmd.handle = rnd(f, 40);
	if (op->fields & KSHARE_FIELD_KEY)
		cmd.key = any_value(f, 0);
	if (op->fields & KSHARE_FIELD_VALUE)
		cmd.value = any_value(f, 1);
	if (op->fields & KSHARE_FIELD_EXPECT)
		cmd.expect = any_value(f, 0);
	if (op->fields & KSHARE_FIELD_NR)
		cmd.nr = rnd(f, 2) ? rnd(f, 12) : KSHARE_CREATE_NR(rnd(f, 12), rnd(f, 14));
	if (op->fields & KSHARE_FIELD_OUT && rnd(f, 3)) {
		cmd.out_len = rnd(f, 2) ? PAGE : rnd(f, 200);
		cmd.out = rnd(f, 4) ? (unsigned long)f->out : any_address(f, cmd.out_len);
	}
	if (op->fields & KSHARE_FIELD_DEADLINE) {
		clock_gettime(CLOCK_MONOTONIC, &now);
		cmd.deadline = now.tv_sec * 1000000000ll + now.tv_nsec + rnd(f, 2000000);
		cmd.tag = rnd(f, 4);
	}
	/* Small owners, permits, leases and tags, so that they meet as well */
	if (op->fields & KSHARE_FIELD_KEY && rnd(f, 2))
		cmd.key = (struct kshare_value){ .type = KSHARE_INT, .i = rnd(f, 4) };
	if (!rnd(f, 2))
		cmd.flags = rand_r(&f->seed) & op->cmd_flags;
	if (op->op == KSHARE_OP_CREATE && rnd(f, 4))
		any_creation(f, &cmd);
	if ((op->op == KSHARE_OP_WAIT_ANY || op->op == KSHARE_OP_WAIT_ALL) && rnd(f, 8))
		cmd.value = any_members(f);
	if (rnd(f, 8)) {
		any_meeting(f, &cmd);
		any_of_classes(f, &cmd);
	}
	/* But not where the result goes, which may be large: that is memory of this program. */
	if (!rnd(f, 300))
		((__u8 *)&cmd)[rnd(f, offsetof(struct kshare_cmd, out))] = rand_r(&f->seed);
	clock_gettime(CLOCK_MONOTONIC, &now);
	spare(&cmd, now.tv_sec * 1000000000ll + now.tv_nsec + 1000000000);
	return cmd;
}

static struct kshare_cmd any_command(struct fuzz *f)
{
	return any_command_of(f, any_op(f, rnd(f, 3) ? 0 : KSHARE_OPINFO_WAITS));
}

/* A few descriptors stay open for IMPORT_FD. */
static void keep_export(struct fuzz *f, int export)
{
	int old = __atomic_exchange_n(&exports[rnd(f, POOL)], export, __ATOMIC_RELAXED);

	if (old > 2)
		close(old);
}

/* What others may use of a result.  Results of members go to memory that is shared. */
static void run_one(struct fuzz *f, struct kshare_cmd *cmd)
{
	struct kshare_result *result = (struct kshare_result *)f->out;
	int ret = ioctl(fd, KSHARE_IOC_CMD, cmd);

	if (cmd->op == KSHARE_OP_EXPORT_FD && ret > 2)
		keep_export(f, ret);
	if (ret < 0 || cmd->out != (unsigned long)f->out || cmd->out_len < 200)
		return;
	if (cmd->op == KSHARE_OP_TICKET_CREATE)
		memcpy(shared->tickets[rnd(f, POOL)], &result->values[1], KSHARE_TICKET_LEN);
	if (cmd->op == KSHARE_OP_DOMAIN_OBJECTS && ret)
		shared->id = result->number;
	if ((cmd->op == KSHARE_OP_SERVE || cmd->op == KSHARE_OP_REPLY_AND_SERVE) && result->number)
		last_call = result->number;
	if (cmd->op == KSHARE_OP_SERVE && ret == KSHARE_SERVE_CALL)
		last_instance = result->values[KSHARE_SERVED_ID].u;
	if (cmd->op == KSHARE_OP_CLASS_INSTANCES && ret)
		last_instance = result->values[0].u;
}

/* Through the ring: those that wait go on while others are submitted. */
static void run_on_ring(struct fuzz *f, struct kshare_cmd *cmd)
{
	static const __u64 descriptor = 1ull << 32;
	__u64 user_data;
	__s32 res;

	if (cmd->out == (unsigned long)f->out)
		cmd->out = (unsigned long)f->ring_out[rnd(f, RING_ENTRIES)];
	if (f->flying < RING_ENTRIES / 2 &&
	    ring_submit(&f->ring, fd, cmd, cmd->op == KSHARE_OP_EXPORT_FD ? descriptor : 0) == 1)
		f->flying++;
	while (f->flying &&
	       ring_reap(&f->ring, f->flying > RING_ENTRIES / 4, &res, &user_data)) {
		f->flying--;
		if (user_data == descriptor && res > 2)
			close(res);
	}
}

/* Handles are few, so that the threads meet. */
static void drop_handle(struct fuzz *f)
{
	struct kshare_cmd cmd = { .size = sizeof(cmd), .op = KSHARE_OP_CLOSE };

	cmd.handle = 2 + rnd(f, 200);
	ioctl(fd, KSHARE_IOC_CMD, &cmd);
}

static void *fuzz_thread(void *arg)
{
	struct fuzz *f = arg;
	struct kshare_cmd cmds[8];
	__s32 results[8];

	f->has_ring = !ring_open(&f->ring);
	while (time(NULL) < end) {
		struct kshare_batch batch = {
			.size = sizeof(batch),
			.count = 1 + rnd(f, 8),
			.flags = 1 << rnd(f, 2),
			.cmds = (unsigned long)cmds,
			.results = (unsigned long)results,
			.cmd_size = sizeof(cmds[0]),
		};
		unsigned int i;

		int door = rnd(f, 8);

		for (i = 0; i < batch.count; i++) {
			cmds[i] = any_command(f);
			if (door && door < 4 && f->has_ring)
				run_on_ring(f, &cmds[i]);
			else if (door)
				run_one(f, &cmds[i]);
			else if (cmds[i].op == KSHARE_OP_EXPORT_FD)
				cmds[i].op = KSHARE_OP_NOP;
		}
		if (!door)
			ioctl(fd, KSHARE_IOC_BATCH, &batch);
		done[f->index] += batch.count;
		for (i = 0; i < 3; i++)
			drop_handle(f);
		/* With all that waits on it */
		if (f->has_ring && !rnd(f, 200)) {
			ring_close(&f->ring);
			f->flying = 0;
			f->has_ring = !ring_open(&f->ring);
		}
		if (!rnd(f, 64)) {
			void *map = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, fd,
					 KSHARE_MMAP_OFFSET(rnd(f, 40), PAGE));

			if (map != MAP_FAILED)
				munmap(map, PAGE);
		}
	}
	return NULL;
}

static int fuzz_process(int pipe_end, int index)
{
	static struct fuzz fuzz[THREADS];
	pthread_t threads[THREADS];
	unsigned long sum = 0;
	int i;

	fd = open(KSHARE_DEVICE, O_RDWR | O_CLOEXEC);
	if (fd < 0 || fuzz_table(fd))
		return 1;
	good = mmap(NULL, 4 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	read_only = mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	edge = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	munmap(edge + PAGE, PAGE);
	for (i = 0; i < PAGE; i++)
		good[i] = i % 7 ? 'a' + i % 26 : 0;
	for (i = 0; i < THREADS; i++) {
		fuzz[i].seed = first_seed + (index * THREADS + i) * 7919;
		fuzz[i].index = i;
		pthread_create(&threads[i], NULL, fuzz_thread, &fuzz[i]);
	}
	for (i = 0; i < THREADS; i++) {
		pthread_join(threads[i], NULL);
		sum += done[i];
	}
	return write(pipe_end, &sum, sizeof(sum)) != sizeof(sum);
}

int main(int argc, char **argv)
{
	unsigned long commands = 0;
	int pipe_ends[2], status = 0, one, i, refs;
	unsigned long sum;

	end = time(NULL) + (argc > 1 ? atoi(argv[1]) : 5);
	first_seed = argc > 2 ? strtoul(argv[2], NULL, 0) : (unsigned int)time(NULL);
	printf("TAP version 13\n");
	if (access(KSHARE_DEVICE, R_OK)) {
		printf("1..0 # SKIP no %s\n", KSHARE_DEVICE);
		return 4;
	}
	fflush(stdout);
	if (pipe(pipe_ends))
		return 1;
	shared = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (shared == MAP_FAILED)
		return 1;
	for (i = 0; i < PROCESSES; i++)
		if (!fork())
			_exit(fuzz_process(pipe_ends[1], i));
	while (wait(&one) > 0)
		status |= one;
	close(pipe_ends[1]);
	for (i = 0; i < PROCESSES; i++) {
		if (read(pipe_ends[0], &sum, sizeof(sum)) != sizeof(sum))
			status = 1;
		else
			commands += sum;
	}
	printf("1..2\n# seed %u, %lu commands\n", first_seed, commands);
	printf("%sok 1 - random commands do no harm to who gives them\n",
	       status || !commands ? "not " : "");
	refs = fuzz_module_unused();
	printf("%sok 2 - nothing is left of them (%d users of the module)\n",
	       refs ? "not " : "", refs);
	return status || !commands || refs;
}
