// SPDX-License-Identifier: GPL-2.0
/* Classes: who is told of calls, who serves them, and who pays. */
#include "passing_test.h"
#include "class_test.h"

#include <poll.h>

#define SOON		5000000000ll

/* Used of the client's own domain */
static uint64_t used(struct side *s, uint32_t what)
{
	struct kshare_stat stat;

	return t_stat(s, 1, &stat) ? UINT64_MAX : stat.used[what];
}

static struct kshare_cmd serve_cmd(int class)
{
	struct kshare_cmd cmd = t_cmd(KSHARE_OP_SERVE, class);

	cmd.deadline = t_now() + SOON;
	return cmd;
}

/* Has it been taken?  It waits in the class, whoever has it. */
static void until_waiters(struct side *s, int class, int count)
{
	t_until_waiters(s, class, count);
}

/* A call that its server has no room for goes to another one who waits. */
TEST_F(kshare, no_room_next)
{
	struct t_thread small, large, caller;
	struct kshare_cmd cmd;
	struct t_host h;

	ASSERT_TRUE(t_be_host(&self->s, &h, 0));
	cmd = serve_cmd(h.class);
	cmd.out = (uintptr_t)&self->s.out;
	cmd.out_len = sizeof(struct kshare_result) +
		      KSHARE_SERVED_ARGS * sizeof(struct kshare_value);
	t_begin(&self->s, &small, cmd, false);
	until_waiters(&self->s, h.class, 1);
	t_begin(&self->s, &large, serve_cmd(h.class), true);
	until_waiters(&self->s, h.class, 2);
	t_begin(&self->s, &caller, t_call_cmd(h.it, T_ECHO, t_int(5)), true);
	EXPECT_EQ(-ENOBUFS, t_end(&small));
	EXPECT_EQ(KSHARE_SERVE_CALL, t_end(&large));
	EXPECT_EQ(0, t_reply(&self->s, h.class, large.out.head.number, t_int(6)));
	t_unregister(&self->s, h.class);
	EXPECT_EQ(KSHARE_ANSWER_VALUE, t_end(&caller));
}

/* Who waits for all of several finds a call as well. */
TEST_F(kshare, wait_all)
{
	struct kshare_cmd subs[2] = {}, cmd = t_cmd(KSHARE_OP_WAIT_ALL, 0);
	struct t_thread server, caller;
	struct kshare_cmd set;
	struct reply out;
	struct t_host h;
	int event;

	ASSERT_TRUE(t_be_host(&self->s, &h, 0));
	event = t_create(&self->s, KSHARE_TYPE_EVENT);
	ASSERT_GT(event, 0);
	subs[0] = t_cmd(KSHARE_OP_SERVE, h.class);
	subs[0].out = (uintptr_t)&out;
	subs[0].out_len = sizeof(out);
	subs[1] = t_cmd(KSHARE_OP_EVENT_WAIT, event);
	cmd.value = t_bytes(subs, sizeof(subs));
	cmd.deadline = t_now() + SOON;
	t_begin(&self->s, &server, cmd, true);
	until_waiters(&self->s, h.class, 1);
	set = t_cmd(KSHARE_OP_EVENT_SET, event);
	ASSERT_GE(t_raw(&self->s, set), 0);
	t_begin(&self->s, &caller, t_call_cmd(h.it, T_ECHO, t_int(5)), true);
	EXPECT_EQ(0, t_end(&server));
	t_reply(&self->s, h.class, out.head.number, t_int(6));
	t_unregister(&self->s, h.class);
	EXPECT_EQ(KSHARE_ANSWER_VALUE, t_end(&caller));
}

static void *poll_it(void *arg)
{
	struct pollfd p = { .fd = *(int *)arg, .events = POLLIN };

	int64_t end = t_now() + SOON;

	/* In the end it looks by itself. */
	return (void *)(long)(poll(&p, 1, SOON / 1000000) == 1 && p.revents & POLLIN &&
			      t_now() < end);
}

/* Who polls a class is told of a call. */
TEST_F(kshare, poll)
{
	struct t_thread caller;
	struct t_served w;
	struct t_host h;
	void *told = NULL;
	pthread_t id;
	int fd;

	ASSERT_TRUE(t_be_host(&self->s, &h, 0));
	fd = t_export(&self->s, h.class, 0);
	ASSERT_GE(fd, 0);
	ASSERT_EQ(0, pthread_create(&id, NULL, poll_it, &fd));
	usleep(300000);
	t_begin(&self->s, &caller, t_call_cmd(h.it, T_ECHO, t_int(5)), true);
	pthread_join(id, &told);
	EXPECT_NE(NULL, told);
	EXPECT_EQ(KSHARE_SERVE_CALL, t_serve(&self->s, h.class, &w));
	EXPECT_EQ(0, t_echo(&self->s, h.class, &w));
	EXPECT_EQ(KSHARE_ANSWER_VALUE, t_end(&caller));
	close(fd);
}

