// SPDX-License-Identifier: GPL-2.0-only
/*
 * Values: blobs and references, equality, order, hash, and arithmetic.  What
 * each function promises stands in value.h.
 */
#include "value.h"
#include "table.h"

#define F64_SIGN	BIT_ULL(63)
#define F64_INF		(0x7ffULL << 52)
#define F64_QUIET	BIT_ULL(51)
#define F64_NAN		(F64_INF | F64_QUIET)
#define F64_FRACTION	(BIT_ULL(52) - 1)
#define F64_BIAS	1023
#define F64_EXPONENT(x)	((unsigned int)((x) >> 52) & 0x7ff)

#define F32_SIGN	BIT(31)
#define F32_FRACTION	(BIT(23) - 1)
#define F32_INF		(0xffU << 23)
#define F32_QUIET	BIT(22)
#define F32_BIAS	127

/* ------------------------------------------------------------------ */
/* Blobs and references                                                */
/* ------------------------------------------------------------------ */

/* Neither number can overflow: both are within the limits of the uAPI. */
static size_t blob_bytes(u32 len, u32 refs_count)
{
	size_t size = offsetof(struct kshare_blob, data) + len;

	if (refs_count)
		size = ALIGN(size, __alignof__(struct kshare_blob_ref)) +
		       refs_count * sizeof(struct kshare_blob_ref);
	return size;
}

struct kshare_blob *kshare_blob_alloc(u32 len, u32 refs_count)
{
	struct kshare_blob *blob;
	size_t size;

	if (len > KSHARE_MAX_VALUE || refs_count > KSHARE_MAX_REFS)
		return NULL;

	size = blob_bytes(len, refs_count);
	blob = kvmalloc(size, GFP_KERNEL_ACCOUNT);
	if (!blob)
		return NULL;

	refcount_set(&blob->ref, 1);
	blob->len = len;
	blob->refs_count = refs_count;
	blob->refs = NULL;
	if (refs_count) {
		size_t refs_size = refs_count * sizeof(*blob->refs);

		blob->refs = (void *)((u8 *)blob + size - refs_size);
		memset(blob->refs, 0, refs_size);
	}
	return blob;
}

void kshare_blob_put(struct kshare_blob *blob, struct kshare_doom *doom)
{
	u32 n;

	if (!refcount_dec_and_test(&blob->ref))
		return;

	for (n = 0; n < blob->refs_count; n++)
		if (blob->refs[n].obj)
			kshare_object_forget(blob->refs[n].obj, doom);
	kvfree_rcu(blob, rcu);
}

size_t __kshare_val_size(const struct kshare_val *v)
{
	if (v->type == KSHARE_REF || v->flags & KSHARE_VAL_ENTRY)
		return 0;
	return blob_bytes(v->blob->len, v->blob->refs_count);
}

bool __kshare_val_tryget(const struct kshare_val *v)
{
	if (v->type == KSHARE_REF)
		return kshare_object_tryget(v->obj);
	if (v->flags & KSHARE_VAL_ENTRY)
		return refcount_inc_not_zero(&v->entry->ref);
	return refcount_inc_not_zero(&v->blob->ref);
}

void __kshare_val_get(const struct kshare_val *v)
{
	if (v->type == KSHARE_REF)
		kshare_object_get(v->obj);
	else if (v->flags & KSHARE_VAL_ENTRY)
		refcount_inc(&v->entry->ref);
	else
		refcount_inc(&v->blob->ref);
}

void __kshare_val_put(struct kshare_val *v, struct kshare_doom *doom)
{
	if (v->type == KSHARE_REF)
		kshare_object_forget(v->obj, doom);
	else if (v->flags & KSHARE_VAL_ENTRY)
		kshare_entry_put(v->entry, doom);
	else
		kshare_blob_put(v->blob, doom);
}

void kshare_val_drop(struct kshare_val *v, struct kshare_doom *doom)
{
	if (v->type >= KSHARE_STR && v->type != KSHARE_REF && kshare_val_slow(v) &&
	    !(v->flags & KSHARE_VAL_ENTRY) && !v->blob->refs_count) {
		if (refcount_dec_and_test(&v->blob->ref))
			kvfree(v->blob);
		*v = (struct kshare_val){};
	}
	kshare_val_put(v, doom);
}

