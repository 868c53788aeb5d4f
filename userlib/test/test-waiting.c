// SPDX-License-Identifier: LGPL-2.1-or-later OR MIT
/*
 * Every function for what waits once against the module, as test-module.c does for
 * the others.  Exits with 77 if there is no module.
 */
#include <linux/io_uring.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "internal.h"
#include "test.h"

static struct kshare *k;
static struct kshare_reply *r;

static int64_t number(unsigned int i)
{
	int64_t n;

	check(kshare_reply_int(r, i, &n) == 0);
	return n;
}

static uint64_t objects(void)
{
	struct kshare_obj *domain KSHARE_CLEANUP = NULL;
	struct kshare_stat st;

	check(kshare_domain(k, &domain) == 0);
	check(kshare_stat(domain, &st) == 0);
	return st.length;
}

static void until_waiters(struct kshare_obj *obj, uint64_t count)
{
	struct kshare_stat st;

	do {
		check(kshare_stat(obj, &st) == 0);
	} while (st.waiters != count);
}

static void reap(pid_t pid, int expected)
{
	int status;

	check(waitpid(pid, &status, 0) == pid && WIFEXITED(status));
	check(WEXITSTATUS(status) == expected);
}

static int64_t soon(void)
{
	return kshare_deadline_in_ms(5);
}

static void test_create(void)
{
	struct kshare_create_opts opts = { .size = sizeof(opts) };
	struct kshare_obj *obj, *lock;

	opts.type = KSHARE_TYPE_SEMAPHORE;
	opts.length = 2;
	opts.value = kshare_uint(3);
	check(kshare_create(k, &opts, &obj) == 0 && kshare_semaphore_value(obj) == 2);
	kshare_unref(obj);
	opts.length = 0;
	opts.value = kshare_none();
	opts.flags = KSHARE_SIGNALLING;
	check(kshare_create(k, &opts, &obj) == 0 && kshare_semaphore_value(obj) == 0);
	kshare_unref(obj);
	opts.flags = 0;
	opts.type = KSHARE_TYPE_BARRIER;
	check(kshare_create(k, &opts, &obj) == -EINVAL);
	opts.length = 1;
	check(kshare_create(k, &opts, &obj) == 0 && kshare_barrier_wait(obj, KSHARE_TRY) == 0);
	kshare_unref(obj);
	opts.length = 0;
	opts.type = KSHARE_TYPE_QUEUE;
	opts.flags = KSHARE_LIFO;
	check(kshare_create(k, &opts, &obj) == 0 && kshare_type(obj) == KSHARE_TYPE_QUEUE);
	kshare_unref(obj);
	opts.flags = 0;
	opts.type = KSHARE_TYPE_RWLOCK;
	check(kshare_create(k, &opts, &obj) == 0 && kshare_type(obj) == KSHARE_TYPE_RWLOCK);
	kshare_unref(obj);
	check(kshare_lock_create(k, KSHARE_OVERTAKE, &lock) == 0);
	opts.type = KSHARE_TYPE_CONDITION;
	opts.value = kshare_ref(lock);
	check(kshare_create(k, &opts, &obj) == 0 && kshare_type(obj) == KSHARE_TYPE_CONDITION);
	kshare_unref(obj);
	kshare_unref(lock);
	check(kshare_rlock_create(k, KSHARE_OVERTAKE, &lock) == 0);
	kshare_unref(lock);
}

static void test_semaphore(void)
{
	struct kshare_obj *sem;
	pid_t pid;

	check(kshare_semaphore_create(k, 4, 3, 0, &sem) < 0);
	check(kshare_semaphore_create(k, 3, 3, 0, &sem) == 0);
	check(kshare_semaphore_acquire(sem, KSHARE_FOREVER) == 2);
	check(kshare_semaphore_acquire_many(sem, 2, KSHARE_FOREVER) == 0);
	check(kshare_semaphore_acquire(sem, KSHARE_TRY) == -EAGAIN);
	check(kshare_semaphore_acquire(sem, soon()) == -ETIMEDOUT);
	check(kshare_semaphore_release(sem) == 1);
	check(kshare_semaphore_release_many(sem, 2) == 3 && kshare_semaphore_value(sem) == 3);
	check(kshare_semaphore_release(sem) < 0);
	/* What a child holds is given back when it ends. */
	pid = fork();
	if (pid == 0) {
		check(kshare_semaphore_acquire_many(sem, 3, KSHARE_TRY) == 0);
		_exit(7);
	}
	reap(pid, 7);
	check(kshare_semaphore_acquire_many(sem, 3, KSHARE_FOREVER) == 0);
	check(kshare_semaphore_release_many(sem, 3) == 3);
	kshare_unref(sem);

	/* Permits that belong to nobody. */
	check(kshare_semaphore_create(k, 0, 1, KSHARE_SIGNALLING, &sem) == 0);
	check(kshare_semaphore_release(sem) == 1);
	check(kshare_semaphore_release(sem) == -EOVERFLOW);
	check(kshare_semaphore_acquire(sem, KSHARE_TRY) == 0);
	kshare_unref(sem);

	check(kshare_semaphore_create(k, 1, 0, 0, &sem) == 0);
	check(kshare_semaphore_release(sem) == -EPERM);
	kshare_unref(sem);
}

