// SPDX-License-Identifier: GPL-2.0
/*
 * Who calls: the kernel tells it, as the host's namespaces see it.
 */
#include "sharing_test.h"
#include "class_test.h"

/* A process and a user as SERVE tells them */
static uint64_t user(uid_t uid, gid_t gid)
{
	return uid | (uint64_t)gid << 32;
}

TEST_F(kshare, the_host_is_told_who_calls)
{
	struct side *s = &self->s;
	struct t_served w;
	struct t_host h;
	pid_t pid;

	ASSERT_TRUE(t_be_host(s, &h, 0));
	pid = t_caller(s, t_call_cmd(h.it, T_ECHO, t_int(1)), KSHARE_ANSWER_VALUE, 1);
	EXPECT_EQ(KSHARE_SERVE_CALL, t_serve(s, h.class, &w));
	EXPECT_EQ(pid, w.pid);
	EXPECT_EQ(user(geteuid(), getegid()), w.uid);
	EXPECT_EQ(0, t_echo(s, h.class, &w));
	EXPECT_EQ(0, t_wait(pid));
	/* Also if nobody waits any more, and if it is the host itself. */
	EXPECT_EQ(0, t_send(s, h.it, T_ECHO, t_int(1)));
	EXPECT_EQ(KSHARE_SERVE_CALL, t_serve_now(s, h.class, &w));
	EXPECT_EQ(getpid(), w.pid);
}

/* As it is when the call is made, not when the client was opened or the call is taken. */
TEST_F(kshare, a_user_is_who_the_caller_was_when_it_called)
{
	struct side *s = &self->s;
	struct t_served w;
	struct t_host h;

	if (geteuid())
		SKIP(return, "needs root");
	ASSERT_TRUE(t_be_host(s, &h, KSHARE_CLASS_CREATABLE));
	ASSERT_EQ(0, t_become(ALICE, BOB, 0));
	EXPECT_EQ(0, t_send(s, h.it, T_ECHO, t_int(1)));
	ASSERT_EQ(0, t_become(BOB, CAROL, 0));
	EXPECT_EQ(0, t_send(s, h.it, T_ECHO, t_int(2)));
	ASSERT_EQ(0, t_root());
	EXPECT_EQ(0, t_send(s, h.it, T_ECHO, t_int(3)));
	EXPECT_EQ(KSHARE_SERVE_CALL, t_serve_now(s, h.class, &w));
	EXPECT_EQ(user(ALICE, BOB), w.uid);
	EXPECT_EQ(KSHARE_SERVE_CALL, t_serve_now(s, h.class, &w));
	EXPECT_EQ(user(BOB, CAROL), w.uid);
	EXPECT_EQ(KSHARE_SERVE_CALL, t_serve_now(s, h.class, &w));
	EXPECT_EQ(user(0, 0), w.uid);
}

/* A stranger with a client of its own, in a domain for all */
TEST_F(kshare, a_stranger_is_told_as_one)
{
	static struct t_class c;
	struct side *s = &self->s, child;
	int d, class, it, ret;
	struct kshare_cmd cmd;
	struct t_served w;
	pid_t pid;

	if (geteuid())
		SKIP(return, "needs root");
	t_share_counts();
	d = t_make(s, "calls/who", KSHARE_EXCLUSIVE, 0666);
	ASSERT_LT(0, d);
	t_usual(&c, 0);
	class = t_raw(s, t_register_cmd(d, "thing", &c));
	it = t_instance(s, class, 1);
	ASSERT_LT(0, it);
	EXPECT_EQ(0, t_put(s, d, "it", t_ref(it)));
	pid = fork();
	if (!pid) {
		if (!t_be(&child, ALICE, BOB))
			_exit(1);
		d = t_join(&child, "calls/who", 0);
		it = d < 0 ? d : t_find(&child, d, "it");
		if (it < 0)
			_exit(2);
		/* What it may open is not what it may manage. */
		cmd = t_cmd(KSHARE_OP_CLASS_OPEN, d);
		cmd.key = t_str("thing");
		class = t_raw(&child, cmd);
		if (class < 0 || t_serve_now(&child, class, &w) != -EACCES)
			_exit(3);
		cmd = t_cmd(KSHARE_OP_CLASS_ADOPT, class);
		cmd.flags = KSHARE_NOWAIT;
		if (t_raw(&child, cmd) != -EACCES)
			_exit(4);
		ret = t_call(&child, it, T_ECHO, t_int(5));
		_exit(ret || child.out.values[0].i != 5);
	}
	EXPECT_EQ(KSHARE_SERVE_CALL, t_serve(s, class, &w));
	EXPECT_EQ(pid, w.pid);
	EXPECT_EQ(user(ALICE, BOB), w.uid);
	EXPECT_EQ(0, t_echo(s, class, &w));
	EXPECT_EQ(0, t_wait(pid));
	EXPECT_EQ(0, t_close(s, class));
	EXPECT_EQ(0, t_close(s, it));
	EXPECT_EQ(0, t_close(s, d));
}

/* ---- namespaces ---- */

/* Ids of a child's user namespace, and what they are outside */
static const char map[] = "0 3000 1\n5 1000 1\n9 0 1\n";

