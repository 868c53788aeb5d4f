// SPDX-License-Identifier: GPL-2.0
/* Commands that wait on a ring: granted in order, in time, and with their results. */
#define T_ALL_RINGS
#include "uring_test.h"

TEST_F(uring, there_is_a_case_for_every_operation_that_waits)
{
	static struct kshare_op_info ops[256];
	int i, n = t_query_ops(&self->s, ops, 256);
	const struct t_case *c;

	ASSERT_LT(0, n);
	for (i = 0; i < n; i++) {
		bool found = !(ops[i].flags & KSHARE_OPINFO_WAITS);

		/* That is SERVE, after something that can be done but once. */
		found |= ops[i].op == KSHARE_OP_REPLY_AND_SERVE;
		t_second = 0;
		t_for_each_case(c)
			found |= c->cmd(0).op == ops[i].op;
		EXPECT_TRUE(found);
		if (!found)
			TH_LOG("%s", ops[i].name);
	}
}

TEST_F(uring, each_waits_and_is_granted_by_another_process)
{
	struct side *s = &self->s;
	struct ring *r = &self->r;
	const struct t_case *c;

	t_for_each_case(c) {
		int ready[2], go[2], h = c->make(s);
		struct done done;
		pid_t pid;

		ASSERT_LT(0, h);
		ASSERT_EQ(0, pipe(ready) | pipe(go));
		pid = t_fork(s);
		if (!pid) {
			c->block(s, h);
			t_tell(ready[1]);
			t_hear(go[0]);
			c->grant(s, h);
			_exit(0);
		}
		t_hear(ready[0]);
		c->before(s, h);
		T_EXPECT(c, 1, t_ring_begin(r, c->cmd(h), 42));
		t_until_waiters(s, h, 1);
		EXPECT_TRUE(t_none_reaped(r));
		t_tell(go[1]);
		done = t_reap(r);
		T_EXPECT(c, 42, done.data);
		T_EXPECT(c, c->want, done.res);
		EXPECT_EQ(0, t_wait(pid));
		EXPECT_TRUE(t_none_reaped(r));
		T_EXPECT(c, 0, t_waiting(s));
		t_unmake(s, h);
		close(ready[0]);
		close(ready[1]);
		close(go[0]);
		close(go[1]);
	}
}

TEST_F(uring, what_need_not_wait_is_done_at_once)
{
	struct side *s = &self->s;
	struct ring *r = &self->r;
	const struct t_case *c;

	t_for_each_case(c) {
		int h = c->make(s);

		/* There it cannot be: a wait is only over after it began. */
		if (c->cmd == t_condition_wait || c->cmd == t_barrier_wait ||
		    c->cmd == t_wait_for_answer) {
			t_unmake(s, h);
			continue;
		}
		c->block(s, h);
		if (c->cmd == t_wait_to_serve)
			c->before(s, h);
		c->grant(s, h);
		T_EXPECT(c, c->want, t_ring_run(r, c->cmd(h)));
		t_unmake(s, h);
	}
}

TEST_F(uring, a_deadline_in_the_past_tries_once_and_a_later_one_is_kept)
{
	struct side *s = &self->s;
	struct ring *r = &self->r;
	const struct t_case *c;

	t_for_each_case(c) {
		int h = c->make(s);
		struct kshare_cmd cmd;

		c->block(s, h);
		c->before(s, h);
		cmd = c->cmd(h);
		cmd.deadline = -1;
		T_EXPECT(c, -EINVAL, t_ring_run(r, cmd));
		cmd.deadline = 1;
		if (c->cmd != t_barrier_wait)
			T_EXPECT(c, -ETIMEDOUT, t_ring_run(r, cmd));
		cmd.deadline = t_now() + 20000000;
		T_EXPECT(c, -ETIMEDOUT, t_ring_run(r, cmd));
		EXPECT_LE(cmd.deadline, t_now());
		T_EXPECT(c, 0, t_waiting(s));
		t_unmake(s, h);
	}
}

