// SPDX-License-Identifier: GPL-2.0-only
/*
 * Arrays: a fixed number of elements of one numeric type, that users can map.
 *
 * The memory is vmalloc's: got, zeroed and charged to the creator at once, never
 * swapped, and of a size that nobody can change (there is no file behind it that
 * could be truncated or punched), so a mapping never meets SIGBUS.  Each mapping
 * has a file of its own, which holds the array, so that it outlives handles and
 * does not keep the client's descriptor open.
 *
 * Elements are loaded and stored as a whole, and changed by compare-and-exchange,
 * so commands are atomic also against threads that use a mapping.
 */
#include <linux/anon_inodes.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/vmalloc.h>

#include "../command.h"
#include "../lockset.h"
#include "array.h"
#include "types.h"

/* Bytes that are copied with a spinlock held. */
#define KSHARE_SPIN_BYTES	4096

/**
 * struct kshare_array - an array
 * @obj: object
 * @elem: enum kshare_elem
 * @width: bytes of an element
 * @length: elements
 * @data: them, page-aligned
 */
struct kshare_array {
	struct kshare_object obj;
	u32 elem;
	u32 width;
	u64 length;
	void *data;
};

static struct kshare_array *kshare_array_of(struct kshare_object *obj)
{
	return container_of(obj, struct kshare_array, obj);
}

static int kshare_array_init(struct kshare_object *obj, const struct kshare_create *how)
{
	struct kshare_array *array = kshare_array_of(obj);
	u64 size;
	int ret;

	array->elem = how->elem;
	array->width = kshare_elem_size(how->elem);
	if (!array->width)
		return -EOPNOTSUPP;
	if (!how->size)
		return -EINVAL;
	if (check_mul_overflow(how->size, (u64)array->width, &size) || size > SSIZE_MAX / 2)
		return -EDQUOT;
	array->length = how->size;
	size = PAGE_ALIGN(size);

	ret = kshare_object_grow(obj, size);
	if (ret)
		return ret;
	array->data = __vmalloc(size, GFP_KERNEL_ACCOUNT | __GFP_ZERO | __GFP_NOWARN);
	if (!array->data) {
		kshare_object_grow(obj, -(s64)size);
		return -ENOMEM;
	}
	return 0;
}

static void kshare_array_destroy(struct kshare_object *obj, struct kshare_doom *doom)
{
	vfree(kshare_array_of(obj)->data);
}

static void kshare_array_stat(struct kshare_object *obj, struct kshare_stat *stat)
{
	stat->elem = kshare_array_of(obj)->elem;
	stat->length = kshare_array_of(obj)->length;
}

const struct kshare_type_ops kshare_array_type = {
	.type = KSHARE_TYPE_ARRAY,
	.size = sizeof(struct kshare_array),
	.init = kshare_array_init,
	.destroy = kshare_array_destroy,
	.stat = kshare_array_stat,
};

/* An index of the caller's, which may count from the end, as an address. */
static void *kshare_array_at(const struct kshare_run *run, u64 *index)
{
	const struct kshare_array *array = kshare_array_of(run->obj);
	u64 i = run->key.u;

	if (run->key.type == KSHARE_INT && run->key.i < 0)
		i += array->length;
	if (i >= array->length)
		return NULL;
	if (index)
		*index = i;
	return array->data + array_index_nospec(i, array->length) * array->width;
}

static u64 kshare_bits_load(const void *at, u32 width)
{
	switch (width) {
	case 1:
		return READ_ONCE(*(const u8 *)at);
	case 2:
		return READ_ONCE(*(const u16 *)at);
	case 4:
		return READ_ONCE(*(const u32 *)at);
	}
	return READ_ONCE(*(const u64 *)at);
}

/* True if it held @old and holds @new now. */
static bool kshare_bits_cmpxchg(void *at, u32 width, u64 old, u64 new)
{
	switch (width) {
	case 1:
		return cmpxchg((u8 *)at, (u8)old, (u8)new) == (u8)old;
	case 2:
		return cmpxchg((u16 *)at, (u16)old, (u16)new) == (u16)old;
	case 4:
		return cmpxchg((u32 *)at, (u32)old, (u32)new) == (u32)old;
	}
	return cmpxchg64((u64 *)at, old, new) == old;
}

/*
 * A thread that uses the mapping can make each try fail, as long as it runs on
 * another processor and does nothing else.  After so many the lock is dropped,
 * and the command begins anew.
 */
#define KSHARE_ARRAY_TRIES	100

int kshare_array_get(struct kshare_run *run)
{
	const struct kshare_array *array = kshare_array_of(run->obj);
	const void *at = kshare_array_at(run, NULL);

	if (!at)
		return -ERANGE;
	run->out[run->out_count++] = kshare_elem_load(array->elem,
						      kshare_bits_load(at, array->width));
	return 0;
}

