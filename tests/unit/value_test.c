// SPDX-License-Identifier: GPL-2.0
/* What users rely on in values: which are equal, how they are ordered and added. */
#include <float.h>
#include <math.h>

#include "fake.h"
#include "table.h"
#include "tap.h"

#if LDBL_MANT_DIG < 64
#error "long double must hold every 64-bit integer and every double"
#endif

#define SIGN	BIT_ULL(63)

static double to_double(u64 bits)
{
	double d;

	memcpy(&d, &bits, sizeof(d));
	return d;
}

static u64 from_double(double d)
{
	u64 bits;

	memcpy(&bits, &d, sizeof(bits));
	return bits;
}

static float to_float(u32 bits)
{
	float f;

	memcpy(&f, &bits, sizeof(f));
	return f;
}

static u32 from_float(float f)
{
	u32 bits;

	memcpy(&bits, &f, sizeof(bits));
	return bits;
}

static u64 pick(const u64 *v, u64 count)
{
	return v[tap_below(count)];
}

/* ------------------------------------------------------------------ */
/* Random numbers that sit where it hurts                              */
/* ------------------------------------------------------------------ */

static u64 random_int_bits(void)
{
	static const u64 edges[] = {
		0, 1, 2, 127, 128, 255, 256, 32767, 32768, 65535, 65536, INT32_MAX, 1ULL << 31,
		UINT32_MAX, 1ULL << 32, (1ULL << 24) + 1, 1ULL << 53, (1ULL << 53) + 1,
		(1ULL << 54) - 1, INT64_MAX - 1, INT64_MAX, SIGN, SIGN + 1, UINT64_MAX - 1023,
		UINT64_MAX - 1024, UINT64_MAX - 2047, UINT64_MAX, -128, -129, -32768, -32769,
		INT32_MIN, -(1LL << 53) - 1,
	};
	u64 x;

	switch (tap_below(4)) {
	case 0:
		return pick(edges, ARRAY_SIZE(edges));
	case 1:
		return tap_random() >> tap_below(64);
	case 2:
		return -(tap_random() >> tap_below(64));
	default:
		/* Few bits, far apart: ties when rounded. */
		x = 1ULL << tap_below(64);
		x |= 1ULL << tap_below(64);
		return tap_below(2) ? x | 1ULL << tap_below(64) : x;
	}
}

static struct kshare_val random_int(void)
{
	u64 bits = random_int_bits();

	switch (tap_below(8)) {
	case 0:
		return fake_bool(bits & 1);
	case 1 ... 3:
		return kshare_val_uint(bits);
	default:
		return kshare_val_int(bits);
	}
}

static u64 random_f64_bits(void)
{
	static const u64 edges[] = {
		0, 1, 2, 0xfffffffffffffULL, 0x10000000000000ULL, 0x10000000000001ULL,
		0x1fffffffffffffULL, 0x20000000000000ULL, 0x3ff0000000000000ULL,
		0x3ff0000000000001ULL, 0x3fefffffffffffffULL, 0x4340000000000000ULL,
		0x4340000000000001ULL, 0x433fffffffffffffULL, 0x43e0000000000000ULL,
		0x43dfffffffffffffULL, 0x43f0000000000000ULL, 0x43efffffffffffffULL,
		0x47efffffe0000000ULL, 0x47efffffefffffffULL, 0x47effffff0000000ULL,
		0x36a0000000000000ULL, 0x3690000000000000ULL, 0x3690000000000001ULL,
		0x380fffffffffffffULL, 0x3810000000000000ULL, 0x7fefffffffffffffULL,
		0x7fe0000000000000ULL, 0x7ff0000000000000ULL, 0x7ff8000000000000ULL,
		0x7ff0000000000001ULL, 0x7fffffffffffffffULL,
	};
	u64 sign = tap_random() & SIGN;
	u64 exponent = tap_below(2047) << 52;
	u64 fraction = tap_random() >> 12;

	switch (tap_below(8)) {
	case 0:
		return sign | pick(edges, ARRAY_SIZE(edges));
	case 1:
		return tap_random();
	case 2:
		/* Subnormal, or just not. */
		return sign | fraction >> tap_below(52) | tap_below(3) << 52;
	case 3:
		/* Few bits: ties. */
		return sign | exponent | 1ULL << tap_below(52) | 1ULL << tap_below(52);
	case 4:
		/* Long runs of ones: carries. */
		return sign | exponent | ((1ULL << 52) - (1ULL << tap_below(52)));
	case 5:
		/* Integers. */
		return sign | from_double((double)random_int_bits());
	default:
		return sign | exponent | fraction;
	}
}

