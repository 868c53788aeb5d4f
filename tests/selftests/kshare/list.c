// SPDX-License-Identifier: GPL-2.0
/* Lists: as Python's, each operation as one step. */
#define T_ALL_DOORS
#include "kshare_test.h"

static int append(struct side *s, int l, struct kshare_value v)
{
	struct kshare_cmd cmd = t_cmd(KSHARE_OP_LIST_APPEND, l);

	cmd.value = v;
	return t_run(s, cmd);
}

static int with_index(struct side *s, uint32_t op, int l, int64_t i)
{
	struct kshare_cmd cmd = t_cmd(op, l);

	cmd.key = t_int(i);
	return t_run(s, cmd);
}

static int make_range(struct side *s, int n)
{
	struct kshare_value v[1000];
	int i, l = t_create(s, KSHARE_TYPE_LIST);
	struct kshare_cmd cmd = t_cmd(KSHARE_OP_LIST_EXTEND, l);

	for (i = 0; i < n; i++)
		v[i] = t_int(i);
	cmd.value = t_vector(v, n);
	t_run(s, cmd);
	return l;
}

/* Is the list, or the slice of it, these numbers? */
static bool is(struct side *s, int l, const int *want, int n)
{
	int i;

	if (t_run(s, t_cmd(KSHARE_OP_LIST_SLICE, l)) != n || (int)s->out.head.count != n)
		return false;
	for (i = 0; i < n; i++)
		if (s->out.values[i].i != want[i])
			return false;
	return true;
}

#define IS(l, ...) is(s, l, (const int[]){ __VA_ARGS__ }, \
		      sizeof((const int[]){ __VA_ARGS__ }) / sizeof(int))

TEST_F(kshare, an_index_may_count_from_the_end)
{
	struct side *s = &self->s;
	int l = make_range(s, 5);
	struct kshare_cmd cmd;

	EXPECT_EQ(0, with_index(s, KSHARE_OP_LIST_GET, l, -1));
	EXPECT_EQ(4, s->out.values[0].i);
	EXPECT_EQ(0, with_index(s, KSHARE_OP_LIST_GET, l, -5));
	EXPECT_EQ(0, s->out.values[0].i);
	EXPECT_EQ(-ERANGE, with_index(s, KSHARE_OP_LIST_GET, l, 5));
	EXPECT_EQ(-ERANGE, with_index(s, KSHARE_OP_LIST_GET, l, -6));
	EXPECT_EQ(-ERANGE, with_index(s, KSHARE_OP_LIST_GET, l, INT64_MIN));
	cmd = t_cmd(KSHARE_OP_LIST_GET, l);
	cmd.key = t_uint(UINT64_MAX);
	EXPECT_EQ(-ERANGE, t_run(s, cmd));
	cmd.key = t_str("1");
	EXPECT_EQ(-EINVAL, t_run(s, cmd));
	cmd = t_cmd(KSHARE_OP_LIST_SET, l);
	cmd.key = t_int(-2);
	cmd.value = t_int(33);
	EXPECT_EQ(0, t_run(s, cmd));
	EXPECT_TRUE(IS(l, 0, 1, 2, 33, 4));
}

TEST_F(kshare, insert_clamps_as_python_does)
{
	struct side *s = &self->s;
	int l = make_range(s, 3);
	struct kshare_cmd cmd = t_cmd(KSHARE_OP_LIST_INSERT, l);

	cmd.key = t_int(100);
	cmd.value = t_int(10);
	EXPECT_EQ(0, t_run(s, cmd));
	EXPECT_EQ(4, s->out.head.number);
	cmd.key = t_int(-100);
	cmd.value = t_int(11);
	EXPECT_EQ(0, t_run(s, cmd));
	cmd.key = t_int(-1);
	cmd.value = t_int(12);
	EXPECT_EQ(0, t_run(s, cmd));
	EXPECT_TRUE(IS(l, 11, 0, 1, 2, 12, 10));
}

