// SPDX-License-Identifier: LGPL-2.1-or-later OR MIT
/*
 * Classes against the module: a host, which is a child of fork(), and its caller.  As
 * test-module.c does it for other functions; exits with 77 if there is no module.
 */
#include <pthread.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "internal.h"
#include "test.h"

#define SOON	kshare_deadline_in_ms(60000)
#define LONG	100000
#define CODEC	7

static struct kshare *k;
static struct kshare_obj *domain, *root;
static struct kshare_reply *r;

static int64_t number(unsigned int i)
{
	int64_t n;

	check(kshare_reply_int(r, i, &n) == 0);
	return n;
}

static bool reply_is(const char *text)
{
	size_t len;
	const char *data = kshare_reply_data(r, 0, &len);

	return data && len == strlen(text) && !memcmp(data, text, len);
}

static struct kshare_stat stat_of(struct kshare_obj *obj)
{
	struct kshare_stat st;

	check(kshare_stat(obj, &st) == 0);
	return st;
}

/* ---- the host ---- */

static struct kshare_class *cls;
static int released, abandoned;
static pthread_mutex_t kept_lock = PTHREAD_MUTEX_INITIALIZER;
static struct kshare_call *kept;

/* All arguments that it can return one by one, from the first on. */
static int echo(struct kshare_call *call)
{
	const struct kshare_value *v = kshare_call_value(call, 0);

	return v ? kshare_return(call, *v) : 0;
}

static int count(struct kshare_call *call)
{
	return kshare_return(call, kshare_int(kshare_call_count(call)));
}

static int cookie(struct kshare_call *call)
{
	char *text = kshare_call_ptr(call);
	char answer[100];

	check(kshare_call_what(call) == KSHARE_SERVE_CALL && kshare_call_class(call) == cls);
	check(kshare_call_id(call) && kshare_call_number(call));
	snprintf(answer, sizeof(answer), "%llu %s %d %d", (unsigned long long)
		 kshare_call_cookie(call), text ? text : "-",
		 kshare_call_pid(call) == getppid(), kshare_call_uid(call) == geteuid() &&
		 kshare_call_gid(call) == getegid());
	return kshare_return(call, kshare_str(answer));
}

static char bytes[LONG];

static int large(struct kshare_call *call)
{
	int64_t len;

	check(kshare_call_int(call, 0, &len) == 0 && len <= LONG);
	/* Once a call, and not once an attempt to read the answer */
	kshare_dict_add(root, kshare_str("large"), kshare_int(1), 0, NULL);
	return kshare_return(call, kshare_bytes(bytes, (size_t)len));
}

static int fail(struct kshare_call *call)
{
	struct kshare_obj *refs[1] = { root };
	struct kshare_value cause;
	char buf[64];
	int64_t how = 0;

	kshare_call_int(call, 0, &how);
	switch (how) {
	case 0:
		return -EDOM;
	case 1:
		return kshare_raise(call, 1234567890123, NULL, kshare_none());
	case 2:
		check(kshare_encoded_refs(CODEC, "cause", 5, refs, 1, buf, sizeof(buf),
					  &cause) == 0);
		return kshare_raise(call, -5, "what has happened", cause);
	case 3:
		return kshare_raise(call, 3, "", kshare_ref(root));
	case 4:
		return kshare_raise(call, 4, "number", kshare_float(0.5));
	default:
		check(kshare_raise(call, 4, "x", kshare_vector(NULL, 0)) == -EDOM);
		return kshare_answer(call, KSHARE_ANSWER_RAISED, kshare_str("bare"));
	}
}

static int stop(struct kshare_call *call)
{
	check(kshare_return_stop(call) == 0);
	check(kshare_return(call, kshare_int(1)) == -EALREADY);
	return 0;
}

static int keep(struct kshare_call *call)
{
	pthread_mutex_lock(&kept_lock);
	check(!kept);
	kept = kshare_call_keep(call);
	pthread_mutex_unlock(&kept_lock);
	return 0;
}

/* Answers the call that was kept, or lets it go. */
static int answer(struct kshare_call *call)
{
	struct kshare_call *other;
	int ret = 0;

	pthread_mutex_lock(&kept_lock);
	other = kept;
	kept = NULL;
	pthread_mutex_unlock(&kept_lock);
	if (!other)
		return -EAGAIN;
	if (kshare_call_count(call))
		ret = kshare_return(other, *kshare_call_value(call, 0));
	kshare_call_put(other);
	return ret;
}

static int numbers(struct kshare_call *call)
{
	return kshare_return(call, kshare_int(released * 1000 + abandoned));
}

static int made(struct kshare_call *call)
{
	struct kshare_obj *obj KSHARE_CLEANUP = NULL;

	check(kshare_instance_create(cls, 77, "made", 0, &obj) == 0);
	return kshare_return_obj(call, obj);
}

