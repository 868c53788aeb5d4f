// SPDX-License-Identifier: GPL-2.0
/*
 * REVOKE in the middle of calls of other processes: whatever comes of each, in the
 * end nothing is locked, lost or left over.  KSHARE_ROUNDS says how many rounds.
 */
#include "passing_test.h"

#define WORKERS	3

/* How the workers get each new handle, and what they have seen in all */
struct shared {
	int round;
	int over;
	int64_t put;
	int64_t got;
	int stale;
	int done;
};

static struct shared *shared;

static void share(void)
{
	shared = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (shared == MAP_FAILED)
		abort();
}

static void add(int64_t *to, int64_t n)
{
	__atomic_add_fetch(to, n, __ATOMIC_SEQ_CST);
}

static bool is_over(void)
{
	return __atomic_load_n(&shared->over, __ATOMIC_SEQ_CST);
}

/* What came of one command */
static void count(int ret)
{
	__atomic_add_fetch(ret == -ESTALE ? &shared->stale : &shared->done, 1, __ATOMIC_SEQ_CST);
}

typedef bool (*work_fn)(struct side *s, int h, unsigned int *seed);

/* Workers have no way to what is behind it but the reference in @cell. */
static void begin(struct side *s, pid_t *pids, int cell, const int *hidden, int n, work_fn work)
{
	int i, j;

	for (i = 0; i < WORKERS; i++) {
		unsigned int seed = i;

		pids[i] = t_fork(s);
		if (pids[i])
			continue;
		for (j = 0; j < n; j++)
			t_close(s, hidden[j]);
		while (!is_over()) {
			int h;

			if (t_run(s, t_cmd(KSHARE_OP_CELL_GET, cell)))
				_exit(1);
			if (s->out.values[0].type != KSHARE_REF)
				continue;
			h = s->out.values[0].ref.handle;
			while (!is_over() && work(s, h, &seed))
				;
			if (t_close(s, h))
				_exit(2);
		}
		_exit(0);
	}
}

static void end(struct __test_metadata *_metadata, pid_t *pids)
{
	int i;

	__atomic_store_n(&shared->over, 1, __ATOMIC_SEQ_CST);
	for (i = 0; i < WORKERS; i++)
		EXPECT_EQ(0, t_wait(pids[i]));
}

/* Each round a new way to the object, which is cut off soon. */
static void rounds(struct __test_metadata *_metadata, struct side *s, int h, int cell, int n)
{
	int i, g;

	for (i = 0; i < n; i++) {
		int had = __atomic_load_n(&shared->done, __ATOMIC_SEQ_CST);

		g = t_revocable(s, h);
		ASSERT_LT(0, g);
		ASSERT_EQ(0, t_run_with(s, KSHARE_OP_CELL_SET, cell, t_ref(g)));
		/* Mostly somebody is at it by then. */
		if (i % 4)
			EXPECT_TRUE(T_UNTIL(had !=
					    __atomic_load_n(&shared->done, __ATOMIC_SEQ_CST)));
		ASSERT_EQ(0, t_revoke(s, g));
		if (i % 2)
			ASSERT_EQ(0, t_close(s, g));
	}
	EXPECT_EQ(0, t_run_with(s, KSHARE_OP_CELL_SET, cell, t_none()));
}

/* Takes and gives back; what is lost in between goes back by itself. */
static const struct {
	const char *name;
	uint32_t type, size, take, give, flags;
} kinds[] = {
	{ "lock", KSHARE_TYPE_LOCK, 0, KSHARE_OP_LOCK_ACQUIRE, KSHARE_OP_LOCK_RELEASE, 0 },
	{ "rlock", KSHARE_TYPE_RLOCK, 0, KSHARE_OP_LOCK_ACQUIRE, KSHARE_OP_LOCK_RELEASE, 0 },
	{ "rwlock", KSHARE_TYPE_RWLOCK, 0, KSHARE_OP_RWLOCK_ACQUIRE, KSHARE_OP_RWLOCK_RELEASE, 0 },
	{ "shared rwlock", KSHARE_TYPE_RWLOCK, 0, KSHARE_OP_RWLOCK_ACQUIRE,
	  KSHARE_OP_RWLOCK_RELEASE, KSHARE_SHARED },
	{ "semaphore", KSHARE_TYPE_SEMAPHORE, 2, KSHARE_OP_SEMAPHORE_ACQUIRE,
	  KSHARE_OP_SEMAPHORE_RELEASE, 0 },
};

#define KINDS	(int)(sizeof(kinds) / sizeof(kinds[0]))

static int kind;

