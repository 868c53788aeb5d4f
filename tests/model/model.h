/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Histories of operations, and what a type is by them.
 *
 * A history says of each operation when it was begun and when it had ended, by one
 * clock that all share, and what it answered.  It is linearizable if there is an
 * order of its operations, in which none stands before one that had ended before it
 * was begun, and in which a plain sequential object would have answered all the same.
 * A model is that plain object.
 *
 * That a client is killed leaves two things in a history.  What its threads had begun
 * has happened or not: operations that never end.  And its settlement is one event,
 * MODEL_SETTLE, between the kill and the time at which the process could be reaped.
 * After it nothing of the client's happens any more.
 */
#ifndef KSHARE_MODEL_H
#define KSHARE_MODEL_H

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <linux/kshare.h>

#define PROCESSES	4			/* that work at the same time */
#define THREADS		2			/* of a process, at most */
#define PARENT		(2 * PROCESSES)		/* a client too: it looks at the end */
#define CLIENTS		(PARENT + 1)
#define OWNERS		(CLIENTS * THREADS)
#define MAX_OBJECTS	4			/* of a type */
#define MAX_VALUES	64			/* of a result */
#define MAX_STATE	4096			/* bytes */
#define MAX_OPS		256			/* on one object, in one history */

#ifndef fallthrough
#define fallthrough	__attribute__((__fallthrough__))
#endif

#define FOREVER		UINT64_MAX
#define MUST_WAIT	(1 << 20)		/* no answer yet */
#define NOT_NOW		(1 << 21)		/* cannot be the next operation */

/* Beside enum kshare_op */
#define MODEL_SETTLE	1000	/* a client is settled */
#define MODEL_UNDO	1001	/* what a dying thread was handed goes back */
#define MODEL_MAP_GET	1002	/* of an array, by its mapping */
#define MODEL_MAP_ADD	1003
/* Of an operation that is several events, of which itself is the first */
#define MODEL_LEAVE	1004	/* its time is over */
#define MODEL_END	1005	/* it has what it waited for, and ends */
#define MODEL_GONE	1006	/* its thread was killed: it waits no more */

/*
 * Values are numbers: those up to STRINGS are an INT, those from it on a STR whose
 * text tells the number, over and over, so that a torn one is seen.
 */
#define STRINGS		(1ll << 40)
#define NOTHING		INT64_MIN
#define TORN		(INT64_MIN + 1)

enum { HAS_KEY = 1, HAS_VALUE = 2, HAS_EXPECT = 4, HAS_VECTOR = 8 };
enum { WAIT_LONG, WAIT_NOT, WAIT_PAST, WAIT_SOON };

/**
 * struct op - an operation
 * @invoke: when it was begun; 0: it has not been
 * @response: when it had ended; FOREVER: it has not
 * @op: enum kshare_op or MODEL_*
 * @flags: of the command, as @nr
 * @object: which one, below MAX_OBJECTS
 * @client: whose it is
 * @owner: which thread it is of, below OWNERS; it owns locks
 * @tag: tells it from the others; MODEL_UNDO: which one is undone
 * @has: HAS_*, of the command
 * @wait: WAIT_*
 * @out: a result is wanted
 * @own: an owner is named by the command, else it is the thread itself
 * @vectors: of @vector
 * @ret: result, or -errno; those that follow are what stood in the result
 */
struct op {
	uint64_t invoke;
	uint64_t response;
	uint32_t op;
	uint32_t flags;
	uint32_t nr;
	uint8_t object;
	uint8_t client;
	uint8_t owner;
	uint8_t tag;
	uint8_t has;
	uint8_t wait;
	uint8_t out;
	uint8_t own;
	uint32_t vectors;
	int64_t key, value, expect;
	int64_t vector[8];

	int32_t ret;
	uint32_t rflags;
	uint32_t count;
	uint64_t number;
	int64_t values[MAX_VALUES];
};

/**
 * struct answer - what the model says
 * @ret: result, -errno, MUST_WAIT, or NOT_NOW if what it answered cannot be right
 * @counts: @number is foretold
 */
struct answer {
	int ret;
	bool counts;
	uint64_t number;
	uint32_t rflags;
	uint32_t count;
	int64_t values[MAX_VALUES];
};

static inline bool op_ended(const struct op *op)
{
	return op->response != FOREVER;
}

/* Whether its result can be looked at. */
static inline bool op_told(const struct op *op)
{
	return op_ended(op) && op->out && op->ret >= 0;
}

