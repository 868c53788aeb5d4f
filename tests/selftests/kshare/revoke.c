// SPDX-License-Identifier: GPL-2.0
/* REVOKE: what was given away is cut off, however far it went, and nothing else is. */
#include "passing_test.h"

#include <poll.h>

/* Does a handle to a cell answer ESTALE to everything but CLOSE?  It is closed then. */
static bool is_stale(struct side *s, int h)
{
	char text[KSHARE_TICKET_LEN + 1];
	struct kshare_stat stat;

	return t_stat(s, h, &stat) == -ESTALE && t_number_of(s, h) == -ESTALE &&
	       t_run_with(s, KSHARE_OP_CELL_SET, h, t_int(1)) == -ESTALE &&
	       t_dup(s, h, 0) == -ESTALE && t_revocable(s, h) == -ESTALE &&
	       t_export(s, h, 0) == -ESTALE && t_ticket(s, h, text) == -ESTALE &&
	       t_create_with(s, KSHARE_TYPE_CELL, 0, t_none(), t_ref(h)) == -ESTALE &&
	       t_raw(s, t_cmd(KSHARE_OP_WHO, h)) == -ESTALE && t_close(s, h) == 0 &&
	       t_close(s, h) == -EBADF;
}

TEST_F(kshare, handles_in_other_processes_end)
{
	struct side *s = &self->s, *other = t_open();
	int c = t_number_cell(s, 7), g = t_revocable(s, c), fd = t_export(s, g, 0);
	int ready[2], go[2], h, mine, again;
	pid_t pids[2];
	char x;
	int i;

	ASSERT_LT(0, g);
	ASSERT_EQ(0, pipe(ready) | pipe(go));
	h = t_give(s, g, other);
	mine = t_give(s, c, other);
	again = t_dup(other, h, KSHARE_RIGHT_READ);
	/* One by the descriptor, and one that has the same handles by fork. */
	for (i = 0; i < 2; i++) {
		pids[i] = i ? t_fork(s) : fork();
		if (!pids[i]) {
			struct side *me = i ? s : t_open();
			int a = i ? g : t_import(me, fd, 0);

			if (t_number_of(me, a) != 7)
				_exit(1);
			if (write(ready[1], "x", 1) != 1 || read(go[0], &x, 1) != 1)
				_exit(2);
			if (t_number_of(me, a) != -ESTALE || t_dup(me, a, 0) != -ESTALE)
				_exit(3);
			if (i && t_number_of(me, c) != 7)
				_exit(4);
			if (t_import(me, fd, 0) != -ESTALE)
				_exit(5);
			_exit(t_close(me, a) ? 6 : 0);
		}
		EXPECT_EQ(1, read(ready[0], &x, 1));
	}
	EXPECT_EQ(0, t_revoke(s, g));
	EXPECT_EQ(2, write(go[1], "xx", 2));
	for (i = 0; i < 2; i++)
		EXPECT_EQ(0, t_wait(pids[i]));
	EXPECT_TRUE(is_stale(other, h));
	EXPECT_TRUE(is_stale(other, again));
	/* It was revoked before. */
	EXPECT_EQ(-ESTALE, t_revoke(s, g));
	EXPECT_TRUE(is_stale(s, g));
	/* What came from elsewhere has nothing to do with it. */
	EXPECT_EQ(7, t_number_of(other, mine));
	EXPECT_EQ(7, t_number_of(s, c));
	close(fd);
	for (i = 0; i < 2; i++) {
		close(ready[i]);
		close(go[i]);
	}
	t_leave(other);
}

/* The first of them that is there may be read, but leads to nothing. */
static int stored(struct side *s, struct kshare_cmd cmd, uint32_t at)
{
	int ret = t_run(s, cmd), h;

	if (ret < 0)
		return ret;
	h = s->out.values[at].ref.handle;
	ret = t_number_of(s, h);
	t_close(s, h);
	return ret;
}

