// SPDX-License-Identifier: GPL-2.0
/*
 * All that a process has the kernel keep is charged to its memory cgroup, and one
 * that is full ends in ENOMEM or in the death of its process, never in a mess.
 */
#include "kshare_test.h"

#include <sys/stat.h>

/* What the kernel may have charged ahead, 64 pages a processor, of which there is one. */
#define STOCK	(64 * 4096)

#define ROOT	"/sys/fs/cgroup"
#define GROUP	ROOT "/kshare-test"

static bool file_write(const char *path, const char *text)
{
	int fd;
	bool ok;

	fd = open(path, O_WRONLY | O_CLOEXEC);
	ok = fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text);
	close(fd);
	return ok;
}

static int64_t bytes_charged(void)
{
	FILE *f = fopen(GROUP "/memory.current", "r");
	long long n = -1;

	if (!f || fscanf(f, "%lld", &n) != 1)
		n = -1;
	if (f)
		fclose(f);
	return n;
}

/*
 * Each part of a test has a group of its own: what the one before it gave back may
 * still be on its way to the allocator, and would be missing in a shared one.
 */
static bool group_begin(void)
{
	return !geteuid() && file_write(ROOT "/cgroup.subtree_control", "+memory") &&
	       !mkdir(GROUP, 0700);
}

static void group_end(void)
{
	rmdir(GROUP);
}

static int store(struct side *s, int d, int i, uint32_t len)
{
	struct kshare_cmd cmd = t_cmd(KSHARE_OP_DICT_SET, d);
	static char text[65536];

	cmd.key = t_int(i);
	memset(text, i, len);
	cmd.value = t_bytes(text, len);
	return t_raw(s, cmd);
}

static void many_cells(struct side *s, int d)
{
	int i;

	for (i = 0; i < 5000; i++)
		t_create(s, KSHARE_TYPE_CELL);
}

static void many_handles(struct side *s, int d)
{
	int i;

	for (i = 0; i < 30000; i++)
		t_raw(s, t_cmd(KSHARE_OP_DUP, d));
}

static void many_entries(struct side *s, int d)
{
	int i;

	for (i = 0; i < 8000; i++)
		store(s, d, i, 8);
}

static void many_bytes(struct side *s, int d)
{
	int i;

	for (i = 0; i < 50; i++)
		store(s, d, i, 65536);
}

static void many_elements(struct side *s, int d)
{
	struct kshare_cmd cmd = t_cmd(KSHARE_OP_LIST_EXTEND, t_create(s, KSHARE_TYPE_LIST));
	static struct kshare_value v[KSHARE_MAX_VECTOR];

	cmd.value = t_vector(v, KSHARE_MAX_VECTOR);
	t_raw(s, cmd);
}

static void large_array(struct side *s, int d)
{
	t_create_elem(s, KSHARE_TYPE_ARRAY, KSHARE_ELEM_U8, 3000000);
}

static void many_clients(struct side *s, int d)
{
	int i;

	for (i = 0; i < 400; i++)
		open(KSHARE_DEVICE, O_RDWR | O_CLOEXEC);
}

TEST_F(kshare, all_that_is_kept_for_a_process_is_charged_to_its_group)
{
	static const struct {
		const char *name;
		void (*make)(struct side *s, int d);
		int64_t bytes;
	} kinds[] = {
		{ "cells", many_cells, 5000 * 152 },
		{ "handles", many_handles, 30000 * 16 },
		{ "entries", many_entries, 8000 * 88 },
		{ "bytes", many_bytes, 50 * 65536 },
		{ "elements", many_elements, KSHARE_MAX_VECTOR * 16 },
		{ "array", large_array, 3000000 },
		{ "clients", many_clients, 400 * 1024 },
	};
	struct side *s = &self->s;
	unsigned int i;

	for (i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		int ready[2], go[2], d = t_create(s, KSHARE_TYPE_DICT);
		int64_t before, after;
		pid_t pid;
		char c;

		if (!group_begin())
			SKIP(return, "needs root and the memory controller of cgroup2");
		ASSERT_EQ(0, pipe(ready) | pipe(go));
		pid = t_fork(s);
		if (!pid) {
			cpu_set_t one;

			CPU_ZERO(&one);
			CPU_SET(sched_getcpu(), &one);
			if (sched_setaffinity(0, sizeof(one), &one) ||
			    !file_write(GROUP "/cgroup.procs", "0"))
				_exit(1);
			/* Its own memory comes before. */
			store(s, d, 1, 65536);
			write(ready[1], "x", 1);
			read(go[0], &c, 1);
			kinds[i].make(s, d);
			write(ready[1], "x", 1);
			read(go[0], &c, 1);
			_exit(0);
		}
		ASSERT_EQ(1, read(ready[0], &c, 1));
		before = bytes_charged();
		ASSERT_EQ(1, write(go[1], "x", 1));
		ASSERT_EQ(1, read(ready[0], &c, 1));
		after = bytes_charged();
		EXPECT_LE(kinds[i].bytes - STOCK, after - before);
		TH_LOG("%s: %lld of %lld bytes", kinds[i].name, (long long)(after - before),
		       (long long)kinds[i].bytes);
		ASSERT_EQ(1, write(go[1], "x", 1));
		EXPECT_EQ(0, t_wait(pid));
		t_close(s, d);
		group_end();
	}
}

TEST_F(kshare, a_full_group_leaves_whole_entries)
{
	struct side *s = &self->s;
	int d, i, n, status, objects;
	struct kshare_stat stat;
	pid_t pid;

	if (!group_begin())
		SKIP(return, "needs root and the memory controller of cgroup2");
	ASSERT_TRUE(file_write(GROUP "/memory.max", "16M"));
	file_write(GROUP "/memory.swap.max", "0");
	d = t_create(s, KSHARE_TYPE_DICT);
	ASSERT_EQ(0, t_stat(s, 1, &stat));
	objects = stat.used[KSHARE_LIMIT_OBJECTS];
	pid = t_fork(s);
	if (!pid) {
		if (!file_write(GROUP "/cgroup.procs", "0"))
			_exit(1);
		for (i = 0; i < 10000; i++)
			if (store(s, d, i, 4000) < 0)
				break;
		/* And what is not of a container's */
		t_create_elem(s, KSHARE_TYPE_ARRAY, KSHARE_ELEM_U8, 32 << 20);
		_exit(i == 10000);
	}
	status = t_wait(pid);
	EXPECT_TRUE(status == 1000 + SIGKILL || status == 0);
	ASSERT_EQ(0, t_run(s, t_cmd(KSHARE_OP_DICT_LEN, d)));
	n = s->out.head.number;
	EXPECT_LT(1000, n);
	EXPECT_GT(4200, n);
	for (i = 0; i < n; i++) {
		struct kshare_cmd get = t_cmd(KSHARE_OP_DICT_GET, d);
		const char *p;

		get.key = t_int(i);
		ASSERT_EQ(0, t_run(s, get));
		p = (const char *)(uintptr_t)s->out.values[0].ptr;
		ASSERT_EQ(4000, s->out.values[0].len);
		ASSERT_TRUE(p[0] == (char)i && p[3999] == (char)i);
	}
	ASSERT_EQ(0, t_stat(s, 1, &stat));
	EXPECT_EQ(1, stat.clients);
	EXPECT_EQ(objects, stat.used[KSHARE_LIMIT_OBJECTS]);
	t_close(s, d);
	group_end();
}

TEST_HARNESS_MAIN
