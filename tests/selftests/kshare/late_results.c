// SPDX-License-Identifier: GPL-2.0
/*
 * A command is kept from writing its result, since the page is not there yet.  Others go on
 * meanwhile; and in the end the result can be written, or it is given back.
 */
#include "passing_test.h"
#include "class_test.h"

/* Begins a command whose result is to go to that page. */
static void begin(struct side *s, struct t_thread *t, struct kshare_cmd cmd, struct t_lazy *lazy)
{
	cmd.out = (uintptr_t)lazy->page;
	cmd.out_len = T_PAGE;
	t_begin(s, t, cmd, false);
}

static int put(struct side *s, int q, struct kshare_value v)
{
	struct kshare_cmd cmd = t_cmd(KSHARE_OP_QUEUE_PUT, q);

	cmd.value = v;
	return t_raw(s, cmd);
}

static int join(struct side *s, int q)
{
	struct kshare_cmd cmd = t_cmd(KSHARE_OP_QUEUE_JOIN, q);

	cmd.flags = KSHARE_NOWAIT;
	return t_raw(s, cmd);
}

TEST_F(kshare, what_comes_back_to_a_queue_that_was_shut_down_is_dropped_and_done_with)
{
	static const char * const texts[] = { "short", "one that has memory of its own" };
	struct kshare_cmd get, shut;
	struct kshare_stat before, after;
	struct side *s = &self->s;
	struct t_thread joiner;
	struct t_thread t;
	struct t_lazy lazy;
	int i, q;

	for (i = 0; i < 8; i++) {
		bool many = i & 4;

		q = t_create(s, KSHARE_TYPE_QUEUE);
		ASSERT_EQ(0, t_stat(s, q, &before));
		if (!t_lazy_begin(&lazy, NULL))
			SKIP(return, "no userfaultfd");
		get = t_cmd(many ? KSHARE_OP_QUEUE_GET_MANY : KSHARE_OP_QUEUE_GET, q);
		get.flags = i & 1 ? KSHARE_LEASE : 0;
		get.nr = many ? 3 : 0;
		begin(s, &t, get, &lazy);
		t_until_waiters(s, q, 1);
		ASSERT_EQ(0, put(s, q, t_str(texts[i / 2 % 2])));
		/* It was handed the message, and cannot say so. */
		ASSERT_TRUE(t_lazy_touched(&lazy));
		EXPECT_EQ(-EAGAIN, join(s, q));
		t_begin(s, &joiner, t_cmd(KSHARE_OP_QUEUE_JOIN, q), false);
		t_until_waiters(s, q, 1);
		shut = t_cmd(KSHARE_OP_QUEUE_SHUTDOWN, q);
		shut.flags = KSHARE_IMMEDIATE;
		EXPECT_EQ(0, t_raw(s, shut));
		EXPECT_EQ(-EAGAIN, join(s, q));
		t_lazy_end(&lazy);
		EXPECT_EQ(-EFAULT, t_end(&t));
		EXPECT_EQ(0, t_end(&joiner));
		EXPECT_EQ(0, join(s, q));
		ASSERT_EQ(0, t_stat(s, q, &after));
		EXPECT_EQ(0, after.length);
		EXPECT_EQ(before.bytes, after.bytes);
		EXPECT_EQ(0, t_close(s, q));
	}
}

/* More than there was when it began: each reference becomes a handle of its own. */
TEST_F(kshare, what_was_put_while_the_result_waits_is_got_as_well)
{
	const struct kshare_result *head;
	const struct kshare_value *v;
	struct side *s = &self->s;
	struct kshare_cmd get;
	struct t_thread t;
	struct t_lazy lazy;
	int i, q = t_create(s, KSHARE_TYPE_QUEUE), cells[5];

	if (!t_lazy_begin(&lazy, NULL))
		SKIP(return, "no userfaultfd");
	for (i = 0; i < 5; i++)
		cells[i] = t_number_cell(s, i);
	put(s, q, t_ref(cells[0]));
	put(s, q, t_ref(cells[1]));
	get = t_with_nr(KSHARE_OP_QUEUE_GET_MANY, q, 10);
	get.flags = KSHARE_NOWAIT;
	begin(s, &t, get, &lazy);
	ASSERT_TRUE(t_lazy_touched(&lazy));
	for (i = 2; i < 5; i++)
		EXPECT_EQ(0, put(s, q, t_ref(cells[i])));
	EXPECT_TRUE(t_lazy_fill(&lazy, ""));
	EXPECT_EQ(5, t_end(&t));
	head = (void *)lazy.page;
	v = (void *)(head + 1);
	EXPECT_EQ(5, head->count);
	for (i = 0; i < 5; i++) {
		EXPECT_EQ(KSHARE_REF, v[i].type);
		EXPECT_NE(cells[i], v[i].ref.handle);
		EXPECT_EQ(i, t_number_of(s, v[i].ref.handle));
		EXPECT_EQ(0, t_close(s, v[i].ref.handle));
	}
	t_lazy_end(&lazy);
}

