// SPDX-License-Identifier: GPL-2.0-only
/*
 * Events: a flag to wait for.
 *
 * A set wakes all who wait, even if it is cleared before their turn comes: a
 * waiter remembers the generation that it came in, and every set begins another.
 * With KSHARE_AUTO_RESET a set is used up by one wait.
 */
#include <linux/poll.h>

#include "../command.h"
#include "types.h"

#define KSHARE_EVENT_SET	BIT_ULL(0)

/**
 * struct kshare_event - an event
 * @obj: object
 * @word: KSHARE_EVENT_SET; one word, changed atomically, as with locks
 * @generation: number of sets
 */
struct kshare_event {
	struct kshare_object obj;
	atomic64_t word;
	u64 generation;
};

static struct kshare_event *kshare_event_of(const struct kshare_run *run)
{
	return container_of(run->obj, struct kshare_event, obj);
}

static int kshare_event_init(struct kshare_object *obj, const struct kshare_create *how)
{
	return 0;
}

static void kshare_event_destroy(struct kshare_object *obj, struct kshare_doom *doom)
{
}

static void kshare_event_stat(struct kshare_object *obj, struct kshare_stat *stat)
{
	stat->length = atomic64_read(&container_of(obj, struct kshare_event, obj)->word);
}

static __poll_t kshare_event_poll(struct kshare_object *obj)
{
	return atomic64_read(&container_of(obj, struct kshare_event, obj)->word) ?
		EPOLLIN | EPOLLRDNORM : 0;
}

const struct kshare_type_ops kshare_event_type = {
	.type = KSHARE_TYPE_EVENT,
	.size = sizeof(struct kshare_event),
	.flags = KSHARE_AUTO_RESET,
	.init = kshare_event_init,
	.destroy = kshare_event_destroy,
	.stat = kshare_event_stat,
	.poll = kshare_event_poll,
};

static bool kshare_event_change(struct kshare_run *run, bool set)
{
	struct kshare_event *event = kshare_event_of(run);
	u64 was = atomic64_xchg(&event->word, set ? KSHARE_EVENT_SET : 0);

	run->u.event.was_set = was & KSHARE_EVENT_SET;
	if (run->u.event.was_set == set)
		return false;
	kshare_touch(run);
	return true;
}

int kshare_event_set(struct kshare_run *run)
{
	struct kshare_event *event = kshare_event_of(run);

	if (kshare_event_change(run, true))
		event->generation++;
	run->u.event.set = true;
	return 0;
}

int kshare_event_clear(struct kshare_run *run)
{
	kshare_event_change(run, false);
	return 0;
}

int kshare_event_is_set(struct kshare_run *run)
{
	return atomic64_read(&kshare_event_of(run)->word) & KSHARE_EVENT_SET;
}

int kshare_event_wait(struct kshare_run *run)
{
	struct kshare_event *event = kshare_event_of(run);

	if (atomic64_read(&event->word) & KSHARE_EVENT_SET) {
		if (run->obj->flags & KSHARE_AUTO_RESET)
			kshare_event_change(run, false);
		return 0;
	}
	if (!run->u.event.came) {
		run->u.event.came = true;
		run->u.event.generation = event->generation;
	} else if (!(run->obj->flags & KSHARE_AUTO_RESET) &&
		   run->u.event.generation != event->generation) {
		return 0;
	}
	return KSHARE_MUST_WAIT;
}

/* Of set, clear, and a wait that used up a set. */
void kshare_event_undo(struct kshare_run *run)
{
	struct kshare_event *event = kshare_event_of(run);

	if (!run->changed)
		return;
	atomic64_set(&event->word, run->u.event.was_set ? KSHARE_EVENT_SET : 0);
	/* Nobody has been woken by it yet. */
	if (run->u.event.set)
		event->generation--;
}
