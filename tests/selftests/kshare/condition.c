// SPDX-License-Identifier: GPL-2.0
/* Conditions: a notify lets waiters go on, each as soon as it has the lock. */
#include "kshare_test.h"

/* The owner of all locks here is a number, so that threads can share it. */
#define ME	1000

static struct kshare_cmd command(uint32_t op, int h)
{
	struct kshare_cmd cmd = t_cmd(op, h);

	cmd.key = t_uint(ME);
	return cmd;
}

static int acquire(struct side *s, int l)
{
	return t_run(s, command(KSHARE_OP_LOCK_ACQUIRE, l));
}

static int release(struct side *s, int l)
{
	return t_raw(s, command(KSHARE_OP_LOCK_RELEASE, l));
}

static int wait_for(struct side *s, int c)
{
	return t_run(s, command(KSHARE_OP_CONDITION_WAIT, c));
}

static int notify(struct side *s, int c, uint32_t nr)
{
	struct kshare_cmd cmd = command(KSHARE_OP_CONDITION_NOTIFY, c);

	cmd.nr = nr;
	return t_raw(s, cmd);
}

static int notify_all(struct side *s, int c)
{
	struct kshare_cmd cmd = command(KSHARE_OP_CONDITION_NOTIFY, c);

	cmd.flags = KSHARE_ALL;
	return t_raw(s, cmd);
}

static int condition(struct side *s, int l)
{
	return t_create_with(s, KSHARE_TYPE_CONDITION, 0, t_none(), t_ref(l));
}

/*
 * Waits for a millisecond, or for as long as it takes to begin before the time is
 * over: what did not begin has no result.
 */
static int run_out_of_time(struct side *s, int c)
{
	struct kshare_cmd cmd = command(KSHARE_OP_CONDITION_WAIT, c);
	int64_t ns = 1000000;
	int ret;

	cmd.out = (uintptr_t)&s->out;
	cmd.out_len = sizeof(s->out);
	do {
		s->out.head.number = 0;
		cmd.deadline = t_now() + ns;
		ns *= 2;
		ret = t_raw(s, cmd);
	} while (ret == -ETIMEDOUT && !s->out.head.number);
	return ret;
}

/* A child that waits, appends its number to a list, and lets the lock go. */
static pid_t waiter(struct side *s, int l, int c, int list, int number)
{
	pid_t pid = t_fork(s);
	int ret;

	if (pid)
		return pid;
	if (acquire(s, l) != 1)
		_exit(1);
	ret = wait_for(s, c);
	if (ret < 0)
		_exit(-ret);
	if (ret != 1 || t_run_with(s, KSHARE_OP_LIST_APPEND, list, t_int(number)))
		_exit(2);
	_exit(release(s, l) ? 3 : 0);
}

TEST_F(kshare, waiters_go_on_in_the_order_of_their_arrival)
{
	struct side *s = &self->s;
	int l = t_create(s, KSHARE_TYPE_LOCK), c = condition(s, l);
	int i, list = t_create(s, KSHARE_TYPE_LIST);
	struct kshare_stat stat;
	pid_t pids[8];

	for (i = 0; i < 8; i++) {
		pids[i] = waiter(s, l, c, list, i);
		t_until_waiters(s, c, i + 1);
	}
	EXPECT_EQ(1, acquire(s, l));
	EXPECT_EQ(1, notify(s, c, 0));
	EXPECT_EQ(3, notify(s, c, 3));
	/* They wait for the lock now. */
	ASSERT_EQ(0, t_stat(s, l, &stat));
	EXPECT_EQ(4, stat.waiters);
	ASSERT_EQ(0, t_stat(s, c, &stat));
	EXPECT_EQ(4, stat.waiters);
	ASSERT_EQ(0, t_stat(s, list, &stat));
	EXPECT_EQ(0, stat.length);
	EXPECT_EQ(0, release(s, l));
	for (i = 0; i < 4; i++)
		EXPECT_EQ(0, t_wait(pids[i]));
	EXPECT_EQ(1, acquire(s, l));
	ASSERT_EQ(0, t_stat(s, list, &stat));
	EXPECT_EQ(4, stat.length);
	EXPECT_EQ(4, notify_all(s, c));
	EXPECT_EQ(0, notify_all(s, c));
	EXPECT_EQ(0, notify(s, c, 100));
	EXPECT_EQ(0, release(s, l));
	for (i = 4; i < 8; i++)
		EXPECT_EQ(0, t_wait(pids[i]));
	ASSERT_EQ(8, t_run(s, t_cmd(KSHARE_OP_LIST_SLICE, list)));
	for (i = 0; i < 8; i++)
		EXPECT_EQ(i, s->out.values[i].i);
}

