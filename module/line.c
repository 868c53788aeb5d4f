// SPDX-License-Identifier: GPL-2.0-only
/*
 * Lines of waiters: joining, being carried out, and every other end of a wait.
 * The states are those of wait.h.
 */
#include <linux/poll.h>
#include <linux/sched/signal.h>

#include "command.h"
#include "gate.h"
#include "lockset.h"
#include "observe.h"
#include "quick.h"
#include "types/class.h"
#include "types/condition.h"

/* Lines that an object has at most. */
#define KSHARE_MAX_LINES	3
/* Waiters that are looked at with a spinlock held. */
#define KSHARE_SPIN_GRANTS	32

static struct list_head *kshare_line_of(struct kshare_object *obj, unsigned int n)
{
	if (!n)
		return &obj->waiters;
	return obj->ops->line ? obj->ops->line(obj, n) : NULL;
}

/**
 * kshare_line_join() - queues a run's waiter
 * @run: run; its waiter is initialised, its object is locked
 *
 * Return: 0 or -EDQUOT.
 */
int kshare_line_join(struct kshare_run *run)
{
	struct kshare_object *obj = run->obj;
	struct kshare_client *client = run->client;
	struct list_head *line = &obj->waiters;
	int ret;

	/* Else it would not be found by who revokes. */
	if (unlikely(run->via) && !kshare_gate_pass(run->via))
		return -ESTALE;
	ret = kshare_charge(obj->domain, client->user, KSHARE_LIMIT_WAITERS, 1);
	if (ret)
		return ret;
	if (run->all)
		line = &obj->all_waiters;
	else if (run->op->line)
		line = run->op->line(run);
	run->waiting = true;
	run->counted = run->op->flags & KSHARE_ROW_OF_LOCK ? run->peer : obj;
	WRITE_ONCE(run->counted->waiter_count, run->counted->waiter_count + 1);
	if (run->waiter.group)
		obj->member_count++;
	if (obj->ops->owned) {
		spin_lock(&client->held_lock);
		list_add_tail(&run->wait_link, &client->waits);
		spin_unlock(&client->held_lock);
	}
	kshare_waiter_queue(&run->waiter, line);
	return 0;
}

/* It is in no line any more, or about to leave it. */
static __always_inline void kshare_line_left(struct kshare_run *run)
{
	struct kshare_object *obj = run->obj;

	WRITE_ONCE(run->counted->waiter_count, run->counted->waiter_count - 1);
	if (run->waiter.group)
		obj->member_count--;
	kshare_uncharge(obj->domain, run->client->user, KSHARE_LIMIT_WAITERS, 1);
	if (obj->ops->owned) {
		spin_lock(&run->client->held_lock);
		list_del(&run->wait_link);
		spin_unlock(&run->client->held_lock);
	}
}

/**
 * kshare_line_drop() - takes a member of a group out of its line
 * @run: member that is queued; its object is locked or owned
 */
void kshare_line_drop(struct kshare_run *run)
{
	kshare_line_left(run);
	kshare_waiter_drop(&run->waiter);
	kshare_observe_poll(run->obj);
}

/**
 * __kshare_line_purge() - drops members of groups that are over from the front
 * @obj: object with waiters; locked or owned
 *
 * So that nobody who comes stands behind them: who waited in them takes them out
 * only when it is his turn to run.
 */
void __kshare_line_purge(struct kshare_object *obj)
{
	struct kshare_waiter *w;
	struct list_head *line;
	unsigned int n;

	for (n = 0; (line = kshare_line_of(obj, n)); n++)
		while ((w = list_first_entry_or_null(line, struct kshare_waiter, link)) &&
		       w->group && !kshare_waiter_waits(w->group))
			kshare_line_drop(kshare_waiter_run(w));
}

/**
 * kshare_line_end() - ends the wait of a run that is queued
 * @run: run; its object is locked or owned
 * @result: its result
 * @wakes: where it goes
 */
void kshare_line_end(struct kshare_run *run, int result, struct kshare_wakes *wakes)
{
	kshare_line_left(run);
	kshare_waiter_claim(&run->waiter, result, wakes);
	kshare_observe_poll(run->obj);
}

/* The lock is free, and who waits first is woken to take it, unless another does. */
static bool kshare_poke(struct kshare_object *obj, struct kshare_waiter *w,
			struct kshare_wakes *wakes)
{
	if (likely(!(obj->flags & KSHARE_OVERTAKE)) || !w->task)
		return false;
	if (obj->ops->poll(obj) & EPOLLIN) {
		struct task_struct *task = kshare_waiter_poke(w);

		if (likely(!wakes->poke))
			wakes->poke = task;
		else if (task)
			kshare_poke_task(task);
	}
	return true;
}

struct kshare_waiter *kshare_quick_over(struct kshare_run *run, int result)
{
	if (run->changed)
		kshare_object_wrote(run->obj, run->client->who);
	kshare_line_left(run);
	kshare_waiter_take(&run->waiter, result);
	return &run->waiter;
}

