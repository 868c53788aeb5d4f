/* SPDX-License-Identifier: GPL-2.0-only */
/**
 * DOC: observers
 *
 * Few objects are polled or watched, and those have a &struct kshare_observers,
 * from the first time on.  Every change of an object ends in kshare_observe(),
 * under its lock: pollers are woken if an operation would not wait now, and each
 * watch notes the change.
 *
 * A watch tells changes by messages in a queue, which is another object, with a
 * lock of its own, and two such locks are never nested.  So under the lock of what
 * is watched a change is only noted in the watch, which has a small lock for that,
 * and a worker brings it to the queue: there under the lock of the queue, so that
 * the order is kept.  A watch that has more to tell than fits counts what it
 * leaves out.
 */
#ifndef KSHARE_OBSERVE_H
#define KSHARE_OBSERVE_H

#include "object.h"

void __kshare_observe(struct kshare_object *obj);
void __kshare_observe_poll(struct kshare_object *obj);
/* It was revoked: pollers look, whether that is their way to it or not. */
void kshare_observe_end(struct kshare_object *obj);
void kshare_observers_free(struct kshare_object *obj);
/* Ends the watches of a client that has died, or of its last handle to @obj. */
void kshare_watches_end(struct kshare_client *client, struct kshare_object *obj);

/* An object was changed; it is locked or owned. */
static inline void kshare_observe(struct kshare_object *obj)
{
	if (unlikely(obj->observers))
		__kshare_observe(obj);
}

/* Not the object was changed, but who waits for it. */
static inline void kshare_observe_poll(struct kshare_object *obj)
{
	if (unlikely(obj->observers))
		__kshare_observe_poll(obj);
}

int kshare_watch(struct kshare_run *run);
int kshare_unwatch(struct kshare_run *run);

#endif /* KSHARE_OBSERVE_H */
