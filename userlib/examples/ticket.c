// SPDX-License-Identifier: LGPL-2.1-or-later OR MIT
/*
 * Ticket: a program starts another one, which inherits nothing but an environment.  In
 * that there is a ticket for a cell, good for one use and for less than all rights.
 */
#include "example.h"

#define VARIABLE "EXAMPLE_TICKET"

static void helper(void)
{
	struct kshare *k = start_as("helper");
	struct kshare_reply *reply KSHARE_CLEANUP_REPLY = NULL;
	const char *ticket = getenv(VARIABLE);
	struct kshare_obj *cell, *again;
	char text[KSHARE_TICKET_LEN + 1];
	int64_t n;

	if (!ticket) {
		say("there is no ticket");
		exit(1);
	}
	must(kshare_ticket_redeem(k, ticket, 0, 0, &cell));
	must(kshare_cell_add(cell, kshare_int(1), 0, &reply));
	must(kshare_reply_int(reply, 0, &n));
	say("the ticket stands for a cell, which is %" PRId64 " now", n);
	claim(kshare_ticket_redeem(k, ticket, 0, 0, &again) == -ENOENT,
	      "the ticket is good for one use (ENOENT)");
	claim(kshare_ticket_create(cell, 0, 1, KSHARE_NO_ID, KSHARE_FOREVER, text, NULL) ==
	      -EACCES, "what it brought cannot be passed on (EACCES)");
	kshare_unref(cell);
	kshare_disconnect(k);
}

int main(int argc, char **argv)
{
	struct kshare_reply *reply KSHARE_CLEANUP_REPLY = NULL;
	char ticket[KSHARE_TICKET_LEN + 1];
	struct kshare_obj *cell, *other;
	uint64_t number;
	struct kshare *k;
	int64_t n = 0;

	if (argc > 1 && strcmp(argv[1], "helper") == 0) {
		helper();
		return wrong != 0;
	}
	k = start("ticket: a program that inherits nothing gets a cell by its environment");
	must(kshare_cell_create(k, KSHARE_ELEM_ANY, kshare_int(41), 0, &cell));
	/* Only for this user, and not for longer than the helper may take to start. */
	must(kshare_ticket_create(cell, KSHARE_RIGHT_READ | KSHARE_RIGHT_WRITE, 1, geteuid(),
				  kshare_deadline_in_ms(60000), ticket, NULL));
	setenv(VARIABLE, ticket, 1);
	wait_for(stranger("helper", NULL));
	must(kshare_cell_get(cell, &reply));
	must(kshare_reply_int(reply, 0, &n));
	claim(n == 42, "the helper has added to my cell");

	must(kshare_ticket_create(cell, 0, 1, KSHARE_NO_ID, KSHARE_FOREVER, ticket, &number));
	must(kshare_ticket_revoke(k, number));
	claim(kshare_ticket_redeem(k, ticket, 0, 0, &other) == -ENOENT,
	      "a ticket can be taken back before its use (ENOENT)");
	kshare_unref(cell);
	kshare_disconnect(k);
	return finish();
}
