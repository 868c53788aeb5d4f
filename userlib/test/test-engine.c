// SPDX-License-Identifier: LGPL-2.1-or-later OR MIT
/*
 * Clients, proxies, replies, batches and fork over an engine that only pretends:
 * what the library does with what an engine answers.
 */
#include <sys/wait.h>
#include <unistd.h>

#include "internal.h"
#include "test.h"

/**
 * struct fake - an engine that has one list of bytes and references
 * @engine: first
 * @need: bytes that the result of LIST_GET needs
 * @calls: commands, alone or in batches
 * @batches: batches
 * @opened: handles given out
 * @closed: handles given back
 * @fail_clone: what to answer to the next fork
 * @forks: in the child: 1 if it took over, 2 if it was told not to
 */
struct fake {
	struct kshare_engine engine;
	size_t need;
	unsigned int calls;
	unsigned int batches;
	unsigned int opened;
	unsigned int closed;
	int fail_clone;
	int forks;
};

static bool engine_closed;

/* Two references and an encoded value that carries two more. */
static int fake_get(struct fake *f, struct kshare_cmd *cmd)
{
	struct kshare_result *r = (void *)(uintptr_t)cmd->out;
	uint32_t *tail;
	int i;

	if (!r)
		return 0;
	if (cmd->out_len < f->need) {
		r->number = f->need;
		return -ENOBUFS;
	}
	memset(r, 0, sizeof(*r) + 3 * sizeof(r->values[0]));
	r->count = 3;
	r->number = 17;
	tail = (void *)&r->values[3];
	for (i = 0; i < 2; i++) {
		r->values[i].type = KSHARE_REF;
		r->values[i].len = KSHARE_TYPE_DICT;
		r->values[i].ref.handle = 100 + f->opened++;
		r->values[i].ref.rights = KSHARE_RIGHT_ALL;
	}
	r->values[2].type = KSHARE_ENCODED;
	r->values[2].flags = KSHARE_VF_REFS;
	r->values[2].len = 16;
	r->values[2].ptr = (uintptr_t)tail;
	tail[0] = 2;
	tail[1] = 100 + f->opened++;
	tail[2] = 100 + f->opened++;
	memcpy(&tail[3], "data", 4);
	return 3;
}

static int fake_submit(struct kshare_engine *engine, struct kshare_cmd *cmd)
{
	struct fake *f = (struct fake *)engine;

	f->calls++;
	if (cmd->size != sizeof(*cmd))
		return -EINVAL;
	switch (cmd->op) {
	case KSHARE_OP_CREATE:
		f->opened++;
		return 50;
	case KSHARE_OP_CLOSE:
		f->closed++;
		return 0;
	case KSHARE_OP_LIST_GET:
		return fake_get(f, cmd);
	case KSHARE_OP_NOP:
		return 0;
	default:
		return -ENOTTY;
	}
}

static int fake_submit_batch(struct kshare_engine *engine, struct kshare_batch *batch)
{
	struct fake *f = (struct fake *)engine;
	struct kshare_cmd *cmds = (void *)(uintptr_t)batch->cmds;
	int32_t *results = (void *)(uintptr_t)batch->results;

	f->batches++;
	if (batch->count > 4)
		return -E2BIG;
	for (batch->done = 0; batch->done < batch->count; batch->done++) {
		results[batch->done] = fake_submit(engine, &cmds[batch->done]);
		if (results[batch->done] < 0 && !(batch->flags & KSHARE_BATCH_RUN_ON))
			return results[batch->done];
	}
	return 0;
}

static int fake_query(struct kshare_engine *engine, struct kshare_query *q)
{
	uint32_t (*rows)[2] = (void *)(uintptr_t)q->ops;
	uint32_t i;

	(void)engine;
	/* More than the library makes room for at first. */
	for (i = 0; i < 300 && i < q->op_count; i++)
		rows[i][0] = i < 299 ? i : KSHARE_OP_LIST_GET;
	q->op_count = 300;
	q->domain = 1;
	q->max_batch = 4;
	return 0;
}

static int fake_fork_prepare(struct kshare_engine *engine)
{
	return ((struct fake *)engine)->fail_clone;
}

static void fake_fork_parent(struct kshare_engine *engine)
{
	check(((struct fake *)engine)->fail_clone == 0);
}