static struct kshare_val random_number(void)
{
	struct kshare_val v = { .type = KSHARE_FLOAT };

	if (tap_below(2))
		return random_int();
	v.u = random_f64_bits();
	return v;
}

static bool is_int(const struct kshare_val *v)
{
	return v->type != KSHARE_FLOAT;
}

static long double exact_value(const struct kshare_val *v)
{
	if (v->type == KSHARE_FLOAT)
		return to_double(v->u);
	return v->type == KSHARE_INT ? (long double)v->i : (long double)v->u;
}

static __int128 wide_value(const struct kshare_val *v)
{
	return v->type == KSHARE_INT ? (__int128)v->i : (__int128)v->u;
}

/* A second number near the first: neighbours, the other type, or the same. */
static struct kshare_val random_near(const struct kshare_val *a)
{
	long double x = exact_value(a);
	struct kshare_val v;

	switch (tap_below(4)) {
	case 0:
		return random_number();
	case 1:
		v = fake_float((double)x);
		v.u += tap_below(3) - 1;
		return v;
	case 2:
		if (x >= 0 && x < 0x1p64L)
			return kshare_val_uint((u64)x + tap_below(3) - 1);
		if (x < 0 && x >= -0x1p63L)
			return kshare_val_int((u64)(s64)x + tap_below(3) - 1);
		return *a;
	default:
		return *a;
	}
}

/* ------------------------------------------------------------------ */
/* Equality, order, hash                                               */
/* ------------------------------------------------------------------ */

static bool equal(struct kshare_val a, struct kshare_val b)
{
	bool one = kshare_val_equal(&a, &b);

	CHECK_EQ(one, kshare_val_equal(&b, &a));
	if (one && kshare_val_check_key(&a) == 0) {
		CHECK(kshare_val_check_key(&b) == 0);
		CHECK_EQ(fake_hash(&a), fake_hash(&b));
	}
	return one;
}

static void test_equal_numbers(void)
{
	struct kshare_val nan = fake_float(NAN), other = nan, none = {};

	CHECK(equal(kshare_val_int(1), fake_float(1.0)));
	CHECK(equal(kshare_val_int(1), fake_bool(true)));
	CHECK(equal(fake_float(1.0), fake_bool(true)));
	CHECK(equal(kshare_val_int(0), fake_bool(false)));
	CHECK(equal(kshare_val_int(0), fake_float(-0.0)));
	CHECK(equal(fake_float(0.0), fake_float(-0.0)));
	CHECK(!equal(kshare_val_int(0), none));
	CHECK(!equal(fake_bool(false), none));
	CHECK(equal(none, none));
	CHECK(!equal(kshare_val_int(1), fake_str("1")));

	CHECK(equal(kshare_val_int(1LL << 53), fake_float(0x1p53)));
	CHECK(!equal(kshare_val_int(9007199254740993), fake_float(9007199254740992.0)));
	CHECK(equal(kshare_val_uint(SIGN), fake_float(0x1p63)));
	CHECK(equal(kshare_val_int(INT64_MIN), fake_float(-0x1p63)));
	CHECK(!equal(kshare_val_int(INT64_MIN), fake_float(0x1p63)));
	CHECK(!equal(kshare_val_int(INT64_MIN), kshare_val_uint(SIGN)));
	CHECK(!equal(kshare_val_int(INT64_MAX), fake_float(0x1p63)));
	CHECK(!equal(kshare_val_int(-1), kshare_val_uint(UINT64_MAX)));
	CHECK(!equal(kshare_val_uint(UINT64_MAX), fake_float(0x1p64)));
	CHECK(!equal(kshare_val_int(0), fake_float(0x1p64)));
	CHECK(!equal(kshare_val_int(0), fake_float(0.5)));
	CHECK(!equal(kshare_val_int(0), fake_float(DBL_TRUE_MIN)));
	CHECK(equal(fake_float(INFINITY), fake_float(INFINITY)));
	CHECK(!equal(fake_float(INFINITY), fake_float(-INFINITY)));

	CHECK(!equal(nan, nan));
	CHECK(kshare_val_same(&nan, &nan));
	other.u = nan.u ^ 1;
	CHECK(!kshare_val_same(&nan, &other));
	/* The bits of a NaN as an integer are only an integer. */
	CHECK(!equal(nan, kshare_val_int(nan.u)));
}

