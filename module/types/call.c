// SPDX-License-Identifier: GPL-2.0-only
/*
 * Calls: the queue of a class, and the side of those who call.  The states are those
 * of class.h.
 */
#include <linux/cred.h>

#include "../gate.h"
#include "../lockset.h"
#include "class.h"
#include "types.h"

/* What calls that led to each other have in common, where that matters. */
static atomic64_t kshare_last_chain;

/**
 * kshare_call_free() - the end of a call
 * @call: call in no list and no tree
 * @doom: where what it referred to goes
 *
 * No lock is held.
 */
void kshare_call_free(struct kshare_call *call, struct kshare_doom *doom)
{
	struct kshare_domain *domain = call->target->domain;
	u32 i;

	for (i = 0; call->vals && i < call->count; i++)
		kshare_val_put(&call->vals[KSHARE_SERVED_ARGS + i], doom);
	kvfree(call->vals);
	kshare_val_put(&call->arg, doom);
	kshare_val_put(&call->result, doom);
	if (call->charged)
		kshare_uncharge(domain, call->user, KSHARE_LIMIT_BYTES, call->charged);
	if (call->counted)
		kshare_uncharge(domain, call->user, KSHARE_LIMIT_WAITERS, 1);
	if (call->oneway) {
		atomic_dec(&call->who->calls);
		kshare_who_put(call->who);
	}
	if (call->user)
		kshare_user_put(call->user);
	kshare_object_forget(call->target, doom);
	if (call->client) {
		atomic_dec(&call->client->calls);
		kshare_pool_put(&call->client->spare_calls, call);
	} else {
		kfree(call);
	}
}

/* ---- the queue; under the class's lock ---- */

static struct kshare_call *kshare_call_of(struct rb_node *node)
{
	return rb_entry(node, struct kshare_call, node);
}

/*
 * A lane is of one client.  Its number would not do: that of one which is gone is soon
 * another's, and one-way calls may still be here.
 */
static struct kshare_call *kshare_lane_head(struct kshare_calls *calls,
					    const struct kshare_who *who)
{
	struct rb_node *node = calls->lanes.rb_node;

	while (node && kshare_call_of(node)->who != who)
		node = who < kshare_call_of(node)->who ? node->rb_left : node->rb_right;
	return node ? kshare_call_of(node) : NULL;
}

/* The only one of its client. */
static void kshare_lane_add(struct kshare_calls *calls, struct kshare_call *call)
{
	struct rb_node **link = &calls->lanes.rb_node, *parent = NULL;

	while (*link) {
		parent = *link;
		link = call->who < kshare_call_of(parent)->who ? &parent->rb_left :
								 &parent->rb_right;
	}
	rb_link_node(&call->node, parent, link);
	rb_insert_color(&call->node, &calls->lanes);
	INIT_LIST_HEAD(&call->lane);
}

/* To the end of its client's lane. */
static void kshare_calls_add(struct kshare_calls *calls, struct kshare_call *call)
{
	struct kshare_call *head = kshare_lane_head(calls, call->who);

	if (head) {
		list_add_tail(&call->link, &head->lane);
		INIT_LIST_HEAD(&call->head);
	} else {
		kshare_lane_add(calls, call);
		list_add_tail(&call->head, &calls->heads);
	}
}

/**
 * kshare_lane_advance() - takes a head out of a queue
 * @calls: the queue
 * @head: the call; who follows it goes to the end of the heads
 */
void kshare_lane_advance(struct kshare_calls *calls, struct kshare_call *head)
{
	struct kshare_call *next = list_first_entry_or_null(&head->lane, struct kshare_call, link);

	list_del(&head->head);
	if (!next) {
		rb_erase(&head->node, &calls->lanes);
		return;
	}
	list_del(&next->link);
	INIT_LIST_HEAD(&next->lane);
	list_splice(&head->lane, &next->lane);
	rb_replace_node(&head->node, &next->node, &calls->lanes);
	list_add_tail(&next->head, &calls->heads);
}

/* The one that is to be taken next, or NULL. */
static struct kshare_call *kshare_calls_first(struct kshare_calls *calls)
{
	return list_first_entry_or_null(&calls->heads, struct kshare_call, head);
}

