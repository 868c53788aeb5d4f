/* SPDX-License-Identifier: GPL-2.0-only */
/**
 * DOC: deque
 *
 * A sequence of values in chunks, with a ring of chunk pointers as directory:
 * the store of lists and queues.  Both ends are O(1), an element by index is
 * O(1), a change in the middle moves the shorter side.
 *
 * The owner's lock serialises everything.  Memory is got before the lock is
 * taken (struct kshare_deque_room) and given back after it is dropped; no call
 * under the lock allocates or frees.  A change can be undone without memory,
 * since taking out leaves the chunks in place until kshare_deque_trim().
 */
#ifndef KSHARE_DEQUE_H
#define KSHARE_DEQUE_H

#include "value.h"

#define KSHARE_CHUNK	32	/* values in a chunk */

struct kshare_chunk {
	struct kshare_val v[KSHARE_CHUNK];
};

/**
 * struct kshare_deque - see above
 * @dir: ring of 2^dir_bits chunk pointers; NULL while it was never used
 * @dir_bits: see @dir
 * @head: place of the first element, counted in values from the beginning of
 *	the ring: chunk (head / KSHARE_CHUNK), slot (head % KSHARE_CHUNK)
 * @count: elements
 * @first: place in @dir of the first chunk; the others follow it without gaps,
 *	and elements are in some of them
 * @chunks: chunks in the directory
 */
struct kshare_deque {
	struct kshare_chunk **dir;
	u32 dir_bits;
	u64 head;
	u64 count;
	u64 first;
	u64 chunks;
};

/**
 * struct kshare_deque_room - memory for a change, or memory that one left over
 * @dir: a larger directory, or the old one
 * @dir_bits: its size
 * @chunks: chain of chunks (their first word leads to the next)
 * @chunk_count: how many
 */
struct kshare_deque_room {
	struct kshare_chunk **dir;
	u32 dir_bits;
	struct kshare_chunk *chunks;
	u64 chunk_count;
};

void kshare_deque_init(struct kshare_deque *d);
/* Drops all values and memory; may sleep, works in pieces. */
void kshare_deque_destroy(struct kshare_deque *d, struct kshare_doom *doom);
/* Bytes of chunks and directory. */
size_t kshare_deque_size(const struct kshare_deque *d);

/*
 * Room for changes that add @more elements in all (a splice adds @ins - @del if
 * that is positive), wherever they do it, and whatever others take out.
 * prepare: allocates what is missing into @room, which is zeroed or left over
 * from another call (may sleep; reads @d without a lock, so it is only a
 * guess); 0 or -ENOMEM, and then what @room has is still to be freed.  fits:
 * under the lock: is it enough now?  kshare_deque_splice() takes from @room what
 * it needs.  free: the rest.
 */
int kshare_deque_prepare(const struct kshare_deque *d, u64 more, struct kshare_deque_room *room);
bool kshare_deque_fits(const struct kshare_deque *d, u64 more,
		       const struct kshare_deque_room *room);
void kshare_deque_room_free(struct kshare_deque_room *room);

/** kshare_deque_at() - the element at @index, which is less than count. */
static inline struct kshare_val *kshare_deque_at(const struct kshare_deque *d, u64 index)
{
	u64 place = d->head + index;
	u64 chunk = place / KSHARE_CHUNK & ((1ULL << d->dir_bits) - 1);

	return &d->dir[chunk]->v[place % KSHARE_CHUNK];
}

/**
 * kshare_deque_splice() - replaces a run of elements
 * @d: deque
 * @at: index of the first one, at most count
 * @del: how many go
 * @ins: how many come
 * @new: the new ones, taken over bit by bit, or NULL to leave the slots NONE
 * @old: where those that go are moved to; room for @del, none of it in @new
 * @room: memory; must fit.  May be NULL for an undo, or if @ins is not more
 *	than @del
 *
 * Cannot fail.  Undone by a splice of the old ones over the new ones; that needs
 * no room (whatever kshare_deque_fits() says) if all later changes are undone
 * before it and kshare_deque_trim() was not called between.
 */
void kshare_deque_splice(struct kshare_deque *d, u64 at, u64 del, u64 ins,
			 const struct kshare_val *new, struct kshare_val *old,
			 struct kshare_deque_room *room);
/** kshare_deque_cost() - values that such a splice moves. */
u64 kshare_deque_cost(const struct kshare_deque *d, u64 at, u64 del, u64 ins);

/*
 * Moves chunks beyond one spare at each end to @room, a bounded number a call;
 * true if there are more.  The directory does not shrink, but the last spare
 * goes with it when an empty deque had a large one.
 */
bool kshare_deque_trim(struct kshare_deque *d, struct kshare_deque_room *room);

/* Reverses in place.  O(n), calls cond_resched() if @may_sleep. */
void kshare_deque_reverse(struct kshare_deque *d, bool may_sleep);

/**
 * kshare_sort() - stable merge sort of an array
 * @v: values; sorted when it returns 0, in the old order if it fails
 * @tmp: room for as many
 * @n: how many
 * @reverse: descending; equal ones keep their order
 * Return: 0, or -EDOM for values that have no order.  Calls cond_resched().
 */
int kshare_sort(struct kshare_val *v, struct kshare_val *tmp, u64 n, bool reverse);

#endif /* KSHARE_DEQUE_H */
