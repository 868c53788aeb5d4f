// SPDX-License-Identifier: GPL-2.0
/* The ordered hash table, against a plain array that is searched from one end. */
#include <pthread.h>

#include "fake.h"
#include "table.h"
#include "tap.h"

/* ------------------------------------------------------------------ */
/* A table as its owner uses it                                        */
/* ------------------------------------------------------------------ */

static struct kshare_table table;

/* Keys of all kinds; the same number always gives the same key. */
static struct kshare_val make_key(u32 n)
{
	char text[64];

	switch (n % 6) {
	case 0:
		return kshare_val_int((s64)n - 1000);
	case 1:
		return fake_float(n + 0.5);
	case 2:
		snprintf(text, sizeof(text), "%u", n);
		return fake_str(text);
	case 3:
		snprintf(text, sizeof(text), "a rather long key, number %u", n);
		return fake_str(text);
	case 4:
		snprintf(text, sizeof(text), "%06u.%09u", n, n);
		return fake_bytes(KSHARE_BYTES, text, 16);
	default:
		return kshare_val_uint((1ULL << 63) + n);
	}
}

static struct kshare_entry *find(u32 n)
{
	struct kshare_val key = make_key(n);
	u32 hash = fake_hash(&key);
	struct kshare_entry *e, *under_rcu;

	shim_lock();
	e = kshare_table_find(&table, &key, hash);
	shim_unlock();

	/* When nobody writes, a lookup under RCU finds the same, or nothing out. */
	rcu_read_lock();
	under_rcu = kshare_table_find_rcu(&table, &key, hash);
	rcu_read_unlock();
	CHECK(under_rcu == e || PTR_ERR(under_rcu) == -EAGAIN);

	fake_put(&key);
	return e;
}

/* Half of the time a number, else a blob, so that leaks are seen. */
static struct kshare_val make_value(u64 n)
{
	u64 twice[] = { n, n };

	if (n % 2)
		return kshare_val_int(n);
	return fake_bytes(KSHARE_BYTES, &twice, sizeof(twice));
}

static u64 value_number(const struct kshare_val *v)
{
	u64 n;

	if (v->type == KSHARE_INT)
		return v->u;
	memcpy(&n, kshare_val_data(v), sizeof(n));
	return n;
}

/* What an owner does before it takes its lock, and what it does then. */
static void grow(u64 more)
{
	u32 bits = kshare_table_wants(&table, more);
	struct kshare_buckets *b = bits ? kshare_buckets_alloc(bits) : NULL;

	if (!b)
		return;
	shim_lock();
	b = kshare_table_resize(&table, b);
	shim_unlock();
	if (b)
		kshare_buckets_free(b);
}

static bool memory_is_short;

static struct kshare_entry *new_entry(u32 n, u64 value)
{
	struct kshare_val key = make_key(n), val = make_value(value);
	struct kshare_entry *e;

	if (memory_is_short && !tap_below(16))
		shim_fail_after = 0;
	e = kshare_entry_alloc(&key, fake_hash(&key), &val);
	shim_fail_after = -1;
	CHECK_EQ(val.type == KSHARE_NONE, !!e);
	fake_put(&val);
	fake_put(&key);
	return e;
}

static struct kshare_entry *insert(u32 n, u64 value)
{
	struct kshare_entry *e = new_entry(n, value);

	if (e) {
		shim_lock();
		kshare_table_insert(&table, e);
		shim_unlock();
	}
	return e;
}

static void drop(struct kshare_entry *e)
{
	struct kshare_doom doom = {};

	kshare_entry_put(e, &doom);
	CHECK(!doom.first);
}

static void delete(struct kshare_entry *e)
{
	shim_lock();
	kshare_table_remove(&table, e);
	shim_unlock();
	drop(e);
}

static void setup(void)
{
	CHECK_EQ(kshare_table_init(&table, &fake_secret), 0);
}

static void destroy(struct kshare_table *t)
{
	struct kshare_doom doom = {};

	kshare_table_destroy(t, &doom);
	CHECK(!doom.first);
}

