// SPDX-License-Identifier: GPL-2.0
/* What is in a domain, and what keeps each of its objects. */
#include "sharing_test.h"
#include "class_test.h"

/* More than struct reply counts may be there. */
#define VALUES(s)	((s)->out.head.values)

static int objects(struct side *s, int domain, uint64_t after, uint32_t nr)
{
	struct kshare_cmd cmd = t_cmd(KSHARE_OP_DOMAIN_OBJECTS, domain);

	cmd.nr = nr;
	if (after)
		cmd.key = t_uint(after);
	return t_run(s, cmd);
}

static int all_keepers(struct side *s, int domain, uint64_t id)
{
	struct kshare_cmd cmd = t_cmd(KSHARE_OP_DOMAIN_KEEPERS, domain);

	cmd.key = t_uint(id);
	return t_run(s, cmd);
}

/* Once there are no others: a worker that looks for circles is one for a moment. */
static int keepers(struct side *s, int domain, uint64_t id)
{
	int64_t end = t_now() + T_LONG;
	int ret, i, others;

	do {
		ret = all_keepers(s, domain, id);
		others = 0;
		for (i = 0; ret > 0 && i < s->out.head.count; i += 4)
			others += VALUES(s)[i].i == KSHARE_KEPT_BY_OTHER;
	} while (others && t_now() < end && !sched_yield());
	return ret;
}

/* How often is that one of them? */
static int has(struct side *s, int what, pid_t pid, uint64_t which, uint32_t rights)
{
	int i, sum = 0;

	for (i = 0; i < s->out.head.count; i += 4) {
		struct kshare_value *v = VALUES(s) + i;

		sum += v[0].i == what && v[1].i == pid && v[2].u == which && v[3].u == rights;
	}
	return sum;
}

/* The same if it is the only one */
static bool only(struct side *s, int what, pid_t pid, uint64_t which, uint32_t rights)
{
	return s->out.head.number == 1 && has(s, what, pid, which, rights) == 1;
}

static int dup_with(struct side *s, int h, uint32_t rights, uint32_t flags)
{
	struct kshare_cmd cmd = t_cmd(KSHARE_OP_DUP, h);

	cmd.nr = rights;
	cmd.flags = flags;
	return t_raw(s, cmd);
}

TEST_F(kshare, each_handle_is_told_with_its_process_number_and_rights)
{
	struct side *s = &self->s;
	int cell = t_create(s, KSHARE_TYPE_CELL), second;
	uint64_t id = t_id(s, cell);
	pid_t pid;

	EXPECT_EQ(1, keepers(s, 1, id));
	EXPECT_EQ(4, s->out.head.count);
	EXPECT_TRUE(only(s, KSHARE_KEPT_BY_HANDLE, getpid(), cell, KSHARE_RIGHT_ALL));
	second = dup_with(s, cell, KSHARE_RIGHT_READ, 0);
	EXPECT_EQ(2, keepers(s, 1, id));
	EXPECT_EQ(2, s->out.head.number);
	EXPECT_EQ(1, has(s, KSHARE_KEPT_BY_HANDLE, getpid(), cell, KSHARE_RIGHT_ALL));
	EXPECT_EQ(1, has(s, KSHARE_KEPT_BY_HANDLE, getpid(), second, KSHARE_RIGHT_READ));
	t_share_counts();
	pid = t_fork(s);
	if (!pid) {
		t_count(0);
		t_stay();
	}
	ASSERT_TRUE(t_until_step(0, pid));
	EXPECT_EQ(4, keepers(s, 1, id));
	EXPECT_EQ(1, has(s, KSHARE_KEPT_BY_HANDLE, pid, cell, KSHARE_RIGHT_ALL));
	EXPECT_EQ(1, has(s, KSHARE_KEPT_BY_HANDLE, pid, second, KSHARE_RIGHT_READ));
	EXPECT_EQ(1, has(s, KSHARE_KEPT_BY_HANDLE, getpid(), second, KSHARE_RIGHT_READ));
	t_kill(pid);
	EXPECT_EQ(2, keepers(s, 1, id));
	EXPECT_EQ(0, t_close(s, cell));
	EXPECT_EQ(1, keepers(s, 1, id));
	EXPECT_TRUE(only(s, KSHARE_KEPT_BY_HANDLE, getpid(), second, KSHARE_RIGHT_READ));
	EXPECT_EQ(0, t_close(s, second));
	EXPECT_EQ(-ENOENT, keepers(s, 1, id));
}

