/* SPDX-License-Identifier: GPL-2.0 */
/* Objects that only count their references, and makers of values. */
#ifndef KSHARE_FAKE_H
#define KSHARE_FAKE_H

#include "value.h"

struct kshare_object {
	refcount_t ref;
	struct kshare_object *doom_next;
};

extern const siphash_key_t fake_secret;

static inline struct kshare_val fake_float(double d)
{
	struct kshare_val v = { .type = KSHARE_FLOAT };

	memcpy(&v.u, &d, sizeof(d));
	return v;
}

static inline struct kshare_val fake_bool(bool b)
{
	return (struct kshare_val){ .type = KSHARE_BOOL, .u = b };
}

static inline struct kshare_val fake_ref(struct kshare_object *obj)
{
	return (struct kshare_val){ .type = KSHARE_REF, .len = KSHARE_RIGHT_ALL, .obj = obj };
}

/* STR, BYTES or ENCODED; the caller owns the blob, if there is one. */
struct kshare_val fake_bytes(u8 type, const void *data, u32 len);
struct kshare_val fake_str(const char *s);
/* An encoded value that carries references, which it takes over. */
struct kshare_val fake_encoded(const void *data, u32 len, struct kshare_object **refs, u32 count);

u32 fake_hash(const struct kshare_val *key);
void fake_put(struct kshare_val *v);

#endif /* KSHARE_FAKE_H */
