// SPDX-License-Identifier: GPL-2.0-only
/* Handles: numbers for objects, with rights. */
#include <linux/err.h>

#include "client.h"
#include "gate.h"
#include "observe.h"

struct kshare_object *kshare_handle_find_slow(struct kshare_client *client, u32 id, u32 *rights,
					      struct kshare_object **via)
{
	struct kshare_object *obj;
	struct kshare_handle *handle;

	rcu_read_lock();
	handle = kshare_handle_load(client, id);
	if (unlikely(!handle)) {
		obj = ERR_PTR(-EBADF);
		goto out;
	}
	obj = handle->obj;
	*rights = handle->rights;
	if (unlikely(obj->type == KSHARE_TYPE_GATE)) {
		struct kshare_object *gate = obj;

		obj = kshare_gate_pass(gate);
		if (!obj) {
			obj = ERR_PTR(-ESTALE);
			goto out;
		}
		if (!kshare_object_tryget(gate)) {
			obj = ERR_PTR(-EBADF);
			goto out;
		}
		/* Which keeps @obj */
		*via = gate;
	}
	if (unlikely(!kshare_object_tryget(obj)))
		obj = ERR_PTR(-EBADF);
out:
	rcu_read_unlock();
	return obj;
}

struct kshare_object *kshare_handle_ref(struct kshare_client *client, u32 id, u32 *rights)
{
	struct kshare_object *obj = ERR_PTR(-EBADF);
	struct kshare_handle *handle;

	rcu_read_lock();
	handle = kshare_handle_load(client, id);
	if (handle && !kshare_gate_pass(handle->obj)) {
		obj = ERR_PTR(-ESTALE);
	} else if (handle && kshare_object_tryget(handle->obj)) {
		obj = handle->obj;
		*rights = handle->rights;
	}
	rcu_read_unlock();
	return obj;
}

/* ---- membership ---- */

/* One more handle to an object of @domain; 0 or -ENOMEM. */
static int kshare_member_get(struct kshare_client *client, struct kshare_domain *domain)
{
	struct kshare_member *member;
	int ret = 0;

	if (likely(domain == client->domain))
		return 0;
	mutex_lock(&client->members_lock);
	member = xa_load(&client->members, domain->obj.id);
	if (!member) {
		member = kmalloc(sizeof(*member), GFP_KERNEL_ACCOUNT);
		ret = member ? xa_err(xa_store(&client->members, domain->obj.id, member,
					       GFP_KERNEL_ACCOUNT)) : -ENOMEM;
		if (ret)
			kfree(member);
		else
			kshare_domain_join(domain, member, client);
	}
	if (!ret)
		member->handles++;
	mutex_unlock(&client->members_lock);
	return ret;
}

static void kshare_member_put(struct kshare_client *client, struct kshare_domain *domain)
{
	struct kshare_member *member;
	bool last;

	if (likely(domain == client->domain))
		return;
	mutex_lock(&client->members_lock);
	member = xa_load(&client->members, domain->obj.id);
	/* None if it was settled, before a command of io_uring's let go of its handles. */
	last = member && !--member->handles;
	if (last)
		xa_erase(&client->members, domain->obj.id);
	mutex_unlock(&client->members_lock);
	if (last) {
		kshare_domain_leave(member);
		kfree(member);
	}
}

/* With the lock of @handles held, or while nobody else knows the client. */
static void kshare_handle_set_near(struct kshare_client *client, u32 id,
				   struct kshare_handle *handle)
{
	if (id < KSHARE_NEAR)
		rcu_assign_pointer(client->near[id], handle);
}

