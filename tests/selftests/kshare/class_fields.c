// SPDX-License-Identifier: GPL-2.0
/*
 * Fields of instances: the kernel holds them, so they are read and written without
 * the host, by the operations of a dict.
 */
#define T_ALL_DOORS
#include "class_test.h"

static struct kshare_cmd field_cmd(uint32_t op, int h, const char *field)
{
	struct kshare_cmd cmd = t_cmd(op, h);

	cmd.key = t_str(field);
	return cmd;
}

static struct kshare_cmd set_cmd(int h, const char *field, struct kshare_value v)
{
	struct kshare_cmd cmd = field_cmd(KSHARE_OP_DICT_SET, h, field);

	cmd.value = v;
	return cmd;
}

static int set(struct side *s, int h, const char *field, struct kshare_value v)
{
	return t_raw(s, set_cmd(h, field, v));
}

static int get(struct side *s, int h, const char *field)
{
	return t_run(s, field_cmd(KSHARE_OP_DICT_GET, h, field));
}

/* The number in a field, or -errno; a field's numbers are positive here. */
static int64_t number(struct side *s, int h, const char *field)
{
	int ret = get(s, h, field);

	return ret ?: s->out.values[0].type == KSHARE_INT ? s->out.values[0].i : -EPROTO;
}

static uint64_t length(struct side *s, int h)
{
	struct kshare_stat stat;

	return t_stat(s, h, &stat) ? UINT64_MAX : stat.length;
}

static uint64_t version(struct side *s, int h)
{
	struct kshare_stat stat;

	return t_stat(s, h, &stat) ? 0 : stat.version;
}

/* A child does that by the handles of this process; its status */
static int in_child(struct side *s, const struct t_host *h,
		    int (*f)(struct side *s, const struct t_host *h))
{
	pid_t pid = t_fork(s);

	if (!pid)
		_exit(f(s, h));
	return t_wait(pid);
}

TEST_F(kshare, a_field_is_absent_until_it_is_set)
{
	struct side *s = &self->s;
	struct t_host h;

	ASSERT_TRUE(t_be_host(s, &h, 0));
	EXPECT_EQ(-ENOENT, get(s, h.it, "any"));
	EXPECT_EQ(0, t_raw(s, field_cmd(KSHARE_OP_DICT_CONTAINS, h.it, "any")));
	EXPECT_EQ(0, t_raw(s, field_cmd(KSHARE_OP_DICT_ABSENT, h.it, "any")));
	EXPECT_EQ(0, t_run(s, t_cmd(KSHARE_OP_DICT_LEN, h.it)));
	EXPECT_EQ(0, s->out.head.number);

	EXPECT_EQ(1, set(s, h.it, "any", t_str("a text that does not lie in place")));
	EXPECT_EQ(0, get(s, h.it, "any"));
	EXPECT_TRUE(t_is_str(&s->out.values[0], "a text that does not lie in place"));
	EXPECT_EQ(0, set(s, h.it, "any", t_float(0.5)));
	EXPECT_EQ(0, get(s, h.it, "any"));
	EXPECT_EQ(0.5, t_double(&s->out.values[0]));
	EXPECT_EQ(1, t_raw(s, field_cmd(KSHARE_OP_DICT_CONTAINS, h.it, "any")));
	EXPECT_EQ(-EEXIST, t_raw(s, field_cmd(KSHARE_OP_DICT_ABSENT, h.it, "any")));
	EXPECT_EQ(1, length(s, h.it));

	EXPECT_EQ(0, t_raw(s, field_cmd(KSHARE_OP_DICT_DELETE, h.it, "any")));
	EXPECT_EQ(-ENOENT, t_raw(s, field_cmd(KSHARE_OP_DICT_DELETE, h.it, "any")));
	EXPECT_EQ(-ENOENT, get(s, h.it, "any"));
	EXPECT_EQ(0, length(s, h.it));
}

