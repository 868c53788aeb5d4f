// SPDX-License-Identifier: GPL-2.0
/*
 * A token goes from one process to another and back, through two of the same
 * kind: what a round trip takes, with both processes on one processor and where
 * the scheduler puts them.
 */
#include "bench.h"

#include <mqueue.h>
#include <semaphore.h>
#include <sys/eventfd.h>
#include <sys/msg.h>
#include <sys/sem.h>
#include <sys/socket.h>
#include <sys/un.h>

#define ROUNDS	2000

/* linux/ntsync.h is newer than the C library's headers. */
struct ntsync_sem_args {
	uint32_t count;
	uint32_t max;
};

struct ntsync_wait_args {
	uint64_t timeout;
	uint64_t objs;
	uint32_t count;
	uint32_t index;
	uint32_t flags;
	uint32_t owner;
	uint32_t alert;
	uint32_t pad;
};

#define NTSYNC_IOC_CREATE_SEM	_IOW('N', 0x80, struct ntsync_sem_args)
#define NTSYNC_IOC_SEM_RELEASE	_IOWR('N', 0x81, uint32_t)
#define NTSYNC_IOC_WAIT_ANY	_IOWR('N', 0x82, struct ntsync_wait_args)

struct way {
	const char *name;
	const char *baseline;
	double goal;
	/* Makes two of it, or says why not. */
	bool (*open)(struct way *w);
	/* Puts the token into one of them, takes it out of one. */
	void (*give)(struct way *w, int which);
	void (*take)(struct way *w, int which);
	/* Both in one system call, or NULL. */
	void (*swap)(struct way *w, int give, int take);
	int in[2], out[2];
	sem_t *sems;
	bool is_open;
	pid_t child;
};

/* Which process this is: 0 the first, 1 the second. */
static int side;

static void check(bool good, struct way *w)
{
	if (good)
		return;
	fprintf(stderr, "handover: %s: %s\n", w->name, strerror(errno));
	_exit(1);
}

static bool queue_open(struct way *w)
{
	w->in[0] = bench_create(KSHARE_TYPE_QUEUE);
	w->in[1] = bench_create(KSHARE_TYPE_QUEUE);
	return true;
}

static void queue_give(struct way *w, int which)
{
	struct kshare_cmd cmd = bench_cmd(KSHARE_OP_QUEUE_PUT, w->in[which]);

	cmd.value = bench_int(1);
	check(ioctl(fd, KSHARE_IOC_CMD, &cmd) == 0, w);
}

static void queue_take(struct way *w, int which)
{
	struct {
		struct kshare_result head;
		struct kshare_value value;
	} out;
	struct kshare_cmd cmd = bench_cmd(KSHARE_OP_QUEUE_GET, w->in[which]);

	cmd = bench_out(cmd, &out, sizeof(out));
	check(ioctl(fd, KSHARE_IOC_CMD, &cmd) == 1, w);
}

/* A put, and a get that waits for the answer */
static void two_at_once(struct way *w, struct kshare_cmd cmds[2], int last)
{
	int32_t results[2];
	struct kshare_batch batch = {
		.size = sizeof(batch),
		.cmd_size = sizeof(cmds[0]),
		.count = 2,
		.cmds = (uintptr_t)cmds,
		.results = (uintptr_t)results,
	};

	check(ioctl(fd, KSHARE_IOC_BATCH, &batch) == 0 && results[1] == last, w);
}

static void queue_swap(struct way *w, int give, int take)
{
	struct {
		struct kshare_result head;
		struct kshare_value value;
	} out;
	struct kshare_cmd cmds[2] = {
		bench_cmd(KSHARE_OP_QUEUE_PUT, w->in[give]),
		bench_out(bench_cmd(KSHARE_OP_QUEUE_GET, w->in[take]), &out, sizeof(out)),
	};

	cmds[0].value = bench_int(1);
	two_at_once(w, cmds, 1);
}

static void semaphore_swap(struct way *w, int give, int take)
{
	struct kshare_cmd cmds[2] = {
		bench_cmd(KSHARE_OP_SEMAPHORE_RELEASE, w->in[give]),
		bench_cmd(KSHARE_OP_SEMAPHORE_ACQUIRE, w->in[take]),
	};

	two_at_once(w, cmds, 0);
}

static bool semaphore_open(struct way *w)
{
	struct kshare_value none = {};

	w->in[0] = bench_create_with(KSHARE_TYPE_SEMAPHORE, KSHARE_SIGNALLING, none);
	w->in[1] = bench_create_with(KSHARE_TYPE_SEMAPHORE, KSHARE_SIGNALLING, none);
	return true;
}