static void test_rwlock(void)
{
	uint64_t first, second;
	struct kshare_obj *rw;
	uint32_t flags = 9;

	check(kshare_rwlock_create(k, 0, &rw) == 0);
	check(kshare_rwlock_acquire(rw, KSHARE_FOREVER, &first, &flags) == 0 && flags == 0);
	check(kshare_rwlock_acquire_as(rw, 5, KSHARE_TRY, NULL, NULL) == -EAGAIN);
	check(kshare_rwlock_acquire_shared_as(rw, 5, soon(), NULL, NULL) == -ETIMEDOUT);
	check(kshare_rwlock_acquire(rw, KSHARE_FOREVER, NULL, NULL) == -EDEADLK);
	check(kshare_rwlock_downgrade_as(rw, 5) == -EPERM);
	check(kshare_rwlock_downgrade(rw) == 0);
	check(kshare_rwlock_acquire_shared_as(rw, 5, KSHARE_TRY, NULL, &flags) == 0);
	check(kshare_rwlock_release(rw) == 0);
	check(kshare_rwlock_release(rw) == -EPERM);
	check(kshare_rwlock_release_as(rw, 5) == 0);
	check(kshare_rwlock_acquire_as(rw, 5, KSHARE_TRY, &second, NULL) == 0 && second > first);
	check(kshare_rwlock_downgrade_as(rw, 5) == 0);
	check(kshare_rwlock_release_as(rw, 5) == 0);
	check(kshare_rwlock_acquire_shared(rw, KSHARE_TRY, NULL, NULL) == 0);
	check(kshare_rwlock_release(rw) == 0);
	check(kshare_rwlock_acquire_detect(rw, kshare_uint(6), KSHARE_SHARED, KSHARE_TRY, &r) == 0);
	check(kshare_rwlock_release_as(rw, 6) == 0);
	kshare_unref(rw);
}

static struct kshare_obj *lock_a, *lock_b;

static void *wait_for_b(void *arg)
{
	(void)arg;
	check(kshare_lock_acquire_as(lock_b, 1, KSHARE_FOREVER, NULL, NULL) == 1);
	check(kshare_lock_release_as(lock_b, 1) == 0);
	return NULL;
}

static void test_detect(void)
{
	struct kshare_waits_for circle[4];
	struct kshare_stat st;
	pthread_t thread;

	check(kshare_lock_create(k, 0, &lock_a) == 0 && kshare_lock_create(k, 0, &lock_b) == 0);
	check(kshare_lock_acquire_detect(lock_a, kshare_uint(1), KSHARE_FOREVER, &r) == 1);
	check(kshare_reply_number(r) > 0 && kshare_reply_flags(r) == 0);
	check(kshare_lock_acquire_detect(lock_b, kshare_uint(2), KSHARE_FOREVER, NULL) == 1);
	check(pthread_create(&thread, NULL, wait_for_b, NULL) == 0);
	until_waiters(lock_b, 1);
	/* 2 would wait for 1, which waits for 2. */
	check(kshare_lock_acquire_detect(lock_a, kshare_uint(2), KSHARE_FOREVER, &r) == -EDEADLK);
	check(kshare_waits_for(r, circle, 4) == 2);
	check(kshare_stat(lock_a, &st) == 0 && circle[0].object == st.id);
	check(kshare_stat(lock_b, &st) == 0 && circle[1].object == st.id);
	check(circle[0].pid == getpid() && circle[1].pid == getpid());
	check(kshare_lock_release_as(lock_b, 2) == 0);
	pthread_join(thread, NULL);
	check(kshare_lock_release_as(lock_a, 1) == 0);
	kshare_unref(lock_a);
	kshare_unref(lock_b);
}

static void nothing(int sig)
{
	(void)sig;
}

static void *interrupt(void *arg)
{
	until_waiters(arg, 1);
	kill(getpid(), SIGUSR1);
	return NULL;
}