TEST_F(kshare, each_instance_has_its_own)
{
	struct side *s = &self->s;
	struct t_host h;
	int other;

	ASSERT_TRUE(t_be_host(s, &h, 0));
	other = t_instance(s, h.class, 8);
	EXPECT_EQ(1, set(s, h.it, "number", t_int(1)));
	EXPECT_EQ(1, set(s, other, "number", t_int(2)));
	EXPECT_EQ(1, number(s, h.it, "number"));
	EXPECT_EQ(2, number(s, other, "number"));
	EXPECT_EQ(0, t_raw(s, field_cmd(KSHARE_OP_DICT_DELETE, h.it, "number")));
	EXPECT_EQ(2, number(s, other, "number"));
}

TEST_F(kshare, what_changes_a_field_does_so_as_in_a_dict)
{
	struct side *s = &self->s;
	struct kshare_value v[4];
	struct kshare_cmd cmd;
	struct t_host h;

	ASSERT_TRUE(t_be_host(s, &h, 0));
	cmd = field_cmd(KSHARE_OP_DICT_SETDEFAULT, h.it, "number");
	cmd.value = t_int(5);
	EXPECT_EQ(1, t_run(s, cmd));
	cmd.value = t_int(6);
	EXPECT_EQ(0, t_run(s, cmd));
	EXPECT_EQ(5, s->out.values[0].i);
	cmd.op = KSHARE_OP_DICT_ADD;
	EXPECT_EQ(0, t_run(s, cmd));
	EXPECT_EQ(11, s->out.values[0].i);
	cmd.op = KSHARE_OP_DICT_CAS;
	cmd.expect = t_int(10);
	EXPECT_EQ(0, t_run(s, cmd));
	EXPECT_EQ(11, s->out.values[0].i);
	cmd.expect = t_int(11);
	EXPECT_EQ(1, t_run(s, cmd));
	EXPECT_EQ(6, number(s, h.it, "number"));
	cmd = field_cmd(KSHARE_OP_DICT_CHECK, h.it, "number");
	cmd.expect = t_int(6);
	EXPECT_EQ(0, t_raw(s, cmd));
	cmd.expect = t_int(7);
	EXPECT_EQ(-ESTALE, t_raw(s, cmd));

	v[0] = t_str("any");
	v[1] = t_str("x");
	v[2] = t_str("number");
	v[3] = t_int(9);
	EXPECT_EQ(1, t_run_with(s, KSHARE_OP_DICT_UPDATE, h.it, t_vector(v, 4)));
	v[1] = t_str("fixed");
	EXPECT_EQ(2, t_run_with(s, KSHARE_OP_DICT_GET_MANY, h.it, t_vector(v, 3)));
	EXPECT_EQ(2, s->out.head.number);
	EXPECT_TRUE(t_is_str(&s->out.values[0], "x"));
	EXPECT_EQ(KSHARE_NONE, s->out.values[1].type);
	EXPECT_EQ(9, s->out.values[2].i);
	cmd = t_cmd(KSHARE_OP_DICT_PAGE, h.it);
	cmd.flags = KSHARE_KEYS | KSHARE_VALUES | KSHARE_ALL;
	EXPECT_EQ(2, t_run(s, cmd));
	EXPECT_EQ(4, s->out.head.count);
	EXPECT_EQ(0, t_run(s, field_cmd(KSHARE_OP_DICT_POP, h.it, "any")));
	EXPECT_TRUE(t_is_str(&s->out.values[0], "x"));
	EXPECT_EQ(1, length(s, h.it));
}

