/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef KSHARE_TYPES_LIST_H
#define KSHARE_TYPES_LIST_H

#include "../command.h"

/* Elements that are worked on with a spinlock held. */
#define KSHARE_SPIN_ELEMENTS	256

/**
 * struct kshare_list - a list
 * @obj: object
 * @deque: its elements
 * @deque_bytes: what is charged for chunks and directory
 */
struct kshare_list {
	struct kshare_object obj;
	struct kshare_deque deque;
	u64 deque_bytes;
};

static inline struct kshare_list *kshare_list_of(const struct kshare_run *run)
{
	return container_of(run->obj, struct kshare_list, obj);
}

/* An index of the caller's, which may count from the end; false: out of range. */
bool kshare_list_index_of(const struct kshare_run *run, const struct kshare_val *v, u64 *index);

int kshare_list_change(struct kshare_run *run, u64 at, u64 del, u64 ins, struct kshare_val *new);
int kshare_list_old_room(struct kshare_run *run, u64 count);
int kshare_list_spare_room(struct kshare_run *run, u64 count);

#endif /* KSHARE_TYPES_LIST_H */
