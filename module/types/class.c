// SPDX-License-Identifier: GPL-2.0-only
/* Classes: their names and descriptions, and who is the host. */
#include <linux/pid_namespace.h>
#include <linux/poll.h>
#include <linux/user_namespace.h>

#include "../inspect.h"
#include "../lockset.h"
#include "../observe.h"
#include "class.h"
#include "types.h"

/* Names in a result of CLASS_LIST */
#define KSHARE_LIST_CLASSES	256

/* ---- the description ---- */

/* One name of a description: 0, -EINVAL or -E2BIG. */
static int kshare_class_check_name(const u8 *name, bool optional)
{
	size_t len = strnlen(name, KSHARE_MAX_CLASS_NAME + 1);

	if (len > KSHARE_MAX_CLASS_NAME)
		return -E2BIG;
	if (!len && !optional)
		return -EINVAL;
	return memchr_inv(name + len, 0, KSHARE_MAX_CLASS_NAME + 1 - len) ? -EINVAL : 0;
}

static int kshare_class_check_methods(const struct kshare_class_method *m, u32 count)
{
	u32 i, k;
	int ret;

	for (i = 0; i < count; i++) {
		ret = kshare_class_check_name(m[i].name, false) ?:
		      kshare_class_check_name(m[i].result, true);
		if (ret)
			return ret;
		if (m[i].flags & ~KSHARE_METHOD_EXPOSED)
			return -EOPNOTSUPP;
		if (m[i].reserved)
			return -EINVAL;
		for (k = 0; k < i; k++)
			if (!memcmp(m[i].name, m[k].name, sizeof(m->name)))
				return -EINVAL;
	}
	return 0;
}

static int kshare_class_check_fields(const struct kshare_class_field *f, u32 count)
{
	const u32 types = KSHARE_TAKES_ANY;
	u32 i, k;
	int ret;

	for (i = 0; i < count; i++) {
		ret = kshare_class_check_name(f[i].name, false);
		if (ret)
			return ret;
		if (f[i].flags & ~KSHARE_CLASS_READ_ONLY || f[i].types & ~types)
			return -EOPNOTSUPP;
		for (k = 0; k < i; k++)
			if (!memcmp(f[i].name, f[k].name, sizeof(f->name)))
				return -EINVAL;
	}
	return 0;
}

/* @count structures of @size bytes become ones of @known bytes; the rest must be zero. */
static int kshare_class_cut(const u8 **from, u32 size, u8 **to, u32 known, u32 count)
{
	for (; count--; *from += size, *to += known) {
		if (memchr_inv(*from + known, 0, size - known))
			return -E2BIG;
		memcpy(*to, *from, known);
	}
	return 0;
}

/**
 * kshare_class_shrink() - brings a description to the sizes that are known here
 * @v: what CLASS_REGISTER was given
 * @doom: where the old bytes go
 *
 * It may be longer, if what is not known of it is zero.  What else is wrong with it is
 * left to kshare_class_parse().
 */
static int kshare_class_shrink(struct kshare_val *v, struct kshare_doom *doom)
{
	const struct kshare_class_info *info = (void *)kshare_val_data(v);
	const u8 *from = (void *)info;
	struct kshare_class_info *to;
	struct kshare_val new;
	struct kshare_blob *blob;
	u8 *at;
	int ret;

	if (v->len < sizeof(*info) || info->size < sizeof(*info) ||
	    info->method_size < sizeof(struct kshare_class_method) ||
	    info->field_size < sizeof(struct kshare_class_field) ||
	    info->methods > KSHARE_MAX_METHODS || info->fields > KSHARE_MAX_FIELDS ||
	    v->len != info->size + (u64)info->methods * info->method_size +
		      (u64)info->fields * info->field_size)
		return 0;
	if (info->size == sizeof(*info) &&
	    info->method_size == sizeof(struct kshare_class_method) &&
	    info->field_size == sizeof(struct kshare_class_field))
		return 0;
	new = *v;
	new.len = sizeof(*info) + info->methods * sizeof(struct kshare_class_method) +
		  info->fields * sizeof(struct kshare_class_field);
	blob = kshare_blob_alloc(new.len, 0);
	if (!blob)
		return -ENOMEM;
	new.blob = blob;
	at = blob->data;
	ret = kshare_class_cut(&from, info->size, &at, sizeof(*info), 1) ?:
	      kshare_class_cut(&from, info->method_size, &at, sizeof(struct kshare_class_method),
			       info->methods) ?:
	      kshare_class_cut(&from, info->field_size, &at, sizeof(struct kshare_class_field),
			       info->fields);
	if (ret) {
		kshare_blob_put(blob, doom);
		return ret;
	}
	to = (void *)blob->data;
	to->size = sizeof(*info);
	to->method_size = sizeof(struct kshare_class_method);
	to->field_size = sizeof(struct kshare_class_field);
	kshare_val_put(v, doom);
	*v = new;
	return 0;
}

