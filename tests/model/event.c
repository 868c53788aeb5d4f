// SPDX-License-Identifier: GPL-2.0
/*
 * Events: one that all go by, and one that is clear again once somebody went by.
 */
#include "model.h"

#define TAGS	8

struct event {
	uint32_t once;
	uint32_t set;
	uint8_t tag[TAGS];	/* of waits that are to be undone, + 1; or 0 */
	uint8_t client[TAGS];
};

static uint32_t event_create(unsigned int object)
{
	return model_create(KSHARE_TYPE_EVENT, 0, object ? KSHARE_AUTO_RESET : 0, NOTHING,
			    NOTHING);
}

static void event_begin(unsigned int object, void *state)
{
	struct op op = { .op = KSHARE_OP_EVENT_CLEAR, .object = object };
	struct event *e = state;

	op_do(&op);
	e->once = object;
}

static void event_apply(void *state, const struct op *op, bool undone, struct answer *a)
{
	struct event *e = state;
	int i;

	if (undone && (op->op != KSHARE_OP_EVENT_WAIT || !e->once)) {
		a->ret = NOT_NOW;
		return;
	}
	switch (op->op) {
	case KSHARE_OP_EVENT_SET:
		e->set = 1;
		break;
	case KSHARE_OP_EVENT_CLEAR:
		e->set = 0;
		break;
	case KSHARE_OP_EVENT_IS_SET:
		a->ret = e->set;
		break;
	case KSHARE_OP_EVENT_WAIT:
		if (!e->set) {
			a->ret = MUST_WAIT;
			break;
		}
		if (e->once)
			e->set = 0;
		if (!undone)
			break;
		for (i = 0; i < TAGS && e->tag[i]; i++)
			;
		if (i == TAGS) {
			a->ret = NOT_NOW;
			break;
		}
		e->tag[i] = op->tag + 1;
		e->client[i] = op->client;
		break;
	}
}

static bool event_undo(void *state, const struct op *op)
{
	struct event *e = state;
	int i;

	for (i = 0; i < TAGS && e->tag[i] != op->tag + 1; i++)
		;
	if (i == TAGS)
		return false;
	e->tag[i] = 0;
	e->client[i] = 0;
	e->set = 1;
	return true;
}

static bool event_settle(void *state, const struct op *op)
{
	struct event *e = state;
	int i;

	for (i = 0; i < TAGS; i++)
		if (e->tag[i] && e->client[i] == op->client)
			return false;
	return true;
}

static int event_waits(const struct op *op)
{
	return op->op == KSHARE_OP_EVENT_WAIT;
}

static void event_choose(struct worker *w, struct op *op)
{
	static const uint32_t some[] = {
		KSHARE_OP_EVENT_SET, KSHARE_OP_EVENT_SET, KSHARE_OP_EVENT_CLEAR,
		KSHARE_OP_EVENT_IS_SET, KSHARE_OP_EVENT_WAIT, KSHARE_OP_EVENT_WAIT,
		KSHARE_OP_EVENT_WAIT,
	};

	op->op = some[rnd(w, sizeof(some) / sizeof(some[0]))];
	if (op->op == KSHARE_OP_EVENT_WAIT)
		op->wait = rnd(w, 2) ? WAIT_NOT + rnd(w, 3) : WAIT_LONG;
}

/* One of those that wait can go on: if it is set already, by itself. */
static bool event_help(struct worker *w, struct op *op, unsigned int step)
{
	(void)w;
	op->op = KSHARE_OP_EVENT_SET;
	return !step;
}

static bool event_look(struct worker *w, struct op *op, unsigned int step)
{
	(void)w;
	op->op = KSHARE_OP_EVENT_IS_SET;
	return !step;
}

const struct model model_event = {
	.name = "event",
	.objects = 2,
	.size = sizeof(struct event),
	.undoes = true,
	.create = event_create,
	.begin = event_begin,
	.apply = event_apply,
	.undo = event_undo,
	.settle = event_settle,
	.waits = event_waits,
	.choose = event_choose,
	.look = event_look,
	.help = event_help,
};
