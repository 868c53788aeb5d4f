/* SPDX-License-Identifier: LGPL-2.1-or-later OR MIT */
/*
 * Clients: this process's connections to the kernel.
 *
 * A client belongs to one process and dies with it, by exit, exec or a signal,
 * even while another process still holds a copy of its descriptor.
 *
 * At fork(2) the library clones each client for the child: the child's has the
 * same handles under the same numbers, so every proxy is good in both, and each
 * process lets go of its own.  Not inherited are: locks (they stay with the
 * parent), handles and clients marked not to be inherited (a proxy of such a
 * handle gives -EBADF in the child, every call on such a client -EPERM).  If a
 * client cannot be cloned, the fork goes on without it: in the child every call
 * on it gives -ENOTCONN, and kshare_client_error() tells the reason.
 *
 * vfork(), posix_spawn(), _Fork() and clone() run no fork handlers.  A child
 * made by them must not use its parent's clients: -EPERM; exec is fine.  For
 * children made otherwise there is kshare_client_clone().
 */
#ifndef KSHARE_CLIENT_H
#define KSHARE_CLIENT_H

#include <kshare/base.h>

KSHARE_BEGIN_DECLS

/** KSHARE_CONNECT_NO_INHERIT: children of fork() get nothing of this client */
#define KSHARE_CONNECT_NO_INHERIT	0x01

/**
 * struct kshare_connect_opts - how to connect
 * @size: sizeof(struct kshare_connect_opts)
 * @flags: KSHARE_CONNECT_*
 * @reserved: 0
 * @device: path of the device; NULL for KSHARE_DEVICE
 */
struct kshare_connect_opts {
	size_t size;
	uint32_t flags;
	uint32_t reserved;
	const char *device;
};

/**
 * kshare_connect() - a new client, with a domain of its own
 * @opts: NULL for the usual
 * @k: the client
 *
 * Return: 0; -ENOENT if there is no such device, for want of the module;
 * -EACCES if its mode forbids it; -ENOTTY if it is something else; -EINVAL or
 * -EOPNOTSUPP for wrong @opts; -EMFILE, -ENFILE, -ENOMEM.
 */
int kshare_connect(const struct kshare_connect_opts *opts, struct kshare **k);

/**
 * kshare_disconnect() - lets a client go
 * @k: the client, or NULL
 *
 * It is closed when its last proxy, reply and batch has gone too, since they
 * need it.
 */
void kshare_disconnect(struct kshare *k);

/**
 * kshare_client_clone() - a copy of a client for a child that fork() does not make
 * @k: the client
 *
 * Return: a descriptor (with O_CLOEXEC) that belongs to no process yet, with the
 * same handles under the same numbers but for those not to be inherited.  The
 * process that is to have it calls kshare_client_bind(); to take it along
 * through an exec, clear O_CLOEXEC.
 */
int kshare_client_clone(struct kshare *k);

/**
 * kshare_client_bind() - makes a client of a descriptor of kshare_client_clone()
 * @fd: the descriptor, which is the client's own from then on if it succeeds
 * @opts: @device must be NULL; may be NULL
 * @k: the client.  kshare_from_handle() makes proxies for what it holds.
 *
 * Return: 0; -EPERM if another process has bound it.
 */
int kshare_client_bind(int fd, const struct kshare_connect_opts *opts, struct kshare **k);

/**
 * kshare_client_error() - whether a client can be used in this process
 * @k: the client
 *
 * Return: 0 if so; -EPERM if it was not to be inherited by fork(); else the
 * error that kept it from being cloned.
 */
int kshare_client_error(struct kshare *k);

/**
 * kshare_fd() - the descriptor of a client
 * @k: the client
 *
 * It stays the client's.  Return: the descriptor; -ENOTCONN or -EPERM if there is
 * none in this process.
 */
int kshare_fd(struct kshare *k);

/**
 * kshare_query() - what the module can do
 * @k: the client
 * @q: @size, @ops, @op_count and @op_size are the caller's, as <linux/kshare.h>
 *	says.  @size may be 0 for the size of the structure.
 *
 * Return: 0.
 */
int kshare_query(struct kshare *k, struct kshare_query *q);

/**
 * kshare_has_op() - whether the module knows an operation
 * @k: the client
 * @op: enum kshare_op
 *
 * A command whose operation it does not know fails with -ENOTTY.
 */
bool kshare_has_op(struct kshare *k, uint32_t op);

/**
 * kshare_has_feature() - whether the module can do something
 * @k: the client
 * @feature: KSHARE_FEATURE_*; of several, all
 */
bool kshare_has_feature(struct kshare *k, uint64_t feature);

/**
 * kshare_nop() - the operation that does nothing, for the sake of its cost
 * @k: the client
 *
 * Return: 0.
 */
int kshare_nop(struct kshare *k);

KSHARE_END_DECLS

#endif /* KSHARE_CLIENT_H */
