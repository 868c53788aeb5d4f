// SPDX-License-Identifier: LGPL-2.1-or-later OR MIT
/*
 * Descriptors, tickets and revoking against the module, as test-module.c does it for
 * other functions.  Exits with 77 if there is no module.
 */
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sys/socket.h>
#include <unistd.h>

#include "internal.h"
#include "test.h"

static struct kshare *k;
/* Another client, of this process as well: the module does not mind whose it is. */
static struct kshare *other;
static struct kshare_reply *r;

static int64_t number(unsigned int i)
{
	int64_t n;

	check(kshare_reply_int(r, i, &n) == 0);
	return n;
}

static struct kshare_stat stat_of(struct kshare_obj *obj)
{
	struct kshare_stat st;

	check(kshare_stat(obj, &st) == 0);
	return st;
}

static uint64_t objects(void)
{
	struct kshare_obj *domain KSHARE_CLEANUP = NULL;

	check(kshare_domain(k, &domain) == 0);
	return stat_of(domain).length;
}

/* ---- revoking ---- */

static void *wait_by(void *queue)
{
	int64_t ret = kshare_queue_get(queue, kshare_deadline_in_ms(30000), NULL);

	return (void *)(intptr_t)ret;
}

static struct kshare_obj *its_lock;

/* With the lock again, whose token it is told */
static void *wait_for_news(void *condition)
{
	int64_t deadline = kshare_deadline_in_ms(30000);
	uint64_t first = 0, token = 0;
	int ret;

	check(kshare_lock_acquire(its_lock, deadline, &first, NULL) == 1);
	ret = kshare_condition_wait(condition, its_lock, deadline, &token, NULL);
	check(token > first);
	check(kshare_lock_release(its_lock) == 0);
	return (void *)(intptr_t)ret;
}

