/* SPDX-License-Identifier: GPL-2.0-only */
/**
 * DOC: carrying out a command
 *
 * Every operation is a row of one table (command.c).  A door copies a &struct
 * kshare_cmd in and calls kshare_command(); that finds the row, checks size,
 * fields, flags, type and rights, brings the values in, and runs the row:
 *
 *  - @issue: for operations that are not about one object's state: does all;
 *  - @quick: an attempt under RCU, before any of the rest: for what is done so often
 *    that the rest would be most of it (quick.h);
 *  - @direct: the same for one that sleeps: it has to make a run that others can
 *    carry out (types/call_direct.c);
 *  - @read: an attempt without any lock, under RCU; the answer counts if the
 *    object's sequence count says that nothing changed meanwhile, and unless it
 *    is -EAGAIN;
 *  - @apply: under the object's lock, or with the object owned: checks and
 *    changes.  It may be carried out by another task, for a waiter;
 *  - @prepare: before @apply, without locks: allocates what it will need;
 *  - @undo: takes back what @apply did, at once or, for a waiter that was
 *    granted, later.  No operation that changes something is without it;
 *  - @finish: after all, without locks: frees what @prepare and @apply left.
 *
 * Operations that wait answer KSHARE_MUST_WAIT from @apply, having changed
 * nothing, and then stand in the line that @line tells, under the object's lock
 * all the while:
 *
 *  - @queued: what begins with the wait (a condition gives its lock back);
 *  - @apply: again, with &kshare_run.waiting set, whenever the object changed;
 *  - @left: the wait is to end for another reason: does what that brings with it
 *    (a barrier breaks), or refuses.
 *
 * Who waits is a task that sleeps, or, with &kshare_run.async, nobody: then
 * kshare_run_execute() returns KSHARE_PARKED, and @wake is called later (park.c).
 *
 * Results go to the caller before a change is final: with page faults disabled,
 * while the object is still locked.  If that fails the change is undone, the
 * pages are faulted in, and it is tried again.  So a change whose result could
 * not be delivered has not happened.  Only a waiter that was handed something
 * learns of it too late, and gives it back.
 */
#ifndef KSHARE_COMMAND_H
#define KSHARE_COMMAND_H

#include <linux/timerqueue.h>

#include "client.h"
#include "deque.h"
#include "table.h"

/*
 * Answers of @apply and of delivery that never reach user space; below all
 * errnos.
 */
#define KSHARE_MUST_WAIT	(-5001)	/* it cannot proceed now */
#define KSHARE_MUST_PREPARE	(-5002)	/* what @prepare allocated is not enough any more */
#define KSHARE_MUST_OWN		(-5003)	/* too long for a spinlock */
#define KSHARE_MUST_RESERVE	(-5004)	/* handles for the references in the result */
#define KSHARE_MUST_FAULT	(-5005)	/* pages of the result buffer */
#define KSHARE_NOT_QUICK	(-5006)	/* @quick leaves it to the others */
#define KSHARE_MUST_PARK	(-5007)	/* it has to be found by others while it waits */
#define KSHARE_QUEUED		(-5008)	/* it waits */
#define KSHARE_PARKED		(-5009)	/* an async one waits: not to be touched any more */
#define KSHARE_WOULD_SLEEP	(-5010)	/* it would wait, and &kshare_run.no_sleep is set */
/* Not an answer, but a reason why a wait ends: its ring goes, or exec(). */
#define KSHARE_DOOR_GONE	(-5011)

/* Which types of values an argument may have: bits (1 << enum kshare_value_type) */
#define KSHARE_TAKES_NONE	BIT(KSHARE_NONE)
#define KSHARE_TAKES_NUMBER	(BIT(KSHARE_BOOL) | BIT(KSHARE_INT) | BIT(KSHARE_UINT) | \
				 BIT(KSHARE_FLOAT))