/* More than are moved with a spinlock held */
TEST_F(kshare, very_many_are_notified_at_once)
{
	struct side *s = &self->s;
	int l = t_create(s, KSHARE_TYPE_LOCK), c = condition(s, l);
	int i, list = t_create(s, KSHARE_TYPE_LIST);
	pid_t pids[80];

	for (i = 0; i < 80; i++)
		pids[i] = waiter(s, l, c, list, i);
	t_until_waiters(s, c, 80);
	EXPECT_EQ(1, acquire(s, l));
	EXPECT_EQ(80, notify_all(s, c));
	EXPECT_EQ(0, release(s, l));
	for (i = 0; i < 80; i++)
		EXPECT_EQ(0, t_wait(pids[i]));
}

TEST_F(kshare, nobody_wakes_up_before_he_has_the_lock)
{
	struct side *s = &self->s;
	int l = t_create(s, KSHARE_TYPE_LOCK), c = condition(s, l);
	int list = t_create(s, KSHARE_TYPE_LIST);
	pid_t first, second, third;
	struct kshare_stat stat;

	first = waiter(s, l, c, list, 1);
	t_until_waiters(s, c, 1);
	EXPECT_EQ(1, acquire(s, l));
	/* Who waits for the lock already comes before. */
	second = t_fork(s);
	if (!second)
		_exit(acquire(s, l) != 1 ||
		      t_run_with(s, KSHARE_OP_LIST_APPEND, list, t_int(2)) || release(s, l));
	t_until_waiters(s, l, 1);
	EXPECT_EQ(1, notify(s, c, 1));
	third = t_fork(s);
	if (!third)
		_exit(acquire(s, l) != 1 ||
		      t_run_with(s, KSHARE_OP_LIST_APPEND, list, t_int(3)) || release(s, l));
	t_until_waiters(s, l, 3);
	ASSERT_EQ(0, t_stat(s, list, &stat));
	EXPECT_EQ(0, stat.length);
	EXPECT_EQ(0, release(s, l));
	EXPECT_EQ(0, t_wait(first) | t_wait(second) | t_wait(third));
	ASSERT_EQ(3, t_run(s, t_cmd(KSHARE_OP_LIST_SLICE, list)));
	EXPECT_EQ(2, s->out.values[0].i);
	EXPECT_EQ(1, s->out.values[1].i);
	EXPECT_EQ(3, s->out.values[2].i);
}

TEST_F(kshare, an_rlock_is_as_deep_as_before)
{
	struct side *s = &self->s;
	int l = t_create(s, KSHARE_TYPE_RLOCK), c = condition(s, l);
	pid_t pid;

	pid = t_fork(s);
	if (!pid) {
		if (acquire(s, l) != 1 || acquire(s, l) != 2 || acquire(s, l) != 3)
			_exit(1);
		if (wait_for(s, c) != 3 || s->out.head.flags || s->out.head.number != 3)
			_exit(2);
		_exit(release(s, l) != 2 || release(s, l) != 1 || release(s, l) != 0);
	}
	t_until_waiters(s, c, 1);
	EXPECT_EQ(1, acquire(s, l));
	EXPECT_EQ(2, acquire(s, l));
	EXPECT_EQ(1, notify(s, c, 1));
	EXPECT_EQ(1, release(s, l));
	t_until_waiters(s, l, 1);
	EXPECT_EQ(0, release(s, l));
	EXPECT_EQ(0, t_wait(pid));
	/* After its time has run out, too */
	EXPECT_EQ(1, acquire(s, l));
	EXPECT_EQ(2, acquire(s, l));
	EXPECT_EQ(-ETIMEDOUT, run_out_of_time(s, c));
	EXPECT_EQ(1, release(s, l));
	EXPECT_EQ(0, release(s, l));
	EXPECT_EQ(-EPERM, release(s, l));
}

