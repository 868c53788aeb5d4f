// SPDX-License-Identifier: GPL-2.0-only
/*
 * Locks and rlocks.
 *
 * Who holds a lock stands in one 64-bit word, changed by compare-and-exchange
 * alone, so that it can later lie in a page that its users map: the number of
 * the client in its domain, and a flag that its last owner died.  Beside it, and
 * changed only by who holds it: the owner id, the depth, and the fencing token.
 *
 * A release hands the lock to the first waiter; with KSHARE_OVERTAKE it only wakes
 * it, and whoever comes first has the lock.
 */
#include <linux/poll.h>

#include "../command.h"
#include "../inspect.h"
#include "../lockset.h"
#include "../quick.h"
#include "lock.h"
#include "types.h"

#define KSHARE_LOCK_CLIENT	GENMASK_ULL(21, 0)	/* 0: nobody holds it */
#define KSHARE_LOCK_DIED	BIT_ULL(63)		/* its last owner died holding it */

#define KSHARE_LOCKS	(BIT(KSHARE_TYPE_LOCK) | BIT(KSHARE_TYPE_RLOCK))

/**
 * struct kshare_lock - a lock or an rlock
 * @obj: object
 * @word: KSHARE_LOCK_*
 * @owner: owner id of the holder
 * @depth: how often it was acquired
 * @token: of the last acquisition
 * @hold: the holder's client has it
 */
struct kshare_lock {
	struct kshare_object obj;
	atomic64_t word;
	u64 owner;
	u32 depth;
	u64 token;
	struct kshare_hold hold;
};

static struct kshare_lock *kshare_lock_of(struct kshare_object *obj)
{
	return container_of(obj, struct kshare_lock, obj);
}

static int kshare_lock_init(struct kshare_object *obj, const struct kshare_create *how)
{
	return 0;
}

/* Makes @client the holder, or nobody. */
static void kshare_lock_hold(struct kshare_lock *lock, struct kshare_client *client, u64 flags)
{
	u64 was = atomic64_read(&lock->word);
	struct kshare_client *old = lock->hold.client;

	kshare_object_assert_held(&lock->obj);
	while (!atomic64_try_cmpxchg(&lock->word, (s64 *)&was,
				     (client ? client->number : 0) | flags))
		;
	if (old == client)
		return;
	if (old && client)
		kshare_hold_move(&lock->hold, client, KSHARE_HOLD_LOCK);
	else if (old)
		kshare_hold_del(&lock->hold);
	else
		kshare_hold_add(&lock->hold, &lock->obj, client, KSHARE_HOLD_LOCK);
}

static void kshare_lock_destroy(struct kshare_object *obj, struct kshare_doom *doom)
{
	struct kshare_lock *lock = kshare_lock_of(obj);

	/*
	 * Its holder is being settled: handles go before locks.  Locked, since a quick
	 * acquisition goes by the refcount, which is 0 by now.
	 */
	spin_lock(&obj->lock);
	if (lock->hold.client)
		kshare_hold_del(&lock->hold);
	spin_unlock(&obj->lock);
}

static bool kshare_lock_holds(const struct kshare_object *obj, const struct kshare_client *client)
{
	return READ_ONCE(container_of(obj, struct kshare_lock, obj)->hold.client) == client;
}

/* The holder is gone, or has no way to the lock any more: the next one gets it. */
static bool kshare_lock_abandon(struct kshare_object *obj, struct kshare_client *client,
				bool died)
{
	struct kshare_wakes wakes = KSHARE_WAKES_INIT(wakes);
	struct kshare_lock *lock = kshare_lock_of(obj);
	bool more = false;

	kshare_object_lock(obj);
	if (lock->hold.client == client) {
		kshare_object_write_begin(obj);
		kshare_lock_hold(lock, NULL, KSHARE_LOCK_DIED);
		lock->depth = 0;
		lock->owner = 0;
		kshare_object_write_end(obj);
		more = kshare_object_changed(obj, &wakes);
	}
	kshare_unlock_and_wake(obj, more, &wakes);
	return false;
}

