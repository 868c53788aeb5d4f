/* SPDX-License-Identifier: LGPL-2.1-or-later OR MIT */
/*
 * What the examples share: checked calls, checked claims, children, and a way to
 * print what an object holds.  An example exits with 0 if all that it claims was
 * true, with 1 if not, and with 77 if there is no kshare to try.
 */
#ifndef EXAMPLE_H
#define EXAMPLE_H

#include <errno.h>
#include <inttypes.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <kshare.h>

static const char *who = "parent";	/* what this process calls itself */
static int wrong;			/* number of claims that were not true */

/* must(call): the call's result, unless it is an error, which ends the program. */
#define must(call) must_succeed((call), #call)

static inline int64_t must_succeed(int64_t result, const char *call)
{
	if (result < 0) {
		printf("%s: %s: %s\n", who, call, kshare_strerror((int)result));
		exit(1);
	}
	return result;
}

/* say("x is %d", x): what this process sees. */
__attribute__((format(printf, 1, 2)))
static inline void say(const char *format, ...)
{
	char text[1024];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	printf("  %-8s %s\n", who, text);
}

/* claim(x == 5, "x is 5"): what is to be true. */
static inline void claim(bool truth, const char *text)
{
	printf("  %-8s %s: %s\n", who, text, truth ? "yes" : "NO");
	if (!truth)
		wrong++;
}

/* Connects, or says why this example cannot be run. */
static inline struct kshare *start(const char *title)
{
	struct kshare *k;
	int err;

	/* By lines, so that the processes' output is in order and nothing twice. */
	setvbuf(stdout, NULL, _IOLBF, 0);
	err = kshare_connect(NULL, &k);
	if (err) {
		printf("skipped: %s: %s\n", KSHARE_DEVICE, kshare_strerror(err));
		exit(77);
	}
	printf("%s\n", title);
	return k;
}

/* Connects, in a program that another one has started. */
static inline struct kshare *start_as(const char *name)
{
	struct kshare *k = NULL;

	setvbuf(stdout, NULL, _IOLBF, 0);
	who = name;
	must(kshare_connect(NULL, &k));
	return k;
}

/*
 * Starts this program once more, as a stranger: exec leaves it no handle and no client
 * of ours.  Its main() finds @role and @argument as its arguments.
 */
static inline pid_t stranger(const char *role, const char *argument)
{
	pid_t pid = fork();

	if (pid < 0) {
		perror("fork");
		exit(1);
	}
	if (pid == 0) {
		execl("/proc/self/exe", "example", role, argument, NULL);
		perror("exec");
		_exit(1);
	}
	return pid;
}

static inline int finish(void)
{
	printf("%s\n", wrong ? "NOT as claimed" : "as claimed");
	return wrong != 0;
}

/* if (child("name", &pid)) { … exit(wrong != 0); } */
static inline bool child(const char *name, pid_t *pid)
{
	*pid = fork();
	if (*pid < 0) {
		perror("fork");
		exit(1);
	}
	if (*pid == 0)
		who = name;
	return *pid == 0;
}

/* Waits until a child has ended, as it should. */
static inline void wait_for(pid_t pid)
{
	int status;

	if (waitpid(pid, &status, 0) != pid || !WIFEXITED(status) || WEXITSTATUS(status)) {
		printf("  a child failed\n");
		wrong++;
	}
}

/* A signal from one process to another: a byte through a pipe. */
struct gate {
	int fd[2];
};

static inline struct gate gate(void)
{
	struct gate g;

	if (pipe(g.fd)) {
		perror("pipe");
		exit(1);
	}
	return g;
}

static inline void gate_open(struct gate *g)
{
	if (write(g->fd[1], "", 1) != 1)
		exit(1);
}

static inline void gate_pass(struct gate *g)
{
	char c;

	if (read(g->fd[0], &c, 1) != 1)
		exit(1);
}

/* Waits until so many commands wait for an object, which only the kernel knows. */
static inline void until_waiters(struct kshare_obj *obj, unsigned int count)
{
	struct kshare_stat st;

	for (;;) {
		must(kshare_stat(obj, &st));
		if (st.waiters == count)
			return;
		sched_yield();
	}
}

static inline void show_object(FILE *to, struct kshare_obj *obj);

static inline void show_value(FILE *to, struct kshare_reply *reply, unsigned int i)
{
	struct kshare_obj *obj KSHARE_CLEANUP = NULL;
	char text[256];

	if (kshare_reply_obj(reply, i, &obj) == 0) {
		show_object(to, obj);
	} else {
		kshare_value_format(kshare_reply_value(reply, i), text, sizeof(text));
		fputs(text, to);
	}
}

static inline void show_object(FILE *to, struct kshare_obj *obj)
{
	struct kshare_reply *reply KSHARE_CLEANUP_REPLY = NULL;
	unsigned int i;

	switch (must(kshare_type(obj))) {
	case KSHARE_TYPE_CELL:
		must(kshare_cell_get(obj, &reply));
		show_value(to, reply, 0);
		break;
	case KSHARE_TYPE_LIST:
		must(kshare_list_slice(obj, kshare_none(), kshare_none(), 1, &reply));
		for (i = 0; i < kshare_reply_count(reply); i++) {
			fputs(i ? ", " : "[", to);
			show_value(to, reply, i);
		}
		fputs(i ? "]" : "[]", to);
		break;
	case KSHARE_TYPE_DICT:
	case KSHARE_TYPE_NAMESPACE:
		must(kshare_dict_items(obj, &reply));
		for (i = 0; i < kshare_reply_count(reply); i += 2) {
			fputs(i ? ", " : "{", to);
			show_value(to, reply, i);
			fputs(": ", to);
			show_value(to, reply, i + 1);
		}
		fputs(i ? "}" : "{}", to);
		break;
	default:
		fputs("<object>", to);
	}
}

/* What an object holds, as text; overwritten after three more calls. */
static inline const char *show(struct kshare_obj *obj)
{
	static char texts[4][512];
	static unsigned int n;
	char *text = texts[n++ % 4];
	FILE *to = fmemopen(text, sizeof(texts[0]), "w");

	if (!to)
		exit(1);
	show_object(to, obj);
	fclose(to);
	return text;
}

#endif /* EXAMPLE_H */
