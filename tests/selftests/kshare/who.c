// SPDX-License-Identifier: GPL-2.0
/* WHO tells who holds and who waits; DETECT finds those who wait for themselves. */
#include "kshare_test.h"

static int who(struct side *s, int h)
{
	return t_run(s, t_cmd(KSHARE_OP_WHO, h));
}

static struct kshare_cmd command(uint32_t op, int h, uint64_t owner)
{
	struct kshare_cmd cmd = t_cmd(op, h);

	if (owner)
		cmd.key = t_uint(owner);
	return cmd;
}

/* Is that the n-th group? */
static bool is_group(struct side *s, int n, pid_t pid, uint64_t owner, int64_t number,
		     uint64_t what)
{
	struct kshare_value *v = &s->out.values[4 * n];

	return v[0].i == pid && v[1].u == owner && v[2].i == number && v[3].u == what;
}

static uint64_t id(struct side *s, int h)
{
	struct kshare_stat stat;

	return t_stat(s, h, &stat) ? 0 : stat.id;
}

TEST_F(kshare, the_holder_of_a_lock_comes_first_and_then_the_waiters)
{
	struct side *s = &self->s;
	int i, l = t_create(s, KSHARE_TYPE_RLOCK);
	pid_t pids[5];

	EXPECT_EQ(0, who(s, l));
	EXPECT_EQ(0, s->out.head.number);
	EXPECT_EQ(1, t_raw(s, command(KSHARE_OP_LOCK_ACQUIRE, l, 7)));
	EXPECT_EQ(2, t_raw(s, command(KSHARE_OP_LOCK_ACQUIRE, l, 7)));
	for (i = 0; i < 5; i++) {
		pids[i] = t_child(s, command(KSHARE_OP_LOCK_ACQUIRE, l, 10 + i));
		t_until_waiters(s, l, i + 1);
	}
	EXPECT_EQ(6, who(s, l));
	EXPECT_EQ(6, s->out.head.number);
	EXPECT_EQ(24, s->out.head.count);
	EXPECT_TRUE(is_group(s, 0, getpid(), 7, 2, 1));
	for (i = 0; i < 5; i++)
		EXPECT_TRUE(is_group(s, i + 1, pids[i], 10 + i, 0, KSHARE_OP_LOCK_ACQUIRE));
	kill(pids[2], SIGKILL);
	t_wait(pids[2]);
	EXPECT_EQ(5, who(s, l));
	EXPECT_TRUE(is_group(s, 3, pids[3], 13, 0, KSHARE_OP_LOCK_ACQUIRE));
	t_raw(s, command(KSHARE_OP_LOCK_RELEASE, l, 7));
	t_raw(s, command(KSHARE_OP_LOCK_RELEASE, l, 7));
	for (i = 0; i < 5; i++)
		if (i != 2)
			EXPECT_EQ(0, t_wait(pids[i]));
}

TEST_F(kshare, all_that_share_a_rwlock_are_told)
{
	struct side *s = &self->s;
	int l = t_create(s, KSHARE_TYPE_RWLOCK);
	struct kshare_cmd cmd = command(KSHARE_OP_RWLOCK_ACQUIRE, l, 1);
	pid_t pid;

	EXPECT_EQ(0, t_raw(s, cmd));
	EXPECT_EQ(1, who(s, l));
	EXPECT_TRUE(is_group(s, 0, getpid(), 1, 1, 1));
	EXPECT_EQ(0, t_raw(s, command(KSHARE_OP_RWLOCK_DOWNGRADE, l, 1)));
	cmd.flags = KSHARE_SHARED;
	EXPECT_EQ(0, t_raw(s, cmd));
	cmd.key = t_uint(2);
	EXPECT_EQ(0, t_raw(s, cmd));
	pid = t_child(s, command(KSHARE_OP_RWLOCK_ACQUIRE, l, 3));
	t_until_waiters(s, l, 1);
	EXPECT_EQ(3, who(s, l));
	EXPECT_TRUE(is_group(s, 0, getpid(), 1, 2, 0));
	EXPECT_TRUE(is_group(s, 1, getpid(), 2, 1, 0));
	EXPECT_TRUE(is_group(s, 2, pid, 3, 0, KSHARE_OP_RWLOCK_ACQUIRE));
	kill(pid, SIGKILL);
	t_wait(pid);
}

