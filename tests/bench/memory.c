// SPDX-License-Identifier: GPL-2.0
/*
 * What objects and entries cost: the bytes that the domain is charged, and beside
 * them the growth of the kernel's slab and vmalloc memory, which has what the
 * allocator rounds up.
 */
#include "bench.h"

#define ENTRIES	100000

/* Bytes of slab and vmalloc memory in use. */
static double kernel_memory(void)
{
	FILE *f = fopen("/proc/meminfo", "r");
	double kb, sum = 0;
	char line[100];

	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, "Slab: %lf", &kb) == 1 ||
		    sscanf(line, "VmallocUsed: %lf", &kb) == 1)
			sum += kb * 1024;
	if (f)
		fclose(f);
	return sum;
}

int main(void)
{
	static const struct {
		const char *name;
		uint32_t type;
	} types[] = {
		{ "empty_cell", KSHARE_TYPE_CELL }, { "empty_dict", KSHARE_TYPE_DICT },
		{ "empty_list", KSHARE_TYPE_LIST }, { "empty_namespace", KSHARE_TYPE_NAMESPACE },
		{ "empty_lock", KSHARE_TYPE_LOCK }, { "empty_event", KSHARE_TYPE_EVENT },
	};
	uint32_t dict, i, entries = bench_loops(ENTRIES);
	struct kshare_stat before, after;
	double memory, bytes;
	char key[17];

	bench_open();
	for (i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		bytes = bench_stat(bench_create(types[i].type)).bytes;
		bench_print(types[i].name, bytes, "bytes", "512 bytes", bytes / 512, 1);
	}

	dict = bench_create(KSHARE_TYPE_DICT);
	before = bench_stat(dict);
	memory = kernel_memory();
	for (i = 0; i < entries; i++) {
		struct kshare_cmd cmd = bench_cmd(KSHARE_OP_DICT_SET, dict);

		snprintf(key, sizeof(key), "key-%012d", i);
		cmd.key = bench_str(key);
		cmd.value = bench_int(i);
		bench_run(cmd);
	}
	after = bench_stat(dict);
	bytes = (double)(after.bytes - before.bytes) / entries;
	bench_print("dict_entry", bytes, "bytes", "160 bytes", bytes / 160, 1);
	bytes = (kernel_memory() - memory) / entries;
	bench_print("dict_entry_as_allocated", bytes, "bytes", "160 bytes", bytes / 160, 1);
	return 0;
}
