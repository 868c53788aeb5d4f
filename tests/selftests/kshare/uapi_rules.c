// SPDX-License-Identifier: GPL-2.0
/*
 * The rules of every structure and of every operation, over the whole table that
 * QUERY gives: a new operation is tested without being named here.
 */
#include "class_test.h"

#define OPS	256

static struct kshare_op_info ops[OPS];

static const uint32_t types[] = {
	KSHARE_TYPE_CELL, KSHARE_TYPE_ARRAY, KSHARE_TYPE_DICT, KSHARE_TYPE_LIST,
	KSHARE_TYPE_NAMESPACE, KSHARE_TYPE_LOCK, KSHARE_TYPE_RLOCK, KSHARE_TYPE_EVENT,
	KSHARE_TYPE_RWLOCK, KSHARE_TYPE_SEMAPHORE, KSHARE_TYPE_CONDITION,
	KSHARE_TYPE_BARRIER, KSHARE_TYPE_QUEUE, KSHARE_TYPE_CLASS, KSHARE_TYPE_INSTANCE,
};

#define TYPES	(int)(sizeof(types) / sizeof(types[0]))

/* A handle of each type, by type; the domain's is 1. */
static int handles[KSHARE_TYPE_INSTANCE + 1];

static int make(struct side *s, uint32_t type)
{
	static struct t_class c;

	switch (type) {
	case KSHARE_TYPE_ARRAY:
		return t_create_elem(s, type, KSHARE_ELEM_I64, 10);
	case KSHARE_TYPE_SEMAPHORE:
		return t_create_elem(s, type, 0, 100);
	case KSHARE_TYPE_BARRIER:
		return t_create_elem(s, type, 0, 2);
	case KSHARE_TYPE_CONDITION:
		return t_create_with(s, type, 0, t_none(), t_ref(handles[KSHARE_TYPE_LOCK]));
	case KSHARE_TYPE_CLASS:
		t_usual(&c, KSHARE_CLASS_CREATABLE);
		return t_register(s, "rules", &c);
	case KSHARE_TYPE_INSTANCE:
		return t_instance(s, handles[KSHARE_TYPE_CLASS], 1);
	}
	return t_create(s, type);
}

static void make_all(struct side *s)
{
	int i;

	handles[KSHARE_TYPE_DOMAIN] = 1;
	for (i = 0; i < TYPES; i++)
		handles[types[i]] = make(s, types[i]);
}

/* The first type that an operation takes. */
static uint32_t type_of(const struct kshare_op_info *op)
{
	return op->types ? __builtin_ctz(op->types) : 0;
}

/* The command with every field as it may be, so that only what a test spoils is wrong. */
static struct kshare_cmd plain(const struct kshare_op_info *op)
{
	struct kshare_cmd cmd = t_cmd(op->op, 0);

	if (op->fields & KSHARE_FIELD_HANDLE && op->types)
		cmd.handle = handles[type_of(op)];
	if (op->fields & KSHARE_FIELD_HANDLE && !op->types)
		cmd.handle = 100000;
	if (op->fields & KSHARE_FIELD_DEADLINE)
		cmd.deadline = 1;
	return cmd;
}

TEST_F(kshare, query_tells_version_limits_and_operations)
{
	struct kshare_query q = { .size = sizeof(q) };
	struct side *s = &self->s;
	int i, j, n = t_query_ops(s, ops, OPS);

	ASSERT_LT(50, n);
	for (i = 0; i < n; i++) {
		EXPECT_NE(0, ops[i].name[0]);
		for (j = 0; j < i; j++) {
			EXPECT_NE(ops[i].op, ops[j].op);
			EXPECT_NE(0, strcmp((char *)ops[i].name, (char *)ops[j].name));
		}
	}
	EXPECT_EQ(0, ioctl(s->fd, KSHARE_IOC_QUERY, &q));
	EXPECT_EQ(KSHARE_UAPI_VERSION, q.version);
	EXPECT_EQ(1, q.domain);
	EXPECT_EQ(n, q.op_count);
	EXPECT_EQ(KSHARE_MAX_KEY, q.max_key);
	EXPECT_EQ(KSHARE_MAX_VALUE, q.max_value);
	EXPECT_EQ(KSHARE_MAX_BATCH, q.max_batch);
	for (i = 0; i < KSHARE_LIMIT_COUNT; i++)
		EXPECT_LT(0, q.limit[i]);
}

