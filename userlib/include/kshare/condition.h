/* SPDX-License-Identifier: LGPL-2.1-or-later OR MIT */
/*
 * Conditions: who has a lock waits, without it, until another says that what the lock
 * guards has changed.
 *
 *	kshare_lock_acquire(lock, KSHARE_FOREVER, NULL, NULL);
 *	while (!ready())
 *		if (kshare_condition_wait(condition, lock, deadline, NULL, NULL) < 0)
 *			break;
 *	…
 *	kshare_lock_release(lock);
 *
 * Owners are as in kshare/lock.h.
 */
#ifndef KSHARE_CONDITION_H
#define KSHARE_CONDITION_H

#include <kshare/base.h>

KSHARE_BEGIN_DECLS

/**
 * kshare_condition_create() - a new condition
 * @k: the client
 * @lock: a lock or an rlock, for good
 * @flags: KSHARE_NO_INHERIT
 * @condition: its proxy
 *
 * Return: 0; -EINVAL if @lock is something else; -EACCES if its handle lacks
 * KSHARE_RIGHT_WAIT or KSHARE_RIGHT_TRANSFER.
 */
int kshare_condition_create(struct kshare *k, struct kshare_obj *lock, uint32_t flags,
			    struct kshare_obj **condition);

/**
 * kshare_condition_wait() - gives the lock back, waits to be notified, takes it again
 * @condition: the condition
 * @lock: its lock, which the caller has
 * @deadline: an absolute time or KSHARE_FOREVER.  It is for the notification; the lock
 *	is waited for as long as it takes.
 * @token: as of kshare_lock_acquire(), of the lock taken again; may be NULL
 * @flags: KSHARE_R_OWNER_DIED if the last owner died; may be NULL.  After -ETIMEDOUT,
 *	-ECANCELED and -ESTALE a module may not tell either: then @token is left alone
 *	and this is 0.
 *
 * An rlock is given back as often as the caller has it, and taken again as often.
 *
 * The caller has the lock again when this returns 1 or more, -ETIMEDOUT, -ECANCELED,
 * -EINTR or -ESTALE, unless with -ESTALE @lock was revoked as well.  To be able to say
 * so, after a signal the library takes the lock back itself, and waits for it whatever
 * other signals come.  No other signal than one that kills ends the wait once the caller
 * has been notified.
 *
 * Return: how often the caller has the lock; -ETIMEDOUT or -EINTR: it was not notified;
 * -ESTALE: the condition was revoked; -EPERM if the caller does not have the lock;
 * -EOPNOTSUPP for KSHARE_TRY.  After any other error but -ECANCELED the lock, or the
 * proxy of it, is gone.
 */
int kshare_condition_wait(struct kshare_obj *condition, struct kshare_obj *lock,
			  int64_t deadline, uint64_t *token, uint32_t *flags);
/**
 * kshare_prep_condition_wait() - prepares one part of kshare_condition_wait() and its _as
 * @cmd: the command
 * @condition: the condition
 * @owner: kshare_uint() of a number, or kshare_none() for the calling thread
 * @deadline: an absolute time or KSHARE_FOREVER
 *
 * If this command gives -EINTR, the caller does not have the lock, and has to take it.
 */
void kshare_prep_condition_wait(struct kshare_cmd *cmd, struct kshare_obj *condition,
				struct kshare_value owner, int64_t deadline);

/**
 * kshare_condition_wait_as() - kshare_condition_wait() for an owner who is no thread
 * @condition: the condition
 * @lock: its lock, which that owner has
 * @owner: the number given to kshare_lock_acquire_as()
 * @deadline: an absolute time or KSHARE_FOREVER
 * @token: see kshare_condition_wait()
 * @flags: see kshare_condition_wait()
 *
 * Return: as kshare_condition_wait().
 */
int kshare_condition_wait_as(struct kshare_obj *condition, struct kshare_obj *lock,
			     uint64_t owner, int64_t deadline, uint64_t *token, uint32_t *flags);

/**
 * kshare_condition_notify() - lets some of those that wait go on
 * @condition: the condition, whose lock the caller has
 * @count: how many, in the order of arrival; 0 counts as 1
 *
 * They go on as soon as they get the lock.
 *
 * Return: how many were waiting, @count at most; -EPERM if the caller does not have the
 * lock.
 */
int kshare_condition_notify(struct kshare_obj *condition, uint32_t count);
/** kshare_prep_condition_notify() - prepares kshare_condition_notify() and its _as */
void kshare_prep_condition_notify(struct kshare_cmd *cmd, struct kshare_obj *condition,
				  struct kshare_value owner, uint32_t count);

/** kshare_condition_notify_as() - kshare_condition_notify() for a given owner */
int kshare_condition_notify_as(struct kshare_obj *condition, uint64_t owner, uint32_t count);

/**
 * kshare_condition_notify_all() - lets all go on that wait
 * @condition: the condition, whose lock the caller has
 *
 * Return: how many; -EPERM if the caller does not have the lock.
 */
int kshare_condition_notify_all(struct kshare_obj *condition);
/** kshare_prep_condition_notify_all() - prepares kshare_condition_notify_all() and its _as */
void kshare_prep_condition_notify_all(struct kshare_cmd *cmd, struct kshare_obj *condition,
				      struct kshare_value owner);

/** kshare_condition_notify_all_as() - kshare_condition_notify_all() for a given owner */
int kshare_condition_notify_all_as(struct kshare_obj *condition, uint64_t owner);

KSHARE_END_DECLS

#endif /* KSHARE_CONDITION_H */
