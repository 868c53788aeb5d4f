// SPDX-License-Identifier: GPL-2.0-only
/*
 * The ordered hash table; table.h tells how it works.
 */
#include "table.h"

#define MAX_BITS	26	/* 2^29 bytes, within what kvmalloc() gives */

/*
 * Entries that a lookup under RCU passes before it gives up.  While a writer
 * moves entries about, a reader may be led from chain to chain; besides, chains
 * get longer than a few entries only if there was no memory for growth.
 */
#define RCU_WALK	64

/* Buckets that kshare_table_resize() empties at once, if a larger array is due. */
#define FINISH_SCAN	1024

/* Entries that kshare_table_destroy() drops between two chances to schedule. */
#define DESTROY_BATCH	64

/* With a key of 16 bytes an entry is meant to fit into kmalloc-96. */
static_assert(offsetof(struct kshare_entry, bytes) + 16 <= 96);

/* For those who hold the owner's lock, which is not known here. */
#define locked_dereference(p)	rcu_dereference_protected(p, true)

/* ------------------------------------------------------------------ */
/* Bucket arrays                                                       */
/* ------------------------------------------------------------------ */

static u32 buckets_count(const struct kshare_buckets *b)
{
	return 1U << b->bits;
}

static struct kshare_entry __rcu **bucket(struct kshare_buckets *b, u32 hash)
{
	return &b->head[hash & (buckets_count(b) - 1)];
}

static size_t buckets_size(const struct kshare_buckets *b)
{
	return b ? struct_size(b, head, buckets_count(b)) : 0;
}

struct kshare_buckets *kshare_buckets_alloc(u32 bits)
{
	struct kshare_buckets *b;

	if (bits > MAX_BITS)
		return NULL;

	b = kvzalloc(struct_size(b, head, (size_t)1 << bits), GFP_KERNEL_ACCOUNT);
	if (b)
		b->bits = bits;
	return b;
}

void kshare_buckets_free(struct kshare_buckets *b)
{
	kvfree(b);
}

/* ------------------------------------------------------------------ */
/* Entries                                                             */
/* ------------------------------------------------------------------ */

static size_t entry_size(size_t len)
{
	return max(sizeof(struct kshare_entry), offsetof(struct kshare_entry, bytes) + len);
}

struct kshare_entry *kshare_entry_alloc(const struct kshare_val *key, u32 hash,
					struct kshare_val *val)
{
	size_t len = key->type >= KSHARE_STR && !key->inline_len ? key->len : 0;
	struct kshare_entry *e;

	e = kvmalloc(entry_size(len), GFP_KERNEL_ACCOUNT);
	if (!e)
		return NULL;

	RCU_INIT_POINTER(e->next, NULL);
	e->hash = hash;
	refcount_set(&e->ref, 1);
	e->type = key->type;
	e->codec = key->codec;
	e->inline_len = key->inline_len;
	e->flags = len ? KSHARE_VAL_ENTRY : key->flags;
	e->len = key->len;
	if (len)
		memcpy(e->bytes, kshare_val_data(key), len);
	else
		e->word = key->u;
	e->val = *val;
	*val = (struct kshare_val){};
	e->version = 0;
	RB_CLEAR_NODE(&e->order);
	e->pos = 0;
	return e;
}

size_t kshare_entry_size(const struct kshare_entry *e)
{
	return entry_size(e->flags & KSHARE_VAL_ENTRY ? e->len : 0);
}

void kshare_entry_put(struct kshare_entry *e, struct kshare_doom *doom)
{
	/* A copy, since a reader may yet be copying e->val. */
	struct kshare_val val;

	if (!refcount_dec_and_test(&e->ref))
		return;

	val = e->val;
	kshare_val_put(&val, doom);
	kvfree_rcu(e, rcu);
}

/* ------------------------------------------------------------------ */
/* Lookup                                                              */
/* ------------------------------------------------------------------ */

static __always_inline bool has_key(const struct kshare_entry *e, const struct kshare_val *key)
{
	struct kshare_val own = kshare_entry_key(e);

	return kshare_val_equal(&own, key);
}

static __always_inline struct kshare_entry *chain_find(struct kshare_buckets *b,
						       const struct kshare_val *key, u32 hash,
						       u32 *steps)
{
	struct kshare_entry *e;

	for (e = rcu_dereference_check(*bucket(b, hash), true); e;
	     e = rcu_dereference_check(e->next, true)) {
		if (e->hash == hash && has_key(e, key))
			return e;
		if (!--*steps)
			return ERR_PTR(-EAGAIN);
	}
	return NULL;
}

/*
 * While buckets move, an entry is in @cur, or in @old in a bucket that is not
 * below @moved.  A reader under RCU may see pointers and @moved of different
 * times, and may miss an entry or find it in another's chain: either means that
 * the owner's sequence count has changed.
 */
