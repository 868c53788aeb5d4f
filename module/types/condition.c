// SPDX-License-Identifier: GPL-2.0-only
/*
 * Conditions: waiting for news about what a lock guards.
 *
 * A condition belongs to one lock or rlock, and its waiters are under that lock's
 * own spinlock (the operations are run on the lock, &kshare_run.peer is the
 * condition).  So to give the lock back and to begin to wait is one step, and a
 * notify only moves waiters to the end of the lock's line: nobody is woken before
 * he can have the lock.
 *
 *	in the condition's line --- notify ------> in the lock's line --> has it
 *		|	--- deadline, cancel, revoke --^	|
 *		+ signal, death: gone, without the lock		+ death: gone, and a
 *								notify goes to the next
 */
#include "../command.h"
#include "../gate.h"
#include "../inspect.h"
#include "../lockset.h"
#include "condition.h"
#include "lock.h"
#include "types.h"

/* Waiters that are moved with a spinlock held. */
#define KSHARE_SPIN_MOVES	64

/**
 * struct kshare_condition - a condition
 * @obj: object
 * @lock: its lock or rlock, with a reference
 * @line: who waits for a notify; under @lock's lock, as @obj.waiter_count is
 */
struct kshare_condition {
	struct kshare_object obj;
	struct kshare_object *lock;
	struct list_head line;
};

static struct kshare_condition *kshare_condition_of(struct kshare_object *obj)
{
	return container_of(obj, struct kshare_condition, obj);
}

struct kshare_object *kshare_condition_lock(struct kshare_object *obj)
{
	return kshare_condition_of(obj)->lock;
}

static int kshare_condition_init(struct kshare_object *obj, const struct kshare_create *how)
{
	struct kshare_condition *condition = kshare_condition_of(obj);
	struct kshare_object *lock;

	if (how->value->type != KSHARE_REF)
		return -EINVAL;
	lock = kshare_gate_pass(how->value->obj);
	if (!lock)
		return -ESTALE;
	if (lock->type != KSHARE_TYPE_LOCK && lock->type != KSHARE_TYPE_RLOCK)
		return -EINVAL;
	if (!(how->value->len & KSHARE_RIGHT_WAIT))
		return -EACCES;
	INIT_LIST_HEAD(&condition->line);
	condition->lock = lock;
	kshare_object_get(lock);
	return 0;
}

static void kshare_condition_destroy(struct kshare_object *obj, struct kshare_doom *doom)
{
	kshare_object_put_deferred(kshare_condition_lock(obj), doom);
}

const struct kshare_type_ops kshare_condition_type = {
	.type = KSHARE_TYPE_CONDITION,
	.size = sizeof(struct kshare_condition),
	.init = kshare_condition_init,
	.destroy = kshare_condition_destroy,
};

int kshare_condition_prepare(struct kshare_run *run)
{
	return kshare_owner_import(run, &run->u.condition.owner);
}

int kshare_condition_wait(struct kshare_run *run)
{
	if (!run->waiting)
		return kshare_lock_is_held(run->obj, run->client, run->u.condition.owner) ?
			KSHARE_MUST_WAIT : -EPERM;
	if (!kshare_lock_take(run, run->u.condition.owner, run->u.condition.depth))
		return KSHARE_MUST_WAIT;
	run->tell = run->u.condition.why;
	return run->u.condition.why ?: (int)run->u.condition.depth;
}

struct list_head *kshare_condition_line(struct kshare_run *run)
{
	return &kshare_condition_of(run->peer)->line;
}

void kshare_condition_queued(struct kshare_run *run)
{
	run->u.condition.depth = kshare_lock_let_go(run);
	kshare_run_commit(run);
}

/* From the condition's line to the end of the lock's. */
static void kshare_condition_move(struct kshare_run *run)
{
	struct kshare_object *lock = run->obj;

	run->u.condition.notified = true;
	/* That it gave the lock back was one change, that it takes it is another. */
	run->changed = false;
	/* Neither a deadline nor a signal takes back that it was notified. */
	run->killable = true;
	WRITE_ONCE(run->peer->waiter_count, run->peer->waiter_count - 1);
	run->counted = lock;
	WRITE_ONCE(lock->waiter_count, lock->waiter_count + 1);
	list_move_tail(&run->waiter.link, &lock->waiters);
}

/* A notify reached one who cannot use it: the next one has it. */
static void kshare_condition_pass_on(struct kshare_run *run)
{
	struct kshare_condition *condition = kshare_condition_of(run->peer);
	struct kshare_waiter *w;

	if (!run->u.condition.notified || run->u.condition.why)
		return;
	w = list_first_entry_or_null(&condition->line, struct kshare_waiter, link);
	if (w)
		kshare_condition_move(kshare_waiter_run(w));
}

int kshare_condition_left(struct kshare_run *run, int why)
{
	if (why == -EOWNERDEAD || why == KSHARE_DOOR_GONE) {
		kshare_condition_pass_on(run);
		return -EINTR;
	}
	if (!run->u.condition.notified) {
		/* To begin again is not for us: the lock is not held any more. */
		if (why == -ERESTARTSYS)
			return -EINTR;
		run->u.condition.why = why;
		kshare_condition_move(run);
	}
	run->deadline = 0;
	return KSHARE_MUST_WAIT;
}

/* It cannot be told that it has the lock again. */
void kshare_condition_wait_undo(struct kshare_run *run)
{
	if (!kshare_lock_is_held(run->obj, run->client, run->u.condition.owner))
		return;
	kshare_lock_undo(run->obj, run->result_flags & KSHARE_R_OWNER_DIED);
	run->result_flags &= ~KSHARE_R_OWNER_DIED;
	kshare_condition_pass_on(run);
}

/* The condition's line; its lock's lock is held, or that is owned. */
struct list_head *kshare_condition_waiters(struct kshare_object *obj)
{
	return &kshare_condition_of(obj)->line;
}

int kshare_condition_notify(struct kshare_run *run)
{
	struct kshare_condition *condition = kshare_condition_of(run->peer);
	u32 most = run->flags & KSHARE_ALL ? U32_MAX : run->nr ?: 1;
	struct kshare_waiter *w;
	int count = 0;

	if (run->flags & KSHARE_ALL && run->nr)
		return -EINVAL;
	if (!kshare_lock_is_held(run->obj, run->client, run->u.condition.owner))
		return -EPERM;
	if (!run->owned && min(most, run->peer->waiter_count) > KSHARE_SPIN_MOVES)
		return KSHARE_MUST_OWN;
	while (count < most &&
	       (w = list_first_entry_or_null(&condition->line, struct kshare_waiter, link))) {
		kshare_condition_move(kshare_waiter_run(w));
		count++;
		if (run->owned)
			cond_resched();
	}
	return count;
}
