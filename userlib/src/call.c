// SPDX-License-Identifier: LGPL-2.1-or-later OR MIT
/* Calling methods: names of methods, arguments, and answers that do not fit. */
#include "internal.h"

/**
 * struct ks_methods - the names of a class's methods, which never change
 * @refs: proxies that know them
 * @count: number of them
 * @names: each with a NUL
 */
struct ks_methods {
	unsigned int refs;
	uint32_t count;
	char names[][KSHARE_MAX_CLASS_NAME + 1];
};

void ks_methods_put(struct ks_methods *methods)
{
	if (methods && !__atomic_sub_fetch(&methods->refs, 1, __ATOMIC_ACQ_REL))
		free(methods);
}

/* @to is new, and known to nobody else yet. */
void ks_methods_share(struct kshare_obj *to, struct kshare_obj *from)
{
	to->methods = __atomic_load_n(&from->methods, __ATOMIC_ACQUIRE);
	if (to->methods)
		__atomic_add_fetch(&to->methods->refs, 1, __ATOMIC_RELAXED);
}

static int ask_methods(struct kshare_obj *obj, struct ks_methods **methods)
{
	struct kshare_reply *reply KSHARE_CLEANUP_REPLY = NULL;
	struct kshare_class_method method;
	struct kshare_class_info info;
	struct ks_methods *new;
	uint32_t i;
	int err;

	err = kshare_class_describe(obj, &reply);
	if (err >= 0)
		err = kshare_described(reply, &info);
	if (err < 0)
		return err;
	new = alloc(sizeof(*new) + info.methods * sizeof(new->names[0]));
	if (!new)
		return -ENOMEM;
	new->refs = 1;
	new->count = info.methods;
	for (i = 0; i < info.methods; i++) {
		err = kshare_described_method(reply, i, &method);
		if (err) {
			free(new);
			return err;
		}
		memcpy(new->names[i], method.name, KSHARE_MAX_CLASS_NAME);
	}
	*methods = new;
	return 0;
}

int kshare_method(struct kshare_obj *obj, const char *name)
{
	struct ks_methods *methods = __atomic_load_n(&obj->methods, __ATOMIC_ACQUIRE);
	struct ks_methods *new;
	uint32_t i;
	int err;

	if (!methods) {
		err = ask_methods(obj, &new);
		if (err)
			return err;
		/* Two threads may have asked: the first answer stays. */
		if (__atomic_compare_exchange_n(&obj->methods, &methods, new, false,
						__ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE))
			methods = new;
		else
			ks_methods_put(new);
	}
	for (i = 0; i < methods->count; i++) {
		if (!strcmp(methods->names[i], name))
			return (int)i;
	}
	return -ENOENT;
}

/* Far from the numbers that programs choose. */
uint64_t ks_call_tag(struct kshare *k)
{
	return 1ULL << 63 | __atomic_add_fetch(&k->tags, 1, __ATOMIC_RELAXED);
}

/* No argument is an absent one, so that one that is none has to be in a vector. */
struct kshare_value ks_args(const struct kshare_value *args, uint32_t count)
{
	if (!count)
		return kshare_none();
	if (count == 1 && args[0].type != KSHARE_NONE)
		return args[0];
	return kshare_vector(args, count);
}

void kshare_prep_call(struct kshare_cmd *cmd, struct kshare_obj *obj, uint32_t method,
		      const struct kshare_value *args, uint32_t count, int64_t deadline)
{
	kshare_prep(cmd, KSHARE_OP_CALL, obj);
	cmd->nr = method;
	cmd->value = ks_args(args, count);
	cmd->tag = ks_call_tag(obj->k);
	ks_set_deadline(cmd, deadline);
}

int kshare_call_nr(struct kshare_obj *obj, uint32_t method, const struct kshare_value *args,
		   uint32_t count, int64_t deadline, struct kshare_reply **reply)
{
	struct kshare_cmd cmd;

	kshare_prep_call(&cmd, obj, method, args, count, deadline);
	return ks_run(obj, &cmd, reply);
}

int kshare_call(struct kshare_obj *obj, const char *method, const struct kshare_value *args,
		uint32_t count, int64_t deadline, struct kshare_reply **reply)
{
	int nr = kshare_method(obj, method);

	return nr < 0 ? nr : kshare_call_nr(obj, (uint32_t)nr, args, count, deadline, reply);
}

int kshare_call_create(struct kshare_obj *cls, const struct kshare_value *args, uint32_t count,
		       int64_t deadline, struct kshare_reply **reply)
{
	return kshare_call_nr(cls, KSHARE_METHOD_CREATE, args, count, deadline, reply);
}

void kshare_prep_call_oneway(struct kshare_cmd *cmd, struct kshare_obj *obj, uint32_t method,
			     const struct kshare_value *args, uint32_t count)
{
	kshare_prep(cmd, KSHARE_OP_CALL, obj);
	cmd->nr = method;
	cmd->value = ks_args(args, count);
	cmd->flags = KSHARE_ONEWAY;
}

int kshare_call_oneway(struct kshare_obj *obj, const char *method,
		       const struct kshare_value *args, uint32_t count)
{
	struct kshare_cmd cmd;
	int nr = kshare_method(obj, method);

	if (nr < 0)
		return nr;
	kshare_prep_call_oneway(&cmd, obj, (uint32_t)nr, args, count);
	return ks_run(obj, &cmd, NULL);
}

void kshare_prep_call_result(struct kshare_cmd *cmd, uint64_t tag)
{
	kshare_prep(cmd, KSHARE_OP_CALL_RESULT, NULL);
	cmd->key = kshare_uint(tag);
}

int kshare_call_result(struct kshare *k, uint64_t tag, struct kshare_reply **reply)
{
	struct kshare_cmd cmd;

	kshare_prep_call_result(&cmd, tag);
	return kshare_submit(k, &cmd, reply);
}

void kshare_prep_dup_methods(struct kshare_cmd *cmd, struct kshare_obj *obj, uint32_t rights,
			     uint64_t methods, uint32_t flags)
{
	kshare_prep_dup(cmd, obj, rights, flags | KSHARE_METHODS);
	cmd->value = kshare_uint(methods);
}

int kshare_dup_methods(struct kshare_obj *obj, uint32_t rights, const char *const *methods,
		       uint32_t count, uint32_t flags, struct kshare_obj **dup)
{
	struct kshare_cmd cmd;
	uint64_t mask = 0;
	uint32_t i;
	int ret;

	for (i = 0; i < count; i++) {
		ret = kshare_method(obj, methods[i]);
		if (ret < 0)
			return ret;
		/* Bits for more methods than a class can have there are none. */
		mask |= 1ULL << ret;
	}
	kshare_prep_dup_methods(&cmd, obj, rights, mask, flags);
	ret = ks_obj_make(obj->k, &cmd, __atomic_load_n(&obj->type, __ATOMIC_RELAXED), dup);
	if (!ret)
		ks_methods_share(*dup, obj);
	return ret;
}
