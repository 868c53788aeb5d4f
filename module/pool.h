/* SPDX-License-Identifier: GPL-2.0-only */
/* Memory of one size that is kept for the next, since to get it takes long. */
#ifndef KSHARE_POOL_H
#define KSHARE_POOL_H

#include <linux/slab.h>
#include <linux/spinlock.h>

/* Pieces that a pool keeps. */
#define KSHARE_POOL_MAX	64

/**
 * struct kshare_pool - pieces of memory, each of which begins with where the next is
 * @lock: protects the following
 * @first: the last one that came
 * @count: how many
 */
struct kshare_pool {
	spinlock_t lock;		/* the list */
	void *first;
	u32 count;
};

static inline void kshare_pool_init(struct kshare_pool *pool)
{
	spin_lock_init(&pool->lock);
}

/* A piece whose bytes are anything, or NULL; may sleep. */
static inline void *kshare_pool_get(struct kshare_pool *pool, size_t size)
{
	void *p;

	spin_lock(&pool->lock);
	p = pool->first;
	if (p) {
		pool->first = *(void **)p;
		pool->count--;
	}
	spin_unlock(&pool->lock);
	return p ?: kmalloc(size, GFP_KERNEL_ACCOUNT);
}

static inline void kshare_pool_put(struct kshare_pool *pool, void *p)
{
	spin_lock(&pool->lock);
	if (pool->count < KSHARE_POOL_MAX) {
		*(void **)p = pool->first;
		pool->first = p;
		pool->count++;
		p = NULL;
	}
	spin_unlock(&pool->lock);
	kfree(p);
}

/* Nobody uses it any more. */
static inline void kshare_pool_empty(struct kshare_pool *pool)
{
	void *p;

	while ((p = pool->first)) {
		pool->first = *(void **)p;
		kfree(p);
	}
}

#endif /* KSHARE_POOL_H */