TEST_F(kshare, each_place_in_a_container_is_told_with_its_id)
{
	static const int types[] = { KSHARE_TYPE_CELL, KSHARE_TYPE_LIST, KSHARE_TYPE_QUEUE,
				     KSHARE_TYPE_DICT };
	static const uint32_t ops[] = { KSHARE_OP_CELL_SET, KSHARE_OP_LIST_APPEND,
					KSHARE_OP_QUEUE_PUT, KSHARE_OP_DICT_SET };
	struct side *s = &self->s;
	int kept = t_create(s, KSHARE_TYPE_EVENT), h[4], i, round;
	uint32_t encoded[4] = { 2, kept, kept, 0 };
	struct kshare_value v = {
		.type = KSHARE_ENCODED, .flags = KSHARE_VF_REFS,
		.len = sizeof(encoded), .ptr = (uintptr_t)encoded,
	};
	uint64_t id = t_id(s, kept);

	for (i = 0; i < 4; i++)
		h[i] = t_create(s, types[i]);
	for (round = 0; round < 2; round++) {
		for (i = 0; i < 4; i++) {
			struct kshare_cmd cmd = t_cmd(ops[i], h[i]);

			if (types[i] == KSHARE_TYPE_DICT)
				cmd.key = t_int(round);
			cmd.value = round ? v : t_ref(kept);
			EXPECT_LE(0, t_raw(s, cmd));
		}
	}
	/* The first is over, the others have one and two. */
	EXPECT_EQ(1 + 2 + 3 * 3, keepers(s, 1, id));
	for (i = 0; i < 4; i++) {
		EXPECT_EQ(i ? 3 : 2, has(s, KSHARE_KEPT_BY_CONTAINER, 0, t_id(s, h[i]), 0)) {
			TH_LOG("type %d", types[i]);
		}
	}
	for (i = 0; i < 4; i++) {
		EXPECT_EQ(0, t_close(s, h[i]));
		keepers(s, 1, id);
		EXPECT_EQ(1 + 3 * (3 - i), s->out.head.number);
	}
	EXPECT_TRUE(only(s, KSHARE_KEPT_BY_HANDLE, getpid(), kept, KSHARE_RIGHT_ALL));
	/* The root is one as well. */
	EXPECT_EQ(0, t_put(s, 1, "kept", t_ref(kept)));
	EXPECT_EQ(0, t_close(s, kept));
	EXPECT_EQ(1, keepers(s, 1, id));
	kept = t_raw(s, t_cmd(KSHARE_OP_DOMAIN_ROOT, 1));
	i = t_id(s, kept);
	keepers(s, 1, id);
	EXPECT_TRUE(only(s, KSHARE_KEPT_BY_CONTAINER, 0, i, 0));
	EXPECT_EQ(0, t_run(s, t_cmd(KSHARE_OP_DICT_CLEAR, kept)));
}

TEST_F(kshare, a_class_is_kept_by_each_instance)
{
	struct side *s = &self->s;
	uint64_t id, its[2];
	struct t_host h;
	int other;

	ASSERT_TRUE(t_be_host(s, &h, 0));
	other = t_instance(s, h.class, 8);
	ASSERT_LT(0, other);
	id = t_id(s, h.class);
	its[0] = t_id(s, h.it);
	its[1] = t_id(s, other);
	EXPECT_EQ(3, keepers(s, 1, id));
	EXPECT_EQ(1, has(s, KSHARE_KEPT_BY_CONTAINER, 0, its[0], 0));
	EXPECT_EQ(1, has(s, KSHARE_KEPT_BY_CONTAINER, 0, its[1], 0));
	EXPECT_EQ(0, t_close(s, other));
	EXPECT_EQ(2, keepers(s, 1, id));
	EXPECT_EQ(0, has(s, KSHARE_KEPT_BY_CONTAINER, 0, its[1], 0));
}

