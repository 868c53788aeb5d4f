// SPDX-License-Identifier: GPL-2.0
/*
 * Cells: one that takes any value, one of signed numbers.  And arrays, by commands
 * and by their mapping.
 */
#include <string.h>

#include "model.h"

#define ELEMENTS	3

struct cell {
	int64_t value;
	uint64_t version;
	uint64_t numbers;	/* it takes these only */
};

static bool is_number(int64_t value)
{
	return value != NOTHING && value < STRINGS;
}

static uint32_t cell_create(unsigned int object)
{
	return model_create(KSHARE_TYPE_CELL, object ? KSHARE_ELEM_I64 : KSHARE_ELEM_ANY, 0,
			    NOTHING, 0);
}

static void cell_begin(unsigned int object, void *state)
{
	struct op op = { .op = KSHARE_OP_CELL_GET, .object = object, .out = true };
	struct cell *c = state;

	op_do(&op);
	c->value = op.values[0];
	c->version = op.number;
	c->numbers = object;
}

static int cell_store(struct cell *c, int64_t value)
{
	if (c->numbers && !is_number(value))
		return -EDOM;
	c->value = value;
	c->version++;
	return 0;
}

static void cell_apply(void *state, const struct op *op, bool undone, struct answer *a)
{
	int64_t old, value = op->value;
	struct cell *c = state;
	bool hit;

	(void)undone;
	old = c->value;
	switch (op->op) {
	case KSHARE_OP_CELL_GET:
		answer_value(a, c->value);
		answer_number(a, c->version);
		break;
	case KSHARE_OP_CELL_SET:
		a->ret = cell_store(c, value);
		answer_number(a, c->version);
		break;
	case KSHARE_OP_CELL_SWAP:
		answer_value(a, old);
		a->ret = cell_store(c, value);
		answer_number(a, c->version);
		break;
	case KSHARE_OP_CELL_ADD:
	case KSHARE_OP_CELL_AND:
	case KSHARE_OP_CELL_OR:
	case KSHARE_OP_CELL_XOR:
		if (!is_number(old)) {
			a->ret = -EDOM;
			break;
		}
		cell_store(c, op->op == KSHARE_OP_CELL_ADD ? old + value :
			      op->op == KSHARE_OP_CELL_AND ? (old & value) :
			      op->op == KSHARE_OP_CELL_OR  ? (old | value) : (old ^ value));
		answer_value(a, c->value);
		break;
	case KSHARE_OP_CELL_CAS:
		hit = op->flags & KSHARE_BY_VERSION ? (uint64_t)op->expect == c->version :
						      op->expect == old;
		if (hit && cell_store(c, value)) {
			a->ret = -EDOM;
			break;
		}
		answer_value(a, old);
		answer_number(a, c->version);
		a->ret = hit;
		break;
	case KSHARE_OP_CELL_CHECK:
		a->ret = op->expect == old ? 0 : -ESTALE;
		break;
	case KSHARE_OP_CELL_WAIT:
		hit = op->flags & KSHARE_UNTIL_NE ? old != value :
		      op->flags & KSHARE_UNTIL_GE ? old >= value :
						    c->version > (uint64_t)value;
		answer_value(a, old);
		answer_number(a, c->version);
		a->ret = hit ? 0 : MUST_WAIT;
		break;
	}
}

/* Each waits for something else, so nobody waits behind another. */
static int cell_waits(const struct op *op)
{
	(void)op;
	return 0;
}

static void cell_choose(struct worker *w, struct op *op)
{
	static const uint32_t some[] = {
		KSHARE_OP_CELL_GET, KSHARE_OP_CELL_GET, KSHARE_OP_CELL_SET, KSHARE_OP_CELL_SWAP,
		KSHARE_OP_CELL_ADD, KSHARE_OP_CELL_ADD, KSHARE_OP_CELL_AND, KSHARE_OP_CELL_OR,
		KSHARE_OP_CELL_XOR, KSHARE_OP_CELL_CAS, KSHARE_OP_CELL_CAS, KSHARE_OP_CELL_CHECK,
		KSHARE_OP_CELL_WAIT,
	};

	op->op = some[rnd(w, sizeof(some) / sizeof(some[0]))];
	op->out = true;
	switch (op->op) {
	case KSHARE_OP_CELL_GET:
		return;
	case KSHARE_OP_CELL_CHECK:
		op->has = HAS_EXPECT;
		op->expect = op->object ? rnd(w, 4) : some_value(w);
		op->out = false;
		return;
	case KSHARE_OP_CELL_ADD:
	case KSHARE_OP_CELL_AND:
	case KSHARE_OP_CELL_OR:
	case KSHARE_OP_CELL_XOR:
		op->has = HAS_VALUE;
		op->value = rnd(w, 4);
		op->out = rnd(w, 4);
		return;
	case KSHARE_OP_CELL_WAIT:
		op->has = HAS_VALUE;
		op->wait = rnd(w, 4);
		op->flags = rnd(w, 2) ? KSHARE_UNTIL_NE : KSHARE_UNTIL_CHANGED;
		if (op->object && rnd(w, 2))
			op->flags = KSHARE_UNTIL_GE;
		op->value = op->flags == KSHARE_UNTIL_CHANGED ? (int64_t)w->version[op->object] :
								rnd(w, 5);
		return;
	}
	op->has = HAS_VALUE;
	op->value = op->object && rnd(w, 20) ? rnd(w, 5) : some_value(w);
	if (op->op == KSHARE_OP_CELL_CAS) {
		op->has |= HAS_EXPECT;
		op->expect = op->object ? rnd(w, 4) : some_value(w);
		if (rnd(w, 2)) {
			op->flags = KSHARE_BY_VERSION;
			op->expect = w->version[op->object];
		}
	} else if (op->op == KSHARE_OP_CELL_SET) {
		op->out = rnd(w, 2);
	}
}

