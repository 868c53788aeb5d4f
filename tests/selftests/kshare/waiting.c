// SPDX-License-Identifier: GPL-2.0
/*
 * What every operation that waits has in common: deadlines, signals, and leaving
 * without a trace.  A new one needs a row in cases[], or the first test fails.
 */
#include "kshare_test.h"

#include <pthread.h>

/* An object on which the command of a case waits, and what ends its waiting. */
struct wait_case {
	const char *name;
	uint32_t op;
	uint32_t type;
	/* So that the command will wait */
	void (*block)(struct side *s, int h);
	struct kshare_cmd (*cmd)(int h);
	void (*unblock)(struct side *s, int h);
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

static const struct wait_case cases[] = {
	{ "cell", KSHARE_OP_CELL_WAIT, KSHARE_TYPE_CELL, nothing, cell_wait, cell_set },
	{ "lock", KSHARE_OP_LOCK_ACQUIRE, KSHARE_TYPE_LOCK, lock_take, lock_acquire,
	  lock_release },
	{ "rlock", KSHARE_OP_LOCK_ACQUIRE, KSHARE_TYPE_RLOCK, lock_take, lock_acquire,
	  lock_release },
	{ "event", KSHARE_OP_EVENT_WAIT, KSHARE_TYPE_EVENT, nothing, event_wait, event_set },
};

#define CASES	(int)(sizeof(cases) / sizeof(cases[0]))

#define for_each_case(c) for (c = cases; c < cases + CASES; c++)

static int make(struct side *s, const struct wait_case *c)
{
	int h = t_create(s, c->type);

	c->block(s, h);
	return h;
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

		if (!(ops[i].flags & KSHARE_OPINFO_WAITS))
			continue;
		for_each_case(c)
			if (c->op == ops[i].op)
				types |= 1u << c->type;
		EXPECT_EQ(ops[i].types, types);
		if (ops[i].types != types)
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
		int h = make(s, c);

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
static pid_t waiting_child(struct side *s, struct kshare_cmd cmd, int sa_flags)
{
	struct sigaction sa = { .sa_handler = on_signal, .sa_flags = sa_flags };
	pid_t pid;
	int ret;

	/* Before the fork, so that no signal comes too early. */
	sigaction(SIGUSR1, &sa, NULL);
	pid = t_fork(s);
	if (pid)
		return pid;
	ret = t_raw(s, cmd);
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
		pid = waiting_child(s, c->cmd(h), 0);
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

		pid = waiting_child(s, c->cmd(h), SA_RESTART);
		t_until_waiters(s, h, 1);
		EXPECT_EQ(0, kill(pid, SIGUSR1));
		EXPECT_EQ(1, read(handled[0], &x, 1));
		t_until_waiters(s, h, 1);
		c->unblock(s, h);
		EXPECT_EQ(0, t_wait(pid));

		/* The deadline is a point in time, and so it stays where it was. */
		h = make(s, c);
		cmd = c->cmd(h);
		cmd.deadline = t_now() + 300000000;
		pid = waiting_child(s, cmd, SA_RESTART);
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
		pid = waiting_child(s, c->cmd(h), 0);
		t_until_waiters(s, h, 1);
		kill(pid, SIGKILL);
		EXPECT_EQ(1000 + SIGKILL, t_wait(pid));
		EXPECT_TRUE(as_before(s, h, &before));
		c->unblock(s, h);
		EXPECT_LE(0, t_raw(s, c->cmd(h)));
	}
}

struct thread {
	struct side *s;
	struct kshare_cmd cmd;
	int ret;
};

static void *wait_thread(void *arg)
{
	struct thread *t = arg;

	t->ret = ioctl(t->s->fd, KSHARE_IOC_CMD, &t->cmd);
	return NULL;
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
			struct thread t = { s, c->cmd(h) };
			pthread_t thread;

			pthread_create(&thread, NULL, wait_thread, &t);
			t_until_waiters(s, h, 1);
			execl("/bin/true", "true", NULL);
			_exit(1);
		}
		EXPECT_EQ(0, t_wait(pid));
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
			struct thread t = { s, c->cmd(h) };
			pthread_t thread;

			pthread_create(&thread, NULL, wait_thread, &t);
			t_until_waiters(s, h, 1);
			if (descriptor ? close(s->fd) : t_close(s, h))
				_exit(2);
			if (write(closed[1], "x", 1) != 1)
				_exit(3);
			pthread_join(thread, NULL);
			_exit(t.ret < 0);
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
		h = make(s, c);
		pid = waiting_child(s, c->cmd(h), 0);
		t_until_waiters(s, h, 1);
		EXPECT_EQ(-EDQUOT, t_raw(s, c->cmd(h)));
		cmd = c->cmd(h);
		cmd.flags |= KSHARE_NOWAIT;
		EXPECT_EQ(-EAGAIN, t_raw(s, cmd));
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
			if (ioctl(s->fd, KSHARE_IOC_BATCH, &batch) != -1 || errno != EINTR)
				_exit(1);
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
		EXPECT_EQ(-1, ioctl(s->fd, KSHARE_IOC_BATCH, &batch));
		EXPECT_EQ(EAGAIN, errno);
		EXPECT_EQ(1, batch.done);
	}
}

TEST_HARNESS_MAIN
