// SPDX-License-Identifier: GPL-2.0-only
/*
 * Queues: messages that are put in and taken, by those who wait for them in order.
 *
 * Three lines: who gets, who puts and waits for room, and who waits until all is
 * done.  A message is allocated before the queue is locked, and freed after.
 */
#include <linux/poll.h>

#include "../lockset.h"
#include "queue.h"
#include "types.h"

static int kshare_queue_init(struct kshare_object *obj, const struct kshare_create *how)
{
	struct kshare_queue *q = kshare_queue_of(obj);

	if ((obj->flags & (KSHARE_LIFO | KSHARE_PRIORITY)) == (KSHARE_LIFO | KSHARE_PRIORITY))
		return -EINVAL;
	INIT_LIST_HEAD(&q->putters);
	INIT_LIST_HEAD(&q->joiners);
	INIT_LIST_HEAD(&q->messages);
	q->ordered = RB_ROOT_CACHED;
	q->leases = RB_ROOT;
	q->own.own = true;
	q->bound = how->size;
	return 0;
}

void kshare_msg_free(struct kshare_msg *msg, struct kshare_doom *doom)
{
	kshare_val_put(&msg->val, doom);
	if (msg->own) {
		struct kshare_queue *q = container_of(msg, struct kshare_queue, own);

		/* Pairs with the acquire in kshare_queue_put_quick(). */
		smp_store_release(&q->own_taken, false);
	} else {
		kfree(msg);
	}
}

static void kshare_tree_free(struct rb_root *root, struct kshare_doom *doom)
{
	struct rb_node *node;

	while ((node = root->rb_node)) {
		rb_erase(node, root);
		kshare_msg_free(rb_entry(node, struct kshare_msg, node), doom);
		cond_resched();
	}
}

static void kshare_messages_free(struct list_head *messages, struct kshare_doom *doom)
{
	struct kshare_msg *msg, *next;

	list_for_each_entry_safe(msg, next, messages, link) {
		kshare_msg_free(msg, doom);
		cond_resched();
	}
	INIT_LIST_HEAD(messages);
}

static void kshare_queue_destroy(struct kshare_object *obj, struct kshare_doom *doom)
{
	struct kshare_queue *q = kshare_queue_of(obj);
	struct rb_node *node;

	while ((node = q->leases.rb_node)) {
		struct kshare_msg *msg = rb_entry(node, struct kshare_msg, node);

		kshare_lease_del(q, msg);
		kshare_msg_free(msg, doom);
		cond_resched();
	}
	kshare_tree_free(&q->ordered.rb_root, doom);
	kshare_messages_free(&q->messages, doom);
}

/* The domain ends: nobody else is there, but for references from other containers. */
static void kshare_queue_empty(struct kshare_object *obj, struct kshare_doom *doom)
{
	struct kshare_queue *q = kshare_queue_of(obj);
	struct kshare_msg *msg;

	do {
		kshare_object_lock(obj);
		msg = kshare_queue_first(q);
		if (msg) {
			kshare_queue_remove(q, msg);
			kshare_object_regrow(obj, -(s64)kshare_msg_bytes(msg));
		}
		kshare_object_unlock(obj);
		if (msg)
			kshare_msg_free(msg, doom);
		cond_resched();
	} while (msg);
}

/* All at once: a place in it does not stay when the lock is dropped. */
static int kshare_queue_refs(struct kshare_object *obj, u64 *at, struct kshare_scan *scan,
			     bool owned)
{
	struct kshare_queue *q = kshare_queue_of(obj);
	struct kshare_msg *msg;
	struct rb_node *node;

	if (!owned && q->count > KSHARE_SPIN_MESSAGES)
		return KSHARE_MUST_OWN;
	list_for_each_entry(msg, &q->messages, link) {
		kshare_scan_val(scan, &msg->val);
		if (owned)
			cond_resched();
	}
	for (node = rb_first_cached(&q->ordered); node; node = rb_next(node)) {
		kshare_scan_val(scan, &rb_entry(node, struct kshare_msg, node)->val);
		if (owned)
			cond_resched();
	}
	return 0;
}

