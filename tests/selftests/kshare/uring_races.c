// SPDX-License-Identifier: GPL-2.0
/*
 * What ends a wait against what grants it: a message is taken or it is still there.
 *
 * KSHARE_ROUNDS: how often each is tried.
 */
#define T_ALL_RINGS
#include "uring_test.h"

/* So many, but no longer than two seconds unless the number was given. */
struct rounds {
	int left;
	int64_t end;
};

static struct rounds rounds_begin(void)
{
	const char *value = getenv("KSHARE_ROUNDS");
	struct rounds r = { value ? atoi(value) : 400, INT64_MAX };

	if (!value)
		r.end = t_now() + 2000000000;
	return r;
}

static bool another_round(struct rounds *r)
{
	return r->left-- > 0 && t_now() < r->end;
}

/* Does something as soon as it is told, after a while of its own. */
struct racer {
	pthread_t thread;
	struct side s;
	struct kshare_cmd cmd;
	int spin;
	int begun;		/* how often it was told; atomic */
	int ended;		/* how often it was done; atomic */
	int ret;
};

static void *race(void *arg)
{
	struct racer *r = arg;
	int n = 0, i;

	for (;;) {
		while (__atomic_load_n(&r->begun, __ATOMIC_ACQUIRE) == n)
			sched_yield();
		if (!r->cmd.op)
			return NULL;
		for (i = 0; i < r->spin; i++)
			__asm__ volatile("" ::: "memory");
		r->ret = t_raw(&r->s, r->cmd);
		n++;
		__atomic_store_n(&r->ended, n, __ATOMIC_RELEASE);
	}
}

static int racer_start(struct racer *r, int fd)
{
	memset(r, 0, sizeof(*r));
	r->s.fd = fd;
	return pthread_create(&r->thread, NULL, race, r);
}

static void racer_go(struct racer *r, struct kshare_cmd cmd)
{
	r->cmd = cmd;
	r->spin = rand() % 3000;
	__atomic_store_n(&r->begun, r->begun + 1, __ATOMIC_RELEASE);
}

static void racer_wait(struct racer *r)
{
	while (__atomic_load_n(&r->ended, __ATOMIC_ACQUIRE) != r->begun)
		sched_yield();
}

static void racer_end(struct racer *r)
{
	racer_go(r, t_cmd(0, 0));
	pthread_join(r->thread, NULL);
}

static struct kshare_cmd try_get(int q)
{
	struct kshare_cmd cmd = t_get(q);

	cmd.flags = KSHARE_NOWAIT;
	return cmd;
}

static void spin(int n)
{
	while (n--)
		__asm__ volatile("" ::: "memory");
}

TEST_F(uring, a_grant_against_cancel)
{
	static struct racer putter, canceler;
	struct rounds rounds = rounds_begin();
	struct side *s = &self->s;
	struct ring *r = &self->r;
	int q = t_make_queue(s), i, granted = 0, canceled = 0;
	struct kshare_cmd cancel = t_cmd(KSHARE_OP_CANCEL, 0), get = t_get(q);
	static struct reply reply;

	ASSERT_EQ(0, racer_start(&putter, s->fd));
	ASSERT_EQ(0, racer_start(&canceler, s->fd));
	cancel.key = t_uint(1);
	get.tag = 1;
	get.out = (uintptr_t)&reply;
	get.out_len = sizeof(reply);
	for (i = 0; another_round(&rounds); i++) {
		struct done done;

		ASSERT_EQ(1, t_ring_begin(r, get, 1));
		t_until_waiters(s, q, 1);
		racer_go(&putter, t_valued(KSHARE_OP_QUEUE_PUT, q, t_int(i)));
		racer_go(&canceler, cancel);
		done = t_reap(r);
		racer_wait(&putter);
		racer_wait(&canceler);
		ASSERT_EQ(0, putter.ret);
		if (done.res == 1) {
			granted++;
			ASSERT_EQ(-ENOENT, canceler.ret);
			ASSERT_EQ(i, reply.values[0].i);
		} else {
			canceled++;
			ASSERT_EQ(-ECANCELED, done.res);
			ASSERT_EQ(1, canceler.ret);
			ASSERT_EQ(1, t_run(s, try_get(q)));
			ASSERT_EQ(i, s->out.values[0].i);
		}
		ASSERT_EQ(-EAGAIN, t_run(s, try_get(q)));
	}
	TH_LOG("%d granted, %d canceled", granted, canceled);
	racer_end(&putter);
	racer_end(&canceler);
}

