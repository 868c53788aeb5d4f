// SPDX-License-Identifier: GPL-2.0
/* EXPORT_FD: objects in poll and epoll, beside all else that a program waits for. */
#include "kshare_test.h"

#include <poll.h>
#include <sys/epoll.h>

static int export_fd(struct side *s, int h)
{
	return t_raw(s, t_cmd(KSHARE_OP_EXPORT_FD, h));
}

/* What it is ready for now */
static int ready(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN | POLLOUT };

	return poll(&p, 1, 0) < 0 ? -errno : p.revents;
}

/* In ms: only a bug reaches it. */
#define LONG	(int)(T_LONG / 1000000)

/* The next event of epoll. */
static int next(int ep, int timeout)
{
	struct epoll_event ev = {};
	int n = epoll_wait(ep, &ev, 1, timeout);

	return n == 1 ? (int)ev.events : n;
}

static int epoll_of(int fd, uint32_t events)
{
	struct epoll_event ev = { .events = events };
	int ep = epoll_create1(EPOLL_CLOEXEC);

	return epoll_ctl(ep, EPOLL_CTL_ADD, fd, &ev) ? -1 : ep;
}

static int op(struct side *s, uint32_t op, int h)
{
	return t_raw(s, t_cmd(op, h));
}

static int owned(struct side *s, uint32_t op, int h, uint32_t flags)
{
	struct kshare_cmd cmd = t_cmd(op, h);

	cmd.key = t_uint(1);
	cmd.flags = flags;
	return t_raw(s, cmd);
}

/* Its descriptor is there to be passed on; poll has nothing to wait for. */
static bool is_always_ready(int fd)
{
	bool is = fd >= 0 && ready(fd) == (POLLIN | POLLOUT) && epoll_of(fd, EPOLLIN) < 0 &&
		  errno == EPERM;

	close(fd);
	return is;
}

TEST_F(kshare, only_what_can_be_waited_for_is_polled)
{
	static const int with[] = { KSHARE_TYPE_LOCK, KSHARE_TYPE_RLOCK, KSHARE_TYPE_EVENT,
				    KSHARE_TYPE_RWLOCK, KSHARE_TYPE_SEMAPHORE,
				    KSHARE_TYPE_QUEUE };
	static const int without[] = { KSHARE_TYPE_CELL, KSHARE_TYPE_DICT, KSHARE_TYPE_LIST,
				       KSHARE_TYPE_NAMESPACE };
	struct side *s = &self->s;
	int i, fd, l = t_create(s, KSHARE_TYPE_LOCK);
	struct kshare_cmd dup = t_cmd(KSHARE_OP_DUP, l);

	for (i = 0; i < 6; i++) {
		fd = export_fd(s, t_create(s, with[i]));
		ASSERT_LE(0, fd);
		EXPECT_EQ(FD_CLOEXEC, fcntl(fd, F_GETFD));
		/* There is nothing else to be done with it. */
		EXPECT_EQ(-1, read(fd, &fd, 1));
		close(fd);
	}
	fd = export_fd(s, t_create_elem(s, KSHARE_TYPE_BARRIER, 0, 2));
	EXPECT_LE(0, fd);
	close(fd);
	for (i = 0; i < 4; i++)
		EXPECT_TRUE(is_always_ready(export_fd(s, t_create(s, without[i]))));
	EXPECT_TRUE(is_always_ready(export_fd(s, t_create_elem(s, KSHARE_TYPE_ARRAY,
							       KSHARE_ELEM_I64, 1))));
	EXPECT_TRUE(is_always_ready(export_fd(s, t_create_with(s, KSHARE_TYPE_CONDITION, 0,
							       t_none(), t_ref(l)))));
	EXPECT_TRUE(is_always_ready(export_fd(s, 1)));
	EXPECT_EQ(-EBADF, export_fd(s, 12345));
	/* Not to be waited for, and not to be passed on either */
	dup.nr = KSHARE_RIGHT_ALL & ~KSHARE_RIGHT_WAIT;
	EXPECT_TRUE(is_always_ready(export_fd(s, t_raw(s, dup))));
	dup.nr &= ~KSHARE_RIGHT_TRANSFER;
	EXPECT_EQ(-EACCES, export_fd(s, t_raw(s, dup)));
}

