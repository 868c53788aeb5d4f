// SPDX-License-Identifier: GPL-2.0
/* Semaphores: permits go to who came first, and come back from the dead. */
#define T_ALL_DOORS
#include "kshare_test.h"

static int semaphore(struct side *s, uint32_t flags, int64_t permits, int64_t bound)
{
	return t_create_with(s, KSHARE_TYPE_SEMAPHORE, flags,
			     permits ? t_int(permits) : t_none(),
			     bound ? t_int(bound) : t_none());
}

static int try_acquire(struct side *s, int sem, uint32_t n)
{
	struct kshare_cmd cmd = t_cmd(KSHARE_OP_SEMAPHORE_ACQUIRE, sem);

	cmd.flags = KSHARE_NOWAIT;
	cmd.nr = n;
	return t_run(s, cmd);
}

static int release(struct side *s, int sem, uint32_t n)
{
	struct kshare_cmd cmd = t_cmd(KSHARE_OP_SEMAPHORE_RELEASE, sem);

	cmd.nr = n;
	return t_run(s, cmd);
}

static int64_t value(struct side *s, int sem)
{
	int ret = t_run(s, t_cmd(KSHARE_OP_SEMAPHORE_VALUE, sem));

	return ret < 0 ? ret : (int64_t)s->out.head.number;
}

TEST_F(kshare, permits_are_counted)
{
	struct side *s = &self->s;
	int sem = semaphore(s, 0, 5, 0);

	EXPECT_EQ(5, value(s, sem));
	EXPECT_EQ(0, try_acquire(s, sem, 0));
	EXPECT_EQ(4, s->out.head.number);
	EXPECT_EQ(0, try_acquire(s, sem, 3));
	EXPECT_EQ(1, s->out.head.number);
	EXPECT_EQ(-EAGAIN, try_acquire(s, sem, 2));
	EXPECT_EQ(0, try_acquire(s, sem, 1));
	EXPECT_EQ(0, value(s, sem));
	EXPECT_EQ(0, release(s, sem, 0));
	EXPECT_EQ(1, s->out.head.number);
	EXPECT_EQ(0, release(s, sem, 4));
	EXPECT_EQ(5, value(s, sem));
	/* It holds none any more. */
	EXPECT_EQ(-EPERM, release(s, sem, 1));
}

TEST_F(kshare, nobody_gives_back_what_he_does_not_hold)
{
	struct side *s = &self->s;
	int sem = semaphore(s, 0, 3, 0), any = semaphore(s, KSHARE_SIGNALLING, 0, 0);
	pid_t pid;

	EXPECT_EQ(-EPERM, release(s, sem, 1));
	EXPECT_EQ(0, try_acquire(s, sem, 2));
	EXPECT_EQ(-EPERM, release(s, sem, 3));
	pid = t_fork(s);
	if (!pid)
		_exit(release(s, sem, 1) != -EPERM || release(s, any, 2) != 0);
	EXPECT_EQ(0, t_wait(pid));
	EXPECT_EQ(1, value(s, sem));
	EXPECT_EQ(2, value(s, any));
	EXPECT_EQ(0, release(s, any, 40));
	EXPECT_EQ(42, value(s, any));
	EXPECT_EQ(0, release(s, sem, 2));
	EXPECT_EQ(3, value(s, sem));
}

TEST_F(kshare, there_are_never_more_than_its_bound)
{
	struct side *s = &self->s;
	int sem = semaphore(s, KSHARE_SIGNALLING, 1, 3), all = semaphore(s, 0, 2, 2);

	EXPECT_EQ(0, release(s, sem, 2));
	EXPECT_EQ(-EOVERFLOW, release(s, sem, 1));
	EXPECT_EQ(3, value(s, sem));
	EXPECT_EQ(0, try_acquire(s, sem, 3));
	EXPECT_EQ(-EOVERFLOW, release(s, sem, 4));
	EXPECT_EQ(0, release(s, sem, 3));
	/* That will never be. */
	EXPECT_EQ(-EOVERFLOW, try_acquire(s, all, 3));
	EXPECT_EQ(0, try_acquire(s, all, 2));
}

