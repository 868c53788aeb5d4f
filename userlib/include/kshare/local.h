/* SPDX-License-Identifier: LGPL-2.1-or-later OR MIT */
/*
 * What a proxy has for itself.  Nothing of this leaves the process, or is known to another
 * proxy of the same object; a child of fork() begins with a copy.
 */
#ifndef KSHARE_LOCAL_H
#define KSHARE_LOCAL_H

#include <kshare/base.h>
#include <kshare/value.h>

KSHARE_BEGIN_DECLS

/** kshare_set_user() - puts a pointer beside a proxy, which the library does not follow */
void kshare_set_user(struct kshare_obj *obj, void *user);

/** kshare_user() - the pointer of kshare_set_user(); NULL at first */
void *kshare_user(struct kshare_obj *obj);

/**
 * kshare_local_set() - gives a proxy a field of its own
 * @obj: the proxy
 * @name: the field's name
 * @value: its value, which is copied: no reference, and none that carries some
 *
 * Return: 0; -EDOM for a reference or vector; -ENOMEM.
 */
int kshare_local_set(struct kshare_obj *obj, const char *name, struct kshare_value value);

/**
 * kshare_local_get() - reads a field of a proxy's own
 * @obj: the proxy
 * @name: the field's name
 * @value: its value; what it points at stays until the field is changed or @obj goes
 *
 * Return: 0; -ENOENT if there is none.
 */
int kshare_local_get(struct kshare_obj *obj, const char *name, struct kshare_value *value);

/**
 * kshare_local_delete() - takes a field of its own from a proxy
 * @obj: the proxy
 * @name: the field's name
 *
 * Return: 0; -ENOENT if there is none.
 */
int kshare_local_delete(struct kshare_obj *obj, const char *name);

KSHARE_END_DECLS

#endif /* KSHARE_LOCAL_H */
