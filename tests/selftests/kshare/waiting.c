// SPDX-License-Identifier: GPL-2.0
/*
 * What every operation that waits has in common: deadlines, signals, and leaving
 * without a trace.  A new one needs a row in cases[], or the first test fails.
 */
#include "kshare_test.h"

/* What is different with some */
#define IN_COMPANY	1	/* it takes others at the same time */
#define NO_RESTART	2	/* a signal ends it in any case */
#define DEATH_TELLS	4	/* who dies is missed */

/* An object on which the command of a case waits, and what ends its waiting. */
struct wait_case {
	const char *name;
	uint32_t op;
	uint32_t type;
	/* So that the command will wait */
	void (*block)(struct side *s, int h);
	struct kshare_cmd (*cmd)(int h);
	void (*unblock)(struct side *s, int h);
	int unlike;
	int (*create)(struct side *s);
	/* What the client that waits has to do before, and takes back after */
	void (*enter)(struct side *s, int h);
	void (*leave)(struct side *s, int h);
};

static void nothing(struct side *s, int h)
{
}

static void cell_set(struct side *s, int h)
{
	t_run_with(s, KSHARE_OP_CELL_SET, h, t_int(1));
}

static struct kshare_cmd cell_wait(int h)
{
	struct kshare_cmd cmd = t_cmd(KSHARE_OP_CELL_WAIT, h);

	cmd.flags = KSHARE_UNTIL_NE;
	return cmd;
}

/* Owned by a number, so that another thread or process can wait for it. */
static void owned(struct side *s, uint32_t op, int h)
{
	struct kshare_cmd cmd = t_cmd(op, h);

	cmd.key = t_uint(1000);
	t_raw(s, cmd);
}

static void lock_take(struct side *s, int h)
{
	owned(s, KSHARE_OP_LOCK_ACQUIRE, h);
}

static struct kshare_cmd lock_acquire(int h)
{
	return t_cmd(KSHARE_OP_LOCK_ACQUIRE, h);
}

static void lock_release(struct side *s, int h)
{
	owned(s, KSHARE_OP_LOCK_RELEASE, h);
}

static struct kshare_cmd event_wait(int h)
{
	return t_cmd(KSHARE_OP_EVENT_WAIT, h);
}

static void event_set(struct side *s, int h)
{
	t_raw(s, t_cmd(KSHARE_OP_EVENT_SET, h));
}

static struct kshare_cmd rwlock_acquire(int h)
{
	return t_cmd(KSHARE_OP_RWLOCK_ACQUIRE, h);
}

static struct kshare_cmd rwlock_share(int h)
{
	struct kshare_cmd cmd = t_cmd(KSHARE_OP_RWLOCK_ACQUIRE, h);

	cmd.flags = KSHARE_SHARED;
	return cmd;
}

static void rwlock_take(struct side *s, int h)
{
	owned(s, KSHARE_OP_RWLOCK_ACQUIRE, h);
}

static void rwlock_release(struct side *s, int h)
{
	owned(s, KSHARE_OP_RWLOCK_RELEASE, h);
}

/* One permit, bound of one message */
static int semaphore_create(struct side *s)
{
	return t_create_elem(s, KSHARE_TYPE_SEMAPHORE, 0, 1);
}

static struct kshare_cmd semaphore_acquire(int h)
{
	return t_cmd(KSHARE_OP_SEMAPHORE_ACQUIRE, h);
}

static void semaphore_take(struct side *s, int h)
{
	t_raw(s, semaphore_acquire(h));
}

static void semaphore_release(struct side *s, int h)
{
	t_raw(s, t_cmd(KSHARE_OP_SEMAPHORE_RELEASE, h));
}

/* The lock of each condition, by handle; its owner is a number. */
static int lock_of[256];

static int condition_create(struct side *s)
{
	int l = t_create(s, KSHARE_TYPE_RLOCK), h;

	h = t_create_with(s, KSHARE_TYPE_CONDITION, 0, t_none(), t_ref(l));
	if (h < 0 || h >= 256)
		abort();
	lock_of[h] = l;
	return h;
}

static void condition_enter(struct side *s, int h)
{
	owned(s, KSHARE_OP_LOCK_ACQUIRE, lock_of[h]);
}

static void condition_leave(struct side *s, int h)
{
	owned(s, KSHARE_OP_LOCK_RELEASE, lock_of[h]);
}

static struct kshare_cmd condition_wait(int h)
{
	struct kshare_cmd cmd = t_cmd(KSHARE_OP_CONDITION_WAIT, h);

	cmd.key = t_uint(1000);
	return cmd;
}

