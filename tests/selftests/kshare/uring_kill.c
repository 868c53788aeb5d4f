// SPDX-License-Identifier: GPL-2.0
/* A process is killed with its rings: all that it had, and was being given, is given back. */
#define T_ALL_RINGS
#include "uring_test.h"

static void killed(struct __test_metadata *_metadata, pid_t pid)
{
	kill(pid, SIGKILL);
	EXPECT_EQ(1000 + SIGKILL, t_wait(pid));
}

/* All of them at once on one ring, several times. */
TEST_F(uring, many_commands_of_every_kind)
{
	struct side *s = &self->s;
	struct kshare_stat before, after;
	int i, n, h[T_CASES], second[T_CASES], ready[2];
	pid_t pid;

	if (!t_parks(s->fd))
		SKIP(return, "who waits is a thread, and there are not as many");
	ASSERT_EQ(0, pipe(ready));
	for (i = 0; i < T_CASES; i++) {
		t_second = 0;
		h[i] = t_cases[i].make(s);
		ASSERT_LT(0, h[i]);
		second[i] = t_second;
		t_cases[i].block(s, h[i]);
	}
	ASSERT_EQ(0, t_stat(s, 1, &before));
	pid = t_fork_off(s, &self->r);
	if (!pid) {
		struct ring mine;

		if (t_ring(&mine, s->fd, 256, variant->flags))
			_exit(1);
		for (n = 0; n < 10; n++) {
			for (i = 0; i < T_CASES; i++) {
				struct kshare_cmd cmd;

				t_second = second[i];
				/* A second party would make the barrier complete. */
				if (n && (t_cases[i].cmd == t_barrier_wait ||
					  t_cases[i].cmd == t_condition_wait))
					continue;
				t_cases[i].before(s, h[i]);
				cmd = t_cases[i].cmd(h[i]);
				if (cmd.key.type && n)
					cmd.key = t_uint(T_OWNER + n);
				t_ring_begin(&mine, cmd, i);
			}
		}
		t_tell(ready[1]);
		pause();
		_exit(2);
	}
	t_hear(ready[0]);
	/* Two have two members each, and two wait only once. */
	EXPECT_TRUE(t_until_waiting(s, 10 * T_CASES + 20 - 18));
	killed(_metadata, pid);
	ASSERT_EQ(0, t_stat(s, 1, &after));
	for (i = 0; i < KSHARE_LIMIT_COUNT; i++)
		EXPECT_EQ(before.used[i], after.used[i]);
	EXPECT_EQ(1, after.clients);
	/* Everything works as if it had never been there. */
	for (i = 0; i < T_CASES; i++) {
		const struct t_case *c = &t_cases[i];

		t_second = second[i];
		c->before(s, h[i]);
		EXPECT_EQ(1, t_ring_begin(&self->r, c->cmd(h[i]), i));
		if (c->cmd == t_barrier_wait) {
			EXPECT_EQ(-EOWNERDEAD, t_reap(&self->r).res);
			continue;
		}
		t_until_waiters(s, h[i], 1);
		c->grant(s, h[i]);
		T_EXPECT(c, c->want, t_reap(&self->r).res);
	}
	t_second = 0;
	close(ready[0]);
	close(ready[1]);
}

/* What it held when it died goes to who waits, and tells that its owner died. */
TEST_F(uring, what_it_had_obtained_through_a_ring)
{
	struct side *s = &self->s;
	int l = t_make_lock(s), rw = t_make_rwlock(s), sem = t_make_semaphore(s);
	int q = t_make_queue(s), ready[2], i;
	struct kshare_cmd cmds[4] = {
		t_lock_acquire(l), t_rwlock_acquire(rw), t_semaphore_acquire(sem), t_lease(q),
	};
	static struct reply replies[4];
	int want[4] = { 1, 0, 0, 2 };
	pid_t pid;

	ASSERT_EQ(0, pipe(ready));
	t_queue_put(s, q);
	pid = t_fork_off(s, &self->r);
	if (!pid) {
		struct ring mine;

		if (t_ring(&mine, s->fd, 8, variant->flags))
			_exit(1);
		for (i = 0; i < 4; i++)
			if (t_ring_run(&mine, cmds[i]) < 0)
				_exit(2);
		t_tell(ready[1]);
		pause();
		_exit(3);
	}
	t_hear(ready[0]);
	for (i = 0; i < 4; i++) {
		cmds[i].out = (uintptr_t)&replies[i];
		cmds[i].out_len = sizeof(replies[i]);
		EXPECT_EQ(1, t_ring_begin(&self->r, cmds[i], i));
		t_until_waiters(s, cmds[i].handle, 1);
	}
	EXPECT_TRUE(t_none_reaped(&self->r));
	killed(_metadata, pid);
	for (i = 0; i < 4; i++) {
		struct done done = t_reap(&self->r);

		/* The message was taken a second time. */
		EXPECT_EQ(want[done.data], done.res);
	}
	EXPECT_EQ(KSHARE_R_OWNER_DIED, replies[0].head.flags);
	EXPECT_EQ(KSHARE_R_OWNER_DIED, replies[1].head.flags);
	EXPECT_EQ(5, replies[3].values[0].i);
	close(ready[0]);
	close(ready[1]);
}

