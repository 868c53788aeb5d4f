// SPDX-License-Identifier: GPL-2.0
/*
 * Namespaces: names are of an IPC and a user namespace, capabilities of a user
 * namespace, and pids and uids are told as the reader sees them.
 */
#include "sharing_test.h"

#include <sys/resource.h>
#include <sys/stat.h>

/* Ids of a child's user namespace, and what they are outside */
static const char map[] = "0 3000 1\n5 1000 1\n9 0 1\n";

static void write_map(pid_t pid, const char *which)
{
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/%s", pid, which);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0 || write(fd, map, strlen(map)) != strlen(map))
		abort();
	close(fd);
}

/*
 * A child in namespaces of its own, with a client that it has from before: its own,
 * or with the handles of @from's.
 */
static pid_t child_in(struct side *from, int flags, int (*f)(struct side *s))
{
	struct side child;
	pid_t pid;

	pid = from ? t_fork(from) : fork();
	if (!pid) {
		if ((!from && !t_open(&child)) || unshare(flags))
			_exit(201);
		t_count(0);
		while (!t_counted(1))
			sched_yield();
		_exit(f(from ?: &child));
	}
	if (t_until_step(0, pid) && flags & CLONE_NEWUSER) {
		write_map(pid, "uid_map");
		write_map(pid, "gid_map");
	}
	t_count(1);
	return pid;
}

/* Is it in the list of names? */
static bool listed(struct side *s, const char *name)
{
	struct kshare_cmd cmd = t_cmd(KSHARE_OP_DOMAIN_LIST, 0);
	int i, count = t_run(s, cmd);

	for (i = 0; i < count; i++)
		if (t_is_str(NAME_OF(s, i), name))
			return true;
	return false;
}

/* What is to be true of a namespace of either kind; 0, or which line is not */
#define CHECK(what)				\
	do {					\
		if (!(what))			\
			return __LINE__ & 127;	\
	} while (0)

static int sees_nothing_and_makes_its_own(struct side *s)
{
	int d;

	CHECK(t_join(s, "both", 0) == -ENOENT);
	CHECK(!listed(s, "both"));
	d = t_make(s, "both", KSHARE_EXCLUSIVE, 0666);
	CHECK(d > 0);
	CHECK(t_take(s, d, "whose") == -ENOENT);
	CHECK(!t_put(s, d, "whose", t_int(2)));
	CHECK(listed(s, "both"));
	CHECK(t_make(s, "both", KSHARE_EXCLUSIVE, 0666) == -EEXIST);
	t_count(2);
	while (!t_counted(3))
		sched_yield();
	CHECK(t_join(s, "both", 0) > 0);
	CHECK(!t_take(s, d, "whose") && s->out.values[0].i == 2);
	/* Of its own it gets a number that nothing of the others' tells. */
	CHECK(t_raw(s, t_open_cmd("pinned", KSHARE_MAKE | KSHARE_PIN, 0)) == -EOPNOTSUPP);
	CHECK(t_join(s, "pinned", 0) == -ENOENT);
	CHECK(t_set(s, d, -1, -1, -1, KSHARE_PIN) == -EOPNOTSUPP);
	CHECK(!t_set(s, d, -1, -1, -1, KSHARE_UNPIN));
	CHECK(!t_close(s, d));
	return 0;
}

/* Both are there at once, and each has its own. */
static bool two_of_a_name(struct side *s, int flags)
{
	int d = t_make(s, "both", KSHARE_EXCLUSIVE, 0666), ret;
	pid_t pid;

	if (d < 0 || t_put(s, d, "whose", t_int(1)))
		return false;
	t_share_counts();
	pid = child_in(NULL, flags, sees_nothing_and_makes_its_own);
	t_until_step(2, pid);
	ret = t_take(s, d, "whose") || s->out.values[0].i != 1;
	t_close(s, d);
	/* That of the child's is none of ours. */
	ret |= t_join(s, "both", 0) != -ENOENT;
	t_count(3);
	flags = t_wait(pid);
	if (flags)
		fprintf(stderr, "# line 128 * n + %d\n", flags);
	return !flags && !ret;
}

TEST_F(kshare, an_ipc_namespace_has_names_of_its_own)
{
	EXPECT_TRUE(two_of_a_name(&self->s, CLONE_NEWIPC));
	/* Twice: it has ended in between. */
	EXPECT_TRUE(two_of_a_name(&self->s, CLONE_NEWIPC));
}

TEST_F(kshare, a_user_namespace_has_names_of_its_own)
{
	EXPECT_TRUE(two_of_a_name(&self->s, CLONE_NEWUSER));
}

