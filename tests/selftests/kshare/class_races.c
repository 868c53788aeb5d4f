// SPDX-License-Identifier: GPL-2.0
/*
 * Pairs of events that meet at an instance, a call or a class: either comes first, and
 * both sides agree on which.  By turns the one and the other is ahead for certain, and
 * in the other rounds they race; KSHARE_ROUNDS says how many rounds there are.  What is
 * counted is what came of those that raced: the others come as they were forced.
 */
#include "passing_test.h"
#include "class_test.h"

/* Who is ahead in a round */
enum { ONE_FIRST, OTHER_FIRST, RACE };

static int ahead(int round)
{
	int which = round % 4;

	return which < RACE ? which : RACE;
}

static void spin(int n)
{
	while (n-- > 0)
		__atomic_signal_fence(__ATOMIC_SEQ_CST);
}

/* A moment of another length in each round */
static void moment(int round)
{
	spin((unsigned int)round * 7919 % 20000);
}

/*
 * What the two sides count: rounds that have begun, rounds that are over, outcomes of
 * those that raced, callers that have been answered.  And by how much the one is held up
 * in rounds that race, or the other if it is negative.
 */
enum { BEGUN, OVER, FIRST, SECOND, STOP, ANSWERED, HELD_UP, STEP };

/* It may be that both sides have one processor. */
static void hold_up(int n)
{
	for (; n > 0; n -= 1 << 13) {
		spin(n < 1 << 13 ? n : 1 << 13);
		sched_yield();
	}
}

/* Each side of a race before it does its part */
static void one_runs(int round)
{
	moment(round);
	if (ahead(round) == RACE)
		hold_up(t_counted(HELD_UP));
}

static void other_runs(int round)
{
	moment(round * 3);
	if (ahead(round) == RACE)
		hold_up(-t_counted(HELD_UP));
}

/*
 * A round is over: false if it did not come as it was forced.  Who wins a race again and
 * again is held up by more and more, so that it becomes a race.
 */
static bool came(int round, bool first)
{
	int *step = &t_counts[STEP], by = t_counts[HELD_UP];

	if (ahead(round) != RACE)
		return first == (ahead(round) == ONE_FIRST);
	t_count(first ? FIRST : SECOND);
	if ((*step > 0) == first && *step)
		*step *= abs(*step) < 1 << 18 ? 2 : 1;
	else
		*step = first ? 1024 : -1024;
	by += *step;
	t_counts[HELD_UP] = by > 1 << 20 ? 1 << 20 : by < -(1 << 20) ? -(1 << 20) : by;
	return true;
}

/* How many of so many rounds race */
static int raced(int rounds)
{
	int i, n = 0;

	for (i = 0; i < rounds; i++)
		n += ahead(i) == RACE;
	return n;
}

/* Which of the two comes of a race is the scheduler's; those that are forced saw to both. */
#define EXPECT_ALL_RACED(rounds)					\
	EXPECT_EQ(raced(rounds), t_counted(FIRST) + t_counted(SECOND))

static bool until_begun(int round)
{
	while (t_counted(BEGUN) <= round)
		if (t_counted(STOP) || sched_yield())
			return false;
	return true;
}

static void until_over(int round)
{
	while (t_counted(OVER) <= round)
		sched_yield();
}

static int adopt_now(struct side *s, int class)
{
	struct kshare_cmd cmd = t_cmd(KSHARE_OP_CLASS_ADOPT, class);

	cmd.flags = KSHARE_NOWAIT;
	return t_raw(s, cmd);
}

/* A child that takes a reference out of a list, and uses it if it gets one */
static void reader(struct side *s, int list, int rounds)
{
	struct kshare_cmd get = t_cmd(KSHARE_OP_LIST_GET, list);
	int round, ret;

	get.key = t_int(0);
	for (round = 0; round < rounds && until_begun(round); round++) {
		one_runs(round);
		ret = t_run(s, get);
		if (ret && ret != -ERANGE)
			_exit(2);
		if (!ret) {
			uint32_t it = s->out.values[0].ref.handle;

			/* It is there, as long as this is held. */
			if (t_send(s, it, T_ECHO, t_int(round)) || t_close(s, it))
				_exit(1);
		}
		if (!came(round, !ret))
			_exit(3);
		t_count(OVER);
	}
	_exit(0);
}

