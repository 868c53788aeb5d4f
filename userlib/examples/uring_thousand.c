// SPDX-License-Identifier: LGPL-2.1-or-later OR MIT
/*
 * A thousand waits: a server with a single thread serves 1,000 sessions, each of which
 * has a queue of requests.  A get waits on every one of them, all on one io_uring, and
 * none of them holds a thread.  Four client processes send requests to all sessions.
 */
#include <dirent.h>
#include <liburing.h>

#include "example.h"

#define SESSIONS	1000
#define CLIENTS		4
#define ROUNDS		3	/* requests to each session by each client */

/**
 * struct session - what the server has of one
 * @requests: its queue
 * @cmd: the get that waits
 * @reply: takes the request: client, number
 * @served: requests so far
 */
struct session {
	struct kshare_obj *requests;
	struct kshare_cmd cmd;
	struct kshare_reply *reply;
	int served;
};

static struct kshare *k;
static struct session sessions[SESSIONS];
static struct kshare_obj *answers[CLIENTS];
static struct io_uring ring;

/* A request is a number that says who asks, and what. */
static void client(int number)
{
	struct kshare_reply *reply = NULL;
	int64_t n, sum = 0, expected = 0;
	int round, i;

	for (round = 0; round < ROUNDS; round++) {
		for (i = 0; i < SESSIONS; i++) {
			n = (int64_t)i * CLIENTS + number;
			must(kshare_queue_put(sessions[i].requests, kshare_int(n), KSHARE_FOREVER));
			expected += 2 * n;
		}
		for (i = 0; i < SESSIONS; i++) {
			must(kshare_queue_get(answers[number], KSHARE_FOREVER, &reply));
			must(kshare_reply_int(reply, 0, &n));
			sum += n;
		}
	}
	say("I asked %d sessions %d times", SESSIONS, ROUNDS);
	claim(sum == expected, "and got all the answers");
	kshare_reply_free(reply);
}

static void wait_for_request(struct session *s)
{
	struct io_uring_sqe *sqe = io_uring_get_sqe(&ring);

	if (!sqe) {
		must(io_uring_submit(&ring));
		sqe = io_uring_get_sqe(&ring);
	}
	kshare_prep_queue_get(&s->cmd, s->requests, KSHARE_FOREVER);
	must(kshare_uring_prep_reply(sqe, k, &s->cmd, &s->reply));
	io_uring_sqe_set_data(sqe, s);
}

static void serve(struct session *s)
{
	int64_t n;

	must(kshare_reply_int(s->reply, 0, &n));
	/* Never waits: these queues have no bound. */
	must(kshare_queue_put(answers[n % CLIENTS], kshare_int(2 * n), KSHARE_TRY));
	s->served++;
}

/* Until each session's queue is shut down. */
static void loop(void)
{
	struct io_uring_cqe *cqe;
	int open = SESSIONS, served = 0, i, ret;
	struct session *s;

	while (open) {
		ret = io_uring_submit_and_wait(&ring, 1);
		if (ret == -EINTR)
			continue;
		must(ret);
		while (io_uring_peek_cqe(&ring, &cqe) == 0) {
			s = io_uring_cqe_get_data(cqe);
			ret = kshare_uring_complete(s->reply, cqe->res);
			io_uring_cqe_seen(&ring, cqe);
			if (ret == -ESHUTDOWN) {
				open--;
				continue;
			}
			/* ENOBUFS: a request that was too large, for which there is room now. */
			if (ret != -ENOBUFS) {
				must(ret);
				serve(s);
				served++;
			}
			wait_for_request(s);
		}
		if (served == SESSIONS * CLIENTS * ROUNDS) {
			for (i = 0; i < SESSIONS; i++)
				must(kshare_queue_shutdown(sessions[i].requests, false));
			served = 0;
		}
	}
}

/* Threads of this process, those that io_uring makes included. */
static int threads(void)
{
	DIR *dir = opendir("/proc/self/task");
	struct dirent *entry;
	int count = 0;

	if (!dir)
		return -1;
	while ((entry = readdir(dir)))
		count += entry->d_name[0] != '.';
	closedir(dir);
	return count;
}

static int waiting(void)
{
	struct kshare_stat st;
	int count = 0, i;

	for (i = 0; i < SESSIONS; i++) {
		must(kshare_stat(sessions[i].requests, &st));
		count += st.waiters;
	}
	return count;
}

int main(void)
{
	/* All can end at once. */
	struct io_uring_params params = {
		.flags = IORING_SETUP_SQE128 | IORING_SETUP_CQSIZE,
		.cq_entries = SESSIONS,
	};
	pid_t pids[CLIENTS];
	int i, ret, all = 0;

	k = start("a thousand waits: one thread serves 1,000 waiting commands on one ring");
	if (!kshare_has_feature(k, KSHARE_FEATURE_URING_WAITS)) {
		printf("skipped: on this kernel who waits through io_uring holds a thread\n");
		return 77;
	}
	for (i = 0; i < SESSIONS; i++)
		must(kshare_queue_create(k, CLIENTS, 0, &sessions[i].requests));
	for (i = 0; i < CLIENTS; i++)
		must(kshare_queue_create(k, 0, 0, &answers[i]));

	ret = io_uring_queue_init_params(256, &ring, &params);
	if (ret) {
		printf("skipped: io_uring: %s\n", strerror(-ret));
		return 77;
	}
	who = "server";
	for (i = 0; i < SESSIONS; i++)
		wait_for_request(&sessions[i]);
	must(io_uring_submit(&ring));
	ret = waiting();
	say("%d commands wait, and I have %d thread%s", ret, threads(), threads() == 1 ? "" : "s");
	claim(ret == SESSIONS, "1,000 commands wait");
	claim(threads() == 1, "with a single thread");

	for (i = 0; i < CLIENTS; i++) {
		if (child("client", &pids[i])) {
			client(i);
			exit(wrong != 0);
		}
	}
	loop();
	for (i = 0; i < CLIENTS; i++)
		wait_for(pids[i]);
	for (i = 0; i < SESSIONS; i++)
		all += sessions[i].served == CLIENTS * ROUNDS;
	say("served %d requests", SESSIONS * CLIENTS * ROUNDS);
	claim(all == SESSIONS, "each session got all its requests");
	claim(threads() == 1, "there is still a single thread");

	io_uring_queue_exit(&ring);
	for (i = 0; i < SESSIONS; i++) {
		kshare_reply_free(sessions[i].reply);
		kshare_unref(sessions[i].requests);
	}
	for (i = 0; i < CLIENTS; i++)
		kshare_unref(answers[i]);
	kshare_disconnect(k);
	return finish();
}