TEST_F(kshare, it_is_for_who_has_the_lock)
{
	struct side *s = &self->s;
	int l = t_create(s, KSHARE_TYPE_LOCK), c = condition(s, l);
	struct kshare_cmd cmd;
	pid_t pid;

	EXPECT_EQ(-EPERM, wait_for(s, c));
	EXPECT_EQ(-EPERM, notify(s, c, 1));
	EXPECT_EQ(1, acquire(s, l));
	pid = t_fork(s);
	if (!pid)
		_exit(wait_for(s, c) != -EPERM || notify_all(s, c) != -EPERM);
	EXPECT_EQ(0, t_wait(pid));
	/* Another owner of the same client, as threads are */
	cmd = t_cmd(KSHARE_OP_CONDITION_WAIT, c);
	EXPECT_EQ(-EPERM, t_raw(s, cmd));
	cmd.key = t_uint(7);
	EXPECT_EQ(-EPERM, t_raw(s, cmd));
	cmd.op = KSHARE_OP_CONDITION_NOTIFY;
	EXPECT_EQ(-EPERM, t_raw(s, cmd));
	EXPECT_EQ(0, notify(s, c, 1));
	/* Not to wait makes no sense. */
	cmd = command(KSHARE_OP_CONDITION_WAIT, c);
	cmd.flags = KSHARE_NOWAIT;
	EXPECT_EQ(-EOPNOTSUPP, t_raw(s, cmd));
	cmd = command(KSHARE_OP_CONDITION_NOTIFY, c);
	cmd.flags = KSHARE_ALL;
	cmd.nr = 1;
	EXPECT_EQ(-EINVAL, t_raw(s, cmd));
	EXPECT_EQ(0, release(s, l));
}

TEST_F(kshare, it_belongs_to_a_lock)
{
	struct side *s = &self->s;
	int l = t_create(s, KSHARE_TYPE_LOCK), e = t_create(s, KSHARE_TYPE_EVENT), c;
	struct kshare_cmd dup = t_cmd(KSHARE_OP_DUP, l);
	struct kshare_stat before, after;

	EXPECT_EQ(-EINVAL, t_create(s, KSHARE_TYPE_CONDITION));
	EXPECT_EQ(-EINVAL, t_create_with(s, KSHARE_TYPE_CONDITION, 0, t_none(), t_int(1)));
	EXPECT_EQ(-EINVAL, condition(s, e));
	EXPECT_EQ(-EBADF, condition(s, 12345));
	dup.nr = KSHARE_RIGHT_ALL & ~KSHARE_RIGHT_WAIT;
	EXPECT_EQ(-EACCES, condition(s, t_raw(s, dup)));
	/* Which lives as long as the condition. */
	t_close(s, e);
	ASSERT_EQ(0, t_stat(s, 1, &before));
	l = t_create(s, KSHARE_TYPE_LOCK);
	c = condition(s, l);
	ASSERT_LT(0, c);
	t_close(s, l);
	ASSERT_EQ(0, t_stat(s, 1, &after));
	EXPECT_EQ(before.used[KSHARE_LIMIT_OBJECTS] + 2, after.used[KSHARE_LIMIT_OBJECTS]);
	EXPECT_EQ(-EPERM, notify(s, c, 1));
	t_close(s, c);
	ASSERT_EQ(0, t_stat(s, 1, &after));
	EXPECT_EQ(before.used[KSHARE_LIMIT_OBJECTS], after.used[KSHARE_LIMIT_OBJECTS]);
}

TEST_F(kshare, who_runs_out_of_time_has_the_lock_again)
{
	struct side *s = &self->s;
	int l = t_create(s, KSHARE_TYPE_LOCK), c = condition(s, l), ready[2];
	struct kshare_cmd cmd = command(KSHARE_OP_CONDITION_WAIT, c);
	uint64_t token;
	pid_t pid;
	char x;

	ASSERT_EQ(0, pipe(ready));
	EXPECT_EQ(1, acquire(s, l));
	token = s->out.head.number;
	/* A deadline in the past gives nothing back. */
	cmd.deadline = 1;
	EXPECT_EQ(-ETIMEDOUT, t_run(s, cmd));
	EXPECT_EQ(-EPERM, t_raw(s, t_cmd(KSHARE_OP_LOCK_RELEASE, l)));
	EXPECT_EQ(-ETIMEDOUT, run_out_of_time(s, c));
	EXPECT_EQ(token + 1, s->out.head.number);
	EXPECT_EQ(0, s->out.head.flags);
	/* Not before others let it go, however late that is. */
	pid = t_fork(s);
	if (!pid) {
		if (write(ready[1], "x", 1) != 1 || acquire(s, l) != 1)
			_exit(1);
		t_until_waiters(s, l, 1);
		_exit(release(s, l));
	}
	ASSERT_EQ(1, read(ready[0], &x, 1));
	t_until_waiters(s, l, 1);
	EXPECT_EQ(-ETIMEDOUT, run_out_of_time(s, c));
	EXPECT_EQ(token + 3, s->out.head.number);
	EXPECT_EQ(0, t_wait(pid));
	EXPECT_EQ(0, release(s, l));
	close(ready[0]);
	close(ready[1]);
}