TEST_F(kshare, stored_references_and_tickets_end)
{
	struct side *s = &self->s;
	int list = t_create(s, KSHARE_TYPE_LIST), d = t_create(s, KSHARE_TYPE_DICT);
	int q = t_create(s, KSHARE_TYPE_QUEUE), c = t_number_cell(s, 7), g = t_revocable(s, c);
	int box = t_create_with(s, KSHARE_TYPE_CELL, 0, t_none(), t_ref(g)), round, h;
	char text[2][KSHARE_TICKET_LEN + 1];
	int both[2] = { g, c };
	struct kshare_cmd cmd;
	int64_t numbers[2];
	uint32_t words[3];

	ASSERT_LT(0, box);
	ASSERT_EQ(0, t_append(s, list, t_ref(g)));
	ASSERT_EQ(0, t_append(s, list, t_ref(c)));
	ASSERT_EQ(0, t_append(s, list, t_encoded(words, both, 2)));
	ASSERT_EQ(0, t_run_with(s, KSHARE_OP_QUEUE_PUT, q, t_ref(g)));
	cmd = t_with_key(KSHARE_OP_DICT_SET, d, t_int(1));
	cmd.value = t_ref(g);
	ASSERT_EQ(1, t_raw(s, cmd));
	cmd = t_cmd(KSHARE_OP_TICKET_CREATE, g);
	cmd.key = t_int(10);
	for (round = 0; round < 2; round++) {
		cmd.handle = both[round];
		numbers[round] = t_ticket_for(s, cmd, text[round]);
		ASSERT_LT(0, numbers[round]);
	}
	for (round = 0; round < 2; round++) {
		int want = round ? -ESTALE : 7;
		uint32_t in[3];

		EXPECT_EQ(want, stored(s, t_with_key(KSHARE_OP_LIST_GET, list, t_int(0)), 0));
		EXPECT_EQ(7, stored(s, t_with_key(KSHARE_OP_LIST_GET, list, t_int(1)), 0));
		EXPECT_EQ(want, stored(s, t_cmd(KSHARE_OP_QUEUE_PEEK, q), 0));
		EXPECT_EQ(want, stored(s, t_with_key(KSHARE_OP_DICT_GET, d, t_int(1)), 0));
		EXPECT_EQ(want, stored(s, t_cmd(KSHARE_OP_CELL_GET, box), 0));
		ASSERT_EQ(0, t_run(s, t_with_key(KSHARE_OP_LIST_GET, list, t_int(2))));
		memcpy(in, (void *)(uintptr_t)s->out.values[0].ptr, sizeof(in));
		EXPECT_EQ(2, in[0]);
		EXPECT_EQ(want, t_number_of(s, in[1]));
		EXPECT_EQ(7, t_number_of(s, in[2]));
		t_close(s, in[1]);
		t_close(s, in[2]);
		h = t_redeem(s, text[0], 0);
		EXPECT_EQ(want, round ? h : t_number_of(s, h));
		h = t_redeem(s, text[1], 0);
		EXPECT_EQ(7, t_number_of(s, h));
		if (!round)
			EXPECT_EQ(0, t_revoke(s, g));
	}
	for (round = 0; round < 2; round++)
		EXPECT_EQ(0, t_raw(s, t_with_key(KSHARE_OP_TICKET_REVOKE, 0,
						 t_int(numbers[round]))));
}

