// SPDX-License-Identifier: GPL-2.0
/*
 * Accounts of users: what is counted, for whom, what the limits are, and that all
 * of it is given back.  Each test has users of its own, since a limit that was set
 * stays.
 */
#include "sharing_test.h"

#include <sys/resource.h>

#define LIMITS	(KSHARE_LIMIT_DOMAINS + 1)

static const char *const params[LIMITS] = {
	[KSHARE_LIMIT_OBJECTS] = "max_user_objects",
	[KSHARE_LIMIT_BYTES] = "max_user_bytes",
	[KSHARE_LIMIT_HANDLES] = "max_user_handles",
	[KSHARE_LIMIT_WAITERS] = "max_user_waiters",
	[KSHARE_LIMIT_DOMAINS] = "max_user_domains",
};

static struct kshare_cmd limit_cmd(int64_t uid, uint32_t what)
{
	struct kshare_cmd cmd = t_cmd(KSHARE_OP_USER_LIMIT, 0);

	cmd.nr = what;
	if (uid >= 0)
		cmd.key = t_int(uid);
	return cmd;
}

/* What a user has in use; -1 for the caller's own */
static int64_t used(struct side *s, int64_t uid, uint32_t what)
{
	int ret = t_run(s, limit_cmd(uid, what));

	return ret ?: s->out.values[0].i;
}

static int64_t limit(struct side *s, int64_t uid, uint32_t what)
{
	int ret = t_run(s, limit_cmd(uid, what));

	return ret ?: s->out.head.number;
}

static int set_limit(struct side *s, int64_t uid, uint32_t what, uint64_t n)
{
	struct kshare_cmd cmd = limit_cmd(uid, what);

	cmd.value = t_uint(n);
	return t_raw(s, cmd);
}

/* Waits until it is that much: a worker may have something for a moment. */
static int64_t until_used(struct side *s, int64_t uid, uint32_t what, int64_t n)
{
	int64_t end = t_now() + T_LONG, now;

	do {
		now = used(s, uid, what);
	} while (now != n && t_now() < end && !sched_yield());
	return now;
}

static bool all_is_back(struct side *s, int64_t uid)
{
	int i;

	for (i = 0; i < LIMITS; i++)
		if (until_used(s, uid, i, 0))
			return false;
	return true;
}

/* A parameter of the module, or with @set what it is from now on */
static long param(uint32_t what, long set)
{
	char path[100], text[32] = {};
	int fd, ret;

	snprintf(path, sizeof(path), "/sys/module/kshare/parameters/%s", params[what]);
	fd = open(path, set >= 0 ? O_WRONLY : O_RDONLY);
	if (fd < 0)
		return -errno;
	if (set >= 0) {
		snprintf(text, sizeof(text), "%ld", set);
		ret = write(fd, text, strlen(text));
	} else {
		ret = read(fd, text, sizeof(text) - 1);
	}
	close(fd);
	return ret < 0 ? -errno : set >= 0 ? 0 : strtol(text, NULL, 10);
}

/* A child as a user that stays until it is killed or let go; step 0: it is so far. */
static pid_t user(uid_t uid, int (*f)(struct side *s))
{
	struct side child;
	pid_t pid;

	t_share_counts();
	pid = fork();
	if (pid)
		return t_until_step(0, pid) ? pid : -1;
	if (!t_be(&child, uid, uid)) {
		t_result(0, -1000);
		t_count(0);
		_exit(1);
	}
	t_result(0, f(&child));
	t_count(0);
	while (!t_counted(1))
		sched_yield();
	_exit(0);
}

static int let_go(pid_t pid)
{
	t_count(1);
	return t_wait(pid);
}

static int nothing(struct side *s)
{
	return 0;
}

/* ---- what is counted ---- */

