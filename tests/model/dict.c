// SPDX-License-Identifier: GPL-2.0
/*
 * Dicts, with their order of insertion and their versions.
 */
#include <string.h>

#include "model.h"

#define KEYS	5

struct entry {
	int64_t key, value;
	uint64_t version;
};

struct dict {
	uint64_t version;
	uint64_t count;
	struct entry entry[KEYS];
};

static uint32_t dict_create(unsigned int object)
{
	(void)object;
	return model_create(KSHARE_TYPE_DICT, 0, 0, NOTHING, NOTHING);
}

static void dict_begin(unsigned int object, void *state)
{
	struct op clear = { .op = KSHARE_OP_DICT_CLEAR, .object = object };
	struct op set = {
		.op = KSHARE_OP_DICT_SET,
		.object = object,
		.has = HAS_KEY | HAS_VALUE,
		.out = true,
	};
	struct dict *d = state;

	op_do(&clear);
	op_do(&set);
	d->version = set.number;
	d->count = 1;
	d->entry[0].version = set.number;
}

static struct entry *dict_find(struct dict *d, int64_t key)
{
	uint64_t i;

	for (i = 0; i < d->count; i++)
		if (d->entry[i].key == key)
			return &d->entry[i];
	return NULL;
}

/* The version grows once with each operation: before, if at all. */
static int dict_store(struct dict *d, int64_t key, int64_t value)
{
	struct entry *e = dict_find(d, key);
	bool is_new = !e;

	if (is_new) {
		e = &d->entry[d->count++];
		e->key = key;
	}
	e->value = value;
	e->version = d->version;
	return is_new;
}

static void dict_remove(struct dict *d, struct entry *e)
{
	uint64_t at = e - d->entry;

	d->version++;
	d->count--;
	memmove(e, e + 1, (d->count - at) * sizeof(*e));
	d->entry[d->count] = (struct entry){};
}

static void dict_cas(struct dict *d, const struct op *op, struct entry *e, struct answer *a)
{
	bool hit;

	if (!e && (!(op->flags & KSHARE_BY_VERSION) || op->expect)) {
		a->ret = -ENOENT;
		return;
	}
	if (op->flags & KSHARE_BY_VERSION)
		hit = (uint64_t)op->expect == (e ? e->version : 0);
	else
		hit = op->expect == e->value;
	if (e)
		answer_value(a, e->value);
	if (hit) {
		d->version++;
		dict_store(d, op->key, op->value);
		e = dict_find(d, op->key);
	}
	answer_number(a, e->version);
	a->ret = hit;
}

static void dict_page(const struct dict *d, const struct op *op, struct answer *a)
{
	uint64_t i;

	for (i = 0; i < d->count; i++) {
		if (op->flags & KSHARE_KEYS)
			answer_value(a, d->entry[i].key);
		if (op->flags & KSHARE_VALUES)
			answer_value(a, d->entry[i].value);
	}
	a->ret = d->count;
}

static void dict_get_many(struct dict *d, const struct op *op, struct answer *a)
{
	uint64_t absent = 0;
	uint32_t i;

	for (i = 0; i < op->vectors; i++) {
		struct entry *e = dict_find(d, op->vector[i]);

		answer_value(a, e ? e->value : NOTHING);
		if (e)
			a->ret++;
		else
			absent |= 1ull << i;
	}
	answer_number(a, absent);
}

static void dict_add(struct dict *d, const struct op *op, struct entry *e, struct answer *a)
{
	if (!e && op->flags & KSHARE_MUST_EXIST) {
		a->ret = -ENOENT;
	} else if (e && e->value >= STRINGS) {
		a->ret = -EDOM;
	} else {
		answer_value(a, (e ? e->value : 0) + op->value);
		d->version++;
		dict_store(d, op->key, a->values[0]);
	}
}

