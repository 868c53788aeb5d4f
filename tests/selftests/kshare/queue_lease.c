// SPDX-License-Identifier: GPL-2.0
/* Leases: who takes a message and goes before it is done with gives it back. */
#include "kshare_test.h"

static int put(struct side *s, int q, int64_t i)
{
	return t_run_with(s, KSHARE_OP_QUEUE_PUT, q, t_int(i));
}

/* How often it was taken, or the error; the message is in s->out. */
static int lease(struct side *s, int q, uint64_t *lease)
{
	struct kshare_cmd cmd = t_cmd(KSHARE_OP_QUEUE_GET, q);
	int ret;

	cmd.flags = KSHARE_NOWAIT | KSHARE_LEASE;
	ret = t_run(s, cmd);
	if (ret > 0 && lease)
		*lease = s->out.head.number;
	return ret;
}

static int64_t next(struct side *s, int q)
{
	struct kshare_cmd cmd = t_cmd(KSHARE_OP_QUEUE_GET, q);
	int ret;

	cmd.flags = KSHARE_NOWAIT;
	ret = t_run(s, cmd);
	return ret < 0 ? ret : s->out.values[0].i;
}

static int end_lease(struct side *s, uint32_t op, int q, uint64_t lease)
{
	struct kshare_cmd cmd = t_cmd(op, q);

	cmd.key = t_uint(lease);
	return t_raw(s, cmd);
}

static int ack(struct side *s, int q, uint64_t lease)
{
	return end_lease(s, KSHARE_OP_QUEUE_ACK, q, lease);
}

static int nack(struct side *s, int q, uint64_t lease)
{
	return end_lease(s, KSHARE_OP_QUEUE_NACK, q, lease);
}

static int try_join(struct side *s, int q)
{
	struct kshare_cmd cmd = t_cmd(KSHARE_OP_QUEUE_JOIN, q);

	cmd.flags = KSHARE_NOWAIT;
	return t_raw(s, cmd);
}

static int len(struct side *s, int q)
{
	int ret = t_run(s, t_cmd(KSHARE_OP_QUEUE_LEN, q));

	return ret < 0 ? ret : (int)s->out.head.number;
}

static int shut(struct side *s, int q, uint32_t flags)
{
	struct kshare_cmd cmd = t_cmd(KSHARE_OP_QUEUE_SHUTDOWN, q);

	cmd.flags = flags;
	return t_run(s, cmd);
}

TEST_F(kshare, an_acknowledged_message_is_done_with)
{
	struct side *s = &self->s;
	int q = t_create(s, KSHARE_TYPE_QUEUE);
	uint64_t a, b;

	put(s, q, 1);
	put(s, q, 2);
	EXPECT_EQ(1, lease(s, q, &a));
	EXPECT_EQ(1, s->out.head.count);
	EXPECT_EQ(1, s->out.values[0].i);
	EXPECT_EQ(1, lease(s, q, &b));
	EXPECT_EQ(2, s->out.values[0].i);
	EXPECT_NE(a, b);
	EXPECT_EQ(0, len(s, q));
	EXPECT_EQ(-EAGAIN, lease(s, q, NULL));
	EXPECT_EQ(-EAGAIN, try_join(s, q));
	EXPECT_EQ(0, ack(s, q, a));
	EXPECT_EQ(-ENOENT, ack(s, q, a));
	EXPECT_EQ(-ENOENT, nack(s, q, a));
	EXPECT_EQ(-EAGAIN, try_join(s, q));
	EXPECT_EQ(0, ack(s, q, b));
	EXPECT_EQ(0, try_join(s, q));
}

