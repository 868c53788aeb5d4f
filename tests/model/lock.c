// SPDX-License-Identifier: GPL-2.0
/*
 * Locks of all kinds, and rlocks.
 *
 * That a fencing token is larger than all before is checked, not by how much: what a
 * dying thread was handed and could not use may have taken some.  For an acquisition
 * that told nobody its token, the model has the least that it can have been.
 */
#include "model.h"

enum { PLAIN, RECURSIVE, ANY_RELEASES, OVERTAKE };

struct lock {
	uint32_t kind;
	uint32_t owner;		/* + 1; 0: nobody */
	uint32_t depth;
	uint32_t died;		/* its last owner has */
	uint64_t token;
	uint32_t tag;		/* of the acquisition that is to be undone, + 1; or 0 */
	uint32_t was_died;	/* before it */
};

static uint32_t lock_create(unsigned int object)
{
	static const uint32_t flags[] = { 0, 0, KSHARE_ANY_RELEASES, KSHARE_OVERTAKE };

	return model_create(object == RECURSIVE ? KSHARE_TYPE_RLOCK : KSHARE_TYPE_LOCK, 0,
			    flags[object], NOTHING, NOTHING);
}

static void lock_begin(unsigned int object, void *state)
{
	struct op acquire = { .op = KSHARE_OP_LOCK_ACQUIRE, .object = object, .out = true };
	struct op release = { .op = KSHARE_OP_LOCK_RELEASE, .object = object };
	struct lock *l = state;

	acquire.wait = WAIT_NOT;
	op_do(&acquire);
	op_do(&release);
	l->kind = object;
	l->token = acquire.number;
}

static void lock_acquire(struct lock *l, const struct op *op, bool undone, struct answer *a)
{
	if (!l->owner) {
		if (op_told(op) && op->number <= l->token) {
			a->ret = NOT_NOW;
			return;
		}
		l->token = op_told(op) ? op->number : l->token + 1;
		l->was_died = undone && l->died;
		a->rflags = l->died ? KSHARE_R_OWNER_DIED : 0;
		l->died = 0;
		l->owner = op->owner + 1;
		l->depth = 1;
		l->tag = undone ? op->tag + 1 : 0;
		a->ret = 1;
	} else if (undone || l->owner != op->owner + 1u) {
		a->ret = MUST_WAIT;
	} else if (l->kind == RECURSIVE) {
		if (op_told(op) && op->number < l->token) {
			a->ret = NOT_NOW;
			return;
		}
		if (op_told(op))
			l->token = op->number;
		a->ret = ++l->depth;
	} else {
		a->ret = op->wait == WAIT_LONG && l->kind != ANY_RELEASES ? -EDEADLK : MUST_WAIT;
	}
}

static void lock_apply(void *state, const struct op *op, bool undone, struct answer *a)
{
	struct lock *l = state;

	if (op->op == KSHARE_OP_LOCK_ACQUIRE) {
		lock_acquire(l, op, undone, a);
	} else if (undone) {
		a->ret = NOT_NOW;
	} else if (!l->owner || (l->owner != op->owner + 1u && l->kind != ANY_RELEASES)) {
		a->ret = -EPERM;
	} else {
		a->ret = --l->depth;
		if (!l->depth) {
			l->owner = 0;
			l->tag = 0;
			l->was_died = 0;
		}
	}
}

/* That it was acquired last may not have been: then it was held all the time. */
void lock_keep_token(void *state)
{
	struct lock *l = state;

	l->token--;
}

static bool lock_undo(void *state, const struct op *op)
{
	struct lock *l = state;

	if (l->tag != op->tag + 1u)
		return false;
	l->died = l->was_died;
	l->was_died = 0;
	l->owner = 0;
	l->depth = 0;
	l->tag = 0;
	return true;
}

static bool lock_settle(void *state, const struct op *op)
{
	struct lock *l = state;

	if (!l->owner || (l->owner - 1) / THREADS != op->client)
		return true;
	if (l->tag)
		return false;
	l->owner = 0;
	l->depth = 0;
	l->died = 1;
	return true;
}

static int lock_waits(const struct op *op)
{
	return op->op == KSHARE_OP_LOCK_ACQUIRE;
}

static bool holds_any(const struct worker *w)
{
	int i;

	for (i = 0; i < MAX_OBJECTS; i++)
		if (w->held[i])
			return true;
	return false;
}

static void lock_choose(struct worker *w, struct op *op)
{
	int held = w->held[op->object];

	op->own = w->names;
	if (held ? rnd(w, 4) : !rnd(w, 8)) {
		op->op = KSHARE_OP_LOCK_RELEASE;
		return;
	}
	op->op = KSHARE_OP_LOCK_ACQUIRE;
	op->out = rnd(w, 3);
	op->wait = WAIT_NOT + rnd(w, 3);
	/* Who holds nothing may wait for long: whoever holds it does not. */
	if (!holds_any(w) && rnd(w, 2))
		op->wait = WAIT_LONG;
	else if (held && op->object == PLAIN && rnd(w, 2))
		op->wait = WAIT_LONG;
}

static void lock_learn(struct worker *w, const struct op *op)
{
	if (op->op == KSHARE_OP_LOCK_ACQUIRE && op->ret > 0)
		w->held[op->object]++;
	else if (op->op == KSHARE_OP_LOCK_RELEASE)
		w->held[op->object] = op->ret > 0 ? op->ret : 0;
}

static bool lock_release(struct worker *w, struct op *op)
{
	op->op = KSHARE_OP_LOCK_RELEASE;
	op->own = w->names;
	return w->held[op->object] > 0;
}

/* It can be had. */
static bool lock_look(struct worker *w, struct op *op, unsigned int step)
{
	(void)w;
	if (step == 1) {
		op->op = KSHARE_OP_LOCK_RELEASE;
	} else {
		op->op = KSHARE_OP_LOCK_ACQUIRE;
		op->wait = WAIT_NOT;
		op->out = true;
	}
	return step < 2;
}

const struct model model_lock = {
	.name = "lock",
	.objects = 4,
	.size = sizeof(struct lock),
	.undoes = true,
	.create = lock_create,
	.begin = lock_begin,
	.apply = lock_apply,
	.undo = lock_undo,
	.settle = lock_settle,
	.waits = lock_waits,
	.choose = lock_choose,
	.learn = lock_learn,
	.release = lock_release,
	.look = lock_look,
};