TEST_F(kshare, and_so_have_both_together)
{
	EXPECT_TRUE(two_of_a_name(&self->s, CLONE_NEWUSER | CLONE_NEWIPC));
}

#define CROWD	40

/*
 * Each has one of its own, which it makes again and again: a table of names may not
 * be so full of the same one that somebody cannot have his.
 */
TEST_F(kshare, many_user_namespaces_may_have_the_same_name)
{
	struct side *s = &self->s, child;
	pid_t pids[CROWD];
	int i, d, n;

	t_share_counts();
	for (i = 0; i < CROWD; i++) {
		pids[i] = fork();
		if (pids[i])
			continue;
		d = t_open(&child) && !unshare(CLONE_NEWUSER) ? 0 : -EPERM;
		t_count(0);
		while (t_counted(0) < CROWD)
			sched_yield();
		for (n = 0; n < 200 && d >= 0; n++) {
			if (d)
				t_close(&child, d);
			d = t_make(&child, "crowd", KSHARE_EXCLUSIVE, 0600);
		}
		t_count(1);
		while (d > 0 && !t_counted(2))
			sched_yield();
		_exit(d < 0 ? -d : 0);
	}
	for (n = 0; t_counted(1) < CROWD; n++) {
		d = t_make(s, "crowd", KSHARE_EXCLUSIVE, 0600);
		ASSERT_LT(0, d);
		EXPECT_EQ(0, t_close(s, d));
	}
	t_count(2);
	for (i = 0; i < CROWD; i++)
		EXPECT_EQ(0, t_wait(pids[i]));
}

static int keeps_the_handle_it_has(struct side *s)
{
	int d = RESULT(0);

	CHECK(t_join(s, "came with", 0) == -ENOENT);
	CHECK(!t_take(s, d, "x"));
	CHECK(!t_put(s, d, "x", t_int(2)));
	return 0;
}

TEST_F(kshare, what_was_open_stays_open_in_a_namespace)
{
	struct side *s = &self->s;
	int i, d = t_make(s, "came with", 0, 0600);
	pid_t pid;

	EXPECT_EQ(0, t_put(s, d, "x", t_int(1)));
	for (i = 0; i < 2; i++) {
		t_share_counts();
		t_result(0, d);
		pid = child_in(s, i ? CLONE_NEWUSER : CLONE_NEWIPC, keeps_the_handle_it_has);
		EXPECT_EQ(0, t_wait(pid));
		EXPECT_EQ(0, t_take(s, d, "x"));
		EXPECT_EQ(2, s->out.values[0].i);
		/* A name is where the domain was made. */
		EXPECT_LT(0, t_join(s, "came with", 0));
	}
}

static ino_t ipc_number(void)
{
	struct stat st;

	return stat("/proc/self/ns/ipc", &st) ? 0 : st.st_ino;
}

static int the_number_is_not_used_again(struct side *s)
{
	int d = t_make(s, "left", KSHARE_EXCLUSIVE, 0666), i;
	ino_t number = ipc_number(), later = 0;

	CHECK(d > 0);
	CHECK(!t_put(s, d, "x", t_int(1)));
	/* Nobody else is in the first one any more. */
	/* Until that of one which ended later is used again, which takes a worker. */
	for (i = 0; i < 3000 && (i < 2 || ipc_number() != later); i++) {
		CHECK(!unshare(CLONE_NEWIPC));
		if (!i)
			later = ipc_number();
		CHECK(ipc_number() != number);
		CHECK(t_join(s, "left", 0) == -ENOENT);
	}
	CHECK(!t_take(s, d, "x"));
	CHECK(!listed(s, "left"));
	return 0;
}

TEST_F(kshare, a_name_keeps_the_namespace_that_it_is_of)
{
	t_share_counts();
	EXPECT_EQ(0, t_wait(child_in(NULL, CLONE_NEWIPC, the_number_is_not_used_again)));
}

static int has_no_descriptor_to_spare(struct side *s)
{
	struct rlimit none = { 0, 1024 }, many = { 1024, 1024 };
	int ret;

	/* What keeps the namespace is a descriptor for a moment. */
	CHECK(!setrlimit(RLIMIT_NOFILE, &none));
	CHECK(t_make(s, "spare", 0, 0600) == -EMFILE);
	CHECK(t_join(s, "spare", 0) == -ENOENT);
	CHECK(!listed(s, "spare"));
	CHECK(!setrlimit(RLIMIT_NOFILE, &many));
	CHECK(t_files_run_out(true));
	ret = t_make(s, "spare", 0, 0600);
	CHECK(t_files_run_out(false));
	CHECK(ret == -ENFILE);
	CHECK(t_join(s, "spare", 0) == -ENOENT);
	CHECK(!listed(s, "spare"));
	CHECK(t_make(s, "spare", KSHARE_EXCLUSIVE, 0600) > 0);
	return 0;
}

