// SPDX-License-Identifier: GPL-2.0
/* Names of domains: who meets there, how long it lasts, and who may come in. */
#include "sharing_test.h"

/* Is there one?  It takes root to be sure. */
static bool is_there(struct side *s, const char *name)
{
	int h = t_join(s, name, 0);

	if (h >= 0)
		t_close(s, h);
	return h != -ENOENT;
}

static uint64_t domain_of(struct side *s, int h)
{
	struct kshare_stat stat;

	return t_stat(s, h, &stat) ? 0 : stat.domain;
}

TEST_F(kshare, two_processes_that_know_a_name_meet_there)
{
	struct side *s = &self->s, child;
	struct kshare_stat stat;
	int d = t_make(s, "meet", 0, 0600);
	uint64_t id = t_id(s, d);
	pid_t pid;

	ASSERT_LT(1, d);
	EXPECT_EQ(KSHARE_RIGHT_ALL, t_rights(s, d));
	EXPECT_EQ(0, t_put(s, d, "number", t_int(41)));
	pid = fork();
	if (!pid) {
		if (!t_open(&child))
			_exit(1);
		d = t_join(&child, "meet", 0);
		if (d < 0 || t_id(&child, d) != id || t_take(&child, d, "number") ||
		    child.out.values[0].i != 41 || t_stat(&child, d, &stat) || stat.clients != 2)
			_exit(2);
		_exit(t_put(&child, d, "number", t_int(42)) ? 3 : 0);
	}
	EXPECT_EQ(0, t_wait(pid));
	EXPECT_EQ(0, t_take(s, d, "number"));
	EXPECT_EQ(42, s->out.values[0].i);
	EXPECT_EQ(0, t_stat(s, d, &stat));
	EXPECT_EQ(1, stat.clients);
}

TEST_F(kshare, a_name_is_made_only_for_who_says_so)
{
	struct side *s = &self->s;
	int a, b;

	EXPECT_EQ(-ENOENT, t_join(s, "made", 0));
	a = t_make(s, "made", KSHARE_EXCLUSIVE, 0640);
	ASSERT_LT(0, a);
	EXPECT_EQ(-EEXIST, t_make(s, "made", KSHARE_EXCLUSIVE, 0640));
	/* It is there already: that mode is not used. */
	b = t_make(s, "made", 0, 0600);
	ASSERT_LT(0, b);
	EXPECT_EQ(t_id(s, a), t_id(s, b));
	EXPECT_TRUE(t_info_is(s, b, 0, 0, 0640, false));
	EXPECT_TRUE(t_is_str(&s->out.values[0], "made"));
	EXPECT_EQ(0, t_close(s, a));
	EXPECT_EQ(0, t_close(s, b));
	EXPECT_EQ(-ENOENT, t_join(s, "made", 0));
	/* And without a mode it is the owner's alone. */
	a = t_raw(s, t_open_cmd("made", KSHARE_MAKE, 0));
	EXPECT_TRUE(t_info_is(s, a, 0, 0, 0600, false));
}

TEST_F(kshare, a_clients_own_domain_has_no_name)
{
	struct side *s = &self->s;
	int i;

	EXPECT_EQ(0, t_info(s, 1));
	EXPECT_EQ(5, s->out.head.count);
	for (i = 0; i < 4; i++)
		EXPECT_EQ(KSHARE_NONE, s->out.values[i].type);
	EXPECT_EQ(KSHARE_BOOL, s->out.values[4].type);
	EXPECT_EQ(0, s->out.values[4].u);
	EXPECT_EQ(-ENOENT, t_set(s, 1, -1, -1, 0600, 0));
	EXPECT_EQ(-ENOENT, t_set(s, 1, -1, -1, -1, KSHARE_PIN));
}

TEST_F(kshare, it_ends_with_its_last_handle_and_the_next_of_that_name_is_empty)
{
	struct side *s = &self->s;
	int d = t_make(s, "again", 0, 0600), other;
	uint64_t id = t_id(s, d);

	EXPECT_EQ(0, t_put(s, d, "x", t_int(1)));
	other = t_join(s, "again", 0);
	EXPECT_EQ(0, t_close(s, d));
	EXPECT_TRUE(is_there(s, "again"));
	EXPECT_EQ(0, t_close(s, other));
	EXPECT_FALSE(is_there(s, "again"));
	d = t_make(s, "again", KSHARE_EXCLUSIVE, 0600);
	EXPECT_LT(0, d);
	EXPECT_NE(id, t_id(s, d));
	EXPECT_EQ(-ENOENT, t_take(s, d, "x"));
}

