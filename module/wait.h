/* SPDX-License-Identifier: GPL-2.0-only */
/**
 * DOC: waiters
 *
 * A waiter is a command that cannot proceed yet.  It stands in a line of its
 * object's, in order of arrival.  Whoever changes the object carries out the
 * waiter's operation for it, under the object's lock (kshare_grant() in line.c):
 * so a lock or a message is handed over, and nobody who comes later overtakes.
 * What ends a wait otherwise (deadline, signal, cancellation, death) does it under
 * the object's lock as well, so one of them is first, and it alone completes the
 * waiter.
 *
 * States, and who may make each step:
 *
 *	IDLE -> QUEUED		the waiter, under the object's lock
 *	QUEUED -> CLAIMED	who carries it out or ends it, under the object's
 *				lock: it has unlinked the waiter and filled in its
 *				result, and alone completes it
 *	CLAIMED -> DONE		the same, without a lock, through @wake; from then on
 *				the waiter may be gone
 *
 * A waiter knows nothing of clients, nor of what kind of thing waits: a task
 * sleeps in kshare_waiter_sleep(), others give a @wake of their own.
 *
 * A *group* is a waiter that stands for several, each in a line of another object
 * (WAIT_ANY, WAIT_ALL).  Their objects have different locks, so there QUEUED ->
 * CLAIMED is one compare-and-exchange of the group's state: who loses it takes
 * back what it did for its member, and drops the member from its line.
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

#include "value.h"

struct task_struct;

enum kshare_waiter_state {
	KSHARE_WAITER_IDLE,
	KSHARE_WAITER_QUEUED,
	KSHARE_WAITER_CLAIMED,
	KSHARE_WAITER_DONE,
};

/**
 * struct kshare_waiter - see above
 * @link: in a line of an object while QUEUED; in a &struct kshare_wakes while
 *	CLAIMED
 * @state: enum kshare_waiter_state
 * @result: of the command, valid when DONE
 * @poked: its task was woken to try for itself
 * @wake: completes it; called once, without locks, in process context
 * @task: who sleeps; NULL if nobody does
 * @group: the waiter that stands for it and others; NULL if it is alone
 */
struct kshare_waiter {
	struct list_head link;
	int state;
	int result;
	bool poked;
	void (*wake)(struct kshare_waiter *w);
	struct task_struct *task;
	struct kshare_waiter *group;
};

/**
 * struct kshare_wakes - what to do once no lock is held
 * @list: waiters that were claimed, to be completed
 * @poke: a task to be woken, with a reference
 * @doom: objects that lost their last reference
 */
struct kshare_wakes {
	struct list_head list;
	struct task_struct *poke;
	struct kshare_doom doom;
};

#define KSHARE_WAKES_INIT(name)	{ .list = LIST_HEAD_INIT((name).list) }

void kshare_waiter_init(struct kshare_waiter *w, struct kshare_waiter *group);
void kshare_waiter_init_task(struct kshare_waiter *w);
/* Under the object's lock. */
static inline void kshare_waiter_queue(struct kshare_waiter *w, struct list_head *line)
{
	WRITE_ONCE(w->state, KSHARE_WAITER_QUEUED);
	list_add_tail(&w->link, line);
}

/* As kshare_waiter_claim(), for a caller that wakes it himself */
static inline void kshare_waiter_take(struct kshare_waiter *w, int result)
{
	w->result = result;
	/* Read without the lock only to see how far it is. */
	WRITE_ONCE(w->state, KSHARE_WAITER_CLAIMED);
	list_del(&w->link);
}

void kshare_waiter_drop(struct kshare_waiter *w);
void kshare_waiter_claim(struct kshare_waiter *w, int result, struct kshare_wakes *wakes);
struct task_struct *kshare_waiter_poke(struct kshare_waiter *w);
bool kshare_group_claim(struct kshare_waiter *group);
/* Without locks. */
void kshare_poke_task(struct task_struct *task);
void __kshare_wakes_run(struct kshare_wakes *wakes);
int kshare_waiter_sleep(struct kshare_waiter *w, s64 deadline, bool killable);

/* Most of the time there is nothing to do. */
static inline void kshare_wakes_run(struct kshare_wakes *wakes)
{
	if (unlikely(!list_empty(&wakes->list) || wakes->poke || wakes->doom.first))
		__kshare_wakes_run(wakes);
}

/* Does it still wait?  Without the lock the answer may be old. */
static inline bool kshare_waiter_waits(const struct kshare_waiter *w)
{
	return READ_ONCE(w->state) == KSHARE_WAITER_QUEUED;
}

/* Must be asked only while @wake cannot have let it go. */
static inline bool kshare_waiter_done(const struct kshare_waiter *w)
{
	/* Pairs with the release in @wake: the result is complete. */
	return smp_load_acquire(&w->state) == KSHARE_WAITER_DONE;
}

#endif /* KSHARE_WAIT_H */