static void test_numbers_against_long_double(void)
{
	u32 n;

	for (n = 0; n < 5000000; n++) {
		struct kshare_val a = random_number(), b = random_near(&a);
		long double x = exact_value(&a), y = exact_value(&b);
		int order = 99, ret = kshare_val_compare(&a, &b, &order);

		if (isnan(x) || isnan(y)) {
			CHECK_EQ(ret, -EDOM);
			CHECK(!kshare_val_equal(&a, &b));
		} else {
			CHECK_EQ(ret, 0);
			CHECK_EQ((order > 0) - (order < 0), (x > y) - (x < y));
			CHECK_EQ(equal(a, b), x == y);
		}
	}
}

static void test_equal_bytes(void)
{
	static const char long_text[] = "a text of more than eight bytes";
	struct kshare_val a = fake_str("abc"), b = fake_str("abc");
	struct kshare_val text = fake_str(long_text), again = fake_str(long_text);
	struct kshare_val bytes = fake_bytes(KSHARE_BYTES, long_text, strlen(long_text));
	struct kshare_val shorter = fake_bytes(KSHARE_STR, long_text, strlen(long_text) - 1);
	struct kshare_val none = {}, empty = fake_str(""), key;
	struct kshare_val borrowed = {
		.type = KSHARE_STR, .flags = KSHARE_VAL_BORROWED, .len = strlen(long_text),
		.data = (const u8 *)long_text,
	};
	struct kshare_doom doom = {};
	struct kshare_entry *e;
	int order;

	CHECK(equal(a, b));
	CHECK(!equal(a, fake_str("abd")));
	CHECK(!equal(a, fake_str("ab")));
	CHECK(!equal(a, fake_bytes(KSHARE_STR, "abc\0", 4)));
	CHECK(!equal(a, fake_bytes(KSHARE_BYTES, "abc", 3)));
	CHECK(equal(fake_str("12345678"), fake_str("12345678")));
	CHECK(!equal(fake_str("12345678"), fake_str("12345679")));
	CHECK(equal(empty, empty));
	CHECK(!equal(empty, none));
	CHECK(!equal(empty, fake_bytes(KSHARE_BYTES, "", 0)));
	/* Whatever stands behind the bytes does not count. */
	b.bytes[3] = 'x';
	CHECK(equal(a, b));

	CHECK(equal(text, again));
	CHECK(!equal(text, bytes));
	CHECK(!equal(text, shorter));

	/* A key that lies in its entry is the same key. */
	e = kshare_entry_alloc(&text, fake_hash(&text), &none);
	key = kshare_entry_key(e);
	kshare_val_get(&key);
	CHECK(equal(key, text));
	CHECK(!equal(key, bytes));
	CHECK(!memcmp(kshare_val_data(&key), long_text, key.len));
	kshare_entry_put(e, &doom);
	CHECK(equal(key, again));
	fake_put(&key);

	/* So is one whose bytes are only borrowed, but an entry keeps its own. */
	CHECK(equal(borrowed, text));
	CHECK(!equal(borrowed, bytes));
	CHECK(!kshare_val_slow(&borrowed) && !kshare_val_size(&borrowed));
	e = kshare_entry_alloc(&borrowed, fake_hash(&borrowed), &none);
	key = kshare_entry_key(e);
	CHECK(key.flags == KSHARE_VAL_ENTRY && kshare_val_data(&key) == e->bytes);
	CHECK(equal(key, text));
	kshare_entry_put(e, &doom);

	/* Order is that of the bytes, then of the length. */
	CHECK(!kshare_val_compare(&shorter, &text, &order) && order < 0);
	CHECK(!kshare_val_compare(&text, &a, &order) && order < 0);
	b = fake_str("\xc3\xa9");
	CHECK(!kshare_val_compare(&b, &a, &order) && order > 0);
	CHECK(!kshare_val_compare(&empty, &a, &order) && order < 0);
	CHECK(!kshare_val_compare(&text, &again, &order) && !order);
	CHECK_EQ(kshare_val_compare(&text, &bytes, &order), -EDOM);
	CHECK_EQ(kshare_val_compare(&none, &none, &order), -EDOM);

	fake_put(&text);
	fake_put(&again);
	fake_put(&bytes);
	fake_put(&shorter);
}

