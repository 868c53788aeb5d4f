// SPDX-License-Identifier: GPL-2.0
/* WAIT_ANY: one of many is carried out, and only one. */
#include "kshare_test.h"

static struct kshare_cmd any(const struct kshare_cmd *cmds, int count)
{
	struct kshare_cmd cmd = t_cmd(KSHARE_OP_WAIT_ANY, 0);

	cmd.value = t_bytes(cmds, count * sizeof(*cmds));
	return cmd;
}

static int try_any(struct side *s, const struct kshare_cmd *cmds, int count)
{
	struct kshare_cmd cmd = any(cmds, count);

	cmd.flags = KSHARE_NOWAIT;
	return t_run(s, cmd);
}

static int put(struct side *s, int q, int64_t i)
{
	return t_run_with(s, KSHARE_OP_QUEUE_PUT, q, t_int(i));
}

static uint64_t waiters(struct side *s, int h)
{
	struct kshare_stat stat;

	return t_stat(s, h, &stat) ? 9999 : stat.waiters;
}

static uint64_t length(struct side *s, int h)
{
	struct kshare_stat stat;

	return t_stat(s, h, &stat) ? 9999 : stat.length;
}

TEST_F(kshare, the_first_in_the_array_that_can_is_carried_out)
{
	struct side *s = &self->s;
	int l = t_create(s, KSHARE_TYPE_RLOCK), q = t_create(s, KSHARE_TYPE_QUEUE);
	int sem = t_create_elem(s, KSHARE_TYPE_SEMAPHORE, 0, 2), e;
	struct kshare_cmd cmds[4];
	struct reply *out = calloc(1, sizeof(*out));

	e = t_create(s, KSHARE_TYPE_EVENT);
	cmds[0] = t_cmd(KSHARE_OP_EVENT_WAIT, e);
	cmds[1] = t_cmd(KSHARE_OP_QUEUE_GET, q);
	cmds[1].out = (uintptr_t)out;
	cmds[1].out_len = sizeof(*out);
	cmds[2] = t_cmd(KSHARE_OP_LOCK_ACQUIRE, l);
	cmds[3] = t_cmd(KSHARE_OP_SEMAPHORE_ACQUIRE, sem);
	/* Its result comes as the number. */
	EXPECT_EQ(2, try_any(s, cmds, 4));
	EXPECT_EQ(1, s->out.head.number);
	EXPECT_EQ(2, try_any(s, cmds, 4));
	EXPECT_EQ(2, s->out.head.number);
	put(s, q, 42);
	EXPECT_EQ(1, try_any(s, cmds, 4));
	EXPECT_EQ(1, s->out.head.number);
	EXPECT_EQ(42, out->values[0].i);
	EXPECT_EQ(1, out->head.count);
	t_raw(s, t_cmd(KSHARE_OP_EVENT_SET, e));
	put(s, q, 43);
	EXPECT_EQ(0, try_any(s, cmds, 4));
	EXPECT_EQ(0, s->out.head.number);
	EXPECT_EQ(1, length(s, q));
	EXPECT_EQ(2, length(s, sem));
	EXPECT_EQ(-EAGAIN, (t_raw(s, t_cmd(KSHARE_OP_EVENT_CLEAR, e)), try_any(s, cmds, 1)));
	free(out);
}

