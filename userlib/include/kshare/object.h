/* SPDX-License-Identifier: LGPL-2.1-or-later OR MIT */
/*
 * Objects of any type, and the proxies that stand for them.
 *
 * A proxy holds one handle, and has a reference count of its own.  Functions
 * that store a proxy at a last argument @obj give the caller one reference.
 */
#ifndef KSHARE_OBJECT_H
#define KSHARE_OBJECT_H

#include <kshare/base.h>
#include <kshare/value.h>

KSHARE_BEGIN_DECLS

/**
 * kshare_hold() - one more reference to a proxy
 * @obj: the proxy, or NULL
 *
 * Return: @obj.
 */
struct kshare_obj *kshare_hold(struct kshare_obj *obj);

/**
 * kshare_unref() - one reference to a proxy less
 * @obj: the proxy, or NULL
 *
 * The last one closes the handle (KSHARE_OP_CLOSE).  If that was the client's
 * last one to a lock that it holds, the lock passes on as if its owner had died.
 */
void kshare_unref(struct kshare_obj *obj);

/**
 * struct kshare_create_opts - what to create
 * @size: sizeof(struct kshare_create_opts)
 * @type: enum kshare_type
 * @elem: enum kshare_elem: of cells and arrays
 * @flags: KSHARE_NO_INHERIT; KSHARE_ANY_RELEASES for locks; KSHARE_OVERTAKE for locks
 *	and rlocks; KSHARE_AUTO_RESET for events; KSHARE_LIFO or KSHARE_PRIORITY for
 *	queues; KSHARE_SIGNALLING for semaphores
 * @domain: where; NULL for the client's own domain
 * @length: of an array, in elements; the bound of a queue, 0 for none; the permits that
 *	a semaphore has at first; the parties of a barrier
 * @value: first value of a cell; kshare_uint() of a semaphore's bound, kshare_none()
 *	for none; kshare_ref() of a condition's lock or rlock
 */
struct kshare_create_opts {
	size_t size;
	uint32_t type;
	uint32_t elem;
	uint32_t flags;
	uint32_t reserved;
	struct kshare_obj *domain;
	uint64_t length;
	struct kshare_value value;
};

/**
 * kshare_create() - a new object of any type
 * @k: the client
 * @opts: what to create
 * @obj: its proxy
 *
 * For most uses there is a shorter one: kshare_dict_create() and its like.
 *
 * Return: 0; -EOPNOTSUPP for a type that the module does not know; -EDQUOT.
 */
int kshare_create(struct kshare *k, const struct kshare_create_opts *opts,
		  struct kshare_obj **obj);

/**
 * kshare_dup() - a second handle to the same object
 * @obj: a proxy
 * @rights: KSHARE_RIGHT_*, no more than it has; 0 for the same
 * @flags: KSHARE_NO_INHERIT: a child of fork() does not get it; KSHARE_REVOCABLE:
 *	kshare_revoke() ends it, and all that is made from it; that takes
 *	KSHARE_RIGHT_TRANSFER, and counts as one more object of the domain and of
 *	the user
 * @dup: the new proxy
 *
 * Return: 0; -EACCES for more rights than @obj has, or without KSHARE_RIGHT_TRANSFER for
 * a revocable one; -EDQUOT beyond KSHARE_MAX_GATES revocable ones made of each other.
 */
int kshare_dup(struct kshare_obj *obj, uint32_t rights, uint32_t flags, struct kshare_obj **dup);

/**
 * kshare_from_handle() - a proxy for a handle that came some other way
 * @k: the client
 * @handle: the number; it is the proxy's from then on, to be closed by it
 * @obj: the proxy
 *
 * The handle is not looked at.  Return: 0; -ENOMEM.
 */
int kshare_from_handle(struct kshare *k, uint32_t handle, struct kshare_obj **obj);

/**
 * kshare_handle() - the handle of a proxy, which stays the proxy's
 * @obj: the proxy
 */
uint32_t kshare_handle(struct kshare_obj *obj);

/**
 * kshare_client() - the client of a proxy
 * @obj: the proxy
 *
 * Return: the client, as long as @obj lives.
 */
struct kshare *kshare_client(struct kshare_obj *obj);