TEST_F(kshare, permits_leases_and_parties_are_told)
{
	struct side *s = &self->s;
	int sem = t_create_elem(s, KSHARE_TYPE_SEMAPHORE, 0, 5);
	int q = t_create_elem(s, KSHARE_TYPE_QUEUE, 0, 3), b, i;
	struct kshare_cmd cmd = t_cmd(KSHARE_OP_SEMAPHORE_ACQUIRE, sem);
	pid_t pids[3];

	b = t_create_elem(s, KSHARE_TYPE_BARRIER, 0, 3);
	cmd.nr = 4;
	EXPECT_EQ(0, t_raw(s, cmd));
	pids[0] = t_child(s, cmd);
	t_until_waiters(s, sem, 1);
	EXPECT_EQ(2, who(s, sem));
	EXPECT_TRUE(is_group(s, 0, getpid(), 0, 4, 0));
	EXPECT_TRUE(is_group(s, 1, pids[0], 0, 0, KSHARE_OP_SEMAPHORE_ACQUIRE));
	kill(pids[0], SIGKILL);
	t_wait(pids[0]);

	for (i = 0; i < 2; i++) {
		t_raw(s, t_cmd(KSHARE_OP_QUEUE_PUT, q));
		cmd = t_cmd(KSHARE_OP_QUEUE_GET, q);
		cmd.flags = KSHARE_LEASE;
		EXPECT_EQ(1, t_raw(s, cmd));
	}
	pids[0] = t_child(s, t_cmd(KSHARE_OP_QUEUE_GET, q));
	pids[1] = t_child(s, t_cmd(KSHARE_OP_QUEUE_JOIN, q));
	t_until_waiters(s, q, 2);
	EXPECT_EQ(3, who(s, q));
	EXPECT_TRUE(is_group(s, 0, getpid(), 0, 2, 0));
	EXPECT_TRUE(is_group(s, 1, pids[0], 0, 0, KSHARE_OP_QUEUE_GET));
	EXPECT_TRUE(is_group(s, 2, pids[1], 0, 0, KSHARE_OP_QUEUE_JOIN));
	for (i = 0; i < 2; i++) {
		kill(pids[i], SIGKILL);
		t_wait(pids[i]);
	}

	pids[0] = t_child(s, t_cmd(KSHARE_OP_BARRIER_WAIT, b));
	t_until_waiters(s, b, 1);
	EXPECT_LE(1, who(s, b));
	EXPECT_TRUE(is_group(s, 1, pids[0], 0, 0, KSHARE_OP_BARRIER_WAIT));
	kill(pids[0], SIGKILL);
	t_wait(pids[0]);
}

TEST_F(kshare, leases_are_told_for_each_that_has_some)
{
	struct side *s = &self->s;
	int i, k, n, go[2], q = t_create(s, KSHARE_TYPE_QUEUE);
	struct kshare_cmd cmd = t_cmd(KSHARE_OP_QUEUE_GET, q);
	pid_t pids[3];
	char c;

	ASSERT_EQ(0, pipe(go));
	cmd.flags = KSHARE_LEASE;
	for (i = 0; i < 6; i++)
		t_raw(s, t_cmd(KSHARE_OP_QUEUE_PUT, q));
	/* One, two, and three of them */
	for (i = 0; i < 3; i++) {
		pids[i] = t_fork(s);
		if (!pids[i]) {
			for (k = 0; k <= i; k++)
				if (t_raw(s, cmd) < 0)
					_exit(1);
			_exit(read(go[0], &c, 1) != 1);
		}
		do {
			ASSERT_EQ(0, t_run(s, t_cmd(KSHARE_OP_QUEUE_LEN, q)));
			sched_yield();
		} while (s->out.head.number > (i == 0 ? 5 : i == 1 ? 3 : 0));
	}
	EXPECT_EQ(3, who(s, q));
	for (i = 0, n = 0; i < 3; i++)
		for (k = 0; k < 3; k++)
			n += is_group(s, k, pids[i], 0, i + 1, 0);
	EXPECT_EQ(3, n);
	ASSERT_EQ(3, write(go[1], "xxx", 3));
	for (i = 0; i < 3; i++)
		EXPECT_EQ(0, t_wait(pids[i]));
}

