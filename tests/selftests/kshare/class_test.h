/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the tests of classes share: descriptions of classes, a host that takes one
 * step at a time, and hosts and callers in processes of their own.
 */
#ifndef KSHARE_CLASS_TEST_H
#define KSHARE_CLASS_TEST_H

#include "kshare_test.h"

/* ---- descriptions ---- */

/* A class: what REGISTER takes.  All methods are added before the first field. */
struct t_class {
	struct kshare_class_info info;
	char rest[24000];
};

static inline void t_class_begin(struct t_class *c, uint32_t flags)
{
	memset(c, 0, sizeof(*c));
	c->info = (struct kshare_class_info){
		.size = sizeof(c->info),
		.flags = flags,
		.method_size = sizeof(struct kshare_class_method),
		.field_size = sizeof(struct kshare_class_field),
	};
}

static inline struct kshare_class_method *t_class_method(struct t_class *c, uint32_t i)
{
	return (void *)(c->rest + i * sizeof(struct kshare_class_method));
}

static inline struct kshare_class_field *t_class_field(struct t_class *c, uint32_t i)
{
	return (void *)t_class_method(c, c->info.methods) +
	       i * sizeof(struct kshare_class_field);
}

static inline uint32_t t_class_len(const struct t_class *c)
{
	return sizeof(c->info) + c->info.methods * sizeof(struct kshare_class_method) +
	       c->info.fields * sizeof(struct kshare_class_field);
}

static inline void t_add_method(struct t_class *c, const char *name, uint32_t flags)
{
	struct kshare_class_method *m = t_class_method(c, c->info.methods++);

	memcpy(m->name, name, strlen(name));
	m->flags = flags;
}

static inline void t_add_field(struct t_class *c, const char *name, uint32_t types,
			       uint32_t flags)
{
	struct kshare_class_field *f = t_class_field(c, c->info.fields++);

	memcpy(f->name, name, strlen(name));
	f->types = types;
	f->flags = flags;
}

static inline struct kshare_value t_description(const struct t_class *c)
{
	return t_bytes(c, t_class_len(c));
}

static inline struct kshare_cmd t_register_cmd(int domain, const char *name,
					       const struct t_class *c)
{
	struct kshare_cmd cmd = t_cmd(KSHARE_OP_CLASS_REGISTER, domain);

	cmd.key = t_str(name);
	cmd.value = t_description(c);
	return cmd;
}

static inline int t_register(struct side *s, const char *name, const struct t_class *c)
{
	return t_raw(s, t_register_cmd(1, name, c));
}

static inline struct kshare_cmd t_adopt_cmd(int domain, const char *name, const struct t_class *c)
{
	struct kshare_cmd cmd = t_register_cmd(domain, name, c);

	cmd.flags = KSHARE_ADOPT;
	return cmd;
}

static inline int t_open_class(struct side *s, const char *name)
{
	struct kshare_cmd cmd = t_cmd(KSHARE_OP_CLASS_OPEN, 1);

	cmd.key = t_str(name);
	return t_raw(s, cmd);
}

static inline int t_unregister(struct side *s, int class)
{
	return t_raw(s, t_cmd(KSHARE_OP_CLASS_UNREGISTER, class));
}

static inline int t_instance(struct side *s, int class, int64_t cookie)
{
	struct kshare_cmd cmd = t_cmd(KSHARE_OP_INSTANCE_CREATE, class);

	cmd.key = t_int(cookie);
	return t_raw(s, cmd);
}

/* ---- the usual class ---- */

/* Its methods, by number */
enum { T_ECHO, T_KEEP, T_HIDDEN, T_METHODS };

/* Of what its first instance is known by to the host */
#define T_COOKIE	7

/*
 * ECHO gives back its first argument, KEEP is for calls that are not answered soon,
 * HIDDEN is not exposed.  Fields: "any", "number", and "fixed", which is read-only.
 */
static inline void t_usual(struct t_class *c, uint32_t flags)
{
	t_class_begin(c, flags);
	t_add_method(c, "echo", KSHARE_METHOD_EXPOSED);
	t_add_method(c, "keep", KSHARE_METHOD_EXPOSED);
	t_add_method(c, "hidden", 0);
	t_add_field(c, "any", 0, 0);
	t_add_field(c, "number", 1 << KSHARE_INT, 0);
	t_add_field(c, "fixed", 0, KSHARE_CLASS_READ_ONLY);
}

/* Who hosts it: the class, and an instance */
struct t_host {
	int class, it;
};

