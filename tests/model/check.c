// SPDX-License-Identifier: GPL-2.0
/*
 * Is a history linearizable?  The search of Wing and Gong, which tries what can be the
 * next operation, one after the other, with Lowe's memory of where it has been: which
 * operations are done and what the state is, not in which order they were.
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "model.h"

#define SLOTS	(1u << 20)	/* places to remember */
#define WORDS	(MAX_OPS / 64)

struct place {
	uint64_t a, b;
};

static const struct model *model;
static const struct op *all;
static unsigned int ops, left;		/* operations; those that have ended and are not done */
static uint64_t done[WORDS];
static unsigned int settled[CLIENTS];	/* events of it, of each */
static unsigned int open_ops[CLIENTS];	/* of each, those that have ended and are not done */
static struct memory {
	struct place places[SLOTS];
	unsigned int used[SLOTS / 2];
} *memory;
static unsigned int place_count;
static bool full;

/* How far it came */
static unsigned char order[MAX_OPS], best[MAX_OPS];
static unsigned int depth, best_depth;

static bool is_done(unsigned int i)
{
	return done[i / 64] >> (i % 64) & 1;
}

static uint64_t mix(uint64_t h, uint64_t word)
{
	h = (h ^ word) * 0x9e3779b97f4a7c15ull;
	return h ^ h >> 29;
}

/*
 * False if it was there before.  128 bits stand for a place, so that it is taken for
 * another one is less likely than that the machine errs.
 */
static bool visit(const uint64_t *state)
{
	struct place p = { 0x243f6a8885a308d3ull, 0x13198a2e03707344ull };
	unsigned int i, at;

	for (i = 0; i < WORDS; i++) {
		p.a = mix(p.a, done[i]);
		p.b = mix(p.b, ~done[i]);
	}
	for (i = 0; i < model->size / sizeof(*state); i++) {
		p.a = mix(p.a, state[i]);
		p.b = mix(p.b, ~state[i]);
	}
	p.a |= 1;
	for (at = p.b % SLOTS; memory->places[at].a; at = (at + 1) % SLOTS)
		if (memory->places[at].a == p.a && memory->places[at].b == p.b)
			return false;
	if (place_count == SLOTS / 2) {
		full = true;
		return false;
	}
	memory->places[at] = p;
	memory->used[place_count++] = at;
	return true;
}

