// SPDX-License-Identifier: GPL-2.0-only
/*
 * Cells: one value.
 *
 * A cell of a fixed numeric type is one 64-bit word, changed by compare-and-
 * exchange alone, so that it can later lie in a page that its users map.  Any
 * other value takes part in the object's lock and sequence count.
 */
#include "../command.h"
#include "../lockset.h"
#include "types.h"

/**
 * struct kshare_cell - a cell
 * @obj: object
 * @elem: enum kshare_elem
 * @word: the value of a fixed type
 * @val: else the value, owned
 */
struct kshare_cell {
	struct kshare_object obj;
	u32 elem;
	atomic64_t word;
	struct kshare_val val;
};

static struct kshare_cell *kshare_cell_of(const struct kshare_run *run)
{
	return container_of(run->obj, struct kshare_cell, obj);
}

static int kshare_cell_init(struct kshare_object *obj, const struct kshare_create *how)
{
	struct kshare_cell *cell = container_of(obj, struct kshare_cell, obj);
	u64 bits = 0;
	int ret;

	cell->elem = how->elem;
	switch (how->elem) {
	case KSHARE_ELEM_ANY:
		ret = kshare_object_grow(obj, kshare_val_size(how->value));
		if (ret)
			return ret;
		obj->refers = how->value->type >= KSHARE_REF;
		cell->val = *how->value;
		*how->value = (struct kshare_val){};
		return 0;
	case KSHARE_ELEM_I64:
	case KSHARE_ELEM_U64:
	case KSHARE_ELEM_F64:
		if (how->value->type != KSHARE_NONE) {
			ret = kshare_elem_store(how->elem, how->value, &bits);
			if (ret)
				return ret;
		}
		atomic64_set(&cell->word, bits);
		return 0;
	}
	return -EOPNOTSUPP;
}

static void kshare_cell_destroy(struct kshare_object *obj, struct kshare_doom *doom)
{
	kshare_val_put(&container_of(obj, struct kshare_cell, obj)->val, doom);
}

static void kshare_cell_empty(struct kshare_object *obj, struct kshare_doom *doom)
{
	struct kshare_cell *cell = container_of(obj, struct kshare_cell, obj);
	struct kshare_val old;

	kshare_object_lock(obj);
	kshare_object_write_begin(obj);
	kshare_object_grow(obj, -(s64)kshare_val_size(&cell->val));
	old = cell->val;
	cell->val = (struct kshare_val){};
	kshare_object_write_end(obj);
	kshare_object_unlock(obj);
	kshare_val_put(&old, doom);
}

static int kshare_cell_refs(struct kshare_object *obj, u64 *at, struct kshare_scan *scan,
			    bool owned)
{
	kshare_scan_val(scan, &container_of(obj, struct kshare_cell, obj)->val);
	return 0;
}

static void kshare_cell_stat(struct kshare_object *obj, struct kshare_stat *stat)
{
	stat->elem = container_of(obj, struct kshare_cell, obj)->elem;
	stat->length = 1;
}

const struct kshare_type_ops kshare_cell_type = {
	.type = KSHARE_TYPE_CELL,
	.size = sizeof(struct kshare_cell),
	.init = kshare_cell_init,
	.destroy = kshare_cell_destroy,
	.empty = kshare_cell_empty,
	.refs = kshare_cell_refs,
	.stat = kshare_cell_stat,
};

static struct kshare_val kshare_cell_load(const struct kshare_cell *cell)
{
	if (cell->elem == KSHARE_ELEM_ANY)
		return cell->val;
	return kshare_elem_load(cell->elem, atomic64_read(&cell->word));
}

/*
 * Stores @v; &kshare_run.value is taken over, anything else is a number.  What
 * was there before goes to the run, for undo, and is let go in @finish.
 */
static int kshare_cell_store(struct kshare_run *run, struct kshare_val *v)
{
	struct kshare_cell *cell = kshare_cell_of(run);
	u64 bits;
	int ret;

	if (cell->elem != KSHARE_ELEM_ANY) {
		ret = kshare_elem_store(cell->elem, v, &bits);
		if (ret)
			return ret;
		run->u.cell.old_bits = atomic64_xchg(&cell->word, bits);
	} else {
		ret = kshare_object_grow(run->obj, (s64)kshare_val_size(v) -
						   (s64)kshare_val_size(&cell->val));
		if (ret)
			return ret;
		run->u.cell.old = cell->val;
		run->u.cell.taken = v == &run->value;
		cell->val = *v;
		*v = (struct kshare_val){};
	}
	run->number = kshare_touch(run);
	return 0;
}

