// SPDX-License-Identifier: GPL-2.0
/* Arrays: typed elements, and a mapping that is the same memory. */
#include "kshare_test.h"
#include <pthread.h>

#define PAGE	4096

static int with(struct side *s, uint32_t op, int a, int64_t i, struct kshare_value v)
{
	struct kshare_cmd cmd = t_cmd(op, a);

	cmd.key = t_int(i);
	cmd.value = v;
	return t_run(s, cmd);
}

static void *map(struct side *s, int a, size_t size, int prot)
{
	return mmap(NULL, size, prot, MAP_SHARED, s->fd, KSHARE_MMAP_OFFSET(a, PAGE));
}

TEST_F(kshare, every_element_type_keeps_its_range)
{
	static const struct {
		uint32_t elem;
		int64_t least;
		uint64_t most;
	} t[] = {
		{ KSHARE_ELEM_BYTES, 0, UINT8_MAX }, { KSHARE_ELEM_I8, INT8_MIN, INT8_MAX },
		{ KSHARE_ELEM_U8, 0, UINT8_MAX }, { KSHARE_ELEM_I16, INT16_MIN, INT16_MAX },
		{ KSHARE_ELEM_U16, 0, UINT16_MAX }, { KSHARE_ELEM_I32, INT32_MIN, INT32_MAX },
		{ KSHARE_ELEM_U32, 0, UINT32_MAX }, { KSHARE_ELEM_I64, INT64_MIN, INT64_MAX },
		{ KSHARE_ELEM_U64, 0, UINT64_MAX },
	};
	struct side *s = &self->s;
	unsigned int i;

	for (i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		int a = t_create_elem(s, KSHARE_TYPE_ARRAY, t[i].elem, 3);
		struct kshare_cmd cmd = t_cmd(KSHARE_OP_ARRAY_ADD, a);

		ASSERT_LT(0, a);
		EXPECT_EQ(0, with(s, KSHARE_OP_ARRAY_SET, a, 1, t_int(t[i].least)));
		EXPECT_EQ(0, with(s, KSHARE_OP_ARRAY_SET, a, -1, t_uint(t[i].most)));
		EXPECT_EQ(0, with(s, KSHARE_OP_ARRAY_GET, a, 1, t_none()));
		EXPECT_EQ(t[i].least, s->out.values[0].i);
		EXPECT_EQ(0, with(s, KSHARE_OP_ARRAY_GET, a, 2, t_none()));
		EXPECT_EQ(t[i].most, s->out.values[0].u);
		EXPECT_EQ(0, with(s, KSHARE_OP_ARRAY_GET, a, 0, t_none()));
		EXPECT_EQ(0, s->out.values[0].i);
		EXPECT_EQ(-ERANGE, with(s, KSHARE_OP_ARRAY_ADD, a, 2, t_int(1)));
		EXPECT_EQ(-ERANGE, with(s, KSHARE_OP_ARRAY_ADD, a, 1, t_int(-1)));
		EXPECT_EQ(-EDOM, with(s, KSHARE_OP_ARRAY_SET, a, 0, t_float(1.0)));
		EXPECT_EQ(-EDOM, with(s, KSHARE_OP_ARRAY_SET, a, 0, t_str("1")));
		EXPECT_EQ(-ERANGE, with(s, KSHARE_OP_ARRAY_GET, a, 3, t_none()));
		EXPECT_EQ(-ERANGE, with(s, KSHARE_OP_ARRAY_GET, a, -4, t_none()));
		cmd.key = t_int(2);
		cmd.value = t_int(1);
		cmd.flags = KSHARE_WRAP;
		EXPECT_EQ(0, t_run(s, cmd));
		EXPECT_EQ(t[i].least, s->out.values[0].i);
	}
}

TEST_F(kshare, floats_are_rounded_as_the_hardware_does)
{
	struct side *s = &self->s;
	int f32 = t_create_elem(s, KSHARE_TYPE_ARRAY, KSHARE_ELEM_F32, 2);
	int f64 = t_create_elem(s, KSHARE_TYPE_ARRAY, KSHARE_ELEM_F64, 2);

	EXPECT_EQ(0, with(s, KSHARE_OP_ARRAY_SET, f32, 0, t_float(3.1415927)));
	EXPECT_EQ(0, with(s, KSHARE_OP_ARRAY_GET, f32, 0, t_none()));
	EXPECT_EQ((float)3.1415927, t_double(&s->out.values[0]));
	EXPECT_EQ(-ERANGE, with(s, KSHARE_OP_ARRAY_SET, f32, 0, t_float(1e300)));
	EXPECT_EQ(0, with(s, KSHARE_OP_ARRAY_SET, f64, 1, t_float(1e300)));
	EXPECT_EQ(0, with(s, KSHARE_OP_ARRAY_ADD, f64, 1, t_float(-1e284)));
	EXPECT_EQ(1e300 - 1e284, t_double(&s->out.values[0]));
}