static void test_equal_references(void)
{
	struct kshare_object x = { .ref = { 9 } }, y = { .ref = { 9 } };
	struct kshare_object *xy[] = { &x, &y }, *yx[] = { &y, &x };
	struct kshare_val ref = fake_ref(&x), fewer = fake_ref(&x);
	struct kshare_val a = fake_encoded("data", 4, xy, 2), b = fake_encoded("data", 4, xy, 2);
	struct kshare_val swapped = fake_encoded("data", 4, yx, 2);
	struct kshare_val one = fake_encoded("data", 4, xy, 1);
	struct kshare_val bare = fake_encoded("", 0, xy, 1), plain;
	int order;

	fewer.len = KSHARE_RIGHT_READ;
	CHECK(equal(ref, fewer));
	CHECK(!equal(ref, fake_ref(&y)));
	CHECK_EQ(kshare_val_compare(&ref, &ref, &order), -EDOM);

	plain = fake_bytes(KSHARE_ENCODED, "data", 4);
	CHECK(equal(a, b));
	CHECK(!equal(a, swapped));
	CHECK(!equal(a, one));
	CHECK(!equal(a, plain));
	CHECK(equal(plain, plain));
	plain.codec = 1;
	CHECK(!equal(plain, fake_bytes(KSHARE_ENCODED, "data", 4)));
	CHECK(!equal(plain, fake_bytes(KSHARE_BYTES, "data", 4)));
	CHECK(equal(bare, bare));
	CHECK(!equal(bare, fake_bytes(KSHARE_ENCODED, "", 0)));

	fake_put(&a);
	fake_put(&b);
	fake_put(&swapped);
	fake_put(&one);
	fake_put(&bare);
	CHECK_EQ(refcount_read(&x.ref), 4);
	CHECK_EQ(refcount_read(&y.ref), 6);
}

static void test_keys(void)
{
	struct kshare_val v = { .type = KSHARE_STR, .len = KSHARE_MAX_KEY };

	CHECK_EQ(kshare_val_check_key(&v), 0);
	v.len++;
	CHECK_EQ(kshare_val_check_key(&v), -E2BIG);
	v = (struct kshare_val){};
	CHECK_EQ(kshare_val_check_key(&v), 0);
	v = fake_float(NAN);
	CHECK_EQ(kshare_val_check_key(&v), -EINVAL);
	v = fake_float(-INFINITY);
	CHECK_EQ(kshare_val_check_key(&v), 0);
	v = fake_bytes(KSHARE_ENCODED, "x", 1);
	CHECK_EQ(kshare_val_check_key(&v), -EINVAL);
	v = (struct kshare_val){ .type = KSHARE_REF };
	CHECK_EQ(kshare_val_check_key(&v), -EINVAL);
	v = (struct kshare_val){ .type = KSHARE_VECTOR };
	CHECK_EQ(kshare_val_check_key(&v), -EINVAL);
	v = (struct kshare_val){ .type = 200 };
	CHECK_EQ(kshare_val_check_key(&v), -EINVAL);
}

/* The hashes of many keys that differ little fill their buckets evenly. */
static void test_hash_spreads(void)
{
	static u32 load[4096];
	u32 n, kind, most;
	char text[32];

	for (kind = 0; kind < 3; kind++) {
		memset(load, 0, sizeof(load));
		for (n = 0, most = 0; n < ARRAY_SIZE(load); n++) {
			struct kshare_val key = kshare_val_int(n << 20);
			u32 hash;

			if (kind) {
				snprintf(text, sizeof(text), "%s%u",
					 kind == 1 ? "" : "a longer key ", n);
				key = fake_str(text);
			}
			hash = fake_hash(&key);
			fake_put(&key);
			most = max(most, ++load[hash % ARRAY_SIZE(load)]);
		}
		CHECK(most <= 10);
	}
}

/* ------------------------------------------------------------------ */
/* References and memory                                               */
/* ------------------------------------------------------------------ */

static void test_blob_life(void)
{
	struct kshare_object x = { .ref = { 1 } }, y = { .ref = { 2 } };
	struct kshare_object *xy[] = { &x, &y };
	struct kshare_val v = fake_encoded("0123456789", 10, xy, 2), copy, stale;
	struct kshare_doom doom = {};

	copy = v;
	kshare_val_get(&copy);
	CHECK(kshare_val_size(&v) >= 10 + 2 * sizeof(struct kshare_blob_ref));
	kshare_val_put(&v, &doom);
	CHECK_EQ(v.type, KSHARE_NONE);
	CHECK(!doom.first);
	CHECK(!memcmp(kshare_val_data(&copy), "0123456789", 10));

	stale = copy;
	kshare_val_put(&copy, &doom);
	/* The last reference to x went with it; y has another one. */
	CHECK(doom.first == &x && !x.doom_next);
	CHECK_EQ(refcount_read(&y.ref), 1);
	/* A reader under RCU may still look, but gets no reference any more. */
	CHECK(!kshare_val_tryget(&stale));
	CHECK(!memcmp(kshare_val_data(&stale), "0123456789", 10));
}

