// SPDX-License-Identifier: GPL-2.0-only
/* How a row of the table is carried out; the rules are in command.h. */
#include <linux/ktime.h>
#include <linux/sched/signal.h>

#include "command.h"
#include "lockset.h"
#include "observe.h"
#include "types/class.h"
#include "types/condition.h"

/* Checks of what needs no memory of the caller's. */
static int kshare_cmd_check(const struct kshare_row *op, const struct kshare_cmd *cmd)
{
	u32 unused = ~op->fields;

	if (unlikely(cmd->flags & ~op->cmd_flags))
		return -EOPNOTSUPP;
	if ((unused & KSHARE_FIELD_HANDLE && cmd->handle) ||
	    (unused & KSHARE_FIELD_NR && cmd->nr) ||
	    (unused & KSHARE_FIELD_OUT && cmd->out | cmd->out_len))
		return -EINVAL;
	if (unused & KSHARE_FIELD_KEY && (*(u64 *)&cmd->key | cmd->key.u))
		return -EINVAL;
	if (unused & KSHARE_FIELD_VALUE && (*(u64 *)&cmd->value | cmd->value.u))
		return -EINVAL;
	if (op->fields & KSHARE_FIELD_DEADLINE) {
		if (cmd->deadline < 0)
			return -EINVAL;
	} else if (unused & KSHARE_FIELD_EXPECT && (cmd->tag | cmd->deadline)) {
		return -EINVAL;
	}
	if (cmd->out) {
		if (cmd->out_len < sizeof(struct kshare_result))
			return -EINVAL;
		if (cmd->out_len > KSHARE_MAX_OUT)
			return -E2BIG;
		if (!access_ok(u64_to_user_ptr(cmd->out), cmd->out_len))
			return -EFAULT;
	} else if (cmd->out_len) {
		return -EINVAL;
	}
	return 0;
}

/* A key that is short enough stays where it is read to. */
static int kshare_key_import(struct kshare_run *run, const struct kshare_value *in)
{
	u64 budget = KSHARE_MAX_KEY;
	int ret;

	if (in->len <= sizeof(run->key_bytes) && in->len > sizeof(in->bytes) &&
	    (in->type == KSHARE_STR || in->type == KSHARE_BYTES) &&
	    !(in->codec | in->inline_len | in->flags)) {
		if (copy_from_user(run->key_bytes, u64_to_user_ptr(in->ptr), in->len))
			return -EFAULT;
		run->key.type = in->type;
		run->key.flags = KSHARE_VAL_BORROWED;
		run->key.len = in->len;
		run->key.data = run->key_bytes;
	} else {
		ret = kshare_val_import(run, in, run->op->key, &budget, &run->key);
		if (ret)
			return ret;
	}
	ret = kshare_val_check_key(&run->key);
	if (!ret && run->obj->type == KSHARE_TYPE_NAMESPACE &&
	    (run->key.type != KSHARE_STR || !run->key.len))
		ret = -EINVAL;
	return ret;
}

static bool kshare_key_is_left_out(const struct kshare_row *op, const struct kshare_cmd *cmd)
{
	return op->key & KSHARE_TAKES_NONE && !(*(const u64 *)&cmd->key | cmd->key.u);
}

