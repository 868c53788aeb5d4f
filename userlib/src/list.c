// SPDX-License-Identifier: LGPL-2.1-or-later OR MIT
/* Lists. */
#include "internal.h"

int kshare_list_create(struct kshare *k, uint32_t flags, struct kshare_obj **list)
{
	struct kshare_cmd cmd;

	kshare_prep_create(&cmd, NULL, KSHARE_TYPE_LIST, 0, kshare_none(), kshare_none(), flags);
	return ks_obj_make(k, &cmd, KSHARE_TYPE_LIST, list);
}

void kshare_prep_list_get(struct kshare_cmd *cmd, struct kshare_obj *list, int64_t index)
{
	kshare_prep(cmd, KSHARE_OP_LIST_GET, list);
	cmd->key = kshare_int(index);
}

int kshare_list_get(struct kshare_obj *list, int64_t index, struct kshare_reply **reply)
{
	struct kshare_cmd cmd;

	kshare_prep_list_get(&cmd, list, index);
	return ks_run(list, &cmd, reply);
}

void kshare_prep_list_set(struct kshare_cmd *cmd, struct kshare_obj *list, int64_t index,
			  struct kshare_value value)
{
	kshare_prep(cmd, KSHARE_OP_LIST_SET, list);
	cmd->key = kshare_int(index);
	cmd->value = value;
}

int kshare_list_set(struct kshare_obj *list, int64_t index, struct kshare_value value)
{
	struct kshare_cmd cmd;

	kshare_prep_list_set(&cmd, list, index, value);
	return ks_run(list, &cmd, NULL);
}

void kshare_prep_list_append(struct kshare_cmd *cmd, struct kshare_obj *list,
			     struct kshare_value value)
{
	kshare_prep(cmd, KSHARE_OP_LIST_APPEND, list);
	cmd->value = value;
}

int64_t kshare_list_append(struct kshare_obj *list, struct kshare_value value)
{
	struct kshare_cmd cmd;

	kshare_prep_list_append(&cmd, list, value);
	return ks_run_number(list, &cmd);
}

void kshare_prep_list_insert(struct kshare_cmd *cmd, struct kshare_obj *list, int64_t index,
			     struct kshare_value value)
{
	kshare_prep(cmd, KSHARE_OP_LIST_INSERT, list);
	cmd->key = kshare_int(index);
	cmd->value = value;
}

int64_t kshare_list_insert(struct kshare_obj *list, int64_t index, struct kshare_value value)
{
	struct kshare_cmd cmd;

	kshare_prep_list_insert(&cmd, list, index, value);
	return ks_run_number(list, &cmd);
}

void kshare_prep_list_pop(struct kshare_cmd *cmd, struct kshare_obj *list,
			  struct kshare_value index)
{
	kshare_prep(cmd, KSHARE_OP_LIST_POP, list);
	cmd->key = index;
}

int kshare_list_pop(struct kshare_obj *list, struct kshare_value index,
		    struct kshare_reply **reply)
{
	struct kshare_cmd cmd;

	kshare_prep_list_pop(&cmd, list, index);
	return ks_run(list, &cmd, reply);
}

void kshare_prep_list_delete(struct kshare_cmd *cmd, struct kshare_obj *list, int64_t index)
{
	kshare_prep(cmd, KSHARE_OP_LIST_DELETE, list);
	cmd->key = kshare_int(index);
}

int kshare_list_delete(struct kshare_obj *list, int64_t index)
{
	struct kshare_cmd cmd;

	kshare_prep_list_delete(&cmd, list, index);
	return ks_run(list, &cmd, NULL);
}

void kshare_prep_list_extend(struct kshare_cmd *cmd, struct kshare_obj *list,
			     const struct kshare_value *values, uint32_t count)
{
	kshare_prep(cmd, KSHARE_OP_LIST_EXTEND, list);
	cmd->value = kshare_vector(values, count);
}

int64_t kshare_list_extend(struct kshare_obj *list, const struct kshare_value *values,
			   uint32_t count)
{
	struct kshare_cmd cmd;

	kshare_prep_list_extend(&cmd, list, values, count);
	return ks_run_number(list, &cmd);
}

