/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What a process of a storm does: one act after the other, each of which may be its
 * last.  Whoever holds something notes that in shared memory, and looks whether anybody
 * else does.
 */
#ifndef ACTS_H
#define ACTS_H

#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include "world.h"

#define THREADS		3
#define FORKS		12		/* that are not the controller's own, in one wave */
#define SLACK_US	3000
#define NO_MEMORY	97		/* exit status of one that could not begin */

/* Of this thread */
static __thread struct actor {
	int index;
	bool witness;		/* waits without end, and is not killed */
	bool tried_ring, has_ring;
	struct ring ring;
} me;

static int threads;

static __u64 name_of_me(void)
{
	return (__u64)getpid() << 8 | me.index;
}

/* Owners that this thread has to itself in the client of its process */
static struct kshare_value owner(void)
{
	return val_int(me.index + 1);
}

/* With all that it holds; towards the end of a wave it keeps that until it is killed. */
static void die_perhaps(void)
{
	if (me.witness)
		return;
	while (__atomic_load_n(&all->stop, __ATOMIC_RELAXED))
		pause();
	if (rnd(150))
		return;
	if (rnd(4))
		kill(getpid(), SIGKILL);
	else
		_exit(0);
}

/* A process is killed wherever it is by then, also within the kernel. */
static void arm_death(unsigned int us)
{
	struct sigevent event = { .sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGKILL };
	struct itimerspec when = { .it_value = { .tv_sec = us / 1000000,
						 .tv_nsec = us % 1000000 * 1000l } };
	timer_t timer;

	if (timer_create(CLOCK_MONOTONIC, &event, &timer) || timer_settime(timer, 0, &when, NULL))
		_exit(NO_MEMORY);
}

/* How long they live, on a machine on which all takes so many times as long */
static unsigned int slowness = 4;

static unsigned int life_us(void)
{
	unsigned int most = rnd(3) ? 6000 : rnd(4) ? 800 : 40000;

	return 1 + rnd(most * slowness);
}

static __u32 any_ring_flags(void)
{
	switch (rnd(12)) {
	case 0:
		return IORING_SETUP_SQPOLL;
	case 1:
	case 2:
	case 3:
		return IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN;
	case 4:
	case 5:
		return IORING_SETUP_COOP_TASKRUN;
	default:
		return 0;
	}
}

static bool my_ring(void)
{
	if (!me.tried_ring) {
		me.tried_ring = true;
		me.has_ring = !ring_open_with(&me.ring, any_ring_flags());
	}
	return me.has_ring;
}

static int by_ring(struct kshare_cmd cmd)
{
	__u64 user_data;
	__s32 res;

	if (ring_submit(&me.ring, fd, &cmd, 0) != 1) {
		/* There may be no memory.  It still lies in the ring, so that is of no use. */
		me.has_ring = false;
		return -EINTR;
	}
	while (!ring_reap(&me.ring, 1, &res, &user_data))
		if (errno != EINTR) {
			wrong("a ring gives no completion: %s", strerror(errno));
			return -EINTR;
		}
	return res;
}

/* What waits: for a moment, or without end; by ioctl or on a ring */
static int wait_for(struct kshare_cmd cmd)
{
	if (!me.witness && rnd(4))
		cmd.deadline = now_ns() + rnd(SLACK_US * 1000);
	give_out(&cmd);
	return judged(cmd.op, rnd(3) || !my_ring() ? run_raw(cmd) : by_ring(cmd));
}

/* ---- batches, arrays ---- */

/* Money that goes from one to the other, is counted in a dict and a list, and is all there */
static void transfer(void)
{
	struct kshare_cmd cmds[4] = { make(KSHARE_OP_CELL_ADD, w.from),
				      make(KSHARE_OP_CELL_ADD, w.to),
				      make(KSHARE_OP_DICT_ADD, w.box),
				      make(KSHARE_OP_LIST_ADD, w.list) };
	__s64 n = (__s64)rnd(20) - 10, sum;
	struct output got[2];
	int ret, i;

	if (rnd(3)) {
		for (i = 0; i < 4; i++)
			cmds[i].value = val_int(i ? n : -n);
		cmds[2].key = val_str("moved");
		cmds[3].key = val_int(0);
		ret = run_atomic(cmds, 4);
	} else {
		for (i = 0; i < 2; i++) {
			cmds[i].op = KSHARE_OP_CELL_GET;
			cmds[i].out = (unsigned long)&got[i];
			cmds[i].out_len = sizeof(got[i]);
		}
		ret = run_atomic(cmds, 2);
		sum = got[0].values[0].i + got[1].values[0].i;
		if (!ret && sum != SUM)
			wrong("the sum is seen as %lld", (long long)sum);
	}
	judged(KSHARE_OP_CELL_ADD, ret);
}

