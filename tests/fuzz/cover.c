// SPDX-License-Identifier: GPL-2.0
/*
 * The fuzzer that is guided by coverage: programs are changed, and those that reach
 * code which none before has reached are kept.  They are a corpus of small text files
 * (program.h), which is carried out as a test, on kernels without KCOV as well.  What
 * it looks for is a report of the kernel's, a process that cannot be killed, and that
 * everything is given back at the end.
 *
 *	cover [--corpus DIR]
 *		the programs of the corpus, each once
 *	cover --seconds N [--seed S] [--corpus DIR] [--out DIR]
 *		searches on; what is new goes to DIR
 *	cover --distil [--corpus DIR]... --out DIR
 *		as few of the programs as it takes to cover what all of them do
 *
 * Prints TAP.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "execute.h"

#define CORPUS_DIR	"tests/fuzz/corpus"
#define PROGRAMS	20000
#define DIRS		8
#define LAST		16		/* programs that are noted before they are begun */
#define LAST_SIZE	8192

static struct entry {
	struct program *program;
	__u32 *pcs;
	unsigned int pc_count;
} corpus[PROGRAMS];
static unsigned int corpus_count;

static unsigned char *known;		/* edges that need no look any more */
static struct coverage coverage;
static const char *out;
static unsigned int first_seed, seed, unreadable, stuck, killed, executions;
static int last_fd = -1;

static unsigned int rnd(unsigned int n)
{
	return fuzz_rnd(&seed, n);
}

/* So that it is known what was done when the kernel died */
static void note_last(const struct program *p)
{
	char text[LAST_SIZE];
	FILE *f;

	if (last_fd < 0)
		return;
	memset(text, '\n', sizeof(text));
	f = fmemopen(text, sizeof(text), "r+");
	program_print(p, f);
	fclose(f);
	if (pwrite(last_fd, text, sizeof(text), executions % LAST * LAST_SIZE) < 0)
		last_fd = -1;
}

/* Carries it out; what it covers is in @coverage. */
static void run(const struct program *p)
{
	note_last(p);
	executions++;
	switch (execute(p)) {
	case RUN_ENDED:
		break;
	case RUN_KILLED:
		killed++;
		break;
	case RUN_STUCK:
		stuck++;
		printf("# a program that does not even die:\n");
		program_print(p, stdout);
		fflush(stdout);
		break;
	}
	kcov_collect(&coverage);
}

static void write_program(const struct program *p)
{
	const struct kshare_op_info *op = p->count ? fuzz_op(p->lines[p->count - 1].op) : NULL;
	char path[600];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s-%08x.txt", out, op ? (const char *)op->name : "around",
		 (__u32)program_hash(p));
	f = fopen(path, "w");
	if (!f)
		return;
	program_print(p, f);
	fclose(f);
}

static void keep(const struct program *p)
{
	struct entry *e = &corpus[corpus_count];

	if (corpus_count == PROGRAMS || !p->count)
		return;
	e->program = own_memory(sizeof(*p));
	*e->program = *p;
	e->pcs = NULL;
	e->pc_count = 0;
	corpus_count++;
}

static int is_text(const struct dirent *e)
{
	size_t len = strlen(e->d_name);

	return len > 4 && !strcmp(e->d_name + len - 4, ".txt");
}

static void load(const char *dir)
{
	struct dirent **names;
	struct program p;
	char path[600];
	int i, line, n = scandir(dir, &names, is_text, alphasort);
	FILE *f;

	for (i = 0; i < n; i++) {
		snprintf(path, sizeof(path), "%s/%s", dir, names[i]->d_name);
		f = fopen(path, "r");
		line = f ? program_parse(&p, f) : 1;
		if (f)
			fclose(f);
		if (line) {
			printf("# %s: line %d says nothing\n", path, line);
			unreadable++;
		} else {
			keep(&p);
		}
		free(names[i]);
	}
	if (n >= 0)
		free(names);
}

/* ---- the search ---- */

/* Edges of the last run that are new, at most @most of them */
static unsigned int new_edges(__u32 *list, unsigned int most)
{
	unsigned int i, n = 0;

	for (i = 0; i < coverage.edges.count && n < most; i++)
		if (!known[coverage.edges.list[i]])
			list[n++] = coverage.edges.list[i];
	return n;
}