static u32 bits(void)
{
	return table.cur->bits;
}

/* Entries in buckets from..to of an array; they must belong there. */
static u64 population(const struct kshare_buckets *b, u32 from, u32 to)
{
	u64 count = 0;
	u32 n;

	for (n = from; n < to && n < 1U << b->bits; n++) {
		const struct kshare_entry *e;

		for (e = b->head[n]; e; e = e->next) {
			CHECK_EQ(e->hash & ((1U << b->bits) - 1), n);
			count++;
		}
	}
	return count;
}

static void check_structure(void)
{
	struct kshare_entry *e, *last = NULL;
	u64 pos = 0, count = 0;
	struct kshare_val key;

	for (e = kshare_table_first(&table); e; e = kshare_table_next(e)) {
		CHECK(e->pos > pos && e->pos < table.next_pos);
		key = kshare_entry_key(e);
		CHECK_EQ(e->hash, fake_hash(&key));
		pos = e->pos;
		last = e;
		count++;
	}
	CHECK(last == kshare_table_last(&table));
	CHECK_EQ(count, table.count);

	count = population(table.cur, 0, ~0);
	if (table.old) {
		CHECK_EQ(population(table.old, 0, table.moved), 0);
		count += population(table.old, 0, ~0);
	}
	CHECK_EQ(count, table.count);
}

/* ------------------------------------------------------------------ */
/* The model                                                           */
/* ------------------------------------------------------------------ */

#define KEYS 3000

struct item {
	u32 key;
	u64 value;
	u64 pos;
};

struct model {
	u32 count;
	struct item items[KEYS];
};

static struct model model, saved;

static u32 model_find(u32 key)
{
	u32 n;

	for (n = 0; n < model.count; n++)
		if (model.items[n].key == key)
			break;
	return n;
}

static void model_append(u32 key, u64 value, u64 pos)
{
	model.items[model.count++] = (struct item){ key, value, pos };
}

static void model_delete(u32 n)
{
	model.count--;
	memmove(&model.items[n], &model.items[n + 1], (model.count - n) * sizeof(model.items[0]));
}

static void check_model(void)
{
	struct kshare_entry *e = kshare_table_first(&table);
	u32 n;

	check_structure();
	CHECK_EQ(table.count, model.count);
	for (n = 0; n < model.count && e; n++, e = kshare_table_next(e)) {
		struct kshare_val key = make_key(model.items[n].key);
		struct kshare_val found = kshare_entry_key(e);

		CHECK(kshare_val_equal(&key, &found));
		CHECK_EQ(value_number(&e->val), model.items[n].value);
		CHECK_EQ(e->pos, model.items[n].pos);
		fake_put(&key);
	}
	CHECK(n == model.count && !e);
}

/* ------------------------------------------------------------------ */
/* What was done, so that it can be undone                             */
/* ------------------------------------------------------------------ */

#define JOURNAL 64

static struct change {
	enum { INSERTED, REMOVED, CHANGED, CLEARED } what;
	struct kshare_entry *e;
	struct kshare_val old;
	struct kshare_table into;
} journal[JOURNAL];

static u32 changes;

static void change_commit(struct change *c)
{
	switch (c->what) {
	case INSERTED:
		break;
	case REMOVED:
		drop(c->e);
		break;
	case CHANGED:
		fake_put(&c->old);
		break;
	case CLEARED:
		destroy(&c->into);
		break;
	}
}

static void change_undo(struct change *c)
{
	struct kshare_val new;

	shim_lock();
	switch (c->what) {
	case INSERTED:
		kshare_table_remove(&table, c->e);
		break;
	case REMOVED:
		kshare_table_restore(&table, c->e);
		break;
	case CHANGED:
		new = c->e->val;
		c->e->val = c->old;
		break;
	case CLEARED:
		kshare_table_unclear(&table, &c->into);
		break;
	}
	shim_unlock();

	if (c->what == INSERTED)
		drop(c->e);
	if (c->what == CHANGED)
		fake_put(&new);
	if (c->what == CLEARED)
		destroy(&c->into);
}