TEST_F(kshare, it_ends_with_the_last_process_however_that_ends)
{
	struct side *s = &self->s, child;
	int round, d;
	pid_t pid;

	for (round = 0; round < 2; round++) {
		t_share_counts();
		pid = fork();
		if (!pid) {
			if (!t_open(&child))
				_exit(1);
			d = t_make(&child, "process", KSHARE_EXCLUSIVE, 0600);
			if (d < 0 || t_put(&child, d, "x", t_int(1)))
				_exit(2);
			t_count(0);
			while (round && !t_counted(1))
				sched_yield();
			if (round)
				_exit(0);
			t_stay();
		}
		ASSERT_TRUE(t_until_step(0, pid));
		EXPECT_TRUE(is_there(s, "process"));
		if (round) {
			t_count(1);
			EXPECT_EQ(0, t_wait(pid));
		} else {
			EXPECT_EQ(1000 + SIGKILL, t_kill(pid));
		}
		EXPECT_EQ(-ENOENT, t_join(s, "process", 0));
	}
}

TEST_F(kshare, a_handle_to_any_of_its_objects_is_enough_to_be_in_it)
{
	struct side *s = &self->s;
	int d = t_make(s, "member", 0, 0600);
	int cell = t_create_in(s, d, KSHARE_TYPE_CELL), root;

	EXPECT_EQ(0, t_put(s, d, "x", t_int(1)));
	EXPECT_EQ(0, t_close(s, d));
	EXPECT_TRUE(is_there(s, "member"));
	d = t_join(s, "member", 0);
	EXPECT_EQ(0, t_take(s, d, "x"));
	root = t_raw(s, t_cmd(KSHARE_OP_DOMAIN_ROOT, d));
	EXPECT_EQ(0, t_close(s, d));
	EXPECT_EQ(0, t_close(s, cell));
	EXPECT_TRUE(is_there(s, "member"));
	EXPECT_EQ(0, t_close(s, root));
	EXPECT_FALSE(is_there(s, "member"));
}

TEST_F(kshare, a_circle_in_it_does_not_outlive_its_clients)
{
	struct kshare_cmd used = t_cmd(KSHARE_OP_USER_LIMIT, 0);
	struct side *s = &self->s;
	uint64_t before;
	int64_t end;
	int d, list;

	used.nr = KSHARE_LIMIT_OBJECTS;
	EXPECT_EQ(0, t_run(s, used));
	before = s->out.values[0].u;
	d = t_make(s, "circle", 0, 0600);
	list = t_create_in(s, d, KSHARE_TYPE_LIST);
	EXPECT_LT(0, t_run_with(s, KSHARE_OP_LIST_APPEND, list, t_ref(list)) + 1);
	EXPECT_EQ(0, t_put(s, d, "list", t_ref(list)));
	EXPECT_EQ(0, t_close(s, d));
	EXPECT_EQ(0, t_close(s, list));
	EXPECT_FALSE(is_there(s, "circle"));
	/* A worker may look at it at this moment. */
	end = t_now() + T_LONG;
	do {
		EXPECT_EQ(0, t_run(s, used));
	} while (s->out.values[0].u != before && t_now() < end && !sched_yield());
	EXPECT_EQ(before, s->out.values[0].u);
}

TEST_F(kshare, a_pinned_one_stays_with_its_content_until_it_is_unpinned)
{
	struct side *s = &self->s, child;
	uint64_t id;
	pid_t pid;
	int d;

	t_share_counts();
	pid = fork();
	if (!pid) {
		if (!t_open(&child))
			_exit(1);
		d = t_make(&child, "pinned", KSHARE_PIN, 0600);
		if (d < 0 || t_put(&child, d, "x", t_int(7)))
			_exit(2);
		t_result(0, t_id(&child, d));
		_exit(0);
	}
	EXPECT_EQ(0, t_wait(pid));
	d = t_join(s, "pinned", 0);
	ASSERT_LT(0, d);
	id = t_id(s, d);
	EXPECT_EQ(RESULT(0), (int)id);
	EXPECT_TRUE(t_info_is(s, d, 0, 0, 0600, true));
	EXPECT_EQ(0, t_take(s, d, "x"));
	EXPECT_EQ(7, s->out.values[0].i);
	/* As often as one likes: it is a state. */
	EXPECT_EQ(0, t_set(s, d, -1, -1, -1, KSHARE_PIN));
	EXPECT_EQ(0, t_close(s, d));
	d = t_join(s, "pinned", 0);
	EXPECT_EQ(id, t_id(s, d));
	EXPECT_EQ(0, t_set(s, d, -1, -1, -1, KSHARE_UNPIN));
	EXPECT_EQ(0, t_set(s, d, -1, -1, -1, KSHARE_UNPIN));
	EXPECT_TRUE(t_info_is(s, d, 0, 0, 0600, false));
	EXPECT_EQ(0, t_take(s, d, "x"));
	EXPECT_EQ(0, t_close(s, d));
	EXPECT_FALSE(is_there(s, "pinned"));

	/* By SET alone: to open it as who would pin it if it were new does nothing. */
	d = t_make(s, "pinned", KSHARE_EXCLUSIVE, 0600);
	EXPECT_EQ(0, t_close(s, t_make(s, "pinned", KSHARE_PIN, 0600)));
	EXPECT_TRUE(t_info_is(s, d, 0, 0, 0600, false));
	EXPECT_EQ(0, t_set(s, d, -1, -1, -1, KSHARE_PIN));
	EXPECT_EQ(0, t_close(s, d));
	d = t_join(s, "pinned", 0);
	EXPECT_LT(0, d);
	EXPECT_EQ(-EINVAL, t_set(s, d, -1, -1, -1, KSHARE_PIN | KSHARE_UNPIN));
	EXPECT_EQ(0, t_set(s, d, -1, -1, -1, KSHARE_UNPIN));
}