TEST_F(kshare, a_client_has_a_domain_its_root_and_a_handle)
{
	struct side *s = &self->s;
	pid_t pid = user(2001, nothing);

	/* The root of its own domain */
	EXPECT_EQ(1, used(s, 2001, KSHARE_LIMIT_OBJECTS));
	EXPECT_EQ(1, used(s, 2001, KSHARE_LIMIT_DOMAINS));
	EXPECT_EQ(1, used(s, 2001, KSHARE_LIMIT_HANDLES));
	EXPECT_LT(0, used(s, 2001, KSHARE_LIMIT_BYTES));
	EXPECT_EQ(0, let_go(pid));
	EXPECT_TRUE(all_is_back(s, 2001));
}

static int objects_here_and_there(struct side *s)
{
	int i, d = t_make(s, "accounts/there", 0, 0600);

	for (i = 0; i < 5; i++)
		if (t_create(s, KSHARE_TYPE_CELL) < 0 || t_create_in(s, d, KSHARE_TYPE_LIST) < 0)
			return -1;
	return 0;
}

TEST_F(kshare, what_a_user_has_is_the_sum_and_goes_with_its_processes)
{
	struct side *s = &self->s;
	int64_t bytes;
	pid_t pids[2];
	int i;

	for (i = 0; i < 2; i++) {
		pids[0] = user(2002, objects_here_and_there);
		EXPECT_EQ(0, RESULT(0));
		/* Two roots and ten; handles to them, to both domains */
		EXPECT_EQ(12, used(s, 2002, KSHARE_LIMIT_OBJECTS));
		EXPECT_EQ(2, used(s, 2002, KSHARE_LIMIT_DOMAINS));
		EXPECT_EQ(12, used(s, 2002, KSHARE_LIMIT_HANDLES));
		bytes = used(s, 2002, KSHARE_LIMIT_BYTES);
		pids[1] = user(2002, nothing);
		EXPECT_EQ(13, used(s, 2002, KSHARE_LIMIT_OBJECTS));
		EXPECT_EQ(3, used(s, 2002, KSHARE_LIMIT_DOMAINS));
		EXPECT_EQ(13, used(s, 2002, KSHARE_LIMIT_HANDLES));
		EXPECT_LT(bytes, used(s, 2002, KSHARE_LIMIT_BYTES));
		EXPECT_EQ(0, let_go(pids[1]));
		EXPECT_EQ(bytes, until_used(s, 2002, KSHARE_LIMIT_BYTES, bytes));
		EXPECT_EQ(12, until_used(s, 2002, KSHARE_LIMIT_OBJECTS, 12));
		EXPECT_EQ(1000 + SIGKILL, t_kill(pids[0]));
		EXPECT_TRUE(all_is_back(s, 2002));
	}
}

TEST_F(kshare, closing_gives_back_exactly_what_was_taken)
{
	struct kshare_cmd cmd;
	struct side *s = &self->s;
	int64_t before[LIMITS];
	char text[3000] = {};
	int i, round, h, d, root;

	for (i = 0; i < LIMITS; i++)
		before[i] = used(s, -1, i);
	for (round = 0; round < 3; round++) {
		d = t_make(s, "accounts/close", 0, 0600);
		root = t_raw(s, t_cmd(KSHARE_OP_DOMAIN_ROOT, d));
		EXPECT_EQ(before[KSHARE_LIMIT_DOMAINS] + 1, used(s, -1, KSHARE_LIMIT_DOMAINS));
		EXPECT_EQ(before[KSHARE_LIMIT_OBJECTS] + 1, used(s, -1, KSHARE_LIMIT_OBJECTS));
		EXPECT_EQ(before[KSHARE_LIMIT_HANDLES] + 2, used(s, -1, KSHARE_LIMIT_HANDLES));
		for (i = 0; i < 50; i++) {
			cmd = t_cmd(KSHARE_OP_DICT_SET, root);
			cmd.key = t_int(i);
			cmd.value = t_bytes(text, sizeof(text));
			EXPECT_EQ(0, t_raw(s, cmd) < 0);
		}
		EXPECT_LT(before[KSHARE_LIMIT_BYTES] + 50 * sizeof(text),
			  used(s, -1, KSHARE_LIMIT_BYTES));
		for (i = 0; i < 10; i++) {
			h = t_create_in(s, d, KSHARE_TYPE_LIST);
			t_run_with(s, KSHARE_OP_LIST_APPEND, h, t_bytes(text, 100));
			cmd = t_cmd(KSHARE_OP_DICT_SET, root);
			cmd.key = t_int(i);
			cmd.value = t_ref(h);
			t_raw(s, cmd);
			t_close(s, h);
		}
		EXPECT_EQ(before[KSHARE_LIMIT_OBJECTS] + 11, used(s, -1, KSHARE_LIMIT_OBJECTS));
		EXPECT_EQ(0, t_close(s, d));
		EXPECT_EQ(0, t_close(s, root));
		for (i = 0; i < LIMITS; i++)
			EXPECT_EQ(before[i], until_used(s, -1, i, before[i]));
	}
}