TEST_F(kshare, pop_takes_from_the_end_or_from_an_index)
{
	struct side *s = &self->s;
	int l = make_range(s, 4);

	EXPECT_EQ(0, t_run(s, t_cmd(KSHARE_OP_LIST_POP, l)));
	EXPECT_EQ(3, s->out.values[0].i);
	EXPECT_EQ(0, with_index(s, KSHARE_OP_LIST_POP, l, 0));
	EXPECT_EQ(0, s->out.values[0].i);
	EXPECT_EQ(-ERANGE, with_index(s, KSHARE_OP_LIST_POP, l, 2));
	EXPECT_EQ(0, with_index(s, KSHARE_OP_LIST_DELETE, l, -1));
	EXPECT_EQ(1, s->out.head.number);
	EXPECT_EQ(0, t_run(s, t_cmd(KSHARE_OP_LIST_POP, l)));
	EXPECT_EQ(-ENOENT, t_run(s, t_cmd(KSHARE_OP_LIST_POP, l)));
}

/* Every slice of a small list, against the definition of Python's slices. */
TEST_F(kshare, slices_are_pythons)
{
	struct side *s = &self->s;
	int l = make_range(s, 6);
	int start, stop, step, i, n, want[8];

	for (start = -8; start <= 8; start++) {
		for (stop = -8; stop <= 8; stop += 3) {
			for (step = -3; step <= 3; step++) {
				struct kshare_cmd cmd = t_cmd(KSHARE_OP_LIST_SLICE, l);
				int a = start < 0 ? start + 6 : start;
				int b = stop < 0 ? stop + 6 : stop;

				if (!step)
					continue;
				if (step > 0) {
					a = a < 0 ? 0 : a > 6 ? 6 : a;
					b = b < 0 ? 0 : b > 6 ? 6 : b;
				} else {
					a = a < -1 ? -1 : a > 5 ? 5 : a;
					b = b < -1 ? -1 : b > 5 ? 5 : b;
				}
				n = 0;
				for (i = a; step > 0 ? i < b : i > b; i += step)
					want[n++] = i;
				cmd.key = t_int(start);
				cmd.expect = t_int(stop);
				cmd.nr = step;
				ASSERT_EQ(n, t_run(s, cmd));
				for (i = 0; i < n; i++)
					ASSERT_EQ(want[i], s->out.values[i].i);
			}
		}
	}
}

TEST_F(kshare, slices_can_be_set_and_deleted)
{
	struct kshare_value v[3] = { t_int(70), t_int(71), t_int(72) };
	struct side *s = &self->s;
	int l = make_range(s, 6);
	struct kshare_cmd cmd = t_cmd(KSHARE_OP_LIST_SLICE_SET, l);

	cmd.key = t_int(1);
	cmd.expect = t_int(3);
	cmd.value = t_vector(v, 3);
	EXPECT_EQ(0, t_run(s, cmd));
	EXPECT_TRUE(IS(l, 0, 70, 71, 72, 3, 4, 5));
	cmd.key = t_none();
	cmd.expect = t_none();
	cmd.nr = 2;
	EXPECT_EQ(-EINVAL, t_run(s, cmd));
	cmd.nr = 3;
	EXPECT_EQ(0, t_run(s, cmd));
	EXPECT_TRUE(IS(l, 70, 70, 71, 71, 3, 4, 72));
	cmd.nr = -3;
	EXPECT_EQ(0, t_run(s, cmd));
	EXPECT_TRUE(IS(l, 72, 70, 71, 71, 3, 4, 70));
	cmd = t_cmd(KSHARE_OP_LIST_SLICE_DELETE, l);
	cmd.nr = 2;
	EXPECT_EQ(4, t_run(s, cmd));
	EXPECT_TRUE(IS(l, 70, 71, 4));
	cmd.nr = -2;
	EXPECT_EQ(2, t_run(s, cmd));
	EXPECT_TRUE(IS(l, 71));
	cmd.nr = 0;
	EXPECT_EQ(1, t_run(s, cmd));
	EXPECT_EQ(0, t_run(s, cmd));
}

