// SPDX-License-Identifier: GPL-2.0
/*
 * Whose a client is: the account is that of who opened it, names go by the ids of
 * the moment, and a descriptor is of no use to another process.
 */
#include "sharing_test.h"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

static int64_t used(struct side *s, int64_t uid, uint32_t what)
{
	struct kshare_cmd cmd = t_cmd(KSHARE_OP_USER_LIMIT, 0);
	int ret;

	cmd.nr = what;
	if (uid >= 0)
		cmd.key = t_int(uid);
	ret = t_run(s, cmd);
	return ret ?: s->out.values[0].i;
}

static int64_t until_used(struct side *s, int64_t uid, uint32_t what, int64_t n)
{
	int64_t end = t_now() + T_LONG, now;

	do {
		now = used(s, uid, what);
	} while (now != n && t_now() < end && !sched_yield());
	return now;
}

static int creates_as_somebody_else(struct side *s)
{
	int d, i;

	if (setgroups(0, NULL) || setresgid(2100, 2100, 2100) || setresuid(2100, 2100, 2100))
		return 1;
	for (i = 0; i < 10; i++)
		if (t_create(s, KSHARE_TYPE_CELL) < 0)
			return 2;
	/* The name goes by who it is now, the account by who it was. */
	if (t_join(s, "credentials/root", 0) != -EPERM)
		return 3;
	d = t_make(s, "credentials/mine", KSHARE_EXCLUSIVE, 0600);
	if (d < 0 || !t_info_is(s, d, 2100, 2100, 0600, false))
		return 4;
	if (used(s, -1, KSHARE_LIMIT_OBJECTS) < 12)
		return 5;
	return 0;
}

TEST_F(kshare, the_account_stays_with_who_opened_the_client)
{
	struct side *s = &self->s, child;
	int d = t_make(s, "credentials/root", 0, 0600), i;
	int64_t before[KSHARE_LIMIT_COUNT + 1];
	pid_t pid;

	EXPECT_LT(0, d);
	for (i = 0; i <= KSHARE_LIMIT_COUNT; i++)
		before[i] = used(s, -1, i);
	t_share_counts();
	pid = fork();
	if (!pid) {
		if (!t_open(&child))
			_exit(1);
		t_result(0, creates_as_somebody_else(&child));
		t_count(0);
		t_stay();
	}
	ASSERT_TRUE(t_until_step(0, pid));
	EXPECT_EQ(0, RESULT(0));
	/* Two domains with a root each, ten cells; a handle less than objects */
	EXPECT_EQ(before[KSHARE_LIMIT_OBJECTS] + 12, used(s, -1, KSHARE_LIMIT_OBJECTS));
	EXPECT_EQ(before[KSHARE_LIMIT_HANDLES] + 12, used(s, -1, KSHARE_LIMIT_HANDLES));
	EXPECT_EQ(before[KSHARE_LIMIT_DOMAINS] + 2, used(s, -1, KSHARE_LIMIT_DOMAINS));
	for (i = 0; i <= KSHARE_LIMIT_COUNT; i++)
		EXPECT_EQ(0, used(s, 2100, i));
	t_kill(pid);
	for (i = 0; i <= KSHARE_LIMIT_COUNT; i++)
		EXPECT_EQ(before[i], until_used(s, -1, i, before[i]));
}

TEST_F(kshare, who_opens_with_anothers_effective_id_pays_himself)
{
	struct side *s = &self->s, child;
	int i;
	pid_t pid;

	t_share_counts();
	pid = fork();
	if (!pid) {
		if (setresuid(2102, 0, 0) || !t_open(&child))
			_exit(1);
		t_count(0);
		t_stay();
	}
	ASSERT_TRUE(t_until_step(0, pid));
	EXPECT_EQ(1, used(s, 2102, KSHARE_LIMIT_DOMAINS));
	EXPECT_EQ(1, used(s, 2102, KSHARE_LIMIT_HANDLES));
	t_kill(pid);
	for (i = 0; i <= KSHARE_LIMIT_COUNT; i++)
		EXPECT_EQ(0, until_used(s, 2102, i, 0));
}