enum kshare_granted {
	KSHARE_STAYS,		/* it cannot proceed */
	KSHARE_GOES,		/* it left its line */
	KSHARE_PASSES,		/* it left, and may have put another at the end of the line */
	KSHARE_LATER,		/* the object must be owned for it */
};

static bool kshare_is_gone(struct kshare_run *run, struct kshare_waiter *group)
{
	if (group)
		run = kshare_waiter_run(group);
	return run->async && run->gone(run);
}

/* Instead of what it waits for: it would only have to be given back. */
static enum kshare_granted kshare_grant_none(struct kshare_run *run, struct kshare_waiter *group,
					     int why, struct kshare_wakes *wakes)
{
	enum kshare_granted how = run->op->left ? KSHARE_PASSES : KSHARE_GOES;
	int ret = run->op->left ? run->op->left(run, KSHARE_DOOR_GONE) : 0;

	if (group) {
		kshare_line_drop(run);
		if (kshare_group_claim(group))
			kshare_waiter_claim(group, why, wakes);
	} else {
		kshare_line_end(run, ret < 0 && why == -ECANCELED ? ret : why, wakes);
	}
	return how;
}

static void kshare_line_revoke_one(struct list_head *line, struct kshare_wakes *wakes)
{
	struct kshare_waiter *w, *next;

	list_for_each_entry_safe(w, next, line, link) {
		struct kshare_run *run = kshare_waiter_run(w);

		if (!run->via || kshare_gate_pass(run->via))
			continue;
		/* Who waits for news ends as well, but has the lock again before. */
		if (run->op->flags & KSHARE_ROW_OF_LOCK)
			run->op->left(run, -ESTALE);
		else
			kshare_grant_none(run, w->group, -ESTALE, wakes);
		cond_resched();
	}
}

void kshare_line_revoke(struct kshare_object *obj)
{
	struct kshare_wakes wakes = KSHARE_WAKES_INIT(wakes);
	struct list_head *line, *others = NULL;
	unsigned int n;

	/* Who waits for news waits under the lock that they belong to. */
	if (obj->type == KSHARE_TYPE_CONDITION) {
		others = kshare_condition_waiters(obj);
		obj = kshare_condition_lock(obj);
	} else if (obj->type == KSHARE_TYPE_CLASS || obj->type == KSHARE_TYPE_INSTANCE) {
		/* So do those whose calls are not answered. */
		obj = kshare_class_behind(obj);
		others = kshare_class_callers(obj);
	}
	kshare_lockset_begin(obj->domain);
	kshare_object_own(obj);
	if (others)
		kshare_line_revoke_one(others, &wakes);
	for (n = 0; (line = kshare_line_of(obj, n)); n++)
		kshare_line_revoke_one(line, &wakes);
	kshare_line_revoke_one(&obj->all_waiters, &wakes);
	kshare_grant(obj, true, &wakes);
	kshare_object_disown(obj);
	kshare_lockset_end(obj->domain);
	kshare_wakes_run(&wakes);
}

static enum kshare_granted kshare_grant_one(struct kshare_object *obj, struct kshare_waiter *w,
					    bool owned, struct kshare_wakes *wakes)
{
	struct kshare_run *run = kshare_waiter_run(w);
	struct kshare_waiter *group = w->group;
	int ret;

	if (group && !kshare_waiter_waits(group)) {
		kshare_line_drop(run);
		return KSHARE_GOES;
	}
	if (kshare_poke(obj, w, wakes))
		return KSHARE_STAYS;
	if (unlikely(kshare_is_gone(run, group)))
		return kshare_grant_none(run, group, -ECANCELED, wakes);

	run->owned = owned;
	kshare_object_write_begin(obj);
	ret = kshare_run_apply(run);
	if (group && ret > -MAX_ERRNO && !kshare_group_claim(group)) {
		if (ret >= 0)
			kshare_run_undo(run);
		kshare_object_write_end(obj);
		run->owned = false;
		kshare_run_out_reset(run);
		kshare_doom_move(&run->doom, &wakes->doom);
		kshare_line_drop(run);
		return KSHARE_GOES;
	}
	kshare_object_write_end(obj);
	run->owned = false;
	if (ret == KSHARE_MUST_WAIT)
		return KSHARE_STAYS;
	if (ret <= -MAX_ERRNO)
		return KSHARE_LATER;

	if (run->changed)
		kshare_run_commit(run);
	if (group) {
		struct kshare_run *all = kshare_waiter_run(group);

		kshare_line_drop(run);
		all->number = max(ret, 0);
		kshare_waiter_claim(group, ret < 0 ? ret : run - all->subs, wakes);
	} else {
		kshare_line_end(run, ret, wakes);
	}
	return KSHARE_GOES;
}

