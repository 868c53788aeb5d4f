// SPDX-License-Identifier: GPL-2.0
/* A process of a program, with one or two lanes, and what its lines do. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <limits.h>
#include <linux/futex.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "../stress/ring.h"
#include "execute.h"

#define DATA		(128 << 10)
#define ARRAY_MOST	(1 << 18)

/* Of all processes, made once: memory of every kind */
static char *data, *read_only, *edge, *flip;

/* Of this one: what lines' commands point to, for as long as it lives */
static struct memory {
	struct kshare_value values[MAX_VEC];
	char out[PAGE];
	struct fuzz_class class;
	char name[16];
	__u32 refs[1 + MAX_VEC + 16];
} memory[MAX_LINES];
static __u32 handles[HANDLES];
static int client;

static __thread struct lane {
	unsigned int index;
	struct kshare_cmd cmds[2 * MAX_LINES];
	__s32 results[MAX_LINES];
	unsigned int lines[2 * MAX_LINES];	/* those that the commands are of */
	unsigned int first, count;		/* the group that is gathered */
	struct ring ring;
	int has_ring;
	void *maps[MAX_LINES];
	size_t map_sizes[MAX_LINES];
	unsigned int map_count;
} self;

void futex_wait(__u32 *word, __u32 value, long us)
{
	struct timespec limit = { .tv_sec = us / 1000000, .tv_nsec = us % 1000000 * 1000 };

	syscall(SYS_futex, word, FUTEX_WAIT, value, us < 0 ? NULL : &limit, NULL, 0);
}

void futex_wake(__u32 *word)
{
	syscall(SYS_futex, word, FUTEX_WAKE, INT_MAX, NULL, NULL, 0);
}

static char *map_memory(size_t size)
{
	char *p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	size_t i;

	if (p == MAP_FAILED)
		exit(1);
	for (i = 0; i < size; i++)
		p[i] = i % 7 ? 'a' + i % 26 : 0;
	return p;
}

void worker_setup(void)
{
	data = map_memory(DATA);
	read_only = map_memory(PAGE);
	mprotect(read_only, PAGE, PROT_READ);
	edge = map_memory(2 * PAGE);
	mprotect(edge + PAGE, PAGE, PROT_NONE);
	flip = map_memory(2 * PAGE);
	mprotect(flip + PAGE, PAGE, PROT_NONE);
}

static __u64 address(unsigned int place, __u64 num, __u32 len)
{
	switch (place) {
	case PLACE_EDGE:
		return (unsigned long)edge + PAGE - (len < PAGE ? len : PAGE);
	case PLACE_OVER:
		return (unsigned long)edge + PAGE - (len < PAGE ? len : PAGE) + 1;
	case PLACE_READ_ONLY:
		return (unsigned long)read_only;
	case PLACE_FLIP:
		return (unsigned long)flip;
	case PLACE_NULL:
		return 0;
	case PLACE_KERNEL:
		return 0xffff888000000000ull;
	}
	return (unsigned long)data + num % 256;
}

static __s64 now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000000ll + now.tv_nsec;
}

/* A descriptor of a slot, for this process */
static int slot_fd(unsigned int slot)
{
	int pid = shared->fds[slot % SLOTS].pid, fd = shared->fds[slot % SLOTS].fd, pidfd;

	if (!pid || pid == getpid())
		return pid ? fd : -1;
	pidfd = syscall(SYS_pidfd_open, pid, 0);
	fd = syscall(SYS_pidfd_getfd, pidfd, fd, 0);
	close(pidfd);
	return fd;
}

static __u32 handle(__u32 slot)
{
	return slot & HANDLE_RAW ? slot & ~HANDLE_RAW : handles[slot % HANDLES];
}

