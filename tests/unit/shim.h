/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What module/port.h takes from the kernel, for user space: just enough for
 * value, table and deque.  The red-black tree is the kernel's own.
 *
 * Beyond standing in for the kernel it checks what the kernel cannot easily:
 * nothing is allocated or freed while shim_lock() holds, any allocation can be
 * made to fail, and what goes through RCU is freed only by shim_rcu_flush(),
 * after all readers have left, so that AddressSanitizer sees who comes too
 * early or too late.
 */
#ifndef KSHARE_SHIM_H
#define KSHARE_SHIM_H

#include <assert.h>
#include <endian.h>
#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <linux/types.h>

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;
typedef int32_t s32;
typedef int64_t s64;

#define U64_MAX		UINT64_MAX

/* Compiler */
#define __rcu
#define __force
#undef __always_inline
#define __always_inline	inline __attribute__((always_inline))
#define likely(x)	__builtin_expect(!!(x), 1)
#define unlikely(x)	__builtin_expect(!!(x), 0)
#define READ_ONCE(x)	__atomic_load_n(&(x), __ATOMIC_RELAXED)
#define WRITE_ONCE(x, v) __atomic_store_n(&(x), v, __ATOMIC_RELAXED)
#define EXPORT_SYMBOL(x)
#ifndef container_of
#define container_of(p, type, member) ((type *)((char *)(p) - offsetof(type, member)))
#endif

#define WARN_ON_ONCE(x)	({							\
	bool warn_ = (x);							\
										\
	if (warn_) {								\
		fprintf(stderr, "%s:%d: WARN_ON_ONCE(%s)\n", __FILE__, __LINE__, #x); \
		abort();							\
	}									\
	warn_;									\
})

/* Arithmetic */
#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))
#define ALIGN(x, a)	(((x) + (a) - 1) & ~((size_t)(a) - 1))
#define BIT(n)		(1UL << (n))
#define BIT_ULL(n)	(1ULL << (n))
#define min(a, b)	({ __auto_type a_ = (a); __auto_type b_ = (b); a_ < b_ ? a_ : b_; })
#define max(a, b)	({ __auto_type a_ = (a); __auto_type b_ = (b); a_ > b_ ? a_ : b_; })
#define min3(a, b, c)	({ __auto_type ab_ = min(a, b); min(ab_, c); })
#define min_t(t, a, b)	({ t a_ = (a); t b_ = (b); a_ < b_ ? a_ : b_; })
#define max_t(t, a, b)	({ t a_ = (a); t b_ = (b); a_ > b_ ? a_ : b_; })
#define swap(a, b)	do { __auto_type s_ = (a); (a) = (b); (b) = s_; } while (0)
#define check_add_overflow(a, b, sum)	__builtin_add_overflow(a, b, sum)
#define struct_size(p, member, n)	(sizeof(*(p)) + (n) * sizeof(*(p)->member))
#define DECLARE_FLEX_ARRAY(type, name)	struct { struct { } empty_; type name[]; }
#define le64_to_cpu(x)	le64toh(x)

static inline unsigned int fls64(u64 x)
{
	return x ? 64 - __builtin_clzll(x) : 0;
}

static inline unsigned int order_base_2(u64 x)
{
	return x > 1 ? fls64(x - 1) : 0;
}

/* Error pointers */
static inline void *ERR_PTR(long error)
{
	return (void *)error;
}

static inline long PTR_ERR(const void *p)
{
	return (long)p;
}

static inline bool IS_ERR(const void *p)
{
	return (unsigned long)p >= (unsigned long)-4095;
}

/* Reference counts: misuse is the end */
typedef struct {
	int refs;
} refcount_t;

static inline void refcount_set(refcount_t *r, int n)
{
	r->refs = n;
}

static inline int refcount_read(const refcount_t *r)
{
	return __atomic_load_n(&r->refs, __ATOMIC_RELAXED);
}

static inline bool refcount_inc_not_zero(refcount_t *r)
{
	int n = refcount_read(r);

	while (n)
		if (__atomic_compare_exchange_n(&r->refs, &n, n + 1, true, __ATOMIC_RELAXED,
						__ATOMIC_RELAXED))
			return true;
	return false;
}

static inline void refcount_inc(refcount_t *r)
{
	WARN_ON_ONCE(!refcount_inc_not_zero(r));
}

static inline bool refcount_dec_and_test(refcount_t *r)
{
	int n = __atomic_sub_fetch(&r->refs, 1, __ATOMIC_ACQ_REL);

	WARN_ON_ONCE(n < 0);
	return !n;
}

/* Memory */
#define GFP_KERNEL_ACCOUNT	0

/* The allocation after so many more fails, and all that follow it; -1 for none. */
extern long shim_fail_after;
/* Allocations made, ever. */
extern unsigned long shim_allocs;
/* Calls of cond_resched(). */
extern unsigned long shim_rescheds;

/* While a "spinlock" is held: no memory is got or freed, nothing sleeps. */
void shim_lock(void);
void shim_unlock(void);

void *shim_alloc(size_t n, size_t size, bool zero);
void shim_free(void *p);
void cond_resched(void);

#define kmalloc(size, gfp)	shim_alloc(1, size, false)
#define kvmalloc(size, gfp)	shim_alloc(1, size, false)
#define kvzalloc(size, gfp)	shim_alloc(1, size, true)
#define kvcalloc(n, size, gfp)	shim_alloc(n, size, true)
#define kfree(p)		shim_free(p)
#define kvfree(p)		shim_free(p)

/* RCU */
struct rcu_head {
	void *words[2];
};

void rcu_read_lock(void);
void rcu_read_unlock(void);
bool shim_rcu_reading(void);
void shim_rcu_defer(void *p, struct rcu_head *head);
/* Waits for the readers there are, then frees what was deferred before. */
void shim_rcu_flush(void);

#define rcu_dereference_check(p, c) ({						\
	WARN_ON_ONCE(!((c) || shim_rcu_reading()));				\
	__atomic_load_n(&(p), __ATOMIC_ACQUIRE);				\
})
#define rcu_dereference(p)		rcu_dereference_check(p, false)
#define rcu_dereference_protected(p, c)	(p)
#define rcu_access_pointer(p)		READ_ONCE(p)
#define rcu_assign_pointer(p, v)	__atomic_store_n(&(p), v, __ATOMIC_RELEASE)
#define RCU_INIT_POINTER(p, v)		WRITE_ONCE(p, v)
#define kvfree_rcu(p, member)	do {						\
	__auto_type p_ = (p);							\
										\
	if (p_)									\
		shim_rcu_defer(p_, &p_->member);				\
} while (0)

/* SipHash */
typedef struct {
	u64 key[2];
} siphash_key_t;

typedef struct {
	unsigned long key[2];
} hsiphash_key_t;

u32 hsiphash(const void *data, size_t len, const hsiphash_key_t *key);

static inline u32 hsiphash_2u32(u32 a, u32 b, const hsiphash_key_t *key)
{
	const u64 word = htole64((u64)b << 32 | a);

	return hsiphash(&word, sizeof(word), key);
}

#include <linux/rbtree.h>

#endif /* KSHARE_SHIM_H */
