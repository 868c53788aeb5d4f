// SPDX-License-Identifier: GPL-2.0-only
/*
 * Watches: changes of an object as messages in a queue; observe.h says how.
 *
 *	the object's lock		the worker
 *	  watch lock			queue's lock
 *	    noted: versions, lost	  watch lock
 *	  unlock			    taken
 *	unlock				  unlock, put in
 *	queue_work			unlock
 *
 * A watch is kept by the object, and by its work while that is queued.  It keeps
 * the queue, but not the object.
 */
#include <linux/memcontrol.h>
#include <linux/poll.h>
#include <linux/sched/mm.h>

#include "command.h"
#include "gate.h"
#include "lockset.h"
#include "observe.h"
#include "types/dict.h"
#include "types/queue.h"
#include "watch.h"

/* Changes that are told one by one while the worker has not come yet. */
#define KSHARE_WATCH_RING	16

/* Watches that are told of room in their queue at once; more than that do not fit. */
#define KSHARE_SPIN_FEEDERS	32

/**
 * struct kshare_watch - a watch
 * @ref: references
 * @link: in &kshare_observers.watches, or empty once it has ended
 * @feed: in &kshare_observers.feeders of the queue, or empty; the queue's lock
 * @ended: it is in no list any more, or its queue is shut down; the queue's lock
 * @queue: the queue, with a reference
 * @via: the same, or the gate that leads to it, with a reference
 * @client: whose it is; only to be compared
 * @memcg: who pays for messages, with a reference
 * @object: id of what is watched
 * @cookie: as given
 * @key: the key of a dict that is watched, or NONE
 * @hash: of @key
 * @seen: version of the entry of @key, or 0 if there is none; the object's lock
 * @lock: protects the following
 * @versions: ring of versions that are to be told
 * @head: where it begins
 * @count: how many
 * @lost: changes before those that are not told
 * @work: brings them to the queue
 */
struct kshare_watch {
	refcount_t ref;
	struct list_head link;
	struct list_head feed;
	bool ended;
	struct kshare_object *queue;
	struct kshare_object *via;
	struct kshare_client *client;
	struct mem_cgroup *memcg;
	u64 object;
	u32 cookie;
	struct kshare_val key;
	u32 hash;
	u64 seen;
	spinlock_t lock;		/* what is to be told */
	u64 versions[KSHARE_WATCH_RING];
	u32 head;
	u32 count;
	u32 lost;
	struct work_struct work;
};

static void kshare_watch_put(struct kshare_watch *watch)
{
	struct kshare_doom doom = {};

	if (!refcount_dec_and_test(&watch->ref))
		return;
	kshare_val_put(&watch->key, &doom);
	kshare_doom_run(&doom);
	kshare_object_put(watch->via);
	kshare_object_put(watch->queue);
	mem_cgroup_put(watch->memcg);
	kfree(watch);
}

static void kshare_watch_kick(struct kshare_watch *watch)
{
	refcount_inc(&watch->ref);
	if (!queue_work(kshare_workqueue, &watch->work))
		refcount_dec(&watch->ref);
}

/* The oldest that is to be told; the queue takes it, or it is put back. */
static bool kshare_watch_take(struct kshare_watch *watch, struct kshare_change *change)
{
	bool there;

	spin_lock(&watch->lock);
	there = watch->count;
	if (there) {
		change->object = watch->object;
		change->cookie = watch->cookie;
		change->version = watch->versions[watch->head % KSHARE_WATCH_RING];
		change->lost = watch->lost;
		watch->lost = 0;
		watch->head++;
		watch->count--;
	}
	spin_unlock(&watch->lock);
	return there;
}

/* The queue is full: of what is to be told the newest stays, the others are counted. */
static void kshare_watch_keep(struct kshare_watch *watch, const struct kshare_change *change)
{
	spin_lock(&watch->lock);
	watch->lost += change->lost;
	if (watch->count) {
		watch->lost += watch->count;
		watch->head += watch->count - 1;
		watch->count = 1;
	} else {
		watch->head--;
		watch->versions[watch->head % KSHARE_WATCH_RING] = change->version;
		watch->count = 1;
	}
	spin_unlock(&watch->lock);
}

static struct kshare_msg *kshare_watch_message(struct kshare_watch *watch)
{
	struct mem_cgroup *old = set_active_memcg(watch->memcg);
	struct kshare_msg *msg = kzalloc(sizeof(*msg), GFP_KERNEL_ACCOUNT);
	struct kshare_blob *blob = kshare_blob_alloc(sizeof(struct kshare_change), 0);

	set_active_memcg(old);
	if (!msg || !blob) {
		struct kshare_doom doom = {};

		kfree(msg);
		if (blob)
			kshare_blob_put(blob, &doom);
		return NULL;
	}
	msg->val = (struct kshare_val){
		.type = KSHARE_BYTES, .len = sizeof(struct kshare_change), .blob = blob,
	};
	msg->priority = kshare_val_int(0);
	return msg;
}

