/* SPDX-License-Identifier: GPL-2.0-only */
/**
 * DOC: table
 *
 * A hash table that keeps the order of insertion: the store of dicts and
 * namespaces.  Entries hang in hash chains, and in a red-black tree ordered by
 * @pos, a number that only grows, so that a page of an iteration finds its
 * place again in O(log n) whatever was deleted meanwhile.
 *
 * It grows (and shrinks) in pieces: the owner allocates a new bucket array
 * before it takes its lock, and each change then moves a few buckets over.  Two
 * bucket arrays exist meanwhile.  No call works longer than a small bound,
 * except where said.
 *
 * Writers are serialised by the owner's lock.  Lookups may run under RCU alone,
 * at the same time as a writer: they are then memory-safe and end, but the
 * answer counts only if the owner's sequence count says that nothing changed.
 * So every store that a reader can meet is by WRITE_ONCE or rcu_assign_pointer,
 * and a chain walk gives up after a bounded number of steps (-EAGAIN: ask again
 * under the lock).
 *
 * The table owns one reference to each entry; an entry owns its value.  An entry
 * and its key are freed after a grace period.  Every change can be undone
 * without allocating, until its garbage is let go.
 */
#ifndef KSHARE_TABLE_H
#define KSHARE_TABLE_H

#include "value.h"

/**
 * struct kshare_entry - a key with its value
 * @next: hash chain
 * @hash: of the key
 * @ref: the table's reference, and those of values with KSHARE_VAL_ENTRY
 * @val: the value
 * @version: the owner's version when @val was last changed
 * @order: in &kshare_table.order, by @pos
 * @rcu: frees it, when it is in no table
 * @pos: place in the order of insertion; from 1
 * @type: of the key, which kshare_entry_key() puts together
 * @codec: of the key
 * @inline_len: of the key
 * @flags: of the key: KSHARE_VAL_ENTRY if its bytes are in @bytes
 * @len: of the key
 * @word: a key that fits into it
 * @bytes: a longer one; it begins where @word is, to save those bytes
 */
struct kshare_entry {
	struct kshare_entry __rcu *next;
	u32 hash;
	refcount_t ref;
	struct kshare_val val;
	u64 version;
	union {
		struct rb_node order;
		struct rcu_head rcu;
	};
	u64 pos;
	u8 type;
	u8 codec;
	u8 inline_len;
	u8 flags;
	u32 len;
	union {
		u64 word;
		DECLARE_FLEX_ARRAY(u8, bytes);
	};
};

/**
 * kshare_entry_key() - the key, which never changes
 * @e: entry
 * Return: a value that owns no reference; kshare_val_get() of it takes one to @e.
 */
static inline struct kshare_val kshare_entry_key(const struct kshare_entry *e)
{
	struct kshare_val key = {
		.type = e->type,
		.codec = e->codec,
		.inline_len = e->inline_len,
		.flags = e->flags,
		.len = e->len,
	};

	if (e->flags & KSHARE_VAL_ENTRY)
		key.entry = (struct kshare_entry *)e;
	else
		key.u = e->word;
	return key;
}

/**
 * struct kshare_buckets - an array of 2^bits hash chains
 * @rcu: frees it
 * @bits: see above
 * @head: the chains
 */
struct kshare_buckets {
	struct rcu_head rcu;
	u32 bits;
	struct kshare_entry __rcu *head[];
};

/**
 * struct kshare_table - see above
 * @cur: the bucket array; new entries go here
 * @old: the one that is being emptied, or NULL
 * @moved: buckets of @old that are empty already
 * @count: entries
 * @next_pos: pos of the next new entry
 * @order: all entries by pos
 * @last: the entry with the largest pos
 * @secret: key of the hash
 */
struct kshare_table {
	struct kshare_buckets __rcu *cur;
	struct kshare_buckets __rcu *old;
	u32 moved;
	u64 count;
	u64 next_pos;
	struct rb_root order;
	struct rb_node *last;
	siphash_key_t secret;
};

