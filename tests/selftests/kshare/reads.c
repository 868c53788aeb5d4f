// SPDX-License-Identifier: GPL-2.0
/* Reads without a lock, while others write, grow, shrink and clear. */
#include "kshare_test.h"

#include <pthread.h>

#define LONG	40	/* bytes: so many have memory of their own */
#define READERS	3
#define STAY	50

static _Atomic bool over;

/* Enough has been written: no more than that is slow where all is checked. */
static bool late(void)
{
	static int64_t begin;

	if (!begin)
		begin = t_now();
	return t_now() > begin + 5000000000ll;
}

static int fill(struct side *s, uint32_t op, int h, struct kshare_value key, char c)
{
	struct kshare_cmd cmd = t_cmd(op, h);
	char text[LONG];

	memset(text, c, sizeof(text));
	cmd.key = key;
	cmd.value = t_bytes(text, sizeof(text));
	return t_raw(s, cmd);
}

/* The letter of which a value consists altogether, or 0. */
static char whole(const struct kshare_value *v)
{
	const char *p = (const char *)(uintptr_t)v->ptr;
	int i;

	if (v->type != KSHARE_BYTES || v->len != LONG)
		return 0;
	for (i = 1; i < LONG; i++)
		if (p[i] != p[0])
			return 0;
	return p[0];
}

struct reader {
	pthread_t thread;
	struct side s;
	int h;
	uint64_t wrong;
	uint64_t reads;
};

/* Runs @read in some threads while @write does its work in this one; what was wrong. */
static uint64_t read_while(struct side *s, int h, void *(*read)(void *),
			   void (*write)(struct side *s, int h))
{
	struct reader *readers = calloc(READERS, sizeof(*readers));
	uint64_t wrong = 0;
	int i;

	over = false;
	for (i = 0; i < READERS; i++) {
		readers[i].s.fd = s->fd;
		readers[i].h = h;
		pthread_create(&readers[i].thread, NULL, read, &readers[i]);
	}
	write(s, h);
	over = true;
	for (i = 0; i < READERS; i++) {
		pthread_join(readers[i].thread, NULL);
		wrong += readers[i].wrong + !readers[i].reads;
	}
	free(readers);
	return wrong;
}

static void *cell_reader(void *arg)
{
	struct reader *r = arg;
	uint64_t version = 0;

	do {
		struct kshare_value *v = &r->s.out.values[0];

		if (t_run(&r->s, t_cmd(KSHARE_OP_CELL_GET, r->h)) ||
		    (v->type == KSHARE_BYTES ? !whole(v) : v->type != KSHARE_INT || v->i != 7) ||
		    r->s.out.head.number < version)
			r->wrong++;
		version = r->s.out.head.number;
		r->reads++;
	} while (!over);
	return NULL;
}

static void cell_writer(struct side *s, int h)
{
	struct kshare_cmd set = t_cmd(KSHARE_OP_CELL_SET, h);
	int i;

	set.value = t_int(7);
	for (i = 0; i < 20000 && !late(); i++) {
		fill(s, KSHARE_OP_CELL_SET, h, t_none(), 'a' + i % 26);
		if (i % 3 == 0)
			t_raw(s, set);
	}
}

TEST_F(kshare, a_cell_is_read_whole)
{
	struct side *s = &self->s;
	int c = t_create(s, KSHARE_TYPE_CELL);

	ASSERT_EQ(0, fill(s, KSHARE_OP_CELL_SET, c, t_none(), 'a'));
	EXPECT_EQ(0, read_while(s, c, cell_reader, cell_writer));
}

static void *stay_reader(void *arg)
{
	struct reader *r = arg;
	struct kshare_cmd get = t_cmd(KSHARE_OP_DICT_GET, r->h);
	struct kshare_cmd contains = t_cmd(KSHARE_OP_DICT_CONTAINS, r->h);

	do {
		get.key = t_int(r->reads % STAY);
		contains.key = get.key;
		if (t_run(&r->s, get) || !whole(&r->s.out.values[0]) ||
		    t_raw(&r->s, contains) != 1)
			r->wrong++;
		contains.key = t_int(-1);
		if (t_raw(&r->s, contains) != 0)
			r->wrong++;
		r->reads++;
	} while (!over);
	return NULL;
}