static void build_bytes(struct kshare_value *v, const struct arg *a, unsigned int i,
			const struct line *l)
{
	struct memory *m = &memory[i];
	unsigned int n;

	v->len = a->len;
	v->codec = a->codec;
	v->flags = a->flags;
	if (a->type == KSHARE_ENCODED && a->flags & KSHARE_VF_REFS && l->vecs) {
		m->refs[0] = l->vecs;
		for (n = 0; n < l->vecs; n++)
			m->refs[1 + n] = handle(l->vec[n].num);
		v->len = 4 * (1 + l->vecs) + a->len % 64;
		v->ptr = (unsigned long)m->refs;
	} else if (a->len && a->len <= 8 && a->place == PLACE_GOOD) {
		v->inline_len = a->len;
		for (n = 0; n < a->len; n++)
			v->bytes[n] = 'a' + (a->num + n) % 26;
	} else if (a->len) {
		v->ptr = address(a->place, a->num, a->len);
	}
}

static struct kshare_value build_value(const struct arg *a, unsigned int i, const struct line *l)
{
	struct memory *m = &memory[i];
	struct kshare_value v = { .type = a->type };
	unsigned int n;

	switch (a->type) {
	case KSHARE_BOOL:
	case KSHARE_INT:
	case KSHARE_UINT:
	case KSHARE_FLOAT:
		v.u = a->num;
		break;
	case KSHARE_STR:
	case KSHARE_BYTES:
	case KSHARE_ENCODED:
		build_bytes(&v, a, i, l);
		break;
	case KSHARE_REF:
		v.ref.handle = handle(a->num);
		v.ref.rights = a->num >> 32;
		break;
	case KSHARE_VECTOR:
		for (n = 0; n < l->vecs; n++)
			if (l->vec[n].type != KSHARE_VECTOR)
				m->values[n] = build_value(&l->vec[n], i, l);
		v.len = a->len ? a->len : l->vecs;
		v.ptr = a->place ? address(a->place, a->num, 16 * v.len) :
				   (unsigned long)m->values;
		break;
	case ARG_NUMBER:
		v.type = KSHARE_INT;
		v.i = shared->numbers[a->num % SLOTS] + (__s32)(a->num >> 32);
		break;
	case ARG_FD:
		v.type = KSHARE_INT;
		v.i = slot_fd(a->num);
		break;
	case ARG_TICKET:
		v.type = KSHARE_STR;
		v.len = KSHARE_TICKET_LEN;
		v.ptr = (unsigned long)shared->tickets[a->num % SLOTS];
		break;
	case ARG_NAME:
		snprintf(m->name, sizeof(m->name), "fuzz %u", (unsigned int)a->num % 4);
		v.type = KSHARE_STR;
		v.len = strlen(m->name);
		v.ptr = (unsigned long)m->name;
		break;
	case ARG_CLASS:
		fuzz_describe(&m->class, a->num);
		if (a->num >> 8) {
			n = (a->num >> 8 & 0xffff) % sizeof(m->class);
			((__u8 *)&m->class)[n] ^= a->num >> 24;
		}
		v.type = KSHARE_BYTES;
		v.len = sizeof(m->class) - (a->num >> 32 & 1);
		v.ptr = (unsigned long)&m->class;
		break;
	case ARG_MEMBERS:
		v.type = KSHARE_BYTES;
		v.len = self.count * sizeof(struct kshare_cmd) + a->len;
		v.ptr = (unsigned long)&self.cmds[self.first];
		break;
	case ARG_TIME:
		v.type = KSHARE_INT;
		v.i = now_ns() + (__s64)a->num * 1000;
		break;
	case ARG_RAW:
		v = (struct kshare_value){
			.type = a->num, .inline_len = a->num >> 8, .codec = a->codec,
			.flags = a->flags, .len = a->len, .u = a->num >> 16,
		};
		break;
	}
	return v;
}