static void prep_slice(struct kshare_cmd *cmd, uint32_t op, struct kshare_obj *list,
		       struct kshare_value start, struct kshare_value stop, int32_t step)
{
	kshare_prep(cmd, op, list);
	cmd->key = start;
	cmd->expect = stop;
	cmd->nr = (uint32_t)step;
}

void kshare_prep_list_slice(struct kshare_cmd *cmd, struct kshare_obj *list,
			    struct kshare_value start, struct kshare_value stop, int32_t step)
{
	prep_slice(cmd, KSHARE_OP_LIST_SLICE, list, start, stop, step);
}

int kshare_list_slice(struct kshare_obj *list, struct kshare_value start,
		      struct kshare_value stop, int32_t step, struct kshare_reply **reply)
{
	struct kshare_cmd cmd;

	kshare_prep_list_slice(&cmd, list, start, stop, step);
	return ks_run(list, &cmd, reply);
}

void kshare_prep_list_slice_set(struct kshare_cmd *cmd, struct kshare_obj *list,
				struct kshare_value start, struct kshare_value stop, int32_t step,
				const struct kshare_value *values, uint32_t count)
{
	prep_slice(cmd, KSHARE_OP_LIST_SLICE_SET, list, start, stop, step);
	cmd->value = kshare_vector(values, count);
}

int64_t kshare_list_slice_set(struct kshare_obj *list, struct kshare_value start,
			      struct kshare_value stop, int32_t step,
			      const struct kshare_value *values, uint32_t count)
{
	struct kshare_cmd cmd;

	kshare_prep_list_slice_set(&cmd, list, start, stop, step, values, count);
	return ks_run_number(list, &cmd);
}

void kshare_prep_list_slice_delete(struct kshare_cmd *cmd, struct kshare_obj *list,
				   struct kshare_value start, struct kshare_value stop,
				   int32_t step)
{
	prep_slice(cmd, KSHARE_OP_LIST_SLICE_DELETE, list, start, stop, step);
}

int kshare_list_slice_delete(struct kshare_obj *list, struct kshare_value start,
			     struct kshare_value stop, int32_t step)
{
	struct kshare_cmd cmd;

	kshare_prep_list_slice_delete(&cmd, list, start, stop, step);
	return ks_run(list, &cmd, NULL);
}

void kshare_prep_list_remove(struct kshare_cmd *cmd, struct kshare_obj *list,
			     struct kshare_value value)
{
	kshare_prep(cmd, KSHARE_OP_LIST_REMOVE, list);
	cmd->value = value;
}

int64_t kshare_list_remove(struct kshare_obj *list, struct kshare_value value)
{
	struct kshare_cmd cmd;

	kshare_prep_list_remove(&cmd, list, value);
	return ks_run_number(list, &cmd);
}

void kshare_prep_list_index(struct kshare_cmd *cmd, struct kshare_obj *list,
			    struct kshare_value value, struct kshare_value start,
			    struct kshare_value stop)
{
	kshare_prep(cmd, KSHARE_OP_LIST_INDEX, list);
	cmd->value = value;
	cmd->key = start;
	cmd->expect = stop;
}

int64_t kshare_list_index(struct kshare_obj *list, struct kshare_value value,
			  struct kshare_value start, struct kshare_value stop)
{
	struct kshare_cmd cmd;

	kshare_prep_list_index(&cmd, list, value, start, stop);
	return ks_run_number(list, &cmd);
}

void kshare_prep_list_count(struct kshare_cmd *cmd, struct kshare_obj *list,
			    struct kshare_value value)
{
	kshare_prep(cmd, KSHARE_OP_LIST_COUNT, list);
	cmd->value = value;
}

int64_t kshare_list_count(struct kshare_obj *list, struct kshare_value value)
{
	struct kshare_cmd cmd;

	kshare_prep_list_count(&cmd, list, value);
	return ks_run_number(list, &cmd);
}

