// SPDX-License-Identifier: GPL-2.0
/* Barriers: all go on when all have come, and nobody waits for the dead. */
#include "kshare_test.h"

static int barrier(struct side *s, int64_t parties)
{
	return t_create_elem(s, KSHARE_TYPE_BARRIER, 0, parties);
}

static int arrive(struct side *s, int b)
{
	return t_raw(s, t_cmd(KSHARE_OP_BARRIER_WAIT, b));
}

static int op(struct side *s, uint32_t op, int b)
{
	return t_raw(s, t_cmd(op, b));
}

/* A child that comes once; its status is its index, or the errno.  It is no dead one. */
static pid_t party(struct side *s, int b, int64_t deadline)
{
	struct kshare_cmd cmd = t_cmd(KSHARE_OP_BARRIER_WAIT, b);
	pid_t pid = t_fork(s);
	int ret;

	if (pid)
		return pid;
	cmd.deadline = deadline;
	ret = t_raw(s, cmd);
	t_close(s, b);
	_exit(ret < 0 ? -ret : ret);
}

TEST_F(kshare, all_go_on_when_the_last_one_comes)
{
	struct side *s = &self->s;
	int i, b = barrier(s, 5), round;
	struct kshare_stat stat;
	pid_t pids[4];

	for (round = 0; round < 3; round++) {
		for (i = 0; i < 4; i++) {
			pids[i] = party(s, b, 0);
			t_until_waiters(s, b, i + 1);
		}
		ASSERT_EQ(0, t_stat(s, b, &stat));
		EXPECT_EQ(4, stat.length);
		/* The index tells the order of arrival. */
		EXPECT_EQ(4, arrive(s, b));
		for (i = 0; i < 4; i++)
			EXPECT_EQ(i, t_wait(pids[i]));
		ASSERT_EQ(0, t_stat(s, b, &stat));
		EXPECT_EQ(0, stat.length);
	}
}

/* More than are let go with a spinlock held, and round after round */
TEST_F(kshare, each_index_is_given_once)
{
	struct side *s = &self->s;
	int i, round, n = 40, b = barrier(s, n), seen = t_create_elem(s, KSHARE_TYPE_ARRAY,
								     KSHARE_ELEM_I64, 40);
	pid_t pids[40];

	for (i = 0; i < n; i++) {
		pids[i] = t_fork(s);
		if (!pids[i]) {
			for (round = 0; round < 10; round++) {
				struct kshare_cmd cmd = t_cmd(KSHARE_OP_ARRAY_ADD, seen);
				int index = arrive(s, b);

				if (index < 0)
					_exit(-index);
				cmd.key = t_int(index);
				cmd.value = t_int(1);
				if (t_raw(s, cmd))
					_exit(1);
			}
			t_close(s, b);
			_exit(0);
		}
	}
	for (i = 0; i < n; i++)
		EXPECT_EQ(0, t_wait(pids[i]));
	for (i = 0; i < n; i++) {
		struct kshare_cmd cmd = t_cmd(KSHARE_OP_ARRAY_GET, seen);

		cmd.key = t_int(i);
		ASSERT_EQ(0, t_run(s, cmd));
		EXPECT_EQ(10, s->out.values[0].i);
	}
}

TEST_F(kshare, the_number_of_parties_is_positive_and_an_int)
{
	struct side *s = &self->s;
	int b = barrier(s, 1);

	EXPECT_EQ(-EINVAL, barrier(s, 0));
	EXPECT_EQ(-EINVAL, barrier(s, -1));
	EXPECT_EQ(-EINVAL, barrier(s, 1ll << 31));
	EXPECT_LT(0, barrier(s, INT32_MAX));
	/* One alone never waits. */
	EXPECT_EQ(0, arrive(s, b));
	EXPECT_EQ(0, arrive(s, b));
}