/* Which of the calls one is served at a time with this one; NULL if all can be. */
static struct kshare_serial *kshare_serial_of(struct kshare_class *class,
					      struct kshare_call *call)
{
	if (likely(!(class->info->flags & (KSHARE_CLASS_SERIAL | KSHARE_CLASS_SERIAL_EACH))))
		return NULL;
	if (class->info->flags & KSHARE_CLASS_SERIAL)
		return &class->serial;
	return call->target == &class->obj ? NULL : &kshare_instance_of(call->target)->serial;
}

static void kshare_call_ready(struct kshare_class *class, struct kshare_call *call)
{
	struct kshare_serial *serial = kshare_serial_of(class, call);

	if (serial) {
		serial->chain = call->chain;
		serial->running++;
		call->slot = true;
	}
	kshare_calls_add(&class->ready, call);
}

void kshare_call_enqueue(struct kshare_class *class, struct kshare_call *call)
{
	struct kshare_serial *serial = kshare_serial_of(class, call);

	call->state = KSHARE_CALL_PENDING;
	if (serial && serial->running && serial->chain != call->chain)
		kshare_calls_add(&serial->backlog, call);
	else
		kshare_call_ready(class, call);
}

/* It is not served any more, so another one may be. */
static void kshare_call_pass_slot(struct kshare_class *class, struct kshare_call *call)
{
	struct kshare_serial *serial = kshare_serial_of(class, call);
	struct kshare_call *next;

	if (!call->slot)
		return;
	call->slot = false;
	if (--serial->running)
		return;
	next = kshare_calls_first(&serial->backlog);
	if (!next)
		return;
	kshare_lane_advance(&serial->backlog, next);
	kshare_call_ready(class, next);
}

/* Out of the queue, with its slot if it has one, or out of the backlog. */
static void kshare_call_unqueue(struct kshare_class *class, struct kshare_call *call)
{
	struct kshare_serial *serial = kshare_serial_of(class, call);

	if (list_empty(&call->head))
		list_del(&call->link);
	else
		kshare_lane_advance(serial && !call->slot ? &serial->backlog : &class->ready, call);
}

/* The one to be served next, or NULL. */
struct kshare_call *kshare_call_first(struct kshare_class *class)
{
	return kshare_calls_first(&class->ready);
}

/* It was taken by somebody who could not use it: it is the next one again. */
void kshare_call_put_first(struct kshare_class *class, struct kshare_call *call)
{
	struct kshare_call *head = kshare_lane_head(&class->ready, call->who);

	call->state = KSHARE_CALL_PENDING;
	if (head) {
		list_del_init(&head->head);
		rb_replace_node(&head->node, &call->node, &class->ready.lanes);
		INIT_LIST_HEAD(&call->lane);
		list_splice(&head->lane, &call->lane);
		list_add(&head->link, &call->lane);
	} else {
		kshare_lane_add(&class->ready, call);
	}
	list_add(&call->head, &class->ready.heads);
}

/* ---- calls that are served; under the class's lock ---- */

struct kshare_call *kshare_call_find(struct kshare_class *class, u64 id)
{
	struct rb_node *node = class->taken.rb_node;

	while (node && kshare_call_of(node)->id != id)
		node = id < kshare_call_of(node)->id ? node->rb_left : node->rb_right;
	return node ? kshare_call_of(node) : NULL;
}

static struct kshare_call *kshare_call_served(struct rb_node *node)
{
	return rb_entry(node, struct kshare_call, serving);
}

/* Behind those that the same thread has taken before. */
static void kshare_serving_add(struct kshare_client *host, struct kshare_call *call)
{
	struct rb_node **link = &host->serving.rb_node, *parent = NULL;

	while (*link) {
		parent = *link;
		link = call->server < kshare_call_served(parent)->server ? &parent->rb_left :
									   &parent->rb_right;
	}
	rb_link_node(&call->serving, parent, link);
	rb_insert_color(&call->serving, &host->serving);
}

/* The one that this thread has taken last, or NULL. */
static struct kshare_call *kshare_serving_last(struct kshare_client *host)
{
	struct rb_node *node = host->serving.rb_node;
	struct kshare_call *best = NULL;
	pid_t server = current->pid;

	while (node) {
		struct kshare_call *call = kshare_call_served(node);

		if (call->server == server)
			best = call;
		node = server < call->server ? node->rb_left : node->rb_right;
	}
	/* Another thread may have had that number, and left something unanswered. */
	return best && best->started == current->start_time ? best : NULL;
}