/* Longer ones were shortened by kshare_class_shrink(), unless something is wrong. */
static int kshare_class_check_size(u32 size, u32 known)
{
	return size < known ? -EINVAL : size > known ? -E2BIG : 0;
}

/**
 * kshare_class_parse() - understands a description
 * @class: class with its &kshare_class.value
 *
 * The bytes are the kernel's, and nobody changes them.
 *
 * Return: 0, or an error as CLASS_REGISTER tells it.
 */
static int kshare_class_parse(struct kshare_class *class)
{
	const u32 flags = KSHARE_CLASS_CREATABLE | KSHARE_CLASS_SERIAL | KSHARE_CLASS_SERIAL_EACH;
	const struct kshare_class_info *info = (void *)kshare_val_data(&class->value);
	u32 len = class->value.len;
	int ret;

	if (len < sizeof(*info))
		return -EINVAL;
	ret = kshare_class_check_size(info->size, sizeof(*info)) ?:
	      kshare_class_check_size(info->method_size, sizeof(*class->methods)) ?:
	      kshare_class_check_size(info->field_size, sizeof(*class->fields));
	if (ret)
		return ret;
	if (info->flags & ~flags)
		return -EOPNOTSUPP;
	if (!info->methods)
		return -EINVAL;
	if (info->methods > KSHARE_MAX_METHODS || info->fields > KSHARE_MAX_FIELDS)
		return -E2BIG;
	if (len != sizeof(*info) + info->methods * sizeof(*class->methods) +
		   info->fields * sizeof(*class->fields))
		return -EINVAL;
	class->info = info;
	class->methods = (void *)(info + 1);
	class->fields = (void *)(class->methods + info->methods);
	return kshare_class_check_methods(class->methods, info->methods) ?:
	       kshare_class_check_fields(class->fields, info->fields);
}

/* ---- the type ---- */

static int kshare_class_init(struct kshare_object *obj, const struct kshare_create *how)
{
	struct kshare_class *class = kshare_class_of(obj);

	INIT_LIST_HEAD(&class->callers);
	INIT_LIST_HEAD(&class->answered);
	INIT_LIST_HEAD(&class->adopters);
	INIT_LIST_HEAD(&class->releases);
	INIT_LIST_HEAD(&class->abandoned);
	kshare_calls_init(&class->ready);
	kshare_calls_init(&class->serial.backlog);
	class->taken = RB_ROOT;
	class->instances = RB_ROOT;
	class->value = *how->value;
	return kshare_class_parse(class) ?: kshare_object_grow(obj, kshare_val_size(&class->value));
}

/* It cannot be found any more; locked, so that nobody becomes its host by that name. */
static void kshare_class_unname(struct kshare_class *class)
{
	struct kshare_domain *domain = class->obj.domain;

	spin_lock(&domain->objects_lock);
	if (class->named)
		rb_erase(&class->node, &domain->classes);
	class->named = false;
	spin_unlock(&domain->objects_lock);
}

static void kshare_class_destroy(struct kshare_object *obj, struct kshare_doom *doom)
{
	struct kshare_class *class = kshare_class_of(obj);
	struct kshare_notice *notice, *next;

	kshare_class_unname(class);
	/* Its host is being settled, or it never had a name. */
	if (class->hold.client)
		kshare_hold_del(&class->hold);
	if (class->pid_ns)
		put_pid_ns(class->pid_ns);
	put_user_ns(class->user_ns);
	WARN_ON_ONCE(!RB_EMPTY_ROOT(&class->taken) || !list_empty(&class->ready.heads) ||
		     !RB_EMPTY_ROOT(&class->instances));
	list_for_each_entry_safe(notice, next, &class->releases, link) {
		kfree(notice);
		cond_resched();
	}
	kshare_val_put(&class->name, doom);
	kshare_val_put(&class->value, doom);
}

