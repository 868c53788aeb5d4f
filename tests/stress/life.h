/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The life of a process of a storm: acts that are about processes and clients
 * themselves, and the table of all acts.
 */
#ifndef LIFE_H
#define LIFE_H

#include "calls.h"

static void live(void);

/* ---- what is on its way ---- */

#define LATE	48

/* Results that may be written long after: each place is used once. */
static struct output late[LATE];
static unsigned int late_used;

/* Waits, without end, for an owner of its own. */
static struct kshare_cmd any_parked(int kind, unsigned int place)
{
	static const __u32 ops[] = {
		KSHARE_OP_LOCK_ACQUIRE, KSHARE_OP_RWLOCK_ACQUIRE, KSHARE_OP_QUEUE_GET,
		KSHARE_OP_SEMAPHORE_ACQUIRE, KSHARE_OP_BARRIER_WAIT, KSHARE_OP_EVENT_WAIT,
		KSHARE_OP_QUEUE_JOIN,
	};
	const __u32 handles[] = {
		w.locks[rnd(RWLOCK)], w.locks[RWLOCK], w.leased, w.permits, w.barrier, w.event,
		w.leased,
	};
	struct kshare_cmd cmd = make(ops[kind], handles[kind]);

	if (kind < 2)
		cmd.key = val_int(1000 + place);
	if (kind == 2)
		cmd.flags = KSHARE_LEASE;
	cmd.tag = 1000 + place;
	if (gives_result[cmd.op]) {
		cmd.out = (unsigned long)&late[place];
		cmd.out_len = sizeof(late[place]);
	}
	return cmd;
}

/* What it was given after all goes back. */
static void unpark(const struct kshare_cmd *cmd, const struct output *got, int ret)
{
	struct kshare_cmd back = make(cmd->op + 1, cmd->handle);
	int i;

	if (judged(cmd->op, ret) < 0)
		return;
	switch (cmd->op) {
	case KSHARE_OP_LOCK_ACQUIRE:
	case KSHARE_OP_RWLOCK_ACQUIRE:
		for (i = 0; w.locks[i] != cmd->handle; i++)
			;
		enter(i, name_of_me(), &got->head);
		leave(i, name_of_me());
		back.key = cmd->key;
		attempt(back);
		break;
	case KSHARE_OP_SEMAPHORE_ACQUIRE:
		attempt(back);
		break;
	case KSHARE_OP_QUEUE_GET:
		take(got->values[0].i, ret);
		done_with(got->head.number, got->values[0].i);
		break;
	}
}

/* A child that does nothing, and has all open until its parent is long dead */
static void hold_open(void)
{
	if (add(&all->forks, 1) >= FORKS || fork())
		return;
	setpgid(0, all->holders);
	for (;;)
		pause();
}

/* Commands on a ring of their own, that is closed, or left, or emptied. */
static void park(void)
{
	struct kshare_cmd cmds[8], cancel;
	unsigned int count = 1 + rnd(8), submitted = 0, reaped = 0, i, first;
	struct ring ring;
	__u64 which;
	__s32 res;

	first = add(&late_used, count);
	if (first + count > LATE || ring_open_with(&ring, any_ring_flags()))
		return;
	for (i = 0; i < count; i++) {
		cmds[i] = any_parked(rnd(7), first + i);
		if (ring_submit(&ring, fd, &cmds[i], i) != 1)
			break;
		submitted++;
	}
	die_perhaps();
	switch (rnd(4)) {
	case 0:
		ring_close(&ring);
		return;
	case 1:
		hold_open();
		return;
	case 2:
		sched_yield();
		transfer();
	}
	cancel = make(KSHARE_OP_CANCEL, 0);
	while (reaped < submitted) {
		for (i = 0; i < count; i++) {
			cancel.key = val_int(1000 + first + i);
			attempt(cancel);
		}
		/* With SQPOLL some may only begin now. */
		while (ring_reap(&ring, 0, &res, &which)) {
			unpark(&cmds[which], &late[first + which], res);
			reaped++;
		}
		sched_yield();
	}
	ring_close(&ring);
}

