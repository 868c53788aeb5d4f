// SPDX-License-Identifier: GPL-2.0
/* Clients: handles, rights, fork, references, limits, and the end of a process. */
#include "kshare_test.h"

static uint64_t objects(struct side *s)
{
	struct kshare_stat stat;

	return t_stat(s, 1, &stat) ? 0 : stat.used[KSHARE_LIMIT_OBJECTS];
}

TEST_F(kshare, the_lowest_free_number_is_used_again)
{
	struct side *s = &self->s;

	EXPECT_EQ(2, t_create(s, KSHARE_TYPE_CELL));
	EXPECT_EQ(3, t_create(s, KSHARE_TYPE_CELL));
	EXPECT_EQ(4, t_create(s, KSHARE_TYPE_CELL));
	EXPECT_EQ(0, t_close(s, 3));
	EXPECT_EQ(-EBADF, t_close(s, 3));
	EXPECT_EQ(-EBADF, t_run(s, t_cmd(KSHARE_OP_CELL_GET, 3)));
	EXPECT_EQ(3, t_create(s, KSHARE_TYPE_DICT));
	EXPECT_EQ(-ENOTTY, t_run(s, t_cmd(KSHARE_OP_CELL_GET, 3)));
}

TEST_F(kshare, a_duplicate_has_the_rights_it_was_given_and_never_more)
{
	struct side *s = &self->s;
	int reader, c = t_create(s, KSHARE_TYPE_CELL);
	struct kshare_cmd dup = t_cmd(KSHARE_OP_DUP, c);
	struct kshare_stat stat;

	dup.nr = KSHARE_RIGHT_READ | KSHARE_RIGHT_WAIT;
	reader = t_raw(s, dup);
	ASSERT_LT(0, reader);
	ASSERT_EQ(0, t_stat(s, reader, &stat));
	EXPECT_EQ(KSHARE_RIGHT_READ | KSHARE_RIGHT_WAIT, stat.rights);
	EXPECT_EQ(-EACCES, t_run_with(s, KSHARE_OP_CELL_SET, reader, t_int(1)));
	EXPECT_EQ(0, t_run(s, t_cmd(KSHARE_OP_CELL_GET, reader)));
	dup.handle = reader;
	dup.nr = KSHARE_RIGHT_ALL;
	EXPECT_EQ(-EACCES, t_raw(s, dup));
	dup.nr = 0x80;
	EXPECT_EQ(-EOPNOTSUPP, t_raw(s, dup));
	dup.nr = 0;
	EXPECT_LT(0, t_raw(s, dup));
}

TEST_F(kshare, a_container_keeps_what_it_refers_to)
{
	struct side *s = &self->s;
	int c = t_create(s, KSHARE_TYPE_CELL), l = t_create(s, KSHARE_TYPE_LIST), again;
	uint64_t before = objects(s);
	struct kshare_stat a, b;
	struct kshare_cmd cmd;

	t_run_with(s, KSHARE_OP_CELL_SET, c, t_int(42));
	ASSERT_EQ(0, t_stat(s, c, &a));
	ASSERT_EQ(0, t_run_with(s, KSHARE_OP_LIST_APPEND, l, t_ref(c)));
	EXPECT_EQ(0, t_close(s, c));
	EXPECT_EQ(before, t_objects_soon(s, before));
	cmd = t_cmd(KSHARE_OP_LIST_GET, l);
	cmd.key = t_int(0);
	ASSERT_EQ(0, t_run(s, cmd));
	again = s->out.values[0].ref.handle;
	EXPECT_EQ(KSHARE_TYPE_CELL, s->out.values[0].len);
	EXPECT_EQ(KSHARE_RIGHT_ALL, s->out.values[0].ref.rights);
	ASSERT_EQ(0, t_stat(s, again, &b));
	EXPECT_EQ(a.id, b.id);
	EXPECT_EQ(0, t_run(s, t_cmd(KSHARE_OP_CELL_GET, again)));
	EXPECT_EQ(42, s->out.values[0].i);
	EXPECT_EQ(0, t_run(s, t_cmd(KSHARE_OP_LIST_CLEAR, l)));
	EXPECT_EQ(before, t_objects_soon(s, before));
	EXPECT_EQ(0, t_close(s, again));
	EXPECT_EQ(before - 1, t_objects_soon(s, before - 1));
}

