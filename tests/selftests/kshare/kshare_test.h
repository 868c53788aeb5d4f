/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the tests share: commands through every door, and a fixture whose
 * teardown finds every leak.
 *
 * The tests speak to the kernel by ioctl alone, not through the library.
 */
#ifndef KSHARE_TEST_H
#define KSHARE_TEST_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <linux/kshare.h>

#include "kselftest_harness.h"

/*
 * Seconds that a test may take: it hangs, or the machine is slow, busy, and
 * emulates another one.  With a large KSHARE_ROUNDS build for more.
 */
#ifndef T_TIMEOUT
#define T_TIMEOUT	120
#endif
#undef TEST_TIMEOUT_DEFAULT
#define TEST_TIMEOUT_DEFAULT	T_TIMEOUT

/* In ns: what happens at all has happened by then, and the harness has not given up. */
#define T_LONG		30000000000ll

/* The doors: how a command reaches the kernel. */
enum door {
	DOOR_CMD,		/* alone */
	DOOR_BATCH,		/* in a batch of one */
	DOOR_ATOMIC,		/* in an atomic batch of one */
};

/* A result buffer that is large enough for most. */
struct reply {
	struct kshare_result head;
	struct kshare_value values[128];
	char tail[16384];
};

/* The client that commands go to, and the door they take. */
struct side {
	int fd;
	enum door door;
	struct reply out;
};

static inline struct kshare_value t_none(void)
{
	return (struct kshare_value){ .type = KSHARE_NONE };
}

static inline struct kshare_value t_int(int64_t i)
{
	return (struct kshare_value){ .type = KSHARE_INT, .i = i };
}

static inline struct kshare_value t_uint(uint64_t u)
{
	return (struct kshare_value){ .type = KSHARE_UINT, .u = u };
}

static inline struct kshare_value t_bool(bool b)
{
	return (struct kshare_value){ .type = KSHARE_BOOL, .u = b };
}

static inline struct kshare_value t_float(double d)
{
	struct kshare_value v = { .type = KSHARE_FLOAT };

	memcpy(&v.u, &d, sizeof(d));
	return v;
}

static inline struct kshare_value t_bytes(const void *p, uint32_t len)
{
	struct kshare_value v = { .type = KSHARE_BYTES, .len = len };

	if (len)
		v.ptr = (uintptr_t)p;
	return v;
}

static inline struct kshare_value t_str(const char *s)
{
	struct kshare_value v = t_bytes(s, strlen(s));

	v.type = KSHARE_STR;
	return v;
}

static inline struct kshare_value t_ref(uint32_t handle)
{
	return (struct kshare_value){ .type = KSHARE_REF, .ref.handle = handle };
}

static inline struct kshare_value t_vector(const struct kshare_value *v, uint32_t count)
{
	return (struct kshare_value){
		.type = KSHARE_VECTOR,
		.len = count,
		.ptr = (uintptr_t)v,
	};
}

static inline double t_double(const struct kshare_value *v)
{
	double d;

	memcpy(&d, &v->u, sizeof(d));
	return d;
}

/* Is it that text? */
static inline bool t_is_str(const struct kshare_value *v, const char *s)
{
	const char *p = v->inline_len ? (const char *)v->bytes : (const char *)(uintptr_t)v->ptr;

	return v->type == KSHARE_STR && v->len == strlen(s) && !memcmp(p, s, v->len);
}

static inline struct kshare_cmd t_cmd(uint32_t op, uint32_t handle)
{
	return (struct kshare_cmd){ .size = sizeof(struct kshare_cmd), .op = op, .handle = handle };
}

static inline bool t_not_atomic(uint32_t op)
{
	switch (op) {
	case KSHARE_OP_CLOSE ... KSHARE_OP_CLIENT_BIND:
	case KSHARE_OP_CANCEL ... KSHARE_OP_UNWATCH:
	case KSHARE_OP_REVOKE ... KSHARE_OP_USER_LIMIT:
	case KSHARE_OP_DOMAIN_ROOT ... KSHARE_OP_DOMAIN_KEEPERS:
	case KSHARE_OP_CLASS_REGISTER ... KSHARE_OP_INSTANCE_OPEN:
	case KSHARE_OP_CONDITION_NOTIFY:
	case KSHARE_OP_QUEUE_NACK:
		return true;
	}
	return false;
}