/* Names that begin so and are told, and their numbers; each may be told once. */
static int list(struct side *s, const char *prefix, uint32_t page, uint32_t *seen)
{
	struct kshare_cmd cmd = t_cmd(KSHARE_OP_DOMAIN_LIST, 0);
	size_t len = strlen(prefix);
	int i, count, sum = 0;

	cmd.nr = page;
	*seen = 0;
	do {
		count = t_run(s, cmd);
		if (count < 0 || s->out.head.count != 4 * count || (page && count > page))
			return count < 0 ? count : -EPROTO;
		for (i = 0; i < count; i++) {
			struct kshare_value *v = NAME_OF(s, i);
			const char *text = v->inline_len ? (char *)v->bytes :
							   (char *)(uintptr_t)v->ptr;

			if (v->len != len + 1 || memcmp(text, prefix, len))
				continue;
			if (*seen & 1u << (text[len] - 'a'))
				return -EEXIST;
			*seen |= 1u << (text[len] - 'a');
			sum++;
		}
		if (s->out.head.flags & KSHARE_R_MORE && count != page)
			return -EPROTO;
		cmd.key = t_uint(s->out.head.number);
	} while (s->out.head.flags & KSHARE_R_MORE);
	return sum;
}

TEST_F(kshare, names_are_listed_to_who_may_open_them)
{
	struct side *s = &self->s;
	char name[] = "list-?";
	uint32_t seen;
	int i, d[10];

	for (i = 0; i < 10; i++) {
		name[5] = 'a' + i;
		d[i] = t_make(s, name, 0, 0600);
		ASSERT_LT(0, d[i]);
	}
	for (i = 0; i < 6; i++) {
		EXPECT_EQ(10, list(s, "list-", i, &seen));
		EXPECT_EQ(0x3ff, seen);
	}
	EXPECT_EQ(0, t_set(s, d[1], ALICE, -1, 0, 0));
	EXPECT_EQ(0, t_set(s, d[3], -1, ALICE, 0040, 0));
	EXPECT_EQ(0, t_set(s, d[4], -1, ALICE, 0604, 0));
	EXPECT_EQ(0, t_set(s, d[5], ALICE, ALICE, 0640, 0));
	EXPECT_EQ(0, t_set(s, d[8], -1, -1, 0602, 0));
	ASSERT_EQ(0, t_become(ALICE, ALICE, ALICE));
	EXPECT_EQ(4, list(s, "list-", 0, &seen));
	EXPECT_EQ(0x12a, seen);
	EXPECT_EQ(4, list(s, "list-", 1, &seen));
	ASSERT_EQ(0, t_become(BOB, BOB, BOB));
	EXPECT_EQ(2, list(s, "list-", 2, &seen));
	EXPECT_EQ(0x110, seen);
	ASSERT_EQ(0, t_root());
	EXPECT_EQ(10, list(s, "list-", 3, &seen));
	/* What is gone is not told. */
	EXPECT_EQ(0, t_close(s, d[2]));
	EXPECT_EQ(9, list(s, "list-", 3, &seen));
	EXPECT_EQ(0x3fb, seen);
}

TEST_F(kshare, a_name_is_listed_with_owner_group_and_mode)
{
	struct kshare_cmd cmd = t_cmd(KSHARE_OP_DOMAIN_LIST, 0);
	struct side *s = &self->s;
	int d = t_make(s, "listed as it is", 0, 0640), i, count;
	struct kshare_value *v = NULL;

	EXPECT_EQ(0, t_set(s, d, ALICE, BOB, -1, 0));
	count = t_run(s, cmd);
	for (i = 0; i < count; i++)
		if (t_is_str(NAME_OF(s, i), "listed as it is"))
			v = NAME_OF(s, i);
	ASSERT_NE(NULL, v);
	EXPECT_EQ(ALICE, v[1].u);
	EXPECT_EQ(BOB, v[2].u);
	EXPECT_EQ(0640, v[3].u);
	cmd.key = t_int(-1);
	EXPECT_EQ(-EINVAL, t_run(s, cmd));
	cmd.key = t_str("x");
	EXPECT_EQ(-EINVAL, t_run(s, cmd));
	/* After the last one there is nothing. */
	cmd.key = t_int(INT32_MAX);
	EXPECT_EQ(0, t_run(s, cmd));
	EXPECT_EQ(0, s->out.head.flags & KSHARE_R_MORE);
}

