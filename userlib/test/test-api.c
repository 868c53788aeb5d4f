// SPDX-License-Identifier: LGPL-2.1-or-later OR MIT
/* Every symbol that the library exports is declared and can be linked. */
#include <stdio.h>

#include <kshare.h>

#define SYMBOL(name) { #name, (void (*)(void))name },

static const struct {
	const char *name;
	void (*fn)(void);
} symbols[] = {
#include "symbols.h"
};

int main(void)
{
	size_t i;

	for (i = 0; i < sizeof(symbols) / sizeof(symbols[0]); i++) {
		if (!symbols[i].fn) {
			fprintf(stderr, "%s is missing\n", symbols[i].name);
			return 1;
		}
	}
	return i ? 0 : 1;
}
