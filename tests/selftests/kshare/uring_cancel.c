// SPDX-License-Identifier: GPL-2.0
/* Commands that wait on a ring, and are cancelled by their tag. */
#define T_ALL_RINGS
#include "uring_test.h"

static struct kshare_cmd cancel(uint64_t tag)
{
	struct kshare_cmd cmd = t_cmd(KSHARE_OP_CANCEL, 0);

	cmd.key = t_uint(tag);
	return cmd;
}

/* Both of what was begun and what was cancelled are on one ring: in any order. */
static int reap_two(struct ring *r, uint64_t which)
{
	struct done a = t_reap(r), b = t_reap(r);

	if (a.data == b.data)
		return INT32_MIN;
	return a.data == which ? a.res : b.res;
}

TEST_F(uring, each_command_is_found_from_the_ring_and_by_ioctl)
{
	struct side *s = &self->s;
	struct ring *r = &self->r;
	const struct t_case *c;
	int by_ring;

	t_for_each_case(c) {
		for (by_ring = 0; by_ring < 2; by_ring++) {
			int h = c->make(s);
			struct kshare_cmd cmd;

			c->block(s, h);
			c->before(s, h);
			cmd = c->cmd(h);
			cmd.tag = 77;
			EXPECT_EQ(1, t_ring_begin(r, cmd, 1));
			t_until_waiters(s, h, 1);
			EXPECT_EQ(-ENOENT, t_raw(s, cancel(78)));
			if (by_ring) {
				EXPECT_EQ(1, t_ring_begin(r, cancel(77), 2));
				T_EXPECT(c, -ECANCELED, reap_two(r, 1));
			} else {
				T_EXPECT(c, 1, t_raw(s, cancel(77)));
				T_EXPECT(c, -ECANCELED, t_reap(r).res);
			}
			EXPECT_EQ(-ENOENT, t_raw(s, cancel(77)));
			T_EXPECT(c, 0, t_waiting(s));
			t_unmake(s, h);
		}
	}
}

TEST_F(uring, a_tag_is_of_as_many_as_carry_it)
{
	struct side *s = &self->s;
	struct ring *r = &self->r;
	int i, e = t_make_event(s), canceled = 0, each = t_parks(s->fd) ? 10 : 1;
	struct kshare_cmd cmd = t_event_wait(e);

	for (i = 0; i < 3 * each; i++) {
		cmd.tag = 1 + i % 3;
		EXPECT_EQ(1, t_ring_begin(r, cmd, cmd.tag));
	}
	t_until_waiters(s, e, 3 * each);
	EXPECT_EQ(each, t_raw(s, cancel(2)));
	for (i = 0; i < each; i++) {
		struct done done = t_reap(r);

		EXPECT_EQ(2, done.data);
		canceled += done.res == -ECANCELED;
	}
	EXPECT_EQ(each, canceled);
	EXPECT_TRUE(t_none_reaped(r));
	EXPECT_EQ(each, t_raw(s, cancel(3)));
	EXPECT_EQ(-EINVAL, t_raw(s, cancel(0)));
	t_event_set(s, e);
	for (i = 0; i < 2 * each; i++) {
		struct done done = t_reap(r);

		EXPECT_EQ(done.data == 3 ? -ECANCELED : 0, done.res);
	}
	EXPECT_EQ(-ENOENT, t_raw(s, cancel(1)));
}

struct sleeper {
	struct side s;
	struct kshare_cmd cmd;
	int ret;
};

static void *sleep_thread(void *arg)
{
	struct sleeper *t = arg;

	t->ret = t_raw(&t->s, t->cmd);
	return NULL;
}

TEST_F(uring, threads_that_sleep_are_cancelled_from_a_ring)
{
	static struct sleeper t;
	struct side *s = &self->s;
	struct ring *r = &self->r;
	pthread_t thread;

	t.s.fd = s->fd;
	t.cmd = t_event_wait(t_make_event(s));
	t.cmd.tag = 5;
	ASSERT_EQ(0, pthread_create(&thread, NULL, sleep_thread, &t));
	t_until_waiters(s, t.cmd.handle, 1);
	EXPECT_EQ(1, t_ring_run(r, cancel(5)));
	pthread_join(thread, NULL);
	EXPECT_EQ(-ECANCELED, t.ret);
}

static void *cancel_thread(void *arg)
{
	struct sleeper *t = arg;

	t->ret = t_raw(&t->s, cancel(t->cmd.tag));
	return NULL;
}

