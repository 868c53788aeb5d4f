// SPDX-License-Identifier: LGPL-2.1-or-later OR MIT
/* Values: made, read, compared and written out; deadlines; errors' texts. */
#include <math.h>
#include <time.h>

#include "internal.h"
#include "test.h"

static bool equal(struct kshare_value a, struct kshare_value b)
{
	bool ab = kshare_value_equal(&a, &b);

	check(ab == kshare_value_equal(&b, &a));
	return ab;
}

static const char *text(struct kshare_value v)
{
	static char buf[256];

	check(kshare_value_format(&v, buf, sizeof(buf)) == (int)strlen(buf));
	return buf;
}

static void test_short_bytes_travel_inside(void)
{
	struct kshare_value v;
	char s[] = "12345678";
	size_t len;

	v = kshare_str(s);
	check(v.type == KSHARE_STR && v.len == 8 && v.inline_len == 8);
	s[0] = 'x';
	check(!memcmp(kshare_value_data(&v, &len), "12345678", 8) && len == 8);
	v = kshare_str("123456789");
	check(v.len == 9 && v.inline_len == 0 && v.ptr);
	v = kshare_bytes("", 0);
	check(v.len == 0 && v.inline_len == 0 && v.ptr == 0);
	check(kshare_value_data(&v, &len) && len == 0);
	v = kshare_int(1);
	check(!kshare_value_data(&v, &len) && len == 0);
	check(!kshare_value_data(NULL, NULL));
}

static void test_numbers_are_one_line(void)
{
	check(equal(kshare_int(1), kshare_uint(1)));
	check(equal(kshare_int(1), kshare_bool(true)));
	check(equal(kshare_int(1), kshare_float(1)));
	check(equal(kshare_float(-0.0), kshare_int(0)));
	check(equal(kshare_float(0.5), kshare_float(0.5)));
	check(!equal(kshare_float(1.5), kshare_int(1)));
	check(!equal(kshare_int(-1), kshare_uint(UINT64_MAX)));
	check(equal(kshare_int(INT64_MIN), kshare_float(-0x1p63)));
	check(equal(kshare_uint(1ULL << 63), kshare_float(0x1p63)));
	/* As doubles they would be equal. */
	check(!equal(kshare_int(INT64_MAX), kshare_float(0x1p63)));
	check(!equal(kshare_uint(UINT64_MAX), kshare_float(0x1p64)));
	check(!equal(kshare_int((1LL << 53) + 1), kshare_float(0x1p53)));
	check(!equal(kshare_float(NAN), kshare_float(NAN)));
	check(equal(kshare_float(INFINITY), kshare_float(INFINITY)));
	check(!equal(kshare_none(), kshare_int(0)));
	check(equal(kshare_none(), kshare_none()));
}

static void test_text_is_not_bytes(void)
{
	char a[] = "long enough to be elsewhere", b[] = "long enough to be elsewhere";

	check(equal(kshare_str(a), kshare_str(b)));
	check(!equal(kshare_str("a"), kshare_bytes("a", 1)));
	check(!equal(kshare_str("a"), kshare_str("b")));
	check(!equal(kshare_str("a"), kshare_str("ab")));
	check(!equal(kshare_encoded(1, "a", 1), kshare_encoded(2, "a", 1)));
	check(equal(kshare_encoded(1, "a", 1), kshare_encoded(1, "a", 1)));
	check(equal(kshare_str(""), kshare_strn(a, 0)));
}

static void test_readers_check_type_and_range(void)
{
	struct kshare_value v;
	int64_t i;
	uint64_t u;
	double d;
	bool b;

	v = kshare_int(-5);
	check(kshare_value_int(&v, &i) == 0 && i == -5);
	check(kshare_value_uint(&v, &u) == -ERANGE);
	check(kshare_value_float(&v, &d) == 0 && d == -5);
	check(kshare_value_bool(&v, &b) == -EDOM);
	v = kshare_uint(UINT64_MAX);
	check(kshare_value_int(&v, &i) == -ERANGE);
	check(kshare_value_uint(&v, &u) == 0 && u == UINT64_MAX);
	v = kshare_bool(true);
	check(kshare_value_bool(&v, &b) == 0 && b);
	check(kshare_value_int(&v, &i) == 0 && i == 1);
	v = kshare_float(0.25);
	check(kshare_value_int(&v, &i) == -EDOM);
	check(kshare_value_float(&v, &d) == 0 && d == 0.25);
	v = kshare_str("5");
	check(kshare_value_int(&v, &i) == -EDOM);
	check(kshare_value_int(NULL, &i) == -ENOENT);
}

