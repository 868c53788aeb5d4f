// SPDX-License-Identifier: LGPL-2.1-or-later OR MIT
/*
 * Classes, as their host has them: registering, adopting, and the host's pointers.
 *
 * A cookie may be another host's, which has died, so it is never taken for a pointer.
 * Pointers stand in a table of this process, by the ids of instances: those that it made,
 * and those that it was told of when it adopted the class.
 */
#include "host.h"

/* In a child of fork() the class is the parent's. */
bool ks_class_is_lost(const struct kshare_class *cls)
{
	return cls->generation != cls->obj->k->generation;
}

void ks_class_hold(struct kshare_class *cls)
{
	__atomic_add_fetch(&cls->refs, 1, __ATOMIC_RELAXED);
}

void ks_class_put(struct kshare_class *cls)
{
	struct ks_instance *in;
	size_t i;

	if (__atomic_sub_fetch(&cls->refs, 1, __ATOMIC_ACQ_REL))
		return;
	for (i = 0; i < cls->table_size; i++) {
		while ((in = cls->table[i])) {
			cls->table[i] = in->next;
			free(in);
		}
	}
	free(cls->table);
	if (!ks_class_is_lost(cls))
		pthread_mutex_destroy(&cls->lock);
	free(cls->threads);
	free(cls->spare);
	kshare_unref(cls->def.domain);
	kshare_unref(cls->obj);
	free(cls);
}

/* ---- pointers ---- */

static struct ks_instance **place(struct kshare_class *cls, uint64_t id)
{
	/* Ids are given one after the other. */
	return &cls->table[id & (cls->table_size - 1)];
}

static struct ks_instance **find(struct kshare_class *cls, uint64_t id)
{
	static struct ks_instance *nothing;
	struct ks_instance **at;

	if (!cls->table_size)
		return &nothing;
	for (at = place(cls, id); *at && (*at)->id != id; at = &(*at)->next)
		;
	return at;
}

/* Without memory a table that exists goes on, with longer chains. */
static int make_room(struct kshare_class *cls)
{
	size_t old_size = cls->table_size, size = old_size ? old_size * 2 : 64;
	struct ks_instance **old = cls->table, *in;
	size_t i;

	if (cls->instances < old_size)
		return 0;
	cls->table = alloc(size * sizeof(*cls->table));
	if (!cls->table) {
		cls->table = old;
		return old ? 0 : -ENOMEM;
	}
	cls->table_size = size;
	for (i = 0; i < old_size; i++) {
		while ((in = old[i])) {
			struct ks_instance **at = place(cls, in->id);

			old[i] = in->next;
			in->next = *at;
			*at = in;
		}
	}
	free(old);
	return 0;
}

/* The pointer of an instance; NULL takes it out. */
static int set_ptr(struct kshare_class *cls, uint64_t id, void *ptr)
{
	struct ks_instance *in, **at;
	int err = 0;

	if (!ptr) {
		ks_class_forget(cls, id);
		return 0;
	}
	pthread_mutex_lock(&cls->lock);
	in = *find(cls, id);
	if (!in) {
		err = make_room(cls);
		in = err ? NULL : alloc(sizeof(*in));
		if (in) {
			at = place(cls, id);
			in->id = id;
			in->next = *at;
			*at = in;
			cls->instances++;
		}
	}
	if (in)
		in->ptr = ptr;
	pthread_mutex_unlock(&cls->lock);
	return in ? 0 : -ENOMEM;
}

void *ks_class_ptr(struct kshare_class *cls, uint64_t id)
{
	struct ks_instance *in;
	void *ptr;

	if (ks_class_is_lost(cls))
		return NULL;
	pthread_mutex_lock(&cls->lock);
	in = *find(cls, id);
	ptr = in ? in->ptr : NULL;
	pthread_mutex_unlock(&cls->lock);
	return ptr;
}