/* No instance, though it has promised one */
static int not_made(struct kshare_call *call)
{
	int64_t how = 0;

	kshare_call_int(call, 0, &how);
	if (how == 0)
		return kshare_return(call, kshare_int(5));
	check(kshare_return_obj(call, root) == -EINVAL);
	/* So there may be another answer. */
	return kshare_raise(call, 9, "none", kshare_none());
}

/* Sets an entry of a dict that comes as an argument. */
static int take(struct kshare_call *call)
{
	struct kshare_obj *dict KSHARE_CLEANUP = NULL;
	int err = kshare_call_obj(call, 0, &dict);

	check(kshare_call_obj(call, 5, &dict) == -ENOENT && !kshare_call_value(call, 5));
	return err ? err : kshare_dict_set(dict, kshare_str("taken"), kshare_bool(true));
}

/* Calls back an instance that it got. */
static int through(struct kshare_call *call)
{
	struct kshare_obj *obj KSHARE_CLEANUP = NULL;
	struct kshare_reply *reply KSHARE_CLEANUP_REPLY = NULL;
	int ret;

	check(kshare_call_obj(call, 0, &obj) == 0);
	ret = kshare_call(obj, "count", KSHARE_ARGS(kshare_int(1), kshare_int(2)), SOON, &reply);
	return ret ? -EIO : kshare_return(call, *kshare_reply_value(reply, 0));
}

static int hidden(struct kshare_call *call)
{
	(void)call;
	kshare_dict_set(root, kshare_str("hidden"), kshare_bool(true));
	return 0;
}

/* Adds to a field of the instance that is called, and to one that only the host may change. */
static int self(struct kshare_call *call)
{
	struct kshare_obj *obj KSHARE_CLEANUP = NULL;
	struct kshare_obj *none = NULL;

	check(kshare_call_self(call, &obj) == 0 && kshare_type(obj) == KSHARE_TYPE_INSTANCE);
	check(stat_of(obj).id == kshare_call_id(call));
	check(stat_of(obj).rights == KSHARE_RIGHT_ALL);
	check(kshare_instance_open(cls, kshare_call_id(call) + 1000000, 0, &none) == -ENOENT);
	check(kshare_instance_open(cls, stat_of(root).id, 0, &none) == -ENOENT && !none);
	check(kshare_method(obj, "self") == (int)kshare_call_method(call));
	check(kshare_dict_set(obj, kshare_str("fixed"), kshare_int(8)) >= 0);
	return kshare_dict_add(obj, kshare_str("x"), kshare_int(1), 0, NULL);
}

static int leave(struct kshare_call *call)
{
	kshare_serve_stop(kshare_call_class(call));
	return 0;
}

static int unregister(struct kshare_call *call)
{
	check(kshare_return(call, kshare_none()) == 0);
	kshare_serve_stop(cls);
	return 0;
}

enum {
	ECHO, COUNT, COOKIE, LARGE, FAIL, STOP, KEEP, ANSWER, NUMBERS, MADE, NOT_MADE, TAKE,
	THROUGH, HIDDEN, LEAVE, UNREGISTER, SELF, NOTHING, METHODS
};

static const struct kshare_method methods[METHODS] = {
	[ECHO] = { "echo", echo, NULL, KSHARE_METHOD_EXPOSED, 0 },
	[COUNT] = { "count", count, NULL, KSHARE_METHOD_EXPOSED, 0 },
	[COOKIE] = { "cookie", cookie, NULL, KSHARE_METHOD_EXPOSED, 0 },
	[LARGE] = { "large", large, NULL, KSHARE_METHOD_EXPOSED, 0 },
	[FAIL] = { "fail", fail, NULL, KSHARE_METHOD_EXPOSED, 0 },
	[STOP] = { "stop", stop, NULL, KSHARE_METHOD_EXPOSED, 0 },
	[KEEP] = { "keep", keep, NULL, KSHARE_METHOD_EXPOSED, 0 },
	[ANSWER] = { "answer", answer, NULL, KSHARE_METHOD_EXPOSED, 0 },
	[NUMBERS] = { "numbers", numbers, NULL, KSHARE_METHOD_EXPOSED, 0 },
	[MADE] = { "made", made, "Thing", KSHARE_METHOD_EXPOSED, 0 },
	[NOT_MADE] = { "not_made", not_made, "Thing", KSHARE_METHOD_EXPOSED, 0 },
	[TAKE] = { "take", take, NULL, KSHARE_METHOD_EXPOSED, 0 },
	[THROUGH] = { "through", through, NULL, KSHARE_METHOD_EXPOSED, 0 },
	[HIDDEN] = { "hidden", hidden, NULL, 0, 0 },
	[LEAVE] = { "leave", leave, NULL, KSHARE_METHOD_EXPOSED, 0 },
	[UNREGISTER] = { "unregister", unregister, NULL, KSHARE_METHOD_EXPOSED, 0 },
	[SELF] = { "self", self, NULL, KSHARE_METHOD_EXPOSED, 0 },
	[NOTHING] = { "nothing", NULL, NULL, KSHARE_METHOD_EXPOSED, 0 },
};

