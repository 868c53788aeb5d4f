// SPDX-License-Identifier: LGPL-2.1-or-later OR MIT
/*
 * Classes and calls over an engine that only pretends, as in test-engine.c: what the
 * library asks the kernel for, and how often.
 */
#include <pthread.h>
#include <sys/wait.h>
#include <unistd.h>

#include "internal.h"
#include "test.h"

#define CLASS		20
#define INSTANCE	30	/* and those behind it */

/**
 * struct fake - an engine with a class and one who calls
 * @engine: first
 * @lock: for all of it: the library may have threads
 * @need: bytes that an answer needs
 * @called: commands of each kind
 * @info: what was registered
 * @info_len: bytes of it
 * @instances: made so far
 * @serve: what the next SERVEs give; 0: -EAGAIN, or they wait to be canceled
 * @served: how many of them were given
 * @number: what an ABANDONED is about
 * @refuse: what REPLY says
 * @answer: what it was given
 * @last: the last command
 * @canceled: a cancel has come
 */
struct fake {
	struct kshare_engine engine;
	pthread_mutex_t lock;
	size_t need;
	unsigned int called[KSHARE_OP_CELL_GET];
	unsigned char info[4096];
	uint32_t info_len;
	unsigned int instances;
	int serve[8];
	unsigned int served;
	uint64_t number;
	int refuse;
	struct kshare_value answer;
	char answer_bytes[256];
	struct kshare_cmd last;
	bool canceled;
};

static struct fake fake;

static struct kshare_result *result_of(struct kshare_cmd *cmd)
{
	struct kshare_result *r = (void *)(uintptr_t)cmd->out;

	if (r)
		memset(r, 0, sizeof(*r));
	return r;
}

static int fake_describe(struct fake *f, struct kshare_cmd *cmd)
{
	struct kshare_result *r = result_of(cmd);

	if (cmd->out_len < f->info_len + 100) {
		r->number = f->info_len + 100;
		return -ENOBUFS;
	}
	r->count = 2;
	r->number = 1;
	r->values[0] = kshare_str("Fake");
	memcpy(&r->values[2], f->info, f->info_len);
	r->values[1] = kshare_bytes(&r->values[2], f->info_len);
	return 1;
}

/* An answer that fits only a larger buffer. */
static int fake_answer(struct fake *f, struct kshare_cmd *cmd)
{
	struct kshare_result *r = result_of(cmd);

	if (!r)
		return KSHARE_ANSWER_STOP;
	if (cmd->out_len < f->need) {
		r->number = f->need;
		return -ENOBUFS;
	}
	r->count = 1;
	r->number = 3;
	r->values[0] = kshare_int(42);
	return KSHARE_ANSWER_VALUE;
}

static int fake_serve(struct fake *f, struct kshare_cmd *cmd)
{
	struct kshare_result *r = result_of(cmd);
	int what, i;

	while (!f->serve[f->served]) {
		if (cmd->flags & KSHARE_NOWAIT)
			return -EAGAIN;
		if (f->canceled)
			return -ECANCELED;
		pthread_mutex_unlock(&f->lock);
		usleep(1000);
		pthread_mutex_lock(&f->lock);
	}
	if (cmd->out_len < f->need) {
		r->number = f->need;
		return -ENOBUFS;
	}
	what = f->serve[f->served++];
	if (what < 0)
		return what;
	r->count = KSHARE_SERVED_ARGS + 1;
	for (i = 0; i <= KSHARE_SERVED_ARGS; i++)
		r->values[i] = kshare_int(0);
	r->values[KSHARE_SERVED_COOKIE].u = 0x7777;
	r->values[KSHARE_SERVED_ID].u = INSTANCE;
	r->values[KSHARE_SERVED_UID].u = 1000 | 100ULL << 32;
	if (what != KSHARE_SERVE_RELEASE)
		r->number = 11;
	if (what == KSHARE_SERVE_ABANDONED)
		r->number = f->number;
	return what;
}

