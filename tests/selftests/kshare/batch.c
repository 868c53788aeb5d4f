// SPDX-License-Identifier: GPL-2.0
/* Batches: in a row, or as one step that nobody sees a part of. */
#include "batch_test.h"
#include <pthread.h>

static int64_t cell_get(struct side *s, int c)
{
	return t_run(s, t_cmd(KSHARE_OP_CELL_GET, c)) ? INT64_MIN : s->out.values[0].i;
}

static int new_cell(struct side *s, int64_t i)
{
	int c = t_create(s, KSHARE_TYPE_CELL);
	struct kshare_cmd cmd = t_cmd(KSHARE_OP_CELL_SET, c);

	cmd.value = t_int(i);
	t_run(s, cmd);
	return c;
}

TEST_F(kshare, it_stops_at_the_first_error_or_goes_on)
{
	struct side *s = &self->s;
	int c = new_cell(s, 0);
	struct many m = {};

	add(&m, KSHARE_OP_CELL_ADD, c)->value = t_int(1);
	add(&m, KSHARE_OP_CELL_ADD, c)->value = t_str("x");
	add(&m, KSHARE_OP_CELL_ADD, c)->value = t_int(10);
	EXPECT_EQ(-EDOM, go(s, &m, 0));
	EXPECT_EQ(1, m.batch.done);
	EXPECT_EQ(0, m.results[0]);
	EXPECT_EQ(-EDOM, m.results[1]);
	EXPECT_EQ(INT32_MIN, m.results[2]);
	EXPECT_EQ(1, cell_get(s, c));
	EXPECT_EQ(0, go(s, &m, KSHARE_BATCH_RUN_ON));
	EXPECT_EQ(3, m.batch.done);
	EXPECT_EQ(-EDOM, m.results[1]);
	EXPECT_EQ(0, m.results[2]);
	EXPECT_EQ(12, cell_get(s, c));
}

TEST_F(kshare, an_atomic_one_takes_everything_back)
{
	struct kshare_value v[3] = { t_int(7), t_int(8), t_int(9) };
	struct kshare_stat b[5], a;
	struct side *s = &self->s;
	int c = new_cell(s, 1), d = t_create(s, KSHARE_TYPE_DICT);
	int l = t_create(s, KSHARE_TYPE_LIST), e = t_create(s, KSHARE_TYPE_EVENT);
	int k = t_create(s, KSHARE_TYPE_LOCK), h[5] = { c, d, l, e, k };
	struct kshare_cmd cmd;
	struct many m = {};
	int i;

	for (i = 0; i < 4; i++) {
		cmd = t_cmd(KSHARE_OP_DICT_SET, d);
		cmd.key = t_int(i);
		cmd.value = t_str("a value that lives in memory of its own");
		t_run(s, cmd);
		cmd = t_cmd(KSHARE_OP_LIST_APPEND, l);
		cmd.value = t_int(i);
		t_run(s, cmd);
	}
	for (i = 0; i < 5; i++)
		ASSERT_EQ(0, t_stat(s, h[i], &b[i]));

	add(&m, KSHARE_OP_CELL_SET, c)->value = t_str("another long string, for the cell");
	add(&m, KSHARE_OP_DICT_DELETE, d)->key = t_int(1);
	add(&m, KSHARE_OP_DICT_SET, d)->key = t_int(1);
	add(&m, KSHARE_OP_DICT_SET, d)->key = t_int(100);
	m.cmds[m.n - 1].value = t_ref(c);
	add(&m, KSHARE_OP_DICT_POPITEM, d)->flags = KSHARE_FIRST;
	add(&m, KSHARE_OP_LIST_POP, l)->key = t_int(1);
	add(&m, KSHARE_OP_LIST_EXTEND, l)->value = t_vector(v, 3);
	add(&m, KSHARE_OP_LIST_REVERSE, l);
	add(&m, KSHARE_OP_LIST_SLICE_DELETE, l)->nr = 2;
	add(&m, KSHARE_OP_LIST_SORT, l);
	add(&m, KSHARE_OP_EVENT_SET, e);
	add(&m, KSHARE_OP_LOCK_ACQUIRE, k)->flags = KSHARE_NOWAIT;
	add(&m, KSHARE_OP_DICT_CLEAR, d);
	add(&m, KSHARE_OP_LIST_CLEAR, l);
	/* The last one fails. */
	add(&m, KSHARE_OP_CHECK_VERSION, c)->value = t_uint(12345);
	EXPECT_EQ(-ESTALE, go(s, &m, KSHARE_BATCH_ATOMIC));
	EXPECT_EQ(14, m.batch.done);

	for (i = 0; i < 5; i++) {
		ASSERT_EQ(0, t_stat(s, h[i], &a));
		EXPECT_EQ(b[i].version, a.version);
		EXPECT_EQ(b[i].length, a.length);
		EXPECT_EQ(b[i].holder_pid, a.holder_pid);
	}
	EXPECT_EQ(1, cell_get(s, c));
	cmd = t_cmd(KSHARE_OP_DICT_PAGE, d);
	cmd.flags = KSHARE_KEYS | KSHARE_VALUES;
	ASSERT_EQ(4, t_run(s, cmd));
	for (i = 0; i < 4; i++) {
		EXPECT_EQ(i, s->out.values[2 * i].i);
		EXPECT_TRUE(t_is_str(&s->out.values[2 * i + 1],
				     "a value that lives in memory of its own"));
	}
	ASSERT_EQ(4, t_run(s, t_cmd(KSHARE_OP_LIST_SLICE, l)));
	for (i = 0; i < 4; i++)
		EXPECT_EQ(i, s->out.values[i].i);

	/* Without the check all of it happens. */
	m.n--;
	EXPECT_EQ(0, go(s, &m, KSHARE_BATCH_ATOMIC));
	EXPECT_EQ(14, m.batch.done);
	EXPECT_EQ(3, m.results[8]);
	ASSERT_EQ(0, t_stat(s, k, &a));
	EXPECT_EQ(getpid(), a.holder_pid);
}

