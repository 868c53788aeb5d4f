// SPDX-License-Identifier: LGPL-2.1-or-later OR MIT
/*
 * Own variable: a proxy has a variable of its own, ownVar, beside the field x of the object
 * that it stands for.  x is everybody's; ownVar is each process's, as in any other object.
 */
#include "example.h"

/* A class has a method at least; this one adds what the caller says to x. */
static int add(struct kshare_call *call)
{
	struct kshare_obj *self KSHARE_CLEANUP = NULL;
	struct kshare_reply *reply KSHARE_CLEANUP_REPLY = NULL;
	int64_t n;
	int err;

	err = kshare_call_obj(call, 0, &self);
	if (!err)
		err = kshare_call_int(call, 1, &n);
	if (!err)
		err = kshare_dict_add(self, kshare_str("x"), kshare_int(n), 0, &reply);
	return err < 0 ? err : kshare_return(call, *kshare_reply_value(reply, 0));
}

static const struct kshare_method methods[] = {
	{ .name = "add", .fn = add, .flags = KSHARE_METHOD_EXPOSED },
};

static const struct kshare_field fields[] = {
	{ .name = "x", .types = KSHARE_TAKES(KSHARE_INT) },
};

static const struct kshare_class_def def = {
	.size = sizeof(def),
	.name = "Number",
	.methods = methods,
	.method_count = 1,
	.fields = fields,
	.field_count = 1,
};

static int64_t x_of(struct kshare_obj *obj)
{
	struct kshare_reply *reply KSHARE_CLEANUP_REPLY = NULL;
	int64_t x = 0;

	must(kshare_dict_get(obj, kshare_str("x"), &reply));
	must(kshare_reply_int(reply, 0, &x));
	return x;
}

static int64_t own_of(struct kshare_obj *obj)
{
	struct kshare_value value;
	int64_t n = 0;

	must(kshare_local_get(obj, "ownVar", &value));
	must(kshare_value_int(&value, &n));
	return n;
}

int main(void)
{
	struct kshare *k = start("own variable: x is shared, ownVar is the proxy's");
	struct kshare_class *cls;
	struct kshare_value value;
	struct kshare_obj *obj, *second;
	pid_t pid;

	must(kshare_class_register(k, &def, 0, &cls));
	must(kshare_instance_create(cls, 0, NULL, 0, &obj));
	must(kshare_serve_start(cls, 1));
	must(kshare_dict_set(obj, kshare_str("x"), kshare_int(1)));
	must(kshare_local_set(obj, "ownVar", kshare_int(1)));
	if (child("child", &pid)) {
		say("x is %" PRId64 ", ownVar is %" PRId64, x_of(obj), own_of(obj));
		must(kshare_call(obj, "add", KSHARE_ARGS(kshare_ref(obj), kshare_int(41)),
				 KSHARE_FOREVER, NULL));
		must(kshare_local_set(obj, "ownVar", kshare_int(99)));
		say("x is %" PRId64 ", ownVar is %" PRId64 " now", x_of(obj), own_of(obj));
		claim(x_of(obj) == 42 && own_of(obj) == 99, "both are as I have set them");
		exit(wrong != 0);
	}
	wait_for(pid);
	say("x is %" PRId64 ", ownVar is %" PRId64, x_of(obj), own_of(obj));
	claim(x_of(obj) == 42, "x is what the child has made of it");
	claim(own_of(obj) == 1, "ownVar is what it was");
	must(kshare_dup(obj, 0, 0, &second));
	claim(x_of(second) == 42 && kshare_local_get(second, "ownVar", &value) == -ENOENT,
	      "a second proxy shares x, and has no ownVar");
	kshare_unref(second);
	kshare_class_free(cls);
	kshare_unref(obj);
	kshare_disconnect(k);
	return finish();
}
