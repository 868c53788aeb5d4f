// SPDX-License-Identifier: GPL-2.0
/* The chunked deque, against an array; and the sorting of values. */
#include <math.h>

#include "deque.h"
#include "fake.h"
#include "tap.h"

/* ------------------------------------------------------------------ */
/* A deque as its owner uses it                                        */
/* ------------------------------------------------------------------ */

#define MOST 6000

static struct kshare_deque deque;

static u64 model[MOST];
static u64 count;

static struct kshare_val new_values[MOST], old_values[MOST];

/* Some own memory, so that what is lost or dropped twice is seen. */
static struct kshare_val make_value(u64 n)
{
	u64 twice[] = { n, n };

	if (n % 16)
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

/* The chunks stand in one run, the elements within it, the rest is empty. */
static void check_structure(void)
{
	u64 slots = 1ULL << deque.dir_bits, n;

	if (!deque.dir) {
		CHECK(!deque.count && !deque.chunks);
		return;
	}
	CHECK(deque.head < slots * KSHARE_CHUNK);
	CHECK(deque.chunks <= slots && deque.first < slots);
	for (n = 0; n < slots; n++)
		CHECK_EQ(!!deque.dir[(deque.first + n) % slots], n < deque.chunks);
	if (deque.count) {
		u64 lead = (deque.head / KSHARE_CHUNK - deque.first) % slots;
		u64 used = (deque.head % KSHARE_CHUNK + deque.count + KSHARE_CHUNK - 1) /
			   KSHARE_CHUNK;

		CHECK(lead + used <= deque.chunks);
	}
	CHECK_EQ(kshare_deque_size(&deque),
		 deque.chunks * sizeof(struct kshare_chunk) + slots * sizeof(void *));
}

static void check_model(void)
{
	u64 n;

	check_structure();
	if (!CHECK_EQ(deque.count, count))
		return;
	for (n = 0; n < count; n++)
		CHECK_EQ(value_number(kshare_deque_at(&deque, n)), model[n]);
}

static void model_splice(u64 at, u64 del, u64 ins, const u64 *numbers)
{
	memmove(&model[at + ins], &model[at + del], (count - at - del) * sizeof(model[0]));
	if (ins)
		memcpy(&model[at], numbers, ins * sizeof(model[0]));
	count += ins - del;
}

static u64 more(u64 del, u64 ins)
{
	return ins > del ? ins - del : 0;
}

static void splice(u64 at, u64 del, u64 ins, const struct kshare_val *new, struct kshare_val *old,
		   struct kshare_deque_room *room)
{
	u64 chunks = deque.chunks + room->chunk_count;

