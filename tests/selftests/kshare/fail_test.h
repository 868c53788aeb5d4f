/* SPDX-License-Identifier: GPL-2.0 */
/* The n-th allocation, or copy to or from user space, fails. */
#ifndef KSHARE_FAIL_TEST_H
#define KSHARE_FAIL_TEST_H

#include "kshare_test.h"

/* Allocations of one command, and copies to and from its caller */
#define MOST		1000

static int fail_fd = -1;

/* The n-th chance to fail from now on is taken; 0 for none.  True if it was used up. */
static inline bool arm(int n)
{
	char buf[16] = {};

	t_note_nothing = n;
	if (!n) {
		if (pread(fail_fd, buf, sizeof(buf) - 1, 0) <= 0)
			return false;
		n = atoi(buf);
		if (pwrite(fail_fd, "0", 1, 0) != 1)
			return false;
		return !n;
	}
	snprintf(buf, sizeof(buf), "%d", n);
	return pwrite(fail_fd, buf, strlen(buf), 0) > 0;
}

static inline bool tell_kernel(const char *file, const char *what)
{
	char path[100];
	bool done;
	int fd;

	snprintf(path, sizeof(path), "/sys/kernel/debug/%s", file);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	done = fd >= 0 && write(fd, what, strlen(what)) == strlen(what);
	close(fd);
	return done;
}

/* Those that may sleep, which are most, fail only if that is asked for. */
static inline bool let_all_fail(void)
{
	/* Nor is each a report on the console worth. */
	tell_kernel("failslab/verbose", "0");
	tell_kernel("fail_page_alloc/verbose", "0");
	tell_kernel("fail_usercopy/verbose", "0");
	return tell_kernel("failslab/ignore-gfp-wait", "N") &&
	       tell_kernel("fail_page_alloc/ignore-gfp-wait", "N");
}

/* Opens fail_fd: NULL, or what is missing */
static inline const char *fail_begin(void)
{
	fail_fd = open("/proc/self/fail-nth", O_RDWR);
	if (fail_fd < 0)
		return "this kernel injects no faults (CONFIG_FAULT_INJECTION)";
	return let_all_fail() ? NULL :
				"needs root, and the files of CONFIG_FAULT_INJECTION_DEBUG_FS";
}

/* Or the test ends here. */
#define FAIL_BEGIN()						\
	do {							\
		const char *missing = fail_begin();		\
								\
		if (missing)					\
			SKIP(return, "%s", missing);		\
	} while (0)

#endif /* KSHARE_FAIL_TEST_H */
