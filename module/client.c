// SPDX-License-Identifier: GPL-2.0-only
/* Clients: opening, cloning, binding to a process, and settlement. */
#include <linux/cred.h>
#include <linux/pid_namespace.h>
#include <linux/sched.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>

#include "client.h"
#include "command.h"
#include "name.h"
#include "ticket.h"
#include "types/class.h"

static DEFINE_XARRAY_FLAGS(kshare_clients, XA_FLAGS_ALLOC1 | XA_FLAGS_ACCOUNT);

static struct kshare_who *kshare_who_create(void)
{
	struct kshare_who *who = kzalloc(sizeof(*who), GFP_KERNEL_ACCOUNT);

	if (!who)
		return NULL;
	refcount_set(&who->ref, 1);
	who->pid = get_task_pid(current->group_leader, PIDTYPE_TGID);
	who->start = current->group_leader->start_boottime;
	get_task_comm(who->comm, current->group_leader);
	return who;
}

struct kshare_who *kshare_who_get(struct kshare_who *who)
{
	if (who)
		refcount_inc(&who->ref);
	return who;
}

void kshare_who_put(struct kshare_who *who)
{
	if (!who || !refcount_dec_and_test(&who->ref))
		return;
	put_pid(who->pid);
	kfree_rcu(who, rcu);
}

pid_t kshare_who_pid(const struct kshare_who *who)
{
	return who ? pid_vnr(who->pid) : 0;
}

/*
 * First everything else, then the locks: whoever gets one finds the rest
 * settled.  No command of this client runs any more, and none of its handles
 * can be found by others.
 */
static void kshare_client_settle(struct kshare_client *client)
{
	/* The address may be another process's soon. */
	WRITE_ONCE(client->mm, NULL);

	kshare_parked_settle(client);
	kshare_calls_settle(client);
	kshare_holds_settle(client, KSHARE_HOLD_PERMIT);
	kshare_tickets_settle(client);
	kshare_handles_settle(client);
	kshare_holds_settle(client, KSHARE_HOLD_LOCK);
	kshare_members_settle(client);
}

static void kshare_process_release(struct mmu_notifier *mn, struct mm_struct *mm)
{
	struct kshare_process *process = container_of(mn, struct kshare_process, mn);
	struct kshare_client *client;

	mutex_lock(&process->lock);
	while ((client = list_first_entry_or_null(&process->clients, struct kshare_client, link))) {
		list_del_init(&client->link);
		kshare_client_settle(client);
	}
	mutex_unlock(&process->lock);
}

static struct mmu_notifier *kshare_process_alloc(struct mm_struct *mm)
{
	struct kshare_process *process = kzalloc(sizeof(*process), GFP_KERNEL_ACCOUNT);

	if (!process)
		return ERR_PTR(-ENOMEM);
	mutex_init(&process->lock);
	INIT_LIST_HEAD(&process->clients);
	return &process->mn;
}

static void kshare_process_free(struct mmu_notifier *mn)
{
	struct kshare_process *process = container_of(mn, struct kshare_process, mn);

	mutex_destroy(&process->lock);
	kfree(process);
}

static const struct mmu_notifier_ops kshare_process_ops = {
	.release = kshare_process_release,
	.alloc_notifier = kshare_process_alloc,
	.free_notifier = kshare_process_free,
};

/**
 * kshare_client_bind() - makes a client the calling process's
 * @client: an unbound client
 *
 * Return: 0, -EPERM if it is bound, -ENOMEM.
 */
int kshare_client_bind(struct kshare_client *client)
{
	struct kshare_process *process;
	struct kshare_who *who;
	struct mmu_notifier *mn;
	int ret = 0;

	if (!current->mm)
		return -EPERM;
	who = kshare_who_create();
	if (!who)
		return -ENOMEM;
	mn = mmu_notifier_get(&kshare_process_ops, current->mm);
	if (IS_ERR(mn)) {
		kshare_who_put(who);
		/* A signal alone is no reason that open() or BIND should fail. */
		return PTR_ERR(mn) == -EINTR ? -ERESTARTNOINTR : PTR_ERR(mn);
	}
	process = container_of(mn, struct kshare_process, mn);

	mutex_lock(&process->lock);
	/* Two processes may try at once, under two locks: @process decides. */
	if (cmpxchg(&client->process, NULL, process)) {
		ret = -EPERM;
	} else {
		client->who = who;
		list_add_tail(&client->link, &process->clients);
		/* Last: from now on commands are let in. */
		smp_store_release(&client->mm, current->mm);
	}
	mutex_unlock(&process->lock);
	if (ret) {
		kshare_who_put(who);
		mmu_notifier_put(mn);
	}
	return ret;
}

/* A client in @domain, bound to nobody, with no handles. */
static struct kshare_client *kshare_client_create(struct kshare_domain *domain,
						  struct kshare_user *user)
{
	struct kshare_client *client = kzalloc(sizeof(*client), GFP_KERNEL_ACCOUNT);
	int ret, i;