/* This client becomes the host of a class of that name. */
static inline bool t_host_of(struct side *s, struct t_host *h, const char *name, uint32_t flags)
{
	static struct t_class c;

	t_usual(&c, flags);
	h->class = t_register(s, name, &c);
	h->it = h->class > 0 ? t_instance(s, h->class, T_COOKIE) : -1;
	return h->it > 0;
}

static inline bool t_be_host(struct side *s, struct t_host *h, uint32_t flags)
{
	return t_host_of(s, h, "thing", flags);
}

/* ---- calls ---- */

static inline struct kshare_cmd t_call_cmd(int h, uint32_t method, struct kshare_value v)
{
	struct kshare_cmd cmd = t_cmd(KSHARE_OP_CALL, h);

	cmd.nr = method;
	cmd.value = v;
	return cmd;
}

/* Calls it; what is answered at all has been answered by then. */
static inline int t_call(struct side *s, int h, uint32_t method, struct kshare_value v)
{
	struct kshare_cmd cmd = t_call_cmd(h, method, v);

	cmd.deadline = t_now() + T_LONG;
	return t_run(s, cmd);
}

/* Nobody waits for it. */
static inline int t_send(struct side *s, int h, uint32_t method, struct kshare_value v)
{
	struct kshare_cmd cmd = t_call_cmd(h, method, v);

	cmd.flags = KSHARE_ONEWAY;
	return t_raw(s, cmd);
}

/* The answer to a call which could not be written */
static inline int t_answer_to(struct side *s, uint64_t tag)
{
	struct kshare_cmd cmd = t_cmd(KSHARE_OP_CALL_RESULT, 0);

	cmd.key = t_int(tag);
	return t_run(s, cmd);
}

static inline int t_cancel(struct side *s, uint64_t tag)
{
	struct kshare_cmd cmd = t_cmd(KSHARE_OP_CANCEL, 0);

	cmd.key = t_uint(tag);
	return t_raw(s, cmd);
}

/* ---- what the host does ---- */

/* What SERVE told; @arg lies in the result buffer of the side that served. */
struct t_served {
	int kind;
	uint64_t call, cookie, id, pid, uid, args;
	uint32_t method;
	bool oneway;
	struct kshare_value *arg;
};

static inline int t_served(struct side *s, int kind, struct t_served *w)
{
	struct kshare_value *v = s->out.values;

	memset(w, 0, sizeof(*w));
	w->kind = kind;
	if (kind < 0)
		return kind;
	if (s->out.head.count < KSHARE_SERVED_ARGS)
		return -EPROTO;
	w->call = s->out.head.number;
	w->cookie = v[KSHARE_SERVED_COOKIE].u;
	w->id = v[KSHARE_SERVED_ID].u;
	w->method = v[KSHARE_SERVED_METHOD].u;
	w->oneway = v[KSHARE_SERVED_METHOD].u & KSHARE_SERVED_ONEWAY;
	w->pid = v[KSHARE_SERVED_PID].u;
	w->uid = v[KSHARE_SERVED_UID].u;
	w->args = s->out.head.count - KSHARE_SERVED_ARGS;
	w->arg = v + KSHARE_SERVED_ARGS;
	return kind;
}

/* The next thing to do; what comes at all has come by then. */
static inline int t_serve(struct side *s, int class, struct t_served *w)
{
	struct kshare_cmd cmd = t_cmd(KSHARE_OP_SERVE, class);

	cmd.deadline = t_now() + T_LONG;
	return t_served(s, t_run(s, cmd), w);
}

/* The same, but -EAGAIN if there is nothing. */
static inline int t_serve_now(struct side *s, int class, struct t_served *w)
{
	struct kshare_cmd cmd = t_cmd(KSHARE_OP_SERVE, class);

	cmd.flags = KSHARE_NOWAIT;
	return t_served(s, t_run(s, cmd), w);
}

static inline struct kshare_cmd t_reply_cmd(int class, uint64_t call, struct kshare_value v)
{
	struct kshare_cmd cmd = t_cmd(KSHARE_OP_REPLY, class);

	cmd.key = t_int(call);
	cmd.value = v;
	return cmd;
}

static inline int t_reply_as(struct side *s, int class, uint64_t call, uint32_t kind,
			     struct kshare_value v)
{
	struct kshare_cmd cmd = t_reply_cmd(class, call, v);

	cmd.nr = kind;
	return t_raw(s, cmd);
}

static inline int t_reply(struct side *s, int class, uint64_t call, struct kshare_value v)
{
	return t_reply_as(s, class, call, KSHARE_ANSWER_VALUE, v);
}

/* A value of a result as an argument */
static inline struct kshare_value t_again(const struct kshare_value *v)
{
	return v->type == KSHARE_REF ? t_ref(v->ref.handle) : *v;
}