static bool take_and_give(struct side *s, int h, unsigned int *seed)
{
	struct kshare_cmd cmd = t_cmd(kinds[kind].take, h);
	int ret;

	cmd.flags = rand_r(seed) % 2 ? kinds[kind].flags : 0;
	cmd.deadline = rand_r(seed) % 4 ? 0 : t_now() + 20000;
	ret = t_raw(s, cmd);
	count(ret);
	if (ret == -ETIMEDOUT)
		return true;
	if (ret < 0)
		return false;
	ret = t_raw(s, t_cmd(kinds[kind].give, h));
	return ret >= 0;
}

TEST_F(kshare, nothing_stays_held)
{
	struct side *s = &self->s;
	int cell = t_create(s, KSHARE_TYPE_CELL), n = t_rounds(200);

	for (kind = 0; kind < KINDS; kind++) {
		int h = t_create_elem(s, kinds[kind].type, 0, kinds[kind].size);
		struct kshare_cmd cmd = t_with_nr(kinds[kind].take, h, kinds[kind].size);
		struct kshare_stat stat;
		pid_t pids[WORKERS];

		share();
		begin(s, pids, cell, &h, 1, take_and_give);
		rounds(_metadata, s, h, cell, n);
		/* With all of them alive still, and no way left: nobody has it. */
		cmd.flags = KSHARE_NOWAIT;
		EXPECT_TRUE(T_UNTIL(t_raw(s, cmd) >= 0));
		ASSERT_EQ(0, t_stat(s, h, &stat));
		EXPECT_EQ(0, stat.waiters);
		end(_metadata, pids);
		T_OUTCOMES("%s: %d commands cut off, %d others", kinds[kind].name, shared->stale,
			   shared->done);
		EXPECT_EQ(0, t_close(s, h));
		munmap(shared, 4096);
	}
}

static bool put_and_get(struct side *s, int h, unsigned int *seed)
{
	struct kshare_cmd put = t_cmd(KSHARE_OP_QUEUE_PUT, h);
	struct kshare_cmd get = t_cmd(KSHARE_OP_QUEUE_GET, h);
	int64_t number = rand_r(seed) % 1000;
	int ret;

	/* Some of them wait: for room, or for a message. */
	if (rand_r(seed) % 2) {
		put.value = t_int(number);
		put.deadline = t_now() + 100000;
		ret = t_raw(s, put);
		if (!ret)
			add(&shared->put, number + 1);
	} else {
		get.deadline = t_now() + 100000;
		get.flags = rand_r(seed) % 3 ? 0 : KSHARE_LEASE;
		ret = t_run(s, get);
		if (ret > 0) {
			struct kshare_cmd ack = t_cmd(KSHARE_OP_QUEUE_ACK, h);

			ack.key = t_uint(s->out.head.number);
			number = s->out.values[0].i;
			/* On lease it is mine once it is acknowledged. */
			if (!get.flags || !t_raw(s, ack))
				add(&shared->got, number + 1);
		}
	}
	count(ret);
	return ret != -ESTALE;
}

TEST_F(kshare, no_message_is_lost_or_there_twice)
{
	struct side *s = &self->s;
	int cell = t_create(s, KSHARE_TYPE_CELL), q = t_create_elem(s, KSHARE_TYPE_QUEUE, 0, 4);
	struct kshare_cmd get = t_cmd(KSHARE_OP_QUEUE_GET, q);
	pid_t pids[WORKERS];

	share();
	begin(s, pids, cell, &q, 1, put_and_get);
	rounds(_metadata, s, q, cell, t_rounds(500));
	end(_metadata, pids);
	/* Those on lease are back as well. */
	get.flags = KSHARE_NOWAIT;
	while (t_run(s, get) > 0)
		add(&shared->got, s->out.values[0].i + 1);
	EXPECT_EQ(shared->put, shared->got);
	T_OUTCOMES("%d commands cut off, %d others", shared->stale, shared->done);
	munmap(shared, 4096);
}

/* Reads give what is there or ESTALE, and no handle that comes of it is lost. */
static bool read_and_write(struct side *s, int h, unsigned int *seed)
{
	int ret = t_run(s, t_with_key(KSHARE_OP_LIST_GET, h, t_int(0)));

	count(ret);
	if (ret == -ESTALE)
		return false;
	if (ret || s->out.values[0].type != KSHARE_REF)
		_exit(10);
	ret = s->out.values[0].ref.handle;
	/* It is a reference of its own. */
	if (t_number_of(s, ret) != 7 || t_close(s, ret))
		_exit(11);
	ret = t_append(s, h, t_int(1));
	if (ret == -ESTALE)
		return false;
	if (ret)
		_exit(12);
	add(&shared->put, 1);
	return true;
}

