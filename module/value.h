/* SPDX-License-Identifier: GPL-2.0-only */
/**
 * DOC: values
 *
 * A struct kshare_val is what &struct kshare_value is in the uAPI, once it is
 * inside: 16 bytes that may own a reference to a blob, an object, or a table
 * entry (for its key).  Long bytes live in an immutable, refcounted blob, so a
 * reader takes a reference under a lock or under RCU, and copies the bytes out
 * after it has dropped all locks.  Blobs are freed after a grace period.
 *
 * Numbers are kept normal: a KSHARE_UINT below 2^63 is a KSHARE_INT.
 *
 * Dropping the last reference to an object destroys it, which may drop further
 * references; so that this neither recurses nor happens under a spinlock, it
 * goes through a list of the doomed that the caller runs when it holds no lock
 * (kshare_doom_run() in object.h).
 */
#ifndef KSHARE_VALUE_H
#define KSHARE_VALUE_H

#include "port.h"

struct kshare_object;
struct kshare_entry;

/** struct kshare_doom - objects whose last reference has gone */
struct kshare_doom {
	struct kshare_object *first;
};

/* Of object.c; the unit tests have their own. */
bool kshare_object_tryget(struct kshare_object *obj);
void kshare_object_get(struct kshare_object *obj);
void kshare_object_put_deferred(struct kshare_object *obj, struct kshare_doom *doom);
void kshare_object_forget(struct kshare_object *obj, struct kshare_doom *doom);
/* The object that a reference is about, by way of however many gates. */
const struct kshare_object *kshare_object_real(const struct kshare_object *obj);

/** KSHARE_VAL_ENTRY: in &kshare_val.flags: the bytes are the key of @entry. */
#define KSHARE_VAL_ENTRY	0x80
/** KSHARE_VAL_BORROWED: the bytes are @data, which somebody else keeps. */
#define KSHARE_VAL_BORROWED	0x40

/**
 * struct kshare_val - a value inside the kernel
 * @type: enum kshare_value_type
 * @codec: format of an encoded value
 * @inline_len: 1 to 8, and equal to @len, if the bytes of a STR, BYTES or
 *	ENCODED are @bytes; 0 if they are elsewhere, or if there are none.  Up
 *	to 8 bytes of a STR or BYTES are always in place
 * @flags: KSHARE_VAL_ENTRY, KSHARE_VAL_BORROWED
 * @len: number of bytes (of an encoded value: without the references that it
 *	carries); for a REF its rights
 * @i: signed number
 * @u: unsigned number, bool, bits of a double
 * @bytes: short bytes
 * @blob: long bytes, and encoded ones that carry references, however short;
 *	@u is 0 if there are neither bytes nor references
 * @obj: the object that a REF refers to
 * @data: bytes that are not owned, with KSHARE_VAL_BORROWED; only while a
 *	command looks for a key, never in a container or result
 * @entry: the entry whose key this is, with KSHARE_VAL_ENTRY
 */
struct kshare_val {
	u8 type;
	u8 codec;
	u8 inline_len;
	u8 flags;
	u32 len;
	union {
		s64 i;
		u64 u;
		u8 bytes[8];
		struct kshare_blob *blob;
		struct kshare_object *obj;
		struct kshare_entry *entry;
		const u8 *data;
	};
};

/** struct kshare_blob_ref - a reference that an encoded value carries */
struct kshare_blob_ref {
	struct kshare_object *obj;
	u32 rights;
};

/**
 * struct kshare_blob - immutable bytes with a refcount
 * @ref: references
 * @len: bytes at @data
 * @refs_count: references at @refs
 * @rcu: frees it
 * @refs: references of an encoded value, after its bytes; or NULL
 * @data: the bytes
 */
struct kshare_blob {
	refcount_t ref;
	u32 len;
	u32 refs_count;
	struct rcu_head rcu;
	struct kshare_blob_ref *refs;
	u8 data[];
};

/*
 * A new blob with one reference, its bytes and references not yet filled in
 * (refs[].obj is NULL); NULL if there is no memory.  May sleep.
 */
struct kshare_blob *kshare_blob_alloc(u32 len, u32 refs_count);
/* Drops one reference; with the last one those in refs[] that are filled in. */
void kshare_blob_put(struct kshare_blob *blob, struct kshare_doom *doom);

/**
 * kshare_val_str() - a STR of these bytes
 * @bytes: the bytes
 * @len: how many
 * @v: written, NONE if this fails
 * Return: 0 or -ENOMEM.  May sleep.
 */
int kshare_val_str(const void *bytes, u32 len, struct kshare_val *v);

/** kshare_val_data() - the bytes of a STR, BYTES or ENCODED; @v->len of them. */
const u8 *kshare_val_data(const struct kshare_val *v);

/** kshare_val_slow() - true if the value owns a reference to something. */
static inline bool kshare_val_slow(const struct kshare_val *v)
{
	if (v->type < KSHARE_STR || v->inline_len || v->flags & KSHARE_VAL_BORROWED)
		return false;
	/* A REF, or an encoded value that may be nothing but references. */
	return v->len || (v->type >= KSHARE_REF && v->u);
}

size_t __kshare_val_size(const struct kshare_val *v);

/**
 * kshare_val_size() - bytes of memory that a value owns beside its 16
 * @v: the value.  What a key of an entry owns is counted with the entry
 */
static inline size_t kshare_val_size(const struct kshare_val *v)
{
	return kshare_val_slow(v) ? __kshare_val_size(v) : 0;
}

bool __kshare_val_tryget(const struct kshare_val *v);
void __kshare_val_get(const struct kshare_val *v);
void __kshare_val_put(struct kshare_val *v, struct kshare_doom *doom);