static void forget(void)
{
	if (!memory) {
		memory = mmap(NULL, sizeof(*memory), PROT_READ | PROT_WRITE,
			      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		if (memory == MAP_FAILED)
			abort();
		/* A fork need not copy it. */
		madvise(memory, sizeof(*memory), MADV_DONTFORK);
	}
	while (place_count)
		memory->places[memory->used[--place_count]] = (struct place){};
	full = false;
}

/* Nothing has ended until @limit: may this one have begun to wait by then? */
static bool may_wait(unsigned int i, uint64_t limit)
{
	const struct op *op = &all[i];

	return op->invoke < limit && !is_done(i) && !settled[op->client] &&
	       (op->op < MODEL_SETTLE || op->op == MODEL_END) &&
	       op->wait != WAIT_NOT && op->wait != WAIT_PAST;
}

/* Is somebody in the line that @op would wait in? */
static bool is_line(const struct op *op, uint64_t limit)
{
	int line = model->waits ? model->waits(op) : 0;
	unsigned int i;

	for (i = 0; i < ops && line; i++)
		if (&all[i] != op && may_wait(i, limit) && model->waits(&all[i]) == line)
			return true;
	return false;
}

static bool fits(const struct op *op, const struct answer *a)
{
	if (a->ret == MUST_WAIT || a->ret == NOT_NOW)
		return false;
	/* If it failed, it has changed nothing, and need not have been. */
	if (!op_ended(op))
		return a->ret >= 0;
	if (op->ret != a->ret)
		return false;
	if (!op_told(op))
		return true;
	if (op->rflags != a->rflags || op->count != a->count ||
	    (a->counts && op->number != a->number))
		return false;
	return !memcmp(op->values, a->values, a->count * sizeof(a->values[0]));
}

/* Could @op come next?  Then @state is what it leaves. */
static bool take(void *state, const struct op *op, bool undone, uint64_t limit)
{
	struct answer a = {};

	if (op->op == MODEL_SETTLE)
		return !open_ops[op->client] &&
		       (!model->settle || model->settle(state, op));
	if (op->op == MODEL_UNDO)
		return model->undo(state, op);
	/* Several events */
	if (op_is_first(op) || op->op >= MODEL_LEAVE) {
		model->apply(state, op, undone, &a);
		return fits(op, &a);
	}
	/* It waited, and nothing came. */
	if (op_ended(op) && op->ret == -ETIMEDOUT && op->wait == WAIT_SOON)
		return true;
	if (op_ended(op) && ((op->ret == -EAGAIN && op->wait == WAIT_NOT) ||
			     (op->ret == -ETIMEDOUT && op->wait == WAIT_PAST))) {
		char copy[MAX_STATE] __attribute__((aligned(8)));

		if (is_line(op, limit))
			return true;
		memcpy(copy, state, model->size);
		model->apply(copy, op, false, &a);
		return a.ret == MUST_WAIT;
	}
	model->apply(state, op, undone, &a);
	return fits(op, &a);
}

static void mark(unsigned int i, bool is)
{
	const struct op *op = &all[i];
	int by = is ? 1 : -1;

	done[i / 64] ^= 1ull << (i % 64);
	if (op_ended(op))
		left -= by;
	if (op_ended(op) && op->op != MODEL_SETTLE)
		open_ops[op->client] -= by;
	if (op->op == MODEL_SETTLE)
		settled[op->client] += by;
	depth += by;
}

static unsigned int ways(const struct op *op)
{
	if (!op_ended(op))
		return model->undoes ? 2 : 1;
	return op_is_first(op) && op->ret == -ETIMEDOUT ? 2 : 1;
}

static bool search(const void *state)
{
	char next[MAX_STATE] __attribute__((aligned(8)));
	uint64_t limit = FOREVER;
	unsigned int i, way;

	if (!left)
		return true;
	if (!visit(state))
		return false;
	for (i = 0; i < ops; i++)
		if (!is_done(i) && all[i].response < limit)
			limit = all[i].response;
	for (i = 0; i < ops && all[i].invoke < limit; i++) {
		const struct op *op = &all[i];

		if (is_done(i) || (settled[op->client] && op->op != MODEL_SETTLE))
			continue;
		for (way = 0; way < ways(op); way++) {
			memcpy(next, state, model->size);
			if (!take(next, op, way, limit))
				continue;
			order[depth] = i;
			mark(i, true);
			if (depth > best_depth) {
				best_depth = depth;
				memcpy(best, order, sizeof(best));
			}
			if (search(next))
				return true;
			mark(i, false);
		}
	}
	return false;
}

static int by_invoke(const void *x, const void *y)
{
	const struct op *a = x, *b = y;

	return a->invoke < b->invoke ? -1 : a->invoke > b->invoke;
}

enum verdict check(const struct model *m, const void *state, struct op *history,
		   unsigned int count)
{
	unsigned int i;

	qsort(history, count, sizeof(*history), by_invoke);
	model = m;
	all = history;
	ops = count;
	left = 0;
	depth = 0;
	best_depth = 0;
	memset(settled, 0, sizeof(settled));
	memset(done, 0, sizeof(done));
	memset(open_ops, 0, sizeof(open_ops));
	for (i = 0; i < count; i++) {
		left += op_ended(&all[i]);
		open_ops[all[i].client] += op_ended(&all[i]) && all[i].op != MODEL_SETTLE;
	}
	forget();
	if (search(state))
		return LINEARIZABLE;
	return full ? UNDECIDED : NOT_LINEARIZABLE;
}

static void print_value(const char *before, int64_t value)
{
	if (value == NOTHING)
		printf("%snone", before);
	else if (value == TORN)
		printf("%storn", before);
	else if (value >= STRINGS)
		printf("%s\"%04lld\"", before, (long long)(value - STRINGS));
	else
		printf("%s%lld", before, (long long)value);
}

static void print_op(const struct op *op)
{
	uint32_t i;

	printf("#   %5llu ", (unsigned long long)op->invoke);
	if (op_ended(op))
		printf("%5llu", (unsigned long long)op->response);
	else
		printf("  ...");
	printf(" client %u thread %u %s(", op->client, op->owner, op_name(op->op));
	if (op->has & HAS_KEY)
		print_value("key ", op->key);
	if (op->has & HAS_EXPECT)
		print_value(" expect ", op->expect);
	if (op->has & HAS_VALUE)
		print_value(" value ", op->value);
	for (i = 0; i < op->vectors; i++)
		print_value(i ? ", " : " vector ", op->vector[i]);
	if (op->nr)
		printf(" nr %d", (int)op->nr);
	if (op->flags)
		printf(" flags %x", op->flags);
	printf(")");
	if (op->op >= MODEL_LEAVE || op->op == MODEL_UNDO)
		printf(" of");
	if (op->op != MODEL_SETTLE)
		printf(" tag %u", op->tag);
	if (op->op < MODEL_SETTLE || op->op == MODEL_MAP_GET || op->op == MODEL_MAP_ADD) {
		if (op_ended(op) && op->ret < 0)
			printf(": %s", strerror(-op->ret));
		else if (op_ended(op))
			printf(": %d", op->ret);
		if (op_told(op)) {
			printf(" number %llu", (unsigned long long)op->number);
			if (op->rflags)
				printf(" flags %x", op->rflags);
			for (i = 0; i < op->count && i < MAX_VALUES; i++)
				print_value(i ? ", " : " values ", op->values[i]);
		}
	}
	printf("\n");
}

void check_print(void)
{
	bool is_best[MAX_OPS] = {};
	unsigned int i;

	printf("# an order that goes as far as any:\n");
	for (i = 0; i < best_depth; i++) {
		print_op(&all[best[i]]);
		is_best[best[i]] = true;
	}
	printf("# none of these can come next:\n");
	for (i = 0; i < ops; i++)
		if (!is_best[i])
			print_op(&all[i]);
}