/* Begins @n waits, whose deadlines are @base and later.  Do all wait at that time? */
static bool begin_in_time(struct side *s, struct ring *r, int e, int n, int64_t base)
{
	struct kshare_cmd cmd = t_event_wait(e);
	struct kshare_stat stat;
	int i;

	for (i = 0; i < n; i++) {
		/* 0, 7, 14, 1, 8, … */
		int place = i * 7 % n;

		cmd.deadline = base + place * 20000000;
		t_sqe(r, cmd, place);
	}
	if (t_submit(r) < 1)
		return false;
	do {
		if (t_stat(s, e, &stat) || stat.waiters == n)
			return true;
		sched_yield();
	} while (t_now() < base);
	return false;
}

TEST_F(uring, deadlines_expire_in_their_order_not_in_that_of_submission)
{
	struct side *s = &self->s;
	struct ring *r = &self->r;
	int i, e = t_make_event(s), n = t_most(s->fd, 20);
	int64_t base, ahead = 200000000;

	/* With more time if the first is over before the last has begun to wait. */
	for (;; ahead *= 2) {
		base = t_now() + ahead;
		if (begin_in_time(s, r, e, n, base))
			break;
		for (i = 0; i < n; i++)
			EXPECT_EQ(-ETIMEDOUT, t_reap(r).res);
	}
	for (i = 0; i < n; i++) {
		struct done done = t_reap(r);

		/* Threads that wake up at different times may be told of in another order. */
		if (t_parks(s->fd))
			EXPECT_EQ(i, done.data);
		EXPECT_EQ(-ETIMEDOUT, done.res);
		EXPECT_LE(base + (int64_t)done.data * 20000000, t_now());
	}
}

/* An earlier deadline that comes later moves the timer forward. */
TEST_F(uring, a_later_command_may_have_the_earlier_deadline)
{
	struct side *s = &self->s;
	struct ring *r = &self->r;
	struct kshare_cmd cmd = t_event_wait(t_make_event(s));

	cmd.deadline = t_now() + 3600000000000ll;
	EXPECT_EQ(1, t_ring_begin(r, cmd, 1));
	t_until_waiters(s, cmd.handle, 1);
	cmd.deadline = t_now() + 10000000;
	EXPECT_EQ(1, t_ring_begin(r, cmd, 2));
	EXPECT_EQ(2, t_reap(r).data);
	t_event_set(s, cmd.handle);
	EXPECT_EQ(0, t_reap(r).res);
}

/* Ring, thread, ring, thread, …: who came first has it first. */
TEST_F(uring, rings_and_sleepers_stand_in_one_line)
{
	struct side *s = &self->s;
	struct ring *r = &self->r;
	int i, q = t_make_queue(s);
	struct reply *replies = calloc(4, sizeof(*replies));
	pid_t pids[8];

	for (i = 0; i < 8; i++) {
		struct kshare_cmd cmd = t_get(q);

		if (i % 2) {
			pids[i] = t_fork(s);
			if (!pids[i]) {
				if (t_run(s, cmd) != 1)
					_exit(1);
				_exit(s->out.values[0].i != i);
			}
		} else {
			cmd.out = (uintptr_t)&replies[i / 2];
			cmd.out_len = sizeof(replies[0]);
			EXPECT_EQ(1, t_ring_begin(r, cmd, i));
		}
		t_until_waiters(s, q, i + 1);
	}
	for (i = 0; i < 8; i++)
		EXPECT_EQ(0, t_raw(s, t_valued(KSHARE_OP_QUEUE_PUT, q, t_int(i))));
	for (i = 0; i < 4; i++) {
		struct done done = t_reap(r);

		EXPECT_EQ(1, done.res);
		EXPECT_EQ(1, replies[done.data / 2].head.count);
		EXPECT_EQ(done.data, replies[done.data / 2].values[0].i);
	}
	for (i = 1; i < 8; i += 2)
		EXPECT_EQ(0, t_wait(pids[i]));
	free(replies);
}

