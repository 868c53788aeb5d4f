// SPDX-License-Identifier: GPL-2.0-only
/* Arguments: from a struct kshare_value and user memory to a struct kshare_val. */
#include "quick.h"

static int kshare_ref_import(struct kshare_run *run, u32 handle, u32 want,
			     struct kshare_object **obj, u32 *rights)
{
	*obj = kshare_handle_ref(run->client, handle, rights);
	if (IS_ERR(*obj))
		return PTR_ERR(*obj);
	if (!(*rights & KSHARE_RIGHT_TRANSFER) || want & ~*rights) {
		kshare_object_put_deferred(*obj, &run->doom);
		return -EACCES;
	}
	if (want)
		*rights = want;
	return 0;
}

/* @blob->refs is there; those that are not filled in stay NULL. */
static int kshare_refs_import(struct kshare_run *run, const u32 __user *from, u32 count,
			      struct kshare_blob *blob)
{
	u32 i, handle;
	int ret;

	for (i = 0; i < count; i++) {
		if (get_user(handle, from + i))
			return -EFAULT;
		ret = kshare_ref_import(run, handle, 0, &blob->refs[i].obj, &blob->refs[i].rights);
		if (ret) {
			blob->refs[i].obj = NULL;
			return ret;
		}
		if (blob->refs[i].obj->domain != run->obj->domain)
			return -EXDEV;
	}
	WRITE_ONCE(run->obj->refers, true);
	return 0;
}

static int kshare_bytes_import(struct kshare_run *run, const struct kshare_value *in, u64 *budget,
			       struct kshare_val *out)
{
	const void __user *from = u64_to_user_ptr(in->ptr);
	struct kshare_blob *blob;
	u32 count = 0, len = in->len;
	int ret;

	if (in->flags & ~KSHARE_VF_REFS)
		return -EOPNOTSUPP;
	if (in->flags && in->type != KSHARE_ENCODED)
		return -EINVAL;
	if (in->codec && in->type != KSHARE_ENCODED)
		return -EINVAL;
	if (in->inline_len > 8 || (in->inline_len && (in->inline_len != len || in->flags)))
		return -EINVAL;
	if (len > *budget)
		return -E2BIG;
	*budget -= len;

	out->codec = in->codec;
	if (in->flags & KSHARE_VF_REFS) {
		if (len < sizeof(u32))
			return -EINVAL;
		if (get_user(count, (u32 __user *)from))
			return -EFAULT;
		if (!count)
			return -EINVAL;
		if (count > KSHARE_MAX_REFS)
			return -E2BIG;
		if (len < (1 + count) * sizeof(u32))
			return -EINVAL;
		from += sizeof(u32);
		len -= (1 + count) * sizeof(u32);
	}

	out->type = in->type;
	out->len = len;
	if (!count && len <= sizeof(out->bytes)) {
		out->inline_len = len;
		out->u = 0;
		if (in->inline_len)
			memcpy(out->bytes, in->bytes, len);
		else if (len && copy_from_user(out->bytes, from, len))
			return -EFAULT;
		return 0;
	}

	blob = kshare_blob_alloc(len, count);
	if (!blob)
		return -ENOMEM;
	out->blob = blob;
	if (count) {
		ret = kshare_refs_import(run, from, count, blob);
		if (ret)
			goto err;
	}
	if (copy_from_user(blob->data, from + count * sizeof(u32), len)) {
		ret = -EFAULT;
		goto err;
	}
	return 0;

err:
	kshare_val_put(out, &run->doom);
	return ret;
}

/**
 * kshare_val_import() - brings a value in
 * @run: run; its object is known, if it has one
 * @in: the value, in kernel memory; not trusted
 * @types: bits (1 << type) of the types that are allowed
 * @budget: bytes that the command may still bring in
 * @out: the value; the caller drops it.  NONE if this fails
 */
int kshare_val_import(struct kshare_run *run, const struct kshare_value *in, u16 types,
		      u64 *budget, struct kshare_val *out)
{
	int ret;

	*out = (struct kshare_val){};
	if (unlikely(in->type > KSHARE_VECTOR))
		return -EOPNOTSUPP;
	if (unlikely(!(types & BIT(in->type))))
		return -EINVAL;

	if (in->type >= KSHARE_STR && in->type != KSHARE_REF) {
		ret = kshare_bytes_import(run, in, budget, out);
		if (ret)
			*out = (struct kshare_val){};
		return ret;
	}
	if (unlikely(in->codec | in->inline_len | in->flags | in->len))
		return -EINVAL;

	switch (in->type) {
	case KSHARE_NONE:
		return in->u ? -EINVAL : 0;
	case KSHARE_BOOL:
		if (in->u > 1)
			return -EINVAL;
		break;
	case KSHARE_UINT:
		*out = kshare_val_uint(in->u);
		return 0;
	case KSHARE_REF:
		ret = kshare_ref_import(run, in->ref.handle, in->ref.rights, &out->obj, &out->len);
		if (ret) {
			*out = (struct kshare_val){};
			return ret;
		}
		out->type = KSHARE_REF;
		if (run->obj && out->obj->domain != run->obj->domain) {
			kshare_val_put(out, &run->doom);
			return -EXDEV;
		}
		if (run->obj)
			WRITE_ONCE(run->obj->refers, true);
		return 0;
	}
	out->type = in->type;
	out->u = in->u;
	return 0;
}

/**
 * kshare_vec_import() - brings the elements of a vector in, as &kshare_run.vec
 * @run: run
 * @in: the vector
 */
int kshare_vec_import(struct kshare_run *run, const struct kshare_value *in)
{
	u64 budget = KSHARE_MAX_VALUE;
	struct kshare_value value;
	int ret = 0;
	u32 i;

	if (in->codec | in->inline_len | in->flags)
		return -EINVAL;
	if (in->len > KSHARE_MAX_VECTOR)
		return -E2BIG;
	if (!in->len)
		return 0;
	run->vec = kvmalloc_array(in->len, sizeof(*run->vec), GFP_KERNEL_ACCOUNT);
	if (!run->vec)
		return -ENOMEM;
	/* Each element takes the place of what it is made from. */
	static_assert(sizeof(value) == sizeof(*run->vec));
	if (copy_from_user(run->vec, u64_to_user_ptr(in->ptr), in->len * sizeof(value)))
		return -EFAULT;
	for (i = 0; i < in->len && !ret; i++) {
		memcpy(&value, &run->vec[i], sizeof(value));
		run->vec_count = i + 1;
		if (!kshare_quick_val(&value, &run->vec[i]))
			ret = kshare_val_import(run, &value, KSHARE_TAKES_ANY, &budget,
						&run->vec[i]);
		if (i % 16 == 0)
			cond_resched();
	}
	return ret;
}
