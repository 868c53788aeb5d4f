// SPDX-License-Identifier: LGPL-2.1-or-later OR MIT
/*
 * Every function of the library once against the module: that its arguments
 * arrive where they belong, and its results come back.  What an operation does in
 * all cases is tested with the module.  Exits with 77 if there is no module.
 */
#include <pthread.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "internal.h"
#include "test.h"

static struct kshare *k;
static struct kshare_reply *r;

/* The value @i of the reply, as text. */
static const char *value(unsigned int i)
{
	static char buf[256];

	check(kshare_reply_value(r, i));
	kshare_value_format(kshare_reply_value(r, i), buf, sizeof(buf));
	return buf;
}

#define is(i, expected) check(!strcmp(value(i), expected))

static void list_is(struct kshare_obj *list, const char *expected)
{
	char buf[256] = "";
	unsigned int i;

	check(kshare_list_slice(list, kshare_none(), kshare_none(), 1, &r) >= 0);
	for (i = 0; i < kshare_reply_count(r); i++) {
		strcat(buf, i ? " " : "");
		strcat(buf, value(i));
	}
	check(!strcmp(buf, expected));
}

static uint64_t objects(void)
{
	struct kshare_obj *domain KSHARE_CLEANUP = NULL;
	struct kshare_stat st;

	check(kshare_domain(k, &domain) == 0);
	check(kshare_stat(domain, &st) == 0);
	return st.length;
}

static void test_client(void)
{
	struct kshare_query q = { .size = 0 };
	uint32_t op;

	check(kshare_nop(k) == 0);
	check(kshare_fd(k) >= 0 && kshare_client_error(k) == 0);
	check(kshare_query(k, &q) == 0 && q.version == KSHARE_UAPI_VERSION && q.op_count > 60);
	for (op = KSHARE_OP_DICT_GET; op <= KSHARE_OP_DICT_ABSENT; op++)
		check(kshare_has_op(k, op));
	check(!kshare_has_op(k, 0) && !kshare_has_op(k, 31) && !kshare_has_op(k, 1000));
}

static void test_domain(void)
{
	struct kshare_obj *domain, *root, *d;
	uint64_t limit, lower;

	check(kshare_domain(k, &domain) == 0);
	check(kshare_type(domain) == KSHARE_TYPE_DOMAIN);
	check(kshare_domain_root(domain, 0, &root) == 0);
	check(kshare_dict_set(root, kshare_str("name"), kshare_int(1)) == 1);
	check(kshare_domain_root(domain, KSHARE_NO_INHERIT, &d) == 0);
	check(kshare_same(root, d) == 1);
	check(kshare_dict_contains(d, kshare_str("name")) == 1);
	check(kshare_dict_delete(d, kshare_str("name")) == 0);
	check(kshare_domain_limit(domain, KSHARE_LIMIT_WAITERS, NULL, &limit) == 0 && limit > 1);
	lower = limit - 1;
	check(kshare_domain_limit(domain, KSHARE_LIMIT_WAITERS, &lower, NULL) == 0);
	check(kshare_domain_limit(domain, KSHARE_LIMIT_WAITERS, &limit, NULL) == -EPERM);
	check(kshare_domain_limit(domain, KSHARE_LIMIT_WAITERS, NULL, &limit) == 0 &&
	      limit == lower);
	check(kshare_domain_limit(domain, 99, NULL, &limit) == -EOPNOTSUPP);
	kshare_unref(d);
	kshare_unref(root);
	kshare_unref(domain);
}

static void test_object(void)
{
	struct kshare_create_opts opts = {
		.size = sizeof(opts),
		.type = KSHARE_TYPE_ARRAY,
		.elem = KSHARE_ELEM_U8,
		.length = 5,
	};
	struct kshare_obj *array, *ro, *taken, *domain;
	struct kshare_stat st;
	uint64_t before = objects();

	check(kshare_domain(k, &domain) == 0);
	opts.domain = domain;
	check(kshare_create(k, &opts, &array) == 0);
	check(objects() == before + 1);
	check(kshare_stat(array, &st) == 0 && st.length == 5 && st.elem == KSHARE_ELEM_U8);
	check(kshare_client(array) == k && kshare_type(array) == KSHARE_TYPE_ARRAY);
	check(kshare_dup(array, KSHARE_RIGHT_READ, 0, &ro) == 0);
	check(kshare_same(array, ro) == 1 && kshare_same(array, domain) == 0);
	check(kshare_same(array, NULL) == 0 && kshare_same(NULL, NULL) == 1);
	check(kshare_array_set(ro, 0, kshare_int(1)) == -EACCES);
	check(kshare_dup(ro, KSHARE_RIGHT_WRITE, 0, &taken) == -EACCES);
	check(kshare_check_version(array, st.version) == 0);
	check(kshare_array_set(array, 0, kshare_int(1)) == 0);
	check(kshare_check_version(array, st.version + 100) == -ESTALE);
	kshare_unref(ro);
	check(kshare_from_handle(k, kshare_handle(array), &taken) == 0);
	kshare_unref(taken);
	check(kshare_array_len(array) == -EBADF);
	kshare_unref(array);
	check(objects() == before);
	opts.type = KSHARE_TYPE_DICT;
	opts.length = 0;
	check(kshare_create(k, &opts, &taken) == -EINVAL);
	opts.elem = 0;
	check(kshare_create(k, &opts, &taken) == 0 && kshare_type(taken) == KSHARE_TYPE_DICT);
	kshare_unref(taken);
	opts.type = 999;
	check(kshare_create(k, &opts, &taken) == -EOPNOTSUPP);
	kshare_unref(domain);
}