void kshare_cell_undo(struct kshare_run *run)
{
	struct kshare_cell *cell = kshare_cell_of(run);

	if (!run->changed)
		return;
	if (cell->elem != KSHARE_ELEM_ANY) {
		atomic64_set(&cell->word, run->u.cell.old_bits);
		return;
	}
	kshare_object_regrow(run->obj, (s64)kshare_val_size(&run->u.cell.old) -
				       (s64)kshare_val_size(&cell->val));
	if (run->u.cell.taken)
		run->value = cell->val;
	cell->val = run->u.cell.old;
	run->u.cell.old = (struct kshare_val){};
}

void kshare_cell_finish(struct kshare_run *run)
{
	kshare_val_put(&run->u.cell.old, &run->doom);
}

/* Everything that the table would check, and then a number. */
int kshare_cell_get_quick(struct kshare_client *client, const struct kshare_cmd *cmd)
{
	struct kshare_handle *handle = kshare_handle_load(client, cmd->handle);
	const struct kshare_cell *cell;
	struct kshare_val v;
	unsigned int seq;
	u64 version;

	if (unlikely(!handle || handle->obj->type != KSHARE_TYPE_CELL ||
		     !(handle->rights & KSHARE_RIGHT_READ)))
		return KSHARE_NOT_QUICK;
	if (unlikely(cmd->flags | cmd->nr | cmd->tag | cmd->deadline |
		     *(const u64 *)&cmd->key | cmd->key.u |
		     *(const u64 *)&cmd->value | cmd->value.u))
		return KSHARE_NOT_QUICK;
	if (unlikely(!cmd->out || cmd->out_len > KSHARE_MAX_OUT ||
		     cmd->out_len < sizeof(struct kshare_result) + sizeof(struct kshare_value)))
		return KSHARE_NOT_QUICK;

	cell = container_of(handle->obj, struct kshare_cell, obj);
	seq = raw_seqcount_begin(&cell->obj.seq);
	version = READ_ONCE(cell->obj.version);
	/* It may be torn; the sequence count tells. */
	v = cell->elem == KSHARE_ELEM_ANY ? data_race(cell->val) : kshare_cell_load(cell);
	if (unlikely(read_seqcount_retry(&cell->obj.seq, seq) || kshare_val_slow(&v)))
		return KSHARE_NOT_QUICK;
	return kshare_put_small(cmd->out, 0, version, &v, false) ? KSHARE_NOT_QUICK : 0;
}

int kshare_cell_get_read(struct kshare_run *run)
{
	const struct kshare_cell *cell = kshare_cell_of(run);

	run->number = READ_ONCE(run->obj->version);
	if (cell->elem == KSHARE_ELEM_ANY)
		return kshare_give_rcu(run, &cell->val) ? 0 : -EAGAIN;
	run->out[run->out_count++] = kshare_cell_load(cell);
	return 0;
}

int kshare_cell_get(struct kshare_run *run)
{
	struct kshare_val v = kshare_cell_load(kshare_cell_of(run));

	kshare_give(run, &v);
	run->number = run->obj->version;
	return 0;
}

int kshare_cell_set(struct kshare_run *run)
{
	return kshare_cell_store(run, &run->value);
}

/* The old value is in the result; what undo needs is apart from that. */
int kshare_cell_swap(struct kshare_run *run)
{
	struct kshare_val old = kshare_cell_load(kshare_cell_of(run));
	int ret = kshare_cell_store(run, &run->value);

	if (!ret)
		kshare_give(run, &old);
	return ret;
}

static int kshare_cell_store_number(struct kshare_run *run, struct kshare_val *sum)
{
	int ret = kshare_cell_store(run, sum);
	struct kshare_val now;

	if (ret)
		return ret;
	now = kshare_cell_load(kshare_cell_of(run));
	kshare_give(run, &now);
	return 0;
}

