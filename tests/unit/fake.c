// SPDX-License-Identifier: GPL-2.0
#include "fake.h"

const siphash_key_t fake_secret = { { 0x0706050403020100ULL, 0x0f0e0d0c0b0a0908ULL } };

bool kshare_object_tryget(struct kshare_object *obj)
{
	return refcount_inc_not_zero(&obj->ref);
}

void kshare_object_get(struct kshare_object *obj)
{
	refcount_inc(&obj->ref);
}

void kshare_object_put_deferred(struct kshare_object *obj, struct kshare_doom *doom)
{
	if (!refcount_dec_and_test(&obj->ref))
		return;
	obj->doom_next = doom->first;
	doom->first = obj;
}

void kshare_object_forget(struct kshare_object *obj, struct kshare_doom *doom)
{
	kshare_object_put_deferred(obj, doom);
}

const struct kshare_object *kshare_object_real(const struct kshare_object *obj)
{
	return obj;
}

struct kshare_val fake_bytes(u8 type, const void *data, u32 len)
{
	struct kshare_val v = { .type = type, .len = len };

	if (len > sizeof(v.bytes)) {
		v.blob = kshare_blob_alloc(len, 0);
		memcpy(v.blob->data, data, len);
	} else if (len) {
		v.inline_len = len;
		memcpy(v.bytes, data, len);
	}
	return v;
}

struct kshare_val fake_str(const char *s)
{
	return fake_bytes(KSHARE_STR, s, strlen(s));
}

struct kshare_val fake_encoded(const void *data, u32 len, struct kshare_object **refs, u32 count)
{
	struct kshare_val v = { .type = KSHARE_ENCODED, .len = len };
	u32 n;

	v.blob = kshare_blob_alloc(len, count);
	memcpy(v.blob->data, data, len);
	for (n = 0; n < count; n++)
		v.blob->refs[n] = (struct kshare_blob_ref){ refs[n], KSHARE_RIGHT_ALL };
	return v;
}

u32 fake_hash(const struct kshare_val *key)
{
	return kshare_val_hash(key, &fake_secret);
}

void fake_put(struct kshare_val *v)
{
	struct kshare_doom doom = {};

	kshare_val_put(v, &doom);
	WARN_ON_ONCE(doom.first);
}