static void semaphore_give(struct way *w, int which)
{
	struct kshare_cmd cmd = bench_cmd(KSHARE_OP_SEMAPHORE_RELEASE, w->in[which]);

	check(ioctl(fd, KSHARE_IOC_CMD, &cmd) == 0, w);
}

static void semaphore_take(struct way *w, int which)
{
	struct kshare_cmd cmd = bench_cmd(KSHARE_OP_SEMAPHORE_ACQUIRE, w->in[which]);

	check(ioctl(fd, KSHARE_IOC_CMD, &cmd) == 0, w);
}

static bool pipe_open(struct way *w)
{
	int i, fds[2];

	for (i = 0; i < 2; i++) {
		check(pipe(fds) == 0, w);
		w->in[i] = fds[1];
		w->out[i] = fds[0];
	}
	return true;
}

/* Both ends of a socket go both ways: one pair is enough. */
static bool socket_open(struct way *w)
{
	int fds[2];

	check(socketpair(AF_UNIX, SOCK_STREAM, 0, fds) == 0, w);
	w->in[0] = fds[0];
	w->out[0] = fds[1];
	w->in[1] = fds[1];
	w->out[1] = fds[0];
	return true;
}

static void byte_give(struct way *w, int which)
{
	check(write(w->in[which], "x", 1) == 1, w);
}

static void byte_take(struct way *w, int which)
{
	char c;

	check(read(w->out[which], &c, 1) == 1, w);
}

static bool eventfd_open(struct way *w)
{
	int i;

	for (i = 0; i < 2; i++) {
		w->in[i] = eventfd(0, 0);
		w->out[i] = w->in[i];
		check(w->in[i] >= 0, w);
	}
	return true;
}

static void eventfd_give(struct way *w, int which)
{
	uint64_t one = 1;

	check(write(w->in[which], &one, sizeof(one)) == sizeof(one), w);
}

static void eventfd_take(struct way *w, int which)
{
	uint64_t n;

	check(read(w->out[which], &n, sizeof(n)) == sizeof(n), w);
}

static bool mq_open_two(struct way *w)
{
	struct mq_attr attr = { .mq_maxmsg = 8, .mq_msgsize = 8 };
	char name[40];
	int i;

	for (i = 0; i < 2; i++) {
		snprintf(name, sizeof(name), "/kshare-bench-%d-%d", getpid(), i);
		w->in[i] = mq_open(name, O_RDWR | O_CREAT | O_EXCL, 0600, &attr);
		check(w->in[i] >= 0, w);
		mq_unlink(name);
	}
	return true;
}

static void mq_give(struct way *w, int which)
{
	check(mq_send(w->in[which], "x", 1, 0) == 0, w);
}

static void mq_take(struct way *w, int which)
{
	char message[8];

	check(mq_receive(w->in[which], message, sizeof(message), NULL) == 1, w);
}

struct sysv_message {
	long type;
	char text[8];
};

static bool msg_open(struct way *w)
{
	int i;

	for (i = 0; i < 2; i++) {
		w->in[i] = msgget(IPC_PRIVATE, 0600);
		check(w->in[i] >= 0, w);
	}
	return true;
}

static void msg_give(struct way *w, int which)
{
	struct sysv_message m = { .type = 1 };

	check(msgsnd(w->in[which], &m, 1, 0) == 0, w);
}

static void msg_take(struct way *w, int which)
{
	struct sysv_message m;

	check(msgrcv(w->in[which], &m, 1, 0, 0) == 1, w);
}

static bool sysv_sem_open(struct way *w)
{
	w->in[0] = semget(IPC_PRIVATE, 2, 0600);
	check(w->in[0] >= 0, w);
	return true;
}

static void sysv_sem_add(struct way *w, int which, int n)
{
	struct sembuf op = { .sem_num = which, .sem_op = n };

	check(semop(w->in[0], &op, 1) == 0, w);
}

static void sysv_sem_give(struct way *w, int which)
{
	sysv_sem_add(w, which, 1);
}

static void sysv_sem_take(struct way *w, int which)
{
	sysv_sem_add(w, which, -1);
}

static bool posix_sem_open(struct way *w)
{
	w->sems = bench_shared(2 * sizeof(w->sems[0]));
	check(sem_init(&w->sems[0], 1, 0) == 0 && sem_init(&w->sems[1], 1, 0) == 0, w);
	return true;
}