	CHECK(kshare_deque_fits(&deque, more(del, ins), room));
	shim_lock();
	kshare_deque_splice(&deque, at, del, ins, new, old, room);
	shim_unlock();
	CHECK_EQ(chunks, deque.chunks + room->chunk_count);
}

/* The inverse, without any room. */
static void unsplice(u64 at, u64 del, u64 ins, struct kshare_val *new, const struct kshare_val *old)
{
	u64 chunks = deque.chunks;

	shim_lock();
	kshare_deque_splice(&deque, at, ins, del, old, new, NULL);
	shim_unlock();
	CHECK_EQ(chunks, deque.chunks);
}

static void drop(struct kshare_val *v, u64 n)
{
	while (n--)
		fake_put(&v[n]);
}

static void setup(void)
{
	kshare_deque_init(&deque);
	count = 0;
}

static void destroy(void)
{
	struct kshare_doom doom = {};

	kshare_deque_destroy(&deque, &doom);
	CHECK(!doom.first);
	check_structure();
}

static void push(u64 at, u64 n)
{
	struct kshare_deque_room room = {};
	struct kshare_val v = make_value(n);

	CHECK_EQ(kshare_deque_prepare(&deque, 1, &room), 0);
	splice(at, 0, 1, &v, NULL, &room);
	kshare_deque_room_free(&room);
	model_splice(at, 0, 1, &n);
}

static void pop(u64 at)
{
	struct kshare_deque_room room = {};
	struct kshare_val v;

	splice(at, 1, 0, NULL, &v, &room);
	CHECK_EQ(value_number(&v), model[at]);
	fake_put(&v);
	shim_lock();
	kshare_deque_trim(&deque, &room);
	shim_unlock();
	kshare_deque_room_free(&room);
	model_splice(at, 1, 0, NULL);
}

/* ------------------------------------------------------------------ */
/* Any sequence of changes                                             */
/* ------------------------------------------------------------------ */

#define MODEL_MOST 2500
#define JOURNAL 12

static struct change {
	u64 at, del, ins;
	struct kshare_val *old;
} journal[JOURNAL];

static struct {
	u64 model[MOST];
	u64 count, head_slot;
} saved;

/* How many: mostly few, at times a chunk or some. */
static u64 random_length(u64 most)
{
	u64 n = tap_below(1ULL << tap_below(10));

	return min(n, most);
}

static u64 random_place(u64 end)
{
	switch (tap_below(4)) {
	case 0:
		return 0;
	case 1:
		return end;
	default:
		return tap_below(end + 1);
	}
}

/* All that a transaction of several changes needs, got before it. */
static bool prepare_all(const struct change *changes, u32 n, struct kshare_deque_room *room)
{
	u64 sum = 0;
	u32 i;

	for (i = 0; i < n; i++)
		sum += more(changes[i].del, changes[i].ins);
	if (!tap_below(4))
		shim_fail_after = tap_below(4);
	i = kshare_deque_prepare(&deque, sum, room);
	shim_fail_after = -1;
	CHECK_EQ(!i, kshare_deque_fits(&deque, sum, room));
	return !i;
}

static void test_model(void)
{
	static u64 numbers[MOST];
	u32 ops = 0, round = 0, undone = 0, failed = 0, i, k;

	setup();
	while (ops < 250000) {
		u32 length = 1 + tap_below(JOURNAL);
		struct kshare_deque_room room = {};
		u64 size = count, n;

		for (i = 0; i < length; i++) {
			struct change *c = &journal[i];

			/* Now it grows, now it shrinks. */
			c->at = random_place(size);
			c->del = random_length(size - c->at);
			c->ins = random_length(MODEL_MOST - size + c->del);
			if (round / 500 % 2 ? c->del < c->ins : c->del > c->ins)
				if (tap_below(3) == 0)
					c->ins = min(c->del, c->ins);
			size += c->ins - c->del;
		}
		saved.count = count;
		saved.head_slot = deque.head % KSHARE_CHUNK;
		memcpy(saved.model, model, count * sizeof(model[0]));

		if (!prepare_all(journal, length, &room)) {
			failed++;
			kshare_deque_room_free(&room);
			check_model();
			continue;
		}
		for (i = 0; i < length; i++, ops++) {
			struct change *c = &journal[i];

			for (n = 0; n < c->ins; n++) {
				numbers[n] = tap_random() >> 1;
				new_values[n] = make_value(numbers[n]);
			}
			c->old = calloc(c->del + 1, sizeof(*c->old));
			splice(c->at, c->del, c->ins, new_values, c->old, &room);
			for (n = 0; n < c->del; n++)
				CHECK_EQ(value_number(&c->old[n]), model[c->at + n]);
			model_splice(c->at, c->del, c->ins, numbers);
			if (ops % 32 == 0)
				check_model();
			else
				check_structure();
		}

		if (tap_below(3) == 0) {
			/* The undo needs no memory. */
			undone++;
			for (k = length; k--;) {
				struct change *c = &journal[k];

				unsplice(c->at, c->del, c->ins, old_values, c->old);
				drop(old_values, c->ins);
				free(c->old);
			}
			count = saved.count;
			memcpy(model, saved.model, count * sizeof(model[0]));
			CHECK_EQ(deque.head % KSHARE_CHUNK, saved.head_slot);
		} else {
			for (k = 0; k < length; k++) {
				drop(journal[k].old, journal[k].del);
				free(journal[k].old);
			}
		}
		check_model();

		if (tap_below(2)) {
			shim_lock();
			while (kshare_deque_trim(&deque, &room))
				;
			shim_unlock();
			check_model();
		}
		if (tap_below(64) == 0) {
			kshare_deque_reverse(&deque, true);
			for (n = 0; n < count / 2; n++)
				swap(model[n], model[count - 1 - n]);
			check_model();
		}
		kshare_deque_room_free(&room);
		if (++round % 16 == 0)
			shim_rcu_flush();
	}
	CHECK(undone > 1000 && failed > 200);
	destroy();
}

/* ------------------------------------------------------------------ */
/* Ends                                                                */
/* ------------------------------------------------------------------ */

/* First in, first out, so that the ring goes round many times. */
static void test_queue(void)
{
	u64 n, chunks = 0, allocs;

	setup();
	for (n = 0; n < 300; n++)
		push(count, n);
	for (; n < 20000; n++) {
		push(count, n);
		pop(0);
		chunks = max(chunks, deque.chunks);
		if (n % 100 == 0)
			check_model();
	}
	CHECK(chunks <= 300 / KSHARE_CHUNK + 4);
	CHECK(1 << deque.dir_bits <= 2 * (300 / KSHARE_CHUNK + 4));

	/* The other way round. */
	for (; n < 40000; n++) {
		push(0, n);
		pop(count - 1);
		if (n % 100 == 0)
			check_model();
	}

	/* Emptied and filled again and again it keeps a chunk, not more. */
	while (count)
		pop(0);
	CHECK(deque.chunks == 1);
	allocs = shim_allocs;
	for (n = 0; n < 1000; n++) {
		push(0, 1);
		pop(0);
		CHECK(deque.chunks == 1);
	}
	CHECK_EQ(shim_allocs, allocs);
	destroy();
}

/* Adding at one end costs memory only when a chunk is full. */
static void test_ends_are_cheap(void)
{
	u64 n, allocs;

	setup();
	allocs = shim_allocs;
	for (n = 1; n <= 5000; n++) {
		push(count, 16 * n + 1);
		CHECK_EQ(kshare_deque_cost(&deque, count, 0, 1), 1);
		CHECK_EQ(kshare_deque_cost(&deque, 0, 0, 1), 1);
		CHECK_EQ(kshare_deque_cost(&deque, 0, 1, 0), 1);
		CHECK_EQ(kshare_deque_cost(&deque, count - 1, 1, 0), 1);
	}
	CHECK(shim_allocs - allocs <= 5000 / KSHARE_CHUNK + 10);
	CHECK(deque.chunks <= 5000 / KSHARE_CHUNK + 2);
	check_model();
	CHECK_EQ(kshare_deque_cost(&deque, 100, 3, 5), 108);
	CHECK_EQ(kshare_deque_cost(&deque, 4900, 3, 5), 97 + 8);
	CHECK_EQ(kshare_deque_cost(&deque, 2500, 7, 7), 14);
	destroy();

	setup();
	allocs = shim_allocs;
	for (n = 1; n <= 5000; n++)
		push(0, 16 * n + 1);
	CHECK(shim_allocs - allocs <= 5000 / KSHARE_CHUNK + 10);
	check_model();

	destroy();

	/* Where the first chunk is full to its edge, appending stays as cheap. */
	setup();
	do
		push(0, 1);
	while (deque.head % KSHARE_CHUNK);
	CHECK_EQ(deque.chunks, 1);
	allocs = shim_allocs;
	for (n = 0; n < KSHARE_CHUNK / 2; n++)
		push(count, 1);
	CHECK(shim_allocs - allocs <= 1);
	destroy();
}

static void test_small_lists_are_small(void)
{
	u64 n;

	setup();
	CHECK_EQ(kshare_deque_size(&deque), 0);
	for (n = 0; n < KSHARE_CHUNK / 2; n++)
		push(count, n);
	for (n = 0; n < KSHARE_CHUNK / 8; n++)
		push(0, n);
	CHECK_EQ(deque.chunks, 1);
	CHECK(kshare_deque_size(&deque) <= sizeof(struct kshare_chunk) + 64);
	destroy();
}

static void test_every_place(void)
{
	static u64 numbers[5] = { 101, 102, 103, 104, 105 };
	struct kshare_deque_room room = {};
	struct kshare_val v[5], old[3];
	u64 start, at, del, ins, n;

	/* Around the edge of a chunk, at all alignments. */
	for (start = 0; start < KSHARE_CHUNK; start += 3) {
		setup();
		deque.head = start;
		for (n = 0; n < 130; n++)
			push(count, 2 * n + 1);
		for (at = 0; at <= count; at += at < 120 && at > 8 ? 7 : 1)
			for (del = 0; del <= 3 && at + del <= count; del++)
				for (ins = 0; ins <= 5; ins++) {
					for (n = 0; n < ins; n++)
						v[n] = kshare_val_int(numbers[n]);
					kshare_deque_prepare(&deque, more(del, ins), &room);
					splice(at, del, ins, v, old, &room);
					memcpy(saved.model, model, count * sizeof(model[0]));
					saved.count = count;
					model_splice(at, del, ins, numbers);
					check_model();
					unsplice(at, del, ins, v, old);
					for (n = 0; n < ins; n++)
						CHECK_EQ(value_number(&v[n]), numbers[n]);
					count = saved.count;
					memcpy(model, saved.model, count * sizeof(model[0]));
					check_model();
				}
		kshare_deque_room_free(&room);
		destroy();
	}
}

static void test_empty_slots(void)
{
	struct kshare_deque_room room = {};
	u64 n;

	setup();
	CHECK_EQ(kshare_deque_prepare(&deque, 300, &room), 0);
	splice(0, 0, 300, NULL, NULL, &room);
	for (n = 0; n < 300; n++)
		CHECK_EQ(kshare_deque_at(&deque, n)->type, KSHARE_NONE);
	kshare_deque_room_free(&room);
	destroy();
}

/* ------------------------------------------------------------------ */
/* Memory                                                              */
/* ------------------------------------------------------------------ */

static void test_trim(void)
{
	struct kshare_deque_room room = {};
	u64 n, taken, calls = 0;

	setup();
	CHECK_EQ(kshare_deque_prepare(&deque, 100 * KSHARE_CHUNK, &room), 0);
	splice(0, 0, 100 * KSHARE_CHUNK, NULL, NULL, &room);
	kshare_deque_room_free(&room);
	CHECK(deque.chunks >= 100);
	CHECK(!kshare_deque_trim(&deque, &room) && !room.chunk_count);

	/* Taking out leaves the chunks; then all go but one spare at each end. */
	for (n = 0; n < 75 * KSHARE_CHUNK; n++)
		splice(0, 1, 0, NULL, old_values, &room);
	for (n = 0; n < 15 * KSHARE_CHUNK; n++)
		splice(deque.count - 1, 1, 0, NULL, old_values, &room);
	CHECK(deque.chunks >= 100);
	do {
		taken = room.chunk_count;
		calls++;
		shim_lock();
		n = kshare_deque_trim(&deque, &room);
		shim_unlock();
		CHECK(room.chunk_count - taken <= 64);
	} while (n);
	CHECK(calls > 1);
	CHECK_EQ(deque.count, 10 * KSHARE_CHUNK);
	/* The elements begin within a chunk. */
	CHECK_EQ(deque.chunks, 11 + 2);
	CHECK_EQ(deque.head / KSHARE_CHUNK, deque.first + 1);
	check_structure();
	kshare_deque_room_free(&room);

	/* An empty one that was large gives all back. */
	while (deque.count)
		splice(deque.count - 1, 1, 0, NULL, old_values, &room);
	CHECK(deque.dir_bits > 5);
	CHECK(!kshare_deque_trim(&deque, &room));
	CHECK_EQ(kshare_deque_size(&deque), 0);
	check_structure();
	kshare_deque_room_free(&room);
	push(0, 1);
	check_model();
	destroy();
}

static void test_prepare(void)
{
	struct kshare_deque_room room = {};
	/* 11 chunks and a directory, wherever they come */
	u64 more = 9 * KSHARE_CHUNK + KSHARE_CHUNK / 2;
	u64 n;

	setup();
	CHECK(!kshare_deque_fits(&deque, 1, &room));
	CHECK(kshare_deque_fits(&deque, 0, &room));
	CHECK_EQ(kshare_deque_prepare(&deque, ~0ULL, &room), -ENOMEM);
	CHECK_EQ(kshare_deque_prepare(&deque, 1ULL << 50, &room), -ENOMEM);
	CHECK(!kshare_deque_fits(&deque, ~0ULL, &room));

	/* Whichever allocation fails, what was got can be given back or used. */
	for (n = 0; n <= 12; n++) {
		shim_fail_after = n;
		CHECK_EQ(kshare_deque_prepare(&deque, more, &room), n < 12 ? -ENOMEM : 0);
		shim_fail_after = -1;
		CHECK_EQ(kshare_deque_fits(&deque, more, &room), n == 12);
		CHECK_EQ(room.chunk_count, n ? n - 1 : 0);
		/* Half of the time it goes on with what it got. */
		if (n % 2) {
			CHECK_EQ(kshare_deque_prepare(&deque, more, &room), 0);
			CHECK_EQ(room.chunk_count, 11);
		}
		kshare_deque_room_free(&room);
	}
	CHECK_EQ(deque.count, 0);

	/* Room that others have used up meanwhile is filled up again. */
	CHECK_EQ(kshare_deque_prepare(&deque, 10, &room), 0);
	for (n = 0; n < 1000; n++)
		push(count, n);
	CHECK(!kshare_deque_fits(&deque, 500, &room));
	CHECK_EQ(kshare_deque_prepare(&deque, 500, &room), 0);
	splice(0, 0, 500, NULL, NULL, &room);
	CHECK_EQ(value_number(kshare_deque_at(&deque, 500)), 0);
	kshare_deque_room_free(&room);
	destroy();

	/* And what is too small is made larger. */
	setup();
	CHECK_EQ(kshare_deque_prepare(&deque, 10, &room), 0);
	CHECK_EQ(kshare_deque_prepare(&deque, 5000, &room), 0);
	CHECK(kshare_deque_fits(&deque, 5000, &room));
	kshare_deque_room_free(&room);
}

/* The directory is replaced while there are spare chunks before the elements. */
static void test_directory_grows(void)
{
	struct kshare_deque_room room = {};
	u64 n;

	setup();
	for (n = 0; n < 300; n++)
		push(count, n);
	for (n = 0; n < 200; n++)
		pop(0);
	CHECK(deque.head / KSHARE_CHUNK > deque.first);
	CHECK_EQ(kshare_deque_prepare(&deque, 2000, &room), 0);
	splice(count, 0, 2000, NULL, NULL, &room);
	CHECK(room.dir);
	for (n = 0; n < count; n++)
		CHECK_EQ(value_number(kshare_deque_at(&deque, n)), model[n]);
	check_structure();
	kshare_deque_room_free(&room);
	destroy();
}

static void test_reverse(void)
{
	unsigned long before;
	u64 length, n;

	for (length = 0; length < 300; length++) {
		setup();
		for (n = 0; n < length; n++)
			push(n % 3 ? count : 0, n);
		shim_lock();
		kshare_deque_reverse(&deque, false);
		shim_unlock();
		for (n = 0; n < count / 2; n++)
			swap(model[n], model[count - 1 - n]);
		check_model();
		before = shim_rescheds;
		kshare_deque_reverse(&deque, true);
		CHECK(length < 2 || shim_rescheds > before);
		destroy();
	}
}

static void test_references_go(void)
{
	struct kshare_object x = { .ref = { 300 } };
	struct kshare_deque_room room = {};
	struct kshare_doom doom = {};
	u64 n;

	setup();
	for (n = 0; n < 300; n++)
		new_values[n] = fake_ref(&x);
	kshare_deque_prepare(&deque, 300, &room);
	splice(0, 0, 300, new_values, NULL, &room);
	kshare_deque_room_free(&room);
	CHECK_EQ(refcount_read(&x.ref), 300);
	kshare_deque_destroy(&deque, &doom);
	CHECK(doom.first == &x && !x.doom_next);
}

/* ------------------------------------------------------------------ */
/* Sorting                                                             */
/* ------------------------------------------------------------------ */

#define SORTED 3000

/* Many equal ones, of all types of number, so that stability shows. */
static struct kshare_val random_number(void)
{
	s64 n = (s64)tap_below(40) - 20;

