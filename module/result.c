// SPDX-License-Identifier: GPL-2.0-only
/* Results: from a struct kshare_run to the caller's buffer. */
#include <linux/pagemap.h>

#include "command.h"

/* More than this is not copied with a spinlock held. */
#define KSHARE_SPIN_COPY	1024

/* What kshare_put_small() copies as one word. */
static_assert(offsetof(struct kshare_val, codec) == offsetof(struct kshare_value, codec));
static_assert(offsetof(struct kshare_val, inline_len) ==
	      offsetof(struct kshare_value, inline_len));
static_assert(offsetof(struct kshare_val, flags) == offsetof(struct kshare_value, flags));
static_assert(offsetof(struct kshare_val, len) == offsetof(struct kshare_value, len));

int kshare_run_out(struct kshare_run *run, u32 count)
{
	struct kshare_val *out;

	if (count <= run->out_room)
		return 0;
	kshare_run_out_reset(run);
	out = kvcalloc(count, sizeof(*out), GFP_KERNEL_ACCOUNT);
	if (!out)
		return -ENOMEM;
	if (run->out != run->out_inline)
		kvfree(run->out);
	run->out = out;
	run->out_room = count;
	return 0;
}

void kshare_run_out_reset(struct kshare_run *run)
{
	u32 i;

	for (i = 0; i < run->out_count; i++)
		kshare_val_put(&run->out[i], &run->doom);
	run->out_count = 0;
	run->number = 0;
	run->result_flags = 0;
}

static int kshare_put(u64 to, const void *from, size_t n, bool may_fault)
{
	void __user *p = u64_to_user_ptr(to);
	unsigned long left;

	if (may_fault)
		return copy_to_user(p, from, n) ? -EFAULT : 0;
	pagefault_disable();
	left = __copy_to_user_inatomic(p, from, n);
	pagefault_enable();
	return left ? KSHARE_MUST_FAULT : 0;
}

/* Long bytes, in pieces where that is allowed. */
static int kshare_put_long(struct kshare_run *run, u64 to, const u8 *from, size_t n,
			   bool may_fault)
{
	size_t piece;
	int ret = 0;

	while (n && !ret) {
		piece = min_t(size_t, n, SZ_64K);
		ret = kshare_put(to, from, piece, may_fault);
		to += piece;
		from += piece;
		n -= piece;
		if (may_fault || run->owned)
			cond_resched();
	}
	return ret;
}

static u32 kshare_val_refs(const struct kshare_val *v)
{
	if (v->type == KSHARE_ENCODED && kshare_val_slow(v))
		return v->blob->refs_count;
	return v->type == KSHARE_REF;
}

u64 kshare_val_tail(const struct kshare_val *v)
{
	u32 refs;

	if (!kshare_val_slow(v) || v->type == KSHARE_REF)
		return 0;
	refs = v->type == KSHARE_ENCODED ? kshare_val_refs(v) : 0;
	return ALIGN((refs ? (1 + refs) * sizeof(u32) : 0) + (u64)v->len, 8);
}

static void kshare_reserved_use(struct kshare_run *run, struct kshare_object *obj, u32 rights)
{
	struct kshare_reserved *r = &run->reserved[run->reserved_used++];

	r->obj = obj;
	r->rights = rights;
}

/* One value as user space sees it; its tail goes to @tail, which moves on. */
static int kshare_val_export(struct kshare_run *run, const struct kshare_val *v, bool may_fault,
			     struct kshare_value *value, u64 *tail)
{
	u32 i, refs;
	u64 to;
	int ret;

	value->type = v->type;
	value->codec = v->codec;
	value->inline_len = v->inline_len;
	value->flags = 0;
	value->len = v->len;
	value->u = v->u;
	if (likely(!kshare_val_slow(v)))
		return 0;

	if (v->type == KSHARE_REF) {
		value->ref.handle = run->reserved[run->reserved_used].id;
		value->ref.rights = v->len;
		value->len = kshare_object_real(v->obj)->type;
		kshare_reserved_use(run, v->obj, v->len);
		return 0;
	}

	to = *tail;
	*tail += kshare_val_tail(v);
	value->ptr = to;
	refs = kshare_val_refs(v);
	if (refs) {
		value->flags = KSHARE_VF_REFS;
		value->len += (1 + refs) * sizeof(u32);
		ret = kshare_put(to, &refs, sizeof(refs), may_fault);
		for (i = 0; i < refs && !ret; i++) {
			to += sizeof(u32);
			ret = kshare_put(to, &run->reserved[run->reserved_used].id, sizeof(u32),
					 may_fault);
			kshare_reserved_use(run, v->blob->refs[i].obj, v->blob->refs[i].rights);
		}
		if (ret)
			return ret;
		to += sizeof(u32);
	}
	return kshare_put_long(run, to, kshare_val_data(v), v->len, may_fault);
}

