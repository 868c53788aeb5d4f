// SPDX-License-Identifier: GPL-2.0
/*
 * Lists.
 */
#include <stdlib.h>
#include <string.h>

#include "model.h"

/* More than come together in one history, and no more than fit a result. */
#define LONGEST	MAX_VALUES

struct list {
	uint64_t count;
	int64_t value[LONGEST];
};

static uint32_t list_create(unsigned int object)
{
	(void)object;
	return model_create(KSHARE_TYPE_LIST, 0, 0, NOTHING, NOTHING);
}

static void list_begin(unsigned int object, void *state)
{
	struct op clear = { .op = KSHARE_OP_LIST_CLEAR, .object = object };
	struct op extend = {
		.op = KSHARE_OP_LIST_EXTEND,
		.object = object,
		.has = HAS_VECTOR,
		.vectors = 3,
		.vector = { 1, 2, 3 },
	};
	struct list *l = state;

	op_do(&clear);
	op_do(&extend);
	l->count = 3;
	memcpy(l->value, extend.vector, 3 * sizeof(l->value[0]));
}

/* Replaces @del elements from @at on by @ins others. */
static void list_splice(struct list *l, uint64_t at, uint64_t del, const int64_t *new,
			uint64_t ins)
{
	uint64_t old = l->count, i;

	if (old > LONGEST || at + del > old || old - del + ins > LONGEST)
		abort();
	memmove(l->value + at + ins, l->value + at + del,
		(old - at - del) * sizeof(l->value[0]));
	for (i = 0; i < ins; i++)
		l->value[at + i] = new[i];
	l->count = old - del + ins;
	if (l->count < old)
		memset(l->value + l->count, 0, (old - l->count) * sizeof(l->value[0]));
}

static uint64_t list_clamp(const struct list *l, int64_t index)
{
	if (index < 0)
		index += l->count;
	return index < 0 ? 0 : (uint64_t)index > l->count ? l->count : (uint64_t)index;
}

static void list_slice(const struct list *l, const struct op *op, uint64_t *start, uint64_t *end)
{
	*start = op->has & HAS_KEY ? list_clamp(l, op->key) : 0;
	*end = op->has & HAS_EXPECT ? list_clamp(l, op->expect) : l->count;
	if (*end < *start)
		*end = *start;
}

static int by_value(const void *x, const void *y)
{
	const int64_t *a = x, *b = y;

	return *a < *b ? -1 : *a > *b;
}

/* Numbers or texts, each in their order, but not both. */
static int list_sort(struct list *l, bool reverse)
{
	uint64_t i, texts = 0;

	for (i = 0; i < l->count; i++)
		texts += l->value[i] >= STRINGS;
	if (texts && texts < l->count)
		return -EDOM;
	qsort(l->value, l->count, sizeof(l->value[0]), by_value);
	for (i = 0; reverse && i < l->count / 2; i++) {
		int64_t v = l->value[i];

		l->value[i] = l->value[l->count - 1 - i];
		l->value[l->count - 1 - i] = v;
	}
	return 0;
}

static void list_search(struct list *l, const struct op *op, struct answer *a)
{
	uint64_t start, end, i, seen = 0;

	list_slice(l, op, &start, &end);
	for (i = start; i < end; i++) {
		if (l->value[i] != op->value)
			continue;
		if (!seen++)
			answer_number(a, i);
	}
	switch (op->op) {
	case KSHARE_OP_LIST_COUNT:
		answer_number(a, seen);
		break;
	case KSHARE_OP_LIST_CONTAINS:
		a->counts = false;
		a->ret = seen > 0;
		break;
	case KSHARE_OP_LIST_REMOVE:
		if (seen)
			list_splice(l, a->number, 1, NULL, 0);
		fallthrough;
	default:
		a->ret = seen ? 0 : -ENOENT;
	}
}