TEST_F(kshare, who_is_cancelled_has_the_lock_again)
{
	struct side *s = &self->s;
	int l = t_create(s, KSHARE_TYPE_LOCK), c = condition(s, l);
	struct kshare_cmd cmd = command(KSHARE_OP_CONDITION_WAIT, c);
	struct kshare_cmd cancel = t_cmd(KSHARE_OP_CANCEL, 0);
	struct t_thread *t = calloc(1, sizeof(*t));
	uint64_t token;

	cmd.tag = 5;
	cancel.key = t_uint(5);
	EXPECT_EQ(1, acquire(s, l));
	token = s->out.head.number;
	t_begin(s, t, cmd, true);
	t_until_waiters(s, c, 1);
	EXPECT_EQ(1, t_raw(s, cancel));
	EXPECT_EQ(-ECANCELED, t_end(t));
	EXPECT_EQ(token + 1, t->out.head.number);
	EXPECT_EQ(-ENOENT, t_raw(s, cancel));
	EXPECT_EQ(0, release(s, l));
	free(t);
}

static void on_signal(int sig)
{
}

TEST_F(kshare, a_signal_ends_it_without_the_lock)
{
	struct side *s = &self->s;
	int restart, l = t_create(s, KSHARE_TYPE_LOCK), c = condition(s, l);
	pid_t pid;

	for (restart = 0; restart < 2; restart++) {
		struct sigaction sa = {
			.sa_handler = on_signal,
			.sa_flags = restart ? SA_RESTART : 0,
		};

		pid = t_fork(s);
		if (!pid) {
			sigaction(SIGUSR1, &sa, NULL);
			acquire(s, l);
			if (wait_for(s, c) != -EINTR)
				_exit(1);
			_exit(release(s, l) != -EPERM);
		}
		t_until_waiters(s, c, 1);
		kill(pid, SIGUSR1);
		EXPECT_EQ(0, t_wait(pid));
		/* It was not notified, and nobody is in its place. */
		EXPECT_EQ(1, acquire(s, l));
		EXPECT_EQ(0, s->out.head.flags);
		EXPECT_EQ(0, notify(s, c, 1));
		EXPECT_EQ(0, release(s, l));
	}
}

/*
 * A child that waits and has been notified; its lock is ours.  If there is a deadline
 * and it was over before the notify, another child has twice the time.
 */
static pid_t notified_child(struct side *s, int l, int c, int64_t ns, int64_t *deadline)
{
	struct kshare_cmd cmd = command(KSHARE_OP_CONDITION_WAIT, c);
	pid_t pid;
	int ret;

	for (;; ns *= 2) {
		cmd.deadline = ns ? t_now() + ns : 0;
		*deadline = cmd.deadline;
		pid = t_fork(s);
		if (!pid) {
			acquire(s, l);
			ret = t_run(s, cmd);
			_exit(release(s, l) || ret != 1);
		}
		if (t_until_it_waits(s, c, 1, pid)) {
			if (acquire(s, l) != 1 || notify(s, c, 1) == 1 || !ns)
				return pid;
			release(s, l);
		}
		t_wait(pid);
	}
}

TEST_F(kshare, neither_signal_nor_deadline_takes_a_notify_back)
{
	struct side *s = &self->s;
	int timeout, l = t_create(s, KSHARE_TYPE_LOCK), c = condition(s, l);
	struct sigaction sa = { .sa_handler = on_signal };
	struct kshare_cmd nowait;
	struct kshare_stat stat;
	int64_t deadline;
	pid_t pid;

	sigaction(SIGUSR1, &sa, NULL);
	for (timeout = 0; timeout < 2; timeout++) {
		pid = notified_child(s, l, c, timeout ? 200000000 : 0, &deadline);
		ASSERT_EQ(0, t_stat(s, c, &stat));
		EXPECT_EQ(0, stat.waiters);
		if (timeout) {
			/* Until it has run out: a wait of our own, for ourselves. */
			nowait = command(KSHARE_OP_LOCK_ACQUIRE, l);
			nowait.deadline = deadline + 10000000;
			EXPECT_EQ(-ETIMEDOUT, t_raw(s, nowait));
		} else {
			kill(pid, SIGUSR1);
			kill(pid, SIGUSR1);
		}
		t_until_waiters(s, l, 1);
		EXPECT_EQ(0, release(s, l));
		EXPECT_EQ(0, t_wait(pid));
	}
}

