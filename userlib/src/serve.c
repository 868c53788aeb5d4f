// SPDX-License-Identifier: LGPL-2.1-or-later OR MIT
/*
 * Calls that a host has taken, and their answers.
 *
 * In the method a short answer is only noted: it travels with the SERVE that takes the next
 * call.  Then it is the call's, or the user would have to keep it until then.
 */
#include "host.h"

/**
 * struct kshare_call - a call
 * @refs: who serves it, and one for each kshare_call_keep()
 * @cls: its class, which is held
 * @what: enum kshare_serve
 * @number: for REPLY; 0 if it wants no answer
 * @method: number of the method
 * @cookie: of the instance
 * @id: of the instance
 * @pid: who calls
 * @uid: and as which user
 * @gid: and group
 * @abandoned: nobody wants to know
 * @answered: somebody has given an answer, or is giving it
 * @in_method: the thread of kshare_call_run() is in the method, and nobody else has the call
 * @noted: there is an answer that has not been given
 * @kind: of that
 * @value: of that
 * @bytes: what @value points at
 * @reply: what SERVE gave
 * @prev: in the class's list
 * @next: likewise
 * @listed: it is there
 */
struct kshare_call {
	unsigned int refs;
	struct kshare_class *cls;
	int what;
	uint64_t number;
	uint32_t method;
	uint64_t cookie;
	uint64_t id;
	int32_t pid;
	uint32_t uid;
	uint32_t gid;
	bool abandoned;
	bool answered;
	bool in_method;
	bool noted;
	uint32_t kind;
	struct kshare_value value;
	void *bytes;
	struct kshare_reply *reply;
	struct kshare_call *prev;
	struct kshare_call *next;
	bool listed;
};

/* What is noted and not given: a longer answer is not worth the copy. */
#define MAX_NOTED	4096

void kshare_prep_serve(struct kshare_cmd *cmd, struct kshare_obj *obj, int64_t deadline)
{
	kshare_prep(cmd, KSHARE_OP_SERVE, obj);
	ks_set_deadline(cmd, deadline);
}

void kshare_prep_reply(struct kshare_cmd *cmd, struct kshare_obj *obj, uint64_t call,
		       uint32_t kind, struct kshare_value value)
{
	kshare_prep(cmd, KSHARE_OP_REPLY, obj);
	/* Of the type that such numbers are read as: the kernel is quickest with that. */
	cmd->key = kshare_int((int64_t)call);
	cmd->value = value;
	cmd->nr = kind;
}

void kshare_prep_reply_and_serve(struct kshare_cmd *cmd, struct kshare_obj *obj, uint64_t call,
				 uint32_t kind, struct kshare_value value, int64_t deadline)
{
	kshare_prep_reply(cmd, obj, call, kind, value);
	cmd->op = KSHARE_OP_REPLY_AND_SERVE;
	ks_set_deadline(cmd, deadline);
}

/* ---- what was called ---- */

static void list_add(struct kshare_call *call)
{
	struct kshare_class *cls = call->cls;

	pthread_mutex_lock(&cls->lock);
	call->next = cls->calls;
	if (call->next)
		call->next->prev = call;
	cls->calls = call;
	call->listed = true;
	pthread_mutex_unlock(&cls->lock);
}

/* Under the class's lock. */
static void list_del(struct kshare_call *call)
{
	struct kshare_class *cls = call->cls;

	if (!call->listed)
		return;
	if (call->next)
		call->next->prev = call->prev;
	if (call->prev)
		call->prev->next = call->next;
	else
		cls->calls = call->next;
	call->listed = false;
}

/* The call of that number, with a reference; it may just be losing its last one. */
static struct kshare_call *find_call(struct kshare_class *cls, uint64_t number)
{
	struct kshare_call *call;
	unsigned int refs;

	pthread_mutex_lock(&cls->lock);
	for (call = cls->calls; call; call = call->next) {
		if (call->number != number)
			continue;
		refs = __atomic_load_n(&call->refs, __ATOMIC_RELAXED);
		while (refs && !__atomic_compare_exchange_n(&call->refs, &refs, refs + 1, false,
							    __ATOMIC_RELAXED, __ATOMIC_RELAXED))
			;
		if (!refs)
			call = NULL;
		break;
	}
	pthread_mutex_unlock(&cls->lock);
	return call;
}

