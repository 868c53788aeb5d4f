// SPDX-License-Identifier: GPL-2.0-only
/* Who pays for what, and how much of it there may be. */
#include <linux/capability.h>
#include <linux/cred.h>
#include <linux/hashtable.h>
#include <linux/jiffies.h>
#include <linux/moduleparam.h>
#include <linux/user_namespace.h>

#include "command.h"

static ulong kshare_limits[KSHARE_LIMIT_COUNT] = {
	[KSHARE_LIMIT_OBJECTS] = 1 << 20,
	[KSHARE_LIMIT_BYTES] = 1 << 30,
	[KSHARE_LIMIT_HANDLES] = 1 << 20,
	[KSHARE_LIMIT_WAITERS] = 1 << 17,
};

module_param_named(max_objects, kshare_limits[KSHARE_LIMIT_OBJECTS], ulong, 0644);
MODULE_PARM_DESC(max_objects, "objects in a new domain (default 1048576)");
module_param_named(max_bytes, kshare_limits[KSHARE_LIMIT_BYTES], ulong, 0644);
MODULE_PARM_DESC(max_bytes, "bytes of kernel memory of a new domain (default 1 GiB)");
module_param_named(max_handles, kshare_limits[KSHARE_LIMIT_HANDLES], ulong, 0644);
MODULE_PARM_DESC(max_handles, "handles of each client of a new domain (default 1048576)");
module_param_named(max_waiters, kshare_limits[KSHARE_LIMIT_WAITERS], ulong, 0644);
MODULE_PARM_DESC(max_waiters, "waiting commands in a new domain (default 131072)");

/* Those of users hold from the moment they are set, but for users with their own. */
static ulong kshare_user_limits[KSHARE_USER_LIMITS] = {
	[KSHARE_LIMIT_OBJECTS] = 1 << 22,
	[KSHARE_LIMIT_BYTES] = 1ul << 31,
	[KSHARE_LIMIT_HANDLES] = 1 << 22,
	[KSHARE_LIMIT_WAITERS] = 1 << 18,
	[KSHARE_LIMIT_DOMAINS] = 1 << 16,
};

module_param_named(max_user_objects, kshare_user_limits[KSHARE_LIMIT_OBJECTS], ulong, 0644);
MODULE_PARM_DESC(max_user_objects, "objects that a user has created (default 4194304)");
module_param_named(max_user_bytes, kshare_user_limits[KSHARE_LIMIT_BYTES], ulong, 0644);
MODULE_PARM_DESC(max_user_bytes, "bytes of kernel memory of those objects (default 2 GiB)");
module_param_named(max_user_handles, kshare_user_limits[KSHARE_LIMIT_HANDLES], ulong, 0644);
MODULE_PARM_DESC(max_user_handles, "handles and tickets of a user (default 4194304)");
module_param_named(max_user_waiters, kshare_user_limits[KSHARE_LIMIT_WAITERS], ulong, 0644);
MODULE_PARM_DESC(max_user_waiters, "waiting commands of a user (default 262144)");
module_param_named(max_user_domains, kshare_user_limits[KSHARE_LIMIT_DOMAINS], ulong, 0644);
MODULE_PARM_DESC(max_user_domains, "domains of a user, one for each open (default 65536)");

/* Wrong tickets in a row, and how many more each second. */
#define KSHARE_GUESSES		64
#define KSHARE_GUESSES_SECOND	16
/* After so long without anything the account of a user says nothing any more. */
#define KSHARE_USER_IDLE	(60 * HZ)

static DEFINE_HASHTABLE(kshare_users, 10);
static LIST_HEAD(kshare_users_idle);
static DEFINE_MUTEX(kshare_users_lock);

u64 kshare_default_limit(enum kshare_limit what)
{
	return READ_ONCE(kshare_limits[what]);
}

static u64 kshare_user_limit_of(const struct kshare_user *user, enum kshare_limit what)
{
	/* Pairs with the release of kshare_user_set(). */
	return smp_load_acquire(&user->set) & BIT(what) ? READ_ONCE(user->limit[what]) :
							  READ_ONCE(kshare_user_limits[what]);
}

/* An account that nobody refers to is kept a while, for the guesses it has made. */
static void kshare_users_sweep(void)
{
	struct kshare_user *user, *next;

	lockdep_assert_held(&kshare_users_lock);
	list_for_each_entry_safe(user, next, &kshare_users_idle, idle) {
		if (time_before(jiffies, user->since + KSHARE_USER_IDLE))
			break;
		list_del(&user->idle);
		hash_del(&user->node);
		kfree(user);
	}
}

/**
 * kshare_user_find() - the account of a user, made if there is none
 * @uid: the user
 *
 * Return: the account, with a reference, or NULL if there is no memory.
 */
struct kshare_user *kshare_user_find(kuid_t uid)
{
	u32 hash = from_kuid(&init_user_ns, uid);
	struct kshare_user *user;

	mutex_lock(&kshare_users_lock);
	hash_for_each_possible(kshare_users, user, node, hash) {
		if (!uid_eq(user->uid, uid))
			continue;
		if (list_empty(&user->idle)) {
			refcount_inc(&user->ref);
		} else {
			list_del_init(&user->idle);
			refcount_set(&user->ref, 1);
		}
		goto out;
	}
	kshare_users_sweep();
	user = kzalloc(sizeof(*user), GFP_KERNEL_ACCOUNT);
	if (user) {
		refcount_set(&user->ref, 1);
		user->uid = uid;
		INIT_LIST_HEAD(&user->idle);
		spin_lock_init(&user->lock);
		user->guesses = KSHARE_GUESSES;
		user->refilled = jiffies;
		hash_add(kshare_users, &user->node, hash);
	}
out:
	mutex_unlock(&kshare_users_lock);
	return user;
}

