// SPDX-License-Identifier: GPL-2.0
/*
 * Circles: objects that only refer to each other go, by DOMAIN_COLLECT or by
 * themselves, and nothing that anybody can reach ever does.
 */
#include "passing_test.h"

static int64_t collect(struct side *s)
{
	int ret = t_run(s, t_cmd(KSHARE_OP_DOMAIN_COLLECT, 1));

	return ret ?: (int64_t)s->out.head.number;
}

/* The module collects by itself as well: how many are there after either has. */
static uint64_t left(struct side *s)
{
	collect(s);
	return t_objects(s);
}

/* What refers to others: one that refers to @h alone */
static int holds_in_cell(struct side *s, int h)
{
	return t_create_with(s, KSHARE_TYPE_CELL, 0, t_none(), t_ref(h));
}

static int fill(struct side *s, int container, struct kshare_cmd cmd, int h)
{
	cmd.handle = container;
	if (h)
		cmd.value = t_ref(h);
	return t_raw(s, cmd) < 0 ? -1 : container;
}

static int holds_in_list(struct side *s, int h)
{
	return fill(s, t_create(s, KSHARE_TYPE_LIST), t_cmd(KSHARE_OP_LIST_APPEND, 0), h);
}

static int holds_in_dict(struct side *s, int h)
{
	return fill(s, t_create(s, KSHARE_TYPE_DICT),
		    t_with_key(KSHARE_OP_DICT_SET, 0, t_int(1)), h);
}

static int holds_in_namespace(struct side *s, int h)
{
	return fill(s, t_create(s, KSHARE_TYPE_NAMESPACE),
		    t_with_key(KSHARE_OP_DICT_SET, 0, t_str("x")), h);
}

static int holds_in_queue(struct side *s, int h)
{
	return fill(s, t_create(s, KSHARE_TYPE_QUEUE), t_cmd(KSHARE_OP_QUEUE_PUT, 0), h);
}

static int holds_in_priority(struct side *s, int h)
{
	return fill(s, t_create_with(s, KSHARE_TYPE_QUEUE, KSHARE_PRIORITY, t_none(), t_none()),
		    t_with_key(KSHARE_OP_QUEUE_PUT, 0, t_int(5)), h);
}

static int holds_encoded(struct side *s, int h)
{
	struct kshare_cmd cmd = t_cmd(KSHARE_OP_LIST_APPEND, 0);
	int list = t_create(s, KSHARE_TYPE_LIST);
	uint32_t words[3];

	/* In one value, and that in two places */
	cmd.value = t_encoded(words, (int[]){ h, h }, 2);
	fill(s, list, cmd, 0);
	return fill(s, list, cmd, 0);
}

/* A list that refers to it through what can be revoked */
static int holds_by_gate(struct side *s, int h)
{
	int g = t_revocable(s, h), list = holds_in_list(s, g);

	t_close(s, g);
	return list;
}

static int holds_leased(struct side *s, int h)
{
	int q = holds_in_queue(s, h);

	/* Twice, as something that was taken and came back */
	fill(s, q, t_cmd(KSHARE_OP_QUEUE_PUT, 0), h);
	return q;
}

static const struct {
	const char *name;
	int (*make)(struct side *s, int h);
	int objects;
} kinds[] = {
	{ "cell", holds_in_cell, 1 }, { "list", holds_in_list, 1 },
	{ "dict", holds_in_dict, 1 }, { "namespace", holds_in_namespace, 1 },
	{ "queue", holds_in_queue, 1 }, { "priority queue", holds_in_priority, 1 },
	{ "encoded", holds_encoded, 1 }, { "gate", holds_by_gate, 2 },
	{ "queue, twice", holds_leased, 1 },
};

#define KINDS	((int)(sizeof(kinds) / sizeof(kinds[0])))

