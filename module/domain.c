// SPDX-License-Identifier: GPL-2.0-only
/* Domains: who pays, who belongs to it, and its end. */
#include <linux/moduleparam.h>
#include <linux/random.h>

#include "command.h"
#include "domain.h"
#include "lockset.h"

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

u64 kshare_default_limit(enum kshare_limit what)
{
	return READ_ONCE(kshare_limits[what]);
}

/**
 * kshare_charge() - takes a part of what a domain may use
 * @domain: domain
 * @what: of which limit
 * @n: how much
 *
 * Return: 0, or -EDQUOT and nothing was charged.
 */
int kshare_charge(struct kshare_domain *domain, enum kshare_limit what, u64 n)
{
	struct kshare_account *account = &domain->account;

	if (atomic64_add_return(n, &account->used[what]) > READ_ONCE(account->limit[what])) {
		atomic64_sub(n, &account->used[what]);
		return -EDQUOT;
	}
	return 0;
}

void kshare_uncharge(struct kshare_domain *domain, enum kshare_limit what, u64 n)
{
	atomic64_sub(n, &domain->account.used[what]);
}

static void kshare_domain_destroy(struct kshare_object *obj, struct kshare_doom *doom)
{
	struct kshare_domain *domain = kshare_domain_of(obj);

	WARN_ON_ONCE(!list_empty(&domain->objects) || domain->root);
	WARN_ON_ONCE(atomic64_read(&domain->account.used[KSHARE_LIMIT_BYTES]));
	xa_destroy(&domain->clients);
	mutex_destroy(&domain->lockset);
}

static void kshare_domain_stat(struct kshare_object *obj, struct kshare_stat *stat)
{
	struct kshare_domain *domain = kshare_domain_of(obj);
	int i;

	for (i = 0; i < KSHARE_LIMIT_COUNT; i++) {
		stat->used[i] = atomic64_read(&domain->account.used[i]);
		stat->limit[i] = READ_ONCE(domain->account.limit[i]);
	}
	stat->length = stat->used[KSHARE_LIMIT_OBJECTS];
	stat->bytes = stat->used[KSHARE_LIMIT_BYTES];
	stat->handles = stat->used[KSHARE_LIMIT_HANDLES];
	stat->clients = READ_ONCE(domain->client_count);
}

/* No @init: CREATE does not make domains. */
const struct kshare_type_ops kshare_domain_type = {
	.type = KSHARE_TYPE_DOMAIN,
	.size = sizeof(struct kshare_domain),
	.destroy = kshare_domain_destroy,
	.stat = kshare_domain_stat,
};

/**
 * kshare_domain_create() - a new private domain, with an empty root
 *
 * The root does not count against the limits: it is there before anybody asked.
 *
 * Return: the domain with one reference, or an error.
 */
struct kshare_domain *kshare_domain_create(void)
{
	const struct kshare_create how = { .type = KSHARE_TYPE_DICT };
	struct kshare_object *obj = kshare_object_alloc(&kshare_domain_type);
	struct kshare_domain *domain;
	struct kshare_object *root;
	int i;

	if (!obj)
		return ERR_PTR(-ENOMEM);
	domain = kshare_domain_of(obj);
	obj->domain = domain;
	mutex_init(&domain->lockset);
	spin_lock_init(&domain->objects_lock);
	INIT_LIST_HEAD(&domain->objects);
	xa_init_flags(&domain->clients, XA_FLAGS_ALLOC1 | XA_FLAGS_ACCOUNT);
	get_random_bytes(&domain->secret, sizeof(domain->secret));
	for (i = 0; i < KSHARE_LIMIT_COUNT; i++)
		domain->account.limit[i] = U64_MAX;

	root = kshare_object_create(domain, &how);
	if (IS_ERR(root)) {
		kshare_object_put(obj);
		return ERR_CAST(root);
	}
	domain->root = root;
	for (i = 0; i < KSHARE_LIMIT_COUNT; i++)
		domain->account.limit[i] = kshare_default_limit(i);
	return domain;
}

