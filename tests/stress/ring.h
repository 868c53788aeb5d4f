/* SPDX-License-Identifier: GPL-2.0 */
/* A small io_uring without a library, for programs that throw commands at kshare. */
#ifndef RING_H
#define RING_H

#include <linux/io_uring.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <linux/kshare.h>

#define RING_ENTRIES	64

struct ring {
	int fd;
	struct io_uring_params p;
	__u32 added;
	unsigned char *rings;
	unsigned char *sqes;
};

static inline size_t ring_sqe_size(const struct ring *r)
{
	return r->p.flags & IORING_SETUP_SQE128 ? 128 : 64;
}

static inline size_t ring_cqe_size(const struct ring *r)
{
	return r->p.flags & IORING_SETUP_CQE32 ? 32 : 16;
}

/* What both rings of entries need */
static inline size_t ring_size(const struct ring *r)
{
	size_t sq = r->p.sq_off.array + r->p.sq_entries * sizeof(__u32);
	size_t cq = r->p.cq_off.cqes + r->p.cq_entries * ring_cqe_size(r);

	return sq > cq ? sq : cq;
}

/* @flags: IORING_SETUP_*; 0, or -1 if there is no such io_uring here. */
static inline int ring_open_as(struct ring *r, __u32 flags)
{
	memset(r, 0, sizeof(*r));
	r->p.flags = flags;
	r->fd = (int)syscall(__NR_io_uring_setup, RING_ENTRIES, &r->p);
	if (r->fd < 0)
		return -1;
	r->rings = mmap(NULL, ring_size(r), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE,
			r->fd, IORING_OFF_SQ_RING);
	r->sqes = mmap(NULL, r->p.sq_entries * ring_sqe_size(r), PROT_READ | PROT_WRITE,
		       MAP_SHARED | MAP_POPULATE, r->fd, IORING_OFF_SQES);
	return r->rings == MAP_FAILED || r->sqes == MAP_FAILED ? -1 : 0;
}

/* With entries that hold a whole command */
static inline int ring_open_with(struct ring *r, __u32 flags)
{
	return ring_open_as(r, IORING_SETUP_SQE128 | flags);
}

static inline int ring_open(struct ring *r)
{
	return ring_open_with(r, 0);
}

static inline void ring_close(struct ring *r)
{
	munmap(r->sqes, r->p.sq_entries * ring_sqe_size(r));
	munmap(r->rings, ring_size(r));
	close(r->fd);
}

static inline __u32 *ring_word(struct ring *r, __u32 offset)
{
	return (__u32 *)(r->rings + offset);
}

/* The next entry, all zeroes, which ring_enter() submits with all since the last one */
static inline struct io_uring_sqe *ring_add(struct ring *r)
{
	__u32 tail = *ring_word(r, r->p.sq_off.tail) + r->added;
	__u32 slot = tail & *ring_word(r, r->p.sq_off.ring_mask);
	struct io_uring_sqe *sqe = (struct io_uring_sqe *)(r->sqes + slot * ring_sqe_size(r));

	memset(sqe, 0, ring_sqe_size(r));
	ring_word(r, r->p.sq_off.array)[slot] = slot;
	r->added++;
	return sqe;
}

/* An entry for one command; @fd: of the client. */
static inline struct io_uring_sqe *ring_add_command(struct ring *r, int fd,
						    const struct kshare_cmd *cmd,
						    __u64 user_data)
{
	struct io_uring_sqe *sqe = ring_add(r);

	sqe->opcode = IORING_OP_URING_CMD;
	sqe->fd = fd;
	sqe->off = KSHARE_URING_CMD;	/* cmd_op, and what must be 0 */
	sqe->user_data = user_data;
	memcpy((unsigned char *)sqe + 48, cmd, sizeof(*cmd));
	return sqe;
}

static inline int ring_enter(struct ring *r)
{
	__u32 tail = *ring_word(r, r->p.sq_off.tail) + r->added, added = r->added;

	r->added = 0;
	__atomic_store_n(ring_word(r, r->p.sq_off.tail), tail, __ATOMIC_RELEASE);
	if (r->p.flags & IORING_SETUP_SQPOLL) {
		__atomic_thread_fence(__ATOMIC_SEQ_CST);
		if (__atomic_load_n(ring_word(r, r->p.sq_off.flags), __ATOMIC_RELAXED) &
		    IORING_SQ_NEED_WAKEUP)
			syscall(__NR_io_uring_enter, r->fd, 0, 0, IORING_ENTER_SQ_WAKEUP, NULL, 0);
		return added;
	}
	return (int)syscall(__NR_io_uring_enter, r->fd, added, 0, 0, NULL, 0);
}

/* Submits one command, and returns 1 if there was room; @fd: of the client. */
static inline int ring_submit(struct ring *r, int fd, const struct kshare_cmd *cmd,
			      __u64 user_data)
{
	if (*ring_word(r, r->p.sq_off.tail) + r->added -
	    __atomic_load_n(ring_word(r, r->p.sq_off.head), __ATOMIC_ACQUIRE) >= r->p.sq_entries)
		return 0;
	ring_add_command(r, fd, cmd, user_data);
	return ring_enter(r);
}

/* The next completion, waiting for it if @wait; 1 if there is one. */
static inline int ring_reap(struct ring *r, int wait, __s32 *res, __u64 *user_data)
{
	__u32 head = *ring_word(r, r->p.cq_off.head);
	struct io_uring_cqe *cqe;

	while (head == __atomic_load_n(ring_word(r, r->p.cq_off.tail), __ATOMIC_ACQUIRE)) {
		if (syscall(__NR_io_uring_enter, r->fd, 0, wait ? 1 : 0, IORING_ENTER_GETEVENTS,
			    NULL, 0) < 0)
			return 0;
		if (!wait &&
		    head == __atomic_load_n(ring_word(r, r->p.cq_off.tail), __ATOMIC_ACQUIRE))
			return 0;
	}
	cqe = (struct io_uring_cqe *)(r->rings + r->p.cq_off.cqes +
				      (head & *ring_word(r, r->p.cq_off.ring_mask)) *
				      ring_cqe_size(r));
	*res = cqe->res;
	*user_data = cqe->user_data;
	__atomic_store_n(ring_word(r, r->p.cq_off.head), head + 1, __ATOMIC_RELEASE);
	return 1;
}

#endif /* RING_H */
