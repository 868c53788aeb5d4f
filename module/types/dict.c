// SPDX-License-Identifier: GPL-2.0-only
/*
 * Dicts and namespaces: values by key, in order of insertion.
 *
 * Every change of an entry is a struct kshare_dict_change, which can be undone.
 * A lookup first goes without a lock.  dict_many.c has what works on many
 * entries at once.
 */
#include "../command.h"
#include "../lockset.h"
#include "class.h"
#include "dict.h"
#include "types.h"

int kshare_dict_init(struct kshare_object *obj, const struct kshare_create *how)
{
	struct kshare_dict *dict = container_of(obj, struct kshare_dict, obj);
	int ret;

	ret = kshare_table_init(&dict->table, &obj->domain->secret);
	if (ret)
		return ret;
	dict->table_bytes = kshare_table_size(&dict->table);
	if (how->anyway)
		kshare_object_regrow(obj, dict->table_bytes);
	else
		ret = kshare_object_grow(obj, dict->table_bytes);
	if (ret) {
		struct kshare_doom doom = {};

		kshare_table_destroy(&dict->table, &doom);
	}
	return ret;
}

void kshare_dict_destroy(struct kshare_object *obj, struct kshare_doom *doom)
{
	kshare_table_destroy(&container_of(obj, struct kshare_dict, obj)->table, doom);
}

/*
 * The domain ends, or it is a part of a circle, or both at once; and a command may
 * be under way that had the last handle.
 */
void kshare_dict_empty(struct kshare_object *obj, struct kshare_doom *doom)
{
	struct kshare_dict *dict = container_of(obj, struct kshare_dict, obj);
	struct kshare_entry *e;

	do {
		kshare_object_lock(obj);
		e = kshare_table_last(&dict->table);
		if (e) {
			kshare_object_write_begin(obj);
			kshare_table_remove(&dict->table, e);
			kshare_object_regrow(obj, -(s64)kshare_dict_entry_bytes(e));
			kshare_object_write_end(obj);
		}
		kshare_object_unlock(obj);
		if (e)
			kshare_entry_put(e, doom);
		cond_resched();
	} while (e);
}

int kshare_dict_refs(struct kshare_object *obj, u64 *at, struct kshare_scan *scan, bool owned)
{
	struct kshare_table *t = &container_of(obj, struct kshare_dict, obj)->table;
	struct kshare_entry *e;

	for (e = kshare_table_seek(t, *at); e; e = kshare_table_next(e)) {
		if (!scan->left)
			return 1;
		kshare_scan_val(scan, &e->val);
		*at = e->pos;
	}
	return 0;
}

void kshare_dict_stat(struct kshare_object *obj, struct kshare_stat *stat)
{
	stat->length = container_of(obj, struct kshare_dict, obj)->table.count;
}

const struct kshare_type_ops kshare_dict_type = {
	.type = KSHARE_TYPE_DICT,
	.size = sizeof(struct kshare_dict),
	.init = kshare_dict_init,
	.destroy = kshare_dict_destroy,
	.empty = kshare_dict_empty,
	.refs = kshare_dict_refs,
	.stat = kshare_dict_stat,
};

/* A dict whose keys are names; kshare_key_import() checks that they are. */
const struct kshare_type_ops kshare_namespace_type = {
	.type = KSHARE_TYPE_NAMESPACE,
	.size = sizeof(struct kshare_dict),
	.init = kshare_dict_init,
	.destroy = kshare_dict_destroy,
	.empty = kshare_dict_empty,
	.refs = kshare_dict_refs,
	.stat = kshare_dict_stat,
};

/* ---- changes of one entry ---- */

/**
 * kshare_dict_settle_bytes() - charges for what the bucket arrays became
 * @dict: dict, after a change
 *
 * Growth was charged when it began; that an old array went is noted here.
 */
void kshare_dict_settle_bytes(struct kshare_dict *dict)
{
	u64 now = kshare_table_size(&dict->table);

	if (likely(now == dict->table_bytes))
		return;
	kshare_object_regrow(&dict->obj, (s64)now - (s64)dict->table_bytes);
	dict->table_bytes = now;
}

/**
 * kshare_dict_prepare_buckets() - a larger or smaller bucket array, if one is due
 * @run: run
 * @more: entries that may come
 *
 * Return: 0 or -ENOMEM; to shrink is never worth an error.
 */