int kshare_cell_add(struct kshare_run *run)
{
	struct kshare_cell *cell = kshare_cell_of(run);
	bool wrap = run->flags & KSHARE_WRAP;
	struct kshare_val old, sum;
	u64 bits;
	s64 i;
	int ret;

	/* What nearly all are: small integers, which own nothing and fit. */
	if (likely(cell->elem == KSHARE_ELEM_ANY && cell->val.type == KSHARE_INT &&
		   run->value.type == KSHARE_INT &&
		   !check_add_overflow(cell->val.i, run->value.i, &i))) {
		run->u.cell.old = cell->val;
		cell->val.i = i;
		run->out[run->out_count++] = cell->val;
		run->number = kshare_touch(run);
		return 0;
	}
	if (cell->elem != KSHARE_ELEM_ANY) {
		ret = kshare_elem_add(cell->elem, atomic64_read(&cell->word), &run->value, wrap,
				      &bits);
		if (ret)
			return ret;
		sum = kshare_elem_load(cell->elem, bits);
	} else {
		old = kshare_cell_load(cell);
		if (old.type == KSHARE_NONE)
			return -EDOM;
		ret = kshare_val_add(&old, &run->value, wrap, &sum);
	}
	return ret ?: kshare_cell_store_number(run, &sum);
}

static int kshare_cell_bitop(struct kshare_run *run, enum kshare_bitop op)
{
	struct kshare_val old = kshare_cell_load(kshare_cell_of(run));
	struct kshare_val out;
	int ret;

	ret = kshare_val_bitop(&old, &run->value, op, &out);
	return ret ?: kshare_cell_store_number(run, &out);
}

int kshare_cell_and(struct kshare_run *run)
{
	return kshare_cell_bitop(run, KSHARE_BIT_AND);
}

int kshare_cell_or(struct kshare_run *run)
{
	return kshare_cell_bitop(run, KSHARE_BIT_OR);
}

int kshare_cell_xor(struct kshare_run *run)
{
	return kshare_cell_bitop(run, KSHARE_BIT_XOR);
}

/* Is @expect a version, and a good one? */
static bool kshare_expects_version(const struct kshare_run *run)
{
	return run->expect.type == KSHARE_UINT ||
	       (run->expect.type == KSHARE_INT && run->expect.i >= 0);
}

int kshare_cell_cas(struct kshare_run *run)
{
	struct kshare_val old = kshare_cell_load(kshare_cell_of(run));
	bool hit;
	int ret;

	if (run->flags & KSHARE_BY_VERSION) {
		if (!kshare_expects_version(run))
			return -EINVAL;
		hit = run->expect.u == run->obj->version;
	} else {
		hit = kshare_val_same(&old, &run->expect);
	}
	if (hit) {
		ret = kshare_cell_store(run, &run->value);
		if (ret)
			return ret;
	}
	kshare_give(run, &old);
	run->number = run->obj->version;
	return hit;
}

int kshare_cell_check(struct kshare_run *run)
{
	struct kshare_val v = kshare_cell_load(kshare_cell_of(run));

	return kshare_val_same(&v, &run->expect) ? 0 : -ESTALE;
}

/* Bytes that are compared with a spinlock held. */
#define KSHARE_SPIN_COMPARE	1024

int kshare_cell_wait_prepare(struct kshare_run *run)
{
	switch (run->flags & ~KSHARE_NOWAIT) {
	case KSHARE_UNTIL_NE:
		return 0;
	case KSHARE_UNTIL_GE:
		return run->value.type >= KSHARE_BOOL && run->value.type <= KSHARE_FLOAT ?
			0 : -EDOM;
	case KSHARE_UNTIL_CHANGED:
		return run->value.type == KSHARE_UINT ||
		       (run->value.type == KSHARE_INT && run->value.i >= 0) ? 0 : -EINVAL;
	}
	return -EINVAL;
}

int kshare_cell_wait(struct kshare_run *run)
{
	struct kshare_val v = kshare_cell_load(kshare_cell_of(run));
	int order, ret;

	/* Long ones are not compared with a spinlock held. */
	if (v.type >= KSHARE_STR && v.len > KSHARE_SPIN_COMPARE && !run->owned)
		return KSHARE_MUST_OWN;
	switch (run->flags & ~KSHARE_NOWAIT) {
	case KSHARE_UNTIL_NE:
		if (kshare_val_same(&v, &run->value))
			return KSHARE_MUST_WAIT;
		break;
	case KSHARE_UNTIL_GE:
		ret = kshare_val_compare(&v, &run->value, &order);
		if (ret)
			return ret;
		if (order < 0)
			return KSHARE_MUST_WAIT;
		break;
	case KSHARE_UNTIL_CHANGED:
		if (run->obj->version <= run->value.u)
			return KSHARE_MUST_WAIT;
		break;
	}
	kshare_give(run, &v);
	run->number = run->obj->version;
	return 0;
}
