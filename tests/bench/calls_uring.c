// SPDX-License-Identifier: GPL-2.0
/*
 * One thread serves many callers, in a loop of system calls or on an io_uring: what
 * a call takes, callers and host together.
 */
#include "bench.h"
#include "class.h"
#include "ring.h"

#define CALLERS	64

struct way {
	const char *name;
	double goal;
	int callers;
	bool ring_host, ring_callers;
};

static const struct way ways[] = {
	{ "call_1_caller_ioctl_host", 0, 1, false, false },
	{ "call_64_callers_ioctl_host", 0, CALLERS, false, false },
	{ "call_64_callers_uring_host", 0.5, CALLERS, true, false },
	{ "call_64_in_flight_uring_host", 0.5, 1, true, true },
};

#define WAYS	((int)(sizeof(ways) / sizeof(ways[0])))

/* Calls that were answered, one count each caller. */
static volatile uint64_t *counts;

static void check(bool good, const char *what)
{
	if (good)
		return;
	fprintf(stderr, "calls_uring: %s: %s\n", what, strerror(errno));
	_exit(1);
}

static void serve_by_ioctl(uint32_t class)
{
	struct out out;
	struct kshare_cmd cmd;

	cmd = bench_out(bench_cmd(KSHARE_OP_SERVE, class), &out, sizeof(out));
	for (;;) {
		check(ioctl(fd, KSHARE_IOC_CMD, &cmd) == KSHARE_SERVE_CALL, "serve");
		cmd = bench_out(bench_cmd(KSHARE_OP_REPLY_AND_SERVE, class), &out, sizeof(out));
		cmd.key = bench_int(out.head.number);
	}
}

/* Takes all that has completed, and calls @next for each. */
static void turn(struct io_uring *ring, int good, void (*next)(struct io_uring *ring, uint64_t n))
{
	struct io_uring_cqe *cqe;
	unsigned int head, n = 0;

	check(io_uring_submit_and_wait(ring, 1) >= 0, "submit");
	io_uring_for_each_cqe(ring, head, cqe) {
		/* The callers have ended, so it is over. */
		if (cqe->res == KSHARE_SERVE_ABANDONED)
			_exit(0);
		errno = -cqe->res;
		check(cqe->res == good, "completion");
		next(ring, cqe->user_data);
		n++;
	}
	io_uring_cq_advance(ring, n);
}

static struct out outs[CALLERS];
static uint32_t target;

static void serve_next(struct io_uring *ring, uint64_t n)
{
	struct kshare_cmd cmd = bench_out(bench_cmd(KSHARE_OP_REPLY_AND_SERVE, target), &outs[n],
					  sizeof(outs[n]));

	cmd.key = bench_int(outs[n].head.number);
	ring_add(ring, fd, 0, &cmd, n);
}

static void serve_by_ring(uint32_t class)
{
	struct io_uring ring;
	struct kshare_cmd cmd;
	int i;

	check(ring_open(&ring, CALLERS, IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN,
			"calls_uring"), "ring");
	target = class;
	for (i = 0; i < CALLERS; i++) {
		cmd = bench_out(bench_cmd(KSHARE_OP_SERVE, class), &outs[i], sizeof(outs[i]));
		ring_add(&ring, fd, 0, &cmd, i);
	}
	for (;;)
		turn(&ring, KSHARE_SERVE_CALL, serve_next);
}

static void call_by_ioctl(uint32_t inst, int n)
{
	struct out out;
	struct kshare_cmd cmd = bench_out(bench_cmd(KSHARE_OP_CALL, inst), &out, sizeof(out));

	for (;;) {
		check(ioctl(fd, KSHARE_IOC_CMD, &cmd) == 0, "call");
		counts[n]++;
	}
}

static void call_next(struct io_uring *ring, uint64_t n)
{
	struct kshare_cmd cmd = bench_out(bench_cmd(KSHARE_OP_CALL, target), &outs[n],
					  sizeof(outs[n]));

	counts[0]++;
	ring_add(ring, fd, 0, &cmd, n);
}

static void call_by_ring(uint32_t inst)
{
	struct io_uring ring;
	int i;

	check(ring_open(&ring, CALLERS, IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN,
			"calls_uring"), "ring");
	target = inst;
	for (i = 0; i < CALLERS; i++)
		call_next(&ring, i);
	for (;;)
		turn(&ring, 0, call_next);
}

static uint64_t sum(void)
{
	uint64_t n = 0;
	int i;

	for (i = 0; i < CALLERS; i++)
		n += counts[i];
	return n;
}

static double measure(const struct way *w)
{
	const struct timespec a_while = { .tv_nsec = 100000000 };
	pid_t children[CALLERS + 1];
	double times[RUNS], begin;
	uint32_t class, inst;
	uint64_t n;
	int i;

	children[0] = bench_fork();
	if (!children[0]) {
		class = host(w->name);
		if (w->ring_host)
			serve_by_ring(class);
		serve_by_ioctl(class);
	}
	inst = instance();
	for (i = 0; i < w->callers; i++) {
		children[i + 1] = bench_fork();
		if (children[i + 1])
			continue;
		if (w->ring_callers)
			call_by_ring(inst);
		call_by_ioctl(inst, i);
	}
	nanosleep(&a_while, NULL);
	for (i = 0; i < RUNS; i++) {
		n = sum();
		begin = bench_now();
		nanosleep(&a_while, NULL);
		n = sum() - n;
		times[i] = (bench_now() - begin) / (n ?: 1);
	}
	/*
	 * The host last, or they would complain; but it stops before, or it would be told of
	 * calls that nobody waits for any more.
	 */
	kill(children[0], SIGSTOP);
	for (i = w->callers; i >= 0; i--)
		bench_kill(children[i]);
	return bench_figure(times);
}

int main(void)
{
	double values[WAYS];
	int i;

	bench_open();
	place = bench_create(KSHARE_TYPE_CELL);
	counts = bench_shared(CALLERS * sizeof(*counts));
	bench_pin(0, true);
	for (i = 0; i < WAYS; i++) {
		values[i] = measure(&ways[i]);
		bench_print(ways[i].name, values[i], bench_unit(), ways[1].name,
			    values[i] / values[i ? 1 : 0], ways[i].goal);
	}
	return 0;
}