/**
 * kshare_type() - the type of an object
 * @obj: its proxy
 *
 * Return: enum kshare_type.
 */
int kshare_type(struct kshare_obj *obj);

/**
 * kshare_stat() - what there is to know of an object
 * @obj: its proxy
 * @st: filled; what the module does not know of it is 0
 *
 * Return: 0.
 */
int kshare_stat(struct kshare_obj *obj, struct kshare_stat *st);

/**
 * kshare_check_version() - whether an object has a version
 * @obj: its proxy
 * @version: the version
 *
 * Return: 0 if so; -ESTALE if not.
 */
int kshare_check_version(struct kshare_obj *obj, uint64_t version);

/**
 * kshare_same() - whether two proxies stand for the same object
 * @a: one proxy, or NULL
 * @b: another, of any client
 *
 * Return: 1 if so; 0 if not.
 */
int kshare_same(struct kshare_obj *a, struct kshare_obj *b);

/**
 * kshare_equal() - whether two objects hold the same
 * @a: a proxy
 * @b: another, of any client
 *
 * Cells, lists and arrays are equal if their contents are, dicts and namespaces
 * if they have equal values for the same keys, in whatever order; references
 * are followed, and may lead in circles.  Objects of two types are never equal,
 * those of other types only if they are the same.
 *
 * Each object is read as one step, but not all of them together: what is written
 * meanwhile is seen or not.
 *
 * Return: 1 if so; 0 if not; -ELOOP if they are nested too deeply; -ENOBUFS if
 * one is larger than a result can be.
 */
int kshare_equal(struct kshare_obj *a, struct kshare_obj *b);

/**
 * kshare_export_fd() - a descriptor of an object, for poll(2), epoll(7) and others
 * @obj: its proxy, with KSHARE_RIGHT_WAIT or KSHARE_RIGHT_TRANSFER
 *
 * It is readable (POLLIN) while a wait for an event, an acquisition of a lock, rlock or
 * semaphore, a shared one of a rwlock, a get from a queue or a wait
 * at a barrier would return at once, be it with an error: then POLLHUP is set as well.
 * It is writable (POLLOUT) while an exclusive acquisition of a rwlock or a put to a
 * queue would.  Between poll() and the call another may have been faster, so the call
 * is made with KSHARE_TRY.
 *
 * With KSHARE_RIGHT_TRANSFER another process can make a proxy of it, see
 * kshare_import_fd() and kshare_export_fd_rights(); then it need not be of a type that
 * can be waited for.
 *
 * Return: the descriptor (with O_CLOEXEC), which is the caller's; it outlives the proxy
 * and keeps the object.  -EACCES if it is good for neither; -EMFILE.
 */
int kshare_export_fd(struct kshare_obj *obj);
/** kshare_prep_export_fd() - prepares kshare_export_fd(); the result is the descriptor */
void kshare_prep_export_fd(struct kshare_cmd *cmd, struct kshare_obj *obj);

/**
 * struct kshare_claim - somebody who holds an object, or waits for it
 * @pid: the process; 0 if this process cannot see it
 * @reserved: 0
 * @owner: owner number, KSHARE_OWNER_THREAD set if it was made of a thread; 0 for none
 * @count: depth, permits or leases that it holds; 0: it waits
 * @token: of who holds a lock, the fencing token; of who waits, the operation
 *	(KSHARE_OP_LOCK_ACQUIRE …)
 */
struct kshare_claim {
	int32_t pid;
	uint32_t reserved;
	uint64_t owner;
	int64_t count;
	uint64_t token;
};

/**
 * kshare_who() - who holds an object and who waits for it
 * @obj: its proxy
 * @claims: takes them: those that hold it first, then those that wait, in their order
 * @room: number of elements at @claims
 * @total: how many there are, which may be more than are told; may be NULL
 *
 * Return: how many were stored, @room and KSHARE_MAX_WHO at most.
 */
int kshare_who(struct kshare_obj *obj, struct kshare_claim *claims, unsigned int room,
	       uint64_t *total);
/** kshare_prep_who() - prepares kshare_who(): four values for each, as <linux/kshare.h> says */
void kshare_prep_who(struct kshare_cmd *cmd, struct kshare_obj *obj);

KSHARE_END_DECLS

#endif /* KSHARE_OBJECT_H */