TEST_F(kshare, tickets_and_descriptors_are_told_with_who_made_them)
{
	struct side *s = &self->s;
	struct kshare_cmd cmd;
	int cell = t_create(s, KSHARE_TYPE_CELL), fd;
	uint64_t id = t_id(s, cell), ticket;

	cmd = t_cmd(KSHARE_OP_TICKET_CREATE, cell);
	cmd.nr = KSHARE_RIGHT_READ;
	EXPECT_EQ(0, t_run(s, cmd));
	ticket = s->out.head.number;
	cmd = t_cmd(KSHARE_OP_EXPORT_FD, cell);
	cmd.nr = KSHARE_RIGHT_WRITE;
	fd = t_raw(s, cmd);
	EXPECT_LE(0, fd);
	EXPECT_EQ(3, keepers(s, 1, id));
	EXPECT_EQ(1, has(s, KSHARE_KEPT_BY_TICKET, getpid(), ticket, KSHARE_RIGHT_READ));
	EXPECT_EQ(1, has(s, KSHARE_KEPT_BY_DESCRIPTOR, getpid(), 0, KSHARE_RIGHT_WRITE));
	EXPECT_EQ(0, t_close(s, cell));
	EXPECT_EQ(2, keepers(s, 1, id));
	cmd = t_cmd(KSHARE_OP_TICKET_REVOKE, 0);
	cmd.key = t_uint(ticket);
	EXPECT_EQ(0, t_raw(s, cmd));
	EXPECT_EQ(1, keepers(s, 1, id));
	EXPECT_TRUE(only(s, KSHARE_KEPT_BY_DESCRIPTOR, getpid(), 0, KSHARE_RIGHT_WRITE));
	close(fd);
	EXPECT_EQ(-ENOENT, keepers(s, 1, id));
}

/* The id of the gate that keeps an object */
static uint64_t gate_of(struct side *s, uint64_t id)
{
	int i;

	keepers(s, 1, id);
	for (i = 0; i < s->out.head.count; i += 4)
		if (VALUES(s)[i].i == KSHARE_KEPT_BY_GATE)
			return VALUES(s)[i + 2].u;
	return 0;
}

TEST_F(kshare, a_gate_keeps_its_object_and_has_keepers_of_its_own)
{
	struct side *s = &self->s;
	int cell = t_create(s, KSHARE_TYPE_CELL), h, i, seen = 0;
	int list = t_create(s, KSHARE_TYPE_LIST);
	uint64_t id = t_id(s, cell), gate;

	h = dup_with(s, cell, KSHARE_RIGHT_READ | KSHARE_RIGHT_TRANSFER, KSHARE_REVOCABLE);
	ASSERT_LT(0, h);
	gate = gate_of(s, id);
	EXPECT_NE(0, gate);
	EXPECT_EQ(2, s->out.head.number);
	EXPECT_EQ(1, keepers(s, 1, gate));
	EXPECT_TRUE(only(s, KSHARE_KEPT_BY_HANDLE, getpid(), h,
			 KSHARE_RIGHT_READ | KSHARE_RIGHT_TRANSFER));
	EXPECT_LE(0, t_run_with(s, KSHARE_OP_LIST_APPEND, list, t_ref(h)));
	EXPECT_EQ(2, keepers(s, 1, gate));
	i = t_id(s, list);
	keepers(s, 1, gate);
	EXPECT_EQ(1, has(s, KSHARE_KEPT_BY_CONTAINER, 0, i, 0));
	/* It is an object as others are. */
	EXPECT_LT(0, objects(s, 1, 0, 0));
	for (i = 0; i < s->out.head.count; i += 6)
		seen += VALUES(s)[i].u == gate && VALUES(s)[i + 1].i == KSHARE_TYPE_GATE;
	EXPECT_EQ(1, seen);
	/* What is revoked is there until it is closed. */
	EXPECT_EQ(0, t_raw(s, t_cmd(KSHARE_OP_REVOKE, h)));
	EXPECT_EQ(gate, gate_of(s, id));
	EXPECT_EQ(0, t_close(s, h));
	EXPECT_LE(0, t_run(s, t_cmd(KSHARE_OP_LIST_CLEAR, list)));
	EXPECT_EQ(-ENOENT, keepers(s, 1, gate));
	EXPECT_EQ(1, keepers(s, 1, id));
	EXPECT_TRUE(only(s, KSHARE_KEPT_BY_HANDLE, getpid(), cell, KSHARE_RIGHT_ALL));
}