TEST_F(kshare, to_abort_it_ends_all_waits_until_it_is_reset)
{
	struct side *s = &self->s;
	int i, b = barrier(s, 4);
	pid_t pids[3];

	for (i = 0; i < 3; i++)
		pids[i] = party(s, b, 0);
	t_until_waiters(s, b, 3);
	EXPECT_EQ(0, op(s, KSHARE_OP_BARRIER_ABORT, b));
	for (i = 0; i < 3; i++)
		EXPECT_EQ(ESHUTDOWN, t_wait(pids[i]));
	EXPECT_EQ(-ESHUTDOWN, arrive(s, b));
	EXPECT_EQ(0, op(s, KSHARE_OP_BARRIER_ABORT, b));
	EXPECT_EQ(-ESHUTDOWN, arrive(s, b));
	EXPECT_EQ(0, op(s, KSHARE_OP_BARRIER_RESET, b));
	for (i = 0; i < 3; i++)
		pids[i] = party(s, b, 0);
	t_until_waiters(s, b, 3);
	EXPECT_EQ(3, arrive(s, b));
	for (i = 0; i < 3; i++)
		EXPECT_GT(3, t_wait(pids[i]));
}

TEST_F(kshare, to_reset_it_ends_all_waits_and_begins_anew)
{
	struct side *s = &self->s;
	int i, b = barrier(s, 3);
	pid_t pids[2];

	for (i = 0; i < 2; i++)
		pids[i] = party(s, b, 0);
	t_until_waiters(s, b, 2);
	EXPECT_EQ(0, op(s, KSHARE_OP_BARRIER_RESET, b));
	for (i = 0; i < 2; i++)
		EXPECT_EQ(ESHUTDOWN, t_wait(pids[i]));
	for (i = 0; i < 2; i++) {
		pids[i] = party(s, b, 0);
		t_until_waiters(s, b, i + 1);
	}
	EXPECT_EQ(2, arrive(s, b));
	for (i = 0; i < 2; i++)
		EXPECT_EQ(i, t_wait(pids[i]));
}

TEST_F(kshare, who_runs_out_of_time_breaks_it)
{
	struct side *s = &self->s;
	int b = barrier(s, 3);
	pid_t patient, late;
	int64_t ns;
	bool came;

	patient = party(s, b, 0);
	t_until_waiters(s, b, 1);
	/* Who comes when the time is over has not come at all, and breaks nothing. */
	for (ns = 100000000, came = false; !came; ns *= 2) {
		late = party(s, b, t_now() + ns);
		came = t_until_it_waits(s, b, 2, late);
		EXPECT_EQ(ETIMEDOUT, t_wait(late));
	}
	EXPECT_EQ(ESHUTDOWN, t_wait(patient));
	EXPECT_EQ(-ESHUTDOWN, arrive(s, b));
	EXPECT_EQ(0, op(s, KSHARE_OP_BARRIER_RESET, b));
	/* The first in the line as well */
	for (ns = 200000000;; ns *= 2) {
		late = party(s, b, t_now() + ns);
		if (t_until_it_waits(s, b, 1, late))
			break;
		EXPECT_EQ(ETIMEDOUT, t_wait(late));
		EXPECT_EQ(0, op(s, KSHARE_OP_BARRIER_RESET, b));
	}
	patient = party(s, b, 0);
	EXPECT_EQ(ETIMEDOUT, t_wait(late));
	EXPECT_EQ(ESHUTDOWN, t_wait(patient));
}

TEST_F(kshare, one_that_is_broken_stays_so_with_nowait)
{
	struct side *s = &self->s;
	int b = barrier(s, 2);
	struct kshare_cmd cmd = t_cmd(KSHARE_OP_BARRIER_WAIT, b);
	pid_t pid;

	cmd.flags = KSHARE_NOWAIT;
	EXPECT_EQ(-EAGAIN, t_raw(s, cmd));
	pid = party(s, b, 0);
	t_until_waiters(s, b, 1);
	EXPECT_EQ(1, t_raw(s, cmd));
	EXPECT_EQ(0, t_wait(pid));
	EXPECT_EQ(0, op(s, KSHARE_OP_BARRIER_ABORT, b));
	EXPECT_EQ(-ESHUTDOWN, t_raw(s, cmd));
}

static void on_signal(int sig)
{
}

