// SPDX-License-Identifier: LGPL-2.1-or-later OR MIT
/*
 * A class on a ring: one thread serves four calls at once, and some of them it answers
 * later.  Another thread, in another process, has forty calls under way at once.
 */
#include <liburing.h>

#include "example.h"

#define SERVED	4	/* at once */
#define CALLS	40	/* at once */
#define LONG	50000	/* bytes, more than a reply has room for at first */
#define TAG	1

static struct kshare *k;
static struct io_uring ring;
static bool through;

/**
 * struct flow - a command that is under way
 * @cmd: the command
 * @reply: takes its result
 * @call: host: the call whose answer the command carries, or NULL
 * @n: caller: the argument
 */
struct flow {
	struct kshare_cmd cmd;
	struct kshare_reply *reply;
	struct kshare_call *call;
	int64_t n;
};

static void go(struct flow *flow)
{
	struct io_uring_sqe *sqe = io_uring_get_sqe(&ring);

	must(kshare_uring_prep_reply(sqe, k, &flow->cmd, &flow->reply));
	io_uring_sqe_set_data(sqe, flow);
}

/* The next completion, and what it means; @flow is NULL if there is none, and no wait. */
static int come(struct flow **flow, bool wait)
{
	struct io_uring_cqe *cqe;
	int ret;

	do
		ret = io_uring_submit_and_wait(&ring, wait);
	while (ret == -EINTR);
	must(ret);
	*flow = NULL;
	if (io_uring_peek_cqe(&ring, &cqe))
		return 0;
	*flow = io_uring_cqe_get_data(cqe);
	ret = kshare_uring_complete((*flow)->reply, cqe->res);
	io_uring_cqe_seen(&ring, cqe);
	return ret;
}

static bool begin(unsigned int entries)
{
	int ret = io_uring_queue_init(entries, &ring, IORING_SETUP_SQE128);

	if (ret)
		printf("skipped: io_uring: %s\n", strerror(-ret));
	return ret == 0;
}

/* ---- the host ---- */

static int square(struct kshare_call *call)
{
	int64_t n;
	int err = kshare_call_int(call, 0, &n);

	return err ? err : kshare_return(call, kshare_int(n * n));
}

/* Waits for another one to call it: then both get what the other has brought. */
static int meet(struct kshare_call *call)
{
	static struct kshare_call *first;

	if (!first) {
		first = kshare_call_keep(call);
		return 0;
	}
	must(kshare_return(call, *kshare_call_value(first, 0)));
	must(kshare_return(first, *kshare_call_value(call, 0)));
	kshare_call_put(first);
	first = NULL;
	return 0;
}

static int text(struct kshare_call *call)
{
	static char bytes[LONG];

	memset(bytes, 'x', sizeof(bytes));
	return kshare_return(call, kshare_strn(bytes, sizeof(bytes)));
}

static int bye(struct kshare_call *call)
{
	(void)call;
	through = true;
	return 0;
}

static const struct kshare_method methods[] = {
	{ .name = "square", .fn = square, .flags = KSHARE_METHOD_EXPOSED },
	{ .name = "meet", .fn = meet, .flags = KSHARE_METHOD_EXPOSED },
	{ .name = "text", .fn = text, .flags = KSHARE_METHOD_EXPOSED },
	{ .name = "bye", .fn = bye, .flags = KSHARE_METHOD_EXPOSED },
};

static const struct kshare_class_def def = {
	.size = sizeof(def),
	.name = "OnARing",
	.methods = methods,
	.method_count = 4,
};

/* What the flow is to do next: the answer, and then to serve. */
static void serve(struct kshare_class *cls, struct flow *flow, struct kshare_call *call)
{
	if (call) {
		kshare_call_run(call);
		if (kshare_prep_answer(&flow->cmd, call, !through, KSHARE_FOREVER)) {
			flow->call = call;
			return;
		}
		kshare_call_put(call);
	}
	kshare_prep_serve(&flow->cmd, kshare_class_obj(cls), KSHARE_FOREVER);
}

