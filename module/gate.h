/* SPDX-License-Identifier: GPL-2.0-only */
/**
 * DOC: gates
 *
 * A gate stands for an object, in handles, containers, tickets and descriptors, so
 * that they can all be cut off at once.  It is an object itself, of a type that no
 * command takes: each that comes by a handle goes through to what the gate is
 * about, unless it is closed.  A gate may stand for another gate.  It may also let
 * only some methods of an instance through.
 *
 *	REVOKE					command
 *	closed					goes through
 *	the object owned: waiters ended		the object locked: waits only if it
 *	  that came by it			  is still open
 *	closes++ of all clients			has what it wanted; were there closes?
 *	gives back what they hold		gives it back
 *
 * as it is when a handle is closed (handle.c).
 */
#ifndef KSHARE_GATE_H
#define KSHARE_GATE_H

#include "object.h"

/**
 * struct kshare_gate - a gate
 * @obj: object
 * @target: what it stands for, with a reference
 * @closed: for good
 * @methods: of an instance that may be called by way of it, a bit each
 * @depth: gates that are passed from here on
 */
struct kshare_gate {
	struct kshare_object obj;
	struct kshare_object *target;
	bool closed;
	u64 methods;
	u32 depth;
};

static inline struct kshare_gate *kshare_gate_of(const struct kshare_object *obj)
{
	return container_of(obj, struct kshare_gate, obj);
}

/* The object behind the gates, or NULL if one is closed.  Under RCU, or with a reference. */
static inline struct kshare_object *kshare_gate_pass(struct kshare_object *obj)
{
	while (unlikely(obj->type == KSHARE_TYPE_GATE)) {
		if (READ_ONCE(kshare_gate_of(obj)->closed))
			return NULL;
		obj = kshare_gate_of(obj)->target;
	}
	return obj;
}

/* Which methods may be called by way of it; all if it is NULL.  With a reference. */
static inline u64 kshare_gate_methods(const struct kshare_object *obj)
{
	u64 methods = ~0ULL;

	while (obj && obj->type == KSHARE_TYPE_GATE) {
		methods &= kshare_gate_of(obj)->methods;
		obj = kshare_gate_of(obj)->target;
	}
	return methods;
}

struct kshare_object *kshare_gate_create(struct kshare_object *target, struct kshare_user *user,
					 u64 methods);
int kshare_revoke(struct kshare_run *run);

#endif /* KSHARE_GATE_H */
