// SPDX-License-Identifier: GPL-2.0-only
/*
 * Semaphores: permits that are taken and given back.
 *
 * How many are free stands in one 64-bit word.  Whose those are that were taken is
 * noted for each client, and given back when it ends, unless the semaphore was
 * created with KSHARE_SIGNALLING, when anybody may add permits.
 */
#include <linux/poll.h>

#include "../command.h"
#include "../inspect.h"
#include "../lockset.h"
#include "../quick.h"
#include "types.h"

/**
 * struct kshare_semaphore - a semaphore
 * @obj: object
 * @word: permits that are free
 * @bound: most that there may be
 * @holders: records of clients, with the permits that they hold
 */
struct kshare_semaphore {
	struct kshare_object obj;
	atomic64_t word;
	u64 bound;
	struct rb_root holders;
};

static struct kshare_semaphore *kshare_semaphore_of(const struct kshare_object *obj)
{
	return container_of(obj, struct kshare_semaphore, obj);
}

static int kshare_semaphore_init(struct kshare_object *obj, const struct kshare_create *how)
{
	struct kshare_semaphore *sem = kshare_semaphore_of(obj);
	const struct kshare_val *bound = how->value;

	if (bound->type != KSHARE_NONE &&
	    (bound->type != KSHARE_INT || bound->i <= 0 || bound->i > U32_MAX))
		return -EINVAL;
	if (how->size > U32_MAX)
		return -EINVAL;
	sem->bound = bound->type == KSHARE_NONE ? S64_MAX : bound->i;
	if (how->size > sem->bound)
		return -EINVAL;
	atomic64_set(&sem->word, how->size);
	sem->holders = RB_ROOT;
	return 0;
}

static void kshare_semaphore_destroy(struct kshare_object *obj, struct kshare_doom *doom)
{
	kshare_records_free(&kshare_semaphore_of(obj)->holders);
}

/* Does any client?  Whether it is this one is only known under the lock. */
static bool kshare_semaphore_holds(const struct kshare_object *obj,
				   const struct kshare_client *client)
{
	return !RB_EMPTY_ROOT(&kshare_semaphore_of(obj)->holders);
}

static bool kshare_semaphore_abandon(struct kshare_object *obj, struct kshare_client *client,
				     bool died)
{
	struct kshare_wakes wakes = KSHARE_WAKES_INIT(wakes);
	struct kshare_semaphore *sem = kshare_semaphore_of(obj);
	struct kshare_record *p;
	bool more = false;

	kshare_object_lock(obj);
	p = kshare_record_find(&sem->holders, client, 0);
	if (p)
		kshare_record_del(&sem->holders, p);
	if (p && p->count) {
		atomic64_add(p->count, &sem->word);
		more = kshare_object_changed(obj, &wakes);
	}
	kshare_unlock_and_wake(obj, more, &wakes);
	kfree(p);
	return false;
}

static void kshare_semaphore_stat(struct kshare_object *obj, struct kshare_stat *stat)
{
	stat->length = atomic64_read(&kshare_semaphore_of(obj)->word);
}

static __poll_t kshare_semaphore_poll(struct kshare_object *obj)
{
	return atomic64_read(&kshare_semaphore_of(obj)->word) > 0 && list_empty(&obj->waiters) ?
		EPOLLIN | EPOLLRDNORM : 0;
}

static void kshare_semaphore_who(struct kshare_object *obj, struct kshare_who_list *list)
{
	struct rb_node *node;

	for (node = rb_first(&kshare_semaphore_of(obj)->holders); node; node = rb_next(node)) {
		struct kshare_record *p = kshare_record_of(node);

		if (p->count)
			kshare_who_add(list, p->hold.client, 0, p->count, 0);
		cond_resched();
	}
}

const struct kshare_type_ops kshare_semaphore_type = {
	.type = KSHARE_TYPE_SEMAPHORE,
	.size = sizeof(struct kshare_semaphore),
	.flags = KSHARE_SIGNALLING,
	.fifo = true,
	.init = kshare_semaphore_init,
	.destroy = kshare_semaphore_destroy,
	.stat = kshare_semaphore_stat,
	.holds = kshare_semaphore_holds,
	.abandon = kshare_semaphore_abandon,
	.poll = kshare_semaphore_poll,
	.who = kshare_semaphore_who,
};