static int fake_reply(struct fake *f, struct kshare_cmd *cmd)
{
	int refuse = f->refuse;

	f->refuse = 0;
	if (refuse)
		return refuse;
	f->answer = cmd->value;
	if (cmd->value.type >= KSHARE_STR && !cmd->value.inline_len && cmd->value.len)
		memcpy(f->answer_bytes, (void *)(uintptr_t)cmd->value.ptr,
		       cmd->value.len < sizeof(f->answer_bytes) ? cmd->value.len :
								  sizeof(f->answer_bytes));
	return 0;
}

static int run(struct fake *f, struct kshare_cmd *cmd)
{
	int ret;

	f->last = *cmd;
	if (cmd->op < ARRAY_SIZE(f->called))
		f->called[cmd->op]++;
	switch (cmd->op) {
	case KSHARE_OP_CLASS_REGISTER:
		f->info_len = cmd->value.len;
		check(cmd->value.len <= sizeof(f->info));
		memcpy(f->info, (void *)(uintptr_t)cmd->value.ptr, cmd->value.len);
		return CLASS;
	case KSHARE_OP_CLASS_DESCRIBE:
		return fake_describe(f, cmd);
	case KSHARE_OP_INSTANCE_CREATE:
	case KSHARE_OP_INSTANCE_OPEN:
		return INSTANCE + (int)f->instances++;
	case KSHARE_OP_STAT:
		((struct kshare_stat *)(uintptr_t)cmd->out)->id = cmd->handle;
		((struct kshare_stat *)(uintptr_t)cmd->out)->token = 2;
		return 0;
	case KSHARE_OP_DUP:
		return 40;
	case KSHARE_OP_CALL:
		return cmd->flags & KSHARE_ONEWAY ? 0 : fake_answer(f, cmd);
	case KSHARE_OP_CALL_RESULT:
		return fake_answer(f, cmd);
	case KSHARE_OP_REPLY:
		return fake_reply(f, cmd);
	case KSHARE_OP_REPLY_AND_SERVE:
		ret = fake_reply(f, cmd);
		return ret ? ret : fake_serve(f, cmd);
	case KSHARE_OP_SERVE:
		return fake_serve(f, cmd);
	case KSHARE_OP_CANCEL:
		f->canceled = true;
		return 1;
	case KSHARE_OP_CLOSE:
	case KSHARE_OP_CLASS_UNREGISTER:
		return 0;
	default:
		return -ENOTTY;
	}
}

static int fake_submit(struct kshare_engine *engine, struct kshare_cmd *cmd)
{
	struct fake *f = (struct fake *)engine;
	int ret;

	pthread_mutex_lock(&f->lock);
	ret = run(f, cmd);
	pthread_mutex_unlock(&f->lock);
	return ret;
}

static int fake_submit_batch(struct kshare_engine *engine, struct kshare_batch *batch)
{
	struct kshare_cmd *cmds = (void *)(uintptr_t)batch->cmds;
	int32_t *results = (void *)(uintptr_t)batch->results;

	for (batch->done = 0; batch->done < batch->count; batch->done++) {
		results[batch->done] = fake_submit(engine, &cmds[batch->done]);
		if (results[batch->done] < 0 && !(batch->flags & KSHARE_BATCH_RUN_ON))
			return results[batch->done];
	}
	return 0;
}

static int fake_query(struct kshare_engine *engine, struct kshare_query *q)
{
	(void)engine;
	q->op_count = 0;
	q->domain = 1;
	return 0;
}

/* The child has no thread that would release it. */
static int fake_fork_prepare(struct kshare_engine *engine)
{
	pthread_mutex_lock(&((struct fake *)engine)->lock);
	return 0;
}

static void fake_fork_parent(struct kshare_engine *engine)
{
	pthread_mutex_unlock(&((struct fake *)engine)->lock);
}