static void kshare_lock_stat(struct kshare_object *obj, struct kshare_stat *stat)
{
	struct kshare_lock *lock = kshare_lock_of(obj);

	stat->length = lock->depth;
	stat->token = lock->token;
	stat->owner = lock->owner;
	if (lock->hold.client)
		stat->holder_pid = kshare_who_pid(lock->hold.client->who);
}

static void kshare_lock_who(struct kshare_object *obj, struct kshare_who_list *list)
{
	struct kshare_lock *lock = kshare_lock_of(obj);

	if (lock->hold.client)
		kshare_who_add(list, lock->hold.client, lock->owner, lock->depth, lock->token);
}

static __poll_t kshare_lock_poll(struct kshare_object *obj)
{
	return kshare_lock_of(obj)->hold.client ? 0 : EPOLLIN | EPOLLRDNORM;
}

const struct kshare_type_ops kshare_lock_type = {
	.type = KSHARE_TYPE_LOCK,
	.size = sizeof(struct kshare_lock),
	.flags = KSHARE_ANY_RELEASES | KSHARE_OVERTAKE,
	.fifo = true,
	.owned = true,
	.init = kshare_lock_init,
	.destroy = kshare_lock_destroy,
	.stat = kshare_lock_stat,
	.poll = kshare_lock_poll,
	.who = kshare_lock_who,
	.holds = kshare_lock_holds,
	.abandon = kshare_lock_abandon,
};

const struct kshare_type_ops kshare_rlock_type = {
	.type = KSHARE_TYPE_RLOCK,
	.size = sizeof(struct kshare_lock),
	.flags = KSHARE_OVERTAKE,
	.fifo = true,
	.owned = true,
	.init = kshare_lock_init,
	.destroy = kshare_lock_destroy,
	.stat = kshare_lock_stat,
	.poll = kshare_lock_poll,
	.who = kshare_lock_who,
	.holds = kshare_lock_holds,
	.abandon = kshare_lock_abandon,
};

/* As the thread itself knows it; outside of pid namespaces that needs no search. */
static pid_t kshare_thread_id(void)
{
	return likely(!task_pid(current)->level) ? current->pid : task_pid_vnr(current);
}

/**
 * kshare_owner_import() - who acquires or releases
 * @run: run whose key is the owner, if one is given
 * @owner: written: its id
 *
 * Return: 0 or -EINVAL.
 */
int kshare_owner_import(const struct kshare_run *run, u64 *owner)
{
	if (run->key.type == KSHARE_NONE) {
		/* Through io_uring any thread may be the one that carries it out. */
		if (run->uring)
			return -EINVAL;
		*owner = kshare_thread_id() | KSHARE_OWNER_THREAD;
		return 0;
	}
	if (run->key.u & KSHARE_OWNER_THREAD)
		return -EINVAL;
	*owner = run->key.u;
	return 0;
}

int kshare_lock_acquire_prepare(struct kshare_run *run)
{
	int ret = kshare_owner_import(run, &run->u.lock.owner);

	/* Room for the circle that might be found */
	if (!ret && run->flags & KSHARE_DETECT)
		ret = kshare_run_out(run, 2 * KSHARE_MAX_CIRCLE);
	return ret;
}

bool kshare_lock_is_held(struct kshare_object *obj, const struct kshare_client *client, u64 owner)
{
	struct kshare_lock *lock = kshare_lock_of(obj);

	return lock->hold.client == client && lock->owner == owner;
}

struct kshare_client *kshare_lock_holder(struct kshare_object *obj, u64 *owner)
{
	struct kshare_lock *lock = kshare_lock_of(obj);

	*owner = lock->owner;
	return lock->hold.client;
}