TEST_F(kshare, circles_through_each_kind_of_container_go)
{
	struct side *s = &self->s;
	uint64_t before = t_objects(s);
	int i, j, list, a, b;

	for (i = 0; i < KINDS; i++) {
		for (j = 0; j < KINDS; j++) {
			int64_t freed;

			/* list -> a -> b -> list */
			list = t_create(s, KSHARE_TYPE_LIST);
			b = kinds[j].make(s, list);
			ASSERT_LT(0, b);
			a = kinds[i].make(s, b);
			ASSERT_LT(0, a);
			ASSERT_EQ(0, t_append(s, list, t_ref(a)));
			ASSERT_EQ(0, t_close(s, a));
			ASSERT_EQ(0, t_close(s, b));
			EXPECT_EQ(before + 1 + kinds[i].objects + kinds[j].objects, left(s));
			ASSERT_EQ(0, t_close(s, list));
			freed = collect(s);
			EXPECT_EQ(before, t_objects(s)) {
				TH_LOG("%s and %s", kinds[i].name, kinds[j].name);
			}
			/* Or it was done by itself meanwhile */
			if (freed)
				EXPECT_EQ(1 + kinds[i].objects + kinds[j].objects, freed);
			EXPECT_EQ(0, collect(s));
		}
	}
}

TEST_F(kshare, what_refers_to_itself_goes_and_what_was_charged_for_it)
{
	struct side *s = &self->s;
	struct kshare_stat before, after;
	int list, i, c;

	ASSERT_EQ(0, t_stat(s, 1, &before));
	list = t_create(s, KSHARE_TYPE_LIST);
	for (i = 0; i < 10; i++)
		ASSERT_EQ(0, t_append(s, list, t_ref(list)));
	c = t_create(s, KSHARE_TYPE_CELL);
	ASSERT_EQ(0, t_run_with(s, KSHARE_OP_CELL_SET, c, t_ref(c)));
	EXPECT_EQ(before.used[KSHARE_LIMIT_OBJECTS] + 2, left(s));
	EXPECT_EQ(0, t_close(s, list));
	EXPECT_EQ(before.used[KSHARE_LIMIT_OBJECTS] + 1, left(s));
	EXPECT_EQ(0, t_close(s, c));
	EXPECT_EQ(before.used[KSHARE_LIMIT_OBJECTS], left(s));
	ASSERT_EQ(0, t_stat(s, 1, &after));
	for (i = 0; i < KSHARE_LIMIT_COUNT; i++)
		EXPECT_EQ(before.used[i], after.used[i]);
}

/* @count lists, each of which refers to the next, the last to the first; and the first. */
static int ring(struct side *s, int count)
{
	int first = t_create(s, KSHARE_TYPE_LIST), last = first, next, i;

	for (i = 1; i < count; i++) {
		next = t_create(s, KSHARE_TYPE_LIST);
		if (next < 0 || t_append(s, last, t_int(42)) || t_append(s, last, t_ref(next)))
			return -1;
		if (last != first)
			t_close(s, last);
		last = next;
	}
	if (t_append(s, last, t_int(42)) || t_append(s, last, t_ref(first)))
		return -1;
	if (last != first)
		t_close(s, last);
	return first;
}

/* All the way round from @h, which stays; how many there are. */
static int round_it(struct side *s, int h)
{
	uint64_t id = t_id(s, h);
	int count = 0, at = h, next;

	do {
		if (t_run(s, t_with_key(KSHARE_OP_LIST_GET, at, t_int(0))) ||
		    s->out.values[0].i != 42)
			return -1;
		next = t_take(s, at, 1);
		if (at != h)
			t_close(s, at);
		if (next < 0)
			return next;
		at = next;
		count++;
	} while (t_id(s, at) != id);
	t_close(s, at);
	return count;
}

#define LONG	2000