/**
 * kshare_call_taken() - the host takes a call that has to be answered
 * @class: class
 * @call: that is in the queue no more
 * @server: the thread that takes it, NULL if it is none
 */
void kshare_call_taken(struct kshare_class *class, struct kshare_call *call,
		       const struct task_struct *server)
{
	struct rb_node **link = &class->taken.rb_node, *parent = NULL;
	struct kshare_client *host = class->hold.client;

	call->state = call->oneway ? KSHARE_CALL_ABANDONED : KSHARE_CALL_TAKEN;
	call->id = ++class->last_call;
	call->server = server ? server->pid : 0;
	INIT_LIST_HEAD(&call->link);
	/* Numbers grow, so it comes last. */
	while (*link) {
		parent = *link;
		link = &parent->rb_right;
	}
	rb_link_node(&call->node, parent, link);
	rb_insert_color(&call->node, &class->taken);
	if (server) {
		call->started = server->start_time;
		spin_lock(&host->held_lock);
		kshare_serving_add(host, call);
		spin_unlock(&host->held_lock);
	}
}

/* The host has it no more, but for its slot. */
void kshare_call_untake(struct kshare_class *class, struct kshare_call *call)
{
	struct kshare_client *host = class->hold.client;

	rb_erase(&call->node, &class->taken);
	if (call->server) {
		spin_lock(&host->held_lock);
		rb_erase(&call->serving, &host->serving);
		spin_unlock(&host->held_lock);
	}
}

/* The host is through with it, whatever came of it. */
void kshare_call_over(struct kshare_class *class, struct kshare_call *call)
{
	kshare_call_untake(class, call);
	kshare_call_pass_slot(class, call);
	/* It may be that the host was not told yet that it was abandoned. */
	list_del(&call->link);
}

/**
 * kshare_call_end() - ends a call that is queued or taken
 * @class: class
 * @call: call
 * @state: what its caller finds
 *
 * Return: true if nobody waits for it: the caller frees it.
 */
bool kshare_call_end(struct kshare_class *class, struct kshare_call *call, int state)
{
	bool waits = call->caller;

	if (call->state == KSHARE_CALL_PENDING) {
		kshare_call_unqueue(class, call);
		kshare_call_pass_slot(class, call);
	} else {
		kshare_call_over(class, call);
	}
	call->state = state;
	if (waits)
		list_move_tail(&call->caller->waiter.link, &class->answered);
	return !waits;
}

/* ---- the caller ---- */

/* Which call is this thread serving? */
static void kshare_call_follow(struct kshare_call *call, struct kshare_client *client)
{
	struct kshare_call *parent;

	call->depth = 1;
	if (likely(RB_EMPTY_ROOT(&client->serving)))
		return;
	spin_lock(&client->held_lock);
	parent = kshare_serving_last(client);
	if (parent) {
		call->depth = parent->depth + 1;
		call->chain = parent->chain;
	}
	spin_unlock(&client->held_lock);
}

/* May this method be called by this handle? */
static int kshare_call_check(const struct kshare_run *run)
{
	const struct kshare_class *class = kshare_class_of(run->obj);

	if (!run->peer) {
		if (run->nr != KSHARE_METHOD_CREATE)
			return -ENOENT;
		return class->info->flags & KSHARE_CLASS_CREATABLE ? 0 : -EACCES;
	}
	if (run->nr >= class->info->methods)
		return -ENOENT;
	if (!(class->methods[array_index_nospec(run->nr, class->info->methods)].flags &
	      KSHARE_METHOD_EXPOSED))
		return -EACCES;
	return kshare_gate_methods(run->via) & BIT_ULL(run->nr) ? 0 : -EACCES;
}

