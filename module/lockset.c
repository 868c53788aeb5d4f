// SPDX-License-Identifier: GPL-2.0-only
/* Owning objects; the idea stands in lockset.h. */
#include "lockset.h"

/**
 * __kshare_object_lock_slow() - locks an object that was found owned
 * @obj: the object, locked; locked and not owned when this returns
 *
 * With the mutex held nobody else can own it, so one turn is enough.
 */
void __kshare_object_lock_slow(struct kshare_object *obj)
	__must_hold(&obj->lock)
{
	struct kshare_domain *domain = obj->domain;

	spin_unlock(&obj->lock);
	mutex_lock(&domain->lockset);
	spin_lock(&obj->lock);
	mutex_unlock(&domain->lockset);
}

/**
 * kshare_object_own() - takes an object for long
 * @obj: an object of the domain whose lockset the caller has begun
 *
 * Return: true if it was taken, false if the caller had it already.
 */
bool kshare_object_own(struct kshare_object *obj)
{
	lockdep_assert_held(&obj->domain->lockset);

	if (obj->owned)
		return false;
	spin_lock(&obj->lock);
	obj->owned = true;
	raw_write_seqcount_begin(&obj->seq);
	spin_unlock(&obj->lock);
	return true;
}

/**
 * kshare_object_disown() - lets an object go
 * @obj: one that kshare_object_own() took
 */
void kshare_object_disown(struct kshare_object *obj)
{
	lockdep_assert_held(&obj->domain->lockset);

	spin_lock(&obj->lock);
	raw_write_seqcount_end(&obj->seq);
	obj->owned = false;
	spin_unlock(&obj->lock);
}