static void was_abandoned(struct kshare_class *cls, uint64_t number)
{
	struct kshare_call *call = find_call(cls, number);

	if (!call)
		return;
	__atomic_store_n(&call->abandoned, true, __ATOMIC_RELAXED);
	if (cls->def.abandoned)
		cls->def.abandoned(call);
	kshare_call_put(call);
}

static int send_answer(struct kshare_class *cls, uint64_t number, uint32_t kind,
		       struct kshare_value value)
{
	struct kshare_cmd cmd;
	int ret;

	kshare_prep_reply(&cmd, cls->obj, number, kind, value);
	ret = ks_run(cls->obj, &cmd, NULL);
	return ret < 0 ? ret : 0;
}

/* The caller must get something, whatever has gone wrong here. */
static void send_error(struct kshare_class *cls, uint64_t number, int err)
{
	struct kshare_value none = kshare_none(), value;
	void *bytes = NULL;

	if (ks_error_encode(-err, kshare_strerror(err), &none, &bytes, &value))
		value = none;
	send_answer(cls, number, KSHARE_ANSWER_RAISED, value);
	free(bytes);
}

static int new_call(struct kshare_class *cls, struct kshare_reply **reply, int what,
		    struct kshare_call **call)
{
	const struct kshare_value *v = kshare_reply_value(*reply, 0);
	struct kshare_call *new = __atomic_exchange_n(&cls->spare, NULL, __ATOMIC_ACQUIRE);

	if (new)
		memset(new, 0, sizeof(*new));
	else
		new = alloc(sizeof(*new));
	if (!new)
		return -ENOMEM;
	new->refs = 1;
	new->cls = cls;
	new->what = what;
	/* Where one call is served at a time, one that nobody waits for has to be ended too. */
	new->number = kshare_reply_number(*reply);
	new->method = what == KSHARE_SERVE_CREATE ? KSHARE_METHOD_CREATE :
						    (uint32_t)v[KSHARE_SERVED_METHOD].u;
	new->cookie = v[KSHARE_SERVED_COOKIE].u;
	new->id = v[KSHARE_SERVED_ID].u;
	new->pid = (int32_t)v[KSHARE_SERVED_PID].u;
	new->uid = (uint32_t)v[KSHARE_SERVED_UID].u;
	new->gid = (uint32_t)(v[KSHARE_SERVED_UID].u >> 32);
	new->reply = *reply;
	*reply = NULL;
	ks_class_hold(cls);
	list_add(new);
	*call = new;
	return 0;
}

int kshare_served(struct kshare_class *cls, struct kshare_reply **reply, int ret,
		  struct kshare_call **call)
{
	const struct kshare_value *v;
	void *ptr;
	int err;

	*call = NULL;
	if (ret < 0)
		return ret;
	if (kshare_reply_count(*reply) < KSHARE_SERVED_ARGS)
		return -EDOM;
	v = kshare_reply_value(*reply, 0);
	switch (ret) {
	case KSHARE_SERVE_CALL:
	case KSHARE_SERVE_CREATE:
		err = new_call(cls, reply, ret, call);
		if (!err)
			return ret;
		if (kshare_reply_number(*reply))
			send_error(cls, kshare_reply_number(*reply), err);
		return err;
	case KSHARE_SERVE_RELEASE:
		ptr = ks_class_forget(cls, v[KSHARE_SERVED_ID].u);
		if (cls->def.release)
			cls->def.release(cls, v[KSHARE_SERVED_ID].u, v[KSHARE_SERVED_COOKIE].u,
					 ptr);
		return ret;
	case KSHARE_SERVE_ABANDONED:
		was_abandoned(cls, kshare_reply_number(*reply));
		return ret;
	default:
		/* Something that needs no answer, or this library were too old for it. */
		return ret;
	}
}

struct kshare_class *kshare_call_class(struct kshare_call *call)
{
	return call->cls;
}

int kshare_call_what(struct kshare_call *call)
{
	return call->what;
}

uint32_t kshare_call_method(struct kshare_call *call)
{
	return call->method;
}

