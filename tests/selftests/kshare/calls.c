// SPDX-License-Identifier: GPL-2.0
/* Calls: what goes in reaches the host, what it answers reaches the caller. */
#define T_ALL_DOORS
#include "class_test.h"

static const void *bytes_of(const struct kshare_value *v)
{
	return v->inline_len ? (const void *)v->bytes : (const void *)(uintptr_t)v->ptr;
}

static bool same(const struct kshare_value *a, const struct kshare_value *b)
{
	if (a->type != b->type || a->codec != b->codec)
		return false;
	if (a->type >= KSHARE_STR && a->type != KSHARE_REF)
		return a->len == b->len && (!a->len || !memcmp(bytes_of(a), bytes_of(b), a->len));
	return a->u == b->u;
}

static uint64_t refs(struct side *s, int h)
{
	struct kshare_stat stat;

	return t_stat(s, h, &stat) ? 0 : stat.refs;
}

static uint64_t id(struct side *s, int h)
{
	struct kshare_stat stat;

	return t_stat(s, h, &stat) ? 0 : stat.id;
}

static int set_cell(struct side *s, int cell, int64_t i)
{
	return t_run_with(s, KSHARE_OP_CELL_SET, cell, t_int(i));
}

static int64_t cell_of(struct side *s, int cell)
{
	return t_run(s, t_cmd(KSHARE_OP_CELL_GET, cell)) ? -1 : s->out.values[0].i;
}

static char text[3000];

static int all_values(struct kshare_value *v)
{
	int n = 0;

	memset(text, 'k', sizeof(text));
	v[n++] = t_int(0);
	v[n++] = t_int(INT64_MIN);
	v[n++] = t_uint(UINT64_MAX);
	v[n++] = t_bool(false);
	v[n++] = t_bool(true);
	v[n++] = t_float(-2.5);
	v[n++] = t_str("");
	v[n++] = t_str("8 bytes.");
	v[n++] = t_str("more than eight bytes");
	v[n++] = t_bytes("\0\1\2", 3);
	v[n++] = t_bytes(text, sizeof(text));
	v[n] = t_bytes(text, 100);
	v[n].type = KSHARE_ENCODED;
	v[n++].codec = 9;
	return n;
}

static int call_with_all(struct side *s, int it)
{
	struct kshare_value v[16], *out = s->out.values;
	int i, n = all_values(v);

	for (i = 0; i < n; i++)
		if (t_call(s, it, T_ECHO, v[i]) || s->out.head.count != 1 || !same(&v[i], out))
			return i + 1;
	/* All at once, of which the first comes back */
	if (t_call(s, it, T_ECHO, t_vector(v, n)) || s->out.head.count != 1 || !same(&v[0], out))
		return 50;
	/* None at all */
	if (t_call(s, it, T_ECHO, t_vector(NULL, 0)) || s->out.head.count > 1 ||
	    (s->out.head.count && out[0].type != KSHARE_NONE))
		return 51;
	return 0;
}

TEST_F(kshare, values_of_every_kind_go_there_and_back)
{
	struct side *s = &self->s;
	struct kshare_value v[16];
	int i, j, n = all_values(v);
	struct t_served w;
	struct t_host h;
	pid_t pid;

	ASSERT_TRUE(t_be_host(s, &h, 0));
	pid = t_fork(s);
	if (!pid)
		_exit(call_with_all(s, h.it));
	for (i = 0; i < n + 2; i++) {
		ASSERT_EQ(KSHARE_SERVE_CALL, t_serve(s, h.class, &w));
		EXPECT_EQ(T_COOKIE, w.cookie);
		EXPECT_EQ(id(s, h.it), w.id);
		EXPECT_EQ(T_ECHO, w.method);
		EXPECT_FALSE(w.oneway);
		EXPECT_EQ(pid, w.pid);
		EXPECT_NE(0, w.call);
		ASSERT_EQ(i < n ? 1 : i == n ? n : 0, w.args);
		for (j = 0; j < w.args; j++)
			EXPECT_TRUE(same(&v[i < n ? i : j], &w.arg[j]));
		EXPECT_EQ(0, t_echo(s, h.class, &w));
	}
	EXPECT_EQ(0, t_wait(pid));
	EXPECT_EQ(-EAGAIN, t_serve_now(s, h.class, &w));
}

