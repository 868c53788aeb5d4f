// SPDX-License-Identifier: GPL-2.0-only
/*
 * Commands that others must find while they wait: those with a tag, for CANCEL,
 * and those that nobody sleeps for, for their deadline and for the end of their
 * client.
 *
 * The client's wait_lock is held from before such a command can be seen in its
 * object's line until its door is done with it, and whoever looks for it here
 * holds it too; who completes it takes it as well, before anything is freed.  So
 * what is found here stays.
 *
 *	door			granter		timer, CANCEL, settlement
 *	wait_lock				wait_lock
 *	  parked, in line	claims it	  ends its wait: the state
 *	wait_unlock		  (state)	  decides who was first
 *				@wake		wait_unlock, @wake
 *	later, by @wake:
 *	wait_lock, unparked, wait_unlock
 *	result delivered, freed
 */
#include <linux/delay.h>
#include <linux/ktime.h>

#include "command.h"
#include "lockset.h"

struct workqueue_struct *kshare_workqueue;

static enum hrtimer_restart kshare_park_timer(struct hrtimer *timer)
{
	struct kshare_client *client = container_of(timer, struct kshare_client, timer);

	queue_work(kshare_workqueue, &client->timer_work);
	return HRTIMER_NORESTART;
}

/* The deadline of some has come. */
static void kshare_park_timer_work(struct work_struct *work)
{
	struct kshare_client *client = container_of(work, struct kshare_client, timer_work);
	struct timerqueue_node *node;

	mutex_lock(&client->wait_lock);
	while ((node = timerqueue_getnext(&client->deadlines))) {
		if (node->expires > ktime_get()) {
			hrtimer_start(&client->timer, node->expires, HRTIMER_MODE_ABS);
			break;
		}
		timerqueue_del(&client->deadlines, node);
		kshare_wait_end(container_of(node, struct kshare_run, timer), -ETIMEDOUT);
		cond_resched();
	}
	mutex_unlock(&client->wait_lock);
}

void kshare_park_init(struct kshare_client *client)
{
	mutex_init(&client->wait_lock);
	client->parked = RB_ROOT;
	timerqueue_init_head(&client->deadlines);
	hrtimer_setup(&client->timer, kshare_park_timer, CLOCK_MONOTONIC, HRTIMER_MODE_ABS);
	INIT_WORK(&client->timer_work, kshare_park_timer_work);
}

/* Nothing is parked any more, nor will be. */
void kshare_park_destroy(struct kshare_client *client)
{
	WARN_ON_ONCE(!RB_EMPTY_ROOT(&client->parked));
	hrtimer_cancel(&client->timer);
	cancel_work_sync(&client->timer_work);
	/* Which may have started it again. */
	hrtimer_cancel(&client->timer);
	mutex_destroy(&client->wait_lock);
}

/**
 * kshare_park_begin() - makes a command known that is about to wait
 * @run: run; no lock is held
 *
 * Takes its client's wait_lock, until kshare_park_end().
 */
void kshare_park_begin(struct kshare_run *run)
{
	struct kshare_client *client = run->client;
	struct rb_node **link, *parent = NULL;

	if (run->async)
		run->park(run);
	mutex_lock(&client->wait_lock);
	link = &client->parked.rb_node;
	while (*link) {
		parent = *link;
		link = run->tag < rb_entry(parent, struct kshare_run, node)->tag ?
		       &parent->rb_left : &parent->rb_right;
	}
	rb_link_node(&run->node, parent, link);
	rb_insert_color(&run->node, &client->parked);
	run->parked = true;
	timerqueue_init(&run->timer);
	if (run->async && run->deadline) {
		run->timer.expires = ns_to_ktime(run->deadline);
		if (timerqueue_add(&client->deadlines, &run->timer))
			hrtimer_start(&client->timer, run->timer.expires, HRTIMER_MODE_ABS);
	}
}

static void kshare_park_del(struct kshare_run *run)
{
	lockdep_assert_held(&run->client->wait_lock);
	rb_erase(&run->node, &run->client->parked);
	/* The timer may expire for nothing then. */
	if (!RB_EMPTY_NODE(&run->timer.node))
		timerqueue_del(&run->client->deadlines, &run->timer);
	run->parked = false;
}