/* What would use up the guest, or what all users have */
static void spare(struct kshare_cmd *cmd)
{
	if (cmd->op == KSHARE_OP_CREATE && (cmd->nr & 0xffff) == KSHARE_TYPE_ARRAY &&
	    cmd->key.u > ARRAY_MOST && cmd->key.u < 1ull << 40)
		cmd->key.u %= ARRAY_MOST;
	if (cmd->op == KSHARE_OP_USER_LIMIT && cmd->value.type && cmd->key.u < 1000)
		cmd->value.u |= 1ull << 40;
	if (cmd->out_len > PAGE && cmd->out >= (unsigned long)memory &&
	    cmd->out < (unsigned long)(memory + MAX_LINES))
		cmd->out_len = PAGE;
}

static void build(struct kshare_cmd *cmd, unsigned int i)
{
	const struct line *l = &shared->program.lines[i];
	const struct kshare_op_info *op = fuzz_op(l->op);

	memset(cmd, 0, sizeof(*cmd));
	cmd->size = sizeof(*cmd);
	cmd->op = l->op;
	cmd->handle = handle(l->handle);
	cmd->flags = l->flags;
	cmd->nr = l->nr;
	cmd->key = build_value(&l->key, i, l);
	cmd->value = build_value(&l->value, i, l);
	if (op && op->fields & KSHARE_FIELD_DEADLINE) {
		cmd->tag = l->tag;
		if (l->deadline > 0)
			cmd->deadline = now_ns() + l->deadline % DEADLINE_MOST * 1000ll;
		else if (l->deadline)
			cmd->deadline = l->deadline == DEADLINE_PAST ? 1 : -1;
	} else {
		cmd->expect = build_value(&l->expect, i, l);
	}
	if (l->out_len) {
		cmd->out_len = l->out_len;
		cmd->out = l->out_place ? address(l->out_place, 0, l->out_len) :
					  (unsigned long)memory[i].out;
	}
	if (l->wrong_by)
		((__u8 *)cmd)[l->wrong_at % offsetof(struct kshare_cmd, out)] ^= l->wrong_by;
	spare(cmd);
}

static int gives_handle(__u32 op)
{
	switch (op) {
	case KSHARE_OP_CREATE:
	case KSHARE_OP_DUP:
	case KSHARE_OP_IMPORT_FD:
	case KSHARE_OP_TICKET_REDEEM:
	case KSHARE_OP_DOMAIN_ROOT:
	case KSHARE_OP_DOMAIN_OPEN:
	case KSHARE_OP_CLASS_REGISTER:
	case KSHARE_OP_CLASS_OPEN:
	case KSHARE_OP_INSTANCE_CREATE:
	case KSHARE_OP_INSTANCE_OPEN:
		return 1;
	}
	return 0;
}

/* What a command gave back goes into slots. */
static void keep_result(const struct kshare_cmd *cmd, unsigned int i, int ret)
{
	struct kshare_result *r = (struct kshare_result *)memory[i].out;
	unsigned int slot = shared->program.lines[i].slot, n;

	if (ret < 0)
		return;
	if (gives_handle(cmd->op))
		handles[slot % HANDLES] = ret;
	if (cmd->op == KSHARE_OP_EXPORT_FD || cmd->op == KSHARE_OP_CLIENT_CLONE) {
		shared->fds[slot % SLOTS].fd = ret;
		shared->fds[slot % SLOTS].pid = getpid();
	}
	if (cmd->out != (unsigned long)r || cmd->out_len < sizeof(*r))
		return;
	shared->numbers[slot % SLOTS] = r->number;
	if (cmd->op == KSHARE_OP_STAT) {
		shared->numbers[slot % SLOTS] = ((struct kshare_stat *)r)->id;
		return;
	}
	for (n = 0; n < r->count && n < (PAGE - sizeof(*r)) / sizeof(r->values[0]); n++)
		if (r->values[n].type == KSHARE_REF)
			handles[slot % HANDLES] = r->values[n].ref.handle;
	if (cmd->op == KSHARE_OP_TICKET_CREATE && cmd->out_len >= 100)
		memcpy(shared->tickets[slot % SLOTS], &r->values[1], KSHARE_TICKET_LEN);
	if (cmd->op == KSHARE_OP_SERVE || cmd->op == KSHARE_OP_REPLY_AND_SERVE)
		shared->numbers[(slot + 1) % SLOTS] = r->values[KSHARE_SERVED_ID].u;
	if (cmd->op == KSHARE_OP_CLASS_INSTANCES && r->count)
		shared->numbers[slot % SLOTS] = r->values[0].u;
}

