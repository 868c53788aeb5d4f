/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef KSHARE_INSPECT_H
#define KSHARE_INSPECT_H

#include "command.h"

/* KSHARE_OP_STAT */
int kshare_stat(struct kshare_run *run);

/* KSHARE_OP_CLIENT_CLONE, KSHARE_OP_CLIENT_BIND: of the door, which knows files */
int kshare_client_clone_fd(struct kshare_run *run);
int kshare_client_bind_run(struct kshare_run *run);

#endif /* KSHARE_INSPECT_H */
