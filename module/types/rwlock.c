// SPDX-License-Identifier: GPL-2.0-only
/*
 * Rwlocks: held by one owner alone, or shared by several.
 *
 * One line in order of arrival serves both: who wants to share waits behind who
 * waits to have it alone, so neither can be kept from it for ever; and of those
 * that want to share, all that stand together at the front go together.
 */
#include <linux/poll.h>

#include "../command.h"
#include "../inspect.h"
#include "../lockset.h"
#include "lock.h"
#include "types.h"

/**
 * struct kshare_rwhold - an owner that holds it, alone or shared
 * @hold: the owner's client
 * @node: in &kshare_rwlock.holders
 * @owner: id of the owner
 * @depth: how often it shares it
 */
struct kshare_rwhold {
	struct kshare_hold hold;
	struct rb_node node;
	u64 owner;
	u32 depth;
};

/**
 * struct kshare_rwlock - a rwlock
 * @obj: object
 * @alone: who holds it alone, one of @holders, or NULL
 * @holders: &struct kshare_rwhold by client number and owner
 * @count: of @holders
 * @died: an owner that had it alone has died, and none has had it since
 * @token: of the last exclusive acquisition
 */
struct kshare_rwlock {
	struct kshare_object obj;
	struct kshare_rwhold *alone;
	struct rb_root holders;
	u32 count;
	bool died;
	u64 token;
};

static struct kshare_rwlock *kshare_rwlock_of(const struct kshare_object *obj)
{
	return container_of(obj, struct kshare_rwlock, obj);
}

static int kshare_rwlock_init(struct kshare_object *obj, const struct kshare_create *how)
{
	kshare_rwlock_of(obj)->holders = RB_ROOT;
	return 0;
}

static void kshare_rwlock_destroy(struct kshare_object *obj, struct kshare_doom *doom)
{
	struct kshare_rwhold *h, *next;

	rbtree_postorder_for_each_entry_safe(h, next, &kshare_rwlock_of(obj)->holders, node) {
		kshare_hold_del(&h->hold);
		kfree(h);
	}
}

static int kshare_rwhold_order(const struct kshare_client *client, u64 owner,
			       const struct kshare_rwhold *h)
{
	if (client != h->hold.client)
		return client->number < h->hold.client->number ? -1 : 1;
	return owner < h->owner ? -1 : owner > h->owner;
}

static struct kshare_rwhold *kshare_rwhold_find(struct kshare_rwlock *rwlock,
						const struct kshare_client *client, u64 owner)
{
	struct rb_node *node = rwlock->holders.rb_node;

	while (node) {
		struct kshare_rwhold *h = rb_entry(node, struct kshare_rwhold, node);
		int order = kshare_rwhold_order(client, owner, h);

		if (!order)
			return h;
		node = order < 0 ? node->rb_left : node->rb_right;
	}
	return NULL;
}

/* Any holder of this client's */
static struct kshare_rwhold *kshare_rwhold_of(struct kshare_rwlock *rwlock,
					      const struct kshare_client *client)
{
	struct rb_node *node = rwlock->holders.rb_node;

	while (node) {
		struct kshare_rwhold *h = rb_entry(node, struct kshare_rwhold, node);

		if (h->hold.client == client)
			return h;
		node = client->number < h->hold.client->number ? node->rb_left : node->rb_right;
	}
	return NULL;
}

static void kshare_rwhold_add(struct kshare_rwlock *rwlock, struct kshare_client *client,
			      u64 owner, struct kshare_rwhold *h)
{
	struct rb_node **link = &rwlock->holders.rb_node, *parent = NULL;

	while (*link) {
		parent = *link;
		link = kshare_rwhold_order(client, owner,
					   rb_entry(parent, struct kshare_rwhold, node)) < 0 ?
		       &parent->rb_left : &parent->rb_right;
	}
	h->owner = owner;
	h->depth = 1;
	rb_link_node(&h->node, parent, link);
	rb_insert_color(&h->node, &rwlock->holders);
	kshare_hold_add(&h->hold, &rwlock->obj, client, KSHARE_HOLD_LOCK);
	rwlock->count++;
}

static void kshare_rwhold_del(struct kshare_rwlock *rwlock, struct kshare_rwhold *h)
{
	rb_erase(&h->node, &rwlock->holders);
	kshare_hold_del(&h->hold);
	kshare_object_regrow(&rwlock->obj, -(s64)sizeof(*h));
	rwlock->count--;
	if (rwlock->alone == h)
		rwlock->alone = NULL;
}