TEST_F(kshare, it_is_ready_when_a_wait_would_return)
{
	struct side *s = &self->s;
	int e = t_create(s, KSHARE_TYPE_EVENT), l = t_create(s, KSHARE_TYPE_RLOCK);
	int sem = t_create_elem(s, KSHARE_TYPE_SEMAPHORE, 0, 1), fd;

	fd = export_fd(s, e);
	EXPECT_EQ(0, ready(fd));
	EXPECT_EQ(0, op(s, KSHARE_OP_EVENT_SET, e));
	EXPECT_EQ(POLLIN, ready(fd));
	EXPECT_EQ(0, op(s, KSHARE_OP_EVENT_CLEAR, e));
	EXPECT_EQ(0, ready(fd));
	close(fd);
	fd = export_fd(s, l);
	EXPECT_EQ(POLLIN, ready(fd));
	EXPECT_EQ(1, op(s, KSHARE_OP_LOCK_ACQUIRE, l));
	EXPECT_EQ(0, ready(fd));
	EXPECT_EQ(0, op(s, KSHARE_OP_LOCK_RELEASE, l));
	EXPECT_EQ(POLLIN, ready(fd));
	close(fd);
	fd = export_fd(s, sem);
	EXPECT_EQ(POLLIN, ready(fd));
	EXPECT_EQ(0, op(s, KSHARE_OP_SEMAPHORE_ACQUIRE, sem));
	EXPECT_EQ(0, ready(fd));
	EXPECT_EQ(0, op(s, KSHARE_OP_SEMAPHORE_RELEASE, sem));
	EXPECT_EQ(POLLIN, ready(fd));
	close(fd);
}

TEST_F(kshare, a_queue_is_readable_and_writable)
{
	struct side *s = &self->s;
	int q = t_create_elem(s, KSHARE_TYPE_QUEUE, 0, 1), fd = export_fd(s, q);

	EXPECT_EQ(POLLOUT, ready(fd));
	EXPECT_EQ(0, op(s, KSHARE_OP_QUEUE_PUT, q));
	EXPECT_EQ(POLLIN, ready(fd));
	EXPECT_EQ(1, op(s, KSHARE_OP_QUEUE_GET, q));
	EXPECT_EQ(POLLOUT, ready(fd));
	EXPECT_EQ(0, op(s, KSHARE_OP_QUEUE_PUT, q));
	/* An error comes at once, too. */
	EXPECT_EQ(0, op(s, KSHARE_OP_QUEUE_SHUTDOWN, q));
	EXPECT_EQ(POLLIN | POLLOUT, ready(fd));
	EXPECT_EQ(1, op(s, KSHARE_OP_QUEUE_GET, q));
	EXPECT_EQ(POLLIN | POLLOUT | POLLHUP, ready(fd));
	close(fd);
}

TEST_F(kshare, a_rwlock_is_readable_to_share_and_writable_to_have_alone)
{
	struct side *s = &self->s;
	int l = t_create(s, KSHARE_TYPE_RWLOCK), fd = export_fd(s, l);
	struct kshare_cmd cmd = t_cmd(KSHARE_OP_RWLOCK_ACQUIRE, l);
	pid_t pid;

	EXPECT_EQ(POLLIN | POLLOUT, ready(fd));
	EXPECT_EQ(0, owned(s, KSHARE_OP_RWLOCK_ACQUIRE, l, KSHARE_SHARED));
	EXPECT_EQ(POLLIN, ready(fd));
	/* Behind one that wants it alone nobody shares it at once. */
	cmd.key = t_uint(2);
	pid = t_child(s, cmd);
	t_until_waiters(s, l, 1);
	EXPECT_EQ(0, ready(fd));
	kill(pid, SIGKILL);
	t_wait(pid);
	EXPECT_EQ(POLLIN, ready(fd));
	EXPECT_EQ(0, owned(s, KSHARE_OP_RWLOCK_RELEASE, l, 0));
	EXPECT_EQ(0, owned(s, KSHARE_OP_RWLOCK_ACQUIRE, l, 0));
	EXPECT_EQ(0, ready(fd));
	EXPECT_EQ(0, owned(s, KSHARE_OP_RWLOCK_DOWNGRADE, l, 0));
	EXPECT_EQ(POLLIN, ready(fd));
	close(fd);
}

TEST_F(kshare, a_barrier_is_readable_for_the_last_to_come)
{
	struct side *s = &self->s;
	int b = t_create_elem(s, KSHARE_TYPE_BARRIER, 0, 2), fd = export_fd(s, b);
	int ep = epoll_of(fd, EPOLLIN);
	pid_t pid;

	EXPECT_EQ(0, ready(fd));
	pid = t_child(s, t_cmd(KSHARE_OP_BARRIER_WAIT, b));
	EXPECT_EQ(EPOLLIN, next(ep, LONG));
	EXPECT_EQ(POLLIN, ready(fd));
	EXPECT_EQ(1, op(s, KSHARE_OP_BARRIER_WAIT, b));
	t_wait(pid);
	EXPECT_EQ(0, op(s, KSHARE_OP_BARRIER_RESET, b));
	EXPECT_EQ(0, ready(fd));
	EXPECT_EQ(0, op(s, KSHARE_OP_BARRIER_ABORT, b));
	EXPECT_EQ(POLLIN | POLLHUP, ready(fd));
	close(ep);
	close(fd);
}

