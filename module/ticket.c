// SPDX-License-Identifier: GPL-2.0-only
/* Tickets: references as short printable strings. */
#include <linux/cred.h>
#include <linux/hashtable.h>
#include <linux/ktime.h>
#include <linux/random.h>
#include <linux/siphash.h>
#include <linux/user_namespace.h>

#include "command.h"
#include "gate.h"
#include "ticket.h"

static void kshare_tickets_expire(struct work_struct *work);

static DEFINE_MUTEX(kshare_tickets_mutex);
static DEFINE_HASHTABLE(kshare_tickets, 10);
static siphash_key_t kshare_tickets_key;
static struct timerqueue_head kshare_tickets_times;
static DECLARE_DELAYED_WORK(kshare_tickets_work, kshare_tickets_expire);

static_assert(2 * sizeof_field(struct kshare_ticket, secret) == KSHARE_TICKET_LEN);

void kshare_tickets_lock(void)
{
	mutex_lock(&kshare_tickets_mutex);
}

void kshare_tickets_unlock(void)
{
	mutex_unlock(&kshare_tickets_mutex);
}

static u32 kshare_ticket_hash(const u8 *secret)
{
	return siphash(secret, sizeof_field(struct kshare_ticket, secret), &kshare_tickets_key);
}

/* No ticket any more: it is found by nobody, and the caller's; under the lock. */
static void kshare_ticket_take(struct kshare_ticket *ticket)
{
	lockdep_assert_held(&kshare_tickets_mutex);
	hash_del(&ticket->node);
	list_del(&ticket->in_domain);
	if (ticket->client)
		xa_erase(&ticket->client->tickets, ticket->number);
	if (!RB_EMPTY_NODE(&ticket->timer.node))
		timerqueue_del(&kshare_tickets_times, &ticket->timer);
}

/* Without the lock. */
static void kshare_ticket_free(struct kshare_ticket *ticket)
{
	struct kshare_domain *domain = ticket->obj->domain;
	struct kshare_doom doom = {};

	kshare_object_get(&domain->obj);
	kshare_object_forget(ticket->obj, &doom);
	kshare_doom_run(&doom);
	kshare_domain_outside_put(domain);
	kshare_object_put(&domain->obj);
	kshare_user_uncharge(ticket->user, KSHARE_LIMIT_HANDLES, 1);
	kshare_user_put(ticket->user);
	kshare_who_put(ticket->who);
	/* It was a secret. */
	kfree_sensitive(ticket);
}

/* The work comes when the first of them is over; under the lock. */
static void kshare_tickets_schedule(void)
{
	struct timerqueue_node *first = timerqueue_getnext(&kshare_tickets_times);
	u64 wait;

	if (!first)
		return;
	wait = max_t(s64, ktime_to_ns(ktime_sub(first->expires, ktime_get())), 0);
	mod_delayed_work(kshare_workqueue, &kshare_tickets_work,
			 min_t(u64, nsecs_to_jiffies64(wait) + 1, HZ * 3600));
}

static void kshare_tickets_expire(struct work_struct *work)
{
	struct timerqueue_node *first;
	struct kshare_ticket *ticket;

	for (;;) {
		ticket = NULL;
		kshare_tickets_lock();
		first = timerqueue_getnext(&kshare_tickets_times);
		if (first && first->expires <= ktime_get()) {
			ticket = container_of(first, struct kshare_ticket, timer);
			kshare_ticket_take(ticket);
		} else {
			kshare_tickets_schedule();
		}
		kshare_tickets_unlock();
		if (!ticket)
			break;
		kshare_ticket_free(ticket);
		cond_resched();
	}
}

/* A number that is not negative: 0, or -EINVAL. */
static int kshare_ticket_number(const struct kshare_val *v)
{
	return v->type == KSHARE_INT && v->i < 0 ? -EINVAL : 0;
}

/* What was a secret, in memory that is to be freed. */
static void kshare_ticket_wipe(const struct kshare_val *text)
{
	memzero_explicit((void *)kshare_val_data(text), text->len);
}

