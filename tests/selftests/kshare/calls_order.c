// SPDX-License-Identifier: GPL-2.0
/* In which order calls are served, how many at a time, and calls that lead to others. */
#include "passing_test.h"
#include "class_test.h"

TEST_F(kshare, calls_of_one_client_are_taken_in_their_order)
{
	struct side *s = &self->s;
	struct t_served w;
	struct t_host h;
	int i;

	ASSERT_TRUE(t_be_host(s, &h, 0));
	for (i = 0; i < 50; i++)
		EXPECT_EQ(0, t_send(s, h.it, T_ECHO, t_int(i)));
	for (i = 0; i < 50; i++) {
		EXPECT_EQ(KSHARE_SERVE_CALL, t_serve_now(s, h.class, &w));
		EXPECT_EQ(i, w.arg[0].i);
	}
}

/* Sends numbers, and stays. */
static pid_t flood(struct side *s, int it, int step)
{
	pid_t pid = t_fork(s);
	int i;

	if (pid)
		return pid;
	for (i = 0; i < 250; i++)
		if (t_send(s, it, T_KEEP, t_int(i)))
			_exit(1);
	t_count(step);
	for (;;)
		pause();
}

/* All calls at once, or one at a time */
static const uint32_t kinds[] = { 0, KSHARE_CLASS_SERIAL, KSHARE_CLASS_SERIAL_EACH };

#define KINDS	(int)(sizeof(kinds) / sizeof(kinds[0]))

/* Takes the next call, which goes one way, and is through with it if that is to be told. */
static int take_one(struct side *s, int class, struct t_served *w)
{
	int ret = t_serve_now(s, class, w);

	if (ret == KSHARE_SERVE_CALL && w->call && t_reply(s, class, w->call, t_none()))
		return -EIO;
	return ret;
}

TEST_F(kshare, who_floods_the_host_does_not_keep_others_out)
{
	struct side *s = &self->s;
	int i, k, at, next[2];
	struct t_served w;
	struct t_host h;
	pid_t pids[3];

	for (k = 0; k < KINDS; k++) {
		t_share_counts();
		ASSERT_TRUE(t_be_host(s, &h, kinds[k]));
		next[0] = 0;
		next[1] = 0;
		at = -1;
		for (i = 0; i < 2; i++)
			pids[i] = flood(s, h.it, i);
		ASSERT_TRUE(t_until_counted(0, 1));
		ASSERT_TRUE(t_until_counted(1, 1));
		pids[2] = t_fork(s);
		if (!pids[2])
			_exit(t_send(s, h.it, T_ECHO, t_int(1)) ? 1 : 0);
		ASSERT_EQ(0, t_wait(pids[2]));
		for (i = 0; i < 200; i++) {
			ASSERT_EQ(KSHARE_SERVE_CALL, take_one(s, h.class, &w));
			if (w.method == T_ECHO) {
				at = i;
				break;
			}
			/* And each of the others has its own order. */
			EXPECT_EQ(next[w.pid == pids[1]]++, w.arg[0].i);
		}
		/* There are three clients: it is among the next few. */
		EXPECT_LE(0, at);
		EXPECT_GT(6, at) {
			TH_LOG("flags %x", kinds[k]);
		}
		for (i = 0; i < 2; i++)
			EXPECT_EQ(1000 + SIGKILL, t_end_child(pids[i]));
		EXPECT_EQ(0, t_unregister(s, h.class));
	}
}

TEST_F(kshare, clients_are_served_in_turn)
{
	struct side *s = &self->s;
	struct t_served w;
	struct t_host h;
	pid_t pids[2], last;
	int i, k;

	for (k = 0; k < KINDS; k++) {
		t_share_counts();
		ASSERT_TRUE(t_be_host(s, &h, kinds[k]));
		last = 0;
		for (i = 0; i < 2; i++) {
			pids[i] = flood(s, h.it, i);
			ASSERT_TRUE(t_until_counted(i, 1));
		}
		for (i = 0; i < 40; i++) {
			ASSERT_EQ(KSHARE_SERVE_CALL, take_one(s, h.class, &w));
			/*
			 * Where one is served at a time the very first call was let
			 * through when there was nobody to take turns with.
			 */
			if (i > 1 || !kinds[k])
				EXPECT_NE(last, w.pid) {
					TH_LOG("flags %x", kinds[k]);
				}
			last = w.pid;
		}
		for (i = 0; i < 2; i++)
			EXPECT_EQ(1000 + SIGKILL, t_end_child(pids[i]));
		EXPECT_EQ(0, t_unregister(s, h.class));
	}
}

