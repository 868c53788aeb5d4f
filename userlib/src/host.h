/* SPDX-License-Identifier: LGPL-2.1-or-later OR MIT */
/*
 * What host.c (classes and their instances), serve.c (calls) and loop.c (threads) share.
 *
 * A class has one lock, for its table of instances, its list of calls and its threads.
 * No command is carried out under it, and none of the user's functions called.  In a child
 * of fork() it may be held by a thread that is not there: ks_class_is_lost() comes first.
 */
#ifndef HOST_H
#define HOST_H

#include <pthread.h>

#include "internal.h"

/**
 * struct ks_instance - a pointer of the host's
 * @next: in its place of the table
 * @id: &kshare_stat.id of the instance
 * @ptr: the pointer
 */
struct ks_instance {
	struct ks_instance *next;
	uint64_t id;
	void *ptr;
};

/**
 * struct kshare_class - a class whose host this process is
 * @refs: the user's, and one of each call
 * @obj: its proxy
 * @generation: of the client when it was made
 * @token: how many hosts it has had
 * @def: what it is
 * @lock: for all that follows
 * @table: instances with pointers; @table_size places, a power of 2
 * @table_size: 0 before the first one
 * @instances: number of them
 * @calls: calls under way, the newest first
 * @spare: one that is over, for the next; or NULL; taken and left without the lock
 * @stopping: threads are to end
 * @error: the first that ended a thread
 * @waiting: threads that wait in a command, or are about to
 * @stop_tag: what the waits of threads carry
 * @threads: the library's, which nobody has joined yet
 * @thread_count: number of them
 */
struct kshare_class {
	unsigned int refs;
	struct kshare_obj *obj;
	unsigned int generation;
	uint64_t token;
	struct kshare_class_def def;
	pthread_mutex_t lock;
	struct ks_instance **table;
	size_t table_size;
	size_t instances;
	struct kshare_call *calls;
	struct kshare_call *spare;
	bool stopping;
	int error;
	unsigned int waiting;
	uint64_t stop_tag;
	pthread_t *threads;
	unsigned int thread_count;
};

/* host.c */
bool ks_class_is_lost(const struct kshare_class *cls);
void ks_class_hold(struct kshare_class *cls);
void ks_class_put(struct kshare_class *cls);
void *ks_class_ptr(struct kshare_class *cls, uint64_t id);
void *ks_class_forget(struct kshare_class *cls, uint64_t id);

/* serve.c */
struct kshare_reply *ks_call_take_reply(struct kshare_call *call);

#endif /* HOST_H */
