// SPDX-License-Identifier: LGPL-2.1-or-later OR MIT
/*
 * Generator: the squares of 0 to 9 come out of a generator in one process, and two others
 * take turns at it.  Each square comes out once and in order, and both see the end.  One
 * lock guards the turn and the console, so that what is printed is in order too.
 */
#include "example.h"

static struct kshare_class *cls;

/* The state of the generator; what a coroutine would have on its stack */
static int next_number;

static int next(struct kshare_call *call)
{
	int n = next_number;

	if (n == 10)
		return kshare_return_stop(call);
	next_number++;
	return kshare_return(call, kshare_int(n * n));
}

static int make(struct kshare_call *call)
{
	struct kshare_obj *obj KSHARE_CLEANUP = NULL;

	must(kshare_instance_create(cls, 0, NULL, 0, &obj));
	return kshare_return_obj(call, obj);
}

static void over(struct kshare_class *c, uint64_t id, uint64_t cookie, void *ptr)
{
	(void)id;
	(void)cookie;
	(void)ptr;
	kshare_serve_stop(c);
}

static const struct kshare_method methods[] = {
	{ .name = "next", .fn = next, .flags = KSHARE_METHOD_EXPOSED },
};

/* One call at a time, however many threads serve */
static const struct kshare_class_def squares = {
	.size = sizeof(squares),
	.name = "Squares",
	.methods = methods,
	.method_count = 1,
	.flags = KSHARE_CLASS_CREATABLE | KSHARE_CLASS_SERIAL_EACH,
	.create = make,
	.release = over,
};

static void host(struct kshare *k, struct gate *ready)
{
	must(kshare_class_register(k, &squares, 0, &cls));
	gate_open(ready);
	must(kshare_serve_loop(cls, 2));
	say("nobody has the generator any more");
	kshare_class_free(cls);
}

static void consumer(struct kshare_obj *generator, struct kshare_obj *lock,
		     struct kshare_obj *taken)
{
	struct kshare_reply *reply KSHARE_CLEANUP_REPLY = NULL;
	int64_t square = 0, count = 0;
	int ret;

	do {
		must(kshare_lock_acquire(lock, KSHARE_FOREVER, NULL, NULL));
		ret = (int)must(kshare_call(generator, "next", KSHARE_NO_ARGS, KSHARE_FOREVER,
					    &reply));
		if (ret == KSHARE_ANSWER_VALUE) {
			must(kshare_reply_int(reply, 0, &square));
			must(kshare_list_append(taken, kshare_int(square)));
			count++;
			say("%" PRId64, square);
		} else {
			say("stop, I have had %" PRId64, count);
			claim(ret == KSHARE_ANSWER_STOP, "that is the end of the generator");
		}
		must(kshare_lock_release(lock));
		/* So that the other one has a turn, on one processor too */
		sched_yield();
	} while (ret == KSHARE_ANSWER_VALUE);
	claim(kshare_call(generator, "next", KSHARE_NO_ARGS, KSHARE_FOREVER, NULL) ==
	      KSHARE_ANSWER_STOP, "and it stays so");
}

int main(void)
{
	struct kshare *k = start("generator: two processes share a generator of squares");
	struct kshare_obj *domain, *class, *generator, *lock, *taken;
	struct kshare_reply *reply = NULL;
	struct gate ready = gate();
	pid_t pid, pids[2];

	must(kshare_domain(k, &domain));
	if (child("host", &pid)) {
		host(k, &ready);
		exit(wrong != 0);
	}
	gate_pass(&ready);
	must(kshare_class_open(domain, "Squares", 0, &class));
	must(kshare_call_create(class, KSHARE_NO_ARGS, KSHARE_FOREVER, &reply));
	must(kshare_reply_obj(reply, 0, &generator));
	kshare_reply_free(reply);
	must(kshare_lock_create(k, 0, &lock));
	must(kshare_list_create(k, 0, &taken));
	if (child("one", &pids[0])) {
		consumer(generator, lock, taken);
		exit(wrong != 0);
	}
	if (child("two", &pids[1])) {
		consumer(generator, lock, taken);
		exit(wrong != 0);
	}
	wait_for(pids[0]);
	wait_for(pids[1]);
	kshare_unref(generator);
	wait_for(pid);
	say("taken in all: %s", show(taken));
	claim(!strcmp(show(taken), "[0, 1, 4, 9, 16, 25, 36, 49, 64, 81]"),
	      "each square came out once, in order");
	kshare_unref(taken);
	kshare_unref(lock);
	kshare_unref(class);
	kshare_unref(domain);
	kshare_disconnect(k);
	return finish();
}
