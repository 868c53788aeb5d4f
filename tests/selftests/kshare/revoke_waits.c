// SPDX-License-Identifier: GPL-2.0
/* REVOKE: waits by way of the handle end, and what is held by it alone is given back. */
#include "passing_test.h"

/* Owners of locks, so that threads can share them */
#define ME	1000

static struct kshare_cmd owned(uint32_t op, int h)
{
	return t_with_key(op, h, t_uint(ME));
}

/*
 * Something that is waited for: @o is what the revoked handle is about, and @cmd the
 * command that waits; a second one behind it has the handle @o itself.
 */
struct wait {
	struct side *s, *other, *third;
	int o, lock, g, h, mine;
	struct kshare_cmd cmd, next;
	struct kshare_cmd subs[2];
	/* Lets the second one go on, if it does not by itself */
	struct kshare_cmd go;
	int result;
};

static void by_lock(struct wait *w, uint32_t type)
{
	w->o = t_create(w->s, type);
	t_raw(w->s, owned(KSHARE_OP_LOCK_ACQUIRE, w->o));
	w->cmd = owned(KSHARE_OP_LOCK_ACQUIRE, 0);
	w->go = owned(KSHARE_OP_LOCK_RELEASE, w->o);
	w->result = 1;
}

static void lock(struct wait *w)
{
	by_lock(w, KSHARE_TYPE_LOCK);
}

static void rlock(struct wait *w)
{
	by_lock(w, KSHARE_TYPE_RLOCK);
}

static void rwlock_alone(struct wait *w)
{
	w->o = t_create(w->s, KSHARE_TYPE_RWLOCK);
	w->cmd = owned(KSHARE_OP_RWLOCK_ACQUIRE, w->o);
	w->cmd.flags = KSHARE_SHARED;
	t_raw(w->s, w->cmd);
	/* Who shares goes on as soon as he who wants it alone is gone. */
	w->next = w->cmd;
	w->cmd.flags = 0;
}

static void rwlock_shared(struct wait *w)
{
	w->o = t_create(w->s, KSHARE_TYPE_RWLOCK);
	w->cmd = owned(KSHARE_OP_RWLOCK_ACQUIRE, w->o);
	t_raw(w->s, w->cmd);
	w->cmd.flags = KSHARE_SHARED;
	w->go = owned(KSHARE_OP_RWLOCK_RELEASE, w->o);
}

static void semaphore(struct wait *w)
{
	w->o = t_create_elem(w->s, KSHARE_TYPE_SEMAPHORE, 0, 1);
	/* One is enough for the second. */
	w->cmd = t_with_nr(KSHARE_OP_SEMAPHORE_ACQUIRE, w->o, 2);
	w->next = t_with_nr(KSHARE_OP_SEMAPHORE_ACQUIRE, w->o, 1);
}

static void event(struct wait *w)
{
	w->o = t_create_with(w->s, KSHARE_TYPE_EVENT, KSHARE_AUTO_RESET, t_none(), t_none());
	w->cmd = t_cmd(KSHARE_OP_EVENT_WAIT, w->o);
	w->go = t_cmd(KSHARE_OP_EVENT_SET, w->o);
}

static void queue_get(struct wait *w)
{
	w->o = t_create(w->s, KSHARE_TYPE_QUEUE);
	w->cmd = t_cmd(KSHARE_OP_QUEUE_GET, w->o);
	w->go = t_cmd(KSHARE_OP_QUEUE_PUT, w->o);
	w->result = 1;
}

static void queue_get_many(struct wait *w)
{
	queue_get(w);
	w->cmd = t_with_nr(KSHARE_OP_QUEUE_GET_MANY, w->o, 10);
	w->cmd.flags = KSHARE_LEASE;
}

static void queue_put(struct wait *w)
{
	w->o = t_create_elem(w->s, KSHARE_TYPE_QUEUE, 0, 1);
	w->cmd = t_cmd(KSHARE_OP_QUEUE_PUT, w->o);
	t_raw(w->s, w->cmd);
	w->go = t_cmd(KSHARE_OP_QUEUE_GET, w->o);
}

