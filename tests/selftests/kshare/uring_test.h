/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the tests of the io_uring door share: rings of every kind, commands
 * through them, and one of each command that waits.
 */
#ifndef URING_TEST_H
#define URING_TEST_H

#include "class_test.h"

#include <liburing.h>
#include <pthread.h>

#define T_SLOTS		256

/* A ring, and the client that its commands go to. */
struct ring {
	struct io_uring u;
	unsigned int flags;
	int fd;
	/* Where commands by pointer lie */
	struct kshare_cmd cmds[T_SLOTS];
	unsigned int next;
};

/* A completion that was taken out. */
struct done {
	uint64_t data;
	int res;
	uint64_t big;
};

static inline uint64_t t_features(int fd)
{
	struct kshare_query q = { .size = sizeof(q), .op_size = sizeof(struct kshare_op_info) };

	return ioctl(fd, KSHARE_IOC_QUERY, &q) ? 0 : q.features;
}

/* Does who waits hold no thread?  Since 6.7. */
static inline bool t_parks(int fd)
{
	return t_features(fd) & KSHARE_FEATURE_URING_WAITS;
}

/* How many may wait at once, at least: before 6.7 each holds a worker, four a processor. */
static inline int t_most(int fd, int count)
{
	return t_parks(fd) || count < 4 ? count : 4;
}

static inline int t_ring(struct ring *r, int fd, unsigned int entries, unsigned int flags)
{
	struct io_uring_params p = { .flags = flags, .sq_thread_idle = 100 };

	memset(r, 0, sizeof(*r));
	r->fd = fd;
	r->flags = flags;
	return io_uring_queue_init_params(entries, &r->u, &p);
}

static inline void t_ring_exit(struct ring *r)
{
	io_uring_queue_exit(&r->u);
}

/* Begins nothing yet: t_submit() does. */
static inline struct io_uring_sqe *t_sqe(struct ring *r, struct kshare_cmd cmd, uint64_t data)
{
	bool inlined = r->flags & IORING_SETUP_SQE128;
	struct io_uring_sqe *sqe;
	uint64_t ptr;

	/* With SQPOLL it may take a moment until there is room. */
	while (!(sqe = io_uring_get_sqe(&r->u)))
		io_uring_submit(&r->u);
	memset(sqe, 0, inlined ? 2 * sizeof(*sqe) : sizeof(*sqe));
	sqe->opcode = IORING_OP_URING_CMD;
	sqe->fd = r->fd;
	sqe->cmd_op = inlined ? KSHARE_URING_CMD : KSHARE_URING_CMD_PTR;
	sqe->user_data = data;
	if (inlined) {
		memcpy(sqe->cmd, &cmd, sizeof(cmd));
	} else {
		r->cmds[r->next] = cmd;
		ptr = (uintptr_t)&r->cmds[r->next];
		memcpy(sqe->cmd, &ptr, sizeof(ptr));
		r->next = (r->next + 1) % T_SLOTS;
	}
	return sqe;
}

/* With SQPOLL its thread may have taken them before they are counted, or those before not yet. */
static inline int t_submit(struct ring *r)
{
	int ret = io_uring_submit(&r->u);

	return ret >= 0 && r->flags & IORING_SETUP_SQPOLL ? 1 : ret;
}

static inline int t_ring_begin(struct ring *r, struct kshare_cmd cmd, uint64_t data)
{
	t_sqe(r, cmd, data);
	return t_submit(r);
}

static inline void t_take_cqe(struct ring *r, struct io_uring_cqe *cqe, struct done *done)
{
	done->data = cqe->user_data;
	done->res = cqe->res;
	done->big = r->flags & IORING_SETUP_CQE32 ? cqe->big_cqe[0] : 0;
	io_uring_cqe_seen(&r->u, cqe);
}

/* The next completion. */
static inline struct done t_reap(struct ring *r)
{
	struct done done = { .data = -1, .res = -INT32_MAX };
	struct io_uring_cqe *cqe;
	int ret;

	do {
		ret = io_uring_wait_cqe(&r->u, &cqe);
	} while (ret == -EINTR);
	if (!ret)
		t_take_cqe(r, cqe, &done);
	return done;
}

/* Is there one already?  With DEFER_TASKRUN it is asked for in the kernel. */
static inline bool t_try_reap(struct ring *r, struct done *done)
{
	struct io_uring_cqe *cqe;

	if (r->flags & IORING_SETUP_DEFER_TASKRUN)
		io_uring_get_events(&r->u);
	if (io_uring_peek_cqe(&r->u, &cqe))
		return false;
	t_take_cqe(r, cqe, done);
	return true;
}

