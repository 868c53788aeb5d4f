// SPDX-License-Identifier: LGPL-2.1-or-later OR MIT
/*
 * Pipeline through a ring: one loop moves numbers from a queue that a process fills to a
 * queue that two processes empty, and takes the results from a third, all with bounds.
 * It never waits for one of them alone: what it waits for is on one io_uring.
 *
 *	source --raw--> loop --squares--> 2 workers --results--> loop
 */
#include <liburing.h>

#include "example.h"

#define NUMBERS	200
#define BOUND	4
#define WORKERS	2

static struct kshare *k;
static struct kshare_obj *raw, *squares, *results, *ended;
static struct io_uring ring;

static void source(void)
{
	int i;

	for (i = 1; i <= NUMBERS; i++)
		must(kshare_queue_put(raw, kshare_int(i), KSHARE_FOREVER));
	must(kshare_queue_shutdown(raw, false));
	say("put the numbers 1 to %d", NUMBERS);
}

/* Adds 1 to each.  The last one to end says that there will be no more results. */
static void worker(void)
{
	struct kshare_reply *reply = NULL;
	int64_t n;
	int count = 0, ret;

	while ((ret = kshare_queue_get(squares, KSHARE_FOREVER, &reply)) != -ESHUTDOWN) {
		must(ret);
		must(kshare_reply_int(reply, 0, &n));
		must(kshare_queue_put(results, kshare_int(n + 1), KSHARE_FOREVER));
		count++;
	}
	say("added 1 to %d numbers", count);
	must(kshare_cell_add(ended, kshare_int(1), 0, &reply));
	must(kshare_reply_int(reply, 0, &n));
	if (n == WORKERS)
		must(kshare_queue_shutdown(results, false));
	kshare_reply_free(reply);
}

/**
 * struct flow - something that the loop waits for
 * @done: what to do with a completion
 * @cmd: the command that is under way
 * @reply: takes its result; NULL between completions, or if there is none
 */
struct flow {
	void (*done)(struct flow *flow, int ret);
	struct kshare_cmd cmd;
	struct kshare_reply *reply;
};

static int under_way;
static int64_t moved, sum, received;

static void go(struct flow *flow, bool has_reply)
{
	struct io_uring_sqe *sqe = io_uring_get_sqe(&ring);

	if (has_reply)
		must(kshare_uring_prep_reply(sqe, k, &flow->cmd, &flow->reply));
	else
		must(kshare_uring_prep(sqe, k, &flow->cmd));
	io_uring_sqe_set_data(sqe, flow);
	under_way++;
}

static void get_raw(struct flow *flow);

static void square_is_put(struct flow *flow, int ret)
{
	must(ret);
	moved++;
	get_raw(flow);
}

static void raw_has_come(struct flow *flow, int ret)
{
	int64_t n;

	if (ret == -ESHUTDOWN) {
		must(kshare_queue_shutdown(squares, false));
		return;
	}
	must(ret);
	must(kshare_reply_int(flow->reply, 0, &n));
	kshare_prep_queue_put(&flow->cmd, squares, kshare_int(n * n), KSHARE_FOREVER);
	flow->done = square_is_put;
	/* The reply is not the put's, and is used again by the next get. */
	go(flow, false);
}

static void get_raw(struct flow *flow)
{
	kshare_prep_queue_get(&flow->cmd, raw, KSHARE_FOREVER);
	flow->done = raw_has_come;
	go(flow, true);
}

static void get_result(struct flow *flow);

static void result_has_come(struct flow *flow, int ret)
{
	int64_t n;

	if (ret == -ESHUTDOWN)
		return;
	must(ret);
	must(kshare_reply_int(flow->reply, 0, &n));
	sum += n;
	received++;
	get_result(flow);
}

static void get_result(struct flow *flow)
{
	kshare_prep_queue_get(&flow->cmd, results, KSHARE_FOREVER);
	flow->done = result_has_come;
	go(flow, true);
}

static void loop(void)
{
	struct io_uring_cqe *cqe;
	struct flow *flow;
	int ret;

	while (under_way) {
		ret = io_uring_submit_and_wait(&ring, 1);
		if (ret == -EINTR)
			continue;
		must(ret);
		while (io_uring_peek_cqe(&ring, &cqe) == 0) {
			flow = io_uring_cqe_get_data(cqe);
			/* Numbers fit any reply, so that none has to be asked for again. */
			ret = kshare_uring_complete(flow->cmd.out ? flow->reply : NULL, cqe->res);
			io_uring_cqe_seen(&ring, cqe);
			under_way--;
			flow->done(flow, ret);
		}
	}
}

int main(void)
{
	struct flow from_source = { .reply = NULL }, from_workers = { .reply = NULL };
	pid_t pids[1 + WORKERS];
	int64_t expected = 0;
	int i, ret;

	k = start("uring pipeline: one loop between a source and two workers");
	if (!kshare_has_feature(k, KSHARE_FEATURE_URING)) {
		printf("skipped: no commands through io_uring on this kernel\n");
		return 77;
	}
	must(kshare_queue_create(k, BOUND, 0, &raw));
	must(kshare_queue_create(k, BOUND, 0, &squares));
	must(kshare_queue_create(k, BOUND, 0, &results));
	must(kshare_cell_create(k, KSHARE_ELEM_I64, kshare_int(0), 0, &ended));
	if (child("source", &pids[0])) {
		source();
		exit(wrong != 0);
	}
	for (i = 1; i <= WORKERS; i++) {
		if (child("worker", &pids[i])) {
			worker();
			exit(wrong != 0);
		}
	}

	who = "loop";
	ret = io_uring_queue_init(8, &ring, IORING_SETUP_SQE128);
	if (ret) {
		printf("skipped: io_uring: %s\n", strerror(-ret));
		for (i = 0; i <= WORKERS; i++)
			kill(pids[i], SIGKILL);
		return 77;
	}
	get_raw(&from_source);
	get_result(&from_workers);
	loop();
	for (i = 0; i <= WORKERS; i++)
		wait_for(pids[i]);

	for (i = 1; i <= NUMBERS; i++)
		expected += (int64_t)i * i + 1;
	say("moved %" PRId64 " numbers, received %" PRId64 ", their sum is %" PRId64, moved,
	    received, sum);
	claim(moved == NUMBERS && received == NUMBERS, "all have come through");
	claim(sum == expected, "the sum is what it should be");

	io_uring_queue_exit(&ring);
	kshare_reply_free(from_source.reply);
	kshare_reply_free(from_workers.reply);
	kshare_unref(ended);
	kshare_unref(results);
	kshare_unref(squares);
	kshare_unref(raw);
	kshare_disconnect(k);
	return finish();
}