static void queue_put_many(struct wait *w)
{
	static const struct kshare_value two[2] = {};

	w->o = t_create_elem(w->s, KSHARE_TYPE_QUEUE, 0, 2);
	w->next = t_cmd(KSHARE_OP_QUEUE_PUT, w->o);
	t_raw(w->s, w->next);
	/* There is room for one more, but two wait before it. */
	w->cmd = t_cmd(KSHARE_OP_QUEUE_PUT_MANY, w->o);
	w->cmd.value = t_vector(two, 2);
}

static void queue_join(struct wait *w)
{
	w->o = t_create(w->s, KSHARE_TYPE_QUEUE);
	t_raw(w->s, t_cmd(KSHARE_OP_QUEUE_PUT, w->o));
	w->cmd = t_cmd(KSHARE_OP_QUEUE_JOIN, w->o);
	w->go = t_cmd(KSHARE_OP_QUEUE_TASK_DONE, w->o);
}

static void cell(struct wait *w)
{
	w->o = t_number_cell(w->s, 7);
	w->cmd = t_cmd(KSHARE_OP_CELL_WAIT, w->o);
	w->cmd.flags = KSHARE_UNTIL_NE;
	w->cmd.value = t_int(7);
	w->go = t_cmd(KSHARE_OP_CELL_SET, w->o);
}

/* Who left has not been there, so two have to come after him. */
static void barrier(struct wait *w)
{
	w->o = t_create_elem(w->s, KSHARE_TYPE_BARRIER, 0, 2);
	w->cmd = t_cmd(KSHARE_OP_BARRIER_WAIT, w->o);
	w->go = w->cmd;
	w->result = -1;
}

static void by_group(struct wait *w, uint32_t op)
{
	int plain = t_create(w->s, KSHARE_TYPE_EVENT);

	w->o = t_create_with(w->s, KSHARE_TYPE_EVENT, KSHARE_AUTO_RESET, t_none(), t_none());
	w->next = t_cmd(KSHARE_OP_EVENT_WAIT, w->o);
	w->go = t_cmd(KSHARE_OP_EVENT_SET, w->o);
	w->subs[0] = t_cmd(KSHARE_OP_EVENT_WAIT, t_give(w->s, plain, w->other));
	w->subs[1] = t_cmd(KSHARE_OP_EVENT_WAIT, w->o);
	w->cmd = t_cmd(op, 0);
	w->cmd.value = t_bytes(w->subs, sizeof(w->subs));
}

static void wait_any(struct wait *w)
{
	by_group(w, KSHARE_OP_WAIT_ANY);
}

static void wait_all(struct wait *w)
{
	by_group(w, KSHARE_OP_WAIT_ALL);
}

static const struct {
	const char *name;
	void (*begin)(struct wait *w);
} waits[] = {
	{ "lock", lock }, { "rlock", rlock }, { "rwlock", rwlock_alone },
	{ "rwlock, shared", rwlock_shared }, { "semaphore", semaphore }, { "event", event },
	{ "get", queue_get }, { "get many", queue_get_many }, { "put", queue_put },
	{ "put many", queue_put_many }, { "join", queue_join }, { "cell", cell },
	{ "barrier", barrier }, { "any", wait_any }, { "all", wait_all },
};

#define WAITS	((int)(sizeof(waits) / sizeof(waits[0])))

