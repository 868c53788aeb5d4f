// SPDX-License-Identifier: GPL-2.0
/*
 * A condition and its lock, in one history.
 *
 * A wait is not one event but several: it gives the lock back and joins the line; it
 * leaves the line if its time is over (MODEL_LEAVE); it has the lock again (MODEL_END).
 * If it is killed it ends in between (MODEL_GONE).  A notify that had reached it goes to
 * the next then, as if it had the lock already and could not be told (MODEL_UNDO).
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

#include "model.h"

#define LINE	16

enum { LOCK, CONDITION };
enum { WAITS = 1, NOTIFIED, LEFT, HAS_LOCK };	/* HAS_LOCK: to be undone */

struct waiter {
	uint8_t tag;
	uint8_t client;
	uint8_t what;
	uint8_t passes_on;	/* a notify had reached it */
};

struct condition {
	uint64_t lock[8];		/* state of the lock */
	struct waiter line[LINE];	/* in the order of arrival */
};

static uint32_t condition_create(unsigned int object)
{
	struct kshare_cmd cmd = {
		.size = sizeof(cmd),
		.op = KSHARE_OP_CREATE,
		.value = { .type = KSHARE_REF, .ref.handle = model_handles[LOCK] },
		.nr = KSHARE_CREATE_NR(KSHARE_TYPE_CONDITION, 0),
	};
	int ret;

	if (object == LOCK)
		return model_lock.create(LOCK);
	ret = ioctl(model_fd, KSHARE_IOC_CMD, &cmd);
	if (ret >= 0)
		return ret;
	printf("Bail out! a condition: %s\n", strerror(errno));
	exit(1);
}

static void condition_begin(unsigned int object, void *state)
{
	struct condition *c = state;

	if (object == LOCK)
		model_lock.begin(LOCK, c->lock);
}

static struct waiter *find(struct condition *c, unsigned int tag)
{
	int i;

	for (i = 0; i < LINE; i++)
		if (c->line[i].what && c->line[i].tag == tag)
			return &c->line[i];
	return NULL;
}

static void drop(struct condition *c, struct waiter *w)
{
	memmove(w, w + 1, (char *)&c->line[LINE] - (char *)(w + 1));
	c->line[LINE - 1] = (struct waiter){};
}

/* So many that wait may go on; how many did. */
static int notify(struct condition *c, unsigned int most)
{
	unsigned int i, count = 0;

	for (i = 0; i < LINE && count < most; i++) {
		if (c->line[i].what != WAITS)
			continue;
		c->line[i].what = NOTIFIED;
		count++;
	}
	return count;
}

/* The same thread does something to the lock. */
static int do_lock(struct condition *c, const struct op *op, uint32_t what, bool undone,
		   uint32_t *rflags)
{
	struct answer a = {};
	struct op copy = *op;

	copy.op = what;
	copy.wait = WAIT_NOT;
	model_lock.apply(c->lock, &copy, undone, &a);
	if (rflags)
		*rflags = a.rflags;
	return a.ret;
}

/* Whether it holds it: it could give it back. */
static bool holds(const struct condition *c, const struct op *op)
{
	struct condition copy = *c;

	return do_lock(&copy, op, KSHARE_OP_LOCK_RELEASE, false, NULL) >= 0;
}

static void begin_wait(struct condition *c, const struct op *op, struct answer *a)
{
	int i;

	if (do_lock(c, op, KSHARE_OP_LOCK_RELEASE, false, NULL) < 0) {
		a->ret = -EPERM;
		return;
	}
	for (i = 0; i < LINE && c->line[i].what; i++)
		;
	if (i == LINE || (op_ended(op) && op->ret == -EPERM)) {
		a->ret = NOT_NOW;
		return;
	}
	c->line[i] = (struct waiter){ .tag = op->tag, .client = op->client, .what = WAITS };
	/* What it answers is the end's. */
	a->ret = op_ended(op) ? op->ret : 0;
	a->rflags = op->rflags;
}

static void end_wait(struct condition *c, const struct op *op, bool undone, struct answer *a)
{
	struct waiter *w = find(c, op->tag);
	bool late = op_ended(op) && op->ret == -ETIMEDOUT;
	int ret;

	a->ret = NOT_NOW;
	if (!w || w->what == HAS_LOCK || w->what == WAITS || (late && w->what == NOTIFIED) ||
	    (op_ended(op) && !late && w->what == LEFT))
		return;
	ret = do_lock(c, op, KSHARE_OP_LOCK_ACQUIRE, undone, &a->rflags);
	if (ret < 0 || ret == MUST_WAIT || ret == NOT_NOW)
		return;
	a->ret = late ? -ETIMEDOUT : ret;
	/* If its time was over before it began, the lock was not given back at all. */
	if (late)
		lock_keep_token(c->lock);
	w->passes_on = w->what == NOTIFIED;
	if (undone)
		w->what = HAS_LOCK;
	else
		drop(c, w);
}

