/* SPDX-License-Identifier: GPL-2.0 */
/* Programs are carried out by processes of their own, and what they cover is told. */
#ifndef EXECUTE_H
#define EXECUTE_H

#include "program.h"

/* kcov.c: edges, from one piece of code to the next, by a number of that many bits */
#define EDGE_BITS	20
#define MODULE_SIZE	(4 << 20)

/* Memory that processes do not get, so that they are made quickly */
void *own_memory(size_t size);

/* 0, or -1 if this kernel tells no coverage */
int kcov_setup(void);
void kcov_enable(unsigned int lane);	/* of the calling thread */
/* From now on it is told what is compared, not what is covered. */
void kcov_compare(int on);
void kcov_hints(void);			/* and what that was goes to fuzz_hints */
void kcov_reset(void);
void kcov_begin(unsigned int lane);	/* what comes now does not follow from what was */

/* Numbers, each once */
struct numbers {
	unsigned int count, size;
	__u32 *list;
};

struct coverage {
	struct numbers edges, pcs;
};

/* What was covered since kcov_reset(); PCs are noted */
void kcov_collect(struct coverage *c);
unsigned int kcov_pcs(void);
/* Functions of the module without any coverage go to @to; those with are counted. */
unsigned int kcov_functions(FILE *to, unsigned int *total);

/* execute.c */
enum outcome {
	RUN_ENDED,		/* by itself */
	RUN_KILLED,		/* it waited, and was killed */
	RUN_STUCK,		/* it does not even die */
};

int execute_setup(void);
enum outcome execute(const struct program *p);
extern unsigned long execute_commands;	/* so many in all */
extern unsigned int execute_faults;	/* processes that died by a mistake of their own */

/* worker.c: a process and its lanes, from the fork on */
struct shared {
	struct program program;
	struct {
		__u32 posted, finished;	/* futexes: lines */
		__u32 queue[MAX_LINES + 1];
		int tid;
	} lanes[LANES];
	struct {
		int pid, fd;
	} fds[SLOTS];
	__u64 numbers[SLOTS];
	char tickets[SLOTS][KSHARE_TICKET_LEN];
	unsigned long commands;
};

#define LINE_QUIT	0xffffffffu

extern struct shared *shared;
void worker_setup(void);
void worker_process(int process);
void futex_wait(__u32 *word, __u32 value, long us);
void futex_wake(__u32 *word);

#endif /* EXECUTE_H */
