/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The acts of a storm that are about classes: processes become hosts as it comes, serve
 * for a while, call each other meanwhile, and are gone.  Each call has a number; it is
 * served once at most, and its answer tells that number.
 */
#ifndef CALLS_H
#define CALLS_H

#include "acts.h"

enum { ECHO, NEST, KEEP, METHODS };

#define ANSWER(n)	(3 * (__s64)(n) + 1)
#define KEPT		8

static __thread struct description {
	struct kshare_class_info info;
	struct kshare_class_method methods[METHODS];
	struct kshare_class_field fields[1];
} description;

static struct kshare_value describe(int class)
{
	static const __u32 flags[CLASSES] = {
		0, KSHARE_CLASS_SERIAL, KSHARE_CLASS_SERIAL_EACH | KSHARE_CLASS_CREATABLE,
	};
	int i;

	memset(&description, 0, sizeof(description));
	description.info = (struct kshare_class_info){
		.size = sizeof(description.info),
		.flags = flags[class],
		.methods = METHODS,
		.fields = 1,
		.method_size = sizeof(struct kshare_class_method),
		.field_size = sizeof(struct kshare_class_field),
	};
	for (i = 0; i < METHODS; i++) {
		description.methods[i].name[0] = 'a' + i;
		description.methods[i].flags = KSHARE_METHOD_EXPOSED;
	}
	description.fields[0].name[0] = 'n';
	description.fields[0].types = 1 << KSHARE_INT;
	return val_data(KSHARE_BYTES, &description, sizeof(description));
}

static struct kshare_value class_name(int class)
{
	static const char *const names[CLASSES] = { "one", "two", "three" };

	return val_str(names[class]);
}

static int class_open(int class)
{
	return attempt(make_with(KSHARE_OP_CLASS_OPEN, 1, class_name(class), val_none()));
}

/* ---- callers ---- */

static void check_answer(__s64 n, int ret)
{
	unsigned char served = __atomic_load_n(&all->served[n], __ATOMIC_SEQ_CST);

	if (ret != KSHARE_ANSWER_VALUE)
		return;
	if (out.head.count != 1 || out.values[0].type != KSHARE_INT ||
	    out.values[0].i != ANSWER(n))
		wrong("call %lld got the answer %lld", (long long)n, (long long)out.values[0].i);
	if (served != 1)
		wrong("call %lld was answered, and served %d times", (long long)n, served);
}

static void ask_for_instance(void)
{
	int class = class_open(CLASSES - 1);
	struct kshare_cmd cmd;

	if (class < 0)
		return;
	cmd = make(KSHARE_OP_CALL, class);
	cmd.nr = KSHARE_METHOD_CREATE;
	if (wait_for(cmd) == KSHARE_ANSWER_VALUE) {
		if (out.head.count == 1 && out.values[0].type == KSHARE_REF)
			close_handle(out.values[0].ref.handle);
		else
			wrong("who asks for an instance gets something else");
	}
	close_handle(class);
}

/* There is no room for the answer: it is asked for later, or not at all. */
static void call_and_ask_later(struct kshare_cmd cmd, __s64 n)
{
	cmd.tag = 5000 + n;
	cmd.deadline = now_ns() + rnd(SLACK_US * 1000);
	cmd.out = (unsigned long)&out;
	cmd.out_len = sizeof(out.head);
	if (judged(cmd.op, run_raw(cmd)) != -ENOBUFS)
		return;
	die_perhaps();
	if (me.witness || rnd(3))
		check_answer(n, attempt(make_with(KSHARE_OP_CALL_RESULT, 0, val_int(cmd.tag),
						  val_none())));
}

/* A number, and perhaps something that the host gets a handle to */
static void call(void)
{
	const __s64 n = next_of(&all->calls, CALLS);
	struct kshare_value args[2] = { val_int(n), val_ref(w.number) };
	struct kshare_cmd cmd = make(KSHARE_OP_DICT_GET, w.instances);
	__u32 h;

	if (n < 0)
		return;
	if (!rnd(6)) {
		ask_for_instance();
		return;
	}
	cmd.key = val_int(rnd(CLASSES));
	if (attempt(cmd))
		return;
	h = out.values[0].ref.handle;
	if (!rnd(4))
		attempt(make_with(KSHARE_OP_DICT_ADD, h, val_str("n"), val_int(1)));
	cmd = make(KSHARE_OP_CALL, h);
	cmd.nr = rnd(METHODS);
	cmd.value = val_data(KSHARE_VECTOR, args, 1 + !rnd(3));
	if (!rnd(5)) {
		cmd.flags = KSHARE_ONEWAY;
		judged(cmd.op, run_raw(cmd));
	} else if (!rnd(6)) {
		call_and_ask_later(cmd, n);
	} else {
		check_answer(n, wait_for(cmd));
	}
	close_handle(h);
}

