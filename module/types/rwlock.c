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
 * struct kshare_rwlock - a rwlock
 * @obj: object
 * @alone: who holds it alone, one of @holders, or NULL
 * @holders: records of owners, with how often they hold it
 * @count: of @holders
 * @died: an owner that had it alone has died, and none has had it since
 * @token: of the last exclusive acquisition
 */
struct kshare_rwlock {
	struct kshare_object obj;
	struct kshare_record *alone;
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
	kshare_records_free(&kshare_rwlock_of(obj)->holders);
}

static void kshare_rwhold_del(struct kshare_rwlock *rwlock, struct kshare_record *h)
{
	kshare_record_del(&rwlock->holders, h);
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
	struct kshare_record *h;
	bool more = false, left = false;

	kshare_object_lock(obj);
	h = kshare_record_any(&rwlock->holders, client);
	if (h) {
		if (rwlock->alone == h)
			rwlock->died = true;
		kshare_rwhold_del(rwlock, h);
		left = kshare_record_any(&rwlock->holders, client);
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
		struct kshare_record *h = kshare_record_of(node);

		kshare_who_add(list, h->hold.client, h->owner, h->count,
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
	struct kshare_record *h;

	while (node && n--)
		node = rb_next(node);
	if (!node)
		return NULL;
	h = kshare_record_of(node);
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
	run->u.rwlock.spare = kshare_record_alloc();
	return run->u.rwlock.spare ? 0 : -ENOMEM;
}

void kshare_rwlock_finish(struct kshare_run *run)
{
	kfree(run->u.rwlock.spare);
}

static int kshare_rwlock_hold(struct kshare_run *run, bool alone, bool undo)
{
	struct kshare_rwlock *rwlock = kshare_rwlock_of(run->obj);
	struct kshare_record *h = run->u.rwlock.spare;
	int ret;

	ret = kshare_record_add(&rwlock->holders, h, run->obj, run->client, run->u.rwlock.owner,
				KSHARE_HOLD_LOCK, undo);
	if (ret)
		return ret;
	run->u.rwlock.spare = NULL;
	h->count = 1;
	rwlock->count++;
	if (alone)
		rwlock->alone = h;
	return 0;
}

int kshare_rwlock_acquire(struct kshare_run *run)
{
	struct kshare_rwlock *rwlock = kshare_rwlock_of(run->obj);
	bool shared = run->flags & KSHARE_SHARED;
	struct kshare_record *mine;
	int ret;

	mine = kshare_record_find(&rwlock->holders, run->client, run->u.rwlock.owner);
	/* It has it alone, or would wait for itself to stop sharing. */
	if (mine && (rwlock->alone == mine || !shared) && !run->deadline &&
	    !(run->flags & KSHARE_NOWAIT))
		return -EDEADLK;
	if (rwlock->alone || (!shared && rwlock->count))
		return KSHARE_MUST_WAIT;
	/* Who shares it already may do so again, or it might wait for itself. */
	if (!run->waiting && !list_empty(&run->obj->waiters) && !mine)
		return KSHARE_MUST_WAIT;
	if (mine && mine->count == INT_MAX)
		return -ERANGE;
	ret = mine ? 0 : kshare_rwlock_hold(run, !shared, false);
	if (ret)
		return ret;

	run->u.rwlock.shared = shared;
	run->u.rwlock.old_died = rwlock->died;
	if (rwlock->died)
		run->result_flags |= KSHARE_R_OWNER_DIED;
	if (!shared) {
		rwlock->died = false;
		rwlock->token++;
	}
	if (mine)
		mine->count++;
	kshare_touch(run);
	run->number = rwlock->token;
	return 0;
}

/* Once less; what was allocated for the holder is the run's then. */
static void kshare_rwlock_unhold(struct kshare_run *run, struct kshare_record *h)
{
	if (--h->count)
		return;
	kshare_rwhold_del(kshare_rwlock_of(run->obj), h);
	swap(h, run->u.rwlock.spare);
	kfree(h);
}

/* At once, or later, when a waiter cannot use what it was handed. */
void kshare_rwlock_acquire_undo(struct kshare_run *run)
{
	struct kshare_rwlock *rwlock = kshare_rwlock_of(run->obj);
	struct kshare_record *h;

	h = kshare_record_find(&rwlock->holders, run->client, run->u.rwlock.owner);
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
	struct kshare_record *h;

	h = kshare_record_find(&rwlock->holders, run->client, run->u.rwlock.owner);
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
	struct kshare_record *h;

	h = kshare_record_find(&rwlock->holders, run->client, run->u.rwlock.owner);
	if (h) {
		h->count++;
		return;
	}
	kshare_rwlock_hold(run, !run->u.rwlock.shared, true);
}

int kshare_rwlock_downgrade(struct kshare_run *run)
{
	struct kshare_rwlock *rwlock = kshare_rwlock_of(run->obj);
	struct kshare_record *h;

	h = kshare_record_find(&rwlock->holders, run->client, run->u.rwlock.owner);
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

	rwlock->alone = kshare_record_find(&rwlock->holders, run->client, run->u.rwlock.owner);
}
