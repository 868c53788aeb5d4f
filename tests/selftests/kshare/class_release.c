// SPDX-License-Identifier: GPL-2.0
/*
 * The end of an instance: once nothing refers to it any more its host is told, once,
 * whatever it was that kept it.
 */
#include "passing_test.h"
#include "class_test.h"

/* Is the host told now that this one has gone, and nothing else? */
static bool told(struct side *s, int class, uint64_t id, uint64_t cookie)
{
	struct t_served w, more;

	return t_serve(s, class, &w) == KSHARE_SERVE_RELEASE && w.id == id &&
	       w.cookie == cookie && !w.call && !w.args &&
	       t_serve_now(s, class, &more) == -EAGAIN;
}

static bool silent(struct side *s, int class)
{
	struct t_served w;

	return t_serve_now(s, class, &w) == -EAGAIN;
}

static uint64_t instances(struct side *s, int class)
{
	struct kshare_stat stat;

	return t_stat(s, class, &stat) ? UINT64_MAX : stat.length;
}

TEST_F(kshare, the_last_handle_is_what_counts)
{
	struct side *s = &self->s;
	struct t_host h;
	uint64_t id;
	int again;

	ASSERT_TRUE(t_be_host(s, &h, 0));
	id = t_id(s, h.it);
	again = t_dup(s, h.it, KSHARE_RIGHT_READ);
	EXPECT_EQ(0, t_close(s, h.it));
	EXPECT_TRUE(silent(s, h.class));
	EXPECT_EQ(1, instances(s, h.class));
	EXPECT_EQ(0, t_close(s, again));
	EXPECT_TRUE(told(s, h.class, id, T_COOKIE));
	EXPECT_EQ(0, instances(s, h.class));
}

TEST_F(kshare, the_cookie_is_the_one_it_had_at_last)
{
	struct side *s = &self->s;
	struct kshare_cmd cmd;
	struct t_host h;
	uint64_t id;

	ASSERT_TRUE(t_be_host(s, &h, 0));
	id = t_id(s, h.it);
	cmd = t_with_key(KSHARE_OP_CLASS_COOKIE, h.class, t_int(id));
	cmd.value = t_int(-2);
	EXPECT_EQ(0, t_raw(s, cmd));
	EXPECT_EQ(0, t_close(s, h.it));
	EXPECT_TRUE(told(s, h.class, id, -2));
}

TEST_F(kshare, a_host_that_waits_is_woken_up)
{
	struct side *s = &self->s;
	struct t_thread *t = calloc(1, sizeof(*t));
	struct t_host h;

	ASSERT_TRUE(t_be_host(s, &h, 0));
	t_begin(s, t, t_cmd(KSHARE_OP_SERVE, h.class), true);
	t_until_waiters(s, h.class, 1);
	EXPECT_EQ(0, t_close(s, h.it));
	EXPECT_EQ(KSHARE_SERVE_RELEASE, t_end(t));
	EXPECT_EQ(T_COOKIE, t->out.values[KSHARE_SERVED_COOKIE].u);
	EXPECT_EQ(0, t->out.head.number);
	EXPECT_TRUE(silent(s, h.class));
	free(t);
}

TEST_F(kshare, a_container_keeps_it)
{
	struct side *s = &self->s;
	int list = t_create(s, KSHARE_TYPE_LIST), queue = t_create(s, KSHARE_TYPE_QUEUE);
	struct t_host h;
	uint64_t id;

	ASSERT_TRUE(t_be_host(s, &h, 0));
	id = t_id(s, h.it);
	EXPECT_EQ(0, t_append(s, list, t_ref(h.it)));
	EXPECT_EQ(0, t_run_with(s, KSHARE_OP_QUEUE_PUT, queue, t_ref(h.it)));
	EXPECT_EQ(0, t_close(s, h.it));
	EXPECT_TRUE(silent(s, h.class));
	EXPECT_EQ(0, t_raw(s, t_cmd(KSHARE_OP_LIST_CLEAR, list)));
	EXPECT_TRUE(silent(s, h.class));
	/* With the container, too */
	EXPECT_EQ(0, t_close(s, queue));
	EXPECT_TRUE(told(s, h.class, id, T_COOKIE));
}