static void posix_sem_give(struct way *w, int which)
{
	check(sem_post(&w->sems[which]) == 0, w);
}

static void posix_sem_take(struct way *w, int which)
{
	check(sem_wait(&w->sems[which]) == 0, w);
}

static bool ntsync_open(struct way *w)
{
	struct ntsync_sem_args args = { .count = 0, .max = 1 };
	int i;

	w->out[0] = open("/dev/ntsync", O_RDWR | O_CLOEXEC);
	if (w->out[0] < 0) {
		fprintf(stderr, "handover: no ntsync: /dev/ntsync: %s\n", strerror(errno));
		return false;
	}
	for (i = 0; i < 2; i++) {
		w->in[i] = ioctl(w->out[0], NTSYNC_IOC_CREATE_SEM, &args);
		if (w->in[i] < 0) {
			fprintf(stderr, "handover: no ntsync semaphore: %s\n", strerror(errno));
			return false;
		}
	}
	return true;
}

static void ntsync_give(struct way *w, int which)
{
	uint32_t n = 1;

	check(ioctl(w->in[which], NTSYNC_IOC_SEM_RELEASE, &n) == 0, w);
}

static void ntsync_take(struct way *w, int which)
{
	uint32_t sem = w->in[which];
	struct ntsync_wait_args args = {
		.timeout = UINT64_MAX,
		.objs = (uintptr_t)&sem,
		.count = 1,
		.owner = side + 1,
	};

	check(ioctl(w->out[0], NTSYNC_IOC_WAIT_ANY, &args) == 0, w);
}

/* Redis: a connection for each process, and its protocol by hand. */
static pid_t redis;
static char redis_dir[40];

static int redis_connect(void)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int s = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(address.sun_path, sizeof(address.sun_path), "%s/socket", redis_dir);
	if (s >= 0 && connect(s, (struct sockaddr *)&address, sizeof(address)) == 0)
		return s;
	close(s);
	return -1;
}

static bool redis_start(struct way *w)
{
	int i, status, none;
	char path[60];

	snprintf(path, sizeof(path), "%s/socket", redis_dir);
	redis = fork();
	check(redis >= 0, w);
	if (!redis) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		none = open("/dev/null", O_RDWR);
		dup2(none, 1);
		execlp("redis-server", "redis-server", "--port", "0", "--unixsocket", path,
		       "--save", "", "--appendonly", "no", "--dir", redis_dir, NULL);
		_exit(127);
	}
	for (i = 0; i < 600; i++) {
		if (waitpid(redis, &status, WNOHANG) == redis) {
			fprintf(stderr, "handover: no redis-server: %s\n",
				WIFEXITED(status) && WEXITSTATUS(status) == 127 ?
				"it is not installed" : "it ended");
			redis = 0;
			return false;
		}
		w->in[0] = redis_connect();
		if (w->in[0] >= 0)
			return true;
		usleep(100000);
	}
	fprintf(stderr, "handover: redis-server does not answer\n");
	return false;
}

static bool redis_open(struct way *w)
{
	snprintf(redis_dir, sizeof(redis_dir), "/tmp/kshare-bench-XXXXXX");
	check(mkdtemp(redis_dir), w);
	w->in[1] = -1;
	return redis_start(w);
}

/* Sends @command and reads @lines lines of reply. */
static void redis_call(struct way *w, const char *command, int lines)
{
	ssize_t len = strlen(command), i;
	char reply[100];

	if (w->in[side] < 0) {
		w->in[side] = redis_connect();
		check(w->in[side] >= 0, w);
	}
	check(write(w->in[side], command, len) == len, w);
	while (lines > 0) {
		len = read(w->in[side], reply, sizeof(reply));
		check(len > 0 && reply[0] != '-', w);
		for (i = 0; i < len; i++)
			lines -= reply[i] == '\n';
	}
}

static void redis_give(struct way *w, int which)
{
	static const char * const commands[2] = {
		"*3\r\n$5\r\nRPUSH\r\n$1\r\na\r\n$1\r\nx\r\n",
		"*3\r\n$5\r\nRPUSH\r\n$1\r\nb\r\n$1\r\nx\r\n",
	};

	redis_call(w, commands[which], 1);
}

static void redis_take(struct way *w, int which)
{
	static const char * const commands[2] = {
		"*3\r\n$5\r\nBLPOP\r\n$1\r\na\r\n$1\r\n0\r\n",
		"*3\r\n$5\r\nBLPOP\r\n$1\r\nb\r\n$1\r\n0\r\n",
	};

	redis_call(w, commands[which], 5);
}

