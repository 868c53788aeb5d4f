// SPDX-License-Identifier: GPL-2.0
/*
 * Calls at their limits: of time, of room for results, of memory, and of number.
 * Nothing is lost or doubled by any of them.
 */
#include "class_test.h"

/* Memory that cannot be written to */
static uint64_t bad_address(void)
{
	return (uintptr_t)mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}

TEST_F(kshare, a_deadline_in_the_past_is_no_call)
{
	struct side *s = &self->s;
	struct kshare_cmd cmd;
	struct t_served w;
	struct t_host h;

	ASSERT_TRUE(t_be_host(s, &h, 0));
	cmd = t_call_cmd(h.it, T_ECHO, t_int(1));
	cmd.deadline = -1;
	EXPECT_EQ(-EINVAL, t_run(s, cmd));
	cmd.deadline = 1;
	EXPECT_EQ(-ETIMEDOUT, t_run(s, cmd));
	EXPECT_EQ(-EAGAIN, t_serve_now(s, h.class, &w));
	cmd = t_cmd(KSHARE_OP_SERVE, h.class);
	cmd.deadline = 1;
	EXPECT_EQ(-ETIMEDOUT, t_run(s, cmd));
	cmd.deadline = t_now() + 1000000;
	EXPECT_EQ(-ETIMEDOUT, t_run(s, cmd));
	/* But what is there is taken. */
	EXPECT_EQ(0, t_send(s, h.it, T_ECHO, t_int(1)));
	cmd.deadline = 1;
	EXPECT_EQ(KSHARE_SERVE_CALL, t_run(s, cmd));
}

TEST_F(kshare, a_host_that_does_not_answer_is_not_waited_for_longer)
{
	struct side *s = &self->s;
	struct kshare_cmd cmd;
	struct t_served w;
	struct t_host h;

	ASSERT_TRUE(t_be_host(s, &h, 0));
	cmd = t_call_cmd(h.it, T_ECHO, t_int(1));
	cmd.deadline = t_now() + 20000000;
	EXPECT_EQ(-ETIMEDOUT, t_run(s, cmd));
	EXPECT_LE(cmd.deadline, t_now());
	/* It was taken back. */
	EXPECT_EQ(-EAGAIN, t_serve_now(s, h.class, &w));
}

TEST_F(kshare, a_call_is_not_made_without_waiting)
{
	struct side *s = &self->s;
	struct kshare_cmd cmd;
	struct t_served w;
	struct t_host h;

	ASSERT_TRUE(t_be_host(s, &h, 0));
	cmd = t_call_cmd(h.it, T_ECHO, t_int(1));
	cmd.flags = KSHARE_NOWAIT;
	EXPECT_EQ(-EOPNOTSUPP, t_run(s, cmd));
	EXPECT_EQ(-EAGAIN, t_serve_now(s, h.class, &w));
}

/* ---- room for what SERVE tells ---- */

TEST_F(kshare, a_call_that_does_not_fit_stays_and_is_the_next)
{
	static char text[1000];
	struct side *s = &self->s;
	struct kshare_cmd cmd;
	struct t_served w;
	struct t_host h;
	uint64_t need;
	pid_t pid;

	memset(text, 't', sizeof(text) - 1);
	ASSERT_TRUE(t_be_host(s, &h, 0));
	pid = t_child(s, t_call_cmd(h.it, T_ECHO, t_str(text)));
	ASSERT_TRUE(t_until_it_waits(s, h.class, 1, pid));
	EXPECT_EQ(0, t_send(s, h.it, T_KEEP, t_int(2)));
	cmd = t_cmd(KSHARE_OP_SERVE, h.class);
	cmd.flags = KSHARE_NOWAIT;
	cmd.out = (uintptr_t)&s->out;
	cmd.out_len = sizeof(s->out.head);
	EXPECT_EQ(-ENOBUFS, t_raw(s, cmd));
	need = s->out.head.number;
	EXPECT_LT(sizeof(s->out.head) + 6 * sizeof(struct kshare_value) + 900, need);
	cmd.out_len = need - 1;
	EXPECT_EQ(-ENOBUFS, t_raw(s, cmd));
	/* Nor does it get lost where it cannot be written. */
	cmd.out = bad_address();
	cmd.out_len = 4096;
	EXPECT_EQ(-EFAULT, t_raw(s, cmd));
	cmd.out = 8;
	EXPECT_EQ(-EFAULT, t_raw(s, cmd));
	cmd.out = (uintptr_t)&s->out;
	cmd.out_len = need;
	EXPECT_EQ(KSHARE_SERVE_CALL, t_served(s, t_raw(s, cmd), &w));
	EXPECT_EQ(T_ECHO, w.method);
	EXPECT_TRUE(t_is_str(&w.arg[0], text));
	EXPECT_EQ(0, t_echo(s, h.class, &w));
	EXPECT_EQ(0, t_wait(pid));
	EXPECT_EQ(KSHARE_SERVE_CALL, t_serve_now(s, h.class, &w));
	EXPECT_EQ(T_KEEP, w.method);
}

