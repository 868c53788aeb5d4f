// SPDX-License-Identifier: LGPL-2.1-or-later OR MIT
/*
 * What the library does itself for operations that wait, over an engine that answers
 * from a script: taking locks back, replies after EDEADLK, replies of one of several
 * commands, entries of rings.
 */
#include <linux/io_uring.h>

#include "internal.h"
#include "test.h"

/**
 * struct answer - what the engine says to one command
 * @op: the command that is expected
 * @ret: its result
 * @flags: of the struct kshare_result, if the command has one
 * @number: likewise
 * @count: likewise
 * @values: likewise; numbers all
 * @inner: which of the commands of WAIT_ANY and WAIT_ALL the result is written for, + 1
 */
struct answer {
	uint32_t op;
	int ret;
	uint32_t flags;
	uint64_t number;
	uint32_t count;
	int64_t values[8];
	unsigned int inner;
};

static const struct answer *script;
static unsigned int steps, step;
static struct kshare_cmd last;	/* the last command but CLOSE */
static uint32_t stat_type;
static uint64_t stat_length;
static int fake_fd_number = 44;

static void answer_result(const struct kshare_cmd *cmd, const struct answer *a)
{
	struct kshare_result *r = (void *)(uintptr_t)cmd->out;
	unsigned int i;

	if (!r || (!a->number && !a->count && !a->flags))
		return;
	r->flags = a->flags;
	r->number = a->number;
	r->count = a->count;
	check(cmd->out_len >= sizeof(*r) + a->count * sizeof(r->values[0]));
	for (i = 0; i < a->count; i++) {
		r->values[i] = kshare_int(a->values[i]);
		check(i < ARRAY_SIZE(a->values));
	}
}

static int fake_submit(struct kshare_engine *engine, struct kshare_cmd *cmd)
{
	const struct answer *a;

	(void)engine;
	if (cmd->op == KSHARE_OP_CLOSE)
		return 0;
	last = *cmd;
	if (cmd->op == KSHARE_OP_CREATE)
		return 50;
	if (cmd->op == KSHARE_OP_STAT) {
		struct kshare_stat *st = (void *)(uintptr_t)cmd->out;

		st->type = stat_type;
		st->length = stat_length;
		return 0;
	}
	check(step < steps);
	a = &script[step++];
	check(cmd->op == a->op);
	if (a->inner) {
		const struct kshare_cmd *cmds = (void *)(uintptr_t)cmd->value.ptr;

		answer_result(&cmds[a->inner - 1], a);
		/* And the outer one, which is about it: the result. */
		if (a->ret >= 0)
			((struct kshare_result *)(uintptr_t)cmd->out)->number = 77;
	} else {
		answer_result(cmd, a);
	}
	return a->ret;
}

static int fake_query(struct kshare_engine *engine, struct kshare_query *q)
{
	(void)engine;
	q->op_count = 0;
	q->domain = 1;
	q->features = KSHARE_FEATURE_URING | KSHARE_FEATURE_ATOMIC_BATCH;
	return 0;
}

static int fake_fd(struct kshare_engine *engine)
{
	(void)engine;
	return fake_fd_number;
}

static void fake_close(struct kshare_engine *engine)
{
	(void)engine;
}

static const struct kshare_engine_ops fake_ops = {
	.submit = fake_submit,
	.query = fake_query,
	.fd = fake_fd,
	.close = fake_close,
};

static struct kshare_engine engine = { .ops = &fake_ops };
static struct kshare *k;

#define play(...)							\
	do {								\
		static const struct answer answers_[] = { __VA_ARGS__ };	\
									\
		script = answers_;					\
		steps = ARRAY_SIZE(answers_);				\
		step = 0;						\
	} while (0)
#define played() check(step == steps)

/* A holder and one who waits, of many. */
#define WHO_TWO								\
	.ret = 2, .number = 300, .count = 8,				\
	.values = { 7, 8, 1, 9, 10, 11, 0, KSHARE_OP_LOCK_ACQUIRE }

static void test_features(void)
{
	check(kshare_has_feature(k, KSHARE_FEATURE_URING));
	check(kshare_has_feature(k, KSHARE_FEATURE_URING | KSHARE_FEATURE_ATOMIC_BATCH));
	check(!kshare_has_feature(k, KSHARE_FEATURE_URING_WAITS));
	check(!kshare_has_feature(k, KSHARE_FEATURE_URING | KSHARE_FEATURE_URING_WAITS));
}