static bool write_map(pid_t pid, const char *which)
{
	char path[64];
	bool done;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/%s", pid, which);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	done = fd >= 0 && write(fd, map, strlen(map)) == strlen(map);
	close(fd);
	return done;
}

enum { APART, MAPPED, READY, STOP };

/* A host in namespaces of its own; what it is told of callers goes to RESULT. */
static void host_apart(struct side *s, int box, int flags)
{
	struct kshare_cmd cmd = t_cmd(KSHARE_OP_LIST_APPEND, box);
	struct t_served w;
	struct t_host h;
	int i;

	if (unshare(flags))
		_exit(70);
	t_count(APART);
	while (!t_counted(MAPPED))
		sched_yield();
	if (flags & CLONE_NEWPID) {
		pid_t pid = t_fork(s);

		/* Its children are in the namespace, it is not. */
		if (pid)
			_exit(t_wait(pid));
	}
	if (!t_be_host(s, &h, 0))
		_exit(71);
	cmd.value = t_ref(h.it);
	if (t_raw(s, cmd))
		_exit(72);
	t_count(READY);
	for (i = 0; i < 2; i++) {
		if (t_serve(s, h.class, &w) != KSHARE_SERVE_CALL || t_echo(s, h.class, &w))
			_exit(73);
		t_result(3 * i, w.pid);
		t_result(3 * i + 1, (uint32_t)w.uid);
		t_result(3 * i + 2, w.uid >> 32);
	}
	_exit(0);
}

TEST_F(kshare, a_host_in_a_user_namespace_sees_users_of_its_own)
{
	struct side *s = &self->s;
	int it, box = t_create(s, KSHARE_TYPE_LIST);
	pid_t pid;

	if (geteuid())
		SKIP(return, "needs root");
	t_share_counts();
	pid = t_fork(s);
	if (!pid)
		host_apart(s, box, CLONE_NEWUSER);
	ASSERT_TRUE(t_until_step(APART, pid));
	ASSERT_TRUE(write_map(pid, "uid_map") && write_map(pid, "gid_map"));
	t_count(MAPPED);
	ASSERT_TRUE(t_until_step(READY, pid));
	it = t_take_out(s, box);
	ASSERT_LT(0, it);
	EXPECT_EQ(0, t_call(s, it, T_ECHO, t_int(1)));
	/* One who is nobody there */
	ASSERT_EQ(0, t_become(ALICE, BOB, 0));
	EXPECT_EQ(0, t_call(s, it, T_ECHO, t_int(2)));
	ASSERT_EQ(0, t_root());
	EXPECT_EQ(0, t_wait(pid));
	EXPECT_EQ(getpid(), RESULT(0));
	EXPECT_EQ(9, RESULT(1));
	EXPECT_EQ(9, RESULT(2));
	EXPECT_EQ(5, RESULT(4));
	EXPECT_EQ(65534, RESULT(5));
}

TEST_F(kshare, a_host_in_a_pid_namespace_does_not_see_who_is_outside)
{
	struct side *s = &self->s;
	int it, box = t_create(s, KSHARE_TYPE_LIST);
	pid_t pid;

	if (geteuid())
		SKIP(return, "needs root");
	t_share_counts();
	t_count(MAPPED);
	pid = t_fork(s);
	if (!pid)
		host_apart(s, box, CLONE_NEWPID);
	ASSERT_TRUE(t_until_step(READY, pid));
	it = t_take_out(s, box);
	ASSERT_LT(0, it);
	EXPECT_EQ(0, t_call(s, it, T_ECHO, t_int(1)));
	EXPECT_EQ(0, t_call(s, it, T_ECHO, t_int(2)));
	EXPECT_EQ(0, t_wait(pid));
	EXPECT_EQ(0, RESULT(0));
	EXPECT_EQ(0, RESULT(1));
	EXPECT_EQ(0, RESULT(3));
}

/* And one outside sees who is within by the number that it has here. */
TEST_F(kshare, a_caller_in_a_pid_namespace_has_the_hosts_number)
{
	struct side *s = &self->s;
	struct t_served w;
	struct t_host h;
	pid_t pid, inner;

	if (geteuid())
		SKIP(return, "needs root");
	ASSERT_TRUE(t_be_host(s, &h, 0));
	t_share_counts();
	pid = t_fork(s);
	if (!pid) {
		if (unshare(CLONE_NEWPID))
			_exit(1);
		inner = t_fork(s);
		if (inner) {
			t_result(0, inner);
			_exit(t_wait(inner));
		}
		if (getpid() != 1)
			_exit(2);
		_exit(t_call(s, h.it, T_ECHO, t_int(1)) != 0);
	}
	EXPECT_EQ(KSHARE_SERVE_CALL, t_serve(s, h.class, &w));
	while (!RESULT(0))
		sched_yield();
	EXPECT_EQ(RESULT(0), w.pid);
	EXPECT_NE(1, w.pid);
	EXPECT_EQ(0, t_echo(s, h.class, &w));
	EXPECT_EQ(0, t_wait(pid));
}

TEST_HARNESS_MAIN