static struct list_head *kshare_class_line(struct kshare_object *obj, unsigned int n)
{
	struct kshare_class *class = kshare_class_of(obj);

	return n == 1 ? &class->answered : n == 2 ? &class->adopters : NULL;
}

static void kshare_class_stat(struct kshare_object *obj, struct kshare_stat *stat)
{
	struct kshare_class *class = kshare_class_of(obj);

	stat->length = class->instance_count;
	stat->token = class->token;
	if (class->hold.client)
		stat->holder_pid = kshare_who_pid(class->hold.client->who);
}

static void kshare_class_who(struct kshare_object *obj, struct kshare_who_list *list)
{
	struct kshare_class *class = kshare_class_of(obj);

	if (class->hold.client)
		kshare_who_add(list, class->hold.client, 0, 1, class->token);
}

static __poll_t kshare_class_poll(struct kshare_object *obj)
{
	struct kshare_class *class = kshare_class_of(obj);

	if (list_empty(&class->releases) && list_empty(&class->abandoned) &&
	    list_empty(&class->ready.heads))
		return 0;
	return EPOLLIN | EPOLLRDNORM;
}

static bool kshare_class_holds(const struct kshare_object *obj,
			       const struct kshare_client *client)
{
	return READ_ONCE(kshare_class_of(obj)->hold.client) == client;
}

/* The next call that a host which goes has to be relieved of, or NULL. */
static struct kshare_call *kshare_class_any_call(struct kshare_class *class)
{
	struct rb_node *node = rb_first(&class->taken);

	return node ? rb_entry(node, struct kshare_call, node) : kshare_call_first(class);
}

/* A part of what it takes when the host of that token goes: true if there is more. */
static bool kshare_class_relieve(struct kshare_object *obj, struct kshare_client *client,
				 u64 token)
{
	struct kshare_wakes wakes = KSHARE_WAKES_INIT(wakes);
	struct kshare_class *class = kshare_class_of(obj);
	struct user_namespace *user_ns = NULL;
	struct pid_namespace *pid_ns = NULL;
	struct kshare_call *call, *next;
	struct kshare_doom doom = {};
	bool more = false;
	LIST_HEAD(gone);
	int n = 0;

	kshare_object_lock(obj);
	/* Other threads of it may have been through with this, and be the host anew. */
	if (class->hold.client != client || class->token != token)
		goto out;
	/* No call is begun from now on, and none of what is there is taken. */
	WRITE_ONCE(class->leaving, true);
	while (n < KSHARE_SPIN_CALLS && (call = kshare_class_any_call(class))) {
		n++;
		if (kshare_call_end(class, call, KSHARE_CALL_ORPHANED))
			list_add(&call->link, &gone);
	}
	if (n < KSHARE_SPIN_CALLS) {
		kshare_hold_del(&class->hold);
		WRITE_ONCE(class->leaving, false);
		swap(pid_ns, class->pid_ns);
		swap(user_ns, class->user_ns);
	}
	more = kshare_object_changed(obj, &wakes);
out:
	kshare_unlock_and_wake(obj, more, &wakes);
	list_for_each_entry_safe(call, next, &gone, link)
		kshare_call_free(call, &doom);
	kshare_doom_run(&doom);
	if (pid_ns)
		put_pid_ns(pid_ns);
	put_user_ns(user_ns);
	return n == KSHARE_SPIN_CALLS;
}

/* The host that had this token goes, unless it has gone. */
static void kshare_class_lose(struct kshare_object *obj, struct kshare_client *client, u64 token)
{
	while (kshare_class_relieve(obj, client, token))
		cond_resched();
}

/* The host has died, or has no way to the class any more. */
static bool kshare_class_abandon(struct kshare_object *obj, struct kshare_client *client,
				 bool died)
{
	kshare_class_lose(obj, client, READ_ONCE(kshare_class_of(obj)->token));
	return false;
}