static inline bool t_none_reaped(struct ring *r)
{
	struct done done;

	return !t_try_reap(r, &done);
}

/* A command from beginning to end. */
static inline int t_ring_run(struct ring *r, struct kshare_cmd cmd)
{
	return t_ring_begin(r, cmd, 1) == 1 ? t_reap(r).res : -INT32_MAX;
}

/* IOSQE_ASYNC, without which 6.10 to 6.13 may read another command in its place. */
#define T_LINKED	IOSQE_ASYNC

static inline struct kshare_cmd t_owned(uint32_t op, int h, uint64_t owner)
{
	struct kshare_cmd cmd = t_cmd(op, h);

	cmd.key = t_uint(owner);
	return cmd;
}

static inline struct kshare_cmd t_valued(uint32_t op, int h, struct kshare_value v)
{
	struct kshare_cmd cmd = t_cmd(op, h);

	cmd.value = v;
	return cmd;
}

static inline uint64_t t_waiting(struct side *s)
{
	struct kshare_stat stat;

	return t_stat(s, 1, &stat) ? UINT64_MAX : stat.used[KSHARE_LIMIT_WAITERS];
}

/* What happens in the background, after a ring was closed, takes a moment. */
static inline bool t_until_waiting(struct side *s, uint64_t count)
{
	int64_t end = t_now() + T_LONG;

	while (t_waiting(s) != count) {
		if (t_now() > end)
			return false;
		sched_yield();
	}
	return true;
}

/* The same for all that is counted, objects that commands still refer to among it. */
static inline void t_until_as_before(struct side *s, const struct kshare_stat *before)
{
	int64_t end = t_now() + T_LONG;
	struct kshare_stat now;

	do {
		sched_yield();
		if (t_stat(s, 1, &now))
			return;
	} while (memcmp(now.used, before->used, sizeof(now.used)) && t_now() < end);
}

/* As t_fork(), but the child does not keep the ring open. */
static inline pid_t t_fork_off(struct side *s, struct ring *r)
{
	pid_t pid = t_fork(s);

	if (!pid)
		close(r->u.ring_fd);
	return pid;
}

static inline void t_tell(int fd)
{
	if (write(fd, "x", 1) != 1)
		_exit(98);
}

static inline void t_hear(int fd)
{
	char c;

	if (read(fd, &c, 1) != 1)
		_exit(97);
}

/* ---- one of each command that waits ---- */

#define T_OWNER		7	/* who waits */
#define T_HOLDER	1000	/* who it waits for */

/**
 * struct t_case - a command that has to wait
 * @name: for messages
 * @want: its result when it is granted
 * @make: makes the object that it waits for
 * @block: by whoever will grant it: so that it has to wait
 * @before: by who waits, first
 * @cmd: the command
 * @grant: what ends its waiting
 */
struct t_case {
	const char *name;
	int want;
	int (*make)(struct side *s);
	void (*block)(struct side *s, int h);
	void (*before)(struct side *s, int h);
	struct kshare_cmd (*cmd)(int h);
	void (*grant)(struct side *s, int h);
};

/* The lock of the condition, or the second object of those that wait for two. */
static int t_second;

static inline void t_nothing(struct side *s, int h)
{
}

static inline int t_make_cell(struct side *s)
{
	return t_create(s, KSHARE_TYPE_CELL);
}

static inline struct kshare_cmd t_cell_wait(int h)
{
	struct kshare_cmd cmd = t_cmd(KSHARE_OP_CELL_WAIT, h);

	cmd.flags = KSHARE_UNTIL_NE;
	return cmd;
}

static inline void t_cell_set(struct side *s, int h)
{
	t_raw(s, t_valued(KSHARE_OP_CELL_SET, h, t_int(5)));
}

static inline int t_make_lock(struct side *s)
{
	return t_create(s, KSHARE_TYPE_LOCK);
}

static inline int t_make_rlock(struct side *s)
{
	return t_create(s, KSHARE_TYPE_RLOCK);
}

static inline void t_lock_hold(struct side *s, int h)
{
	t_raw(s, t_owned(KSHARE_OP_LOCK_ACQUIRE, h, T_HOLDER));
}

static inline struct kshare_cmd t_lock_acquire(int h)
{
	return t_owned(KSHARE_OP_LOCK_ACQUIRE, h, T_OWNER);
}

