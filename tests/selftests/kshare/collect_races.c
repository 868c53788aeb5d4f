// SPDX-License-Identifier: GPL-2.0
/*
 * References are moved around in every way there is while circles are collected
 * without a pause: nobody ever finds something emptied that he could still reach.
 */
#define T_TIMEOUT	240
#include "passing_test.h"

#include <limits.h>

#define CHECK		0x5eed
#define ANCHORS		4
#define MOVERS		3
#define POCKETS		4
#define BALLAST		150

/* A node is a list of a number and two that it refers to, or none. */
enum { NODE_CHECK, NODE_LEFT, NODE_RIGHT, NODE_LENGTH };

struct mover {
	struct side *s;
	int anchors[ANCHORS], queue;
	/* What was taken out, and is kept by a handle alone until it is put back */
	int pocket[POCKETS];
	unsigned int seed;
};

static int node(struct side *s, int left, int right)
{
	struct kshare_value v[NODE_LENGTH] = { t_int(CHECK) };
	int list = t_create_with(s, KSHARE_TYPE_LIST, KSHARE_NO_INHERIT, t_none(), t_none());

	if (list < 0)
		return list;
	/* A new one may be a circle by itself. */
	v[NODE_LEFT] = t_ref(left ? left : list);
	if (right)
		v[NODE_RIGHT] = t_ref(right);
	if (t_run_with(s, KSHARE_OP_LIST_EXTEND, list, t_vector(v, NODE_LENGTH)))
		return -1;
	return list;
}

/* What was reached is as it was made. */
static bool is_whole(struct side *s, int h)
{
	return !t_run(s, t_with_key(KSHARE_OP_LIST_GET, h, t_int(NODE_CHECK))) &&
	       s->out.values[0].i == CHECK &&
	       !t_run(s, t_cmd(KSHARE_OP_LIST_LEN, h)) && s->out.head.number == NODE_LENGTH;
}

/* The reference in a result, if it is one; a handle, or 0. */
static int in_result(struct side *s, int ret)
{
	const struct kshare_value *v = s->out.values;
	uint32_t words[2];

	if (ret < 0 || !s->out.head.count)
		return 0;
	if (v->type == KSHARE_REF)
		return v->ref.handle;
	if (v->type != KSHARE_ENCODED || !v->flags)
		return 0;
	memcpy(words, (void *)(uintptr_t)v->ptr, sizeof(words));
	return words[1];
}

static int at_random(struct mover *m, int n)
{
	return rand_r(&m->seed) % n;
}

/* A handle to something, by whatever way leads there; 0 if it led to none. */
static int reach(struct mover *m)
{
	struct side *s = m->s;
	int anchor = m->anchors[at_random(m, ANCHORS)], h, next, steps = at_random(m, 4);
	struct kshare_cmd cmd;

	switch (at_random(m, 4)) {
	case 0:
		/* It is nowhere else, maybe. */
		h = in_result(s, t_run_with(s, KSHARE_OP_CELL_SWAP, anchor, t_none()));
		break;
	case 1:
		cmd = t_cmd(KSHARE_OP_QUEUE_GET, m->queue);
		cmd.flags = KSHARE_NOWAIT;
		h = in_result(s, t_run(s, cmd));
		break;
	default:
		h = in_result(s, t_run(s, t_cmd(KSHARE_OP_CELL_GET, anchor)));
	}
	while (h > 0 && steps--) {
		cmd = t_with_key(KSHARE_OP_LIST_GET, h, t_int(NODE_LEFT + at_random(m, 2)));
		next = in_result(s, t_run(s, cmd));
		if (next <= 0)
			break;
		/* From here on the way back may be gone. */
		t_close(s, h);
		h = next;
	}
	return h;
}

