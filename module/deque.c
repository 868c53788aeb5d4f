// SPDX-License-Identifier: GPL-2.0-only
/*
 * The chunked deque, and the sorting of values; deque.h tells how it works.
 *
 * The directory's chunks stand in one run, in three parts: @lead spare ones,
 * those that hold elements, and the spare ones of the back.  A spare chunk is
 * as good at one end as at the other (its pointer is moved), so what counts is
 * that there are enough of them.
 */
#include "deque.h"

/* Where the first element goes, so that a few can be put before it. */
#define FIRST_SLOT	(KSHARE_CHUNK / 4)

#define MIN_DIR_BITS	2
#define MAX_DIR_BITS	27	/* 2^30 bytes, within what kvmalloc() gives */

/* An empty deque keeps its directory if it is not larger than that. */
#define KEEP_DIR_BITS	5

/* Chunks that kshare_deque_trim() takes out in one call. */
#define TRIM_BATCH	64

/* Values that are handled between two chances to schedule. */
#define RESCHED_BATCH	4096

/* ------------------------------------------------------------------ */
/* The run of chunks                                                   */
/* ------------------------------------------------------------------ */

static u64 dir_slots(const struct kshare_deque *d)
{
	return 1ULL << d->dir_bits;
}

static u64 dir_index(const struct kshare_deque *d, u64 chunk)
{
	return chunk & (dir_slots(d) - 1);
}

static struct kshare_val *slot_at(const struct kshare_deque *d, u64 place)
{
	return &d->dir[dir_index(d, place / KSHARE_CHUNK)]->v[place % KSHARE_CHUNK];
}

/* Chunks that values take up, beginning at @slot of the first one. */
static u64 chunks_for(u64 slot, u64 values)
{
	return (slot + values + KSHARE_CHUNK - 1) / KSHARE_CHUNK;
}

/* Spare chunks before the first element. */
static u64 lead(const struct kshare_deque *d)
{
	return dir_index(d, d->head / KSHARE_CHUNK - d->first);
}

static u64 live(const struct kshare_deque *d)
{
	return d->count ? chunks_for(d->head % KSHARE_CHUNK, d->count) : 0;
}

static struct kshare_chunk *take_first(struct kshare_deque *d)
{
	struct kshare_chunk *c = d->dir[d->first];

	d->dir[d->first] = NULL;
	d->first = dir_index(d, d->first + 1);
	WRITE_ONCE(d->chunks, d->chunks - 1);
	return c;
}

static struct kshare_chunk *take_last(struct kshare_deque *d)
{
	u64 last = dir_index(d, d->first + d->chunks - 1);
	struct kshare_chunk *c = d->dir[last];

	d->dir[last] = NULL;
	WRITE_ONCE(d->chunks, d->chunks - 1);
	return c;
}

static void add_first(struct kshare_deque *d, struct kshare_chunk *c)
{
	d->first = dir_index(d, d->first - 1);
	d->dir[d->first] = c;
	WRITE_ONCE(d->chunks, d->chunks + 1);
}

static void add_last(struct kshare_deque *d, struct kshare_chunk *c)
{
	d->dir[dir_index(d, d->first + d->chunks)] = c;
	WRITE_ONCE(d->chunks, d->chunks + 1);
}

/* ------------------------------------------------------------------ */
/* Room                                                                */
/* ------------------------------------------------------------------ */

/*
 * Chunks that @count elements from @head and @more beside them can need.  They
 * may come at either end or some at each; the worst case is that so many come in
 * front that the first one stands in the last slot of its chunk.
 */
static u64 chunks_needed(u64 head, u64 count, u64 more)
{
	u64 slot = head % KSHARE_CHUNK;
	u64 values;

	if (check_add_overflow(count, more, &values) || values > U64_MAX / 2)
		return U64_MAX;
	if (!values)
		return 0;
	return chunks_for(more > slot ? KSHARE_CHUNK - 1 : slot, values);
}

static void room_push(struct kshare_deque_room *room, struct kshare_chunk *c)
{
	*(struct kshare_chunk **)c = room->chunks;
	room->chunks = c;
	room->chunk_count++;
}

static struct kshare_chunk *room_pop(struct kshare_deque_room *room)
{
	struct kshare_chunk *c = room->chunks;

	room->chunks = *(struct kshare_chunk **)c;
	room->chunk_count--;
	return c;
}

static bool dir_holds(struct kshare_chunk **dir, u32 dir_bits, u64 chunks)
{
	return !chunks || (dir && chunks <= 1ULL << dir_bits);
}