/* What is left out is None, to a method as to a cell. */
TEST_F(kshare, a_call_may_have_nothing_to_say)
{
	struct side *s = &self->s;
	struct t_served w;
	struct t_host h;
	pid_t pid;

	ASSERT_TRUE(t_be_host(s, &h, 0));
	pid = t_fork(s);
	if (!pid)
		_exit(t_call(s, h.it, T_ECHO, t_none()) || s->out.head.count > 1 ||
		      (s->out.head.count && s->out.values[0].type != KSHARE_NONE));
	EXPECT_EQ(KSHARE_SERVE_CALL, t_serve(s, h.class, &w));
	EXPECT_GE(1, w.args);
	if (w.args)
		EXPECT_EQ(KSHARE_NONE, w.arg[0].type);
	EXPECT_EQ(0, t_reply(s, h.class, w.call, t_none()));
	EXPECT_EQ(0, t_wait(pid));
}

/* A vector is for operations that take many; one who returns many encodes them. */
TEST_F(kshare, a_method_returns_one_value)
{
	struct side *s = &self->s;
	struct kshare_value v[16];
	int n = all_values(v);
	struct t_served w;
	struct t_host h;
	pid_t pid;

	ASSERT_TRUE(t_be_host(s, &h, 0));
	pid = t_caller(s, t_call_cmd(h.it, T_KEEP, t_int(1)), KSHARE_ANSWER_VALUE, 2);
	EXPECT_EQ(KSHARE_SERVE_CALL, t_serve(s, h.class, &w));
	EXPECT_EQ(T_KEEP, w.method);
	EXPECT_EQ(-EINVAL, t_reply(s, h.class, w.call, t_vector(v, n)));
	EXPECT_EQ(0, t_reply(s, h.class, w.call, t_int(2)));
	EXPECT_EQ(0, t_wait(pid));
}

/* How an answer is meant is the result of the call, and it carries the class's token. */
TEST_F(kshare, it_may_raise_and_stop)
{
	struct side *s = &self->s;
	struct t_served w;
	struct t_host h;
	pid_t pid;
	int kind;

	ASSERT_TRUE(t_be_host(s, &h, 0));
	for (kind = KSHARE_ANSWER_VALUE; kind <= KSHARE_ANSWER_STOP; kind++) {
		pid = t_fork(s);
		if (!pid) {
			if (t_call(s, h.it, T_ECHO, t_int(5)) != kind)
				_exit(1);
			if (s->out.head.number != 1)
				_exit(2);
			_exit(s->out.head.count != 1 || s->out.values[0].i != 5 + kind);
		}
		EXPECT_EQ(KSHARE_SERVE_CALL, t_serve(s, h.class, &w));
		EXPECT_EQ(-EOPNOTSUPP, t_reply_as(s, h.class, w.call, KSHARE_ANSWER_STOP + 1,
						  t_none()));
		EXPECT_EQ(-EOPNOTSUPP, t_reply_as(s, h.class, w.call, UINT32_MAX, t_none()));
		EXPECT_EQ(0, t_reply_as(s, h.class, w.call, kind, t_int(5 + kind)));
		EXPECT_EQ(0, t_wait(pid));
	}
}

TEST_F(kshare, who_does_not_care_for_the_value_needs_no_room_for_it)
{
	struct side *s = &self->s;
	struct t_served w;
	struct t_host h;
	pid_t pid;

	ASSERT_TRUE(t_be_host(s, &h, 0));
	pid = t_child(s, t_call_cmd(h.it, T_ECHO, t_str("a text that is dropped at the end")));
	EXPECT_EQ(KSHARE_SERVE_CALL, t_serve(s, h.class, &w));
	EXPECT_EQ(0, t_echo(s, h.class, &w));
	EXPECT_EQ(0, t_wait(pid));
}

TEST_F(kshare, nobody_waits_for_a_call_that_goes_one_way)
{
	struct side *s = &self->s;
	struct t_served w;
	struct t_host h;
	int i;

	ASSERT_TRUE(t_be_host(s, &h, 0));
	for (i = 0; i < 3; i++)
		EXPECT_EQ(0, t_send(s, h.it, i == 1 ? T_KEEP : T_ECHO, t_int(i)));
	for (i = 0; i < 3; i++) {
		EXPECT_EQ(KSHARE_SERVE_CALL, t_serve_now(s, h.class, &w));
		EXPECT_TRUE(w.oneway);
		EXPECT_EQ(i == 1 ? T_KEEP : T_ECHO, w.method);
		EXPECT_EQ(i, w.arg[0].i);
		EXPECT_EQ(0, w.call);
	}
	EXPECT_EQ(-EAGAIN, t_serve_now(s, h.class, &w));
	EXPECT_EQ(-ENOENT, t_reply(s, h.class, 0, t_none()));
}