const struct kshare_type_ops kshare_class_type = {
	.type = KSHARE_TYPE_CLASS,
	.size = sizeof(struct kshare_class),
	.fifo = true,
	.line = kshare_class_line,
	.init = kshare_class_init,
	.destroy = kshare_class_destroy,
	.stat = kshare_class_stat,
	.holds = kshare_class_holds,
	.abandon = kshare_class_abandon,
	.poll = kshare_class_poll,
	.who = kshare_class_who,
};

struct kshare_object *kshare_class_behind(struct kshare_object *obj)
{
	return obj->type == KSHARE_TYPE_CLASS ? obj : &kshare_instance_of(obj)->class->obj;
}

struct list_head *kshare_class_callers(struct kshare_object *obj)
{
	return &kshare_class_of(obj)->callers;
}

/* ---- names ---- */

/* 1 to KSHARE_MAX_CLASS_NAME bytes, none of them zero. */
static int kshare_class_name_check(const struct kshare_val *name)
{
	if (!name->len)
		return -EINVAL;
	if (name->len > KSHARE_MAX_CLASS_NAME)
		return -E2BIG;
	return memchr(kshare_val_data(name), 0, name->len) ? -EINVAL : 0;
}

static int kshare_class_order(const struct kshare_val *a, const struct kshare_val *b)
{
	int order = memcmp(kshare_val_data(a), kshare_val_data(b), min(a->len, b->len));

	return order ?: (int)a->len - (int)b->len;
}

/* The first one whose name is not before @name; under objects_lock. */
static struct kshare_class *kshare_class_seek(struct kshare_domain *domain,
					      const struct kshare_val *name)
{
	struct rb_node *node = domain->classes.rb_node;
	struct kshare_class *best = NULL;

	while (node) {
		struct kshare_class *class = rb_entry(node, struct kshare_class, node);

		if (kshare_class_order(name, &class->name) <= 0) {
			best = class;
			node = node->rb_left;
		} else {
			node = node->rb_right;
		}
	}
	return best;
}

/**
 * kshare_class_find() - the class of a name
 * @domain: where
 * @name: its name
 * @class: NULL, or a new class, which gets this name if no other has it
 *
 * Return: the class, with a reference, or NULL.
 */
static struct kshare_class *kshare_class_find(struct kshare_domain *domain,
					      const struct kshare_val *name,
					      struct kshare_class *class)
{
	struct rb_node **link, *parent = NULL;
	struct kshare_class *found;

	spin_lock(&domain->objects_lock);
	found = kshare_class_seek(domain, name);
	if (found && kshare_class_order(name, &found->name))
		found = NULL;
	if (found && !kshare_object_tryget(&found->obj)) {
		/* It is being destroyed. */
		rb_erase(&found->node, &domain->classes);
		found->named = false;
		found = NULL;
	}
	if (!found && class) {
		link = &domain->classes.rb_node;
		while (*link) {
			parent = *link;
			link = kshare_class_order(name, &rb_entry(parent, struct kshare_class,
								  node)->name) < 0 ?
			       &parent->rb_left : &parent->rb_right;
		}
		rb_link_node(&class->node, parent, link);
		rb_insert_color(&class->node, &domain->classes);
		class->named = true;
	}
	spin_unlock(&domain->objects_lock);
	return found;
}

/* KSHARE_OP_CLASS_OPEN */
int kshare_class_open(struct kshare_run *run)
{
	struct kshare_domain *domain = kshare_domain_of(run->obj);
	struct kshare_handle *handle;
	struct kshare_class *class;
	int ret;
	u32 id;

	ret = kshare_class_name_check(&run->key);
	if (ret)
		return ret;
	ret = kshare_handle_reserve(run->client, domain, &id, &handle);
	if (ret)
		return ret;
	class = kshare_class_find(domain, &run->key, NULL);
	if (!class) {
		kshare_handle_unreserve(run->client, domain, id, handle);
		return -ENOENT;
	}
	kshare_handle_publish(run->client, id, handle, &class->obj, run->rights, run->flags);
	return id;
}

