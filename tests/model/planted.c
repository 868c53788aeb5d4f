// SPDX-License-Identifier: GPL-2.0
/*
 * Is the checker right?  Histories that were made up: those that no object can have had
 * must be refused, and what looks like them and is right must not be.
 *
 * Prints TAP; needs no /dev/kshare.
 */
#include <stdio.h>
#include <string.h>

#include "model.h"

static struct op ops[MAX_OPS];
static unsigned int count;
static const struct model *type;
static uint64_t state[512];
static unsigned int tests, failures;

static void begin(const struct model *model)
{
	type = model;
	count = 0;
	memset(ops, 0, sizeof(ops));
	memset(state, 0, sizeof(state));
}

/* The state is the model's own, of which the @at-th 32 bits are to be something. */
static void set(unsigned int at, uint32_t value)
{
	memcpy((char *)state + at * sizeof(value), &value, sizeof(value));
}

/* By the first thread of a client */
static struct op *add(unsigned int client, uint64_t from, uint64_t to, uint32_t op, int ret)
{
	struct op *p = &ops[count];

	*p = (struct op){
		.invoke = from,
		.response = to,
		.op = op,
		.client = client,
		.owner = client * THREADS,
		.tag = count,
		.out = true,
		.ret = ret,
	};
	count++;
	return p;
}

static struct op *add_value(unsigned int client, uint64_t from, uint64_t to, uint32_t op,
			    int64_t value, int ret)
{
	struct op *p = add(client, from, to, op, ret);

	p->has = HAS_VALUE;
	p->value = value;
	return p;
}

/* @p has answered with a value, too. */
static struct op *told(struct op *p, uint64_t number, int64_t value)
{
	p->number = number;
	p->count = 1;
	p->values[0] = value;
	return p;
}

static void silent(struct op *p)
{
	p->out = false;
}

static void settle(unsigned int client, uint64_t from, uint64_t to)
{
	add(client, from, to, MODEL_SETTLE, 0);
}

static void expect(bool good, const char *what)
{
	bool is = check(type, state, ops, count) == LINEARIZABLE;

	printf("%sok %u - %s: %s\n", is == good ? "" : "not ", ++tests,
	       good ? "accepted" : "refused", what);
	if (is != good) {
		failures++;
		if (!is)
			check_print();
	}
}

/* Two that add 1 to a cell, at the same time, and what each is told */
static void updates(int64_t first, int64_t second)
{
	begin(&model_cell);
	told(add_value(0, 1, 4, KSHARE_OP_CELL_ADD, 1, 0), 1, first);
	told(add_value(1, 2, 3, KSHARE_OP_CELL_ADD, 1, 0), 2, second);
}

/* A value that is read before and after another client set it. */
static void reads(int64_t first, int64_t second)
{
	begin(&model_cell);
	silent(add_value(0, 1, 6, KSHARE_OP_CELL_SET, 5, 0));
	told(add(1, 2, 3, KSHARE_OP_CELL_GET, 0), first ? 1 : 0, first);
	told(add(1, 4, 5, KSHARE_OP_CELL_GET, 0), second ? 1 : 0, second);
}

static void test_cells(void)
{
	updates(1, 1);
	expect(false, "a lost update of a cell");
	updates(2, 1);
	expect(true, "two updates of a cell");
	reads(0, 5);
	expect(true, "a new value after an old one");
	reads(5, 0);
	expect(false, "an old value after a new one");

	/* Set by a client that is killed, between 2 and 5 */
	begin(&model_cell);
	silent(add_value(1, 1, FOREVER, KSHARE_OP_CELL_SET, 5, 0));
	settle(1, 2, 5);
	told(add(0, 6, 7, KSHARE_OP_CELL_GET, 0), 0, 0);
	expect(true, "a dying client has set nothing");
	told(add(0, 8, 9, KSHARE_OP_CELL_GET, 0), 1, 5);
	expect(false, "a dead client sets something");
	told(&ops[2], 1, 5);
	expect(true, "a dying client has set something");

	begin(&model_array);
	told(add_value(0, 1, 4, MODEL_MAP_ADD, 1, 0), 0, 1);
	told(add_value(1, 2, 3, KSHARE_OP_ARRAY_ADD, 1, 0), 0, 1);
	expect(false, "a lost update of an array's element");
}

