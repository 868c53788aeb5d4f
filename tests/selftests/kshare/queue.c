// SPDX-License-Identifier: GPL-2.0
/* Queues: what is put in comes out once, in order, and is done with at the end. */
#define T_ALL_DOORS
#include "kshare_test.h"

#include <math.h>

static int queue(struct side *s, uint32_t flags, int bound)
{
	return t_create_with(s, KSHARE_TYPE_QUEUE, flags, bound ? t_int(bound) : t_none(),
			     t_none());
}

static int put(struct side *s, int q, struct kshare_value v)
{
	return t_run_with(s, KSHARE_OP_QUEUE_PUT, q, v);
}

static int put_prio(struct side *s, int q, struct kshare_value priority, int64_t i)
{
	struct kshare_cmd cmd = t_cmd(KSHARE_OP_QUEUE_PUT, q);

	cmd.key = priority;
	cmd.value = t_int(i);
	return t_run(s, cmd);
}

static int put_many(struct side *s, int q, const struct kshare_value *v, int count)
{
	return t_run_with(s, KSHARE_OP_QUEUE_PUT_MANY, q, t_vector(v, count));
}

static int try_put(struct side *s, int q, int64_t i)
{
	struct kshare_cmd cmd = t_cmd(KSHARE_OP_QUEUE_PUT, q);

	cmd.flags = KSHARE_NOWAIT;
	cmd.value = t_int(i);
	return t_run(s, cmd);
}

static int try_get(struct side *s, int q)
{
	struct kshare_cmd cmd = t_cmd(KSHARE_OP_QUEUE_GET, q);

	cmd.flags = KSHARE_NOWAIT;
	return t_run(s, cmd);
}

/* The number that comes next, or the error. */
static int64_t next(struct side *s, int q)
{
	int ret = try_get(s, q);

	return ret < 0 ? ret : s->out.values[0].i;
}

static int get_many(struct side *s, int q, int most)
{
	struct kshare_cmd cmd = t_cmd(KSHARE_OP_QUEUE_GET_MANY, q);

	cmd.flags = KSHARE_NOWAIT;
	cmd.nr = most;
	return t_run(s, cmd);
}

static int op(struct side *s, uint32_t op, int q)
{
	return t_run(s, t_cmd(op, q));
}

static int done(struct side *s, int q, int count)
{
	struct kshare_cmd cmd = t_cmd(KSHARE_OP_QUEUE_TASK_DONE, q);

	cmd.nr = count;
	return t_run(s, cmd);
}

static int try_join(struct side *s, int q)
{
	struct kshare_cmd cmd = t_cmd(KSHARE_OP_QUEUE_JOIN, q);

	cmd.flags = KSHARE_NOWAIT;
	return t_raw(s, cmd);
}

static int shut(struct side *s, int q, uint32_t flags)
{
	struct kshare_cmd cmd = t_cmd(KSHARE_OP_QUEUE_SHUTDOWN, q);

	cmd.flags = flags;
	return t_run(s, cmd);
}

TEST_F(kshare, the_first_in_is_the_first_out)
{
	struct side *s = &self->s;
	int i, q = queue(s, 0, 0);

	EXPECT_EQ(-EAGAIN, try_get(s, q));
	for (i = 0; i < 100; i++) {
		EXPECT_EQ(0, put(s, q, t_int(i)));
		EXPECT_EQ(i + 1, s->out.head.number);
	}
	for (i = 0; i < 100; i++) {
		EXPECT_EQ(1, try_get(s, q));
		EXPECT_EQ(1, s->out.head.count);
		EXPECT_EQ(i, s->out.values[0].i);
	}
	EXPECT_EQ(-EAGAIN, try_get(s, q));
}

TEST_F(kshare, with_lifo_the_last_in_is_the_first_out)
{
	struct kshare_value v[] = { t_int(3), t_int(4) };
	struct side *s = &self->s;
	int i, q = queue(s, KSHARE_LIFO, 0);

	EXPECT_EQ(0, put(s, q, t_int(1)));
	EXPECT_EQ(0, put(s, q, t_int(2)));
	EXPECT_EQ(0, put_many(s, q, v, 2));
	for (i = 4; i; i--)
		EXPECT_EQ(i, next(s, q));
}

