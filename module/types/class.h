/* SPDX-License-Identifier: GPL-2.0-only */
/**
 * DOC: classes
 *
 * A class is an object with a name in its domain.  One client is its host, which
 * takes calls and answers them; instances refer to their class, and the class knows
 * them without a reference.  All of it is under the class's lock, that of its
 * instances' fields but for (they are dicts).
 *
 * A call is a waiter of the class, whatever it is about, and a &struct kshare_call:
 *
 *	NEW		the caller's
 *	PENDING		in the queue; its caller stands in @callers
 *	TAKEN		the host has it, in @taken; the caller still waits
 *	ABANDONED	the host has it, and the caller has left
 *	ANSWERED	the caller's again, who stands in @answered, and is the next to
 *			be carried out
 *	ORPHANED	the same, but the host has gone
 *
 * @callers is none of the lines that are looked at when the class changes: who
 * stands there is moved when its answer is there, as with conditions.
 *
 * The queue: calls of one client follow each other in a lane, the first of which
 * is its head; heads stand in a list, and the head that was taken last is followed
 * by the next one of its client at the end.  So clients are served in turn.  Calls
 * that have to wait until another one was answered do so in a queue of that kind.
 */
#ifndef KSHARE_TYPES_CLASS_H
#define KSHARE_TYPES_CLASS_H

#include "dict.h"

struct pid_namespace;
struct user_namespace;

/* Calls that are ended with a spinlock held. */
#define KSHARE_SPIN_CALLS	32

/**
 * struct kshare_calls - a queue of calls
 * @heads: heads of lanes, in the order in which they are taken
 * @lanes: the same, by client
 */
struct kshare_calls {
	struct list_head heads;
	struct rb_root lanes;
};

static inline void kshare_calls_init(struct kshare_calls *calls)
{
	INIT_LIST_HEAD(&calls->heads);
	calls->lanes = RB_ROOT;
}

/**
 * struct kshare_serial - calls of which one is served at a time
 * @chain: of those that are served, or are the next ones
 * @running: how many: more than one if they led to each other
 * @backlog: those that are not ready yet; only while some are running
 */
struct kshare_serial {
	u64 chain;
	u32 running;
	struct kshare_calls backlog;
};

/**
 * struct kshare_notice - the host is to be told that an instance has gone
 * @link: in &kshare_class.releases
 * @cookie: the instance's
 * @id: the instance's
 */
struct kshare_notice {
	struct list_head link;
	u64 cookie;
	u64 id;
};

/**
 * struct kshare_class - a class
 * @obj: object; its first line is of those who serve
 * @node: in &kshare_domain.classes, if @named; kshare_domain::objects_lock
 * @named: it can be found
 * @name: its name, a STR
 * @value: its description, BYTES
 * @info: in there
 * @methods: in there
 * @fields: in there
 * @hold: the host's
 * @leaving: the host is going, its calls are being ended
 * @pid_ns: of the host, with a reference
 * @user_ns: of the host, with a reference
 * @token: hosts that there were
 * @last_call: number of the last call
 * @callers: who waits for an answer
 * @answered: who has got it
 * @adopters: who waits to be the host
 * @releases: &struct kshare_notice, to be told to the host
 * @abandoned: calls that were abandoned, to be told to the host
 * @ready: calls that can be taken
 * @taken: calls that the host has, by number
 * @serial: with KSHARE_CLASS_SERIAL
 * @instances: by id
 * @instance_count: how many
 */
struct kshare_class {
	struct kshare_object obj;
	struct rb_node node;
	bool named;
	struct kshare_val name;
	struct kshare_val value;
	const struct kshare_class_info *info;
	const struct kshare_class_method *methods;
	const struct kshare_class_field *fields;
	struct kshare_hold hold;
	bool leaving;
	struct pid_namespace *pid_ns;
	struct user_namespace *user_ns;
	u64 token;
	u64 last_call;
	struct list_head callers;
	struct list_head answered;
	struct list_head adopters;
	struct list_head releases;
	struct list_head abandoned;
	struct kshare_calls ready;
	struct rb_root taken;
	struct kshare_serial serial;
	struct rb_root instances;
	u64 instance_count;
};

/**
 * struct kshare_instance - an instance of a class
 * @dict: its fields
 * @class: its class, with a reference
 * @node: in &kshare_class.instances, once it is there
 * @cookie: the host's; the class's lock
 * @serial: with KSHARE_CLASS_SERIAL_EACH
 * @notice: to be told when it goes
 */
struct kshare_instance {
	struct kshare_dict dict;
	struct kshare_class *class;
	struct rb_node node;
	u64 cookie;
	struct kshare_serial serial;
	struct kshare_notice *notice;
};

enum kshare_call_state {
	KSHARE_CALL_NEW,
	KSHARE_CALL_PENDING,
	KSHARE_CALL_TAKEN,
	KSHARE_CALL_ABANDONED,
	KSHARE_CALL_ANSWERED,
	KSHARE_CALL_ORPHANED,
};

