/* SPDX-License-Identifier: GPL-2.0-only */
/**
 * DOC: circles
 *
 * Objects that refer to each other keep each other, whether or not anybody else
 * can reach them.  The collector finds those that nobody can, while all others go
 * on: it counts, object by object, the references that it finds in containers; who
 * has more than were found is reached from outside, by a handle, a descriptor, a
 * ticket or a command under way, and so is all that it refers to.  What is left is
 * only suspected, as references were moved meanwhile, and is looked at once more:
 *
 *	all suspects are marked
 *	references among them are counted; the version of each container is noted
 *	who has more references than were found, is not one
 *	a grace period of RCU
 *	nor who was touched, or whose version has changed
 *
 * Who takes one more reference to a marked object touches it.  Let somebody have a
 * way to a suspect all the same.  That began with a reference r0 from outside that
 * was there before the marking, so r0 was seen in the count, unless it was dropped
 * before; then whatever it led to was taken before that: by one more reference (a
 * touch), or out of a container (a version), or by the same again from that one.
 * The grace period is for those who reach an object under RCU alone.
 *
 * Those that turn out to be none make all that they refer to none; then it is
 * looked at once more, until nothing of the kind happens in a whole round.
 */
#ifndef KSHARE_COLLECT_H
#define KSHARE_COLLECT_H

#include <linux/workqueue.h>

#include "object.h"

/** enum kshare_suspect - what the collector knows of an object */
enum kshare_suspect {
	KSHARE_UNKNOWN,			/* not there when the pass began, or no pass runs */
	KSHARE_COUNTED,			/* its references are counted */
	KSHARE_REACHED,			/* it can be reached */
	KSHARE_SUSPECT,			/* it may be that it cannot */
	KSHARE_TOUCHED,			/* it could, since then */
};

/* Somebody has taken one more reference, by an operation that returns a value. */
static inline void kshare_suspect_touch(struct kshare_object *obj)
{
	/* Pairs with the one in kshare_collect_verify(). */
	smp_mb__after_atomic();
	/* In one step: once the collector has cleared it, it must not be one of them again. */
	if (unlikely(READ_ONCE(obj->suspect) == KSHARE_SUSPECT))
		cmpxchg(&obj->suspect, KSHARE_SUSPECT, KSHARE_TOUCHED);
}

/**
 * struct kshare_scan - what is done with each reference in a container
 * @seen: called for each, with the container locked or owned
 * @left: visits until the container's lock is dropped for a moment
 * @gray: for @seen
 */
struct kshare_scan {
	void (*seen)(struct kshare_scan *scan, struct kshare_object *obj);
	u32 left;
	struct list_head *gray;
};

bool kshare_scan(struct kshare_object *obj, struct kshare_scan *scan, u64 *version);
/* For &kshare_type_ops.refs: a value in a container. */
void kshare_scan_val(struct kshare_scan *scan, const struct kshare_val *v);

/**
 * struct kshare_collector - of a domain
 * @lock: held over a pass
 * @work: a pass, some time after it was asked for; has a reference to the domain
 * @last: when a pass ended last, jiffies
 * @pause: jiffies after that in which there is none
 * @wait: jiffies until it is looked at again whether all that is left has gone
 * @freed: objects, in all
 */
struct kshare_collector {
	struct mutex lock;		/* a pass */
	struct delayed_work work;
	unsigned long last;
	unsigned long pause;
	unsigned long wait;
	u64 freed;
};

void kshare_collector_init(struct kshare_collector *collector);
/* There may be circles that nobody can reach.  Any context. */
void kshare_collect_soon(struct kshare_domain *domain);

/* The domain has ended: frees the circles that are left now, and others later. */
void kshare_collect_end(struct kshare_domain *domain);

/* The module goes: waits for what was asked for. */
void kshare_collect_exit(void);

/* A reference went that kept a container: was it the last from outside?  Any context. */
void __kshare_collect_hint(struct kshare_object *obj);

int kshare_domain_collect(struct kshare_run *run);

#endif /* KSHARE_COLLECT_H */
