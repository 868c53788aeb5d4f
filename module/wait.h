/* SPDX-License-Identifier: GPL-2.0-only */
/**
 * DOC: waiters
 *
 * A waiter is a command that cannot proceed yet.  It stands in its object's
 * queue, in order of arrival.  Whoever changes the object carries out the
 * waiter's operation for it, under the object's lock (kshare_grant() in run.c):
 * so a lock or a message is handed over, and nobody who comes later overtakes.
 *
 * States, and who may make each step:
 *
 *	IDLE -> QUEUED		the waiter, under the object's lock
 *	QUEUED -> IDLE		the waiter that leaves (deadline, signal), under
 *				the object's lock
 *	QUEUED -> CLAIMED	the granter, under the object's lock: it has
 *				unlinked the waiter and filled in its result, and
 *				alone completes it
 *	CLAIMED -> DONE		the granter, without a lock, through @wake; from
 *				then on the waiter may be gone
 *
 * A waiter that wants to leave and finds itself CLAIMED waits for DONE and has
 * succeeded: what it was handed is its own.  It knows nothing of clients, nor of
 * what kind of thing waits: a task sleeps in kshare_waiter_sleep(), others give
 * a @wake of their own.
 *
 *	waiter				granter
 *	set_current_state()		(result filled in)
 *	smp_mb (A)			store_release state = DONE
 *	load_acquire state		smp_mb in wake_up_process() (B)
 *	schedule()			load task state
 *
 * (A) and (B): either the waiter sees DONE, or the granter sees it asleep.
 */
#ifndef KSHARE_WAIT_H
#define KSHARE_WAIT_H

#include <linux/list.h>
#include <linux/types.h>

struct task_struct;

enum kshare_waiter_state {
	KSHARE_WAITER_IDLE,
	KSHARE_WAITER_QUEUED,
	KSHARE_WAITER_CLAIMED,
	KSHARE_WAITER_DONE,
};

/**
 * struct kshare_waiter - see above
 * @link: in &kshare_object.waiters while QUEUED; in a &struct kshare_wakes while
 *	CLAIMED
 * @state: enum kshare_waiter_state
 * @result: of the command, valid when DONE
 * @wake: completes it; called once, without locks, in process context
 * @task: who sleeps
 */
struct kshare_waiter {
	struct list_head link;
	int state;
	int result;
	void (*wake)(struct kshare_waiter *w);
	struct task_struct *task;
};

/** struct kshare_wakes - claimed waiters, to be woken once no lock is held */
struct kshare_wakes {
	struct list_head list;
};

#define KSHARE_WAKES_INIT(name)	{ .list = LIST_HEAD_INIT((name).list) }

void kshare_waiter_init_task(struct kshare_waiter *w);
/* Under the object's lock. */
void kshare_waiter_queue(struct kshare_waiter *w, struct list_head *queue);
bool kshare_waiter_leave(struct kshare_waiter *w);
void kshare_waiter_claim(struct kshare_waiter *w, int result, struct kshare_wakes *wakes);
/* Without locks. */
void kshare_wakes_run(struct kshare_wakes *wakes);
int kshare_waiter_sleep(struct kshare_waiter *w, s64 deadline);
void kshare_waiter_finish(struct kshare_waiter *w);

#endif /* KSHARE_WAIT_H */
