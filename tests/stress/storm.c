// SPDX-License-Identifier: GPL-2.0
/*
 * A kill storm: processes do everything at once to shared objects, and are
 * killed at random moments.  Afterwards nobody is stuck, every lock can be had,
 * and the domain's counters are back where they were.
 *
 *	storm [SECONDS [SEED]]
 *
 * Prints TAP.  The kernel's own reports are for the runner to find.
 */
#define _GNU_SOURCE
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include "stress.h"

#define CHILDREN	6
#define LOCKS		3

static __u32 dict, list, cell, number, array, event, locks[LOCKS], rlock, small;

static char text[4096];

static struct kshare_value any_text(__u32 len)
{
	return val_data(KSHARE_STR, len ? text : NULL, len);
}

static struct kshare_value any_value(void)
{
	switch (rnd(6)) {
	case 0:
		return any_text(rnd(sizeof(text)));
	case 1:
		return val_ref(small);
	case 2:
		return val_ref(list);
	case 3:
		return (struct kshare_value){};
	default:
		return val_int(rnd(100));
	}
}

/* Now and then there is no room for a result. */
static void give_some_out(struct kshare_cmd *cmd)
{
	cmd->out = (unsigned long)&out;
	cmd->out_len = rnd(8) ? sizeof(out) : sizeof(struct kshare_result) + rnd(64);
}

/* Closes the handles in a result; some are left to the end of the process. */
static void close_results(void)
{
	__u32 i;

	for (i = 0; i < out.head.count && i < 64; i++)
		if (out.values[i].type == KSHARE_REF && rnd(10))
			close_handle(out.values[i].ref.handle);
}

static __u32 create_elem(__u32 type, __u32 elem, __s64 length)
{
	struct kshare_cmd cmd = make(KSHARE_OP_CREATE, 0);

	cmd.nr = KSHARE_CREATE_NR(type, elem);
	if (length)
		cmd.key = val_int(length);
	return run_raw(cmd);
}

static __u32 create_plain(__u32 type)
{
	return create(type, 0, val_none(), val_none());
}

static __s64 soon(void)
{
	return now_ns() + rnd(3000000);
}

/* A command that changes or reads one object, and does not wait. */
static struct kshare_cmd any_command(void)
{
	static const __u32 dict_ops[] = {
		KSHARE_OP_DICT_GET, KSHARE_OP_DICT_SET, KSHARE_OP_DICT_SETDEFAULT,
		KSHARE_OP_DICT_DELETE, KSHARE_OP_DICT_POP, KSHARE_OP_DICT_ADD,
	};
	static const __u32 list_ops[] = {
		KSHARE_OP_LIST_APPEND, KSHARE_OP_LIST_POP, KSHARE_OP_LIST_REVERSE,
		KSHARE_OP_LIST_SORT, KSHARE_OP_LIST_SLICE, KSHARE_OP_LIST_SLICE_DELETE,
		KSHARE_OP_LIST_INSERT, KSHARE_OP_LIST_APPEND, KSHARE_OP_LIST_GET,
	};
	struct kshare_cmd cmd;

	switch (rnd(9)) {
	case 0:
	case 1:
	case 2:
		cmd = make(dict_ops[rnd(6)], dict);
		cmd.key = rnd(3) ? val_int(rnd(200)) : any_text(1 + rnd(100));
		if (cmd.op == KSHARE_OP_DICT_SET || cmd.op == KSHARE_OP_DICT_SETDEFAULT)
			cmd.value = any_value();
		if (cmd.op == KSHARE_OP_DICT_ADD)
			cmd.value = val_int(1);
		give_some_out(&cmd);
		break;
	case 3:
	case 4:
		cmd = make(list_ops[rnd(9)], list);
		if (cmd.op == KSHARE_OP_LIST_APPEND || cmd.op == KSHARE_OP_LIST_INSERT)
			cmd.value = rnd(3) ? val_int(rnd(1000)) : any_value();
		if (cmd.op == KSHARE_OP_LIST_INSERT || cmd.op == KSHARE_OP_LIST_GET)
			cmd.key = val_int((__s64)rnd(20) - 10);
		if (cmd.op == KSHARE_OP_LIST_SLICE || cmd.op == KSHARE_OP_LIST_SLICE_DELETE) {
			cmd.key = val_int(rnd(50));
			cmd.nr = 1 + rnd(7);
		}
		give_some_out(&cmd);
		break;
	case 5:
		cmd = make(rnd(2) ? KSHARE_OP_CELL_SWAP : KSHARE_OP_CELL_GET, cell);
		if (cmd.op == KSHARE_OP_CELL_SWAP)
			cmd.value = any_value();
		give_some_out(&cmd);
		break;
	case 6:
		cmd = make(KSHARE_OP_CELL_ADD, number);
		cmd.value = val_int(1);
		give_some_out(&cmd);
		break;
	case 7:
		cmd = make(KSHARE_OP_ARRAY_ADD, array);
		cmd.flags = KSHARE_WRAP;
		cmd.key = val_int(rnd(1000));
		cmd.value = val_int(1);
		give_some_out(&cmd);
		break;
	default:
		cmd = make(rnd(2) ? KSHARE_OP_EVENT_SET : KSHARE_OP_EVENT_CLEAR, event);
		break;
	}
	return cmd;
}

