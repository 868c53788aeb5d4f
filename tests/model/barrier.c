// SPDX-License-Identifier: GPL-2.0
/*
 * Barriers.
 *
 * A wait is several events: it comes, and is told at once how that ends, or it waits; its
 * time is over (MODEL_LEAVE), and with that the barrier breaks; it ends as it was told to
 * (MODEL_END).  If it is killed while it waits the barrier breaks (MODEL_GONE), and not
 * once more when its client is settled.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "model.h"

#define LINE	24

enum { WAITS = 1, LATE, TOLD };	/* LATE: its time was over before it came */

struct waiter {
	uint8_t tag;
	uint8_t client;
	uint8_t what;
	uint8_t reserved;
	int32_t ret;		/* TOLD: what it answers */
};

struct barrier {
	uint32_t size;
	int32_t broken;
	uint64_t parties;	/* clients that have waited, a bit each */
	struct waiter line[LINE];	/* in the order of arrival */
};

static uint32_t barrier_create(unsigned int object)
{
	return model_create(KSHARE_TYPE_BARRIER, 0, 0, 2 + object, NOTHING);
}

/* As new, but for who has waited in earlier histories. */
static void barrier_begin(unsigned int object, void *state)
{
	struct op reset = { .op = KSHARE_OP_BARRIER_RESET, .object = object };
	struct op who = { .op = KSHARE_OP_WHO, .object = object, .out = true };
	struct barrier *b = state;
	uint32_t i, at;

	op_do(&reset);
	op_do(&who);
	b->size = 2 + object;
	for (i = 0; i < CLIENTS; i++)
		for (at = 0; at < who.count; at += 4)
			b->parties |= (uint64_t)(who.values[at] == model_pids[i]) << i;
}

static struct waiter *find(struct barrier *b, unsigned int tag)
{
	int i;

	for (i = 0; i < LINE; i++)
		if (b->line[i].what && b->line[i].tag == tag)
			return &b->line[i];
	return NULL;
}

static void drop(struct barrier *b, struct waiter *w)
{
	memmove(w, w + 1, (char *)&b->line[LINE] - (char *)(w + 1));
	b->line[LINE - 1] = (struct waiter){};
}

/* All who wait are told: an error, or their index if it is none; how many they were. */
static int tell(struct barrier *b, int error)
{
	int i, count = 0;

	for (i = 0; i < LINE; i++) {
		if (b->line[i].what != WAITS)
			continue;
		b->line[i].what = TOLD;
		b->line[i].ret = error ? error : count;
		count++;
	}
	return count;
}

static void shut(struct barrier *b, int error)
{
	b->broken = error;
	tell(b, error);
}

static uint32_t waiting(const struct barrier *b)
{
	uint32_t count = 0;
	int i;

	for (i = 0; i < LINE; i++)
		count += b->line[i].what == WAITS;
	return count;
}

/* With @late its time is over already: so nothing has come of it. */
static void come(struct barrier *b, const struct op *op, bool late, struct answer *a)
{
	struct waiter w = { .tag = op->tag, .client = op->client, .what = TOLD };
	bool must_wait = !b->broken && waiting(b) + 1 < b->size;
	int i;

	for (i = 0; i < LINE && b->line[i].what; i++)
		;
	if (i == LINE || (late && (!must_wait || !op_ended(op) || op->wait != WAIT_SOON))) {
		a->ret = NOT_NOW;
		return;
	}
	if (b->broken) {
		w.ret = b->broken;
	} else if (!must_wait) {
		b->parties |= 1ull << op->client;
		w.ret = tell(b, 0);
	} else if (op->wait == WAIT_NOT) {
		w.ret = -EAGAIN;
	} else if (late || op->wait == WAIT_PAST) {
		w.what = LATE;
	} else {
		b->parties |= 1ull << op->client;
		w.what = WAITS;
	}
	b->line[i] = w;
	/* What it answers is the end's, but known already. */
	a->ret = !op_ended(op) ? 0 : w.what == TOLD ? w.ret : op->ret;
}