static void test_cell(void)
{
	struct kshare_obj *cell;
	uint64_t version;

	check(kshare_cell_create(k, KSHARE_ELEM_ANY, kshare_int(12), 0, &cell) == 0);
	check(kshare_cell_get(cell, &r) == 0);
	is(0, "12");
	check(kshare_cell_add(cell, kshare_int(-2), 0, &r) == 0);
	is(0, "10");
	check(kshare_cell_and(cell, kshare_int(6), &r) == 0);
	is(0, "2");
	check(kshare_cell_or(cell, kshare_int(5), &r) == 0);
	is(0, "7");
	check(kshare_cell_xor(cell, kshare_int(1), &r) == 0);
	is(0, "6");
	check(kshare_cell_swap(cell, kshare_str("a text that is longer"), &r) == 0);
	is(0, "6");
	check(kshare_cell_add(cell, kshare_int(1), 0, NULL) == -EDOM);
	check(kshare_cell_check(cell, kshare_str("a text that is longer")) == 0);
	check(kshare_cell_check(cell, kshare_str("a text")) == -ESTALE);
	check(kshare_cell_set(cell, kshare_int(INT64_MAX)) == 0);
	check(kshare_cell_set(cell, kshare_uint(UINT64_MAX)) == 0);
	check(kshare_cell_add(cell, kshare_int(1), 0, NULL) == -ERANGE);
	check(kshare_cell_add(cell, kshare_int(1), KSHARE_WRAP, &r) == 0);
	is(0, "0");
	check(kshare_cell_cas(cell, kshare_int(1), kshare_int(5), 0, &r) == 0);
	is(0, "0");
	check(kshare_cell_cas(cell, kshare_int(0), kshare_int(5), 0, &r) == 1);
	version = kshare_reply_number(r);
	check(kshare_cell_cas(cell, kshare_uint(version - 1), kshare_int(6), KSHARE_BY_VERSION,
			      NULL) == 0);
	check(kshare_cell_cas(cell, kshare_uint(version), kshare_int(6), KSHARE_BY_VERSION,
			      NULL) == 1);
	check(kshare_cell_wait(cell, KSHARE_UNTIL_GE, kshare_int(6), KSHARE_FOREVER, &r) == 0);
	is(0, "6");
	check(kshare_cell_wait(cell, KSHARE_UNTIL_NE, kshare_int(6), KSHARE_TRY, &r) == -EAGAIN);
	check(kshare_cell_wait(cell, KSHARE_UNTIL_CHANGED, kshare_uint(version), KSHARE_TRY,
			       &r) == 0);
	check(kshare_cell_wait(cell, KSHARE_UNTIL_GE, kshare_int(7), kshare_deadline_in_ms(5),
			       &r) == -ETIMEDOUT);
	check(kshare_reply_count(r) == 0);
	kshare_unref(cell);

	check(kshare_cell_create(k, KSHARE_ELEM_F64, kshare_str("x"), 0, &cell) == -EDOM);
	check(kshare_cell_create(k, KSHARE_ELEM_F64, kshare_float(0.5), 0, &cell) == 0);
	check(kshare_cell_get(cell, &r) == 0);
	is(0, "0.5");
	kshare_unref(cell);
}