static void dict_popitem(struct dict *d, const struct op *op, struct answer *a)
{
	struct entry *e;

	if (!d->count) {
		a->ret = -ENOENT;
		return;
	}
	e = &d->entry[op->flags & KSHARE_FIRST ? 0 : d->count - 1];
	answer_value(a, e->key);
	answer_value(a, e->value);
	dict_remove(d, e);
}

static void dict_apply(void *state, const struct op *op, bool undone, struct answer *a)
{
	struct dict *d = state;
	struct entry *e = dict_find(d, op->key);
	uint32_t i;

	(void)undone;
	switch (op->op) {
	case KSHARE_OP_DICT_GET:
	case KSHARE_OP_DICT_POP:
		if (!e) {
			a->ret = -ENOENT;
			break;
		}
		answer_value(a, e->value);
		if (op->op == KSHARE_OP_DICT_GET)
			answer_number(a, e->version);
		else
			dict_remove(d, e);
		break;
	case KSHARE_OP_DICT_SET:
		d->version++;
		a->ret = dict_store(d, op->key, op->value);
		answer_number(a, d->version);
		break;
	case KSHARE_OP_DICT_SETDEFAULT:
		if (!e) {
			d->version++;
			a->ret = dict_store(d, op->key, op->value);
			e = dict_find(d, op->key);
		}
		answer_value(a, e->value);
		break;
	case KSHARE_OP_DICT_DELETE:
		if (e)
			dict_remove(d, e);
		else
			a->ret = -ENOENT;
		break;
	case KSHARE_OP_DICT_POPITEM:
		dict_popitem(d, op, a);
		break;
	case KSHARE_OP_DICT_CONTAINS:
		a->ret = !!e;
		break;
	case KSHARE_OP_DICT_LEN:
		answer_number(a, d->count);
		break;
	case KSHARE_OP_DICT_CLEAR:
		d->version++;
		d->count = 0;
		memset(d->entry, 0, sizeof(d->entry));
		break;
	case KSHARE_OP_DICT_UPDATE:
		d->version++;
		for (i = 0; i < op->vectors; i += 2)
			a->ret += dict_store(d, op->vector[i], op->vector[i + 1]);
		break;
	case KSHARE_OP_DICT_ADD:
		dict_add(d, op, e, a);
		break;
	case KSHARE_OP_DICT_CAS:
		dict_cas(d, op, e, a);
		break;
	case KSHARE_OP_DICT_GET_MANY:
		dict_get_many(d, op, a);
		break;
	case KSHARE_OP_DICT_PAGE:
		dict_page(d, op, a);
		break;
	case KSHARE_OP_DICT_CHECK:
		a->ret = !e ? -ENOENT : e->value == op->expect ? 0 : -ESTALE;
		break;
	case KSHARE_OP_DICT_ABSENT:
		a->ret = e ? -EEXIST : 0;
		break;
	}
}

static int64_t some_key(struct worker *w)
{
	unsigned int n = rnd(w, KEYS);

	return n == KEYS - 1 ? STRINGS : n;
}

static void dict_choose_many(struct worker *w, struct op *op)
{
	static const uint32_t pages[] = {
		KSHARE_KEYS, KSHARE_VALUES, KSHARE_KEYS | KSHARE_VALUES,
	};
	uint32_t i;

	if (op->op == KSHARE_OP_DICT_PAGE) {
		op->flags = KSHARE_ALL | pages[rnd(w, 3)];
		/* The cursor, for the first page */
		op->has = HAS_EXPECT;
		return;
	}
	op->has = HAS_VECTOR;
	if (op->op == KSHARE_OP_DICT_GET_MANY) {
		op->vectors = 1 + rnd(w, 4);
		for (i = 0; i < op->vectors; i++)
			op->vector[i] = some_key(w);
		return;
	}
	op->out = false;
	op->vectors = 4 + 2 * rnd(w, 2);
	for (i = 0; i < op->vectors; i += 2) {
		op->vector[i] = some_key(w);
		op->vector[i + 1] = some_value(w);
	}
}