TEST_F(kshare, only_who_gave_can_revoke)
{
	struct side *s = &self->s, *other = t_open();
	int c = t_number_cell(s, 7), g = t_revocable(s, c), h = t_give(s, g, other);
	int list = t_create(s, KSHARE_TYPE_LIST), taken;
	pid_t pid;

	EXPECT_EQ(-EPERM, t_revoke(s, c));
	EXPECT_EQ(-EPERM, t_revoke(s, 1));
	EXPECT_EQ(-EPERM, t_revoke(other, h));
	EXPECT_EQ(-EPERM, t_revoke(other, t_dup(other, h, 0)));
	EXPECT_EQ(-EPERM, t_revoke(s, t_dup(s, g, 0)));
	EXPECT_EQ(-EPERM, t_revoke(s, t_give(s, g, s)));
	EXPECT_EQ(-EBADF, t_revoke(s, 1999));
	EXPECT_EQ(-EBADF, t_revoke(s, 0));
	ASSERT_EQ(0, t_append(s, list, t_ref(g)));
	taken = t_take(s, list, 0);
	EXPECT_EQ(-EPERM, t_revoke(s, taken));
	pid = t_fork(s);
	if (!pid)
		_exit(-t_revoke(s, g));
	EXPECT_EQ(EPERM, t_wait(pid));
	EXPECT_EQ(7, t_number_of(other, h));
	EXPECT_EQ(7, t_number_of(s, taken));
	/* It takes no right, and not the object either: all that it is good for is to revoke. */
	EXPECT_EQ(0, t_close(s, c));
	EXPECT_EQ(0, t_revoke(s, g));
	EXPECT_EQ(-ESTALE, t_number_of(other, h));
	EXPECT_EQ(-EPERM, t_revoke(other, h));
	t_leave(other);
}

/* It is an object that is paid for, and for who may pass on. */
TEST_F(kshare, a_revocable_one_takes_the_right_to_pass_on_and_an_object)
{
	struct side *s = &self->s, *other = t_open();
	int c = t_number_cell(s, 7), reader = t_dup(s, c, KSHARE_RIGHT_READ), fd, h, g;
	uint64_t objects = t_objects(s), users = t_user_used(s, -1, KSHARE_LIMIT_OBJECTS);
	struct kshare_cmd limit = t_with_nr(KSHARE_OP_DOMAIN_LIMIT, 1, KSHARE_LIMIT_OBJECTS);
	struct kshare_cmd cmd = t_cmd(KSHARE_OP_DUP, c);

	EXPECT_EQ(-EACCES, t_revocable(s, reader));
	EXPECT_LT(0, t_dup(s, reader, 0));
	fd = t_export(s, c, KSHARE_RIGHT_WRITE | KSHARE_RIGHT_READ);
	h = t_import(other, fd, 0);
	EXPECT_LT(0, h);
	EXPECT_EQ(-EACCES, t_revocable(other, h));
	EXPECT_EQ(objects, t_objects(s));
	EXPECT_EQ(users, t_user_used(s, -1, KSHARE_LIMIT_OBJECTS));
	/* The handle that it gives need not have the right. */
	cmd.flags = KSHARE_REVOCABLE;
	cmd.nr = KSHARE_RIGHT_READ;
	g = t_raw(s, cmd);
	EXPECT_EQ(KSHARE_RIGHT_READ, t_rights(s, g));
	EXPECT_EQ(objects + 1, t_objects(s));
	EXPECT_EQ(users + 1, t_user_used(s, -1, KSHARE_LIMIT_OBJECTS));
	limit.value = t_uint(objects + 1);
	EXPECT_EQ(0, t_raw(s, limit));
	EXPECT_EQ(-EDQUOT, t_raw(s, cmd));
	EXPECT_EQ(0, t_close(s, g));
	EXPECT_TRUE(T_UNTIL(t_user_used(s, -1, KSHARE_LIMIT_OBJECTS) == users));
	cmd.nr = 1u << 31;
	EXPECT_EQ(-EOPNOTSUPP, t_raw(s, cmd));
	close(fd);
	t_leave(other);
}