/* Which of @list the last run had; they are moved to the front. */
static unsigned int still(__u32 *list, unsigned int count)
{
	static __u32 *had, mark;
	unsigned int i, n = 0;
	__u32 edge;

	if (!had)
		had = own_memory(sizeof(__u32) << EDGE_BITS);
	mark++;
	for (i = 0; i < coverage.edges.count; i++)
		had[coverage.edges.list[i]] = mark;
	for (i = 0; i < count; i++) {
		if (had[list[i]] != mark)
			continue;
		edge = list[n];
		list[n++] = list[i];
		list[i] = edge;
	}
	return n;
}

static void mark_known(void)
{
	unsigned int i;

	for (i = 0; i < coverage.edges.count; i++)
		known[coverage.edges.list[i]] = 1;
}

/* Without those lines that it does not take to have all of @list */
static void minimise(struct program *p, __u32 *list, unsigned int count)
{
	unsigned int size, at;
	struct program less;

	for (size = (p->count + 1) / 2; size; size /= 2) {
		for (at = p->count; at >= size; at -= size) {
			less = *p;
			memmove(&less.lines[at - size], &less.lines[at],
				(p->count - at) * sizeof(less.lines[0]));
			less.count -= size;
			run(&less);
			if (still(list, count) == count)
				*p = less;
			mark_known();
		}
	}
}

#define NEW_MOST	4096

/* A program has just been run: is there anything new in it that comes again? */
static void triage(const struct program *p)
{
	static __u32 list[NEW_MOST];
	struct program copy = *p;
	unsigned int count = new_edges(list, NEW_MOST), again, best = 0, tries;

	if (!count)
		return;
	mark_known();
	for (tries = 0; tries < 2 && !best; tries++) {
		run(p);
		again = still(list, count);
		if (again > best)
			best = again;
		mark_known();
	}
	if (!best)
		return;
	minimise(&copy, list, best);
	keep(&copy);
	if (out)
		write_program(&copy);
}

static void tell(const char *when)
{
	unsigned int total, with = kcov_functions(NULL, &total);

	printf("# %s: seed %u, %u programs, %u killed as they waited, %u faults, ", when,
	       first_seed, executions, killed, execute_faults);
	printf("%lu commands, ", execute_commands);
	if (kcov_pcs())
		printf("%u PCs, %u of %u functions, ", kcov_pcs(), with, total);
	printf("a corpus of %u\n", corpus_count);
	fflush(stdout);
}

/* What a program is compared with is worth trying. */
static void look_at_comparisons(const struct program *p)
{
	kcov_compare(1);
	execute(p);
	kcov_compare(0);
	kcov_hints();
}

static void search(unsigned int seconds)
{
	time_t now = time(NULL), end = now + seconds, next = now + 60;
	unsigned int i, loaded = corpus_count;
	struct program p, other;
	char when[32];

	for (i = 0; i < loaded && time(NULL) < end; i++) {
		run(corpus[i].program);
		mark_known();
	}
	tell("the corpus");
	while ((now = time(NULL)) < end && !stuck) {
		if (corpus_count < 10 || !rnd(20)) {
			program_generate(&p, &seed);
		} else {
			/* Those that are young have been changed less often. */
			i = rnd(2) ? rnd(corpus_count) :
				     corpus_count - 1 - rnd(corpus_count / 4 + 1);
			p = *corpus[i].program;
			other = *corpus[rnd(corpus_count)].program;
			if (!rnd(100))
				look_at_comparisons(&p);
			program_mutate(&p, &other, &seed);
		}
		run(&p);
		triage(&p);
		if (now >= next) {
			snprintf(when, sizeof(when), "%u s left", (unsigned int)(end - now));
			tell(when);
			next = now + 60;
		}
	}
}

/* ---- a small corpus ---- */

static int smaller_first(const void *a, const void *b)
{
	const struct entry *x = a, *y = b;

	return (int)x->program->count - (int)y->program->count;
}

