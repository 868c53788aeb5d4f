// SPDX-License-Identifier: GPL-2.0-only
/* The side of a host: what it has to do, and its answers. */
#include <linux/pid_namespace.h>
#include <linux/user_namespace.h>

#include "../gate.h"
#include "../lockset.h"
#include "class.h"
#include "types.h"

/* There is room for it, whatever else it has. */
static void kshare_serve_tell(struct kshare_run *run, u64 cookie, u64 id, u64 method, u64 pid,
			      u64 uid)
{
	run->out[KSHARE_SERVED_COOKIE] = kshare_val_uint(cookie);
	run->out[KSHARE_SERVED_ID] = kshare_val_uint(id);
	run->out[KSHARE_SERVED_METHOD] = kshare_val_uint(method);
	run->out[KSHARE_SERVED_PID] = kshare_val_uint(pid);
	run->out[KSHARE_SERVED_UID] = kshare_val_uint(uid);
	run->out_count = KSHARE_SERVED_ARGS;
}

/* The thread that serves, which need not be the one that carries this out, or NULL. */
static const struct task_struct *kshare_serve_thread(const struct kshare_run *run)
{
	const struct kshare_waiter *w = run->waiter.group ?: &run->waiter;

	if (run->uring || run->async)
		return NULL;
	return run->waiting ? w->task : current;
}

/* Who calls, with the host's eyes, and what. */
static void kshare_serve_give(struct kshare_run *run, struct kshare_class *class,
			      struct kshare_call *call)
{
	u64 uid = __kuid_val(call->uid), gid = __kgid_val(call->gid);
	pid_t pid = call->who ? pid_nr_ns(call->who->pid, class->pid_ns) : 0;
	u64 cookie = 0, id = 0;

	if (class->user_ns != &init_user_ns) {
		uid = from_kuid_munged(class->user_ns, call->uid);
		gid = from_kgid_munged(class->user_ns, call->gid);
	}
	if (call->target != &class->obj) {
		cookie = kshare_instance_of(call->target)->cookie;
		id = call->target->id;
	}
	if (call->vals) {
		run->out = call->vals;
		run->out_room = KSHARE_SERVED_ARGS + call->count;
		call->vals = NULL;
	}
	kshare_serve_tell(run, cookie, id,
			  call->method | (call->oneway ? KSHARE_SERVED_ONEWAY : 0), pid,
			  uid | gid << 32);
	if (run->out != run->out_inline)
		run->out_count += call->count;
	else if (call->count)
		kshare_give_away(run, &call->arg);
}

/**
 * kshare_serve_hand() - gives a call to who serves
 * @run: SERVE or REPLY_AND_SERVE
 * @class: class, locked
 * @call: call that is in no queue
 *
 * Return: the result.
 */
int kshare_serve_hand(struct kshare_run *run, struct kshare_class *class,
		      struct kshare_call *call)
{
	kshare_serve_give(run, class, call);
	run->u.serve.what = call->target == &class->obj ? KSHARE_SERVE_CREATE : KSHARE_SERVE_CALL;
	if (call->oneway && !call->slot) {
		/* Nobody asks for it any more. */
		call->id = ++class->last_call;
		run->u.serve.id = call->id;
		run->u.serve.call = call;
	} else {
		kshare_call_taken(class, call, kshare_serve_thread(run));
		run->u.serve.id = call->id;
		run->number = call->id;
	}
	return run->u.serve.what;
}

static int kshare_serve_release(struct kshare_run *run, struct kshare_notice *notice)
{
	list_del(&notice->link);
	kshare_object_regrow(run->obj, -(s64)sizeof(*notice));
	run->u.serve.notice = notice;
	kshare_serve_tell(run, notice->cookie, notice->id, 0, 0, 0);
	run->u.serve.what = KSHARE_SERVE_RELEASE;
	return KSHARE_SERVE_RELEASE;
}

static int kshare_serve_abandoned(struct kshare_run *run, struct kshare_call *call)
{
	list_del_init(&call->link);
	run->number = call->id;
	run->u.serve.id = call->id;
	kshare_serve_tell(run, 0, 0, call->method, 0, 0);
	run->u.serve.what = KSHARE_SERVE_ABANDONED;
	return KSHARE_SERVE_ABANDONED;
}

/* KSHARE_OP_SERVE */
int kshare_serve(struct kshare_run *run)
{
	struct kshare_class *class = kshare_class_of(run->obj);
	struct kshare_notice *notice;
	struct kshare_call *call;

	if (!kshare_class_hosted_by(class, run->client))
		return run->waiting ? -ESHUTDOWN : -EPERM;
	/* Who came earlier goes first. */
	if (!run->waiting && !list_empty(&run->obj->waiters))
		return KSHARE_MUST_WAIT;
	run->u.serve.what = 0;
	notice = list_first_entry_or_null(&class->releases, struct kshare_notice, link);
	if (unlikely(notice)) {
		kshare_touch(run);
		return kshare_serve_release(run, notice);
	}
	call = list_first_entry_or_null(&class->abandoned, struct kshare_call, link);
	if (unlikely(call)) {
		kshare_touch(run);
		return kshare_serve_abandoned(run, call);
	}
	call = kshare_call_first(class);
	if (!call)
		return KSHARE_MUST_WAIT;
	kshare_touch(run);
	kshare_lane_advance(&class->ready, call);
	return kshare_serve_hand(run, class, call);
}

