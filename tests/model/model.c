// SPDX-License-Identifier: GPL-2.0
/*
 * Random histories of each type are recorded, and checked to be linearizable.
 *
 *	model [TYPE]...
 *
 * Processes, some of them with two threads, do random operations on two objects at a
 * time, and note each in shared memory.  In one history of three one of the processes
 * is killed, at a moment that is another one's next operation, and replaced.  When all
 * is over, and what was held is given back, this process looks at the objects, and
 * looks for an order of each one's operations.
 *
 * KSHARE_ROUNDS: histories of each type.  KSHARE_SEED: where random numbers begin;
 * what is done follows from it, in which order it happens does not.
 *
 * Prints TAP.  The kernel's own reports are for the runner to find.
 */
#define _GNU_SOURCE
#include <linux/futex.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "model.h"

#define OBJECTS		2	/* that are used at the same time */
#define BUDGET		80	/* operations in a history, those that end it not counted */
#define LOG		512
#define MOST_HELP	64	/* in a history: each is an operation or two of an object */
#define PATIENCE	90	/* seconds or so in which nothing happens at all */

static const struct model *const models[] = {
	&model_cell, &model_array, &model_dict, &model_list, &model_queue,
	&model_lock, &model_rwlock, &model_semaphore, &model_event, &model_settlement,
	&model_condition, &model_barrier, &model_call,
};

#define MODELS	(sizeof(models) / sizeof(models[0]))

/*
 * What all processes share.  Who works takes numbers from @drawn; the one that gets
 * @kill_at kills @victim.  The clock is a counter: what it tells differs for any two
 * events, and grows with time on all processors.
 */
static struct {
	uint64_t clock;
	uint64_t killed;		/* when the victim was */
	uint32_t struck;		/* a futex: it was, or is just being */
	uint32_t round;			/* a futex: that of who may work */
	uint32_t awake, workers;
	uint32_t drawn;
	uint32_t budget;
	uint32_t kill_at;
	uint32_t victim;
	uint32_t objects[MAX_OBJECTS], object_count;
	uint32_t helped;		/* how often */
	bool in_haste;			/* nobody is to wait for long */
	uint32_t logged;
	pid_t pids[PROCESSES];
	uint32_t done[PROCESSES][THREADS];	/* futexes: the round that each has done */
	struct op log[LOG];
} *shared;

struct process {
	unsigned int client, threads, seed;
};

static const struct model *model;
static struct process processes[PROCESSES];
static struct worker parent;
static unsigned int kills, logged, longest, undecided;
static unsigned long met;	/* pairs of operations of which none ended before the other began */

static uint64_t tick(void)
{
	return __atomic_add_fetch(&shared->clock, 1, __ATOMIC_SEQ_CST);
}

static void futex_wait(uint32_t *word, uint32_t value, unsigned int ms)
{
	struct timespec t = { .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000 };

	syscall(SYS_futex, word, FUTEX_WAIT, value, &t, NULL, 0);
}

static void futex_wake(uint32_t *word)
{
	syscall(SYS_futex, word, FUTEX_WAKE, INT32_MAX, NULL, NULL, 0);
}

static void bail_out(const char *why)
{
	unsigned int p;

	printf("Bail out! %s: %s\n", model->name, why);
	for (p = 0; p < PROCESSES; p++)
		if (shared->pids[p] > 0)
			kill(shared->pids[p], SIGKILL);
	exit(1);
}

/* ---- those that work ---- */

