// SPDX-License-Identifier: GPL-2.0
/*
 * Hosts that die, close or give up: all who wait are told, what there is of the class
 * stays, and another client may adopt it.
 */
#include "passing_test.h"
#include "class_test.h"

static int describe(struct side *s, int h)
{
	return t_run(s, t_cmd(KSHARE_OP_CLASS_DESCRIBE, h));
}

/* ADOPT without waiting */
static int adopt_now(struct side *s, int class)
{
	struct kshare_cmd cmd = t_cmd(KSHARE_OP_CLASS_ADOPT, class);

	cmd.flags = KSHARE_NOWAIT;
	return t_raw(s, cmd);
}

/* ADOPT, when it is time */
static int adopt(struct side *s, int class)
{
	struct kshare_cmd cmd = t_cmd(KSHARE_OP_CLASS_ADOPT, class);

	cmd.deadline = t_now() + T_LONG;
	return t_raw(s, cmd);
}

static int set_cookie(struct side *s, int class, uint64_t id, int64_t cookie)
{
	struct kshare_cmd cmd = t_cmd(KSHARE_OP_CLASS_COOKIE, class);

	cmd.key = t_int(id);
	cmd.value = t_int(cookie);
	return t_raw(s, cmd);
}

static uint64_t token(struct side *s, int class)
{
	struct kshare_stat stat;

	return t_stat(s, class, &stat) ? 0 : stat.token;
}

/* How a host goes */
enum { BY_SIGKILL, BY_UNREGISTER, BY_CLOSE, WAYS };

static const char *const ways[WAYS] = { "SIGKILL", "UNREGISTER", "CLOSE" };

enum { READY, TAKEN, GO, GONE };

/* A child which is a host, takes @taken calls, and goes when t_counts[GO] says so. */
static pid_t host_that_goes(struct side *s, int box, int way, int taken)
{
	struct kshare_cmd cmd;
	struct t_served w;
	struct t_host h;
	pid_t pid;
	int i;

	t_share_counts();
	pid = t_fork(s);
	if (pid)
		return pid;
	if (!t_be_host(s, &h, 0))
		_exit(1);
	cmd = t_cmd(KSHARE_OP_LIST_APPEND, box);
	cmd.value = t_ref(h.it);
	if (t_raw(s, cmd) || t_close(s, h.it))
		_exit(2);
	t_count(READY);
	for (i = 0; i < taken; i++)
		if (t_serve(s, h.class, &w) != KSHARE_SERVE_CALL)
			_exit(3);
	t_count(TAKEN);
	while (!t_counted(GO))
		sched_yield();
	if (way == BY_SIGKILL)
		kill(getpid(), SIGKILL);
	if (way == BY_UNREGISTER ? t_unregister(s, h.class) : t_close(s, h.class))
		_exit(4);
	t_count(GONE);
	/* It lives on, but not as the host. */
	if (way == BY_UNREGISTER && t_serve_now(s, h.class, &w) != -EPERM)
		_exit(5);
	for (;;)
		pause();
}

