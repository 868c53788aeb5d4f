// SPDX-License-Identifier: GPL-2.0-only
/* Waiters: sleeping, claiming, waking.  The rules are in wait.h. */
#include <linux/hrtimer.h>
#include <linux/ktime.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>

#include "wait.h"

static void kshare_waiter_wake_task(struct kshare_waiter *w)
{
	struct task_struct *task = get_task_struct(w->task);

	/* Pairs with the load in kshare_waiter_done(); @w may be gone after it. */
	smp_store_release(&w->state, KSHARE_WAITER_DONE);
	wake_up_process(task);
	put_task_struct(task);
}

/**
 * kshare_waiter_init_task() - makes a waiter of the calling task
 * @w: the waiter, which the caller keeps until it is done or has left
 */
void kshare_waiter_init_task(struct kshare_waiter *w)
{
	INIT_LIST_HEAD(&w->link);
	w->state = KSHARE_WAITER_IDLE;
	w->result = 0;
	w->wake = kshare_waiter_wake_task;
	w->task = current;
}

/**
 * kshare_waiter_queue() - puts a waiter at the end of a queue
 * @w: an idle waiter
 * @queue: &kshare_object.waiters; its object's lock is held
 */
void kshare_waiter_queue(struct kshare_waiter *w, struct list_head *queue)
{
	w->state = KSHARE_WAITER_QUEUED;
	list_add_tail(&w->link, queue);
}

/**
 * kshare_waiter_leave() - takes a waiter out of its queue
 * @w: the waiter; its object's lock is held
 *
 * Return: false if it was claimed before; then it will be DONE.
 */
bool kshare_waiter_leave(struct kshare_waiter *w)
{
	if (w->state != KSHARE_WAITER_QUEUED)
		return false;
	list_del_init(&w->link);
	w->state = KSHARE_WAITER_IDLE;
	return true;
}

/**
 * kshare_waiter_claim() - ends a wait
 * @w: a queued waiter; its object's lock is held
 * @result: the command's result
 * @wakes: where it goes, until the caller holds no lock
 */
void kshare_waiter_claim(struct kshare_waiter *w, int result, struct kshare_wakes *wakes)
{
	w->result = result;
	/* Read without the lock only to see whether it is DONE. */
	WRITE_ONCE(w->state, KSHARE_WAITER_CLAIMED);
	list_move_tail(&w->link, &wakes->list);
}

/**
 * kshare_wakes_run() - completes all waiters that were claimed
 * @wakes: empty afterwards
 */
void kshare_wakes_run(struct kshare_wakes *wakes)
{
	struct kshare_waiter *w, *next;

	list_for_each_entry_safe(w, next, &wakes->list, link)
		w->wake(w);
	INIT_LIST_HEAD(&wakes->list);
}

static bool kshare_waiter_done(struct kshare_waiter *w)
{
	/* Pairs with the release in @wake: the result is complete. */
	return smp_load_acquire(&w->state) == KSHARE_WAITER_DONE;
}

/**
 * kshare_waiter_sleep() - sleeps until done, deadline or signal
 * @w: a waiter of this task's that was queued
 * @deadline: CLOCK_MONOTONIC in ns, or 0 for none
 *
 * Return: 0 when done; -ETIMEDOUT or -ERESTARTSYS when the caller should leave
 *	(and may find that it cannot).
 */
int kshare_waiter_sleep(struct kshare_waiter *w, s64 deadline)
{
	ktime_t expires = ns_to_ktime(deadline);
	int ret = 0;

	for (;;) {
		set_current_state(TASK_INTERRUPTIBLE);
		if (kshare_waiter_done(w))
			break;
		if (signal_pending(current)) {
			ret = -ERESTARTSYS;
			break;
		}
		if (!schedule_hrtimeout_range(deadline ? &expires : NULL, current->timer_slack_ns,
					      HRTIMER_MODE_ABS)) {
			ret = kshare_waiter_done(w) ? 0 : -ETIMEDOUT;
			break;
		}
	}
	__set_current_state(TASK_RUNNING);
	return ret;
}

/**
 * kshare_waiter_finish() - waits for the granter that has claimed this waiter
 * @w: a waiter that could not leave
 *
 * Between claim and wake-up the granter holds no lock and waits for nobody, so
 * this is short and needs no signal.
 */
void kshare_waiter_finish(struct kshare_waiter *w)
{
	for (;;) {
		set_current_state(TASK_UNINTERRUPTIBLE);
		if (kshare_waiter_done(w))
			break;
		schedule();
	}
	__set_current_state(TASK_RUNNING);
}
