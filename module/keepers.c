// SPDX-License-Identifier: GPL-2.0-only
/* What is in a domain, and what keeps it there. */
#include <linux/cred.h>
#include <linux/sched/signal.h>
#include <linux/user_namespace.h>

#include "command.h"
#include "gate.h"
#include "grant.h"
#include "inspect.h"
#include "lockset.h"
#include "ticket.h"
#include "types/class.h"

/* Objects in a result, if it is not said how many. */
#define KSHARE_OBJECTS_PAGE	4096

/* Who only looks may stop anywhere; 0, or -EINTR if he is killed. */
static int kshare_keepers_pause(void)
{
	cond_resched();
	return fatal_signal_pending(current) ? -EINTR : 0;
}

static u64 kshare_key_number(const struct kshare_run *run)
{
	return run->key.type == KSHARE_INT && run->key.i < 0 ? 0 : run->key.u;
}

static void kshare_object_tell(struct kshare_run *run, struct kshare_object *obj)
{
	struct kshare_val *out = run->out + run->out_count;
	struct kshare_who *who;

	kshare_object_lock(obj);
	who = kshare_who_get(obj->writer);
	kshare_object_unlock(obj);
	out[0] = kshare_val_uint(obj->id);
	out[1] = kshare_val_int(obj->type);
	out[2] = kshare_val_uint(READ_ONCE(obj->bytes));
	/* But for that of who looks */
	out[3] = kshare_val_uint(refcount_read(&obj->ref) - 1);
	out[4] = kshare_val_int(kshare_who_pid(who));
	out[5] = kshare_val_uint(from_kuid_munged(current_user_ns(), obj->user->uid));
	run->out_count += 6;
	kshare_who_put(who);
}

/* KSHARE_OP_DOMAIN_OBJECTS */
int kshare_domain_objects(struct kshare_run *run)
{
	u32 most = min(run->nr ?: KSHARE_OBJECTS_PAGE, KSHARE_OBJECTS_PAGE);
	struct kshare_domain *domain = kshare_domain_of(run->obj);
	u64 after = kshare_key_number(run);
	struct kshare_object *obj = NULL;
	int ret = kshare_run_out(run, 6 * most);

	if (ret)
		return ret;
	run->number = after;
	while ((obj = kshare_object_next(domain, obj))) {
		if (obj->id > after && run->out_count == 6 * most) {
			run->result_flags |= KSHARE_R_MORE;
			kshare_object_put(obj);
			break;
		}
		if (obj->id > after) {
			kshare_object_tell(run, obj);
			run->number = obj->id;
		}
		if (kshare_keepers_pause()) {
			kshare_object_put(obj);
			return -EINTR;
		}
	}
	return kshare_run_deliver_after(run) ?: run->out_count / 6;
}

/**
 * struct kshare_keepers - what is found
 * @scan: looks for @obj in a container
 * @run: gets it
 * @obj: what is kept
 * @count: all that keeps it
 * @here: references in the container that is looked at
 */
struct kshare_keepers {
	struct kshare_scan scan;
	struct kshare_run *run;
	struct kshare_object *obj;
	u64 count;
	u32 here;
};

static void kshare_keeper_add(struct kshare_keepers *k, enum kshare_keeper what,
			      const struct kshare_who *who, u64 which, u32 rights)
{
	struct kshare_run *run = k->run;

	k->count++;
	if (run->out_count + 4 > run->out_room)
		return;
	run->out[run->out_count++] = kshare_val_int(what);
	run->out[run->out_count++] = kshare_val_int(kshare_who_pid(who));
	run->out[run->out_count++] = kshare_val_uint(which);
	run->out[run->out_count++] = kshare_val_int(rights);
}

static int kshare_keepers_handles(struct kshare_keepers *k, struct kshare_client *client)
{
	struct kshare_handle *handle;
	unsigned long id;
	int ret = 0;

	rcu_read_lock();
	xa_for_each(&client->handles, id, handle) {
		if (handle->obj == k->obj)
			kshare_keeper_add(k, KSHARE_KEPT_BY_HANDLE, client->who, id,
					  handle->rights);
		if (need_resched()) {
			rcu_read_unlock();
			ret = kshare_keepers_pause();
			rcu_read_lock();
		}
		if (ret)
			break;
	}
	rcu_read_unlock();
	return ret ?: kshare_keepers_pause();
}