#define MANY	10000

/* How often each of many names is told, in how many pages; or -errno */
static int list_many(struct side *s, uint8_t *seen, int (*between)(struct side *s, int page))
{
	static struct {
		struct kshare_result head;
		struct kshare_value values[1024];
		char tail[65536];
	} out;
	struct kshare_cmd cmd = t_cmd(KSHARE_OP_DOMAIN_LIST, 0);
	int i, count, page = 0;
	char text[32];
	int number;

	memset(seen, 0, MANY);
	cmd.out = (uintptr_t)&out;
	cmd.out_len = sizeof(out);
	do {
		count = t_raw(s, cmd);
		if (count < 0)
			return count;
		for (i = 0; i < count; i++) {
			const struct kshare_value *v = &out.values[4 * i];
			const char *from = v->inline_len ? (char *)v->bytes :
							   (char *)(uintptr_t)v->ptr;

			snprintf(text, sizeof(text), "%.*s", (int)v->len, from);
			if (sscanf(text, "many/%d", &number) == 1 && number >= 0 && number < MANY)
				seen[number]++;
		}
		page++;
		if (between && between(s, page))
			return -EPROTO;
		cmd.key = t_uint(out.head.number);
	} while (out.head.flags & KSHARE_R_MORE);
	return page;
}

static int many[MANY];

/* While it is listed, others go: all of those with an odd number. */
static int close_some(struct side *s, int page)
{
	static int next = 1;
	int i;

	for (i = 0; i < 500 && next < MANY; i++, next += 2)
		if (t_close(s, many[next]))
			return -1;
	return 0;
}

TEST_F(kshare, there_may_be_ten_thousand_names)
{
	static uint8_t seen[MANY];
	struct side *s = &self->s;
	int i, h, wrong = 0;
	char name[32];

	for (i = 0; i < MANY; i++) {
		snprintf(name, sizeof(name), "many/%d", i);
		many[i] = t_make(s, name, KSHARE_EXCLUSIVE, i % 100 ? 0600 : 0604);
		ASSERT_LT(0, many[i]);
	}
	EXPECT_LT(MANY / 256, list_many(s, seen, NULL));
	for (i = 0; i < MANY; i++)
		wrong += seen[i] != 1;
	EXPECT_EQ(0, wrong);
	/* Each leads to its own. */
	for (i = 0; i < MANY; i += 99) {
		snprintf(name, sizeof(name), "many/%d", i);
		h = t_join(s, name, 0);
		EXPECT_EQ(t_id(s, many[i]), t_id(s, h));
		EXPECT_EQ(0, t_close(s, h));
	}
	/* Who may open few of them is told those, and not in many pages. */
	ASSERT_EQ(0, t_become(BOB, BOB, BOB));
	EXPECT_EQ(1, list_many(s, seen, NULL));
	for (i = 0; i < MANY; i++)
		wrong += seen[i] != !(i % 100);
	EXPECT_EQ(0, wrong);
	ASSERT_EQ(0, t_root());
	/* What is there all the time is told once, what goes meanwhile at most once. */
	EXPECT_LT(0, list_many(s, seen, close_some));
	for (i = 0; i < MANY; i++)
		wrong += i % 2 ? seen[i] > 1 : seen[i] != 1;
	EXPECT_EQ(0, wrong);
	for (i = 0; i < MANY; i++)
		t_close(s, many[i]);
	EXPECT_EQ(1, list_many(s, seen, NULL));
	for (i = 0; i < MANY; i++)
		wrong += seen[i];
	EXPECT_EQ(0, wrong);
}

/* ---- to come as the last one leaves ---- */

#define COMERS	3

/* What each of them is in, or 0; of this test's own counts */
#define IN(i)	(&t_counts[200 + (i)])

/* Opens and closes it often; 0, or what was wrong. */
static int comes_and_goes(int me)
{
	static const uint32_t flags[] = { 0, KSHARE_EXCLUSIVE };
	int i, n, d, id, other;
	struct side s;
	char key[16];

	snprintf(key, sizeof(key), "key %d", me);
	if (!t_open(&s))
		return 1;
	for (n = 0; n < t_rounds(500); n++) {
		d = t_make(&s, "revolving door", flags[n % 2], 0600);
		if (d == -EEXIST && n % 2)
			continue;
		if (d < 0)
			return 2;
		id = t_id(&s, d);
		__atomic_store_n(IN(me), id, __ATOMIC_SEQ_CST);
		/* Nobody is in another one of that name at the same time. */
		for (i = 0; i < COMERS; i++) {
			other = __atomic_load_n(IN(i), __ATOMIC_SEQ_CST);
			if (other && other != id)
				return 3;
		}
		/* And it is not empty again before the last has left. */
		if (t_put(&s, d, key, t_int(n)) || t_take(&s, d, key) || s.out.values[0].i != n)
			return 4;
		__atomic_store_n(IN(me), 0, __ATOMIC_SEQ_CST);
		if (t_close(&s, d))
			return 5;
	}
	return 0;
}

