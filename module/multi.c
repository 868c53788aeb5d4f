// SPDX-License-Identifier: GPL-2.0-only
/*
 * WAIT_ANY and WAIT_ALL: one command that waits for several objects.
 *
 * It is a group (wait.h); its members are runs of their own, each in a line of
 * its object.  For WAIT_ANY that is the line where it would wait alone, and who
 * carries one member out claims the group.  For WAIT_ALL it is
 * &kshare_object.all_waiters: whoever changes the object takes the domain's
 * lockset, owns all objects of the group, and carries out all members or none.
 *
 * Members that are left over when a group is done stay in their lines, where
 * nobody carries them out any more, until who waited takes them out.
 */
#include <linux/ktime.h>
#include <linux/pagemap.h>
#include <linux/sched/signal.h>

#include "command.h"
#include "lockset.h"

static int kshare_many_read(struct kshare_run *run, struct kshare_cmd *cmds, u32 count)
{
	const void *data = kshare_val_data(&run->value);
	u32 i;

	memcpy(cmds, data, count * sizeof(*cmds));
	for (i = 0; i < count; i++)
		if (cmds[i].size != sizeof(*cmds))
			return cmds[i].size > sizeof(*cmds) ? -E2BIG : -EINVAL;
	return 0;
}

static bool kshare_many_twice(const struct kshare_run *run, u32 i)
{
	u32 k;

	for (k = 0; k < i; k++)
		if (run->subs[k].obj == run->subs[i].obj)
			return true;
	return false;
}

/* Brings one member in; kshare_run_end() has to follow, also after an error. */
static int kshare_many_begin_one(struct kshare_run *run, u32 i, const struct kshare_cmd *cmd)
{
	const struct kshare_row *op = kshare_op_find(cmd->op);
	struct kshare_run *sub = &run->subs[i];
	int ret;

	ret = kshare_run_begin(sub, op, run->client, cmd);
	if (ret)
		return ret;
	if (!(op->flags & KSHARE_OPINFO_MULTI))
		return -EOPNOTSUPP;
	if (sub->tag || sub->deadline || sub->flags & (KSHARE_NOWAIT | KSHARE_DETECT))
		return -EINVAL;
	if (sub->obj->domain != run->subs[0].obj->domain)
		return -EXDEV;
	if (kshare_many_twice(run, i))
		return -EINVAL;
	/* A member does not wait by itself, and its door is the group's. */
	sub->flags |= KSHARE_NOWAIT;
	sub->member = true;
	sub->uring = run->uring;
	kshare_waiter_init(&sub->waiter, &run->waiter);
	return 0;
}

static int kshare_many_begin(struct kshare_run *run)
{
	u32 i, count = run->value.len / sizeof(struct kshare_cmd);
	struct kshare_cmd *cmds;
	int ret;

	if (run->value.len % sizeof(*cmds) || !count)
		return -EINVAL;
	if (count > KSHARE_MAX_WAIT)
		return -E2BIG;
	cmds = kmalloc_array(count, sizeof(*cmds), GFP_KERNEL_ACCOUNT);
	run->subs = kvcalloc(count, sizeof(*run->subs), GFP_KERNEL_ACCOUNT);
	if (!cmds || !run->subs) {
		kfree(cmds);
		return -ENOMEM;
	}
	ret = kshare_many_read(run, cmds, count);
	for (i = 0; i < count && !ret; i++) {
		run->sub_count = i + 1;
		ret = kshare_many_begin_one(run, i, &cmds[i]);
	}
	kfree(cmds);
	return ret;
}

void kshare_wait_many_finish(struct kshare_run *run)
{
	u32 i;

	if (!run->subs)
		return;
	for (i = 0; i < run->sub_count; i++) {
		/* Only handles that were reserved and not needed are left here. */
		kshare_run_publish(&run->subs[i], -ECANCELED);
		kshare_run_end(&run->subs[i]);
	}
	kvfree(run->subs);
	run->subs = NULL;
}

/* May it wait at all?  As kshare_run_queue(), which single commands go through. */
static int kshare_many_may_wait(struct kshare_run *run)
{
	if (run->flags & KSHARE_NOWAIT)
		return -EAGAIN;
	if (run->deadline && run->deadline <= ktime_get_ns())
		return -ETIMEDOUT;
	return run->no_sleep ? KSHARE_WOULD_SLEEP : 0;
}

static void kshare_many_init_waiter(struct kshare_run *run)
{
	if (run->async) {
		kshare_waiter_init(&run->waiter, NULL);
		run->waiter.wake = run->wake;
	} else {
		kshare_waiter_init_task(&run->waiter);
	}
	/* Nobody can see it yet; with the first member they will. */
	run->waiter.state = KSHARE_WAITER_QUEUED;
}

