/* SPDX-License-Identifier: LGPL-2.1-or-later OR MIT */
/*
 * Sharing with strangers: an object goes to a process that is no child of this one,
 * as a descriptor or as a ticket, and can be taken back.  To meet by a name see
 * kshare/domain.h.
 *
 *	kshare_dup(dict, KSHARE_RIGHT_READ | KSHARE_RIGHT_TRANSFER, KSHARE_REVOCABLE, &lent);
 *	kshare_send(lent, socket, KSHARE_RIGHT_READ);
 *	…				// at the other end: kshare_receive(k, socket, 0, 0, &dict)
 *	kshare_revoke(lent);		// whoever has it: -ESTALE
 */
#ifndef KSHARE_SHARE_H
#define KSHARE_SHARE_H

#include <kshare/base.h>

KSHARE_BEGIN_DECLS

/** KSHARE_NO_ID: no user or group, as (uid_t)-1 elsewhere */
#define KSHARE_NO_ID	UINT32_MAX

/**
 * kshare_revoke() - ends a handle, and all that was made from it
 * @obj: a proxy that kshare_dup() made with KSHARE_REVOCABLE, in this client
 *
 * From now on the proxy, and whatever comes from it (handles, stored references,
 * tickets, descriptors, in any process), gives -ESTALE.  Who waits by way of it is
 * woken with -ESTALE.  What is held of the object by those who have no other way to it
 * is given back.  Commands under way are finished, an array that is mapped stays
 * mapped, and what was read out of a container by it is a reference of its own.
 *
 * Return: 0; -EPERM if @obj was made otherwise; -ESTALE if it was revoked before.
 */
int kshare_revoke(struct kshare_obj *obj);
/** kshare_prep_revoke() - prepares kshare_revoke() */
void kshare_prep_revoke(struct kshare_cmd *cmd, struct kshare_obj *obj);

/**
 * kshare_export_fd_rights() - a descriptor of an object, for another process
 * @obj: its proxy, with KSHARE_RIGHT_TRANSFER
 * @rights: KSHARE_RIGHT_* that kshare_import_fd() can get, no more than @obj has; 0 for
 *	the same
 *
 * The same as kshare_export_fd(), but for the rights.  Whoever gets the descriptor
 * (SCM_RIGHTS, exec, pidfd_getfd(2)) has the permission.  It keeps the object, and
 * outlives this process.
 *
 * Return: the descriptor (with O_CLOEXEC), which is the caller's; -EACCES for more rights
 * than @obj has; -EMFILE.
 */
int kshare_export_fd_rights(struct kshare_obj *obj, uint32_t rights);
/** kshare_prep_export_fd_rights() - prepares kshare_export_fd_rights() */
void kshare_prep_export_fd_rights(struct kshare_cmd *cmd, struct kshare_obj *obj,
				  uint32_t rights);

/**
 * kshare_import_fd() - the object of a descriptor of kshare_export_fd()
 * @k: the client
 * @fd: the descriptor, which stays the caller's, and may be closed then
 * @rights: KSHARE_RIGHT_*, no more than it brings; 0 for all of them
 * @flags: KSHARE_NO_INHERIT
 * @obj: the proxy
 *
 * Return: 0; -EBADF if that is no descriptor; -EINVAL if it is of something else;
 * -EACCES for more rights, or if it is for poll(2) alone; -ESTALE if it was revoked.
 */
int kshare_import_fd(struct kshare *k, int fd, uint32_t rights, uint32_t flags,
		     struct kshare_obj **obj);
/** kshare_prep_import_fd() - prepares kshare_import_fd(); the result is a handle */
void kshare_prep_import_fd(struct kshare_cmd *cmd, int fd, uint32_t rights, uint32_t flags);

/**
 * kshare_send() - sends an object through a UNIX socket
 * @obj: its proxy, with KSHARE_RIGHT_TRANSFER
 * @sock: a connected socket of AF_UNIX, of any type
 * @rights: KSHARE_RIGHT_* that it brings, no more than @obj has; 0 for the same
 *
 * kshare_export_fd_rights(), and sendmsg(2) of a zero byte with that descriptor.  What
 * else goes through the socket is the caller's business.  It waits as the socket does.
 *
 * Return: 0; -EACCES; what sendmsg(2) gives, so -EPIPE (without a signal) if nobody
 * can receive it, -EAGAIN if the socket does not wait, and -EINTR: nothing was sent.
 */
