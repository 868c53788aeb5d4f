// SPDX-License-Identifier: GPL-2.0-only
/* What clients hold of objects, so that it can be given back when they end. */
#include <linux/delay.h>

#include "client.h"
#include "lockset.h"

static void kshare_hold_link(struct kshare_hold *hold, struct kshare_client *client,
			     enum kshare_hold_kind kind)
{
	WRITE_ONCE(hold->client, client);
	spin_lock(&client->held_lock);
	list_add_tail(&hold->link, &client->held[kind]);
	spin_unlock(&client->held_lock);
}

static void kshare_hold_unlink(struct kshare_hold *hold)
{
	struct kshare_client *client = hold->client;

	spin_lock(&client->held_lock);
	list_del_init(&hold->link);
	spin_unlock(&client->held_lock);
}

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
	kshare_hold_link(hold, client, kind);
}

/**
 * kshare_hold_del() - it does not hold it any more
 * @hold: what a client held; the object is locked or owned, or being destroyed
 */
void kshare_hold_del(struct kshare_hold *hold)
{
	kshare_hold_unlink(hold);
	WRITE_ONCE(hold->client, NULL);
}

/**
 * kshare_hold_move() - another client holds it now
 * @hold: what a client held; the object is locked or owned
 * @client: who holds it from now on
 * @kind: when it is given back
 */
void kshare_hold_move(struct kshare_hold *hold, struct kshare_client *client,
		      enum kshare_hold_kind kind)
{
	kshare_hold_unlink(hold);
	kshare_hold_link(hold, client, kind);
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

/* ---- records: holds that are found by who has them; the object is locked or owned ---- */

struct kshare_record *kshare_record_alloc(void)
{
	return kzalloc(sizeof(struct kshare_record), GFP_KERNEL_ACCOUNT);
}

static int kshare_record_order(const struct kshare_client *client, u64 owner,
			       const struct kshare_record *r)
{
	if (client != r->hold.client)
		return client->number < r->hold.client->number ? -1 : 1;
	return owner < r->owner ? -1 : owner > r->owner;
}

struct kshare_record *kshare_record_find(const struct rb_root *root,
					 const struct kshare_client *client, u64 owner)
{
	struct rb_node *node = root->rb_node;

	while (node) {
		int order = kshare_record_order(client, owner, kshare_record_of(node));

		if (!order)
			return kshare_record_of(node);
		node = order < 0 ? node->rb_left : node->rb_right;
	}
	return NULL;
}

/* Of any owner of the client */
struct kshare_record *kshare_record_any(const struct rb_root *root,
					const struct kshare_client *client)
{
	struct rb_node *node = root->rb_node;

	while (node && kshare_record_of(node)->hold.client != client)
		node = client->number < kshare_record_of(node)->hold.client->number ?
		       node->rb_left : node->rb_right;
	return node ? kshare_record_of(node) : NULL;
}

/**
 * kshare_record_add() - notes that a client holds something
 * @root: tree of the object
 * @r: a record in no tree, for which there is none yet; its @count is kept
 * @obj: the object
 * @client: who
 * @owner: id of the owner, or 0
 * @kind: when it is given back
 * @must: over the limit for a moment, if need be
 *
 * Return: 0 or -EDQUOT; 0 if it @must.
 */
int kshare_record_add(struct rb_root *root, struct kshare_record *r, struct kshare_object *obj,
		      struct kshare_client *client, u64 owner, enum kshare_hold_kind kind,
		      bool must)
{
	struct rb_node **link = &root->rb_node, *parent = NULL;
	int ret = must ? 0 : kshare_object_grow(obj, sizeof(*r));

	if (ret)
		return ret;
	if (must)
		kshare_object_regrow(obj, sizeof(*r));
	while (*link) {
		parent = *link;
		link = kshare_record_order(client, owner, kshare_record_of(parent)) < 0 ?
		       &parent->rb_left : &parent->rb_right;
	}
	r->owner = owner;
	rb_link_node(&r->node, parent, link);
	rb_insert_color(&r->node, root);
	kshare_hold_add(&r->hold, obj, client, kind);
	return 0;
}

void kshare_record_del(struct rb_root *root, struct kshare_record *r)
{
	rb_erase(&r->node, root);
	kshare_hold_del(&r->hold);
	kshare_object_regrow(r->hold.obj, -(s64)sizeof(*r));
}

/* The object is being destroyed: nobody has a way to what is left. */
void kshare_records_free(struct rb_root *root)
{
	struct kshare_record *r, *next;

	rbtree_postorder_for_each_entry_safe(r, next, root, node) {
		kshare_hold_del(&r->hold);
		kfree(r);
	}
}