static void test_revoke(void)
{
	struct kshare_obj *gates[KSHARE_MAX_GATES + 1];
	struct kshare_obj *dict, *lent, *part, *queue, *lock, *array;
	pthread_t thread;
	void *ret, *map;
	uint32_t flags;
	size_t bytes;
	int i;

	check(kshare_dict_create(k, 0, &dict) == 0);
	check(kshare_dup(dict, KSHARE_RIGHT_READ, KSHARE_REVOCABLE, &lent) == 0);
	check(kshare_type(lent) == KSHARE_TYPE_DICT && kshare_same(lent, dict) == 1);
	check(kshare_dup(lent, 0, 0, &part) == 0);
	check(kshare_dict_len(part) == 0);
	check(kshare_dict_set(lent, kshare_int(1), kshare_int(2)) == -EACCES);
	check(kshare_revoke(dict) == -EPERM && kshare_revoke(part) == -EPERM);
	check(kshare_revoke(lent) == 0 && kshare_revoke(lent) == -ESTALE);
	check(kshare_dict_len(lent) == -ESTALE && kshare_dict_len(part) == -ESTALE);
	check(kshare_dict_len(dict) == 0);
	kshare_unref(part);
	kshare_unref(lent);

	/* Each of the one before; the first ends all. */
	gates[0] = dict;
	for (i = 1; i <= (int)KSHARE_MAX_GATES; i++)
		check(kshare_dup(gates[i - 1], 0, KSHARE_REVOCABLE, &gates[i]) == 0);
	check(kshare_dup(gates[i - 1], 0, KSHARE_REVOCABLE, &part) == -EDQUOT);
	check(kshare_dict_len(gates[i - 1]) == 0);
	check(kshare_revoke(gates[1]) == 0);
	check(kshare_dict_len(gates[i - 1]) == -ESTALE);
	while (--i)
		kshare_unref(gates[i]);
	kshare_unref(dict);

	/* Who waits is woken. */
	check(kshare_queue_create(k, 0, 0, &queue) == 0);
	check(kshare_dup(queue, 0, KSHARE_REVOCABLE, &lent) == 0);
	check(pthread_create(&thread, NULL, wait_by, lent) == 0);
	while (stat_of(queue).waiters != 1)
		;
	check(kshare_revoke(lent) == 0);
	check(pthread_join(thread, &ret) == 0 && (intptr_t)ret == -ESTALE);
	kshare_unref(lent);
	kshare_unref(queue);

	/* Who waits for news has the lock again. */
	check(kshare_lock_create(k, 0, &its_lock) == 0);
	check(kshare_condition_create(k, its_lock, 0, &queue) == 0);
	check(kshare_dup(queue, 0, KSHARE_REVOCABLE, &lent) == 0);
	check(pthread_create(&thread, NULL, wait_for_news, lent) == 0);
	while (stat_of(queue).waiters != 1)
		;
	check(kshare_revoke(lent) == 0);
	check(pthread_join(thread, &ret) == 0 && (intptr_t)ret == -ESTALE);
	kshare_unref(lent);
	kshare_unref(queue);
	kshare_unref(its_lock);

	/* What is mapped stays so. */
	check(kshare_array_create(k, KSHARE_ELEM_I32, 4, 0, &array) == 0);
	check(kshare_dup(array, 0, KSHARE_REVOCABLE, &lent) == 0);
	check(kshare_array_map(lent, true, &map, &bytes) == 0);
	check(kshare_revoke(lent) == 0);
	((int32_t *)map)[3] = 7;
	check(kshare_array_get(array, 3, &r) == 0 && number(0) == 7);
	check(kshare_array_unmap(map, bytes) == 0);
	check(kshare_array_map(lent, true, &map, &bytes) == -ESTALE);
	kshare_unref(lent);
	kshare_unref(array);

	/* What is held by it alone is given back. */
	check(kshare_lock_create(k, 0, &lock) == 0);
	check(kshare_dup(lock, 0, KSHARE_REVOCABLE, &lent) == 0);
	i = kshare_export_fd_rights(lent, 0);
	check(i >= 0 && kshare_import_fd(other, i, 0, 0, &part) == 0);
	close(i);
	check(kshare_lock_acquire(part, KSHARE_TRY, NULL, NULL) == 1);
	check(kshare_lock_acquire(lock, KSHARE_TRY, NULL, NULL) == -EAGAIN);
	check(kshare_revoke(lent) == 0);
	check(kshare_lock_acquire(lock, kshare_deadline_in_ms(30000), NULL, &flags) == 1);
	check(flags & KSHARE_R_OWNER_DIED);
	check(kshare_lock_release(part) == -ESTALE && kshare_lock_release(lock) == 0);
	kshare_unref(part);
	kshare_unref(lent);
	kshare_unref(lock);
}

/* ---- descriptors ---- */