/* Whatever happens to the caller meanwhile, what it began stands in the log. */
static void record(struct worker *w, struct op *op)
{
	uint32_t at = __atomic_fetch_add(&shared->logged, 1, __ATOMIC_SEQ_CST);
	struct op *entry = &shared->log[at];

	if (at >= LOG)
		abort();
	op->client = w->client;
	op->owner = w->owner;
	op->response = FOREVER;
	op->invoke = 0;
	*entry = *op;
	op->invoke = tick();
	__atomic_store_n(&entry->invoke, op->invoke, __ATOMIC_SEQ_CST);
	/* Others are to come between, on few processors too. */
	if (!rnd(w, 3))
		sched_yield();
	op_run(op);
	if (!rnd(w, 5))
		sched_yield();
	entry->ret = op->ret;
	entry->rflags = op->rflags;
	entry->number = op->number;
	entry->count = op->count;
	memcpy(entry->values, op->values, sizeof(op->values));
	__atomic_store_n(&entry->response, tick(), __ATOMIC_SEQ_CST);
	if (model->learn)
		model->learn(w, op);
}

static void one_round(struct worker *w)
{
	uint32_t n, i;

	/* Nobody begins before all are awake, or it would be over by then. */
	__atomic_add_fetch(&shared->awake, 1, __ATOMIC_SEQ_CST);
	while (__atomic_load_n(&shared->awake, __ATOMIC_SEQ_CST) < shared->workers)
		sched_yield();
	for (;;) {
		struct op op = {};

		n = __atomic_fetch_add(&shared->drawn, 1, __ATOMIC_SEQ_CST);
		if (n >= shared->budget)
			break;
		if (n == shared->kill_at) {
			shared->killed = tick();
			__atomic_store_n(&shared->struck, true, __ATOMIC_SEQ_CST);
			kill(shared->pids[shared->victim], SIGKILL);
			futex_wake(&shared->struck);
		}
		op.object = shared->objects[rnd(w, shared->object_count)];
		model->choose(w, &op);
		if (model->help && op.wait == WAIT_LONG &&
		    __atomic_load_n(&shared->in_haste, __ATOMIC_SEQ_CST))
			op.wait = WAIT_NOT;
		record(w, &op);
	}
	for (i = 0; i < shared->object_count && model->release; i++) {
		for (;;) {
			struct op op = { .object = shared->objects[i] };

			if (!model->release(w, &op))
				break;
			record(w, &op);
		}
	}
}

struct thread {
	unsigned int process, thread;
	struct worker worker;
};

static void *work(void *arg)
{
	struct thread *t = arg;
	uint32_t *done = &shared->done[t->process][t->thread];

	for (;;) {
		uint32_t round = __atomic_load_n(&shared->round, __ATOMIC_SEQ_CST);

		if (round == *done) {
			futex_wait(&shared->round, round, 1000);
			continue;
		}
		t->worker.sent = 0;
		one_round(&t->worker);
		__atomic_store_n(done, round, __ATOMIC_SEQ_CST);
		futex_wake(done);
	}
	return NULL;
}

static int command(uint32_t op, int64_t key)
{
	struct kshare_cmd cmd = { .size = sizeof(cmd), .op = op };

	if (key) {
		cmd.key.type = KSHARE_INT;
		cmd.key.i = key;
	}
	return ioctl(model_fd, KSHARE_IOC_CMD, &cmd);
}

static void map_arrays(void)
{
	long page = sysconf(_SC_PAGESIZE);
	unsigned int i;

	for (i = 0; i < model->objects; i++) {
		model_map[i] = mmap(NULL, page, PROT_READ | PROT_WRITE, MAP_SHARED, model_fd,
				    KSHARE_MMAP_OFFSET(model_handles[i], page));
		if (model_map[i] == MAP_FAILED)
			abort();
	}
}

static void be_process(unsigned int process, int clone)
{
	struct thread threads[THREADS] = {};
	struct process *p = &processes[process];
	pthread_t thread;
	unsigned int i;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	model_fd = clone;
	if (command(KSHARE_OP_CLIENT_BIND, 0))
		abort();
	if (model == &model_array)
		map_arrays();
	for (i = 0; i < p->threads; i++) {
		threads[i].process = process;
		threads[i].thread = i;
		threads[i].worker.client = p->client;
		threads[i].worker.owner = p->client * THREADS + i;
		threads[i].worker.seed = p->seed * 2654435761u + i;
		threads[i].worker.names = p->seed / 2 % 4 == 0;
		if (i && pthread_create(&thread, NULL, work, &threads[i]))
			abort();
	}
	work(&threads[0]);
}