TEST_F(kshare, the_smallest_priority_comes_first_and_equal_ones_in_order)
{
	struct kshare_value v[] = { t_int(7), t_int(100), t_float(-0.5), t_int(101),
				    t_int(7), t_int(102), t_uint(1ull << 63), t_int(103) };
	struct side *s = &self->s;
	int i, q = queue(s, KSHARE_PRIORITY, 0);
	static const int order[] = { 2, 101, 3, 9, 10, 1, 0, 4, 100, 102, 8, 103, 6 };

	EXPECT_EQ(0, put_prio(s, q, t_int(5), 0));
	EXPECT_EQ(0, put_prio(s, q, t_int(3), 1));
	EXPECT_EQ(0, put_prio(s, q, t_int(-1), 2));
	/* None is zero, and so is false; true is one. */
	EXPECT_EQ(0, put_prio(s, q, t_none(), 3));
	EXPECT_EQ(0, put_prio(s, q, t_float(5.0), 4));
	EXPECT_EQ(0, put_prio(s, q, t_float(INFINITY), 6));
	EXPECT_EQ(0, put_prio(s, q, t_float(7.5), 8));
	EXPECT_EQ(0, put_prio(s, q, t_bool(false), 9));
	EXPECT_EQ(0, put_prio(s, q, t_bool(true), 10));
	EXPECT_EQ(0, put_many(s, q, v, 8));
	EXPECT_EQ(0, op(s, KSHARE_OP_QUEUE_PEEK, q));
	EXPECT_EQ(2, s->out.values[0].i);
	for (i = 0; i < 13; i++)
		EXPECT_EQ(order[i], next(s, q));
	EXPECT_EQ(-EAGAIN, try_get(s, q));
}

TEST_F(kshare, many_priorities_come_out_sorted_and_stable)
{
	struct side *s = &self->s;
	int i, last = -1, last_seq = -1, q = queue(s, KSHARE_PRIORITY, 0);
	unsigned int seed = 1;

	for (i = 0; i < 1000; i++) {
		int priority = rand_r(&seed) % 20;

		ASSERT_EQ(0, put_prio(s, q, t_int(priority), priority * 1000 + i));
	}
	for (i = 0; i < 1000; i++) {
		int64_t v = next(s, q);

		EXPECT_TRUE(v / 1000 > last || (v / 1000 == last && v % 1000 > last_seq));
		last = v / 1000;
		last_seq = v % 1000;
	}
}

TEST_F(kshare, there_is_room_for_as_many_as_its_bound)
{
	struct kshare_value v[4] = { t_int(2), t_int(3), t_int(4), t_int(5) };
	struct side *s = &self->s;
	int q = queue(s, 0, 3);
	struct kshare_cmd cmd = t_cmd(KSHARE_OP_QUEUE_PUT_MANY, q);

	cmd.flags = KSHARE_NOWAIT;
	EXPECT_EQ(0, op(s, KSHARE_OP_QUEUE_LEN, q));
	EXPECT_EQ(0, s->out.head.number);
	EXPECT_EQ(0, try_put(s, q, 1));
	/* All or none */
	cmd.value = t_vector(v, 3);
	EXPECT_EQ(-EAGAIN, t_run(s, cmd));
	cmd.value = t_vector(v, 2);
	EXPECT_EQ(0, t_run(s, cmd));
	EXPECT_EQ(3, s->out.head.number);
	EXPECT_EQ(1, op(s, KSHARE_OP_QUEUE_LEN, q));
	EXPECT_EQ(3, s->out.head.number);
	EXPECT_EQ(-EAGAIN, try_put(s, q, 9));
	/* For these there never will be. */
	cmd.value = t_vector(v, 4);
	EXPECT_EQ(-ERANGE, t_run(s, cmd));
	cmd.flags = 0;
	EXPECT_EQ(-ERANGE, t_run(s, cmd));
	EXPECT_EQ(1, next(s, q));
	EXPECT_EQ(0, op(s, KSHARE_OP_QUEUE_LEN, q));
	EXPECT_EQ(2, get_many(s, q, 10));
	EXPECT_EQ(2, s->out.values[0].i);
	EXPECT_EQ(3, s->out.values[1].i);
}

