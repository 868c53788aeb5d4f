// SPDX-License-Identifier: GPL-2.0
/* WAIT_ALL: all of several as one step, and nothing held before. */
#include "kshare_test.h"

static struct kshare_cmd all(const struct kshare_cmd *cmds, int count)
{
	struct kshare_cmd cmd = t_cmd(KSHARE_OP_WAIT_ALL, 0);

	cmd.value = t_bytes(cmds, count * sizeof(*cmds));
	return cmd;
}

static int try_all(struct side *s, const struct kshare_cmd *cmds, int count)
{
	struct kshare_cmd cmd = all(cmds, count);

	cmd.flags = KSHARE_NOWAIT;
	return t_run(s, cmd);
}

static int put(struct side *s, int q, int64_t i)
{
	return t_run_with(s, KSHARE_OP_QUEUE_PUT, q, t_int(i));
}

static int semaphore(struct side *s, int64_t permits)
{
	return t_create_with(s, KSHARE_TYPE_SEMAPHORE, KSHARE_SIGNALLING,
			     permits ? t_int(permits) : t_none(), t_none());
}

static int acquire(struct side *s, int sem)
{
	struct kshare_cmd cmd = t_cmd(KSHARE_OP_SEMAPHORE_ACQUIRE, sem);

	cmd.flags = KSHARE_NOWAIT;
	return t_raw(s, cmd);
}

static int release(struct side *s, int sem, int n)
{
	struct kshare_cmd cmd = t_cmd(KSHARE_OP_SEMAPHORE_RELEASE, sem);

	cmd.nr = n;
	return t_raw(s, cmd);
}

static uint64_t waiters(struct side *s, int h)
{
	struct kshare_stat stat;

	return t_stat(s, h, &stat) ? 9999 : stat.waiters;
}

static uint64_t length(struct side *s, int h)
{
	struct kshare_stat stat;

	return t_stat(s, h, &stat) ? 9999 : stat.length;
}

TEST_F(kshare, all_are_carried_out_or_none)
{
	struct side *s = &self->s;
	int l = t_create(s, KSHARE_TYPE_RLOCK), q = t_create(s, KSHARE_TYPE_QUEUE);
	int sem = semaphore(s, 1), e = t_create(s, KSHARE_TYPE_EVENT), i;
	struct kshare_cmd cmds[4] = { t_cmd(KSHARE_OP_LOCK_ACQUIRE, l),
				      t_cmd(KSHARE_OP_SEMAPHORE_ACQUIRE, sem),
				      t_cmd(KSHARE_OP_QUEUE_GET, q),
				      t_cmd(KSHARE_OP_EVENT_WAIT, e) };
	struct reply *out = calloc(1, sizeof(*out));
	static const int64_t want[] = { 2, 0, 1, 0 };
	struct kshare_stat before, after;

	cmds[2].out = (uintptr_t)out;
	cmds[2].out_len = sizeof(*out);
	ASSERT_EQ(0, t_stat(s, l, &before));
	EXPECT_EQ(-EAGAIN, try_all(s, cmds, 4));
	put(s, q, 42);
	EXPECT_EQ(-EAGAIN, try_all(s, cmds, 4));
	ASSERT_EQ(0, t_stat(s, l, &after));
	EXPECT_EQ(before.version, after.version);
	EXPECT_EQ(0, after.length);
	EXPECT_EQ(1, length(s, sem));
	EXPECT_EQ(1, length(s, q));
	t_raw(s, t_cmd(KSHARE_OP_EVENT_SET, e));
	EXPECT_EQ(1, t_raw(s, t_cmd(KSHARE_OP_LOCK_ACQUIRE, l)));
	ASSERT_EQ(0, try_all(s, cmds, 4));
	ASSERT_EQ(4, s->out.head.count);
	/* Their results; the message was taken for the first time. */
	for (i = 0; i < 4; i++) {
		EXPECT_EQ(KSHARE_INT, s->out.values[i].type);
		EXPECT_EQ(want[i], s->out.values[i].i);
	}
	EXPECT_EQ(42, out->values[0].i);
	EXPECT_EQ(0, length(s, sem));
	EXPECT_EQ(0, length(s, q));
	free(out);
}

