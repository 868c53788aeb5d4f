// SPDX-License-Identifier: GPL-2.0-only
/* Batches: in a row, or as one step. */
#include <linux/pagemap.h>
#include <linux/sched/signal.h>

#include "batch.h"
#include "lockset.h"

/* Commands that are read at once when they are carried out in a row. */
#define KSHARE_BATCH_PIECE	16

/* The commands from @first on, each as long as we know it. */
static int kshare_batch_read(const struct kshare_batch *batch, u32 first, u32 count,
			     struct kshare_cmd *cmds)
{
	const u8 __user *from = u64_to_user_ptr(batch->cmds);
	int ret = 0;
	u32 i;

	from += (u64)first * batch->cmd_size;
	if (likely(batch->cmd_size == sizeof(*cmds))) {
		if (copy_from_user(cmds, from, count * sizeof(*cmds)))
			return -EFAULT;
	} else {
		for (i = 0; i < count && !ret; i++) {
			ret = copy_struct_from_user(&cmds[i], sizeof(*cmds), from,
						    batch->cmd_size);
			from += batch->cmd_size;
		}
	}
	for (i = 0; i < count && !ret; i++)
		if (cmds[i].size != batch->cmd_size)
			ret = -EINVAL;
	return ret;
}

/*
 * Carries @count commands out, as far as it gets.
 *
 * Return: 0; or an error that ends the batch, its command is the last of @done.
 */
static int kshare_batch_piece(struct kshare_client *client, u32 flags,
			      const struct kshare_cmd *cmds, u32 count, s32 *results, u32 *done)
{
	u32 i = 0, given_way = 0;
	int ret = 0;

	while (i < count) {
		rcu_read_lock();
		for (; i < count; i++) {
			ret = kshare_command_quick(client, &cmds[i]);
			if (ret == KSHARE_NOT_QUICK)
				break;
			results[i] = ret;
		}
		rcu_read_unlock();
		*done = i;
		if (i == count)
			return 0;
		/* Who was woken by those before may bring what this one would wait for. */
		if (i != given_way && ks_need_resched()) {
			given_way = i;
			schedule();
			continue;
		}

		ret = kshare_command(client, &cmds[i]);
		/* Those before have happened: a restart would repeat them. */
		if (ret == -ERESTARTSYS || ret == -ERESTARTNOINTR)
			ret = -EINTR;
		results[i++] = ret;
		*done = i;
		if (ret == -EINTR || fatal_signal_pending(current))
			return -EINTR;
		if (ret < 0 && !(flags & KSHARE_BATCH_RUN_ON))
			return ret;
		cond_resched();
	}
	return 0;
}

static int kshare_batch_sequence(struct kshare_client *client, struct kshare_batch *batch)
{
	s32 __user *to = u64_to_user_ptr(batch->results);
	struct kshare_cmd cmds[KSHARE_BATCH_PIECE] __uninitialized;
	s32 results[KSHARE_BATCH_PIECE] __uninitialized;
	u32 first, count, done;
	int ret;

	for (first = 0; first < batch->count; first += count) {
		count = min_t(u32, batch->count - first, KSHARE_BATCH_PIECE);
		batch->done = first;
		ret = kshare_batch_read(batch, first, count, cmds);
		if (ret)
			return ret;
		ret = kshare_batch_piece(client, batch->flags, cmds, count, results, &done);
		if (copy_to_user(to + first, results, done * sizeof(*results)))
			return -EFAULT;
		batch->done = first + done - !!ret;
		if (ret)
			return ret;
	}
	return 0;
}

/**
 * struct kshare_atomic - an atomic batch
 * @batch: as given
 * @domain: the domain of all objects
 * @runs: its commands
 * @results: their results
 * @began: runs that were begun
 * @applied: runs that were applied and not undone
 */
struct kshare_atomic {
	struct kshare_batch *batch;
	struct kshare_domain *domain;
	struct kshare_run *runs;
	s32 *results;
	u32 began;
	u32 applied;
};

static int kshare_atomic_begin(struct kshare_atomic *a, struct kshare_client *client,
			       const struct kshare_cmd *cmds)
{
	struct kshare_batch *batch = a->batch;
	u32 i, values = 0;
	int ret;

	for (i = 0; i < batch->count; i++) {
		struct kshare_run *run = &a->runs[i];

		batch->done = i;
		a->began = i + 1;
		ret = kshare_run_begin(run, kshare_op_find(cmds[i].op), client, &cmds[i]);
		if (ret)
			return ret;
		if (run->op->flags & KSHARE_OPINFO_NO_ATOMIC)
			return -EOPNOTSUPP;
		if (!run->obj)
			continue;
		if (a->domain && run->obj->domain != a->domain)
			return -EXDEV;
		a->domain = run->obj->domain;
		run->atomic = true;
		run->slack = values;
		values += 1 + run->vec_count;
		cond_resched();
	}
	return 0;
}

static int kshare_atomic_prepare(struct kshare_atomic *a)
{
	u32 i;
	int ret;

	for (i = 0; i < a->batch->count; i++) {
		struct kshare_run *run = &a->runs[i];

		a->batch->done = i;
		kshare_run_out_reset(run);
		ret = run->op->prepare ? run->op->prepare(run) : 0;
		if (ret)
			return ret;
		cond_resched();
	}
	return 0;
}

/* Marks all objects; from now on nobody sees them until they are let go. */
static void kshare_atomic_own(struct kshare_atomic *a)
{
	u32 i;

	kshare_lockset_begin(a->domain);
	for (i = 0; i < a->batch->count; i++)
		if (a->runs[i].obj)
			a->runs[i].owned = kshare_object_own(a->runs[i].obj);
}