TEST_F(kshare, who_comes_as_the_last_one_leaves_is_in_a_whole_domain)
{
	pid_t pids[COMERS];
	int i;

	t_share_counts();
	for (i = 0; i < COMERS; i++) {
		pids[i] = fork();
		if (!pids[i])
			_exit(comes_and_goes(i));
	}
	for (i = 0; i < COMERS; i++)
		EXPECT_EQ(0, t_wait(pids[i]));
	EXPECT_FALSE(is_there(&self->s, "revolving door"));
}

TEST_F(kshare, objects_are_created_in_a_domain_by_its_handle)
{
	struct side *s = &self->s, child;
	int d = t_make(s, "create", 0, 0600), type, h;
	struct kshare_cmd cmd;
	pid_t pid;

	for (type = KSHARE_TYPE_CELL; type <= KSHARE_TYPE_QUEUE; type++) {
		if (type == KSHARE_TYPE_SEMAPHORE || type == KSHARE_TYPE_CONDITION ||
		    type == KSHARE_TYPE_BARRIER || type == KSHARE_TYPE_ARRAY)
			continue;
		h = t_create_in(s, d, type);
		if (h == -EOPNOTSUPP && type == KSHARE_TYPE_NAMESPACE)
			continue;
		ASSERT_LT(0, h);
		EXPECT_EQ(t_id(s, d), domain_of(s, h));
		EXPECT_EQ(KSHARE_RIGHT_ALL, t_rights(s, h));
	}
	h = t_create_in(s, d, KSHARE_TYPE_CELL);
	EXPECT_EQ(0, t_run_with(s, KSHARE_OP_CELL_SET, h, t_int(9)));
	EXPECT_EQ(0, t_put(s, d, "cell", t_ref(h)));
	pid = fork();
	if (!pid) {
		if (!t_open(&child))
			_exit(1);
		d = t_join(&child, "create", 0);
		h = t_find(&child, d, "cell");
		if (h < 0)
			_exit(2);
		cmd = t_cmd(KSHARE_OP_CELL_ADD, h);
		cmd.value = t_int(1);
		_exit(t_raw(&child, cmd) ? 3 : 0);
	}
	EXPECT_EQ(0, t_wait(pid));
	EXPECT_EQ(0, t_run(s, t_cmd(KSHARE_OP_CELL_GET, h)));
	EXPECT_EQ(10, s->out.values[0].i);
}

/* The kinds of references that lead out of a domain */
TEST_F(kshare, references_do_not_leave_a_domain)
{
	struct side *s = &self->s;
	int d[2] = { t_make(s, "xdev/a", 0, 0600), t_make(s, "xdev/b", 0, 0600) };
	int cell = t_create_in(s, d[0], KSHARE_TYPE_CELL), own = t_create(s, KSHARE_TYPE_LIST);
	int lock = t_create_in(s, d[0], KSHARE_TYPE_LOCK), h, i;
	int queue = t_create_in(s, d[1], KSHARE_TYPE_QUEUE);
	uint32_t encoded[3] = { 1, cell, 0 };
	struct kshare_value v = {
		.type = KSHARE_ENCODED, .flags = KSHARE_VF_REFS,
		.len = sizeof(encoded), .ptr = (uintptr_t)encoded,
	};
	struct kshare_value vector[2] = { t_int(1), t_ref(cell) };
	struct kshare_cmd cmd;

	ASSERT_LT(0, queue);
	EXPECT_EQ(-EXDEV, t_put(s, d[1], "x", t_ref(cell)));
	EXPECT_EQ(-EXDEV, t_put(s, d[1], "x", v));
	EXPECT_EQ(-EXDEV, t_put(s, d[1], "x", t_ref(d[0])));
	EXPECT_EQ(-EXDEV, t_run_with(s, KSHARE_OP_LIST_APPEND, own, t_ref(cell)));
	EXPECT_EQ(-EXDEV, t_run_with(s, KSHARE_OP_LIST_EXTEND, own, t_vector(vector, 2)));
	EXPECT_EQ(-EXDEV, t_run_with(s, KSHARE_OP_QUEUE_PUT, queue, t_ref(cell)));
	h = t_create(s, KSHARE_TYPE_CELL);
	EXPECT_EQ(-EXDEV, t_run_with(s, KSHARE_OP_CELL_SET, h, t_ref(cell)));
	EXPECT_EQ(-EXDEV, t_run_with(s, KSHARE_OP_CELL_SWAP, h, v));
	for (i = 0; i < 2; i++) {
		cmd = t_cmd(KSHARE_OP_CREATE, i ? d[1] : 0);
		cmd.nr = KSHARE_CREATE_NR(KSHARE_TYPE_CONDITION, 0);
		cmd.value = t_ref(lock);
		EXPECT_EQ(-EXDEV, t_raw(s, cmd));
		cmd.nr = KSHARE_CREATE_NR(KSHARE_TYPE_CELL, 0);
		cmd.value = t_ref(cell);
		EXPECT_EQ(-EXDEV, t_raw(s, cmd));
	}
	cmd = t_cmd(KSHARE_OP_WATCH, cell);
	queue = t_create_elem(s, KSHARE_TYPE_QUEUE, 0, 5);
	cmd.value = t_ref(queue);
	EXPECT_EQ(-EXDEV, t_raw(s, cmd));
	/* Within it is fine. */
	EXPECT_EQ(0, t_put(s, d[0], "x", t_ref(cell)));
	EXPECT_EQ(0, t_put(s, d[0], "x", v));
}

