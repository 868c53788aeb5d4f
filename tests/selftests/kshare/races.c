// SPDX-License-Identifier: GPL-2.0
/*
 * What is handed over at the very moment when its taker leaves: nothing is lost,
 * and nothing is given twice.  Each test is a pair of events that race, in rounds;
 * KSHARE_ROUNDS says how many.
 */
#include "kshare_test.h"

static uint64_t length(struct side *s, int h)
{
	struct kshare_stat stat;

	return t_stat(s, h, &stat) ? 9999 : stat.length;
}

static void on_signal(int sig)
{
}

/* What makes a taker leave: @kind */
enum { BY_DEADLINE, BY_SIGNAL, KINDS };

static const char *const kinds[KINDS] = { "deadlines", "signals" };

static void handle_signals(void)
{
	struct sigaction sa = { .sa_handler = on_signal };

	sigaction(SIGUSR1, &sa, NULL);
}

static int64_t soon(int kind, unsigned int *seed)
{
	return kind == BY_DEADLINE ? t_now() + rand_r(seed) % 100000 : 0;
}

TEST_F(kshare, a_message_against_deadline_and_signal)
{
	struct side *s = &self->s;
	int i, kind, q, rounds = t_rounds(4000);
	struct kshare_cmd cmd;
	pid_t pids[2];

	t_share_counts();
	handle_signals();
	for (kind = 0; kind < KINDS; kind++) {
		q = t_create(s, KSHARE_TYPE_QUEUE);
		memset(t_counts, 0, 8);
		for (i = 0; i < 2; i++) {
			pids[i] = t_fork(s);
			if (!pids[i]) {
				unsigned int seed = i;
				int ret;

				cmd = t_cmd(KSHARE_OP_QUEUE_GET, q);
				do {
					cmd.deadline = soon(kind, &seed);
					ret = t_raw(s, cmd);
					if (ret != -ESHUTDOWN)
						t_count(ret != 1);
				} while (ret == 1 || ret == -ETIMEDOUT || ret == -EINTR);
				_exit(ret != -ESHUTDOWN);
			}
		}
		for (i = 0; i < rounds; i++) {
			ASSERT_EQ(0, t_raw(s, t_cmd(KSHARE_OP_QUEUE_PUT, q)));
			if (kind == BY_SIGNAL)
				kill(pids[i % 2], SIGUSR1);
		}
		EXPECT_EQ(0, t_raw(s, t_cmd(KSHARE_OP_QUEUE_SHUTDOWN, q)));
		for (i = 0; i < 2; i++)
			EXPECT_EQ(0, t_wait(pids[i]));
		EXPECT_EQ(rounds, t_counts[0] + (int)length(s, q));
		T_OUTCOMES("%s: %d taken, %d times left", kinds[kind], t_counts[0], t_counts[1]);
	}
}

TEST_F(kshare, room_in_a_queue_against_deadline_and_signal)
{
	struct side *s = &self->s;
	int i, kind, q, rounds = t_rounds(4000);
	struct kshare_cmd cmd;
	pid_t pids[2];

	t_share_counts();
	handle_signals();
	for (kind = 0; kind < KINDS; kind++) {
		q = t_create_elem(s, KSHARE_TYPE_QUEUE, 0, 1);
		memset(t_counts, 0, 8);
		for (i = 0; i < 2; i++) {
			pids[i] = t_fork(s);
			if (!pids[i]) {
				unsigned int seed = i;
				int ret;

				cmd = t_cmd(KSHARE_OP_QUEUE_PUT, q);
				do {
					cmd.deadline = soon(kind, &seed);
					ret = t_raw(s, cmd);
					if (ret != -ESHUTDOWN)
						t_count(!!ret);
				} while (!ret || ret == -ETIMEDOUT || ret == -EINTR);
				_exit(ret != -ESHUTDOWN);
			}
		}
		for (i = 0; i < rounds; i++) {
			ASSERT_EQ(1, t_raw(s, t_cmd(KSHARE_OP_QUEUE_GET, q)));
			if (kind == BY_SIGNAL)
				kill(pids[i % 2], SIGUSR1);
		}
		EXPECT_EQ(0, t_raw(s, t_cmd(KSHARE_OP_QUEUE_SHUTDOWN, q)));
		for (i = 0; i < 2; i++)
			EXPECT_EQ(0, t_wait(pids[i]));
		EXPECT_EQ(t_counts[0], rounds + (int)length(s, q));
		T_OUTCOMES("%s: %d put, %d times left", kinds[kind], t_counts[0], t_counts[1]);
	}
}

