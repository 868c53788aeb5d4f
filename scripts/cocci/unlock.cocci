// SPDX-License-Identifier: GPL-2.0-only
/// Who locks objects, names, tickets, or begins a lockset or to read under RCU, ends
/// that before it returns, on each path.  (The kernel's mini_lock.cocci looks after
/// plain spinlocks and mutexes.)

virtual report

@initialize:python@
@@
# A lock that is held when it returns, and why that is right
RIGHT = {
	"kshare_run_lock": "is a lock itself",
	"kshare_atomic_own": "is a lock itself",
	"kshare_step_on": "locks and unlocks if the object is not owned",
	"kshare_scan": "owns or locks, and goes by the same flag when it lets go",
	"kshare_domain_check": "locks and unlocks if the domain has a name",
}

def tell(p1, p2):
	f = p2[0].current_element
	if f not in RIGHT:
		print("%s:%s: %s() leaves with what it has locked in line %s" %
		      (p2[0].file, p2[0].line, f, p1[0].line))

@object exists@
expression lock;
position p1, p2;
@@
(
kshare_object_lock@p1(lock)
|
kshare_lockset_begin@p1(lock)
)
... when != kshare_object_unlock(lock)
    when != kshare_unlock_and_wake(lock, ...)
    when != kshare_quick_end(lock, ...)
    when != kshare_lockset_end(lock)
return@p2 ...;

@script:python@
p1 << object.p1;
p2 << object.p2;
@@
tell(p1, p2)

@table exists@
position p1, p2;
@@
(
kshare_names_lock@p1()
|
kshare_tickets_lock@p1()
)
... when != kshare_names_unlock()
    when != kshare_tickets_unlock()
return@p2 ...;

@script:python@
p1 << table.p1;
p2 << table.p2;
@@
tell(p1, p2)

@rcu exists@
position p1, p2;
@@
rcu_read_lock@p1()
... when != rcu_read_unlock()
return@p2 ...;

@script:python@
p1 << rcu.p1;
p2 << rcu.p2;
@@
tell(p1, p2)