TEST_F(kshare, an_outer_one_cuts_inner_ones_and_not_the_other_way_round)
{
	struct side *s = &self->s;
	int g[KSHARE_MAX_GATES + 1], leaf[KSHARE_MAX_GATES], c = t_number_cell(s, 7), i, cut;
	uint64_t objects = t_objects(s);

	for (cut = KSHARE_MAX_GATES - 1; cut >= 0; cut -= 3) {
		for (i = 0; i < (int)KSHARE_MAX_GATES; i++) {
			g[i] = t_revocable(s, i ? g[i - 1] : c);
			ASSERT_LT(0, g[i]);
			leaf[i] = t_dup(s, g[i], 0);
		}
		EXPECT_EQ(-EDQUOT, t_revocable(s, g[i - 1]));
		EXPECT_EQ(-EDQUOT, t_revocable(s, leaf[i - 1]));
		EXPECT_EQ(0, t_revoke(s, g[cut]));
		for (i = 0; i < (int)KSHARE_MAX_GATES; i++) {
			EXPECT_EQ(i < cut ? 7 : -ESTALE, t_number_of(s, leaf[i]));
			EXPECT_EQ(i < cut ? 7 : -ESTALE, t_number_of(s, g[i]));
		}
		/* Inner ones can be revoked all the same. */
		for (i = KSHARE_MAX_GATES - 1; i > cut; i--)
			EXPECT_EQ(0, t_revoke(s, g[i]));
		EXPECT_EQ(7, t_number_of(s, c));
		/* In whatever order they go */
		for (i = 0; i < (int)KSHARE_MAX_GATES; i++) {
			EXPECT_EQ(0, t_close(s, g[i]));
			EXPECT_EQ(0, t_close(s, leaf[i]));
		}
		EXPECT_EQ(objects, t_objects(s));
	}
}

TEST_F(kshare, many_beside_each_other_have_nothing_to_do_with_each_other)
{
	struct side *s = &self->s;
	int c = t_number_cell(s, 7), g[20], i, j;

	for (i = 0; i < 20; i++)
		g[i] = t_revocable(s, c);
	for (i = 0; i < 20; i++) {
		EXPECT_EQ(0, t_revoke(s, g[i]));
		for (j = 0; j < 20; j++)
			EXPECT_EQ(j > i ? 7 : -ESTALE, t_number_of(s, g[j]));
	}
}

TEST_F(kshare, without_it_others_go_on_when_the_giver_closes_or_ends)
{
	struct side *s = &self->s, *other = t_open(), *giver = t_open();
	int c = t_number_cell(s, 7), g = t_revocable(s, c), h = t_give(s, g, other), far;

	EXPECT_EQ(0, t_close(s, g));
	EXPECT_EQ(7, t_number_of(other, h));
	EXPECT_EQ(-EPERM, t_revoke(other, h));
	g = t_revocable(giver, t_give(s, c, giver));
	far = t_give(giver, g, other);
	t_leave(giver);
	EXPECT_EQ(7, t_number_of(other, far));
	EXPECT_EQ(0, t_close(s, c));
	EXPECT_EQ(7, t_number_of(other, far));
	EXPECT_EQ(7, t_number_of(other, h));
	t_leave(other);
}

static int contains(struct side *s, int list, int h)
{
	struct kshare_cmd cmd = t_cmd(KSHARE_OP_LIST_CONTAINS, list);

	cmd.value = t_ref(h);
	return t_raw(s, cmd);
}