/* By whoever gives back what comes before them: nothing has been noted of it until then. */
TEST_F(kshare, permits_go_to_a_client_that_never_had_any)
{
	struct side *s = &self->s;
	struct t_thread *t = calloc(1, sizeof(*t));
	int l = t_create(s, KSHARE_TYPE_LOCK);
	int sem = t_create_with(s, KSHARE_TYPE_SEMAPHORE, 0, t_int(2), t_none());
	struct kshare_cmd cmds[2] = { t_cmd(KSHARE_OP_LOCK_ACQUIRE, l),
				      t_cmd(KSHARE_OP_SEMAPHORE_ACQUIRE, sem) };

	EXPECT_EQ(1, t_raw(s, cmds[0]));
	cmds[0].key = t_int(7);
	t_begin(s, t, all(cmds, 2), true);
	t_until_waiters(s, l, 1);
	EXPECT_EQ(0, t_raw(s, t_cmd(KSHARE_OP_LOCK_RELEASE, l)));
	EXPECT_EQ(0, t_end(t));
	EXPECT_EQ(1, length(s, sem));
	EXPECT_EQ(0, release(s, sem, 1));
	free(t);
}

TEST_F(kshare, it_waits_until_the_last_one_can_be_carried_out)
{
	struct side *s = &self->s;
	int q = t_create(s, KSHARE_TYPE_QUEUE), sem = semaphore(s, 0), l, i;
	struct t_thread *t = calloc(1, sizeof(*t));
	struct reply *out = calloc(1, sizeof(*out));
	struct kshare_cmd cmds[3], lock;

	l = t_create(s, KSHARE_TYPE_LOCK);
	lock = t_cmd(KSHARE_OP_LOCK_ACQUIRE, l);
	lock.key = t_uint(7);
	cmds[0] = t_cmd(KSHARE_OP_LOCK_ACQUIRE, l);
	cmds[0].key = t_uint(8);
	cmds[1] = t_cmd(KSHARE_OP_QUEUE_GET, q);
	cmds[1].out = (uintptr_t)out;
	cmds[1].out_len = sizeof(*out);
	cmds[2] = t_cmd(KSHARE_OP_SEMAPHORE_ACQUIRE, sem);
	for (i = 0; i < 3; i++) {
		lock.op = KSHARE_OP_LOCK_ACQUIRE;
		lock.key = t_uint(7);
		ASSERT_EQ(1, t_raw(s, lock));
		t_begin(s, t, all(cmds, 3), true);
		t_until_waiters(s, l, 1);
		t_until_waiters(s, q, 1);
		t_until_waiters(s, sem, 1);
		/* Each in turn is the one that is missing last. */
		lock.op = KSHARE_OP_LOCK_RELEASE;
		if (i != 0)
			EXPECT_EQ(0, t_raw(s, lock));
		if (i != 1)
			EXPECT_EQ(0, put(s, q, 10 + i));
		if (i != 2)
			EXPECT_EQ(0, release(s, sem, 1));
		EXPECT_EQ(1, waiters(s, l));
		EXPECT_EQ(1, waiters(s, q));
		EXPECT_EQ(1, waiters(s, sem));
		EXPECT_EQ(i != 1, length(s, q));
		EXPECT_EQ(i != 2, length(s, sem));
		if (i == 0)
			EXPECT_EQ(0, t_raw(s, lock));
		if (i == 1)
			EXPECT_EQ(0, put(s, q, 10 + i));
		if (i == 2)
			EXPECT_EQ(0, release(s, sem, 1));
		EXPECT_EQ(0, t_end(t));
		EXPECT_EQ(3, t->out.head.count);
		EXPECT_EQ(1, t->out.values[0].i);
		EXPECT_EQ(1, t->out.values[1].i);
		EXPECT_EQ(0, t->out.values[2].i);
		EXPECT_EQ(10 + i, out->values[0].i);
		EXPECT_EQ(0, waiters(s, l) | waiters(s, q) | waiters(s, sem));
		EXPECT_EQ(1, length(s, l));
		EXPECT_EQ(0, length(s, q) | length(s, sem));
		lock.key = t_uint(8);
		EXPECT_EQ(0, t_raw(s, lock));
	}
	free(out);
	free(t);
}

