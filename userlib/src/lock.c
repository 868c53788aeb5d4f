// SPDX-License-Identifier: LGPL-2.1-or-later OR MIT
/* Locks and rlocks. */
#include "internal.h"

int kshare_lock_create(struct kshare *k, uint32_t flags, struct kshare_obj **lock)
{
	struct kshare_cmd cmd;

	kshare_prep_create(&cmd, NULL, KSHARE_TYPE_LOCK, 0, kshare_none(), kshare_none(), flags);
	return ks_obj_make(k, &cmd, KSHARE_TYPE_LOCK, lock);
}

int kshare_rlock_create(struct kshare *k, uint32_t flags, struct kshare_obj **rlock)
{
	struct kshare_cmd cmd;

	kshare_prep_create(&cmd, NULL, KSHARE_TYPE_RLOCK, 0, kshare_none(), kshare_none(), flags);
	return ks_obj_make(k, &cmd, KSHARE_TYPE_RLOCK, rlock);
}

void kshare_prep_lock_acquire(struct kshare_cmd *cmd, struct kshare_obj *lock,
			      struct kshare_value owner, int64_t deadline)
{
	kshare_prep(cmd, KSHARE_OP_LOCK_ACQUIRE, lock);
	cmd->key = owner;
	ks_set_deadline(cmd, deadline);
}

/* What takes a lock of any kind gives a token and flags. */
int ks_run_acquire(struct kshare_obj *lock, struct kshare_cmd *cmd, uint64_t *token,
		   uint32_t *flags)
{
	struct kshare_result result;
	int ret;

	cmd->out = (uintptr_t)&result;
	cmd->out_len = sizeof(result);
	ret = ks_client_submit(lock->k, cmd);
	if (ret < 0)
		return ret;
	if (token)
		*token = result.number;
	if (flags)
		*flags = result.flags;
	return ret;
}

static int acquire(struct kshare_obj *lock, struct kshare_value owner, int64_t deadline,
		   uint64_t *token, uint32_t *flags)
{
	struct kshare_cmd cmd;

	kshare_prep_lock_acquire(&cmd, lock, owner, deadline);
	return ks_run_acquire(lock, &cmd, token, flags);
}

int kshare_lock_acquire(struct kshare_obj *lock, int64_t deadline, uint64_t *token,
			uint32_t *flags)
{
	return acquire(lock, kshare_none(), deadline, token, flags);
}

int kshare_lock_acquire_as(struct kshare_obj *lock, uint64_t owner, int64_t deadline,
			   uint64_t *token, uint32_t *flags)
{
	return acquire(lock, kshare_uint(owner), deadline, token, flags);
}

void kshare_prep_lock_acquire_detect(struct kshare_cmd *cmd, struct kshare_obj *lock,
				     struct kshare_value owner, int64_t deadline)
{
	kshare_prep_lock_acquire(cmd, lock, owner, deadline);
	cmd->flags |= KSHARE_DETECT;
}

int kshare_lock_acquire_detect(struct kshare_obj *lock, struct kshare_value owner,
			       int64_t deadline, struct kshare_reply **reply)
{
	struct kshare_cmd cmd;

	kshare_prep_lock_acquire_detect(&cmd, lock, owner, deadline);
	return ks_run(lock, &cmd, reply);
}

unsigned int kshare_waits_for(const struct kshare_reply *reply, struct kshare_waits_for *circle,
			      unsigned int room)
{
	unsigned int count = kshare_reply_count(reply) / 2;
	unsigned int i;

	for (i = 0; i < count && i < room; i++) {
		const struct kshare_value *pair = kshare_reply_value(reply, 2 * i);

		circle[i].object = pair[0].u;
		circle[i].pid = (int32_t)pair[1].i;
		circle[i].reserved = 0;
	}
	return count;
}

void kshare_prep_lock_release(struct kshare_cmd *cmd, struct kshare_obj *lock,
			      struct kshare_value owner)
{
	kshare_prep(cmd, KSHARE_OP_LOCK_RELEASE, lock);
	cmd->key = owner;
}

int kshare_lock_release(struct kshare_obj *lock)
{
	struct kshare_cmd cmd;

	kshare_prep_lock_release(&cmd, lock, kshare_none());
	return ks_run(lock, &cmd, NULL);
}

int kshare_lock_release_as(struct kshare_obj *lock, uint64_t owner)
{
	struct kshare_cmd cmd;

	kshare_prep_lock_release(&cmd, lock, kshare_uint(owner));
	return ks_run(lock, &cmd, NULL);
}