TEST_F(kshare, who_waits_by_way_of_it_ends_and_others_go_on)
{
	struct side *s = &self->s;
	int i;

	for (i = 0; i < WAITS; i++) {
		struct wait w = { .s = s, .other = t_open(), .third = t_open() };
		struct t_thread first = {}, second = {};
		bool barrier;
		int ret;

		waits[i].begin(&w);
		barrier = w.cmd.op == KSHARE_OP_BARRIER_WAIT;
		w.g = t_revocable(s, w.o);
		w.h = t_give(s, w.g, w.other);
		w.mine = t_give(s, w.o, w.third);
		ASSERT_LT(0, w.h);
		ASSERT_LT(0, w.mine);
		if (!w.next.op)
			w.next = w.cmd;
		w.next.handle = w.mine;
		if (w.cmd.handle || !w.cmd.value.len || w.cmd.value.type == KSHARE_VECTOR)
			w.cmd.handle = w.h;
		else
			w.subs[1].handle = w.h;
		t_begin(w.other, &first, w.cmd, false);
		t_until_waiters(s, w.o, 1);
		if (!barrier) {
			t_begin(w.third, &second, w.next, false);
			t_until_waiters(s, w.o, 2);
		}
		EXPECT_EQ(0, t_revoke(s, w.g));
		ret = t_end(&first);
		EXPECT_EQ(-ESTALE, ret) {
			TH_LOG("%s", waits[i].name);
		}
		if (barrier) {
			t_begin(w.third, &second, w.next, false);
			t_until_waiters(s, w.o, 1);
		}
		if (w.go.op)
			EXPECT_LE(0, t_raw(s, w.go));
		ret = t_end(&second);
		EXPECT_EQ(w.result < 0 ? 0 : w.result, ret) {
			TH_LOG("%s", waits[i].name);
		}
		t_leave(w.other);
		t_leave(w.third);
	}
}

/* A wait by a handle of one's own goes on, though the same client has a revoked one. */
TEST_F(kshare, who_waits_by_another_handle_goes_on)
{
	struct side *s = &self->s, *other = t_open();
	int e = t_create(s, KSHARE_TYPE_EVENT), g = t_revocable(s, e), gg = t_revocable(s, g);
	int far = t_give(s, gg, other), near = t_give(s, g, other), plain = t_give(s, e, other);
	struct t_thread t[3];

	t_begin(other, &t[0], t_cmd(KSHARE_OP_EVENT_WAIT, far), false);
	t_begin(other, &t[1], t_cmd(KSHARE_OP_EVENT_WAIT, near), false);
	t_begin(other, &t[2], t_cmd(KSHARE_OP_EVENT_WAIT, plain), false);
	t_until_waiters(s, e, 3);
	EXPECT_EQ(0, t_revoke(s, gg));
	EXPECT_EQ(-ESTALE, t_end(&t[0]));
	t_until_waiters(s, e, 2);
	EXPECT_EQ(0, t_revoke(s, g));
	EXPECT_EQ(-ESTALE, t_end(&t[1]));
	t_until_waiters(s, e, 1);
	EXPECT_EQ(0, t_raw(s, t_cmd(KSHARE_OP_EVENT_SET, e)));
	EXPECT_EQ(0, t_end(&t[2]));
	t_leave(other);
}

/* Nobody lets it go on but who revokes, or its own look whether that has been. */
TEST_F(kshare, a_wait_that_begins_while_it_is_revoked_ends)
{
	struct side *s = &self->s, *other = t_open();
	int e = t_create(s, KSHARE_TYPE_EVENT), rounds = t_rounds(1500), i, g, h;
	struct t_thread t;

	for (i = 0; i < rounds; i++) {
		g = t_revocable(s, e);
		h = t_give(s, g, other);
		t_begin(other, &t, t_cmd(KSHARE_OP_EVENT_WAIT, h), false);
		ASSERT_EQ(0, t_revoke(s, g));
		ASSERT_EQ(-ESTALE, t_end(&t));
		ASSERT_EQ(0, t_close(other, h));
		ASSERT_EQ(0, t_close(s, g));
	}
	t_leave(other);
}

