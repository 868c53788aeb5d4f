/* SPDX-License-Identifier: GPL-2.0-only */
/**
 * DOC: clients, processes, handles
 *
 * A client is one open of the device: a table of handles.  It belongs to an
 * address space, found by &struct kshare_process, whose mmu notifier tells its
 * end: that is seen for exit, SIGKILL and exec alike, whoever else still holds
 * the descriptor.  The client is then settled: that is one step to others, as
 *
 *  - from its first moment no command runs on behalf of it: none of its threads
 *    exists any more, and commands of others find it dead;
 *  - its commands that still wait end, then permits, leases and parties are given
 *    back, then handles, and with them references;
 *  - locks are passed on last.
 *
 * Settlement runs in the dying process's own context, before its parent can
 * see that it has ended.
 */
#ifndef KSHARE_CLIENT_H
#define KSHARE_CLIENT_H

#include <linux/hrtimer.h>
#include <linux/mmu_notifier.h>
#include <linux/timerqueue.h>
#include <linux/workqueue.h>

#include "collect.h"
#include "domain.h"
#include "pool.h"

struct file;

/**
 * struct kshare_who - a process, for those who ask later
 * @ref: references
 * @pid: its pid, in whatever namespace the reader is
 * @start: when it started, ns of CLOCK_BOOTTIME
 * @comm: its name when it opened the device
 * @calls: that are under way, and nobody waits for; they may outlive the client
 * @rcu: frees it
 */
struct kshare_who {
	refcount_t ref;
	atomic_t calls;
	struct pid *pid;
	u64 start;
	char comm[16];
	struct rcu_head rcu;
};

struct kshare_who *kshare_who_get(struct kshare_who *who);
void kshare_who_put(struct kshare_who *who);
/* Notes who changed an object last; it is locked or owned. */
static inline void kshare_object_wrote(struct kshare_object *obj, struct kshare_who *who)
{
	if (likely(obj->writer == who))
		return;
	kshare_who_put(obj->writer);
	/* Whose command it is has one. */
	refcount_inc(&who->ref);
	obj->writer = who;
}

/* Its pid as the calling process sees it, 0 if it does not or @who is NULL. */
pid_t kshare_who_pid(const struct kshare_who *who);

/**
 * struct kshare_process - an address space that has clients
 * @mn: tells its end
 * @lock: protects @clients; held while one is settled
 * @clients: those that have not been settled
 */
struct kshare_process {
	struct mmu_notifier mn;
	struct mutex lock;		/* clients */
	struct list_head clients;
};

/**
 * struct kshare_handle - a name for an object, in one client; 32 bytes
 * @obj: the object, with a reference
 * @rights: KSHARE_RIGHT_*
 * @flags: KSHARE_NO_INHERIT, KSHARE_HANDLE_GIVER
 * @rcu: frees it
 */
struct kshare_handle {
	struct kshare_object *obj;
	u32 rights;
	u32 flags;
	struct rcu_head rcu;
};

/* In &kshare_handle.flags: it may be revoked, by this handle. */
#define KSHARE_HANDLE_GIVER	BIT(0)

/** enum kshare_hold_kind - what is given back in which order */
enum kshare_hold_kind {
	KSHARE_HOLD_PERMIT,		/* permits, leases, parties */
	KSHARE_HOLD_LOCK,		/* locks, shared ones as well */
	KSHARE_HOLD_KINDS,
};

/**
 * struct kshare_hold - a client holds something of an object
 * @link: in &kshare_client.held
 * @obj: the object, which it is a part of
 * @client: the client, or NULL
 *
 * Protected by the object's lock, @link by &kshare_client.held_lock as well.
 */
struct kshare_hold {
	struct list_head link;
	struct kshare_object *obj;
	struct kshare_client *client;
};

/**
 * struct kshare_record - what one client, or one owner of it, holds of an object
 * @hold: that it does
 * @node: in a tree of the object's, by client number and owner
 * @owner: id of the owner; 0 where clients hold as a whole
 * @count: how often, or how many; may be 0
 *
 * It is charged to the object from kshare_record_add() on.
 */