TEST_F(kshare, a_read_is_whole_or_refused)
{
	struct side *s = &self->s;
	int cell = t_create(s, KSHARE_TYPE_CELL), list = t_create(s, KSHARE_TYPE_LIST);
	int hidden[2] = { list, t_number_cell(s, 7) };
	pid_t pids[WORKERS];

	share();
	EXPECT_EQ(0, t_append(s, list, t_ref(hidden[1])));
	begin(s, pids, cell, hidden, 2, read_and_write);
	rounds(_metadata, s, list, cell, t_rounds(500));
	end(_metadata, pids);
	EXPECT_EQ(0, t_run(s, t_cmd(KSHARE_OP_LIST_LEN, list)));
	EXPECT_EQ(shared->put + 1, s->out.head.number);
	T_OUTCOMES("%d commands cut off, %d others", shared->stale, shared->done);
	munmap(shared, 4096);
}

/* What waits for several things at once, and with others in each line */
static int both[2];

static bool wait_for_two(struct side *s, int h, unsigned int *seed)
{
	struct kshare_cmd two[2] = { t_cmd(KSHARE_OP_SEMAPHORE_ACQUIRE, h),
				     t_cmd(KSHARE_OP_SEMAPHORE_ACQUIRE, both[1]) };
	bool all = rand_r(seed) % 2;
	struct kshare_cmd cmd = t_cmd(all ? KSHARE_OP_WAIT_ALL : KSHARE_OP_WAIT_ANY, 0);
	int ret;

	cmd.value = t_bytes(two, sizeof(two));
	cmd.deadline = t_now() + 1000000;
	ret = t_raw(s, cmd);
	count(ret);
	if (ret == -ETIMEDOUT)
		return true;
	if (ret < 0)
		return false;
	if (!all && ret == 0)
		return t_raw(s, t_cmd(KSHARE_OP_SEMAPHORE_RELEASE, h)) == 0;
	if (t_raw(s, t_cmd(KSHARE_OP_SEMAPHORE_RELEASE, both[1])))
		_exit(10);
	return !all || !t_raw(s, t_cmd(KSHARE_OP_SEMAPHORE_RELEASE, h));
}

TEST_F(kshare, who_waits_for_several_leaves_nothing)
{
	struct side *s = &self->s;
	int cell = t_create(s, KSHARE_TYPE_CELL), i;
	pid_t pids[WORKERS];
	struct kshare_stat stat;

	share();
	for (i = 0; i < 2; i++)
		both[i] = t_create_elem(s, KSHARE_TYPE_SEMAPHORE, 0, 1);
	begin(s, pids, cell, both, 1, wait_for_two);
	rounds(_metadata, s, both[0], cell, t_rounds(300));
	end(_metadata, pids);
	for (i = 0; i < 2; i++) {
		ASSERT_EQ(0, t_stat(s, both[i], &stat));
		EXPECT_EQ(1, stat.length);
		EXPECT_EQ(0, stat.waiters);
	}
	T_OUTCOMES("%d commands cut off, %d others", shared->stale, shared->done);
	munmap(shared, 4096);
}

/* The same with more of them, all of which are made of each other. */
TEST_F(kshare, several_revoke_at_the_same_time)
{
	struct side *s = &self->s;
	int l = t_create(s, KSHARE_TYPE_LOCK), n = t_rounds(100), round, i;

	for (round = 0; round < n; round++) {
		int h[KSHARE_MAX_GATES + 1] = { l }, ret;
		static struct t_thread t[KSHARE_MAX_GATES];
		struct kshare_cmd take = t_with_key(KSHARE_OP_LOCK_ACQUIRE, 0, t_uint(1));

		for (i = 1; i <= (int)KSHARE_MAX_GATES; i++)
			h[i] = t_revocable(s, h[i - 1]);
		take.handle = h[KSHARE_MAX_GATES];
		ret = t_raw(s, take);
		EXPECT_EQ(1, ret);
		for (i = 0; i < 3; i++)
			t_begin(s, &t[i], t_cmd(KSHARE_OP_REVOKE, h[1 + (round + 3 * i) % 8]),
				false);
		for (i = 0; i < 3; i++)
			EXPECT_EQ(0, t_end(&t[i]));
		EXPECT_EQ(-ESTALE, t_number_of(s, h[KSHARE_MAX_GATES]));
		/* The plain handle is another way to it, so it is held until given back. */
		EXPECT_EQ(0, t_raw(s, t_with_key(KSHARE_OP_LOCK_RELEASE, l, t_uint(1))));
		for (i = 1; i <= (int)KSHARE_MAX_GATES; i++)
			EXPECT_EQ(0, t_close(s, h[i]));
	}
}

TEST_HARNESS_MAIN
