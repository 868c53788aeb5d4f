// SPDX-License-Identifier: GPL-2.0
/*
 * What the operations that may wait cost when they need not, in one process, and
 * what the same does elsewhere.
 */
#include "bench.h"

#include <mqueue.h>
#include <semaphore.h>
#include <sys/eventfd.h>
#include <sys/msg.h>
#include <sys/sem.h>

#define LOOPS	10000

static struct {
	struct kshare_result head;
	struct kshare_value value;
} out;

/* One command, or one and another. */
static double run_cmds(struct bench_case *c, int loops)
{
	struct kshare_cmd *cmds = c->arg;
	double begin = bench_now();
	int i;

	for (i = 0; i < loops; i++)
		if (ioctl(fd, KSHARE_IOC_CMD, &cmds[0]) < 0 ||
		    (cmds[1].op && ioctl(fd, KSHARE_IOC_CMD, &cmds[1]) < 0))
			exit(1);
	return bench_now() - begin;
}

/* Many puts and then as many gets; one or the other is measured. */
static uint32_t queue;

static double run_puts_and_gets(struct bench_case *c, int loops)
{
	struct kshare_cmd put = bench_cmd(KSHARE_OP_QUEUE_PUT, queue);
	struct kshare_cmd get = bench_cmd(KSHARE_OP_QUEUE_GET, queue);
	double begin, middle;
	int i;

	put.value = bench_int(1);
	get = bench_out(get, &out, sizeof(out));
	begin = bench_now();
	for (i = 0; i < loops; i++)
		if (ioctl(fd, KSHARE_IOC_CMD, &put))
			exit(1);
	middle = bench_now();
	for (i = 0; i < loops; i++)
		if (ioctl(fd, KSHARE_IOC_CMD, &get) != 1)
			exit(1);
	return c->arg ? bench_now() - middle : middle - begin;
}

static void fail(const char *what)
{
	perror(what);
	exit(1);
}

static double run_pipe(struct bench_case *c, int loops)
{
	int *fds = c->arg, i;
	double begin = bench_now();
	char byte = 0;

	for (i = 0; i < loops; i++)
		if (write(fds[1], &byte, 1) != 1 || read(fds[0], &byte, 1) != 1)
			fail("pipe");
	return bench_now() - begin;
}

static double run_eventfd(struct bench_case *c, int loops)
{
	int *event = c->arg, i;
	double begin = bench_now();
	uint64_t n = 1;

	for (i = 0; i < loops; i++)
		if (write(*event, &n, sizeof(n)) != sizeof(n) ||
		    read(*event, &n, sizeof(n)) != sizeof(n))
			fail("eventfd");
	return bench_now() - begin;
}

static double run_mq(struct bench_case *c, int loops)
{
	mqd_t *mq = c->arg;
	double begin = bench_now();
	char message[8];
	int i;

	for (i = 0; i < loops; i++)
		if (mq_send(*mq, "x", 1, 0) || mq_receive(*mq, message, sizeof(message), NULL) != 1)
			fail("mq");
	return bench_now() - begin;
}

static double run_msg(struct bench_case *c, int loops)
{
	struct {
		long type;
		char text[8];
	} m = { .type = 1 };
	int *id = c->arg, i;
	double begin = bench_now();

	for (i = 0; i < loops; i++)
		if (msgsnd(*id, &m, 1, 0) || msgrcv(*id, &m, 1, 0, 0) != 1)
			fail("msgsnd");
	return bench_now() - begin;
}

static double run_sysv_sem(struct bench_case *c, int loops)
{
	struct sembuf take = { .sem_op = -1 }, give = { .sem_op = 1 };
	int *id = c->arg, i;
	double begin = bench_now();

	for (i = 0; i < loops; i++)
		if (semop(*id, &give, 1) || semop(*id, &take, 1))
			fail("semop");
	return bench_now() - begin;
}

static double run_posix_sem(struct bench_case *c, int loops)
{
	double begin = bench_now();
	int i;

	for (i = 0; i < loops; i++)
		if (sem_post(c->arg) || sem_wait(c->arg))
			fail("sem_post");
	return bench_now() - begin;
}

enum {
	NOP, LOCK, QUEUE, PUT, GET, SEMAPHORE, SIGNALLING, PIPE, MQ, MSG, EVENTFD, SYSV_SEM,
	POSIX_SEM, CASES
};