TEST_F(kshare, who_leaves_by_a_signal_has_not_been_there)
{
	struct sigaction sa = { .sa_handler = on_signal };
	struct side *s = &self->s;
	int i, b = barrier(s, 3);
	pid_t pids[2], pid;

	sigaction(SIGUSR1, &sa, NULL);
	pid = party(s, b, 0);
	t_until_waiters(s, b, 1);
	pids[0] = party(s, b, 0);
	t_until_waiters(s, b, 2);
	kill(pid, SIGUSR1);
	EXPECT_EQ(EINTR, t_wait(pid));
	t_until_waiters(s, b, 1);
	pids[1] = party(s, b, 0);
	t_until_waiters(s, b, 2);
	EXPECT_EQ(2, arrive(s, b));
	for (i = 0; i < 2; i++)
		EXPECT_EQ(i, t_wait(pids[i]));
}

TEST_F(kshare, who_is_cancelled_has_not_been_there)
{
	struct side *s = &self->s;
	int b = barrier(s, 2);
	struct kshare_cmd cmd = t_cmd(KSHARE_OP_BARRIER_WAIT, b);
	struct kshare_cmd cancel = t_cmd(KSHARE_OP_CANCEL, 0);
	struct t_thread *t = calloc(1, sizeof(*t));
	pid_t pid;

	cmd.tag = 9;
	cancel.key = t_uint(9);
	t_begin(s, t, cmd, false);
	t_until_waiters(s, b, 1);
	EXPECT_EQ(1, t_raw(s, cancel));
	EXPECT_EQ(-ECANCELED, t_end(t));
	pid = party(s, b, 0);
	t_until_waiters(s, b, 1);
	EXPECT_EQ(1, arrive(s, b));
	EXPECT_EQ(0, t_wait(pid));
	free(t);
}

TEST_F(kshare, the_death_of_one_that_waits_is_told)
{
	struct side *s = &self->s;
	int i, b = barrier(s, 5), dies;
	pid_t pids[4];

	for (dies = 0; dies < 4; dies++) {
		for (i = 0; i < 4; i++) {
			pids[i] = party(s, b, 0);
			t_until_waiters(s, b, i + 1);
		}
		kill(pids[dies], SIGKILL);
		for (i = 0; i < 4; i++)
			EXPECT_EQ(i == dies ? 1000 + SIGKILL : EOWNERDEAD, t_wait(pids[i]));
		EXPECT_EQ(-EOWNERDEAD, arrive(s, b));
		EXPECT_EQ(0, op(s, KSHARE_OP_BARRIER_RESET, b));
	}
}

/* Shares memory with who waits, so that its client is not settled before this ends. */
static int keep_memory(void *go)
{
	char c;

	_exit(read(((int *)go)[0], &c, 1) < 0);
}

/* Who resets it goes on without the dead one, however long that one takes to end. */
TEST_F(kshare, one_death_breaks_it_once)
{
	static char stack[16384] __attribute__((aligned(16)));
	struct side *s = &self->s;
	int b = barrier(s, 2), go[2], alive[2];
	struct kshare_cmd cmd = t_cmd(KSHARE_OP_BARRIER_WAIT, b);
	pid_t pid;
	char c;

	cmd.flags = KSHARE_NOWAIT;
	ASSERT_EQ(0, pipe(go));
	ASSERT_EQ(0, pipe(alive));
	pid = t_fork(s);
	if (!pid) {
		close(go[1]);
		if (clone(keep_memory, stack + sizeof(stack), CLONE_VM, go) < 0)
			_exit(98);
		_exit(-arrive(s, b));
	}
	close(alive[1]);
	t_until_waiters(s, b, 1);
	kill(pid, SIGKILL);
	EXPECT_EQ(1000 + SIGKILL, t_wait(pid));
	EXPECT_EQ(-EOWNERDEAD, t_raw(s, cmd));
	EXPECT_EQ(0, op(s, KSHARE_OP_BARRIER_RESET, b));
	EXPECT_EQ(-EAGAIN, t_raw(s, cmd));
	/* Files are closed after the memory has gone, and the client with it. */
	close(go[1]);
	EXPECT_EQ(0, read(alive[0], &c, 1));
	EXPECT_EQ(-EAGAIN, t_raw(s, cmd));
	close(go[0]);
	close(alive[0]);
}