void *ks_class_forget(struct kshare_class *cls, uint64_t id)
{
	struct ks_instance *in, **at;
	void *ptr = NULL;

	pthread_mutex_lock(&cls->lock);
	at = find(cls, id);
	in = *at;
	if (in) {
		*at = in->next;
		ptr = in->ptr;
		cls->instances--;
	}
	pthread_mutex_unlock(&cls->lock);
	free(in);
	return ptr;
}

/* ---- becoming the host ---- */

static int copy_name(uint8_t to[KSHARE_MAX_CLASS_NAME + 1], const char *name)
{
	size_t len = name ? strlen(name) : 0;

	if (len > KSHARE_MAX_CLASS_NAME)
		return -E2BIG;
	if (len)
		memcpy(to, name, len);
	return 0;
}

/* Writes @def as the kernel wants it; the caller frees @bytes. */
static int make_info(const struct kshare_class_def *def, void **bytes, size_t *size)
{
	struct kshare_class_info *info;
	struct kshare_class_method *m;
	struct kshare_class_field *f;
	uint32_t i;
	int err = 0;

	if (def->method_count > KSHARE_MAX_METHODS || def->field_count > KSHARE_MAX_FIELDS)
		return -E2BIG;
	*size = sizeof(*info) + def->method_count * sizeof(*m) + def->field_count * sizeof(*f);
	info = alloc(*size);
	if (!info)
		return -ENOMEM;
	info->size = sizeof(*info);
	info->flags = def->flags;
	info->methods = def->method_count;
	info->fields = def->field_count;
	info->method_size = sizeof(*m);
	info->field_size = sizeof(*f);
	m = (void *)(info + 1);
	for (i = 0; i < def->method_count && !err; i++, m++) {
		err = copy_name(m->name, def->methods[i].name);
		if (!err)
			err = copy_name(m->result, def->methods[i].result);
		m->flags = def->methods[i].flags;
		if (def->methods[i].reserved)
			err = -EINVAL;
	}
	f = (void *)m;
	for (i = 0; i < def->field_count && !err; i++, f++) {
		err = copy_name(f->name, def->fields[i].name);
		f->types = def->fields[i].types;
		f->flags = def->fields[i].flags;
	}
	if (err) {
		free(info);
		return err;
	}
	*bytes = info;
	return 0;
}

/* INT and UINT are one type. */
static uint32_t same_types(uint32_t types)
{
	if (types & (KSHARE_TAKES(KSHARE_INT) | KSHARE_TAKES(KSHARE_UINT)))
		types |= KSHARE_TAKES(KSHARE_INT) | KSHARE_TAKES(KSHARE_UINT);
	return types;
}

/* Whether a class is what @info says: -EINVAL if not. */
static int is_same(struct kshare_obj *obj, const struct kshare_class_info *info)
{
	struct kshare_reply *reply KSHARE_CLEANUP_REPLY = NULL;
	const struct kshare_class_method *m = (const void *)(info + 1);
	const struct kshare_class_field *f = (const void *)(m + info->methods);
	struct kshare_class_method method;
	struct kshare_class_field field;
	struct kshare_class_info other;
	uint32_t i;
	int err;

	err = kshare_class_describe(obj, &reply);
	if (err >= 0)
		err = kshare_described(reply, &other);
	if (err < 0)
		return err;
	if (other.flags != info->flags || other.methods != info->methods ||
	    other.fields != info->fields)
		return -EINVAL;
	for (i = 0; i < info->methods; i++) {
		if (kshare_described_method(reply, i, &method) ||
		    memcmp(&method, &m[i], sizeof(method)))
			return -EINVAL;
	}
	for (i = 0; i < info->fields; i++) {
		if (kshare_described_field(reply, i, &field) ||
		    memcmp(field.name, f[i].name, sizeof(field.name)) ||
		    same_types(field.types) != same_types(f[i].types) ||
		    field.flags != f[i].flags)
			return -EINVAL;
	}
	return 0;
}

