/* SPDX-License-Identifier: GPL-2.0-only */
/* What conditions and the search for circles need of locks and rlocks. */
#ifndef KSHARE_TYPES_LOCK_H
#define KSHARE_TYPES_LOCK_H

#include "../command.h"

int kshare_owner_import(const struct kshare_run *run, u64 *owner);

/* Of a lock or rlock whose lock is held, or that is owned. */
bool kshare_lock_is_held(struct kshare_object *obj, const struct kshare_client *client, u64 owner);
struct kshare_client *kshare_lock_holder(struct kshare_object *obj, u64 *owner);
u32 kshare_lock_let_go(struct kshare_run *run);
void kshare_lock_undo(struct kshare_object *obj, bool died);
bool kshare_lock_take(struct kshare_run *run, u64 owner, u32 depth);

#endif /* KSHARE_TYPES_LOCK_H */
