// SPDX-License-Identifier: GPL-2.0
/*
 * A kill storm of those who wait: producers and consumers of a queue, holders of
 * permits and rwlocks, parties to a barrier, waiters on conditions, on several
 * objects at once, and on rings, are killed at random moments.
 *
 * Each message is a number, put once, and taken on lease.  Who has taken it counts
 * it and acknowledges it in one atomic batch, so however its takers die, it is
 * counted once.
 *
 *	waits [SECONDS [SEED]]
 *
 * Prints TAP.  The kernel's own reports are for the runner to find.
 */
#define _GNU_SOURCE
#include <signal.h>
#include <sys/wait.h>

#include "stress.h"

#define CHILDREN	8
#define PERMITS		5
#define BOUND		16

static __u32 queue, put, taken, semaphore, rwlock, lock, rlock, condition, barrier, event;
static struct ring ring;
static bool has_ring;

static __s64 soon(unsigned int us)
{
	return now_ns() + rnd(us * 1000);
}

/* By ioctl, or on the ring, where it is waited for. */
static int wait_for(struct kshare_cmd cmd)
{
	__u64 user_data;
	__s32 res;

	cmd.deadline = soon(3000);
	give_out(&cmd);
	if (!has_ring || rnd(2))
		return run_raw(cmd);
	if (ring_submit(&ring, fd, &cmd, 0) != 1 || !ring_reap(&ring, 1, &res, &user_data))
		return -EINTR;
	return res;
}

static void die_perhaps(void)
{
	if (!rnd(200))
		raise(SIGKILL);
}

/* All as one step: the number goes up, and a message with it goes into the queue. */
static void produce(void)
{
	struct kshare_cmd cmds[2] = { make(KSHARE_OP_CELL_ADD, put),
				      make(KSHARE_OP_QUEUE_PUT, queue) };

	cmds[0].value = val_int(1);
	cmds[1].value = val_int(1);
	cmds[1].flags = KSHARE_NOWAIT;
	run_atomic(cmds, 2);
}

static void acknowledge(__u64 lease)
{
	struct kshare_cmd cmds[2] = { make(KSHARE_OP_QUEUE_ACK, queue),
				      make(KSHARE_OP_CELL_ADD, taken) };

	cmds[0].key = val_int(lease);
	cmds[1].value = val_int(1);
	run_atomic(cmds, 2);
}

static void consume(void)
{
	struct kshare_cmd cmd = make(KSHARE_OP_QUEUE_GET, queue);
	__u32 i, count;
	int ret;

	if (rnd(2)) {
		cmd.op = KSHARE_OP_QUEUE_GET_MANY;
		cmd.nr = 1 + rnd(5);
	}
	cmd.flags = KSHARE_LEASE;
	ret = wait_for(cmd);
	if (ret <= 0)
		return;
	count = cmd.op == KSHARE_OP_QUEUE_GET ? 1 : ret;
	for (i = 0; i < count; i++) {
		__u64 lease = cmd.op == KSHARE_OP_QUEUE_GET ? out.head.number :
							      out.values[3 * i].u;

		die_perhaps();
		if (rnd(8)) {
			acknowledge(lease);
		} else if (rnd(4)) {
			struct kshare_cmd nack = make(KSHARE_OP_QUEUE_NACK, queue);

			nack.key = val_int(lease);
			run_raw(nack);
		}
	}
}

static void permits(void)
{
	struct kshare_cmd cmd = make(KSHARE_OP_SEMAPHORE_ACQUIRE, semaphore);

	cmd.nr = 1 + rnd(3);
	if (wait_for(cmd))
		return;
	die_perhaps();
	cmd.op = KSHARE_OP_SEMAPHORE_RELEASE;
	run_raw(cmd);
}

static void share(void)
{
	struct kshare_cmd cmd = make(KSHARE_OP_RWLOCK_ACQUIRE, rwlock);

	cmd.key = val_int(7);
	cmd.flags = rnd(3) ? KSHARE_SHARED : 0;
	if (rnd(4) == 0)
		cmd.flags |= KSHARE_DETECT;
	if (wait_for(cmd))
		return;
	die_perhaps();
	if (!(cmd.flags & KSHARE_SHARED) && rnd(2)) {
		cmd = make(KSHARE_OP_RWLOCK_DOWNGRADE, rwlock);
		cmd.key = val_int(7);
		run_raw(cmd);
	}
	cmd = make(KSHARE_OP_RWLOCK_RELEASE, rwlock);
	cmd.key = val_int(7);
	run_raw(cmd);
}