/* Out of the line, to wait for the lock, or for nothing any more */
static void leave(struct condition *c, const struct op *op, struct answer *a)
{
	struct waiter *w = find(c, op->tag);

	a->ret = NOT_NOW;
	if (!w || w->what == HAS_LOCK || (op->op == MODEL_LEAVE && w->what != WAITS))
		return;
	a->ret = op_ended(op) ? op->ret : 0;
	if (op->op == MODEL_LEAVE) {
		w->what = LEFT;
		return;
	}
	if (w->what == NOTIFIED)
		notify(c, 1);
	drop(c, w);
}

static void condition_apply(void *state, const struct op *op, bool undone, struct answer *a)
{
	struct condition *c = state;

	if (op->op == KSHARE_OP_LOCK_ACQUIRE || op->op == KSHARE_OP_LOCK_RELEASE)
		model_lock.apply(c->lock, op, undone, a);
	else if (op->op == MODEL_END)
		end_wait(c, op, undone, a);
	else if (undone)
		a->ret = NOT_NOW;
	else if (op->op == MODEL_LEAVE || op->op == MODEL_GONE)
		leave(c, op, a);
	else if (op->op == KSHARE_OP_CONDITION_WAIT)
		begin_wait(c, op, a);
	else if (!holds(c, op))
		a->ret = -EPERM;
	else
		a->ret = notify(c, op->flags & KSHARE_ALL ? LINE : op->nr ? op->nr : 1);
}

static bool condition_undo(void *state, const struct op *op)
{
	struct condition *c = state;
	struct waiter *w = find(c, op->tag);

	if (!model_lock.undo(c->lock, op))
		return false;
	if (w) {
		if (w->passes_on)
			notify(c, 1);
		drop(c, w);
	}
	return true;
}

/* By then its threads have left the line. */
static bool condition_settle(void *state, const struct op *op)
{
	struct condition *c = state;
	int i;

	for (i = 0; i < LINE; i++)
		if (c->line[i].what && c->line[i].client == op->client)
			return false;
	return model_lock.settle(c->lock, op);
}

/* Who was notified waits for the lock. */
static int condition_waits(const struct op *op)
{
	return op->op == KSHARE_OP_LOCK_ACQUIRE || op->op == MODEL_END;
}

static void condition_choose(struct worker *w, struct op *op)
{
	bool held = w->held[LOCK];

	op->object = LOCK;
	if (held ? !rnd(w, 4) : rnd(w, 12)) {
		model_lock.choose(w, op);
		return;
	}
	op->object = CONDITION;
	op->own = w->names;
	if (rnd(w, 2)) {
		op->op = KSHARE_OP_CONDITION_WAIT;
		op->wait = rnd(w, 2) ? WAIT_SOON : WAIT_LONG;
		op->out = rnd(w, 2);
	} else {
		op->op = KSHARE_OP_CONDITION_NOTIFY;
		op->flags = rnd(w, 3) ? 0 : KSHARE_ALL;
		op->nr = op->flags ? 0 : rnd(w, 3);
	}
}

/* A wait that ends holds the lock as it did before. */
static void condition_learn(struct worker *w, const struct op *op)
{
	if (op->object == LOCK)
		model_lock.learn(w, op);
}

static bool condition_release(struct worker *w, struct op *op)
{
	return op->object == LOCK && model_lock.release(w, op);
}

/* The lock can be had, and nobody is left to be notified. */
static bool condition_look(struct worker *w, struct op *op, unsigned int step)
{
	if (op->object == LOCK)
		return false;
	if (step == 1) {
		op->op = KSHARE_OP_CONDITION_NOTIFY;
		op->flags = KSHARE_ALL;
		return true;
	}
	op->object = LOCK;
	return step < 3 && model_lock.look(w, op, step / 2);
}

/* All who wait may go on, if the lock can be had. */
static bool condition_help(struct worker *w, struct op *op, unsigned int step)
{
	(void)w;
	if (op->object == LOCK || (step && op->ret < 0))
		return false;
	switch (step) {
	case 0:
		op->object = LOCK;
		op->op = KSHARE_OP_LOCK_ACQUIRE;
		op->wait = WAIT_NOT;
		op->out = true;
		return true;
	case 1:
		op->op = KSHARE_OP_CONDITION_NOTIFY;
		op->flags = KSHARE_ALL;
		return true;
	default:
		op->object = LOCK;
		op->op = KSHARE_OP_LOCK_RELEASE;
		return step == 2;
	}
}

const struct model model_condition = {
	.name = "condition",
	.objects = 2,
	.together = true,
	.size = sizeof(struct condition),
	.undoes = true,
	.create = condition_create,
	.begin = condition_begin,
	.apply = condition_apply,
	.undo = condition_undo,
	.settle = condition_settle,
	.waits = condition_waits,
	.choose = condition_choose,
	.learn = condition_learn,
	.release = condition_release,
	.look = condition_look,
	.help = condition_help,
};
