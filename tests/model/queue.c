// SPDX-License-Identifier: GPL-2.0
/*
 * Queues of all orders, with and without a bound, and messages on lease.
 *
 * A message that was handed to a thread which is killed before it has it comes back,
 * and others may have seen the queue without it.  So a get that never ends may leave
 * it as if on lease, with the tag of the operation, until MODEL_UNDO.
 */
#include <string.h>

#include "model.h"

#define MESSAGES	64
#define LEASES		24

enum { FIFO, LIFO, PRIORITY };
enum { LINE_GET = 1, LINE_PUT, LINE_JOIN };

struct message {
	int64_t value;
	int64_t priority;
	uint32_t seq;
	uint32_t taken;
};

struct lease {
	struct message msg;
	uint64_t lease;		/* 0: nobody was told */
	uint32_t client;
	uint32_t tag;		/* of a get that is to be undone, + 1; or 0 */
};

struct queue {
	uint32_t order, bound;
	uint32_t count, leased;
	uint32_t unfinished, seq;
	struct message msg[MESSAGES];
	struct lease lease[LEASES];	/* in the order in which they were taken */
};

static const struct {
	uint32_t flags, order, bound;
} kinds[] = {
	{ 0, FIFO, 3 },
	{ 0, FIFO, 0 },
	{ KSHARE_LIFO, LIFO, 0 },
	{ KSHARE_PRIORITY, PRIORITY, 4 },
};

static uint32_t queue_create(unsigned int object)
{
	return model_create(KSHARE_TYPE_QUEUE, 0, kinds[object].flags,
			    kinds[object].bound ? (int64_t)kinds[object].bound : NOTHING, NOTHING);
}

/* It is empty, and all is done: queue_look() has seen to that. */
static void queue_begin(unsigned int object, void *state)
{
	struct queue *q = state;

	q->order = kinds[object].order;
	q->bound = kinds[object].bound;
}

/* Back to where it was, if @front, or behind those that come earlier. */
static void queue_insert(struct queue *q, const struct message *msg, bool front)
{
	uint32_t at = front || q->order == LIFO ? 0 : q->count;

	if (q->order == PRIORITY)
		for (at = 0; at < q->count; at++)
			if (q->msg[at].priority > msg->priority ||
			    (q->msg[at].priority == msg->priority && q->msg[at].seq > msg->seq))
				break;
	memmove(&q->msg[at + 1], &q->msg[at], (q->count - at) * sizeof(q->msg[0]));
	q->msg[at] = *msg;
	q->count++;
}

static struct message queue_take(struct queue *q)
{
	struct message msg = q->msg[0];

	q->count--;
	memmove(&q->msg[0], &q->msg[1], q->count * sizeof(q->msg[0]));
	q->msg[q->count] = (struct message){};
	msg.taken++;
	return msg;
}

static void lease_remove(struct queue *q, uint32_t at)
{
	q->leased--;
	memmove(&q->lease[at], &q->lease[at + 1], (q->leased - at) * sizeof(q->lease[0]));
	q->lease[q->leased] = (struct lease){};
}

static void lease_back(struct queue *q, uint32_t at)
{
	if (q->lease[at].tag)
		q->lease[at].msg.taken--;
	queue_insert(q, &q->lease[at].msg, true);
	lease_remove(q, at);
}

static void queue_put(struct queue *q, const struct op *op, struct answer *a)
{
	uint32_t i, step = q->order == PRIORITY ? 2 : 1, count = 1;

	if (op->op == KSHARE_OP_QUEUE_PUT_MANY)
		count = op->vectors / step;
	if (q->bound && count > q->bound) {
		a->ret = -ERANGE;
		return;
	}
	if ((q->bound && q->count + count > q->bound) || q->count + count >= MESSAGES) {
		a->ret = MUST_WAIT;
		return;
	}
	for (i = 0; i < count; i++) {
		struct message msg = { .seq = ++q->seq };

		if (op->op == KSHARE_OP_QUEUE_PUT) {
			msg.value = op->value;
			msg.priority = op->has & HAS_KEY ? op->key : 0;
		} else {
			msg.value = op->vector[i * step + step - 1];
			msg.priority = step == 2 ? op->vector[i * step] : 0;
		}
		queue_insert(q, &msg, false);
	}
	q->unfinished += count;
	answer_number(a, q->count);
}