/* What ends a wait for all of several, one after the other */
TEST_F(kshare, whichever_comes_first_ends_the_wait)
{
	struct side *s = &self->s;
	int i, l = t_create(s, KSHARE_TYPE_LOCK), q = t_create(s, KSHARE_TYPE_QUEUE);
	int full = t_create_elem(s, KSHARE_TYPE_QUEUE, 0, 1), rw;
	int sem = t_create_elem(s, KSHARE_TYPE_SEMAPHORE, 0, 1);
	int cell = t_create(s, KSHARE_TYPE_CELL), e = t_create(s, KSHARE_TYPE_EVENT);
	struct t_thread *t = calloc(1, sizeof(*t));
	struct kshare_cmd cmds[7], acquire, own;

	rw = t_create(s, KSHARE_TYPE_RWLOCK);
	put(s, full, 0);
	acquire = t_cmd(KSHARE_OP_LOCK_ACQUIRE, l);
	acquire.key = t_uint(7);
	ASSERT_EQ(1, t_raw(s, acquire));
	own = t_cmd(KSHARE_OP_RWLOCK_ACQUIRE, rw);
	own.key = t_uint(7);
	ASSERT_EQ(0, t_raw(s, own));
	ASSERT_EQ(0, t_raw(s, t_cmd(KSHARE_OP_SEMAPHORE_ACQUIRE, sem)));
	cmds[0] = t_cmd(KSHARE_OP_LOCK_ACQUIRE, l);
	cmds[0].key = t_uint(8);
	cmds[1] = t_cmd(KSHARE_OP_RWLOCK_ACQUIRE, rw);
	cmds[1].key = t_uint(8);
	cmds[2] = t_cmd(KSHARE_OP_SEMAPHORE_ACQUIRE, sem);
	cmds[3] = t_cmd(KSHARE_OP_QUEUE_GET, q);
	cmds[4] = t_cmd(KSHARE_OP_QUEUE_PUT, full);
	cmds[5] = t_cmd(KSHARE_OP_EVENT_WAIT, e);
	cmds[6] = t_cmd(KSHARE_OP_CELL_WAIT, cell);
	cmds[6].flags = KSHARE_UNTIL_NE;
	for (i = 0; i < 7; i++) {
		struct kshare_cmd cmd;
		int k;

		t_begin(s, t, any(cmds, 7), true);
		for (k = 0; k < 7; k++)
			t_until_waiters(s, cmds[k].handle, 1);
		switch (i) {
		case 0:
			cmd = t_cmd(KSHARE_OP_LOCK_RELEASE, l);
			cmd.key = t_uint(7);
			break;
		case 1:
			cmd = t_cmd(KSHARE_OP_RWLOCK_RELEASE, rw);
			cmd.key = t_uint(7);
			break;
		case 2:
			cmd = t_cmd(KSHARE_OP_SEMAPHORE_RELEASE, sem);
			break;
		case 3:
			cmd = t_cmd(KSHARE_OP_QUEUE_PUT, q);
			break;
		case 4:
			cmd = t_cmd(KSHARE_OP_QUEUE_GET, full);
			break;
		case 5:
			cmd = t_cmd(KSHARE_OP_EVENT_SET, e);
			break;
		default:
			cmd = t_cmd(KSHARE_OP_CELL_SET, cell);
			cmd.value = t_int(1);
		}
		EXPECT_LE(0, t_raw(s, cmd));
		EXPECT_EQ(i, t_end(t));
		EXPECT_EQ(i == 0 || i == 3, t->out.head.number);
		/* It has left all lines. */
		for (k = 0; k < 7; k++)
			EXPECT_EQ(0, waiters(s, cmds[k].handle));
		if (i == 5)
			t_raw(s, t_cmd(KSHARE_OP_EVENT_CLEAR, e));
	}
	free(t);
}

TEST_F(kshare, it_keeps_its_place_in_each_line)
{
	struct side *s = &self->s;
	int a = t_create(s, KSHARE_TYPE_QUEUE), b = t_create(s, KSHARE_TYPE_QUEUE), i;
	struct kshare_cmd cmds[2] = { t_cmd(KSHARE_OP_QUEUE_GET, a),
				      t_cmd(KSHARE_OP_QUEUE_GET, b) };
	pid_t pids[3];

	for (i = 0; i < 3; i++) {
		pids[i] = t_fork(s);
		if (!pids[i]) {
			struct reply *out = calloc(2, sizeof(*out));
			int ret;

			if (i != 1) {
				ret = t_run(s, t_cmd(KSHARE_OP_QUEUE_GET, a));
				_exit(ret < 0 ? 200 : s->out.values[0].i);
			}
			cmds[0].out = (uintptr_t)&out[0];
			cmds[1].out = (uintptr_t)&out[1];
			cmds[0].out_len = sizeof(*out);
			cmds[1].out_len = sizeof(*out);
			ret = t_run(s, any(cmds, 2));
			_exit(ret < 0 ? 200 : 100 * ret + out[ret].values[0].i);
		}
		t_until_waiters(s, a, i + 1);
	}
	for (i = 0; i < 3; i++)
		put(s, a, 10 + i);
	for (i = 0; i < 3; i++)
		EXPECT_EQ(10 + i, t_wait(pids[i]));
	EXPECT_EQ(0, waiters(s, b));
}

