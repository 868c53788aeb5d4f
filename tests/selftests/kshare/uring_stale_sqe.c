// SPDX-License-Identifier: GPL-2.0
/*
 * Linked and drained commands, whose entries the ring uses again before their turn
 * comes: 6.10 to 6.13 read them only then, unless IOSQE_ASYNC has them read before.
 */
#define T_ALL_RINGS
#include "uring_test.h"

/* Goes through all entries of the ring once. */
static void use_all_entries(struct __test_metadata *_metadata, struct ring *r, int list)
{
	struct kshare_cmd cmd = t_valued(KSHARE_OP_LIST_APPEND, list, t_int(99));
	int i;

	/* Not the slots where commands by pointer lie: those have to stay. */
	for (i = 0; i < 64; i++) {
		EXPECT_EQ(1, t_ring_begin(r, cmd, 1000 + i));
		EXPECT_EQ(1000 + i, t_reap(r).data);
	}
}

static void expect_list(struct __test_metadata *_metadata, struct side *s, int list, int count)
{
	int i;

	ASSERT_EQ(count, t_run(s, t_cmd(KSHARE_OP_LIST_SLICE, list)));
	for (i = 0; i < count; i++)
		EXPECT_EQ(i + 1, s->out.values[i].i);
}

TEST_F(uring, a_linked_command_is_the_one_that_was_submitted)
{
	struct side *s = &self->s;
	struct ring *r = &self->r;
	int i, e = t_make_event(s), list = t_create(s, KSHARE_TYPE_LIST);
	int other = t_create(s, KSHARE_TYPE_LIST);

	t_sqe(r, t_event_wait(e), 0)->flags = IOSQE_IO_LINK;
	for (i = 1; i <= 3; i++)
		t_sqe(r, t_valued(KSHARE_OP_LIST_APPEND, list, t_int(i)), i)->flags =
			IOSQE_ASYNC | (i < 3 ? IOSQE_IO_LINK : 0);
	EXPECT_LE(1, t_submit(r));
	t_until_waiters(s, e, 1);
	use_all_entries(_metadata, r, other);
	expect_list(_metadata, s, list, 0);
	t_event_set(s, e);
	for (i = 0; i <= 3; i++) {
		struct done done = t_reap(r);

		EXPECT_EQ(i, done.data);
		EXPECT_EQ(0, done.res);
	}
	expect_list(_metadata, s, list, 3);
	EXPECT_EQ(64, t_run(s, t_cmd(KSHARE_OP_LIST_SLICE, other)));
}

/* With DEFER_TASKRUN the chain goes on only when completions are asked for. */
static void until_waiter(struct side *s, struct ring *r, int h)
{
	struct kshare_stat stat = {};

	while (!t_stat(s, h, &stat) && !stat.waiters)
		if (r->flags & IORING_SETUP_DEFER_TASKRUN)
			io_uring_get_events(&r->u);
}

TEST_F(uring, one_that_waits_itself_too)
{
	struct side *s = &self->s;
	struct ring *r = &self->r;
	int e = t_make_event(s), q = t_make_queue(s), list = t_create(s, KSHARE_TYPE_LIST), i;

	t_sqe(r, t_event_wait(e), 0)->flags = IOSQE_IO_LINK;
	t_sqe(r, t_get(q), 1)->flags = IOSQE_ASYNC | IOSQE_IO_LINK;
	t_sqe(r, t_lock_acquire(t_make_lock(s)), 2)->flags = IOSQE_ASYNC;
	EXPECT_LE(1, t_submit(r));
	t_until_waiters(s, e, 1);
	use_all_entries(_metadata, r, list);
	t_event_set(s, e);
	EXPECT_EQ(0, t_reap(r).res);
	until_waiter(s, r, q);
	use_all_entries(_metadata, r, list);
	t_queue_put(s, q);
	for (i = 1; i <= 2; i++) {
		struct done done = t_reap(r);

		EXPECT_EQ(i, done.data);
		EXPECT_EQ(1, done.res);
	}
}

/* Whatever follows a drained command waits with it. */
TEST_F(uring, a_drained_command_is_the_one_that_was_submitted)
{
	struct side *s = &self->s;
	struct ring *r = &self->r;
	int i, e = t_make_event(s), list = t_create(s, KSHARE_TYPE_LIST);

	EXPECT_EQ(1, t_ring_begin(r, t_event_wait(e), 0));
	t_until_waiters(s, e, 1);
	/* More than there are entries: all stand behind the first. */
	for (i = 1; i <= 100; i++) {
		t_sqe(r, t_valued(KSHARE_OP_LIST_APPEND, list, t_int(i)), i)->flags =
			IOSQE_ASYNC | IOSQE_IO_DRAIN;
		EXPECT_LE(1, t_submit(r));
	}
	expect_list(_metadata, s, list, 0);
	t_event_set(s, e);
	for (i = 0; i <= 100; i++) {
		struct done done = t_reap(r);

		EXPECT_EQ(i, done.data);
		EXPECT_EQ(0, done.res);
	}
	expect_list(_metadata, s, list, 100);
}

/* Entries that are not used again before need no flag. */
TEST_F(uring, without_the_flag_where_entries_are_not_used_again)
{
	struct side *s = &self->s;
	struct ring *r = &self->r;
	int i, e = t_make_event(s), list = t_create(s, KSHARE_TYPE_LIST);

	t_sqe(r, t_event_wait(e), 0)->flags = IOSQE_IO_LINK;
	for (i = 1; i <= 3; i++)
		t_sqe(r, t_valued(KSHARE_OP_LIST_APPEND, list, t_int(i)), i)->flags =
			i < 3 ? IOSQE_IO_LINK : 0;
	t_sqe(r, t_valued(KSHARE_OP_LIST_APPEND, list, t_int(4)), 4)->flags = IOSQE_IO_DRAIN;
	EXPECT_LE(1, t_submit(r));
	t_until_waiters(s, e, 1);
	t_event_set(s, e);
	for (i = 0; i <= 4; i++)
		EXPECT_EQ(0, t_reap(r).res);
	expect_list(_metadata, s, list, 4);
}

TEST_HARNESS_MAIN
