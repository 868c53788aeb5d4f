// SPDX-License-Identifier: GPL-2.0
/* INSTANCE_OPEN: a host is told of an instance by its id, and gets a handle by that. */
#include "passing_test.h"
#include "class_test.h"

static struct kshare_cmd open_cmd(int class, uint64_t id)
{
	return t_with_key(KSHARE_OP_INSTANCE_OPEN, class, t_uint(id));
}

static int open_by(struct side *s, int class, uint64_t id)
{
	return t_raw(s, open_cmd(class, id));
}

static int describe(struct side *s, int h)
{
	return t_run(s, t_cmd(KSHARE_OP_CLASS_DESCRIBE, h));
}

TEST_F(kshare, a_host_gets_a_handle_by_the_id_that_it_is_told)
{
	struct side *s = &self->s;
	struct t_served w;
	struct t_host h;
	int it, again;
	pid_t pid;

	ASSERT_TRUE(t_be_host(s, &h, 0));
	pid = t_fork(s);
	if (!pid) {
		/* A method that returns the object itself */
		if (t_call(s, h.it, T_KEEP, t_none()) || s->out.head.count != 1 ||
		    s->out.values[0].type != KSHARE_REF)
			_exit(1);
		_exit(t_id(s, s->out.values[0].ref.handle) != t_id(s, h.it));
	}
	EXPECT_EQ(KSHARE_SERVE_CALL, t_serve(s, h.class, &w));
	it = open_by(s, h.class, w.id);
	ASSERT_LT(0, it);
	EXPECT_NE(h.it, it);
	EXPECT_EQ(w.id, t_id(s, it));
	EXPECT_EQ(KSHARE_RIGHT_ALL, t_rights(s, it));
	EXPECT_EQ(0, t_reply(s, h.class, w.call, t_ref(it)));
	EXPECT_EQ(0, t_wait(pid));
	/* It is a handle like any other: each has one of its own. */
	again = open_by(s, h.class, w.id);
	ASSERT_LT(0, again);
	EXPECT_NE(it, again);
	EXPECT_EQ(0, t_close(s, it));
	EXPECT_EQ(0, t_send(s, again, T_ECHO, t_int(4)));
	EXPECT_EQ(KSHARE_SERVE_CALL, t_serve_now(s, h.class, &w));
	EXPECT_EQ(T_COOKIE, w.cookie);
	EXPECT_EQ(4, w.arg[0].i);
}

TEST_F(kshare, nobody_else_does)
{
	struct side *s = &self->s;
	struct t_host h;
	uint64_t id;
	pid_t pid;
	int few;

	ASSERT_TRUE(t_be_host(s, &h, 0));
	id = t_id(s, h.it);
	/* With all rights, by a copy of the host's own handle */
	pid = t_fork(s);
	if (!pid) {
		if (open_by(s, h.class, id) != -EPERM)
			_exit(1);
		/* Nor is it told whether there is such an instance. */
		if (open_by(s, h.class, id + 1000) != -EPERM)
			_exit(2);
		_exit(0);
	}
	EXPECT_EQ(0, t_wait(pid));
	few = t_dup(s, h.class, T_ALL_BUT(KSHARE_RIGHT_MANAGE));
	ASSERT_LT(0, few);
	EXPECT_EQ(-EACCES, open_by(s, few, id));
	/* Not by an instance, nor by the domain: it is the class that is asked. */
	EXPECT_EQ(-ENOTTY, open_by(s, h.it, id));
	EXPECT_EQ(-ENOTTY, open_by(s, 1, id));
	/* Who was the host is it no more. */
	EXPECT_EQ(0, t_unregister(s, h.class));
	EXPECT_EQ(-EPERM, open_by(s, h.class, id));
}

