// SPDX-License-Identifier: GPL-2.0
/*
 * Who pays for a call: the user who makes it, from its arguments to an answer that is
 * not claimed, and not the host, who can do nothing against what others send.
 */
#include "sharing_test.h"
#include "class_test.h"

#define MUCH	12000

enum { READY, BEGIN, GO, DONE };

/* What a user has in use in all domains */
static int64_t used(struct side *s, int64_t uid, uint32_t what)
{
	struct kshare_cmd cmd = t_cmd(KSHARE_OP_USER_LIMIT, 0);
	int ret;

	cmd.nr = what;
	cmd.key = t_int(uid);
	ret = t_run(s, cmd);
	return ret ?: s->out.values[0].i;
}

/* Waits until it is that much: a worker may have something for a moment. */
static int64_t until_used(struct side *s, int64_t uid, uint32_t what, int64_t n)
{
	int64_t end = t_now() + T_LONG, now;

	do {
		now = used(s, uid, what);
	} while (now != n && t_now() < end && !sched_yield());
	return now;
}

/* Of both users, of each kind */
struct bill {
	int64_t alice[KSHARE_LIMIT_DOMAINS + 1], root[KSHARE_LIMIT_DOMAINS + 1];
};

static void read_bill(struct side *s, struct bill *b)
{
	int i;

	for (i = 0; i <= KSHARE_LIMIT_DOMAINS; i++) {
		b->alice[i] = used(s, ALICE, i);
		b->root[i] = used(s, 0, i);
	}
}

static bool roots_is(struct side *s, const struct bill *b)
{
	int i;

	for (i = 0; i <= KSHARE_LIMIT_DOMAINS; i++)
		if (used(s, 0, i) != b->root[i]) {
			printf("# root has %lld of %d instead of %lld\n",
			       (long long)used(s, 0, i), i, (long long)b->root[i]);
			return false;
		}
	return true;
}

/* And Alice's as before */
static bool all_is(struct side *s, const struct bill *b)
{
	int i;

	for (i = 0; i <= KSHARE_LIMIT_DOMAINS; i++)
		if (until_used(s, ALICE, i, b->alice[i]) != b->alice[i]) {
			printf("# she has %lld of %d instead of %lld\n",
			       (long long)used(s, ALICE, i), i, (long long)b->alice[i]);
			return false;
		}
	return roots_is(s, b);
}

/* What Alice does, one step when she is told to: 0, or what was wrong */
enum { ARGUMENT, ARGUMENTS, ABANDON, LEAVE_ANSWER, ONE_WAY };

static int step_of(struct side *s, int it, int step)
{
	static char text[MUCH];
	static struct t_thread t;
	struct kshare_value v[2];
	struct kshare_cmd cmd;
	int ret;

	switch (step) {
	case ARGUMENT:
	case ARGUMENTS:
		/* One goes a shorter way than a vector. */
		v[0] = t_int(1);
		v[1] = t_bytes(text, sizeof(text));
		ret = t_call(s, it, T_KEEP, step == ARGUMENT ? v[1] : t_vector(v, 2));
		return ret || s->out.values[0].i != 5;
	case ABANDON:
		cmd = t_call_cmd(it, T_KEEP, t_bytes(text, sizeof(text)));
		cmd.tag = 7;
		t_begin(s, &t, cmd, true);
		/* The host has taken it by then. */
		while (t_counted(GO) < 1)
			sched_yield();
		ret = t_cancel(s, 7);
		return ret != 1 || t_end(&t) != -ECANCELED;
	case LEAVE_ANSWER:
		cmd = t_call_cmd(it, T_KEEP, t_none());
		cmd.tag = 8;
		cmd.out = (uintptr_t)&s->out;
		cmd.out_len = sizeof(s->out.head);
		cmd.deadline = t_now() + T_LONG;
		ret = t_raw(s, cmd);
		if (ret != -ENOBUFS)
			return 1;
		t_count(DONE);
		while (t_counted(GO) < 1)
			sched_yield();
		return t_answer_to(s, 8) != KSHARE_ANSWER_VALUE ||
		       s->out.values[0].len != MUCH / 2;
	case ONE_WAY:
		return t_send(s, it, T_KEEP, t_bytes(text, sizeof(text)));
	}
	return 1;
}

