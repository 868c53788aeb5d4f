/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef KSHARE_TYPES_DICT_H
#define KSHARE_TYPES_DICT_H

#include "../command.h"

/**
 * struct kshare_dict - a dict or a namespace
 * @obj: object
 * @table: its entries
 * @table_bytes: what is charged for the bucket arrays
 */
struct kshare_dict {
	struct kshare_object obj;
	struct kshare_table table;
	u64 table_bytes;
};

static inline struct kshare_dict *kshare_dict_of(const struct kshare_run *run)
{
	return container_of(run->obj, struct kshare_dict, obj);
}

/* What an entry is charged for. */
static inline u64 kshare_dict_entry_bytes(const struct kshare_entry *e)
{
	return kshare_entry_size(e) + kshare_val_size(&e->val);
}

/* Adds the key of an entry to the result. */
static inline void kshare_give_key(struct kshare_run *run, const struct kshare_entry *e)
{
	struct kshare_val key = kshare_entry_key(e);

	kshare_give(run, &key);
}

/* For all types that begin as a dict. */
int kshare_dict_init(struct kshare_object *obj, const struct kshare_create *how);
void kshare_dict_destroy(struct kshare_object *obj, struct kshare_doom *doom);
void kshare_dict_empty(struct kshare_object *obj, struct kshare_doom *doom);
int kshare_dict_refs(struct kshare_object *obj, u64 *at, struct kshare_scan *scan, bool owned);
void kshare_dict_stat(struct kshare_object *obj, struct kshare_stat *stat);

void kshare_dict_settle_bytes(struct kshare_dict *dict);
int kshare_dict_prepare_buckets(struct kshare_run *run, u64 more);
int kshare_dict_use_buckets(struct kshare_run *run);
int kshare_dict_change_prepare(struct kshare_run *run, struct kshare_dict_change *c);
int kshare_dict_store(struct kshare_run *run, struct kshare_dict_change *c,
		      struct kshare_entry *e, struct kshare_val *v);
void kshare_dict_take(struct kshare_run *run, struct kshare_dict_change *c,
		      struct kshare_entry *e);
void kshare_dict_unchange(struct kshare_run *run, struct kshare_dict_change *c);
void kshare_dict_change_finish(struct kshare_run *run, struct kshare_dict_change *c);

#endif /* KSHARE_TYPES_DICT_H */