static void cell_learn(struct worker *w, const struct op *op)
{
	if (op_told(op) && op->op != KSHARE_OP_CELL_ADD)
		w->version[op->object] = op->number;
}

static bool cell_look(struct worker *w, struct op *op, unsigned int step)
{
	(void)w;
	op->op = KSHARE_OP_CELL_GET;
	op->out = true;
	return !step;
}

/* Whatever it is that is waited for, this is it. */
static bool cell_help(struct worker *w, struct op *op, unsigned int step)
{
	op->op = KSHARE_OP_CELL_SET;
	op->has = HAS_VALUE;
	op->value = 100 + rnd(w, 100);
	return !step;
}

const struct model model_cell = {
	.name = "cell",
	.objects = 2,
	.size = sizeof(struct cell),
	.create = cell_create,
	.begin = cell_begin,
	.apply = cell_apply,
	.waits = cell_waits,
	.choose = cell_choose,
	.learn = cell_learn,
	.look = cell_look,
	.help = cell_help,
};

/* ---- arrays ---- */

struct array {
	int64_t element[ELEMENTS];
};

static uint32_t array_create(unsigned int object)
{
	(void)object;
	return model_create(KSHARE_TYPE_ARRAY, KSHARE_ELEM_I32, 0, ELEMENTS, NOTHING);
}

static void array_begin(unsigned int object, void *state)
{
	struct array *r = state;
	int i;

	for (i = 0; i < ELEMENTS; i++) {
		struct op op = {
			.op = KSHARE_OP_ARRAY_SET,
			.object = object,
			.has = HAS_KEY | HAS_VALUE,
			.key = i,
			.value = i,
		};

		op_do(&op);
		r->element[i] = i;
	}
}

static void array_apply(void *state, const struct op *op, bool undone, struct answer *a)
{
	struct array *r = state;
	int64_t *e = &r->element[op->key < 0 ? op->key + ELEMENTS : op->key];

	(void)undone;
	if (op->op == KSHARE_OP_ARRAY_LEN) {
		answer_number(a, ELEMENTS);
		return;
	}
	if (op->key >= ELEMENTS || op->key < -ELEMENTS) {
		a->ret = -ERANGE;
		return;
	}
	switch (op->op) {
	case KSHARE_OP_ARRAY_SET:
		*e = op->value;
		break;
	case KSHARE_OP_ARRAY_ADD:
	case MODEL_MAP_ADD:
		*e += op->value;
		fallthrough;
	case KSHARE_OP_ARRAY_GET:
	case MODEL_MAP_GET:
		answer_value(a, *e);
		break;
	case KSHARE_OP_ARRAY_CAS:
		answer_value(a, *e);
		a->ret = *e == op->expect;
		if (a->ret)
			*e = op->value;
		break;
	}
}

static void array_choose(struct worker *w, struct op *op)
{
	static const uint32_t some[] = {
		KSHARE_OP_ARRAY_GET, KSHARE_OP_ARRAY_SET, KSHARE_OP_ARRAY_ADD,
		KSHARE_OP_ARRAY_CAS, KSHARE_OP_ARRAY_LEN, MODEL_MAP_GET, MODEL_MAP_ADD,
	};

	op->op = some[rnd(w, sizeof(some) / sizeof(some[0]))];
	op->out = true;
	if (op->op == KSHARE_OP_ARRAY_LEN)
		return;
	op->has = HAS_KEY;
	op->key = rnd(w, ELEMENTS);
	if (op->op < MODEL_SETTLE && !rnd(w, 5))
		op->key = (int)rnd(w, 3 * ELEMENTS) - ELEMENTS - 2;
	if (op->op == KSHARE_OP_ARRAY_GET || op->op == MODEL_MAP_GET)
		return;
	op->has |= HAS_VALUE;
	op->value = rnd(w, 5);
	if (op->op == KSHARE_OP_ARRAY_SET)
		op->out = false;
	if (op->op == KSHARE_OP_ARRAY_CAS) {
		op->has |= HAS_EXPECT;
		op->expect = rnd(w, 6);
	}
}

static bool array_look(struct worker *w, struct op *op, unsigned int step)
{
	(void)w;
	op->op = KSHARE_OP_ARRAY_GET;
	op->has = HAS_KEY;
	op->key = step;
	op->out = true;
	return step < ELEMENTS;
}

const struct model model_array = {
	.name = "array",
	.objects = 2,
	.size = sizeof(struct array),
	.create = array_create,
	.begin = array_begin,
	.apply = array_apply,
	.choose = array_choose,
	.look = array_look,
};