TEST_F(kshare, passing_on_needs_the_right_and_can_give_less)
{
	struct side *s = &self->s;
	int c = t_create(s, KSHARE_TYPE_CELL), l = t_create(s, KSHARE_TYPE_LIST);
	struct kshare_cmd dup = t_cmd(KSHARE_OP_DUP, c), cmd;
	struct kshare_value v = t_ref(c);

	dup.nr = KSHARE_RIGHT_ALL & ~KSHARE_RIGHT_TRANSFER;
	EXPECT_EQ(-EACCES, t_run_with(s, KSHARE_OP_LIST_APPEND, l, t_ref(t_raw(s, dup))));
	dup.nr = KSHARE_RIGHT_READ | KSHARE_RIGHT_TRANSFER;
	v = t_ref(t_raw(s, dup));
	v.ref.rights = KSHARE_RIGHT_WRITE;
	EXPECT_EQ(-EACCES, t_run_with(s, KSHARE_OP_LIST_APPEND, l, v));
	v.ref.rights = KSHARE_RIGHT_READ;
	EXPECT_EQ(0, t_run_with(s, KSHARE_OP_LIST_APPEND, l, v));
	EXPECT_EQ(-EBADF, t_run_with(s, KSHARE_OP_LIST_APPEND, l, t_ref(12345)));
	cmd = t_cmd(KSHARE_OP_LIST_POP, l);
	ASSERT_EQ(0, t_run(s, cmd));
	EXPECT_EQ(KSHARE_RIGHT_READ, s->out.values[0].ref.rights);
	EXPECT_EQ(-EACCES, t_run_with(s, KSHARE_OP_CELL_SET, s->out.values[0].ref.handle,
				      t_int(1)));
}

TEST_F(kshare, an_encoded_value_carries_references)
{
	struct side *s = &self->s;
	int c = t_create(s, KSHARE_TYPE_CELL), d = t_create(s, KSHARE_TYPE_LIST);
	uint64_t before = objects(s);
	struct {
		uint32_t count;
		uint32_t handles[2];
		char text[5];
	} __attribute__((packed)) in = { 2, { c, d }, "codec" }, out;
	struct kshare_value v = t_bytes(&in, sizeof(in));
	int e = t_create(s, KSHARE_TYPE_CELL);

	v.type = KSHARE_ENCODED;
	v.codec = 3;
	v.flags = KSHARE_VF_REFS;
	EXPECT_EQ(0, t_run_with(s, KSHARE_OP_CELL_SET, e, v));
	t_close(s, c);
	t_close(s, d);
	EXPECT_EQ(before + 1, t_objects_soon(s, before + 1));
	ASSERT_EQ(0, t_run(s, t_cmd(KSHARE_OP_CELL_GET, e)));
	ASSERT_EQ(KSHARE_ENCODED, s->out.values[0].type);
	EXPECT_EQ(3, s->out.values[0].codec);
	EXPECT_EQ(KSHARE_VF_REFS, s->out.values[0].flags);
	ASSERT_EQ(sizeof(in), s->out.values[0].len);
	/* A copy, since the buffer is used again. */
	memcpy(&out, (void *)(uintptr_t)s->out.values[0].ptr, sizeof(out));
	EXPECT_EQ(2, out.count);
	EXPECT_EQ(0, memcmp(out.text, "codec", 5));
	EXPECT_EQ(0, t_close(s, out.handles[0]));
	EXPECT_EQ(0, t_run_with(s, KSHARE_OP_LIST_APPEND, out.handles[1], t_int(1)));
	t_close(s, out.handles[1]);
	EXPECT_EQ(0, t_run_with(s, KSHARE_OP_CELL_SET, e, t_none()));
	EXPECT_EQ(before - 1, t_objects_soon(s, before - 1));
	in.count = 3;
	EXPECT_EQ(-EBADF, t_run_with(s, KSHARE_OP_CELL_SET, e, v));
	in.count = 1000;
	EXPECT_EQ(-EINVAL, t_run_with(s, KSHARE_OP_CELL_SET, e, v));
	in.count = UINT32_MAX;
	EXPECT_EQ(-E2BIG, t_run_with(s, KSHARE_OP_CELL_SET, e, v));
	in.count = 0;
	EXPECT_EQ(-EINVAL, t_run_with(s, KSHARE_OP_CELL_SET, e, v));
}