static int kshare_handle_charge(struct kshare_client *client, struct kshare_domain *domain)
{
	int ret;

	/* The limit is of each client's; what all have is counted for STAT. */
	if (atomic_inc_return(&client->handle_count) >
	    READ_ONCE(client->domain->account.limit[KSHARE_LIMIT_HANDLES])) {
		ret = -EDQUOT;
		goto err_count;
	}
	ret = kshare_user_charge(client->user, KSHARE_LIMIT_HANDLES, 1);
	if (ret)
		goto err_count;
	ret = kshare_member_get(client, domain);
	if (ret)
		goto err_user;
	atomic64_inc(&domain->account.used[KSHARE_LIMIT_HANDLES]);
	return 0;

err_user:
	kshare_user_uncharge(client->user, KSHARE_LIMIT_HANDLES, 1);
err_count:
	atomic_dec(&client->handle_count);
	return ret;
}

static void kshare_handle_uncharge(struct kshare_client *client, struct kshare_domain *domain)
{
	atomic64_dec(&domain->account.used[KSHARE_LIMIT_HANDLES]);
	kshare_user_uncharge(client->user, KSHARE_LIMIT_HANDLES, 1);
	atomic_dec(&client->handle_count);
	kshare_member_put(client, domain);
}

int kshare_handle_reserve(struct kshare_client *client, struct kshare_domain *domain, u32 *id,
			  struct kshare_handle **handle)
{
	int ret;

	*handle = kmalloc(sizeof(**handle), GFP_KERNEL_ACCOUNT);
	if (!*handle)
		return -ENOMEM;
	/* A NULL entry is reserved: found by nobody, and not given out again. */
	ret = xa_alloc(&client->handles, id, NULL, XA_LIMIT(1, INT_MAX), GFP_KERNEL_ACCOUNT);
	if (ret) {
		ret = ret == -EBUSY ? -EDQUOT : ret;
		goto err_free;
	}
	/*
	 * Last, as it may make the client a member: to leave a domain takes locks that
	 * the caller may have.
	 */
	ret = kshare_handle_charge(client, domain);
	if (!ret)
		return 0;
	xa_release(&client->handles, *id);
err_free:
	kfree(*handle);
	return ret;
}

void kshare_handle_unreserve(struct kshare_client *client, struct kshare_domain *domain, u32 id,
			     struct kshare_handle *handle)
{
	xa_release(&client->handles, id);
	kfree(handle);
	kshare_handle_uncharge(client, domain);
}

void kshare_handle_publish(struct kshare_client *client, u32 id, struct kshare_handle *handle,
			   struct kshare_object *obj, u32 rights, u32 flags)
{
	handle->obj = obj;
	handle->rights = rights;
	handle->flags = flags & (KSHARE_NO_INHERIT | KSHARE_HANDLE_GIVER);
	/*
	 * The slot is there since it was reserved, so no memory is needed.  Both
	 * places at once, since another thread may guess the number and close it.
	 */
	xa_lock(&client->handles);
	WARN_ON_ONCE(xa_err(__xa_store(&client->handles, id, handle, GFP_NOWAIT)));
	kshare_handle_set_near(client, id, handle);
	xa_unlock(&client->handles);
}

int kshare_handle_copy(struct kshare_client *from, struct kshare_client *to, u32 id)
{
	struct kshare_object *obj = NULL;
	struct kshare_handle *handle, *copy;
	u32 rights = 0, flags = 0;
	int ret;

	rcu_read_lock();
	handle = xa_load(&from->handles, id);
	if (handle && !(handle->flags & KSHARE_NO_INHERIT) && kshare_object_tryget(handle->obj)) {
		obj = handle->obj;
		rights = handle->rights;
		/* To revoke stays with who gave. */
		flags = handle->flags & ~KSHARE_HANDLE_GIVER;
	}
	rcu_read_unlock();
	if (!obj)
		return 0;

	ret = kshare_handle_charge(to, obj->domain);
	if (ret)
		goto err_put;
	copy = kmalloc(sizeof(*copy), GFP_KERNEL_ACCOUNT);
	if (!copy) {
		ret = -ENOMEM;
		goto err_uncharge;
	}
	copy->obj = obj;
	copy->rights = rights;
	copy->flags = flags;
	ret = xa_err(xa_store(&to->handles, id, copy, GFP_KERNEL_ACCOUNT));
	if (!ret) {
		kshare_handle_set_near(to, id, copy);
		return 0;
	}
	kfree(copy);
err_uncharge:
	kshare_handle_uncharge(to, obj->domain);
err_put:
	kshare_object_put(obj);
	return ret;
}

