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
 *  - handles, and with them references, are given back before locks;
 *  - locks are passed on last.
 *
 * Settlement runs in the dying process's own context, before its parent can
 * see that it has ended.
 */
#ifndef KSHARE_CLIENT_H
#define KSHARE_CLIENT_H

#include <linux/mmu_notifier.h>

#include "domain.h"

struct file;

/**
 * struct kshare_who - a process, for those who ask later
 * @ref: references
 * @pid: its pid, in whatever namespace the reader is
 * @start: when it started, ns of CLOCK_BOOTTIME
 * @comm: its name when it opened the device
 * @rcu: frees it
 */
struct kshare_who {
	refcount_t ref;
	struct pid *pid;
	u64 start;
	char comm[16];
	struct rcu_head rcu;
};

struct kshare_who *kshare_who_get(struct kshare_who *who);
void kshare_who_put(struct kshare_who *who);
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
 * @flags: KSHARE_NO_INHERIT
 * @rcu: frees it
 */
struct kshare_handle {
	struct kshare_object *obj;
	u32 rights;
	u32 flags;
	struct rcu_head rcu;
};

/* Handles that are found without walking the xarray. */
#define KSHARE_NEAR	128

/**
 * struct kshare_client - see above
 * @mm: the address space it belongs to, only to be compared; NULL if unbound
 * @process: of @mm, with a reference (mmu_notifier_get()); NULL if unbound
 * @link: in &kshare_process.clients
 * @who: its process
 * @domain: its own domain, with a reference
 * @number: its number in @domain
 * @handle_count: handles and reserved ones
 * @near: the handles below KSHARE_NEAR once more, to be found in one step
 * @handles: handle number -> &struct kshare_handle; from 1
 * @held_lock: protects @held
 * @held: locks that it holds, by &kshare_lock.held
 */
struct kshare_client {
	struct mm_struct *mm;
	struct kshare_process *process;
	struct list_head link;
	struct kshare_who *who;
	struct kshare_domain *domain;
	u32 number;
	atomic_t handle_count;
	struct kshare_handle __rcu *near[KSHARE_NEAR];
	struct xarray handles;
	spinlock_t held_lock;		/* the list of held locks */
	struct list_head held;
};

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

/**
 * kshare_handle_find() - the object of a handle
 * @client: client
 * @id: handle
 * @rights: written: what the handle may do
 *
 * Return: the object, with a reference, or NULL.
 */
struct kshare_object *kshare_handle_find(struct kshare_client *client, u32 id, u32 *rights);

/*
 * Reserve, fill, publish: a number is reserved before what can fail, and
 * published after it.  reserve: 0, -EDQUOT, -ENOMEM; may sleep.  publish: takes
 * a reference to @obj over; cannot fail.
 */
int kshare_handle_reserve(struct kshare_client *client, u32 *id, struct kshare_handle **handle);
void kshare_handle_unreserve(struct kshare_client *client, u32 id, struct kshare_handle *handle);
void kshare_handle_publish(struct kshare_client *client, u32 id, struct kshare_handle *handle,
			   struct kshare_object *obj, u32 rights, u32 flags);
/* Gives @to a handle of the same number, unless NO_INHERIT; 0, -EDQUOT, -ENOMEM. */
int kshare_handle_copy(struct kshare_client *from, struct kshare_client *to, u32 id);
int kshare_handle_close(struct kshare_client *client, u32 id);

void kshare_client_exit(void);

#endif /* KSHARE_CLIENT_H */
