// SPDX-License-Identifier: GPL-2.0
/* WATCH: every change is told, or counted when there is no room to tell it. */
#include "kshare_test.h"

static int queue(struct side *s, int bound)
{
	return t_create_elem(s, KSHARE_TYPE_QUEUE, 0, bound);
}

static int watch(struct side *s, int h, int q, uint32_t cookie, struct kshare_value key)
{
	struct kshare_cmd cmd = t_cmd(KSHARE_OP_WATCH, h);

	cmd.key = key;
	cmd.value = t_ref(q);
	cmd.nr = cookie;
	return t_raw(s, cmd);
}

static int unwatch(struct side *s, int h, uint32_t cookie)
{
	struct kshare_cmd cmd = t_cmd(KSHARE_OP_UNWATCH, h);

	cmd.nr = cookie;
	return t_raw(s, cmd);
}

static int dict_set(struct side *s, int d, int64_t key, int64_t value)
{
	struct kshare_cmd cmd = t_cmd(KSHARE_OP_DICT_SET, d);

	cmd.key = t_int(key);
	cmd.value = t_int(value);
	return t_run(s, cmd);
}

/* The next message; it is waited for, as it comes a little later than the change. */
static struct kshare_change told(struct side *s, int q)
{
	struct kshare_cmd cmd = t_cmd(KSHARE_OP_QUEUE_GET, q);
	struct kshare_change change = {};

	cmd.deadline = t_now() + T_LONG;
	if (t_run(s, cmd) != 1 || s->out.values[0].type != KSHARE_BYTES ||
	    s->out.values[0].len != sizeof(change))
		return change;
	memcpy(&change, (void *)(uintptr_t)s->out.values[0].ptr, sizeof(change));
	return change;
}

/* Is there no message, nor one under way?  Another change of another watch tells. */
static bool silent(struct side *s, int q)
{
	struct kshare_cmd cmd = t_cmd(KSHARE_OP_QUEUE_GET, q);
	int c = t_create(s, KSHARE_TYPE_CELL);
	struct kshare_change change;
	bool ret;

	if (watch(s, c, q, 0xdead, t_none()) ||
	    t_run_with(s, KSHARE_OP_CELL_SET, c, t_int(1)))
		return false;
	change = told(s, q);
	cmd.flags = KSHARE_NOWAIT;
	ret = change.cookie == 0xdead && t_run(s, cmd) == -EAGAIN;
	t_close(s, c);
	return ret;
}

static uint64_t id(struct side *s, int h)
{
	struct kshare_stat stat;

	return t_stat(s, h, &stat) ? 0 : stat.id;
}

static uint64_t version(struct side *s, int h)
{
	struct kshare_stat stat;

	return t_stat(s, h, &stat) ? 0 : stat.version;
}

/*
 * What is under way may keep a queue a little longer: closes all handles, and is
 * false if something is left after that.
 */
static bool settled(struct side *s, const struct kshare_stat *before)
{
	int64_t end = t_now() + T_LONG;
	struct kshare_stat stat;
	int i;

	for (i = 2; i < 300; i++)
		t_close(s, i);
	do {
		sched_yield();
		if (t_stat(s, 1, &stat))
			return false;
	} while (stat.used[KSHARE_LIMIT_OBJECTS] != before->used[KSHARE_LIMIT_OBJECTS] &&
		 t_now() < end);
	return stat.used[KSHARE_LIMIT_OBJECTS] == before->used[KSHARE_LIMIT_OBJECTS];
}

TEST_F(kshare, each_change_is_told_with_its_version)
{
	struct side *s = &self->s;
	int i, c = t_create(s, KSHARE_TYPE_CELL), q = queue(s, 100);

	t_run_with(s, KSHARE_OP_CELL_SET, c, t_int(0));
	ASSERT_EQ(0, watch(s, c, q, 42, t_none()));
	for (i = 0; i < 10; i++) {
		struct kshare_change change;

		ASSERT_EQ(0, t_run_with(s, KSHARE_OP_CELL_SET, c, t_int(i)));
		change = told(s, q);
		EXPECT_EQ(id(s, c), change.object);
		EXPECT_EQ(i + 2, change.version);
		EXPECT_EQ(42, change.cookie);
		EXPECT_EQ(0, change.lost);
	}
	/* To read is no change, nor is what fails. */
	t_run(s, t_cmd(KSHARE_OP_CELL_GET, c));
	EXPECT_EQ(-EDOM, t_run_with(s, KSHARE_OP_CELL_ADD, c, t_str("x")));
	EXPECT_TRUE(silent(s, q));
	EXPECT_TRUE(settled(s, &self->before));
}