static bool kshare_rwlock_holds(const struct kshare_object *obj,
				const struct kshare_client *client)
{
	return READ_ONCE(kshare_rwlock_of(obj)->count);
}

static bool kshare_rwlock_abandon(struct kshare_object *obj, struct kshare_client *client,
				  bool died)
{
	struct kshare_wakes wakes = KSHARE_WAKES_INIT(wakes);
	struct kshare_rwlock *rwlock = kshare_rwlock_of(obj);
	struct kshare_rwhold *h;
	bool more = false, left = false;

	kshare_object_lock(obj);
	h = kshare_rwhold_of(rwlock, client);
	if (h) {
		if (rwlock->alone == h)
			rwlock->died = true;
		kshare_rwhold_del(rwlock, h);
		left = kshare_rwhold_of(rwlock, client);
		more = kshare_object_changed(obj, &wakes);
	}
	kshare_unlock_and_wake(obj, more, &wakes);
	kfree(h);
	return left;
}

static void kshare_rwlock_stat(struct kshare_object *obj, struct kshare_stat *stat)
{
	struct kshare_rwlock *rwlock = kshare_rwlock_of(obj);

	stat->length = rwlock->count;
	stat->token = rwlock->token;
	if (rwlock->alone) {
		stat->owner = rwlock->alone->owner;
		stat->holder_pid = kshare_who_pid(rwlock->alone->hold.client->who);
	}
}

static __poll_t kshare_rwlock_poll(struct kshare_object *obj)
{
	struct kshare_rwlock *rwlock = kshare_rwlock_of(obj);
	__poll_t mask = 0;

	if (!rwlock->alone && list_empty(&obj->waiters))
		mask |= EPOLLIN | EPOLLRDNORM;
	if (!rwlock->count)
		mask |= EPOLLOUT | EPOLLWRNORM;
	return mask;
}

static void kshare_rwlock_who(struct kshare_object *obj, struct kshare_who_list *list)
{
	struct kshare_rwlock *rwlock = kshare_rwlock_of(obj);
	struct rb_node *node;

	for (node = rb_first(&rwlock->holders); node; node = rb_next(node)) {
		struct kshare_rwhold *h = rb_entry(node, struct kshare_rwhold, node);

		kshare_who_add(list, h->hold.client, h->owner, h->depth,
			       rwlock->alone == h ? rwlock->token : 0);
		cond_resched();
	}
}

const struct kshare_type_ops kshare_rwlock_type = {
	.type = KSHARE_TYPE_RWLOCK,
	.size = sizeof(struct kshare_rwlock),
	.fifo = true,
	.owned = true,
	.init = kshare_rwlock_init,
	.destroy = kshare_rwlock_destroy,
	.stat = kshare_rwlock_stat,
	.holds = kshare_rwlock_holds,
	.abandon = kshare_rwlock_abandon,
	.poll = kshare_rwlock_poll,
	.who = kshare_rwlock_who,
};

/**
 * kshare_rwlock_holder() - who holds a rwlock, one after the other
 * @obj: the rwlock, locked or owned
 * @n: which one, from 0
 * @owner: written: its id
 *
 * Return: its client; NULL if there are not so many.
 */
struct kshare_client *kshare_rwlock_holder(struct kshare_object *obj, u32 n, u64 *owner)
{
	struct rb_node *node = rb_first(&kshare_rwlock_of(obj)->holders);
	struct kshare_rwhold *h;

	while (node && n--)
		node = rb_next(node);
	if (!node)
		return NULL;
	h = rb_entry(node, struct kshare_rwhold, node);
	*owner = h->owner;
	return h->hold.client;
}

int kshare_rwlock_release_prepare(struct kshare_run *run)
{
	return kshare_owner_import(run, &run->u.rwlock.owner);
}

int kshare_rwlock_acquire_prepare(struct kshare_run *run)
{
	int ret = kshare_owner_import(run, &run->u.rwlock.owner);

	if (!ret && run->flags & KSHARE_DETECT)
		ret = kshare_run_out(run, 2 * KSHARE_MAX_CIRCLE);
	if (ret || run->u.rwlock.spare)
		return ret;
	run->u.rwlock.spare = kzalloc(sizeof(*run->u.rwlock.spare), GFP_KERNEL_ACCOUNT);
	return run->u.rwlock.spare ? 0 : -ENOMEM;
}

void kshare_rwlock_finish(struct kshare_run *run)
{
	kfree(run->u.rwlock.spare);
}