static int waits_here_and_there(struct side *s)
{
	static struct t_thread threads[3];
	int d[3] = {
		1, t_make(s, "accounts/waits", 0, 0600), t_join(s, "accounts/of others", 0),
	};
	int i, e;

	for (i = 0; i < 3; i++) {
		e = t_create_in(s, d[i], KSHARE_TYPE_EVENT);
		if (e < 0)
			return e;
		t_begin(s, &threads[i], t_cmd(KSHARE_OP_EVENT_WAIT, e), false);
		t_until_waiters(s, e, 1);
	}
	return 0;
}

TEST_F(kshare, waiting_commands_are_counted_over_all_domains)
{
	struct side *s = &self->s;
	int64_t mine = used(s, -1, KSHARE_LIMIT_WAITERS);
	pid_t pid;

	/* Who waits pays, not whose the domain is. */
	EXPECT_LT(0, t_make(s, "accounts/of others", 0, 0666));
	pid = user(2003, waits_here_and_there);
	EXPECT_EQ(0, RESULT(0));
	EXPECT_EQ(3, used(s, 2003, KSHARE_LIMIT_WAITERS));
	EXPECT_EQ(mine, used(s, -1, KSHARE_LIMIT_WAITERS));
	EXPECT_EQ(1000 + SIGKILL, t_kill(pid));
	EXPECT_TRUE(all_is_back(s, 2003));
}

/* ---- limits ---- */

static int at_its_limits(struct side *s)
{
	struct kshare_cmd cmd;
	int64_t now[LIMITS];
	int i, d;

	for (i = 0; i < LIMITS; i++)
		now[i] = used(s, -1, i);
	/* The root is there, and with it the limit is reached. */
	if (t_create(s, KSHARE_TYPE_CELL) != -EDQUOT)
		return -1;
	if (t_raw(s, t_cmd(KSHARE_OP_DUP, 1)) != -EDQUOT)
		return -2;
	d = t_make(s, "accounts/limit", 0, 0600);
	if (d != -EDQUOT || t_join(s, "accounts/limit", 0) != -ENOENT)
		return -3;
	if (t_raw(s, t_cmd(KSHARE_OP_DOMAIN_ROOT, 1)) != -EDQUOT)
		return -4;
	cmd = t_cmd(KSHARE_OP_TICKET_CREATE, 1);
	if (t_run(s, cmd) != -EDQUOT)
		return -5;
	for (i = 0; i < LIMITS; i++)
		if (until_used(s, -1, i, now[i]) != now[i])
			return -10 - i;
	return 0;
}

TEST_F(kshare, a_limit_of_one_is_the_clients_own)
{
	struct side *s = &self->s, second;
	pid_t pid, more;

	EXPECT_EQ(0, set_limit(s, 2010, KSHARE_LIMIT_OBJECTS, 1));
	EXPECT_EQ(0, set_limit(s, 2010, KSHARE_LIMIT_HANDLES, 1));
	EXPECT_EQ(0, set_limit(s, 2010, KSHARE_LIMIT_DOMAINS, 1));
	pid = user(2010, at_its_limits);
	EXPECT_EQ(0, RESULT(0));
	/* And a second client cannot be opened. */
	EXPECT_EQ(1, used(s, 2010, KSHARE_LIMIT_DOMAINS));
	more = fork();
	if (!more)
		_exit(t_be(&second, 2010, 2010) ? 0 : errno);
	EXPECT_EQ(EDQUOT, t_wait(more));
	EXPECT_EQ(0, let_go(pid));
	EXPECT_TRUE(all_is_back(s, 2010));
}