int kshare_dict_prepare_buckets(struct kshare_run *run, u64 more)
{
	struct kshare_dict *dict = kshare_dict_of(run);
	u32 bits = kshare_table_wants(&dict->table, more);

	if (likely(!bits) || run->u.dict.buckets)
		return 0;
	run->u.dict.buckets = kshare_buckets_alloc(bits);
	return run->u.dict.buckets || !more ? 0 : -ENOMEM;
}

/**
 * kshare_dict_use_buckets() - hands the bucket array in that was prepared
 * @run: run; the dict is locked
 *
 * Return: 0 or -EDQUOT.
 */
int kshare_dict_use_buckets(struct kshare_run *run)
{
	struct kshare_dict *dict = kshare_dict_of(run);
	struct kshare_buckets *b = run->u.dict.buckets;
	s64 bytes;
	int ret;

	if (likely(!b))
		return 0;
	bytes = struct_size(b, head, BIT_ULL(b->bits));
	ret = kshare_object_grow(&dict->obj, bytes);
	if (ret)
		return ret;
	run->u.dict.buckets = kshare_table_resize(&dict->table, b);
	if (run->u.dict.buckets)
		kshare_object_regrow(&dict->obj, -bytes);
	else
		dict->table_bytes += bytes;
	return 0;
}

/**
 * kshare_dict_change_prepare() - an entry for a key that is not there
 * @run: run
 * @c: change whose key is set
 *
 * Whether the key is there is only a guess; kshare_dict_store() asks again.
 *
 * Return: 0 or -ENOMEM.
 */
int kshare_dict_change_prepare(struct kshare_run *run, struct kshare_dict_change *c)
{
	struct kshare_dict *dict = kshare_dict_of(run);
	struct kshare_val none = {};

	c->hash = kshare_val_hash(c->key, &dict->table.secret);
	if (c->entry)
		return 0;
	if (!c->need) {
		rcu_read_lock();
		c->need = !kshare_table_find_rcu(&dict->table, c->key, c->hash);
		rcu_read_unlock();
		if (!c->need)
			return 0;
	}
	c->entry = kshare_entry_alloc(c->key, c->hash, &none);
	return c->entry ? 0 : -ENOMEM;
}

/**
 * kshare_dict_store() - sets a key
 * @run: run; the dict is locked
 * @c: a prepared change, with nothing done
 * @e: the entry of the key, or NULL
 * @v: the new value; @c->value is moved, anything else is a number
 *
 * Return: 1 if the key is new, 0 if not, or an error and nothing has changed.
 */
int kshare_dict_store(struct kshare_run *run, struct kshare_dict_change *c,
		      struct kshare_entry *e, struct kshare_val *v)
{
	struct kshare_dict *dict = kshare_dict_of(run);
	int ret;

	if (e) {
		ret = kshare_object_grow(&dict->obj, (s64)kshare_val_size(v) -
						     (s64)kshare_val_size(&e->val));
		if (ret)
			return ret;
		c->state = KSHARE_DICT_REPLACED;
		c->old = e->val;
		c->old_version = e->version;
		c->at = e;
	} else {
		if (!c->entry) {
			c->need = true;
			return KSHARE_MUST_PREPARE;
		}
		e = c->entry;
		ret = kshare_object_grow(&dict->obj, kshare_entry_size(e) + kshare_val_size(v));
		if (ret)
			return ret;
		kshare_table_insert(&dict->table, e);
		kshare_dict_settle_bytes(dict);
		c->state = KSHARE_DICT_INSERTED;
		c->at = e;
		c->entry = NULL;
	}
	c->moves = v == c->value;
	e->val = *v;
	if (c->moves)
		*v = (struct kshare_val){};
	e->version = kshare_touch(run);
	return c->state == KSHARE_DICT_INSERTED;
}

/* Takes an entry out; it stays with the change. */
void kshare_dict_take(struct kshare_run *run, struct kshare_dict_change *c, struct kshare_entry *e)
{
	struct kshare_dict *dict = kshare_dict_of(run);

	kshare_table_remove(&dict->table, e);
	kshare_object_regrow(&dict->obj, -(s64)kshare_dict_entry_bytes(e));
	kshare_dict_settle_bytes(dict);
	c->state = KSHARE_DICT_REMOVED;
	c->entry = e;
	kshare_touch(run);
}

/**
 * kshare_dict_unchange() - takes a change back, and makes it ready to be made again
 * @run: run; the dict is locked
 * @c: the change
 */
