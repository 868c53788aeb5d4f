// SPDX-License-Identifier: GPL-2.0-only
/* Instances of classes: their fields, their cookies, and the notice of their end. */
#include "../gate.h"
#include "../lockset.h"
#include "../observe.h"
#include "class.h"
#include "types.h"

/* Instances that are looked at with a spinlock held. */
#define KSHARE_SPIN_INSTANCES	64

static u64 kshare_instance_id(const struct rb_node *node)
{
	return rb_entry(node, struct kshare_instance, node)->dict.obj.id;
}

/* Under the class's lock. */
static void kshare_instance_insert(struct kshare_class *class, struct kshare_instance *inst)
{
	struct rb_node **link = &class->instances.rb_node, *parent = NULL;

	while (*link) {
		parent = *link;
		link = inst->dict.obj.id < kshare_instance_id(parent) ? &parent->rb_left :
									&parent->rb_right;
	}
	rb_link_node(&inst->node, parent, link);
	rb_insert_color(&inst->node, &class->instances);
	class->instance_count++;
}

/* The first one whose id is @id or above, or NULL; under the class's lock. */
static struct rb_node *kshare_instance_seek(struct kshare_class *class, u64 id)
{
	struct rb_node *node = class->instances.rb_node, *best = NULL;

	while (node) {
		if (id <= kshare_instance_id(node)) {
			best = node;
			node = node->rb_left;
		} else {
			node = node->rb_right;
		}
	}
	return best;
}

static int kshare_instance_init(struct kshare_object *obj, const struct kshare_create *how)
{
	struct kshare_instance *inst = kshare_instance_of(obj);
	struct kshare_class *class = kshare_class_of(how->value->obj);
	struct kshare_notice *notice;
	int ret;

	/* Memory for it must not be missing when it is needed. */
	notice = kzalloc(sizeof(*notice), GFP_KERNEL_ACCOUNT);
	if (!notice)
		return -ENOMEM;
	ret = kshare_dict_init(obj, how);
	if (ret) {
		kfree(notice);
		return ret;
	}
	RB_CLEAR_NODE(&inst->node);
	inst->cookie = how->size;
	inst->notice = notice;
	kshare_calls_init(&inst->serial.backlog);
	inst->class = class;
	kshare_object_get(&class->obj);
	return 0;
}

/* Nothing refers to it, and nothing can any more: the host is told. */
static void kshare_instance_destroy(struct kshare_object *obj, struct kshare_doom *doom)
{
	struct kshare_wakes wakes = KSHARE_WAKES_INIT(wakes);
	struct kshare_instance *inst = kshare_instance_of(obj);
	struct kshare_class *class = inst->class;
	bool more;

	kshare_dict_destroy(obj, doom);
	if (RB_EMPTY_NODE(&inst->node)) {
		/* It never was one: see kshare_instance_create(). */
		kfree(inst->notice);
		kshare_object_put_deferred(&class->obj, doom);
		return;
	}
	kshare_object_lock(&class->obj);
	rb_erase(&inst->node, &class->instances);
	class->instance_count--;
	inst->notice->cookie = inst->cookie;
	inst->notice->id = obj->id;
	list_add_tail(&inst->notice->link, &class->releases);
	kshare_object_regrow(&class->obj, sizeof(*inst->notice));
	more = kshare_object_changed(&class->obj, &wakes);
	kshare_doom_move(&wakes.doom, doom);
	kshare_unlock_and_wake(&class->obj, more, &wakes);
	kshare_object_put_deferred(&class->obj, doom);
}

const struct kshare_type_ops kshare_instance_type = {
	.type = KSHARE_TYPE_INSTANCE,
	.size = sizeof(struct kshare_instance),
	.init = kshare_instance_init,
	.destroy = kshare_instance_destroy,
	.empty = kshare_dict_empty,
	.refs = kshare_dict_refs,
	.stat = kshare_dict_stat,
};

/* KSHARE_OP_INSTANCE_CREATE */
int kshare_instance_create(struct kshare_run *run)
{
	struct kshare_val value = { .type = KSHARE_REF, .obj = run->obj };
	struct kshare_class *class = kshare_class_of(run->obj);
	struct kshare_create how = {
		.user = run->client->user,
		.type = KSHARE_TYPE_INSTANCE,
		.size = run->key.u,
		.value = &value,
	};
	struct kshare_handle *handle;
	struct kshare_object *obj;
	bool hosted;
	int ret;
	u32 id;

	if (!kshare_class_hosted_by(class, run->client))
		return -EPERM;
	ret = kshare_handle_reserve(run->client, run->obj->domain, &id, &handle);
	if (ret)
		return ret;
	obj = kshare_object_create(run->obj->domain, &how);
	if (IS_ERR(obj)) {
		kshare_handle_unreserve(run->client, run->obj->domain, id, handle);
		return PTR_ERR(obj);
	}
	/* It has a number by now, and nobody else knows it. */
	kshare_object_lock(run->obj);
	hosted = kshare_class_hosted_by(class, run->client);
	if (hosted)
		kshare_instance_insert(class, kshare_instance_of(obj));
	kshare_object_unlock(run->obj);
	if (!hosted) {
		kshare_object_put(obj);
		kshare_handle_unreserve(run->client, run->obj->domain, id, handle);
		return -EPERM;
	}
	kshare_handle_publish(run->client, id, handle, obj, KSHARE_RIGHT_ALL, run->flags);
	return id;
}

