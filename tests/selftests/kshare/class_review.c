// SPDX-License-Identifier: GPL-2.0
/* Classes: ways around their rules, and what is easily lost between host and caller. */
#include "kshare_test.h"

#include <sys/epoll.h>

#define METHODS	2

/* A class with two methods and a field x, and what its fields and itself are. */
static int class_of(struct side *s, uint32_t flags, uint32_t types, uint32_t field)
{
	struct {
		struct kshare_class_info info;
		struct kshare_class_method m[METHODS];
		struct kshare_class_field f[1];
	} d = {
		.info = {
			.size = sizeof(struct kshare_class_info),
			.flags = flags,
			.methods = METHODS,
			.fields = 1,
			.method_size = sizeof(struct kshare_class_method),
			.field_size = sizeof(struct kshare_class_field),
		},
		.m = {
			{ .name = "a", .flags = KSHARE_METHOD_EXPOSED },
			{ .name = "b", .flags = KSHARE_METHOD_EXPOSED },
		},
		.f = { { .name = "x", .types = types, .flags = field } },
	};
	struct kshare_cmd cmd = t_cmd(KSHARE_OP_CLASS_REGISTER, 1);

	cmd.key = t_str("class");
	cmd.value = t_bytes(&d, sizeof(d));
	return t_raw(s, cmd);
}

static int instance_of(struct side *s, int class)
{
	return t_raw(s, t_cmd(KSHARE_OP_INSTANCE_CREATE, class));
}

static struct kshare_cmd call(int instance, uint32_t method)
{
	struct kshare_cmd cmd = t_cmd(KSHARE_OP_CALL, instance);

	cmd.nr = method;
	return cmd;
}

/* Nobody waits for it. */
static int send(struct side *s, int instance, uint32_t method)
{
	struct kshare_cmd cmd = call(instance, method);

	cmd.flags = KSHARE_ONEWAY;
	return t_raw(s, cmd);
}

/* What there is to do now, and no waiting. */
static int serve(struct side *s, int class)
{
	struct kshare_cmd cmd = t_cmd(KSHARE_OP_SERVE, class);

	cmd.flags = KSHARE_NOWAIT;
	return t_run(s, cmd);
}

static struct kshare_cmd reply(int class, uint64_t id, struct kshare_value v)
{
	struct kshare_cmd cmd = t_cmd(KSHARE_OP_REPLY, class);

	cmd.key = t_int(id);
	cmd.value = v;
	return cmd;
}

/* Serves the next call by a thread of its own, which answers it with 1. */
static void answer_one(struct side *s, int class)
{
	struct kshare_cmd cmd = t_cmd(KSHARE_OP_SERVE, class);

	if (t_run(s, cmd) == KSHARE_SERVE_CALL)
		t_raw(s, reply(class, s->out.head.number, t_int(1)));
}

static uint64_t used(struct side *s, int what)
{
	struct kshare_stat stat;

	return t_stat(s, 1, &stat) ? 9999 : stat.used[what];
}

/* With epoll it is not enough that it is ready when it is looked at. */
TEST_F(kshare, a_call_wakes_who_polls)
{
	struct side *s = &self->s;
	int class = class_of(s, 0, 0, 0), i = instance_of(s, class);
	int fd = t_raw(s, t_cmd(KSHARE_OP_EXPORT_FD, class)), ep = epoll_create1(0);
	struct epoll_event ev = { .events = EPOLLIN };
	struct t_thread *t = calloc(1, sizeof(*t));

	ASSERT_EQ(0, epoll_ctl(ep, EPOLL_CTL_ADD, fd, &ev));
	EXPECT_EQ(0, epoll_wait(ep, &ev, 1, 0));
	t_begin(s, t, call(i, 0), true);
	t_until_waiters(s, class, 1);
	EXPECT_EQ(1, epoll_wait(ep, &ev, 1, 0));
	EXPECT_EQ(KSHARE_SERVE_CALL, serve(s, class));
	EXPECT_EQ(0, epoll_wait(ep, &ev, 1, 0));
	EXPECT_EQ(0, t_raw(s, reply(class, s->out.head.number, t_int(5))));
	EXPECT_EQ(KSHARE_ANSWER_VALUE, t_end(t));
	EXPECT_EQ(5, t->out.values[0].i);
	close(ep);
	close(fd);
	free(t);
}