TEST_F(kshare, the_last_release_against_a_new_reference)
{
	struct side *s = &self->s;
	int round, rounds = t_rounds(800), list = t_create(s, KSHARE_TYPE_LIST);
	struct kshare_cmd append = t_cmd(KSHARE_OP_LIST_APPEND, list);
	struct t_served w;
	struct t_host h;
	int it, calls, raced_calls = 0;
	pid_t pid;

	t_share_counts();
	ASSERT_TRUE(t_be_host(s, &h, 0));
	pid = t_fork(s);
	if (!pid)
		reader(s, list, rounds);
	for (round = 0; round < rounds; round++) {
		it = t_instance(s, h.class, round);
		append.value = t_ref(it);
		ASSERT_EQ(0, t_raw(s, append));
		ASSERT_EQ(0, t_close(s, it));
		if (ahead(round) != OTHER_FIRST)
			t_count(BEGUN);
		if (ahead(round) == ONE_FIRST)
			until_over(round);
		else if (ahead(round) == RACE)
			other_runs(round);
		ASSERT_EQ(0, t_raw(s, t_cmd(KSHARE_OP_LIST_POP, list)));
		if (ahead(round) == OTHER_FIRST)
			t_count(BEGUN);
		/* It is told once, and after all calls of it. */
		for (calls = 0;;) {
			int kind = t_serve(s, h.class, &w);

			ASSERT_EQ(round, w.cookie);
			if (kind == KSHARE_SERVE_RELEASE)
				break;
			ASSERT_EQ(KSHARE_SERVE_CALL, kind);
			calls++;
		}
		if (ahead(round) == RACE)
			raced_calls += calls;
		else
			EXPECT_EQ(ahead(round) == ONE_FIRST, calls);
		until_over(round);
		EXPECT_EQ(-EAGAIN, t_serve_now(s, h.class, &w));
	}
	EXPECT_EQ(0, t_wait(pid));
	EXPECT_EQ(t_counted(FIRST), raced_calls);
	EXPECT_ALL_RACED(rounds);
	T_OUTCOMES("%d got it, %d came too late", t_counted(FIRST), t_counted(SECOND));
}

/* Calls with a short time, of which some are answered just then */
static void impatient(struct side *s, int it, int rounds)
{
	int64_t patience = 100000;
	unsigned int seed = 1;
	int round, ret;

	for (round = 0; round < rounds; round++) {
		struct kshare_cmd cmd = t_call_cmd(it, T_ECHO, t_int(round));

		if (ahead(round) == OTHER_FIRST)
			cmd.deadline = 1;
		else if (ahead(round) == RACE)
			cmd.deadline = t_now() + rand_r(&seed) % patience;
		ret = t_run(s, cmd);
		if (ret && ret != -ETIMEDOUT)
			_exit(2);
		/* Not that to a call which was given up */
		if (!ret && (s->out.head.count != 1 || s->out.values[0].i != round))
			_exit(1);
		if (ahead(round) != RACE) {
			if (!ret != (ahead(round) == ONE_FIRST))
				_exit(3);
			continue;
		}
		t_count(ret ? SECOND : FIRST);
		/* About as long as it takes here, so that either is likely. */
		patience += ret ? patience / 8 : -patience / 8;
		if (patience < 1000)
			patience = 1000;
	}
	t_count(STOP);
	_exit(0);
}

TEST_F(kshare, an_answer_against_the_callers_deadline)
{
	struct side *s = &self->s;
	int rounds = t_rounds(1500), taken = 0, told = 0;
	struct t_served w, more;
	struct kshare_value v;
	struct t_host h;
	pid_t pid;
	int ret;

	t_share_counts();
	ASSERT_TRUE(t_be_host(s, &h, 0));
	pid = t_fork(s);
	if (!pid)
		impatient(s, h.it, rounds);
	while (!t_counted(STOP)) {
		ret = t_serve_now(s, h.class, &w);
		if (ret == -EAGAIN) {
			sched_yield();
			continue;
		}
		ASSERT_EQ(KSHARE_SERVE_CALL, ret);
		taken++;
		v = t_again(&w.arg[0]);
		/* Now and then there is time to be told that it is in vain. */
		if (taken % 3 == 0) {
			moment(taken);
			ret = t_serve_now(s, h.class, &more);
			if (ret != -EAGAIN) {
				ASSERT_EQ(KSHARE_SERVE_ABANDONED, ret);
				EXPECT_EQ(w.call, more.call);
				told++;
			}
		}
		EXPECT_EQ(0, t_reply(s, h.class, w.call, v));
		EXPECT_EQ(-ENOENT, t_reply(s, h.class, w.call, v));
	}
	EXPECT_EQ(0, t_wait(pid));
	EXPECT_EQ(-EAGAIN, t_serve_now(s, h.class, &w));
	EXPECT_LE(t_counted(FIRST), taken);
	EXPECT_ALL_RACED(rounds);
	T_OUTCOMES("%d answered, %d given up, %d of them told", t_counted(FIRST),
		   t_counted(SECOND), told);
}