TEST_F(kshare, a_query_is_checked_and_writes_no_further_than_it_may)
{
	struct kshare_query q = { .size = sizeof(q) }, bad;
	struct side *s = &self->s;
	char rows[2 * 100 + 1];

#define BAD(error, ...) do {						\
		bad = q;						\
		__VA_ARGS__;						\
		EXPECT_EQ(-1, ioctl(s->fd, KSHARE_IOC_QUERY, &bad));	\
		EXPECT_EQ(error, errno);				\
	} while (0)
	BAD(EINVAL, bad.size--);
	BAD(EINVAL, bad.reserved = 1);
	BAD(EINVAL, bad.ops = (uintptr_t)ops; bad.op_size = 7);
	BAD(E2BIG, bad.op_size = 4097);
	BAD(EFAULT, bad.ops = 8; bad.op_count = 1; bad.op_size = sizeof(ops[0]));
	BAD(EFAULT, bad.ops = 8; bad.op_count = 1; bad.op_size = sizeof(ops[0]) + 8);
#undef BAD
	EXPECT_EQ(-1, ioctl(s->fd, KSHARE_IOC_QUERY, NULL));
	EXPECT_EQ(EFAULT, errno);
	/* Rows that are longer than the kernel's end with zeroes, shorter ones are cut. */
	memset(rows, 'x', sizeof(rows));
	q.ops = (uintptr_t)rows;
	q.op_count = 2;
	q.op_size = 100;
	EXPECT_EQ(0, ioctl(s->fd, KSHARE_IOC_QUERY, &q));
	EXPECT_EQ(KSHARE_OP_CLOSE, *(uint32_t *)(rows + 100));
	EXPECT_EQ(0, rows[sizeof(ops[0])]);
	EXPECT_EQ(0, rows[199]);
	EXPECT_EQ('x', rows[200]);
	q.op_count = 1;
	q.op_size = 8;
	memset(rows, 'x', sizeof(rows));
	EXPECT_EQ(0, ioctl(s->fd, KSHARE_IOC_QUERY, &q));
	EXPECT_EQ(KSHARE_OP_NOP, *(uint32_t *)rows);
	EXPECT_EQ('x', rows[8]);
}

TEST_F(kshare, a_structure_may_grow)
{
	struct {
		struct kshare_cmd cmd;
		uint64_t more[600];
	} big = {};
	struct side *s = &self->s;
	int i, n = t_query_ops(s, ops, OPS), want, got;

	make_all(s);
	for (i = 0; i < n; i++) {
		/* An answer that does not depend on what was done before. */
		if (ops[i].op == KSHARE_OP_CLIENT_CLONE || ops[i].op == KSHARE_OP_CREATE ||
		    ops[i].op == KSHARE_OP_DUP || ops[i].op == KSHARE_OP_DOMAIN_ROOT ||
		    ops[i].op == KSHARE_OP_CLASS_UNREGISTER ||
		    type_of(&ops[i]) == KSHARE_TYPE_LOCK ||
		    type_of(&ops[i]) == KSHARE_TYPE_RWLOCK)
			continue;
		memset(&big, 0, sizeof(big));
		big.cmd = plain(&ops[i]);
		want = t_raw(s, big.cmd);
		big.cmd.size = sizeof(big.cmd) - 1;
		EXPECT_EQ(-1, ioctl(s->fd, KSHARE_IOC_CMD, &big));
		EXPECT_EQ(EINVAL, errno);
		big.cmd.size = sizeof(big.cmd) + 8;
		got = ioctl(s->fd, KSHARE_IOC_CMD, &big) < 0 ? -errno : 0;
		/* What was deleted is not there to be deleted again. */
		EXPECT_TRUE(got == (want < 0 ? want : 0) || got == -ENOENT);
		big.more[0] = 1ull << 56;
		EXPECT_EQ(-1, ioctl(s->fd, KSHARE_IOC_CMD, &big));
		EXPECT_EQ(E2BIG, errno);
		big.cmd.size = 4097;
		EXPECT_EQ(-1, ioctl(s->fd, KSHARE_IOC_CMD, &big));
		EXPECT_EQ(E2BIG, errno);
	}
}