TEST_F(kshare, one_command_is_about_one_domain)
{
	struct side *s = &self->s;
	int d = t_make(s, "one command", 0, 0600), i;
	int events[2] = { t_create(s, KSHARE_TYPE_EVENT), t_create_in(s, d, KSHARE_TYPE_EVENT) };
	int cells[2] = { t_create(s, KSHARE_TYPE_CELL), t_create_in(s, d, KSHARE_TYPE_CELL) };
	struct kshare_cmd cmds[2], cmd;
	int32_t results[2] = { 77, 77 };
	struct kshare_batch batch = {
		.size = sizeof(batch),
		.flags = KSHARE_BATCH_ATOMIC,
		.count = 2,
		.cmds = (uintptr_t)cmds,
		.results = (uintptr_t)results,
		.cmd_size = sizeof(cmds[0]),
	};

	for (i = 0; i < 2; i++) {
		EXPECT_EQ(0, t_raw(s, t_cmd(KSHARE_OP_EVENT_SET, events[i])));
		cmds[i] = t_cmd(KSHARE_OP_EVENT_WAIT, events[i]);
	}
	cmd = t_cmd(KSHARE_OP_WAIT_ANY, 0);
	cmd.value = t_bytes(cmds, sizeof(cmds));
	EXPECT_EQ(-EXDEV, t_run(s, cmd));
	cmd.op = KSHARE_OP_WAIT_ALL;
	EXPECT_EQ(-EXDEV, t_run(s, cmd));
	for (i = 0; i < 2; i++) {
		cmds[i] = t_cmd(KSHARE_OP_CELL_SET, cells[i]);
		cmds[i].value = t_int(5);
	}
	EXPECT_EQ(-1, ioctl(s->fd, KSHARE_IOC_BATCH, &batch));
	EXPECT_EQ(EXDEV, errno);
	EXPECT_EQ(77, results[0]);
	for (i = 0; i < 2; i++) {
		EXPECT_EQ(0, t_run(s, t_cmd(KSHARE_OP_CELL_GET, cells[i])));
		EXPECT_EQ(KSHARE_NONE, s->out.values[0].type);
	}
	/* A batch that is not atomic does not mind. */
	batch.flags = 0;
	batch.done = 0;
	EXPECT_EQ(0, ioctl(s->fd, KSHARE_IOC_BATCH, &batch));
	EXPECT_EQ(0, results[1]);
}

TEST_F(kshare, a_lock_passes_on_when_a_client_of_another_family_dies)
{
	struct side *s = &self->s, child;
	int d = t_make(s, "family", 0, 0600), lock = t_create_in(s, d, KSHARE_TYPE_LOCK), h;
	struct kshare_cmd cmd = t_cmd(KSHARE_OP_LOCK_ACQUIRE, lock);
	struct t_thread thread;
	struct kshare_stat stat;
	pid_t pid;

	t_share_counts();
	EXPECT_EQ(0, t_put(s, d, "lock", t_ref(lock)));
	pid = fork();
	if (!pid) {
		if (!t_open(&child))
			_exit(1);
		h = t_find(&child, t_join(&child, "family", 0), "lock");
		if (h < 0 || t_raw(&child, t_cmd(KSHARE_OP_LOCK_ACQUIRE, h)) != 1)
			_exit(2);
		t_count(0);
		t_stay();
	}
	ASSERT_TRUE(t_until_step(0, pid));
	EXPECT_EQ(0, t_stat(s, lock, &stat));
	EXPECT_EQ(pid, stat.holder_pid);
	cmd.key = t_uint(7);
	t_begin(s, &thread, cmd, true);
	t_until_waiters(s, lock, 1);
	EXPECT_EQ(1000 + SIGKILL, t_kill(pid));
	EXPECT_EQ(1, t_end(&thread));
	EXPECT_EQ(KSHARE_R_OWNER_DIED, thread.out.head.flags & KSHARE_R_OWNER_DIED);
	cmd.op = KSHARE_OP_LOCK_RELEASE;
	EXPECT_EQ(0, t_raw(s, cmd));
}