/* Tells the number and the secret. */
static int kshare_ticket_tell(struct kshare_run *run, const struct kshare_ticket *ticket)
{
	char text[KSHARE_TICKET_LEN];
	struct kshare_val v;
	int ret;

	bin2hex(text, ticket->secret, sizeof(ticket->secret));
	ret = kshare_val_str(text, sizeof(text), &v);
	memzero_explicit(text, sizeof(text));
	if (ret)
		return ret;
	kshare_give_away(run, &v);
	run->number = ticket->number;
	ret = kshare_run_deliver_after(run);
	kshare_ticket_wipe(&run->out[0]);
	return ret;
}

/* KSHARE_OP_TICKET_CREATE */
int kshare_ticket_create(struct kshare_run *run)
{
	struct kshare_object *obj = run->via ?: run->obj;
	struct kshare_client *client = run->client;
	u32 rights = run->nr ?: run->rights;
	bool any = run->value.type == KSHARE_NONE;
	struct kshare_ticket *ticket;
	kuid_t uid = INVALID_UID;
	int ret;

	if (rights & ~KSHARE_RIGHT_ALL)
		return -EOPNOTSUPP;
	if (rights & ~run->rights)
		return -EACCES;
	/* Nobody would ever know it. */
	if (!run->out_addr)
		return -EINVAL;
	ret = kshare_ticket_number(&run->key) ?: kshare_ticket_number(&run->value) ?:
	      kshare_ticket_number(&run->expect);
	if (ret)
		return ret;
	if ((run->key.type != KSHARE_NONE && !run->key.u) || run->value.u > U32_MAX ||
	    run->expect.u > KTIME_MAX || (run->expect.type != KSHARE_NONE && !run->expect.u))
		return -EINVAL;
	if (!any) {
		uid = make_kuid(current_user_ns(), run->value.u);
		if (!uid_valid(uid))
			return -EINVAL;
	}
	ret = kshare_user_charge(client->user, KSHARE_LIMIT_HANDLES, 1);
	if (ret)
		return ret;
	ticket = kzalloc(sizeof(*ticket), GFP_KERNEL_ACCOUNT);
	if (!ticket) {
		kshare_user_uncharge(client->user, KSHARE_LIMIT_HANDLES, 1);
		return -ENOMEM;
	}
	/* It is long after boot, so that is no wait. */
	get_random_bytes(ticket->secret, sizeof(ticket->secret));
	ticket->client = client;
	ticket->who = kshare_who_get(client->who);
	ticket->user = kshare_user_get(client->user);
	ticket->obj = obj;
	kshare_object_get(obj);
	ticket->rights = rights;
	ticket->uses = run->key.type == KSHARE_NONE ? 1 : run->key.u;
	ticket->uid = uid;
	timerqueue_init(&ticket->timer);
	kshare_domain_outside_get(obj->domain);
	/* A NULL entry is reserved: found by nobody, and not given out again. */
	ret = xa_alloc(&client->tickets, &ticket->number, NULL, XA_LIMIT(1, INT_MAX),
		       GFP_KERNEL_ACCOUNT);
	if (ret) {
		ret = ret == -EBUSY ? -EDQUOT : ret;
		goto err_free;
	}
	/* What cannot be told has never been a ticket. */
	ret = kshare_ticket_tell(run, ticket);
	if (ret)
		goto err_release;

	kshare_tickets_lock();
	/* The slot is there since it was reserved, so no memory is needed. */
	WARN_ON_ONCE(xa_err(xa_store(&client->tickets, ticket->number, ticket, GFP_NOWAIT)));
	hash_add(kshare_tickets, &ticket->node, kshare_ticket_hash(ticket->secret));
	list_add_tail(&ticket->in_domain, &obj->domain->tickets);
	if (run->expect.type != KSHARE_NONE) {
		ticket->timer.expires = ns_to_ktime(run->expect.u);
		if (timerqueue_add(&kshare_tickets_times, &ticket->timer))
			kshare_tickets_schedule();
	}
	kshare_tickets_unlock();
	return 0;

err_release:
	xa_release(&client->tickets, ticket->number);
err_free:
	kshare_ticket_free(ticket);
	return ret;
}

/* The ticket that is printed like that, if it is still good; under the lock. */
static struct kshare_ticket *kshare_ticket_find(const u8 *secret)
{
	struct kshare_ticket *ticket;

	hash_for_each_possible(kshare_tickets, ticket, node, kshare_ticket_hash(secret)) {
		if (crypto_memneq(ticket->secret, secret, sizeof(ticket->secret)))
			continue;
		if (!RB_EMPTY_NODE(&ticket->timer.node) && ticket->timer.expires <= ktime_get())
			return NULL;
		return ticket;
	}
	return NULL;
}