static void test_create(void)
{
	struct kshare_create_opts opts = { .size = sizeof(opts) };
	struct kshare_obj *obj, *lock;

	check(kshare_semaphore_create(k, 0, 0, KSHARE_SIGNALLING, &obj) == 0);
	check(last.nr == KSHARE_TYPE_SEMAPHORE && last.flags == KSHARE_SIGNALLING);
	check(last.key.type == KSHARE_UINT && last.key.u == 0 && last.value.type == KSHARE_NONE);
	kshare_unref(obj);
	check(kshare_semaphore_create(k, 2, 3, 0, &obj) == 0);
	check(last.key.u == 2 && last.value.type == KSHARE_UINT && last.value.u == 3);
	kshare_unref(obj);
	check(kshare_queue_create(k, 0, KSHARE_LIFO, &obj) == 0);
	check(last.nr == KSHARE_TYPE_QUEUE && last.key.type == KSHARE_NONE);
	kshare_unref(obj);
	check(kshare_queue_create(k, 9, 0, &obj) == 0 && last.key.u == 9);
	kshare_unref(obj);
	check(kshare_barrier_create(k, 4, 0, &obj) == 0);
	check(last.nr == KSHARE_TYPE_BARRIER && last.key.u == 4);
	kshare_unref(obj);
	check(kshare_rwlock_create(k, 0, &obj) == 0 && kshare_type(obj) == KSHARE_TYPE_RWLOCK);
	kshare_unref(obj);
	check(kshare_lock_create(k, 0, &lock) == 0);
	check(kshare_condition_create(k, lock, 0, &obj) == 0);
	check(last.nr == KSHARE_TYPE_CONDITION && last.key.type == KSHARE_NONE);
	check(last.value.type == KSHARE_REF && last.value.ref.handle == kshare_handle(lock));
	kshare_unref(obj);
	kshare_unref(lock);

	/* 0 permits are a number, no bound is none. */
	opts.type = KSHARE_TYPE_SEMAPHORE;
	check(kshare_create(k, &opts, &obj) == 0 && last.key.type == KSHARE_UINT);
	kshare_unref(obj);
	opts.type = KSHARE_TYPE_QUEUE;
	check(kshare_create(k, &opts, &obj) == 0 && last.key.type == KSHARE_NONE);
	kshare_unref(obj);
}