TEST_F(kshare, nothing_in_place_of_nothing_is_no_change)
{
	struct kshare_stat before, after;
	struct side *s = &self->s;
	int l = make_range(s, 4), i;
	struct kshare_cmd cmd = t_cmd(KSHARE_OP_LIST_SLICE_SET, l);

	ASSERT_EQ(0, t_stat(s, l, &before));
	cmd.value = t_vector(NULL, 0);
	for (i = 0; i < 3; i++) {
		cmd.key = t_int(4 - i);
		cmd.expect = t_int(i);
		cmd.nr = i;
		EXPECT_EQ(0, t_run(s, cmd));
	}
	ASSERT_EQ(0, t_stat(s, l, &after));
	EXPECT_EQ(before.version, after.version);
	EXPECT_TRUE(IS(l, 0, 1, 2, 3));
}

#define LONG_SLICE	600
#define TEXT_LEN	100

/* What it takes: heads, and texts whose tails are of so many bytes, rounded up to 8. */
static uint32_t slice_size(int n)
{
	return sizeof(struct kshare_result) + n * (sizeof(struct kshare_value) + TEXT_LEN + 4);
}

TEST_F(kshare, a_slice_comes_as_a_whole_or_tells_how_large_it_is)
{
	static struct kshare_value v[LONG_SLICE];
	static char texts[LONG_SLICE][TEXT_LEN];
	struct kshare_result *out = malloc(slice_size(LONG_SLICE));
	struct kshare_value *got = (void *)(out + 1);
	struct side *s = &self->s;
	struct kshare_cmd cmd;
	int i, k, n, l;

	for (i = 0; i < LONG_SLICE; i++) {
		memset(texts[i], i, TEXT_LEN);
		v[i] = t_bytes(texts[i], TEXT_LEN);
	}
	/* As many as are looked at in one go, and more */
	for (k = 0; k < 2; k++) {
		n = k ? LONG_SLICE : 10;
		l = t_create(s, KSHARE_TYPE_LIST);
		ASSERT_EQ(0, t_run_with(s, KSHARE_OP_LIST_EXTEND, l, t_vector(v, n)));
		cmd = t_cmd(KSHARE_OP_LIST_SLICE, l);
		cmd.out = (uintptr_t)out;
		/* Neither for the heads, nor for the tails, nor for the last of them */
		for (i = 0; i < 3; i++) {
			cmd.out_len = i == 0 ? sizeof(*out) :
				      i == 1 ? sizeof(*out) + n * sizeof(*got) : slice_size(n) - 1;
			out->number = 0;
			EXPECT_EQ(-ENOBUFS, t_raw(s, cmd));
			EXPECT_EQ(slice_size(n), out->number);
		}
		cmd.out_len = slice_size(n);
		ASSERT_EQ(n, t_raw(s, cmd));
		for (i = 0; i < n; i++) {
			ASSERT_EQ(TEXT_LEN, got[i].len);
			ASSERT_EQ(0, memcmp((void *)(uintptr_t)got[i].ptr, texts[i], TEXT_LEN));
		}
	}
	free(out);
}

TEST_F(kshare, equal_elements_are_found_counted_and_removed)
{
	struct side *s = &self->s;
	int l = make_range(s, 600);
	struct kshare_cmd cmd = t_cmd(KSHARE_OP_LIST_INDEX, l);

	append(s, l, t_float(7.0));
	append(s, l, t_float(__builtin_nan("")));
	cmd.value = t_float(599.0);
	EXPECT_EQ(0, t_run(s, cmd));
	EXPECT_EQ(599, s->out.head.number);
	cmd.value = t_int(7);
	cmd.key = t_int(8);
	EXPECT_EQ(0, t_run(s, cmd));
	EXPECT_EQ(600, s->out.head.number);
	cmd.expect = t_int(-2);
	EXPECT_EQ(-ENOENT, t_run(s, cmd));
	cmd = t_cmd(KSHARE_OP_LIST_COUNT, l);
	cmd.value = t_bool(true);
	EXPECT_EQ(0, t_run(s, cmd));
	EXPECT_EQ(1, s->out.head.number);
	cmd.value = t_float(__builtin_nan(""));
	EXPECT_EQ(0, t_run(s, cmd));
	EXPECT_EQ(0, s->out.head.number);
	cmd = t_cmd(KSHARE_OP_LIST_CONTAINS, l);
	cmd.value = t_str("7");
	EXPECT_EQ(0, t_raw(s, cmd));
	cmd = t_cmd(KSHARE_OP_LIST_REMOVE, l);
	cmd.value = t_int(7);
	EXPECT_EQ(0, t_run(s, cmd));
	EXPECT_EQ(7, s->out.head.number);
	EXPECT_EQ(0, t_run(s, cmd));
	EXPECT_EQ(599, s->out.head.number);
	EXPECT_EQ(-ENOENT, t_run(s, cmd));
}