/* No other client's message can be on a lease of that number. */
static bool lease_is_new(const struct queue *q, uint64_t lease)
{
	uint32_t i;

	for (i = 0; i < q->leased; i++)
		if (q->lease[i].lease == lease)
			return false;
	return lease;
}

static void queue_get(struct queue *q, const struct op *op, bool undone, struct answer *a)
{
	bool many = op->op == KSHARE_OP_QUEUE_GET_MANY, leases = op->flags & KSHARE_LEASE;
	uint32_t i, count = many ? op->nr : 1;

	if (!q->count) {
		a->ret = MUST_WAIT;
		return;
	}
	for (i = 0; i < count && q->count; i++) {
		struct lease l = { .msg = queue_take(q), .client = op->client };
		uint64_t lease = 0;

		if (op_told(op) && leases)
			lease = many ? (uint64_t)op->values[3 * i] : op->number;
		if (op_told(op) && leases && !lease_is_new(q, lease)) {
			a->ret = NOT_NOW;
			return;
		}
		if (many && leases) {
			answer_value(a, lease);
			answer_value(a, l.msg.taken);
		}
		answer_value(a, l.msg.value);
		a->ret = l.msg.taken;
		if (!leases && !undone)
			continue;
		if (q->leased == LEASES) {
			a->ret = NOT_NOW;
			return;
		}
		l.lease = lease;
		l.tag = undone ? op->tag + 1 : 0;
		q->lease[q->leased++] = l;
	}
	if (many) {
		a->ret = i;
		answer_number(a, q->count);
	}
}

static void queue_end_lease(struct queue *q, const struct op *op, struct answer *a)
{
	uint32_t i;

	for (i = 0; i < q->leased; i++)
		if (q->lease[i].client == op->client && q->lease[i].lease == (uint64_t)op->key)
			break;
	if (i == q->leased) {
		a->ret = -ENOENT;
	} else if (op->op == KSHARE_OP_QUEUE_NACK) {
		lease_back(q, i);
	} else {
		lease_remove(q, i);
		q->unfinished--;
	}
}

static void queue_apply(void *state, const struct op *op, bool undone, struct answer *a)
{
	struct queue *q = state;
	uint32_t n = op->nr ? op->nr : 1;

	if (undone && op->op != KSHARE_OP_QUEUE_GET && op->op != KSHARE_OP_QUEUE_GET_MANY) {
		a->ret = NOT_NOW;
		return;
	}
	switch (op->op) {
	case KSHARE_OP_QUEUE_PUT:
	case KSHARE_OP_QUEUE_PUT_MANY:
		queue_put(q, op, a);
		break;
	case KSHARE_OP_QUEUE_GET:
	case KSHARE_OP_QUEUE_GET_MANY:
		queue_get(q, op, undone, a);
		break;
	case KSHARE_OP_QUEUE_PEEK:
		if (q->count)
			answer_value(a, q->msg[0].value);
		else
			a->ret = -ENOENT;
		break;
	case KSHARE_OP_QUEUE_LEN:
		answer_number(a, q->count);
		a->ret = q->bound && q->count >= q->bound;
		break;
	case KSHARE_OP_QUEUE_ACK:
	case KSHARE_OP_QUEUE_NACK:
		queue_end_lease(q, op, a);
		break;
	case KSHARE_OP_QUEUE_TASK_DONE:
		if (n > q->unfinished) {
			a->ret = -ERANGE;
			break;
		}
		q->unfinished -= n;
		answer_number(a, q->unfinished);
		break;
	case KSHARE_OP_QUEUE_JOIN:
		a->ret = q->unfinished ? MUST_WAIT : 0;
		break;
	}
	/* The number of a lease is the module's choice. */
	if (op->op == KSHARE_OP_QUEUE_GET)
		a->counts = false;
}