static int only_one_waits(struct side *s)
{
	static struct t_thread thread;
	struct kshare_cmd cmd;
	int e = t_create(s, KSHARE_TYPE_EVENT), d = t_make(s, "accounts/waiter", 0, 0600), f;

	f = t_create_in(s, d, KSHARE_TYPE_EVENT);
	t_begin(s, &thread, t_cmd(KSHARE_OP_EVENT_WAIT, e), false);
	t_until_waiters(s, e, 1);
	cmd = t_cmd(KSHARE_OP_EVENT_WAIT, f);
	cmd.deadline = t_now() + T_LONG;
	if (t_raw(s, cmd) != -EDQUOT)
		return -1;
	/* Not waiting needs no limit. */
	cmd.deadline = 0;
	cmd.flags = KSHARE_NOWAIT;
	if (t_raw(s, cmd) != -EAGAIN)
		return -2;
	if (t_raw(s, t_cmd(KSHARE_OP_EVENT_SET, e)) || t_end(&thread))
		return -3;
	return used(s, -1, KSHARE_LIMIT_WAITERS);
}

TEST_F(kshare, no_more_commands_wait_than_the_limit)
{
	struct side *s = &self->s;
	pid_t pid;

	EXPECT_EQ(0, set_limit(s, 2011, KSHARE_LIMIT_WAITERS, 1));
	pid = user(2011, only_one_waits);
	EXPECT_EQ(0, RESULT(0));
	EXPECT_EQ(0, let_go(pid));
	EXPECT_TRUE(all_is_back(s, 2011));
}

static int keeps_what_it_has(struct side *s)
{
	int cells[3], i;
	int64_t now;

	for (i = 0; i < 3; i++)
		cells[i] = t_create(s, KSHARE_TYPE_CELL);
	now = used(s, -1, KSHARE_LIMIT_OBJECTS);
	t_count(2);
	while (!t_counted(3))
		sched_yield();
	/* It is two, and four are there. */
	if (limit(s, -1, KSHARE_LIMIT_OBJECTS) != 2 || now != 4)
		return -1;
	for (i = 0; i < 3; i++)
		if (t_run_with(s, KSHARE_OP_CELL_SET, cells[i], t_int(i)))
			return -2;
	if (t_create(s, KSHARE_TYPE_CELL) != -EDQUOT)
		return -3;
	t_close(s, cells[0]);
	if (t_create(s, KSHARE_TYPE_CELL) != -EDQUOT)
		return -4;
	t_close(s, cells[1]);
	/* Two of two */
	if (t_create(s, KSHARE_TYPE_CELL) != -EDQUOT)
		return -5;
	t_close(s, cells[2]);
	return t_create(s, KSHARE_TYPE_CELL) < 0 ? -6 : 0;
}

TEST_F(kshare, a_limit_below_what_is_used_keeps_all_and_grants_nothing)
{
	struct side *s = &self->s, child;
	pid_t pid;

	t_share_counts();
	pid = fork();
	if (!pid) {
		if (!t_be(&child, 2012, 2012))
			_exit(1);
		_exit(-keeps_what_it_has(&child));
	}
	ASSERT_TRUE(t_until_step(2, pid));
	EXPECT_EQ(0, set_limit(s, 2012, KSHARE_LIMIT_OBJECTS, 2));
	t_count(3);
	EXPECT_EQ(0, t_wait(pid));
	EXPECT_TRUE(all_is_back(s, 2012));
}