/* What it compares with is a page that keeps it, until the handle is revoked. */
TEST_F(kshare, a_wait_is_refused_whose_handle_is_revoked_before_it_is_in_line)
{
	static const char text[] = "a text that is too long to stand in place";
	struct side *s = &self->s, *other = t_open();
	int c = t_create(s, KSHARE_TYPE_CELL), g = t_revocable(s, c), h = t_give(s, g, other);
	struct kshare_cmd cmd = t_cmd(KSHARE_OP_CELL_WAIT, h);
	struct kshare_stat stat;
	static struct t_thread t;
	struct t_lazy lazy;

	if (!t_lazy_begin(&lazy, NULL))
		SKIP(return, "no userfaultfd");
	EXPECT_EQ(0, t_run_with(s, KSHARE_OP_CELL_SET, c, t_bytes(text, sizeof(text))));
	cmd.flags = KSHARE_UNTIL_NE;
	cmd.value = t_bytes(lazy.page, sizeof(text));
	/* So that it ends at all if it should not be refused. */
	cmd.deadline = t_now() + T_LONG;
	t_begin(other, &t, cmd, false);
	ASSERT_TRUE(t_lazy_touched(&lazy));
	EXPECT_EQ(0, t_revoke(s, g));
	EXPECT_TRUE(t_lazy_fill(&lazy, text));
	EXPECT_EQ(-ESTALE, t_end(&t));
	EXPECT_EQ(0, t_stat(s, c, &stat));
	EXPECT_EQ(0, stat.waiters);
	t_lazy_end(&lazy);
	t_leave(other);
}

/* An outer one ends waits by way of an inner one. */
TEST_F(kshare, an_outer_one_ends_waits_by_way_of_an_inner_one)
{
	struct side *s = &self->s, *other = t_open();
	int q = t_create(s, KSHARE_TYPE_QUEUE), g = t_revocable(s, q), gg = t_revocable(s, g);
	struct t_thread t;

	t_begin(other, &t, t_cmd(KSHARE_OP_QUEUE_GET, t_give(s, gg, other)), false);
	t_until_waiters(s, q, 1);
	EXPECT_EQ(0, t_revoke(s, g));
	EXPECT_EQ(-ESTALE, t_end(&t));
	EXPECT_EQ(0, t_revoke(s, gg));
	t_leave(other);
}

/*
 * @stage: 0 in the condition's line, 1 notified, in the lock's line.  The first one has
 * the lock again whatever it is told.
 */
TEST_F(kshare, a_wait_for_a_condition_ends_with_the_lock)
{
	struct side *s = &self->s;
	int stage;

	for (stage = 0; stage < 2; stage++) {
		struct side *other = t_open();
		int l = t_create(s, KSHARE_TYPE_LOCK), c, g, theirs, h;
		static struct t_thread first, second;
		struct kshare_cmd cmd = t_with_key(KSHARE_OP_LOCK_ACQUIRE, l, t_uint(2));
		struct kshare_stat stat;

		c = t_create_with(s, KSHARE_TYPE_CONDITION, 0, t_none(), t_ref(l));
		g = t_revocable(s, c);
		theirs = t_give(s, l, other);
		h = t_give(s, g, other);
		ASSERT_EQ(1, t_raw(other, owned(KSHARE_OP_LOCK_ACQUIRE, theirs)));
		t_begin(other, &first, owned(KSHARE_OP_CONDITION_WAIT, h), true);
		t_until_waiters(s, c, 1);
		ASSERT_EQ(1, t_raw(s, cmd));
		cmd.op = KSHARE_OP_CONDITION_WAIT;
		cmd.handle = c;
		t_begin(s, &second, cmd, true);
		t_until_waiters(s, c, 2);
		ASSERT_EQ(1, t_raw(s, owned(KSHARE_OP_LOCK_ACQUIRE, l)));
		if (stage)
			EXPECT_EQ(1, t_raw(s, owned(KSHARE_OP_CONDITION_NOTIFY, c)));
		EXPECT_EQ(0, t_revoke(s, g));
		/* The first one has left the line, and has not used a notify up. */
		t_until_waiters(s, c, 1);
		t_until_waiters(s, l, 1);
		EXPECT_EQ(1, t_raw(s, owned(KSHARE_OP_CONDITION_NOTIFY, c)));
		t_until_waiters(s, l, 2);
		EXPECT_EQ(0, t_raw(s, owned(KSHARE_OP_LOCK_RELEASE, l)));
		/* To be revoked does not take back that it was notified. */
		EXPECT_EQ(stage ? 1 : -ESTALE, t_end(&first));
		EXPECT_EQ(0, t_stat(s, l, &stat));
		EXPECT_EQ(stat.token, first.out.head.number);
		EXPECT_EQ(0, t_raw(other, owned(KSHARE_OP_LOCK_RELEASE, theirs)));
		EXPECT_EQ(1, t_end(&second));
		cmd.op = KSHARE_OP_LOCK_RELEASE;
		cmd.handle = l;
		EXPECT_EQ(0, t_raw(s, cmd));
		EXPECT_EQ(0, t_stat(s, l, &stat));
		EXPECT_EQ(0, stat.waiters);
		t_leave(other);
	}
}