TEST_F(kshare, what_is_not_declared_cannot_be_set)
{
	struct side *s = &self->s;
	struct kshare_value v[4];
	struct kshare_cmd cmd;
	struct t_host h;
	uint64_t was;

	ASSERT_TRUE(t_be_host(s, &h, 0));
	EXPECT_EQ(1, set(s, h.it, "any", t_int(1)));
	was = version(s, h.it);
	EXPECT_EQ(-ENOENT, set(s, h.it, "an", t_int(1)));
	EXPECT_EQ(-ENOENT, set(s, h.it, "anyx", t_int(1)));
	EXPECT_EQ(-ENOENT, set(s, h.it, "echo", t_int(1)));
	EXPECT_EQ(-ENOENT, set(s, h.it, "", t_int(1)));
	cmd = set_cmd(h.it, "any", t_int(1));
	cmd.key = t_int(1);
	EXPECT_EQ(-ENOENT, t_raw(s, cmd));
	/* Text and bytes are not the same key. */
	cmd.key = t_bytes("any", 3);
	EXPECT_EQ(-ENOENT, t_raw(s, cmd));
	cmd = field_cmd(KSHARE_OP_DICT_ADD, h.it, "more");
	cmd.value = t_int(1);
	EXPECT_EQ(-ENOENT, t_run(s, cmd));
	cmd.op = KSHARE_OP_DICT_SETDEFAULT;
	EXPECT_EQ(-ENOENT, t_run(s, cmd));
	EXPECT_EQ(-ENOENT, t_raw(s, field_cmd(KSHARE_OP_DICT_DELETE, h.it, "more")));
	EXPECT_EQ(-ENOENT, get(s, h.it, "more"));
	/* Not even the good part of it */
	v[0] = t_str("number");
	v[1] = t_int(1);
	v[2] = t_str("more");
	v[3] = t_int(2);
	EXPECT_EQ(-ENOENT, t_run_with(s, KSHARE_OP_DICT_UPDATE, h.it, t_vector(v, 4)));
	EXPECT_EQ(-ENOENT, get(s, h.it, "number"));
	EXPECT_EQ(was, version(s, h.it));
	EXPECT_EQ(1, length(s, h.it));
}

static int read_only_for_others(struct side *s, const struct t_host *h)
{
	struct kshare_cmd cmd = field_cmd(KSHARE_OP_DICT_ADD, h->it, "fixed");
	struct kshare_value v[4] = { t_str("any"), t_int(1), t_str("fixed"), t_int(2) };

	cmd.value = t_int(1);
	if (set(s, h->it, "fixed", t_int(2)) != -EACCES || t_run(s, cmd) != -EACCES)
		return 1;
	cmd.op = KSHARE_OP_DICT_CAS;
	cmd.expect = t_int(1);
	if (t_run(s, cmd) != -EACCES ||
	    t_raw(s, field_cmd(KSHARE_OP_DICT_DELETE, h->it, "fixed")) != -EACCES ||
	    t_run(s, field_cmd(KSHARE_OP_DICT_POP, h->it, "fixed")) != -EACCES ||
	    t_run_with(s, KSHARE_OP_DICT_UPDATE, h->it, t_vector(v, 4)) != -EACCES)
		return 2;
	if (get(s, h->it, "any") != -ENOENT || number(s, h->it, "fixed") != 1)
		return 3;
	/* What it may write it writes. */
	return set(s, h->it, "number", t_int(4)) != 1;
}

TEST_F(kshare, a_read_only_field_is_written_by_the_host_alone)
{
	struct side *s = &self->s;
	struct t_host h;

	ASSERT_TRUE(t_be_host(s, &h, 0));
	EXPECT_EQ(1, set(s, h.it, "fixed", t_int(1)));
	EXPECT_EQ(0, in_child(s, &h, read_only_for_others));
	EXPECT_EQ(1, number(s, h.it, "fixed"));
	EXPECT_EQ(4, number(s, h.it, "number"));
	EXPECT_EQ(0, set(s, h.it, "fixed", t_int(2)));
	EXPECT_EQ(0, t_raw(s, field_cmd(KSHARE_OP_DICT_DELETE, h.it, "fixed")));
	/* Who has given the class up is not its host any more. */
	EXPECT_EQ(1, set(s, h.it, "fixed", t_int(3)));
	EXPECT_EQ(0, t_unregister(s, h.class));
	EXPECT_EQ(-EACCES, set(s, h.it, "fixed", t_int(4)));
	EXPECT_EQ(3, number(s, h.it, "fixed"));
}

