// SPDX-License-Identifier: GPL-2.0
/*
 * What an atomic batch has done is undone if a later command fails: who looks, or waits,
 * finds everything as it was.
 */
#include "batch_test.h"

/* Carries the batch out and fails at its end. */
static bool is_undone(struct side *s, struct many *m)
{
	int n = m->n, c = t_create(s, KSHARE_TYPE_CELL);
	bool good;

	add(m, KSHARE_OP_CHECK_VERSION, c)->value = t_uint(12345);
	good = go(s, m, KSHARE_BATCH_ATOMIC) == -ESTALE && m->batch.done == n;
	t_close(s, c);
	return good;
}

static struct kshare_cmd now(uint32_t op, uint32_t handle, uint32_t flags)
{
	struct kshare_cmd cmd = t_cmd(op, handle);

	cmd.flags = KSHARE_NOWAIT | flags;
	return cmd;
}

TEST_F(kshare, a_lock_that_was_released_was_never_free)
{
	static const int types[] = { KSHARE_TYPE_LOCK, KSHARE_TYPE_RLOCK };
	struct kshare_stat before, after;
	struct side *s = &self->s;
	int i, depth, k;
	pid_t pid;

	for (i = 0; i < 2; i++) {
		for (depth = 1; depth <= (i ? 2 : 1); depth++) {
			struct many m = {};
			int left = depth;

			k = t_create(s, types[i]);
			while (left--)
				ASSERT_LT(0, t_raw(s, now(KSHARE_OP_LOCK_ACQUIRE, k, 0)));
			pid = t_child(s, t_cmd(KSHARE_OP_LOCK_ACQUIRE, k));
			ASSERT_TRUE(t_until_it_waits(s, k, 1, pid));
			ASSERT_EQ(0, t_stat(s, k, &before));
			for (left = depth; left--; )
				add(&m, KSHARE_OP_LOCK_RELEASE, k);
			EXPECT_TRUE(is_undone(s, &m));
			ASSERT_EQ(0, t_stat(s, k, &after));
			EXPECT_EQ(getpid(), after.holder_pid);
			EXPECT_EQ(before.token, after.token);
			EXPECT_EQ(before.version, after.version);
			EXPECT_EQ(1, after.waiters);
			for (left = depth; left--; )
				EXPECT_EQ(left, t_raw(s, t_cmd(KSHARE_OP_LOCK_RELEASE, k)));
			EXPECT_EQ(0, t_wait(pid));
			EXPECT_EQ(0, t_close(s, k));
		}
	}
}

TEST_F(kshare, an_rlock_is_as_deep_as_it_was)
{
	struct side *s = &self->s;
	int k = t_create(s, KSHARE_TYPE_RLOCK);
	struct kshare_cmd acquire = now(KSHARE_OP_LOCK_ACQUIRE, k, 0);
	struct many m = {};

	EXPECT_EQ(1, t_raw(s, acquire));
	add(&m, KSHARE_OP_LOCK_ACQUIRE, k)->flags = KSHARE_NOWAIT;
	add(&m, KSHARE_OP_LOCK_ACQUIRE, k)->flags = KSHARE_NOWAIT;
	EXPECT_TRUE(is_undone(s, &m));
	EXPECT_EQ(2, t_raw(s, acquire));
	EXPECT_EQ(1, t_raw(s, t_cmd(KSHARE_OP_LOCK_RELEASE, k)));
	EXPECT_EQ(0, t_raw(s, t_cmd(KSHARE_OP_LOCK_RELEASE, k)));
	EXPECT_EQ(-EPERM, t_raw(s, t_cmd(KSHARE_OP_LOCK_RELEASE, k)));
}

