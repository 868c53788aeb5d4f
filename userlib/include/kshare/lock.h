/* SPDX-License-Identifier: LGPL-2.1-or-later OR MIT */
/*
 * Locks, and rlocks, which their owner can take again.
 *
 * Whoever waits gets the lock in the order of arrival.  When an owner's process
 * dies the next one gets the lock, and is told so: KSHARE_R_OWNER_DIED.
 *
 * The owner is the calling thread, or, with the functions that end in _as, a
 * number that the caller gives; both only within this client.  A thread that
 * ends while its process lives keeps its locks.
 */
#ifndef KSHARE_LOCK_H
#define KSHARE_LOCK_H

#include <kshare/base.h>

KSHARE_BEGIN_DECLS

/**
 * struct kshare_waits_for - one of those that would wait for each other
 * @object: &kshare_stat.id of the lock, rlock or rwlock
 * @pid: process of an owner of it; 0 if this process cannot see it
 * @reserved: 0
 */
struct kshare_waits_for {
	uint64_t object;
	int32_t pid;
	uint32_t reserved;
};

/**
 * kshare_lock_create() - a new lock
 * @k: the client
 * @flags: KSHARE_ANY_RELEASES: others than its owner may release it;
 *	KSHARE_OVERTAKE: who comes while it is free may take it before those that
 *	wait, which costs less and is not fair; KSHARE_NO_INHERIT
 * @lock: its proxy
 *
 * Return: 0.
 */
int kshare_lock_create(struct kshare *k, uint32_t flags, struct kshare_obj **lock);

/**
 * kshare_rlock_create() - a new rlock
 * @k: the client
 * @flags: KSHARE_OVERTAKE, as for a lock; KSHARE_NO_INHERIT
 * @rlock: its proxy
 *
 * Return: 0.
 */
int kshare_rlock_create(struct kshare *k, uint32_t flags, struct kshare_obj **rlock);

/**
 * kshare_lock_acquire() - takes a lock or an rlock
 * @lock: the lock
 * @deadline: an absolute time, KSHARE_FOREVER or KSHARE_TRY
 * @token: a number that is larger with every acquisition, by which late writers
 *	can be fenced off; may be NULL
 * @flags: KSHARE_R_OWNER_DIED if its last owner died; may be NULL, but then
 *	nobody knows of the state that it guarded
 *
 * Return: how often the owner has it now, 1 or for an rlock more; -ETIMEDOUT;
 * -EAGAIN with KSHARE_TRY; -EINTR; -EDEADLK if the owner has the lock already and
 * would wait without end.
 */
int kshare_lock_acquire(struct kshare_obj *lock, int64_t deadline, uint64_t *token,
			uint32_t *flags);
/**
 * kshare_prep_lock_acquire() - prepares kshare_lock_acquire() and kshare_lock_acquire_as()
 * @cmd: the command
 * @lock: the lock
 * @owner: kshare_uint() of a number, or kshare_none() for the calling thread
 * @deadline: an absolute time, KSHARE_FOREVER or KSHARE_TRY
 */
void kshare_prep_lock_acquire(struct kshare_cmd *cmd, struct kshare_obj *lock,
			      struct kshare_value owner, int64_t deadline);

/**
 * kshare_lock_acquire_as() - kshare_lock_acquire() for an owner who is no thread
 * @lock: the lock
 * @owner: a number of the caller's choice, below KSHARE_OWNER_THREAD
 * @deadline: an absolute time, KSHARE_FOREVER or KSHARE_TRY
 * @token: see kshare_lock_acquire()
 * @flags: see kshare_lock_acquire()
 *
 * Return: as kshare_lock_acquire().
 */
int kshare_lock_acquire_as(struct kshare_obj *lock, uint64_t owner, int64_t deadline,
			   uint64_t *token, uint32_t *flags);

/**
 * kshare_lock_acquire_detect() - kshare_lock_acquire() that finds circles
 * @lock: the lock
 * @owner: kshare_uint() of a number, or kshare_none() for the calling thread
 * @deadline: an absolute time, KSHARE_FOREVER or KSHARE_TRY
 * @reply: number: the token; flags: as in kshare_lock_acquire().  After -EDEADLK
 *	it has who waits for whom, which kshare_waits_for() reads.
 *
 * It looks at all locks, rlocks and rwlocks of the domain, whoever holds them or
 * waits for them.  Only those that wait by a command are seen.
 *
 * Return: as kshare_lock_acquire(); -EDEADLK also if the owner would wait, over
 * other owners, for itself.
 */
int kshare_lock_acquire_detect(struct kshare_obj *lock, struct kshare_value owner,
			       int64_t deadline, struct kshare_reply **reply);
/** kshare_prep_lock_acquire_detect() - prepares kshare_lock_acquire_detect() */
void kshare_prep_lock_acquire_detect(struct kshare_cmd *cmd, struct kshare_obj *lock,
				     struct kshare_value owner, int64_t deadline);

/**
 * kshare_waits_for() - who waits for whom
 * @reply: of an acquisition that detects, after -EDEADLK
 * @circle: takes them, beginning with the lock that was asked for
 * @room: number of elements at @circle
 *
 * Return: how many there are, of which no more than @room are stored; 0 if the
 * owner has the lock itself.
 */
unsigned int kshare_waits_for(const struct kshare_reply *reply, struct kshare_waits_for *circle,
			      unsigned int room);

/**
 * kshare_lock_release() - gives a lock or an rlock back, once
 * @lock: the lock
 *
 * Return: how often the owner still has it; -EPERM if somebody else owns it, or
 * nobody.
 */
int kshare_lock_release(struct kshare_obj *lock);
/**
 * kshare_prep_lock_release() - prepares kshare_lock_release() and kshare_lock_release_as()
 * @cmd: the command
 * @lock: the lock
 * @owner: kshare_uint() of a number, or kshare_none() for the calling thread
 */
void kshare_prep_lock_release(struct kshare_cmd *cmd, struct kshare_obj *lock,
			      struct kshare_value owner);

/**
 * kshare_lock_release_as() - kshare_lock_release() for an owner who is no thread
 * @lock: the lock
 * @owner: the number given to kshare_lock_acquire_as()
 *
 * Return: as kshare_lock_release().
 */
int kshare_lock_release_as(struct kshare_obj *lock, uint64_t owner);

KSHARE_END_DECLS

#endif /* KSHARE_LOCK_H */