/* One who sleeps in epoll is woken up, by a change of each kind. */
TEST_F(kshare, a_change_wakes_who_polls)
{
	struct side *s = &self->s;
	int e = t_create(s, KSHARE_TYPE_EVENT), l = t_create(s, KSHARE_TYPE_LOCK);
	int sem = t_create_elem(s, KSHARE_TYPE_SEMAPHORE, 0, 1), rw, i, go[2];
	int q = t_create(s, KSHARE_TYPE_QUEUE), full = t_create_elem(s, KSHARE_TYPE_QUEUE, 0, 1);
	struct kshare_cmd change[6];
	uint32_t events[6];
	pid_t pid;
	char c;

	rw = t_create(s, KSHARE_TYPE_RWLOCK);
	for (i = 0; i < 6; i++)
		events[i] = EPOLLIN;
	change[0] = t_cmd(KSHARE_OP_EVENT_SET, e);
	change[1] = t_cmd(KSHARE_OP_LOCK_RELEASE, l);
	change[1].key = t_uint(1);
	EXPECT_EQ(1, owned(s, KSHARE_OP_LOCK_ACQUIRE, l, 0));
	change[2] = t_cmd(KSHARE_OP_SEMAPHORE_RELEASE, sem);
	EXPECT_EQ(0, op(s, KSHARE_OP_SEMAPHORE_ACQUIRE, sem));
	change[3] = t_cmd(KSHARE_OP_QUEUE_PUT, q);
	change[4] = t_cmd(KSHARE_OP_QUEUE_GET, full);
	EXPECT_EQ(0, op(s, KSHARE_OP_QUEUE_PUT, full));
	events[4] = EPOLLOUT;
	change[5] = t_cmd(KSHARE_OP_RWLOCK_RELEASE, rw);
	change[5].key = t_uint(1);
	EXPECT_EQ(0, owned(s, KSHARE_OP_RWLOCK_ACQUIRE, rw, KSHARE_SHARED));
	events[5] = EPOLLOUT;
	ASSERT_EQ(0, pipe(go));
	for (i = 0; i < 6; i++) {
		int fd = export_fd(s, change[i].handle);

		pid = fork();
		if (!pid) {
			int ep = epoll_of(fd, events[i]);

			if (next(ep, 0) || write(go[1], "x", 1) != 1)
				_exit(1);
			_exit(next(ep, LONG) != (int)events[i]);
		}
		ASSERT_EQ(1, read(go[0], &c, 1));
		EXPECT_LE(0, t_raw(s, change[i]));
		EXPECT_EQ(0, t_wait(pid));
		close(fd);
	}
	close(go[0]);
	close(go[1]);
}

TEST_F(kshare, an_edge_is_told_once_and_a_level_as_long_as_it_lasts)
{
	struct side *s = &self->s;
	int q = t_create(s, KSHARE_TYPE_QUEUE), fd = export_fd(s, q);
	int edge = epoll_of(fd, EPOLLIN | EPOLLET), level = epoll_of(fd, EPOLLIN), i;

	for (i = 0; i < 3; i++) {
		EXPECT_EQ(0, next(edge, 0));
		EXPECT_EQ(i ? EPOLLIN : 0, next(level, 0));
		EXPECT_EQ(0, op(s, KSHARE_OP_QUEUE_PUT, q));
		/* Each message is an edge. */
		EXPECT_EQ(EPOLLIN, next(edge, LONG));
		EXPECT_EQ(0, next(edge, 0));
		EXPECT_EQ(EPOLLIN, next(level, 0));
		EXPECT_EQ(EPOLLIN, next(level, 0));
	}
	for (i = 0; i < 3; i++)
		EXPECT_EQ(1, op(s, KSHARE_OP_QUEUE_GET, q));
	EXPECT_EQ(0, next(level, 0));
	EXPECT_EQ(0, next(edge, 0));
	close(edge);
	close(level);
	close(fd);
}

