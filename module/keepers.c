// SPDX-License-Identifier: GPL-2.0-only
/* What is in a domain, and what keeps it there. */
#include <linux/cred.h>
#include <linux/user_namespace.h>

#include "command.h"
#include "gate.h"
#include "grant.h"
#include "inspect.h"
#include "lockset.h"
#include "ticket.h"

/* Objects in a result, if it is not said how many. */
#define KSHARE_OBJECTS_PAGE	4096

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
		if (fatal_signal_pending(current)) {
			kshare_object_put(obj);
			return -EINTR;
		}
		cond_resched();
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

static void kshare_keepers_handles(struct kshare_keepers *k, struct kshare_client *client)
{
	struct kshare_handle *handle;
	unsigned long id;

	rcu_read_lock();
	xa_for_each(&client->handles, id, handle) {
		if (handle->obj == k->obj)
			kshare_keeper_add(k, KSHARE_KEPT_BY_HANDLE, client->who, id,
					  handle->rights);
		if (need_resched()) {
			rcu_read_unlock();
			cond_resched();
			rcu_read_lock();
		}
	}
	rcu_read_unlock();
}

static void kshare_keeper_seen(struct kshare_scan *scan, struct kshare_object *obj)
{
	struct kshare_keepers *k = container_of(scan, struct kshare_keepers, scan);

	k->here += obj == k->obj;
}

static void kshare_keepers_containers(struct kshare_keepers *k, struct kshare_domain *domain)
{
	struct kshare_object *obj = NULL;

	while ((obj = kshare_object_next(domain, obj))) {
		k->here = 0;
		k->scan.seen = kshare_keeper_seen;
		kshare_scan(obj, &k->scan, NULL);
		for (; k->here; k->here--)
			kshare_keeper_add(k, obj->type == KSHARE_TYPE_GATE ?
						     KSHARE_KEPT_BY_GATE : KSHARE_KEPT_BY_CONTAINER,
					  NULL, obj->id, 0);
		cond_resched();
	}
}

static void kshare_keepers_find(struct kshare_keepers *k, struct kshare_domain *domain)
{
	struct kshare_member *member;
	struct kshare_ticket *ticket;
	struct kshare_export *export;

	mutex_lock(&domain->members_lock);
	list_for_each_entry(member, &domain->members, in_domain)
		kshare_keepers_handles(k, member->client);
	list_for_each_entry(export, &domain->exports, in_domain) {
		if (export->obj == k->obj)
			kshare_keeper_add(k, KSHARE_KEPT_BY_DESCRIPTOR, export->who, 0,
					  export->rights);
		cond_resched();
	}
	mutex_unlock(&domain->members_lock);
	kshare_tickets_lock();
	list_for_each_entry(ticket, &domain->tickets, in_domain) {
		if (ticket->obj == k->obj)
			kshare_keeper_add(k, KSHARE_KEPT_BY_TICKET, ticket->who, ticket->number,
					  ticket->rights);
		cond_resched();
	}
	kshare_tickets_unlock();
	kshare_keepers_containers(k, domain);
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
	while ((k.obj = kshare_object_next(domain, k.obj)) && k.obj->id != id)
		cond_resched();
	if (!k.obj)
		return -ENOENT;
	kshare_keepers_find(&k, domain);
	/* One is this command's. */
	refs = refcount_read(&k.obj->ref) - 1;
	if (refs > k.count)
		kshare_keeper_add(&k, KSHARE_KEPT_BY_OTHER, NULL, refs - k.count, 0);
	kshare_object_put(k.obj);
	run->number = k.count;
	return kshare_run_deliver_after(run) ?: run->out_count / 4;
}