/* Takes the rlock, perhaps twice, and waits on its condition or notifies. */
static void converse(void)
{
	struct kshare_cmd acquire = make(KSHARE_OP_LOCK_ACQUIRE, rlock), cmd;
	int depth, i, ret;

	acquire.key = val_int(7);
	depth = wait_for(acquire);
	if (depth <= 0)
		return;
	if (rnd(2))
		depth = run_raw(acquire);
	cmd = make(rnd(3) ? KSHARE_OP_CONDITION_NOTIFY : KSHARE_OP_CONDITION_WAIT, condition);
	cmd.key = val_int(7);
	if (cmd.op == KSHARE_OP_CONDITION_NOTIFY) {
		cmd.flags = rnd(4) ? 0 : KSHARE_ALL;
		run_raw(cmd);
	} else {
		ret = wait_for(cmd);
		if (ret == -EINTR)
			return;
	}
	die_perhaps();
	acquire.op = KSHARE_OP_LOCK_RELEASE;
	for (i = 0; i < depth; i++)
		run_raw(acquire);
}

static void several(void)
{
	bool all = rnd(2);
	struct kshare_cmd members[4], cmd = make(all ? KSHARE_OP_WAIT_ALL : KSHARE_OP_WAIT_ANY, 0);
	int ret, i;

	members[0] = make(KSHARE_OP_LOCK_ACQUIRE, lock);
	members[0].key = val_int(7);
	members[1] = make(KSHARE_OP_SEMAPHORE_ACQUIRE, semaphore);
	members[2] = make(KSHARE_OP_RWLOCK_ACQUIRE, rwlock);
	members[2].key = val_int(7);
	members[3] = make(KSHARE_OP_EVENT_WAIT, event);
	/* In any order */
	for (i = 0; i < 4; i++) {
		int k = rnd(4);
		struct kshare_cmd m = members[i];

		members[i] = members[k];
		members[k] = m;
	}
	cmd.value.type = KSHARE_BYTES;
	cmd.value.len = (1 + rnd(4)) * sizeof(members[0]);
	cmd.value.ptr = (unsigned long)members;
	ret = wait_for(cmd);
	if (ret < 0)
		return;
	die_perhaps();
	for (i = 0; i < (int)(cmd.value.len / sizeof(members[0])); i++) {
		if (!all && i != ret)
			continue;
		if (members[i].op == KSHARE_OP_EVENT_WAIT)
			continue;
		members[i].op++;		/* its release */
		run_raw(members[i]);
	}
}

static void meet(void)
{
	int ret = wait_for(make(KSHARE_OP_BARRIER_WAIT, barrier));

	if (ret == -ESHUTDOWN || ret == -EOWNERDEAD)
		run_raw(make(KSHARE_OP_BARRIER_RESET, barrier));
}

/* Something that is left waiting on the ring, to be found by settlement. */
static void leave_behind(void)
{
	static const __u32 ops[] = {
		KSHARE_OP_LOCK_ACQUIRE, KSHARE_OP_LOCK_ACQUIRE, KSHARE_OP_QUEUE_GET,
		KSHARE_OP_SEMAPHORE_ACQUIRE, KSHARE_OP_BARRIER_WAIT,
	};
	const __u32 handles[] = { lock, rlock, queue, semaphore, barrier };
	unsigned int which = rnd(5), i;
	struct kshare_cmd cmd = make(ops[which], handles[which]);
	__u64 user_data;
	__s32 res;

	if (!has_ring)
		return;
	if (which < 2)
		cmd.key = val_int(8);
	if (which == 2)
		cmd.flags = KSHARE_LEASE;
	cmd.tag = 5;
	give_out(&cmd);
	if (ring_submit(&ring, fd, &cmd, 0) != 1)
		return;
	if (!rnd(8))
		raise(SIGKILL);
	for (i = rnd(20); i; i--)
		produce();
	cmd = make(KSHARE_OP_CANCEL, 0);
	cmd.key = val_int(5);
	run_raw(cmd);
	if (!ring_reap(&ring, 1, &res, &user_data) || res < 0)
		return;
	if (which < 2) {
		cmd = make(KSHARE_OP_LOCK_RELEASE, handles[which]);
		cmd.key = val_int(8);
		run_raw(cmd);
	} else if (which == 2) {
		acknowledge(out.head.number);
	} else if (which == 3) {
		run_raw(make(KSHARE_OP_SEMAPHORE_RELEASE, semaphore));
	}
}

static void do_everything(void)
{
	for (;;) {
		switch (rnd(12)) {
		case 0:
		case 1:
		case 2:
			produce();
			break;
		case 3:
		case 4:
			consume();
			break;
		case 5:
			permits();
			break;
		case 6:
			share();
			break;
		case 7:
			converse();
			break;
		case 8:
			several();
			break;
		case 9:
			meet();
			break;
		case 10:
			leave_behind();
			break;
		default:
			run_raw(make(rnd(2) ? KSHARE_OP_EVENT_SET : KSHARE_OP_EVENT_CLEAR, event));
		}
	}
}

