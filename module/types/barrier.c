// SPDX-License-Identifier: GPL-2.0-only
/*
 * Barriers: those who come wait until all are there.
 *
 * Who waits came in some *generation*.  It ends when the last party comes, or when
 * the barrier breaks; how, is remembered for the latest ones, for those waiters
 * that have not been let go yet: two bits each, the latest in the lowest.
 *
 * A client that has waited once is a party: if it dies the barrier breaks, whether
 * it waits at that moment or not, as the others would wait for it in vain.
 */
#include <linux/poll.h>

#include "../command.h"
#include "../inspect.h"
#include "../lockset.h"
#include "../observe.h"
#include "types.h"

enum kshare_outcome {
	KSHARE_ALL_CAME = 0,
	KSHARE_SHUT = 1,	/* aborted, reset, or somebody ran out of time */
	KSHARE_DIED = 2,
};

/**
 * struct kshare_barrier - a barrier
 * @obj: object
 * @size: number of parties
 * @waiting: how many have come in this generation
 * @generation: number of those that have ended
 * @outcomes: see above
 * @broken: what those who come are told, or 0
 * @index: of the next waiter that is let go
 * @index_generation: its generation
 * @parties: records of clients that have waited
 */
struct kshare_barrier {
	struct kshare_object obj;
	u32 size;
	u32 waiting;
	u64 generation;
	u64 outcomes;
	int broken;
	u32 index;
	u64 index_generation;
	struct rb_root parties;
};

static struct kshare_barrier *kshare_barrier_of(const struct kshare_object *obj)
{
	return container_of(obj, struct kshare_barrier, obj);
}

static int kshare_barrier_init(struct kshare_object *obj, const struct kshare_create *how)
{
	if (!how->size || how->size > INT_MAX)
		return -EINVAL;
	kshare_barrier_of(obj)->size = how->size;
	kshare_barrier_of(obj)->parties = RB_ROOT;
	return 0;
}

static void kshare_barrier_destroy(struct kshare_object *obj, struct kshare_doom *doom)
{
	kshare_records_free(&kshare_barrier_of(obj)->parties);
}

static struct kshare_record *kshare_party_del(struct kshare_barrier *barrier,
					      const struct kshare_client *client)
{
	struct kshare_record *p = kshare_record_find(&barrier->parties, client, 0);

	if (p)
		kshare_record_del(&barrier->parties, p);
	return p;
}

static void kshare_barrier_end(struct kshare_barrier *barrier, enum kshare_outcome outcome)
{
	barrier->generation++;
	barrier->outcomes = barrier->outcomes << 2 | outcome;
	barrier->waiting = 0;
	if (outcome != KSHARE_ALL_CAME)
		barrier->broken = outcome == KSHARE_DIED ? -EOWNERDEAD : -ESHUTDOWN;
}

static bool kshare_barrier_holds(const struct kshare_object *obj,
				 const struct kshare_client *client)
{
	return !RB_EMPTY_ROOT(&kshare_barrier_of(obj)->parties);
}

static bool kshare_barrier_abandon(struct kshare_object *obj, struct kshare_client *client,
				   bool died)
{
	struct kshare_wakes wakes = KSHARE_WAKES_INIT(wakes);
	struct kshare_barrier *barrier = kshare_barrier_of(obj);
	struct kshare_record *p;
	bool more = false;

	kshare_object_lock(obj);
	p = kshare_party_del(barrier, client);
	if (p && died && !barrier->broken) {
		kshare_barrier_end(barrier, KSHARE_DIED);
		more = kshare_object_changed(obj, &wakes);
	}
	kshare_unlock_and_wake(obj, more, &wakes);
	kfree(p);
	return false;
}

static void kshare_barrier_stat(struct kshare_object *obj, struct kshare_stat *stat)
{
	stat->length = kshare_barrier_of(obj)->waiting;
}

static __poll_t kshare_barrier_poll(struct kshare_object *obj)
{
	struct kshare_barrier *barrier = kshare_barrier_of(obj);

	if (barrier->broken)
		return EPOLLIN | EPOLLRDNORM | EPOLLHUP;
	return barrier->waiting + 1 == barrier->size ? EPOLLIN | EPOLLRDNORM : 0;
}

static void kshare_barrier_who(struct kshare_object *obj, struct kshare_who_list *list)
{
	struct rb_node *node;

	for (node = rb_first(&kshare_barrier_of(obj)->parties); node; node = rb_next(node)) {
		kshare_who_add(list, kshare_record_of(node)->hold.client,
			       0, 1, 0);
		cond_resched();
	}
}

const struct kshare_type_ops kshare_barrier_type = {
	.type = KSHARE_TYPE_BARRIER,
	.size = sizeof(struct kshare_barrier),
	.fifo = true,
	.init = kshare_barrier_init,
	.destroy = kshare_barrier_destroy,
	.stat = kshare_barrier_stat,
	.holds = kshare_barrier_holds,
	.abandon = kshare_barrier_abandon,
	.poll = kshare_barrier_poll,
	.who = kshare_barrier_who,
};

