// SPDX-License-Identifier: GPL-2.0-only
/* What clients hold of objects, so that it can be given back when they end. */
#include <linux/delay.h>

#include "client.h"
#include "lockset.h"

/**
 * kshare_hold_add() - notes that a client holds something
 * @hold: what it holds; part of @obj
 * @obj: the object, locked or owned
 * @client: who
 * @kind: when it is given back
 */
void kshare_hold_add(struct kshare_hold *hold, struct kshare_object *obj,
		     struct kshare_client *client, enum kshare_hold_kind kind)
{
	hold->obj = obj;
	WRITE_ONCE(hold->client, client);
	spin_lock(&client->held_lock);
	list_add_tail(&hold->link, &client->held[kind]);
	spin_unlock(&client->held_lock);
}

/**
 * kshare_hold_del() - it does not hold it any more
 * @hold: what a client held; the object is locked or owned, or being destroyed
 */
void kshare_hold_del(struct kshare_hold *hold)
{
	struct kshare_client *client = hold->client;

	spin_lock(&client->held_lock);
	list_del_init(&hold->link);
	spin_unlock(&client->held_lock);
	WRITE_ONCE(hold->client, NULL);
}

/**
 * kshare_holds_settle() - a client has died: gives back what it held
 * @client: client
 * @kind: of this kind
 */
void kshare_holds_settle(struct kshare_client *client, enum kshare_hold_kind kind)
{
	struct kshare_object *obj;
	struct kshare_hold *hold;

	for (;;) {
		obj = NULL;
		spin_lock(&client->held_lock);
		hold = list_first_entry_or_null(&client->held[kind], struct kshare_hold, link);
		/* Else it is being destroyed, and leaves the list by itself. */
		if (hold && kshare_object_tryget(hold->obj))
			obj = hold->obj;
		spin_unlock(&client->held_lock);
		if (!hold)
			break;
		if (obj) {
			while (obj->ops->abandon(obj, client, true))
				cond_resched();
			kshare_object_put(obj);
			cond_resched();
		} else {
			usleep_range(10, 100);
		}
	}
}