/* Who has waited once will be waited for. */
TEST_F(kshare, the_death_of_one_that_waited_is_told)
{
	struct side *s = &self->s;
	int b = barrier(s, 2), exits;
	pid_t dead, pid;

	for (exits = 0; exits < 2; exits++) {
		dead = t_fork(s);
		if (!dead) {
			if (arrive(s, b) < 0)
				_exit(1);
			/* The parent waits for the next round. */
			t_until_waiters(s, b, 1);
			if (exits)
				_exit(0);
			raise(SIGKILL);
		}
		t_until_waiters(s, b, 1);
		EXPECT_EQ(1, arrive(s, b));
		pid = party(s, b, 0);
		EXPECT_EQ(exits ? 0 : 1000 + SIGKILL, t_wait(dead));
		EXPECT_EQ(EOWNERDEAD, t_wait(pid));
		EXPECT_EQ(-EOWNERDEAD, arrive(s, b));
		EXPECT_EQ(0, op(s, KSHARE_OP_BARRIER_RESET, b));
	}
}

TEST_F(kshare, who_closed_it_or_never_came_is_not_missed)
{
	struct side *s = &self->s;
	int b = barrier(s, 2);
	struct kshare_cmd cmd = t_cmd(KSHARE_OP_BARRIER_WAIT, b);
	pid_t pid;

	cmd.flags = KSHARE_NOWAIT;
	pid = party(s, b, 0);
	t_until_waiters(s, b, 1);
	EXPECT_EQ(1, arrive(s, b));
	EXPECT_EQ(0, t_wait(pid));
	EXPECT_EQ(-EAGAIN, t_raw(s, cmd));
	pid = t_fork(s);
	if (!pid)
		_exit(0);
	EXPECT_EQ(0, t_wait(pid));
	EXPECT_EQ(-EAGAIN, t_raw(s, cmd));
}

TEST_F(kshare, in_an_atomic_batch_the_last_one_comes_or_has_not_come)
{
	struct side *s = &self->s;
	int b = barrier(s, 2), d = t_create(s, KSHARE_TYPE_DICT);
	struct kshare_cmd cmds[2] = { t_cmd(KSHARE_OP_BARRIER_WAIT, b),
				      t_cmd(KSHARE_OP_DICT_DELETE, d) };
	int32_t results[2];
	struct kshare_batch batch = {
		.size = sizeof(batch),
		.flags = KSHARE_BATCH_ATOMIC,
		.count = 2,
		.cmds = (uintptr_t)cmds,
		.results = (uintptr_t)results,
		.cmd_size = sizeof(cmds[0]),
	};
	static const uint32_t ops[] = { KSHARE_OP_BARRIER_WAIT, KSHARE_OP_BARRIER_ABORT,
					KSHARE_OP_BARRIER_RESET };
	struct kshare_stat stat;
	pid_t pid;
	int i;

	pid = party(s, b, 0);
	t_until_waiters(s, b, 1);
	cmds[1].key = t_int(1);
	for (i = 0; i < 3; i++) {
		cmds[0].op = ops[i];
		batch.done = 0;
		EXPECT_EQ(-1, ioctl(s->fd, KSHARE_IOC_BATCH, &batch));
		EXPECT_EQ(ENOENT, errno);
		ASSERT_EQ(0, t_stat(s, b, &stat));
		EXPECT_EQ(1, stat.length);
		EXPECT_EQ(1, stat.waiters);
	}
	cmds[0].op = KSHARE_OP_BARRIER_WAIT;
	batch.done = 0;
	batch.count = 1;
	EXPECT_EQ(0, ioctl(s->fd, KSHARE_IOC_BATCH, &batch));
	EXPECT_EQ(1, results[0]);
	EXPECT_EQ(0, t_wait(pid));
}

TEST_HARNESS_MAIN