/* KSHARE_OP_CLASS_LIST */
int kshare_class_list(struct kshare_run *run)
{
	struct kshare_domain *domain = kshare_domain_of(run->obj);
	struct rb_node *node;
	int ret;

	ret = run->key.type == KSHARE_NONE ? 0 : kshare_class_name_check(&run->key);
	if (!ret)
		ret = kshare_run_out(run, KSHARE_LIST_CLASSES);
	if (ret)
		return ret;
	spin_lock(&domain->objects_lock);
	if (run->key.type == KSHARE_NONE) {
		node = rb_first(&domain->classes);
	} else {
		struct kshare_class *class = kshare_class_seek(domain, &run->key);

		node = class ? &class->node : NULL;
		if (class && !kshare_class_order(&run->key, &class->name))
			node = rb_next(node);
	}
	for (; node && run->out_count < KSHARE_LIST_CLASSES; node = rb_next(node))
		kshare_give(run, &rb_entry(node, struct kshare_class, node)->name);
	if (node)
		run->result_flags |= KSHARE_R_MORE;
	spin_unlock(&domain->objects_lock);
	ret = run->out_count;
	return kshare_run_deliver_after(run) ?: ret;
}

/* KSHARE_OP_CLASS_DESCRIBE */
int kshare_class_describe(struct kshare_run *run)
{
	struct kshare_class *class = kshare_class_of(run->obj);
	int ret = kshare_class_has_host(class);

	kshare_give(run, &class->name);
	kshare_give(run, &class->value);
	run->number = kshare_instance_methods(run->obj, run->via);
	return kshare_run_deliver_after(run) ?: ret;
}

/* ---- the host ---- */

/**
 * kshare_class_become() - a client is the host from now on
 * @class: class without one, locked, or known to nobody
 * @client: the host
 * @pid_ns: its namespace; the reference is taken over
 * @user_ns: the same
 */
static void kshare_class_become(struct kshare_class *class, struct kshare_client *client,
				struct pid_namespace *pid_ns, struct user_namespace *user_ns)
{
	WRITE_ONCE(class->token, class->token + 1);
	class->pid_ns = pid_ns;
	class->user_ns = user_ns;
	kshare_hold_add(&class->hold, &class->obj, client, KSHARE_HOLD_PERMIT);
}

/* The calling process's, each with a reference. */
static void kshare_class_namespaces(struct pid_namespace **pid_ns,
				    struct user_namespace **user_ns)
{
	*pid_ns = get_pid_ns(task_active_pid_ns(current));
	*user_ns = get_user_ns(current_user_ns());
}

int kshare_class_adopt_prepare(struct kshare_run *run)
{
	if (!run->u.adopt.pid_ns)
		kshare_class_namespaces(&run->u.adopt.pid_ns, &run->u.adopt.user_ns);
	return 0;
}

/* KSHARE_OP_CLASS_ADOPT */
int kshare_class_adopt(struct kshare_run *run)
{
	struct kshare_class *class = kshare_class_of(run->obj);

	if (class->hold.client)
		return KSHARE_MUST_WAIT;
	kshare_class_become(class, run->client, run->u.adopt.pid_ns, run->u.adopt.user_ns);
	run->u.adopt.pid_ns = NULL;
	run->u.adopt.user_ns = NULL;
	run->u.adopt.token = class->token;
	kshare_touch(run);
	return min_t(u64, class->token, INT_MAX);
}

/* Its ring has gone: nobody knows that this client is the host.  See _finish. */
void kshare_class_adopt_undo(struct kshare_run *run)
{
	run->u.adopt.back = true;
}

struct list_head *kshare_class_adopt_line(struct kshare_run *run)
{
	return &kshare_class_of(run->obj)->adopters;
}

void kshare_class_adopt_finish(struct kshare_run *run)
{
	if (run->u.adopt.pid_ns)
		put_pid_ns(run->u.adopt.pid_ns);
	put_user_ns(run->u.adopt.user_ns);
	/* Calls may be there by now, so it takes what it takes when a host goes. */
	if (run->u.adopt.back)
		kshare_class_lose(run->obj, run->client, run->u.adopt.token);
}