/* A class that has no proxy yet. */
static int make(struct kshare *k, const struct kshare_class_def *def, struct kshare_class **cls)
{
	struct kshare_class *new = alloc(sizeof(*new));
	int err;

	if (!new)
		return -ENOMEM;
	err = ks_opts_copy(&new->def, sizeof(new->def), sizeof(new->def), def);
	if (!err && (new->def.reserved || !new->def.name))
		err = -EINVAL;
	if (err) {
		free(new);
		return err;
	}
	new->refs = 1;
	new->generation = k->generation;
	new->stop_tag = ks_call_tag(k);
	kshare_hold(new->def.domain);
	pthread_mutex_init(&new->lock, NULL);
	*cls = new;
	return 0;
}

/* The opposite of make(). */
static void unmake(struct kshare_class *cls)
{
	pthread_mutex_destroy(&cls->lock);
	kshare_unref(cls->def.domain);
	free(cls);
}

static int ask_token(struct kshare_class *cls)
{
	struct kshare_stat st;
	int err = kshare_stat(cls->obj, &st);

	cls->token = st.token;
	return err;
}

/* Tells the user of the instances that are there already. */
static int tell_instances(struct kshare_class *cls)
{
	struct kshare_instance found[64];
	uint64_t after = 0;
	int count, i;

	if (!cls->def.adopted)
		return 0;
	while ((count = kshare_class_instances(cls, &after, found, ARRAY_SIZE(found))) > 0) {
		for (i = 0; i < count; i++) {
			void *ptr = cls->def.adopted(cls, found[i].id, found[i].cookie);
			int err = set_ptr(cls, found[i].id, ptr);

			if (err)
				return err;
		}
	}
	return count;
}

int kshare_class_register(struct kshare *k, const struct kshare_class_def *def, uint32_t flags,
			  struct kshare_class **cls)
{
	struct kshare_class *new;
	struct kshare_cmd cmd;
	void *info = NULL;
	size_t size;
	int err;

	err = make(k, def, &new);
	if (err)
		return err;
	err = make_info(&new->def, &info, &size);
	if (!err) {
		kshare_prep_class_register(&cmd, new->def.domain, new->def.name, info, size, flags);
		err = ks_obj_make(k, &cmd, KSHARE_TYPE_CLASS, &new->obj);
	}
	free(info);
	if (err) {
		unmake(new);
		return err;
	}
	err = ask_token(new);
	if (!err && (flags & KSHARE_ADOPT))
		err = tell_instances(new);
	if (err) {
		kshare_class_free(new);
		return err;
	}
	*cls = new;
	return 0;
}

int kshare_class_adopt(struct kshare *k, const struct kshare_class_def *def, int64_t deadline,
		       struct kshare_class **cls)
{
	struct kshare_class *new;
	struct kshare_cmd cmd;
	void *info = NULL;
	size_t size;
	int64_t ret;

	ret = make(k, def, &new);
	if (ret)
		return (int)ret;
	ret = make_info(&new->def, &info, &size);
	if (!ret) {
		kshare_prep_class_open(&cmd, new->def.domain, new->def.name, 0);
		ret = ks_obj_make(k, &cmd, KSHARE_TYPE_CLASS, &new->obj);
	}
	if (ret) {
		free(info);
		unmake(new);
		return (int)ret;
	}
	/* Beforehand, since what a class is never changes, and a wrong host is worse than none. */
	ret = is_same(new->obj, info);
	free(info);
	if (!ret) {
		kshare_prep_class_adopt(&cmd, new->obj, deadline);
		ret = ks_run(new->obj, &cmd, NULL);
	}
	if (ret >= 0)
		ret = ask_token(new);
	if (ret >= 0)
		ret = tell_instances(new);
	if (ret < 0) {
		kshare_class_free(new);
		return (int)ret;
	}
	*cls = new;
	return 0;
}