/* The same with a host that sleeps until the next call comes, and answers at once */
TEST_F(kshare, a_host_that_sleeps_against_the_callers_deadline)
{
	struct side *s = &self->s;
	int i, it, rounds = t_rounds(1500), box = t_create(s, KSHARE_TYPE_LIST);
	pid_t host, pids[2];

	t_share_counts();
	host = t_host_child(s, box, 0);
	it = t_take_out(s, box);
	ASSERT_LT(0, it);
	for (i = 0; i < 2; i++) {
		pids[i] = t_fork(s);
		if (!pids[i])
			impatient(s, it, rounds);
	}
	for (i = 0; i < 2; i++)
		EXPECT_EQ(0, t_wait(pids[i]));
	/* Two of them, of so many rounds each */
	EXPECT_EQ(2 * raced(rounds), t_counted(FIRST) + t_counted(SECOND));
	EXPECT_LE(t_counted(FIRST), t_counted(T_TAKEN));
	T_OUTCOMES("%d answered, %d given up, %d of them told", t_counted(FIRST),
		   t_counted(SECOND), t_counted(T_ABANDONED));
	/* Nothing is left that would be taken for another one's. */
	EXPECT_EQ(0, t_call(s, it, T_ECHO, t_int(-7)));
	EXPECT_EQ(-7, s->out.values[0].i);
	EXPECT_EQ(1000 + SIGKILL, t_end_child(host));
}

static void on_signal(int sig)
{
}

/* Both sides are signalled again and again: no call is lost, and none is answered twice. */
TEST_F(kshare, calls_against_signals)
{
	struct side *s = &self->s;
	struct sigaction sa = { .sa_handler = on_signal, .sa_flags = SA_RESTART };
	int it, i, rounds = t_rounds(1000), box = t_create(s, KSHARE_TYPE_LIST);
	pid_t pids[3];
	int64_t n;

	t_share_counts();
	sigaction(SIGUSR1, &sa, NULL);
	sa.sa_flags = 0;
	sigaction(SIGUSR2, &sa, NULL);
	pids[0] = t_host_child(s, box, 0);
	it = t_take_out(s, box);
	ASSERT_LT(0, it);
	for (i = 1; i < 3; i++) {
		pids[i] = t_fork(s);
		if (pids[i])
			continue;
		for (n = 0; n < rounds; n++) {
			struct kshare_cmd cmd = t_call_cmd(it, T_ECHO, t_int(n));
			int ret = t_run(s, cmd);

			if (ret ? ret != -EINTR : s->out.values[0].i != n)
				_exit(1);
			t_count(ret ? SECOND : FIRST);
		}
		t_count(STOP);
		_exit(0);
	}
	for (i = 0; t_counted(STOP) < 2; i++) {
		int64_t end = t_now() + T_LONG;
		int done = t_counted(FIRST) + t_counted(SECOND);

		kill(pids[i % 3], i % 7 ? SIGUSR1 : SIGUSR2);
		moment(i);
		/* So that somebody gets further, too */
		while (i % 4 == 0 && t_counted(STOP) < 2 &&
		       t_counted(FIRST) + t_counted(SECOND) == done) {
			ASSERT_GT(end, t_now());
			sched_yield();
		}
	}
	for (i = 1; i < 3; i++)
		EXPECT_EQ(0, t_wait(pids[i]));
	EXPECT_EQ(2 * rounds, t_counted(FIRST) + t_counted(SECOND));
	EXPECT_LT(0, t_counted(FIRST));
	T_OUTCOMES("%d answered, %d interrupted", t_counted(FIRST), t_counted(SECOND));
	EXPECT_EQ(1000 + SIGKILL, t_end_child(pids[0]));
}

struct killer {
	pid_t pid;
	int round;
};

static void *kill_soon(void *arg)
{
	struct killer *k = arg;

	other_runs(k->round);
	kill(k->pid, SIGKILL);
	return NULL;
}

/*
 * A caller that is kept when the answer is written to its memory, until it is killed: it
 * has been answered, and does not come so far as to read that.
 */