/**
 * kshare_lock_let_go() - gives a lock back however often it was acquired
 * @run: run on the lock, which its owner holds
 *
 * Return: the depth; kshare_lock_take() takes it again.
 */
u32 kshare_lock_let_go(struct kshare_run *run)
{
	struct kshare_lock *lock = kshare_lock_of(run->obj);
	u32 depth = lock->depth;

	kshare_lock_hold(lock, NULL, 0);
	lock->depth = 0;
	lock->owner = 0;
	kshare_touch(run);
	return depth;
}

/* Back to nobody, as if it had not been taken; @died: as it was then. */
void kshare_lock_undo(struct kshare_object *obj, bool died)
{
	struct kshare_lock *lock = kshare_lock_of(obj);

	kshare_lock_hold(lock, NULL, died ? KSHARE_LOCK_DIED : 0);
	lock->depth = 0;
	lock->owner = 0;
}

/* To one owner, from another or from nobody */
static void kshare_lock_give(struct kshare_lock *lock, struct kshare_run *run, u64 owner, u32 depth)
{
	kshare_lock_hold(lock, run->client, 0);
	lock->owner = owner;
	lock->depth = depth;
	lock->token++;
	kshare_touch(run);
	run->number = lock->token;
}

/**
 * kshare_lock_take() - takes a lock that nobody holds
 * @run: run on the lock, whose first waiter it is, or which nobody waits for
 * @owner: who it is for
 * @depth: how often
 *
 * Return: false if somebody holds it.
 */
bool kshare_lock_take(struct kshare_run *run, u64 owner, u32 depth)
{
	struct kshare_lock *lock = kshare_lock_of(run->obj);

	if (lock->hold.client)
		return false;
	if (atomic64_read(&lock->word) & KSHARE_LOCK_DIED)
		run->result_flags |= KSHARE_R_OWNER_DIED;
	kshare_lock_give(lock, run, owner, depth);
	return true;
}

int kshare_lock_acquire(struct kshare_run *run)
{
	struct kshare_object *obj = run->obj;
	struct kshare_lock *lock = kshare_lock_of(obj);

	if (!lock->hold.client) {
		/* Who came earlier goes first. */
		if (!run->waiting && !list_empty(&obj->waiters) &&
		    !(obj->flags & KSHARE_OVERTAKE))
			return KSHARE_MUST_WAIT;
		kshare_lock_take(run, run->u.lock.owner, 1);
		return 1;
	}
	if (!kshare_lock_is_held(obj, run->client, run->u.lock.owner))
		return KSHARE_MUST_WAIT;
	if (obj->type == KSHARE_TYPE_RLOCK) {
		if (lock->depth == INT_MAX)
			return -ERANGE;
		lock->depth++;
		kshare_touch(run);
		run->number = lock->token;
		return lock->depth;
	}
	if (!run->deadline && !(run->flags & KSHARE_NOWAIT) && !(obj->flags & KSHARE_ANY_RELEASES))
		return -EDEADLK;
	return KSHARE_MUST_WAIT;
}

/* At once, or later, when a waiter cannot use the lock that it was handed. */
void kshare_lock_acquire_undo(struct kshare_run *run)
{
	struct kshare_lock *lock = kshare_lock_of(run->obj);

	/* It may have been taken from us meanwhile, if anybody may release it. */
	if (!kshare_lock_is_held(run->obj, run->client, run->u.lock.owner) || --lock->depth)
		return;
	kshare_lock_undo(run->obj, run->result_flags & KSHARE_R_OWNER_DIED);
	run->result_flags &= ~KSHARE_R_OWNER_DIED;
}