static const struct kshare_field fields[] = {
	{ "x", KSHARE_TAKES(KSHARE_INT), 0 },
	{ "any", 0, 0 },
	{ "fixed", 0, KSHARE_CLASS_READ_ONLY },
};

static int create(struct kshare_call *call)
{
	struct kshare_obj *obj KSHARE_CLEANUP = NULL;
	int64_t n = 0;

	check(kshare_call_what(call) == KSHARE_SERVE_CREATE);
	check(kshare_call_self(call, &obj) == -ENOENT && !obj);
	check(kshare_call_method(call) == KSHARE_METHOD_CREATE);
	kshare_call_int(call, 0, &n);
	if (n < 0)
		return -ERANGE;
	check(kshare_instance_create(cls, (uint64_t)n, n ? "created" : NULL, 0, &obj) == 0);
	check(kshare_dict_set(obj, kshare_str("fixed"), kshare_int(n)) >= 0);
	return kshare_return_obj(call, obj);
}

static void release(struct kshare_class *c, uint64_t id, uint64_t cook, void *ptr)
{
	check(kshare_class_data(c) == &released && id);
	check(!ptr || !strcmp(ptr, cook == 77 ? "made" : "created") || !strcmp(ptr, "adopted"));
	__atomic_add_fetch(&released, 1, __ATOMIC_RELAXED);
}

static void *adopted(struct kshare_class *c, uint64_t id, uint64_t cook)
{
	check(c && id);
	return cook ? "adopted" : NULL;
}

static void was_abandoned(struct kshare_call *call)
{
	check(kshare_call_abandoned(call));
	__atomic_add_fetch(&abandoned, 1, __ATOMIC_RELAXED);
}

static struct kshare_class_def def = {
	.size = sizeof(def),
	.name = "Thing",
	.methods = methods,
	.method_count = METHODS,
	.fields = fields,
	.field_count = ARRAY_SIZE(fields),
	.flags = KSHARE_CLASS_CREATABLE,
	.create = create,
	.release = release,
	.adopted = adopted,
	.abandoned = was_abandoned,
	.data = &released,
};

/* Status 9: "leave" was called. */
static void host(bool adopt, unsigned int threads)
{
	if (adopt)
		check(kshare_class_adopt(k, &def, KSHARE_FOREVER, &cls) == 0);
	else
		check(kshare_class_register(k, &def, 0, &cls) == 0);
	check(kshare_dict_add(root, kshare_str("hosts"), kshare_int(1), 0, NULL) == 0);
	check(kshare_serve_loop(cls, threads) == 0);
	if (!adopt && threads == 1)
		check(kshare_class_unregister(cls) == 0);
	kshare_class_free(cls);
	_exit(9);
}

static void until_hosts(int64_t hosts)
{
	do
		check(kshare_dict_get(root, kshare_str("hosts"), &r) == 0);
	while (number(0) < hosts && usleep(1000) == 0);
}

static pid_t start(bool adopt, unsigned int threads)
{
	pid_t pid = fork();

	check(pid >= 0);
	if (!pid)
		host(adopt, threads);
	return pid;
}

static void ended(pid_t pid, int status)
{
	int got;

	check(waitpid(pid, &got, 0) == pid);
	check(status < 0 ? WIFSIGNALED(got) : WIFEXITED(got) && WEXITSTATUS(got) == status);
}

/* ---- the caller ---- */

static struct kshare_obj *made_by(struct kshare_obj *class, int64_t n)
{
	struct kshare_obj *obj;

	check(kshare_call_create(class, KSHARE_ARGS(kshare_int(n)), SOON, &r) ==
	      KSHARE_ANSWER_VALUE);
	check(kshare_reply_obj(r, 0, &obj) == 0);
	check(kshare_type(obj) == KSHARE_TYPE_INSTANCE);
	return obj;
}

static void test_description(struct kshare_obj *class, struct kshare_obj *obj)
{
	struct kshare_class_method method;
	struct kshare_class_field field;
	struct kshare_class_info info;

	check(kshare_class_list(domain, NULL, &r) == 1 && reply_is("Thing"));
	check(kshare_class_list(domain, "Thing", &r) == 0);
	check(kshare_class_describe(obj, &r) == 1 && reply_is("Thing"));
	check(kshare_reply_number(r) == ((1u << METHODS) - 1 - (1u << HIDDEN)));
	check(kshare_described(r, &info) == 0 && info.methods == METHODS && info.fields == 3);
	check(info.flags == KSHARE_CLASS_CREATABLE);
	check(kshare_described_method(r, MADE, &method) == 0);
	check(!strcmp((char *)method.name, "made") && !strcmp((char *)method.result, "Thing"));
	check(kshare_described_method(r, METHODS, &method) == -ENOENT);
	check(kshare_described_field(r, 2, &field) == 0 && !strcmp((char *)field.name, "fixed"));
	check(field.flags == KSHARE_CLASS_READ_ONLY && field.types == 0);
	check(kshare_described_field(r, 3, &field) == -ENOENT);
	check(kshare_method(class, "large") == LARGE && kshare_method(obj, "nowhere") == -ENOENT);
	check(kshare_dict_get(root, kshare_str("hosts"), &r) == 0);
	check(kshare_described(r, &info) == -EDOM);
	check(kshare_described_method(r, 0, &method) == -EDOM);
	check(kshare_described_field(r, 0, &field) == -EDOM);
}