/* An rlock as deep as it was, when the wait is refused and when it ends. */
TEST_F(kshare, after_stale_the_lock_of_a_condition_is_held_however_it_came)
{
	struct side *s = &self->s, *other = t_open();
	int l = t_create(s, KSHARE_TYPE_RLOCK), rounds = t_rounds(500), i, waited = 0;
	int c = t_create_with(s, KSHARE_TYPE_CONDITION, 0, t_none(), t_ref(l));
	int theirs = t_give(s, l, other);
	static struct t_thread t;

	for (i = 0; i < rounds; i++) {
		int g = t_revocable(s, c), h = t_give(s, g, other);

		ASSERT_EQ(1, t_raw(other, owned(KSHARE_OP_LOCK_ACQUIRE, theirs)));
		ASSERT_EQ(2, t_raw(other, owned(KSHARE_OP_LOCK_ACQUIRE, theirs)));
		t.out.head.number = 0;
		t_begin(other, &t, owned(KSHARE_OP_CONDITION_WAIT, h), true);
		/* The first time it waits for certain. */
		if (!i)
			t_until_waiters(s, c, 1);
		ASSERT_EQ(0, t_revoke(s, g));
		ASSERT_EQ(-ESTALE, t_end(&t));
		waited += !!t.out.head.number;
		/* And so it is when it begins after that. */
		ASSERT_EQ(-ESTALE, t_raw(other, owned(KSHARE_OP_CONDITION_WAIT, h)));
		ASSERT_EQ(1, t_raw(other, owned(KSHARE_OP_LOCK_RELEASE, theirs)));
		ASSERT_EQ(0, t_raw(other, owned(KSHARE_OP_LOCK_RELEASE, theirs)));
		ASSERT_EQ(0, t_close(other, h));
		ASSERT_EQ(0, t_close(s, g));
	}
	EXPECT_LT(0, waited);
	T_OUTCOMES("%d ended, %d were refused", waited, rounds - waited);
	t_leave(other);
}

/* With the lock revoked as well, it goes to the next. */
TEST_F(kshare, who_has_no_way_to_the_lock_left_does_not_keep_it)
{
	struct side *s = &self->s, *other = t_open();
	int l = t_create(s, KSHARE_TYPE_LOCK), lg = t_revocable(s, l), cg, h, theirs;
	int c = t_create_with(s, KSHARE_TYPE_CONDITION, 0, t_none(), t_ref(l));
	static struct t_thread t;

	cg = t_revocable(s, c);
	h = t_give(s, cg, other);
	theirs = t_give(s, lg, other);
	ASSERT_EQ(1, t_raw(other, owned(KSHARE_OP_LOCK_ACQUIRE, theirs)));
	t_begin(other, &t, owned(KSHARE_OP_CONDITION_WAIT, h), true);
	t_until_waiters(s, c, 1);
	EXPECT_EQ(0, t_revoke(s, lg));
	EXPECT_EQ(0, t_revoke(s, cg));
	EXPECT_EQ(-ESTALE, t_end(&t));
	EXPECT_EQ(1, t_raw(s, owned(KSHARE_OP_LOCK_ACQUIRE, l)));
	EXPECT_EQ(0, t_raw(s, owned(KSHARE_OP_LOCK_RELEASE, l)));
	t_leave(other);
}