struct kshare_record {
	struct kshare_hold hold;
	struct rb_node node;
	u64 owner;
	u32 count;
};

/* Handles that are found without walking the xarray. */
#define KSHARE_NEAR	128

/**
 * struct kshare_client - see above
 * @mm: the address space it belongs to, only to be compared; NULL if unbound
 * @process: of @mm, with a reference (mmu_notifier_get()); NULL if unbound
 * @link: in &kshare_process.clients
 * @who: its process
 * @user: who pays for what it has, with a reference: the real uid of who opened it,
 *	or opened what it was cloned from
 * @domain: its own domain, with a reference
 * @own: its membership there, until it is settled
 * @number: no other client has it
 * @members_lock: protects @members
 * @members: its &struct kshare_member in other domains, by the domain's id
 * @tickets: ticket numbers -> its &struct kshare_ticket; kshare_tickets_lock, but for
 *	numbers that are reserved
 * @handle_count: handles and reserved ones
 * @closes: how often a handle was closed
 * @near: the handles below KSHARE_NEAR once more, to be found in one step
 * @handles: handle number -> &struct kshare_handle; from 1
 * @held_lock: protects @held, @waits, @serving and @unclaimed
 * @held: what it holds, by kind
 * @waits: its commands that wait for objects that have owners, by
 *	&kshare_run.wait_link
 * @calls: calls of it that are not answered, or the answer of which it may claim
 * @serving: calls that its threads serve, by thread and number
 * @unclaimed: answers to calls that could not be written
 * @wait_lock: protects @parked and @deadlines, and keeps what is there from going
 * @parked: its commands that others must find while they wait, by tag (park.c)
 * @deadlines: those of them that nobody sleeps for, by deadline
 * @spare_runs: memory for commands through io_uring
 * @spare_calls: memory for calls
 * @timer: expires with the first of @deadlines
 * @timer_work: ends their waits
 */
struct kshare_client {
	struct mm_struct *mm;
	struct kshare_process *process;
	struct list_head link;
	struct kshare_who *who;
	struct kshare_user *user;
	struct kshare_domain *domain;
	struct kshare_member own;
	u32 number;
	struct mutex members_lock;	/* membership in other domains */
	struct xarray members;
	struct xarray tickets;
	atomic_t handle_count;
	atomic_t closes;
	struct kshare_handle __rcu *near[KSHARE_NEAR];
	struct xarray handles;
	spinlock_t held_lock;		/* what it holds, and waits for */
	struct list_head held[KSHARE_HOLD_KINDS];
	struct list_head waits;
	atomic_t calls;
	struct rb_root serving;
	struct list_head unclaimed;
	struct mutex wait_lock;		/* parked commands */
	struct rb_root parked;
	struct timerqueue_head deadlines;
	struct kshare_pool spare_runs;
	struct kshare_pool spare_calls;
	struct hrtimer timer;
	struct work_struct timer_work;
};

/* hold.c */
void kshare_hold_add(struct kshare_hold *hold, struct kshare_object *obj,
		     struct kshare_client *client, enum kshare_hold_kind kind);
void kshare_hold_del(struct kshare_hold *hold);
void kshare_hold_move(struct kshare_hold *hold, struct kshare_client *client,
		      enum kshare_hold_kind kind);
void kshare_holds_settle(struct kshare_client *client, enum kshare_hold_kind kind);

/* Memory for one, that is in no tree, or NULL; to be freed by kfree().  May sleep. */
struct kshare_record *kshare_record_alloc(void);
struct kshare_record *kshare_record_find(const struct rb_root *root,
					 const struct kshare_client *client, u64 owner);
struct kshare_record *kshare_record_any(const struct rb_root *root,
					const struct kshare_client *client);
int kshare_record_add(struct rb_root *root, struct kshare_record *r, struct kshare_object *obj,
		      struct kshare_client *client, u64 owner, enum kshare_hold_kind kind,
		      bool must);
void kshare_record_del(struct rb_root *root, struct kshare_record *r);
void kshare_records_free(struct rb_root *root);