TEST_F(kshare, objects_of_all_types_can_be_watched)
{
	struct side *s = &self->s;
	int e = t_create(s, KSHARE_TYPE_EVENT), l = t_create(s, KSHARE_TYPE_LOCK);
	int sem = t_create_elem(s, KSHARE_TYPE_SEMAPHORE, 0, 1), q = queue(s, 100), i;
	int list = t_create(s, KSHARE_TYPE_LIST), other = t_create(s, KSHARE_TYPE_QUEUE);
	struct kshare_cmd cmds[] = {
		t_cmd(KSHARE_OP_EVENT_SET, e), t_cmd(KSHARE_OP_LOCK_ACQUIRE, l),
		t_cmd(KSHARE_OP_LOCK_RELEASE, l), t_cmd(KSHARE_OP_SEMAPHORE_ACQUIRE, sem),
		t_cmd(KSHARE_OP_SEMAPHORE_RELEASE, sem), t_cmd(KSHARE_OP_LIST_APPEND, list),
		t_cmd(KSHARE_OP_QUEUE_PUT, other), t_cmd(KSHARE_OP_QUEUE_GET, other),
	};

	for (i = 0; i < 8; i++) {
		struct kshare_change change;
		int ret = watch(s, cmds[i].handle, q, 1, t_none());

		EXPECT_EQ(i == 2 || i == 4 || i == 7 ? -EEXIST : 0, ret);
		EXPECT_LE(0, t_raw(s, cmds[i]));
		change = told(s, q);
		EXPECT_EQ(id(s, cmds[i].handle), change.object);
		EXPECT_EQ(version(s, cmds[i].handle), change.version);
	}
	EXPECT_TRUE(silent(s, q));
	EXPECT_TRUE(settled(s, &self->before));
}

TEST_F(kshare, a_waiter_that_is_let_go_is_a_change)
{
	struct side *s = &self->s;
	int l = t_create(s, KSHARE_TYPE_LOCK), q = queue(s, 100);
	struct kshare_cmd cmd = t_cmd(KSHARE_OP_LOCK_ACQUIRE, l);
	struct kshare_change change;
	pid_t pid;

	cmd.key = t_uint(1);
	ASSERT_EQ(1, t_raw(s, cmd));
	pid = t_child(s, cmd);
	t_until_waiters(s, l, 1);
	ASSERT_EQ(0, watch(s, l, q, 1, t_none()));
	cmd.op = KSHARE_OP_LOCK_RELEASE;
	EXPECT_EQ(0, t_raw(s, cmd));
	EXPECT_EQ(0, t_wait(pid));
	/* Released, acquired, and given back by the end of a process */
	do {
		change = told(s, q);
		ASSERT_NE(0, change.object);
	} while (change.version < version(s, l));
	EXPECT_EQ(4, change.version);
	EXPECT_TRUE(settled(s, &self->before));
}

TEST_F(kshare, who_watches_a_key_is_told_of_that_key)
{
	struct side *s = &self->s;
	int d = t_create(s, KSHARE_TYPE_DICT), q = queue(s, 100), i;
	struct kshare_value v[4] = { t_int(2), t_int(20), t_int(1), t_int(21) };
	struct kshare_cmd cmd;
	uint64_t last;

	ASSERT_EQ(0, watch(s, d, q, 1, t_int(1)));
	for (i = 2; i < 50; i++)
		EXPECT_EQ(1, dict_set(s, d, i, 0));
	EXPECT_TRUE(silent(s, q));
	EXPECT_EQ(1, dict_set(s, d, 1, 0));
	last = version(s, d);
	EXPECT_EQ(last, told(s, q).version);
	EXPECT_EQ(0, dict_set(s, d, 2, 1));
	EXPECT_EQ(0, dict_set(s, d, 1, 1));
	EXPECT_EQ(last + 2, told(s, q).version);
	EXPECT_EQ(0, t_run_with(s, KSHARE_OP_DICT_UPDATE, d, t_vector(v, 4)));
	EXPECT_EQ(version(s, d), told(s, q).version);
	cmd = t_cmd(KSHARE_OP_DICT_DELETE, d);
	cmd.key = t_int(2);
	EXPECT_EQ(0, t_raw(s, cmd));
	EXPECT_TRUE(silent(s, q));
	/* As a key 1.0 is the same. */
	cmd.key = t_float(1.0);
	EXPECT_EQ(0, t_raw(s, cmd));
	EXPECT_EQ(version(s, d), told(s, q).version);
	EXPECT_EQ(-ENOENT, t_raw(s, cmd));
	EXPECT_TRUE(silent(s, q));
	EXPECT_EQ(1, dict_set(s, d, 1, 2));
	EXPECT_EQ(version(s, d), told(s, q).version);
	EXPECT_EQ(0, t_raw(s, t_cmd(KSHARE_OP_DICT_CLEAR, d)));
	EXPECT_EQ(version(s, d), told(s, q).version);
	EXPECT_EQ(0, t_raw(s, t_cmd(KSHARE_OP_DICT_CLEAR, d)));
	EXPECT_TRUE(silent(s, q));
	EXPECT_TRUE(settled(s, &self->before));
}

