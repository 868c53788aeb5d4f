// SPDX-License-Identifier: LGPL-2.1-or-later OR MIT
/* Domains. */
#include "internal.h"

int kshare_domain(struct kshare *k, struct kshare_obj **domain)
{
	int err = ks_obj_new(k, k->domain, KSHARE_TYPE_DOMAIN, domain);

	/* The client needs it as long as it lives. */
	if (!err)
		(*domain)->borrowed = true;
	return err;
}

void kshare_prep_domain_root(struct kshare_cmd *cmd, struct kshare_obj *domain, uint32_t flags)
{
	kshare_prep(cmd, KSHARE_OP_DOMAIN_ROOT, domain);
	cmd->flags = flags;
}

int kshare_domain_root(struct kshare_obj *domain, uint32_t flags, struct kshare_obj **root)
{
	struct kshare_cmd cmd;

	kshare_prep_domain_root(&cmd, domain, flags);
	return ks_obj_make(domain->k, &cmd, KSHARE_TYPE_DICT, root);
}

void kshare_prep_domain_limit(struct kshare_cmd *cmd, struct kshare_obj *domain, uint32_t which,
			      const uint64_t *set)
{
	kshare_prep(cmd, KSHARE_OP_DOMAIN_LIMIT, domain);
	cmd->nr = which;
	if (set)
		cmd->value = kshare_uint(*set);
}

int kshare_domain_limit(struct kshare_obj *domain, uint32_t which, const uint64_t *set,
			uint64_t *limit)
{
	struct kshare_result result;
	struct kshare_cmd cmd;
	int ret;

	kshare_prep_domain_limit(&cmd, domain, which, set);
	/* Not ks_run_number(): a limit may use all 64 bits. */
	cmd.out = (uintptr_t)&result;
	cmd.out_len = sizeof(result);
	ret = ks_client_submit(domain->k, &cmd);
	if (ret >= 0 && limit)
		*limit = result.number;
	return ret;
}

void kshare_prep_domain_open(struct kshare_cmd *cmd, const char *name, uint32_t flags,
			     uint32_t mode, uint32_t rights)
{
	kshare_prep(cmd, KSHARE_OP_DOMAIN_OPEN, NULL);
	cmd->key = kshare_str(name);
	/* As with open(2) and O_CREAT. */
	if (flags & KSHARE_MAKE)
		cmd->value = kshare_uint(mode);
	cmd->flags = flags;
	cmd->nr = rights;
}

int kshare_domain_open(struct kshare *k, const char *name, uint32_t flags, uint32_t mode,
		       uint32_t rights, struct kshare_obj **domain)
{
	struct kshare_cmd cmd;

	kshare_prep_domain_open(&cmd, name, flags, mode, rights);
	return ks_obj_make(k, &cmd, KSHARE_TYPE_DOMAIN, domain);
}

/* Four values: name, owner, group, mode. */
static void read_name(const struct kshare_value *v, struct kshare_domain_name *name)
{
	const void *text;
	size_t len;

	memset(name, 0, sizeof(*name));
	text = kshare_value_data(&v[0], &len);
	if (!text)
		return;
	memcpy(name->name, text, len < sizeof(name->name) ? len : sizeof(name->name) - 1);
	name->uid = (uint32_t)v[1].u;
	name->gid = (uint32_t)v[2].u;
	name->mode = (uint32_t)v[3].u;
}

void kshare_prep_domain_list(struct kshare_cmd *cmd, uint64_t cursor, unsigned int room)
{
	kshare_prep(cmd, KSHARE_OP_DOMAIN_LIST, NULL);
	if (cursor)
		cmd->key = kshare_uint(cursor);
	cmd->nr = room;
}

int kshare_domain_list(struct kshare *k, uint64_t *cursor, struct kshare_domain_name *names,
		       unsigned int room)
{
	struct kshare_reply *reply KSHARE_CLEANUP_REPLY = NULL;
	struct kshare_cmd cmd;
	unsigned int count, i;
	int ret;

	/* To the module that is as many as there are. */
	if (!room)
		return -EINVAL;
	kshare_prep_domain_list(&cmd, *cursor, room);
	ret = kshare_submit(k, &cmd, &reply);
	if (ret < 0)
		return ret;
	*cursor = kshare_reply_number(reply);
	count = kshare_reply_count(reply) / 4;
	for (i = 0; i < count && i < room; i++)
		read_name(kshare_reply_value(reply, 4 * i), &names[i]);
	return (int)i;
}

void kshare_prep_domain_info(struct kshare_cmd *cmd, struct kshare_obj *domain)
{
	kshare_prep(cmd, KSHARE_OP_DOMAIN_INFO, domain);
}

int kshare_domain_info(struct kshare_obj *domain, struct kshare_domain_name *info)
{
	struct kshare_reply *reply KSHARE_CLEANUP_REPLY = NULL;
	struct kshare_cmd cmd;
	bool pinned;
	int ret;

	kshare_prep_domain_info(&cmd, domain);
	ret = ks_run(domain, &cmd, &reply);
	if (ret < 0)
		return ret;
	if (kshare_reply_count(reply) < 5)
		return -EDOM;
	read_name(kshare_reply_value(reply, 0), info);
	if (kshare_reply_bool(reply, 4, &pinned) == 0 && pinned)
		info->flags = KSHARE_PIN;
	return 0;
}