/* One that goes is no obstacle for those behind it. */
TEST_F(kshare, who_leaves_a_line_lets_others_go)
{
	struct side *s = &self->s;
	int sem = t_create_with(s, KSHARE_TYPE_SEMAPHORE, KSHARE_SIGNALLING, t_int(1), t_none());
	int e = t_create(s, KSHARE_TYPE_EVENT), i;
	struct kshare_cmd cmds[2] = { t_cmd(KSHARE_OP_SEMAPHORE_ACQUIRE, sem),
				      t_cmd(KSHARE_OP_EVENT_WAIT, e) };
	struct kshare_cmd cmd;
	pid_t many, one;

	cmds[0].nr = 3;
	for (i = 0; i < 3; i++) {
		cmd = any(cmds, 2);
		if (i == 2) {
			many = t_child_for_a_while(s, cmd, sem, 1);
		} else {
			many = t_child(s, cmd);
			t_until_waiters(s, sem, 1);
		}
		one = t_child(s, t_cmd(KSHARE_OP_SEMAPHORE_ACQUIRE, sem));
		if (i < 2)
			t_until_waiters(s, sem, 2);
		if (i == 0)
			t_raw(s, t_cmd(KSHARE_OP_EVENT_SET, e));
		if (i == 1)
			kill(many, SIGKILL);
		EXPECT_EQ(i == 0 ? 0 : i == 1 ? 1000 + SIGKILL : ETIMEDOUT, t_wait(many));
		EXPECT_EQ(0, t_wait(one));
		EXPECT_EQ(0, waiters(s, sem));
		EXPECT_EQ(0, waiters(s, e));
		EXPECT_EQ(0, length(s, sem));
		t_raw(s, t_cmd(KSHARE_OP_EVENT_CLEAR, e));
		t_raw(s, t_cmd(KSHARE_OP_SEMAPHORE_RELEASE, sem));
	}
}

TEST_F(kshare, up_to_sixty_four_may_be_waited_for)
{
	struct kshare_cmd cmds[KSHARE_MAX_WAIT + 1];
	struct side *s = &self->s;
	int i, e[KSHARE_MAX_WAIT + 1];
	pid_t pid;

	for (i = 0; i <= (int)KSHARE_MAX_WAIT; i++) {
		e[i] = t_create(s, KSHARE_TYPE_EVENT);
		cmds[i] = t_cmd(KSHARE_OP_EVENT_WAIT, e[i]);
	}
	EXPECT_EQ(-E2BIG, t_run(s, any(cmds, KSHARE_MAX_WAIT + 1)));
	EXPECT_EQ(-EAGAIN, try_any(s, cmds, KSHARE_MAX_WAIT));
	pid = t_fork(s);
	if (!pid) {
		i = t_run(s, any(cmds, KSHARE_MAX_WAIT));
		_exit(i < 0 ? -i + 100 : i);
	}
	t_until_waiters(s, e[KSHARE_MAX_WAIT - 1], 1);
	EXPECT_EQ(1, waiters(s, e[0]));
	EXPECT_EQ(0, t_raw(s, t_cmd(KSHARE_OP_EVENT_SET, e[KSHARE_MAX_WAIT - 1])));
	EXPECT_EQ(KSHARE_MAX_WAIT - 1, t_wait(pid));
	for (i = 0; i < (int)KSHARE_MAX_WAIT; i++)
		EXPECT_EQ(0, waiters(s, e[i]));
}