/* What is not told is counted, and what is told last is the newest. */
TEST_F(kshare, who_is_slow_is_told_how_much_he_missed)
{
	struct side *s = &self->s;
	int c = t_create(s, KSHARE_TYPE_CELL), i, bound;
	struct kshare_change change;

	for (bound = 1; bound < 4; bound++) {
		int q = queue(s, bound);
		uint64_t begin = version(s, c), end, told_of = 0, last = 0;

		ASSERT_EQ(0, watch(s, c, q, bound, t_none()));
		for (i = 0; i < 1000; i++)
			ASSERT_EQ(0, t_run_with(s, KSHARE_OP_CELL_SET, c, t_int(i)));
		end = version(s, c);
		EXPECT_EQ(begin + 1000, end);
		while (last < end) {
			change = told(s, q);
			ASSERT_LT(last, change.version);
			told_of += 1 + change.lost;
			last = change.version;
			/* None is left out without being counted. */
			EXPECT_EQ(last - begin, told_of);
		}
		EXPECT_EQ(end, last);
		EXPECT_EQ(1000, told_of);
		EXPECT_EQ(1, unwatch(s, c, bound));
		t_close(s, q);
	}
	EXPECT_TRUE(settled(s, &self->before));
}

TEST_F(kshare, it_ends_with_unwatch)
{
	struct side *s = &self->s;
	int c = t_create(s, KSHARE_TYPE_CELL), d = t_create(s, KSHARE_TYPE_DICT);
	int q = queue(s, 10), r = queue(s, 10);

	EXPECT_EQ(-ENOENT, unwatch(s, c, 1));
	ASSERT_EQ(0, watch(s, c, q, 1, t_none()));
	EXPECT_EQ(-EEXIST, watch(s, c, q, 1, t_none()));
	EXPECT_EQ(0, watch(s, c, q, 2, t_none()));
	EXPECT_EQ(-ENOENT, unwatch(s, c, 3));
	EXPECT_EQ(1, unwatch(s, c, 1));
	EXPECT_EQ(-ENOENT, unwatch(s, c, 1));
	t_run_with(s, KSHARE_OP_CELL_SET, c, t_int(1));
	EXPECT_EQ(2, told(s, q).cookie);
	EXPECT_TRUE(silent(s, q));
	/* Several by one cookie: of keys, or into other queues */
	EXPECT_EQ(0, watch(s, d, q, 7, t_none()));
	EXPECT_EQ(0, watch(s, d, q, 7, t_int(1)));
	EXPECT_EQ(0, watch(s, d, q, 7, t_int(2)));
	EXPECT_EQ(-EEXIST, watch(s, d, q, 7, t_int(2)));
	EXPECT_EQ(0, watch(s, d, r, 8, t_int(2)));
	EXPECT_EQ(3, unwatch(s, d, 7));
	dict_set(s, d, 2, 1);
	EXPECT_EQ(8, told(s, r).cookie);
	EXPECT_TRUE(silent(s, q));
	EXPECT_TRUE(settled(s, &self->before));
}

