// SPDX-License-Identifier: GPL-2.0
/* What the fuzzers share. */
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>

#include "../stress/refs.h"
#include "fuzz.h"

struct kshare_op_info ops[OPS];
unsigned int op_count;
__u64 fuzz_hints[HINTS];
unsigned int fuzz_hint_count;

int fuzz_table(int fd)
{
	struct kshare_query query = {
		.size = sizeof(query),
		.op_count = OPS,
		.ops = (unsigned long)ops,
		.op_size = sizeof(ops[0]),
	};

	if (ioctl(fd, KSHARE_IOC_QUERY, &query))
		return -1;
	op_count = query.op_count;
	return 0;
}

const struct kshare_op_info *fuzz_op(__u32 op)
{
	unsigned int i;

	for (i = 0; i < op_count; i++)
		if (ops[i].op == op)
			return &ops[i];
	return NULL;
}

unsigned int fuzz_rnd(unsigned int *seed, unsigned int n)
{
	return rand_r(seed) % n;
}

__u64 fuzz_number(unsigned int *seed)
{
	static const __u64 numbers[] = {
		0, 1, 2, 7, ~0ull, ~0ull - 1, 1ull << 63, (1ull << 63) - 1, 1ull << 53,
		0x7ff8000000000000ull, 0x7ff0000000000000ull, 0x3ff0000000000000ull,
	};

	if (fuzz_hint_count && !fuzz_rnd(seed, 4))
		return fuzz_hints[fuzz_rnd(seed, fuzz_hint_count)];
	return fuzz_rnd(seed, 3) ? fuzz_rnd(seed, 20) : numbers[fuzz_rnd(seed, 12)];
}

void fuzz_describe(struct fuzz_class *class, unsigned int kind)
{
	unsigned int i;

	memset(class, 0, sizeof(*class));
	class->info = (struct kshare_class_info){
		.size = sizeof(class->info),
		.flags = KSHARE_CLASS_CREATABLE | (kind & 3) << 1,
		.methods = 3,
		.fields = 3,
		.method_size = sizeof(class->methods[0]),
		.field_size = sizeof(class->fields[0]),
	};
	for (i = 0; i < 3; i++) {
		class->methods[i].name[0] = 'a' + i;
		class->methods[i].flags = i < 2 ? KSHARE_METHOD_EXPOSED : 0;
		class->fields[i].name[0] = 'a' + i;
		class->fields[i].types = i == 1 ? 1 << KSHARE_INT : 0;
		class->fields[i].flags = i == 2 ? KSHARE_CLASS_READ_ONLY : 0;
	}
	if (kind & 4)
		memcpy(class->methods[1].result, "fuzz 1", 6);
}

int fuzz_module_unused(void)
{
	time_t limit = time(NULL) + 30;
	int refs;

	while ((refs = module_refs()) && time(NULL) < limit)
		sched_yield();
	return refs;
}
