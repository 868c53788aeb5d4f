// SPDX-License-Identifier: GPL-2.0-only
/* Refcounts, creation and destruction of objects. */

#include "client.h"
#include "collect.h"
#include "domain.h"
#include "lockset.h"
#include "object.h"
#include "observe.h"

static atomic64_t kshare_last_id;

static const struct kshare_type_ops *const kshare_types[] = {
	[KSHARE_TYPE_DOMAIN] = &kshare_domain_type,
	[KSHARE_TYPE_CELL] = &kshare_cell_type,
	[KSHARE_TYPE_ARRAY] = &kshare_array_type,
	[KSHARE_TYPE_DICT] = &kshare_dict_type,
	[KSHARE_TYPE_LIST] = &kshare_list_type,
	[KSHARE_TYPE_NAMESPACE] = &kshare_namespace_type,
	[KSHARE_TYPE_LOCK] = &kshare_lock_type,
	[KSHARE_TYPE_RLOCK] = &kshare_rlock_type,
	[KSHARE_TYPE_EVENT] = &kshare_event_type,
	[KSHARE_TYPE_RWLOCK] = &kshare_rwlock_type,
	[KSHARE_TYPE_SEMAPHORE] = &kshare_semaphore_type,
	[KSHARE_TYPE_CONDITION] = &kshare_condition_type,
	[KSHARE_TYPE_BARRIER] = &kshare_barrier_type,
	[KSHARE_TYPE_QUEUE] = &kshare_queue_type,
	[KSHARE_TYPE_GATE] = &kshare_gate_type,
	[KSHARE_TYPE_CLASS] = &kshare_class_type,
	[KSHARE_TYPE_INSTANCE] = &kshare_instance_type,
};

/* The type of that number, or NULL. */
static const struct kshare_type_ops *kshare_type_find(u32 type)
{
	if (type >= ARRAY_SIZE(kshare_types))
		return NULL;
	return kshare_types[array_index_nospec(type, ARRAY_SIZE(kshare_types))];
}

/**
 * kshare_object_alloc() - memory for an object, with what all types share
 * @type: its type
 *
 * Return: the object with one reference, in no domain, without a number and charged
 *	to nobody, or NULL.
 */
struct kshare_object *kshare_object_alloc(const struct kshare_type_ops *type)
{
	struct kshare_object *obj = kzalloc(type->size, GFP_KERNEL_ACCOUNT);

	if (!obj)
		return NULL;
	refcount_set(&obj->ref, 1);
	obj->type = type->type;
	obj->ops = type;
	spin_lock_init(&obj->lock);
	seqcount_init(&obj->seq);
	INIT_LIST_HEAD(&obj->waiters);
	INIT_LIST_HEAD(&obj->all_waiters);
	INIT_LIST_HEAD(&obj->link);
	INIT_LIST_HEAD(&obj->gray);
	return obj;
}

/* A number that no other object has; the later the larger. */
void kshare_object_number(struct kshare_object *obj)
{
	obj->id = atomic64_inc_return(&kshare_last_id);
}

/**
 * kshare_object_create() - a new object
 * @domain: whose it is
 * @how: what it is made of
 *
 * Return: the object, with one reference; or -ENOMEM, -EDQUOT, -EINVAL, …
 */
struct kshare_object *kshare_object_create(struct kshare_domain *domain,
					   const struct kshare_create *how)
{
	const struct kshare_type_ops *type = kshare_type_find(how->type);
	struct kshare_object *obj;
	int ret;

	if (!type || !type->init)
		return ERR_PTR(-EOPNOTSUPP);
	if (how->flags & ~type->flags)
		return ERR_PTR(-EOPNOTSUPP);

	if (how->anyway) {
		kshare_charge_anyway(domain, how->user, KSHARE_LIMIT_OBJECTS, 1);
		kshare_charge_anyway(domain, how->user, KSHARE_LIMIT_BYTES, type->size);
		ret = 0;
	} else {
		ret = kshare_charge(domain, how->user, KSHARE_LIMIT_OBJECTS, 1);
		if (ret)
			goto err_collect;
		ret = kshare_charge(domain, how->user, KSHARE_LIMIT_BYTES, type->size);
		if (ret)
			goto err_objects;
	}
	obj = kshare_object_alloc(type);
	if (!obj) {
		ret = -ENOMEM;
		goto err_bytes;
	}
	obj->bytes = type->size;
	obj->flags = how->flags;
	obj->domain = domain;
	obj->user = how->user;
	ret = type->init(obj, how);
	if (ret)
		goto err_free;

	kshare_user_get(obj->user);
	kshare_object_get(&domain->obj);
	spin_lock(&domain->objects_lock);
	/* Here, so that they stand in the order of their numbers: see keepers.c. */
	kshare_object_number(obj);
	list_add_tail(&obj->link, &domain->objects);
	spin_unlock(&domain->objects_lock);
	return obj;

err_free:
	kfree(obj);
err_bytes:
	kshare_uncharge(domain, how->user, KSHARE_LIMIT_BYTES, type->size);
err_objects:
	kshare_uncharge(domain, how->user, KSHARE_LIMIT_OBJECTS, 1);
err_collect:
	/* There may be room that only circles take. */
	if (ret == -EDQUOT)
		kshare_collect_soon(domain);
	return ERR_PTR(ret);
}

