// SPDX-License-Identifier: GPL-2.0
/*
 * Semaphores whose clients' permits are known, and such whose permits are nobody's, both
 * with and without a bound.
 */
#include "model.h"

#define TAGS	8

struct semaphore {
	uint32_t kind;
	uint32_t free;
	uint8_t held[CLIENTS];
	uint8_t reserved[7];
	struct {
		uint8_t tag;	/* of the acquisition that is to be undone, + 1; or 0 */
		uint8_t client;
		uint8_t permits;
		uint8_t reserved;
	} undo[TAGS];
};

_Static_assert(sizeof(struct semaphore) % 8 == 0, "a state is hashed by words");

static const struct {
	uint32_t flags, permits, bound;
} kinds[] = {
	{ 0, 3, 0 },
	{ 0, 2, 4 },
	{ KSHARE_SIGNALLING, 2, 0 },
	{ KSHARE_SIGNALLING, 2, 4 },
};

/* Is it known whose permits are taken? */
static bool is_tracked(unsigned int kind)
{
	return !(kinds[kind].flags & KSHARE_SIGNALLING);
}

static uint32_t semaphore_create(unsigned int object)
{
	return model_create(KSHARE_TYPE_SEMAPHORE, 0, kinds[object].flags, kinds[object].permits,
			    kinds[object].bound ? (int64_t)kinds[object].bound : NOTHING);
}

static void semaphore_begin(unsigned int object, void *state)
{
	struct op op = { .op = KSHARE_OP_SEMAPHORE_VALUE, .object = object, .out = true };
	struct semaphore *s = state;

	op_do(&op);
	s->kind = object;
	s->free = op.number;
	if (is_tracked(object) || s->free == kinds[object].permits)
		return;
	/* What was held by who died is lost. */
	op = (struct op){ .object = object };
	if (s->free < kinds[object].permits) {
		op.op = KSHARE_OP_SEMAPHORE_RELEASE;
		op.nr = kinds[object].permits - s->free;
	} else {
		op.op = KSHARE_OP_SEMAPHORE_ACQUIRE;
		op.nr = s->free - kinds[object].permits;
		op.wait = WAIT_NOT;
	}
	op_do(&op);
	s->free = kinds[object].permits;
}

static void semaphore_acquire(struct semaphore *s, const struct op *op, bool undone,
			      struct answer *a)
{
	uint32_t n = op->nr ? op->nr : 1;
	int i;

	if (kinds[s->kind].bound && n > kinds[s->kind].bound) {
		a->ret = -EOVERFLOW;
		return;
	}
	if (n > s->free) {
		a->ret = MUST_WAIT;
		return;
	}
	s->free -= n;
	if (is_tracked(s->kind))
		s->held[op->client] += n;
	answer_number(a, s->free);
	if (!undone)
		return;
	for (i = 0; i < TAGS && s->undo[i].tag; i++)
		;
	if (i == TAGS) {
		a->ret = NOT_NOW;
		return;
	}
	s->undo[i].tag = op->tag + 1;
	s->undo[i].client = op->client;
	s->undo[i].permits = n;
}

static void semaphore_apply(void *state, const struct op *op, bool undone, struct answer *a)
{
	struct semaphore *s = state;
	uint32_t n = op->nr ? op->nr : 1;

	if (op->op == KSHARE_OP_SEMAPHORE_ACQUIRE) {
		semaphore_acquire(s, op, undone, a);
	} else if (undone) {
		a->ret = NOT_NOW;
	} else if (op->op == KSHARE_OP_SEMAPHORE_VALUE) {
		answer_number(a, s->free);
	} else if (kinds[s->kind].bound && s->free + n > kinds[s->kind].bound) {
		a->ret = -EOVERFLOW;
	} else if (is_tracked(s->kind) && n > s->held[op->client]) {
		a->ret = -EPERM;
	} else {
		s->free += n;
		if (is_tracked(s->kind))
			s->held[op->client] -= n;
		answer_number(a, s->free);
	}
}