int kshare_deque_prepare(const struct kshare_deque *d, u64 more, struct kshare_deque_room *room)
{
	u64 need = chunks_needed(READ_ONCE(d->head), READ_ONCE(d->count), more);
	u64 have = READ_ONCE(d->chunks);
	struct kshare_chunk *c;

	if (need > 1ULL << MAX_DIR_BITS)
		return -ENOMEM;

	if (!dir_holds(READ_ONCE(d->dir), READ_ONCE(d->dir_bits), need) &&
	    !dir_holds(room->dir, room->dir_bits, need)) {
		kvfree(room->dir);
		room->dir_bits = max_t(u32, order_base_2(need), MIN_DIR_BITS);
		room->dir = kvcalloc((size_t)1 << room->dir_bits, sizeof(*room->dir),
				     GFP_KERNEL_ACCOUNT);
		if (!room->dir)
			return -ENOMEM;
	}

	while (have + room->chunk_count < need) {
		c = kmalloc(sizeof(*c), GFP_KERNEL_ACCOUNT);
		if (!c)
			return -ENOMEM;
		room_push(room, c);
	}
	return 0;
}

bool kshare_deque_fits(const struct kshare_deque *d, u64 more,
		       const struct kshare_deque_room *room)
{
	u64 need = chunks_needed(d->head, d->count, more);

	return (dir_holds(d->dir, d->dir_bits, need) ||
		dir_holds(room->dir, room->dir_bits, need)) &&
	       need <= d->chunks + room->chunk_count;
}

void kshare_deque_room_free(struct kshare_deque_room *room)
{
	while (room->chunks)
		kfree(room_pop(room));
	kvfree(room->dir);
	*room = (struct kshare_deque_room){};
}

/* Exchanges the directory for the larger one of @room. */
static void dir_replace(struct kshare_deque *d, struct kshare_deque_room *room)
{
	u64 spare = lead(d), n;

	for (n = 0; n < d->chunks; n++) {
		u64 from = dir_index(d, d->first + n);

		room->dir[n] = d->dir[from];
		d->dir[from] = NULL;
	}
	d->first = 0;
	WRITE_ONCE(d->head, spare * KSHARE_CHUNK + d->head % KSHARE_CHUNK);
	swap(d->dir, room->dir);
	swap(d->dir_bits, room->dir_bits);
}

/*
 * Takes from @room what @more elements at that end need, and what they would
 * need elsewhere too if it is there: who asked for so much would ask again.
 */
static void take_room(struct kshare_deque *d, u64 more, bool front, struct kshare_deque_room *room)
{
	u64 slot = front ? (d->head - more) % KSHARE_CHUNK : d->head % KSHARE_CHUNK;
	u64 need = chunks_for(slot, d->count + more);

	if (!dir_holds(d->dir, d->dir_bits, need))
		dir_replace(d, room);
	while (d->chunks < need)
		add_last(d, room_pop(room));

	need = min(chunks_needed(d->head, d->count, more), dir_slots(d));
	while (d->chunks < need && room && room->chunks)
		add_last(d, room_pop(room));
}

static void make_way_front(struct kshare_deque *d, u64 more)
{
	u64 slot = d->head % KSHARE_CHUNK;
	u64 need = more > slot ? chunks_for(0, more - slot) : 0;
	u64 have;

	for (have = lead(d); have < need; have++)
		add_first(d, take_last(d));
}

static void make_way_back(struct kshare_deque *d, u64 more)
{
	u64 need = lead(d) + chunks_for(d->head % KSHARE_CHUNK, d->count + more);

	for (; need > d->chunks; need--)
		add_last(d, take_first(d));
}

/* ------------------------------------------------------------------ */
/* Moving values                                                       */
/* ------------------------------------------------------------------ */

static void move_values(struct kshare_deque *d, u64 to, u64 from, u64 count)
{
	u64 run;

	while (count) {
		run = min3(count, KSHARE_CHUNK - from % KSHARE_CHUNK,
			   KSHARE_CHUNK - to % KSHARE_CHUNK);
		memmove(slot_at(d, to), slot_at(d, from), run * sizeof(struct kshare_val));
		from += run;
		to += run;
		count -= run;
	}
}

/* The same from the end, for a place further on. */
static void move_values_up(struct kshare_deque *d, u64 to, u64 from, u64 count)
{
	u64 run;

	while (count) {
		run = min3(count, (from + count - 1) % KSHARE_CHUNK + 1,
			   (to + count - 1) % KSHARE_CHUNK + 1);
		count -= run;
		memmove(slot_at(d, to + count), slot_at(d, from + count),
			run * sizeof(struct kshare_val));
	}
}