int kshare_barrier_wait_prepare(struct kshare_run *run)
{
	if (!run->u.barrier.spare)
		run->u.barrier.spare = kshare_record_alloc();
	return run->u.barrier.spare ? 0 : -ENOMEM;
}

void kshare_barrier_wait_finish(struct kshare_run *run)
{
	kfree(run->u.barrier.spare);
}

/* The client is a party from now on. */
static void kshare_barrier_join(struct kshare_run *run)
{
	struct kshare_barrier *barrier = kshare_barrier_of(run->obj);

	if (kshare_record_find(&barrier->parties, run->client, 0))
		return;
	kshare_record_add(&barrier->parties, run->u.barrier.spare, run->obj, run->client, 0,
			  KSHARE_HOLD_PERMIT, true);
	run->u.barrier.spare = NULL;
	run->u.barrier.joined = true;
}

/* What an undo needs to know. */
static void kshare_barrier_remember(struct kshare_run *run)
{
	struct kshare_barrier *barrier = kshare_barrier_of(run->obj);

	run->u.barrier.generation = barrier->generation;
	run->u.barrier.outcomes = barrier->outcomes;
	run->u.barrier.waiting = barrier->waiting;
	run->u.barrier.broken = barrier->broken;
	run->u.barrier.ended = true;
}

/* A waiter whose generation has ended; those of one are let go in order. */
static int kshare_barrier_passed(struct kshare_run *run)
{
	struct kshare_barrier *barrier = kshare_barrier_of(run->obj);
	u64 age = barrier->generation - 1 - run->u.barrier.generation;
	enum kshare_outcome outcome = age < 32 ? barrier->outcomes >> 2 * age & 3 : KSHARE_SHUT;

	if (outcome != KSHARE_ALL_CAME)
		return outcome == KSHARE_DIED ? -EOWNERDEAD : -ESHUTDOWN;
	if (barrier->index_generation != run->u.barrier.generation) {
		barrier->index_generation = run->u.barrier.generation;
		barrier->index = 0;
	}
	return barrier->index++;
}

int kshare_barrier_wait(struct kshare_run *run)
{
	struct kshare_barrier *barrier = kshare_barrier_of(run->obj);

	if (run->waiting)
		return run->u.barrier.generation == barrier->generation ?
			KSHARE_MUST_WAIT : kshare_barrier_passed(run);
	if (barrier->broken)
		return barrier->broken;
	if (barrier->waiting + 1 < barrier->size)
		return KSHARE_MUST_WAIT;
	kshare_barrier_remember(run);
	kshare_barrier_end(barrier, KSHARE_ALL_CAME);
	kshare_barrier_join(run);
	kshare_touch(run);
	return barrier->size - 1;
}

void kshare_barrier_queued(struct kshare_run *run)
{
	struct kshare_barrier *barrier = kshare_barrier_of(run->obj);

	run->u.barrier.generation = barrier->generation;
	barrier->waiting++;
	kshare_barrier_join(run);
	kshare_observe_poll(run->obj);
}

int kshare_barrier_left(struct kshare_run *run, int why)
{
	struct kshare_barrier *barrier = kshare_barrier_of(run->obj);

	if (run->u.barrier.generation != barrier->generation)
		return 1;
	barrier->waiting--;
	/* It breaks now, and not once more when the client is settled. */
	if (why == -EOWNERDEAD)
		kfree(kshare_party_del(barrier, run->client));
	if (why == -ETIMEDOUT || why == -EOWNERDEAD) {
		kshare_barrier_end(barrier, why == -ETIMEDOUT ? KSHARE_SHUT : KSHARE_DIED);
		WRITE_ONCE(run->obj->version, run->obj->version + 1);
		kshare_observe(run->obj);
	}
	return 0;
}

int kshare_barrier_abort(struct kshare_run *run)
{
	struct kshare_barrier *barrier = kshare_barrier_of(run->obj);

	if (barrier->broken)
		return 0;
	kshare_barrier_remember(run);
	kshare_barrier_end(barrier, KSHARE_SHUT);
	kshare_touch(run);
	return 0;
}

int kshare_barrier_reset(struct kshare_run *run)
{
	struct kshare_barrier *barrier = kshare_barrier_of(run->obj);

	kshare_barrier_remember(run);
	kshare_barrier_end(barrier, KSHARE_SHUT);
	barrier->broken = 0;
	kshare_touch(run);
	return 0;
}

/* Of the last to come, of abort and reset; nobody has been let go yet. */
void kshare_barrier_undo(struct kshare_run *run)
{
	struct kshare_barrier *barrier = kshare_barrier_of(run->obj);

	if (!run->u.barrier.ended)
		return;
	barrier->generation = run->u.barrier.generation;
	barrier->outcomes = run->u.barrier.outcomes;
	barrier->waiting = run->u.barrier.waiting;
	barrier->broken = run->u.barrier.broken;
	run->u.barrier.ended = false;
	if (run->u.barrier.joined)
		run->u.barrier.spare = kshare_party_del(barrier, run->client);
	run->u.barrier.joined = false;
}