static struct list_head *kshare_queue_line(struct kshare_object *obj, unsigned int n)
{
	struct kshare_queue *q = kshare_queue_of(obj);

	return n == 1 ? &q->putters : n == 2 ? &q->joiners : NULL;
}

static void kshare_queue_stat(struct kshare_object *obj, struct kshare_stat *stat)
{
	stat->length = kshare_queue_of(obj)->count;
}

static bool kshare_queue_full(const struct kshare_queue *q)
{
	return q->bound && q->count >= q->bound;
}

static __poll_t kshare_queue_poll(struct kshare_object *obj)
{
	struct kshare_queue *q = kshare_queue_of(obj);
	__poll_t mask = 0;

	if (q->count)
		mask |= EPOLLIN | EPOLLRDNORM;
	/* Nothing is there, nor can anything come back. */
	if (!q->count && (q->shut == KSHARE_QUEUE_SHUT || (q->shut && RB_EMPTY_ROOT(&q->leases))))
		mask |= EPOLLIN | EPOLLRDNORM | EPOLLHUP;
	if (q->shut || !kshare_queue_full(q))
		mask |= EPOLLOUT | EPOLLWRNORM;
	return mask;
}

const struct kshare_type_ops kshare_queue_type = {
	.type = KSHARE_TYPE_QUEUE,
	.size = sizeof(struct kshare_queue),
	.flags = KSHARE_LIFO | KSHARE_PRIORITY,
	.fifo = true,
	.line = kshare_queue_line,
	.init = kshare_queue_init,
	.destroy = kshare_queue_destroy,
	.empty = kshare_queue_empty,
	.refs = kshare_queue_refs,
	.stat = kshare_queue_stat,
	.holds = kshare_queue_holds,
	.abandon = kshare_queue_abandon,
	.poll = kshare_queue_poll,
	.who = kshare_queue_who,
};

/* ---- what is in it ---- */

/* The smaller number first, and of those that are equal the one that came first. */
static bool kshare_msg_before(const struct kshare_msg *a, const struct kshare_msg *b)
{
	int order = 0;

	/* Cannot fail: both are numbers. */
	(void)kshare_val_compare(&a->priority, &b->priority, &order);
	return order ? order < 0 : a->seq < b->seq;
}

static bool kshare_msg_less(struct rb_node *a, const struct rb_node *b)
{
	return kshare_msg_before(rb_entry(a, struct kshare_msg, node),
				 rb_entry(b, struct kshare_msg, node));
}

/**
 * kshare_queue_insert() - puts a message where it is to be taken from
 * @q: queue, locked
 * @msg: the message
 * @front: it was taken before, and is to be the next; with priorities it has its
 *	old place anyway
 */
void kshare_queue_insert(struct kshare_queue *q, struct kshare_msg *msg, bool front)
{
	q->count++;
	if (kshare_queue_has_priorities(q))
		rb_add_cached(&msg->node, &q->ordered, kshare_msg_less);
	else if (front || q->obj.flags & KSHARE_LIFO)
		list_add(&msg->link, &q->messages);
	else
		list_add_tail(&msg->link, &q->messages);
}

/* The message that is taken next, or NULL. */
struct kshare_msg *kshare_queue_first(struct kshare_queue *q)
{
	struct rb_node *node;

	if (!kshare_queue_has_priorities(q))
		return list_first_entry_or_null(&q->messages, struct kshare_msg, link);
	node = rb_first_cached(&q->ordered);
	return node ? rb_entry(node, struct kshare_msg, node) : NULL;
}

void kshare_queue_remove(struct kshare_queue *q, struct kshare_msg *msg)
{
	q->count--;
	if (kshare_queue_has_priorities(q))
		rb_erase_cached(&msg->node, &q->ordered);
	else
		list_del(&msg->link);
}