static pid_t spawn(void)
{
	int clone = run_raw(make(KSHARE_OP_CLIENT_CLONE, 0));
	pid_t pid;

	seed++;
	pid = fork();
	if (!pid) {
		if (clone < 0 || dup3(clone, fd, O_CLOEXEC) < 0)
			_exit(1);
		close(clone);
		if (run_raw(make(KSHARE_OP_CLIENT_BIND, 0)))
			_exit(1);
		seed = seed * 2654435761u ^ getpid();
		has_ring = !ring_open(&ring);
		do_everything();
	}
	close(clone);
	return pid;
}

static int tests, failures;

static void check(const char *what, __u64 is, __u64 should)
{
	bool good = is == should;

	printf("%sok %d - %s (%llu, %llu)\n", good ? "" : "not ", ++tests, what,
	       (unsigned long long)is, (unsigned long long)should);
	failures += !good;
}

static __u64 cell_value(__u32 cell)
{
	run(make(KSHARE_OP_CELL_GET, cell));
	return out.values[0].u;
}

int main(int argc, char **argv)
{
	time_t end = time(NULL) + (argc > 1 ? atoi(argv[1]) : 5);
	struct kshare_value none = {}, ref = { .type = KSHARE_REF };
	unsigned int first, kills = 0;
	struct kshare_stat before, after;
	struct kshare_cmd cmd;
	pid_t pids[CHILDREN];
	__u64 in_queue;
	int i, ret;

	seed = argc > 2 ? strtoul(argv[2], NULL, 0) : (unsigned int)time(NULL);
	first = seed;
	fd = open(KSHARE_DEVICE, O_RDWR | O_CLOEXEC);
	if (fd < 0 || ask_operations()) {
		printf("TAP version 13\n1..0 # SKIP no %s\n", KSHARE_DEVICE);
		return 4;
	}
	before = stat_of(1);
	queue = create(KSHARE_TYPE_QUEUE, 0, val_int(BOUND), none);
	put = create(KSHARE_TYPE_CELL, 0, none, val_int(0));
	taken = create(KSHARE_TYPE_CELL, 0, none, val_int(0));
	semaphore = create(KSHARE_TYPE_SEMAPHORE, 0, val_int(PERMITS), val_int(PERMITS));
	rwlock = create(KSHARE_TYPE_RWLOCK, 0, none, none);
	lock = create(KSHARE_TYPE_LOCK, 0, none, none);
	rlock = create(KSHARE_TYPE_RLOCK, 0, none, none);
	ref.ref.handle = rlock;
	condition = create(KSHARE_TYPE_CONDITION, 0, none, ref);
	barrier = create(KSHARE_TYPE_BARRIER, 0, val_int(3), none);
	event = create(KSHARE_TYPE_EVENT, 0, none, none);

	for (i = 0; i < CHILDREN; i++)
		pids[i] = spawn();
	/* Until the time is over; and where that is too slow, until something was taken. */
	while (time(NULL) < end || !cell_value(taken)) {
		struct timespec nap = { .tv_nsec = 1000 * rnd(4000) };

		nanosleep(&nap, NULL);
		i = rnd(CHILDREN);
		kill(pids[i], SIGKILL);
		waitpid(pids[i], NULL, 0);
		kills++;
		pids[i] = spawn();
	}
	for (i = 0; i < CHILDREN; i++)
		kill(pids[i], SIGKILL);
	for (i = 0; i < CHILDREN; i++)
		waitpid(pids[i], NULL, 0);

	printf("TAP version 13\n# seed %u, %u kills\n", first, kills);
	in_queue = stat_of(queue).length;
	check("each message is in the queue or was counted once",
	      cell_value(taken) + in_queue, cell_value(put));
	check("messages were taken", cell_value(taken) > 0, 1);
	check("every permit is there", stat_of(semaphore).length, PERMITS);
	cmd = make(KSHARE_OP_RWLOCK_ACQUIRE, rwlock);
	cmd.flags = KSHARE_NOWAIT;
	check("the rwlock can be had", run_raw(cmd), 0);
	cmd = make(KSHARE_OP_LOCK_ACQUIRE, lock);
	cmd.flags = KSHARE_NOWAIT;
	check("the lock can be had", run_raw(cmd), 1);
	cmd.handle = rlock;
	check("the rlock can be had", run_raw(cmd), 1);
	ret = 0;
	for (i = 2; i < 12; i++)
		ret += stat_of(i).waiters;
	check("nobody waits", ret, 0);
	for (i = 2; i < 12; i++) {
		cmd = make(KSHARE_OP_CLOSE, i);
		run_raw(cmd);
	}
	after = stat_of(1);
	check("one client is left", after.clients, 1);
	check("as many objects as before", after.used[KSHARE_LIMIT_OBJECTS],
	      before.used[KSHARE_LIMIT_OBJECTS]);
	check("as many bytes as before", after.used[KSHARE_LIMIT_BYTES],
	      before.used[KSHARE_LIMIT_BYTES]);
	check("as many waiters as before", after.used[KSHARE_LIMIT_WAITERS],
	      before.used[KSHARE_LIMIT_WAITERS]);
	printf("1..%d\n", tests);
	return failures ? 1 : 0;
}