static void do_set(u32 key, u64 value)
{
	struct kshare_entry *e = find(key);
	u32 n = model_find(key);

	CHECK_EQ(!e, n == model.count);
	if (e) {
		journal[changes++] = (struct change){ .what = CHANGED, .e = e, .old = e->val };
		e->val = make_value(value);
		model.items[n].value = value;
		return;
	}

	if (tap_below(16))
		grow(1);
	e = insert(key, value);
	if (!e)
		return;
	journal[changes++] = (struct change){ .what = INSERTED, .e = e };
	model_append(key, value, e->pos);
}

static void do_delete(u32 key)
{
	struct kshare_entry *e = find(key);
	u32 n = model_find(key);

	CHECK_EQ(!e, n == model.count);
	if (!e)
		return;

	/* An allocation that fails leaves all as it is. */
	if (!tap_below(8))
		shim_fail_after = 0;
	grow(0);
	shim_fail_after = -1;
	shim_lock();
	kshare_table_remove(&table, e);
	shim_unlock();
	journal[changes++] = (struct change){ .what = REMOVED, .e = e };
	model_delete(n);
}

static void do_clear(void)
{
	struct change *c = &journal[changes++];
	struct kshare_buckets *fresh = kshare_buckets_alloc(3 + tap_below(3));

	c->what = CLEARED;
	shim_lock();
	kshare_table_clear(&table, fresh, &c->into);
	shim_unlock();
	model.count = 0;
}

static void do_seek(u64 pos)
{
	struct kshare_entry *e = kshare_table_seek(&table, pos);
	u32 n;

	for (n = 0; n < model.count && model.items[n].pos <= pos; n++)
		;
	if (n == model.count)
		CHECK(!e);
	else
		CHECK(e && e->pos == model.items[n].pos);
}

static void test_model(void)
{
	u32 ops = 0, undone = 0, cleared = 0, round = 0, keys = KEYS;

	setup();
	memory_is_short = true;
	model.count = 0;
	while (ops < 400000) {
		u32 length = 1 + tap_below(JOURNAL);
		/* Sometimes more goes than comes, so that it shrinks too. */
		u32 insert_share = 20 + round / 200 % 3 * 30;

		if (round % 100 == 0)
			keys = tap_below(4) ? KEYS : 100;
		saved = model;
		for (changes = 0; changes < length; ops++) {
			u32 key = tap_below(keys);

			if (!tap_below(20000)) {
				do_clear();
				cleared++;
			} else if (tap_below(100) < insert_share) {
				do_set(key, tap_random() >> 1);
			} else {
				do_delete(key);
				do_seek(tap_below(table.next_pos + 2));
				if (!model.count)
					break;
			}
		}

		if (tap_below(3) == 0) {
			undone++;
			while (changes)
				change_undo(&journal[--changes]);
			model = saved;
			check_model();
		} else {
			while (changes)
				change_commit(&journal[--changes]);
		}
		if (++round % 16 == 0) {
			check_model();
			shim_rcu_flush();
		}
	}
	CHECK(undone > 1000);
	CHECK(cleared > 5);
	memory_is_short = false;
	check_model();
	destroy(&table);
}

/* ------------------------------------------------------------------ */
/* Order                                                               */
/* ------------------------------------------------------------------ */

static void test_order_survives_growth(void)
{
	u32 n, seen;
	struct kshare_entry *e;

	setup();
	for (n = 0; n < 5000; n++) {
		grow(1);
		insert(n, n);
	}
	CHECK(bits() >= 12);
	for (n = 0; n < 5000; n++) {
		if (n % 3) {
			grow(0);
			delete(find(n));
		}
	}
	for (e = kshare_table_first(&table), seen = 0; e; e = kshare_table_next(e), seen += 3)
		CHECK_EQ(value_number(&e->val), seen);
	CHECK(seen >= 5000);
	destroy(&table);
}