TEST_F(kshare, a_clone_is_charged_to_whom_its_client_is)
{
	struct side *s = &self->s, child;
	int64_t before = used(s, -1, KSHARE_LIMIT_OBJECTS);
	pid_t pid, inner;
	int i;

	t_share_counts();
	pid = fork();
	if (!pid) {
		if (!t_be(&child, 2101, 2101))
			_exit(1);
		inner = t_fork(&child);
		if (inner) {
			t_result(1, inner);
			t_count(0);
			t_stay();
		}
		for (i = 0; i < 5; i++)
			if (t_create(&child, KSHARE_TYPE_CELL) < 0)
				_exit(2);
		t_count(1);
		t_stay();
	}
	ASSERT_TRUE(t_until_step(0, pid));
	ASSERT_TRUE(t_until_step(1, pid));
	EXPECT_EQ(6, used(s, 2101, KSHARE_LIMIT_OBJECTS));
	EXPECT_EQ(7, used(s, 2101, KSHARE_LIMIT_HANDLES));
	EXPECT_EQ(1, used(s, 2101, KSHARE_LIMIT_DOMAINS));
	EXPECT_EQ(before, used(s, -1, KSHARE_LIMIT_OBJECTS));
	kill(RESULT(1), SIGKILL);
	EXPECT_EQ(1, until_used(s, 2101, KSHARE_LIMIT_HANDLES, 1));
	EXPECT_EQ(1, until_used(s, 2101, KSHARE_LIMIT_OBJECTS, 1));
	t_kill(pid);
	for (i = 0; i <= KSHARE_LIMIT_COUNT; i++)
		EXPECT_EQ(0, until_used(s, 2101, i, 0));
}

TEST_F(kshare, rights_that_a_handle_has_stay_with_it)
{
	struct side *s = &self->s, child;
	int d = t_make(s, "credentials/kept", 0, 0600), h;
	pid_t pid;

	EXPECT_EQ(0, t_put(s, d, "x", t_int(1)));
	pid = fork();
	if (!pid) {
		if (!t_open(&child))
			_exit(1);
		h = t_join(&child, "credentials/kept", 0);
		if (h < 0 || setresuid(ALICE, ALICE, ALICE))
			_exit(2);
		if (t_join(&child, "credentials/kept", 0) != -EPERM)
			_exit(3);
		if (t_take(&child, h, "x") || t_put(&child, h, "x", t_int(2)))
			_exit(4);
		/* To manage it takes the owner besides. */
		_exit(t_set(&child, h, -1, -1, 0666, 0) == -EPERM ? 0 : 5);
	}
	EXPECT_EQ(0, t_wait(pid));
	EXPECT_TRUE(t_info_is(s, d, 0, 0, 0600, false));
}

static int receive(int sock)
{
	char byte, buf[CMSG_SPACE(sizeof(int))];
	struct iovec iov = { .iov_base = &byte, .iov_len = 1 };
	struct msghdr msg = {
		.msg_iov = &iov, .msg_iovlen = 1,
		.msg_control = buf, .msg_controllen = sizeof(buf),
	};
	int fd = -1;

	if (recvmsg(sock, &msg, MSG_CMSG_CLOEXEC) == 1 && CMSG_FIRSTHDR(&msg))
		memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&msg)), sizeof(fd));
	return fd;
}

static bool pass_on(int sock, int fd)
{
	char byte = 0, buf[CMSG_SPACE(sizeof(int))] = {};
	struct iovec iov = { .iov_base = &byte, .iov_len = 1 };
	struct msghdr msg = {
		.msg_iov = &iov, .msg_iovlen = 1,
		.msg_control = buf, .msg_controllen = sizeof(buf),
	};
	struct cmsghdr *head = CMSG_FIRSTHDR(&msg);

	head->cmsg_level = SOL_SOCKET;
	head->cmsg_type = SCM_RIGHTS;
	head->cmsg_len = CMSG_LEN(sizeof(fd));
	memcpy(CMSG_DATA(head), &fd, sizeof(fd));
	return sendmsg(sock, &msg, 0) == 1;
}

/* What another process can do with a client's descriptor: nothing; 0 if so */
static int tries(int fd)
{
	static struct kshare_op_info ops[256];
	struct side theirs = { .fd = fd };
	long page = sysconf(_SC_PAGESIZE);
	struct kshare_cmd cmd;
	int i, count;

	/* Asking what the module can do is no command. */
	count = t_query_ops(&theirs, ops, 256);
	if (count <= 0)
		return 1;
	for (i = 0; i < count; i++) {
		cmd = t_cmd(ops[i].op, ops[i].fields & KSHARE_FIELD_HANDLE ? 1 : 0);
		for (theirs.door = DOOR_CMD; theirs.door <= DOOR_ATOMIC; theirs.door++)
			if (t_raw(&theirs, cmd) != -EPERM)
				return 2;
	}
	cmd = t_open_cmd("credentials/stolen", KSHARE_MAKE, 0);
	theirs.door = DOOR_CMD;
	if (t_raw(&theirs, cmd) != -EPERM)
		return 3;
	if (mmap(NULL, page, PROT_READ, MAP_SHARED, fd, KSHARE_MMAP_OFFSET(2, page)) !=
	    MAP_FAILED || errno != EPERM)
		return 4;
	return 0;
}

