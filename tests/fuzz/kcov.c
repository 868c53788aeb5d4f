// SPDX-License-Identifier: GPL-2.0
/* Coverage of the module by KCOV, an area of memory for each lane. */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>

#include "execute.h"

#define KCOV_INIT_TRACE	_IOR('c', 1, unsigned long)
#define KCOV_ENABLE	_IO('c', 100)
#define KCOV_TRACE_PC	0
#define KCOV_TRACE_CMP	1
#define KCOV_CMP_CONST	1

#define AREA		(128 << 10)	/* PCs */
#define BEGINS		512		/* commands of a lane */

static int fds[LANES] = { -1, -1, -1, -1 };
static unsigned long *areas[LANES];
static struct begins {
	unsigned int count;
	unsigned long at[BEGINS];
} *begins;

/* The run in which each was seen last */
static __u32 *edge_in, *pc_in, run;
static unsigned char *covered;
static unsigned int covered_count;
static unsigned long text;
static unsigned long mode = KCOV_TRACE_PC;

int kcov_setup(void)
{
	FILE *f = fopen("/sys/module/kshare/sections/.text", "r");
	unsigned int i;

	edge_in = own_memory(sizeof(__u32) << EDGE_BITS);
	pc_in = own_memory(sizeof(__u32) * MODULE_SIZE);
	covered = own_memory(MODULE_SIZE);
	if (!f)
		return -1;
	i = fscanf(f, "%lx", &text);
	fclose(f);
	if (i != 1)
		return -1;
	for (i = 0; i < LANES; i++) {
		fds[i] = open("/sys/kernel/debug/kcov", O_RDWR | O_CLOEXEC);
		if (fds[i] < 0 || ioctl(fds[i], KCOV_INIT_TRACE, AREA))
			return -1;
		areas[i] = mmap(NULL, AREA * sizeof(long), PROT_READ | PROT_WRITE, MAP_SHARED,
				fds[i], 0);
		if (areas[i] == MAP_FAILED)
			return -1;
	}
	begins = mmap(NULL, LANES * sizeof(*begins), PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	return begins == MAP_FAILED ? -1 : 0;
}

void kcov_enable(unsigned int lane)
{
	if (begins)
		ioctl(fds[lane], KCOV_ENABLE, mode);
}

void kcov_compare(int on)
{
	mode = on ? KCOV_TRACE_CMP : KCOV_TRACE_PC;
}

static void add_hint(__u64 number)
{
	unsigned int i;

	for (i = 0; i < fuzz_hint_count; i++)
		if (fuzz_hints[i] == number)
			return;
	if (fuzz_hint_count < HINTS)
		fuzz_hints[fuzz_hint_count++] = number;
}

/* Records are of four words: type, both operands, PC. */
void kcov_hints(void)
{
	unsigned long i, n;
	unsigned int lane;

	for (lane = 0; begins && lane < LANES; lane++) {
		n = areas[lane][0];
		for (i = 0; i < n && 4 * i + 4 < AREA; i++)
			if (areas[lane][4 * i + 1] & KCOV_CMP_CONST)
				add_hint(areas[lane][4 * i + 2]);
	}
}

void kcov_reset(void)
{
	unsigned int i;

	for (i = 0; begins && i < LANES; i++) {
		areas[i][0] = 0;
		begins[i].count = 0;
	}
}

void kcov_begin(unsigned int lane)
{
	struct begins *b = &begins[lane];

	if (begins && b->count < BEGINS)
		b->at[b->count++] = areas[lane][0];
}

static void note(struct numbers *n, __u32 number, __u32 *in)
{
	if (in[number] == run)
		return;
	in[number] = run;
	if (n->count == n->size) {
		n->size = n->size ? 2 * n->size : 1024;
		n->list = realloc(n->list, n->size * sizeof(__u32));
	}
	n->list[n->count++] = number;
}

static void note_pc(struct coverage *c, unsigned long at)
{
	if (at >= MODULE_SIZE)
		return;
	note(&c->pcs, at, pc_in);
	if (!covered[at]) {
		covered[at] = 1;
		covered_count++;
	}
}

static void note_edge(struct coverage *c, unsigned long from, unsigned long to)
{
	note(&c->edges, (from * 0x9e3779b97f4a7c15ull ^ to * 0xc2b2ae3d27d4eb4full) >>
	     (64 - EDGE_BITS), edge_in);
}

void kcov_collect(struct coverage *c)
{
	unsigned long i, n, last, pc;
	unsigned int lane, b;

	c->edges.count = 0;
	c->pcs.count = 0;
	run++;
	for (lane = 0; begins && lane < LANES; lane++) {
		n = areas[lane][0];
		for (i = 0, b = 0, last = 0; i < n && i + 1 < AREA; i++) {
			while (b < begins[lane].count && begins[lane].at[b] <= i) {
				last = 0;
				b++;
			}
			pc = areas[lane][i + 1] - text;
			note_pc(c, pc);
			note_edge(c, last, pc);
			last = pc;
		}
	}
}

unsigned int kcov_pcs(void)
{
	return covered_count;
}

struct symbol {
	unsigned long address;
	char name[64];
};

static int by_address(const void *a, const void *b)
{
	const struct symbol *x = a, *y = b;

	return x->address < y->address ? -1 : x->address > y->address;
}

static int covers(unsigned long from, unsigned long to)
{
	for (; from < to && from < MODULE_SIZE; from++)
		if (covered[from])
			return 1;
	return 0;
}

unsigned int kcov_functions(FILE *to, unsigned int *total)
{
	static struct symbol symbols[8192];
	FILE *f = fopen("/proc/kallsyms", "r");
	unsigned int n = 0, i, with = 0;
	char line[256], type;
	unsigned long end;

	*total = 0;
	while (f && n < 8192 && fgets(line, sizeof(line), f))
		if (strstr(line, "[kshare]") &&
		    sscanf(line, "%lx %c %63s", &symbols[n].address, &type, symbols[n].name) == 3 &&
		    (type | 32) == 't' && strncmp(symbols[n].name, "__pfx_", 6) &&
		    symbols[n].address - text < MODULE_SIZE)
			n++;
	if (f)
		fclose(f);
	qsort(symbols, n, sizeof(symbols[0]), by_address);
	for (i = 0; i < n; i++) {
		if (strncmp(symbols[i].name, "kshare", 6) || strstr(symbols[i].name, ".cold"))
			continue;
		end = i + 1 < n ? symbols[i + 1].address - text : MODULE_SIZE;
		++*total;
		if (covers(symbols[i].address - text, end))
			with++;
		else if (to)
			fprintf(to, "%s\n", symbols[i].name);
	}
	return with;
}