TEST_F(kshare, what_is_wrong_is_refused)
{
	struct side *s = &self->s;
	int sem = semaphore(s, 0, 1, 0);

	EXPECT_EQ(-EINVAL, semaphore(s, 0, -1, 0));
	EXPECT_EQ(-EINVAL, semaphore(s, 0, 3, 2));
	EXPECT_EQ(-EINVAL, semaphore(s, 0, 1, -2));
	EXPECT_EQ(-EINVAL, t_create_with(s, KSHARE_TYPE_SEMAPHORE, 0, t_none(), t_str("x")));
	EXPECT_EQ(-EOPNOTSUPP, semaphore(s, KSHARE_LIFO, 1, 0));
	EXPECT_EQ(-EINVAL, try_acquire(s, sem, 1u << 31));
	EXPECT_EQ(-EINVAL, release(s, sem, UINT32_MAX));
	EXPECT_EQ(-EAGAIN, try_acquire(s, sem, INT32_MAX));
	EXPECT_EQ(1, value(s, sem));
}

/* A child that acquires, and gives all back by its end */
static pid_t acquirer(struct side *s, int sem, uint32_t n)
{
	struct kshare_cmd cmd = t_cmd(KSHARE_OP_SEMAPHORE_ACQUIRE, sem);

	cmd.nr = n;
	return t_child(s, cmd);
}

/* Who wants many is not overtaken by those who want few. */
TEST_F(kshare, permits_are_given_in_the_order_of_arrival)
{
	static const int wants[] = { 1, 4, 1, 2, 5 };
	struct side *s = &self->s;
	int i, sem = semaphore(s, KSHARE_SIGNALLING, 0, 0);
	pid_t pids[5];

	for (i = 0; i < 5; i++) {
		pids[i] = acquirer(s, sem, wants[i]);
		t_until_waiters(s, sem, i + 1);
	}
	EXPECT_EQ(0, release(s, sem, 1));
	EXPECT_EQ(0, t_wait(pids[0]));
	EXPECT_EQ(0, release(s, sem, 3));
	t_until_waiters(s, sem, 4);
	EXPECT_EQ(3, value(s, sem));
	/* Nor by one who does not wait. */
	EXPECT_EQ(-EAGAIN, try_acquire(s, sem, 1));
	EXPECT_EQ(0, release(s, sem, 2));
	EXPECT_EQ(0, t_wait(pids[1]));
	EXPECT_EQ(0, t_wait(pids[2]));
	EXPECT_EQ(0, value(s, sem));
	t_until_waiters(s, sem, 2);
	EXPECT_EQ(0, release(s, sem, 7));
	EXPECT_EQ(0, t_wait(pids[3]));
	EXPECT_EQ(0, t_wait(pids[4]));
	EXPECT_EQ(0, value(s, sem));
}

TEST_F(kshare, who_leaves_the_head_of_the_line_lets_others_go)
{
	struct side *s = &self->s;
	int sem = semaphore(s, KSHARE_SIGNALLING, 2, 0);
	pid_t large, small;

	large = acquirer(s, sem, 3);
	t_until_waiters(s, sem, 1);
	small = acquirer(s, sem, 2);
	t_until_waiters(s, sem, 2);
	kill(large, SIGKILL);
	EXPECT_EQ(1000 + SIGKILL, t_wait(large));
	EXPECT_EQ(0, t_wait(small));
	EXPECT_EQ(0, value(s, sem));
}

enum end { END_KILL, END_EXIT, END_CLOSE, END_CLOSE_FD, ENDS };

