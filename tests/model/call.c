// SPDX-License-Identifier: GPL-2.0
/*
 * Calls of an instance, of whose class any client may become the host.
 *
 * A call is several events: it is sent; its time is over, or its thread was killed
 * (MODEL_LEAVE, MODEL_GONE), which the host is told if it has it; it ends (MODEL_END),
 * with an answer, or because the host has gone.  One that nobody waits for is one event.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

#include "model.h"

#define METHODS		2
#define LINE		80	/* no more than are sent in a history */

enum { CLASS, INSTANCE };

/* What the host has of it */
enum { NOT_THERE, IN_LINE, TAKEN, LEFT, LEFT_TOLD };
/* What the caller has of it */
enum { NOT_WAITING, WAITS, LATE, ORPHANED, ANSWERED };

struct call {
	int64_t value;		/* of the argument, or of the answer */
	uint32_t number;	/* to the host; ANSWERED: the class's token */
	uint8_t tag;
	uint8_t client;
	uint8_t host;
	uint8_t caller;
	uint8_t method;
	uint8_t oneway;
	uint8_t status;		/* of the answer */
	uint8_t reserved[5];
};

struct calls {
	uint64_t token;
	uint32_t host;		/* + 1; 0: there is none */
	uint32_t tag;		/* of how it became that, if it is to be undone, + 1; or 0 */
	uint8_t turns[16];	/* clients with calls in line, + 1, as their turns come */
	struct call call[LINE];	/* those of a client in the order in which they were sent */
};

_Static_assert(sizeof(struct calls) <= MAX_STATE, "a state has its limit");

static uint32_t made(int ret)
{
	if (ret >= 0)
		return ret;
	printf("Bail out! a class: %s\n", strerror(errno));
	exit(1);
}

/* All clients have a handle to the class, and nobody is its host. */
static uint32_t call_create(unsigned int object)
{
	struct {
		struct kshare_class_info info;
		struct kshare_class_method method[METHODS];
	} class = {
		.info = {
			.size = sizeof(class.info),
			.methods = METHODS,
			.method_size = sizeof(class.method[0]),
			.field_size = sizeof(struct kshare_class_field),
		},
		.method = {
			{ .name = "one", .flags = KSHARE_METHOD_EXPOSED },
			{ .name = "other", .flags = KSHARE_METHOD_EXPOSED },
		},
	};
	struct kshare_cmd cmd = {
		.size = sizeof(cmd),
		.op = KSHARE_OP_CLASS_REGISTER,
		.handle = 1,
		.key = { .type = KSHARE_STR, .len = 5, .ptr = (uintptr_t)"calls" },
		.value = { .type = KSHARE_BYTES, .len = sizeof(class), .ptr = (uintptr_t)&class },
	};
	int ret;

	if (object == CLASS)
		return made(ioctl(model_fd, KSHARE_IOC_CMD, &cmd));
	cmd = (struct kshare_cmd){
		.size = sizeof(cmd),
		.op = KSHARE_OP_INSTANCE_CREATE,
		.handle = model_handles[CLASS],
	};
	ret = made(ioctl(model_fd, KSHARE_IOC_CMD, &cmd));
	cmd.op = KSHARE_OP_CLASS_UNREGISTER;
	made(ioctl(model_fd, KSHARE_IOC_CMD, &cmd));
	return ret;
}

static void call_begin(unsigned int object, void *state)
{
	struct op adopt = { .op = KSHARE_OP_CLASS_ADOPT, .object = CLASS, .wait = WAIT_NOT };
	struct op leave = { .op = KSHARE_OP_CLASS_UNREGISTER, .object = CLASS };
	struct calls *c = state;

	if (object != CLASS)
		return;
	op_do(&adopt);
	op_do(&leave);
	c->token = adopt.ret;
}

static struct call *find(struct calls *c, unsigned int tag)
{
	int i;

	for (i = 0; i < LINE; i++)
		if ((c->call[i].host || c->call[i].caller) && c->call[i].tag == tag)
			return &c->call[i];
	return NULL;
}

static bool is_empty(const struct call *call)
{
	return !call->host && !call->caller;
}

/* Nobody has anything of it any more? */
static void drop(struct calls *c, struct call *call)
{
	if (!is_empty(call))
		return;
	memmove(call, call + 1, (char *)&c->call[LINE] - (char *)(call + 1));
	c->call[LINE - 1] = (struct call){};
}

/* The first one of a client that is in line, but for @but */
static struct call *first_of(struct calls *c, unsigned int client, const struct call *but)
{
	int i;

	for (i = 0; i < LINE; i++)
		if (c->call[i].client == client && c->call[i].host == IN_LINE &&
		    &c->call[i] != but)
			return &c->call[i];
	return NULL;
}