/* Has the client another handle to this object, that is not revoked? */
static bool kshare_handle_other(struct kshare_client *client, struct kshare_object *obj)
{
	struct kshare_handle *handle;
	bool found = false;
	unsigned long id;

	rcu_read_lock();
	xa_for_each(&client->handles, id, handle) {
		if (kshare_gate_pass(handle->obj) == obj) {
			found = true;
			break;
		}
		if (need_resched()) {
			rcu_read_unlock();
			cond_resched();
			rcu_read_lock();
		}
	}
	rcu_read_unlock();
	return found;
}

/*
 *	close				command
 *	handle erased			has it (a lock, a lease, a watch)
 *	closes++ (A)			smp_mb (B)
 *	is anything held?		closes as at the beginning?
 *
 * (A) and (B): either the one sees what is held, or the other that it has closed.
 */
void kshare_handle_closed(struct kshare_client *client, struct kshare_object *obj)
{
	if (((obj->ops->holds && obj->ops->holds(obj, client)) || READ_ONCE(obj->observers)) &&
	    !kshare_handle_other(client, obj)) {
		kshare_watches_end(client, obj);
		while (obj->ops->abandon && obj->ops->abandon(obj, client, false))
			cond_resched();
	}
}

/**
 * kshare_handle_close() - gives a handle back
 * @client: client
 * @id: handle
 *
 * Return: 0 or -EBADF.
 */
int kshare_handle_close(struct kshare_client *client, u32 id)
{
	struct kshare_domain *domain;
	struct kshare_handle *handle;
	struct kshare_doom doom = {};
	struct kshare_object *obj;

	/* Not a reserved one: its command still has to publish it. */
	xa_lock(&client->handles);
	handle = xa_load(&client->handles, id);
	if (handle) {
		kshare_handle_set_near(client, id, NULL);
		__xa_erase(&client->handles, id);
	}
	xa_unlock(&client->handles);
	if (!handle)
		return -EBADF;

	obj = handle->obj;
	domain = obj->domain;
	kfree_rcu(handle, rcu);
	/* (A), fully ordered */
	atomic_inc_return(&client->closes);
	kshare_handle_closed(client, (struct kshare_object *)kshare_object_real(obj));
	kshare_object_forget(obj, &doom);
	kshare_doom_run(&doom);
	/* The membership has kept it. */
	kshare_handle_uncharge(client, domain);
	return 0;
}

void kshare_handles_settle(struct kshare_client *client)
{
	struct kshare_doom doom = {};
	struct kshare_handle *handle;
	unsigned long id;

	memset(client->near, 0, sizeof(client->near));
	/* For a command of io_uring's that is not over yet: see kshare_run_end(). */
	atomic_inc(&client->closes);
	xa_for_each(&client->handles, id, handle) {
		struct kshare_object *obj = handle->obj;

		xa_erase(&client->handles, id);
		kshare_watches_end(client, (struct kshare_object *)kshare_object_real(obj));
		atomic64_dec(&obj->domain->account.used[KSHARE_LIMIT_HANDLES]);
		kshare_user_uncharge(client->user, KSHARE_LIMIT_HANDLES, 1);
		atomic_dec(&client->handle_count);
		kshare_object_forget(obj, &doom);
		kfree_rcu(handle, rcu);
		kshare_doom_run(&doom);
		cond_resched();
	}
}

void kshare_members_settle(struct kshare_client *client)
{
	struct kshare_member *member;
	unsigned long id;

	for (;;) {
		id = 0;
		mutex_lock(&client->members_lock);
		member = xa_find(&client->members, &id, ULONG_MAX, XA_PRESENT);
		if (member)
			xa_erase(&client->members, id);
		mutex_unlock(&client->members_lock);
		if (!member)
			break;
		kshare_domain_leave(member);
		kfree(member);
		cond_resched();
	}
	kshare_domain_leave(&client->own);
}