static int kshare_array_change(struct kshare_run *run, void *at, u64 old, u64 new)
{
	if (!kshare_bits_cmpxchg(at, kshare_array_of(run->obj)->width, old, new))
		return KSHARE_MUST_PREPARE;
	run->u.array.old_bits = old;
	run->number = kshare_touch(run);
	return 0;
}

int kshare_array_set(struct kshare_run *run)
{
	const struct kshare_array *array = kshare_array_of(run->obj);
	void *at = kshare_array_at(run, NULL);
	int ret, tries;
	u64 bits;

	if (!at)
		return -ERANGE;
	ret = kshare_elem_store(array->elem, &run->value, &bits);
	if (ret)
		return ret;
	for (tries = 0; tries < KSHARE_ARRAY_TRIES; tries++) {
		ret = kshare_array_change(run, at, kshare_bits_load(at, array->width), bits);
		if (ret != KSHARE_MUST_PREPARE)
			break;
	}
	return ret;
}

int kshare_array_add(struct kshare_run *run)
{
	const struct kshare_array *array = kshare_array_of(run->obj);
	bool wrap = run->flags & KSHARE_WRAP;
	void *at = kshare_array_at(run, NULL);
	int ret = KSHARE_MUST_PREPARE, tries;
	u64 old, sum;

	if (!at)
		return -ERANGE;
	for (tries = 0; tries < KSHARE_ARRAY_TRIES && ret == KSHARE_MUST_PREPARE; tries++) {
		old = kshare_bits_load(at, array->width);
		ret = kshare_elem_add(array->elem, old, &run->value, wrap, &sum);
		if (!ret)
			ret = kshare_array_change(run, at, old, sum);
	}
	if (!ret)
		run->out[run->out_count++] = kshare_elem_load(array->elem, sum);
	return ret;
}

int kshare_array_cas(struct kshare_run *run)
{
	const struct kshare_array *array = kshare_array_of(run->obj);
	void *at = kshare_array_at(run, NULL);
	struct kshare_val old;
	int ret, tries;
	u64 was, bits;

	if (!at)
		return -ERANGE;
	ret = kshare_elem_store(array->elem, &run->value, &bits);
	if (ret)
		return ret;
	for (tries = 0; tries < KSHARE_ARRAY_TRIES; tries++) {
		was = kshare_bits_load(at, array->width);
		old = kshare_elem_load(array->elem, was);
		if (!kshare_val_same(&old, &run->expect)) {
			ret = 0;
			break;
		}
		ret = kshare_array_change(run, at, was, bits);
		if (!ret)
			ret = 1;
		if (ret != KSHARE_MUST_PREPARE)
			break;
	}
	if (ret >= 0)
		run->out[run->out_count++] = old;
	return ret;
}

/* Of a change to one element; a mapping's change since then is lost with it. */
void kshare_array_undo(struct kshare_run *run)
{
	const struct kshare_array *array = kshare_array_of(run->obj);
	void *at = kshare_array_at(run, NULL);

	if (!run->changed)
		return;
	switch (array->width) {
	case 1:
		WRITE_ONCE(*(u8 *)at, run->u.array.old_bits);
		break;
	case 2:
		WRITE_ONCE(*(u16 *)at, run->u.array.old_bits);
		break;
	case 4:
		WRITE_ONCE(*(u32 *)at, run->u.array.old_bits);
		break;
	default:
		WRITE_ONCE(*(u64 *)at, run->u.array.old_bits);
	}
}

/* Copies elements, each as a whole; @from and @to are as aligned as they are wide. */
static void kshare_elems_copy(void *to, const void *from, u64 bytes, u32 width, bool may_sleep)
{
	u64 i;

	if (IS_ALIGNED((unsigned long)to | (unsigned long)from | bytes, 8))
		width = 8;
	for (i = 0; i < bytes; i += width) {
		switch (width) {
		case 1:
			WRITE_ONCE(*(u8 *)(to + i), READ_ONCE(*(const u8 *)(from + i)));
			break;
		case 2:
			WRITE_ONCE(*(u16 *)(to + i), READ_ONCE(*(const u16 *)(from + i)));
			break;
		case 4:
			WRITE_ONCE(*(u32 *)(to + i), READ_ONCE(*(const u32 *)(from + i)));
			break;
		default:
			WRITE_ONCE(*(u64 *)(to + i), READ_ONCE(*(const u64 *)(from + i)));
		}
		if (may_sleep && !(i % SZ_64K))
			cond_resched();
	}
}

/*
 * The bytes go to a value of the run's own, which becomes the result.  Long ones
 * are copied with the object owned: so that an atomic batch is still seen as one
 * step.
 */
