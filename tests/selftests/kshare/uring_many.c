// SPDX-License-Identifier: GPL-2.0
/*
 * As many waiting commands on one ring as a domain may have.
 *
 * KSHARE_URING_WAITING: how many; 100,000 if there is the memory, and if they can begin
 * to wait in two seconds, which is not so where everything is emulated and checked.
 * KSHARE_URING_TEARDOWN_MS: in what time a process with so many must end; without
 * it, that it took so long is only told.
 */
#include "uring_test.h"

/* What one costs, in kB, with all that debugging adds. */
#define COST_KB		8

static long memory_kb(void)
{
	char line[256];
	long kb = 0;
	FILE *f = fopen("/proc/meminfo", "r");

	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, "MemAvailable: %ld", &kb) == 1)
			break;
	if (f)
		fclose(f);
	return kb;
}

static int from_env(const char *name, long otherwise)
{
	const char *value = getenv(name);

	return value ? atoi(value) : otherwise;
}

/* A ring whose completions all have room, with @n commands that wait. */
static int many(struct ring *r, int fd, struct kshare_cmd cmd, int n)
{
	struct io_uring_params p = {
		.flags = IORING_SETUP_SQE128 | IORING_SETUP_CQSIZE | IORING_SETUP_CLAMP,
		.cq_entries = 131072,
	};
	int i;

	memset(r, 0, sizeof(*r));
	r->fd = fd;
	r->flags = p.flags;
	if (io_uring_queue_init_params(1024, &r->u, &p))
		return -1;
	for (i = 0; i < n; i++) {
		t_sqe(r, cmd, i);
		if (i % 1024 == 1023 && t_submit(r) != 1024)
			return -1;
	}
	return t_submit(r) < 0 ? -1 : 0;
}

/* As many as begin to wait in two seconds. */
static long by_time(struct side *s)
{
	struct kshare_cmd cmd = t_event_wait(t_make_event(s));
	int64_t begin = t_now(), took = 0;
	struct ring r;

	if (!many(&r, s->fd, cmd, 1024)) {
		t_until_waiters(s, cmd.handle, 1024);
		took = t_now() - begin;
		t_ring_exit(&r);
	}
	t_until_waiters(s, cmd.handle, 0);
	t_close(s, cmd.handle);
	return took ? 1024 * 2000000000ll / took : 0;
}

static int how_many(struct side *s)
{
	long n = 100000, by_memory = memory_kb() / COST_KB, in_time;

	/* A thread each is another matter. */
	if (!t_parks(s->fd))
		return 0;
	if (getenv("KSHARE_URING_WAITING"))
		return from_env("KSHARE_URING_WAITING", 0);
	in_time = by_time(s);
	n = n < by_memory ? n : by_memory;
	return n < in_time ? n : in_time;
}

static void fork_with_many(struct __test_metadata *_metadata, struct side *s, struct ring *r,
			   struct kshare_cmd cmd, int n)
{
	int limit = from_env("KSHARE_URING_TEARDOWN_MS", 0), ready[2], i;
	struct kshare_stat before, after;
	int64_t begin, ms;
	pid_t pid;

	ASSERT_EQ(0, pipe(ready));
	ASSERT_EQ(0, t_stat(s, 1, &before));
	pid = t_fork_off(s, r);
	if (!pid) {
		struct ring mine;

		if (many(&mine, s->fd, cmd, n))
			_exit(1);
		t_tell(ready[1]);
		pause();
		_exit(2);
	}
	begin = t_now();
	t_hear(ready[0]);
	t_until_waiters(s, cmd.handle, n);
	TH_LOG("%d wait, after %lld ms", n, (long long)(t_now() - begin) / 1000000);
	EXPECT_EQ(n, t_waiting(s));
	begin = t_now();
	kill(pid, SIGKILL);
	EXPECT_EQ(1000 + SIGKILL, t_wait(pid));
	ms = (t_now() - begin) / 1000000;
	TH_LOG("they ended in %lld ms", (long long)ms);
	if (limit)
		EXPECT_GT(limit, ms);
	ASSERT_EQ(0, t_stat(s, 1, &after));
	for (i = 0; i < KSHARE_LIMIT_COUNT; i++)
		EXPECT_EQ(before.used[i], after.used[i]);
	EXPECT_EQ(1, after.clients);
	close(ready[0]);
	close(ready[1]);
}

TEST_F_TIMEOUT(uring, a_process_ends_with_many, 120)
{
	struct side *s = &self->s;
	int n = how_many(s);

	if (!n)
		SKIP(return, "who waits holds a thread");
	fork_with_many(_metadata, s, &self->r, t_event_wait(t_make_event(s)), n);
}

/* Locks: each has a place in the line, of which it must be taken out. */
TEST_F_TIMEOUT(uring, a_process_ends_with_many_in_line_for_a_lock, 120)
{
	struct side *s = &self->s;
	int n = how_many(s), l = t_make_lock(s);

	if (!n)
		SKIP(return, "who waits holds a thread");
	t_lock_hold(s, l);
	fork_with_many(_metadata, s, &self->r, t_lock_acquire(l), n);
	t_lock_drop(s, l);
	EXPECT_EQ(1, t_ring_run(&self->r, t_lock_acquire(l)));
}

TEST_F_TIMEOUT(uring, a_process_ends_with_many_that_have_deadlines_and_tags, 120)
{
	struct side *s = &self->s;
	struct kshare_cmd cmd = t_get(t_make_queue(s));
	int n = how_many(s);

	if (!n)
		SKIP(return, "who waits holds a thread");
	cmd.deadline = t_now() + 3600000000000ll;
	cmd.tag = 1;
	fork_with_many(_metadata, s, &self->r, cmd, n);
}

TEST_F_TIMEOUT(uring, all_are_granted_at_once_and_then_canceled, 120)
{
	struct side *s = &self->s;
	struct kshare_cmd cmd = t_event_wait(t_make_event(s)), cancel = t_cmd(KSHARE_OP_CANCEL, 0);
	int i, k, n = how_many(s), wrong = 0;
	struct ring r;

	if (!n)
		SKIP(return, "who waits holds a thread");
	cancel.key = t_uint(4);
	cmd.tag = 4;
	for (k = 0; k < 2; k++) {
		ASSERT_EQ(0, many(&r, s->fd, cmd, n));
		t_until_waiters(s, cmd.handle, n);
		if (!k)
			t_event_set(s, cmd.handle);
		EXPECT_EQ(k ? n : -ENOENT, t_raw(s, cancel));
		for (i = 0; i < n; i++) {
			struct done done = t_reap(&r);

			wrong += done.data != i || done.res != (k ? -ECANCELED : 0);
		}
		EXPECT_EQ(0, wrong);
		EXPECT_EQ(0, t_waiting(s));
		t_ring_exit(&r);
		t_raw(s, t_cmd(KSHARE_OP_EVENT_CLEAR, cmd.handle));
	}
}

TEST_HARNESS_MAIN
