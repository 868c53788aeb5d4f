/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What starts the processes of a storm, a wave of them after the other, and looks at
 * what they leave.
 */
#ifndef WAVES_H
#define WAVES_H

#include <stdint.h>
#include <sys/prctl.h>

#include "life.h"

#define ALIVE		24
#define WITNESSES	5
#define PATIENCE_S	120

/* All that is counted of the domain, of the user and of the module */
struct counts {
	__u64 used[KSHARE_LIMIT_COUNT];
	__u64 clients, handles, user[KSHARE_LIMIT_DOMAINS + 1], domains, refs;
};

#define COUNTS	(sizeof(struct counts) / sizeof(__u64))

static const char *const count_names[COUNTS] = {
	"objects", "bytes", "handles of this client", "waiters", "clients", "handles",
	"objects of the user", "bytes of the user", "handles of the user", "waiters of the user",
	"domains of the user", "named domains", "users of the module",
};

static struct counts count_all(void)
{
	struct kshare_stat stat = stat_of(1);
	struct counts c = { .clients = stat.clients, .handles = stat.handles };
	int i;

	memcpy(c.used, stat.used, sizeof(c.used));
	for (i = 0; i <= KSHARE_LIMIT_DOMAINS; i++)
		c.user[i] = user_has(i);
	c.domains = run(make(KSHARE_OP_DOMAIN_LIST, 0));
	c.refs = module_refs();
	return c;
}

/* What has become wrong in a wave, for each of its tests; empty where nothing has */
enum { STUCK, PROMISES, DELIVERED, LETTERS, HELD, SUMS, BACK, FINDINGS };

static const char *const finding_names[FINDINGS] = {
	[STUCK] = "nobody who waits is stuck",
	[PROMISES] = "nothing is had by two, told twice, or answered by another",
	[DELIVERED] = "each message is done with once, or still there",
	[LETTERS] = "no letter is lost, but to who died with it",
	[HELD] = "all that was held can be had",
	[SUMS] = "what changes as one step adds up",
	[BACK] = "all counts are what they were",
};

static struct wave {
	char found[FINDINGS][200];
	pid_t keeper, holder, witnesses[WITNESSES];
	unsigned int reaped;
} wave;

/* What a process that is killed begins with; and whether memory may be missing for it */
static void (*begin)(void);
static bool scarce;

/* In the whole run */
static unsigned long kills, ended, acts_begun[ACTS], acts_done[ACTS];

__attribute__((format(printf, 2, 3)))
static void found(int what, const char *format, ...)
{
	va_list args;

	if (wave.found[what][0])
		return;
	va_start(args, format);
	vsnprintf(wave.found[what], sizeof(wave.found[what]), format, args);
	va_end(args);
}

static void reaped(int status)
{
	wave.reaped++;
	if (WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL)
		kills++;
	else
		ended++;
	if (WIFEXITED(status) && WEXITSTATUS(status) &&
	    !(scarce && WEXITSTATUS(status) == NO_MEMORY))
		found(PROMISES, "a process ends with %d", WEXITSTATUS(status));
	if (WIFSIGNALED(status) && WTERMSIG(status) != SIGKILL)
		found(PROMISES, "a process dies of signal %d", WTERMSIG(status));
}

/* That they come to do something before they are killed, and not too much */
static void adapt(unsigned int deaths)
{
	static unsigned long before;
	unsigned long begun = 0;
	unsigned int i;

	for (i = 0; i < ACTS; i++)
		begun += acts_begun[i];
	if (begun - before < 3 * deaths && slowness < 200)
		slowness *= 2;
	else if (begun - before > 10 * deaths && slowness > 1)
		slowness /= 2;
	before = begun;
}

/* A process with a client of its own; @group: that it is killed with, or 0 */
static pid_t spawn(pid_t group, unsigned int its_seed)
{
	int clone = run_simple(KSHARE_OP_CLIENT_CLONE, 0), old = fd;
	pid_t pid;

	if (clone < 0) {
		found(PROMISES, "there is no clone: %s", strerror(-clone));
		return -1;
	}
	pid = fork();
	if (pid) {
		if (group && pid > 0)
			setpgid(pid, group);
		close(clone);
		return pid;
	}
	seed = its_seed * 2654435761u;
	if (group) {
		setpgid(0, group);
		begin();
	}
	fd = clone;
	if (run_simple(KSHARE_OP_CLIENT_BIND, 0))
		_exit(NO_MEMORY);
	if (rnd(2))
		close(old);
	if (group)
		live();
	witness();
	_exit(0);
}