TEST_F(kshare, so_are_those_that_wait_for_one_or_all_of_several)
{
	struct side *s = &self->s;
	int e = t_create(s, KSHARE_TYPE_EVENT), f = t_create(s, KSHARE_TYPE_EVENT), i;
	struct kshare_cmd cmds[2] = { t_cmd(KSHARE_OP_EVENT_WAIT, e),
				      t_cmd(KSHARE_OP_EVENT_WAIT, f) };
	struct kshare_cmd cmd = t_cmd(KSHARE_OP_WAIT_ANY, 0);
	pid_t pids[2];

	cmd.value = t_bytes(cmds, sizeof(cmds));
	pids[0] = t_child(s, cmd);
	t_until_waiters(s, f, 1);
	cmd.op = KSHARE_OP_WAIT_ALL;
	pids[1] = t_child(s, cmd);
	t_until_waiters(s, f, 2);
	for (i = 0; i < 2; i++) {
		EXPECT_EQ(2, who(s, i ? f : e));
		EXPECT_TRUE(is_group(s, 0, pids[0], 0, 0, KSHARE_OP_EVENT_WAIT));
		EXPECT_TRUE(is_group(s, 1, pids[1], 0, 0, KSHARE_OP_EVENT_WAIT));
	}
	for (i = 0; i < 2; i++) {
		kill(pids[i], SIGKILL);
		t_wait(pids[i]);
	}
	EXPECT_EQ(0, who(s, e) | who(s, f));
}

TEST_F(kshare, those_that_wait_for_a_notify_are_told)
{
	struct side *s = &self->s;
	int i, l = t_create(s, KSHARE_TYPE_LOCK), c;
	pid_t pids[2];

	c = t_create_with(s, KSHARE_TYPE_CONDITION, 0, t_none(), t_ref(l));
	for (i = 0; i < 2; i++) {
		pids[i] = t_fork(s);
		if (!pids[i]) {
			t_raw(s, command(KSHARE_OP_LOCK_ACQUIRE, l, 10 + i));
			_exit(t_raw(s, command(KSHARE_OP_CONDITION_WAIT, c, 10 + i)) != 1);
		}
		t_until_waiters(s, c, i + 1);
	}
	EXPECT_EQ(2, who(s, c));
	for (i = 0; i < 2; i++)
		EXPECT_TRUE(is_group(s, i, pids[i], 10 + i, 0, KSHARE_OP_CONDITION_WAIT));
	/* Then they wait for the lock. */
	EXPECT_EQ(1, t_raw(s, command(KSHARE_OP_LOCK_ACQUIRE, l, 7)));
	EXPECT_EQ(1, t_raw(s, command(KSHARE_OP_CONDITION_NOTIFY, c, 7)));
	EXPECT_EQ(1, who(s, c));
	EXPECT_EQ(2, who(s, l));
	EXPECT_TRUE(is_group(s, 0, getpid(), 7, 1, 3));
	EXPECT_TRUE(is_group(s, 1, pids[0], 10, 0, KSHARE_OP_CONDITION_WAIT));
	for (i = 0; i < 2; i++) {
		kill(pids[i], SIGKILL);
		t_wait(pids[i]);
	}
}