/**
 * kshare_val_tryget() - takes what @v refers to once more, unless it is going
 * @v: a copy of a value that was read under RCU
 * Return: false if it is gone; then @v must not be used.
 */
static inline bool kshare_val_tryget(const struct kshare_val *v)
{
	return !kshare_val_slow(v) || __kshare_val_tryget(v);
}

/** kshare_val_get() - the same, where a reference is known to be held. */
static inline void kshare_val_get(const struct kshare_val *v)
{
	if (kshare_val_slow(v))
		__kshare_val_get(v);
}

/** kshare_val_put() - drops what @v owns and makes it NONE.  Any context. */
static inline void kshare_val_put(struct kshare_val *v, struct kshare_doom *doom)
{
	if (kshare_val_slow(v))
		__kshare_val_put(v, doom);
	*v = (struct kshare_val){};
}

/**
 * kshare_val_drop() - the same, for bytes that were never in a container
 *
 * Nobody looks at them under RCU, so their memory is free for the next at once.
 * May sleep.
 */
void kshare_val_drop(struct kshare_val *v, struct kshare_doom *doom);

static inline struct kshare_val kshare_val_int(s64 i)
{
	return (struct kshare_val){ .type = KSHARE_INT, .i = i };
}

static inline struct kshare_val kshare_val_uint(u64 u)
{
	return (struct kshare_val){ .type = u >> 63 ? KSHARE_UINT : KSHARE_INT, .u = u };
}

/**
 * kshare_val_equal() - as keys and list elements are compared
 *
 * Numbers of all types are equal if their mathematical values are; STR and
 * BYTES if type and bytes are; references if they name the same object; encoded
 * values if codec, bytes and references are the same; NONE equals NONE; NaN
 * equals nothing.  Exact: no number is rounded.
 */
bool kshare_val_equal(const struct kshare_val *a, const struct kshare_val *b);

/** kshare_val_same() - as equal, but a NaN is the same as one of the same bits. */
bool kshare_val_same(const struct kshare_val *a, const struct kshare_val *b);

/**
 * kshare_val_compare() - order for sorting
 * @a: one
 * @b: the other
 * @order: <0, 0 or >0
 * Return: 0, or -EDOM unless both are numbers (none NaN), or both STR, or both
 *	BYTES.  Exact between integers and floats.
 */
int kshare_val_compare(const struct kshare_val *a, const struct kshare_val *b, int *order);

/** kshare_val_check_key() - 0, -EINVAL if it can be no key, -E2BIG if too long. */
int kshare_val_check_key(const struct kshare_val *v);

/** kshare_val_hash() - of a key; equal keys have equal hashes. */
u32 kshare_val_hash(const struct kshare_val *v, const siphash_key_t *secret);

/**
 * kshare_val_add() - @a + @b
 * @a: a number (a bool counts as one), or NONE, which counts as 0: that is for
 *	entries that are only being made, others check
 * @b: a number
 * @wrap: wrap within 64 bits instead of -ERANGE; unsigned if @a is UINT, else
 *	signed.  With a float it has no effect
 * @sum: the result: a float if one of them is, rounded to nearest even as the
 *	hardware would; else an integer
 *
 * The kernel may not use the FPU, so doubles are added in integers.
 * Return: 0, -EDOM if one of them is no number, -ERANGE.
 */
int kshare_val_add(const struct kshare_val *a, const struct kshare_val *b, bool wrap,
		   struct kshare_val *sum);

/** enum kshare_bitop - what kshare_val_bitop() does */
enum kshare_bitop { KSHARE_BIT_AND, KSHARE_BIT_OR, KSHARE_BIT_XOR };

/**
 * kshare_val_bitop() - of two integers, as Python does it
 * @a: one
 * @b: the other
 * @op: what to do, in two's complement of unlimited width
 * @out: the result, a BOOL if both are
 * Return: 0, -EDOM if one is no integer, -ERANGE if the result fits neither s64
 *	nor u64.
 */
int kshare_val_bitop(const struct kshare_val *a, const struct kshare_val *b,
		     enum kshare_bitop op, struct kshare_val *out);

/* IEEE 754 in integers: bits in, bits out, rounding to nearest even. */
u64 kshare_f64_add(u64 a, u64 b);
u64 kshare_f64_from_int(const struct kshare_val *v);	/* BOOL, INT or UINT */
u32 kshare_f32_from_f64(u64 a);
u64 kshare_f64_from_f32(u32 a);
bool kshare_f64_is_nan(u64 a);

/**
 * kshare_elem_load() - an element of an array or a typed cell as a value
 * @elem: enum kshare_elem, not ANY
 * @bits: the element, in the low bits; the others do not count
 */
struct kshare_val kshare_elem_load(u32 elem, u64 bits);

/**
 * kshare_elem_store() - a value as bits of an element
 * @elem: enum kshare_elem, not ANY
 * @v: the value
 * @bits: written: the element in the low bits, the others 0
 * Return: 0, -EDOM for a wrong kind (no number; a float for an integer
 *	element), -ERANGE if it does not fit (a finite number that becomes
 *	infinite in an F32 does not fit either).
 */
int kshare_elem_store(u32 elem, const struct kshare_val *v, u64 *bits);

/** kshare_elem_size() - bytes of an element; 0 for ANY and unknown ones. */
unsigned int kshare_elem_size(u32 elem);

/**
 * kshare_elem_add() - element plus number
 * @elem: enum kshare_elem, not ANY
 * @bits: the element, in the low bits
 * @v: the number
 * @wrap: integers wrap at the element's width instead of -ERANGE
 * @sum: written: the new element.  Floats are added as doubles
 * Return: as kshare_elem_store().
 */
int kshare_elem_add(u32 elem, u64 bits, const struct kshare_val *v, bool wrap, u64 *sum);

#endif /* KSHARE_VALUE_H */