TEST_F(kshare, what_an_operation_does_not_use_must_be_zero)
{
	struct side *s = &self->s;
	int i, n = t_query_ops(s, ops, OPS);
	struct kshare_cmd cmd;

	make_all(s);
	for (i = 0; i < n; i++) {
		const struct kshare_op_info *op = &ops[i];

		if (!(op->fields & KSHARE_FIELD_HANDLE)) {
			cmd = plain(op);
			cmd.handle = 1;
			EXPECT_EQ(-EINVAL, t_raw(s, cmd));
		}
		if (!(op->fields & KSHARE_FIELD_KEY)) {
			cmd = plain(op);
			cmd.key.u = 1;
			EXPECT_EQ(-EINVAL, t_raw(s, cmd));
			cmd.key = t_bool(false);
			EXPECT_EQ(-EINVAL, t_raw(s, cmd));
		}
		if (!(op->fields & KSHARE_FIELD_VALUE)) {
			cmd = plain(op);
			cmd.value.len = 1;
			EXPECT_EQ(-EINVAL, t_raw(s, cmd));
		}
		if (!(op->fields & (KSHARE_FIELD_EXPECT | KSHARE_FIELD_DEADLINE))) {
			cmd = plain(op);
			cmd.deadline = 1;
			EXPECT_EQ(-EINVAL, t_raw(s, cmd));
			cmd.deadline = 0;
			cmd.tag = 1;
			EXPECT_EQ(-EINVAL, t_raw(s, cmd));
		}
		if (!(op->fields & KSHARE_FIELD_NR)) {
			cmd = plain(op);
			cmd.nr = 1;
			EXPECT_EQ(-EINVAL, t_raw(s, cmd));
		}
		cmd = plain(op);
		cmd.out_len = 4096;
		EXPECT_EQ(-EINVAL, t_raw(s, cmd));
		cmd.out = (uintptr_t)&s->out;
		if (!(op->fields & KSHARE_FIELD_OUT)) {
			EXPECT_EQ(-EINVAL, t_raw(s, cmd));
		} else {
			cmd.out_len = sizeof(struct kshare_result) - 1;
			EXPECT_EQ(-EINVAL, t_raw(s, cmd));
			cmd.out_len = KSHARE_MAX_OUT + 1;
			EXPECT_EQ(-E2BIG, t_raw(s, cmd));
			/* The kernel's */
			cmd.out = 1ull << 63;
			cmd.out_len = sizeof(s->out);
			EXPECT_EQ(-EFAULT, t_raw(s, cmd));
		}
	}
}

TEST_F(kshare, a_flag_that_is_not_listed_is_refused)
{
	struct side *s = &self->s;
	int i, bit, n = t_query_ops(s, ops, OPS);

	make_all(s);
	for (i = 0; i < n; i++) {
		for (bit = 0; bit < 32; bit++) {
			struct kshare_cmd cmd = plain(&ops[i]);

			cmd.flags = 1u << bit;
			if (cmd.flags & ops[i].cmd_flags)
				continue;
			EXPECT_EQ(-EOPNOTSUPP, t_raw(s, cmd));
		}
	}
}

TEST_F(kshare, handles_are_checked_for_life_type_and_rights)
{
	struct side *s = &self->s;
	int i, type, bit, n = t_query_ops(s, ops, OPS);
	struct kshare_cmd cmd;

	make_all(s);
	for (i = 0; i < n; i++) {
		const struct kshare_op_info *op = &ops[i];

		if (!op->types)
			continue;
		cmd = plain(op);
		cmd.handle = 100000;
		EXPECT_EQ(-EBADF, t_raw(s, cmd));
		cmd.handle = UINT32_MAX;
		EXPECT_EQ(-EBADF, t_raw(s, cmd));
		for (type = KSHARE_TYPE_DOMAIN; type <= KSHARE_TYPE_INSTANCE; type++) {
			if (op->types & 1u << type || type == KSHARE_TYPE_GATE)
				continue;
			cmd = plain(op);
			cmd.handle = handles[type];
			EXPECT_EQ(-ENOTTY, t_raw(s, cmd));
		}
		for (bit = 1; bit <= KSHARE_RIGHT_ALL; bit <<= 1) {
			struct kshare_cmd dup = t_cmd(KSHARE_OP_DUP, handles[type_of(op)]);

			if (!(op->rights & bit))
				continue;
			dup.nr = KSHARE_RIGHT_ALL & ~bit;
			cmd = plain(op);
			cmd.handle = t_raw(s, dup);
			ASSERT_LT(0, (int)cmd.handle);
			EXPECT_EQ(-EACCES, t_raw(s, cmd));
			t_close(s, cmd.handle);
			EXPECT_EQ(-EBADF, t_raw(s, cmd));
		}
	}
}

