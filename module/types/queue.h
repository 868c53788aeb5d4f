/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef KSHARE_TYPES_QUEUE_H
#define KSHARE_TYPES_QUEUE_H

#include "../command.h"

/* Messages that are worked on with a spinlock held. */
#define KSHARE_SPIN_MESSAGES	256

enum kshare_shut {
	KSHARE_QUEUE_OPEN = 0,
	KSHARE_QUEUE_DRAINS = 1,	/* nothing is put in any more */
	KSHARE_QUEUE_SHUT = 2,		/* nor comes anything back */
};

/**
 * struct kshare_msg - a message
 * @link: in order, or in a run
 * @node: in &kshare_queue.ordered by priority, or in &kshare_queue.leases
 * @val: the message
 * @priority: a number; the smallest comes first
 * @seq: order among those of one priority
 * @lease: number of the lease
 * @deliveries: how often it was taken
 * @own: it is &kshare_queue.own
 * @next_put: that was put by the same command
 * @hold: while it is leased
 */
struct kshare_msg {
	union {
		struct list_head link;
		struct rb_node node;
	};
	struct kshare_val val;
	struct kshare_val priority;
	u64 seq;
	u64 lease;
	u32 deliveries;
	bool own;
	/* Not in one place: a batch may undo both a lease and the put before it. */
	struct kshare_msg *next_put;
	struct kshare_hold hold;
};

/**
 * struct kshare_queue - a queue
 * @obj: object; its first line is of those who get
 * @putters: who waits for room
 * @joiners: who waits until nothing is unfinished
 * @messages: in order, if there are no priorities
 * @ordered: else
 * @first: leftmost of @ordered
 * @count: messages
 * @bound: most messages; 0 for no bound
 * @unfinished: messages that were put and are not done with
 * @leases: messages that are leased, by client and lease
 * @last_lease: number of the last one
 * @last_seq: &kshare_msg.seq of the last one
 * @shut: enum kshare_shut
 * @own_taken: @own is a message; set under the queue's lock
 * @own: memory for a message, so that a queue that is seldom longer allocates none
 */
struct kshare_queue {
	struct kshare_object obj;
	struct list_head putters;
	struct list_head joiners;
	struct list_head messages;
	struct rb_root_cached ordered;
	u64 count;
	u64 bound;
	u64 unfinished;
	struct rb_root leases;
	u64 last_lease;
	u64 last_seq;
	u8 shut;
	bool own_taken;
	struct kshare_msg own;
};

static inline struct kshare_queue *kshare_queue_of(const struct kshare_object *obj)
{
	return container_of(obj, struct kshare_queue, obj);
}

static inline bool kshare_queue_has_priorities(const struct kshare_queue *q)
{
	return q->obj.flags & KSHARE_PRIORITY;
}

static inline u64 kshare_msg_bytes(const struct kshare_msg *msg)
{
	return sizeof(*msg) + kshare_val_size(&msg->val);
}

/* But for who has its memory, and where it stands */
static inline void kshare_msg_init(struct kshare_msg *msg, const struct kshare_val *val,
				   const struct kshare_val *priority)
{
	msg->val = *val;
	msg->priority = *priority;
	msg->lease = 0;
	msg->deliveries = 0;
}

void kshare_msg_free(struct kshare_msg *msg, struct kshare_doom *doom);
void kshare_queue_insert(struct kshare_queue *q, struct kshare_msg *msg, bool front);
struct kshare_msg *kshare_queue_first(struct kshare_queue *q);
void kshare_queue_remove(struct kshare_queue *q, struct kshare_msg *msg);

/* queue_lease.c */
void kshare_lease_add(struct kshare_queue *q, struct kshare_msg *msg,
		      struct kshare_client *client, u64 lease);
void kshare_lease_del(struct kshare_queue *q, struct kshare_msg *msg);
struct kshare_msg *kshare_lease_find(struct kshare_queue *q, const struct kshare_client *client,
				     u64 lease);
bool kshare_lease_back(struct kshare_queue *q, struct kshare_msg *msg);
bool kshare_lease_others(struct kshare_queue *q, const struct kshare_client *client);
bool kshare_queue_holds(const struct kshare_object *obj, const struct kshare_client *client);
bool kshare_queue_abandon(struct kshare_object *obj, struct kshare_client *client, bool died);
void kshare_queue_who(struct kshare_object *obj, struct kshare_who_list *list);

/* For watches: -EAGAIN if full, -ESHUTDOWN; else @msg is the queue's. */
int kshare_queue_post(struct kshare_object *obj, struct kshare_msg *msg);

#endif /* KSHARE_TYPES_QUEUE_H */