static void count_in_array(void)
{
	struct kshare_cmd cmds[2] = { make(KSHARE_OP_ARRAY_ADD, w.array),
				      make(KSHARE_OP_CELL_ADD, w.number) };

	cmds[0].key = val_int(0);
	cmds[0].value = val_int(1);
	cmds[1].value = val_int(1);
	judged(KSHARE_OP_ARRAY_ADD, run_atomic(cmds, 2));
}

static void map(void)
{
	const size_t len = 3000 * sizeof(int);
	int *p = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_SHARED, fd,
		      KSHARE_MMAP_OFFSET(w.array, getpagesize()));

	if (p == MAP_FAILED) {
		if (errno == ENOMEM)
			return;
		wrong("the array cannot be mapped: %s", strerror(errno));
		return;
	}
	__atomic_fetch_add(&p[1 + rnd(2999)], 1, __ATOMIC_SEQ_CST);
	count_in_array();
	if (me.witness || rnd(2))
		munmap(p, len);
}

/* ---- messages ---- */

/* With each message goes an entry into a dict, in one step. */
static void produce(void)
{
	struct kshare_cmd cmds[2] = { make(KSHARE_OP_DICT_SET, w.outstanding),
				      make(KSHARE_OP_QUEUE_PUT, w.leased) };
	__s64 n = next_of(&all->messages, MESSAGES);

	if (n < 0)
		return;
	cmds[0].key = val_int(n);
	cmds[0].value = val_int(1);
	cmds[1].value = val_int(n);
	cmds[1].flags = KSHARE_NOWAIT;
	judged(KSHARE_OP_QUEUE_PUT, run_atomic(cmds, 2));
}

/* And goes with it. */
static void acknowledge(__u64 lease, __s64 n)
{
	struct kshare_cmd cmds[2] = { make(KSHARE_OP_QUEUE_ACK, w.leased),
				      make(KSHARE_OP_DICT_DELETE, w.outstanding) };

	cmds[0].key = val_int(lease);
	cmds[1].key = val_int(n);
	if (judged(KSHARE_OP_QUEUE_ACK, run_atomic(cmds, 2)) == -ENOENT)
		wrong("message %lld was done with by another", (long long)n);
}

static void done_with(__u64 lease, __s64 n)
{
	die_perhaps();
	if (me.witness || rnd(8))
		acknowledge(lease, n);
	else if (rnd(4))
		attempt(make_with(KSHARE_OP_QUEUE_NACK, w.leased, val_int(lease), val_none()));
}

static void consume(void)
{
	struct kshare_cmd cmd = make(KSHARE_OP_QUEUE_GET, w.leased);
	struct output got;
	int ret, i;

	cmd.flags = KSHARE_LEASE;
	if (rnd(2)) {
		cmd.op = KSHARE_OP_QUEUE_GET_MANY;
		cmd.nr = 1 + rnd(5);
	}
	ret = wait_for(cmd);
	if (ret <= 0)
		return;
	got = out;
	if (cmd.op == KSHARE_OP_QUEUE_GET) {
		take(got.values[0].i, ret);
		done_with(got.head.number, got.values[0].i);
		return;
	}
	for (i = 0; i < ret; i++)
		take(got.values[3 * i + 2].i, got.values[3 * i + 1].i);
	for (i = 0; i < ret; i++)
		done_with(got.values[3 * i].u, got.values[3 * i + 2].i);
}

/* Letters: nobody gives them back, and each is had by one. */
static void send_letter(void)
{
	__s64 n = next_of(&all->letters, MESSAGES);
	struct kshare_cmd cmd = make_with(KSHARE_OP_QUEUE_PUT, w.plain, val_int(rnd(3)),
					  val_int(n));

	if (n < 0 || wait_for(cmd))
		return;
	__atomic_fetch_or(&all->letter[n], WAS_PUT, __ATOMIC_SEQ_CST);
}

static void receive_letter(void)
{
	add(&all->gets_begun, 1);
	if (wait_for(make(KSHARE_OP_QUEUE_GET, w.plain)) > 0)
		take_letter(out.values[0].i);
	add(&all->gets_ended, 1);
}

static void join(void)
{
	wait_for(make(KSHARE_OP_QUEUE_JOIN, w.leased));
}