/* ---- put ---- */

/* A number that is ordered among others */
static noinline bool kshare_priority_is_good(const struct kshare_val *v)
{
	int order;

	return v->type != KSHARE_STR && v->type != KSHARE_BYTES &&
	       !kshare_val_compare(v, v, &order);
}

static int kshare_msg_make(struct kshare_run *run, struct kshare_val *val,
			   const struct kshare_val *priority)
{
	static const struct kshare_val none = { .type = KSHARE_INT };
	struct kshare_msg *msg;

	if (!priority)
		priority = &none;
	else if (!kshare_priority_is_good(priority))
		return -EDOM;
	msg = kmalloc(sizeof(*msg), GFP_KERNEL_ACCOUNT);
	if (!msg)
		return -ENOMEM;
	kshare_msg_init(msg, val, priority);
	msg->own = false;
	*val = (struct kshare_val){};
	run->u.queue.bytes += kshare_msg_bytes(msg);
	run->u.queue.count++;
	list_add_tail(&msg->link, &run->u.queue.messages);
	return 0;
}

static bool kshare_queue_begin(struct kshare_run *run)
{
	if (run->u.queue.began)
		return false;
	run->u.queue.began = true;
	INIT_LIST_HEAD(&run->u.queue.messages);
	run->u.queue.dropped = RB_ROOT;
	return true;
}

/* For those that make no messages. */
int kshare_queue_prepare(struct kshare_run *run)
{
	kshare_queue_begin(run);
	return 0;
}

/* Messages are charged before they are in the queue: they may wait for long. */
static int kshare_queue_charge(struct kshare_run *run)
{
	int ret = kshare_charge(run->obj->domain, run->obj->user, KSHARE_LIMIT_BYTES,
				run->u.queue.bytes);

	if (!ret)
		run->u.queue.charged = run->u.queue.bytes;
	return ret;
}

int kshare_queue_put_prepare(struct kshare_run *run)
{
	struct kshare_queue *q = kshare_queue_of(run->obj);
	int ret;

	if (!kshare_queue_begin(run))
		return 0;
	if (run->key.type == KSHARE_NONE)
		ret = kshare_msg_make(run, &run->value, NULL);
	else if (!kshare_queue_has_priorities(q))
		ret = -EINVAL;
	else
		ret = kshare_msg_make(run, &run->value, &run->key);
	return ret ?: kshare_queue_charge(run);
}

int kshare_queue_put_many_prepare(struct kshare_run *run)
{
	struct kshare_queue *q = kshare_queue_of(run->obj);
	u32 i, step = kshare_queue_has_priorities(q) ? 2 : 1;
	int ret = 0;

	if (!kshare_queue_begin(run))
		return 0;
	if (run->vec_count % step)
		return -EINVAL;
	for (i = 0; i < run->vec_count && !ret; i += step) {
		if (step == 2)
			ret = kshare_msg_make(run, &run->vec[i + 1], &run->vec[i]);
		else
			ret = kshare_msg_make(run, &run->vec[i], NULL);
		if (i % 16 == 0)
			cond_resched();
	}
	/* They have gone into the messages. */
	if (!ret)
		run->vec_count = 0;
	return ret ?: kshare_queue_charge(run);
}

/* What is still the run's: not put, taken, or dropped. */
void kshare_queue_finish(struct kshare_run *run)
{
	if (!run->u.queue.began)
		return;
	if (!run->u.queue.put) {
		kshare_messages_free(&run->u.queue.messages, &run->doom);
		if (run->u.queue.charged)
			kshare_uncharge(run->obj->domain, run->obj->user, KSHARE_LIMIT_BYTES,
					run->u.queue.charged);
	}
	kshare_tree_free(&run->u.queue.dropped, &run->doom);
}