TEST_F(uring, another_thread_cancels_what_this_one_waits_for)
{
	static struct sleeper t;
	struct side *s = &self->s;
	struct ring *r = &self->r;
	struct kshare_cmd cmd = t_event_wait(t_make_event(s));
	pthread_t thread;

	t.s.fd = s->fd;
	cmd.tag = 6;
	t.cmd.tag = 6;
	EXPECT_EQ(1, t_ring_begin(r, cmd, 1));
	t_until_waiters(s, cmd.handle, 1);
	ASSERT_EQ(0, pthread_create(&thread, NULL, cancel_thread, &t));
	EXPECT_EQ(-ECANCELED, t_reap(r).res);
	pthread_join(thread, NULL);
	EXPECT_EQ(1, t.ret);
}

TEST_F(uring, another_client_has_other_tags)
{
	struct side *s = &self->s;
	struct ring *r = &self->r;
	struct kshare_cmd cmd = t_event_wait(t_make_event(s));
	pid_t pid;

	cmd.tag = 6;
	EXPECT_EQ(1, t_ring_begin(r, cmd, 1));
	t_until_waiters(s, cmd.handle, 1);
	pid = t_fork(s);
	if (!pid)
		_exit(t_raw(s, cancel(6)) != -ENOENT);
	EXPECT_EQ(0, t_wait(pid));
	EXPECT_TRUE(t_none_reaped(r));
	EXPECT_EQ(1, t_raw(s, cancel(6)));
	EXPECT_EQ(-ECANCELED, t_reap(r).res);
}

TEST_F(uring, who_stood_behind_moves_up)
{
	struct side *s = &self->s;
	struct ring *r = &self->r;
	int sem = t_create_elem(s, KSHARE_TYPE_SEMAPHORE, 0, 2);
	struct kshare_cmd cmd = t_semaphore_acquire(sem);

	EXPECT_EQ(0, t_ring_run(r, cmd));
	/* Two are not there; and one must not overtake. */
	cmd.nr = 2;
	cmd.tag = 2;
	EXPECT_EQ(1, t_ring_begin(r, cmd, 2));
	t_until_waiters(s, sem, 1);
	cmd.nr = 1;
	cmd.tag = 1;
	EXPECT_EQ(1, t_ring_begin(r, cmd, 1));
	t_until_waiters(s, sem, 2);
	EXPECT_TRUE(t_none_reaped(r));
	EXPECT_EQ(1, t_raw(s, cancel(2)));
	EXPECT_EQ(0, reap_two(r, 1));
}

TEST_F(uring, the_lock_of_a_condition_is_held_again)
{
	struct side *s = &self->s;
	struct ring *r = &self->r;
	int c = t_make_condition(s);
	struct kshare_cmd cmd = t_condition_wait(c);
	struct kshare_result head = {};
	struct kshare_stat stat;

	t_condition_before(s, c);
	cmd.tag = 9;
	cmd.out = (uintptr_t)&head;
	cmd.out_len = sizeof(head);
	EXPECT_EQ(1, t_ring_begin(r, cmd, 1));
	t_until_waiters(s, c, 1);
	t_lock_hold(s, t_second);
	EXPECT_EQ(1, t_raw(s, cancel(9)));
	EXPECT_TRUE(t_none_reaped(r));
	t_lock_drop(s, t_second);
	EXPECT_EQ(-ECANCELED, t_reap(r).res);
	ASSERT_EQ(0, t_stat(s, t_second, &stat));
	EXPECT_EQ(T_OWNER, stat.owner);
	EXPECT_EQ(stat.token, head.number);
	t_unmake(s, c);
}

/* io_uring's own: not for drivers, but where it is a worker that waits, by a signal. */
TEST_F(uring, io_urings_own_cancellation)
{
	struct side *s = &self->s;
	struct ring *r = &self->r;
	struct kshare_cmd cmd = t_event_wait(t_make_event(s));
	struct io_uring_sqe *sqe;
	int i;

	if (r->flags & IORING_SETUP_SQPOLL)
		SKIP(return, "cancelled by another thread");
	EXPECT_EQ(1, t_ring_begin(r, cmd, 1));
	t_until_waiters(s, cmd.handle, 1);
	sqe = io_uring_get_sqe(&r->u);
	io_uring_prep_cancel64(sqe, 1, 0);
	sqe->user_data = 2;
	EXPECT_EQ(1, t_submit(r));
	if (t_parks(s->fd)) {
		EXPECT_GT(0, t_reap(r).res);
		t_event_set(s, cmd.handle);
		EXPECT_EQ(0, t_reap(r).res);
		return;
	}
	for (i = 0; i < 2; i++) {
		struct done done = t_reap(r);

		if (done.data == 1)
			EXPECT_EQ(-ECANCELED, done.res);
	}
}

TEST_HARNESS_MAIN