static void watch(void)
{
	__u32 which = rnd(2) ? w.from : w.number, cookie = 1 + rnd(1000);
	struct kshare_cmd cmd = make_with(KSHARE_OP_WATCH, which, val_none(), val_ref(w.changes));

	cmd.nr = cookie;
	attempt(cmd);
	transfer();
	count_in_array();
	cmd = make(KSHARE_OP_QUEUE_GET, w.changes);
	cmd.flags = KSHARE_NOWAIT;
	attempt(cmd);
	die_perhaps();
	cmd = make(KSHARE_OP_UNWATCH, which);
	cmd.nr = cookie;
	if (me.witness || rnd(2))
		attempt(cmd);
}

/* ---- locks, permits, barriers ---- */

static void release(int i, int depth)
{
	struct kshare_cmd cmd = make(i == RWLOCK ? KSHARE_OP_RWLOCK_RELEASE :
				     KSHARE_OP_LOCK_RELEASE, w.locks[i]);

	cmd.key = owner();
	while (depth-- > 0)
		if (attempt(cmd) < 0)
			wrong("what is held cannot be released: %d", i);
}

static void inside(void)
{
	switch (rnd(4)) {
	case 0:
		transfer();
		break;
	case 1:
		sched_yield();
		break;
	}
	die_perhaps();
}

static void lock(void)
{
	int i = rnd(RWLOCK), depth;
	struct kshare_cmd cmd = make(KSHARE_OP_LOCK_ACQUIRE, w.locks[i]);

	cmd.key = owner();
	cmd.flags = rnd(5) ? 0 : KSHARE_DETECT;
	depth = wait_for(cmd);
	if (depth <= 0)
		return;
	enter(i, name_of_me(), &out.head);
	if (i >= RLOCK && rnd(2))
		depth = attempt(cmd);
	inside();
	leave(i, name_of_me());
	release(i, depth);
}

static void rwlock(void)
{
	struct kshare_cmd cmd = make(KSHARE_OP_RWLOCK_ACQUIRE, w.locks[RWLOCK]);

	cmd.key = owner();
	cmd.flags = (rnd(3) ? KSHARE_SHARED : 0) | (rnd(5) ? 0 : KSHARE_DETECT);
	if (wait_for(cmd))
		return;
	if (cmd.flags & KSHARE_SHARED) {
		if (__atomic_load_n(&all->holder[RWLOCK], __ATOMIC_SEQ_CST) &&
		    !(out.head.flags & KSHARE_R_OWNER_DIED))
			wrong("what is shared is had alone by another");
		inside();
	} else {
		enter(RWLOCK, name_of_me(), &out.head);
		inside();
		leave(RWLOCK, name_of_me());
		if (rnd(2)) {
			cmd = make(KSHARE_OP_RWLOCK_DOWNGRADE, w.locks[RWLOCK]);
			cmd.key = owner();
			attempt(cmd);
			inside();
		}
	}
	release(RWLOCK, 1);
}

static void permits(void)
{
	struct kshare_cmd cmd = make(KSHARE_OP_SEMAPHORE_ACQUIRE, w.permits);

	cmd.nr = 1 + rnd(3);
	if (wait_for(cmd))
		return;
	inside();
	cmd.op = KSHARE_OP_SEMAPHORE_RELEASE;
	attempt(cmd);
}

/* Of a semaphore whose permits are nobody's, a cell counts along. */
static void signalling(void)
{
	bool up = rnd(2);
	struct kshare_cmd cmds[2] = { make(up ? KSHARE_OP_SEMAPHORE_RELEASE :
					   KSHARE_OP_SEMAPHORE_ACQUIRE, w.signalling),
				      make(KSHARE_OP_CELL_ADD, w.free) };

	if (!up)
		cmds[0].flags = KSHARE_NOWAIT;
	cmds[1].value = val_int(up ? 1 : -1);
	judged(cmds[0].op, run_atomic(cmds, 2));
}