static void any_batch(void)
{
	struct kshare_cmd cmds[12];
	struct kshare_batch batch = {
		.size = sizeof(batch),
		.flags = rnd(4) ? KSHARE_BATCH_ATOMIC : KSHARE_BATCH_RUN_ON,
		.count = 1 + rnd(12),
		.cmds = (unsigned long)cmds,
		.cmd_size = sizeof(cmds[0]),
	};
	__s32 results[12];
	__u32 i;

	batch.results = (unsigned long)results;
	for (i = 0; i < batch.count; i++) {
		cmds[i] = any_command();
		if (cmds[i].out && rnd(2)) {
			cmds[i].out = 0;
			cmds[i].out_len = 0;
		}
		if (cmds[i].op == KSHARE_OP_LIST_SLICE)
			give_some_out(&cmds[i]);
	}
	out.head.count = 0;
	ioctl(fd, KSHARE_IOC_BATCH, &batch);
	close_results();
}

static void any_wait(void)
{
	struct kshare_cmd cmd;
	__u32 lock = rnd(4) ? locks[rnd(LOCKS)] : rlock;
	int ret;

	switch (rnd(6)) {
	case 0:
		cmd = make(KSHARE_OP_EVENT_WAIT, event);
		cmd.deadline = soon();
		run_raw(cmd);
		return;
	case 1:
		cmd = make(KSHARE_OP_CELL_WAIT, number);
		cmd.flags = KSHARE_UNTIL_CHANGED;
		cmd.value = val_int(1ll << 60);
		cmd.deadline = soon();
		run_raw(cmd);
		return;
	}
	cmd = make(KSHARE_OP_LOCK_ACQUIRE, lock);
	cmd.deadline = rnd(3) ? soon() : 0;
	ret = run_raw(cmd);
	if (ret <= 0)
		return;
	cmd = any_command();
	out.head.count = 0;
	run_raw(cmd);
	close_results();
	if (!rnd(50))
		raise(SIGKILL);
	run_simple(KSHARE_OP_LOCK_RELEASE, lock);
}

static void do_everything(void)
{
	struct kshare_cmd cmd;
	volatile char *map;
	__u32 handle;

	for (;;) {
		switch (rnd(16)) {
		case 0:
			any_batch();
			break;
		case 1:
		case 2:
			any_wait();
			break;
		case 3:
			handle = create_plain(rnd(2) ? KSHARE_TYPE_DICT : KSHARE_TYPE_LOCK);
			cmd = make(KSHARE_OP_LIST_APPEND, list);
			cmd.value = val_ref(handle);
			run_raw(cmd);
			if (rnd(4))
				close_handle(handle);
			break;
		case 4:
			map = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd,
				   KSHARE_MMAP_OFFSET(array, 4096));
			if (map != MAP_FAILED) {
				map[rnd(4096)]++;
				if (rnd(3))
					munmap((void *)map, 4096);
			}
			break;
		case 5:
			cmd = make(KSHARE_OP_DICT_CLEAR, dict);
			if (!rnd(20))
				run_raw(cmd);
			cmd = make(KSHARE_OP_LIST_CLEAR, list);
			if (!rnd(20))
				run_raw(cmd);
			break;
		default:
			cmd = any_command();
			out.head.count = 0;
			if (run_raw(cmd) >= 0)
				close_results();
		}
	}
}