int kshare_val_str(const void *bytes, u32 len, struct kshare_val *v)
{
	struct kshare_blob *blob;

	*v = (struct kshare_val){};
	if (len > sizeof(v->bytes)) {
		blob = kshare_blob_alloc(len, 0);
		if (!blob)
			return -ENOMEM;
		memcpy(blob->data, bytes, len);
		v->blob = blob;
	} else {
		memcpy(v->bytes, bytes, len);
		v->inline_len = len;
	}
	v->type = KSHARE_STR;
	v->len = len;
	return 0;
}

const u8 *kshare_val_data(const struct kshare_val *v)
{
	if (v->inline_len || !v->u)
		return v->bytes;
	if (v->flags & KSHARE_VAL_ENTRY)
		return v->entry->bytes;
	if (v->flags & KSHARE_VAL_BORROWED)
		return v->data;
	return v->blob->data;
}

/* ------------------------------------------------------------------ */
/* Numbers                                                             */
/* ------------------------------------------------------------------ */

static bool is_int(const struct kshare_val *v)
{
	return v->type >= KSHARE_BOOL && v->type <= KSHARE_UINT;
}

static bool is_number(const struct kshare_val *v)
{
	return v->type >= KSHARE_BOOL && v->type <= KSHARE_FLOAT;
}

static bool is_bytes(const struct kshare_val *v)
{
	return v->type == KSHARE_STR || v->type == KSHARE_BYTES;
}

/* The 64 bits above the lowest 64, of an integer in two's complement. */
static u64 int_high(const struct kshare_val *v)
{
	return v->type == KSHARE_INT && v->i < 0 ? ~0ULL : 0;
}

static u64 int_magnitude(const struct kshare_val *v)
{
	return int_high(v) ? -v->u : v->u;
}

/* An integer of 128 bits as a value. */
static int int_pack(u64 low, u64 high, struct kshare_val *v)
{
	if (high == 0)
		*v = kshare_val_uint(low);
	else if (high == ~0ULL && low >> 63)
		*v = kshare_val_int(low);
	else
		return -ERANGE;
	return 0;
}

bool kshare_f64_is_nan(u64 a)
{
	return (a & ~F64_SIGN) > F64_INF;
}

/* What a double is, if it is an integer of 64 bits, signed or unsigned. */
static bool f64_to_int(u64 a, struct kshare_val *v)
{
	u64 fraction = (a & F64_FRACTION) | (F64_FRACTION + 1);
	int exponent = (int)F64_EXPONENT(a) - F64_BIAS;

	if (!(a & ~F64_SIGN)) {
		*v = kshare_val_int(0);
		return true;
	}
	if (exponent < 0 || exponent > 63)
		return false;

	if (exponent >= 52) {
		fraction <<= exponent - 52;
	} else {
		if (fraction << (exponent + 12))
			return false;
		fraction >>= 52 - exponent;
	}

	if (!(a & F64_SIGN))
		*v = kshare_val_uint(fraction);
	else if (fraction <= 1ULL << 63)
		*v = kshare_val_int(-fraction);
	else
		return false;
	return true;
}

/* Makes numbers that are equal have equal bits. */
static void number_normalise(struct kshare_val *v)
{
	struct kshare_val i;

	if (v->type == KSHARE_FLOAT && f64_to_int(v->u, &i))
		*v = i;
}

static bool numbers_equal(const struct kshare_val *a, const struct kshare_val *b)
{
	struct kshare_val x = *a, y = *b;

	number_normalise(&x);
	number_normalise(&y);
	if (x.u != y.u)
		return false;
	if (x.type == KSHARE_FLOAT || y.type == KSHARE_FLOAT)
		return x.type == y.type && !kshare_f64_is_nan(x.u);
	return int_high(&x) == int_high(&y);
}

/* Maps doubles to integers of the same order; both zeroes to the same one. */
static s64 f64_order(u64 a)
{
	return a & F64_SIGN ? -(s64)(a & ~F64_SIGN) : (s64)a;
}

static int compare_u64(u64 a, u64 b)
{
	return a < b ? -1 : a > b;
}

static int ints_compare(const struct kshare_val *a, const struct kshare_val *b)
{
	s64 x = int_high(a), y = int_high(b);

	if (x != y)
		return x < y ? -1 : 1;
	return compare_u64(a->u, b->u);
}