TEST_F(kshare, what_is_no_instance_of_the_class_is_not_found)
{
	struct side *s = &self->s;
	int i, cell = t_create(s, KSHARE_TYPE_CELL);
	struct kshare_stat before, after;
	struct t_host h, other;
	uint64_t ids[8] = {};

	ASSERT_TRUE(t_be_host(s, &h, 0));
	ASSERT_TRUE(t_host_of(s, &other, "other", 0));
	ids[1] = t_id(s, h.it) + 1000;
	ids[2] = UINT64_MAX;
	ids[3] = INT64_MAX;
	ids[4] = t_id(s, other.it);
	ids[5] = t_id(s, h.class);
	ids[6] = t_id(s, cell);
	ids[7] = t_id(s, 1);
	ASSERT_EQ(0, t_stat(s, 1, &before));
	for (i = 0; i < 8; i++)
		EXPECT_EQ(-ENOENT, open_by(s, h.class, ids[i])) {
			TH_LOG("%d", i);
		}
	/* What was got ready for a handle is given back. */
	ASSERT_EQ(0, t_stat(s, 1, &after));
	for (i = 0; i < KSHARE_LIMIT_COUNT; i++)
		EXPECT_EQ(before.used[i], after.used[i]);
}

TEST_F(kshare, it_is_not_released_before_that_handle_is_closed)
{
	struct side *s = &self->s;
	struct t_served w;
	struct t_host h;
	uint64_t id;
	int it;

	ASSERT_TRUE(t_be_host(s, &h, 0));
	id = t_id(s, h.it);
	it = open_by(s, h.class, id);
	ASSERT_LT(0, it);
	EXPECT_EQ(0, t_close(s, h.it));
	EXPECT_EQ(-EAGAIN, t_serve_now(s, h.class, &w));
	/* And as long as it is there it can be opened. */
	h.it = open_by(s, h.class, id);
	ASSERT_LT(0, h.it);
	EXPECT_EQ(0, t_close(s, it));
	EXPECT_EQ(-EAGAIN, t_serve_now(s, h.class, &w));
	EXPECT_EQ(0, t_close(s, h.it));
	/* Told or not, it is gone. */
	EXPECT_EQ(-ENOENT, open_by(s, h.class, id));
	EXPECT_EQ(KSHARE_SERVE_RELEASE, t_serve_now(s, h.class, &w));
	EXPECT_EQ(id, w.id);
	EXPECT_EQ(T_COOKIE, w.cookie);
	EXPECT_EQ(-ENOENT, open_by(s, h.class, id));
	EXPECT_EQ(-EAGAIN, t_serve_now(s, h.class, &w));
}

TEST_F(kshare, what_others_keep_can_be_opened)
{
	struct side *s = &self->s;
	int box = t_create(s, KSHARE_TYPE_LIST), it;
	struct t_served w;
	struct t_host h;
	uint64_t id;

	ASSERT_TRUE(t_be_host(s, &h, 0));
	id = t_id(s, h.it);
	EXPECT_EQ(0, t_append(s, box, t_ref(h.it)));
	EXPECT_EQ(0, t_close(s, h.it));
	it = open_by(s, h.class, id);
	ASSERT_LT(0, it);
	EXPECT_EQ(id, t_id(s, it));
	EXPECT_EQ(0, t_raw(s, t_cmd(KSHARE_OP_LIST_POP, box)));
	EXPECT_EQ(-EAGAIN, t_serve_now(s, h.class, &w));
	EXPECT_EQ(0, t_close(s, it));
	EXPECT_EQ(KSHARE_SERVE_RELEASE, t_serve_now(s, h.class, &w));
}

