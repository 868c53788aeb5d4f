// SPDX-License-Identifier: LGPL-2.1-or-later OR MIT
/*
 * Counter: a number that has a name, for shell scripts (see containers.sh).
 *
 *	counter NAME				adds 1, and prints it; exit status 2 if
 *						there is none of that name
 *	counter NAME COMMAND [ARGUMENT]...	makes it, and keeps it while COMMAND runs,
 *						which has a ticket for it, for one use
 *	counter --ticket			adds 1 by that ticket
 *
 * Without arguments it tries that on itself.
 */
#include "example.h"

#define VARIABLE "COUNTER_TICKET"

/* The dict that the number is in. */
static int find(struct kshare *k, const char *name, struct kshare_obj **root)
{
	struct kshare_obj *domain KSHARE_CLEANUP = NULL;
	const char *ticket = getenv(VARIABLE);
	int err;

	if (strcmp(name, "--ticket") == 0)
		return ticket ? kshare_ticket_redeem(k, ticket, 0, 0, root) : -ENOENT;
	err = kshare_domain_open(k, name, 0, 0, 0, &domain);
	return err ? err : kshare_domain_root(domain, 0, root);
}

static int add(const char *name)
{
	struct kshare_reply *reply KSHARE_CLEANUP_REPLY = NULL;
	struct kshare_obj *root KSHARE_CLEANUP = NULL;
	struct kshare *k KSHARE_CLEANUP_CLIENT = start_as("counter");
	int64_t n;
	int err;

	err = find(k, name, &root);
	if (err == -ENOENT) {
		fprintf(stderr, "counter: there is no '%s' here\n", name);
		return 2;
	}
	must(err);
	must(kshare_dict_add(root, kshare_str("count"), kshare_int(1), 0, &reply));
	must(kshare_reply_int(reply, 0, &n));
	printf("%" PRId64 "\n", n);
	return 0;
}

static int keep(const char *name, char **command)
{
	struct kshare_obj *domain KSHARE_CLEANUP = NULL;
	struct kshare_obj *root KSHARE_CLEANUP = NULL;
	struct kshare *k KSHARE_CLEANUP_CLIENT = start_as("counter");
	char ticket[KSHARE_TICKET_LEN + 1];
	int status;
	pid_t pid;

	must(kshare_domain_open(k, name, KSHARE_MAKE, 0600, 0, &domain));
	must(kshare_domain_root(domain, 0, &root));
	must(kshare_ticket_create(root, KSHARE_RIGHT_READ | KSHARE_RIGHT_WRITE, 1, KSHARE_NO_ID,
				  KSHARE_FOREVER, ticket, NULL));
	setenv(VARIABLE, ticket, 1);
	pid = fork();
	if (pid == 0) {
		execvp(command[0], command);
		perror(command[0]);
		_exit(127);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid) {
		perror("counter");
		return 1;
	}
	return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}

int main(int argc, char **argv)
{
	static const char name[] = "org.example/counter";
	struct kshare_obj *domain;
	struct kshare *k;

	if (argc == 2)
		return add(argv[1]);
	if (argc > 2)
		return keep(argv[1], argv + 2);

	k = start("counter: a counter that has a name");
	must(kshare_domain_open(k, name, KSHARE_MAKE | KSHARE_EXCLUSIVE, 0600, 0, &domain));
	wait_for(stranger(name, NULL));
	wait_for(stranger(name, NULL));
	kshare_unref(domain);
	claim(kshare_domain_open(k, name, 0, 0, 0, &domain) == -ENOENT, "it has gone with me");
	kshare_disconnect(k);
	return finish();
}