static pid_t caller_that_is_kept(struct side *s, int it)
{
	struct kshare_cmd cmd = t_call_cmd(it, T_KEEP, t_none());
	static struct t_thread t;
	struct t_lazy lazy;
	pid_t pid = t_fork(s);

	if (pid)
		return pid;
	if (!t_lazy_begin(&lazy, NULL))
		_exit(1);
	cmd.out = (uintptr_t)lazy.page;
	cmd.out_len = T_PAGE;
	t_begin(s, &t, cmd, false);
	if (!t_lazy_touched(&lazy))
		_exit(2);
	t_count(ANSWERED);
	for (;;)
		pause();
}

TEST_F(kshare, an_answer_against_the_callers_death)
{
	struct side *s = &self->s;
	int round, rounds = t_rounds(120), status;
	uint64_t objects;
	struct t_served w;
	struct t_host h;

	t_share_counts();
	ASSERT_TRUE(t_be_host(s, &h, 0));
	objects = self->before.used[KSHARE_LIMIT_OBJECTS] + 2;
	for (round = 0; round < rounds; round++) {
		struct killer k = { .round = round };
		int cell = t_create(s, KSHARE_TYPE_CELL), answered = t_counted(ANSWERED);
		pthread_t thread;

		if (ahead(round) == ONE_FIRST)
			k.pid = caller_that_is_kept(s, h.it);
		else
			k.pid = t_caller(s, t_call_cmd(h.it, T_KEEP, t_none()),
					 KSHARE_ANSWER_RAISED, 5);
		ASSERT_EQ(KSHARE_SERVE_CALL, t_serve(s, h.class, &w));
		if (ahead(round) == OTHER_FIRST) {
			kill_soon(&k);
			t_until_waiters(s, h.class, 0);
		} else if (ahead(round) == RACE) {
			ASSERT_EQ(0, pthread_create(&thread, NULL, kill_soon, &k));
			one_runs(round);
		}
		/* By turns it carries a reference, which nobody else has then. */
		EXPECT_EQ(0, t_reply_as(s, h.class, w.call, KSHARE_ANSWER_RAISED,
					round % 3 ? t_int(5) : t_ref(cell)));
		EXPECT_EQ(0, t_close(s, cell));
		if (ahead(round) == ONE_FIRST) {
			EXPECT_TRUE(t_until_counted(ANSWERED, answered + 1));
			kill_soon(&k);
		} else if (ahead(round) == RACE) {
			pthread_join(thread, NULL);
		}
		status = t_wait(k.pid);
		if (ahead(round) == RACE) {
			/* An answer of another kind than it expects it tells by 202. */
			EXPECT_TRUE(status == 1000 + SIGKILL || status == (round % 3 ? 0 : 202));
			came(round, status < 1000);
		} else {
			EXPECT_EQ(1000 + SIGKILL, status);
		}
		EXPECT_EQ(-EAGAIN, t_serve_now(s, h.class, &w));
	}
	EXPECT_EQ(objects, t_objects_soon(s, objects));
	EXPECT_ALL_RACED(rounds);
	T_OUTCOMES("%d answered, %d killed before", t_counted(FIRST), t_counted(SECOND));
}

struct leaver {
	struct side s;
	int handle, round, ret;
};

static void *unregister_soon(void *arg)
{
	struct leaver *l = arg;

	other_runs(l->round);
	l->ret = t_unregister(&l->s, l->handle);
	return NULL;
}