int kshare_queue_put(struct kshare_run *run)
{
	struct kshare_queue *q = kshare_queue_of(run->obj);
	bool in_order = !(run->obj->flags & (KSHARE_PRIORITY | KSHARE_LIFO));
	u32 count = run->u.queue.count;
	struct kshare_msg *msg, *next;

	if (q->shut)
		return -ESHUTDOWN;
	if (q->bound) {
		if (count > q->bound)
			return -ERANGE;
		/* Who came earlier goes first. */
		if (q->count + count > q->bound || (!run->waiting && !list_empty(&q->putters)))
			return KSHARE_MUST_WAIT;
	}
	if (count > KSHARE_SPIN_MESSAGES && !run->owned)
		return KSHARE_MUST_OWN;
	kshare_object_take_charge(run->obj, run->u.queue.bytes);
	run->u.queue.first = count ? list_first_entry(&run->u.queue.messages, struct kshare_msg,
						      link) : NULL;
	list_for_each_entry_safe(msg, next, &run->u.queue.messages, link) {
		msg->seq = ++q->last_seq;
		msg->next_put = &next->link == &run->u.queue.messages ? NULL : next;
		if (!in_order)
			kshare_queue_insert(q, msg, false);
		if (run->owned)
			cond_resched();
	}
	if (in_order) {
		list_splice_tail(&run->u.queue.messages, &q->messages);
		q->count += count;
	}
	run->u.queue.put = true;
	q->unfinished += count;
	kshare_touch(run);
	run->number = q->count;
	return 0;
}

struct list_head *kshare_queue_put_line(struct kshare_run *run)
{
	return &kshare_queue_of(run->obj)->putters;
}

/* At once, when all that were put are there. */
void kshare_queue_put_undo(struct kshare_run *run)
{
	struct kshare_queue *q = kshare_queue_of(run->obj);
	struct kshare_msg *msg;

	INIT_LIST_HEAD(&run->u.queue.messages);
	for (msg = run->u.queue.first; msg; msg = msg->next_put) {
		kshare_queue_remove(q, msg);
		list_add_tail(&msg->link, &run->u.queue.messages);
		if (run->owned)
			cond_resched();
	}
	/* The charge is the run's again. */
	kshare_object_take_charge(run->obj, -(s64)run->u.queue.bytes);
	q->unfinished -= run->u.queue.count;
	run->u.queue.put = false;
}

/* ---- get ---- */

int kshare_queue_get_many_prepare(struct kshare_run *run)
{
	kshare_queue_begin(run);
	if (!run->nr)
		return -EINVAL;
	if (run->nr > KSHARE_MAX_GET)
		return -E2BIG;
	return kshare_run_out(run, run->nr * (run->flags & KSHARE_LEASE ? 3 : 1));
}

/* Is there nothing to be had, now or ever? */
static int kshare_queue_empty_error(struct kshare_run *run)
{
	struct kshare_queue *q = kshare_queue_of(run->obj);

	if (q->shut == KSHARE_QUEUE_SHUT ||
	    (q->shut && !kshare_lease_others(q, run->client)))
		return -ESHUTDOWN;
	return KSHARE_MUST_WAIT;
}

static bool kshare_queue_must_wait(struct kshare_run *run)
{
	struct kshare_queue *q = kshare_queue_of(run->obj);

	/* Who came earlier goes first. */
	return !q->count || (!run->waiting && !list_empty(&run->obj->waiters));
}

/* Takes a message out; its value is given by the caller. */
static void kshare_queue_take(struct kshare_run *run, struct kshare_msg *msg)
{
	struct kshare_queue *q = kshare_queue_of(run->obj);

	kshare_queue_remove(q, msg);
	msg->deliveries++;
	if (run->flags & KSHARE_LEASE) {
		kshare_lease_add(q, msg, run->client, ++q->last_lease);
	} else {
		kshare_object_regrow(run->obj, -(s64)kshare_msg_bytes(msg));
		list_add_tail(&msg->link, &run->u.queue.messages);
	}
	kshare_touch(run);
}