/* The arguments go back to the call. */
static void kshare_serve_take_args(struct kshare_run *run, struct kshare_call *call)
{
	if (run->out != run->out_inline) {
		call->vals = run->out;
		run->out = run->out_inline;
		run->out_room = KSHARE_OUT_ROOM;
	} else if (call->count) {
		call->arg = run->out[KSHARE_SERVED_ARGS];
	}
	run->out_count = 0;
}

/* At once, or later, when the call may be over for other reasons. */
static void kshare_serve_undo_call(struct kshare_run *run, struct kshare_class *class)
{
	struct kshare_call *call = run->u.serve.call;

	if (!call) {
		call = kshare_call_find(class, run->u.serve.id);
		if (!call)
			return;
		if (call->state == KSHARE_CALL_ABANDONED && !call->oneway) {
			/* Nobody has begun with it, so nobody has to end it. */
			kshare_call_over(class, call);
			run->u.serve.untaken = call;
			return;
		}
		kshare_call_untake(class, call);
	} else if (!kshare_class_hosted_by(class, run->client)) {
		return;
	}
	run->u.serve.call = NULL;
	kshare_serve_take_args(run, call);
	kshare_call_put_first(class, call);
}

void kshare_serve_undo(struct kshare_run *run)
{
	struct kshare_class *class = kshare_class_of(run->obj);
	struct kshare_call *call;

	switch (run->u.serve.what) {
	case KSHARE_SERVE_CALL:
	case KSHARE_SERVE_CREATE:
		kshare_serve_undo_call(run, class);
		break;
	case KSHARE_SERVE_RELEASE:
		list_add(&run->u.serve.notice->link, &class->releases);
		kshare_object_regrow(run->obj, sizeof(*run->u.serve.notice));
		run->u.serve.notice = NULL;
		break;
	case KSHARE_SERVE_ABANDONED:
		call = kshare_call_find(class, run->u.serve.id);
		if (call)
			list_add(&call->link, &class->abandoned);
		break;
	}
	run->u.serve.what = 0;
}

/* It was taken, and could not be told: before it comes again others have their turn. */
static void kshare_serve_pass_over(struct kshare_run *run)
{
	struct kshare_class *class = kshare_class_of(run->obj);
	struct kshare_call *call;

	kshare_object_lock(run->obj);
	call = kshare_call_first(class);
	if (call && call->id == run->u.serve.id)
		list_move_tail(&call->head, &class->ready.heads);
	kshare_object_unlock(run->obj);
}

void kshare_serve_finish(struct kshare_run *run)
{
	/* With more room it may be told, and who has more asks for it at once. */
	if (unlikely(run->u.serve.id && !run->u.serve.what) && run->size <= run->out_len)
		kshare_serve_pass_over(run);
	kfree(run->u.serve.notice);
	if (run->u.serve.call)
		kshare_call_free(run->u.serve.call, &run->doom);
	if (run->u.serve.answered)
		kshare_call_free(run->u.serve.answered, &run->doom);
	if (run->u.serve.untaken)
		kshare_call_free(run->u.serve.untaken, &run->doom);
}

/* Is it what the method is to return? */
static bool kshare_reply_fits(const struct kshare_run *run, const struct kshare_class *class,
			      const struct kshare_call *call)
{
	const struct kshare_class_method *method;
	const struct kshare_object *obj;
	const struct kshare_class *of;

	if (call->method != KSHARE_METHOD_CREATE) {
		method = &class->methods[call->method];
		if (!method->result[0])
			return true;
	}
	if (run->nr != KSHARE_ANSWER_VALUE)
		return true;
	if (run->value.type != KSHARE_REF)
		return false;
	obj = kshare_object_real(run->value.obj);
	if (obj->type != KSHARE_TYPE_INSTANCE)
		return false;
	of = kshare_instance_of(obj)->class;
	if (call->method == KSHARE_METHOD_CREATE)
		return of == class;
	return !memcmp(method->result, kshare_val_data(&of->name), of->name.len) &&
	       !method->result[of->name.len];
}

/* KSHARE_OP_REPLY */
int kshare_reply(struct kshare_run *run)
{
	struct kshare_class *class = kshare_class_of(run->obj);
	struct kshare_call *call;

	if (run->nr > KSHARE_ANSWER_STOP)
		return -EOPNOTSUPP;
	if (!kshare_class_hosted_by(class, run->client))
		return -EPERM;
	call = kshare_call_find(class, run->key.u);
	if (!call || (run->key.type == KSHARE_INT && run->key.i < 0))
		return -ENOENT;
	if (!kshare_reply_fits(run, class, call))
		return -EINVAL;
	if (call->state == KSHARE_CALL_TAKEN) {
		call->status = run->nr;
		call->token = class->token;
		call->result = run->value;
		run->value = (struct kshare_val){};
	}
	if (kshare_call_end(class, call, KSHARE_CALL_ANSWERED))
		run->u.serve.answered = call;
	kshare_touch(run);
	return 0;
}

/* KSHARE_OP_REPLY_AND_SERVE */
int kshare_reply_and_serve(struct kshare_run *run)
{
	int ret;

	if (!run->u.serve.replied) {
		/* It would begin again from the start, with a call that was answered. */
		if (run->no_sleep && !(run->flags & KSHARE_NOWAIT))
			return KSHARE_WOULD_SLEEP;
		ret = kshare_reply(run);
		if (ret)
			return ret;
		run->u.serve.replied = true;
		/* Whatever comes of the rest, which is another change. */
		run->kept = true;
		kshare_run_commit(run);
		run->changed = false;
	}
	return kshare_serve(run);
}

/* The answer was given, so it must not be given once more. */
int kshare_reply_and_serve_left(struct kshare_run *run, int why)
{
	return why == -ERESTARTSYS ? -EINTR : 0;
}