static void test_descriptors(void)
{
	struct pollfd polled = { .events = POLLIN };
	struct kshare_obj *cell, *dup, *got, *queue;
	int fd;

	check(kshare_cell_create(k, KSHARE_ELEM_ANY, kshare_int(5), 0, &cell) == 0);
	/* Of a type that nobody waits for, but that can be passed on. */
	fd = kshare_export_fd(cell);
	check(fd >= 0);
	check(kshare_import_fd(other, fd, 0, KSHARE_NO_INHERIT, &got) == 0);
	check(kshare_type(got) == KSHARE_TYPE_CELL && kshare_same(cell, got) == 1);
	check(stat_of(got).rights == KSHARE_RIGHT_ALL);
	kshare_unref(got);
	close(fd);

	/* It keeps the object, and brings so much. */
	fd = kshare_export_fd_rights(cell, KSHARE_RIGHT_READ | KSHARE_RIGHT_WRITE);
	check(fd >= 0);
	kshare_unref(cell);
	check(kshare_import_fd(other, fd, KSHARE_RIGHT_MANAGE, 0, &got) == -EACCES);
	check(kshare_import_fd(other, fd, KSHARE_RIGHT_READ, 0, &got) == 0);
	check(kshare_cell_get(got, &r) == 0 && number(0) == 5);
	check(kshare_cell_set(got, kshare_int(6)) == -EACCES);
	check(kshare_export_fd(got) == -EACCES);
	kshare_unref(got);
	check(kshare_import_fd(other, fd, 0, 0, &got) == 0);
	check(kshare_cell_set(got, kshare_int(6)) >= 0);
	kshare_unref(got);
	close(fd);
	check(kshare_import_fd(k, fd, 0, 0, &got) == -EBADF);
	check(kshare_import_fd(k, -1, 0, 0, &got) == -EBADF);
	check(kshare_import_fd(k, STDOUT_FILENO, 0, 0, &got) == -EINVAL);
	check(kshare_import_fd(k, kshare_fd(other), 0, 0, &got) == -EINVAL);

	/* For poll alone; and after revoking. */
	check(kshare_queue_create(k, 0, 0, &queue) == 0);
	check(kshare_dup(queue, KSHARE_RIGHT_WAIT, 0, &dup) == 0);
	fd = kshare_export_fd(dup);
	check(fd >= 0 && kshare_import_fd(k, fd, 0, 0, &got) == -EACCES);
	check(kshare_export_fd_rights(dup, KSHARE_RIGHT_READ) == -EACCES);
	close(fd);
	kshare_unref(dup);
	check(kshare_dup(queue, 0, KSHARE_REVOCABLE, &dup) == 0);
	fd = kshare_export_fd(dup);
	polled.fd = fd;
	check(fd >= 0 && poll(&polled, 1, 0) == 0);
	check(kshare_import_fd(other, fd, 0, 0, &got) == 0);
	check(kshare_revoke(dup) == 0);
	check(poll(&polled, 1, 30000) == 1);
	check((polled.revents & (POLLERR | POLLHUP)) == (POLLERR | POLLHUP));
	check(kshare_queue_len(got) == -ESTALE && kshare_queue_len(queue) == 0);
	kshare_unref(got);
	check(kshare_import_fd(other, fd, 0, 0, &got) == -ESTALE);
	close(fd);
	kshare_unref(dup);
	kshare_unref(queue);
}

/* Two descriptors in one message, the first of which is not the module's. */
static void send_two(int sock, int fd, int second)
{
	union {
		struct cmsghdr header;
		char room[CMSG_SPACE(2 * sizeof(int))];
	} control = { .room = "" };
	struct iovec data = { .iov_base = "", .iov_len = 1 };
	struct msghdr msg = {
		.msg_iov = &data,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control),
	};
	const int fds[] = { fd, second };

	control.header.cmsg_level = SOL_SOCKET;
	control.header.cmsg_type = SCM_RIGHTS;
	control.header.cmsg_len = CMSG_LEN(sizeof(fds));
	memcpy(CMSG_DATA(&control.header), fds, sizeof(fds));
	check(sendmsg(sock, &msg, 0) == 1);
}

static int open_files(void)
{
	int fd, count = 0;

	for (fd = 0; fd < 256; fd++)
		count += fcntl(fd, F_GETFD) >= 0;
	return count;
}

