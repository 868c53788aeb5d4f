// SPDX-License-Identifier: GPL-2.0
/*
 * What it costs to open a domain by its name, to make a handle of a descriptor or
 * of a ticket, and what the collector of circles costs others.
 */
#include "bench.h"

#define NAMES		10000
#define HANDLES		100
#define OBJECTS		1000000
#define IN_A_LIST	1000

/* Every client's handle to its own domain */
#define KSHARE_OWN_DOMAIN	1

static double run_nop(struct bench_case *c, int loops)
{
	struct kshare_cmd *nop = c->arg, cmd = *nop;
	double begin = bench_now();
	int i;

	for (i = 0; i < loops; i++)
		ioctl(fd, KSHARE_IOC_CMD, &cmd);
	return bench_now() - begin;
}

/* Handles are made and closed a hundred at a time; only the making is measured. */
static double run_handles(struct bench_case *c, int loops)
{
	static char names[HANDLES][16];
	struct kshare_cmd *make = c->arg, cmds[HANDLES];
	struct kshare_cmd close = bench_cmd(KSHARE_OP_CLOSE, 0);
	int ids[HANDLES], i, done = 0;
	static unsigned int next;
	double took = 0, begin;

	while (done < loops) {
		for (i = 0; i < HANDLES; i++) {
			cmds[i] = *make;
			if (make->op != KSHARE_OP_DOMAIN_OPEN)
				continue;
			snprintf(names[i], sizeof(names[i]), "bench/%05u", next++ % NAMES);
			cmds[i].key = bench_str(names[i]);
		}
		begin = bench_now();
		for (i = 0; i < HANDLES; i++)
			ids[i] = ioctl(fd, KSHARE_IOC_CMD, &cmds[i]);
		took += bench_now() - begin;
		for (i = 0; i < HANDLES; i++) {
			if (ids[i] < 0) {
				perror("handle");
				exit(1);
			}
			close.handle = ids[i];
			ioctl(fd, KSHARE_IOC_CMD, &close);
		}
		done += HANDLES;
	}
	return took * loops / done;
}

/* Another process has ten thousand domains with names. */
static pid_t make_names(void)
{
	int ready[2], i;
	pid_t pid;
	char c;

	if (pipe(ready))
		exit(1);
	pid = fork();
	if (!pid) {
		struct kshare_cmd cmd = bench_cmd(KSHARE_OP_DOMAIN_OPEN, 0);
		char name[16];

		prctl(PR_SET_PDEATHSIG, SIGKILL);
		fd = open(KSHARE_DEVICE, O_RDWR);
		cmd.flags = KSHARE_MAKE;
		for (i = 0; i < NAMES; i++) {
			snprintf(name, sizeof(name), "bench/%05u", i);
			cmd.key = bench_str(name);
			bench_run(cmd);
		}
		if (write(ready[1], "x", 1) == 1)
			pause();
		_exit(1);
	}
	if (read(ready[0], &c, 1) != 1)
		exit(1);
	close(ready[0]);
	close(ready[1]);
	return pid;
}

static void bench_handles(void)
{
	struct {
		struct kshare_result head;
		struct kshare_value value;
		char text[64];
	} out;
	uint32_t cell = bench_create(KSHARE_TYPE_CELL);
	struct kshare_cmd nop = bench_cmd(KSHARE_OP_NOP, 0);
	struct kshare_cmd by_name = bench_cmd(KSHARE_OP_DOMAIN_OPEN, 0);
	struct kshare_cmd by_fd = bench_cmd(KSHARE_OP_IMPORT_FD, 0);
	struct kshare_cmd by_ticket = bench_cmd(KSHARE_OP_TICKET_REDEEM, 0);
	struct kshare_cmd dup = bench_cmd(KSHARE_OP_DUP, cell);
	struct kshare_cmd ticket = bench_cmd(KSHARE_OP_TICKET_CREATE, cell);
	struct bench_case cases[] = {
		{ .name = "no-op command", .run = run_nop, .arg = &nop },
		{ .name = "dup", .run = run_handles, .arg = &dup },
		{ .name = "open a domain among ten thousand", .run = run_handles, .arg = &by_name },
		{ .name = "import a descriptor", .run = run_handles, .arg = &by_fd },
		{ .name = "redeem a ticket", .run = run_handles, .arg = &by_ticket },
	};
	static const double goals[] = { 0, 0, 5, 3, 0 };
	pid_t names = make_names();
	unsigned int i;

	by_fd.key = bench_int(bench_run(bench_cmd(KSHARE_OP_EXPORT_FD, cell)));
	ticket.key = bench_int(INT64_MAX);
	bench_run(bench_out(ticket, &out, sizeof(out)));
	by_ticket.key = out.value;
	bench_cases(cases, 5, 10000);
	for (i = 0; i < 5; i++)
		bench_print(cases[i].name, cases[i].value, bench_unit(), cases[0].name,
			    cases[i].value / cases[0].value, goals[i]);
	kill(names, SIGKILL);
	waitpid(names, NULL, 0);
}

