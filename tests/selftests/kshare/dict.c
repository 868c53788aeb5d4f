// SPDX-License-Identifier: GPL-2.0
/* Dicts: what each operation promises, in the order of insertion. */
#define T_ALL_DOORS
#include "kshare_test.h"

static int set(struct side *s, int d, struct kshare_value key, struct kshare_value value)
{
	struct kshare_cmd cmd = t_cmd(KSHARE_OP_DICT_SET, d);

	cmd.key = key;
	cmd.value = value;
	return t_run(s, cmd);
}

static int with_key(struct side *s, uint32_t op, int d, struct kshare_value key)
{
	struct kshare_cmd cmd = t_cmd(op, d);

	cmd.key = key;
	return op == KSHARE_OP_DICT_CONTAINS || op == KSHARE_OP_DICT_ABSENT ? t_raw(s, cmd) :
									       t_run(s, cmd);
}

static int get(struct side *s, int d, struct kshare_value key)
{
	return with_key(s, KSHARE_OP_DICT_GET, d, key);
}

TEST_F(kshare, one_true_and_one_point_zero_are_the_same_key)
{
	struct side *s = &self->s;
	int d = t_create(s, KSHARE_TYPE_DICT);

	EXPECT_EQ(1, set(s, d, t_int(1), t_int(10)));
	EXPECT_EQ(0, set(s, d, t_float(1.0), t_int(20)));
	EXPECT_EQ(0, set(s, d, t_bool(true), t_int(30)));
	EXPECT_EQ(0, get(s, d, t_uint(1)));
	EXPECT_EQ(30, s->out.values[0].i);
	EXPECT_EQ(0, t_run(s, t_cmd(KSHARE_OP_DICT_LEN, d)));
	EXPECT_EQ(1, s->out.head.number);
	/* 2^53 + 1 is no double, so it is another key. */
	EXPECT_EQ(1, set(s, d, t_float(9007199254740992.0), t_int(1)));
	EXPECT_EQ(1, set(s, d, t_int(9007199254740993), t_int(2)));
	EXPECT_EQ(1, set(s, d, t_str("1"), t_int(3)));
}

TEST_F(kshare, what_can_be_no_key_is_refused)
{
	struct kshare_value vector[1] = { t_int(1) };
	struct side *s = &self->s;
	int d = t_create(s, KSHARE_TYPE_DICT);
	char key[4097];

	memset(key, 'k', sizeof(key));
	EXPECT_EQ(-EINVAL, set(s, d, t_float(__builtin_nan("")), t_int(1)));
	EXPECT_EQ(-EINVAL, set(s, d, t_ref(d), t_int(1)));
	EXPECT_EQ(-EINVAL, set(s, d, t_vector(vector, 1), t_int(1)));
	EXPECT_EQ(-E2BIG, set(s, d, t_bytes(key, 4097), t_int(1)));
	EXPECT_EQ(1, set(s, d, t_bytes(key, 4096), t_int(1)));
	EXPECT_EQ(1, set(s, d, t_none(), t_int(1)));
	EXPECT_EQ(1, set(s, d, t_str(""), t_int(1)));
}

TEST_F(kshare, order_of_insertion_survives_growth_and_deletion)
{
	struct kshare_cmd page = t_cmd(KSHARE_OP_DICT_PAGE, 0);
	struct side *s = &self->s;
	int d = t_create(s, KSHARE_TYPE_DICT);
	int64_t last = -1, seen = 0;
	int i, n;

	for (i = 0; i < 700; i++)
		ASSERT_EQ(1, set(s, d, t_int(i * 7919 % 10007), t_int(i)));
	for (i = 0; i < 700; i += 3)
		ASSERT_EQ(0, with_key(s, KSHARE_OP_DICT_DELETE, d, t_int(i * 7919 % 10007)));
	/* Set again, it comes last; set without having been deleted, it stays. */
	ASSERT_EQ(1, set(s, d, t_int(0), t_int(1000)));
	ASSERT_EQ(0, set(s, d, t_int(7919), t_int(1)));

	page.handle = d;
	page.flags = KSHARE_VALUES;
	page.nr = 50;
	do {
		n = t_run(s, page);
		ASSERT_LT(0, n);
		for (i = 0; i < n; i++) {
			EXPECT_LT(last, s->out.values[i].i);
			last = s->out.values[i].i;
		}
		seen += n;
		page.expect = t_uint(s->out.head.number);
	} while (s->out.head.flags & KSHARE_R_MORE);
	EXPECT_EQ(1000, last);
	EXPECT_EQ(700 - 234 + 1, seen);
}