TEST_F(kshare, a_field_takes_values_of_its_types)
{
	static struct t_class c;
	struct side *s = &self->s;
	struct kshare_cmd cmd;
	int class, it, cell = t_create(s, KSHARE_TYPE_CELL);
	const struct {
		const char *name;
		uint32_t type;
		struct kshare_value v;
	} all[] = {
		{ "none", KSHARE_NONE, t_none() },
		{ "bool", KSHARE_BOOL, t_bool(true) },
		{ "int", KSHARE_INT, t_int(-5) },
		{ "uint", KSHARE_UINT, t_uint(UINT64_MAX) },
		{ "float", KSHARE_FLOAT, t_float(1.5) },
		{ "str", KSHARE_STR, t_str("s") },
		{ "bytes", KSHARE_BYTES, t_bytes("b", 1) },
		{ "ref", KSHARE_REF, t_ref(cell) },
	};
	int i, j, n = ARRAY_SIZE(all);

	t_class_begin(&c, 0);
	t_add_method(&c, "m", KSHARE_METHOD_EXPOSED);
	for (i = 0; i < n; i++)
		t_add_field(&c, all[i].name, 1u << all[i].type, 0);
	t_add_field(&c, "two", 1 << KSHARE_STR | 1 << KSHARE_NONE, 0);
	class = t_register(s, "typed", &c);
	it = t_instance(s, class, 0);
	ASSERT_LT(0, it);
	for (i = 0; i < n; i++) {
		for (j = 0; j < n; j++) {
			bool both_int = (all[i].type == KSHARE_INT || all[i].type == KSHARE_UINT) &&
					(all[j].type == KSHARE_INT || all[j].type == KSHARE_UINT);

			int ret = set(s, it, all[i].name, all[j].v);

			EXPECT_EQ(i != j && !both_int, ret == -EDOM) {
				TH_LOG("%s into %s: %d", all[j].name, all[i].name, ret);
			}
			EXPECT_TRUE(ret >= 0 || ret == -EDOM);
		}
	}
	EXPECT_EQ(1, set(s, it, "two", t_str("x")));
	EXPECT_EQ(0, set(s, it, "two", t_none()));
	EXPECT_EQ(-EDOM, set(s, it, "two", t_bytes("x", 1)));
	EXPECT_EQ(0, get(s, it, "two"));
	EXPECT_EQ(KSHARE_NONE, s->out.values[0].type);
	/* Also by the ways around SET */
	cmd = field_cmd(KSHARE_OP_DICT_CAS, it, "str");
	cmd.expect = t_str("s");
	cmd.value = t_int(1);
	EXPECT_EQ(-EDOM, t_run(s, cmd));
	EXPECT_EQ(0, t_raw(s, field_cmd(KSHARE_OP_DICT_DELETE, it, "str")));
	cmd = field_cmd(KSHARE_OP_DICT_SETDEFAULT, it, "str");
	cmd.value = t_int(1);
	EXPECT_EQ(-EDOM, t_run(s, cmd));
	cmd.op = KSHARE_OP_DICT_ADD;
	EXPECT_EQ(-EDOM, t_run(s, cmd));
	EXPECT_EQ(-ENOENT, get(s, it, "str"));
	cmd.key = t_str("int");
	EXPECT_EQ(0, set(s, it, "int", t_int(5)));
	EXPECT_EQ(0, t_run(s, cmd));
	EXPECT_EQ(6, s->out.values[0].i);
	/* A number that is none of the field's is not added to it. */
	cmd.value = t_float(0.5);
	EXPECT_EQ(-EDOM, t_run(s, cmd));
	EXPECT_EQ(6, number(s, it, "int"));
}