TEST_F(kshare, many_are_taken_as_far_as_there_are_and_fit)
{
	struct kshare_value v[10];
	struct side *s = &self->s;
	int i, q = queue(s, 0, 0);
	struct kshare_cmd cmd = t_cmd(KSHARE_OP_QUEUE_GET_MANY, q);

	for (i = 0; i < 10; i++)
		v[i] = t_str("a string of thirty-two characters");
	v[0] = t_int(0);
	EXPECT_EQ(0, put_many(s, q, v, 10));
	EXPECT_EQ(10, s->out.head.number);
	EXPECT_EQ(2, get_many(s, q, 2));
	EXPECT_EQ(8, s->out.head.number);
	EXPECT_EQ(2, s->out.head.count);
	EXPECT_EQ(0, s->out.values[0].i);
	EXPECT_TRUE(t_is_str(&s->out.values[1], "a string of thirty-two characters"));
	/* Room for three */
	cmd.nr = 100;
	cmd.out = (uintptr_t)&s->out;
	cmd.out_len = sizeof(s->out.head) + 3 * (16 + 40) + 20;
	EXPECT_EQ(3, t_raw(s, cmd));
	EXPECT_EQ(5, s->out.head.number);
	for (i = 0; i < 3; i++)
		EXPECT_TRUE(t_is_str(&s->out.values[i], "a string of thirty-two characters"));
	/* Not even for one: nothing is taken. */
	cmd.out_len = sizeof(s->out.head) + 16;
	EXPECT_EQ(-ENOBUFS, t_raw(s, cmd));
	EXPECT_LE(16 + 16 + 33, s->out.head.number);
	cmd.out_len = s->out.head.number;
	EXPECT_EQ(0, op(s, KSHARE_OP_QUEUE_LEN, q));
	EXPECT_EQ(5, s->out.head.number);
	EXPECT_EQ(1, t_raw(s, cmd));
	/* Nobody wants to see them. */
	cmd.out = 0;
	cmd.out_len = 0;
	EXPECT_EQ(4, t_raw(s, cmd));
}

TEST_F(kshare, a_message_too_large_for_the_buffer_stays)
{
	struct side *s = &self->s;
	int q = queue(s, 0, 0);
	struct kshare_cmd cmd = t_cmd(KSHARE_OP_QUEUE_GET, q);
	uint32_t flags;

	put(s, q, t_str("a string of thirty-two characters"));
	put(s, q, t_int(2));
	for (flags = 0; flags <= KSHARE_LEASE; flags += KSHARE_LEASE) {
		cmd.flags = flags;
		cmd.out = (uintptr_t)&s->out;
		cmd.out_len = 32;
		EXPECT_EQ(-ENOBUFS, t_raw(s, cmd));
		EXPECT_LE(32 + 33, s->out.head.number);
		cmd.out = 8;
		EXPECT_EQ(-EFAULT, t_raw(s, cmd));
	}
	/* It was never taken. */
	cmd.flags = 0;
	EXPECT_EQ(1, t_run(s, cmd));
	EXPECT_TRUE(t_is_str(&s->out.values[0], "a string of thirty-two characters"));
	EXPECT_EQ(2, next(s, q));
}

TEST_F(kshare, it_carries_values_of_every_type)
{
	struct side *s = &self->s;
	int q = queue(s, 0, 0), c = t_create(s, KSHARE_TYPE_CELL);
	struct kshare_value v[] = {
		t_none(), t_bool(true), t_int(INT64_MIN), t_uint(UINT64_MAX), t_float(0.25),
		t_str(""), t_str("text that is longer than eight bytes"), t_bytes("\0\1", 2),
		t_bytes("encoded", 7), t_ref(c),
	};
	struct kshare_stat a, b;

	v[8].type = KSHARE_ENCODED;
	v[8].codec = 9;
	ASSERT_EQ(0, t_stat(s, c, &a));
	ASSERT_EQ(0, put_many(s, q, v, 10));
	t_close(s, c);
	ASSERT_EQ(10, get_many(s, q, 256));
	EXPECT_EQ(KSHARE_NONE, s->out.values[0].type);
	EXPECT_EQ(KSHARE_BOOL, s->out.values[1].type);
	EXPECT_EQ(INT64_MIN, s->out.values[2].i);
	EXPECT_EQ(UINT64_MAX, s->out.values[3].u);
	EXPECT_EQ(0.25, t_double(&s->out.values[4]));
	EXPECT_TRUE(t_is_str(&s->out.values[5], ""));
	EXPECT_TRUE(t_is_str(&s->out.values[6], "text that is longer than eight bytes"));
	EXPECT_EQ(KSHARE_BYTES, s->out.values[7].type);
	EXPECT_EQ(2, s->out.values[7].len);
	EXPECT_EQ(KSHARE_ENCODED, s->out.values[8].type);
	EXPECT_EQ(9, s->out.values[8].codec);
	EXPECT_EQ(KSHARE_REF, s->out.values[9].type);
	ASSERT_EQ(0, t_stat(s, s->out.values[9].ref.handle, &b));
	EXPECT_EQ(a.id, b.id);
}

