// SPDX-License-Identifier: LGPL-2.1-or-later OR MIT
/*
 * Lend: a server hands a dict out through a socket, to be read, and takes it back.  The
 * client can read it, cannot write it, and then cannot read it any more.
 */
#include <fcntl.h>
#include <sys/socket.h>

#include "example.h"

/* One byte, and a descriptor if it is not -1. */
static void send_fd(int sock, int fd)
{
	union {
		struct cmsghdr header;
		char room[CMSG_SPACE(sizeof(int))];
	} control = { .room = "" };
	char byte = 0;
	struct iovec data = { .iov_base = &byte, .iov_len = 1 };
	struct msghdr msg = { .msg_iov = &data, .msg_iovlen = 1 };
	struct cmsghdr *header;

	if (fd >= 0) {
		msg.msg_control = &control;
		msg.msg_controllen = sizeof(control);
		header = CMSG_FIRSTHDR(&msg);
		header->cmsg_level = SOL_SOCKET;
		header->cmsg_type = SCM_RIGHTS;
		header->cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(header), &fd, sizeof(fd));
	}
	if (sendmsg(sock, &msg, 0) != 1) {
		perror("sendmsg");
		exit(1);
	}
}

/* Waits for a byte.  Returns the descriptor that came with it, or -1. */
static int receive_fd(int sock)
{
	union {
		struct cmsghdr header;
		char room[CMSG_SPACE(sizeof(int))];
	} control;
	char byte;
	struct iovec data = { .iov_base = &byte, .iov_len = 1 };
	struct msghdr msg = {
		.msg_iov = &data,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control),
	};
	struct cmsghdr *header;
	int fd = -1;

	if (recvmsg(sock, &msg, MSG_CMSG_CLOEXEC) != 1) {
		say("the other one has gone");
		exit(1);
	}
	header = CMSG_FIRSTHDR(&msg);
	if (header && header->cmsg_type == SCM_RIGHTS)
		memcpy(&fd, CMSG_DATA(header), sizeof(fd));
	return fd;
}

static void client(int sock)
{
	struct kshare *k = start_as("client");
	struct kshare_reply *reply KSHARE_CLEANUP_REPLY = NULL;
	struct kshare_obj *dict;
	int fd = receive_fd(sock);

	must(kshare_import_fd(k, fd, 0, 0, &dict));
	close(fd);
	say("through the socket came %s", show(dict));
	claim(kshare_dict_get(dict, kshare_str("colour"), &reply) == 0, "I can read it");
	claim(kshare_dict_set(dict, kshare_str("colour"), kshare_str("red")) == -EACCES,
	      "I cannot write it (EACCES)");
	send_fd(sock, -1);
	receive_fd(sock);
	claim(kshare_dict_get(dict, kshare_str("colour"), &reply) == -ESTALE,
	      "now I cannot read it either (ESTALE)");
	kshare_unref(dict);
	kshare_disconnect(k);
}

int main(int argc, char **argv)
{
	struct kshare_reply *reply KSHARE_CLEANUP_REPLY = NULL;
	struct kshare_obj *dict, *lent;
	char number[16];
	struct kshare *k;
	int sock[2], fd;
	pid_t pid;

	if (argc > 2 && strcmp(argv[1], "client") == 0) {
		client(atoi(argv[2]));
		return wrong != 0;
	}
	k = start("lend: a dict goes through a socket, to be read, and is taken back");
	who = "server";
	must(kshare_dict_create(k, 0, &dict));
	must(kshare_dict_set(dict, kshare_str("colour"), kshare_str("blue")));
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sock)) {
		perror("socketpair");
		return 1;
	}
	/* This end alone goes along through exec. */
	fcntl(sock[1], F_SETFD, 0);
	snprintf(number, sizeof(number), "%d", sock[1]);
	pid = stranger("client", number);
	close(sock[1]);

	must(kshare_dup(dict, KSHARE_RIGHT_READ | KSHARE_RIGHT_TRANSFER, KSHARE_REVOCABLE, &lent));
	fd = must(kshare_export_fd_rights(lent, KSHARE_RIGHT_READ));
	send_fd(sock[0], fd);
	close(fd);
	receive_fd(sock[0]);
	must(kshare_revoke(lent));
	say("I have taken it back");
	send_fd(sock[0], -1);
	wait_for(pid);

	claim(kshare_dict_get(dict, kshare_str("colour"), &reply) == 0,
	      "my own way to the dict is as it was");
	kshare_unref(lent);
	kshare_unref(dict);
	kshare_disconnect(k);
	return finish();
}
