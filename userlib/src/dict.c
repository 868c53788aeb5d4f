// SPDX-License-Identifier: LGPL-2.1-or-later OR MIT
/* Dicts, and namespaces. */
#include "internal.h"

/* The smallest room that kshare_dict_page() gives a page. */
#define PAGE_ROOM	65536

int kshare_dict_create(struct kshare *k, uint32_t flags, struct kshare_obj **dict)
{
	struct kshare_cmd cmd;

	kshare_prep_create(&cmd, NULL, KSHARE_TYPE_DICT, 0, kshare_none(), kshare_none(), flags);
	return ks_obj_make(k, &cmd, KSHARE_TYPE_DICT, dict);
}

int kshare_namespace_create(struct kshare *k, uint32_t flags, struct kshare_obj **ns)
{
	struct kshare_cmd cmd;

	kshare_prep_create(&cmd, NULL, KSHARE_TYPE_NAMESPACE, 0, kshare_none(), kshare_none(),
			   flags);
	return ks_obj_make(k, &cmd, KSHARE_TYPE_NAMESPACE, ns);
}

void kshare_prep_dict_get(struct kshare_cmd *cmd, struct kshare_obj *dict,
			  struct kshare_value key)
{
	kshare_prep(cmd, KSHARE_OP_DICT_GET, dict);
	cmd->key = key;
}

int kshare_dict_get(struct kshare_obj *dict, struct kshare_value key,
		    struct kshare_reply **reply)
{
	struct kshare_cmd cmd;

	kshare_prep_dict_get(&cmd, dict, key);
	return ks_run(dict, &cmd, reply);
}

void kshare_prep_dict_set(struct kshare_cmd *cmd, struct kshare_obj *dict,
			  struct kshare_value key, struct kshare_value value)
{
	kshare_prep(cmd, KSHARE_OP_DICT_SET, dict);
	cmd->key = key;
	cmd->value = value;
}

int kshare_dict_set(struct kshare_obj *dict, struct kshare_value key, struct kshare_value value)
{
	struct kshare_cmd cmd;

	kshare_prep_dict_set(&cmd, dict, key, value);
	return ks_run(dict, &cmd, NULL);
}

void kshare_prep_dict_setdefault(struct kshare_cmd *cmd, struct kshare_obj *dict,
				 struct kshare_value key, struct kshare_value value)
{
	kshare_prep(cmd, KSHARE_OP_DICT_SETDEFAULT, dict);
	cmd->key = key;
	cmd->value = value;
}

int kshare_dict_setdefault(struct kshare_obj *dict, struct kshare_value key,
			   struct kshare_value value, struct kshare_reply **reply)
{
	struct kshare_cmd cmd;

	kshare_prep_dict_setdefault(&cmd, dict, key, value);
	return ks_run(dict, &cmd, reply);
}

void kshare_prep_dict_delete(struct kshare_cmd *cmd, struct kshare_obj *dict,
			     struct kshare_value key)
{
	kshare_prep(cmd, KSHARE_OP_DICT_DELETE, dict);
	cmd->key = key;
}

int kshare_dict_delete(struct kshare_obj *dict, struct kshare_value key)
{
	struct kshare_cmd cmd;

	kshare_prep_dict_delete(&cmd, dict, key);
	return ks_run(dict, &cmd, NULL);
}

void kshare_prep_dict_pop(struct kshare_cmd *cmd, struct kshare_obj *dict,
			  struct kshare_value key)
{
	kshare_prep(cmd, KSHARE_OP_DICT_POP, dict);
	cmd->key = key;
}

int kshare_dict_pop(struct kshare_obj *dict, struct kshare_value key,
		    struct kshare_reply **reply)
{
	struct kshare_cmd cmd;

	kshare_prep_dict_pop(&cmd, dict, key);
	return ks_run(dict, &cmd, reply);
}

void kshare_prep_dict_popitem(struct kshare_cmd *cmd, struct kshare_obj *dict, uint32_t flags)
{
	kshare_prep(cmd, KSHARE_OP_DICT_POPITEM, dict);
	cmd->flags = flags;
}

int kshare_dict_popitem(struct kshare_obj *dict, uint32_t flags, struct kshare_reply **reply)
{
	struct kshare_cmd cmd;

	kshare_prep_dict_popitem(&cmd, dict, flags);
	return ks_run(dict, &cmd, reply);
}

void kshare_prep_dict_contains(struct kshare_cmd *cmd, struct kshare_obj *dict,
			       struct kshare_value key)
{
	kshare_prep(cmd, KSHARE_OP_DICT_CONTAINS, dict);
	cmd->key = key;
}

int kshare_dict_contains(struct kshare_obj *dict, struct kshare_value key)
{
	struct kshare_cmd cmd;

	kshare_prep_dict_contains(&cmd, dict, key);
	return ks_run(dict, &cmd, NULL);
}

void kshare_prep_dict_len(struct kshare_cmd *cmd, struct kshare_obj *dict)
{
	kshare_prep(cmd, KSHARE_OP_DICT_LEN, dict);
}

int64_t kshare_dict_len(struct kshare_obj *dict)
{
	struct kshare_cmd cmd;

	kshare_prep_dict_len(&cmd, dict);
	return ks_run_number(dict, &cmd);
}

void kshare_prep_dict_clear(struct kshare_cmd *cmd, struct kshare_obj *dict)
{
	kshare_prep(cmd, KSHARE_OP_DICT_CLEAR, dict);
}