TEST_F(kshare, a_rwlock_is_held_as_before)
{
	struct side *s = &self->s;
	int i, k, times;
	pid_t pid;

	/* Shared once, shared twice, and alone */
	for (i = 0; i < 3; i++) {
		uint32_t flags = i < 2 ? KSHARE_SHARED : 0;
		struct many m = {};

		k = t_create(s, KSHARE_TYPE_RWLOCK);
		times = i == 1 ? 2 : 1;
		while (times--)
			ASSERT_EQ(0, t_raw(s, now(KSHARE_OP_RWLOCK_ACQUIRE, k, flags)));
		pid = t_child(s, t_cmd(KSHARE_OP_RWLOCK_ACQUIRE, k));
		ASSERT_TRUE(t_until_it_waits(s, k, 1, pid));
		add(&m, KSHARE_OP_RWLOCK_RELEASE, k);
		EXPECT_TRUE(is_undone(s, &m));
		EXPECT_EQ(0, t_raw(s, t_cmd(KSHARE_OP_RWLOCK_RELEASE, k)));
		if (i == 1) {
			struct kshare_stat stat;

			ASSERT_EQ(0, t_stat(s, k, &stat));
			EXPECT_EQ(1, stat.waiters);
			EXPECT_EQ(0, t_raw(s, t_cmd(KSHARE_OP_RWLOCK_RELEASE, k)));
		}
		EXPECT_EQ(0, t_wait(pid));
		EXPECT_EQ(0, t_close(s, k));
	}
}

static void fill(struct side *s, int q, uint32_t flags, int n)
{
	struct kshare_cmd put = t_cmd(KSHARE_OP_QUEUE_PUT, q);
	int i;

	for (i = 0; i < n; i++) {
		put.value = i % 2 ? t_str("short") : t_str("one that has memory of its own");
		if (flags & KSHARE_PRIORITY)
			put.key = t_int(-i);
		t_raw(s, put);
	}
}

TEST_F(kshare, a_queue_that_was_shut_down_is_open_and_has_its_messages)
{
	static const uint32_t kinds[] = { 0, KSHARE_LIFO, KSHARE_PRIORITY };
	struct kshare_cmd peek, get;
	struct kshare_stat before, after;
	struct side *s = &self->s;
	int i, k, q;

	for (k = 0; k < 3; k++) {
		struct many m = {};

		q = t_create_with(s, KSHARE_TYPE_QUEUE, kinds[k], t_none(), t_none());
		fill(s, q, kinds[k], 4);
		ASSERT_EQ(0, t_stat(s, q, &before));
		add(&m, KSHARE_OP_QUEUE_SHUTDOWN, q)->flags = k == 1 ? 0 : KSHARE_IMMEDIATE;
		EXPECT_TRUE(is_undone(s, &m));
		ASSERT_EQ(0, t_stat(s, q, &after));
		EXPECT_EQ(4, after.length);
		EXPECT_EQ(before.version, after.version);
		EXPECT_EQ(before.bytes, after.bytes);
		fill(s, q, kinds[k], 1);
		peek = t_cmd(KSHARE_OP_QUEUE_PEEK, q);
		EXPECT_EQ(0, t_run(s, peek));
		get = now(KSHARE_OP_QUEUE_GET, q, 0);
		for (i = 0; i < 5; i++)
			EXPECT_EQ(1, t_run(s, get));
		EXPECT_EQ(-EAGAIN, t_run(s, get));
		/* All five count as unfinished, and no more. */
		get = t_cmd(KSHARE_OP_QUEUE_TASK_DONE, q);
		get.nr = 5;
		EXPECT_EQ(0, t_raw(s, get));
		get.nr = 1;
		EXPECT_EQ(-ERANGE, t_raw(s, get));
		EXPECT_EQ(0, t_close(s, q));
	}
}

TEST_F(kshare, leases_are_messages_again_in_their_order)
{
	struct side *s = &self->s;
	int i, q = t_create(s, KSHARE_TYPE_QUEUE);
	struct kshare_cmd get = now(KSHARE_OP_QUEUE_GET_MANY, q, 0), put;
	struct kshare_cmd *lease;
	struct many m = {};

	put = t_cmd(KSHARE_OP_QUEUE_PUT, q);
	for (i = 0; i < 5; i++) {
		put.value = t_int(i);
		ASSERT_EQ(0, t_raw(s, put));
	}
	lease = add(&m, KSHARE_OP_QUEUE_GET_MANY, q);
	lease->flags = KSHARE_NOWAIT | KSHARE_LEASE;
	lease->nr = 3;
	lease->out = (uintptr_t)&s->out;
	lease->out_len = sizeof(s->out);
	add(&m, KSHARE_OP_QUEUE_GET, q)->flags = KSHARE_NOWAIT;
	EXPECT_TRUE(is_undone(s, &m));
	get.nr = 5;
	get.flags |= KSHARE_LEASE;
	ASSERT_EQ(5, t_run(s, get));
	for (i = 0; i < 5; i++) {
		/* Nobody has taken it before. */
		EXPECT_EQ(1, s->out.values[3 * i + 1].i);
		EXPECT_EQ(i, s->out.values[3 * i + 2].i);
	}
}

