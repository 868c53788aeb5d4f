// SPDX-License-Identifier: GPL-2.0-only
/* Dicts: clear, update, get_many, page. */
#include "../lockset.h"
#include "dict.h"
#include "types.h"

/* Entries that are worked on with a spinlock held. */
#define KSHARE_SPIN_ENTRIES	32

int kshare_dict_clear_prepare(struct kshare_run *run)
{
	if (!run->u.dict.cleared) {
		run->u.dict.cleared = kzalloc(sizeof(*run->u.dict.cleared), GFP_KERNEL_ACCOUNT);
		if (!run->u.dict.cleared)
			return -ENOMEM;
	}
	if (!run->u.dict.buckets) {
		run->u.dict.buckets = kshare_buckets_alloc(KSHARE_MIN_BITS);
		if (!run->u.dict.buckets)
			return -ENOMEM;
	}
	return 0;
}

int kshare_dict_clear(struct kshare_run *run)
{
	struct kshare_dict *dict = kshare_dict_of(run);

	run->u.dict.cleared_bytes = dict->obj.bytes - sizeof(*dict);
	kshare_table_clear(&dict->table, run->u.dict.buckets, run->u.dict.cleared);
	run->u.dict.buckets = NULL;
	dict->table_bytes = kshare_table_size(&dict->table);
	kshare_object_regrow(&dict->obj, (s64)dict->table_bytes - (s64)run->u.dict.cleared_bytes);
	run->number = kshare_touch(run);
	return 0;
}

void kshare_dict_clear_undo(struct kshare_run *run)
{
	struct kshare_dict *dict = kshare_dict_of(run);

	kshare_object_regrow(&dict->obj, (s64)run->u.dict.cleared_bytes - (s64)dict->table_bytes);
	kshare_table_unclear(&dict->table, run->u.dict.cleared);
	dict->table_bytes = kshare_table_size(&dict->table);
	kfree(run->u.dict.cleared);
	run->u.dict.cleared = NULL;
}

static int kshare_vec_check_key(const struct kshare_run *run, const struct kshare_val *key)
{
	int ret = kshare_val_check_key(key);

	if (!ret && run->obj->type == KSHARE_TYPE_NAMESPACE &&
	    (key->type != KSHARE_STR || !key->len))
		ret = -EINVAL;
	return ret;
}

int kshare_dict_update_prepare(struct kshare_run *run)
{
	struct kshare_dict_change *c;
	u32 i, pairs = run->vec_count / 2;
	int ret;

	if (run->vec_count % 2)
		return -EINVAL;
	if (!pairs)
		return 0;
	if (!run->u.dict.many) {
		run->u.dict.many = kvcalloc(pairs, sizeof(*c), GFP_KERNEL_ACCOUNT);
		if (!run->u.dict.many)
			return -ENOMEM;
	}
	for (i = 0; i < pairs; i++) {
		c = &run->u.dict.many[i];
		c->key = &run->vec[2 * i];
		c->value = &run->vec[2 * i + 1];
		ret = kshare_vec_check_key(run, c->key);
		if (!ret)
			ret = kshare_dict_change_prepare(run, c);
		if (ret)
			return ret;
		cond_resched();
	}
	if (pairs > KSHARE_SPIN_ENTRIES)
		run->own = true;
	return kshare_dict_prepare_buckets(run, pairs + run->slack);
}

/* A failure in the middle takes back what came before it. */
int kshare_dict_update(struct kshare_run *run)
{
	struct kshare_dict *dict = kshare_dict_of(run);
	u32 i, pairs = run->vec_count / 2;
	struct kshare_dict_change *c;
	struct kshare_entry *e;
	int ret, new = 0;

	ret = kshare_dict_use_buckets(run);
	if (ret)
		return ret;
	run->u.dict.many_done = 0;
	for (i = 0; i < pairs; i++) {
		c = &run->u.dict.many[i];
		e = kshare_table_find(&dict->table, c->key, c->hash);
		ret = kshare_dict_store(run, c, e, c->value);
		if (ret < 0) {
			kshare_dict_update_undo(run);
			if (run->changed)
				WRITE_ONCE(run->obj->version, run->obj->version - 1);
			run->changed = false;
			return ret;
		}
		run->u.dict.many_done = i + 1;
		new += ret;
		if (run->owned)
			cond_resched();
	}
	run->number = dict->obj.version;
	return new;
}

void kshare_dict_update_undo(struct kshare_run *run)
{
	while (run->u.dict.many_done)
		kshare_dict_unchange(run, &run->u.dict.many[--run->u.dict.many_done]);
}

void kshare_dict_update_finish(struct kshare_run *run)
{
	u32 i;

	for (i = 0; run->u.dict.many && i < run->vec_count / 2; i++) {
		kshare_dict_change_finish(run, &run->u.dict.many[i]);
		cond_resched();
	}
	kvfree(run->u.dict.many);
	if (run->u.dict.buckets)
		kshare_buckets_free(run->u.dict.buckets);
}