TEST_F(kshare, long_rings_and_their_tails_go_at_once)
{
	struct side *s = &self->s;
	uint64_t before = t_objects(s);
	int first = ring(s, LONG), tail = t_create(s, KSHARE_TYPE_LIST), in, i, next;
	int64_t freed;

	ASSERT_LT(0, first);
	/* What the ring refers to goes with it, what refers to it keeps it. */
	ASSERT_EQ(0, t_append(s, first, t_ref(tail)));
	for (i = 0; i < 500; i++) {
		next = t_create(s, KSHARE_TYPE_LIST);
		ASSERT_EQ(0, t_append(s, tail, t_ref(next)));
		ASSERT_EQ(0, t_close(s, tail));
		tail = next;
	}
	ASSERT_EQ(0, t_close(s, tail));
	in = holds_in_dict(s, first);
	ASSERT_EQ(0, t_close(s, first));
	EXPECT_EQ(before + LONG + 502, left(s));
	ASSERT_EQ(0, t_close(s, in));
	freed = collect(s);
	EXPECT_EQ(before, left(s));
	if (freed > 0)
		EXPECT_LE(LONG, freed);
}

TEST_F(kshare, a_container_of_many_references_is_looked_at_in_pieces)
{
	struct side *s = &self->s;
	uint64_t before = t_objects(s);
	int big = t_create(s, KSHARE_TYPE_LIST), i, h;

	for (i = 0; i < 3000; i++) {
		h = holds_in_cell(s, big);
		ASSERT_EQ(0, t_append(s, big, t_ref(h)));
		ASSERT_EQ(0, t_close(s, h));
	}
	EXPECT_EQ(before + 3001, left(s));
	ASSERT_EQ(0, t_close(s, big));
	EXPECT_EQ(before, left(s));
}

/* More messages than are looked at with a spinlock held, and as one step all the same */
TEST_F(kshare, so_is_a_long_queue_as_a_whole)
{
	struct side *s = &self->s;
	uint64_t before = t_objects(s);
	int i, k, first, last, q;

	for (k = 0; k < 2; k++) {
		first = t_create(s, KSHARE_TYPE_LIST);
		last = t_number_cell(s, 7);
		q = k ? holds_in_priority(s, first) : holds_in_queue(s, first);
		for (i = 0; i < 1000; i++)
			fill(s, q, t_cmd(KSHARE_OP_QUEUE_PUT, 0), i == 999 ? last : first);
		ASSERT_EQ(0, t_append(s, first, t_ref(q)));
		ASSERT_EQ(0, t_close(s, q) | t_close(s, last));
		/* The last of them is reached, and stays. */
		EXPECT_EQ(before + 3, left(s));
		ASSERT_EQ(0, t_close(s, first));
		EXPECT_EQ(before, left(s));
	}
}

TEST_F(kshare, by_itself_after_the_last_handle_went)
{
	struct side *s = &self->s;
	uint64_t before = t_objects(s);
	int h = ring(s, 10), i;

	EXPECT_EQ(before + 10, t_objects(s));
	EXPECT_EQ(0, t_close(s, h));
	EXPECT_TRUE(T_UNTIL(t_objects(s) == before));
	/* And again, and through each kind */
	for (i = 0; i < KINDS; i++) {
		int list = t_create(s, KSHARE_TYPE_LIST), a = kinds[i].make(s, list);

		ASSERT_EQ(0, t_append(s, list, t_ref(a)));
		ASSERT_EQ(0, t_close(s, list));
		ASSERT_EQ(0, t_close(s, a));
		EXPECT_TRUE(T_UNTIL(t_objects(s) == before)) {
			TH_LOG("%s", kinds[i].name);
		}
	}
}

