/* SPDX-License-Identifier: LGPL-2.1-or-later OR MIT */
/*
 * Domains: universes of objects.  Each client has one of its own, which it shares with
 * its clones; those with a name are where strangers meet.  kshare_stat() of a domain
 * tells how many objects, bytes, handles and clients there are.
 */
#ifndef KSHARE_DOMAIN_H
#define KSHARE_DOMAIN_H

#include <kshare/base.h>
#include <kshare/share.h>

KSHARE_BEGIN_DECLS

/**
 * kshare_domain() - the client's own domain
 * @k: the client
 * @domain: its proxy
 *
 * Return: 0.
 */
int kshare_domain(struct kshare *k, struct kshare_obj **domain);

/**
 * kshare_domain_root() - the root dict of a domain, where names are kept
 * @domain: the domain
 * @flags: KSHARE_NO_INHERIT
 * @root: the dict
 *
 * Return: 0.
 */
int kshare_domain_root(struct kshare_obj *domain, uint32_t flags, struct kshare_obj **root);
/** kshare_prep_domain_root() - prepares kshare_domain_root(); the result is a handle */
void kshare_prep_domain_root(struct kshare_cmd *cmd, struct kshare_obj *domain, uint32_t flags);

/**
 * kshare_domain_limit() - asks for a limit of a domain, and lowers it
 * @domain: the domain
 * @which: enum kshare_limit
 * @set: the new limit, no higher than the old one; NULL to leave it
 * @limit: the limit now; may be NULL
 *
 * Return: 0; -EPERM to raise it; -EOPNOTSUPP for an unknown one.
 */
int kshare_domain_limit(struct kshare_obj *domain, uint32_t which, const uint64_t *set,
			uint64_t *limit);
/** kshare_prep_domain_limit() - prepares kshare_domain_limit() */
void kshare_prep_domain_limit(struct kshare_cmd *cmd, struct kshare_obj *domain, uint32_t which,
			      const uint64_t *set);

/**
 * kshare_domain_open() - the domain of a name, for strangers to meet in
 * @k: the client
 * @name: up to KSHARE_MAX_NAME bytes, with no part "." or ".." between slashes
 * @flags: KSHARE_MAKE: make it if there is none; with that KSHARE_EXCLUSIVE: fail if
 *	there is one, and KSHARE_PIN: it stays when nobody is in it any more;
 *	KSHARE_NO_INHERIT
 * @mode: with KSHARE_MAKE the mode of a new one, bits of 0666; else it does not matter
 * @rights: KSHARE_RIGHT_* that the proxy is to have; 0 for all that the mode permits
 * @domain: its proxy; kshare_create() makes objects in it
 *
 * A name is known to those in the same IPC namespace and the same user namespace.  Who
 * makes a domain has all rights on it, whatever the mode.
 *
 * Return: 0; -ENOENT if there is none; -EEXIST with KSHARE_EXCLUSIVE; -EPERM if the mode
 * does not permit it; -EINVAL for such a name or mode; -EOPNOTSUPP for KSHARE_PIN outside
 * of the initial IPC and user namespaces; -EDQUOT.
 */
int kshare_domain_open(struct kshare *k, const char *name, uint32_t flags, uint32_t mode,
		       uint32_t rights, struct kshare_obj **domain);
/** kshare_prep_domain_open() - prepares kshare_domain_open(); the result is a handle */
void kshare_prep_domain_open(struct kshare_cmd *cmd, const char *name, uint32_t flags,
			     uint32_t mode, uint32_t rights);

/**
 * struct kshare_domain_name - a domain that has a name
 * @name: the name, or nothing
 * @uid: its owner, as this process's user namespace has it
 * @gid: its group
 * @mode: its mode
 * @flags: KSHARE_PIN if it stays when nobody is in it; kshare_domain_list() leaves it out
 */
struct kshare_domain_name {
	char name[KSHARE_MAX_NAME + 1];
	uint32_t uid;
	uint32_t gid;
	uint32_t mode;
	uint32_t flags;
};

/**
 * kshare_domain_list() - the names that this process could open
 * @k: the client
 * @cursor: 0 at first; it moves on
 * @names: takes them, in no order
 * @room: number of elements at @names, 1 at least
 *
 *	uint64_t cursor = 0;
 *
 *	while ((count = kshare_domain_list(k, &cursor, names, room)) > 0)
 *		…
 *
 * Return: how many were stored; 0 at the end.
 */
int kshare_domain_list(struct kshare *k, uint64_t *cursor, struct kshare_domain_name *names,
		       unsigned int room);
/** kshare_prep_domain_list() - prepares kshare_domain_list(): four values for each */
void kshare_prep_domain_list(struct kshare_cmd *cmd, uint64_t cursor, unsigned int room);

/**
 * kshare_domain_info() - name, owner and mode of a domain
 * @domain: the domain
 * @info: filled; all 0 if it has no name
 *
 * Return: 0.
 */
int kshare_domain_info(struct kshare_obj *domain, struct kshare_domain_name *info);
/** kshare_prep_domain_info() - prepares kshare_domain_info(): five values */
void kshare_prep_domain_info(struct kshare_cmd *cmd, struct kshare_obj *domain);