/* A signal for this thread, whose handler does not restart what it ends. */
static void interrupted_wait(struct kshare_obj *cond, struct kshare_obj *lock)
{
	struct sigaction sa = { .sa_handler = nothing };
	pthread_t thread;
	sigset_t set;

	sigaction(SIGUSR1, &sa, NULL);
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
	check(pthread_create(&thread, NULL, interrupt, cond) == 0);
	pthread_sigmask(SIG_UNBLOCK, &set, NULL);
	check(kshare_condition_wait(cond, lock, KSHARE_FOREVER, NULL, NULL) == -EINTR);
	pthread_join(thread, NULL);
}

static void test_condition(void)
{
	struct kshare_obj *lock, *cond, *event;
	uint32_t flags = 9;
	pid_t pids[3];
	uint64_t token;
	int i;

	check(kshare_event_create(k, 0, &event) == 0);
	check(kshare_condition_create(k, event, 0, &cond) == -EINVAL);
	kshare_unref(event);
	check(kshare_lock_create(k, 0, &lock) == 0);
	check(kshare_condition_create(k, lock, 0, &cond) == 0);
	check(kshare_condition_wait(cond, lock, soon(), NULL, NULL) == -EPERM);
	check(kshare_condition_notify(cond, 1) == -EPERM);
	check(kshare_lock_acquire(lock, KSHARE_FOREVER, NULL, NULL) == 1);
	check(kshare_condition_notify(cond, 1) == 0 && kshare_condition_notify_all(cond) == 0);
	check(kshare_condition_wait(cond, lock, KSHARE_TRY, NULL, NULL) == -EOPNOTSUPP);
	check(kshare_condition_wait(cond, lock, soon(), NULL, NULL) == -ETIMEDOUT);
	interrupted_wait(cond, lock);
	/* It is held after both. */
	check(kshare_lock_release(lock) == 0);

	for (i = 0; i < 3; i++) {
		pids[i] = fork();
		if (pids[i] == 0) {
			check(kshare_lock_acquire_as(lock, 4, KSHARE_FOREVER, NULL, NULL) == 1);
			check(kshare_condition_wait_as(cond, lock, 4, KSHARE_FOREVER, &token,
						       &flags) == 1);
			check(token > 0 && flags == 0);
			check(kshare_lock_release_as(lock, 4) == 0);
			_exit(7);
		}
		until_waiters(cond, i + 1);
	}
	check(kshare_lock_acquire_as(lock, 5, KSHARE_FOREVER, NULL, NULL) == 1);
	check(kshare_condition_notify_as(cond, 5, 1) == 1);
	check(kshare_condition_notify_all_as(cond, 5) == 2);
	check(kshare_lock_release_as(lock, 5) == 0);
	for (i = 0; i < 3; i++)
		reap(pids[i], 7);
	kshare_unref(cond);
	kshare_unref(lock);

	check(kshare_rlock_create(k, 0, &lock) == 0);
	check(kshare_condition_create(k, lock, 0, &cond) == 0);
	for (i = 0; i < 3; i++)
		check(kshare_lock_acquire(lock, KSHARE_FOREVER, NULL, NULL) == i + 1);
	interrupted_wait(cond, lock);
	for (i = 0; i < 3; i++)
		check(kshare_lock_release(lock) == 2 - i);
	check(kshare_lock_release(lock) == -EPERM);
	kshare_unref(cond);
	kshare_unref(lock);
}

static void test_barrier(void)
{
	struct kshare_obj *barrier;
	int64_t ns = 5000000;
	pid_t pid;
	int ret;

	check(kshare_barrier_create(k, 0, 0, &barrier) == -EINVAL);
	check(kshare_barrier_create(k, 2, 0, &barrier) == 0);
	check(kshare_barrier_wait(barrier, KSHARE_TRY) == -EAGAIN);
	pid = fork();
	if (pid == 0)
		_exit(kshare_barrier_wait(barrier, KSHARE_FOREVER) == 0 ? 7 : 1);
	until_waiters(barrier, 1);
	check(kshare_barrier_wait(barrier, KSHARE_FOREVER) == 1);
	reap(pid, 7);
	kshare_unref(barrier);

	check(kshare_barrier_create(k, 2, 0, &barrier) == 0);
	check(kshare_barrier_abort(barrier) == 0);
	check(kshare_barrier_wait(barrier, KSHARE_FOREVER) == -ESHUTDOWN);
	check(kshare_barrier_reset(barrier) == 0);
	/* With more time if that is over before it has come: then nothing is broken. */
	do {
		ns *= 2;
		check(kshare_barrier_wait(barrier, kshare_deadline_in_ns(ns)) == -ETIMEDOUT);
		ret = kshare_barrier_wait(barrier, KSHARE_TRY);
	} while (ret == -EAGAIN);
	check(ret == -ESHUTDOWN);
	check(kshare_barrier_wait(barrier, KSHARE_FOREVER) == -ESHUTDOWN);
	check(kshare_barrier_reset(barrier) == 0);
	/* A party dies while the other waits. */
	pid = fork();
	if (pid == 0) {
		kshare_barrier_wait(barrier, KSHARE_FOREVER);
		_exit(1);
	}
	until_waiters(barrier, 1);
	kill(pid, SIGKILL);
	check(waitpid(pid, NULL, 0) == pid);
	check(kshare_barrier_wait(barrier, KSHARE_FOREVER) == -EOWNERDEAD);
	kshare_unref(barrier);
}

