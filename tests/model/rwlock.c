// SPDX-License-Identifier: GPL-2.0
/*
 * Rwlocks.  Of their tokens see lock.c.
 */
#include <string.h>

#include "model.h"

#define TAGS	OWNERS

struct rwlock {
	uint64_t token;
	uint32_t alone;		/* its owner, + 1; 0: nobody has it alone */
	uint32_t died;		/* the last that had it alone has */
	uint32_t was_died;
	uint32_t held;
	uint8_t count[OWNERS];	/* how often each has it */
	uint8_t tag[OWNERS];	/* of the acquisition that is to be undone, + 1; or 0 */
	uint8_t reserved[4];
};

static uint32_t rwlock_create(unsigned int object)
{
	(void)object;
	return model_create(KSHARE_TYPE_RWLOCK, 0, 0, NOTHING, NOTHING);
}

static void rwlock_begin(unsigned int object, void *state)
{
	struct op acquire = { .op = KSHARE_OP_RWLOCK_ACQUIRE, .object = object, .out = true };
	struct op release = { .op = KSHARE_OP_RWLOCK_RELEASE, .object = object };
	struct rwlock *l = state;

	acquire.wait = WAIT_NOT;
	op_do(&acquire);
	op_do(&release);
	l->token = acquire.number;
}

static void rwlock_acquire(struct rwlock *l, const struct op *op, bool undone, struct answer *a)
{
	bool shared = op->flags & KSHARE_SHARED, mine = l->count[op->owner];
	bool late = op_told(op) && op->number < l->token + !shared;

	if (mine && (l->alone == op->owner + 1u || !shared) && op->wait == WAIT_LONG) {
		a->ret = -EDEADLK;
	} else if (l->alone || (!shared && l->held)) {
		a->ret = MUST_WAIT;
	} else if (late || (undone && mine)) {
		a->ret = NOT_NOW;
	} else {
		a->rflags = l->died ? KSHARE_R_OWNER_DIED : 0;
		if (op_told(op))
			l->token = op->number;
		else if (!shared)
			l->token++;
		if (!shared) {
			l->alone = op->owner + 1;
			l->was_died = undone && l->died;
			l->died = 0;
		}
		l->held += !mine;
		l->count[op->owner]++;
		if (undone)
			l->tag[op->owner] = op->tag + 1;
	}
}

static void rwlock_drop(struct rwlock *l, unsigned int owner)
{
	l->count[owner] = 0;
	l->held--;
	if (l->alone == owner + 1)
		l->alone = 0;
}

static void rwlock_apply(void *state, const struct op *op, bool undone, struct answer *a)
{
	struct rwlock *l = state;

	if (op->op == KSHARE_OP_RWLOCK_ACQUIRE) {
		rwlock_acquire(l, op, undone, a);
	} else if (undone) {
		a->ret = NOT_NOW;
	} else if (op->op == KSHARE_OP_RWLOCK_DOWNGRADE) {
		if (l->alone == op->owner + 1u)
			l->alone = 0;
		else
			a->ret = -EPERM;
	} else if (!l->count[op->owner]) {
		a->ret = -EPERM;
	} else if (l->count[op->owner] > 1) {
		l->count[op->owner]--;
	} else {
		rwlock_drop(l, op->owner);
	}
}

static bool rwlock_undo(void *state, const struct op *op)
{
	struct rwlock *l = state;

	if (l->tag[op->owner] != op->tag + 1)
		return false;
	if (l->alone == op->owner + 1u) {
		l->died = l->was_died;
		l->was_died = 0;
	}
	rwlock_drop(l, op->owner);
	l->tag[op->owner] = 0;
	return true;
}

static bool rwlock_settle(void *state, const struct op *op)
{
	struct rwlock *l = state;
	unsigned int i;

	for (i = op->client * THREADS; i < (op->client + 1u) * THREADS; i++) {
		if (l->tag[i])
			return false;
		if (!l->count[i])
			continue;
		if (l->alone == i + 1)
			l->died = 1;
		rwlock_drop(l, i);
	}
	return true;
}

static int rwlock_waits(const struct op *op)
{
	return op->op == KSHARE_OP_RWLOCK_ACQUIRE;
}

static void rwlock_choose(struct worker *w, struct op *op)
{
	int held = w->held[op->object];
	unsigned int i;

	op->own = w->names;
	if (held ? rnd(w, 3) : !rnd(w, 10)) {
		op->op = rnd(w, 4) ? KSHARE_OP_RWLOCK_RELEASE : KSHARE_OP_RWLOCK_DOWNGRADE;
		return;
	}
	op->op = KSHARE_OP_RWLOCK_ACQUIRE;
	op->flags = rnd(w, 2) ? KSHARE_SHARED : 0;
	op->out = rnd(w, 2);
	op->wait = WAIT_NOT + rnd(w, 3);
	for (i = 0; i < MAX_OBJECTS; i++)
		if (w->held[i])
			return;
	/* Who holds nothing may wait for long: whoever holds it does not. */
	if (rnd(w, 2))
		op->wait = WAIT_LONG;
}

static void rwlock_learn(struct worker *w, const struct op *op)
{
	if (op->ret)
		return;
	if (op->op == KSHARE_OP_RWLOCK_ACQUIRE)
		w->held[op->object]++;
	else if (op->op == KSHARE_OP_RWLOCK_RELEASE)
		w->held[op->object]--;
}

static bool rwlock_release(struct worker *w, struct op *op)
{
	op->op = KSHARE_OP_RWLOCK_RELEASE;
	op->own = w->names;
	return w->held[op->object] > 0;
}

static bool rwlock_look(struct worker *w, struct op *op, unsigned int step)
{
	(void)w;
	if (step % 2) {
		op->op = KSHARE_OP_RWLOCK_RELEASE;
	} else {
		op->op = KSHARE_OP_RWLOCK_ACQUIRE;
		op->flags = step ? 0 : KSHARE_SHARED;
		op->wait = WAIT_NOT;
		op->out = true;
	}
	return step < 4;
}

const struct model model_rwlock = {
	.name = "rwlock",
	.objects = 2,
	.size = sizeof(struct rwlock),
	.undoes = true,
	.create = rwlock_create,
	.begin = rwlock_begin,
	.apply = rwlock_apply,
	.undo = rwlock_undo,
	.settle = rwlock_settle,
	.waits = rwlock_waits,
	.choose = rwlock_choose,
	.learn = rwlock_learn,
	.release = rwlock_release,
	.look = rwlock_look,
};

_Static_assert(sizeof(struct rwlock) % 8 == 0, "a state is hashed by words");
