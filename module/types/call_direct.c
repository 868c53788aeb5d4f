// SPDX-License-Identifier: GPL-2.0-only
/*
 * The short way of calls and their answers, of who sleeps for them: most ask for
 * nothing special, and then most of what a round trip takes would be the general way
 * of commands.  What is different here is how a command begins and ends, and that
 * call and answer go straight to who waits for them.  While it waits it is a waiter
 * like any other, and whoever ends that wait need not know.
 */
#include <linux/cred.h>
#include <linux/ktime.h>

#include "../lockset.h"
#include "../quick.h"
#include "class.h"
#include "types.h"

/* One value: false if it is not for the short way, or wrong. */
static bool kshare_direct_value(struct kshare_run *run, const struct kshare_value *in,
				struct kshare_val *out)
{
	u64 budget = KSHARE_MAX_VALUE;

	if (kshare_quick_val(in, out))
		return true;
	*out = (struct kshare_val){};
	if (in->type == KSHARE_NONE)
		return !(*(const u64 *)in | in->u);
	if (in->flags)
		return false;
	return !kshare_val_import(run, in, BIT(KSHARE_STR) | BIT(KSHARE_BYTES) |
				  BIT(KSHARE_ENCODED), &budget, out);
}

/*
 * What is looked at by others while it waits, and by the general way of results;
 * &kshare_run.closes was before the handle was looked for.
 */
static void kshare_direct_begin(struct kshare_run *run, struct kshare_client *client,
				const struct kshare_cmd *cmd)
{
	run->client = client;
	run->op = &kshare_rows[cmd->op];
	run->obj = NULL;
	run->via = NULL;
	run->peer = NULL;
	run->handle = cmd->handle;
	run->flags = 0;
	run->out_len = cmd->out_len;
	run->out_addr = cmd->out;
	run->deadline = cmd->deadline;
	run->tag = 0;
	run->own = false;
	run->owned = false;
	run->changed = false;
	run->waiting = true;
	run->async = false;
	run->no_sleep = false;
	run->uring = false;
	run->parked = false;
	run->killable = false;
	run->member = false;
	run->all = false;
	run->tell = false;
	run->ended = false;
	run->late = false;
	run->kept = false;
	run->subs = NULL;
	run->sub_count = 0;
	run->result_flags = 0;
	run->number = 0;
	run->out = run->out_inline;
	run->out_count = 0;
	run->out_room = KSHARE_OUT_ROOM;
	run->reserved = NULL;
	run->reserved_count = 0;
	run->reserved_used = 0;
	run->size = 0;
	run->doom.first = NULL;
}

/* Is it a command that the short way can carry out? */
static bool kshare_direct_fits(const struct kshare_cmd *cmd, u32 values)
{
	if (cmd->flags || cmd->tag || cmd->deadline < 0 || !cmd->out)
		return false;
	if (cmd->out_len > KSHARE_MAX_OUT ||
	    cmd->out_len < sizeof(struct kshare_result) + values * sizeof(struct kshare_value))
		return false;
	if (cmd->deadline && cmd->deadline <= ktime_get_ns())
		return false;
	return access_ok(u64_to_user_ptr(cmd->out), cmd->out_len);
}

/* It waits; its object is locked, and it is charged. */
static void kshare_direct_wait(struct kshare_run *run, struct list_head *line)
{
	run->counted = run->obj;
	WRITE_ONCE(run->obj->waiter_count, run->obj->waiter_count + 1);
	kshare_waiter_init_task(&run->waiter);
	kshare_waiter_queue(&run->waiter, line);
}

/* Sleeps until it is over: the result, delivered or given back. */
static int kshare_direct_sleep(struct kshare_run *run)
{
	int ret, err;
	u32 i;

	kshare_run_await(run);
	ret = run->waiter.result;
	if (ret >= 0) {
		err = kshare_run_deliver_after(run);
		if (unlikely(err)) {
			kshare_run_give_back(run);
			ret = err;
		}
	}
	ret = kshare_run_publish(run, ret);
	/* Of arguments and answers nobody else knows. */
	for (i = 0; i < run->out_count; i++)
		if (kshare_val_slow(&run->out[i]))
			kshare_val_drop(&run->out[i], &run->doom);
	run->out_count = 0;
	if (run->out != run->out_inline)
		kvfree(run->out);
	return ret;
}

/* An object that nobody owns or watches, or false and it is not locked. */
static bool kshare_direct_lock(struct kshare_object *obj)
{
	spin_lock(&obj->lock);
	if (likely(!obj->owned && !obj->observers))
		return true;
	spin_unlock(&obj->lock);
	return false;
}

/* ---- a call ---- */