void kshare_prep_list_contains(struct kshare_cmd *cmd, struct kshare_obj *list,
			       struct kshare_value value)
{
	kshare_prep(cmd, KSHARE_OP_LIST_CONTAINS, list);
	cmd->value = value;
}

int kshare_list_contains(struct kshare_obj *list, struct kshare_value value)
{
	struct kshare_cmd cmd;

	kshare_prep_list_contains(&cmd, list, value);
	return ks_run(list, &cmd, NULL);
}

void kshare_prep_list_reverse(struct kshare_cmd *cmd, struct kshare_obj *list)
{
	kshare_prep(cmd, KSHARE_OP_LIST_REVERSE, list);
}

int kshare_list_reverse(struct kshare_obj *list)
{
	struct kshare_cmd cmd;

	kshare_prep_list_reverse(&cmd, list);
	return ks_run(list, &cmd, NULL);
}

void kshare_prep_list_sort(struct kshare_cmd *cmd, struct kshare_obj *list, uint32_t flags)
{
	kshare_prep(cmd, KSHARE_OP_LIST_SORT, list);
	cmd->flags = flags;
}

int kshare_list_sort(struct kshare_obj *list, uint32_t flags)
{
	struct kshare_cmd cmd;

	kshare_prep_list_sort(&cmd, list, flags);
	return ks_run(list, &cmd, NULL);
}

void kshare_prep_list_len(struct kshare_cmd *cmd, struct kshare_obj *list)
{
	kshare_prep(cmd, KSHARE_OP_LIST_LEN, list);
}

int64_t kshare_list_len(struct kshare_obj *list)
{
	struct kshare_cmd cmd;

	kshare_prep_list_len(&cmd, list);
	return ks_run_number(list, &cmd);
}

void kshare_prep_list_clear(struct kshare_cmd *cmd, struct kshare_obj *list)
{
	kshare_prep(cmd, KSHARE_OP_LIST_CLEAR, list);
}

int kshare_list_clear(struct kshare_obj *list)
{
	struct kshare_cmd cmd;

	kshare_prep_list_clear(&cmd, list);
	return ks_run(list, &cmd, NULL);
}

void kshare_prep_list_add(struct kshare_cmd *cmd, struct kshare_obj *list, int64_t index,
			  struct kshare_value value, uint32_t flags)
{
	kshare_prep(cmd, KSHARE_OP_LIST_ADD, list);
	cmd->key = kshare_int(index);
	cmd->value = value;
	cmd->flags = flags;
}

int kshare_list_add(struct kshare_obj *list, int64_t index, struct kshare_value value,
		    uint32_t flags, struct kshare_reply **reply)
{
	struct kshare_cmd cmd;

	kshare_prep_list_add(&cmd, list, index, value, flags);
	return ks_run(list, &cmd, reply);
}

void kshare_prep_list_cas(struct kshare_cmd *cmd, struct kshare_obj *list, int64_t index,
			  struct kshare_value expect, struct kshare_value value)
{
	kshare_prep(cmd, KSHARE_OP_LIST_CAS, list);
	cmd->key = kshare_int(index);
	cmd->expect = expect;
	cmd->value = value;
}

int kshare_list_cas(struct kshare_obj *list, int64_t index, struct kshare_value expect,
		    struct kshare_value value, struct kshare_reply **reply)
{
	struct kshare_cmd cmd;

	kshare_prep_list_cas(&cmd, list, index, expect, value);
	return ks_run(list, &cmd, reply);
}

void kshare_prep_list_check(struct kshare_cmd *cmd, struct kshare_obj *list, int64_t index,
			    struct kshare_value expect)
{
	kshare_prep(cmd, KSHARE_OP_LIST_CHECK, list);
	cmd->key = kshare_int(index);
	cmd->expect = expect;
}

int kshare_list_check(struct kshare_obj *list, int64_t index, struct kshare_value expect)
{
	struct kshare_cmd cmd;

	kshare_prep_list_check(&cmd, list, index, expect);
	return ks_run(list, &cmd, NULL);
}