static void test_references(void)
{
	struct kshare_object x = { .ref = { 1 } };
	struct kshare_val v = fake_ref(&x), copy = v, i = kshare_val_int(5);
	struct kshare_doom doom = {};

	kshare_val_get(&copy);
	CHECK_EQ(refcount_read(&x.ref), 2);
	CHECK_EQ(kshare_val_size(&v), 0);
	CHECK(kshare_val_tryget(&v));
	kshare_val_put(&v, &doom);
	x.ref.refs--;
	CHECK(!doom.first);
	kshare_val_put(&copy, &doom);
	CHECK(doom.first == &x);
	copy = fake_ref(&x);
	CHECK(!kshare_val_tryget(&copy));

	CHECK(kshare_val_tryget(&i));
	kshare_val_put(&i, &doom);
	CHECK_EQ(i.type, KSHARE_NONE);
}

static void test_blob_memory(void)
{
	struct kshare_doom doom = {};
	struct kshare_blob *b;
	u32 n;

	CHECK(!kshare_blob_alloc(KSHARE_MAX_VALUE + 1, 0));
	CHECK(!kshare_blob_alloc(0, KSHARE_MAX_REFS + 1));
	b = kshare_blob_alloc(KSHARE_MAX_VALUE, KSHARE_MAX_REFS);
	memset(b->data, 1, KSHARE_MAX_VALUE);
	for (n = 0; n < KSHARE_MAX_REFS; n++)
		CHECK(!b->refs[n].obj);
	/* One that was only half filled in is given back like any other. */
	kshare_blob_put(b, &doom);

	for (n = 0; n < 20; n++) {
		b = kshare_blob_alloc(n, 1);
		CHECK((u8 *)b->refs >= b->data + n);
		CHECK(!((unsigned long)b->refs % __alignof__(*b->refs)));
		kshare_blob_put(b, &doom);
	}

	shim_fail_after = 0;
	CHECK(!kshare_blob_alloc(100, 2));
	shim_fail_after = -1;
}

/* ------------------------------------------------------------------ */
/* IEEE 754                                                            */
/* ------------------------------------------------------------------ */

static bool same_f64(u64 got, double want)
{
	return isnan(want) ? kshare_f64_is_nan(got) : got == from_double(want);
}

/* A second operand that makes adding the first one hard. */
static u64 random_partner(u64 a)
{
	u64 exponent = a >> 52 & 0x7ff;
	u64 other = exponent + tap_below(130) - 65;

	switch (tap_below(4)) {
	case 0:
		return random_f64_bits();
	case 1:
		/* Nearly cancels. */
		return (a ^ SIGN) + tap_below(9) - 4;
	case 2:
		/* An exponent within reach, and a fraction of one bit or none: ties. */
		return (tap_random() & SIGN) | (other < 2047 ? other : exponent) << 52 |
		       (tap_below(2) ? 1ULL << tap_below(52) : 0);
	default:
		return (tap_random() & SIGN) | (other < 2047 ? other : exponent) << 52 |
		       tap_random() >> 12;
	}
}

static void test_f64_add(void)
{
	u32 n;

	for (n = 0; n < 40000000; n++) {
		u64 a = random_f64_bits(), b = random_partner(a);
		double x = to_double(a), y = to_double(b);

		if (!CHECK(same_f64(kshare_f64_add(a, b), x + y)))
			printf("# %016llx + %016llx: %016llx, not %016llx\n",
			       (long long)a, (long long)b, (long long)kshare_f64_add(a, b),
			       (long long)from_double(x + y));
	}
}