/* Ends as the group of a command that has failed while its members were queued. */
static void kshare_many_fail(struct kshare_run *run, int err)
{
	struct kshare_wakes wakes = KSHARE_WAKES_INIT(wakes);

	if (kshare_group_claim(&run->waiter)) {
		kshare_waiter_claim(&run->waiter, err, &wakes);
		kshare_wakes_run(&wakes);
	}
}

static void kshare_any_queue(struct kshare_run *run)
{
	u32 i;

	kshare_many_init_waiter(run);
	for (i = 0; i < run->sub_count && kshare_waiter_waits(&run->waiter); i++) {
		struct kshare_wakes wakes = KSHARE_WAKES_INIT(wakes);
		struct kshare_run *sub = &run->subs[i];
		bool more = false;
		int ret;

		kshare_object_lock(sub->obj);
		ret = kshare_line_join(sub);
		/* What became free since it was tried is there for it now. */
		if (!ret)
			more = kshare_grant(sub->obj, false, &wakes);
		kshare_unlock_and_wake(sub->obj, more, &wakes);
		if (ret)
			kshare_many_fail(run, ret);
	}
}

/* Waits, with the members queued by @queue; as kshare_run_execute() does it. */
static int kshare_many_wait(struct kshare_run *run, void (*queue)(struct kshare_run *run))
{
	/* One that nobody sleeps for may be gone once it is queued. */
	bool async = run->async, park = async || run->tag;

	if (park)
		kshare_park_begin(run);
	queue(run);
	if (park)
		kshare_park_end(run, true);
	return async ? KSHARE_PARKED : kshare_run_sleep(run);
}

/* KSHARE_OP_WAIT_ANY */
int kshare_wait_any(struct kshare_run *run)
{
	int ret, err;
	u32 i;

	ret = kshare_many_begin(run);
	if (ret)
		return ret;
	/* What cannot be told is not to be done; later it would be given back. */
	if (run->out_addr && fault_in_writeable(u64_to_user_ptr(run->out_addr),
						sizeof(struct kshare_result)))
		return -EFAULT;
	for (i = 0; i < run->sub_count; i++) {
		struct kshare_run *sub = &run->subs[i];

		ret = kshare_run_execute(sub);
		if (ret == -EAGAIN)
			continue;
		if (ret < 0)
			return kshare_run_publish(sub, ret);
		run->number = ret;
		err = kshare_run_deliver_after(run);
		if (err)
			kshare_run_give_back(sub);
		kshare_run_publish(sub, err ?: ret);
		return err ?: (int)i;
	}
	ret = kshare_many_may_wait(run);
	return ret ?: kshare_many_wait(run, kshare_any_queue);
}

/* ---- all ---- */

/* Integers: nothing that would have to be dropped. */
static void kshare_all_values(struct kshare_run *run)
{
	u32 i;

	run->out_count = 0;
	for (i = 0; i < run->sub_count; i++)
		run->out[run->out_count++] = kshare_val_int(run->subs[i].waiter.result);
}

/* False if the caller has owned them before; then he is not to disown them. */
static bool kshare_all_own(struct kshare_run *run)
{
	u32 i;

	if (run->owned)
		return false;
	run->owned = true;
	for (i = 0; i < run->sub_count; i++) {
		/* @slack, which only batches use otherwise: whether it was taken here */
		run->subs[i].slack = kshare_object_own(run->subs[i].obj);
		run->subs[i].owned = true;
	}
	return true;
}

static void kshare_all_disown(struct kshare_run *run)
{
	u32 i;

	run->owned = false;
	for (i = 0; i < run->sub_count; i++) {
		run->subs[i].owned = false;
		if (run->subs[i].slack)
			kshare_object_disown(run->subs[i].obj);
		run->subs[i].slack = 0;
	}
}

/* Applies all or none; their objects are owned.  @failed: the one that failed. */
static int kshare_all_apply(struct kshare_run *run, bool deliver, u32 *failed)
{
	int ret = 0;
	u32 i, k;

	for (i = 0; i < run->sub_count; i++) {
		struct kshare_run *sub = &run->subs[i];

		ret = kshare_run_apply(sub);
		if (ret >= 0) {
			sub->waiter.result = ret;
			ret = deliver ? kshare_run_deliver(sub, false) : 0;
			if (ret)
				kshare_run_undo(sub);
		}
		if (ret < 0)
			break;
	}
	if (ret >= 0)
		return 0;
	*failed = i;
	for (k = i; k--; )
		kshare_run_undo(&run->subs[k]);
	return ret;
}

