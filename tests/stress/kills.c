// SPDX-License-Identifier: GPL-2.0
/*
 * Kill storms: processes that do everything at once to the same objects are killed at
 * random points, by a timer of their own and all that are left at once, and are begun
 * anew.  After each wave nobody is stuck, no message and no call is lost or had twice,
 * all that was held can be had, and all counts are what they were.
 *
 *	kills [SECONDS [SEED [VARIANT]]]
 *
 * Each variant takes that long: as it is; with processes that are stopped and continued;
 * while a processor goes and comes; and with others that preempt all of them.
 *
 * KSHARE_SEED is a seed as well, and that of a wave which failed repeats it, as far as
 * the scheduler does.  KSHARE_KILLS=N: until so many are killed in each variant.
 *
 * Prints TAP.  The kernel's own reports are for the runner to find.
 */
#define _GNU_SOURCE
#include <sched.h>
#include <stdint.h>

#include "waves.h"

#define WAVE		150		/* killed in one */
#define CPU		"/sys/devices/system/cpu/cpu1/online"

/* ---- what goes on beside ---- */

#define NOISES	8

static pid_t noise[NOISES];
static unsigned int noises;

/* Takes turns of something until it is killed. */
static bool start_noise(void (*turn)(void), int cpu)
{
	struct sched_param fifo = { .sched_priority = 10 };
	cpu_set_t set;
	pid_t pid;

	if (noises == NOISES)
		return true;
	if (cpu >= 0 && sched_setscheduler(0, SCHED_FIFO, &fifo))
		return false;
	pid = fork();
	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		close(fd);
		CPU_ZERO(&set);
		CPU_SET(cpu, &set);
		if (cpu >= 0)
			sched_setaffinity(0, sizeof(set), &set);
		for (;;)
			turn();
	}
	fifo.sched_priority = 0;
	sched_setscheduler(0, SCHED_OTHER, &fifo);
	if (pid > 0)
		noise[noises++] = pid;
	return pid > 0;
}

static void switch_processor(void)
{
	write_file(CPU, "0");
	nap_us(1000 + rnd(100000));
	write_file(CPU, "1");
	nap_us(1000 + rnd(100000));
}

static void take_the_processor(void)
{
	const __s64 end = now_ns() + 1000000;

	while (now_ns() < end)
		;
	nap_us(500 + rnd(4000));
}

/* Each tells what is missing, or NULL. */
static const char *start_nothing(void)
{
	return NULL;
}

static const char *start_hotplug(void)
{
	if (!write_file(CPU, "1"))
		return "no second processor that can be switched off";
	return start_noise(switch_processor, -1) ? NULL : "no process";
}

static const char *start_preemption(void)
{
	int cpu;

	for (cpu = 0; cpu < sysconf(_SC_NPROCESSORS_ONLN); cpu++)
		if (!start_noise(take_the_processor, cpu))
			return "no SCHED_FIFO";
	return NULL;
}

static void end_noise(void)
{
	while (noises) {
		kill(noise[--noises], SIGKILL);
		waitpid(noise[noises], NULL, 0);
	}
}

static void end_hotplug(void)
{
	end_noise();
	write_file(CPU, "1");
}

static const struct variant {
	const char *name;
	const char *(*start)(void);
	void (*end)(void);
	bool stops;
} variants[] = {
	{ "plain", start_nothing, end_noise, false },
	{ "stopped", start_nothing, end_noise, true },
	{ "hotplug", start_hotplug, end_hotplug, false },
	{ "preempted", start_preemption, end_noise, false },
};

#define VARIANTS	(sizeof(variants) / sizeof(variants[0]))

int main(int argc, char **argv)
{
	unsigned int seconds = argc > 1 ? atoi(argv[1]) : 5, first_seed, i;

	if (argc > 2 && !strcmp(argv[1], "--after-exec"))
		return after_exec(argv[2]);
	first_seed = argc > 2 ? strtol(argv[2], NULL, 0) : number_of("KSHARE_SEED", time(NULL));
	printf("TAP version 13\n");
	fd = open(KSHARE_DEVICE, O_RDWR | O_CLOEXEC);
	if (fd < 0 || ask_operations()) {
		printf("1..0 # SKIP no %s\n", KSHARE_DEVICE);
		return 4;
	}
	printf("# seed %u\n", first_seed);
	fflush(stdout);
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	begin = begin_short;
	for (i = 0; i < VARIANTS; i++) {
		const struct variant *v = &variants[i];
		const char *missing;

		if (argc > 3 && strcmp(argv[3], v->name))
			continue;
		missing = v->start();
		if (missing)
			printf("ok %d - %s # SKIP %s\n", ++tap_tests, v->name, missing);
		else
			run_waves(v->name, WAVE, first_seed, v->stops, seconds,
				  number_of("KSHARE_KILLS", 0));
		v->end();
	}
	return tap_end();
}