static int fake_fork_child(struct kshare_engine *engine, bool inherit)
{
	pthread_mutex_unlock(&((struct fake *)engine)->lock);
	check(inherit);
	return 0;
}

static void fake_close(struct kshare_engine *engine)
{
	(void)engine;
}

static const struct kshare_engine_ops fake_ops = {
	.submit = fake_submit,
	.submit_batch = fake_submit_batch,
	.query = fake_query,
	.fork_prepare = fake_fork_prepare,
	.fork_parent = fake_fork_parent,
	.fork_child = fake_fork_child,
	.close = fake_close,
};

static struct kshare *setup(void)
{
	struct kshare *k;

	memset(&fake, 0, sizeof(fake));
	fake.engine.ops = &fake_ops;
	pthread_mutex_init(&fake.lock, NULL);
	check(ks_client_new(&fake.engine, 0, &k) == 0);
	return k;
}

/* ---- a class ---- */

static int went, told;

static int method(struct kshare_call *call)
{
	char text[100];

	memset(text, 'a', sizeof(text));
	check(kshare_call_uid(call) == 1000 && kshare_call_gid(call) == 100);
	check(kshare_call_cookie(call) == 0x7777 && !strcmp(kshare_call_ptr(call), "pointer"));
	/* On this stack, which is gone when it is given. */
	check(kshare_return(call, kshare_strn(text, sizeof(text))) == 0);
	memset(text, 'b', sizeof(text));
	return 0;
}

static void release(struct kshare_class *cls, uint64_t id, uint64_t cookie, void *ptr)
{
	check(kshare_class_data(cls) == &went && id == INSTANCE && cookie == 0x7777);
	check(!strcmp(ptr, "pointer"));
	went++;
}

static void was_abandoned(struct kshare_call *call)
{
	check(kshare_call_abandoned(call));
	told++;
}

static const struct kshare_method methods[] = {
	{ "first", method, NULL, KSHARE_METHOD_EXPOSED, 0 },
	{ "second", NULL, "Fake", 0, 0 },
};

static const struct kshare_field fields[] = {
	{ "x", KSHARE_TAKES(KSHARE_INT) | KSHARE_TAKES(KSHARE_FLOAT), KSHARE_CLASS_READ_ONLY },
};

static struct kshare_class_def def = {
	.size = sizeof(def),
	.name = "Fake",
	.methods = methods,
	.method_count = ARRAY_SIZE(methods),
	.fields = fields,
	.field_count = ARRAY_SIZE(fields),
	.flags = KSHARE_CLASS_SERIAL,
	.release = release,
	.abandoned = was_abandoned,
	.data = &went,
};

static void test_register(void)
{
	static const char long_name[] =
		"a name of more than sixty-three bytes, which is more than there is room for";
	struct kshare_class_def bad = def;
	struct kshare_class_method *m;
	struct kshare_class_field *f;
	struct kshare_class_info *info;
	struct kshare *k = setup();
	struct kshare_class *cls;

	check(kshare_class_register(k, &def, KSHARE_NO_INHERIT, &cls) == 0);
	check(fake.called[KSHARE_OP_CLASS_REGISTER] == 1 && kshare_class_token(cls) == 2);
	info = (void *)fake.info;
	m = (void *)(info + 1);
	f = (void *)(m + 2);
	check(fake.info_len == sizeof(*info) + 2 * sizeof(*m) + sizeof(*f));
	check(info->flags == KSHARE_CLASS_SERIAL && info->methods == 2 && info->fields == 1);
	check(!strcmp((char *)m[0].name, "first") && m[0].flags == KSHARE_METHOD_EXPOSED);
	check(!strcmp((char *)m[1].result, "Fake") && !m[1].flags && !m[0].result[0]);
	check(!strcmp((char *)f->name, "x") && f->types == (1 << KSHARE_INT | 1 << KSHARE_FLOAT));
	check(f->flags == KSHARE_CLASS_READ_ONLY);
	kshare_class_free(cls);
	kshare_class_free(NULL);
	check(fake.called[KSHARE_OP_CLOSE] == 1);

	bad.size--;
	check(kshare_class_register(k, &bad, 0, &cls) == -EINVAL);
	bad = def;
	bad.reserved = 1;
	check(kshare_class_register(k, &bad, 0, &cls) == -EINVAL);
	bad = def;
	bad.method_count = KSHARE_MAX_METHODS + 1;
	check(kshare_class_register(k, &bad, 0, &cls) == -E2BIG);
	bad = def;
	bad.methods = (struct kshare_method[]){ { .name = long_name } };
	bad.method_count = 1;
	check(kshare_class_register(k, &bad, 0, &cls) == -E2BIG);
	check(fake.called[KSHARE_OP_CLASS_REGISTER] == 1);
	kshare_disconnect(k);
}