static int grows_until_it_may_not(struct side *s)
{
	static char text[5000];
	int l = t_create(s, KSHARE_TYPE_LIST), i, ret;
	struct kshare_stat before, after;
	int64_t bytes;

	for (i = 0; i < 1000; i++) {
		if (t_stat(s, l, &before))
			return -1;
		bytes = used(s, -1, KSHARE_LIMIT_BYTES);
		ret = t_run_with(s, KSHARE_OP_LIST_APPEND, l, t_bytes(text, sizeof(text)));
		if (ret == -EDQUOT)
			break;
		if (ret < 0)
			return ret;
	}
	if (!i || i == 1000 || t_stat(s, l, &after))
		return -2;
	if (before.length != after.length || before.version != after.version ||
	    before.bytes != after.bytes || used(s, -1, KSHARE_LIMIT_BYTES) != bytes)
		return -3;
	/* There is room again. */
	if (t_run(s, t_cmd(KSHARE_OP_LIST_CLEAR, l)))
		return -4;
	return t_run_with(s, KSHARE_OP_LIST_APPEND, l, t_bytes(text, 100)) < 0 ? -5 : 0;
}

TEST_F(kshare, what_is_over_the_limit_of_bytes_changes_nothing)
{
	struct side *s = &self->s;
	pid_t pid;

	EXPECT_EQ(0, set_limit(s, 2013, KSHARE_LIMIT_BYTES, 200000));
	pid = user(2013, grows_until_it_may_not);
	EXPECT_EQ(0, RESULT(0));
	EXPECT_EQ(0, let_go(pid));
	EXPECT_TRUE(all_is_back(s, 2013));
}

static int makes_a_list_for_all(struct side *s)
{
	int d = t_make(s, "accounts/payer", 0, 0666);
	int l = t_create_in(s, d, KSHARE_TYPE_LIST);

	return t_put(s, d, "list", t_ref(l));
}

static int appends_much(struct side *s)
{
	static char text[10000];
	int d = t_join(s, "accounts/payer", 0), l = t_find(s, d, "list"), i;

	if (l < 0)
		return l;
	for (i = 0; i < 10; i++)
		if (t_run_with(s, KSHARE_OP_LIST_APPEND, l, t_bytes(text, sizeof(text))) < 0)
			return -1;
	/* What it creates there is its own, although the domain is not. */
	l = t_create_in(s, d, KSHARE_TYPE_LIST);
	for (i = 0; i < 3; i++)
		if (t_run_with(s, KSHARE_OP_LIST_APPEND, l, t_bytes(text, sizeof(text))) < 0)
			return -2;
	return 0;
}

TEST_F(kshare, the_creator_pays_whoever_makes_it_grow)
{
	struct side *s = &self->s;
	int64_t before, now, other;
	int *counts;
	pid_t a, b;

	a = user(2014, makes_a_list_for_all);
	EXPECT_EQ(0, RESULT(0));
	counts = t_counts;
	before = used(s, 2014, KSHARE_LIMIT_BYTES);
	EXPECT_EQ(3, used(s, 2014, KSHARE_LIMIT_OBJECTS));
	b = user(2015, appends_much);
	EXPECT_EQ(0, RESULT(0));
	now = used(s, 2014, KSHARE_LIMIT_BYTES);
	other = used(s, 2015, KSHARE_LIMIT_BYTES);
	EXPECT_LE(before + 100000, now);
	EXPECT_GT(before + 120000, now);
	EXPECT_LE(30000, other);
	EXPECT_GT(50000, other);
	EXPECT_EQ(2, used(s, 2015, KSHARE_LIMIT_OBJECTS));
	EXPECT_EQ(1, used(s, 2015, KSHARE_LIMIT_DOMAINS));
	EXPECT_EQ(3, used(s, 2014, KSHARE_LIMIT_OBJECTS));
	/* The creator's limit is that of all who make it grow. */
	EXPECT_EQ(0, set_limit(s, 2014, KSHARE_LIMIT_BYTES, 1000));
	EXPECT_EQ(0, let_go(b));
	EXPECT_TRUE(all_is_back(s, 2015));
	b = user(2015, appends_much);
	EXPECT_EQ(-1, RESULT(0));
	/* And stays who pays when it is gone, as long as the object is there. */
	t_counts = counts;
	EXPECT_EQ(1000 + SIGKILL, t_kill(a));
	/* The list and the root that leads to it */
	EXPECT_EQ(2, until_used(s, 2014, KSHARE_LIMIT_OBJECTS, 2));
	EXPECT_LE(100000, used(s, 2014, KSHARE_LIMIT_BYTES));
	EXPECT_EQ(1000 + SIGKILL, t_kill(b));
	EXPECT_TRUE(all_is_back(s, 2014));
	EXPECT_TRUE(all_is_back(s, 2015));
}