static void test_condition(void)
{
	struct kshare_obj *lock, *rlock, *cond;
	uint64_t token = 5;
	uint32_t flags = 5;

	check(kshare_lock_create(k, 0, &lock) == 0 && kshare_rlock_create(k, 0, &rlock) == 0);
	check(kshare_condition_create(k, lock, 0, &cond) == 0);

	play({ KSHARE_OP_CONDITION_WAIT, .ret = 1, .number = 8, .flags = KSHARE_R_OWNER_DIED });
	check(kshare_condition_wait(cond, lock, 123, &token, &flags) == 1);
	check(token == 8 && flags == KSHARE_R_OWNER_DIED && last.deadline == 123);
	check(last.key.type == KSHARE_NONE);
	played();

	/* A signal: the lock is taken back, by the same owner, without a deadline. */
	play({ KSHARE_OP_CONDITION_WAIT, .ret = -EINTR },
	     { KSHARE_OP_LOCK_ACQUIRE, .ret = -EINTR },
	     { KSHARE_OP_LOCK_ACQUIRE, .ret = -EINTR },
	     { KSHARE_OP_LOCK_ACQUIRE, .ret = 1, .number = 9, .flags = KSHARE_R_OWNER_DIED });
	check(kshare_condition_wait_as(cond, lock, 6, 123, &token, &flags) == -EINTR);
	check(token == 9 && flags == KSHARE_R_OWNER_DIED && last.deadline == 0);
	check(last.handle == kshare_handle(lock));
	check(last.key.type == KSHARE_UINT && last.key.u == 6);
	played();

	/* An rlock as deep as it was; who died is told by the first time. */
	stat_type = KSHARE_TYPE_RLOCK;
	stat_length = 3;
	play({ KSHARE_OP_CONDITION_WAIT, .ret = -EINTR },
	     { KSHARE_OP_LOCK_ACQUIRE, .ret = 1, .number = 10, .flags = KSHARE_R_OWNER_DIED },
	     { KSHARE_OP_LOCK_ACQUIRE, .ret = 2, .number = 10 },
	     { KSHARE_OP_LOCK_ACQUIRE, .ret = -EINTR },
	     { KSHARE_OP_LOCK_ACQUIRE, .ret = 3, .number = 10 });
	check(kshare_condition_wait(cond, rlock, KSHARE_FOREVER, &token, &flags) == -EINTR);
	check(token == 10 && flags == KSHARE_R_OWNER_DIED);
	played();

	/* What the kernel took back itself; what it did not tell stays. */
	play({ KSHARE_OP_CONDITION_WAIT, .ret = -ETIMEDOUT },
	     { KSHARE_OP_CONDITION_WAIT, .ret = -ECANCELED, .number = 11 });
	check(kshare_condition_wait(cond, lock, 1, &token, &flags) == -ETIMEDOUT);
	check(token == 10 && flags == 0);
	check(kshare_condition_wait(cond, lock, 1, &token, &flags) == -ECANCELED && token == 11);
	played();

	/* It was never held; the lock is gone. */
	flags = 5;
	play({ KSHARE_OP_CONDITION_WAIT, .ret = -EPERM },
	     { KSHARE_OP_CONDITION_WAIT, .ret = -EINTR },
	     { KSHARE_OP_LOCK_ACQUIRE, .ret = -EBADF });
	check(kshare_condition_wait(cond, lock, 1, &token, &flags) == -EPERM);
	check(kshare_condition_wait(cond, lock, 1, &token, &flags) == -EBADF);
	check(token == 11 && flags == 5);
	played();

	play({ KSHARE_OP_CONDITION_NOTIFY, .ret = 2 }, { KSHARE_OP_CONDITION_NOTIFY, .ret = 4 });
	check(kshare_condition_notify(cond, 2) == 2 && last.nr == 2 && last.flags == 0);
	check(kshare_condition_notify_all_as(cond, 6) == 4 && last.nr == 0);
	check(last.flags == KSHARE_ALL && last.key.u == 6);
	played();
	kshare_unref(cond);
	kshare_unref(rlock);
	kshare_unref(lock);
}

static void test_detect(void)
{
	struct kshare_waits_for circle[2];
	struct kshare_reply *r = NULL;
	struct kshare_obj *lock;

	check(kshare_lock_create(k, 0, &lock) == 0);
	play({ KSHARE_OP_LOCK_ACQUIRE, .ret = 1, .number = 3 },
	     { KSHARE_OP_LOCK_ACQUIRE, .ret = -EDEADLK, .count = 6,
	       .values = { 100, 11, 101, 12, 102, 0 } },
	     { KSHARE_OP_LOCK_ACQUIRE, .ret = -EDEADLK },
	     { KSHARE_OP_RWLOCK_ACQUIRE, .ret = -EDEADLK, .count = 2, .values = { 100, 11 } });
	check(kshare_lock_acquire_detect(lock, kshare_none(), KSHARE_TRY, &r) == 1);
	check(last.flags == (KSHARE_DETECT | KSHARE_NOWAIT) && kshare_reply_number(r) == 3);
	check(kshare_waits_for(r, circle, 2) == 0);
	check(kshare_lock_acquire_detect(lock, kshare_uint(1), KSHARE_FOREVER, &r) == -EDEADLK);
	check(kshare_waits_for(r, NULL, 0) == 3);
	check(kshare_waits_for(r, circle, 2) == 3);
	check(circle[0].object == 100 && circle[0].pid == 11);
	check(circle[1].object == 101 && circle[1].pid == 12);
	/* The owner has it itself: nothing is written. */
	check(kshare_lock_acquire_detect(lock, kshare_uint(1), KSHARE_FOREVER, &r) == -EDEADLK);
	check(kshare_waits_for(r, circle, 2) == 0 && kshare_waits_for(NULL, circle, 2) == 0);
	check(kshare_rwlock_acquire_detect(lock, kshare_uint(1), KSHARE_SHARED, KSHARE_FOREVER, &r)
	      == -EDEADLK);
	check(last.flags == (KSHARE_DETECT | KSHARE_SHARED) && kshare_waits_for(r, circle, 2) == 1);
	played();
	kshare_reply_free(r);
	kshare_unref(lock);
}