TEST_F(kshare, what_is_wrong_is_refused)
{
	struct side *s = &self->s;
	int e = t_create(s, KSHARE_TYPE_EVENT), f = t_create(s, KSHARE_TYPE_EVENT);
	int l = t_create(s, KSHARE_TYPE_LOCK), c, b, q = t_create(s, KSHARE_TYPE_QUEUE);
	struct kshare_cmd good[2] = { t_cmd(KSHARE_OP_EVENT_WAIT, e),
				      t_cmd(KSHARE_OP_EVENT_WAIT, f) }, bad[2];
	static const uint32_t doors[] = { KSHARE_OP_WAIT_ANY, KSHARE_OP_WAIT_ALL };
	struct kshare_cmd dup = t_cmd(KSHARE_OP_DUP, f), cmd;
	struct kshare_cmd detect = t_cmd(KSHARE_OP_LOCK_ACQUIRE, l);
	int i, again = t_raw(s, t_cmd(KSHARE_OP_DUP, e)), weak;

	c = t_create_with(s, KSHARE_TYPE_CONDITION, 0, t_none(), t_ref(l));
	b = t_create_elem(s, KSHARE_TYPE_BARRIER, 0, 1);
	detect.flags = KSHARE_DETECT;
	dup.nr = KSHARE_RIGHT_READ;
	weak = t_raw(s, dup);
	for (i = 0; i < 2; i++) {
#define BAD(error, ...) do {						\
		memcpy(bad, good, sizeof(bad));				\
		__VA_ARGS__;						\
		cmd = any(bad, 2);					\
		cmd.op = doors[i];					\
		cmd.flags = KSHARE_NOWAIT;				\
		EXPECT_EQ(-(error), t_run(s, cmd));			\
	} while (0)
		BAD(EAGAIN, bad[1].flags = 0);
		/* The same object twice, by whatever handle */
		BAD(EINVAL, bad[1].handle = e);
		BAD(EINVAL, bad[1].handle = again);
		BAD(EINVAL, bad[1].tag = 1);
		BAD(EINVAL, bad[1].deadline = 1);
		BAD(EINVAL, bad[1].flags = KSHARE_NOWAIT);
		BAD(EINVAL, bad[1] = detect);
		BAD(EOPNOTSUPP, bad[1].flags = KSHARE_LEASE);
		BAD(EINVAL, bad[1].deadline = -1);
		BAD(EBADF, bad[1].handle = 12345);
		BAD(ENOTTY, bad[1].handle = l);
		BAD(ENOTTY, bad[1].op = 255);
		BAD(EACCES, bad[1].handle = weak);
		BAD(EINVAL, bad[1].size--);
		BAD(E2BIG, bad[1].size++);
		BAD(EINVAL, bad[1].nr = 1);
		/* Operations that do not wait, or not for one object alone */
		BAD(EOPNOTSUPP, bad[1] = t_cmd(KSHARE_OP_EVENT_SET, f));
		BAD(EOPNOTSUPP, bad[1] = t_cmd(KSHARE_OP_NOP, 0));
		BAD(EOPNOTSUPP, bad[1] = t_cmd(KSHARE_OP_BARRIER_WAIT, b));
		BAD(EOPNOTSUPP, bad[1] = t_cmd(KSHARE_OP_CONDITION_WAIT, c));
		BAD(EOPNOTSUPP, bad[1] = any(good, 2));
		BAD(EOPNOTSUPP, bad[1] = any(good, 2); bad[1].op = KSHARE_OP_WAIT_ALL);
		/* What a single command would be told */
		BAD(EINVAL, bad[1] = t_cmd(KSHARE_OP_QUEUE_GET_MANY, q));
#undef BAD
		cmd = t_cmd(doors[i], 0);
		EXPECT_EQ(-EINVAL, t_run(s, cmd));
		cmd.value = t_bytes("", 0);
		EXPECT_EQ(-EINVAL, t_run(s, cmd));
		cmd.value = t_bytes(good, sizeof(good) - 1);
		EXPECT_EQ(-EINVAL, t_run(s, cmd));
		cmd.value = t_bytes((void *)8, sizeof(good));
		EXPECT_EQ(-EFAULT, t_run(s, cmd));
		cmd.value = t_str("text");
		EXPECT_EQ(-EINVAL, t_run(s, cmd));
	}
	EXPECT_EQ(0, waiters(s, e));
}