static int makes_a_queue_for_all(struct side *s)
{
	int d = t_make(s, "accounts/queue", 0, 0666);

	return t_put(s, d, "queue", t_ref(t_create_in(s, d, KSHARE_TYPE_QUEUE)));
}

/* A message that goes to who waits at once is one that may come back. */
TEST_F(kshare, a_put_counts_even_if_somebody_waits_for_it)
{
	struct side *s = &self->s;
	pid_t pid = user(2016, makes_a_queue_for_all);
	int q, d = t_join(s, "accounts/queue", 0);
	struct kshare_cmd put = t_cmd(KSHARE_OP_QUEUE_PUT, 0);
	struct t_thread t;

	EXPECT_EQ(0, RESULT(0));
	q = t_find(s, d, "queue");
	ASSERT_LT(0, q);
	t_begin(s, &t, t_cmd(KSHARE_OP_QUEUE_GET, q), true);
	t_until_waiters(s, q, 1);
	EXPECT_EQ(0, set_limit(s, 2016, KSHARE_LIMIT_BYTES, 1));
	EXPECT_EQ(-EDQUOT, t_run_with(s, KSHARE_OP_QUEUE_PUT, q, t_int(1)));
	/* A number, and without a result, which is the quick way */
	put.handle = q;
	put.value = t_int(1);
	EXPECT_EQ(-EDQUOT, t_raw(s, put));
	t_until_waiters(s, q, 1);
	EXPECT_EQ(0, set_limit(s, 2016, KSHARE_LIMIT_BYTES, 1 << 20));
	EXPECT_EQ(0, t_raw(s, put));
	EXPECT_EQ(1, t_end(&t));
	EXPECT_EQ(0, t_close(s, q));
	EXPECT_EQ(0, t_close(s, d));
	EXPECT_EQ(0, let_go(pid));
	EXPECT_TRUE(all_is_back(s, 2016));
}

/* ---- who may ask and set ---- */

static int asks_and_sets(struct side *s)
{
	int i;

	for (i = 0; i < LIMITS; i++) {
		if (limit(s, -1, i) < 0)
			return -1;
		if (used(s, getuid(), i) != -EPERM || used(s, 0, i) != -EPERM)
			return -2;
		if (set_limit(s, -1, i, 1) != -EPERM || set_limit(s, 0, i, 1) != -EPERM ||
		    set_limit(s, getuid(), i, 0) != -EPERM)
			return -3;
	}
	return 0;
}

TEST_F(kshare, others_and_setting_are_for_who_may_manage_resources)
{
	struct side *s = &self->s;
	int64_t was;
	pid_t pid = user(2020, asks_and_sets);

	EXPECT_EQ(0, RESULT(0));
	EXPECT_EQ(0, let_go(pid));
	EXPECT_EQ(0, t_cap(CAP_SYS_RESOURCE, false));
	was = limit(s, -1, KSHARE_LIMIT_OBJECTS);
	EXPECT_LT(0, was);
	EXPECT_EQ(-EPERM, used(s, 2020, KSHARE_LIMIT_OBJECTS));
	EXPECT_EQ(-EPERM, set_limit(s, -1, KSHARE_LIMIT_OBJECTS, was));
	EXPECT_EQ(-EPERM, set_limit(s, 2020, KSHARE_LIMIT_OBJECTS, was));
	EXPECT_EQ(0, t_cap(CAP_SYS_RESOURCE, true));
	EXPECT_EQ(was, limit(s, -1, KSHARE_LIMIT_OBJECTS));
	EXPECT_EQ(was, limit(s, 0, KSHARE_LIMIT_OBJECTS));
	/* Raised as well as lowered */
	EXPECT_EQ(0, set_limit(s, 2020, KSHARE_LIMIT_OBJECTS, 5));
	EXPECT_EQ(5, limit(s, 2020, KSHARE_LIMIT_OBJECTS));
	EXPECT_EQ(0, set_limit(s, 2020, KSHARE_LIMIT_OBJECTS, was + 1));
	EXPECT_EQ(was + 1, limit(s, 2020, KSHARE_LIMIT_OBJECTS));
}