/* ---- other ways to the objects ---- */

/* Another client of this process, in a domain of its own */
static int stranger(void)
{
	return open(KSHARE_DEVICE, O_RDWR | O_CLOEXEC);
}

/* It is gone with its client, which may be open for as long as the process lives. */
static void leave_stranger(int client)
{
	if (me.witness || rnd(4))
		close(client);
}

static void ticket(void)
{
	struct kshare_cmd cmd = make(KSHARE_OP_TICKET_CREATE, w.locks[LOCK]);
	char text[KSHARE_TICKET_LEN + 1] = {};
	struct output got;
	int client, h;

	if (!rnd(4))
		cmd.expect = val_int(now_ns() + rnd(SLACK_US * 1000));
	if (attempt(cmd))
		return;
	memcpy(text, (void *)(unsigned long)out.values[0].ptr, KSHARE_TICKET_LEN);
	client = stranger();
	if (client < 0)
		return;
	cmd = make_with(KSHARE_OP_TICKET_REDEEM, 0, val_str(text), val_none());
	h = run_by(client, cmd);
	if (h > 0) {
		cmd = make(KSHARE_OP_LOCK_ACQUIRE, h);
		cmd.deadline = now_ns() + rnd(SLACK_US * 1000);
		cmd.key = owner();
		cmd.out = (unsigned long)&got;
		cmd.out_len = sizeof(got);
		if (run_by(client, cmd) > 0) {
			enter(LOCK, name_of_me(), &got.head);
			die_perhaps();
			leave(LOCK, name_of_me());
			if (rnd(2)) {
				close(client);
				return;
			}
			run_by(client, make_with(KSHARE_OP_LOCK_RELEASE, h, owner(), val_none()));
		}
	}
	leave_stranger(client);
}

static int send_fd(int sock, int what)
{
	char byte = 0, control[CMSG_SPACE(sizeof(int))] = {};
	struct iovec iov = { .iov_base = &byte, .iov_len = 1 };
	struct msghdr msg = {
		.msg_iov = &iov, .msg_iovlen = 1,
		.msg_control = control, .msg_controllen = sizeof(control),
	};
	struct cmsghdr *c = CMSG_FIRSTHDR(&msg);

	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(c), &what, sizeof(int));
	return sendmsg(sock, &msg, MSG_DONTWAIT) == 1 ? 0 : -errno;
}

static int receive_fd(int sock)
{
	char byte, control[CMSG_SPACE(sizeof(int))];
	struct iovec iov = { .iov_base = &byte, .iov_len = 1 };
	struct msghdr msg = {
		.msg_iov = &iov, .msg_iovlen = 1,
		.msg_control = control, .msg_controllen = sizeof(control),
	};
	struct cmsghdr *c;
	int got;

	if (recvmsg(sock, &msg, MSG_DONTWAIT | MSG_CMSG_CLOEXEC) != 1)
		return -1;
	c = CMSG_FIRSTHDR(&msg);
	if (!c || c->cmsg_type != SCM_RIGHTS)
		return -1;
	memcpy(&got, CMSG_DATA(c), sizeof(int));
	return got;
}

/* Objects, and clients that nobody has bound yet, in a socket that all have */
static void post(void)
{
	const __u32 handles[] = { w.from, w.leased, w.locks[LOCK], w.event, w.list };
	int what, other[2];

	if (rnd(6))
		what = attempt(make(KSHARE_OP_EXPORT_FD, handles[rnd(5)]));
	else
		what = attempt(make(KSHARE_OP_CLIENT_CLONE, 0));
	if (what < 0)
		return;
	die_perhaps();
	if (!rnd(8) && !socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, other)) {
		/* A socket in itself, which nobody can get at any more */
		send_fd(other[0], what);
		send_fd(other[0], other[1]);
		close(other[0]);
		close(other[1]);
	} else {
		send_fd(w.sock[0], what);
	}
	close(what);
}