static uint64_t objects(struct side *s)
{
	struct kshare_stat stat;

	return t_stat(s, 1, &stat) ? 0 : stat.used[KSHARE_LIMIT_OBJECTS];
}

/* What stands behind it there is no part of it, and goes nowhere. */
TEST_F(kshare, short_text_may_stand_in_the_command)
{
	struct kshare_cmd cmd = t_cmd(KSHARE_OP_QUEUE_PUT, 0);
	struct side *s = &self->s;
	int len, type;

	cmd.handle = queue(s, 0, 0);
	for (type = KSHARE_STR; type <= KSHARE_BYTES; type++) {
		for (len = 1; len <= 8; len++) {
			const struct kshare_value *v = &s->out.values[0];
			char want[8] = {};

			cmd.value = (struct kshare_value){
				.type = type, .inline_len = len, .len = len,
			};
			memcpy(cmd.value.bytes, "abcdefgh", 8);
			memcpy(want, "abcdefgh", len);
			EXPECT_EQ(0, t_raw(s, cmd));
			EXPECT_EQ(1, try_get(s, cmd.handle));
			EXPECT_EQ(type, v->type);
			EXPECT_EQ(len, v->len);
			EXPECT_EQ(len, v->inline_len);
			EXPECT_EQ(0, memcmp(v->bytes, want, 8));
			/* Not so long as it says */
			cmd.value.len++;
			EXPECT_EQ(-EINVAL, t_raw(s, cmd));
		}
		cmd.value.len = 9;
		cmd.value.inline_len = 9;
		EXPECT_EQ(-EINVAL, t_raw(s, cmd));
	}
}

TEST_F(kshare, what_it_refers_to_lives_as_long_as_the_message)
{
	struct side *s = &self->s;
	uint64_t before = objects(s);
	int i, c, q = queue(s, 0, 0);

	for (i = 0; i < 4; i++) {
		c = t_create(s, KSHARE_TYPE_CELL);
		EXPECT_EQ(0, put(s, q, t_ref(c)));
		t_close(s, c);
	}
	EXPECT_EQ(before + 5, t_objects_soon(s, before + 5));
	/* Peeking makes a handle, and so does getting. */
	EXPECT_EQ(0, op(s, KSHARE_OP_QUEUE_PEEK, q));
	c = s->out.values[0].ref.handle;
	EXPECT_EQ(1, try_get(s, q));
	EXPECT_EQ(0, t_close(s, c));
	EXPECT_EQ(before + 5, t_objects_soon(s, before + 5));
	EXPECT_EQ(0, t_close(s, s->out.values[0].ref.handle));
	EXPECT_EQ(before + 4, t_objects_soon(s, before + 4));
	/* Nobody wants to see it: it goes. */
	EXPECT_EQ(1, t_raw(s, t_cmd(KSHARE_OP_QUEUE_GET, q)));
	EXPECT_EQ(before + 3, t_objects_soon(s, before + 3));
	/* One that it refuses */
	c = t_create(s, KSHARE_TYPE_CELL);
	EXPECT_EQ(0, shut(s, q, 0));
	EXPECT_EQ(-ESHUTDOWN, put(s, q, t_ref(c)));
	t_close(s, c);
	EXPECT_EQ(before + 3, t_objects_soon(s, before + 3));
	EXPECT_EQ(0, shut(s, q, KSHARE_IMMEDIATE));
	EXPECT_EQ(2, s->out.head.number);
	EXPECT_EQ(before + 1, t_objects_soon(s, before + 1));
	t_close(s, q);
	EXPECT_EQ(before, t_objects_soon(s, before));
	/* With the queue, and with itself */
	q = queue(s, KSHARE_PRIORITY, 0);
	c = t_create(s, KSHARE_TYPE_CELL);
	EXPECT_EQ(0, put(s, q, t_ref(c)));
	t_close(s, c);
	t_close(s, q);
	EXPECT_EQ(before, t_objects_soon(s, before));
}