int kshare_dict_clear(struct kshare_obj *dict)
{
	struct kshare_cmd cmd;

	kshare_prep_dict_clear(&cmd, dict);
	return ks_run(dict, &cmd, NULL);
}

void kshare_prep_dict_update(struct kshare_cmd *cmd, struct kshare_obj *dict,
			     const struct kshare_value *pairs, uint32_t count)
{
	kshare_prep(cmd, KSHARE_OP_DICT_UPDATE, dict);
	/* Too many are to be refused, not to wrap around. */
	cmd->value = kshare_vector(pairs, count > UINT32_MAX / 2 ? UINT32_MAX : count * 2);
}

int kshare_dict_update(struct kshare_obj *dict, const struct kshare_value *pairs, uint32_t count)
{
	struct kshare_cmd cmd;

	kshare_prep_dict_update(&cmd, dict, pairs, count);
	return ks_run(dict, &cmd, NULL);
}

void kshare_prep_dict_add(struct kshare_cmd *cmd, struct kshare_obj *dict,
			  struct kshare_value key, struct kshare_value value, uint32_t flags)
{
	kshare_prep(cmd, KSHARE_OP_DICT_ADD, dict);
	cmd->key = key;
	cmd->value = value;
	cmd->flags = flags;
}

int kshare_dict_add(struct kshare_obj *dict, struct kshare_value key, struct kshare_value value,
		    uint32_t flags, struct kshare_reply **reply)
{
	struct kshare_cmd cmd;

	kshare_prep_dict_add(&cmd, dict, key, value, flags);
	return ks_run(dict, &cmd, reply);
}

void kshare_prep_dict_cas(struct kshare_cmd *cmd, struct kshare_obj *dict,
			  struct kshare_value key, struct kshare_value expect,
			  struct kshare_value value, uint32_t flags)
{
	kshare_prep(cmd, KSHARE_OP_DICT_CAS, dict);
	cmd->key = key;
	cmd->expect = expect;
	cmd->value = value;
	cmd->flags = flags;
}

int kshare_dict_cas(struct kshare_obj *dict, struct kshare_value key, struct kshare_value expect,
		    struct kshare_value value, uint32_t flags, struct kshare_reply **reply)
{
	struct kshare_cmd cmd;

	kshare_prep_dict_cas(&cmd, dict, key, expect, value, flags);
	return ks_run(dict, &cmd, reply);
}

void kshare_prep_dict_get_many(struct kshare_cmd *cmd, struct kshare_obj *dict,
			       const struct kshare_value *keys, uint32_t count)
{
	kshare_prep(cmd, KSHARE_OP_DICT_GET_MANY, dict);
	cmd->value = kshare_vector(keys, count);
}

int kshare_dict_get_many(struct kshare_obj *dict, const struct kshare_value *keys,
			 uint32_t count, struct kshare_reply **reply)
{
	struct kshare_cmd cmd;

	kshare_prep_dict_get_many(&cmd, dict, keys, count);
	return ks_run(dict, &cmd, reply);
}

void kshare_prep_dict_page(struct kshare_cmd *cmd, struct kshare_obj *dict, uint64_t cursor,
			   const uint64_t *version, uint32_t most, uint32_t flags)
{
	kshare_prep(cmd, KSHARE_OP_DICT_PAGE, dict);
	cmd->expect = kshare_uint(cursor);
	if (version)
		cmd->key = kshare_uint(*version);
	cmd->nr = most;
	cmd->flags = flags;
}

int kshare_dict_page(struct kshare_obj *dict, uint64_t cursor, const uint64_t *version,
		     uint32_t most, uint32_t flags, struct kshare_reply **reply)
{
	struct kshare_cmd cmd;
	int err;

	kshare_prep_dict_page(&cmd, dict, cursor, version, most, flags);
	if (reply && !(flags & KSHARE_ALL)) {
		err = kshare_reply_reserve(reply, PAGE_ROOM);
		if (err)
			return err;
	}
	return ks_run(dict, &cmd, reply);
}

int kshare_dict_items(struct kshare_obj *dict, struct kshare_reply **reply)
{
	return kshare_dict_page(dict, 0, NULL, 0, KSHARE_KEYS | KSHARE_VALUES | KSHARE_ALL, reply);
}

void kshare_prep_dict_check(struct kshare_cmd *cmd, struct kshare_obj *dict,
			    struct kshare_value key, struct kshare_value expect)
{
	kshare_prep(cmd, KSHARE_OP_DICT_CHECK, dict);
	cmd->key = key;
	cmd->expect = expect;
}

int kshare_dict_check(struct kshare_obj *dict, struct kshare_value key,
		      struct kshare_value expect)
{
	struct kshare_cmd cmd;

	kshare_prep_dict_check(&cmd, dict, key, expect);
	return ks_run(dict, &cmd, NULL);
}

void kshare_prep_dict_absent(struct kshare_cmd *cmd, struct kshare_obj *dict,
			     struct kshare_value key)
{
	kshare_prep(cmd, KSHARE_OP_DICT_ABSENT, dict);
	cmd->key = key;
}

int kshare_dict_absent(struct kshare_obj *dict, struct kshare_value key)
{
	struct kshare_cmd cmd;

	kshare_prep_dict_absent(&cmd, dict, key);
	return ks_run(dict, &cmd, NULL);
}