/* ---- io_uring ---- */

static void open_ring(unsigned int kind)
{
	static const __u32 kinds[] = {
		IORING_SETUP_SQE128,
		IORING_SETUP_SQE128 | IORING_SETUP_CQE32,
		IORING_SETUP_SQE128 | IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN,
		0,
		IORING_SETUP_SQE128 | IORING_SETUP_COOP_TASKRUN | IORING_SETUP_TASKRUN_FLAG,
		IORING_SETUP_SQE128 | IORING_SETUP_SQPOLL,
	};

	if (self.has_ring)
		ring_close(&self.ring);
	self.has_ring = !ring_open_as(&self.ring, kinds[kind % 6]);
}

static void reap(int us)
{
	struct pollfd p = { .fd = self.ring.fd, .events = POLLIN };
	struct timespec limit = { .tv_nsec = us * 1000 };
	__u64 user_data;
	__s32 res;

	if (!self.has_ring)
		return;
	if (us)
		ppoll(&p, 1, &limit, NULL);
	while (ring_reap(&self.ring, 0, &res, &user_data))
		if (user_data < 2 * MAX_LINES)
			keep_result(&self.cmds[user_data], self.lines[user_data], res);
}

static void run_on_ring(unsigned int door)
{
	unsigned int n;

	if (!self.has_ring)
		open_ring(0);
	if (!self.has_ring)
		return;
	for (n = self.first; n < self.first + self.count; n++) {
		struct io_uring_sqe *sqe;

		if (door == DOOR_PTR || !(self.ring.p.flags & IORING_SETUP_SQE128)) {
			sqe = ring_add(&self.ring);
			sqe->opcode = IORING_OP_URING_CMD;
			sqe->fd = client;
			sqe->off = KSHARE_URING_CMD_PTR;
			sqe->user_data = n;
			/* The first of what is a command's own */
			*(__u64 *)((char *)sqe + 48) = (unsigned long)&self.cmds[n];
		} else {
			sqe = ring_add_command(&self.ring, client, &self.cmds[n], n);
		}
		if (n + 1 < self.first + self.count)
			sqe->flags |= IOSQE_IO_LINK;
		if (door == DOOR_ASYNC)
			sqe->flags |= IOSQE_ASYNC;
	}
	ring_enter(&self.ring);
	reap(0);
}

/* ---- lines ---- */

static void run_batch(unsigned int door)
{
	struct kshare_batch batch = {
		.size = sizeof(batch),
		.count = self.count,
		.flags = door == DOOR_RUN_ON ? KSHARE_BATCH_RUN_ON :
			 door == DOOR_ATOMIC ? KSHARE_BATCH_ATOMIC : 0,
		.cmds = (unsigned long)&self.cmds[self.first],
		.results = (unsigned long)self.results,
		.cmd_size = sizeof(self.cmds[0]),
	};
	unsigned int n;

	for (n = 0; n < self.count; n++)
		self.results[n] = -1;
	ioctl(client, KSHARE_IOC_BATCH, &batch);
	for (n = 0; n < self.count; n++)
		keep_result(&self.cmds[self.first + n], self.lines[self.first + n],
			    self.results[n]);
}