static void test_containers(void)
{
	struct op *p;

	begin(&model_dict);
	told(add_value(0, 1, 4, KSHARE_OP_DICT_ADD, 1, 0), 1, 1);
	told(add_value(1, 2, 3, KSHARE_OP_DICT_ADD, 1, 0), 1, 1);
	expect(false, "a lost update of a dict's entry");

	begin(&model_dict);
	silent(add_value(0, 1, 2, KSHARE_OP_DICT_SET, 1, 1));
	p = add_value(0, 3, 4, KSHARE_OP_DICT_SET, 2, 1);
	p->has |= HAS_KEY;
	p->key = 7;
	silent(p);
	p = add(0, 5, 6, KSHARE_OP_DICT_POPITEM, 0);
	p->flags = KSHARE_FIRST;
	p->count = 2;
	p->values[0] = 7;
	p->values[1] = 2;
	expect(false, "a dict's newest entry as its oldest one");
	p->flags = 0;
	expect(true, "a dict's newest entry");

	begin(&model_dict);
	add(0, 1, 2, KSHARE_OP_DICT_DELETE, -ENOENT);
	silent(add_value(1, 3, 4, KSHARE_OP_DICT_SET, 1, 0));
	expect(false, "a new key that is not new");

	begin(&model_list);
	add_value(0, 1, 4, KSHARE_OP_LIST_APPEND, 1, 0)->number = 1;
	add_value(1, 2, 3, KSHARE_OP_LIST_APPEND, 2, 0)->number = 1;
	expect(false, "a lost element of a list");
	ops[0].number = 2;
	expect(true, "two elements of a list");
	told(add(2, 5, 6, KSHARE_OP_LIST_POP, 0), 0, 2);
	expect(false, "the first element for the last one");
}

static void test_queues(void)
{
	struct op *p;

	begin(&model_queue);
	silent(add_value(0, 1, 2, KSHARE_OP_QUEUE_PUT, 1, 0));
	silent(add_value(0, 3, 4, KSHARE_OP_QUEUE_PUT, 2, 0));
	told(add(1, 5, 8, KSHARE_OP_QUEUE_GET, 1), 0, 2);
	expect(false, "the second message for the first one");
	told(add(2, 6, 7, KSHARE_OP_QUEUE_GET, 1), 0, 1);
	expect(true, "two messages at the same time");
	told(add(2, 9, 10, KSHARE_OP_QUEUE_GET, 1), 0, 1);
	expect(false, "a message that is taken twice");

	begin(&model_queue);
	silent(add_value(0, 1, 2, KSHARE_OP_QUEUE_PUT, 1, 0));
	p = add(1, 3, 4, KSHARE_OP_QUEUE_GET, -EAGAIN);
	p->wait = WAIT_NOT;
	expect(false, "a message that is lost");
	p = add(2, 3, 9, KSHARE_OP_QUEUE_GET, -ETIMEDOUT);
	p->wait = WAIT_SOON;
	expect(true, "a message that somebody else waits for");

	/* On lease, by a client that is killed */
	begin(&model_queue);
	silent(add_value(0, 1, 2, KSHARE_OP_QUEUE_PUT, 1, 0));
	silent(add_value(0, 3, 4, KSHARE_OP_QUEUE_PUT, 2, 0));
	p = told(add(1, 5, 6, KSHARE_OP_QUEUE_GET, 1), 9, 1);
	p->flags = KSHARE_LEASE;
	settle(1, 7, 10);
	told(add(0, 11, 12, KSHARE_OP_QUEUE_GET, 1), 0, 2);
	expect(false, "a lease that does not come back, or at the tail");
	told(&ops[count - 1], 0, 1);
	expect(false, "a lease that comes back as if nobody had it before");
	ops[count - 1].ret = 2;
	expect(true, "a lease that comes back");
	ops[count - 1].invoke = 8;
	ops[count - 1].response = 9;
	expect(true, "a lease that is back before the process can be reaped");
	ops[count - 1].invoke = 3;
	ops[count - 1].response = 6;
	expect(false, "a lease that is back before its client was killed");

	/* Handed to a thread that dies before it has it, while others look */
	begin(&model_queue);
	silent(add_value(0, 1, 2, KSHARE_OP_QUEUE_PUT, 1, 0));
	add(1, 3, FOREVER, KSHARE_OP_QUEUE_GET, 0);
	add(0, 4, 5, KSHARE_OP_QUEUE_LEN, 0)->number = 0;
	add(0, 6, 7, KSHARE_OP_QUEUE_LEN, 0)->number = 1;
	expect(false, "a message that comes from nowhere");
	p = add(1, 3, FOREVER, MODEL_UNDO, 0);
	p->tag = 1;
	settle(1, 3, 8);
	expect(true, "a message that goes back");
}