static __always_inline struct kshare_entry *find(const struct kshare_table *t,
						 const struct kshare_val *key, u32 hash, u32 steps)
{
	struct kshare_buckets *b;
	struct kshare_entry *e;

	e = chain_find(rcu_dereference_check(t->cur, true), key, hash, &steps);
	if (e)
		return e;

	b = rcu_dereference_check(t->old, true);
	if (likely(!b) || (hash & (buckets_count(b) - 1)) < READ_ONCE(t->moved))
		return NULL;
	return chain_find(b, key, hash, &steps);
}

struct kshare_entry *kshare_table_find(const struct kshare_table *t, const struct kshare_val *key,
				       u32 hash)
{
	/* No chain is as long as 2^32: it never gives up. */
	return find(t, key, hash, 0);
}

struct kshare_entry *kshare_table_find_rcu(const struct kshare_table *t,
					   const struct kshare_val *key, u32 hash)
{
	return find(t, key, hash, RCU_WALK);
}

/* ------------------------------------------------------------------ */
/* Chains                                                              */
/* ------------------------------------------------------------------ */

static void chain_push(struct kshare_buckets *b, struct kshare_entry *e)
{
	struct kshare_entry __rcu **head = bucket(b, e->hash);

	/* If e was in a chain before, a reader may stand on it. */
	rcu_assign_pointer(e->next, locked_dereference(*head));
	rcu_assign_pointer(*head, e);
}

/* Unlinks e; e->next stays, for readers that stand on it. */
static bool chain_remove(struct kshare_buckets *b, struct kshare_entry *e)
{
	struct kshare_entry __rcu **link = bucket(b, e->hash);
	struct kshare_entry *p;

	while ((p = locked_dereference(*link)) != e) {
		if (!p)
			return false;
		link = &p->next;
	}
	rcu_assign_pointer(*link, locked_dereference(e->next));
	return true;
}

/* Empties so many buckets of the old array, but moves no more entries than that. */
static void move(struct kshare_table *t, struct kshare_buckets *old, u32 buckets, u64 entries)
{
	struct kshare_buckets *cur = locked_dereference(t->cur);
	u32 moved = t->moved;
	u32 end = min(moved + buckets, buckets_count(old));

	for (; moved < end; moved++) {
		struct kshare_entry __rcu **head = &old->head[moved];
		struct kshare_entry *e;

		while ((e = locked_dereference(*head))) {
			if (!entries--)
				goto out;
			rcu_assign_pointer(*head, locked_dereference(e->next));
			chain_push(cur, e);
		}
	}
out:
	WRITE_ONCE(t->moved, moved);
	if (moved == buckets_count(old)) {
		RCU_INIT_POINTER(t->old, NULL);
		WRITE_ONCE(t->moved, 0);
		kvfree_rcu(old, rcu);
	}
}

static void step(struct kshare_table *t)
{
	struct kshare_buckets *old = locked_dereference(t->old);

	if (unlikely(old))
		move(t, old, KSHARE_TABLE_SCAN, KSHARE_TABLE_MOVE);
}

/* ------------------------------------------------------------------ */
/* Order                                                               */
/* ------------------------------------------------------------------ */

static struct kshare_entry *order_entry(const struct rb_node *node)
{
	return node ? rb_entry(node, struct kshare_entry, order) : NULL;
}

static void order_append(struct kshare_table *t, struct kshare_entry *e)
{
	struct rb_node **link = t->last ? &t->last->rb_right : &t->order.rb_node;

	rb_link_node(&e->order, t->last, link);
	rb_insert_color(&e->order, &t->order);
	t->last = &e->order;
}

static void order_insert(struct kshare_table *t, struct kshare_entry *e)
{
	struct rb_node **link = &t->order.rb_node, *parent = NULL;

	if (!t->last || order_entry(t->last)->pos < e->pos) {
		order_append(t, e);
		return;
	}

	while (*link) {
		parent = *link;
		link = order_entry(parent)->pos < e->pos ? &parent->rb_right : &parent->rb_left;
	}
	rb_link_node(&e->order, parent, link);
	rb_insert_color(&e->order, &t->order);
}

struct kshare_entry *kshare_table_seek(const struct kshare_table *t, u64 pos)
{
	struct rb_node *node = t->order.rb_node;
	struct kshare_entry *e, *best = NULL;

	while (node) {
		e = order_entry(node);
		if (e->pos > pos) {
			best = e;
			node = node->rb_left;
		} else {
			node = node->rb_right;
		}
	}
	return best;
}

struct kshare_entry *kshare_table_next(const struct kshare_entry *e)
{
	return order_entry(rb_next(&e->order));
}

struct kshare_entry *kshare_table_first(const struct kshare_table *t)
{
	return order_entry(rb_first(&t->order));
}

struct kshare_entry *kshare_table_last(const struct kshare_table *t)
{
	return order_entry(t->last);
}

/* ------------------------------------------------------------------ */
/* Changes                                                             */
/* ------------------------------------------------------------------ */

void kshare_table_insert(struct kshare_table *t, struct kshare_entry *e)
{
	e->pos = t->next_pos++;
	order_append(t, e);
	chain_push(locked_dereference(t->cur), e);
	WRITE_ONCE(t->count, t->count + 1);
	step(t);
}