TEST_F(kshare, more_than_there_is_room_for_are_counted)
{
	struct side *s = &self->s;
	int i, l = t_create(s, KSHARE_TYPE_RWLOCK);
	struct reply *out = calloc(2, sizeof(*out));
	struct kshare_cmd cmd;

	for (i = 1; i <= (int)KSHARE_MAX_WHO + 10; i++) {
		cmd = command(KSHARE_OP_RWLOCK_ACQUIRE, l, i);
		cmd.flags = KSHARE_SHARED;
		ASSERT_EQ(0, t_raw(s, cmd));
	}
	cmd = t_cmd(KSHARE_OP_WHO, l);
	cmd.out = (uintptr_t)out;
	cmd.out_len = 16 + 4 * 16 * KSHARE_MAX_WHO;
	ASSERT_GE(2 * sizeof(*out), cmd.out_len);
	EXPECT_EQ(KSHARE_MAX_WHO, t_raw(s, cmd));
	EXPECT_EQ(4 * KSHARE_MAX_WHO, out->head.count);
	EXPECT_LE(KSHARE_MAX_WHO, out->head.number);
	cmd.out_len--;
	EXPECT_EQ(-ENOBUFS, t_raw(s, cmd));
	EXPECT_EQ(16 + 4 * 16 * KSHARE_MAX_WHO, out->head.number);
	/* Nothing of the sort */
	EXPECT_EQ(0, who(s, 1));
	free(out);
}

/* ---- who waits for himself ---- */

#define RING	3

/* What a ring is made of: each of these is held by one, and wanted by the one before. */
static int make(struct side *s, int kind)
{
	return t_create(s, kind == 0 ? KSHARE_TYPE_LOCK : kind == 1 ? KSHARE_TYPE_RLOCK :
			   KSHARE_TYPE_RWLOCK);
}

static struct kshare_cmd take(int kind, int l, uint32_t flags)
{
	struct kshare_cmd cmd = command(kind < 2 ? KSHARE_OP_LOCK_ACQUIRE :
						   KSHARE_OP_RWLOCK_ACQUIRE, l, 1);

	/* Shared, by who holds it; the other one wants it alone. */
	cmd.flags = flags | (kind == 3 && !(flags & KSHARE_DETECT) ? KSHARE_SHARED : 0);
	return cmd;
}

TEST_F(kshare, the_one_that_closes_a_circle_is_told_the_circle)
{
	struct side *s = &self->s;
	int n, kind, i, locks[RING], ready[2], go[2];
	struct kshare_cmd cmd;
	pid_t pids[RING];
	char c;

	ASSERT_EQ(0, pipe(ready) | pipe(go));
	for (n = 2; n <= RING; n++) {
		for (kind = 0; kind < 4; kind++) {
			for (i = 0; i < n; i++)
				locks[i] = make(s, kind);
			/* The others hold theirs, and wait for the next, the last for ours. */
			for (i = 1; i < n; i++) {
				pids[i] = t_fork(s);
				if (!pids[i]) {
					if (t_raw(s, take(kind, locks[i], 0)) < 0 ||
					    write(ready[1], "x", 1) != 1)
						_exit(1);
					/* When all hold theirs; they do not look themselves. */
					if (read(go[0], &c, 1) != 1)
						_exit(1);
					cmd = take(kind, locks[(i + 1) % n], KSHARE_DETECT);
					cmd.flags = 0;
					_exit(t_raw(s, cmd) < 0);
				}
				ASSERT_EQ(1, read(ready[0], &c, 1));
			}
			EXPECT_LE(0, t_raw(s, take(kind, locks[0], 0)));
			for (i = 1; i < n; i++)
				ASSERT_EQ(1, write(go[1], "x", 1));
			/* Now each waits for one of the next. */
			for (i = 2; i < n; i++)
				t_until_waiters(s, locks[i], 1);
			t_until_waiters(s, locks[0], 1);
			EXPECT_EQ(-EDEADLK, t_run(s, take(kind, locks[1], KSHARE_DETECT)));
			ASSERT_EQ(2 * n, s->out.head.count);
			for (i = 0; i < n; i++) {
				EXPECT_EQ(id(s, locks[(i + 1) % n]), s->out.values[2 * i].u);
				EXPECT_EQ(i + 1 < n ? pids[i + 1] : getpid(),
					  s->out.values[2 * i + 1].i);
			}
			/* It does not wait any more, and they go on once ours is free. */
			t_until_waiters(s, locks[1], 0);
			EXPECT_EQ(0, t_raw(s, command(kind < 2 ? KSHARE_OP_LOCK_RELEASE :
						      KSHARE_OP_RWLOCK_RELEASE, locks[0], 1)));
			for (i = 1; i < n; i++)
				EXPECT_EQ(0, t_wait(pids[i]));
		}
	}
	close(ready[0]);
	close(ready[1]);
	close(go[0]);
	close(go[1]);
}