static void condition_notify(struct side *s, int h)
{
	condition_enter(s, h);
	owned(s, KSHARE_OP_CONDITION_NOTIFY, h);
	condition_leave(s, h);
}

static int barrier_create(struct side *s)
{
	return t_create_elem(s, KSHARE_TYPE_BARRIER, 0, 2);
}

static struct kshare_cmd barrier_wait(int h)
{
	return t_cmd(KSHARE_OP_BARRIER_WAIT, h);
}

static void barrier_come(struct side *s, int h)
{
	t_raw(s, barrier_wait(h));
}

static int queue_create(struct side *s)
{
	return t_create_elem(s, KSHARE_TYPE_QUEUE, 0, 1);
}

static struct kshare_cmd queue_put(int h)
{
	return t_cmd(KSHARE_OP_QUEUE_PUT, h);
}

static struct kshare_cmd queue_put_many(int h)
{
	static struct kshare_value none;
	struct kshare_cmd cmd = t_cmd(KSHARE_OP_QUEUE_PUT_MANY, h);

	cmd.value = t_vector(&none, 1);
	return cmd;
}

static struct kshare_cmd queue_get(int h)
{
	return t_cmd(KSHARE_OP_QUEUE_GET, h);
}

static struct kshare_cmd queue_get_many(int h)
{
	struct kshare_cmd cmd = t_cmd(KSHARE_OP_QUEUE_GET_MANY, h);

	cmd.nr = 2;
	return cmd;
}

static struct kshare_cmd queue_join(int h)
{
	return t_cmd(KSHARE_OP_QUEUE_JOIN, h);
}

static void queue_fill(struct side *s, int h)
{
	t_raw(s, queue_put(h));
}

static void queue_take(struct side *s, int h)
{
	t_raw(s, queue_get(h));
}

static void queue_work(struct side *s, int h)
{
	t_raw(s, queue_get(h));
	t_raw(s, t_cmd(KSHARE_OP_QUEUE_TASK_DONE, h));
}

static struct kshare_cmd wait_many(uint32_t op, int h)
{
	static struct kshare_cmd member;
	struct kshare_cmd cmd = t_cmd(op, 0);

	member = event_wait(h);
	cmd.value = t_bytes(&member, sizeof(member));
	return cmd;
}

static struct kshare_cmd wait_any(int h)
{
	return wait_many(KSHARE_OP_WAIT_ANY, h);
}

static struct kshare_cmd wait_all(int h)
{
	return wait_many(KSHARE_OP_WAIT_ALL, h);
}

static const struct wait_case cases[] = {
	{ "cell", KSHARE_OP_CELL_WAIT, KSHARE_TYPE_CELL, nothing, cell_wait, cell_set },
	{ "lock", KSHARE_OP_LOCK_ACQUIRE, KSHARE_TYPE_LOCK, lock_take, lock_acquire,
	  lock_release },
	{ "rlock", KSHARE_OP_LOCK_ACQUIRE, KSHARE_TYPE_RLOCK, lock_take, lock_acquire,
	  lock_release },
	{ "event", KSHARE_OP_EVENT_WAIT, KSHARE_TYPE_EVENT, nothing, event_wait, event_set },
	{ "rwlock", KSHARE_OP_RWLOCK_ACQUIRE, KSHARE_TYPE_RWLOCK, rwlock_take, rwlock_acquire,
	  rwlock_release },
	{ "shared rwlock", KSHARE_OP_RWLOCK_ACQUIRE, KSHARE_TYPE_RWLOCK, rwlock_take,
	  rwlock_share, rwlock_release },
	{ "semaphore", KSHARE_OP_SEMAPHORE_ACQUIRE, KSHARE_TYPE_SEMAPHORE, semaphore_take,
	  semaphore_acquire, semaphore_release, 0, semaphore_create },
	{ "condition", KSHARE_OP_CONDITION_WAIT, KSHARE_TYPE_CONDITION, nothing,
	  condition_wait, condition_notify, IN_COMPANY | NO_RESTART, condition_create,
	  condition_enter, condition_leave },
	{ "barrier", KSHARE_OP_BARRIER_WAIT, KSHARE_TYPE_BARRIER, nothing, barrier_wait,
	  barrier_come, IN_COMPANY | DEATH_TELLS, barrier_create },
	{ "put", KSHARE_OP_QUEUE_PUT, KSHARE_TYPE_QUEUE, queue_fill, queue_put, queue_take, 0,
	  queue_create },
	{ "put many", KSHARE_OP_QUEUE_PUT_MANY, KSHARE_TYPE_QUEUE, queue_fill, queue_put_many,
	  queue_take, 0, queue_create },
	{ "get", KSHARE_OP_QUEUE_GET, KSHARE_TYPE_QUEUE, nothing, queue_get, queue_fill },
	{ "get many", KSHARE_OP_QUEUE_GET_MANY, KSHARE_TYPE_QUEUE, nothing, queue_get_many,
	  queue_fill },
	{ "join", KSHARE_OP_QUEUE_JOIN, KSHARE_TYPE_QUEUE, queue_fill, queue_join, queue_work },
	{ "any", KSHARE_OP_WAIT_ANY, 0, nothing, wait_any, event_set },
	{ "all", KSHARE_OP_WAIT_ALL, 0, nothing, wait_all, event_set },
};

