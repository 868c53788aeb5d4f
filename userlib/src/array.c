// SPDX-License-Identifier: LGPL-2.1-or-later OR MIT
/* Arrays. */
#include <sys/mman.h>

#include "internal.h"

int kshare_array_create(struct kshare *k, uint32_t elem, uint64_t length, uint32_t flags,
			struct kshare_obj **array)
{
	struct kshare_cmd cmd;

	kshare_prep_create(&cmd, NULL, KSHARE_TYPE_ARRAY, elem, kshare_uint(length),
			   kshare_none(), flags);
	return ks_obj_make(k, &cmd, KSHARE_TYPE_ARRAY, array);
}

size_t kshare_elem_size(uint32_t elem)
{
	static const unsigned char sizes[] = {
		[KSHARE_ELEM_BYTES] = 1,
		[KSHARE_ELEM_I8] = 1,	[KSHARE_ELEM_U8] = 1,
		[KSHARE_ELEM_I16] = 2,	[KSHARE_ELEM_U16] = 2,
		[KSHARE_ELEM_I32] = 4,	[KSHARE_ELEM_U32] = 4,
		[KSHARE_ELEM_I64] = 8,	[KSHARE_ELEM_U64] = 8,
		[KSHARE_ELEM_F32] = 4,	[KSHARE_ELEM_F64] = 8,
	};

	return elem < ARRAY_SIZE(sizes) ? sizes[elem] : 0;
}

void kshare_prep_array_get(struct kshare_cmd *cmd, struct kshare_obj *array, int64_t index)
{
	kshare_prep(cmd, KSHARE_OP_ARRAY_GET, array);
	cmd->key = kshare_int(index);
}

int kshare_array_get(struct kshare_obj *array, int64_t index, struct kshare_reply **reply)
{
	struct kshare_cmd cmd;

	kshare_prep_array_get(&cmd, array, index);
	return ks_run(array, &cmd, reply);
}

void kshare_prep_array_set(struct kshare_cmd *cmd, struct kshare_obj *array, int64_t index,
			   struct kshare_value value)
{
	kshare_prep(cmd, KSHARE_OP_ARRAY_SET, array);
	cmd->key = kshare_int(index);
	cmd->value = value;
}

int kshare_array_set(struct kshare_obj *array, int64_t index, struct kshare_value value)
{
	struct kshare_cmd cmd;

	kshare_prep_array_set(&cmd, array, index, value);
	return ks_run(array, &cmd, NULL);
}

void kshare_prep_array_read(struct kshare_cmd *cmd, struct kshare_obj *array, int64_t index,
			    uint32_t count)
{
	kshare_prep(cmd, KSHARE_OP_ARRAY_READ, array);
	cmd->key = kshare_int(index);
	cmd->nr = count;
}

int kshare_array_read(struct kshare_obj *array, int64_t index, uint32_t count,
		      struct kshare_reply **reply)
{
	struct kshare_cmd cmd;

	kshare_prep_array_read(&cmd, array, index, count);
	return ks_run(array, &cmd, reply);
}

void kshare_prep_array_write(struct kshare_cmd *cmd, struct kshare_obj *array, int64_t index,
			     const void *data, size_t len)
{
	kshare_prep(cmd, KSHARE_OP_ARRAY_WRITE, array);
	cmd->key = kshare_int(index);
	cmd->value = kshare_bytes(data, len);
}

int kshare_array_write(struct kshare_obj *array, int64_t index, const void *data, size_t len)
{
	struct kshare_cmd cmd;

	kshare_prep_array_write(&cmd, array, index, data, len);
	return ks_run(array, &cmd, NULL);
}

void kshare_prep_array_add(struct kshare_cmd *cmd, struct kshare_obj *array, int64_t index,
			   struct kshare_value value, uint32_t flags)
{
	kshare_prep(cmd, KSHARE_OP_ARRAY_ADD, array);
	cmd->key = kshare_int(index);
	cmd->value = value;
	cmd->flags = flags;
}

int kshare_array_add(struct kshare_obj *array, int64_t index, struct kshare_value value,
		     uint32_t flags, struct kshare_reply **reply)
{
	struct kshare_cmd cmd;

	kshare_prep_array_add(&cmd, array, index, value, flags);
	return ks_run(array, &cmd, reply);
}

void kshare_prep_array_cas(struct kshare_cmd *cmd, struct kshare_obj *array, int64_t index,
			   struct kshare_value expect, struct kshare_value value)
{
	kshare_prep(cmd, KSHARE_OP_ARRAY_CAS, array);
	cmd->key = kshare_int(index);
	cmd->expect = expect;
	cmd->value = value;
}

int kshare_array_cas(struct kshare_obj *array, int64_t index, struct kshare_value expect,
		     struct kshare_value value, struct kshare_reply **reply)
{
	struct kshare_cmd cmd;

	kshare_prep_array_cas(&cmd, array, index, expect, value);
	return ks_run(array, &cmd, reply);
}

void kshare_prep_array_len(struct kshare_cmd *cmd, struct kshare_obj *array)
{
	kshare_prep(cmd, KSHARE_OP_ARRAY_LEN, array);
}

int64_t kshare_array_len(struct kshare_obj *array)
{
	struct kshare_cmd cmd;

	kshare_prep_array_len(&cmd, array);
	return ks_run_number(array, &cmd);
}

int kshare_array_map(struct kshare_obj *array, bool writable, void **addr, size_t *bytes)
{
	const struct kshare_engine_ops *ops = array->k->engine->ops;
	struct kshare_stat st;
	uint64_t size;
	int err;

	err = kshare_stat(array, &st);
	if (err)
		return err;
	if (st.type != KSHARE_TYPE_ARRAY)
		return -ENOTTY;
	if (!ops->map)
		return -EOPNOTSUPP;
	/* It exists, so this cannot overflow; but 32 bits may not hold it. */
	size = st.length * kshare_elem_size(st.elem);
	if (!size)
		return -EINVAL;
	if (size > SIZE_MAX)
		return -ENOMEM;
	err = ops->map(array->k->engine, kshare_handle(array), writable, (size_t)size, addr);
	if (!err)
		*bytes = (size_t)size;
	return err;
}

int kshare_array_unmap(void *addr, size_t bytes)
{
	int saved = errno;
	int err = 0;

	if (munmap(addr, bytes)) {
		err = -errno;
		errno = saved;
	}
	return err;
}
