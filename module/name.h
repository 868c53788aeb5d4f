/* SPDX-License-Identifier: GPL-2.0-only */
/**
 * DOC: names of domains
 *
 * A name is good for one IPC namespace and one user namespace: others do not see
 * it.  It has an owner, a group and a mode, which are looked at when somebody
 * opens it, and never again: what a handle may do was settled then.
 *
 * kshare_names_lock is held over opening, so that a name is either found with a
 * domain that has not ended, or not at all.
 */
#ifndef KSHARE_NAME_H
#define KSHARE_NAME_H

#include <linux/rhashtable.h>
#include <linux/uidgid.h>

#include "domain.h"

struct user_namespace;

/**
 * struct kshare_name_key - what a name is found by
 * @user_ns: the user namespace; a name has a reference to it
 * @ipc_ns: number of the IPC namespace
 * @len: bytes of the name
 * @text: the name
 */
struct kshare_name_key {
	struct user_namespace *user_ns;
	unsigned int ipc_ns;
	u32 len;
	const u8 *text;
};

/**
 * struct kshare_name - a domain's name; kshare_names_lock
 * @node: in the table of names
 * @number: in the list of all
 * @key: what it is found by
 * @ipc_file: keeps the IPC namespace, so that its number is not used again; NULL
 *	for the initial one
 * @uid: owner
 * @gid: group
 * @mode: KSHARE_MODES
 * @domain: whose name it is
 * @rcu: frees it
 * @text: the bytes of @key
 */
struct kshare_name {
	struct rhash_head node;
	u32 number;
	struct kshare_name_key key;
	struct file *ipc_file;
	kuid_t uid;
	kgid_t gid;
	u32 mode;
	struct kshare_domain *domain;
	struct rcu_head rcu;
	u8 text[];
};

/* Bits of a mode that mean something. */
#define KSHARE_MODES	0666

void kshare_names_lock(void);
void kshare_names_unlock(void);
/* The domain ends: its name, if it has one, is the caller's.  Under the lock. */
struct kshare_name *kshare_name_take(struct kshare_domain *domain);
/* Without the lock; NULL is fine. */
void kshare_name_free(struct kshare_name *name);

int kshare_domain_open(struct kshare_run *run);
int kshare_domain_list(struct kshare_run *run);
int kshare_domain_info(struct kshare_run *run);
int kshare_domain_set(struct kshare_run *run);

int kshare_names_init(void);
void kshare_names_exit(void);

#endif /* KSHARE_NAME_H */
