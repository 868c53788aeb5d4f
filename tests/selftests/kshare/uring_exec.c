// SPDX-License-Identifier: GPL-2.0
/* A process executes another program while its commands wait on a ring. */
#define T_ALL_RINGS
#include "uring_test.h"

/* A child that executes /bin/true while its command waits. */
static pid_t executing_child(struct side *s, struct ring *r, unsigned int flags,
			     const struct t_case *c, int h)
{
	pid_t pid = t_fork_off(s, r);
	struct ring mine;

	if (pid)
		return pid;
	if (t_ring(&mine, s->fd, 8, flags))
		_exit(1);
	c->before(s, h);
	t_ring_begin(&mine, c->cmd(h), 1);
	t_until_waiters(s, h, 1);
	execl("/bin/true", "true", NULL);
	_exit(2);
}

TEST_F(uring, each_command_ends_and_takes_nothing)
{
	struct side *s = &self->s;
	const struct t_case *c;

	t_for_each_case(c) {
		int h = c->make(s);

		c->block(s, h);
		EXPECT_EQ(0, t_wait(executing_child(s, &self->r, variant->flags, c, h)));
		T_EXPECT(c, 0, t_waiting(s));
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

/* The descriptor of the ring survives, and the program runs on. */
TEST_F(uring, it_does_not_wait_for_the_end_of_the_new_program)
{
	struct side *s = &self->s;
	int out[2], in[2], q = t_make_queue(s);
	pid_t pid;
	char c;

	ASSERT_EQ(0, pipe2(out, O_CLOEXEC) | pipe2(in, O_CLOEXEC));
	pid = t_fork_off(s, &self->r);
	if (!pid) {
		struct ring mine;

		if (t_ring(&mine, s->fd, 8, variant->flags))
			_exit(1);
		fcntl(mine.u.ring_fd, F_SETFD, 0);
		fcntl(s->fd, F_SETFD, 0);
		t_ring_begin(&mine, t_get(q), 1);
		t_until_waiters(s, q, 1);
		if (dup2(in[0], 0) || dup2(out[1], 1) != 1)
			_exit(2);
		execl("/bin/cat", "cat", NULL);
		_exit(3);
	}
	/* It is another program when it answers. */
	t_tell(in[1]);
	ASSERT_EQ(1, read(out[0], &c, 1));
	EXPECT_EQ(0, t_waiting(s));
	t_queue_put(s, q);
	EXPECT_EQ(1, t_ring_run(&self->r, t_get(q)));
	close(in[1]);
	EXPECT_EQ(0, t_wait(pid));
	close(in[0]);
	close(out[0]);
	close(out[1]);
}

TEST_F(uring, many_commands_on_several_rings)
{
	struct side *s = &self->s;
	int i, e = t_make_event(s), n = t_most(s->fd, 80);
	pid_t pid;

	pid = t_fork_off(s, &self->r);
	if (!pid) {
		struct ring mine[4];

		for (i = 0; i < 4; i++)
			if (t_ring(&mine[i], s->fd, 64, variant->flags))
				_exit(1);
		for (i = 0; i < n; i++)
			t_ring_begin(&mine[i % 4], t_event_wait(e), i);
		t_until_waiters(s, e, n);
		execl("/bin/true", "true", NULL);
		_exit(2);
	}
	EXPECT_EQ(0, t_wait(pid));
	EXPECT_EQ(0, t_waiting(s));
}

TEST_HARNESS_MAIN