/* Whichever of those that share it waits for us: the others only hold it. */
TEST_F(kshare, a_circle_may_lead_through_any_of_those_that_share_a_rwlock)
{
	struct side *s = &self->s;
	int i, n, l, r, ready[2], go[2];
	pid_t pids[RING];
	char c;

	ASSERT_EQ(0, pipe(ready) | pipe(go));
	for (n = 0; n < RING; n++) {
		l = make(s, 0);
		r = make(s, 3);
		EXPECT_EQ(1, t_raw(s, take(0, l, 0)));
		for (i = 0; i < RING; i++) {
			pids[i] = t_fork(s);
			if (!pids[i]) {
				if (t_raw(s, take(3, r, 0)) || write(ready[1], "x", 1) != 1)
					_exit(1);
				if (i == n)
					_exit(t_raw(s, take(0, l, 0)) != 1);
				_exit(read(go[0], &c, 1) != 1);
			}
			ASSERT_EQ(1, read(ready[0], &c, 1));
		}
		t_until_waiters(s, l, 1);
		EXPECT_EQ(-EDEADLK, t_run(s, take(3, r, KSHARE_DETECT)));
		ASSERT_EQ(4, s->out.head.count);
		EXPECT_EQ(id(s, r), s->out.values[0].u);
		EXPECT_EQ(pids[n], s->out.values[1].i);
		EXPECT_EQ(id(s, l), s->out.values[2].u);
		EXPECT_EQ(getpid(), s->out.values[3].i);
		EXPECT_EQ(0, t_raw(s, command(KSHARE_OP_LOCK_RELEASE, l, 1)));
		ASSERT_EQ(RING - 1, write(go[1], "xxx", RING - 1));
		for (i = 0; i < RING; i++)
			EXPECT_EQ(0, t_wait(pids[i]));
	}
}

TEST_F(kshare, no_circle_no_alarm)
{
	struct side *s = &self->s;
	int a = t_create(s, KSHARE_TYPE_LOCK), b = t_create(s, KSHARE_TYPE_LOCK);
	struct kshare_cmd cmd = take(0, a, KSHARE_DETECT);
	pid_t pids[2];

	/* A chain: one waits for us, and another for that one. */
	EXPECT_EQ(1, t_raw(s, take(0, a, 0)));
	pids[0] = t_fork(s);
	if (!pids[0]) {
		if (t_raw(s, take(0, b, 0)) != 1)
			_exit(1);
		_exit(t_raw(s, take(0, a, KSHARE_DETECT)) != 1);
	}
	t_until_waiters(s, a, 1);
	pids[1] = t_child(s, take(0, b, KSHARE_DETECT));
	t_until_waiters(s, b, 1);
	/* Another owner of this client holds nothing. */
	cmd.key = t_uint(2);
	cmd.deadline = t_now() + 10000000;
	EXPECT_EQ(-ETIMEDOUT, t_run(s, cmd));
	cmd.flags |= KSHARE_NOWAIT;
	EXPECT_EQ(-EAGAIN, t_run(s, cmd));
	EXPECT_EQ(0, t_raw(s, command(KSHARE_OP_LOCK_RELEASE, a, 1)));
	EXPECT_EQ(0, t_wait(pids[0]));
	EXPECT_EQ(0, t_wait(pids[1]));
	/* Free, or to be had again */
	EXPECT_EQ(1, t_raw(s, take(0, a, KSHARE_DETECT)));
}