/* Nor by way of an addition, of which the sum is of another type than both. */
TEST_F(kshare, a_field_never_holds_what_it_does_not_take)
{
	static struct t_class c;
	struct side *s = &self->s;
	struct kshare_cmd cmd;
	int class, it, ret;

	t_class_begin(&c, 0);
	t_add_method(&c, "m", KSHARE_METHOD_EXPOSED);
	t_add_field(&c, "bool", 1 << KSHARE_BOOL, 0);
	t_add_field(&c, "both", 1 << KSHARE_BOOL | 1 << KSHARE_FLOAT, 0);
	class = t_register(s, "typed", &c);
	it = t_instance(s, class, 0);
	ASSERT_LT(0, it);
	EXPECT_EQ(1, set(s, it, "bool", t_bool(true)));
	cmd = field_cmd(KSHARE_OP_DICT_ADD, it, "bool");
	cmd.value = t_bool(true);
	ret = t_run(s, cmd);
	EXPECT_TRUE(!ret || ret == -EDOM);
	EXPECT_EQ(0, get(s, it, "bool"));
	EXPECT_EQ(KSHARE_BOOL, s->out.values[0].type);
	cmd.key = t_str("both");
	ret = t_run(s, cmd);
	EXPECT_TRUE(!ret || ret == -EDOM);
	ret = get(s, it, "both");
	EXPECT_TRUE(ret == -ENOENT || s->out.values[0].type == KSHARE_BOOL ||
		    s->out.values[0].type == KSHARE_FLOAT);
	EXPECT_LE(0, set(s, it, "both", t_float(0.5)));
	EXPECT_EQ(0, t_run(s, cmd));
	EXPECT_EQ(1.5, t_double(&s->out.values[0]));
}

TEST_F(kshare, there_is_no_way_to_drop_them_all)
{
	struct side *s = &self->s;
	struct t_host h;

	ASSERT_TRUE(t_be_host(s, &h, 0));
	EXPECT_EQ(1, set(s, h.it, "any", t_int(1)));
	EXPECT_EQ(-ENOTTY, t_raw(s, t_cmd(KSHARE_OP_DICT_CLEAR, h.it)));
	EXPECT_EQ(-ENOTTY, t_run(s, t_cmd(KSHARE_OP_DICT_POPITEM, h.it)));
	EXPECT_EQ(-ENOTTY, get(s, h.class, "any"));
	EXPECT_EQ(1, number(s, h.it, "any"));
}

TEST_F(kshare, rights_are_those_of_a_dict)
{
	struct side *s = &self->s;
	struct kshare_cmd cmd;
	struct t_host h;
	int it;

	ASSERT_TRUE(t_be_host(s, &h, 0));
	EXPECT_EQ(1, set(s, h.it, "any", t_int(1)));
	cmd = t_cmd(KSHARE_OP_DUP, h.it);
	cmd.nr = KSHARE_RIGHT_READ;
	it = t_raw(s, cmd);
	EXPECT_EQ(1, number(s, it, "any"));
	EXPECT_EQ(-EACCES, set(s, it, "any", t_int(1)));
	cmd.nr = KSHARE_RIGHT_WRITE;
	it = t_raw(s, cmd);
	EXPECT_EQ(-EACCES, get(s, it, "any"));
	EXPECT_EQ(0, set(s, it, "any", t_int(2)));
	cmd.nr = KSHARE_RIGHT_CALL | KSHARE_RIGHT_TRANSFER;
	it = t_raw(s, cmd);
	EXPECT_EQ(-EACCES, get(s, it, "any"));
	EXPECT_EQ(-EACCES, set(s, it, "any", t_int(3)));
	EXPECT_EQ(2, number(s, h.it, "any"));
}