static int fake_fork_child(struct kshare_engine *engine, bool inherit)
{
	((struct fake *)engine)->forks = inherit ? 1 : 2;
	return 0;
}

static void fake_close(struct kshare_engine *engine)
{
	(void)engine;
	engine_closed = true;
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

static struct fake fake;

static struct kshare *setup(uint32_t flags)
{
	struct kshare *k;

	memset(&fake, 0, sizeof(fake));
	fake.engine.ops = &fake_ops;
	engine_closed = false;
	check(ks_client_new(&fake.engine, flags, &k) == 0);
	return k;
}

static void test_operations_are_known(void)
{
	struct kshare *k = setup(0);

	check(kshare_has_op(k, 298));
	check(kshare_has_op(k, KSHARE_OP_LIST_GET));
	check(!kshare_has_op(k, 500));
	check(!kshare_has_op(k, UINT32_MAX));
	kshare_disconnect(k);
	check(engine_closed);
}

static void test_last_reference_closes(void)
{
	struct kshare *k = setup(0);
	struct kshare_obj *list, *domain;

	check(kshare_list_create(k, 0, &list) == 0);
	check(kshare_handle(list) == 50 && kshare_type(list) == KSHARE_TYPE_LIST);
	check(kshare_hold(list) == list);
	kshare_unref(list);
	check(fake.closed == 0);
	/* The proxy keeps the client. */
	kshare_disconnect(k);
	check(!engine_closed);
	kshare_unref(list);
	check(fake.closed == 1 && engine_closed);

	k = setup(0);
	check(kshare_domain(k, &domain) == 0);
	kshare_unref(domain);
	check(fake.closed == 0);
	kshare_disconnect(k);
	kshare_unref(NULL);
	kshare_disconnect(NULL);
	kshare_reply_free(NULL);
	kshare_batch_free(NULL);
}

static void test_reply_grows_and_owns(void)
{
	struct kshare *k = setup(0);
	struct kshare_reply *r = NULL;
	struct kshare_obj *list, *a, *b, *c;

	check(kshare_list_create(k, 0, &list) == 0);
	fake.need = 5000;
	fake.calls = 0;
	check(kshare_list_get(list, 0, &r) == 3);
	check(fake.calls == 2 && kshare_reply_count(r) == 3 && kshare_reply_number(r) == 17);
	/* In order and out of it; twice is once. */
	check(kshare_reply_ref(r, 2, 1, &c) == 0 && kshare_handle(c) == 104);
	check(kshare_reply_obj(r, 0, &a) == 0 && kshare_handle(a) == 101);
	check(kshare_reply_obj(r, 0, &b) == 0 && a == b);
	check(kshare_type(a) == KSHARE_TYPE_DICT);
	kshare_unref(b);
	check(kshare_reply_obj(r, 2, &b) == -EDOM);
	check(kshare_reply_obj(r, 3, &b) == -ENOENT);
	check(kshare_reply_ref(r, 0, 0, &b) == -EDOM);
	check(kshare_reply_ref(r, 2, 2, &b) == -ERANGE);
	check(kshare_reply_ref_count(r, 2) == 2 && kshare_reply_ref_count(r, 1) == 0);
	/* Good as an argument. */
	check(kshare_reply_value(r, 0)->len == 0);

	/* Two of the four were taken: the next use closes the others, in one batch. */
	check(fake.batches == 0);
	check(kshare_list_get(list, 0, &r) == 3);
	check(fake.closed == 2 && fake.batches == 1);
	kshare_reply_free(r);
	check(fake.closed == 6);
	kshare_unref(a);
	kshare_unref(c);
	check(fake.closed == 8);
	kshare_unref(list);
	check(fake.closed == fake.opened);

	/* More than a result may be is an error, and not for ever. */
	r = NULL;
	check(kshare_list_create(k, 0, &list) == 0);
	fake.need = (size_t)KSHARE_MAX_OUT + 1;
	check(kshare_list_get(list, 0, &r) == -ENOBUFS);
	check(kshare_reply_count(r) == 0 && !kshare_reply_value(r, 0));
	kshare_reply_free(r);
	kshare_unref(list);
	kshare_disconnect(k);
	check(engine_closed);
}

static void test_reply_reserve(void)
{
	struct kshare *k = setup(0);
	struct kshare_reply *r = NULL;
	struct kshare_obj *list;

	check(kshare_reply_reserve(&r, 100000) == 0);
	check(kshare_reply_reserve(&r, (size_t)KSHARE_MAX_OUT + 1) == -E2BIG);
	check(kshare_list_create(k, 0, &list) == 0);
	fake.need = 100000;
	fake.calls = 0;
	check(kshare_list_get(list, 0, &r) == 3 && fake.calls == 1);
	kshare_reply_free(r);
	kshare_unref(list);
	kshare_disconnect(k);
}

static void test_batch(void)
{
	struct kshare *k = setup(0);
	struct kshare_cmds *b;
	struct kshare_obj *list;
	int i;

	/* More than one call takes; replies that grow; where it stops. */
	check(kshare_list_create(k, 0, &list) == 0);
	check(kshare_batch_new(k, 0, &b) == 0);
	check(kshare_batch_run(b) == 0 && fake.batches == 0);
	for (i = 0; i < 10; i++)
		kshare_prep_list_get(kshare_batch_ask(b), list, i);
	fake.need = 5000;
	check(kshare_batch_run(b) == 0);
	check(kshare_batch_count(b) == 10 && kshare_batch_done(b) == 10);
	for (i = 0; i < 10; i++) {
		check(kshare_batch_result(b, i) == 3);
		check(kshare_reply_count(kshare_batch_reply(b, i)) == 3);
	}
	check(kshare_batch_result(b, 10) == -ERANGE && !kshare_batch_reply(b, 10));
	check(kshare_batch_run(b) == 0);
	kshare_batch_clear(b);
	check(fake.closed == 80);

	kshare_prep_nop(kshare_batch_add(b));
	kshare_prep_list_len(kshare_batch_add(b), list);
	kshare_prep_nop(kshare_batch_add(b));
	check(kshare_batch_run(b) == -ENOTTY && kshare_batch_done(b) == 1);
	check(kshare_batch_result(b, 0) == 0 && kshare_batch_result(b, 1) == -ENOTTY);
	check(kshare_batch_result(b, 2) == -ECANCELED);
	kshare_batch_free(b);

	/* All or nothing: too many is an error, and a failure undoes the others. */
	check(kshare_batch_new(k, KSHARE_BATCH_ATOMIC, &b) == 0);
	kshare_prep_list_get(kshare_batch_ask(b), list, 0);
	kshare_prep_list_get(kshare_batch_ask(b), list, 1);
	fake.need = 9000;
	check(kshare_batch_run(b) == 0 && kshare_batch_result(b, 1) == 3);
	kshare_batch_clear(b);
	kshare_prep_nop(kshare_batch_add(b));
	kshare_prep_list_len(kshare_batch_add(b), list);
	check(kshare_batch_run(b) == -ENOTTY && kshare_batch_done(b) == 1);
	check(kshare_batch_result(b, 0) == -ECANCELED && kshare_batch_result(b, 1) == -ENOTTY);
	kshare_batch_clear(b);
	for (i = 0; i < 5; i++)
		kshare_prep_nop(kshare_batch_add(b));
	check(kshare_batch_run(b) == -E2BIG);
	kshare_batch_free(b);

	/* To the end: a reply that is too small stays so, and says by how much. */
	check(kshare_batch_new(k, KSHARE_BATCH_RUN_ON, &b) == 0);
	kshare_prep_list_get(kshare_batch_ask(b), list, 0);
	kshare_prep_list_len(kshare_batch_add(b), list);
	kshare_prep_nop(kshare_batch_add(b));
	check(kshare_batch_run(b) == 0 && kshare_batch_done(b) == 3);
	check(kshare_batch_result(b, 0) == -ENOBUFS);
	check(kshare_reply_number(kshare_batch_reply(b, 0)) == 9000);
	check(kshare_reply_count(kshare_batch_reply(b, 0)) == 0);
	check(kshare_batch_result(b, 1) == -ENOTTY && kshare_batch_result(b, 2) == 0);
	kshare_batch_free(b);

	kshare_unref(list);
	kshare_disconnect(k);
	check(engine_closed);
}

static int in_child(int (*fn)(struct kshare *k, struct kshare_obj *obj), struct kshare *k,
		    struct kshare_obj *obj)
{
	pid_t pid = fork();
	int status;

	if (pid == 0)
		_exit(fn(k, obj));
	check(pid > 0 && waitpid(pid, &status, 0) == pid && WIFEXITED(status));
	return WEXITSTATUS(status);
}

static int child_inherits(struct kshare *k, struct kshare_obj *obj)
{
	check(fake.forks == 1);
	check(kshare_client_error(k) == 0 && kshare_nop(k) == 0);
	check(kshare_handle(obj) == 50);
	kshare_unref(obj);
	check(fake.closed == 1);
	return 5;
}

static int child_lost_handle(struct kshare *k, struct kshare_obj *obj)
{
	(void)k;
	/* The number may be another object's here: not to be used, not to be closed. */
	check(kshare_handle(obj) == UINT32_MAX);
	kshare_unref(obj);
	check(fake.closed == 0);
	return 5;
}

static int child_without_clone(struct kshare *k, struct kshare_obj *obj)
{
	check(fake.forks == 2);
	check(kshare_client_error(k) == -EMFILE);
	check(kshare_nop(k) == -ENOTCONN && kshare_fd(k) == -ENOTCONN);
	kshare_unref(obj);
	check(fake.closed == 0);
	/* Nor has its child one. */
	fake.forks = 0;
	if (fork() == 0)
		_exit(kshare_nop(k) == -ENOTCONN && kshare_client_error(k) == -EMFILE &&
		      fake.forks == 0 ? 6 : 1);
	return wait(&fake.forks) > 0 && WEXITSTATUS(fake.forks) == 6 ? 5 : 1;
}

static int child_not_to_inherit(struct kshare *k, struct kshare_obj *obj)
{
	(void)obj;
	check(fake.forks == 2 && kshare_client_error(k) == -EPERM && kshare_nop(k) == -EPERM);
	return 5;
}

static void test_fork(void)
{
	struct kshare *k = setup(0);
	struct kshare_obj *list;

	check(kshare_list_create(k, 0, &list) == 0);
	check(in_child(child_inherits, k, list) == 5);
	check(kshare_nop(k) == 0 && fake.closed == 0);
	fake.fail_clone = -EMFILE;
	check(in_child(child_without_clone, k, list) == 5);
	check(kshare_nop(k) == 0 && kshare_client_error(k) == 0);
	fake.fail_clone = 0;
	kshare_unref(list);
	fake.closed = 0;
	check(kshare_list_create(k, KSHARE_NO_INHERIT, &list) == 0);
	check(in_child(child_lost_handle, k, list) == 5);
	kshare_unref(list);
	check(fake.closed == 1);
	kshare_disconnect(k);

	k = setup(KSHARE_CONNECT_NO_INHERIT);
	check(in_child(child_not_to_inherit, k, NULL) == 5);
	check(kshare_nop(k) == 0);
	kshare_disconnect(k);
}

static void test_options(void)
{
	struct {
		struct kshare_connect_opts opts;
		char more[8];
	} o = { .opts = { .device = "/dev/null" } };
	struct kshare *k;

	check(kshare_connect(&o.opts, &k) == -EINVAL);
	o.opts.size = sizeof(o.opts);
	check(kshare_connect(&o.opts, &k) == -ENOTTY);
	o.opts.size = sizeof(o);
	check(kshare_connect(&o.opts, &k) == -ENOTTY);
	o.more[3] = 1;
	check(kshare_connect(&o.opts, &k) == -E2BIG);
	o.more[3] = 0;
	o.opts.flags = 0x80;
	check(kshare_connect(&o.opts, &k) == -EOPNOTSUPP);
	o.opts.flags = 0;
	o.opts.reserved = 1;
	check(kshare_connect(&o.opts, &k) == -EINVAL);
	o.opts.reserved = 0;
	o.opts.device = "/nonexistent";
	check(kshare_connect(&o.opts, &k) == -ENOENT);
	check(kshare_client_bind(0, &o.opts, &k) == -EINVAL);
}

int main(void)
{
	errno = 4711;
	test_operations_are_known();
	test_last_reference_closes();
	test_reply_grows_and_owns();
	test_reply_reserve();
	test_batch();
	test_options();
	check(errno == 4711);
	test_fork();
	return 0;
}