TEST_F(kshare, it_is_joined_when_all_is_done)
{
	struct side *s = &self->s;
	int i, q = queue(s, 0, 0);
	pid_t pids[2];

	EXPECT_EQ(0, try_join(s, q));
	EXPECT_EQ(-ERANGE, done(s, q, 0));
	for (i = 0; i < 5; i++)
		put(s, q, t_int(i));
	EXPECT_EQ(-EAGAIN, try_join(s, q));
	for (i = 0; i < 2; i++)
		pids[i] = t_child(s, t_cmd(KSHARE_OP_QUEUE_JOIN, q));
	t_until_waiters(s, q, 2);
	EXPECT_EQ(5, get_many(s, q, 5));
	/* To have taken them is not to be done with them. */
	EXPECT_EQ(-EAGAIN, try_join(s, q));
	EXPECT_EQ(-ERANGE, done(s, q, 6));
	EXPECT_EQ(0, done(s, q, 0));
	EXPECT_EQ(4, s->out.head.number);
	EXPECT_EQ(0, done(s, q, 3));
	t_until_waiters(s, q, 2);
	EXPECT_EQ(0, done(s, q, 1));
	EXPECT_EQ(0, s->out.head.number);
	for (i = 0; i < 2; i++)
		EXPECT_EQ(0, t_wait(pids[i]));
	EXPECT_EQ(0, try_join(s, q));
}

TEST_F(kshare, peeking_takes_nothing)
{
	struct side *s = &self->s;
	int i, q = queue(s, 0, 0);

	EXPECT_EQ(-ENOENT, op(s, KSHARE_OP_QUEUE_PEEK, q));
	put(s, q, t_int(42));
	for (i = 0; i < 3; i++) {
		EXPECT_EQ(0, op(s, KSHARE_OP_QUEUE_PEEK, q));
		EXPECT_EQ(42, s->out.values[0].i);
	}
	EXPECT_EQ(1, try_get(s, q));
	EXPECT_EQ(-ENOENT, op(s, KSHARE_OP_QUEUE_PEEK, q));
}

/* A child that gets, and whose status is the number it got, or 200 */
static pid_t getter(struct side *s, int q)
{
	pid_t pid = t_fork(s);

	if (pid)
		return pid;
	s->door = DOOR_CMD;
	_exit(op(s, KSHARE_OP_QUEUE_GET, q) < 0 ? 200 : s->out.values[0].i);
}

TEST_F(kshare, who_waits_gets_in_the_order_of_arrival)
{
	struct kshare_value v[8];
	struct side *s = &self->s;
	int i, q = queue(s, 0, 0);
	pid_t pids[8];

	for (i = 0; i < 8; i++) {
		v[i] = t_int(i);
		pids[i] = getter(s, q);
		t_until_waiters(s, q, i + 1);
	}
	EXPECT_EQ(0, put(s, q, v[0]));
	EXPECT_EQ(0, put_many(s, q, &v[1], 7));
	for (i = 0; i < 8; i++)
		EXPECT_EQ(i, t_wait(pids[i]));
	EXPECT_EQ(-EAGAIN, try_get(s, q));
}

TEST_F(kshare, who_waits_puts_in_the_order_of_arrival)
{
	struct kshare_value v[3] = { t_int(20), t_int(21), t_int(22) };
	struct side *s = &self->s;
	int i, q = queue(s, 0, 3);
	struct kshare_cmd cmd;
	pid_t pids[3];

	for (i = 0; i < 3; i++)
		put(s, q, t_int(i));
	/* One that needs more room than there is keeps others behind it. */
	cmd = t_cmd(KSHARE_OP_QUEUE_PUT, q);
	cmd.value = t_int(10);
	pids[0] = t_child(s, cmd);
	t_until_waiters(s, q, 1);
	cmd = t_cmd(KSHARE_OP_QUEUE_PUT_MANY, q);
	cmd.value = t_vector(v, 3);
	pids[1] = t_child(s, cmd);
	t_until_waiters(s, q, 2);
	cmd = t_cmd(KSHARE_OP_QUEUE_PUT, q);
	cmd.value = t_int(30);
	pids[2] = t_child(s, cmd);
	t_until_waiters(s, q, 3);
	EXPECT_EQ(0, next(s, q));
	EXPECT_EQ(0, t_wait(pids[0]));
	EXPECT_EQ(1, next(s, q));
	EXPECT_EQ(2, next(s, q));
	/* There is room, but who came earlier goes first. */
	EXPECT_EQ(-EAGAIN, try_put(s, q, 99));
	t_until_waiters(s, q, 2);
	EXPECT_EQ(10, next(s, q));
	EXPECT_EQ(0, t_wait(pids[1]));
	EXPECT_EQ(20, next(s, q));
	EXPECT_EQ(0, t_wait(pids[2]));
	EXPECT_EQ(21, next(s, q));
	EXPECT_EQ(22, next(s, q));
	EXPECT_EQ(30, next(s, q));
}