/*
 * What has been returned: where KSHARE_RETURNED names a file, all tests leave there a
 * byte for each operation and error, see tests/errors.sh.
 */
#define T_ERRORS	256

static char *t_returned;
/* Not while memory that is touched for the first time would count as the command's. */
static bool t_note_nothing;

static inline void __attribute__((constructor)) t_note_begins(void)
{
	const char *path = getenv("KSHARE_RETURNED");
	int fd = path ? open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600) : -1;
	char *map;

	if (fd < 0)
		return;
	if (ftruncate(fd, T_ERRORS * T_ERRORS))
		abort();
	map = mmap(NULL, T_ERRORS * T_ERRORS, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	close(fd);
	if (map != MAP_FAILED)
		t_returned = map;
}

static inline void t_note(uint32_t op, int ret)
{
	if (t_returned && !t_note_nothing && op < T_ERRORS && ret < 0 && ret > -T_ERRORS)
		t_returned[op * T_ERRORS - ret] = '1';
}

/* The result of a command, or -errno, without a result buffer of ours. */
static inline int t_raw(struct side *s, struct kshare_cmd cmd)
{
	int32_t result = INT32_MIN;
	struct kshare_batch batch = {
		.size = sizeof(batch),
		.flags = s->door == DOOR_ATOMIC ? KSHARE_BATCH_ATOMIC : 0,
		.count = 1,
		.cmds = (uintptr_t)&cmd,
		.results = (uintptr_t)&result,
		.cmd_size = sizeof(cmd),
	};
	int ret;

	if (s->door == DOOR_CMD || (s->door == DOOR_ATOMIC && t_not_atomic(cmd.op))) {
		ret = ioctl(s->fd, KSHARE_IOC_CMD, &cmd);
		if (ret < 0)
			ret = -errno;
	} else {
		ret = ioctl(s->fd, KSHARE_IOC_BATCH, &batch);
		ret = ret < 0 ? -errno : result;
	}
	t_note(cmd.op, ret);
	return ret;
}

/* The same with the result in s->out. */
static inline int t_run(struct side *s, struct kshare_cmd cmd)
{
	memset(&s->out, 0x5a, sizeof(s->out.head) + sizeof(s->out.values));
	cmd.out = (uintptr_t)&s->out;
	cmd.out_len = sizeof(s->out);
	return t_raw(s, cmd);
}

/* The same for a command whose one argument is a value. */
static inline int t_run_with(struct side *s, uint32_t op, uint32_t handle, struct kshare_value v)
{
	struct kshare_cmd cmd = t_cmd(op, handle);

	cmd.value = v;
	return t_run(s, cmd);
}

static inline int t_create_elem(struct side *s, uint32_t type, uint32_t elem, int64_t size)
{
	struct kshare_cmd cmd = t_cmd(KSHARE_OP_CREATE, 0);

	cmd.nr = KSHARE_CREATE_NR(type, elem);
	if (size)
		cmd.key = t_int(size);
	return t_raw(s, cmd);
}

static inline int t_create(struct side *s, uint32_t type)
{
	return t_create_elem(s, type, 0, 0);
}

/* The same with flags, and with what the type wants to know. */
static inline int t_create_with(struct side *s, uint32_t type, uint32_t flags,
				struct kshare_value key, struct kshare_value value)
{
	struct kshare_cmd cmd = t_cmd(KSHARE_OP_CREATE, 0);

	cmd.nr = KSHARE_CREATE_NR(type, 0);
	cmd.flags = flags;
	cmd.key = key;
	cmd.value = value;
	return t_raw(s, cmd);
}

