// SPDX-License-Identifier: GPL-2.0
/* Rwlocks: alone or together, in the order of arrival, and never by the dead. */
#define T_ALL_DOORS
#include "kshare_test.h"

/* An owner is a number here, or 0 for the thread. */
static struct kshare_cmd command(uint32_t op, int l, uint64_t owner, uint32_t flags)
{
	struct kshare_cmd cmd = t_cmd(op, l);

	cmd.flags = flags;
	if (owner)
		cmd.key = t_uint(owner);
	return cmd;
}

static int try_alone(struct side *s, int l, uint64_t owner)
{
	return t_run(s, command(KSHARE_OP_RWLOCK_ACQUIRE, l, owner, KSHARE_NOWAIT));
}

static int try_share(struct side *s, int l, uint64_t owner)
{
	return t_run(s, command(KSHARE_OP_RWLOCK_ACQUIRE, l, owner,
				KSHARE_NOWAIT | KSHARE_SHARED));
}

static int release(struct side *s, int l, uint64_t owner)
{
	return t_raw(s, command(KSHARE_OP_RWLOCK_RELEASE, l, owner, 0));
}

static int downgrade(struct side *s, int l, uint64_t owner)
{
	return t_raw(s, command(KSHARE_OP_RWLOCK_DOWNGRADE, l, owner, 0));
}

TEST_F(kshare, many_share_it_or_one_has_it_alone)
{
	struct side *s = &self->s;
	int l = t_create(s, KSHARE_TYPE_RWLOCK);
	struct kshare_stat stat;

	EXPECT_EQ(0, try_share(s, l, 1));
	EXPECT_EQ(0, try_share(s, l, 2));
	EXPECT_EQ(0, s->out.head.number);
	EXPECT_EQ(-EAGAIN, try_alone(s, l, 3));
	ASSERT_EQ(0, t_stat(s, l, &stat));
	EXPECT_EQ(2, stat.length);
	EXPECT_EQ(0, stat.holder_pid);
	EXPECT_EQ(0, release(s, l, 1));
	EXPECT_EQ(-EAGAIN, try_alone(s, l, 3));
	EXPECT_EQ(0, release(s, l, 2));
	EXPECT_EQ(0, try_alone(s, l, 3));
	EXPECT_EQ(1, s->out.head.number);
	EXPECT_EQ(-EAGAIN, try_share(s, l, 1));
	EXPECT_EQ(-EAGAIN, try_alone(s, l, 1));
	ASSERT_EQ(0, t_stat(s, l, &stat));
	EXPECT_EQ(getpid(), stat.holder_pid);
	EXPECT_EQ(3, stat.owner);
	EXPECT_EQ(1, stat.token);
	EXPECT_EQ(0, release(s, l, 3));
	/* Who shares it is told the last token of one who had it alone. */
	EXPECT_EQ(0, try_share(s, l, 1));
	EXPECT_EQ(1, s->out.head.number);
	EXPECT_EQ(0, release(s, l, 1));
	EXPECT_EQ(0, try_alone(s, l, 1));
	EXPECT_EQ(2, s->out.head.number);
}

TEST_F(kshare, each_owner_gives_back_what_is_his)
{
	struct side *s = &self->s;
	int l = t_create(s, KSHARE_TYPE_RWLOCK);
	pid_t pid;

	EXPECT_EQ(-EPERM, release(s, l, 1));
	EXPECT_EQ(0, try_share(s, l, 1));
	EXPECT_EQ(0, try_share(s, l, 1));
	EXPECT_EQ(-EPERM, release(s, l, 2));
	pid = t_fork(s);
	if (!pid)
		_exit(release(s, l, 1) != -EPERM || downgrade(s, l, 1) != -EPERM);
	EXPECT_EQ(0, t_wait(pid));
	EXPECT_EQ(-EPERM, downgrade(s, l, 1));
	/* As often as he has it */
	EXPECT_EQ(0, release(s, l, 1));
	EXPECT_EQ(-EAGAIN, try_alone(s, l, 2));
	EXPECT_EQ(0, release(s, l, 1));
	EXPECT_EQ(-EPERM, release(s, l, 1));
	EXPECT_EQ(0, try_alone(s, l, 2));
	EXPECT_EQ(0, release(s, l, 2));
	/* Threads are owners, too. */
	EXPECT_EQ(0, try_alone(s, l, 0));
	EXPECT_EQ(-EPERM, release(s, l, 2));
	EXPECT_EQ(0, release(s, l, 0));
	EXPECT_EQ(-EINVAL, try_alone(s, l, KSHARE_OWNER_THREAD | 1));
}

