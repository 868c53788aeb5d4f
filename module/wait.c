// SPDX-License-Identifier: GPL-2.0-only
/* Waiters: sleeping, claiming, waking.  The rules are in wait.h. */
#include <linux/hrtimer.h>
#include <linux/ktime.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>

#include "object.h"
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
 * kshare_waiter_init() - makes a waiter that belongs to a group, or is nobody's yet
 * @w: the waiter
 * @group: its group or NULL
 */
void kshare_waiter_init(struct kshare_waiter *w, struct kshare_waiter *group)
{
	INIT_LIST_HEAD(&w->link);
	w->state = KSHARE_WAITER_IDLE;
	w->result = 0;
	w->poked = false;
	w->wake = NULL;
	w->task = NULL;
	w->group = group;
}

/**
 * kshare_waiter_init_task() - makes a waiter of the calling task
 * @w: the waiter, which the caller keeps until it is done
 */
void kshare_waiter_init_task(struct kshare_waiter *w)
{
	kshare_waiter_init(w, NULL);
	w->wake = kshare_waiter_wake_task;
	w->task = current;
}

/**
 * kshare_waiter_drop() - takes a member of a group out of its line
 * @w: the waiter; its object's lock is held
 */
void kshare_waiter_drop(struct kshare_waiter *w)
{
	list_del_init(&w->link);
	WRITE_ONCE(w->state, KSHARE_WAITER_IDLE);
}

/**
 * kshare_waiter_claim() - ends a wait
 * @w: a queued waiter whose object's lock is held; or a group that was claimed
 * @result: the command's result
 * @wakes: where it goes, until the caller holds no lock
 */
void kshare_waiter_claim(struct kshare_waiter *w, int result, struct kshare_wakes *wakes)
{
	kshare_waiter_take(w, result);
	list_add_tail(&w->link, &wakes->list);
}

/**
 * kshare_waiter_poke() - has a waiter try for itself
 * @w: a queued waiter with a task; its object's lock is held
 *
 * Return: its task, for kshare_poke_task() when the lock is not held any more; NULL
 *	if it was poked, and has not tried yet.
 */
struct task_struct *kshare_waiter_poke(struct kshare_waiter *w)
{
	if (w->poked)
		return NULL;
	/* Read again under the lock by who was woken. */
	WRITE_ONCE(w->poked, true);
	return get_task_struct(w->task);
}

void kshare_poke_task(struct task_struct *task)
{
	wake_up_process(task);
	put_task_struct(task);
}

/**
 * kshare_group_claim() - decides who completes a group
 * @group: the group
 *
 * Return: true for one caller alone, who then calls kshare_waiter_claim().
 */
bool kshare_group_claim(struct kshare_waiter *group)
{
	return cmpxchg(&group->state, KSHARE_WAITER_QUEUED, KSHARE_WAITER_CLAIMED) ==
	       KSHARE_WAITER_QUEUED;
}

/**
 * __kshare_wakes_run() - completes all waiters that were claimed
 * @wakes: empty afterwards
 */
void __kshare_wakes_run(struct kshare_wakes *wakes)
{
	struct kshare_waiter *w, *next;

	list_for_each_entry_safe(w, next, &wakes->list, link)
		w->wake(w);
	INIT_LIST_HEAD(&wakes->list);
	if (wakes->poke) {
		kshare_poke_task(wakes->poke);
		wakes->poke = NULL;
	}
	if (unlikely(wakes->doom.first))
		kshare_doom_run(&wakes->doom);
}

/* True if the deadline has come */
static noinline bool kshare_sleep_until(s64 deadline)
{
	ktime_t expires = ns_to_ktime(deadline);

	return !schedule_hrtimeout_range(&expires, current->timer_slack_ns, HRTIMER_MODE_ABS);
}

/**
 * kshare_waiter_sleep() - sleeps until done, deadline or signal
 * @w: a waiter of this task's that was queued
 * @deadline: CLOCK_MONOTONIC in ns, or 0 for none
 * @killable: signals that do not kill wait
 *
 * Once it is claimed nothing but its completion ends the sleep: between claim and
 * wake-up the granter holds no lock and waits for nobody.
 *
 * Return: 0 when done; 1 when it should try for itself; -ETIMEDOUT or -ERESTARTSYS
 *	when the caller should end the wait (and may find that it is over).
 */
int kshare_waiter_sleep(struct kshare_waiter *w, s64 deadline, bool killable)
{
	int ret = 0;

	/*
	 * If somebody was woken who is to run now, that takes less than to sleep and be
	 * woken, and he may have done by then what this waits for.
	 */
	if (ks_need_resched())
		schedule();
	for (;;) {
		set_current_state(killable ? TASK_KILLABLE : TASK_INTERRUPTIBLE);
		if (kshare_waiter_done(w))
			break;
		if (!kshare_waiter_waits(w)) {
			set_current_state(TASK_UNINTERRUPTIBLE);
			if (!kshare_waiter_done(w))
				schedule();
			continue;
		}
		if (READ_ONCE(w->poked)) {
			ret = 1;
			break;
		}
		if (killable ? fatal_signal_pending(current) : signal_pending(current)) {
			ret = -ERESTARTSYS;
			break;
		}
		if (!deadline) {
			schedule();
		} else if (kshare_sleep_until(deadline) && kshare_waiter_waits(w)) {
			ret = -ETIMEDOUT;
			break;
		}
	}
	__set_current_state(TASK_RUNNING);
	return ret;
}