/*
 * Puts one change in: 0, -ENODATA if there is none, -EAGAIN if there is no room, or
 * another error; then it is tried again with the next change.
 */
static int kshare_watch_tell(struct kshare_watch *watch)
{
	struct kshare_msg *msg = kshare_watch_message(watch);
	struct kshare_change change;
	struct kshare_doom doom = {};
	int ret = -ENODATA;

	if (!kshare_gate_pass(watch->via)) {
		ret = -ESHUTDOWN;
		goto out;
	}
	if (!kshare_watch_take(watch, &change))
		goto out;
	ret = -ENOMEM;
	if (msg) {
		memcpy(msg->val.blob->data, &change, sizeof(change));
		ret = kshare_queue_post(watch->queue, msg);
		if (!ret)
			return 0;
	}
	kshare_watch_keep(watch, &change);
out:
	if (msg)
		kshare_msg_free(msg, &doom);
	kshare_doom_run(&doom);
	return ret;
}

static void kshare_watch_work(struct work_struct *work)
{
	struct kshare_watch *watch = container_of(work, struct kshare_watch, work);
	struct kshare_object *queue = watch->queue;
	int ret;

	do {
		ret = kshare_watch_tell(watch);
		cond_resched();
		if (ret != -EAGAIN && ret != -ESHUTDOWN)
			continue;
		/* Whoever makes room finds it here, unless he just did. */
		kshare_object_lock(queue);
		if (ret == -ESHUTDOWN) {
			WRITE_ONCE(watch->ended, true);
		} else if (watch->ended) {
			ret = -ENODATA;
		} else if (queue->ops->poll(queue) & EPOLLOUT) {
			ret = 0;
		} else if (list_empty(&watch->feed)) {
			list_add_tail(&watch->feed, &queue->observers->feeders);
			refcount_inc(&watch->ref);
		}
		kshare_object_unlock(queue);
	} while (!ret);
	kshare_watch_put(watch);
}

/* Has what it watches changed? */
static bool kshare_watch_sees(struct kshare_watch *watch, struct kshare_object *obj)
{
	struct kshare_entry *e;
	u64 now;

	if (watch->key.type == KSHARE_NONE)
		return true;
	e = kshare_table_find(&container_of(obj, struct kshare_dict, obj)->table, &watch->key,
			      watch->hash);
	now = e ? e->version : 0;
	if (now == watch->seen)
		return false;
	watch->seen = now;
	return true;
}

static void kshare_watch_note(struct kshare_watch *watch, u64 version)
{
	spin_lock(&watch->lock);
	if (watch->count == KSHARE_WATCH_RING) {
		watch->head++;
		watch->count--;
		watch->lost++;
	}
	watch->versions[(watch->head + watch->count) % KSHARE_WATCH_RING] = version;
	watch->count++;
	spin_unlock(&watch->lock);
	kshare_watch_kick(watch);
}

/* An object that has observers was changed; it is locked or owned. */
void kshare_watches_note(struct kshare_object *obj)
{
	struct kshare_observers *o = obj->observers;
	struct kshare_watch *watch, *next;
	u32 woken = 0;

	list_for_each_entry(watch, &o->watches, link)
		if (!READ_ONCE(watch->ended) && kshare_watch_sees(watch, obj))
			kshare_watch_note(watch, obj->version);
	if (list_empty(&o->feeders) || !(obj->ops->poll(obj) & EPOLLOUT))
		return;
	list_for_each_entry_safe(watch, next, &o->feeders, feed) {
		if (woken++ == KSHARE_SPIN_FEEDERS)
			break;
		list_del_init(&watch->feed);
		/* The list's reference is the work's now, unless that was queued. */
		if (!queue_work(kshare_workqueue, &watch->work))
			refcount_dec(&watch->ref);
	}
}

/* Out of its object's list; the lock of that is held, and the caller drops it. */
static void kshare_watch_unlink(struct kshare_object *obj, struct kshare_watch *watch,
				struct list_head *ended)
{
	list_move_tail(&watch->link, ended);
	obj->observers->count--;
	kshare_object_regrow(obj, -(s64)sizeof(*watch));
}

static void kshare_watches_put(struct list_head *ended)
{
	struct kshare_watch *watch, *next;

	list_for_each_entry_safe(watch, next, ended, link) {
		bool fed;

		list_del_init(&watch->link);
		kshare_object_lock(watch->queue);
		fed = !list_empty(&watch->feed);
		list_del_init(&watch->feed);
		watch->ended = true;
		kshare_object_unlock(watch->queue);
		if (fed)
			refcount_dec(&watch->ref);
		kshare_watch_put(watch);
	}
}

