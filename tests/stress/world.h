/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The objects that a storm goes over, and what its processes note in shared memory
 * however they die: who is inside of what, which messages and calls there were, and
 * the first thing that was wrong.
 */
#ifndef WORLD_H
#define WORLD_H

#include <stdarg.h>
#include <sys/socket.h>

#include "stress.h"

#define PERMITS		5
#define BOUND		16
#define SUM		1000
#define CLASSES		3
#define MESSAGES	(1 << 16)
#define CALLS		(1 << 16)
#define MOST_ACTS	32

/* What one at a time may be inside of; those before RWLOCK are locks, some rlocks. */
enum { LOCK, OVERTAKING, RELEASABLE, RLOCK, RLOCK_OVERTAKING, RWLOCK, EXCLUSIVES };

/* The same handles in all processes, as all are clones */
static struct world {
	__u32 locks[EXCLUSIVES];
	__u32 permits, signalling, condition, barrier, event, leased, plain, changes;
	__u32 from, to, number, free, outstanding, box, instances, list, array;
	int sock[2];
} w;

/* Of a message in the queue @plain */
enum { WAS_PUT = 1, WAS_TAKEN = 2 };

static struct shared {
	unsigned int wrongs;
	char wrong[200];
	int stop;
	unsigned int forks, born;
	pid_t holders;		/* group of those that keep open what the dead had open */
	/* Who is inside, and with which token */
	__u64 holder[EXCLUSIVES], token[EXCLUSIVES];
	unsigned int messages, letters, calls;
	unsigned int gets_begun, gets_ended;
	unsigned long begun[MOST_ACTS], done[MOST_ACTS];
	unsigned char taken[MESSAGES];	/* how often, as the last one to take it was told */
	unsigned char letter[MESSAGES];
	unsigned char served[CALLS];
} *all;

static inline unsigned int add(unsigned int *number, unsigned int n)
{
	return __atomic_fetch_add(number, n, __ATOMIC_SEQ_CST);
}

/* What is promised was not kept. */
__attribute__((format(printf, 1, 2)))
static void wrong(const char *format, ...)
{
	va_list args;

	if (add(&all->wrongs, 1))
		return;
	va_start(args, format);
	vsnprintf(all->wrong, sizeof(all->wrong), format, args);
	va_end(args);
}

/* Answers that these commands never get */
static int judged(__u32 op, int ret)
{
	switch (-ret) {
	case EINVAL:
	case EFAULT:
	case ENOTTY:
	case EOPNOTSUPP:
	case E2BIG:
	case EDOM:
	case EXDEV:
	case EBADF:
	case 512 ... 530:		/* the kernel's own */
		wrong("operation %u ends in %s", op, strerror(-ret));
	}
	return ret;
}

static inline int attempt(struct kshare_cmd cmd)
{
	return judged(cmd.op, run(cmd));
}

/* This process, or this thread of it, has got @i, and nobody else has. */
static void enter(int i, __u64 who, const struct kshare_result *got)
{
	__u64 before = __atomic_exchange_n(&all->holder[i], who, __ATOMIC_SEQ_CST);

	if (before && !(got->flags & KSHARE_R_OWNER_DIED))
		wrong("%d is had by %#llx and %#llx", i, (unsigned long long)before,
		      (unsigned long long)who);
	if (got->number <= all->token[i])
		wrong("the token of %d is %llu after %llu", i, (unsigned long long)got->number,
		      (unsigned long long)all->token[i]);
	all->token[i] = got->number;
}

static void leave(int i, __u64 who)
{
	__u64 before = __atomic_exchange_n(&all->holder[i], 0, __ATOMIC_SEQ_CST);

	if (before != who)
		wrong("%d was had by %#llx, then by %#llx", i, (unsigned long long)who,
		      (unsigned long long)before);
}

/* A message was taken, for the @count-th time: more often than anybody has seen. */
static void take(__s64 message, int count)
{
	unsigned char before;

	if (message < 0 || message >= MESSAGES) {
		wrong("message %lld was never put", (long long)message);
		return;
	}
	before = __atomic_exchange_n(&all->taken[message], count > 255 ? 255 : count,
				     __ATOMIC_SEQ_CST);
	if (before >= count && count < 255)
		wrong("message %lld is taken for the %d. time after the %d.", (long long)message,
		      count, before);
}

