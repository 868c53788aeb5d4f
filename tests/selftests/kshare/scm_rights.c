// SPDX-License-Identifier: GPL-2.0
/*
 * EXPORT_FD and IMPORT_FD: an object goes wherever a descriptor goes, with the
 * rights that the descriptor was made with, and stays as long as that does.
 */
#include "passing_test.h"

#include <poll.h>
#include <sys/epoll.h>

/* What a new program does with descriptors that it inherited: see exec_with(). */
__attribute__((constructor)) static void after_exec(void)
{
	const char *object = getenv("KSHARE_TEST_OBJECT"), *client = getenv("KSHARE_TEST_CLIENT");
	struct kshare_cmd cmd = t_cmd(KSHARE_OP_NOP, 0);
	struct side *s;
	int h;

	if (!object || !client)
		return;
	/* The client was the old program's. */
	if (ioctl(atoi(client), KSHARE_IOC_CMD, &cmd) != -1 || errno != EPERM)
		_exit(1);
	cmd = t_cmd(KSHARE_OP_CLIENT_BIND, 0);
	if (ioctl(atoi(client), KSHARE_IOC_CMD, &cmd) != -1 || errno != EPERM)
		_exit(2);
	s = t_open();
	h = t_import(s, atoi(object), 0);
	if (h < 0 || t_number_of(s, h) != 7)
		_exit(3);
	if (t_run_with(s, KSHARE_OP_CELL_SET, h, t_int(8)))
		_exit(4);
	_exit(0);
}

static pid_t exec_with(int object, int client)
{
	char text[2][16];
	pid_t pid = fork();

	if (pid)
		return pid;
	fcntl(object, F_SETFD, 0);
	fcntl(client, F_SETFD, 0);
	snprintf(text[0], sizeof(text[0]), "%d", object);
	snprintf(text[1], sizeof(text[1]), "%d", client);
	setenv("KSHARE_TEST_OBJECT", text[0], 1);
	setenv("KSHARE_TEST_CLIENT", text[1], 1);
	execl("/proc/self/exe", "scm_rights", NULL);
	_exit(99);
}

TEST_F(kshare, it_is_the_same_object_to_who_was_sent_it)
{
	struct side *s = &self->s;
	int c = t_number_cell(s, 7), fd = t_export(s, c, 0), sock[2];
	pid_t pid;

	ASSERT_LE(0, fd);
	EXPECT_EQ(FD_CLOEXEC, fcntl(fd, F_GETFD));
	ASSERT_EQ(0, socketpair(AF_UNIX, SOCK_STREAM, 0, sock));
	pid = fork();
	if (!pid) {
		struct side *other = t_open();
		int got, h;

		close(fd);
		got = t_receive_fd(sock[1]);
		h = t_import(other, got, 0);
		close(got);
		/* It is a member of the domain now, and knows what it has. */
		if (h < 0 || t_rights(other, h) != KSHARE_RIGHT_ALL || t_number_of(other, h) != 7)
			_exit(1);
		_exit(t_run_with(other, KSHARE_OP_CELL_SET, h, t_int(8)) ? 2 : 0);
	}
	EXPECT_EQ(0, t_send_fd(sock[0], fd));
	EXPECT_EQ(0, close(fd));
	EXPECT_EQ(0, t_wait(pid));
	EXPECT_EQ(8, t_number_of(s, c));
	close(sock[0]);
	close(sock[1]);
}

TEST_F(kshare, it_stays_in_a_socket_that_nobody_has_read)
{
	struct side *s = &self->s;
	int c = t_number_cell(s, 7), fd = t_export(s, c, 0), sock[2], h;
	uint64_t objects = t_objects(s);

	ASSERT_EQ(0, socketpair(AF_UNIX, SOCK_STREAM, 0, sock));
	EXPECT_EQ(0, t_send_fd(sock[0], fd));
	EXPECT_EQ(0, t_send_fd(sock[0], fd));
	close(fd);
	EXPECT_EQ(0, t_close(s, c));
	EXPECT_EQ(objects, t_objects(s));
	fd = t_receive_fd(sock[1]);
	h = t_import(s, fd, 0);
	EXPECT_EQ(7, t_number_of(s, h));
	EXPECT_EQ(0, t_close(s, h));
	close(fd);
	EXPECT_EQ(objects, t_objects(s));
	/* The second one goes with the socket. */
	close(sock[0]);
	close(sock[1]);
	EXPECT_TRUE(T_UNTIL(t_objects(s) == objects - 1));
}