TEST_F(kshare, a_reference_through_it_equals_the_plain_one)
{
	struct side *s = &self->s;
	int list = t_create(s, KSHARE_TYPE_LIST), c = t_number_cell(s, 7), g = t_revocable(s, c);
	int gg = t_revocable(s, g), not = t_number_cell(s, 7), box, i;
	int ways[3] = { c, g, gg };
	struct kshare_cmd cmd;

	box = t_create_with(s, KSHARE_TYPE_CELL, 0, t_none(), t_ref(g));
	ASSERT_EQ(0, t_append(s, list, t_ref(not)));
	ASSERT_EQ(0, t_append(s, list, t_ref(c)));
	ASSERT_EQ(0, t_append(s, list, t_ref(g)));
	for (i = 0; i < 3; i++) {
		EXPECT_EQ(0, t_run_with(s, KSHARE_OP_LIST_INDEX, list, t_ref(ways[i])));
		EXPECT_EQ(1, s->out.head.number);
		EXPECT_EQ(1, contains(s, list, ways[i]));
		EXPECT_EQ(0, t_run_with(s, KSHARE_OP_LIST_COUNT, list, t_ref(ways[i])));
		EXPECT_EQ(2, s->out.head.number);
		cmd = t_cmd(KSHARE_OP_CELL_CHECK, box);
		cmd.expect = t_ref(ways[i]);
		EXPECT_EQ(0, t_raw(s, cmd));
		/* Becomes another one, and that is it then. */
		cmd = t_cmd(KSHARE_OP_CELL_CAS, box);
		cmd.expect = t_ref(ways[i]);
		cmd.value = t_ref(ways[(i + 1) % 3]);
		EXPECT_EQ(1, t_run(s, cmd));
		cmd.expect = t_ref(not);
		EXPECT_EQ(0, t_run(s, cmd));
		EXPECT_EQ(t_id(s, c), t_id(s, ways[i]));
	}
	EXPECT_EQ(0, t_run_with(s, KSHARE_OP_LIST_REMOVE, list, t_ref(gg)));
	EXPECT_EQ(1, s->out.head.number);
	/* What was revoked is still the same, for those who compare. */
	EXPECT_EQ(0, t_revoke(s, g));
	EXPECT_EQ(1, contains(s, list, c));
	EXPECT_EQ(-ESTALE, contains(s, list, g));
	EXPECT_EQ(-ESTALE, contains(s, list, gg));
}

TEST_F(kshare, what_was_read_out_of_a_container_stays)
{
	struct side *s = &self->s, *other = t_open();
	int list = t_create(s, KSHARE_TYPE_LIST), g = t_revocable(s, list), h, taken;

	ASSERT_EQ(0, t_append(s, list, t_ref(t_number_cell(s, 7))));
	h = t_give(s, g, other);
	taken = t_take(other, h, 0);
	EXPECT_EQ(0, t_revoke(s, g));
	EXPECT_EQ(-ESTALE, t_take(other, h, 0));
	EXPECT_EQ(7, t_number_of(other, taken));
	t_leave(other);
}

TEST_F(kshare, who_polls_is_told)
{
	struct side *s = &self->s, *other = t_open();
	int e = t_create(s, KSHARE_TYPE_EVENT), g = t_revocable(s, e), plain = t_export(s, e, 0);
	struct pollfd p = { .fd = t_export(other, t_give(s, g, other), 0), .events = POLLIN };
	struct pollfd q = { .fd = plain, .events = POLLIN };
	int started[2];
	pid_t pid;
	char x;

	ASSERT_LE(0, p.fd);
	ASSERT_EQ(0, pipe(started));
	EXPECT_EQ(0, poll(&p, 1, 0));
	pid = fork();
	if (!pid) {
		if (write(started[1], "x", 1) != 1 || poll(&p, 1, -1) != 1)
			_exit(1);
		_exit(p.revents == (POLLERR | POLLHUP) ? 0 : 2);
	}
	EXPECT_EQ(1, read(started[0], &x, 1));
	EXPECT_EQ(0, t_revoke(s, g));
	EXPECT_EQ(0, t_wait(pid));
	/* From then on, even if there would be something to read */
	EXPECT_EQ(0, t_raw(s, t_cmd(KSHARE_OP_EVENT_SET, e)));
	EXPECT_EQ(1, poll(&p, 1, 0));
	EXPECT_EQ(POLLERR | POLLHUP, p.revents);
	EXPECT_EQ(-ESTALE, t_import(s, p.fd, 0));
	EXPECT_EQ(1, poll(&q, 1, 0));
	EXPECT_EQ(POLLIN, q.revents);
	close(p.fd);
	close(plain);
	close(started[0]);
	close(started[1]);
	t_leave(other);
}