void kshare_table_remove(struct kshare_table *t, struct kshare_entry *e)
{
	struct kshare_buckets *old = locked_dereference(t->old);

	if (!chain_remove(locked_dereference(t->cur), e) &&
	    WARN_ON_ONCE(!old || !chain_remove(old, e)))
		return;
	if (t->last == &e->order)
		t->last = rb_prev(&e->order);
	rb_erase(&e->order, &t->order);
	WRITE_ONCE(t->count, t->count - 1);
	step(t);
}

void kshare_table_restore(struct kshare_table *t, struct kshare_entry *e)
{
	order_insert(t, e);
	chain_push(locked_dereference(t->cur), e);
	WRITE_ONCE(t->count, t->count + 1);
	step(t);
}

/* ------------------------------------------------------------------ */
/* Growth                                                              */
/* ------------------------------------------------------------------ */

u32 kshare_table_wants(const struct kshare_table *t, u64 more)
{
	u64 count = READ_ONCE(t->count);
	u32 bits;

	if (check_add_overflow(count, more, &count))
		return 0;

	rcu_read_lock();
	bits = rcu_dereference(t->cur)->bits;
	rcu_read_unlock();

	/* While it moves, only what would make the chains really long is urgent. */
	if (rcu_access_pointer(t->old) && count <= 4ULL << bits)
		return 0;
	if (count > 1ULL << bits) {
		if (bits == MAX_BITS)
			return 0;
		return count > 1ULL << MAX_BITS ? MAX_BITS : order_base_2(count);
	}
	/* By no more at a time than what a few inserts can move. */
	if (bits > KSHARE_MIN_BITS && count < 1ULL << bits >> 3)
		return max_t(u32, bits - 2, KSHARE_MIN_BITS);
	return 0;
}

struct kshare_buckets *kshare_table_resize(struct kshare_table *t, struct kshare_buckets *b)
{
	struct kshare_buckets *cur = locked_dereference(t->cur);
	struct kshare_buckets *old = locked_dereference(t->old);

	if (b->bits == cur->bits)
		return b;
	if (b->bits < cur->bits && (old || t->count >= buckets_count(b)))
		return b;
	if (old) {
		if (buckets_count(old) - t->moved > FINISH_SCAN)
			return b;
		move(t, old, FINISH_SCAN, t->count);
	}

	WRITE_ONCE(t->moved, 0);
	rcu_assign_pointer(t->old, cur);
	rcu_assign_pointer(t->cur, b);
	return NULL;
}

/* ------------------------------------------------------------------ */
/* Whole tables                                                        */
/* ------------------------------------------------------------------ */

int kshare_table_init(struct kshare_table *t, const siphash_key_t *secret)
{
	struct kshare_buckets *b = kshare_buckets_alloc(KSHARE_MIN_BITS);

	if (!b)
		return -ENOMEM;

	*t = (struct kshare_table){
		.next_pos = 1,
		.order = RB_ROOT,
		.secret = *secret,
	};
	RCU_INIT_POINTER(t->cur, b);
	return 0;
}

void kshare_table_destroy(struct kshare_table *t, struct kshare_doom *doom)
{
	struct kshare_entry *e, *next;
	u32 n = 0;

	rbtree_postorder_for_each_entry_safe(e, next, &t->order, order) {
		kshare_entry_put(e, doom);
		if (++n % DESTROY_BATCH == 0)
			cond_resched();
	}
	/* The pointers stay, for a reader that came under RCU before this began. */
	kvfree_rcu(locked_dereference(t->cur), rcu);
	kvfree_rcu(locked_dereference(t->old), rcu);
}

size_t kshare_table_size(const struct kshare_table *t)
{
	return buckets_size(locked_dereference(t->cur)) + buckets_size(locked_dereference(t->old));
}

void kshare_table_clear(struct kshare_table *t, struct kshare_buckets *fresh,
			struct kshare_table *into)
{
	*into = *t;

	rcu_assign_pointer(t->cur, fresh);
	RCU_INIT_POINTER(t->old, NULL);
	WRITE_ONCE(t->moved, 0);
	WRITE_ONCE(t->count, 0);
	t->order = RB_ROOT;
	t->last = NULL;
}

void kshare_table_unclear(struct kshare_table *t, struct kshare_table *into)
{
	struct kshare_buckets *cur = locked_dereference(t->cur);
	struct kshare_buckets *old = locked_dereference(t->old);

	/* next_pos stays: what was inserted meanwhile keeps its numbers to itself. */
	rcu_assign_pointer(t->cur, locked_dereference(into->cur));
	rcu_assign_pointer(t->old, locked_dereference(into->old));
	WRITE_ONCE(t->moved, into->moved);
	WRITE_ONCE(t->count, into->count);
	t->order = into->order;
	t->last = into->last;

	*into = (struct kshare_table){ .order = RB_ROOT };
	kvfree_rcu(cur, rcu);
	kvfree_rcu(old, rcu);
}
