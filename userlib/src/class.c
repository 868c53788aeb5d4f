// SPDX-License-Identifier: LGPL-2.1-or-later OR MIT
/* Classes, as objects that everybody may look at: names and descriptions. */
#include "internal.h"

void kshare_prep_class_register(struct kshare_cmd *cmd, struct kshare_obj *domain,
				const char *name, const void *info, size_t size,
				uint32_t flags)
{
	kshare_prep(cmd, KSHARE_OP_CLASS_REGISTER, domain);
	cmd->key = kshare_str(name);
	cmd->value = kshare_bytes(info, size);
	cmd->flags = flags;
}

void kshare_prep_class_adopt(struct kshare_cmd *cmd, struct kshare_obj *obj, int64_t deadline)
{
	kshare_prep(cmd, KSHARE_OP_CLASS_ADOPT, obj);
	ks_set_deadline(cmd, deadline);
}

void kshare_prep_class_unregister(struct kshare_cmd *cmd, struct kshare_obj *obj)
{
	kshare_prep(cmd, KSHARE_OP_CLASS_UNREGISTER, obj);
}

void kshare_prep_class_open(struct kshare_cmd *cmd, struct kshare_obj *domain, const char *name,
			    uint32_t flags)
{
	kshare_prep(cmd, KSHARE_OP_CLASS_OPEN, domain);
	cmd->key = kshare_str(name);
	cmd->flags = flags;
}

int kshare_class_open(struct kshare_obj *domain, const char *name, uint32_t flags,
		      struct kshare_obj **obj)
{
	struct kshare_cmd cmd;

	kshare_prep_class_open(&cmd, domain, name, flags);
	return ks_obj_make(domain->k, &cmd, KSHARE_TYPE_CLASS, obj);
}

void kshare_prep_class_list(struct kshare_cmd *cmd, struct kshare_obj *domain, const char *after)
{
	kshare_prep(cmd, KSHARE_OP_CLASS_LIST, domain);
	if (after)
		cmd->key = kshare_str(after);
}

int kshare_class_list(struct kshare_obj *domain, const char *after, struct kshare_reply **reply)
{
	struct kshare_cmd cmd;

	kshare_prep_class_list(&cmd, domain, after);
	return ks_run(domain, &cmd, reply);
}

void kshare_prep_class_describe(struct kshare_cmd *cmd, struct kshare_obj *obj)
{
	kshare_prep(cmd, KSHARE_OP_CLASS_DESCRIBE, obj);
}

int kshare_class_describe(struct kshare_obj *obj, struct kshare_reply **reply)
{
	struct kshare_cmd cmd;

	kshare_prep_class_describe(&cmd, obj);
	return ks_run(obj, &cmd, reply);
}

/* A newer module's structures are longer, an older one's shorter. */
static void copy_known(void *to, size_t known, const void *from, size_t size)
{
	memset(to, 0, known);
	memcpy(to, from, size < known ? size : known);
}

/* The bytes behind @info, of which there are as many as it says. */
static const unsigned char *read_info(const struct kshare_reply *reply,
				      struct kshare_class_info *info)
{
	const struct kshare_value *v = kshare_reply_value(reply, 1);
	const unsigned char *p;
	uint32_t size;
	size_t len;

	if (!v || v->type != KSHARE_BYTES)
		return NULL;
	p = kshare_value_data(v, &len);
	if (len < sizeof(*info))
		return NULL;
	memcpy(&size, p, sizeof(size));
	if (size < sizeof(*info) || size > len)
		return NULL;
	copy_known(info, sizeof(*info), p, size);
	if (info->methods > KSHARE_MAX_METHODS || info->fields > KSHARE_MAX_FIELDS ||
	    info->method_size > len || info->field_size > len ||
	    (size_t)info->methods * info->method_size +
	    (size_t)info->fields * info->field_size > len - size)
		return NULL;
	return p + size;
}

int kshare_described(const struct kshare_reply *reply, struct kshare_class_info *info)
{
	struct kshare_class_info found;

	if (!read_info(reply, &found))
		return -EDOM;
	*info = found;
	return 0;
}

int kshare_described_method(const struct kshare_reply *reply, uint32_t i,
			    struct kshare_class_method *method)
{
	struct kshare_class_info info;
	const unsigned char *p = read_info(reply, &info);

	if (!p)
		return -EDOM;
	if (i >= info.methods)
		return -ENOENT;
	copy_known(method, sizeof(*method), p + (size_t)i * info.method_size, info.method_size);
	return 0;
}

int kshare_described_field(const struct kshare_reply *reply, uint32_t i,
			   struct kshare_class_field *field)
{
	struct kshare_class_info info;
	const unsigned char *p = read_info(reply, &info);

	if (!p)
		return -EDOM;
	if (i >= info.fields)
		return -ENOENT;
	p += (size_t)info.methods * info.method_size + (size_t)i * info.field_size;
	copy_known(field, sizeof(*field), p, info.field_size);
	return 0;
}

void kshare_prep_class_instances(struct kshare_cmd *cmd, struct kshare_obj *obj, uint64_t after,
				 unsigned int room)
{
	kshare_prep(cmd, KSHARE_OP_CLASS_INSTANCES, obj);
	if (after)
		cmd->key = kshare_uint(after);
	cmd->nr = room;
}

void kshare_prep_class_cookie(struct kshare_cmd *cmd, struct kshare_obj *obj, uint64_t id,
			      uint64_t cookie)
{
	kshare_prep(cmd, KSHARE_OP_CLASS_COOKIE, obj);
	cmd->key = kshare_uint(id);
	cmd->value = kshare_uint(cookie);
}

void kshare_prep_instance_create(struct kshare_cmd *cmd, struct kshare_obj *obj, uint64_t cookie,
				 uint32_t flags)
{
	kshare_prep(cmd, KSHARE_OP_INSTANCE_CREATE, obj);
	if (cookie)
		cmd->key = kshare_uint(cookie);
	cmd->flags = flags;
}

void kshare_prep_instance_open(struct kshare_cmd *cmd, struct kshare_obj *obj, uint64_t id,
			       uint32_t flags)
{
	kshare_prep(cmd, KSHARE_OP_INSTANCE_OPEN, obj);
	cmd->key = kshare_uint(id);
	cmd->flags = flags;
}