/* The same for one that had begun to wait before there was a call */
TEST_F(kshare, who_waits_with_too_little_room_takes_nothing)
{
	struct side *s = &self->s;
	struct t_thread *t = calloc(1, sizeof(*t));
	struct kshare_cmd cmd;
	struct t_served w;
	struct t_host h;
	uint32_t i;

	ASSERT_TRUE(t_be_host(s, &h, 0));
	for (i = 0; i < 2; i++) {
		cmd = t_cmd(KSHARE_OP_SERVE, h.class);
		cmd.out = i ? bad_address() : (uintptr_t)&t->out;
		cmd.out_len = i ? 4096 : sizeof(t->out.head);
		t_begin(s, t, cmd, false);
		t_until_waiters(s, h.class, 1);
		EXPECT_EQ(0, t_send(s, h.it, T_ECHO, t_int(i)));
		EXPECT_EQ(i ? -EFAULT : -ENOBUFS, t_end(t));
		EXPECT_EQ(KSHARE_SERVE_CALL, t_serve_now(s, h.class, &w));
		EXPECT_EQ(i, w.arg[0].i);
		EXPECT_EQ(-EAGAIN, t_serve_now(s, h.class, &w));
	}
	free(t);
}

/*
 * The same for who answers and waits for the next call in one: he has answered, and the
 * call that he has no room for goes to the next who serves.
 */
TEST_F(kshare, who_answers_and_waits_with_too_little_room_has_answered)
{
	static const char text[] = "a text for which there is room only where it is asked for";
	struct side *s = &self->s;
	struct t_thread *t = calloc(1, sizeof(*t));
	struct kshare_cmd cmd;
	struct t_served w;
	struct t_host h;
	pid_t pids[2];
	int i;

	ASSERT_TRUE(t_be_host(s, &h, 0));
	for (i = 0; i < 2; i++) {
		pids[0] = t_caller(s, t_call_cmd(h.it, T_ECHO, t_int(i)), KSHARE_ANSWER_VALUE, i);
		ASSERT_EQ(KSHARE_SERVE_CALL, t_serve(s, h.class, &w));
		cmd = t_reply_cmd(h.class, w.call, t_int(i));
		cmd.op = KSHARE_OP_REPLY_AND_SERVE;
		cmd.out = i ? bad_address() : (uintptr_t)&t->out;
		cmd.out_len = sizeof(t->out.head) +
			      (KSHARE_SERVED_ARGS + 1) * sizeof(struct kshare_value);
		t_begin(s, t, cmd, false);
		EXPECT_EQ(0, t_wait(pids[0]));
		t_until_waiters(s, h.class, 1);
		pids[1] = t_fork(s);
		if (!pids[1])
			_exit(t_call(s, h.it, T_ECHO, t_str(text)) ||
			      !t_is_str(&s->out.values[0], text));
		EXPECT_EQ(i ? -EFAULT : -ENOBUFS, t_end(t));
		EXPECT_EQ(KSHARE_SERVE_CALL, t_serve_now(s, h.class, &w));
		EXPECT_TRUE(t_is_str(&w.arg[0], text));
		EXPECT_EQ(0, t_echo(s, h.class, &w));
		EXPECT_EQ(0, t_wait(pids[1]));
	}
	free(t);
}