static uint64_t length(struct side *s, int h)
{
	struct kshare_stat stat;

	return t_stat(s, h, &stat) ? 9999 : stat.length;
}

/* What is held by clients: the first has no other way, the second one has. */
TEST_F(kshare, what_is_held_by_way_of_it_alone_is_given_back)
{
	struct side *s = &self->s, *held[2] = { t_open(), t_open() };
	struct kshare_cmd cmd;
	int h[2][4], o[4], g[4], i, k;

	for (i = 0; i < 4; i++) {
		static const uint32_t types[] = {
			KSHARE_TYPE_SEMAPHORE, KSHARE_TYPE_QUEUE, KSHARE_TYPE_RWLOCK,
			KSHARE_TYPE_LOCK,
		};

		o[i] = t_create_elem(s, types[i], 0, i ? 0 : 5);
		g[i] = t_revocable(s, o[i]);
		for (k = 0; k < 2; k++)
			h[k][i] = t_give(s, g[i], held[k]);
		t_give(s, o[i], held[1]);
	}
	for (i = 0; i < 4; i++)
		EXPECT_EQ(0, t_run_with(s, KSHARE_OP_QUEUE_PUT, o[1], t_int(i)));
	for (k = 0; k < 2; k++) {
		EXPECT_EQ(0, t_raw(held[k], t_with_nr(KSHARE_OP_SEMAPHORE_ACQUIRE, h[k][0], 2)));
		cmd = t_cmd(KSHARE_OP_QUEUE_GET, h[k][1]);
		cmd.flags = KSHARE_LEASE;
		EXPECT_EQ(1, t_run(held[k], cmd));
		EXPECT_EQ(k, held[k]->out.values[0].i);
		cmd = owned(KSHARE_OP_RWLOCK_ACQUIRE, h[k][2]);
		cmd.flags = KSHARE_SHARED;
		EXPECT_EQ(0, t_raw(held[k], cmd));
	}
	EXPECT_EQ(1, t_raw(held[0], owned(KSHARE_OP_LOCK_ACQUIRE, h[0][3])));
	EXPECT_EQ(1, length(s, o[0]));
	EXPECT_EQ(2, length(s, o[1]));
	EXPECT_EQ(2, length(s, o[2]));
	for (i = 0; i < 4; i++)
		EXPECT_EQ(0, t_revoke(s, g[i]));
	EXPECT_EQ(3, length(s, o[0]));
	EXPECT_EQ(3, length(s, o[1]));
	EXPECT_EQ(1, length(s, o[2]));
	/* It comes first again, and it is told how often it was taken. */
	EXPECT_EQ(2, t_run(s, t_cmd(KSHARE_OP_QUEUE_GET, o[1])));
	EXPECT_EQ(0, s->out.values[0].i);
	EXPECT_EQ(1, t_run(s, owned(KSHARE_OP_LOCK_ACQUIRE, o[3])));
	EXPECT_EQ(KSHARE_R_OWNER_DIED, s->out.head.flags);
	EXPECT_EQ(0, t_raw(s, owned(KSHARE_OP_LOCK_RELEASE, o[3])));
	t_leave(held[0]);
	EXPECT_EQ(3, length(s, o[0]));
	EXPECT_EQ(2, length(s, o[1]));
	t_leave(held[1]);
	EXPECT_EQ(5, length(s, o[0]));
	EXPECT_EQ(3, length(s, o[1]));
	EXPECT_EQ(0, length(s, o[2]));
}

