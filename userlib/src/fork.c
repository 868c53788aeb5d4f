// SPDX-License-Identifier: LGPL-2.1-or-later OR MIT
/*
 * fork(2): each client is cloned before, and the child takes the clones over.
 *
 * The lock is only for the list.  Proxies need none: what other threads do with
 * them at the moment of a fork is either before or after the clone.  If a thread
 * drops the last reference to one after it, the child has a proxy that was that
 * thread's, as it has all the others of threads that it does not have.
 */
#include <pthread.h>

#include "internal.h"

static pthread_mutex_t clients_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_once_t handlers_once = PTHREAD_ONCE_INIT;
static int handlers_error;
static struct kshare *clients;

static void before_fork(void)
{
	struct kshare *k;

	pthread_mutex_lock(&clients_lock);
	ks_locals_before_fork();
	for (k = clients; k; k = k->next) {
		if (k->error)
			k->clone_error = k->error;
		else if (k->no_inherit)
			k->clone_error = -EPERM;
		else
			k->clone_error = k->engine->ops->fork_prepare(k->engine);
	}
}

static void in_parent(void)
{
	struct kshare *k;

	for (k = clients; k; k = k->next) {
		if (!k->clone_error)
			k->engine->ops->fork_parent(k->engine);
		k->clone_error = 0;
	}
	ks_locals_after_fork();
	pthread_mutex_unlock(&clients_lock);
}

/* One thread, and nothing may be called but what is safe in a signal handler. */
static void in_child(void)
{
	struct kshare *k;

	for (k = clients; k; k = k->next) {
		bool alive = !k->error;

		k->generation++;
		if (alive && k->clone_error)
			k->engine->ops->fork_child(k->engine, false);
		else if (alive)
			k->clone_error = k->engine->ops->fork_child(k->engine, true);
		k->error = k->clone_error;
		k->clone_error = 0;
	}
	ks_locals_after_fork();
	pthread_mutex_unlock(&clients_lock);
}

static void register_handlers(void)
{
	handlers_error = -pthread_atfork(before_fork, in_parent, in_child);
}

int ks_clients_add(struct kshare *k)
{
	pthread_once(&handlers_once, register_handlers);
	if (handlers_error)
		return handlers_error;
	pthread_mutex_lock(&clients_lock);
	k->next = clients;
	if (clients)
		clients->prev = k;
	clients = k;
	pthread_mutex_unlock(&clients_lock);
	return 0;
}

void ks_clients_del(struct kshare *k)
{
	pthread_mutex_lock(&clients_lock);
	if (k->next)
		k->next->prev = k->prev;
	if (k->prev)
		k->prev->next = k->next;
	else
		clients = k->next;
	pthread_mutex_unlock(&clients_lock);
}
