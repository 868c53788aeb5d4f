// SPDX-License-Identifier: LGPL-2.1-or-later OR MIT
/*
 * Comparing objects by value.
 *
 * A pair of objects that is met again, on the way or elsewhere, is taken to be
 * equal: if it is not, the comparison fails where it was met first.  So circles
 * end, and what is shared is compared once.
 */
#include "internal.h"

#define MAX_DEPTH	1000
#define ARRAY_CHUNK	(1u << 20)	/* bytes */

struct pair {
	uint64_t a;
	uint64_t b;
};

/**
 * struct comparison - one call of kshare_equal()
 * @pairs: hash table of the pairs met; an empty place has a == 0
 * @count: number of them
 * @size: number of places, a power of 2
 * @depth: how deep we are
 */
struct comparison {
	struct pair *pairs;
	size_t count;
	size_t size;
	unsigned int depth;
};

static int compare(struct comparison *c, struct kshare_obj *a, struct kshare_obj *b);

static struct pair *pair_place(struct pair *pairs, size_t size, uint64_t a, uint64_t b)
{
	size_t i = (size_t)((a * 0x9e3779b97f4a7c15ULL ^ b) * 0x9e3779b97f4a7c15ULL >> 20);

	for (;; i++) {
		struct pair *p = &pairs[i & (size - 1)];

		if (!p->a || (p->a == a && p->b == b))
			return p;
	}
}

/* 1 if the pair was met before, else 0. */
static int meet(struct comparison *c, uint64_t a, uint64_t b)
{
	struct pair *p;

	if (c->count >= c->size / 2) {
		size_t size = c->size ? c->size * 2 : 64;
		struct pair *pairs = alloc(size * sizeof(*pairs));
		size_t i;

		if (!pairs)
			return -ENOMEM;
		for (i = 0; i < c->size; i++) {
			p = &c->pairs[i];
			if (p->a)
				*pair_place(pairs, size, p->a, p->b) = *p;
		}
		free(c->pairs);
		c->pairs = pairs;
		c->size = size;
	}
	p = pair_place(c->pairs, c->size, a, b);
	if (p->a)
		return 1;
	p->a = a;
	p->b = b;
	c->count++;
	return 0;
}

static int compare_encoded(struct comparison *c, struct kshare_reply *ra, unsigned int ia,
			   struct kshare_reply *rb, unsigned int ib)
{
	const struct kshare_value *va = kshare_reply_value(ra, ia);
	const struct kshare_value *vb = kshare_reply_value(rb, ib);
	unsigned int count = kshare_reply_ref_count(ra, ia);
	const void *da, *db;
	size_t la, lb;
	unsigned int i;
	int ret = 1;

	da = kshare_value_data(va, &la);
	db = kshare_value_data(vb, &lb);
	if (va->codec != vb->codec || la != lb || count != kshare_reply_ref_count(rb, ib) ||
	    (la && memcmp(da, db, la)))
		return 0;
	for (i = 0; i < count && ret == 1; i++) {
		struct kshare_obj *a KSHARE_CLEANUP = NULL;
		struct kshare_obj *b KSHARE_CLEANUP = NULL;

		ret = kshare_reply_ref(ra, ia, i, &a);
		if (!ret)
			ret = kshare_reply_ref(rb, ib, i, &b);
		if (!ret)
			ret = compare(c, a, b);
	}
	return ret;
}

/* The value @ia of one reply and @ib of another. */
static int compare_values(struct comparison *c, struct kshare_reply *ra, unsigned int ia,
			  struct kshare_reply *rb, unsigned int ib)
{
	const struct kshare_value *va = kshare_reply_value(ra, ia);
	const struct kshare_value *vb = kshare_reply_value(rb, ib);
	struct kshare_obj *a KSHARE_CLEANUP = NULL;
	struct kshare_obj *b KSHARE_CLEANUP = NULL;
	int err;

	if (!va || !vb)
		return va == vb;
	if (va->type == KSHARE_ENCODED && vb->type == KSHARE_ENCODED)
		return compare_encoded(c, ra, ia, rb, ib);
	if (va->type != KSHARE_REF || vb->type != KSHARE_REF)
		return kshare_value_equal(va, vb);
	err = kshare_reply_obj(ra, ia, &a);
	if (!err)
		err = kshare_reply_obj(rb, ib, &b);
	return err ? err : compare(c, a, b);
}

static int compare_cells(struct comparison *c, struct kshare_obj *a, struct kshare_obj *b)
{
	struct kshare_reply *ra KSHARE_CLEANUP_REPLY = NULL;
	struct kshare_reply *rb KSHARE_CLEANUP_REPLY = NULL;
	int ret;

	ret = kshare_cell_get(a, &ra);
	if (!ret)
		ret = kshare_cell_get(b, &rb);
	return ret ? ret : compare_values(c, ra, 0, rb, 0);
}

static int compare_lists(struct comparison *c, struct kshare_obj *a, struct kshare_obj *b)
{
	struct kshare_reply *ra KSHARE_CLEANUP_REPLY = NULL;
	struct kshare_reply *rb KSHARE_CLEANUP_REPLY = NULL;
	unsigned int i;
	int ret;

	ret = kshare_list_slice(a, kshare_none(), kshare_none(), 1, &ra);
	if (ret < 0)
		return ret;
	ret = kshare_list_slice(b, kshare_none(), kshare_none(), 1, &rb);
	if (ret < 0)
		return ret;
	if (kshare_reply_count(ra) != kshare_reply_count(rb))
		return 0;
	ret = 1;
	for (i = 0; i < kshare_reply_count(ra) && ret == 1; i++)
		ret = compare_values(c, ra, i, rb, i);
	return ret;
}

