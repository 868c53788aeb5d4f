// SPDX-License-Identifier: LGPL-2.1-or-later OR MIT
/*
 * Bounded buffer: a list, a lock and two conditions, as in the textbook.  Producers wait
 * while the buffer is full, consumers while it is empty.  (kshare has queues that do the
 * same; this shows what conditions are for.)
 */
#include "example.h"

#define ROOM		4
#define PROCESSES	2	/* of each kind */
#define ITEMS		50	/* that each of them makes or takes */

static struct kshare_obj *buffer, *lock, *not_full, *not_empty, *seen;
static struct kshare_reply *reply;

static void enter(void)
{
	must(kshare_lock_acquire(lock, KSHARE_FOREVER, NULL, NULL));
}

static void leave(void)
{
	must(kshare_lock_release(lock));
}

/* Waits; a signal would be no reason to stop, the lock is held again in any case. */
static void wait_until(struct kshare_obj *condition)
{
	int ret = kshare_condition_wait(condition, lock, KSHARE_FOREVER, NULL, NULL);

	if (ret != -EINTR)
		must(ret);
}

static void producer(int number)
{
	int waited = 0, i;

	for (i = 0; i < ITEMS; i++) {
		enter();
		while (must(kshare_list_len(buffer)) == ROOM) {
			waited++;
			wait_until(not_full);
		}
		must(kshare_list_append(buffer, kshare_int(number * ITEMS + i)));
		must(kshare_condition_notify(not_empty, 1));
		leave();
	}
	say("I have put %d items, and found the buffer full %d times", ITEMS, waited);
}

static void consumer(void)
{
	int64_t item, longest = 0, length;
	int waited = 0, i;

	for (i = 0; i < ITEMS; i++) {
		enter();
		while ((length = must(kshare_list_len(buffer))) == 0) {
			waited++;
			wait_until(not_empty);
		}
		if (length > longest)
			longest = length;
		must(kshare_list_pop(buffer, kshare_int(0), &reply));
		must(kshare_reply_int(reply, 0, &item));
		must(kshare_dict_add(seen, kshare_int(item), kshare_int(1), 0, NULL));
		must(kshare_condition_notify(not_full, 1));
		leave();
	}
	say("I have taken %d items, and found the buffer empty %d times", ITEMS, waited);
	claim(longest <= ROOM, "the buffer never held more than it may");
}

int main(void)
{
	struct kshare *k = start("bounded buffer: a list, a lock and two conditions");
	pid_t pids[2 * PROCESSES];
	int64_t times;
	int i, wrong_items = 0;

	must(kshare_list_create(k, 0, &buffer));
	must(kshare_lock_create(k, 0, &lock));
	must(kshare_condition_create(k, lock, 0, &not_full));
	must(kshare_condition_create(k, lock, 0, &not_empty));
	must(kshare_dict_create(k, 0, &seen));

	for (i = 0; i < PROCESSES; i++) {
		if (child("producer", &pids[2 * i])) {
			producer(i);
			exit(wrong != 0);
		}
		if (child("consumer", &pids[2 * i + 1])) {
			consumer();
			exit(wrong != 0);
		}
	}
	for (i = 0; i < 2 * PROCESSES; i++)
		wait_for(pids[i]);

	for (i = 0; i < PROCESSES * ITEMS; i++) {
		times = 0;
		if (kshare_dict_get(seen, kshare_int(i), &reply) == 0)
			must(kshare_reply_int(reply, 0, &times));
		wrong_items += times != 1;
	}
	claim(wrong_items == 0, "each item was taken once");
	claim(must(kshare_list_len(buffer)) == 0, "nothing is left");

	kshare_reply_free(reply);
	kshare_unref(seen);
	kshare_unref(not_empty);
	kshare_unref(not_full);
	kshare_unref(lock);
	kshare_unref(buffer);
	kshare_disconnect(k);
	return finish();
}