static int kshare_args_import(struct kshare_run *run, const struct kshare_cmd *cmd)
{
	const struct kshare_row *op = run->op;
	u64 budget = KSHARE_MAX_VALUE;
	int ret;

	/* An argument that is left out is there already, as NONE. */
	if (op->fields & KSHARE_FIELD_KEY && !kshare_key_is_left_out(op, cmd)) {
		if (op->flags & KSHARE_ROW_KEY_IS_KEY)
			ret = kshare_key_import(run, &cmd->key);
		else
			ret = kshare_val_import(run, &cmd->key, op->key, &budget, &run->key);
		if (ret)
			return ret;
	}
	if (op->fields & KSHARE_FIELD_VALUE) {
		if (op->value & KSHARE_TAKES_VECTOR &&
		    (op->value == KSHARE_TAKES_VECTOR || cmd->value.type == KSHARE_VECTOR)) {
			if (cmd->value.type != KSHARE_VECTOR)
				return cmd->value.type > KSHARE_VECTOR ? -EOPNOTSUPP : -EINVAL;
			ret = kshare_vec_import(run, &cmd->value);
		} else {
			ret = kshare_val_import(run, &cmd->value, op->value, &budget, &run->value);
		}
		if (ret)
			return ret;
	}
	if (op->fields & KSHARE_FIELD_EXPECT) {
		ret = kshare_val_import(run, &cmd->expect, op->expect, &budget, &run->expect);
		if (ret)
			return ret;
	}
	if (unlikely(run->obj && run->obj->type == KSHARE_TYPE_INSTANCE) &&
	    op->rights & KSHARE_RIGHT_WRITE)
		return kshare_instance_check(run);
	return 0;
}

/**
 * kshare_run_begin() - checks a command and brings its arguments in
 * @run: filled in
 * @op: its row, or NULL if there is none
 * @client: whose it is
 * @cmd: the command, in kernel memory; not trusted
 *
 * Return: 0 or an error; kshare_run_end() has to follow in both cases.
 */
int kshare_run_begin(struct kshare_run *run, const struct kshare_row *op,
		     struct kshare_client *client, const struct kshare_cmd *cmd)
{
	u32 handle = cmd->handle;
	int ret;

	/* All that is looked at; spelled out, since most is not needed. */
	run->client = client;
	run->closes = atomic_read(&client->closes);
	run->op = op;
	run->obj = NULL;
	run->via = NULL;
	run->handle = handle;
	run->rights = 0;
	run->flags = cmd->flags;
	run->nr = cmd->nr;
	run->out_len = cmd->out_len;
	run->out_addr = cmd->out;
	run->deadline = 0;
	run->tag = 0;
	run->key = (struct kshare_val){};
	run->value = (struct kshare_val){};
	run->expect = (struct kshare_val){};
	run->vec = NULL;
	run->vec_count = 0;
	run->slack = 0;
	run->atomic = false;
	run->own = false;
	run->owned = false;
	run->changed = false;
	run->waiting = false;
	run->async = false;
	run->no_sleep = false;
	run->uring = false;
	run->parked = false;
	run->killable = false;
	run->member = false;
	run->all = false;
	run->seen = false;
	run->tell = false;
	run->ended = false;
	run->late = false;
	run->kept = false;
	run->peer = NULL;
	run->subs = NULL;
	run->sub_count = 0;
	run->result_flags = 0;
	run->number = 0;
	run->out = run->out_inline;
	run->out_count = 0;
	run->out_room = KSHARE_OUT_ROOM;
	run->reserved = NULL;
	run->reserved_count = 0;
	run->reserved_used = 0;
	run->size = 0;
	run->doom.first = NULL;
	memset(&run->u, 0, sizeof(run->u));

	if (unlikely(!op))
		return -ENOTTY;
	ret = kshare_cmd_check(op, cmd);
	if (unlikely(ret))
		return ret;
	if (op->fields & KSHARE_FIELD_DEADLINE) {
		run->deadline = cmd->deadline;
		run->tag = cmd->tag;
	}
	if (!op->types)
		return op->fields & (KSHARE_FIELD_KEY | KSHARE_FIELD_VALUE) ?
			kshare_args_import(run, cmd) : 0;

