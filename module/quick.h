/* SPDX-License-Identifier: GPL-2.0-only */
/**
 * DOC: the quick way
 *
 * Most commands on locks, semaphores and queues ask for nothing special and need not
 * wait, and then most of what they cost is what only others need: a reference, checks
 * of every argument, a way back, a search for those who can go on.  So their rows
 * have a @quick, which is tried first, under RCU.  It looks at the command and, with
 * the object locked, at what it finds there; then either it does all that is to be
 * done, or it has changed nothing and leaves the command to the others.
 *
 * Whoever sleeps at the head of the line is carried out here as well, if that is
 * plain: no group, nobody who waits for all, and nobody else can go on thereafter.
 */
#ifndef KSHARE_QUICK_H
#define KSHARE_QUICK_H

#include "command.h"

/**
 * kshare_quick_find() - the object of a command
 * @client: whose command it is
 * @cmd: the command
 * @types: bits (1 << enum kshare_type) that it takes
 * @rights: needed of the handle
 *
 * Return: the object, without a reference; NULL if it is not for @quick.
 */
static __always_inline struct kshare_object *
kshare_quick_find(struct kshare_client *client, const struct kshare_cmd *cmd, u32 types,
		  u32 rights)
{
	struct kshare_handle *handle = kshare_handle_load(client, cmd->handle);

	if (unlikely(!handle || rights & ~handle->rights))
		return NULL;
	return likely(types & BIT(handle->obj->type)) ? handle->obj : NULL;
}

/**
 * kshare_quick_lock() - locks what kshare_quick_find() found
 * @obj: the object, or NULL
 * @client: whose command it is
 * @cmd: the command
 *
 * Return: false if it is not for @quick, and not locked.
 */
static __always_inline bool kshare_quick_lock(struct kshare_object *obj,
					      struct kshare_client *client,
					      const struct kshare_cmd *cmd)
{
	struct kshare_handle *handle;

	if (!obj)
		return false;
	spin_lock(&obj->lock);
	/* The handle is looked at again: one that was closed holds nothing any more. */
	handle = kshare_handle_load(client, cmd->handle);
	if (likely(!obj->owned && !obj->observers && refcount_read(&obj->ref) &&
		   handle && handle->obj == obj))
		return true;
	spin_unlock(&obj->lock);
	return false;
}

/* The first eight bytes of a value of which all but the type and @u is zero */
#define KSHARE_ONLY_TYPE(type)	((__force u64)cpu_to_le64(type))

/* Numbers and short bytes, as kshare_val_import() brings them in; false if it is another. */
static inline bool kshare_quick_val(const struct kshare_value *in, struct kshare_val *out)
{
	const u64 head = *(const u64 *)in;

	/* What is left lies alike in both. */
	if (head == KSHARE_ONLY_TYPE(KSHARE_INT) || head == KSHARE_ONLY_TYPE(KSHARE_FLOAT)) {
		memcpy(out, in, sizeof(*out));
		return true;
	}
	if (in->codec | in->flags)
		return false;
	switch (in->type) {
	case KSHARE_BOOL:
		if (in->inline_len | in->len || in->u > 1)
			return false;
		memcpy(out, in, sizeof(*out));
		return true;
	case KSHARE_STR:
	case KSHARE_BYTES:
		if (!in->inline_len || in->inline_len > sizeof(out->bytes) ||
		    in->inline_len != in->len)
			return false;
		memcpy(out, in, sizeof(*out));
		out->u &= ~0ULL >> (64 - 8 * in->len);
		return true;
	}
	return false;
}

/**
 * kshare_quick_first() - who waits first, if that is plain
 * @obj: object that somebody waits for, locked
 *
 * Return: a task's run, which is at the head of the first line; or NULL.
 */
static inline struct kshare_run *kshare_quick_first(struct kshare_object *obj)
{
	struct kshare_waiter *w = list_first_entry_or_null(&obj->waiters, struct kshare_waiter,
							   link);

	return w && w->task && list_empty(&obj->all_waiters) ? kshare_waiter_run(w) : NULL;
}

/**
 * kshare_quick_over() - the command of who waits first is done
 * @run: of kshare_quick_first(); its object is still locked
 * @result: the command's result
 *
 * Return: its waiter, for kshare_quick_end().
 */
struct kshare_waiter *kshare_quick_over(struct kshare_run *run, int result);

/* Carries it out; NULL if it goes on waiting. */
static inline struct kshare_waiter *kshare_quick_hand(struct kshare_run *run)
{
	int ret = kshare_run_apply(run);

	return ret == KSHARE_MUST_WAIT ? NULL : kshare_quick_over(run, ret);
}

/**
 * kshare_quick_end() - the change is complete, and one more version
 * @obj: the object; unlocked
 * @who: who changed it, and nobody after him
 * @w: to be woken, or NULL
 */
static __always_inline void kshare_quick_end(struct kshare_object *obj, struct kshare_who *who,
					     struct kshare_waiter *w)
	__releases(&obj->lock)
{
	WRITE_ONCE(obj->version, obj->version + 1);
	/* If somebody was handed something, then he was the last to change it. */
	if (!w)
		kshare_object_wrote(obj, who);
	spin_unlock(&obj->lock);
	if (w)
		w->wake(w);
}

#endif /* KSHARE_QUICK_H */