/* ---- references ---- */

/* An object of the caller's own, to which it has the only handle, and one of the host's */
static int pass_and_get(struct side *s, int it, int cell)
{
	struct kshare_value v[2], *out = s->out.values;
	int mine = t_create(s, KSHARE_TYPE_CELL);
	uint32_t words[3];

	if (set_cell(s, mine, 6))
		return 1;
	v[0] = t_ref(mine);
	v[1] = t_ref(cell);
	if (t_call(s, it, T_KEEP, t_vector(v, 2)) || s->out.head.count != 1)
		return 2;
	if (out[0].type != KSHARE_ENCODED || out[0].codec != 1 ||
	    out[0].flags != KSHARE_VF_REFS || out[0].len != sizeof(words))
		return 3;
	memcpy(words, bytes_of(&out[0]), sizeof(words));
	if (words[0] != 2 || words[1] == mine || id(s, words[1]) != id(s, mine))
		return 4;
	if (cell_of(s, words[1]) != 7 || cell_of(s, mine) != 7)
		return 5;
	if (cell_of(s, words[2]) != 8)
		return 6;
	return t_close(s, words[1]) || t_close(s, words[2]) ? 7 : 0;
}

TEST_F(kshare, a_reference_becomes_a_handle_of_the_other_sides)
{
	struct side *s = &self->s;
	int cell = t_create(s, KSHARE_TYPE_CELL), got[2], handles[2];
	uint64_t before, objects = self->before.used[KSHARE_LIMIT_OBJECTS];
	uint32_t words[3] = { 2 };
	struct kshare_value v = {
		.type = KSHARE_ENCODED, .codec = 1, .flags = KSHARE_VF_REFS,
		.len = sizeof(words), .ptr = (uintptr_t)words,
	};
	struct t_served w;
	struct t_host h;
	pid_t pid;

	ASSERT_TRUE(t_be_host(s, &h, 0));
	before = refs(s, cell);
	pid = t_fork(s);
	if (!pid)
		_exit(pass_and_get(s, h.it, cell));
	ASSERT_EQ(KSHARE_SERVE_CALL, t_serve(s, h.class, &w));
	ASSERT_EQ(2, w.args);
	ASSERT_EQ(KSHARE_REF, w.arg[0].type);
	ASSERT_EQ(KSHARE_REF, w.arg[1].type);
	EXPECT_EQ(KSHARE_TYPE_CELL, w.arg[0].len);
	EXPECT_EQ(KSHARE_RIGHT_ALL, w.arg[0].ref.rights);
	got[0] = w.arg[0].ref.handle;
	got[1] = w.arg[1].ref.handle;
	EXPECT_NE(cell, got[1]);
	EXPECT_EQ(id(s, cell), id(s, got[1]));
	EXPECT_EQ(6, cell_of(s, got[0]));
	EXPECT_EQ(0, set_cell(s, got[0], 7));
	EXPECT_EQ(0, t_close(s, got[1]));
	handles[0] = got[0];
	handles[1] = t_create(s, KSHARE_TYPE_CELL);
	EXPECT_EQ(0, set_cell(s, handles[1], 8));
	words[1] = handles[0];
	words[2] = handles[1];
	EXPECT_EQ(0, t_reply(s, h.class, w.call, v));
	EXPECT_EQ(0, t_close(s, handles[0]));
	EXPECT_EQ(0, t_close(s, handles[1]));
	EXPECT_EQ(0, t_wait(pid));
	EXPECT_EQ(before, refs(s, cell));
	/* Class, instance and cell: nothing else has stayed. */
	EXPECT_EQ(objects + 3, t_objects_soon(s, objects + 3));
}

