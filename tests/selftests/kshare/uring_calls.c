// SPDX-License-Identifier: GPL-2.0
/* Calls and hosts on rings: one thread that serves many, and calls that none waits for. */
#define T_ALL_RINGS
#include "uring_test.h"

#define SERVES	64

/* Room for the results of commands that are under way at the same time */
static struct reply *rooms;

static struct kshare_cmd in_room(struct kshare_cmd cmd, int i)
{
	cmd.out = (uintptr_t)&rooms[i];
	cmd.out_len = sizeof(rooms[i]);
	return cmd;
}

static void make_rooms(int n)
{
	rooms = calloc(n, sizeof(*rooms));
	if (!rooms)
		abort();
}

/* The call in a room's result, and its first argument */
static uint64_t call_in(int i)
{
	return rooms[i].head.number;
}

static struct kshare_value arg_in(int i)
{
	return t_again(&rooms[i].values[KSHARE_SERVED_ARGS]);
}

static struct kshare_cmd reply_and_serve_cmd(int class, uint64_t call, struct kshare_value v)
{
	struct kshare_cmd cmd = t_reply_cmd(class, call, v);

	cmd.op = KSHARE_OP_REPLY_AND_SERVE;
	return cmd;
}

/*
 * A thread that has as many serves outstanding as there may be, and takes whatever
 * comes, for callers in other processes.
 */
TEST_F(uring, one_thread_serves_many_callers)
{
	struct side *s = &self->s;
	struct ring *r = &self->r;
	int i, n, callers = 4, rounds = t_rounds(100), served = 0, total = callers * rounds;
	int serves = t_most(s->fd, SERVES);
	struct kshare_cmd cmd;
	struct t_host h;
	pid_t pids[4];

	make_rooms(SERVES);
	ASSERT_TRUE(t_be_host(s, &h, 0));
	for (i = 0; i < serves; i++)
		ASSERT_EQ(1, t_ring_begin(r, in_room(t_cmd(KSHARE_OP_SERVE, h.class), i), i));
	t_until_waiters(s, h.class, serves);
	for (i = 0; i < callers; i++) {
		pids[i] = t_fork_off(s, r);
		if (pids[i])
			continue;
		for (n = 0; n < rounds; n++)
			if (t_call(s, h.it, T_ECHO, t_int(i * rounds + n)) ||
			    s->out.values[0].i != i * rounds + n)
				_exit(1);
		_exit(0);
	}
	while (served < total) {
		struct done done = t_reap(r);

		ASSERT_EQ(KSHARE_SERVE_CALL, done.res);
		i = done.data;
		EXPECT_EQ(KSHARE_SERVED_ARGS + 1, rooms[i].head.count);
		cmd = reply_and_serve_cmd(h.class, call_in(i), arg_in(i));
		ASSERT_EQ(1, t_ring_begin(r, in_room(cmd, i), i));
		served++;
	}
	for (i = 0; i < callers; i++)
		EXPECT_EQ(0, t_wait(pids[i]));
	/* With the class the serves end. */
	t_until_waiters(s, h.class, serves);
	EXPECT_EQ(0, t_unregister(s, h.class));
	for (i = 0; i < serves; i++)
		EXPECT_EQ(-ESHUTDOWN, t_reap(r).res);
	free(rooms);
}

TEST_F(uring, calls_are_made_without_a_thread_that_waits)
{
	struct side *s = &self->s;
	struct ring *r = &self->r;
	int i, n = t_most(s->fd, 32), box = t_create(s, KSHARE_TYPE_LIST), it;
	struct kshare_cmd cmd;
	bool seen[32] = {};
	pid_t pid;

	make_rooms(32);
	t_share_counts();
	pid = t_host_child(s, box, 0);
	it = t_take_out(s, box);
	ASSERT_LT(0, it);
	for (i = 0; i < n; i++)
		EXPECT_EQ(1, t_ring_begin(r, in_room(t_call_cmd(it, T_ECHO, t_int(i)), i), i));
	for (i = 0; i < n; i++) {
		struct done done = t_reap(r);

		EXPECT_EQ(KSHARE_ANSWER_VALUE, done.res);
		ASSERT_GT(n, done.data);
		EXPECT_FALSE(seen[done.data]);
		seen[done.data] = true;
		EXPECT_EQ(1, rooms[done.data].head.count);
		EXPECT_EQ(done.data, rooms[done.data].values[0].i);
		EXPECT_EQ(1, rooms[done.data].head.number);
	}
	/* What need not wait is done at once. */
	cmd = t_call_cmd(it, T_ECHO, t_int(1));
	cmd.flags = KSHARE_ONEWAY;
	EXPECT_EQ(0, t_ring_run(r, cmd));
	EXPECT_TRUE(t_until_counted(T_TAKEN, n + 1));
	EXPECT_EQ(1000 + SIGKILL, t_end_child(pid));
	EXPECT_EQ(-EOWNERDEAD, t_ring_run(r, t_call_cmd(it, T_ECHO, t_int(1))));
	free(rooms);
}

