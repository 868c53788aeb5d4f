/* SPDX-License-Identifier: LGPL-2.1-or-later OR MIT */
/*
 * What the files of the library share.  Names that begin with ks_ are hidden in
 * the shared library, and keep out of the way of programs in the static one.
 */
#ifndef INTERNAL_H
#define INTERNAL_H

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <kshare.h>

#include "engine.h"

#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))

/* Operations whose presence is remembered; enum kshare_op has room below. */
#define OPS_MAX		1024

/**
 * struct kshare - a client
 * @refs: the caller's, and one of each proxy, reply and batch
 * @engine: who carries out its commands
 * @error: 0, or why it cannot be used in this process; changes only in a child of
 *	fork(), which has one thread then
 * @clone_error: of the fork under way
 * @generation: number of forks between this process and the one that connected
 * @domain: handle of its own domain
 * @no_inherit: KSHARE_CONNECT_NO_INHERIT
 * @features: KSHARE_FEATURE_*
 * @max_batch: most commands in one batch
 * @max_vector: most values in one vector
 * @max_out: most bytes of a result
 * @tags: how many tags calls have been given, see ks_call_tag()
 * @prev: in the list of clients, see fork.c
 * @next: likewise
 * @ops: bit n: operation n is there
 */
struct kshare {
	unsigned int refs;
	struct kshare_engine *engine;
	int error;
	int clone_error;
	unsigned int generation;
	uint32_t domain;
	bool no_inherit;
	uint64_t features;
	uint32_t max_batch;
	uint32_t max_vector;
	uint32_t max_out;
	uint64_t tags;
	struct kshare *prev;
	struct kshare *next;
	uint64_t ops[OPS_MAX / 64];
};

/**
 * struct kshare_obj - a proxy
 * @refs: references to it
 * @handle: its handle
 * @type: enum kshare_type; 0 if not known yet
 * @borrowed: the handle is not to be closed
 * @no_inherit: the handle is only good in the process that made it
 * @generation: of the client when it was made
 * @id: &kshare_stat.id; 0 if not known yet
 * @k: its client
 * @methods: of an instance or a class, the names of methods; NULL if not known yet
 * @user: see kshare_set_user()
 * @locals: see kshare_local_set()
 */
struct kshare_obj {
	unsigned int refs;
	uint32_t handle;
	uint32_t type;
	bool borrowed;
	bool no_inherit;
	unsigned int generation;
	uint64_t id;
	struct kshare *k;
	struct ks_methods *methods;
	void *user;
	struct ks_local *locals;
};

/* fork.c */
int ks_clients_add(struct kshare *k);
void ks_clients_del(struct kshare *k);

/* client.c */
int ks_client_new(struct kshare_engine *engine, uint32_t flags, struct kshare **k);
struct kshare *ks_client_hold(struct kshare *k);
void ks_client_put(struct kshare *k);
int ks_client_usable(const struct kshare *k);
int ks_client_submit(struct kshare *k, struct kshare_cmd *cmd);
int ks_client_submit_batch(struct kshare *k, struct kshare_batch *batch);
int ks_opts_copy(void *to, size_t known, size_t least, const void *from);

/* object.c */
int ks_obj_new(struct kshare *k, uint32_t handle, uint32_t type, struct kshare_obj **obj);
int ks_obj_make(struct kshare *k, struct kshare_cmd *cmd, uint32_t type, struct kshare_obj **obj);
int ks_obj_id(struct kshare_obj *obj, uint64_t *id);

/* reply.c */
int ks_reply_prepare(struct kshare_reply **reply, struct kshare *k);
void ks_reply_aim(struct kshare_reply *reply, struct kshare_cmd *cmd);
bool ks_reply_is_short(const struct kshare_reply *reply);
int ks_reply_grow(struct kshare_reply *reply);
void ks_reply_finish(struct kshare_reply *reply, int result);

/* call.c */
uint64_t ks_call_tag(struct kshare *k);
struct kshare_value ks_args(const struct kshare_value *args, uint32_t count);
void ks_methods_share(struct kshare_obj *to, struct kshare_obj *from);
void ks_methods_put(struct ks_methods *methods);

/* error.c */
int ks_error_encode(int64_t code, const char *text, const struct kshare_value *cause,
		    void **buf, struct kshare_value *value);

/* local.c */
void ks_locals_free(struct kshare_obj *obj);
void ks_locals_before_fork(void);
void ks_locals_after_fork(void);

/* uring.c */
bool ks_uring_reads_late(const char *release);

/* lock.c */
int ks_run_acquire(struct kshare_obj *lock, struct kshare_cmd *cmd, uint64_t *token,
		   uint32_t *flags);

/* value.c */
uint32_t ks_value_ref_count(const struct kshare_value *v);

/* command.c */
int ks_run(struct kshare_obj *obj, struct kshare_cmd *cmd, struct kshare_reply **reply);
int64_t ks_run_number(struct kshare_obj *obj, struct kshare_cmd *cmd);
void ks_set_deadline(struct kshare_cmd *cmd, int64_t deadline);

/* Memory management that leaves errno alone. */
static inline void *alloc(size_t size)
{
	int saved = errno;
	void *p = calloc(1, size);

	errno = saved;
	return p;
}

static inline void *resize(void *old, size_t count, size_t size)
{
	int saved = errno;
	void *p = reallocarray(old, count, size);

	errno = saved;
	return p;
}

#endif /* INTERNAL_H */