TEST_F(kshare, objects_of_two_domains_do_not_mix)
{
	struct side *s = &self->s, *other = malloc(sizeof(*other));

	/* A second client of this process: its domain is another. */
	other->door = DOOR_CMD;
	other->fd = open(KSHARE_DEVICE, O_RDWR | O_CLOEXEC);
	ASSERT_LE(0, other->fd);
	EXPECT_EQ(2, t_create(s, KSHARE_TYPE_CELL));
	EXPECT_EQ(2, t_create(other, KSHARE_TYPE_LIST));
	/* Its numbers are its own. */
	EXPECT_EQ(-ENOTTY, t_run(other, t_cmd(KSHARE_OP_CELL_GET, 2)));
	close(other->fd);
	free(other);
}

TEST_F(kshare, deep_nesting_is_taken_down_without_recursion)
{
	struct side *s = &self->s;
	uint64_t before = objects(s);
	int i, outer, inner = t_create(s, KSHARE_TYPE_LIST);

	for (i = 0; i < 5000; i++) {
		outer = t_create(s, KSHARE_TYPE_LIST);
		ASSERT_EQ(0, t_run_with(s, KSHARE_OP_LIST_APPEND, outer, t_ref(inner)));
		t_close(s, inner);
		inner = outer;
	}
	EXPECT_EQ(before + 5001, t_objects_soon(s, before + 5001));
	t_close(s, inner);
	EXPECT_EQ(before, t_objects_soon(s, before));
}

TEST_F(kshare, forked_sides_have_the_same_numbers_and_release_their_own)
{
	struct kshare_cmd dup = t_cmd(KSHARE_OP_DUP, 0);
	struct side *s = &self->s;
	int c = t_create(s, KSHARE_TYPE_CELL), hidden;
	uint64_t before = objects(s);
	pid_t pid;

	dup.handle = c;
	dup.flags = KSHARE_NO_INHERIT;
	hidden = t_raw(s, dup);
	pid = t_fork(s);
	if (!pid) {
		if (t_run_with(s, KSHARE_OP_CELL_SET, c, t_int(7)) ||
		    t_run(s, t_cmd(KSHARE_OP_CELL_GET, hidden)) != -EBADF)
			_exit(1);
		/* A client is bound once. */
		if (t_raw(s, t_cmd(KSHARE_OP_CLIENT_BIND, 0)) != -EPERM)
			_exit(2);
		_exit(t_close(s, c) || t_objects_soon(s, before) != before);
	}
	EXPECT_EQ(0, t_wait(pid));
	EXPECT_EQ(0, t_run(s, t_cmd(KSHARE_OP_CELL_GET, c)));
	EXPECT_EQ(7, s->out.values[0].i);
}

TEST_F(kshare, an_object_goes_with_the_last_handle_of_any_process)
{
	struct side *s = &self->s;
	uint64_t before = objects(s);
	int go[2], c = t_create(s, KSHARE_TYPE_CELL);
	pid_t pid;
	char x;

	ASSERT_EQ(0, pipe(go));
	pid = t_fork(s);
	if (!pid)
		_exit(read(go[0], &x, 1) != 1);
	t_close(s, c);
	EXPECT_EQ(before + 1, t_objects_soon(s, before + 1));
	ASSERT_EQ(1, write(go[1], "x", 1));
	EXPECT_EQ(0, t_wait(pid));
	EXPECT_EQ(before, t_objects_soon(s, before));
	close(go[0]);
	close(go[1]);
}