static inline struct kshare_record *kshare_record_of(struct rb_node *node)
{
	return rb_entry(node, struct kshare_record, node);
}

/* KSHARE_OWN_DOMAIN - every client's handle to its own domain */
#define KSHARE_OWN_DOMAIN	1

struct kshare_client *kshare_client_open(void);
/* The end of the descriptor. */
void kshare_client_release(struct kshare_client *client);
struct kshare_client *kshare_client_clone(struct kshare_client *client);
int kshare_client_bind(struct kshare_client *client);

/* May the calling task use it? */
static inline bool kshare_client_is_mine(const struct kshare_client *client)
{
	return likely(READ_ONCE(client->mm) == current->mm) && current->mm;
}

/* The handle of that number, or NULL; under RCU. */
static inline struct kshare_handle *kshare_handle_load(struct kshare_client *client, u32 id)
{
	if (likely(id < KSHARE_NEAR))
		return rcu_dereference(client->near[array_index_nospec(id, KSHARE_NEAR)]);
	return xa_load(&client->handles, id);
}

struct kshare_object *kshare_handle_find_slow(struct kshare_client *client, u32 id, u32 *rights,
					      struct kshare_object **via);

/**
 * kshare_handle_find() - the object of a handle
 * @client: client
 * @id: handle
 * @rights: written: what the handle may do
 * @via: written: the gate that it goes through, with a reference, or NULL
 *
 * Return: the object, with a reference, -EBADF, or -ESTALE if it was revoked.
 */
static inline struct kshare_object *kshare_handle_find(struct kshare_client *client, u32 id,
						       u32 *rights, struct kshare_object **via)
{
	struct kshare_object *obj;
	struct kshare_handle *handle;

	*via = NULL;
	rcu_read_lock();
	handle = kshare_handle_load(client, id);
	obj = likely(handle) ? handle->obj : NULL;
	/* Here, and not by a call: each command does it. */
	if (likely(obj) && likely(obj->type != KSHARE_TYPE_GATE) &&
	    likely(refcount_inc_not_zero(&obj->ref))) {
		kshare_suspect_touch(obj);
		*rights = handle->rights;
		rcu_read_unlock();
		return obj;
	}
	rcu_read_unlock();
	return kshare_handle_find_slow(client, id, rights, via);
}

/* What it refers to, which may be a gate: to be passed on. */
struct kshare_object *kshare_handle_ref(struct kshare_client *client, u32 id, u32 *rights);

/*
 * Reserve, fill, publish: a number is reserved before what can fail, and
 * published after it.  reserve: 0, -EDQUOT, -ENOMEM; may sleep; the client is a
 * member of @domain then.  publish: takes a reference to @obj, of that domain,
 * over; cannot fail.
 */
int kshare_handle_reserve(struct kshare_client *client, struct kshare_domain *domain, u32 *id,
			  struct kshare_handle **handle);
void kshare_handle_unreserve(struct kshare_client *client, struct kshare_domain *domain, u32 id,
			     struct kshare_handle *handle);
void kshare_handle_publish(struct kshare_client *client, u32 id, struct kshare_handle *handle,
			   struct kshare_object *obj, u32 rights, u32 flags);
/* Gives @to a handle of the same number, unless NO_INHERIT; 0, -EDQUOT, -ENOMEM. */
int kshare_handle_copy(struct kshare_client *from, struct kshare_client *to, u32 id);
int kshare_handle_close(struct kshare_client *client, u32 id);
/* A command has got something of @obj while a handle was closed: was that the last? */
void kshare_handle_closed(struct kshare_client *client, struct kshare_object *obj);

/* The client has died. */
void kshare_handles_settle(struct kshare_client *client);
void kshare_members_settle(struct kshare_client *client);

int kshare_client_init(void);
void kshare_client_exit(void);

/* park.c */
void kshare_park_init(struct kshare_client *client);
void kshare_park_destroy(struct kshare_client *client);
extern struct workqueue_struct *kshare_workqueue;

#endif /* KSHARE_CLIENT_H */