static void test_queue(void)
{
	struct kshare_reply *r = NULL;
	struct kshare_obj *queue;
	uint64_t lease = 0;

	check(kshare_queue_create(k, 0, 0, &queue) == 0);
	play({ KSHARE_OP_QUEUE_GET, .ret = 2, .number = 66, .count = 1, .values = { 5 } },
	     { KSHARE_OP_QUEUE_GET, .ret = 1, .number = 67, .count = 1, .values = { 5 } },
	     { KSHARE_OP_QUEUE_GET_MANY, .ret = 2, .number = 1, .count = 2, .values = { 5, 6 } },
	     { KSHARE_OP_QUEUE_GET_MANY, .ret = -EINVAL },
	     { KSHARE_OP_QUEUE_LEN, .ret = 1, .number = 8 },
	     { KSHARE_OP_QUEUE_LEN, .ret = 1, .number = 8 },
	     { KSHARE_OP_QUEUE_PUT, .ret = 0, .number = 3 },
	     { KSHARE_OP_QUEUE_SHUTDOWN, .ret = 0, .number = 3 });
	check(kshare_queue_get_lease(queue, 0, &r, &lease) == 2 && lease == 66);
	check(last.flags == KSHARE_LEASE && kshare_reply_count(r) == 1);
	check(kshare_queue_get_lease(queue, 0, NULL, &lease) == 1 && lease == 67);
	/* There is room for as many as are wanted. */
	check(kshare_queue_get_many_lease(queue, KSHARE_MAX_GET, 0, &r) == 2);
	check(last.out_len >= 16 + 3 * 16 * KSHARE_MAX_GET && last.nr == KSHARE_MAX_GET);
	check(kshare_queue_get_many(queue, UINT32_MAX, 0, &r) == -EINVAL);
	check(kshare_queue_len(queue) == 8 && kshare_queue_full(queue) == 1);
	check(kshare_queue_put_priority(queue, kshare_int(-4), kshare_int(1), KSHARE_TRY) == 3);
	check(last.key.i == -4 && last.value.i == 1 && last.flags == KSHARE_NOWAIT);
	check(kshare_queue_shutdown(queue, true) == 3 && last.flags == KSHARE_IMMEDIATE);
	played();
	kshare_reply_free(r);
	kshare_unref(queue);
}

static void test_wait(void)
{
	struct kshare_reply *r = NULL, *unused = NULL;
	struct kshare_reply **replies[3] = { &unused, NULL, &r };
	struct kshare_obj *queue;
	struct kshare_cmd cmds[3], cmd;
	int64_t results[3] = { 0 }, result = 0;

	check(kshare_queue_create(k, 0, 0, &queue) == 0);
	kshare_prep_queue_get(&cmds[0], queue, KSHARE_FOREVER);
	kshare_prep_event_wait(&cmds[1], queue, KSHARE_FOREVER);
	kshare_prep_queue_get_lease(&cmds[2], queue, KSHARE_FOREVER);

	/* One of them was too small: that one grows, and all is tried again. */
	play({ KSHARE_OP_WAIT_ANY, .ret = -ENOBUFS, .number = 5000, .inner = 3 },
	     { KSHARE_OP_WAIT_ANY, .ret = 2, .number = 5, .count = 1, .values = { 9 },
	       .inner = 3 });
	check(kshare_wait_any(k, cmds, 3, 123, replies, &result) == 2 && result == 77);
	check(last.deadline == 123 && last.handle == 0 && last.value.type == KSHARE_BYTES);
	check(last.value.len == 3 * sizeof(cmds[0]) && last.value.ptr == (uintptr_t)cmds);
	check(cmds[2].out_len >= 5000 && cmds[0].out_len < 5000 && cmds[1].out == 0);
	check(kshare_reply_count(r) == 1 && kshare_reply_number(r) == 5);
	check(kshare_reply_count(unused) == 0);
	played();

	/* Too large for any reply; an error of one; a single command. */
	play({ KSHARE_OP_WAIT_ANY, .ret = -ENOBUFS, .number = 1ULL << 40, .inner = 3 },
	     { KSHARE_OP_WAIT_ANY, .ret = -ESHUTDOWN },
	     { KSHARE_OP_WAIT_ANY, .ret = 0, .inner = 1 });
	check(kshare_wait_any(k, cmds, 3, KSHARE_TRY, replies, NULL) == -ENOBUFS);
	check(last.flags == KSHARE_NOWAIT && last.deadline == 0);
	check(kshare_wait_any(k, cmds, 3, 0, replies, &result) == -ESHUTDOWN && result == 77);
	check(kshare_reply_count(r) == 0);
	kshare_prep_event_wait(&cmds[0], queue, KSHARE_FOREVER);
	check(kshare_wait_any(k, cmds, 1, 0, NULL, &result) == 0);
	check(kshare_wait_any(k, cmds, KSHARE_MAX_WAIT + 1, 0, NULL, NULL) == -EINVAL);
	played();

	play({ KSHARE_OP_WAIT_ALL, .ret = 0, .count = 3, .values = { 4, 0, 1 } },
	     { KSHARE_OP_WAIT_ALL, .ret = -ETIMEDOUT });
	check(kshare_wait_all(k, cmds, 3, 0, NULL, results) == 0);
	check(results[0] == 4 && results[1] == 0 && results[2] == 1);
	check(kshare_wait_all(k, cmds, 3, 0, NULL, results) == -ETIMEDOUT);
	played();

	kshare_set_tag(&cmds[0], 17);
	kshare_set_deadline(&cmds[0], KSHARE_TRY);
	check(cmds[0].tag == 17 && cmds[0].flags == KSHARE_NOWAIT && cmds[0].deadline == 0);
	kshare_set_deadline(&cmds[0], 5);
	check(cmds[0].tag == 17 && cmds[0].flags == 0 && cmds[0].deadline == 5);
	kshare_prep_cancel(&cmd, 17);
	check(cmd.op == KSHARE_OP_CANCEL && cmd.key.u == 17 && cmd.handle == 0);

	kshare_reply_free(r);
	kshare_reply_free(unused);
	kshare_unref(queue);
}

