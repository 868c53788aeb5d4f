/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef KSHARE_BATCH_H
#define KSHARE_BATCH_H

#include "command.h"

/**
 * kshare_batch_run() - carries out a batch
 * @client: whose it is
 * @batch: the batch; @done is filled in
 * @cmds: its commands, in kernel memory, whole and zero-extended
 *
 * Return: 0 or the error that the ioctl returns.
 */
int kshare_batch_run(struct kshare_client *client, struct kshare_batch *batch,
		     const struct kshare_cmd *cmds);

#endif /* KSHARE_BATCH_H */