int kshare_lock_release(struct kshare_run *run)
{
	struct kshare_lock *lock = kshare_lock_of(run->obj);
	bool mine = lock->hold.client == run->client;

	if (!lock->hold.client)
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

/* ---- the quick way ---- */

/* Nobody but the thread, and no result is wanted: that is most of them. */
static bool kshare_lock_is_plain(const struct kshare_cmd *cmd)
{
	return !(cmd->out | cmd->out_len | cmd->nr | *(const u64 *)&cmd->key | cmd->key.u |
		 *(const u64 *)&cmd->value | cmd->value.u);
}

/* Free, and nobody came earlier. */
int kshare_lock_acquire_quick(struct kshare_client *client, const struct kshare_cmd *cmd)
{
	struct kshare_handle *handle;
	struct kshare_object *obj;
	struct kshare_lock *lock;

	if (!kshare_lock_is_plain(cmd) || cmd->flags & ~KSHARE_NOWAIT || cmd->deadline < 0)
		return KSHARE_NOT_QUICK;
	obj = kshare_quick_find(client, cmd, KSHARE_LOCKS, KSHARE_RIGHT_WAIT);
	if (!obj)
		return KSHARE_NOT_QUICK;
	/* Not worth the lock, most likely */
	lock = kshare_lock_of(obj);
	if (READ_ONCE(lock->hold.client) || !kshare_quick_lock(obj, client, cmd))
		return KSHARE_NOT_QUICK;
	if (lock->hold.client || atomic64_read(&lock->word) & KSHARE_LOCK_DIED ||
	    (obj->waiter_count && !(obj->flags & KSHARE_OVERTAKE)))
		goto err_unlock;
	kshare_lock_hold(lock, client, 0);
	/* Pairs with the one in kshare_handle_close(): it sees this, or this sees it. */
	smp_mb();
	handle = kshare_handle_load(client, cmd->handle);
	if (unlikely(!handle || handle->obj != obj)) {
		kshare_lock_hold(lock, NULL, 0);
		goto err_unlock;
	}
	lock->owner = kshare_thread_id() | KSHARE_OWNER_THREAD;
	lock->depth = 1;
	lock->token++;
	kshare_quick_end(obj, client->who, NULL);
	return 1;

err_unlock:
	spin_unlock(&obj->lock);
	return KSHARE_NOT_QUICK;
}

/* Held by the caller; the first of those who acquire it gets it, or is told to try. */
int kshare_lock_release_quick(struct kshare_client *client, const struct kshare_cmd *cmd)
{
	struct kshare_waiter *w = NULL;
	struct kshare_run *next = NULL;
	struct task_struct *poke = NULL;
	struct kshare_object *obj;
	struct kshare_lock *lock;

	if (!kshare_lock_is_plain(cmd) || cmd->flags | cmd->tag | cmd->deadline)
		return KSHARE_NOT_QUICK;
	obj = kshare_quick_find(client, cmd, KSHARE_LOCKS, KSHARE_RIGHT_WAIT);
	if (!kshare_quick_lock(obj, client, cmd))
		return KSHARE_NOT_QUICK;
	lock = kshare_lock_of(obj);
	if (unlikely(lock->hold.client != client || lock->depth != 1 ||
		     lock->owner != (kshare_thread_id() | KSHARE_OWNER_THREAD)))
		goto err_unlock;
	if (obj->waiter_count) {
		next = kshare_quick_first(obj);
		if (!next || next->op->apply != kshare_lock_acquire)
			goto err_unlock;
	}
	if (next && !(obj->flags & KSHARE_OVERTAKE)) {
		kshare_lock_give(lock, next, next->u.lock.owner, 1);
		w = kshare_quick_over(next, 1);
	} else {
		kshare_lock_hold(lock, NULL, 0);
		lock->depth = 0;
		lock->owner = 0;
		if (next)
			poke = kshare_waiter_poke(&next->waiter);
	}
	kshare_quick_end(obj, client->who, w);
	if (poke)
		kshare_poke_task(poke);
	return 0;

err_unlock:
	spin_unlock(&obj->lock);
	return KSHARE_NOT_QUICK;
}