/* The first values of a result, or the next ones. */
struct kshare_few {
	struct kshare_result head;
	struct kshare_value values[KSHARE_OUT_INLINE];
};

/* So much is neither looked at nor copied with a spinlock held. */
static bool kshare_run_must_own(const struct kshare_run *run, bool may_fault)
{
	return run->size > KSHARE_SPIN_COPY && !may_fault && !run->owned;
}

static noinline int kshare_run_deliver_large(struct kshare_run *run, bool may_fault)
{
	struct kshare_few few __uninitialized;
	const void *from;
	u64 tail, to;
	u32 i, n, size, refs = 0;
	int ret;

	run->size = sizeof(struct kshare_result) + (u64)run->out_count * sizeof(few.values[0]);
	if (kshare_run_must_own(run, may_fault))
		return KSHARE_MUST_OWN;
	for (i = 0; i < run->out_count; i++) {
		if (likely(!kshare_val_slow(&run->out[i])))
			continue;
		run->size += kshare_val_tail(&run->out[i]);
		refs += kshare_val_refs(&run->out[i]);
	}
	if (run->size > run->out_len)
		return -ENOBUFS;
	if (refs > run->reserved_count) {
		run->need = refs;
		return KSHARE_MUST_RESERVE;
	}
	if (kshare_run_must_own(run, may_fault))
		return KSHARE_MUST_OWN;

	few.head.flags = run->result_flags;
	few.head.count = run->out_count;
	few.head.number = run->number;
	tail = run->out_addr + sizeof(struct kshare_result) +
	       (u64)run->out_count * sizeof(few.values[0]);

	/* The head goes with the first ones. */
	from = &few;
	to = run->out_addr;
	i = 0;
	do {
		for (n = 0; n < ARRAY_SIZE(few.values) && i < run->out_count; n++, i++) {
			ret = kshare_val_export(run, &run->out[i], may_fault, &few.values[n],
						&tail);
			if (ret)
				return ret;
		}
		size = (void *)&few.values[n] - from;
		ret = kshare_put(to, from, size, may_fault);
		if (ret)
			return ret;
		to += size;
		from = few.values;
		if (may_fault || run->owned)
			cond_resched();
	} while (i < run->out_count);
	return 0;
}

/* Bytes that no references go with, and that are not a key. */
static bool kshare_val_is_bytes(const struct kshare_val *v)
{
	return v->type != KSHARE_REF && !(v->flags & KSHARE_VAL_ENTRY) && !v->blob->refs_count;
}

/*
 * Short values in one go, the last of which may be long; else KSHARE_NOT_QUICK.  That
 * is most of what is not small: what SERVE tells, a value with its key.
 */
static int kshare_run_deliver_few(struct kshare_run *run, bool may_fault)
{
	struct kshare_result __user *p = u64_to_user_ptr(run->out_addr);
	u32 i, count = run->out_count, size = struct_size(p, values, count);
	struct kshare_val *last = NULL;
	int ret;

	if (count > KSHARE_OUT_INLINE)
		return KSHARE_NOT_QUICK;
	for (i = 0; i < count; i++) {
		if (likely(!kshare_val_slow(&run->out[i])))
			continue;
		last = &run->out[i];
		if (i < count - 1 || !kshare_val_is_bytes(last) || !may_fault)
			return KSHARE_NOT_QUICK;
	}
	run->size = size + (last ? kshare_val_tail(last) : 0);
	if (run->size > run->out_len)
		return -ENOBUFS;
	if (last && copy_to_user((void __user *)p + size, last->blob->data, last->len))
		return -EFAULT;
	ret = may_fault ? -EFAULT : KSHARE_MUST_FAULT;
	if (!may_fault)
		pagefault_disable();
	if (user_write_access_begin(p, size)) {
		unsafe_put_user(run->result_flags, &p->flags, fault);
		unsafe_put_user(count, &p->count, fault);
		unsafe_put_user(run->number, &p->number, fault);
		for (i = 0; i < count; i++) {
			const struct kshare_val *v = &run->out[i];

			/* They lie alike in both, see kshare_put_small(). */
			unsafe_put_user(*(const u64 *)v, (u64 __user *)&p->values[i], fault);
			unsafe_put_user(v == last ? run->out_addr + size : v->u,
					&p->values[i].u, fault);
		}
		ret = 0;
fault:
		user_write_access_end();
	}
	if (!may_fault)
		pagefault_enable();
	return ret;
}

