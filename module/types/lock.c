// SPDX-License-Identifier: GPL-2.0-only
/*
 * Locks and rlocks.
 *
 * Who holds a lock stands in one 64-bit word, changed by compare-and-exchange
 * alone, so that it can later lie in a page that its users map: the number of
 * the client in its domain, and a flag that its last owner died.  Beside it, and
 * changed only by who holds it: the owner id, the depth, and the fencing token.
 *
 * A release hands the lock to the first waiter.
 */
#include "../command.h"
#include "../lockset.h"
#include "lock.h"
#include "types.h"

#define KSHARE_LOCK_CLIENT	GENMASK_ULL(21, 0)	/* 0: nobody holds it */
#define KSHARE_LOCK_DIED	BIT_ULL(63)		/* its last owner died holding it */

/**
 * struct kshare_lock - a lock or an rlock
 * @obj: object
 * @word: KSHARE_LOCK_*
 * @owner: owner id of the holder
 * @depth: how often it was acquired
 * @token: of the last acquisition
 * @client: the holder's client
 * @held: in &kshare_client.held
 */
struct kshare_lock {
	struct kshare_object obj;
	atomic64_t word;
	u64 owner;
	u32 depth;
	u64 token;
	struct kshare_client *client;
	struct list_head held;
};

static struct kshare_lock *kshare_lock_of(struct kshare_object *obj)
{
	return container_of(obj, struct kshare_lock, obj);
}

static int kshare_lock_init(struct kshare_object *obj, const struct kshare_create *how)
{
	INIT_LIST_HEAD(&kshare_lock_of(obj)->held);
	return 0;
}

/* Makes @client the holder, or nobody. */
static void kshare_lock_hold(struct kshare_lock *lock, struct kshare_client *client, u64 flags)
{
	u64 was = atomic64_read(&lock->word);
	struct kshare_client *old = lock->client;

	kshare_object_assert_held(&lock->obj);
	while (!atomic64_try_cmpxchg(&lock->word, (s64 *)&was,
				     (client ? client->number : 0) | flags))
		;
	if (old == client)
		return;
	if (old) {
		spin_lock(&old->held_lock);
		list_del_init(&lock->held);
		spin_unlock(&old->held_lock);
	}
	WRITE_ONCE(lock->client, client);
	if (client) {
		spin_lock(&client->held_lock);
		list_add_tail(&lock->held, &client->held);
		spin_unlock(&client->held_lock);
	}
}

static void kshare_lock_destroy(struct kshare_object *obj, struct kshare_doom *doom)
{
	struct kshare_lock *lock = kshare_lock_of(obj);
	struct kshare_client *client = lock->client;

	/* Its holder is being settled: handles go before locks. */
	if (client) {
		spin_lock(&client->held_lock);
		list_del(&lock->held);
		spin_unlock(&client->held_lock);
	}
}

static bool kshare_lock_holds(const struct kshare_object *obj, const struct kshare_client *client)
{
	return READ_ONCE(container_of(obj, struct kshare_lock, obj)->client) == client;
}

/* The holder is gone, or has no way to the lock any more: the next one gets it. */
static void kshare_lock_abandon(struct kshare_object *obj, struct kshare_client *client)
{
	struct kshare_wakes wakes = KSHARE_WAKES_INIT(wakes);
	struct kshare_lock *lock = kshare_lock_of(obj);
	bool more = false;

	kshare_object_lock(obj);
	if (lock->client == client) {
		kshare_object_write_begin(obj);
		kshare_lock_hold(lock, NULL, KSHARE_LOCK_DIED);
		lock->depth = 0;
		lock->owner = 0;
		WRITE_ONCE(obj->version, obj->version + 1);
		kshare_object_write_end(obj);
		more = kshare_grant(obj, false, &wakes);
	}
	kshare_object_unlock(obj);
	kshare_wakes_run(&wakes);
	if (more)
		kshare_grant_rest(obj);
}

void kshare_locks_settle(struct kshare_client *client)
{
	struct kshare_object *obj;
	struct kshare_lock *lock;

	for (;;) {
		obj = NULL;
		spin_lock(&client->held_lock);
		lock = list_first_entry_or_null(&client->held, struct kshare_lock, held);
		if (lock) {
			if (kshare_object_tryget(&lock->obj))
				obj = &lock->obj;
			/* else it is being destroyed, and leaves the list by itself */
		}
		spin_unlock(&client->held_lock);
		if (!lock)
			break;
		if (obj) {
			kshare_lock_abandon(obj, client);
			kshare_object_put(obj);
		}
		cond_resched();
	}
}