TEST_F(kshare, who_waits_for_himself_is_told_even_with_a_deadline)
{
	struct side *s = &self->s;
	int kind, l, r = t_create(s, KSHARE_TYPE_RLOCK);
	struct kshare_cmd cmd;

	/* Of an rlock nobody waits for himself. */
	for (kind = 0; kind <= 2; kind += 2) {
		l = make(s, kind);
		cmd = take(kind, l, KSHARE_DETECT);
		EXPECT_EQ(kind ? 0 : 1, t_raw(s, take(kind, l, 0)));
		EXPECT_EQ(-EDEADLK, t_raw(s, cmd));
		cmd.deadline = t_now() + T_LONG;
		EXPECT_EQ(-EDEADLK, t_run(s, cmd));
		ASSERT_EQ(2, s->out.head.count);
		EXPECT_EQ(id(s, l), s->out.values[0].u);
		EXPECT_EQ(getpid(), s->out.values[1].i);
		/* Too small a buffer is told so. */
		cmd.out = (uintptr_t)&s->out;
		cmd.out_len = 16;
		EXPECT_EQ(-ENOBUFS, t_raw(s, cmd));
		EXPECT_EQ(16 + 2 * 16, s->out.head.number);
	}
	EXPECT_EQ(1, t_raw(s, take(1, r, KSHARE_DETECT)));
	EXPECT_EQ(2, t_raw(s, take(1, r, KSHARE_DETECT)));
}

TEST_F(kshare, a_circle_may_lead_through_a_condition)
{
	struct side *s = &self->s;
	int l = t_create(s, KSHARE_TYPE_LOCK), m = t_create(s, KSHARE_TYPE_LOCK), c;
	pid_t pid;

	c = t_create_with(s, KSHARE_TYPE_CONDITION, 0, t_none(), t_ref(l));
	/* The child holds m, and waits for a notify of who holds l. */
	pid = t_fork(s);
	if (!pid) {
		if (t_raw(s, take(0, m, 0)) != 1 || t_raw(s, take(0, l, 0)) != 1)
			_exit(1);
		_exit(t_raw(s, command(KSHARE_OP_CONDITION_WAIT, c, 1)) != 1);
	}
	t_until_waiters(s, c, 1);
	EXPECT_EQ(1, t_raw(s, take(0, l, 0)));
	EXPECT_EQ(-EDEADLK, t_run(s, take(0, m, KSHARE_DETECT)));
	ASSERT_EQ(4, s->out.head.count);
	EXPECT_EQ(id(s, m), s->out.values[0].u);
	EXPECT_EQ(pid, s->out.values[1].i);
	EXPECT_EQ(id(s, l), s->out.values[2].u);
	EXPECT_EQ(getpid(), s->out.values[3].i);
	EXPECT_EQ(1, t_raw(s, command(KSHARE_OP_CONDITION_NOTIFY, c, 1)));
	EXPECT_EQ(0, t_raw(s, command(KSHARE_OP_LOCK_RELEASE, l, 1)));
	EXPECT_EQ(0, t_wait(pid));
}

/* A command for a lock in the name of an owner, which another thread carries out */
static struct t_thread *begin_take(struct side *s, int l, uint64_t owner, int64_t deadline)
{
	struct t_thread *t = calloc(1, sizeof(*t));
	struct kshare_cmd cmd = command(KSHARE_OP_LOCK_ACQUIRE, l, owner);

	cmd.deadline = deadline;
	t_begin(s, t, cmd, false);
	t_until_waiters(s, l, 1);
	return t;
}