/* Acquired by client 1, which is killed, and then by another one */
static void died(uint32_t flags)
{
	begin(&model_lock);
	add(1, 1, 2, KSHARE_OP_LOCK_ACQUIRE, 1)->number = 1;
	settle(1, 3, 6);
	add(0, 4, 7, KSHARE_OP_LOCK_ACQUIRE, 1)->number = 2;
	ops[count - 1].rflags = flags;
}

static void test_locks(void)
{
	struct op *p;

	begin(&model_lock);
	add(0, 1, 2, KSHARE_OP_LOCK_ACQUIRE, 1)->number = 1;
	add(1, 3, 4, KSHARE_OP_LOCK_ACQUIRE, 1)->number = 2;
	expect(false, "a lock that two hold");
	silent(add(0, 3, 5, KSHARE_OP_LOCK_RELEASE, 0));
	expect(true, "a lock that is passed on");
	ops[1].number = 1;
	expect(false, "a token that does not grow");

	begin(&model_lock);
	add(0, 1, 2, KSHARE_OP_LOCK_ACQUIRE, 1)->number = 1;
	silent(add(1, 3, 4, KSHARE_OP_LOCK_RELEASE, 0));
	expect(false, "a lock that another one releases");

	died(0);
	expect(false, "a dead owner that nobody is told of");
	died(KSHARE_R_OWNER_DIED);
	expect(true, "a dead owner");
	ops[1].invoke = 8;
	ops[1].response = 9;
	expect(false, "a lock that is passed on before its owner was killed");

	/* What a client was about to acquire when it was killed, it may have got. */
	died(0);
	ops[0].response = FOREVER;
	expect(true, "an owner that died before it was one");
	died(KSHARE_R_OWNER_DIED);
	ops[0].response = FOREVER;
	expect(true, "an owner that died before it knew");

	died(KSHARE_R_OWNER_DIED);
	p = &ops[2];
	p->wait = WAIT_NOT;
	p->ret = -EAGAIN;
	p->invoke = 7;
	p->response = 8;
	expect(false, "a lock that stays locked when its owner dies");

	begin(&model_rwlock);
	add(0, 1, 2, KSHARE_OP_RWLOCK_ACQUIRE, 0)->flags = KSHARE_SHARED;
	p = add(1, 3, 4, KSHARE_OP_RWLOCK_ACQUIRE, 0);
	p->flags = KSHARE_SHARED;
	expect(true, "a rwlock that two share");
	p->flags = 0;
	p->number = 1;
	expect(false, "a rwlock that one has alone while another shares it");
	settle(0, 2, 5);
	expect(true, "one that has it alone once who shared it is dead");
}

static void test_permits(void)
{
	begin(&model_semaphore);
	set(1, 1);
	add(0, 1, 4, KSHARE_OP_SEMAPHORE_ACQUIRE, 0)->number = 0;
	add(1, 2, 3, KSHARE_OP_SEMAPHORE_ACQUIRE, 0)->number = 0;
	expect(false, "more permits than there are");

	begin(&model_semaphore);
	set(1, 1);
	add(1, 1, 2, KSHARE_OP_SEMAPHORE_ACQUIRE, 0)->number = 0;
	settle(1, 3, 4);
	add(0, 5, 6, KSHARE_OP_SEMAPHORE_VALUE, 0)->number = 0;
	expect(false, "a permit that is lost at settlement");
	ops[2].number = 2;
	expect(false, "a permit that is given back twice");
	ops[2].number = 1;
	expect(true, "a permit that comes back");

	begin(&model_event);
	set(0, 1);
	silent(add(0, 1, 2, KSHARE_OP_EVENT_SET, 0));
	silent(add(1, 3, 6, KSHARE_OP_EVENT_WAIT, 0));
	expect(true, "one goes by an event");
	silent(add(2, 4, 5, KSHARE_OP_EVENT_WAIT, 0));
	expect(false, "two go by an event that is for one");
	set(0, 0);
	expect(true, "two go by an event that is for all");
}