TEST_F(kshare, a_descriptor_outlives_handle_and_client)
{
	struct side *s = &self->s, *other = calloc(1, sizeof(*other));
	int e = t_create(s, KSHARE_TYPE_EVENT), fd = export_fd(s, e), i, gone;
	struct kshare_stat before, after;

	ASSERT_EQ(0, t_stat(s, 1, &before));
	EXPECT_EQ(0, op(s, KSHARE_OP_EVENT_SET, e));
	EXPECT_EQ(0, t_close(s, e));
	EXPECT_EQ(POLLIN, ready(fd));
	/* It keeps the object. */
	ASSERT_EQ(0, t_stat(s, 1, &after));
	EXPECT_EQ(before.used[KSHARE_LIMIT_OBJECTS], after.used[KSHARE_LIMIT_OBJECTS]);
	close(fd);
	ASSERT_EQ(0, t_stat(s, 1, &after));
	EXPECT_EQ(before.used[KSHARE_LIMIT_OBJECTS] - 1, after.used[KSHARE_LIMIT_OBJECTS]);
	/* A second client, whose domain ends with it. */
	for (i = 0; i < 10; i++) {
		other->fd = open(KSHARE_DEVICE, O_RDWR | O_CLOEXEC);
		ASSERT_LE(0, other->fd);
		e = t_create(other, KSHARE_TYPE_QUEUE);
		EXPECT_EQ(0, t_run_with(other, KSHARE_OP_QUEUE_PUT, e, t_str("long enough text")));
		gone = export_fd(other, e);
		ASSERT_LE(0, gone);
		close(other->fd);
		/* What a queue holds may be gone, but not the queue. */
		EXPECT_LE(0, ready(gone));
		close(gone);
	}
	free(other);
}

TEST_F(kshare, what_is_polled_may_be_closed)
{
	struct side *s = &self->s;
	int e = t_create(s, KSHARE_TYPE_EVENT), fd = export_fd(s, e);
	int ep = epoll_of(fd, EPOLLIN), again = dup(fd);

	EXPECT_EQ(0, t_close(s, e));
	EXPECT_EQ(0, next(ep, 0));
	close(fd);
	/* The copy keeps it in there. */
	EXPECT_EQ(0, next(ep, 10));
	EXPECT_EQ(0, ready(again));
	close(again);
	EXPECT_EQ(0, next(ep, 10));
	close(ep);
}

/* Ready is what the lock of a dead owner is, too. */
TEST_F(kshare, a_death_wakes_who_polls)
{
	struct side *s = &self->s;
	int l = t_create(s, KSHARE_TYPE_LOCK), fd = export_fd(s, l), held[2];
	int ep = epoll_of(fd, EPOLLIN | EPOLLET);
	pid_t pid;
	char c;

	ASSERT_EQ(0, pipe(held));
	EXPECT_EQ(EPOLLIN, next(ep, 0));
	pid = t_fork(s);
	if (!pid) {
		if (op(s, KSHARE_OP_LOCK_ACQUIRE, l) == 1 && write(held[1], "x", 1) == 1)
			pause();
		_exit(1);
	}
	ASSERT_EQ(1, read(held[0], &c, 1));
	EXPECT_EQ(0, ready(fd));
	EXPECT_EQ(0, next(ep, 0));
	kill(pid, SIGKILL);
	EXPECT_EQ(EPOLLIN, next(ep, LONG));
	EXPECT_EQ(1000 + SIGKILL, t_wait(pid));
	close(ep);
	close(fd);
	close(held[0]);
	close(held[1]);
}

/* Whoever polls before he waits finds it all, whoever is first. */
TEST_F(kshare, no_edge_is_lost)
{
	struct side *s = &self->s;
	int q = t_create(s, KSHARE_TYPE_QUEUE), fd = export_fd(s, q), rounds = t_rounds(5000), i;
	pid_t pid;

	t_share_counts();
	pid = t_fork(s);
	if (!pid) {
		struct kshare_cmd get = t_cmd(KSHARE_OP_QUEUE_GET, q);
		int ep = epoll_of(fd, EPOLLIN | EPOLLET), n = 0;

		get.flags = KSHARE_NOWAIT;
		while (n < rounds) {
			int ret = t_raw(s, get);

			t_count(ret != 1);
			if (ret == 1)
				n++;
			else if (ret != -EAGAIN)
				_exit(1);
			else if (next(ep, LONG) != EPOLLIN)
				_exit(2);
		}
		_exit(0);
	}
	for (i = 0; i < rounds; i++)
		ASSERT_EQ(0, op(s, KSHARE_OP_QUEUE_PUT, q));
	EXPECT_EQ(0, t_wait(pid));
	T_OUTCOMES("%d found, %d times polled for", t_counts[0], t_counts[1]);
	close(fd);
}

TEST_HARNESS_MAIN