static void kshare_atomic_disown(struct kshare_atomic *a)
{
	u32 i;

	for (i = 0; i < a->batch->count; i++) {
		struct kshare_run *run = &a->runs[i];

		if (run->owned)
			kshare_object_disown(run->obj);
		run->owned = false;
	}
	kshare_lockset_end(a->domain);
}

static void kshare_atomic_undo(struct kshare_atomic *a)
{
	while (a->applied) {
		struct kshare_run *run = &a->runs[--a->applied];

		if (run->obj)
			kshare_run_undo(run);
		cond_resched();
	}
}

/* Applies all; the objects are owned.  An error or KSHARE_MUST_*, at @done. */
static int kshare_atomic_apply(struct kshare_atomic *a)
{
	struct kshare_batch *batch = a->batch;
	bool first;
	int ret;
	u32 i;

	for (i = 0; i < batch->count; i++) {
		struct kshare_run *run = &a->runs[i];

		batch->done = i;
		first = run->owned;
		run->owned = true;
		ret = run->obj ? kshare_run_apply(run) : run->op->issue(run);
		if (ret >= 0) {
			a->applied = i + 1;
			a->results[i] = ret;
			ret = kshare_run_deliver(run, false);
		}
		run->owned = first;
		if (ret < 0)
			return ret == KSHARE_MUST_WAIT ? -EAGAIN : ret;
		cond_resched();
	}
	return 0;
}

static int kshare_atomic_results(struct kshare_atomic *a)
{
	unsigned long left;

	pagefault_disable();
	left = __copy_to_user_inatomic(u64_to_user_ptr(a->batch->results), a->results,
				       a->batch->count * sizeof(s32));
	pagefault_enable();
	return left ? -EFAULT : 0;
}

/* All is done: notes who did it, and hands over what it made free. */
static void kshare_atomic_commit(struct kshare_atomic *a, struct kshare_wakes *wakes)
{
	u32 i;

	for (i = 0; i < a->batch->count; i++)
		if (a->runs[i].changed)
			kshare_run_commit(&a->runs[i]);
	for (i = 0; i < a->batch->count; i++) {
		struct kshare_run *run = &a->runs[i];

		if (run->changed && kshare_has_waiters(run->obj))
			kshare_grant(run->obj, true, wakes);
		cond_resched();
	}
}

/* Once; 0, an error, or KSHARE_MUST_* of the command at @done. */
static int kshare_atomic_once(struct kshare_atomic *a)
{
	struct kshare_wakes wakes = KSHARE_WAKES_INIT(wakes);
	bool result_fault = false;
	int ret;

	kshare_atomic_own(a);
	ret = kshare_atomic_apply(a);
	if (!ret && kshare_atomic_results(a)) {
		result_fault = true;
		ret = -EFAULT;
	}
	if (ret)
		kshare_atomic_undo(a);
	else
		kshare_atomic_commit(a, &wakes);
	kshare_atomic_disown(a);
	kshare_wakes_run(&wakes);

	if (result_fault && !fault_in_writeable(u64_to_user_ptr(a->batch->results),
						a->batch->count * sizeof(s32)))
		ret = KSHARE_MUST_PREPARE;
	return ret;
}

static int kshare_batch_atomic(struct kshare_client *client, struct kshare_batch *batch)
{
	struct kshare_atomic a = { .batch = batch };
	struct kshare_cmd *cmds;
	u32 i;
	int ret;

	if (!access_ok(u64_to_user_ptr(batch->results), batch->count * sizeof(s32)))
		return -EFAULT;
	a.runs = kvcalloc(batch->count, sizeof(*a.runs), GFP_KERNEL_ACCOUNT);
	a.results = kvcalloc(batch->count, sizeof(*a.results), GFP_KERNEL_ACCOUNT);
	cmds = kvmalloc_array(batch->count, sizeof(*cmds), GFP_KERNEL_ACCOUNT);
	if (!a.runs || !a.results || !cmds) {
		ret = -ENOMEM;
		goto out;
	}

	ret = kshare_batch_read(batch, 0, batch->count, cmds);
	if (ret)
		goto out;
	ret = kshare_atomic_begin(&a, client, cmds);
	while (!ret) {
		ret = kshare_atomic_prepare(&a);
		if (ret)
			break;
		/* Only operations without an object: there is nothing to own. */
		if (!a.domain)
			a.domain = client->domain;
		ret = kshare_atomic_once(&a);
		if (!ret) {
			batch->done = batch->count;
			break;
		}
		if (ret > -MAX_ERRNO)
			break;
		/* What others of the batch add before it was not enough expected. */
		if (ret == KSHARE_MUST_PREPARE)
			a.runs[batch->done].slack = 2 * a.runs[batch->done].slack + 16;
		ret = kshare_run_meet(&a.runs[batch->done], ret);
	}

	for (i = 0; i < a.began; i++) {
		/* -ENOBUFS tells its size only for the command that failed. */
		int result = !ret ? a.results[i] : i == batch->done ? ret : -ECANCELED;

		result = kshare_run_publish(&a.runs[i], result);
		if (ret && i == batch->done)
			ret = result;
		kshare_run_end(&a.runs[i]);
		cond_resched();
	}
out:
	kvfree(cmds);
	kvfree(a.results);
	kvfree(a.runs);
	return ret;
}

int kshare_batch_run(struct kshare_client *client, struct kshare_batch *batch)
{
	if (batch->flags & KSHARE_BATCH_ATOMIC)
		return kshare_batch_atomic(client, batch);
	return kshare_batch_sequence(client, batch);
}
