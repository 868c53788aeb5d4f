// SPDX-License-Identifier: GPL-2.0
/* Locks that may be overtaken: whoever comes first has it, and nobody is forgotten. */
#include "kshare_test.h"

static int create(struct side *s, uint32_t type)
{
	return t_create_with(s, type, KSHARE_OVERTAKE, t_none(), t_none());
}

static int acquire(struct side *s, int l)
{
	return t_run(s, t_cmd(KSHARE_OP_LOCK_ACQUIRE, l));
}

static int try_acquire(struct side *s, int l)
{
	struct kshare_cmd cmd = t_cmd(KSHARE_OP_LOCK_ACQUIRE, l);

	cmd.flags = KSHARE_NOWAIT;
	return t_run(s, cmd);
}

static int release(struct side *s, int l)
{
	return t_raw(s, t_cmd(KSHARE_OP_LOCK_RELEASE, l));
}

TEST_F(kshare, it_is_a_lock)
{
	struct side *s = &self->s;
	int l = create(s, KSHARE_TYPE_LOCK), r = create(s, KSHARE_TYPE_RLOCK);
	struct kshare_stat stat;
	pid_t pid;

	EXPECT_EQ(-EOPNOTSUPP, create(s, KSHARE_TYPE_RWLOCK));
	EXPECT_EQ(-EOPNOTSUPP, create(s, KSHARE_TYPE_SEMAPHORE));
	EXPECT_EQ(-EPERM, release(s, l));
	EXPECT_EQ(1, acquire(s, l));
	EXPECT_EQ(-EDEADLK, acquire(s, l));
	EXPECT_EQ(1, acquire(s, r));
	EXPECT_EQ(2, acquire(s, r));
	ASSERT_EQ(0, t_stat(s, l, &stat));
	EXPECT_EQ(KSHARE_OVERTAKE, stat.flags & KSHARE_OVERTAKE);
	EXPECT_EQ(getpid(), stat.holder_pid);
	pid = t_fork(s);
	if (!pid)
		_exit(try_acquire(s, l) != -EAGAIN || try_acquire(s, r) != -EAGAIN ||
		      release(s, l) != -EPERM || release(s, r) != -EPERM);
	EXPECT_EQ(0, t_wait(pid));
	EXPECT_EQ(0, release(s, l));
	EXPECT_EQ(1, release(s, r));
	EXPECT_EQ(0, release(s, r));
}

TEST_F(kshare, each_that_waits_gets_it_in_the_end)
{
	struct side *s = &self->s;
	int i, l = create(s, KSHARE_TYPE_LOCK);
	pid_t pids[20];

	ASSERT_EQ(1, acquire(s, l));
	for (i = 0; i < 20; i++) {
		pids[i] = t_fork(s);
		if (!pids[i])
			_exit(acquire(s, l) != 1 || s->out.head.flags || release(s, l));
	}
	t_until_waiters(s, l, 20);
	EXPECT_EQ(0, release(s, l));
	for (i = 0; i < 20; i++)
		EXPECT_EQ(0, t_wait(pids[i]));
	EXPECT_EQ(1, try_acquire(s, l));
	EXPECT_EQ(22, s->out.head.number);
}

/* Without sleeping in between, which one who waits in line could not do. */
TEST_F(kshare, who_has_it_may_take_it_again_before_others)
{
	struct side *s = &self->s;
	int i, overtakes = 0, l = create(s, KSHARE_TYPE_LOCK);
	pid_t pid;

	for (i = 0; i < 200; i++) {
		ASSERT_EQ(1, acquire(s, l));
		pid = t_fork(s);
		if (!pid)
			_exit(acquire(s, l) != 1 || release(s, l));
		t_until_waiters(s, l, 1);
		ASSERT_EQ(0, release(s, l));
		if (try_acquire(s, l) == 1) {
			overtakes++;
			ASSERT_EQ(0, release(s, l));
		}
		EXPECT_EQ(0, t_wait(pid));
		if (overtakes > 2)
			break;
	}
	EXPECT_LT(0, overtakes);
}

enum end { END_KILL, END_CLOSE, END_CLOSE_FD, ENDS };

TEST_F(kshare, the_lock_of_a_dead_owner_is_free_and_the_next_one_knows)
{
	struct side *s = &self->s;
	int end, i, l = create(s, KSHARE_TYPE_LOCK), ready[2];
	pid_t owner, pids[3];
	char c;

	ASSERT_EQ(0, pipe(ready));
	for (end = 0; end < ENDS; end++) {
		int told = 0;

		owner = t_fork(s);
		if (!owner) {
			acquire(s, l);
			if (write(ready[1], "x", 1) != 1)
				_exit(1);
			t_until_waiters(s, l, 3);
			if (end == END_KILL)
				raise(SIGKILL);
			if (end == END_CLOSE)
				t_close(s, l);
			if (end == END_CLOSE_FD)
				close(s->fd);
			pause();
		}
		ASSERT_EQ(1, read(ready[0], &c, 1));
		for (i = 0; i < 3; i++) {
			pids[i] = t_fork(s);
			if (!pids[i]) {
				if (acquire(s, l) != 1)
					_exit(100);
				i = s->out.head.flags;
				_exit(release(s, l) ? 101 : i);
			}
		}
		for (i = 0; i < 3; i++)
			told += t_wait(pids[i]);
		/* One alone, whichever that is */
		EXPECT_EQ(KSHARE_R_OWNER_DIED, told);
		EXPECT_EQ(1, try_acquire(s, l));
		EXPECT_EQ(0, s->out.head.flags);
		EXPECT_EQ(0, release(s, l));
		kill(owner, SIGKILL);
		t_wait(owner);
	}
	close(ready[0]);
	close(ready[1]);
}