/* ---- several threads of the host ---- */

struct server {
	struct side s;
	int class, taken, ret;
	pthread_t id;
};

static void *serve_until_the_end(void *arg)
{
	struct server *t = arg;
	struct kshare_cmd cmd = t_cmd(KSHARE_OP_SERVE, t->class);
	struct t_served w;

	for (;;) {
		t->ret = t_served(&t->s, t_run(&t->s, cmd), &w);
		if (t->ret != KSHARE_SERVE_CALL || t_echo(&t->s, t->class, &w))
			return NULL;
		t->taken++;
	}
}

/* Threads of this process which serve until the class is given up */
static struct server *begin_servers(struct side *s, int class, int n)
{
	struct server *t = calloc(n, sizeof(*t));
	int i;

	for (i = 0; i < n; i++) {
		t[i].s.fd = s->fd;
		t[i].class = class;
		if (pthread_create(&t[i].id, NULL, serve_until_the_end, &t[i]))
			abort();
	}
	return t;
}

/* What the one is known by inside is free when it is gone, and the next one gets it. */
TEST_F(kshare, who_is_new_does_not_wait_behind_what_a_client_that_is_gone_has_sent)
{
	static const int64_t expected[] = { 1, 3, 2 };
	struct side *s = &self->s, *one, *next;
	struct t_served w;
	struct t_host h;
	int round, i;

	ASSERT_TRUE(t_be_host(s, &h, 0));
	for (round = 0; round < 20; round++) {
		one = t_open();
		i = t_give(s, h.it, one);
		ASSERT_LT(0, i);
		ASSERT_EQ(0, t_send(one, i, T_ECHO, t_int(1)));
		ASSERT_EQ(0, t_send(one, i, T_ECHO, t_int(2)));
		t_leave(one);
		next = t_open();
		i = t_give(s, h.it, next);
		ASSERT_LT(0, i);
		ASSERT_EQ(0, t_send(next, i, T_ECHO, t_int(3)));
		for (i = 0; i < 3; i++) {
			ASSERT_EQ(KSHARE_SERVE_CALL, t_serve_now(s, h.class, &w));
			EXPECT_EQ(expected[i], w.arg[0].i);
		}
		t_leave(next);
	}
}

TEST_F(kshare, any_number_of_threads_may_serve)
{
	struct side *s = &self->s;
	int i, n, rounds = t_rounds(2000), sum = 0;
	struct server *t;
	struct t_host h;
	pid_t pids[3];

	ASSERT_TRUE(t_be_host(s, &h, 0));
	t = begin_servers(s, h.class, 4);
	for (i = 0; i < 3; i++) {
		pids[i] = t_fork(s);
		if (pids[i])
			continue;
		for (n = 0; n < rounds; n++)
			if (t_call(s, h.it, T_ECHO, t_int(n)) || s->out.values[0].i != n)
				_exit(1);
		_exit(0);
	}
	for (i = 0; i < 3; i++)
		EXPECT_EQ(0, t_wait(pids[i]));
	t_until_waiters(s, h.class, 4);
	EXPECT_EQ(0, t_unregister(s, h.class));
	for (i = 0; i < 4; i++) {
		pthread_join(t[i].id, NULL);
		EXPECT_EQ(-ESHUTDOWN, t[i].ret);
		sum += t[i].taken;
	}
	EXPECT_EQ(3 * rounds, sum);
	free(t);
}

/* ---- one at a time ---- */