static void test_sockets(int type)
{
	struct kshare_obj *cell, *lent, *got;
	int sock[2], before = open_files(), on = 1;

	check(socketpair(AF_UNIX, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, sock) == 0);
	check(kshare_cell_create(k, KSHARE_ELEM_ANY, kshare_int(5), 0, &cell) == 0);
	check(kshare_receive(other, sock[1], 0, 0, &got) == -EAGAIN);
	check(kshare_send(cell, sock[0], KSHARE_RIGHT_READ) == 0);
	check(kshare_receive(other, sock[1], 0, 0, &got) == 0);
	check(kshare_same(cell, got) == 1 && stat_of(got).rights == KSHARE_RIGHT_READ);
	check(kshare_send(got, sock[0], 0) == -EACCES);
	kshare_unref(got);
	/* What has come is used up, whether it is any good or not. */
	check(kshare_send(cell, sock[0], KSHARE_RIGHT_READ) == 0);
	check(kshare_receive(other, sock[1], KSHARE_RIGHT_WRITE, 0, &got) == -EACCES);
	check(kshare_receive(other, sock[1], 0, 0, &got) == -EAGAIN);
	check(write(sock[0], "x", 1) == 1);
	check(kshare_receive(other, sock[1], 0, 0, &got) == -EBADMSG);
	send_two(sock[0], sock[0], kshare_fd(k));
	check(kshare_receive(other, sock[1], 0, 0, &got) == -EINVAL);
	/* Who has sent it comes before what was sent. */
	check(setsockopt(sock[1], SOL_SOCKET, SO_PASSCRED, &on, sizeof(on)) == 0);
	check(kshare_dup(cell, 0, KSHARE_REVOCABLE, &lent) == 0);
	check(kshare_send(lent, sock[0], 0) == 0);
	check(kshare_receive(other, sock[1], 0, 0, &got) == 0);
	check(stat_of(got).rights == KSHARE_RIGHT_ALL);
	kshare_unref(got);
	check(kshare_send(lent, sock[0], 0) == 0 && kshare_revoke(lent) == 0);
	check(kshare_receive(other, sock[1], 0, 0, &got) == -ESTALE);
	check(kshare_send(lent, sock[0], 0) == -ESTALE);
	kshare_unref(lent);
	close(sock[0]);
	check(kshare_receive(other, sock[1], 0, 0, &got) == -EPIPE);
	check(kshare_send(cell, sock[1], 0) == -EPIPE);
	close(sock[1]);
	check(kshare_send(cell, sock[1], 0) == -EBADF);
	kshare_unref(cell);
	check(open_files() == before);
}

/* ---- tickets ---- */

