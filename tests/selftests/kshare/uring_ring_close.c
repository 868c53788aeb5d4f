// SPDX-License-Identifier: GPL-2.0
/* A ring is closed while commands wait on it: they end, and lose nothing. */
#define T_ALL_RINGS
#include "uring_test.h"

TEST_F(uring, each_command_ends_and_what_it_waited_for_goes_to_the_next)
{
	struct side *s = &self->s;
	const struct t_case *c;

	t_for_each_case(c) {
		int h = c->make(s);
		struct ring mine;

		ASSERT_EQ(0, t_ring(&mine, s->fd, 8, variant->flags));
		c->block(s, h);
		c->before(s, h);
		EXPECT_EQ(1, t_ring_begin(&mine, c->cmd(h), 1));
		t_until_waiters(s, h, 1);
		t_ring_exit(&mine);
		EXPECT_TRUE(t_until_waiting(s, 0));
		/* What comes now is for who asks. */
		c->before(s, h);
		EXPECT_EQ(1, t_ring_begin(&self->r, c->cmd(h), 2));
		t_until_waiters(s, h, 1);
		c->grant(s, h);
		T_EXPECT(c, c->want, t_reap(&self->r).res);
		t_unmake(s, h);
	}
}

TEST_F(uring, who_waits_behind_on_another_ring_moves_up)
{
	struct side *s = &self->s;
	int i, q = t_make_queue(s), n = t_most(s->fd, 20);
	struct ring mine;

	ASSERT_EQ(0, t_ring(&mine, s->fd, 64, variant->flags));
	for (i = 0; i < n; i++)
		EXPECT_EQ(1, t_ring_begin(&mine, t_get(q), i));
	t_until_waiters(s, q, n);
	EXPECT_EQ(1, t_ring_begin(&self->r, t_get(q), 100));
	t_until_waiters(s, q, n + 1);
	t_ring_exit(&mine);
	t_until_waiters(s, q, 1);
	t_queue_put(s, q);
	EXPECT_EQ(1, t_reap(&self->r).res);
	EXPECT_EQ(0, t_waiting(s));
}

/* Both the ring and the descriptor go first; then the last of them is in the ring. */
TEST_F(uring, the_descriptor_is_closed_before_the_ring)
{
	struct kshare_stat before, after;
	struct side *s = &self->s;
	int e = t_make_event(s);
	pid_t pid;

	ASSERT_EQ(0, t_stat(s, 1, &before));
	pid = t_fork_off(s, &self->r);
	if (!pid) {
		struct ring mine;
		int fds[1] = { s->fd };

		if (t_ring(&mine, s->fd, 8, variant->flags) ||
		    io_uring_register_files(&mine.u, fds, 1))
			_exit(1);
		t_ring_begin(&mine, t_event_wait(e), 1);
		t_until_waiters(s, e, 1);
		close(s->fd);
		t_ring_exit(&mine);
		_exit(0);
	}
	EXPECT_EQ(0, t_wait(pid));
	ASSERT_EQ(0, t_stat(s, 1, &after));
	EXPECT_EQ(before.clients, after.clients);
	EXPECT_TRUE(t_until_waiting(s, 0));
}

TEST_F(uring, a_ring_that_is_left_open_at_exit)
{
	struct side *s = &self->s;
	const struct t_case *c;

	t_for_each_case(c) {
		int h = c->make(s);
		pid_t pid;

		c->block(s, h);
		pid = t_fork_off(s, &self->r);
		if (!pid) {
			struct ring mine;

			if (t_ring(&mine, s->fd, 8, variant->flags))
				_exit(1);
			c->before(s, h);
			t_ring_begin(&mine, c->cmd(h), 1);
			t_until_waiters(s, h, 1);
			_exit(0);
		}
		EXPECT_EQ(0, t_wait(pid));
		T_EXPECT(c, 0, t_waiting(s));
		/* A lock that the dead had given back to wait stays free. */
		c->before(s, h);
		EXPECT_EQ(1, t_ring_begin(&self->r, c->cmd(h), 2));
		/* A barrier is broken if one of those who come to it dies. */
		if (c->cmd == t_barrier_wait) {
			EXPECT_EQ(-EOWNERDEAD, t_reap(&self->r).res);
			t_unmake(s, h);
			continue;
		}
		t_until_waiters(s, h, 1);
		c->grant(s, h);
		T_EXPECT(c, c->want, t_reap(&self->r).res);
		t_unmake(s, h);
	}
}

TEST_HARNESS_MAIN
