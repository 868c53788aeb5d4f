// SPDX-License-Identifier: LGPL-2.1-or-later OR MIT
/* What a proxy has for itself: a pointer, and a few named values. */
#include <pthread.h>

#include "internal.h"

/**
 * struct ks_local - a field of a proxy's own
 * @next: in the list of the proxy's
 * @value: its value, which points at @data if it is long
 * @data: the name and its NUL, then the value's bytes
 */
struct ks_local {
	struct ks_local *next;
	struct kshare_value value;
	char data[];
};

/*
 * One for all proxies: it is held for a few instructions, and a fork must find it free,
 * since the child has no thread that would release it.
 */
static pthread_mutex_t locals_lock = PTHREAD_MUTEX_INITIALIZER;

void ks_locals_before_fork(void)
{
	pthread_mutex_lock(&locals_lock);
}

void ks_locals_after_fork(void)
{
	pthread_mutex_unlock(&locals_lock);
}

void kshare_set_user(struct kshare_obj *obj, void *user)
{
	__atomic_store_n(&obj->user, user, __ATOMIC_RELEASE);
}

void *kshare_user(struct kshare_obj *obj)
{
	return __atomic_load_n(&obj->user, __ATOMIC_ACQUIRE);
}

/* The place in the list where a name is, or where the list ends. */
static struct ks_local **find(struct kshare_obj *obj, const char *name)
{
	struct ks_local **at = &obj->locals;

	while (*at && strcmp((*at)->data, name))
		at = &(*at)->next;
	return at;
}

int kshare_local_set(struct kshare_obj *obj, const char *name, struct kshare_value value)
{
	size_t head = strlen(name) + 1;
	struct ks_local *local, **at, *old;
	size_t len = 0;

	if (value.type > KSHARE_ENCODED || value.type == KSHARE_REF || value.flags)
		return -EDOM;
	if (value.type >= KSHARE_STR && !value.inline_len)
		len = value.len;
	local = alloc(sizeof(*local) + head + len);
	if (!local)
		return -ENOMEM;
	local->value = value;
	memcpy(local->data, name, head);
	if (len) {
		memcpy(local->data + head, (const void *)(uintptr_t)value.ptr, len);
		local->value.ptr = (uintptr_t)local->data + head;
	}
	pthread_mutex_lock(&locals_lock);
	at = find(obj, name);
	old = *at;
	local->next = old ? old->next : NULL;
	*at = local;
	pthread_mutex_unlock(&locals_lock);
	free(old);
	return 0;
}

int kshare_local_get(struct kshare_obj *obj, const char *name, struct kshare_value *value)
{
	struct ks_local *local;

	pthread_mutex_lock(&locals_lock);
	local = *find(obj, name);
	if (local)
		*value = local->value;
	pthread_mutex_unlock(&locals_lock);
	return local ? 0 : -ENOENT;
}

int kshare_local_delete(struct kshare_obj *obj, const char *name)
{
	struct ks_local **at, *old;

	pthread_mutex_lock(&locals_lock);
	at = find(obj, name);
	old = *at;
	if (old)
		*at = old->next;
	pthread_mutex_unlock(&locals_lock);
	free(old);
	return old ? 0 : -ENOENT;
}

void ks_locals_free(struct kshare_obj *obj)
{
	struct ks_local *local;

	while ((local = obj->locals)) {
		obj->locals = local->next;
		free(local);
	}
}