static void test_f64_add_exponents(void)
{
	static const u64 fractions[] = {
		0, 1, 2, 3, 0x7ffffffffffffULL, 0x8000000000000ULL, 0x8000000000001ULL,
		0xffffffffffffeULL, 0xfffffffffffffULL,
	};
	u32 ea, eb, i, j, signs;

	for (ea = 0; ea < 2048; ea++)
		for (eb = ea < 70 ? 0 : ea - 70; eb <= ea; eb++)
			for (i = 0; i < ARRAY_SIZE(fractions); i++)
				for (j = 0; j < ARRAY_SIZE(fractions); j++)
					for (signs = 0; signs < 2; signs++) {
						u64 a = (u64)ea << 52 | fractions[i];
						u64 b = (u64)eb << 52 | fractions[j] |
							(u64)signs << 63;
						double x = to_double(a), y = to_double(b);

						CHECK(same_f64(kshare_f64_add(a, b), x + y));
						CHECK(same_f64(kshare_f64_add(b, a), y + x));
					}
}

static void test_int_to_float(void)
{
	u32 n;

	for (n = 0; n < 10000000; n++) {
		struct kshare_val v = random_int();
		double d = v.type == KSHARE_INT ? (double)v.i : (double)v.u;
		float f = v.type == KSHARE_INT ? (float)v.i : (float)v.u;
		u64 bits;

		CHECK_EQ(kshare_f64_from_int(&v), from_double(d));
		CHECK_EQ(kshare_elem_store(KSHARE_ELEM_F32, &v, &bits), 0);
		CHECK_EQ(bits, from_float(f));
	}
}

static void test_float_to_float(void)
{
	u64 n;

	for (n = 0; n < 10000000; n++) {
		u64 a = random_f64_bits();
		double d;
		float f;
		u32 got;

		/* Exponents that are or nearly are those of a float are rare: make them. */
		if (n & 1)
			a = (a & ~(0x7ffULL << 52)) | (1023 - 152 + tap_below(285)) << 52;
		d = to_double(a);
		f = (float)d;
		got = kshare_f32_from_f64(a);
		if (isnan(f))
			CHECK(isnan(to_float(got)) && (got & 0x7fc00000) == 0x7fc00000);
		else
			CHECK_EQ(got, from_float(f));
	}

	/* Every 251st float (251 is prime), and all with few bits in the upper half. */
	for (n = 0; n < 1ULL << 32; n += n & 0xffff ? 251 : 1) {
		float f = to_float(n);
		u64 got = kshare_f64_from_f32(n);

		CHECK(same_f64(got, f));
		CHECK(isnan(f) || kshare_f32_from_f64(got) == n);
	}
}

/* ------------------------------------------------------------------ */
/* Arithmetic                                                          */
/* ------------------------------------------------------------------ */

static bool fits(__int128 x)
{
	return x >= INT64_MIN && x <= (__int128)UINT64_MAX;
}

static bool normal(const struct kshare_val *v)
{
	return v->type != KSHARE_UINT || v->u >> 63;
}

static void test_add_ints(void)
{
	u32 n;

	for (n = 0; n < 3000000; n++) {
		struct kshare_val a = random_int(), b = random_int(), sum = {};
		__int128 want = wide_value(&a) + wide_value(&b);
		int ret = kshare_val_add(&a, &b, false, &sum);

		CHECK_EQ(ret, fits(want) ? 0 : -ERANGE);
		if (!ret)
			CHECK(wide_value(&sum) == want && normal(&sum) && sum.type != KSHARE_BOOL);

		CHECK_EQ(kshare_val_add(&a, &b, true, &sum), 0);
		CHECK(normal(&sum));
		CHECK_EQ(sum.u, (u64)want);
		CHECK(a.type == KSHARE_UINT ? sum.type == KSHARE_UINT || !(sum.u >> 63)
					    : sum.type == KSHARE_INT);
	}
}

static void test_add_kinds(void)
{
	struct kshare_val none = {}, one = kshare_val_int(1), yes = fake_bool(true);
	struct kshare_val half = fake_float(0.5), text = fake_str("1"), sum;

	CHECK(!kshare_val_add(&none, &one, false, &sum) && equal(sum, one));
	CHECK(!kshare_val_add(&yes, &yes, false, &sum) && equal(sum, kshare_val_int(2)));
	CHECK(!kshare_val_add(&one, &half, false, &sum) && equal(sum, fake_float(1.5)));
	CHECK_EQ(sum.type, KSHARE_FLOAT);
	CHECK(!kshare_val_add(&half, &half, true, &sum) && sum.type == KSHARE_FLOAT);
	CHECK_EQ(kshare_val_add(&one, &none, false, &sum), -EDOM);
	CHECK_EQ(kshare_val_add(&text, &one, false, &sum), -EDOM);
	CHECK_EQ(kshare_val_add(&one, &text, true, &sum), -EDOM);
	/* As a double would have it: the integer is rounded first. */
	one = kshare_val_int(9007199254740993);
	CHECK(!kshare_val_add(&one, &half, false, &sum));
	CHECK(sum.u == from_double(9007199254740993.0 + 0.5));
}