/* A process of Alice's which does one thing, tells what came of it, and stays. */
static pid_t alice(int step)
{
	struct side child;
	int d, it;
	pid_t pid;

	t_share_counts();
	pid = fork();
	if (pid)
		return t_until_step(READY, pid) ? pid : -1;
	if (!t_be(&child, ALICE, ALICE))
		_exit(1);
	d = t_join(&child, "calls/pays", 0);
	it = d < 0 ? d : t_find(&child, d, "it");
	if (it < 0)
		_exit(2);
	t_count(READY);
	/* What she has by then is what she has without calls. */
	while (t_counted(BEGIN) < 1)
		sched_yield();
	t_result(0, step_of(&child, it, step));
	t_count(DONE);
	t_stay();
	return 0;
}

/* Her, and the class that is root's */
struct payers {
	int domain;
	struct t_host h;
	pid_t pid;
	struct bill before;
};

static bool payers_begin(struct side *s, struct payers *p, int step)
{
	static struct t_class c;

	p->domain = t_make(s, "calls/pays", KSHARE_EXCLUSIVE, 0666);
	if (p->domain < 0)
		return false;
	t_usual(&c, 0);
	p->h.class = t_raw(s, t_register_cmd(p->domain, "thing", &c));
	p->h.it = t_instance(s, p->h.class, 1);
	if (p->h.it < 0 || t_put(s, p->domain, "it", t_ref(p->h.it)))
		return false;
	p->pid = alice(step);
	if (p->pid < 0)
		return false;
	read_bill(s, &p->before);
	t_count(BEGIN);
	return true;
}

static int payers_end(struct side *s, struct payers *p)
{
	int status = t_kill(p->pid);

	t_close(s, p->h.it);
	t_close(s, p->h.class);
	t_close(s, p->domain);
	return status;
}

TEST_F(kshare, who_calls_pays_for_the_arguments_until_there_is_an_answer)
{
	struct side *s = &self->s;
	struct t_served w;
	struct payers p;
	int step;

	if (geteuid())
		SKIP(return, "needs root");
	for (step = ARGUMENT; step <= ARGUMENTS; step++) {
		ASSERT_TRUE(payers_begin(s, &p, step));
		t_until_waiters(s, p.h.class, 1);
		EXPECT_LE(p.before.alice[KSHARE_LIMIT_BYTES] + MUCH,
			  used(s, ALICE, KSHARE_LIMIT_BYTES));
		EXPECT_EQ(p.before.alice[KSHARE_LIMIT_WAITERS] + 1,
			  used(s, ALICE, KSHARE_LIMIT_WAITERS));
		EXPECT_TRUE(roots_is(s, &p.before));
		ASSERT_EQ(KSHARE_SERVE_CALL, t_serve(s, p.h.class, &w));
		ASSERT_EQ(1 + step, w.args);
		EXPECT_EQ(MUCH, w.arg[step].len);
		EXPECT_EQ(p.before.alice[KSHARE_LIMIT_WAITERS] + 1,
			  used(s, ALICE, KSHARE_LIMIT_WAITERS));
		EXPECT_TRUE(roots_is(s, &p.before));
		EXPECT_EQ(0, t_reply(s, p.h.class, w.call, t_int(5)));
		EXPECT_TRUE(t_until_counted(DONE, 1));
		EXPECT_EQ(0, RESULT(0));
		EXPECT_TRUE(all_is(s, &p.before));
		EXPECT_EQ(1000 + SIGKILL, payers_end(s, &p));
	}
}

