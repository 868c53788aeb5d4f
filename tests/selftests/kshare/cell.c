// SPDX-License-Identifier: GPL-2.0
/* Cells: one value, every type of it, and arithmetic that does not lose an update. */
#define T_ALL_DOORS
#include "kshare_test.h"

TEST_F(kshare, every_value_comes_back_as_it_was)
{
	static const uint32_t lengths[] = { 0, 1, 7, 8, 9, 63, 64, 65, 4096, 16000 };
	struct side *s = &self->s;
	int c = t_create(s, KSHARE_TYPE_CELL);
	static char text[16000];
	unsigned int i, type;

	for (i = 0; i < sizeof(text); i++)
		text[i] = i * 31;
	for (type = KSHARE_STR; type <= KSHARE_ENCODED; type++) {
		if (type == KSHARE_REF)
			continue;
		for (i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
			struct kshare_value v = t_bytes(text, lengths[i]);
			struct kshare_value *r = &s->out.values[0];

			v.type = type;
			v.codec = type == KSHARE_ENCODED ? 17 : 0;
			ASSERT_EQ(0, t_run_with(s, KSHARE_OP_CELL_SET, c, v));
			ASSERT_EQ(0, t_run(s, t_cmd(KSHARE_OP_CELL_GET, c)));
			ASSERT_EQ(type, r->type);
			ASSERT_EQ(v.codec, r->codec);
			ASSERT_EQ(lengths[i], r->len);
			ASSERT_EQ(0, memcmp(r->inline_len ? (char *)r->bytes :
							    (char *)(uintptr_t)r->ptr,
					    text, r->len));
		}
	}
	EXPECT_EQ(0, t_run_with(s, KSHARE_OP_CELL_SET, c, t_float(-0.0)));
	EXPECT_EQ(0, t_run(s, t_cmd(KSHARE_OP_CELL_GET, c)));
	EXPECT_EQ(1ull << 63, s->out.values[0].u);
	EXPECT_EQ(0, t_run_with(s, KSHARE_OP_CELL_SET, c, t_uint(5)));
	EXPECT_EQ(0, t_run(s, t_cmd(KSHARE_OP_CELL_GET, c)));
	EXPECT_EQ(KSHARE_INT, s->out.values[0].type);
	EXPECT_EQ(0, t_run_with(s, KSHARE_OP_CELL_SET, c, t_none()));
	EXPECT_EQ(0, t_run(s, t_cmd(KSHARE_OP_CELL_GET, c)));
	EXPECT_EQ(KSHARE_NONE, s->out.values[0].type);
}

TEST_F(kshare, malformed_values_are_refused)
{
	struct side *s = &self->s;
	int c = t_create(s, KSHARE_TYPE_CELL);
	struct kshare_value v;

	v = t_int(1);
	v.len = 1;
	EXPECT_EQ(-EINVAL, t_run_with(s, KSHARE_OP_CELL_SET, c, v));
	v = t_int(1);
	v.codec = 1;
	EXPECT_EQ(-EINVAL, t_run_with(s, KSHARE_OP_CELL_SET, c, v));
	v = t_bool(true);
	v.u = 2;
	EXPECT_EQ(-EINVAL, t_run_with(s, KSHARE_OP_CELL_SET, c, v));
	v = t_str("abc");
	v.inline_len = 2;
	EXPECT_EQ(-EINVAL, t_run_with(s, KSHARE_OP_CELL_SET, c, v));
	v.inline_len = 9;
	v.len = 9;
	EXPECT_EQ(-EINVAL, t_run_with(s, KSHARE_OP_CELL_SET, c, v));
	v = t_str("abc");
	v.codec = 1;
	EXPECT_EQ(-EINVAL, t_run_with(s, KSHARE_OP_CELL_SET, c, v));
	v = t_str("abc");
	v.flags = 0x80;
	EXPECT_EQ(-EOPNOTSUPP, t_run_with(s, KSHARE_OP_CELL_SET, c, v));
	v = t_int(1);
	v.type = 10;
	EXPECT_EQ(-EOPNOTSUPP, t_run_with(s, KSHARE_OP_CELL_SET, c, v));
	v = t_vector(&v, 1);
	EXPECT_EQ(-EINVAL, t_run_with(s, KSHARE_OP_CELL_SET, c, v));
	v = t_str("abc");
	v.len = UINT32_MAX;
	EXPECT_EQ(-E2BIG, t_run_with(s, KSHARE_OP_CELL_SET, c, v));
	v.len = KSHARE_MAX_VALUE + 1;
	EXPECT_EQ(-E2BIG, t_run_with(s, KSHARE_OP_CELL_SET, c, v));
	v = t_none();
	v.u = 1;
	EXPECT_EQ(-EINVAL, t_run_with(s, KSHARE_OP_CELL_SET, c, v));
}