/* Client 1 is killed with a lock and a permit; then another one has that lock. */
static void settled(uint64_t permits, uint64_t invoke)
{
	unsigned int i;

	begin(&model_settlement);
	/* Behind the state of a lock, which begins with that of who was settled */
	set((sizeof(uint64_t) + model_lock.size) / sizeof(uint32_t) + 1, 1);
	add(1, 1, 2, KSHARE_OP_LOCK_ACQUIRE, 1)->number = 1;
	silent(add(1, 3, 4, KSHARE_OP_SEMAPHORE_ACQUIRE, 0));
	ops[1].object = 1;
	for (i = 0; i < MAX_OBJECTS; i++) {
		settle(1, 5, 20);
		ops[count - 1].object = i;
	}
	add(0, 6, 7, KSHARE_OP_LOCK_ACQUIRE, 1)->number = 2;
	ops[count - 1].rflags = KSHARE_R_OWNER_DIED;
	add(0, invoke, 9, KSHARE_OP_SEMAPHORE_VALUE, 0)->number = permits;
	ops[count - 1].object = 1;
}

static void test_settlement(void)
{
	settled(1, 8);
	expect(true, "a lock that is passed on after all else");
	settled(0, 8);
	expect(false, "a lock that is passed on before a permit is given back");
	settled(0, 5);
	expect(true, "a permit that is given back before a lock");
}

/* Client 0 waits until 20, and how that ends; another one notifies once. */
static void notified(int ret, int count_of_notify)
{
	struct op *p;

	begin(&model_condition);
	silent(add(0, 1, 2, KSHARE_OP_LOCK_ACQUIRE, 1));
	p = add(0, 3, 20, KSHARE_OP_CONDITION_WAIT, ret);
	silent(p);
	if (ret < 0) {
		ops[count] = *p;
		ops[count++].op = MODEL_LEAVE;
	}
	ops[count] = *p;
	ops[count++].op = MODEL_END;
	silent(add(1, 4, 5, KSHARE_OP_LOCK_ACQUIRE, 1));
	silent(add(1, 6, 7, KSHARE_OP_CONDITION_NOTIFY, count_of_notify));
	silent(add(1, 8, 9, KSHARE_OP_LOCK_RELEASE, 0));
}

static void test_condition(void)
{
	notified(1, 1);
	expect(true, "one that waits is notified");
	silent(add(0, 7, 8, KSHARE_OP_LOCK_RELEASE, 0));
	expect(false, "who was notified has the lock before it is given back");
	notified(1, 0);
	expect(false, "one goes on without a notify");
	notified(-ETIMEDOUT, 1);
	expect(false, "a notify is lost to one whose time is over");
	notified(-ETIMEDOUT, 0);
	expect(true, "one whose time is over is not notified");
}

/* The end of one that is several events */
static void ends(const struct op *p)
{
	ops[count] = *p;
	ops[count++].op = MODEL_END;
}

static struct op *comes(unsigned int client, uint64_t from, uint64_t to, int ret)
{
	struct op *p = add(client, from, to, KSHARE_OP_BARRIER_WAIT, ret);

	silent(p);
	ends(p);
	return p;
}

/* A barrier of two parties */
static void test_barrier(void)
{
	struct op *p;

	begin(&model_barrier);
	set(0, 2);
	comes(0, 1, 4, 0);
	comes(1, 2, 3, 1);
	expect(true, "two come to a barrier");
	comes(2, 5, 6, 0);
	expect(false, "one goes by a barrier alone");

	begin(&model_barrier);
	set(0, 2);
	comes(0, 1, 4, 0);
	comes(1, 2, 3, 0);
	expect(false, "two have one index");

	begin(&model_barrier);
	set(0, 2);
	comes(0, 1, 6, 0);
	silent(add(1, 2, 3, KSHARE_OP_BARRIER_RESET, 0));
	comes(1, 4, 5, 1);
	expect(true, "one comes after a reset");
	ops[0].response = 4;
	ops[1].response = 4;
	expect(false, "a reset is lost to one who waits");
	ops[0].ret = -ESHUTDOWN;
	ops[1].ret = -ESHUTDOWN;
	expect(false, "one goes by a barrier in which nobody waits");

	/* Client 1 has waited, in another history. */
	begin(&model_barrier);
	set(0, 2);
	set(2, 1 << 1);
	settle(1, 1, 2);
	p = comes(0, 3, 4, -EAGAIN);
	p->wait = WAIT_NOT;
	ops[count - 1].wait = WAIT_NOT;
	expect(false, "a party has died, and the barrier is whole");
	ops[count - 1].ret = -EOWNERDEAD;
	p->ret = -EOWNERDEAD;
	expect(true, "a party has died");
}