/**
 * kshare_domain_set() - gives a domain another owner, group or mode, or pins it
 * @domain: the domain
 * @uid: its owner; KSHARE_NO_ID: as it is
 * @gid: its group; KSHARE_NO_ID: as it is
 * @mode: bits of 0666; KSHARE_NO_ID: as it is
 * @flags: KSHARE_PIN: it stays when nobody is in it any more; KSHARE_UNPIN: it does not
 *
 * It permits what chown(2) and chmod(2) do.  Proxies that there are keep their rights.
 *
 * Return: 0; -ENOENT if it has no name; -EPERM; -EACCES; -EOPNOTSUPP for KSHARE_PIN as
 * above.
 */
int kshare_domain_set(struct kshare_obj *domain, uint32_t uid, uint32_t gid, uint32_t mode,
		      uint32_t flags);
/** kshare_prep_domain_set() - prepares kshare_domain_set() */
void kshare_prep_domain_set(struct kshare_cmd *cmd, struct kshare_obj *domain, uint32_t uid,
			    uint32_t gid, uint32_t mode, uint32_t flags);

/**
 * kshare_domain_collect() - frees objects that only refer to each other, now
 * @domain: the domain
 *
 * The module does so by itself, only later.
 *
 * Return: how many were freed.
 */
int64_t kshare_domain_collect(struct kshare_obj *domain);
/** kshare_prep_domain_collect() - prepares kshare_domain_collect() */
void kshare_prep_domain_collect(struct kshare_cmd *cmd, struct kshare_obj *domain);

/**
 * struct kshare_domain_object - an object, as kshare_domain_objects() tells it
 * @id: &kshare_stat.id
 * @bytes: kernel memory that it is charged for
 * @refs: references to it
 * @type: enum kshare_type
 * @pid: process that changed it last; 0 if none or not visible
 * @uid: user that it is charged to
 * @reserved: 0
 */
struct kshare_domain_object {
	uint64_t id;
	uint64_t bytes;
	uint64_t refs;
	uint32_t type;
	int32_t pid;
	uint32_t uid;
	uint32_t reserved;
};

/**
 * kshare_domain_objects() - what there is in a domain
 * @domain: the domain
 * @after: 0 at first; it moves on: the last id
 * @objects: takes them, in the order of their ids
 * @room: number of elements at @objects, 1 at least
 *
 * Return: how many were stored; 0 at the end.
 */
int kshare_domain_objects(struct kshare_obj *domain, uint64_t *after,
			  struct kshare_domain_object *objects, unsigned int room);
/** kshare_prep_domain_objects() - prepares kshare_domain_objects(): six values for each */
void kshare_prep_domain_objects(struct kshare_cmd *cmd, struct kshare_obj *domain,
				uint64_t after, unsigned int room);

/**
 * struct kshare_kept_by - what keeps an object
 * @keeper: enum kshare_keeper
 * @pid: the process; 0 if there is none, or if this process cannot see it
 * @which: number of the handle or ticket, id of the container or gate; of
 *	KSHARE_KEPT_BY_OTHER how many
 * @rights: KSHARE_RIGHT_* of a handle, ticket or descriptor
 * @reserved: 0
 */
struct kshare_kept_by {
	uint32_t keeper;
	int32_t pid;
	uint64_t which;
	uint32_t rights;
	uint32_t reserved;
};

/**
 * kshare_domain_keepers() - what keeps an object
 * @domain: the domain
 * @id: the object's &kshare_stat.id
 * @keepers: takes them
 * @room: number of elements at @keepers
 * @total: how many there are, which may be more than are told; may be NULL
 *
 * Nothing is locked meanwhile: it is exact only if nothing changes.
 *
 * Return: how many were stored, @room and KSHARE_MAX_WHO at most; -ENOENT if there is no
 * such object.
 */
int kshare_domain_keepers(struct kshare_obj *domain, uint64_t id, struct kshare_kept_by *keepers,
			  unsigned int room, uint64_t *total);
/** kshare_prep_domain_keepers() - prepares kshare_domain_keepers(): four values for each */
void kshare_prep_domain_keepers(struct kshare_cmd *cmd, struct kshare_obj *domain, uint64_t id);

/**
 * kshare_user_limit() - asks for what a user may have in all domains together, or sets it
 * @k: the client
 * @uid: the user; KSHARE_NO_ID: the one that the client is charged to
 * @which: enum kshare_limit
 * @set: the new limit; NULL to leave it
 * @limit: the limit now; may be NULL
 * @used: what is in use; may be NULL
 *
 * Return: 0; -EPERM to set one, or to ask for another user's, without CAP_SYS_RESOURCE in
 * the initial user namespace; -EOPNOTSUPP for an unknown limit.
 */
int kshare_user_limit(struct kshare *k, uint32_t uid, uint32_t which, const uint64_t *set,
		      uint64_t *limit, uint64_t *used);
/** kshare_prep_user_limit() - prepares kshare_user_limit() */
void kshare_prep_user_limit(struct kshare_cmd *cmd, uint32_t uid, uint32_t which,
			    const uint64_t *set);

KSHARE_END_DECLS

#endif /* KSHARE_DOMAIN_H */
