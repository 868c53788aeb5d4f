/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the tests of ways to pass objects on share: descriptors, tickets, handles
 * that can be revoked, other users, and what is in use.
 */
#ifndef SHARING_TEST_H
#define SHARING_TEST_H

#include "kshare_test.h"

#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include <linux/userfaultfd.h>

#ifndef __NR_pidfd_open
#define __NR_pidfd_open		434
#endif
#ifndef __NR_pidfd_getfd
#define __NR_pidfd_getfd	438
#endif

#define T_ALL_BUT(right)	(KSHARE_RIGHT_ALL & ~(right))

/* Users that nobody else is */
#define T_USER			54321
#define T_OTHER_USER		54322

/* Waits for what happens at all. */
#define T_UNTIL(condition)						\
	({								\
		int64_t __end = t_now() + T_LONG;			\
		bool __is;						\
									\
		while (!(__is = (condition)) && t_now() < __end)	\
			sched_yield();					\
		__is;							\
	})

static inline struct kshare_cmd t_with_nr(uint32_t op, uint32_t handle, uint32_t nr)
{
	struct kshare_cmd cmd = t_cmd(op, handle);

	cmd.nr = nr;
	return cmd;
}

static inline struct kshare_cmd t_with_key(uint32_t op, uint32_t handle, struct kshare_value key)
{
	struct kshare_cmd cmd = t_cmd(op, handle);

	cmd.key = key;
	return cmd;
}

static inline int t_dup(struct side *s, int h, uint32_t rights)
{
	return t_raw(s, t_with_nr(KSHARE_OP_DUP, h, rights));
}

/* A handle that REVOKE ends, with all that comes from it. */
static inline int t_revocable(struct side *s, int h)
{
	struct kshare_cmd cmd = t_cmd(KSHARE_OP_DUP, h);

	cmd.flags = KSHARE_REVOCABLE;
	return t_raw(s, cmd);
}

static inline int t_revoke(struct side *s, int h)
{
	return t_raw(s, t_cmd(KSHARE_OP_REVOKE, h));
}

static inline int t_export(struct side *s, int h, uint32_t rights)
{
	return t_raw(s, t_with_nr(KSHARE_OP_EXPORT_FD, h, rights));
}

static inline int t_import(struct side *s, int64_t fd, uint32_t rights)
{
	struct kshare_cmd cmd = t_with_key(KSHARE_OP_IMPORT_FD, 0, t_int(fd));

	cmd.nr = rights;
	return t_raw(s, cmd);
}

/* Another client gets a handle of its own, by a descriptor; that handle, or -errno. */
static inline int t_give(struct side *from, int h, struct side *to)
{
	int fd = t_export(from, h, 0), ret;

	if (fd < 0)
		return fd;
	ret = t_import(to, fd, 0);
	close(fd);
	return ret;
}

/* A ticket for @text, which has room for a zero byte too; its number, or -errno. */
static inline int64_t t_ticket_for(struct side *s, struct kshare_cmd cmd, char *text)
{
	int ret = t_run(s, cmd);
	const struct kshare_value *v = s->out.values;

	if (ret < 0)
		return ret;
	if (v->type != KSHARE_STR || v->len != KSHARE_TICKET_LEN)
		return -EIO;
	memcpy(text, (const void *)(uintptr_t)v->ptr, v->len);
	text[v->len] = 0;
	return s->out.head.number;
}

static inline int64_t t_ticket(struct side *s, int h, char *text)
{
	return t_ticket_for(s, t_cmd(KSHARE_OP_TICKET_CREATE, h), text);
}

static inline int t_redeem(struct side *s, const char *text, uint32_t rights)
{
	struct kshare_cmd cmd = t_with_key(KSHARE_OP_TICKET_REDEEM, 0, t_str(text));

	cmd.nr = rights;
	return t_raw(s, cmd);
}

/* Rights of a handle, or -errno */
static inline int t_rights(struct side *s, int h)
{
	struct kshare_stat stat;
	int ret = t_stat(s, h, &stat);

	return ret ?: (int)stat.rights;
}

static inline uint64_t t_id(struct side *s, int h)
{
	struct kshare_stat stat;

	return t_stat(s, h, &stat) ? 0 : stat.id;
}

/* Of the client's own domain */
static inline uint64_t t_objects(struct side *s)
{
	struct kshare_stat stat;

	return t_stat(s, 1, &stat) ? UINT64_MAX : stat.used[KSHARE_LIMIT_OBJECTS];
}

/* What a user has in all domains; who asks for another one than his own is root. */
static inline uint64_t t_user_used(struct side *s, int64_t uid, uint32_t what)
{
	struct kshare_cmd cmd = t_with_nr(KSHARE_OP_USER_LIMIT, 0, what);

	if (uid >= 0)
		cmd.key = t_int(uid);
	return t_run(s, cmd) ? UINT64_MAX : s->out.values[0].u;
}

static inline int t_append(struct side *s, int list, struct kshare_value v)
{
	struct kshare_cmd cmd = t_cmd(KSHARE_OP_LIST_APPEND, list);

	cmd.value = v;
	return t_raw(s, cmd);
}