static void test_calls(struct kshare_obj *obj)
{
	struct kshare_obj *dict;
	char text[5000];

	check(kshare_call(obj, "echo", KSHARE_NO_ARGS, SOON, &r) == KSHARE_ANSWER_VALUE);
	check(kshare_reply_count(r) == 1 && kshare_reply_value(r, 0)->type == KSHARE_NONE);
	check(kshare_reply_number(r) == 1);
	check(kshare_call(obj, "echo", KSHARE_ARGS(kshare_str("hello, you there")), SOON, &r) == 0);
	check(reply_is("hello, you there"));
	/* Noted and not, on both sides of the limit */
	memset(text, 'y', sizeof(text));
	check(kshare_call(obj, "echo", KSHARE_ARGS(kshare_bytes(text, 4096)), SOON, &r) == 0);
	check(kshare_reply_value(r, 0)->len == 4096);
	check(kshare_call(obj, "echo", KSHARE_ARGS(kshare_bytes(text, 4097)), SOON, &r) == 0);
	check(kshare_reply_value(r, 0)->len == 4097);
	check(kshare_call(obj, "count", KSHARE_NO_ARGS, SOON, &r) == 0 && number(0) == 0);
	check(kshare_call(obj, "count", KSHARE_ARGS(kshare_none()), SOON, &r) == 0);
	check(number(0) == 1);
	check(kshare_call(obj, "count", KSHARE_ARGS(kshare_int(1), kshare_none(), kshare_int(3)),
			  SOON, &r) == 0 && number(0) == 3);
	check(kshare_call(obj, "cookie", KSHARE_NO_ARGS, SOON, &r) == 0);
	check(reply_is("5 created 1 1"));
	check(kshare_call(obj, "stop", KSHARE_NO_ARGS, SOON, &r) == KSHARE_ANSWER_STOP);
	check(kshare_call(obj, "nowhere", KSHARE_NO_ARGS, SOON, &r) == -ENOENT);
	check(kshare_call_nr(obj, METHODS, KSHARE_NO_ARGS, SOON, &r) == -ENOENT);
	check(kshare_call(obj, "hidden", KSHARE_NO_ARGS, SOON, &r) == -EACCES);
	check(kshare_call_oneway(obj, "hidden", KSHARE_NO_ARGS) == -EACCES);
	check(kshare_dict_contains(root, kshare_str("hidden")) == 0);
	check(kshare_call(obj, "echo", KSHARE_NO_ARGS, SOON, NULL) == 0);

	check(kshare_dict_create(k, 0, &dict) == 0);
	check(kshare_call(obj, "take", KSHARE_ARGS(kshare_ref(dict)), SOON, &r) == 0);
	check(kshare_dict_contains(dict, kshare_str("taken")) == 1);
	check(kshare_call_oneway(obj, "take", KSHARE_ARGS(kshare_ref(dict))) == 0);
	check(kshare_call(obj, "take", KSHARE_ARGS(kshare_int(1)), SOON, &r) ==
	      KSHARE_ANSWER_RAISED);
	kshare_unref(dict);
	/* A method that calls another: there must be a thread for that. */
	check(kshare_call(obj, "through", KSHARE_ARGS(kshare_ref(obj)), SOON, &r) == 0);
	check(number(0) == 2);
}

static void test_large(struct kshare_obj *obj)
{
	struct kshare_cmds *batch KSHARE_CLEANUP_BATCH = NULL;
	struct kshare_value len = kshare_int(LONG);
	struct kshare_result head;
	struct kshare_cmd cmd;
	int round, i;

	check(kshare_dict_set(root, kshare_str("large"), kshare_int(0)) >= 0);
	kshare_reply_free(r);
	r = NULL;
	check(kshare_call(obj, "large", KSHARE_ARGS(len), SOON, &r) == KSHARE_ANSWER_VALUE);
	check(kshare_reply_value(r, 0)->len == LONG && kshare_reply_number(r) == 1);

	/* By hand, as through a ring */
	kshare_prep_call(&cmd, obj, LARGE, &len, 1, SOON);
	check(cmd.tag);
	cmd.out = (uintptr_t)&head;
	cmd.out_len = sizeof(head);
	check(kshare_submit(k, &cmd, NULL) == -ENOBUFS && head.number > LONG);
	kshare_prep_again(&cmd);
	check(cmd.op == KSHARE_OP_CALL_RESULT);
	check(kshare_submit(k, &cmd, &r) == KSHARE_ANSWER_VALUE);
	check(kshare_reply_value(r, 0)->len == LONG);
	check(kshare_call_result(k, cmd.key.u, &r) == -ENOENT);

	check(kshare_batch_new(k, 0, &batch) == 0);
	kshare_prep_call(kshare_batch_ask(batch), obj, LARGE, &len, 1, SOON);
	kshare_prep_nop(kshare_batch_add(batch));
	kshare_prep_call(kshare_batch_ask(batch), obj, LARGE, &len, 1, SOON);
	for (round = 0; round < 2; round++) {
		check(kshare_batch_run(batch) == 0 && kshare_batch_done(batch) == 3);
		for (i = 0; i <= 2; i += 2)
			check(kshare_reply_value(kshare_batch_reply(batch, i), 0)->len == LONG);
	}
	check(kshare_dict_get(root, kshare_str("large"), &r) == 0 && number(0) == 6);
}