int kshare_queue_get(struct kshare_run *run)
{
	struct kshare_queue *q = kshare_queue_of(run->obj);
	struct kshare_msg *msg;

	if (kshare_queue_must_wait(run))
		return q->count ? KSHARE_MUST_WAIT : kshare_queue_empty_error(run);
	msg = kshare_queue_first(q);
	kshare_queue_take(run, msg);
	kshare_give(run, &msg->val);
	if (run->flags & KSHARE_LEASE)
		run->number = msg->lease;
	run->u.queue.lease = msg->lease;
	run->u.queue.count = 1;
	return min_t(u32, msg->deliveries, INT_MAX);
}

int kshare_queue_get_many(struct kshare_run *run)
{
	struct kshare_queue *q = kshare_queue_of(run->obj);
	u64 size = sizeof(struct kshare_result);
	u32 count = 0, each = 1;

	if (kshare_queue_must_wait(run))
		return q->count ? KSHARE_MUST_WAIT : kshare_queue_empty_error(run);
	if (run->flags & KSHARE_LEASE)
		each = 3;
	while (count < run->nr && q->count) {
		struct kshare_msg *msg = kshare_queue_first(q);
		struct kshare_val v;

		size += each * sizeof(struct kshare_value) + kshare_val_tail(&msg->val);
		/* The first is given in any case, and ENOBUFS tells its size. */
		if (count && run->out_addr && size > run->out_len)
			break;
		kshare_queue_take(run, msg);
		if (each == 3) {
			v = kshare_val_uint(msg->lease);
			kshare_give(run, &v);
			v = kshare_val_int(msg->deliveries);
			kshare_give(run, &v);
		}
		kshare_give(run, &msg->val);
		count++;
	}
	run->u.queue.count = count;
	run->number = q->count;
	return count;
}

/* A leased message that was just taken; unless it has come back meanwhile. */
static void kshare_queue_unlease(struct kshare_run *run, u64 lease)
{
	struct kshare_queue *q = kshare_queue_of(run->obj);
	struct kshare_msg *msg = kshare_lease_find(q, run->client, lease);

	if (!msg)
		return;
	msg->deliveries--;
	if (!kshare_lease_back(q, msg))
		list_add(&msg->link, &run->u.queue.messages);
}

/* At once, or later: to the front, the first of them last. */
void kshare_queue_get_undo(struct kshare_run *run)
{
	struct kshare_queue *q = kshare_queue_of(run->obj);
	struct kshare_msg *msg, *next;
	u32 i;

	if (run->flags & KSHARE_LEASE) {
		if (run->out_room < 3) {
			kshare_queue_unlease(run, run->u.queue.lease);
			return;
		}
		for (i = run->u.queue.count; i--; )
			kshare_queue_unlease(run, run->out[3 * i].u);
		return;
	}
	if (q->shut == KSHARE_QUEUE_SHUT && run->late) {
		q->unfinished -= run->u.queue.count;
		return;
	}
	list_for_each_entry_safe_reverse(msg, next, &run->u.queue.messages, link) {
		msg->deliveries--;
		kshare_queue_insert(q, msg, true);
		kshare_object_regrow(run->obj, kshare_msg_bytes(msg));
	}
	INIT_LIST_HEAD(&run->u.queue.messages);
}

int kshare_queue_peek(struct kshare_run *run)
{
	struct kshare_msg *msg = kshare_queue_first(kshare_queue_of(run->obj));

	if (!msg)
		return -ENOENT;
	kshare_give(run, &msg->val);
	return 0;
}

int kshare_queue_len(struct kshare_run *run)
{
	struct kshare_queue *q = kshare_queue_of(run->obj);

	run->number = q->count;
	return kshare_queue_full(q);
}

/* ---- the end of it ---- */

int kshare_queue_task_done(struct kshare_run *run)
{
	struct kshare_queue *q = kshare_queue_of(run->obj);
	u64 count = run->nr ?: 1;

	if (count > q->unfinished)
		return -ERANGE;
	run->u.queue.unfinished = q->unfinished;
	q->unfinished -= count;
	kshare_touch(run);
	run->number = q->unfinished;
	return 0;
}