static void test_queue(void)
{
	struct kshare_value many[] = { kshare_int(1), kshare_int(2), kshare_int(3), kshare_int(4) };
	struct kshare_obj *queue;
	uint64_t lease, other;
	pid_t pid;

	check(kshare_queue_create(k, 3, 0, &queue) == 0);
	check(kshare_queue_len(queue) == 0 && kshare_queue_full(queue) == 0);
	check(kshare_queue_peek(queue, &r) == -ENOENT);
	check(kshare_queue_get(queue, KSHARE_TRY, &r) == -EAGAIN);
	check(kshare_queue_get(queue, soon(), &r) == -ETIMEDOUT);
	check(kshare_queue_put(queue, many[0], KSHARE_FOREVER) == 1);
	check(kshare_queue_put_many(queue, &many[1], 2, KSHARE_FOREVER) == 3);
	check(kshare_queue_full(queue) == 1);
	check(kshare_queue_put(queue, many[3], KSHARE_TRY) == -EAGAIN);
	check(kshare_queue_put(queue, many[3], soon()) == -ETIMEDOUT);
	check(kshare_queue_put_many(queue, many, 4, KSHARE_FOREVER) == -ERANGE);
	check(kshare_queue_put_priority(queue, kshare_int(1), many[3], KSHARE_TRY) == -EINVAL);
	check(kshare_queue_peek(queue, &r) == 0 && number(0) == 1);
	check(kshare_queue_get(queue, KSHARE_FOREVER, &r) == 1 && number(0) == 1);
	check(kshare_queue_task_done(queue, 1) == 2);
	check(kshare_queue_task_done(queue, 3) == -ERANGE);
	check(kshare_queue_join(queue, KSHARE_TRY) == -EAGAIN);
	check(kshare_queue_join(queue, soon()) == -ETIMEDOUT);

	/* A lease that is given back, and one that comes back from the dead. */
	check(kshare_queue_get_lease(queue, KSHARE_FOREVER, &r, &lease) == 1 && number(0) == 2);
	check(kshare_reply_number(r) == lease);
	check(kshare_queue_nack(queue, lease) == 0);
	check(kshare_queue_nack(queue, lease) == -ENOENT);
	pid = fork();
	if (pid == 0)
		_exit(kshare_queue_get_lease(queue, KSHARE_FOREVER, &r, NULL) == 2 ? 7 : 1);
	reap(pid, 7);
	check(kshare_queue_get_lease(queue, KSHARE_FOREVER, &r, &lease) == 3 && number(0) == 2);
	check(kshare_queue_get_lease(queue, KSHARE_FOREVER, NULL, &other) == 1);
	check(other != lease && kshare_queue_ack(queue, lease) == 0);
	check(kshare_queue_ack(queue, lease) == -ENOENT && kshare_queue_ack(queue, other) == 0);
	check(kshare_queue_join(queue, KSHARE_FOREVER) == 0);

	check(kshare_queue_put_many(queue, many, 3, KSHARE_TRY) == 3);
	check(kshare_queue_get_many(queue, 2, KSHARE_FOREVER, &r) == 2);
	check(kshare_reply_count(r) == 2 && number(0) == 1 && number(1) == 2);
	check(kshare_reply_number(r) == 1);
	check(kshare_queue_get_many_lease(queue, KSHARE_MAX_GET, KSHARE_FOREVER, &r) == 1);
	check(kshare_reply_count(r) == 3 && number(1) == 1 && number(2) == 3);
	check(kshare_reply_uint(r, 0, &lease) == 0 && kshare_queue_ack(queue, lease) == 0);
	check(kshare_queue_get_many(queue, 0, KSHARE_TRY, &r) == -EINVAL);
	check(kshare_queue_get_many(queue, KSHARE_MAX_GET + 1, KSHARE_TRY, &r) == -E2BIG);
	check(kshare_queue_put(queue, many[0], KSHARE_TRY) == 1);
	check(kshare_queue_shutdown(queue, false) == 0);
	check(kshare_queue_put(queue, many[0], KSHARE_FOREVER) == -ESHUTDOWN);
	check(kshare_queue_get(queue, KSHARE_FOREVER, &r) == 1);
	check(kshare_queue_get(queue, KSHARE_FOREVER, &r) == -ESHUTDOWN);
	kshare_unref(queue);

	check(kshare_queue_create(k, 0, KSHARE_LIFO, &queue) == 0);
	check(kshare_queue_put_many(queue, many, 3, KSHARE_TRY) == 3);
	check(kshare_queue_get(queue, KSHARE_FOREVER, &r) == 1 && number(0) == 3);
	check(kshare_queue_shutdown(queue, true) == 2);
	kshare_unref(queue);

	check(kshare_queue_create(k, 0, KSHARE_PRIORITY, &queue) == 0);
	check(kshare_queue_put_priority(queue, kshare_float(1.5), many[0], KSHARE_TRY) == 1);
	check(kshare_queue_put_priority(queue, kshare_int(-1), many[1], KSHARE_TRY) == 2);
	check(kshare_queue_put(queue, many[2], KSHARE_TRY) == 3);
	check(kshare_queue_put_many(queue, many, 2, KSHARE_TRY) == 4);	/* 2, of priority 1 */
	check(kshare_queue_put_priority(queue, kshare_str("x"), many[1], KSHARE_TRY) < 0);
	check(kshare_queue_get_many(queue, 9, KSHARE_TRY, &r) == 4);
	check(number(0) == 2 && number(1) == 3 && number(2) == 2 && number(3) == 1);
	kshare_unref(queue);
}