TEST_F(kshare, a_ticket_and_a_descriptor_keep_it)
{
	struct side *s = &self->s;
	char text[KSHARE_TICKET_LEN + 1];
	struct t_host h;
	int64_t number;
	uint64_t id;
	int fd;

	ASSERT_TRUE(t_be_host(s, &h, 0));
	id = t_id(s, h.it);
	number = t_ticket(s, h.it, text);
	ASSERT_LT(0, number);
	fd = t_export(s, h.it, 0);
	ASSERT_LE(0, fd);
	EXPECT_EQ(0, t_close(s, h.it));
	EXPECT_TRUE(silent(s, h.class));
	EXPECT_EQ(0, t_raw(s, t_with_key(KSHARE_OP_TICKET_REVOKE, 0, t_int(number))));
	EXPECT_TRUE(silent(s, h.class));
	close(fd);
	EXPECT_TRUE(told(s, h.class, id, T_COOKIE));
}

TEST_F(kshare, a_gate_keeps_it_until_it_is_closed)
{
	struct side *s = &self->s;
	struct kshare_cmd cmd;
	struct t_host h;
	uint64_t id;
	int few;

	ASSERT_TRUE(t_be_host(s, &h, 0));
	id = t_id(s, h.it);
	cmd = t_cmd(KSHARE_OP_DUP, h.it);
	cmd.flags = KSHARE_METHODS;
	cmd.value = t_uint(1 << T_ECHO);
	few = t_raw(s, cmd);
	ASSERT_LT(0, few);
	EXPECT_EQ(0, t_close(s, h.it));
	EXPECT_TRUE(silent(s, h.class));
	EXPECT_EQ(0, t_close(s, few));
	EXPECT_TRUE(told(s, h.class, id, T_COOKIE));
}

TEST_F(kshare, who_is_killed_gives_it_back)
{
	struct side *s = &self->s;
	struct t_host h;
	uint64_t id;
	pid_t pid;

	ASSERT_TRUE(t_be_host(s, &h, 0));
	id = t_id(s, h.it);
	t_share_counts();
	pid = t_fork(s);
	if (!pid) {
		t_count(0);
		for (;;)
			pause();
	}
	ASSERT_TRUE(t_until_counted(0, 1));
	EXPECT_EQ(0, t_close(s, h.it));
	EXPECT_TRUE(silent(s, h.class));
	EXPECT_EQ(1000 + SIGKILL, t_end_child(pid));
	EXPECT_TRUE(told(s, h.class, id, T_COOKIE));
}

/* An instance is not gone before the call of it is over, whoever waits for that. */
TEST_F(kshare, a_call_that_is_abandoned_keeps_it_until_it_is_answered)
{
	struct side *s = &self->s;
	struct t_served w, told_of;
	struct t_host h;
	uint64_t id;
	pid_t pid;

	ASSERT_TRUE(t_be_host(s, &h, 0));
	id = t_id(s, h.it);
	pid = t_child(s, t_call_cmd(h.it, T_KEEP, t_none()));
	EXPECT_EQ(KSHARE_SERVE_CALL, t_serve(s, h.class, &w));
	EXPECT_EQ(0, t_close(s, h.it));
	EXPECT_EQ(1000 + SIGKILL, t_end_child(pid));
	EXPECT_EQ(KSHARE_SERVE_ABANDONED, t_serve(s, h.class, &told_of));
	EXPECT_EQ(w.call, told_of.call);
	EXPECT_TRUE(silent(s, h.class));
	EXPECT_EQ(0, t_reply(s, h.class, w.call, t_none()));
	EXPECT_TRUE(told(s, h.class, id, T_COOKIE));
}

