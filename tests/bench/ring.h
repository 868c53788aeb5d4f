/* SPDX-License-Identifier: GPL-2.0 */
/* Commands through io_uring. */
#ifndef KSHARE_BENCH_RING_H
#define KSHARE_BENCH_RING_H

#include <liburing.h>
#include <stddef.h>

/* A ring for commands in place, or none: then why not is told. */
static inline bool ring_open(struct io_uring *ring, unsigned int entries, unsigned int flags,
			     const char *program)
{
	int ret = io_uring_queue_init(entries, ring, IORING_SETUP_SQE128 | flags);

	if (ret < 0)
		fprintf(stderr, "%s: no io_uring: %s\n", program, strerror(-ret));
	return ret == 0;
}

static inline void ring_add(struct io_uring *ring, int file, unsigned int flags,
			    const struct kshare_cmd *cmd, uint64_t data)
{
	struct io_uring_sqe *sqe = io_uring_get_sqe(ring);

	if (!sqe) {
		fprintf(stderr, "the ring is full\n");
		exit(1);
	}
	io_uring_prep_rw(IORING_OP_URING_CMD, sqe, file, NULL, 0, 0);
	sqe->flags = flags;
	sqe->cmd_op = KSHARE_URING_CMD;
	sqe->user_data = data;
	/* Its array's length is not in its type. */
	memcpy((char *)sqe + offsetof(struct io_uring_sqe, cmd), cmd, sizeof(*cmd));
}

#endif /* KSHARE_BENCH_RING_H */
