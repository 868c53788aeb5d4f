// SPDX-License-Identifier: GPL-2.0
/*
 * The end of a domain: commands may be under way while the last handle to it goes,
 * and the collector may be at it as well.
 */
#include "passing_test.h"

/* A dict of a domain that is nobody's but @s's, by one handle. */
static int orphan(struct side *s, int entries)
{
	struct kshare_value *v = calloc(2 * entries, sizeof(*v));
	struct side *maker = t_open();
	int d = t_create(maker, KSHARE_TYPE_DICT), fd = t_export(maker, d, 0), i;

	for (i = 0; i < 2 * entries; i++)
		v[i] = t_int(i);
	if (entries)
		t_run_with(maker, KSHARE_OP_DICT_UPDATE, d, t_vector(v, 2 * entries));
	d = t_import(s, fd, 0);
	close(fd);
	t_leave(maker);
	free(v);
	return d;
}

struct change {
	int fd, h, count;
	pthread_t id;
};

static void *change_it(void *arg)
{
	struct change *change = arg;
	struct side *s = calloc(1, sizeof(*s));
	int ret, i = 0;

	s->fd = change->fd;
	do {
		struct kshare_cmd cmd = t_cmd(KSHARE_OP_DICT_SET, change->h);

		cmd.key = t_int(i / 2 % 50 * 2);
		if (i % 2)
			cmd.op = KSHARE_OP_DICT_DELETE;
		else
			cmd.value = t_int(i);
		ret = t_raw(s, cmd);
		i++;
		__atomic_add_fetch(&change->count, 1, __ATOMIC_SEQ_CST);
	} while (ret != -EBADF);
	free(s);
	return NULL;
}

/* It goes with its domain while a command is about it. */
TEST_F(kshare, the_last_handle_is_closed_while_commands_are_under_way)
{
	struct side *s = &self->s;
	uint64_t objects = t_user_used(s, -1, KSHARE_LIMIT_OBJECTS);
	int n = t_rounds(150), i;

	for (i = 0; i < n; i++) {
		struct change change = { .fd = s->fd, .h = orphan(s, 1000) };

		ASSERT_LT(0, change.h);
		ASSERT_EQ(0, pthread_create(&change.id, NULL, change_it, &change));
		EXPECT_TRUE(T_UNTIL(__atomic_load_n(&change.count, __ATOMIC_SEQ_CST) > i % 7));
		EXPECT_EQ(0, t_close(s, change.h));
		pthread_join(change.id, NULL);
	}
	EXPECT_TRUE(T_UNTIL(t_user_used(s, -1, KSHARE_LIMIT_OBJECTS) <= objects));
}

/* A command that stores a reference stops in the middle, and meanwhile all handles go. */
TEST_F(kshare, what_is_stored_after_the_last_handle_went_is_not_left_over)
{
	struct side *s = &self->s;
	uint64_t objects = t_user_used(s, -1, KSHARE_LIMIT_OBJECTS);
	uint64_t domains = t_user_used(s, -1, KSHARE_LIMIT_DOMAINS);
	int d = orphan(s, 0);
	struct kshare_value pairs[4] = { t_int(1), t_ref(d), t_int(2) };
	struct kshare_cmd cmd = t_cmd(KSHARE_OP_DICT_UPDATE, d);
	static struct t_thread t;
	struct t_lazy lazy;

	if (!t_lazy_begin(&lazy, NULL)) {
		t_close(s, d);
		SKIP(return, "no userfaultfd");
	}
	pairs[3] = t_bytes(lazy.page, 40);
	cmd.value = t_vector(pairs, 4);
	t_begin(s, &t, cmd, false);
	/* It has the reference, and waits for what comes after it. */
	ASSERT_TRUE(t_lazy_touched(&lazy));
	EXPECT_EQ(0, t_close(s, d));
	EXPECT_TRUE(t_lazy_fill(&lazy, "a text that is too long to stand in place"));
	EXPECT_LE(0, t_end(&t));
	EXPECT_TRUE(T_UNTIL(t_user_used(s, -1, KSHARE_LIMIT_OBJECTS) <= objects));
	EXPECT_TRUE(T_UNTIL(t_user_used(s, -1, KSHARE_LIMIT_DOMAINS) <= domains));
	t_lazy_end(&lazy);
}

