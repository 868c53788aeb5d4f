// SPDX-License-Identifier: LGPL-2.1-or-later OR MIT
/* Conditions. */
#include "internal.h"

int kshare_condition_create(struct kshare *k, struct kshare_obj *lock, uint32_t flags,
			    struct kshare_obj **condition)
{
	struct kshare_cmd cmd;

	kshare_prep_create(&cmd, NULL, KSHARE_TYPE_CONDITION, 0, kshare_none(), kshare_ref(lock),
			   flags);
	return ks_obj_make(k, &cmd, KSHARE_TYPE_CONDITION, condition);
}

void kshare_prep_condition_wait(struct kshare_cmd *cmd, struct kshare_obj *condition,
				struct kshare_value owner, int64_t deadline)
{
	kshare_prep(cmd, KSHARE_OP_CONDITION_WAIT, condition);
	cmd->key = owner;
	ks_set_deadline(cmd, deadline);
}

/*
 * How deep its owner has a lock.  That is asked before the wait, while nobody else can
 * change it; if the caller is not the owner the wait will say so.
 */
static int64_t depth_of(struct kshare_obj *lock)
{
	struct kshare_stat st;
	int ret = kshare_type(lock);

	if (ret < 0)
		return ret;
	if (ret != KSHARE_TYPE_RLOCK)
		return 1;
	ret = kshare_stat(lock, &st);
	return ret < 0 ? ret : (int64_t)st.length;
}

/* Takes the lock as often as before; who died is told by the first time alone. */
static int take_back(struct kshare_obj *lock, struct kshare_value owner, int64_t depth,
		     struct kshare_result *result)
{
	struct kshare_cmd cmd;
	int64_t i;
	int ret;

	for (i = 0; i < depth; i++) {
		kshare_prep_lock_acquire(&cmd, lock, owner, KSHARE_FOREVER);
		if (i == 0) {
			cmd.out = (uintptr_t)result;
			cmd.out_len = sizeof(*result);
		}
		do {
			ret = ks_client_submit(lock->k, &cmd);
		} while (ret == -EINTR);
		if (ret < 0)
			return ret;
	}
	return -EINTR;
}

static int cond_wait(struct kshare_obj *condition, struct kshare_obj *lock,
		     struct kshare_value owner, int64_t deadline, uint64_t *token, uint32_t *flags)
{
	struct kshare_result result = { .number = 0 };
	int64_t depth = depth_of(lock);
	struct kshare_cmd cmd;
	int ret;

	if (depth < 0)
		return (int)depth;
	kshare_prep_condition_wait(&cmd, condition, owner, deadline);
	cmd.out = (uintptr_t)&result;
	cmd.out_len = sizeof(result);
	ret = ks_client_submit(condition->k, &cmd);
	if (ret == -EINTR)
		ret = take_back(lock, owner, depth, &result);
	if (ret < 0 && ret != -EINTR && ret != -ETIMEDOUT && ret != -ECANCELED && ret != -ESTALE)
		return ret;
	/* The caller has the lock.  No token is 0: then the kernel did not tell. */
	if (token && result.number)
		*token = result.number;
	if (flags)
		*flags = result.flags;
	return ret;
}

int kshare_condition_wait(struct kshare_obj *condition, struct kshare_obj *lock,
			  int64_t deadline, uint64_t *token, uint32_t *flags)
{
	return cond_wait(condition, lock, kshare_none(), deadline, token, flags);
}

int kshare_condition_wait_as(struct kshare_obj *condition, struct kshare_obj *lock,
			     uint64_t owner, int64_t deadline, uint64_t *token, uint32_t *flags)
{
	return cond_wait(condition, lock, kshare_uint(owner), deadline, token, flags);
}

void kshare_prep_condition_notify(struct kshare_cmd *cmd, struct kshare_obj *condition,
				  struct kshare_value owner, uint32_t count)
{
	kshare_prep(cmd, KSHARE_OP_CONDITION_NOTIFY, condition);
	cmd->key = owner;
	cmd->nr = count;
}

int kshare_condition_notify(struct kshare_obj *condition, uint32_t count)
{
	struct kshare_cmd cmd;

	kshare_prep_condition_notify(&cmd, condition, kshare_none(), count);
	return ks_run(condition, &cmd, NULL);
}

int kshare_condition_notify_as(struct kshare_obj *condition, uint64_t owner, uint32_t count)
{
	struct kshare_cmd cmd;

	kshare_prep_condition_notify(&cmd, condition, kshare_uint(owner), count);
	return ks_run(condition, &cmd, NULL);
}

void kshare_prep_condition_notify_all(struct kshare_cmd *cmd, struct kshare_obj *condition,
				      struct kshare_value owner)
{
	kshare_prep_condition_notify(cmd, condition, owner, 0);
	cmd->flags = KSHARE_ALL;
}

int kshare_condition_notify_all(struct kshare_obj *condition)
{
	struct kshare_cmd cmd;

	kshare_prep_condition_notify_all(&cmd, condition, kshare_none());
	return ks_run(condition, &cmd, NULL);
}

int kshare_condition_notify_all_as(struct kshare_obj *condition, uint64_t owner)
{
	struct kshare_cmd cmd;

	kshare_prep_condition_notify_all(&cmd, condition, kshare_uint(owner));
	return ks_run(condition, &cmd, NULL);
}