	if (!handle && op->flags & KSHARE_ROW_OWN_DOMAIN)
		handle = KSHARE_OWN_DOMAIN;
	run->obj = kshare_handle_find(client, handle, &run->rights, &run->via);
	if (IS_ERR(run->obj)) {
		ret = PTR_ERR(run->obj);
		run->obj = NULL;
		return ret;
	}
	if (unlikely(!(op->types & BIT(run->obj->type))))
		return -ENOTTY;
	if (unlikely(op->rights & ~run->rights))
		return -EACCES;
	if (op->flags & KSHARE_ROW_OF_LOCK) {
		run->peer = run->obj;
		run->obj = kshare_condition_lock(run->peer);
		kshare_object_get(run->obj);
	} else if (op->flags & KSHARE_ROW_OF_CLASS && run->obj->type == KSHARE_TYPE_INSTANCE) {
		run->peer = run->obj;
		run->obj = kshare_class_behind(run->peer);
		kshare_object_get(run->obj);
	}
	/* Many have no arguments, or leave out the only one. */
	if (!(op->fields & (KSHARE_FIELD_VALUE | KSHARE_FIELD_EXPECT)) &&
	    (!(op->fields & KSHARE_FIELD_KEY) || kshare_key_is_left_out(op, cmd)))
		return 0;
	return kshare_args_import(run, cmd);
}

/**
 * kshare_run_drop() - drops the reference of a command
 * @run: run
 * @obj: object that it has found by a handle
 *
 * If a handle was closed meanwhile, the command may have been the last way to it.
 */
void kshare_run_drop(struct kshare_run *run, struct kshare_object *obj)
{
	if (unlikely(READ_ONCE(obj->refers)) && atomic_read(&run->client->closes) != run->closes)
		kshare_object_forget(obj, &run->doom);
	else
		kshare_object_put_deferred(obj, &run->doom);
}

/**
 * kshare_run_end() - lets everything go that a command held
 * @run: run; no lock is held
 */
void kshare_run_end(struct kshare_run *run)
{
	u32 i;

	if (run->op && run->op->finish)
		run->op->finish(run);
	if (!kshare_run_is_small(run))
		kshare_run_out_reset(run);
	if (unlikely(run->out != run->out_inline))
		kvfree(run->out);
	if (unlikely(run->vec)) {
		for (i = 0; i < run->vec_count; i++)
			kshare_val_put(&run->vec[i], &run->doom);
		kvfree(run->vec);
	}
	/* Most are left out, or numbers. */
	if ((run->key.type | run->value.type | run->expect.type) >= KSHARE_STR) {
		kshare_val_put(&run->key, &run->doom);
		kshare_val_put(&run->value, &run->doom);
		kshare_val_put(&run->expect, &run->doom);
	}
	if (run->obj)
		kshare_run_drop(run, run->obj);
	if (unlikely(run->peer))
		kshare_run_drop(run, run->peer);
	if (unlikely(run->via))
		kshare_run_drop(run, run->via);
	if (unlikely(run->doom.first))
		kshare_doom_run(&run->doom);
}

/* @apply, with what it leaves if it fails taken back. */
int kshare_run_apply(struct kshare_run *run)
{
	kshare_object_assert_held(run->obj);
	return run->op->apply(run);
}

/**
 * kshare_run_undo() - takes back what @apply did
 * @run: run whose apply succeeded; its object is still locked or owned
 *
 * The values of the result are dropped later, by kshare_run_out_reset().
 */
void kshare_run_undo(struct kshare_run *run)
{
	kshare_object_assert_held(run->obj);
	if (run->op->undo)
		run->op->undo(run);
	if (run->changed)
		WRITE_ONCE(run->obj->version, run->obj->version - 1);
	run->changed = false;
}

/**
 * kshare_run_commit() - a change is final: notes who made it
 * @run: run that changed its object, which is locked or owned
 */
void kshare_run_commit(struct kshare_run *run)
{
	kshare_observe(run->obj);
	kshare_object_wrote(run->obj, run->client->who);
}

/**
 * kshare_run_deliver_after() - delivers what needs not, or cannot, be taken back
 * @run: run; no lock is held
 *
 * Return: 0 or an error.
 */
int kshare_run_deliver_after(struct kshare_run *run)
{
	int ret;

	do {
		ret = kshare_run_deliver(run, true);
		if (ret > -MAX_ERRNO)
			return ret;
		ret = kshare_run_meet(run, ret);
	} while (!ret);
	return ret;
}