TEST_F(kshare, who_waits_for_those_in_a_circle_is_none_of_it)
{
	struct side *s = &self->s;
	int a = t_create(s, KSHARE_TYPE_LOCK), b = t_create(s, KSHARE_TYPE_LOCK);
	struct kshare_cmd cmd = command(KSHARE_OP_LOCK_ACQUIRE, a, 3);
	struct t_thread *t[2];

	EXPECT_EQ(1, t_raw(s, command(KSHARE_OP_LOCK_ACQUIRE, a, 1)));
	EXPECT_EQ(1, t_raw(s, command(KSHARE_OP_LOCK_ACQUIRE, b, 2)));
	t[0] = begin_take(s, b, 1, t_now() + T_LONG);
	t[1] = begin_take(s, a, 2, t_now() + T_LONG);
	cmd.flags = KSHARE_DETECT;
	cmd.deadline = t_now() + 20000000;
	EXPECT_EQ(-ETIMEDOUT, t_run(s, cmd));
	/* They have not asked. */
	EXPECT_EQ(0, t_raw(s, command(KSHARE_OP_LOCK_RELEASE, a, 1)));
	EXPECT_EQ(1, t_end(t[1]));
	EXPECT_EQ(0, t_raw(s, command(KSHARE_OP_LOCK_RELEASE, b, 2)));
	EXPECT_EQ(1, t_end(t[0]));
	free(t[0]);
	free(t[1]);
}

/* One more than that is not found any more: all wait, as without DETECT. */
TEST_F(kshare, a_circle_is_found_up_to_its_largest_length)
{
	struct side *s = &self->s;
	struct t_thread *t[KSHARE_MAX_CIRCLE + 1];
	int locks[KSHARE_MAX_CIRCLE + 1], i, n;
	struct kshare_cmd cmd;

	for (n = KSHARE_MAX_CIRCLE; n <= KSHARE_MAX_CIRCLE + 1; n++) {
		for (i = 0; i < n; i++) {
			locks[i] = t_create(s, KSHARE_TYPE_LOCK);
			EXPECT_EQ(1, t_raw(s, command(KSHARE_OP_LOCK_ACQUIRE, locks[i], i + 1)));
		}
		for (i = 1; i < n; i++)
			t[i] = begin_take(s, locks[(i + 1) % n], i + 1, t_now() + T_LONG);
		cmd = command(KSHARE_OP_LOCK_ACQUIRE, locks[1], 1);
		cmd.flags = KSHARE_DETECT;
		cmd.deadline = t_now() + (n > KSHARE_MAX_CIRCLE ? 20000000 : T_LONG);
		EXPECT_EQ(n > KSHARE_MAX_CIRCLE ? -ETIMEDOUT : -EDEADLK, t_run(s, cmd));
		/* Its turn comes to each, beginning with the last. */
		for (i = n - 1; i; i--) {
			EXPECT_EQ(0, t_raw(s, command(KSHARE_OP_LOCK_RELEASE, locks[(i + 1) % n],
						      (i + 1) % n + 1)));
			EXPECT_EQ(1, t_end(t[i]));
			free(t[i]);
		}
		for (i = 0; i < n; i++)
			t_close(s, locks[i]);
	}
}

/* Two close it at the same time: one of them at least is told, and none hangs. */
TEST_F(kshare, of_those_that_close_it_at_the_same_time_one_is_told)
{
	struct side *s = &self->s;
	int a = t_create(s, KSHARE_TYPE_LOCK), b = t_create(s, KSHARE_TYPE_LOCK), i, round;
	int rounds = t_rounds(1000);
	pid_t pids[2];

	t_share_counts();
	for (i = 0; i < 2; i++) {
		pids[i] = t_fork(s);
		if (!pids[i]) {
			int first = i ? a : b, second = i ? b : a;

			for (round = 0; round < rounds; round++) {
				int ret;

				if (t_raw(s, take(0, first, 0)) != 1)
					_exit(1);
				ret = t_run(s, take(0, second, KSHARE_DETECT));
				if (ret == -EDEADLK && s->out.head.count != 4)
					_exit(2);
				if (ret != -EDEADLK && ret != 1)
					_exit(3);
				t_count(ret == 1);
				if (ret == 1 &&
				    t_raw(s, command(KSHARE_OP_LOCK_RELEASE, second, 1)))
					_exit(4);
				if (t_raw(s, command(KSHARE_OP_LOCK_RELEASE, first, 1)))
					_exit(5);
			}
			_exit(0);
		}
	}
	for (i = 0; i < 2; i++)
		EXPECT_EQ(0, t_wait(pids[i]));
	T_OUTCOMES("%d told, %d acquired", t_counts[0], t_counts[1]);
}

TEST_HARNESS_MAIN
