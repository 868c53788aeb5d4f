/* SPDX-License-Identifier: LGPL-2.1-or-later OR MIT */
/*
 * Namespaces: values under names.  They are dicts whose keys are text and not
 * empty, and all of kshare/dict.h works on them; these are only shorter.
 */
#ifndef KSHARE_NAMESPACE_H
#define KSHARE_NAMESPACE_H

#include <kshare/dict.h>
#include <kshare/value.h>

KSHARE_BEGIN_DECLS

/**
 * kshare_namespace_create() - a new namespace
 * @k: the client
 * @flags: KSHARE_NO_INHERIT
 * @ns: its proxy
 *
 * Return: 0.
 */
int kshare_namespace_create(struct kshare *k, uint32_t flags, struct kshare_obj **ns);

/** kshare_namespace_get() - kshare_dict_get() of the attribute @name */
static inline int kshare_namespace_get(struct kshare_obj *ns, const char *name,
				       struct kshare_reply **reply)
{
	return kshare_dict_get(ns, kshare_str(name), reply);
}

/** kshare_namespace_set() - kshare_dict_set() of the attribute @name */
static inline int kshare_namespace_set(struct kshare_obj *ns, const char *name,
				       struct kshare_value value)
{
	return kshare_dict_set(ns, kshare_str(name), value);
}

/** kshare_namespace_delete() - kshare_dict_delete() of the attribute @name */
static inline int kshare_namespace_delete(struct kshare_obj *ns, const char *name)
{
	return kshare_dict_delete(ns, kshare_str(name));
}

/** kshare_namespace_add() - kshare_dict_add() to the attribute @name */
static inline int kshare_namespace_add(struct kshare_obj *ns, const char *name,
				       struct kshare_value value, uint32_t flags,
				       struct kshare_reply **reply)
{
	return kshare_dict_add(ns, kshare_str(name), value, flags, reply);
}

KSHARE_END_DECLS

#endif /* KSHARE_NAMESPACE_H */