static void on_signal(int sig)
{
}

/* The one that was woken goes without taking it: another has to be woken. */
TEST_F(kshare, one_that_was_woken_and_leaves_wakes_the_next)
{
	struct sigaction sa = { .sa_handler = on_signal };
	struct side *s = &self->s;
	int i, round, l = create(s, KSHARE_TYPE_LOCK);
	pid_t pids[3];

	sigaction(SIGUSR1, &sa, NULL);
	for (round = 0; round < 60; round++) {
		ASSERT_EQ(1, acquire(s, l));
		for (i = 0; i < 3; i++) {
			pids[i] = t_fork(s);
			if (!pids[i]) {
				int ret = acquire(s, l);

				_exit(ret == 1 ? release(s, l) : -ret);
			}
			t_until_waiters(s, l, i + 1);
		}
		/* At the same time, as nearly as may be */
		if (round % 2)
			kill(pids[0], round % 4 == 1 ? SIGKILL : SIGUSR1);
		ASSERT_EQ(0, release(s, l));
		if (!(round % 2))
			kill(pids[0], round % 4 ? SIGKILL : SIGUSR1);
		i = t_wait(pids[0]);
		EXPECT_TRUE(i == 0 || i == EINTR || i == 1000 + SIGKILL);
		EXPECT_EQ(0, t_wait(pids[1]));
		EXPECT_EQ(0, t_wait(pids[2]));
	}
}

TEST_F(kshare, no_wake_up_is_lost)
{
	struct side *s = &self->s;
	int i, l = create(s, KSHARE_TYPE_LOCK), n = t_create(s, KSHARE_TYPE_CELL);
	int rounds = t_rounds(6000) / 3;
	pid_t pids[3];

	t_share_counts();
	ASSERT_EQ(0, t_run_with(s, KSHARE_OP_CELL_SET, n, t_int(0)));
	for (i = 0; i < 3; i++) {
		pids[i] = t_fork(s);
		if (!pids[i]) {
			unsigned int seed = i;
			int round;

			for (round = 0; round < rounds; ) {
				struct kshare_cmd cmd = t_cmd(KSHARE_OP_LOCK_ACQUIRE, l);
				int64_t value;

				/* Some have no deadline, and would wait for ever. */
				if (i)
					cmd.deadline = t_now() + rand_r(&seed) % 200000;
				if (t_run(s, cmd) != 1) {
					t_count(0);
					continue;
				}
				t_run(s, t_cmd(KSHARE_OP_CELL_GET, n));
				value = s->out.values[0].i + 1;
				t_run_with(s, KSHARE_OP_CELL_SET, n, t_int(value));
				if (release(s, l))
					_exit(1);
				round++;
			}
			_exit(0);
		}
	}
	for (i = 0; i < 3; i++)
		EXPECT_EQ(0, t_wait(pids[i]));
	ASSERT_EQ(0, t_run(s, t_cmd(KSHARE_OP_CELL_GET, n)));
	EXPECT_EQ(3 * rounds, s->out.values[0].i);
	EXPECT_EQ(1, try_acquire(s, l));
	EXPECT_EQ(3 * rounds + 1, s->out.head.number);
	T_OUTCOMES("%d times acquired, %d times left", 3 * rounds, t_counts[0]);
}

TEST_F(kshare, a_condition_of_it_and_one_of_several_work_as_well)
{
	struct side *s = &self->s;
	int i, l = create(s, KSHARE_TYPE_LOCK), e = t_create(s, KSHARE_TYPE_EVENT), c, ready;
	struct kshare_cmd members[2], cmd;
	pid_t pids[4];

	c = t_create_with(s, KSHARE_TYPE_CONDITION, 0, t_none(), t_ref(l));
	for (i = 0; i < 3; i++) {
		pids[i] = t_fork(s);
		if (!pids[i]) {
			if (acquire(s, l) != 1 ||
			    t_run(s, t_cmd(KSHARE_OP_CONDITION_WAIT, c)) != 1)
				_exit(1);
			_exit(release(s, l));
		}
	}
	t_until_waiters(s, c, 3);
	ASSERT_EQ(1, acquire(s, l));
	members[0] = t_cmd(KSHARE_OP_LOCK_ACQUIRE, l);
	members[1] = t_cmd(KSHARE_OP_EVENT_WAIT, e);
	cmd = t_cmd(KSHARE_OP_WAIT_ANY, 0);
	cmd.value = t_bytes(members, sizeof(members));
	pids[3] = t_child(s, cmd);
	t_until_waiters(s, l, 1);
	cmd = t_cmd(KSHARE_OP_CONDITION_NOTIFY, c);
	cmd.flags = KSHARE_ALL;
	EXPECT_EQ(3, t_raw(s, cmd));
	ready = t_raw(s, t_cmd(KSHARE_OP_EXPORT_FD, l));
	ASSERT_LE(0, ready);
	close(ready);
	EXPECT_EQ(0, release(s, l));
	for (i = 0; i < 4; i++)
		EXPECT_EQ(0, t_wait(pids[i]));
	/* Given back by the end of the one that had it from WAIT_ANY, at the latest */
	EXPECT_EQ(1, try_acquire(s, l));
}

TEST_HARNESS_MAIN