#define WAY(_name, _baseline, _goal, _open, _how) { .name = _name, .baseline = _baseline, \
	.goal = _goal, .open = _open, .give = _how##_give, .take = _how##_take }

/* The token is given and the answer awaited by one batch. */
#define BATCH(_name, _baseline, _open, _how) { .name = _name, .baseline = _baseline, \
	.open = _open, .give = _how##_give, .take = _how##_take, .swap = _how##_swap }

static struct way ways[] = {
	WAY("queue", "pipe", 1, queue_open, queue),
	WAY("pipe", "queue", 0, pipe_open, byte),
	WAY("unix_socket", "queue", 0, socket_open, byte),
	WAY("posix_mq", "queue", 0, mq_open_two, mq),
	WAY("sysv_msg", "queue", 0, msg_open, msg),
	WAY("redis_list", "queue", 0, redis_open, redis),
	WAY("semaphore", "eventfd", 1, semaphore_open, semaphore),
	WAY("eventfd", "semaphore", 0, eventfd_open, eventfd),
	WAY("posix_sem", "semaphore", 0, posix_sem_open, posix_sem),
	WAY("sysv_sem", "semaphore", 0, sysv_sem_open, sysv_sem),
	WAY("ntsync_sem", "semaphore", 0, ntsync_open, ntsync),
	BATCH("queue_batch", "pipe", queue_open, queue),
	BATCH("semaphore_batch", "eventfd", semaphore_open, semaphore),
};

#define WAYS	((int)(sizeof(ways) / sizeof(ways[0])))

static double run(struct bench_case *c, int loops)
{
	struct way *w = c->arg;
	double begin = bench_now();
	int i;

	for (i = 0; i < loops; i++) {
		if (w->swap) {
			w->swap(w, 0, 1);
		} else {
			w->give(w, 0);
			w->take(w, 1);
		}
	}
	return bench_now() - begin;
}

static double value_of(struct bench_case *cases, int n, const char *name)
{
	int i;

	for (i = 0; i < n; i++)
		if (!strcmp(cases[i].name, name))
			return cases[i].value;
	return 0;
}

static void measure(const char *suffix, int rounds)
{
	struct bench_case cases[WAYS];
	char name[60], baseline[60];
	int i, n = 0;

	for (i = 0; i < WAYS; i++) {
		struct way *w = &ways[i];

		if (!w->is_open)
			continue;
		w->child = bench_fork();
		if (!w->child) {
			side = 1;
			if (w->swap) {
				w->take(w, 0);
				for (;;)
					w->swap(w, 1, 0);
			}
			for (;;) {
				w->take(w, 0);
				w->give(w, 1);
			}
		}
		cases[n++] = (struct bench_case){ .name = w->name, .run = run, .arg = w };
	}
	bench_cases(cases, n, rounds);
	for (i = 0; i < n; i++) {
		struct way *w = cases[i].arg;
		double base = value_of(cases, n, w->baseline);

		bench_kill(w->child);
		snprintf(name, sizeof(name), "%s_ping_pong%s", w->name, suffix);
		snprintf(baseline, sizeof(baseline), "%s_ping_pong%s", w->baseline, suffix);
		bench_print(name, cases[i].value, bench_unit(), baseline, cases[i].value / base,
			    w->goal);
	}
}

/* SysV's objects outlive their processes. */
static void cleanup(void)
{
	int i;

	for (i = 0; i < WAYS; i++) {
		if (ways[i].is_open && ways[i].open == msg_open) {
			msgctl(ways[i].in[0], IPC_RMID, NULL);
			msgctl(ways[i].in[1], IPC_RMID, NULL);
		} else if (ways[i].is_open && ways[i].open == sysv_sem_open) {
			semctl(ways[i].in[0], 0, IPC_RMID);
		}
	}
	if (redis)
		bench_kill(redis);
}

static void pin(bool one)
{
	bench_pin(0, one);
	if (redis)
		bench_pin(redis, one);
}

int main(void)
{
	int i;

	bench_open();
	for (i = 0; i < WAYS; i++)
		ways[i].is_open = ways[i].open(&ways[i]);

	pin(true);
	measure("_one_cpu", ROUNDS);
	pin(false);
	/*
	 * An emulated processor that has nothing to do takes its host a while to wake.
	 * Where instructions are counted there is but one.
	 */
	if (!bench_icount())
		measure("", ROUNDS / 5);
	cleanup();
	return 0;
}