/* Operations on one element that is there */
static void list_element(struct list *l, const struct op *op, struct answer *a)
{
	int64_t at = op->key < 0 ? op->key + (int64_t)l->count : op->key;
	int64_t *e = &l->value[at];

	if (op->op == KSHARE_OP_LIST_POP && !(op->has & HAS_KEY)) {
		at = (int64_t)l->count - 1;
		e = &l->value[at];
	}
	if (op->op == KSHARE_OP_LIST_POP && !l->count) {
		a->ret = -ENOENT;
		return;
	}
	if (at < 0 || at >= (int64_t)l->count) {
		a->ret = -ERANGE;
		return;
	}
	switch (op->op) {
	case KSHARE_OP_LIST_GET:
		answer_value(a, *e);
		break;
	case KSHARE_OP_LIST_SET:
		*e = op->value;
		break;
	case KSHARE_OP_LIST_POP:
		answer_value(a, *e);
		fallthrough;
	case KSHARE_OP_LIST_DELETE:
		list_splice(l, at, 1, NULL, 0);
		break;
	case KSHARE_OP_LIST_ADD:
		if (*e >= STRINGS) {
			a->ret = -EDOM;
			break;
		}
		*e += op->value;
		answer_value(a, *e);
		break;
	case KSHARE_OP_LIST_CAS:
		answer_value(a, *e);
		a->ret = *e == op->expect;
		if (a->ret)
			*e = op->value;
		break;
	case KSHARE_OP_LIST_CHECK:
		a->ret = *e == op->expect ? 0 : -ESTALE;
		break;
	}
}

static void list_apply(void *state, const struct op *op, bool undone, struct answer *a)
{
	uint64_t start, end, i;
	struct list *l = state;

	(void)undone;
	switch (op->op) {
	case KSHARE_OP_LIST_APPEND:
		list_splice(l, l->count, 0, &op->value, 1);
		answer_number(a, l->count);
		break;
	case KSHARE_OP_LIST_INSERT:
		list_splice(l, list_clamp(l, op->key), 0, &op->value, 1);
		answer_number(a, l->count);
		break;
	case KSHARE_OP_LIST_EXTEND:
		list_splice(l, l->count, 0, op->vector, op->vectors);
		answer_number(a, l->count);
		break;
	case KSHARE_OP_LIST_SLICE:
		list_slice(l, op, &start, &end);
		for (i = start; i < end; i++)
			answer_value(a, l->value[i]);
		a->ret = end - start;
		break;
	case KSHARE_OP_LIST_SLICE_SET:
		list_slice(l, op, &start, &end);
		list_splice(l, start, end - start, op->vector, op->vectors);
		answer_number(a, l->count);
		break;
	case KSHARE_OP_LIST_SLICE_DELETE:
		list_slice(l, op, &start, &end);
		list_splice(l, start, end - start, NULL, 0);
		answer_number(a, l->count);
		a->ret = end - start;
		break;
	case KSHARE_OP_LIST_REMOVE:
	case KSHARE_OP_LIST_INDEX:
	case KSHARE_OP_LIST_COUNT:
	case KSHARE_OP_LIST_CONTAINS:
		list_search(l, op, a);
		break;
	case KSHARE_OP_LIST_REVERSE:
		for (i = 0; i < l->count / 2; i++) {
			int64_t v = l->value[i];

			l->value[i] = l->value[l->count - 1 - i];
			l->value[l->count - 1 - i] = v;
		}
		break;
	case KSHARE_OP_LIST_SORT:
		a->ret = list_sort(l, op->flags & KSHARE_REVERSE);
		break;
	case KSHARE_OP_LIST_LEN:
		answer_number(a, l->count);
		break;
	case KSHARE_OP_LIST_CLEAR:
		list_splice(l, 0, l->count, NULL, 0);
		break;
	default:
		list_element(l, op, a);
	}
}

static void some_slice(struct worker *w, struct op *op)
{
	if (rnd(w, 2)) {
		op->has |= HAS_KEY;
		op->key = (int)rnd(w, 6) - 2;
	}
	if (rnd(w, 2)) {
		op->has |= HAS_EXPECT;
		op->expect = (int)rnd(w, 8) - 3;
	}
}

static void some_vector(struct worker *w, struct op *op, uint32_t count)
{
	uint32_t i;

	op->has |= HAS_VECTOR;
	op->vectors = count;
	for (i = 0; i < count; i++)
		op->vector[i] = some_value(w);
}