TEST_F(kshare, creation_is_checked)
{
	struct side *s = &self->s;

	EXPECT_EQ(-EOPNOTSUPP, t_create_elem(s, KSHARE_TYPE_ARRAY, KSHARE_ELEM_ANY, 3));
	EXPECT_EQ(-EOPNOTSUPP, t_create_elem(s, KSHARE_TYPE_ARRAY, 12, 3));
	EXPECT_EQ(-EINVAL, t_create_elem(s, KSHARE_TYPE_ARRAY, KSHARE_ELEM_U8, 0));
	EXPECT_EQ(-EINVAL, t_create_elem(s, KSHARE_TYPE_ARRAY, KSHARE_ELEM_U8, -1));
	EXPECT_EQ(-EDQUOT, t_create_elem(s, KSHARE_TYPE_ARRAY, KSHARE_ELEM_U64, INT64_MAX));
	EXPECT_EQ(-EDQUOT, t_create_elem(s, KSHARE_TYPE_ARRAY, KSHARE_ELEM_U64, 1ll << 40));
}

TEST_F(kshare, slices_are_raw_elements)
{
	struct side *s = &self->s;
	int i, a = t_create_elem(s, KSHARE_TYPE_ARRAY, KSHARE_ELEM_I32, 2000);
	struct kshare_cmd cmd = t_cmd(KSHARE_OP_ARRAY_WRITE, a);
	int32_t v[2000];

	for (i = 0; i < 2000; i++)
		v[i] = i - 1000;
	cmd.key = t_int(0);
	cmd.value = t_bytes(v, sizeof(v));
	EXPECT_EQ(2000, t_raw(s, cmd));
	cmd.key = t_int(1);
	EXPECT_EQ(-ERANGE, t_raw(s, cmd));
	cmd.value.len = 6;
	EXPECT_EQ(-EINVAL, t_raw(s, cmd));
	cmd = t_cmd(KSHARE_OP_ARRAY_READ, a);
	cmd.key = t_int(-2);
	cmd.nr = 2;
	EXPECT_EQ(2, t_run(s, cmd));
	EXPECT_EQ(8, s->out.values[0].len);
	EXPECT_EQ(0, memcmp(s->out.values[0].bytes, v + 1998, 8));
	cmd.key = t_int(0);
	cmd.nr = 2000;
	EXPECT_EQ(2000, t_run(s, cmd));
	EXPECT_EQ(0, memcmp((void *)(uintptr_t)s->out.values[0].ptr, v, sizeof(v)));
	cmd.nr = 2001;
	EXPECT_EQ(-ERANGE, t_run(s, cmd));
	EXPECT_EQ(0, t_run(s, t_cmd(KSHARE_OP_ARRAY_LEN, a)));
	EXPECT_EQ(2000, s->out.head.number);
}

TEST_F(kshare, a_mapping_is_the_same_memory_and_outlives_the_handle)
{
	struct side *s = &self->s;
	int i, a = t_create_elem(s, KSHARE_TYPE_ARRAY, KSHARE_ELEM_I32, 5000);
	struct kshare_stat stat;
	int32_t *m;
	pid_t pid;

	m = map(s, a, 5 * PAGE, PROT_READ | PROT_WRITE);
	ASSERT_NE(MAP_FAILED, m);
	EXPECT_EQ(MAP_FAILED, map(s, a, 6 * PAGE, PROT_READ));
	for (i = 0; i < 5000; i++)
		EXPECT_EQ(0, m[i]);
	m[4999] = 7;
	EXPECT_EQ(0, with(s, KSHARE_OP_ARRAY_ADD, a, -1, t_int(1)));
	EXPECT_EQ(8, m[4999]);
	/* What is dropped from the page tables is still there. */
	ASSERT_EQ(0, madvise(m, 5 * PAGE, MADV_DONTNEED));
	EXPECT_EQ(8, m[4999]);
	EXPECT_NE(0, madvise(m, 5 * PAGE, MADV_REMOVE));
	EXPECT_EQ(8, m[4999]);
	pid = fork();
	if (!pid) {
		m[0] = 42;
		_exit(m[4999] != 8);
	}
	EXPECT_EQ(0, t_wait(pid));
	EXPECT_EQ(42, m[0]);
	EXPECT_EQ(0, t_close(s, a));
	ASSERT_EQ(0, t_stat(s, 1, &stat));
	EXPECT_EQ(self->before.used[KSHARE_LIMIT_OBJECTS] + 1, stat.used[KSHARE_LIMIT_OBJECTS]);
	m[1] = 43;
	EXPECT_EQ(43, m[1]);
	EXPECT_EQ(MAP_FAILED, mremap(m, 5 * PAGE, 6 * PAGE, MREMAP_MAYMOVE));
	ASSERT_EQ(0, munmap(m, 5 * PAGE));
}

