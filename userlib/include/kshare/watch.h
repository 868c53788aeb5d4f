/* SPDX-License-Identifier: LGPL-2.1-or-later OR MIT */
/*
 * Watches: each change of an object puts a message into a queue.
 *
 *	kshare_watch(dict, kshare_none(), queue, 7);
 *	kshare_queue_get(queue, KSHARE_FOREVER, &reply);
 *	kshare_reply_change(reply, 0, &change);		// change.cookie is 7
 */
#ifndef KSHARE_WATCH_H
#define KSHARE_WATCH_H

#include <kshare/base.h>
#include <kshare/reply.h>

KSHARE_BEGIN_DECLS

/**
 * kshare_watch() - tells a queue of every change of an object from now on
 * @obj: the object
 * @key: of a dict or namespace: the one key whose entry is watched; kshare_none() for
 *	all of the object
 * @queue: a queue with a bound, by a proxy with KSHARE_RIGHT_TRANSFER
 * @cookie: a number of the caller's choice, which each message carries
 *
 * While the queue is full changes are counted, and the next message tells how many.
 * Nobody waits for who watches.  It ends with kshare_unwatch(), with this client, or
 * when the queue is shut down.
 *
 * Return: 0; -EEXIST if this client watches the same with the same @cookie; -EDQUOT if
 * the object has KSHARE_MAX_WATCHES.
 */
int kshare_watch(struct kshare_obj *obj, struct kshare_value key, struct kshare_obj *queue,
		 uint32_t cookie);
/** kshare_prep_watch() - prepares kshare_watch() */
void kshare_prep_watch(struct kshare_cmd *cmd, struct kshare_obj *obj, struct kshare_value key,
		       struct kshare_obj *queue, uint32_t cookie);

/**
 * kshare_unwatch() - ends watches of an object
 * @obj: the object
 * @cookie: those of this client that carry it
 *
 * Messages that are in the queue stay there.
 *
 * Return: how many; -ENOENT if there are none.
 */
int kshare_unwatch(struct kshare_obj *obj, uint32_t cookie);
/** kshare_prep_unwatch() - prepares kshare_unwatch() */
void kshare_prep_unwatch(struct kshare_cmd *cmd, struct kshare_obj *obj, uint32_t cookie);

/**
 * kshare_value_change() - reads the message of a watch
 * @value: the message, or NULL
 * @change: what it tells; what a newer module adds is left out
 *
 * Return: 0; -ENOENT if @value is NULL; -EDOM if it is no such message.
 */
int kshare_value_change(const struct kshare_value *value, struct kshare_change *change);

/** kshare_reply_change() - kshare_value_change() of the value @i */
static inline int kshare_reply_change(const struct kshare_reply *reply, unsigned int i,
				      struct kshare_change *change)
{
	return kshare_value_change(kshare_reply_value(reply, i), change);
}

KSHARE_END_DECLS

#endif /* KSHARE_WATCH_H */