static void test_errors(struct kshare_obj *obj)
{
	struct kshare_obj *cause_obj;
	struct kshare_value cause;
	const char *text;
	int64_t code;
	size_t len;
	double d;

	check(kshare_call(obj, "fail", KSHARE_NO_ARGS, SOON, &r) == KSHARE_ANSWER_RAISED);
	check(kshare_reply_error(r, &code, &text, &cause) == 0);
	check(code == EDOM && !strcmp(text, kshare_strerror(EDOM)) && cause.type == KSHARE_NONE);
	check(kshare_call(obj, "fail", KSHARE_ARGS(kshare_int(1)), SOON, &r) == 1);
	check(kshare_reply_error(r, &code, &text, NULL) == 0 && code == 1234567890123 && !*text);
	check(kshare_call(obj, "fail", KSHARE_ARGS(kshare_int(2)), SOON, &r) == 1);
	check(kshare_reply_error(r, &code, &text, &cause) == 0 && code == -5);
	check(!strcmp(text, "what has happened") && cause.type == KSHARE_ENCODED);
	check(cause.codec == CODEC && !memcmp(kshare_value_data(&cause, &len), "cause", 5));
	check(len == 5 && kshare_reply_ref(r, 0, 0, &cause_obj) == 0);
	check(kshare_same(cause_obj, root) == 1);
	kshare_unref(cause_obj);
	check(kshare_call(obj, "fail", KSHARE_ARGS(kshare_int(3)), SOON, &r) == 1);
	check(kshare_reply_error(r, &code, NULL, &cause) == 0 && cause.type == KSHARE_REF);
	check(kshare_reply_ref(r, 0, 0, &cause_obj) == 0 && kshare_same(cause_obj, root) == 1);
	kshare_unref(cause_obj);
	check(kshare_call(obj, "fail", KSHARE_ARGS(kshare_int(4)), SOON, &r) == 1);
	check(kshare_reply_error(r, NULL, NULL, &cause) == 0);
	check(kshare_value_float(&cause, &d) == 0 && d == 0.5);
	check(kshare_call(obj, "fail", KSHARE_ARGS(kshare_int(5)), SOON, &r) == 1);
	check(kshare_reply_error(r, &code, &text, &cause) == -EDOM && reply_is("bare"));
	check(kshare_call(obj, "nothing", KSHARE_NO_ARGS, SOON, &r) == 1);
	check(kshare_reply_error(r, &code, NULL, NULL) == 0 && code == EOPNOTSUPP);

	/* What the kernel says to the answer is told to the caller, or to the method. */
	check(kshare_call(obj, "not_made", KSHARE_NO_ARGS, SOON, &r) == 1);
	check(kshare_reply_error(r, &code, NULL, NULL) == 0 && code == EINVAL);
	check(kshare_call(obj, "not_made", KSHARE_ARGS(kshare_int(1)), SOON, &r) == 1);
	check(kshare_reply_error(r, &code, NULL, NULL) == 0 && code == 9);
}

static void *call_keep(void *obj)
{
	struct kshare_reply *reply = NULL;
	int64_t n = 0;
	int ret;

	ret = kshare_call(obj, "keep", KSHARE_NO_ARGS, SOON, &reply);
	if (ret == KSHARE_ANSWER_VALUE)
		kshare_reply_int(reply, 0, &n);
	else if (ret == KSHARE_ANSWER_RAISED)
		kshare_reply_error(reply, &n, NULL, NULL);
	kshare_reply_free(reply);
	return (void *)(intptr_t)n;
}

static void answer_kept(struct kshare_obj *obj, const struct kshare_value *args, uint32_t n)
{
	while (kshare_call(obj, "answer", args, n, SOON, &r) == KSHARE_ANSWER_RAISED)
		usleep(1000);
}

