// SPDX-License-Identifier: LGPL-2.1-or-later OR MIT
/*
 * Exposed: what a class does not expose cannot be called, and what a proxy was not given
 * cannot either.  It is the kernel that refuses: the host, which counts, never hears of it.
 */
#include "example.h"

static struct kshare_class *cls;
static int heard[3];	/* by method; one thread serves */
static int64_t balance;

static int look(struct kshare_call *call)
{
	heard[0]++;
	return kshare_return(call, kshare_int(balance));
}

static int pay(struct kshare_call *call)
{
	int64_t amount;
	int err = kshare_call_int(call, 0, &amount);

	heard[1]++;
	if (err)
		return err;
	if (amount > balance)
		return kshare_raise(call, ENOMEM, "there is not so much", kshare_int(balance));
	balance -= amount;
	return 0;
}

/* Only the host itself may, so it is a function and no exposed method. */
static int reset(struct kshare_call *call)
{
	(void)call;
	heard[2]++;
	balance = 0;
	return 0;
}

static int calls(struct kshare_call *call)
{
	return kshare_return(call, kshare_int(heard[0] * 100 + heard[1] * 10 + heard[2]));
}

/* The last proxy of the account has gone, wherever it was. */
static void closed(struct kshare_class *c, uint64_t id, uint64_t cookie, void *ptr)
{
	(void)id;
	(void)ptr;
	say("nobody has account %" PRIu64 " any more, so I am through", cookie);
	kshare_serve_stop(c);
}

static int open_account(struct kshare_call *call)
{
	struct kshare_obj *obj KSHARE_CLEANUP = NULL;

	balance = 100;
	must(kshare_instance_create(cls, 7, NULL, 0, &obj));
	return kshare_return_obj(call, obj);
}

static const struct kshare_method methods[] = {
	{ .name = "look", .fn = look, .flags = KSHARE_METHOD_EXPOSED },
	{ .name = "pay", .fn = pay, .flags = KSHARE_METHOD_EXPOSED },
	{ .name = "reset", .fn = reset },
	{ .name = "calls", .fn = calls, .flags = KSHARE_METHOD_EXPOSED },
};

static const struct kshare_class_def account = {
	.size = sizeof(account),
	.name = "Account",
	.methods = methods,
	.method_count = 4,
	.flags = KSHARE_CLASS_CREATABLE,
	.create = open_account,
	.release = closed,
};

static void host(struct kshare *k, struct gate *ready)
{
	must(kshare_class_register(k, &account, 0, &cls));
	gate_open(ready);
	must(kshare_serve_loop(cls, 1));
	kshare_class_free(cls);
}

static int64_t number(struct kshare_obj *obj, const char *method)
{
	struct kshare_reply *reply KSHARE_CLEANUP_REPLY = NULL;
	int64_t n = 0;

	must(kshare_call(obj, method, KSHARE_NO_ARGS, KSHARE_FOREVER, &reply));
	must(kshare_reply_int(reply, 0, &n));
	return n;
}

/* Has a proxy by which one may look, and ask what the host has heard. */
static void visitor(struct kshare_obj *obj)
{
	static const char *const all[] = { "look", "pay", "calls" };
	struct kshare_obj *more;

	say("I look: %" PRId64, number(obj, "look"));
	claim(kshare_call(obj, "pay", KSHARE_ARGS(kshare_int(1)), KSHARE_FOREVER, NULL) == -EACCES,
	      "I cannot pay (EACCES)");
	claim(kshare_dup_methods(obj, 0, all, 3, 0, &more) == -EACCES,
	      "nor make a proxy that could (EACCES)");
}

int main(void)
{
	static const char *const some[] = { "look", "calls" };
	struct kshare *k = start("exposed: the kernel refuses what a class does not expose");
	struct kshare_reply *reply KSHARE_CLEANUP_REPLY = NULL;
	struct kshare_obj *domain, *class, *obj, *few;
	struct kshare_value cause;
	struct gate ready = gate();
	const char *text = "";
	int64_t code = 0;
	pid_t pid, other;

	must(kshare_domain(k, &domain));
	if (child("host", &pid)) {
		host(k, &ready);
		exit(wrong != 0);
	}
	gate_pass(&ready);
	must(kshare_class_open(domain, "Account", 0, &class));
	must(kshare_call_create(class, KSHARE_NO_ARGS, KSHARE_FOREVER, &reply));
	must(kshare_reply_obj(reply, 0, &obj));
	must(kshare_call(obj, "pay", KSHARE_ARGS(kshare_int(30)), KSHARE_FOREVER, NULL));
	claim(number(obj, "look") == 70, "I have paid 30 of 100");
	claim(kshare_call(obj, "pay", KSHARE_ARGS(kshare_int(80)), KSHARE_FOREVER, &reply) ==
	      KSHARE_ANSWER_RAISED, "I cannot pay 80: the host raises an error");
	must(kshare_reply_error(reply, &code, &text, &cause));
	say("it says: %s, code %" PRId64 ", cause %" PRId64, text, code, (int64_t)cause.i);
	claim(code == ENOMEM && cause.i == 70, "with code and cause as they were raised");
	claim(kshare_call(obj, "reset", KSHARE_NO_ARGS, KSHARE_FOREVER, NULL) == -EACCES,
	      "reset is not exposed (EACCES)");
	claim(kshare_call_oneway(obj, "reset", KSHARE_NO_ARGS) == -EACCES,
	      "not without an answer either (EACCES)");
	must(kshare_dup_methods(obj, 0, some, 2, 0, &few));
	if (child("visitor", &other)) {
		kshare_unref(obj);
		visitor(few);
		exit(wrong != 0);
	}
	wait_for(other);
	claim(number(obj, "calls") == 220, "the host has heard 2 looks, 2 pays, and no reset");
	kshare_unref(few);
	kshare_unref(obj);
	kshare_reply_free(reply);
	reply = NULL;
	wait_for(pid);
	kshare_unref(class);
	kshare_unref(domain);
	kshare_disconnect(k);
	return finish();
}