/* From the last to the first, so that they are in their order again. */
static bool queue_undo(void *state, const struct op *op)
{
	struct queue *q = state;
	bool any = false;
	uint32_t i;

	for (i = q->leased; i--; ) {
		if (q->lease[i].tag == op->tag + 1u) {
			lease_back(q, i);
			any = true;
		}
	}
	return any;
}

static bool queue_settle(void *state, const struct op *op)
{
	struct queue *q = state;
	uint32_t i;

	for (i = 0; i < q->leased; i++)
		if (q->lease[i].client == op->client && q->lease[i].tag)
			return false;
	for (i = q->leased; i--; )
		if (q->lease[i].client == op->client)
			lease_back(q, i);
	return true;
}

static int queue_waits(const struct op *op)
{
	switch (op->op) {
	case KSHARE_OP_QUEUE_PUT:
	case KSHARE_OP_QUEUE_PUT_MANY:
		return LINE_PUT;
	case KSHARE_OP_QUEUE_GET:
	case KSHARE_OP_QUEUE_GET_MANY:
		return LINE_GET;
	}
	/* Who joins takes nothing away from others. */
	return 0;
}

static void queue_choose(struct worker *w, struct op *op)
{
	static const uint32_t some[] = {
		KSHARE_OP_QUEUE_PUT, KSHARE_OP_QUEUE_PUT, KSHARE_OP_QUEUE_PUT,
		KSHARE_OP_QUEUE_PUT_MANY, KSHARE_OP_QUEUE_GET, KSHARE_OP_QUEUE_GET,
		KSHARE_OP_QUEUE_GET, KSHARE_OP_QUEUE_GET_MANY, KSHARE_OP_QUEUE_PEEK,
		KSHARE_OP_QUEUE_LEN, KSHARE_OP_QUEUE_ACK, KSHARE_OP_QUEUE_NACK,
		KSHARE_OP_QUEUE_TASK_DONE, KSHARE_OP_QUEUE_JOIN,
	};
	bool priorities = kinds[op->object].order == PRIORITY;
	unsigned int *leased = &w->leased[op->object];
	uint32_t i;

	op->op = some[rnd(w, sizeof(some) / sizeof(some[0]))];
	op->out = true;
	if (*leased > 4)
		op->op = KSHARE_OP_QUEUE_ACK;
	switch (op->op) {
	case KSHARE_OP_QUEUE_PUT:
		op->has = HAS_VALUE;
		op->value = new_value(w);
		op->wait = rnd(w, 4);
		op->out = rnd(w, 2);
		if (priorities && rnd(w, 4)) {
			op->has |= HAS_KEY;
			op->key = (int)rnd(w, 4) - 1;
		}
		break;
	case KSHARE_OP_QUEUE_PUT_MANY:
		op->has = HAS_VECTOR;
		op->wait = rnd(w, 4);
		op->vectors = (priorities ? 2 : 1) * (1 + rnd(w, 3));
		for (i = 0; i < op->vectors; i++)
			op->vector[i] = priorities && i % 2 == 0 ? rnd(w, 3) : new_value(w);
		break;
	case KSHARE_OP_QUEUE_GET_MANY:
		op->nr = 1 + rnd(w, 4);
		fallthrough;
	case KSHARE_OP_QUEUE_GET:
		op->flags = rnd(w, 2) ? KSHARE_LEASE : 0;
		op->wait = rnd(w, 2) ? WAIT_NOT + rnd(w, 3) : WAIT_LONG;
		break;
	case KSHARE_OP_QUEUE_ACK:
	case KSHARE_OP_QUEUE_NACK:
		op->has = HAS_KEY;
		op->out = false;
		/* One that it has, or another's, or none */
		op->key = *leased && rnd(w, 10) ? w->leases[op->object][rnd(w, *leased)] :
						  1 + rnd(w, 3);
		break;
	case KSHARE_OP_QUEUE_TASK_DONE:
		/* Only what it has taken itself: what is on lease is done with by ACK. */
		op->nr = rnd(w, 3);
		if (w->held[op->object] >= (op->nr ? (int)op->nr : 1))
			break;
		op->op = KSHARE_OP_QUEUE_JOIN;
		op->nr = 0;
		fallthrough;
	case KSHARE_OP_QUEUE_JOIN:
		op->wait = WAIT_NOT + rnd(w, 3);
		op->out = false;
		break;
	}
}