static inline int t_close(struct side *s, uint32_t handle)
{
	return t_raw(s, t_cmd(KSHARE_OP_CLOSE, handle));
}

static inline int t_stat(struct side *s, uint32_t handle, struct kshare_stat *stat)
{
	struct kshare_cmd cmd = t_cmd(KSHARE_OP_STAT, handle);

	memset(stat, 0, sizeof(*stat));
	cmd.out = (uintptr_t)stat;
	cmd.out_len = sizeof(*stat);
	return t_raw(s, cmd);
}

/* The table of operations, as far as there is room; how many there are, or -errno. */
static inline int t_query_ops(struct side *s, struct kshare_op_info *ops, uint32_t room)
{
	struct kshare_query q = {
		.size = sizeof(q),
		.op_count = room,
		.ops = (uintptr_t)ops,
		.op_size = sizeof(*ops),
	};

	return ioctl(s->fd, KSHARE_IOC_QUERY, &q) ? -errno : (int)q.op_count;
}

/* CLOCK_MONOTONIC in ns, as deadlines are. */
static inline int64_t t_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000ll + t.tv_nsec;
}

/*
 * Objects of the client's own domain, once they are so many: a worker that looks for
 * circles may keep one, and what that refers to, for a moment.
 */
static inline uint64_t t_objects_soon(struct side *s, uint64_t count)
{
	int64_t end = t_now() + T_LONG;
	struct kshare_stat stat;

	while (!t_stat(s, 1, &stat) && stat.used[KSHARE_LIMIT_OBJECTS] != count && t_now() < end)
		sched_yield();
	return stat.used[KSHARE_LIMIT_OBJECTS];
}

/* Waits until so many commands wait for an object. */
static inline void t_until_waiters(struct side *s, uint32_t handle, uint64_t count)
{
	struct kshare_stat stat;

	for (;;) {
		if (t_stat(s, handle, &stat) || stat.waiters == count)
			return;
		sched_yield();
	}
}

/* The same, but false if the child that should be one of them is over instead. */
static inline bool t_until_it_waits(struct side *s, uint32_t handle, uint64_t count, pid_t pid)
{
	struct kshare_stat stat;
	siginfo_t info;

	for (;;) {
		if (t_stat(s, handle, &stat) || stat.waiters == count)
			return true;
		info.si_pid = 0;
		if (waitid(P_PID, pid, &info, WEXITED | WNOHANG | WNOWAIT) || info.si_pid)
			return false;
		sched_yield();
	}
}

/* fork() as the library does it: the child has the same handles in a client of its own. */
static inline pid_t t_fork(struct side *s)
{
	struct kshare_cmd cmd = t_cmd(KSHARE_OP_CLIENT_CLONE, 0);
	int clone = ioctl(s->fd, KSHARE_IOC_CMD, &cmd);
	pid_t pid;

	if (clone < 0)
		return -1;
	pid = fork();
	if (!pid) {
		cmd = t_cmd(KSHARE_OP_CLIENT_BIND, 0);
		if (dup3(clone, s->fd, O_CLOEXEC) < 0 || ioctl(s->fd, KSHARE_IOC_CMD, &cmd))
			_exit(99);
	}
	close(clone);
	return pid;
}