int kshare_class_unregister(struct kshare_class *cls)
{
	struct kshare_cmd cmd;

	kshare_prep_class_unregister(&cmd, cls->obj);
	return ks_run(cls->obj, &cmd, NULL);
}

void kshare_class_free(struct kshare_class *cls)
{
	if (!cls)
		return;
	if (!ks_class_is_lost(cls)) {
		kshare_serve_stop(cls);
		kshare_serve_join(cls);
	}
	ks_class_put(cls);
}

void kshare_cleanup_class(struct kshare_class **cls)
{
	kshare_class_free(*cls);
}

struct kshare_obj *kshare_class_obj(struct kshare_class *cls)
{
	return cls->obj;
}

void *kshare_class_data(struct kshare_class *cls)
{
	return cls->def.data;
}

uint64_t kshare_class_token(struct kshare_class *cls)
{
	return cls->token;
}

/* ---- instances ---- */

int kshare_instance_create(struct kshare_class *cls, uint64_t cookie, void *ptr, uint32_t flags,
			   struct kshare_obj **obj)
{
	struct kshare_obj *new;
	struct kshare_cmd cmd;
	int err;

	kshare_prep_instance_create(&cmd, cls->obj, cookie, flags);
	err = ks_obj_make(cls->obj->k, &cmd, KSHARE_TYPE_INSTANCE, &new);
	if (err)
		return err;
	ks_methods_share(new, cls->obj);
	/* Nobody else knows it yet, so no call can come before its pointer is there. */
	if (ptr)
		err = kshare_instance_set_ptr(cls, new, ptr);
	if (err) {
		kshare_unref(new);
		return err;
	}
	*obj = new;
	return 0;
}

int kshare_instance_open(struct kshare_class *cls, uint64_t id, uint32_t flags,
			 struct kshare_obj **obj)
{
	struct kshare_cmd cmd;
	int err;

	if (ks_class_is_lost(cls))
		return -EPERM;
	kshare_prep_instance_open(&cmd, cls->obj, id, flags);
	err = ks_obj_make(cls->obj->k, &cmd, KSHARE_TYPE_INSTANCE, obj);
	if (!err)
		ks_methods_share(*obj, cls->obj);
	return err;
}

int kshare_instance_set_ptr(struct kshare_class *cls, struct kshare_obj *obj, void *ptr)
{
	uint64_t id;
	int err;

	if (ks_class_is_lost(cls))
		return -EPERM;
	err = ks_obj_id(obj, &id);
	return err ? err : set_ptr(cls, id, ptr);
}

int kshare_class_instances(struct kshare_class *cls, uint64_t *after,
			   struct kshare_instance *instances, unsigned int room)
{
	struct kshare_reply *reply KSHARE_CLEANUP_REPLY = NULL;
	struct kshare_cmd cmd;
	unsigned int count, i;
	int ret;

	kshare_prep_class_instances(&cmd, cls->obj, *after, room);
	ret = ks_run(cls->obj, &cmd, &reply);
	if (ret < 0)
		return ret;
	count = kshare_reply_count(reply) / 2;
	for (i = 0; i < count && i < room; i++) {
		const struct kshare_value *v = kshare_reply_value(reply, 2 * i);

		instances[i].id = v[0].u;
		instances[i].cookie = v[1].u;
	}
	if (i)
		*after = instances[i - 1].id;
	return (int)i;
}

int kshare_class_cookie(struct kshare_class *cls, uint64_t id, uint64_t cookie, void *ptr)
{
	struct kshare_cmd cmd;
	int err;

	if (ks_class_is_lost(cls))
		return -EPERM;
	kshare_prep_class_cookie(&cmd, cls->obj, id, cookie);
	err = ks_run(cls->obj, &cmd, NULL);
	return err < 0 ? err : set_ptr(cls, id, ptr);
}
