// SPDX-License-Identifier: GPL-2.0
/* CANCEL: ends waiting commands of this client's by their tag, and no others. */
#include "class_test.h"

static int cancel(struct side *s, uint64_t tag)
{
	struct kshare_cmd cmd = t_cmd(KSHARE_OP_CANCEL, 0);

	cmd.key = t_uint(tag);
	return t_raw(s, cmd);
}

/* Classes have names; this one's is an operation's. */
static const char *name_of(uint32_t op)
{
	static char name[16];

	snprintf(name, sizeof(name), "%u", op);
	return name;
}

/* The call that the host of a class has taken */
static uint64_t taken;

/* Objects that have to be waited for, by what waits for them */
static int block(struct side *s, uint32_t op)
{
	struct kshare_cmd own;
	struct t_served w = {};
	struct t_host host;
	int h;

	switch (op) {
	case KSHARE_OP_CELL_WAIT:
		return t_create(s, KSHARE_TYPE_CELL);
	case KSHARE_OP_LOCK_ACQUIRE:
	case KSHARE_OP_RWLOCK_ACQUIRE:
		h = t_create(s, op == KSHARE_OP_LOCK_ACQUIRE ? KSHARE_TYPE_LOCK :
							       KSHARE_TYPE_RWLOCK);
		own = t_cmd(op, h);
		own.key = t_uint(1);
		t_raw(s, own);
		return h;
	case KSHARE_OP_SEMAPHORE_ACQUIRE:
		return t_create(s, KSHARE_TYPE_SEMAPHORE);
	case KSHARE_OP_CONDITION_WAIT:
		h = t_create(s, KSHARE_TYPE_LOCK);
		own = t_cmd(KSHARE_OP_LOCK_ACQUIRE, h);
		own.key = t_uint(2);
		t_raw(s, own);
		return t_create_with(s, KSHARE_TYPE_CONDITION, 0, t_none(), t_ref(h));
	case KSHARE_OP_BARRIER_WAIT:
		return t_create_elem(s, KSHARE_TYPE_BARRIER, 0, 2);
	case KSHARE_OP_QUEUE_PUT:
	case KSHARE_OP_QUEUE_PUT_MANY:
	case KSHARE_OP_QUEUE_JOIN:
		h = t_create_elem(s, KSHARE_TYPE_QUEUE, 0, 1);
		t_raw(s, t_cmd(KSHARE_OP_QUEUE_PUT, h));
		return h;
	case KSHARE_OP_QUEUE_GET:
	case KSHARE_OP_QUEUE_GET_MANY:
		return t_create(s, KSHARE_TYPE_QUEUE);
	case KSHARE_OP_CLASS_ADOPT:
	case KSHARE_OP_CALL:
	case KSHARE_OP_SERVE:
	case KSHARE_OP_REPLY_AND_SERVE:
		if (!t_host_of(s, &host, name_of(op), KSHARE_CLASS_CREATABLE | KSHARE_CLASS_SERIAL))
			return -1;
		/* Something to reply to, which leaves nothing behind */
		if (op == KSHARE_OP_REPLY_AND_SERVE &&
		    (t_send(s, host.it, T_ECHO, t_none()) || t_serve_now(s, host.class, &w) < 0))
			return -1;
		taken = w.call;
		return host.class;
	}
	return t_create(s, KSHARE_TYPE_EVENT);
}

static struct kshare_cmd waiting(uint32_t op, int h)
{
	static struct kshare_value none;
	static struct kshare_cmd member;
	struct kshare_cmd cmd = t_cmd(op, h);

	switch (op) {
	case KSHARE_OP_CELL_WAIT:
		cmd.flags = KSHARE_UNTIL_NE;
		break;
	case KSHARE_OP_LOCK_ACQUIRE:
	case KSHARE_OP_RWLOCK_ACQUIRE:
	case KSHARE_OP_CONDITION_WAIT:
		cmd.key = t_uint(2);
		break;
	case KSHARE_OP_QUEUE_PUT_MANY:
		cmd.value = t_vector(&none, 1);
		break;
	case KSHARE_OP_QUEUE_GET_MANY:
		cmd.nr = 1;
		break;
	case KSHARE_OP_CALL:
		cmd.nr = KSHARE_METHOD_CREATE;
		break;
	case KSHARE_OP_REPLY_AND_SERVE:
		cmd.key = t_uint(taken);
		break;
	case KSHARE_OP_WAIT_ANY:
	case KSHARE_OP_WAIT_ALL:
		member = t_cmd(KSHARE_OP_EVENT_WAIT, h);
		cmd.handle = 0;
		cmd.value = t_bytes(&member, sizeof(member));
		break;
	}
	cmd.tag = 77;
	return cmd;
}