/* It is handed over while the process does not look: with DEFER_TASKRUN it never gets it. */
TEST_F(uring, what_was_handed_over_and_not_yet_taken)
{
	struct side *s = &self->s;
	struct ring *r = &self->r;
	int h[4] = { t_make_lock(s), t_make_semaphore(s), t_make_queue(s), t_make_rwlock(s) };
	void (*block[4])(struct side *s, int h) = {
		t_lock_hold, t_semaphore_hold, t_nothing, t_rwlock_hold,
	};
	void (*grant[4])(struct side *s, int h) = {
		t_lock_drop, t_semaphore_drop, t_queue_put, t_rwlock_drop,
	};
	struct kshare_cmd cmds[4] = {
		t_lock_acquire(h[0]), t_semaphore_acquire(h[1]), t_get(h[2]),
		t_rwlock_acquire(h[3]),
	};
	int i, ready[2], want[4] = { 1, 0, 1, 0 };
	pid_t pid;

	if (!(variant->flags & IORING_SETUP_DEFER_TASKRUN))
		SKIP(return, "the ring has no DEFER_TASKRUN");
	if (!t_parks(s->fd))
		SKIP(return, "who waits is a thread, which takes it at once");
	ASSERT_EQ(0, pipe(ready));
	for (i = 0; i < 4; i++) {
		block[i](s, h[i]);
		pid = t_fork_off(s, r);
		if (!pid) {
			struct ring mine;

			if (t_ring(&mine, s->fd, 8, variant->flags))
				_exit(1);
			t_ring_begin(&mine, cmds[i], 1);
			t_tell(ready[1]);
			pause();
			_exit(2);
		}
		t_hear(ready[0]);
		t_until_waiters(s, h[i], 1);
		cmds[i].key = cmds[i].key.type ? t_uint(T_OWNER + 1) : t_none();
		EXPECT_EQ(1, t_ring_begin(r, cmds[i], 2));
		t_until_waiters(s, h[i], 2);
		grant[i](s, h[i]);
		t_until_waiters(s, h[i], 1);
		EXPECT_TRUE(t_none_reaped(r));
		killed(_metadata, pid);
		EXPECT_EQ(want[i], t_reap(r).res);
	}
	close(ready[0]);
	close(ready[1]);
}

/* Has two commands wait on a ring of its own, which it gives to a child; does not return. */
static void wait_until_killed(struct side *s, unsigned int flags, const struct kshare_cmd *cmds,
			      int ready, const int *go)
{
	struct kshare_stat stat;
	struct ring mine;
	char c;

	if (t_ring(&mine, s->fd, 8, flags))
		_exit(1);
	if (!fork()) {
		close(go[1]);
		_exit(read(go[0], &c, 1) != 0);
	}
	t_ring_begin(&mine, cmds[0], 1);
	t_ring_begin(&mine, cmds[1], 2);
	while (!t_stat(s, cmds[1].handle, &stat) && !stat.waiters &&
	       t_now() < cmds[1].deadline)
		sched_yield();
	t_tell(ready);
	pause();
	_exit(2);
}

/* Another process keeps the ring, so what waited has not left it when the deadline comes. */
TEST_F(uring, a_deadline_that_comes_after_its_process_went_ends_nothing)
{
	struct side *s = &self->s;
	int go[2], ready[2], e = t_make_event(s), h = t_make_two(s);
	struct kshare_cmd cmds[2] = { t_wait_any(h), t_event_wait(e) };
	struct kshare_cmd later = t_cmd(KSHARE_OP_EVENT_WAIT, e);
	int64_t ns = 1000000000;
	struct kshare_stat before;
	bool before_it;
	pid_t pid;

	ASSERT_EQ(0, t_stat(s, 1, &before));
	/* With more time if the process went no earlier than that. */
	do {
		ns *= 2;
		ASSERT_EQ(0, pipe(ready) | pipe(go));
		cmds[0].deadline = t_now() + ns;
		cmds[1].deadline = cmds[0].deadline;
		later.deadline = cmds[0].deadline + 300000000;
		pid = t_fork_off(s, &self->r);
		if (!pid)
			wait_until_killed(s, variant->flags, cmds, ready[1], go);
		close(go[0]);
		t_hear(ready[0]);
		killed(_metadata, pid);
		before_it = t_now() < cmds[0].deadline;
		EXPECT_EQ(-ETIMEDOUT, t_raw(s, later));
		/* With the last process that has the ring it goes itself. */
		close(go[1]);
		t_until_as_before(s, &before);
		close(ready[0]);
		close(ready[1]);
	} while (!before_it);
}

/* It holds a lock, and another of its commands waits for it: the next is somebody else. */
TEST_F(uring, its_own_commands_do_not_inherit_its_locks)
{
	struct side *s = &self->s;
	struct ring *r = &self->r;
	int i, l = t_make_lock(s), ready[2], n = t_most(s->fd, 10);
	pid_t pid;

	ASSERT_EQ(0, pipe(ready));
	pid = t_fork_off(s, r);
	if (!pid) {
		struct ring mine;

		if (t_ring(&mine, s->fd, 64, variant->flags) ||
		    t_ring_run(&mine, t_owned(KSHARE_OP_LOCK_ACQUIRE, l, 1)) != 1)
			_exit(1);
		for (i = 2; i < 2 + n; i++) {
			t_ring_begin(&mine, t_owned(KSHARE_OP_LOCK_ACQUIRE, l, i), i);
			t_until_waiters(s, l, i - 1);
		}
		t_tell(ready[1]);
		pause();
		_exit(2);
	}
	t_hear(ready[0]);
	EXPECT_EQ(1, t_ring_begin(r, t_lock_acquire(l), 1));
	t_until_waiters(s, l, n + 1);
	killed(_metadata, pid);
	EXPECT_EQ(1, t_reap(r).res);
	close(ready[0]);
	close(ready[1]);
}

TEST_HARNESS_MAIN
