// SPDX-License-Identifier: GPL-2.0
/* Locks: handed over in order, and never held by the dead. */
#include "kshare_test.h"

static int acquire(struct side *s, int l)
{
	return t_run(s, t_cmd(KSHARE_OP_LOCK_ACQUIRE, l));
}

static int release(struct side *s, int l)
{
	return t_raw(s, t_cmd(KSHARE_OP_LOCK_RELEASE, l));
}

static int try_acquire(struct side *s, int l)
{
	struct kshare_cmd cmd = t_cmd(KSHARE_OP_LOCK_ACQUIRE, l);

	cmd.flags = KSHARE_NOWAIT;
	return t_run(s, cmd);
}

TEST_F(kshare, waiters_get_it_in_the_order_of_their_arrival)
{
	struct side *s = &self->s;
	int i, l = t_create(s, KSHARE_TYPE_LOCK), list = t_create(s, KSHARE_TYPE_LIST);
	pid_t pids[8];

	ASSERT_EQ(1, acquire(s, l));
	for (i = 0; i < 8; i++) {
		pids[i] = t_fork(s);
		if (!pids[i]) {
			struct kshare_cmd cmd = t_cmd(KSHARE_OP_LIST_APPEND, list);
			uint64_t token;

			if (acquire(s, l) != 1 || s->out.head.flags)
				_exit(1);
			token = s->out.head.number;
			cmd.value = t_int(i);
			if (t_run(s, cmd) || token != 2u + i)
				_exit(2);
			_exit(release(s, l) ? 3 : 0);
		}
		t_until_waiters(s, l, i + 1);
	}
	/* Who comes now must not overtake, not even one who does not wait. */
	EXPECT_EQ(0, release(s, l));
	for (i = 0; i < 8; i++)
		EXPECT_EQ(0, t_wait(pids[i]));
	ASSERT_EQ(8, t_run(s, t_cmd(KSHARE_OP_LIST_SLICE, list)));
	for (i = 0; i < 8; i++)
		EXPECT_EQ(i, s->out.values[i].i);
}

TEST_F(kshare, only_its_owner_releases_it_unless_anybody_may)
{
	struct kshare_cmd create = t_cmd(KSHARE_OP_CREATE, 0);
	struct side *s = &self->s;
	int l = t_create(s, KSHARE_TYPE_LOCK), any;
	pid_t pid;

	create.nr = KSHARE_CREATE_NR(KSHARE_TYPE_LOCK, 0);
	create.flags = KSHARE_ANY_RELEASES;
	any = t_raw(s, create);
	create.nr = KSHARE_CREATE_NR(KSHARE_TYPE_RLOCK, 0);
	EXPECT_EQ(-EOPNOTSUPP, t_raw(s, create));
	EXPECT_EQ(-EPERM, release(s, l));
	EXPECT_EQ(1, acquire(s, l));
	EXPECT_EQ(1, acquire(s, any));
	pid = t_fork(s);
	if (!pid)
		_exit(release(s, l) != -EPERM || release(s, any) != 0 ||
		      try_acquire(s, l) != -EAGAIN || try_acquire(s, any) != 1 ||
		      release(s, any));
	EXPECT_EQ(0, t_wait(pid));
	EXPECT_EQ(-EPERM, release(s, any));
	EXPECT_EQ(0, release(s, l));
}

TEST_F(kshare, waiting_for_oneself_is_refused)
{
	struct side *s = &self->s;
	int l = t_create(s, KSHARE_TYPE_LOCK);
	struct kshare_cmd cmd = t_cmd(KSHARE_OP_LOCK_ACQUIRE, l);

	EXPECT_EQ(1, acquire(s, l));
	EXPECT_EQ(-EDEADLK, acquire(s, l));
	EXPECT_EQ(-EAGAIN, try_acquire(s, l));
	/* With a deadline it is no deadlock. */
	cmd.deadline = t_now() + 1000000;
	EXPECT_EQ(-ETIMEDOUT, t_run(s, cmd));
}