/* Both not negative, @f not NaN: an integer and the bits of a double. */
static int magnitude_compare(u64 i, u64 f)
{
	int exponent = (int)F64_EXPONENT(f) - F64_BIAS;
	u64 fraction = (f & F64_FRACTION) | (F64_FRACTION + 1);

	if (!f)
		return i != 0;
	if (exponent < 0)
		return i ? 1 : -1;
	if (exponent > 63)
		return -1;
	if (exponent >= 52)
		return compare_u64(i, fraction << (exponent - 52));
	if (i != fraction >> (52 - exponent))
		return compare_u64(i, fraction >> (52 - exponent));
	return fraction << (exponent + 12) ? -1 : 0;
}

static int int_compare_f64(const struct kshare_val *i, u64 f)
{
	bool negative = int_high(i);

	if (negative != !!(f & F64_SIGN)) {
		if (!i->u && !(f & ~F64_SIGN))
			return 0;
		return negative ? -1 : 1;
	}
	if (negative)
		return -magnitude_compare(int_magnitude(i), f & ~F64_SIGN);
	return magnitude_compare(i->u, f);
}

static int numbers_compare(const struct kshare_val *a, const struct kshare_val *b)
{
	s64 x, y;

	if (is_int(a) && is_int(b))
		return ints_compare(a, b);
	if (is_int(a))
		return int_compare_f64(a, b->u);
	if (is_int(b))
		return -int_compare_f64(b, a->u);
	x = f64_order(a->u);
	y = f64_order(b->u);
	return x < y ? -1 : x > y;
}

/* ------------------------------------------------------------------ */
/* Equality, order, hash                                               */
/* ------------------------------------------------------------------ */

/* Bytes in place as a number; those beyond the length do not count. */
static u64 inline_word(const struct kshare_val *v)
{
	return le64_to_cpu((__force __le64)v->u) << (64 - 8 * v->inline_len);
}

static bool bytes_equal(const struct kshare_val *a, const struct kshare_val *b)
{
	if (a->len != b->len)
		return false;
	if (a->inline_len && b->inline_len)
		return inline_word(a) == inline_word(b);
	return !memcmp(kshare_val_data(a), kshare_val_data(b), a->len);
}

static const struct kshare_blob *refs_blob(const struct kshare_val *v)
{
	return kshare_val_slow(v) && v->blob->refs_count ? v->blob : NULL;
}

static bool encoded_equal(const struct kshare_val *a, const struct kshare_val *b)
{
	const struct kshare_blob *x = refs_blob(a), *y = refs_blob(b);
	u32 n;

	if (a->codec != b->codec || !x != !y)
		return false;
	if (x) {
		if (x->refs_count != y->refs_count)
			return false;
		for (n = 0; n < x->refs_count; n++)
			if (kshare_object_real(x->refs[n].obj) !=
			    kshare_object_real(y->refs[n].obj))
				return false;
	}
	return bytes_equal(a, b);
}

bool kshare_val_equal(const struct kshare_val *a, const struct kshare_val *b)
{
	if (is_bytes(a))
		return a->type == b->type && bytes_equal(a, b);
	if (is_number(a))
		return is_number(b) && numbers_equal(a, b);
	if (a->type != b->type)
		return false;
	switch (a->type) {
	case KSHARE_NONE:
		return true;
	case KSHARE_REF:
		return kshare_object_real(a->obj) == kshare_object_real(b->obj);
	case KSHARE_ENCODED:
		return encoded_equal(a, b);
	}
	return false;
}

bool kshare_val_same(const struct kshare_val *a, const struct kshare_val *b)
{
	if (a->type == KSHARE_FLOAT && b->type == KSHARE_FLOAT && a->u == b->u)
		return true;
	return kshare_val_equal(a, b);
}

static int bytes_compare(const struct kshare_val *a, const struct kshare_val *b)
{
	int order = memcmp(kshare_val_data(a), kshare_val_data(b), min(a->len, b->len));

	return order ? order : compare_u64(a->len, b->len);
}

static bool is_nan(const struct kshare_val *v)
{
	return v->type == KSHARE_FLOAT && kshare_f64_is_nan(v->u);
}

