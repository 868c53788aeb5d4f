// SPDX-License-Identifier: GPL-2.0
/*
 * Callers that leave: a call that the host has not taken was never made; of one that
 * it has taken it is told, once, that nobody wants the answer, and that is dropped.
 */
#include "class_test.h"

/* What makes a caller leave */
enum { BY_SIGKILL, BY_EXIT, BY_CANCEL, BY_DEADLINE, BY_SIGNAL, BY_SIGNAL_RESTART, WAYS };

static const char *const ways[WAYS] = {
	"SIGKILL", "exit", "CANCEL", "deadline", "signal", "signal with SA_RESTART",
};

static void on_signal(int sig)
{
}

enum { CANCEL_IT, HANDLED, BEGUN, NO_MORE };

static void on_signal_count(int sig)
{
	t_count(HANDLED);
}

static void on_signal_exit(int sig)
{
	_exit(0);
}

static void on_last_signal(int sig)
{
	t_count(NO_MORE);
}

static void handle(int sig, void (*handler)(int), int flags)
{
	struct sigaction sa = { .sa_handler = handler, .sa_flags = flags };

	sigaction(sig, &sa, NULL);
}

static void *cancel_later(void *arg)
{
	struct side *s = arg;

	while (!t_counted(CANCEL_IT))
		sched_yield();
	return (void *)(long)t_cancel(s, 5);
}

/*
 * A child that calls and leaves in a way when it is told so by leave().  Its status is
 * 0 if all was as it is to be; @taken: the call will have been taken by then.
 */
static pid_t caller(struct side *s, int it, int way, bool taken, int64_t deadline)
{
	struct kshare_cmd cmd = t_call_cmd(it, T_ECHO, t_int(way));
	pthread_t thread;
	void *cancelled;
	pid_t pid;
	int ret;

	t_share_counts();
	pid = t_fork(s);
	if (pid)
		return pid;
	switch (way) {
	case BY_EXIT:
		handle(SIGUSR1, on_signal_exit, 0);
		break;
	case BY_CANCEL:
		cmd.tag = 5;
		if (pthread_create(&thread, NULL, cancel_later, s))
			_exit(1);
		break;
	case BY_DEADLINE:
		cmd.deadline = deadline;
		break;
	case BY_SIGNAL:
	case BY_SIGNAL_RESTART:
		handle(SIGUSR1, on_signal, way == BY_SIGNAL ? 0 : SA_RESTART);
		handle(SIGUSR2, on_last_signal, SA_RESTART);
		break;
	}
	ret = t_run(s, cmd);
	switch (way) {
	case BY_CANCEL:
		pthread_join(thread, &cancelled);
		_exit(ret != -ECANCELED || (long)cancelled != 1);
	case BY_DEADLINE:
		_exit(ret == -ETIMEDOUT ? 0 : 2);
	case BY_SIGNAL:
		_exit(ret == -EINTR ? 0 : 3);
	case BY_SIGNAL_RESTART:
		/* What was not begun is begun again; what was is not done twice. */
		if (taken)
			_exit(ret == -EINTR ? 0 : 4);
		_exit(ret || s->out.values[0].i != way ? 5 : 0);
	}
	_exit(6);
}

static void leave(pid_t pid, int way)
{
	if (way == BY_SIGKILL)
		kill(pid, SIGKILL);
	else if (way == BY_CANCEL)
		t_count(CANCEL_IT);
	else if (way != BY_DEADLINE)
		kill(pid, SIGUSR1);
}

static int status_of(int way)
{
	return way == BY_SIGKILL ? 1000 + SIGKILL : 0;
}

TEST_F(kshare, a_call_that_was_not_taken_was_never_made)
{
	struct side *s = &self->s;
	struct t_served w;
	struct t_host h;
	int64_t ns;
	pid_t pid;
	int way;

	ASSERT_TRUE(t_be_host(s, &h, 0));
	for (way = 0; way < WAYS; way++) {
		if (way == BY_SIGNAL_RESTART)
			continue;
		for (ns = 100000000;; ns *= 2) {
			pid = caller(s, h.it, way, false, t_now() + ns);
			/* Or it was over before it had begun. */
			if (t_until_it_waits(s, h.class, 1, pid) || way != BY_DEADLINE)
				break;
			t_wait(pid);
		}
		leave(pid, way);
		EXPECT_EQ(status_of(way), t_wait(pid)) {
			TH_LOG("%s", ways[way]);
		}
		t_until_waiters(s, h.class, 0);
		EXPECT_EQ(-EAGAIN, t_serve_now(s, h.class, &w)) {
			TH_LOG("%s", ways[way]);
		}
	}
}