TEST_F(kshare, sort_is_exact_stable_and_knows_its_limits)
{
	struct side *s = &self->s;
	int l = t_create(s, KSHARE_TYPE_LIST);
	struct kshare_cmd cmd = t_cmd(KSHARE_OP_LIST_SORT, l);

	append(s, l, t_int(9007199254740993));
	append(s, l, t_float(9007199254740992.0));
	append(s, l, t_bool(true));
	append(s, l, t_float(1.0));
	append(s, l, t_int(1));
	append(s, l, t_uint(UINT64_MAX));
	append(s, l, t_int(-5));
	EXPECT_EQ(0, t_run(s, cmd));
	ASSERT_EQ(7, t_run(s, t_cmd(KSHARE_OP_LIST_SLICE, l)));
	EXPECT_EQ(-5, s->out.values[0].i);
	EXPECT_EQ(KSHARE_BOOL, s->out.values[1].type);
	EXPECT_EQ(KSHARE_FLOAT, s->out.values[2].type);
	EXPECT_EQ(KSHARE_INT, s->out.values[3].type);
	EXPECT_EQ(KSHARE_FLOAT, s->out.values[4].type);
	EXPECT_EQ(9007199254740993, s->out.values[5].i);
	EXPECT_EQ(KSHARE_UINT, s->out.values[6].type);
	cmd.flags = KSHARE_REVERSE;
	EXPECT_EQ(0, t_run(s, cmd));
	ASSERT_EQ(7, t_run(s, t_cmd(KSHARE_OP_LIST_SLICE, l)));
	EXPECT_EQ(KSHARE_UINT, s->out.values[0].type);
	EXPECT_EQ(KSHARE_BOOL, s->out.values[3].type);
	append(s, l, t_str("text"));
	EXPECT_EQ(-EDOM, t_run(s, cmd));
	ASSERT_EQ(8, t_run(s, t_cmd(KSHARE_OP_LIST_SLICE, l)));
	EXPECT_EQ(KSHARE_UINT, s->out.values[0].type);
}

/* By their bytes, as memcmp() does; who is the beginning of another comes first. */
TEST_F(kshare, texts_are_sorted_by_their_bytes)
{
	static const char * const texts[] = {
		"", "B", "a", "aa", "aaa and as long as a text with memory of its own", "ab",
		"b", "\xc3\xa4",
	};
	static const int order[] = { 5, 0, 7, 2, 6, 4, 1, 3 };
	struct side *s = &self->s;
	int i, way, l = t_create(s, KSHARE_TYPE_LIST);
	struct kshare_cmd cmd = t_cmd(KSHARE_OP_LIST_SORT, l);

	for (i = 0; i < 8; i++)
		append(s, l, t_str(texts[order[i]]));
	for (way = 0; way < 2; way++) {
		cmd.flags = way ? KSHARE_REVERSE : 0;
		EXPECT_EQ(0, t_run(s, cmd));
		ASSERT_EQ(8, t_run(s, t_cmd(KSHARE_OP_LIST_SLICE, l)));
		for (i = 0; i < 8; i++)
			EXPECT_TRUE(t_is_str(&s->out.values[i], texts[way ? 7 - i : i]));
	}
	/* Bytes are of another kind. */
	append(s, l, t_bytes("a", 1));
	EXPECT_EQ(-EDOM, t_run(s, cmd));
}