static void test_call(void)
{
	struct kshare_cmds *batch;
	struct kshare_reply *r = NULL;
	struct kshare_obj *obj, *dup;
	const char *names[2] = { "second", "first" };
	struct kshare *k = setup();
	struct kshare_class *cls;
	uint64_t tag;
	int64_t n;

	check(kshare_class_register(k, &def, 0, &cls) == 0);
	check(kshare_from_handle(k, INSTANCE, &obj) == 0);

	/* The names are asked for once, and known to those that are made of it. */
	check(kshare_call(obj, "second", KSHARE_NO_ARGS, KSHARE_FOREVER, &r) == 0);
	check(fake.last.op == KSHARE_OP_CALL && fake.last.nr == 1 && fake.last.tag >> 63);
	check(fake.last.value.type == KSHARE_NONE);
	tag = fake.last.tag;
	check(kshare_call(obj, "first", KSHARE_ARGS(kshare_int(1)), 99, &r) == 0);
	check(fake.last.nr == 0 && fake.last.tag != tag && fake.last.deadline == 99);
	check(fake.last.value.type == KSHARE_INT);
	check(kshare_call(obj, "third", KSHARE_NO_ARGS, KSHARE_FOREVER, &r) == -ENOENT);
	check(kshare_dup_methods(obj, 0, names, 2, KSHARE_NO_INHERIT, &dup) == 0);
	check(fake.last.value.u == 3 && fake.last.flags == (KSHARE_METHODS | KSHARE_NO_INHERIT));
	check(kshare_method(dup, "second") == 1);
	check(fake.called[KSHARE_OP_CLASS_DESCRIBE] == 1);
	kshare_unref(dup);
	check(kshare_call_oneway(obj, "first", KSHARE_ARGS(kshare_int(1), kshare_none())) == 0);
	check(fake.last.flags == KSHARE_ONEWAY && !fake.last.tag && !fake.last.out);
	check(fake.last.value.type == KSHARE_VECTOR && fake.last.value.len == 2);
	check(kshare_call_nr(obj, 0, KSHARE_ARGS(kshare_none()), KSHARE_FOREVER, NULL) ==
	      KSHARE_ANSWER_STOP);
	check(fake.last.value.type == KSHARE_VECTOR && fake.last.value.len == 1);

	/* An answer that does not fit is fetched, not called for. */
	fake.need = 5000;
	fake.called[KSHARE_OP_CALL] = 0;
	check(kshare_call(obj, "first", KSHARE_NO_ARGS, KSHARE_FOREVER, &r) == 0);
	check(kshare_reply_int(r, 0, &n) == 0 && n == 42 && kshare_reply_number(r) == 3);
	check(fake.called[KSHARE_OP_CALL] == 1 && fake.called[KSHARE_OP_CALL_RESULT] == 1);
	check(fake.last.key.u >> 63 && fake.last.nr == 0 && !fake.last.tag);
	/* One that there is no room for is given up. */
	fake.need = (size_t)KSHARE_MAX_OUT + 1;
	check(kshare_call(obj, "first", KSHARE_NO_ARGS, KSHARE_FOREVER, &r) == -ENOBUFS);
	check(fake.called[KSHARE_OP_CALL] == 2 && fake.called[KSHARE_OP_CALL_RESULT] == 2);
	check(!fake.last.out);

	fake.need = 9000;
	check(kshare_batch_new(k, 0, &batch) == 0);
	kshare_prep_call(kshare_batch_ask(batch), obj, 0, KSHARE_NO_ARGS, KSHARE_FOREVER);
	kshare_prep_call(kshare_batch_ask(batch), obj, 0, KSHARE_NO_ARGS, KSHARE_FOREVER);
	check(kshare_batch_run(batch) == 0);
	check(fake.called[KSHARE_OP_CALL] == 4 && fake.called[KSHARE_OP_CALL_RESULT] == 4);
	check(kshare_reply_number(kshare_batch_reply(batch, 1)) == 3);
	/* The replies have the room now, and the commands are calls again. */
	check(kshare_batch_run(batch) == 0 && fake.called[KSHARE_OP_CALL] == 6);
	check(fake.called[KSHARE_OP_CALL_RESULT] == 4);
	kshare_batch_free(batch);

	kshare_reply_free(r);
	kshare_unref(obj);
	kshare_class_free(cls);
	kshare_disconnect(k);
}

