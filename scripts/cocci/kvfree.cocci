// SPDX-License-Identifier: GPL-2.0-only
/// What kvmalloc() and its like gave goes by kvfree(), what kmalloc() gave by kfree(),
/// what vmalloc() gave by vfree(), wherever it was kept meanwhile: it is known by the
/// type and the name of the member or variable.
// Options: --recursive-includes --include-headers-for-types -I module

virtual report

@initialize:python@
@@
made = {}	# (type, name) -> {how: where}
freed = []

def name(e):
	return e.replace("(", "").replace(")", "").replace("*", "").split(">")[-1].split(".")[-1].strip()

def note(how, t, e, p):
	made.setdefault((t, name(e)), {})[how] = "%s:%s" % (p[0].file, p[0].line)

@k@
type T;
T *e;
position p;
@@
e@p = \(kmalloc\|kzalloc\|kcalloc\|kmalloc_array\|kmemdup\|kstrdup\|kshare_record_alloc\)(...)

@script:python@
t << k.T;
e << k.e;
p << k.p;
@@
note("kfree", t, e, p)

@kv@
type T;
T *e;
position p;
@@
e@p = \(kvmalloc\|kvzalloc\|kvcalloc\|kvmalloc_array\|kvmemdup\)(...)

@script:python@
t << kv.T;
e << kv.e;
p << kv.p;
@@
note("kvfree", t, e, p)

@v@
type T;
T *e;
position p;
@@
e@p = \(vmalloc\|vzalloc\|vmalloc_user\)(...)

@script:python@
t << v.T;
e << v.e;
p << v.p;
@@
note("vfree", t, e, p)

@free@
type T;
T *e;
identifier fn = {kfree, kvfree, vfree, kfree_rcu, kvfree_rcu};
position p;
@@
fn@p(e, ...)

@script:python@
t << free.T;
e << free.e;
fn << free.fn;
p << free.p;
@@
freed.append((p[0].file, int(p[0].line), t, e, fn))

@finalize:python@
@@
types = {}
for (t, n), how in made.items():
	if t != "void":
		types.setdefault(t, {}).update(how)
for file, line, t, e, fn in sorted(freed):
	how = made.get((t, name(e))) or types.get(t, {})
	kind = fn.replace("_rcu", "")
	if how and kind not in how:
		print("%s:%d: %s(%s), but %s() frees what is allocated in %s" %
		      (file, line, fn, e, *next(iter(how.items()))))