TEST_F(kshare, reverse_and_clear)
{
	struct side *s = &self->s;
	int l = make_range(s, 5), big = make_range(s, 1000);
	struct kshare_stat empty, after;

	EXPECT_EQ(0, t_run(s, t_cmd(KSHARE_OP_LIST_REVERSE, l)));
	EXPECT_TRUE(IS(l, 4, 3, 2, 1, 0));
	EXPECT_EQ(0, t_run(s, t_cmd(KSHARE_OP_LIST_REVERSE, big)));
	EXPECT_EQ(0, with_index(s, KSHARE_OP_LIST_GET, big, 1));
	EXPECT_EQ(998, s->out.values[0].i);
	ASSERT_EQ(0, t_stat(s, t_create(s, KSHARE_TYPE_LIST), &empty));
	EXPECT_EQ(0, t_run(s, t_cmd(KSHARE_OP_LIST_CLEAR, big)));
	ASSERT_EQ(0, t_stat(s, big, &after));
	EXPECT_EQ(empty.bytes, after.bytes);
	EXPECT_EQ(0, after.length);
	EXPECT_GE(512, empty.bytes);
}

TEST_F(kshare, add_and_compare_and_swap_change_one_element)
{
	struct side *s = &self->s;
	int l = make_range(s, 3);
	struct kshare_cmd cmd = t_cmd(KSHARE_OP_LIST_ADD, l);

	cmd.key = t_int(1);
	cmd.value = t_int(41);
	EXPECT_EQ(0, t_run(s, cmd));
	EXPECT_EQ(42, s->out.values[0].i);
	cmd.value = t_str("x");
	EXPECT_EQ(-EDOM, t_run(s, cmd));
	cmd = t_cmd(KSHARE_OP_LIST_CAS, l);
	cmd.key = t_int(-2);
	cmd.expect = t_int(42);
	cmd.value = t_str("a string that is long enough for a blob");
	EXPECT_EQ(1, t_run(s, cmd));
	EXPECT_EQ(0, t_run(s, cmd));
	EXPECT_TRUE(t_is_str(&s->out.values[0], "a string that is long enough for a blob"));
	cmd = t_cmd(KSHARE_OP_LIST_CHECK, l);
	cmd.key = t_int(0);
	cmd.expect = t_int(0);
	EXPECT_EQ(0, t_raw(s, cmd));
	cmd.expect = t_int(1);
	EXPECT_EQ(-ESTALE, t_raw(s, cmd));
}

/* Random changes, against an array. */
TEST_F(kshare, a_thousand_changes_leave_what_they_should)
{
	struct side *s = &self->s;
	int l = t_create(s, KSHARE_TYPE_LIST);
	unsigned int seed = 42;
	int64_t model[2000];
	int i, n = 0, at, round;

	for (round = 0; round < 1000; round++) {
		if (rand_r(&seed) % 3 || !n) {
			struct kshare_cmd cmd = t_cmd(KSHARE_OP_LIST_INSERT, l);

			at = rand_r(&seed) % (n + 1);
			cmd.key = t_int(at);
			cmd.value = t_int(round);
			ASSERT_EQ(0, t_run(s, cmd));
			memmove(&model[at + 1], &model[at], (n - at) * sizeof(*model));
			model[at] = round;
			n++;
		} else {
			at = rand_r(&seed) % n;
			ASSERT_EQ(0, with_index(s, KSHARE_OP_LIST_POP, l, at));
			ASSERT_EQ(model[at], s->out.values[0].i);
			n--;
			memmove(&model[at], &model[at + 1], (n - at) * sizeof(*model));
		}
	}
	for (i = 0; i < n; i++) {
		ASSERT_EQ(0, with_index(s, KSHARE_OP_LIST_GET, l, i));
		ASSERT_EQ(model[i], s->out.values[0].i);
	}
}

TEST_HARNESS_MAIN
