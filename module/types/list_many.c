// SPDX-License-Identifier: GPL-2.0-only
/* Lists: slices, searches, reverse, sort, clear. */
#include "../lockset.h"
#include "list.h"
#include "types.h"

/* Python's slice: where it begins, how far apart, and how many. */
struct kshare_slice {
	u64 first;
	s64 step;
	u64 count;
};

static s64 kshare_slice_bound(const struct kshare_val *v, s64 count, s64 least, s64 most,
			      s64 dflt)
{
	s64 i;

	if (v->type == KSHARE_NONE)
		return dflt;
	if (v->type == KSHARE_UINT)
		return most;
	i = v->i;
	if (i < 0) {
		i += count;
		return max(i, least);
	}
	return min(i, most);
}

static int kshare_slice_get(const struct kshare_run *run, s64 count, struct kshare_slice *s)
{
	s64 step = (s32)run->nr ?: 1, start, stop;

	if (step > 0) {
		start = kshare_slice_bound(&run->key, count, 0, count, 0);
		stop = kshare_slice_bound(&run->expect, count, 0, count, count);
		s->count = stop > start ? (stop - start - 1) / step + 1 : 0;
	} else {
		start = kshare_slice_bound(&run->key, count, -1, count - 1, count - 1);
		stop = kshare_slice_bound(&run->expect, count, -1, count - 1, -1);
		s->count = start > stop ? (start - stop - 1) / -step + 1 : 0;
	}
	s->first = s->count || step > 0 ? start : 0;
	s->step = step;
	return 0;
}

static struct kshare_val *kshare_slice_at(const struct kshare_run *run,
					  const struct kshare_slice *s, u64 i)
{
	return kshare_deque_at(&kshare_list_of(run)->deque, s->first + s->step * (s64)i);
}

int kshare_list_slice_prepare(struct kshare_run *run)
{
	struct kshare_slice s;
	u64 room;

	if (!run->out_addr)
		return -EINVAL;
	kshare_slice_get(run, READ_ONCE(kshare_list_of(run)->deque.count), &s);
	if (s.count > KSHARE_SPIN_ELEMENTS)
		run->own = true;
	/* What does not fit the caller's buffer is only measured. */
	room = (run->out_len - sizeof(struct kshare_result)) / sizeof(struct kshare_value);
	return kshare_run_out(run, min(room, s.count + run->slack));
}

int kshare_list_slice(struct kshare_run *run)
{
	struct kshare_slice s;
	u64 i;

	kshare_slice_get(run, kshare_list_of(run)->deque.count, &s);
	if (s.count > KSHARE_SPIN_ELEMENTS && !run->owned)
		return KSHARE_MUST_OWN;
	run->size = sizeof(struct kshare_result) + s.count * sizeof(struct kshare_value);
	if (run->size > run->out_len) {
		for (i = 0; i < s.count; i++) {
			run->size += kshare_val_tail(kshare_slice_at(run, &s, i));
			if (run->owned)
				cond_resched();
		}
		return -ENOBUFS;
	}
	if (s.count > run->out_room)
		return KSHARE_MUST_PREPARE;
	for (i = 0; i < s.count; i++) {
		kshare_give(run, kshare_slice_at(run, &s, i));
		if (run->owned)
			cond_resched();
	}
	run->number = run->obj->version;
	return s.count;
}

int kshare_list_extend_prepare(struct kshare_run *run)
{
	int ret = kshare_list_old_room(run, 1);

	return ret ?: kshare_deque_prepare(&kshare_list_of(run)->deque,
					   (u64)run->vec_count + run->slack, &run->u.list.room);
}

int kshare_list_extend(struct kshare_run *run)
{
	const struct kshare_deque *d = &kshare_list_of(run)->deque;
	int ret = 0;

	if (run->vec_count)
		ret = kshare_list_change(run, d->count, 0, run->vec_count, run->vec);
	run->number = d->count;
	return ret;
}

/* The run of elements that a slice lies in. */
static u64 kshare_slice_low(const struct kshare_slice *s)
{
	return s->step > 0 ? s->first : s->first + s->step * (s64)(s->count - 1);
}

static u64 kshare_slice_span(const struct kshare_slice *s)
{
	return s->count ? abs(s->step) * (s->count - 1) + 1 : 0;
}