TEST_F(kshare, one_that_is_refused_comes_next_and_knows_how_often_it_was_taken)
{
	struct side *s = &self->s;
	int i, q = t_create(s, KSHARE_TYPE_QUEUE);
	uint64_t a;

	put(s, q, 1);
	put(s, q, 2);
	for (i = 1; i <= 3; i++) {
		EXPECT_EQ(i, lease(s, q, &a));
		EXPECT_EQ(1, s->out.values[0].i);
		EXPECT_EQ(0, nack(s, q, a));
		EXPECT_EQ(-ENOENT, nack(s, q, a));
		EXPECT_EQ(-ENOENT, ack(s, q, a));
		EXPECT_EQ(2, len(s, q));
	}
	EXPECT_EQ(1, next(s, q));
	EXPECT_EQ(2, next(s, q));
}

TEST_F(kshare, a_priority_has_its_old_place_and_the_last_in_is_the_first_again)
{
	struct side *s = &self->s;
	int i, q = t_create_with(s, KSHARE_TYPE_QUEUE, KSHARE_PRIORITY, t_none(), t_none());
	int lifo = t_create_with(s, KSHARE_TYPE_QUEUE, KSHARE_LIFO, t_none(), t_none());
	struct kshare_cmd cmd = t_cmd(KSHARE_OP_QUEUE_PUT, q);
	uint64_t a;

	for (i = 0; i < 3; i++) {
		cmd.key = t_int(5);
		cmd.value = t_int(i);
		EXPECT_EQ(0, t_run(s, cmd));
		put(s, lifo, i);
	}
	EXPECT_EQ(1, lease(s, q, &a));
	cmd.key = t_int(4);
	cmd.value = t_int(9);
	EXPECT_EQ(0, t_run(s, cmd));
	EXPECT_EQ(0, nack(s, q, a));
	EXPECT_EQ(9, next(s, q));
	EXPECT_EQ(0, next(s, q));
	EXPECT_EQ(1, next(s, q));
	EXPECT_EQ(1, lease(s, lifo, &a));
	EXPECT_EQ(2, s->out.values[0].i);
	EXPECT_EQ(0, nack(s, lifo, a));
	EXPECT_EQ(2, next(s, lifo));
}

TEST_F(kshare, many_are_leased_one_by_one)
{
	struct side *s = &self->s;
	int i, q = t_create(s, KSHARE_TYPE_QUEUE);
	struct kshare_cmd cmd = t_cmd(KSHARE_OP_QUEUE_GET_MANY, q);
	uint64_t leases[4];

	for (i = 0; i < 5; i++)
		put(s, q, i);
	cmd.flags = KSHARE_LEASE;
	cmd.nr = 4;
	EXPECT_EQ(4, t_run(s, cmd));
	EXPECT_EQ(1, s->out.head.number);
	ASSERT_EQ(12, s->out.head.count);
	for (i = 0; i < 4; i++) {
		leases[i] = s->out.values[3 * i].u;
		EXPECT_EQ(1, s->out.values[3 * i + 1].i);
		EXPECT_EQ(i, s->out.values[3 * i + 2].i);
	}
	EXPECT_EQ(0, ack(s, q, leases[1]));
	EXPECT_EQ(0, nack(s, q, leases[0]));
	EXPECT_EQ(0, nack(s, q, leases[2]));
	EXPECT_EQ(0, ack(s, q, leases[3]));
	EXPECT_EQ(2, next(s, q));
	EXPECT_EQ(0, next(s, q));
	EXPECT_EQ(4, next(s, q));
}

/* Of others, of other queues, or of nobody */
TEST_F(kshare, a_lease_is_its_takers_alone)
{
	struct side *s = &self->s;
	int q = t_create(s, KSHARE_TYPE_QUEUE), other = t_create(s, KSHARE_TYPE_QUEUE);
	uint64_t a = 0;
	pid_t pid;

	put(s, q, 1);
	EXPECT_EQ(1, lease(s, q, &a));
	pid = t_fork(s);
	if (!pid)
		_exit(ack(s, q, a) != -ENOENT || nack(s, q, a) != -ENOENT);
	EXPECT_EQ(0, t_wait(pid));
	EXPECT_EQ(-ENOENT, ack(s, other, a));
	EXPECT_EQ(-ENOENT, ack(s, q, a + 1));
	EXPECT_EQ(-ENOENT, ack(s, q, UINT64_MAX));
	EXPECT_EQ(-ENOENT, nack(s, q, 0));
	EXPECT_EQ(0, ack(s, q, a));
}