/* ---- what is no name, no mode, and no combination ---- */

static int open_text(struct side *s, const char *text, uint32_t len)
{
	struct kshare_cmd cmd = t_cmd(KSHARE_OP_DOMAIN_OPEN, 0);

	cmd.flags = KSHARE_MAKE | KSHARE_EXCLUSIVE;
	cmd.key = t_bytes(text, len);
	cmd.key.type = KSHARE_STR;
	return t_raw(s, cmd);
}

#define TEXT(s)	{ s, sizeof(s) - 1 }

TEST_F(kshare, names_are_utf8_without_zero_bytes_and_dots_as_parts)
{
	static const struct {
		const char *text;
		int len;
	} good[] = {
		TEXT("a"), TEXT(" "), TEXT("\x7f"), TEXT("/"), TEXT("a/"), TEXT("/a"),
		TEXT("a//b"), TEXT("..."), TEXT("a/..b"), TEXT(".a/b."), TEXT("a/.../b"),
		TEXT("\n"), TEXT("\xc2\x80"), TEXT("\xdf\xbf"), TEXT("\xe0\xa0\x80"),
		TEXT("\xed\x9f\xbf"), TEXT("\xee\x80\x80"), TEXT("\xef\xbf\xbf"),
		TEXT("\xf0\x90\x80\x80"), TEXT("\xf4\x8f\xbf\xbf"), TEXT("\xc3\xa4/\xe2\x82\xac"),
		TEXT("a name of more than eight bytes"),
	}, bad[] = {
		TEXT(""), TEXT("\0"), TEXT("a\0"), TEXT("a\0b"), TEXT("long enough\0so"),
		TEXT("."), TEXT(".."), TEXT("./a"), TEXT("../a"), TEXT("a/."), TEXT("a/.."),
		TEXT("a/./b"), TEXT("a/../b"), TEXT("/."), TEXT("/.."), TEXT("./"), TEXT("../"),
		TEXT("/./a"), TEXT("/../a"), TEXT("//."), TEXT("a//.."), TEXT("//../"),
		/* A byte that does not begin anything, and one that goes on too long */
		TEXT("\x80"), TEXT("\xbf"), TEXT("a\x80"), TEXT("\xc2\x80\x80"),
		/* Too short */
		TEXT("\xc2"), TEXT("a\xc2"), TEXT("\xe2\x82"), TEXT("\xf0\x9f\x98"),
		TEXT("\xc2/"), TEXT("\xe2\x82/"), TEXT("\xe2\x28\xa1"), TEXT("\xf0\x9f\x28\x80"),
		TEXT("\xf0\x9f\x98\x28"),
		/* Longer than need be */
		TEXT("\xc0\x80"), TEXT("\xc0\xae"), TEXT("\xc1\xbf"), TEXT("\xe0\x80\x80"),
		TEXT("\xe0\x9f\xbf"), TEXT("\xf0\x80\x80\x80"), TEXT("\xf0\x8f\xbf\xbf"),
		/* Surrogates, and what is above all characters */
		TEXT("\xed\xa0\x80"), TEXT("\xed\xbf\xbf"), TEXT("\xf4\x90\x80\x80"),
		TEXT("\xf5\x80\x80\x80"), TEXT("\xf8\x88\x80\x80\x80"), TEXT("\xfe"), TEXT("\xff"),
	};
	struct side *s = &self->s;
	int i, h;

	for (i = 0; i < ARRAY_SIZE(good); i++) {
		h = open_text(s, good[i].text, good[i].len);
		EXPECT_LT(0, h) {
			TH_LOG("good name %d", i);
		}
		EXPECT_EQ(0, t_info(s, h));
		EXPECT_EQ(good[i].len, s->out.values[0].len);
		t_close(s, h);
	}
	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		EXPECT_EQ(-EINVAL, open_text(s, bad[i].text, bad[i].len)) {
			TH_LOG("bad name %d", i);
		}
	}
}

TEST_F(kshare, a_name_has_at_most_255_bytes)
{
	struct side *s = &self->s;
	char text[300];
	int h;

	memset(text, 'n', sizeof(text));
	EXPECT_EQ(-EINVAL, open_text(s, text, 256));
	EXPECT_EQ(-EINVAL, open_text(s, text, 300));
	h = open_text(s, text, 255);
	EXPECT_LT(0, h);
	EXPECT_EQ(-EEXIST, open_text(s, text, 255));
	EXPECT_EQ(0, t_info(s, h));
	EXPECT_EQ(255, s->out.values[0].len);
	EXPECT_EQ(0, memcmp(text, (char *)(uintptr_t)s->out.values[0].ptr, 255));
	/* Another one */
	EXPECT_LT(0, open_text(s, text, 254));
	/* The last byte is the first of a character. */
	text[254] = 0xc2;
	text[255] = 0x80;
	EXPECT_EQ(-EINVAL, open_text(s, text, 255));
}