static void *cancel_17(void *arg)
{
	until_waiters(arg, 1);
	check(kshare_cancel(k, 17) == 1);
	return NULL;
}

static void test_wait(void)
{
	static char text[100000];
	struct kshare_reply *first = NULL;
	struct kshare_reply **replies[3] = { &first, &r, NULL };
	struct kshare_obj *q1, *q2, *event;
	struct kshare_cmd cmds[3], cmd;
	int64_t results[3], result;
	pthread_t thread;

	memset(text, 'x', sizeof(text));
	check(kshare_queue_create(k, 0, 0, &q1) == 0 && kshare_queue_create(k, 0, 0, &q2) == 0);
	check(kshare_event_create(k, 0, &event) == 0);
	kshare_prep_queue_get(&cmds[0], q1, KSHARE_FOREVER);
	kshare_prep_queue_get(&cmds[1], q2, KSHARE_FOREVER);
	kshare_prep_event_wait(&cmds[2], event, KSHARE_FOREVER);

	check(kshare_wait_any(k, cmds, 3, KSHARE_TRY, replies, NULL) == -EAGAIN);
	check(kshare_wait_all(k, cmds, 3, soon(), replies, NULL) == -ETIMEDOUT);
	/* A message that needs a larger reply than there is at first. */
	check(kshare_queue_put(q2, kshare_bytes(text, sizeof(text)), KSHARE_TRY) == 1);
	check(kshare_wait_any(k, cmds, 3, KSHARE_FOREVER, replies, &result) == 1 && result == 1);
	check(kshare_reply_count(r) == 1 && kshare_reply_value(r, 0)->len == sizeof(text));
	check(kshare_reply_count(first) == 0);
	check(kshare_event_set(event) == 0);
	check(kshare_wait_any(k, cmds, 3, KSHARE_FOREVER, replies, &result) == 2 && result == 0);

	check(kshare_queue_put(q1, kshare_int(5), KSHARE_TRY) == 1);
	check(kshare_wait_all(k, cmds, 3, KSHARE_TRY, replies, NULL) == -EAGAIN);
	check(kshare_queue_len(q1) == 1);
	check(kshare_queue_put(q2, kshare_int(6), KSHARE_TRY) == 1);
	check(kshare_wait_all(k, cmds, 3, KSHARE_FOREVER, replies, results) == 0);
	check(results[0] == 1 && results[1] == 1 && results[2] == 0);
	check(number(0) == 6 && kshare_reply_value(first, 0)->i == 5);

	/* What cannot be waited for together. */
	check(kshare_wait_any(k, cmds, 0, KSHARE_TRY, NULL, NULL) == -EINVAL);
	cmds[2] = cmds[1];
	check(kshare_wait_any(k, cmds, 3, KSHARE_TRY, NULL, NULL) == -EINVAL);
	kshare_prep_queue_len(&cmds[2], q1);
	check(kshare_wait_any(k, &cmds[1], 2, KSHARE_TRY, NULL, NULL) == -EOPNOTSUPP);

	check(kshare_cancel(k, 17) == -ENOENT);
	kshare_prep_queue_get(&cmd, q1, KSHARE_FOREVER);
	kshare_set_tag(&cmd, 17);
	check(pthread_create(&thread, NULL, cancel_17, q1) == 0);
	check(kshare_submit(k, &cmd, &r) == -ECANCELED);
	pthread_join(thread, NULL);
	kshare_prep_wait_any(&cmd, cmds, 2, KSHARE_FOREVER);
	kshare_set_tag(&cmd, 17);
	check(pthread_create(&thread, NULL, cancel_17, q1) == 0);
	cmds[0].out = 0;
	cmds[0].out_len = 0;
	cmds[1].out = 0;
	cmds[1].out_len = 0;
	check(kshare_submit(k, &cmd, &r) == -ECANCELED);
	pthread_join(thread, NULL);

	kshare_reply_free(first);
	kshare_unref(event);
	kshare_unref(q2);
	kshare_unref(q1);
}