bool kshare_grant(struct kshare_object *obj, bool owned, struct kshare_wakes *wakes)
{
	struct kshare_waiter *w, *next;
	struct list_head *lines[KSHARE_MAX_LINES], *line;
	unsigned int looked = 0, count = 0, n;
	bool again, passed;

	kshare_object_assert_held(obj);
	while ((line = kshare_line_of(obj, count)))
		lines[count++] = line;
	/* Who is let go from one line may be what another waits for. */
	do {
		again = false;
		passed = false;
		for (n = 0; n < count; n++) {
			list_for_each_entry_safe(w, next, lines[n], link) {
				enum kshare_granted how;

				if (!owned && looked++ == KSHARE_SPIN_GRANTS)
					return true;
				how = kshare_grant_one(obj, w, owned, wakes);
				if (how == KSHARE_LATER)
					return true;
				if (how == KSHARE_STAYS && obj->ops->fifo && !obj->scan)
					break;
				again |= how == KSHARE_GOES;
				passed |= how == KSHARE_PASSES;
				if (owned)
					cond_resched();
			}
		}
	} while (passed || (again && obj->ops->line));

	if (likely(list_empty(&obj->all_waiters)))
		return false;
	if (!owned)
		return true;
	kshare_all_grant(obj, wakes);
	return false;
}

void kshare_grant_rest(struct kshare_object *obj)
{
	struct kshare_wakes wakes = KSHARE_WAKES_INIT(wakes);

	kshare_lockset_begin(obj->domain);
	kshare_object_own(obj);
	kshare_grant(obj, true, &wakes);
	kshare_object_disown(obj);
	kshare_lockset_end(obj->domain);
	kshare_wakes_run(&wakes);
}

bool kshare_object_changed(struct kshare_object *obj, struct kshare_wakes *wakes)
{
	WRITE_ONCE(obj->version, obj->version + 1);
	kshare_observe(obj);
	return kshare_grant(obj, false, wakes);
}

void kshare_unlock_and_wake(struct kshare_object *obj, bool more, struct kshare_wakes *wakes)
	__releases(&obj->lock)
{
	kshare_object_unlock(obj);
	kshare_wakes_run(wakes);
	if (more)
		kshare_grant_rest(obj);
}

bool kshare_wait_end(struct kshare_run *run, int why)
{
	struct kshare_wakes wakes = KSHARE_WAKES_INIT(wakes);
	struct kshare_object *obj = run->obj;
	const struct kshare_row *op = run->op;
	bool more = false, took = false;
	int ret = 0;

	if (run->subs)
		return kshare_group_end(run, why);
	kshare_object_lock(obj);
	if (kshare_waiter_waits(&run->waiter)) {
		if (op->left)
			ret = op->left(run, why);
		if (ret == 1) {
			kshare_object_write_begin(obj);
			ret = kshare_run_apply(run);
			kshare_object_write_end(obj);
			if (run->changed)
				kshare_run_commit(run);
		} else if (ret != KSHARE_MUST_WAIT) {
			took = true;
			/* A dead client's command has no result that anybody reads. */
			if (!ret)
				ret = why == -EOWNERDEAD || why == KSHARE_DOOR_GONE ?
				      -ECANCELED : why;
		} else {
			took = op->flags & KSHARE_ROW_OF_LOCK && run->u.condition.why == why;
		}
		if (ret != KSHARE_MUST_WAIT)
			kshare_line_end(run, ret, &wakes);
		if (obj->ops->fifo || op->left)
			more = kshare_grant(obj, false, &wakes);
	}
	kshare_unlock_and_wake(obj, more, &wakes);
	return took;
}

void kshare_wait_retry(struct kshare_run *run)
{
	struct kshare_wakes wakes = KSHARE_WAKES_INIT(wakes);
	struct kshare_object *obj = run->obj;
	int ret;

	kshare_object_lock(obj);
	WRITE_ONCE(run->waiter.poked, false);
	if (kshare_waiter_waits(&run->waiter) &&
	    list_first_entry(&obj->waiters, struct kshare_waiter, link) == &run->waiter) {
		kshare_object_write_begin(obj);
		ret = kshare_run_apply(run);
		kshare_object_write_end(obj);
		if (ret != KSHARE_MUST_WAIT) {
			if (run->changed)
				kshare_run_commit(run);
			kshare_line_end(run, ret, &wakes);
		}
	}
	kshare_unlock_and_wake(obj, false, &wakes);
}

bool kshare_run_give_back(struct kshare_run *run)
{
	struct kshare_wakes wakes = KSHARE_WAKES_INIT(wakes);
	struct kshare_object *obj = run->obj;
	bool more = false;

	if (run->subs)
		return kshare_group_give_back(run);
	if (run->op->flags & KSHARE_ROW_STAYS)
		return false;
	kshare_object_lock(obj);
	run->late = true;
	kshare_object_write_begin(obj);
	if (run->op->undo)
		run->op->undo(run);
	kshare_object_write_end(obj);
	/* Not as if it had not been: others may have seen it. */
	if (run->changed)
		more = kshare_object_changed(obj, &wakes);
	kshare_unlock_and_wake(obj, more, &wakes);
	return true;
}