TEST_F(kshare, a_name_that_fails_for_want_of_a_descriptor_leaves_nothing)
{
	t_share_counts();
	EXPECT_EQ(0, t_wait(child_in(NULL, CLONE_NEWIPC, has_no_descriptor_to_spare)));
}

/* ---- power ---- */

static int root_of_a_user_namespace(struct side *s)
{
	struct kshare_cmd cmd = t_cmd(KSHARE_OP_USER_LIMIT, 0);
	int d = RESULT(0), own;

	CHECK(!setresgid(0, 0, 0) && !setresuid(0, 0, 0));
	/* Its capabilities end at its namespace, whatever its handle may. */
	CHECK(t_set(s, d, 5, -1, -1, 0) == 0);
	CHECK(t_set(s, d, 0, -1, -1, 0) == -EPERM);
	CHECK(t_set(s, d, -1, 5, -1, 0) == -EPERM);
	CHECK(t_set(s, d, -1, 0, -1, 0) == -EPERM);
	CHECK(t_set(s, d, -1, -1, 0666, 0) == -EPERM);
	CHECK(t_set(s, d, -1, -1, -1, KSHARE_UNPIN) == -EPERM);
	/* Those of users are for the initial one alone. */
	CHECK(t_run(s, cmd) == 0);
	cmd.key = t_int(5);
	CHECK(t_run(s, cmd) == -EPERM);
	cmd.key = t_none();
	cmd.value = t_int(1000000);
	CHECK(t_run(s, cmd) == -EPERM);

	/* In its own it has all power, over the ids that there are. */
	own = t_make(s, "own", KSHARE_EXCLUSIVE, 0);
	CHECK(own > 0);
	CHECK(t_info_is(s, own, 0, 0, 0, false));
	CHECK(t_set(s, own, 7, -1, -1, 0) == -EINVAL);
	CHECK(t_set(s, own, -1, 7, -1, 0) == -EINVAL);
	CHECK(!t_set(s, own, 5, 9, 0, 0));
	CHECK(t_info_is(s, own, 5, 9, 0, false));
	CHECK(!t_set(s, own, -1, -1, 0600, 0));
	CHECK(t_rights(s, t_join(s, "own", 0)) == KSHARE_RIGHT_ALL);
	/* Without the capability it is one of others. */
	CHECK(!t_cap(CAP_IPC_OWNER, false));
	CHECK(t_join(s, "own", 0) == -EPERM);
	CHECK(!t_cap(CAP_FOWNER, false));
	CHECK(t_set(s, own, -1, -1, 0666, 0) == -EPERM);
	return 0;
}

TEST_F(kshare, the_root_of_a_user_namespace_has_no_power_outside_of_it)
{
	struct side *s = &self->s;
	int d = t_make(s, "outside", 0, 0);

	EXPECT_EQ(0, t_set(s, d, ALICE, BOB, 0, 0));
	t_share_counts();
	t_result(0, d);
	EXPECT_EQ(0, t_wait(child_in(s, CLONE_NEWUSER, root_of_a_user_namespace)));
	EXPECT_TRUE(t_info_is(s, d, ALICE, BOB, 0, false));
}

static int has_what_it_was_given(struct side *s)
{
	struct kshare_cmd cmd = t_cmd(KSHARE_OP_IMPORT_FD, 0);
	int d, i;

	CHECK(!setresgid(0, 0, 0) && !setresuid(0, 0, 0));
	cmd.key = t_int(RESULT(0));
	for (i = KSHARE_RIGHT_WRITE; i <= KSHARE_RIGHT_MANAGE; i <<= 1) {
		cmd.nr = i;
		CHECK(i == KSHARE_RIGHT_WAIT || t_raw(s, cmd) == -EACCES);
	}
	cmd.nr = 0;
	d = t_raw(s, cmd);
	CHECK(d > 0);
	CHECK(t_rights(s, d) == (KSHARE_RIGHT_READ | KSHARE_RIGHT_WAIT));
	CHECK(!t_take(s, d, "x") && s->out.values[0].i == 7);
	CHECK(t_put(s, d, "x", t_int(8)) == -EACCES);
	CHECK(t_create_in(s, d, KSHARE_TYPE_CELL) == -EACCES);
	CHECK(t_set(s, d, -1, -1, 0666, 0) == -EACCES);
	CHECK(t_run(s, t_cmd(KSHARE_OP_DOMAIN_OBJECTS, d)) == -EACCES);
	CHECK(t_run(s, t_cmd(KSHARE_OP_TICKET_CREATE, d)) == -EACCES);
	CHECK(t_raw(s, t_cmd(KSHARE_OP_EXPORT_FD, d)) == -EACCES);
	cmd = t_cmd(KSHARE_OP_DUP, d);
	cmd.nr = KSHARE_RIGHT_READ | KSHARE_RIGHT_WRITE;
	CHECK(t_raw(s, cmd) == -EACCES);
	/* It has a part of it now, and yet no name. */
	CHECK(t_join(s, "descriptor", 0) == -ENOENT);
	CHECK(!listed(s, "descriptor"));
	return 0;
}