/* Out of the line: if it was its client's first one, the next one's turn comes last. */
static void unqueue(struct calls *c, struct call *call)
{
	bool was_first = first_of(c, call->client, NULL) == call;
	int i;

	call->host = NOT_THERE;
	if (!was_first)
		return;
	for (i = 0; c->turns[i] != call->client + 1; i++)
		;
	memmove(&c->turns[i], &c->turns[i + 1], sizeof(c->turns) - i - 1);
	c->turns[sizeof(c->turns) - 1] = 0;
	if (!first_of(c, call->client, call))
		return;
	for (i = 0; c->turns[i]; i++)
		;
	c->turns[i] = call->client + 1;
}

/* Those of a client stay together, so that states which are the same look the same. */
static struct call *place_for(struct calls *c, unsigned int client)
{
	int i, at, count;

	for (count = 0; count < LINE && !is_empty(&c->call[count]); count++)
		;
	if (count == LINE)
		return NULL;
	for (at = 0, i = 0; i < count; i++)
		if (c->call[i].client <= client)
			at = i + 1;
	memmove(&c->call[at + 1], &c->call[at], (count - at) * sizeof(c->call[0]));
	c->call[at] = (struct call){ .client = client };
	return &c->call[at];
}

/* With @late its time is over already: so nothing has come of it. */
static void send(struct calls *c, const struct op *op, bool late, struct answer *a)
{
	bool oneway = op->flags & KSHARE_ONEWAY;
	struct call *call;
	int i;

	a->ret = NOT_NOW;
	if (late && (!c->host || !op_ended(op) || op->wait != WAIT_SOON))
		return;
	if (!c->host && oneway) {
		a->ret = -EOWNERDEAD;
		return;
	}
	call = place_for(c, op->client);
	if (!call)
		return;
	call->tag = op->tag;
	call->value = op->value;
	call->method = op->nr;
	call->oneway = oneway;
	if (!c->host) {
		call->caller = ORPHANED;
	} else if (late || op->wait == WAIT_PAST) {
		call->caller = LATE;
	} else {
		if (!first_of(c, op->client, NULL)) {
			for (i = 0; c->turns[i]; i++)
				;
			c->turns[i] = op->client + 1;
		}
		call->host = IN_LINE;
		call->caller = oneway ? NOT_WAITING : WAITS;
	}
	if (call->caller == ORPHANED && op_ended(op) && op->ret != -EOWNERDEAD)
		return;
	/* What it answers is the end's. */
	a->ret = op_ended(op) ? op->ret : 0;
	a->count = op->count;
	memcpy(a->values, op->values, sizeof(a->values));
}

static void end(struct calls *c, const struct op *op, struct answer *a)
{
	struct call *call = find(c, op->tag);

	a->ret = NOT_NOW;
	if (!call || !op_ended(op))
		return;
	if (call->caller == ANSWERED) {
		a->ret = call->status;
		answer_value(a, call->value);
		answer_number(a, call->number);
	} else if (call->caller == ORPHANED) {
		a->ret = -EOWNERDEAD;
	} else if (call->caller == LATE) {
		a->ret = -ETIMEDOUT;
	} else {
		return;
	}
	call->caller = NOT_WAITING;
	drop(c, call);
}

/* Its caller does not want it any more. */
static void abandon(struct calls *c, struct call *call)
{
	if (call->host == IN_LINE)
		unqueue(c, call);
	else if (call->host == TAKEN)
		call->host = LEFT;
}

static void leave(struct calls *c, const struct op *op, struct answer *a)
{
	struct call *call = find(c, op->tag);

	a->ret = NOT_NOW;
	if (!call)
		return;
	if (op->op == MODEL_GONE) {
		a->ret = 0;
		abandon(c, call);
		call->caller = NOT_WAITING;
		drop(c, call);
	} else if (call->caller == LATE && op_ended(op)) {
		/* It has left, or was too late from the beginning. */
		a->ret = op->ret;
	} else if (call->caller == WAITS && op->wait == WAIT_SOON) {
		a->ret = op_ended(op) ? op->ret : 0;
		abandon(c, call);
		call->caller = LATE;
	}
}

/* Who waits for an answer will not get one. */
static void host_goes(struct calls *c)
{
	int i;

	c->host = 0;
	c->tag = 0;
	memset(c->turns, 0, sizeof(c->turns));
	for (i = LINE; i--; ) {
		struct call *call = &c->call[i];

		if (is_empty(call))
			continue;
		call->host = NOT_THERE;
		if (call->caller == WAITS)
			call->caller = ORPHANED;
		drop(c, call);
	}
}

static struct call *by_number(struct calls *c, uint64_t number)
{
	int i;