int kshare_val_compare(const struct kshare_val *a, const struct kshare_val *b, int *order)
{
	if (is_bytes(a) && a->type == b->type)
		*order = bytes_compare(a, b);
	else if (is_number(a) && is_number(b) && !is_nan(a) && !is_nan(b))
		*order = numbers_compare(a, b);
	else
		return -EDOM;
	return 0;
}

int kshare_val_check_key(const struct kshare_val *v)
{
	if (is_bytes(v))
		return v->len > KSHARE_MAX_KEY ? -E2BIG : 0;
	if (v->type > KSHARE_FLOAT || is_nan(v))
		return -EINVAL;
	return 0;
}

/*
 * hsiphash rather than siphash: a hash never leaves the kernel, and what it
 * costs is much of what a lookup costs.  Short bytes and numbers are one word,
 * so that few keys of different length or type collide, which does no harm.
 */
u32 kshare_val_hash(const struct kshare_val *v, const siphash_key_t *secret)
{
	const hsiphash_key_t key = { { secret->key[0], secret->key[1] } };
	u64 word;

	if (is_bytes(v)) {
		if (!v->inline_len)
			return hsiphash(kshare_val_data(v), v->len, &key);
		word = inline_word(v);
	} else {
		struct kshare_val n = *v;

		number_normalise(&n);
		word = n.u;
	}
	return hsiphash_2u32(word, word >> 32, &key);
}

/* ------------------------------------------------------------------ */
/* IEEE 754 in integers                                                */
/* ------------------------------------------------------------------ */

/* Shifts right; what is lost sets the lowest bit.  @mantissa is not 0. */
static u64 shift_sticky(u64 mantissa, unsigned int shift)
{
	if (!shift)
		return mantissa;
	if (shift > 63)
		return 1;
	return mantissa >> shift | (mantissa << (64 - shift) ? 1 : 0);
}

/*
 * The bits of @mantissa * 2^@exponent in a format with so many bits of fraction
 * and this bias, rounded to nearest, ties to even.  @mantissa is not 0.  If it
 * is not exact, its lowest bit is set (sticky) and there are enough bits above
 * that one.
 */
static __always_inline u64 ieee_round(u64 mantissa, int exponent, unsigned int fraction_bits,
				      int bias)
{
	const unsigned int drop = 63 - fraction_bits;
	const u64 half = 1ULL << (drop - 1);
	const u64 infinity = (2ULL * bias + 1) << fraction_bits;
	unsigned int shift = 64 - fls64(mantissa);
	u64 rest, bits;
	int biased;

	mantissa <<= shift;
	biased = exponent - (int)shift + 63 + bias;
	if (biased > 2 * bias)
		return infinity;
	if (biased <= 0) {
		/* Subnormal.  Rounding may yet make it the smallest normal. */
		mantissa = shift_sticky(mantissa, 1 - biased);
		biased = 1;
	}

	rest = mantissa & ((1ULL << drop) - 1);
	bits = mantissa >> drop;
	if (rest > half || (rest == half && bits & 1))
		bits++;
	/*
	 * The leading bit of a normal number adds one to the exponent, and so
	 * does a carry out of the fraction; from the largest one to infinity.
	 */
	return ((u64)(biased - 1) << fraction_bits) + bits;
}

u64 kshare_f64_from_int(const struct kshare_val *v)
{
	u64 magnitude = int_magnitude(v);

	if (!magnitude)
		return 0;
	return ieee_round(magnitude, 0, 52, F64_BIAS) | (int_high(v) & F64_SIGN);
}

static u32 f32_from_int(const struct kshare_val *v)
{
	u64 magnitude = int_magnitude(v);

	if (!magnitude)
		return 0;
	return (u32)ieee_round(magnitude, 0, 23, F32_BIAS) | (int_high(v) ? F32_SIGN : 0);
}

u32 kshare_f32_from_f64(u64 a)
{
	u32 sign = a >> 32 & F32_SIGN;
	u64 fraction = a & F64_FRACTION;
	int exponent = F64_EXPONENT(a);

	if (exponent == 0x7ff)
		return sign | F32_INF | (fraction ? F32_QUIET | (u32)(fraction >> 29) : 0);
	if (exponent)
		fraction |= F64_FRACTION + 1;
	else
		exponent = 1;
	if (!fraction)
		return sign;
	return sign | (u32)ieee_round(fraction, exponent - F64_BIAS - 52, 23, F32_BIAS);
}

