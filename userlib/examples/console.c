// SPDX-License-Identifier: LGPL-2.1-or-later OR MIT
/*
 * Console: four processes write sentences to one place, word by word.  Without a lock
 * the words may get mixed; with one each sentence stays whole.
 */
#include "example.h"

#define WRITERS		4
#define SENTENCES	10

static struct kshare_obj *lock;
static const char *const words[] = { "every", "sentence", "is", "written", "word", "by", "word" };

#define WORDS ((int)(sizeof(words) / sizeof(words[0])))

/* Each word with the writer's letter: A:every A:sentence … and a line's end. */
static void write_sentence(int to, char letter)
{
	char text[32];
	int i, len;

	for (i = 0; i < WORDS; i++) {
		len = snprintf(text, sizeof(text), "%c:%s%c", letter, words[i],
			       i == WORDS - 1 ? '\n' : ' ');
		if (write(to, text, len) != len)
			exit(1);
		sched_yield();
	}
}

static void writer(int to, char letter, bool locked)
{
	int i;

	for (i = 0; i < SENTENCES; i++) {
		if (locked)
			must(kshare_lock_acquire(lock, KSHARE_FOREVER, NULL, NULL));
		write_sentence(to, letter);
		if (locked)
			must(kshare_lock_release(lock));
	}
}

/* Whether a line is one sentence of one writer. */
static bool is_whole(const char *line)
{
	char text[256];
	int i, at = 0;

	for (i = 0; i < WORDS; i++)
		at += snprintf(text + at, sizeof(text) - at, "%c:%s%c", line[0], words[i],
			       i == WORDS - 1 ? '\n' : ' ');
	return !strcmp(line, text);
}

/* All write to a pipe, whose end this process reads.  Returns how many lines are whole. */
static int run(bool locked)
{
	int fd[2], whole = 0, lines = 0, i;
	pid_t pids[WRITERS];
	char line[1024];
	FILE *from;

	if (pipe(fd)) {
		perror("pipe");
		exit(1);
	}
	for (i = 0; i < WRITERS; i++) {
		if (child("writer", &pids[i])) {
			writer(fd[1], (char)('A' + i), locked);
			exit(wrong != 0);
		}
	}
	close(fd[1]);
	from = fdopen(fd[0], "r");
	if (!from)
		exit(1);
	while (fgets(line, sizeof(line), from)) {
		if (++lines <= 3)
			say("%.*s", (int)strcspn(line, "\n"), line);
		whole += is_whole(line);
	}
	fclose(from);
	for (i = 0; i < WRITERS; i++)
		wait_for(pids[i]);
	say("%d of %d sentences are whole, %s a lock", whole, WRITERS * SENTENCES,
	    locked ? "with" : "without");
	return whole;
}

int main(void)
{
	struct kshare *k = start("console: four processes write sentences to one place");

	must(kshare_lock_create(k, 0, &lock));
	/* That they get mixed is a matter of luck, and luck is no claim. */
	claim(run(false) <= WRITERS * SENTENCES, "without a lock there are no more than written");
	claim(run(true) == WRITERS * SENTENCES, "with a lock every sentence is whole");

	kshare_unref(lock);
	kshare_disconnect(k);
	return finish();
}