static void test_tickets(void)
{
	char ticket[KSHARE_TICKET_LEN + 1], second[KSHARE_TICKET_LEN + 1];
	struct kshare_obj *dict, *weak, *got;
	struct kshare *third;
	uint64_t nr;

	check(kshare_dict_create(k, 0, &dict) == 0);
	check(kshare_ticket_create(dict, KSHARE_RIGHT_READ, 2, KSHARE_NO_ID, KSHARE_FOREVER,
				   ticket, &nr) == 0);
	check(strlen(ticket) == KSHARE_TICKET_LEN &&
	      strspn(ticket, "0123456789abcdefABCDEF") == KSHARE_TICKET_LEN);
	/* What fails is no use. */
	check(kshare_ticket_redeem(other, ticket, KSHARE_RIGHT_WRITE, 0, &got) == -EACCES);
	check(kshare_ticket_redeem(other, ticket, 0, KSHARE_NO_INHERIT, &got) == 0);
	check(kshare_same(got, dict) == 1 && stat_of(got).rights == KSHARE_RIGHT_READ);
	check(kshare_dict_len(got) == 0);
	check(kshare_ticket_create(got, 0, 1, KSHARE_NO_ID, KSHARE_FOREVER, second, NULL) ==
	      -EACCES);
	kshare_unref(got);
	check(kshare_ticket_redeem(other, ticket, KSHARE_RIGHT_READ, 0, &got) == 0);
	kshare_unref(got);
	check(kshare_ticket_redeem(other, ticket, 0, 0, &got) == -ENOENT);
	check(kshare_ticket_revoke(k, nr) == -ENOENT);

	check(kshare_ticket_redeem(other, "no ticket", 0, 0, &got) == -EINVAL);
	check(kshare_ticket_create(dict, 0, 0, KSHARE_NO_ID, KSHARE_FOREVER, ticket, NULL) ==
	      -EINVAL);
	check(kshare_ticket_create(dict, 0, 1, KSHARE_NO_ID, KSHARE_TRY, ticket, NULL) == -EINVAL);
	check(kshare_dup(dict, KSHARE_RIGHT_READ | KSHARE_RIGHT_TRANSFER, 0, &weak) == 0);
	check(kshare_ticket_create(weak, KSHARE_RIGHT_WRITE, 1, KSHARE_NO_ID, KSHARE_FOREVER,
				   ticket, NULL) == -EACCES);
	kshare_unref(weak);

	/* For one user. */
	check(kshare_ticket_create(dict, 0, 1, geteuid(), KSHARE_FOREVER, ticket, NULL) == 0);
	check(kshare_ticket_redeem(other, ticket, 0, 0, &got) == 0);
	kshare_unref(got);
	check(kshare_ticket_create(dict, 0, 1, geteuid() + 1, KSHARE_FOREVER, ticket, &nr) == 0);
	check(kshare_ticket_redeem(other, ticket, 0, 0, &got) == -EPERM);
	/* Only who made it ends it. */
	check(kshare_ticket_revoke(other, nr) == -ENOENT);
	check(kshare_ticket_revoke(k, nr) == 0 && kshare_ticket_revoke(k, nr) == -ENOENT);

	/* Until then, with or without who made it. */
	check(kshare_ticket_create(dict, 0, 1, KSHARE_NO_ID, kshare_deadline_in_ms(0), ticket,
				   NULL) == 0);
	check(kshare_ticket_redeem(other, ticket, 0, 0, &got) == -ENOENT);
	kshare_unref(dict);
	check(kshare_connect(NULL, &third) == 0 && kshare_dict_create(third, 0, &dict) == 0);
	check(kshare_ticket_create(dict, 0, 1, KSHARE_NO_ID, kshare_deadline_in_ms(60000), ticket,
				   NULL) == 0);
	check(kshare_ticket_create(dict, 0, 1, KSHARE_NO_ID, KSHARE_FOREVER, second, NULL) == 0);
	check(kshare_dict_set(dict, kshare_int(1), kshare_int(2)) == 1);
	kshare_unref(dict);
	kshare_disconnect(third);
	check(kshare_ticket_redeem(other, second, 0, 0, &got) == -ENOENT);
	check(kshare_ticket_redeem(other, ticket, 0, 0, &got) == 0);
	check(kshare_dict_get(got, kshare_int(1), &r) == 0 && number(0) == 2);
	kshare_unref(got);

	/* Of what is revoked. */
	check(kshare_dict_create(k, 0, &dict) == 0);
	check(kshare_dup(dict, 0, KSHARE_REVOCABLE, &weak) == 0);
	check(kshare_ticket_create(weak, 0, 9, KSHARE_NO_ID, KSHARE_FOREVER, ticket, &nr) == 0);
	check(kshare_ticket_redeem(other, ticket, 0, 0, &got) == 0);
	check(kshare_revoke(weak) == 0 && kshare_dict_len(got) == -ESTALE);
	kshare_unref(got);
	check(kshare_ticket_redeem(other, ticket, 0, 0, &got) == -ESTALE);
	/* It keeps the object all the same. */
	check(kshare_ticket_revoke(k, nr) == 0);
	kshare_unref(weak);
	kshare_unref(dict);
}

/* The last one, since nobody of this user redeems anything for a while. */
static void test_guesses(void)
{
	struct kshare_obj *got;
	int i, err = 0;

	for (i = 0; i < 10000 && err != -EAGAIN; i++) {
		err = kshare_ticket_redeem(k, "00112233445566778899aabbccddeeff", 0, 0, &got);
		check(err == -ENOENT || err == -EAGAIN);
	}
	check(err == -EAGAIN);
}

int main(void)
{
	uint64_t before;
	int err;

	err = kshare_connect(NULL, &k);
	if (err) {
		printf("skipped: %s: %s\n", KSHARE_DEVICE, kshare_strerror(err));
		return 77;
	}
	check(kshare_connect(NULL, &other) == 0);
	before = objects();
	test_revoke();
	test_descriptors();
	test_sockets(SOCK_STREAM);
	test_sockets(SOCK_SEQPACKET);
	test_tickets();
	kshare_reply_free(r);
	/* A ticket whose time is over lets go of its object a moment later. */
	while (objects() != before)
		usleep(1000);
	test_guesses();
	kshare_disconnect(other);
	kshare_disconnect(k);
	return 0;
}