TEST_F(kshare, a_mapping_has_the_rights_of_its_handle_and_no_way_around_them)
{
	struct side *s = &self->s;
	int a = t_create_elem(s, KSHARE_TYPE_ARRAY, KSHARE_ELEM_U8, PAGE);
	struct kshare_cmd dup = t_cmd(KSHARE_OP_DUP, a);
	int reader, writer;
	void *m;

	dup.nr = KSHARE_RIGHT_READ;
	reader = t_raw(s, dup);
	dup.nr = KSHARE_RIGHT_WRITE;
	writer = t_raw(s, dup);
	EXPECT_EQ(MAP_FAILED, map(s, reader, PAGE, PROT_READ | PROT_WRITE));
	EXPECT_EQ(EACCES, errno);
	EXPECT_EQ(MAP_FAILED, map(s, writer, PAGE, PROT_READ | PROT_WRITE));
	EXPECT_EQ(EACCES, errno);
	m = map(s, reader, PAGE, PROT_READ);
	ASSERT_NE(MAP_FAILED, m);
	EXPECT_NE(0, mprotect(m, PAGE, PROT_READ | PROT_WRITE));
	EXPECT_NE(0, mprotect(m, PAGE, PROT_READ | PROT_EXEC));
	munmap(m, PAGE);
	EXPECT_EQ(MAP_FAILED, map(s, a, PAGE, PROT_READ | PROT_EXEC));
	EXPECT_EQ(MAP_FAILED, mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, s->fd,
				   KSHARE_MMAP_OFFSET(a, PAGE)));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_EQ(MAP_FAILED, map(s, 1, PAGE, PROT_READ));
	EXPECT_EQ(ENOTTY, errno);
	EXPECT_EQ(MAP_FAILED, map(s, 999, PAGE, PROT_READ));
	EXPECT_EQ(EBADF, errno);
}

#define ADDS	20000

static void *add_by_mapping(void *m)
{
	int i;

	for (i = 0; i < ADDS; i++)
		__atomic_fetch_add((int32_t *)m, 1, __ATOMIC_RELAXED);
	return NULL;
}

TEST_F(kshare, add_is_atomic_against_threads_that_use_the_mapping)
{
	struct side *s = &self->s;
	int i, a = t_create_elem(s, KSHARE_TYPE_ARRAY, KSHARE_ELEM_I32, 1);
	pthread_t thread;
	int32_t *m = map(s, a, PAGE, PROT_READ | PROT_WRITE);

	ASSERT_NE(MAP_FAILED, (void *)m);
	ASSERT_EQ(0, pthread_create(&thread, NULL, add_by_mapping, m));
	for (i = 0; i < 2000; i++)
		ASSERT_EQ(0, with(s, KSHARE_OP_ARRAY_ADD, a, 0, t_int(1)));
	pthread_join(thread, NULL);
	EXPECT_EQ(ADDS + 2000, *m);
	munmap(m, PAGE);
}

TEST_F(kshare, compare_and_swap)
{
	struct side *s = &self->s;
	int a = t_create_elem(s, KSHARE_TYPE_ARRAY, KSHARE_ELEM_U16, 2);
	struct kshare_cmd cmd = t_cmd(KSHARE_OP_ARRAY_CAS, a);

	cmd.key = t_int(1);
	cmd.expect = t_int(0);
	cmd.value = t_int(5);
	EXPECT_EQ(1, t_run(s, cmd));
	EXPECT_EQ(0, t_run(s, cmd));
	EXPECT_EQ(5, s->out.values[0].i);
	cmd.expect = t_int(5);
	cmd.value = t_int(65536);
	EXPECT_EQ(-ERANGE, t_run(s, cmd));
}

TEST_HARNESS_MAIN
