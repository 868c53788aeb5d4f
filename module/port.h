/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What value, table and deque need of their surroundings.  They are compiled in
 * user space too, for unit tests and fuzzing, where tests/unit/shim.h stands in
 * for the kernel.
 */
#ifndef KSHARE_PORT_H
#define KSHARE_PORT_H

#ifdef __KERNEL__
#include <linux/bitops.h>
#include <linux/cleanup.h>
#include <linux/err.h>
#include <linux/list.h>
#include <linux/llist.h>
#include <linux/log2.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/overflow.h>
#include <linux/rbtree.h>
#include <linux/rcupdate.h>
#include <linux/refcount.h>
#include <linux/sched.h>
#include <linux/siphash.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/types.h>
#else
#include "shim.h"
#endif

#include <linux/kshare.h>

#endif /* KSHARE_PORT_H */
