/* SPDX-License-Identifier: GPL-2.0 */
#ifndef KSHARE_STRESS_REFS_H
#define KSHARE_STRESS_REFS_H

#include <stdio.h>

/* How many use the module: descriptors, mappings, and commands on rings; -1: not known */
static inline int module_refs(void)
{
	FILE *f = fopen("/sys/module/kshare/refcnt", "r");
	int refs = -1;

	if (f) {
		if (fscanf(f, "%d", &refs) != 1)
			refs = -1;
		fclose(f);
	}
	return refs;
}

#endif /* KSHARE_STRESS_REFS_H */