static void kshare_all_undo(struct kshare_run *run)
{
	u32 i;

	for (i = run->sub_count; i--; )
		kshare_run_undo(&run->subs[i]);
}

static void kshare_all_commit(struct kshare_run *run)
{
	u32 i;

	for (i = 0; i < run->sub_count; i++)
		if (run->subs[i].changed)
			kshare_run_commit(&run->subs[i]);
}

/* Hands on what they made free; their objects are owned. */
static void kshare_all_hand_on(struct kshare_run *run, struct kshare_wakes *wakes)
{
	u32 i;

	for (i = 0; i < run->sub_count; i++)
		if (kshare_has_waiters(run->subs[i].obj))
			kshare_grant(run->subs[i].obj, true, wakes);
}

/* A group in the lines, if it can be carried out. */
static void kshare_all_grant_one(struct kshare_run *run, struct kshare_wakes *wakes)
{
	bool owns = kshare_all_own(run);
	u32 i, failed;
	int ret;

	ret = kshare_all_apply(run, false, &failed);
	if (ret == KSHARE_MUST_WAIT || !kshare_group_claim(&run->waiter)) {
		if (!ret)
			kshare_all_undo(run);
		/* Nor may what was seen be kept alive by it. */
		for (i = 0; i < run->sub_count; i++) {
			kshare_run_out_reset(&run->subs[i]);
			kshare_doom_move(&run->subs[i].doom, &wakes->doom);
		}
		goto out;
	}
	if (!ret)
		kshare_all_commit(run);
	for (i = 0; i < run->sub_count; i++)
		if (kshare_waiter_waits(&run->subs[i].waiter))
			kshare_line_drop(&run->subs[i]);
	kshare_waiter_claim(&run->waiter, ret, wakes);
out:
	if (owns)
		kshare_all_disown(run);
}

static void kshare_all_pass(struct kshare_object *obj, struct kshare_wakes *wakes)
{
	struct kshare_waiter *w, *next;

	list_for_each_entry_safe(w, next, &obj->all_waiters, link) {
		struct kshare_run *run = kshare_waiter_run(w->group);

		if (!kshare_waiter_waits(w->group)) {
			kshare_line_drop(kshare_waiter_run(w));
		} else if (!run->async || !run->gone(run)) {
			kshare_all_grant_one(run, wakes);
		} else if (kshare_group_claim(w->group)) {
			kshare_line_drop(kshare_waiter_run(w));
			kshare_waiter_claim(&run->waiter, -ECANCELED, wakes);
		}
		cond_resched();
	}
}

/**
 * kshare_all_grant() - carries out groups that wait for all of several objects
 * @obj: one that was changed; owned
 * @wakes: those that were
 *
 * And what that in turn makes possible, in the order in which it became so.
 */
void kshare_all_grant(struct kshare_object *obj, struct kshare_wakes *wakes)
{
	struct kshare_domain *domain = obj->domain;
	struct kshare_waiter *w;

	kshare_all_pass(obj, wakes);
	/* Called from below: whoever began goes through all of @wakes. */
	if (domain->granting)
		return;
	domain->granting = true;
	list_for_each_entry(w, &wakes->list, link) {
		struct kshare_run *run = kshare_waiter_run(w);
		bool owns;

		if (!run->subs || run->op->issue != kshare_wait_all || run->seen || w->result)
			continue;
		run->seen = true;
		owns = kshare_all_own(run);
		kshare_all_hand_on(run, wakes);
		if (owns)
			kshare_all_disown(run);
		cond_resched();
	}
	domain->granting = false;
}

static void kshare_all_queue(struct kshare_run *run)
{
	struct kshare_wakes wakes = KSHARE_WAKES_INIT(wakes);
	struct kshare_domain *domain = run->subs[0].obj->domain;
	int ret = 0;
	u32 i;

	kshare_many_init_waiter(run);
	kshare_lockset_begin(domain);
	kshare_all_own(run);
	for (i = 0; i < run->sub_count && !ret; i++) {
		run->subs[i].all = true;
		ret = kshare_line_join(&run->subs[i]);
	}
	if (!ret) {
		/* What became free since it was tried */
		kshare_all_grant(run->subs[0].obj, &wakes);
	}
	kshare_all_disown(run);
	kshare_lockset_end(domain);
	if (ret)
		kshare_many_fail(run, ret);
	kshare_wakes_run(&wakes);
}