#define KSHARE_TAKES_INTEGER	(BIT(KSHARE_INT) | BIT(KSHARE_UINT))
#define KSHARE_TAKES_ANY	(KSHARE_TAKES_NONE | KSHARE_TAKES_NUMBER | BIT(KSHARE_STR) | \
				 BIT(KSHARE_BYTES) | BIT(KSHARE_REF) | BIT(KSHARE_ENCODED))
#define KSHARE_TAKES_VECTOR	BIT(KSHARE_VECTOR)

/* Flags of rows; the low bits are KSHARE_OPINFO_* */
#define KSHARE_ROW_KEY_IS_KEY	BIT(8)	/* @key is a dict key: to be checked as one */
#define KSHARE_ROW_OWN_DOMAIN	BIT(9)	/* handle 0 means the client's own domain */
#define KSHARE_ROW_OF_LOCK	BIT(10)	/* is carried out on the lock of a condition */
#define KSHARE_ROW_STAYS	BIT(11)	/* once others may have seen it, it cannot be undone */
#define KSHARE_ROW_OF_CLASS	BIT(13)	/* is carried out on the class of an instance */
#define KSHARE_ROW_PARKS	BIT(14)	/* it waits, unless something is wrong */
#define KSHARE_ROW_ANY_DOOR	BIT(12)	/* @quick does not go by the thread that calls */

/**
 * struct kshare_row - a row of the table
 * @name: as told by QUERY
 * @types: bits (1 << enum kshare_type) it takes
 * @rights: needed of the handle
 * @cmd_flags: allowed in &kshare_cmd.flags
 * @fields: KSHARE_FIELD_*
 * @flags: KSHARE_OPINFO_*, KSHARE_ROW_*
 * @key: types of values that @key may have, if it uses one
 * @value: the same for @value
 * @expect: the same for @expect
 * @issue: see above
 * @quick: see above; -errno is not among its answers
 * @direct: see above; @run is memory for it, that nobody has filled in
 * @read: see above
 * @prepare: see above
 * @apply: see above
 * @undo: see above
 * @finish: see above
 * @line: the line it waits in; NULL for &kshare_object.waiters
 * @queued: see above
 * @left: see above; @why is -ETIMEDOUT, -ERESTARTSYS, -ECANCELED, -ESTALE (only of
 *	what waits for a condition), KSHARE_DOOR_GONE, or -EOWNERDEAD if the client
 *	has died; the last two cannot be refused.  0: it may end; an error: it ends
 *	with that instead; KSHARE_MUST_WAIT: it has to go on; 1: its turn has come,
 *	and it is to be carried out
 */
struct kshare_row {
	char name[24];
	u32 types;
	u32 rights;
	u32 cmd_flags;
	u16 fields;
	u16 flags;
	u16 key;
	u16 value;
	u16 expect;
	int (*issue)(struct kshare_run *run);
	int (*quick)(struct kshare_client *client, const struct kshare_cmd *cmd);
	int (*direct)(struct kshare_run *run, struct kshare_client *client,
		      const struct kshare_cmd *cmd);
	int (*read)(struct kshare_run *run);
	int (*prepare)(struct kshare_run *run);
	int (*apply)(struct kshare_run *run);
	void (*undo)(struct kshare_run *run);
	void (*finish)(struct kshare_run *run);
	struct list_head *(*line)(struct kshare_run *run);
	void (*queued)(struct kshare_run *run);
	int (*left)(struct kshare_run *run, int why);
};

/* Operations are numbered below this. */
#define KSHARE_ROW_LIMIT	256

extern const struct kshare_row kshare_rows[KSHARE_ROW_LIMIT];

/* The row of an operation, or NULL. */
static inline const struct kshare_row *kshare_op_find(u32 op)
{
	const struct kshare_row *row;

	if (unlikely(op >= KSHARE_ROW_LIMIT))
		return NULL;
	row = &kshare_rows[array_index_nospec(op, KSHARE_ROW_LIMIT)];
	return likely(row->issue || row->apply) ? row : NULL;
}

u32 kshare_op_count(void);
/* Fills in the row number @n of those that there are; false past the last. */
bool kshare_op_describe(u32 n, struct kshare_op_info *info);