static void nothing(int sig)
{
}

/* A signal does not begin anew what has answered a call. */
static int interrupt_answer(struct side *s, uint64_t tag)
{
	struct sigaction act = { .sa_handler = nothing, .sa_flags = SA_RESTART };
	struct t_thread caller, server;
	struct kshare_cmd cmd;
	struct t_served w;
	struct t_host h;
	int ret;

	if (sigaction(SIGUSR1, &act, NULL) || !t_be_host(s, &h, 0))
		return -EIO;
	t_begin(s, &caller, t_call_cmd(h.it, T_ECHO, t_int(5)), true);
	if (t_serve(s, h.class, &w) != KSHARE_SERVE_CALL)
		return -EIO;
	cmd = t_reply_cmd(h.class, w.call, t_int(6));
	cmd.op = KSHARE_OP_REPLY_AND_SERVE;
	cmd.tag = tag;
	t_begin(s, &server, cmd, true);
	if (t_end(&caller))
		return -EIO;
	t_until_waiters(s, h.class, 1);
	usleep(100000);
	pthread_kill(server.id, SIGUSR1);
	ret = t_end(&server);
	t_unregister(s, h.class);
	return ret;
}

TEST_F(kshare, signal)
{
	EXPECT_EQ(-EINTR, interrupt_answer(&self->s, 0));
	EXPECT_EQ(-EINTR, interrupt_answer(&self->s, 9));
}

struct late_call {
	struct side *s;
	struct t_host *h;
	struct t_thread t;
};

static void *call_late(void *arg)
{
	struct late_call *l = arg;

	t_until_waiters(l->s, l->h->class, 1);
	t_begin(l->s, &l->t, t_call_cmd(l->h->it, T_ECHO, t_int(5)), true);
	return NULL;
}

/* Who has taken a call by WAIT_ANY serves it: what it calls goes on. */
TEST_F(kshare, wait_any_serves)
{
	struct kshare_cmd sub, cmd = t_cmd(KSHARE_OP_WAIT_ANY, 0);
	struct late_call l = { .s = &self->s };
	struct t_served w;
	struct reply out;
	struct t_host h;
	pthread_t id;

	ASSERT_TRUE(t_be_host(&self->s, &h, KSHARE_CLASS_SERIAL));
	l.h = &h;
	ASSERT_EQ(0, pthread_create(&id, NULL, call_late, &l));
	sub = t_cmd(KSHARE_OP_SERVE, h.class);
	sub.out = (uintptr_t)&out;
	sub.out_len = sizeof(out);
	cmd.value = t_bytes(&sub, sizeof(sub));
	cmd.deadline = t_now() + T_LONG;
	EXPECT_EQ(0, t_run(&self->s, cmd));
	pthread_join(id, NULL);
	EXPECT_EQ(0, t_send(&self->s, h.it, T_ECHO, t_int(6)));
	EXPECT_EQ(KSHARE_SERVE_CALL, t_serve_now(&self->s, h.class, &w));
	EXPECT_EQ(0, t_reply(&self->s, h.class, out.head.number, t_int(7)));
	EXPECT_EQ(KSHARE_ANSWER_VALUE, t_end(&l.t));
}

/* Zeroes behind the name of a field make another name. */
TEST_F(kshare, field_names)
{
	struct kshare_cmd cmd;
	struct t_host h;

	ASSERT_TRUE(t_be_host(&self->s, &h, 0));
	cmd = t_cmd(KSHARE_OP_DICT_SET, h.it);
	cmd.value = t_int(1);
	cmd.key = t_str("any");
	EXPECT_GE(t_raw(&self->s, cmd), 0);
	cmd.key.len++;
	EXPECT_EQ(-ENOENT, t_raw(&self->s, cmd));
	cmd.key = t_str("fixed\0\0\0\0\0");
	cmd.key.len = 10;
	EXPECT_EQ(-ENOENT, t_raw(&self->s, cmd));
}