static void test_array(void)
{
	int32_t data[3] = { 10, 20, 30 }, *map;
	struct kshare_obj *array;
	const void *p;
	size_t len;

	check(kshare_array_create(k, KSHARE_ELEM_I32, 8, 0, &array) == 0);
	check(kshare_array_len(array) == 8);
	check(kshare_array_set(array, -1, kshare_int(-7)) == 0);
	check(kshare_array_get(array, 7, &r) == 0);
	is(0, "-7");
	check(kshare_array_get(array, 8, &r) == -ERANGE);
	check(kshare_array_set(array, 0, kshare_int(1LL << 40)) == -ERANGE);
	check(kshare_array_set(array, 0, kshare_float(0.5)) == -EDOM);
	check(kshare_array_write(array, 2, data, sizeof(data)) == 3);
	check(kshare_array_read(array, 1, 4, &r) == 4);
	p = kshare_reply_data(r, 0, &len);
	check(len == 16 && ((int32_t *)p)[0] == 0 && !memcmp((int32_t *)p + 1, data, 12));
	check(kshare_array_add(array, 2, kshare_int(5), 0, &r) == 0);
	is(0, "15");
	check(kshare_array_cas(array, 2, kshare_int(1), kshare_int(2), &r) == 0);
	is(0, "15");
	check(kshare_array_cas(array, 2, kshare_int(15), kshare_int(2), &r) == 1);
	check(kshare_array_map(array, true, (void **)&map, &len) == 0 && len == 32);
	check(map[2] == 2 && map[7] == -7);
	map[0] = 42;
	check(kshare_array_get(array, 0, &r) == 0);
	is(0, "42");
	kshare_unref(array);
	check(map[0] == 42);
	check(kshare_array_unmap(map, len) == 0);
	check(kshare_dict_create(k, 0, &array) == 0);
	check(kshare_array_map(array, false, (void **)&map, &len) == -ENOTTY);
	check(kshare_array_len(array) == -ENOTTY);
	kshare_unref(array);
}

static void test_dict(void)
{
	const struct kshare_value pairs[] = {
		kshare_str("a"), kshare_int(1), kshare_str("b"), kshare_int(2),
		kshare_int(3), kshare_str("a long enough text to need memory"),
	};
	const struct kshare_value keys[] = { kshare_str("b"), kshare_str("?"), kshare_float(3) };
	struct kshare_obj *dict, *ns;
	uint64_t version;

	check(kshare_dict_create(k, 0, &dict) == 0);
	check(kshare_dict_update(dict, pairs, 3) == 3 && kshare_dict_len(dict) == 3);
	check(kshare_dict_get(dict, kshare_bool(true), &r) == -ENOENT);
	check(kshare_dict_set(dict, kshare_str("a"), kshare_none()) == 0);
	check(kshare_dict_get(dict, kshare_str("a"), &r) == 0);
	is(0, "none");
	check(kshare_dict_setdefault(dict, kshare_str("b"), kshare_int(9), &r) == 0);
	is(0, "2");
	check(kshare_dict_setdefault(dict, kshare_str("c"), kshare_int(9), &r) == 1);
	is(0, "9");
	check(kshare_dict_get_many(dict, keys, 3, &r) == 2 && kshare_reply_number(r) == 2);
	is(0, "2");
	is(1, "none");
	is(2, "\"a long enough text to need memory\"");
	check(kshare_dict_contains(dict, kshare_str("c")) == 1);
	check(kshare_dict_pop(dict, kshare_str("c"), &r) == 0);
	is(0, "9");
	check(kshare_dict_contains(dict, kshare_str("c")) == 0);
	check(kshare_dict_popitem(dict, KSHARE_FIRST, &r) == 0);
	is(0, "\"a\"");
	check(kshare_dict_popitem(dict, 0, &r) == 0);
	is(0, "3");
	check(kshare_dict_delete(dict, kshare_str("a")) == -ENOENT);
	check(kshare_dict_add(dict, kshare_str("b"), kshare_int(3), 0, &r) == 0);
	is(0, "5");
	check(kshare_dict_add(dict, kshare_str("n"), kshare_int(3), KSHARE_MUST_EXIST, &r) ==
	      -ENOENT);
	check(kshare_dict_add(dict, kshare_str("n"), kshare_int(3), 0, &r) == 0);
	check(kshare_dict_cas(dict, kshare_str("n"), kshare_int(4), kshare_int(8), 0, &r) == 0);
	is(0, "3");
	check(kshare_dict_cas(dict, kshare_str("n"), kshare_int(3), kshare_int(8), 0, &r) == 1);
	check(kshare_dict_get(dict, kshare_str("n"), &r) == 0);
	version = kshare_reply_number(r);
	check(kshare_dict_cas(dict, kshare_str("n"), kshare_uint(version), kshare_int(9),
			      KSHARE_BY_VERSION, &r) == 1);
	check(kshare_dict_cas(dict, kshare_str("n"), kshare_uint(version), kshare_int(9),
			      KSHARE_BY_VERSION, &r) == 0);
	check(kshare_dict_cas(dict, kshare_str("new"), kshare_uint(0), kshare_int(1),
			      KSHARE_BY_VERSION, &r) == 1);
	check(kshare_dict_check(dict, kshare_str("n"), kshare_int(9)) == 0);
	check(kshare_dict_check(dict, kshare_str("n"), kshare_int(8)) == -ESTALE);
	check(kshare_dict_absent(dict, kshare_str("n")) == -EEXIST);
	check(kshare_dict_absent(dict, kshare_str("?")) == 0);
	check(kshare_dict_items(dict, &r) == 3 && kshare_reply_count(r) == 6);
	is(0, "\"b\"");
	is(5, "1");
	check(kshare_dict_page(dict, 0, NULL, 2, KSHARE_KEYS, &r) == 2);
	check(kshare_reply_flags(r) == KSHARE_R_MORE);
	version = 0;
	check(kshare_dict_page(dict, kshare_reply_number(r), &version, 2, KSHARE_VALUES, &r) == 1);
	is(0, "1");
	check(kshare_reply_flags(r) == KSHARE_R_CHANGED);
	check(kshare_dict_clear(dict) == 0 && kshare_dict_len(dict) == 0);
	check(kshare_dict_get(dict, kshare_float(0.0 / 0.0), &r) == -EINVAL);
	kshare_unref(dict);

	check(kshare_namespace_create(k, 0, &ns) == 0);
	check(kshare_namespace_set(ns, "x", kshare_int(1)) == 1);
	check(kshare_namespace_add(ns, "x", kshare_int(1), 0, NULL) == 0);
	check(kshare_namespace_get(ns, "x", &r) == 0);
	is(0, "2");
	check(kshare_dict_set(ns, kshare_int(1), kshare_int(1)) == -EINVAL);
	check(kshare_namespace_delete(ns, "x") == 0 && kshare_dict_len(ns) == 0);
	kshare_unref(ns);
}