TEST_F(kshare, a_page_says_that_the_dict_changed_and_goes_on_where_it_was)
{
	struct kshare_cmd page = t_cmd(KSHARE_OP_DICT_PAGE, 0);
	struct side *s = &self->s;
	int d = t_create(s, KSHARE_TYPE_DICT);
	struct kshare_stat stat;
	int i;

	for (i = 0; i < 10; i++)
		set(s, d, t_int(i), t_int(i));
	ASSERT_EQ(0, t_stat(s, d, &stat));
	page.handle = d;
	page.flags = KSHARE_KEYS;
	page.nr = 4;
	page.key = t_uint(stat.version);
	ASSERT_EQ(4, t_run(s, page));
	EXPECT_EQ(KSHARE_R_MORE, s->out.head.flags);
	page.expect = t_uint(s->out.head.number);
	/* The very entry that the cursor stands on goes. */
	ASSERT_EQ(0, with_key(s, KSHARE_OP_DICT_DELETE, d, t_int(3)));
	ASSERT_EQ(4, t_run(s, page));
	EXPECT_EQ(KSHARE_R_MORE | KSHARE_R_CHANGED, s->out.head.flags);
	EXPECT_EQ(4, s->out.values[0].i);
	EXPECT_EQ(7, s->out.values[3].i);
}

TEST_F(kshare, a_snapshot_is_all_or_enobufs_with_the_size)
{
	struct kshare_cmd page = t_cmd(KSHARE_OP_DICT_PAGE, 0);
	struct side *s = &self->s;
	int d = t_create(s, KSHARE_TYPE_DICT);
	uint64_t need;
	int i;

	for (i = 0; i < 40; i++)
		set(s, d, t_int(i), t_str("a value of some length"));
	page.handle = d;
	page.flags = KSHARE_KEYS | KSHARE_VALUES | KSHARE_ALL;
	page.out = (uintptr_t)&s->out;
	page.out_len = 100;
	ASSERT_EQ(-ENOBUFS, t_raw(s, page));
	need = s->out.head.number;
	EXPECT_EQ(16 + 40 * 32 + 40 * 24, need);
	page.out_len = need - 1;
	EXPECT_EQ(-ENOBUFS, t_raw(s, page));
	page.out_len = need;
	EXPECT_EQ(40, t_raw(s, page));
	EXPECT_TRUE(t_is_str(&s->out.values[79], "a value of some length"));
}

TEST_F(kshare, absent_keys_are_enoent)
{
	struct side *s = &self->s;
	int d = t_create(s, KSHARE_TYPE_DICT);
	struct kshare_cmd cmd;

	EXPECT_EQ(-ENOENT, get(s, d, t_int(1)));
	EXPECT_EQ(-ENOENT, with_key(s, KSHARE_OP_DICT_DELETE, d, t_int(1)));
	EXPECT_EQ(-ENOENT, with_key(s, KSHARE_OP_DICT_POP, d, t_int(1)));
	EXPECT_EQ(-ENOENT, t_run(s, t_cmd(KSHARE_OP_DICT_POPITEM, d)));
	EXPECT_EQ(0, with_key(s, KSHARE_OP_DICT_CONTAINS, d, t_int(1)));
	EXPECT_EQ(0, with_key(s, KSHARE_OP_DICT_ABSENT, d, t_int(1)));
	set(s, d, t_int(1), t_none());
	EXPECT_EQ(1, with_key(s, KSHARE_OP_DICT_CONTAINS, d, t_int(1)));
	EXPECT_EQ(-EEXIST, with_key(s, KSHARE_OP_DICT_ABSENT, d, t_int(1)));
	cmd = t_cmd(KSHARE_OP_DICT_ADD, d);
	cmd.key = t_int(5);
	cmd.value = t_int(1);
	cmd.flags = KSHARE_MUST_EXIST;
	EXPECT_EQ(-ENOENT, t_run(s, cmd));
}

TEST_F(kshare, pop_and_popitem_take_out_what_they_give)
{
	struct side *s = &self->s;
	int d = t_create(s, KSHARE_TYPE_DICT);
	struct kshare_cmd cmd = t_cmd(KSHARE_OP_DICT_POPITEM, d);

	set(s, d, t_str("the first key of them all"), t_int(1));
	set(s, d, t_str("second"), t_int(2));
	set(s, d, t_str("third"), t_int(3));
	EXPECT_EQ(0, with_key(s, KSHARE_OP_DICT_POP, d, t_str("second")));
	EXPECT_EQ(2, s->out.values[0].i);
	EXPECT_EQ(0, t_run(s, cmd));
	EXPECT_TRUE(t_is_str(&s->out.values[0], "third"));
	EXPECT_EQ(3, s->out.values[1].i);
	cmd.flags = KSHARE_FIRST;
	EXPECT_EQ(0, t_run(s, cmd));
	EXPECT_TRUE(t_is_str(&s->out.values[0], "the first key of them all"));
	EXPECT_EQ(-ENOENT, t_run(s, cmd));
}