	if (!client)
		return ERR_PTR(-ENOMEM);
	/* 22 bits: the number has to fit the word of a lock (types/lock.c). */
	ret = xa_alloc(&kshare_clients, &client->number, client, XA_LIMIT(1, (1 << 22) - 1),
		       GFP_KERNEL_ACCOUNT);
	if (ret) {
		kfree(client);
		return ERR_PTR(ret == -EBUSY ? -EDQUOT : ret);
	}
	INIT_LIST_HEAD(&client->link);
	for (i = 0; i < KSHARE_HOLD_KINDS; i++)
		INIT_LIST_HEAD(&client->held[i]);
	INIT_LIST_HEAD(&client->waits);
	client->serving = RB_ROOT;
	INIT_LIST_HEAD(&client->unclaimed);
	kshare_pool_init(&client->spare_runs);
	kshare_pool_init(&client->spare_calls);
	kshare_park_init(client);
	spin_lock_init(&client->held_lock);
	xa_init_flags(&client->handles, XA_FLAGS_ALLOC1 | XA_FLAGS_ACCOUNT);
	mutex_init(&client->members_lock);
	xa_init_flags(&client->members, XA_FLAGS_ACCOUNT);
	xa_init_flags(&client->tickets, XA_FLAGS_ALLOC1 | XA_FLAGS_ACCOUNT);
	client->user = kshare_user_get(user);
	client->domain = domain;
	kshare_object_get(&domain->obj);
	kshare_domain_join(domain, &client->own, client);
	return client;
}

/**
 * kshare_client_release() - the end of a client's descriptor
 * @client: client; freed
 *
 * Settles it, unless the end of its process did.
 */
void kshare_client_release(struct kshare_client *client)
{
	struct kshare_process *process = client->process;

	if (process) {
		bool settle;

		mutex_lock(&process->lock);
		settle = !list_empty(&client->link);
		list_del_init(&client->link);
		if (settle)
			kshare_client_settle(client);
		mutex_unlock(&process->lock);
		mmu_notifier_put(&process->mn);
	} else {
		kshare_client_settle(client);
	}
	kshare_park_destroy(client);
	kshare_pool_empty(&client->spare_runs);
	kshare_pool_empty(&client->spare_calls);
	kshare_who_put(client->who);
	xa_destroy(&client->handles);
	xa_destroy(&client->members);
	xa_destroy(&client->tickets);
	mutex_destroy(&client->members_lock);
	xa_erase(&kshare_clients, client->number);
	kshare_user_put(client->user);
	kshare_object_put(&client->domain->obj);
	kfree(client);
}

/**
 * kshare_client_open() - a new client of the calling process
 *
 * It has a private domain, and one handle: to that.
 *
 * Return: the client or an error.
 */
struct kshare_client *kshare_client_open(void)
{
	struct kshare_client *client;
	struct kshare_domain *domain;
	struct kshare_handle *handle;
	struct kshare_user *user;
	u32 id;
	int ret;

	user = kshare_user_find(current_uid());
	if (!user)
		return ERR_PTR(-ENOMEM);
	domain = kshare_domain_create(user);
	if (IS_ERR(domain)) {
		client = ERR_CAST(domain);
		goto out_user;
	}
	client = kshare_client_create(domain, user);
	if (IS_ERR(client)) {
		kshare_domain_check(domain);
		goto out_domain;
	}

	ret = kshare_handle_reserve(client, domain, &id, &handle);
	if (!ret) {
		kshare_object_get(&domain->obj);
		kshare_handle_publish(client, id, handle, &domain->obj, KSHARE_RIGHT_ALL, 0);
		ret = kshare_client_bind(client);
	}
	if (ret) {
		kshare_client_release(client);
		client = ERR_PTR(ret);
	}
out_domain:
	kshare_object_put(&domain->obj);
out_user:
	kshare_user_put(user);
	return client;
}

/**
 * kshare_client_clone() - an unbound client with the same handle numbers
 * @client: the calling process's client
 *
 * Return: the new client or an error.
 */
struct kshare_client *kshare_client_clone(struct kshare_client *client)
{
	struct kshare_client *clone = kshare_client_create(client->domain,
							   client->user);
	struct kshare_handle *handle;
	unsigned long id;
	int ret;

	if (IS_ERR(clone))
		return clone;
	xa_for_each(&client->handles, id, handle) {
		ret = kshare_handle_copy(client, clone, id);
		if (!ret && fatal_signal_pending(current))
			ret = -EINTR;
		if (ret) {
			kshare_client_release(clone);
			return ERR_PTR(ret);
		}
		cond_resched();
	}
	return clone;
}

int kshare_client_init(void)
{
	int ret = kshare_names_init();

	if (ret)
		return ret;
	kshare_tickets_init();
	kshare_workqueue = alloc_workqueue("kshare", WQ_UNBOUND, 0);
	if (kshare_workqueue)
		return 0;
	kshare_names_exit();
	return -ENOMEM;
}

/* The last file has gone; waits for what it left to RCU, and to workers. */
void kshare_client_exit(void)
{
	kshare_tickets_exit();
	kshare_collect_exit();
	destroy_workqueue(kshare_workqueue);
	mmu_notifier_synchronize();
	rcu_barrier();
	kshare_users_exit();
	kshare_names_exit();
	WARN_ON_ONCE(!xa_empty(&kshare_clients));
}