/* The table grows through several sizes and shrinks again; those that stay change. */
static void grow_and_shrink(struct side *s, int h)
{
	struct kshare_cmd delete = t_cmd(KSHARE_OP_DICT_DELETE, h);
	int i, round;

	for (round = 0; round < 3 && !late(); round++) {
		for (i = 0; i < 3000; i++) {
			fill(s, KSHARE_OP_DICT_SET, h, t_int(STAY + i), 'x');
			if (i % 10 == 0)
				fill(s, KSHARE_OP_DICT_SET, h, t_int(i / 10 % STAY),
				     'a' + i % 26);
		}
		for (i = 0; i < 3000; i++) {
			delete.key = t_int(STAY + i);
			t_raw(s, delete);
		}
	}
}

TEST_F(kshare, an_entry_that_stays_is_always_found)
{
	struct side *s = &self->s;
	int i, d = t_create(s, KSHARE_TYPE_DICT);

	for (i = 0; i < STAY; i++)
		ASSERT_LE(0, fill(s, KSHARE_OP_DICT_SET, d, t_int(i), 'a'));
	EXPECT_EQ(0, read_while(s, d, stay_reader, grow_and_shrink));
}

static void *cleared_reader(void *arg)
{
	struct reader *r = arg;
	struct kshare_cmd get = t_cmd(KSHARE_OP_DICT_GET, r->h);
	int ret;

	do {
		get.key = t_int(r->reads % STAY);
		ret = t_run(&r->s, get);
		if (ret != -ENOENT && (ret || whole(&r->s.out.values[0]) != 'y'))
			r->wrong++;
		r->reads++;
	} while (!over);
	return NULL;
}

static void fill_and_clear(struct side *s, int h)
{
	struct kshare_cmd pop = t_cmd(KSHARE_OP_DICT_POP, h);
	int i, round;

	for (round = 0; round < 100 && !late(); round++) {
		for (i = 0; i < STAY; i++)
			fill(s, KSHARE_OP_DICT_SET, h, t_int(i), 'y');
		for (i = 0; i < STAY / 2; i++) {
			pop.key = t_int(i);
			t_raw(s, pop);
		}
		t_raw(s, t_cmd(KSHARE_OP_DICT_CLEAR, h));
	}
}

TEST_F(kshare, an_entry_that_goes_is_there_whole_or_not_at_all)
{
	struct side *s = &self->s;
	int d = t_create(s, KSHARE_TYPE_DICT);

	EXPECT_EQ(0, read_while(s, d, cleared_reader, fill_and_clear));
}

/* Two entries that change as one step are read as one step. */
static void *pair_reader(void *arg)
{
	struct reader *r = arg;
	struct kshare_value keys[2] = { t_int(0), t_int(1) };
	struct kshare_cmd get = t_cmd(KSHARE_OP_DICT_GET_MANY, r->h);
	struct kshare_value *v = r->s.out.values;

	get.value = t_vector(keys, 2);
	do {
		if (t_run(&r->s, get) < 0 || v[0].type != KSHARE_INT || v[0].i != v[1].i)
			r->wrong++;
		r->reads++;
	} while (!over);
	return NULL;
}

static void pair_writer(struct side *s, int h)
{
	struct kshare_value pairs[4] = { t_int(0), t_int(0), t_int(1), t_int(0) };
	struct kshare_cmd update = t_cmd(KSHARE_OP_DICT_UPDATE, h), adds[2];
	int32_t results[2];
	struct kshare_batch batch = {
		.size = sizeof(batch),
		.flags = KSHARE_BATCH_ATOMIC,
		.count = 2,
		.cmds = (uintptr_t)adds,
		.results = (uintptr_t)results,
		.cmd_size = sizeof(adds[0]),
	};
	int i;

	adds[0] = t_cmd(KSHARE_OP_DICT_ADD, h);
	adds[0].value = t_int(1);
	adds[1] = adds[0];
	adds[0].key = t_int(0);
	adds[1].key = t_int(1);
	update.value = t_vector(pairs, 4);
	for (i = 0; i < 5000 && !late(); i++) {
		pairs[1] = t_int(10 * i);
		pairs[3] = pairs[1];
		t_raw(s, update);
		ioctl(s->fd, KSHARE_IOC_BATCH, &batch);
	}
}

TEST_F(kshare, what_changes_as_one_step_is_read_as_one)
{
	struct side *s = &self->s;
	int d = t_create(s, KSHARE_TYPE_DICT);
	struct kshare_cmd set = t_cmd(KSHARE_OP_DICT_SET, d);
	int i;

	for (i = 0; i < 2; i++) {
		set.key = t_int(i);
		set.value = t_int(0);
		ASSERT_LE(0, t_raw(s, set));
	}
	EXPECT_EQ(0, read_while(s, d, pair_reader, pair_writer));
}

TEST_HARNESS_MAIN
