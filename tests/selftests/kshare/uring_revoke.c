// SPDX-License-Identifier: GPL-2.0
/*
 * REVOKE ends every kind of wait that came by way of what is revoked, on a ring and
 * in a thread, and those that came by another way go on.
 */
#define T_ALL_RINGS
#include "uring_test.h"
#include "passing_test.h"

/* What t_second is, by way of what is revoked or not; the cases name it themselves. */
static void swap_second(int *other)
{
	int h = t_second;

	t_second = *other;
	*other = h;
}

static bool of_two(const struct t_case *c)
{
	return c->cmd == t_wait_any || c->cmd == t_wait_all;
}

/* Who waited for a condition has its lock again. */
static void go_without(struct side *s, const struct t_case *c)
{
	if (c->cmd == t_condition_wait)
		t_raw(s, t_owned(KSHARE_OP_LOCK_RELEASE, t_second, T_OWNER));
}

/* Blocks what is waited for, until it is told to grant it. */
static pid_t granter(struct side *s, const struct t_case *c, int h, int *ready, int *go)
{
	pid_t pid = t_fork(s);

	if (pid)
		return pid;
	c->block(s, h);
	t_tell(ready[1]);
	t_hear(go[0]);
	c->grant(s, h);
	_exit(0);
}

TEST_F(uring, each_wait_on_a_ring_ends_and_those_behind_it_go_on)
{
	struct side *s = &self->s;
	struct ring *r = &self->r;
	const struct t_case *c;

	t_for_each_case(c) {
		int ready[2], go[2], h = c->make(s), g = t_revocable(s, h);
		struct done done;
		pid_t pid;

		ASSERT_LT(0, g);
		ASSERT_EQ(0, pipe(ready) | pipe(go));
		pid = granter(s, c, h, ready, go);
		t_hear(ready[0]);
		c->before(s, h);
		T_EXPECT(c, 1, t_ring_begin(r, c->cmd(g), 1));
		t_until_waiters(s, h, 1);
		/* The command with which it would come to two parties is the other's. */
		if (c->cmd != t_barrier_wait) {
			c->before(s, h);
			T_EXPECT(c, 1, t_ring_begin(r, c->cmd(h), 2));
			t_until_waiters(s, h, 2);
		}
		EXPECT_TRUE(t_none_reaped(r));
		T_EXPECT(c, 0, t_revoke(s, g));
		done = t_reap(r);
		T_EXPECT(c, 1, done.data);
		T_EXPECT(c, -ESTALE, done.res);
		EXPECT_TRUE(t_none_reaped(r));
		go_without(s, c);
		if (c->cmd == t_barrier_wait)
			T_EXPECT(c, 1, t_ring_begin(r, c->cmd(h), 2));
		t_until_waiters(s, h, 1);
		t_tell(go[1]);
		done = t_reap(r);
		T_EXPECT(c, 2, done.data);
		T_EXPECT(c, c->want, done.res);
		EXPECT_EQ(0, t_wait(pid));
		T_EXPECT(c, 0, t_waiting(s));
		t_close(s, g);
		t_unmake(s, h);
		close(ready[0]);
		close(ready[1]);
		close(go[0]);
		close(go[1]);
	}
}

TEST_F(uring, each_wait_of_a_thread_ends_and_those_behind_it_go_on)
{
	struct side *s = &self->s;
	const struct t_case *c;

	t_for_each_case(c) {
		int ready[2], go[2], h = c->make(s), g = t_revocable(s, h);
		static struct t_thread cut, stays;
		pid_t pid;

		ASSERT_EQ(0, pipe(ready) | pipe(go));
		pid = granter(s, c, h, ready, go);
		t_hear(ready[0]);
		c->before(s, h);
		t_begin(s, &cut, c->cmd(g), false);
		t_until_waiters(s, h, 1);
		if (c->cmd != t_barrier_wait) {
			c->before(s, h);
			t_begin(s, &stays, c->cmd(h), false);
			t_until_waiters(s, h, 2);
		}
		T_EXPECT(c, 0, t_revoke(s, g));
		T_EXPECT(c, -ESTALE, t_end(&cut));
		go_without(s, c);
		if (c->cmd == t_barrier_wait)
			t_begin(s, &stays, c->cmd(h), false);
		t_until_waiters(s, h, 1);
		t_tell(go[1]);
		T_EXPECT(c, c->want, t_end(&stays));
		EXPECT_EQ(0, t_wait(pid));
		T_EXPECT(c, 0, t_waiting(s));
		t_close(s, g);
		t_unmake(s, h);
		close(ready[0]);
		close(ready[1]);
		close(go[0]);
		close(go[1]);
	}
}