TEST_F(kshare, permits_come_back_from_who_ends_unless_they_are_nobodys)
{
	struct side *s = &self->s;
	int end, ready[2], signalling;
	pid_t pid, waiter;
	char c;

	for (end = 0; end < ENDS; end++) {
		for (signalling = 0; signalling < 2; signalling++) {
			int sem = semaphore(s, signalling ? KSHARE_SIGNALLING : 0, 5, 0);

			ASSERT_EQ(0, pipe(ready));
			pid = t_fork(s);
			if (!pid) {
				if (try_acquire(s, sem, 2) || try_acquire(s, sem, 2))
					_exit(1);
				if (write(ready[1], "x", 1) != 1)
					_exit(1);
				/* Goes on when somebody waits, as the parent sees to. */
				t_until_waiters(s, sem, 1);
				if (end == END_KILL)
					raise(SIGKILL);
				if (end == END_CLOSE)
					t_close(s, sem);
				if (end == END_CLOSE_FD)
					close(s->fd);
				if (end >= END_CLOSE && write(ready[1], "x", 1) == 1)
					pause();
				_exit(0);
			}
			ASSERT_EQ(1, read(ready[0], &c, 1));
			EXPECT_EQ(1, value(s, sem));
			waiter = acquirer(s, sem, 3);
			if (end >= END_CLOSE)
				ASSERT_EQ(1, read(ready[0], &c, 1));
			if (end < END_CLOSE)
				EXPECT_EQ(end == END_KILL ? 1000 + SIGKILL : 0, t_wait(pid));
			if (signalling) {
				t_until_waiters(s, sem, 1);
				EXPECT_EQ(1, value(s, sem));
				EXPECT_EQ(0, release(s, sem, 2));
			}
			/* A child's end gives back what it acquired. */
			EXPECT_EQ(0, t_wait(waiter));
			EXPECT_EQ(signalling ? 0 : 5, value(s, sem));
			if (end >= END_CLOSE) {
				kill(pid, SIGKILL);
				t_wait(pid);
			}
			close(ready[0]);
			close(ready[1]);
		}
	}
}

TEST_F(kshare, another_handle_keeps_the_permits)
{
	struct side *s = &self->s;
	int sem = semaphore(s, 0, 3, 0), again = t_raw(s, t_cmd(KSHARE_OP_DUP, sem));

	EXPECT_EQ(0, try_acquire(s, sem, 2));
	t_close(s, sem);
	EXPECT_EQ(1, value(s, again));
	EXPECT_EQ(0, release(s, again, 2));
	EXPECT_EQ(3, value(s, again));
}

TEST_F(kshare, in_an_atomic_batch_all_or_none_are_taken)
{
	struct side *s = &self->s;
	int a = semaphore(s, 0, 2, 0), b = semaphore(s, 0, 1, 0), round;
	struct kshare_cmd cmds[3] = { t_cmd(KSHARE_OP_SEMAPHORE_ACQUIRE, a),
				      t_cmd(KSHARE_OP_SEMAPHORE_ACQUIRE, b),
				      t_cmd(KSHARE_OP_SEMAPHORE_ACQUIRE, b) };
	int32_t results[3];
	struct kshare_batch batch = {
		.size = sizeof(batch),
		.flags = KSHARE_BATCH_ATOMIC,
		.cmds = (uintptr_t)cmds,
		.results = (uintptr_t)results,
		.cmd_size = sizeof(cmds[0]),
	};
	struct kshare_stat before, after;

	for (round = 0; round < 2; round++) {
		ASSERT_EQ(0, t_stat(s, a, &before));
		batch.count = 3;
		batch.done = 0;
		EXPECT_EQ(-1, ioctl(s->fd, KSHARE_IOC_BATCH, &batch));
		EXPECT_EQ(EAGAIN, errno);
		ASSERT_EQ(0, t_stat(s, a, &after));
		EXPECT_EQ(before.version, after.version);
		EXPECT_EQ(before.bytes, after.bytes);
		EXPECT_EQ(2 - round, value(s, a));
		EXPECT_EQ(1, value(s, b));
		/* Now it holds something already. */
		if (!round)
			EXPECT_EQ(0, try_acquire(s, a, 1));
	}
	batch.count = 2;
	batch.done = 0;
	EXPECT_EQ(0, ioctl(s->fd, KSHARE_IOC_BATCH, &batch));
	EXPECT_EQ(0, value(s, a));
	EXPECT_EQ(0, value(s, b));
	/* Given back, and taken back */
	cmds[0] = t_cmd(KSHARE_OP_SEMAPHORE_RELEASE, a);
	cmds[0].nr = 2;
	cmds[1] = t_cmd(KSHARE_OP_SEMAPHORE_RELEASE, b);
	cmds[1].nr = 2;
	batch.done = 0;
	EXPECT_EQ(-1, ioctl(s->fd, KSHARE_IOC_BATCH, &batch));
	EXPECT_EQ(EPERM, errno);
	EXPECT_EQ(0, value(s, a));
	EXPECT_EQ(0, release(s, a, 2));
	EXPECT_EQ(0, release(s, b, 1));
	EXPECT_EQ(2, value(s, a));
}

TEST_HARNESS_MAIN
