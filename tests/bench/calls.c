// SPDX-License-Identifier: GPL-2.0
/*
 * A method of an object that another process hosts is called: what a round trip
 * takes, beside others' ways to ask another process for something.
 */
#include "bench.h"
#include "class.h"

#include <sys/socket.h>

#define ROUNDS	2000

struct way {
	const char *name;
	const char *baseline;
	double goal;
	size_t size;			/* of the argument, 0: none */
	void (*open)(struct way *w);
	void (*ask)(struct way *w);
	void (*serve)(struct way *w);	/* does not return */
	int fds[4];
	pid_t child;
};

static char bytes[ARGS];
static void check(bool good, const char *what)
{
	if (good)
		return;
	fprintf(stderr, "calls: %s: %s\n", what, strerror(errno));
	_exit(1);
}

/* ---- ours ---- */

static void call_open(struct way *w)
{
	w->fds[0] = instance();
}

static void call_ask(struct way *w)
{
	struct kshare_cmd cmd = bench_cmd(KSHARE_OP_CALL, w->fds[0]);
	struct out out;

	if (w->size) {
		cmd.value.type = KSHARE_BYTES;
		cmd.value.len = w->size;
		cmd.value.ptr = (uintptr_t)bytes;
	}
	cmd = bench_out(cmd, &out, sizeof(out));
	check(ioctl(fd, KSHARE_IOC_CMD, &cmd) == 0, w->name);
}

static void call_serve(struct way *w)
{
	uint32_t class = host(w->name);
	struct kshare_cmd cmd;
	struct out out;

	cmd = bench_out(bench_cmd(KSHARE_OP_SERVE, class), &out, sizeof(out));
	for (;;) {
		check(ioctl(fd, KSHARE_IOC_CMD, &cmd) == KSHARE_SERVE_CALL, w->name);
		cmd = bench_out(bench_cmd(KSHARE_OP_REPLY_AND_SERVE, class), &out, sizeof(out));
		cmd.key = bench_int(out.head.number);
	}
}

/* ---- others ---- */

static void pipe_open(struct way *w)
{
	check(pipe(w->fds) == 0 && pipe(w->fds + 2) == 0, w->name);
}

static void pipe_ask(struct way *w)
{
	size_t size = w->size ?: 1;
	char c;

	check(write(w->fds[1], bytes, size) == (ssize_t)size, w->name);
	check(read(w->fds[2], &c, 1) == 1, w->name);
}

static void pipe_serve(struct way *w)
{
	size_t size = w->size ?: 1;

	for (;;) {
		check(read(w->fds[0], bytes, size) == (ssize_t)size, w->name);
		check(write(w->fds[3], bytes, 1) == 1, w->name);
	}
}

static void socket_open(struct way *w)
{
	int on = 1;

	check(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, w->fds) == 0, w->name);
	check(setsockopt(w->fds[1], SOL_SOCKET, SO_PASSCRED, &on, sizeof(on)) == 0, w->name);
}

static void socket_ask(struct way *w)
{
	size_t size = w->size ?: 1;
	char c;

	check(write(w->fds[0], bytes, size) == (ssize_t)size, w->name);
	check(read(w->fds[0], &c, 1) == 1, w->name);
}

static void socket_serve(struct way *w)
{
	size_t size = w->size ?: 1;
	char control[CMSG_SPACE(sizeof(struct ucred))];
	struct iovec iov = { bytes, size };

	for (;;) {
		struct msghdr msg = {
			.msg_iov = &iov,
			.msg_iovlen = 1,
			.msg_control = control,
			.msg_controllen = sizeof(control),
		};

		check(recvmsg(w->fds[1], &msg, 0) == (ssize_t)size && msg.msg_controllen,
		      w->name);
		check(write(w->fds[1], bytes, 1) == 1, w->name);
	}
}

#define WAY(_name, _baseline, _goal, _size, _how) { .name = _name, .baseline = _baseline, \
	.goal = _goal, .size = _size, .open = _how##_open, .ask = _how##_ask, \
	.serve = _how##_serve }

static struct way ways[] = {
	WAY("call", "pipe", 0.9, 0, call),
	WAY("call_1k", "pipe", 1.1, ARGS, call),
	WAY("pipe", "call", 0, 0, pipe),
	WAY("pipe_1k", "call_1k", 0, ARGS, pipe),
	WAY("socket_credentials", "call", 0, 0, socket),
	WAY("socket_credentials_1k", "call_1k", 0, ARGS, socket),
};

#define WAYS	((int)(sizeof(ways) / sizeof(ways[0])))

static double run(struct bench_case *c, int loops)
{
	struct way *w = c->arg;
	double begin = bench_now();
	int i;

	for (i = 0; i < loops; i++)
		w->ask(w);
	return bench_now() - begin;
}

static double value_of(struct bench_case *cases, const char *name)
{
	int i;

	for (i = 0; i < WAYS; i++)
		if (!strcmp(cases[i].name, name))
			return cases[i].value;
	return 0;
}

static void measure(const char *suffix, int rounds)
{
	struct bench_case cases[WAYS];
	char name[60], baseline[60];
	int i;

	for (i = 0; i < WAYS; i++) {
		struct way *w = &ways[i];

		/* Ours is opened at the other side. */
		if (w->open != call_open)
			w->open(w);
		w->child = bench_fork();
		if (!w->child)
			w->serve(w);
		if (w->open == call_open)
			w->open(w);
		cases[i] = (struct bench_case){ .name = w->name, .run = run, .arg = w };
	}
	bench_cases(cases, WAYS, rounds);
	for (i = 0; i < WAYS; i++) {
		struct way *w = cases[i].arg;
		double base = value_of(cases, w->baseline);

		bench_kill(w->child);
		snprintf(name, sizeof(name), "%s_round_trip%s", w->name, suffix);
		snprintf(baseline, sizeof(baseline), "%s_round_trip%s", w->baseline, suffix);
		bench_print(name, cases[i].value, bench_unit(), baseline, cases[i].value / base,
			    w->goal);
	}
}

static void nop(void *arg, int loops)
{
	struct kshare_cmd cmd = bench_cmd(KSHARE_OP_NOP, 0);

	(void)arg;
	while (loops--)
		check(ioctl(fd, KSHARE_IOC_CMD, &cmd) == 0, "nop");
}

static void read_field(void *arg, int loops)
{
	struct kshare_cmd cmd = bench_cmd(KSHARE_OP_DICT_GET, *(uint32_t *)arg);
	struct out out;

	cmd.key = bench_str("field");
	cmd = bench_out(cmd, &out, sizeof(out));
	while (loops--)
		check(ioctl(fd, KSHARE_IOC_CMD, &cmd) == 0, "field");
}

static void fields(void)
{
	struct kshare_cmd cmd;
	double base, value;
	uint32_t inst;

	host("fields");
	inst = instance();
	cmd = bench_cmd(KSHARE_OP_DICT_SET, inst);
	cmd.key = bench_str("field");
	cmd.value = bench_int(1);
	bench_run(cmd);
	base = bench_time(nop, NULL, 10000);
	value = bench_time(read_field, &inst, 10000);
	bench_print("field_read", value, bench_unit(), "nop", value / base, 2);
}

int main(void)
{
	bench_open();
	place = bench_create(KSHARE_TYPE_CELL);
	bench_pin(0, true);
	measure("_one_cpu", ROUNDS);
	fields();
	bench_pin(0, false);
	if (!bench_icount())
		measure("", ROUNDS / 5);
	return 0;
}