/* One ring for each way to reach it; all stay, until that way ends. */
TEST_F(kshare, what_is_reached_from_outside_stays)
{
	struct side *s = &self->s, *other = t_open();
	uint64_t before = t_objects(s);
	int h[6], i, fd, root, q, list, theirs;
	char text[KSHARE_TICKET_LEN + 1];
	struct t_thread t = {};
	struct kshare_cmd cmd;
	int64_t number;

	for (i = 0; i < 6; i++)
		h[i] = ring(s, 5);
	/* 0: a handle of another client's, 1: a descriptor, 2: a ticket, 3: the root */
	theirs = t_give(s, h[0], other);
	fd = t_export(s, h[1], 0);
	number = t_ticket(s, h[2], text);
	root = t_raw(s, t_cmd(KSHARE_OP_DOMAIN_ROOT, 1));
	cmd = t_with_key(KSHARE_OP_DICT_SET, root, t_int(1));
	cmd.value = t_ref(h[3]);
	EXPECT_EQ(1, t_raw(s, cmd));
	/* 4: what waits to be put into a queue, with its queue in the ring */
	q = t_create_elem(s, KSHARE_TYPE_QUEUE, 0, 1);
	EXPECT_EQ(0, t_run_with(s, KSHARE_OP_QUEUE_PUT, q, t_int(1)));
	EXPECT_EQ(0, t_append(s, h[4], t_ref(q)));
	cmd = t_cmd(KSHARE_OP_QUEUE_PUT, t_give(s, q, other));
	cmd.value = t_ref(t_give(s, h[4], other));
	t_begin(other, &t, cmd, false);
	t_until_waiters(s, q, 1);
	EXPECT_EQ(0, t_close(other, cmd.handle));
	EXPECT_EQ(0, t_close(other, cmd.value.ref.handle));
	/* 5: a handle to what refers to it, by way of two others */
	list = holds_in_list(s, i = holds_by_gate(s, h[5]));
	EXPECT_EQ(0, t_close(s, i));
	for (i = 0; i < 6; i++)
		EXPECT_EQ(0, t_close(s, h[i]));
	for (i = 0; i < 10; i++) {
		EXPECT_EQ(0, collect(s));
		EXPECT_EQ(before + 30 + 1 + 3, t_objects(s));
	}
	EXPECT_EQ(5, round_it(other, theirs));
	h[1] = t_import(s, fd, 0);
	EXPECT_EQ(5, round_it(s, h[1]));
	h[2] = t_redeem(s, text, 0);
	EXPECT_EQ(5, round_it(s, h[2]));
	EXPECT_EQ(0, t_run(s, t_with_key(KSHARE_OP_DICT_GET, root, t_int(1))));
	h[3] = s->out.values[0].ref.handle;
	EXPECT_EQ(5, round_it(s, h[3]));
	EXPECT_EQ(1, t_run(s, t_cmd(KSHARE_OP_QUEUE_GET, q)));
	EXPECT_EQ(0, t_end(&t));
	EXPECT_EQ(1, t_run(s, t_cmd(KSHARE_OP_QUEUE_GET, q)));
	h[4] = s->out.values[0].ref.handle;
	EXPECT_EQ(5, round_it(s, h[4]));
	h[5] = t_take(s, i = t_take(s, list, 0), 0);
	EXPECT_EQ(0, t_close(s, i));
	EXPECT_EQ(5, round_it(s, h[5]));
	/* One way after the other ends. */
	EXPECT_EQ(-ENOENT, t_raw(s, t_with_key(KSHARE_OP_TICKET_REVOKE, 0, t_int(number))));
	for (i = 1; i < 6; i++)
		EXPECT_EQ(0, t_close(s, h[i]));
	EXPECT_EQ(0, t_close(s, q));
	EXPECT_EQ(before + 15 + 5 + 3, left(s));
	EXPECT_EQ(0, t_close(s, list));
	EXPECT_EQ(before + 15, left(s));
	close(fd);
	EXPECT_EQ(before + 10, left(s));
	EXPECT_EQ(0, t_raw(s, t_cmd(KSHARE_OP_DICT_CLEAR, root)));
	EXPECT_EQ(before + 5, left(s));
	EXPECT_EQ(5, round_it(other, theirs));
	t_leave(other);
	EXPECT_EQ(before, left(s));
}