	switch (tap_below(6)) {
	case 0:
		return fake_bool(n & 1);
	case 1:
		return kshare_val_int(n);
	case 2:
		return fake_float(n);
	case 3:
		return fake_float(n == 7 ? INFINITY : n == 8 ? -INFINITY : n / 4.0);
	case 4:
		return kshare_val_uint((1ULL << 63) + (n & 1));
	default:
		return tap_below(2) ? kshare_val_int(9007199254740992 + (n & 3))
				    : fake_float(9007199254740992.0 + (n & 2));
	}
}

static long double exact_value(const struct kshare_val *v)
{
	double d;

	if (v->type == KSHARE_FLOAT) {
		memcpy(&d, &v->u, sizeof(d));
		return d;
	}
	return v->type == KSHARE_INT ? (long double)v->i : (long double)v->u;
}

static int number_order(const struct kshare_val *a, const struct kshare_val *b)
{
	long double x = exact_value(a), y = exact_value(b);

	return (x > y) - (x < y);
}

static int text_order(const struct kshare_val *a, const struct kshare_val *b)
{
	u32 len = min(a->len, b->len);
	int order = memcmp(kshare_val_data(a), kshare_val_data(b), len);

	return order ? order : (int)a->len - (int)b->len;
}

/* The plainest stable sort there is. */
static void sort_plainly(struct kshare_val *v, u64 n, bool reverse,
			 int (*order)(const struct kshare_val *, const struct kshare_val *))
{
	u64 i, j;

	for (i = 1; i < n; i++) {
		struct kshare_val x = v[i];

		for (j = i; j; j--) {
			int o = order(&v[j - 1], &x);

			if (reverse ? o >= 0 : o <= 0)
				break;
			v[j] = v[j - 1];
		}
		v[j] = x;
	}
}

static void check_sort(const struct kshare_val *v, u64 n, bool reverse,
		       int (*order)(const struct kshare_val *, const struct kshare_val *))
{
	struct kshare_val *got = calloc(n + 1, sizeof(*v)), *want = calloc(n + 1, sizeof(*v));
	struct kshare_val *tmp = malloc(n * sizeof(*v));

	memcpy(got, v, n * sizeof(*v));
	memcpy(want, v, n * sizeof(*v));
	CHECK_EQ(kshare_sort(got, tmp, n, reverse), 0);
	sort_plainly(want, n, reverse, order);
	CHECK(!memcmp(got, want, n * sizeof(*v)));
	free(got);
	free(want);
	free(tmp);
}

static void test_sort_numbers(void)
{
	static struct kshare_val v[SORTED];
	u64 n, i, round;

	for (n = 0; n < 200; n++) {
		for (i = 0; i < n; i++)
			v[i] = random_number();
		check_sort(v, n, n & 1, number_order);
		check_sort(v, n, !(n & 1), number_order);
	}
	for (round = 0; round < 4; round++) {
		for (i = 0; i < SORTED; i++)
			v[i] = round & 2 ? kshare_val_int(tap_random()) : random_number();
		check_sort(v, SORTED - round, round & 1, number_order);
	}
	/* What is sorted already, and what is the other way round. */
	for (i = 0; i < SORTED; i++)
		v[i] = kshare_val_int(i / 3);
	check_sort(v, SORTED, false, number_order);
	check_sort(v, SORTED, true, number_order);
}

static void test_sort_text(void)
{
	static struct kshare_val v[500];
	unsigned long before;
	char text[40];
	u64 n, i;

	for (n = 0; n < 20; n++) {
		for (i = 0; i < ARRAY_SIZE(v); i++) {
			memset(text, 'a', sizeof(text));
			snprintf(text + tap_below(20), 12, "%llu", (long long)tap_below(50));
			if (tap_below(2))
				text[tap_below(6)] = 0xc3;
			v[i] = fake_bytes(n & 1 ? KSHARE_STR : KSHARE_BYTES, text,
					  tap_below(sizeof(text)));
		}
		check_sort(v, ARRAY_SIZE(v), n & 2, text_order);
		drop(v, ARRAY_SIZE(v));
	}

	/* Few but very long ones let others run, too. */
	for (i = 0; i < 4; i++) {
		v[i] = (struct kshare_val){ .type = KSHARE_STR, .len = 1 << 20 };
		v[i].blob = kshare_blob_alloc(v[i].len, 0);
		memset(v[i].blob->data, 'x', v[i].len);
	}
	before = shim_rescheds;
	check_sort(v, 4, false, text_order);
	CHECK(shim_rescheds - before >= 3);
	drop(v, 4);
}

static void test_sort_refuses(void)
{
	struct kshare_val bad[] = {
		{}, fake_float(NAN), fake_str("text"), fake_bytes(KSHARE_ENCODED, "x", 1),
		fake_ref(NULL),
	};
	struct kshare_val v[60], copy[60], tmp[60];
	u64 i, place;

	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		for (place = 0; place < 60; place++)
			v[place] = random_number();
		for (place = 0; place < 60; place += 59) {
			memcpy(copy, v, sizeof(v));
			copy[place] = bad[i];
			v[place] = bad[i];
			CHECK_EQ(kshare_sort(copy, tmp, 60, i & 1), -EDOM);
			CHECK(!memcmp(copy, v, sizeof(v)));
			v[place] = kshare_val_int(1);
		}
	}
	v[0] = fake_str("a");
	v[1] = fake_bytes(KSHARE_BYTES, "a", 1);
	CHECK_EQ(kshare_sort(v, tmp, 2, false), -EDOM);
	CHECK_EQ(kshare_sort(bad, tmp, 1, false), -EDOM);
	CHECK_EQ(kshare_sort(v, tmp, 0, false), 0);
}

static const struct tap_test tests[] = {
	{ "any sequence of changes, undone or not, gives what an array gives", test_model },
	{ "a queue goes round its ring without growing", test_queue },
	{ "adding at the ends is cheap, at either one", test_ends_are_cheap },
	{ "a short list takes one chunk", test_small_lists_are_small },
	{ "runs of any length can be replaced at any place, and back", test_every_place },
	{ "slots can be made empty", test_empty_slots },
	{ "trimming takes all but a spare chunk at each end, in pieces", test_trim },
	{ "room is got before, or not at all", test_prepare },
	{ "elements stay where they are when the directory grows", test_directory_grows },
	{ "reversing reverses", test_reverse },
	{ "references go with the deque", test_references_go },
	{ "numbers of all types sort exactly and stably", test_sort_numbers },
	{ "text and bytes sort by their bytes", test_sort_text },
	{ "what has no order is left as it is", test_sort_refuses },
};

int main(void)
{
	return tap_run(tests, ARRAY_SIZE(tests));
}