/* A signal that is handled and restarts does not count. */
TEST_F(kshare, a_call_that_was_not_taken_is_restarted)
{
	struct side *s = &self->s;
	struct t_served w;
	struct t_host h;
	pid_t pid;
	int i;

	ASSERT_TRUE(t_be_host(s, &h, 0));
	pid = caller(s, h.it, BY_SIGNAL_RESTART, false, 0);
	ASSERT_TRUE(t_until_it_waits(s, h.class, 1, pid));
	for (i = 0; i < 20; i++) {
		leave(pid, BY_SIGNAL_RESTART);
		sched_yield();
	}
	/* One that has not been handled yet would end it once it is taken. */
	kill(pid, SIGUSR2);
	ASSERT_TRUE(t_until_counted(NO_MORE, 1));
	ASSERT_TRUE(t_until_it_waits(s, h.class, 1, pid));
	/* It may just be about to begin again. */
	EXPECT_EQ(KSHARE_SERVE_CALL, t_serve(s, h.class, &w));
	EXPECT_EQ(BY_SIGNAL_RESTART, w.arg[0].i);
	EXPECT_EQ(0, t_echo(s, h.class, &w));
	EXPECT_EQ(0, t_wait(pid));
	EXPECT_EQ(-EAGAIN, t_serve_now(s, h.class, &w));
}

TEST_F(kshare, of_a_call_that_was_taken_the_host_is_told)
{
	struct side *s = &self->s;
	struct t_served w, told;
	struct t_host h;
	int64_t ns;
	pid_t pid;
	int way;

	ASSERT_TRUE(t_be_host(s, &h, 0));
	for (way = 0; way < WAYS; way++) {
		for (ns = 100000000;; ns *= 2) {
			pid = caller(s, h.it, way, true, t_now() + ns);
			if (way != BY_DEADLINE || t_until_it_waits(s, h.class, 1, pid)) {
				int ret = way == BY_DEADLINE ? t_serve_now(s, h.class, &w) :
							       t_serve(s, h.class, &w);

				if (ret == KSHARE_SERVE_CALL || way != BY_DEADLINE)
					break;
			}
			t_wait(pid);
		}
		ASSERT_EQ(way, w.arg[0].i);
		leave(pid, way);
		EXPECT_EQ(status_of(way), t_wait(pid)) {
			TH_LOG("%s", ways[way]);
		}
		EXPECT_EQ(KSHARE_SERVE_ABANDONED, t_serve(s, h.class, &told));
		EXPECT_EQ(w.call, told.call);
		EXPECT_EQ(0, told.args);
		/* Once */
		EXPECT_EQ(-EAGAIN, t_serve_now(s, h.class, &told));
		/* It has still to be answered, once. */
		EXPECT_EQ(0, t_reply(s, h.class, w.call, t_int(1)));
		EXPECT_EQ(-ENOENT, t_reply(s, h.class, w.call, t_int(1)));
		EXPECT_EQ(-EAGAIN, t_serve_now(s, h.class, &told));
	}
}

/* An answer that comes before the host was told makes that needless. */
TEST_F(kshare, who_has_answered_is_not_told_any_more)
{
	struct side *s = &self->s;
	int cell = t_create(s, KSHARE_TYPE_CELL);
	struct kshare_stat before, after;
	struct t_served w;
	struct t_host h;
	pid_t pid;

	ASSERT_TRUE(t_be_host(s, &h, 0));
	pid = caller(s, h.it, BY_SIGKILL, true, 0);
	EXPECT_EQ(KSHARE_SERVE_CALL, t_serve(s, h.class, &w));
	EXPECT_EQ(1000 + SIGKILL, t_end_child(pid));
	t_until_waiters(s, h.class, 0);
	ASSERT_EQ(0, t_stat(s, cell, &before));
	/* It is dropped, with what it refers to. */
	EXPECT_EQ(0, t_reply(s, h.class, w.call, t_ref(cell)));
	ASSERT_EQ(0, t_stat(s, cell, &after));
	EXPECT_EQ(before.refs, after.refs);
	EXPECT_EQ(-EAGAIN, t_serve_now(s, h.class, &w));
}