/**
 * kshare_domain_join() - makes a client a member
 * @domain: domain
 * @client: the client
 * @number: written: its number in this domain
 *
 * Return: 0 or -ENOMEM.
 */
int kshare_domain_join(struct kshare_domain *domain, struct kshare_client *client, u32 *number)
{
	int ret;

	/* 22 bits: the number has to fit the word of a lock (types/lock.c). */
	ret = xa_alloc(&domain->clients, number, client, XA_LIMIT(1, (1 << 22) - 1),
		       GFP_KERNEL_ACCOUNT);
	if (ret)
		return ret == -EBUSY ? -EDQUOT : ret;
	xa_lock(&domain->clients);
	WRITE_ONCE(domain->client_count, domain->client_count + 1);
	xa_unlock(&domain->clients);
	return 0;
}

/*
 * The last client has gone: no handle is left, so whatever is left is kept by
 * the root or by a cycle.
 */
static void kshare_domain_end(struct kshare_domain *domain)
{
	struct kshare_object *root = domain->root;
	struct kshare_object *obj;
	struct kshare_doom doom = {};
	LIST_HEAD(emptied);

	domain->root = NULL;
	kshare_object_put(root);

	spin_lock(&domain->objects_lock);
	while ((obj = list_first_entry_or_null(&domain->objects, struct kshare_object, link))) {
		list_move_tail(&obj->link, &emptied);
		if (!obj->ops->empty || !kshare_object_tryget(obj))
			continue;
		spin_unlock(&domain->objects_lock);
		obj->ops->empty(obj, &doom);
		kshare_object_put_deferred(obj, &doom);
		kshare_doom_run(&doom);
		cond_resched();
		spin_lock(&domain->objects_lock);
	}
	list_splice(&emptied, &domain->objects);
	spin_unlock(&domain->objects_lock);
}

/**
 * kshare_domain_leave() - ends a client's membership
 * @domain: domain; the caller holds a reference
 * @number: the client's number
 */
void kshare_domain_leave(struct kshare_domain *domain, u32 number)
{
	bool last;

	xa_lock(&domain->clients);
	__xa_erase(&domain->clients, number);
	WRITE_ONCE(domain->client_count, domain->client_count - 1);
	last = !domain->client_count;
	xa_unlock(&domain->clients);
	if (last)
		kshare_domain_end(domain);
}

int kshare_domain_root(struct kshare_run *run)
{
	struct kshare_domain *domain = kshare_domain_of(run->obj);
	struct kshare_handle *handle;
	u32 id;
	int ret;

	ret = kshare_handle_reserve(run->client, &id, &handle);
	if (ret)
		return ret;
	/* A client that can ask is a member, so the root is there. */
	kshare_object_get(domain->root);
	kshare_handle_publish(run->client, id, handle, domain->root, run->rights, run->flags);
	return id;
}

int kshare_domain_limit(struct kshare_run *run)
{
	struct kshare_domain *domain = kshare_domain_of(run->obj);
	u64 *limit;
	u64 was;
	int ret = 0;

	if (run->nr >= KSHARE_LIMIT_COUNT)
		return -EOPNOTSUPP;
	limit = &domain->account.limit[run->nr];
	if (run->value.type != KSHARE_NONE && run->value.type != KSHARE_INT &&
	    run->value.type != KSHARE_UINT)
		return -EINVAL;
	if (run->value.type == KSHARE_INT && run->value.i < 0)
		return -EINVAL;
	was = *limit;
	if (run->value.type != KSHARE_NONE) {
		if (run->value.u > was)
			return -EPERM;
		/* Others may lower it at the same time: the lowest counts. */
		while (run->value.u < was) {
			u64 seen = cmpxchg(limit, was, run->value.u);

			if (seen == was)
				break;
			was = seen;
		}
	}
	run->number = *limit;
	return ret ?: kshare_run_deliver(run, true);
}