static void list_choose(struct worker *w, struct op *op)
{
	static const uint32_t some[] = {
		KSHARE_OP_LIST_GET, KSHARE_OP_LIST_SET, KSHARE_OP_LIST_APPEND,
		KSHARE_OP_LIST_APPEND, KSHARE_OP_LIST_INSERT, KSHARE_OP_LIST_POP,
		KSHARE_OP_LIST_POP, KSHARE_OP_LIST_DELETE, KSHARE_OP_LIST_EXTEND,
		KSHARE_OP_LIST_SLICE, KSHARE_OP_LIST_SLICE, KSHARE_OP_LIST_SLICE_SET,
		KSHARE_OP_LIST_SLICE_DELETE, KSHARE_OP_LIST_REMOVE, KSHARE_OP_LIST_INDEX,
		KSHARE_OP_LIST_COUNT, KSHARE_OP_LIST_CONTAINS, KSHARE_OP_LIST_REVERSE,
		KSHARE_OP_LIST_SORT, KSHARE_OP_LIST_LEN, KSHARE_OP_LIST_CLEAR,
		KSHARE_OP_LIST_ADD, KSHARE_OP_LIST_ADD, KSHARE_OP_LIST_CAS, KSHARE_OP_LIST_CHECK,
	};

	op->op = some[rnd(w, sizeof(some) / sizeof(some[0]))];
	op->out = true;
	switch (op->op) {
	case KSHARE_OP_LIST_CLEAR:
	case KSHARE_OP_LIST_REVERSE:
		op->out = false;
		fallthrough;
	case KSHARE_OP_LIST_LEN:
		return;
	case KSHARE_OP_LIST_SORT:
		op->out = false;
		op->flags = rnd(w, 2) ? KSHARE_REVERSE : 0;
		return;
	case KSHARE_OP_LIST_EXTEND:
		some_vector(w, op, 1 + rnd(w, 2));
		return;
	case KSHARE_OP_LIST_SLICE_SET:
		some_vector(w, op, rnd(w, 3));
		fallthrough;
	case KSHARE_OP_LIST_SLICE:
	case KSHARE_OP_LIST_SLICE_DELETE:
		some_slice(w, op);
		return;
	case KSHARE_OP_LIST_INDEX:
		some_slice(w, op);
		fallthrough;
	case KSHARE_OP_LIST_APPEND:
	case KSHARE_OP_LIST_REMOVE:
	case KSHARE_OP_LIST_COUNT:
	case KSHARE_OP_LIST_CONTAINS:
		op->has |= HAS_VALUE;
		op->value = some_value(w);
		op->out = op->op != KSHARE_OP_LIST_CONTAINS;
		return;
	}
	if (op->op != KSHARE_OP_LIST_POP || rnd(w, 2)) {
		op->has = HAS_KEY;
		op->key = (int)rnd(w, 6) - 2;
	}
	switch (op->op) {
	case KSHARE_OP_LIST_SET:
		op->out = false;
		fallthrough;
	case KSHARE_OP_LIST_INSERT:
		op->has |= HAS_VALUE;
		op->value = some_value(w);
		break;
	case KSHARE_OP_LIST_ADD:
		op->has |= HAS_VALUE;
		op->value = 1 + rnd(w, 2);
		break;
	case KSHARE_OP_LIST_CAS:
		op->has |= HAS_VALUE;
		op->value = some_value(w);
		fallthrough;
	case KSHARE_OP_LIST_CHECK:
		op->has |= HAS_EXPECT;
		op->expect = some_value(w);
		op->out = op->op == KSHARE_OP_LIST_CAS;
		break;
	case KSHARE_OP_LIST_DELETE:
		op->out = false;
		break;
	}
}

static bool list_look(struct worker *w, struct op *op, unsigned int step)
{
	(void)w;
	op->op = KSHARE_OP_LIST_SLICE;
	op->out = true;
	return !step;
}

const struct model model_list = {
	.name = "list",
	.objects = 2,
	.size = sizeof(struct list),
	.create = list_create,
	.begin = list_begin,
	.apply = list_apply,
	.choose = list_choose,
	.look = list_look,
};
