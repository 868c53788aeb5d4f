/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef KSHARE_BATCH_H
#define KSHARE_BATCH_H

#include "command.h"

/**
 * kshare_batch_run() - carries out a batch
 * @client: whose it is
 * @batch: the batch, checked; @done is filled in
 *
 * Return: 0 or the error that the ioctl returns.
 */
int kshare_batch_run(struct kshare_client *client, struct kshare_batch *batch);

#endif /* KSHARE_BATCH_H */