TEST_F(kshare, nothing_is_held_meanwhile_and_others_may_overtake)
{
	struct side *s = &self->s;
	int a = semaphore(s, 1), b = semaphore(s, 0);
	struct kshare_cmd cmds[2] = { t_cmd(KSHARE_OP_SEMAPHORE_ACQUIRE, a),
				      t_cmd(KSHARE_OP_SEMAPHORE_ACQUIRE, b) };
	pid_t pid;
	int i;

	pid = t_child(s, all(cmds, 2));
	t_until_waiters(s, b, 1);
	for (i = 0; i < 10; i++) {
		EXPECT_EQ(0, t_raw(s, t_cmd(KSHARE_OP_SEMAPHORE_ACQUIRE, a)));
		EXPECT_EQ(0, release(s, a, 1));
	}
	EXPECT_EQ(0, acquire(s, a));
	EXPECT_EQ(0, release(s, b, 1));
	EXPECT_EQ(1, length(s, b));
	EXPECT_EQ(0, release(s, a, 1));
	EXPECT_EQ(0, t_wait(pid));
	EXPECT_EQ(0, length(s, a) | length(s, b));
}

TEST_F(kshare, those_that_wait_for_all_take_turns)
{
	struct side *s = &self->s;
	int i, a = semaphore(s, 0), b = semaphore(s, 0);
	struct kshare_cmd cmds[2] = { t_cmd(KSHARE_OP_SEMAPHORE_ACQUIRE, a),
				      t_cmd(KSHARE_OP_SEMAPHORE_ACQUIRE, b) };
	struct kshare_cmd reversed[2] = { cmds[1], cmds[0] };
	pid_t pids[5];

	for (i = 0; i < 5; i++) {
		pids[i] = t_child(s, all(i % 2 ? reversed : cmds, 2));
		t_until_waiters(s, a, i + 1);
	}
	for (i = 0; i < 5; i++) {
		EXPECT_EQ(0, release(s, i % 2 ? a : b, 1));
		t_until_waiters(s, a, 5 - i);
		EXPECT_EQ(0, release(s, i % 2 ? b : a, 1));
		EXPECT_EQ(0, t_wait(pids[i]));
	}
	EXPECT_EQ(0, length(s, a) | length(s, b) | waiters(s, a) | waiters(s, b));
}

/* What one of them releases or puts in lets the next ones go. */
TEST_F(kshare, one_that_is_carried_out_may_be_what_another_waits_for)
{
	struct side *s = &self->s;
	int first = t_create(s, KSHARE_TYPE_QUEUE), sem = semaphore(s, 0);
	int second = t_create_elem(s, KSHARE_TYPE_QUEUE, 0, 1);
	struct kshare_cmd forward[2] = { t_cmd(KSHARE_OP_QUEUE_PUT, second),
					 t_cmd(KSHARE_OP_SEMAPHORE_ACQUIRE, sem) };
	struct kshare_cmd get[2] = { t_cmd(KSHARE_OP_QUEUE_GET, first),
				     t_cmd(KSHARE_OP_QUEUE_GET, second) };
	pid_t putter, getter, single;

	getter = t_child(s, all(get, 2));
	t_until_waiters(s, first, 1);
	putter = t_child(s, all(forward, 2));
	t_until_waiters(s, sem, 1);
	put(s, first, 1);
	EXPECT_EQ(1, waiters(s, first));
	EXPECT_EQ(0, release(s, sem, 1));
	EXPECT_EQ(0, t_wait(putter));
	EXPECT_EQ(0, t_wait(getter));
	EXPECT_EQ(0, length(s, first) | length(s, second) | length(s, sem));
	/* A single waiter as well */
	single = t_child(s, t_cmd(KSHARE_OP_QUEUE_GET, second));
	t_until_waiters(s, second, 1);
	putter = t_child(s, all(forward, 2));
	t_until_waiters(s, sem, 1);
	EXPECT_EQ(0, release(s, sem, 1));
	EXPECT_EQ(0, t_wait(putter));
	EXPECT_EQ(0, t_wait(single));
}