static void test_later(struct kshare_obj *obj)
{
	pthread_t thread;
	void *ret;

	check(pthread_create(&thread, NULL, call_keep, obj) == 0);
	answer_kept(obj, KSHARE_ARGS(kshare_int(4711)));
	check(pthread_join(thread, &ret) == 0 && (intptr_t)ret == 4711);
	/* One that is let go */
	check(pthread_create(&thread, NULL, call_keep, obj) == 0);
	answer_kept(obj, KSHARE_NO_ARGS);
	check(pthread_join(thread, &ret) == 0 && (intptr_t)ret == ECANCELED);

	/* Abandoned: the host is told, and may answer all the same. */
	check(kshare_call(obj, "keep", KSHARE_NO_ARGS, kshare_deadline_in_ms(50), &r) ==
	      -ETIMEDOUT);
	do
		check(kshare_call(obj, "numbers", KSHARE_NO_ARGS, SOON, &r) == 0);
	while (number(0) % 1000 != 1 && usleep(1000) == 0);
	answer_kept(obj, KSHARE_ARGS(kshare_int(1)));
}

static void test_instances(struct kshare_obj *class, struct kshare_obj *obj)
{
	struct kshare_obj *made;
	struct kshare_cmd cmd;
	int64_t before;
	int i;

	check(kshare_call(obj, "numbers", KSHARE_NO_ARGS, SOON, &r) == 0);
	before = number(0) / 1000;
	check(kshare_call(obj, "made", KSHARE_NO_ARGS, SOON, &r) == 0);
	check(kshare_reply_obj(r, 0, &made) == 0);
	check(kshare_call(made, "cookie", KSHARE_NO_ARGS, SOON, &r) == 0);
	check(reply_is("77 made 1 1"));
	/* Its host may have a proxy of it, which does not keep it from being released. */
	check(kshare_dict_set(made, kshare_str("x"), kshare_int(10)) >= 0);
	for (i = 0; i < 5; i++)
		check(kshare_call(made, "self", KSHARE_NO_ARGS, SOON, &r) == 0);
	check(kshare_dict_get(made, kshare_str("x"), &r) == 0 && number(0) == 15);
	check(kshare_dict_get(made, kshare_str("fixed"), &r) == 0 && number(0) == 8);
	kshare_prep_instance_open(&cmd, class, stat_of(made).id, 0);
	check(kshare_submit(k, &cmd, NULL) == -EPERM);
	kshare_unref(made);
	do
		check(kshare_call(obj, "numbers", KSHARE_NO_ARGS, SOON, &r) == 0);
	while (number(0) / 1000 != before + 1 && usleep(1000) == 0);
}

static void test_fields(struct kshare_obj *obj)
{
	struct kshare_value x = kshare_str("x");

	check(kshare_dict_get(obj, x, &r) == -ENOENT);
	check(kshare_dict_set(obj, x, kshare_int(5)) >= 0);
	check(kshare_dict_add(obj, x, kshare_int(2), 0, &r) == 0 && number(0) == 7);
	check(kshare_dict_cas(obj, x, kshare_int(7), kshare_int(9), 0, &r) >= 0);
	check(kshare_dict_get(obj, x, &r) == 0 && number(0) == 9);
	check(kshare_dict_set(obj, x, kshare_str("text")) == -EDOM);
	check(kshare_dict_set(obj, kshare_str("y"), kshare_int(1)) == -ENOENT);
	check(kshare_dict_get(obj, kshare_str("fixed"), &r) == 0 && number(0) == 5);
	check(kshare_dict_set(obj, kshare_str("fixed"), kshare_int(1)) == -EACCES);
	check(kshare_dict_set(obj, kshare_str("any"), kshare_ref(root)) >= 0);
	check(kshare_dict_len(obj) == 3);
	check(kshare_dict_delete(obj, kshare_str("any")) == 0);
	check(kshare_dict_items(obj, &r) >= 0 && kshare_reply_count(r) == 4);
	check(kshare_dict_clear(obj) == -ENOTTY);
}

static void test_masks(struct kshare_obj *obj)
{
	static const char *const some[] = { "echo", "count" }, *const none[] = { "nowhere" };
	static const char *const more[] = { "echo", "stop" };
	struct kshare_obj *dup, *less;

	check(kshare_dup_methods(obj, 0, none, 1, 0, &dup) == -ENOENT);
	check(kshare_dup_methods(obj, 0, some, 2, 0, &dup) == 0);
	check(kshare_call(dup, "count", KSHARE_NO_ARGS, SOON, &r) == 0);
	check(kshare_call(dup, "stop", KSHARE_NO_ARGS, SOON, &r) == -EACCES);
	check(kshare_class_describe(dup, &r) == 1 &&
	      kshare_reply_number(r) == (1u << ECHO | 1u << COUNT));
	check(kshare_dup_methods(dup, 0, more, 2, 0, &less) == -EACCES);
	check(kshare_dup_methods(dup, 0, more, 1, KSHARE_REVOCABLE, &less) == 0);
	check(kshare_call(less, "echo", KSHARE_NO_ARGS, SOON, &r) == 0);
	check(kshare_call(less, "count", KSHARE_NO_ARGS, SOON, &r) == -EACCES);
	check(kshare_revoke(less) == 0);
	check(kshare_call(less, "echo", KSHARE_NO_ARGS, SOON, &r) == -ESTALE);
	kshare_unref(less);
	kshare_unref(dup);
}

static void *until_dead(void *obj)
{
	return (void *)(intptr_t)kshare_call(obj, "keep", KSHARE_NO_ARGS, SOON, NULL);
}