	for (i = 0; i < LINE; i++)
		if (c->call[i].host >= TAKEN && number && c->call[i].number == number)
			return &c->call[i];
	return NULL;
}

/* What the host was told is what it should have been. */
static void as_told(const struct op *op, struct answer *a)
{
	a->count = op->count;
	memcpy(a->values, op->values, sizeof(a->values));
	answer_number(a, op->number);
}

static void serve(struct calls *c, const struct op *op, struct answer *a)
{
	struct call *call;
	int i;

	if (c->host != op->client + 1u) {
		a->ret = op_ended(op) && op->ret == -ESHUTDOWN && op->wait == WAIT_SOON ?
			 -ESHUTDOWN : -EPERM;
		return;
	}
	for (i = 0; i < LINE && c->call[i].host != LEFT; i++)
		;
	if (i < LINE) {
		/* In which order they are told is not said. */
		call = op_told(op) ? by_number(c, op->number) : &c->call[i];
		a->ret = NOT_NOW;
		if (!call || call->host != LEFT)
			return;
		call->host = LEFT_TOLD;
		a->ret = KSHARE_SERVE_ABANDONED;
		as_told(op, a);
		return;
	}
	if (!c->turns[0]) {
		a->ret = MUST_WAIT;
		return;
	}
	call = first_of(c, c->turns[0] - 1, NULL);
	unqueue(c, call);
	a->ret = KSHARE_SERVE_CALL;
	if (!call->oneway)
		call->host = TAKEN;
	if (!op_told(op)) {
		drop(c, call);
		return;
	}
	if (op->ret != KSHARE_SERVE_CALL || op->count != KSHARE_SERVED_ARGS + 1 ||
	    op->values[KSHARE_SERVED_ARGS] != call->value ||
	    (uint32_t)op->values[KSHARE_SERVED_METHOD] != call->method ||
	    !(op->values[KSHARE_SERVED_METHOD] & KSHARE_SERVED_ONEWAY) != !call->oneway ||
	    !op->number == !call->oneway || by_number(c, op->number)) {
		a->ret = NOT_NOW;
		return;
	}
	as_told(op, a);
	call->number = op->number;
	drop(c, call);
}

static void reply(struct calls *c, const struct op *op, struct answer *a)
{
	struct call *call = by_number(c, op->key);

	if (c->host != op->client + 1u) {
		a->ret = -EPERM;
	} else if (!call) {
		a->ret = -ENOENT;
	} else {
		if (call->host == TAKEN) {
			call->caller = ANSWERED;
			call->value = op->value;
			call->status = op->nr;
			call->number = c->token;
		}
		call->host = NOT_THERE;
		drop(c, call);
	}
}

static void call_apply(void *state, const struct op *op, bool undone, struct answer *a)
{
	struct calls *c = state;

	if (undone && op->op != KSHARE_OP_CLASS_ADOPT && op->op != KSHARE_OP_CALL) {
		a->ret = NOT_NOW;
		return;
	}
	switch (op->op) {
	case KSHARE_OP_CALL:
		send(c, op, undone, a);
		break;
	case MODEL_END:
		end(c, op, a);
		break;
	case MODEL_LEAVE:
	case MODEL_GONE:
		leave(c, op, a);
		break;
	case KSHARE_OP_SERVE:
		serve(c, op, a);
		break;
	case KSHARE_OP_REPLY:
		reply(c, op, a);
		break;
	case KSHARE_OP_CLASS_ADOPT:
		if (c->host) {
			a->ret = MUST_WAIT;
			break;
		}
		c->host = op->client + 1;
		c->tag = undone ? op->tag + 1 : 0;
		a->ret = ++c->token;
		break;
	case KSHARE_OP_CLASS_UNREGISTER:
		if (c->host == op->client + 1u)
			host_goes(c);
		else
			a->ret = -EPERM;
		break;
	}
}

/* Who became the host could not be told. */
static bool call_undo(void *state, const struct op *op)
{
	struct calls *c = state;

	if (c->tag != op->tag + 1u)
		return false;
	host_goes(c);
	return true;
}

/* By then its threads have left. */
static bool call_settle(void *state, const struct op *op)
{
	struct calls *c = state;
	int i;

	if (op->object != CLASS)
		return true;
	for (i = LINE; i--; ) {
		struct call *call = &c->call[i];

		if (is_empty(call) || call->client != op->client)
			continue;
		if (call->caller == WAITS)
			return false;
		call->caller = NOT_WAITING;
		drop(c, call);
	}
	if (c->host != op->client + 1u)
		return true;
	if (c->tag)
		return false;
	host_goes(c);
	return true;
}

static int call_waits(const struct op *op)
{
	return op->op == KSHARE_OP_SERVE ? 1 : op->op == KSHARE_OP_CLASS_ADOPT ? 2 : 0;
}