int kshare_send(struct kshare_obj *obj, int sock, uint32_t rights);

/**
 * kshare_receive() - the object that kshare_send() has sent
 * @k: the client
 * @sock: the other end of the socket
 * @rights: KSHARE_RIGHT_*, no more than it brings; 0 for all of them
 * @flags: KSHARE_NO_INHERIT
 * @obj: the proxy
 *
 * recvmsg(2) of one byte with a descriptor, and kshare_import_fd().  Descriptors of
 * something else are closed.
 *
 * Return: 0; -EPIPE if the other end was closed; -EBADMSG if what has come has no
 * descriptor; -EINVAL if that is of something else; -EACCES; -ESTALE if it was revoked;
 * what recvmsg(2) gives, so -EAGAIN and -EINTR: nothing was received.
 */
int kshare_receive(struct kshare *k, int sock, uint32_t rights, uint32_t flags,
		   struct kshare_obj **obj);

/**
 * kshare_ticket_create() - a ticket for an object: text that stands for it
 * @obj: its proxy, with KSHARE_RIGHT_TRANSFER
 * @rights: KSHARE_RIGHT_* that it brings, no more than @obj has; 0 for the same
 * @uses: how often it can be redeemed, 1 at least
 * @uid: who can redeem it; KSHARE_NO_ID: whoever knows it
 * @until: it is good until then, even without this client: a deadline, see
 *	kshare_deadline_in_ms(); KSHARE_FOREVER: until this client ends
 * @ticket: takes it: KSHARE_TICKET_LEN hexadecimal digits and a zero byte
 * @number: its number, for kshare_ticket_revoke(); may be NULL
 *
 * A ticket is a secret.  It keeps the object.
 *
 * Return: 0; -EACCES; -EINVAL for no use; -EDQUOT.
 */
int kshare_ticket_create(struct kshare_obj *obj, uint32_t rights, uint64_t uses, uint32_t uid,
			 int64_t until, char ticket[KSHARE_TICKET_LEN + 1], uint64_t *number);
/** kshare_prep_ticket_create() - prepares kshare_ticket_create(); it must have a reply */
void kshare_prep_ticket_create(struct kshare_cmd *cmd, struct kshare_obj *obj, uint32_t rights,
			       uint64_t uses, uint32_t uid, int64_t until);

/**
 * kshare_ticket_redeem() - the object of a ticket, for one of its uses
 * @k: the client
 * @ticket: the ticket
 * @rights: KSHARE_RIGHT_*, no more than it brings; 0 for all of them
 * @flags: KSHARE_NO_INHERIT
 * @obj: the proxy
 *
 * Return: 0; -EINVAL if that can be no ticket; -ENOENT if there is none such (any more);
 * -EPERM if it is for another user; -EACCES for more rights; -ESTALE if it was made of
 * what was revoked; -EAGAIN if this user has lately tried too many that do not exist.
 */
int kshare_ticket_redeem(struct kshare *k, const char *ticket, uint32_t rights, uint32_t flags,
			 struct kshare_obj **obj);
/** kshare_prep_ticket_redeem() - prepares kshare_ticket_redeem(); the result is a handle */
void kshare_prep_ticket_redeem(struct kshare_cmd *cmd, const char *ticket, uint32_t rights,
			       uint32_t flags);

/**
 * kshare_ticket_revoke() - ends a ticket
 * @k: the client that made it
 * @number: its number
 *
 * Whoever has redeemed it keeps what it brought.
 *
 * Return: 0; -ENOENT if there is none such (any more).
 */
int kshare_ticket_revoke(struct kshare *k, uint64_t number);
/** kshare_prep_ticket_revoke() - prepares kshare_ticket_revoke() */
void kshare_prep_ticket_revoke(struct kshare_cmd *cmd, uint64_t number);

KSHARE_END_DECLS

#endif /* KSHARE_SHARE_H */
