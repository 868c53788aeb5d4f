/* SPDX-License-Identifier: GPL-2.0-only */
/**
 * DOC: kshare, inside
 *
 * Rooms, outside in; a lower one never calls a higher one:
 *
 *	door/		the character device: copies commands in and out
 *	command, batch	the table of operations, and how a row is carried out
 *	run, line, park, multi	one command; its waiting; waiting for several objects
 *	client, handle, domain, name, ticket, grant	who may name what
 *	account		who pays
 *	gate, collect	references that can be revoked; circles of references
 *	object, lockset	refcounts, types, locking
 *	types/		a file each
 *	value, table, deque, wait
 *
 * Order of locks, outermost first:
 *
 *	io_ring_ctx::uring_lock	io_uring's; may be held by who calls the io_uring door
 *	kshare_process::lock	mutex; clients of a process; held over settlement
 *	  kshare_client::wait_lock	mutex; its commands that others must find
 *	    kshare_collector::lock	mutex; one pass over a domain
 *	    kshare_names_mutex	mutex; names of domains
 *	    kshare_tickets_mutex	mutex; all tickets
 *	      kshare_client::members_lock	mutex; the domains that it is in
 *	        kshare_domain::members_lock	mutex; who is in it
 *	          kshare_users_lock	mutex; accounts of users
 *	          kshare_domain::lockset	mutex; held by who owns objects (lockset.h)
 *	            kshare_object::lock	spinlock
 *	              kshare_client::held_lock	spinlock; what it holds, and waits for
 *	              kshare_watch::lock	spinlock; changes that are to be told
 *	              kshare_observers::poll	the wait queue's spinlock
 *	              kshare_domain::objects_lock  spinlock; all objects of a domain,
 *						names of classes
 *	  kshare_client::handles	xarray's own spinlock
 *
 * Under a spinlock nothing sleeps, allocates, frees an object or faults on user
 * memory.  No user memory is touched under kshare_domain::lockset and
 * kshare_client::wait_lock either, but with page faults disabled: a fault can be
 * made to last for ever.
 */
#ifndef KSHARE_KSHARE_H
#define KSHARE_KSHARE_H

#include <linux/atomic.h>
#include <linux/mutex.h>
#include <linux/nospec.h>
#include <linux/seqlock.h>
#include <linux/spinlock.h>
#include <linux/uaccess.h>
#include <linux/xarray.h>

#include "compat.h"
#include "value.h"

struct kshare_client;
struct kshare_domain;
struct kshare_object;
struct kshare_row;
struct kshare_run;
struct kshare_type_ops;

#endif /* KSHARE_KSHARE_H */