static void test_dict_of_many(void)
{
	struct kshare_obj *dict;
	uint64_t cursor = 0, version;
	unsigned int seen = 0;
	struct kshare_cmds *b;
	int i, n;

	check(kshare_dict_create(k, 0, &dict) == 0);
	check(kshare_batch_new(k, 0, &b) == 0);
	for (i = 0; i < 5000; i++)
		kshare_prep_dict_set(kshare_batch_add(b), dict, kshare_int(i), kshare_int(-i));
	check(kshare_batch_run(b) == 0 && kshare_batch_done(b) == 5000);
	check(kshare_batch_result(b, 4999) == 1);
	kshare_batch_free(b);
	/* More than fits into a reply at first. */
	check(kshare_dict_items(dict, &r) == 5000 && kshare_reply_count(r) == 10000);
	is(9999, "-4999");
	kshare_reply_free(r);
	r = NULL;
	check(kshare_dict_get(dict, kshare_int(4999), &r) == 0);
	version = kshare_reply_number(r);
	do {
		n = kshare_dict_page(dict, cursor, &version, 0, KSHARE_KEYS, &r);
		check(n > 0 && !(kshare_reply_flags(r) & KSHARE_R_CHANGED));
		cursor = kshare_reply_number(r);
		seen += (unsigned int)n;
	} while (kshare_reply_flags(r) & KSHARE_R_MORE);
	check(seen == 5000);
	kshare_unref(dict);
}

static void test_list(void)
{
	const struct kshare_value three[] = { kshare_int(3), kshare_int(1), kshare_int(2) };
	struct kshare_obj *list;

	check(kshare_list_create(k, 0, &list) == 0);
	check(kshare_list_pop(list, kshare_none(), &r) == -ENOENT);
	check(kshare_list_extend(list, three, 3) == 3);
	check(kshare_list_append(list, kshare_int(4)) == 4);
	check(kshare_list_insert(list, -100, kshare_int(0)) == 5);
	list_is(list, "0 3 1 2 4");
	check(kshare_list_get(list, -1, &r) == 0);
	is(0, "4");
	check(kshare_list_get(list, 5, &r) == -ERANGE);
	check(kshare_list_set(list, 1, kshare_int(5)) == 0);
	check(kshare_list_pop(list, kshare_int(1), &r) == 0);
	is(0, "5");
	check(kshare_list_pop(list, kshare_none(), &r) == 0);
	is(0, "4");
	check(kshare_list_delete(list, 0) == 0);
	list_is(list, "1 2");
	check(kshare_list_extend(list, three, 3) == 5);
	check(kshare_list_slice(list, kshare_int(1), kshare_int(-1), 2, &r) == 2);
	is(0, "2");
	is(1, "1");
	check(kshare_list_slice(list, kshare_none(), kshare_none(), -1, &r) == 5);
	is(0, "2");
	is(4, "1");
	check(kshare_list_slice_set(list, kshare_int(0), kshare_int(4), 2, three, 2) == 5);
	list_is(list, "3 2 1 1 2");
	check(kshare_list_slice_set(list, kshare_int(0), kshare_int(4), 2, three, 3) == -EINVAL);
	check(kshare_list_slice_set(list, kshare_int(1), kshare_int(1), 1, three, 2) == 7);
	list_is(list, "3 3 1 2 1 1 2");
	check(kshare_list_slice_delete(list, kshare_int(0), kshare_int(2), 1) == 2);
	list_is(list, "1 2 1 1 2");
	check(kshare_list_remove(list, kshare_int(2)) == 1);
	check(kshare_list_remove(list, kshare_int(7)) == -ENOENT);
	check(kshare_list_index(list, kshare_int(1), kshare_int(1), kshare_none()) == 1);
	check(kshare_list_index(list, kshare_int(2), kshare_none(), kshare_int(3)) == -ENOENT);
	check(kshare_list_count(list, kshare_float(1)) == 3);
	check(kshare_list_contains(list, kshare_int(2)) == 1);
	check(kshare_list_contains(list, kshare_str("2")) == 0);
	check(kshare_list_reverse(list) == 0);
	list_is(list, "2 1 1 1");
	check(kshare_list_add(list, 1, kshare_int(9), 0, &r) == 0);
	is(0, "10");
	check(kshare_list_sort(list, 0) == 0);
	list_is(list, "1 1 2 10");
	check(kshare_list_sort(list, KSHARE_REVERSE) == 0);
	list_is(list, "10 2 1 1");
	check(kshare_list_cas(list, 0, kshare_int(11), kshare_int(0), &r) == 0);
	is(0, "10");
	check(kshare_list_cas(list, 0, kshare_int(10), kshare_int(0), &r) == 1);
	check(kshare_list_check(list, 0, kshare_int(0)) == 0);
	check(kshare_list_check(list, 0, kshare_int(1)) == -ESTALE);
	check(kshare_list_append(list, kshare_str("x")) == 5);
	check(kshare_list_sort(list, 0) == -EDOM);
	check(kshare_list_clear(list) == 0 && kshare_list_len(list) == 0);
	kshare_unref(list);
}