/* One has no room for the result: the next who waits gets it. */
TEST_F(kshare, a_call_that_is_given_back_goes_to_the_next_server)
{
	struct side *s = &self->s;
	int class = class_of(s, 0, 0, 0), i = instance_of(s, class);
	struct t_thread *t = calloc(3, sizeof(*t));
	struct kshare_cmd cmd = t_cmd(KSHARE_OP_SERVE, class);

	cmd.out = (uintptr_t)&t[0].out;
	cmd.out_len = sizeof(struct kshare_result);
	t_begin(s, &t[0], cmd, false);
	t_until_waiters(s, class, 1);
	t_begin(s, &t[1], t_cmd(KSHARE_OP_SERVE, class), true);
	t_until_waiters(s, class, 2);
	t_begin(s, &t[2], call(i, 1), true);
	EXPECT_EQ(-ENOBUFS, t_end(&t[0]));
	EXPECT_EQ(KSHARE_SERVE_CALL, t_end(&t[1]));
	EXPECT_EQ(1, t[1].out.values[KSHARE_SERVED_METHOD].u);
	EXPECT_EQ(0, t_raw(s, reply(class, t[1].out.head.number, t_none())));
	EXPECT_EQ(KSHARE_ANSWER_VALUE, t_end(&t[2]));
	free(t);
}

TEST_F(kshare, who_waits_for_all_serves_as_well)
{
	struct side *s = &self->s;
	int class = class_of(s, 0, 0, 0), i = instance_of(s, class), e;
	struct t_thread *t = calloc(3, sizeof(*t));
	struct kshare_cmd cmds[2], cmd = t_cmd(KSHARE_OP_WAIT_ALL, 0);

	e = t_create(s, KSHARE_TYPE_EVENT);
	cmds[0] = t_cmd(KSHARE_OP_EVENT_WAIT, e);
	cmds[1] = t_cmd(KSHARE_OP_SERVE, class);
	cmds[1].out = (uintptr_t)&t[2].out;
	cmds[1].out_len = sizeof(t[2].out);
	cmd.value = t_bytes(cmds, sizeof(cmds));
	EXPECT_EQ(0, t_raw(s, t_cmd(KSHARE_OP_EVENT_SET, e)));
	t_begin(s, &t[0], cmd, true);
	t_until_waiters(s, class, 1);
	t_begin(s, &t[1], call(i, 0), true);
	EXPECT_EQ(0, t_end(&t[0]));
	EXPECT_EQ(KSHARE_SERVE_CALL, t[0].out.values[1].i);
	EXPECT_EQ(0, t_raw(s, reply(class, t[2].out.head.number, t_none())));
	EXPECT_EQ(KSHARE_ANSWER_VALUE, t_end(&t[1]));
	free(t);
}

struct nested {
	struct side s;
	int class;
	int instance;
	int served;
	int inner;
	pthread_t id;
};

/* Waits by WAIT_ANY, and before it answers calls itself. */
static void *serve_nested(void *arg)
{
	struct kshare_cmd serve, cmd = t_cmd(KSHARE_OP_WAIT_ANY, 0);
	struct nested *n = arg;

	serve = t_cmd(KSHARE_OP_SERVE, n->class);
	serve.out = (uintptr_t)&n->s.out;
	serve.out_len = sizeof(n->s.out);
	cmd.value = t_bytes(&serve, sizeof(serve));
	n->served = t_raw(&n->s, cmd);
	cmd = call(n->instance, 1);
	cmd.deadline = t_now() + T_LONG;
	n->inner = t_raw(&n->s, cmd);
	t_raw(&n->s, reply(n->class, n->s.out.head.number, t_none()));
	return NULL;
}

