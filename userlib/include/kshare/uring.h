/* SPDX-License-Identifier: LGPL-2.1-or-later OR MIT */
/*
 * Commands through a ring of the caller's own, made with liburing or without.
 *
 *	struct io_uring_sqe *sqe = io_uring_get_sqe(&ring);	// IORING_SETUP_SQE128
 *	struct kshare_cmd cmd;
 *
 *	kshare_prep_queue_get(&cmd, queue, KSHARE_FOREVER);
 *	kshare_uring_prep_reply(sqe, k, &cmd, &reply);
 *	io_uring_sqe_set_data(sqe, job);
 *	io_uring_submit(&ring);
 *	…
 *	ret = kshare_uring_complete(reply, cqe->res);
 *	if (ret == -ENOBUFS)
 *		again;			// the reply has the room now
 *
 * The order is that of liburing's own functions: first one that prepares, which sets
 * all of the entry but its user_data; then what sets flags and data.
 *
 * Owners of locks, rlocks and rwlocks must be given, as kshare_uint(): a command may be
 * carried out by any thread, so kshare_none(), the calling thread, is -EINVAL.
 *
 * Waits are ended by their deadline or by kshare_cancel(), since io_uring knows how to
 * cancel or time out only its own operations.
 *
 * Before Linux 6.7 a command that waits holds one of io_uring's worker threads, of which
 * there are few: kshare_has_feature(k, KSHARE_FEATURE_URING_WAITS) is false then.
 */
#ifndef KSHARE_URING_H
#define KSHARE_URING_H

#include <kshare/base.h>

struct io_uring_sqe;

KSHARE_BEGIN_DECLS

/**
 * kshare_uring_prep() - puts a command into an entry of 128 bytes
 * @sqe: an entry of a ring with IORING_SETUP_SQE128; on another the kernel answers
 *	-EINVAL, but what lies behind the entry is overwritten
 * @k: the client, of which all proxies in the command must be
 * @cmd: the command, which is copied
 *
 * What the command points at (long values, vectors, its @out, other commands) must stay
 * until it has been submitted, and its @out until it has been completed.
 *
 * Return: 0; -ENOTCONN or -EPERM if the client is none of this process's.  Then the
 * entry will be completed with -EBADF, if it is submitted.
 */
int kshare_uring_prep(struct io_uring_sqe *sqe, struct kshare *k, const struct kshare_cmd *cmd);

/**
 * kshare_uring_prep_ptr() - puts the address of a command into an entry of any ring
 * @sqe: the entry
 * @k: the client
 * @cmd: the command, which must stay until it has been submitted
 *
 * Else as kshare_uring_prep().
 */
int kshare_uring_prep_ptr(struct io_uring_sqe *sqe, struct kshare *k,
			  const struct kshare_cmd *cmd);

/**
 * kshare_uring_aim() - lets a command write its result into a reply
 * @k: the client
 * @cmd: a prepared command, whose @out is set
 * @reply: takes the result; as for kshare_submit(), but it may neither be freed nor be
 *	used otherwise until the command has been completed
 *
 * For kshare_uring_prep_ptr(), and for what is to be done before there is an entry.
 *
 * Return: 0; -ENOMEM.
 */
int kshare_uring_aim(struct kshare *k, struct kshare_cmd *cmd, struct kshare_reply **reply);

/**
 * kshare_uring_prep_reply() - kshare_uring_aim(), then kshare_uring_prep()
 * @sqe: an entry of a ring with IORING_SETUP_SQE128
 * @k: the client
 * @cmd: the command, whose @out is set
 * @reply: takes the result
 *
 * Return: 0; -ENOTCONN or -EPERM as kshare_uring_prep(); -ENOMEM, after which the entry
 * will be completed with -EBADF as well.
 */
int kshare_uring_prep_reply(struct io_uring_sqe *sqe, struct kshare *k, struct kshare_cmd *cmd,
			    struct kshare_reply **reply);

/**
 * kshare_uring_set_fixed() - names the client by a registered descriptor
 * @sqe: an entry that has been prepared
 * @index: where kshare_fd() stands among the ring's registered descriptors
 */
void kshare_uring_set_fixed(struct io_uring_sqe *sqe, unsigned int index);

/**
 * kshare_uring_complete() - what a completion means
 * @reply: the reply that the command was aimed at; NULL if it had none
 * @res: the completion's res
 *
 * Return: @res, what the operation gives, and the reply holds the values; -ENOBUFS: the
 * result did not fit and nothing was done, but now the reply has the room, so the caller
 * prepares and submits the command again (of a call, and of what answers one and serves,
 * kshare_prep_again() makes another); -ENOMEM: it could not get that room; -E2BIG: no
 * reply may be so large.
 */
int kshare_uring_complete(struct kshare_reply *reply, int res);

/**
 * kshare_uring_flags() - the flags that an entry needs on this kernel
 * @flags: IOSQE_* that the caller wants
 * @linked: whether the entry is linked behind another
 *
 * Linux 6.10 to 6.13 read an entry with IOSQE_IO_DRAIN, and one that is linked behind
 * another, only when its turn comes, when the ring may have used it for something else.
 * IOSQE_ASYNC keeps them from that.
 *
 * Return: @flags, with IOSQE_ASYNC added where that is needed.
 */
unsigned int kshare_uring_flags(unsigned int flags, bool linked);

KSHARE_END_DECLS

#endif /* KSHARE_URING_H */