/**
 * __kshare_run_deliver() - writes a result to the caller's buffer
 * @run: run whose caller has one
 * @may_fault: no lock is held: user memory may be faulted in
 *
 * Return: 0; -ENOBUFS with &kshare_run.size set; -EFAULT; or KSHARE_MUST_OWN,
 *	KSHARE_MUST_RESERVE, KSHARE_MUST_FAULT: kshare_run_meet() and try again.
 */
int __kshare_run_deliver(struct kshare_run *run, bool may_fault)
{
	int ret;

	/* Of an attempt before, whose references may be somebody else's by now. */
	run->reserved_used = 0;
	if (!kshare_run_is_small(run)) {
		ret = kshare_run_deliver_few(run, may_fault);
		return ret == KSHARE_NOT_QUICK ? kshare_run_deliver_large(run, may_fault) : ret;
	}
	run->size = sizeof(struct kshare_result) + run->out_count * sizeof(struct kshare_value);
	if (run->size > run->out_len)
		return -ENOBUFS;
	return kshare_put_small(run->out_addr, run->result_flags, run->number,
				run->out_count ? &run->out[0] : NULL, may_fault);
}

static int kshare_run_reserve(struct kshare_run *run)
{
	struct kshare_reserved *more;
	int ret;

	more = kvcalloc(run->need, sizeof(*more), GFP_KERNEL_ACCOUNT);
	if (!more)
		return -ENOMEM;
	if (run->reserved_count)
		memcpy(more, run->reserved, run->reserved_count * sizeof(*more));
	kvfree(run->reserved);
	run->reserved = more;
	while (run->reserved_count < run->need) {
		struct kshare_reserved *r = &more[run->reserved_count];

		ret = kshare_handle_reserve(run->client, run->obj->domain, &r->id, &r->handle);
		if (ret)
			return ret;
		run->reserved_count++;
		cond_resched();
	}
	return 0;
}

/**
 * kshare_run_meet() - does what an answer of @apply or of delivery asks for
 * @run: run; no lock is held
 * @ask: KSHARE_MUST_*
 *
 * Return: 0: try again; or an error to end with.
 */
int kshare_run_meet(struct kshare_run *run, int ask)
{
	/*
	 * Each answer is rare, and makes the next try get further, unless other
	 * threads work against it: then, sooner or later, somebody kills us.
	 */
	if (fatal_signal_pending(current))
		return -EINTR;
	switch (ask) {
	case KSHARE_MUST_PREPARE:
		cond_resched();
		return 0;
	case KSHARE_MUST_OWN:
		run->own = true;
		return 0;
	case KSHARE_MUST_RESERVE:
		return kshare_run_reserve(run);
	case KSHARE_MUST_FAULT:
		return fault_in_writeable(u64_to_user_ptr(run->out_addr), run->size) ? -EFAULT : 0;
	}
	return ask;
}

static int kshare_run_tell_size(struct kshare_run *run)
{
	struct kshare_result head = { .number = run->size };

	return kshare_put(run->out_addr, &head, sizeof(head), true);
}

static void kshare_run_publish_handles(struct kshare_run *run, bool good)
{
	u32 i;

	for (i = 0; i < run->reserved_count; i++) {
		struct kshare_reserved *r = &run->reserved[i];

		if (good && i < run->reserved_used) {
			kshare_object_get(r->obj);
			kshare_handle_publish(run->client, r->id, r->handle, r->obj, r->rights, 0);
		} else {
			kshare_handle_unreserve(run->client, run->obj->domain, r->id, r->handle);
		}
	}
	kvfree(run->reserved);
	run->reserved = NULL;
	run->reserved_count = 0;
}

static noinline int kshare_run_publish_rest(struct kshare_run *run, int ret)
{
	if (ret == -ENOBUFS && run->out_addr && run->size > run->out_len &&
	    kshare_run_tell_size(run))
		ret = -EFAULT;
	if (run->reserved)
		kshare_run_publish_handles(run, ret >= 0);
	return ret;
}

/**
 * kshare_run_publish() - makes the handles in a result good, or takes them back
 * @run: run; no lock is held
 * @ret: its result
 *
 * Return: the result, which becomes -EFAULT if the size that -ENOBUFS promises
 *	could not be written.
 */
int kshare_run_publish(struct kshare_run *run, int ret)
{
	/* What it got may have nobody left who can give it back. */
	if ((ret >= 0 || run->tell) && run->obj &&
	    (run->obj->ops->abandon || READ_ONCE(run->obj->observers))) {
		smp_mb(); /* (B), see kshare_handle_closed() */
		if (unlikely(atomic_read(&run->client->closes) != run->closes) &&
		    READ_ONCE(run->client->mm))
			kshare_handle_closed(run->client, run->obj);
	}
	if (unlikely(ret == -ENOBUFS || run->reserved))
		return kshare_run_publish_rest(run, ret);
	return ret;
}
