/* SPDX-License-Identifier: LGPL-2.1-or-later OR MIT */
/* Events: set or not, and who waits is woken when it is set. */
#ifndef KSHARE_EVENT_H
#define KSHARE_EVENT_H

#include <kshare/base.h>

KSHARE_BEGIN_DECLS

/**
 * kshare_event_create() - a new event, not set
 * @k: the client
 * @flags: KSHARE_AUTO_RESET: each set lets one wait succeed, which clears it;
 *	KSHARE_NO_INHERIT
 * @event: its proxy
 *
 * Return: 0.
 */
int kshare_event_create(struct kshare *k, uint32_t flags, struct kshare_obj **event);

/**
 * kshare_event_set() - sets an event
 * @event: the event
 *
 * Return: 0.
 */
int kshare_event_set(struct kshare_obj *event);
/** kshare_prep_event_set() - prepares kshare_event_set() */
void kshare_prep_event_set(struct kshare_cmd *cmd, struct kshare_obj *event);

/**
 * kshare_event_clear() - clears an event
 * @event: the event
 *
 * Return: 0.
 */
int kshare_event_clear(struct kshare_obj *event);
/** kshare_prep_event_clear() - prepares kshare_event_clear() */
void kshare_prep_event_clear(struct kshare_cmd *cmd, struct kshare_obj *event);

/**
 * kshare_event_is_set() - whether an event is set
 * @event: the event
 *
 * Return: 1 or 0.
 */
int kshare_event_is_set(struct kshare_obj *event);
/** kshare_prep_event_is_set() - prepares kshare_event_is_set() */
void kshare_prep_event_is_set(struct kshare_cmd *cmd, struct kshare_obj *event);

/**
 * kshare_event_wait() - waits until an event is set
 * @event: the event
 * @deadline: an absolute time, KSHARE_FOREVER or KSHARE_TRY
 *
 * Return: 0; -ETIMEDOUT; -EAGAIN with KSHARE_TRY; -EINTR.
 */
int kshare_event_wait(struct kshare_obj *event, int64_t deadline);
/** kshare_prep_event_wait() - prepares kshare_event_wait() */
void kshare_prep_event_wait(struct kshare_cmd *cmd, struct kshare_obj *event, int64_t deadline);

KSHARE_END_DECLS

#endif /* KSHARE_EVENT_H */
