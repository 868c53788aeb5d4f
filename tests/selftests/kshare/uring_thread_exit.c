// SPDX-License-Identifier: GPL-2.0
/* The thread that submitted a command ends while it waits, and the process does not. */
#define T_ALL_RINGS
#include "uring_test.h"

struct submitter {
	struct side *s;
	const struct t_case *c;
	int h;
	unsigned int flags;
	struct ring r;
	int ret;
};

/* The ring is its own too, since some are used by one thread only. */
static void *submit(void *arg)
{
	struct submitter *t = arg;

	t->ret = t_ring(&t->r, t->s->fd, 8, t->flags);
	if (t->ret)
		return NULL;
	t->ret = t_ring_begin(&t->r, t->c->cmd(t->h), 1);
	t_until_waiters(t->s, t->h, 1);
	return NULL;
}

/* A thread that submits the command and ends; its ring is in @t. */
static int submit_and_end(struct submitter *t, struct side *s, const struct t_case *c, int h,
			  unsigned int flags)
{
	pthread_t thread;

	*t = (struct submitter){ s, c, h, flags };
	if (pthread_create(&thread, NULL, submit, t))
		return -1;
	pthread_join(thread, NULL);
	return t->ret;
}

/* Those of which something is handed over that only one can have. */
static bool takes(const struct t_case *c)
{
	return c->cmd == t_lock_acquire || c->cmd == t_rwlock_acquire ||
	       c->cmd == t_semaphore_acquire || c->cmd == t_get || c->cmd == t_lease ||
	       c->cmd == t_get_many || c->cmd == t_wait_any || c->cmd == t_wait_to_serve;
}

TEST_F(uring, what_it_would_get_goes_to_the_next)
{
	static struct submitter t;
	struct side *s = &self->s;
	const struct t_case *c;

	if (variant->flags & IORING_SETUP_SQPOLL)
		SKIP(return, "there the ring's own thread submits, which goes on");
	t_for_each_case(c) {
		int h;
		struct kshare_cmd cmd;
		struct done done;

		if (!takes(c))
			continue;
		h = c->make(s);
		c->block(s, h);
		c->before(s, h);
		ASSERT_EQ(1, submit_and_end(&t, s, c, h, variant->flags));
		/* A worker that waits for it ends with the thread. */
		t_until_waiters(s, h, t_parks(s->fd));
		cmd = c->cmd(h);
		if (cmd.key.type)
			cmd.key = t_uint(T_OWNER + 1);
		cmd.deadline = t_now() + T_LONG;
		EXPECT_EQ(1, t_ring_begin(&self->r, cmd, 2));
		/* It waits already where it is parked, and the first may be dropped by then. */
		if (!t_parks(s->fd))
			t_until_waiters(s, h, 1);
		c->grant(s, h);
		T_EXPECT(c, c->want, t_reap(&self->r).res);
		/* Nobody can ask for it where only the thread that ended may. */
		if (!(variant->flags & IORING_SETUP_DEFER_TASKRUN)) {
			done = t_reap(&t.r);
			EXPECT_EQ(1, done.data);
			T_EXPECT(c, -ECANCELED, done.res);
		}
		t_ring_exit(&t.r);
		EXPECT_TRUE(t_until_waiting(s, 0));
		t_unmake(s, h);
	}
}

static void *submit_and_grant(void *arg)
{
	struct submitter *t = arg;

	submit(t);
	if (t->ret == 1)
		t->c->grant(t->s, t->h);
	return NULL;
}

/* It was handed over, but the thread that might have asked for it did not. */
TEST_F(uring, what_it_was_given_and_did_not_take_goes_to_the_next)
{
	static struct submitter t;
	struct side *s = &self->s;
	const struct t_case *c;
	pthread_t thread;

	if (!(variant->flags & IORING_SETUP_DEFER_TASKRUN) || !t_parks(s->fd))
		SKIP(return, "it takes it at once");
	t_for_each_case(c) {
		struct kshare_cmd cmd;
		int h;

		if (!takes(c))
			continue;
		h = c->make(s);
		c->block(s, h);
		c->before(s, h);
		t = (struct submitter){ s, c, h, variant->flags };
		ASSERT_EQ(0, pthread_create(&thread, NULL, submit_and_grant, &t));
		pthread_join(thread, NULL);
		ASSERT_EQ(1, t.ret);
		cmd = c->cmd(h);
		if (cmd.key.type)
			cmd.key = t_uint(T_OWNER + 1);
		cmd.deadline = t_now() + T_LONG;
		EXPECT_EQ(1, t_ring_begin(&self->r, cmd, 2));
		t_ring_exit(&t.r);
		/* It is not told that it was taken before. */
		T_EXPECT(c, c->want, t_reap(&self->r).res);
		EXPECT_TRUE(t_until_waiting(s, 0));
		t_unmake(s, h);
	}
}

/* Either it is canceled and nothing is in the queue, or it is not. */
TEST_F(uring, a_message_is_put_or_the_command_is_canceled)
{
	static struct submitter t;
	struct side *s = &self->s;
	const struct t_case *c;

	if (variant->flags & (IORING_SETUP_SQPOLL | IORING_SETUP_DEFER_TASKRUN))
		SKIP(return, "its result cannot be seen, or it goes on");
	t_for_each_case(c) {
		struct kshare_stat stat;
		struct done done;
		int h;

		if (c->cmd != t_put && c->cmd != t_put_many)
			continue;
		h = c->make(s);
		c->block(s, h);
		ASSERT_EQ(1, submit_and_end(&t, s, c, h, variant->flags));
		t_until_waiters(s, h, t_parks(s->fd));
		c->grant(s, h);
		done = t_reap(&t.r);
		ASSERT_EQ(0, t_stat(s, h, &stat));
		T_EXPECT(c, done.res ? 0 : 1, stat.length);
		t_ring_exit(&t.r);
		t_unmake(s, h);
	}
}

TEST_F(uring, each_command_ends_with_the_ring_at_last)
{
	static struct submitter t;
	struct side *s = &self->s;
	const struct t_case *c;

	t_for_each_case(c) {
		int h = c->make(s);

		c->block(s, h);
		c->before(s, h);
		ASSERT_EQ(1, submit_and_end(&t, s, c, h, variant->flags));
		t_ring_exit(&t.r);
		EXPECT_TRUE(t_until_waiting(s, 0));
		t_unmake(s, h);
	}
}

TEST_HARNESS_MAIN