/* Answers a call with its first argument. */
static inline int t_echo(struct side *s, int class, const struct t_served *w)
{
	return t_reply(s, class, w->call, w->args ? t_again(&w->arg[0]) : t_none());
}

/* ---- processes ---- */

/* What hosts in processes of their own count in t_counts */
enum { T_RELEASED = 100, T_ABANDONED, T_TAKEN, T_SERVING };

/* Does what it is told until the class is not its own any more: calls of KEEP are kept. */
static inline int t_serve_all(struct side *s, int class)
{
	struct kshare_cmd serve = t_cmd(KSHARE_OP_SERVE, class), cmd = serve;
	struct t_served w;
	int ret, h;

	for (;;) {
		ret = t_served(s, t_run(s, cmd), &w);
		/* An error comes after the answer was given. */
		cmd = serve;
		switch (ret) {
		case KSHARE_SERVE_CALL:
			t_count(T_TAKEN);
			if (w.method == T_ECHO && !w.oneway && w.args == 1 &&
			    w.arg[0].type != KSHARE_REF) {
				cmd = t_reply_cmd(class, w.call, w.arg[0]);
				cmd.op = KSHARE_OP_REPLY_AND_SERVE;
				break;
			}
			if (w.method == T_ECHO && !w.oneway && t_echo(s, class, &w))
				return 80;
			for (h = 0; h < w.args; h++)
				if (w.arg[h].type == KSHARE_REF)
					t_close(s, w.arg[h].ref.handle);
			break;
		case KSHARE_SERVE_CREATE:
			h = t_instance(s, class, T_COOKIE + 1);
			if (h < 0 || t_reply(s, class, w.call, t_ref(h)) || t_close(s, h))
				return 81;
			break;
		case KSHARE_SERVE_RELEASE:
			t_count(T_RELEASED);
			break;
		case KSHARE_SERVE_ABANDONED:
			t_count(T_ABANDONED);
			t_reply(s, class, w.call, t_none());
			break;
		case -EINTR:
			break;
		default:
			return ret == -ESHUTDOWN || ret == -EPERM ? 0 : -ret;
		}
	}
}

/*
 * A child that hosts the class "thing".  An instance lies in @box, a list, before this
 * returns.  Needs t_share_counts().
 */
static inline pid_t t_host_child(struct side *s, int box, uint32_t flags)
{
	int before = t_counted(T_SERVING);
	struct kshare_cmd cmd;
	struct t_host h;
	siginfo_t info = {};
	pid_t pid = t_fork(s);

	if (!pid) {
		if (!t_be_host(s, &h, flags))
			_exit(90);
		cmd = t_cmd(KSHARE_OP_LIST_APPEND, box);
		cmd.value = t_ref(h.it);
		if (t_raw(s, cmd) || t_close(s, h.it))
			_exit(91);
		t_count(T_SERVING);
		_exit(t_serve_all(s, h.class));
	}
	while (t_counted(T_SERVING) == before) {
		if (waitid(P_PID, pid, &info, WEXITED | WNOHANG | WNOWAIT) || info.si_pid)
			break;
		sched_yield();
	}
	return pid;
}

/* Takes a handle out of a list, which does not refer to its object any more then. */
static inline int t_take_out(struct side *s, int box)
{
	int ret = t_run(s, t_cmd(KSHARE_OP_LIST_POP, box));

	if (ret)
		return ret;
	return s->out.values[0].type == KSHARE_REF ? (int)s->out.values[0].ref.handle : -ENOENT;
}

/* Waits until others have counted so far. */
static inline bool t_until_counted(int i, int count)
{
	int64_t end = t_now() + T_LONG;

	while (t_counted(i) < count)
		if (t_now() > end || sched_yield())
			return false;
	return true;
}

static inline int t_end_child(pid_t pid)
{
	kill(pid, SIGKILL);
	return t_wait(pid);
}

/*
 * A child that calls a method and expects this back: a kind of answer, and a number.
 * It gives up when nothing comes.
 */
static inline pid_t t_caller(struct side *s, struct kshare_cmd cmd, int want, int64_t number)
{
	pid_t pid = t_fork(s);
	int ret;

	if (pid)
		return pid;
	s->door = DOOR_CMD;
	if (!cmd.deadline)
		cmd.deadline = t_now() + T_LONG;
	ret = t_run(s, cmd);
	if (ret < 0)
		_exit(ret == want ? 0 : -ret);
	if (ret != want)
		_exit(201);
	if (s->out.head.count != 1 || s->out.values[0].type != KSHARE_INT)
		_exit(202);
	_exit(s->out.values[0].i == number ? 0 : 203);
}

#endif /* KSHARE_CLASS_TEST_H */