TEST_F(kshare, what_is_unknown_is_enotty)
{
	struct side *s = &self->s;

	EXPECT_EQ(-ENOTTY, t_raw(s, t_cmd(0, 0)));
	EXPECT_EQ(-ENOTTY, t_raw(s, t_cmd(31, 0)));
	EXPECT_EQ(-ENOTTY, t_raw(s, t_cmd(255, 0)));
	EXPECT_EQ(-ENOTTY, t_raw(s, t_cmd(256, 0)));
	EXPECT_EQ(-ENOTTY, t_raw(s, t_cmd(UINT32_MAX, 0)));
	EXPECT_EQ(-1, ioctl(s->fd, _IO(KSHARE_IOC_TYPE, 0x83), 0));
	EXPECT_EQ(ENOTTY, errno);
}

TEST_F(kshare, a_batch_is_checked_before_it_begins)
{
	struct kshare_cmd cmds[2] = { t_cmd(KSHARE_OP_NOP, 0) };
	struct kshare_batch good = {
		.size = sizeof(good),
		.count = 1,
		.cmds = (uintptr_t)cmds,
		.cmd_size = sizeof(cmds[0]),
	}, bad;
	struct side *s = &self->s;
	int32_t result;

	good.results = (uintptr_t)&result;
#define BAD(error, ...) do {						\
		bad = good;						\
		__VA_ARGS__;						\
		EXPECT_EQ(-1, ioctl(s->fd, KSHARE_IOC_BATCH, &bad));	\
		EXPECT_EQ(error, errno);				\
	} while (0)
	bad = good;
	EXPECT_EQ(0, ioctl(s->fd, KSHARE_IOC_BATCH, &bad));
	EXPECT_EQ(1, bad.done);
	BAD(EINVAL, bad.size--);
	BAD(EINVAL, bad.count = 0);
	BAD(E2BIG, bad.count = KSHARE_MAX_BATCH + 1);
	BAD(EINVAL, bad.reserved = 1);
	BAD(EINVAL, bad.done = 1);
	BAD(EOPNOTSUPP, bad.flags = 4);
	BAD(EINVAL, bad.flags = KSHARE_BATCH_ATOMIC | KSHARE_BATCH_RUN_ON);
	BAD(EINVAL, bad.cmd_size = 72);
	BAD(EINVAL, bad.cmd_size = 84);
	BAD(EINVAL, bad.cmd_size = 88);
	BAD(E2BIG, bad.cmd_size = 4104);
	BAD(EFAULT, bad.cmds = 0);
	BAD(EFAULT, bad.results = 0);
	BAD(EFAULT, bad.flags = KSHARE_BATCH_ATOMIC; bad.results = 8);
}

/* Two pages, of which the second is not there: memory that ends at a known place. */
static char *edge;

static void make_edge(void)
{
	edge = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	munmap(edge + 4096, 4096);
	edge += 4096;
}