TEST_F(kshare, a_new_program_inherits_the_object_but_not_the_client)
{
	struct side *s = &self->s;
	int c = t_number_cell(s, 7), fd = t_export(s, c, 0);

	EXPECT_EQ(0, t_wait(exec_with(fd, s->fd)));
	EXPECT_EQ(8, t_number_of(s, c));
	close(fd);
}

TEST_F(kshare, it_can_be_fetched_by_pidfd_getfd)
{
	struct side *s = &self->s;
	int ready[2], fd, h, pidfd;
	pid_t pid;
	int number;

	ASSERT_EQ(0, pipe(ready));
	pid = fork();
	if (!pid) {
		struct side *other = t_open();

		fd = t_export(other, t_number_cell(other, 7), 0);
		if (write(ready[1], &fd, sizeof(fd)) == sizeof(fd))
			pause();
		_exit(1);
	}
	ASSERT_EQ(sizeof(number), read(ready[0], &number, sizeof(number)));
	pidfd = syscall(__NR_pidfd_open, pid, 0);
	ASSERT_LE(0, pidfd);
	fd = syscall(__NR_pidfd_getfd, pidfd, number, 0);
	ASSERT_LE(0, fd);
	kill(pid, SIGKILL);
	EXPECT_EQ(1000 + SIGKILL, t_wait(pid));
	h = t_import(s, fd, 0);
	EXPECT_EQ(7, t_number_of(s, h));
	EXPECT_EQ(0, t_close(s, h));
	close(fd);
	close(pidfd);
	close(ready[0]);
	close(ready[1]);
}

TEST_F(kshare, rights_get_fewer_at_each_step_and_never_more)
{
	const uint32_t some = T_ALL_BUT(KSHARE_RIGHT_MANAGE);
	const uint32_t fewer = some & ~KSHARE_RIGHT_WRITE;
	struct side *s = &self->s, *other = t_open();
	int c = t_number_cell(s, 7), fd, again, h;
	uint32_t bit;

	fd = t_export(s, c, some);
	h = t_import(other, fd, 0);
	EXPECT_EQ(some, t_rights(other, h));
	EXPECT_EQ(-EACCES, t_import(other, fd, KSHARE_RIGHT_ALL));
	EXPECT_EQ(-EACCES, t_import(other, fd, KSHARE_RIGHT_MANAGE));
	EXPECT_EQ(-EOPNOTSUPP, t_import(other, fd, KSHARE_RIGHT_ALL + 1));
	EXPECT_EQ(-EOPNOTSUPP, t_export(other, h, 1u << 31));
	EXPECT_EQ(-EACCES, t_export(other, h, KSHARE_RIGHT_ALL));
	again = t_export(other, h, fewer);
	ASSERT_LE(0, again);
	h = t_import(s, again, 0);
	EXPECT_EQ(fewer, t_rights(s, h));
	EXPECT_EQ(-EACCES, t_run_with(s, KSHARE_OP_CELL_SET, h, t_int(8)));
	/* Each right alone, of all that there are */
	for (bit = 1; bit & KSHARE_RIGHT_ALL; bit <<= 1) {
		h = t_import(s, again, bit);
		EXPECT_EQ(fewer & bit ? (int)bit : -EACCES, h < 0 ? h : t_rights(s, h));
	}
	close(fd);
	close(again);
	t_leave(other);
}