static void test_lock(void)
{
	struct kshare_obj *lock;
	uint64_t first, second;
	uint32_t flags = 99;

	check(kshare_lock_create(k, 0, &lock) == 0);
	check(kshare_lock_acquire(lock, KSHARE_FOREVER, &first, &flags) == 1 && flags == 0);
	check(kshare_lock_acquire(lock, KSHARE_FOREVER, NULL, NULL) == -EDEADLK);
	check(kshare_lock_acquire_as(lock, 5, KSHARE_TRY, NULL, NULL) == -EAGAIN);
	check(kshare_lock_acquire_as(lock, 5, kshare_deadline_in_ms(5), NULL, NULL) == -ETIMEDOUT);
	check(kshare_lock_release_as(lock, 5) == -EPERM);
	check(kshare_lock_release(lock) == 0);
	check(kshare_lock_acquire_as(lock, 5, KSHARE_TRY, &second, NULL) == 1 && second > first);
	check(kshare_lock_release(lock) == -EPERM);
	check(kshare_lock_release_as(lock, 5) == 0);
	kshare_unref(lock);

	check(kshare_lock_create(k, KSHARE_ANY_RELEASES, &lock) == 0);
	check(kshare_lock_acquire_as(lock, 5, KSHARE_TRY, NULL, NULL) == 1);
	check(kshare_lock_release(lock) == 0);
	kshare_unref(lock);

	check(kshare_rlock_create(k, 0, &lock) == 0);
	check(kshare_lock_acquire(lock, KSHARE_FOREVER, &first, NULL) == 1);
	check(kshare_lock_acquire(lock, KSHARE_FOREVER, &second, NULL) == 2 && first == second);
	check(kshare_lock_release(lock) == 1);
	check(kshare_lock_release(lock) == 0);
	check(kshare_lock_release(lock) == -EPERM);
	kshare_unref(lock);
}

static void nothing(int sig)
{
	(void)sig;
}

static void *interrupt(void *arg)
{
	struct kshare_obj *event = arg;
	struct kshare_stat st;

	do {
		check(kshare_stat(event, &st) == 0);
	} while (!st.waiters);
	kill(getpid(), SIGUSR1);
	return NULL;
}

static void test_event(void)
{
	struct sigaction sa = { .sa_handler = nothing };
	struct kshare_obj *event;
	pthread_t thread;
	sigset_t set;

	check(kshare_event_create(k, 0, &event) == 0);
	check(kshare_event_is_set(event) == 0);
	check(kshare_event_wait(event, KSHARE_TRY) == -EAGAIN);
	check(kshare_event_wait(event, kshare_deadline_in_ms(5)) == -ETIMEDOUT);
	check(kshare_event_set(event) == 0 && kshare_event_is_set(event) == 1);
	check(kshare_event_wait(event, KSHARE_FOREVER) == 0);
	check(kshare_event_clear(event) == 0 && kshare_event_is_set(event) == 0);

	/* A signal for this thread, whose handler does not restart what it ends. */
	sigaction(SIGUSR1, &sa, NULL);
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
	check(pthread_create(&thread, NULL, interrupt, event) == 0);
	pthread_sigmask(SIG_UNBLOCK, &set, NULL);
	check(kshare_event_wait(event, KSHARE_FOREVER) == -EINTR);
	pthread_join(thread, NULL);
	kshare_unref(event);

	check(kshare_event_create(k, KSHARE_AUTO_RESET, &event) == 0);
	check(kshare_event_set(event) == 0);
	check(kshare_event_wait(event, KSHARE_TRY) == 0);
	check(kshare_event_wait(event, KSHARE_TRY) == -EAGAIN);
	kshare_unref(event);
}

