/* SPDX-License-Identifier: LGPL-2.1-or-later OR MIT */
/*
 * Waiting for one of several objects, or for all; ending a wait from elsewhere.
 *
 *	struct kshare_reply *job = NULL;
 *	struct kshare_reply **replies[2] = { &job, NULL };
 *	struct kshare_cmd cmds[2];
 *
 *	kshare_prep_queue_get(&cmds[0], queue, KSHARE_FOREVER);
 *	kshare_prep_event_wait(&cmds[1], stop, KSHARE_FOREVER);
 *	which = kshare_wait_any(k, cmds, 2, deadline, replies, NULL);
 *
 * The commands wait on different objects of one domain, and have no deadline of their
 * own (KSHARE_FOREVER) and no tag.
 */
#ifndef KSHARE_WAIT_H
#define KSHARE_WAIT_H

#include <kshare/base.h>

KSHARE_BEGIN_DECLS

/**
 * kshare_set_deadline() - gives a prepared command another deadline
 * @cmd: a command that waits
 * @deadline: an absolute time, KSHARE_FOREVER or KSHARE_TRY
 */
void kshare_set_deadline(struct kshare_cmd *cmd, int64_t deadline);

/**
 * kshare_set_tag() - gives a prepared command a number by which it can be canceled
 * @cmd: a command that waits
 * @tag: a number of the caller's choice; 0 for none
 */
void kshare_set_tag(struct kshare_cmd *cmd, uint64_t tag);

/**
 * kshare_cancel() - ends commands of this client that wait
 * @k: the client
 * @tag: those with this tag, which is not 0
 *
 * They fail with -ECANCELED, and have done nothing, in whatever way they came.
 *
 * Return: how many; -ENOENT if there are none: they may have succeeded.
 */
int kshare_cancel(struct kshare *k, uint64_t tag);
/** kshare_prep_cancel() - prepares kshare_cancel() */
void kshare_prep_cancel(struct kshare_cmd *cmd, uint64_t tag);

/**
 * kshare_wait_any() - carries out that one of several commands that can be first
 * @k: the client
 * @cmds: prepared commands that wait; their @out is set for those with a reply
 * @count: number of them, 1 to KSHARE_MAX_WAIT
 * @deadline: an absolute time, KSHARE_FOREVER or KSHARE_TRY
 * @replies: for each command where its reply goes, as for the function that carries it
 *	out alone; NULL for those without; may be NULL itself.  Only that of the command
 *	that was carried out holds something afterwards.
 * @result: what that command gave; may be NULL
 *
 * Of several that can be carried out it is the first of the array.
 *
 * Return: the index of the command; -ETIMEDOUT; -EAGAIN with KSHARE_TRY; -EINTR; -EINVAL
 * if they are no such commands, or two are for one object; -EXDEV if the objects are of
 * several domains; the error of any of them.  After an error none was carried out.
 */
int kshare_wait_any(struct kshare *k, struct kshare_cmd *cmds, uint32_t count, int64_t deadline,
		    struct kshare_reply **const *replies, int64_t *result);
/** kshare_prep_wait_any() - prepares kshare_wait_any(); @cmds must stay until it is submitted */
void kshare_prep_wait_any(struct kshare_cmd *cmd, const struct kshare_cmd *cmds, uint32_t count,
			  int64_t deadline);

/**
 * kshare_wait_all() - carries out several commands as one step, once all can be
 * @k: the client
 * @cmds: prepared commands that wait; their @out is set for those with a reply
 * @count: number of them, 1 to KSHARE_MAX_WAIT
 * @deadline: an absolute time, KSHARE_FOREVER or KSHARE_TRY
 * @replies: as for kshare_wait_any()
 * @results: takes what each command gave; may be NULL
 *
 * Nothing is held meanwhile, so it cannot be part of a deadlock with others that wait
 * for all; on a single object others may overtake.
 *
 * Return: 0; errors as kshare_wait_any().
 */
int kshare_wait_all(struct kshare *k, struct kshare_cmd *cmds, uint32_t count, int64_t deadline,
		    struct kshare_reply **const *replies, int64_t *results);
/** kshare_prep_wait_all() - prepares kshare_wait_all(); @cmds must stay until it is submitted */
void kshare_prep_wait_all(struct kshare_cmd *cmd, const struct kshare_cmd *cmds, uint32_t count,
			  int64_t deadline);

KSHARE_END_DECLS

#endif /* KSHARE_WAIT_H */