static void fetch(void)
{
	struct kshare_cmd cmd = make(KSHARE_OP_IMPORT_FD, 0);
	int got = receive_fd(w.sock[1]), h;

	if (got < 0)
		return;
	cmd.key = val_int(got);
	h = run(cmd);
	if (h > 0) {
		run_simple(KSHARE_OP_STAT, h);
		close_handle(h);
	} else if (!run_by(got, make(KSHARE_OP_CLIENT_BIND, 0))) {
		run_by(got, make_with(KSHARE_OP_CELL_ADD, w.number, val_none(), val_int(0)));
	}
	leave_stranger(got);
}

/* A domain with a name, which is there as long as anybody is in it */
static void named(void)
{
	int client = stranger(), d, root, h;
	struct kshare_cmd cmd;

	if (client < 0)
		return;
	cmd = make_with(KSHARE_OP_DOMAIN_OPEN, 0, val_str(rnd(2) ? "storm" : "storm/2"),
			val_none());
	cmd.flags = KSHARE_MAKE;
	d = judged(cmd.op, run_by(client, cmd));
	root = d < 0 ? d : run_by(client, make(KSHARE_OP_DOMAIN_ROOT, d));
	if (root > 0) {
		cmd = make(KSHARE_OP_CREATE, d);
		cmd.nr = KSHARE_CREATE_NR(KSHARE_TYPE_LOCK, 0);
		h = run_by(client, cmd);
		if (h > 0) {
			cmd = make_with(KSHARE_OP_DICT_SET, root, val_int(rnd(5)), val_ref(h));
			run_by(client, cmd);
			cmd = make_with(KSHARE_OP_LOCK_ACQUIRE, h, owner(), val_none());
			run_by(client, cmd);
		}
		die_perhaps();
	}
	leave_stranger(client);
}

/* A handle that can be revoked lies in the box, and whoever finds it waits by it. */
static void gate(void)
{
	struct kshare_cmd cmd = make(KSHARE_OP_DUP, rnd(2) ? w.event : w.leased);
	int h;

	if (rnd(2)) {
		cmd.flags = KSHARE_REVOCABLE;
		h = attempt(cmd);
		if (h < 0)
			return;
		attempt(make_with(KSHARE_OP_DICT_SET, w.box, val_str("gate"), val_ref(h)));
		die_perhaps();
		sched_yield();
		if (rnd(4))
			attempt(make(KSHARE_OP_REVOKE, h));
	} else {
		if (attempt(make_with(KSHARE_OP_DICT_GET, w.box, val_str("gate"), val_none())))
			return;
		if (out.values[0].type != KSHARE_REF)
			return;
		h = out.values[0].ref.handle;
		if (out.values[0].len == KSHARE_TYPE_EVENT)
			wait_for(make(KSHARE_OP_EVENT_WAIT, h));
		else
			wait_for(make(KSHARE_OP_QUEUE_JOIN, h));
	}
	close_handle(h);
}

/* ---- processes and threads ---- */

/* Another process's client refuses everything. */
static void check_refused(int client)
{
	int ret = run_by(client, make(KSHARE_OP_NOP, 0));

	if (ret != -EPERM)
		wrong("the client of another process answers %d", ret);
}

/*
 * A child with the descriptors of its parent, which lives on when that is dead: with
 * a client of its own it takes part, without one it only keeps what is open.
 */