TEST_F(kshare, waiting_for_oneself_is_refused)
{
	struct side *s = &self->s;
	int l = t_create(s, KSHARE_TYPE_RWLOCK);
	struct kshare_cmd alone = command(KSHARE_OP_RWLOCK_ACQUIRE, l, 1, 0);
	struct kshare_cmd share = command(KSHARE_OP_RWLOCK_ACQUIRE, l, 1, KSHARE_SHARED);

	EXPECT_EQ(0, t_raw(s, alone));
	EXPECT_EQ(-EDEADLK, t_raw(s, alone));
	EXPECT_EQ(-EDEADLK, t_raw(s, share));
	EXPECT_EQ(-EAGAIN, try_alone(s, l, 1));
	/* With a deadline it is no deadlock. */
	if (s->door != DOOR_ATOMIC) {
		alone.deadline = t_now() + 1000000;
		EXPECT_EQ(-ETIMEDOUT, t_raw(s, alone));
		alone.deadline = 0;
	}
	EXPECT_EQ(0, release(s, l, 1));
	EXPECT_EQ(0, t_raw(s, share));
	EXPECT_EQ(-EDEADLK, t_raw(s, alone));
	EXPECT_EQ(0, t_raw(s, share));
}

/* A child that acquires it, and whose end gives it back */
static pid_t acquirer(struct side *s, int l, uint32_t flags)
{
	pid_t pid = t_fork(s);
	int ret;

	if (pid)
		return pid;
	s->door = DOOR_CMD;
	ret = t_run(s, command(KSHARE_OP_RWLOCK_ACQUIRE, l, 0, flags));
	if (ret < 0)
		_exit(-ret);
	_exit(release(s, l, 0) ? 1 : s->out.head.flags);
}

TEST_F(kshare, who_wants_to_share_waits_behind_who_wants_it_alone)
{
	struct side *s = &self->s;
	int l = t_create(s, KSHARE_TYPE_RWLOCK);
	pid_t writer, reader;

	EXPECT_EQ(0, try_share(s, l, 1));
	writer = acquirer(s, l, 0);
	t_until_waiters(s, l, 1);
	EXPECT_EQ(-EAGAIN, try_share(s, l, 2));
	reader = acquirer(s, l, KSHARE_SHARED);
	t_until_waiters(s, l, 2);
	/* Who shares it already need not wait for who waits for him. */
	EXPECT_EQ(0, try_share(s, l, 1));
	EXPECT_EQ(0, release(s, l, 1));
	t_until_waiters(s, l, 2);
	EXPECT_EQ(0, release(s, l, 1));
	EXPECT_EQ(0, t_wait(writer));
	EXPECT_EQ(0, t_wait(reader));
}

TEST_F(kshare, they_go_in_the_order_of_arrival_and_sharers_together)
{
	/* S: shares, A: alone */
	static const char kinds[] = "SSASASSS";
	struct side *s = &self->s;
	int i, l = t_create(s, KSHARE_TYPE_RWLOCK), order[2], go[2];
	pid_t pids[8];
	char c;

	ASSERT_EQ(0, pipe(order) | pipe(go));
	EXPECT_EQ(0, try_alone(s, l, 1));
	for (i = 0; i < 8; i++) {
		pids[i] = t_fork(s);
		if (!pids[i]) {
			s->door = DOOR_CMD;
			if (t_run(s, command(KSHARE_OP_RWLOCK_ACQUIRE, l, 0,
					     kinds[i] == 'S' ? KSHARE_SHARED : 0)))
				_exit(1);
			c = '0' + i;
			if (write(order[1], &c, 1) != 1 || read(go[0], &c, 1) != 1)
				_exit(2);
			_exit(release(s, l, 0) ? 3 : 0);
		}
		t_until_waiters(s, l, i + 1);
	}
	EXPECT_EQ(0, release(s, l, 1));
	for (i = 0; i < 8; ) {
		int together = 0, have = 0, first = i;

		while (i + together < 8 && kinds[i + together] == kinds[first] &&
		       (!together || kinds[first] == 'S'))
			together++;
		for (; have < together; have++) {
			ASSERT_EQ(1, read(order[0], &c, 1));
			EXPECT_LE('0' + first, c);
			EXPECT_GT('0' + first + together, c);
		}
		t_until_waiters(s, l, 8 - first - together);
		for (; i < first + together; i++)
			ASSERT_EQ(1, write(go[1], "x", 1));
	}
	for (i = 0; i < 8; i++)
		EXPECT_EQ(0, t_wait(pids[i]));
	close(order[0]);
	close(order[1]);
	close(go[0]);
	close(go[1]);
}