TEST_F(kshare, a_name_is_the_same_in_place_and_by_address)
{
	struct kshare_cmd cmd = t_open_cmd("in place", KSHARE_MAKE, 0);
	struct side *s = &self->s;
	int a = t_raw(s, cmd), b;

	ASSERT_LT(0, a);
	cmd.flags = 0;
	memcpy(cmd.key.bytes, "in place", 8);
	cmd.key.inline_len = 8;
	b = t_raw(s, cmd);
	EXPECT_EQ(t_id(s, a), t_id(s, b));
	cmd.key.inline_len = 7;
	EXPECT_EQ(-EINVAL, t_raw(s, cmd));
	cmd.key.inline_len = 0;
	cmd.key.ptr = 1;
	EXPECT_EQ(-EFAULT, t_raw(s, cmd));
	cmd.key = t_bytes("in place", 8);
	EXPECT_EQ(-EINVAL, t_raw(s, cmd));
	cmd.key = t_none();
	EXPECT_EQ(-EINVAL, t_raw(s, cmd));
	cmd.key = t_int(1);
	EXPECT_EQ(-EINVAL, t_raw(s, cmd));
}

TEST_F(kshare, modes_and_flags_that_mean_nothing_are_refused)
{
	static const int64_t bad[] = { 1, 010, 0100, 0111, 0777, 01000, 04600, -1,
				       1ll << 32 | 0600, 1ll << 40, INT64_MIN };
	struct side *s = &self->s;
	struct kshare_cmd cmd = t_open_cmd("bad", KSHARE_MAKE, 0);
	int d = t_make(s, "good", 0, 0600), i;

	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		cmd.value = t_int(bad[i]);
		EXPECT_EQ(-EINVAL, t_raw(s, cmd));
	}
	cmd.value = t_uint(~0ull);
	EXPECT_EQ(-EINVAL, t_raw(s, cmd));
	cmd.value = t_str("0600");
	EXPECT_EQ(-EINVAL, t_raw(s, cmd));
	cmd.value = t_float(384);
	EXPECT_EQ(-EINVAL, t_raw(s, cmd));

	EXPECT_EQ(-EINVAL, t_raw(s, t_open_cmd("good", KSHARE_EXCLUSIVE, 0)));
	EXPECT_EQ(-EINVAL, t_raw(s, t_open_cmd("good", KSHARE_PIN, 0)));
	cmd = t_open_cmd("good", 0, 0);
	cmd.value = t_int(0600);
	EXPECT_EQ(-EINVAL, t_raw(s, cmd));
	EXPECT_EQ(-EOPNOTSUPP, t_raw(s, t_open_cmd("good", KSHARE_UNPIN, 0)));
	EXPECT_EQ(-EOPNOTSUPP, t_raw(s, t_open_cmd("good", KSHARE_MAKE | KSHARE_NOWAIT, 0)));
	EXPECT_EQ(-EOPNOTSUPP, t_raw(s, t_open_cmd("good", 0, 0x40)));
	cmd = t_open_cmd("good", 0, 0);
	cmd.handle = 1;
	EXPECT_EQ(-EINVAL, t_raw(s, cmd));

	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		cmd = t_cmd(KSHARE_OP_DOMAIN_SET, d);
		cmd.expect = t_int(bad[i]);
		EXPECT_EQ(-EINVAL, t_raw(s, cmd));
	}
	for (i = 0; i < 2; i++) {
		cmd = t_cmd(KSHARE_OP_DOMAIN_SET, d);
		(i ? &cmd.key : &cmd.value)[0] = t_int(-1);
		EXPECT_EQ(-EINVAL, t_raw(s, cmd));
		(i ? &cmd.key : &cmd.value)[0] = t_int(UINT32_MAX);
		EXPECT_EQ(-EINVAL, t_raw(s, cmd));
		(i ? &cmd.key : &cmd.value)[0] = t_int(1ll << 32);
		EXPECT_EQ(-EINVAL, t_raw(s, cmd));
	}
	EXPECT_EQ(-EOPNOTSUPP, t_set(s, d, -1, -1, -1, KSHARE_MAKE));
	EXPECT_EQ(-EBADF, t_set(s, 999, -1, -1, 0600, 0));
	EXPECT_EQ(-ENOTTY, t_set(s, t_create(s, KSHARE_TYPE_CELL), -1, -1, 0600, 0));
	EXPECT_TRUE(t_info_is(s, d, 0, 0, 0600, false));
	EXPECT_FALSE(is_there(s, "bad"));
}

TEST_HARNESS_MAIN