TEST_F(kshare, an_argument_lives_until_the_host_has_it)
{
	struct side *s = &self->s;
	int cell = t_create(s, KSHARE_TYPE_CELL);
	uint64_t objects = self->before.used[KSHARE_LIMIT_OBJECTS];
	struct t_served w;
	struct t_host h;

	ASSERT_TRUE(t_be_host(s, &h, 0));
	ASSERT_EQ(0, set_cell(s, cell, 5));
	EXPECT_EQ(0, t_send(s, h.it, T_ECHO, t_ref(cell)));
	EXPECT_EQ(0, t_close(s, cell));
	EXPECT_EQ(objects + 3, t_objects_soon(s, objects + 3));
	EXPECT_EQ(KSHARE_SERVE_CALL, t_serve_now(s, h.class, &w));
	ASSERT_EQ(1, w.args);
	ASSERT_EQ(KSHARE_REF, w.arg[0].type);
	cell = w.arg[0].ref.handle;
	EXPECT_EQ(5, cell_of(s, cell));
	EXPECT_EQ(1, refs(s, cell) - 1);
	EXPECT_EQ(0, t_close(s, cell));
	EXPECT_EQ(objects + 2, t_objects_soon(s, objects + 2));
}

/* The instance itself as well, even if its caller's handle was the last one */
TEST_F(kshare, an_instance_lives_while_it_is_called)
{
	struct side *s = &self->s;
	struct t_served w;
	struct t_host h;

	ASSERT_TRUE(t_be_host(s, &h, 0));
	EXPECT_EQ(0, t_send(s, h.it, T_ECHO, t_ref(h.it)));
	EXPECT_EQ(0, t_close(s, h.it));
	EXPECT_EQ(KSHARE_SERVE_CALL, t_serve_now(s, h.class, &w));
	ASSERT_EQ(1, w.args);
	EXPECT_EQ(0, t_close(s, w.arg[0].ref.handle));
	EXPECT_EQ(KSHARE_SERVE_RELEASE, t_serve(s, h.class, &w));
	EXPECT_EQ(T_COOKIE, w.cookie);
	EXPECT_EQ(-EAGAIN, t_serve_now(s, h.class, &w));
}

TEST_F(kshare, a_reference_carries_the_rights_that_it_is_given_with)
{
	struct side *s = &self->s;
	int cell = t_create(s, KSHARE_TYPE_CELL), few;
	struct kshare_value v = t_ref(cell);
	struct kshare_cmd cmd = t_cmd(KSHARE_OP_DUP, cell);
	struct kshare_stat stat;
	struct t_served w;
	struct t_host h;

	ASSERT_TRUE(t_be_host(s, &h, 0));
	v.ref.rights = KSHARE_RIGHT_READ;
	EXPECT_EQ(0, t_send(s, h.it, T_ECHO, v));
	EXPECT_EQ(KSHARE_SERVE_CALL, t_serve_now(s, h.class, &w));
	ASSERT_EQ(KSHARE_REF, w.arg[0].type);
	EXPECT_EQ(KSHARE_RIGHT_READ, w.arg[0].ref.rights);
	ASSERT_EQ(0, t_stat(s, w.arg[0].ref.handle, &stat));
	EXPECT_EQ(KSHARE_RIGHT_READ, stat.rights);
	/* What must not be passed on is not passed on by a call either. */
	cmd.nr = KSHARE_RIGHT_READ;
	few = t_raw(s, cmd);
	EXPECT_EQ(-EACCES, t_send(s, h.it, T_ECHO, t_ref(few)));
	v = t_ref(few);
	EXPECT_EQ(-EACCES, t_send(s, h.it, T_ECHO, t_vector(&v, 1)));
	EXPECT_EQ(-EBADF, t_send(s, h.it, T_ECHO, t_ref(100000)));
	EXPECT_EQ(-EAGAIN, t_serve_now(s, h.class, &w));
}