void kshare_prep_domain_set(struct kshare_cmd *cmd, struct kshare_obj *domain, uint32_t uid,
			    uint32_t gid, uint32_t mode, uint32_t flags)
{
	kshare_prep(cmd, KSHARE_OP_DOMAIN_SET, domain);
	if (uid != KSHARE_NO_ID)
		cmd->key = kshare_uint(uid);
	if (gid != KSHARE_NO_ID)
		cmd->value = kshare_uint(gid);
	if (mode != KSHARE_NO_ID)
		cmd->expect = kshare_uint(mode);
	cmd->flags = flags;
}

int kshare_domain_set(struct kshare_obj *domain, uint32_t uid, uint32_t gid, uint32_t mode,
		      uint32_t flags)
{
	struct kshare_cmd cmd;

	kshare_prep_domain_set(&cmd, domain, uid, gid, mode, flags);
	return ks_run(domain, &cmd, NULL);
}

void kshare_prep_domain_collect(struct kshare_cmd *cmd, struct kshare_obj *domain)
{
	kshare_prep(cmd, KSHARE_OP_DOMAIN_COLLECT, domain);
}

int64_t kshare_domain_collect(struct kshare_obj *domain)
{
	struct kshare_cmd cmd;

	kshare_prep_domain_collect(&cmd, domain);
	return ks_run_number(domain, &cmd);
}

void kshare_prep_domain_objects(struct kshare_cmd *cmd, struct kshare_obj *domain,
				uint64_t after, unsigned int room)
{
	kshare_prep(cmd, KSHARE_OP_DOMAIN_OBJECTS, domain);
	if (after)
		cmd->key = kshare_uint(after);
	cmd->nr = room;
}

int kshare_domain_objects(struct kshare_obj *domain, uint64_t *after,
			  struct kshare_domain_object *objects, unsigned int room)
{
	struct kshare_reply *reply KSHARE_CLEANUP_REPLY = NULL;
	struct kshare_cmd cmd;
	unsigned int count, i;
	int ret;

	if (!room)
		return -EINVAL;
	kshare_prep_domain_objects(&cmd, domain, *after, room);
	ret = ks_run(domain, &cmd, &reply);
	if (ret < 0)
		return ret;
	count = kshare_reply_count(reply) / 6;
	for (i = 0; i < count && i < room; i++) {
		const struct kshare_value *v = kshare_reply_value(reply, 6 * i);

		objects[i].id = v[0].u;
		objects[i].type = (uint32_t)v[1].i;
		objects[i].bytes = v[2].u;
		objects[i].refs = v[3].u;
		objects[i].pid = (int32_t)v[4].i;
		objects[i].uid = (uint32_t)v[5].u;
		objects[i].reserved = 0;
	}
	if (i)
		*after = objects[i - 1].id;
	return (int)i;
}

void kshare_prep_domain_keepers(struct kshare_cmd *cmd, struct kshare_obj *domain, uint64_t id)
{
	kshare_prep(cmd, KSHARE_OP_DOMAIN_KEEPERS, domain);
	cmd->key = kshare_uint(id);
}

int kshare_domain_keepers(struct kshare_obj *domain, uint64_t id, struct kshare_kept_by *keepers,
			  unsigned int room, uint64_t *total)
{
	struct kshare_reply *reply KSHARE_CLEANUP_REPLY = NULL;
	struct kshare_cmd cmd;
	unsigned int count, i;
	int ret;

	kshare_prep_domain_keepers(&cmd, domain, id);
	ret = ks_run(domain, &cmd, &reply);
	if (ret < 0)
		return ret;
	if (total)
		*total = kshare_reply_number(reply);
	count = kshare_reply_count(reply) / 4;
	for (i = 0; i < count && i < room; i++) {
		const struct kshare_value *v = kshare_reply_value(reply, 4 * i);

		keepers[i].keeper = (uint32_t)v[0].i;
		keepers[i].pid = (int32_t)v[1].i;
		keepers[i].which = v[2].u;
		keepers[i].rights = (uint32_t)v[3].u;
		keepers[i].reserved = 0;
	}
	return (int)i;
}

void kshare_prep_user_limit(struct kshare_cmd *cmd, uint32_t uid, uint32_t which,
			    const uint64_t *set)
{
	kshare_prep(cmd, KSHARE_OP_USER_LIMIT, NULL);
	if (uid != KSHARE_NO_ID)
		cmd->key = kshare_uint(uid);
	if (set)
		cmd->value = kshare_uint(*set);
	cmd->nr = which;
}

int kshare_user_limit(struct kshare *k, uint32_t uid, uint32_t which, const uint64_t *set,
		      uint64_t *limit, uint64_t *used)
{
	struct kshare_reply *reply KSHARE_CLEANUP_REPLY = NULL;
	struct kshare_cmd cmd;
	int ret;

	kshare_prep_user_limit(&cmd, uid, which, set);
	ret = kshare_submit(k, &cmd, &reply);
	if (ret < 0)
		return ret;
	if (limit)
		*limit = kshare_reply_number(reply);
	return used ? kshare_reply_uint(reply, 0, used) : 0;
}
