/* SPDX-License-Identifier: LGPL-2.1-or-later OR MIT */
/*
 * Values: what objects hold.
 *
 * A struct kshare_value is plain data and is passed by value.  One that a
 * builder made of longer bytes points at the caller's, and one made of a proxy
 * names its handle: both must stay until the command has been carried out.
 */
#ifndef KSHARE_VALUE_H
#define KSHARE_VALUE_H

#include <string.h>

#include <kshare/base.h>

KSHARE_BEGIN_DECLS

/** kshare_none() - no value; also stands for an argument that is left out */
static inline struct kshare_value kshare_none(void)
{
	struct kshare_value v;

	memset(&v, 0, sizeof(v));
	return v;
}

/** kshare_bool() - true or false */
static inline struct kshare_value kshare_bool(bool b)
{
	struct kshare_value v = kshare_none();

	v.type = KSHARE_BOOL;
	v.u = b;
	return v;
}

/** kshare_int() - a signed number */
static inline struct kshare_value kshare_int(int64_t i)
{
	struct kshare_value v = kshare_none();

	v.type = KSHARE_INT;
	v.i = i;
	return v;
}

/** kshare_uint() - an unsigned number; the same as kshare_int() where both can say it */
static inline struct kshare_value kshare_uint(uint64_t u)
{
	struct kshare_value v = kshare_none();

	v.type = KSHARE_UINT;
	v.u = u;
	return v;
}

/** kshare_float() - a double */
static inline struct kshare_value kshare_float(double d)
{
	struct kshare_value v = kshare_none();

	v.type = KSHARE_FLOAT;
	memcpy(v.bytes, &d, sizeof(d));
	return v;
}

/* Up to eight bytes travel in the value itself. */
static inline struct kshare_value kshare__data(uint8_t type, uint8_t codec, const void *data,
					       size_t len)
{
	struct kshare_value v = kshare_none();

	v.type = type;
	v.codec = codec;
	/* A length that does not fit must be refused, not cut. */
	v.len = len > UINT32_MAX ? UINT32_MAX : (uint32_t)len;
	if (len > sizeof(v.bytes)) {
		v.ptr = (uintptr_t)data;
	} else if (len > 0) {
		v.inline_len = (uint8_t)len;
		memcpy(v.bytes, data, len);
	}
	return v;
}

/** kshare_str() - text that ends with a NUL, which is not part of the value */
static inline struct kshare_value kshare_str(const char *s)
{
	return kshare__data(KSHARE_STR, 0, s, strlen(s));
}

/** kshare_strn() - @len bytes of text; UTF-8 is meant, and not checked */
static inline struct kshare_value kshare_strn(const char *s, size_t len)
{
	return kshare__data(KSHARE_STR, 0, s, len);
}

/** kshare_bytes() - @len bytes */
static inline struct kshare_value kshare_bytes(const void *data, size_t len)
{
	return kshare__data(KSHARE_BYTES, 0, data, len);
}

/** kshare_encoded() - bytes in a format that its users agree on and number as @codec */
static inline struct kshare_value kshare_encoded(uint8_t codec, const void *data, size_t len)
{
	return kshare__data(KSHARE_ENCODED, codec, data, len);
}

/** kshare_vector() - many values, for kshare_prep_list_extend() and its like */
static inline struct kshare_value kshare_vector(const struct kshare_value *values, uint32_t count)
{
	struct kshare_value v = kshare_none();

	v.type = KSHARE_VECTOR;
	v.len = count;
	v.ptr = count ? (uintptr_t)values : 0;
	return v;
}

/**
 * kshare_ref() - a reference to the object of a proxy
 * @obj: a proxy, of the client that the command goes to.  Its handle must have
 *	KSHARE_RIGHT_TRANSFER.
 *
 * Not a reference that the caller owns: that is kshare_hold().
 */
struct kshare_value kshare_ref(struct kshare_obj *obj);

/**
 * kshare_ref_rights() - a reference that gives only some rights to those who read it
 * @obj: a proxy, of the client that the command goes to
 * @rights: a part of what the proxy's handle has: KSHARE_RIGHT_*; 0 for all
 */
struct kshare_value kshare_ref_rights(struct kshare_obj *obj, uint32_t rights);

/**
 * kshare_encoded_refs() - an encoded value that carries references
 * @codec: number of the format
 * @data: the encoded bytes
 * @len: number of them
 * @refs: the objects that they refer to, by their place in this array
 * @count: number of @refs; 0 makes what kshare_encoded() makes
 * @buf: memory that the value will point at
 * @size: bytes at @buf: at least 4 + 4 * @count + @len, if @count is not 0
 * @value: the value
 *
 * Return: 0; -ENOBUFS if @size is too small; -E2BIG if there are too many.
 */
int kshare_encoded_refs(uint8_t codec, const void *data, size_t len,
			struct kshare_obj *const *refs, uint32_t count,
			void *buf, size_t size, struct kshare_value *value);

/**
 * kshare_value_int() - reads a number
 * @value: the value.  NULL is allowed, so that the result of
 *	kshare_reply_value() can be given without a look at it.
 * @i: the number
 *
 * Return: 0; -ENOENT if @value is NULL; -EDOM if it is no integer (a bool is
 * one); -ERANGE if it does not fit.
 */
int kshare_value_int(const struct kshare_value *value, int64_t *i);

/** kshare_value_uint() - as kshare_value_int(), of an unsigned number */
int kshare_value_uint(const struct kshare_value *value, uint64_t *u);

/** kshare_value_float() - as kshare_value_int(), of a double; integers are converted */
int kshare_value_float(const struct kshare_value *value, double *d);

/** kshare_value_bool() - as kshare_value_int(), of a bool, and of nothing else */
int kshare_value_bool(const struct kshare_value *value, bool *b);

/**
 * kshare_value_data() - the bytes of a STR, BYTES or ENCODED
 * @value: the value, or NULL
 * @len: number of bytes; may be NULL
 *
 * There is no NUL behind them.  Of an encoded value the references are left out.
 *
 * Return: the bytes, as long as @value and what it was read from live; NULL if
 * it has none.
 */
const void *kshare_value_data(const struct kshare_value *value, size_t *len);

/**
 * kshare_value_equal() - compares two values that hold no reference
 * @a: one
 * @b: the other
 *
 * Numbers are one line: 1, 1.0 and true are equal.  Text is not equal to bytes.
 * References are equal if they are the same handle with the same rights.
 */
bool kshare_value_equal(const struct kshare_value *a, const struct kshare_value *b);

/**
 * kshare_value_format() - a value as people write it
 * @value: the value
 * @buf: where to
 * @size: bytes at @buf
 *
 * Return: as snprintf(): the length it has, or would have had with more room.
 */
int kshare_value_format(const struct kshare_value *value, char *buf, size_t size);

KSHARE_END_DECLS

#endif /* KSHARE_VALUE_H */
