// SPDX-License-Identifier: LGPL-2.1-or-later OR MIT
/* Values: reading, comparing and writing them out. */
#include <math.h>
#include <stdarg.h>
#include <stdio.h>

#include "internal.h"

struct kshare_value kshare_ref_rights(struct kshare_obj *obj, uint32_t rights)
{
	struct kshare_value v = kshare_none();

	v.type = KSHARE_REF;
	v.ref.handle = kshare_handle(obj);
	v.ref.rights = rights;
	return v;
}

struct kshare_value kshare_ref(struct kshare_obj *obj)
{
	return kshare_ref_rights(obj, 0);
}

/* Number of references that an encoded value carries. */
uint32_t ks_value_ref_count(const struct kshare_value *v)
{
	uint32_t count;

	if (v->type != KSHARE_ENCODED || !(v->flags & KSHARE_VF_REFS) || v->len < sizeof(count))
		return 0;
	memcpy(&count, (const void *)(uintptr_t)v->ptr, sizeof(count));
	return count <= (v->len - sizeof(count)) / sizeof(uint32_t) ? count : 0;
}

int kshare_encoded_refs(uint8_t codec, const void *data, size_t len,
			struct kshare_obj *const *refs, uint32_t count,
			void *buf, size_t size, struct kshare_value *value)
{
	unsigned char *to = buf;
	size_t head = sizeof(uint32_t) * ((size_t)count + 1);
	uint32_t i;

	if (!count) {
		*value = kshare_encoded(codec, data, len);
		return 0;
	}
	if (count > KSHARE_MAX_REFS || len > KSHARE_MAX_VALUE)
		return -E2BIG;
	if (size < head || size - head < len)
		return -ENOBUFS;
	memcpy(to, &count, sizeof(count));
	for (i = 0; i < count; i++) {
		uint32_t handle = kshare_handle(refs[i]);

		memcpy(to + sizeof(handle) * ((size_t)i + 1), &handle, sizeof(handle));
	}
	if (len)
		memcpy(to + head, data, len);
	*value = kshare_none();
	value->type = KSHARE_ENCODED;
	value->codec = codec;
	value->flags = KSHARE_VF_REFS;
	value->len = (uint32_t)(head + len);
	value->ptr = (uintptr_t)buf;
	return 0;
}

/**
 * struct num - a number, whatever it was
 * @is_float: @d holds it; else @u does
 * @negative: @u is to be read as a negative 64-bit number
 */
struct num {
	bool is_float;
	bool negative;
	uint64_t u;
	double d;
};

static bool to_num(const struct kshare_value *v, struct num *n)
{
	memset(n, 0, sizeof(*n));
	switch (v->type) {
	case KSHARE_BOOL:
	case KSHARE_UINT:
		n->u = v->u;
		return true;
	case KSHARE_INT:
		n->u = v->u;
		n->negative = v->i < 0;
		return true;
	case KSHARE_FLOAT:
		memcpy(&n->d, v->bytes, sizeof(n->d));
		n->is_float = true;
		/* What an integer can say, an integer says: then comparing is exact. */
		if (n->d >= -0x1p63 && n->d < 0 && n->d == (double)(int64_t)n->d) {
			n->u = (uint64_t)(int64_t)n->d;
			n->negative = true;
			n->is_float = false;
		} else if (n->d >= 0 && n->d < 0x1p64 && n->d == (double)(uint64_t)n->d) {
			n->u = (uint64_t)n->d;
			n->is_float = false;
		}
		return true;
	default:
		return false;
	}
}

static bool num_equal(const struct num *a, const struct num *b)
{
	if (a->is_float || b->is_float)
		return a->is_float && b->is_float && a->d == b->d;
	return a->negative == b->negative && a->u == b->u;
}

bool kshare_value_equal(const struct kshare_value *a, const struct kshare_value *b)
{
	struct num na, nb;
	const void *da, *db;
	size_t la, lb;

	if (to_num(a, &na))
		return to_num(b, &nb) && num_equal(&na, &nb);
	if (a->type != b->type)
		return false;
	switch (a->type) {
	case KSHARE_NONE:
		return true;
	case KSHARE_REF:
		return a->ref.handle == b->ref.handle && a->ref.rights == b->ref.rights;
	case KSHARE_STR:
	case KSHARE_BYTES:
	case KSHARE_ENCODED:
		/* With the references in front: those are handles, as in a REF. */
		la = a->len;
		lb = b->len;
		da = a->inline_len ? a->bytes : (const void *)(uintptr_t)a->ptr;
		db = b->inline_len ? b->bytes : (const void *)(uintptr_t)b->ptr;
		return a->codec == b->codec && a->flags == b->flags && la == lb &&
		       (!la || !memcmp(da, db, la));
	default:
		return false;
	}
}

int kshare_value_int(const struct kshare_value *value, int64_t *i)
{
	if (!value)
		return -ENOENT;
	switch (value->type) {
	case KSHARE_BOOL:
	case KSHARE_UINT:
		if (value->u > INT64_MAX)
			return -ERANGE;
		*i = (int64_t)value->u;
		return 0;
	case KSHARE_INT:
		*i = value->i;
		return 0;
	default:
		return -EDOM;
	}
}