/* An empty table; 0 or -ENOMEM. */
int kshare_table_init(struct kshare_table *t, const siphash_key_t *secret);
/*
 * Frees everything, after a grace period; nobody may change the table any more.
 * May sleep, works in pieces.
 */
void kshare_table_destroy(struct kshare_table *t, struct kshare_doom *doom);
/* Bytes of the bucket arrays. */
size_t kshare_table_size(const struct kshare_table *t);

/* A new entry with a copy of the key, and @val taken over (set to NONE); may sleep. */
struct kshare_entry *kshare_entry_alloc(const struct kshare_val *key, u32 hash,
					struct kshare_val *val);
/* Bytes that an entry is charged for, without what its value owns. */
size_t kshare_entry_size(const struct kshare_entry *e);
void kshare_entry_put(struct kshare_entry *e, struct kshare_doom *doom);

/* Under the lock. */
struct kshare_entry *kshare_table_find(const struct kshare_table *t, const struct kshare_val *key,
				       u32 hash);
/* Under RCU: ERR_PTR(-EAGAIN) if it gave up. */
struct kshare_entry *kshare_table_find_rcu(const struct kshare_table *t,
					   const struct kshare_val *key, u32 hash);
/* A new entry at the end of the order.  The key must be absent. */
void kshare_table_insert(struct kshare_table *t, struct kshare_entry *e);
/* Unlinks; the table's reference goes to the caller. */
void kshare_table_remove(struct kshare_table *t, struct kshare_entry *e);
/* Puts back an entry that was removed, where it was, with the caller's reference. */
void kshare_table_restore(struct kshare_table *t, struct kshare_entry *e);

/*
 * Growth.  kshare_table_wants() gives the bits of the bucket array that the
 * table would like if it got @more entries (or 0 if it is content, or busy
 * moving); it needs no lock.  The owner allocates it before it takes its lock,
 * and hands it in under the lock; what comes back (the array itself, if it is
 * no longer wanted, else NULL) the owner frees by kshare_buckets_free().
 * If many entries are coming while it still moves, kshare_table_resize() ends
 * that first; up to a thousand buckets, else there is no growth.
 *
 * Each insert, remove and restore moves KSHARE_TABLE_MOVE entries at most and
 * passes KSHARE_TABLE_SCAN buckets at most, which is enough that a growth is
 * done before the next one.  When the last bucket has moved, the old array is
 * freed after a grace period.
 */
#define KSHARE_TABLE_MOVE	4
#define KSHARE_TABLE_SCAN	16

/* Bits of the smallest bucket array. */
#define KSHARE_MIN_BITS	3

u32 kshare_table_wants(const struct kshare_table *t, u64 more);
struct kshare_buckets *kshare_buckets_alloc(u32 bits);
void kshare_buckets_free(struct kshare_buckets *b);
struct kshare_buckets *kshare_table_resize(struct kshare_table *t, struct kshare_buckets *b);

/* The first entry with pos > @pos, or NULL; the one after @e; first; last. */
struct kshare_entry *kshare_table_seek(const struct kshare_table *t, u64 pos);
struct kshare_entry *kshare_table_next(const struct kshare_entry *e);
struct kshare_entry *kshare_table_first(const struct kshare_table *t);
struct kshare_entry *kshare_table_last(const struct kshare_table *t);

/*
 * Clear: what the table held moves to @into, and it goes on with the empty
 * bucket array @fresh.  kshare_table_unclear() is the undo; the table must be
 * empty again, and its bucket arrays are freed after a grace period.  The rest
 * of @into is freed by kshare_table_destroy().
 */
void kshare_table_clear(struct kshare_table *t, struct kshare_buckets *fresh,
			struct kshare_table *into);
void kshare_table_unclear(struct kshare_table *t, struct kshare_table *into);

#endif /* KSHARE_TABLE_H */