/* What is of another domain cannot be an argument, nor an answer. */
TEST_F(kshare, a_reference_is_of_the_same_domain)
{
	struct side *s = &self->s, *other = calloc(1, sizeof(*other));
	struct kshare_cmd cmd;
	struct kshare_value v;
	struct t_served w;
	struct t_host h;
	int fd, cell;
	pid_t pid;

	ASSERT_TRUE(t_be_host(s, &h, 0));
	other->fd = open(KSHARE_DEVICE, O_RDWR | O_CLOEXEC);
	fd = t_raw(other, t_cmd(KSHARE_OP_EXPORT_FD, t_create(other, KSHARE_TYPE_CELL)));
	ASSERT_LE(0, fd);
	cmd = t_cmd(KSHARE_OP_IMPORT_FD, 0);
	cmd.key = t_int(fd);
	cell = t_raw(s, cmd);
	ASSERT_LT(0, cell);
	v = t_ref(cell);
	EXPECT_EQ(-EXDEV, t_send(s, h.it, T_ECHO, v));
	EXPECT_EQ(-EXDEV, t_send(s, h.it, T_ECHO, t_vector(&v, 1)));
	EXPECT_EQ(-EAGAIN, t_serve_now(s, h.class, &w));
	pid = t_caller(s, t_call_cmd(h.it, T_ECHO, t_int(1)), KSHARE_ANSWER_VALUE, 1);
	EXPECT_EQ(KSHARE_SERVE_CALL, t_serve(s, h.class, &w));
	EXPECT_EQ(-EXDEV, t_reply(s, h.class, w.call, v));
	EXPECT_EQ(0, t_echo(s, h.class, &w));
	EXPECT_EQ(0, t_wait(pid));
	EXPECT_EQ(0, t_close(s, cell));
	close(fd);
	close(other->fd);
	free(other);
}

/* ---- instances that others ask for ---- */

TEST_F(kshare, others_may_ask_for_an_instance)
{
	struct side *s = &self->s;
	int cell = t_create(s, KSHARE_TYPE_CELL), it;
	struct t_host h, wrong;
	struct t_served w;
	pid_t pid;

	ASSERT_TRUE(t_be_host(s, &h, KSHARE_CLASS_CREATABLE));
	ASSERT_TRUE(t_host_of(s, &wrong, "wrong", 0));
	pid = t_fork(s);
	if (!pid) {
		int class = t_open_class(s, "thing");

		if (t_call(s, class, KSHARE_METHOD_CREATE, t_int(3)) || s->out.head.count != 1)
			_exit(1);
		it = s->out.values[0].ref.handle;
		if (s->out.values[0].type != KSHARE_REF ||
		    s->out.values[0].len != KSHARE_TYPE_INSTANCE)
			_exit(2);
		if (t_call(s, it, T_ECHO, t_int(4)) || s->out.values[0].i != 4)
			_exit(3);
		_exit(0);
	}
	EXPECT_EQ(KSHARE_SERVE_CREATE, t_serve(s, h.class, &w));
	EXPECT_EQ(pid, w.pid);
	ASSERT_EQ(1, w.args);
	EXPECT_EQ(3, w.arg[0].i);
	it = t_instance(s, h.class, 42);
	/* A wrong answer is none: the call is still to be answered. */
	EXPECT_EQ(-EINVAL, t_reply(s, h.class, w.call, t_none()));
	EXPECT_EQ(-EINVAL, t_reply(s, h.class, w.call, t_int(it)));
	EXPECT_EQ(-EINVAL, t_reply(s, h.class, w.call, t_ref(cell)));
	EXPECT_EQ(-EINVAL, t_reply(s, h.class, w.call, t_ref(wrong.it)));
	EXPECT_EQ(-EINVAL, t_reply(s, h.class, w.call, t_ref(h.class)));
	EXPECT_EQ(0, t_reply(s, h.class, w.call, t_ref(it)));
	EXPECT_EQ(KSHARE_SERVE_CALL, t_serve(s, h.class, &w));
	EXPECT_EQ(42, w.cookie);
	EXPECT_EQ(0, t_close(s, it));
	EXPECT_EQ(0, t_echo(s, h.class, &w));
	EXPECT_EQ(0, t_wait(pid));
	/* The child has had the only handle. */
	EXPECT_EQ(KSHARE_SERVE_RELEASE, t_serve(s, h.class, &w));
	EXPECT_EQ(42, w.cookie);
}

TEST_F(kshare, a_host_may_decline_to_make_one)
{
	struct side *s = &self->s;
	struct t_served w;
	struct t_host h;
	pid_t pid;

	ASSERT_TRUE(t_be_host(s, &h, KSHARE_CLASS_CREATABLE));
	pid = t_caller(s, t_call_cmd(h.class, KSHARE_METHOD_CREATE, t_none()),
		       KSHARE_ANSWER_RAISED, 13);
	EXPECT_EQ(KSHARE_SERVE_CREATE, t_serve(s, h.class, &w));
	EXPECT_EQ(0, t_reply_as(s, h.class, w.call, KSHARE_ANSWER_RAISED, t_int(13)));
	EXPECT_EQ(0, t_wait(pid));
}