TEST_F(kshare, a_putter_that_leaves_lets_the_next_one_go)
{
	struct kshare_value v[2] = { t_int(1), t_int(2) };
	struct side *s = &self->s;
	int q = queue(s, 0, 2);
	struct kshare_cmd cmd = t_cmd(KSHARE_OP_QUEUE_PUT_MANY, q);
	pid_t large, small;

	put(s, q, t_int(0));
	cmd.value = t_vector(v, 2);
	large = t_child(s, cmd);
	t_until_waiters(s, q, 1);
	cmd = t_cmd(KSHARE_OP_QUEUE_PUT, q);
	cmd.value = t_int(3);
	small = t_child(s, cmd);
	t_until_waiters(s, q, 2);
	kill(large, SIGKILL);
	EXPECT_EQ(1000 + SIGKILL, t_wait(large));
	EXPECT_EQ(0, t_wait(small));
	EXPECT_EQ(0, next(s, q));
	EXPECT_EQ(3, next(s, q));
}

TEST_F(kshare, a_shut_down_queue_is_drained_and_takes_nothing)
{
	struct side *s = &self->s;
	int i, q = queue(s, 0, 2);
	struct kshare_cmd cmd = t_cmd(KSHARE_OP_QUEUE_PUT, q);
	struct kshare_value v = t_int(3);
	pid_t putters[2], joiner;

	put(s, q, t_int(1));
	put(s, q, t_int(2));
	for (i = 0; i < 2; i++)
		putters[i] = t_child(s, cmd);
	joiner = t_child(s, t_cmd(KSHARE_OP_QUEUE_JOIN, q));
	t_until_waiters(s, q, 3);
	EXPECT_EQ(0, shut(s, q, 0));
	EXPECT_EQ(0, s->out.head.number);
	for (i = 0; i < 2; i++)
		EXPECT_EQ(ESHUTDOWN, t_wait(putters[i]));
	EXPECT_EQ(-ESHUTDOWN, try_put(s, q, 3));
	EXPECT_EQ(0, shut(s, q, 0));
	EXPECT_EQ(1, next(s, q));
	EXPECT_EQ(2, next(s, q));
	EXPECT_EQ(-ESHUTDOWN, try_get(s, q));
	EXPECT_EQ(-ESHUTDOWN, op(s, KSHARE_OP_QUEUE_GET, q));
	cmd = t_cmd(KSHARE_OP_QUEUE_GET_MANY, q);
	cmd.nr = 2;
	EXPECT_EQ(-ESHUTDOWN, t_run(s, cmd));
	EXPECT_EQ(-ESHUTDOWN, t_run_with(s, KSHARE_OP_QUEUE_PUT_MANY, q, t_vector(&v, 1)));
	t_until_waiters(s, q, 1);
	EXPECT_EQ(0, done(s, q, 2));
	EXPECT_EQ(0, t_wait(joiner));
}

TEST_F(kshare, at_shutdown_those_go_who_wait_for_messages)
{
	struct side *s = &self->s;
	int i, immediate;

	for (immediate = 0; immediate < 2; immediate++) {
		int q = queue(s, 0, 0);
		pid_t getters[40];

		for (i = 0; i < 40; i++)
			getters[i] = t_child(s, t_cmd(KSHARE_OP_QUEUE_GET, q));
		t_until_waiters(s, q, 40);
		EXPECT_EQ(0, shut(s, q, immediate ? KSHARE_IMMEDIATE : 0));
		for (i = 0; i < 40; i++)
			EXPECT_EQ(ESHUTDOWN, t_wait(getters[i]));
	}
}