static void test_restore_place(void)
{
	struct kshare_entry *e[10];
	u32 n;

	setup();
	for (n = 0; n < 10; n++)
		e[n] = insert(n, n);
	shim_lock();
	/* The first, the last, one between, and all in another order. */
	kshare_table_remove(&table, e[9]);
	kshare_table_remove(&table, e[0]);
	kshare_table_remove(&table, e[5]);
	kshare_table_restore(&table, e[9]);
	kshare_table_restore(&table, e[5]);
	kshare_table_restore(&table, e[0]);
	shim_unlock();
	check_structure();
	for (n = 0; n < 10; n++)
		CHECK(kshare_table_seek(&table, e[n]->pos - 1) == e[n]);
	CHECK(kshare_table_first(&table) == e[0]);
	CHECK(kshare_table_last(&table) == e[9]);

	/* What comes after an undo comes last, and its place was never used. */
	shim_lock();
	kshare_table_remove(&table, e[9]);
	shim_unlock();
	CHECK(insert(10, 10)->pos > e[9]->pos);
	shim_lock();
	kshare_table_restore(&table, e[9]);
	shim_unlock();
	CHECK_EQ(value_number(&kshare_table_last(&table)->val), 10);
	check_structure();
	destroy(&table);
}

/* A page that ends at an entry goes on behind it, though it is gone meanwhile. */
static void test_iteration_survives_deletion(void)
{
	struct kshare_entry *e;
	u64 cursor = 0;
	u32 n, next = 0;

	setup();
	for (n = 0; n < 1000; n++) {
		grow(1);
		insert(n, n);
	}
	while ((e = kshare_table_seek(&table, cursor))) {
		CHECK_EQ(value_number(&e->val), next);
		cursor = e->pos;
		delete(e);
		/* And the one after the next. */
		e = kshare_table_seek(&table, cursor);
		e = e ? kshare_table_next(e) : NULL;
		next++;
		if (next % 10 == 0 && e) {
			CHECK_EQ(value_number(&e->val), next + 1);
			e = kshare_table_seek(&table, cursor);
			cursor = e->pos;
			delete(e);
			next++;
		}
		grow(0);
	}
	CHECK_EQ(table.count, 0);
	destroy(&table);
}

/* ------------------------------------------------------------------ */
/* Growth                                                              */
/* ------------------------------------------------------------------ */

/* Entries that an insert or remove takes out of the old array. */
static void check_bounded(struct kshare_entry *removed, u32 added)
{
	struct kshare_buckets *old = table.old;
	u32 moved = table.moved, end;
	u64 before = 0, after = 0, total = 0;
	bool all = table.count % 64 == 0;

	if (old) {
		before = population(old, moved, moved + KSHARE_TABLE_SCAN + 1);
		if (all)
			total = population(old, 0, ~0);
	}
	if (removed)
		delete(removed);
	else
		insert(added, added);
	if (!old)
		return;

	if (table.old) {
		CHECK(table.old == old);
		CHECK(table.moved <= moved + KSHARE_TABLE_SCAN);
		end = moved + KSHARE_TABLE_SCAN + 1;
		after = population(old, moved, end);
		/* The entry that was removed may be one of them. */
		CHECK(before - after <= KSHARE_TABLE_MOVE + !!removed);
		if (all)
			CHECK(total - population(old, 0, ~0) <= KSHARE_TABLE_MOVE + !!removed);
		/* It gets on: either so many entries or so many buckets. */
		CHECK(before - after >= KSHARE_TABLE_MOVE ||
		      table.moved == moved + KSHARE_TABLE_SCAN);
	} else {
		CHECK((1U << old->bits) - moved <= KSHARE_TABLE_SCAN);
		CHECK(before <= KSHARE_TABLE_MOVE + !!removed);
	}
}