TEST_F(kshare, no_way_leads_on_without_the_right_to_pass_it_on)
{
	struct side *s = &self->s;
	int list = t_create(s, KSHARE_TYPE_LIST), c = t_create(s, KSHARE_TYPE_CELL);
	int q = t_create(s, KSHARE_TYPE_QUEUE), d = t_create(s, KSHARE_TYPE_DICT), i;
	int h = t_dup(s, list, T_ALL_BUT(KSHARE_RIGHT_TRANSFER)), all[2] = { c, h };
	struct kshare_value ref = t_ref(h), part = t_ref(h), pair[2] = { t_int(1), t_ref(h) };
	struct kshare_cmd cmd;
	char text[KSHARE_TICKET_LEN + 1];
	uint32_t words[8];

	part.ref.rights = KSHARE_RIGHT_READ;
	for (i = 0; i < 3; i++) {
		struct kshare_value v = i == 2 ? t_encoded(words, all, 2) : i ? part : ref;

		EXPECT_EQ(-EACCES, t_append(s, list, v));
		EXPECT_EQ(-EACCES, t_append(s, h, v));
		EXPECT_EQ(-EACCES, t_run_with(s, KSHARE_OP_CELL_SET, c, v));
		EXPECT_EQ(-EACCES, t_run_with(s, KSHARE_OP_CELL_SWAP, c, v));
		EXPECT_EQ(-EACCES, t_run_with(s, KSHARE_OP_QUEUE_PUT, q, v));
		EXPECT_EQ(-EACCES, t_create_with(s, KSHARE_TYPE_CELL, 0, t_none(), v));
		cmd = t_with_key(KSHARE_OP_DICT_SET, d, t_int(1));
		cmd.value = v;
		EXPECT_EQ(-EACCES, t_raw(s, cmd));
		cmd.op = KSHARE_OP_DICT_SETDEFAULT;
		EXPECT_EQ(-EACCES, t_run(s, cmd));
		pair[1] = v;
		EXPECT_EQ(-EACCES, t_run_with(s, KSHARE_OP_DICT_UPDATE, d, t_vector(pair, 2)));
		EXPECT_EQ(-EACCES, t_run_with(s, KSHARE_OP_LIST_EXTEND, list, t_vector(pair, 2)));
		EXPECT_EQ(-EACCES, t_run_with(s, KSHARE_OP_QUEUE_PUT_MANY, q, t_vector(pair, 2)));
	}
	EXPECT_EQ(-EACCES, t_export(s, h, 0));
	EXPECT_EQ(-EACCES, t_export(s, h, KSHARE_RIGHT_READ));
	EXPECT_EQ(-EACCES, t_ticket(s, h, text));
	EXPECT_EQ(-EACCES, t_ticket_for(s, t_with_nr(KSHARE_OP_TICKET_CREATE, h,
						     KSHARE_RIGHT_READ), text));
	EXPECT_EQ(-EACCES, t_revocable(s, h));
	/* Nor does what can be revoked give what is not there. */
	cmd = t_with_nr(KSHARE_OP_DUP, list, T_ALL_BUT(KSHARE_RIGHT_TRANSFER));
	cmd.flags = KSHARE_REVOCABLE;
	h = t_raw(s, cmd);
	EXPECT_EQ(T_ALL_BUT(KSHARE_RIGHT_TRANSFER), t_rights(s, h));
	EXPECT_EQ(-EACCES, t_append(s, list, t_ref(h)));
	EXPECT_EQ(-EACCES, t_dup(s, h, KSHARE_RIGHT_ALL));
	EXPECT_EQ(0, t_run(s, t_cmd(KSHARE_OP_LIST_LEN, list)));
	EXPECT_EQ(0, s->out.head.number);
}

TEST_F(kshare, what_is_only_for_poll_gives_no_handle)
{
	struct side *s = &self->s;
	int e = t_create(s, KSHARE_TYPE_EVENT), h, fd;
	struct pollfd p = { .events = POLLIN };

	h = t_dup(s, e, KSHARE_RIGHT_READ | KSHARE_RIGHT_WAIT);
	fd = t_export(s, h, 0);
	ASSERT_LE(0, fd);
	EXPECT_EQ(-EACCES, t_import(s, fd, 0));
	EXPECT_EQ(-EACCES, t_import(s, fd, KSHARE_RIGHT_READ));
	EXPECT_EQ(0, t_raw(s, t_cmd(KSHARE_OP_EVENT_SET, e)));
	p.fd = fd;
	EXPECT_EQ(1, poll(&p, 1, 0));
	close(fd);
	/* Good for neither */
	EXPECT_EQ(-EACCES, t_export(s, h, KSHARE_RIGHT_READ));
	/* To be passed on, not to be waited for */
	fd = t_export(s, e, KSHARE_RIGHT_READ);
	ASSERT_LE(0, fd);
	EXPECT_EQ(-1, epoll_ctl(epoll_create1(EPOLL_CLOEXEC), EPOLL_CTL_ADD, fd,
				&(struct epoll_event){ .events = EPOLLIN }));
	EXPECT_EQ(EPERM, errno);
	h = t_import(s, fd, 0);
	EXPECT_EQ(KSHARE_RIGHT_READ, t_rights(s, h));
	close(fd);
}