#define CASES	(int)(sizeof(cases) / sizeof(cases[0]))

#define for_each_case(c) for (c = cases; c < cases + CASES; c++)

static int make(struct side *s, const struct wait_case *c)
{
	/* Those without a type wait for events. */
	int h = c->create ? c->create(s) : t_create(s, c->type ?: KSHARE_TYPE_EVENT);

	c->block(s, h);
	return h;
}

static void enter(struct side *s, const struct wait_case *c, int h)
{
	if (c->enter)
		c->enter(s, h);
}

static void leave(struct side *s, const struct wait_case *c, int h)
{
	if (c->leave)
		c->leave(s, h);
}

/* The state of an object, that must be as before when a wait has come to nothing. */
static bool as_before(struct side *s, int h, const struct kshare_stat *before)
{
	struct kshare_stat now;

	return !t_stat(s, h, &now) && !now.waiters && now.version == before->version &&
	       now.token == before->token && now.length == before->length;
}

TEST_F(kshare, there_is_a_case_for_every_operation_that_waits)
{
	static struct kshare_op_info ops[256];
	int i, n = t_query_ops(&self->s, ops, 256);
	const struct wait_case *c;

	ASSERT_LT(0, n);
	for (i = 0; i < n; i++) {
		uint32_t types = 0;
		bool found = false;

		if (!(ops[i].flags & KSHARE_OPINFO_WAITS))
			continue;
		/* Two processes take part in those of classes: calls*.c and class_death.c. */
		if (ops[i].op >= KSHARE_OP_CLASS_REGISTER &&
		    ops[i].op <= KSHARE_OP_REPLY_AND_SERVE)
			continue;
		for_each_case(c)
			if (c->op == ops[i].op) {
				types |= c->type ? 1u << c->type : 0;
				found = true;
			}
		EXPECT_EQ(ops[i].types, types);
		EXPECT_TRUE(found);
		if (ops[i].types != types || !found)
			TH_LOG("%s", ops[i].name);
	}
}

TEST_F(kshare, it_need_not_wait_and_does_not_wait_too_long)
{
	struct side *s = &self->s;
	const struct wait_case *c;
	struct kshare_stat before;
	struct kshare_cmd cmd;
	int64_t begin;

	for_each_case(c) {
		int h;

		if (c->unlike & IN_COMPANY)
			continue;
		h = make(s, c);
		ASSERT_EQ(0, t_stat(s, h, &before));
		cmd = c->cmd(h);
		cmd.flags |= KSHARE_NOWAIT;
		EXPECT_EQ(-EAGAIN, t_raw(s, cmd));
		cmd.deadline = t_now() + 1000000000;
		EXPECT_EQ(-EAGAIN, t_raw(s, cmd));
		cmd = c->cmd(h);
		cmd.deadline = 1;
		EXPECT_EQ(-ETIMEDOUT, t_raw(s, cmd));
		begin = t_now();
		cmd.deadline = begin + 5000000;
		EXPECT_EQ(-ETIMEDOUT, t_raw(s, cmd));
		EXPECT_LE(begin + 5000000, t_now());
		cmd.deadline = INT64_MIN;
		EXPECT_EQ(-EINVAL, t_raw(s, cmd));
		EXPECT_TRUE(as_before(s, h, &before));
		c->unblock(s, h);
		/* A deadline that has passed is no reason not to try. */
		cmd.deadline = 1;
		EXPECT_LE(0, t_raw(s, cmd));
	}
}

static int handled[2];

static void on_signal(int sig)
{
	if (write(handled[1], "x", 1) != 1)
		_exit(50);
}

/* A child that waits, with a handler for SIGUSR1; its status is what the wait gave. */
static pid_t waiting_child(struct side *s, const struct wait_case *c, int h,
			   struct kshare_cmd cmd, int sa_flags)
{
	struct sigaction sa = { .sa_handler = on_signal, .sa_flags = sa_flags };
	pid_t pid;
	int ret;