/**
 * struct kshare_call - a call of a method
 * @link: PENDING: behind the head of its lane; ABANDONED: in
 *	&kshare_class.abandoned until that is told; later in &kshare_client.unclaimed
 * @head: of a head: in &kshare_calls.heads
 * @lane: of a head: those behind it
 * @node: of a head: in &kshare_calls.lanes; when it is taken in &kshare_class.taken
 * @serving: in &kshare_client.serving of the host, while a thread of it serves it
 * @id: its number, from when it is taken; 0 before
 * @chain: what calls that led to each other have in common; 0 for none
 * @tag: of an answer that could not be written
 * @token: of the host who answered
 * @state: enum kshare_call_state
 * @oneway: nobody waits
 * @slot: counted in &kshare_serial.running
 * @counted: @user is charged for it as for a waiter, since none waits
 * @method: its number, or KSHARE_METHOD_CREATE
 * @depth: calls that led to it, itself included
 * @status: enum kshare_answer
 * @server: the thread that serves it, or 0
 * @started: when it did, as numbers of threads are used again
 * @client: that calls, while it waits or may still claim the answer
 * @caller: that waits
 * @target: the instance, or the class, with a reference
 * @who: that calls; with a reference if it is @oneway
 * @uid: as whom
 * @gid: as whom
 * @user: who pays, with a reference if anything is charged beyond the waiter
 * @charged: bytes of the arguments, and of an answer that could not be written
 * @vals: room for a result of SERVE with all arguments, of which @count follow
 *	KSHARE_SERVED_ARGS; NULL if there is one, @arg
 * @count: of arguments
 * @arg: the argument
 * @result: the answer
 */
struct kshare_call {
	struct list_head link;
	struct list_head head;
	struct list_head lane;
	struct rb_node node;
	struct rb_node serving;
	u64 id;
	u64 chain;
	u64 tag;
	u64 token;
	u8 state;
	bool oneway;
	bool slot;
	bool counted;
	u32 method;
	u32 depth;
	u32 status;
	pid_t server;
	u64 started;
	struct kshare_client *client;
	struct kshare_run *caller;
	struct kshare_object *target;
	struct kshare_who *who;
	kuid_t uid;
	kgid_t gid;
	struct kshare_user *user;
	u64 charged;
	struct kshare_val *vals;
	u32 count;
	struct kshare_val arg;
	struct kshare_val result;
};

static inline struct kshare_class *kshare_class_of(const struct kshare_object *obj)
{
	return container_of(obj, struct kshare_class, obj);
}

static inline struct kshare_instance *kshare_instance_of(const struct kshare_object *obj)
{
	return container_of(obj, struct kshare_instance, dict.obj);
}

/* May this client serve?  Under the class's lock, else a guess. */
static inline bool kshare_class_hosted_by(const struct kshare_class *class,
					  const struct kshare_client *client)
{
	return READ_ONCE(class->hold.client) == client && !READ_ONCE(class->leaving);
}

/* Is there a host?  The same. */
static inline bool kshare_class_has_host(const struct kshare_class *class)
{
	return READ_ONCE(class->hold.client) && !READ_ONCE(class->leaving);
}

/* class.c: the class of an instance, or itself; who waits for answers there. */
struct kshare_object *kshare_class_behind(struct kshare_object *obj);
struct list_head *kshare_class_callers(struct kshare_object *obj);

/* call.c: the queue, under the class's lock. */
void kshare_call_free(struct kshare_call *call, struct kshare_doom *doom);
void kshare_call_enqueue(struct kshare_class *class, struct kshare_call *call);
void kshare_lane_advance(struct kshare_calls *calls, struct kshare_call *head);
void kshare_call_put_first(struct kshare_class *class, struct kshare_call *call);
struct kshare_call *kshare_call_first(struct kshare_class *class);
struct kshare_call *kshare_call_find(struct kshare_class *class, u64 id);
void kshare_call_taken(struct kshare_class *class, struct kshare_call *call,
		       const struct task_struct *server);
void kshare_call_untake(struct kshare_class *class, struct kshare_call *call);
void kshare_call_over(struct kshare_class *class, struct kshare_call *call);
bool kshare_call_end(struct kshare_class *class, struct kshare_call *call, int state);
/* serve.c */
int kshare_serve_hand(struct kshare_run *run, struct kshare_class *class,
		      struct kshare_call *call);
/* Its client has died. */
void kshare_calls_settle(struct kshare_client *client);

/* instance.c: of which methods may be called by way of @via, which may be NULL. */
u64 kshare_instance_methods(const struct kshare_object *obj, const struct kshare_object *via);
/* May this field become @v, or go if it is NULL? */
int kshare_field_check(const struct kshare_run *run, const struct kshare_val *key,
		       const struct kshare_val *v);
/* May this command change these fields? */
int kshare_instance_check(struct kshare_run *run);

#endif /* KSHARE_TYPES_CLASS_H */