static void test_again(void)
{
	struct kshare_cmd cmd;

	kshare_prep_call_result(&cmd, 5);
	check(cmd.op == KSHARE_OP_CALL_RESULT && cmd.key.u == 5);
	memset(&cmd, 0, sizeof(cmd));
	cmd.op = KSHARE_OP_REPLY_AND_SERVE;
	cmd.handle = 7;
	cmd.tag = 8;
	cmd.deadline = 9;
	cmd.key = kshare_int(10);
	cmd.value = kshare_int(11);
	cmd.out = 12;
	cmd.out_len = 13;
	cmd.nr = 1;
	kshare_prep_again(&cmd);
	check(cmd.op == KSHARE_OP_SERVE && cmd.handle == 7 && cmd.tag == 8 && cmd.deadline == 9);
	check(!cmd.key.type && !cmd.value.type && cmd.out == 12 && cmd.out_len == 13 && !cmd.nr);
	kshare_prep_nop(&cmd);
	kshare_prep_again(&cmd);
	check(cmd.op == KSHARE_OP_NOP);
}

static void test_serve(void)
{
	struct kshare_reply *r = NULL;
	struct kshare *k = setup();
	struct kshare_class *cls;
	struct kshare_call *call;
	struct kshare_obj *obj;
	struct kshare_cmd cmd;
	struct kshare_value none = kshare_none();

	check(kshare_class_register(k, &def, 0, &cls) == 0);
	check(kshare_instance_create(cls, 0x7777, "pointer", 0, &obj) == 0);
	check(kshare_serve(cls, KSHARE_TRY) == -EAGAIN);

	fake.serve[0] = KSHARE_SERVE_CALL;
	check(kshare_serve(cls, KSHARE_TRY) == KSHARE_SERVE_CALL);
	check(fake.called[KSHARE_OP_REPLY] == 1 && fake.last.key.u == 11 && !fake.last.nr);
	check(fake.answer.len == 100);
	check(fake.answer_bytes[0] == 'a' && fake.answer_bytes[99] == 'a');

	/* What the kernel refuses is told to who called. */
	fake.serve[1] = KSHARE_SERVE_CALL;
	fake.refuse = -EINVAL;
	check(kshare_serve(cls, KSHARE_TRY) == KSHARE_SERVE_CALL);
	check(fake.called[KSHARE_OP_REPLY] == 3 && fake.last.nr == KSHARE_ANSWER_RAISED);

	/* By hand: the call outlives the method, and is answered once. */
	fake.serve[2] = KSHARE_SERVE_CALL;
	fake.serve[3] = KSHARE_SERVE_ABANDONED;
	fake.served = 2;
	kshare_prep_serve(&cmd, kshare_class_obj(cls), KSHARE_TRY);
	check(kshare_served(cls, &r, kshare_submit(k, &cmd, &r), &call) == KSHARE_SERVE_CALL);
	check(call && !r && kshare_call_count(call) == 1 && kshare_call_number(call) == 11);
	check(kshare_call_keep(call) == call);
	check(!kshare_call_abandoned(call));
	/* First another call, which this host does not have */
	fake.serve[4] = KSHARE_SERVE_ABANDONED;
	fake.number = 12;
	check(kshare_serve(cls, KSHARE_TRY) == KSHARE_SERVE_ABANDONED && !told);
	fake.number = 11;
	check(kshare_serve(cls, KSHARE_TRY) == KSHARE_SERVE_ABANDONED && told == 1);
	check(kshare_call_abandoned(call));
	check(kshare_raise(call, 5, "text", kshare_int(6)) == 0);
	check(fake.answer.codec == KSHARE_CODEC_ERROR);
	check(kshare_return(call, none) == -EALREADY);
	check(kshare_prep_answer(&cmd, call, true, KSHARE_FOREVER) == 0);
	kshare_call_put(call);
	fake.called[KSHARE_OP_REPLY] = 0;
	kshare_call_put(call);
	check(!fake.called[KSHARE_OP_REPLY]);
	kshare_call_put(NULL);

	/* The answer and the next: one command. */
	fake.served = 0;
	fake.serve[1] = KSHARE_SERVE_RELEASE;
	fake.serve[2] = 0;
	kshare_prep_serve(&cmd, kshare_class_obj(cls), KSHARE_FOREVER);
	check(kshare_served(cls, &r, kshare_submit(k, &cmd, &r), &call) == KSHARE_SERVE_CALL);
	kshare_call_run(call);
	check(kshare_prep_answer(&cmd, call, true, KSHARE_FOREVER) == 1);
	check(cmd.op == KSHARE_OP_REPLY_AND_SERVE && cmd.key.u == 11);
	/* It does not fit: the answer was given all the same. */
	fake.need = 5000;
	fake.called[KSHARE_OP_SERVE] = 0;
	check(kshare_submit(k, &cmd, &r) == KSHARE_SERVE_RELEASE);
	check(fake.called[KSHARE_OP_REPLY_AND_SERVE] == 1 && fake.called[KSHARE_OP_SERVE] == 1);
	kshare_call_put(call);
	check(kshare_served(cls, &r, KSHARE_SERVE_RELEASE, &call) == KSHARE_SERVE_RELEASE);
	check(went == 1 && !call);
	check(kshare_served(cls, &r, -ESHUTDOWN, &call) == -ESHUTDOWN && !call);

	/* Nobody answers: the last reference does. */
	fake.served = 0;
	fake.need = 0;
	kshare_prep_serve(&cmd, kshare_class_obj(cls), KSHARE_FOREVER);
	check(kshare_served(cls, &r, kshare_submit(k, &cmd, &r), &call) == KSHARE_SERVE_CALL);
	kshare_call_put(call);
	check(fake.last.op == KSHARE_OP_REPLY && fake.last.nr == KSHARE_ANSWER_RAISED);

	kshare_reply_free(r);
	kshare_unref(obj);
	kshare_class_free(cls);
	kshare_disconnect(k);
}