/* The same by another kind of reference, which is all that keeps it for a moment */
static int by_other_means(struct mover *m, int h)
{
	struct side *s = m->s;
	char text[KSHARE_TICKET_LEN + 1];
	int fd, ret;

	switch (at_random(m, 6)) {
	case 0:
		fd = t_export(s, h, 0);
		t_close(s, h);
		ret = t_import(s, fd, 0);
		close(fd);
		return ret;
	case 1:
		if (t_ticket(s, h, text) < 0)
			return h;
		t_close(s, h);
		return t_redeem(s, text, 0);
	case 2:
		ret = t_revocable(s, h);
		/* So many of each other are enough. */
		if (ret == -EDQUOT)
			return h;
		t_close(s, h);
		return ret;
	case 3:
		ret = t_dup(s, h, 0);
		t_close(s, h);
		return ret;
	}
	return h;
}

/* It becomes a part of something, or nothing refers to it any more. */
static int put_away(struct mover *m, int h)
{
	struct side *s = m->s;
	int anchor = m->anchors[at_random(m, ANCHORS)], other;
	struct kshare_cmd cmd;
	uint32_t words[2];

	switch (at_random(m, 6)) {
	case 0:
		return t_run_with(s, KSHARE_OP_CELL_SET, anchor, t_ref(h));
	case 1:
		return t_run_with(s, KSHARE_OP_CELL_SET, anchor, t_encoded(words, &h, 1));
	case 2:
		cmd = t_cmd(KSHARE_OP_QUEUE_PUT, m->queue);
		cmd.flags = KSHARE_NOWAIT;
		cmd.value = t_ref(h);
		other = t_raw(s, cmd);
		return other == -EAGAIN ? 0 : other;
	case 3:
		other = reach(m);
		if (other <= 0)
			return other;
		cmd = t_with_key(KSHARE_OP_LIST_SET, other, t_int(NODE_LEFT + at_random(m, 2)));
		cmd.value = t_ref(h);
		anchor = t_raw(s, cmd);
		t_close(s, other);
		return anchor;
	case 4:
		/* It refers to itself, and perhaps nobody else does. */
		cmd = t_with_key(KSHARE_OP_LIST_SET, h, t_int(NODE_LEFT + at_random(m, 2)));
		cmd.value = t_ref(h);
		return t_raw(s, cmd);
	}
	return 0;
}

/* Exchanges what is in an anchor with what is in a pocket; false if that was emptied. */
static bool change_pocket(struct mover *m)
{
	int *pocket = &m->pocket[at_random(m, POCKETS)];
	struct side *s = m->s;
	struct kshare_value v = *pocket ? t_ref(*pocket) : t_none();
	bool whole = !*pocket || is_whole(s, *pocket);
	int h = t_run_with(s, KSHARE_OP_CELL_SWAP, m->anchors[at_random(m, ANCHORS)], v);

	h = in_result(s, h);
	if (*pocket)
		t_close(s, *pocket);
	*pocket = h;
	return whole;
}

/* A circle that makes the passes longer, so that more happens meanwhile */
static void make_ballast(struct side *s)
{
	int list = t_create_with(s, KSHARE_TYPE_LIST, KSHARE_NO_INHERIT, t_none(), t_none());
	int i, c;

	for (i = 0; i < BALLAST; i++) {
		c = t_create_with(s, KSHARE_TYPE_CELL, KSHARE_NO_INHERIT, t_none(), t_ref(list));
		t_append(s, list, t_ref(c));
		t_close(s, c);
	}
	t_close(s, list);
}

static int move(struct mover *m, int moves)
{
	struct side *s = m->s;
	int i, h, other, ret;

	for (i = 0; i < moves; i++) {
		if (!change_pocket(m))
			return 7;
		h = reach(m);
		if (h < 0)
			return 1;
		if (!h || !at_random(m, 4)) {
			other = reach(m);
			if (other < 0)
				return 2;
			ret = node(s, h, other);
			if (h)
				t_close(s, h);
			if (other)
				t_close(s, other);
			h = ret;
		}
		h = by_other_means(m, h);
		if (h <= 0)
			return 3;
		if (!is_whole(s, h))
			return 4;
		ret = put_away(m, h);
		if (ret < 0) {
			fprintf(stderr, "# not put away: %d\n", ret);
			return 5;
		}
		if (!is_whole(s, h))
			return 6;
		t_close(s, h);
		t_count(1);
	}
	return 0;
}

