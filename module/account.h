/* SPDX-License-Identifier: GPL-2.0-only */
/**
 * DOC: accounts
 *
 * What is used is counted twice: against the limits of the domain that it is in,
 * and against those of the user who pays for it.  Objects and their bytes are paid
 * by who created the object, whoever makes it grow; handles, tickets and waiting
 * commands by whose client has them; a domain by who made it.  A user is a uid of
 * the initial user namespace: uids of two containers that are mapped to the same one
 * share an account, and each of a range that a container is given has its own.
 */
#ifndef KSHARE_ACCOUNT_H
#define KSHARE_ACCOUNT_H

#include <linux/uidgid.h>

#include "kshare.h"

/* Of users; the first KSHARE_LIMIT_COUNT of them domains have as well. */
#define KSHARE_USER_LIMITS	(KSHARE_LIMIT_DOMAINS + 1)

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
 * struct kshare_user - the account of a user
 * @ref: references
 * @uid: the user
 * @node: in the table of users
 * @idle: in the list of those that nobody refers to, since @since
 * @since: jiffies
 * @used: by enum kshare_limit
 * @limit: by enum kshare_limit, where it is set
 * @set: bits (1 << enum kshare_limit) of those limits that are this user's own
 * @lock: protects the following
 * @guesses: wrong tickets that may be asked for now
 * @refilled: when @guesses was brought up to date, jiffies
 * @told: that somebody guesses was logged
 */
struct kshare_user {
	refcount_t ref;
	kuid_t uid;
	struct hlist_node node;
	struct list_head idle;
	unsigned long since;
	atomic64_t used[KSHARE_USER_LIMITS];
	u64 limit[KSHARE_USER_LIMITS];
	u32 set;
	spinlock_t lock;		/* guesses */
	u32 guesses;
	unsigned long refilled;
	bool told;
};

struct kshare_user *kshare_user_find(kuid_t uid);
static inline struct kshare_user *kshare_user_get(struct kshare_user *user)
{
	refcount_inc(&user->ref);
	return user;
}

void kshare_user_put(struct kshare_user *user);

/* Charges against a user's limit alone: 0 or -EDQUOT.  Any context. */
int kshare_user_charge(struct kshare_user *user, enum kshare_limit what, u64 n);

static inline void kshare_user_uncharge(struct kshare_user *user, enum kshare_limit what, u64 n)
{
	atomic64_sub(n, &user->used[what]);
}

/* Charges both: 0, or -EDQUOT and nothing was charged.  Any context. */
int kshare_charge(struct kshare_domain *domain, struct kshare_user *user, enum kshare_limit what,
		  u64 n);
/* Would that succeed now?  Nothing is charged. */
bool kshare_may_charge(struct kshare_domain *domain, struct kshare_user *user,
		       enum kshare_limit what, u64 n);
void kshare_uncharge(struct kshare_domain *domain, struct kshare_user *user,
		     enum kshare_limit what, u64 n);
/* The same where it cannot fail: over the limits for a moment, if need be. */
void kshare_charge_anyway(struct kshare_domain *domain, struct kshare_user *user,
			  enum kshare_limit what, s64 n);

/* May this user ask for one more ticket?  And: that was a wrong one. */
bool kshare_user_may_guess(struct kshare_user *user);
void kshare_user_guessed(struct kshare_user *user);

/* The limits that a new domain begins with (module parameters). */
u64 kshare_default_limit(enum kshare_limit what);

int kshare_user_limit(struct kshare_run *run);
void kshare_users_exit(void);

#endif /* KSHARE_ACCOUNT_H */