static bool kshare_semaphore_tracks(const struct kshare_object *obj)
{
	return !(obj->flags & KSHARE_SIGNALLING);
}

int kshare_semaphore_release_prepare(struct kshare_run *run)
{
	run->u.semaphore.count = run->nr ?: 1;
	return run->nr > INT_MAX ? -EINVAL : 0;
}

int kshare_semaphore_acquire_prepare(struct kshare_run *run)
{
	int ret = kshare_semaphore_release_prepare(run);

	if (ret || run->u.semaphore.spare)
		return ret;
	/* One of several is carried out by others, which cannot prepare anything. */
	if (!run->u.semaphore.need && !(run->member && kshare_semaphore_tracks(run->obj)))
		return 0;
	run->u.semaphore.spare = kshare_record_alloc();
	return run->u.semaphore.spare ? 0 : -ENOMEM;
}

void kshare_semaphore_finish(struct kshare_run *run)
{
	if (unlikely(run->u.semaphore.spare))
		kfree(run->u.semaphore.spare);
}

/* Charges the record of a new holder: 0 or -EDQUOT; to undo something it may. */
static int kshare_semaphore_take(struct kshare_run *run, bool undo)
{
	struct kshare_semaphore *sem = kshare_semaphore_of(run->obj);
	struct kshare_record *p = NULL;
	int ret;

	if (kshare_semaphore_tracks(run->obj)) {
		p = kshare_record_find(&sem->holders, run->client, 0);
		if (!p) {
			p = run->u.semaphore.spare;
			p->count = 0;
			ret = kshare_record_add(&sem->holders, p, run->obj, run->client, 0,
						KSHARE_HOLD_PERMIT, undo);
			if (ret)
				return ret;
			run->u.semaphore.spare = NULL;
			run->u.semaphore.added = true;
		}
		p->count += run->u.semaphore.count;
	}
	atomic64_sub(run->u.semaphore.count, &sem->word);
	return 0;
}

/* False if the client does not hold so many. */
static bool kshare_semaphore_give(struct kshare_run *run)
{
	struct kshare_semaphore *sem = kshare_semaphore_of(run->obj);
	struct kshare_record *p;

	if (kshare_semaphore_tracks(run->obj)) {
		p = kshare_record_find(&sem->holders, run->client, 0);
		if (!p || p->count < run->u.semaphore.count)
			return false;
		/* Kept, even if there is none left: it will be wanted again. */
		p->count -= run->u.semaphore.count;
	}
	atomic64_add(run->u.semaphore.count, &sem->word);
	return true;
}

int kshare_semaphore_acquire(struct kshare_run *run)
{
	struct kshare_semaphore *sem = kshare_semaphore_of(run->obj);
	bool wait;
	int ret;

	if (run->u.semaphore.count > sem->bound)
		return -EOVERFLOW;
	/* Who came earlier goes first. */
	wait = (!run->waiting && !list_empty(&run->obj->waiters)) ||
	       atomic64_read(&sem->word) < run->u.semaphore.count;
	/* Who waits must have all that it may need, but most do not. */
	if (kshare_semaphore_tracks(run->obj) && !run->u.semaphore.spare &&
	    (wait ? !(run->flags & KSHARE_NOWAIT) :
		    !kshare_record_find(&sem->holders, run->client, 0))) {
		/* Its handle was closed meanwhile, and what it was known by went. */
		if (run->waiting)
			return wait ? KSHARE_MUST_WAIT : -EBADF;
		run->u.semaphore.need = true;
		return KSHARE_MUST_PREPARE;
	}
	if (wait)
		return KSHARE_MUST_WAIT;
	ret = kshare_semaphore_take(run, false);
	if (ret)
		return ret;
	kshare_touch(run);
	run->number = atomic64_read(&sem->word);
	return 0;
}

void kshare_semaphore_acquire_undo(struct kshare_run *run)
{
	struct kshare_semaphore *sem = kshare_semaphore_of(run->obj);
	struct kshare_record *p;

	/* It may be that the client has given them back meanwhile. */
	if (!kshare_semaphore_give(run) || run->late || !run->u.semaphore.added)
		return;
	p = kshare_record_find(&sem->holders, run->client, 0);
	kshare_record_del(&sem->holders, p);
	run->u.semaphore.spare = p;
	run->u.semaphore.added = false;
}

