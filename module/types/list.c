// SPDX-License-Identifier: GPL-2.0-only
/*
 * Lists: values by index.
 *
 * Every change is one splice, which can be undone: what was taken out waits in
 * the run until it is over.  list_many.c has slices and what looks at all
 * elements.
 */
#include "../lockset.h"
#include "list.h"
#include "types.h"

static int kshare_list_init(struct kshare_object *obj, const struct kshare_create *how)
{
	kshare_deque_init(&container_of(obj, struct kshare_list, obj)->deque);
	return 0;
}

static void kshare_list_destroy(struct kshare_object *obj, struct kshare_doom *doom)
{
	kshare_deque_destroy(&container_of(obj, struct kshare_list, obj)->deque, doom);
}

/* Charges for what chunks and directory became. */
static void kshare_list_settle_bytes(struct kshare_list *list)
{
	u64 now = kshare_deque_size(&list->deque);

	if (now == list->deque_bytes)
		return;
	kshare_object_regrow(&list->obj, (s64)now - (s64)list->deque_bytes);
	list->deque_bytes = now;
}

static void kshare_list_empty(struct kshare_object *obj, struct kshare_doom *doom)
{
	struct kshare_list *list = container_of(obj, struct kshare_list, obj);
	struct kshare_deque old;

	kshare_object_lock(obj);
	old = list->deque;
	kshare_deque_init(&list->deque);
	list->deque_bytes = 0;
	kshare_object_regrow(obj, -(s64)(obj->bytes - sizeof(*list)));
	kshare_object_unlock(obj);
	kshare_deque_destroy(&old, doom);
}

static int kshare_list_refs(struct kshare_object *obj, u64 *at, struct kshare_scan *scan,
			    bool owned)
{
	struct kshare_deque *d = &container_of(obj, struct kshare_list, obj)->deque;

	for (; *at < d->count; (*at)++) {
		if (!scan->left)
			return 1;
		kshare_scan_val(scan, kshare_deque_at(d, *at));
	}
	return 0;
}

static void kshare_list_stat(struct kshare_object *obj, struct kshare_stat *stat)
{
	stat->length = container_of(obj, struct kshare_list, obj)->deque.count;
}

const struct kshare_type_ops kshare_list_type = {
	.type = KSHARE_TYPE_LIST,
	.size = sizeof(struct kshare_list),
	.init = kshare_list_init,
	.destroy = kshare_list_destroy,
	.empty = kshare_list_empty,
	.refs = kshare_list_refs,
	.stat = kshare_list_stat,
};

bool kshare_list_index_of(const struct kshare_run *run, const struct kshare_val *v, u64 *index)
{
	u64 count = kshare_list_of(run)->deque.count;
	u64 i = v->u;

	if (v->type == KSHARE_INT && v->i < 0)
		i += count;
	if (i >= count)
		return false;
	*index = array_index_nospec(i, count);
	return true;
}

/* ---- changes ---- */

static s64 kshare_vals_bytes(const struct kshare_val *v, u64 n)
{
	s64 bytes = 0;
	u64 i;

	for (i = 0; i < n; i++)
		bytes += kshare_val_size(&v[i]);
	return bytes;
}

static s64 kshare_list_bytes(const struct kshare_deque *d, u64 at, u64 n)
{
	s64 bytes = 0;
	u64 i;

	for (i = 0; i < n; i++)
		bytes += kshare_val_size(kshare_deque_at(d, at + i));
	return bytes;
}

/* Memory for the elements that a change takes out; may sleep. */
int kshare_list_old_room(struct kshare_run *run, u64 count)
{
	struct kshare_list_state *s = &run->u.list;

	if (!s->old) {
		s->old = &s->one;
		s->old_room = 1;
	}
	if (count <= s->old_room)
		return 0;
	if (s->old != &s->one)
		kvfree(s->old);
	s->old_room = 0;
	s->old = kvmalloc_array(count, sizeof(*s->old), GFP_KERNEL_ACCOUNT);
	if (!s->old)
		return -ENOMEM;
	s->old_room = count;
	return 0;
}

int kshare_list_spare_room(struct kshare_run *run, u64 count)
{
	struct kshare_list_state *s = &run->u.list;

	if (count <= s->spare_room)
		return 0;
	kvfree(s->spare);
	s->spare_room = 0;
	s->spare = kvmalloc_array(count, sizeof(*s->spare), GFP_KERNEL_ACCOUNT);
	if (!s->spare)
		return -ENOMEM;
	s->spare_room = count;
	return 0;
}