static short ready(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN | POLLOUT };

	check(poll(&p, 1, 0) >= 0);
	return p.revents;
}

static void test_export_fd(void)
{
	struct kshare_obj *event, *queue, *list, *weak;
	int e, q;

	check(kshare_event_create(k, 0, &event) == 0 && kshare_queue_create(k, 1, 0, &queue) == 0);
	/* Nobody waits for a list: its descriptor would be to pass it on. */
	check(kshare_list_create(k, 0, &list) == 0);
	check(kshare_dup(list, KSHARE_RIGHT_READ | KSHARE_RIGHT_WAIT, 0, &weak) == 0);
	check(kshare_export_fd(weak) == -EACCES);
	kshare_unref(weak);
	e = kshare_export_fd(event);
	q = kshare_export_fd(queue);
	check(e >= 0 && q >= 0);
	check(!(ready(e) & POLLIN) && (ready(q) & (POLLIN | POLLOUT)) == POLLOUT);
	check(kshare_event_set(event) == 0 && (ready(e) & POLLIN));
	check(kshare_queue_put(queue, kshare_int(1), KSHARE_TRY) == 1);
	check((ready(q) & (POLLIN | POLLOUT)) == POLLIN);
	check(kshare_queue_shutdown(queue, true) == 1);
	check((ready(q) & (POLLIN | POLLHUP)) == (POLLIN | POLLHUP));
	kshare_unref(list);
	kshare_unref(queue);
	kshare_unref(event);
	check(ready(e) & POLLIN);
	close(e);
	close(q);
}

static void test_who(void)
{
	struct kshare_claim claims[4];
	struct kshare_obj *lock;
	uint64_t token, total;
	pid_t pid;

	check(kshare_lock_create(k, 0, &lock) == 0);
	check(kshare_who(lock, claims, 4, &total) == 0 && total == 0);
	check(kshare_lock_acquire_as(lock, 9, KSHARE_FOREVER, &token, NULL) == 1);
	pid = fork();
	if (pid == 0)
		_exit(kshare_lock_acquire_as(lock, 8, KSHARE_FOREVER, NULL, NULL) == 1 ? 7 : 1);
	until_waiters(lock, 1);
	check(kshare_who(lock, claims, 1, &total) == 1 && total == 2);
	check(kshare_who(lock, claims, 4, NULL) == 2);
	check(claims[0].pid == getpid() && claims[0].owner == 9 && claims[0].count == 1);
	check(claims[0].token == token);
	check(claims[1].pid == pid && claims[1].owner == 8 && claims[1].count == 0);
	check(claims[1].token == KSHARE_OP_LOCK_ACQUIRE);
	check(kshare_lock_release_as(lock, 9) == 0);
	reap(pid, 7);
	kshare_unref(lock);
}

static void test_watch(void)
{
	struct kshare_obj *dict, *queue;
	struct kshare_change change;
	struct kshare_stat st;
	uint32_t told = 0;
	int i;

	check(kshare_dict_create(k, 0, &dict) == 0 && kshare_queue_create(k, 1, 0, &queue) == 0);
	check(kshare_watch(dict, kshare_str("x"), queue, 3) == 0);
	check(kshare_watch(dict, kshare_str("x"), queue, 3) == -EEXIST);
	check(kshare_dict_set(dict, kshare_str("y"), kshare_int(1)) == 1);
	check(kshare_queue_len(queue) == 0);
	check(kshare_dict_set(dict, kshare_str("x"), kshare_int(1)) == 1);
	check(kshare_stat(dict, &st) == 0);
	check(kshare_queue_get(queue, KSHARE_FOREVER, &r) == 1);
	check(kshare_reply_change(r, 0, &change) == 0);
	check(change.object == st.id && change.version == st.version && change.cookie == 3);
	check(change.lost == 0);
	/* There is room for one: the others are told or counted, and the last is told. */
	for (i = 2; i < 50; i++)
		check(kshare_dict_set(dict, kshare_str("x"), kshare_int(i)) == 0);
	check(kshare_stat(dict, &st) == 0);
	while (told < 48) {
		check(kshare_queue_get(queue, KSHARE_FOREVER, &r) == 1);
		check(kshare_reply_change(r, 0, &change) == 0);
		told += 1 + change.lost;
	}
	check(told == 48 && change.version == st.version);
	check(kshare_unwatch(dict, 4) == -ENOENT && kshare_unwatch(dict, 3) == 1);
	check(kshare_watch(dict, kshare_none(), queue, 5) == 0);
	check(kshare_dict_clear(dict) == 0);
	check(kshare_queue_get(queue, KSHARE_FOREVER, &r) == 1);
	check(kshare_reply_change(r, 0, &change) == 0 && change.cookie == 5);
	check(kshare_unwatch(dict, 5) == 1);
	kshare_unref(queue);
	kshare_unref(dict);
}