TEST_F(kshare, a_class_need_not_make_any_for_others)
{
	struct side *s = &self->s;
	struct t_served w;
	struct t_host h;

	ASSERT_TRUE(t_be_host(s, &h, 0));
	EXPECT_EQ(-EACCES, t_call(s, h.class, KSHARE_METHOD_CREATE, t_none()));
	EXPECT_EQ(-ENOENT, t_call(s, h.it, KSHARE_METHOD_CREATE, t_none()));
	EXPECT_EQ(-EAGAIN, t_serve_now(s, h.class, &w));
}

/* "make" returns instances of "item", "any" returns anything. */
TEST_F(kshare, a_method_returns_what_it_declares)
{
	static struct t_class c;
	struct side *s = &self->s;
	int factory, it, cell = t_create(s, KSHARE_TYPE_CELL), i;
	struct t_host item, other;
	struct t_served w;
	pid_t pid;

	t_class_begin(&c, 0);
	t_add_method(&c, "make", KSHARE_METHOD_EXPOSED);
	memcpy(t_class_method(&c, 0)->result, "item", 4);
	t_add_method(&c, "any", KSHARE_METHOD_EXPOSED);
	factory = t_register(s, "factory", &c);
	it = t_instance(s, factory, 1);
	ASSERT_LT(0, it);
	pid = t_fork(s);
	if (!pid) {
		if (t_call(s, it, 0, t_none()) != KSHARE_ANSWER_VALUE ||
		    s->out.values[0].type != KSHARE_REF ||
		    s->out.values[0].len != KSHARE_TYPE_INSTANCE)
			_exit(1);
		/* Neither a failure nor an end is what it returns. */
		if (t_call(s, it, 0, t_none()) != KSHARE_ANSWER_RAISED ||
		    t_call(s, it, 0, t_none()) != KSHARE_ANSWER_STOP)
			_exit(2);
		_exit(t_call(s, it, 1, t_none()) != KSHARE_ANSWER_VALUE);
	}
	ASSERT_EQ(KSHARE_SERVE_CALL, t_serve(s, factory, &w));
	/* Before there is such a class nothing is one of it. */
	ASSERT_TRUE(t_host_of(s, &other, "other", 0));
	EXPECT_EQ(-EINVAL, t_reply(s, factory, w.call, t_ref(other.it)));
	ASSERT_TRUE(t_host_of(s, &item, "item", 0));
	EXPECT_EQ(-EINVAL, t_reply(s, factory, w.call, t_none()));
	EXPECT_EQ(-EINVAL, t_reply(s, factory, w.call, t_int(1)));
	EXPECT_EQ(-EINVAL, t_reply(s, factory, w.call, t_ref(cell)));
	EXPECT_EQ(-EINVAL, t_reply(s, factory, w.call, t_ref(other.it)));
	EXPECT_EQ(-EINVAL, t_reply(s, factory, w.call, t_ref(it)));
	EXPECT_EQ(0, t_reply(s, factory, w.call, t_ref(item.it)));
	for (i = KSHARE_ANSWER_RAISED; i <= KSHARE_ANSWER_STOP; i++) {
		ASSERT_EQ(KSHARE_SERVE_CALL, t_serve(s, factory, &w));
		EXPECT_EQ(0, t_reply_as(s, factory, w.call, i, t_none()));
	}
	ASSERT_EQ(KSHARE_SERVE_CALL, t_serve(s, factory, &w));
	EXPECT_EQ(0, t_reply(s, factory, w.call, t_int(1)));
	EXPECT_EQ(0, t_wait(pid));
}

/* ---- answers ---- */

