// SPDX-License-Identifier: GPL-2.0
/*
 * The collector looks at one object after the other. Who goes to and fro between two
 * that are far apart may be at the first one when it looks at the second, and at the
 * second one when it looks at the first: it must not miss him.  KSHARE_ROUNDS says how
 * often he goes.
 */
#define T_TIMEOUT	300
#include "passing_test.h"

/* In the first place of each list; one that was emptied has none. */
#define MAGIC	0x5a5a5a5all

#define MEMBERS	2000

/* Where each leads to: to the next one, and those at the ends to each other as well. */
enum { CHECK, NEXT, ACROSS };

static int member(struct side *s)
{
	int h = t_create(s, KSHARE_TYPE_LIST);

	return h < 0 || t_append(s, h, t_int(MAGIC)) ? -1 : h;
}

static bool is_whole(struct side *s, int h)
{
	return !t_run(s, t_with_key(KSHARE_OP_LIST_GET, h, t_int(CHECK))) &&
	       s->out.values[0].type == KSHARE_INT && s->out.values[0].i == MAGIC;
}

/* A ring, the first of which has a handle. */
static int ring(struct side *s)
{
	int first = member(s), last = first, i;

	for (i = 1; i < MEMBERS; i++) {
		int next = member(s);

		if (next < 0 || t_append(s, last, t_ref(next)))
			return -1;
		if (last != first)
			t_close(s, last);
		last = next;
	}
	if (t_append(s, last, t_ref(first)) || t_append(s, last, t_ref(first)) ||
	    t_append(s, first, t_ref(last)))
		return -1;
	t_close(s, last);
	return first;
}

/* Counts its passes, none of which may free anything. */
static pid_t collector(struct side *s, int h)
{
	pid_t pid = t_fork(s);

	if (pid)
		return pid;
	t_close(s, h);
	while (!t_counted(0)) {
		if (t_run(s, t_cmd(KSHARE_OP_DOMAIN_COLLECT, 1)) || s->out.head.number)
			_exit(1);
		t_count(1);
	}
	_exit(0);
}

TEST_F(kshare, who_goes_to_and_fro_is_not_missed)
{
	struct side *s = &self->s;
	int rounds = t_rounds(60000), round, h = ring(s), next, i;
	uint64_t objects = t_objects(s);
	pid_t pid;

	ASSERT_LT(0, h);
	t_share_counts();
	pid = collector(s, h);
	EXPECT_TRUE(T_UNTIL(t_counted(1)));
	for (round = 0; round < rounds; round++) {
		next = t_take(s, h, ACROSS);
		EXPECT_LT(0, next);
		if (next < 0)
			break;
		ASSERT_EQ(0, t_close(s, h));
		h = next;
	}
	t_count(0);
	/* None of what there is was anybody's to free. */
	EXPECT_EQ(0, t_wait(pid));
	EXPECT_EQ(objects, t_objects(s));
	for (i = 0; i < MEMBERS; i++) {
		ASSERT_TRUE(is_whole(s, h));
		next = t_take(s, h, NEXT);
		ASSERT_LT(0, next);
		ASSERT_EQ(0, t_close(s, h));
		h = next;
	}
	T_OUTCOMES("%d passes", t_counted(1));
	EXPECT_EQ(0, t_close(s, h));
	EXPECT_TRUE(T_UNTIL(t_objects(s) == objects - MEMBERS));
}

/* The same by taking it out of one, and putting it into another, which is given on. */
TEST_F(kshare, what_goes_to_and_fro_is_not_missed)
{
	struct side *s = &self->s;
	int rounds = t_rounds(30000), round, h, pair[2], i, at = 0;
	uint64_t objects = t_objects(s);
	pid_t pid;

	/* Two containers with some room between, and what is in one of them. */
	pair[0] = member(s);
	h = ring(s);
	pair[1] = member(s);
	ASSERT_EQ(0, t_append(s, pair[0], t_ref(h)));
	ASSERT_EQ(0, t_close(s, h));
	t_share_counts();
	pid = collector(s, pair[0]);
	EXPECT_TRUE(T_UNTIL(t_counted(1)));
	for (round = 0; round < rounds; round++) {
		ASSERT_EQ(0, t_run(s, t_with_key(KSHARE_OP_LIST_POP, pair[at], t_none())));
		h = s->out.values[0].ref.handle;
		at = !at;
		ASSERT_EQ(0, t_append(s, pair[at], t_ref(h)));
		if (round % 64 == 0)
			ASSERT_TRUE(is_whole(s, h));
		ASSERT_EQ(0, t_close(s, h));
	}
	t_count(0);
	EXPECT_EQ(0, t_wait(pid));
	EXPECT_EQ(objects + MEMBERS + 2, t_objects(s));
	h = t_take(s, pair[at], 1);
	for (i = 0; i < MEMBERS; i++) {
		int next;

		ASSERT_TRUE(is_whole(s, h));
		next = t_take(s, h, NEXT);
		ASSERT_LT(0, next);
		ASSERT_EQ(0, t_close(s, h));
		h = next;
	}
	T_OUTCOMES("%d passes", t_counted(1));
	EXPECT_EQ(0, t_close(s, h) | t_close(s, pair[0]) | t_close(s, pair[1]));
	EXPECT_TRUE(T_UNTIL(t_objects(s) == objects));
}

TEST_HARNESS_MAIN