/* An object of a client's that is dead by then; what it is a part of is made by @make. */
static int orphan(void (*make)(struct side *s, int list))
{
	int sock[2], fd;
	pid_t pid;

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, sock))
		return -1;
	pid = fork();
	if (!pid) {
		struct side *s = t_open();
		int list = t_create(s, KSHARE_TYPE_LIST);

		make(s, list);
		if (!t_send_fd(sock[1], t_export(s, list, 0)))
			pause();
		_exit(1);
	}
	fd = t_receive_fd(sock[0]);
	kill(pid, SIGKILL);
	if (t_wait(pid) != 1000 + SIGKILL)
		fd = -1;
	close(sock[0]);
	close(sock[1]);
	return fd;
}

static void make_contents(struct side *s, int list)
{
	int c = t_number_cell(s, 7);

	t_append(s, list, t_str("a text that is too long to stand in place"));
	t_append(s, list, t_ref(c));
	t_append(s, list, t_int(42));
}

static void make_circle(struct side *s, int list)
{
	int other = t_create(s, KSHARE_TYPE_LIST);

	make_contents(s, list);
	t_append(s, other, t_ref(list));
	t_append(s, list, t_ref(other));
}

TEST_F(kshare, it_keeps_what_its_dead_maker_left)
{
	struct side *s = &self->s;
	uint64_t objects = t_user_used(s, -1, KSHARE_LIMIT_OBJECTS);
	uint64_t domains = t_user_used(s, -1, KSHARE_LIMIT_DOMAINS);
	int circle, fd, list, other;

	for (circle = 0; circle < 2; circle++) {
		fd = orphan(circle ? make_circle : make_contents);
		ASSERT_LE(0, fd);
		/* Without its root, which went with the last client */
		EXPECT_TRUE(T_UNTIL(t_user_used(s, -1, KSHARE_LIMIT_OBJECTS) ==
				    objects + 2 + circle));
		list = t_import(s, fd, 0);
		ASSERT_LT(0, list);
		EXPECT_EQ(7, t_number_of(s, t_take(s, list, 1)));
		EXPECT_EQ(0, t_run(s, t_with_key(KSHARE_OP_LIST_GET, list, t_int(0))));
		EXPECT_TRUE(t_is_str(s->out.values, "a text that is too long to stand in place"));
		if (circle) {
			other = t_take(s, list, 3);
			EXPECT_EQ(t_id(s, list), t_id(s, t_take(s, other, 0)));
		}
		/* Without the descriptor it is kept by handles. */
		close(fd);
		EXPECT_EQ(0, t_append(s, list, t_int(1)));
		for (other = 2; other < 100; other++)
			t_close(s, other);
		EXPECT_TRUE(T_UNTIL(t_user_used(s, -1, KSHARE_LIMIT_OBJECTS) == objects));
		EXPECT_TRUE(T_UNTIL(t_user_used(s, -1, KSHARE_LIMIT_DOMAINS) == domains));
	}
}

/* What /proc tells of a descriptor, or -1 */
static int64_t told(int fd, const char *what)
{
	char path[50], line[200];
	int64_t number = -1;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	f = fopen(path, "r");
	while (f && fgets(line, sizeof(line), f))
		if (!strncmp(line, what, strlen(what)) && line[strlen(what)] == ':')
			number = strtoll(line + strlen(what) + 1, NULL, 0);
	if (f)
		fclose(f);
	return number;
}