static inline void t_lock_drop(struct side *s, int h)
{
	t_raw(s, t_owned(KSHARE_OP_LOCK_RELEASE, h, T_HOLDER));
}

static inline int t_make_rwlock(struct side *s)
{
	return t_create(s, KSHARE_TYPE_RWLOCK);
}

static inline void t_rwlock_hold(struct side *s, int h)
{
	t_raw(s, t_owned(KSHARE_OP_RWLOCK_ACQUIRE, h, T_HOLDER));
}

static inline struct kshare_cmd t_rwlock_acquire(int h)
{
	return t_owned(KSHARE_OP_RWLOCK_ACQUIRE, h, T_OWNER);
}

static inline struct kshare_cmd t_rwlock_share(int h)
{
	struct kshare_cmd cmd = t_rwlock_acquire(h);

	cmd.flags = KSHARE_SHARED;
	return cmd;
}

static inline void t_rwlock_drop(struct side *s, int h)
{
	t_raw(s, t_owned(KSHARE_OP_RWLOCK_RELEASE, h, T_HOLDER));
}

static inline int t_make_semaphore(struct side *s)
{
	return t_create_elem(s, KSHARE_TYPE_SEMAPHORE, 0, 1);
}

static inline struct kshare_cmd t_semaphore_acquire(int h)
{
	return t_cmd(KSHARE_OP_SEMAPHORE_ACQUIRE, h);
}

static inline void t_semaphore_hold(struct side *s, int h)
{
	t_raw(s, t_semaphore_acquire(h));
}

static inline void t_semaphore_drop(struct side *s, int h)
{
	t_raw(s, t_cmd(KSHARE_OP_SEMAPHORE_RELEASE, h));
}

static inline int t_make_condition(struct side *s)
{
	struct kshare_cmd cmd = t_cmd(KSHARE_OP_CREATE, 0);

	t_second = t_create(s, KSHARE_TYPE_LOCK);
	cmd.nr = KSHARE_CREATE_NR(KSHARE_TYPE_CONDITION, 0);
	cmd.value = t_ref(t_second);
	return t_raw(s, cmd);
}

static inline void t_condition_before(struct side *s, int h)
{
	t_raw(s, t_lock_acquire(t_second));
}

static inline struct kshare_cmd t_condition_wait(int h)
{
	return t_owned(KSHARE_OP_CONDITION_WAIT, h, T_OWNER);
}

static inline void t_condition_notify(struct side *s, int h)
{
	t_lock_hold(s, t_second);
	t_raw(s, t_owned(KSHARE_OP_CONDITION_NOTIFY, h, T_HOLDER));
	t_lock_drop(s, t_second);
}

static inline int t_make_barrier(struct side *s)
{
	return t_create_elem(s, KSHARE_TYPE_BARRIER, 0, 2);
}

static inline struct kshare_cmd t_barrier_wait(int h)
{
	return t_cmd(KSHARE_OP_BARRIER_WAIT, h);
}

static inline void t_barrier_come(struct side *s, int h)
{
	t_raw(s, t_barrier_wait(h));
}

static inline int t_make_queue(struct side *s)
{
	return t_create(s, KSHARE_TYPE_QUEUE);
}

static inline int t_make_queue_of_one(struct side *s)
{
	return t_create_elem(s, KSHARE_TYPE_QUEUE, 0, 1);
}

static inline void t_queue_put(struct side *s, int h)
{
	t_raw(s, t_valued(KSHARE_OP_QUEUE_PUT, h, t_int(5)));
}

static inline void t_queue_get(struct side *s, int h)
{
	t_raw(s, t_cmd(KSHARE_OP_QUEUE_GET, h));
}

static inline struct kshare_cmd t_get(int h)
{
	return t_cmd(KSHARE_OP_QUEUE_GET, h);
}

static inline struct kshare_cmd t_lease(int h)
{
	struct kshare_cmd cmd = t_get(h);

	cmd.flags = KSHARE_LEASE;
	return cmd;
}

static inline struct kshare_cmd t_get_many(int h)
{
	struct kshare_cmd cmd = t_cmd(KSHARE_OP_QUEUE_GET_MANY, h);

	cmd.nr = 4;
	return cmd;
}

static inline struct kshare_cmd t_put(int h)
{
	return t_valued(KSHARE_OP_QUEUE_PUT, h, t_int(6));
}

static inline struct kshare_cmd t_put_many(int h)
{
	static struct kshare_value values[1] = { { .type = KSHARE_INT, .i = 6 } };

	return t_valued(KSHARE_OP_QUEUE_PUT_MANY, h, t_vector(values, 1));
}