static void test_references(void)
{
	struct kshare_obj *list, *dict, *got, *both[2];
	uint64_t before = objects();
	struct kshare_value v;
	struct kshare_stat st;
	uint32_t buf[8];
	size_t len;

	check(kshare_list_create(k, 0, &list) == 0);
	check(kshare_dict_create(k, 0, &dict) == 0);
	check(kshare_dict_set(dict, kshare_str("x"), kshare_int(1)) == 1);
	check(kshare_list_append(list, kshare_ref(dict)) == 1);
	check(kshare_list_append(list, kshare_ref_rights(dict, KSHARE_RIGHT_READ |
							 KSHARE_RIGHT_TRANSFER)) == 2);
	both[0] = dict;
	both[1] = list;
	check(kshare_encoded_refs(7, "data", 4, both, 2, buf, sizeof(buf), &v) == 0);
	check(kshare_list_append(list, v) == 3);
	kshare_unref(dict);

	check(kshare_list_slice(list, kshare_none(), kshare_none(), 1, &r) == 3);
	check(kshare_reply_obj(r, 1, &got) == 0);
	check(kshare_type(got) == KSHARE_TYPE_DICT);
	check(kshare_dict_set(got, kshare_str("x"), kshare_int(2)) == -EACCES);
	kshare_unref(got);
	check(kshare_reply_ref_count(r, 2) == 2 && kshare_reply_value(r, 2)->codec == 7);
	check(!memcmp(kshare_reply_data(r, 2, &len), "data", 4) && len == 4);
	check(kshare_reply_ref(r, 2, 1, &got) == 0 && kshare_same(got, list) == 1);
	/* What came out can go in again, as it is. */
	check(kshare_list_extend(list, kshare_reply_value(r, 0), 3) == 6);
	kshare_unref(got);
	check(kshare_reply_obj(r, 0, &got) == 0);
	kshare_reply_free(r);
	r = NULL;
	check(kshare_dict_len(got) == 1);
	/* All handles of the reply are closed but the one that was taken. */
	check(kshare_stat(list, &st) == 0 && st.handles == 3);
	check(kshare_list_clear(list) == 0);
	check(objects() == before + 2);
	kshare_unref(got);
	kshare_unref(list);
	check(objects() == before);
}

static void test_equal(void)
{
	struct kshare_obj *a, *b, *in_a, *in_b;
	struct kshare_value v[] = {
		kshare_int(1), kshare_str("one"), kshare_str("a"), kshare_none(),
	};
	struct kshare_value w[] = {
		kshare_str("a"), kshare_none(), kshare_float(1), kshare_str("one"),
	};
	double d[2] = { 0.0, 1.5 };

	check(kshare_dict_create(k, 0, &a) == 0 && kshare_dict_create(k, 0, &b) == 0);
	check(kshare_equal(a, b) == 1);
	check(kshare_dict_update(a, v, 2) == 2);
	check(kshare_equal(a, b) == 0 && kshare_equal(b, a) == 0);
	check(kshare_dict_update(b, w, 2) == 2);
	check(kshare_equal(a, b) == 1);
	/* In circles: each holds a list that holds it. */
	check(kshare_list_create(k, 0, &in_a) == 0 && kshare_list_create(k, 0, &in_b) == 0);
	check(kshare_list_append(in_a, kshare_ref(a)) == 1);
	check(kshare_list_append(in_b, kshare_ref(b)) == 1);
	check(kshare_dict_set(a, kshare_str("list"), kshare_ref(in_a)) == 1);
	check(kshare_dict_set(b, kshare_str("list"), kshare_ref(in_b)) == 1);
	check(kshare_equal(a, b) == 1 && kshare_equal(in_a, in_b) == 1);
	check(kshare_list_append(in_a, kshare_int(1)) == 2);
	check(kshare_list_append(in_b, kshare_bool(true)) == 2);
	check(kshare_equal(a, b) == 1);
	check(kshare_list_set(in_b, 1, kshare_int(2)) == 0);
	check(kshare_equal(a, b) == 0 && kshare_equal(a, in_a) == 0);
	check(kshare_dict_clear(a) == 0 && kshare_dict_clear(b) == 0);
	kshare_unref(a);
	kshare_unref(b);
	kshare_unref(in_a);
	kshare_unref(in_b);

	check(kshare_array_create(k, KSHARE_ELEM_F64, 2, 0, &a) == 0);
	check(kshare_array_create(k, KSHARE_ELEM_F64, 2, 0, &b) == 0);
	check(kshare_array_write(a, 0, d, sizeof(d)) == 2);
	check(kshare_equal(a, b) == 0);
	d[0] = -0.0;
	check(kshare_array_write(b, 0, d, sizeof(d)) == 2);
	check(kshare_equal(a, b) == 1);
	kshare_unref(a);
	kshare_unref(b);
	check(kshare_cell_create(k, KSHARE_ELEM_ANY, kshare_int(1), 0, &a) == 0);
	check(kshare_cell_create(k, KSHARE_ELEM_I64, kshare_int(1), 0, &b) == 0);
	check(kshare_equal(a, b) == 1);
	check(kshare_cell_set(b, kshare_int(2)) == 0 && kshare_equal(a, b) == 0);
	kshare_unref(a);
	kshare_unref(b);
}

