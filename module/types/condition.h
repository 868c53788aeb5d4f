/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef KSHARE_TYPES_CONDITION_H
#define KSHARE_TYPES_CONDITION_H

struct kshare_object;
struct list_head;

/* The lock or rlock of a condition. */
struct kshare_object *kshare_condition_lock(struct kshare_object *obj);
struct list_head *kshare_condition_waiters(struct kshare_object *obj);

#endif /* KSHARE_TYPES_CONDITION_H */