/* Elements that no eight bytes are made of, and that are not written as such. */
TEST_F(kshare, an_array_of_any_width_is_as_it_was)
{
	static const struct {
		uint32_t elem, width;
	} t[] = {
		{ KSHARE_ELEM_BYTES, 1 }, { KSHARE_ELEM_I16, 2 }, { KSHARE_ELEM_U32, 4 },
		{ KSHARE_ELEM_I64, 8 },
	};
	struct side *s = &self->s;
	char before[7 * 8], after[7 * 8];
	struct kshare_cmd *cmd, read;
	int i, k, a, fails;
	void *now;

	for (i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		a = t_create_elem(s, KSHARE_TYPE_ARRAY, t[i].elem, 7);
		read = t_cmd(KSHARE_OP_ARRAY_READ, a);
		read.key = t_int(0);
		read.nr = 7;
		for (fails = 1; fails >= 0; fails--) {
			struct many m = {};

			for (k = 0; k < sizeof(before); k++)
				before[k] = 'a' + k % 20;
			cmd = add(&m, KSHARE_OP_ARRAY_WRITE, a);
			cmd->key = t_int(0);
			cmd->value = t_bytes(before, 7 * t[i].width);
			ASSERT_EQ(7, t_raw(s, *cmd));
			memcpy(after, before, sizeof(after));
			for (k = 0; k < 3 * t[i].width; k++)
				after[t[i].width + k] = '0' + k % 9;
			m.cmds[0].key = t_int(1);
			m.cmds[0].value = t_bytes(after + t[i].width, 3 * t[i].width);
			cmd = add(&m, KSHARE_OP_ARRAY_SET, a);
			cmd->key = t_int(5);
			cmd->value = t_int(77);
			memset(after + 5 * t[i].width, 0, t[i].width);
			after[5 * t[i].width] = 77;
			cmd = add(&m, KSHARE_OP_ARRAY_ADD, a);
			cmd->key = t_int(5);
			cmd->value = t_int(1);
			after[5 * t[i].width]++;
			if (fails)
				add(&m, KSHARE_OP_CHECK_VERSION, a)->value = t_int(0);
			EXPECT_EQ(fails ? -ESTALE : 0, go(s, &m, KSHARE_BATCH_ATOMIC));
			EXPECT_EQ(7, t_run(s, read));
			now = s->out.values[0].inline_len ? (void *)s->out.values[0].bytes :
							    (void *)(uintptr_t)s->out.values[0].ptr;
			EXPECT_EQ(0, memcmp(now, fails ? before : after, 7 * t[i].width));
		}
	}
}

