/* SPDX-License-Identifier: GPL-2.0-only */
/**
 * DOC: domains
 *
 * A domain is a universe of objects and the account that they are charged to;
 * references between objects do not leave it.  It is an object itself, and has a
 * root dict.  When its last client leaves, the root and all containers are
 * emptied, so nothing is left that only a cycle kept alive.
 */
#ifndef KSHARE_DOMAIN_H
#define KSHARE_DOMAIN_H

#include "object.h"

/**
 * struct kshare_account - what is used of each limit
 * @used: by enum kshare_limit (KSHARE_LIMIT_HANDLES: sum over the clients)
 * @limit: by enum kshare_limit; only ever lowered
 */
struct kshare_account {
	atomic64_t used[KSHARE_LIMIT_COUNT];
	u64 limit[KSHARE_LIMIT_COUNT];
};

/**
 * struct kshare_domain - see above
 * @obj: the domain as an object
 * @lockset: held by who owns objects, see lockset.h
 * @granting: somebody carries out groups that wait for all; @lockset
 * @account: what is used
 * @secret: key of the hashes of its dicts
 * @objects_lock: protects @objects
 * @objects: all objects of the domain but itself
 * @clients: client numbers -> clients; from 1.  Its lock protects @client_count
 * @client_count: clients
 * @root: the root dict, with a reference, until the last client has left
 */
struct kshare_domain {
	struct kshare_object obj;
	struct mutex lockset;		/* owning of objects */
	bool granting;
	struct kshare_account account;
	siphash_key_t secret;
	spinlock_t objects_lock;	/* the list of objects */
	struct list_head objects;
	struct xarray clients;
	u32 client_count;
	struct kshare_object *root;
};

static inline struct kshare_domain *kshare_domain_of(struct kshare_object *obj)
{
	return container_of(obj, struct kshare_domain, obj);
}

struct kshare_domain *kshare_domain_create(void);
int kshare_domain_join(struct kshare_domain *domain, struct kshare_client *client, u32 *number);
void kshare_domain_leave(struct kshare_domain *domain, u32 number);

/* Charges against a limit: 0 or -EDQUOT.  Any context. */
int kshare_charge(struct kshare_domain *domain, enum kshare_limit what, u64 n);
void kshare_uncharge(struct kshare_domain *domain, enum kshare_limit what, u64 n);

int kshare_domain_root(struct kshare_run *run);
int kshare_domain_limit(struct kshare_run *run);

/* The limits that a new domain begins with (module parameters). */
u64 kshare_default_limit(enum kshare_limit what);

#endif /* KSHARE_DOMAIN_H */
