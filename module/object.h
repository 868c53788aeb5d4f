/* SPDX-License-Identifier: GPL-2.0-only */
/**
 * DOC: objects
 *
 * Each type's structure begins with a &struct kshare_object.  It is freed, after
 * a grace period, when the last reference goes: of a handle, a value in a
 * container, a mapping, or a command under way.  An object holds a reference to
 * its domain, so that lock, account and names outlive it.
 *
 * Life: kshare_object_create() makes it and charges it, invisible; what refers to
 * it first takes over that reference.
 */
#ifndef KSHARE_OBJECT_H
#define KSHARE_OBJECT_H

#include "kshare.h"
#include "wait.h"

struct kshare_observers;
struct kshare_scan;
struct kshare_stat;
struct kshare_user;
struct kshare_who;
struct kshare_who_list;

/**
 * struct kshare_object - what all objects have
 * @ref: references
 * @type: type number, enum kshare_type
 * @owned: held by an owner of several objects (lockset.h); @lock, and only with
 *	the domain's lockset mutex held may it become true
 * @scan: a waiter may proceed although one before it in its line cannot; @lock
 * @suspect: enum kshare_suspect; the collector's
 * @refers: a reference to an object was brought in for it, once
 * @waiter_count: waiters in all its lines; @lock
 * @member_count: of them, those that are members of groups; @lock
 * @flags: KSHARE_* flags it was created with
 * @ops: of its type
 * @domain: its domain, with a reference (but for the domain itself)
 * @user: who pays for it, with a reference
 * @lock: protects the object
 * @seq: odd while the object is being changed or owned; lockless readers
 * @version: number of changes; @lock
 * @id: never used again
 * @bytes: charged to the domain for it; @lock
 * @waiters: its first line of waiters, in order; @lock
 * @all_waiters: members of groups that wait for several objects at once
 *	(WAIT_ALL), in order; @lock, and only with the domain's lockset mutex held
 * @observers: who polls or watches it (observe.c), or NULL; set once, under @lock
 * @writer: who changed it last, with a reference; @lock
 * @link: in &kshare_domain.objects
 * @found: references to it that the collector has found in containers
 * @scanned: its version when the collector looked for references in it
 * @gray: in a list of the collector's
 * @doomed: next in a &struct kshare_doom
 * @rcu: frees it
 */
struct kshare_object {
	refcount_t ref;
	u8 type;
	bool owned;
	bool scan;
	u8 suspect;
	bool refers;
	u32 flags;
	u32 waiter_count;
	u32 member_count;
	const struct kshare_type_ops *ops;
	struct kshare_domain *domain;
	struct kshare_user *user;
	spinlock_t lock;		/* the object; see each field */
	seqcount_t seq;
	u64 version;
	u64 id;
	u64 bytes;
	struct list_head waiters;
	struct list_head all_waiters;
	struct kshare_observers *observers;
	struct kshare_who *writer;
	struct list_head link;
	u32 found;
	u64 scanned;
	struct list_head gray;
	union {
		struct kshare_object *doomed;
		struct rcu_head rcu;
	};
};

/**
 * struct kshare_create - what an object is made of
 * @user: who pays for it
 * @anyway: even if that is over a limit
 * @type: enum kshare_type
 * @elem: enum kshare_elem
 * @flags: KSHARE_* flags
 * @size: length of an array, bound of a queue, and so on: an INT of the caller's
 * @value: first value of a cell, bound of a semaphore, lock of a condition; may
 *	be taken over
 */
struct kshare_create {
	struct kshare_user *user;
	bool anyway;
	u32 type;
	u32 elem;
	u32 flags;
	u64 size;
	struct kshare_val *value;
};

