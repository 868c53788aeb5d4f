/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the measurements share.  A figure is the median of several runs, or with
 * instructions counted for time (KSHARE_BENCH_ICOUNT) the least, since then only
 * what disturbs makes it larger.  Each is printed as one JSON object a line.
 */
#ifndef KSHARE_BENCH_H
#define KSHARE_BENCH_H

#define _GNU_SOURCE

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <linux/kshare.h>

#define RUNS	9

static int fd;

static inline double bench_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1e9 + t.tv_nsec;
}

static inline bool bench_icount(void)
{
	return getenv("KSHARE_BENCH_ICOUNT");
}

/* How often an operation is repeated in one run. */
static inline int bench_loops(int loops)
{
	return getenv("KSHARE_BENCH_QUICK") ? loops / 10 + 1 : loops;
}

static inline int bench_compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static inline double bench_figure(double times[RUNS])
{
	qsort(times, RUNS, sizeof(times[0]), bench_compare);
	return times[bench_icount() ? 0 : RUNS / 2];
}

/* The time of one of @loops repetitions of what @run does. */
static inline double bench_time(void (*run)(void *arg, int loops), void *arg, int loops)
{
	double times[RUNS];
	int i;

	loops = bench_loops(loops);
	run(arg, loops / 10 + 1);
	for (i = 0; i < RUNS; i++) {
		double begin = bench_now();

		run(arg, loops);
		times[i] = (bench_now() - begin) / loops;
	}
	return bench_figure(times);
}

/*
 * Ways to do the same work.  They take turns, so that what disturbs the machine
 * for a while disturbs all of them.
 */
struct bench_case {
	const char *name;
	/* What @loops repetitions took. */
	double (*run)(struct bench_case *c, int loops);
	void *arg;
	double value;	/* of one repetition */
	double times[RUNS];
};

static inline void bench_cases(struct bench_case *cases, int n, int loops)
{
	int i, j;

	loops = bench_loops(loops);
	for (j = 0; j < n; j++)
		cases[j].run(&cases[j], loops / 10 + 1);
	for (i = 0; i < RUNS; i++)
		for (j = 0; j < n; j++)
			cases[j].times[i] = cases[j].run(&cases[j], loops) / loops;
	for (j = 0; j < n; j++)
		cases[j].value = bench_figure(cases[j].times);
}

/* One figure; @goal is the largest ratio, or without a baseline value, or 0. */
static inline void bench_print(const char *name, double value, const char *unit,
			       const char *baseline, double ratio, double goal)
{
	struct utsname u;

	uname(&u);
	printf("{\"name\": \"%s\", \"value\": %.1f, \"unit\": \"%s\", \"baseline\": \"%s\", ",
	       name, value, unit, baseline);
	printf("\"ratio\": %.2f, \"goal\": %.3g, \"kernel\": \"%s\"}\n", ratio, goal, u.release);
	fflush(stdout);
}

static inline const char *bench_unit(void)
{
	return bench_icount() ? "instructions" : "ns";
}

static inline struct kshare_cmd bench_cmd(uint32_t op, uint32_t handle)
{
	return (struct kshare_cmd){ .size = sizeof(struct kshare_cmd), .op = op, .handle = handle };
}

static inline int bench_run(struct kshare_cmd cmd)
{
	int ret = ioctl(fd, KSHARE_IOC_CMD, &cmd);

	if (ret < 0) {
		fprintf(stderr, "operation %u: %s\n", cmd.op, strerror(errno));
		exit(1);
	}
	return ret;
}

static inline struct kshare_value bench_int(int64_t i)
{
	return (struct kshare_value){ .type = KSHARE_INT, .i = i };
}

static inline struct kshare_value bench_str(const char *s)
{
	return (struct kshare_value){
		.type = KSHARE_STR,
		.len = strlen(s),
		.ptr = (uintptr_t)s,
	};
}

static inline struct kshare_cmd bench_out(struct kshare_cmd cmd, void *out, uint32_t len)
{
	cmd.out = (uintptr_t)out;
	cmd.out_len = len;
	return cmd;
}

static inline uint32_t bench_create_with(uint32_t type, uint32_t flags, struct kshare_value value)
{
	struct kshare_cmd cmd = bench_cmd(KSHARE_OP_CREATE, 0);

	cmd.nr = KSHARE_CREATE_NR(type, 0);
	cmd.flags = flags;
	cmd.value = value;
	return bench_run(cmd);
}

static inline uint32_t bench_create(uint32_t type)
{
	return bench_create_with(type, 0, (struct kshare_value){});
}

static inline void bench_open(void)
{
	fd = open(KSHARE_DEVICE, O_RDWR | O_CLOEXEC);
	if (fd < 0) {
		perror(KSHARE_DEVICE);
		exit(1);
	}
}

/* A child, with a client of its own that has the same handles; 0 in the child. */
static inline pid_t bench_fork(void)
{
	int clone = bench_run(bench_cmd(KSHARE_OP_CLIENT_CLONE, 0));
	pid_t pid = fork();

	if (pid < 0) {
		perror("fork");
		exit(1);
	}
	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		fd = clone;
		bench_run(bench_cmd(KSHARE_OP_CLIENT_BIND, 0));
		return 0;
	}
	close(clone);
	return pid;
}

static inline void bench_kill(pid_t pid)
{
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

/* Keeps a process, 0: this one and its children, to one processor, or lets it go. */
static inline void bench_pin(pid_t pid, bool one)
{
	cpu_set_t set;
	int i;

	CPU_ZERO(&set);
	for (i = 0; i < (one ? 1 : CPU_SETSIZE); i++)
		CPU_SET(i, &set);
	sched_setaffinity(pid, sizeof(set), &set);
}

static inline void *bench_shared(size_t len)
{
	void *p = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED) {
		perror("mmap");
		exit(1);
	}
	return p;
}

static inline struct kshare_stat bench_stat(uint32_t handle)
{
	struct kshare_stat stat = {};
	struct kshare_cmd cmd = bench_cmd(KSHARE_OP_STAT, handle);

	cmd.out = (uintptr_t)&stat;
	cmd.out_len = sizeof(stat);
	bench_run(cmd);
	return stat;
}

#endif /* KSHARE_BENCH_H */