static void copy_out(const struct kshare_deque *d, u64 place, u64 count, struct kshare_val *v)
{
	u64 run;

	for (; count; count -= run, place += run, v += run) {
		run = min(count, KSHARE_CHUNK - place % KSHARE_CHUNK);
		memcpy(v, slot_at(d, place), run * sizeof(*v));
	}
}

static void copy_in(struct kshare_deque *d, u64 place, u64 count, const struct kshare_val *v)
{
	u64 run;

	for (; count; count -= run, place += run) {
		run = min(count, KSHARE_CHUNK - place % KSHARE_CHUNK);
		if (v) {
			memcpy(slot_at(d, place), v, run * sizeof(*v));
			v += run;
		} else {
			memset(slot_at(d, place), 0, run * sizeof(*v));
		}
	}
}

/* Of the part before the change and the one after it, the shorter one moves. */
static bool moves_front(const struct kshare_deque *d, u64 at, u64 del)
{
	return at < d->count - at - del;
}

u64 kshare_deque_cost(const struct kshare_deque *d, u64 at, u64 del, u64 ins)
{
	u64 moved = 0;

	if (ins != del)
		moved = moves_front(d, at, del) ? at : d->count - at - del;
	return moved + del + ins;
}

void kshare_deque_splice(struct kshare_deque *d, u64 at, u64 del, u64 ins,
			 const struct kshare_val *new, struct kshare_val *old,
			 struct kshare_deque_room *room)
{
	u64 tail = d->count - at - del;
	bool front = moves_front(d, at, del);
	u64 head;

	if (del)
		copy_out(d, d->head + at, del, old);

	if (ins > del)
		take_room(d, ins - del, front, room);

	if (front && ins != del) {
		if (ins > del)
			make_way_front(d, ins - del);
		head = d->head + del - ins;
		if (ins > del)
			move_values(d, head, d->head, at);
		else
			move_values_up(d, head, d->head, at);
		WRITE_ONCE(d->head, head & (dir_slots(d) * KSHARE_CHUNK - 1));
	} else if (ins > del) {
		make_way_back(d, ins - del);
		move_values_up(d, d->head + at + ins, d->head + at + del, tail);
	} else if (ins < del) {
		move_values(d, d->head + at + ins, d->head + at + del, tail);
	}

	WRITE_ONCE(d->count, d->count + ins - del);
	if (ins)
		copy_in(d, d->head + at, ins, new);
}

void kshare_deque_reverse(struct kshare_deque *d, bool may_sleep)
{
	u64 low, high;

	if (!d->count)
		return;

	for (low = 0, high = d->count - 1; low < high; low++, high--) {
		swap(*kshare_deque_at(d, low), *kshare_deque_at(d, high));
		if (may_sleep && low % RESCHED_BATCH == 0)
			cond_resched();
	}
}

/* ------------------------------------------------------------------ */
/* Beginning and end                                                   */
/* ------------------------------------------------------------------ */

void kshare_deque_init(struct kshare_deque *d)
{
	*d = (struct kshare_deque){ .head = FIRST_SLOT };
}

void kshare_deque_destroy(struct kshare_deque *d, struct kshare_doom *doom)
{
	u64 n;

	for (n = 0; n < d->count; n++) {
		kshare_val_put(kshare_deque_at(d, n), doom);
		if (n % RESCHED_BATCH == 0)
			cond_resched();
	}
	while (d->chunks)
		kfree(take_first(d));
	kvfree(d->dir);
	kshare_deque_init(d);
}

size_t kshare_deque_size(const struct kshare_deque *d)
{
	size_t size = d->chunks * sizeof(struct kshare_chunk);

	return d->dir ? size + dir_slots(d) * sizeof(*d->dir) : size;
}

/* Nothing refers to places in an empty deque, so it may begin anew. */
static bool trim_empty(struct kshare_deque *d, struct kshare_deque_room *room)
{
	u64 keep = d->dir_bits > KEEP_DIR_BITS && !room->dir ? 0 : 1;
	u32 n;

	for (n = 0; n < TRIM_BATCH && d->chunks > keep; n++)
		room_push(room, take_last(d));
	if (d->chunks > keep)
		return true;

	WRITE_ONCE(d->head, d->first * KSHARE_CHUNK + FIRST_SLOT);
	if (!keep) {
		room->dir = d->dir;
		room->dir_bits = d->dir_bits;
		kshare_deque_init(d);
	}
	return false;
}