int main(void)
{
	static const char * const names[CASES] = {
		[NOP] = "nop", [LOCK] = "lock_acquire_and_release", [QUEUE] = "queue_put_and_get",
		[PUT] = "queue_put", [GET] = "queue_get",
		[SEMAPHORE] = "semaphore_acquire_and_release",
		[SIGNALLING] = "semaphore_signalling",
		[PIPE] = "pipe_write_and_read", [MQ] = "posix_mq_send_and_receive",
		[MSG] = "sysv_msg_send_and_receive", [EVENTFD] = "eventfd_write_and_read",
		[SYSV_SEM] = "sysv_sem_give_and_take", [POSIX_SEM] = "posix_sem_post_and_wait",
	};
	/* What each is compared with. */
	static const int bases[CASES] = {
		[PIPE] = QUEUE, [MQ] = QUEUE, [MSG] = QUEUE, [EVENTFD] = SEMAPHORE,
		[SYSV_SEM] = SEMAPHORE, [POSIX_SEM] = SEMAPHORE,
	};
	static const double goals[CASES] = { [LOCK] = 2.5 };
	struct mq_attr attr = { .mq_maxmsg = 8, .mq_msgsize = 8 };
	struct kshare_cmd nop[2] = {}, lock[2], both[2], semaphore[2], signalling[2];
	struct bench_case cases[CASES];
	char name[40];
	int i, pipe_fds[2], event, msg, sem;
	uint32_t handle;
	sem_t posix;
	mqd_t mq;

	bench_open();
	nop[0] = bench_cmd(KSHARE_OP_NOP, 0);
	handle = bench_create(KSHARE_TYPE_LOCK);
	lock[0] = bench_cmd(KSHARE_OP_LOCK_ACQUIRE, handle);
	lock[1] = bench_cmd(KSHARE_OP_LOCK_RELEASE, handle);
	queue = bench_create(KSHARE_TYPE_QUEUE);
	both[0] = bench_cmd(KSHARE_OP_QUEUE_PUT, queue);
	both[0].value = bench_int(1);
	both[1] = bench_out(bench_cmd(KSHARE_OP_QUEUE_GET, queue), &out, sizeof(out));
	for (i = 0; i < 2; i++) {
		struct kshare_cmd create = bench_cmd(KSHARE_OP_CREATE, 0);
		struct kshare_cmd *cmds = i ? signalling : semaphore;

		create.nr = KSHARE_CREATE_NR(KSHARE_TYPE_SEMAPHORE, 0);
		create.flags = i ? KSHARE_SIGNALLING : 0;
		create.key = bench_int(1);
		handle = bench_run(create);
		cmds[0] = bench_cmd(KSHARE_OP_SEMAPHORE_ACQUIRE, handle);
		cmds[1] = bench_cmd(KSHARE_OP_SEMAPHORE_RELEASE, handle);
	}
	snprintf(name, sizeof(name), "/kshare-bench-%d", getpid());
	mq = mq_open(name, O_RDWR | O_CREAT | O_EXCL, 0600, &attr);
	mq_unlink(name);
	event = eventfd(0, 0);
	msg = msgget(IPC_PRIVATE, 0600);
	sem = semget(IPC_PRIVATE, 1, 0600);
	if (pipe(pipe_fds) || event < 0 || mq < 0 || msg < 0 || sem < 0 || sem_init(&posix, 1, 0))
		fail("waiting");

	cases[NOP] = (struct bench_case){ .run = run_cmds, .arg = nop };
	cases[LOCK] = (struct bench_case){ .run = run_cmds, .arg = lock };
	cases[QUEUE] = (struct bench_case){ .run = run_cmds, .arg = both };
	cases[PUT] = (struct bench_case){ .run = run_puts_and_gets, .arg = NULL };
	cases[GET] = (struct bench_case){ .run = run_puts_and_gets, .arg = &queue };
	cases[SEMAPHORE] = (struct bench_case){ .run = run_cmds, .arg = semaphore };
	cases[SIGNALLING] = (struct bench_case){ .run = run_cmds, .arg = signalling };
	cases[PIPE] = (struct bench_case){ .run = run_pipe, .arg = pipe_fds };
	cases[MQ] = (struct bench_case){ .run = run_mq, .arg = &mq };
	cases[MSG] = (struct bench_case){ .run = run_msg, .arg = &msg };
	cases[EVENTFD] = (struct bench_case){ .run = run_eventfd, .arg = &event };
	cases[SYSV_SEM] = (struct bench_case){ .run = run_sysv_sem, .arg = &sem };
	cases[POSIX_SEM] = (struct bench_case){ .run = run_posix_sem, .arg = &posix };
	for (i = 0; i < CASES; i++)
		cases[i].name = names[i];
	bench_cases(cases, CASES, LOOPS);
	msgctl(msg, IPC_RMID, NULL);
	semctl(sem, 0, IPC_RMID);
	for (i = 1; i < CASES; i++) {
		struct bench_case *base = &cases[bases[i]];

		bench_print(names[i], cases[i].value, bench_unit(), base->name,
			    cases[i].value / base->value, goals[i]);
	}
	return 0;
}