TEST_F(kshare, swap_gives_the_old_value)
{
	struct side *s = &self->s;
	int c = t_create(s, KSHARE_TYPE_CELL);

	EXPECT_EQ(0, t_run_with(s, KSHARE_OP_CELL_SWAP, c, t_str("a rather long old value")));
	EXPECT_EQ(KSHARE_NONE, s->out.values[0].type);
	EXPECT_EQ(0, t_run_with(s, KSHARE_OP_CELL_SWAP, c, t_int(1)));
	EXPECT_TRUE(t_is_str(&s->out.values[0], "a rather long old value"));
}

TEST_F(kshare, arithmetic_checks_and_wraps)
{
	struct side *s = &self->s;
	int c = t_create(s, KSHARE_TYPE_CELL);
	struct kshare_cmd cmd = t_cmd(KSHARE_OP_CELL_ADD, c);

	EXPECT_EQ(-EDOM, t_run_with(s, KSHARE_OP_CELL_ADD, c, t_int(1)));
	t_run_with(s, KSHARE_OP_CELL_SET, c, t_uint(UINT64_MAX));
	EXPECT_EQ(-ERANGE, t_run_with(s, KSHARE_OP_CELL_ADD, c, t_int(1)));
	cmd.value = t_int(1);
	cmd.flags = KSHARE_WRAP;
	EXPECT_EQ(0, t_run(s, cmd));
	EXPECT_EQ(0, s->out.values[0].i);
	EXPECT_EQ(0, t_run_with(s, KSHARE_OP_CELL_ADD, c, t_float(0.1)));
	EXPECT_EQ(0, t_run_with(s, KSHARE_OP_CELL_ADD, c, t_float(0.2)));
	EXPECT_EQ(0.1 + 0.2, t_double(&s->out.values[0]));
	EXPECT_EQ(-EDOM, t_run_with(s, KSHARE_OP_CELL_AND, c, t_int(1)));
	t_run_with(s, KSHARE_OP_CELL_SET, c, t_int(0xf0));
	EXPECT_EQ(0, t_run_with(s, KSHARE_OP_CELL_AND, c, t_int(0x3c)));
	EXPECT_EQ(0x30, s->out.values[0].i);
	EXPECT_EQ(0, t_run_with(s, KSHARE_OP_CELL_OR, c, t_int(1)));
	EXPECT_EQ(0x31, s->out.values[0].i);
	EXPECT_EQ(0, t_run_with(s, KSHARE_OP_CELL_XOR, c, t_int(-1)));
	EXPECT_EQ(~0x31, s->out.values[0].i);
}

