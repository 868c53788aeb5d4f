// SPDX-License-Identifier: GPL-2.0
/*
 * Carries programs out.  Each line is given to its lane when the one before it has
 * ended, or waits, so that mostly the same happens when it is done again.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "execute.h"

#define LINE_US		15000	/* A line that takes longer is taken to wait. */
#define END_US		30000	/* All of them together, at the end */
#define DEATH_SECONDS	60	/* Who is killed and lives on is stuck. */

struct shared *shared;
unsigned long execute_commands;
unsigned int execute_faults;
static pid_t processes[LANES / 2];
static unsigned char dead[LANES / 2];
static sigset_t child_signal;

int execute_setup(void)
{
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
		      -1, 0);
	if (shared == MAP_FAILED)
		return -1;
	worker_setup();
	/* What a process leaves behind is waited for as well. */
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	sigemptyset(&child_signal);
	sigaddset(&child_signal, SIGCHLD);
	return sigprocmask(SIG_BLOCK, &child_signal, NULL);
}

void *own_memory(size_t size)
{
	void *p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED) {
		perror("memory");
		exit(1);
	}
	madvise(p, size, MADV_DONTFORK);
	return p;
}

static long microseconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static int lane_idle(unsigned int lane)
{
	return __atomic_load_n(&shared->lanes[lane].finished, __ATOMIC_ACQUIRE) ==
	       shared->lanes[lane].posted;
}

/* Until a lane has done all it was given, or @end */
static void wait_for(unsigned int lane, long end)
{
	__u32 finished;
	long now;

	while (!lane_idle(lane)) {
		finished = __atomic_load_n(&shared->lanes[lane].finished, __ATOMIC_ACQUIRE);
		now = microseconds();
		if (now >= end)
			return;
		if (finished != shared->lanes[lane].posted)
			futex_wait(&shared->lanes[lane].finished, finished, end - now);
	}
}

static void post(unsigned int lane, __u32 line)
{
	__u32 posted = shared->lanes[lane].posted;

	shared->lanes[lane].queue[posted % (MAX_LINES + 1)] = line;
	__atomic_store_n(&shared->lanes[lane].posted, posted + 1, __ATOMIC_RELEASE);
	futex_wake(&shared->lanes[lane].posted);
}

static void give_line(const struct program *p, unsigned int i)
{
	const struct line *l = &p->lines[i];
	unsigned int lane = l->nr % LANES;
	pid_t pid;

	switch (l->op) {
	case AROUND_SIGNAL:
		pid = processes[lane_process(lane)];
		if (pid && shared->lanes[lane].tid)
			syscall(SYS_tgkill, pid, shared->lanes[lane].tid,
				l->nr & 0x10 ? SIGUSR2 : SIGUSR1);
		return;
	case AROUND_KILL:
		pid = processes[lane_process(lane)];
		if (pid)
			kill(pid, SIGKILL);
		dead[lane_process(lane)] = 1;
		return;
	}
	if (dead[lane_process(l->lane)])
		return;
	post(l->lane, i);
	if (!l->nowait)
		wait_for(l->lane, microseconds() + LINE_US);
	/* The new program takes no lines. */
	dead[lane_process(l->lane)] |= l->op == AROUND_EXEC;
}

static void show_file(const char *path)
{
	char text[4096];
	int fd = open(path, O_RDONLY), n;

	if (fd < 0)
		return;
	while ((n = read(fd, text, sizeof(text))) > 0)
		fwrite(text, 1, n, stdout);
	close(fd);
}

/* Where all its threads are */
static void show_process(pid_t pid)
{
	char path[600];
	struct dirent *e;
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%d/task", pid);
	dir = opendir(path);
	while (dir && (e = readdir(dir))) {
		if (*e->d_name == '.')
			continue;
		printf("# thread %s\n", e->d_name);
		snprintf(path, sizeof(path), "/proc/%d/task/%s/stack", pid, e->d_name);
		show_file(path);
	}
	if (dir)
		closedir(dir);
}

/* All children go; 0, or -1 if one does not. */
static int reap(void)
{
	struct timespec step = { .tv_nsec = 50000000 };
	long end = microseconds() + DEATH_SECONDS * 1000000l;
	unsigned int i;
	int status;
	pid_t pid;

	for (;;) {
		pid = waitpid(-1, &status, WNOHANG);
		if (pid > 0 && WIFSIGNALED(status) && WTERMSIG(status) != SIGKILL)
			execute_faults++;
		if (pid < 0 && errno == ECHILD)
			return 0;
		if (pid > 0)
			continue;
		if (microseconds() > end)
			break;
		sigtimedwait(&child_signal, NULL, &step);
	}
	for (i = 0; i < LANES / 2; i++)
		if (processes[i])
			show_process(processes[i]);
	return -1;
}

/* A domain that stays without clients would be there for all that come later. */
static void unpin(const struct program *p)
{
	struct kshare_cmd cmd;
	unsigned int i, pins = 0;
	char name[16];
	int fd, h;

	for (i = 0; i < p->count; i++)
		pins |= p->lines[i].flags & KSHARE_PIN || p->lines[i].wrong_by;
	if (!pins)
		return;
	fd = open(KSHARE_DEVICE, O_RDWR | O_CLOEXEC);
	for (i = 0; i < 4; i++) {
		snprintf(name, sizeof(name), "fuzz %u", i);
		cmd = (struct kshare_cmd){
			.size = sizeof(cmd),
			.op = KSHARE_OP_DOMAIN_OPEN,
			.key = {
				.type = KSHARE_STR, .len = 6, .inline_len = 6,
			},
		};
		memcpy(cmd.key.bytes, name, 6);
		h = ioctl(fd, KSHARE_IOC_CMD, &cmd);
		if (h < 0)
			continue;
		cmd = (struct kshare_cmd){
			.size = sizeof(cmd),
			.op = KSHARE_OP_DOMAIN_SET,
			.handle = h,
			.flags = KSHARE_UNPIN,
		};
		ioctl(fd, KSHARE_IOC_CMD, &cmd);
	}
	close(fd);
}

enum outcome execute(const struct program *p)
{
	enum outcome outcome = RUN_ENDED;
	unsigned int i, used = 1;
	long end;

	memset(shared, 0, sizeof(*shared));
	shared->program = *p;
	for (i = 0; i < p->count; i++)
		used |= 1 << p->lines[i].lane;
	kcov_reset();
	for (i = 0; i < LANES / 2; i++) {
		processes[i] = 0;
		dead[i] = 0;
		if (!(used & 3 << 2 * i))
			continue;
		processes[i] = fork();
		if (!processes[i])
			worker_process(i);
	}
	for (i = 0; i < p->count; i++)
		give_line(p, i);
	end = microseconds() + END_US;
	for (i = 0; i < LANES; i++)
		if (!dead[lane_process(i)])
			wait_for(i, end);
	for (i = 0; i < LANES / 2; i++) {
		if (!processes[i])
			continue;
		if (lane_idle(2 * i) && lane_idle(2 * i + 1)) {
			post(2 * i, LINE_QUIT);
		} else {
			kill(processes[i], SIGKILL);
			outcome = RUN_KILLED;
		}
	}
	if (reap())
		outcome = RUN_STUCK;
	execute_commands += shared->commands;
	unpin(p);
	return outcome;
}