TEST_F(kshare, a_serial_class_serves_one_call_at_a_time)
{
	struct side *s = &self->s;
	struct t_served w, none;
	struct t_host h;
	int i, other;
	pid_t pids[3];

	ASSERT_TRUE(t_be_host(s, &h, KSHARE_CLASS_SERIAL));
	other = t_instance(s, h.class, 8);
	for (i = 0; i < 3; i++) {
		pids[i] = t_caller(s, t_call_cmd(i == 1 ? other : h.it, T_ECHO, t_int(i)),
				   KSHARE_ANSWER_VALUE, i);
		ASSERT_TRUE(t_until_it_waits(s, h.class, i + 1, pids[i]));
	}
	for (i = 0; i < 3; i++) {
		EXPECT_EQ(KSHARE_SERVE_CALL, t_serve_now(s, h.class, &w));
		EXPECT_EQ(i, w.arg[0].i);
		EXPECT_EQ(-EAGAIN, t_serve_now(s, h.class, &none));
		EXPECT_EQ(0, t_reply(s, h.class, w.call, t_int(i)));
		EXPECT_EQ(0, t_wait(pids[i]));
	}
	EXPECT_EQ(-EAGAIN, t_serve_now(s, h.class, &w));
}

TEST_F(kshare, or_one_call_of_each_instance)
{
	struct side *s = &self->s;
	struct t_served w[2], none;
	struct t_host h;
	int i, other;
	pid_t pids[4];

	ASSERT_TRUE(t_be_host(s, &h, KSHARE_CLASS_SERIAL_EACH));
	other = t_instance(s, h.class, 8);
	for (i = 0; i < 4; i++) {
		pids[i] = t_caller(s, t_call_cmd(i % 2 ? other : h.it, T_KEEP, t_int(i)),
				   KSHARE_ANSWER_VALUE, i);
		ASSERT_TRUE(t_until_it_waits(s, h.class, i + 1, pids[i]));
	}
	for (i = 0; i < 2; i++) {
		EXPECT_EQ(KSHARE_SERVE_CALL, t_serve_now(s, h.class, &w[i]));
		EXPECT_EQ(i, w[i].arg[0].i);
	}
	EXPECT_EQ(-EAGAIN, t_serve_now(s, h.class, &none));
	/* What ends lets the next one of the same instance through. */
	EXPECT_EQ(0, t_reply(s, h.class, w[1].call, t_int(1)));
	EXPECT_EQ(0, t_wait(pids[1]));
	EXPECT_EQ(KSHARE_SERVE_CALL, t_serve_now(s, h.class, &w[1]));
	EXPECT_EQ(3, w[1].arg[0].i);
	EXPECT_EQ(-EAGAIN, t_serve_now(s, h.class, &none));
	EXPECT_EQ(0, t_reply(s, h.class, w[0].call, t_int(0)));
	EXPECT_EQ(KSHARE_SERVE_CALL, t_serve_now(s, h.class, &w[0]));
	EXPECT_EQ(2, w[0].arg[0].i);
	for (i = 0; i < 2; i++)
		EXPECT_EQ(0, t_reply(s, h.class, w[i].call, t_int(2 + i)));
	for (i = 0; i < 4; i++)
		if (i != 1)
			EXPECT_EQ(0, t_wait(pids[i]));
}

/* ---- a generator ---- */

#define ELEMENTS	400

/* The host's state, for which it needs no lock, since one call of an object is served */
struct generator {
	struct side s;
	int class, ret;
	volatile int *next;
	pthread_t id;
};

static void *generate(void *arg)
{
	struct generator *g = arg;
	struct kshare_cmd cmd = t_cmd(KSHARE_OP_SERVE, g->class);
	struct t_served w;
	int n;

	for (;;) {
		g->ret = t_served(&g->s, t_run(&g->s, cmd), &w);
		if (g->ret != KSHARE_SERVE_CALL)
			return NULL;
		n = g->next[w.cookie];
		/* A second one that is let through would be here, too, and see the same. */
		sched_yield();
		if (n < ELEMENTS)
			g->next[w.cookie] = n + 1;
		if (t_reply_as(&g->s, g->class, w.call,
			       n < ELEMENTS ? KSHARE_ANSWER_VALUE : KSHARE_ANSWER_STOP,
			       n < ELEMENTS ? t_int(n) : t_none()))
			return NULL;
	}
}