/* And if who called has gone before the next one serves, nobody has to answer it. */
TEST_F(kshare, what_was_given_back_may_still_be_taken_back)
{
	struct side *s = &self->s;
	struct t_thread *t = calloc(1, sizeof(*t));
	struct kshare_cmd cmd;
	struct t_served w;
	struct t_host h;
	pid_t pid;

	ASSERT_TRUE(t_be_host(s, &h, 0));
	cmd = t_cmd(KSHARE_OP_SERVE, h.class);
	cmd.out = bad_address();
	cmd.out_len = 4096;
	t_begin(s, t, cmd, false);
	t_until_waiters(s, h.class, 1);
	pid = t_child(s, t_call_cmd(h.it, T_ECHO, t_int(1)));
	EXPECT_EQ(-EFAULT, t_end(t));
	EXPECT_EQ(1000 + SIGKILL, t_end_child(pid));
	t_until_waiters(s, h.class, 0);
	EXPECT_EQ(-EAGAIN, t_serve_now(s, h.class, &w));
	free(t);
}

TEST_F(kshare, a_notice_that_does_not_fit_is_told_later)
{
	struct side *s = &self->s;
	struct kshare_cmd cmd;
	struct t_served w;
	struct t_host h;
	pid_t pid;

	ASSERT_TRUE(t_be_host(s, &h, 0));
	pid = t_child(s, t_call_cmd(h.it, T_KEEP, t_none()));
	EXPECT_EQ(KSHARE_SERVE_CALL, t_serve(s, h.class, &w));
	EXPECT_EQ(1000 + SIGKILL, t_end_child(pid));
	cmd = t_cmd(KSHARE_OP_SERVE, h.class);
	cmd.deadline = t_now() + T_LONG;
	cmd.out = (uintptr_t)&s->out;
	cmd.out_len = sizeof(s->out.head);
	EXPECT_EQ(-ENOBUFS, t_raw(s, cmd));
	cmd.out = bad_address();
	cmd.out_len = 4096;
	EXPECT_EQ(-EFAULT, t_raw(s, cmd));
	EXPECT_EQ(KSHARE_SERVE_ABANDONED, t_serve(s, h.class, &w));
	EXPECT_EQ(0, t_reply(s, h.class, w.call, t_none()));
	EXPECT_EQ(0, t_close(s, h.it));
	cmd.deadline = t_now() + T_LONG;
	EXPECT_EQ(-EFAULT, t_raw(s, cmd));
	cmd.out = (uintptr_t)&s->out;
	cmd.out_len = sizeof(s->out.head);
	EXPECT_EQ(-ENOBUFS, t_raw(s, cmd));
	EXPECT_EQ(KSHARE_SERVE_RELEASE, t_serve(s, h.class, &w));
	EXPECT_EQ(T_COOKIE, w.cookie);
	EXPECT_EQ(-EAGAIN, t_serve_now(s, h.class, &w));
}

/* A handle that there is no room for any more is as a value that there is none for. */
TEST_F(kshare, an_argument_for_which_the_host_has_no_handle_stays)
{
	struct side *s = &self->s;
	struct kshare_cmd cmd = t_cmd(KSHARE_OP_DOMAIN_LIMIT, 1);
	int cell = t_create(s, KSHARE_TYPE_CELL), more = t_create(s, KSHARE_TYPE_CELL);
	struct kshare_stat stat;
	struct t_served w;
	struct t_host h;

	ASSERT_TRUE(t_be_host(s, &h, 0));
	EXPECT_EQ(0, t_send(s, h.it, T_ECHO, t_ref(cell)));
	ASSERT_EQ(0, t_stat(s, 1, &stat));
	cmd.nr = KSHARE_LIMIT_HANDLES;
	cmd.value = t_int(stat.used[KSHARE_LIMIT_HANDLES]);
	ASSERT_EQ(0, t_raw(s, cmd));
	EXPECT_EQ(-EDQUOT, t_serve_now(s, h.class, &w));
	EXPECT_EQ(-EDQUOT, t_serve_now(s, h.class, &w));
	EXPECT_EQ(0, t_close(s, more));
	EXPECT_EQ(KSHARE_SERVE_CALL, t_serve_now(s, h.class, &w));
	EXPECT_EQ(KSHARE_REF, w.arg[0].type);
}

