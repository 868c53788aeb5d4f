/* SPDX-License-Identifier: GPL-2.0-only */
/**
 * DOC: domains
 *
 * A domain is a universe of objects and the account that they are charged to;
 * references between objects do not leave it.  It is an object itself, and has a
 * root dict.
 *
 * Its members are the clients that have a handle to any object of it, and whose
 * own it is.  When the last one leaves, and it is not pinned, the domain ends: the
 * name is free, and the root goes, and with it all that nothing else refers to; the
 * collector looks for circles.  What is still referred to from outside, by a
 * descriptor or a ticket, stays, and what a command is about that is under way
 * while its last handle goes, until it is done.  Somebody may become a member
 * again by such a descriptor, and then the domain ends once more.
 *
 *	members_lock		members, member_count, outside, ended
 */
#ifndef KSHARE_DOMAIN_H
#define KSHARE_DOMAIN_H

#include "account.h"
#include "collect.h"

struct kshare_name;

/**
 * struct kshare_member - a client in a domain
 * @in_domain: in &kshare_domain.members
 * @client: the client
 * @domain: the domain, with a reference
 * @handles: handles and reserved ones; &kshare_client.members_lock.  Not counted
 *	in the client's own domain, which it does not leave
 */
struct kshare_member {
	struct list_head in_domain;
	struct kshare_client *client;
	struct kshare_domain *domain;
	u32 handles;
};

/**
 * struct kshare_domain - see above
 * @obj: the domain as an object
 * @lockset: held by who owns objects, see lockset.h
 * @granting: somebody carries out groups that wait for all; @lockset
 * @account: what is used
 * @secret: key of the hashes of its dicts
 * @objects_lock: protects @objects and @classes
 * @objects: all objects of the domain but itself, oldest first, and so by id
 * @classes: its &struct kshare_class, by name
 * @members_lock: see above
 * @members: &struct kshare_member
 * @member_count: how many
 * @exports: its &struct kshare_export; @members_lock
 * @tickets: its &struct kshare_ticket; kshare_tickets_lock
 * @outside: descriptors and tickets for objects of it
 * @ended: the last member has left once
 * @pinned: it does not end; kshare_names_lock and @members_lock
 * @name: its name, until it ends; kshare_names_lock
 * @root: the root dict, with a reference, until it ends; @members_lock
 * @collector: finds circles
 */
struct kshare_domain {
	struct kshare_object obj;
	struct mutex lockset;		/* owning of objects */
	bool granting;
	struct kshare_account account;
	siphash_key_t secret;
	spinlock_t objects_lock;	/* objects, and names of classes */
	struct list_head objects;
	struct rb_root classes;
	struct mutex members_lock;	/* who is in it, and what refers to it from outside */
	struct list_head members;
	u32 member_count;
	struct list_head exports;
	struct list_head tickets;
	u32 outside;
	bool ended;
	bool pinned;
	struct kshare_name *name;
	struct kshare_object *root;
	struct kshare_collector collector;
};

static inline struct kshare_domain *kshare_domain_of(struct kshare_object *obj)
{
	return container_of(obj, struct kshare_domain, obj);
}

struct kshare_domain *kshare_domain_create(struct kshare_user *user);
void kshare_domain_join(struct kshare_domain *domain, struct kshare_member *member,
			struct kshare_client *client);
void kshare_domain_leave(struct kshare_member *member);
/* One more descriptor or ticket, or one less. */
void kshare_domain_outside_get(struct kshare_domain *domain);
void kshare_domain_outside_put(struct kshare_domain *domain);
/* The last member may have left: ends it then. */
void kshare_domain_check(struct kshare_domain *domain);

/* It has ended, and nothing leads to it but commands under way. */
bool kshare_domain_is_left(struct kshare_domain *domain);

int kshare_domain_root(struct kshare_run *run);
int kshare_domain_limit(struct kshare_run *run);

#endif /* KSHARE_DOMAIN_H */