TEST_F(kshare, one_that_is_killed_after_its_notify_passes_the_lock_on)
{
	struct side *s = &self->s;
	int l = t_create(s, KSHARE_TYPE_LOCK), c = condition(s, l);
	int list = t_create(s, KSHARE_TYPE_LIST);
	pid_t dead, next;

	dead = waiter(s, l, c, list, 1);
	t_until_waiters(s, c, 1);
	next = waiter(s, l, c, list, 2);
	t_until_waiters(s, c, 2);
	EXPECT_EQ(1, acquire(s, l));
	EXPECT_EQ(2, notify_all(s, c));
	kill(dead, SIGKILL);
	EXPECT_EQ(1000 + SIGKILL, t_wait(dead));
	t_until_waiters(s, l, 1);
	EXPECT_EQ(0, release(s, l));
	EXPECT_EQ(0, t_wait(next));
	ASSERT_EQ(1, t_run(s, t_cmd(KSHARE_OP_LIST_SLICE, list)));
	EXPECT_EQ(2, s->out.values[0].i);
}

TEST_F(kshare, the_notify_of_one_that_is_killed_goes_to_the_next)
{
	struct side *s = &self->s;
	int l = t_create(s, KSHARE_TYPE_LOCK), c = condition(s, l);
	int list = t_create(s, KSHARE_TYPE_LIST);
	struct kshare_stat stat;
	pid_t dead, next;

	dead = waiter(s, l, c, list, 1);
	t_until_waiters(s, c, 1);
	next = waiter(s, l, c, list, 2);
	t_until_waiters(s, c, 2);
	EXPECT_EQ(1, acquire(s, l));
	EXPECT_EQ(1, notify(s, c, 1));
	kill(dead, SIGKILL);
	EXPECT_EQ(1000 + SIGKILL, t_wait(dead));
	ASSERT_EQ(0, t_stat(s, l, &stat));
	EXPECT_EQ(1, stat.waiters);
	/* Nobody is left for another one. */
	EXPECT_EQ(0, notify_all(s, c));
	EXPECT_EQ(0, release(s, l));
	EXPECT_EQ(0, t_wait(next));
}

TEST_F(kshare, who_goes_on_is_told_that_the_owner_died)
{
	struct side *s = &self->s;
	int l = t_create(s, KSHARE_TYPE_LOCK), c = condition(s, l);
	pid_t pid, dead;

	pid = t_fork(s);
	if (!pid) {
		acquire(s, l);
		if (wait_for(s, c) != 1)
			_exit(100);
		_exit(s->out.head.flags);
	}
	t_until_waiters(s, c, 1);
	dead = t_fork(s);
	if (!dead) {
		acquire(s, l);
		if (notify(s, c, 1) != 1)
			_exit(1);
		raise(SIGKILL);
	}
	EXPECT_EQ(1000 + SIGKILL, t_wait(dead));
	EXPECT_EQ(KSHARE_R_OWNER_DIED, t_wait(pid));
}

TEST_F(kshare, a_result_that_cannot_be_written_leaves_the_lock)
{
	struct side *s = &self->s;
	int l = t_create(s, KSHARE_TYPE_LOCK), c = condition(s, l);
	struct kshare_cmd cmd = command(KSHARE_OP_CONDITION_WAIT, c);
	pid_t pid;

	pid = t_fork(s);
	if (!pid) {
		acquire(s, l);
		cmd.out = 8;
		cmd.out_len = 4096;
		if (t_raw(s, cmd) != -EFAULT)
			_exit(1);
		_exit(release(s, l) != -EPERM);
	}
	t_until_waiters(s, c, 1);
	EXPECT_EQ(1, acquire(s, l));
	EXPECT_EQ(1, notify(s, c, 1));
	EXPECT_EQ(0, release(s, l));
	EXPECT_EQ(0, t_wait(pid));
	EXPECT_EQ(1, acquire(s, l));
}

TEST_F(kshare, two_conditions_of_one_lock_are_two)
{
	struct side *s = &self->s;
	int l = t_create(s, KSHARE_TYPE_LOCK), a = condition(s, l), b = condition(s, l);
	int list = t_create(s, KSHARE_TYPE_LIST);
	pid_t pids[2];

	pids[0] = waiter(s, l, a, list, 1);
	t_until_waiters(s, a, 1);
	pids[1] = waiter(s, l, b, list, 2);
	t_until_waiters(s, b, 1);
	EXPECT_EQ(1, acquire(s, l));
	EXPECT_EQ(1, notify_all(s, b));
	EXPECT_EQ(0, release(s, l));
	EXPECT_EQ(0, t_wait(pids[1]));
	t_until_waiters(s, a, 1);
	EXPECT_EQ(1, acquire(s, l));
	EXPECT_EQ(1, notify_all(s, a));
	EXPECT_EQ(0, release(s, l));
	EXPECT_EQ(0, t_wait(pids[0]));
}

TEST_HARNESS_MAIN