/* ---- room for the answer ---- */

TEST_F(kshare, an_answer_that_does_not_fit_is_kept)
{
	static const char text[] = "an answer that is longer than what there is room for";
	struct side *s = &self->s;
	struct t_thread *t = calloc(1, sizeof(*t));
	struct kshare_cmd cmd;
	struct t_served w;
	struct t_host h;
	int i;

	ASSERT_TRUE(t_be_host(s, &h, 0));
	for (i = 0; i < 2; i++) {
		cmd = t_call_cmd(h.it, T_ECHO, t_str(text));
		cmd.tag = 70 + i;
		cmd.out = i ? bad_address() : (uintptr_t)&t->out;
		cmd.out_len = sizeof(struct kshare_result) + sizeof(struct kshare_value);
		t_begin(s, t, cmd, false);
		EXPECT_EQ(KSHARE_SERVE_CALL, t_serve(s, h.class, &w));
		EXPECT_EQ(0, t_reply_as(s, h.class, w.call, i, t_again(&w.arg[0])));
		EXPECT_EQ(i ? -EFAULT : -ENOBUFS, t_end(t));
		if (!i)
			EXPECT_LE(cmd.out_len + sizeof(text) - 1, t->out.head.number);
		/* It has been made: the host has nothing more to do with it. */
		EXPECT_EQ(-EAGAIN, t_serve_now(s, h.class, &w));
	}
	EXPECT_EQ(-ENOENT, t_answer_to(s, 69));
	/* Nor does it get lost when it does not fit again. */
	cmd = t_cmd(KSHARE_OP_CALL_RESULT, 0);
	cmd.key = t_int(70);
	cmd.out = (uintptr_t)&s->out;
	cmd.out_len = sizeof(s->out.head);
	EXPECT_EQ(-ENOBUFS, t_raw(s, cmd));
	cmd.out = bad_address();
	cmd.out_len = 4096;
	EXPECT_EQ(-EFAULT, t_raw(s, cmd));
	EXPECT_EQ(KSHARE_ANSWER_RAISED, t_answer_to(s, 71));
	EXPECT_TRUE(t_is_str(&s->out.values[0], text));
	EXPECT_EQ(1, s->out.head.number);
	EXPECT_EQ(KSHARE_ANSWER_VALUE, t_answer_to(s, 70));
	EXPECT_TRUE(t_is_str(&s->out.values[0], text));
	EXPECT_EQ(-ENOENT, t_answer_to(s, 70));
	EXPECT_EQ(-ENOENT, t_answer_to(s, 71));
	cmd.key = t_int(-1);
	EXPECT_EQ(-EINVAL, t_raw(s, cmd));
	cmd.key = t_none();
	EXPECT_EQ(-EINVAL, t_raw(s, cmd));

	/* Without a tag nobody could ask for it. */
	cmd = t_call_cmd(h.it, T_ECHO, t_str(text));
	cmd.out = (uintptr_t)&t->out;
	cmd.out_len = sizeof(struct kshare_result) + sizeof(struct kshare_value);
	t_begin(s, t, cmd, false);
	EXPECT_EQ(KSHARE_SERVE_CALL, t_serve(s, h.class, &w));
	EXPECT_EQ(0, t_echo(s, h.class, &w));
	EXPECT_EQ(-ENOBUFS, t_end(t));
	EXPECT_LE(cmd.out_len + sizeof(text) - 1, t->out.head.number);
	EXPECT_EQ(-EAGAIN, t_serve_now(s, h.class, &w));
	free(t);
}