/* The element of the vector that goes to the @i-th place from below. */
static u64 kshare_slice_source(const struct kshare_slice *s, u64 i)
{
	return s->step > 0 ? i : s->count - 1 - i;
}

int kshare_list_slice_set_prepare(struct kshare_run *run)
{
	struct kshare_slice s;
	u64 span;
	int ret;

	kshare_slice_get(run, READ_ONCE(kshare_list_of(run)->deque.count), &s);
	span = kshare_slice_span(&s) + run->slack;
	ret = kshare_list_old_room(run, span);
	if (!ret && s.step != 1)
		ret = kshare_list_spare_room(run, span);
	return ret ?: kshare_list_extend_prepare(run);
}

/*
 * With a step: the span is put in again with every so manieth element replaced.
 * The others are in both, the old ones and the new ones, and only moved.
 */
static int kshare_list_stride_set(struct kshare_run *run, const struct kshare_slice *s)
{
	u64 i, low = kshare_slice_low(s), span = kshare_slice_span(s), stride = abs(s->step);
	const struct kshare_deque *d = &kshare_list_of(run)->deque;
	struct kshare_list_state *state = &run->u.list;
	int ret;

	if (!span)
		return 0;
	if (span > KSHARE_SPIN_ELEMENTS && !run->owned)
		return KSHARE_MUST_OWN;
	if (span > state->spare_room)
		return KSHARE_MUST_PREPARE;
	for (i = 0; i < span; i++) {
		state->spare[i] = i % stride ? *kshare_deque_at(d, low + i) :
				  run->vec[kshare_slice_source(s, i / stride)];
		if (run->owned)
			cond_resched();
	}
	ret = kshare_list_change(run, low, span, span, state->spare);
	if (!ret) {
		state->stride = stride;
		/* @undo brings them back from @spare. */
		state->reverse_source = s->step < 0;
		state->from_vec = true;
		memset(run->vec, 0, run->vec_count * sizeof(*run->vec));
	}
	return ret;
}

int kshare_list_slice_set(struct kshare_run *run)
{
	const struct kshare_deque *d = &kshare_list_of(run)->deque;
	struct kshare_slice s;
	int ret;

	kshare_slice_get(run, d->count, &s);
	if (s.step == 1)
		ret = s.count || run->vec_count ?
			kshare_list_change(run, s.first, s.count, run->vec_count, run->vec) : 0;
	else if (s.count != run->vec_count)
		ret = -EINVAL;
	else
		ret = kshare_list_stride_set(run, &s);
	run->number = d->count;
	return ret;
}

int kshare_list_slice_delete_prepare(struct kshare_run *run)
{
	struct kshare_slice s;
	int ret;

	kshare_slice_get(run, READ_ONCE(kshare_list_of(run)->deque.count), &s);
	ret = kshare_list_old_room(run, kshare_slice_span(&s) + run->slack);
	return ret ?: kshare_list_spare_room(run, kshare_slice_span(&s) - s.count + run->slack);
}

/* The span is put in again without those that go. */
int kshare_list_slice_delete(struct kshare_run *run)
{
	const struct kshare_deque *d = &kshare_list_of(run)->deque;
	struct kshare_list_state *state = &run->u.list;
	u64 i, low, span, stride, kept = 0;
	struct kshare_slice s;
	int ret;

	kshare_slice_get(run, d->count, &s);
	low = kshare_slice_low(&s);
	span = kshare_slice_span(&s);
	stride = abs(s.step);
	run->number = d->count;
	if (!span)
		return 0;
	if (span > KSHARE_SPIN_ELEMENTS && !run->owned)
		return KSHARE_MUST_OWN;
	if (span - s.count > state->spare_room)
		return KSHARE_MUST_PREPARE;
	for (i = 0; i < span; i++) {
		if (i % stride)
			state->spare[kept++] = *kshare_deque_at(d, low + i);
		if (run->owned)
			cond_resched();
	}
	ret = kshare_list_change(run, low, span, kept, state->spare);
	if (ret)
		return ret;
	state->stride = stride;
	run->number = d->count;
	return s.count;
}

/* ---- searches ---- */

/* The first equal element from @i up to @end, or @end; the rest is KSHARE_MUST_OWN's. */
static u64 kshare_list_find(const struct kshare_run *run, u64 i, u64 end)
{
	const struct kshare_deque *d = &kshare_list_of(run)->deque;

	for (; i < end; i++) {
		if (kshare_val_equal(kshare_deque_at(d, i), &run->value))
			break;
		if (run->owned)
			cond_resched();
	}
	return i;
}