TEST_F(kshare, an_error_of_one_is_the_error_of_all)
{
	struct side *s = &self->s;
	int a = t_create(s, KSHARE_TYPE_QUEUE), b = t_create(s, KSHARE_TYPE_QUEUE);
	struct kshare_cmd cmds[2] = { t_cmd(KSHARE_OP_QUEUE_GET, a),
				      t_cmd(KSHARE_OP_QUEUE_GET, b) };
	pid_t pid;

	pid = t_child(s, any(cmds, 2));
	t_until_waiters(s, b, 1);
	EXPECT_EQ(0, t_raw(s, t_cmd(KSHARE_OP_QUEUE_SHUTDOWN, b)));
	EXPECT_EQ(ESHUTDOWN, t_wait(pid));
	EXPECT_EQ(0, waiters(s, a));
	EXPECT_EQ(-ESHUTDOWN, try_any(s, cmds, 2));
	put(s, a, 1);
	EXPECT_EQ(0, try_any(s, cmds, 2));
}

TEST_F(kshare, a_result_too_large_is_told_in_its_own_place_and_nothing_is_taken)
{
	struct side *s = &self->s;
	int a = t_create(s, KSHARE_TYPE_QUEUE), b = t_create(s, KSHARE_TYPE_QUEUE), waits;
	struct kshare_cmd cmds[2] = { t_cmd(KSHARE_OP_QUEUE_GET, a),
				      t_cmd(KSHARE_OP_QUEUE_GET, b) };
	struct kshare_value v = t_str("a string of thirty-two characters");
	struct t_thread *t = calloc(1, sizeof(*t));
	struct reply *out = calloc(1, sizeof(*out));

	cmds[1].out = (uintptr_t)out;
	for (waits = 0; waits < 2; waits++) {
		cmds[1].out_len = 32;
		memset(out, 0, sizeof(*out));
		if (waits) {
			t_begin(s, t, any(cmds, 2), true);
			t_until_waiters(s, b, 1);
		}
		EXPECT_EQ(0, t_run_with(s, KSHARE_OP_QUEUE_PUT, b, v));
		EXPECT_EQ(-ENOBUFS, waits ? t_end(t) : t_run(s, any(cmds, 2)));
		EXPECT_LE(32 + 33, out->head.number);
		EXPECT_EQ(1, length(s, b));
		cmds[1].out_len = out->head.number;
		EXPECT_EQ(1, t_run(s, any(cmds, 2)));
		/* It counts as never taken. */
		EXPECT_EQ(1, s->out.head.number);
		EXPECT_TRUE(t_is_str(&out->values[0], "a string of thirty-two characters"));
	}
	/* Its own result cannot be written: neither has it been. */
	put(s, b, 1);
	cmds[1] = t_cmd(KSHARE_OP_QUEUE_GET, b);
	t->cmd = any(cmds, 2);
	t->cmd.out = 8;
	t->cmd.out_len = 4096;
	EXPECT_EQ(-EFAULT, t_raw(s, t->cmd));
	EXPECT_EQ(1, length(s, b));
	free(out);
	free(t);
}

