/* SPDX-License-Identifier: GPL-2.0-only */
/**
 * DOC: tickets
 *
 * A ticket is a random number that stands for a reference: who knows it may have a
 * handle.  It is found by a keyed hash, and compared in constant time, so that how
 * long an answer takes tells nothing; and who asks for many that do not exist has
 * to wait (account.h).
 *
 * kshare_tickets_lock protects all tickets, and the lists that they are in.
 */
#ifndef KSHARE_TICKET_H
#define KSHARE_TICKET_H

#include <linux/timerqueue.h>

#include "client.h"

/**
 * struct kshare_ticket - a ticket
 * @node: by @secret
 * @secret: what is printed
 * @number: in &kshare_client.tickets
 * @client: who made it, or NULL if that one has gone
 * @who: its process, with a reference
 * @user: who pays, with a reference
 * @obj: what it stands for, with a reference; may be a gate
 * @rights: of the handle that it gives
 * @uses: how often it still does
 * @uid: for whom, if it is valid
 * @timer: until when, CLOCK_MONOTONIC; in a queue if it has such a time
 * @in_domain: in &kshare_domain.tickets
 */
struct kshare_ticket {
	struct hlist_node node;
	u8 secret[16];
	u32 number;
	struct kshare_client *client;
	struct kshare_who *who;
	struct kshare_user *user;
	struct kshare_object *obj;
	u32 rights;
	u64 uses;
	kuid_t uid;
	struct timerqueue_node timer;
	struct list_head in_domain;
};

void kshare_tickets_lock(void);
void kshare_tickets_unlock(void);

int kshare_ticket_create(struct kshare_run *run);
int kshare_ticket_redeem(struct kshare_run *run);
int kshare_ticket_revoke(struct kshare_run *run);
/* The client has died: those that are not good until some time end. */
void kshare_tickets_settle(struct kshare_client *client);
void kshare_tickets_init(void);
/* The module goes, and all that are left with it. */
void kshare_tickets_exit(void);

#endif /* KSHARE_TICKET_H */