uint64_t kshare_call_number(struct kshare_call *call)
{
	return call->number;
}

uint64_t kshare_call_id(struct kshare_call *call)
{
	return call->id;
}

uint64_t kshare_call_cookie(struct kshare_call *call)
{
	return call->cookie;
}

void *kshare_call_ptr(struct kshare_call *call)
{
	return ks_class_ptr(call->cls, call->id);
}

int kshare_call_self(struct kshare_call *call, struct kshare_obj **obj)
{
	/* A child of fork() would keep the instance. */
	return kshare_instance_open(call->cls, call->id, KSHARE_NO_INHERIT, obj);
}

int32_t kshare_call_pid(struct kshare_call *call)
{
	return call->pid;
}

uint32_t kshare_call_uid(struct kshare_call *call)
{
	return call->uid;
}

uint32_t kshare_call_gid(struct kshare_call *call)
{
	return call->gid;
}

bool kshare_call_abandoned(struct kshare_call *call)
{
	return __atomic_load_n(&call->abandoned, __ATOMIC_RELAXED);
}

unsigned int kshare_call_count(struct kshare_call *call)
{
	return kshare_reply_count(call->reply) - KSHARE_SERVED_ARGS;
}

const struct kshare_value *kshare_call_value(struct kshare_call *call, unsigned int i)
{
	return i < kshare_call_count(call) ?
	       kshare_reply_value(call->reply, KSHARE_SERVED_ARGS + i) : NULL;
}

int kshare_call_obj(struct kshare_call *call, unsigned int i, struct kshare_obj **obj)
{
	return i < kshare_call_count(call) ?
	       kshare_reply_obj(call->reply, KSHARE_SERVED_ARGS + i, obj) : -ENOENT;
}

int kshare_call_ref(struct kshare_call *call, unsigned int i, unsigned int n,
		    struct kshare_obj **obj)
{
	return i < kshare_call_count(call) ?
	       kshare_reply_ref(call->reply, KSHARE_SERVED_ARGS + i, n, obj) : -ENOENT;
}

/* ---- answers ---- */

struct kshare_call *kshare_call_keep(struct kshare_call *call)
{
	__atomic_add_fetch(&call->refs, 1, __ATOMIC_RELAXED);
	/* From now on another thread may answer it: at once. */
	__atomic_store_n(&call->in_method, false, __ATOMIC_RELAXED);
	return call;
}

void kshare_call_put(struct kshare_call *call)
{
	struct kshare_class *cls;

	if (!call || __atomic_sub_fetch(&call->refs, 1, __ATOMIC_ACQ_REL))
		return;
	/* In a child of fork() it is the parent's to answer. */
	if (!ks_class_is_lost(call->cls)) {
		pthread_mutex_lock(&call->cls->lock);
		list_del(call);
		pthread_mutex_unlock(&call->cls->lock);
		if (call->noted)
			send_answer(call->cls, call->number, call->kind, call->value);
		else if (call->number && !call->answered)
			send_error(call->cls, call->number, -ECANCELED);
	}
	kshare_reply_free(call->reply);
	free(call->bytes);
	cls = call->cls;
	free(__atomic_exchange_n(&cls->spare, call, __ATOMIC_ACQ_REL));
	ks_class_put(cls);
}

/*
 * The reply of a call whose method is over, if nobody else has the call, or can find it
 * from now on; else NULL.
 */
struct kshare_reply *ks_call_take_reply(struct kshare_call *call)
{
	struct kshare_reply *reply = NULL;

	pthread_mutex_lock(&call->cls->lock);
	if (__atomic_load_n(&call->refs, __ATOMIC_ACQUIRE) == 1) {
		list_del(call);
		reply = call->reply;
		call->reply = NULL;
	}
	pthread_mutex_unlock(&call->cls->lock);
	return reply;
}

/* Whether an answer can wait: its references could be closed meanwhile. */
static bool can_note(const struct kshare_call *call, const struct kshare_value *v)
{
	return __atomic_load_n(&call->in_method, __ATOMIC_RELAXED) && v->type < KSHARE_VECTOR &&
	       v->type != KSHARE_REF && !v->flags &&
	       (v->type < KSHARE_STR || v->inline_len || v->len <= MAX_NOTED);
}