TEST_F(kshare, a_fixed_type_takes_nothing_else)
{
	struct side *s = &self->s;
	int i64 = t_create_elem(s, KSHARE_TYPE_CELL, KSHARE_ELEM_I64, 0);
	int u64 = t_create_elem(s, KSHARE_TYPE_CELL, KSHARE_ELEM_U64, 0);
	int f64 = t_create_elem(s, KSHARE_TYPE_CELL, KSHARE_ELEM_F64, 0);

	EXPECT_EQ(-EOPNOTSUPP, t_create_elem(s, KSHARE_TYPE_CELL, KSHARE_ELEM_I8, 0));
	EXPECT_EQ(-EOPNOTSUPP, t_create_elem(s, KSHARE_TYPE_CELL, 99, 0));
	EXPECT_EQ(0, t_run(s, t_cmd(KSHARE_OP_CELL_GET, i64)));
	EXPECT_EQ(0, s->out.values[0].i);
	EXPECT_EQ(-EDOM, t_run_with(s, KSHARE_OP_CELL_SET, i64, t_str("1")));
	EXPECT_EQ(-EDOM, t_run_with(s, KSHARE_OP_CELL_SET, i64, t_float(1)));
	EXPECT_EQ(-ERANGE, t_run_with(s, KSHARE_OP_CELL_SET, i64, t_uint(1ull << 63)));
	EXPECT_EQ(0, t_run_with(s, KSHARE_OP_CELL_SET, i64, t_int(INT64_MAX)));
	EXPECT_EQ(-ERANGE, t_run_with(s, KSHARE_OP_CELL_ADD, i64, t_int(1)));
	EXPECT_EQ(-ERANGE, t_run_with(s, KSHARE_OP_CELL_SET, u64, t_int(-1)));
	EXPECT_EQ(0, t_run_with(s, KSHARE_OP_CELL_SET, f64, t_int(2)));
	EXPECT_EQ(0, t_run_with(s, KSHARE_OP_CELL_ADD, f64, t_float(0.5)));
	EXPECT_EQ(2.5, t_double(&s->out.values[0]));
}

TEST_F(kshare, it_begins_with_the_value_that_it_is_made_with)
{
	struct side *s = &self->s;
	struct kshare_cmd cmd = t_cmd(KSHARE_OP_CREATE, 0);

	cmd.nr = KSHARE_CREATE_NR(KSHARE_TYPE_CELL, KSHARE_ELEM_I64);
	cmd.value = t_int(-7);
	EXPECT_EQ(0, t_run(s, t_cmd(KSHARE_OP_CELL_GET, t_raw(s, cmd))));
	EXPECT_EQ(-7, s->out.values[0].i);
	cmd.value = t_uint(1ull << 63);
	EXPECT_EQ(-ERANGE, t_raw(s, cmd));
	cmd.value = t_str("7");
	EXPECT_EQ(-EDOM, t_raw(s, cmd));
	cmd.nr = KSHARE_CREATE_NR(KSHARE_TYPE_CELL, 0);
	EXPECT_EQ(0, t_run(s, t_cmd(KSHARE_OP_CELL_GET, t_raw(s, cmd))));
	EXPECT_TRUE(t_is_str(&s->out.values[0], "7"));
}

TEST_F(kshare, compare_and_swap_by_value_and_by_version)
{
	struct side *s = &self->s;
	int c = t_create(s, KSHARE_TYPE_CELL);
	struct kshare_cmd cmd = t_cmd(KSHARE_OP_CELL_CAS, c);
	uint64_t version;

	cmd.expect = t_none();
	cmd.value = t_float(__builtin_nan(""));
	EXPECT_EQ(1, t_run(s, cmd));
	EXPECT_EQ(0, t_run(s, cmd));
	/* A NaN equals nothing, but can be replaced by who names its bits. */
	cmd.expect = t_float(__builtin_nan(""));
	cmd.value = t_int(1);
	EXPECT_EQ(1, t_run(s, cmd));
	version = s->out.head.number;
	cmd.flags = KSHARE_BY_VERSION;
	cmd.expect = t_uint(version + 1);
	EXPECT_EQ(0, t_run(s, cmd));
	cmd.expect = t_uint(version);
	EXPECT_EQ(1, t_run(s, cmd));
	EXPECT_EQ(version + 1, s->out.head.number);
	cmd.expect = t_int(-1);
	EXPECT_EQ(-EINVAL, t_run(s, cmd));
}