/**
 * kshare_list_change() - replaces a run of elements
 * @run: run; the list is locked, and nothing was changed by this run yet
 * @at: where
 * @del: how many go
 * @ins: how many come
 * @new: those that come; taken over
 *
 * Return: 0 or an error, KSHARE_MUST_PREPARE or KSHARE_MUST_OWN, and nothing has
 *	changed.
 */
int kshare_list_change(struct kshare_run *run, u64 at, u64 del, u64 ins, struct kshare_val *new)
{
	struct kshare_list *list = kshare_list_of(run);
	struct kshare_list_state *s = &run->u.list;
	s64 values, chunks = 0;
	int ret;

	if (!run->owned &&
	    kshare_deque_cost(&list->deque, at, del, ins) + del + ins > KSHARE_SPIN_ELEMENTS)
		return KSHARE_MUST_OWN;
	if (del > s->old_room ||
	    (ins > del && !kshare_deque_fits(&list->deque, ins - del, &s->room)))
		return KSHARE_MUST_PREPARE;

	/* Room for them is charged as such at first, and as what it takes after that. */
	if (ins > del)
		chunks = (ins - del) * sizeof(*new);
	values = kshare_vals_bytes(new, ins) - kshare_list_bytes(&list->deque, at, del);
	ret = kshare_object_grow(&list->obj, chunks + values);
	if (ret)
		return ret;
	kshare_deque_splice(&list->deque, at, del, ins, new, s->old, &s->room);
	kshare_object_regrow(&list->obj, -chunks);
	kshare_list_settle_bytes(list);
	if (ins)
		memset(new, 0, ins * sizeof(*new));

	s->done = true;
	s->at = at;
	s->del = del;
	s->ins = ins;
	s->new = new;
	s->stride = 1;
	s->from_vec = false;
	kshare_touch(run);
	return 0;
}

void kshare_list_undo(struct kshare_run *run)
{
	struct kshare_list *list = kshare_list_of(run);
	struct kshare_list_state *s = &run->u.list;

	if (s->reversed) {
		kshare_deque_reverse(&list->deque, run->owned);
		s->reversed = false;
		return;
	}
	if (!s->done)
		return;
	if (s->cleared) {
		swap(list->deque, *s->cleared);
		list->deque_bytes = kshare_deque_size(&list->deque);
		kshare_object_regrow(&list->obj, s->cleared_bytes);
		s->done = false;
		return;
	}
	kshare_object_regrow(&list->obj, kshare_vals_bytes(s->old, s->del) -
					 kshare_list_bytes(&list->deque, s->at, s->ins));
	kshare_deque_splice(&list->deque, s->at, s->ins, s->del, s->old, s->new, &s->room);
	kshare_list_settle_bytes(list);
	if (s->from_vec) {
		u64 i, n = run->vec_count;

		for (i = 0; i < n; i++)
			run->vec[s->reverse_source ? n - 1 - i : i] = s->spare[i * s->stride];
		s->from_vec = false;
	}
	s->done = false;
	s->del = 0;
}

void kshare_list_finish(struct kshare_run *run)
{
	struct kshare_list_state *s = &run->u.list;
	u64 i;

	if (s->done && !s->cleared && s->stride) {
		for (i = 0; i < s->del; i += s->stride) {
			kshare_val_put(&s->old[i], &run->doom);
			if (!(i % 1024))
				cond_resched();
		}
	}
	if (s->old != &s->one)
		kvfree(s->old);
	kvfree(s->spare);
	kshare_deque_room_free(&s->room);
	if (s->cleared) {
		kshare_deque_destroy(s->cleared, &run->doom);
		kfree(s->cleared);
	}
}

/* ---- operations on one element ---- */

int kshare_list_set_prepare(struct kshare_run *run)
{
	return kshare_list_old_room(run, 1);
}

int kshare_list_append_prepare(struct kshare_run *run)
{
	int ret = kshare_list_old_room(run, 1);

	return ret ?: kshare_deque_prepare(&kshare_list_of(run)->deque, 1 + run->slack,
					   &run->u.list.room);
}