TEST_F(kshare, all_who_wait_are_told_that_the_host_has_gone)
{
	struct side *s = &self->s;
	int i, way, it, class, box = t_create(s, KSHARE_TYPE_LIST);
	struct kshare_stat stat;
	pid_t pid, pids[4];

	for (way = 0; way < WAYS; way++) {
		pid = host_that_goes(s, box, way, 2);
		ASSERT_TRUE(t_until_counted(READY, 1));
		it = t_take_out(s, box);
		class = t_open_class(s, "thing");
		ASSERT_LT(0, it);
		ASSERT_LT(0, class);
		for (i = 0; i < 4; i++)
			pids[i] = t_caller(s, t_call_cmd(it, T_KEEP, t_int(i)), -EOWNERDEAD, 0);
		/* Two of them are taken, two are not. */
		ASSERT_TRUE(t_until_counted(TAKEN, 1));
		t_until_waiters(s, class, 4);
		ASSERT_EQ(0, t_stat(s, class, &stat));
		EXPECT_EQ(pid, stat.holder_pid);
		t_count(GO);
		for (i = 0; i < 4; i++)
			EXPECT_EQ(0, t_wait(pids[i])) {
				TH_LOG("%s", ways[way]);
			}
		if (way != BY_SIGKILL)
			ASSERT_TRUE(t_until_counted(GONE, 1));
		/* And so is who comes later. */
		EXPECT_EQ(-EOWNERDEAD, t_call(s, it, T_ECHO, t_int(1)));
		EXPECT_EQ(-EOWNERDEAD, t_send(s, it, T_ECHO, t_int(1)));
		EXPECT_EQ(0, describe(s, it));
		ASSERT_EQ(0, t_stat(s, class, &stat));
		EXPECT_EQ(0, stat.holder_pid);
		EXPECT_EQ(0, stat.waiters);
		EXPECT_EQ(1, stat.length);
		EXPECT_EQ(1000 + SIGKILL, t_end_child(pid));
		/* Only who has given it up has given its name up. */
		class = t_open_class(s, "thing");
		EXPECT_EQ(way == BY_UNREGISTER, class == -ENOENT);
	}
}

/* What it was just being told is the next one's. */
TEST_F(kshare, threads_of_the_host_are_told_too)
{
	struct side *s = &self->s;
	struct t_thread *t = calloc(2, sizeof(*t));
	struct t_host h;
	int i;

	ASSERT_TRUE(t_be_host(s, &h, 0));
	for (i = 0; i < 2; i++)
		t_begin(s, &t[i], t_cmd(KSHARE_OP_SERVE, h.class), true);
	t_until_waiters(s, h.class, 2);
	EXPECT_EQ(0, t_unregister(s, h.class));
	for (i = 0; i < 2; i++)
		EXPECT_EQ(-ESHUTDOWN, t_end(&t[i]));
	free(t);
}

/* A second handle to the class is one: it is the last that counts. */
TEST_F(kshare, a_host_is_one_until_it_closes_its_last_handle)
{
	struct side *s = &self->s;
	struct t_host h;
	int again;

	ASSERT_TRUE(t_be_host(s, &h, 0));
	again = t_open_class(s, "thing");
	ASSERT_LT(0, again);
	EXPECT_EQ(0, t_close(s, h.class));
	EXPECT_EQ(1, describe(s, h.it));
	EXPECT_EQ(0, t_send(s, h.it, T_ECHO, t_int(1)));
	EXPECT_EQ(0, t_close(s, again));
	/* The instance still keeps the class. */
	EXPECT_EQ(0, describe(s, h.it));
	EXPECT_EQ(-EOWNERDEAD, t_send(s, h.it, T_ECHO, t_int(1)));
}

/* More than are told in one go, half of which were taken */
TEST_F(kshare, however_many_wait_are_told)
{
	struct side *s = &self->s;
	struct t_thread *t = calloc(100, sizeof(*t));
	struct t_served w;
	struct t_host h;
	int i;

	ASSERT_TRUE(t_be_host(s, &h, 0));
	for (i = 0; i < 100; i++)
		t_begin(s, &t[i], t_call_cmd(h.it, T_KEEP, t_int(i)), i % 2);
	t_until_waiters(s, h.class, 100);
	for (i = 0; i < 50; i++)
		EXPECT_EQ(KSHARE_SERVE_CALL, t_serve_now(s, h.class, &w));
	EXPECT_EQ(0, t_unregister(s, h.class));
	for (i = 0; i < 100; i++)
		EXPECT_EQ(-EOWNERDEAD, t_end(&t[i]));
	free(t);
}

