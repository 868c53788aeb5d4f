// SPDX-License-Identifier: GPL-2.0
/*
 * Eight processes want the same thing over and over: how long it takes from one
 * of them to the next.  A lock of kshare's hands over strictly; so does a ring of
 * semaphores, round which a token is passed.  A robust mutex, and a lock created
 * with OVERTAKE, may be taken again by who has just released it, which the share
 * of such acquisitions tells of.
 */
#include "bench.h"

#include <pthread.h>
#include <semaphore.h>
#include <sys/sem.h>

#define PROCESSES	8
#define TURNS		8000
#define SPINS		2000

/* What the processes share. */
static struct {
	sem_t ready;
	sem_t ring[PROCESSES];
	pthread_mutex_t mutex;
	/* Under that which is contended: */
	double end;
	int turns, last;
	int again;
} *shared;

struct way {
	void (*take)(struct way *w, int process);
	void (*give)(struct way *w, int process);
	/* The ring has no token. */
	void (*reset)(struct way *w);
	uint32_t handle;
	int sysv;
	/* How long it is kept, and left alone: turns of a loop. */
	int spins;
	double again;
};

static void check(bool good, const char *what)
{
	if (good)
		return;
	perror(what);
	_exit(1);
}

static void lock_take(struct way *w, int process)
{
	struct kshare_cmd cmd = bench_cmd(KSHARE_OP_LOCK_ACQUIRE, w->handle);

	(void)process;
	check(ioctl(fd, KSHARE_IOC_CMD, &cmd) == 1, "lock");
}

static void lock_give(struct way *w, int process)
{
	struct kshare_cmd cmd = bench_cmd(KSHARE_OP_LOCK_RELEASE, w->handle);

	(void)process;
	check(ioctl(fd, KSHARE_IOC_CMD, &cmd) == 0, "unlock");
}

static void ring_take(struct way *w, int process)
{
	(void)w;
	check(sem_wait(&shared->ring[process]) == 0, "sem_wait");
}

static void ring_give(struct way *w, int process)
{
	(void)w;
	check(sem_post(&shared->ring[(process + 1) % PROCESSES]) == 0, "sem_post");
}

static void ring_reset(struct way *w)
{
	int i;

	(void)w;
	for (i = 0; i < PROCESSES; i++)
		check(sem_init(&shared->ring[i], 1, 0) == 0, "sem_init");
}

static void sysv_add(struct way *w, int which, int n)
{
	struct sembuf op = { .sem_num = which % PROCESSES, .sem_op = n };

	check(semop(w->sysv, &op, 1) == 0, "semop");
}

static void sysv_take(struct way *w, int process)
{
	sysv_add(w, process, -1);
}

static void sysv_give(struct way *w, int process)
{
	sysv_add(w, process + 1, 1);
}

static void sysv_reset(struct way *w)
{
	int i;

	for (i = 0; i < PROCESSES; i++)
		check(semctl(w->sysv, i, SETVAL, 0) == 0, "semctl");
}

static void mutex_take(struct way *w, int process)
{
	(void)w;
	(void)process;
	check(pthread_mutex_lock(&shared->mutex) == 0, "pthread_mutex_lock");
}

static void mutex_give(struct way *w, int process)
{
	(void)w;
	(void)process;
	check(pthread_mutex_unlock(&shared->mutex) == 0, "pthread_mutex_unlock");
}

static void mutex_init(void)
{
	pthread_mutexattr_t attr;

	pthread_mutexattr_init(&attr);
	pthread_mutexattr_setpshared(&attr, PTHREAD_PROCESS_SHARED);
	pthread_mutexattr_setrobust(&attr, PTHREAD_MUTEX_ROBUST);
	check(pthread_mutex_init(&shared->mutex, &attr) == 0, "pthread_mutex_init");
}

static void spin(int spins)
{
	volatile int i;

	for (i = 0; i < spins; i++)
		;
}

static void take_turns(struct way *w, int process, int turns)
{
	bool more = true;

	sem_post(&shared->ready);
	while (more) {
		w->take(w, process);
		spin(w->spins);
		more = ++shared->turns < turns;
		shared->again += shared->last == process;
		shared->last = process;
		if (shared->turns == turns)
			shared->end = bench_now();
		w->give(w, process);
		spin(w->spins);
	}
}