TEST_F(kshare, proc_tells_what_it_is_a_descriptor_of)
{
	struct side *s = &self->s;
	struct kshare_stat stat;
	int i, h, fd;

	for (i = 0; i < 4; i++) {
		uint32_t rights = KSHARE_RIGHT_READ | KSHARE_RIGHT_TRANSFER;

		/* An event can be polled, and the rest not; the last two are no object itself. */
		h = t_create(s, i == 1 ? KSHARE_TYPE_EVENT : KSHARE_TYPE_DICT);
		ASSERT_EQ(0, t_stat(s, h, &stat));
		if (i == 1)
			rights |= KSHARE_RIGHT_WAIT;
		if (i == 2)
			h = t_revocable(s, h);
		if (i == 3)
			h = t_revocable(s, t_revocable(s, h));
		fd = t_export(s, h, rights);
		ASSERT_LE(0, fd);
		EXPECT_EQ(stat.id, told(fd, "kshare-object"));
		EXPECT_EQ(stat.type, told(fd, "kshare-type"));
		EXPECT_EQ(t_id(s, 1), told(fd, "kshare-domain"));
		EXPECT_EQ(rights, told(fd, "kshare-rights"));
		close(fd);
	}
	/* Only for poll: nobody gets a handle from it. */
	h = t_dup(s, t_create(s, KSHARE_TYPE_EVENT), KSHARE_RIGHT_WAIT | KSHARE_RIGHT_READ);
	fd = t_export(s, h, 0);
	ASSERT_LE(0, fd);
	EXPECT_EQ(t_id(s, h), told(fd, "kshare-object"));
	EXPECT_EQ(0, told(fd, "kshare-rights"));
	close(fd);
}

TEST_F(kshare, closing_it_frees_what_it_alone_has_kept)
{
	struct side *s = &self->s;
	uint64_t objects = t_user_used(s, -1, KSHARE_LIMIT_OBJECTS);
	int circle, fd;

	for (circle = 0; circle < 2; circle++) {
		fd = orphan(circle ? make_circle : make_contents);
		EXPECT_TRUE(T_UNTIL(t_user_used(s, -1, KSHARE_LIMIT_OBJECTS) ==
				    objects + 2 + circle));
		close(fd);
		EXPECT_TRUE(T_UNTIL(t_user_used(s, -1, KSHARE_LIMIT_OBJECTS) == objects));
	}
}

TEST_F(kshare, what_is_no_descriptor_of_an_object_is_refused)
{
	struct side *s = &self->s;
	int c = t_number_cell(s, 7), fd = t_export(s, c, 0), p[2], path;

	ASSERT_EQ(0, pipe(p));
	EXPECT_EQ(-EINVAL, t_import(s, p[0], 0));
	EXPECT_EQ(-EINVAL, t_import(s, s->fd, 0));
	path = open("/", O_PATH | O_CLOEXEC);
	EXPECT_EQ(-EBADF, t_import(s, path, 0));
	close(path);
	path = open("/dev/null", O_RDWR | O_CLOEXEC);
	EXPECT_EQ(-EINVAL, t_import(s, path, 0));
	close(path);
	EXPECT_EQ(-EBADF, t_import(s, 987654, 0));
	EXPECT_EQ(-EBADF, t_import(s, -1, 0));
	EXPECT_EQ(-EBADF, t_import(s, INT64_MIN, 0));
	EXPECT_EQ(-EBADF, t_import(s, (1ll << 32) + fd, 0));
	/* What it is about may be closed, it may not. */
	EXPECT_EQ(0, t_close(s, c));
	EXPECT_LT(0, t_import(s, fd, 0));
	close(fd);
	EXPECT_EQ(-EBADF, t_import(s, fd, 0));
	close(p[0]);
	close(p[1]);
}