/* The instance, with a reference, or NULL if it is not for the short way. */
static struct kshare_instance *kshare_direct_find(struct kshare_client *client,
						  const struct kshare_cmd *cmd)
{
	struct kshare_instance *inst = NULL;
	const struct kshare_class *class;
	struct kshare_object *obj;

	rcu_read_lock();
	obj = kshare_quick_find(client, cmd, BIT(KSHARE_TYPE_INSTANCE), KSHARE_RIGHT_CALL);
	if (obj && kshare_object_tryget(obj))
		inst = kshare_instance_of(obj);
	rcu_read_unlock();
	if (!inst)
		return NULL;
	class = inst->class;
	if (!(class->info->flags & (KSHARE_CLASS_SERIAL | KSHARE_CLASS_SERIAL_EACH)) &&
	    cmd->nr < class->info->methods &&
	    class->methods[array_index_nospec(cmd->nr, class->info->methods)].flags &
	    KSHARE_METHOD_EXPOSED)
		return inst;
	kshare_object_put(obj);
	return NULL;
}

/* A call that is nobody else's, or NULL. */
static struct kshare_call *kshare_direct_call(struct kshare_client *client,
					      struct kshare_instance *inst, u32 method)
{
	struct kshare_call *call = kshare_pool_get(&client->spare_calls, sizeof(*call));

	if (!call)
		return NULL;
	call->id = 0;
	call->chain = 0;
	call->state = KSHARE_CALL_NEW;
	call->oneway = false;
	call->slot = false;
	call->counted = false;
	call->method = method;
	call->depth = 1;
	call->client = client;
	call->target = &inst->dict.obj;
	call->who = client->who;
	call->uid = current_euid();
	call->gid = current_egid();
	call->user = NULL;
	call->charged = 0;
	call->vals = NULL;
	call->count = 0;
	call->arg = (struct kshare_val){};
	call->result = (struct kshare_val){};
	kshare_object_get(call->target);
	return call;
}

/* Who waits to serve, if that is plain, or NULL; the class is locked. */
static struct kshare_run *kshare_direct_server(struct kshare_class *class)
{
	struct kshare_run *run = kshare_quick_first(&class->obj);

	/* Nothing is in the queue while somebody waits to serve. */
	if (!run || run->waiter.group || !kshare_class_hosted_by(class, run->client))
		return NULL;
	return run->op->apply == kshare_serve || run->op->apply == kshare_reply_and_serve ? run :
											    NULL;
}

/* The class is locked: false if it is not for the short way. */
static bool kshare_direct_send(struct kshare_run *run, struct kshare_class *class,
			       struct kshare_call *call)
{
	struct kshare_run *server = kshare_direct_server(class);
	struct kshare_waiter *w = NULL;

	if (!kshare_class_has_host(class) ||
	    (!server && !(list_empty(&class->obj.waiters) && list_empty(&class->obj.all_waiters))))
		return false;
	call->caller = run;
	kshare_direct_wait(run, &class->callers);
	if (server) {
		kshare_serve_hand(server, class, call);
		/* Should it have to be given back, then others are to hear of it. */
		server->changed = true;
		w = kshare_quick_over(server, server->u.serve.what);
	} else {
		kshare_call_enqueue(class, call);
	}
	kshare_quick_end(&class->obj, run->client->who, w);
	return true;
}

/* A call is the caller's again, or has been left to the host. */
static void kshare_direct_free(struct kshare_run *run)
{
	struct kshare_call *call = run->u.call.call;
	struct kshare_client *client = run->client;

	if (!call)
		return;
	if (kshare_val_slow(&call->arg))
		kshare_val_drop(&call->arg, &run->doom);
	if (kshare_val_slow(&call->result))
		kshare_val_drop(&call->result, &run->doom);
	if (call->charged) {
		kshare_uncharge(call->target->domain, call->user, KSHARE_LIMIT_BYTES,
				call->charged);
		kshare_user_put(call->user);
	}
	atomic_dec(&client->calls);
	kshare_run_drop(run, call->target);
	kshare_pool_put(&client->spare_calls, call);
}

/* The argument is charged like any other. */
static int kshare_direct_charge(struct kshare_call *call, struct kshare_client *client)
{
	u64 bytes = kshare_val_size(&call->arg);
	int ret;

	call->count = call->arg.type != KSHARE_NONE;
	if (!bytes)
		return 0;
	ret = kshare_charge(call->target->domain, client->user, KSHARE_LIMIT_BYTES, bytes);
	if (!ret) {
		call->user = kshare_user_get(client->user);
		call->charged = bytes;
	}
	return ret;
}