/* It carries a reference, which lives as long, and the answer as long as the client. */
TEST_F(kshare, an_answer_that_is_kept_keeps_what_it_refers_to)
{
	struct side *s = &self->s;
	uint64_t objects = self->before.used[KSHARE_LIMIT_OBJECTS];
	int i, cell;
	struct t_served w;
	struct t_host h;
	pid_t pid;

	t_share_counts();
	ASSERT_TRUE(t_be_host(s, &h, 0));
	for (i = 0; i < 2; i++) {
		pid = t_fork(s);
		if (!pid) {
			struct kshare_cmd cmd = t_call_cmd(h.it, T_KEEP, t_none());

			cmd.tag = 5;
			cmd.out = (uintptr_t)&s->out;
			cmd.out_len = sizeof(s->out.head);
			if (t_raw(s, cmd) != -ENOBUFS)
				_exit(1);
			t_count(i);
			if (i) {
				for (;;)
					pause();
			}
			while (!t_counted(2))
				sched_yield();
			if (t_answer_to(s, 5) || s->out.values[0].type != KSHARE_REF)
				_exit(2);
			cell = s->out.values[0].ref.handle;
			if (t_run(s, t_cmd(KSHARE_OP_CELL_GET, cell)) || s->out.values[0].i != 8)
				_exit(3);
			_exit(0);
		}
		EXPECT_EQ(KSHARE_SERVE_CALL, t_serve(s, h.class, &w));
		cell = t_create(s, KSHARE_TYPE_CELL);
		EXPECT_EQ(0, t_run_with(s, KSHARE_OP_CELL_SET, cell, t_int(8)));
		EXPECT_EQ(0, t_reply(s, h.class, w.call, t_ref(cell)));
		EXPECT_EQ(0, t_close(s, cell));
		ASSERT_TRUE(t_until_counted(i, 1));
		EXPECT_EQ(objects + 3, t_objects_soon(s, objects + 3));
		t_count(2);
		EXPECT_EQ(i ? 1000 + SIGKILL : 0, i ? t_end_child(pid) : t_wait(pid));
		EXPECT_EQ(objects + 2, t_objects_soon(s, objects + 2));
	}
}

/* ---- large ones ---- */

/* What the whole result of a large call takes */
#define ROOM	(KSHARE_MAX_VALUE + 4096)

static struct kshare_cmd with_room(struct kshare_cmd cmd, void *room)
{
	cmd.out = (uintptr_t)room;
	cmd.out_len = ROOM;
	return cmd;
}

TEST_F(kshare, arguments_and_answers_may_be_as_long_as_values)
{
	struct side *s = &self->s;
	struct t_thread *t = calloc(1, sizeof(*t));
	uint32_t len = KSHARE_MAX_VALUE / 4;
	char *text = malloc(KSHARE_MAX_VALUE + 1);
	struct kshare_result *served = malloc(ROOM), *answer = malloc(ROOM);
	struct kshare_value v[2];
	struct kshare_cmd cmd;
	struct t_served w;
	struct t_host h;
	uint32_t i;

	ASSERT_TRUE(text && served && answer);
	for (i = 0; i <= KSHARE_MAX_VALUE; i++)
		text[i] = i * 7 / 5;
	ASSERT_TRUE(t_be_host(s, &h, 0));
	v[0] = t_bytes(text, len);
	v[1] = t_bytes(text + 1, len);
	t_begin(s, t, with_room(t_call_cmd(h.it, T_ECHO, t_vector(v, 2)), answer), false);
	cmd = t_cmd(KSHARE_OP_SERVE, h.class);
	cmd.deadline = t_now() + T_LONG;
	ASSERT_EQ(KSHARE_SERVE_CALL, t_raw(s, with_room(cmd, served)));
	ASSERT_EQ(KSHARE_SERVED_ARGS + 2, served->count);
	for (i = 0; i < 2; i++) {
		struct kshare_value *arg = &served->values[KSHARE_SERVED_ARGS + i];

		ASSERT_EQ(len, arg->len);
		EXPECT_EQ(0, memcmp((void *)(uintptr_t)arg->ptr, text + i, len));
	}
	EXPECT_EQ(0, t_reply(s, h.class, served->number,
			     served->values[KSHARE_SERVED_ARGS + 1]));
	EXPECT_EQ(0, t_end(t));
	ASSERT_EQ(len, answer->values[0].len);
	EXPECT_EQ(0, memcmp((void *)(uintptr_t)answer->values[0].ptr, text + 1, len));

	/* One byte more than the values of a command may have */
	EXPECT_EQ(-E2BIG, t_send(s, h.it, T_ECHO, t_bytes(text, KSHARE_MAX_VALUE + 1)));
	v[0] = t_bytes(text, KSHARE_MAX_VALUE / 2);
	v[1] = t_bytes(text, KSHARE_MAX_VALUE / 2 + 1);
	EXPECT_EQ(-E2BIG, t_send(s, h.it, T_ECHO, t_vector(v, 2)));
	EXPECT_EQ(-EAGAIN, t_serve_now(s, h.class, &w));
	v[1] = t_bytes(text, KSHARE_MAX_VALUE / 2 - 64);
	EXPECT_EQ(0, t_send(s, h.it, T_ECHO, t_vector(v, 2)));
	EXPECT_EQ(KSHARE_SERVE_CALL, t_raw(s, with_room(t_cmd(KSHARE_OP_SERVE, h.class), served)));
	free(text);
	free(served);
	free(answer);
	free(t);
}