int kshare_value_uint(const struct kshare_value *value, uint64_t *u)
{
	if (!value)
		return -ENOENT;
	switch (value->type) {
	case KSHARE_BOOL:
	case KSHARE_UINT:
		*u = value->u;
		return 0;
	case KSHARE_INT:
		if (value->i < 0)
			return -ERANGE;
		*u = (uint64_t)value->i;
		return 0;
	default:
		return -EDOM;
	}
}

int kshare_value_float(const struct kshare_value *value, double *d)
{
	if (!value)
		return -ENOENT;
	switch (value->type) {
	case KSHARE_BOOL:
	case KSHARE_UINT:
		*d = (double)value->u;
		return 0;
	case KSHARE_INT:
		*d = (double)value->i;
		return 0;
	case KSHARE_FLOAT:
		memcpy(d, value->bytes, sizeof(*d));
		return 0;
	default:
		return -EDOM;
	}
}

int kshare_value_bool(const struct kshare_value *value, bool *b)
{
	if (!value)
		return -ENOENT;
	if (value->type != KSHARE_BOOL)
		return -EDOM;
	*b = value->u;
	return 0;
}

const void *kshare_value_data(const struct kshare_value *value, size_t *len)
{
	const unsigned char *data = NULL;
	size_t size = 0;
	size_t head;

	if (value && (value->type == KSHARE_STR || value->type == KSHARE_BYTES ||
		      value->type == KSHARE_ENCODED)) {
		size = value->len;
		/* An empty one has bytes as well, none. */
		if (value->inline_len || !size)
			data = value->bytes;
		else
			data = (const void *)(uintptr_t)value->ptr;
		if (value->flags & KSHARE_VF_REFS) {
			head = sizeof(uint32_t) * ((size_t)ks_value_ref_count(value) + 1);
			data += head;
			size -= head;
		}
	}
	if (len)
		*len = size;
	return data;
}

/** struct text - what snprintf() would have, written piece by piece */
struct text {
	char *buf;
	size_t size;
	size_t len;
};

__attribute__((format(printf, 2, 3)))
static void put(struct text *t, const char *format, ...)
{
	size_t room = t->len < t->size ? t->size - t->len : 0;
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf(room ? t->buf + t->len : NULL, room, format, args);
	va_end(args);
	if (n > 0)
		t->len += (size_t)n;
}

static void put_quoted(struct text *t, const struct kshare_value *v)
{
	bool text = v->type == KSHARE_STR;
	const unsigned char *p;
	size_t len;
	size_t i;

	p = kshare_value_data(v, &len);
	put(t, "\"");
	for (i = 0; i < len; i++) {
		if (p[i] == '"' || p[i] == '\\')
			put(t, "\\%c", p[i]);
		else if (p[i] == '\n')
			put(t, "\\n");
		else if (p[i] == '\t')
			put(t, "\\t");
		else if (p[i] < ' ' || p[i] == 0x7f || (!text && p[i] > 0x7f))
			put(t, "\\x%02x", p[i]);
		else
			put(t, "%c", p[i]);
	}
	put(t, "\"");
}

/* The shortest text that reads back as the same double, with a point. */
static void put_float(struct text *t, double d)
{
	char s[40] = "";
	int digits;
	char *p;

	if (isnan(d) || isinf(d)) {
		put(t, "%s", isnan(d) ? "nan" : d > 0 ? "inf" : "-inf");
		return;
	}
	for (digits = 15; digits <= 17; digits++) {
		snprintf(s, sizeof(s), "%.*g", digits, d);
		if (strtod(s, NULL) == d)
			break;
	}
	/* In some locales it is a comma. */
	for (p = s; *p; p++) {
		if (!strchr("+-0123456789e", *p))
			*p = '.';
	}
	put(t, "%s%s", s, strpbrk(s, ".e") ? "" : ".0");
}

static void put_value(struct text *t, const struct kshare_value *v)
{
	double d;

	switch (v->type) {
	case KSHARE_NONE:
		put(t, "none");
		break;
	case KSHARE_BOOL:
		put(t, v->u ? "true" : "false");
		break;
	case KSHARE_INT:
		put(t, "%lld", (long long)v->i);
		break;
	case KSHARE_UINT:
		put(t, "%llu", (unsigned long long)v->u);
		break;
	case KSHARE_FLOAT:
		memcpy(&d, v->bytes, sizeof(d));
		put_float(t, d);
		break;
	case KSHARE_BYTES:
		put(t, "b");
		put_quoted(t, v);
		break;
	case KSHARE_STR:
		put_quoted(t, v);
		break;
	case KSHARE_REF:
		put(t, "<object %u>", v->ref.handle);
		break;
	case KSHARE_ENCODED:
		put(t, "<codec %u, %u bytes>", v->codec, v->len);
		break;
	case KSHARE_VECTOR:
		put(t, "<%u values>", v->len);
		break;
	default:
		put(t, "<type %u>", v->type);
	}
}

int kshare_value_format(const struct kshare_value *value, char *buf, size_t size)
{
	struct text t = { .buf = buf, .size = size };
	int saved = errno;

	if (size)
		buf[0] = '\0';
	put_value(&t, value);
	errno = saved;
	return t.len > INT32_MAX ? INT32_MAX : (int)t.len;
}