bool kshare_object_tryget(struct kshare_object *obj)
{
	if (!refcount_inc_not_zero(&obj->ref))
		return false;
	kshare_suspect_touch(obj);
	return true;
}

void kshare_object_get(struct kshare_object *obj)
{
	refcount_inc(&obj->ref);
	kshare_suspect_touch(obj);
}

struct kshare_object *kshare_object_next(struct kshare_domain *domain, struct kshare_object *obj)
{
	struct kshare_object *next;

	spin_lock(&domain->objects_lock);
	/* Where @obj is stays, as long as it has a reference. */
	next = list_prepare_entry(obj, &domain->objects, link);
	list_for_each_entry_continue(next, &domain->objects, link)
		if (refcount_inc_not_zero(&next->ref))
			break;
	if (list_entry_is_head(next, &domain->objects, link))
		next = NULL;
	spin_unlock(&domain->objects_lock);
	if (obj)
		kshare_object_put(obj);
	return next;
}

/**
 * kshare_object_put_deferred() - drops a reference where objects cannot be freed
 * @obj: object
 * @doom: where it goes if that was the last one
 */
void kshare_object_put_deferred(struct kshare_object *obj, struct kshare_doom *doom)
{
	if (!refcount_dec_and_test(&obj->ref))
		return;
	obj->doomed = doom->first;
	doom->first = obj;
}

/**
 * kshare_object_forget() - drops a reference that stayed for a while
 * @obj: object
 * @doom: where it goes if that was the last one
 *
 * As kshare_object_put_deferred(), for handles, values in containers, descriptors,
 * tickets: what is still there may be kept by a circle from now on.
 */
void kshare_object_forget(struct kshare_object *obj, struct kshare_doom *doom)
{
	if (unlikely(READ_ONCE(obj->refers)))
		__kshare_collect_hint(obj);
	kshare_object_put_deferred(obj, doom);
}

static void kshare_object_free(struct kshare_object *obj, struct kshare_doom *doom)
{
	struct kshare_domain *domain = obj->domain;

	WARN_ON_ONCE(!list_empty(&obj->waiters) || !list_empty(&obj->all_waiters));
	/* For ever: a lockless reader that still has it under RCU reads nothing of it. */
	raw_write_seqcount_begin(&obj->seq);
	obj->ops->destroy(obj, doom);
	kshare_observers_free(obj);
	kshare_who_put(obj->writer);
	if (&domain->obj != obj) {
		spin_lock(&domain->objects_lock);
		list_del(&obj->link);
		spin_unlock(&domain->objects_lock);
		kshare_uncharge(domain, obj->user, KSHARE_LIMIT_BYTES, obj->bytes);
		kshare_uncharge(domain, obj->user, KSHARE_LIMIT_OBJECTS, 1);
		kshare_object_put_deferred(&domain->obj, doom);
	}
	kshare_user_put(obj->user);
	kfree_rcu(obj, rcu);
}

/**
 * kshare_doom_run() - destroys objects that lost their last reference
 * @doom: empty afterwards
 *
 * And those that only they referred to: by a list, not by recursion, however
 * deep they are nested.  Called without locks; may sleep.
 */
void kshare_doom_run(struct kshare_doom *doom)
{
	struct kshare_object *obj;

	while ((obj = doom->first)) {
		doom->first = obj->doomed;
		kshare_object_free(obj, doom);
		cond_resched();
	}
}

/* To who can run it; any context. */
void kshare_doom_move(struct kshare_doom *from, struct kshare_doom *to)
{
	struct kshare_object *obj;

	while ((obj = from->first)) {
		from->first = obj->doomed;
		obj->doomed = to->first;
		to->first = obj;
	}
}

/**
 * kshare_object_put() - drops a reference, and destroys the object with the last
 * @obj: object; no lock is held
 */
void kshare_object_put(struct kshare_object *obj)
{
	struct kshare_doom doom = {};

	might_sleep();
	kshare_object_put_deferred(obj, &doom);
	kshare_doom_run(&doom);
}

int kshare_object_grow(struct kshare_object *obj, s64 bytes)
{
	int ret = 0;

	if (bytes > 0)
		ret = kshare_charge(obj->domain, obj->user, KSHARE_LIMIT_BYTES, bytes);
	else if (bytes < 0)
		kshare_uncharge(obj->domain, obj->user, KSHARE_LIMIT_BYTES, -bytes);
	if (!ret)
		obj->bytes += bytes;
	return ret;
}

void kshare_object_regrow(struct kshare_object *obj, s64 bytes)
{
	kshare_charge_anyway(obj->domain, obj->user, KSHARE_LIMIT_BYTES, bytes);
	obj->bytes += bytes;
}