TEST_F(kshare, references_come_as_handles_only_from_the_one_that_was_taken)
{
	struct side *s = &self->s;
	int a = t_create(s, KSHARE_TYPE_QUEUE), b = t_create(s, KSHARE_TYPE_QUEUE);
	int c = t_create(s, KSHARE_TYPE_CELL), waits;
	struct kshare_cmd cmds[2] = { t_cmd(KSHARE_OP_QUEUE_GET, a),
				      t_cmd(KSHARE_OP_QUEUE_GET, b) };
	struct t_thread *t = calloc(1, sizeof(*t));
	struct reply *out = calloc(2, sizeof(*out));
	struct kshare_stat before, after;

	for (waits = 0; waits < 2; waits++) {
		ASSERT_EQ(0, t_stat(s, 1, &before));
		cmds[0].out = (uintptr_t)&out[0];
		cmds[1].out = (uintptr_t)&out[1];
		cmds[0].out_len = sizeof(*out);
		cmds[1].out_len = sizeof(*out);
		if (waits) {
			t_begin(s, t, any(cmds, 2), true);
			t_until_waiters(s, b, 1);
		}
		EXPECT_EQ(0, t_run_with(s, KSHARE_OP_QUEUE_PUT, b, t_ref(c)));
		EXPECT_EQ(1, waits ? t_end(t) : t_run(s, any(cmds, 2)));
		EXPECT_EQ(KSHARE_REF, out[1].values[0].type);
		ASSERT_EQ(0, t_stat(s, 1, &after));
		EXPECT_EQ(before.handles + 1, after.handles);
		EXPECT_EQ(0, t_close(s, out[1].values[0].ref.handle));
	}
	free(out);
	free(t);
}

/* Two by two, that wait for the same objects in different orders */
TEST_F(kshare, nothing_is_lost_between_two_lines)
{
	struct side *s = &self->s;
	int a = t_create(s, KSHARE_TYPE_QUEUE), b = t_create(s, KSHARE_TYPE_QUEUE), i, n;
	int cells[2] = { t_create(s, KSHARE_TYPE_CELL), t_create(s, KSHARE_TYPE_CELL) };
	int rounds = t_rounds(3000), sum = 0;
	pid_t pids[2];

	t_share_counts();
	for (i = 0; i < 2; i++) {
		pids[i] = t_fork(s);
		if (!pids[i]) {
			struct kshare_cmd cmds[2] = { t_cmd(KSHARE_OP_QUEUE_GET, i ? b : a),
						      t_cmd(KSHARE_OP_QUEUE_GET, i ? a : b) };
			unsigned int seed = i;

			for (n = 0;;) {
				struct kshare_cmd cmd = any(cmds, 2);
				int ret;

				/* Some give up just then. */
				cmd.deadline = t_now() + rand_r(&seed) % 300000;
				ret = t_run(s, cmd);
				if (ret == -ESHUTDOWN)
					break;
				n += ret >= 0;
				if (ret < 0 && ret != -ETIMEDOUT)
					_exit(1);
				t_count(ret < 0);
			}
			_exit(-t_run_with(s, KSHARE_OP_CELL_SET, cells[i], t_int(n)));
		}
	}
	for (i = 0; i < rounds; i++)
		ASSERT_EQ(0, put(s, i % 2 ? a : b, i));
	while (length(s, a) || length(s, b))
		sched_yield();
	EXPECT_EQ(0, t_raw(s, t_cmd(KSHARE_OP_QUEUE_SHUTDOWN, a)));
	EXPECT_EQ(0, t_raw(s, t_cmd(KSHARE_OP_QUEUE_SHUTDOWN, b)));
	for (i = 0; i < 2; i++) {
		EXPECT_EQ(0, t_wait(pids[i]));
		ASSERT_EQ(0, t_run(s, t_cmd(KSHARE_OP_CELL_GET, cells[i])));
		sum += s->out.values[0].i;
	}
	EXPECT_EQ(rounds, sum);
	T_OUTCOMES("%d taken, %d times left", t_counts[0], t_counts[1]);
}

TEST_HARNESS_MAIN
