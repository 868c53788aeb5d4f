/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef KSHARE_INSPECT_H
#define KSHARE_INSPECT_H

#include "command.h"

/* KSHARE_OP_STAT, KSHARE_OP_WHO */
int kshare_stat(struct kshare_run *run);
int kshare_who_prepare(struct kshare_run *run);
int kshare_who_apply(struct kshare_run *run);

/**
 * struct kshare_who_list - holders and waiters that are told
 * @run: to whom; its result takes them
 * @count: how many there are
 */
struct kshare_who_list {
	struct kshare_run *run;
	u64 count;
};

/* Adds one, or only counts it if there is no room. */
void kshare_who_add(struct kshare_who_list *list, const struct kshare_client *client, u64 owner,
		    u32 number, u64 token);

/* keepers.c: KSHARE_OP_DOMAIN_OBJECTS, KSHARE_OP_DOMAIN_KEEPERS */
int kshare_domain_objects(struct kshare_run *run);
int kshare_domain_keepers(struct kshare_run *run);

/* KSHARE_OP_CLIENT_CLONE, KSHARE_OP_CLIENT_BIND: of the door, which knows files */
int kshare_client_clone_fd(struct kshare_run *run);
int kshare_client_bind_run(struct kshare_run *run);

#endif /* KSHARE_INSPECT_H */