/* The same if it is answered before the host asks again. */
TEST_F(kshare, the_answer_to_a_caller_that_has_died_ends_it)
{
	struct side *s = &self->s;
	struct t_served w;
	struct t_host h;
	uint64_t id;
	pid_t pid;

	ASSERT_TRUE(t_be_host(s, &h, 0));
	id = t_id(s, h.it);
	pid = t_child(s, t_call_cmd(h.it, T_KEEP, t_none()));
	EXPECT_EQ(KSHARE_SERVE_CALL, t_serve(s, h.class, &w));
	EXPECT_EQ(0, t_close(s, h.it));
	EXPECT_EQ(1000 + SIGKILL, t_end_child(pid));
	t_until_waiters(s, h.class, 0);
	EXPECT_EQ(0, t_reply(s, h.class, w.call, t_none()));
	EXPECT_TRUE(told(s, h.class, id, T_COOKIE));
}

/* An answer that carries it, and that nobody gets */
TEST_F(kshare, an_answer_that_is_dropped_drops_it)
{
	struct side *s = &self->s;
	struct t_served w;
	struct t_host h;
	uint64_t id;
	int made;
	pid_t pid;

	ASSERT_TRUE(t_be_host(s, &h, KSHARE_CLASS_CREATABLE));
	pid = t_child(s, t_call_cmd(h.class, KSHARE_METHOD_CREATE, t_none()));
	EXPECT_EQ(KSHARE_SERVE_CREATE, t_serve(s, h.class, &w));
	made = t_instance(s, h.class, 55);
	id = t_id(s, made);
	EXPECT_EQ(1000 + SIGKILL, t_end_child(pid));
	t_until_waiters(s, h.class, 0);
	EXPECT_EQ(0, t_reply(s, h.class, w.call, t_ref(made)));
	EXPECT_TRUE(silent(s, h.class));
	EXPECT_EQ(0, t_close(s, made));
	EXPECT_TRUE(told(s, h.class, id, 55));
}

TEST_F(kshare, an_adopter_is_told_of_what_went_while_there_was_no_host)
{
	struct side *s = &self->s;
	int it, class, box = t_create(s, KSHARE_TYPE_LIST);
	struct kshare_cmd cmd;
	uint64_t id;
	pid_t pid;

	t_share_counts();
	pid = t_host_child(s, box, 0);
	it = t_take_out(s, box);
	class = t_open_class(s, "thing");
	ASSERT_LT(0, class);
	id = t_id(s, it);
	EXPECT_EQ(1000 + SIGKILL, t_end_child(pid));
	EXPECT_EQ(1, instances(s, class));
	EXPECT_EQ(0, t_close(s, it));
	EXPECT_EQ(0, instances(s, class));
	cmd = t_cmd(KSHARE_OP_CLASS_ADOPT, class);
	cmd.deadline = t_now() + T_LONG;
	EXPECT_EQ(2, t_raw(s, cmd));
	EXPECT_TRUE(told(s, class, id, T_COOKIE));
}

/* One that refers to itself, and two that refer to each other */
TEST_F(kshare, what_only_refers_to_itself_is_collected_and_told)
{
	struct side *s = &self->s;
	struct kshare_cmd cmd;
	struct t_served w;
	struct t_host h;
	int i, n, it[3];
	uint64_t ids[3];

	ASSERT_TRUE(t_be_host(s, &h, 0));
	it[0] = h.it;
	for (i = 1; i < 3; i++)
		it[i] = t_instance(s, h.class, T_COOKIE + i);
	for (i = 0; i < 3; i++) {
		ids[i] = t_id(s, it[i]);
		cmd = t_with_key(KSHARE_OP_DICT_SET, it[i], t_str("any"));
		cmd.value = t_ref(it[i == 0 ? 0 : 3 - i]);
		EXPECT_EQ(1, t_raw(s, cmd));
	}
	for (i = 0; i < 3; i++)
		EXPECT_EQ(0, t_close(s, it[i]));
	/* By this or by the worker, which may be at it already */
	EXPECT_EQ(0, t_run(s, t_cmd(KSHARE_OP_DOMAIN_COLLECT, 1)));
	for (n = 0; n < 3; n++) {
		ASSERT_EQ(KSHARE_SERVE_RELEASE, t_serve(s, h.class, &w));
		for (i = 0; i < 3 && ids[i] != w.id; i++)
			;
		ASSERT_GT(3, i);
		EXPECT_EQ(T_COOKIE + i, w.cookie);
		ids[i] = 0;
	}
	EXPECT_TRUE(silent(s, h.class));
	EXPECT_EQ(0, instances(s, h.class));
}

