// SPDX-License-Identifier: GPL-2.0
/*
 * All commands of an atomic batch make themselves ready before the first is carried out.
 * What comes of one is as if those before it had been there alone, all the same.
 */
#include "batch_test.h"

#define LONG_TEXT	"one that has memory of its own"

static int64_t number(struct side *s, uint32_t op, int h, struct kshare_value key)
{
	struct kshare_cmd cmd = t_cmd(op, h);
	int ret;

	cmd.key = key;
	ret = t_run(s, cmd);
	return ret ?: s->out.values[0].i;
}

static int set(struct side *s, int d, int64_t key, int64_t value)
{
	struct kshare_cmd cmd = t_cmd(KSHARE_OP_DICT_SET, d);

	cmd.key = t_int(key);
	cmd.value = t_int(value);
	return t_raw(s, cmd);
}

static int make_dict(struct side *s, int entries)
{
	int i, d = t_create(s, KSHARE_TYPE_DICT);

	for (i = 0; i < entries; i++)
		set(s, d, i, 100 + i);
	return d;
}

static int make_list(struct side *s, int elements)
{
	int i, l = t_create(s, KSHARE_TYPE_LIST);
	struct kshare_cmd cmd = t_cmd(KSHARE_OP_LIST_APPEND, l);

	for (i = 0; i < elements; i++) {
		cmd.value = t_int(i);
		t_raw(s, cmd);
	}
	return l;
}

/* At each size, so at each where it grows: both commands see that it has to. */
TEST_F(kshare, two_that_let_a_dict_grow_let_it_grow_once)
{
	struct kshare_stat alone, together;
	struct side *s = &self->s;
	int n, i, one, two;

	for (n = 1; n <= 140; n++) {
		struct kshare_value pair[2] = { t_int(n + 1), t_int(100 + n + 1) };
		struct kshare_cmd *cmd;
		struct many m = {};

		one = make_dict(s, n);
		two = make_dict(s, n);
		cmd = add(&m, KSHARE_OP_DICT_SET, two);
		cmd->key = t_int(n);
		cmd->value = t_int(100 + n);
		if (n % 2) {
			cmd = add(&m, KSHARE_OP_DICT_UPDATE, two);
			cmd->value = t_vector(pair, 2);
		} else {
			cmd = add(&m, KSHARE_OP_DICT_SET, two);
			cmd->key = pair[0];
			cmd->value = pair[1];
		}
		ASSERT_EQ(0, go(s, &m, KSHARE_BATCH_ATOMIC));
		for (i = 0; i < 2; i++)
			ASSERT_EQ(1, set(s, one, n + i, 100 + n + i));
		ASSERT_EQ(0, t_stat(s, one, &alone));
		ASSERT_EQ(0, t_stat(s, two, &together));
		EXPECT_EQ(n + 2, together.length);
		EXPECT_EQ(alone.bytes, together.bytes);
		for (i = 0; i < n + 2; i++)
			ASSERT_EQ(100 + i, number(s, KSHARE_OP_DICT_GET, two, t_int(i)));
		t_close(s, one);
		t_close(s, two);
	}
}

/* From a size to the next and from there far beyond, while entries are still moved. */
TEST_F(kshare, a_dict_may_grow_twice)
{
	static struct kshare_value pairs[2 * 10000];
	static const int sizes[] = { 8, 256, 1024, 2048 };
	struct kshare_stat before, after;
	struct side *s = &self->s;
	int i, k, n, d;

	for (i = 0; i < 10000; i++) {
		pairs[2 * i] = t_int(i);
		pairs[2 * i + 1] = t_int(100 + i);
	}
	for (k = 0; k < 4; k++) {
		struct kshare_cmd *cmd;
		struct many m = {};

		n = sizes[k];
		d = t_create(s, KSHARE_TYPE_DICT);
		t_run_with(s, KSHARE_OP_DICT_UPDATE, d, t_vector(pairs, 2 * n));
		/* The last move of what was there */
		for (i = 0; i < n; i++)
			set(s, d, i, 7);
		ASSERT_EQ(0, t_stat(s, d, &before));
		ASSERT_EQ(n, before.length);
		cmd = add(&m, KSHARE_OP_DICT_SET, d);
		cmd->key = t_int(n);
		cmd->value = t_int(7);
		cmd = add(&m, KSHARE_OP_DICT_UPDATE, d);
		cmd->value = t_vector(pairs, 2 * 4 * n);
		add(&m, KSHARE_OP_CHECK_VERSION, d)->value = t_uint(1);
		/* First in vain, and then */
		ASSERT_EQ(-ESTALE, go(s, &m, KSHARE_BATCH_ATOMIC));
		ASSERT_EQ(0, t_stat(s, d, &after));
		EXPECT_EQ(n, after.length);
		EXPECT_EQ(before.version, after.version);
		EXPECT_EQ(7, number(s, KSHARE_OP_DICT_GET, d, t_int(n - 1)));
		EXPECT_EQ(-ENOENT, number(s, KSHARE_OP_DICT_GET, d, t_int(n)));
		m.n--;
		ASSERT_EQ(0, go(s, &m, KSHARE_BATCH_ATOMIC));
		EXPECT_EQ(1, m.results[0]);
		EXPECT_EQ(3 * n - 1, m.results[1]);
		for (i = 0; i < 4 * n; i++)
			ASSERT_EQ(100 + i, number(s, KSHARE_OP_DICT_GET, d, t_int(i)));
		ASSERT_EQ(0, t_run(s, t_cmd(KSHARE_OP_DICT_CLEAR, d)));
		EXPECT_EQ(0, t_close(s, d));
	}
}