static void kshare_lock_stat(struct kshare_object *obj, struct kshare_stat *stat)
{
	struct kshare_lock *lock = kshare_lock_of(obj);

	stat->length = lock->depth;
	stat->token = lock->token;
	stat->owner = lock->owner;
	if (lock->client)
		stat->holder_pid = kshare_who_pid(lock->client->who);
}

const struct kshare_type_ops kshare_lock_type = {
	.type = KSHARE_TYPE_LOCK,
	.size = sizeof(struct kshare_lock),
	.flags = KSHARE_ANY_RELEASES,
	.fifo = true,
	.init = kshare_lock_init,
	.destroy = kshare_lock_destroy,
	.stat = kshare_lock_stat,
	.holds = kshare_lock_holds,
	.abandon = kshare_lock_abandon,
};

const struct kshare_type_ops kshare_rlock_type = {
	.type = KSHARE_TYPE_RLOCK,
	.size = sizeof(struct kshare_lock),
	.fifo = true,
	.init = kshare_lock_init,
	.destroy = kshare_lock_destroy,
	.stat = kshare_lock_stat,
	.holds = kshare_lock_holds,
	.abandon = kshare_lock_abandon,
};

/* The owner id: the caller's, or that of the thread. */
int kshare_lock_acquire_prepare(struct kshare_run *run)
{
	if (run->key.u & KSHARE_OWNER_THREAD)
		return -EINVAL;
	run->u.lock.owner = run->key.u;
	if (run->key.type == KSHARE_NONE)
		run->u.lock.owner = task_pid_vnr(current) | KSHARE_OWNER_THREAD;
	return 0;
}

int kshare_lock_acquire(struct kshare_run *run)
{
	struct kshare_object *obj = run->obj;
	struct kshare_lock *lock = kshare_lock_of(obj);
	bool mine = lock->client == run->client && lock->owner == run->u.lock.owner;

	if (!lock->client) {
		/* Who came earlier goes first. */
		if (!run->waiting && !list_empty(&obj->waiters))
			return KSHARE_MUST_WAIT;
		if (atomic64_read(&lock->word) & KSHARE_LOCK_DIED)
			run->result_flags |= KSHARE_R_OWNER_DIED;
		kshare_lock_hold(lock, run->client, 0);
		lock->owner = run->u.lock.owner;
		lock->depth = 1;
		lock->token++;
	} else if (mine && obj->type == KSHARE_TYPE_RLOCK) {
		if (lock->depth == INT_MAX)
			return -ERANGE;
		lock->depth++;
	} else {
		if (mine && !run->deadline && !(run->flags & KSHARE_NOWAIT) &&
		    !(obj->flags & KSHARE_ANY_RELEASES))
			return -EDEADLK;
		return KSHARE_MUST_WAIT;
	}
	kshare_touch(run);
	run->number = lock->token;
	return lock->depth;
}

/* At once, or later, when a waiter cannot use the lock that it was handed. */
void kshare_lock_acquire_undo(struct kshare_run *run)
{
	struct kshare_lock *lock = kshare_lock_of(run->obj);

	/* It may have been taken from us meanwhile, if anybody may release it. */
	if (lock->client != run->client || lock->owner != run->u.lock.owner || --lock->depth)
		return;
	kshare_lock_hold(lock, NULL, run->result_flags & KSHARE_R_OWNER_DIED ?
				     KSHARE_LOCK_DIED : 0);
	lock->owner = 0;
	run->result_flags &= ~KSHARE_R_OWNER_DIED;
}

int kshare_lock_release(struct kshare_run *run)
{
	struct kshare_lock *lock = kshare_lock_of(run->obj);
	bool mine = lock->client == run->client;

	if (!lock->client)
		return -EPERM;
	if (!(mine && lock->owner == run->u.lock.owner)) {
		if (!(run->obj->flags & KSHARE_ANY_RELEASES))
			return -EPERM;
		/* The undo of a batch could not give it back to a client that died meanwhile. */
		if (!mine && run->atomic)
			return -EPERM;
	}
	run->u.lock.old_owner = lock->owner;
	if (!--lock->depth) {
		kshare_lock_hold(lock, NULL, 0);
		lock->owner = 0;
	}
	kshare_touch(run);
	return lock->depth;
}

/* Only in a batch. */
void kshare_lock_release_undo(struct kshare_run *run)
{
	struct kshare_lock *lock = kshare_lock_of(run->obj);

	if (!lock->depth++) {
		kshare_lock_hold(lock, run->client, 0);
		lock->owner = run->u.lock.old_owner;
	}
}