TEST_F(kshare, what_can_be_reached_is_never_emptied)
{
	struct side *s = &self->s;
	int moves = t_rounds(1500), i;
	uint64_t before = t_objects(s), freed = 0;
	struct mover m = { .s = s };
	pid_t pids[MOVERS];

	t_share_counts();
	for (i = 0; i < ANCHORS; i++)
		m.anchors[i] = t_create(s, KSHARE_TYPE_CELL);
	m.queue = t_create_elem(s, KSHARE_TYPE_QUEUE, 0, 4);
	for (i = 0; i < MOVERS; i++) {
		pids[i] = t_fork(s);
		if (!pids[i]) {
			m.seed = i + 1;
			i = move(&m, moves);
			t_count(2);
			_exit(i);
		}
	}
	while (t_counted(2) < MOVERS) {
		make_ballast(s);
		if (!t_run(s, t_cmd(KSHARE_OP_DOMAIN_COLLECT, 1)))
			freed += s->out.head.number;
	}
	for (i = 0; i < MOVERS; i++)
		EXPECT_EQ(0, t_wait(pids[i]));
	for (i = 0; i < ANCHORS; i++)
		EXPECT_EQ(0, t_close(s, m.anchors[i]));
	EXPECT_EQ(0, t_close(s, m.queue));
	if (!t_run(s, t_cmd(KSHARE_OP_DOMAIN_COLLECT, 1)))
		freed += s->out.head.number;
	EXPECT_TRUE(T_UNTIL(t_objects(s) == before));
	T_OUTCOMES("%d moves, %d objects collected", t_counted(1), (int)freed);
}

/* The same while clients come, and are killed in the midst of it. */
TEST_F(kshare, clients_that_die_leave_nothing_that_others_miss)
{
	struct side *s = &self->s;
	int rounds = t_rounds(40), i;
	uint64_t before = t_objects(s);
	struct mover m = { .s = s };
	pid_t pid;

	t_share_counts();
	for (i = 0; i < ANCHORS; i++)
		m.anchors[i] = t_create(s, KSHARE_TYPE_CELL);
	m.queue = t_create_elem(s, KSHARE_TYPE_QUEUE, 0, 4);
	for (i = 0; i < rounds; i++) {
		int had = t_counted(1), n = i % 10, ret = 0;

		pid = t_fork(s);
		if (!pid) {
			m.seed = i + 1;
			ret = move(&m, INT_MAX);
			t_count(2);
			_exit(ret);
		}
		while (t_counted(1) < had + n && !t_counted(2))
			ASSERT_EQ(0, t_raw(s, t_cmd(KSHARE_OP_DOMAIN_COLLECT, 1)));
		m.seed = i + 1000;
		ret = move(&m, 5);
		EXPECT_EQ(0, ret);
		for (n = 0; n < POCKETS; n++) {
			t_close(s, m.pocket[n]);
			m.pocket[n] = 0;
		}
		kill(pid, SIGKILL);
		EXPECT_EQ(1000 + SIGKILL, t_wait(pid));
	}
	for (i = 0; i < ANCHORS; i++)
		EXPECT_EQ(0, t_close(s, m.anchors[i]));
	EXPECT_EQ(0, t_close(s, m.queue));
	t_raw(s, t_cmd(KSHARE_OP_DOMAIN_COLLECT, 1));
	EXPECT_TRUE(T_UNTIL(t_objects(s) == before));
}

TEST_HARNESS_MAIN
