/* SPDX-License-Identifier: GPL-2.0 */
/* A list of tests, run in order, reported as TAP. */
#ifndef KSHARE_TAP_H
#define KSHARE_TAP_H

#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/lsan_interface.h>
#else
#define __lsan_do_recoverable_leak_check()	0
#endif

#include "shim.h"

struct tap_test {
	const char *name;	/* a sentence that is true if the test passes */
	void (*run)(void);
};

static unsigned int tap_failures;

/* Notes a failure and goes on; only the first ones of a test are printed. */
#define CHECK(cond) ({								\
	bool ok_ = (cond);							\
										\
	if (!ok_ && ++tap_failures <= 10)					\
		printf("# %s:%d: not so: %s\n", __FILE__, __LINE__, #cond);	\
	ok_;									\
})

#define CHECK_EQ(a, b) ({							\
	long long x_ = (long long)(a), y_ = (long long)(b);			\
										\
	if (x_ != y_ && ++tap_failures <= 10)					\
		printf("# %s:%d: %s is %lld (0x%llx), not %s, %lld (0x%llx)\n",	\
		       __FILE__, __LINE__, #a, x_, x_, #b, y_, y_);		\
	x_ == y_;								\
})

static inline int tap_run(const struct tap_test *tests, unsigned int count)
{
	unsigned int n, failed = 0;

	setvbuf(stdout, NULL, _IOLBF, 0);
	printf("TAP version 13\n1..%u\n", count);
	for (n = 0; n < count; n++) {
		tap_failures = 0;
		tests[n].run();
		shim_rcu_flush();
		if (__lsan_do_recoverable_leak_check())
			tap_failures++;
		printf("%sok %u %s\n", tap_failures ? "not " : "", n + 1, tests[n].name);
		failed += !!tap_failures;
	}
	printf("# Totals: pass:%u fail:%u xfail:0 xpass:0 skip:0 error:0\n", count - failed,
	       failed);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

/* The same numbers in each run (splitmix64). */
static u64 tap_seed = 20240229;

static inline u64 tap_random(void)
{
	u64 z = tap_seed += 0x9e3779b97f4a7c15ULL;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ULL;
	z = (z ^ z >> 27) * 0x94d049bb133111ebULL;
	return z ^ z >> 31;
}

static inline u64 tap_below(u64 n)
{
	return tap_random() % n;
}

#endif /* KSHARE_TAP_H */