TEST_F(kshare, permits_against_deadline_and_signal)
{
	struct side *s = &self->s;
	int i, kind, sem, rounds = t_rounds(4000), stop;
	struct kshare_cmd cmd;
	pid_t pids[2];

	t_share_counts();
	handle_signals();
	for (kind = 0; kind < KINDS; kind++) {
		sem = t_create_with(s, KSHARE_TYPE_SEMAPHORE, KSHARE_SIGNALLING, t_none(),
				    t_none());
		memset(t_counts, 0, 16);
		for (i = 0; i < 2; i++) {
			pids[i] = t_fork(s);
			if (!pids[i]) {
				unsigned int seed = i;
				int ret;

				cmd = t_cmd(KSHARE_OP_SEMAPHORE_ACQUIRE, sem);
				/* The second one wants two, and they are handed out so. */
				cmd.nr = i + 1;
				do {
					cmd.deadline = soon(kind, &seed);
					ret = t_raw(s, cmd);
					t_count(ret ? 3 : i);
				} while ((!ret || ret == -ETIMEDOUT || ret == -EINTR) &&
					 !t_counted(2));
				_exit(ret && ret != -ETIMEDOUT && ret != -EINTR);
			}
		}
		for (i = 0; i < rounds; i++) {
			ASSERT_EQ(0, t_raw(s, t_cmd(KSHARE_OP_SEMAPHORE_RELEASE, sem)));
			if (kind == BY_SIGNAL)
				kill(pids[i % 2], SIGUSR1);
		}
		t_count(2);
		/* They see that it is over when they get one more. */
		for (stop = 0; stop < 4; stop++)
			ASSERT_EQ(0, t_raw(s, t_cmd(KSHARE_OP_SEMAPHORE_RELEASE, sem)));
		for (i = 0; i < 2; i++)
			EXPECT_EQ(0, t_wait(pids[i]));
		EXPECT_EQ(rounds + 4, t_counts[0] + 2 * t_counts[1] + (int)length(s, sem));
		T_OUTCOMES("%s: %d and %d times acquired, %d times left", kinds[kind],
			   t_counts[0], t_counts[1], t_counts[3]);
	}
}

/* A child that acquires and releases, and signals another one. */
static void lock_rounds(struct side *s, const uint32_t *ops, int l, int kind, int rounds,
			pid_t other)
{
	unsigned int seed = other;
	int round;

	for (round = 0; round < rounds; round++) {
		struct kshare_cmd cmd = t_cmd(ops[0], l);

		cmd.deadline = soon(kind, &seed);
		/* A rwlock's readers are in its line as well. */
		if (ops[0] == KSHARE_OP_RWLOCK_ACQUIRE && round % 8 == 0)
			cmd.flags = KSHARE_SHARED;
		if (t_raw(s, cmd) < 0) {
			t_count(2);
			continue;
		}
		if (!cmd.flags) {
			/* Nobody else is there. */
			if (t_counts[0]++)
				_exit(1);
			t_count(1);
			t_counts[0]--;
		} else if (t_counts[0]) {
			_exit(2);
		}
		if (t_raw(s, t_cmd(ops[1], l)))
			_exit(3);
		if (kind == BY_SIGNAL && other)
			kill(other, SIGUSR1);
	}
	_exit(0);
}