static inline struct kshare_cmd t_join(int h)
{
	return t_cmd(KSHARE_OP_QUEUE_JOIN, h);
}

static inline void t_queue_done(struct side *s, int h)
{
	t_queue_get(s, h);
	t_raw(s, t_cmd(KSHARE_OP_QUEUE_TASK_DONE, h));
}

static inline int t_make_event(struct side *s)
{
	return t_create(s, KSHARE_TYPE_EVENT);
}

static inline struct kshare_cmd t_event_wait(int h)
{
	return t_cmd(KSHARE_OP_EVENT_WAIT, h);
}

static inline void t_event_set(struct side *s, int h)
{
	t_raw(s, t_cmd(KSHARE_OP_EVENT_SET, h));
}

/* An event, and a queue to get from. */
static inline int t_make_two(struct side *s)
{
	t_second = t_make_queue(s);
	return t_make_event(s);
}

static inline struct kshare_cmd t_wait_two(uint32_t op, int h)
{
	static struct kshare_cmd cmds[2];

	cmds[0] = t_event_wait(h);
	cmds[1] = t_get(t_second);
	return t_valued(op, 0, t_bytes(cmds, sizeof(cmds)));
}

static inline struct kshare_cmd t_wait_any(int h)
{
	return t_wait_two(KSHARE_OP_WAIT_ANY, h);
}

static inline struct kshare_cmd t_wait_all(int h)
{
	return t_wait_two(KSHARE_OP_WAIT_ALL, h);
}

static inline void t_second_put(struct side *s, int h)
{
	t_queue_put(s, t_second);
}

static inline void t_both(struct side *s, int h)
{
	t_event_set(s, h);
	t_second_put(s, h);
}

/* A class without a host: who waits or who grants becomes it. */
static inline int t_make_class(struct side *s)
{
	static struct t_class c;
	int h;

	t_usual(&c, KSHARE_CLASS_CREATABLE);
	h = t_register(s, "case", &c);
	t_unregister(s, h);
	return h;
}

static inline void t_class_adopt(struct side *s, int h)
{
	struct kshare_cmd cmd = t_cmd(KSHARE_OP_CLASS_ADOPT, h);

	cmd.flags = KSHARE_NOWAIT;
	t_raw(s, cmd);
}

static inline void t_class_leave(struct side *s, int h)
{
	t_unregister(s, h);
}

static inline struct kshare_cmd t_wait_to_adopt(int h)
{
	return t_cmd(KSHARE_OP_CLASS_ADOPT, h);
}

/* Of the class itself, so that it is what is waited for. */
static inline struct kshare_cmd t_wait_for_answer(int h)
{
	return t_call_cmd(h, KSHARE_METHOD_CREATE, t_none());
}

static inline void t_class_answer(struct side *s, int h)
{
	struct t_served w;

	if (t_serve(s, h, &w) == KSHARE_SERVE_CREATE)
		t_reply_as(s, h, w.call, KSHARE_ANSWER_RAISED, t_none());
}

static inline struct kshare_cmd t_wait_to_serve(int h)
{
	return t_cmd(KSHARE_OP_SERVE, h);
}

static inline void t_class_send(struct side *s, int h)
{
	t_send(s, h, KSHARE_METHOD_CREATE, t_none());
}