static void test_bitops(void)
{
	struct kshare_val yes = fake_bool(true), one = kshare_val_int(1), half = fake_float(0.5);
	struct kshare_val out, a, b;
	u32 n;

	for (n = 0; n < 3000000; n++) {
		enum kshare_bitop op = tap_below(3);
		__int128 x, y, want;
		int ret;

		a = random_int();
		b = random_int();
		x = wide_value(&a);
		y = wide_value(&b);
		want = op == KSHARE_BIT_AND ? x & y : op == KSHARE_BIT_OR ? x | y : x ^ y;
		ret = kshare_val_bitop(&a, &b, op, &out);
		CHECK_EQ(ret, fits(want) ? 0 : -ERANGE);
		if (!ret)
			CHECK(wide_value(&out) == want && normal(&out));
	}

	CHECK(!kshare_val_bitop(&yes, &yes, KSHARE_BIT_XOR, &out));
	CHECK(out.type == KSHARE_BOOL && !out.u);
	CHECK(!kshare_val_bitop(&yes, &one, KSHARE_BIT_OR, &out));
	CHECK(out.type == KSHARE_INT && out.i == 1);
	CHECK_EQ(kshare_val_bitop(&half, &one, KSHARE_BIT_OR, &out), -EDOM);
	CHECK_EQ(kshare_val_bitop(&one, &half, KSHARE_BIT_OR, &out), -EDOM);
}

/* ------------------------------------------------------------------ */
/* Elements                                                            */
/* ------------------------------------------------------------------ */

static const struct {
	u32 elem;
	unsigned int size;
	__int128 min, max;
} ints[] = {
	{ KSHARE_ELEM_BYTES, 1, 0, UINT8_MAX },
	{ KSHARE_ELEM_I8, 1, INT8_MIN, INT8_MAX },
	{ KSHARE_ELEM_U8, 1, 0, UINT8_MAX },
	{ KSHARE_ELEM_I16, 2, INT16_MIN, INT16_MAX },
	{ KSHARE_ELEM_U16, 2, 0, UINT16_MAX },
	{ KSHARE_ELEM_I32, 4, INT32_MIN, INT32_MAX },
	{ KSHARE_ELEM_U32, 4, 0, UINT32_MAX },
	{ KSHARE_ELEM_I64, 8, INT64_MIN, INT64_MAX },
	{ KSHARE_ELEM_U64, 8, 0, UINT64_MAX },
};

static void test_elements(void)
{
	u32 n, k;

	for (k = 0; k < ARRAY_SIZE(ints); k++) {
		u32 elem = ints[k].elem;
		u64 mask = ~0ULL >> (64 - 8 * ints[k].size);
		struct kshare_val half = fake_float(1.0), none = {};
		u64 bits;

		CHECK_EQ(kshare_elem_size(elem), ints[k].size);
		CHECK_EQ(kshare_elem_store(elem, &half, &bits), -EDOM);
		CHECK_EQ(kshare_elem_store(elem, &none, &bits), -EDOM);
		CHECK_EQ(kshare_elem_add(elem, 0, &half, false, &bits), -EDOM);
		CHECK_EQ(kshare_elem_add(elem, 0, &none, true, &bits), -EDOM);

		for (n = 0; n < 500000; n++) {
			struct kshare_val v = random_int(), back;
			__int128 x = wide_value(&v), old, sum;
			bool in = x >= ints[k].min && x <= ints[k].max;
			u64 start = random_int_bits();

			CHECK_EQ(kshare_elem_store(elem, &v, &bits), in ? 0 : -ERANGE);
			if (in) {
				CHECK_EQ(bits, v.u & mask);
				back = kshare_elem_load(elem, bits);
				CHECK(equal(back, v) && normal(&back));
			}

			/* Bits above the element do not count. */
			back = kshare_elem_load(elem, start);
			CHECK(equal(back, kshare_elem_load(elem, start & mask)));
			old = wide_value(&back);
			CHECK(old >= ints[k].min && old <= ints[k].max);
			CHECK(((u64)old & mask) == (start & mask));

			sum = old + x;
			in = sum >= ints[k].min && sum <= ints[k].max;
			CHECK_EQ(kshare_elem_add(elem, start, &v, false, &bits), in ? 0 : -ERANGE);
			if (in)
				CHECK_EQ(bits, (u64)sum & mask);
			CHECK_EQ(kshare_elem_add(elem, start, &v, true, &bits), 0);
			CHECK_EQ(bits, (u64)sum & mask);
		}
	}
	CHECK_EQ(kshare_elem_size(KSHARE_ELEM_ANY), 0);
	CHECK_EQ(kshare_elem_size(KSHARE_ELEM_F64 + 1), 0);
	CHECK_EQ(kshare_elem_size(~0), 0);
}