TEST_F(uring, a_result_is_delivered_however_long_it_is)
{
	static struct reply reply;
	struct side *s = &self->s;
	struct ring *r = &self->r;
	int q = t_make_queue(s), c = t_make_cell(s);
	struct kshare_cmd cmd = t_get(q);
	static char text[8000];

	memset(text, 'k', sizeof(text) - 1);
	memset(&reply, 0, sizeof(reply));
	cmd.out = (uintptr_t)&reply;
	cmd.out_len = sizeof(reply);
	EXPECT_EQ(1, t_ring_begin(r, cmd, 1));
	t_until_waiters(s, q, 1);
	EXPECT_EQ(0, t_raw(s, t_valued(KSHARE_OP_QUEUE_PUT, q, t_str(text))));
	EXPECT_EQ(1, t_reap(r).res);
	EXPECT_EQ(1, reply.head.count);
	EXPECT_TRUE(t_is_str(&reply.values[0], text));

	/* A reference becomes a handle of the waiter's. */
	EXPECT_EQ(1, t_ring_begin(r, cmd, 1));
	t_until_waiters(s, q, 1);
	EXPECT_EQ(0, t_raw(s, t_valued(KSHARE_OP_QUEUE_PUT, q, t_ref(c))));
	EXPECT_EQ(1, t_reap(r).res);
	EXPECT_EQ(KSHARE_REF, reply.values[0].type);
	EXPECT_NE(c, reply.values[0].ref.handle);
	EXPECT_EQ(0, t_close(s, reply.values[0].ref.handle));
}

TEST_F(uring, a_message_that_does_not_fit_is_the_next_again)
{
	struct side *s = &self->s;
	struct ring *r = &self->r;
	int q = t_make_queue(s);
	struct kshare_cmd cmd = t_get(q);
	struct kshare_result head = {};
	struct kshare_stat stat;
	void *gone;

	cmd.out = (uintptr_t)&head;
	cmd.out_len = sizeof(head);
	EXPECT_EQ(1, t_ring_begin(r, cmd, 1));
	t_until_waiters(s, q, 1);
	EXPECT_EQ(0, t_raw(s, t_valued(KSHARE_OP_QUEUE_PUT, q, t_str("the message is long"))));
	EXPECT_EQ(-ENOBUFS, t_reap(r).res);
	EXPECT_EQ(sizeof(head) + sizeof(struct kshare_value) + 24, head.number);
	ASSERT_EQ(0, t_stat(s, q, &stat));
	EXPECT_EQ(1, stat.length);
	ASSERT_EQ(1, t_run(s, t_get(q)));
	EXPECT_TRUE(t_is_str(&s->out.values[0], "the message is long"));

	/* The buffer goes while it waits. */
	gone = mmap(NULL, 65536, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, gone);
	cmd.out = (uintptr_t)gone;
	cmd.out_len = 65536;
	EXPECT_EQ(1, t_ring_begin(r, cmd, 1));
	t_until_waiters(s, q, 1);
	munmap(gone, 65536);
	EXPECT_EQ(0, t_raw(s, t_valued(KSHARE_OP_QUEUE_PUT, q, t_int(1))));
	EXPECT_EQ(-EFAULT, t_reap(r).res);
	EXPECT_EQ(0, t_raw(s, t_valued(KSHARE_OP_QUEUE_PUT, q, t_int(2))));
	ASSERT_EQ(1, t_run(s, t_get(q)));
	EXPECT_EQ(1, s->out.values[0].i);
}

TEST_F(uring, what_cannot_be_told_goes_to_who_waits_next)
{
	struct side *s = &self->s;
	struct ring *r = &self->r;
	int i, h[3] = { t_make_queue(s), t_make_lock(s), t_make_semaphore(s) };
	void (*grant[3])(struct side *s, int h) = { t_queue_put, t_lock_drop, t_semaphore_drop };
	struct kshare_cmd cmds[3] = {
		t_get(h[0]), t_lock_acquire(h[1]), t_semaphore_acquire(h[2])
	};
	int want[3] = { 1, 1, 0 };

	t_lock_hold(s, h[1]);
	t_semaphore_hold(s, h[2]);
	for (i = 0; i < 3; i++) {
		void *gone = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
				  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		struct done a, b;

		cmds[i].out = (uintptr_t)gone;
		cmds[i].out_len = 4096;
		EXPECT_EQ(1, t_ring_begin(r, cmds[i], 1));
		t_until_waiters(s, h[i], 1);
		munmap(gone, 4096);
		cmds[i].out = 0;
		cmds[i].out_len = 0;
		if (i == 1)
			cmds[i].key = t_uint(T_OWNER + 1);
		EXPECT_EQ(1, t_ring_begin(r, cmds[i], 2));
		t_until_waiters(s, h[i], 2);
		grant[i](s, h[i]);
		a = t_reap(r);
		b = t_reap(r);
		EXPECT_EQ(3, a.data + b.data);
		EXPECT_EQ(-EFAULT, a.data == 1 ? a.res : b.res);
		EXPECT_EQ(want[i], a.data == 2 ? a.res : b.res);
	}
}