TEST_F(kshare, a_call_whose_caller_has_gone_before_the_host_knew_of_it_is_not_told)
{
	struct side *s = &self->s;
	struct t_served served;
	struct t_thread t;
	struct t_lazy lazy;
	struct t_host h;
	pid_t pid;
	int i;

	ASSERT_TRUE(t_be_host(s, &h, 0));
	for (i = 0; i < 2; i++) {
		if (!t_lazy_begin(&lazy, NULL))
			SKIP(return, "no userfaultfd");
		begin(s, &t, t_cmd(KSHARE_OP_SERVE, h.class), &lazy);
		t_until_waiters(s, h.class, 1);
		pid = t_child(s, t_call_cmd(h.it, T_KEEP, t_str("one that has memory of its own")));
		ASSERT_TRUE(t_lazy_touched(&lazy));
		/* The second time it is still there, and comes again. */
		if (!i)
			t_end_child(pid);
		t_lazy_end(&lazy);
		EXPECT_EQ(-EFAULT, t_end(&t));
		if (!i) {
			EXPECT_EQ(-EAGAIN, t_serve_now(s, h.class, &served));
			continue;
		}
		EXPECT_EQ(KSHARE_SERVE_CALL, t_serve_now(s, h.class, &served));
		EXPECT_EQ(1, served.args);
		EXPECT_TRUE(t_is_str(served.arg, "one that has memory of its own"));
		EXPECT_EQ(0, t_reply(s, h.class, served.call, t_none()));
		EXPECT_EQ(0, t_wait(pid));
	}
}

/* The one that was carried out could say so, and the whole cannot. */
TEST_F(kshare, one_of_several_is_given_back_if_it_cannot_be_told_which)
{
	struct side *s = &self->s;
	int q = t_create(s, KSHARE_TYPE_QUEUE);
	struct kshare_cmd any = t_cmd(KSHARE_OP_WAIT_ANY, 0);
	struct kshare_cmd member = t_cmd(KSHARE_OP_QUEUE_GET, q);
	struct t_thread t;
	struct t_lazy lazy;
	void *page;

	if (!t_lazy_begin(&lazy, NULL))
		SKIP(return, "no userfaultfd");
	page = mmap(NULL, T_PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ASSERT_EQ(0, put(s, q, t_str("one that has memory of its own")));
	member.out = (uintptr_t)lazy.page;
	member.out_len = T_PAGE;
	any.value = t_bytes(&member, sizeof(member));
	any.out = (uintptr_t)page;
	any.out_len = T_PAGE;
	t_begin(s, &t, any, false);
	ASSERT_TRUE(t_lazy_touched(&lazy));
	ASSERT_EQ(0, munmap(page, T_PAGE));
	EXPECT_TRUE(t_lazy_fill(&lazy, ""));
	EXPECT_EQ(-EFAULT, t_end(&t));
	/* As if it had not been taken */
	any = t_cmd(KSHARE_OP_QUEUE_GET, q);
	any.flags = KSHARE_NOWAIT;
	EXPECT_EQ(1, t_run(s, any));
	EXPECT_TRUE(t_is_str(&s->out.values[0], "one that has memory of its own"));
	t_lazy_end(&lazy);
}

/* Cancelled, it has the lock again; but who does not know of it would never release it. */
TEST_F(kshare, a_lock_that_it_cannot_be_told_of_goes_to_the_next)
{
	struct side *s = &self->s;
	int l = t_create(s, KSHARE_TYPE_LOCK), c;
	struct kshare_cmd wait, take;
	struct kshare_stat stat;
	struct t_thread t;
	struct t_lazy lazy;
	pid_t pid;

	if (!t_lazy_begin(&lazy, NULL))
		SKIP(return, "no userfaultfd");
	c = t_create_with(s, KSHARE_TYPE_CONDITION, 0, t_none(), t_ref(l));
	take = t_with_key(KSHARE_OP_LOCK_ACQUIRE, l, t_int(5));
	ASSERT_EQ(1, t_raw(s, take));
	wait = t_with_key(KSHARE_OP_CONDITION_WAIT, c, t_int(5));
	wait.tag = 77;
	begin(s, &t, wait, &lazy);
	t_until_waiters(s, c, 1);
	ASSERT_LE(0, t_cancel(s, 77));
	ASSERT_TRUE(t_lazy_touched(&lazy));
	ASSERT_EQ(0, t_stat(s, l, &stat));
	EXPECT_EQ(getpid(), stat.holder_pid);
	EXPECT_EQ(5, stat.owner);
	take.key = t_int(6);
	pid = t_child(s, take);
	ASSERT_TRUE(t_until_it_waits(s, l, 1, pid));
	t_lazy_end(&lazy);
	EXPECT_EQ(-EFAULT, t_end(&t));
	EXPECT_EQ(0, t_wait(pid));
}

TEST_HARNESS_MAIN