TEST_F(kshare, a_deadline_is_kept_and_one_in_the_past_tries_once)
{
	struct side *s = &self->s;
	int l = t_create(s, KSHARE_TYPE_LOCK);
	struct kshare_cmd cmd = t_cmd(KSHARE_OP_LOCK_ACQUIRE, l);
	pid_t pid;

	cmd.deadline = 1;
	EXPECT_EQ(1, t_run(s, cmd));
	cmd.deadline = -1;
	EXPECT_EQ(-EINVAL, t_run(s, cmd));
	pid = t_fork(s);
	if (!pid) {
		int64_t begin = t_now();

		cmd.deadline = 1;
		if (t_run(s, cmd) != -ETIMEDOUT)
			_exit(1);
		cmd.deadline = begin + 20000000;
		if (t_run(s, cmd) != -ETIMEDOUT)
			_exit(2);
		_exit(t_now() < begin + 20000000);
	}
	EXPECT_EQ(0, t_wait(pid));
	EXPECT_EQ(0, release(s, l));
	EXPECT_EQ(1, try_acquire(s, l));
}

TEST_F(kshare, an_rlock_counts_its_depth_for_each_owner)
{
	struct side *s = &self->s;
	int l = t_create(s, KSHARE_TYPE_RLOCK);
	struct kshare_cmd cmd = t_cmd(KSHARE_OP_LOCK_ACQUIRE, l);
	uint64_t token;

	cmd.flags = KSHARE_NOWAIT;
	cmd.key = t_uint(7);
	EXPECT_EQ(1, t_run(s, cmd));
	token = s->out.head.number;
	EXPECT_EQ(2, t_run(s, cmd));
	EXPECT_EQ(token, s->out.head.number);
	cmd.key = t_uint(8);
	EXPECT_EQ(-EAGAIN, t_run(s, cmd));
	cmd.key = t_uint(1ull << 63);
	EXPECT_EQ(-EINVAL, t_run(s, cmd));
	EXPECT_EQ(-EPERM, release(s, l));
	cmd = t_cmd(KSHARE_OP_LOCK_RELEASE, l);
	cmd.key = t_uint(7);
	EXPECT_EQ(1, t_raw(s, cmd));
	EXPECT_EQ(0, t_raw(s, cmd));
	EXPECT_EQ(-EPERM, t_raw(s, cmd));
	EXPECT_EQ(1, acquire(s, l));
	EXPECT_EQ(token + 1, s->out.head.number);
}

enum death { DEATH_KILL, DEATH_EXIT, DEATH_EXEC, DEATH_CLOSE_HANDLE, DEATH_CLOSE_FD, DEATHS };

/* The owner goes in each way while three wait: the next one has it, and knows. */
TEST_F(kshare, the_next_one_gets_it_when_the_owner_dies)
{
	struct side *s = &self->s;
	int death, i, l = t_create(s, KSHARE_TYPE_LOCK), ready[2], go[2];
	pid_t owner, waiters[3];
	struct kshare_stat stat;
	char c;

	for (death = 0; death < DEATHS; death++) {
		ASSERT_EQ(0, pipe2(ready, O_CLOEXEC) | pipe2(go, O_CLOEXEC));
		owner = t_fork(s);
		if (!owner) {
			acquire(s, l);
			if (write(ready[1], "x", 1) != 1 || read(go[0], &c, 1) != 1)
				_exit(1);
			if (death == DEATH_KILL)
				raise(SIGKILL);
			if (death == DEATH_EXEC)
				execl("/bin/true", "true", NULL);
			if (death == DEATH_CLOSE_HANDLE)
				t_close(s, l);
			if (death == DEATH_CLOSE_FD)
				close(s->fd);
			if (death >= DEATH_CLOSE_HANDLE && read(go[0], &c, 1) != 1)
				_exit(1);
			_exit(0);
		}
		ASSERT_EQ(1, read(ready[0], &c, 1));
		for (i = 0; i < 3; i++) {
			waiters[i] = t_fork(s);
			if (!waiters[i]) {
				if (acquire(s, l) != 1)
					_exit(10);
				i = s->out.head.flags;
				_exit(release(s, l) ? 11 : i);
			}
			t_until_waiters(s, l, i + 1);
		}
		ASSERT_EQ(0, t_stat(s, l, &stat));
		EXPECT_EQ(owner, stat.holder_pid);
		ASSERT_EQ(1, write(go[1], "x", 1));
		EXPECT_EQ(KSHARE_R_OWNER_DIED, t_wait(waiters[0]));
		EXPECT_EQ(0, t_wait(waiters[1]));
		EXPECT_EQ(0, t_wait(waiters[2]));
		ASSERT_EQ(1, write(go[1], "x", 1));
		EXPECT_EQ(death == DEATH_KILL ? 1000 + SIGKILL : 0, t_wait(owner));
		close(ready[0]);
		close(ready[1]);
		close(go[0]);
		close(go[1]);
	}
}

