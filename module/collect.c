// SPDX-License-Identifier: GPL-2.0-only
/* Circles of objects that nobody can reach; the idea stands in collect.h. */
#include <linux/jiffies.h>
#include <linux/wait_bit.h>

#include "client.h"
#include "collect.h"
#include "command.h"
#include "lockset.h"

/* References that are looked at with a spinlock held. */
#define KSHARE_SPIN_REFS	256
/* Rounds after which the rest is left to the next pass. */
#define KSHARE_COLLECT_ROUNDS	8
/* A pass comes so long after it was asked for, and takes at most such a part of time. */
#define KSHARE_COLLECT_DELAY	(HZ / 10)
#define KSHARE_COLLECT_SHARE	10
/* What commands under way keep of a domain that has ended is looked for at most so rarely. */
#define KSHARE_COLLECT_WAIT	(10 * HZ)

/* Passes that are to come: the module does not go before them. */
static atomic_t kshare_collects;

static void kshare_collect_over(void)
{
	if (atomic_dec_and_test(&kshare_collects))
		wake_up_var(&kshare_collects);
}

static void kshare_scan_ref(struct kshare_scan *scan, struct kshare_object *obj)
{
	scan->seen(scan, obj);
	if (scan->left)
		scan->left--;
}

void kshare_scan_val(struct kshare_scan *scan, const struct kshare_val *v)
{
	struct kshare_blob *blob;
	u32 i;

	if (scan->left)
		scan->left--;
	if (v->type == KSHARE_REF) {
		kshare_scan_ref(scan, v->obj);
		return;
	}
	if (v->type != KSHARE_ENCODED || !kshare_val_slow(v))
		return;
	blob = v->blob;
	/* Somebody else has it as well: what it refers to is not kept by this alone. */
	if (refcount_read(&blob->ref) != 1)
		return;
	for (i = 0; i < blob->refs_count; i++)
		kshare_scan_ref(scan, blob->refs[i].obj);
}

/**
 * kshare_scan() - visits all references in a container
 * @obj: the object, with a reference; no lock is held
 * @scan: for what
 * @version: written, unless NULL: its version when that began
 *
 * In pieces, if they are many.
 *
 * Return: false if it was changed meanwhile.
 */
bool kshare_scan(struct kshare_object *obj, struct kshare_scan *scan, u64 *version)
{
	bool own = false, first = true, same = true;
	u64 at = 0;
	int ret;

	if (!obj->ops->refs || !READ_ONCE(obj->refers))
		return true;
	do {
		scan->left = own ? U32_MAX : KSHARE_SPIN_REFS;
		if (own) {
			kshare_lockset_begin(obj->domain);
			kshare_object_own(obj);
		} else {
			kshare_object_lock(obj);
		}
		if (first && version)
			*version = obj->version;
		else if (version && *version != obj->version)
			same = false;
		first = false;
		ret = obj->ops->refs(obj, &at, scan, own);
		if (own) {
			kshare_object_disown(obj);
			kshare_lockset_end(obj->domain);
		} else {
			kshare_object_unlock(obj);
		}
		own = ret == KSHARE_MUST_OWN;
		cond_resched();
	} while (ret);
	return same;
}

static void kshare_collect_count(struct kshare_scan *scan, struct kshare_object *obj)
{
	if (obj->suspect == KSHARE_COUNTED)
		obj->found++;
}

static void kshare_collect_gray(struct kshare_object *obj, struct list_head *gray)
{
	/* Not kshare_object_get(), which is for others. */
	refcount_inc(&obj->ref);
	list_add(&obj->gray, gray);
}

static void kshare_collect_reach(struct kshare_scan *scan, struct kshare_object *obj)
{
	if (obj->suspect != KSHARE_COUNTED)
		return;
	WRITE_ONCE(obj->suspect, KSHARE_REACHED);
	if (READ_ONCE(obj->refers))
		kshare_collect_gray(obj, scan->gray);
}

/* All that can be reached from those in the list, which is empty afterwards. */
static void kshare_collect_spread(struct kshare_scan *reach)
{
	struct kshare_object *obj;

	while ((obj = list_first_entry_or_null(reach->gray, struct kshare_object, gray))) {
		list_del_init(&obj->gray);
		kshare_scan(obj, reach, NULL);
		kshare_object_put(obj);
	}
}