TEST_F(kshare, wrong_users_limits_and_kinds_of_limit_are_refused)
{
	struct side *s = &self->s;
	struct kshare_cmd cmd = limit_cmd(-1, 0);
	int64_t was = limit(s, -1, 0);

	EXPECT_EQ(-EOPNOTSUPP, used(s, -1, LIMITS));
	EXPECT_EQ(-EOPNOTSUPP, used(s, -1, ~0u));
	EXPECT_EQ(-EOPNOTSUPP, set_limit(s, -1, LIMITS, 1));
	cmd.key = t_int(-1);
	EXPECT_EQ(-EINVAL, t_run(s, cmd));
	cmd.key = t_uint(UINT32_MAX);
	EXPECT_EQ(-EINVAL, t_run(s, cmd));
	cmd.key = t_uint(1ull << 32);
	EXPECT_EQ(-EINVAL, t_run(s, cmd));
	cmd.key = t_str("root");
	EXPECT_EQ(-EINVAL, t_run(s, cmd));
	cmd = limit_cmd(-1, 0);
	cmd.value = t_int(-1);
	EXPECT_EQ(-EINVAL, t_run(s, cmd));
	cmd.value = t_float(1);
	EXPECT_EQ(-EINVAL, t_run(s, cmd));
	cmd.value = t_none();
	cmd.handle = 1;
	EXPECT_EQ(-EINVAL, t_run(s, cmd));
	cmd.handle = 0;
	cmd.flags = KSHARE_NOWAIT;
	EXPECT_EQ(-EOPNOTSUPP, t_run(s, cmd));
	EXPECT_EQ(was, limit(s, -1, 0));
}

TEST_F(kshare, a_limit_whose_result_cannot_be_told_is_not_set)
{
	struct kshare_result *head = &self->s.out.head;
	struct side *s = &self->s;
	struct kshare_cmd get[2] = {
		limit_cmd(2021, KSHARE_LIMIT_OBJECTS), t_cmd(KSHARE_OP_DOMAIN_LIMIT, 1),
	}, cmd;
	uint64_t was, need;
	int i;

	for (i = 0; i < 2; i++) {
		EXPECT_EQ(0, t_run(s, get[i]));
		was = head->number;
		need = sizeof(*head) + head->count * sizeof(struct kshare_value);
		cmd = get[i];
		cmd.value = t_int(500);
		cmd.out = 8;
		cmd.out_len = 4096;
		EXPECT_EQ(-EFAULT, t_raw(s, cmd));
		EXPECT_EQ(0, t_run(s, get[i]));
		EXPECT_EQ(was, head->number);
		cmd.out = (uintptr_t)head;
		cmd.out_len = sizeof(*head);
		if (need > sizeof(*head)) {
			EXPECT_EQ(-ENOBUFS, t_raw(s, cmd));
			EXPECT_EQ(need, head->number);
			EXPECT_EQ(0, t_run(s, get[i]));
			EXPECT_EQ(was, head->number);
			cmd.out_len = need;
		}
		EXPECT_EQ(0, t_raw(s, cmd));
		EXPECT_EQ(500, head->number);
		EXPECT_EQ(0, t_run(s, get[i]));
		EXPECT_EQ(500, head->number);
	}
}

static int asks_as_the_parameter_changes(struct side *s)
{
	int i, step = 2;
	long was;

	for (i = 0; i < LIMITS; i++) {
		was = limit(s, -1, i);
		t_count(step);
		while (!t_counted(step + 1))
			sched_yield();
		if (limit(s, -1, i) != was - 1 - i)
			return -10 - i;
		step += 2;
	}
	if (t_create(s, KSHARE_TYPE_CELL) < 0)
		return -1;
	t_count(step);
	while (!t_counted(step + 1))
		sched_yield();
	/* One object at most, and there are two. */
	return t_create(s, KSHARE_TYPE_CELL) == -EDQUOT ? 0 : -2;
}

