// SPDX-License-Identifier: GPL-2.0
/*
 * Pairs of events that meet at an instance, a call or a class: either comes first, and
 * both sides agree on which.  By turns the one and the other is ahead for certain, and
 * in the other rounds they race; KSHARE_ROUNDS says how many rounds there are.
 */
#include "class_test.h"

/* Who is ahead in a round */
enum { ONE_FIRST, OTHER_FIRST, RACE };

static int ahead(int round)
{
	int which = round % 4;

	return which < RACE ? which : RACE;
}

/* A moment of another length in each round */
static void moment(int round)
{
	int n = (round * 7919) % 20000;

	while (n--)
		__atomic_signal_fence(__ATOMIC_SEQ_CST);
}

/* What the two sides count: rounds that have begun, rounds that are over, outcomes */
enum { BEGUN, OVER, FIRST, SECOND, STOP };

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
		moment(round);
		ret = t_run(s, get);
		if (!ret) {
			uint32_t it = s->out.values[0].ref.handle;

			/* It is there, as long as this is held. */
			if (t_send(s, it, T_ECHO, t_int(round)) || t_close(s, it))
				_exit(1);
			t_count(FIRST);
		} else if (ret == -ERANGE) {
			t_count(SECOND);
		} else {
			_exit(2);
		}
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
	int it, calls = 0;
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
			moment(round * 3);
		ASSERT_EQ(0, t_raw(s, t_cmd(KSHARE_OP_LIST_POP, list)));
		if (ahead(round) == OTHER_FIRST)
			t_count(BEGUN);
		/* It is told once, and after all calls of it. */
		for (;;) {
			int kind = t_serve(s, h.class, &w);

			ASSERT_EQ(round, w.cookie);
			if (kind == KSHARE_SERVE_RELEASE)
				break;
			ASSERT_EQ(KSHARE_SERVE_CALL, kind);
			calls++;
		}
		until_over(round);
		EXPECT_EQ(-EAGAIN, t_serve_now(s, h.class, &w));
	}
	EXPECT_EQ(0, t_wait(pid));
	EXPECT_EQ(t_counted(FIRST), calls);
	EXPECT_EQ(rounds, t_counted(FIRST) + t_counted(SECOND));
	EXPECT_LE(rounds / 4, t_counted(FIRST));
	EXPECT_LE(rounds / 4, t_counted(SECOND));
	T_OUTCOMES("%d got it, %d came too late", t_counted(FIRST), t_counted(SECOND));
}

