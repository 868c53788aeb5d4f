/* SPDX-License-Identifier: LGPL-2.1-or-later OR MIT */
/*
 * libkshare - live, typed, refcounted objects shared between processes.
 *
 * The words, in the order in which a program meets them:
 *
 * - A *client* (struct kshare) is this process's connection to the kernel.  All
 *   that it holds is given back when it goes, or when the process dies.
 * - A *proxy* (struct kshare_obj) stands for one object.  It has a reference
 *   count of this process's own; kshare_unref() of the last one lets the object
 *   go.  An object lives as long as a proxy in any process, or another object
 *   that lives, refers to it.
 * - A *value* (struct kshare_value) is what objects hold: kshare_int(),
 *   kshare_str(), kshare_ref() and so on make one.
 * - A *reply* (struct kshare_reply) owns the values that an operation gave back.
 * - A *command* (struct kshare_cmd) is one operation, not carried out yet.
 *   kshare_prep_dict_set() fills one, kshare_submit() carries it out, and
 *   kshare_dict_set() does both.  Batches take the same commands.
 *
 * Names: the operation KSHARE_OP_DICT_SET of <linux/kshare.h> is carried out by
 * kshare_dict_set() and prepared by kshare_prep_dict_set().
 *
 * Results: 0 or a positive number, or a negative errno value; errno itself is
 * left alone.  kshare_strerror() has the words.  Check for "< 0": many functions
 * return a positive number on success.
 *
 * Threads: everything may be called from any thread at any time, but a reply or
 * a batch belongs to one thread at a time.  The library prints nothing, handles
 * no signals, and keeps no state outside of clients but the list of them that
 * its fork handler needs.
 *
 * fork(2): proxies are good in the child, with references of its own; see
 * kshare/client.h.
 */
#ifndef KSHARE_H
#define KSHARE_H

#include <linux/kshare.h>

#include <kshare/value.h>
#include <kshare/client.h>
#include <kshare/object.h>
#include <kshare/reply.h>
#include <kshare/command.h>
#include <kshare/domain.h>
#include <kshare/share.h>
#include <kshare/cell.h>
#include <kshare/array.h>
#include <kshare/dict.h>
#include <kshare/namespace.h>
#include <kshare/list.h>
#include <kshare/lock.h>
#include <kshare/rwlock.h>
#include <kshare/semaphore.h>
#include <kshare/condition.h>
#include <kshare/queue.h>
#include <kshare/barrier.h>
#include <kshare/event.h>
#include <kshare/wait.h>
#include <kshare/watch.h>
#include <kshare/class.h>
#include <kshare/serve.h>
#include <kshare/call.h>
#include <kshare/local.h>
#include <kshare/uring.h>

#endif /* KSHARE_H */