int kshare_semaphore_release(struct kshare_run *run)
{
	struct kshare_semaphore *sem = kshare_semaphore_of(run->obj);

	if (atomic64_read(&sem->word) + run->u.semaphore.count > sem->bound)
		return -EOVERFLOW;
	if (!kshare_semaphore_give(run))
		return -EPERM;
	kshare_touch(run);
	run->number = atomic64_read(&sem->word);
	return 0;
}

/* At once: nobody has taken them yet. */
void kshare_semaphore_release_undo(struct kshare_run *run)
{
	kshare_semaphore_take(run, true);
}

int kshare_semaphore_value(struct kshare_run *run)
{
	run->number = atomic64_read(&kshare_semaphore_of(run->obj)->word);
	return 0;
}

/* ---- the quick way ---- */

/* One permit, no result is wanted. */
static bool kshare_semaphore_is_plain(const struct kshare_cmd *cmd)
{
	return !(cmd->out | cmd->out_len | *(const u64 *)&cmd->key | cmd->key.u |
		 *(const u64 *)&cmd->value | cmd->value.u) && cmd->nr <= 1;
}

/* There is one, nobody came earlier, and the client's record is there. */
int kshare_semaphore_acquire_quick(struct kshare_client *client, const struct kshare_cmd *cmd)
{
	struct kshare_record *p = NULL;
	struct kshare_semaphore *sem;
	struct kshare_object *obj;

	if (!kshare_semaphore_is_plain(cmd) || cmd->flags & ~KSHARE_NOWAIT || cmd->deadline < 0)
		return KSHARE_NOT_QUICK;
	obj = kshare_quick_find(client, cmd, BIT(KSHARE_TYPE_SEMAPHORE), KSHARE_RIGHT_WAIT);
	if (!obj)
		return KSHARE_NOT_QUICK;
	/* Not worth the lock, most likely */
	sem = kshare_semaphore_of(obj);
	if (atomic64_read(&sem->word) < 1 || !kshare_quick_lock(obj, client, cmd))
		return KSHARE_NOT_QUICK;
	if (obj->waiter_count || atomic64_read(&sem->word) < 1)
		goto err_unlock;
	if (kshare_semaphore_tracks(obj)) {
		/* Whoever closes the handle after it was looked at finds the record. */
		p = kshare_record_find(&sem->holders, client, 0);
		if (!p)
			goto err_unlock;
		p->count++;
	}
	atomic64_dec(&sem->word);
	kshare_quick_end(obj, client->who, NULL);
	return 0;

err_unlock:
	spin_unlock(&obj->lock);
	return KSHARE_NOT_QUICK;
}

/*
 * Who waits first gets it, if he can be given it without fail; since there were too few
 * for him before, nothing is left then for those behind him.
 */
int kshare_semaphore_release_quick(struct kshare_client *client, const struct kshare_cmd *cmd)
{
	struct kshare_record *p = NULL;
	struct kshare_waiter *w = NULL;
	struct kshare_run *next = NULL;
	struct kshare_semaphore *sem;
	struct kshare_object *obj;
	bool tracks;

	if (!kshare_semaphore_is_plain(cmd) || cmd->flags | cmd->tag | cmd->deadline)
		return KSHARE_NOT_QUICK;
	obj = kshare_quick_find(client, cmd, BIT(KSHARE_TYPE_SEMAPHORE), KSHARE_RIGHT_WAIT);
	if (!kshare_quick_lock(obj, client, cmd))
		return KSHARE_NOT_QUICK;
	sem = kshare_semaphore_of(obj);
	if (atomic64_read(&sem->word) >= sem->bound)
		goto err_unlock;
	tracks = kshare_semaphore_tracks(obj);
	if (tracks) {
		p = kshare_record_find(&sem->holders, client, 0);
		if (!p || !p->count)
			goto err_unlock;
	}
	if (obj->waiter_count) {
		next = kshare_quick_first(obj);
		if (!next || (tracks && !kshare_record_find(&sem->holders, next->client, 0)))
			goto err_unlock;
	}
	if (p)
		p->count--;
	atomic64_inc(&sem->word);
	if (next)
		w = kshare_quick_hand(next);
	kshare_quick_end(obj, client->who, w);
	return 0;

err_unlock:
	spin_unlock(&obj->lock);
	return KSHARE_NOT_QUICK;
}