void kshare_dict_unchange(struct kshare_run *run, struct kshare_dict_change *c)
{
	struct kshare_dict *dict = kshare_dict_of(run);
	struct kshare_entry *e = c->at;

	switch (c->state) {
	case KSHARE_DICT_NOTHING:
		break;
	case KSHARE_DICT_REPLACED:
		kshare_object_regrow(&dict->obj, (s64)kshare_val_size(&c->old) -
						 (s64)kshare_val_size(&e->val));
		if (c->moves)
			*c->value = e->val;
		e->val = c->old;
		e->version = c->old_version;
		c->old = (struct kshare_val){};
		break;
	case KSHARE_DICT_INSERTED:
		kshare_table_remove(&dict->table, e);
		kshare_object_regrow(&dict->obj, -(s64)kshare_dict_entry_bytes(e));
		kshare_dict_settle_bytes(dict);
		if (c->moves)
			*c->value = e->val;
		e->val = (struct kshare_val){};
		c->entry = e;
		break;
	case KSHARE_DICT_REMOVED:
		kshare_table_restore(&dict->table, c->entry);
		kshare_object_regrow(&dict->obj, kshare_dict_entry_bytes(c->entry));
		kshare_dict_settle_bytes(dict);
		c->entry = NULL;
		break;
	}
	c->state = KSHARE_DICT_NOTHING;
	c->at = NULL;
}

void kshare_dict_change_finish(struct kshare_run *run, struct kshare_dict_change *c)
{
	kshare_val_put(&c->old, &run->doom);
	if (c->entry)
		kshare_entry_put(c->entry, &run->doom);
}

/* ---- operations on one entry ---- */

static struct kshare_entry *kshare_dict_find(const struct kshare_run *run)
{
	const struct kshare_dict *dict = kshare_dict_of(run);

	return kshare_table_find(&dict->table, &run->key,
				 kshare_val_hash(&run->key, &dict->table.secret));
}

static struct kshare_entry *kshare_dict_find_rcu(const struct kshare_run *run)
{
	const struct kshare_dict *dict = kshare_dict_of(run);

	return kshare_table_find_rcu(&dict->table, &run->key,
				     kshare_val_hash(&run->key, &dict->table.secret));
}

int kshare_dict_get_read(struct kshare_run *run)
{
	struct kshare_entry *e = kshare_dict_find_rcu(run);

	if (IS_ERR_OR_NULL(e))
		return e ? -EAGAIN : -ENOENT;
	run->number = READ_ONCE(e->version);
	return kshare_give_rcu(run, &e->val) ? 0 : -EAGAIN;
}

int kshare_dict_get(struct kshare_run *run)
{
	struct kshare_entry *e = kshare_dict_find(run);

	if (!e)
		return -ENOENT;
	run->number = e->version;
	kshare_give(run, &e->val);
	return 0;
}

int kshare_dict_contains_read(struct kshare_run *run)
{
	struct kshare_entry *e = kshare_dict_find_rcu(run);

	return IS_ERR(e) ? -EAGAIN : !!e;
}

int kshare_dict_contains(struct kshare_run *run)
{
	return !!kshare_dict_find(run);
}

int kshare_dict_len(struct kshare_run *run)
{
	run->number = kshare_dict_of(run)->table.count;
	return 0;
}

int kshare_dict_set_prepare(struct kshare_run *run)
{
	struct kshare_dict_change *c = &run->u.dict.one;
	int ret;

	c->key = &run->key;
	c->value = &run->value;
	ret = kshare_dict_change_prepare(run, c);
	if (!ret && c->need)
		ret = kshare_dict_prepare_buckets(run, 1 + run->slack);
	return ret;
}

/* For operations that may store: looks the key up; a larger bucket array is put in. */
static int kshare_dict_begin(struct kshare_run *run, struct kshare_entry **e)
{
	const struct kshare_dict *dict = kshare_dict_of(run);

	*e = kshare_table_find(&dict->table, &run->key, run->u.dict.one.hash);
	return *e ? 0 : kshare_dict_use_buckets(run);
}

int kshare_dict_set(struct kshare_run *run)
{
	struct kshare_entry *e;
	int ret;

	ret = kshare_dict_begin(run, &e);
	if (!ret)
		ret = kshare_dict_store(run, &run->u.dict.one, e, &run->value);
	if (ret >= 0)
		run->number = run->obj->version;
	return ret;
}