TEST_F(kshare, setdefault_keeps_what_is_there)
{
	struct side *s = &self->s;
	int d = t_create(s, KSHARE_TYPE_DICT);
	struct kshare_cmd cmd = t_cmd(KSHARE_OP_DICT_SETDEFAULT, d);

	cmd.key = t_str("key");
	cmd.value = t_int(1);
	EXPECT_EQ(1, t_run(s, cmd));
	EXPECT_EQ(1, s->out.values[0].i);
	cmd.value = t_int(2);
	EXPECT_EQ(0, t_run(s, cmd));
	EXPECT_EQ(1, s->out.values[0].i);
}

TEST_F(kshare, add_begins_at_zero_checks_and_wraps)
{
	struct side *s = &self->s;
	int d = t_create(s, KSHARE_TYPE_DICT);
	struct kshare_cmd cmd = t_cmd(KSHARE_OP_DICT_ADD, d);

	cmd.key = t_str("n");
	cmd.value = t_int(INT64_MAX);
	EXPECT_EQ(0, t_run(s, cmd));
	/* Above 2^63 it is a uint: one number line. */
	EXPECT_EQ(0, t_run(s, cmd));
	EXPECT_EQ(KSHARE_UINT, s->out.values[0].type);
	EXPECT_EQ(UINT64_MAX - 1, s->out.values[0].u);
	EXPECT_EQ(-ERANGE, t_run(s, cmd));
	cmd.value = t_float(0.5);
	EXPECT_EQ(0, t_run(s, cmd));
	EXPECT_EQ(KSHARE_FLOAT, s->out.values[0].type);
	set(s, d, t_str("n"), t_str("no number"));
	EXPECT_EQ(-EDOM, t_run(s, cmd));
	set(s, d, t_str("n"), t_int(INT64_MAX));
	cmd.value = t_int(1);
	cmd.flags = KSHARE_WRAP;
	EXPECT_EQ(0, t_run(s, cmd));
	EXPECT_EQ(INT64_MIN, s->out.values[0].i);
}

TEST_F(kshare, compare_and_swap_by_value_and_by_version)
{
	struct side *s = &self->s;
	int d = t_create(s, KSHARE_TYPE_DICT);
	struct kshare_cmd cmd = t_cmd(KSHARE_OP_DICT_CAS, d);
	uint64_t version;

	cmd.key = t_str("key");
	cmd.expect = t_int(1);
	cmd.value = t_int(2);
	EXPECT_EQ(-ENOENT, t_run(s, cmd));
	cmd.flags = KSHARE_BY_VERSION;
	EXPECT_EQ(-ENOENT, t_run(s, cmd));
	cmd.expect = t_uint(0);
	EXPECT_EQ(1, t_run(s, cmd));
	EXPECT_EQ(0, s->out.head.count);
	version = s->out.head.number;
	EXPECT_EQ(0, t_run(s, cmd));
	EXPECT_EQ(2, s->out.values[0].i);
	EXPECT_EQ(version, s->out.head.number);
	/* Another entry's change does not count. */
	set(s, d, t_str("other"), t_int(0));
	cmd.expect = t_uint(version);
	cmd.value = t_int(3);
	EXPECT_EQ(1, t_run(s, cmd));
	cmd.flags = 0;
	cmd.expect = t_float(3.0);
	cmd.value = t_int(4);
	EXPECT_EQ(1, t_run(s, cmd));
	EXPECT_EQ(0, t_run(s, cmd));
	EXPECT_EQ(4, s->out.values[0].i);
}