TEST_F(kshare, it_ends_with_its_client)
{
	struct side *s = &self->s;
	int c = t_create(s, KSHARE_TYPE_CELL), q = queue(s, 100), kills;
	struct kshare_stat before, after;
	int ready[2], go[2];
	pid_t pid;
	char x;

	ASSERT_EQ(0, pipe(ready) | pipe(go));
	t_run_with(s, KSHARE_OP_CELL_SET, c, t_int(0));
	ASSERT_EQ(0, t_stat(s, 1, &before));
	for (kills = 0; kills < 2; kills++) {
		pid = t_fork(s);
		if (!pid) {
			if (watch(s, c, q, 3, t_none()) || write(ready[1], "x", 1) != 1)
				_exit(1);
			if (kills)
				pause();
			_exit(read(go[0], &x, 1) != 1);
		}
		ASSERT_EQ(1, read(ready[0], &x, 1));
		/* It is the child's. */
		EXPECT_EQ(-ENOENT, unwatch(s, c, 3));
		t_run_with(s, KSHARE_OP_CELL_SET, c, t_int(1));
		EXPECT_EQ(3, told(s, q).cookie);
		if (kills)
			kill(pid, SIGKILL);
		else
			ASSERT_EQ(1, write(go[1], "x", 1));
		EXPECT_EQ(kills ? 1000 + SIGKILL : 0, t_wait(pid));
		t_run_with(s, KSHARE_OP_CELL_SET, c, t_int(2));
		EXPECT_TRUE(silent(s, q));
		ASSERT_EQ(0, t_stat(s, 1, &after));
		EXPECT_EQ(before.used[KSHARE_LIMIT_BYTES], after.used[KSHARE_LIMIT_BYTES]);
	}
	close(ready[0]);
	close(ready[1]);
	close(go[0]);
	close(go[1]);
	EXPECT_TRUE(settled(s, &self->before));
}

TEST_F(kshare, it_ends_when_the_queue_is_shut_down)
{
	struct side *s = &self->s;
	int i, c = t_create(s, KSHARE_TYPE_CELL), q = queue(s, 2);

	ASSERT_EQ(0, watch(s, c, q, 1, t_none()));
	for (i = 0; i < 10; i++)
		t_run_with(s, KSHARE_OP_CELL_SET, c, t_int(i));
	EXPECT_EQ(0, t_raw(s, t_cmd(KSHARE_OP_QUEUE_SHUTDOWN, q)));
	for (i = 0; i < 10; i++)
		EXPECT_EQ(0, t_run_with(s, KSHARE_OP_CELL_SET, c, t_int(i)));
	EXPECT_TRUE(settled(s, &self->before));
}

TEST_F(kshare, an_object_or_a_queue_may_go)
{
	struct side *s = &self->s;
	int i, c, q = queue(s, 1);

	for (i = 0; i < 100; i++) {
		c = t_create(s, KSHARE_TYPE_CELL);
		EXPECT_EQ(0, watch(s, c, q, 1, t_none()));
		t_run_with(s, KSHARE_OP_CELL_SET, c, t_int(1));
		t_run_with(s, KSHARE_OP_CELL_SET, c, t_int(2));
		/* What was not told yet is not told any more. */
		t_close(s, c);
	}
	told(s, q);
	t_close(s, q);
	c = t_create(s, KSHARE_TYPE_CELL);
	for (i = 0; i < 10; i++) {
		q = queue(s, 1);
		EXPECT_EQ(0, watch(s, c, q, i, t_none()));
		t_run_with(s, KSHARE_OP_CELL_SET, c, t_int(1));
		t_close(s, q);
	}
	t_close(s, c);
	EXPECT_TRUE(settled(s, &self->before));
}

TEST_F(kshare, there_are_so_many_and_no_more)
{
	struct side *s = &self->s;
	int c = t_create(s, KSHARE_TYPE_CELL), q = queue(s, 10);
	unsigned int i;

	for (i = 0; i < KSHARE_MAX_WATCHES; i++)
		EXPECT_EQ(0, watch(s, c, q, i, t_none()));
	EXPECT_EQ(-EDQUOT, watch(s, c, q, i, t_none()));
	EXPECT_EQ(1, unwatch(s, c, 3));
	EXPECT_EQ(0, watch(s, c, q, i, t_none()));
	EXPECT_EQ(-EDQUOT, watch(s, c, q, i + 1, t_none()));
	EXPECT_TRUE(settled(s, &self->before));
}

