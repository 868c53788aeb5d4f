/* SPDX-License-Identifier: LGPL-2.1-or-later OR MIT */
/*
 * Rwlocks: one owner has it alone, or several share it.
 *
 * They are taken in the order of arrival: who wants to share waits behind who waits to
 * have it alone.  When an owner's process dies it is given back, and if that one had
 * it alone those that follow are told so, KSHARE_R_OWNER_DIED, until one has had it
 * alone.
 *
 * Owners are as in kshare/lock.h.
 */
#ifndef KSHARE_RWLOCK_H
#define KSHARE_RWLOCK_H

#include <kshare/base.h>

KSHARE_BEGIN_DECLS

/**
 * kshare_rwlock_create() - a new rwlock
 * @k: the client
 * @flags: KSHARE_NO_INHERIT
 * @rwlock: its proxy
 *
 * Return: 0.
 */
int kshare_rwlock_create(struct kshare *k, uint32_t flags, struct kshare_obj **rwlock);

/**
 * kshare_rwlock_acquire() - takes an rwlock alone
 * @rwlock: the rwlock
 * @deadline: an absolute time, KSHARE_FOREVER or KSHARE_TRY
 * @token: a number that is larger whenever somebody takes it alone; may be NULL
 * @flags: KSHARE_R_OWNER_DIED if one died that had it alone; may be NULL, but then
 *	nobody knows of the state that it guarded
 *
 * Return: 0; -ETIMEDOUT; -EAGAIN with KSHARE_TRY; -EINTR; -EDEADLK if the owner holds
 * it already, alone or shared, and would wait for itself without end.
 */
int kshare_rwlock_acquire(struct kshare_obj *rwlock, int64_t deadline, uint64_t *token,
			  uint32_t *flags);
/**
 * kshare_prep_rwlock_acquire() - prepares kshare_rwlock_acquire() and its _as
 * @cmd: the command
 * @rwlock: the rwlock
 * @owner: kshare_uint() of a number, or kshare_none() for the calling thread
 * @deadline: an absolute time, KSHARE_FOREVER or KSHARE_TRY
 */
void kshare_prep_rwlock_acquire(struct kshare_cmd *cmd, struct kshare_obj *rwlock,
				struct kshare_value owner, int64_t deadline);

/**
 * kshare_rwlock_acquire_as() - kshare_rwlock_acquire() for an owner who is no thread
 * @rwlock: the rwlock
 * @owner: a number of the caller's choice, below KSHARE_OWNER_THREAD
 * @deadline: an absolute time, KSHARE_FOREVER or KSHARE_TRY
 * @token: see kshare_rwlock_acquire()
 * @flags: see kshare_rwlock_acquire()
 *
 * Return: as kshare_rwlock_acquire().
 */
int kshare_rwlock_acquire_as(struct kshare_obj *rwlock, uint64_t owner, int64_t deadline,
			     uint64_t *token, uint32_t *flags);

/**
 * kshare_rwlock_acquire_shared() - takes an rwlock together with others
 * @rwlock: the rwlock
 * @deadline: an absolute time, KSHARE_FOREVER or KSHARE_TRY
 * @token: that of the last who had it alone; may be NULL
 * @flags: see kshare_rwlock_acquire()
 *
 * Return: as kshare_rwlock_acquire().
 */
int kshare_rwlock_acquire_shared(struct kshare_obj *rwlock, int64_t deadline, uint64_t *token,
				 uint32_t *flags);
/** kshare_prep_rwlock_acquire_shared() - prepares kshare_rwlock_acquire_shared() and its _as */
void kshare_prep_rwlock_acquire_shared(struct kshare_cmd *cmd, struct kshare_obj *rwlock,
				       struct kshare_value owner, int64_t deadline);

/** kshare_rwlock_acquire_shared_as() - kshare_rwlock_acquire_shared() for a given owner */
int kshare_rwlock_acquire_shared_as(struct kshare_obj *rwlock, uint64_t owner, int64_t deadline,
				    uint64_t *token, uint32_t *flags);

/**
 * kshare_rwlock_acquire_detect() - takes an rwlock unless owners wait in a circle
 * @rwlock: the rwlock
 * @owner: kshare_uint() of a number, or kshare_none() for the calling thread
 * @flags: 0; KSHARE_SHARED: together with others
 * @deadline: an absolute time, KSHARE_FOREVER or KSHARE_TRY
 * @reply: as of kshare_lock_acquire_detect()
 *
 * Return: as kshare_rwlock_acquire(); -EDEADLK as kshare_lock_acquire_detect().
 */
int kshare_rwlock_acquire_detect(struct kshare_obj *rwlock, struct kshare_value owner,
				 uint32_t flags, int64_t deadline, struct kshare_reply **reply);
/** kshare_prep_rwlock_acquire_detect() - prepares kshare_rwlock_acquire_detect() */
void kshare_prep_rwlock_acquire_detect(struct kshare_cmd *cmd, struct kshare_obj *rwlock,
				       struct kshare_value owner, uint32_t flags,
				       int64_t deadline);

/**
 * kshare_rwlock_release() - gives an rwlock back, once
 * @rwlock: the rwlock
 *
 * Return: 0; -EPERM if the owner does not hold it.
 */
int kshare_rwlock_release(struct kshare_obj *rwlock);
/** kshare_prep_rwlock_release() - prepares kshare_rwlock_release() and its _as */
void kshare_prep_rwlock_release(struct kshare_cmd *cmd, struct kshare_obj *rwlock,
				struct kshare_value owner);

/** kshare_rwlock_release_as() - kshare_rwlock_release() for a given owner */
int kshare_rwlock_release_as(struct kshare_obj *rwlock, uint64_t owner);

/**
 * kshare_rwlock_downgrade() - from having an rwlock alone to sharing it
 * @rwlock: the rwlock
 *
 * It is not let go of meanwhile.
 *
 * Return: 0; -EPERM if the owner does not have it alone.
 */
int kshare_rwlock_downgrade(struct kshare_obj *rwlock);
/** kshare_prep_rwlock_downgrade() - prepares kshare_rwlock_downgrade() and its _as */
void kshare_prep_rwlock_downgrade(struct kshare_cmd *cmd, struct kshare_obj *rwlock,
				  struct kshare_value owner);

/** kshare_rwlock_downgrade_as() - kshare_rwlock_downgrade() for a given owner */
int kshare_rwlock_downgrade_as(struct kshare_obj *rwlock, uint64_t owner);

KSHARE_END_DECLS

#endif /* KSHARE_RWLOCK_H */