static int note(struct kshare_call *call, uint32_t kind, struct kshare_value value)
{
	if (value.type >= KSHARE_STR && !value.inline_len && value.len) {
		call->bytes = alloc(value.len);
		if (!call->bytes)
			return -ENOMEM;
		memcpy(call->bytes, (const void *)(uintptr_t)value.ptr, value.len);
		value.ptr = (uintptr_t)call->bytes;
	}
	call->kind = kind;
	call->value = value;
	call->noted = true;
	return 0;
}

int kshare_answer(struct kshare_call *call, uint32_t kind, struct kshare_value value)
{
	int err;

	if (!call->number)
		return 0;
	if (__atomic_exchange_n(&call->answered, true, __ATOMIC_ACQ_REL))
		return -EALREADY;
	if (can_note(call, &value))
		err = note(call, kind, value);
	else
		err = send_answer(call->cls, call->number, kind, value);
	/* The kernel has refused it, so there may be another. */
	if (err && err != -ENOENT && err != -EPERM)
		__atomic_store_n(&call->answered, false, __ATOMIC_RELEASE);
	return err;
}

int kshare_return(struct kshare_call *call, struct kshare_value value)
{
	return kshare_answer(call, KSHARE_ANSWER_VALUE, value);
}

int kshare_return_obj(struct kshare_call *call, struct kshare_obj *obj)
{
	return kshare_return(call, kshare_ref(obj));
}

int kshare_return_stop(struct kshare_call *call)
{
	return kshare_answer(call, KSHARE_ANSWER_STOP, kshare_none());
}

int kshare_raise(struct kshare_call *call, int64_t code, const char *text,
		 struct kshare_value cause)
{
	struct kshare_value value;
	void *bytes = NULL;
	int err;

	err = ks_error_encode(code, text, &cause, &bytes, &value);
	if (!err)
		err = kshare_answer(call, KSHARE_ANSWER_RAISED, value);
	free(bytes);
	return err;
}

/* ---- the method ---- */

static int (*function_of(struct kshare_call *call))(struct kshare_call *call)
{
	const struct kshare_class_def *def = &call->cls->def;

	if (call->what == KSHARE_SERVE_CREATE)
		return def->create;
	return call->method < def->method_count ? def->methods[call->method].fn : NULL;
}

void kshare_call_run(struct kshare_call *call)
{
	int (*fn)(struct kshare_call *call) = function_of(call);
	bool kept;
	int ret;

	__atomic_store_n(&call->in_method, true, __ATOMIC_RELAXED);
	ret = fn ? fn(call) : -EOPNOTSUPP;
	/* Who keeps it clears that, and answers; but a method that fails keeps nothing. */
	kept = !__atomic_load_n(&call->in_method, __ATOMIC_RELAXED);
	if (ret < 0)
		kshare_raise(call, -ret, kshare_strerror(ret), kshare_none());
	else if (!kept && !__atomic_load_n(&call->answered, __ATOMIC_RELAXED))
		kshare_return(call, kshare_none());
	__atomic_store_n(&call->in_method, false, __ATOMIC_RELAXED);
}

int kshare_prep_answer(struct kshare_cmd *cmd, struct kshare_call *call, bool serve,
		       int64_t deadline)
{
	if (!call->noted)
		return 0;
	call->noted = false;
	if (serve)
		kshare_prep_reply_and_serve(cmd, call->cls->obj, call->number, call->kind,
					    call->value, deadline);
	else
		kshare_prep_reply(cmd, call->cls->obj, call->number, call->kind, call->value);
	return 1;
}

/*
 * The command that carried an answer gave @ret, which may be an error of the answer or of
 * the SERVE behind it: if it was given, a second one is refused (ENOENT), and no harm done.
 */
void kshare_call_sent(struct kshare_call *call, int ret)
{
	switch (ret) {
	case -ETIMEDOUT:
	case -EAGAIN:
	case -EINTR:
	case -ECANCELED:
	case -ESHUTDOWN:
	case -ENOBUFS:
	case -EPERM:
	case -ENOENT:
		break;
	default:
		if (ret < 0)
			send_error(call->cls, call->number, ret);
	}
	kshare_call_put(call);
}