static void test_who_and_watch(void)
{
	struct kshare_change change = { .object = 1, .version = 2, .cookie = 3, .lost = 4 }, got;
	unsigned char longer[sizeof(change) + 8] = { 0 };
	struct kshare_claim claims[1];
	struct kshare_value v;
	struct kshare_obj *queue;
	uint64_t total;

	check(kshare_queue_create(k, 0, 0, &queue) == 0);
	play({ KSHARE_OP_WHO, WHO_TWO },
	     { KSHARE_OP_WHO, .ret = 0 },
	     { KSHARE_OP_WATCH, .ret = 0 },
	     { KSHARE_OP_EXPORT_FD, .ret = 9 });
	check(kshare_who(queue, claims, 1, &total) == 1 && total == 300);
	check(claims[0].pid == 7 && claims[0].owner == 8 && claims[0].count == 1);
	check(claims[0].token == 9);
	check(kshare_who(queue, claims, 1, NULL) == 0);
	check(kshare_watch(queue, kshare_str("key"), queue, 5) == 0);
	check(last.nr == 5 && last.key.type == KSHARE_STR && last.value.type == KSHARE_REF);
	check(kshare_export_fd(queue) == 9);
	played();

	v = kshare_bytes(&change, sizeof(change));
	check(kshare_value_change(&v, &got) == 0 && !memcmp(&change, &got, sizeof(got)));
	memcpy(longer, &change, sizeof(change));
	v = kshare_bytes(longer, sizeof(longer));
	check(kshare_value_change(&v, &got) == 0 && !memcmp(&change, &got, sizeof(got)));
	v = kshare_bytes(&change, sizeof(change) - 1);
	check(kshare_value_change(&v, &got) == -EDOM);
	v = kshare_bytes(&change, 0);
	check(kshare_value_change(&v, &got) == -EDOM);
	v = kshare_int(5);
	check(kshare_value_change(&v, &got) == -EDOM);
	check(kshare_value_change(NULL, &got) == -ENOENT);
	kshare_unref(queue);
}