static int64_t entry(struct side *s, int d, int64_t key)
{
	struct kshare_cmd cmd = t_cmd(KSHARE_OP_DICT_GET, d);

	cmd.key = t_int(key);
	return t_run(s, cmd) ? INT64_MIN : s->out.values[0].i;
}

TEST_F(kshare, entries_that_were_updated_are_what_they_were)
{
	static struct kshare_value pairs[2 * 300];
	struct kshare_stat before, after;
	struct side *s = &self->s;
	int i, d = t_create(s, KSHARE_TYPE_DICT);
	struct kshare_cmd set = t_cmd(KSHARE_OP_DICT_SET, d);
	struct many m = {};

	for (i = 0; i < 10; i++) {
		set.key = t_int(i);
		set.value = t_int(100 + i);
		ASSERT_EQ(1, t_raw(s, set));
	}
	ASSERT_EQ(0, t_stat(s, d, &before));
	/* Some of them are there, and so many are new that the dict has to grow. */
	for (i = 0; i < 300; i++) {
		pairs[2 * i] = t_int(5 + i);
		pairs[2 * i + 1] = i % 2 ? t_int(i) : t_str("one that has memory of its own");
	}
	add(&m, KSHARE_OP_DICT_UPDATE, d)->value = t_vector(pairs, 2 * 300);
	EXPECT_TRUE(is_undone(s, &m));
	ASSERT_EQ(0, t_stat(s, d, &after));
	EXPECT_EQ(10, after.length);
	EXPECT_EQ(before.version, after.version);
	for (i = 0; i < 10; i++)
		EXPECT_EQ(100 + i, entry(s, d, i));
	EXPECT_EQ(INT64_MIN, entry(s, d, 10));
	EXPECT_EQ(INT64_MIN, entry(s, d, 304));
	m.n--;
	EXPECT_EQ(0, go(s, &m, KSHARE_BATCH_ATOMIC));
	EXPECT_EQ(295, m.results[0]);
	EXPECT_EQ(299, entry(s, d, 304));
}

TEST_F(kshare, elements_of_a_slice_are_where_they_were)
{
	static const struct { int start, stop, step; } slices[] = {
		{ 1, 4, 1 }, { 0, 6, 2 }, { 5, -7, -2 },
	};
	struct kshare_value v[3] = {
		t_str("one that has memory of its own"), t_int(8), t_str("x"),
	};
	struct side *s = &self->s;
	unsigned int k;
	int i;

	for (k = 0; k < 3; k++) {
		int l = t_create(s, KSHARE_TYPE_LIST);
		struct kshare_cmd append = t_cmd(KSHARE_OP_LIST_APPEND, l), *set;
		struct many m = {};

		for (i = 0; i < 6; i++) {
			append.value = t_int(i);
			ASSERT_EQ(0, t_raw(s, append));
		}
		set = add(&m, KSHARE_OP_LIST_SLICE_SET, l);
		set->key = t_int(slices[k].start);
		set->expect = t_int(slices[k].stop);
		set->nr = slices[k].step;
		set->value = t_vector(v, 3);
		EXPECT_TRUE(is_undone(s, &m));
		ASSERT_EQ(6, t_run(s, t_cmd(KSHARE_OP_LIST_SLICE, l)));
		for (i = 0; i < 6; i++)
			EXPECT_EQ(i, s->out.values[i].i);
		m.n--;
		EXPECT_EQ(0, go(s, &m, KSHARE_BATCH_ATOMIC));
		ASSERT_EQ(6, t_run(s, t_cmd(KSHARE_OP_LIST_SLICE, l)));
		EXPECT_EQ(8, s->out.values[k == 2 ? 3 : 2].i);
	}
}

TEST_HARNESS_MAIN