/**
 * struct ring - a ring without liburing
 * @fd: its descriptor
 * @entry_size: of an entry, 64 or 128
 * @p: how it was made
 * @rings: both rings
 * @bytes: of them
 * @sqes: entries
 */
struct ring {
	int fd;
	size_t entry_size;
	struct io_uring_params p;
	unsigned char *rings;
	size_t bytes;
	unsigned char *sqes;
};

static bool ring_open(struct ring *ring, uint32_t flags)
{
	memset(ring, 0, sizeof(*ring));
	ring->p.flags = flags;
	ring->entry_size = flags & IORING_SETUP_SQE128 ? 128 : 64;
	ring->fd = (int)syscall(__NR_io_uring_setup, 8, &ring->p);
	if (ring->fd < 0)
		return false;
	/* What is needed of the queue of entries lies before the completions, or behind. */
	ring->bytes = ring->p.cq_off.cqes + ring->p.cq_entries * sizeof(struct io_uring_cqe);
	if (ring->bytes < ring->p.sq_off.array + 8 * sizeof(uint32_t))
		ring->bytes = ring->p.sq_off.array + 8 * sizeof(uint32_t);
	ring->rings = mmap(NULL, ring->bytes, PROT_READ | PROT_WRITE, MAP_SHARED, ring->fd,
			   IORING_OFF_SQ_RING);
	ring->sqes = mmap(NULL, 8 * ring->entry_size, PROT_READ | PROT_WRITE, MAP_SHARED, ring->fd,
			  IORING_OFF_SQES);
	check(ring->rings != MAP_FAILED && ring->sqes != MAP_FAILED);
	return true;
}

static void ring_close(struct ring *ring)
{
	munmap(ring->rings, ring->bytes);
	munmap(ring->sqes, 8 * ring->entry_size);
	close(ring->fd);
}

static uint32_t *ring_word(struct ring *ring, uint32_t offset)
{
	return (uint32_t *)(ring->rings + offset);
}

/* The next entry, which ring_submit() hands over. */
static struct io_uring_sqe *ring_entry(struct ring *ring)
{
	uint32_t i = *ring_word(ring, ring->p.sq_off.tail) & 7;

	ring_word(ring, ring->p.sq_off.array)[i] = i;
	return (void *)(ring->sqes + i * ring->entry_size);
}

static void ring_submit(struct ring *ring)
{
	uint32_t *tail = ring_word(ring, ring->p.sq_off.tail);

	__atomic_store_n(tail, *tail + 1, __ATOMIC_RELEASE);
	check(syscall(__NR_io_uring_enter, ring->fd, 1, 0, 0, NULL, 0) == 1);
}

static int ring_wait(struct ring *ring, uint64_t *user_data)
{
	uint32_t *head = ring_word(ring, ring->p.cq_off.head);
	uint32_t mask = *ring_word(ring, ring->p.cq_off.ring_mask);
	struct io_uring_cqe *cqes = (void *)(ring->rings + ring->p.cq_off.cqes);
	int res;

	while (__atomic_load_n(ring_word(ring, ring->p.cq_off.tail), __ATOMIC_ACQUIRE) == *head)
		check(syscall(__NR_io_uring_enter, ring->fd, 0, 1, IORING_ENTER_GETEVENTS, NULL, 0)
		      >= 0);
	res = cqes[*head & mask].res;
	*user_data = cqes[*head & mask].user_data;
	__atomic_store_n(head, *head + 1, __ATOMIC_RELEASE);
	return res;
}

static int ring_run(struct ring *ring, struct kshare_cmd *cmd)
{
	uint64_t user_data;

	if (ring->entry_size == 128)
		check(kshare_uring_prep(ring_entry(ring), k, cmd) == 0);
	else
		check(kshare_uring_prep_ptr(ring_entry(ring), k, cmd) == 0);
	ring_submit(ring);
	return ring_wait(ring, &user_data);
}