TEST_F(kshare, a_serve_against_unregister)
{
	struct side *s = &self->s;
	struct t_thread *t = calloc(1, sizeof(*t));
	struct leaver *l = calloc(1, sizeof(*l));
	int round, rounds = t_rounds(300);
	pthread_t thread;
	struct t_host h;

	t_share_counts();
	l->s.fd = s->fd;
	for (round = 0; round < rounds; round++) {
		int sent, ret;

		ASSERT_TRUE(t_be_host(s, &h, 0));
		l->handle = h.class;
		l->round = round;
		t_begin(s, t, t_cmd(KSHARE_OP_SERVE, h.class), true);
		if (round / 4 % 2)
			t_until_waiters(s, h.class, 1);
		if (ahead(round) == OTHER_FIRST)
			unregister_soon(l);
		else if (ahead(round) == RACE)
			ASSERT_EQ(0, pthread_create(&thread, NULL, unregister_soon, l));
		one_runs(round);
		sent = t_send(s, h.it, T_ECHO, t_int(round));
		if (ahead(round) == RACE)
			pthread_join(thread, NULL);
		if (ahead(round) == ONE_FIRST) {
			/* It has been sent, and there is one who takes it. */
			ret = t_end(t);
			EXPECT_EQ(KSHARE_SERVE_CALL, ret);
			unregister_soon(l);
		} else {
			ret = t_end(t);
		}
		EXPECT_EQ(0, l->ret);
		EXPECT_TRUE(sent == 0 || sent == -EOWNERDEAD);
		if (ret == KSHARE_SERVE_CALL) {
			EXPECT_EQ(0, sent);
			EXPECT_EQ(round, t->out.values[KSHARE_SERVED_ARGS].i);
		} else {
			/* It may not even have begun. */
			EXPECT_TRUE(ret == -ESHUTDOWN || ret == -EPERM);
		}
		if (ahead(round) == OTHER_FIRST)
			EXPECT_EQ(-EOWNERDEAD, sent);
		EXPECT_TRUE(came(round, ret == KSHARE_SERVE_CALL));
		EXPECT_EQ(0, t_close(s, h.it));
		EXPECT_EQ(0, t_close(s, h.class));
	}
	EXPECT_ALL_RACED(rounds);
	T_OUTCOMES("%d served, %d shut down", t_counted(FIRST), t_counted(SECOND));
	free(t);
	free(l);
}

static void *close_soon(void *arg)
{
	struct leaver *c = arg;

	other_runs(c->round);
	c->ret = t_close(&c->s, c->handle);
	return NULL;
}

/* The handle that goes is not that by which the class was adopted. */
TEST_F(kshare, adoption_by_name_against_the_end_of_another_handle)
{
	struct side *s = &self->s;
	struct leaver *c = calloc(1, sizeof(*c));
	int round, rounds = t_rounds(600), adopted;
	struct t_class usual;
	struct kshare_cmd cmd;
	struct t_served w;
	pthread_t thread;
	struct t_host h;

	t_share_counts();
	ASSERT_TRUE(t_be_host(s, &h, 0));
	EXPECT_EQ(0, t_close(s, h.class));
	t_usual(&usual, 0);
	cmd = t_adopt_cmd(1, "thing", &usual);
	c->s.fd = s->fd;
	for (round = 0; round < rounds; round++) {
		c->handle = t_open_class(s, "thing");
		ASSERT_LT(0, c->handle);
		c->round = round;
		if (ahead(round) == OTHER_FIRST)
			close_soon(c);
		else if (ahead(round) == RACE)
			ASSERT_EQ(0, pthread_create(&thread, NULL, close_soon, c));
		one_runs(round);
		adopted = t_raw(s, cmd);
		ASSERT_LT(0, adopted);
		if (ahead(round) == ONE_FIRST)
			close_soon(c);
		else if (ahead(round) == RACE)
			pthread_join(thread, NULL);
		EXPECT_EQ(0, c->ret);
		ASSERT_EQ(-EAGAIN, t_serve_now(s, adopted, &w));
		EXPECT_EQ(0, t_close(s, adopted));
	}
	free(c);
}

static void caller(struct side *s, int it, int rounds)
{
	int round, ret;

	for (round = 0; round < rounds && until_begun(round); round++) {
		other_runs(round);
		ret = t_call(s, it, T_ECHO, t_int(round));
		if (!ret && s->out.values[0].i != round)
			_exit(1);
		if (ret && ret != -EOWNERDEAD)
			_exit(2);
		if (!came(round, !ret))
			_exit(3);
		t_count(OVER);
	}
	_exit(0);
}

TEST_F(kshare, adoption_against_a_call)
{
	struct side *s = &self->s;
	int round, rounds = t_rounds(600);
	struct t_served w;
	struct t_host h;
	pid_t pid;

	t_share_counts();
	ASSERT_TRUE(t_be_host(s, &h, 0));
	ASSERT_EQ(0, t_unregister(s, h.class));
	pid = t_fork(s);
	if (!pid)
		caller(s, h.it, rounds);
	for (round = 0; round < rounds; round++) {
		if (ahead(round) != ONE_FIRST)
			t_count(BEGUN);
		if (ahead(round) == OTHER_FIRST)
			until_over(round);
		else if (ahead(round) == RACE)
			one_runs(round);
		EXPECT_EQ(2 + round, adopt_now(s, h.class));
		if (ahead(round) == ONE_FIRST)
			t_count(BEGUN);
		while (t_counted(OVER) <= round) {
			int ret = t_serve_now(s, h.class, &w);

			if (ret == KSHARE_SERVE_CALL) {
				EXPECT_EQ(round, w.arg[0].i);
				EXPECT_EQ(0, t_echo(s, h.class, &w));
			} else {
				ASSERT_EQ(-EAGAIN, ret);
				sched_yield();
			}
		}
		EXPECT_EQ(0, t_unregister(s, h.class));
	}
	EXPECT_EQ(0, t_wait(pid));
	EXPECT_ALL_RACED(rounds);
	T_OUTCOMES("%d answered, %d without a host", t_counted(FIRST), t_counted(SECOND));
}