TEST_F(kshare, mappings_and_commands_under_way_are_others)
{
	struct side *s = &self->s;
	int array = t_create_elem(s, KSHARE_TYPE_ARRAY, KSHARE_ELEM_I64, 512);
	int event = t_create(s, KSHARE_TYPE_EVENT);
	long page = sysconf(_SC_PAGESIZE);
	struct t_thread thread;
	void *map;

	map = mmap(NULL, page, PROT_READ, MAP_SHARED, s->fd, KSHARE_MMAP_OFFSET(array, page));
	ASSERT_NE(MAP_FAILED, map);
	EXPECT_EQ(2, all_keepers(s, 1, t_id(s, array)));
	EXPECT_EQ(1, has(s, KSHARE_KEPT_BY_OTHER, 0, 1, 0));
	munmap(map, page);
	EXPECT_EQ(1, keepers(s, 1, t_id(s, array)));

	t_begin(s, &thread, t_cmd(KSHARE_OP_EVENT_WAIT, event), false);
	t_until_waiters(s, event, 1);
	EXPECT_EQ(2, all_keepers(s, 1, t_id(s, event)));
	EXPECT_EQ(KSHARE_KEPT_BY_OTHER, s->out.values[4].i);
	EXPECT_EQ(0, t_raw(s, t_cmd(KSHARE_OP_EVENT_SET, event)));
	EXPECT_EQ(0, t_end(&thread));
	EXPECT_EQ(1, keepers(s, 1, t_id(s, event)));
}

TEST_F(kshare, no_more_than_a_result_can_hold_but_all_are_counted)
{
	struct side *s = &self->s;
	int cell = t_create(s, KSHARE_TYPE_CELL), i;

	for (i = 1; i < KSHARE_MAX_WHO + 10; i++)
		ASSERT_LT(0, dup_with(s, cell, 0, 0));
	EXPECT_EQ(KSHARE_MAX_WHO, keepers(s, 1, t_id(s, cell)));
	EXPECT_EQ(4 * KSHARE_MAX_WHO, s->out.head.count);
	EXPECT_EQ(KSHARE_MAX_WHO + 10, s->out.head.number);
}

/* The references of an object, by its place in the list, are those that STAT tells. */
static bool references_agree(struct side *s, int h, int i)
{
	int64_t end = t_now() + T_LONG;
	struct kshare_stat stat;

	do {
		/* But for that of STAT itself */
		if (objects(s, 1, 0, 0) > i && !t_stat(s, h, &stat) &&
		    stat.refs - 1 == s->out.values[6 * i + 3].u)
			return true;
	} while (t_now() < end && !sched_yield());
	return false;
}

