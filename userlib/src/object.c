// SPDX-License-Identifier: LGPL-2.1-or-later OR MIT
/* Proxies, and what all types of objects have in common. */
#include "internal.h"

int ks_obj_new(struct kshare *k, uint32_t handle, uint32_t type, struct kshare_obj **obj)
{
	struct kshare_obj *new = alloc(sizeof(*new));

	if (!new)
		return -ENOMEM;
	new->refs = 1;
	new->handle = handle;
	new->type = type;
	new->k = ks_client_hold(k);
	new->generation = k->generation;
	*obj = new;
	return 0;
}

static void obj_free(struct kshare_obj *obj)
{
	ks_methods_put(obj->methods);
	ks_locals_free(obj);
	ks_client_put(obj->k);
	free(obj);
}

/* Whether the handle stayed behind in another process. */
static bool obj_is_lost(const struct kshare_obj *obj)
{
	return obj->no_inherit && obj->generation != obj->k->generation;
}

/* Carries out a command whose result is a handle, and makes a proxy of it. */
int ks_obj_make(struct kshare *k, struct kshare_cmd *cmd, uint32_t type, struct kshare_obj **obj)
{
	struct kshare_obj *new;
	int ret;

	/* First the memory: what could be done with the handle if there is none? */
	ret = ks_obj_new(k, 0, type, &new);
	if (ret)
		return ret;
	new->no_inherit = cmd->flags & KSHARE_NO_INHERIT;
	ret = ks_client_submit(k, cmd);
	if (ret < 0) {
		obj_free(new);
		return ret;
	}
	new->handle = (uint32_t)ret;
	*obj = new;
	return 0;
}

struct kshare_obj *kshare_hold(struct kshare_obj *obj)
{
	if (obj)
		__atomic_add_fetch(&obj->refs, 1, __ATOMIC_RELAXED);
	return obj;
}

void kshare_unref(struct kshare_obj *obj)
{
	struct kshare_cmd cmd;

	if (!obj || __atomic_sub_fetch(&obj->refs, 1, __ATOMIC_ACQ_REL))
		return;
	/* A lost handle's number may be another object's by now. */
	if (!obj->borrowed && !obj_is_lost(obj)) {
		kshare_prep_close(&cmd, obj->handle);
		ks_client_submit(obj->k, &cmd);
	}
	obj_free(obj);
}

void kshare_cleanup_obj(struct kshare_obj **obj)
{
	kshare_unref(*obj);
}

int kshare_from_handle(struct kshare *k, uint32_t handle, struct kshare_obj **obj)
{
	return ks_obj_new(k, handle, 0, obj);
}

uint32_t kshare_handle(struct kshare_obj *obj)
{
	/* No client has that many handles: EBADF. */
	return obj_is_lost(obj) ? UINT32_MAX : obj->handle;
}

struct kshare *kshare_client(struct kshare_obj *obj)
{
	return obj->k;
}

void kshare_prep_close(struct kshare_cmd *cmd, uint32_t handle)
{
	kshare_prep(cmd, KSHARE_OP_CLOSE, NULL);
	cmd->handle = handle;
}

void kshare_prep_create(struct kshare_cmd *cmd, struct kshare_obj *domain, uint32_t type,
			uint32_t elem, struct kshare_value length, struct kshare_value value,
			uint32_t flags)
{
	kshare_prep(cmd, KSHARE_OP_CREATE, domain);
	cmd->nr = KSHARE_CREATE_NR(type, elem);
	cmd->key = length;
	cmd->value = value;
	cmd->flags = flags;
}

int kshare_create(struct kshare *k, const struct kshare_create_opts *opts,
		  struct kshare_obj **obj)
{
	struct kshare_value length = kshare_none();
	struct kshare_create_opts o;
	struct kshare_cmd cmd;
	int err;

	err = ks_opts_copy(&o, sizeof(o), sizeof(o), opts);
	if (err)
		return err;
	if (o.reserved || o.type > UINT16_MAX || o.elem > UINT16_MAX)
		return -EINVAL;
	/* 0 is a length, or a number of permits, but no bound and no number of parties. */
	if (o.type == KSHARE_TYPE_ARRAY || o.type == KSHARE_TYPE_SEMAPHORE || o.length)
		length = kshare_uint(o.length);
	kshare_prep_create(&cmd, o.domain, o.type, o.elem, length, o.value, o.flags);
	return ks_obj_make(k, &cmd, o.type, obj);
}