TEST_F(kshare, locks_against_deadline_and_signal)
{
	static const uint32_t ops[][2] = {
		{ KSHARE_OP_LOCK_ACQUIRE, KSHARE_OP_LOCK_RELEASE },
		{ KSHARE_OP_RWLOCK_ACQUIRE, KSHARE_OP_RWLOCK_RELEASE },
	};
	struct side *s = &self->s;
	int i, type, kind, l, rounds = t_rounds(2400) / 3;
	pid_t pids[3];

	t_share_counts();
	handle_signals();
	for (type = 0; type < 2; type++) {
		for (kind = 0; kind < KINDS; kind++) {
			l = t_create(s, type ? KSHARE_TYPE_RWLOCK : KSHARE_TYPE_LOCK);
			memset(t_counts, 0, 16);
			for (i = 0; i < 3; i++) {
				pids[i] = t_fork(s);
				/* The first one is in the line, mostly. */
				if (!pids[i])
					lock_rounds(s, ops[type], l, kind, rounds,
						    i ? pids[0] : 0);
			}
			for (i = 0; i < 3; i++)
				EXPECT_EQ(0, t_wait(pids[i]));
			ASSERT_EQ(0, length(s, l));
			EXPECT_LE(0, t_raw(s, t_cmd(ops[type][0], l)));
			EXPECT_LT(0, t_counts[1]);
			T_OUTCOMES("%s, %s: %d times acquired alone, %d times left",
				   type ? "rwlock" : "lock", kinds[kind], t_counts[1],
				   t_counts[2]);
		}
	}
}

/* Two events that answer each other: one lost, and it would hang. */
TEST_F(kshare, events_against_deadlines)
{
	struct side *s = &self->s;
	int i, e[2], rounds = t_rounds(4000);
	pid_t pid;

	t_share_counts();
	for (i = 0; i < 2; i++)
		e[i] = t_create_with(s, KSHARE_TYPE_EVENT, KSHARE_AUTO_RESET, t_none(), t_none());
	pid = t_fork(s);
	if (!pid) {
		struct kshare_cmd cmd = t_cmd(KSHARE_OP_EVENT_WAIT, e[0]);
		unsigned int seed = 1;
		int n = 0, ret;

		while (n < rounds) {
			cmd.deadline = soon(BY_DEADLINE, &seed);
			ret = t_raw(s, cmd);
			if (ret && ret != -ETIMEDOUT)
				_exit(1);
			t_count(!!ret);
			if (ret)
				continue;
			n++;
			if (t_raw(s, t_cmd(KSHARE_OP_EVENT_SET, e[1])))
				_exit(2);
		}
		_exit(0);
	}
	for (i = 0; i < rounds; i++) {
		ASSERT_EQ(0, t_raw(s, t_cmd(KSHARE_OP_EVENT_SET, e[0])));
		ASSERT_EQ(0, t_raw(s, t_cmd(KSHARE_OP_EVENT_WAIT, e[1])));
	}
	EXPECT_EQ(0, t_wait(pid));
	/* Nor was one given twice. */
	EXPECT_EQ(0, t_raw(s, t_cmd(KSHARE_OP_EVENT_IS_SET, e[0])));
	EXPECT_EQ(0, t_raw(s, t_cmd(KSHARE_OP_EVENT_IS_SET, e[1])));
	T_OUTCOMES("%d set, %d times left", t_counts[0], t_counts[1]);
}

/* A child that waits until it is told that it is over. */
static void wait_rounds(struct side *s, int l, int c, unsigned int seed)
{
	struct kshare_cmd cmd = t_cmd(KSHARE_OP_CONDITION_WAIT, c);
	int ret = -EINTR;

	while (!t_counted(1)) {
		/* After EINTR it does not have the lock. */
		while (ret == -EINTR)
			ret = t_raw(s, t_cmd(KSHARE_OP_LOCK_ACQUIRE, l));
		cmd.deadline = soon(BY_DEADLINE, &seed);
		ret = t_raw(s, cmd);
		if (ret != 1 && ret != -ETIMEDOUT && ret != -EINTR)
			_exit(2);
		t_count(ret == 1 ? 0 : 2);
	}
	_exit(ret != -EINTR && t_raw(s, t_cmd(KSHARE_OP_LOCK_RELEASE, l)) ? 3 : 0);
}