TEST_F(kshare, objects_are_told_with_what_they_are)
{
	struct side *s = &self->s;
	int cell = t_create(s, KSHARE_TYPE_CELL), list = t_create(s, KSHARE_TYPE_LIST), i;
	struct kshare_stat stat;
	struct kshare_cmd cmd = t_cmd(KSHARE_OP_LIST_APPEND, list);
	uint64_t last = 0;
	pid_t pid;

	EXPECT_EQ(0, t_run_with(s, KSHARE_OP_CELL_SET, cell, t_bytes("long enough", 11)));
	cmd.value = t_ref(cell);
	pid = t_child(s, cmd);
	EXPECT_EQ(0, t_wait(pid));
	/* With the root */
	EXPECT_EQ(3, objects(s, 1, 0, 0));
	EXPECT_EQ(18, s->out.head.count);
	EXPECT_EQ(0, s->out.head.flags & KSHARE_R_MORE);
	for (i = 0; i < 18; i += 6) {
		struct kshare_value v[6];
		int h = i == 6 ? cell : list;

		memcpy(v, &s->out.values[i], sizeof(v));
		EXPECT_LT(last, v[0].u);
		last = v[0].u;
		EXPECT_EQ(0, v[5].u);
		if (!i) {
			EXPECT_EQ(KSHARE_TYPE_DICT, v[1].i);
			continue;
		}
		EXPECT_EQ(0, t_stat(s, h, &stat));
		EXPECT_EQ(stat.id, v[0].u);
		EXPECT_EQ(stat.type, v[1].i);
		EXPECT_EQ(stat.bytes, v[2].u);
		EXPECT_TRUE(references_agree(s, h, i / 6));
		/* Who changed the list is told though it is gone. */
		EXPECT_EQ(h == cell ? getpid() : pid, v[4].i);
		EXPECT_EQ(stat.writer_pid, v[4].i);
	}
	EXPECT_EQ(3, objects(s, 1, 0, 0));
	EXPECT_EQ(last, s->out.head.number);
}

TEST_F(kshare, objects_are_told_in_pages)
{
	struct side *s = &self->s;
	uint64_t ids[21], after;
	int i, n, page, count;

	for (i = 1; i < 21; i++)
		ids[i] = t_id(s, t_create(s, KSHARE_TYPE_CELL));
	for (page = 1; page < 24; page++) {
		after = 0;
		n = 0;
		do {
			count = objects(s, 1, after, page);
			ASSERT_LT(0, count);
			EXPECT_GE(page, count);
			for (i = 0; i < count; i++, n++)
				if (n && n < 21)
					EXPECT_EQ(ids[n], s->out.values[6 * i].u);
			EXPECT_EQ(s->out.values[6 * (count - 1)].u, s->out.head.number);
			after = s->out.head.number;
		} while (s->out.head.flags & KSHARE_R_MORE);
		EXPECT_EQ(21, n);
	}
	EXPECT_EQ(0, objects(s, 1, after, 5));
	EXPECT_EQ(after, s->out.head.number);
	EXPECT_EQ(0, objects(s, 1, ~0ull, 5));
}

#define MAKERS	3
#define MADE	3000
#define LARGE	50

static void *make_many(void *arg)
{
	struct side *s = calloc(1, sizeof(*s));
	intptr_t i, bad = 0;

	s->fd = *(int *)arg;
	for (i = 0; i < MADE; i++)
		bad |= t_create(s, KSHARE_TYPE_EVENT) < 0;
	free(s);
	return (void *)bad;
}

/* These take a while to be made, and others are made meanwhile. */
static void *make_large(void *arg)
{
	struct side *s = calloc(1, sizeof(*s));
	intptr_t i, bad = 0;

	s->fd = *(int *)arg;
	for (i = 0; i < LARGE; i++)
		bad |= t_create_elem(s, KSHARE_TYPE_ARRAY, KSHARE_ELEM_U8, 1 << 20) < 0;
	free(s);
	return (void *)bad;
}

/* In the order of their ids, so that none is left out or told twice. */
TEST_F(kshare, objects_of_several_makers_are_told_in_order)
{
	static struct side other;
	struct side *s = &other;
	uint64_t last = 0;
	pthread_t id[MAKERS];
	int i, n = 0, count;
	void *bad;

	ASSERT_TRUE(t_open(s));
	for (i = 0; i < MAKERS; i++)
		ASSERT_EQ(0, pthread_create(&id[i], NULL, i ? make_many : make_large, &s->fd));
	for (i = 0; i < MAKERS; i++) {
		ASSERT_EQ(0, pthread_join(id[i], &bad));
		EXPECT_EQ(NULL, bad);
	}
	do {
		count = objects(s, 1, last, 7);
		ASSERT_LT(0, count);
		for (i = 0; i < count; i++, n++) {
			ASSERT_LT(last, s->out.values[6 * i].u);
			last = s->out.values[6 * i].u;
		}
		ASSERT_EQ(last, s->out.head.number);
	} while (s->out.head.flags & KSHARE_R_MORE);
	/* And the root */
	EXPECT_EQ((MAKERS - 1) * MADE + LARGE + 1, n);
	close(s->fd);
}

