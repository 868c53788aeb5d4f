// SPDX-License-Identifier: LGPL-2.1-or-later OR MIT
/*
 * Crash: a process is killed while it holds a lock on which three others wait.
 * The next one gets it, and is told that its owner died; those behind it get it
 * in their turn.  What the dead one had is gone.
 */
#include "example.h"

#define WAITERS 3

static struct kshare_obj *domain, *lock;

/* What the domain has now, objects and bytes. */
static struct kshare_stat account(void)
{
	struct kshare_stat st;

	must(kshare_stat(domain, &st));
	return st;
}

/* Makes objects that only this process has, takes the lock and waits to be killed. */
static void victim(struct kshare *k, struct gate *holds)
{
	struct kshare_obj *list;
	uint64_t token;
	int i;

	for (i = 0; i < 10; i++) {
		must(kshare_list_create(k, 0, &list));
		must(kshare_list_append(list, kshare_str("what a dead process leaves behind")));
	}
	must(kshare_lock_acquire(lock, KSHARE_FOREVER, &token, NULL));
	say("I have the lock, token %" PRIu64 ", and 10 lists", token);
	gate_open(holds);
	for (;;)
		pause();
}

static void waiter(int number, struct kshare_stat before)
{
	uint64_t token;
	uint32_t flags;

	must(kshare_lock_acquire(lock, KSHARE_FOREVER, &token, &flags));
	say("I have the lock, token %" PRIu64 "%s", token,
	    flags & KSHARE_R_OWNER_DIED ? ", and its last owner died" : "");
	if (number == 1) {
		claim(flags & KSHARE_R_OWNER_DIED, "the first one is told that the owner died");
		/* The lock is passed on last: all else is given back by now. */
		claim(account().length == before.length, "the dead one's objects are gone");
	} else {
		claim(!(flags & KSHARE_R_OWNER_DIED), "those behind it had a living owner");
	}
	must(kshare_lock_release(lock));
}

int main(void)
{
	struct kshare *k = start("crash: the owner of a lock is killed while three others wait");
	const char *names[WAITERS] = { "first", "second", "third" };
	struct gate holds = gate();
	struct kshare_stat before, after;
	pid_t dead, pids[WAITERS];
	int i;

	must(kshare_domain(k, &domain));
	must(kshare_lock_create(k, 0, &lock));
	before = account();
	say("before: %" PRIu64 " objects, %" PRIu64 " bytes", (uint64_t)before.length,
	    (uint64_t)before.used[KSHARE_LIMIT_BYTES]);

	if (child("victim", &dead))
		victim(k, &holds);
	gate_pass(&holds);
	for (i = 0; i < WAITERS; i++) {
		if (child(names[i], &pids[i])) {
			waiter(i + 1, before);
			exit(wrong != 0);
		}
		/* One by one, so that it is known who is the first. */
		until_waiters(lock, i + 1);
	}
	after = account();
	say("meanwhile: %" PRIu64 " objects, %" PRIu64 " bytes, 3 wait; now the owner is killed",
	    (uint64_t)after.length, (uint64_t)after.used[KSHARE_LIMIT_BYTES]);
	claim(after.length == before.length + 10, "the victim has 10 objects");

	kill(dead, SIGKILL);
	waitpid(dead, NULL, 0);
	for (i = 0; i < WAITERS; i++)
		wait_for(pids[i]);
	after = account();
	say("after: %" PRIu64 " objects, %" PRIu64 " bytes", (uint64_t)after.length,
	    (uint64_t)after.used[KSHARE_LIMIT_BYTES]);
	claim(after.length == before.length, "the count of objects is where it was");
	claim(after.used[KSHARE_LIMIT_BYTES] == before.used[KSHARE_LIMIT_BYTES],
	      "the count of bytes is where it was");

	kshare_unref(lock);
	kshare_unref(domain);
	kshare_disconnect(k);
	return finish();
}