static void test_float_elements(void)
{
	struct kshare_val v, none = {};
	u64 bits;
	u32 n;

	CHECK_EQ(kshare_elem_size(KSHARE_ELEM_F32), 4);
	CHECK_EQ(kshare_elem_size(KSHARE_ELEM_F64), 8);
	CHECK_EQ(kshare_elem_store(KSHARE_ELEM_F64, &none, &bits), -EDOM);
	CHECK_EQ(kshare_elem_add(KSHARE_ELEM_F32, 0, &none, false, &bits), -EDOM);

	for (n = 0; n < 3000000; n++) {
		u32 start = tap_random();
		float f = to_float(start), x, sum;
		double d;
		int ret;

		/* Floats add as the hardware adds floats, though by way of a double. */
		if (n & 1)
			start ^= tap_below(4) << 23;
		x = to_float(tap_below(2) ? start ^ tap_below(1 << 24) : tap_random());
		v = fake_float(x);
		sum = f + x;
		ret = kshare_elem_add(KSHARE_ELEM_F32, from_float(f), &v, false, &bits);
		if (isinf(sum) && isfinite(f) && isfinite(x)) {
			CHECK_EQ(ret, -ERANGE);
		} else {
			CHECK_EQ(ret, 0);
			CHECK(isnan(sum) ? isnan(to_float(bits)) : bits == from_float(sum));
		}

		/* A double that becomes infinite does not fit, an infinite one does. */
		v.u = random_f64_bits();
		d = to_double(v.u);
		ret = kshare_elem_store(KSHARE_ELEM_F32, &v, &bits);
		CHECK_EQ(ret, isfinite(d) && isinf((float)d) ? -ERANGE : 0);
		CHECK_EQ(kshare_elem_store(KSHARE_ELEM_F64, &v, &bits), 0);
		CHECK_EQ(bits, v.u);
		CHECK_EQ(kshare_elem_load(KSHARE_ELEM_F64, bits).u, v.u);

		v = random_number();
		bits = random_f64_bits();
		d = is_int(&v) ? (double)exact_value(&v) : to_double(v.u);
		d += to_double(bits);
		CHECK_EQ(kshare_elem_add(KSHARE_ELEM_F64, bits, &v, false, &bits), 0);
		CHECK(same_f64(bits, d));
	}
}

static const struct tap_test tests[] = {
	{ "1, 1.0 and true are equal, 2^53 + 1 and 2.0^53 are not", test_equal_numbers },
	{ "numbers of all types compare exactly and hash alike", test_numbers_against_long_double },
	{ "bytes are equal if type, length and bytes are", test_equal_bytes },
	{ "references and encoded values are equal if they name the same objects",
	  test_equal_references },
	{ "NaN, references and what is too long are no keys", test_keys },
	{ "hashes of similar keys spread", test_hash_spreads },
	{ "a blob lives as long as its references and one grace period more", test_blob_life },
	{ "a reference holds its object", test_references },
	{ "a blob is as large as asked, or not at all", test_blob_memory },
	{ "doubles add as in hardware", test_f64_add },
	{ "doubles of all exponents add as in hardware", test_f64_add_exponents },
	{ "integers become floats as in hardware", test_int_to_float },
	{ "doubles become floats and back as in hardware", test_float_to_float },
	{ "integers add within 64 bits, or wrap", test_add_ints },
	{ "a float makes the sum a float, and only numbers add", test_add_kinds },
	{ "bits combine as in two's complement of any width", test_bitops },
	{ "integer elements hold what fits, and wrap at their width", test_elements },
	{ "float elements round once and never overflow silently", test_float_elements },
};

int main(void)
{
	return tap_run(tests, ARRAY_SIZE(tests));
}