/* The order is of no importance, so @b is asked for the keys that @a has. */
static int compare_dicts(struct comparison *c, struct kshare_obj *a, struct kshare_obj *b)
{
	struct kshare_reply *ra KSHARE_CLEANUP_REPLY = NULL;
	struct kshare_reply *rb KSHARE_CLEANUP_REPLY = NULL;
	struct kshare_value *keys;
	unsigned int count, from, some, i;
	int64_t len;
	int ret;

	ret = kshare_dict_items(a, &ra);
	if (ret < 0)
		return ret;
	count = kshare_reply_count(ra) / 2;
	len = kshare_dict_len(b);
	if (len < 0)
		return (int)len;
	if (len != count)
		return 0;
	keys = resize(NULL, count ? count : 1, sizeof(*keys));
	if (!keys)
		return -ENOMEM;
	for (i = 0; i < count; i++)
		keys[i] = *kshare_reply_value(ra, i * 2);
	ret = 1;
	for (from = 0; from < count && ret == 1; from += some) {
		some = count - from;
		if (some > b->k->max_vector)
			some = b->k->max_vector;
		ret = kshare_dict_get_many(b, keys + from, some, &rb);
		if (ret >= 0)
			ret = (unsigned int)ret == some;
		for (i = 0; i < some && ret == 1; i++)
			ret = compare_values(c, ra, (from + i) * 2 + 1, rb, i);
	}
	free(keys);
	return ret;
}

/* As numbers: 0.0 and -0.0 are equal, NaN is not even equal to itself. */
static bool elements_equal(uint32_t elem, const void *a, const void *b, size_t len)
{
	const unsigned char *pa = a;
	const unsigned char *pb = b;
	float fa, fb;
	double da, db;
	size_t i;

	switch (elem) {
	case KSHARE_ELEM_F32:
		for (i = 0; i < len; i += sizeof(fa)) {
			memcpy(&fa, pa + i, sizeof(fa));
			memcpy(&fb, pb + i, sizeof(fb));
			if (fa != fb)
				return false;
		}
		return true;
	case KSHARE_ELEM_F64:
		for (i = 0; i < len; i += sizeof(da)) {
			memcpy(&da, pa + i, sizeof(da));
			memcpy(&db, pb + i, sizeof(db));
			if (da != db)
				return false;
		}
		return true;
	default:
		return !memcmp(a, b, len);
	}
}

static int compare_arrays(struct kshare_obj *a, struct kshare_obj *b)
{
	struct kshare_reply *ra KSHARE_CLEANUP_REPLY = NULL;
	struct kshare_reply *rb KSHARE_CLEANUP_REPLY = NULL;
	struct kshare_stat sa, sb;
	const void *da, *db;
	size_t la, lb;
	uint64_t i;
	uint32_t some;
	int ret;

	ret = kshare_stat(a, &sa);
	if (!ret)
		ret = kshare_stat(b, &sb);
	if (ret)
		return ret;
	if (sa.elem != sb.elem || sa.length != sb.length)
		return 0;
	if (!kshare_elem_size(sa.elem))
		return -EOPNOTSUPP;
	for (i = 0; i < sa.length; i += some) {
		some = ARRAY_CHUNK / (uint32_t)kshare_elem_size(sa.elem);
		if (some > sa.length - i)
			some = (uint32_t)(sa.length - i);
		ret = kshare_array_read(a, (int64_t)i, some, &ra);
		if (ret >= 0)
			ret = kshare_array_read(b, (int64_t)i, some, &rb);
		if (ret < 0)
			return ret;
		da = kshare_reply_data(ra, 0, &la);
		db = kshare_reply_data(rb, 0, &lb);
		if (la != lb || (la && !elements_equal(sa.elem, da, db, la)))
			return 0;
	}
	return 1;
}

static int compare_contents(struct comparison *c, struct kshare_obj *a, struct kshare_obj *b)
{
	int type = kshare_type(a);
	int other = kshare_type(b);

	if (type < 0 || other < 0)
		return type < 0 ? type : other;
	if (type != other)
		return 0;
	switch (type) {
	case KSHARE_TYPE_CELL:
		return compare_cells(c, a, b);
	case KSHARE_TYPE_ARRAY:
		return compare_arrays(a, b);
	case KSHARE_TYPE_DICT:
	case KSHARE_TYPE_NAMESPACE:
		return compare_dicts(c, a, b);
	case KSHARE_TYPE_LIST:
		return compare_lists(c, a, b);
	default:
		return 0;
	}
}

static int compare(struct comparison *c, struct kshare_obj *a, struct kshare_obj *b)
{
	uint64_t ida, idb;
	int ret;

	ret = ks_obj_id(a, &ida);
	if (!ret)
		ret = ks_obj_id(b, &idb);
	if (ret)
		return ret;
	if (ida == idb)
		return 1;
	ret = meet(c, ida, idb);
	if (ret)
		return ret;
	if (c->depth == MAX_DEPTH)
		return -ELOOP;
	c->depth++;
	ret = compare_contents(c, a, b);
	c->depth--;
	return ret;
}

int kshare_equal(struct kshare_obj *a, struct kshare_obj *b)
{
	struct comparison c = { .depth = 0 };
	int ret;

	ret = compare(&c, a, b);
	free(c.pairs);
	return ret;
}
