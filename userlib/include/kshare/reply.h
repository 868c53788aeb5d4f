/* SPDX-License-Identifier: LGPL-2.1-or-later OR MIT */
/*
 * Replies: the values that an operation gave back.
 *
 * A function that gives values takes a struct kshare_reply **.  NULL: they are
 * not wanted.  A pointer to NULL: a new reply is made, which the caller frees.  A
 * pointer to a reply: it is emptied, and used again, which saves memory
 * management where it matters.
 *
 *	struct kshare_reply *r KSHARE_CLEANUP_REPLY = NULL;
 *	int64_t n;
 *
 *	if (kshare_dict_get(dict, kshare_str("n"), &r) == 0 &&
 *	    kshare_reply_int(r, 0, &n) == 0)
 *		printf("%lld\n", (long long)n);
 *
 * A reply grows as needed.  It owns what it points at: bytes, and the handles of
 * references.  An operation's arguments must not point into the reply that is to
 * take its result.
 */
#ifndef KSHARE_REPLY_H
#define KSHARE_REPLY_H

#include <kshare/base.h>
#include <kshare/value.h>

KSHARE_BEGIN_DECLS

/**
 * kshare_reply_free() - frees a reply, and what it owns
 * @reply: the reply, or NULL
 */
void kshare_reply_free(struct kshare_reply *reply);

/**
 * kshare_reply_reserve() - makes room beforehand
 * @reply: the reply; one is made if it is NULL
 * @bytes: bytes of result that are to fit
 *
 * What the reply holds is given up.
 *
 * Return: 0; -ENOMEM; -E2BIG.
 */
int kshare_reply_reserve(struct kshare_reply **reply, size_t bytes);

/**
 * kshare_reply_count() - number of values; 0 of NULL, and after an error, but for the
 * -EDEADLK of kshare_lock_acquire_detect() and its like
 */
unsigned int kshare_reply_count(const struct kshare_reply *reply);

/** kshare_reply_number() - the number beside the values: a version, a cursor … */
uint64_t kshare_reply_number(const struct kshare_reply *reply);

/** kshare_reply_flags() - KSHARE_R_* */
uint32_t kshare_reply_flags(const struct kshare_reply *reply);

/**
 * kshare_reply_value() - one value
 * @reply: the reply
 * @i: which one
 *
 * Return: the value, as long as the reply is neither freed nor used again; NULL
 * if there is none.  The values lie one behind the other, as an array.
 */
const struct kshare_value *kshare_reply_value(const struct kshare_reply *reply, unsigned int i);

/**
 * kshare_reply_obj() - the proxy of a reference
 * @reply: the reply
 * @i: which value
 * @obj: the proxy, with a reference that is the caller's
 *
 * Return: 0; -ENOENT if there is no such value; -EDOM if it is no reference;
 * -ENOMEM.
 */
int kshare_reply_obj(struct kshare_reply *reply, unsigned int i, struct kshare_obj **obj);

/** kshare_reply_ref_count() - number of references that the encoded value @i carries */
unsigned int kshare_reply_ref_count(const struct kshare_reply *reply, unsigned int i);

/**
 * kshare_reply_ref() - the proxy of a reference that an encoded value carries
 * @reply: the reply
 * @i: which value
 * @n: which of its references
 * @obj: the proxy, with a reference that is the caller's
 *
 * Return: as kshare_reply_obj(); -ERANGE if it carries fewer.
 */
int kshare_reply_ref(struct kshare_reply *reply, unsigned int i, unsigned int n,
		     struct kshare_obj **obj);

/** kshare_reply_int() - kshare_value_int() of the value @i */
static inline int kshare_reply_int(const struct kshare_reply *reply, unsigned int i, int64_t *n)
{
	return kshare_value_int(kshare_reply_value(reply, i), n);
}

/** kshare_reply_uint() - kshare_value_uint() of the value @i */
static inline int kshare_reply_uint(const struct kshare_reply *reply, unsigned int i, uint64_t *n)
{
	return kshare_value_uint(kshare_reply_value(reply, i), n);
}

/** kshare_reply_float() - kshare_value_float() of the value @i */
static inline int kshare_reply_float(const struct kshare_reply *reply, unsigned int i, double *d)
{
	return kshare_value_float(kshare_reply_value(reply, i), d);
}

/** kshare_reply_bool() - kshare_value_bool() of the value @i */
static inline int kshare_reply_bool(const struct kshare_reply *reply, unsigned int i, bool *b)
{
	return kshare_value_bool(kshare_reply_value(reply, i), b);
}

/** kshare_reply_data() - kshare_value_data() of the value @i */
static inline const void *kshare_reply_data(const struct kshare_reply *reply, unsigned int i,
					    size_t *len)
{
	return kshare_value_data(kshare_reply_value(reply, i), len);
}

KSHARE_END_DECLS

#endif /* KSHARE_REPLY_H */