/* Host and callers in one thread, on one ring */
TEST_F(uring, one_thread_may_be_both)
{
	struct side *s = &self->s;
	struct ring *r = &self->r;
	struct kshare_cmd cmd;
	struct done done;
	struct t_host h;
	int i;

	make_rooms(2);
	ASSERT_TRUE(t_be_host(s, &h, 0));
	EXPECT_EQ(1, t_ring_begin(r, in_room(t_cmd(KSHARE_OP_SERVE, h.class), 0), 0));
	t_until_waiters(s, h.class, 1);
	for (i = 0; i < 20; i++) {
		EXPECT_EQ(1, t_ring_begin(r, in_room(t_call_cmd(h.it, T_ECHO, t_int(i)), 1), 1));
		done = t_reap(r);
		ASSERT_EQ(0, done.data);
		ASSERT_EQ(KSHARE_SERVE_CALL, done.res);
		EXPECT_EQ(i, arg_in(0).i);
		cmd = reply_and_serve_cmd(h.class, call_in(0), t_int(-i));
		EXPECT_EQ(1, t_ring_begin(r, in_room(cmd, 0), 0));
		done = t_reap(r);
		ASSERT_EQ(1, done.data);
		EXPECT_EQ(0, done.res);
		EXPECT_EQ(-i, rooms[1].values[0].i);
	}
	EXPECT_EQ(0, t_close(s, h.it));
	EXPECT_EQ(KSHARE_SERVE_RELEASE, t_reap(r).res);
	free(rooms);
}

TEST_F(uring, a_reply_that_is_refused_serves_nothing)
{
	struct side *s = &self->s;
	struct ring *r = &self->r;
	struct t_host h;
	struct t_served w;
	struct kshare_cmd cmd;

	ASSERT_TRUE(t_be_host(s, &h, 0));
	EXPECT_EQ(0, t_send(s, h.it, T_ECHO, t_int(1)));
	EXPECT_EQ(-ENOENT, t_ring_run(r, reply_and_serve_cmd(h.class, 999, t_none())));
	EXPECT_EQ(-ENOENT, t_ring_run(r, t_reply_cmd(h.class, 999, t_none())));
	EXPECT_EQ(KSHARE_SERVE_CALL, t_serve_now(s, h.class, &w));
	/* One that has to wait has answered before. */
	EXPECT_EQ(1, t_ring_begin(r, t_call_cmd(h.it, T_KEEP, t_none()), 1));
	EXPECT_EQ(KSHARE_SERVE_CALL, t_serve(s, h.class, &w));
	cmd = reply_and_serve_cmd(h.class, w.call, t_none());
	cmd.tag = 4;
	EXPECT_EQ(1, t_ring_begin(r, cmd, 2));
	ASSERT_EQ(1, t_reap(r).data);
	t_until_waiters(s, h.class, 1);
	ASSERT_EQ(1, t_cancel(s, 4));
	EXPECT_EQ(-ECANCELED, t_reap(r).res);
	EXPECT_EQ(-ENOENT, t_reply(s, h.class, w.call, t_none()));
}