TEST_F(kshare, at_once_shut_down_all_is_dropped)
{
	struct side *s = &self->s;
	uint32_t how;
	int i;

	for (how = 0; how <= KSHARE_PRIORITY; how += KSHARE_PRIORITY) {
		int q = queue(s, how, 5);
		struct kshare_stat stat;
		pid_t putter, joiner;
		uint64_t empty;

		ASSERT_EQ(0, t_stat(s, q, &stat));
		empty = stat.bytes;
		for (i = 0; i < 5; i++)
			put(s, q, t_str("text that is longer than eight bytes"));
		EXPECT_EQ(1, try_get(s, q));
		EXPECT_EQ(0, try_put(s, q, 1));
		putter = t_child(s, t_cmd(KSHARE_OP_QUEUE_PUT, q));
		joiner = t_child(s, t_cmd(KSHARE_OP_QUEUE_JOIN, q));
		t_until_waiters(s, q, 2);
		EXPECT_EQ(0, shut(s, q, KSHARE_IMMEDIATE));
		EXPECT_EQ(5, s->out.head.number);
		EXPECT_EQ(ESHUTDOWN, t_wait(putter));
		EXPECT_EQ(-ESHUTDOWN, try_get(s, q));
		ASSERT_EQ(0, t_stat(s, q, &stat));
		EXPECT_EQ(0, stat.length);
		EXPECT_EQ(empty, stat.bytes);
		/* The one that was taken is still worked on. */
		t_until_waiters(s, q, 1);
		EXPECT_EQ(0, done(s, q, 1));
		EXPECT_EQ(0, t_wait(joiner));
	}
}

TEST_F(kshare, what_is_wrong_is_refused)
{
	struct kshare_value v[3] = { t_int(1), t_int(2), t_int(3) };
	struct side *s = &self->s;
	int fifo = queue(s, 0, 0), prio = queue(s, KSHARE_PRIORITY, 0);

	EXPECT_EQ(-EINVAL, queue(s, KSHARE_LIFO | KSHARE_PRIORITY, 0));
	EXPECT_EQ(-EINVAL, queue(s, 0, -1));
	EXPECT_EQ(-EOPNOTSUPP, queue(s, KSHARE_AUTO_RESET, 0));
	EXPECT_EQ(-EINVAL, put_prio(s, fifo, t_int(1), 1));
	EXPECT_EQ(-EDOM, put_prio(s, prio, t_float(NAN), 1));
	EXPECT_GT(0, put_prio(s, prio, t_str("x"), 1));
	EXPECT_GT(0, put(s, fifo, t_vector(v, 3)));
	EXPECT_EQ(-EBADF, put(s, fifo, t_ref(12345)));
	EXPECT_EQ(-EINVAL, put_many(s, prio, v, 3));
	v[0] = t_float(NAN);
	EXPECT_EQ(-EDOM, put_many(s, prio, v, 2));
	v[0] = t_str("x");
	EXPECT_EQ(-EDOM, put_many(s, prio, v, 2));
	EXPECT_EQ(-EINVAL, t_run_with(s, KSHARE_OP_QUEUE_PUT_MANY, fifo, t_int(1)));
	EXPECT_EQ(-EINVAL, get_many(s, fifo, 0));
	EXPECT_EQ(-E2BIG, get_many(s, fifo, KSHARE_MAX_GET + 1));
	EXPECT_EQ(-EAGAIN, get_many(s, fifo, KSHARE_MAX_GET));
	EXPECT_EQ(0, op(s, KSHARE_OP_QUEUE_LEN, fifo));
	EXPECT_EQ(0, s->out.head.number);
	EXPECT_EQ(0, op(s, KSHARE_OP_QUEUE_LEN, prio));
	EXPECT_EQ(0, s->out.head.number);
}

/* More than are put in with a spinlock held */
TEST_F(kshare, very_many_are_put_as_one_step)
{
	static struct kshare_value v[20000];
	struct side *s = &self->s;
	int i, n, q = queue(s, 0, 20000);

	for (i = 0; i < 20000; i++)
		v[i] = t_int(i);
	ASSERT_EQ(0, put_many(s, q, v, 20000));
	EXPECT_EQ(1, op(s, KSHARE_OP_QUEUE_LEN, q));
	for (i = 0; i < 1000; i += n) {
		n = get_many(s, q, 100);
		ASSERT_LT(0, n);
		EXPECT_EQ(i, s->out.values[0].i);
	}
	EXPECT_EQ(0, shut(s, q, KSHARE_IMMEDIATE));
	EXPECT_EQ(19000, s->out.head.number);
}

TEST_HARNESS_MAIN