TEST_F(kshare, an_rlock_is_free_when_its_owner_dies_however_deep_it_was)
{
	struct side *s = &self->s;
	int i, l = t_create(s, KSHARE_TYPE_RLOCK);
	struct kshare_stat stat;
	pid_t pid = t_fork(s);

	if (!pid) {
		for (i = 1; i <= 3; i++)
			if (acquire(s, l) != i)
				_exit(1);
		raise(SIGKILL);
	}
	EXPECT_EQ(1000 + SIGKILL, t_wait(pid));
	ASSERT_EQ(0, t_stat(s, l, &stat));
	EXPECT_EQ(0, stat.length);
	EXPECT_EQ(1, try_acquire(s, l));
	EXPECT_EQ(KSHARE_R_OWNER_DIED, s->out.head.flags);
}

/* A child that never heard of the library holds the descriptor of its dead parent. */
TEST_F(kshare, a_descriptor_in_other_hands_does_not_keep_it_locked)
{
	struct side *s = &self->s;
	int l = t_create(s, KSHARE_TYPE_LOCK), ready[2], go[2];
	pid_t owner;
	char c;

	ASSERT_EQ(0, pipe(ready) | pipe(go));
	owner = t_fork(s);
	if (!owner) {
		acquire(s, l);
		if (!fork()) {
			/* It may do nothing with it. */
			struct kshare_cmd nop = t_cmd(KSHARE_OP_NOP, 0);
			int refused = t_raw(s, nop) == -EPERM;

			refused &= mmap(NULL, 4096, PROT_READ, MAP_SHARED, s->fd,
					KSHARE_MMAP_OFFSET(l, 4096)) == MAP_FAILED;
			if (write(ready[1], refused ? "y" : "n", 1) != 1)
				_exit(1);
			_exit(read(go[0], &c, 1) != 1);
		}
		pause();
	}
	ASSERT_EQ(1, read(ready[0], &c, 1));
	EXPECT_EQ('y', c);
	EXPECT_EQ(-EAGAIN, try_acquire(s, l));
	kill(owner, SIGKILL);
	EXPECT_EQ(1000 + SIGKILL, t_wait(owner));
	/* The grandchild lives on; its parent's end was enough. */
	EXPECT_EQ(1, try_acquire(s, l));
	EXPECT_EQ(KSHARE_R_OWNER_DIED, s->out.head.flags);
	ASSERT_EQ(1, write(go[1], "x", 1));
	/* The pipe ends when the grandchild does, so that its descriptor is gone. */
	close(ready[1]);
	EXPECT_EQ(0, read(ready[0], &c, 1));
	close(ready[0]);
	close(go[0]);
	close(go[1]);
}

TEST_F(kshare, a_waiter_that_is_killed_is_passed_over)
{
	struct side *s = &self->s;
	int i, l = t_create(s, KSHARE_TYPE_LOCK);
	pid_t pids[3];

	ASSERT_EQ(1, acquire(s, l));
	for (i = 0; i < 3; i++) {
		pids[i] = t_fork(s);
		if (!pids[i])
			_exit(acquire(s, l) != 1 || s->out.head.flags || release(s, l));
		t_until_waiters(s, l, i + 1);
	}
	kill(pids[1], SIGKILL);
	EXPECT_EQ(1000 + SIGKILL, t_wait(pids[1]));
	t_until_waiters(s, l, 2);
	EXPECT_EQ(0, release(s, l));
	EXPECT_EQ(0, t_wait(pids[0]));
	EXPECT_EQ(0, t_wait(pids[2]));
}

