// SPDX-License-Identifier: GPL-2.0-only
/*
 * Leases: messages that were taken, and come back unless they are acknowledged.
 *
 * They stand in a tree by client and number, so that those of one client are
 * found together, and whether all are of one client is seen at its two ends.
 */
#include "../inspect.h"
#include "../lockset.h"
#include "../observe.h"
#include "queue.h"
#include "types.h"

/* Leases that are given back with a spinlock held. */
#define KSHARE_SPIN_LEASES	32

static int kshare_lease_order(const struct kshare_client *client, u64 lease,
			      const struct kshare_msg *msg)
{
	if (client != msg->hold.client)
		return client->number < msg->hold.client->number ? -1 : 1;
	return lease < msg->lease ? -1 : lease > msg->lease;
}

void kshare_lease_add(struct kshare_queue *q, struct kshare_msg *msg,
		      struct kshare_client *client, u64 lease)
{
	struct rb_node **link = &q->leases.rb_node, *parent = NULL;

	while (*link) {
		parent = *link;
		link = kshare_lease_order(client, lease,
					  rb_entry(parent, struct kshare_msg, node)) < 0 ?
		       &parent->rb_left : &parent->rb_right;
	}
	msg->lease = lease;
	rb_link_node(&msg->node, parent, link);
	rb_insert_color(&msg->node, &q->leases);
	kshare_hold_add(&msg->hold, &q->obj, client, KSHARE_HOLD_PERMIT);
}

void kshare_lease_del(struct kshare_queue *q, struct kshare_msg *msg)
{
	rb_erase(&msg->node, &q->leases);
	kshare_hold_del(&msg->hold);
}

struct kshare_msg *kshare_lease_find(struct kshare_queue *q, const struct kshare_client *client,
				     u64 lease)
{
	struct rb_node *node = q->leases.rb_node;

	while (node) {
		struct kshare_msg *msg = rb_entry(node, struct kshare_msg, node);
		int order = kshare_lease_order(client, lease, msg);

		if (!order)
			return msg;
		node = order < 0 ? node->rb_left : node->rb_right;
	}
	return NULL;
}

/* The last lease of a client, or NULL. */
static struct kshare_msg *kshare_lease_last(struct kshare_queue *q,
					    const struct kshare_client *client)
{
	struct rb_node *node = q->leases.rb_node;
	struct kshare_msg *last = NULL;

	while (node) {
		struct kshare_msg *msg = rb_entry(node, struct kshare_msg, node);

		if (kshare_lease_order(client, U64_MAX, msg) < 0) {
			node = node->rb_left;
		} else {
			last = msg;
			node = node->rb_right;
		}
	}
	return last && last->hold.client == client ? last : NULL;
}

/**
 * kshare_lease_back() - ends a lease that is not acknowledged
 * @q: queue, locked
 * @msg: leased message, which goes back to the front
 *
 * Return: false if the queue takes nothing back: @msg is the caller's, to be freed.
 */
bool kshare_lease_back(struct kshare_queue *q, struct kshare_msg *msg)
{
	kshare_lease_del(q, msg);
	if (q->shut == KSHARE_QUEUE_SHUT) {
		q->unfinished--;
		kshare_object_regrow(&q->obj, -(s64)kshare_msg_bytes(msg));
		return false;
	}
	kshare_queue_insert(q, msg, true);
	return true;
}

/* Does anybody but the client lease messages? */
bool kshare_lease_others(struct kshare_queue *q, const struct kshare_client *client)
{
	struct rb_node *first = rb_first(&q->leases);

	return first && (rb_entry(first, struct kshare_msg, node)->hold.client != client ||
			 rb_entry(rb_last(&q->leases), struct kshare_msg, node)->hold.client !=
			 client);
}

bool kshare_queue_holds(const struct kshare_object *obj, const struct kshare_client *client)
{
	return !RB_EMPTY_ROOT(&kshare_queue_of(obj)->leases);
}

/* From the last to the first, so that the first is at the front in the end. */
bool kshare_queue_abandon(struct kshare_object *obj, struct kshare_client *client, bool died)
{
	struct kshare_wakes wakes = KSHARE_WAKES_INIT(wakes);
	struct kshare_queue *q = kshare_queue_of(obj);
	struct kshare_msg *msg = NULL, *next;
	struct kshare_doom doom = {};
	bool more = false;
	LIST_HEAD(dropped);
	int n;

	kshare_object_lock(obj);
	for (n = 0; n < KSHARE_SPIN_LEASES; n++) {
		msg = kshare_lease_last(q, client);
		if (!msg)
			break;
		if (!kshare_lease_back(q, msg))
			list_add(&msg->link, &dropped);
	}
	if (n) {
		WRITE_ONCE(obj->version, obj->version + 1);
		kshare_observe(obj);
	}
	/* Not between two pieces, or the last would go before the first. */
	if (!msg)
		more = kshare_grant(obj, false, &wakes);
	kshare_unlock_and_wake(obj, more, &wakes);
	list_for_each_entry_safe(msg, next, &dropped, link)
		kshare_msg_free(msg, &doom);
	kshare_doom_run(&doom);
	return n == KSHARE_SPIN_LEASES;
}

void kshare_queue_who(struct kshare_object *obj, struct kshare_who_list *list)
{
	struct kshare_queue *q = kshare_queue_of(obj);
	struct kshare_client *client = NULL;
	struct rb_node *node;
	u32 count = 0;

	for (node = rb_first(&q->leases); node; node = rb_next(node)) {
		struct kshare_msg *msg = rb_entry(node, struct kshare_msg, node);

		if (msg->hold.client != client) {
			if (client)
				kshare_who_add(list, client, 0, count, 0);
			client = msg->hold.client;
			count = 0;
		}
		count++;
		cond_resched();
	}
	if (client)
		kshare_who_add(list, client, 0, count, 0);
}

int kshare_queue_ack(struct kshare_run *run)
{
	struct kshare_queue *q = kshare_queue_of(run->obj);
	struct kshare_msg *msg = kshare_lease_find(q, run->client, run->key.u);

	if (run->key.type == KSHARE_INT && run->key.i < 0)
		return -EINVAL;
	if (!msg)
		return -ENOENT;
	run->u.queue.lease = msg->lease;
	kshare_lease_del(q, msg);
	kshare_object_regrow(run->obj, -(s64)kshare_msg_bytes(msg));
	q->unfinished--;
	list_add_tail(&msg->link, &run->u.queue.messages);
	kshare_touch(run);
	return 0;
}

/* Only in a batch. */
void kshare_queue_ack_undo(struct kshare_run *run)
{
	struct kshare_queue *q = kshare_queue_of(run->obj);
	struct kshare_msg *msg = list_first_entry(&run->u.queue.messages, struct kshare_msg, link);

	list_del(&msg->link);
	q->unfinished++;
	kshare_object_regrow(run->obj, kshare_msg_bytes(msg));
	kshare_lease_add(q, msg, run->client, run->u.queue.lease);
}

int kshare_queue_nack(struct kshare_run *run)
{
	struct kshare_queue *q = kshare_queue_of(run->obj);
	struct kshare_msg *msg = kshare_lease_find(q, run->client, run->key.u);

	if (run->key.type == KSHARE_INT && run->key.i < 0)
		return -EINVAL;
	if (!msg)
		return -ENOENT;
	if (!kshare_lease_back(q, msg))
		list_add_tail(&msg->link, &run->u.queue.messages);
	kshare_touch(run);
	return 0;
}
