// SPDX-License-Identifier: GPL-2.0-only
/* Handles: numbers for objects, with rights. */
#include "client.h"
#include "observe.h"

/* With the lock of @handles held, or while nobody else knows the client. */
static void kshare_handle_set_near(struct kshare_client *client, u32 id,
				   struct kshare_handle *handle)
{
	if (id < KSHARE_NEAR)
		rcu_assign_pointer(client->near[id], handle);
}

static int kshare_handle_charge(struct kshare_client *client)
{
	struct kshare_account *account = &client->domain->account;

	/* The limit is of each client's; what all have is counted for STAT. */
	if (atomic_inc_return(&client->handle_count) >
	    READ_ONCE(account->limit[KSHARE_LIMIT_HANDLES])) {
		atomic_dec(&client->handle_count);
		return -EDQUOT;
	}
	atomic64_inc(&account->used[KSHARE_LIMIT_HANDLES]);
	return 0;
}

static void kshare_handle_uncharge(struct kshare_client *client)
{
	atomic_dec(&client->handle_count);
	atomic64_dec(&client->domain->account.used[KSHARE_LIMIT_HANDLES]);
}

int kshare_handle_reserve(struct kshare_client *client, u32 *id, struct kshare_handle **handle)
{
	int ret = kshare_handle_charge(client);

	if (ret)
		return ret;
	*handle = kmalloc(sizeof(**handle), GFP_KERNEL_ACCOUNT);
	if (!*handle) {
		ret = -ENOMEM;
		goto err_uncharge;
	}
	/* A NULL entry is reserved: found by nobody, and not given out again. */
	ret = xa_alloc(&client->handles, id, NULL, XA_LIMIT(1, INT_MAX), GFP_KERNEL_ACCOUNT);
	if (!ret)
		return 0;
	if (ret == -EBUSY)
		ret = -EDQUOT;
	kfree(*handle);
err_uncharge:
	kshare_handle_uncharge(client);
	return ret;
}

void kshare_handle_unreserve(struct kshare_client *client, u32 id, struct kshare_handle *handle)
{
	xa_release(&client->handles, id);
	kfree(handle);
	kshare_handle_uncharge(client);
}

void kshare_handle_publish(struct kshare_client *client, u32 id, struct kshare_handle *handle,
			   struct kshare_object *obj, u32 rights, u32 flags)
{
	handle->obj = obj;
	handle->rights = rights;
	handle->flags = flags & KSHARE_NO_INHERIT;
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
		flags = handle->flags;
	}
	rcu_read_unlock();
	if (!obj)
		return 0;

	ret = kshare_handle_charge(to);
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
	kshare_handle_uncharge(to);
err_put:
	kshare_object_put(obj);
	return ret;
}

/* Has the client another handle to this object? */
static bool kshare_handle_other(struct kshare_client *client, struct kshare_object *obj)
{
	struct kshare_handle *handle;
	bool found = false;
	unsigned long id;

	rcu_read_lock();
	xa_for_each(&client->handles, id, handle) {
		if (handle->obj == obj) {
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
	struct kshare_handle *handle;
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
	kfree_rcu(handle, rcu);
	kshare_handle_uncharge(client);
	/* (A), fully ordered */
	atomic_inc_return(&client->closes);
	kshare_handle_closed(client, obj);
	kshare_object_put(obj);
	return 0;
}