static void host(struct kshare_class *cls)
{
	struct flow flows[SERVED], *flow;
	int served = 0, under_way = SERVED, i, ret;
	struct kshare_call *call;

	memset(flows, 0, sizeof(flows));
	for (i = 0; i < SERVED; i++) {
		serve(cls, &flows[i], NULL);
		kshare_set_tag(&flows[i].cmd, TAG);
		go(&flows[i]);
	}
	while (under_way) {
		/* This finds only those that wait already, which may take a moment. */
		if (through && kshare_cancel(k, TAG) == -ENOENT)
			usleep(1000);
		ret = come(&flow, !through);
		if (!flow)
			continue;
		if (ret == -ENOBUFS) {
			/* What it carried was taken, what it was to bring was not. */
			kshare_prep_again(&flow->cmd);
			go(flow);
			continue;
		}
		if (flow->call)
			kshare_call_sent(flow->call, ret);
		flow->call = NULL;
		ret = kshare_served(cls, &flow->reply, ret, &call);
		if (ret == -ECANCELED) {
			under_way--;
			continue;
		}
		must(ret);
		served++;
		serve(cls, flow, call);
		if (!through) {
			kshare_set_tag(&flow->cmd, TAG);
			go(flow);
			continue;
		}
		/* The last answer by a call of its own; the others need not wait any more. */
		if (flow->call)
			kshare_call_sent(flow->call, kshare_submit(k, &flow->cmd, NULL));
		under_way--;
	}
	for (i = 0; i < SERVED; i++)
		kshare_reply_free(flows[i].reply);
	say("served %d calls with one thread", served);
}

/* ---- the caller ---- */

static void caller(struct kshare_obj *obj)
{
	struct flow flows[CALLS], *flow;
	int64_t sum = 0, expected = 0, n;
	int again = 0, met = 0, done = 0, i, ret;
	uint32_t numbers[3];

	memset(flows, 0, sizeof(flows));
	numbers[0] = (uint32_t)must(kshare_method(obj, "square"));
	numbers[1] = (uint32_t)must(kshare_method(obj, "meet"));
	numbers[2] = (uint32_t)must(kshare_method(obj, "text"));
	for (i = 0; i < CALLS; i++) {
		/* Two of them meet; one gets a long text. */
		uint32_t which = i == 3 || i == 17 ? 1 : i == 20 ? 2 : 0;
		struct kshare_value arg = kshare_int(i);

		flows[i].n = i;
		if (!which)
			expected += (int64_t)i * i;
		kshare_prep_call(&flows[i].cmd, obj, numbers[which], &arg, 1, KSHARE_FOREVER);
		go(&flows[i]);
	}
	while (done < CALLS) {
		ret = come(&flow, true);
		if (ret == -ENOBUFS) {
			/* The method was called; now for its answer, with more room. */
			kshare_prep_again(&flow->cmd);
			go(flow);
			again++;
			continue;
		}
		must(ret);
		done++;
		if (flow->n == 20) {
			claim(kshare_reply_value(flow->reply, 0)->len == LONG, "the text is whole");
		} else {
			must(kshare_reply_int(flow->reply, 0, &n));
			if (flow->n == 3 || flow->n == 17)
				met += n == 20 - flow->n;
			else
				sum += n;
		}
		kshare_reply_free(flow->reply);
	}
	say("%d calls, %d of them asked for its answer again", done, again);
	claim(again == 1, "that is the one with the long answer");
	claim(sum == expected, "the sum of the squares is right");
	claim(met == 2, "two have met");
	must(kshare_call(obj, "bye", KSHARE_NO_ARGS, KSHARE_FOREVER, NULL));
}

int main(void)
{
	struct gate has_ring = gate();
	struct kshare_class *cls;
	struct kshare_obj *obj;
	int status = 0;
	pid_t pid;
	char c;

	k = start("uring class: a host with one thread, and forty calls at once");
	if (!kshare_has_feature(k, KSHARE_FEATURE_URING)) {
		printf("skipped: no commands through io_uring on this kernel\n");
		return 77;
	}
	must(kshare_class_register(k, &def, 0, &cls));
	must(kshare_instance_create(cls, 0, NULL, 0, &obj));
	if (child("caller", &pid)) {
		if (!begin(64))
			exit(77);
		gate_open(&has_ring);
		caller(obj);
		exit(wrong != 0);
	}
	/* If it gets none it ends, and nobody has the pipe's other end any more. */
	close(has_ring.fd[1]);
	if (read(has_ring.fd[0], &c, 1) != 1) {
		waitpid(pid, &status, 0);
		return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
	}
	who = "host";
	if (!begin(16)) {
		kill(pid, SIGKILL);
		return 77;
	}
	host(cls);
	wait_for(pid);
	io_uring_queue_exit(&ring);
	kshare_class_free(cls);
	kshare_unref(obj);
	kshare_disconnect(k);
	return finish();
}