TEST_F(kshare, a_call_is_answered_once)
{
	struct side *s = &self->s;
	struct kshare_cmd cmd;
	struct t_served w;
	struct t_host h, other;
	pid_t pid;

	ASSERT_TRUE(t_be_host(s, &h, 0));
	ASSERT_TRUE(t_host_of(s, &other, "other", 0));
	pid = t_caller(s, t_call_cmd(h.it, T_ECHO, t_int(1)), KSHARE_ANSWER_VALUE, 1);
	EXPECT_EQ(KSHARE_SERVE_CALL, t_serve(s, h.class, &w));
	EXPECT_EQ(-ENOENT, t_reply(s, h.class, w.call + 1, t_int(2)));
	EXPECT_EQ(-ENOENT, t_reply(s, h.class, 0, t_int(2)));
	/* Nor does it pass on what must not be passed on. */
	cmd = t_cmd(KSHARE_OP_DUP, h.it);
	cmd.nr = KSHARE_RIGHT_ALL & ~KSHARE_RIGHT_TRANSFER;
	EXPECT_EQ(-EACCES, t_reply(s, h.class, w.call, t_ref(t_raw(s, cmd))));
	EXPECT_EQ(-EBADF, t_reply(s, h.class, w.call, t_ref(100000)));
	/* It is no call of that class. */
	EXPECT_EQ(-ENOENT, t_reply(s, other.class, w.call, t_int(2)));
	EXPECT_EQ(0, t_reply(s, h.class, w.call, t_int(1)));
	EXPECT_EQ(-ENOENT, t_reply(s, h.class, w.call, t_int(2)));
	EXPECT_EQ(0, t_wait(pid));
	EXPECT_EQ(-ENOENT, t_reply(s, h.class, w.call, t_int(2)));
}

TEST_F(kshare, reply_and_serve_does_both)
{
	struct side *s = &self->s;
	struct kshare_cmd cmd;
	struct t_served w;
	struct t_host h;
	uint64_t first;
	pid_t pids[2];

	ASSERT_TRUE(t_be_host(s, &h, 0));
	pids[0] = t_caller(s, t_call_cmd(h.it, T_ECHO, t_int(1)), KSHARE_ANSWER_VALUE, 1);
	EXPECT_EQ(KSHARE_SERVE_CALL, t_serve(s, h.class, &w));
	first = w.call;
	pids[1] = t_caller(s, t_call_cmd(h.it, T_ECHO, t_int(2)), KSHARE_ANSWER_RAISED, 3);
	cmd = t_reply_cmd(h.class, first + 1000, t_int(1));
	cmd.op = KSHARE_OP_REPLY_AND_SERVE;
	/* With an error of REPLY nothing is taken. */
	EXPECT_EQ(-ENOENT, t_run(s, cmd));
	cmd.key = t_int(first);
	EXPECT_EQ(KSHARE_SERVE_CALL, t_served(s, t_run(s, cmd), &w));
	EXPECT_EQ(0, t_wait(pids[0]));
	EXPECT_EQ(2, w.arg[0].i);
	cmd.key = t_int(w.call);
	cmd.value = t_int(3);
	cmd.nr = KSHARE_ANSWER_RAISED;
	cmd.flags = KSHARE_NOWAIT;
	/* With any other error it was answered. */
	EXPECT_EQ(-EAGAIN, t_run(s, cmd));
	EXPECT_EQ(0, t_wait(pids[1]));
	EXPECT_EQ(-ENOENT, t_run(s, cmd));
}

TEST_F(kshare, answers_may_come_in_any_order)
{
	struct side *s = &self->s;
	struct t_served w[4];
	struct t_host h;
	pid_t pids[4];
	int i;

	ASSERT_TRUE(t_be_host(s, &h, 0));
	for (i = 0; i < 4; i++) {
		pids[i] = t_caller(s, t_call_cmd(h.it, T_KEEP, t_int(i)), KSHARE_ANSWER_VALUE,
				   10 * i);
		EXPECT_EQ(KSHARE_SERVE_CALL, t_serve(s, h.class, &w[i]));
		EXPECT_EQ(i, w[i].arg[0].i);
	}
	for (i = 0; i < 4; i++) {
		int which = (i * 3 + 2) % 4;

		EXPECT_EQ(0, t_reply(s, h.class, w[which].call, t_int(10 * which)));
		EXPECT_EQ(0, t_wait(pids[which]));
	}
}

/* ---- in a batch ---- */

struct batch_of_calls {
	struct kshare_cmd cmds[4];
	struct reply out[4];
	int32_t results[4];
	struct kshare_batch batch;
};

