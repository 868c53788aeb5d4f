// SPDX-License-Identifier: GPL-2.0
/* What a queue put costs alone, in batches, and through io_uring. */
#include "bench.h"
#include "ring.h"

#define BATCH	32

static struct kshare_cmd single_puts[BATCH], get_all, put_many;
static int32_t results[BATCH];

/* Takes what was put out again, outside of what is measured. */
static void drain(void)
{
	if (bench_run(get_all) != BATCH) {
		fprintf(stderr, "uring: not all were put\n");
		exit(1);
	}
}

static void by_ioctl(void *arg)
{
	int i;

	(void)arg;
	for (i = 0; i < BATCH; i++)
		if (ioctl(fd, KSHARE_IOC_CMD, &single_puts[i]))
			exit(1);
}

static void by_batch(void *arg)
{
	struct kshare_batch batch = {
		.size = sizeof(batch),
		.count = BATCH,
		.cmds = (uintptr_t)single_puts,
		.cmd_size = sizeof(single_puts[0]),
		.results = (uintptr_t)results,
	};

	(void)arg;
	if (ioctl(fd, KSHARE_IOC_BATCH, &batch))
		exit(1);
}

static void by_put_many(void *arg)
{
	(void)arg;
	if (ioctl(fd, KSHARE_IOC_CMD, &put_many))
		exit(1);
}

/* Of how many commands; the first of them of @cmds, or no-ops of io_uring's own */
struct door {
	struct io_uring ring;
	int file;
	unsigned int flags;
	int count;
	const struct kshare_cmd *cmds;
};

static void by_ring(void *arg)
{
	struct door *door = arg;
	struct io_uring_cqe *cqe;
	unsigned int head;
	int i, n = 0;

	for (i = 0; i < door->count; i++) {
		if (!door->cmds) {
			struct io_uring_sqe *sqe = io_uring_get_sqe(&door->ring);

			io_uring_prep_nop(sqe);
			continue;
		}
		ring_add(&door->ring, door->file, door->flags, &door->cmds[i], i);
	}
	if (io_uring_submit_and_wait(&door->ring, i) != i)
		exit(1);
	io_uring_for_each_cqe(&door->ring, head, cqe) {
		if (cqe->res) {
			fprintf(stderr, "uring: %s\n", strerror(-cqe->res));
			exit(1);
		}
		n++;
	}
	io_uring_cq_advance(&door->ring, n);
	if (n != i)
		exit(1);
}

struct way {
	void (*put)(void *arg);
	void *arg;
	bool puts;
};

static double run(struct bench_case *c, int loops)
{
	struct way *w = c->arg;
	double begin, sum = 0;
	int i;

	for (i = 0; i < loops; i++) {
		begin = bench_now();
		w->put(w->arg);
		sum += bench_now() - begin;
		if (w->puts)
			drain();
	}
	return sum;
}

int main(void)
{
	static struct {
		struct kshare_result head;
		struct kshare_value values[BATCH];
	} out;
	static struct kshare_value values[BATCH];
	static struct door door = { .count = BATCH, .cmds = single_puts };
	static struct door fixed = { .count = BATCH, .cmds = single_puts };
	static struct door many = { .count = 1, .cmds = &put_many };
	static struct door nops = { .count = BATCH };
	struct way ways[] = {
		{ by_ioctl, NULL, true }, { by_batch, NULL, true }, { by_put_many, NULL, true },
		{ by_ring, &door, true }, { by_ring, &fixed, true }, { by_ring, &many, true },
		{ by_ring, &nops, false },
	};
	static const char * const names[] = {
		"32_puts_by_ioctl", "32_puts_by_batch", "put_many_of_32", "32_puts_by_uring",
		"32_puts_by_uring_fixed_file", "put_many_of_32_by_uring", "32_uring_nops",
	};
	static const double goals[] = { 0, 0, 0, 1 / 3., 0, 1 / 3., 0 };
	struct bench_case cases[7];
	uint32_t queue;
	int i, n = 7;

	bench_open();
	queue = bench_create(KSHARE_TYPE_QUEUE);
	for (i = 0; i < BATCH; i++) {
		single_puts[i] = bench_cmd(KSHARE_OP_QUEUE_PUT, queue);
		single_puts[i].value = bench_int(i);
		values[i] = bench_int(i);
	}
	put_many = bench_cmd(KSHARE_OP_QUEUE_PUT_MANY, queue);
	put_many.value = (struct kshare_value){ .type = KSHARE_VECTOR, .len = BATCH,
						.ptr = (uintptr_t)values };
	get_all = bench_out(bench_cmd(KSHARE_OP_QUEUE_GET_MANY, queue), &out, sizeof(out));
	get_all.nr = BATCH;

	door.file = fd;
	fixed.flags = IOSQE_FIXED_FILE;
	many.file = fd;
	if (!ring_open(&door.ring, BATCH, 0, "uring") ||
	    !ring_open(&fixed.ring, BATCH, 0, "uring") ||
	    !ring_open(&many.ring, BATCH, 0, "uring") ||
	    !ring_open(&nops.ring, BATCH, 0, "uring") ||
	    io_uring_register_files(&fixed.ring, &fd, 1))
		n = 3;
	for (i = 0; i < n; i++)
		cases[i] = (struct bench_case){ .name = names[i], .run = run, .arg = &ways[i] };
	bench_cases(cases, n, 1000);
	for (i = 0; i < n; i++)
		bench_print(names[i], cases[i].value, bench_unit(), names[0],
			    cases[i].value / cases[0].value, goals[i]);
	return 0;
}