/* KSHARE_OP_INSTANCE_OPEN */
int kshare_instance_open(struct kshare_run *run)
{
	struct kshare_class *class = kshare_class_of(run->obj);
	struct kshare_handle *handle;
	struct kshare_object *obj;
	struct rb_node *node;
	int ret;
	u32 id;

	ret = kshare_handle_reserve(run->client, run->obj->domain, &id, &handle);
	if (ret)
		return ret;
	kshare_object_lock(run->obj);
	node = kshare_instance_seek(class, run->key.u);
	obj = node ? &rb_entry(node, struct kshare_instance, node)->dict.obj : NULL;
	if (!kshare_class_hosted_by(class, run->client))
		ret = -EPERM;
	else if (!obj || obj->id != run->key.u || !kshare_object_tryget(obj))
		ret = -ENOENT;
	kshare_object_unlock(run->obj);
	if (ret) {
		kshare_handle_unreserve(run->client, run->obj->domain, id, handle);
		return ret;
	}
	kshare_handle_publish(run->client, id, handle, obj, KSHARE_RIGHT_ALL, run->flags);
	return id;
}

int kshare_class_instances_prepare(struct kshare_run *run)
{
	if (!run->nr || (run->key.type == KSHARE_INT && run->key.i < 0))
		return -EINVAL;
	if (run->nr > KSHARE_MAX_INSTANCES)
		return -E2BIG;
	return kshare_run_out(run, 2 * run->nr);
}

/* KSHARE_OP_CLASS_INSTANCES */
int kshare_class_instances(struct kshare_run *run)
{
	struct kshare_class *class = kshare_class_of(run->obj);
	struct rb_node *node;
	int count = 0;

	if (!kshare_class_hosted_by(class, run->client))
		return -EPERM;
	if (run->nr > KSHARE_SPIN_INSTANCES && !run->owned)
		return KSHARE_MUST_OWN;
	node = run->key.u == U64_MAX ? NULL : kshare_instance_seek(class, run->key.u + 1);
	for (; node && count < run->nr; node = rb_next(node)) {
		struct kshare_instance *inst = rb_entry(node, struct kshare_instance, node);
		struct kshare_val v;

		v = kshare_val_uint(inst->dict.obj.id);
		kshare_give(run, &v);
		v = kshare_val_uint(inst->cookie);
		kshare_give(run, &v);
		count++;
	}
	if (node)
		run->result_flags |= KSHARE_R_MORE;
	return count;
}

/* KSHARE_OP_CLASS_COOKIE */
int kshare_class_cookie(struct kshare_run *run)
{
	struct kshare_class *class = kshare_class_of(run->obj);
	struct rb_node *node;

	if (!kshare_class_hosted_by(class, run->client))
		return -EPERM;
	node = kshare_instance_seek(class, run->key.u);
	if (!node || kshare_instance_id(node) != run->key.u)
		return -ENOENT;
	rb_entry(node, struct kshare_instance, node)->cookie = run->value.u;
	return 0;
}

u64 kshare_instance_methods(const struct kshare_object *obj, const struct kshare_object *via)
{
	const struct kshare_class *class = obj->type == KSHARE_TYPE_CLASS ?
					   kshare_class_of(obj) : kshare_instance_of(obj)->class;
	u64 exposed = 0;
	u32 i;

	for (i = 0; i < class->info->methods; i++)
		if (class->methods[i].flags & KSHARE_METHOD_EXPOSED)
			exposed |= BIT_ULL(i);
	return exposed & kshare_gate_methods(via);
}

/* ---- fields ---- */

static const struct kshare_class_field *kshare_field_find(const struct kshare_class *class,
							  const struct kshare_val *key)
{
	u32 i;

	if (key->type != KSHARE_STR || key->len > KSHARE_MAX_CLASS_NAME)
		return NULL;
	for (i = 0; i < class->info->fields; i++) {
		const struct kshare_class_field *f = &class->fields[i];

		/* Zeroes follow a name, but are no part of it. */
		if (strlen(f->name) == key->len && !memcmp(f->name, kshare_val_data(key), key->len))
			return f;
	}
	return NULL;
}

int kshare_field_check(const struct kshare_run *run, const struct kshare_val *key,
		       const struct kshare_val *v)
{
	const u32 integers = BIT(KSHARE_INT) | BIT(KSHARE_UINT);
	const struct kshare_class *class = kshare_instance_of(run->obj)->class;
	const struct kshare_class_field *f = kshare_field_find(class, key);
	u32 types;

	if (!f)
		return -ENOENT;
	if (f->flags & KSHARE_CLASS_READ_ONLY && !kshare_class_hosted_by(class, run->client))
		return -EACCES;
	if (!v || !f->types)
		return 0;
	types = f->types & integers ? f->types | integers : f->types;
	return types & BIT(v->type) ? 0 : -EDOM;
}

/**
 * kshare_instance_check() - may the fields be changed as a command wants?
 * @run: a command that changes entries of a dict, about an instance; its arguments
 *	are there
 */
int kshare_instance_check(struct kshare_run *run)
{
	int ret = 0;
	u32 i;

	/* Of the one operation that has many an odd one is found later. */
	for (i = 0; i + 1 < run->vec_count && !ret; i += 2) {
		ret = kshare_field_check(run, &run->vec[i], &run->vec[i + 1]);
		cond_resched();
	}
	/* What comes of an addition is seen when it is done. */
	if (run->op->fields & KSHARE_FIELD_KEY)
		ret = kshare_field_check(run, &run->key,
					 run->op->fields & KSHARE_FIELD_VALUE &&
					 run->op->apply != kshare_dict_add ? &run->value : NULL);
	return ret;
}