int kshare_run_collect(struct kshare_run *run)
{
	int ret = run->waiter.result;
	int err;

	if (run->subs)
		kshare_group_leave(run);
	if (ret < 0) {
		err = run->tell ? kshare_run_deliver_after(run) : 0;
		/* A condition's lock, which is held again, but cannot be told of */
		if (err && run->op->flags & KSHARE_ROW_OF_LOCK)
			kshare_run_give_back(run);
		return err ?: ret;
	}
	err = run->subs ? kshare_group_deliver(run) : kshare_run_deliver_after(run);
	if (err)
		kshare_run_give_back(run);
	return err ?: ret;
}

void kshare_run_await(struct kshare_run *run)
{
	bool killable, worker;
	int ret;

	for (;;) {
		/* A worker of io_uring's is told by a signal that its ring goes. */
		worker = current->flags & PF_IO_WORKER;
		killable = run->killable && !worker;
		ret = kshare_waiter_sleep(&run->waiter, run->deadline, killable);
		if (!ret)
			break;
		if (ret == 1)
			kshare_wait_retry(run);
		else if (ret != -ERESTARTSYS)
			kshare_wait_end(run, ret);
		else
			kshare_wait_end(run, fatal_signal_pending(current) ? -EOWNERDEAD :
					     worker ? KSHARE_DOOR_GONE : -ERESTARTSYS);
	}
	if (run->parked)
		kshare_unpark(run);
}

int kshare_run_sleep(struct kshare_run *run)
{
	kshare_run_await(run);
	return kshare_run_collect(run);
}

/* Under the lock: becomes a waiter, unless the caller does not want to wait. */
static int kshare_run_queue(struct kshare_run *run)
{
	int ret;

	if (run->flags & KSHARE_NOWAIT)
		return -EAGAIN;
	if (run->deadline && run->deadline <= ktime_get_ns())
		return -ETIMEDOUT;
	if (run->no_sleep)
		return KSHARE_WOULD_SLEEP;
	if ((run->async || run->tag) && !run->parked)
		return KSHARE_MUST_PARK;
	if (run->async) {
		kshare_waiter_init(&run->waiter, NULL);
		run->waiter.wake = run->wake;
	} else {
		kshare_waiter_init_task(&run->waiter);
	}
	ret = kshare_line_join(run);
	if (ret)
		return ret;
	if (run->op->queued)
		run->op->queued(run);
	return KSHARE_QUEUED;
}

/* Locks the object, or owns it; for sparse the two are the same. */
static void kshare_run_lock(struct kshare_run *run)
	__acquires(&run->obj->lock)
{
	if (likely(!run->own)) {
		kshare_object_lock(run->obj);
		return;
	}
	kshare_lockset_begin(run->obj->domain);
	kshare_object_own(run->obj);
	run->owned = true;
	__acquire(&run->obj->lock);
}

static void kshare_run_unlock(struct kshare_run *run)
	__releases(&run->obj->lock)
{
	if (likely(!run->owned)) {
		kshare_object_unlock(run->obj);
		return;
	}
	run->owned = false;
	kshare_object_disown(run->obj);
	kshare_lockset_end(run->obj->domain);
	__release(&run->obj->lock);
}

/* Once, with the object locked or owned. */
static int kshare_run_once(struct kshare_run *run)
{
	struct kshare_wakes wakes = KSHARE_WAKES_INIT(wakes);
	struct kshare_object *obj = run->obj;
	const struct kshare_row *op = run->op;
	bool more = false;
	int ret, err;

	kshare_run_lock(run);
	if (kshare_has_waiters(obj))
		kshare_line_purge(obj);
	if (op->undo)
		kshare_object_write_begin(obj);
	ret = kshare_run_apply(run);
	if (ret >= 0 && op->undo) {
		err = kshare_run_deliver(run, false);
		if (unlikely(err)) {
			kshare_run_undo(run);
			ret = err;
		}
	}
	if (op->undo)
		kshare_object_write_end(obj);

	if (ret == KSHARE_MUST_WAIT)
		ret = kshare_run_queue(run);
	else if (ret >= 0 && run->changed)
		kshare_run_commit(run);
	if (((run->changed && (ret >= 0 || ret == KSHARE_QUEUED)) || run->kept) &&
	    kshare_has_waiters(obj))
		more = kshare_grant(obj, run->owned, &wakes);
	run->kept = false;

	kshare_run_unlock(run);
	kshare_wakes_run(&wakes);
	if (more)
		kshare_grant_rest(obj);
	return ret;
}

