// SPDX-License-Identifier: GPL-2.0
/*
 * A kill storm while somebody tries to unload the module all the time.  Families of
 * processes open the device, share objects, and are killed, their eldest among them; in
 * between nobody uses it.  It is refused while anybody does, else the module is gone, and
 * loaded anew.
 *
 *	unloads [SECONDS [SEED]]
 *
 * KSHARE_KO is the file to load it from.  KSHARE_SEED and KSHARE_KILLS are as for kills.
 * Prints TAP.  The kernel's own reports are for the runner to find.
 */
#define _GNU_SOURCE
#include <sched.h>
#include <stdint.h>

#include "waves.h"

#define FAMILIES	3
#define WAVE_MS		1500

/* By who unloads */
static struct {
	unsigned long refused, unloaded;
	int error;
	int stop;
} *news;

static int unload(void)
{
	return syscall(__NR_delete_module, "kshare", O_NONBLOCK) ? -errno : 0;
}

static int load(void)
{
	int file = open(getenv("KSHARE_KO"), O_RDONLY | O_CLOEXEC), ret;

	if (file < 0)
		return -errno;
	ret = syscall(__NR_finit_module, file, "", 0) ? -errno : 0;
	close(file);
	return ret;
}

static void unload_all_the_time(void)
{
	int ret;

	while (!__atomic_load_n(&news->stop, __ATOMIC_ACQUIRE)) {
		ret = unload();
		if (ret == -EAGAIN) {
			news->refused++;
			nap_us(rnd(2000));
			continue;
		}
		if (!ret)
			ret = load();
		if (ret) {
			news->error = ret;
			_exit(1);
		}
		__atomic_fetch_add(&news->unloaded, 1, __ATOMIC_RELEASE);
		/* Somebody is to get in; now and then nobody does. */
		if (rnd(4))
			nap_us(rnd(100000));
	}
	_exit(0);
}

/* The eldest opens the device, makes the objects, and has children for as long as it lives. */
static void be_eldest(unsigned int its_seed)
{
	struct kshare_cmd cmd = make(KSHARE_OP_CLIENT_CLONE, 0);
	unsigned int n;
	int clone;

	seed = its_seed * 2654435761u;
	arm_death(1000 * (1 + rnd(WAVE_MS / 2)));
	/* Nobody may be there, or a module that is just coming or going. */
	while ((fd = open(KSHARE_DEVICE, O_RDWR | O_CLOEXEC)) < 0)
		nap_us(1000);
	if (ask_operations())
		wrong("QUERY fails");
	if (!world_make())
		wrong("the objects cannot be made");
	for (n = 0; n < 4; n++) {
		clone = attempt(cmd);
		if (clone < 0 || fork()) {
			add(&all->born, 1);
			close(clone);
			continue;
		}
		arm_death(life_us());
		seed ^= (n + 1) * 7919;
		fd = clone;
		if (run_simple(KSHARE_OP_CLIENT_BIND, 0))
			_exit(NO_MEMORY);
		live();
	}
	live();
}

static void run_families(unsigned int first_seed, bool *stuck)
{
	const __s64 end = now_ns() + WAVE_MS * 1000000ll;
	unsigned long before;
	unsigned int n = 0, i;
	pid_t pid, pids[FAMILIES] = {};
	__s64 limit;
	int status;

	wave.keeper = start_keeper();
	all->holders = wave.keeper;
	while (now_ns() < end) {
		for (i = 0; i < FAMILIES; i++) {
			if (pids[i])
				continue;
			pids[i] = fork();
			if (!pids[i]) {
				setpgid(0, wave.keeper);
				be_eldest(first_seed + n);
			}
			setpgid(pids[i], wave.keeper);
			n++;
		}
		pid = waitpid(-wave.keeper, &status, 0);
		reaped(status);
		for (i = 0; i < FAMILIES; i++)
			if (pids[i] == pid)
				pids[i] = 0;
	}
	kill(-wave.keeper, SIGKILL);
	while (waitpid(-wave.keeper, &status, 0) > 0)
		reaped(status);
	kills--;
	/* Nobody is left who uses it, once rings have been closed in the background. */
	before = __atomic_load_n(&news->unloaded, __ATOMIC_ACQUIRE);
	limit = now_ns() + PATIENCE_S * 1000000000ll;
	while (__atomic_load_n(&news->unloaded, __ATOMIC_ACQUIRE) == before && !news->error) {
		if (now_ns() > limit) {
			*stuck = true;
			return;
		}
		nap_us(1000);
	}
}

int main(int argc, char **argv)
{
	unsigned int seconds = argc > 1 ? atoi(argv[1]) : 5, first_seed, waves = 0, i;
	unsigned long most = number_of("KSHARE_KILLS", 0), before = 0;
	bool stuck = false;
	int status;
	pid_t pid;
	__s64 end;

	if (argc > 2 && !strcmp(argv[1], "--after-exec"))
		return after_exec(argv[2]);
	first_seed = argc > 2 ? strtol(argv[2], NULL, 0) : number_of("KSHARE_SEED", time(NULL));
	printf("TAP version 13\n");
	if (access(KSHARE_DEVICE, R_OK) || !getenv("KSHARE_KO") || geteuid()) {
		printf("1..0 # SKIP needs %s, KSHARE_KO and root\n", KSHARE_DEVICE);
		return 4;
	}
	printf("# seed %u\n", first_seed);
	fflush(stdout);
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	all = mmap(NULL, sizeof(*all), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	news = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (all == MAP_FAILED || news == MAP_FAILED)
		return 1;
	pid = fork();
	if (!pid)
		unload_all_the_time();
	end = now_ns() + seconds * 1000000000ll;
	do {
		seed = first_seed + waves++;
		run_families(seed * 1000, &stuck);
		for (i = 0; i < ACTS; i++)
			acts_begun[i] = all->begun[i];
		adapt(kills - before);
		before = kills;
	} while (!stuck && !news->error && (most ? kills < most : now_ns() < end));
	__atomic_store_n(&news->stop, 1, __ATOMIC_RELEASE);
	waitpid(pid, &status, 0);
	for (i = 0; i < ACTS; i++)
		acts_done[i] = all->done[i];
	printf("# seed %u, %lu kills, %u waves, %lu refusals, %lu unloads\n", first_seed, kills,
	       waves, news->refused, news->unloaded);
	print_acts();
	if (news->error)
		printf("# error: %s\n", strerror(-news->error));
	if (wave.found[PROMISES][0])
		printf("# %s\n", wave.found[PROMISES]);
	tap(!stuck, "", "the module can go when all who used it are dead");
	tap(!news->error && !status, "", "it goes, and comes again, or is refused as busy");
	tap(news->unloaded && news->refused, "", "both did happen");
	tap(kills > 0, "", "processes are killed");
	tap(!wave.found[PROMISES][0], "", "processes end as they are meant to");
	return tap_end();
}