static void test_batch(void)
{
	struct kshare_obj *from, *to;
	struct kshare_cmds *b;

	check(kshare_cell_create(k, KSHARE_ELEM_I64, kshare_int(5), 0, &from) == 0);
	check(kshare_cell_create(k, KSHARE_ELEM_I64, kshare_int(0), 0, &to) == 0);
	check(kshare_batch_new(k, KSHARE_BATCH_ATOMIC, &b) == 0);
	kshare_prep_cell_add(kshare_batch_ask(b), from, kshare_int(-3), 0);
	kshare_prep_cell_add(kshare_batch_ask(b), to, kshare_int(3), 0);
	kshare_prep_cell_check(kshare_batch_add(b), from, kshare_int(2));
	check(kshare_batch_run(b) == 0 && kshare_batch_done(b) == 3);
	check(kshare_value_equal(kshare_reply_value(kshare_batch_reply(b, 1), 0),
				 &(struct kshare_value){ .type = KSHARE_INT, .i = 3 }));
	/* Again, and now it holds less: nothing of it happens. */
	check(kshare_batch_run(b) == -ESTALE && kshare_batch_done(b) == 2);
	check(kshare_batch_result(b, 0) == -ECANCELED && kshare_batch_result(b, 2) == -ESTALE);
	check(kshare_reply_count(kshare_batch_reply(b, 0)) == 0);
	kshare_batch_free(b);
	check(kshare_cell_get(from, &r) == 0);
	is(0, "2");
	check(kshare_batch_new(k, KSHARE_BATCH_RUN_ON, &b) == 0);
	kshare_prep_cell_check(kshare_batch_add(b), from, kshare_int(7));
	kshare_prep_dict_len(kshare_batch_ask(b), from);
	kshare_prep_cell_get(kshare_batch_ask(b), from);
	check(kshare_batch_run(b) == 0 && kshare_batch_done(b) == 3);
	check(kshare_batch_result(b, 0) == -ESTALE && kshare_batch_result(b, 1) == -ENOTTY);
	check(kshare_batch_result(b, 2) == 0 && kshare_reply_count(kshare_batch_reply(b, 2)) == 1);
	kshare_batch_free(b);
	kshare_unref(from);
	kshare_unref(to);
}

static void test_fork(void)
{
	struct kshare_connect_opts opts = {
		.size = sizeof(opts),
		.flags = KSHARE_CONNECT_NO_INHERIT,
	};
	struct kshare_obj *cell, *own, *lock, *other;
	struct kshare *alone, *bound;
	int status, fd;
	pid_t pid;

	check(kshare_connect(&opts, &alone) == 0);
	check(kshare_cell_create(k, KSHARE_ELEM_I64, kshare_int(0), 0, &cell) == 0);
	check(kshare_cell_create(k, KSHARE_ELEM_I64, kshare_int(0), KSHARE_NO_INHERIT, &own) == 0);
	check(kshare_lock_create(k, 0, &lock) == 0);
	check(kshare_lock_acquire(lock, KSHARE_TRY, NULL, NULL) == 1);
	fd = kshare_client_clone(k);
	check(fd >= 0);
	pid = fork();
	if (pid == 0) {
		check(kshare_cell_add(cell, kshare_int(1), 0, NULL) == 0);
		check(kshare_cell_add(own, kshare_int(1), 0, NULL) == -EBADF);
		kshare_unref(own);
		check(kshare_nop(alone) == -EPERM && kshare_client_error(alone) == -EPERM);
		/* The lock stayed with the parent. */
		check(kshare_lock_release(lock) == -EPERM);
		check(kshare_lock_acquire(lock, KSHARE_TRY, NULL, NULL) == -EAGAIN);
		/* The other way to be a client of the same domain. */
		check(kshare_client_bind(fd, NULL, &bound) == 0);
		check(kshare_from_handle(bound, kshare_handle(cell), &other) == 0);
		check(kshare_cell_add(other, kshare_int(1), 0, NULL) == 0);
		check(kshare_same(other, cell) == 1);
		_exit(7);
	}
	check(waitpid(pid, &status, 0) == pid && WIFEXITED(status) && WEXITSTATUS(status) == 7);
	check(kshare_cell_get(cell, &r) == 0);
	is(0, "2");
	check(kshare_client_bind(fd, NULL, &bound) == -EPERM);
	check(kshare_nop(alone) == 0);
	check(kshare_lock_release(lock) == 0);
	close(fd);
	kshare_unref(cell);
	kshare_unref(own);
	kshare_unref(lock);
	kshare_disconnect(alone);

	/* A child that bypassed the library: the parent's client is not its. */
	pid = vfork();
	if (pid == 0)
		_exit(0);
	check(waitpid(pid, &status, 0) == pid);
	check(kshare_nop(k) == 0);
	pid = _Fork();
	if (pid == 0)
		_exit(kshare_nop(k) == -EPERM ? 7 : 1);
	check(waitpid(pid, &status, 0) == pid && WEXITSTATUS(status) == 7);
	check(kshare_nop(k) == 0);
}

