// SPDX-License-Identifier: GPL-2.0-only
/*
 * Who waits for whom: circles of owners that wait for each other.
 *
 * Only a command that asked for it (KSHARE_DETECT) looks, after it has been queued,
 * with the domain's lockset mutex held: so of two that close a circle at the same
 * time the later one sees both.  A circle is looked for step by step, one object
 * locked at a time, and what others do meanwhile may lead astray; so one that was
 * found is looked at again with all its objects owned.  A real one is still there:
 * none of its owners can go on.
 *
 * Who waits on a condition waits for the owner of its lock: none but him can notify.
 * Who waits for one of several objects (WAIT_ANY, WAIT_ALL) waits for nobody in
 * particular.
 */
#include <linux/sched/signal.h>

#include "command.h"
#include "lockset.h"
#include "types/lock.h"
#include "types/types.h"

/*
 * Commands of one client that are looked at with a spinlock held.  A client with more
 * of them that wait for locks at once is not followed: circles may stay unseen.
 */
#define KSHARE_SPIN_WAITS	1024

/**
 * struct kshare_step - an object in a chain of those that wait for each other
 * @obj: object, with a reference
 * @holder: number of its holder that is being followed, from 0
 * @client: that holder's client; only to be compared, and under @obj's lock
 * @owner: that holder
 */
struct kshare_step {
	struct kshare_object *obj;
	u32 holder;
	struct kshare_client *client;
	u64 owner;
};

static struct kshare_client *kshare_holder(struct kshare_object *obj, u32 n, u64 *owner)
{
	if (obj->type == KSHARE_TYPE_RWLOCK)
		return kshare_rwlock_holder(obj, n, owner);
	return n ? NULL : kshare_lock_holder(obj, owner);
}

/* The object that an owner waits for, with a reference, or NULL. */
static struct kshare_object *kshare_waits_for(struct kshare_client *client, u64 owner)
{
	struct kshare_object *obj = NULL;
	struct kshare_run *run;
	u32 looked = 0;

	spin_lock(&client->held_lock);
	list_for_each_entry(run, &client->waits, wait_link) {
		if (looked++ == KSHARE_SPIN_WAITS)
			break;
		if (kshare_run_owner(run) == owner && !run->waiter.group) {
			obj = run->obj;
			kshare_object_get(obj);
			break;
		}
	}
	spin_unlock(&client->held_lock);
	return obj;
}

/*
 * The next object after @step, by its holder number @step->holder.
 * Return: false if it has no such holder.
 */
static bool kshare_step_on(struct kshare_step *step, struct kshare_object **next)
{
	struct kshare_object *obj = step->obj;
	bool there;

	*next = NULL;
	if (!obj->owned)
		kshare_object_lock(obj);
	/* Under the lock of what it holds a client is there. */
	step->client = kshare_holder(obj, step->holder, &step->owner);
	there = step->client;
	if (there)
		*next = kshare_waits_for(step->client, step->owner);
	if (!obj->owned)
		kshare_object_unlock(obj);
	return there;
}

static bool kshare_is_me(const struct kshare_run *run, const struct kshare_step *step)
{
	return step->client == run->client && step->owner == kshare_run_owner(run);
}

/* Depth first; the number of steps of a circle back to @run, or 0. */
static u32 kshare_circle_find(struct kshare_run *run, struct kshare_step *steps)
{
	struct kshare_object *next;
	u32 depth = 1, tries = 0, i;

	steps[0] = (struct kshare_step){ .obj = run->obj };
	kshare_object_get(run->obj);
	while (depth) {
		struct kshare_step *step = &steps[depth - 1];

		if (++tries > KSHARE_MAX_CIRCLE * KSHARE_MAX_CIRCLE ||
		    fatal_signal_pending(current))
			break;
		cond_resched();
		if (!kshare_step_on(step, &next)) {
			/* All its holders were followed. */
			kshare_object_put(step->obj);
			if (--depth)
				steps[depth - 1].holder++;
			continue;
		}
		if (kshare_is_me(run, step)) {
			if (next)
				kshare_object_put(next);
			return depth;
		}
		for (i = 0; next && i < depth; i++) {
			if (steps[i].obj != next)
				continue;
			kshare_object_put(next);
			next = NULL;
		}
		if (next && depth < KSHARE_MAX_CIRCLE) {
			steps[depth++] = (struct kshare_step){ .obj = next };
			continue;
		}
		if (next)
			kshare_object_put(next);
		step->holder++;
	}
	while (depth)
		kshare_object_put(steps[--depth].obj);
	return 0;
}

/* Is it still there?  All objects are owned. */
static bool kshare_circle_holds(struct kshare_run *run, struct kshare_step *steps, u32 depth)
{
	struct kshare_object *next;
	bool same;
	u32 i;

	for (i = 0; i < depth; i++) {
		if (!kshare_step_on(&steps[i], &next))
			return false;
		if (i == depth - 1)
			same = kshare_is_me(run, &steps[i]);
		else
			same = next == steps[i + 1].obj;
		if (next)
			kshare_object_put(next);
		if (!same)
			return false;
	}
	return true;
}

static void kshare_circle_tell(struct kshare_run *run, const struct kshare_step *steps, u32 depth)
{
	u32 i;

	run->tell = true;
	for (i = 0; i < depth; i++) {
		run->out[run->out_count++] = kshare_val_int(steps[i].obj->id);
		run->out[run->out_count++] = kshare_val_int(kshare_who_pid(steps[i].client->who));
	}
}

void kshare_detect(struct kshare_run *run)
{
	struct kshare_wakes wakes = KSHARE_WAKES_INIT(wakes);
	struct kshare_domain *domain = run->obj->domain;
	u64 took = 0;
	struct kshare_step *steps;
	u32 depth, i;

	static_assert(KSHARE_MAX_CIRCLE <= 64);
	steps = kcalloc(KSHARE_MAX_CIRCLE, sizeof(*steps), GFP_KERNEL_ACCOUNT);
	if (!steps)
		return;
	kshare_lockset_begin(domain);
	depth = kshare_circle_find(run, steps);
	for (i = 0; i < depth; i++)
		if (kshare_object_own(steps[i].obj))
			took |= BIT_ULL(i);
	if (depth && kshare_waiter_waits(&run->waiter) && kshare_circle_holds(run, steps, depth)) {
		kshare_circle_tell(run, steps, depth);
		kshare_line_end(run, -EDEADLK, &wakes);
		/* It may have been what others stood behind. */
		kshare_grant(run->obj, true, &wakes);
	}
	for (i = 0; i < depth; i++)
		if (took & BIT_ULL(i))
			kshare_object_disown(steps[i].obj);
	kshare_lockset_end(domain);
	kshare_wakes_run(&wakes);
	for (i = 0; i < depth; i++)
		kshare_object_put(steps[i].obj);
	kfree(steps);
}
