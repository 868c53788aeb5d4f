// SPDX-License-Identifier: LGPL-2.1-or-later OR MIT
/*
 * Rendezvous: four processes work in rounds, and none begins a round before all have
 * ended the one before.  Then one is killed, and the others do not wait for it for ever.
 */
#include "example.h"

#define PARTIES	4
#define ROUNDS	3

static struct kshare_obj *barrier, *done;

static int64_t ended(int round)
{
	struct kshare_reply *reply KSHARE_CLEANUP_REPLY = NULL;
	int64_t n;

	must(kshare_dict_get(done, kshare_int(round), &reply));
	must(kshare_reply_int(reply, 0, &n));
	return n;
}

static void party(int number, struct gate *away)
{
	int round, index, ret;

	for (round = 1; round <= ROUNDS; round++) {
		usleep(1000 * number);
		must(kshare_dict_add(done, kshare_int(round), kshare_int(1), 0, NULL));
		index = must(kshare_barrier_wait(barrier, KSHARE_FOREVER));
		say("round %d: I came as number %d, and %" PRId64 " have ended it", round, index,
		    ended(round));
		if (ended(round) != PARTIES)
			claim(false, "all have ended the round");
		if (index == PARTIES - 1)
			say("the last one says: on to the next");
	}
	if (number == PARTIES) {
		say("I stay away from the last meeting");
		gate_open(away);
		for (;;)
			pause();
	}
	ret = kshare_barrier_wait(barrier, KSHARE_FOREVER);
	say("the last meeting: %s", kshare_strerror(ret));
	claim(ret == -EOWNERDEAD, "I am told that one of us has died");
}

int main(void)
{
	struct kshare *k = start("rendezvous: four processes wait for each other, again and again");
	const char *names[PARTIES] = { "first", "second", "third", "fourth" };
	struct gate away = gate();
	pid_t pids[PARTIES];
	int i;

	must(kshare_barrier_create(k, PARTIES, 0, &barrier));
	must(kshare_dict_create(k, 0, &done));
	for (i = 0; i < PARTIES; i++) {
		if (child(names[i], &pids[i])) {
			party(i + 1, &away);
			exit(wrong != 0);
		}
	}
	gate_pass(&away);
	until_waiters(barrier, PARTIES - 1);
	say("now the fourth is killed");
	kill(pids[PARTIES - 1], SIGKILL);
	waitpid(pids[PARTIES - 1], NULL, 0);
	for (i = 0; i < PARTIES - 1; i++)
		wait_for(pids[i]);
	claim(ended(ROUNDS) == PARTIES, "all rounds were done by all");
	must(kshare_barrier_reset(barrier));
	claim(kshare_barrier_wait(barrier, KSHARE_TRY) == -EAGAIN, "after a reset it is as new");

	kshare_unref(done);
	kshare_unref(barrier);
	kshare_disconnect(k);
	return finish();
}