TEST_F(kshare, what_a_killed_process_held_is_back_when_it_can_be_reaped)
{
	struct side *s = &self->s;
	int ready[2], l = t_create(s, KSHARE_TYPE_LOCK);
	struct kshare_stat before, after;
	pid_t pid;
	int i;
	char c;

	ASSERT_EQ(0, pipe(ready));
	ASSERT_EQ(0, t_stat(s, 1, &before));
	pid = t_fork(s);
	if (!pid) {
		for (i = 0; i < 300; i++) {
			int d = t_create(s, i % 2 ? KSHARE_TYPE_DICT : KSHARE_TYPE_LIST);
			int a = t_create_elem(s, KSHARE_TYPE_ARRAY, KSHARE_ELEM_U8, 10000);

			mmap(NULL, 4096, PROT_READ, MAP_SHARED, s->fd,
			     KSHARE_MMAP_OFFSET(a, 4096));
			if (!(i % 2))
				t_run_with(s, KSHARE_OP_LIST_APPEND, d, t_ref(a));
		}
		t_run(s, t_cmd(KSHARE_OP_LOCK_ACQUIRE, l));
		if (write(ready[1], "x", 1) == 1)
			pause();
		_exit(1);
	}
	ASSERT_EQ(1, read(ready[0], &c, 1));
	ASSERT_EQ(0, t_stat(s, 1, &after));
	EXPECT_EQ(before.used[KSHARE_LIMIT_OBJECTS] + 600, after.used[KSHARE_LIMIT_OBJECTS]);
	EXPECT_EQ(2, after.clients);
	kill(pid, SIGKILL);
	EXPECT_EQ(1000 + SIGKILL, t_wait(pid));
	ASSERT_EQ(0, t_stat(s, 1, &after));
	for (i = 0; i < KSHARE_LIMIT_COUNT; i++)
		EXPECT_EQ(before.used[i], after.used[i]);
	EXPECT_EQ(1, after.clients);
	EXPECT_EQ(before.handles, after.handles);
	close(ready[0]);
	close(ready[1]);
}

TEST_F(kshare, limits_hold_exactly_and_are_only_lowered)
{
	struct side *s = &self->s;
	struct kshare_cmd cmd = t_cmd(KSHARE_OP_DOMAIN_LIMIT, 1);
	int d = t_create(s, KSHARE_TYPE_DICT), l = t_create(s, KSHARE_TYPE_LIST);
	struct kshare_stat stat, after;
	int i, n;

	ASSERT_EQ(0, t_stat(s, 1, &stat));
	cmd.nr = KSHARE_LIMIT_COUNT;
	EXPECT_EQ(-EOPNOTSUPP, t_run(s, cmd));
	cmd.nr = KSHARE_LIMIT_OBJECTS;
	EXPECT_EQ(0, t_run(s, cmd));
	EXPECT_EQ(stat.limit[KSHARE_LIMIT_OBJECTS], s->out.head.number);
	cmd.value = t_uint(stat.used[KSHARE_LIMIT_OBJECTS] + 1);
	EXPECT_EQ(0, t_run(s, cmd));
	EXPECT_LT(0, t_create(s, KSHARE_TYPE_CELL));
	EXPECT_EQ(-EDQUOT, t_create(s, KSHARE_TYPE_CELL));
	cmd.value.u++;
	EXPECT_EQ(-EPERM, t_run(s, cmd));
	cmd.value = t_int(-1);
	EXPECT_EQ(-EINVAL, t_run(s, cmd));

	cmd.nr = KSHARE_LIMIT_HANDLES;
	cmd.value = t_uint(6);
	EXPECT_EQ(0, t_run(s, cmd));
	for (n = 0; n < 10; n++) {
		struct kshare_cmd dup = t_cmd(KSHARE_OP_DUP, d);

		if (t_raw(s, dup) < 0)
			break;
	}
	EXPECT_EQ(2, n);
	/* A reference that nobody has room for stays where it is. */
	EXPECT_EQ(0, t_run_with(s, KSHARE_OP_LIST_APPEND, l, t_ref(d)));
	EXPECT_EQ(-EDQUOT, t_run(s, t_cmd(KSHARE_OP_LIST_POP, l)));
	EXPECT_EQ(0, t_run(s, t_cmd(KSHARE_OP_LIST_LEN, l)));
	EXPECT_EQ(1, s->out.head.number);

	ASSERT_EQ(0, t_stat(s, 1, &stat));
	cmd.nr = KSHARE_LIMIT_BYTES;
	cmd.value = t_uint(stat.used[KSHARE_LIMIT_BYTES] + 2000);
	EXPECT_EQ(0, t_run(s, cmd));
	for (i = 0; i < 100; i++) {
		struct kshare_cmd set = t_cmd(KSHARE_OP_DICT_SET, d);

		set.key = t_int(i);
		set.value = t_str("a value that is long enough to have a blob of its own");
		ASSERT_EQ(0, t_stat(s, 1, &stat));
		n = t_run(s, set);
		if (n < 0)
			break;
	}
	EXPECT_EQ(-EDQUOT, n);
	ASSERT_EQ(0, t_stat(s, 1, &after));
	EXPECT_EQ(stat.used[KSHARE_LIMIT_BYTES], after.used[KSHARE_LIMIT_BYTES]);
	EXPECT_LT(5, i);

	cmd.nr = KSHARE_LIMIT_WAITERS;
	cmd.value = t_uint(0);
	EXPECT_EQ(0, t_run(s, cmd));
	cmd = t_cmd(KSHARE_OP_CELL_WAIT, 4);
	cmd.flags = KSHARE_UNTIL_NE;
	EXPECT_EQ(-EDQUOT, t_run(s, cmd));
}