/* ---- the one that looks on ---- */

/* In a history no client is named like one before it that was killed. */
static void start(unsigned int process, unsigned int round)
{
	struct process *p = &processes[process];
	int clone = command(KSHARE_OP_CLIENT_CLONE, 0);
	unsigned int i;
	pid_t pid;

	if (clone < 0)
		bail_out("no clone of the client");
	model_pids[p->client] = 0;
	p->client = p->client == process ? process + PROCESSES : process;
	p->seed = rand_r(&parent.seed);
	p->threads = 1 + rnd(&parent, 3) / 2;
	for (i = 0; i < THREADS; i++)
		shared->done[process][i] = round;
	fflush(stdout);
	pid = fork();
	if (!pid)
		be_process(process, clone);
	if (pid < 0)
		bail_out("no process");
	shared->pids[process] = pid;
	model_pids[p->client] = pid;
	close(clone);
}

static void reap(unsigned int process)
{
	int status;

	if (waitpid(shared->pids[process], &status, 0) != shared->pids[process] ||
	    !WIFSIGNALED(status) || WTERMSIG(status) != SIGKILL)
		bail_out("a process ended by itself");
}

/* One or more operations of this process, one after the other */
static void act(bool (*make_up)(struct worker *w, struct op *op, unsigned int step),
		unsigned int object)
{
	struct op op = { .object = object };
	unsigned int step;

	for (step = 0; make_up(&parent, &op, step); step++) {
		record(&parent, &op);
		/* The next one starts from nothing, but for what this one answered. */
		op = (struct op){ .object = object, .ret = op.ret, .number = op.number };
	}
}

/*
 * Nothing has happened for a while: who waits for long may be waiting for what nobody
 * does any more.  How long it was is nobody's fault on a busy machine; but who can go
 * on has to, some time.
 */
static void help(unsigned int tries)
{
	siginfo_t info = {};
	unsigned int i;

	if (!waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) && info.si_pid &&
	    info.si_status != SIGKILL)
		bail_out("a process ended by itself");
	if (tries == PATIENCE)
		bail_out("somebody waits for ever");
	if (!model->help || shared->helped == MOST_HELP)
		return;
	if (++shared->helped == MOST_HELP / 4)
		__atomic_store_n(&shared->in_haste, true, __ATOMIC_SEQ_CST);
	for (i = 0; i < shared->object_count; i++)
		act(model->help, shared->objects[i]);
}

/* Until a futex is @value; who works for it may need help. */
static void wait_for(uint32_t *word, uint32_t value)
{
	unsigned int tries = 0;
	uint64_t clock = 0;
	uint32_t was;

	while ((was = __atomic_load_n(word, __ATOMIC_SEQ_CST)) != value) {
		futex_wait(word, was, tries < 9 ? 2 << tries : 1000);
		if (clock != __atomic_load_n(&shared->clock, __ATOMIC_SEQ_CST))
			tries = 0;
		else if (__atomic_load_n(word, __ATOMIC_SEQ_CST) == was)
			help(++tries);
		clock = __atomic_load_n(&shared->clock, __ATOMIC_SEQ_CST);
	}
}

static void wait_until_done(uint32_t round)
{
	unsigned int p, t;

	for (p = 0; p < PROCESSES; p++)
		for (t = 0; t < processes[p].threads; t++)
			wait_for(&shared->done[p][t], round);
}

/*
 * Once a client was killed: that what its threads were handed may go back, and that it
 * is settled, for each object.
 */
