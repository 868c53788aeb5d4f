// SPDX-License-Identifier: GPL-2.0
#include <pthread.h>
#include <sched.h>

#include "shim.h"

/* ------------------------------------------------------------------ */
/* Memory                                                              */
/* ------------------------------------------------------------------ */

long shim_fail_after = -1;
unsigned long shim_allocs;
unsigned long shim_rescheds;

static __thread int locked;

void shim_lock(void)
{
	locked++;
}

void shim_unlock(void)
{
	locked--;
}

void *shim_alloc(size_t n, size_t size, bool zero)
{
	void *p;

	WARN_ON_ONCE(locked);
	WARN_ON_ONCE(__builtin_mul_overflow(n, size, &size));
	if (!shim_fail_after)
		return NULL;
	if (shim_fail_after > 0)
		shim_fail_after--;
	shim_allocs++;
	p = malloc(size);
	if (p)
		memset(p, zero ? 0 : 0xa5, size);
	return p;
}

void shim_free(void *p)
{
	WARN_ON_ONCE(locked);
	free(p);
}

void cond_resched(void)
{
	WARN_ON_ONCE(locked);
	shim_rescheds++;
}

/* ------------------------------------------------------------------ */
/* RCU                                                                 */
/* ------------------------------------------------------------------ */

#define MAX_READERS 16

/* Odd while the thread is inside a read-side critical section. */
static struct reader {
	unsigned long sections;
	unsigned long padding[7];
} readers[MAX_READERS];

static unsigned int reader_count;
static __thread struct reader *me;

static pthread_mutex_t deferred_lock = PTHREAD_MUTEX_INITIALIZER;
/* Linked through the first word of the head, the second leads to the memory. */
static struct rcu_head *deferred;

static void reader_step(bool inside)
{
	if (!me) {
		unsigned int n = __atomic_fetch_add(&reader_count, 1, __ATOMIC_SEQ_CST);

		WARN_ON_ONCE(n >= MAX_READERS);
		me = &readers[n];
	}
	WARN_ON_ONCE((me->sections & 1) == inside);
	__atomic_add_fetch(&me->sections, 1, __ATOMIC_SEQ_CST);
}

void rcu_read_lock(void)
{
	reader_step(true);
}

void rcu_read_unlock(void)
{
	reader_step(false);
}

bool shim_rcu_reading(void)
{
	return me && me->sections & 1;
}

void shim_rcu_defer(void *p, struct rcu_head *head)
{
	pthread_mutex_lock(&deferred_lock);
	head->words[0] = deferred;
	head->words[1] = p;
	deferred = head;
	pthread_mutex_unlock(&deferred_lock);
}

void shim_rcu_flush(void)
{
	struct rcu_head *head;
	unsigned int n, count;

	pthread_mutex_lock(&deferred_lock);
	head = deferred;
	deferred = NULL;
	pthread_mutex_unlock(&deferred_lock);

	count = min_t(unsigned int, __atomic_load_n(&reader_count, __ATOMIC_SEQ_CST), MAX_READERS);
	for (n = 0; n < count; n++) {
		unsigned long seen = __atomic_load_n(&readers[n].sections, __ATOMIC_SEQ_CST);

		while (seen & 1 &&
		       __atomic_load_n(&readers[n].sections, __ATOMIC_SEQ_CST) == seen)
			sched_yield();
	}

	while (head) {
		struct rcu_head *next = head->words[0];

		shim_free(head->words[1]);
		head = next;
	}
}

/* ------------------------------------------------------------------ */
/* SipHash-1-3                                                         */
/* ------------------------------------------------------------------ */

static u64 rotate(u64 x, unsigned int n)
{
	return x << n | x >> (64 - n);
}

static void sip_round(u64 v[4])
{
	v[0] += v[1];
	v[1] = rotate(v[1], 13) ^ v[0];
	v[0] = rotate(v[0], 32);
	v[2] += v[3];
	v[3] = rotate(v[3], 16) ^ v[2];
	v[0] += v[3];
	v[3] = rotate(v[3], 21) ^ v[0];
	v[2] += v[1];
	v[1] = rotate(v[1], 17) ^ v[2];
	v[2] = rotate(v[2], 32);
}

u32 hsiphash(const void *data, size_t len, const hsiphash_key_t *key)
{
	u64 v[4] = {
		0x736f6d6570736575ULL ^ key->key[0], 0x646f72616e646f6dULL ^ key->key[1],
		0x6c7967656e657261ULL ^ key->key[0], 0x7465646279746573ULL ^ key->key[1],
	};
	size_t done;
	int n;

	for (done = 0; done <= len; done += 8) {
		size_t rest = min_t(size_t, len - done, 8);
		u64 word = 0;

		memcpy(&word, (const u8 *)data + done, rest);
		word = le64toh(word);
		if (rest < 8)
			word |= (u64)len << 56;
		v[3] ^= word;
		sip_round(v);
		v[0] ^= word;
		if (rest < 8)
			break;
	}
	v[2] ^= 0xff;
	for (n = 0; n < 3; n++)
		sip_round(v);
	return v[0] ^ v[1] ^ v[2] ^ v[3];
}