static void test_bounded_steps(void)
{
	u32 n, most = 0;

	setup();
	for (n = 0; n < 40000; n++) {
		/* Each growth is over when the next one is due. */
		u32 want = kshare_table_wants(&table, 1);

		if (want)
			CHECK(!table.old && want == bits() + 1);
		grow(1);
		check_bounded(NULL, n);
		CHECK(table.count <= 1ULL << bits());
	}
	check_structure();
	most = bits();
	for (n = 0; n < 40000; n++) {
		grow(0);
		check_bounded(n % 2 ? kshare_table_first(&table) : kshare_table_last(&table), 0);
		if (n % 1000 == 0)
			check_structure();
		/* It has shrunk to within a few times of what it holds. */
		CHECK(table.old || table.count < 64 || table.count >= 1ULL << bits() >> 5);
	}
	CHECK_EQ(most, 16);
	CHECK(bits() <= 5);
	destroy(&table);
}

static void test_wants(void)
{
	struct kshare_buckets *b;
	u32 n;

	setup();
	CHECK_EQ(bits(), 3);
	CHECK_EQ(kshare_table_wants(&table, 0), 0);
	CHECK_EQ(kshare_table_wants(&table, 8), 0);
	CHECK_EQ(kshare_table_wants(&table, 9), 4);
	CHECK_EQ(kshare_table_wants(&table, 16), 4);
	CHECK_EQ(kshare_table_wants(&table, 65536), 16);
	CHECK_EQ(kshare_table_wants(&table, ~0ULL), 26);
	CHECK(!kshare_buckets_alloc(27));

	for (n = 0; n < 8; n++)
		insert(n, n);
	CHECK_EQ(kshare_table_wants(&table, ~0ULL), 0);
	/* One of the same size is given back, and so is a smaller one that is full. */
	b = kshare_buckets_alloc(3);
	CHECK(kshare_table_resize(&table, b) == b);
	kshare_buckets_free(b);
	grow(1);
	CHECK_EQ(bits(), 4);
	b = kshare_buckets_alloc(3);
	CHECK(kshare_table_resize(&table, b) == b);
	kshare_buckets_free(b);

	/* While it moves it wants nothing, unless very many come; then it ends that. */
	CHECK(table.old);
	CHECK_EQ(kshare_table_wants(&table, 16), 0);
	CHECK_EQ(kshare_table_wants(&table, 1000), 10);
	grow(1000);
	CHECK(table.old->bits == 4 && bits() == 10);
	check_structure();
	for (n = 0; n < 8; n++)
		CHECK(find(n));
	destroy(&table);

	/* But not if that were much work. */
	setup();
	grow(65536);
	for (n = 0; n < 4; n++)
		insert(n, n);
	CHECK_EQ(bits(), 16);
	grow(200000);
	CHECK(table.old && bits() == 18);
	b = kshare_buckets_alloc(22);
	CHECK(kshare_table_resize(&table, b) == b);
	kshare_buckets_free(b);
	destroy(&table);
}

static void test_no_memory(void)
{
	struct kshare_val key = fake_str("a key that is long enough to be kept apart"), val;
	struct kshare_val blob = fake_str("a value that is long enough to be kept apart");
	u32 n;

	shim_fail_after = 0;
	CHECK_EQ(kshare_table_init(&table, &fake_secret), -ENOMEM);
	val = blob;
	CHECK(!kshare_entry_alloc(&key, fake_hash(&key), &val));
	CHECK(kshare_val_same(&val, &blob));
	shim_fail_after = -1;
	fake_put(&val);
	fake_put(&key);

	/* Without growth everything still works, only slower. */
	setup();
	for (n = 0; n < 2000; n++)
		insert(n, n);
	CHECK_EQ(bits(), 3);
	check_structure();
	for (n = 0; n < 2000; n++)
		CHECK(find(n));
	/* And a lookup under RCU gives up rather than walk so far. */
	key = kshare_val_int(-1234567);
	rcu_read_lock();
	CHECK(PTR_ERR(kshare_table_find_rcu(&table, &key, fake_hash(&key))) == -EAGAIN);
	rcu_read_unlock();
	CHECK(!kshare_table_find(&table, &key, fake_hash(&key)));
	/* When memory is there again it catches up. */
	for (n = 2000; n < 3500; n++) {
		grow(1);
		insert(n, n);
	}
	CHECK(!table.old && bits() == 12);
	check_structure();
	destroy(&table);
}