TEST_F(kshare, a_downgrade_lets_those_in_who_share)
{
	struct side *s = &self->s;
	int i, l = t_create(s, KSHARE_TYPE_RWLOCK);
	pid_t readers[3], writer;

	EXPECT_EQ(-EPERM, downgrade(s, l, 1));
	EXPECT_EQ(0, try_alone(s, l, 1));
	EXPECT_EQ(-EPERM, downgrade(s, l, 2));
	for (i = 0; i < 3; i++)
		readers[i] = acquirer(s, l, KSHARE_SHARED);
	t_until_waiters(s, l, 3);
	writer = acquirer(s, l, 0);
	t_until_waiters(s, l, 4);
	EXPECT_EQ(0, downgrade(s, l, 1));
	for (i = 0; i < 3; i++)
		EXPECT_EQ(0, t_wait(readers[i]));
	t_until_waiters(s, l, 1);
	EXPECT_EQ(-EPERM, downgrade(s, l, 1));
	EXPECT_EQ(0, release(s, l, 1));
	EXPECT_EQ(0, t_wait(writer));
	EXPECT_EQ(0, try_alone(s, l, 1));
	EXPECT_EQ(3, s->out.head.number);
}

TEST_F(kshare, a_writer_that_leaves_lets_those_in_who_share)
{
	struct side *s = &self->s;
	int how, l = t_create(s, KSHARE_TYPE_RWLOCK);
	struct kshare_cmd cmd = command(KSHARE_OP_RWLOCK_ACQUIRE, l, 0, 0);
	pid_t writer, reader;

	for (how = 0; how < 2; how++) {
		EXPECT_EQ(0, try_share(s, l, 1));
		if (how) {
			writer = t_child_for_a_while(s, cmd, l, 1);
		} else {
			writer = t_child(s, cmd);
			t_until_waiters(s, l, 1);
		}
		reader = acquirer(s, l, KSHARE_SHARED);
		if (!how) {
			t_until_waiters(s, l, 2);
			kill(writer, SIGKILL);
		}
		EXPECT_EQ(how ? ETIMEDOUT : 1000 + SIGKILL, t_wait(writer));
		EXPECT_EQ(0, t_wait(reader));
		EXPECT_EQ(0, release(s, l, 1));
	}
}

enum end { END_KILL, END_CLOSE, END_CLOSE_FD, ENDS };

TEST_F(kshare, who_gets_it_after_a_dead_one_is_told_until_one_had_it_alone)
{
	struct side *s = &self->s;
	int end, l = t_create(s, KSHARE_TYPE_RWLOCK), ready[2];
	pid_t owner, writer;
	char c;

	ASSERT_EQ(0, pipe(ready));
	for (end = 0; end < ENDS; end++) {
		owner = t_fork(s);
		if (!owner) {
			try_alone(s, l, 1);
			if (write(ready[1], "x", 1) != 1)
				_exit(1);
			t_until_waiters(s, l, 1);
			if (end == END_KILL)
				raise(SIGKILL);
			if (end == END_CLOSE)
				t_close(s, l);
			if (end == END_CLOSE_FD)
				close(s->fd);
			pause();
		}
		ASSERT_EQ(1, read(ready[0], &c, 1));
		/* Two that share are told, and so is the first that has it alone. */
		EXPECT_EQ(KSHARE_R_OWNER_DIED, t_wait(acquirer(s, l, KSHARE_SHARED)));
		EXPECT_EQ(0, try_share(s, l, 1));
		EXPECT_EQ(KSHARE_R_OWNER_DIED, s->out.head.flags);
		EXPECT_EQ(0, release(s, l, 1));
		writer = acquirer(s, l, 0);
		EXPECT_EQ(KSHARE_R_OWNER_DIED, t_wait(writer));
		EXPECT_EQ(0, try_share(s, l, 1));
		EXPECT_EQ(0, s->out.head.flags);
		EXPECT_EQ(0, release(s, l, 1));
		EXPECT_EQ(0, try_alone(s, l, 1));
		EXPECT_EQ(0, s->out.head.flags);
		EXPECT_EQ(0, release(s, l, 1));
		kill(owner, SIGKILL);
		t_wait(owner);
	}
	close(ready[0]);
	close(ready[1]);
}

