// SPDX-License-Identifier: LGPL-2.1-or-later OR MIT
/*
 * By description: one program registers a class in a domain that has a name.  Another,
 * which knows that name and nothing else, finds the class, learns what methods and fields
 * it has, and uses them.
 */
#include "example.h"

#define DOMAIN "example.by_description"

static struct kshare_class *cls;
static struct kshare_obj *mine;

static int square(struct kshare_call *call)
{
	int64_t n;
	int err = kshare_call_int(call, 0, &n);

	return err ? err : kshare_return(call, kshare_int(n * n));
}

static int twice(struct kshare_call *call)
{
	int64_t n;
	int err = kshare_call_int(call, 0, &n);

	return err ? err : kshare_return(call, kshare_int(2 * n));
}

static int secret(struct kshare_call *call)
{
	return kshare_return(call, kshare_int(0));
}

static int get(struct kshare_call *call)
{
	return kshare_return_obj(call, mine);
}

static int bye(struct kshare_call *call)
{
	kshare_serve_stop(kshare_call_class(call));
	return 0;
}

static const struct kshare_method methods[] = {
	{ .name = "square", .fn = square, .flags = KSHARE_METHOD_EXPOSED },
	{ .name = "twice", .fn = twice, .flags = KSHARE_METHOD_EXPOSED },
	{ .name = "secret", .fn = secret },
	{ .name = "bye", .fn = bye, .flags = KSHARE_METHOD_EXPOSED },
};

static const struct kshare_field fields[] = {
	{ .name = "made_by", .types = KSHARE_TAKES(KSHARE_STR), .flags = KSHARE_CLASS_READ_ONLY },
	{ .name = "calls", .types = KSHARE_TAKES(KSHARE_INT) },
};

static const struct kshare_class_def calculator = {
	.size = sizeof(calculator),
	.name = "Calculator",
	.methods = methods,
	.method_count = 4,
	.fields = fields,
	.field_count = 2,
	.flags = KSHARE_CLASS_CREATABLE,
	.create = get,
};

static void service(void)
{
	struct kshare *k = start_as("service");
	struct kshare_class_def def = calculator;
	struct kshare_obj *domain;

	must(kshare_domain_open(k, DOMAIN, KSHARE_MAKE, 0600, 0, &domain));
	def.domain = domain;
	must(kshare_class_register(k, &def, 0, &cls));
	must(kshare_instance_create(cls, 1, NULL, 0, &mine));
	must(kshare_dict_set(mine, kshare_str("made_by"), kshare_str("the service")));
	say("I have registered Calculator");
	must(kshare_serve_loop(cls, 2));
	say("somebody said bye");
	kshare_unref(mine);
	must(kshare_class_unregister(cls));
	kshare_class_free(cls);
	kshare_unref(domain);
	kshare_disconnect(k);
}

/* The first class that there is, once there is one. */
static struct kshare_obj *find_class(struct kshare_obj *domain)
{
	struct kshare_reply *reply KSHARE_CLEANUP_REPLY = NULL;
	struct kshare_obj *class;
	char name[KSHARE_MAX_CLASS_NAME + 1];
	const char *text;
	size_t len;

	while (must(kshare_class_list(domain, NULL, &reply)) == 0)
		usleep(1000);
	text = kshare_reply_data(reply, 0, &len);
	snprintf(name, sizeof(name), "%.*s", (int)len, text);
	must(kshare_class_open(domain, name, 0, &class));
	return class;
}

/* Calls all that can be called and takes a number, whatever it may be. */
static int call_all(struct kshare_obj *obj, const struct kshare_reply *description)
{
	struct kshare_reply *reply KSHARE_CLEANUP_REPLY = NULL;
	uint64_t callable = kshare_reply_number(description);
	struct kshare_class_method method;
	int count = 0;
	uint32_t i;
	int64_t n;

	for (i = 0; kshare_described_method(description, i, &method) == 0; i++) {
		bool may = callable >> i & 1;

		say("method %s%s", (char *)method.name, may ? "" : ", which is not for me");
		if (!may)
			claim(kshare_call_nr(obj, i, KSHARE_ARGS(kshare_int(12)), KSHARE_FOREVER,
					     NULL) == -EACCES, "and it is refused (EACCES)");
		if (!may || !strcmp((char *)method.name, "bye"))
			continue;
		must(kshare_call_nr(obj, i, KSHARE_ARGS(kshare_int(12)), KSHARE_FOREVER, &reply));
		must(kshare_reply_int(reply, 0, &n));
		say("%s(12) is %" PRId64, (char *)method.name, n);
		claim(n == (strcmp((char *)method.name, "square") ? 24 : 144), "that is right");
		must(kshare_dict_add(obj, kshare_str("calls"), kshare_int(1), 0, NULL));
		count++;
	}
	return count;
}

static void user(void)
{
	struct kshare *k = start_as("user");
	struct kshare_reply *description = NULL, *reply = NULL;
	struct kshare_obj *domain, *class, *obj;
	struct kshare_class_field f;
	struct kshare_class_info info;
	char text[100];
	uint32_t i;
	int64_t n;
	int count;

	must(kshare_domain_open(k, DOMAIN, KSHARE_MAKE, 0600, 0, &domain));
	class = find_class(domain);
	/* It may be there before its host has made what it gives away. */
	while (must(kshare_class_describe(class, &description)) == 0)
		usleep(1000);
	must(kshare_described(description, &info));
	say("there is a class %.*s with %u methods and %u fields",
	    (int)kshare_reply_value(description, 0)->len,
	    (const char *)kshare_reply_data(description, 0, NULL), info.methods, info.fields);
	must(kshare_call_create(class, KSHARE_NO_ARGS, KSHARE_FOREVER, &reply));
	must(kshare_reply_obj(reply, 0, &obj));
	count = call_all(obj, description);
	for (i = 0; kshare_described_field(description, i, &f) == 0; i++) {
		must(kshare_dict_get(obj, kshare_str((char *)f.name), &reply));
		kshare_value_format(kshare_reply_value(reply, 0), text, sizeof(text));
		say("field %s%s: %s", (char *)f.name,
		    f.flags & KSHARE_CLASS_READ_ONLY ? ", read-only" : "", text);
	}
	must(kshare_reply_int(reply, 0, &n));
	claim(n == count && count == 2, "I have made two calls, and counted them");
	claim(kshare_dict_set(obj, kshare_str("made_by"), kshare_str("me")) == -EACCES,
	      "I cannot say who made it (EACCES)");
	must(kshare_call(obj, "bye", KSHARE_NO_ARGS, KSHARE_FOREVER, NULL));
	kshare_reply_free(reply);
	kshare_reply_free(description);
	kshare_unref(obj);
	kshare_unref(class);
	kshare_unref(domain);
	kshare_disconnect(k);
}

int main(int argc, char **argv)
{
	pid_t one, two;

	if (argc > 1) {
		if (!strcmp(argv[1], "service"))
			service();
		else
			user();
		return wrong != 0;
	}
	kshare_disconnect(start("by description: a program uses a class that it does not know"));
	two = stranger("user", NULL);
	one = stranger("service", NULL);
	wait_for(one);
	wait_for(two);
	return finish();
}