static inline void begin_short(void)
{
	arm_death(life_us());
}

/* The group of those that are killed is there as long as somebody is in it. */
static pid_t start_keeper(void)
{
	pid_t pid = fork();

	if (!pid) {
		setpgid(0, 0);
		close(fd);
		for (;;)
			pause();
	}
	setpgid(pid, pid);
	return pid;
}

static void *new_shared(void)
{
	void *p = mmap(NULL, sizeof(*all), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
		       -1, 0);

	if (p == MAP_FAILED) {
		perror("mmap");
		exit(1);
	}
	return p;
}

/* Processes come and go, until so many were reaped, or so long. */
static void storm(unsigned int target, unsigned int first_seed, bool stops, __s64 end)
{
	unsigned int spawned = 0, i;
	pid_t pids[ALIVE] = {}, pid;
	int status;

	while (wave.reaped < target && now_ns() < end) {
		for (i = 0; i < ALIVE; i++)
			if (!pids[i] && spawned + all->born < wave.reaped + 2 * ALIVE)
				pids[i] = spawn(wave.keeper, first_seed + ++spawned);
		if (stops) {
			nap_us(rnd(2000));
			i = rnd(ALIVE + WITNESSES);
			pid = i < ALIVE ? pids[i] : wave.witnesses[i - ALIVE];
			if (pid > 0)
				kill(pid, rnd(2) ? SIGSTOP : SIGCONT);
		}
		while ((pid = waitpid(-wave.keeper, &status, stops ? WNOHANG : 0)) > 0) {
			reaped(status);
			for (i = 0; i < ALIVE; i++)
				if (pids[i] == pid)
					pids[i] = 0;
			if (!stops)
				break;
		}
	}
	/* Whoever waits by now, only what the dead give back can bring it on. */
	if (rnd(4))
		__atomic_store_n(&all->stop, 1, __ATOMIC_RELEASE);
	nap_us(rnd(4000 * slowness));
	for (i = 0; i < ALIVE && rnd(20); i++) {
		if (!pids[i])
			continue;
		kill(pids[i], SIGKILL);
		if (waitpid(pids[i], &status, 0) > 0)
			reaped(status);
	}
	kill(-wave.keeper, SIGKILL);
	while (waitpid(-wave.keeper, &status, 0) > 0)
		reaped(status);
	/* The keeper was none of them. */
	wave.reaped--;
	kills--;
}

/* Takes all that is in the queues. */
static void drain(void)
{
	struct kshare_cmd cmd = make(KSHARE_OP_QUEUE_GET, w.leased);
	int ret;

	cmd.flags = KSHARE_LEASE | KSHARE_NOWAIT;
	while ((ret = attempt(cmd)) > 0) {
		take(out.values[0].i, ret);
		acknowledge(out.head.number, out.values[0].i);
	}
	cmd = make(KSHARE_OP_QUEUE_GET, w.plain);
	cmd.flags = KSHARE_NOWAIT;
	while (attempt(cmd) > 0)
		take_letter(out.values[0].i);
}

/* What nobody gives back, but somebody may wait for */
static void wake(int round)
{
	struct kshare_cmd cmd;
	__s64 n;

	attempt(make(KSHARE_OP_EVENT_SET, w.event));
	attempt(make(KSHARE_OP_BARRIER_RESET, w.barrier));
	count_in_array();
	drain();
	if (round % 2) {
		produce();
		n = next_of(&all->letters, MESSAGES);
		cmd = make_with(KSHARE_OP_QUEUE_PUT, w.plain, val_none(), val_int(n));
		cmd.flags = KSHARE_NOWAIT;
		if (n >= 0 && !attempt(cmd))
			all->letter[n] |= WAS_PUT;
	}
	cmd = make_with(KSHARE_OP_LOCK_ACQUIRE, w.locks[RLOCK], val_int(1), val_none());
	cmd.deadline = now_ns() + 10000000;
	if (attempt(cmd) > 0) {
		enter(RLOCK, name_of_me(), &out.head);
		cmd = make_with(KSHARE_OP_CONDITION_NOTIFY, w.condition, val_int(1), val_none());
		cmd.flags = KSHARE_ALL;
		attempt(cmd);
		leave(RLOCK, name_of_me());
		attempt(make_with(KSHARE_OP_LOCK_RELEASE, w.locks[RLOCK], val_int(1), val_none()));
	}
}