TEST_F(kshare, who_shared_it_and_died_leaves_no_trace)
{
	struct side *s = &self->s;
	int i, l = t_create(s, KSHARE_TYPE_RWLOCK), ready[2];
	struct kshare_stat before, after;
	pid_t reader, writer;
	char c;

	ASSERT_EQ(0, pipe(ready));
	ASSERT_EQ(0, t_stat(s, l, &before));
	reader = t_fork(s);
	if (!reader) {
		for (i = 1; i <= 50; i++)
			if (try_share(s, l, i) || try_share(s, l, i))
				_exit(1);
		if (write(ready[1], "x", 1) == 1)
			pause();
		_exit(1);
	}
	ASSERT_EQ(1, read(ready[0], &c, 1));
	writer = acquirer(s, l, 0);
	t_until_waiters(s, l, 1);
	kill(reader, SIGKILL);
	EXPECT_EQ(0, t_wait(writer));
	EXPECT_EQ(1000 + SIGKILL, t_wait(reader));
	ASSERT_EQ(0, t_stat(s, l, &after));
	EXPECT_EQ(0, after.length);
	EXPECT_EQ(before.bytes, after.bytes);
	close(ready[0]);
	close(ready[1]);
}

TEST_F(kshare, in_an_atomic_batch_what_fails_is_taken_back)
{
	struct side *s = &self->s;
	int a = t_create(s, KSHARE_TYPE_RWLOCK), b = t_create(s, KSHARE_TYPE_RWLOCK);
	struct kshare_cmd cmds[4];
	int32_t results[4];
	struct kshare_batch batch = {
		.size = sizeof(batch),
		.flags = KSHARE_BATCH_ATOMIC,
		.count = 4,
		.cmds = (uintptr_t)cmds,
		.results = (uintptr_t)results,
		.cmd_size = sizeof(cmds[0]),
	};
	struct kshare_stat before[2], after[2];

	EXPECT_EQ(0, try_alone(s, b, 1));
	ASSERT_EQ(0, t_stat(s, a, &before[0]) | t_stat(s, b, &before[1]));
	cmds[0] = command(KSHARE_OP_RWLOCK_ACQUIRE, a, 1, 0);
	cmds[1] = command(KSHARE_OP_RWLOCK_DOWNGRADE, b, 1, 0);
	cmds[2] = command(KSHARE_OP_RWLOCK_RELEASE, b, 1, 0);
	cmds[3] = command(KSHARE_OP_RWLOCK_ACQUIRE, a, 2, KSHARE_SHARED);
	EXPECT_EQ(-1, ioctl(s->fd, KSHARE_IOC_BATCH, &batch));
	EXPECT_EQ(EAGAIN, errno);
	EXPECT_EQ(3, batch.done);
	ASSERT_EQ(0, t_stat(s, a, &after[0]) | t_stat(s, b, &after[1]));
	EXPECT_EQ(before[0].version, after[0].version);
	EXPECT_EQ(before[0].length, after[0].length);
	EXPECT_EQ(before[0].bytes, after[0].bytes);
	EXPECT_EQ(before[1].version, after[1].version);
	EXPECT_EQ(before[1].owner, after[1].owner);
	EXPECT_EQ(before[1].bytes, after[1].bytes);
	EXPECT_EQ(-EAGAIN, try_share(s, b, 2));
	EXPECT_EQ(0, release(s, b, 1));
	/* A token that nobody has seen is given again. */
	EXPECT_EQ(0, try_alone(s, a, 1));
	EXPECT_LE(1, s->out.head.number);
}

TEST_HARNESS_MAIN
