// SPDX-License-Identifier: LGPL-2.1-or-later OR MIT
/*
 * Serving by threads.
 *
 * Who waits for a call does that with the class's tag, by which kshare_serve_stop() ends
 * it.  The tag finds only commands that wait already, so those that are about to are
 * counted, and it is tried until there are none.
 */
#include <signal.h>
#include <time.h>

#include "host.h"

int kshare_serve(struct kshare_class *cls, int64_t deadline)
{
	struct kshare_reply *reply KSHARE_CLEANUP_REPLY = NULL;
	struct kshare *k = cls->obj->k;
	struct kshare_call *call;
	struct kshare_cmd cmd;
	int ret;

	kshare_prep_serve(&cmd, cls->obj, deadline);
	ret = kshare_served(cls, &reply, kshare_submit(k, &cmd, &reply), &call);
	if (call) {
		kshare_call_run(call);
		if (kshare_prep_answer(&cmd, call, false, 0))
			kshare_call_sent(call, ks_client_submit(k, &cmd));
		else
			kshare_call_put(call);
	}
	return ret;
}

/* Whether a thread may wait; if so, it tells when it does not any more. */
static bool begin_wait(struct kshare_class *cls)
{
	bool may;

	pthread_mutex_lock(&cls->lock);
	may = !cls->stopping;
	if (may)
		cls->waiting++;
	pthread_mutex_unlock(&cls->lock);
	return may;
}

static void end_wait(struct kshare_class *cls)
{
	pthread_mutex_lock(&cls->lock);
	cls->waiting--;
	pthread_mutex_unlock(&cls->lock);
}

/* An error of the answer that a command carried, which says nothing of serving. */
static bool is_of_answer(int ret)
{
	return ret == -EINVAL || ret == -EDOM || ret == -EACCES || ret == -EXDEV ||
	       ret == -E2BIG || ret == -ENOENT || ret == -EBADF || ret == -EFAULT;
}

/* 0 when it is stopped. */
static int serve_many(struct kshare_class *cls, bool signals)
{
	struct kshare_reply *reply KSHARE_CLEANUP_REPLY = NULL;
	struct kshare *k = cls->obj->k;
	struct kshare_call *call = NULL;
	struct kshare_cmd cmd;
	bool go_on, answers;
	int ret;

	for (;;) {
		go_on = begin_wait(cls);
		/* What the answer points at is the call's own, and no argument. */
		if (call)
			reply = ks_call_take_reply(call);
		answers = call && kshare_prep_answer(&cmd, call, go_on, KSHARE_FOREVER);
		if (!answers) {
			/* Not after the wait: it may be kept, and let go by who keeps it. */
			kshare_call_put(call);
			call = NULL;
			kshare_prep_serve(&cmd, cls->obj, KSHARE_FOREVER);
		}
		ret = 0;
		if (go_on) {
			cmd.tag = cls->stop_tag;
			ret = kshare_submit(k, &cmd, &reply);
			end_wait(cls);
		} else if (answers) {
			ret = ks_client_submit(k, &cmd);
		}
		if (answers)
			kshare_call_sent(call, ret);
		call = NULL;
		if (!go_on)
			return 0;
		if (ret == -ECANCELED || (ret == -EINTR && !signals) ||
		    (answers && is_of_answer(ret)))
			continue;
		ret = kshare_served(cls, &reply, ret, &call);
		if (ret < 0)
			return ret;
		if (call)
			kshare_call_run(call);
	}
}

/* The first that ends otherwise than by being stopped ends them all. */
static void ended(struct kshare_class *cls, int err)
{
	if (!err)
		return;
	pthread_mutex_lock(&cls->lock);
	if (!cls->error)
		cls->error = err;
	pthread_mutex_unlock(&cls->lock);
	kshare_serve_stop(cls);
}

static void *thread(void *arg)
{
	struct kshare_class *cls = arg;

	ended(cls, serve_many(cls, false));
	return NULL;
}

static int start_one(struct kshare_class *cls)
{
	pthread_t *threads;
	int err;

	pthread_mutex_lock(&cls->lock);
	threads = resize(cls->threads, cls->thread_count + 1, sizeof(*threads));
	if (threads) {
		cls->threads = threads;
		err = -pthread_create(&threads[cls->thread_count], NULL, thread, cls);
		if (!err)
			cls->thread_count++;
	} else {
		err = -ENOMEM;
	}
	pthread_mutex_unlock(&cls->lock);
	return err;
}

int kshare_serve_start(struct kshare_class *cls, unsigned int threads)
{
	sigset_t all, before;
	int err = 0;

	/* Signals are for the program's threads. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	while (threads-- && !err)
		err = start_one(cls);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return err;
}

void kshare_serve_stop(struct kshare_class *cls)
{
	const struct timespec pause = { .tv_nsec = 100000 };
	struct kshare_cmd cmd;
	int saved = errno;

	if (ks_class_is_lost(cls))
		return;
	kshare_prep_cancel(&cmd, cls->stop_tag);
	pthread_mutex_lock(&cls->lock);
	cls->stopping = true;
	while (cls->waiting) {
		pthread_mutex_unlock(&cls->lock);
		ks_client_submit(cls->obj->k, &cmd);
		nanosleep(&pause, NULL);
		pthread_mutex_lock(&cls->lock);
	}
	pthread_mutex_unlock(&cls->lock);
	errno = saved;
}

int kshare_serve_join(struct kshare_class *cls)
{
	unsigned int count, i;
	pthread_t *threads;
	int err;

	if (ks_class_is_lost(cls))
		return -EPERM;
	do {
		pthread_mutex_lock(&cls->lock);
		threads = cls->threads;
		count = cls->thread_count;
		cls->threads = NULL;
		cls->thread_count = 0;
		pthread_mutex_unlock(&cls->lock);
		for (i = 0; i < count; i++)
			pthread_join(threads[i], NULL);
		free(threads);
	} while (count);
	pthread_mutex_lock(&cls->lock);
	err = cls->error;
	cls->error = 0;
	cls->stopping = false;
	pthread_mutex_unlock(&cls->lock);
	return err;
}

int kshare_serve_loop(struct kshare_class *cls, unsigned int threads)
{
	int err;

	if (!threads)
		return -EINVAL;
	err = kshare_serve_start(cls, threads - 1);
	if (!err)
		err = serve_many(cls, true);
	ended(cls, err);
	return kshare_serve_join(cls);
}
