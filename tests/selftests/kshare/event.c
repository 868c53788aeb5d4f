// SPDX-License-Identifier: GPL-2.0
/* Events: a set reaches all who wait, or with auto-reset exactly one. */
#include "kshare_test.h"

static int op(struct side *s, uint32_t op, int e)
{
	return t_raw(s, t_cmd(op, e));
}

static int try_wait(struct side *s, int e)
{
	struct kshare_cmd cmd = t_cmd(KSHARE_OP_EVENT_WAIT, e);

	cmd.flags = KSHARE_NOWAIT;
	return t_raw(s, cmd);
}

static int create_auto(struct side *s)
{
	struct kshare_cmd cmd = t_cmd(KSHARE_OP_CREATE, 0);

	cmd.nr = KSHARE_CREATE_NR(KSHARE_TYPE_EVENT, 0);
	cmd.flags = KSHARE_AUTO_RESET;
	return t_raw(s, cmd);
}

TEST_F(kshare, it_is_set_until_it_is_cleared)
{
	struct side *s = &self->s;
	int e = t_create(s, KSHARE_TYPE_EVENT);

	EXPECT_EQ(0, op(s, KSHARE_OP_EVENT_IS_SET, e));
	EXPECT_EQ(-EAGAIN, try_wait(s, e));
	EXPECT_EQ(0, op(s, KSHARE_OP_EVENT_SET, e));
	EXPECT_EQ(0, op(s, KSHARE_OP_EVENT_SET, e));
	EXPECT_EQ(1, op(s, KSHARE_OP_EVENT_IS_SET, e));
	EXPECT_EQ(0, try_wait(s, e));
	EXPECT_EQ(0, try_wait(s, e));
	EXPECT_EQ(0, op(s, KSHARE_OP_EVENT_CLEAR, e));
	EXPECT_EQ(-EAGAIN, try_wait(s, e));
}

/* More than are woken with a spinlock held, and cleared at once. */
TEST_F(kshare, a_set_wakes_all_even_if_it_is_cleared_at_once)
{
	struct side *s = &self->s;
	int i, e = t_create(s, KSHARE_TYPE_EVENT);
	pid_t pids[50];

	for (i = 0; i < 50; i++) {
		pids[i] = t_fork(s);
		if (!pids[i])
			_exit(op(s, KSHARE_OP_EVENT_WAIT, e) ? 1 : 0);
	}
	t_until_waiters(s, e, 50);
	EXPECT_EQ(0, op(s, KSHARE_OP_EVENT_SET, e));
	EXPECT_EQ(0, op(s, KSHARE_OP_EVENT_CLEAR, e));
	for (i = 0; i < 50; i++)
		EXPECT_EQ(0, t_wait(pids[i]));
}

TEST_F(kshare, an_auto_reset_one_wakes_exactly_one)
{
	struct side *s = &self->s;
	int i, e = create_auto(s), n = t_create_elem(s, KSHARE_TYPE_CELL, KSHARE_ELEM_I64, 0);
	struct kshare_cmd cmd = t_cmd(KSHARE_OP_CELL_WAIT, n);
	pid_t pids[3];

	EXPECT_EQ(0, op(s, KSHARE_OP_EVENT_SET, e));
	EXPECT_EQ(0, try_wait(s, e));
	EXPECT_EQ(-EAGAIN, try_wait(s, e));
	for (i = 0; i < 3; i++) {
		pids[i] = t_fork(s);
		if (!pids[i]) {
			cmd = t_cmd(KSHARE_OP_CELL_ADD, n);
			cmd.value = t_int(1);
			_exit(op(s, KSHARE_OP_EVENT_WAIT, e) || t_run(s, cmd));
		}
		t_until_waiters(s, e, i + 1);
	}
	for (i = 0; i < 3; i++) {
		EXPECT_EQ(0, op(s, KSHARE_OP_EVENT_SET, e));
		cmd.flags = KSHARE_UNTIL_GE;
		cmd.value = t_int(i + 1);
		EXPECT_EQ(0, t_run(s, cmd));
		EXPECT_EQ(i + 1, s->out.values[0].i);
		t_until_waiters(s, e, 2 - i);
		EXPECT_EQ(0, op(s, KSHARE_OP_EVENT_IS_SET, e));
	}
	for (i = 0; i < 3; i++)
		EXPECT_EQ(0, t_wait(pids[i]));
}

TEST_HARNESS_MAIN