static pid_t spawn(void)
{
	struct kshare_cmd cmd = make(KSHARE_OP_CLIENT_CLONE, 0);
	int clone = run_raw(cmd);
	pid_t pid;

	seed++;
	pid = fork();
	if (!pid) {
		if (clone < 0 || dup3(clone, fd, O_CLOEXEC) < 0)
			_exit(1);
		close(clone);
		cmd = make(KSHARE_OP_CLIENT_BIND, 0);
		if (run_raw(cmd))
			_exit(1);
		seed = seed * 2654435761u ^ getpid();
		do_everything();
	}
	close(clone);
	return pid;
}

static void check(const char *what, __u64 is, __u64 was)
{
	if (!tap(is == was, "", what))
		printf("# %llu, not %llu\n", (unsigned long long)is, (unsigned long long)was);
}

int main(int argc, char **argv)
{
	time_t end = time(NULL) + (argc > 1 ? atoi(argv[1]) : 5);
	struct kshare_stat before, empty, after;
	unsigned int first, kills = 0;
	struct kshare_cmd cmd;
	pid_t pids[CHILDREN];
	int i, had = 0;

	seed = argc > 2 ? strtoul(argv[2], NULL, 0) : (unsigned int)time(NULL);
	first = seed;
	fd = open(KSHARE_DEVICE, O_RDWR | O_CLOEXEC);
	if (fd < 0) {
		printf("TAP version 13\n1..0 # SKIP no %s\n", KSHARE_DEVICE);
		return 4;
	}
	memset(text, 'x', sizeof(text));
	before = stat_of(1);
	dict = create_plain(KSHARE_TYPE_DICT);
	list = create_plain(KSHARE_TYPE_LIST);
	small = create_plain(KSHARE_TYPE_NAMESPACE);
	cell = create_plain(KSHARE_TYPE_CELL);
	number = create_elem(KSHARE_TYPE_CELL, KSHARE_ELEM_I64, 0);
	array = create_elem(KSHARE_TYPE_ARRAY, KSHARE_ELEM_I32, 1000);
	event = create_plain(KSHARE_TYPE_EVENT);
	rlock = create_plain(KSHARE_TYPE_RLOCK);
	for (i = 0; i < LOCKS; i++)
		locks[i] = create_plain(KSHARE_TYPE_LOCK);
	empty = stat_of(1);

	for (i = 0; i < CHILDREN; i++)
		pids[i] = spawn();
	while (time(NULL) < end) {
		struct timespec nap = { .tv_nsec = 1000 * rnd(4000) };

		nanosleep(&nap, NULL);
		i = rnd(CHILDREN);
		kill(pids[i], SIGKILL);
		waitpid(pids[i], NULL, 0);
		kills++;
		pids[i] = spawn();
	}
	for (i = 0; i < CHILDREN; i++)
		kill(pids[i], SIGKILL);
	for (i = 0; i < CHILDREN; i++)
		waitpid(pids[i], NULL, 0);

	printf("TAP version 13\n# seed %u, %u kills\n", first, kills);
	for (i = 0; i < LOCKS + 1; i++) {
		cmd = make(KSHARE_OP_LOCK_ACQUIRE, i < LOCKS ? locks[i] : rlock);
		cmd.flags = KSHARE_NOWAIT;
		had += run_raw(cmd) == 1;
		run_simple(KSHARE_OP_LOCK_RELEASE, cmd.handle);
	}
	check("every lock can be had", had, LOCKS + 1);
	run_simple(KSHARE_OP_DICT_CLEAR, dict);
	run_simple(KSHARE_OP_LIST_CLEAR, list);
	run_simple(KSHARE_OP_CELL_SET, cell);
	after = stat_of(1);
	check("one client is left", after.clients, 1);
	check("as many objects as before", after.used[KSHARE_LIMIT_OBJECTS],
	      empty.used[KSHARE_LIMIT_OBJECTS]);
	check("as many handles as before", after.handles, empty.handles);

	/* A list keeps the memory of a chunk, so objects have to go for bytes to be equal. */
	for (i = 2; i < 2 + 8 + LOCKS; i++)
		close_handle(i);
	after = stat_of(1);
	check("as many bytes as before", after.used[KSHARE_LIMIT_BYTES],
	      before.used[KSHARE_LIMIT_BYTES]);
	return tap_end();
}