TEST_F(kshare, so_is_a_cell_of_a_fixed_type)
{
	struct side *s = &self->s;
	int c = t_create_elem(s, KSHARE_TYPE_CELL, KSHARE_ELEM_U64, 0);
	struct many m = {};

	EXPECT_EQ(0, t_run_with(s, KSHARE_OP_CELL_SET, c, t_uint(5)));
	add(&m, KSHARE_OP_CELL_ADD, c)->value = t_int(1);
	add(&m, KSHARE_OP_CELL_SET, c)->value = t_uint(1ull << 40);
	add(&m, KSHARE_OP_CELL_CHECK, c)->expect = t_int(6);
	EXPECT_EQ(-ESTALE, go(s, &m, KSHARE_BATCH_ATOMIC));
	EXPECT_EQ(2, m.batch.done);
	EXPECT_EQ(5, cell_get(s, c));
}

TEST_F(kshare, checks_make_it_fail_at_their_index)
{
	struct side *s = &self->s;
	int c = new_cell(s, 5), d = t_create(s, KSHARE_TYPE_DICT);
	struct many m = {};

	add(&m, KSHARE_OP_DICT_ABSENT, d)->key = t_int(1);
	add(&m, KSHARE_OP_CELL_CHECK, c)->expect = t_int(5);
	add(&m, KSHARE_OP_CELL_SET, c)->value = t_int(6);
	add(&m, KSHARE_OP_DICT_SET, d)->key = t_int(1);
	EXPECT_EQ(0, go(s, &m, KSHARE_BATCH_ATOMIC));
	EXPECT_EQ(-EEXIST, go(s, &m, KSHARE_BATCH_ATOMIC));
	EXPECT_EQ(0, m.batch.done);
	m.cmds[0] = t_cmd(KSHARE_OP_DICT_CHECK, d);
	m.cmds[0].key = t_int(1);
	EXPECT_EQ(-ESTALE, go(s, &m, KSHARE_BATCH_ATOMIC));
	EXPECT_EQ(1, m.batch.done);
	EXPECT_EQ(6, cell_get(s, c));
}

TEST_F(kshare, what_cannot_be_undone_or_waits_is_refused)
{
	struct side *s = &self->s;
	int c = new_cell(s, 5), k = t_create(s, KSHARE_TYPE_LOCK), e;
	struct many m = {};

	e = t_create(s, KSHARE_TYPE_EVENT);
	add(&m, KSHARE_OP_CELL_SET, c)->value = t_int(6);
	add(&m, KSHARE_OP_CLOSE, c);
	EXPECT_EQ(-EOPNOTSUPP, go(s, &m, KSHARE_BATCH_ATOMIC));
	EXPECT_EQ(1, m.batch.done);
	m.cmds[1] = t_cmd(KSHARE_OP_EVENT_WAIT, e);
	EXPECT_EQ(-EAGAIN, go(s, &m, KSHARE_BATCH_ATOMIC));
	m.cmds[1] = t_cmd(KSHARE_OP_LOCK_ACQUIRE, k);
	EXPECT_EQ(0, go(s, &m, KSHARE_BATCH_ATOMIC));
	EXPECT_EQ(1, m.results[1]);
	EXPECT_EQ(-EDEADLK, go(s, &m, KSHARE_BATCH_ATOMIC));
	EXPECT_EQ(6, cell_get(s, c));
}