TEST_F(kshare, every_operation_that_waits_can_be_cancelled)
{
	static struct kshare_op_info ops[256];
	struct side *s = &self->s;
	int i, n = t_query_ops(s, ops, 256), count = 0;
	struct t_thread *t = calloc(1, sizeof(*t));
	struct kshare_stat before, after;

	for (i = 0; i < n; i++) {
		uint32_t op = ops[i].op;
		int h;

		if (!(ops[i].flags & KSHARE_OPINFO_WAITS))
			continue;
		count++;
		h = block(s, op);
		ASSERT_LT(0, h);
		ASSERT_EQ(0, t_stat(s, h, &before));
		EXPECT_EQ(-ENOENT, cancel(s, 77));
		t_begin(s, t, waiting(op, h), false);
		t_until_waiters(s, h, 1);
		EXPECT_EQ(-ENOENT, cancel(s, 76));
		EXPECT_EQ(-ENOENT, cancel(s, 78));
		EXPECT_EQ(1, cancel(s, 77));
		EXPECT_EQ(-ECANCELED, t_end(t)) {
			TH_LOG("%s", ops[i].name);
		}
		EXPECT_EQ(-ENOENT, cancel(s, 77));
		ASSERT_EQ(0, t_stat(s, h, &after));
		/* Whatever a class counts as a change of its own */
		if (after.type != KSHARE_TYPE_CLASS)
			EXPECT_EQ(before.version, after.version);
		EXPECT_EQ(before.length, after.length);
		EXPECT_EQ(0, after.waiters);
	}
	EXPECT_LE(18, count);
	free(t);
}

TEST_F(kshare, all_that_carry_the_tag_end_and_no_others)
{
	struct side *s = &self->s;
	int sem = t_create_with(s, KSHARE_TYPE_SEMAPHORE, KSHARE_SIGNALLING, t_none(), t_none());
	int i, e = t_create(s, KSHARE_TYPE_EVENT);
	struct t_thread *t = calloc(6, sizeof(*t));
	struct kshare_cmd cmd;

	for (i = 0; i < 6; i++) {
		cmd = t_cmd(i % 2 ? KSHARE_OP_EVENT_WAIT : KSHARE_OP_SEMAPHORE_ACQUIRE,
			    i % 2 ? e : sem);
		/* Two without any tag, which none can mean */
		cmd.tag = i < 3 ? UINT64_MAX : i == 3 ? 1 : 0;
		t_begin(s, &t[i], cmd, false);
	}
	t_until_waiters(s, e, 3);
	t_until_waiters(s, sem, 3);
	EXPECT_EQ(-EINVAL, cancel(s, 0));
	EXPECT_EQ(3, cancel(s, UINT64_MAX));
	for (i = 0; i < 3; i++)
		EXPECT_EQ(-ECANCELED, t_end(&t[i]));
	t_until_waiters(s, e, 2);
	t_until_waiters(s, sem, 1);
	EXPECT_EQ(1, cancel(s, 1));
	EXPECT_EQ(-ECANCELED, t_end(&t[3]));
	EXPECT_EQ(0, t_raw(s, t_cmd(KSHARE_OP_EVENT_SET, e)));
	EXPECT_EQ(0, t_end(&t[5]));
	t_until_waiters(s, sem, 1);
	/* Anybody may add permits. */
	EXPECT_EQ(0, t_raw(s, t_cmd(KSHARE_OP_SEMAPHORE_RELEASE, sem)));
	EXPECT_EQ(0, t_end(&t[4]));
	free(t);
}

TEST_F(kshare, what_is_no_tag_is_refused)
{
	struct kshare_cmd cmd = t_cmd(KSHARE_OP_CANCEL, 0);
	struct side *s = &self->s;

	EXPECT_EQ(-EINVAL, t_raw(s, cmd));
	cmd.key = t_int(-1);
	EXPECT_EQ(-EINVAL, t_raw(s, cmd));
	cmd.key = t_str("1");
	EXPECT_EQ(-EINVAL, t_raw(s, cmd));
	cmd.key = t_int(1);
	EXPECT_EQ(-ENOENT, t_raw(s, cmd));
}