void kshare_queue_task_done_undo(struct kshare_run *run)
{
	kshare_queue_of(run->obj)->unfinished = run->u.queue.unfinished;
}

int kshare_queue_join(struct kshare_run *run)
{
	return kshare_queue_of(run->obj)->unfinished ? KSHARE_MUST_WAIT : 0;
}

struct list_head *kshare_queue_join_line(struct kshare_run *run)
{
	return &kshare_queue_of(run->obj)->joiners;
}

int kshare_queue_shutdown(struct kshare_run *run)
{
	struct kshare_queue *q = kshare_queue_of(run->obj);
	u8 how = run->flags & KSHARE_IMMEDIATE ? KSHARE_QUEUE_SHUT : KSHARE_QUEUE_DRAINS;

	run->u.queue.shut = q->shut;
	run->u.queue.count = 0;
	run->u.queue.bytes = 0;
	if (how > q->shut) {
		q->shut = how;
		/* Whether it is over may be different for each of those who wait. */
		run->obj->scan = true;
		kshare_touch(run);
	}
	if (how == KSHARE_QUEUE_DRAINS || !q->count)
		return 0;
	/* As a whole, and freed without the lock; charged until then. */
	run->u.queue.count = q->count;
	list_splice_init(&q->messages, &run->u.queue.messages);
	run->u.queue.dropped = q->ordered.rb_root;
	q->ordered = RB_ROOT_CACHED;
	q->unfinished -= q->count;
	q->count = 0;
	run->number = run->u.queue.count;
	return 0;
}

/* At once. */
void kshare_queue_shutdown_undo(struct kshare_run *run)
{
	struct kshare_queue *q = kshare_queue_of(run->obj);

	q->shut = run->u.queue.shut;
	run->obj->scan = q->shut;
	if (!run->u.queue.count)
		return;
	list_splice_init(&run->u.queue.messages, &q->messages);
	q->ordered.rb_root = run->u.queue.dropped;
	q->ordered.rb_leftmost = rb_first(&run->u.queue.dropped);
	run->u.queue.dropped = RB_ROOT;
	q->count = run->u.queue.count;
	q->unfinished += q->count;
	run->u.queue.count = 0;
}

/* Uncharges what was dropped, message by message. */
void kshare_queue_shutdown_finish(struct kshare_run *run)
{
	struct kshare_msg *msg;
	struct rb_node *node;
	s64 bytes = 0;

	if (!run->u.queue.began)
		return;
	list_for_each_entry(msg, &run->u.queue.messages, link) {
		bytes += kshare_msg_bytes(msg);
		cond_resched();
	}
	for (node = rb_first(&run->u.queue.dropped); node; node = rb_next(node)) {
		bytes += kshare_msg_bytes(rb_entry(node, struct kshare_msg, node));
		cond_resched();
	}
	if (bytes) {
		kshare_object_lock(run->obj);
		kshare_object_regrow(run->obj, -bytes);
		kshare_object_unlock(run->obj);
	}
	kshare_queue_finish(run);
}

int kshare_queue_post(struct kshare_object *obj, struct kshare_msg *msg)
{
	struct kshare_wakes wakes = KSHARE_WAKES_INIT(wakes);
	struct kshare_queue *q = kshare_queue_of(obj);
	bool more = false;
	int ret = 0;

	kshare_object_lock(obj);
	if (q->shut)
		ret = -ESHUTDOWN;
	else if (kshare_queue_full(q))
		ret = -EAGAIN;
	else
		ret = kshare_object_grow(obj, kshare_msg_bytes(msg));
	if (!ret) {
		msg->seq = ++q->last_seq;
		kshare_queue_insert(q, msg, false);
		q->unfinished++;
		more = kshare_object_changed(obj, &wakes);
	}
	kshare_unlock_and_wake(obj, more, &wakes);
	return ret;
}