TEST_F(uring, owners_are_numbers_and_any_door_knows_them)
{
	struct side *s = &self->s;
	struct ring *r = &self->r;
	int l = t_make_rlock(s);
	struct kshare_stat stat;

	EXPECT_EQ(1, t_ring_run(r, t_owned(KSHARE_OP_LOCK_ACQUIRE, l, 7)));
	EXPECT_EQ(2, t_ring_run(r, t_owned(KSHARE_OP_LOCK_ACQUIRE, l, 7)));
	ASSERT_EQ(0, t_stat(s, l, &stat));
	EXPECT_EQ(7, stat.owner);
	EXPECT_EQ(getpid(), stat.holder_pid);
	EXPECT_EQ(1, t_ring_begin(r, t_owned(KSHARE_OP_LOCK_ACQUIRE, l, 8), 8));
	t_until_waiters(s, l, 1);
	EXPECT_EQ(-EPERM, t_raw(s, t_cmd(KSHARE_OP_LOCK_RELEASE, l)));
	EXPECT_EQ(1, t_raw(s, t_owned(KSHARE_OP_LOCK_RELEASE, l, 7)));
	EXPECT_EQ(0, t_raw(s, t_owned(KSHARE_OP_LOCK_RELEASE, l, 7)));
	EXPECT_EQ(1, t_reap(r).res);
	ASSERT_EQ(0, t_stat(s, l, &stat));
	EXPECT_EQ(8, stat.owner);
	EXPECT_EQ(-EPERM, t_ring_run(r, t_owned(KSHARE_OP_LOCK_RELEASE, l, 7)));
	EXPECT_EQ(0, t_ring_run(r, t_owned(KSHARE_OP_LOCK_RELEASE, l, 8)));
}

TEST_F(uring, who_has_it_already_and_waits_for_it_again_is_told)
{
	struct side *s = &self->s;
	struct ring *r = &self->r;
	int l = t_make_lock(s);

	EXPECT_EQ(1, t_ring_run(r, t_lock_acquire(l)));
	EXPECT_EQ(-EDEADLK, t_ring_run(r, t_lock_acquire(l)));
}

/* Locks a, b; 7 has a and waits for b, 8 has b and asks for a. */
TEST_F(uring, a_circle_of_owners_is_found)
{
	struct side *s = &self->s;
	struct ring *r = &self->r;
	int a = t_make_lock(s), b = t_make_lock(s);
	struct kshare_cmd cmd = t_owned(KSHARE_OP_LOCK_ACQUIRE, a, 8);
	struct reply reply = {};

	EXPECT_EQ(1, t_ring_run(r, t_owned(KSHARE_OP_LOCK_ACQUIRE, a, 7)));
	EXPECT_EQ(1, t_ring_run(r, t_owned(KSHARE_OP_LOCK_ACQUIRE, b, 8)));
	EXPECT_EQ(1, t_ring_begin(r, t_owned(KSHARE_OP_LOCK_ACQUIRE, b, 7), 7));
	t_until_waiters(s, b, 1);
	cmd.flags = KSHARE_DETECT;
	cmd.out = (uintptr_t)&reply;
	cmd.out_len = sizeof(reply);
	EXPECT_EQ(-EDEADLK, t_ring_run(r, cmd));
	EXPECT_EQ(4, reply.head.count);
	EXPECT_EQ(getpid(), reply.values[1].i);
	EXPECT_EQ(0, t_raw(s, t_owned(KSHARE_OP_LOCK_RELEASE, b, 8)));
	EXPECT_EQ(1, t_reap(r).res);
}