/** struct kshare_reserved - a handle number for a reference in a result */
struct kshare_reserved {
	u32 id;
	u32 rights;
	struct kshare_handle *handle;
	struct kshare_object *obj;
};

/**
 * struct kshare_dict_change - one change of a dict, and how to undo it
 * @key: borrowed
 * @value: borrowed; moves to the entry if @moves
 * @hash: of @key
 * @state: what was done
 * @moves: @value was moved to the entry
 * @need: @entry is needed: the key was found absent
 * @entry: a new entry that is not in the table, or one that was taken out
 * @at: the entry in the table that was changed or inserted
 * @old: its value before
 * @old_version: its version before
 */
struct kshare_dict_change {
	const struct kshare_val *key;
	struct kshare_val *value;
	u32 hash;
	enum {
		KSHARE_DICT_NOTHING,
		KSHARE_DICT_REPLACED,
		KSHARE_DICT_INSERTED,
		KSHARE_DICT_REMOVED,
	} state;
	bool moves;
	bool need;
	struct kshare_entry *entry;
	struct kshare_entry *at;
	struct kshare_val old;
	u64 old_version;
};

/**
 * struct kshare_list_state - one change of a list, and how to undo it
 * @done: it was made
 * @at: where
 * @del: elements that were taken out, to @old
 * @ins: elements that were put in, from @new
 * @reversed: the whole list was reversed
 * @from_vec: every @stride-th of @new came from &kshare_run.vec
 * @reverse_source: in reverse order
 * @stride: of @old only every so manieth is gone, or none if 0; the others were
 *	put in again
 * @new: where the new elements came from, and go back to
 * @old: room for those that go: @one, or memory of its own
 * @old_room: how many fit @old
 * @spare: memory for elements to sort, or that stay between those deleted
 * @spare_room: how many fit @spare
 * @one: room for one
 * @room: memory for the deque, or left over from it
 * @cleared: room for what a clear takes out, or what it took out
 * @cleared_bytes: what that was charged
 */
struct kshare_list_state {
	bool done;
	bool reversed;
	bool from_vec;
	bool reverse_source;
	u64 stride;
	u64 at;
	u64 del;
	u64 ins;
	struct kshare_val *new;
	struct kshare_val *old;
	u64 old_room;
	struct kshare_val *spare;
	u64 spare_room;
	struct kshare_val one;
	struct kshare_deque_room room;
	struct kshare_deque *cleared;
	u64 cleared_bytes;
};

/* Values of a result that need no memory of their own. */
#define KSHARE_OUT_ROOM		2
#define KSHARE_OUT_INLINE	(KSHARE_SERVED_ARGS + 1)