/* All who were killed have been reaped: nothing but each other holds the witnesses up. */
static void end_witnesses(void)
{
	__s64 end = now_ns() + PATIENCE_S * 1000000000ll;
	char what[100] = "";
	int i, left, round = 0, status;
	unsigned int a;

	__atomic_store_n(&all->stop, 1, __ATOMIC_RELEASE);
	do {
		left = 0;
		for (i = 0; i < WITNESSES; i++) {
			if (wave.witnesses[i] <= 0)
				continue;
			kill(wave.witnesses[i], SIGCONT);
			if (waitpid(wave.witnesses[i], &status, WNOHANG)) {
				wave.witnesses[i] = 0;
				if (status)
					found(PROMISES, "a witness ends with %#x", status);
			} else {
				left++;
			}
		}
		if (left) {
			wake(round++);
			nap_us(500);
		}
	} while (left && now_ns() < end);
	if (!left)
		return;
	for (i = 0; i < WITNESSES; i++) {
		struct kshare_stat stat;
		__u32 *h;

		if (wave.witnesses[i] <= 0)
			continue;
		for (h = w.locks; h <= &w.array && !*what; h++) {
			stat = stat_of(*h);
			if (stat.waiters)
				snprintf(what, sizeof(what), "%llu for a %u, held by %d",
					 (unsigned long long)stat.waiters, stat.type,
					 stat.holder_pid);
		}
		kill(wave.witnesses[i], SIGKILL);
		waitpid(wave.witnesses[i], NULL, 0);
	}
	for (a = 0; a < ACTS; a++)
		if (acts[a].witness && all->begun[a] != all->done[a])
			printf("# %s: begun %lu, done %lu\n", acts[a].name, all->begun[a],
			       all->done[a]);
	found(STUCK, "%d still wait, %s", left, what);
}

/* ---- what they leave ---- */

static void check_held(void)
{
	struct kshare_stat stat;
	struct kshare_cmd cmd;
	int i, ret;
	__u32 *h;

	/* Whatever keeps a ring or a client open: who is dead waits for nothing. */
	for (h = w.locks; h <= &w.array; h++) {
		stat = stat_of(*h);
		if (stat.waiters)
			found(STUCK, "%llu of the dead wait for a %u",
			      (unsigned long long)stat.waiters, stat.type);
	}
	for (i = 0; i < EXCLUSIVES; i++) {
		cmd = make(i == RWLOCK ? KSHARE_OP_RWLOCK_ACQUIRE : KSHARE_OP_LOCK_ACQUIRE,
			   w.locks[i]);
		cmd.flags = KSHARE_NOWAIT;
		ret = attempt(cmd);
		if (ret != (i == RWLOCK ? 0 : 1)) {
			found(HELD, "%d cannot be had: %d", i, ret);
			continue;
		}
		enter(i, name_of_me(), &out.head);
		cmd = make(cmd.op + 1, w.locks[i]);
		attempt(cmd);
	}
	if (stat_of(w.permits).length != PERMITS)
		found(HELD, "%llu permits are there",
		      (unsigned long long)stat_of(w.permits).length);
	if (stat_of(w.barrier).length)
		found(HELD, "somebody is at the barrier");
}

/* Before anything is taken for the last time */
static void check_messages(void)
{
	struct kshare_cmd cmd = make(KSHARE_OP_QUEUE_JOIN, w.leased);
	unsigned int lost = 0, may_be_lost, i;
	int ret;

	drain();
	cmd.flags = KSHARE_NOWAIT;
	ret = attempt(cmd);
	if (ret)
		found(DELIVERED, "a message is not done with: %d", ret);
	attempt(make(KSHARE_OP_DICT_LEN, w.outstanding));
	if (out.head.number)
		found(DELIVERED, "%llu messages are lost", (unsigned long long)out.head.number);
	for (i = 0; i < all->letters && i < MESSAGES; i++)
		lost += all->letter[i] == WAS_PUT;
	may_be_lost = all->gets_begun - all->gets_ended;
	if (lost > may_be_lost)
		found(LETTERS, "%u letters are lost, %u died with one at most", lost, may_be_lost);
}

static __s64 cell_value(__u32 cell)
{
	attempt(make(KSHARE_OP_CELL_GET, cell));
	return out.values[0].i;
}