/* As many waits come back as notified as notifies found somebody. */
TEST_F(kshare, a_notify_against_deadline_and_signal)
{
	struct side *s = &self->s;
	int i, kind, l, c, rounds = t_rounds(2400), notified;
	pid_t pids[2];

	t_share_counts();
	handle_signals();
	for (kind = 0; kind < KINDS; kind++) {
		l = t_create(s, KSHARE_TYPE_LOCK);
		c = t_create_with(s, KSHARE_TYPE_CONDITION, 0, t_none(), t_ref(l));
		memset(t_counts, 0, 12);
		notified = 0;
		for (i = 0; i < 2; i++) {
			pids[i] = t_fork(s);
			if (!pids[i])
				wait_rounds(s, l, c, i);
		}
		for (i = 0; i < rounds; i++) {
			int ret;

			ASSERT_EQ(1, t_raw(s, t_cmd(KSHARE_OP_LOCK_ACQUIRE, l)));
			ret = t_raw(s, t_cmd(KSHARE_OP_CONDITION_NOTIFY, c));
			ASSERT_LE(0, ret);
			notified += ret;
			if (kind == BY_SIGNAL)
				kill(pids[i % 2], SIGUSR1);
			ASSERT_EQ(0, t_raw(s, t_cmd(KSHARE_OP_LOCK_RELEASE, l)));
		}
		t_count(1);
		for (i = 0; i < 2; i++)
			EXPECT_EQ(0, t_wait(pids[i]));
		EXPECT_EQ(notified, t_counts[0]);
		T_OUTCOMES("%s as well: %d notified, %d times left", kinds[kind], notified,
			   t_counts[2]);
		EXPECT_EQ(1, t_raw(s, t_cmd(KSHARE_OP_LOCK_ACQUIRE, l)));
	}
}

/* Both agree on whether they met. */
TEST_F(kshare, a_meeting_against_a_deadline)
{
	struct side *s = &self->s;
	int b = t_create_elem(s, KSHARE_TYPE_BARRIER, 0, 2), i, go[2], done[2], met = 0;
	int rounds = t_rounds(1500);
	struct kshare_cmd cmd = t_cmd(KSHARE_OP_BARRIER_WAIT, b);
	unsigned int seed = 7;
	pid_t pid;

	ASSERT_EQ(0, pipe(go) | pipe(done));
	pid = t_fork(s);
	if (!pid) {
		int delay;

		close(go[1]);
		while (read(go[0], &delay, sizeof(delay)) == sizeof(delay)) {
			int ret;

			cmd.deadline = t_now() + delay;
			ret = t_raw(s, cmd);
			if (write(done[1], &ret, sizeof(ret)) != sizeof(ret))
				_exit(1);
		}
		t_close(s, b);
		_exit(0);
	}
	for (i = 0; i < rounds; i++) {
		int delay = 20000 + rand_r(&seed) % 200000, mine, theirs;

		ASSERT_EQ(sizeof(delay), write(go[1], &delay, sizeof(delay)));
		cmd.deadline = t_now() + 20000 + rand_r(&seed) % 200000;
		mine = t_raw(s, cmd);
		ASSERT_EQ(sizeof(theirs), read(done[0], &theirs, sizeof(theirs)));
		if (mine >= 0 || theirs >= 0) {
			EXPECT_EQ(1, mine + theirs);
			met++;
			continue;
		}
		EXPECT_TRUE(mine == -ETIMEDOUT || theirs == -ETIMEDOUT);
		EXPECT_TRUE(mine == -ETIMEDOUT || mine == -ESHUTDOWN);
		EXPECT_TRUE(theirs == -ETIMEDOUT || theirs == -ESHUTDOWN);
		ASSERT_EQ(0, t_raw(s, t_cmd(KSHARE_OP_BARRIER_RESET, b)));
	}
	close(go[1]);
	EXPECT_EQ(0, t_wait(pid));
	TH_LOG("met in %d of %d rounds", met, rounds);
	close(go[0]);
	close(done[0]);
	close(done[1]);
}