TEST_F(uring, a_grant_against_the_deadline)
{
	static struct racer putter;
	struct rounds rounds = rounds_begin();
	struct side *s = &self->s;
	struct ring *r = &self->r;
	int q = t_make_queue(s), i, granted = 0, late = 0;
	struct kshare_cmd get = t_get(q);
	static struct reply reply;
	int64_t ahead = 1000000;

	ASSERT_EQ(0, racer_start(&putter, s->fd));
	get.out = (uintptr_t)&reply;
	get.out_len = sizeof(reply);
	for (i = 0; another_round(&rounds); i++) {
		struct done done;

		get.deadline = t_now() + 2 * ahead;
		ASSERT_EQ(1, t_ring_begin(r, get, 1));
		while (t_now() < get.deadline - ahead / 2)
			;
		racer_go(&putter, t_valued(KSHARE_OP_QUEUE_PUT, q, t_int(i)));
		done = t_reap(r);
		racer_wait(&putter);
		ASSERT_EQ(0, putter.ret);
		if (done.res == 1) {
			granted++;
			ASSERT_EQ(i, reply.values[0].i);
			/* Closer to the point where either may happen. */
			ahead -= ahead / 16;
		} else {
			late++;
			ASSERT_EQ(-ETIMEDOUT, done.res);
			ASSERT_EQ(1, t_run(s, try_get(q)));
			ASSERT_EQ(i, s->out.values[0].i);
			ahead += ahead / 16 + 1000;
		}
		ASSERT_EQ(-EAGAIN, t_run(s, try_get(q)));
	}
	TH_LOG("%d granted, %d too late", granted, late);
	racer_end(&putter);
}

TEST_F(uring, a_grant_against_the_end_of_the_ring)
{
	static struct racer putter;
	struct rounds rounds = rounds_begin();
	struct side *s = &self->s;
	int q = t_make_queue(s), i, granted = 0, ended = 0;
	struct kshare_cmd get = t_get(q);
	static struct reply reply;
	struct ring mine;

	ASSERT_EQ(0, racer_start(&putter, s->fd));
	get.out = (uintptr_t)&reply;
	get.out_len = sizeof(reply);
	for (i = 0; another_round(&rounds); i++) {
		volatile uint32_t *count = &reply.head.count;
		volatile __s64 *value = &reply.values[0].i;
		int64_t limit = t_now() + T_LONG;

		*count = 0;
		ASSERT_EQ(0, t_ring(&mine, s->fd, 4, variant->flags));
		ASSERT_EQ(1, t_ring_begin(&mine, get, 1));
		t_until_waiters(s, q, 1);
		racer_go(&putter, t_valued(KSHARE_OP_QUEUE_PUT, q, t_int(i)));
		spin(rand() % 3000);
		t_ring_exit(&mine);
		racer_wait(&putter);
		ASSERT_EQ(0, putter.ret);
		/* What the ring still does, it does in the background. */
		for (;;) {
			int ret = t_run(s, try_get(q));

			if (ret == 1) {
				ended++;
				ASSERT_EQ(0, *count);
				ASSERT_EQ(i, s->out.values[0].i);
				break;
			}
			ASSERT_EQ(-EAGAIN, ret);
			if (*count) {
				/* It is being written, and there is no completion to wait for. */
				while (*value != i)
					ASSERT_GT(limit, t_now());
				granted++;
				break;
			}
			/* It is lost. */
			ASSERT_GT(limit, t_now());
		}
		ASSERT_EQ(-EAGAIN, t_run(s, try_get(q)));
		ASSERT_TRUE(t_until_waiting(s, 0));
	}
	TH_LOG("%d granted, %d ended", granted, ended);
	racer_end(&putter);
}

TEST_F(uring, a_grant_against_sigkill)
{
	struct rounds rounds = rounds_begin();
	struct side *s = &self->s;
	int q = t_make_queue(s), l = t_make_lock(s), i, taken = 0, left = 0;
	struct kshare_cmd get = t_get(q), acquire;
	struct reply *reply;

	reply = mmap(NULL, sizeof(*reply), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
		     -1, 0);
	ASSERT_NE(MAP_FAILED, reply);
	get.out = (uintptr_t)reply;
	get.out_len = sizeof(*reply);
	for (i = 0; another_round(&rounds); i++) {
		bool lock_first = rand() % 2;
		pid_t pid;

		reply->head.count = 0;
		t_lock_hold(s, l);
		pid = t_fork_off(s, &self->r);
		if (!pid) {
			struct ring mine;

			if (t_ring(&mine, s->fd, 4, variant->flags))
				_exit(1);
			t_ring_begin(&mine, get, 1);
			t_ring_begin(&mine, t_lock_acquire(l), 2);
			if (i % 2)
				t_reap(&mine);
			pause();
			_exit(2);
		}
		t_until_waiters(s, q, 1);
		t_until_waiters(s, l, 1);
		if (lock_first)
			t_lock_drop(s, l);
		if (rand() % 2) {
			t_queue_put(s, q);
			spin(rand() % 3000);
			kill(pid, SIGKILL);
		} else {
			kill(pid, SIGKILL);
			spin(rand() % 3000);
			t_queue_put(s, q);
		}
		if (!lock_first)
			t_lock_drop(s, l);
		ASSERT_EQ(1000 + SIGKILL, t_wait(pid));
		acquire = t_lock_acquire(l);
		acquire.deadline = t_now() + T_LONG;
		ASSERT_EQ(1, t_raw(s, acquire));
		ASSERT_EQ(0, t_raw(s, t_owned(KSHARE_OP_LOCK_RELEASE, l, T_OWNER)));
		if (reply->head.count) {
			taken++;
			ASSERT_EQ(5, reply->values[0].i);
			ASSERT_EQ(-EAGAIN, t_raw(s, try_get(q)));
		} else {
			left++;
			ASSERT_EQ(1, t_raw(s, try_get(q)));
		}
		ASSERT_EQ(0, t_waiting(s));
	}
	TH_LOG("%d taken, %d left", taken, left);
	munmap(reply, sizeof(*reply));
}

TEST_HARNESS_MAIN