TEST_F(kshare, memory_of_the_callers_is_read_to_its_last_byte_and_no_further)
{
	struct kshare_value vector[2] = { t_int(1), t_int(2) };
	struct side *s = &self->s;
	struct kshare_cmd cmd;
	int c, d, l, len;

	make_edge();
	make_all(s);
	c = handles[KSHARE_TYPE_CELL];
	d = handles[KSHARE_TYPE_DICT];
	l = handles[KSHARE_TYPE_LIST];
	for (len = 1; len < 4096; len += len < 70 ? 1 : 301) {
		cmd = t_cmd(KSHARE_OP_CELL_SET, c);
		cmd.value = t_bytes(edge - len, len);
		EXPECT_EQ(0, t_raw(s, cmd));
		cmd.value = t_bytes(edge - len + 1, len);
		EXPECT_EQ(-EFAULT, t_raw(s, cmd));
		cmd = t_cmd(KSHARE_OP_DICT_SET, d);
		cmd.value = t_int(1);
		cmd.key = t_bytes(edge - len, len);
		EXPECT_LE(0, t_raw(s, cmd));
		cmd.key = t_bytes(edge - len + 1, len);
		EXPECT_EQ(-EFAULT, t_raw(s, cmd));
	}
	cmd = t_cmd(KSHARE_OP_LIST_EXTEND, l);
	memcpy(edge - sizeof(vector), vector, sizeof(vector));
	cmd.value = t_vector((void *)(edge - sizeof(vector)), 2);
	EXPECT_EQ(0, t_raw(s, cmd));
	cmd.value = t_vector((void *)(edge - sizeof(vector) + 8), 2);
	EXPECT_EQ(-EFAULT, t_raw(s, cmd));
	cmd.value = t_vector(NULL, 2);
	EXPECT_EQ(-EFAULT, t_raw(s, cmd));
	cmd.value = t_vector(vector, KSHARE_MAX_VECTOR + 1);
	EXPECT_EQ(-E2BIG, t_raw(s, cmd));
	EXPECT_EQ(0, t_run(s, t_cmd(KSHARE_OP_LIST_LEN, l)));
	EXPECT_EQ(2, s->out.head.number);
	cmd = t_cmd(KSHARE_OP_NOP, 0);
	memcpy(edge - sizeof(cmd), &cmd, sizeof(cmd));
	EXPECT_EQ(0, ioctl(s->fd, KSHARE_IOC_CMD, edge - sizeof(cmd)));
	memcpy(edge - sizeof(cmd) + 8, &cmd, sizeof(cmd) - 8);
	EXPECT_EQ(-1, ioctl(s->fd, KSHARE_IOC_CMD, edge - sizeof(cmd) + 8));
	EXPECT_EQ(EFAULT, errno);
	EXPECT_EQ(-1, ioctl(s->fd, KSHARE_IOC_CMD, NULL));
	EXPECT_EQ(EFAULT, errno);
}