static void queue_learn(struct worker *w, const struct op *op)
{
	uint64_t *leases = w->leases[op->object];
	unsigned int *leased = &w->leased[op->object], i;

	if (op->op == KSHARE_OP_QUEUE_ACK || op->op == KSHARE_OP_QUEUE_NACK) {
		for (i = 0; i < *leased; i++)
			if (leases[i] == (uint64_t)op->key)
				leases[i--] = leases[--*leased];
	}
	if (op->ret < 0)
		return;
	if (op->op == KSHARE_OP_QUEUE_TASK_DONE)
		w->held[op->object] -= op->nr ? op->nr : 1;
	if (op->op != KSHARE_OP_QUEUE_GET && op->op != KSHARE_OP_QUEUE_GET_MANY)
		return;
	if (!(op->flags & KSHARE_LEASE))
		w->held[op->object] += op->op == KSHARE_OP_QUEUE_GET ? 1 : op->ret;
	else if (op->op == KSHARE_OP_QUEUE_GET)
		leases[(*leased)++] = op->number;
	else
		for (i = 0; i < op->count; i += 3)
			leases[(*leased)++] = op->values[i];
}

static bool queue_release(struct worker *w, struct op *op)
{
	if (!w->leased[op->object]) {
		op->op = KSHARE_OP_QUEUE_TASK_DONE;
		op->nr = w->held[op->object];
		return op->nr;
	}
	op->op = rnd(w, 2) ? KSHARE_OP_QUEUE_ACK : KSHARE_OP_QUEUE_NACK;
	op->has = HAS_KEY;
	op->key = w->leases[op->object][w->leased[op->object] - 1];
	return true;
}

/*
 * A message if there is none, else room.  Who waits for what is there already has to go
 * on without that.
 */
static bool queue_help(struct worker *w, struct op *op, unsigned int step)
{
	op->out = true;
	if (!step) {
		op->op = KSHARE_OP_QUEUE_LEN;
	} else if (op->number) {
		op->op = KSHARE_OP_QUEUE_GET;
		op->wait = WAIT_NOT;
	} else {
		op->op = KSHARE_OP_QUEUE_PUT;
		op->wait = WAIT_NOT;
		op->has = HAS_VALUE;
		op->value = new_value(w);
	}
	return step < 2;
}

/* All that is in it, then what is not done yet: one, the rest, and one too many. */
static bool queue_look(struct worker *w, struct op *op, unsigned int step)
{
	(void)w;

	switch (step) {
	case 0:
		op->op = KSHARE_OP_QUEUE_GET_MANY;
		op->nr = MAX_VALUES;
		op->wait = WAIT_NOT;
		break;
	case 1:
		op->op = KSHARE_OP_QUEUE_TASK_DONE;
		break;
	case 2:
		op->op = KSHARE_OP_QUEUE_TASK_DONE;
		op->nr = op->ret ? 0 : op->number;
		break;
	case 3:
		op->op = KSHARE_OP_QUEUE_TASK_DONE;
		break;
	case 4:
		op->op = KSHARE_OP_QUEUE_LEN;
		break;
	default:
		return false;
	}
	op->out = true;
	return true;
}

const struct model model_queue = {
	.name = "queue",
	.objects = 4,
	.size = sizeof(struct queue),
	.undoes = true,
	.create = queue_create,
	.begin = queue_begin,
	.apply = queue_apply,
	.undo = queue_undo,
	.settle = queue_settle,
	.waits = queue_waits,
	.choose = queue_choose,
	.learn = queue_learn,
	.release = queue_release,
	.look = queue_look,
	.help = queue_help,
};