/* As if it had closed it: there is no other way to it left. */
TEST_F(kshare, a_host_whose_only_handle_is_revoked_is_none_any_more)
{
	struct side *s = &self->s;
	struct t_thread *t = calloc(1, sizeof(*t));
	struct t_host h;
	int g;

	ASSERT_TRUE(t_be_host(s, &h, 0));
	g = t_revocable(s, h.class);
	ASSERT_LT(0, g);
	EXPECT_EQ(0, t_close(s, h.class));
	EXPECT_EQ(1, describe(s, h.it));
	t_begin(s, t, t_cmd(KSHARE_OP_SERVE, g), true);
	h.class = t_open_class(s, "thing");
	ASSERT_LT(0, h.class);
	t_until_waiters(s, h.class, 1);
	EXPECT_EQ(0, t_close(s, h.class));
	EXPECT_EQ(1, describe(s, h.it));
	EXPECT_EQ(0, t_revoke(s, g));
	EXPECT_EQ(-ESTALE, t_end(t));
	EXPECT_EQ(0, describe(s, h.it));
	EXPECT_EQ(-EOWNERDEAD, t_call(s, h.it, T_ECHO, t_int(1)));
	free(t);
}

TEST_F(kshare, the_name_of_a_dead_hosts_class_is_for_the_next)
{
	static struct t_class c;
	struct side *s = &self->s;
	int it, old, new, box = t_create(s, KSHARE_TYPE_LIST);
	pid_t pid;

	t_share_counts();
	pid = t_host_child(s, box, 0);
	it = t_take_out(s, box);
	old = t_open_class(s, "thing");
	ASSERT_LT(0, old);
	t_usual(&c, 0);
	EXPECT_EQ(-EEXIST, t_register(s, "thing", &c));
	EXPECT_EQ(1000 + SIGKILL, t_end_child(pid));
	new = t_register(s, "thing", &c);
	ASSERT_LT(0, new);
	EXPECT_NE(t_id(s, old), t_id(s, new));
	EXPECT_EQ(t_id(s, new), t_id(s, t_open_class(s, "thing")));
	EXPECT_EQ(1, token(s, new));
	EXPECT_EQ(-EOWNERDEAD, t_call(s, it, T_ECHO, t_int(1)));
	/* That has no name any more, but it can be adopted all the same. */
	EXPECT_EQ(2, adopt_now(s, old));
	EXPECT_EQ(0, t_send(s, it, T_ECHO, t_int(1)));
	EXPECT_EQ(t_id(s, new), t_id(s, t_open_class(s, "thing")));
}

/* ---- adoption ---- */

TEST_F(kshare, who_waits_for_it_adopts_the_class)
{
	struct side *s = &self->s;
	int it, class, box = t_create(s, KSHARE_TYPE_LIST);
	struct kshare_cmd cmd;
	struct t_served w;
	struct t_thread *t = calloc(1, sizeof(*t));
	struct kshare_stat stat;
	pid_t pid, caller;
	uint64_t id;

	t_share_counts();
	pid = t_host_child(s, box, 0);
	it = t_take_out(s, box);
	class = t_open_class(s, "thing");
	ASSERT_LT(0, it);
	id = t_id(s, it);
	EXPECT_EQ(-EAGAIN, adopt_now(s, class));
	cmd = t_cmd(KSHARE_OP_CLASS_ADOPT, class);
	cmd.deadline = 1;
	EXPECT_EQ(-ETIMEDOUT, t_raw(s, cmd));
	t_begin(s, t, t_cmd(KSHARE_OP_CLASS_ADOPT, class), false);
	/* The host waits as well, for something to do. */
	t_until_waiters(s, class, 2);
	EXPECT_EQ(1, token(s, class));
	EXPECT_EQ(1000 + SIGKILL, t_end_child(pid));
	EXPECT_EQ(2, t_end(t));
	EXPECT_EQ(2, token(s, class));
	ASSERT_EQ(0, t_stat(s, class, &stat));
	EXPECT_EQ(getpid(), stat.holder_pid);
	EXPECT_EQ(1, describe(s, class));

	/* What the cookie means was the other one's. */
	cmd = t_cmd(KSHARE_OP_CLASS_INSTANCES, class);
	cmd.nr = 10;
	EXPECT_EQ(1, t_run(s, cmd));
	EXPECT_EQ(id, s->out.values[0].u);
	EXPECT_EQ(T_COOKIE, s->out.values[1].u);
	EXPECT_EQ(0, set_cookie(s, class, id, 99));
	/* A caller sees by the token that it is another one who answers. */
	caller = t_fork(s);
	if (!caller)
		_exit(t_call(s, it, T_ECHO, t_int(4)) || s->out.head.number != 2 ||
		      s->out.values[0].i != 4);
	EXPECT_EQ(KSHARE_SERVE_CALL, t_serve(s, class, &w));
	EXPECT_EQ(99, w.cookie);
	EXPECT_EQ(0, t_echo(s, class, &w));
	EXPECT_EQ(0, t_wait(caller));
	EXPECT_LT(0, t_instance(s, class, 1));
	free(t);
}