TEST_F(uring, any_and_all_write_the_results_of_each)
{
	struct side *s = &self->s;
	struct ring *r = &self->r;
	int q[2] = { t_make_queue(s), t_make_queue(s) };
	struct kshare_cmd cmds[2] = { t_get(q[0]), t_get(q[1]) };
	struct kshare_cmd cmd = t_valued(KSHARE_OP_WAIT_ANY, 0, t_bytes(cmds, sizeof(cmds)));
	static struct reply replies[3];
	int i;

	memset(replies, 0, sizeof(replies));
	for (i = 0; i < 2; i++) {
		cmds[i].out = (uintptr_t)&replies[i];
		cmds[i].out_len = sizeof(replies[i]);
	}
	cmd.out = (uintptr_t)&replies[2];
	cmd.out_len = sizeof(replies[2]);
	EXPECT_EQ(1, t_ring_begin(r, cmd, 1));
	t_until_waiters(s, q[1], 1);
	EXPECT_EQ(0, t_raw(s, t_valued(KSHARE_OP_QUEUE_PUT, q[1], t_int(11))));
	EXPECT_EQ(1, t_reap(r).res);
	EXPECT_EQ(1, replies[2].head.number);
	EXPECT_EQ(11, replies[1].values[0].i);
	EXPECT_EQ(0, replies[0].head.count);
	EXPECT_EQ(0, t_waiting(s));

	cmd.op = KSHARE_OP_WAIT_ALL;
	EXPECT_EQ(1, t_ring_begin(r, cmd, 1));
	t_until_waiters(s, q[0], 1);
	EXPECT_EQ(0, t_raw(s, t_valued(KSHARE_OP_QUEUE_PUT, q[1], t_int(21))));
	EXPECT_TRUE(t_none_reaped(r));
	EXPECT_EQ(0, t_raw(s, t_valued(KSHARE_OP_QUEUE_PUT, q[0], t_int(20))));
	EXPECT_EQ(0, t_reap(r).res);
	EXPECT_EQ(2, replies[2].head.count);
	EXPECT_EQ(1, replies[2].values[0].i);
	EXPECT_EQ(20, replies[0].values[0].i);
	EXPECT_EQ(21, replies[1].values[0].i);
}

/* What is left in other lines stays there until the ring is asked, with DEFER_TASKRUN. */
TEST_F(uring, any_that_is_over_takes_nothing_more)
{
	struct side *s = &self->s;
	int e = t_make_event(s), l = t_make_lock(s), ready[2];
	struct kshare_cmd cmds[2] = { t_event_wait(e), t_lock_acquire(l) };
	struct kshare_cmd next = t_owned(KSHARE_OP_LOCK_ACQUIRE, l, T_OWNER + 1);
	pid_t pid;

	ASSERT_EQ(0, pipe(ready));
	pid = t_fork_off(s, &self->r);
	if (!pid) {
		t_raw(s, t_owned(KSHARE_OP_LOCK_ACQUIRE, l, 1));
		t_tell(ready[1]);
		pause();
		_exit(1);
	}
	t_hear(ready[0]);
	EXPECT_EQ(1, t_ring_begin(&self->r, t_valued(KSHARE_OP_WAIT_ANY, 0,
						     t_bytes(cmds, sizeof(cmds))), 1));
	t_until_waiters(s, l, 1);
	t_event_set(s, e);
	kill(pid, SIGKILL);
	EXPECT_EQ(1000 + SIGKILL, t_wait(pid));
	next.flags = KSHARE_NOWAIT;
	EXPECT_EQ(1, t_raw(s, next));
	EXPECT_EQ(0, t_reap(&self->r).res);
	close(ready[0]);
	close(ready[1]);
}