TEST_F(kshare, there_may_be_as_many_arguments_as_a_vector_has)
{
	struct side *s = &self->s;
	uint32_t i, n = KSHARE_MAX_VECTOR, bad = 0;
	struct kshare_value *v = calloc(n + 1, sizeof(*v));
	struct kshare_result *served = malloc(ROOM);
	struct kshare_cmd cmd = t_cmd(KSHARE_OP_SERVE, 0);
	struct t_host h;

	ASSERT_TRUE(t_be_host(s, &h, 0));
	for (i = 0; i < n; i++)
		v[i] = t_int(i);
	EXPECT_EQ(-E2BIG, t_send(s, h.it, T_ECHO, t_vector(v, n + 1)));
	ASSERT_EQ(0, t_send(s, h.it, T_ECHO, t_vector(v, n)));
	cmd.handle = h.class;
	ASSERT_EQ(KSHARE_SERVE_CALL, t_raw(s, with_room(cmd, served)));
	ASSERT_EQ(KSHARE_SERVED_ARGS + n, served->count);
	for (i = 0; i < n; i++)
		bad += served->values[KSHARE_SERVED_ARGS + i].i != i;
	EXPECT_EQ(0, bad);
	/* A vector within one is none. */
	v[1] = t_vector(v, 1);
	EXPECT_EQ(-EINVAL, t_send(s, h.it, T_ECHO, t_vector(v, 2)));
	free(served);
	free(v);
}

/* What waits in the queue of a host is the callers' of whom it comes, and the domain's. */
TEST_F(kshare, arguments_count_against_the_limit_of_bytes)
{
	static char text[8192];
	struct side *s = &self->s;
	struct kshare_cmd cmd = t_cmd(KSHARE_OP_DOMAIN_LIMIT, 1);
	struct kshare_stat stat;
	struct t_served w;
	struct t_host h;
	uint64_t before;
	int i, sent = 0;

	ASSERT_TRUE(t_be_host(s, &h, 0));
	ASSERT_EQ(0, t_stat(s, 1, &stat));
	before = stat.used[KSHARE_LIMIT_BYTES];
	cmd.nr = KSHARE_LIMIT_BYTES;
	cmd.value = t_int(before + 10 * sizeof(text));
	ASSERT_EQ(0, t_raw(s, cmd));
	for (i = 0; i < 20; i++) {
		int ret = t_send(s, h.it, T_ECHO, t_bytes(text, sizeof(text)));

		if (ret) {
			EXPECT_EQ(-EDQUOT, ret);
			break;
		}
		sent++;
	}
	EXPECT_LT(0, sent);
	EXPECT_GE(10, sent);
	for (i = 0; i < sent; i++)
		EXPECT_EQ(KSHARE_SERVE_CALL, t_serve_now(s, h.class, &w));
	EXPECT_EQ(-EAGAIN, t_serve_now(s, h.class, &w));
	ASSERT_EQ(0, t_stat(s, 1, &stat));
	EXPECT_EQ(before, stat.used[KSHARE_LIMIT_BYTES]);
}

