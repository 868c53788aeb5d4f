// SPDX-License-Identifier: LGPL-2.1-or-later OR MIT
/* Rwlocks. */
#include "internal.h"

int kshare_rwlock_create(struct kshare *k, uint32_t flags, struct kshare_obj **rwlock)
{
	struct kshare_cmd cmd;

	kshare_prep_create(&cmd, NULL, KSHARE_TYPE_RWLOCK, 0, kshare_none(), kshare_none(), flags);
	return ks_obj_make(k, &cmd, KSHARE_TYPE_RWLOCK, rwlock);
}

static void prep_acquire(struct kshare_cmd *cmd, struct kshare_obj *rwlock,
			 struct kshare_value owner, uint32_t flags, int64_t deadline)
{
	kshare_prep(cmd, KSHARE_OP_RWLOCK_ACQUIRE, rwlock);
	cmd->key = owner;
	cmd->flags = flags;
	ks_set_deadline(cmd, deadline);
}

static int acquire(struct kshare_obj *rwlock, struct kshare_value owner, uint32_t how,
		   int64_t deadline, uint64_t *token, uint32_t *flags)
{
	struct kshare_cmd cmd;

	prep_acquire(&cmd, rwlock, owner, how, deadline);
	return ks_run_acquire(rwlock, &cmd, token, flags);
}

void kshare_prep_rwlock_acquire(struct kshare_cmd *cmd, struct kshare_obj *rwlock,
				struct kshare_value owner, int64_t deadline)
{
	prep_acquire(cmd, rwlock, owner, 0, deadline);
}

int kshare_rwlock_acquire(struct kshare_obj *rwlock, int64_t deadline, uint64_t *token,
			  uint32_t *flags)
{
	return acquire(rwlock, kshare_none(), 0, deadline, token, flags);
}

int kshare_rwlock_acquire_as(struct kshare_obj *rwlock, uint64_t owner, int64_t deadline,
			     uint64_t *token, uint32_t *flags)
{
	return acquire(rwlock, kshare_uint(owner), 0, deadline, token, flags);
}

void kshare_prep_rwlock_acquire_shared(struct kshare_cmd *cmd, struct kshare_obj *rwlock,
				       struct kshare_value owner, int64_t deadline)
{
	prep_acquire(cmd, rwlock, owner, KSHARE_SHARED, deadline);
}

int kshare_rwlock_acquire_shared(struct kshare_obj *rwlock, int64_t deadline, uint64_t *token,
				 uint32_t *flags)
{
	return acquire(rwlock, kshare_none(), KSHARE_SHARED, deadline, token, flags);
}

int kshare_rwlock_acquire_shared_as(struct kshare_obj *rwlock, uint64_t owner, int64_t deadline,
				    uint64_t *token, uint32_t *flags)
{
	return acquire(rwlock, kshare_uint(owner), KSHARE_SHARED, deadline, token, flags);
}

void kshare_prep_rwlock_acquire_detect(struct kshare_cmd *cmd, struct kshare_obj *rwlock,
				       struct kshare_value owner, uint32_t flags,
				       int64_t deadline)
{
	prep_acquire(cmd, rwlock, owner, flags | KSHARE_DETECT, deadline);
}

int kshare_rwlock_acquire_detect(struct kshare_obj *rwlock, struct kshare_value owner,
				 uint32_t flags, int64_t deadline, struct kshare_reply **reply)
{
	struct kshare_cmd cmd;

	kshare_prep_rwlock_acquire_detect(&cmd, rwlock, owner, flags, deadline);
	return ks_run(rwlock, &cmd, reply);
}

void kshare_prep_rwlock_release(struct kshare_cmd *cmd, struct kshare_obj *rwlock,
				struct kshare_value owner)
{
	kshare_prep(cmd, KSHARE_OP_RWLOCK_RELEASE, rwlock);
	cmd->key = owner;
}

int kshare_rwlock_release(struct kshare_obj *rwlock)
{
	struct kshare_cmd cmd;

	kshare_prep_rwlock_release(&cmd, rwlock, kshare_none());
	return ks_run(rwlock, &cmd, NULL);
}

int kshare_rwlock_release_as(struct kshare_obj *rwlock, uint64_t owner)
{
	struct kshare_cmd cmd;

	kshare_prep_rwlock_release(&cmd, rwlock, kshare_uint(owner));
	return ks_run(rwlock, &cmd, NULL);
}

void kshare_prep_rwlock_downgrade(struct kshare_cmd *cmd, struct kshare_obj *rwlock,
				  struct kshare_value owner)
{
	kshare_prep(cmd, KSHARE_OP_RWLOCK_DOWNGRADE, rwlock);
	cmd->key = owner;
}

int kshare_rwlock_downgrade(struct kshare_obj *rwlock)
{
	struct kshare_cmd cmd;

	kshare_prep_rwlock_downgrade(&cmd, rwlock, kshare_none());
	return ks_run(rwlock, &cmd, NULL);
}

int kshare_rwlock_downgrade_as(struct kshare_obj *rwlock, uint64_t owner)
{
	struct kshare_cmd cmd;

	kshare_prep_rwlock_downgrade(&cmd, rwlock, kshare_uint(owner));
	return ks_run(rwlock, &cmd, NULL);
}