TEST_F(kshare, stat_tells_who_changed_it_last)
{
	struct side *s = &self->s;
	int c = t_create(s, KSHARE_TYPE_CELL);
	struct kshare_stat stat;
	char comm[16] = {};
	pid_t pid;
	FILE *f;

	ASSERT_EQ(0, t_stat(s, c, &stat));
	EXPECT_EQ(0, stat.writer_pid);
	EXPECT_EQ(KSHARE_TYPE_CELL, stat.type);
	EXPECT_GE(512, stat.bytes);
	t_run_with(s, KSHARE_OP_CELL_SET, c, t_int(1));
	ASSERT_EQ(0, t_stat(s, c, &stat));
	EXPECT_EQ(getpid(), stat.writer_pid);
	f = fopen("/proc/self/comm", "r");
	ASSERT_NE(NULL, f);
	ASSERT_NE(NULL, fgets(comm, sizeof(comm), f));
	fclose(f);
	comm[strcspn(comm, "\n")] = 0;
	EXPECT_STREQ(comm, (char *)stat.writer_comm);
	pid = t_fork(s);
	if (!pid)
		_exit(t_run_with(s, KSHARE_OP_CELL_SET, c, t_int(2)) ? 1 : 0);
	EXPECT_EQ(0, t_wait(pid));
	ASSERT_EQ(0, t_stat(s, c, &stat));
	EXPECT_EQ(2, stat.version);
	EXPECT_LT(0, stat.writer_start);
}

static void ignored(int sig)
{
}

/* The kernel gives up attaching to an address space when a signal is pending. */
/* The number behind a word in what /proc tells of the client's descriptor, or -1 */
static int64_t told_by_proc(struct side *s, const char *word)
{
	char path[64], line[128];
	int64_t number = -1;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", s->fd);
	f = fopen(path, "r");
	while (f && fgets(line, sizeof(line), f))
		if (!strncmp(line, word, strlen(word)))
			number = atoll(line + strlen(word));
	if (f)
		fclose(f);
	return number;
}

TEST_F(kshare, proc_tells_of_a_client)
{
	struct side *s = &self->s, clone;

	EXPECT_EQ(self->before.id, told_by_proc(s, "kshare-domain:"));
	EXPECT_EQ(1, told_by_proc(s, "kshare-handles:"));
	t_create(s, KSHARE_TYPE_CELL);
	EXPECT_EQ(2, told_by_proc(s, "kshare-handles:"));
	EXPECT_LT(0, told_by_proc(s, "kshare-client:"));
	EXPECT_EQ(1, told_by_proc(s, "kshare-bound:"));
	clone.fd = t_raw(s, t_cmd(KSHARE_OP_CLIENT_CLONE, 0));
	ASSERT_LE(0, clone.fd);
	EXPECT_EQ(0, told_by_proc(&clone, "kshare-bound:"));
	EXPECT_NE(told_by_proc(s, "kshare-client:"), told_by_proc(&clone, "kshare-client:"));
	close(clone.fd);
}

