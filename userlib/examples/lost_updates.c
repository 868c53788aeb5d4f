// SPDX-License-Identifier: LGPL-2.1-or-later OR MIT
/*
 * Lost updates: four processes add to one entry of a dict, in four ways.  "Get it,
 * add 1, set it" loses what others did between the get and the set; under a lock,
 * by compare-and-swap, or by the dict's own add, nothing is lost.
 *
 * lost_updates [COUNT]: each process adds COUNT times, 100000 if not given.
 */
#include <time.h>

#include "example.h"

#define PROCESSES 4

static struct kshare_obj *dict, *lock, *go;
static struct kshare_reply *reply;

static int64_t get(void)
{
	int64_t n;

	must(kshare_dict_get(dict, kshare_str("n"), &reply));
	must(kshare_reply_int(reply, 0, &n));
	return n;
}

static void by_get_and_set(void)
{
	must(kshare_dict_set(dict, kshare_str("n"), kshare_int(get() + 1)));
}

static void under_a_lock(void)
{
	must(kshare_lock_acquire(lock, KSHARE_FOREVER, NULL, NULL));
	by_get_and_set();
	must(kshare_lock_release(lock));
}

static void by_compare_and_swap(void)
{
	int64_t n = get();

	/* If it fails, the reply has what was there instead. */
	while (!must(kshare_dict_cas(dict, kshare_str("n"), kshare_int(n), kshare_int(n + 1), 0,
				     &reply)))
		must(kshare_reply_int(reply, 0, &n));
}

static void by_atomic_add(void)
{
	must(kshare_dict_add(dict, kshare_str("n"), kshare_int(1), 0, NULL));
}

static double now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec + ts.tv_nsec / 1e9;
}

/* All processes add, beginning at the same time.  Returns how many were lost. */
static int64_t race(const char *name, void (*add)(void), int64_t count)
{
	int64_t lost, i;
	pid_t pids[PROCESSES];
	double began, took;
	int p;

	must(kshare_dict_set(dict, kshare_str("n"), kshare_int(0)));
	must(kshare_event_clear(go));
	for (p = 0; p < PROCESSES; p++) {
		if (child("child", &pids[p])) {
			must(kshare_event_wait(go, KSHARE_FOREVER));
			for (i = 0; i < count; i++)
				add();
			exit(wrong != 0);
		}
	}
	until_waiters(go, PROCESSES);
	began = now();
	must(kshare_event_set(go));
	for (p = 0; p < PROCESSES; p++)
		wait_for(pids[p]);
	took = now() - began;

	lost = PROCESSES * count - get();
	say("%-20s %d * %" PRId64 " = %" PRId64 ", lost %" PRId64 ", %.2f us each", name,
	    PROCESSES, count, get(), lost, took * 1e6 / (PROCESSES * (double)count));
	return lost;
}

int main(int argc, char **argv)
{
	struct kshare *k = start("lost updates: four processes add to one entry");
	int64_t count = argc > 1 ? atoll(argv[1]) : 100000;
	int64_t lost;

	must(kshare_dict_create(k, 0, &dict));
	must(kshare_lock_create(k, 0, &lock));
	must(kshare_event_create(k, 0, &go));

	lost = race("get and set", by_get_and_set, count);
	/* That it can lose is a matter of luck, and luck is no claim. */
	say(lost ? "so get and set loses updates" : "get and set was lucky: none lost this time");
	claim(lost >= 0, "get and set adds no more than was added");
	claim(race("lock", under_a_lock, count) == 0, "none is lost under a lock");
	claim(race("compare and swap", by_compare_and_swap, count) == 0,
	      "none is lost by compare-and-swap");
	claim(race("add", by_atomic_add, count) == 0, "none is lost by atomic add");

	kshare_reply_free(reply);
	kshare_unref(go);
	kshare_unref(lock);
	kshare_unref(dict);
	kshare_disconnect(k);
	return finish();
}
