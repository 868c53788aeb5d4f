// SPDX-License-Identifier: LGPL-2.1-or-later OR MIT
/*
 * Standby: the host of a class is killed while three processes call it, and another one,
 * which has been waiting for that, takes its place with all its instances.  Those who call
 * are told that it died, and repeat the call; the token of an answer tells whose it is.
 * One call the first host takes and never answers, so that it is certain that one is
 * repeated, however few are under way at that moment.
 */
#include "example.h"

#define CALLERS	3
#define CALLS	200	/* after the host was killed as many as before, about */

static struct gate has_kept;

static int work(struct kshare_call *call)
{
	static bool kept;
	int64_t n;
	int err = kshare_call_int(call, 0, &n);

	/* Whose it is waits, and the others go on. */
	if (!err && n == CALLS && kshare_class_token(kshare_call_class(call)) == 1 &&
	    !__atomic_exchange_n(&kept, true, __ATOMIC_RELAXED)) {
		kshare_call_keep(call);
		gate_open(&has_kept);
		return 0;
	}
	return err ? err : kshare_return(call, kshare_int(n * n));
}

/* The cookie is the number that the instance had before; the pointer is our own. */
static void *inherit(struct kshare_class *cls, uint64_t id, uint64_t cookie)
{
	static int memory;

	(void)cls;
	(void)id;
	say("I have adopted the instance with the cookie %" PRIu64, cookie);
	claim(cookie == 4711, "it is the one that the dead host has made");
	return &memory;
}

static const struct kshare_method methods[] = {
	{ .name = "work", .fn = work, .flags = KSHARE_METHOD_EXPOSED },
};

static const struct kshare_field fields[] = {
	{ .name = "answers", .types = KSHARE_TAKES(KSHARE_INT) },
	{ .name = "repeated", .types = KSHARE_TAKES(KSHARE_INT) },
};

static const struct kshare_class_def def = {
	.size = sizeof(def),
	.name = "Worker",
	.methods = methods,
	.method_count = 1,
	.fields = fields,
	.field_count = 2,
	.adopted = inherit,
};

static void first_host(struct kshare *k, struct kshare_obj *root, struct gate *ready)
{
	struct kshare_class *cls;
	struct kshare_obj *obj;

	must(kshare_class_register(k, &def, 0, &cls));
	must(kshare_instance_create(cls, 4711, NULL, 0, &obj));
	must(kshare_dict_set(root, kshare_str("worker"), kshare_ref(obj)));
	say("I am the host, token %" PRIu64, kshare_class_token(cls));
	gate_open(ready);
	must(kshare_serve_loop(cls, 2));
}

static void standby(struct kshare *k, struct gate *ready)
{
	struct kshare_class *cls;

	say("I wait until there is no host");
	gate_open(ready);
	must(kshare_class_adopt(k, &def, KSHARE_FOREVER, &cls));
	say("I am the host, token %" PRIu64, kshare_class_token(cls));
	claim(kshare_class_token(cls) == 2, "the second one");
	must(kshare_serve_loop(cls, 2));
}

static void caller(struct kshare_obj *obj, struct gate *has_one)
{
	struct kshare_reply *reply KSHARE_CLEANUP_REPLY = NULL;
	uint64_t token = 0, last = 0;
	int by_first = 0, by_second = 0, repeated = 0, bad = 0;
	int64_t n, square;
	int ret;

	/* Until the second host has answered as many */
	for (n = 1; by_second < CALLS; n++) {
		while ((ret = kshare_call(obj, "work", KSHARE_ARGS(kshare_int(n)), KSHARE_FOREVER,
					  &reply)) == -EOWNERDEAD) {
			repeated++;
			must(kshare_dict_add(obj, kshare_str("repeated"), kshare_int(1), 0, NULL));
			usleep(1000);
		}
		must(ret);
		must(kshare_reply_int(reply, 0, &square));
		token = kshare_reply_number(reply);
		if (square != n * n || token < last)
			bad++;
		last = token;
		if (n == 1)
			gate_open(has_one);
		if (token == 1)
			by_first++;
		else
			by_second++;
		must(kshare_dict_add(obj, kshare_str("answers"), kshare_int(1), 0, NULL));
	}
	say("%d answers with token 1, %d with token 2, %d calls repeated", by_first, by_second,
	    repeated);
	claim(by_first > 0 && bad == 0, "both have answered, rightly, and in that order");
}

static int64_t number_of(struct kshare_obj *obj, const char *field)
{
	struct kshare_reply *reply KSHARE_CLEANUP_REPLY = NULL;
	int64_t n = 0;

	if (kshare_dict_get(obj, kshare_str(field), &reply) == 0)
		must(kshare_reply_int(reply, 0, &n));
	return n;
}

int main(void)
{
	static const char *const names[CALLERS] = { "caller 1", "caller 2", "caller 3" };
	struct kshare *k = start("standby: a host is killed under load, and another takes over");
	struct gate registered = gate(), waits = gate(), has_one = gate();
	struct kshare_obj *domain, *root, *obj;
	struct kshare_reply *reply = NULL;
	pid_t host, second, pids[CALLERS];
	int i;

	has_kept = gate();
	must(kshare_domain(k, &domain));
	must(kshare_domain_root(domain, 0, &root));
	if (child("host", &host))
		first_host(k, root, &registered);
	gate_pass(&registered);
	if (child("standby", &second))
		standby(k, &waits);
	gate_pass(&waits);
	must(kshare_dict_get(root, kshare_str("worker"), &reply));
	must(kshare_reply_obj(reply, 0, &obj));
	kshare_reply_free(reply);
	for (i = 0; i < CALLERS; i++) {
		if (child(names[i], &pids[i])) {
			caller(obj, &has_one);
			exit(wrong != 0);
		}
	}
	/* Under load: each has had an answer, one waits for another, and the others go on. */
	for (i = 0; i < CALLERS; i++)
		gate_pass(&has_one);
	gate_pass(&has_kept);
	while (number_of(obj, "answers") < CALLS * CALLERS)
		usleep(1000);
	kill(host, SIGKILL);
	waitpid(host, NULL, 0);
	say("the host was killed after %" PRId64 " answers", number_of(obj, "answers"));
	for (i = 0; i < CALLERS; i++)
		wait_for(pids[i]);
	claim(number_of(obj, "answers") >= 2 * CALLS * CALLERS,
	      "what the field had counted is still there");
	claim(number_of(obj, "repeated") > 0, "somebody was told, and has repeated a call");
	kill(second, SIGKILL);
	waitpid(second, NULL, 0);
	claim(kshare_call(obj, "work", KSHARE_ARGS(kshare_int(1)), KSHARE_FOREVER, NULL) ==
	      -EOWNERDEAD, "without any host a call fails at once (EOWNERDEAD)");
	kshare_unref(obj);
	kshare_unref(root);
	kshare_unref(domain);
	kshare_disconnect(k);
	return finish();
}