int kshare_array_read_prepare(struct kshare_run *run)
{
	const struct kshare_array *array = kshare_array_of(run->obj);
	u64 first, bytes;

	if (!run->out_addr || !run->nr)
		return -EINVAL;
	if (run->value.type != KSHARE_NONE)
		return 0;
	if (!kshare_array_at(run, &first) || run->nr > array->length - first)
		return -ERANGE;
	bytes = (u64)run->nr * array->width;
	if (bytes > KSHARE_MAX_VALUE)
		return -E2BIG;
	if (bytes > sizeof(run->value.bytes)) {
		run->value.blob = kshare_blob_alloc(bytes, 0);
		if (!run->value.blob)
			return -ENOMEM;
	} else {
		run->value.inline_len = bytes;
	}
	run->value.type = KSHARE_BYTES;
	run->value.len = bytes;
	if (bytes > KSHARE_SPIN_BYTES)
		run->own = true;
	return 0;
}

int kshare_array_read(struct kshare_run *run)
{
	const struct kshare_array *array = kshare_array_of(run->obj);
	struct kshare_val *v = &run->value;

	kshare_elems_copy(v->inline_len ? v->bytes : v->blob->data, kshare_array_at(run, NULL),
			  v->len, array->width, run->owned);
	kshare_give(run, v);
	return run->nr;
}

int kshare_array_write_prepare(struct kshare_run *run)
{
	const struct kshare_array *array = kshare_array_of(run->obj);
	u32 bytes = run->value.len;
	u64 first;

	if (!bytes || bytes % array->width)
		return -EINVAL;
	if (!kshare_array_at(run, &first) || bytes / array->width > array->length - first)
		return -ERANGE;
	if (bytes > KSHARE_SPIN_BYTES)
		run->own = true;
	if (run->atomic && !run->u.array.old) {
		run->u.array.old = kvmalloc(bytes, GFP_KERNEL_ACCOUNT);
		if (!run->u.array.old)
			return -ENOMEM;
	}
	return 0;
}

int kshare_array_write(struct kshare_run *run)
{
	const struct kshare_array *array = kshare_array_of(run->obj);
	const struct kshare_val *v = &run->value;
	void *at = kshare_array_at(run, NULL);

	if (run->u.array.old)
		kshare_elems_copy(run->u.array.old, at, v->len, array->width, run->owned);
	kshare_elems_copy(at, kshare_val_data(v), v->len, array->width, run->owned);
	kshare_touch(run);
	return v->len / array->width;
}

/* Only in a batch. */
void kshare_array_write_undo(struct kshare_run *run)
{
	const struct kshare_array *array = kshare_array_of(run->obj);

	kshare_elems_copy(kshare_array_at(run, NULL), run->u.array.old, run->value.len,
			  array->width, run->owned);
}

void kshare_array_write_finish(struct kshare_run *run)
{
	kvfree(run->u.array.old);
}

int kshare_array_len(struct kshare_run *run)
{
	run->number = kshare_array_of(run->obj)->length;
	return 0;
}

static int kshare_mapping_release(struct inode *inode, struct file *file)
{
	kshare_object_put(file->private_data);
	return 0;
}

static const struct file_operations kshare_mapping_fops = {
	.owner = THIS_MODULE,
	.release = kshare_mapping_release,
};

static vm_fault_t kshare_mapping_fault(struct vm_fault *vmf)
{
	const struct kshare_array *array = kshare_array_of(vmf->vma->vm_file->private_data);
	u64 offset = (u64)vmf->pgoff << PAGE_SHIFT;

	if (offset >= PAGE_ALIGN(array->length * array->width))
		return VM_FAULT_SIGBUS;
	vmf->page = vmalloc_to_page(array->data + offset);
	get_page(vmf->page);
	return 0;
}

static const struct vm_operations_struct kshare_mapping_ops = {
	.fault = kshare_mapping_fault,
};

/**
 * kshare_array_mmap() - maps an array
 * @obj: an array; the mapping takes a reference
 * @rights: of the handle it was named by
 * @vma: where to
 *
 * Return: 0 or an error.
 */
int kshare_array_mmap(struct kshare_object *obj, u32 rights, struct vm_area_struct *vma)
{
	const struct kshare_array *array = kshare_array_of(obj);
	struct file *file;

	if (!(vma->vm_flags & VM_SHARED))
		return -EINVAL;
	if (vma->vm_flags & VM_EXEC)
		return -EPERM;
	if (vma->vm_end - vma->vm_start > PAGE_ALIGN(array->length * array->width))
		return -EINVAL;
	if (!(rights & KSHARE_RIGHT_READ))
		return -EACCES;
	if (!(rights & KSHARE_RIGHT_WRITE)) {
		if (vma->vm_flags & VM_WRITE)
			return -EACCES;
		vm_flags_clear(vma, VM_MAYWRITE);
	}

	file = anon_inode_getfile("[kshare-array]", &kshare_mapping_fops, obj, O_RDWR);
	if (IS_ERR(file))
		return PTR_ERR(file);
	kshare_object_get(obj);
	vma_set_file(vma, file);
	fput(file);
	vma->vm_pgoff = 0;
	vma->vm_ops = &kshare_mapping_ops;
	vm_flags_clear(vma, VM_MAYEXEC);
	vm_flags_set(vma, VM_DONTEXPAND);
	return 0;
}
