// SPDX-License-Identifier: GPL-2.0-only
/// A function says by ERR_PTR() or by NULL that it has failed, and is asked for that:
/// what gives an error is not compared with NULL, and what gives NULL not with IS_ERR().

virtual report

@initialize:python@
@@
errors = set()
nulls = set()
asked = {}	# (file, line) -> (function, what it calls, for what it is asked)

@err@
identifier fn;
position p;
@@
fn@p(...) {
<+...
(
return ERR_PTR(...);
|
return ERR_CAST(...);
)
...+>
}

@script:python@
fn << err.fn;
@@
errors.add(fn)

@none@
identifier fn;
position p;
@@
fn@p(...) {
<+... return NULL; ...+>
}

@script:python@
fn << none.fn;
@@
nulls.add(fn)

@is_null exists@
identifier fn;
expression x, y;
statement S1, S2;
position p;
@@
x = fn@p(...)
... when != x = y
    when != IS_ERR(x)
    when != IS_ERR_OR_NULL(x)
    when != PTR_ERR_OR_ZERO(x)
if (\(!x\|x\|x == NULL\|x != NULL\)) S1 else S2

@script:python@
fn << is_null.fn;
p << is_null.p;
@@
asked[(p[0].file, int(p[0].line))] = (p[0].current_element, fn, "NULL")

@is_err exists@
identifier fn;
expression x, y;
position p;
@@
x = fn@p(...)
... when != x = y
\(IS_ERR(x)\|PTR_ERR_OR_ZERO(x)\)

@script:python@
fn << is_err.fn;
p << is_err.p;
@@
asked[(p[0].file, int(p[0].line))] = (p[0].current_element, fn, "an error")

@finalize:python@
@@
for at in sorted(asked):
	f, fn, what = asked[at]
	if what == "NULL" and fn in errors - nulls:
		print("%s:%d: %s() compares what %s() returns with NULL, which is an error or a pointer" %
		      (*at, f, fn))
	elif what == "an error" and fn in nulls - errors:
		print("%s:%d: %s() looks for an error in what %s() returns, which is NULL or a pointer" %
		      (*at, f, fn))