static double run(struct bench_case *c, int loops)
{
	struct way *w = c->arg;
	pid_t children[PROCESSES];
	double begin;
	int i, status;

	shared->turns = 0;
	shared->again = 0;
	shared->last = -1;
	/* Nobody gets it before all of them wait for it. */
	if (w->reset)
		w->reset(w);
	else
		w->take(w, -1);
	for (i = 0; i < PROCESSES; i++) {
		children[i] = bench_fork();
		if (!children[i]) {
			take_turns(w, i, loops);
			_exit(0);
		}
	}
	for (i = 0; i < PROCESSES; i++)
		sem_wait(&shared->ready);
	if (w->handle) {
		while (bench_stat(w->handle).waiters < PROCESSES)
			usleep(1000);
	} else {
		usleep(50000);
	}
	begin = bench_now();
	w->give(w, PROCESSES - 1);
	for (i = 0; i < PROCESSES; i++) {
		waitpid(children[i], &status, 0);
		if (status)
			exit(1);
	}
	w->again = 100.0 * shared->again / loops;
	return shared->end - begin;
}

static void print(const char *name, struct bench_case *c, const char *baseline,
		  struct bench_case *base, double goal)
{
	bench_print(name, c->value, bench_unit(), baseline, c->value / base->value, goal);
}

static void print_again(const char *name, const struct way *w)
{
	bench_print(name, w->again, "%", "", 0, 0);
}

static uint32_t make_lock(uint32_t flags)
{
	return bench_create_with(KSHARE_TYPE_LOCK, flags, (struct kshare_value){});
}

enum { LOCK, RING, SYSV, MUTEX, OVERTAKE, LOCK_WORK, MUTEX_WORK, OVERTAKE_WORK, WAYS };

int main(void)
{
	static struct way ways[WAYS] = {
		[LOCK] = { .take = lock_take, .give = lock_give },
		[RING] = { .take = ring_take, .give = ring_give, .reset = ring_reset },
		[SYSV] = { .take = sysv_take, .give = sysv_give, .reset = sysv_reset },
		[MUTEX] = { .take = mutex_take, .give = mutex_give },
		[OVERTAKE] = { .take = lock_take, .give = lock_give },
		[LOCK_WORK] = { .take = lock_take, .give = lock_give, .spins = SPINS },
		[MUTEX_WORK] = { .take = mutex_take, .give = mutex_give, .spins = SPINS },
		[OVERTAKE_WORK] = { .take = lock_take, .give = lock_give, .spins = SPINS },
	};
	struct bench_case cases[WAYS];
	int i;

	bench_open();
	shared = bench_shared(sizeof(*shared));
	check(sem_init(&shared->ready, 1, 0) == 0, "sem_init");
	mutex_init();
	ways[LOCK].handle = make_lock(0);
	ways[LOCK_WORK].handle = make_lock(0);
	ways[OVERTAKE].handle = make_lock(KSHARE_OVERTAKE);
	ways[OVERTAKE_WORK].handle = make_lock(KSHARE_OVERTAKE);
	ways[SYSV].sysv = semget(IPC_PRIVATE, PROCESSES, 0600);
	check(ways[SYSV].sysv >= 0, "semget");

	for (i = 0; i < WAYS; i++)
		cases[i] = (struct bench_case){ .run = run, .arg = &ways[i] };
	bench_cases(cases, WAYS, TURNS);
	semctl(ways[SYSV].sysv, 0, IPC_RMID);

	print("lock_of_8", &cases[LOCK], "posix_sem_ring_of_8", &cases[RING], 1);
	print("posix_sem_ring_of_8", &cases[RING], "lock_of_8", &cases[LOCK], 0);
	print("sysv_sem_ring_of_8", &cases[SYSV], "lock_of_8", &cases[LOCK], 0);
	print("robust_mutex_of_8", &cases[MUTEX], "lock_of_8", &cases[LOCK], 0);
	print("overtake_lock_of_8", &cases[OVERTAKE], "robust_mutex_of_8", &cases[MUTEX], 1.5);
	/* With work to do while it is held, and before it is wanted again. */
	print("lock_of_8_with_work", &cases[LOCK_WORK], "robust_mutex_of_8_with_work",
	      &cases[MUTEX_WORK], 0);
	print("robust_mutex_of_8_with_work", &cases[MUTEX_WORK], "lock_of_8_with_work",
	      &cases[LOCK_WORK], 0);
	print("overtake_lock_of_8_with_work", &cases[OVERTAKE_WORK], "robust_mutex_of_8_with_work",
	      &cases[MUTEX_WORK], 0);
	/* The last run's acquisitions by who had it just before. */
	print_again("lock_taken_again", &ways[LOCK]);
	print_again("robust_mutex_taken_again", &ways[MUTEX]);
	print_again("overtake_lock_taken_again", &ways[OVERTAKE]);
	print_again("robust_mutex_taken_again_work", &ways[MUTEX_WORK]);
	print_again("overtake_lock_taken_again_work", &ways[OVERTAKE_WORK]);
	return 0;
}