static void end(struct barrier *b, const struct op *op, struct answer *a)
{
	struct waiter *w = find(b, op->tag);

	if (w && w->what == TOLD && op_ended(op)) {
		a->ret = w->ret;
		drop(b, w);
	} else {
		a->ret = NOT_NOW;
	}
}

static void leave(struct barrier *b, const struct op *op, struct answer *a)
{
	struct waiter *w = find(b, op->tag);

	a->ret = NOT_NOW;
	if (!w || w->what == TOLD)
		return;
	if (op->op == MODEL_GONE) {
		a->ret = 0;
		if (w->what == WAITS) {
			shut(b, -EOWNERDEAD);
			b->parties &= ~(1ull << op->client);
		}
		drop(b, w);
	} else if (w->what == LATE || op->wait == WAIT_SOON) {
		a->ret = op_ended(op) ? op->ret : 0;
		if (w->what == WAITS)
			shut(b, -ESHUTDOWN);
		w->what = TOLD;
		w->ret = -ETIMEDOUT;
	}
}

static void barrier_apply(void *state, const struct op *op, bool undone, struct answer *a)
{
	struct barrier *b = state;

	switch (op->op) {
	case KSHARE_OP_BARRIER_WAIT:
		come(b, op, undone, a);
		break;
	case MODEL_END:
		end(b, op, a);
		break;
	case MODEL_LEAVE:
	case MODEL_GONE:
		leave(b, op, a);
		break;
	case KSHARE_OP_BARRIER_ABORT:
		if (!b->broken)
			shut(b, -ESHUTDOWN);
		break;
	case KSHARE_OP_BARRIER_RESET:
		shut(b, -ESHUTDOWN);
		b->broken = 0;
		break;
	}
}

/* By then its threads have left the line. */
static bool barrier_settle(void *state, const struct op *op)
{
	struct barrier *b = state;
	int i;

	for (i = LINE; i--; ) {
		if (!b->line[i].what || b->line[i].client != op->client)
			continue;
		if (b->line[i].what == WAITS)
			return false;
		drop(b, &b->line[i]);
	}
	if (b->parties >> op->client & 1 && !b->broken)
		shut(b, -EOWNERDEAD);
	b->parties &= ~(1ull << op->client);
	return true;
}

static void barrier_choose(struct worker *w, struct op *op)
{
	bool broken = w->held[op->object];

	if (rnd(w, 10) < (broken ? 6 : 1)) {
		op->op = KSHARE_OP_BARRIER_RESET;
	} else if (!rnd(w, 20)) {
		op->op = KSHARE_OP_BARRIER_ABORT;
	} else {
		op->op = KSHARE_OP_BARRIER_WAIT;
		op->wait = rnd(w, 3) ? WAIT_LONG : rnd(w, 2) ? WAIT_SOON : WAIT_NOT + rnd(w, 2);
	}
}

static void barrier_learn(struct worker *w, const struct op *op)
{
	w->held[op->object] = op->op == KSHARE_OP_BARRIER_ABORT ||
			      op->ret == -ESHUTDOWN || op->ret == -EOWNERDEAD;
}

/* Whether it is broken; nobody waits. */
static bool barrier_look(struct worker *w, struct op *op, unsigned int step)
{
	(void)w;
	op->op = KSHARE_OP_BARRIER_WAIT;
	op->wait = WAIT_NOT;
	return !step;
}

static bool barrier_help(struct worker *w, struct op *op, unsigned int step)
{
	(void)w;
	op->op = KSHARE_OP_BARRIER_RESET;
	return !step;
}

const struct model model_barrier = {
	.name = "barrier",
	.objects = 2,
	.size = sizeof(struct barrier),
	.create = barrier_create,
	.begin = barrier_begin,
	.apply = barrier_apply,
	.settle = barrier_settle,
	.choose = barrier_choose,
	.learn = barrier_learn,
	.look = barrier_look,
	.help = barrier_help,
};