/* ---- number ---- */

/* As t_thread, which has room for a result as well: so many would take too much. */
struct lean {
	int fd;
	struct kshare_cmd cmd;
	int ret;
	pthread_t id;
};

static void *lean_run(void *arg)
{
	struct lean *t = arg;

	t->ret = ioctl(t->fd, KSHARE_IOC_CMD, &t->cmd) ? -errno : 0;
	return NULL;
}

TEST_F(kshare, a_client_has_only_so_many_calls)
{
	struct side *s = &self->s;
	struct kshare_stat stat;
	pthread_attr_t attr;
	struct t_served w;
	struct t_host h;
	pid_t pid;
	int i, n = KSHARE_MAX_CALLS;
	struct lean *t = calloc(n, sizeof(*t));

	ASSERT_TRUE(t_be_host(s, &h, 0));
	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, 65536);
	for (i = 0; i < n; i++) {
		t[i].fd = s->fd;
		t[i].cmd = t_call_cmd(h.it, T_ECHO, t_int(i));
		ASSERT_EQ(0, pthread_create(&t[i].id, &attr, lean_run, &t[i]));
	}
	t_until_waiters(s, h.class, n);
	EXPECT_EQ(-EDQUOT, t_call(s, h.it, T_ECHO, t_int(n)));
	/* Of another client that is no concern, */
	pid = t_caller(s, t_call_cmd(h.it, T_ECHO, t_int(-1)), KSHARE_ANSWER_VALUE, -1);
	ASSERT_TRUE(t_until_it_waits(s, h.class, n + 1, pid));
	for (i = 0; i < n + 1; i++) {
		ASSERT_EQ(KSHARE_SERVE_CALL, t_serve(s, h.class, &w));
		/* nor does it help that the host has taken one. */
		if (!i)
			EXPECT_EQ(-EDQUOT, t_raw(s, t_call_cmd(h.it, T_ECHO, t_int(n))));
		EXPECT_EQ(0, t_echo(s, h.class, &w));
	}
	for (i = 0; i < n; i++) {
		pthread_join(t[i].id, NULL);
		EXPECT_EQ(0, t[i].ret);
	}
	EXPECT_EQ(0, t_wait(pid));
	ASSERT_EQ(0, t_stat(s, h.class, &stat));
	EXPECT_EQ(0, stat.waiters);
	free(t);
}

TEST_F(kshare, what_nobody_waits_for_is_limited_too)
{
	struct side *s = &self->s;
	struct kshare_cmd cmd = t_cmd(KSHARE_OP_DOMAIN_LIMIT, 1);
	struct kshare_stat stat;
	struct t_served w;
	struct t_host h;
	int i, ret = 0, sent;

	ASSERT_TRUE(t_be_host(s, &h, 0));
	cmd.nr = KSHARE_LIMIT_WAITERS;
	cmd.value = t_int(100);
	ASSERT_EQ(0, t_raw(s, cmd));
	for (sent = 0; sent < 2000 && !ret; sent++)
		ret = t_send(s, h.it, T_ECHO, t_int(sent));
	EXPECT_EQ(-EDQUOT, ret);
	sent--;
	for (i = 0; i < sent; i++) {
		ASSERT_EQ(KSHARE_SERVE_CALL, t_serve_now(s, h.class, &w));
		EXPECT_EQ(i, w.arg[0].i);
	}
	EXPECT_EQ(-EAGAIN, t_serve_now(s, h.class, &w));
	EXPECT_EQ(0, t_send(s, h.it, T_ECHO, t_int(sent)));
	EXPECT_EQ(KSHARE_SERVE_CALL, t_serve_now(s, h.class, &w));
	ASSERT_EQ(0, t_stat(s, 1, &stat));
	EXPECT_EQ(0, stat.used[KSHARE_LIMIT_WAITERS]);
}

TEST_HARNESS_MAIN