/* A group ends with any of those that it waits for. */
TEST_F(uring, a_group_ends_with_one_of_its_objects)
{
	struct side *s = &self->s;
	struct ring *r = &self->r;
	const struct t_case *c;

	t_for_each_case(c) {
		int h, g, other;
		struct done done;

		if (!of_two(c))
			continue;
		h = c->make(s);
		g = t_revocable(s, t_second);
		other = g;
		swap_second(&other);
		T_EXPECT(c, 1, t_ring_begin(r, c->cmd(h), 1));
		t_until_waiters(s, h, 1);
		swap_second(&other);
		EXPECT_EQ(0, t_revoke(s, g));
		done = t_reap(r);
		T_EXPECT(c, -ESTALE, done.res);
		T_EXPECT(c, 0, t_waiting(s));
		/* Nothing was taken: neither is what comes now. */
		c->grant(s, h);
		EXPECT_EQ(1, t_raw(s, t_get(t_second)));
		t_close(s, g);
		t_unmake(s, h);
	}
}

/* Who comes after it, at once or not, is told the same. */
TEST_F(uring, nobody_begins_to_wait_after_it)
{
	struct side *s = &self->s;
	struct ring *r = &self->r;
	const struct t_case *c;

	t_for_each_case(c) {
		int h = c->make(s), g = t_revocable(s, h);

		EXPECT_EQ(0, t_revoke(s, g));
		T_EXPECT(c, -ESTALE, t_ring_run(r, c->cmd(g)));
		T_EXPECT(c, 0, t_waiting(s));
		t_close(s, g);
		t_unmake(s, h);
	}
}

/* Those who would have been let go by one that is cut off, and stood behind it. */
TEST_F(uring, what_one_held_up_goes_on_at_once)
{
	struct side *s = &self->s;
	struct ring *r = &self->r;
	int l = t_create(s, KSHARE_TYPE_RWLOCK), gl = t_revocable(s, l);
	int sem = t_create_elem(s, KSHARE_TYPE_SEMAPHORE, 0, 1), gs = t_revocable(s, sem);
	struct kshare_cmd cmd;

	/* One that wants it alone, before one that shares it as the holder does */
	cmd = t_rwlock_share(l);
	cmd.key = t_uint(T_HOLDER);
	EXPECT_EQ(0, t_raw(s, cmd));
	EXPECT_EQ(1, t_ring_begin(r, t_rwlock_acquire(gl), 1));
	t_until_waiters(s, l, 1);
	cmd.key = t_uint(9);
	EXPECT_EQ(1, t_ring_begin(r, cmd, 2));
	t_until_waiters(s, l, 2);
	EXPECT_EQ(0, t_revoke(s, gl));
	EXPECT_EQ(-ESTALE + 0, t_reap(r).res + t_reap(r).res);
	/* And one that wants more permits than there are */
	cmd = t_semaphore_acquire(gs);
	cmd.nr = 2;
	EXPECT_EQ(1, t_ring_begin(r, cmd, 1));
	t_until_waiters(s, sem, 1);
	EXPECT_EQ(1, t_ring_begin(r, t_semaphore_acquire(sem), 2));
	t_until_waiters(s, sem, 2);
	EXPECT_EQ(0, t_revoke(s, gs));
	EXPECT_EQ(-ESTALE + 0, t_reap(r).res + t_reap(r).res);
}

TEST_HARNESS_MAIN