u64 kshare_f64_from_f32(u32 a)
{
	u64 sign = (u64)(a >> 31) << 63;
	u64 fraction = a & F32_FRACTION;
	int exponent = a >> 23 & 0xff;

	if (exponent == 0xff)
		return sign | F64_INF | (fraction ? F64_QUIET | fraction << 29 : 0);
	if (exponent)
		fraction |= F32_FRACTION + 1;
	else
		exponent = 1;
	if (!fraction)
		return sign;
	return sign | ieee_round(fraction, exponent - F32_BIAS - 23, 52, F64_BIAS);
}

u64 kshare_f64_add(u64 a, u64 b)
{
	/* Bits below the fraction of a double, so that shifting loses nothing. */
	const unsigned int guard = 10;
	u64 sign, big, small;
	int exponent;
	unsigned int shift;

	if ((a & ~F64_SIGN) < (b & ~F64_SIGN))
		swap(a, b);
	/* Now a is the one of the larger magnitude, or the NaN, or infinite. */
	if ((a & ~F64_SIGN) >= F64_INF) {
		if (kshare_f64_is_nan(a))
			return a | F64_QUIET;
		return (a ^ b) == F64_SIGN ? F64_NAN : a;
	}
	if (!(b & ~F64_SIGN))
		return a & ~F64_SIGN ? a : a & b;

	sign = a & F64_SIGN;
	exponent = F64_EXPONENT(a);
	shift = exponent - (int)F64_EXPONENT(b);
	big = a & F64_FRACTION;
	small = b & F64_FRACTION;
	if (F64_EXPONENT(b))
		small |= F64_FRACTION + 1;
	else if (exponent)
		shift--;
	if (exponent)
		big |= F64_FRACTION + 1;
	else
		exponent = 1;

	big <<= guard;
	small <<= guard;
	small = shift_sticky(small, shift);

	if ((a ^ b) & F64_SIGN)
		big -= small;
	else
		big += small;
	if (!big)
		return 0;
	return sign | ieee_round(big, exponent - F64_BIAS - 52 - (int)guard, 52, F64_BIAS);
}

/* ------------------------------------------------------------------ */
/* Arithmetic                                                          */
/* ------------------------------------------------------------------ */

static u64 number_to_f64(const struct kshare_val *v)
{
	return v->type == KSHARE_FLOAT ? v->u : kshare_f64_from_int(v);
}

static void ints_add(const struct kshare_val *a, const struct kshare_val *b, u64 *low, u64 *high)
{
	*low = a->u + b->u;
	*high = int_high(a) + int_high(b) + (*low < a->u);
}

int kshare_val_add(const struct kshare_val *a, const struct kshare_val *b, bool wrap,
		   struct kshare_val *sum)
{
	static const struct kshare_val zero = { .type = KSHARE_INT };
	u64 low, high;

	if (a->type == KSHARE_NONE)
		a = &zero;
	if (!is_number(a) || !is_number(b))
		return -EDOM;

	if (a->type == KSHARE_FLOAT || b->type == KSHARE_FLOAT) {
		*sum = (struct kshare_val){
			.type = KSHARE_FLOAT,
			.u = kshare_f64_add(number_to_f64(a), number_to_f64(b)),
		};
		return 0;
	}

	ints_add(a, b, &low, &high);
	if (wrap) {
		*sum = a->type == KSHARE_UINT ? kshare_val_uint(low) : kshare_val_int(low);
		return 0;
	}
	return int_pack(low, high, sum);
}

static u64 apply_bitop(u64 a, u64 b, enum kshare_bitop op)
{
	switch (op) {
	case KSHARE_BIT_AND:
		return a & b;
	case KSHARE_BIT_OR:
		return a | b;
	default:
		return a ^ b;
	}
}

int kshare_val_bitop(const struct kshare_val *a, const struct kshare_val *b,
		     enum kshare_bitop op, struct kshare_val *out)
{
	bool bools = a->type == KSHARE_BOOL && b->type == KSHARE_BOOL;
	int ret;

	if (!is_int(a) || !is_int(b))
		return -EDOM;
	ret = int_pack(apply_bitop(a->u, b->u, op),
		       apply_bitop(int_high(a), int_high(b), op), out);
	if (bools)
		out->type = KSHARE_BOOL;
	return ret;
}