TEST_F(kshare, one_of_many_adopts_it)
{
	struct side *s = &self->s;
	int i, ret, class, box = t_create(s, KSHARE_TYPE_LIST), n = 4, round;
	pid_t pid, pids[4];

	t_share_counts();
	pid = t_host_child(s, box, 0);
	t_close(s, t_take_out(s, box));
	class = t_open_class(s, "thing");
	ASSERT_LT(0, class);
	for (i = 0; i < n; i++) {
		pids[i] = t_fork(s);
		if (!pids[i]) {
			ret = adopt(s, class);
			if (ret < 0)
				_exit(-ret);
			t_counts[64] = ret;
			t_count(0);
			for (;;)
				pause();
		}
	}
	t_until_waiters(s, class, n + 1);
	EXPECT_EQ(1000 + SIGKILL, t_end_child(pid));
	/* Each after the one before it has died */
	for (round = 0; round < n; round++) {
		struct kshare_stat stat;

		ASSERT_TRUE(t_until_counted(0, round + 1));
		EXPECT_EQ(2 + round, t_counts[64]);
		ASSERT_EQ(0, t_stat(s, class, &stat));
		EXPECT_EQ(2 + round, stat.token);
		EXPECT_EQ(n - 1 - round, stat.waiters);
		for (i = 0; i < n && pids[i] != stat.holder_pid; i++)
			;
		ASSERT_GT(n, i);
		EXPECT_EQ(1000 + SIGKILL, t_end_child(pids[i]));
		pids[i] = -1;
	}
	EXPECT_EQ(0, describe(s, class));
}

TEST_F(kshare, register_adopts_what_is_the_same)
{
	static struct t_class c, other;
	struct side *s = &self->s;
	int it, class, d, box = t_create(s, KSHARE_TYPE_LIST);
	struct kshare_cmd cmd;
	struct t_served w;
	pid_t pid;

	t_share_counts();
	pid = t_host_child(s, box, 0);
	it = t_take_out(s, box);
	t_usual(&c, 0);
	EXPECT_EQ(-EEXIST, t_raw(s, t_adopt_cmd(1, "thing", &c)));
	EXPECT_EQ(1000 + SIGKILL, t_end_child(pid));

	/* Another description, by the least there is */
	other = c;
	t_class_method(&other, 0)->flags = 0;
	EXPECT_EQ(-EINVAL, t_raw(s, t_adopt_cmd(1, "thing", &other)));
	other = c;
	t_class_field(&other, 0)->types = 1 << KSHARE_INT;
	EXPECT_EQ(-EINVAL, t_raw(s, t_adopt_cmd(1, "thing", &other)));
	other = c;
	t_add_field(&other, "more", 0, 0);
	EXPECT_EQ(-EINVAL, t_raw(s, t_adopt_cmd(1, "thing", &other)));
	other = c;
	other.info.fields--;
	EXPECT_EQ(-EINVAL, t_raw(s, t_adopt_cmd(1, "thing", &other)));
	/* To have it without a host is to manage it. */
	cmd = t_with_nr(KSHARE_OP_DUP, 1, KSHARE_RIGHT_ALL & ~KSHARE_RIGHT_MANAGE);
	d = t_raw(s, cmd);
	EXPECT_EQ(-EACCES, t_raw(s, t_adopt_cmd(d, "thing", &c)));
	/* None of these has changed anything. */
	EXPECT_EQ(0, describe(s, it));
	class = t_raw(s, t_adopt_cmd(1, "thing", &c));
	ASSERT_LT(0, class);
	EXPECT_EQ(2, token(s, class));
	EXPECT_EQ(1, describe(s, it));
	EXPECT_EQ(0, t_send(s, it, T_ECHO, t_int(3)));
	EXPECT_EQ(KSHARE_SERVE_CALL, t_serve_now(s, class, &w));
	EXPECT_EQ(T_COOKIE, w.cookie);
	EXPECT_EQ(t_id(s, it), w.id);
	/* Where there is none it is a new one. */
	EXPECT_EQ(1, token(s, t_raw(s, t_adopt_cmd(1, "new", &c))));
}