/* A host that sleeps is woken up for it, and one that polls is told by the next command. */
TEST_F(kshare, a_host_that_waits_is_told_at_once)
{
	struct side *s = &self->s;
	struct t_thread *t = calloc(1, sizeof(*t));
	struct kshare_cmd cmd;
	struct t_served w;
	struct t_host h;
	pid_t pid;

	ASSERT_TRUE(t_be_host(s, &h, 0));
	pid = caller(s, h.it, BY_SIGKILL, true, 0);
	EXPECT_EQ(KSHARE_SERVE_CALL, t_serve(s, h.class, &w));
	cmd = t_cmd(KSHARE_OP_SERVE, h.class);
	t_begin(s, t, cmd, true);
	t_until_waiters(s, h.class, 2);
	EXPECT_EQ(1000 + SIGKILL, t_end_child(pid));
	EXPECT_EQ(KSHARE_SERVE_ABANDONED, t_end(t));
	EXPECT_EQ(w.call, t->out.head.number);
	EXPECT_EQ(0, t_reply(s, h.class, w.call, t_none()));
	free(t);
}

/* What goes one way is the host's, whoever sent it. */
TEST_F(kshare, a_message_of_one_who_has_died_is_told_whole_or_not_at_all)
{
	struct side *s = &self->s;
	struct t_served w;
	struct t_host h;
	int i, ret, got = 0;
	pid_t pid;

	ASSERT_TRUE(t_be_host(s, &h, 0));
	pid = t_fork(s);
	if (!pid) {
		int cell = t_create(s, KSHARE_TYPE_CELL);
		struct kshare_value v[2] = { t_int(7), t_ref(cell) };

		for (i = 0; i < 10; i++)
			if (t_send(s, h.it, T_ECHO, t_vector(v, 2)))
				_exit(1);
		_exit(0);
	}
	EXPECT_EQ(0, t_wait(pid));
	while ((ret = t_serve_now(s, h.class, &w)) == KSHARE_SERVE_CALL) {
		got++;
		ASSERT_EQ(2, w.args);
		EXPECT_EQ(7, w.arg[0].i);
		ASSERT_EQ(KSHARE_REF, w.arg[1].type);
		EXPECT_EQ(0, t_close(s, w.arg[1].ref.handle));
	}
	EXPECT_EQ(-EAGAIN, ret);
	EXPECT_TRUE(got == 0 || got == 10);
}

/*
 * Who answers and waits for the next call in one, and is signalled meanwhile: an answer
 * is not given twice, so that cannot be begun again.
 */
TEST_F(kshare, a_signal_to_who_has_answered_is_no_error_of_the_answer)
{
	struct side *s = &self->s;
	int flags, ret, it, box = t_create(s, KSHARE_TYPE_LIST);
	struct kshare_cmd cmd;
	struct t_served w;
	struct t_host h;
	pid_t pid;

	for (flags = 0; flags < 2; flags++) {
		t_share_counts();
		pid = t_fork(s);
		if (!pid) {
			handle(SIGUSR1, on_signal_count, flags ? SA_RESTART : 0);
			if (!t_be_host(s, &h, 0))
				_exit(90);
			cmd = t_cmd(KSHARE_OP_LIST_APPEND, box);
			cmd.value = t_ref(h.it);
			if (t_raw(s, cmd))
				_exit(91);
			t_count(BEGUN);
			if (t_serve(s, h.class, &w) != KSHARE_SERVE_CALL)
				_exit(92);
			cmd = t_reply_cmd(h.class, w.call, t_int(1));
			cmd.op = KSHARE_OP_REPLY_AND_SERVE;
			ret = t_served(s, t_run(s, cmd), &w);
			/* It may wait on, too, where it is to be restarted. */
			if (flags && ret == KSHARE_SERVE_CALL)
				_exit(0);
			if (ret != -EINTR)
				_exit(-ret);
			ret = t_serve(s, h.class, &w);
			_exit(ret == KSHARE_SERVE_CALL ? 0 : 93);
		}
		ASSERT_TRUE(t_until_counted(BEGUN, 1));
		it = t_take_out(s, box);
		ASSERT_LT(0, it);
		EXPECT_EQ(0, t_call(s, it, T_ECHO, t_none()));
		ASSERT_TRUE(t_until_it_waits(s, t_open_class(s, "thing"), 1, pid));
		EXPECT_EQ(0, kill(pid, SIGUSR1));
		ASSERT_TRUE(t_until_counted(HANDLED, 1));
		ret = t_send(s, it, T_ECHO, t_none());
		EXPECT_EQ(0, t_wait(pid)) {
			TH_LOG("%s SA_RESTART, send %d", flags ? "with" : "without", ret);
		}
		t_close(s, it);
	}
}