/* Gives a handle for it; under the lock. */
static int kshare_ticket_use(struct kshare_run *run, struct kshare_ticket *ticket)
{
	u32 rights = run->nr ?: ticket->rights;
	struct kshare_object *obj = ticket->obj;
	struct kshare_handle *handle;
	u32 id;
	int ret;

	if (uid_valid(ticket->uid) && !uid_eq(ticket->uid, current_euid()))
		return -EPERM;
	if (!kshare_gate_pass(obj))
		return -ESTALE;
	if (rights & ~ticket->rights)
		return -EACCES;
	ret = kshare_handle_reserve(run->client, obj->domain, &id, &handle);
	if (ret)
		return ret;
	kshare_object_get(obj);
	kshare_handle_publish(run->client, id, handle, obj, rights, run->flags);
	if (!--ticket->uses)
		kshare_ticket_take(ticket);
	return id;
}

/* KSHARE_OP_TICKET_REDEEM */
int kshare_ticket_redeem(struct kshare_run *run)
{
	struct kshare_user *user = run->client->user;
	struct kshare_ticket *ticket;
	u8 secret[sizeof(ticket->secret)];
	bool over = false;
	int ret;

	if (run->nr & ~KSHARE_RIGHT_ALL)
		return -EOPNOTSUPP;
	if (run->key.len != KSHARE_TICKET_LEN ||
	    hex2bin(secret, kshare_val_data(&run->key), sizeof(secret)))
		return -EINVAL;
	kshare_ticket_wipe(&run->key);
	if (!kshare_user_may_guess(user))
		return -EAGAIN;
	kshare_tickets_lock();
	ticket = kshare_ticket_find(secret);
	ret = ticket ? kshare_ticket_use(run, ticket) : -ENOENT;
	if (ret > 0)
		over = !ticket->uses;
	kshare_tickets_unlock();
	memzero_explicit(secret, sizeof(secret));
	if (ret == -ENOENT)
		kshare_user_guessed(user);
	if (over)
		kshare_ticket_free(ticket);
	return ret;
}

/* KSHARE_OP_TICKET_REVOKE */
int kshare_ticket_revoke(struct kshare_run *run)
{
	struct kshare_ticket *ticket;

	if (kshare_ticket_number(&run->key))
		return -EINVAL;
	if (run->key.u > INT_MAX)
		return -ENOENT;
	kshare_tickets_lock();
	ticket = xa_load(&run->client->tickets, run->key.u);
	if (ticket)
		kshare_ticket_take(ticket);
	kshare_tickets_unlock();
	if (!ticket)
		return -ENOENT;
	kshare_ticket_free(ticket);
	return 0;
}

void kshare_tickets_settle(struct kshare_client *client)
{
	struct kshare_ticket *ticket;
	unsigned long number;
	bool ends;

	/*
	 * Those of a client that cannot make more; others may use and end them, and
	 * have done so for the last time only when the lock tells that none is left.
	 */
	do {
		kshare_tickets_lock();
		number = 0;
		ticket = xa_find(&client->tickets, &number, ULONG_MAX, XA_PRESENT);
		ends = ticket && RB_EMPTY_NODE(&ticket->timer.node);
		if (ends) {
			kshare_ticket_take(ticket);
		} else if (ticket) {
			xa_erase(&client->tickets, number);
			ticket->client = NULL;
		}
		kshare_tickets_unlock();
		if (ends)
			kshare_ticket_free(ticket);
		cond_resched();
	} while (ticket);
}

void kshare_tickets_init(void)
{
	get_random_bytes(&kshare_tickets_key, sizeof(kshare_tickets_key));
	timerqueue_init_head(&kshare_tickets_times);
}

void kshare_tickets_exit(void)
{
	struct kshare_ticket *ticket;
	struct hlist_node *next;
	int i;

	cancel_delayed_work_sync(&kshare_tickets_work);
	hash_for_each_safe(kshare_tickets, i, next, ticket, node) {
		kshare_tickets_lock();
		kshare_ticket_take(ticket);
		kshare_tickets_unlock();
		kshare_ticket_free(ticket);
	}
}