/**
 * struct kshare_run - a command that is being carried out
 * @client: whose it is
 * @closes: &kshare_client.closes when it began
 * @op: its row
 * @obj: its object, with a reference; NULL if it takes none
 * @via: the gate that the handle goes through, with a reference, or NULL
 * @handle: number of the handle
 * @rights: of the handle
 * @flags: &kshare_cmd.flags
 * @nr: &kshare_cmd.nr
 * @out_len: size of the result buffer
 * @out_addr: the result buffer, or 0
 * @deadline: absolute, ns; 0 for none
 * @tag: names it for cancellation
 * @key: first argument, owned
 * @value: second argument, owned
 * @expect: third argument, owned
 * @vec: elements of a vector, owned
 * @vec_count: how many
 * @slack: in an atomic batch: values that other commands of it may add to the
 *	same object before this one; for @prepare
 * @atomic: it is part of an atomic batch, so it may be undone after it succeeded
 * @own: the object must be owned, not just locked
 * @owned: the object is owned: @apply may sleep and take long
 * @changed: @apply has changed the object
 * @waiting: it was queued as a waiter, so @apply may run in another task
 * @async: nobody sleeps for it, see above
 * @no_sleep: it may neither be parked nor sleep
 * @uring: it came through io_uring
 * @parked: in &kshare_client.parked
 * @killable: while it waits, signals that do not kill wait as well
 * @member: of a group: waits in lines, although @flags say KSHARE_NOWAIT
 * @all: member of a group that waits for all
 * @seen: what it freed for others was handed on (WAIT_ALL)
 * @tell: the result is to be written although it is an error
 * @ended: its client has died, and kshare_run_end() was called
 * @late: it is given back, others may have seen it meanwhile
 * @kept: @apply has changed the object, whatever it returned
 * @result_flags: KSHARE_R_*
 * @number: &kshare_result.number
 * @out: values of the result, owned: @out_inline or an array from
 *	kshare_run_out()
 * @out_count: how many
 * @out_room: how many fit @out
 * @out_inline: room for KSHARE_OUT_ROOM, and for what SERVE tells
 * @reserved: handle numbers for references in the result
 * @reserved_count: how many are there
 * @reserved_used: how many of them were written to the result
 * @need: after KSHARE_MUST_RESERVE how many are needed
 * @size: bytes of the result, once it was measured
 * @seq: sequence count that @read began with
 * @key_bytes: a short key, so that looking one up allocates nothing
 * @doom: objects that lost their last reference; run after all locks
 * @u: for @prepare, @apply, @undo, @finish of each operation
 * @peer: a condition, with a reference, if @obj is its lock; an instance, if it is
 *	its class
 * @counted: the object whose waiters it counts among, while it waits
 * @subs: members of a group: the commands of WAIT_ANY and WAIT_ALL
 * @sub_count: how many
 * @waiter: while it waits
 * @wait_link: in &kshare_client.waits, while it waits for an object that has owners
 * @node: in &kshare_client.parked
 * @timer: in &kshare_client.deadlines
 * @park: called before it is parked, without locks; may sleep
 * @wake: &kshare_waiter.wake of an async one
 * @gone: has an async one nobody any more who could take its result?
 * @door: the door's own
 */