/* Everything that takes something out: command, and how to see that nothing went. */
TEST_F(kshare, a_result_that_cannot_be_written_consumes_nothing)
{
	static const uint32_t takers[] = {
		KSHARE_OP_CELL_SWAP, KSHARE_OP_CELL_ADD, KSHARE_OP_CELL_CAS,
		KSHARE_OP_ARRAY_ADD, KSHARE_OP_ARRAY_CAS,
		KSHARE_OP_DICT_POP, KSHARE_OP_DICT_POPITEM, KSHARE_OP_DICT_ADD,
		KSHARE_OP_DICT_SETDEFAULT, KSHARE_OP_DICT_DELETE, KSHARE_OP_DICT_CLEAR,
		KSHARE_OP_LIST_POP, KSHARE_OP_LIST_ADD, KSHARE_OP_LIST_CLEAR,
		KSHARE_OP_LIST_REVERSE, KSHARE_OP_LIST_SORT, KSHARE_OP_LIST_SLICE_DELETE,
		KSHARE_OP_LOCK_ACQUIRE, KSHARE_OP_RWLOCK_ACQUIRE, KSHARE_OP_SEMAPHORE_ACQUIRE,
		KSHARE_OP_SEMAPHORE_RELEASE, KSHARE_OP_QUEUE_PUT, KSHARE_OP_QUEUE_GET,
		KSHARE_OP_QUEUE_GET_MANY, KSHARE_OP_QUEUE_TASK_DONE, KSHARE_OP_QUEUE_SHUTDOWN,
	};
	struct kshare_stat before, after;
	struct side *s = &self->s;
	char *read_only = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	unsigned int i, j, n = t_query_ops(s, ops, OPS);
	struct kshare_cmd cmd;

	make_edge();
	make_all(s);
	for (i = 0; i < 5; i++) {
		cmd = t_cmd(KSHARE_OP_LIST_APPEND, handles[KSHARE_TYPE_LIST]);
		cmd.value = t_int(5 - i);
		ASSERT_EQ(0, t_raw(s, cmd));
		cmd = t_cmd(KSHARE_OP_QUEUE_PUT, handles[KSHARE_TYPE_QUEUE]);
		ASSERT_EQ(0, t_raw(s, cmd));
	}
	for (i = 0; i < sizeof(takers) / sizeof(takers[0]); i++) {
		uint64_t bad[] = { 8, (uintptr_t)read_only, (uintptr_t)edge - 15 };
		uint32_t h;

		for (j = 0; j < n && ops[j].op != takers[i]; j++)
			;
		ASSERT_LT(j, n);
		h = handles[type_of(&ops[j])];
		cmd = t_cmd(KSHARE_OP_CELL_SET, handles[KSHARE_TYPE_CELL]);
		cmd.value = t_int(1);
		ASSERT_EQ(0, t_raw(s, cmd));
		cmd = t_cmd(KSHARE_OP_DICT_SET, handles[KSHARE_TYPE_DICT]);
		cmd.key = t_int(1);
		cmd.value = t_int(1);
		ASSERT_LE(0, t_raw(s, cmd));

		cmd = t_cmd(takers[i], h);
		if (h == (uint32_t)handles[KSHARE_TYPE_DICT] &&
		    takers[i] != KSHARE_OP_DICT_POPITEM && takers[i] != KSHARE_OP_DICT_CLEAR)
			cmd.key = t_int(takers[i] == KSHARE_OP_DICT_SETDEFAULT ? 2 : 1);
		if (takers[i] == KSHARE_OP_ARRAY_ADD || takers[i] == KSHARE_OP_ARRAY_CAS ||
		    takers[i] == KSHARE_OP_LIST_ADD)
			cmd.key = t_int(0);
		if (takers[i] == KSHARE_OP_QUEUE_GET_MANY)
			cmd.nr = 2;
		if (takers[i] == KSHARE_OP_CELL_CAS)
			cmd.expect = t_int(1);
		if (takers[i] == KSHARE_OP_ARRAY_CAS)
			cmd.expect = t_int(0);
		if (takers[i] == KSHARE_OP_CELL_SWAP || takers[i] == KSHARE_OP_CELL_ADD ||
		    takers[i] == KSHARE_OP_CELL_CAS || takers[i] == KSHARE_OP_ARRAY_ADD ||
		    takers[i] == KSHARE_OP_ARRAY_CAS || takers[i] == KSHARE_OP_DICT_ADD ||
		    takers[i] == KSHARE_OP_DICT_SETDEFAULT || takers[i] == KSHARE_OP_LIST_ADD)
			cmd.value = t_int(9);
		ASSERT_EQ(0, t_stat(s, h, &before));
		for (j = 0; j < 3; j++) {
			cmd.out = bad[j];
			cmd.out_len = 4096;
			EXPECT_EQ(-EFAULT, t_raw(s, cmd));
			ASSERT_EQ(0, t_stat(s, h, &after));
			EXPECT_EQ(before.version, after.version);
			EXPECT_EQ(before.length, after.length);
		}
		/* Too small by one: what has no value in its result fits a header. */
		cmd.out = (uintptr_t)&s->out;
		cmd.out_len = sizeof(s->out);
		ASSERT_LE(0, t_raw(s, cmd));
		cmd.out_len = sizeof(struct kshare_result) +
			      s->out.head.count * sizeof(struct kshare_value) - 1;
		if (takers[i] == KSHARE_OP_LOCK_ACQUIRE)
			ASSERT_EQ(0, t_raw(s, t_cmd(KSHARE_OP_LOCK_RELEASE, h)));
	}
}

TEST_F(kshare, a_buffer_too_small_by_one_is_told_its_size_and_nothing_is_lost)
{
	struct side *s = &self->s;
	int c = t_create(s, KSHARE_TYPE_CELL), l = t_create(s, KSHARE_TYPE_LIST);
	struct kshare_cmd cmd = t_cmd(KSHARE_OP_LIST_APPEND, l);
	uint64_t need;

	cmd.value = t_str("a string of which the length is what matters");
	ASSERT_EQ(0, t_raw(s, cmd));
	cmd.value = t_ref(c);
	cmd = t_cmd(KSHARE_OP_LIST_POP, l);
	cmd.out = (uintptr_t)&s->out;
	cmd.out_len = 16;
	EXPECT_EQ(-ENOBUFS, t_raw(s, cmd));
	need = s->out.head.number;
	EXPECT_EQ(16 + 16 + 48, need);
	cmd.out_len = need - 1;
	EXPECT_EQ(-ENOBUFS, t_raw(s, cmd));
	cmd.out_len = need;
	EXPECT_EQ(0, t_raw(s, cmd));
	EXPECT_TRUE(t_is_str(&s->out.values[0], "a string of which the length is what matters"));
	EXPECT_EQ(-ENOENT, t_raw(s, cmd));
}

TEST_HARNESS_MAIN