TEST_F(kshare, a_child_of_fork_has_its_parents_descriptors_but_not_its_handles)
{
	struct side *s = &self->s;
	int c = t_number_cell(s, 7), fd = t_export(s, c, KSHARE_RIGHT_READ);
	pid_t pid = fork();

	if (!pid) {
		struct side *mine = t_open();
		int h;

		if (t_number_of(s, c) != -EPERM || t_import(s, fd, 0) != -EPERM ||
		    t_export(s, c, 0) != -EPERM)
			_exit(1);
		h = t_import(mine, fd, 0);
		if (t_rights(mine, h) != KSHARE_RIGHT_READ || t_number_of(mine, h) != 7)
			_exit(2);
		/* What the child closes of it is its own. */
		close(fd);
		close(s->fd);
		_exit(t_number_of(mine, h) == 7 ? 0 : 3);
	}
	EXPECT_EQ(0, t_wait(pid));
	EXPECT_LT(0, t_import(s, fd, 0));
	EXPECT_EQ(7, t_number_of(s, c));
	close(fd);
}

TEST_F(kshare, a_number_that_is_used_again_does_not_lead_to_the_old_object)
{
	struct side *s = &self->s, *other = t_open();
	int c = t_number_cell(s, 7), fd = t_export(s, c, 0), h, next, i;
	uint64_t id;

	h = t_import(other, fd, 0);
	id = t_id(other, h);
	EXPECT_EQ(0, t_close(other, h));
	EXPECT_EQ(-EBADF, t_number_of(other, h));
	for (i = 0; i < 100; i++) {
		next = t_number_cell(other, 8);
		EXPECT_NE(id, t_id(other, next));
		EXPECT_EQ(8, t_number_of(other, next));
		EXPECT_EQ(next == h ? 8 : -EBADF, t_number_of(other, h));
		EXPECT_EQ(0, t_close(other, next));
	}
	close(fd);
	t_leave(other);
}

TEST_F(kshare, another_user_has_the_rights_that_it_was_made_with)
{
	struct side *s = &self->s;
	int c = t_number_cell(s, 7), fd, status;
	pid_t pid;

	if (geteuid())
		SKIP(return, "needs root");
	fd = t_export(s, c, KSHARE_RIGHT_READ | KSHARE_RIGHT_TRANSFER);
	pid = fork();
	if (!pid) {
		struct side *other = t_open_as(T_USER);
		int h = t_import(other, fd, 0);

		if (h < 0 || t_number_of(other, h) != 7)
			_exit(1);
		if (t_rights(other, h) != (KSHARE_RIGHT_READ | KSHARE_RIGHT_TRANSFER))
			_exit(2);
		if (t_run_with(other, KSHARE_OP_CELL_SET, h, t_int(8)) != -EACCES ||
		    t_import(other, fd, KSHARE_RIGHT_WRITE) != -EACCES)
			_exit(3);
		/* What it creates there it pays for, and what is there already it does not. */
		_exit(t_user_used(other, -1, KSHARE_LIMIT_OBJECTS) == 1 ? 0 : 4);
	}
	status = t_wait(pid);
	EXPECT_EQ(0, status);
	EXPECT_EQ(0, t_user_used(s, T_USER, KSHARE_LIMIT_HANDLES));
	close(fd);
}

/* The quota of handles is who imports his own, and nothing is left of what fails. */
TEST_F(kshare, an_import_over_the_limit_leaves_nothing)
{
	struct side *s = &self->s, *other = t_open();
	int c = t_number_cell(s, 7), fd = t_export(s, c, 0), ret = 0, i;
	struct kshare_cmd limit = t_with_nr(KSHARE_OP_DOMAIN_LIMIT, 1, KSHARE_LIMIT_HANDLES);
	struct kshare_stat before, after;

	limit.value = t_int(10);
	ASSERT_EQ(0, t_raw(other, limit));
	ASSERT_EQ(0, t_stat(s, 1, &before));
	for (i = 0; i < 12 && ret >= 0; i++)
		ret = t_import(other, fd, 0);
	EXPECT_EQ(-EDQUOT, ret);
	EXPECT_EQ(10, i);
	ASSERT_EQ(0, t_stat(s, 1, &after));
	EXPECT_EQ(before.handles + 9, after.handles);
	EXPECT_EQ(2, after.clients);
	t_leave(other);
	ASSERT_EQ(0, t_stat(s, 1, &after));
	EXPECT_EQ(before.handles, after.handles);
	close(fd);
}

TEST_HARNESS_MAIN
