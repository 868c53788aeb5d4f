// SPDX-License-Identifier: LGPL-2.1-or-later OR MIT
/* Barriers. */
#include "internal.h"

int kshare_barrier_create(struct kshare *k, uint32_t parties, uint32_t flags,
			  struct kshare_obj **barrier)
{
	struct kshare_cmd cmd;

	kshare_prep_create(&cmd, NULL, KSHARE_TYPE_BARRIER, 0, kshare_uint(parties), kshare_none(),
			   flags);
	return ks_obj_make(k, &cmd, KSHARE_TYPE_BARRIER, barrier);
}

void kshare_prep_barrier_wait(struct kshare_cmd *cmd, struct kshare_obj *barrier,
			      int64_t deadline)
{
	kshare_prep(cmd, KSHARE_OP_BARRIER_WAIT, barrier);
	ks_set_deadline(cmd, deadline);
}

int kshare_barrier_wait(struct kshare_obj *barrier, int64_t deadline)
{
	struct kshare_cmd cmd;

	kshare_prep_barrier_wait(&cmd, barrier, deadline);
	return ks_run(barrier, &cmd, NULL);
}

void kshare_prep_barrier_abort(struct kshare_cmd *cmd, struct kshare_obj *barrier)
{
	kshare_prep(cmd, KSHARE_OP_BARRIER_ABORT, barrier);
}

int kshare_barrier_abort(struct kshare_obj *barrier)
{
	struct kshare_cmd cmd;

	kshare_prep_barrier_abort(&cmd, barrier);
	return ks_run(barrier, &cmd, NULL);
}

void kshare_prep_barrier_reset(struct kshare_cmd *cmd, struct kshare_obj *barrier)
{
	kshare_prep(cmd, KSHARE_OP_BARRIER_RESET, barrier);
}

int kshare_barrier_reset(struct kshare_obj *barrier)
{
	struct kshare_cmd cmd;

	kshare_prep_barrier_reset(&cmd, barrier);
	return ks_run(barrier, &cmd, NULL);
}