struct kshare_run {
	struct kshare_client *client;
	const struct kshare_row *op;
	struct kshare_object *obj;
	struct kshare_object *via;
	u32 closes;
	u32 handle;
	u32 rights;
	u32 flags;
	u32 nr;
	u32 out_len;
	u64 out_addr;
	s64 deadline;
	u64 tag;
	struct kshare_val key;
	struct kshare_val value;
	struct kshare_val expect;
	struct kshare_val *vec;
	u32 vec_count;
	u32 slack;
	bool atomic;
	bool own;
	bool owned;
	bool changed;
	bool waiting;
	bool async;
	bool no_sleep;
	bool uring;
	bool parked;
	bool killable;
	bool member;
	bool all;
	bool seen;
	bool tell;
	bool ended;
	bool late;
	bool kept;
	u32 result_flags;
	u64 number;
	struct kshare_val *out;
	u32 out_count;
	u32 out_room;
	struct kshare_val out_inline[KSHARE_OUT_INLINE];
	struct kshare_reserved *reserved;
	u32 reserved_count;
	u32 reserved_used;
	u32 need;
	u64 size;
	unsigned int seq;
	u8 key_bytes[64];
	struct kshare_doom doom;
	union {
		/* Zeroed before @prepare. */
		struct {
			struct kshare_val old;
			u64 old_bits;
			bool taken;			/* run->value was stored */
		} cell;
		struct {
			u64 old_bits;
			void *old;			/* bytes that a write replaced */
		} array;
		struct {
			struct kshare_dict_change one;
			struct kshare_dict_change *many;	/* of an update */
			u32 many_done;
			struct kshare_buckets *buckets;	/* to grow by, or left over */
			struct kshare_table *cleared;
			u64 cleared_bytes;
		} dict;
		struct kshare_list_state list;
		struct {
			u64 owner;			/* id of who acquires or releases */
			u64 old_owner;
		} lock;
		struct {
			u64 generation;
			bool was_set;
			bool set;			/* the command is a set */
			bool came;			/* generation is that of arrival */
		} event;
		struct {
			struct kshare_record *spare;	/* to share by, or left over */
			u64 owner;
			bool shared;			/* what was acquired or released */
			bool old_died;
		} rwlock;
		struct {
			struct kshare_record *spare;	/* to hold by, or left over */
			u32 count;
			bool need;			/* @spare is needed */
			bool added;			/* the client has a record since then */
		} semaphore;
		struct {
			u64 owner;
			u32 depth;			/* to be restored */
			int why;			/* what the wait ends with; 0: a notify */
			bool notified;			/* in the lock's line */
		} condition;
		struct {
			struct kshare_record *spare;	/* to be known by, or left over */
			u64 generation;			/* that it came in, or before it */
			u64 outcomes;			/* before */
			u32 waiting;			/* before */
			int broken;			/* before */
			bool ended;			/* it ended a generation */
			bool joined;			/* the client was no party before */
		} barrier;
		struct {
			struct list_head messages;	/* to put, taken, or dropped */
			struct kshare_msg *first;	/* of those that were put */
			struct rb_root dropped;		/* of a queue with priorities */
			u64 bytes;			/* they are charged for */
			u64 charged;			/* of that, already */
			u64 unfinished;			/* before */
			u64 lease;			/* that was taken, or is ended */
			u32 count;			/* of @messages, or that were put */
			u8 shut;			/* before */
			bool began;			/* they were made */
			bool put;			/* they are in the queue */
		} queue;
		struct {
			struct kshare_call *call;	/* the run's, unless it was sent */
			bool sent;			/* or it stays for CALL_RESULT */
		} call;
		struct {
			struct kshare_call *call;	/* that was taken, and needs no answer */
			struct kshare_call *answered;	/* for nobody; to be freed */
			struct kshare_call *untaken;	/* the same */
			struct kshare_notice *notice;	/* that was taken */
			u64 id;				/* that was taken, or abandoned */
			int what;			/* enum kshare_serve */
			bool replied;
		} serve;
		struct {
			struct pid_namespace *pid_ns;
			struct user_namespace *user_ns;
			u64 token;			/* of the class, then */
			bool back;			/* it is to be given up */
		} adopt;
	} u;
	struct kshare_object *peer;
	struct kshare_object *counted;
	struct kshare_run *subs;
	u32 sub_count;
	struct kshare_waiter waiter;
	struct list_head wait_link;
	struct rb_node node;
	struct timerqueue_node timer;
	void (*park)(struct kshare_run *run);
	void (*wake)(struct kshare_waiter *w);
	bool (*gone)(struct kshare_run *run);
	void *door;
};

static inline struct kshare_run *kshare_waiter_run(struct kshare_waiter *w)
{
	return container_of(w, struct kshare_run, waiter);
}

/**
 * kshare_command() - carries out one command, from the beginning to its end
 * @client: a client that belongs to the calling process
 * @cmd: the command, in kernel memory; not trusted
 *
 * Return: its result.
 */
int kshare_command(struct kshare_client *client, const struct kshare_cmd *cmd);

/* An attempt by @quick, under RCU; KSHARE_NOT_QUICK: use kshare_command(). */
static inline int kshare_command_quick(struct kshare_client *client, const struct kshare_cmd *cmd)
{
	const struct kshare_row *row;

	if (unlikely(cmd->op >= KSHARE_ROW_LIMIT))
		return KSHARE_NOT_QUICK;
	row = &kshare_rows[array_index_nospec(cmd->op, KSHARE_ROW_LIMIT)];
	return row->quick ? row->quick(client, cmd) : KSHARE_NOT_QUICK;
}

/* The two halves of it, for batches. */
int kshare_run_begin(struct kshare_run *run, const struct kshare_row *op,
		     struct kshare_client *client, const struct kshare_cmd *cmd);
int kshare_run_execute(struct kshare_run *run);
void kshare_run_end(struct kshare_run *run);
void kshare_run_drop(struct kshare_run *run, struct kshare_object *obj);

/* For batches, with the object owned: deliver without faults, undo, what an
 * answer of these or of @apply asks for (without locks).
 */
int kshare_run_apply(struct kshare_run *run);
void kshare_run_undo(struct kshare_run *run);
int __kshare_run_deliver(struct kshare_run *run, bool may_fault);
int kshare_run_meet(struct kshare_run *run, int ask);
void kshare_run_commit(struct kshare_run *run);
int kshare_run_publish(struct kshare_run *run, int ret);