static unsigned int served(void)
{
	unsigned int n;

	pthread_mutex_lock(&fake.lock);
	n = fake.served;
	pthread_mutex_unlock(&fake.lock);
	return n;
}

static void test_loop(void)
{
	struct kshare *k = setup();
	struct kshare_class *cls;
	struct kshare_obj *obj;
	pid_t pid;
	int status;

	check(kshare_class_register(k, &def, 0, &cls) == 0);
	check(kshare_instance_create(cls, 0x7777, "pointer", 0, &obj) == 0);
	fake.serve[0] = KSHARE_SERVE_CALL;
	fake.serve[1] = KSHARE_SERVE_CALL;
	fake.serve[2] = KSHARE_SERVE_CALL;
	check(kshare_serve_loop(cls, 0) == -EINVAL);
	check(kshare_serve_start(cls, 2) == 0);
	while (served() < 3)
		usleep(100);
	/* The child has no threads, and must not wait for them, or for their locks. */
	pid = fork();
	if (!pid) {
		kshare_serve_stop(cls);
		check(kshare_serve_join(cls) == -EPERM);
		kshare_class_free(cls);
		_exit(5);
	}
	check(waitpid(pid, &status, 0) == pid && WEXITSTATUS(status) == 5);
	kshare_serve_stop(cls);
	check(kshare_serve_join(cls) == 0);
	check(fake.called[KSHARE_OP_REPLY_AND_SERVE] + fake.called[KSHARE_OP_REPLY] == 3);

	/* Stopped before it began, it ends at once; then it can be begun again. */
	fake.canceled = false;
	kshare_serve_stop(cls);
	check(kshare_serve_loop(cls, 2) == 0);
	fake.serve[3] = -ESHUTDOWN;
	check(kshare_serve_loop(cls, 3) == -ESHUTDOWN);
	kshare_unref(obj);
	kshare_class_free(cls);
	kshare_disconnect(k);
}