/* What only refers to itself is emptied by the collector and by the end of its domain. */
#define ENTRIES	2000

static void *collect_it(void *arg)
{
	struct change *change = arg;
	struct side *s = calloc(1, sizeof(*s));

	s->fd = change->fd;
	while (t_raw(s, t_cmd(KSHARE_OP_DOMAIN_COLLECT, change->h)) != -EBADF)
		__atomic_add_fetch(&change->count, 1, __ATOMIC_SEQ_CST);
	free(s);
	return NULL;
}

TEST_F(kshare, the_last_handle_is_closed_while_it_is_collected)
{
	static struct kshare_value pairs[2 * ENTRIES];
	struct side *s = &self->s;
	uint64_t objects = t_user_used(s, -1, KSHARE_LIMIT_OBJECTS);
	int n = t_rounds(20), i, j, d, fd;

	for (i = 0; i < n; i++) {
		struct change change = { .fd = s->fd };
		struct kshare_cmd create;
		struct side *maker = t_open();

		fd = t_export(maker, 1, 0);
		change.h = t_import(s, fd, 0);
		close(fd);
		t_leave(maker);
		create = t_with_nr(KSHARE_OP_CREATE, change.h,
				   KSHARE_CREATE_NR(KSHARE_TYPE_DICT, 0));
		d = t_raw(s, create);
		ASSERT_LT(0, d);
		for (j = 0; j < ENTRIES; j++) {
			pairs[2 * j] = t_int(j);
			pairs[2 * j + 1] = t_ref(d);
		}
		ASSERT_EQ(ENTRIES, t_run_with(s, KSHARE_OP_DICT_UPDATE, d,
					      t_vector(pairs, 2 * ENTRIES)));
		ASSERT_EQ(0, pthread_create(&change.id, NULL, collect_it, &change));
		EXPECT_TRUE(T_UNTIL(__atomic_load_n(&change.count, __ATOMIC_SEQ_CST)));
		EXPECT_EQ(0, t_close(s, d));
		/* Some time until it is found that nobody has it */
		for (j = 0; j < i % 10; j++)
			sched_yield();
		EXPECT_EQ(0, t_close(s, change.h));
		pthread_join(change.id, NULL);
	}
	EXPECT_TRUE(T_UNTIL(t_user_used(s, -1, KSHARE_LIMIT_OBJECTS) <= objects));
}

/* A domain ends at the very moment when the collector comes by itself. */
TEST_F(kshare, the_end_of_a_domain_against_the_collector)
{
	struct side *s = &self->s;
	uint64_t objects = t_user_used(s, -1, KSHARE_LIMIT_OBJECTS);
	int rounds = t_rounds(40), round, i;

	for (round = 0; round < rounds; round++) {
		pid_t pid = fork();

		if (!pid) {
			struct side *other = t_open();
			int d = t_create(other, KSHARE_TYPE_DICT);
			struct kshare_cmd set = t_cmd(KSHARE_OP_DICT_SET, d);
			int64_t began;

			set.value = t_ref(d);
			for (i = 0; i < 1000; i++) {
				set.key = t_int(i);
				if (t_raw(other, set) != 1)
					_exit(1);
			}
			began = t_now();
			t_close(other, d);
			/* It comes a tenth of a second later. */
			while (t_now() < began + 99000000 + (round % 20) * 1000000)
				;
			_exit(0);
		}
		EXPECT_EQ(0, t_wait(pid));
	}
	EXPECT_TRUE(T_UNTIL(t_user_used(s, -1, KSHARE_LIMIT_OBJECTS) <= objects));
}

TEST_HARNESS_MAIN