/* ------------------------------------------------------------------ */
/* Elements                                                            */
/* ------------------------------------------------------------------ */

static const struct {
	u8 bits;
	bool is_signed;
} elems[] = {
	[KSHARE_ELEM_BYTES]	= { 8, false },
	[KSHARE_ELEM_I8]	= { 8, true },
	[KSHARE_ELEM_U8]	= { 8, false },
	[KSHARE_ELEM_I16]	= { 16, true },
	[KSHARE_ELEM_U16]	= { 16, false },
	[KSHARE_ELEM_I32]	= { 32, true },
	[KSHARE_ELEM_U32]	= { 32, false },
	[KSHARE_ELEM_I64]	= { 64, true },
	[KSHARE_ELEM_U64]	= { 64, false },
	[KSHARE_ELEM_F32]	= { 32, false },
	[KSHARE_ELEM_F64]	= { 64, false },
};

unsigned int kshare_elem_size(u32 elem)
{
	return elem < ARRAY_SIZE(elems) ? elems[elem].bits / 8 : 0;
}

/* The low bits of an integer element, extended by its sign if it has one. */
static u64 elem_extend(u32 elem, u64 bits)
{
	unsigned int shift = 64 - elems[elem].bits;

	if (elems[elem].is_signed)
		return (s64)(bits << shift) >> shift;
	return bits << shift >> shift;
}

struct kshare_val kshare_elem_load(u32 elem, u64 bits)
{
	if (elem == KSHARE_ELEM_F64)
		return (struct kshare_val){ .type = KSHARE_FLOAT, .u = bits };
	if (elem == KSHARE_ELEM_F32)
		return (struct kshare_val){
			.type = KSHARE_FLOAT,
			.u = kshare_f64_from_f32(bits),
		};
	bits = elem_extend(elem, bits);
	return elems[elem].is_signed ? kshare_val_int(bits) : kshare_val_uint(bits);
}

/* An integer of 128 bits as the bits of an integer element. */
static int elem_pack(u32 elem, u64 low, u64 high, bool wrap, u64 *bits)
{
	u64 extended = elem_extend(elem, low);
	u64 sign = elems[elem].is_signed && extended >> 63 ? ~0ULL : 0;

	if (!wrap && (extended != low || sign != high))
		return -ERANGE;
	*bits = low << (64 - elems[elem].bits) >> (64 - elems[elem].bits);
	return 0;
}

/* A double as the bits of an F32; one that is finite must remain so. */
static int f32_pack(u64 a, u64 *bits)
{
	u32 f = kshare_f32_from_f64(a);

	if ((f & ~F32_SIGN) == F32_INF && (a & ~F64_SIGN) != F64_INF)
		return -ERANGE;
	*bits = f;
	return 0;
}

int kshare_elem_store(u32 elem, const struct kshare_val *v, u64 *bits)
{
	if (!is_number(v))
		return -EDOM;

	switch (elem) {
	case KSHARE_ELEM_F64:
		*bits = number_to_f64(v);
		return 0;
	case KSHARE_ELEM_F32:
		if (v->type == KSHARE_FLOAT)
			return f32_pack(v->u, bits);
		/* Not by way of a double, which would round twice. */
		*bits = f32_from_int(v);
		return 0;
	}

	if (v->type == KSHARE_FLOAT)
		return -EDOM;
	return elem_pack(elem, v->u, int_high(v), false, bits);
}

int kshare_elem_add(u32 elem, u64 bits, const struct kshare_val *v, bool wrap, u64 *sum)
{
	struct kshare_val e;
	u64 low, high;

	if (!is_number(v))
		return -EDOM;

	switch (elem) {
	case KSHARE_ELEM_F64:
		*sum = kshare_f64_add(bits, number_to_f64(v));
		return 0;
	case KSHARE_ELEM_F32:
		return f32_pack(kshare_f64_add(kshare_f64_from_f32(bits), number_to_f64(v)), sum);
	}

	if (v->type == KSHARE_FLOAT)
		return -EDOM;
	e = kshare_elem_load(elem, bits);
	ints_add(&e, v, &low, &high);
	return elem_pack(elem, low, high, wrap, sum);
}
