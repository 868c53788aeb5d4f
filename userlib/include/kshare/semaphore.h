/* SPDX-License-Identifier: LGPL-2.1-or-later OR MIT */
/*
 * Semaphores: a number of permits, which are taken and given back.
 *
 * The permits that a client holds are given back when it ends, in whatever way, or
 * when it drops its last proxy, unless the semaphore is one for signalling, whose
 * permits belong to nobody.
 */
#ifndef KSHARE_SEMAPHORE_H
#define KSHARE_SEMAPHORE_H

#include <kshare/base.h>

KSHARE_BEGIN_DECLS

/**
 * kshare_semaphore_create() - a new semaphore
 * @k: the client
 * @permits: permits that are free at first
 * @bound: most permits there may be; 0 for no bound
 * @flags: KSHARE_SIGNALLING: permits belong to nobody, so that one process may give
 *	what another takes, and none comes back when one dies; KSHARE_NO_INHERIT
 * @semaphore: its proxy
 *
 * Return: 0; an error for more @permits than @bound.
 */
int kshare_semaphore_create(struct kshare *k, uint64_t permits, uint64_t bound, uint32_t flags,
			    struct kshare_obj **semaphore);

/**
 * kshare_semaphore_acquire() - takes a permit, in the order of arrival
 * @semaphore: the semaphore
 * @deadline: an absolute time, KSHARE_FOREVER or KSHARE_TRY
 *
 * Return: permits that are left; -ETIMEDOUT; -EAGAIN with KSHARE_TRY; -EINTR.
 */
int64_t kshare_semaphore_acquire(struct kshare_obj *semaphore, int64_t deadline);
/** kshare_prep_semaphore_acquire() - prepares kshare_semaphore_acquire() */
void kshare_prep_semaphore_acquire(struct kshare_cmd *cmd, struct kshare_obj *semaphore,
				   int64_t deadline);

/**
 * kshare_semaphore_acquire_many() - takes several permits, as one step
 * @semaphore: the semaphore
 * @permits: how many; 0 counts as 1
 * @deadline: an absolute time, KSHARE_FOREVER or KSHARE_TRY
 *
 * Who waits for many is not overtaken by who wants few.
 *
 * Return: as kshare_semaphore_acquire().
 */
int64_t kshare_semaphore_acquire_many(struct kshare_obj *semaphore, uint32_t permits,
				      int64_t deadline);
/** kshare_prep_semaphore_acquire_many() - prepares kshare_semaphore_acquire_many() */
void kshare_prep_semaphore_acquire_many(struct kshare_cmd *cmd, struct kshare_obj *semaphore,
					uint32_t permits, int64_t deadline);

/**
 * kshare_semaphore_release() - gives a permit back
 * @semaphore: the semaphore
 *
 * Return: permits that are free now; -EOVERFLOW above its bound; -EPERM if this client
 * holds none, unless it is one for signalling.
 */
int64_t kshare_semaphore_release(struct kshare_obj *semaphore);
/** kshare_prep_semaphore_release() - prepares kshare_semaphore_release() */
void kshare_prep_semaphore_release(struct kshare_cmd *cmd, struct kshare_obj *semaphore);

/**
 * kshare_semaphore_release_many() - gives several permits back, as one step
 * @semaphore: the semaphore
 * @permits: how many; 0 counts as 1
 *
 * Return: as kshare_semaphore_release().
 */
int64_t kshare_semaphore_release_many(struct kshare_obj *semaphore, uint32_t permits);
/** kshare_prep_semaphore_release_many() - prepares kshare_semaphore_release_many() */
void kshare_prep_semaphore_release_many(struct kshare_cmd *cmd, struct kshare_obj *semaphore,
					uint32_t permits);

/**
 * kshare_semaphore_value() - permits that are free
 * @semaphore: the semaphore
 *
 * Return: the number.
 */
int64_t kshare_semaphore_value(struct kshare_obj *semaphore);
/** kshare_prep_semaphore_value() - prepares kshare_semaphore_value() */
void kshare_prep_semaphore_value(struct kshare_cmd *cmd, struct kshare_obj *semaphore);

KSHARE_END_DECLS

#endif /* KSHARE_SEMAPHORE_H */