/* A worker finds that when there is something to tell, and that takes a while. */
static void place_is_left(struct __test_metadata *_metadata, struct side *s, bool revoke)
{
	int c = t_create(s, KSHARE_TYPE_CELL), new = queue(s, 100), old, i, ret;
	struct kshare_cmd dup = t_cmd(KSHARE_OP_DUP, queue(s, 100));
	int64_t end = t_now() + T_LONG;

	dup.flags = KSHARE_REVOCABLE;
	old = t_raw(s, dup);
	for (i = 0; i < (int)KSHARE_MAX_WATCHES; i++)
		ASSERT_EQ(0, watch(s, c, old, i, t_none()));
	EXPECT_EQ(-EDQUOT, watch(s, c, new, 0, t_none()));
	EXPECT_LE(0, t_raw(s, t_cmd(revoke ? KSHARE_OP_REVOKE : KSHARE_OP_QUEUE_SHUTDOWN, old)));
	EXPECT_EQ(0, t_run_with(s, KSHARE_OP_CELL_SET, c, t_int(1)));
	for (i = 0; i < (int)KSHARE_MAX_WATCHES; i++) {
		do
			ret = watch(s, c, new, i, t_none());
		while (ret == -EDQUOT && t_now() < end && !sched_yield());
		ASSERT_EQ(0, ret);
	}
	EXPECT_EQ(-EDQUOT, watch(s, c, new, i, t_none()));
	EXPECT_EQ(0, t_run_with(s, KSHARE_OP_CELL_SET, c, t_int(2)));
	for (i = 0; i < (int)KSHARE_MAX_WATCHES; i++)
		EXPECT_EQ(version(s, c), told(s, new).version);
	for (i = 0; i < (int)KSHARE_MAX_WATCHES; i++)
		EXPECT_EQ(1, unwatch(s, c, i));
	/* Nothing came that way. */
	if (revoke)
		EXPECT_EQ(0, t_raw(s, t_cmd(KSHARE_OP_QUEUE_LEN, dup.handle)));
}

TEST_F(kshare, one_whose_queue_was_shut_down_leaves_its_place_to_others)
{
	place_is_left(_metadata, &self->s, false);
}

TEST_F(kshare, so_does_one_whose_way_to_the_queue_was_revoked)
{
	place_is_left(_metadata, &self->s, true);
}

TEST_F(kshare, what_is_wrong_is_refused)
{
	struct side *s = &self->s;
	int c = t_create(s, KSHARE_TYPE_CELL), d = t_create(s, KSHARE_TYPE_DICT);
	int q = queue(s, 1), endless = t_create(s, KSHARE_TYPE_QUEUE), reader;
	struct kshare_cmd dup = t_cmd(KSHARE_OP_DUP, q), cmd = t_cmd(KSHARE_OP_WATCH, c);

	EXPECT_EQ(-EINVAL, watch(s, c, endless, 1, t_none()));
	EXPECT_EQ(-EINVAL, watch(s, c, d, 1, t_none()));
	EXPECT_EQ(-EINVAL, watch(s, q, q, 1, t_none()));
	EXPECT_EQ(-EBADF, watch(s, c, 12345, 1, t_none()));
	EXPECT_EQ(-EINVAL, watch(s, c, q, 1, t_int(1)));
	EXPECT_EQ(-EINVAL, watch(s, d, q, 1, t_ref(c)));
	cmd.value = t_int(1);
	EXPECT_EQ(-EINVAL, t_raw(s, cmd));
	dup.nr = KSHARE_RIGHT_ALL & ~KSHARE_RIGHT_WRITE;
	reader = t_raw(s, dup);
	EXPECT_EQ(-EACCES, watch(s, c, reader, 1, t_none()));
	dup.handle = c;
	dup.nr = KSHARE_RIGHT_ALL & ~KSHARE_RIGHT_READ;
	EXPECT_EQ(-EACCES, watch(s, t_raw(s, dup), q, 1, t_none()));
	EXPECT_EQ(-ENOENT, unwatch(s, c, 1));
	EXPECT_TRUE(settled(s, &self->before));
}

/* Two that watch each other's queue end up with as much as fits, and no more. */
TEST_F(kshare, queues_that_watch_each_other_come_to_rest)
{
	struct side *s = &self->s;
	int a = queue(s, 5), b = queue(s, 5);
	struct kshare_stat stat[2];

	EXPECT_EQ(0, watch(s, a, b, 1, t_none()));
	EXPECT_EQ(0, watch(s, b, a, 1, t_none()));
	EXPECT_EQ(0, t_raw(s, t_cmd(KSHARE_OP_QUEUE_PUT, a)));
	do {
		sched_yield();
		ASSERT_EQ(0, t_stat(s, a, &stat[0]) | t_stat(s, b, &stat[1]));
	} while (stat[0].length < 5 || stat[1].length < 5);
	EXPECT_EQ(1, unwatch(s, a, 1));
	EXPECT_EQ(1, unwatch(s, b, 1));
	EXPECT_TRUE(settled(s, &self->before));
}

TEST_HARNESS_MAIN