/* A call that is cancelled before it is taken and after that */
TEST_F(uring, a_call_is_cancelled_by_its_tag)
{
	struct side *s = &self->s;
	struct ring *r = &self->r;
	struct t_served w, told;
	struct kshare_cmd cmd;
	struct t_host h;

	ASSERT_TRUE(t_be_host(s, &h, 0));
	cmd = t_call_cmd(h.it, T_KEEP, t_int(1));
	cmd.tag = 7;
	EXPECT_EQ(1, t_ring_begin(r, cmd, 1));
	t_until_waiters(s, h.class, 1);
	EXPECT_EQ(1, t_cancel(s, 7));
	EXPECT_EQ(-ECANCELED, t_reap(r).res);
	EXPECT_EQ(-EAGAIN, t_serve_now(s, h.class, &w));
	EXPECT_EQ(1, t_ring_begin(r, cmd, 1));
	EXPECT_EQ(KSHARE_SERVE_CALL, t_serve(s, h.class, &w));
	EXPECT_EQ(1, t_cancel(s, 7));
	EXPECT_EQ(-ECANCELED, t_reap(r).res);
	EXPECT_EQ(KSHARE_SERVE_ABANDONED, t_serve(s, h.class, &told));
	EXPECT_EQ(w.call, told.call);
	EXPECT_EQ(0, t_reply(s, h.class, w.call, t_none()));
	EXPECT_EQ(-EAGAIN, t_serve_now(s, h.class, &w));
	/* By its deadline, too */
	cmd.deadline = t_now() + 10000000;
	EXPECT_EQ(-ETIMEDOUT, t_ring_run(r, cmd));
	EXPECT_EQ(-EAGAIN, t_serve_now(s, h.class, &w));
}

/* What is under way on a ring ends with it: a call as if its caller had left, */
TEST_F(uring, with_its_ring_a_call_ends)
{
	struct side *s = &self->s;
	struct t_served w, told;
	struct t_host h;
	struct ring mine;
	int taken;

	ASSERT_TRUE(t_be_host(s, &h, 0));
	for (taken = 0; taken < 2; taken++) {
		ASSERT_EQ(0, t_ring(&mine, s->fd, 8, variant->flags));
		EXPECT_EQ(1, t_ring_begin(&mine, t_call_cmd(h.it, T_KEEP, t_int(taken)), 1));
		t_until_waiters(s, h.class, 1);
		if (taken)
			EXPECT_EQ(KSHARE_SERVE_CALL, t_serve(s, h.class, &w));
		t_ring_exit(&mine);
		t_until_waiters(s, h.class, 0);
		if (taken) {
			EXPECT_EQ(KSHARE_SERVE_ABANDONED, t_serve(s, h.class, &told));
			EXPECT_EQ(w.call, told.call);
			EXPECT_EQ(0, t_reply(s, h.class, w.call, t_none()));
		}
		EXPECT_EQ(-EAGAIN, t_serve_now(s, h.class, &told));
	}
}

/* and a serve has taken nothing with it. */
TEST_F(uring, with_its_ring_a_serve_ends)
{
	struct side *s = &self->s;
	struct t_served w;
	struct t_host h;
	struct ring mine;
	int i, n = t_most(s->fd, 8);

	ASSERT_TRUE(t_be_host(s, &h, 0));
	ASSERT_EQ(0, t_ring(&mine, s->fd, 8, variant->flags));
	for (i = 0; i < n; i++)
		EXPECT_EQ(1, t_ring_begin(&mine, t_cmd(KSHARE_OP_SERVE, h.class), i));
	t_until_waiters(s, h.class, n);
	t_ring_exit(&mine);
	t_until_waiters(s, h.class, 0);
	EXPECT_EQ(0, t_send(s, h.it, T_ECHO, t_int(5)));
	EXPECT_EQ(KSHARE_SERVE_CALL, t_serve_now(s, h.class, &w));
	EXPECT_EQ(5, w.arg[0].i);
}