static void check_sums(void)
{
	__s64 moved = cell_value(w.to), number = cell_value(w.number), free = cell_value(w.free);
	__s64 in_array, in_list, in_dict = 0;

	attempt(make_with(KSHARE_OP_ARRAY_GET, w.array, val_int(0), val_none()));
	in_array = out.values[0].i;
	attempt(make_with(KSHARE_OP_LIST_GET, w.list, val_int(0), val_none()));
	in_list = out.values[0].i;
	if (!attempt(make_with(KSHARE_OP_DICT_GET, w.box, val_str("moved"), val_none())))
		in_dict = out.values[0].i;
	if (cell_value(w.from) + moved != SUM || in_list != moved || in_dict != moved)
		found(SUMS, "moved were %lld, %lld and %lld", (long long)moved,
		      (long long)in_list, (long long)in_dict);
	if (in_array != number)
		found(SUMS, "counted were %lld and %lld", (long long)number, (long long)in_array);
	if ((__s64)stat_of(w.signalling).length != free)
		found(SUMS, "%lld permits were left, not %llu", (long long)free,
		      (unsigned long long)stat_of(w.signalling).length);
}

/* Rings are closed in the background, and objects that refer to each other collected. */
static void check_counts(const struct counts *before)
{
	const __s64 end = now_ns() + PATIENCE_S * 1000000000ll;
	const __u64 *is, *was = (const __u64 *)before;
	struct counts now;
	unsigned int i;

	for (;;) {
		now = count_all();
		if (!memcmp(&now, before, sizeof(now)))
			return;
		if (now_ns() > end)
			break;
		nap_us(1000);
	}
	is = (const __u64 *)&now;
	for (i = 0; i < COUNTS; i++)
		if (is[i] != was[i])
			found(BACK, "%s: %llu, before %llu", count_names[i],
			      (unsigned long long)is[i], (unsigned long long)was[i]);
}

/*
 * One wave, with objects of its own.  Its processes are born, and reaped, until @target
 * of them are, or the time is over.
 */
static bool run_wave(unsigned int target, unsigned int wave_seed, bool stops, __s64 end)
{
	struct counts before = count_all();
	unsigned int i;

	memset(&wave, 0, sizeof(wave));
	seed = wave_seed;
	all = new_shared();
	if (!world_make()) {
		found(PROMISES, "the objects cannot be made");
		return false;
	}
	wave.keeper = start_keeper();
	wave.holder = start_keeper();
	all->holders = wave.holder;
	for (i = 0; i < WITNESSES; i++)
		wave.witnesses[i] = spawn(0, wave_seed + 1000003 + i);
	storm(target, wave_seed, stops, end);
	end_witnesses();

	check_held();
	check_messages();
	check_sums();
	kill(-wave.holder, SIGKILL);
	while (waitpid(-wave.holder, NULL, 0) > 0)
		;
	for (i = 0; i < ACTS; i++) {
		acts_begun[i] += all->begun[i];
		acts_done[i] += all->done[i];
	}
	adapt(wave.reaped);
	world_close();
	check_counts(&before);
	if (all->wrongs)
		found(PROMISES, "%s (%u such)", all->wrong, all->wrongs);
	munmap(all, sizeof(*all));
	for (i = 0; i < FINDINGS; i++)
		if (wave.found[i][0])
			return false;
	return true;
}

static void print_acts(void)
{
	unsigned int i;

	printf("# acts done:");
	for (i = 0; i < ACTS; i++)
		printf(" %s %lu", acts[i].name, acts_done[i]);
	printf("\n");
}

/* Waves for so long, or until @most are killed if that is not 0; and the tests of it */
static inline void run_waves(const char *name, unsigned int target, unsigned int first_seed,
			     bool stops, unsigned int seconds, unsigned long most)
{
	const __s64 end = most ? INT64_MAX : now_ns() + seconds * 1000000000ll;
	const unsigned long kills_before = kills;
	unsigned int waves = 0, i;
	bool good = true;

	memset(acts_done, 0, sizeof(acts_done));
	while (good && (now_ns() < end || kills == kills_before) &&
	       (!most || kills - kills_before < most)) {
		good = run_wave(target, first_seed + waves, stops, end);
		waves++;
	}
	printf("# seed %u, %lu kills, %u waves: %s\n", first_seed, kills - kills_before, waves,
	       name);
	print_acts();
	for (i = 0; i < FINDINGS; i++) {
		if (wave.found[i][0])
			printf("# seed of the wave %u: %s\n", first_seed + waves - 1,
			       wave.found[i]);
		tap(!wave.found[i][0], name, finding_names[i]);
	}
	tap(kills > kills_before, name, "processes are killed");
}

#endif /* WAVES_H */