TEST_F(kshare, a_lease_that_is_negative_or_none_is_no_lease)
{
	struct side *s = &self->s;
	int q = t_create(s, KSHARE_TYPE_QUEUE);
	struct kshare_cmd cmd = t_cmd(KSHARE_OP_QUEUE_ACK, q);

	cmd.key = t_int(-1);
	EXPECT_EQ(-EINVAL, t_raw(s, cmd));
	cmd.op = KSHARE_OP_QUEUE_NACK;
	EXPECT_EQ(-EINVAL, t_raw(s, cmd));
	cmd.key = t_none();
	EXPECT_EQ(-EINVAL, t_raw(s, cmd));
}

enum end { END_KILL, END_EXIT, END_EXEC, END_CLOSE, ENDS };

/* A taker goes in each way; what it had is at the front again, in the old order. */
TEST_F(kshare, what_the_dead_had_on_lease_comes_back_in_order)
{
	struct side *s = &self->s;
	int i, end, ready[2], counts[] = { 3, 100 };
	unsigned int n;
	pid_t pid;
	char c;

	ASSERT_EQ(0, pipe2(ready, O_CLOEXEC));
	for (end = 0; end < ENDS; end++) {
		for (n = 0; n < 2; n++) {
			int q = t_create(s, KSHARE_TYPE_QUEUE);

			for (i = 0; i < counts[n] + 2; i++)
				ASSERT_EQ(0, put(s, q, i));
			pid = t_fork(s);
			if (!pid) {
				for (i = 0; i < counts[n]; i++)
					if (lease(s, q, NULL) != 1)
						_exit(1);
				if (end == END_KILL)
					raise(SIGKILL);
				if (end == END_EXEC)
					execl("/bin/true", "true", NULL);
				if (end == END_CLOSE) {
					t_close(s, q);
					if (write(ready[1], "x", 1) == 1)
						pause();
				}
				_exit(0);
			}
			if (end == END_CLOSE)
				ASSERT_EQ(1, read(ready[0], &c, 1));
			if (end != END_CLOSE)
				EXPECT_EQ(end == END_KILL ? 1000 + SIGKILL : 0, t_wait(pid));
			EXPECT_EQ(counts[n] + 2, len(s, q));
			for (i = 0; i < counts[n] + 2; i++) {
				EXPECT_EQ(i < counts[n] ? 2 : 1, lease(s, q, NULL));
				EXPECT_EQ(i, s->out.values[0].i);
			}
			if (end == END_CLOSE) {
				kill(pid, SIGKILL);
				t_wait(pid);
			}
			t_close(s, q);
		}
	}
	close(ready[0]);
	close(ready[1]);
}

TEST_F(kshare, another_handle_keeps_the_leases)
{
	struct side *s = &self->s;
	int q = t_create(s, KSHARE_TYPE_QUEUE), again;
	uint64_t a = 0;

	put(s, q, 1);
	again = t_raw(s, t_cmd(KSHARE_OP_DUP, q));
	EXPECT_EQ(1, lease(s, q, &a));
	t_close(s, q);
	EXPECT_EQ(0, len(s, again));
	EXPECT_EQ(0, ack(s, again, a));
	EXPECT_EQ(0, try_join(s, again));
}