TEST_F(kshare, results_that_cannot_be_written_undo_it)
{
	struct side *s = &self->s;
	int c = new_cell(s, 5);
	struct many m = {};
	struct kshare_cmd *cmd;

	add(&m, KSHARE_OP_CELL_ADD, c)->value = t_int(1);
	cmd = add(&m, KSHARE_OP_CELL_GET, c);
	cmd->out = 4096;
	cmd->out_len = 4096;
	EXPECT_EQ(-EFAULT, go(s, &m, KSHARE_BATCH_ATOMIC));
	EXPECT_EQ(1, m.batch.done);
	cmd->out = (uintptr_t)&s->out;
	cmd->out_len = 16;
	EXPECT_EQ(-ENOBUFS, go(s, &m, KSHARE_BATCH_ATOMIC));
	EXPECT_EQ(32, s->out.head.number);
	EXPECT_EQ(5, cell_get(s, c));
	cmd->out_len = 32;
	/* A page that was never touched is no reason to fail. */
	cmd->out = (uintptr_t)mmap(NULL, 4096, PROT_READ | PROT_WRITE,
				   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	EXPECT_EQ(0, go(s, &m, KSHARE_BATCH_ATOMIC));
	EXPECT_EQ(6, ((struct reply *)(uintptr_t)cmd->out)->values[0].i);
}

TEST_F(kshare, references_in_its_results_are_handles)
{
	struct side *s = &self->s;
	int c = new_cell(s, 5), l = t_create(s, KSHARE_TYPE_LIST);
	struct kshare_cmd cmd = t_cmd(KSHARE_OP_LIST_APPEND, l), *pop;
	struct many m = {};

	cmd.value = t_ref(c);
	ASSERT_EQ(0, t_run(s, cmd));
	pop = add(&m, KSHARE_OP_LIST_POP, l);
	pop->out = (uintptr_t)&s->out;
	pop->out_len = sizeof(s->out);
	add(&m, KSHARE_OP_CELL_SET, c)->value = t_int(77);
	ASSERT_EQ(0, go(s, &m, KSHARE_BATCH_ATOMIC));
	ASSERT_EQ(KSHARE_REF, s->out.values[0].type);
	EXPECT_EQ(KSHARE_TYPE_CELL, s->out.values[0].len);
	EXPECT_EQ(77, cell_get(s, s->out.values[0].ref.handle));
}

#define ROUNDS	3000

static int pair[2];
static volatile bool stop;
static unsigned long torn, looked;

/* Whoever has seen a part of a batch sees all of it. */
static void *look(void *arg)
{
	struct side s = { .fd = *(int *)arg };
	unsigned long i = 0;

	while (!stop) {
		int first = i++ % 2;
		int64_t a = cell_get(&s, pair[first]);
		int64_t b = cell_get(&s, pair[!first]);

		/* They only grow, and always together. */
		if (b < a)
			__atomic_fetch_add(&torn, 1, __ATOMIC_RELAXED);
		__atomic_fetch_add(&looked, 1, __ATOMIC_RELAXED);
	}
	return NULL;
}

TEST_F(kshare, nobody_sees_a_state_between)
{
	struct side *s = &self->s;
	pthread_t threads[2];
	struct many m = {};
	int i, n = 0;

	pair[0] = new_cell(s, 0);
	pair[1] = t_create_elem(s, KSHARE_TYPE_CELL, KSHARE_ELEM_I64, 0);
	add(&m, KSHARE_OP_CELL_ADD, pair[0])->value = t_int(1);
	add(&m, KSHARE_OP_CELL_ADD, pair[1])->value = t_int(1);
	stop = false;
	for (i = 0; i < 2; i++)
		ASSERT_EQ(0, pthread_create(&threads[i], NULL, look, &s->fd));
	for (; n < ROUNDS || !__atomic_load_n(&looked, __ATOMIC_RELAXED); n++)
		ASSERT_EQ(0, go(s, &m, KSHARE_BATCH_ATOMIC));
	stop = true;
	for (i = 0; i < 2; i++)
		pthread_join(threads[i], NULL);
	EXPECT_EQ(0, torn);
	EXPECT_EQ(n, cell_get(s, pair[0]));
	EXPECT_EQ(n, cell_get(s, pair[1]));
}

/* Though the first of them could be. */
TEST_F(kshare, a_batch_whose_commands_cannot_be_read_does_nothing_if_atomic)
{
	struct side *s = &self->s;
	int c = t_create(s, KSHARE_TYPE_CELL), i;
	struct kshare_stat before, after;

	ASSERT_EQ(0, t_stat(s, c, &before));
	for (i = 0; i < 2; i++) {
		struct many m = {};

		add(&m, KSHARE_OP_CELL_SET, c)->value = t_int(1);
		add(&m, KSHARE_OP_CELL_SET, c)->value = t_int(2);
		m.cmds[1].size += i ? 8 : -8;
		EXPECT_EQ(-EINVAL, go(s, &m, KSHARE_BATCH_ATOMIC));
		EXPECT_EQ(0, m.batch.done);
		m.batch.cmds = i ? (uintptr_t)-4096 : 8;
		EXPECT_EQ(-1, ioctl(s->fd, KSHARE_IOC_BATCH, &m.batch));
		EXPECT_EQ(EFAULT, errno);
	}
	ASSERT_EQ(0, t_stat(s, c, &after));
	EXPECT_EQ(before.version, after.version);
}

TEST_HARNESS_MAIN