TEST_F(kshare, opposite_orders_are_no_deadlock)
{
	struct side *s = &self->s;
	int a = t_create(s, KSHARE_TYPE_LOCK), b = t_create(s, KSHARE_TYPE_RWLOCK);
	int n = t_create_elem(s, KSHARE_TYPE_CELL, KSHARE_ELEM_I64, 0), i, rounds;
	pid_t pids[4];

	rounds = t_rounds(2000) / 4;
	for (i = 0; i < 4; i++) {
		pids[i] = t_fork(s);
		if (!pids[i]) {
			struct kshare_cmd locks[2] = { t_cmd(KSHARE_OP_LOCK_ACQUIRE, a),
						       t_cmd(KSHARE_OP_RWLOCK_ACQUIRE, b) };
			struct kshare_cmd cmds[2] = { locks[i % 2], locks[!(i % 2)] };
			int round;

			for (round = 0; round < rounds; round++) {
				int64_t value;

				if (t_run(s, all(cmds, 2)))
					_exit(1);
				/* Not atomic: only the locks make it right. */
				if (t_run(s, t_cmd(KSHARE_OP_CELL_GET, n)))
					_exit(2);
				value = s->out.values[0].i + 1;
				if (t_run_with(s, KSHARE_OP_CELL_SET, n, t_int(value)))
					_exit(3);
				if (t_raw(s, t_cmd(KSHARE_OP_LOCK_RELEASE, a)) ||
				    t_raw(s, t_cmd(KSHARE_OP_RWLOCK_RELEASE, b)))
					_exit(4);
			}
			_exit(0);
		}
	}
	for (i = 0; i < 4; i++)
		EXPECT_EQ(0, t_wait(pids[i]));
	ASSERT_EQ(0, t_run(s, t_cmd(KSHARE_OP_CELL_GET, n)));
	EXPECT_EQ(4 * rounds, s->out.values[0].i);
}

static void on_signal(int sig)
{
}

enum end { END_KILL, END_TIMEOUT, END_SIGNAL, ENDS };

/* The first in the lines goes, and leaves nothing that is in the way of others. */
TEST_F(kshare, who_gives_up_takes_nothing_and_is_in_nobodys_way)
{
	struct sigaction sa = { .sa_handler = on_signal };
	struct side *s = &self->s;
	int end, a = semaphore(s, 1), b = semaphore(s, 0);
	struct kshare_cmd cmds[2] = { t_cmd(KSHARE_OP_SEMAPHORE_ACQUIRE, a),
				      t_cmd(KSHARE_OP_SEMAPHORE_ACQUIRE, b) };
	static const int want[] = { 1000 + SIGKILL, ETIMEDOUT, EINTR };
	struct kshare_stat before, after;
	pid_t first, second;

	sigaction(SIGUSR1, &sa, NULL);
	for (end = 0; end < ENDS; end++) {
		ASSERT_EQ(0, t_stat(s, a, &before));
		if (end == END_TIMEOUT) {
			first = t_child_for_a_while(s, all(cmds, 2), b, 1);
		} else {
			first = t_child(s, all(cmds, 2));
			t_until_waiters(s, b, 1);
		}
		second = t_child(s, all(cmds, 2));
		if (end != END_TIMEOUT) {
			t_until_waiters(s, b, 2);
			kill(first, end == END_KILL ? SIGKILL : SIGUSR1);
		}
		EXPECT_EQ(want[end], t_wait(first));
		t_until_waiters(s, b, 1);
		ASSERT_EQ(0, t_stat(s, a, &after));
		EXPECT_EQ(before.version, after.version);
		EXPECT_EQ(1, after.length);
		EXPECT_EQ(1, after.waiters);
		EXPECT_EQ(0, release(s, b, 1));
		EXPECT_EQ(0, t_wait(second));
		EXPECT_EQ(0, length(s, a) | length(s, b) | waiters(s, a) | waiters(s, b));
		EXPECT_EQ(0, release(s, a, 1));
	}
}

TEST_F(kshare, one_that_is_cancelled_takes_nothing)
{
	struct side *s = &self->s;
	int a = semaphore(s, 1), b = semaphore(s, 0);
	struct kshare_cmd cmds[2] = { t_cmd(KSHARE_OP_SEMAPHORE_ACQUIRE, a),
				      t_cmd(KSHARE_OP_SEMAPHORE_ACQUIRE, b) };
	struct kshare_cmd cmd = all(cmds, 2), cancel = t_cmd(KSHARE_OP_CANCEL, 0);
	struct t_thread *t = calloc(1, sizeof(*t));

	cmd.tag = 3;
	cancel.key = t_uint(3);
	t_begin(s, t, cmd, true);
	t_until_waiters(s, b, 1);
	EXPECT_EQ(1, t_raw(s, cancel));
	EXPECT_EQ(-ECANCELED, t_end(t));
	EXPECT_EQ(1, length(s, a));
	EXPECT_EQ(0, waiters(s, a) | waiters(s, b));
	free(t);
}