/* Takes elements of two generators by turns until both have stopped, and then they stay so. */
static int consume(struct side *s, const int *its, int *seen)
{
	int stopped = 0, k, ret;

	for (k = 0; stopped != 3; k ^= 1) {
		ret = t_call(s, its[k], T_ECHO, t_none());
		if (ret == KSHARE_ANSWER_STOP) {
			stopped |= 1 << k;
			continue;
		}
		if (ret || stopped & 1 << k || s->out.values[0].type != KSHARE_INT ||
		    s->out.values[0].u >= ELEMENTS)
			return 1;
		__atomic_add_fetch(&seen[k * ELEMENTS + s->out.values[0].i], 1, __ATOMIC_SEQ_CST);
	}
	return t_call(s, its[0], T_ECHO, t_none()) != KSHARE_ANSWER_STOP;
}

TEST_F(kshare, a_generator_that_many_share_gives_each_element_once)
{
	struct side *s = &self->s;
	struct generator *g = calloc(3, sizeof(*g));
	int *seen = mmap(NULL, 2 * ELEMENTS * sizeof(*seen), PROT_READ | PROT_WRITE,
			 MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	static volatile int next[2];
	int i, its[2], wrong = 0;
	struct t_host h;
	pid_t pids[4];

	ASSERT_NE(MAP_FAILED, (void *)seen);
	ASSERT_TRUE(t_be_host(s, &h, KSHARE_CLASS_SERIAL_EACH));
	for (i = 0; i < 2; i++)
		its[i] = t_instance(s, h.class, i);
	for (i = 0; i < 3; i++) {
		g[i].s.fd = s->fd;
		g[i].class = h.class;
		g[i].next = next;
		ASSERT_EQ(0, pthread_create(&g[i].id, NULL, generate, &g[i]));
	}
	for (i = 0; i < 4; i++) {
		pids[i] = t_fork(s);
		if (!pids[i])
			_exit(consume(s, its, seen));
	}
	for (i = 0; i < 4; i++)
		EXPECT_EQ(0, t_wait(pids[i]));
	for (i = 0; i < 2 * ELEMENTS; i++)
		wrong += seen[i] != 1;
	EXPECT_EQ(0, wrong);
	EXPECT_EQ(0, t_unregister(s, h.class));
	for (i = 0; i < 3; i++) {
		pthread_join(g[i].id, NULL);
		EXPECT_EQ(-ESHUTDOWN, g[i].ret);
	}
	munmap(seen, 2 * ELEMENTS * sizeof(*seen));
	free(g);
}

/* ---- what else is one at a time ---- */

/* One that nobody waits for has its turn too, and so the host says when it is over. */
TEST_F(kshare, a_serial_call_that_goes_one_way_is_the_only_one_as_well)
{
	struct side *s = &self->s;
	struct t_served w, none;
	struct t_host h;
	int i;

	ASSERT_TRUE(t_be_host(s, &h, KSHARE_CLASS_SERIAL));
	for (i = 0; i < 3; i++)
		EXPECT_EQ(0, t_send(s, h.it, T_ECHO, t_int(i)));
	for (i = 0; i < 3; i++) {
		EXPECT_EQ(KSHARE_SERVE_CALL, t_serve_now(s, h.class, &w));
		EXPECT_TRUE(w.oneway);
		EXPECT_EQ(i, w.arg[0].i);
		if (w.call) {
			EXPECT_EQ(-EAGAIN, t_serve_now(s, h.class, &none));
			EXPECT_EQ(0, t_reply(s, h.class, w.call, t_none()));
		}
	}
	EXPECT_EQ(-EAGAIN, t_serve_now(s, h.class, &w));
}

/* Nobody waits for it, but it is not over. */
TEST_F(kshare, a_call_that_was_abandoned_is_the_only_one_until_it_is_answered)
{
	struct side *s = &self->s;
	struct t_served w, told;
	struct t_host h;
	pid_t pids[2];

	ASSERT_TRUE(t_be_host(s, &h, KSHARE_CLASS_SERIAL));
	pids[0] = t_child(s, t_call_cmd(h.it, T_ECHO, t_int(0)));
	EXPECT_EQ(KSHARE_SERVE_CALL, t_serve(s, h.class, &w));
	pids[1] = t_caller(s, t_call_cmd(h.it, T_ECHO, t_int(1)), KSHARE_ANSWER_VALUE, 1);
	ASSERT_TRUE(t_until_it_waits(s, h.class, 2, pids[1]));
	EXPECT_EQ(1000 + SIGKILL, t_end_child(pids[0]));
	EXPECT_EQ(KSHARE_SERVE_ABANDONED, t_serve(s, h.class, &told));
	EXPECT_EQ(w.call, told.call);
	EXPECT_EQ(-EAGAIN, t_serve_now(s, h.class, &told));
	EXPECT_EQ(0, t_reply(s, h.class, w.call, t_none()));
	EXPECT_EQ(KSHARE_SERVE_CALL, t_serve_now(s, h.class, &w));
	EXPECT_EQ(0, t_echo(s, h.class, &w));
	EXPECT_EQ(0, t_wait(pids[1]));
}

/* Who leaves the line does not keep those behind it. */
TEST_F(kshare, a_serial_call_that_is_taken_back_lets_the_next_one_through)
{
	struct side *s = &self->s;
	struct t_served w;
	struct t_host h;
	pid_t pids[3];
	int i;

	ASSERT_TRUE(t_be_host(s, &h, KSHARE_CLASS_SERIAL));
	for (i = 0; i < 3; i++) {
		pids[i] = t_caller(s, t_call_cmd(h.it, T_ECHO, t_int(i)), KSHARE_ANSWER_VALUE, i);
		ASSERT_TRUE(t_until_it_waits(s, h.class, i + 1, pids[i]));
	}
	for (i = 0; i < 2; i++)
		EXPECT_EQ(1000 + SIGKILL, t_end_child(pids[i]));
	EXPECT_EQ(KSHARE_SERVE_CALL, t_serve(s, h.class, &w));
	EXPECT_EQ(2, w.arg[0].i);
	EXPECT_EQ(0, t_echo(s, h.class, &w));
	EXPECT_EQ(0, t_wait(pids[2]));
}

TEST_F(kshare, what_was_not_taken_for_want_of_room_is_the_next_one_and_the_only_one)
{
	struct side *s = &self->s;
	struct kshare_cmd cmd;
	struct t_served w;
	struct t_host h;
	int i;

	ASSERT_TRUE(t_be_host(s, &h, KSHARE_CLASS_SERIAL));
	for (i = 0; i < 2; i++)
		EXPECT_EQ(0, t_send(s, h.it, T_ECHO, t_int(i)));
	cmd = t_cmd(KSHARE_OP_SERVE, h.class);
	cmd.flags = KSHARE_NOWAIT;
	cmd.out = (uintptr_t)&s->out;
	cmd.out_len = sizeof(s->out.head);
	EXPECT_EQ(-ENOBUFS, t_raw(s, cmd));
	EXPECT_EQ(-ENOBUFS, t_raw(s, cmd));
	for (i = 0; i < 2; i++) {
		EXPECT_EQ(KSHARE_SERVE_CALL, t_serve_now(s, h.class, &w));
		EXPECT_EQ(i, w.arg[0].i);
		if (w.call)
			EXPECT_EQ(0, t_reply(s, h.class, w.call, t_none()));
	}
}

/* ---- calls that lead to others ---- */

/* Takes one call, makes another one meanwhile, and answers with what that brought plus one. */
struct relay {
	struct side s;
	int class, next;
	/* Or where a call with that number goes, with the next number */
	const int *ways;
	int ret;
	pthread_t id;
};

static void *relay_once(void *arg)
{
	struct relay *r = arg;
	struct t_served w;
	int64_t got;

	r->ret = t_serve(&r->s, r->class, &w);
	if (r->ret != KSHARE_SERVE_CALL)
		return NULL;
	got = w.arg[0].i;
	if (r->ways)
		r->next = r->ways[got++];
	r->ret = r->next ? t_call(&r->s, r->next, T_ECHO, t_int(got)) : 0;
	if (r->next && !r->ret)
		got = r->s.out.values[0].i;
	if (r->ret)
		t_reply_as(&r->s, r->class, w.call, KSHARE_ANSWER_RAISED, t_int(r->ret));
	else
		r->ret = t_reply(&r->s, r->class, w.call, t_int(got + 1));
	return NULL;
}

static void begin_relay(struct relay *r, struct side *s, int class, int next)
{
	r->s.fd = s->fd;
	r->class = class;
	r->next = next;
	if (pthread_create(&r->id, NULL, relay_once, r))
		abort();
}

/*
 * This process calls an object of a child's, which calls back one of this process's
 * before it answers: another thread serves that.
 */
TEST_F(kshare, a_host_may_call_back_while_it_serves)
{
	struct side *s = &self->s;
	struct relay *r = calloc(2, sizeof(*r));
	int it, box = t_create(s, KSHARE_TYPE_LIST);
	struct t_host mine, theirs;
	struct kshare_cmd cmd;
	pid_t pid;

	t_share_counts();
	ASSERT_TRUE(t_host_of(s, &mine, "mine", 0));
	pid = t_fork(s);
	if (!pid) {
		if (!t_host_of(s, &theirs, "theirs", 0))
			_exit(1);
		cmd = t_cmd(KSHARE_OP_LIST_APPEND, box);
		cmd.value = t_ref(theirs.it);
		if (t_raw(s, cmd))
			_exit(2);
		t_count(0);
		r[0].s.fd = s->fd;
		r[0].class = theirs.class;
		r[0].next = mine.it;
		relay_once(&r[0]);
		_exit(-r[0].ret);
	}
	ASSERT_TRUE(t_until_counted(0, 1));
	it = t_take_out(s, box);
	ASSERT_LT(0, it);
	begin_relay(&r[1], s, mine.class, 0);
	EXPECT_EQ(0, t_call(s, it, T_ECHO, t_int(10)));
	EXPECT_EQ(12, s->out.values[0].i);
	pthread_join(r[1].id, NULL);
	EXPECT_EQ(0, r[1].ret);
	EXPECT_EQ(0, t_wait(pid));
	free(r);
}

/*
 * Where one call is served at a time, those that it leads to are let through; an object
 * that calls itself would wait for itself else.
 */
TEST_F(kshare, a_serial_call_may_lead_to_itself)
{
	struct side *s = &self->s;
	struct relay *r;
	struct t_served w;
	struct t_host h;
	int i, k, other, calls[3];
	pid_t pids[2];

	for (k = 1; k < KINDS; k++) {
		r = calloc(3, sizeof(*r));
		ASSERT_TRUE(t_be_host(s, &h, kinds[k]));
		other = t_instance(s, h.class, 8);
		calls[0] = other;
		calls[1] = h.it;
		calls[2] = 0;
		pids[0] = t_caller(s, t_call_cmd(h.it, T_ECHO, t_int(0)), KSHARE_ANSWER_VALUE, 3);
		ASSERT_TRUE(t_until_it_waits(s, h.class, 1, pids[0]));
		/* Of a stranger, who waits until all of that is over */
		pids[1] = t_caller(s, t_call_cmd(h.it, T_ECHO, t_int(50)), KSHARE_ANSWER_VALUE, 50);
		ASSERT_TRUE(t_until_it_waits(s, h.class, 2, pids[1]));
		for (i = 0; i < 3; i++) {
			begin_relay(&r[i], s, h.class, calls[i]);
			/* The two, and one for each that has called */
			if (calls[i])
				t_until_waiters(s, h.class, 3 + i);
		}
		for (i = 0; i < 3; i++) {
			pthread_join(r[i].id, NULL);
			EXPECT_EQ(0, r[i].ret);
		}
		EXPECT_EQ(0, t_wait(pids[0]));
		EXPECT_EQ(KSHARE_SERVE_CALL, t_serve(s, h.class, &w));
		EXPECT_EQ(50, w.arg[0].i);
		EXPECT_EQ(0, t_echo(s, h.class, &w));
		EXPECT_EQ(0, t_wait(pids[1]));
		EXPECT_EQ(0, t_unregister(s, h.class));
		free(r);
	}
}

/* Each thread serves one call and makes the next, until that is refused. */
TEST_F(kshare, calls_lead_to_others_only_so_deep)
{
	struct side *s = &self->s;
	const int n = KSHARE_MAX_CALL_DEPTH;
	struct relay *r = calloc(n, sizeof(*r));
	struct t_host h;
	int i, refused = 0;
	pid_t pid;

	ASSERT_TRUE(t_be_host(s, &h, 0));
	for (i = 0; i < n; i++)
		begin_relay(&r[i], s, h.class, h.it);
	t_until_waiters(s, h.class, n);
	pid = t_caller(s, t_call_cmd(h.it, T_ECHO, t_int(5)), KSHARE_ANSWER_RAISED,
		       KSHARE_ANSWER_RAISED);
	for (i = 0; i < n; i++) {
		pthread_join(r[i].id, NULL);
		refused += r[i].ret == -ELOOP;
		/* All but the last one were told that the call they made had failed. */
		EXPECT_TRUE(r[i].ret == -ELOOP || r[i].ret == KSHARE_ANSWER_RAISED);
	}
	EXPECT_EQ(1, refused);
	EXPECT_EQ(0, t_wait(pid));
	/* What is over does not count any more. */
	begin_relay(&r[0], s, h.class, 0);
	EXPECT_EQ(0, t_call(s, h.it, T_ECHO, t_int(7)));
	EXPECT_EQ(8, s->out.values[0].i);
	pthread_join(r[0].id, NULL);
	free(r);
}

/*
 * The same where every other one is a process, which hosts a class of its own: how deep
 * it is goes from client to client.
 */
TEST_F(kshare, so_they_do_across_processes)
{
	struct side *s = &self->s;
	enum { N = KSHARE_MAX_CALL_DEPTH };
	struct relay *r = calloc(N / 2, sizeof(*r)), *own = calloc(1, sizeof(*own));
	int i, status, refused = 0, ways[N + 1], box = t_create(s, KSHARE_TYPE_LIST);
	struct kshare_cmd cmd;
	struct t_host mine, theirs;
	char name[32];
	pid_t pid, pids[N / 2];

	t_share_counts();
	ASSERT_TRUE(t_be_host(s, &mine, 0));
	/* By turns threads of this process, any of them, and those processes */
	for (i = 0; i < N / 2; i++) {
		pids[i] = t_fork(s);
		if (!pids[i]) {
			snprintf(name, sizeof(name), "relay %d", i);
			if (!t_host_of(s, &theirs, name, 0))
				_exit(1);
			cmd = t_cmd(KSHARE_OP_LIST_APPEND, box);
			cmd.value = t_ref(theirs.it);
			if (t_raw(s, cmd))
				_exit(2);
			t_count(0);
			own->s.fd = s->fd;
			own->class = theirs.class;
			/* This one is called with one number only. */
			ways[2 * i + 1] = mine.it;
			own->ways = ways;
			relay_once(own);
			_exit(own->ret == -ELOOP ? 3 : own->ret != KSHARE_ANSWER_RAISED);
		}
		ASSERT_TRUE(t_until_counted(0, i + 1));
		ways[2 * i] = t_take_out(s, box);
		ASSERT_LT(0, ways[2 * i]);
	}
	for (i = 0; i < N / 2; i++) {
		r[i].ways = ways;
		begin_relay(&r[i], s, mine.class, 0);
	}
	pid = t_caller(s, t_call_cmd(mine.it, T_ECHO, t_int(0)), KSHARE_ANSWER_RAISED,
		       KSHARE_ANSWER_RAISED);
	EXPECT_EQ(0, t_wait(pid));
	for (i = 0; i < N / 2; i++) {
		pthread_join(r[i].id, NULL);
		EXPECT_EQ(KSHARE_ANSWER_RAISED, r[i].ret);
		status = t_wait(pids[i]);
		/* The last one is the one that may not call. */
		EXPECT_EQ(i == N / 2 - 1 ? 3 : 0, status);
		refused += status == 3;
	}
	EXPECT_EQ(1, refused);
	free(own);
	free(r);
}

TEST_HARNESS_MAIN
