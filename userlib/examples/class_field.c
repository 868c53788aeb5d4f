// SPDX-License-Identifier: LGPL-2.1-or-later OR MIT
/*
 * A class with a public field and two methods, as a program writes it for itself, and a
 * child that uses it: it works on the parent's object, not on a copy.  The field is in the
 * kernel, the methods are functions of the parent.
 */
#include "example.h"

static const char field[] = "x";

static int64_t read_x(struct kshare_obj *obj)
{
	struct kshare_reply *reply KSHARE_CLEANUP_REPLY = NULL;
	int64_t x = 0;

	must(kshare_dict_get(obj, kshare_str(field), &reply));
	must(kshare_reply_int(reply, 0, &x));
	return x;
}

/* For the time of the call the host has a proxy of the instance, to get at its field. */
static int change(struct kshare_call *call)
{
	struct kshare_obj *self KSHARE_CLEANUP = NULL;
	int ret = kshare_call_self(call, &self);

	if (!ret)
		ret = kshare_dict_set(self, kshare_str(field), kshare_int(200));
	return ret < 0 ? ret : 0;
}

static int str(struct kshare_call *call)
{
	struct kshare_obj *self KSHARE_CLEANUP = NULL;
	int ret = kshare_call_self(call, &self);
	char text[64];

	if (ret)
		return ret;
	snprintf(text, sizeof(text), "a Thing whose x is %" PRId64, read_x(self));
	return kshare_return(call, kshare_str(text));
}

static const struct kshare_method methods[] = {
	{ .name = "change", .fn = change, .flags = KSHARE_METHOD_EXPOSED },
	{ .name = "str", .fn = str, .flags = KSHARE_METHOD_EXPOSED },
};

static const struct kshare_field fields[] = {
	{ .name = field, .types = KSHARE_TAKES(KSHARE_INT) },
};

static const struct kshare_class_def thing = {
	.size = sizeof(thing),
	.name = "Thing",
	.methods = methods,
	.method_count = 2,
	.fields = fields,
	.field_count = 1,
};

static void use(struct kshare_obj *obj, struct kshare_obj *cell, int *copy)
{
	struct kshare_reply *reply KSHARE_CLEANUP_REPLY = NULL;
	const char *text;
	size_t len;

	must(kshare_dict_set(obj, kshare_str(field), kshare_int(500)));
	say("I have set x to 500: %" PRId64, read_x(obj));
	must(kshare_call(obj, "change", KSHARE_NO_ARGS, KSHARE_FOREVER, NULL));
	say("I have called change: %" PRId64, read_x(obj));
	must(kshare_dict_add(obj, kshare_str(field), kshare_int(1), 0, NULL));
	must(kshare_call(obj, "str", KSHARE_NO_ARGS, KSHARE_FOREVER, &reply));
	text = kshare_reply_data(reply, 0, &len);
	say("I have added 1: it is %.*s", (int)len, text);
	claim(kshare_dict_set(obj, kshare_str("y"), kshare_int(1)) == -ENOENT,
	      "there is no field y (ENOENT)");
	claim(kshare_dict_set(obj, kshare_str(field), kshare_str("text")) == -EDOM,
	      "x takes numbers only (EDOM)");
	claim(kshare_dict_set(obj, kshare_str(field), kshare_ref(cell)) == -EDOM,
	      "and no references (EDOM)");
	*copy = 201;
}

int main(void)
{
	struct kshare *k = start("class: a child works on the parent's object, not on a copy");
	struct kshare_obj *obj, *cell;
	struct kshare_class *cls;
	int copy = 100;
	pid_t pid;

	must(kshare_class_register(k, &thing, 0, &cls));
	must(kshare_instance_create(cls, 0, NULL, 0, &obj));
	must(kshare_dict_set(obj, kshare_str(field), kshare_int(100)));
	must(kshare_cell_create(k, KSHARE_ELEM_ANY, kshare_none(), 0, &cell));
	must(kshare_serve_start(cls, 1));
	if (child("child", &pid)) {
		use(obj, cell, &copy);
		exit(wrong != 0);
	}
	wait_for(pid);
	say("x is %" PRId64 ", and in the struct that fork has copied %d", read_x(obj), copy);
	claim(read_x(obj) == 201, "what the child did to the object is here");
	claim(copy == 100, "what it did to a copy is not");
	kshare_unref(cell);
	kshare_class_free(cls);
	kshare_unref(obj);
	kshare_disconnect(k);
	return finish();
}