/* Is its result at most one value, that owns nothing? */
static inline bool kshare_run_is_small(const struct kshare_run *run)
{
	return run->out_count <= 1 && (!run->out_count || !kshare_val_slow(&run->out[0]));
}

static inline int kshare_run_deliver(struct kshare_run *run, bool may_fault)
{
	return run->out_addr ? __kshare_run_deliver(run, may_fault) : 0;
}

/* line.c: the waiters of an object; its lock is held. */
int kshare_line_join(struct kshare_run *run);
void __kshare_line_purge(struct kshare_object *obj);
void kshare_line_drop(struct kshare_run *run);
/* Ends the waits of those whose way to it was revoked; no lock is held. */
void kshare_line_revoke(struct kshare_object *obj);
void kshare_line_end(struct kshare_run *run, int result, struct kshare_wakes *wakes);

static inline void kshare_line_purge(struct kshare_object *obj)
{
	if (unlikely(obj->member_count))
		__kshare_line_purge(obj);
}

/**
 * kshare_grant() - carries out the waiters' commands that can proceed now
 * @obj: an object that was changed; locked or owned
 * @owned: it is owned: no limit of the number that are looked at
 * @wakes: those that were
 *
 * Return: true if there may be more, and the caller must come back with the
 *	object owned.
 */
bool kshare_grant(struct kshare_object *obj, bool owned, struct kshare_wakes *wakes);
/* After kshare_grant() returned true; takes the lockset. */
void kshare_grant_rest(struct kshare_object *obj);
/* Changed by other than a command of its own: a version, for observers and waiters. */
bool kshare_object_changed(struct kshare_object *obj, struct kshare_wakes *wakes);
/* Unlocks it, and does what that has to wait for; @more: what kshare_grant() answered. */
void kshare_unlock_and_wake(struct kshare_object *obj, bool more, struct kshare_wakes *wakes)
	__releases(&obj->lock);

/**
 * kshare_wait_end() - ends a wait that is not over, without its command being done
 * @run: the waiting command, which cannot go meanwhile; no spinlock is held
 * @why: see &kshare_row.left
 *
 * Whoever waits is woken, and finds the reason as its result; unless it was over
 * already, or has to go on waiting.
 *
 * Return: true if the reason is, or will be, its result.
 */
bool kshare_wait_end(struct kshare_run *run, int why);
/* A waiter that was poked: carries it out, if it is first and can proceed. */
void kshare_wait_retry(struct kshare_run *run);
/* What a waiter was handed goes to the next; false if that cannot be, and it stays done. */
bool kshare_run_give_back(struct kshare_run *run);

/* park.c: commands that others must find while they wait. */
void kshare_park_begin(struct kshare_run *run);
void kshare_park_end(struct kshare_run *run, bool queued);
void kshare_unpark(struct kshare_run *run);
int kshare_park_complete(struct kshare_run *run, bool dead);
void kshare_parked_settle(struct kshare_client *client);
int kshare_cancel(struct kshare_run *run);

/* multi.c: WAIT_ANY, WAIT_ALL */
int kshare_wait_any(struct kshare_run *run);
int kshare_wait_all(struct kshare_run *run);
void kshare_wait_many_finish(struct kshare_run *run);
bool kshare_group_end(struct kshare_run *run, int why);
void kshare_group_leave(struct kshare_run *run);
bool kshare_group_give_back(struct kshare_run *run);
int kshare_group_deliver(struct kshare_run *run);
void kshare_all_grant(struct kshare_object *obj, struct kshare_wakes *wakes);

/* Who waits for an object that has owners. */
u64 kshare_run_owner(const struct kshare_run *run);
/* detect.c: ends the wait of a run that was queued if it waits for itself. */
void kshare_detect(struct kshare_run *run);

