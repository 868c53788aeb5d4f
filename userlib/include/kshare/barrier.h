/* SPDX-License-Identifier: LGPL-2.1-or-later OR MIT */
/*
 * Barriers: a number of parties wait until all of them have come, again and again.
 *
 * A barrier breaks when a party runs out of time, when one dies, or when somebody
 * aborts it.  Then nobody waits any more, until it is reset.
 */
#ifndef KSHARE_BARRIER_H
#define KSHARE_BARRIER_H

#include <kshare/base.h>

KSHARE_BEGIN_DECLS

/**
 * kshare_barrier_create() - a new barrier
 * @k: the client
 * @parties: how many have to come, 1 to 2^31 - 1
 * @flags: KSHARE_NO_INHERIT
 * @barrier: its proxy
 *
 * Return: 0; -EINVAL for a wrong number of @parties.
 */
int kshare_barrier_create(struct kshare *k, uint32_t parties, uint32_t flags,
			  struct kshare_obj **barrier);

/**
 * kshare_barrier_wait() - waits until all parties have come
 * @barrier: the barrier
 * @deadline: an absolute time, KSHARE_FOREVER or KSHARE_TRY
 *
 * Return: the index, from 0 in the order of arrival, so that exactly one party gets
 * each; -ETIMEDOUT, after which the barrier is broken; -EAGAIN with KSHARE_TRY, or
 * -EINTR, after which it is as if the caller had not come; -ESHUTDOWN if it is broken,
 * or gets broken or reset; -EOWNERDEAD if it is broken since a party has died.
 */
int kshare_barrier_wait(struct kshare_obj *barrier, int64_t deadline);
/** kshare_prep_barrier_wait() - prepares kshare_barrier_wait() */
void kshare_prep_barrier_wait(struct kshare_cmd *cmd, struct kshare_obj *barrier,
			      int64_t deadline);

/**
 * kshare_barrier_abort() - breaks a barrier
 * @barrier: the barrier
 *
 * Return: 0.
 */
int kshare_barrier_abort(struct kshare_obj *barrier);
/** kshare_prep_barrier_abort() - prepares kshare_barrier_abort() */
void kshare_prep_barrier_abort(struct kshare_cmd *cmd, struct kshare_obj *barrier);

/**
 * kshare_barrier_reset() - makes a barrier as new
 * @barrier: the barrier
 *
 * Those that wait get -ESHUTDOWN.
 *
 * Return: 0.
 */
int kshare_barrier_reset(struct kshare_obj *barrier);
/** kshare_prep_barrier_reset() - prepares kshare_barrier_reset() */
void kshare_prep_barrier_reset(struct kshare_cmd *cmd, struct kshare_obj *barrier);

KSHARE_END_DECLS

#endif /* KSHARE_BARRIER_H */
