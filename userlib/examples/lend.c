// SPDX-License-Identifier: LGPL-2.1-or-later OR MIT
/*
 * Lend: a server hands a dict out through a socket, to be read, and takes it back.  The
 * client can read it, cannot write it, and then cannot read it any more.
 */
#include <fcntl.h>
#include <sys/socket.h>

#include "example.h"

/* Tells the other one that it is its turn. */
static void send_byte(int sock)
{
	if (send(sock, "", 1, MSG_NOSIGNAL) != 1) {
		perror("send");
		exit(1);
	}
}

static void wait_for_byte(int sock)
{
	char byte;

	if (recv(sock, &byte, 1, 0) != 1) {
		say("the other one has gone");
		exit(1);
	}
}

static void client(int sock)
{
	struct kshare *k = start_as("client");
	struct kshare_reply *reply KSHARE_CLEANUP_REPLY = NULL;
	struct kshare_obj *dict;

	must(kshare_receive(k, sock, 0, 0, &dict));
	say("through the socket came %s", show(dict));
	claim(kshare_dict_get(dict, kshare_str("colour"), &reply) == 0, "I can read it");
	claim(kshare_dict_set(dict, kshare_str("colour"), kshare_str("red")) == -EACCES,
	      "I cannot write it (EACCES)");
	send_byte(sock);
	wait_for_byte(sock);
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
	int sock[2];
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
	must(kshare_send(lent, sock[0], KSHARE_RIGHT_READ));
	wait_for_byte(sock[0]);
	must(kshare_revoke(lent));
	say("I have taken it back");
	send_byte(sock[0]);
	wait_for(pid);

	claim(kshare_dict_get(dict, kshare_str("colour"), &reply) == 0,
	      "my own way to the dict is as it was");
	kshare_unref(lent);
	kshare_unref(dict);
	kshare_disconnect(k);
	return finish();
}