/*
 * What a program does that was executed with a client's descriptor: it tells by a
 * byte what came of it, and stays until it gets one.
 */
__attribute__((constructor)) static void after_exec(void)
{
	const char *text = getenv("KSHARE_TEST_CLIENT");
	struct side theirs = {};
	char byte;

	if (!text)
		return;
	theirs.fd = atoi(text);
	byte = geteuid() ? 100 : tries(theirs.fd);
	if (!byte && t_raw(&theirs, t_cmd(KSHARE_OP_CLIENT_BIND, 0)) != -EPERM)
		byte = 101;
	if (write(1, &byte, 1) != 1 || read(0, &byte, 1) != 1)
		_exit(1);
	_exit(0);
}

/* This program once more, such that who executes it is root. */
static bool copy_for_root(char *path)
{
	int from = open("/proc/self/exe", O_RDONLY | O_CLOEXEC), to = mkstemp(path);
	struct statvfs fs;
	char buf[65536];
	ssize_t n = -1;
	bool done;

	while (from >= 0 && to >= 0 && (n = read(from, buf, sizeof(buf))) > 0)
		if (write(to, buf, n) != n)
			break;
	done = !n && !fchown(to, 0, 0) && !fchmod(to, 04755) && !fstatvfs(to, &fs) &&
	       !(fs.f_flag & (ST_NOSUID | ST_NOEXEC));
	close(from);
	close(to);
	return done;
}

TEST_F(kshare, a_program_that_gets_more_power_gets_no_client_with_it)
{
	char path[] = "/tmp/kshare-credentials-XXXXXX", text[16], byte = 1;
	struct side *s = &self->s, child;
	int d, lock, in[2], out[2];
	struct kshare_stat stat;
	pid_t pid;

	if (!copy_for_root(path)) {
		unlink(path);
		SKIP(return, "no set-uid program can be made in /tmp");
	}
	d = t_make(s, "credentials/exec", 0, 0666);
	lock = t_create_in(s, d, KSHARE_TYPE_LOCK);
	EXPECT_EQ(0, t_put(s, d, "lock", t_ref(lock)));
	ASSERT_EQ(0, pipe2(in, O_CLOEXEC) | pipe2(out, O_CLOEXEC));
	pid = fork();
	if (!pid) {
		if (!t_be(&child, ALICE, ALICE) ||
		    t_make(&child, "credentials/alone", KSHARE_EXCLUSIVE, 0666) < 0)
			_exit(1);
		lock = t_find(&child, t_join(&child, "credentials/exec", 0), "lock");
		if (t_raw(&child, t_cmd(KSHARE_OP_LOCK_ACQUIRE, lock)) != 1)
			_exit(2);
		if (fcntl(child.fd, F_SETFD, 0) || dup2(in[0], 0) || dup2(out[1], 1) != 1)
			_exit(3);
		snprintf(text, sizeof(text), "%d", child.fd);
		setenv("KSHARE_TEST_CLIENT", text, 1);
		execl(path, "credentials", NULL);
		_exit(4);
	}
	close(in[0]);
	close(out[1]);
	EXPECT_EQ(1, read(out[0], &byte, 1));
	EXPECT_EQ(0, byte);
	/* It lives, and has the descriptor, and its client has ended. */
	EXPECT_EQ(-ENOENT, t_join(s, "credentials/alone", 0));
	EXPECT_EQ(0, t_stat(s, d, &stat));
	EXPECT_EQ(1, stat.clients);
	EXPECT_EQ(1, t_run(s, t_cmd(KSHARE_OP_LOCK_ACQUIRE, lock)));
	EXPECT_EQ(KSHARE_R_OWNER_DIED, s->out.head.flags & KSHARE_R_OWNER_DIED);
	EXPECT_EQ(0, t_raw(s, t_cmd(KSHARE_OP_LOCK_RELEASE, lock)));
	EXPECT_EQ(0, used(s, ALICE, KSHARE_LIMIT_HANDLES));
	EXPECT_EQ(1, write(in[1], &byte, 1));
	EXPECT_EQ(0, t_wait(pid));
	close(in[1]);
	close(out[0]);
	unlink(path);
}

static int redeems_as(struct side *s, uid_t uid, const char *ticket)
{
	struct kshare_cmd cmd = t_cmd(KSHARE_OP_TICKET_REDEEM, 0);
	int h;

	if (setresuid(-1, uid, -1))
		return -errno;
	cmd.key = t_bytes(ticket, KSHARE_TICKET_LEN);
	cmd.key.type = KSHARE_STR;
	h = t_raw(s, cmd);
	if (h > 0)
		t_close(s, h);
	return setresuid(-1, 0, -1) ? -errno : h;
}