TEST_F(kshare, parameters_hold_at_once_for_users_without_limits_of_their_own)
{
	struct side *s = &self->s, child;
	long was[LIMITS];
	int i, step = 2;
	pid_t pid;

	EXPECT_EQ(0, set_limit(s, 2031, KSHARE_LIMIT_OBJECTS, 4711));
	t_share_counts();
	pid = fork();
	if (!pid) {
		if (!t_be(&child, 2030, 2030))
			_exit(1);
		_exit(-asks_as_the_parameter_changes(&child));
	}
	for (i = 0; i < LIMITS; i++) {
		was[i] = param(i, -1);
		EXPECT_LT(0, was[i]);
		ASSERT_TRUE(t_until_step(step, pid));
		EXPECT_EQ(0, param(i, was[i] - 1 - i));
		EXPECT_EQ(was[i] - 1 - i, limit(s, 2030, i));
		t_count(step + 1);
		step += 2;
	}
	EXPECT_EQ(4711, limit(s, 2031, KSHARE_LIMIT_OBJECTS));
	/* What was not set for that user is the parameter. */
	EXPECT_EQ(was[KSHARE_LIMIT_BYTES] - 2, limit(s, 2031, KSHARE_LIMIT_BYTES));
	EXPECT_TRUE(t_until_step(step, pid));
	EXPECT_EQ(0, param(KSHARE_LIMIT_OBJECTS, 1));
	t_count(step + 1);
	EXPECT_EQ(0, t_wait(pid));
	for (i = 0; i < LIMITS; i++)
		EXPECT_EQ(0, param(i, was[i]));
	EXPECT_TRUE(all_is_back(s, 2030));
}

/* Makes a descriptor and closes it: 0, or -errno. */
static int makes_a_descriptor(struct side *s, uint32_t op, int h)
{
	int fd = t_raw(s, t_cmd(op, h));

	return fd < 0 ? fd : close(fd);
}

TEST_F(kshare, who_can_have_no_descriptor_gets_no_more_of_what_it_would_be_for)
{
	struct rlimit none, before;
	struct side *s = &self->s;
	struct kshare_stat now[2];
	uint32_t ops[] = { KSHARE_OP_EXPORT_FD, KSHARE_OP_CLIENT_CLONE };
	int c = t_create(s, KSHARE_TYPE_CELL), i, ret;
	int64_t handles;

	ASSERT_EQ(0, getrlimit(RLIMIT_NOFILE, &before));
	none = (struct rlimit){ 0, before.rlim_max };
	ASSERT_EQ(0, t_stat(s, 1, &now[0]));
	handles = used(s, -1, KSHARE_LIMIT_HANDLES);
	for (i = 0; i < 2; i++) {
		int h = ops[i] == KSHARE_OP_EXPORT_FD ? c : 0;

		ASSERT_EQ(0, setrlimit(RLIMIT_NOFILE, &none));
		EXPECT_EQ(-EMFILE, makes_a_descriptor(s, ops[i], h));
		ASSERT_EQ(0, setrlimit(RLIMIT_NOFILE, &before));
		ASSERT_TRUE(t_files_run_out(true));
		ret = makes_a_descriptor(s, ops[i], h);
		ASSERT_TRUE(t_files_run_out(false));
		EXPECT_EQ(-ENFILE, ret);
		ASSERT_EQ(0, t_stat(s, 1, &now[1]));
		EXPECT_EQ(now[0].refs, now[1].refs);
		EXPECT_EQ(now[0].clients, now[1].clients);
		EXPECT_EQ(handles, until_used(s, -1, KSHARE_LIMIT_HANDLES, handles));
		EXPECT_EQ(0, makes_a_descriptor(s, ops[i], h));
	}
}

TEST_HARNESS_MAIN