int kshare_list_remove_prepare(struct kshare_run *run)
{
	return kshare_list_old_room(run, 1);
}

/* Gives memory back that a removal left over; a bounded part. */
static void kshare_list_trim(struct kshare_run *run)
{
	struct kshare_list *list = kshare_list_of(run);

	/* An undo must find the chunks where they were. */
	if (run->atomic || run->out_addr)
		return;
	kshare_deque_trim(&list->deque, &run->u.list.room);
	kshare_list_settle_bytes(list);
}

int kshare_list_get(struct kshare_run *run)
{
	u64 i;

	if (!kshare_list_index_of(run, &run->key, &i))
		return -ERANGE;
	kshare_give(run, kshare_deque_at(&kshare_list_of(run)->deque, i));
	return 0;
}

int kshare_list_set(struct kshare_run *run)
{
	u64 i;

	if (!kshare_list_index_of(run, &run->key, &i))
		return -ERANGE;
	return kshare_list_change(run, i, 1, 1, &run->value);
}

/* What all operations that change the length answer. */
static int kshare_list_answer_length(struct kshare_run *run, int ret)
{
	run->number = kshare_list_of(run)->deque.count;
	return ret;
}

int kshare_list_append(struct kshare_run *run)
{
	u64 count = kshare_list_of(run)->deque.count;

	return kshare_list_answer_length(run, kshare_list_change(run, count, 0, 1, &run->value));
}

int kshare_list_insert(struct kshare_run *run)
{
	u64 count = kshare_list_of(run)->deque.count;
	u64 i = run->key.u;

	if (run->key.type == KSHARE_INT && run->key.i < 0)
		i = -i > count ? 0 : count + i;
	i = min(i, count);
	return kshare_list_answer_length(run, kshare_list_change(run, i, 0, 1, &run->value));
}

static int kshare_list_take_out(struct kshare_run *run, u64 i)
{
	int ret = kshare_list_change(run, i, 1, 0, &run->value);

	if (!ret)
		kshare_list_trim(run);
	return ret;
}

int kshare_list_pop(struct kshare_run *run)
{
	const struct kshare_deque *d = &kshare_list_of(run)->deque;
	u64 i = d->count - 1;

	if (!d->count)
		return -ENOENT;
	if (run->key.type != KSHARE_NONE && !kshare_list_index_of(run, &run->key, &i))
		return -ERANGE;
	kshare_give(run, kshare_deque_at(d, i));
	return kshare_list_take_out(run, i);
}

int kshare_list_delete(struct kshare_run *run)
{
	u64 i;

	if (!kshare_list_index_of(run, &run->key, &i))
		return -ERANGE;
	return kshare_list_answer_length(run, kshare_list_take_out(run, i));
}

int kshare_list_len(struct kshare_run *run)
{
	return kshare_list_answer_length(run, 0);
}

int kshare_list_add(struct kshare_run *run)
{
	bool wrap = run->flags & KSHARE_WRAP;
	struct kshare_val *sum;
	u64 i;
	int ret;

	if (!kshare_list_index_of(run, &run->key, &i))
		return -ERANGE;
	/* An undo leaves the sum there, and the next try computes it again. */
	sum = &run->expect;
	ret = kshare_val_add(kshare_deque_at(&kshare_list_of(run)->deque, i), &run->value, wrap,
			     sum);
	if (ret)
		return ret;
	ret = kshare_list_change(run, i, 1, 1, sum);
	if (!ret)
		kshare_give(run, kshare_deque_at(&kshare_list_of(run)->deque, i));
	return ret;
}

int kshare_list_cas(struct kshare_run *run)
{
	const struct kshare_val *v;
	u64 i;
	int ret;

	if (!kshare_list_index_of(run, &run->key, &i))
		return -ERANGE;
	v = kshare_deque_at(&kshare_list_of(run)->deque, i);
	kshare_give(run, v);
	if (!kshare_val_same(v, &run->expect))
		return 0;
	ret = kshare_list_change(run, i, 1, 1, &run->value);
	return ret ?: 1;
}

int kshare_list_check(struct kshare_run *run)
{
	u64 i;

	if (!kshare_list_index_of(run, &run->key, &i))
		return -ERANGE;
	return kshare_val_same(kshare_deque_at(&kshare_list_of(run)->deque, i), &run->expect) ?
		0 : -ESTALE;
}