/* The handle in element @i of a list, or -errno */
static inline int t_take(struct side *s, int list, int64_t i)
{
	int ret = t_run(s, t_with_key(KSHARE_OP_LIST_GET, list, t_int(i)));

	return ret ?: (int)s->out.values[0].ref.handle;
}

/* A cell that holds a number, and what it is */
static inline int t_number_cell(struct side *s, int64_t number)
{
	return t_create_with(s, KSHARE_TYPE_CELL, 0, t_none(), t_int(number));
}

static inline int64_t t_number_of(struct side *s, int cell)
{
	int ret = t_run(s, t_cmd(KSHARE_OP_CELL_GET, cell));

	return ret ?: s->out.values[0].i;
}

/* An encoded value that is nothing but references; @at has room for one more word. */
static inline struct kshare_value t_encoded(uint32_t *at, const int *handles, uint32_t count)
{
	uint32_t i;

	at[0] = count;
	for (i = 0; i < count; i++)
		at[i + 1] = handles[i];
	return (struct kshare_value){
		.type = KSHARE_ENCODED,
		.codec = 1,
		.flags = KSHARE_VF_REFS,
		.len = (count + 1) * sizeof(uint32_t),
		.ptr = (uintptr_t)at,
	};
}

/* Another client of this process, or of a child. */
static inline struct side *t_open(void)
{
	struct side *s = calloc(1, sizeof(*s));

	if (!s)
		abort();
	s->fd = open(KSHARE_DEVICE, O_RDWR | O_CLOEXEC);
	return s;
}

static inline void t_leave(struct side *s)
{
	close(s->fd);
	free(s);
}

/* A client of another user's, whom this process is from now on. */
static inline struct side *t_open_as(uid_t uid)
{
	struct side *s;

	if (setresuid(uid, 0, 0))
		_exit(90);
	s = t_open();
	if (s->fd < 0 || setresuid(uid, uid, uid))
		_exit(91);
	return s;
}

/* A page that keeps who touches it, a command of the kernel's as well. */
struct t_lazy {
	char *page;
	int fd;
};

#define T_PAGE	4096

/* The first one of @pages, which may be NULL; false if the kernel cannot do that. */
static inline bool t_lazy_begin(struct t_lazy *lazy, char *pages)
{
	struct uffdio_api api = { .api = UFFD_API };
	struct uffdio_register reg = {
		.range.len = T_PAGE,
		.mode = UFFDIO_REGISTER_MODE_MISSING,
	};

	lazy->page = mmap(pages, T_PAGE, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS | (pages ? MAP_FIXED : 0), -1, 0);
	lazy->fd = syscall(__NR_userfaultfd, O_CLOEXEC);
	reg.range.start = (uintptr_t)lazy->page;
	return lazy->fd >= 0 && !ioctl(lazy->fd, UFFDIO_API, &api) &&
	       !ioctl(lazy->fd, UFFDIO_REGISTER, &reg);
}

/* Waits until somebody touches it. */
static inline bool t_lazy_touched(struct t_lazy *lazy)
{
	struct uffd_msg msg;

	return read(lazy->fd, &msg, sizeof(msg)) == sizeof(msg);
}

/* Who touches it goes on, and finds that. */
static inline bool t_lazy_fill(struct t_lazy *lazy, const char *text)
{
	static char page[T_PAGE];
	struct uffdio_copy copy = {
		.dst = (uintptr_t)lazy->page,
		.src = (uintptr_t)page,
		.len = T_PAGE,
	};

	snprintf(page, sizeof(page), "%s", text);
	return !ioctl(lazy->fd, UFFDIO_COPY, &copy);
}

/* It goes: who touches it goes on, and finds that there is none. */
static inline void t_lazy_end(struct t_lazy *lazy)
{
	struct uffdio_range range = { .start = (uintptr_t)lazy->page, .len = T_PAGE };

	munmap(lazy->page, T_PAGE);
	/* A child may have the descriptor as well. */
	ioctl(lazy->fd, UFFDIO_WAKE, &range);
	close(lazy->fd);
}

static inline int t_send_fd(int sock, int fd)
{
	char control[CMSG_SPACE(sizeof(int))] = {}, c = 0;
	struct iovec iov = { .iov_base = &c, .iov_len = 1 };
	struct msghdr msg = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control,
		.msg_controllen = sizeof(control),
	};
	struct cmsghdr *cmsg = CMSG_FIRSTHDR(&msg);

	cmsg->cmsg_level = SOL_SOCKET;
	cmsg->cmsg_type = SCM_RIGHTS;
	cmsg->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(cmsg), &fd, sizeof(int));
	return sendmsg(sock, &msg, 0) == 1 ? 0 : -errno;
}

static inline int t_receive_fd(int sock)
{
	char control[CMSG_SPACE(sizeof(int))] = {}, c;
	struct iovec iov = { .iov_base = &c, .iov_len = 1 };
	struct msghdr msg = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control,
		.msg_controllen = sizeof(control),
	};
	struct cmsghdr *cmsg;
	int fd = -1;

	if (recvmsg(sock, &msg, MSG_CMSG_CLOEXEC) != 1)
		return -1;
	cmsg = CMSG_FIRSTHDR(&msg);
	if (cmsg)
		memcpy(&fd, CMSG_DATA(cmsg), sizeof(int));
	return fd;
}

#endif /* SHARING_TEST_H */