/* A run that was queued: sleeps until it is done; its result. */
int kshare_run_sleep(struct kshare_run *run);
/* The same, but the result is only in its waiter. */
void kshare_run_await(struct kshare_run *run);
int kshare_run_deliver_after(struct kshare_run *run);
/* The result of a waiter that is done: delivered, or given back. */
int kshare_run_collect(struct kshare_run *run);

/* ---- for the functions of rows ---- */

/**
 * kshare_touch() - notes that @apply has changed the object
 * Return: the object's new version.
 */
static inline u64 kshare_touch(struct kshare_run *run)
{
	if (!run->changed) {
		run->changed = true;
		WRITE_ONCE(run->obj->version, run->obj->version + 1);
	}
	return run->obj->version;
}

/**
 * kshare_give() - adds a value to the result
 * @run: run
 * @v: value; a reference to what it owns is taken, which must be held by someone
 *
 * There is room for two, or for what kshare_run_out() made.
 */
static inline void kshare_give(struct kshare_run *run, const struct kshare_val *v)
{
	run->out[run->out_count] = *v;
	kshare_val_get(v);
	run->out_count++;
}

/**
 * kshare_give_rcu() - for @read: adds a value that may be changing
 * @run: run
 * @v: value, in memory that RCU keeps
 *
 * Return: false if it did change, or is going; @read then returns -EAGAIN.
 */
static inline bool kshare_give_rcu(struct kshare_run *run, const struct kshare_val *v)
{
	struct kshare_val *out = &run->out[run->out_count];

	/* A torn value must not be followed: first see that it is whole. */
	*out = data_race(*v);
	if (read_seqcount_retry(&run->obj->seq, run->seq) || !kshare_val_tryget(out))
		return false;
	run->out_count++;
	return true;
}

/* The same, but the result takes the value over, which becomes NONE. */
static inline void kshare_give_away(struct kshare_run *run, struct kshare_val *v)
{
	run->out[run->out_count++] = *v;
	*v = (struct kshare_val){};
}

/* Room for @count values in the result; may sleep; 0 or -ENOMEM. */
int kshare_run_out(struct kshare_run *run, u32 count);

/* Bytes that a value takes in the result, behind the array of values. */
u64 kshare_val_tail(const struct kshare_val *v);

/* Drops the values of the result; while no lock is held. */
void kshare_run_out_reset(struct kshare_run *run);

/**
 * kshare_put_small() - delivers a result of at most one value that owns nothing
 * @to: address of the caller's buffer, which is large enough
 * @flags: &kshare_result.flags
 * @number: &kshare_result.number
 * @v: the value or NULL
 * @may_fault: no lock is held, and this is not an RCU reader
 *
 * Return: 0, -EFAULT, or KSHARE_MUST_FAULT if it must not fault but would.
 */
static __always_inline int kshare_put_small(u64 to, u32 flags, u64 number,
					    const struct kshare_val *v, bool may_fault)
{
	struct kshare_result __user *p = u64_to_user_ptr(to);
	size_t size = sizeof(*p) + (v ? sizeof(p->values[0]) : 0);
	int ret = may_fault ? -EFAULT : KSHARE_MUST_FAULT;

	if (!may_fault)
		pagefault_disable();
	if (user_write_access_begin(p, size)) {
		unsafe_put_user(flags, &p->flags, fault);
		unsafe_put_user(!!v, &p->count, fault);
		unsafe_put_user(number, &p->number, fault);
		if (v) {
			/* Type, codec, inline length, no flags, and length lie alike in both. */
			unsafe_put_user(*(const u64 *)v, (u64 __user *)&p->values[0], fault);
			unsafe_put_user(v->u, &p->values[0].u, fault);
		}
		ret = 0;
fault:
		user_write_access_end();
	}
	if (!may_fault)
		pagefault_enable();
	return ret;
}

/* args.c: brings a value in; @types: those allowed, besides NONE only if asked. */
int kshare_val_import(struct kshare_run *run, const struct kshare_value *in, u16 types,
		      u64 *budget, struct kshare_val *out);
int kshare_vec_import(struct kshare_run *run, const struct kshare_value *in);

#endif /* KSHARE_COMMAND_H */