static void fork_off(void)
{
	unsigned int n = add(&all->forks, 1);
	int clone, old = fd;
	pid_t pid;

	if (n >= FORKS)
		return;
	clone = rnd(3) ? attempt(make(KSHARE_OP_CLIENT_CLONE, 0)) : -1;
	pid = fork();
	if (pid) {
		if (pid > 0)
			add(&all->born, 1);
		if (clone >= 0)
			close(clone);
		return;
	}
	arm_death(life_us());
	me = (struct actor){};
	threads = 0;
	seed ^= (n + 1) * 2654435761u;
	check_refused(old);
	while (clone < 0 || run_by(clone, make(KSHARE_OP_CLIENT_BIND, 0)))
		pause();
	fd = clone;
	if (rnd(2))
		close(old);
	live();
}

/* A new program, to which nothing belongs: see after_exec() */
static void exec_off(void)
{
	char text[16];

	if (rnd(4))
		return;
	fcntl(fd, F_SETFD, 0);
	snprintf(text, sizeof(text), "%d", fd);
	execl("/proc/self/exe", "storm", "--after-exec", text, NULL);
}

/* Of main(): all that it is told */
static inline int after_exec(const char *client)
{
	seed = getpid();
	arm_death(life_us());
	if (run_by(atoi(client), make(KSHARE_OP_NOP, 0)) != -EPERM)
		return 99;
	pause();
	return 0;
}

static unsigned int threads_seed;

static void *thread(void *index)
{
	me.index = (long)index;
	seed = threads_seed + me.index;
	live();
	return NULL;
}

static void start_thread(void)
{
	pthread_t t;

	if (threads < THREADS) {
		threads++;
		threads_seed = rnd(RAND_MAX);
		pthread_create(&t, NULL, thread, (void *)(long)threads);
	}
}

/* ---- all of it ---- */

static const struct act {
	const char *name;
	void (*run)(void);
	unsigned int weight;
	bool witness;		/* does what others wait for until it is through */
} acts[] = {
	{ "transfer", transfer, 4, true },
	{ "map", map, 2, true },
	{ "produce", produce, 14, true },
	{ "consume", consume, 10, true },
	{ "send", send_letter, 6, true },
	{ "receive", receive_letter, 5, true },
	{ "join", join, 2, true },
	{ "watch", watch, 3, true },
	{ "lock", lock, 12, true },
	{ "rwlock", rwlock, 6, true },
	{ "permits", permits, 6, true },
	{ "signalling", signalling, 2, true },
	{ "converse", converse, 8, true },
	{ "several", several, 10, true },
	{ "meet", meet, 4, true },
	{ "wait", wait_a_while, 6, true },
	{ "call", call, 14, true },
	{ "host", host, 8, true },
	{ "park", park, 4, false },
	{ "ticket", ticket, 2, false },
	{ "post", post, 4, false },
	{ "fetch", fetch, 4, false },
	{ "named", named, 2, false },
	{ "gate", gate, 4, false },
	{ "fork", fork_off, 3, false },
	{ "exec", exec_off, 1, false },
	{ "thread", start_thread, 2, false },
};

#define ACTS	(sizeof(acts) / sizeof(acts[0]))

static void act(void)
{
	unsigned int weights = 0, i, n;

	for (i = 0; i < ACTS; i++)
		weights += acts[i].weight;
	n = rnd(weights);
	for (i = 0; n >= acts[i].weight; i++)
		n -= acts[i].weight;
	if (me.witness && !acts[i].witness)
		return;
	__atomic_fetch_add(&all->begun[i], 1, __ATOMIC_RELAXED);
	acts[i].run();
	__atomic_fetch_add(&all->done[i], 1, __ATOMIC_RELAXED);
}

/* What it does beside; nothing, but in a program that has something in mind */
static void (*hungry)(void);

static void live(void)
{
	for (;;) {
		act();
		if (hungry)
			hungry();
	}
}

/* Until it is told to stop, and nothing that it waits for is held back any more */
static void witness(void)
{
	me.witness = true;
	while (!__atomic_load_n(&all->stop, __ATOMIC_ACQUIRE))
		act();
}

#endif /* LIFE_H */