static void run_group(const struct line *l)
{
	unsigned int n, last = self.first + self.count - 1;

	__atomic_fetch_add(&shared->commands, self.count, __ATOMIC_RELAXED);
	switch (l->door) {
	case DOOR_IOCTL:
		/* Members are carried out by the last one alone. */
		for (n = l->value.type == ARG_MEMBERS ? last : self.first; n <= last; n++)
			keep_result(&self.cmds[n], self.lines[n],
				    ioctl(client, KSHARE_IOC_CMD, &self.cmds[n]));
		for (n = self.first; l->value.type == ARG_MEMBERS && n < last; n++)
			keep_result(&self.cmds[n], self.lines[n], 0);
		break;
	case DOOR_BATCH:
	case DOOR_RUN_ON:
	case DOOR_ATOMIC:
		run_batch(l->door);
		break;
	default:
		if (l->value.type == ARG_MEMBERS) {
			self.first = last;
			self.count = 1;
		}
		run_on_ring(l->door);
	}
	self.first = last + 1;
	self.count = 0;
}

static void run_command(unsigned int i)
{
	const struct line *l = &shared->program.lines[i];
	unsigned int n = self.first + self.count;

	build(&self.cmds[n], i);
	self.lines[n] = i;
	self.count++;
	if (!l->join)
		run_group(l);
}

static void map_array(const struct line *l)
{
	static const int protections[] = {
		PROT_READ, PROT_READ | PROT_WRITE, PROT_WRITE, PROT_READ | PROT_EXEC,
	};
	size_t size = PAGE << (l->nr >> 4 & 3);
	void *p;

	p = mmap(NULL, size, protections[l->nr & 3],
		 (l->nr & 4 ? MAP_PRIVATE : MAP_SHARED) | MAP_POPULATE, client,
		 KSHARE_MMAP_OFFSET(handle(l->handle), PAGE) + (l->nr & 8 ? PAGE : 0));
	if (p == MAP_FAILED)
		return;
	self.maps[self.map_count] = p;
	self.map_sizes[self.map_count++] = size;
}

static void poll_slot(const struct line *l)
{
	struct epoll_event event = {
		.events = EPOLLIN | (l->nr & 0x20 ? EPOLLET : EPOLLOUT),
	};
	struct pollfd p = { .fd = slot_fd(l->nr), .events = l->nr & 0x20 ? POLLOUT : POLLIN };
	int e;

	if (l->nr & 0x10) {
		poll(&p, 1, l->nr & 0x40 ? 5 : 0);
		return;
	}
	e = epoll_create1(EPOLL_CLOEXEC);
	epoll_ctl(e, EPOLL_CTL_ADD, p.fd, &event);
	epoll_wait(e, &event, 1, l->nr & 0x40 ? 5 : 0);
	close(e);
}

static void fork_child(unsigned int how)
{
	struct kshare_cmd cmd = { .size = sizeof(cmd), .op = KSHARE_OP_NOP };

	if (fork())
		return;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	ioctl(client, KSHARE_IOC_CMD, &cmd);
	if (how % 3 == 1)
		_exit(0);
	/* Or it lives as long as the lane */
	usleep(how % 3 ? 3000 : 1000000);
	_exit(0);
}

static void query(unsigned int nr)
{
	struct kshare_op_info rows[4];
	struct kshare_query q = {
		.size = sizeof(q) + (nr >> 16 & 8),
		.op_count = nr % 5,
		.ops = nr & 0x20 ? (unsigned long)rows : address(nr & 7, 0, 64),
		.op_size = nr & 0x40 ? sizeof(rows[0]) : nr >> 8 & 0x7f,
	};
	char path[64];
	int f;

	ioctl(client, nr & 0x80 ? _IO(KSHARE_IOC_TYPE, nr >> 16) : KSHARE_IOC_QUERY, &q);
	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", client);
	f = open(path, O_RDONLY | O_CLOEXEC);
	if (read(f, memory[0].out, PAGE) < 0)
		query(0x60);
	close(f);
}

