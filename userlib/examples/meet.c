// SPDX-License-Identifier: LGPL-2.1-or-later OR MIT
/*
 * Meet: two programs that know nothing of each other but a name find the same queue.
 * Whoever comes first makes it; when both have gone, the name is free again.
 */
#include "example.h"

#define NAME	"org.example/meet"
#define COUNT	5

/* The queue of that name, in the domain of that name. */
static struct kshare_obj *find_queue(struct kshare *k)
{
	struct kshare_create_opts opts = {
		.size = sizeof(opts),
		.type = KSHARE_TYPE_QUEUE,
		.value = kshare_none(),
	};
	struct kshare_obj *mine KSHARE_CLEANUP = NULL;
	struct kshare_obj *root KSHARE_CLEANUP = NULL;
	struct kshare_reply *reply KSHARE_CLEANUP_REPLY = NULL;
	struct kshare_obj *queue;
	bool first;

	must(kshare_domain_open(k, NAME, KSHARE_MAKE, 0600, 0, &opts.domain));
	must(kshare_domain_root(opts.domain, 0, &root));
	must(kshare_create(k, &opts, &mine));
	kshare_unref(opts.domain);
	/* One step: of two who come at once one stores its own, and both get that one. */
	first = must(kshare_dict_setdefault(root, kshare_str("line"), kshare_ref(mine), &reply));
	must(kshare_reply_obj(reply, 0, &queue));
	say(first ? "I am the first: the queue is mine" : "there is a queue already");
	return queue;
}

static void sender(void)
{
	struct kshare *k = start_as("sender");
	struct kshare_obj *queue = find_queue(k);
	int i;

	for (i = 1; i <= COUNT; i++)
		must(kshare_queue_put(queue, kshare_int(i), KSHARE_FOREVER));
	/* It must not be the last one to leave, or the queue would go with it. */
	must(kshare_queue_join(queue, kshare_deadline_in_ms(60000)));
	say("all that I sent has come");
	kshare_unref(queue);
	kshare_disconnect(k);
}

static void receiver(void)
{
	struct kshare *k = start_as("receiver");
	struct kshare_reply *reply KSHARE_CLEANUP_REPLY = NULL;
	struct kshare_obj *queue = find_queue(k);
	int64_t n, sum = 0;
	int i;

	for (i = 1; i <= COUNT; i++) {
		must(kshare_queue_get(queue, kshare_deadline_in_ms(60000), &reply));
		must(kshare_reply_int(reply, 0, &n));
		sum += n;
		must(kshare_queue_task_done(queue, 1));
	}
	say("1 to %d make %" PRId64, COUNT, sum);
	claim(sum == COUNT * (COUNT + 1) / 2, "all numbers have come, each once");
	kshare_unref(queue);
	kshare_disconnect(k);
}

int main(int argc, char **argv)
{
	struct kshare_obj *domain;
	struct kshare *k;
	pid_t one, other;

	if (argc > 1) {
		if (strcmp(argv[1], "sender") == 0)
			sender();
		else
			receiver();
		return wrong != 0;
	}
	k = start("meet: two programs find each other by a name");
	claim(kshare_domain_open(k, NAME, 0, 0, 0, &domain) == -ENOENT, "nobody is there yet");
	one = stranger("sender", NULL);
	other = stranger("receiver", NULL);
	wait_for(one);
	wait_for(other);
	claim(kshare_domain_open(k, NAME, 0, 0, 0, &domain) == -ENOENT,
	      "both have gone, and all that they had");
	kshare_disconnect(k);
	return finish();
}