TEST_F(kshare, an_error_of_one_is_the_error_of_all)
{
	struct side *s = &self->s;
	int q = t_create(s, KSHARE_TYPE_QUEUE), a = semaphore(s, 1), b = semaphore(s, 0);
	struct kshare_cmd cmds[3] = { t_cmd(KSHARE_OP_SEMAPHORE_ACQUIRE, a),
				      t_cmd(KSHARE_OP_QUEUE_GET, q),
				      t_cmd(KSHARE_OP_SEMAPHORE_ACQUIRE, b) };
	pid_t pid;

	pid = t_child(s, all(cmds, 3));
	t_until_waiters(s, q, 1);
	EXPECT_EQ(0, t_raw(s, t_cmd(KSHARE_OP_QUEUE_SHUTDOWN, q)));
	EXPECT_EQ(ESHUTDOWN, t_wait(pid));
	EXPECT_EQ(1, length(s, a));
	EXPECT_EQ(0, waiters(s, a) | waiters(s, q) | waiters(s, b));
	EXPECT_EQ(-ESHUTDOWN, try_all(s, cmds, 3));
	EXPECT_EQ(1, length(s, a));
}

TEST_F(kshare, memory_for_its_results_need_not_be_there_yet_but_writable)
{
	struct side *s = &self->s;
	int q = t_create(s, KSHARE_TYPE_QUEUE), sem = semaphore(s, 2), own;
	struct kshare_cmd cmds[2] = { t_cmd(KSHARE_OP_SEMAPHORE_ACQUIRE, sem),
				      t_cmd(KSHARE_OP_QUEUE_GET, q) };
	struct kshare_cmd cmd = all(cmds, 2);
	struct kshare_result *out;

	for (own = 0; own < 2; own++) {
		struct kshare_cmd *where = own ? &cmd : &cmds[1];

		put(s, q, 5);
		out = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		where->out = (uintptr_t)out;
		where->out_len = 4096;
		EXPECT_EQ(-EFAULT, t_raw(s, cmd));
		EXPECT_EQ(1, length(s, q));
		EXPECT_EQ(2 - own, length(s, sem));
		mprotect(out, 4096, PROT_READ | PROT_WRITE);
		EXPECT_EQ(0, t_raw(s, cmd));
		EXPECT_EQ(own ? 2 : 1, out->count);
		EXPECT_EQ(own ? 1 : 5, out->values[own].i);
		EXPECT_EQ(0, length(s, q));
		EXPECT_EQ(1 - own, length(s, sem));
		where->out = 0;
		where->out_len = 0;
		munmap(out, 4096);
	}
}

TEST_F(kshare, a_result_too_large_is_told_in_its_own_place_and_nothing_is_taken)
{
	struct side *s = &self->s;
	int q = t_create(s, KSHARE_TYPE_QUEUE), sem = semaphore(s, 1), waits;
	struct kshare_cmd cmds[2] = { t_cmd(KSHARE_OP_SEMAPHORE_ACQUIRE, sem),
				      t_cmd(KSHARE_OP_QUEUE_GET, q) };
	struct kshare_value v = t_str("a string of thirty-two characters");
	struct t_thread *t = calloc(1, sizeof(*t));
	struct reply *out = calloc(1, sizeof(*out));
	struct kshare_cmd cmd;

	cmds[1].out = (uintptr_t)out;
	for (waits = 0; waits < 2; waits++) {
		cmds[1].out_len = 32;
		memset(out, 0, sizeof(*out));
		if (waits) {
			t_begin(s, t, all(cmds, 2), true);
			t_until_waiters(s, q, 1);
		}
		EXPECT_EQ(0, t_run_with(s, KSHARE_OP_QUEUE_PUT, q, v));
		EXPECT_EQ(-ENOBUFS, waits ? t_end(t) : t_run(s, all(cmds, 2)));
		EXPECT_LE(32 + 33, out->head.number);
		EXPECT_EQ(1, length(s, q));
		EXPECT_EQ(1, length(s, sem));
		cmds[1].out_len = out->head.number;
		EXPECT_EQ(0, t_run(s, all(cmds, 2)));
		/* It counts as never taken. */
		EXPECT_EQ(1, s->out.values[1].i);
		EXPECT_TRUE(t_is_str(&out->values[0], "a string of thirty-two characters"));
		EXPECT_EQ(0, release(s, sem, 1));
	}
	/* Its own result */
	put(s, q, 1);
	cmds[1] = t_cmd(KSHARE_OP_QUEUE_GET, q);
	cmd = all(cmds, 2);
	cmd.out = (uintptr_t)&s->out;
	cmd.out_len = 16 + 2 * 16 - 1;
	EXPECT_EQ(-ENOBUFS, t_raw(s, cmd));
	EXPECT_EQ(16 + 2 * 16, s->out.head.number);
	cmd.out = 8;
	EXPECT_EQ(-EFAULT, t_raw(s, cmd));
	EXPECT_EQ(1, length(s, q));
	EXPECT_EQ(1, length(s, sem));
	cmd.out = 0;
	cmd.out_len = 0;
	EXPECT_EQ(0, t_raw(s, cmd));
	free(out);
	free(t);
}

