// SPDX-License-Identifier: GPL-2.0
/*
 * A command that would go beyond a limit half-way leaves everything as it was, and
 * succeeds once there is room.
 */
#include "passing_test.h"
#include "class_test.h"

/* A client of T_USER's, in this process, which stays root */
static struct side *users(void)
{
	struct side *s;

	if (setresuid(T_USER, 0, 0))
		return NULL;
	s = t_open();
	return setresuid(0, 0, 0) || s->fd < 0 ? NULL : s;
}

static uint64_t used(struct side *s, uint32_t what)
{
	return t_user_used(s, T_USER, what);
}

static int limit(struct side *s, uint32_t what, uint64_t most)
{
	struct kshare_cmd cmd = t_with_nr(KSHARE_OP_USER_LIMIT, 0, what);

	cmd.key = t_int(T_USER);
	cmd.value = t_uint(most);
	return t_raw(s, cmd);
}

static int limit_bytes(struct side *s, uint64_t bytes)
{
	return limit(s, KSHARE_LIMIT_BYTES, bytes);
}

static int64_t entry(struct side *s, int d, int64_t key)
{
	int ret = t_run(s, t_with_key(KSHARE_OP_DICT_GET, d, t_int(key)));

	return ret ?: s->out.values[0].i;
}

#define PAIRS	60

TEST_F(kshare, an_update_that_finds_no_room_for_all_of_it_changes_nothing)
{
	static struct kshare_value pairs[2 * PAIRS];
	struct kshare_stat before, after;
	struct side *s = &self->s, *u = users();
	struct kshare_cmd cmd;
	uint64_t bytes, room;
	int i, d, ret, refused = 0;

	ASSERT_NE(NULL, u);
	/* Some are there, so many are new that it has to grow, and most need memory. */
	for (i = 0; i < PAIRS; i++) {
		pairs[2 * i] = t_int(i);
		pairs[2 * i + 1] = i % 3 ? t_str("one that has memory of its own") : t_int(i);
	}
	d = t_create(u, KSHARE_TYPE_DICT);
	for (i = 0; i < 10; i++) {
		cmd = t_with_key(KSHARE_OP_DICT_SET, d, t_int(2 * i));
		cmd.value = t_int(100 + i);
		ASSERT_EQ(1, t_raw(u, cmd));
	}
	ASSERT_EQ(0, t_stat(u, d, &before));
	bytes = used(s, KSHARE_LIMIT_BYTES);
	cmd = t_cmd(KSHARE_OP_DICT_UPDATE, d);
	cmd.value = t_vector(pairs, 2 * PAIRS);
	for (room = 0; ; room += 100) {
		ASSERT_EQ(0, limit_bytes(s, bytes + room));
		ret = t_raw(u, cmd);
		if (ret != -EDQUOT)
			break;
		refused++;
		ASSERT_EQ(0, t_stat(u, d, &after));
		ASSERT_EQ(10, after.length);
		ASSERT_EQ(before.version, after.version);
		/* But for room that it was given for more entries: that is paid for, and stays. */
		ASSERT_EQ(before.bytes - bytes, after.bytes - used(s, KSHARE_LIMIT_BYTES));
		for (i = 0; i < 10; i++)
			ASSERT_EQ(100 + i, entry(u, d, 2 * i));
		ASSERT_EQ(-ENOENT, entry(u, d, 1));
	}
	EXPECT_EQ(PAIRS - 10, ret);
	/* At the entries, one by one */
	EXPECT_LT(PAIRS / 2, refused);
	ASSERT_EQ(0, t_stat(u, d, &after));
	EXPECT_EQ(before.version + 1, after.version);
	EXPECT_EQ(PAIRS, after.length);
	EXPECT_EQ(57, entry(u, d, 57));
	t_leave(u);
}

TEST_F(kshare, what_there_is_no_room_for_is_not_made)
{
	static const int types[] = {
		KSHARE_TYPE_CELL, KSHARE_TYPE_ARRAY, KSHARE_TYPE_DICT, KSHARE_TYPE_LIST,
		KSHARE_TYPE_NAMESPACE, KSHARE_TYPE_QUEUE, KSHARE_TYPE_LOCK,
	};
	struct side *s = &self->s, *u = users();
	uint64_t bytes, objects, handles, room;
	int i, h, refused;

	ASSERT_NE(NULL, u);
	for (i = 0; i < (int)(sizeof(types) / sizeof(types[0])); i++) {
		bool array = types[i] == KSHARE_TYPE_ARRAY;

		bytes = used(s, KSHARE_LIMIT_BYTES);
		objects = used(s, KSHARE_LIMIT_OBJECTS);
		handles = used(s, KSHARE_LIMIT_HANDLES);
		for (room = 0, refused = 0; ; room += 16, refused++) {
			ASSERT_EQ(0, limit_bytes(s, bytes + room));
			h = t_create_elem(u, types[i], array ? KSHARE_ELEM_I32 : 0, array ? 10 : 0);
			if (h != -EDQUOT)
				break;
			ASSERT_EQ(bytes, used(s, KSHARE_LIMIT_BYTES));
			ASSERT_EQ(objects, used(s, KSHARE_LIMIT_OBJECTS));
			ASSERT_EQ(handles, used(s, KSHARE_LIMIT_HANDLES));
		}
		ASSERT_LT(0, h);
		EXPECT_LT(1, refused);
		EXPECT_LT(bytes, used(s, KSHARE_LIMIT_BYTES));
		EXPECT_EQ(0, t_close(u, h));
	}
	t_leave(u);
}

