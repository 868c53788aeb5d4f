// SPDX-License-Identifier: GPL-2.0-only
/// Nothing sleeps under a spinlock or rcu_read_lock(): no allocation that may, no
/// kvfree(), no mutex, no access to user memory that may fault.  Through any number of
/// calls within the module; of calls through pointers, those that are made with the
/// object locked count by the names of the members.
//
// An owned object is not locked (lockset.h), so what is done only if it is owned may
// sleep, and so may what is done only if user memory may be faulted in.

virtual report

@initialize:python@
@@
import re

calls = {}	# function -> what it calls
defined = {}	# function -> (file, line)
under = {}	# (file, line) -> (function, what it calls, name of the lock)
gfp = set()	# where an allocation may sleep
fine = set()	# what is done only if nothing is locked

SLEEPS = set("""mutex_lock mutex_lock_interruptible mutex_lock_killable down_read down_write
	might_sleep cond_resched schedule schedule_hrtimeout schedule_hrtimeout_range
	io_schedule kvfree vfree vmalloc vmalloc_user vzalloc synchronize_rcu rcu_barrier
	copy_from_user copy_to_user copy_struct_from_user copy_struct_to_user get_user put_user
	clear_user fault_in_writeable fault_in_safe_writeable fault_in_readable flush_work
	flush_workqueue destroy_workqueue cancel_work_sync mmu_notifier_get mmu_notifier_put
	mmu_notifier_register mmu_notifier_synchronize wait_event msleep mmput""".split())

# Called with the object locked, or under RCU
LOCKED = "apply undo left line queued stat poll holds quick read"

# (function, what it calls): why that is right
RIGHT = {
	("kshare_object_lock", "__kshare_object_lock_slow"): "drops the lock before it sleeps",
	("kshare_scan", "kshare_lockset_begin"): "has another lock in each turn of the loop",
	("kshare_scan", "cond_resched"): "has unlocked what it has locked",
	("kshare_list_sort", "cond_resched"): "kshare_list_sort_prepare() has it owned",
	("kshare_list_sort", "kshare_sort"): "the same",
}

def where(p):
	return (p.file, int(p.line), int(p.column))

@owned1@
symbol owned, pause, may_fault, may_sleep;
expression C, E;
position p;
identifier fn;
@@
(
 if (\(owned\|pause\|C->owned\|may_fault || C->owned\)) fn@p(...);
|
 if (may_sleep && C) fn@p(...);
|
 if (may_fault) return fn@p(...) ? E : 0;
)

@script:python@
p << owned1.p;
@@
fine.add(where(p[0]))

@owned2 exists@
symbol owned, may_fault;
position p;
identifier fn;
expression C, E;
@@
(
 if (!owned) return E;
|
 if (!C->owned) return E;
|
 if (!may_fault) return E;
)
 ...
 fn@p(...)

@script:python@
p << owned2.p;
@@
fine.add(where(p[0]))

@call@
identifier fn;
position p;
@@
fn@p(...)

@script:python@
fn << call.fn;
p << call.p;
@@
if where(p[0]) not in fine:
	calls.setdefault(p[0].current_element, set()).add(fn)

@alloc@
identifier fn;
position p;
@@
fn@p(...,
(
GFP_KERNEL
|
GFP_KERNEL_ACCOUNT
|
GFP_USER
)
,...)

@script:python@
p << alloc.p;
@@
calls.setdefault(p[0].current_element, set()).add("GFP_KERNEL")
gfp.add(where(p[0]))

@locked exists@
identifier fn;
position p1, p2;
@@
(
spin_lock@p1(...)
|
spin_lock_irq@p1(...)
|
spin_lock_bh@p1(...)
|
xa_lock@p1(...)
|
kshare_object_lock@p1(...)
)
... when != spin_unlock(...)
    when != spin_unlock_irq(...)
    when != spin_unlock_bh(...)
    when != xa_unlock(...)
    when != kshare_object_unlock(...)
    when != kshare_unlock_and_wake(...)
    when != kshare_quick_end(...)
fn@p2(...)

@script:python@
fn << locked.fn;
p1 << locked.p1;
p2 << locked.p2;
@@
if fn not in ("kshare_unlock_and_wake", "kshare_quick_end"):
	under[where(p2[0])] = (p2[0].current_element, fn, "the lock of line " + p1[0].line)

@quick exists@
identifier try = {kshare_quick_lock, kshare_direct_lock};
identifier fn;
statement S;
position p1, p2;
@@
if (!try@p1(...)) S
... when != spin_unlock(...)
    when != kshare_quick_end(...)
fn@p2(...)

@script:python@
fn << quick.fn;
p1 << quick.p1;
p2 << quick.p2;
@@
if fn != "kshare_quick_end":
	under[where(p2[0])] = (p2[0].current_element, fn, "the lock of line " + p1[0].line)

@rcu exists@
identifier fn;
position p1, p2;
@@
rcu_read_lock@p1()
... when != rcu_read_unlock()
fn@p2(...)

@script:python@
fn << rcu.fn;
p1 << rcu.p1;
p2 << rcu.p2;
@@
under[where(p2[0])] = (p2[0].current_element, fn, "rcu_read_lock() of line " + p1[0].line)

@def@
identifier fn;
position p;
@@
fn@p(...) { ... }

@script:python@
fn << def.fn;
p << def.p;
@@
defined[fn] = (p[0].file, int(p[0].line))

@finalize:python@
@@
way = {}
todo = []
for f, called in calls.items():
	for g in called & (SLEEPS | {"GFP_KERNEL"}):
		if (f, g) not in RIGHT:
			way[f] = g
todo = list(way)
while todo:
	g = todo.pop()
	for f, called in calls.items():
		if g in called and f not in way and (f, g) not in RIGHT:
			way[f] = g
			todo.append(f)

def follow(g):
	path = [g]
	while path[-1] in way:
		path.append(way[path[-1]])
	return " -> ".join(path)

for at in sorted(under):
	f, g, lock = under[at]
	if (f, g) in RIGHT or at in fine:
		continue
	if at in gfp:
		g += "(GFP_KERNEL)"
	elif g not in SLEEPS and g not in way:
		continue
	print("%s:%d: %s() may sleep under %s: %s" % (at[0], at[1], f, lock, follow(g)))

member = re.compile(r"\.(%s)\s*=\s*(\w+)" % LOCKED.replace(" ", "|"))
found = set()
for f in {file for file, line in defined.values() if file.endswith(".c")}:
	found |= set(member.findall(open(f).read()))
for name, g in sorted(found):
	if g in way and g in defined:
		print("%s:%d: %s() may sleep, and is called under a lock as .%s: %s" %
		      (*defined[g], g, name, follow(g)))