static int watch(struct side *s, int h, int q, uint32_t cookie)
{
	struct kshare_cmd cmd = t_with_nr(KSHARE_OP_WATCH, h, cookie);

	cmd.value = t_ref(q);
	return t_raw(s, cmd);
}

/* There is room for so many watches of an object, so that tells of how many there are. */
TEST_F(kshare, watches_by_way_of_it_end_and_others_stay)
{
	struct side *s = &self->s, *other = t_open(), *both = t_open();
	int c = t_number_cell(s, 7), g = t_revocable(s, c), h = t_give(s, g, other);
	int q = t_create_elem(s, KSHARE_TYPE_QUEUE, 0, 100), theirs = t_give(s, q, other);
	int plain = t_give(s, c, both), gated = t_give(s, g, both), i;

	for (i = 0; i < (int)KSHARE_MAX_WATCHES - 2; i++)
		EXPECT_EQ(0, watch(other, h, theirs, i));
	EXPECT_EQ(0, watch(s, c, q, 100));
	EXPECT_EQ(0, watch(both, plain, t_give(s, q, both), 101));
	EXPECT_EQ(-EDQUOT, watch(s, c, q, 102));
	EXPECT_EQ(0, t_revoke(s, g));
	EXPECT_EQ(-ESTALE, watch(other, h, theirs, 1000));
	EXPECT_EQ(-ESTALE, t_raw(other, t_with_nr(KSHARE_OP_UNWATCH, h, 0)));
	for (i = 0; i < (int)KSHARE_MAX_WATCHES - 2; i++)
		EXPECT_EQ(0, watch(s, c, q, 200 + i));
	EXPECT_EQ(-EDQUOT, watch(s, c, q, 103));
	EXPECT_EQ(1, t_raw(both, t_with_nr(KSHARE_OP_UNWATCH, plain, 101)));
	EXPECT_EQ(1, t_raw(s, t_with_nr(KSHARE_OP_UNWATCH, c, 100)));
	EXPECT_EQ(-ESTALE, t_number_of(both, gated));
	t_leave(other);
	t_leave(both);
}

TEST_F(kshare, a_mapped_array_stays_mapped)
{
	struct side *s = &self->s, *other = t_open();
	int a = t_create_elem(s, KSHARE_TYPE_ARRAY, KSHARE_ELEM_U64, 4), g = t_revocable(s, a);
	int h = t_give(s, g, other), page = getpagesize();
	volatile uint64_t *at;

	at = mmap(NULL, page, PROT_READ | PROT_WRITE, MAP_SHARED, other->fd,
		  KSHARE_MMAP_OFFSET(h, page));
	ASSERT_NE(MAP_FAILED, (void *)at);
	EXPECT_EQ(0, t_revoke(s, g));
	EXPECT_EQ(MAP_FAILED, mmap(NULL, page, PROT_READ, MAP_SHARED, other->fd,
				   KSHARE_MMAP_OFFSET(h, page)));
	EXPECT_EQ(ESTALE, errno);
	at[2] = 42;
	EXPECT_EQ(0, t_run(s, t_with_key(KSHARE_OP_ARRAY_GET, a, t_int(2))));
	EXPECT_EQ(42, s->out.values[0].u);
	munmap((void *)at, page);
	t_leave(other);
}

TEST_F(kshare, what_it_stands_for_lives_by_it_and_counts)
{
	struct side *s = &self->s, *other = t_open();
	uint64_t objects = t_objects(s);
	int c = t_number_cell(s, 7), g = t_revocable(s, c), h = t_give(s, g, other);

	EXPECT_EQ(objects + 2, t_objects(s));
	EXPECT_EQ(0, t_close(s, c));
	EXPECT_EQ(0, t_close(s, g));
	EXPECT_EQ(7, t_number_of(other, h));
	EXPECT_EQ(objects + 2, t_objects(s));
	EXPECT_EQ(0, t_close(other, h));
	EXPECT_EQ(objects, t_objects(s));
	t_leave(other);
}

TEST_HARNESS_MAIN