TEST_F(kshare, what_an_update_replaces_may_have_gone_before_it)
{
	struct kshare_value pairs[6] = {
		t_int(1), t_str(LONG_TEXT), t_int(5), t_str(LONG_TEXT), t_int(0), t_int(7),
	};
	struct kshare_stat before, after;
	struct side *s = &self->s;
	int d = make_dict(s, 3);
	struct many m = {};

	ASSERT_EQ(0, t_stat(s, d, &before));
	add(&m, KSHARE_OP_DICT_DELETE, d)->key = t_int(0);
	add(&m, KSHARE_OP_DICT_UPDATE, d)->value = t_vector(pairs, 6);
	ASSERT_EQ(0, go(s, &m, KSHARE_BATCH_ATOMIC));
	EXPECT_EQ(2, m.results[1]);
	ASSERT_EQ(0, t_stat(s, d, &after));
	/* Each has changed it once. */
	EXPECT_EQ(before.version + 2, after.version);
	EXPECT_EQ(4, after.length);
	EXPECT_EQ(7, number(s, KSHARE_OP_DICT_GET, d, t_int(0)));
	EXPECT_EQ(102, number(s, KSHARE_OP_DICT_GET, d, t_int(2)));
	number(s, KSHARE_OP_DICT_GET, d, t_int(1));
	EXPECT_TRUE(t_is_str(&s->out.values[0], LONG_TEXT));
	number(s, KSHARE_OP_DICT_GET, d, t_int(5));
	EXPECT_TRUE(t_is_str(&s->out.values[0], LONG_TEXT));
}

/* Of every 100th there is one, and with two more there are two, far apart. */
TEST_F(kshare, a_slice_may_have_become_longer_before_it_is_set_or_deleted)
{
	struct kshare_value v[2] = { t_str(LONG_TEXT), t_int(-2) };
	struct side *s = &self->s;
	struct kshare_cmd *cmd;
	struct kshare_stat stat;
	int i, way, l;

	for (way = 0; way < 3; way++) {
		struct many m = {};

		l = make_list(s, 99);
		for (i = 0; i < 2; i++)
			add(&m, KSHARE_OP_LIST_APPEND, l)->value = t_int(99 + i);
		cmd = add(&m, way ? KSHARE_OP_LIST_SLICE_SET : KSHARE_OP_LIST_SLICE_DELETE, l);
		cmd->nr = way == 2 ? -100 : 100;
		if (way)
			cmd->value = t_vector(v, 2);
		ASSERT_EQ(0, go(s, &m, KSHARE_BATCH_ATOMIC));
		EXPECT_EQ(way ? 0 : 2, m.results[2]);
		ASSERT_EQ(0, t_stat(s, l, &stat));
		EXPECT_EQ(way ? 101 : 99, stat.length);
		for (i = 1; i < 100; i++)
			ASSERT_EQ(i, number(s, KSHARE_OP_LIST_GET, l, t_int(way ? i : i - 1)));
		if (way) {
			number(s, KSHARE_OP_LIST_GET, l, t_int(way == 1 ? 0 : 100));
			EXPECT_TRUE(t_is_str(&s->out.values[0], LONG_TEXT));
			EXPECT_EQ(-2, number(s, KSHARE_OP_LIST_GET, l, t_int(way == 1 ? 100 : 0)));
		}
		t_close(s, l);
	}
}

TEST_F(kshare, who_waits_for_news_is_told_to_who_takes_the_lock_in_the_same_step)
{
	struct side *s = &self->s;
	int i, l = t_create(s, KSHARE_TYPE_LOCK), c;
	struct kshare_cmd *who;
	struct many m = {};
	pid_t pids[2];

	c = t_create_with(s, KSHARE_TYPE_CONDITION, 0, t_none(), t_ref(l));
	for (i = 0; i < 2; i++) {
		pids[i] = t_fork(s);
		if (!pids[i]) {
			t_raw(s, t_cmd(KSHARE_OP_LOCK_ACQUIRE, l));
			_exit(t_raw(s, t_cmd(KSHARE_OP_CONDITION_WAIT, c)) != 1);
		}
		ASSERT_TRUE(t_until_it_waits(s, c, i + 1, pids[i]));
	}
	add(&m, KSHARE_OP_LOCK_ACQUIRE, l)->flags = KSHARE_NOWAIT;
	who = add(&m, KSHARE_OP_WHO, c);
	who->out = (uintptr_t)&s->out;
	who->out_len = sizeof(s->out);
	ASSERT_EQ(0, go(s, &m, KSHARE_BATCH_ATOMIC));
	EXPECT_EQ(2, m.results[1]);
	EXPECT_EQ(2, s->out.head.number);
	for (i = 0; i < 2; i++) {
		EXPECT_EQ(pids[i], s->out.values[4 * i].i);
		EXPECT_EQ(KSHARE_OP_CONDITION_WAIT, s->out.values[4 * i + 3].u);
		kill(pids[i], SIGKILL);
		t_wait(pids[i]);
	}
	EXPECT_EQ(0, t_raw(s, t_cmd(KSHARE_OP_LOCK_RELEASE, l)));
}

TEST_HARNESS_MAIN
