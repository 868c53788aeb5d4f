// SPDX-License-Identifier: GPL-2.0-only
/* Domains: who belongs to it, and its end. */
#include <linux/random.h>

#include "command.h"
#include "lockset.h"
#include "name.h"

static void kshare_domain_destroy(struct kshare_object *obj, struct kshare_doom *doom)
{
	struct kshare_domain *domain = kshare_domain_of(obj);

	WARN_ON_ONCE(!list_empty(&domain->objects) || domain->root || domain->name);
	WARN_ON_ONCE(!list_empty(&domain->members) || domain->outside);
	WARN_ON_ONCE(atomic64_read(&domain->account.used[KSHARE_LIMIT_BYTES]) ||
		     atomic64_read(&domain->account.used[KSHARE_LIMIT_HANDLES]));
	mutex_destroy(&domain->collector.lock);
	mutex_destroy(&domain->members_lock);
	mutex_destroy(&domain->lockset);
	kshare_user_uncharge(obj->user, KSHARE_LIMIT_DOMAINS, 1);
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
	stat->clients = READ_ONCE(domain->member_count);
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
 * @user: who pays for it
 *
 * The root does not count against the limits: it is there before anybody asked.
 *
 * Return: the domain with one reference, or an error.
 */
struct kshare_domain *kshare_domain_create(struct kshare_user *user)
{
	const struct kshare_create how = {
		.user = user,
		.anyway = true,
		.type = KSHARE_TYPE_DICT,
	};
	struct kshare_domain *domain;
	struct kshare_object *obj;
	struct kshare_object *root;
	int ret, i;

	ret = kshare_user_charge(user, KSHARE_LIMIT_DOMAINS, 1);
	if (ret)
		return ERR_PTR(ret);
	obj = kshare_object_alloc(&kshare_domain_type);
	if (!obj) {
		kshare_user_uncharge(user, KSHARE_LIMIT_DOMAINS, 1);
		return ERR_PTR(-ENOMEM);
	}
	domain = kshare_domain_of(obj);
	kshare_object_number(obj);
	obj->domain = domain;
	obj->user = kshare_user_get(user);
	mutex_init(&domain->lockset);
	spin_lock_init(&domain->objects_lock);
	INIT_LIST_HEAD(&domain->objects);
	mutex_init(&domain->members_lock);
	INIT_LIST_HEAD(&domain->members);
	INIT_LIST_HEAD(&domain->exports);
	INIT_LIST_HEAD(&domain->tickets);
	kshare_collector_init(&domain->collector);
	get_random_bytes(&domain->secret, sizeof(domain->secret));
	for (i = 0; i < KSHARE_LIMIT_COUNT; i++)
		domain->account.limit[i] = kshare_default_limit(i);

	root = kshare_object_create(domain, &how);
	if (IS_ERR(root)) {
		kshare_object_put(obj);
		return ERR_CAST(root);
	}
	domain->root = root;
	return domain;
}

/**
 * kshare_domain_join() - makes a client a member
 * @domain: domain
 * @member: filled in; in no domain
 * @client: the client
 */
void kshare_domain_join(struct kshare_domain *domain, struct kshare_member *member,
			struct kshare_client *client)
{
	member->client = client;
	member->domain = domain;
	member->handles = 0;
	kshare_object_get(&domain->obj);
	mutex_lock(&domain->members_lock);
	list_add_tail(&member->in_domain, &domain->members);
	WRITE_ONCE(domain->member_count, domain->member_count + 1);
	mutex_unlock(&domain->members_lock);
}

/**
 * kshare_domain_leave() - ends a membership, and with the last one the domain
 * @member: member; not used any more
 */
void kshare_domain_leave(struct kshare_member *member)
{
	struct kshare_domain *domain = member->domain;

	mutex_lock(&domain->members_lock);
	list_del(&member->in_domain);
	WRITE_ONCE(domain->member_count, domain->member_count - 1);
	mutex_unlock(&domain->members_lock);
	kshare_domain_check(domain);
	kshare_object_put(&domain->obj);
}

void kshare_domain_check(struct kshare_domain *domain)
{
	struct kshare_object *root = NULL;
	bool end, named = READ_ONCE(domain->name);
	struct kshare_name *name = NULL;

	/* Else it may be opened by its name at this moment. */
	if (named)
		kshare_names_lock();
	mutex_lock(&domain->members_lock);
	end = !domain->member_count && !domain->pinned;
	if (end) {
		domain->ended = true;
		swap(root, domain->root);
	}
	mutex_unlock(&domain->members_lock);
	if (named) {
		if (end)
			name = kshare_name_take(domain);
		kshare_names_unlock();
	}
	kshare_name_free(name);
	if (root)
		kshare_object_put(root);
	if (end)
		kshare_collect_end(domain);
}

bool kshare_domain_is_left(struct kshare_domain *domain)
{
	return READ_ONCE(domain->ended) && !READ_ONCE(domain->member_count) &&
	       !READ_ONCE(domain->outside);
}

void kshare_domain_outside_get(struct kshare_domain *domain)
{
	mutex_lock(&domain->members_lock);
	domain->outside++;
	mutex_unlock(&domain->members_lock);
}

/* The caller has a reference to the domain. */
void kshare_domain_outside_put(struct kshare_domain *domain)
{
	bool check;

	mutex_lock(&domain->members_lock);
	check = !--domain->outside && domain->ended;
	mutex_unlock(&domain->members_lock);
	if (check)
		kshare_domain_check(domain);
}

int kshare_domain_root(struct kshare_run *run)
{
	struct kshare_domain *domain = kshare_domain_of(run->obj);
	struct kshare_object *root;
	struct kshare_handle *handle;
	u32 id;
	int ret;

	/* Who came by a descriptor, after the last member had left, finds none. */
	mutex_lock(&domain->members_lock);
	root = domain->root;
	if (root)
		kshare_object_get(root);
	mutex_unlock(&domain->members_lock);
	if (!root)
		return -ENOENT;
	ret = kshare_handle_reserve(run->client, domain, &id, &handle);
	if (ret) {
		kshare_object_put(root);
		return ret;
	}
	kshare_handle_publish(run->client, id, handle, root, run->rights, run->flags);
	return id;
}

int kshare_domain_limit(struct kshare_run *run)
{
	struct kshare_domain *domain = kshare_domain_of(run->obj);
	bool set = run->value.type != KSHARE_NONE;
	u64 *limit;
	u64 was;
	int ret;

	if (run->nr >= KSHARE_LIMIT_COUNT)
		return -EOPNOTSUPP;
	limit = &domain->account.limit[run->nr];
	if (run->value.type == KSHARE_INT && run->value.i < 0)
		return -EINVAL;
	was = READ_ONCE(*limit);
	if (set && run->value.u > was)
		return -EPERM;
	/* What cannot be told has not happened. */
	run->number = set ? run->value.u : was;
	ret = kshare_run_deliver(run, true);
	/* Others may lower it at the same time: the lowest counts. */
	while (!ret && set && run->value.u < was) {
		u64 seen = cmpxchg(limit, was, run->value.u);

		if (seen == was)
			break;
		was = seen;
	}
	return ret;
}