TEST_F(kshare, a_domain_is_looked_into_by_who_may_manage_it)
{
	struct side *s = &self->s;
	int cell = t_create(s, KSHARE_TYPE_CELL), h, d, there;
	struct kshare_cmd cmd = t_cmd(KSHARE_OP_DOMAIN_KEEPERS, 1);
	uint64_t id = t_id(s, cell);

	h = dup_with(s, 1, KSHARE_RIGHT_ALL & ~KSHARE_RIGHT_MANAGE, 0);
	EXPECT_EQ(-EACCES, objects(s, h, 0, 0));
	EXPECT_EQ(-EACCES, keepers(s, h, id));
	h = dup_with(s, 1, KSHARE_RIGHT_MANAGE, 0);
	EXPECT_EQ(2, objects(s, h, 0, 0));
	EXPECT_EQ(1, keepers(s, h, id));
	EXPECT_EQ(-ENOTTY, objects(s, cell, 0, 0));
	EXPECT_EQ(-ENOTTY, keepers(s, cell, id));
	EXPECT_EQ(-EBADF, objects(s, 999, 0, 0));

	/* Each domain tells its own. */
	d = t_make(s, "keepers", 0, 0600);
	there = t_create_in(s, d, KSHARE_TYPE_CELL);
	EXPECT_EQ(2, objects(s, d, 0, 0));
	EXPECT_EQ(t_id(s, there), s->out.head.number);
	EXPECT_EQ(-ENOENT, keepers(s, d, id));
	EXPECT_EQ(-ENOENT, keepers(s, 1, t_id(s, there)));
	EXPECT_EQ(1, keepers(s, d, t_id(s, there)));
	EXPECT_EQ(-ENOENT, keepers(s, 1, 0));
	EXPECT_EQ(-ENOENT, keepers(s, 1, ~0ull));
	EXPECT_EQ(-EINVAL, t_run(s, cmd));
	cmd.key = t_str("id");
	EXPECT_EQ(-EINVAL, t_run(s, cmd));
}

static int creates_and_stays(struct side *s)
{
	int d = t_join(s, "keepers/of others", 0), h = t_create_in(s, d, KSHARE_TYPE_CELL);

	if (t_put(s, d, "theirs", t_ref(h)) || t_run_with(s, KSHARE_OP_CELL_SET, h, t_int(1)))
		return -1;
	t_result(1, t_id(s, h));
	t_result(2, h);
	return 0;
}

TEST_F(kshare, what_another_user_keeps_and_pays_for_is_told)
{
	struct side *s = &self->s, child;
	int d = t_make(s, "keepers/of others", 0, 0666), i, seen = 0;
	pid_t pid;

	t_share_counts();
	pid = fork();
	if (!pid) {
		if (!t_be(&child, ALICE, ALICE))
			_exit(1);
		t_result(0, creates_and_stays(&child));
		t_count(0);
		t_stay();
	}
	ASSERT_TRUE(t_until_step(0, pid));
	EXPECT_EQ(0, RESULT(0));
	EXPECT_EQ(2, objects(s, d, 0, 0));
	for (i = 0; i < 12; i += 6)
		if (s->out.values[i].u == RESULT(1)) {
			seen++;
			EXPECT_EQ(pid, s->out.values[i + 4].i);
			EXPECT_EQ(ALICE, s->out.values[i + 5].u);
		}
	EXPECT_EQ(1, seen);
	EXPECT_EQ(2, keepers(s, d, RESULT(1)));
	EXPECT_EQ(1, has(s, KSHARE_KEPT_BY_HANDLE, pid, RESULT(2), KSHARE_RIGHT_ALL));
	t_kill(pid);
	EXPECT_EQ(1, keepers(s, d, RESULT(1)));
	EXPECT_EQ(KSHARE_KEPT_BY_CONTAINER, s->out.values[0].i);
}

TEST_HARNESS_MAIN