static bool semaphore_undo(void *state, const struct op *op)
{
	struct semaphore *s = state;
	uint32_t n;
	int i;

	for (i = 0; i < TAGS && s->undo[i].tag != op->tag + 1; i++)
		;
	if (i == TAGS)
		return false;
	n = s->undo[i].permits;
	s->undo[i].tag = 0;
	s->undo[i].client = 0;
	s->undo[i].permits = 0;
	/* Another thread of its client may have given them back. */
	if (!is_tracked(s->kind)) {
		s->free += n;
	} else if (s->held[op->client] >= n) {
		s->held[op->client] -= n;
		s->free += n;
	}
	return true;
}

static bool semaphore_settle(void *state, const struct op *op)
{
	struct semaphore *s = state;
	int i;

	for (i = 0; i < TAGS; i++)
		if (s->undo[i].tag && s->undo[i].client == op->client)
			return false;
	s->free += s->held[op->client];
	s->held[op->client] = 0;
	return true;
}

static int semaphore_waits(const struct op *op)
{
	return op->op == KSHARE_OP_SEMAPHORE_ACQUIRE;
}

static void semaphore_choose(struct worker *w, struct op *op)
{
	int held = w->held[op->object];
	unsigned int i;

	op->out = rnd(w, 2);
	if (!rnd(w, 6)) {
		op->op = KSHARE_OP_SEMAPHORE_VALUE;
		op->out = true;
		return;
	}
	op->nr = rnd(w, 3);
	if (held ? rnd(w, 3) : !rnd(w, 8)) {
		op->op = KSHARE_OP_SEMAPHORE_RELEASE;
		return;
	}
	op->op = KSHARE_OP_SEMAPHORE_ACQUIRE;
	op->wait = WAIT_NOT + rnd(w, 3);
	if (!rnd(w, 12))
		op->nr = 5;
	for (i = 0; i < MAX_OBJECTS; i++)
		if (w->held[i])
			return;
	/* Who holds none may wait for long, if who holds them cannot take them along. */
	if (is_tracked(op->object) && op->nr < 3 && rnd(w, 2))
		op->wait = WAIT_LONG;
}

static void semaphore_learn(struct worker *w, const struct op *op)
{
	int n = op->nr ? op->nr : 1;

	if (op->op == KSHARE_OP_SEMAPHORE_ACQUIRE && !op->ret)
		w->held[op->object] += n;
	if (op->op != KSHARE_OP_SEMAPHORE_RELEASE)
		return;
	/* Others may have given them back: there are as many as there may be, */
	if (op->ret == -EOVERFLOW)
		w->held[op->object] = 0;
	/* or less than it asked for. */
	else if (op->ret == -EPERM && w->held[op->object] >= n)
		w->held[op->object] = n - 1;
	else if (!op->ret)
		w->held[op->object] -= n < w->held[op->object] ? n : w->held[op->object];
}

/* One by one, until the client has none, or this thread has given back its own. */
static bool semaphore_release(struct worker *w, struct op *op)
{
	op->op = KSHARE_OP_SEMAPHORE_RELEASE;
	return w->held[op->object] > 0;
}

static bool semaphore_look(struct worker *w, struct op *op, unsigned int step)
{
	(void)w;
	op->op = KSHARE_OP_SEMAPHORE_VALUE;
	op->out = true;
	return !step;
}

const struct model model_semaphore = {
	.name = "semaphore",
	.objects = 4,
	.size = sizeof(struct semaphore),
	.undoes = true,
	.create = semaphore_create,
	.begin = semaphore_begin,
	.apply = semaphore_apply,
	.undo = semaphore_undo,
	.settle = semaphore_settle,
	.waits = semaphore_waits,
	.choose = semaphore_choose,
	.learn = semaphore_learn,
	.release = semaphore_release,
	.look = semaphore_look,
};