/* ---- hosts ---- */

static struct kshare_cmd reply_cmd(int class, __u64 number, struct kshare_value value)
{
	return make_with(KSHARE_OP_REPLY, class, val_int(number), value);
}

/* A handle of its own goes to who asked, and is closed. */
static void reply_with_instance(int class, __u64 number)
{
	int it = attempt(make_with(KSHARE_OP_INSTANCE_CREATE, class, val_int(1), val_none()));

	if (it < 0)
		return;
	attempt(reply_cmd(class, number, val_ref(it)));
	close_handle(it);
}

/* Takes up to @most things to do, and leaves nothing unanswered unless it dies. */
static void serve(int class, int most)
{
	struct kshare_cmd cmd = make(KSHARE_OP_SERVE, class);
	struct {
		__u64 number;
		__s64 n;
	} kept[KEPT];
	__u64 number;
	int kept_count = 0, kind, method, i;
	__s64 n;

	while (most-- > 0) {
		if (me.witness)
			cmd.flags = KSHARE_NOWAIT;
		kind = wait_for(cmd);
		cmd = make(KSHARE_OP_SERVE, class);
		if (kind == -ETIMEDOUT || kind == -EINTR)
			continue;
		if (kind < 0)
			break;
		number = out.head.number;
		switch (kind) {
		case KSHARE_SERVE_CREATE:
			reply_with_instance(class, number);
			continue;
		case KSHARE_SERVE_ABANDONED:
			for (i = 0; i < kept_count; i++)
				if (kept[i].number == number)
					kept[i] = kept[--kept_count];
			attempt(reply_cmd(class, number, val_none()));
			continue;
		case KSHARE_SERVE_RELEASE:
			continue;
		}
		n = out.values[KSHARE_SERVED_ARGS].i;
		method = (__u32)out.values[KSHARE_SERVED_METHOD].u;
		if (n < 0 || n >= CALLS || method >= METHODS)
			wrong("call %lld of method %d was never made", (long long)n, method);
		else if (__atomic_fetch_add(&all->served[n], 1, __ATOMIC_SEQ_CST))
			wrong("call %lld is served twice", (long long)n);
		if (out.head.count > KSHARE_SERVED_ARGS + 1)
			close_handle(out.values[KSHARE_SERVED_ARGS + 1].ref.handle);
		die_perhaps();
		if (method == NEST && !me.witness)
			call();
		if (!number)
			continue;
		if (method == KEEP && kept_count < KEPT && !me.witness) {
			kept[kept_count].number = number;
			kept[kept_count++].n = n;
		} else {
			cmd = reply_cmd(class, number, val_int(ANSWER(n)));
			if (rnd(2)) {
				cmd.op = KSHARE_OP_REPLY_AND_SERVE;
			} else {
				attempt(cmd);
				cmd = make(KSHARE_OP_SERVE, class);
			}
		}
	}
	if (cmd.op == KSHARE_OP_REPLY_AND_SERVE) {
		cmd.op = KSHARE_OP_REPLY;
		attempt(cmd);
	}
	for (i = 0; i < kept_count; i++)
		attempt(reply_cmd(class, kept[i].number, val_int(ANSWER(kept[i].n))));
}

static void adopt(int which)
{
	int class = class_open(which);

	if (class < 0)
		return;
	if (wait_for(make(KSHARE_OP_CLASS_ADOPT, class)) > 0)
		serve(class, me.witness ? 3 : rnd(30));
	close_handle(class);
}

static void host(void)
{
	int which = rnd(CLASSES), class, it;
	struct kshare_cmd cmd;

	if (me.witness || !rnd(4)) {
		adopt(which);
		return;
	}
	cmd = make_with(KSHARE_OP_CLASS_REGISTER, 1, class_name(which), describe(which));
	if (rnd(6))
		cmd.flags = KSHARE_ADOPT;
	class = attempt(cmd);
	if (class < 0)
		return;
	it = attempt(make_with(KSHARE_OP_INSTANCE_CREATE, class, val_int(1), val_none()));
	if (it > 0) {
		attempt(make_with(KSHARE_OP_DICT_SET, w.instances, val_int(which), val_ref(it)));
		close_handle(it);
	}
	serve(class, rnd(60));
	switch (rnd(4)) {
	case 0:
		attempt(make(KSHARE_OP_CLASS_UNREGISTER, class));
		close_handle(class);
		break;
	case 1:			/* the host still, and does not serve */
		break;
	default:
		close_handle(class);
	}
}

#endif /* CALLS_H */