static void kshare_rwlock_hold(struct kshare_run *run, bool alone)
{
	struct kshare_rwlock *rwlock = kshare_rwlock_of(run->obj);
	struct kshare_rwhold *h = run->u.rwlock.spare;

	run->u.rwlock.spare = NULL;
	kshare_rwhold_add(rwlock, run->client, run->u.rwlock.owner, h);
	if (alone)
		rwlock->alone = h;
}

int kshare_rwlock_acquire(struct kshare_run *run)
{
	struct kshare_rwlock *rwlock = kshare_rwlock_of(run->obj);
	bool shared = run->flags & KSHARE_SHARED;
	struct kshare_rwhold *mine;

	mine = kshare_rwhold_find(rwlock, run->client, run->u.rwlock.owner);
	/* It has it alone, or would wait for itself to stop sharing. */
	if (mine && (rwlock->alone == mine || !shared) && !run->deadline &&
	    !(run->flags & KSHARE_NOWAIT))
		return -EDEADLK;
	if (rwlock->alone || (!shared && rwlock->count))
		return KSHARE_MUST_WAIT;
	/* Who shares it already may do so again, or it might wait for itself. */
	if (!run->waiting && !list_empty(&run->obj->waiters) && !mine)
		return KSHARE_MUST_WAIT;
	if (mine && mine->depth == INT_MAX)
		return -ERANGE;
	if (!mine && kshare_object_grow(run->obj, sizeof(*mine)))
		return -EDQUOT;

	run->u.rwlock.shared = shared;
	run->u.rwlock.old_died = rwlock->died;
	if (rwlock->died)
		run->result_flags |= KSHARE_R_OWNER_DIED;
	if (!shared) {
		rwlock->died = false;
		rwlock->token++;
	}
	if (mine)
		mine->depth++;
	else
		kshare_rwlock_hold(run, !shared);
	kshare_touch(run);
	run->number = rwlock->token;
	return 0;
}

/* Once less; what was allocated for the holder is the run's then. */
static void kshare_rwlock_unhold(struct kshare_run *run, struct kshare_rwhold *h)
{
	if (--h->depth)
		return;
	kshare_rwhold_del(kshare_rwlock_of(run->obj), h);
	swap(h, run->u.rwlock.spare);
	kfree(h);
}

/* At once, or later, when a waiter cannot use what it was handed. */
void kshare_rwlock_acquire_undo(struct kshare_run *run)
{
	struct kshare_rwlock *rwlock = kshare_rwlock_of(run->obj);
	struct kshare_rwhold *h;

	h = kshare_rwhold_find(rwlock, run->client, run->u.rwlock.owner);
	run->result_flags &= ~KSHARE_R_OWNER_DIED;
	if (!h)
		return;
	kshare_rwlock_unhold(run, h);
	if (!run->u.rwlock.shared)
		rwlock->died = run->u.rwlock.old_died;
}

int kshare_rwlock_release(struct kshare_run *run)
{
	struct kshare_rwlock *rwlock = kshare_rwlock_of(run->obj);
	struct kshare_rwhold *h;

	h = kshare_rwhold_find(rwlock, run->client, run->u.rwlock.owner);
	if (!h)
		return -EPERM;
	run->u.rwlock.shared = rwlock->alone != h;
	kshare_rwlock_unhold(run, h);
	kshare_touch(run);
	return 0;
}

/* Only in a batch: nobody can have taken it. */
void kshare_rwlock_release_undo(struct kshare_run *run)
{
	struct kshare_rwlock *rwlock = kshare_rwlock_of(run->obj);
	struct kshare_rwhold *h;

	h = kshare_rwhold_find(rwlock, run->client, run->u.rwlock.owner);
	if (h) {
		h->depth++;
		return;
	}
	kshare_object_regrow(run->obj, sizeof(*h));
	kshare_rwlock_hold(run, !run->u.rwlock.shared);
}

int kshare_rwlock_downgrade(struct kshare_run *run)
{
	struct kshare_rwlock *rwlock = kshare_rwlock_of(run->obj);
	struct kshare_rwhold *h;

	h = kshare_rwhold_find(rwlock, run->client, run->u.rwlock.owner);
	if (!h || rwlock->alone != h)
		return -EPERM;
	rwlock->alone = NULL;
	kshare_touch(run);
	return 0;
}

/* Only in a batch. */
void kshare_rwlock_downgrade_undo(struct kshare_run *run)
{
	struct kshare_rwlock *rwlock = kshare_rwlock_of(run->obj);

	rwlock->alone = kshare_rwhold_find(rwlock, run->client, run->u.rwlock.owner);
}