TEST_F(kshare, who_serves_by_wait_any_may_call_a_serial_class_that_it_serves)
{
	struct side *s = &self->s;
	int class = class_of(s, KSHARE_CLASS_SERIAL, 0, 0);
	struct nested *n = calloc(1, sizeof(*n));
	struct t_thread *t = calloc(1, sizeof(*t));

	n->s = *s;
	n->class = class;
	n->instance = instance_of(s, class);
	ASSERT_EQ(0, pthread_create(&n->id, NULL, serve_nested, n));
	t_until_waiters(s, class, 1);
	t_begin(s, t, call(n->instance, 0), true);
	answer_one(s, class);
	pthread_join(n->id, NULL);
	EXPECT_EQ(0, n->served);
	EXPECT_EQ(KSHARE_ANSWER_VALUE, n->inner);
	EXPECT_EQ(KSHARE_ANSWER_VALUE, t_end(t));
	free(n);
	free(t);
}

static int set(struct side *s, int h, const char *key, uint32_t len, struct kshare_value v)
{
	struct kshare_cmd cmd = t_cmd(KSHARE_OP_DICT_SET, h);

	cmd.key = t_bytes(key, len);
	cmd.key.type = KSHARE_STR;
	cmd.value = v;
	return t_raw(s, cmd);
}

TEST_F(kshare, a_name_with_zeroes_behind_it_is_no_field)
{
	struct side *s = &self->s;
	int i = instance_of(s, class_of(s, 0, 0, 0));
	struct kshare_value pair[2] = { t_bytes("x\0\0", 2), t_int(1) };

	EXPECT_LE(0, set(s, i, "x", 1, t_int(1)));
	EXPECT_EQ(-ENOENT, set(s, i, "x\0", 2, t_int(1)));
	EXPECT_EQ(-ENOENT, set(s, i, "x\0\0\0\0\0\0\0\0\0\0", 11, t_int(1)));
	EXPECT_EQ(-ENOENT, set(s, i, "", 0, t_int(1)));
	EXPECT_EQ(-ENOENT, set(s, i, "xx", 2, t_int(1)));
	pair[0].type = KSHARE_STR;
	EXPECT_EQ(-ENOENT, t_run_with(s, KSHARE_OP_DICT_UPDATE, i, t_vector(pair, 2)));
	EXPECT_EQ(0, t_run(s, t_cmd(KSHARE_OP_DICT_LEN, i)));
	EXPECT_EQ(1, s->out.head.number);
}

TEST_F(kshare, a_field_for_bools_alone_takes_no_sum)
{
	struct side *s = &self->s;
	int i = instance_of(s, class_of(s, 0, 1 << KSHARE_BOOL, 0));
	struct kshare_cmd cmd = t_cmd(KSHARE_OP_DICT_ADD, i);

	cmd.key = t_str("x");
	cmd.value = t_bool(true);
	EXPECT_EQ(-EDOM, t_run(s, cmd));
	EXPECT_LE(0, set(s, i, "x", 1, t_bool(true)));
	EXPECT_EQ(-EDOM, t_run(s, cmd));
	cmd = t_cmd(KSHARE_OP_DICT_GET, i);
	cmd.key = t_str("x");
	EXPECT_EQ(0, t_run(s, cmd));
	EXPECT_EQ(KSHARE_BOOL, s->out.values[0].type);
}

/* One client's calls do not hold up the other's, also where one is served at a time. */
TEST_F(kshare, clients_take_turns_in_a_serial_class)
{
	static const uint32_t flags[] = { KSHARE_CLASS_SERIAL, KSHARE_CLASS_SERIAL_EACH };
	struct side *s = &self->s;
	int f, k;

	for (f = 0; f < 2; f++) {
		int class = class_of(s, flags[f], 0, 0), i = instance_of(s, class);
		struct kshare_cmd cmd = call(i, 1);
		char got[5] = "";
		pid_t pid;

		for (k = 0; k < 3; k++)
			EXPECT_EQ(0, send(s, i, 0));
		cmd.flags = KSHARE_ONEWAY;
		pid = t_child(s, cmd);
		EXPECT_EQ(0, t_wait(pid));
		for (k = 0; k < 4; k++) {
			EXPECT_EQ(KSHARE_SERVE_CALL, serve(s, class));
			got[k] = 'a' + (s->out.values[KSHARE_SERVED_METHOD].u & 0xff);
			EXPECT_EQ(-EAGAIN, (cmd = t_cmd(KSHARE_OP_SERVE, class),
					    cmd.flags = KSHARE_NOWAIT, t_raw(s, cmd)));
			EXPECT_EQ(0, t_raw(s, reply(class, s->out.head.number, t_none())));
		}
		EXPECT_STREQ("aaba", got);
		t_close(s, i);
		t_close(s, class);
	}
}