/* Once; 0, -EAGAIN, an error, or KSHARE_MUST_* of the member @failed. */
static int kshare_all_once(struct kshare_run *run, u32 *failed)
{
	struct kshare_wakes wakes = KSHARE_WAKES_INIT(wakes);
	struct kshare_domain *domain = run->subs[0].obj->domain;
	int ret;
	u32 i;

	kshare_lockset_begin(domain);
	kshare_all_own(run);
	for (i = 0; i < run->sub_count; i++)
		if (kshare_has_waiters(run->subs[i].obj))
			kshare_line_purge(run->subs[i].obj);
	ret = kshare_all_apply(run, true, failed);
	if (!ret) {
		kshare_all_values(run);
		ret = kshare_run_deliver(run, false);
		if (ret)
			kshare_all_undo(run);
		*failed = run->sub_count;
	}
	if (!ret) {
		kshare_all_commit(run);
		kshare_all_hand_on(run, &wakes);
	}
	kshare_all_disown(run);
	kshare_lockset_end(domain);
	kshare_wakes_run(&wakes);
	return ret == KSHARE_MUST_WAIT ? -EAGAIN : ret;
}

/* KSHARE_OP_WAIT_ALL */
int kshare_wait_all(struct kshare_run *run)
{
	u32 i, failed = 0;
	int ret;

	ret = kshare_many_begin(run);
	if (!ret)
		ret = kshare_run_out(run, run->sub_count);
	if (ret)
		return ret;
	for (;;) {
		for (i = 0; i < run->sub_count; i++) {
			struct kshare_run *sub = &run->subs[i];

			kshare_run_out_reset(sub);
			ret = sub->op->prepare ? sub->op->prepare(sub) : 0;
			if (ret)
				return ret;
		}
		ret = kshare_all_once(run, &failed);
		if (ret > -MAX_ERRNO)
			break;
		ret = kshare_run_meet(failed < run->sub_count ? &run->subs[failed] : run, ret);
		if (ret)
			return ret;
	}
	if (!ret) {
		for (i = 0; i < run->sub_count; i++)
			kshare_run_publish(&run->subs[i], run->subs[i].waiter.result);
		return 0;
	}
	if (ret != -EAGAIN)
		return failed < run->sub_count ? kshare_run_publish(&run->subs[failed], ret) : ret;
	for (i = 0; i < run->sub_count; i++) {
		kshare_run_out_reset(&run->subs[i]);
		kshare_doom_run(&run->subs[i].doom);
	}
	ret = kshare_many_may_wait(run);
	return ret ?: kshare_many_wait(run, kshare_all_queue);
}

/* ---- the end of a wait ---- */

bool kshare_group_end(struct kshare_run *run, int why)
{
	struct kshare_wakes wakes = KSHARE_WAKES_INIT(wakes);

	if (!kshare_group_claim(&run->waiter))
		return false;
	if (why == -EOWNERDEAD || why == KSHARE_DOOR_GONE)
		why = -ECANCELED;
	kshare_waiter_claim(&run->waiter, why, &wakes);
	kshare_wakes_run(&wakes);
	return true;
}

/**
 * kshare_group_leave() - takes what is left of a group out of its lines
 * @run: the group's run, which is done
 */
void kshare_group_leave(struct kshare_run *run)
{
	u32 i;

	for (i = 0; i < run->sub_count; i++) {
		struct kshare_wakes wakes = KSHARE_WAKES_INIT(wakes);
		struct kshare_run *sub = &run->subs[i];
		bool more = false;

		kshare_object_lock(sub->obj);
		if (kshare_waiter_waits(&sub->waiter)) {
			kshare_line_drop(sub);
			/* It may have been what others stood behind. */
			more = kshare_grant(sub->obj, false, &wakes);
		}
		kshare_unlock_and_wake(sub->obj, more, &wakes);
	}
}

/* All but those that have to stay. */
bool kshare_group_give_back(struct kshare_run *run)
{
	bool all = true;
	u32 i;

	if (run->op->issue == kshare_wait_any)
		return kshare_run_give_back(&run->subs[run->waiter.result]);
	for (i = run->sub_count; i--; )
		all &= kshare_run_give_back(&run->subs[i]);
	return all;
}

/* Delivers what a group was handed: the members' results, then its own. */
int kshare_group_deliver(struct kshare_run *run)
{
	u32 i, first = 0, last = run->sub_count;
	int ret;

	if (run->op->issue == kshare_wait_any) {
		first = run->waiter.result;
		last = first + 1;
		run->subs[first].waiter.result = run->number;
	} else {
		kshare_all_values(run);
	}
	for (i = first; i < last; i++) {
		ret = kshare_run_deliver_after(&run->subs[i]);
		if (ret)
			return kshare_run_publish(&run->subs[i], ret);
	}
	ret = kshare_run_deliver_after(run);
	if (ret)
		return ret;
	for (i = first; i < last; i++)
		kshare_run_publish(&run->subs[i], run->subs[i].waiter.result);
	return 0;
}