static bool stop;

/* Makes and drops proxies, replies and clients. */
static void *churn(void *arg)
{
	struct kshare_obj *shared = arg;

	while (!__atomic_load_n(&stop, __ATOMIC_RELAXED)) {
		struct kshare_reply *reply KSHARE_CLEANUP_REPLY = NULL;
		struct kshare_obj *list KSHARE_CLEANUP = NULL;
		struct kshare_obj *got KSHARE_CLEANUP = NULL;
		struct kshare *other KSHARE_CLEANUP_CLIENT = NULL;

		check(kshare_connect(NULL, &other) == 0);
		check(kshare_list_create(k, 0, &list) == 0);
		check(kshare_list_append(list, kshare_ref(shared)) == 1);
		check(kshare_list_get(list, 0, &reply) == 0);
		check(kshare_reply_obj(reply, 0, &got) == 0);
		check(kshare_cell_add(got, kshare_int(1), 0, NULL) == 0);
	}
	return NULL;
}

static void test_fork_while_threads_run(void)
{
	uint64_t before = objects();
	pthread_t threads[4];
	struct kshare_obj *cell;
	int i, status;
	pid_t pid;

	check(kshare_cell_create(k, KSHARE_ELEM_I64, kshare_int(0), 0, &cell) == 0);
	for (i = 0; i < 4; i++)
		check(pthread_create(&threads[i], NULL, churn, cell) == 0);
	for (i = 0; i < 50; i++) {
		pid = fork();
		if (pid == 0) {
			check(kshare_client_error(k) == 0);
			check(kshare_cell_add(cell, kshare_int(1000000), 0, NULL) == 0);
			kshare_unref(cell);
			_exit(7);
		}
		check(waitpid(pid, &status, 0) == pid && WEXITSTATUS(status) == 7);
	}
	__atomic_store_n(&stop, true, __ATOMIC_RELAXED);
	for (i = 0; i < 4; i++)
		pthread_join(threads[i], NULL);
	check(kshare_cell_wait(cell, KSHARE_UNTIL_GE, kshare_int(50000000), KSHARE_TRY, NULL) == 0);
	kshare_unref(cell);
	check(objects() == before);
}

/* A client dies with its process, whoever still holds its descriptor. */
static void test_descriptor_left_behind(void)
{
	struct kshare_obj *lock;
	int held[2], over[2];
	uint32_t flags = 0;
	int status;
	pid_t pid;
	char c;

	check(pipe(held) == 0 && pipe(over) == 0);
	check(kshare_lock_create(k, 0, &lock) == 0);
	pid = fork();
	if (pid == 0) {
		struct kshare_obj *list;

		check(kshare_list_create(k, 0, &list) == 0);
		check(kshare_lock_acquire(lock, KSHARE_TRY, NULL, NULL) == 1);
		if (_Fork() == 0) {
			/* Until the parent's parent has seen what it is to see. */
			close(over[1]);
			check(write(held[1], "", 1) == 1);
			_exit(read(over[0], &c, 1) != 0);
		}
		for (;;)
			pause();
	}
	check(read(held[0], &c, 1) == 1);
	kill(pid, SIGKILL);
	check(kshare_lock_acquire(lock, KSHARE_FOREVER, NULL, &flags) == 1);
	check(flags == KSHARE_R_OWNER_DIED);
	check(waitpid(pid, &status, 0) == pid && WIFSIGNALED(status));
	check(kshare_lock_release(lock) == 0);
	kshare_unref(lock);
	close(over[0]);
	close(over[1]);
	close(held[0]);
	close(held[1]);
}

int main(void)
{
	uint64_t before;
	int err;

	err = kshare_connect(NULL, &k);
	if (err) {
		printf("skipped: %s: %s\n", KSHARE_DEVICE, kshare_strerror(err));
		return 77;
	}
	before = objects();
	errno = 4711;
	test_client();
	test_domain();
	test_object();
	test_cell();
	test_array();
	test_dict();
	test_dict_of_many();
	test_list();
	test_lock();
	test_references();
	test_equal();
	test_batch();
	check(errno == 4711);
	test_event();
	test_fork();
	test_fork_while_threads_run();
	test_descriptor_left_behind();
	kshare_reply_free(r);
	check(objects() == before);
	kshare_disconnect(k);
	return 0;
}