static int run_batch(struct side *s, struct batch_of_calls *b, uint32_t flags)
{
	int i;

	for (i = 0; i < 4; i++) {
		b->cmds[i].out = (uintptr_t)&b->out[i];
		b->cmds[i].out_len = sizeof(b->out[i]);
		b->results[i] = INT32_MIN;
	}
	b->batch = (struct kshare_batch){
		.size = sizeof(b->batch),
		.flags = flags,
		.count = 4,
		.cmds = (uintptr_t)b->cmds,
		.results = (uintptr_t)b->results,
		.cmd_size = sizeof(b->cmds[0]),
	};
	return ioctl(s->fd, KSHARE_IOC_BATCH, &b->batch) ? -errno : 0;
}

/* A call waits in a batch as it does alone, and what it brings is one of the results. */
TEST_F(kshare, a_batch_calls_one_after_the_other)
{
	struct side *s = &self->s;
	struct batch_of_calls *b = calloc(1, sizeof(*b));
	int it, i, box = t_create(s, KSHARE_TYPE_LIST), cell = t_create(s, KSHARE_TYPE_CELL);
	pid_t host;

	t_share_counts();
	host = t_host_child(s, box, 0);
	it = t_take_out(s, box);
	ASSERT_LT(0, it);
	b->cmds[0] = t_call_cmd(it, T_ECHO, t_int(1));
	b->cmds[1] = t_call_cmd(it, T_HIDDEN, t_int(2));
	b->cmds[2] = t_cmd(KSHARE_OP_CELL_SET, cell);
	b->cmds[2].value = t_int(3);
	b->cmds[3] = t_call_cmd(it, T_ECHO, t_int(4));

	/* It ends at the first that fails, */
	EXPECT_EQ(-EACCES, run_batch(s, b, 0));
	EXPECT_EQ(1, b->batch.done);
	EXPECT_EQ(KSHARE_ANSWER_VALUE, b->results[0]);
	EXPECT_EQ(1, b->out[0].values[0].i);
	EXPECT_EQ(-EACCES, b->results[1]);
	EXPECT_EQ(INT32_MIN, b->results[2]);
	EXPECT_EQ(INT32_MIN, b->results[3]);
	EXPECT_EQ(1, t_counted(T_TAKEN));
	EXPECT_EQ(0, t_run(s, t_cmd(KSHARE_OP_CELL_GET, cell)));
	EXPECT_EQ(KSHARE_NONE, s->out.values[0].type);

	/* or goes on. */
	EXPECT_EQ(0, run_batch(s, b, KSHARE_BATCH_RUN_ON));
	EXPECT_EQ(4, b->batch.done);
	EXPECT_EQ(-EACCES, b->results[1]);
	for (i = 0; i < 4; i += 3) {
		EXPECT_EQ(KSHARE_ANSWER_VALUE, b->results[i]);
		EXPECT_EQ(i + 1, b->out[i].values[0].i);
	}
	EXPECT_EQ(3, t_counted(T_TAKEN));
	EXPECT_EQ(0, t_run(s, t_cmd(KSHARE_OP_CELL_GET, cell)));
	EXPECT_EQ(3, s->out.values[0].i);

	/* As one step it cannot be: nothing of it is done, wherever the call stands. */
	b->cmds[1] = t_cmd(KSHARE_OP_CELL_SET, cell);
	b->cmds[1].value = t_int(9);
	for (i = 0; i < 2; i++) {
		EXPECT_EQ(-EOPNOTSUPP, run_batch(s, b, KSHARE_BATCH_ATOMIC));
		b->cmds[0] = b->cmds[1];
		b->cmds[3].flags = KSHARE_ONEWAY;
		b->cmds[3].out = 0;
		b->cmds[3].out_len = 0;
	}
	EXPECT_EQ(3, t_counted(T_TAKEN));
	EXPECT_EQ(0, t_run(s, t_cmd(KSHARE_OP_CELL_GET, cell)));
	EXPECT_EQ(3, s->out.values[0].i);

	/* Those behind a host that has gone are told so, too. */
	EXPECT_EQ(1000 + SIGKILL, t_end_child(host));
	b->cmds[0] = t_call_cmd(it, T_ECHO, t_int(1));
	b->cmds[3] = t_call_cmd(it, T_ECHO, t_int(4));
	EXPECT_EQ(0, run_batch(s, b, KSHARE_BATCH_RUN_ON));
	EXPECT_EQ(-EOWNERDEAD, b->results[0]);
	EXPECT_EQ(0, b->results[1]);
	EXPECT_EQ(-EOWNERDEAD, b->results[3]);
	free(b);
}

TEST_HARNESS_MAIN
