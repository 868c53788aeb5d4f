/* SPDX-License-Identifier: GPL-2.0 */
/* Batches that are made command by command. */
#ifndef KSHARE_BATCH_TEST_H
#define KSHARE_BATCH_TEST_H

#include "kshare_test.h"

struct many {
	struct kshare_cmd cmds[16];
	int32_t results[16];
	struct kshare_batch batch;
	int n;
};

static inline struct kshare_cmd *add(struct many *m, uint32_t op, uint32_t handle)
{
	m->cmds[m->n] = t_cmd(op, handle);
	return &m->cmds[m->n++];
}

static inline int go(struct side *s, struct many *m, uint32_t flags)
{
	int i;

	for (i = 0; i < 16; i++)
		m->results[i] = INT32_MIN;
	m->batch = (struct kshare_batch){
		.size = sizeof(m->batch),
		.flags = flags,
		.count = m->n,
		.cmds = (uintptr_t)m->cmds,
		.results = (uintptr_t)m->results,
		.cmd_size = sizeof(m->cmds[0]),
	};
	return ioctl(s->fd, KSHARE_IOC_BATCH, &m->batch) ? -errno : 0;
}

#endif /* KSHARE_BATCH_TEST_H */