/* ------------------------------------------------------------------ */
/* Life                                                                */
/* ------------------------------------------------------------------ */

static void test_entry_memory(void)
{
	struct kshare_val val = {}, key = fake_bytes(KSHARE_BYTES, "0123456789abcdef", 16);
	struct kshare_val shortest = kshare_val_int(1);
	struct kshare_entry *e = kshare_entry_alloc(&key, 0, &val);

	CHECK_EQ(kshare_entry_size(e), 96);
	drop(e);
	fake_put(&key);
	e = kshare_entry_alloc(&shortest, 0, &val);
	CHECK_EQ(kshare_entry_size(e), sizeof(*e));
	drop(e);

	setup();
	CHECK(kshare_table_size(&table) >= 8 * sizeof(void *));
	CHECK(kshare_table_size(&table) < 128);
	grow(1000);
	CHECK(kshare_table_size(&table) > 1032 * sizeof(void *));
	destroy(&table);
}

static void test_key_outlives_entry(void)
{
	struct kshare_val key, val;
	struct kshare_object x = { .ref = { 1 } };
	struct kshare_doom doom = {};
	struct kshare_entry *e;

	setup();
	e = insert(3, 0);
	CHECK_EQ(refcount_read(&e->ref), 1);
	key = kshare_entry_key(e);
	kshare_val_get(&key);
	CHECK_EQ(refcount_read(&e->ref), 2);
	delete(e);
	CHECK(!memcmp(kshare_val_data(&key), "a rather long key, number 3", key.len));
	fake_put(&key);

	/* A short key and a number are copies by themselves. */
	e = insert(2, 1);
	key = kshare_entry_key(e);
	kshare_val_get(&key);
	CHECK_EQ(refcount_read(&e->ref), 1);
	delete(e);
	CHECK(!memcmp(key.bytes, "2", 1));

	/* The value goes with the last reference to the entry. */
	key = kshare_val_int(1);
	val = fake_ref(&x);
	e = kshare_entry_alloc(&key, fake_hash(&key), &val);
	kshare_table_insert(&table, e);
	kshare_table_remove(&table, e);
	CHECK(!doom.first);
	kshare_entry_put(e, &doom);
	CHECK(doom.first == &x);
	destroy(&table);
}

/* A reader that stands on an entry when it is removed can still walk on. */
static void test_reader_stands(void)
{
	struct kshare_entry *e, *next;
	struct kshare_buckets *old;
	u64 n;

	setup();
	for (n = 0; n < 64; n++)
		insert(n, n);
	for (n = 0, e = NULL; !e; n++)
		e = table.cur->head[n];
	next = e->next;
	CHECK(next);
	delete(e);
	CHECK(e->next == next);
	CHECK(e->type != KSHARE_NONE);
	value_number(&e->val);

	/* And one that looks into an array that is being replaced. */
	old = table.cur;
	grow(1);
	for (n = 100; table.old; n++)
		insert(n, n);
	CHECK_EQ(old->bits, 3);
	CHECK(!old->head[0]);

	/* Or into a table that is cleared or destroyed. */
	old = table.cur;
	next = kshare_table_first(&table);
	destroy(&table);
	CHECK(next->type != KSHARE_NONE);
	CHECK(old->bits > 3);
	shim_rcu_flush();
}