static const struct t_case t_cases[] = {
	{ "cell", 0, t_make_cell, t_nothing, t_nothing, t_cell_wait, t_cell_set },
	{ "lock", 1, t_make_lock, t_lock_hold, t_nothing, t_lock_acquire, t_lock_drop },
	{ "rlock", 1, t_make_rlock, t_lock_hold, t_nothing, t_lock_acquire, t_lock_drop },
	{ "rwlock", 0, t_make_rwlock, t_rwlock_hold, t_nothing, t_rwlock_acquire, t_rwlock_drop },
	{ "rwlock, shared", 0, t_make_rwlock, t_rwlock_hold, t_nothing, t_rwlock_share,
	  t_rwlock_drop },
	{ "semaphore", 0, t_make_semaphore, t_semaphore_hold, t_nothing, t_semaphore_acquire,
	  t_semaphore_drop },
	{ "condition", 1, t_make_condition, t_nothing, t_condition_before, t_condition_wait,
	  t_condition_notify },
	{ "barrier", 0, t_make_barrier, t_nothing, t_nothing, t_barrier_wait, t_barrier_come },
	{ "put", 0, t_make_queue_of_one, t_queue_put, t_nothing, t_put, t_queue_get },
	{ "put_many", 0, t_make_queue_of_one, t_queue_put, t_nothing, t_put_many, t_queue_get },
	{ "get", 1, t_make_queue, t_nothing, t_nothing, t_get, t_queue_put },
	{ "get on lease", 1, t_make_queue, t_nothing, t_nothing, t_lease, t_queue_put },
	{ "get_many", 1, t_make_queue, t_nothing, t_nothing, t_get_many, t_queue_put },
	{ "join", 0, t_make_queue, t_queue_put, t_nothing, t_join, t_queue_done },
	{ "event", 0, t_make_event, t_nothing, t_nothing, t_event_wait, t_event_set },
	{ "any", 1, t_make_two, t_nothing, t_nothing, t_wait_any, t_second_put },
	{ "all", 0, t_make_two, t_nothing, t_nothing, t_wait_all, t_both },
	{ "adopt", 3, t_make_class, t_class_adopt, t_nothing, t_wait_to_adopt, t_class_leave },
	{ "call", KSHARE_ANSWER_RAISED, t_make_class, t_class_adopt, t_nothing,
	  t_wait_for_answer, t_class_answer },
	{ "serve", KSHARE_SERVE_CREATE, t_make_class, t_nothing, t_class_adopt,
	  t_wait_to_serve, t_class_send },
};

#define T_CASES		(int)(sizeof(t_cases) / sizeof(t_cases[0]))

#define t_for_each_case(c) for (c = t_cases; c < t_cases + T_CASES; c++)

/* Says of which command it is, where that is not to be seen. */
#define T_EXPECT(c, want, got)						\
	do {								\
		long long __want = (want), __got = (got);		\
									\
		EXPECT_EQ(__want, __got);				\
		if (__want != __got)					\
			TH_LOG("%s", (c)->name);			\
	} while (0)

/* Closes what T_CASES made. */
static inline void t_unmake(struct side *s, int h)
{
	t_close(s, h);
	if (t_second)
		t_close(s, t_second);
	t_second = 0;
}

/* ---- a client and a ring of each kind ---- */

FIXTURE(uring)
{
	struct side s;
	struct ring r;
	struct kshare_stat before;
};

FIXTURE_VARIANT(uring)
{
	unsigned int flags;
};

FIXTURE_VARIANT_ADD(uring, inlined)
{
	.flags = IORING_SETUP_SQE128,
};

/* A test that defines T_ALL_RINGS runs with each kind of ring. */
#ifdef T_ALL_RINGS
FIXTURE_VARIANT_ADD(uring, pointer)
{
	.flags = 0,
};

FIXTURE_VARIANT_ADD(uring, cqe32)
{
	.flags = IORING_SETUP_SQE128 | IORING_SETUP_CQE32,
};

FIXTURE_VARIANT_ADD(uring, sqpoll)
{
	.flags = IORING_SETUP_SQE128 | IORING_SETUP_SQPOLL,
};

FIXTURE_VARIANT_ADD(uring, defer)
{
	.flags = IORING_SETUP_SQE128 | IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN,
};
#endif

FIXTURE_SETUP(uring)
{
	int ret;

	self->s.door = DOOR_CMD;
	self->s.fd = open(KSHARE_DEVICE, O_RDWR | O_CLOEXEC);
	if (self->s.fd < 0)
		SKIP(return, "no " KSHARE_DEVICE);
	if (!(t_features(self->s.fd) & KSHARE_FEATURE_URING))
		SKIP(return, "no commands through io_uring");
	ret = t_ring(&self->r, self->s.fd, 64, variant->flags);
	if (ret)
		SKIP(return, "no such ring: %s", strerror(-ret));
	ASSERT_EQ(0, t_stat(&self->s, 1, &self->before));
}

/* Nothing but what was there at first may be left in the domain. */
FIXTURE_TEARDOWN(uring)
{
	struct kshare_stat after;
	int i;

	EXPECT_TRUE(t_none_reaped(&self->r));
	t_ring_exit(&self->r);
	for (i = 2; i < 2000; i++)
		t_close(&self->s, i);
	t_until_as_before(&self->s, &self->before);
	ASSERT_EQ(0, t_stat(&self->s, 1, &after));
	for (i = 0; i < KSHARE_LIMIT_COUNT; i++)
		EXPECT_EQ(self->before.used[i], after.used[i]);
	EXPECT_EQ(1, after.clients);
	close(self->s.fd);
}

#endif /* URING_TEST_H */