/**
 * kshare_park_end() - lets others have a command
 * @run: run after kshare_park_begin()
 * @queued: it waits; else it is not known any more.  If so, and nobody sleeps for
 *	it, it may be gone when this returns
 */
void kshare_park_end(struct kshare_run *run, bool queued)
{
	struct kshare_client *client = run->client;

	if (!queued)
		kshare_park_del(run);
	mutex_unlock(&client->wait_lock);
}

/**
 * kshare_unpark() - a sleeper has woken up
 * @run: its run, which is parked
 */
void kshare_unpark(struct kshare_run *run)
{
	mutex_lock(&run->client->wait_lock);
	kshare_park_del(run);
	mutex_unlock(&run->client->wait_lock);
}

/* Nobody takes its result, nor is there memory to write it to. */
static void kshare_park_drop(struct kshare_run *run)
{
	bool of_lock = run->op->flags & KSHARE_ROW_OF_LOCK;
	/* An error, and the lock of a condition is held again. */
	bool held = run->tell && of_lock;

	run->tell = false;
	run->out_addr = 0;
	if (run->waiter.result < 0 && !held)
		return;
	if (kshare_run_give_back(run))
		run->waiter.result = of_lock ? -EINTR : -ECANCELED;
	else if (run->sub_count > 1)
		run->waiter.result = -EFAULT;
}

/**
 * kshare_park_complete() - what @wake of an async run leads to
 * @run: run that is done; no lock is held
 * @dead: nobody is there who could take the result
 *
 * Return: its result; kshare_run_end() is to follow.
 */
int kshare_park_complete(struct kshare_run *run, bool dead)
{
	bool ended;

	mutex_lock(&run->client->wait_lock);
	kshare_park_del(run);
	/* Under the lock, so that settlement does not overtake it. */
	ended = run->ended;
	if (dead && !ended)
		kshare_park_drop(run);
	mutex_unlock(&run->client->wait_lock);
	if (ended)
		return run->waiter.result;
	if (dead) {
		/* There is no user memory, neither for it nor for members of a group. */
		if (run->subs)
			kshare_group_leave(run);
		return kshare_run_publish(run, run->waiter.result);
	}
	return kshare_run_publish(run, kshare_run_collect(run));
}

/**
 * kshare_parked_settle() - a client has died: its commands that wait end
 * @client: client
 *
 * Those that were handed something that has not been delivered give it back.
 */
void kshare_parked_settle(struct kshare_client *client)
{
	struct rb_node *node;

	mutex_lock(&client->wait_lock);
	for (node = rb_first(&client->parked); node; node = rb_next(node)) {
		struct kshare_run *run = rb_entry(node, struct kshare_run, node);

		kshare_wait_end(run, -EOWNERDEAD);
		/* Between claim and wake-up nobody waits for anything. */
		while (!kshare_waiter_done(&run->waiter))
			usleep_range(10, 100);
		kshare_park_drop(run);
		/* What it keeps goes now, and not only when its ring does. */
		if (run->subs)
			kshare_group_leave(run);
		kshare_run_publish(run, -ECANCELED);
		kshare_run_end(run);
		run->ended = true;
		/* Nor must its deadline find it. */
		if (!RB_EMPTY_NODE(&run->timer.node))
			timerqueue_del(&client->deadlines, &run->timer);
		cond_resched();
	}
	mutex_unlock(&client->wait_lock);
}

/* KSHARE_OP_CANCEL */
int kshare_cancel(struct kshare_run *run)
{
	struct kshare_client *client = run->client;
	struct rb_node *node, *first = NULL;
	u64 tag = run->key.u;
	int count = 0;

	if (run->key.type == KSHARE_INT && run->key.i < 0)
		return -EINVAL;
	if (!tag)
		return -EINVAL;
	mutex_lock(&client->wait_lock);
	node = client->parked.rb_node;
	while (node) {
		if (rb_entry(node, struct kshare_run, node)->tag < tag) {
			node = node->rb_right;
		} else {
			first = node;
			node = node->rb_left;
		}
	}
	for (node = first; node; node = rb_next(node)) {
		struct kshare_run *found = rb_entry(node, struct kshare_run, node);

		if (found->tag != tag)
			break;
		if (kshare_waiter_waits(&found->waiter) && kshare_wait_end(found, -ECANCELED))
			count++;
		cond_resched();
	}
	mutex_unlock(&client->wait_lock);
	return count ?: -ENOENT;
}
