/* SPDX-License-Identifier: LGPL-2.1-or-later OR MIT */
/*
 * Commands, alone and in batches.
 *
 * Each operation has a kshare_prep_…() that fills a command and does nothing
 * else.  Its arguments are those of the function that carries it out, without
 * what takes the result.  A command is plain data: it can be submitted again.
 *
 *	struct kshare_cmds *b KSHARE_CLEANUP_BATCH = NULL;
 *
 *	kshare_batch_new(k, KSHARE_BATCH_ATOMIC, &b);
 *	kshare_prep_dict_add(kshare_batch_add(b), from, key, kshare_int(-5), 0);
 *	kshare_prep_dict_add(kshare_batch_add(b), to, key, kshare_int(5), 0);
 *	err = kshare_batch_run(b);
 */
#ifndef KSHARE_COMMAND_H
#define KSHARE_COMMAND_H

#include <kshare/base.h>
#include <kshare/value.h>

KSHARE_BEGIN_DECLS

/**
 * kshare_prep() - prepares any operation
 * @cmd: the command
 * @op: enum kshare_op
 * @obj: the object; NULL for none, or for the client's own domain
 *
 * The other fields are 0, for the caller to fill: a way to operations that this
 * library does not know yet.
 */
void kshare_prep(struct kshare_cmd *cmd, uint32_t op, struct kshare_obj *obj);

/**
 * kshare_submit() - carries out a command
 * @k: the client, of which all proxies in the command must be
 * @cmd: the command; its @out and @out_len are set if @reply is given
 * @reply: takes the result; NULL if it is not wanted, if the operation gives
 *	neither values nor a number beside its result (-EINVAL), or if @cmd->out is
 *	the caller's
 *
 * Return: what the operation gives.  -EINTR if a signal came while it waited, and
 * nothing has been done; a handler with SA_RESTART does not let that happen.
 * -ENOMEM if the reply could not grow to what the result needs: nothing has been
 * done, but for calls of methods, whose answer is lost then.
 */
int kshare_submit(struct kshare *k, struct kshare_cmd *cmd, struct kshare_reply **reply);

/**
 * kshare_batch_new() - an empty batch
 * @k: the client
 * @flags: 0: the commands are carried out in order up to the first that fails;
 *	KSHARE_BATCH_RUN_ON: up to the last; KSHARE_BATCH_ATOMIC: all as one step,
 *	or, if one fails, none
 * @batch: the batch
 *
 * Return: 0; -ENOMEM.
 */
int kshare_batch_new(struct kshare *k, uint32_t flags, struct kshare_cmds **batch);

/**
 * kshare_batch_free() - frees a batch and the replies in it
 * @batch: the batch, or NULL
 */
void kshare_batch_free(struct kshare_cmds *batch);

/**
 * kshare_batch_clear() - takes all commands out of a batch
 * @batch: the batch
 */
void kshare_batch_clear(struct kshare_cmds *batch);

/**
 * kshare_batch_add() - adds a command whose values are not wanted
 * @batch: the batch
 *
 * Return: the command, to be given to a kshare_prep_…(); valid until the next
 * one is added.  Never NULL: if there is no memory kshare_batch_run() says so.
 */
struct kshare_cmd *kshare_batch_add(struct kshare_cmds *batch);

/**
 * kshare_batch_ask() - adds a command with a reply
 * @batch: the batch
 *
 * Only for operations that give values or a number; others fail with -EINVAL.
 *
 * Return: as kshare_batch_add().  kshare_batch_reply() gives the reply.
 */
struct kshare_cmd *kshare_batch_ask(struct kshare_cmds *batch);

/**
 * kshare_batch_run() - carries the commands out
 * @batch: the batch, which can be run again
 *
 * Replies grow as needed, except with KSHARE_BATCH_RUN_ON, where that would
 * disturb the order: there a command fails with -ENOBUFS, unless its reply was
 * given room by kshare_reply_reserve(); kshare_reply_number() tells how much.
 *
 * Return: 0, or the first error (with KSHARE_BATCH_RUN_ON only if nothing was
 * carried out); -E2BIG if there are too many for one step.
 */
int kshare_batch_run(struct kshare_cmds *batch);

/** kshare_batch_count() - number of commands */
unsigned int kshare_batch_count(const struct kshare_cmds *batch);

/**
 * kshare_batch_done() - how far kshare_batch_run() came
 * @batch: the batch
 *
 * Return: the number of commands that were carried out, or the index of the one
 * that failed.
 */
unsigned int kshare_batch_done(const struct kshare_cmds *batch);

/**
 * kshare_batch_result() - what a command gave
 * @batch: the batch
 * @i: which one
 *
 * Return: its result; -ECANCELED if it was not carried out, or undone because
 * another failed; -ERANGE if there is no such command.
 */
int kshare_batch_result(const struct kshare_cmds *batch, unsigned int i);

/**
 * kshare_batch_reply() - the reply of a command
 * @batch: the batch
 * @i: which one
 *
 * Return: the reply, which stays the batch's; NULL if it has none.
 */
struct kshare_reply *kshare_batch_reply(const struct kshare_cmds *batch, unsigned int i);

/** kshare_prep_nop() - prepares kshare_nop() */
void kshare_prep_nop(struct kshare_cmd *cmd);

/** kshare_prep_close() - prepares what kshare_unref() does last: @handle is closed */
void kshare_prep_close(struct kshare_cmd *cmd, uint32_t handle);

/** kshare_prep_dup() - prepares kshare_dup(); the result is a handle */
void kshare_prep_dup(struct kshare_cmd *cmd, struct kshare_obj *obj, uint32_t rights,
		     uint32_t flags);

/** kshare_prep_stat() - prepares kshare_stat(); @st is filled when it is carried out */
void kshare_prep_stat(struct kshare_cmd *cmd, struct kshare_obj *obj, struct kshare_stat *st);

/** kshare_prep_create() - prepares kshare_create(); the result is a handle */
void kshare_prep_create(struct kshare_cmd *cmd, struct kshare_obj *domain, uint32_t type,
			uint32_t elem, struct kshare_value length, struct kshare_value value,
			uint32_t flags);

/** kshare_prep_client_clone() - prepares kshare_client_clone() */
void kshare_prep_client_clone(struct kshare_cmd *cmd);

/** kshare_prep_client_bind() - prepares what kshare_client_bind() does first */
void kshare_prep_client_bind(struct kshare_cmd *cmd);

/** kshare_prep_check_version() - prepares kshare_check_version(), for batches */
void kshare_prep_check_version(struct kshare_cmd *cmd, struct kshare_obj *obj, uint64_t version);

KSHARE_END_DECLS

#endif /* KSHARE_COMMAND_H */