int kshare_dict_setdefault(struct kshare_run *run)
{
	struct kshare_entry *e;
	int ret;

	ret = kshare_dict_begin(run, &e);
	if (ret)
		return ret;
	if (!e) {
		ret = kshare_dict_store(run, &run->u.dict.one, NULL, &run->value);
		if (ret < 0)
			return ret;
		e = run->u.dict.one.at;
	}
	kshare_give(run, &e->val);
	run->number = e->version;
	return ret;
}

int kshare_dict_delete_prepare(struct kshare_run *run)
{
	return kshare_dict_prepare_buckets(run, 0);
}

/* Takes an entry out, and shrinks the table if that was prepared. */
static int kshare_dict_take_out(struct kshare_run *run, struct kshare_entry *e)
{
	if (!e)
		return -ENOENT;
	kshare_dict_take(run, &run->u.dict.one, e);
	/* Not having the memory to shrink by is no reason to fail. */
	(void)kshare_dict_use_buckets(run);
	run->number = run->obj->version;
	return 0;
}

int kshare_dict_delete(struct kshare_run *run)
{
	return kshare_dict_take_out(run, kshare_dict_find(run));
}

int kshare_dict_pop(struct kshare_run *run)
{
	struct kshare_entry *e = kshare_dict_find(run);

	if (e)
		kshare_give(run, &e->val);
	return kshare_dict_take_out(run, e);
}

int kshare_dict_popitem(struct kshare_run *run)
{
	struct kshare_table *t = &kshare_dict_of(run)->table;
	struct kshare_entry *e;

	e = run->flags & KSHARE_FIRST ? kshare_table_first(t) : kshare_table_last(t);
	if (e) {
		kshare_give_key(run, e);
		kshare_give(run, &e->val);
	}
	return kshare_dict_take_out(run, e);
}

int kshare_dict_add(struct kshare_run *run)
{
	bool wrap = run->flags & KSHARE_WRAP;
	struct kshare_val sum, zero = kshare_val_int(0);
	struct kshare_entry *e;
	int ret;

	ret = kshare_dict_begin(run, &e);
	if (ret)
		return ret;
	if (!e && run->flags & KSHARE_MUST_EXIST)
		return -ENOENT;
	ret = kshare_val_add(e ? &e->val : &zero, &run->value, wrap, &sum);
	if (ret)
		return ret;
	if (unlikely(run->obj->type == KSHARE_TYPE_INSTANCE)) {
		ret = kshare_field_check(run, &run->key, &sum);
		if (ret)
			return ret;
	}
	ret = kshare_dict_store(run, &run->u.dict.one, e, &sum);
	if (ret < 0)
		return ret;
	kshare_give(run, &run->u.dict.one.at->val);
	run->number = run->obj->version;
	return 0;
}

int kshare_dict_cas(struct kshare_run *run)
{
	bool by_version = run->flags & KSHARE_BY_VERSION;
	struct kshare_entry *e;
	bool hit;
	int ret;

	if (by_version && run->expect.type != KSHARE_INT && run->expect.type != KSHARE_UINT)
		return -EINVAL;
	ret = kshare_dict_begin(run, &e);
	if (ret)
		return ret;
	if (!e && !(by_version && !run->expect.u))
		return -ENOENT;
	if (by_version)
		hit = run->expect.u == (e ? e->version : 0);
	else
		hit = kshare_val_same(&e->val, &run->expect);
	if (e)
		kshare_give(run, &e->val);
	if (!hit) {
		run->number = e->version;
		return 0;
	}
	ret = kshare_dict_store(run, &run->u.dict.one, e, &run->value);
	if (ret < 0)
		return ret;
	run->number = run->obj->version;
	return 1;
}

int kshare_dict_check(struct kshare_run *run)
{
	struct kshare_entry *e = kshare_dict_find(run);

	if (!e)
		return -ENOENT;
	return kshare_val_same(&e->val, &run->expect) ? 0 : -ESTALE;
}

int kshare_dict_absent(struct kshare_run *run)
{
	return kshare_dict_find(run) ? -EEXIST : 0;
}

void kshare_dict_undo(struct kshare_run *run)
{
	kshare_dict_unchange(run, &run->u.dict.one);
}

void kshare_dict_finish(struct kshare_run *run)
{
	kshare_dict_change_finish(run, &run->u.dict.one);
	if (run->u.dict.buckets)
		kshare_buckets_free(run->u.dict.buckets);
	if (run->u.dict.cleared) {
		kshare_table_destroy(run->u.dict.cleared, &run->doom);
		kfree(run->u.dict.cleared);
	}
}