/* Who calls and leaves goes on paying until the host has answered. */
TEST_F(kshare, calls_that_were_left_to_the_host_are_counted)
{
	struct side *s = &self->s;
	int class = class_of(s, 0, 0, 0), i = instance_of(s, class), k;
	struct t_thread *t = calloc(1, sizeof(*t));
	uint64_t ids[3], before = used(s, KSHARE_LIMIT_WAITERS);
	struct kshare_cmd cmd, cancel = t_cmd(KSHARE_OP_CANCEL, 0);

	cancel.key = t_int(7);
	for (k = 0; k < 3; k++) {
		cmd = call(i, 0);
		cmd.tag = 7;
		t_begin(s, t, cmd, true);
		t_until_waiters(s, class, 1);
		EXPECT_EQ(KSHARE_SERVE_CALL, serve(s, class));
		ids[k] = s->out.head.number;
		EXPECT_EQ(1, t_raw(s, cancel));
		EXPECT_EQ(-ECANCELED, t_end(t));
		EXPECT_EQ(KSHARE_SERVE_ABANDONED, serve(s, class));
		EXPECT_EQ(ids[k], s->out.head.number);
		EXPECT_EQ(before + k + 1, used(s, KSHARE_LIMIT_WAITERS));
	}
	EXPECT_EQ(0, t_raw(s, reply(class, ids[1], t_int(1))));
	EXPECT_EQ(before + 2, used(s, KSHARE_LIMIT_WAITERS));
	/* Those that are never answered go with the host. */
	EXPECT_EQ(0, t_raw(s, t_cmd(KSHARE_OP_CLASS_UNREGISTER, class)));
	EXPECT_EQ(before, used(s, KSHARE_LIMIT_WAITERS));
	free(t);
}

TEST_F(kshare, notices_and_answers_that_nobody_takes_are_charged)
{
	struct side *s = &self->s;
	int class = class_of(s, 0, 0, 0), i = instance_of(s, class), k;
	struct t_thread *t = calloc(1, sizeof(*t));
	static char big[10000];
	uint64_t bytes;
	struct kshare_cmd cmd;

	bytes = used(s, KSHARE_LIMIT_BYTES);
	for (k = 0; k < 10; k++)
		t_close(s, instance_of(s, class));
	EXPECT_LT(bytes, used(s, KSHARE_LIMIT_BYTES));
	/* One that cannot be told stays, and stays charged. */
	cmd = t_cmd(KSHARE_OP_SERVE, class);
	cmd.out = (uintptr_t)&s->out;
	cmd.out_len = sizeof(struct kshare_result);
	EXPECT_EQ(-ENOBUFS, t_raw(s, cmd));
	for (k = 0; k < 10; k++)
		EXPECT_EQ(KSHARE_SERVE_RELEASE, serve(s, class));
	EXPECT_EQ(-EAGAIN, serve(s, class));
	EXPECT_EQ(bytes, used(s, KSHARE_LIMIT_BYTES));

	cmd = call(i, 0);
	cmd.tag = 9;
	cmd.out = (uintptr_t)&t->out;
	cmd.out_len = sizeof(struct kshare_result) + sizeof(struct kshare_value);
	t_begin(s, t, cmd, false);
	t_until_waiters(s, class, 1);
	EXPECT_EQ(KSHARE_SERVE_CALL, serve(s, class));
	EXPECT_EQ(0, t_raw(s, reply(class, s->out.head.number, t_bytes(big, sizeof(big)))));
	EXPECT_EQ(-ENOBUFS, t_end(t));
	EXPECT_LE(bytes + sizeof(big), used(s, KSHARE_LIMIT_BYTES));
	cmd = t_cmd(KSHARE_OP_CALL_RESULT, 0);
	cmd.key = t_int(9);
	EXPECT_EQ(KSHARE_ANSWER_VALUE, t_run(s, cmd));
	EXPECT_EQ(bytes, used(s, KSHARE_LIMIT_BYTES));
	free(t);
}