/* A million cells in lists, in a list; the last list leads back to the first. */
static uint32_t make_objects(int objects)
{
	struct kshare_cmd append = bench_cmd(KSHARE_OP_LIST_APPEND, 0);
	uint32_t all = bench_create(KSHARE_TYPE_LIST), list = 0, cell;
	int i;

	for (i = 0; i < objects; i++) {
		if (!(i % IN_A_LIST)) {
			if (i)
				bench_run(bench_cmd(KSHARE_OP_CLOSE, list));
			list = bench_create(KSHARE_TYPE_LIST);
			append.handle = all;
			append.value = (struct kshare_value){ .type = KSHARE_REF,
							      .ref.handle = list };
			bench_run(append);
		}
		cell = bench_create(KSHARE_TYPE_CELL);
		append.handle = list;
		append.value = (struct kshare_value){ .type = KSHARE_REF, .ref.handle = cell };
		bench_run(append);
		bench_run(bench_cmd(KSHARE_OP_CLOSE, cell));
	}
	append.value.ref.handle = all;
	bench_run(append);
	bench_run(bench_cmd(KSHARE_OP_CLOSE, list));
	return all;
}

/* What the process that collects tells. */
struct told {
	volatile int done;
	double took;
	double freed;
};

/* The longest of another's operations while a pass runs. */
static double watch_others(uint32_t cell, uint32_t list, struct told *told)
{
	struct kshare_cmd cmds[] = {
		bench_cmd(KSHARE_OP_CELL_ADD, cell), bench_cmd(KSHARE_OP_LIST_LEN, list),
		bench_cmd(KSHARE_OP_CREATE, 0), bench_cmd(KSHARE_OP_CLOSE, 0),
	};
	struct timespec pause = { .tv_nsec = 100000 };
	double longest = 0;
	unsigned int i;

	cmds[0].value = bench_int(1);
	cmds[2].nr = KSHARE_CREATE_NR(KSHARE_TYPE_CELL, 0);
	while (!told->done) {
		for (i = 0; i < 4; i++) {
			double begin = bench_now(), took;
			int ret = ioctl(fd, KSHARE_IOC_CMD, &cmds[i]);

			took = bench_now() - begin;
			if (ret < 0) {
				perror("while it collects");
				exit(1);
			}
			if (i == 2)
				cmds[3].handle = ret;
			if (took > longest)
				longest = took;
		}
		nanosleep(&pause, NULL);
	}
	return longest;
}

static void bench_pass(const char *name, uint32_t cell, uint32_t list)
{
	struct told *told = bench_shared(sizeof(*told));
	struct sched_param first = { .sched_priority = 1 };
	char text[80];
	double longest;
	pid_t pid;

	memset(told, 0, sizeof(*told));
	pid = bench_fork();
	if (!pid) {
		struct kshare_cmd cmd = bench_cmd(KSHARE_OP_DOMAIN_COLLECT, KSHARE_OWN_DOMAIN);
		struct kshare_result out = {};
		double begin = bench_now();

		bench_run(bench_out(cmd, &out, sizeof(out)));
		told->took = bench_now() - begin;
		told->freed = out.number;
		told->done = 1;
		_exit(0);
	}
	/* Else it waits for the processor, and not for the collector. */
	sched_setscheduler(0, SCHED_FIFO, &first);
	longest = watch_others(cell, list, told);
	first.sched_priority = 0;
	sched_setscheduler(0, SCHED_OTHER, &first);
	waitpid(pid, NULL, 0);
	snprintf(text, sizeof(text), "%s: objects freed", name);
	bench_print(text, told->freed, "objects", "", 0, 0);
	snprintf(text, sizeof(text), "%s: a pass", name);
	bench_print(text, told->took / 1e6, "ms", "", 0, 0);
	snprintf(text, sizeof(text), "%s: longest other operation", name);
	bench_print(text, longest / 1e3, "us", "", 0, 1000);
	munmap(told, sizeof(*told));
}

static void bench_collector(void)
{
	int objects = getenv("KSHARE_BENCH_QUICK") ? OBJECTS / 10 : OBJECTS;
	uint32_t cell = bench_create(KSHARE_TYPE_CELL);
	uint32_t all;

	bench_run((struct kshare_cmd){
		.size = sizeof(struct kshare_cmd), .op = KSHARE_OP_CELL_SET, .handle = cell,
		.value = bench_int(0),
	});
	all = make_objects(objects);
	bench_pass("all can be reached", cell, all);
	bench_run((struct kshare_cmd){
		.size = sizeof(struct kshare_cmd), .op = KSHARE_OP_CLOSE, .handle = all,
	});
	bench_pass("none can be reached", cell, bench_create(KSHARE_TYPE_LIST));
}

int main(void)
{
	bench_open();
	bench_handles();
	bench_collector();
	return 0;
}