/* Client 1 is told of a call, and of which number it is. */
static struct op *served(uint64_t from, uint64_t to, int64_t value, uint64_t number)
{
	struct op *p = add(1, from, to, KSHARE_OP_SERVE, KSHARE_SERVE_CALL);

	p->number = number;
	p->count = KSHARE_SERVED_ARGS + 1;
	p->values[KSHARE_SERVED_ARGS] = value;
	if (!number)
		p->values[KSHARE_SERVED_METHOD] = KSHARE_SERVED_ONEWAY;
	return p;
}

static struct op *replies(uint64_t from, uint64_t to, uint64_t number, int64_t value, int ret)
{
	struct op *p = add_value(1, from, to, KSHARE_OP_REPLY, value, ret);

	p->has |= HAS_KEY;
	p->key = number;
	silent(p);
	return p;
}

/* Client 1 is the fifth host. */
static void hosted(void)
{
	begin(&model_call);
	set(0, 5);
	set(2, 1 + 1);
}

static void test_calls(void)
{
	struct op *p;

	hosted();
	ends(told(add_value(0, 1, 10, KSHARE_OP_CALL, 7, 0), 5, 9));
	served(2, 3, 7, 1);
	replies(4, 5, 1, 9, 0);
	expect(true, "a call is answered");
	p = replies(6, 7, 1, 9, 0);
	expect(false, "a call is answered twice");
	p->ret = -ENOENT;
	expect(true, "an answer to no call is refused");
	served(8, 9, 7, 2);
	expect(false, "a call is served twice");

	hosted();
	ends(told(add_value(0, 1, 10, KSHARE_OP_CALL, 7, 0), 5, 9));
	served(2, 3, 7, 1);
	replies(11, 12, 1, 9, 0);
	expect(false, "an answer comes before it is given");

	hosted();
	p = add_value(0, 1, 10, KSHARE_OP_CALL, 7, -EOWNERDEAD);
	ends(p);
	served(2, 3, 7, 1);
	settle(1, 4, 6);
	expect(true, "the host has died");
	p->ret = -ESHUTDOWN;
	ops[1].ret = -ESHUTDOWN;
	expect(false, "the host has died, and its caller is told something else");
	p->ret = -EOWNERDEAD;
	ops[1].ret = -EOWNERDEAD;
	ops[count - 1].invoke = 11;
	ops[count - 1].response = 12;
	expect(false, "a call ends before its host has died");

	/* Nobody waits for these. */
	hosted();
	p = add_value(0, 1, 2, KSHARE_OP_CALL, 7, 0);
	p->flags = KSHARE_ONEWAY;
	silent(p);
	p = add_value(0, 3, 4, KSHARE_OP_CALL, 8, 0);
	p->flags = KSHARE_ONEWAY;
	silent(p);
	served(5, 6, 7, 0);
	expect(true, "a call for which nobody waits");
	p = served(7, 8, 8, 0);
	expect(true, "the calls of a client in their order");
	p->values[KSHARE_SERVED_ARGS] = 7;
	expect(false, "a call for which nobody waits is served twice");
	p->invoke = 5;
	p->response = 6;
	ops[2].invoke = 3;
	ops[2].response = 4;
	p->values[KSHARE_SERVED_ARGS] = 7;
	ops[2].values[KSHARE_SERVED_ARGS] = 8;
	expect(false, "the calls of a client in another order");
}

int main(void)
{
	printf("TAP version 13\n");
	test_cells();
	test_containers();
	test_queues();
	test_locks();
	test_permits();
	test_settlement();
	test_condition();
	test_barrier();
	test_calls();
	printf("1..%u\n", tests);
	return failures ? 1 : 0;
}