	/* Before the fork, so that no signal comes too early. */
	sigaction(SIGUSR1, &sa, NULL);
	pid = t_fork(s);
	if (pid)
		return pid;
	enter(s, c, h);
	ret = t_raw(s, cmd);
	/* So that none takes it for dead. */
	if (c->unlike & DEATH_TELLS)
		t_close(s, h);
	_exit(ret < 0 ? -ret : 0);
}

TEST_F(kshare, a_signal_ends_it_and_nothing_was_done)
{
	struct side *s = &self->s;
	const struct wait_case *c;
	struct kshare_stat before;

	ASSERT_EQ(0, pipe(handled));
	for_each_case(c) {
		int h = make(s, c);
		pid_t pid;

		ASSERT_EQ(0, t_stat(s, h, &before));
		pid = waiting_child(s, c, h, c->cmd(h), 0);
		t_until_waiters(s, h, 1);
		EXPECT_EQ(0, kill(pid, SIGUSR1));
		EXPECT_EQ(EINTR, t_wait(pid));
		EXPECT_TRUE(as_before(s, h, &before));
	}
}

TEST_F(kshare, with_sa_restart_it_waits_on)
{
	struct side *s = &self->s;
	const struct wait_case *c;
	char x;

	ASSERT_EQ(0, pipe(handled));
	for_each_case(c) {
		struct kshare_cmd cmd;
		int h = make(s, c);
		pid_t pid;

		pid = waiting_child(s, c, h, c->cmd(h), SA_RESTART);
		t_until_waiters(s, h, 1);
		EXPECT_EQ(0, kill(pid, SIGUSR1));
		EXPECT_EQ(1, read(handled[0], &x, 1));
		if (c->unlike & NO_RESTART) {
			EXPECT_EQ(EINTR, t_wait(pid));
			continue;
		}
		t_until_waiters(s, h, 1);
		c->unblock(s, h);
		EXPECT_EQ(0, t_wait(pid));

		/* The deadline is a point in time, and so it stays where it was. */
		h = make(s, c);
		cmd = c->cmd(h);
		cmd.deadline = t_now() + 300000000;
		pid = waiting_child(s, c, h, cmd, SA_RESTART);
		close(handled[1]);
		while (t_now() < cmd.deadline) {
			kill(pid, SIGUSR1);
			/* Nothing comes when it is over. */
			if (read(handled[0], &x, 1) != 1)
				break;
		}
		EXPECT_EQ(ETIMEDOUT, t_wait(pid));
		EXPECT_LE(cmd.deadline, t_now());
		close(handled[0]);
		ASSERT_EQ(0, pipe(handled));
	}
}

TEST_F(kshare, who_is_killed_while_waiting_gets_nothing)
{
	struct side *s = &self->s;
	const struct wait_case *c;
	struct kshare_stat before;

	for_each_case(c) {
		int h = make(s, c);
		pid_t pid;

		ASSERT_EQ(0, t_stat(s, h, &before));
		pid = waiting_child(s, c, h, c->cmd(h), 0);
		t_until_waiters(s, h, 1);
		kill(pid, SIGKILL);
		EXPECT_EQ(1000 + SIGKILL, t_wait(pid));
		if (c->unlike & DEATH_TELLS) {
			EXPECT_EQ(-EOWNERDEAD, t_raw(s, c->cmd(h)));
			continue;
		}
		EXPECT_TRUE(as_before(s, h, &before));
		if (c->unlike & IN_COMPANY)
			continue;
		c->unblock(s, h);
		EXPECT_LE(0, t_raw(s, c->cmd(h)));
	}
}

TEST_F(kshare, exec_ends_the_waiting_of_other_threads)
{
	struct side *s = &self->s;
	const struct wait_case *c;
	struct kshare_stat before;

	for_each_case(c) {
		int h = make(s, c);
		pid_t pid;

		ASSERT_EQ(0, t_stat(s, h, &before));
		pid = t_fork(s);
		if (!pid) {
			struct t_thread t;

			enter(s, c, h);
			t_begin(s, &t, c->cmd(h), false);
			t_until_waiters(s, h, 1);
			execl("/bin/true", "true", NULL);
			_exit(1);
		}
		EXPECT_EQ(0, t_wait(pid));
		if (c->unlike & DEATH_TELLS) {
			EXPECT_EQ(-EOWNERDEAD, t_raw(s, c->cmd(h)));
			continue;
		}
		EXPECT_TRUE(as_before(s, h, &before));
	}
}