TEST_F(kshare, of_a_descriptor_one_has_what_it_was_made_with)
{
	struct side *s = &self->s;
	int d = t_make(s, "descriptor", 0, 0666);
	struct kshare_cmd cmd = t_cmd(KSHARE_OP_EXPORT_FD, d);
	int fd;

	EXPECT_EQ(0, t_put(s, d, "x", t_int(7)));
	cmd.nr = KSHARE_RIGHT_READ | KSHARE_RIGHT_WAIT;
	fd = t_raw(s, cmd);
	ASSERT_LE(0, fd);
	t_share_counts();
	t_result(0, fd);
	EXPECT_EQ(0, t_wait(child_in(NULL, CLONE_NEWUSER | CLONE_NEWIPC, has_what_it_was_given)));
	close(fd);
}

static int makes_a_ticket(struct side *s)
{
	struct kshare_cmd cmd = t_cmd(KSHARE_OP_TICKET_CREATE, t_create(s, KSHARE_TYPE_CELL));

	/* Bob is not there, Alice is 5. */
	cmd.value = t_uint(BOB);
	CHECK(t_run(s, cmd) == -EINVAL);
	cmd.value = t_uint(5);
	CHECK(!t_run(s, cmd));
	memcpy(&t_counts[300], (char *)(uintptr_t)s->out.values[0].ptr, KSHARE_TICKET_LEN);
	t_count(2);
	while (!t_counted(3))
		sched_yield();
	return 0;
}

static int redeem(struct side *s)
{
	struct kshare_cmd cmd = t_cmd(KSHARE_OP_TICKET_REDEEM, 0);

	cmd.key = t_bytes(&t_counts[300], KSHARE_TICKET_LEN);
	cmd.key.type = KSHARE_STR;
	return t_raw(s, cmd);
}

TEST_F(kshare, a_ticket_is_for_a_user_as_who_makes_it_sees_him)
{
	struct side *s = &self->s;
	pid_t pid;

	t_share_counts();
	pid = child_in(NULL, CLONE_NEWUSER, makes_a_ticket);
	ASSERT_TRUE(t_until_step(2, pid));
	EXPECT_EQ(-EPERM, redeem(s));
	ASSERT_EQ(0, t_become(5, 5, 5));
	EXPECT_EQ(-EPERM, redeem(s));
	ASSERT_EQ(0, t_root());
	ASSERT_EQ(0, t_become(ALICE, 5, 5));
	EXPECT_LT(0, redeem(s));
	ASSERT_EQ(0, t_root());
	t_count(3);
	EXPECT_EQ(0, t_wait(pid));
}

/* ---- who reads ---- */

static int reads_uids(struct side *s)
{
	struct kshare_cmd cmd;
	int d = RESULT(0), i, seen = 0;

	/* Alice is 5, and what root pays for is 9's; Bob is not there. */
	CHECK(t_info_is(s, d, 5, 65534, 0640, false));
	cmd = t_cmd(KSHARE_OP_DOMAIN_OBJECTS, d);
	CHECK(t_run(s, cmd) == 3);
	for (i = 0; i < 18; i += 6)
		seen += s->out.values[i + 5].u == 9;
	CHECK(seen == 2);
	for (i = 0; i < 18; i += 6)
		if (s->out.values[i].u == RESULT(1))
			CHECK(s->out.values[i + 5].u == 5);
	return 0;
}

