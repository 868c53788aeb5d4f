// SPDX-License-Identifier: GPL-2.0-only
/* Gates: references that can be revoked. */
#include <linux/poll.h>

#include "command.h"
#include "gate.h"
#include "lockset.h"
#include "observe.h"
#include "types/condition.h"

static int kshare_gate_init(struct kshare_object *obj, const struct kshare_create *how)
{
	struct kshare_gate *gate = kshare_gate_of(obj);
	struct kshare_object *target = how->value->obj;

	if (target->type == KSHARE_TYPE_GATE)
		gate->depth = kshare_gate_of(target)->depth + 1;
	if (gate->depth >= KSHARE_MAX_GATES)
		return -EDQUOT;
	gate->target = target;
	gate->methods = how->size;
	kshare_object_get(target);
	obj->refers = true;
	return 0;
}

static void kshare_gate_destroy(struct kshare_object *obj, struct kshare_doom *doom)
{
	/* What it stood for stays in place, for who goes through under RCU. */
	kshare_object_forget(kshare_gate_of(obj)->target, doom);
}

/* It goes with the circle that it is a part of. */
static void kshare_gate_empty(struct kshare_object *obj, struct kshare_doom *doom)
{
}

static int kshare_gate_refs(struct kshare_object *obj, u64 *at, struct kshare_scan *scan,
			    bool owned)
{
	scan->seen(scan, kshare_gate_of(obj)->target);
	return 0;
}

const struct kshare_type_ops kshare_gate_type = {
	.type = KSHARE_TYPE_GATE,
	.size = sizeof(struct kshare_gate),
	.init = kshare_gate_init,
	.destroy = kshare_gate_destroy,
	.empty = kshare_gate_empty,
	.refs = kshare_gate_refs,
};

const struct kshare_object *kshare_object_real(const struct kshare_object *obj)
{
	while (obj->type == KSHARE_TYPE_GATE)
		obj = kshare_gate_of(obj)->target;
	return obj;
}

/**
 * kshare_gate_create() - a gate
 * @target: what it stands for
 * @user: who pays for it
 * @methods: bits of those that may be called by way of it
 *
 * Return: the gate, with one reference, or an error.
 */
struct kshare_object *kshare_gate_create(struct kshare_object *target, struct kshare_user *user,
					 u64 methods)
{
	struct kshare_val value = { .type = KSHARE_REF, .obj = target };
	struct kshare_create how = {
		.user = user,
		.type = KSHARE_TYPE_GATE,
		.size = methods,
		.value = &value,
	};

	return kshare_object_create(target->domain, &how);
}

/*
 * What was held by way of it is given back, and nobody waits for more.  Also on behalf
 * of one who is killed meanwhile: nobody else would do it.
 */
static void kshare_gate_sweep(struct kshare_object *obj)
{
	struct kshare_domain *domain = obj->domain;
	struct kshare_member *member;

	kshare_line_revoke(obj);
	mutex_lock(&domain->members_lock);
	list_for_each_entry(member, &domain->members, in_domain) {
		/* (A) of kshare_handle_closed(), fully ordered */
		atomic_inc_return(&member->client->closes);
		kshare_handle_closed(member->client, obj);
		cond_resched();
	}
	mutex_unlock(&domain->members_lock);

	kshare_object_lock(obj);
	kshare_observe_end(obj);
	kshare_object_unlock(obj);
}

/* KSHARE_OP_REVOKE */
int kshare_revoke(struct kshare_run *run)
{
	struct kshare_object *gate = NULL;
	struct kshare_handle *handle;
	int ret = -EBADF;

	rcu_read_lock();
	handle = kshare_handle_load(run->client, run->handle);
	if (handle)
		ret = handle->flags & KSHARE_HANDLE_GIVER ? 0 : -EPERM;
	if (!ret && kshare_object_tryget(handle->obj))
		gate = handle->obj;
	rcu_read_unlock();
	if (!gate)
		return ret ?: -EBADF;

	if (xchg(&kshare_gate_of(gate)->closed, true))
		ret = -ESTALE;
	else
		kshare_gate_sweep((struct kshare_object *)kshare_object_real(gate));
	kshare_object_put(gate);
	return ret;
}