/* A child of which one thread waits while the other closes something. */
static void close_while_waiting(struct __test_metadata *_metadata, struct side *s, bool descriptor)
{
	const struct wait_case *c;

	for_each_case(c) {
		int closed[2], h = make(s, c);
		pid_t pid;
		char x;

		ASSERT_EQ(0, pipe(closed));
		pid = t_fork(s);
		if (!pid) {
			struct t_thread t;

			enter(s, c, h);
			t_begin(s, &t, c->cmd(h), false);
			t_until_waiters(s, h, 1);
			if (descriptor ? close(s->fd) : t_close(s, h))
				_exit(2);
			if (write(closed[1], "x", 1) != 1)
				_exit(3);
			_exit(t_end(&t) < 0);
		}
		ASSERT_EQ(1, read(closed[0], &x, 1));
		c->unblock(s, h);
		EXPECT_EQ(0, t_wait(pid));
		close(closed[0]);
		close(closed[1]);
	}
}

TEST_F(kshare, closing_the_descriptor_does_not_disturb_who_waits)
{
	close_while_waiting(_metadata, &self->s, true);
}

/* The command under way has a reference to the object. */
TEST_F(kshare, closing_the_handle_does_not_either)
{
	close_while_waiting(_metadata, &self->s, false);
}

TEST_F(kshare, no_more_wait_than_the_limit_allows)
{
	struct kshare_cmd limit = t_cmd(KSHARE_OP_DOMAIN_LIMIT, 1);
	struct side *s = &self->s;
	const struct wait_case *c;
	struct kshare_cmd cmd;
	pid_t pid;
	int h;

	limit.nr = KSHARE_LIMIT_WAITERS;
	limit.value = t_uint(1);
	ASSERT_EQ(0, t_raw(s, limit));
	for_each_case(c) {
		/* Where the second one does not wait the third one would. */
		if (c->op == KSHARE_OP_BARRIER_WAIT)
			continue;
		h = make(s, c);
		pid = waiting_child(s, c, h, c->cmd(h), 0);
		t_until_waiters(s, h, 1);
		enter(s, c, h);
		EXPECT_EQ(-EDQUOT, t_raw(s, c->cmd(h)));
		cmd = c->cmd(h);
		cmd.flags |= KSHARE_NOWAIT;
		EXPECT_EQ(c->enter ? -EOPNOTSUPP : -EAGAIN, t_raw(s, cmd));
		leave(s, c, h);
		c->unblock(s, h);
		EXPECT_EQ(0, t_wait(pid));
	}
}

TEST_F(kshare, in_a_batch_the_signal_stops_it_there)
{
	struct side *s = &self->s;
	const struct wait_case *c;

	ASSERT_EQ(0, pipe(handled));
	for_each_case(c) {
		struct sigaction sa = { .sa_handler = on_signal };
		int32_t results[3] = { 77, 77, 77 };
		struct kshare_cmd cmds[3];
		struct kshare_batch batch = {
			.size = sizeof(batch),
			.count = 3,
			.cmds = (uintptr_t)cmds,
			.results = (uintptr_t)results,
			.cmd_size = sizeof(cmds[0]),
		};
		int h = make(s, c);
		pid_t pid;

		pid = t_fork(s);
		if (!pid) {
			sigaction(SIGUSR1, &sa, NULL);
			cmds[0] = t_cmd(KSHARE_OP_NOP, 0);
			cmds[1] = c->cmd(h);
			cmds[2] = t_cmd(KSHARE_OP_NOP, 0);
			enter(s, c, h);
			if (ioctl(s->fd, KSHARE_IOC_BATCH, &batch) != -1 || errno != EINTR)
				_exit(1);
			t_close(s, h);
			_exit(batch.done != 1 || results[0] != 0 || results[2] != 77);
		}
		t_until_waiters(s, h, 1);
		kill(pid, SIGUSR1);
		EXPECT_EQ(0, t_wait(pid));

		/* In an atomic one nothing waits. */
		batch.flags = KSHARE_BATCH_ATOMIC;
		cmds[0] = t_cmd(KSHARE_OP_NOP, 0);
		cmds[1] = c->cmd(h);
		cmds[2] = t_cmd(KSHARE_OP_NOP, 0);
		enter(s, c, h);
		EXPECT_EQ(-1, ioctl(s->fd, KSHARE_IOC_BATCH, &batch));
		EXPECT_EQ(c->type ? EAGAIN : EOPNOTSUPP, errno);
		EXPECT_EQ(1, batch.done);
		leave(s, c, h);
	}
}

TEST_HARNESS_MAIN