/* It comes back to one who waits for it, with more than are handed on at a time. */
TEST_F(kshare, who_waits_gets_what_comes_back)
{
	struct side *s = &self->s;
	int i, q = t_create(s, KSHARE_TYPE_QUEUE), ready[2];
	pid_t taker, pids[40];
	char c;

	ASSERT_EQ(0, pipe(ready));
	for (i = 0; i < 40; i++)
		put(s, q, i);
	taker = t_fork(s);
	if (!taker) {
		for (i = 0; i < 40; i++)
			lease(s, q, NULL);
		if (write(ready[1], "x", 1) == 1)
			pause();
		_exit(1);
	}
	ASSERT_EQ(1, read(ready[0], &c, 1));
	for (i = 0; i < 40; i++) {
		pids[i] = t_fork(s);
		if (!pids[i]) {
			if (t_run(s, t_cmd(KSHARE_OP_QUEUE_GET, q)) != 2)
				_exit(200);
			_exit(s->out.values[0].i);
		}
		t_until_waiters(s, q, i + 1);
	}
	kill(taker, SIGKILL);
	EXPECT_EQ(1000 + SIGKILL, t_wait(taker));
	for (i = 0; i < 40; i++)
		EXPECT_EQ(i, t_wait(pids[i]));
	close(ready[0]);
	close(ready[1]);
}

TEST_F(kshare, after_an_immediate_shutdown_nothing_comes_back)
{
	struct side *s = &self->s;
	int c, q = t_create(s, KSHARE_TYPE_QUEUE), ready[2];
	struct kshare_stat before, after;
	pid_t taker, joiner;
	uint64_t a = 0;
	char x;

	ASSERT_EQ(0, pipe(ready));
	ASSERT_EQ(0, t_stat(s, 1, &before));
	c = t_create(s, KSHARE_TYPE_CELL);
	t_run_with(s, KSHARE_OP_QUEUE_PUT, q, t_ref(c));
	t_close(s, c);
	put(s, q, 1);
	put(s, q, 2);
	taker = t_fork(s);
	if (!taker) {
		/* The reference; its handle is not asked for. */
		struct kshare_cmd cmd = t_cmd(KSHARE_OP_QUEUE_GET, q);

		cmd.flags = KSHARE_LEASE;
		if (t_raw(s, cmd) == 1 && write(ready[1], "x", 1) == 1)
			pause();
		_exit(1);
	}
	ASSERT_EQ(1, read(ready[0], &x, 1));
	EXPECT_EQ(1, lease(s, q, &a));
	joiner = t_child(s, t_cmd(KSHARE_OP_QUEUE_JOIN, q));
	t_until_waiters(s, q, 1);
	EXPECT_EQ(0, shut(s, q, KSHARE_IMMEDIATE));
	EXPECT_EQ(1, s->out.head.number);
	/* The lease of the taker is no reason to wait. */
	EXPECT_EQ(-ESHUTDOWN, lease(s, q, NULL));
	EXPECT_EQ(0, nack(s, q, a));
	EXPECT_EQ(0, len(s, q));
	t_until_waiters(s, q, 1);
	kill(taker, SIGKILL);
	EXPECT_EQ(1000 + SIGKILL, t_wait(taker));
	EXPECT_EQ(0, t_wait(joiner));
	EXPECT_EQ(0, len(s, q));
	ASSERT_EQ(0, t_stat(s, 1, &after));
	EXPECT_EQ(before.used[KSHARE_LIMIT_OBJECTS], after.used[KSHARE_LIMIT_OBJECTS]);
	EXPECT_EQ(before.used[KSHARE_LIMIT_BYTES], after.used[KSHARE_LIMIT_BYTES]);
	close(ready[0]);
	close(ready[1]);
}