/* CANCEL of a serve takes nothing with it. */
TEST_F(kshare, a_host_may_stop_to_serve)
{
	struct side *s = &self->s;
	struct t_thread *t = calloc(1, sizeof(*t));
	struct kshare_cmd cmd;
	struct t_served w;
	struct t_host h;

	ASSERT_TRUE(t_be_host(s, &h, 0));
	cmd = t_cmd(KSHARE_OP_SERVE, h.class);
	cmd.tag = 9;
	t_begin(s, t, cmd, true);
	t_until_waiters(s, h.class, 1);
	EXPECT_EQ(1, t_cancel(s, 9));
	EXPECT_EQ(-ECANCELED, t_end(t));
	EXPECT_EQ(0, t_send(s, h.it, T_ECHO, t_int(1)));
	EXPECT_EQ(KSHARE_SERVE_CALL, t_serve_now(s, h.class, &w));
	free(t);
}

/* A host may wait for calls of several classes, and for other things, at once. */
TEST_F(kshare, a_host_may_wait_for_calls_among_other_things)
{
	struct side *s = &self->s;
	struct kshare_op_info ops[256];
	int i, n = t_query_ops(s, ops, 256), e = t_create(s, KSHARE_TYPE_EVENT);
	struct kshare_cmd members[3], cmd = t_cmd(KSHARE_OP_WAIT_ANY, 0);
	struct t_host h[2];
	struct t_served w;
	pid_t pid;

	for (i = 0; i < n && ops[i].op != KSHARE_OP_SERVE; i++)
		;
	if (!(ops[i].flags & KSHARE_OPINFO_MULTI))
		SKIP(return, "SERVE is no part of WAIT_ANY");
	ASSERT_TRUE(t_host_of(s, &h[0], "one", 0));
	ASSERT_TRUE(t_host_of(s, &h[1], "two", 0));
	members[0] = t_cmd(KSHARE_OP_EVENT_WAIT, e);
	for (i = 0; i < 2; i++) {
		members[1 + i] = t_cmd(KSHARE_OP_SERVE, h[i].class);
		members[1 + i].out = (uintptr_t)&s->out;
		members[1 + i].out_len = sizeof(s->out);
	}
	cmd.value = t_bytes(members, sizeof(members));
	cmd.deadline = t_now() + T_LONG;
	for (i = 1; i >= 0; i--) {
		pid = t_caller(s, t_call_cmd(h[i].it, T_ECHO, t_int(i)), KSHARE_ANSWER_VALUE, i);
		EXPECT_EQ(1 + i, t_raw(s, cmd));
		EXPECT_EQ(KSHARE_SERVE_CALL, t_served(s, KSHARE_SERVE_CALL, &w));
		EXPECT_EQ(i, w.arg[0].i);
		EXPECT_EQ(0, t_echo(s, h[i].class, &w));
		EXPECT_EQ(0, t_wait(pid));
	}
	EXPECT_EQ(0, t_raw(s, t_cmd(KSHARE_OP_EVENT_SET, e)));
	EXPECT_EQ(0, t_raw(s, cmd));
	/* With WAIT_ALL nothing is taken before all is there. */
	cmd.op = KSHARE_OP_WAIT_ALL;
	cmd.deadline = 0;
	cmd.flags = KSHARE_NOWAIT;
	EXPECT_EQ(0, t_send(s, h[0].it, T_ECHO, t_int(1)));
	EXPECT_EQ(-EAGAIN, t_raw(s, cmd));
	EXPECT_EQ(KSHARE_SERVE_CALL, t_serve_now(s, h[0].class, &w));
	EXPECT_EQ(1, w.arg[0].i);
	for (i = 0; i < 2; i++)
		EXPECT_EQ(0, t_send(s, h[i].it, T_ECHO, t_int(2)));
	EXPECT_EQ(0, t_raw(s, cmd));
	for (i = 0; i < 2; i++)
		EXPECT_EQ(-EAGAIN, t_serve_now(s, h[i].class, &w));
}

TEST_HARNESS_MAIN
