/* SPDX-License-Identifier: GPL-2.0-only */
/**
 * DOC: one object, several objects
 *
 * One object is locked by its spinlock, for a short, bounded piece of work.
 *
 * Several at once (atomic batches), or one for long (sorting a million values),
 * are *owned*: the domain's lockset mutex is held, and each object is marked.
 * The owner may take as long as it needs, and sleep (though not on user memory).
 * Who meets the mark while it locks an object waits for the mutex.  So commands
 * on single objects never take the mutex unless they meet an owned one, and no
 * two spinlocks are ever nested.  (The idea is ntsync's.)
 *
 * Lockless readers (cells, dicts) go by the object's sequence count: it is odd
 * while an object is owned.  An owner marks all its objects before its first
 * write, and unmarks them after its last: so once a reader has seen a part of
 * what an owner did, it can see nothing from before.
 */
#ifndef KSHARE_LOCKSET_H
#define KSHARE_LOCKSET_H

#include <linux/lockdep.h>

#include "domain.h"

void __kshare_object_lock_slow(struct kshare_object *obj);

static inline void kshare_object_lock(struct kshare_object *obj)
	__acquires(&obj->lock)
{
	spin_lock(&obj->lock);
	if (unlikely(obj->owned))
		__kshare_object_lock_slow(obj);
}

static inline void kshare_object_unlock(struct kshare_object *obj)
	__releases(&obj->lock)
{
	spin_unlock(&obj->lock);
}

/* Around changes, under the lock; an owned object is marked already. */
static inline void kshare_object_write_begin(struct kshare_object *obj)
{
	if (!obj->owned)
		raw_write_seqcount_begin(&obj->seq);
}

static inline void kshare_object_write_end(struct kshare_object *obj)
{
	if (!obj->owned)
		raw_write_seqcount_end(&obj->seq);
}

/* Under the lock, or owned: what every function that expects it asserts. */
static inline void kshare_object_assert_held(struct kshare_object *obj)
{
	lockdep_assert(obj->owned ? lockdep_is_held(&obj->domain->lockset) :
				    lockdep_is_held(&obj->lock));
}

/* Begin: the right to own objects of this domain; end: after the last one. */
static inline void kshare_lockset_begin(struct kshare_domain *domain)
	__acquires(&domain->lockset)
{
	mutex_lock(&domain->lockset);
}

static inline void kshare_lockset_end(struct kshare_domain *domain)
	__releases(&domain->lockset)
{
	mutex_unlock(&domain->lockset);
}

/* False if the caller owns it already. */
bool kshare_object_own(struct kshare_object *obj);
void kshare_object_disown(struct kshare_object *obj);

#endif /* KSHARE_LOCKSET_H */