void kshare_user_put(struct kshare_user *user)
{
	if (!user || !refcount_dec_and_mutex_lock(&user->ref, &kshare_users_lock))
		return;
	user->since = jiffies;
	list_add_tail(&user->idle, &kshare_users_idle);
	mutex_unlock(&kshare_users_lock);
}

int kshare_user_charge(struct kshare_user *user, enum kshare_limit what, u64 n)
{
	if (likely(atomic64_add_return(n, &user->used[what]) <= kshare_user_limit_of(user, what)))
		return 0;
	atomic64_sub(n, &user->used[what]);
	return -EDQUOT;
}

int kshare_charge(struct kshare_domain *domain, struct kshare_user *user, enum kshare_limit what,
		  u64 n)
{
	struct kshare_account *account = &domain->account;

	if (atomic64_add_return(n, &account->used[what]) <= READ_ONCE(account->limit[what]) &&
	    !kshare_user_charge(user, what, n))
		return 0;
	atomic64_sub(n, &account->used[what]);
	return -EDQUOT;
}

bool kshare_may_charge(struct kshare_domain *domain, struct kshare_user *user,
		       enum kshare_limit what, u64 n)
{
	struct kshare_account *account = &domain->account;

	return atomic64_read(&account->used[what]) + n <= READ_ONCE(account->limit[what]) &&
	       atomic64_read(&user->used[what]) + n <= kshare_user_limit_of(user, what);
}

void kshare_uncharge(struct kshare_domain *domain, struct kshare_user *user,
		     enum kshare_limit what, u64 n)
{
	atomic64_sub(n, &domain->account.used[what]);
	atomic64_sub(n, &user->used[what]);
}

void kshare_charge_anyway(struct kshare_domain *domain, struct kshare_user *user,
			  enum kshare_limit what, s64 n)
{
	atomic64_add(n, &domain->account.used[what]);
	atomic64_add(n, &user->used[what]);
}

bool kshare_user_may_guess(struct kshare_user *user)
{
	unsigned long now, more;
	bool may;

	spin_lock(&user->lock);
	now = jiffies;
	more = (now - user->refilled) / (HZ / KSHARE_GUESSES_SECOND);
	if (more) {
		user->guesses = min(user->guesses + more, (unsigned long)KSHARE_GUESSES);
		user->refilled = now;
	}
	may = user->guesses;
	spin_unlock(&user->lock);
	return may;
}

void kshare_user_guessed(struct kshare_user *user)
{
	bool tell;

	spin_lock(&user->lock);
	if (user->guesses)
		user->guesses--;
	tell = !user->guesses && !user->told;
	user->told |= tell;
	spin_unlock(&user->lock);
	if (tell)
		pr_notice("kshare: uid %u has asked for %d tickets that do not exist\n",
			  from_kuid(&init_user_ns, user->uid), KSHARE_GUESSES);
}

static void kshare_user_set(struct kshare_user *user, enum kshare_limit what, u64 limit)
{
	mutex_lock(&kshare_users_lock);
	/* What an administrator has set stays: it has a reference of its own. */
	if (!user->set)
		kshare_user_get(user);
	WRITE_ONCE(user->limit[what], limit);
	/* Not before the limit can be seen */
	smp_store_release(&user->set, user->set | BIT(what));
	mutex_unlock(&kshare_users_lock);
}

/* KSHARE_OP_USER_LIMIT */
int kshare_user_limit(struct kshare_run *run)
{
	bool mine = run->key.type == KSHARE_NONE;
	bool set = run->value.type != KSHARE_NONE;
	struct kshare_user *user;
	kuid_t uid;
	int ret;

	if (run->nr >= KSHARE_USER_LIMITS)
		return -EOPNOTSUPP;
	if ((run->key.type == KSHARE_INT && run->key.i < 0) ||
	    (run->value.type == KSHARE_INT && run->value.i < 0) || run->key.u > U32_MAX)
		return -EINVAL;
	if ((set || !mine) && !capable(CAP_SYS_RESOURCE))
		return -EPERM;
	if (mine) {
		user = kshare_user_get(run->client->user);
	} else {
		uid = make_kuid(current_user_ns(), run->key.u);
		if (!uid_valid(uid))
			return -EINVAL;
		user = kshare_user_find(uid);
		if (!user)
			return -ENOMEM;
	}
	run->out[run->out_count++] = kshare_val_uint(atomic64_read(&user->used[run->nr]));
	run->number = set ? run->value.u : kshare_user_limit_of(user, run->nr);
	ret = kshare_run_deliver(run, true);
	if (!ret && set)
		kshare_user_set(user, run->nr, run->value.u);
	kshare_user_put(user);
	return ret;
}

/* Nothing is charged to anybody any more. */
void kshare_users_exit(void)
{
	struct kshare_user *user;
	struct hlist_node *next;
	int i, what;

	hash_for_each_safe(kshare_users, i, next, user, node) {
		for (what = 0; what < KSHARE_USER_LIMITS; what++)
			WARN_ON_ONCE(atomic64_read(&user->used[what]));
		hash_del(&user->node);
		kfree(user);
	}
}