void kshare_prep_dup(struct kshare_cmd *cmd, struct kshare_obj *obj, uint32_t rights,
		     uint32_t flags)
{
	kshare_prep(cmd, KSHARE_OP_DUP, obj);
	cmd->nr = rights;
	cmd->flags = flags;
}

int kshare_dup(struct kshare_obj *obj, uint32_t rights, uint32_t flags, struct kshare_obj **dup)
{
	struct kshare_cmd cmd;
	int err;

	kshare_prep_dup(&cmd, obj, rights, flags);
	err = ks_obj_make(obj->k, &cmd, __atomic_load_n(&obj->type, __ATOMIC_RELAXED), dup);
	if (!err)
		ks_methods_share(*dup, obj);
	return err;
}

void kshare_prep_stat(struct kshare_cmd *cmd, struct kshare_obj *obj, struct kshare_stat *st)
{
	kshare_prep(cmd, KSHARE_OP_STAT, obj);
	cmd->out = (uintptr_t)st;
	cmd->out_len = sizeof(*st);
}

int kshare_stat(struct kshare_obj *obj, struct kshare_stat *st)
{
	struct kshare_cmd cmd;
	int err;

	memset(st, 0, sizeof(*st));
	kshare_prep_stat(&cmd, obj, st);
	err = ks_client_submit(obj->k, &cmd);
	if (err < 0)
		return err;
	/* Neither ever changes. */
	__atomic_store_n(&obj->type, st->type, __ATOMIC_RELAXED);
	__atomic_store_n(&obj->id, st->id, __ATOMIC_RELAXED);
	return 0;
}

int kshare_type(struct kshare_obj *obj)
{
	uint32_t type = __atomic_load_n(&obj->type, __ATOMIC_RELAXED);
	struct kshare_stat st;
	int err;

	if (type)
		return (int)type;
	err = kshare_stat(obj, &st);
	return err ? err : (int)st.type;
}

int ks_obj_id(struct kshare_obj *obj, uint64_t *id)
{
	struct kshare_stat st;
	int err;

	*id = __atomic_load_n(&obj->id, __ATOMIC_RELAXED);
	if (*id)
		return 0;
	err = kshare_stat(obj, &st);
	*id = st.id;
	return err;
}

int kshare_same(struct kshare_obj *a, struct kshare_obj *b)
{
	uint64_t ida;
	uint64_t idb;
	int err;

	if (a == b)
		return 1;
	if (!a || !b)
		return 0;
	err = ks_obj_id(a, &ida);
	if (!err)
		err = ks_obj_id(b, &idb);
	return err ? err : ida == idb;
}

void kshare_prep_check_version(struct kshare_cmd *cmd, struct kshare_obj *obj, uint64_t version)
{
	kshare_prep(cmd, KSHARE_OP_CHECK_VERSION, obj);
	cmd->value = kshare_uint(version);
}

int kshare_check_version(struct kshare_obj *obj, uint64_t version)
{
	struct kshare_cmd cmd;

	kshare_prep_check_version(&cmd, obj, version);
	return ks_run(obj, &cmd, NULL);
}

void kshare_prep_export_fd(struct kshare_cmd *cmd, struct kshare_obj *obj)
{
	kshare_prep(cmd, KSHARE_OP_EXPORT_FD, obj);
}

int kshare_export_fd(struct kshare_obj *obj)
{
	struct kshare_cmd cmd;

	kshare_prep_export_fd(&cmd, obj);
	return ks_run(obj, &cmd, NULL);
}

void kshare_prep_who(struct kshare_cmd *cmd, struct kshare_obj *obj)
{
	kshare_prep(cmd, KSHARE_OP_WHO, obj);
}

int kshare_who(struct kshare_obj *obj, struct kshare_claim *claims, unsigned int room,
	       uint64_t *total)
{
	struct kshare_reply *reply KSHARE_CLEANUP_REPLY = NULL;
	struct kshare_cmd cmd;
	unsigned int count, i;
	int ret;

	kshare_prep_who(&cmd, obj);
	ret = ks_run(obj, &cmd, &reply);
	if (ret < 0)
		return ret;
	if (total)
		*total = kshare_reply_number(reply);
	count = kshare_reply_count(reply) / 4;
	for (i = 0; i < count && i < room; i++) {
		const struct kshare_value *v = kshare_reply_value(reply, 4 * i);

		claims[i].pid = (int32_t)v[0].i;
		claims[i].reserved = 0;
		claims[i].owner = v[1].u;
		claims[i].count = v[2].i;
		claims[i].token = v[3].u;
	}
	return (int)i;
}
