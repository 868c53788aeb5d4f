/* SPDX-License-Identifier: LGPL-2.1-or-later OR MIT */
/*
 * Engines: who carries out commands.
 *
 * The rest of the library knows clients, proxies, values and commands.  What a
 * command does, and where objects live, is an engine's business.  An engine
 * offers little: carry out a command, or several, and wait for the result; let a
 * child of fork() have the same references; map an array; close.
 *
 * Handles, values and results have the layout of <linux/kshare.h> whatever the
 * engine.  Functions return 0 or a positive number, or a negative errno value,
 * leave errno alone, and may be called from many threads at once; those of fork
 * are called with no other thread in the list of clients, and in the child must
 * use only what is safe there: system calls.
 */
#ifndef ENGINE_H
#define ENGINE_H

#include <stdbool.h>
#include <stdint.h>

#include <linux/kshare.h>

struct kshare_engine;

/**
 * struct kshare_engine_ops - what an engine does
 * @submit: carries out a command, and waits for it
 * @submit_batch: carries out several
 * @query: tells what it can do
 * @map: maps an array; NULL if it cannot
 * @fd: the descriptor of this client; NULL if it has none
 * @fork_prepare: before fork(): makes ready what the child is to have
 * @fork_parent: after fork() in the parent: drops that
 * @fork_child: after fork() in the child: takes it over, or, if @inherit is not
 *	set or @fork_prepare has failed, only lets go of the parent's
 * @close: the end
 */
struct kshare_engine_ops {
	int (*submit)(struct kshare_engine *engine, struct kshare_cmd *cmd);
	int (*submit_batch)(struct kshare_engine *engine, struct kshare_batch *batch);
	int (*query)(struct kshare_engine *engine, struct kshare_query *q);
	int (*map)(struct kshare_engine *engine, uint32_t handle, bool writable, size_t bytes,
		   void **addr);
	int (*fd)(struct kshare_engine *engine);
	int (*fork_prepare)(struct kshare_engine *engine);
	void (*fork_parent)(struct kshare_engine *engine);
	int (*fork_child)(struct kshare_engine *engine, bool inherit);
	void (*close)(struct kshare_engine *engine);
};

struct kshare_engine {
	const struct kshare_engine_ops *ops;
};

/* The kernel: a new client, or one that @fd is (taken over if it succeeds). */
int ks_engine_kernel_open(const char *device, struct kshare_engine **engine);
int ks_engine_kernel_adopt(int fd, struct kshare_engine **engine);

#endif /* ENGINE_H */