TEST_F(kshare, signals_do_not_disturb_an_open)
{
	struct sigaction sa = { .sa_handler = ignored };
	pid_t pid;
	int i, n;

	sigaction(SIGUSR1, &sa, NULL);
	for (i = 0; i < 300; i++) {
		pid = fork();
		if (!pid)
			_exit(open(KSHARE_DEVICE, O_RDWR | O_CLOEXEC) < 0);
		/* Not for ever, or it would never come so far. */
		for (n = 0; n < 30; n++)
			kill(pid, SIGUSR1);
		ASSERT_EQ(0, t_wait(pid));
	}
}

TEST_F(kshare, a_fork_takes_ten_thousand_handles_along)
{
	struct side *s = &self->s;
	int i, c = t_create(s, KSHARE_TYPE_CELL), last = c;
	struct kshare_stat before, after;
	pid_t pid;

	t_run_with(s, KSHARE_OP_CELL_SET, c, t_int(5));
	for (i = 0; i < 10000; i++)
		last = t_raw(s, t_cmd(KSHARE_OP_DUP, c));
	ASSERT_LE(10000, last);
	/* A hole in the numbers is one in the child as well. */
	t_close(s, 5000);
	ASSERT_EQ(0, t_stat(s, 1, &before));
	pid = t_fork(s);
	if (!pid) {
		for (i = c; i <= last; i++)
			if (t_run(s, t_cmd(KSHARE_OP_CELL_GET, i)) != (i == 5000 ? -EBADF : 0))
				_exit(1);
		_exit(t_create(s, KSHARE_TYPE_CELL) != 5000);
	}
	EXPECT_EQ(0, t_wait(pid));
	ASSERT_EQ(0, t_stat(s, 1, &after));
	EXPECT_EQ(before.handles, after.handles);
	for (i = c; i <= last; i++)
		t_close(s, i);
}

/* Who gets a dead owner's lock finds all else of that owner's gone already. */
TEST_F(kshare, locks_are_given_back_last)
{
	struct side *s = &self->s;
	int ready[2], i, l = t_create(s, KSHARE_TYPE_LOCK);
	uint64_t before = objects(s);
	pid_t pid;
	char c;

	ASSERT_EQ(0, pipe(ready));
	pid = t_fork(s);
	if (!pid) {
		for (i = 0; i < 2000; i++)
			t_create(s, KSHARE_TYPE_DICT);
		t_run(s, t_cmd(KSHARE_OP_LOCK_ACQUIRE, l));
		if (write(ready[1], "x", 1) == 1)
			pause();
		_exit(1);
	}
	ASSERT_EQ(1, read(ready[0], &c, 1));
	kill(pid, SIGKILL);
	/* It is not reaped yet: the lock alone tells. */
	ASSERT_EQ(1, t_run(s, t_cmd(KSHARE_OP_LOCK_ACQUIRE, l)));
	EXPECT_EQ(KSHARE_R_OWNER_DIED, s->out.head.flags);
	EXPECT_EQ(before, t_objects_soon(s, before));
	EXPECT_EQ(1000 + SIGKILL, t_wait(pid));
	close(ready[0]);
	close(ready[1]);
}

/* Cycles that only refer to themselves go with the last client of their domain. */
TEST(a_cycle_goes_with_its_domain)
{
	struct side *s = calloc(1, sizeof(*s));
	int l;

	s->fd = open(KSHARE_DEVICE, O_RDWR | O_CLOEXEC);
	if (s->fd < 0)
		SKIP(return, "no " KSHARE_DEVICE);
	l = t_create(s, KSHARE_TYPE_LIST);
	EXPECT_EQ(0, t_run_with(s, KSHARE_OP_LIST_APPEND, l, t_ref(l)));
	EXPECT_EQ(0, t_run_with(s, KSHARE_OP_LIST_APPEND, l, t_ref(1)));
	EXPECT_EQ(0, t_close(s, l));
	/* That nothing is left of it, the leak scan and the end of the module tell. */
	close(s->fd);
	free(s);
}

TEST_HARNESS_MAIN