/* Those that may be out of reach, each with a reference; how many. */
static u64 kshare_collect_find(struct kshare_domain *domain, struct list_head *suspects)
{
	struct kshare_scan count = { .seen = kshare_collect_count };
	LIST_HEAD(gray);
	struct kshare_scan reach = { .seen = kshare_collect_reach, .gray = &gray };
	struct kshare_object *obj;
	u64 found = 0;

	for (obj = NULL; (obj = kshare_object_next(domain, obj)); cond_resched()) {
		obj->found = 0;
		WRITE_ONCE(obj->suspect, KSHARE_COUNTED);
	}
	for (obj = NULL; (obj = kshare_object_next(domain, obj)); cond_resched())
		kshare_scan(obj, &count, NULL);
	for (obj = NULL; (obj = kshare_object_next(domain, obj)); cond_resched()) {
		/* One is that of this walk. */
		if (refcount_read(&obj->ref) - 1 != obj->found)
			kshare_collect_reach(&reach, obj);
		kshare_collect_spread(&reach);
	}
	for (obj = NULL; (obj = kshare_object_next(domain, obj)); cond_resched()) {
		if (obj->suspect != KSHARE_COUNTED)
			continue;
		kshare_collect_gray(obj, suspects);
		WRITE_ONCE(obj->suspect, KSHARE_SUSPECT);
		found++;
	}
	return found;
}

static void kshare_collect_recount(struct kshare_scan *scan, struct kshare_object *obj)
{
	u8 suspect = READ_ONCE(obj->suspect);

	if (suspect == KSHARE_SUSPECT || suspect == KSHARE_TOUCHED)
		obj->found++;
}

/* A suspect can be reached: so can all that it refers to. */
static void kshare_collect_clear(struct kshare_scan *scan, struct kshare_object *obj)
{
	u8 suspect = READ_ONCE(obj->suspect);

	if (suspect != KSHARE_SUSPECT && suspect != KSHARE_TOUCHED)
		return;
	WRITE_ONCE(obj->suspect, KSHARE_REACHED);
	/* Out of the list of suspects, the reference of which goes with it. */
	list_move(&obj->gray, scan->gray);
}

/* One round; how many were none.  They have left the list. */
static u64 kshare_collect_verify(struct list_head *suspects)
{
	struct kshare_scan recount = { .seen = kshare_collect_recount };
	LIST_HEAD(gray);
	struct kshare_scan clear = { .seen = kshare_collect_clear, .gray = &gray };
	struct kshare_object *obj, *next;
	u64 count = 0;

	/* Pairs with the one in kshare_suspect_touch(): marked before they are counted. */
	smp_mb();
	list_for_each_entry(obj, suspects, gray) {
		obj->found = 0;
		cond_resched();
	}
	list_for_each_entry(obj, suspects, gray) {
		if (!kshare_scan(obj, &recount, &obj->scanned))
			WRITE_ONCE(obj->suspect, KSHARE_TOUCHED);
		cond_resched();
	}
	list_for_each_entry(obj, suspects, gray) {
		/* One is that of the list. */
		if (refcount_read(&obj->ref) - 1 != obj->found)
			WRITE_ONCE(obj->suspect, KSHARE_TOUCHED);
		cond_resched();
	}
	synchronize_rcu();
	list_for_each_entry_safe(obj, next, suspects, gray) {
		bool changed = false;

		if (obj->ops->refs && READ_ONCE(obj->refers)) {
			kshare_object_lock(obj);
			changed = obj->version != obj->scanned;
			kshare_object_unlock(obj);
		}
		if (changed || READ_ONCE(obj->suspect) == KSHARE_TOUCHED)
			kshare_collect_clear(&clear, obj);
		cond_resched();
	}
	while ((obj = list_first_entry_or_null(&gray, struct kshare_object, gray))) {
		list_del_init(&obj->gray);
		kshare_scan(obj, &clear, NULL);
		kshare_object_put(obj);
		count++;
	}
	return count;
}

/* Nobody can reach any of them: they let go of each other. */
static void kshare_collect_free(struct list_head *suspects)
{
	struct kshare_doom doom = {};
	struct kshare_object *obj;

	while ((obj = list_first_entry_or_null(suspects, struct kshare_object, gray))) {
		list_del_init(&obj->gray);
		if (obj->ops->empty)
			obj->ops->empty(obj, &doom);
		kshare_object_put_deferred(obj, &doom);
		kshare_doom_run(&doom);
		cond_resched();
	}
}

/* No pass for so long from now on, unless somebody asks for one by a command. */
static void kshare_collect_pause(struct kshare_collector *collector, unsigned long pause)
{
	WRITE_ONCE(collector->last, jiffies);
	WRITE_ONCE(collector->pause, pause);
}

