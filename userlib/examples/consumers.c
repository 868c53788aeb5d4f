// SPDX-License-Identifier: LGPL-2.1-or-later OR MIT
/*
 * Consumers: four processes take messages from a bounded queue, on lease, while they
 * are killed at random.  No message is lost: what a dead one had goes to the next, who
 * is told that it was taken before, and so may have been handled before.
 */
#include "example.h"

#define MESSAGES	200
#define CONSUMERS	4
#define KILLS		20

static struct kshare_obj *queue;
static struct kshare_obj *first;	/* message: handled by one who was told it is new */
static struct kshare_obj *again;	/* message: handled by one who was told it is not */

static void producer(void)
{
	int i;

	for (i = 0; i < MESSAGES; i++)
		must(kshare_queue_put(queue, kshare_int(i), KSHARE_FOREVER));
	must(kshare_queue_shutdown(queue, false));
	say("put %d messages", MESSAGES);
}

static void consumer(void)
{
	struct kshare_reply *reply = NULL;
	int handled = 0;
	uint64_t lease;
	int64_t message;
	int taken;

	for (;;) {
		taken = kshare_queue_get_lease(queue, KSHARE_FOREVER, &reply, &lease);
		if (taken == -ESHUTDOWN)
			break;
		must(taken);
		must(kshare_reply_int(reply, 0, &message));
		if (taken > 1)
			say("message %" PRId64 " was taken %d times before, by one who died",
			    message, taken - 1);
		/* Whoever is killed in here has handled it, or has not: nobody knows. */
		usleep(500);
		must(kshare_dict_add(taken == 1 ? first : again, kshare_int(message),
				     kshare_int(1), 0, NULL));
		usleep(500);
		must(kshare_queue_ack(queue, lease));
		handled++;
	}
	say("no more messages, I have handled %d", handled);
	kshare_reply_free(reply);
}

static pid_t start_consumer(void)
{
	pid_t pid;

	if (child("consumer", &pid)) {
		consumer();
		exit(wrong != 0);
	}
	return pid;
}

/* How often a message was handled, in one way. */
static int64_t times(struct kshare_obj *dict, int64_t message)
{
	struct kshare_reply *reply KSHARE_CLEANUP_REPLY = NULL;
	int64_t n = 0;

	if (kshare_dict_get(dict, kshare_int(message), &reply) == 0)
		must(kshare_reply_int(reply, 0, &n));
	return n;
}

int main(void)
{
	struct kshare *k = start("consumers: messages on lease, whose takers are killed at random");
	int lost = 0, twice = 0, redone = 0, i, n, killed = 0;
	pid_t maker, pids[CONSUMERS];
	int status;

	must(kshare_queue_create(k, 8, 0, &queue));
	must(kshare_dict_create(k, 0, &first));
	must(kshare_dict_create(k, 0, &again));
	srand(getpid());

	if (child("producer", &maker)) {
		producer();
		exit(wrong != 0);
	}
	for (i = 0; i < CONSUMERS; i++)
		pids[i] = start_consumer();
	for (i = 0; i < KILLS; i++) {
		usleep(rand() % 3000);
		n = rand() % CONSUMERS;
		kill(pids[n], SIGKILL);
		waitpid(pids[n], &status, 0);
		killed += WIFSIGNALED(status);
		pids[n] = start_consumer();
	}
	wait_for(maker);
	must(kshare_queue_join(queue, KSHARE_FOREVER));
	for (i = 0; i < CONSUMERS; i++)
		wait_for(pids[i]);

	for (i = 0; i < MESSAGES; i++) {
		lost += times(first, i) + times(again, i) == 0;
		twice += times(first, i) > 1;
		redone += times(first, i) + times(again, i) > 1;
	}
	say("%d consumers were killed; %d messages were handled again", killed, redone);
	claim(lost == 0, "no message is lost");
	claim(twice == 0, "none was handled twice by those who were told that it is new");

	kshare_unref(again);
	kshare_unref(first);
	kshare_unref(queue);
	kshare_disconnect(k);
	return finish();
}