/* A class that only its instances' fields refer to, which have it in turn */
TEST_F(kshare, a_class_goes_with_its_instances)
{
	struct side *s = &self->s;
	uint64_t objects = self->before.used[KSHARE_LIMIT_OBJECTS];
	struct kshare_cmd cmd;
	struct t_host h;

	ASSERT_TRUE(t_be_host(s, &h, 0));
	cmd = t_with_key(KSHARE_OP_DICT_SET, h.it, t_str("any"));
	cmd.value = t_ref(h.class);
	EXPECT_EQ(1, t_raw(s, cmd));
	EXPECT_EQ(0, t_close(s, h.class));
	EXPECT_EQ(0, t_close(s, h.it));
	EXPECT_EQ(0, t_run(s, t_cmd(KSHARE_OP_DOMAIN_COLLECT, 1)));
	EXPECT_EQ(objects, t_objects_soon(s, objects));
	EXPECT_EQ(-ENOENT, t_open_class(s, "thing"));
	/* And one in which a call waits that carries its own instance */
	ASSERT_TRUE(t_be_host(s, &h, 0));
	EXPECT_EQ(0, t_send(s, h.it, T_ECHO, t_ref(h.it)));
	EXPECT_EQ(0, t_close(s, h.it));
	EXPECT_EQ(0, t_close(s, h.class));
	EXPECT_EQ(0, t_run(s, t_cmd(KSHARE_OP_DOMAIN_COLLECT, 1)));
	EXPECT_EQ(objects, t_objects_soon(s, objects));
}

/* As many as are made are told, each once, from wherever they go. */
TEST_F(kshare, each_is_told_once)
{
	struct side *s = &self->s;
	int i, n = t_rounds(2000), list = t_create(s, KSHARE_TYPE_LIST), count = 0;
	unsigned char *seen = calloc(n, 1);
	struct t_served w;
	struct t_host h;
	pid_t pid;

	ASSERT_TRUE(t_be_host(s, &h, 0));
	for (i = 0; i < n; i++) {
		int it = t_instance(s, h.class, i);

		ASSERT_LT(0, it);
		EXPECT_EQ(0, t_append(s, list, t_ref(it)));
		EXPECT_EQ(0, t_close(s, it));
	}
	pid = t_fork(s);
	if (!pid) {
		/* Half of them go with a value, the rest with who had handles to them. */
		for (i = 0; i < n / 2; i++)
			if (t_raw(s, t_cmd(KSHARE_OP_LIST_POP, list)))
				_exit(1);
		for (i = 0; i < n - n / 2; i++)
			if (t_take_out(s, list) < 0)
				_exit(2);
		kill(getpid(), SIGKILL);
	}
	while (count < n) {
		ASSERT_EQ(KSHARE_SERVE_RELEASE, t_serve(s, h.class, &w));
		ASSERT_GT(n, w.cookie);
		EXPECT_EQ(0, seen[w.cookie]++);
		count++;
	}
	EXPECT_EQ(1000 + SIGKILL, t_wait(pid));
	EXPECT_TRUE(silent(s, h.class));
	free(seen);
}

TEST_HARNESS_MAIN