TEST_F(kshare, an_adopter_opens_what_it_did_not_make)
{
	struct side *s = &self->s;
	int class, it, box = t_create(s, KSHARE_TYPE_LIST);
	struct kshare_cmd cmd;
	uint64_t id;
	pid_t pid;

	t_share_counts();
	pid = t_host_child(s, box, 0);
	class = t_open_class(s, "thing");
	ASSERT_LT(0, class);
	EXPECT_EQ(1000 + SIGKILL, t_end_child(pid));
	cmd = t_cmd(KSHARE_OP_CLASS_ADOPT, class);
	cmd.flags = KSHARE_NOWAIT;
	EXPECT_EQ(2, t_raw(s, cmd));
	cmd = t_with_nr(KSHARE_OP_CLASS_INSTANCES, class, 10);
	ASSERT_EQ(1, t_run(s, cmd));
	id = s->out.values[0].u;
	it = open_by(s, class, id);
	ASSERT_LT(0, it);
	EXPECT_EQ(id, t_id(s, it));
	EXPECT_EQ(1, describe(s, it));
}

TEST_F(kshare, it_takes_a_handle_within_the_limit_which_need_not_be_inherited)
{
	struct side *s = &self->s;
	struct kshare_cmd cmd, limit = t_with_nr(KSHARE_OP_DOMAIN_LIMIT, 1, KSHARE_LIMIT_HANDLES);
	struct kshare_stat stat;
	struct t_host h;
	pid_t pid;
	int it, few;

	ASSERT_TRUE(t_be_host(s, &h, 0));
	cmd = open_cmd(h.class, t_id(s, h.it));
	cmd.flags = KSHARE_NO_INHERIT;
	few = t_raw(s, cmd);
	it = open_by(s, h.class, t_id(s, h.it));
	ASSERT_LT(0, few);
	ASSERT_LT(0, it);
	pid = t_fork(s);
	if (!pid)
		_exit(describe(s, few) != -EBADF || describe(s, it) != 1);
	EXPECT_EQ(0, t_wait(pid));
	ASSERT_EQ(0, t_stat(s, 1, &stat));
	limit.value = t_uint(stat.used[KSHARE_LIMIT_HANDLES]);
	ASSERT_EQ(0, t_raw(s, limit));
	cmd.flags = 0;
	EXPECT_EQ(-EDQUOT, t_raw(s, cmd));
	EXPECT_EQ(0, t_close(s, few));
	EXPECT_LT(0, t_raw(s, cmd));
}

static void *close_it(void *arg)
{
	struct t_thread *t = arg;

	t->ret = ioctl(t->fd, KSHARE_IOC_CMD, &t->cmd) ? -errno : 0;
	return NULL;
}

/* Either there is a handle, and no release before that is closed, or it was too late. */
TEST_F(kshare, opened_while_the_last_handle_is_closed)
{
	struct side *s = &self->s;
	int i, it, rounds = t_rounds(500), seen[2] = {};
	struct t_thread t = { .fd = s->fd };
	struct t_served w;
	struct t_host h;
	uint64_t id;

	ASSERT_TRUE(t_be_host(s, &h, 0));
	for (i = 0; i < rounds; i++) {
		int last = t_instance(s, h.class, i);

		ASSERT_LT(0, last);
		id = t_id(s, last);
		t.cmd = t_cmd(KSHARE_OP_CLOSE, last);
		ASSERT_EQ(0, pthread_create(&t.id, NULL, close_it, &t));
		it = open_by(s, h.class, id);
		pthread_join(t.id, NULL);
		EXPECT_EQ(0, t.ret);
		seen[it < 0]++;
		if (it > 0) {
			EXPECT_EQ(-EAGAIN, t_serve_now(s, h.class, &w));
			EXPECT_EQ(id, t_id(s, it));
			EXPECT_EQ(0, t_close(s, it));
		} else {
			EXPECT_EQ(-ENOENT, it);
		}
		EXPECT_EQ(KSHARE_SERVE_RELEASE, t_serve_now(s, h.class, &w));
		EXPECT_EQ(id, w.id);
		EXPECT_EQ(i, w.cookie);
	}
	T_OUTCOMES("%d opened, %d came too late", seen[0], seen[1]);
}

TEST_HARNESS_MAIN