/* Does it wait for what others see of it? */
static inline bool op_is_first(const struct op *op)
{
	return op->op == KSHARE_OP_CONDITION_WAIT || op->op == KSHARE_OP_BARRIER_WAIT ||
	       (op->op == KSHARE_OP_CALL && !(op->flags & KSHARE_ONEWAY));
}

static inline void answer_value(struct answer *a, int64_t value)
{
	a->values[a->count++] = value;
}

static inline void answer_number(struct answer *a, uint64_t number)
{
	a->number = number;
	a->counts = true;
}

/**
 * struct worker - a thread that does operations, and what it knows
 * @seed: of its random numbers
 * @client: its client
 * @owner: itself
 * @names: it names the owner in its commands
 * @sent: values that it has made up
 * @held: of each object: depth, permits
 * @leases: of each object, @leased of them
 * @version: the last that it was told, of each object
 */
struct worker {
	unsigned int seed;
	uint8_t client;
	uint8_t owner;
	bool names;
	unsigned int sent;
	int held[MAX_OBJECTS];
	uint64_t leases[MAX_OBJECTS][16];
	unsigned int leased[MAX_OBJECTS];
	uint64_t version[MAX_OBJECTS];
};

/**
 * struct model - a type
 * @name: of it
 * @objects: how many there are, at most MAX_OBJECTS
 * @together: a history is of all objects, and so is a state
 * @size: of a state, in which all that is not used is zero; a multiple of 8
 * @undoes: that which a thread was handed may go back when it is killed
 * @create: makes an object; its handle
 * @begin: brings an object that nobody uses to a state
 * @apply: carries out an operation.  With @undone it is to be undone by and by, if it
 *	is one that never ends, and if its time is over it was so when it was begun
 * @undo: undoes the one of that tag; false if there is none to be undone
 * @settle: gives back what the client of the operation has; false if it cannot yet
 * @waits: in which line an operation waits; 0: in none
 * @choose: makes up an operation
 * @learn: has a look at one that has ended
 * @release: makes up one that gives something back; false if there is nothing left
 * @look: makes up the next of those that look at the object, at the end
 * @help: makes up the next of those by which somebody goes on who may wait for what
 *	nobody does any more
 */
struct model {
	const char *name;
	unsigned int objects;
	bool together;
	size_t size;
	bool undoes;
	uint32_t (*create)(unsigned int object);
	void (*begin)(unsigned int object, void *state);
	void (*apply)(void *state, const struct op *op, bool undone, struct answer *a);
	bool (*undo)(void *state, const struct op *op);
	bool (*settle)(void *state, const struct op *op);
	int (*waits)(const struct op *op);
	void (*choose)(struct worker *w, struct op *op);
	void (*learn)(struct worker *w, const struct op *op);
	bool (*release)(struct worker *w, struct op *op);
	bool (*look)(struct worker *w, struct op *op, unsigned int step);
	bool (*help)(struct worker *w, struct op *op, unsigned int step);
};

extern const struct model model_cell, model_array, model_dict, model_list, model_queue,
	model_lock, model_rwlock, model_semaphore, model_event, model_settlement, model_condition,
	model_barrier, model_call;

void lock_keep_token(void *state);

/* ---- check.c ---- */

enum verdict { LINEARIZABLE, NOT_LINEARIZABLE, UNDECIDED };

/**
 * check() - is there an order?
 * @model: the type
 * @state: what the object was at first
 * @ops: operations on it, at most MAX_OPS; they are sorted
 * @count: how many
 */
enum verdict check(const struct model *model, const void *state, struct op *ops,
		   unsigned int count);

/* Prints what was checked last, and how far an order could be found. */
void check_print(void);

/* ---- command.c: from operations to commands ---- */

extern int model_fd;
extern uint32_t model_handles[MAX_OBJECTS];
extern volatile int32_t *model_map[MAX_OBJECTS];
extern int32_t model_pids[CLIENTS];	/* 0: there is none */

void model_open(void);
const char *op_name(uint32_t op);
void op_run(struct op *op);
void op_do(struct op *op);
uint32_t model_create(uint32_t type, uint32_t elem, uint32_t flags, int64_t key, int64_t value);

unsigned int rnd(struct worker *w, unsigned int n);
int64_t some_value(struct worker *w);
int64_t new_value(struct worker *w);

#endif /* KSHARE_MODEL_H */