TEST_F(kshare, a_lock_stays_with_who_has_another_way_and_goes_to_who_waits_otherwise)
{
	struct side *s = &self->s, *other = t_open();
	int l = t_create(s, KSHARE_TYPE_RLOCK), g = t_revocable(s, l), g2 = t_revocable(s, l);
	int h = t_give(s, g, other), h2 = t_give(s, g2, other);
	struct t_thread t;

	EXPECT_EQ(1, t_raw(other, owned(KSHARE_OP_LOCK_ACQUIRE, h)));
	EXPECT_EQ(2, t_raw(other, owned(KSHARE_OP_LOCK_ACQUIRE, h2)));
	t_begin(s, &t, owned(KSHARE_OP_LOCK_ACQUIRE, l), true);
	t_until_waiters(s, l, 1);
	EXPECT_EQ(0, t_revoke(s, g));
	EXPECT_EQ(-ESTALE, t_raw(other, owned(KSHARE_OP_LOCK_RELEASE, h)));
	EXPECT_EQ(1, t_raw(other, owned(KSHARE_OP_LOCK_RELEASE, h2)));
	t_until_waiters(s, l, 1);
	EXPECT_EQ(0, t_revoke(s, g2));
	EXPECT_EQ(1, t_end(&t));
	EXPECT_EQ(KSHARE_R_OWNER_DIED, t.out.head.flags);
	t_leave(other);
}

struct race {
	int puts, gets, acks, locks, permits;
};

/* One of those who use what they find in @box, and have no other way to it */
static int use(struct side *s, int box, struct race *race, unsigned int seed)
{
	struct kshare_cmd cmd;
	int h[3], ret, i;

	while (!t_counted(0)) {
		if (t_run(s, t_cmd(KSHARE_OP_CELL_GET, box)))
			return 1;
		ret = s->out.values[0].ref.handle;
		/* A list of three references, which is revoked itself with the rest */
		for (i = 0; i < 3; i++)
			h[i] = t_take(s, ret, i);
		t_close(s, ret);
		do {
			switch (rand_r(&seed) % 5) {
			case 0:
				ret = t_raw(s, owned(KSHARE_OP_LOCK_ACQUIRE, h[0]));
				if (ret < 0)
					break;
				__atomic_add_fetch(&race->locks, 1, __ATOMIC_SEQ_CST);
				ret = t_raw(s, owned(KSHARE_OP_LOCK_RELEASE, h[0]));
				break;
			case 1:
				cmd = t_with_nr(KSHARE_OP_SEMAPHORE_ACQUIRE, h[1],
						1 + rand_r(&seed) % 2);
				ret = t_raw(s, cmd);
				if (ret < 0)
					break;
				__atomic_add_fetch(&race->permits, 1, __ATOMIC_SEQ_CST);
				cmd.op = KSHARE_OP_SEMAPHORE_RELEASE;
				ret = t_raw(s, cmd);
				break;
			case 2:
				ret = t_raw(s, t_cmd(KSHARE_OP_QUEUE_PUT, h[2]));
				if (!ret)
					__atomic_add_fetch(&race->puts, 1, __ATOMIC_SEQ_CST);
				break;
			case 3:
				cmd = t_cmd(KSHARE_OP_QUEUE_GET, h[2]);
				cmd.flags = KSHARE_NOWAIT;
				ret = t_raw(s, cmd);
				if (ret > 0)
					__atomic_add_fetch(&race->gets, 1, __ATOMIC_SEQ_CST);
				break;
			default:
				cmd = t_cmd(KSHARE_OP_QUEUE_GET, h[2]);
				cmd.flags = KSHARE_LEASE;
				cmd.deadline = t_now() + rand_r(&seed) % 100000;
				ret = t_run(s, cmd);
				if (ret <= 0)
					break;
				cmd = t_with_key(KSHARE_OP_QUEUE_ACK, h[2],
						 t_uint(s->out.head.number));
				ret = t_raw(s, cmd);
				if (!ret)
					__atomic_add_fetch(&race->acks, 1, __ATOMIC_SEQ_CST);
			}
		} while (ret >= 0 || ret == -EAGAIN || ret == -ETIMEDOUT);
		/* Given back in the midst of it: not ours any more */
		if (ret != -ESTALE && ret != -EPERM && ret != -ENOENT) {
			fprintf(stderr, "# not revoked but %d\n", ret);
			return 2;
		}
		for (i = 0; i < 3; i++)
			t_close(s, h[i]);
	}
	return 0;
}