/* Each time the one that adds most to what is there, by its lines */
static void distil(void)
{
	static unsigned char have[MODULE_SIZE];
	unsigned int i, n, gain, best, chosen = 0;
	double score, top;
	struct entry *e;

	qsort(corpus, corpus_count, sizeof(corpus[0]), smaller_first);
	for (i = 0; i < corpus_count; i++) {
		e = &corpus[i];
		run(e->program);
		if (!coverage.pcs.count)
			continue;
		e->pcs = own_memory(coverage.pcs.count * sizeof(__u32));
		memcpy(e->pcs, coverage.pcs.list, coverage.pcs.count * sizeof(__u32));
		e->pc_count = coverage.pcs.count;
	}
	tell("all");
	do {
		best = corpus_count;
		top = 0;
		for (i = 0; i < corpus_count; i++) {
			e = &corpus[i];
			for (n = 0, gain = 0; n < e->pc_count; n++)
				gain += !have[e->pcs[n]];
			score = gain / (2.0 + e->program->count);
			if (!gain)
				e->pc_count = 0;
			if (score > top) {
				top = score;
				best = i;
			}
		}
		if (best == corpus_count)
			break;
		e = &corpus[best];
		for (n = 0; n < e->pc_count; n++)
			have[e->pcs[n]] = 1;
		e->pc_count = 0;
		write_program(e->program);
		chosen++;
	} while (1);
	printf("# %u of %u programs do\n", chosen, corpus_count);
}

static void write_functions(void)
{
	unsigned int total;
	char path[600];
	FILE *f;

	snprintf(path, sizeof(path), "%s/functions", out);
	f = fopen(path, "w");
	if (!f)
		return;
	kcov_functions(f, &total);
	fclose(f);
}

int main(int argc, char **argv)
{
	unsigned int seconds = 0, i, small = 0, dirs = 0;
	const char *dir[DIRS] = { CORPUS_DIR };
	char path[600];
	int fd, refs;

	seed = time(NULL);
	for (i = 1; i < (unsigned int)argc; i++) {
		if (!strcmp(argv[i], "--nothing"))
			return 0;
		if (!strcmp(argv[i], "--distil"))
			small = 1;
		else if (!strcmp(argv[i], "--corpus") && argv[i + 1] && dirs < DIRS)
			dir[dirs++] = argv[++i];
		else if (!strcmp(argv[i], "--out") && argv[i + 1])
			out = argv[++i];
		else if (!strcmp(argv[i], "--seconds") && argv[i + 1])
			seconds = strtoul(argv[++i], NULL, 0);
		else if (!strcmp(argv[i], "--seed") && argv[i + 1])
			seed = strtoul(argv[++i], NULL, 0);
	}
	first_seed = seed;
	known = own_memory(1 << EDGE_BITS);
	printf("TAP version 13\n");
	fd = open(KSHARE_DEVICE, O_RDWR | O_CLOEXEC);
	if (fd < 0) {
		printf("1..0 # SKIP no %s\n", KSHARE_DEVICE);
		return 4;
	}
	if (fuzz_table(fd) || execute_setup())
		return 1;
	close(fd);
	if (kcov_setup() && (seconds || small)) {
		printf("1..0 # SKIP no KCOV of the module\n");
		return 4;
	}
	if (out) {
		snprintf(path, sizeof(path), "%s/last", out);
		last_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
	}
	for (i = 0; i < (dirs ? dirs : 1); i++)
		load(dir[i]);
	printf("1..4\n");
	fflush(stdout);
	if (small)
		distil();
	else if (seconds)
		search(seconds);
	for (i = 0; !small && !seconds && i < corpus_count && !stuck; i++)
		run(corpus[i].program);
	tell("at the end");
	if (out)
		write_functions();
	refs = fuzz_module_unused();
	printf("%sok 1 - there are programs\n", executions ? "" : "not ");
	printf("%sok 2 - each of their lines says something\n", unreadable ? "not " : "");
	printf("%sok 3 - all processes end, or can be killed\n", stuck ? "not " : "");
	printf("%sok 4 - nothing is left of them (%d users of the module)\n", refs ? "not " : "",
	       refs);
	return !executions || unreadable || stuck || refs;
}