static void test_clear(void)
{
	struct kshare_buckets *fresh = kshare_buckets_alloc(3);
	struct kshare_table into;
	struct kshare_entry *e;
	u32 n, moved;

	setup();
	for (n = 0; n < 300; n++) {
		if (n != 299)
			grow(1);
		insert(n, n);
	}
	/* In the midst of moving. */
	grow(300);
	insert(300, 300);
	CHECK(table.old);
	moved = table.moved;

	shim_lock();
	kshare_table_clear(&table, fresh, &into);
	shim_unlock();
	CHECK_EQ(table.count, 0);
	CHECK(!find(7) && !kshare_table_first(&table) && !kshare_table_last(&table));

	/* What happens between is undone first, even if the table grew meanwhile. */
	for (n = 0; n < 9; n++)
		insert(n, n);
	grow(10);
	CHECK(table.old);
	e = kshare_table_last(&table);
	CHECK(e->pos > 301);
	while ((e = kshare_table_last(&table)))
		delete(e);
	grow(1000);
	CHECK(table.old);
	shim_lock();
	kshare_table_unclear(&table, &into);
	shim_unlock();
	destroy(&into);

	CHECK_EQ(table.count, 301);
	CHECK_EQ(table.moved, moved);
	check_structure();
	for (n = 0; n < 301; n++)
		CHECK(find(n) && value_number(&find(n)->val) == n);
	CHECK(insert(301, 301)->pos > 310);

	fresh = kshare_buckets_alloc(3);
	shim_lock();
	kshare_table_clear(&table, fresh, &into);
	shim_unlock();
	insert(1, 1);
	check_structure();
	CHECK_EQ(into.count, 302);
	destroy(&into);
	destroy(&table);
}

static void test_destroy_in_pieces(void)
{
	unsigned long before;
	u32 n;

	setup();
	for (n = 0; n < 10000; n++) {
		grow(1);
		insert(n, n);
	}
	before = shim_rescheds;
	destroy(&table);
	CHECK(shim_rescheds - before >= 100);
}

/* ------------------------------------------------------------------ */
/* Readers beside a writer                                             */
/* ------------------------------------------------------------------ */

#define SHARED_KEYS	200
#define READERS		3

static unsigned int sequence;
static u64 expected[SHARED_KEYS];	/* the number in the value; 0 if absent */
static bool stop;

static void write_begin(void)
{
	__atomic_store_n(&sequence, sequence + 1, __ATOMIC_RELAXED);
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
}

static void write_end(void)
{
	__atomic_store_n(&sequence, sequence + 1, __ATOMIC_RELEASE);
}

struct reader {
	pthread_t thread;
	u64 seed, hits, misses, retries, gave_up, wrong;
};

static void *read_all(void *arg)
{
	struct reader *r = arg;
	struct kshare_val keys[SHARED_KEYS];
	u32 hashes[SHARED_KEYS], n;

	for (n = 0; n < SHARED_KEYS; n++) {
		keys[n] = make_key(n);
		hashes[n] = fake_hash(&keys[n]);
	}

	while (!__atomic_load_n(&stop, __ATOMIC_RELAXED)) {
		struct kshare_entry *e;
		struct kshare_val val = {};
		struct kshare_doom doom = {};
		unsigned int seq;
		u64 want;
		bool held;

		n = (r->seed = r->seed * 6364136223846793005ULL + 1) >> 33;
		n %= SHARED_KEYS;
		rcu_read_lock();
		seq = __atomic_load_n(&sequence, __ATOMIC_ACQUIRE);
		e = kshare_table_find_rcu(&table, &keys[n], hashes[n]);
		if (!IS_ERR(e) && e)
			val = e->val;
		want = READ_ONCE(expected[n]);
		__atomic_thread_fence(__ATOMIC_ACQUIRE);
		if (seq & 1 || seq != __atomic_load_n(&sequence, __ATOMIC_RELAXED)) {
			r->retries++;
			rcu_read_unlock();
			continue;
		}
		if (IS_ERR(e)) {
			r->gave_up++;
			rcu_read_unlock();
			continue;
		}
		held = e && kshare_val_tryget(&val);
		rcu_read_unlock();

		/* Nothing changed meanwhile, so the answer must be right. */
		if (!e) {
			r->misses++;
			r->wrong += want != 0;
		} else if (held) {
			r->hits++;
			r->wrong += value_number(&val) != want;
			kshare_val_put(&val, &doom);
		} else {
			r->retries++;
		}
	}
	for (n = 0; n < SHARED_KEYS; n++)
		fake_put(&keys[n]);
	return NULL;
}

