// SPDX-License-Identifier: GPL-2.0
/*
 * What it costs to notify one of two waiters of a condition, and one of a
 * thousand.  They wait in io_uring, each as an owner of its own.
 */
#include "bench.h"
#include "ring.h"

#define MANY		1000
#define NOTIFIES	300
#define ME		1000000

static struct io_uring ring;
static uint32_t lock, condition;

static struct kshare_cmd as(uint32_t op, uint32_t handle, uint64_t owner)
{
	struct kshare_cmd cmd = bench_cmd(op, handle);

	cmd.key = bench_int(owner);
	return cmd;
}

/* Owner @who takes the lock, and waits for the condition. */
static void start_waiting(uint64_t who)
{
	struct kshare_cmd wait = as(KSHARE_OP_CONDITION_WAIT, condition, who);

	bench_run(as(KSHARE_OP_LOCK_ACQUIRE, lock, who));
	ring_add(&ring, fd, 0, &wait, who);
	io_uring_submit(&ring);
}

struct way {
	uint64_t waiters;
	bool all;	/* measure also the release, and until the waiter is told */
};

static double run(struct bench_case *c, int loops)
{
	struct kshare_cmd notify = as(KSHARE_OP_CONDITION_NOTIFY, condition, ME);
	struct way *w = c->arg;
	struct io_uring_cqe *cqe;
	double begin, sum = 0;
	uint64_t who;
	int i, told;

	for (who = 1; who <= w->waiters; who++)
		start_waiting(who);
	for (i = 0; i < loops; i++) {
		bench_run(as(KSHARE_OP_LOCK_ACQUIRE, lock, ME));
		begin = bench_now();
		told = ioctl(fd, KSHARE_IOC_CMD, &notify);
		if (!w->all)
			sum += bench_now() - begin;
		bench_run(as(KSHARE_OP_LOCK_RELEASE, lock, ME));
		if (told != 1 || io_uring_wait_cqe(&ring, &cqe) || cqe->res != 1) {
			fprintf(stderr, "notify: no waiter was notified\n");
			exit(1);
		}
		if (w->all)
			sum += bench_now() - begin;
		who = cqe->user_data;
		io_uring_cqe_seen(&ring, cqe);
		bench_run(as(KSHARE_OP_LOCK_RELEASE, lock, who));
		start_waiting(who);
	}
	/* All of them go, for the next one. */
	notify.flags = KSHARE_ALL;
	bench_run(as(KSHARE_OP_LOCK_ACQUIRE, lock, ME));
	bench_run(notify);
	bench_run(as(KSHARE_OP_LOCK_RELEASE, lock, ME));
	for (who = 1; who <= w->waiters; who++) {
		if (io_uring_wait_cqe(&ring, &cqe) || cqe->res != 1)
			exit(1);
		bench_run(as(KSHARE_OP_LOCK_RELEASE, lock, cqe->user_data));
		io_uring_cqe_seen(&ring, cqe);
	}
	return sum;
}

int main(void)
{
	struct kshare_query query = { .size = sizeof(query) };
	struct way ways[] = { { 2, false }, { MANY, false }, { 2, true }, { MANY, true } };
	static const char * const names[] = {
		"notify_1_of_2", "notify_1_of_1000", "notify_and_wake_1_of_2",
		"notify_and_wake_1_of_1000",
	};
	struct bench_case cases[4];
	struct kshare_value ref = { .type = KSHARE_REF };
	int i;

	bench_open();
	if (ioctl(fd, KSHARE_IOC_QUERY, &query) ||
	    !(query.features & KSHARE_FEATURE_URING_WAITS)) {
		fprintf(stderr, "notify: in this kernel's io_uring each waiter holds a thread\n");
		return 0;
	}
	if (!ring_open(&ring, 2 * MANY, 0, "notify"))
		return 0;
	lock = bench_create(KSHARE_TYPE_LOCK);
	ref.ref.handle = lock;
	condition = bench_create_with(KSHARE_TYPE_CONDITION, 0, ref);
	for (i = 0; i < 4; i++)
		cases[i] = (struct bench_case){ .name = names[i], .run = run, .arg = &ways[i] };
	bench_cases(cases, 4, NOTIFIES);
	for (i = 0; i < 4; i++)
		bench_print(names[i], cases[i].value, bench_unit(), names[i & ~1],
			    cases[i].value / cases[i & ~1].value, i == 1);
	return 0;
}
