// SPDX-License-Identifier: GPL-2.0
/*
 * Processes in a memory cgroup that is too small for what they do are killed for want of
 * memory: one at a time, and all of the group at once.  They fill objects of their own
 * and such as others have, and hold and wait for things meanwhile.  Whoever is killed,
 * what it held can be had, and all comes back.
 *
 *	ooms [SECONDS [SEED]]
 *
 * KSHARE_SEED and KSHARE_KILLS are as for kills.  Prints TAP.  The kernel's own reports
 * are for the runner to find.
 */
#define _GNU_SOURCE
#include <sched.h>
#include <stdint.h>
#include <sys/stat.h>

#include "waves.h"

#define ROOT		"/sys/fs/cgroup"
#define GROUP		ROOT "/kshare-ooms"
#define LIMIT		(12 << 20)
#define WAVE		24

static unsigned long oom_kills(void)
{
	unsigned long n = 0;
	char line[100];
	FILE *f = fopen(GROUP "/memory.events", "r");

	if (!f)
		return 0;
	while (fgets(line, sizeof(line), f))
		if (sscanf(line, "oom_kill %lu", &n) == 1)
			break;
	fclose(f);
	return n;
}

static const char *make_group(bool as_one)
{
	char text[20];

	write_file(ROOT "/cgroup.subtree_control", "+memory");
	if (mkdir(GROUP, 0700))
		return "no cgroup for memory";
	snprintf(text, sizeof(text), "%d", LIMIT);
	if (!write_file(GROUP "/memory.max", text)) {
		rmdir(GROUP);
		return "no cgroup for memory";
	}
	write_file(GROUP "/memory.swap.max", "0");
	if (!write_file(GROUP "/memory.oom.group", as_one ? "1" : "0")) {
		rmdir(GROUP);
		return "no memory.oom.group";
	}
	return NULL;
}

/* Its processes are dead, but what they were charged for may still be on its way. */
static void remove_group(void)
{
	const __s64 end = now_ns() + 10000000000ll;

	while (rmdir(GROUP) && errno == EBUSY && now_ns() < end)
		nap_us(1000);
}

/* ---- filling ---- */

static char text[65536];

static void fill_dict(__u32 dict, unsigned int keys, unsigned int count)
{
	__u32 len;

	while (count--) {
		len = rnd(4) ? 9 + rnd(4000) : sizeof(text);
		attempt(make_with(KSHARE_OP_DICT_SET, dict, val_int(rnd(keys)),
				  val_data(KSHARE_BYTES, text, len)));
	}
}

static void fill_list(__u32 list)
{
	static struct kshare_value values[4096];

	attempt(make_with(KSHARE_OP_LIST_EXTEND, list, val_none(),
			  val_data(KSHARE_VECTOR, values, 4096)));
}

static void fill_array(void)
{
	struct kshare_cmd cmd = make(KSHARE_OP_CREATE, 0);
	int h;
	char *p;

	cmd.key = val_int(1 + rnd(3 << 20));
	cmd.nr = KSHARE_CREATE_NR(KSHARE_TYPE_ARRAY, KSHARE_ELEM_U8);
	h = run_raw(cmd);
	if (h < 0)
		return;
	p = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd,
		 KSHARE_MMAP_OFFSET(h, getpagesize()));
	if (p != MAP_FAILED)
		p[rnd(4096)] = 1;
}

static void fill_memory(void)
{
	size_t len = (1 + rnd(256)) * 4096;
	char *p = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p != MAP_FAILED)
		memset(p, 1, len);
}

static void fill_handles(void)
{
	int i;

	for (i = 0; i < 500; i++)
		attempt(make(KSHARE_OP_DUP, w.from));
}

static void fill_parked(void)
{
	struct kshare_cmd cmd = make(KSHARE_OP_EVENT_WAIT, w.event);
	unsigned int i;

	if (my_ring() && !(me.ring.p.flags & IORING_SETUP_SQPOLL))
		for (i = 0; i < 20; i++)
			ring_submit(&me.ring, fd, &cmd, 1);
	me.has_ring = false;
}

/* One that is a process of the group, and lives until there is no memory left, or nearly */
static void fill(void)
{
	static __u32 own[2];

	if (!own[0]) {
		own[0] = create(KSHARE_TYPE_DICT, 0, val_none(), val_none());
		own[1] = create(KSHARE_TYPE_LIST, 0, val_none(), val_none());
	}
	switch (rnd(8)) {
	case 0:
	case 1:
		fill_dict(own[0], 4000, 8);
		break;
	case 2:
		fill_list(own[1]);
		break;
	case 3:
		fill_dict(w.box, 60, 2);
		break;
	case 4:
		fill_array();
		break;
	case 5:
		fill_handles();
		break;
	case 6:
		fill_parked();
		break;
	default:
		fill_memory();
	}
}

static void begin_hungry(void)
{
	if (!write_file(GROUP "/cgroup.procs", "0"))
		_exit(NO_MEMORY);
	arm_death(200000 + rnd(3000000));
	hungry = fill;
}

static void run_group(const char *name, bool as_one, unsigned int seconds,
		      unsigned int first_seed)
{
	const char *missing = make_group(as_one);

	if (missing) {
		printf("ok %d - %s # SKIP %s\n", ++tap_tests, name, missing);
		return;
	}
	run_waves(name, WAVE, first_seed, false, seconds, number_of("KSHARE_KILLS", 0));
	printf("# %lu of them for want of memory\n", oom_kills());
	tap(oom_kills() > 0, name, "some for want of memory");
	remove_group();
}

int main(int argc, char **argv)
{
	unsigned int seconds = argc > 1 ? atoi(argv[1]) : 5, first_seed;

	if (argc > 2 && !strcmp(argv[1], "--after-exec"))
		return after_exec(argv[2]);
	first_seed = argc > 2 ? strtol(argv[2], NULL, 0) : number_of("KSHARE_SEED", time(NULL));
	printf("TAP version 13\n");
	fd = open(KSHARE_DEVICE, O_RDWR | O_CLOEXEC);
	if (fd < 0 || ask_operations() || geteuid()) {
		printf("1..0 # SKIP needs %s and root\n", KSHARE_DEVICE);
		return 4;
	}
	printf("# seed %u\n", first_seed);
	fflush(stdout);
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	/* A line for each task is of no use here, and the console is slow. */
	write_file("/proc/sys/vm/oom_dump_tasks", "0");
	begin = begin_hungry;
	scarce = true;
	run_group("one at a time", false, seconds, first_seed);
	run_group("all at once", true, seconds, first_seed);
	write_file("/proc/sys/vm/oom_dump_tasks", "1");
	return tap_end();
}
