/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef KSHARE_WATCH_H
#define KSHARE_WATCH_H

#include <linux/wait.h>

#include "object.h"

/**
 * struct kshare_observers - who polls or watches an object
 * @poll: pollers of its descriptors
 * @watches: watches of it, by &kshare_watch.link; the object's lock
 * @count: of @watches
 * @feeders: if it is a queue, watches that wait for room in it, by
 *	&kshare_watch.feed; the object's lock
 */
struct kshare_observers {
	wait_queue_head_t poll;
	struct list_head watches;
	u32 count;
	struct list_head feeders;
};

struct kshare_observers *kshare_observers_get(struct kshare_object *obj);
void kshare_watches_note(struct kshare_object *obj);
void kshare_watches_drop(struct kshare_object *obj);

#endif /* KSHARE_WATCH_H */