/**
 * struct kshare_type_ops - what a type can do
 * @type: enum kshare_type
 * @size: of its structure
 * @flags: KSHARE_* flags that CREATE accepts
 * @fifo: a waiter that cannot proceed holds back those behind it in its line
 * @owned: its holders may wait for each other: those who wait for it are noted with
 *	their clients
 * @line: the n-th line of waiters beyond &kshare_object.waiters, from 1, or NULL;
 *	NULL if it has no other
 * @init: fills in a zeroed object; may sleep; 0 or error, and on error nothing
 *	is left over
 * @destroy: drops what it holds; may sleep; nobody else refers to it
 * @empty: drops references to other objects, as nobody can reach it any more; may
 *	sleep; or NULL
 * @refs: visits references to other objects from @at on, which it moves; the object
 *	is locked, or @owned, and then it may take long.  Returns 0 at the end, 1 if
 *	it is to be called again, KSHARE_MUST_OWN.  There if @empty is
 * @stat: adds to the stat; under the object's lock; or NULL
 * @holds: does the client hold something of it?  A guess, without a lock; or NULL
 * @abandon: the client has no way to it any more, or (@died) has died: gives up
 *	what it holds of it, or a bounded part.  There if @holds is.  Returns true if
 *	more is left
 * @poll: what would not wait now, as EPOLLIN, EPOLLOUT, EPOLLHUP; under the
 *	object's lock; NULL if it cannot be polled
 * @who: tells its holders, see KSHARE_OP_WHO; the object is owned; or NULL
 */
struct kshare_type_ops {
	u32 type;
	u32 size;
	u32 flags;
	bool fifo;
	bool owned;
	struct list_head *(*line)(struct kshare_object *obj, unsigned int n);
	int (*init)(struct kshare_object *obj, const struct kshare_create *how);
	void (*destroy)(struct kshare_object *obj, struct kshare_doom *doom);
	void (*empty)(struct kshare_object *obj, struct kshare_doom *doom);
	int (*refs)(struct kshare_object *obj, u64 *at, struct kshare_scan *scan, bool owned);
	void (*stat)(struct kshare_object *obj, struct kshare_stat *stat);
	bool (*holds)(const struct kshare_object *obj, const struct kshare_client *client);
	bool (*abandon)(struct kshare_object *obj, struct kshare_client *client, bool died);
	__poll_t (*poll)(struct kshare_object *obj);
	void (*who)(struct kshare_object *obj, struct kshare_who_list *list);
};

extern const struct kshare_type_ops kshare_domain_type;
extern const struct kshare_type_ops kshare_cell_type;
extern const struct kshare_type_ops kshare_array_type;
extern const struct kshare_type_ops kshare_dict_type;
extern const struct kshare_type_ops kshare_list_type;
extern const struct kshare_type_ops kshare_namespace_type;
extern const struct kshare_type_ops kshare_lock_type;
extern const struct kshare_type_ops kshare_rlock_type;
extern const struct kshare_type_ops kshare_event_type;
extern const struct kshare_type_ops kshare_rwlock_type;
extern const struct kshare_type_ops kshare_semaphore_type;
extern const struct kshare_type_ops kshare_condition_type;
extern const struct kshare_type_ops kshare_barrier_type;
extern const struct kshare_type_ops kshare_queue_type;
extern const struct kshare_type_ops kshare_gate_type;
extern const struct kshare_type_ops kshare_class_type;
extern const struct kshare_type_ops kshare_instance_type;

/* Does anybody wait for it?  Under its lock. */
static inline bool kshare_has_waiters(const struct kshare_object *obj)
{
	return obj->waiter_count;
}

struct kshare_object *kshare_object_alloc(const struct kshare_type_ops *type);
void kshare_object_number(struct kshare_object *obj);
struct kshare_object *kshare_object_create(struct kshare_domain *domain,
					   const struct kshare_create *how);
void kshare_object_put(struct kshare_object *obj);
void kshare_doom_run(struct kshare_doom *doom);
void kshare_doom_move(struct kshare_doom *from, struct kshare_doom *to);

/**
 * kshare_object_grow() - charges more bytes to an object
 * @obj: the object; its lock is held
 * @bytes: how many more; negative for less
 *
 * Return: 0 or -EDQUOT, then nothing has changed.  Less always succeeds.
 */
int kshare_object_grow(struct kshare_object *obj, s64 bytes);

/* Bytes that the domain has been charged for already are this object's now. */
static inline void kshare_object_take_charge(struct kshare_object *obj, s64 bytes)
{
	obj->bytes += bytes;
}

/* The same for an undo, which cannot fail: over the limit for a moment, if need be. */
void kshare_object_regrow(struct kshare_object *obj, s64 bytes);

/**
 * kshare_object_next() - walks all objects of a domain, oldest first
 * @domain: the domain
 * @obj: the last one, whose reference goes, or NULL to begin
 *
 * Others may come and go meanwhile.  No lock is held.
 *
 * Return: the next one, with a reference, or NULL after the last.
 */
struct kshare_object *kshare_object_next(struct kshare_domain *domain, struct kshare_object *obj);

#endif /* KSHARE_OBJECT_H */