static void dict_choose(struct worker *w, struct op *op)
{
	static const uint32_t some[] = {
		KSHARE_OP_DICT_GET, KSHARE_OP_DICT_GET, KSHARE_OP_DICT_GET, KSHARE_OP_DICT_SET,
		KSHARE_OP_DICT_SET, KSHARE_OP_DICT_SETDEFAULT, KSHARE_OP_DICT_DELETE,
		KSHARE_OP_DICT_POP, KSHARE_OP_DICT_POPITEM, KSHARE_OP_DICT_CONTAINS,
		KSHARE_OP_DICT_LEN, KSHARE_OP_DICT_CLEAR, KSHARE_OP_DICT_UPDATE,
		KSHARE_OP_DICT_ADD, KSHARE_OP_DICT_ADD, KSHARE_OP_DICT_ADD, KSHARE_OP_DICT_CAS,
		KSHARE_OP_DICT_CAS, KSHARE_OP_DICT_GET_MANY, KSHARE_OP_DICT_PAGE,
		KSHARE_OP_DICT_CHECK, KSHARE_OP_DICT_ABSENT,
	};

	op->op = some[rnd(w, sizeof(some) / sizeof(some[0]))];
	op->out = true;
	switch (op->op) {
	case KSHARE_OP_DICT_POPITEM:
		op->flags = rnd(w, 2) ? KSHARE_FIRST : 0;
		return;
	case KSHARE_OP_DICT_CLEAR:
		op->out = false;
		return;
	case KSHARE_OP_DICT_LEN:
		return;
	case KSHARE_OP_DICT_UPDATE:
	case KSHARE_OP_DICT_GET_MANY:
	case KSHARE_OP_DICT_PAGE:
		dict_choose_many(w, op);
		return;
	}
	op->has = HAS_KEY;
	op->key = some_key(w);
	switch (op->op) {
	case KSHARE_OP_DICT_ADD:
		op->has |= HAS_VALUE;
		op->value = 1 + rnd(w, 3);
		op->flags = rnd(w, 3) ? 0 : KSHARE_MUST_EXIST;
		break;
	case KSHARE_OP_DICT_SET:
		op->out = rnd(w, 2);
		fallthrough;
	case KSHARE_OP_DICT_SETDEFAULT:
		op->has |= HAS_VALUE;
		op->value = some_value(w);
		break;
	case KSHARE_OP_DICT_CAS:
		op->has |= HAS_EXPECT | HAS_VALUE;
		op->expect = some_value(w);
		op->value = some_value(w);
		if (!rnd(w, 2))
			break;
		op->flags = KSHARE_BY_VERSION;
		op->expect = rnd(w, 3) ? (int64_t)w->version[op->object] : 0;
		break;
	case KSHARE_OP_DICT_CHECK:
		op->has |= HAS_EXPECT;
		op->expect = some_value(w);
		fallthrough;
	case KSHARE_OP_DICT_DELETE:
	case KSHARE_OP_DICT_CONTAINS:
	case KSHARE_OP_DICT_ABSENT:
		op->out = false;
		break;
	}
}

static void dict_learn(struct worker *w, const struct op *op)
{
	if (op_told(op) && (op->op == KSHARE_OP_DICT_GET || op->op == KSHARE_OP_DICT_SET))
		w->version[op->object] = op->number;
}

static bool dict_look(struct worker *w, struct op *op, unsigned int step)
{
	(void)w;
	op->op = KSHARE_OP_DICT_PAGE;
	op->flags = KSHARE_ALL | KSHARE_KEYS | KSHARE_VALUES;
	op->has = HAS_EXPECT;
	op->out = true;
	return !step;
}

const struct model model_dict = {
	.name = "dict",
	.objects = 2,
	.size = sizeof(struct dict),
	.create = dict_create,
	.begin = dict_begin,
	.apply = dict_apply,
	.choose = dict_choose,
	.learn = dict_learn,
	.look = dict_look,
};