static void add_settlement(struct op *ops, unsigned int *count, unsigned int object,
			   unsigned int client, uint64_t reaped)
{
	unsigned int i, n = *count;

	for (i = 0; i < n && model->undoes; i++) {
		if (op_ended(&ops[i]) || ops[i].object != object || ops[i].op >= MODEL_SETTLE)
			continue;
		ops[(*count)++] = (struct op){
			.op = MODEL_UNDO,
			.object = object,
			.client = client,
			.owner = ops[i].owner,
			.tag = ops[i].tag,
			.invoke = ops[i].invoke,
			.response = FOREVER,
		};
	}
	ops[(*count)++] = (struct op){
		.op = MODEL_SETTLE,
		.object = object,
		.client = client,
		.owner = client * THREADS,
		.invoke = shared->killed,
		.response = reaped,
	};
}

/* What an operation that is several events is beside its beginning */
static void add_events(struct op *ops, unsigned int *count)
{
	unsigned int i, n = *count;

	for (i = 0; i < n; i++) {
		if (!op_is_first(&ops[i]) ||
		    (ops[i].op == KSHARE_OP_CONDITION_WAIT && ops[i].ret == -EPERM))
			continue;
		if (*count >= MAX_OPS - 2 * MAX_OBJECTS - 3 * THREADS)
			bail_out("a history is too long");
		if (!op_ended(&ops[i]) || ops[i].ret == -ETIMEDOUT) {
			ops[*count] = ops[i];
			ops[(*count)++].op = MODEL_LEAVE;
		}
		if (!op_ended(&ops[i])) {
			ops[*count] = ops[i];
			ops[(*count)++].op = MODEL_GONE;
		}
		ops[*count] = ops[i];
		ops[(*count)++].op = MODEL_END;
	}
}

/* Those on some of the objects, a bit each */
static bool check_objects(unsigned int objects, const void *state, int dead, uint64_t reaped)
{
	static struct op ops[MAX_OPS];
	unsigned int i, j, count = 0;
	enum verdict verdict;

	for (i = 0; i < shared->logged; i++) {
		const struct op *op = &shared->log[i];

		/* Killed before it had begun */
		if (!op->invoke || !(objects >> op->object & 1))
			continue;
		if (count >= MAX_OPS - 2 * MAX_OBJECTS - 2 * THREADS)
			bail_out("a history is too long");
		ops[count] = *op;
		ops[count].tag = count;
		for (j = 0; j < count; j++)
			met += ops[j].response > op->invoke && ops[j].invoke < op->response;
		count++;
	}
	add_events(ops, &count);
	for (i = 0; i < model->objects && dead >= 0; i++)
		if (objects >> i & 1)
			add_settlement(ops, &count, i, dead, reaped);
	logged += count;
	if (count > longest)
		longest = count;
	verdict = check(model, state, ops, count);
	if (verdict == UNDECIDED)
		undecided++;
	if (verdict != NOT_LINEARIZABLE)
		return true;
	check_print();
	return false;
}

static void choose_objects(void)
{
	uint32_t *objects = shared->objects, i;

	if (model->together) {
		shared->object_count = model->objects;
		for (i = 0; i < model->objects; i++)
			objects[i] = i;
		return;
	}
	shared->object_count = OBJECTS;
	objects[0] = rnd(&parent, model->objects);
	objects[1] = (objects[0] + 1 + rnd(&parent, model->objects - 1)) % model->objects;
}