/* It has to wait where others find it: begun again with @wait_lock held. */
static int kshare_run_park(struct kshare_run *run)
{
	bool queued;
	int ret;

	kshare_park_begin(run);
	ret = kshare_run_once(run);
	queued = ret == KSHARE_QUEUED;
	if (queued && run->flags & KSHARE_DETECT)
		kshare_detect(run);
	kshare_park_end(run, queued);
	return ret;
}

/* Without any lock: -EAGAIN if it has to be done with one. */
static int kshare_run_read(struct kshare_run *run)
{
	struct kshare_object *obj = run->obj;
	int ret;

	rcu_read_lock();
	run->seq = raw_seqcount_begin(&obj->seq);
	ret = run->op->read(run);
	if (read_seqcount_retry(&obj->seq, run->seq))
		ret = -EAGAIN;
	rcu_read_unlock();
	if (unlikely(ret == -EAGAIN))
		kshare_run_out_reset(run);
	return ret;
}

/**
 * kshare_run_execute() - carries out a command
 * @run: run that was begun
 *
 * Return: its result.
 */
int kshare_run_execute(struct kshare_run *run)
{
	const struct kshare_row *op = run->op;
	/* One that nobody sleeps for may be gone once it is queued. */
	const bool async = run->async;
	int ret, err;

	if (op->issue)
		return op->issue(run);
	if (op->read) {
		ret = kshare_run_read(run);
		if (ret >= 0) {
			err = kshare_run_deliver_after(run);
			return err ?: ret;
		}
		if (ret != -EAGAIN)
			return ret;
	}
	for (;;) {
		ret = op->prepare ? op->prepare(run) : 0;
		if (!ret)
			ret = async && op->flags & KSHARE_ROW_PARKS ? kshare_run_park(run) :
								      kshare_run_once(run);
		if (ret == KSHARE_MUST_PARK)
			ret = kshare_run_park(run);
		else if (ret == KSHARE_QUEUED && run->flags & KSHARE_DETECT)
			kshare_detect(run);
		if (likely(ret > -MAX_ERRNO))
			break;
		if (ret == KSHARE_QUEUED)
			return async ? KSHARE_PARKED : kshare_run_sleep(run);
		if (ret == KSHARE_WOULD_SLEEP)
			return ret;
		ret = kshare_run_meet(run, ret);
		if (ret)
			return ret;
		kshare_run_out_reset(run);
		if (unlikely(run->doom.first))
			kshare_doom_run(&run->doom);
	}
	if (ret >= 0 && !op->undo) {
		err = kshare_run_deliver_after(run);
		ret = err ?: ret;
	}
	return ret;
}

int kshare_command(struct kshare_client *client, const struct kshare_cmd *cmd)
{
	const struct kshare_row *op = kshare_op_find(cmd->op);
	/* kshare_run_begin() sets all that is used; it is too large to do that twice. */
	struct kshare_run run __uninitialized;
	int ret;

	if (op && op->direct) {
		ret = op->direct(&run, client, cmd);
		if (ret != KSHARE_NOT_QUICK)
			return ret;
	}
	ret = kshare_run_begin(&run, op, client, cmd);
	if (!ret)
		ret = kshare_run_execute(&run);
	ret = kshare_run_publish(&run, ret);
	kshare_run_end(&run);
	return ret;
}