#define LONG_TEXT	"one that has memory of its own"
#define PLENTY		(1 << 20)

/* The one that may wait does so until the event is set. */
static int waits(struct side *u, struct t_thread *t)
{
	int e = t_create(u, KSHARE_TYPE_EVENT);

	t_begin(u, t, t_cmd(KSHARE_OP_EVENT_WAIT, e), false);
	t_until_waiters(u, e, 1);
	return e;
}

TEST_F(kshare, a_call_that_may_not_wait_or_is_too_long_does_not_reach_the_host)
{
	struct side *s = &self->s, *u = users();
	struct t_thread waiter, caller;
	struct t_served served;
	struct t_host h;
	uint64_t bytes;
	int i, e, it;

	ASSERT_NE(NULL, u);
	ASSERT_EQ(0, limit_bytes(s, PLENTY));
	ASSERT_TRUE(t_be_host(s, &h, 0));
	it = t_give(s, h.it, u);
	ASSERT_LT(0, it);
	ASSERT_EQ(0, limit(s, KSHARE_LIMIT_WAITERS, 1));
	e = waits(u, &waiter);
	bytes = used(s, KSHARE_LIMIT_BYTES);
	for (i = 0; i < 2; i++) {
		EXPECT_EQ(-EDQUOT, t_call(u, it, T_ECHO, i ? t_str(LONG_TEXT) : t_int(1)));
		EXPECT_EQ(-EAGAIN, t_serve_now(s, h.class, &served));
		EXPECT_EQ(1, used(s, KSHARE_LIMIT_WAITERS));
		EXPECT_EQ(bytes, used(s, KSHARE_LIMIT_BYTES));
	}
	EXPECT_EQ(0, t_raw(u, t_cmd(KSHARE_OP_EVENT_SET, e)));
	EXPECT_EQ(0, t_end(&waiter));
	/* Now it may wait, but has no room for a long argument. */
	bytes = used(s, KSHARE_LIMIT_BYTES);
	ASSERT_EQ(0, limit_bytes(s, bytes));
	EXPECT_EQ(-EDQUOT, t_call(u, it, T_ECHO, t_str(LONG_TEXT)));
	EXPECT_EQ(-EAGAIN, t_serve_now(s, h.class, &served));
	EXPECT_EQ(bytes, used(s, KSHARE_LIMIT_BYTES));
	ASSERT_EQ(0, limit_bytes(s, PLENTY));
	t_begin(u, &caller, t_call_cmd(it, T_ECHO, t_str(LONG_TEXT)), true);
	ASSERT_EQ(KSHARE_SERVE_CALL, t_serve(s, h.class, &served));
	EXPECT_EQ(0, t_echo(s, h.class, &served));
	EXPECT_EQ(0, t_end(&caller));
	EXPECT_TRUE(t_is_str(&caller.out.values[0], LONG_TEXT));
	t_leave(u);
	EXPECT_TRUE(T_UNTIL(!used(s, KSHARE_LIMIT_BYTES) && !used(s, KSHARE_LIMIT_WAITERS)));
}

TEST_F(kshare, a_host_that_may_not_wait_has_given_its_answer)
{
	struct side *s = &self->s, *u = users();
	struct t_thread waiter, caller;
	struct t_served served;
	struct kshare_cmd cmd;
	struct t_host h;
	int e, it;

	ASSERT_NE(NULL, u);
	ASSERT_EQ(0, limit_bytes(s, PLENTY));
	ASSERT_TRUE(t_be_host(u, &h, 0));
	it = t_give(u, h.it, s);
	ASSERT_LT(0, it);
	ASSERT_EQ(0, limit(s, KSHARE_LIMIT_WAITERS, 1));
	t_begin(s, &caller, t_call_cmd(it, T_ECHO, t_int(1)), true);
	ASSERT_EQ(KSHARE_SERVE_CALL, t_serve(u, h.class, &served));
	e = waits(u, &waiter);
	cmd = t_reply_cmd(h.class, served.call, t_str(LONG_TEXT));
	cmd.op = KSHARE_OP_REPLY_AND_SERVE;
	EXPECT_EQ(-EDQUOT, t_run(u, cmd));
	EXPECT_EQ(0, t_end(&caller));
	EXPECT_TRUE(t_is_str(&caller.out.values[0], LONG_TEXT));
	/* Not once more */
	EXPECT_EQ(-ENOENT, t_reply(u, h.class, served.call, t_int(2)));
	EXPECT_EQ(0, t_raw(u, t_cmd(KSHARE_OP_EVENT_SET, e)));
	EXPECT_EQ(0, t_end(&waiter));
	t_close(s, it);
	t_leave(u);
	EXPECT_TRUE(T_UNTIL(!used(s, KSHARE_LIMIT_BYTES) && !used(s, KSHARE_LIMIT_WAITERS)));
}

TEST_HARNESS_MAIN