TEST_F(kshare, up_to_sixty_four_may_be_waited_for)
{
	struct kshare_cmd cmds[KSHARE_MAX_WAIT + 1];
	struct side *s = &self->s;
	int i, sem[KSHARE_MAX_WAIT + 1];
	pid_t pid;

	for (i = 0; i <= (int)KSHARE_MAX_WAIT; i++) {
		sem[i] = semaphore(s, i % 2);
		cmds[i] = t_cmd(KSHARE_OP_SEMAPHORE_ACQUIRE, sem[i]);
	}
	EXPECT_EQ(-E2BIG, t_run(s, all(cmds, KSHARE_MAX_WAIT + 1)));
	EXPECT_EQ(-EAGAIN, try_all(s, cmds, KSHARE_MAX_WAIT));
	pid = t_child(s, all(cmds, KSHARE_MAX_WAIT));
	t_until_waiters(s, sem[KSHARE_MAX_WAIT - 1], 1);
	for (i = KSHARE_MAX_WAIT - 2; i >= 0; i -= 2) {
		EXPECT_EQ(1, waiters(s, sem[1]));
		EXPECT_EQ(0, release(s, sem[i], 1));
	}
	EXPECT_EQ(0, t_wait(pid));
	for (i = 0; i < (int)KSHARE_MAX_WAIT; i++)
		EXPECT_EQ(0, length(s, sem[i]) | waiters(s, sem[i]));
}

/* An object that a group waited for is used as before. */
TEST_F(kshare, afterwards_each_object_is_as_it_was)
{
	struct side *s = &self->s;
	int q = t_create(s, KSHARE_TYPE_QUEUE), e = t_create(s, KSHARE_TYPE_EVENT), i;
	struct kshare_cmd cmds[2] = { t_cmd(KSHARE_OP_QUEUE_GET, q),
				      t_cmd(KSHARE_OP_EVENT_WAIT, e) };
	int32_t result;
	struct kshare_cmd one = t_cmd(KSHARE_OP_QUEUE_PUT, q);
	struct kshare_batch batch = {
		.size = sizeof(batch),
		.flags = KSHARE_BATCH_ATOMIC,
		.count = 1,
		.cmds = (uintptr_t)&one,
		.results = (uintptr_t)&result,
		.cmd_size = sizeof(one),
	};
	pid_t pids[40], pid;

	for (i = 0; i < 2; i++) {
		struct kshare_cmd cmd = all(cmds, 2);

		cmd.deadline = t_now() + 1000000;
		EXPECT_EQ(-ETIMEDOUT, t_raw(s, cmd));
	}
	/* Batches own it, and so do those who let many go. */
	EXPECT_EQ(0, ioctl(s->fd, KSHARE_IOC_BATCH, &batch));
	EXPECT_EQ(1, length(s, q));
	EXPECT_EQ(1, t_run(s, t_cmd(KSHARE_OP_QUEUE_GET, q)));
	for (i = 0; i < 40; i++)
		pids[i] = t_child(s, t_cmd(KSHARE_OP_EVENT_WAIT, e));
	t_until_waiters(s, e, 40);
	pid = t_child(s, all(cmds, 2));
	t_until_waiters(s, e, 41);
	EXPECT_EQ(0, t_raw(s, t_cmd(KSHARE_OP_EVENT_SET, e)));
	for (i = 0; i < 40; i++)
		EXPECT_EQ(0, t_wait(pids[i]));
	EXPECT_EQ(0, put(s, q, 1));
	EXPECT_EQ(0, t_wait(pid));
}

TEST_HARNESS_MAIN