/* The exit status of a child, or 1000 and the signal that killed it. */
static inline int t_wait(pid_t pid)
{
	int status = 0;

	waitpid(pid, &status, 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
}

/* A child that carries out one command, alone; its status is the errno, or 0. */
static inline pid_t t_child(struct side *s, struct kshare_cmd cmd)
{
	pid_t pid = t_fork(s);
	int ret;

	if (pid)
		return pid;
	s->door = DOOR_CMD;
	ret = t_raw(s, cmd);
	_exit(ret < 0 ? -ret : 0);
}

/*
 * A child that waits until a deadline.  On a busy machine that may be over before
 * the child came so far: then another one has twice the time.
 */
static inline pid_t t_child_for_a_while(struct side *s, struct kshare_cmd cmd, uint32_t handle,
					uint64_t count)
{
	int64_t ns = 100000000;
	pid_t pid;

	for (;;) {
		cmd.deadline = t_now() + ns;
		pid = t_child(s, cmd);
		if (t_until_it_waits(s, handle, count, pid))
			return pid;
		t_wait(pid);
		ns *= 2;
	}
}

/* A command that another thread of this process carries out, alone. */
struct t_thread {
	int fd;
	struct kshare_cmd cmd;
	int ret;
	pthread_t id;
	struct reply out;
};

static inline void *t_thread_run(void *arg)
{
	struct t_thread *t = arg;

	t->ret = ioctl(t->fd, KSHARE_IOC_CMD, &t->cmd);
	if (t->ret < 0)
		t->ret = -errno;
	t_note(t->cmd.op, t->ret);
	return NULL;
}

/* Begins it, with its result in t->out if @out. */
static inline void t_begin(struct side *s, struct t_thread *t, struct kshare_cmd cmd, bool out)
{
	t->fd = s->fd;
	t->cmd = cmd;
	if (out) {
		t->cmd.out = (uintptr_t)&t->out;
		t->cmd.out_len = sizeof(t->out);
	}
	if (pthread_create(&t->id, NULL, t_thread_run, t))
		abort();
}

/* Its result */
static inline int t_end(struct t_thread *t)
{
	pthread_join(t->id, NULL);
	return t->ret;
}

/* How often something is tried that might go wrong: as many as take seconds. */
static inline int t_rounds(int usual)
{
	const char *s = getenv("KSHARE_ROUNDS");

	return s && atoi(s) > 0 ? atoi(s) : usual;
}

/* What came of them, for who asked for so many. */
#define T_OUTCOMES(...)							\
	do {								\
		if (getenv("KSHARE_ROUNDS"))				\
			TH_LOG(__VA_ARGS__);				\
	} while (0)

/* Counts that parent and children share, for each test anew */
static int *t_counts;

static inline void t_share_counts(void)
{
	t_counts = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (t_counts == MAP_FAILED)
		abort();
}

static inline void t_count(int i)
{
	__atomic_add_fetch(&t_counts[i], 1, __ATOMIC_SEQ_CST);
}

static inline int t_counted(int i)
{
	return __atomic_load_n(&t_counts[i], __ATOMIC_SEQ_CST);
}

/* Nothing but what was there at first may be left in the domain. */
FIXTURE(kshare)
{
	struct side s;
	struct kshare_stat before;
};

FIXTURE_VARIANT(kshare)
{
	enum door door;
};

FIXTURE_VARIANT_ADD(kshare, cmd)
{
	.door = DOOR_CMD,
};

/* A test that defines T_ALL_DOORS runs through each. */
#ifdef T_ALL_DOORS
FIXTURE_VARIANT_ADD(kshare, batch)
{
	.door = DOOR_BATCH,
};

FIXTURE_VARIANT_ADD(kshare, atomic_batch)
{
	.door = DOOR_ATOMIC,
};
#endif

FIXTURE_SETUP(kshare)
{
	self->s.door = variant->door;
	self->s.fd = open(KSHARE_DEVICE, O_RDWR | O_CLOEXEC);
	if (self->s.fd < 0)
		SKIP(return, "no " KSHARE_DEVICE);
	ASSERT_EQ(0, t_stat(&self->s, 1, &self->before));
}

FIXTURE_TEARDOWN(kshare)
{
	struct kshare_stat after;
	int i;

	for (i = 2; i < 2000; i++)
		t_close(&self->s, i);
	t_objects_soon(&self->s, self->before.used[KSHARE_LIMIT_OBJECTS]);
	ASSERT_EQ(0, t_stat(&self->s, 1, &after));
	for (i = 0; i < KSHARE_LIMIT_COUNT; i++)
		EXPECT_EQ(self->before.used[i], after.used[i]);
	EXPECT_EQ(1, after.clients);
	close(self->s.fd);
}

#endif /* KSHARE_TEST_H */