static bool kshare_list_too_long(const struct kshare_run *run)
{
	return kshare_list_of(run)->deque.count > KSHARE_SPIN_ELEMENTS && !run->owned;
}

int kshare_list_index(struct kshare_run *run)
{
	struct kshare_slice s;

	if (kshare_list_too_long(run))
		return KSHARE_MUST_OWN;
	kshare_slice_get(run, kshare_list_of(run)->deque.count, &s);
	run->number = kshare_list_find(run, s.first, s.first + s.count);
	return run->number < s.first + s.count ? 0 : -ENOENT;
}

int kshare_list_count(struct kshare_run *run)
{
	u64 i, count = kshare_list_of(run)->deque.count, n = 0;

	if (kshare_list_too_long(run))
		return KSHARE_MUST_OWN;
	for (i = kshare_list_find(run, 0, count); i < count;
	     i = kshare_list_find(run, i + 1, count))
		n++;
	run->number = n;
	return 0;
}

int kshare_list_contains(struct kshare_run *run)
{
	u64 count = kshare_list_of(run)->deque.count;

	if (kshare_list_too_long(run))
		return KSHARE_MUST_OWN;
	return kshare_list_find(run, 0, count) < count;
}

int kshare_list_remove(struct kshare_run *run)
{
	u64 i, count = kshare_list_of(run)->deque.count;
	int ret;

	if (kshare_list_too_long(run))
		return KSHARE_MUST_OWN;
	i = kshare_list_find(run, 0, count);
	if (i == count)
		return -ENOENT;
	/* Nothing is put in; the value stays what to look for. */
	ret = kshare_list_change(run, i, 1, 0, NULL);
	run->number = i;
	return ret;
}

/* ---- all of it ---- */

int kshare_list_reverse(struct kshare_run *run)
{
	struct kshare_list *list = kshare_list_of(run);

	if (kshare_list_too_long(run))
		return KSHARE_MUST_OWN;
	kshare_deque_reverse(&list->deque, run->owned);
	run->u.list.reversed = true;
	run->number = kshare_touch(run);
	return 0;
}

int kshare_list_sort_prepare(struct kshare_run *run)
{
	u64 count = READ_ONCE(kshare_list_of(run)->deque.count) + run->slack;
	int ret;

	/* kshare_sort() takes its time. */
	run->own = true;
	ret = kshare_list_old_room(run, count);
	return ret ?: kshare_list_spare_room(run, 2 * count);
}

int kshare_list_sort(struct kshare_run *run)
{
	const struct kshare_deque *d = &kshare_list_of(run)->deque;
	struct kshare_list_state *state = &run->u.list;
	u64 i, n = d->count;
	int ret;

	if (2 * n > state->spare_room || n > state->old_room)
		return KSHARE_MUST_PREPARE;
	for (i = 0; i < n; i++) {
		state->spare[i] = *kshare_deque_at(d, i);
		cond_resched();
	}
	ret = kshare_sort(state->spare, state->spare + n, n, run->flags & KSHARE_REVERSE);
	if (ret || !n)
		return ret;
	ret = kshare_list_change(run, 0, n, n, state->spare);
	if (ret)
		return ret;
	/* All old ones are there again. */
	state->stride = 0;
	run->number = run->obj->version;
	return 0;
}

int kshare_list_clear_prepare(struct kshare_run *run)
{
	if (run->u.list.cleared)
		return 0;
	run->u.list.cleared = kzalloc(sizeof(*run->u.list.cleared), GFP_KERNEL_ACCOUNT);
	return run->u.list.cleared ? 0 : -ENOMEM;
}

int kshare_list_clear(struct kshare_run *run)
{
	struct kshare_list *list = kshare_list_of(run);
	struct kshare_list_state *state = &run->u.list;

	kshare_deque_init(state->cleared);
	swap(list->deque, *state->cleared);
	list->deque_bytes = 0;
	state->cleared_bytes = list->obj.bytes - sizeof(*list);
	kshare_object_regrow(&list->obj, -(s64)state->cleared_bytes);
	state->done = true;
	run->number = kshare_touch(run);
	return 0;
}