/**
 * kshare_collect() - frees circles that nobody can reach
 * @domain: a domain
 *
 * Return: how many objects.
 */
static u64 kshare_collect(struct kshare_domain *domain)
{
	struct kshare_collector *collector = &domain->collector;
	unsigned long begin = jiffies;
	struct kshare_object *obj;
	LIST_HEAD(suspects);
	u64 count, cleared;
	u32 round = 0;

	lockdep_assert_held(&collector->lock);
	count = kshare_collect_find(domain, &suspects);
	while (count) {
		cleared = kshare_collect_verify(&suspects);
		count -= cleared;
		if (!cleared)
			break;
		if (++round < KSHARE_COLLECT_ROUNDS)
			continue;
		/* They are changed too often just now. */
		while ((obj = list_first_entry_or_null(&suspects, struct kshare_object, gray))) {
			WRITE_ONCE(obj->suspect, KSHARE_REACHED);
			list_del_init(&obj->gray);
			kshare_object_put(obj);
			cond_resched();
		}
		kshare_collect_soon(domain);
		count = 0;
	}
	kshare_collect_free(&suspects);
	collector->freed += count;
	kshare_collect_pause(collector, KSHARE_COLLECT_SHARE * (jiffies - begin));
	return count;
}

/* Commands under way may still keep something, and nobody tells when they are done. */
static void kshare_collect_rest(struct kshare_domain *domain)
{
	struct kshare_collector *collector = &domain->collector;

	if (!kshare_domain_is_left(domain) || list_empty_careful(&domain->objects))
		return;
	collector->wait = clamp_t(unsigned long, 2 * collector->wait, KSHARE_COLLECT_DELAY,
				  KSHARE_COLLECT_WAIT);
	kshare_collect_pause(collector, collector->wait);
	kshare_collect_soon(domain);
}

static void kshare_collect_work(struct work_struct *work)
{
	struct kshare_collector *collector = container_of(to_delayed_work(work),
							  struct kshare_collector, work);
	struct kshare_domain *domain = container_of(collector, struct kshare_domain, collector);

	mutex_lock(&collector->lock);
	kshare_collect(domain);
	mutex_unlock(&collector->lock);
	kshare_collect_rest(domain);
	kshare_object_put(&domain->obj);
	kshare_collect_over();
}

void kshare_collector_init(struct kshare_collector *collector)
{
	mutex_init(&collector->lock);
	INIT_DELAYED_WORK(&collector->work, kshare_collect_work);
	collector->last = jiffies;
}

void kshare_collect_soon(struct kshare_domain *domain)
{
	struct kshare_collector *collector = &domain->collector;
	/* However long ago: what is counted from then comes round on 32 bits. */
	unsigned long since = jiffies - READ_ONCE(collector->last);
	unsigned long pause = READ_ONCE(collector->pause), delay = KSHARE_COLLECT_DELAY;

	if (since < pause)
		delay = max(delay, pause - since);
	/* Only if it is not asked for already; then the work drops the reference. */
	if (delayed_work_pending(&collector->work))
		return;
	refcount_inc(&domain->obj.ref);
	atomic_inc(&kshare_collects);
	if (!queue_delayed_work(kshare_workqueue, &collector->work, delay)) {
		refcount_dec(&domain->obj.ref);
		kshare_collect_over();
	}
}

void kshare_collect_end(struct kshare_domain *domain)
{
	struct kshare_collector *collector = &domain->collector;

	if (!list_empty_careful(&domain->objects)) {
		mutex_lock(&collector->lock);
		kshare_collect(domain);
		mutex_unlock(&collector->lock);
	}
	if (!list_empty_careful(&domain->objects)) {
		kshare_collect_rest(domain);
	} else if (cancel_delayed_work(&collector->work)) {
		/* Of which the caller has one more. */
		refcount_dec(&domain->obj.ref);
		kshare_collect_over();
	}
}

void kshare_collect_exit(void)
{
	wait_var_event(&kshare_collects, !atomic_read(&kshare_collects));
}

void __kshare_collect_hint(struct kshare_object *obj)
{
	if (obj->ops->refs && refcount_read(&obj->ref) > 1)
		kshare_collect_soon(obj->domain);
}

/* KSHARE_OP_DOMAIN_COLLECT */
int kshare_domain_collect(struct kshare_run *run)
{
	struct kshare_domain *domain = kshare_domain_of(run->obj);

	if (mutex_lock_interruptible(&domain->collector.lock))
		return -EINTR;
	run->number = kshare_collect(domain);
	mutex_unlock(&domain->collector.lock);
	return kshare_run_deliver(run, true);
}