/* The arguments move from the command to the call. */
static int kshare_call_args(struct kshare_run *run, struct kshare_call *call)
{
	u64 bytes = 0;
	int ret;
	u32 i;

	if (!run->vec) {
		call->count = run->value.type != KSHARE_NONE;
		bytes = kshare_val_size(&run->value);
	} else {
		for (i = 0; i < run->vec_count; i++)
			bytes += sizeof(run->vec[i]) + kshare_val_size(&run->vec[i]);
	}
	if (bytes) {
		call->user = call->user ?: kshare_user_get(run->client->user);
		ret = kshare_charge(run->obj->domain, call->user, KSHARE_LIMIT_BYTES, bytes);
		if (ret)
			return ret;
		call->charged = bytes;
	}
	if (!run->vec) {
		call->arg = run->value;
		run->value = (struct kshare_val){};
		return 0;
	}
	call->vals = kvcalloc(KSHARE_SERVED_ARGS + run->vec_count, sizeof(*call->vals),
			      GFP_KERNEL_ACCOUNT);
	if (!call->vals)
		return -ENOMEM;
	memcpy(call->vals + KSHARE_SERVED_ARGS, run->vec, run->vec_count * sizeof(*run->vec));
	call->count = run->vec_count;
	run->vec_count = 0;
	return 0;
}

static int kshare_call_charge(struct kshare_run *run, struct kshare_call *call)
{
	struct kshare_client *client = run->client;
	int ret;

	if (call->oneway) {
		call->user = kshare_user_get(client->user);
		ret = kshare_charge(run->obj->domain, call->user, KSHARE_LIMIT_WAITERS, 1);
		call->counted = !ret;
		call->who = kshare_who_get(client->who);
		if (atomic_inc_return(&call->who->calls) > KSHARE_MAX_CALLS)
			ret = -EDQUOT;
		return ret;
	}
	if (atomic_inc_return(&client->calls) > KSHARE_MAX_CALLS) {
		atomic_dec(&client->calls);
		return -EDQUOT;
	}
	call->client = client;
	/* While it is in the queue its caller is there, and so is the client. */
	call->who = client->who;
	return 0;
}

int kshare_call_prepare(struct kshare_run *run)
{
	struct kshare_call *call;
	int ret;

	if (run->u.call.call)
		return 0;
	ret = kshare_call_check(run);
	if (ret)
		return ret;
	if (run->flags & KSHARE_ONEWAY && (run->out_addr || run->deadline || run->tag))
		return -EINVAL;
	call = kshare_pool_get(&run->client->spare_calls, sizeof(*call));
	if (!call)
		return -ENOMEM;
	memset(call, 0, sizeof(*call));
	call->target = run->peer ?: run->obj;
	kshare_object_get(call->target);
	call->oneway = run->flags & KSHARE_ONEWAY;
	call->method = run->nr;
	call->uid = current_euid();
	call->gid = current_egid();
	ret = kshare_call_charge(run, call) ?: kshare_call_args(run, call);
	if (ret)
		goto err;
	kshare_call_follow(call, run->client);
	if (call->depth > KSHARE_MAX_CALL_DEPTH) {
		ret = -ELOOP;
		goto err;
	}
	if (!call->chain && kshare_serial_of(kshare_class_of(run->obj), call))
		call->chain = atomic64_inc_return(&kshare_last_chain);
	run->u.call.call = call;
	return 0;

err:
	kshare_call_free(call, &run->doom);
	return ret;
}

/* KSHARE_OP_CALL */
int kshare_call(struct kshare_run *run)
{
	struct kshare_class *class = kshare_class_of(run->obj);
	struct kshare_call *call = run->u.call.call;

	if (!run->waiting) {
		if (!kshare_class_has_host(class))
			return -EOWNERDEAD;
		if (!call->oneway)
			return KSHARE_MUST_WAIT;
		kshare_call_enqueue(class, call);
		run->u.call.sent = true;
		kshare_touch(run);
		return 0;
	}
	/* That it was queued was one change, the answer is the host's. */
	run->changed = false;
	switch (call->state) {
	case KSHARE_CALL_ORPHANED:
		return -EOWNERDEAD;
	case KSHARE_CALL_ANSWERED:
		kshare_give_away(run, &call->result);
		run->number = call->token;
		return call->status;
	}
	return KSHARE_MUST_WAIT;
}

struct list_head *kshare_call_line(struct kshare_run *run)
{
	return &kshare_class_of(run->obj)->callers;
}

void kshare_call_queued(struct kshare_run *run)
{
	run->u.call.call->caller = run;
	kshare_call_enqueue(kshare_class_of(run->obj), run->u.call.call);
	kshare_touch(run);
	kshare_run_commit(run);
}