static void call_choose(struct worker *w, struct op *op)
{
	static const uint32_t hosts[] = {
		KSHARE_OP_SERVE, KSHARE_OP_SERVE, KSHARE_OP_SERVE, KSHARE_OP_REPLY,
		KSHARE_OP_REPLY, KSHARE_OP_CALL,
	};
	static const uint32_t others[] = {
		KSHARE_OP_CALL, KSHARE_OP_CALL, KSHARE_OP_CALL, KSHARE_OP_CALL,
		KSHARE_OP_CLASS_ADOPT, KSHARE_OP_SERVE,
	};
	unsigned int leased = w->leased[CLASS];
	bool is_host = w->held[CLASS];

	op->object = CLASS;
	op->op = is_host ? hosts[rnd(w, 6)] : others[rnd(w, 6)];
	if (!rnd(w, 40))
		op->op = KSHARE_OP_CLASS_UNREGISTER;
	if (leased > 4)
		op->op = KSHARE_OP_REPLY;
	switch (op->op) {
	case KSHARE_OP_CALL:
		op->object = INSTANCE;
		op->has = HAS_VALUE;
		op->value = new_value(w);
		op->nr = rnd(w, METHODS);
		/* Who is the host must not wait for itself. */
		op->wait = is_host || rnd(w, 2) ? WAIT_SOON : WAIT_LONG;
		op->out = true;
		if (!rnd(w, 8))
			op->wait = WAIT_PAST;
		if (!rnd(w, 5)) {
			op->flags = KSHARE_ONEWAY;
			op->wait = WAIT_LONG;
			op->out = false;
		}
		break;
	case KSHARE_OP_CLASS_ADOPT:
		op->wait = WAIT_NOT + rnd(w, 3);
		break;
	case KSHARE_OP_SERVE:
		op->wait = WAIT_NOT + rnd(w, 3);
		op->out = true;
		break;
	case KSHARE_OP_REPLY:
		op->has = HAS_KEY | HAS_VALUE;
		/* One that it has taken, or was answered already, or is another's */
		op->key = leased && rnd(w, 10) ? w->leases[CLASS][rnd(w, leased)] :
						 w->version[CLASS] + 1 - rnd(w, 3);
		if (op->key < 0)
			op->key = 0;
		op->value = new_value(w);
		op->nr = rnd(w, 3);
		break;
	}
}

static void call_learn(struct worker *w, const struct op *op)
{
	uint64_t *leases = w->leases[CLASS];
	unsigned int *leased = &w->leased[CLASS], i;

	switch (op->op) {
	case KSHARE_OP_CLASS_ADOPT:
		if (op->ret > 0)
			w->held[CLASS] = 1;
		return;
	case KSHARE_OP_SERVE:
		if (op->ret == KSHARE_SERVE_CALL && op->number) {
			leases[(*leased)++] = op->number;
			w->version[CLASS] = op->number;
		}
		break;
	case KSHARE_OP_REPLY:
		for (i = 0; i < *leased; i++)
			if (leases[i] == (uint64_t)op->key)
				leases[i--] = leases[--*leased];
		break;
	case KSHARE_OP_CLASS_UNREGISTER:
		break;
	default:
		return;
	}
	/* It is the host no more, or another thread of it was. */
	if (op->op == KSHARE_OP_CLASS_UNREGISTER || op->ret == -EPERM || op->ret == -ESHUTDOWN) {
		w->held[CLASS] = 0;
		*leased = 0;
	}
}

static bool call_release(struct worker *w, struct op *op)
{
	if (op->object != CLASS)
		return false;
	if (w->leased[CLASS]) {
		op->op = KSHARE_OP_REPLY;
		op->has = HAS_KEY | HAS_VALUE;
		op->key = w->leases[CLASS][0];
		op->value = new_value(w);
		return true;
	}
	op->op = KSHARE_OP_CLASS_UNREGISTER;
	return w->held[CLASS];
}

/* There is no host, and there were as many as there should have been. */
static bool call_look(struct worker *w, struct op *op, unsigned int step)
{
	(void)w;
	if (op->object != CLASS)
		return false;
	op->op = step ? KSHARE_OP_CLASS_UNREGISTER : KSHARE_OP_CLASS_ADOPT;
	op->wait = step ? WAIT_LONG : WAIT_NOT;
	return step < 2;
}

const struct model model_call = {
	.name = "call",
	.objects = 2,
	.together = true,
	.size = sizeof(struct calls),
	.undoes = true,
	.create = call_create,
	.begin = call_begin,
	.apply = call_apply,
	.undo = call_undo,
	.settle = call_settle,
	.waits = call_waits,
	.choose = call_choose,
	.learn = call_learn,
	.release = call_release,
	.look = call_look,
};