TEST_F(kshare, update_and_get_many_are_one_step)
{
	struct kshare_value pairs[100], keys[51];
	struct side *s = &self->s;
	int d = t_create(s, KSHARE_TYPE_DICT);
	struct kshare_cmd cmd = t_cmd(KSHARE_OP_DICT_UPDATE, d);
	int i;

	for (i = 0; i < 50; i++) {
		pairs[2 * i] = t_int(i);
		pairs[2 * i + 1] = t_int(i * i);
		keys[i] = t_int(49 - i);
	}
	keys[50] = t_str("absent");
	cmd.value = t_vector(pairs, 99);
	EXPECT_EQ(-EINVAL, t_run(s, cmd));
	cmd.value = t_vector(pairs, 100);
	EXPECT_EQ(50, t_run(s, cmd));
	EXPECT_EQ(0, t_run(s, cmd));
	/* One bad key, and nothing has changed. */
	pairs[1] = t_int(77);
	pairs[98] = t_float(__builtin_nan(""));
	EXPECT_EQ(-EINVAL, t_run(s, cmd));
	cmd = t_cmd(KSHARE_OP_DICT_GET_MANY, d);
	cmd.value = t_vector(keys, 51);
	EXPECT_EQ(50, t_run(s, cmd));
	EXPECT_EQ(1ull << 50, s->out.head.number);
	EXPECT_EQ(49 * 49, s->out.values[0].i);
	EXPECT_EQ(0, s->out.values[49].i);
	EXPECT_EQ(KSHARE_NONE, s->out.values[50].type);
}

TEST_F(kshare, get_many_is_refused_as_a_whole_if_one_can_be_no_key)
{
	struct kshare_value good[2] = { t_str("a"), t_str("b") }, keys[2];
	const struct kshare_value bad[] = {
		t_float(__builtin_nan("")), t_ref(1), t_int(1), t_str(""), t_bytes("a", 1),
	};
	struct side *s = &self->s;
	int i, d, names;

	for (names = 0; names < 2; names++) {
		d = t_create(s, names ? KSHARE_TYPE_NAMESPACE : KSHARE_TYPE_DICT);
		set(s, d, good[1], t_int(7));
		for (i = 0; i < 5; i++) {
			keys[0] = good[1];
			keys[1] = bad[i];
			/* The last three are not names, but keys. */
			EXPECT_EQ(i < 2 || names ? -EINVAL : 1,
				  t_run_with(s, KSHARE_OP_DICT_GET_MANY, d, t_vector(keys, 2)));
		}
		EXPECT_EQ(1, t_run_with(s, KSHARE_OP_DICT_GET_MANY, d, t_vector(good, 2)));
		EXPECT_EQ(7, s->out.values[1].i);
	}
}

TEST_F(kshare, clear_empties_it_and_gives_the_memory_back)
{
	struct side *s = &self->s;
	int i, d = t_create(s, KSHARE_TYPE_DICT);
	struct kshare_stat empty, full, after;

	ASSERT_EQ(0, t_stat(s, d, &empty));
	for (i = 0; i < 500; i++)
		set(s, d, t_int(i), t_str("a long string, for its memory"));
	ASSERT_EQ(0, t_stat(s, d, &full));
	EXPECT_EQ(500, full.length);
	EXPECT_EQ(0, t_run(s, t_cmd(KSHARE_OP_DICT_CLEAR, d)));
	ASSERT_EQ(0, t_stat(s, d, &after));
	EXPECT_EQ(empty.bytes, after.bytes);
	EXPECT_EQ(0, after.length);
	EXPECT_EQ(1, set(s, d, t_int(1), t_int(1)));
}

TEST_F(kshare, an_entry_costs_at_most_160_bytes)
{
	struct kshare_stat empty, full;
	struct side *s = &self->s;
	int i, d = t_create(s, KSHARE_TYPE_DICT);
	char key[17];

	ASSERT_EQ(0, t_stat(s, d, &empty));
	EXPECT_GE(512, empty.bytes);
	for (i = 0; i < 1000; i++) {
		snprintf(key, sizeof(key), "key-%012d", i);
		ASSERT_EQ(1, set(s, d, t_str(key), t_int(i)));
	}
	ASSERT_EQ(0, t_stat(s, d, &full));
	EXPECT_GE(160 * 1000, full.bytes - empty.bytes);
}

TEST_F(kshare, names_of_a_namespace_are_text_and_not_empty)
{
	struct kshare_value pair[2] = { t_int(1), t_int(1) };
	struct side *s = &self->s;
	int n = t_create(s, KSHARE_TYPE_NAMESPACE);
	struct kshare_cmd cmd = t_cmd(KSHARE_OP_DICT_UPDATE, n);

	EXPECT_EQ(1, set(s, n, t_str("x"), t_int(500)));
	EXPECT_EQ(-EINVAL, set(s, n, t_str(""), t_int(1)));
	EXPECT_EQ(-EINVAL, set(s, n, t_int(1), t_int(1)));
	EXPECT_EQ(-EINVAL, set(s, n, t_bytes("x", 1), t_int(1)));
	cmd.value = t_vector(pair, 2);
	EXPECT_EQ(-EINVAL, t_run(s, cmd));
	EXPECT_EQ(0, get(s, n, t_str("x")));
	EXPECT_EQ(500, s->out.values[0].i);
}

TEST_HARNESS_MAIN
