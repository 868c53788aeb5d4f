/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef KSHARE_TYPES_LOCK_H
#define KSHARE_TYPES_LOCK_H

struct kshare_client;

/* Passes on all locks of a client that is being settled. */
void kshare_locks_settle(struct kshare_client *client);

#endif /* KSHARE_TYPES_LOCK_H */