/* It will go on with the lock, as notified: CANCEL comes too late. */
TEST_F(kshare, who_was_notified_is_not_cancelled_any_more)
{
	struct side *s = &self->s;
	int c = block(s, KSHARE_OP_CONDITION_WAIT), l = c - 1;
	struct t_thread *t = calloc(1, sizeof(*t));
	struct kshare_cmd cmd = t_cmd(KSHARE_OP_LOCK_ACQUIRE, l);

	t_begin(s, t, waiting(KSHARE_OP_CONDITION_WAIT, c), false);
	t_until_waiters(s, c, 1);
	cmd.key = t_uint(1);
	ASSERT_EQ(1, t_raw(s, cmd));
	cmd.op = KSHARE_OP_CONDITION_NOTIFY;
	cmd.handle = c;
	EXPECT_EQ(1, t_raw(s, cmd));
	EXPECT_EQ(-ENOENT, cancel(s, 77));
	cmd.op = KSHARE_OP_LOCK_RELEASE;
	cmd.handle = l;
	EXPECT_EQ(0, t_raw(s, cmd));
	EXPECT_EQ(1, t_end(t));
	free(t);
}

TEST_F(kshare, commands_of_another_client_are_not_touched)
{
	struct side *s = &self->s;
	int e = t_create(s, KSHARE_TYPE_EVENT);
	struct kshare_cmd cmd = t_cmd(KSHARE_OP_EVENT_WAIT, e);
	pid_t pid;

	cmd.tag = 5;
	pid = t_child(s, cmd);
	t_until_waiters(s, e, 1);
	EXPECT_EQ(-ENOENT, cancel(s, 5));
	t_until_waiters(s, e, 1);
	EXPECT_EQ(0, t_raw(s, t_cmd(KSHARE_OP_EVENT_SET, e)));
	EXPECT_EQ(0, t_wait(pid));
}

TEST_F(kshare, who_leaves_the_head_of_the_line_lets_others_go)
{
	struct side *s = &self->s;
	int sem = t_create_elem(s, KSHARE_TYPE_SEMAPHORE, 0, 1);
	struct kshare_cmd cmd = t_cmd(KSHARE_OP_SEMAPHORE_ACQUIRE, sem);
	struct t_thread *t = calloc(2, sizeof(*t));

	cmd.nr = 2;
	cmd.tag = 1;
	t_begin(s, &t[0], cmd, false);
	t_until_waiters(s, sem, 1);
	cmd.nr = 1;
	cmd.tag = 2;
	t_begin(s, &t[1], cmd, false);
	t_until_waiters(s, sem, 2);
	EXPECT_EQ(1, cancel(s, 1));
	EXPECT_EQ(-ECANCELED, t_end(&t[0]));
	EXPECT_EQ(0, t_end(&t[1]));
	EXPECT_EQ(-ENOENT, cancel(s, 2));
	free(t);
}

/* Cancelled or granted: the two agree on which, in every round. */
TEST_F(kshare, cancel_and_grant_agree)
{
	struct side *s = &self->s;
	int q = t_create(s, KSHARE_TYPE_QUEUE), round, rounds = t_rounds(600);
	struct kshare_cmd cmd = t_cmd(KSHARE_OP_QUEUE_GET, q);
	struct t_thread *t = calloc(1, sizeof(*t));
	int got = 0, cancelled = 0;

	cmd.tag = 9;
	for (round = 0; round < rounds; round++) {
		pid_t pid = 0;
		int ret;

		t_begin(s, t, cmd, false);
		t_until_waiters(s, q, 1);
		/* By turns the one and the other is ahead. */
		if (round % 64 == 0) {
			pid = t_child(s, t_cmd(KSHARE_OP_QUEUE_PUT, q));
			ret = cancel(s, 9);
			t_wait(pid);
		} else if (round % 2) {
			EXPECT_EQ(0, t_raw(s, t_cmd(KSHARE_OP_QUEUE_PUT, q)));
			ret = cancel(s, 9);
			EXPECT_EQ(-ENOENT, ret);
		} else {
			ret = cancel(s, 9);
			EXPECT_EQ(1, ret);
			EXPECT_EQ(0, t_raw(s, t_cmd(KSHARE_OP_QUEUE_PUT, q)));
		}
		if (ret == 1) {
			EXPECT_EQ(-ECANCELED, t_end(t));
			cancelled++;
			/* And so the message is there. */
			EXPECT_EQ(1, t_raw(s, t_cmd(KSHARE_OP_QUEUE_GET, q)));
		} else {
			EXPECT_EQ(1, t_end(t));
			got++;
		}
	}
	EXPECT_EQ(rounds, got + cancelled);
	T_OUTCOMES("%d taken, %d cancelled", got, cancelled);
	free(t);
}

TEST_HARNESS_MAIN