/* A host is killed with a call that it has, and another one adopts the class. */
static void test_adoption(void)
{
	struct kshare_obj *class, *obj, *plain;
	pid_t first, second;
	pthread_t thread;
	void *ret;

	check(kshare_dict_set(root, kshare_str("hosts"), kshare_int(0)) >= 0);
	first = start(false, 3);
	until_hosts(1);
	check(kshare_class_open(domain, "Thing", 0, &class) == 0);
	obj = made_by(class, 5);
	plain = made_by(class, 0);
	second = start(true, 2);
	check(kshare_dict_set(obj, kshare_str("x"), kshare_int(1)) >= 0);
	check(pthread_create(&thread, NULL, until_dead, obj) == 0);
	/* Until it has been taken */
	while (kshare_call(obj, "answer", KSHARE_NO_ARGS, SOON, NULL) == KSHARE_ANSWER_RAISED)
		usleep(1000);
	check(pthread_join(thread, NULL) == 0);
	check(pthread_create(&thread, NULL, until_dead, obj) == 0);
	usleep(20000);
	kill(first, SIGKILL);
	check(pthread_join(thread, &ret) == 0 && (intptr_t)ret == -EOWNERDEAD);
	ended(first, -1);
	until_hosts(2);
	check(kshare_call(obj, "cookie", KSHARE_NO_ARGS, SOON, &r) == 0);
	check(reply_is("5 adopted 1 1") && kshare_reply_number(r) == 2);
	check(kshare_call(plain, "cookie", KSHARE_NO_ARGS, SOON, &r) == 0);
	check(reply_is("0 - 1 1"));
	check(kshare_dict_get(obj, kshare_str("x"), &r) == 0 && number(0) == 1);
	check(stat_of(class).token == 2 && stat_of(class).holder_pid == second);
	check(kshare_call(obj, "leave", KSHARE_NO_ARGS, SOON, NULL) == 0);
	ended(second, 9);
	check(kshare_call(obj, "count", KSHARE_NO_ARGS, SOON, &r) == -EOWNERDEAD);
	check(kshare_call_oneway(obj, "count", KSHARE_NO_ARGS) == -EOWNERDEAD);
	check(kshare_class_describe(obj, &r) == 0);
	check(kshare_dict_get(obj, kshare_str("x"), &r) == 0 && number(0) == 1);

	/* What is not the same does not fit; what is, does at once. */
	def.field_count--;
	check(kshare_class_adopt(k, &def, KSHARE_TRY, &cls) == -EINVAL);
	check(kshare_class_register(k, &def, KSHARE_ADOPT, &cls) == -EINVAL);
	def.field_count++;
	check(kshare_class_register(k, &def, KSHARE_ADOPT, &cls) == 0);
	check(kshare_class_token(cls) == 3);
	/* As long as there is another handle, it stays the host. */
	kshare_class_free(cls);
	check(kshare_class_adopt(k, &def, KSHARE_TRY, &cls) == -EAGAIN);
	kshare_unref(class);
	check(kshare_class_adopt(k, &def, KSHARE_TRY, &cls) == 0);
	check(kshare_class_token(cls) == 4);
	kshare_class_free(cls);
	kshare_unref(plain);
	kshare_unref(obj);
}

/* One process is both, so that it can be watched from inside. */
static void test_serve(void)
{
	struct kshare_instance instances[3];
	struct kshare_obj *obj, *other;
	struct kshare_call *call;
	struct kshare_cmd cmd;
	uint64_t after = 0, id;
	int ret;

	def.name = "Other";
	check(kshare_class_register(k, &def, 0, &cls) == 0 && kshare_class_data(cls) == &released);
	check(kshare_class_adopt(k, &def, KSHARE_TRY, &cls) == -EAGAIN);
	check(kshare_serve(cls, KSHARE_TRY) == -EAGAIN);
	check(kshare_serve(cls, kshare_deadline_in_ms(5)) == -ETIMEDOUT);
	check(kshare_instance_create(cls, 5, "created", 0, &obj) == 0);
	check(kshare_instance_create(cls, 6, NULL, 0, &other) == 0);
	check(kshare_class_instances(cls, &after, instances, 1) == 1 && instances[0].cookie == 5);
	check(kshare_class_instances(cls, &after, instances, 3) == 1 && instances[0].cookie == 6);
	check(kshare_class_instances(cls, &after, instances, 3) == 0);
	id = stat_of(obj).id;
	check(kshare_class_cookie(cls, id, 8, "new") == 0);
	check(kshare_class_cookie(cls, id + 1000000, 8, NULL) == -ENOENT);
	check(stat_of(kshare_class_obj(cls)).length == 2);

	check(kshare_call_oneway(obj, "count", KSHARE_NO_ARGS) == 0);
	check(kshare_serve(cls, KSHARE_TRY) == KSHARE_SERVE_CALL);

	/* Step by step */
	check(kshare_call_oneway(obj, "echo", KSHARE_ARGS(kshare_int(1), kshare_str("two"))) == 0);
	kshare_prep_serve(&cmd, kshare_class_obj(cls), KSHARE_TRY);
	ret = kshare_submit(k, &cmd, &r);
	check(kshare_served(cls, &r, ret, &call) == KSHARE_SERVE_CALL && call && !r);
	check(kshare_call_ptr(call) && !strcmp(kshare_call_ptr(call), "new"));
	check(kshare_call_cookie(call) == 8 && kshare_call_id(call) == id);
	check(kshare_call_count(call) == 2 && kshare_call_method(call) == ECHO);
	check(kshare_call_number(call) == 0 && kshare_call_pid(call) == getpid());
	kshare_call_run(call);
	check(kshare_prep_answer(&cmd, call, true, KSHARE_TRY) == 0);
	kshare_call_put(call);

	kshare_unref(other);
	check(kshare_serve(cls, SOON) == KSHARE_SERVE_RELEASE);
	check(kshare_class_unregister(cls) == 0);
	check(kshare_serve(cls, KSHARE_TRY) == -EPERM);
	check(kshare_class_unregister(cls) == -EPERM);
	check(kshare_serve_loop(cls, 2) == -EPERM);
	kshare_unref(obj);
	kshare_class_free(cls);
	def.name = "Thing";
}