/* Any change, as the owner would make it. */
static void write_once(u64 value)
{
	u32 n = tap_below(SHARED_KEYS), want = kshare_table_wants(&table, 1);
	struct kshare_buckets *b = NULL, *fresh = NULL;
	struct kshare_entry *e, *new = NULL;
	struct kshare_val old = {}, val;
	struct kshare_table into;
	u32 k;

	if (tap_below(4) == 0)
		want = 3 + tap_below(6);
	if (want)
		b = kshare_buckets_alloc(want);
	e = find(n);
	if (!e)
		new = new_entry(n, value);
	if (tap_below(300) == 0)
		fresh = kshare_buckets_alloc(3);
	val = make_value(value);

	write_begin();
	if (b)
		b = kshare_table_resize(&table, b);
	if (fresh) {
		kshare_table_clear(&table, fresh, &into);
		if (value % 3)
			kshare_table_unclear(&table, &into);
		else
			for (k = 0; k < SHARED_KEYS; k++)
				WRITE_ONCE(expected[k], 0);
		if (e && !(value % 3))
			e = NULL;
	}
	if (new) {
		kshare_table_insert(&table, new);
		WRITE_ONCE(expected[n], value);
	} else if (e && tap_below(2)) {
		old = e->val;
		e->val = val;
		val = (struct kshare_val){};
		WRITE_ONCE(expected[n], value);
		e = NULL;
	} else if (e) {
		kshare_table_remove(&table, e);
		if (tap_below(4) == 0) {
			kshare_table_restore(&table, e);
			e = NULL;
		} else {
			WRITE_ONCE(expected[n], 0);
		}
	}
	write_end();

	if (e && !new)
		drop(e);
	if (b)
		kshare_buckets_free(b);
	if (fresh && !(value % 3))
		destroy(&into);
	fake_put(&old);
	fake_put(&val);
}

static void test_readers(void)
{
	struct reader readers[READERS] = {};
	u64 hits = 0, misses = 0, retries = 0;
	u32 n;

	setup();
	for (n = 0; n < READERS; n++) {
		readers[n].seed = n;
		pthread_create(&readers[n].thread, NULL, read_all, &readers[n]);
	}
	for (n = 0; n < 50000; n++) {
		write_once(n + 1);
		if (n % 256 == 0)
			shim_rcu_flush();
	}
	__atomic_store_n(&stop, true, __ATOMIC_RELAXED);
	for (n = 0; n < READERS; n++) {
		pthread_join(readers[n].thread, NULL);
		CHECK_EQ(readers[n].wrong, 0);
		hits += readers[n].hits;
		misses += readers[n].misses;
		retries += readers[n].retries;
	}
	printf("# %llu hits, %llu misses, %llu retries\n", (long long)hits, (long long)misses,
	       (long long)retries);
	CHECK(hits > 1000 && misses > 1000);
	check_structure();
	destroy(&table);
}

static const struct tap_test tests[] = {
	{ "any sequence of changes, undone or not, gives what a plain array gives", test_model },
	{ "the order of insertion survives growth, deletion and shrinking",
	  test_order_survives_growth },
	{ "an entry that is put back stands where it stood", test_restore_place },
	{ "an iteration finds its place again among deletions", test_iteration_survives_deletion },
	{ "no change moves more than a few entries, and growth keeps pace", test_bounded_steps },
	{ "growth is asked for and accepted when it is due", test_wants },
	{ "without memory for growth nothing is lost", test_no_memory },
	{ "an entry with a short key fits into 128 bytes", test_entry_memory },
	{ "a key that was handed out outlives its entry", test_key_outlives_entry },
	{ "what a reader can see lives for a grace period", test_reader_stands },
	{ "a cleared table can be restored, even in the midst of growth", test_clear },
	{ "a large table is destroyed in pieces", test_destroy_in_pieces },
	{ "readers beside a writer never see a wrong value", test_readers },
};

int main(void)
{
	return tap_run(tests, ARRAY_SIZE(tests));
}