static void test_ring(uint32_t flags)
{
	struct kshare_obj *lock, *queue;
	struct io_uring_sqe *sqe;
	struct kshare_cmd cmd;
	struct ring ring;
	uint64_t user_data;
	static char text[100000];
	int fd = kshare_fd(k);
	int ret;

	if (!kshare_has_feature(k, KSHARE_FEATURE_URING) || !ring_open(&ring, flags)) {
		printf("no commands through io_uring here\n");
		return;
	}
	memset(text, 'x', sizeof(text));
	/* One that has no room yet */
	kshare_reply_free(r);
	r = NULL;
	check(kshare_lock_create(k, 0, &lock) == 0 && kshare_queue_create(k, 0, 0, &queue) == 0);
	kshare_prep_nop(&cmd);
	check(ring_run(&ring, &cmd) == 0);
	kshare_prep_lock_acquire(&cmd, lock, kshare_none(), KSHARE_TRY);
	check(ring_run(&ring, &cmd) == -EINVAL);
	kshare_prep_lock_acquire(&cmd, lock, kshare_uint(3), KSHARE_FOREVER);
	check(ring_run(&ring, &cmd) == 1);
	check(kshare_lock_release_as(lock, 3) == 0);

	/* It waits, and then needs more room than there is. */
	kshare_prep_queue_get(&cmd, queue, KSHARE_FOREVER);
	sqe = ring_entry(&ring);
	check(kshare_uring_aim(k, &cmd, &r) == 0);
	if (flags & IORING_SETUP_SQE128)
		check(kshare_uring_prep_reply(sqe, k, &cmd, &r) == 0);
	else
		check(kshare_uring_prep_ptr(sqe, k, &cmd) == 0);
	sqe->user_data = 99;
	ring_submit(&ring);
	until_waiters(queue, 1);
	check(kshare_queue_put(queue, kshare_bytes(text, sizeof(text)), KSHARE_TRY) >= 0);
	ret = kshare_uring_complete(r, ring_wait(&ring, &user_data));
	check(user_data == 99 && ret == -ENOBUFS && kshare_queue_len(queue) == 1);
	check(kshare_uring_aim(k, &cmd, &r) == 0);
	ret = kshare_uring_complete(r, ring_run(&ring, &cmd));
	check(ret == 1 && kshare_reply_count(r) == 1);
	check(kshare_reply_value(r, 0)->len == sizeof(text));

	/* It waits and is canceled; it waits until its deadline. */
	kshare_prep_queue_get(&cmd, queue, KSHARE_FOREVER);
	kshare_set_tag(&cmd, 17);
	sqe = ring_entry(&ring);
	ret = flags & IORING_SETUP_SQE128 ? kshare_uring_prep(sqe, k, &cmd) :
					    kshare_uring_prep_ptr(sqe, k, &cmd);
	check(ret == 0);
	ring_submit(&ring);
	until_waiters(queue, 1);
	check(kshare_cancel(k, 17) == 1);
	check(ring_wait(&ring, &user_data) == -ECANCELED);
	kshare_prep_queue_get(&cmd, queue, soon());
	check(ring_run(&ring, &cmd) == -ETIMEDOUT);

	/* By a registered descriptor. */
	check(syscall(__NR_io_uring_register, ring.fd, IORING_REGISTER_FILES, &fd, 1) == 0);
	kshare_prep_nop(&cmd);
	sqe = ring_entry(&ring);
	ret = flags & IORING_SETUP_SQE128 ? kshare_uring_prep(sqe, k, &cmd) :
					    kshare_uring_prep_ptr(sqe, k, &cmd);
	check(ret == 0);
	kshare_uring_set_fixed(sqe, 0);
	ring_submit(&ring);
	check(ring_wait(&ring, &user_data) == 0);

	ring_close(&ring);
	kshare_unref(queue);
	kshare_unref(lock);
}

int main(void)
{
	uint64_t before;
	int err;

	err = kshare_connect(NULL, &k);
	if (err) {
		printf("skipped: %s: %s\n", KSHARE_DEVICE, kshare_strerror(err));
		return 77;
	}
	before = objects();
	test_create();
	test_semaphore();
	test_rwlock();
	test_detect();
	test_condition();
	test_barrier();
	test_queue();
	test_wait();
	test_export_fd();
	test_who();
	test_watch();
	test_ring(IORING_SETUP_SQE128);
	test_ring(0);
	kshare_reply_free(r);
	check(objects() == before);
	kshare_disconnect(k);
	return 0;
}