/* Also when she has left for good: it is the host who says when it is over. */
TEST_F(kshare, who_has_called_pays_for_what_was_abandoned)
{
	struct side *s = &self->s;
	struct t_served w, told;
	struct payers p;
	int dies, i;

	if (geteuid())
		SKIP(return, "needs root");
	for (dies = 0; dies < 2; dies++) {
		ASSERT_TRUE(payers_begin(s, &p, ABANDON));
		ASSERT_EQ(KSHARE_SERVE_CALL, t_serve(s, p.h.class, &w));
		EXPECT_EQ(p.before.alice[KSHARE_LIMIT_WAITERS] + 1,
			  used(s, ALICE, KSHARE_LIMIT_WAITERS));
		if (dies) {
			EXPECT_EQ(1000 + SIGKILL, t_kill(p.pid));
		} else {
			t_count(GO);
			EXPECT_TRUE(t_until_counted(DONE, 1));
			EXPECT_EQ(0, RESULT(0));
		}
		EXPECT_EQ(KSHARE_SERVE_ABANDONED, t_serve(s, p.h.class, &told));
		EXPECT_EQ(w.call, told.call);
		EXPECT_EQ(p.before.alice[KSHARE_LIMIT_WAITERS] + 1,
			  used(s, ALICE, KSHARE_LIMIT_WAITERS));
		EXPECT_TRUE(roots_is(s, &p.before));
		EXPECT_EQ(0, t_reply(s, p.h.class, w.call, t_int(5)));
		if (!dies) {
			EXPECT_TRUE(all_is(s, &p.before));
			EXPECT_EQ(1000 + SIGKILL, t_kill(p.pid));
		}
		EXPECT_TRUE(roots_is(s, &p.before));
		t_close(s, p.h.it);
		t_close(s, p.h.class);
		t_close(s, p.domain);
		/* Nothing is left of her. */
		for (i = 0; i <= KSHARE_LIMIT_DOMAINS; i++)
			EXPECT_EQ(0, until_used(s, ALICE, i, 0));
	}
}

TEST_F(kshare, who_has_called_pays_for_an_answer_that_is_not_claimed)
{
	static char text[MUCH / 2];
	struct side *s = &self->s;
	struct t_served w;
	struct payers p;
	int dies;

	if (geteuid())
		SKIP(return, "needs root");
	for (dies = 0; dies < 2; dies++) {
		ASSERT_TRUE(payers_begin(s, &p, LEAVE_ANSWER));
		ASSERT_EQ(KSHARE_SERVE_CALL, t_serve(s, p.h.class, &w));
		EXPECT_EQ(0, t_reply(s, p.h.class, w.call, t_bytes(text, sizeof(text))));
		/* It has found that there is no room for it. */
		EXPECT_TRUE(t_until_counted(DONE, 1));
		EXPECT_LE(p.before.alice[KSHARE_LIMIT_BYTES] + sizeof(text),
			  used(s, ALICE, KSHARE_LIMIT_BYTES));
		EXPECT_TRUE(roots_is(s, &p.before));
		if (!dies) {
			t_count(GO);
			EXPECT_TRUE(t_until_counted(DONE, 2));
			EXPECT_EQ(0, RESULT(0));
			EXPECT_TRUE(all_is(s, &p.before));
		}
		EXPECT_EQ(1000 + SIGKILL, payers_end(s, &p));
		EXPECT_EQ(0, until_used(s, ALICE, KSHARE_LIMIT_BYTES, 0));
	}
}

/* Until the host has taken it, whether she lives or not */
TEST_F(kshare, who_calls_one_way_pays_until_that_is_taken)
{
	struct side *s = &self->s;
	struct t_served w;
	struct payers p;
	int dies;

	if (geteuid())
		SKIP(return, "needs root");
	for (dies = 0; dies < 2; dies++) {
		ASSERT_TRUE(payers_begin(s, &p, ONE_WAY));
		EXPECT_TRUE(t_until_counted(DONE, 1));
		EXPECT_EQ(0, RESULT(0));
		if (dies)
			EXPECT_EQ(1000 + SIGKILL, t_kill(p.pid));
		EXPECT_LE((dies ? 0 : p.before.alice[KSHARE_LIMIT_BYTES]) + MUCH,
			  used(s, ALICE, KSHARE_LIMIT_BYTES));
		EXPECT_TRUE(roots_is(s, &p.before));
		ASSERT_EQ(KSHARE_SERVE_CALL, t_serve(s, p.h.class, &w));
		EXPECT_EQ(MUCH, w.arg[0].len);
		if (!dies) {
			EXPECT_TRUE(all_is(s, &p.before));
			EXPECT_EQ(1000 + SIGKILL, t_kill(p.pid));
		}
		EXPECT_TRUE(roots_is(s, &p.before));
		EXPECT_EQ(0, until_used(s, ALICE, KSHARE_LIMIT_BYTES, 0));
		EXPECT_EQ(0, until_used(s, ALICE, KSHARE_LIMIT_WAITERS, 0));
		t_close(s, p.h.it);
		t_close(s, p.h.class);
		t_close(s, p.domain);
	}
}

TEST_HARNESS_MAIN