/* As long as another client might give a message back, a drained queue is not over. */
TEST_F(kshare, who_drains_a_queue_waits_for_the_leases_of_others)
{
	struct side *s = &self->s;
	int q, ready[2], go[2], acks;
	pid_t taker, getter;
	uint64_t a = 0;
	char x;

	ASSERT_EQ(0, pipe(ready) | pipe(go));
	for (acks = 0; acks < 2; acks++) {
		q = t_create(s, KSHARE_TYPE_QUEUE);
		put(s, q, 7);
		taker = t_fork(s);
		if (!taker) {
			lease(s, q, &a);
			if (write(ready[1], "x", 1) != 1 || read(go[0], &x, 1) != 1)
				_exit(1);
			/* One's own lease is no reason to wait. */
			if (lease(s, q, NULL) != -ESHUTDOWN)
				_exit(2);
			_exit(acks ? ack(s, q, a) : 0);
		}
		ASSERT_EQ(1, read(ready[0], &x, 1));
		EXPECT_EQ(0, shut(s, q, 0));
		EXPECT_EQ(-EAGAIN, lease(s, q, NULL));
		getter = t_fork(s);
		if (!getter) {
			int ret = t_run(s, t_cmd(KSHARE_OP_QUEUE_GET, q));

			_exit(ret < 0 ? -ret : ret + 10 * s->out.values[0].i);
		}
		t_until_waiters(s, q, 1);
		ASSERT_EQ(1, write(go[1], "x", 1));
		EXPECT_EQ(0, t_wait(taker));
		EXPECT_EQ(acks ? ESHUTDOWN : 72, t_wait(getter));
		EXPECT_EQ(-ESHUTDOWN, lease(s, q, NULL));
	}
	close(ready[0]);
	close(ready[1]);
	close(go[0]);
	close(go[1]);
}

/* Done with, and its outcome is there: both or neither. */
TEST_F(kshare, in_an_atomic_batch_it_is_done_with_when_its_outcome_is_stored)
{
	struct side *s = &self->s;
	int q = t_create(s, KSHARE_TYPE_QUEUE), d = t_create(s, KSHARE_TYPE_DICT);
	struct kshare_cmd cmds[3];
	int32_t results[3];
	struct kshare_batch batch = {
		.size = sizeof(batch),
		.flags = KSHARE_BATCH_ATOMIC,
		.count = 3,
		.cmds = (uintptr_t)cmds,
		.results = (uintptr_t)results,
		.cmd_size = sizeof(cmds[0]),
	};
	struct kshare_stat stat;
	uint64_t a = 0;

	put(s, q, 1);
	EXPECT_EQ(1, lease(s, q, &a));
	cmds[0] = t_cmd(KSHARE_OP_QUEUE_ACK, q);
	cmds[0].key = t_uint(a);
	cmds[1] = t_cmd(KSHARE_OP_DICT_SET, d);
	cmds[1].key = t_int(1);
	cmds[1].value = t_str("outcome");
	cmds[2] = t_cmd(KSHARE_OP_DICT_ABSENT, d);
	cmds[2].key = t_int(1);
	EXPECT_EQ(-1, ioctl(s->fd, KSHARE_IOC_BATCH, &batch));
	EXPECT_EQ(EEXIST, errno);
	EXPECT_EQ(2, batch.done);
	EXPECT_EQ(-EAGAIN, try_join(s, q));
	ASSERT_EQ(0, t_stat(s, d, &stat));
	EXPECT_EQ(0, stat.length);
	batch.done = 0;
	batch.count = 2;
	EXPECT_EQ(0, ioctl(s->fd, KSHARE_IOC_BATCH, &batch));
	EXPECT_EQ(0, try_join(s, q));
	EXPECT_EQ(-ENOENT, ack(s, q, a));
	ASSERT_EQ(0, t_stat(s, d, &stat));
	EXPECT_EQ(1, stat.length);
	/* A lease that has gone, and so nothing is stored. */
	batch.done = 0;
	cmds[1].key = t_int(2);
	EXPECT_EQ(-1, ioctl(s->fd, KSHARE_IOC_BATCH, &batch));
	EXPECT_EQ(ENOENT, errno);
	ASSERT_EQ(0, t_stat(s, d, &stat));
	EXPECT_EQ(1, stat.length);
	/* To give back is no part of one. */
	batch.done = 0;
	cmds[0].op = KSHARE_OP_QUEUE_NACK;
	EXPECT_EQ(-1, ioctl(s->fd, KSHARE_IOC_BATCH, &batch));
	EXPECT_EQ(EOPNOTSUPP, errno);
}