TEST_F(kshare, a_ticket_for_a_user_goes_by_the_effective_ids_of_the_moment)
{
	struct side *s = &self->s;
	int cell = t_create(s, KSHARE_TYPE_CELL);
	struct kshare_cmd cmd = t_cmd(KSHARE_OP_TICKET_CREATE, cell);
	char ticket[KSHARE_TICKET_LEN];

	cmd.key = t_uint(2);
	cmd.value = t_uint(ALICE);
	ASSERT_EQ(0, t_run(s, cmd));
	memcpy(ticket, (char *)(uintptr_t)s->out.values[0].ptr, sizeof(ticket));
	/* Capabilities are of no use, and who may not has not used it up. */
	EXPECT_EQ(-EPERM, redeems_as(s, 0, ticket));
	EXPECT_EQ(-EPERM, redeems_as(s, BOB, ticket));
	EXPECT_EQ(-EPERM, redeems_as(s, BOB, ticket));
	EXPECT_LT(0, redeems_as(s, ALICE, ticket));
	EXPECT_EQ(-EPERM, redeems_as(s, BOB, ticket));
	EXPECT_LT(0, redeems_as(s, ALICE, ticket));
	EXPECT_EQ(-ENOENT, redeems_as(s, ALICE, ticket));
	EXPECT_EQ(-ENOENT, redeems_as(s, BOB, ticket));
	cmd.value = t_uint(UINT32_MAX);
	EXPECT_EQ(-EINVAL, t_run(s, cmd));
	cmd.value = t_int(-1);
	EXPECT_EQ(-EINVAL, t_run(s, cmd));
}

TEST_F(kshare, a_descriptor_that_was_passed_on_is_useless)
{
	struct side *s = &self->s;
	int array = t_create_elem(s, KSHARE_TYPE_ARRAY, KSHARE_ELEM_I64, 512), fd, ends[2];
	struct kshare_stat stat;
	uint64_t before;
	pid_t pid;

	EXPECT_EQ(2, array);
	EXPECT_EQ(0, t_stat(s, 1, &stat));
	before = stat.handles;
	ASSERT_EQ(0, socketpair(AF_UNIX, SOCK_STREAM, 0, ends));
	pid = fork();
	if (!pid) {
		/* Not what it inherited, and root or not */
		close(s->fd);
		fd = receive(ends[1]);
		if (fd < 0)
			_exit(99);
		if (tries(fd))
			_exit(tries(fd));
		if (setresuid(ALICE, ALICE, ALICE))
			_exit(98);
		_exit(tries(fd));
	}
	EXPECT_TRUE(pass_on(ends[0], s->fd));
	EXPECT_EQ(0, t_wait(pid));
	/* One that was inherited is not better. */
	pid = fork();
	if (!pid)
		_exit(tries(s->fd));
	EXPECT_EQ(0, t_wait(pid));
	/* It did no harm. */
	EXPECT_EQ(0, t_stat(s, 1, &stat));
	EXPECT_EQ(before, stat.handles);
	EXPECT_EQ(1, stat.clients);
	EXPECT_EQ(-ENOENT, t_join(s, "credentials/stolen", 0));
	close(ends[0]);
	close(ends[1]);
}

TEST_F(kshare, nor_is_one_whose_process_is_gone)
{
	struct side *s = &self->s, child;
	struct kshare_cmd bind = t_cmd(KSHARE_OP_CLIENT_BIND, 0);
	int ends[2], fd;
	pid_t pid;

	ASSERT_EQ(0, socketpair(AF_UNIX, SOCK_STREAM, 0, ends));
	pid = fork();
	if (!pid) {
		if (!t_open(&child) || t_make(&child, "credentials/gone", 0, 0600) < 0)
			_exit(1);
		_exit(pass_on(ends[1], child.fd) ? 0 : 2);
	}
	fd = receive(ends[0]);
	EXPECT_EQ(0, t_wait(pid));
	ASSERT_LE(0, fd);
	/* What it had went with the process, not with the descriptor. */
	EXPECT_EQ(-ENOENT, t_join(s, "credentials/gone", 0));
	EXPECT_EQ(0, tries(fd));
	child.fd = fd;
	child.door = DOOR_CMD;
	EXPECT_EQ(-EPERM, t_raw(&child, bind));
	close(fd);
	close(ends[0]);
	close(ends[1]);
}

TEST_HARNESS_MAIN