static int kshare_keepers_members(struct kshare_keepers *k, struct kshare_domain *domain)
{
	struct kshare_member *member;
	struct kshare_export *export;
	int ret = 0;

	if (mutex_lock_killable(&domain->members_lock))
		return -EINTR;
	list_for_each_entry(member, &domain->members, in_domain) {
		ret = kshare_keepers_handles(k, member->client);
		if (ret)
			goto out;
	}
	list_for_each_entry(export, &domain->exports, in_domain) {
		if (export->obj == k->obj)
			kshare_keeper_add(k, KSHARE_KEPT_BY_DESCRIPTOR, export->who, 0,
					  export->rights);
		ret = kshare_keepers_pause();
		if (ret)
			goto out;
	}
out:
	mutex_unlock(&domain->members_lock);
	return ret;
}

static int kshare_keepers_tickets(struct kshare_keepers *k, struct kshare_domain *domain)
{
	struct kshare_ticket *ticket;
	int ret = 0;

	kshare_tickets_lock();
	list_for_each_entry(ticket, &domain->tickets, in_domain) {
		if (ticket->obj == k->obj)
			kshare_keeper_add(k, KSHARE_KEPT_BY_TICKET, ticket->who, ticket->number,
					  ticket->rights);
		ret = kshare_keepers_pause();
		if (ret)
			break;
	}
	kshare_tickets_unlock();
	return ret;
}

static void kshare_keeper_seen(struct kshare_scan *scan, struct kshare_object *obj)
{
	struct kshare_keepers *k = container_of(scan, struct kshare_keepers, scan);

	k->here += obj == k->obj;
}

static int kshare_keepers_containers(struct kshare_keepers *k, struct kshare_domain *domain)
{
	struct kshare_object *obj = NULL;

	while ((obj = kshare_object_next(domain, obj))) {
		k->here = 0;
		k->scan.seen = kshare_keeper_seen;
		kshare_scan(obj, &k->scan, NULL);
		if (obj->type == KSHARE_TYPE_INSTANCE && kshare_class_behind(obj) == k->obj)
			k->here++;
		for (; k->here; k->here--)
			kshare_keeper_add(k, obj->type == KSHARE_TYPE_GATE ?
						     KSHARE_KEPT_BY_GATE : KSHARE_KEPT_BY_CONTAINER,
					  NULL, obj->id, 0);
		if (kshare_keepers_pause()) {
			kshare_object_put(obj);
			return -EINTR;
		}
	}
	return 0;
}

/* That of such a number, with a reference; or an error. */
static struct kshare_object *kshare_keepers_object(struct kshare_domain *domain, u64 id)
{
	struct kshare_object *obj = NULL;

	while ((obj = kshare_object_next(domain, obj)) && obj->id != id) {
		if (kshare_keepers_pause()) {
			kshare_object_put(obj);
			return ERR_PTR(-EINTR);
		}
	}
	return obj ?: ERR_PTR(-ENOENT);
}

/* KSHARE_OP_DOMAIN_KEEPERS */
int kshare_domain_keepers(struct kshare_run *run)
{
	struct kshare_domain *domain = kshare_domain_of(run->obj);
	struct kshare_keepers k = { .run = run };
	u64 id = kshare_key_number(run), refs;
	int ret = kshare_run_out(run, 4 * KSHARE_MAX_WHO);

	if (ret)
		return ret;
	k.obj = kshare_keepers_object(domain, id);
	if (IS_ERR(k.obj))
		return PTR_ERR(k.obj);
	ret = kshare_keepers_members(&k, domain) ?: kshare_keepers_tickets(&k, domain) ?:
	      kshare_keepers_containers(&k, domain);
	/* One is this command's. */
	refs = refcount_read(&k.obj->ref) - 1;
	if (!ret && refs > k.count)
		kshare_keeper_add(&k, KSHARE_KEPT_BY_OTHER, NULL, refs - k.count, 0);
	kshare_object_put(k.obj);
	if (ret)
		return ret;
	run->number = k.count;
	return kshare_run_deliver_after(run) ?: run->out_count / 4;
}