int kshare_call_direct(struct kshare_run *run, struct kshare_client *client,
		       const struct kshare_cmd *cmd)
{
	struct kshare_instance *inst;
	struct kshare_call *call;
	int ret = KSHARE_NOT_QUICK;

	/* A thread that serves may be asked for how it came to this. */
	if (!kshare_direct_fits(cmd, 1) || *(const u64 *)&cmd->key | cmd->key.u ||
	    !RB_EMPTY_ROOT(&client->serving))
		return ret;
	run->closes = atomic_read(&client->closes);
	inst = kshare_direct_find(client, cmd);
	if (!inst)
		return ret;
	kshare_direct_begin(run, client, cmd);
	run->u.call.sent = false;
	run->u.call.call = NULL;
	run->peer = &inst->dict.obj;
	if (atomic_inc_return(&client->calls) > KSHARE_MAX_CALLS) {
		atomic_dec(&client->calls);
		goto out;
	}
	call = kshare_direct_call(client, inst, cmd->nr);
	if (!call) {
		atomic_dec(&client->calls);
		goto out;
	}
	run->u.call.call = call;
	run->obj = &inst->class->obj;
	if (!kshare_direct_value(run, &cmd->value, &call->arg) ||
	    kshare_direct_charge(call, client) ||
	    kshare_charge(run->obj->domain, client->user, KSHARE_LIMIT_WAITERS, 1))
		goto out;
	if (!kshare_direct_lock(run->obj)) {
		kshare_uncharge(run->obj->domain, client->user, KSHARE_LIMIT_WAITERS, 1);
	} else if (!kshare_direct_send(run, inst->class, call)) {
		spin_unlock(&run->obj->lock);
		kshare_uncharge(run->obj->domain, client->user, KSHARE_LIMIT_WAITERS, 1);
	} else {
		ret = kshare_direct_sleep(run);
	}
out:
	if (!run->u.call.sent)
		kshare_direct_free(run);
	kshare_run_drop(run, run->peer);
	if (unlikely(run->doom.first))
		kshare_doom_run(&run->doom);
	return ret;
}

/* ---- an answer, and the next call ---- */

/* Answers a call whose caller sleeps; the class is locked; NULL: not by the short way. */
static struct kshare_waiter *kshare_direct_answer(struct kshare_run *run,
						  struct kshare_class *class,
						  const struct kshare_cmd *cmd)
{
	struct kshare_call *call = kshare_call_find(class, cmd->key.u);
	struct kshare_run *caller;

	if (!call || call->state != KSHARE_CALL_TAKEN || call->slot ||
	    call->method == KSHARE_METHOD_CREATE || class->methods[call->method].result[0])
		return NULL;
	caller = call->caller;
	if (!caller->waiter.task)
		return NULL;
	kshare_call_untake(class, call);
	call->state = KSHARE_CALL_ANSWERED;
	call->status = cmd->nr;
	call->token = class->token;
	call->result = run->value;
	run->value = (struct kshare_val){};
	return kshare_quick_over(caller, kshare_call(caller));
}

/* Nothing is there to be served, and nobody waits for it: this one does. */
static bool kshare_direct_serves_next(struct kshare_class *class)
{
	return list_empty(&class->obj.waiters) && list_empty(&class->obj.all_waiters) &&
	       list_empty(&class->releases) && list_empty(&class->abandoned) &&
	       list_empty(&class->ready.heads);
}

int kshare_reply_and_serve_direct(struct kshare_run *run, struct kshare_client *client,
				  const struct kshare_cmd *cmd)
{
	int ret = KSHARE_NOT_QUICK;
	struct kshare_class *class;
	struct kshare_waiter *w = NULL;
	struct kshare_object *obj;

	if (!kshare_direct_fits(cmd, KSHARE_SERVED_ARGS + 1) || cmd->nr > KSHARE_ANSWER_STOP ||
	    cmd->key.type != KSHARE_INT || cmd->key.i < 0 ||
	    cmd->key.codec | cmd->key.inline_len | cmd->key.flags | cmd->key.len)
		return ret;
	run->closes = atomic_read(&client->closes);
	rcu_read_lock();
	obj = kshare_quick_find(client, cmd, BIT(KSHARE_TYPE_CLASS), KSHARE_RIGHT_MANAGE);
	if (obj && !kshare_object_tryget(obj))
		obj = NULL;
	rcu_read_unlock();
	if (!obj)
		return ret;
	class = kshare_class_of(obj);
	kshare_direct_begin(run, client, cmd);
	run->obj = obj;
	memset(&run->u.serve, 0, sizeof(run->u.serve));
	if (!kshare_direct_value(run, &cmd->value, &run->value) ||
	    kshare_charge(obj->domain, client->user, KSHARE_LIMIT_WAITERS, 1))
		goto out;
	if (!kshare_direct_lock(obj))
		goto out_uncharge;
	if (kshare_class_hosted_by(class, client) && kshare_direct_serves_next(class))
		w = kshare_direct_answer(run, class, cmd);
	if (!w) {
		spin_unlock(&obj->lock);
		goto out_uncharge;
	}
	run->u.serve.replied = true;
	kshare_direct_wait(run, &obj->waiters);
	kshare_quick_end(obj, client->who, w);
	ret = kshare_direct_sleep(run);
	kshare_serve_finish(run);
	goto out;

out_uncharge:
	kshare_uncharge(obj->domain, client->user, KSHARE_LIMIT_WAITERS, 1);
out:
	kshare_val_put(&run->value, &run->doom);
	kshare_run_drop(run, obj);
	if (unlikely(run->doom.first))
		kshare_doom_run(&run->doom);
	return ret;
}