/* Several fields, of two instances, and a cell, as one step or not at all */
TEST_F(kshare, a_batch_of_fields_is_atomic)
{
	struct side *s = &self->s;
	int32_t results[5];
	struct kshare_cmd cmds[5];
	struct kshare_batch batch = {
		.size = sizeof(batch),
		.flags = KSHARE_BATCH_ATOMIC,
		.count = 5,
		.cmds = (uintptr_t)cmds,
		.results = (uintptr_t)results,
		.cmd_size = sizeof(cmds[0]),
	};
	int other, cell = t_create(s, KSHARE_TYPE_CELL);
	struct t_host h;

	ASSERT_TRUE(t_be_host(s, &h, 0));
	other = t_instance(s, h.class, 8);
	EXPECT_EQ(1, set(s, h.it, "number", t_int(10)));
	EXPECT_EQ(1, set(s, other, "number", t_int(20)));
	cmds[0] = field_cmd(KSHARE_OP_DICT_CHECK, h.it, "number");
	cmds[0].expect = t_int(11);
	cmds[1] = set_cmd(h.it, "number", t_int(5));
	cmds[2] = set_cmd(other, "number", t_int(25));
	cmds[3] = set_cmd(other, "any", t_int(1));
	cmds[4] = t_cmd(KSHARE_OP_CELL_SET, cell);
	cmds[4].value = t_int(30);
	EXPECT_EQ(-1, ioctl(s->fd, KSHARE_IOC_BATCH, &batch));
	EXPECT_EQ(ESTALE, errno);
	EXPECT_EQ(0, batch.done);
	EXPECT_EQ(10, number(s, h.it, "number"));
	cmds[0].expect = t_int(10);
	/* One that fails after others would have been done */
	cmds[3] = set_cmd(other, "number", t_str("no number"));
	batch.done = 0;
	EXPECT_EQ(-1, ioctl(s->fd, KSHARE_IOC_BATCH, &batch));
	EXPECT_EQ(EDOM, errno);
	EXPECT_EQ(3, batch.done);
	EXPECT_EQ(10, number(s, h.it, "number"));
	EXPECT_EQ(20, number(s, other, "number"));
	cmds[3] = set_cmd(other, "more", t_int(1));
	batch.done = 0;
	EXPECT_EQ(-1, ioctl(s->fd, KSHARE_IOC_BATCH, &batch));
	EXPECT_EQ(ENOENT, errno);
	EXPECT_EQ(20, number(s, other, "number"));
	cmds[3] = set_cmd(other, "any", t_int(1));
	batch.done = 0;
	EXPECT_EQ(0, ioctl(s->fd, KSHARE_IOC_BATCH, &batch));
	EXPECT_EQ(5, number(s, h.it, "number"));
	EXPECT_EQ(25, number(s, other, "number"));
	EXPECT_EQ(1, number(s, other, "any"));
}

/* Two who move numbers between two instances; a third one only ever sees their sum. */
TEST_F(kshare, nobody_sees_half_a_batch)
{
	struct side *s = &self->s;
	int i, n, other, rounds = t_rounds(2000), bad = 0;
	struct t_host h;
	pid_t pids[2];

	ASSERT_TRUE(t_be_host(s, &h, 0));
	other = t_instance(s, h.class, 8);
	EXPECT_EQ(1, set(s, h.it, "number", t_int(1000000)));
	EXPECT_EQ(1, set(s, other, "number", t_int(1000000)));
	for (i = 0; i < 3; i++) {
		struct kshare_cmd cmds[2] = {
			field_cmd(i < 2 ? KSHARE_OP_DICT_ADD : KSHARE_OP_DICT_GET, h.it, "number"),
			field_cmd(i < 2 ? KSHARE_OP_DICT_ADD : KSHARE_OP_DICT_GET, other, "number"),
		};
		struct { struct kshare_result head; struct kshare_value v; } outs[2];
		int32_t results[2];
		struct kshare_batch batch = {
			.size = sizeof(batch),
			.flags = KSHARE_BATCH_ATOMIC,
			.count = 2,
			.cmds = (uintptr_t)cmds,
			.results = (uintptr_t)results,
			.cmd_size = sizeof(cmds[0]),
		};

		if (i < 2) {
			pids[i] = t_fork(s);
			if (pids[i])
				continue;
			cmds[0].value = t_int(i + 1);
			cmds[1].value = t_int(-i - 1);
		}
		for (n = 0; n < 2; n++) {
			cmds[n].out = (uintptr_t)&outs[n];
			cmds[n].out_len = sizeof(outs[n]);
		}
		for (n = 0; n < rounds; n++) {
			batch.done = 0;
			if (ioctl(s->fd, KSHARE_IOC_BATCH, &batch) ||
			    (i == 2 && outs[0].v.i + outs[1].v.i != 2000000))
				bad++;
		}
		if (i < 2)
			_exit(!!bad);
	}
	EXPECT_EQ(0, bad);
	for (i = 0; i < 2; i++)
		EXPECT_EQ(0, t_wait(pids[i]));
	EXPECT_EQ(1000000 + 3 * rounds, number(s, h.it, "number"));
	EXPECT_EQ(1000000 - 3 * rounds, number(s, other, "number"));
}

