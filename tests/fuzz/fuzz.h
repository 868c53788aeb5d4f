/* SPDX-License-Identifier: GPL-2.0 */
/* What the fuzzers share: the table of operations, numbers that matter, classes. */
#ifndef FUZZ_H
#define FUZZ_H

#include <linux/kshare.h>

#define OPS		256
#define PAGE		4096

extern struct kshare_op_info ops[OPS];
extern unsigned int op_count;

/* Asks the client @fd for the table; 0, or -1 */
int fuzz_table(int fd);

/* The row of an operation; NULL if there is none */
const struct kshare_op_info *fuzz_op(__u32 op);

unsigned int fuzz_rnd(unsigned int *seed, unsigned int n);

/* Numbers that the module compares with, as far as they are known */
#define HINTS		4096
extern __u64 fuzz_hints[HINTS];
extern unsigned int fuzz_hint_count;

/* Mostly a small one, else one at which something ends or begins */
__u64 fuzz_number(unsigned int *seed);

struct fuzz_class {
	struct kshare_class_info info;
	struct kshare_class_method methods[3];
	struct kshare_class_field fields[3];
};

/* One of a few descriptions; @kind: bits of KSHARE_CLASS_SERIAL*, and 4: of a result */
void fuzz_describe(struct fuzz_class *class, unsigned int kind);

/*
 * Waits until nobody uses the module, but not for ever: what a ring still had open is
 * closed in the background.
 */
int fuzz_module_unused(void);

#endif /* FUZZ_H */