TEST_F(kshare, a_message_on_lease_keeps_what_it_refers_to)
{
	struct side *s = &self->s;
	uint64_t before = t_objects(s);
	int list = ring(s, 3), q = holds_in_queue(s, list), h;
	struct kshare_cmd cmd = t_cmd(KSHARE_OP_QUEUE_GET, q);

	cmd.flags = KSHARE_LEASE;
	EXPECT_EQ(1, t_raw(s, cmd));
	EXPECT_EQ(0, t_close(s, list));
	EXPECT_EQ(before + 4, left(s));
	/* It is in a circle now; closed, the message is given back, and with the queue goes all. */
	list = holds_in_list(s, q);
	EXPECT_EQ(0, t_run_with(s, KSHARE_OP_QUEUE_PUT, q, t_ref(list)));
	EXPECT_EQ(0, t_close(s, list));
	EXPECT_EQ(before + 5, left(s));
	EXPECT_EQ(0, t_run(s, t_cmd(KSHARE_OP_QUEUE_PEEK, q)));
	h = s->out.values[0].ref.handle;
	EXPECT_EQ(0, t_close(s, q));
	EXPECT_EQ(before + 5, left(s));
	EXPECT_EQ(0, t_close(s, h));
	EXPECT_EQ(before, left(s));
}

TEST_F(kshare, a_revoked_gate_keeps_nobody_in_a_circle)
{
	struct side *s = &self->s;
	uint64_t before = t_objects(s);
	int list = t_create(s, KSHARE_TYPE_LIST), g = t_revocable(s, list);

	EXPECT_EQ(0, t_append(s, list, t_ref(g)));
	EXPECT_EQ(0, t_revoke(s, g));
	EXPECT_EQ(before + 2, left(s));
	EXPECT_EQ(0, t_close(s, list));
	EXPECT_EQ(before + 2, left(s));
	EXPECT_EQ(0, t_close(s, g));
	EXPECT_EQ(before, left(s));
}

TEST_F(kshare, it_takes_a_domain_and_the_right_to_manage_it)
{
	struct side *s = &self->s;
	int d = t_dup(s, 1, T_ALL_BUT(KSHARE_RIGHT_MANAGE)), list = t_create(s, KSHARE_TYPE_LIST);

	EXPECT_EQ(-EACCES, t_run(s, t_cmd(KSHARE_OP_DOMAIN_COLLECT, d)));
	EXPECT_EQ(-ENOTTY, t_run(s, t_cmd(KSHARE_OP_DOMAIN_COLLECT, list)));
	EXPECT_EQ(-EBADF, t_run(s, t_cmd(KSHARE_OP_DOMAIN_COLLECT, 1999)));
	EXPECT_EQ(0, t_raw(s, t_cmd(KSHARE_OP_DOMAIN_COLLECT, 1)));
}

TEST_F(kshare, nothing_is_left_of_a_domain_that_ended)
{
	struct side *s = &self->s;
	uint64_t before[5];
	int i, round;
	pid_t pid;

	for (i = 0; i < 5; i++)
		before[i] = t_user_used(s, -1, i);
	for (round = 0; round < 3; round++) {
		pid = fork();
		if (!pid) {
			struct side *other = t_open();

			for (i = 0; i < KINDS; i++) {
				int list = ring(other, 20), a = kinds[i].make(other, list);

				if (a < 0 || t_append(other, list, t_ref(a)))
					_exit(1);
				/* Some of it while it is collected, and all when it dies */
				if (round) {
					t_close(other, list);
					t_close(other, a);
				}
			}
			if (round > 1)
				kill(getpid(), SIGKILL);
			_exit(0);
		}
		EXPECT_EQ(round > 1 ? 1000 + SIGKILL : 0, t_wait(pid));
		for (i = 0; i < 5; i++)
			EXPECT_TRUE(T_UNTIL(t_user_used(s, -1, i) <= before[i]));
	}
}

TEST_HARNESS_MAIN