/* ---- what a proxy has for itself ---- */

static void test_locals(void)
{
	struct kshare *k = setup();
	struct kshare_obj *a, *b;
	struct kshare_value v;
	char text[] = "longer than eight bytes";
	int64_t n;
	pid_t pid;
	int status;

	check(kshare_from_handle(k, 50, &a) == 0 && kshare_from_handle(k, 50, &b) == 0);
	check(!kshare_user(a));
	kshare_set_user(a, text);
	check(kshare_user(a) == text && !kshare_user(b));

	check(kshare_local_get(a, "x", &v) == -ENOENT && kshare_local_delete(a, "x") == -ENOENT);
	check(kshare_local_set(a, "x", kshare_int(5)) == 0);
	check(kshare_local_set(a, "text", kshare_str(text)) == 0);
	check(kshare_local_set(a, "short", kshare_str("short")) == 0);
	text[0] = 'L';
	check(kshare_local_get(a, "text", &v) == 0 && v.len == strlen(text));
	check(!memcmp(kshare_value_data(&v, NULL), "longer", 6));
	check(kshare_local_get(a, "short", &v) == 0);
	check(!memcmp(kshare_value_data(&v, NULL), "short", 5));
	check(kshare_local_get(b, "x", &v) == -ENOENT);
	check(kshare_local_set(a, "x", kshare_int(6)) == 0);
	check(kshare_local_get(a, "x", &v) == 0 && kshare_value_int(&v, &n) == 0 && n == 6);
	check(kshare_local_set(a, "x", kshare_ref(b)) == -EDOM);
	check(kshare_local_set(a, "x", kshare_vector(NULL, 0)) == -EDOM);
	check(kshare_local_delete(a, "text") == 0 && kshare_local_get(a, "text", &v) == -ENOENT);
	check(kshare_local_get(a, "x", &v) == 0 && kshare_local_get(a, "short", &v) == 0);

	pid = fork();
	if (!pid) {
		check(kshare_local_get(a, "x", &v) == 0 && v.i == 6);
		check(kshare_local_set(a, "x", kshare_int(7)) == 0);
		_exit(5);
	}
	check(waitpid(pid, &status, 0) == pid && WEXITSTATUS(status) == 5);
	check(kshare_local_get(a, "x", &v) == 0 && v.i == 6);
	kshare_unref(a);
	kshare_unref(b);
	kshare_disconnect(k);
}

int main(void)
{
	errno = 4711;
	test_register();
	test_call();
	test_again();
	test_serve();
	check(errno == 4711);
	test_loop();
	test_locals();
	return 0;
}