static void run_around(const struct line *l)
{
	static const int protections[] = {
		PROT_READ | PROT_WRITE, PROT_READ, PROT_NONE, PROT_WRITE,
	};
	char *const arguments[] = { "cover", "--nothing", NULL };
	struct kshare_cmd cmd = { .size = sizeof(cmd), .op = KSHARE_OP_CLIENT_BIND };
	struct io_uring_sqe *sqe;
	int f;

	switch (l->op) {
	case AROUND_OPEN:
		f = open(KSHARE_DEVICE, O_RDWR | O_CLOEXEC);
		dup3(f, client, O_CLOEXEC);
		close(f);
		break;
	case AROUND_BIND:
		f = slot_fd(l->nr);
		if (dup3(f, client, O_CLOEXEC) >= 0)
			ioctl(client, KSHARE_IOC_CMD, &cmd);
		break;
	case AROUND_MAP:
		map_array(l);
		break;
	case AROUND_UNMAP:
		while (self.map_count--)
			munmap(self.maps[self.map_count], self.map_sizes[self.map_count]);
		self.map_count = 0;
		break;
	case AROUND_FLIP:
		mprotect(flip, PAGE, protections[l->nr & 3]);
		if (l->nr & 4)
			madvise(flip, PAGE, MADV_DONTNEED);
		break;
	case AROUND_POLL:
		poll_slot(l);
		break;
	case AROUND_SHUT:
		if (shared->fds[l->nr % SLOTS].pid == getpid()) {
			close(shared->fds[l->nr % SLOTS].fd);
			shared->fds[l->nr % SLOTS].pid = 0;
		}
		break;
	case AROUND_RING:
		open_ring(l->nr);
		break;
	case AROUND_REAP:
		reap(l->nr % 8 * 1000);
		break;
	case AROUND_UNRING:
		if (!self.has_ring)
			break;
		sqe = ring_add(&self.ring);
		sqe->opcode = IORING_OP_ASYNC_CANCEL;
		sqe->fd = -1;
		sqe->user_data = ~0ull;
		sqe->cancel_flags = IORING_ASYNC_CANCEL_ANY | IORING_ASYNC_CANCEL_ALL;
		ring_enter(&self.ring);
		reap(0);
		break;
	case AROUND_FORK:
		fork_child(l->nr);
		break;
	case AROUND_EXEC:
		execv("/proc/self/exe", arguments);
		break;
	case AROUND_QUERY:
		query(l->nr);
		break;
	}
}

static void run_lane(unsigned int lane)
{
	__u32 taken, line;

	self.index = lane;
	kcov_enable(lane);
	__atomic_store_n(&shared->lanes[lane].tid, gettid(), __ATOMIC_RELEASE);
	for (taken = 0;; taken++) {
		while (__atomic_load_n(&shared->lanes[lane].posted, __ATOMIC_ACQUIRE) == taken)
			futex_wait(&shared->lanes[lane].posted, taken, -1);
		line = shared->lanes[lane].queue[taken % (MAX_LINES + 1)];
		if (line == LINE_QUIT)
			_exit(0);
		kcov_begin(lane);
		if (around(&shared->program.lines[line]))
			run_around(&shared->program.lines[line]);
		else
			run_command(line);
		__atomic_store_n(&shared->lanes[lane].finished, taken + 1, __ATOMIC_RELEASE);
		futex_wake(&shared->lanes[lane].finished);
	}
}

static void *lane_thread(void *arg)
{
	run_lane((unsigned long)arg);
	return NULL;
}

static void on_signal(int number)
{
	(void)number;
}

void worker_process(int process)
{
	struct sigaction action = { .sa_handler = on_signal };
	unsigned int i, lane = 2 * process;
	pthread_t thread;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	sigaction(SIGUSR1, &action, NULL);
	action.sa_flags = SA_RESTART;
	sigaction(SIGUSR2, &action, NULL);
	client = open(KSHARE_DEVICE, O_RDWR | O_CLOEXEC);
	for (i = 0; i < HANDLES; i++)
		handles[i] = 1;
	for (i = 0; i < shared->program.count; i++)
		if (shared->program.lines[i].lane == lane + 1)
			break;
	if (i < shared->program.count)
		pthread_create(&thread, NULL, lane_thread, (void *)(unsigned long)(lane + 1));
	run_lane(lane);
}