int kshare_dict_get_many_prepare(struct kshare_run *run)
{
	u32 i;
	int ret;

	if (!run->out_addr)
		return -EINVAL;
	for (i = 0; i < run->vec_count; i++) {
		ret = kshare_vec_check_key(run, &run->vec[i]);
		if (ret)
			return ret;
	}
	if (run->vec_count > KSHARE_SPIN_ENTRIES)
		run->own = true;
	return kshare_run_out(run, run->vec_count);
}

int kshare_dict_get_many(struct kshare_run *run)
{
	const struct kshare_dict *dict = kshare_dict_of(run);
	struct kshare_val none = {};
	struct kshare_entry *e;
	int found = 0;
	u32 i;

	for (i = 0; i < run->vec_count; i++) {
		const struct kshare_val *key = &run->vec[i];

		e = kshare_table_find(&dict->table, key,
				      kshare_val_hash(key, &dict->table.secret));
		kshare_give(run, e ? &e->val : &none);
		found += !!e;
		if (!e && i < 64)
			run->number |= BIT_ULL(i);
		if (run->owned)
			cond_resched();
	}
	return found;
}

int kshare_dict_page_prepare(struct kshare_run *run)
{
	bool keys = run->flags & KSHARE_KEYS, values = run->flags & KSHARE_VALUES;
	u64 count = READ_ONCE(kshare_dict_of(run)->table.count), room;
	bool all = run->flags & KSHARE_ALL;

	if (!run->out_addr || !(keys || values))
		return -EINVAL;
	if ((run->key.type == KSHARE_INT && run->key.i < 0) ||
	    (run->expect.type == KSHARE_INT && run->expect.i < 0))
		return -EINVAL;
	if (all && (run->expect.u || run->nr))
		return -EINVAL;

	/* Never more than the buffer has room for, and one more so that it is noticed. */
	room = (run->out_len - sizeof(struct kshare_result)) / sizeof(struct kshare_value);
	room = room / (keys + values) + 1;
	count = min(count + run->slack, room);
	if (run->nr)
		count = min_t(u64, count, run->nr);
	if (count > KSHARE_SPIN_ENTRIES)
		run->own = true;
	return kshare_run_out(run, count * (keys + values));
}

static u64 kshare_entry_tail(const struct kshare_run *run, const struct kshare_entry *e)
{
	struct kshare_val key;
	u64 size = 0;

	if (run->flags & KSHARE_KEYS) {
		key = kshare_entry_key(e);
		size += sizeof(struct kshare_value) + kshare_val_tail(&key);
	}
	if (run->flags & KSHARE_VALUES)
		size += sizeof(struct kshare_value) + kshare_val_tail(&e->val);
	return size;
}

/* All of it does not fit: how much would? */
static int kshare_dict_page_size(struct kshare_run *run)
{
	const struct kshare_table *t = &kshare_dict_of(run)->table;
	struct kshare_entry *e;

	if (t->count > KSHARE_SPIN_ENTRIES && !run->owned)
		return KSHARE_MUST_OWN;
	run->size = sizeof(struct kshare_result);
	for (e = kshare_table_first(t); e; e = kshare_table_next(e)) {
		run->size += kshare_entry_tail(run, e);
		if (run->owned)
			cond_resched();
	}
	return -ENOBUFS;
}

int kshare_dict_page(struct kshare_run *run)
{
	const struct kshare_table *t = &kshare_dict_of(run)->table;
	u32 per = hweight32(run->flags & (KSHARE_KEYS | KSHARE_VALUES));
	u32 most = run->nr ?: U32_MAX, n = 0;
	u64 size = sizeof(struct kshare_result);
	struct kshare_entry *e;

	run->number = run->expect.u;
	e = kshare_table_seek(t, run->number);
	for (; e && n < most; e = kshare_table_next(e)) {
		size += kshare_entry_tail(run, e);
		if (size > run->out_len && run->flags & KSHARE_ALL)
			return kshare_dict_page_size(run);
		/* The first is given even if it does not fit, so that delivery says so. */
		if (size > run->out_len && n)
			break;
		if ((n + 1) * per > run->out_room)
			return KSHARE_MUST_PREPARE;
		if (n == KSHARE_SPIN_ENTRIES && !run->owned)
			return KSHARE_MUST_OWN;
		if (run->flags & KSHARE_KEYS)
			kshare_give_key(run, e);
		if (run->flags & KSHARE_VALUES)
			kshare_give(run, &e->val);
		run->number = e->pos;
		n++;
		if (run->owned)
			cond_resched();
	}
	if (e)
		run->result_flags |= KSHARE_R_MORE;
	if (run->key.type != KSHARE_NONE && run->key.u != run->obj->version)
		run->result_flags |= KSHARE_R_CHANGED;
	return n;
}