static bool one_history(uint32_t round)
{
	static char states[OBJECTS][MAX_STATE] __attribute__((aligned(8)));
	unsigned int i, victim = 0;
	uint64_t reaped = 0;
	bool good = true;
	int dead = -1;

	memset(shared->log, 0, shared->logged * sizeof(shared->log[0]));
	shared->logged = 0;
	shared->clock = 0;
	shared->drawn = 0;
	shared->awake = 0;
	shared->workers = 0;
	shared->struck = false;
	shared->helped = 0;
	shared->in_haste = false;
	for (i = 0; i < PROCESSES; i++)
		shared->workers += processes[i].threads;
	shared->budget = BUDGET / 2 + rnd(&parent, BUDGET / (model->together ? 2 : 1));
	shared->kill_at = UINT32_MAX;
	if (!rnd(&parent, 3)) {
		victim = rnd(&parent, PROCESSES);
		dead = processes[victim].client;
		shared->victim = victim;
		shared->kill_at = rnd(&parent, shared->budget);
	}
	choose_objects();
	memset(states, 0, sizeof(states));
	for (i = 0; i < shared->object_count; i++)
		model->begin(shared->objects[i], states[model->together ? 0 : i]);

	__atomic_store_n(&shared->round, round, __ATOMIC_SEQ_CST);
	futex_wake(&shared->round);
	if (dead >= 0) {
		wait_for(&shared->struck, true);
		reap(victim);
		reaped = tick();
		kills++;
		start(victim, round - 1);
	}
	wait_until_done(round);
	for (i = 0; i < shared->object_count; i++)
		act(model->look, shared->objects[i]);
	if (model->together)
		return check_objects((1 << model->objects) - 1, states[0], dead, reaped);
	for (i = 0; i < OBJECTS && good; i++)
		good = check_objects(1 << shared->objects[i], states[i], dead, reaped);
	return good;
}

static bool run_model(unsigned int rounds, unsigned int seed)
{
	unsigned int i, most = 5 + rounds / 10;
	bool good = true;

	parent = (struct worker){
		.seed = seed,
		.client = PARENT,
		.owner = PARENT * THREADS,
	};
	kills = 0;
	logged = 0;
	longest = 0;
	undecided = 0;
	met = 0;
	memset(shared, 0, sizeof(*shared));
	for (i = 0; i < model->objects; i++)
		model_handles[i] = model->create(i);
	for (i = 0; i < PROCESSES; i++) {
		processes[i].client = PARENT;
		start(i, 0);
	}
	/*
	 * Now and then a history has more orders than there is memory for: it tells
	 * nothing, and another one takes its place.
	 */
	for (i = 1; good && i - 1 - undecided < rounds && undecided <= most; i++)
		good = one_history(i);
	printf("# %s: seed %u, %u histories, %u operations, %u kills, %lu overlaps, %u undecided;",
	       model->name, seed, i - 1, logged, kills, met, undecided);
	printf(" at most %u operations on an object\n", longest);
	for (i = 0; i < PROCESSES; i++) {
		kill(shared->pids[i], SIGKILL);
		waitpid(shared->pids[i], NULL, 0);
	}
	return good && undecided <= most;
}

static bool is_wanted(const char *name, int argc, char **argv)
{
	int i;

	for (i = 1; i < argc; i++)
		if (!strcmp(argv[i], name))
			return true;
	return argc < 2;
}

int main(int argc, char **argv)
{
	const char *rounds = getenv("KSHARE_ROUNDS"), *seed = getenv("KSHARE_SEED");
	unsigned int i, wanted = 0, number = 0, failures = 0;

	setvbuf(stdout, NULL, _IOLBF, 0);
	model_open();
	if (model_fd < 0) {
		printf("TAP version 13\n1..0 # SKIP no %s\n", KSHARE_DEVICE);
		return 4;
	}
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
		      -1, 0);
	if (shared == MAP_FAILED)
		return 1;
	for (i = 0; i < MODELS; i++)
		wanted += is_wanted(models[i]->name, argc, argv);
	printf("TAP version 13\n1..%u\n", wanted);
	for (i = 0; i < MODELS; i++) {
		bool good;

		if (!is_wanted(models[i]->name, argc, argv))
			continue;
		model = models[i];
		good = run_model(rounds ? strtoul(rounds, NULL, 0) : 60,
				 seed ? strtoul(seed, NULL, 0) : (unsigned int)time(NULL));
		printf("%sok %u - %s: all histories are linearizable\n", good ? "" : "not ",
		       ++number, model->name);
		fflush(stdout);
		failures += !good;
	}
	return failures ? 1 : 0;
}