bool kshare_deque_trim(struct kshare_deque *d, struct kshare_deque_room *room)
{
	u64 before, behind;
	u32 n;

	if (!d->count)
		return trim_empty(d, room);

	before = lead(d);
	behind = d->chunks - before - live(d);
	for (n = 0; n < TRIM_BATCH && before > 1; n++, before--)
		room_push(room, take_first(d));
	for (; n < TRIM_BATCH && behind > 1; n++, behind--)
		room_push(room, take_last(d));
	return before > 1 || behind > 1;
}

/* ------------------------------------------------------------------ */
/* Sorting                                                             */
/* ------------------------------------------------------------------ */

/* Runs of so many are sorted by insertion first. */
#define SORT_RUN	8

struct sort {
	bool reverse;
	u32 work;
};

/* All values of an array that can be sorted are of one class, and not of class 0. */
static u8 sort_class(const struct kshare_val *v)
{
	switch (v->type) {
	case KSHARE_BOOL:
	case KSHARE_INT:
	case KSHARE_UINT:
		return KSHARE_INT;
	case KSHARE_FLOAT:
		return kshare_f64_is_nan(v->u) ? 0 : KSHARE_INT;
	case KSHARE_STR:
	case KSHARE_BYTES:
		return v->type;
	}
	return 0;
}

static void sort_work(struct sort *s, u32 work)
{
	s->work += work;
	if (s->work >= RESCHED_BATCH) {
		cond_resched();
		s->work = 0;
	}
}

/* Does @a, which stands before @b, belong after it? */
static bool sort_after(struct sort *s, const struct kshare_val *a, const struct kshare_val *b)
{
	int order;

	if (a->type == KSHARE_INT && b->type == KSHARE_INT) {
		sort_work(s, 1);
		return s->reverse ? a->i < b->i : a->i > b->i;
	}

	sort_work(s, a->type >= KSHARE_STR ? 1 + min(a->len, b->len) / 64 : 1);
	if (kshare_val_compare(a, b, &order))
		return false;
	return s->reverse ? order < 0 : order > 0;
}

static void sort_insertion(struct sort *s, struct kshare_val *v, u64 n)
{
	struct kshare_val x;
	u64 i, j;

	for (i = 1; i < n; i++) {
		x = v[i];
		for (j = i; j && sort_after(s, &v[j - 1], &x); j--)
			v[j] = v[j - 1];
		v[j] = x;
	}
}

/* Merges from[0..mid) and from[mid..n) into @to. */
static void sort_merge(struct sort *s, struct kshare_val *to, const struct kshare_val *from,
		       u64 mid, u64 n)
{
	u64 i = 0, j = mid, k;

	for (k = 0; k < n; k++) {
		if (j == n || (i < mid && !sort_after(s, &from[i], &from[j])))
			to[k] = from[i++];
		else
			to[k] = from[j++];
	}
}

static void sort_copy(struct sort *s, struct kshare_val *to, const struct kshare_val *from, u64 n)
{
	u64 i, run;

	for (i = 0; i < n; i += run) {
		run = min_t(u64, n - i, RESCHED_BATCH);
		memcpy(&to[i], &from[i], run * sizeof(*to));
		sort_work(s, run);
	}
}

int kshare_sort(struct kshare_val *v, struct kshare_val *tmp, u64 n, bool reverse)
{
	struct sort s = { .reverse = reverse };
	struct kshare_val *from = v, *to = tmp;
	u64 i, width;

	for (i = 0; i < n; i++) {
		if (!sort_class(&v[i]) || sort_class(&v[i]) != sort_class(&v[0]))
			return -EDOM;
		sort_work(&s, 1);
	}

	for (i = 0; i < n; i += SORT_RUN)
		sort_insertion(&s, &v[i], min_t(u64, n - i, SORT_RUN));

	for (width = SORT_RUN; width < n; width *= 2) {
		for (i = 0; i < n; i += 2 * width) {
			u64 mid = min(width, n - i), end = min(2 * width, n - i);

			if (mid == end || !sort_after(&s, &from[i + mid - 1], &from[i + mid]))
				sort_copy(&s, &to[i], &from[i], end);
			else
				sort_merge(&s, &to[i], &from[i], mid, end);
		}
		swap(from, to);
	}
	if (from != v)
		sort_copy(&s, v, from, n);
	return 0;
}
