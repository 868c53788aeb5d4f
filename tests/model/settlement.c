// SPDX-License-Identifier: GPL-2.0
/*
 * The settlement of a client as those see it who use several objects: a lock, permits,
 * messages on lease and another lock, in one history.
 *
 * For each object it is an event of its own.  From the first one on the client does
 * nothing any more, and those of locks come last: who is given a lock finds all else
 * given back.
 */
#include <string.h>

#include "model.h"

#define PARTS	4000	/* bytes of all their states */

static const struct model *const parts[MAX_OBJECTS] = {
	&model_lock, &model_semaphore, &model_queue, &model_lock,
};

enum { IS_LOCK = 1 << 0 | 1 << 3, IS_ALL = (1 << MAX_OBJECTS) - 1 };

struct all {
	uint64_t given;		/* back, by each client: bits of MAX_OBJECTS */
	char part[PARTS];
};

/* Where the part is that an object has of the state. */
static void *part_of(void *state, unsigned int object)
{
	struct all *all = state;
	char *at = all->part;

	while (object--)
		at += parts[object]->size;
	return at;
}

static uint32_t all_create(unsigned int object)
{
	return parts[object]->create(object);
}

static void all_begin(unsigned int object, void *state)
{
	parts[object]->begin(object, part_of(state, object));
}

static void all_apply(void *state, const struct op *op, bool undone, struct answer *a)
{
	parts[op->object]->apply(part_of(state, op->object), op, undone, a);
}

static bool all_undo(void *state, const struct op *op)
{
	return parts[op->object]->undo(part_of(state, op->object), op);
}

static bool all_settle(void *state, const struct op *op)
{
	struct all *all = state;
	unsigned int shift = op->client * MAX_OBJECTS;

	if (IS_LOCK >> op->object & 1 && ~(all->given >> shift) & IS_ALL & ~IS_LOCK)
		return false;
	all->given |= 1ull << (shift + op->object);
	return parts[op->object]->settle(part_of(state, op->object), op);
}

/* Lines of different objects are different ones. */
static int all_waits(const struct op *op)
{
	int line = parts[op->object]->waits(op);

	return line ? line + op->object * 10 : 0;
}

static void all_choose(struct worker *w, struct op *op)
{
	parts[op->object]->choose(w, op);
}

static void all_learn(struct worker *w, const struct op *op)
{
	parts[op->object]->learn(w, op);
}

static bool all_release(struct worker *w, struct op *op)
{
	return parts[op->object]->release(w, op);
}

static bool all_look(struct worker *w, struct op *op, unsigned int step)
{
	return parts[op->object]->look(w, op, step);
}

static bool all_help(struct worker *w, struct op *op, unsigned int step)
{
	const struct model *part = parts[op->object];

	return part->help && part->help(w, op, step);
}

const struct model model_settlement = {
	.name = "settlement",
	.objects = MAX_OBJECTS,
	.together = true,
	.size = sizeof(struct all),
	.undoes = true,
	.create = all_create,
	.begin = all_begin,
	.apply = all_apply,
	.undo = all_undo,
	.settle = all_settle,
	.waits = all_waits,
	.choose = all_choose,
	.learn = all_learn,
	.release = all_release,
	.look = all_look,
	.help = all_help,
};