/* The answer counts, whatever comes of the rest. */
TEST_F(kshare, an_answer_is_a_change_whatever_follows)
{
	struct side *s = &self->s;
	int class = class_of(s, 0, 0, 0), i = instance_of(s, class);
	struct t_thread *t = calloc(1, sizeof(*t));
	struct kshare_stat before, after;
	struct kshare_cmd cmd;

	t_begin(s, t, call(i, 0), true);
	t_until_waiters(s, class, 1);
	EXPECT_EQ(KSHARE_SERVE_CALL, serve(s, class));
	EXPECT_EQ(0, send(s, i, 1));
	EXPECT_EQ(0, t_stat(s, class, &before));
	cmd = reply(class, s->out.head.number, t_int(3));
	cmd.op = KSHARE_OP_REPLY_AND_SERVE;
	cmd.out = (uintptr_t)&s->out;
	cmd.out_len = sizeof(struct kshare_result);
	EXPECT_EQ(-ENOBUFS, t_raw(s, cmd));
	EXPECT_EQ(KSHARE_ANSWER_VALUE, t_end(t));
	EXPECT_EQ(3, t->out.values[0].i);
	EXPECT_EQ(0, t_stat(s, class, &after));
	EXPECT_LT(before.version, after.version);
	EXPECT_EQ(KSHARE_SERVE_CALL, serve(s, class));
	EXPECT_EQ(1 | KSHARE_SERVED_ONEWAY, s->out.values[KSHARE_SERVED_METHOD].u);
	free(t);
}

struct follower {
	struct side *s;
	int class, it;
	pid_t tid;
	bool same;
	int ret;
};

/* Takes a call, and ends with that. */
static void *take_and_leave(void *arg)
{
	struct follower *f = arg;

	f->tid = gettid();
	f->ret = serve(f->s, f->class);
	return NULL;
}

static void *send_if_the_same(void *arg)
{
	struct follower *f = arg;

	f->same = gettid() == f->tid;
	if (f->same)
		f->ret = send(f->s, f->it, 0);
	return NULL;
}

/* The number that the next thread gets is the one after this. */
static bool set_last_tid(pid_t tid)
{
	int fd = open("/proc/sys/kernel/ns_last_pid", O_WRONLY);
	bool good = fd >= 0 && dprintf(fd, "%d", tid) > 0;

	close(fd);
	return good;
}

TEST_F(kshare, a_thread_does_not_go_on_with_what_another_of_its_number_left)
{
	struct side *s = &self->s;
	int class = class_of(s, KSHARE_CLASS_SERIAL, 0, 0), it = instance_of(s, class);
	struct follower f = { .s = s, .class = class, .it = it };
	int64_t end = t_now() + T_LONG;
	pthread_t thread;
	uint64_t id;

	ASSERT_EQ(0, send(s, it, 0));
	ASSERT_EQ(0, pthread_create(&thread, NULL, take_and_leave, &f));
	pthread_join(thread, NULL);
	ASSERT_EQ(KSHARE_SERVE_CALL, f.ret);
	id = s->out.head.number;
	while (!f.same) {
		ASSERT_GT(end, t_now());
		if (!set_last_tid(f.tid - 1))
			SKIP(return, "numbers of threads cannot be chosen here");
		ASSERT_EQ(0, pthread_create(&thread, NULL, send_if_the_same, &f));
		pthread_join(thread, NULL);
	}
	ASSERT_EQ(0, f.ret);
	/* Not as one of the call that the other thread has taken, and not answered */
	EXPECT_EQ(-EAGAIN, serve(s, class));
	EXPECT_EQ(0, t_raw(s, reply(class, id, t_none())));
	EXPECT_EQ(KSHARE_SERVE_CALL, serve(s, class));
}

TEST_HARNESS_MAIN