void kshare_watches_end(struct kshare_client *client, struct kshare_object *obj)
{
	struct kshare_watch *watch, *next;
	LIST_HEAD(ended);

	if (likely(!READ_ONCE(obj->observers)))
		return;
	kshare_object_lock(obj);
	list_for_each_entry_safe(watch, next, &obj->observers->watches, link)
		if (watch->client == client)
			kshare_watch_unlink(obj, watch, &ended);
	kshare_object_unlock(obj);
	kshare_watches_put(&ended);
}

/* Those whose queue is shut down */
static void kshare_watches_sweep(struct kshare_object *obj)
{
	struct kshare_watch *watch, *next;
	LIST_HEAD(ended);

	kshare_object_lock(obj);
	list_for_each_entry_safe(watch, next, &obj->observers->watches, link)
		if (READ_ONCE(watch->ended))
			kshare_watch_unlink(obj, watch, &ended);
	kshare_object_unlock(obj);
	kshare_watches_put(&ended);
}

/* The object goes. */
void kshare_watches_drop(struct kshare_object *obj)
{
	LIST_HEAD(ended);

	list_splice_init(&obj->observers->watches, &ended);
	kshare_watches_put(&ended);
}

static int kshare_watch_add(struct kshare_run *run, struct kshare_watch *watch)
{
	struct kshare_observers *o = run->obj->observers;
	struct kshare_watch *other;

	if (o->count == KSHARE_MAX_WATCHES)
		return -EDQUOT;
	list_for_each_entry(other, &o->watches, link)
		if (other->client == watch->client && other->cookie == watch->cookie &&
		    other->queue == watch->queue && kshare_val_same(&other->key, &watch->key))
			return -EEXIST;
	if (kshare_object_grow(run->obj, sizeof(*watch)))
		return -EDQUOT;
	/* What is there already is no change. */
	kshare_watch_sees(watch, run->obj);
	list_add_tail(&watch->link, &o->watches);
	o->count++;
	return 0;
}

/* KSHARE_OP_WATCH */
int kshare_watch(struct kshare_run *run)
{
	struct kshare_object *queue = kshare_gate_pass(run->value.obj);
	struct kshare_object *obj = run->obj;
	struct kshare_observers *o;
	struct kshare_watch *watch;
	int ret;

	if (!queue)
		return -ESTALE;
	if (queue->type != KSHARE_TYPE_QUEUE || !kshare_queue_of(queue)->bound || queue == obj)
		return -EINVAL;
	if (!(run->value.len & KSHARE_RIGHT_WRITE))
		return -EACCES;
	if (run->key.type != KSHARE_NONE) {
		if (obj->type != KSHARE_TYPE_DICT && obj->type != KSHARE_TYPE_NAMESPACE &&
		    obj->type != KSHARE_TYPE_INSTANCE)
			return -EINVAL;
		ret = kshare_val_check_key(&run->key);
		if (ret)
			return ret;
	}
	o = kshare_observers_get(obj);
	if (!IS_ERR(o))
		o = kshare_observers_get(queue);
	if (IS_ERR(o))
		return PTR_ERR(o);
	watch = kzalloc(sizeof(*watch), GFP_KERNEL_ACCOUNT);
	if (!watch)
		return -ENOMEM;
	refcount_set(&watch->ref, 1);
	INIT_LIST_HEAD(&watch->link);
	INIT_LIST_HEAD(&watch->feed);
	spin_lock_init(&watch->lock);
	INIT_WORK(&watch->work, kshare_watch_work);
	watch->queue = queue;
	kshare_object_get(queue);
	watch->via = run->value.obj;
	kshare_object_get(watch->via);
	watch->client = run->client;
	watch->memcg = get_mem_cgroup_from_mm(current->mm);
	watch->object = obj->id;
	watch->cookie = run->nr;
	watch->key = run->key;
	run->key = (struct kshare_val){};
	if (watch->key.type != KSHARE_NONE)
		watch->hash = kshare_val_hash(&watch->key, &obj->domain->secret);

	kshare_watches_sweep(obj);
	kshare_object_lock(obj);
	ret = kshare_watch_add(run, watch);
	kshare_object_unlock(obj);
	if (ret)
		kshare_watch_put(watch);
	return ret;
}

/* KSHARE_OP_UNWATCH */
int kshare_unwatch(struct kshare_run *run)
{
	struct kshare_object *obj = run->obj;
	struct kshare_watch *watch, *next;
	LIST_HEAD(ended);
	int count = 0;

	if (!READ_ONCE(obj->observers))
		return -ENOENT;
	kshare_object_lock(obj);
	list_for_each_entry_safe(watch, next, &obj->observers->watches, link) {
		if (watch->client == run->client && watch->cookie == run->nr) {
			kshare_watch_unlink(obj, watch, &ended);
			count++;
		}
	}
	kshare_object_unlock(obj);
	kshare_watches_put(&ended);
	return count ?: -ENOENT;
}