int kshare_call_left(struct kshare_run *run, int why)
{
	struct kshare_class *class = kshare_class_of(run->obj);
	struct kshare_call *call = run->u.call.call;

	switch (call->state) {
	case KSHARE_CALL_PENDING:
		kshare_call_unqueue(class, call);
		kshare_call_pass_slot(class, call);
		call->state = KSHARE_CALL_NEW;
		call->caller = NULL;
		return 0;
	case KSHARE_CALL_TAKEN:
		call->state = KSHARE_CALL_ABANDONED;
		call->caller = NULL;
		call->who = NULL;
		atomic_dec(&call->client->calls);
		call->client = NULL;
		/* Nobody waits, but it is there until it is answered. */
		call->user = call->user ?: kshare_user_get(run->client->user);
		kshare_charge_anyway(run->obj->domain, call->user, KSHARE_LIMIT_WAITERS, 1);
		call->counted = true;
		list_add_tail(&call->link, &class->abandoned);
		run->u.call.call = NULL;
		/* It has begun, so it must not begin once more. */
		return why == -ERESTARTSYS ? -EINTR : 0;
	}
	/* The answer is there, for who can take it. */
	return why == -EOWNERDEAD || why == KSHARE_DOOR_GONE ? 0 : 1;
}

/* The answer stays, if it can be asked for, and there may be so much. */
static void kshare_call_keep(struct kshare_run *run)
{
	struct kshare_client *client = run->client;
	struct kshare_call *call = run->u.call.call;
	u64 bytes;

	if (!call || call->state != KSHARE_CALL_ANSWERED || !run->tag || !run->out_addr)
		return;
	bytes = kshare_val_size(&run->out[0]);
	if (bytes) {
		/* Else a host and who calls it could have any amount of memory. */
		if (kshare_charge(run->obj->domain, client->user, KSHARE_LIMIT_BYTES, bytes))
			return;
		call->user = call->user ?: kshare_user_get(client->user);
		call->charged += bytes;
	}
	call->result = run->out[0];
	run->out[0] = (struct kshare_val){};
	run->out_count = 0;
	call->caller = NULL;
	call->tag = run->tag;
	spin_lock(&client->held_lock);
	list_add_tail(&call->link, &client->unclaimed);
	spin_unlock(&client->held_lock);
	run->u.call.sent = true;
}

void kshare_call_undo(struct kshare_run *run)
{
	/* Always late: what is over at once goes one way, and has no result to be delivered. */
	WARN_ON_ONCE(!run->late);
	kshare_call_keep(run);
}

void kshare_call_finish(struct kshare_run *run)
{
	if (run->u.call.call && !run->u.call.sent)
		kshare_call_free(run->u.call.call, &run->doom);
}

/* Takes an answer that waits to be claimed, or NULL. */
static struct kshare_call *kshare_call_claim(struct kshare_client *client, u64 tag)
{
	struct kshare_call *call, *found = NULL;

	spin_lock(&client->held_lock);
	list_for_each_entry(call, &client->unclaimed, link) {
		if (!tag || call->tag == tag) {
			found = call;
			list_del(&call->link);
			break;
		}
	}
	spin_unlock(&client->held_lock);
	return found;
}

/* KSHARE_OP_CALL_RESULT */
int kshare_call_result(struct kshare_run *run)
{
	struct kshare_client *client = run->client;
	struct kshare_call *call;
	int ret;

	if (!run->key.u || (run->key.type == KSHARE_INT && run->key.i < 0))
		return -EINVAL;
	call = kshare_call_claim(client, run->key.u);
	if (!call)
		return -ENOENT;
	/* Handles to what it refers to are of that domain. */
	run->obj = call->target;
	kshare_object_get(run->obj);
	run->number = call->token;
	kshare_give(run, &call->result);
	ret = kshare_run_deliver_after(run);
	if (!ret) {
		ret = call->status;
		kshare_call_free(call, &run->doom);
		return ret;
	}
	spin_lock(&client->held_lock);
	list_add(&call->link, &client->unclaimed);
	spin_unlock(&client->held_lock);
	return ret;
}

void kshare_calls_settle(struct kshare_client *client)
{
	struct kshare_doom doom = {};
	struct kshare_call *call;

	while ((call = kshare_call_claim(client, 0))) {
		kshare_call_free(call, &doom);
		kshare_doom_run(&doom);
		cond_resched();
	}
}