/* A class of that name is there: 0 if it is ours now, 1 if it has lost its name. */
static int kshare_class_take_over(struct kshare_run *run, struct kshare_class *class,
				  const struct kshare_class *new)
{
	struct kshare_wakes wakes = KSHARE_WAKES_INIT(wakes);
	struct user_namespace *user_ns;
	struct pid_namespace *pid_ns;
	bool more = false;
	int ret = 0;

	kshare_class_namespaces(&pid_ns, &user_ns);
	kshare_object_lock(&class->obj);
	if (!class->named) {
		/* Lost since it was found */
		ret = 1;
	} else if (class->hold.client) {
		ret = -EEXIST;
	} else if (!(run->flags & KSHARE_ADOPT)) {
		kshare_class_unname(class);
		ret = 1;
	} else if (class->value.len != new->value.len ||
		   memcmp(class->info, new->info, class->value.len)) {
		ret = -EINVAL;
	} else {
		kshare_class_become(class, run->client, pid_ns, user_ns);
		pid_ns = NULL;
		user_ns = NULL;
		more = kshare_object_changed(&class->obj, &wakes);
	}
	kshare_unlock_and_wake(&class->obj, more, &wakes);
	if (pid_ns)
		put_pid_ns(pid_ns);
	put_user_ns(user_ns);
	return ret;
}

/* A class that nobody knows yet, or an error. */
static struct kshare_class *kshare_class_create(struct kshare_run *run)
{
	struct kshare_create how = {
		.user = run->client->user,
		.type = KSHARE_TYPE_CLASS,
		.value = &run->value,
	};
	struct user_namespace *user_ns;
	struct pid_namespace *pid_ns;
	struct kshare_object *obj;
	struct kshare_class *class;

	obj = kshare_object_create(kshare_domain_of(run->obj), &how);
	if (IS_ERR(obj))
		return ERR_CAST(obj);
	class = kshare_class_of(obj);
	run->value = (struct kshare_val){};
	class->name = run->key;
	kshare_val_get(&class->name);
	kshare_class_namespaces(&pid_ns, &user_ns);
	kshare_class_become(class, run->client, pid_ns, user_ns);
	return class;
}

/* KSHARE_OP_CLASS_REGISTER */
int kshare_class_register(struct kshare_run *run)
{
	struct kshare_domain *domain = kshare_domain_of(run->obj);
	struct kshare_class *class, *found;
	struct kshare_handle *handle;
	int ret;
	u32 id;

	ret = kshare_class_name_check(&run->key);
	if (ret)
		return ret;
	if (run->flags & KSHARE_ADOPT && !(run->rights & KSHARE_RIGHT_MANAGE))
		return -EACCES;
	ret = kshare_class_shrink(&run->value, &run->doom);
	if (ret)
		return ret;
	ret = kshare_handle_reserve(run->client, domain, &id, &handle);
	if (ret)
		return ret;
	class = kshare_class_create(run);
	if (IS_ERR(class)) {
		kshare_handle_unreserve(run->client, domain, id, handle);
		return PTR_ERR(class);
	}
	while ((found = kshare_class_find(domain, &run->key, class))) {
		/*
		 * Who is the host has a handle by then, else CLOSE of another one would
		 * take it for the last.
		 */
		kshare_object_get(&found->obj);
		kshare_handle_publish(run->client, id, handle, &found->obj, run->rights,
				      run->flags);
		ret = kshare_class_take_over(run, found, class);
		kshare_object_put(&found->obj);
		if (ret)
			kshare_handle_close(run->client, id);
		if (ret > 0)
			ret = kshare_handle_reserve(run->client, domain, &id, &handle);
		else if (!ret)
			ret = id;
		if (ret) {
			kshare_object_put(&class->obj);
			return ret;
		}
	}
	kshare_handle_publish(run->client, id, handle, &class->obj, KSHARE_RIGHT_ALL, run->flags);
	return id;
}

/* KSHARE_OP_CLASS_UNREGISTER */
int kshare_class_unregister(struct kshare_run *run)
{
	struct kshare_class *class = kshare_class_of(run->obj);
	bool hosted;
	u64 token;

	kshare_object_lock(run->obj);
	hosted = kshare_class_hosted_by(class, run->client);
	token = class->token;
	if (hosted)
		kshare_class_unname(class);
	kshare_object_unlock(run->obj);
	if (!hosted)
		return -EPERM;
	kshare_class_lose(run->obj, run->client, token);
	return 0;
}