static void test_uring(void)
{
	union {
		struct io_uring_sqe sqe;
		unsigned char bytes[128];
	} e;
	struct kshare_reply *r = NULL;
	struct kshare_result *result;
	struct kshare_obj *queue;
	struct kshare_cmd cmd;
	uint64_t address;
	uint32_t cmd_op;

	check(kshare_queue_create(k, 0, 0, &queue) == 0);
	kshare_prep_queue_get(&cmd, queue, 123);

	memset(&e, 0xee, sizeof(e));
	e.sqe.user_data = 99;
	check(kshare_uring_prep(&e.sqe, k, &cmd) == 0);
	memcpy(&cmd_op, &e.bytes[8], sizeof(cmd_op));
	check(e.sqe.opcode == 46 && e.sqe.fd == 44 && cmd_op == KSHARE_URING_CMD);
	check(e.sqe.flags == 0 && e.sqe.user_data == 99 && e.sqe.len == 0 && e.sqe.ioprio == 0);
	check(!memcmp(&e.bytes[12], "\0\0\0\0\0\0\0\0\0\0\0", 12) && e.sqe.personality == 0);
	check(!memcmp(&e.bytes[48], &cmd, sizeof(cmd)));
	kshare_uring_set_fixed(&e.sqe, 3);
	check(e.sqe.fd == 3 && e.sqe.flags == IOSQE_FIXED_FILE);

	/* An entry of 64 bytes: nothing is written behind it. */
	memset(&e, 0xee, sizeof(e));
	check(kshare_uring_prep_ptr(&e.sqe, k, &cmd) == 0);
	memcpy(&cmd_op, &e.bytes[8], sizeof(cmd_op));
	memcpy(&address, &e.bytes[48], sizeof(address));
	check(cmd_op == KSHARE_URING_CMD_PTR && address == (uintptr_t)&cmd);
	check(!memcmp(&e.bytes[56], "\0\0\0\0\0\0\0", 8) && e.bytes[64] == 0xee);

	check(kshare_uring_prep_reply(&e.sqe, k, &cmd, &r) == 0 && cmd.out && cmd.out_len >= 512);
	check(!memcmp(&e.bytes[48], &cmd, sizeof(cmd)));
	result = (void *)(uintptr_t)cmd.out;
	result->number = 4000;
	check(kshare_uring_complete(r, -ENOBUFS) == -ENOBUFS);
	check(kshare_uring_prep_reply(&e.sqe, k, &cmd, &r) == 0 && cmd.out_len >= 4000);
	result = (void *)(uintptr_t)cmd.out;
	result->number = 7;
	result->count = 1;
	result->values[0] = kshare_int(5);
	check(kshare_uring_complete(r, 2) == 2 && kshare_reply_number(r) == 7);
	check(kshare_reply_count(r) == 1 && kshare_reply_value(r, 0)->i == 5);
	check(kshare_uring_aim(k, &cmd, &r) == 0 && kshare_reply_count(r) == 0);
	((struct kshare_result *)(uintptr_t)cmd.out)->number = 1ULL << 40;
	check(kshare_uring_complete(r, -ENOBUFS) == -E2BIG);
	check(kshare_uring_complete(r, -ECANCELED) == -ECANCELED && kshare_reply_count(r) == 0);
	check(kshare_uring_complete(NULL, -ENOBUFS) == -ENOBUFS);
	check(kshare_uring_complete(NULL, 5) == 5);

	/* No descriptor in this process: the entry is harmless. */
	fake_fd_number = -ENOTCONN;
	check(kshare_uring_prep(&e.sqe, k, &cmd) == -ENOTCONN && e.sqe.fd == -1);
	fake_fd_number = 44;

	check(!ks_uring_reads_late("6.1.0-18-amd64") && !ks_uring_reads_late("6.9.12"));
	check(ks_uring_reads_late("6.10.0") && ks_uring_reads_late("6.13.7-rc1"));
	check(!ks_uring_reads_late("6.14.0") && !ks_uring_reads_late("7.10.0"));
	check(!ks_uring_reads_late("5.10.0") && !ks_uring_reads_late("Linux"));
	check(kshare_uring_flags(0, false) == 0);
	check((kshare_uring_flags(IOSQE_IO_DRAIN, true) & ~IOSQE_ASYNC) == IOSQE_IO_DRAIN);
	check(kshare_uring_flags(0, true) == (kshare_uring_flags(IOSQE_IO_DRAIN, false) &
					      IOSQE_ASYNC));
	kshare_reply_free(r);
	kshare_unref(queue);
}

int main(void)
{
	check(ks_client_new(&engine, 0, &k) == 0);
	errno = 4711;
	test_features();
	test_create();
	test_condition();
	test_detect();
	test_queue();
	test_wait();
	test_who_and_watch();
	test_uring();
	check(errno == 4711);
	kshare_disconnect(k);
	return 0;
}