/* One without a lease: nobody else is to see it. */
static void take_letter(__s64 letter)
{
	if (letter < 0 || letter >= MESSAGES)
		wrong("letter %lld was never put", (long long)letter);
	else if (__atomic_fetch_or(&all->letter[letter], WAS_TAKEN, __ATOMIC_SEQ_CST) & WAS_TAKEN)
		wrong("letter %lld is taken twice", (long long)letter);
}

/* For both the next one; -1 when there have been enough of them */
static inline __s64 next_of(unsigned int *number, unsigned int most)
{
	unsigned int n;

	if (__atomic_load_n(number, __ATOMIC_RELAXED) >= most)
		return -1;
	n = add(number, 1);
	return n < most ? (__s64)n : -1;
}

static __u32 array_create(void)
{
	struct kshare_cmd cmd = make_with(KSHARE_OP_CREATE, 0, val_int(3000), val_none());

	cmd.nr = KSHARE_CREATE_NR(KSHARE_TYPE_ARRAY, KSHARE_ELEM_I32);
	return run_raw(cmd);
}

/* Whether all of it could be made */
static bool world_make(void)
{
	static const __u32 flags[EXCLUSIVES] = {
		[OVERTAKING] = KSHARE_OVERTAKE, [RELEASABLE] = KSHARE_ANY_RELEASES,
		[RLOCK_OVERTAKING] = KSHARE_OVERTAKE,
	};
	struct kshare_cmd cmd;
	__u32 *h;
	int i;

	for (i = 0; i < EXCLUSIVES; i++)
		w.locks[i] = create(i < RLOCK ? KSHARE_TYPE_LOCK :
				    i < RWLOCK ? KSHARE_TYPE_RLOCK : KSHARE_TYPE_RWLOCK,
				    flags[i], val_none(), val_none());
	w.permits = create(KSHARE_TYPE_SEMAPHORE, 0, val_int(PERMITS), val_int(PERMITS));
	w.signalling = create(KSHARE_TYPE_SEMAPHORE, KSHARE_SIGNALLING, val_int(PERMITS),
			      val_none());
	w.condition = create(KSHARE_TYPE_CONDITION, 0, val_none(), val_ref(w.locks[RLOCK]));
	w.barrier = create(KSHARE_TYPE_BARRIER, 0, val_int(3), val_none());
	w.event = create(KSHARE_TYPE_EVENT, 0, val_none(), val_none());
	w.leased = create(KSHARE_TYPE_QUEUE, 0, val_int(BOUND), val_none());
	w.plain = create(KSHARE_TYPE_QUEUE, KSHARE_PRIORITY, val_int(BOUND), val_none());
	w.changes = create(KSHARE_TYPE_QUEUE, 0, val_int(4), val_none());
	w.from = create(KSHARE_TYPE_CELL, 0, val_none(), val_int(SUM));
	w.to = create(KSHARE_TYPE_CELL, 0, val_none(), val_int(0));
	w.number = create(KSHARE_TYPE_CELL, 0, val_none(), val_int(0));
	w.free = create(KSHARE_TYPE_CELL, 0, val_none(), val_int(PERMITS));
	w.outstanding = create(KSHARE_TYPE_DICT, 0, val_none(), val_none());
	w.box = create(KSHARE_TYPE_DICT, 0, val_none(), val_none());
	w.instances = create(KSHARE_TYPE_DICT, 0, val_none(), val_none());
	w.list = create(KSHARE_TYPE_LIST, 0, val_none(), val_none());
	w.array = array_create();
	for (h = w.locks; h <= &w.array; h++)
		if ((int)*h <= 0)
			return false;
	cmd = make_with(KSHARE_OP_LIST_APPEND, w.list, val_none(), val_int(0));
	return !run_raw(cmd) &&
	       !socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, w.sock);
}

static void world_close(void)
{
	__u32 *h;

	for (h = w.locks; h <= &w.array; h++)
		close_handle(*h);
	close(w.sock[0]);
	close(w.sock[1]);
}

#endif /* WORLD_H */