TEST_F(kshare, no_addition_to_a_field_is_lost)
{
	struct side *s = &self->s;
	int i, n, rounds = t_rounds(3000);
	struct kshare_cmd cmd;
	struct t_host h;
	pid_t pids[3];

	ASSERT_TRUE(t_be_host(s, &h, 0));
	for (i = 0; i < 3; i++) {
		pids[i] = t_fork(s);
		if (pids[i])
			continue;
		cmd = field_cmd(KSHARE_OP_DICT_ADD, h.it, "number");
		cmd.value = t_int(i + 1);
		for (n = 0; n < rounds; n++)
			if (t_run(s, cmd))
				_exit(1);
		_exit(0);
	}
	for (i = 0; i < 3; i++)
		EXPECT_EQ(0, t_wait(pids[i]));
	EXPECT_EQ(6 * rounds, number(s, h.it, "number"));
}

static int watch(struct side *s, int h, int q, uint32_t cookie, struct kshare_value key)
{
	struct kshare_cmd cmd = t_cmd(KSHARE_OP_WATCH, h);

	cmd.key = key;
	cmd.value = t_ref(q);
	cmd.nr = cookie;
	return t_raw(s, cmd);
}

static struct kshare_change told(struct side *s, int q)
{
	struct kshare_cmd cmd = t_cmd(KSHARE_OP_QUEUE_GET, q);
	struct kshare_change change = {};

	cmd.deadline = t_now() + T_LONG;
	if (s->door == DOOR_ATOMIC)
		s->door = DOOR_BATCH;
	if (t_run(s, cmd) == 1 && s->out.values[0].len == sizeof(change))
		memcpy(&change, (void *)(uintptr_t)s->out.values[0].ptr, sizeof(change));
	return change;
}

TEST_F(kshare, a_field_can_be_watched)
{
	struct side *s = &self->s;
	int q = t_create_elem(s, KSHARE_TYPE_QUEUE, 0, 100);
	struct kshare_change change;
	struct kshare_stat stat;
	struct t_host h;

	ASSERT_TRUE(t_be_host(s, &h, 0));
	ASSERT_EQ(0, watch(s, h.it, q, 5, t_str("number")));
	/* Another one's change is none of it, nor is one that was refused. */
	EXPECT_EQ(1, set(s, h.it, "any", t_int(1)));
	EXPECT_EQ(-EDOM, set(s, h.it, "number", t_str("x")));
	EXPECT_EQ(1, set(s, h.it, "number", t_int(1)));
	change = told(s, q);
	ASSERT_EQ(0, t_stat(s, h.it, &stat));
	EXPECT_EQ(5, change.cookie);
	EXPECT_EQ(stat.id, change.object);
	EXPECT_EQ(stat.version, change.version);
	EXPECT_EQ(0, change.lost);
	/* Now all of them */
	ASSERT_EQ(0, watch(s, h.it, q, 6, t_none()));
	EXPECT_EQ(0, set(s, h.it, "any", t_int(2)));
	change = told(s, q);
	EXPECT_EQ(6, change.cookie);
	EXPECT_EQ(stat.version + 1, change.version);
}

