// SPDX-License-Identifier: LGPL-2.1-or-later OR MIT
/* Semaphores. */
#include "internal.h"

int kshare_semaphore_create(struct kshare *k, uint64_t permits, uint64_t bound, uint32_t flags,
			    struct kshare_obj **semaphore)
{
	struct kshare_value most = bound ? kshare_uint(bound) : kshare_none();
	struct kshare_cmd cmd;

	kshare_prep_create(&cmd, NULL, KSHARE_TYPE_SEMAPHORE, 0, kshare_uint(permits), most, flags);
	return ks_obj_make(k, &cmd, KSHARE_TYPE_SEMAPHORE, semaphore);
}

void kshare_prep_semaphore_acquire_many(struct kshare_cmd *cmd, struct kshare_obj *semaphore,
					uint32_t permits, int64_t deadline)
{
	kshare_prep(cmd, KSHARE_OP_SEMAPHORE_ACQUIRE, semaphore);
	cmd->nr = permits;
	ks_set_deadline(cmd, deadline);
}

int64_t kshare_semaphore_acquire_many(struct kshare_obj *semaphore, uint32_t permits,
				      int64_t deadline)
{
	struct kshare_cmd cmd;

	kshare_prep_semaphore_acquire_many(&cmd, semaphore, permits, deadline);
	return ks_run_number(semaphore, &cmd);
}

void kshare_prep_semaphore_acquire(struct kshare_cmd *cmd, struct kshare_obj *semaphore,
				   int64_t deadline)
{
	kshare_prep_semaphore_acquire_many(cmd, semaphore, 1, deadline);
}

int64_t kshare_semaphore_acquire(struct kshare_obj *semaphore, int64_t deadline)
{
	return kshare_semaphore_acquire_many(semaphore, 1, deadline);
}

void kshare_prep_semaphore_release_many(struct kshare_cmd *cmd, struct kshare_obj *semaphore,
					uint32_t permits)
{
	kshare_prep(cmd, KSHARE_OP_SEMAPHORE_RELEASE, semaphore);
	cmd->nr = permits;
}

int64_t kshare_semaphore_release_many(struct kshare_obj *semaphore, uint32_t permits)
{
	struct kshare_cmd cmd;

	kshare_prep_semaphore_release_many(&cmd, semaphore, permits);
	return ks_run_number(semaphore, &cmd);
}

void kshare_prep_semaphore_release(struct kshare_cmd *cmd, struct kshare_obj *semaphore)
{
	kshare_prep_semaphore_release_many(cmd, semaphore, 1);
}

int64_t kshare_semaphore_release(struct kshare_obj *semaphore)
{
	return kshare_semaphore_release_many(semaphore, 1);
}

void kshare_prep_semaphore_value(struct kshare_cmd *cmd, struct kshare_obj *semaphore)
{
	kshare_prep(cmd, KSHARE_OP_SEMAPHORE_VALUE, semaphore);
}

int64_t kshare_semaphore_value(struct kshare_obj *semaphore)
{
	struct kshare_cmd cmd;

	kshare_prep_semaphore_value(&cmd, semaphore);
	return ks_run_number(semaphore, &cmd);
}