TEST_F(uring, after_a_timeout_the_lock_of_a_condition_is_held_again)
{
	struct side *s = &self->s;
	struct ring *r = &self->r;
	int c = t_make_condition(s);
	struct kshare_cmd cmd = t_condition_wait(c);
	struct kshare_cmd hold = t_owned(KSHARE_OP_LOCK_ACQUIRE, t_second, T_HOLDER);
	struct kshare_stat before, stat;
	struct kshare_result head = {};
	int64_t ns = 30000000;
	int ret;

	t_condition_before(s, c);
	cmd.out = (uintptr_t)&head;
	cmd.out_len = sizeof(head);
	hold.flags = KSHARE_NOWAIT;
	/* It is let go, and not free when the time is over: with more if that is too early. */
	for (;; ns *= 2) {
		ASSERT_EQ(0, t_stat(s, t_second, &before));
		cmd.deadline = t_now() + ns;
		EXPECT_EQ(1, t_ring_begin(r, cmd, 1));
		do {
			ret = t_raw(s, hold);
		} while (ret == -EAGAIN && t_now() < cmd.deadline);
		if (ret != -EAGAIN)
			break;
		EXPECT_EQ(-ETIMEDOUT, t_reap(r).res);
	}
	EXPECT_EQ(1, ret);
	t_until_waiters(s, c, 0);
	EXPECT_LE(cmd.deadline, t_now());
	EXPECT_TRUE(t_none_reaped(r));
	t_lock_drop(s, t_second);
	EXPECT_EQ(-ETIMEDOUT, t_reap(r).res);
	ASSERT_EQ(0, t_stat(s, t_second, &stat));
	EXPECT_EQ(T_OWNER, stat.owner);
	EXPECT_EQ(before.token + 2, head.number);
	EXPECT_EQ(0, t_ring_run(r, t_owned(KSHARE_OP_LOCK_RELEASE, t_second, T_OWNER)));
	t_unmake(s, c);
}

TEST_F(uring, all_parties_of_a_barrier_may_wait_on_one_ring)
{
	struct side *s = &self->s;
	struct ring *r = &self->r;
	int i, b, seen = 0, n = t_most(s->fd, 8);

	b = t_create_elem(s, KSHARE_TYPE_BARRIER, 0, n);
	for (i = 0; i < n; i++) {
		EXPECT_EQ(1, t_ring_begin(r, t_barrier_wait(b), i));
		if (i < n - 1)
			t_until_waiters(s, b, i + 1);
	}
	for (i = 0; i < n; i++) {
		struct done done = t_reap(r);

		EXPECT_EQ(done.data, done.res);
		seen |= 1 << done.res;
	}
	EXPECT_EQ((1 << n) - 1, seen);
}

TEST_F(uring, a_lease_that_was_waited_for_is_acknowledged_or_comes_back)
{
	struct side *s = &self->s;
	struct ring *r = &self->r;
	int q = t_make_queue(s);
	struct kshare_cmd cmd = t_lease(q);
	struct reply reply = {};
	int taken;

	cmd.out = (uintptr_t)&reply;
	cmd.out_len = sizeof(reply);
	for (taken = 1; taken <= 2; taken++) {
		if (taken == 1) {
			EXPECT_EQ(1, t_ring_begin(r, cmd, 1));
			t_until_waiters(s, q, 1);
			t_queue_put(s, q);
			EXPECT_EQ(taken, t_reap(r).res);
		} else {
			EXPECT_EQ(taken, t_ring_run(r, cmd));
		}
		EXPECT_EQ(5, reply.values[0].i);
		EXPECT_EQ(0, t_ring_run(r, t_owned(taken == 1 ? KSHARE_OP_QUEUE_NACK :
						   KSHARE_OP_QUEUE_ACK, q, reply.head.number)));
	}
	EXPECT_EQ(0, t_ring_run(r, t_join(q)));
}

TEST_F(uring, no_more_wait_than_the_limit_allows)
{
	struct kshare_cmd limit = t_cmd(KSHARE_OP_DOMAIN_LIMIT, 1);
	struct side *s = &self->s;
	struct ring *r = &self->r;
	int e = t_make_event(s);

	limit.nr = KSHARE_LIMIT_WAITERS;
	limit.value = t_uint(2);
	ASSERT_EQ(0, t_raw(s, limit));
	EXPECT_EQ(1, t_ring_begin(r, t_event_wait(e), 1));
	EXPECT_EQ(1, t_ring_begin(r, t_event_wait(e), 2));
	t_until_waiters(s, e, 2);
	EXPECT_EQ(1, t_ring_begin(r, t_event_wait(e), 3));
	EXPECT_EQ(-EDQUOT, t_reap(r).res);
	t_event_set(s, e);
	EXPECT_EQ(0, t_reap(r).res);
	EXPECT_EQ(0, t_reap(r).res);
}

TEST_HARNESS_MAIN