/* Calls with a short time, of which some are answered just then */
static void impatient(struct side *s, int it, int rounds)
{
	unsigned int seed = 1;
	int round, ret;

	for (round = 0; round < rounds; round++) {
		struct kshare_cmd cmd = t_call_cmd(it, T_ECHO, t_int(round));

		if (ahead(round) == OTHER_FIRST)
			cmd.deadline = 1;
		else if (ahead(round) == RACE)
			cmd.deadline = t_now() + rand_r(&seed) % 150000;
		ret = t_run(s, cmd);
		if (!ret) {
			/* Not that to a call which was given up */
			if (s->out.head.count != 1 || s->out.values[0].i != round)
				_exit(1);
			t_count(FIRST);
		} else if (ret == -ETIMEDOUT) {
			t_count(SECOND);
		} else {
			_exit(2);
		}
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
	EXPECT_LE(rounds / 4, t_counted(FIRST));
	EXPECT_LE(rounds / 4, t_counted(SECOND));
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
	EXPECT_LE(rounds / 2, t_counted(FIRST));
	EXPECT_LE(rounds / 2, t_counted(SECOND));
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

	moment(k->round);
	kill(k->pid, SIGKILL);
	return NULL;
}

TEST_F(kshare, an_answer_against_the_callers_death)
{
	struct side *s = &self->s;
	int round, rounds = t_rounds(120), status, seen[2] = {};
	uint64_t objects;
	struct t_served w;
	struct t_host h;

	ASSERT_TRUE(t_be_host(s, &h, 0));
	objects = self->before.used[KSHARE_LIMIT_OBJECTS] + 2;
	for (round = 0; round < rounds; round++) {
		struct killer k = { .round = round };
		pthread_t thread;
		int cell = t_create(s, KSHARE_TYPE_CELL);

		k.pid = t_caller(s, t_call_cmd(h.it, T_KEEP, t_none()), KSHARE_ANSWER_RAISED, 5);
		ASSERT_EQ(KSHARE_SERVE_CALL, t_serve(s, h.class, &w));
		if (ahead(round) == OTHER_FIRST) {
			kill_soon(&k);
			t_until_waiters(s, h.class, 0);
		} else if (ahead(round) == RACE) {
			ASSERT_EQ(0, pthread_create(&thread, NULL, kill_soon, &k));
		}
		/* By turns it carries a reference, which nobody else has then. */
		EXPECT_EQ(0, t_reply_as(s, h.class, w.call, KSHARE_ANSWER_RAISED,
					round % 3 ? t_int(5) : t_ref(cell)));
		EXPECT_EQ(0, t_close(s, cell));
		if (ahead(round) == RACE)
			pthread_join(thread, NULL);
		status = t_wait(k.pid);
		/* An answer of another kind than it expects it tells by 202. */
		EXPECT_TRUE(status == 1000 + SIGKILL || status == (round % 3 ? 0 : 202));
		seen[status >= 1000]++;
		EXPECT_EQ(-EAGAIN, t_serve_now(s, h.class, &w));
	}
	EXPECT_EQ(objects, t_objects_soon(s, objects));
	EXPECT_LT(0, seen[0]);
	EXPECT_LT(0, seen[1]);
	T_OUTCOMES("%d answered, %d killed before", seen[0], seen[1]);
}

struct leaver {
	struct side s;
	int class, round, ret;
};

static void *unregister_soon(void *arg)
{
	struct leaver *l = arg;

	moment(l->round);
	l->ret = t_unregister(&l->s, l->class);
	return NULL;
}

TEST_F(kshare, a_serve_against_unregister)
{
	struct side *s = &self->s;
	struct t_thread *t = calloc(1, sizeof(*t));
	struct leaver *l = calloc(1, sizeof(*l));
	int round, rounds = t_rounds(300), seen[2] = {};
	pthread_t thread;
	struct t_host h;

	l->s.fd = s->fd;
	for (round = 0; round < rounds; round++) {
		int sent, ret;

		ASSERT_TRUE(t_be_host(s, &h, 0));
		l->class = h.class;
		l->round = round;
		t_begin(s, t, t_cmd(KSHARE_OP_SERVE, h.class), true);
		if (round % 2)
			t_until_waiters(s, h.class, 1);
		if (ahead(round) == OTHER_FIRST)
			unregister_soon(l);
		else if (ahead(round) == RACE)
			ASSERT_EQ(0, pthread_create(&thread, NULL, unregister_soon, l));
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
			seen[0]++;
		} else {
			/* It may not even have begun. */
			EXPECT_TRUE(ret == -ESHUTDOWN || ret == -EPERM);
			seen[1]++;
		}
		EXPECT_EQ(0, t_close(s, h.it));
		EXPECT_EQ(0, t_close(s, h.class));
	}
	EXPECT_LE(rounds / 4, seen[0]);
	EXPECT_LE(rounds / 4, seen[1]);
	T_OUTCOMES("%d served, %d shut down", seen[0], seen[1]);
	free(t);
	free(l);
}

static void caller(struct side *s, int it, int rounds)
{
	int round, ret;

	for (round = 0; round < rounds && until_begun(round); round++) {
		moment(round);
		ret = t_call(s, it, T_ECHO, t_int(round));
		if (!ret && s->out.values[0].i != round)
			_exit(1);
		if (ret && ret != -EOWNERDEAD)
			_exit(2);
		t_count(ret ? SECOND : FIRST);
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
			moment(round * 3);
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
	EXPECT_EQ(rounds, t_counted(FIRST) + t_counted(SECOND));
	EXPECT_LE(rounds / 4, t_counted(FIRST));
	EXPECT_LE(rounds / 4, t_counted(SECOND));
	T_OUTCOMES("%d answered, %d without a host", t_counted(FIRST), t_counted(SECOND));
}

/* Calls while hosts are killed and adopt: each is answered, or told that nobody will. */
TEST_F(kshare, hosts_come_and_go_while_they_are_called)
{
	struct side *s = &self->s;
	int i, round, rounds = t_rounds(30), it, class, box = t_create(s, KSHARE_TYPE_LIST);
	struct kshare_cmd cmd;
	struct kshare_stat stat;
	pid_t host, pids[2];
	int64_t n;

	t_share_counts();
	host = t_host_child(s, box, 0);
	it = t_take_out(s, box);
	class = t_open_class(s, "thing");
	ASSERT_LT(0, class);
	for (i = 0; i < 2; i++) {
		pids[i] = t_fork(s);
		if (pids[i])
			continue;
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
	for (round = 0; round < rounds; round++) {
		int before = t_counted(FIRST);
		pid_t next = t_fork(s);

		if (!next) {
			cmd = t_cmd(KSHARE_OP_CLASS_ADOPT, class);
			_exit(t_raw(s, cmd) < 0 ? 1 : t_serve_all(s, class));
		}
		ASSERT_TRUE(t_until_counted(FIRST, before + 3));
		EXPECT_EQ(1000 + SIGKILL, t_end_child(host));
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
}

TEST_HARNESS_MAIN