/* Nobody reaps what was given: it is taken, and whose it was is told that it was not. */
TEST_F(uring, what_a_ring_had_taken_ends_with_its_process)
{
	struct side *s = &self->s;
	struct t_class *c = calloc(1, sizeof(*c));
	int i, class, it, box = t_create(s, KSHARE_TYPE_LIST), exec;
	struct kshare_cmd cmd;
	pid_t pid, caller;

	t_usual(c, 0);
	for (exec = 0; exec < 2; exec++) {
		t_share_counts();
		pid = t_fork_off(s, &self->r);
		if (!pid) {
			struct ring mine;
			struct t_host h;

			if (t_ring(&mine, s->fd, 8, variant->flags) || !t_be_host(s, &h, 0))
				_exit(1);
			cmd = t_cmd(KSHARE_OP_LIST_APPEND, box);
			cmd.value = t_ref(h.it);
			if (t_raw(s, cmd))
				_exit(2);
			for (i = 0; i < 2; i++)
				t_ring_begin(&mine, t_cmd(KSHARE_OP_SERVE, h.class), i);
			t_until_waiters(s, h.class, 2);
			t_count(0);
			while (!t_counted(1))
				sched_yield();
			if (exec)
				execl("/bin/true", "true", NULL);
			_exit(0);
		}
		ASSERT_TRUE(t_until_counted(0, 1));
		it = t_take_out(s, box);
		class = t_open_class(s, "thing");
		ASSERT_LT(0, class);
		caller = t_caller(s, t_call_cmd(it, T_ECHO, t_int(1)), -EOWNERDEAD, 0);
		/* One of the serves has it now, or will never. */
		t_until_waiters(s, class, 2);
		t_count(1);
		EXPECT_EQ(0, t_wait(pid));
		EXPECT_EQ(0, t_wait(caller));
		EXPECT_EQ(-EOWNERDEAD, t_call(s, it, T_ECHO, t_int(1)));
		t_close(s, it);
		t_close(s, class);
	}
	free(c);
}

TEST_F(uring, an_answer_that_does_not_fit_is_kept_for_its_tag)
{
	static const char text[] = "an answer that is longer than what there is room for";
	struct side *s = &self->s;
	struct ring *r = &self->r;
	struct kshare_cmd cmd;
	struct t_served w;
	struct t_host h;

	make_rooms(1);
	ASSERT_TRUE(t_be_host(s, &h, 0));
	cmd = in_room(t_call_cmd(h.it, T_ECHO, t_str(text)), 0);
	cmd.out_len = sizeof(struct kshare_result) + sizeof(struct kshare_value);
	cmd.tag = 11;
	EXPECT_EQ(1, t_ring_begin(r, cmd, 1));
	EXPECT_EQ(KSHARE_SERVE_CALL, t_serve(s, h.class, &w));
	EXPECT_EQ(0, t_echo(s, h.class, &w));
	EXPECT_EQ(-ENOBUFS, t_reap(r).res);
	cmd = in_room(t_cmd(KSHARE_OP_CALL_RESULT, 0), 0);
	cmd.key = t_int(11);
	EXPECT_EQ(KSHARE_ANSWER_VALUE, t_ring_run(r, cmd));
	EXPECT_TRUE(t_is_str(&rooms[0].values[0], text));
	EXPECT_EQ(-ENOENT, t_ring_run(r, cmd));
	free(rooms);
}

TEST_F(uring, what_a_serve_has_no_room_for_is_the_next_ones)
{
	struct side *s = &self->s;
	struct ring *r = &self->r;
	struct kshare_cmd cmd;
	struct t_served w;
	struct t_host h;
	int i;

	make_rooms(1);
	ASSERT_TRUE(t_be_host(s, &h, 0));
	for (i = 0; i < 2; i++) {
		cmd = in_room(t_cmd(KSHARE_OP_SERVE, h.class), 0);
		cmd.out_len = sizeof(struct kshare_result);
		if (i)
			EXPECT_EQ(0, t_send(s, h.it, T_ECHO, t_int(i)));
		EXPECT_EQ(1, t_ring_begin(r, cmd, 1));
		if (!i) {
			t_until_waiters(s, h.class, 1);
			EXPECT_EQ(0, t_send(s, h.it, T_ECHO, t_int(i)));
		}
		EXPECT_EQ(-ENOBUFS, t_reap(r).res);
		EXPECT_EQ(KSHARE_SERVE_CALL, t_serve_now(s, h.class, &w));
		EXPECT_EQ(i, w.arg[0].i);
	}
	free(rooms);
}

TEST_HARNESS_MAIN