static void test_format(void)
{
	struct kshare_value v = kshare_str("a long text that does not fit");
	char buf[8];

	check(!strcmp(text(kshare_none()), "none"));
	check(!strcmp(text(kshare_bool(false)), "false"));
	check(!strcmp(text(kshare_int(INT64_MIN)), "-9223372036854775808"));
	check(!strcmp(text(kshare_uint(UINT64_MAX)), "18446744073709551615"));
	check(!strcmp(text(kshare_float(0.1)), "0.1"));
	check(!strcmp(text(kshare_float(3)), "3.0"));
	check(!strcmp(text(kshare_float(1e300)), "1e+300"));
	check(!strcmp(text(kshare_float(3.1415927)), "3.1415927"));
	check(!strcmp(text(kshare_float(-INFINITY)), "-inf"));
	check(!strcmp(text(kshare_str("a\"\n")), "\"a\\\"\\n\""));
	check(!strcmp(text(kshare_bytes("\0\xff", 2)), "b\"\\x00\\xff\""));
	check(kshare_value_format(&v, buf, sizeof(buf)) == 31);
	check(!strcmp(buf, "\"a long"));
	check(kshare_value_format(&v, NULL, 0) == 31);
}

static void test_encoded_refs(void)
{
	struct kshare k = { .refs = 1 };
	struct kshare_obj a = { .refs = 1, .handle = 7, .k = &k };
	struct kshare_obj b = { .refs = 1, .handle = 9, .k = &k };
	struct kshare_obj *refs[] = { &a, &b };
	uint32_t buf[8];
	struct kshare_value v;
	size_t len;

	check(kshare_encoded_refs(3, "data", 4, refs, 2, buf, 15, &v) == -ENOBUFS);
	check(kshare_encoded_refs(3, "data", 4, refs, 2, buf, 16, &v) == 0);
	check(v.type == KSHARE_ENCODED && v.codec == 3 && v.flags == KSHARE_VF_REFS && v.len == 16);
	check(buf[0] == 2 && buf[1] == 7 && buf[2] == 9);
	check(!memcmp(kshare_value_data(&v, &len), "data", 4) && len == 4);
	check(kshare_encoded_refs(3, "data", 4, refs, 0, NULL, 0, &v) == 0);
	check(v.flags == 0 && v.inline_len == 4);
	check(kshare_encoded_refs(3, "", 0, refs, KSHARE_MAX_REFS + 1, buf, 0, &v) == -E2BIG);
}

static void test_deadlines(void)
{
	struct timespec ts;
	int64_t now;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	now = ts.tv_sec * 1000000000LL + ts.tv_nsec;
	check(kshare_deadline_in_ms(1000) >= now + 1000000000);
	check(kshare_deadline_in_ms(1000) < now + 100000000000);
	check(kshare_deadline_in_ms(0) > 0 && kshare_deadline_in_ms(0) < now);
	check(kshare_deadline_in_ms(INT64_MIN) > 0 && kshare_deadline_in_ms(INT64_MIN) < now);
	check(kshare_deadline_in_ms(INT64_MAX) == INT64_MAX);
	check(kshare_deadline_in_ns(INT64_MAX) == INT64_MAX);
}

static void test_errors_have_texts(void)
{
	check(!strcmp(kshare_strerror(-ETIMEDOUT), kshare_strerror(ETIMEDOUT)));
	check(strcmp(kshare_strerror(ENOTTY), kshare_strerror(EBADF)));
	check(!strcmp(kshare_strerror(123456), "error"));
}

int main(void)
{
	errno = 4711;
	test_short_bytes_travel_inside();
	test_numbers_are_one_line();
	test_text_is_not_bytes();
	test_readers_check_type_and_range();
	test_format();
	test_encoded_refs();
	test_deadlines();
	test_errors_have_texts();
	check(errno == 4711);
	return 0;
}