TEST_F(kshare, all_of_several_against_deadlines)
{
	struct side *s = &self->s;
	int i, k, sem[2], rounds = t_rounds(2400), stop;
	pid_t pids[2];

	t_share_counts();
	memset(t_counts, 0, 12);
	for (k = 0; k < 2; k++)
		sem[k] = t_create_with(s, KSHARE_TYPE_SEMAPHORE, KSHARE_SIGNALLING, t_none(),
				       t_none());
	for (i = 0; i < 2; i++) {
		pids[i] = t_fork(s);
		if (!pids[i]) {
			struct kshare_cmd members[2] = {
				t_cmd(KSHARE_OP_SEMAPHORE_ACQUIRE, sem[i]),
				t_cmd(KSHARE_OP_SEMAPHORE_ACQUIRE, sem[!i]),
			};
			struct kshare_cmd cmd = t_cmd(KSHARE_OP_WAIT_ALL, 0);
			unsigned int seed = i;
			int ret;

			cmd.value = t_bytes(members, sizeof(members));
			do {
				cmd.deadline = soon(BY_DEADLINE, &seed);
				ret = t_raw(s, cmd);
				t_count(ret ? 2 : 0);
			} while ((!ret || ret == -ETIMEDOUT) && !t_counted(1));
			_exit(ret && ret != -ETIMEDOUT);
		}
	}
	for (i = 0; i < rounds; i++)
		ASSERT_EQ(0, t_raw(s, t_cmd(KSHARE_OP_SEMAPHORE_RELEASE, sem[i % 2])));
	stop = 0;
	while (length(s, sem[0]) && length(s, sem[1]) && stop++ < 100000)
		sched_yield();
	t_count(1);
	for (i = 0; i < 2; i++)
		EXPECT_EQ(0, t_wait(pids[i]));
	for (k = 0; k < 2; k++)
		EXPECT_EQ(rounds / 2, t_counts[0] + (int)length(s, sem[k]));
	T_OUTCOMES("%d times all acquired, %d times left", t_counts[0], t_counts[2]);
}