/* What nobody waits for any more is somebody's all the same. */
TEST_F(kshare, abandoned_is_charged)
{
	struct t_thread caller;
	struct kshare_cmd cmd;
	struct t_served w;
	struct t_host h;
	int i;

	ASSERT_TRUE(t_be_host(&self->s, &h, 0));
	for (i = 0; i < 2; i++) {
		cmd = t_call_cmd(h.it, T_ECHO, t_int(5));
		cmd.tag = i;
		cmd.deadline = t_now() + SOON / 5;
		t_begin(&self->s, &caller, cmd, true);
		ASSERT_EQ(KSHARE_SERVE_CALL, t_serve(&self->s, h.class, &w));
		EXPECT_EQ(-ETIMEDOUT, t_end(&caller));
		EXPECT_EQ(1, used(&self->s, KSHARE_LIMIT_WAITERS));
		EXPECT_EQ(0, t_echo(&self->s, h.class, &w));
		EXPECT_EQ(0, used(&self->s, KSHARE_LIMIT_WAITERS));
	}
}

/* So are answers that wait to be claimed. */
TEST_F(kshare, unclaimed_is_charged)
{
	static char text[4096];
	struct t_thread caller;
	struct kshare_cmd cmd;
	struct t_host h;
	uint64_t before;

	ASSERT_TRUE(t_be_host(&self->s, &h, 0));
	before = used(&self->s, KSHARE_LIMIT_BYTES);
	cmd = t_call_cmd(h.it, T_ECHO, t_none());
	cmd.tag = 7;
	cmd.out = (uintptr_t)&self->s.out;
	cmd.out_len = sizeof(struct kshare_result);
	t_begin(&self->s, &caller, cmd, false);
	cmd = serve_cmd(h.class);
	ASSERT_EQ(KSHARE_SERVE_CALL, t_run(&self->s, cmd));
	ASSERT_EQ(0, t_reply(&self->s, h.class, self->s.out.head.number,
			     t_bytes(text, sizeof(text))));
	EXPECT_EQ(-ENOBUFS, t_end(&caller));
	EXPECT_LE(before + sizeof(text), used(&self->s, KSHARE_LIMIT_BYTES));
	EXPECT_EQ(KSHARE_ANSWER_VALUE, t_answer_to(&self->s, 7));
	EXPECT_EQ(before, used(&self->s, KSHARE_LIMIT_BYTES));
	EXPECT_EQ(-ENOENT, t_answer_to(&self->s, 7));
}

/* So is what a host has not been told. */
TEST_F(kshare, releases_are_charged)
{
	struct t_served w;
	struct t_host h;
	uint64_t before;
	int i, it;

	ASSERT_TRUE(t_be_host(&self->s, &h, 0));
	before = used(&self->s, KSHARE_LIMIT_BYTES);
	for (i = 0; i < 100; i++) {
		it = t_instance(&self->s, h.class, i);
		ASSERT_GT(it, 0);
		ASSERT_EQ(0, t_close(&self->s, it));
	}
	EXPECT_LE(before + 100 * 32, used(&self->s, KSHARE_LIMIT_BYTES));
	for (i = 0; i < 100; i++)
		EXPECT_EQ(KSHARE_SERVE_RELEASE, t_serve(&self->s, h.class, &w));
	EXPECT_EQ(before, used(&self->s, KSHARE_LIMIT_BYTES));
}

/* A call that its host cannot take does not keep those of others. */
TEST_F(kshare, no_head_of_line)
{
	int cell = t_create(&self->s, KSHARE_TYPE_CELL);
	struct kshare_cmd cmd = t_cmd(KSHARE_OP_DOMAIN_LIMIT, 1);
	struct kshare_stat stat;
	struct t_served w;
	struct t_host h;
	pid_t pid;

	ASSERT_TRUE(t_be_host(&self->s, &h, 0));
	ASSERT_EQ(0, t_send(&self->s, h.it, T_ECHO, t_ref(cell)));
	pid = t_fork(&self->s);
	if (!pid)
		_exit(t_send(&self->s, h.it, T_ECHO, t_none()) != 0);
	EXPECT_EQ(0, t_wait(pid));
	ASSERT_EQ(0, t_stat(&self->s, 1, &stat));
	cmd.nr = KSHARE_LIMIT_HANDLES;
	cmd.value = t_int(stat.used[KSHARE_LIMIT_HANDLES]);
	ASSERT_EQ(0, t_raw(&self->s, cmd));
	EXPECT_EQ(-EDQUOT, t_serve_now(&self->s, h.class, &w));
	EXPECT_EQ(KSHARE_SERVE_CALL, t_serve_now(&self->s, h.class, &w));
	EXPECT_EQ(0, w.args);
	EXPECT_EQ(-EDQUOT, t_serve_now(&self->s, h.class, &w));
}