TEST_F(kshare, in_an_atomic_batch_messages_move_from_queue_to_queue)
{
	struct side *s = &self->s;
	int from = t_create(s, KSHARE_TYPE_QUEUE), to = t_create_elem(s, KSHARE_TYPE_QUEUE, 0, 1);
	struct kshare_cmd cmds[2] = { t_cmd(KSHARE_OP_QUEUE_GET, from),
				      t_cmd(KSHARE_OP_QUEUE_PUT, to) };
	int32_t results[2];
	struct kshare_batch batch = {
		.size = sizeof(batch),
		.flags = KSHARE_BATCH_ATOMIC,
		.count = 2,
		.cmds = (uintptr_t)cmds,
		.results = (uintptr_t)results,
		.cmd_size = sizeof(cmds[0]),
	};
	uint32_t flags;

	for (flags = 0; flags <= KSHARE_LEASE; flags += KSHARE_LEASE) {
		put(s, from, 1);
		put(s, from, 2);
		cmds[0].flags = flags;
		cmds[1].value = t_int(1);
		batch.done = 0;
		EXPECT_EQ(0, ioctl(s->fd, KSHARE_IOC_BATCH, &batch));
		EXPECT_EQ(1, results[0]);
		/* There is no room for the second, and so it stays where it was. */
		batch.done = 0;
		EXPECT_EQ(-1, ioctl(s->fd, KSHARE_IOC_BATCH, &batch));
		EXPECT_EQ(EAGAIN, errno);
		EXPECT_EQ(1, batch.done);
		EXPECT_EQ(1, len(s, from));
		EXPECT_EQ(1, lease(s, from, NULL));
		EXPECT_EQ(2, s->out.values[0].i);
		EXPECT_EQ(1, next(s, to));
	}
}

TEST_F(kshare, a_batch_that_puts_and_leases_and_fails_leaves_nothing)
{
	struct side *s = &self->s;
	int q = t_create(s, KSHARE_TYPE_QUEUE), i;
	struct kshare_cmd cmds[4] = { t_cmd(KSHARE_OP_QUEUE_PUT, q),
				      t_cmd(KSHARE_OP_QUEUE_PUT, q),
				      t_cmd(KSHARE_OP_QUEUE_GET, q),
				      t_cmd(KSHARE_OP_CHECK_VERSION, q) };
	int32_t results[4];
	struct kshare_batch batch = {
		.size = sizeof(batch),
		.flags = KSHARE_BATCH_ATOMIC,
		.count = 4,
		.cmds = (uintptr_t)cmds,
		.results = (uintptr_t)results,
		.cmd_size = sizeof(cmds[0]),
	};
	struct kshare_stat before, after;

	cmds[0].value = t_int(1);
	cmds[1].value = t_int(2);
	cmds[2].flags = KSHARE_LEASE;
	cmds[3].value = t_uint(1000000);
	ASSERT_EQ(0, t_stat(s, q, &before));
	for (i = 0; i < 3; i++) {
		batch.done = 0;
		EXPECT_EQ(-1, ioctl(s->fd, KSHARE_IOC_BATCH, &batch));
		EXPECT_EQ(ESTALE, errno);
		ASSERT_EQ(0, t_stat(s, q, &after));
		EXPECT_EQ(before.bytes, after.bytes);
		EXPECT_EQ(before.version, after.version);
		EXPECT_EQ(0, after.length);
	}
	EXPECT_EQ(0, t_run_with(s, KSHARE_OP_QUEUE_PUT, q, t_int(3)));
	EXPECT_EQ(1, t_run(s, t_cmd(KSHARE_OP_QUEUE_GET, q)));
	EXPECT_EQ(3, s->out.values[0].i);
}

TEST_HARNESS_MAIN