static void converse(void)
{
	struct kshare_cmd acquire = make(KSHARE_OP_LOCK_ACQUIRE, w.locks[RLOCK]), cmd;
	int depth, ret;

	acquire.key = owner();
	depth = wait_for(acquire);
	if (depth <= 0)
		return;
	enter(RLOCK, name_of_me(), &out.head);
	if (rnd(2))
		depth = attempt(acquire);
	if (rnd(3)) {
		cmd = make(KSHARE_OP_CONDITION_NOTIFY, w.condition);
		cmd.key = owner();
		cmd.flags = rnd(4) ? 0 : KSHARE_ALL;
		attempt(cmd);
	} else {
		cmd = make(KSHARE_OP_CONDITION_WAIT, w.condition);
		cmd.key = owner();
		leave(RLOCK, name_of_me());
		ret = wait_for(cmd);
		if (ret == -EINTR)
			return;
		if (out.head.number)
			enter(RLOCK, name_of_me(), &out.head);
		else if (__atomic_exchange_n(&all->holder[RLOCK], name_of_me(), __ATOMIC_SEQ_CST))
			wrong("the lock of a condition was not kept: %d", ret);
		if (ret > 0 && ret != depth)
			wrong("the lock of a condition has depth %d, not %d", ret, depth);
	}
	inside();
	leave(RLOCK, name_of_me());
	release(RLOCK, depth);
}

/* What a wait for one or all may consist of */
enum { PART_LOCK, PART_PERMIT, PART_RWLOCK, PART_EVENT, PART_MESSAGE, PARTS };

static struct kshare_cmd part(int kind, struct output *to)
{
	static const __u32 ops[PARTS] = {
		KSHARE_OP_LOCK_ACQUIRE, KSHARE_OP_SEMAPHORE_ACQUIRE, KSHARE_OP_RWLOCK_ACQUIRE,
		KSHARE_OP_EVENT_WAIT, KSHARE_OP_QUEUE_GET,
	};
	const __u32 handles[PARTS] = {
		w.locks[LOCK], w.permits, w.locks[RWLOCK], w.event, w.leased,
	};
	struct kshare_cmd cmd = make(ops[kind], handles[kind]);

	if (kind == PART_LOCK || kind == PART_RWLOCK)
		cmd.key = owner();
	if (kind == PART_MESSAGE)
		cmd.flags = KSHARE_LEASE;
	if (gives_result[cmd.op]) {
		cmd.out = (unsigned long)to;
		cmd.out_len = sizeof(*to);
	}
	return cmd;
}

static void part_with(int kind, const struct output *got, int ret)
{
	int i = kind == PART_LOCK ? LOCK : RWLOCK;

	switch (kind) {
	case PART_LOCK:
	case PART_RWLOCK:
		enter(i, name_of_me(), &got->head);
		die_perhaps();
		leave(i, name_of_me());
		release(i, 1);
		break;
	case PART_PERMIT:
		attempt(make(KSHARE_OP_SEMAPHORE_RELEASE, w.permits));
		break;
	case PART_MESSAGE:
		take(got->values[0].i, ret);
		done_with(got->head.number, got->values[0].i);
		break;
	}
}

static void several(void)
{
	bool every = rnd(2);
	struct kshare_cmd members[PARTS], cmd = make(every ? KSHARE_OP_WAIT_ALL :
						     KSHARE_OP_WAIT_ANY, 0);
	struct output got[PARTS] = {};
	int kinds[PARTS], results[PARTS] = {}, count = 1 + rnd(PARTS), ret, i;
	const int first = rnd(PARTS), step = 1 + rnd(PARTS - 1);

	/* In any order, as PARTS is prime */
	for (i = 0; i < count; i++) {
		kinds[i] = (first + i * step) % PARTS;
		members[i] = part(kinds[i], &got[i]);
	}
	cmd.value = val_data(KSHARE_BYTES, members, count * sizeof(members[0]));
	ret = wait_for(cmd);
	if (ret < 0)
		return;
	for (i = 0; every && i < count; i++)
		results[i] = out.values[i].i;
	if (!every)
		results[ret] = out.head.number;
	die_perhaps();
	for (i = 0; i < count; i++)
		if (every || i == ret)
			part_with(kinds[i], &got[i], results[i]);
}

static void meet(void)
{
	int ret = wait_for(make(KSHARE_OP_BARRIER_WAIT, w.barrier));

	if (ret == -ESHUTDOWN || ret == -EOWNERDEAD)
		attempt(make(KSHARE_OP_BARRIER_RESET, w.barrier));
}

static void wait_a_while(void)
{
	struct kshare_cmd cmd;

	switch (rnd(3)) {
	case 0:
		wait_for(make(KSHARE_OP_EVENT_WAIT, w.event));
		break;
	case 1:
		cmd = make(KSHARE_OP_CELL_WAIT, w.number);
		cmd.flags = KSHARE_UNTIL_CHANGED;
		cmd.value = val_int(stat_of(w.number).version);
		wait_for(cmd);
		break;
	default:
		attempt(make(rnd(2) ? KSHARE_OP_EVENT_SET : KSHARE_OP_EVENT_CLEAR, w.event));
	}
}

#endif /* ACTS_H */
