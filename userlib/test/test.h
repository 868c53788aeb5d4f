/* SPDX-License-Identifier: LGPL-2.1-or-later OR MIT */
/* What the tests share. */
#ifndef TEST_H
#define TEST_H

#include <stdio.h>
#include <stdlib.h>

#define check(cond)								\
	do {									\
		if (!(cond)) {							\
			fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #cond); \
			exit(1);						\
		}								\
	} while (0)

#endif /* TEST_H */