TEST_F(kshare, uids_are_those_of_the_readers_namespace)
{
	struct side *s = &self->s, child;
	int d = t_make(s, "uids", 0, 0666);
	pid_t pid;

	t_create_in(s, d, KSHARE_TYPE_CELL);
	t_share_counts();
	pid = fork();
	if (!pid) {
		if (!t_be(&child, ALICE, ALICE))
			_exit(1);
		t_result(1, t_id(&child, t_create_in(&child, t_join(&child, "uids", 0),
						     KSHARE_TYPE_CELL)));
		t_count(2);
		t_stay();
	}
	ASSERT_TRUE(t_until_step(2, pid));
	EXPECT_EQ(0, t_set(s, d, ALICE, BOB, 0640, 0));
	t_result(0, d);
	EXPECT_EQ(0, t_wait(child_in(s, CLONE_NEWUSER, reads_uids)));
	t_kill(pid);
}

/* The pids of an object as STAT, WHO, OBJECTS and KEEPERS tell them; -1 if not alike */
static pid_t told(struct side *s, int d, int lock, int *keeper)
{
	struct kshare_cmd cmd;
	struct kshare_stat stat;
	pid_t pid;
	int i;

	if (t_stat(s, lock, &stat) || t_run(s, t_cmd(KSHARE_OP_WHO, lock)) != 1)
		return -1;
	pid = s->out.values[0].i;
	if (stat.holder_pid != pid)
		return -2;
	cmd = t_cmd(KSHARE_OP_DOMAIN_KEEPERS, d);
	cmd.key = t_uint(stat.id);
	if (t_run(s, cmd) != 3)
		return -3;
	/* Two handles, and the root */
	*keeper = 0;
	for (i = 0; i < 12; i += 4)
		if (s->out.values[i].i == KSHARE_KEPT_BY_HANDLE)
			*keeper |= s->out.values[i + 1].i == pid ? 1 :
				   s->out.values[i + 1].i == getpid() ? 2 : 4;
	return pid;
}

/* Of the root, which the holder has changed last */
static pid_t writer(struct side *s, int d)
{
	struct kshare_stat stat;
	int root = t_raw(s, t_cmd(KSHARE_OP_DOMAIN_ROOT, d));

	if (t_stat(s, root, &stat) || t_run(s, t_cmd(KSHARE_OP_DOMAIN_OBJECTS, d)) < 2)
		return -1;
	t_close(s, root);
	return s->out.values[4].i == stat.writer_pid ? stat.writer_pid : -2;
}

TEST_F(kshare, pids_are_those_of_the_readers_namespace)
{
	struct side *s = &self->s, child;
	int d = t_make(s, "pids", 0, 0600), h[2], keeper, i;
	pid_t pid, inner;

	for (i = 0; i < 2; i++)
		h[i] = t_create_in(s, d, KSHARE_TYPE_LOCK);
	EXPECT_EQ(0, t_put(s, d, "first", t_ref(h[0])));
	EXPECT_EQ(0, t_put(s, d, "second", t_ref(h[1])));
	EXPECT_EQ(1, t_raw(s, t_cmd(KSHARE_OP_LOCK_ACQUIRE, h[0])));
	t_share_counts();
	pid = fork();
	if (!pid) {
		if (unshare(CLONE_NEWPID))
			_exit(1);
		inner = fork();
		if (inner) {
			t_result(0, inner);
			t_count(3);
			_exit(t_wait(inner));
		}
		if (!t_open(&child))
			_exit(2);
		d = t_join(&child, "pids", 0);
		h[0] = t_find(&child, d, "first");
		h[1] = t_find(&child, d, "second");
		/* Who is outside has no pid here. */
		if (writer(&child, d) || told(&child, d, h[0], &keeper) || keeper != 3)
			_exit(3);
		if (t_raw(&child, t_cmd(KSHARE_OP_LOCK_ACQUIRE, h[1])) != 1)
			_exit(4);
		if (told(&child, d, h[1], &keeper) != 1 || getpid() != 1)
			_exit(5);
		if (t_put(&child, d, "x", t_int(1)) || writer(&child, d) != 1)
			_exit(6);
		t_count(0);
		while (!t_counted(1))
			sched_yield();
		_exit(0);
	}
	if (t_until_step(0, pid) && t_until_step(3, pid)) {
		EXPECT_LT(1, RESULT(0));
		EXPECT_EQ(RESULT(0), told(s, d, h[1], &keeper));
		EXPECT_EQ(3, keeper);
		EXPECT_EQ(RESULT(0), writer(s, d));
		EXPECT_EQ(getpid(), told(s, d, h[0], &keeper));
	}
	t_count(1);
	EXPECT_EQ(0, t_wait(pid));
	EXPECT_EQ(0, t_raw(s, t_cmd(KSHARE_OP_LOCK_RELEASE, h[0])));
}

TEST_HARNESS_MAIN