TEST_F(kshare, a_wait_ends_when_the_condition_holds)
{
	struct side *s = &self->s;
	int c = t_create(s, KSHARE_TYPE_CELL);
	struct kshare_cmd cmd = t_cmd(KSHARE_OP_CELL_WAIT, c);
	pid_t pid;

	t_run_with(s, KSHARE_OP_CELL_SET, c, t_int(1));
	cmd.flags = KSHARE_UNTIL_GE | KSHARE_NOWAIT;
	cmd.value = t_int(10);
	EXPECT_EQ(-EAGAIN, t_run(s, cmd));
	cmd.value = t_int(1);
	EXPECT_EQ(0, t_run(s, cmd));
	cmd.flags = KSHARE_NOWAIT;
	EXPECT_EQ(-EINVAL, t_run(s, cmd));
	cmd.flags = KSHARE_UNTIL_GE | KSHARE_UNTIL_NE;
	EXPECT_EQ(-EINVAL, t_run(s, cmd));

	pid = t_fork(s);
	ASSERT_LE(0, pid);
	if (!pid) {
		s->door = DOOR_CMD;
		cmd.flags = KSHARE_UNTIL_GE;
		cmd.value = t_int(10);
		_exit(t_run(s, cmd) ? 1 : s->out.values[0].i);
	}
	t_until_waiters(s, c, 1);
	t_run_with(s, KSHARE_OP_CELL_SET, c, t_int(9));
	t_run_with(s, KSHARE_OP_CELL_SET, c, t_int(12));
	EXPECT_EQ(12, t_wait(pid));
}

TEST_F(kshare, a_wait_for_a_change_is_for_a_version_above_the_one_that_was_seen)
{
	struct side *s = &self->s;
	int c = t_create(s, KSHARE_TYPE_CELL);
	struct kshare_cmd cmd = t_cmd(KSHARE_OP_CELL_WAIT, c);
	uint64_t version;
	pid_t pid;

	EXPECT_EQ(0, t_run_with(s, KSHARE_OP_CELL_SET, c, t_int(1)));
	version = s->out.head.number;
	cmd.flags = KSHARE_UNTIL_CHANGED | KSHARE_NOWAIT;
	cmd.value = t_uint(version);
	EXPECT_EQ(-EAGAIN, t_run(s, cmd));
	cmd.value = t_int(version - 1);
	EXPECT_EQ(0, t_run(s, cmd));
	EXPECT_EQ(version, s->out.head.number);
	cmd.value = t_int(-1);
	EXPECT_EQ(-EINVAL, t_run(s, cmd));
	cmd.value = t_float(1);
	EXPECT_EQ(-EINVAL, t_run(s, cmd));

	pid = t_fork(s);
	ASSERT_LE(0, pid);
	if (!pid) {
		s->door = DOOR_CMD;
		cmd.flags = KSHARE_UNTIL_CHANGED;
		cmd.value = t_uint(version);
		_exit(t_run(s, cmd) || s->out.head.number != version + 1);
	}
	t_until_waiters(s, c, 1);
	/* The same value once more is a change as well. */
	EXPECT_EQ(0, t_run_with(s, KSHARE_OP_CELL_SET, c, t_int(1)));
	EXPECT_EQ(0, t_wait(pid));
	/* What is no number is at least nothing. */
	EXPECT_EQ(0, t_run_with(s, KSHARE_OP_CELL_SET, c, t_str("x")));
	cmd.flags = KSHARE_UNTIL_GE | KSHARE_NOWAIT;
	cmd.value = t_int(1);
	EXPECT_EQ(-EDOM, t_run(s, cmd));
	cmd.value = t_str("a");
	EXPECT_EQ(-EDOM, t_run(s, cmd));
	cmd = t_cmd(KSHARE_OP_CELL_CHECK, c);
	cmd.expect = t_str("x");
	EXPECT_EQ(0, t_raw(s, cmd));
	cmd.expect = t_str("y");
	EXPECT_EQ(-ESTALE, t_raw(s, cmd));
}

TEST_HARNESS_MAIN