TEST_F(kshare, fields_outlive_their_host)
{
	struct side *s = &self->s;
	int it, box = t_create(s, KSHARE_TYPE_LIST);
	struct kshare_stat stat;
	pid_t pid;

	t_share_counts();
	pid = t_host_child(s, box, 0);
	it = t_take_out(s, box);
	ASSERT_LT(0, it);
	EXPECT_EQ(1, set(s, it, "number", t_int(1)));
	EXPECT_EQ(1000 + SIGKILL, t_end_child(pid));
	EXPECT_EQ(-EOWNERDEAD, t_call(s, it, T_ECHO, t_int(1)));
	EXPECT_EQ(1, number(s, it, "number"));
	EXPECT_EQ(0, set(s, it, "number", t_int(2)));
	EXPECT_EQ(1, set(s, it, "any", t_ref(box)));
	EXPECT_EQ(2, number(s, it, "number"));
	EXPECT_EQ(-EDOM, set(s, it, "number", t_str("x")));
	EXPECT_EQ(-ENOENT, set(s, it, "more", t_int(1)));
	/* Nobody is the host, so nobody writes this. */
	EXPECT_EQ(-EACCES, set(s, it, "fixed", t_int(1)));
	ASSERT_EQ(0, t_stat(s, it, &stat));
	EXPECT_EQ(2, stat.length);
}

/* A reference in a field is one as in a dict. */
TEST_F(kshare, a_field_keeps_what_it_refers_to)
{
	struct side *s = &self->s, *other = calloc(1, sizeof(*other));
	int cell = t_create(s, KSHARE_TYPE_CELL), foreign, it;
	struct kshare_stat stat, mine;
	struct kshare_cmd cmd;
	struct t_host h;
	uint64_t id;

	ASSERT_TRUE(t_be_host(s, &h, 0));
	ASSERT_EQ(0, t_stat(s, cell, &mine));
	id = mine.id;
	EXPECT_EQ(1, set(s, h.it, "any", t_ref(cell)));
	ASSERT_EQ(0, t_stat(s, cell, &stat));
	EXPECT_EQ(mine.refs + 1, stat.refs);
	EXPECT_EQ(0, t_close(s, cell));
	EXPECT_EQ(0, get(s, h.it, "any"));
	ASSERT_EQ(KSHARE_REF, s->out.values[0].type);
	cell = s->out.values[0].ref.handle;
	ASSERT_EQ(0, t_stat(s, cell, &stat));
	EXPECT_EQ(id, stat.id);
	EXPECT_EQ(0, t_raw(s, field_cmd(KSHARE_OP_DICT_DELETE, h.it, "any")));
	ASSERT_EQ(0, t_stat(s, cell, &stat));
	EXPECT_EQ(mine.refs, stat.refs);

	/* But not to what is of another domain */
	other->fd = open(KSHARE_DEVICE, O_RDWR | O_CLOEXEC);
	foreign = t_create(other, KSHARE_TYPE_CELL);
	cmd = t_cmd(KSHARE_OP_EXPORT_FD, foreign);
	foreign = t_raw(other, cmd);
	ASSERT_LE(0, foreign);
	cmd = t_cmd(KSHARE_OP_IMPORT_FD, 0);
	cmd.key = t_int(foreign);
	it = t_raw(s, cmd);
	ASSERT_LT(0, it);
	EXPECT_EQ(-EXDEV, set(s, h.it, "any", t_ref(it)));
	EXPECT_EQ(0, t_close(s, it));
	close(foreign);
	close(other->fd);
	free(other);
}

TEST_HARNESS_MAIN