static void on_signal(int sig)
{
}

TEST_F(kshare, a_signal_interrupts_or_restarts_and_changes_nothing)
{
	struct side *s = &self->s;
	int restart, l = t_create(s, KSHARE_TYPE_LOCK);
	int64_t ns = 100000000;
	pid_t pid;

	ASSERT_EQ(1, acquire(s, l));
	for (restart = 0; restart < 2; ) {
		pid = t_fork(s);
		if (!pid) {
			struct sigaction act = {
				.sa_handler = on_signal,
				.sa_flags = restart ? SA_RESTART : 0,
			};
			struct kshare_cmd cmd = t_cmd(KSHARE_OP_LOCK_ACQUIRE, l);

			sigaction(SIGUSR1, &act, NULL);
			/* Without an end, so that it is the signal that ends it. */
			cmd.deadline = restart ? t_now() + ns : 0;
			_exit(t_run(s, cmd) == (restart ? -ETIMEDOUT : -EINTR) ? 0 : 1);
		}
		/* With more time if that was over before it could wait. */
		if (t_until_it_waits(s, l, 1, pid)) {
			kill(pid, SIGUSR1);
			restart++;
		}
		ns *= 2;
		EXPECT_EQ(0, t_wait(pid));
		t_until_waiters(s, l, 0);
	}
	EXPECT_EQ(0, release(s, l));
	EXPECT_EQ(1, try_acquire(s, l));
	EXPECT_EQ(2, s->out.head.number);
}

/* Many hand-overs, with deadlines that run out just then: none is lost. */
TEST_F(kshare, no_hand_over_is_lost_to_a_waiter_that_leaves)
{
	struct side *s = &self->s;
	int i, l = t_create(s, KSHARE_TYPE_LOCK), n = t_create(s, KSHARE_TYPE_CELL);
	struct kshare_cmd cmd = t_cmd(KSHARE_OP_CELL_SET, n);
	int rounds = t_rounds(4000) / 4;
	uint64_t had = 0;
	pid_t pids[4];

	t_share_counts();
	cmd.value = t_int(0);
	ASSERT_EQ(0, t_run(s, cmd));
	for (i = 0; i < 4; i++) {
		pids[i] = t_fork(s);
		if (!pids[i]) {
			unsigned int seed = i;
			int round, mine = 0;

			/* And until it had it once, if another keeps it for long. */
			for (round = 0; round < rounds || !mine; round++) {
				struct kshare_cmd get = t_cmd(KSHARE_OP_CELL_GET, n);
				struct kshare_cmd set = t_cmd(KSHARE_OP_CELL_SET, n);

				cmd = t_cmd(KSHARE_OP_LOCK_ACQUIRE, l);
				cmd.deadline = t_now() + rand_r(&seed) % 200000;
				if (t_run(s, cmd) != 1) {
					t_count(0);
					continue;
				}
				/* Not atomic: only the lock makes it right. */
				t_run(s, get);
				set.value = t_int(s->out.values[0].i + 1);
				t_run(s, set);
				mine++;
				if (release(s, l))
					_exit(255);
			}
			_exit(0);
		}
	}
	for (i = 0; i < 4; i++)
		EXPECT_EQ(0, t_wait(pids[i]));
	EXPECT_EQ(1, try_acquire(s, l));
	had = s->out.head.number - 1;
	EXPECT_EQ(0, s->out.head.flags);
	ASSERT_EQ(0, t_run(s, t_cmd(KSHARE_OP_CELL_GET, n)));
	EXPECT_EQ(had, s->out.values[0].i);
	T_OUTCOMES("%d times acquired, %d times left", (int)had, t_counts[0]);
}

TEST_HARNESS_MAIN