TEST_F(kshare, adoption_can_be_cancelled)
{
	struct side *s = &self->s;
	struct t_thread *t = calloc(1, sizeof(*t));
	struct kshare_cmd cmd;
	struct t_host h;

	ASSERT_TRUE(t_be_host(s, &h, 0));
	/* The host itself would wait for ever, and it may. */
	cmd = t_cmd(KSHARE_OP_CLASS_ADOPT, h.class);
	cmd.tag = 3;
	t_begin(s, t, cmd, false);
	t_until_waiters(s, h.class, 1);
	EXPECT_EQ(1, t_cancel(s, 3));
	EXPECT_EQ(-ECANCELED, t_end(t));
	/* Until it gives the class up */
	cmd.tag = 0;
	t_begin(s, t, cmd, false);
	t_until_waiters(s, h.class, 1);
	EXPECT_EQ(0, t_unregister(s, h.class));
	EXPECT_EQ(2, t_end(t));
	EXPECT_EQ(0, t_send(s, h.it, T_ECHO, t_none()));
	free(t);
}

/* A call is answered by him who took it, or by nobody. */
TEST_F(kshare, an_adopter_does_not_answer_its_predecessors_calls)
{
	struct side *s = &self->s;
	int it, class, box = t_create(s, KSHARE_TYPE_LIST);
	pid_t pid, caller;
	struct t_served w;
	int i;

	pid = host_that_goes(s, box, BY_SIGKILL, 1);
	ASSERT_TRUE(t_until_counted(READY, 1));
	it = t_take_out(s, box);
	class = t_open_class(s, "thing");
	caller = t_caller(s, t_call_cmd(it, T_KEEP, t_int(1)), -EOWNERDEAD, 0);
	ASSERT_TRUE(t_until_counted(TAKEN, 1));
	t_count(GO);
	EXPECT_EQ(1000 + SIGKILL, t_wait(pid));
	EXPECT_EQ(0, t_wait(caller));
	EXPECT_EQ(2, adopt(s, class));
	for (i = 0; i < 5; i++)
		EXPECT_EQ(-ENOENT, t_reply(s, class, i, t_none()));
	/* Nor is it told of what had been abandoned before. */
	EXPECT_EQ(-EAGAIN, t_serve_now(s, class, &w));
}

/* The masks of handles are of the class, not of its host. */
TEST_F(kshare, a_handles_methods_are_the_same_after_adoption)
{
	struct side *s = &self->s;
	struct kshare_cmd cmd;
	struct t_served w;
	struct t_host h;
	int few;

	ASSERT_TRUE(t_be_host(s, &h, 0));
	cmd = t_cmd(KSHARE_OP_DUP, h.it);
	cmd.flags = KSHARE_METHODS;
	cmd.value = t_uint(1 << T_KEEP);
	few = t_raw(s, cmd);
	ASSERT_LT(0, few);
	EXPECT_EQ(0, t_unregister(s, h.class));
	EXPECT_EQ(-EACCES, t_call(s, few, T_ECHO, t_none()));
	EXPECT_EQ(-EOWNERDEAD, t_call(s, few, T_KEEP, t_none()));
	EXPECT_EQ(2, adopt_now(s, h.class));
	EXPECT_EQ(-EACCES, t_call(s, few, T_ECHO, t_none()));
	EXPECT_EQ(0, t_send(s, few, T_KEEP, t_none()));
	EXPECT_EQ(KSHARE_SERVE_CALL, t_serve_now(s, h.class, &w));
	EXPECT_EQ(T_KEEP, w.method);
}

TEST_HARNESS_MAIN
