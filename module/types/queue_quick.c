// SPDX-License-Identifier: GPL-2.0-only
/*
 * The quick way of put and get: single numbers and short bytes, put into a queue
 * that is first in, first out, or taken from one without priorities.  What it means
 * to be quick stands in quick.h.
 */
#include "../lockset.h"
#include "../quick.h"
#include "queue.h"
#include "types.h"

/* Within the limits of bytes, for what is charged only if it comes back. */
static bool kshare_queue_may_grow(const struct kshare_object *obj)
{
	return kshare_may_charge(obj->domain, obj->user, KSHARE_LIMIT_BYTES,
				 sizeof(struct kshare_msg));
}

/* As put and get would, to who waits first, past the queue */
static struct kshare_waiter *kshare_queue_pass(struct kshare_run *next, struct kshare_msg *msg)
{
	msg->deliveries = 1;
	list_add_tail(&msg->link, &next->u.queue.messages);
	next->u.queue.lease = 0;
	next->u.queue.count = 1;
	kshare_give(next, &msg->val);
	kshare_touch(next);
	return kshare_quick_over(next, 1);
}

/* There is room, and nobody waits for it; who waits first gets it. */
int kshare_queue_put_quick(struct kshare_client *client, const struct kshare_cmd *cmd)
{
	const struct kshare_val zero = kshare_val_int(0);
	struct kshare_msg *made = NULL, *msg;
	struct kshare_waiter *w = NULL;
	struct kshare_run *next = NULL;
	struct kshare_object *obj;
	struct kshare_queue *q;
	struct kshare_val val;
	bool pass;

	if (cmd->flags & ~KSHARE_NOWAIT || cmd->out | cmd->out_len | cmd->nr |
	    *(const u64 *)&cmd->key | cmd->key.u || cmd->deadline < 0)
		return KSHARE_NOT_QUICK;
	if (!kshare_quick_val(&cmd->value, &val))
		return KSHARE_NOT_QUICK;
	obj = kshare_quick_find(client, cmd, BIT(KSHARE_TYPE_QUEUE), KSHARE_RIGHT_WRITE);
	if (!obj)
		return KSHARE_NOT_QUICK;
	q = kshare_queue_of(obj);
	/* Memory that has to be waited for is for the others. */
	if (READ_ONCE(q->own_taken)) {
		made = kmalloc(sizeof(*made), GFP_NOWAIT | __GFP_ACCOUNT | __GFP_NOWARN);
		if (unlikely(!made))
			return KSHARE_NOT_QUICK;
		made->own = false;
	}
	if (!kshare_quick_lock(obj, client, cmd))
		goto err_free;
	if (unlikely(q->shut || obj->flags & (KSHARE_PRIORITY | KSHARE_LIFO)))
		goto err_unlock;
	if (q->bound && (q->count >= q->bound || !list_empty(&q->putters)))
		goto err_unlock;
	if (obj->waiter_count) {
		next = kshare_quick_first(obj);
		if (!next || next->op->apply != kshare_queue_get)
			goto err_unlock;
	}
	msg = made;
	if (!msg) {
		/* Pairs with the release in kshare_msg_free(). */
		if (smp_load_acquire(&q->own_taken))
			goto err_unlock;
		msg = &q->own;
	}
	pass = next && !q->count && !(next->flags & KSHARE_LEASE);
	if (pass ? !kshare_queue_may_grow(obj) : kshare_object_grow(obj, sizeof(*msg)))
		goto err_unlock;
	if (!made)
		WRITE_ONCE(q->own_taken, true);
	kshare_msg_init(msg, &val, &zero);
	msg->seq = ++q->last_seq;
	msg->next_put = NULL;
	q->unfinished++;
	if (pass) {
		w = kshare_queue_pass(next, msg);
	} else {
		kshare_queue_insert(q, msg, false);
		if (next)
			w = kshare_quick_hand(next);
	}
	kshare_quick_end(obj, client->who, w);
	return 0;

err_unlock:
	spin_unlock(&obj->lock);
err_free:
	kfree(made);
	return KSHARE_NOT_QUICK;
}

/* There is one, nobody waits for it, nor for its room, and the result can be written. */
int kshare_queue_get_quick(struct kshare_client *client, const struct kshare_cmd *cmd)
{
	struct kshare_doom doom = {};
	struct kshare_object *obj;
	struct kshare_queue *q;
	struct kshare_msg *msg;
	int ret;

	if (cmd->flags & ~KSHARE_NOWAIT || cmd->nr | *(const u64 *)&cmd->key | cmd->key.u |
	    *(const u64 *)&cmd->value | cmd->value.u || cmd->deadline < 0)
		return KSHARE_NOT_QUICK;
	if (!cmd->out || cmd->out_len > KSHARE_MAX_OUT ||
	    cmd->out_len < sizeof(struct kshare_result) + sizeof(struct kshare_value))
		return KSHARE_NOT_QUICK;
	obj = kshare_quick_find(client, cmd, BIT(KSHARE_TYPE_QUEUE),
				KSHARE_RIGHT_READ | KSHARE_RIGHT_WRITE);
	if (!obj)
		return KSHARE_NOT_QUICK;
	/* Not worth the lock, most likely */
	q = kshare_queue_of(obj);
	if (!READ_ONCE(q->count) || !kshare_quick_lock(obj, client, cmd))
		return KSHARE_NOT_QUICK;
	if (!q->count || obj->waiter_count || obj->flags & KSHARE_PRIORITY)
		goto err_unlock;
	msg = kshare_queue_first(q);
	if (kshare_val_slow(&msg->val) || kshare_put_small(cmd->out, 0, 0, &msg->val, false))
		goto err_unlock;
	kshare_queue_remove(q, msg);
	kshare_object_regrow(obj, -(s64)sizeof(*msg));
	ret = min_t(u32, msg->deliveries, INT_MAX - 1) + 1;
	kshare_quick_end(obj, client->who, NULL);
	/* It owns nothing, so nothing is doomed. */
	kshare_msg_free(msg, &doom);
	return ret;

err_unlock:
	spin_unlock(&obj->lock);
	return KSHARE_NOT_QUICK;
}
