// SPDX-License-Identifier: LGPL-2.1-or-later OR MIT
/* Sharing with strangers: descriptors, tickets, and taking back. */
#include <sys/socket.h>
#include <unistd.h>

#include "internal.h"

void kshare_prep_revoke(struct kshare_cmd *cmd, struct kshare_obj *obj)
{
	kshare_prep(cmd, KSHARE_OP_REVOKE, obj);
}

int kshare_revoke(struct kshare_obj *obj)
{
	struct kshare_cmd cmd;

	kshare_prep_revoke(&cmd, obj);
	return ks_run(obj, &cmd, NULL);
}

void kshare_prep_export_fd_rights(struct kshare_cmd *cmd, struct kshare_obj *obj,
				  uint32_t rights)
{
	kshare_prep_export_fd(cmd, obj);
	cmd->nr = rights;
}

int kshare_export_fd_rights(struct kshare_obj *obj, uint32_t rights)
{
	struct kshare_cmd cmd;

	kshare_prep_export_fd_rights(&cmd, obj, rights);
	return ks_run(obj, &cmd, NULL);
}

void kshare_prep_import_fd(struct kshare_cmd *cmd, int fd, uint32_t rights, uint32_t flags)
{
	kshare_prep(cmd, KSHARE_OP_IMPORT_FD, NULL);
	cmd->key = kshare_int(fd);
	cmd->nr = rights;
	cmd->flags = flags;
}

int kshare_import_fd(struct kshare *k, int fd, uint32_t rights, uint32_t flags,
		     struct kshare_obj **obj)
{
	struct kshare_cmd cmd;

	kshare_prep_import_fd(&cmd, fd, rights, flags);
	return ks_obj_make(k, &cmd, 0, obj);
}

static void close_quietly(int fd)
{
	int saved = errno;

	close(fd);
	errno = saved;
}

int kshare_send(struct kshare_obj *obj, int sock, uint32_t rights)
{
	union {
		struct cmsghdr header;
		char room[CMSG_SPACE(sizeof(int))];
	} control = { .room = "" };
	char byte = 0;
	struct iovec data = { .iov_base = &byte, .iov_len = 1 };
	struct msghdr msg = {
		.msg_iov = &data,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control),
	};
	int saved = errno;
	int fd, err = 0;

	fd = kshare_export_fd_rights(obj, rights);
	if (fd < 0)
		return fd;
	control.header.cmsg_level = SOL_SOCKET;
	control.header.cmsg_type = SCM_RIGHTS;
	control.header.cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(&control.header), &fd, sizeof(fd));
	if (sendmsg(sock, &msg, MSG_NOSIGNAL) < 0) {
		err = -errno;
		errno = saved;
	}
	close_quietly(fd);
	return err;
}

/* The first descriptor of a message, or -1.  The sender may have sent more of them. */
static int take_descriptor(struct msghdr *msg)
{
	struct cmsghdr *header;
	int fd, first = -1;
	size_t at;

	for (header = CMSG_FIRSTHDR(msg); header; header = CMSG_NXTHDR(msg, header)) {
		if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS)
			continue;
		for (at = CMSG_LEN(0); at + sizeof(fd) <= header->cmsg_len; at += sizeof(fd)) {
			memcpy(&fd, (char *)header + at, sizeof(fd));
			if (first < 0)
				first = fd;
			else
				close_quietly(fd);
		}
	}
	return first;
}

int kshare_receive(struct kshare *k, int sock, uint32_t rights, uint32_t flags,
		   struct kshare_obj **obj)
{
	/* With room for what SO_PASSCRED and its like put before it */
	union {
		struct cmsghdr header;
		char room[512];
	} control;
	char byte;
	struct iovec data = { .iov_base = &byte, .iov_len = 1 };
	struct msghdr msg = {
		.msg_iov = &data,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control),
	};
	int saved = errno;
	ssize_t got;
	int fd, err;

	got = recvmsg(sock, &msg, MSG_CMSG_CLOEXEC);
	if (got < 0) {
		err = -errno;
		errno = saved;
		return err;
	}
	fd = take_descriptor(&msg);
	if (fd < 0 && !got)
		return -EPIPE;
	/* There was one, but this process has too many. */
	if (fd < 0)
		return msg.msg_flags & MSG_CTRUNC ? -EMFILE : -EBADMSG;
	err = kshare_import_fd(k, fd, rights, flags, obj);
	close_quietly(fd);
	return err;
}

void kshare_prep_ticket_create(struct kshare_cmd *cmd, struct kshare_obj *obj, uint32_t rights,
			       uint64_t uses, uint32_t uid, int64_t until)
{
	kshare_prep(cmd, KSHARE_OP_TICKET_CREATE, obj);
	cmd->nr = rights;
	cmd->key = kshare_uint(uses);
	if (uid != KSHARE_NO_ID)
		cmd->value = kshare_uint(uid);
	/* KSHARE_TRY, and whatever else was before the clock began, is EINVAL there. */
	if (until != KSHARE_FOREVER)
		cmd->expect = kshare_int(until);
}

int kshare_ticket_create(struct kshare_obj *obj, uint32_t rights, uint64_t uses, uint32_t uid,
			 int64_t until, char ticket[KSHARE_TICKET_LEN + 1], uint64_t *number)
{
	struct kshare_reply *reply KSHARE_CLEANUP_REPLY = NULL;
	struct kshare_cmd cmd;
	const void *text;
	size_t len;
	int ret;

	kshare_prep_ticket_create(&cmd, obj, rights, uses, uid, until);
	ret = ks_run(obj, &cmd, &reply);
	if (ret < 0)
		return ret;
	text = kshare_reply_data(reply, 0, &len);
	if (!text || len != KSHARE_TICKET_LEN)
		return -EDOM;
	memcpy(ticket, text, len);
	ticket[len] = '\0';
	if (number)
		*number = kshare_reply_number(reply);
	return 0;
}

void kshare_prep_ticket_redeem(struct kshare_cmd *cmd, const char *ticket, uint32_t rights,
			       uint32_t flags)
{
	kshare_prep(cmd, KSHARE_OP_TICKET_REDEEM, NULL);
	cmd->key = kshare_str(ticket);
	cmd->nr = rights;
	cmd->flags = flags;
}

int kshare_ticket_redeem(struct kshare *k, const char *ticket, uint32_t rights, uint32_t flags,
			 struct kshare_obj **obj)
{
	struct kshare_cmd cmd;

	kshare_prep_ticket_redeem(&cmd, ticket, rights, flags);
	return ks_obj_make(k, &cmd, 0, obj);
}

void kshare_prep_ticket_revoke(struct kshare_cmd *cmd, uint64_t number)
{
	kshare_prep(cmd, KSHARE_OP_TICKET_REVOKE, NULL);
	cmd->key = kshare_uint(number);
}

int kshare_ticket_revoke(struct kshare *k, uint64_t number)
{
	struct kshare_cmd cmd;

	kshare_prep_ticket_revoke(&cmd, number);
	return ks_client_submit(k, &cmd);
}