/* The host is a client: another one of the same process is anybody else. */
TEST_F(kshare, another_client_of_the_hosts_process_is_not_the_host)
{
	struct side *s = &self->s, *other = t_open();
	struct kshare_cmd cmd;
	struct t_served w;
	struct t_host h;
	int class;
	pid_t pid;

	ASSERT_TRUE(t_be_host(s, &h, 0));
	class = t_give(s, h.class, other);
	ASSERT_LT(0, class);
	EXPECT_EQ(KSHARE_RIGHT_ALL, t_rights(other, class));
	pid = t_caller(s, t_call_cmd(h.it, T_ECHO, t_int(5)), KSHARE_ANSWER_VALUE, 6);
	/* It does not take the call either. */
	ASSERT_TRUE(t_until_it_waits(s, h.class, 1, pid));
	EXPECT_EQ(-EPERM, t_serve_now(other, class, &w));
	ASSERT_EQ(KSHARE_SERVE_CALL, t_serve_now(s, h.class, &w));
	EXPECT_EQ(-EPERM, t_reply(other, class, w.call, t_int(7)));
	cmd = t_reply_cmd(class, w.call, t_int(7));
	cmd.op = KSHARE_OP_REPLY_AND_SERVE;
	cmd.flags = KSHARE_NOWAIT;
	EXPECT_EQ(-EPERM, t_run(other, cmd));
	EXPECT_EQ(-EPERM, t_reply_as(other, class, w.call, KSHARE_ANSWER_RAISED, t_int(7)));
	/* None of that was an answer, also when it leaves. */
	t_leave(other);
	EXPECT_EQ(0, t_reply(s, h.class, w.call, t_int(6)));
	EXPECT_EQ(0, t_wait(pid));
	EXPECT_EQ(-ENOENT, t_reply(s, h.class, w.call, t_int(6)));
}

static void on_signal(int sig)
{
}

/* Each operation that waits for something of a class, and each end of a wait */
TEST_F(kshare, a_wait_ends_by_deadline_by_signal_and_with_the_class)
{
	static const uint32_t ops[] = {
		KSHARE_OP_SERVE, KSHARE_OP_REPLY_AND_SERVE, KSHARE_OP_CLASS_ADOPT,
	};
	struct sigaction sa = { .sa_handler = on_signal };
	struct t_thread *t = calloc(2, sizeof(*t)), *call = t + 1;
	struct side *s = &self->s;
	struct kshare_cmd cmd;
	struct t_served w;
	struct t_host h;
	char name[32];
	int i, how;

	ASSERT_EQ(0, sigaction(SIGUSR1, &sa, NULL));
	for (i = 0; i < 3; i++) {
		for (how = 0; how < 3; how++) {
			snprintf(name, sizeof(name), "thing %d %d", i, how);
			ASSERT_TRUE(t_host_of(s, &h, name, 0));
			cmd = t_cmd(ops[i], h.class);
			if (ops[i] == KSHARE_OP_REPLY_AND_SERVE) {
				t_begin(s, call, t_call_cmd(h.it, T_ECHO, t_int(1)), true);
				EXPECT_EQ(KSHARE_SERVE_CALL, t_serve(s, h.class, &w));
				cmd = t_reply_cmd(h.class, w.call, t_int(2));
				cmd.op = ops[i];
			}
			if (!how)
				cmd.deadline = t_now() + 1000000;
			t_begin(s, t, cmd, ops[i] != KSHARE_OP_CLASS_ADOPT);
			/* From then on there is only one who waits. */
			if (ops[i] == KSHARE_OP_REPLY_AND_SERVE) {
				EXPECT_EQ(KSHARE_ANSWER_VALUE, t_end(call));
				EXPECT_EQ(2, call->out.values[0].i);
			}
			if (how)
				t_until_waiters(s, h.class, 1);
			if (how == 1 || (how && ops[i] == KSHARE_OP_CLASS_ADOPT))
				pthread_kill(t->id, SIGUSR1);
			else if (how)
				EXPECT_EQ(0, t_unregister(s, h.class));
			EXPECT_EQ(!how ? -ETIMEDOUT :
				  how == 1 || ops[i] == KSHARE_OP_CLASS_ADOPT ? -EINTR :
				  -ESHUTDOWN, t_end(t));
			t_unregister(s, h.class);
		}
	}
	free(t);
}

TEST_HARNESS_MAIN