#define USERS	3

TEST_F(kshare, acquired_and_taken_while_it_is_revoked_nothing_is_lost)
{
	static const uint32_t types[] = {
		KSHARE_TYPE_LOCK, KSHARE_TYPE_SEMAPHORE, KSHARE_TYPE_QUEUE,
	};
	struct side *s = &self->s;
	int rounds = t_rounds(500), round, i, o[3], g[3], box, list, before;
	struct kshare_cmd cmd;
	struct race *race;
	pid_t pids[USERS];

	t_share_counts();
	race = (struct race *)(t_counts + 16);
	for (i = 0; i < 3; i++)
		o[i] = t_create_with(s, types[i], KSHARE_NO_INHERIT,
				     i == 1 ? t_int(3) : t_none(), t_none());
	box = t_create(s, KSHARE_TYPE_CELL);
	for (round = 0; round < rounds; round++) {
		list = t_create_with(s, KSHARE_TYPE_LIST, KSHARE_NO_INHERIT, t_none(), t_none());
		for (i = 0; i < 3; i++) {
			cmd = t_cmd(KSHARE_OP_DUP, o[i]);
			cmd.flags = KSHARE_REVOCABLE | KSHARE_NO_INHERIT;
			g[i] = t_raw(s, cmd);
			ASSERT_EQ(0, t_append(s, list, t_ref(g[i])));
		}
		ASSERT_EQ(0, t_run_with(s, KSHARE_OP_CELL_SET, box, t_ref(list)));
		for (i = 0; i < USERS && !round; i++) {
			pids[i] = t_fork(s);
			if (!pids[i])
				_exit(use(s, box, race, i));
		}
		/* Something happens in each round, whatever it is. */
		before = race->locks + race->permits + race->puts;
		while (__atomic_load_n(&race->locks, __ATOMIC_SEQ_CST) +
		       __atomic_load_n(&race->permits, __ATOMIC_SEQ_CST) +
		       __atomic_load_n(&race->puts, __ATOMIC_SEQ_CST) < before + round % 4)
			sched_yield();
		for (i = 0; i < 3; i++) {
			ASSERT_EQ(0, t_revoke(s, g[(i + round) % 3]));
			ASSERT_EQ(0, t_close(s, g[(i + round) % 3]));
		}
		ASSERT_EQ(0, t_close(s, list));
		/* Nobody keeps any of it; commands under way may still be about to give it back. */
		cmd = t_with_nr(KSHARE_OP_SEMAPHORE_ACQUIRE, o[1], 3);
		cmd.deadline = t_now() + T_LONG;
		ASSERT_EQ(0, t_raw(s, cmd));
		cmd = t_with_nr(KSHARE_OP_SEMAPHORE_RELEASE, o[1], 3);
		ASSERT_EQ(0, t_raw(s, cmd));
		cmd = owned(KSHARE_OP_LOCK_ACQUIRE, o[0]);
		cmd.deadline = t_now() + T_LONG;
		ASSERT_EQ(1, t_raw(s, cmd));
		ASSERT_EQ(0, t_raw(s, owned(KSHARE_OP_LOCK_RELEASE, o[0])));
	}
	t_count(0);
	for (i = 0; i < USERS; i++)
		EXPECT_EQ(0, t_wait(pids[i]));
	EXPECT_EQ(3, length(s, o[1]));
	EXPECT_EQ(race->puts, race->gets + race->acks + (int)length(s, o[2]));
	T_OUTCOMES("%d locks, %d permits, %d put, %d taken, %d on lease", race->locks,
		   race->permits, race->puts, race->gets, race->acks);
}

TEST_HARNESS_MAIN