/* A child that calls until the end: each call is answered, or told that nobody will. */
static pid_t restless(struct side *s, int it)
{
	pid_t pid = t_fork(s);
	int64_t n;

	if (pid)
		return pid;
	for (n = 0; !t_counted(STOP); n++) {
		int ret = t_call(s, it, T_ECHO, t_int(n));

		if (ret ? ret != -EOWNERDEAD : s->out.values[0].i != n)
			_exit(1);
		t_count(ret ? SECOND : FIRST);
		if (ret)
			sched_yield();
	}
	_exit(0);
}

/* Both sides are killed again and again, while hosts adopt: nothing is left of either. */
TEST_F(kshare, hosts_and_callers_come_and_go)
{
	struct side *s = &self->s;
	int i, k, round, rounds = t_rounds(30), it, class, box = t_create(s, KSHARE_TYPE_LIST);
	struct kshare_stat stat, domain;
	struct kshare_cmd cmd;
	pid_t host, pids[2];
	uint64_t objects;

	t_share_counts();
	host = t_host_child(s, box, 0);
	it = t_take_out(s, box);
	class = t_open_class(s, "thing");
	ASSERT_LT(0, class);
	ASSERT_EQ(0, t_stat(s, 1, &domain));
	objects = domain.used[KSHARE_LIMIT_OBJECTS];
	for (i = 0; i < 2; i++)
		pids[i] = restless(s, it);
	for (round = 0; round < rounds; round++) {
		int before = t_counted(FIRST);
		pid_t next = t_fork(s);

		if (!next) {
			cmd = t_cmd(KSHARE_OP_CLASS_ADOPT, class);
			_exit(t_raw(s, cmd) < 0 ? 1 : t_serve_all(s, class));
		}
		ASSERT_TRUE(t_until_counted(FIRST, before + 3));
		moment(round);
		/* By turns a caller goes before the host, at the same time, and after it. */
		k = round % 2;
		kill(round % 3 ? pids[k] : host, SIGKILL);
		if (round % 3 == 1)
			EXPECT_EQ(1000 + SIGKILL, t_wait(pids[k]));
		kill(round % 3 ? host : pids[k], SIGKILL);
		EXPECT_EQ(1000 + SIGKILL, t_wait(host));
		if (round % 3 != 1)
			EXPECT_EQ(1000 + SIGKILL, t_wait(pids[k]));
		pids[k] = restless(s, it);
		host = next;
		/* Which may take it a moment, and what is killed next is to be the host. */
		do {
			ASSERT_EQ(0, t_stat(s, class, &stat));
		} while (stat.holder_pid != host && !sched_yield());
	}
	ASSERT_TRUE(t_until_counted(FIRST, t_counted(FIRST) + 3));
	t_count(STOP);
	for (i = 0; i < 2; i++)
		EXPECT_EQ(0, t_wait(pids[i]));
	ASSERT_EQ(0, t_stat(s, class, &stat));
	EXPECT_EQ(rounds + 1, stat.token);
	EXPECT_EQ(1000 + SIGKILL, t_end_child(host));
	T_OUTCOMES("%d answered, %d without a host", t_counted(FIRST), t_counted(SECOND));
	ASSERT_EQ(0, t_stat(s, class, &stat));
	EXPECT_EQ(0, stat.waiters);
	EXPECT_EQ(1, stat.length);
	EXPECT_EQ(objects, t_objects_soon(s, objects));
	ASSERT_EQ(0, t_stat(s, 1, &domain));
	EXPECT_EQ(self->before.used[KSHARE_LIMIT_WAITERS], domain.used[KSHARE_LIMIT_WAITERS]);
	EXPECT_EQ(1, domain.clients);
}

TEST_HARNESS_MAIN