/* Takers that are killed at any time; all that they had comes back. */
TEST_F(kshare, leases_permits_and_locks_against_sigkill)
{
	struct side *s = &self->s;
	int q = t_create(s, KSHARE_TYPE_QUEUE), l = t_create(s, KSHARE_TYPE_LOCK);
	int sem = t_create_elem(s, KSHARE_TYPE_SEMAPHORE, 0, 5), i, round;
	int rounds = t_rounds(5000) / 100, died = 0;
	struct kshare_stat before, after;
	unsigned int seed = 3;
	char seen[20] = {};
	pid_t pids[2];

	for (i = 0; i < 20; i++)
		ASSERT_EQ(0, t_run_with(s, KSHARE_OP_QUEUE_PUT, q, t_int(i)));
	ASSERT_EQ(0, t_stat(s, 1, &before));
	for (round = 0; round < rounds; round++) {
		int64_t end;

		for (i = 0; i < 2; i++) {
			pids[i] = t_fork(s);
			if (!pids[i]) {
				struct kshare_cmd get = t_cmd(KSHARE_OP_QUEUE_GET, q);
				struct kshare_cmd nack = t_cmd(KSHARE_OP_QUEUE_NACK, q);

				get.flags = KSHARE_LEASE;
				for (;;) {
					t_run(s, get);
					nack.key = t_uint(s->out.head.number);
					t_raw(s, t_cmd(KSHARE_OP_LOCK_ACQUIRE, l));
					t_raw(s, t_cmd(KSHARE_OP_SEMAPHORE_ACQUIRE, sem));
					t_raw(s, t_cmd(KSHARE_OP_LOCK_RELEASE, l));
					if (rand_r(&seed) % 4)
						t_raw(s, nack);
				}
			}
		}
		end = t_now() + 100000 + rand_r(&seed) % 2000000;
		while (t_now() < end)
			;
		for (i = 0; i < 2; i++)
			kill(pids[i], SIGKILL);
		for (i = 0; i < 2; i++)
			EXPECT_EQ(1000 + SIGKILL, t_wait(pids[i]));
		ASSERT_EQ(20, length(s, q));
		ASSERT_EQ(5, length(s, sem));
		ASSERT_EQ(1, t_run(s, t_cmd(KSHARE_OP_LOCK_ACQUIRE, l)));
		died += s->out.head.flags == KSHARE_R_OWNER_DIED;
		ASSERT_EQ(0, t_raw(s, t_cmd(KSHARE_OP_LOCK_RELEASE, l)));
	}
	ASSERT_EQ(0, t_stat(s, 1, &after));
	for (i = 0; i < KSHARE_LIMIT_COUNT; i++)
		EXPECT_EQ(before.used[i], after.used[i]);
	for (i = 0; i < 20; i++) {
		ASSERT_LT(0, t_run(s, t_cmd(KSHARE_OP_QUEUE_GET, q)));
		EXPECT_EQ(0, seen[s->out.values[0].i]++);
	}
	T_OUTCOMES("in %d of %d rounds the lock was held", died, rounds);
}

struct canceller {
	int fd;
	int cancelled;
};

static void *cancel_until_told(void *arg)
{
	struct kshare_cmd cmd = t_cmd(KSHARE_OP_CANCEL, 0);
	struct canceller *c = arg;

	cmd.key = t_uint(1);
	while (!t_counted(1)) {
		int ret = ioctl(c->fd, KSHARE_IOC_CMD, &cmd);

		c->cancelled += ret > 0 ? ret : 0;
		sched_yield();
	}
	return NULL;
}

/* What CANCEL counts is what ends as cancelled. */
TEST_F(kshare, a_message_against_cancel)
{
	struct side *s = &self->s;
	int q = t_create(s, KSHARE_TYPE_QUEUE), rounds = t_rounds(4000), got = 0, ended = 0;
	struct canceller c = { .fd = s->fd };
	struct kshare_cmd cmd = t_cmd(KSHARE_OP_QUEUE_GET, q);
	pthread_t id;
	pid_t pid;
	int ret, i;

	t_share_counts();
	t_counts[1] = 0;
	cmd.tag = 1;
	pid = t_fork(s);
	if (!pid) {
		for (i = 0; i < rounds; i++)
			if (t_raw(s, t_cmd(KSHARE_OP_QUEUE_PUT, q)))
				_exit(1);
		_exit(t_raw(s, t_cmd(KSHARE_OP_QUEUE_SHUTDOWN, q)) ? 2 : 0);
	}
	ASSERT_EQ(0, pthread_create(&id, NULL, cancel_until_told, &c));
	for (;;) {
		ret = t_raw(s, cmd);
		if (ret == -ESHUTDOWN)
			break;
		ASSERT_TRUE(ret == 1 || ret == -ECANCELED);
		if (ret == 1)
			got++;
		else
			ended++;
	}
	t_count(1);
	pthread_join(id, NULL);
	EXPECT_EQ(0, t_wait(pid));
	EXPECT_EQ(rounds, got);
	EXPECT_EQ(ended, c.cancelled);
	T_OUTCOMES("%d taken, %d cancelled", got, ended);
}

TEST_HARNESS_MAIN