/* Threads of the library's, which are stopped and started while calls come. */
static void test_threads(void)
{
	struct kshare_obj *obj;
	int i, n;

	def.flags = KSHARE_CLASS_SERIAL;
	check(kshare_class_register(k, &def, KSHARE_NO_INHERIT, &cls) == 0);
	check(kshare_instance_create(cls, 5, "created", 0, &obj) == 0);
	for (i = 0; i < 20; i++) {
		check(kshare_serve_start(cls, 3) == 0);
		for (n = 0; n < 10; n++) {
			check(kshare_call_oneway(obj, "count", KSHARE_NO_ARGS) == 0);
			check(kshare_call(obj, "count", KSHARE_NO_ARGS, SOON, &r) == 0);
		}
		kshare_serve_stop(cls);
		check(kshare_serve_join(cls) == 0);
	}
	check(kshare_call(obj, "count", KSHARE_NO_ARGS, kshare_deadline_in_ms(5), &r) ==
	      -ETIMEDOUT);
	/* It went back, so that nobody gets it. */
	check(kshare_serve(cls, KSHARE_TRY) == -EAGAIN);
	check(kshare_serve_start(cls, 2) == 0);
	kshare_unref(obj);
	kshare_class_free(cls);
	def.flags = KSHARE_CLASS_CREATABLE;
}

static void test_two_processes(void)
{
	struct kshare_obj *class, *obj;
	pid_t pid;

	check(kshare_dict_set(root, kshare_str("hosts"), kshare_int(0)) >= 0);
	pid = start(false, 3);
	until_hosts(1);
	check(kshare_class_register(k, &def, 0, &cls) == -EEXIST);
	check(kshare_class_open(domain, "Nothing", 0, &class) == -ENOENT);
	check(kshare_class_open(domain, "Thing", 0, &class) == 0);
	obj = made_by(class, 5);
	test_description(class, obj);
	test_calls(obj);
	test_large(obj);
	test_errors(obj);
	test_later(obj);
	test_instances(class, obj);
	test_fields(obj);
	test_masks(obj);
	check(kshare_call_create(class, KSHARE_ARGS(kshare_int(-1)), SOON, &r) ==
	      KSHARE_ANSWER_RAISED);
	check(kshare_call(obj, "leave", KSHARE_NO_ARGS, SOON, NULL) == 0);
	ended(pid, 9);
	kshare_unref(obj);
	kshare_unref(class);

	/* The class has lost its host: another one takes its name. */
	pid = start(false, 1);
	until_hosts(2);
	check(kshare_class_open(domain, "Thing", 0, &class) == 0);
	obj = made_by(class, 5);
	check(kshare_call(obj, "unregister", KSHARE_NO_ARGS, SOON, NULL) == 0);
	ended(pid, 9);
	check(kshare_class_list(domain, NULL, &r) == 0);
	kshare_unref(obj);
	kshare_unref(class);
}

int main(void)
{
	int err;

	err = kshare_connect(NULL, &k);
	if (err) {
		printf("skipped: %s: %s\n", KSHARE_DEVICE, kshare_strerror(err));
		return 77;
	}
	check(kshare_has_feature(k, KSHARE_FEATURE_CLASSES));
	check(kshare_domain(k, &domain) == 0 && kshare_domain_root(domain, 0, &root) == 0);
	test_serve();
	test_threads();
	test_two_processes();
	test_adoption();
	kshare_reply_free(r);
	r = NULL;
	check(kshare_dict_clear(root) == 0);
	check(kshare_domain_collect(domain) >= 0);
	check(stat_of(domain).length == 1);
	kshare_unref(root);
	kshare_unref(domain);
	kshare_disconnect(k);
	return 0;
}
