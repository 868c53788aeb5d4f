// SPDX-License-Identifier: GPL-2.0-only
/// Who takes the element out, or frees it, that a walk over a list is at, walks by the
/// _safe form, or ends there.

virtual report

@r exists@
iterator name list_for_each_entry, list_for_each_entry_reverse, list_for_each_entry_continue;
expression x;
identifier m, l;
identifier del = {list_del, list_del_init, list_move, list_move_tail};
identifier free = {kfree, kvfree, kshare_msg_free, kshare_call_free, kshare_line_drop,
		   kshare_watch_put, kshare_watch_unlink};
position p1, p2;
@@
(
list_for_each_entry@p1(x, ...) {
... when any
\(del@p2(&x->m, ...)\|del@p2(&x->m)\|free@p2(..., x, ...)\)
... when != break;
    when != return ...;
    when != goto l;
}
|
list_for_each_entry_reverse@p1(x, ...) {
... when any
\(del@p2(&x->m, ...)\|del@p2(&x->m)\|free@p2(..., x, ...)\)
... when != break;
    when != return ...;
    when != goto l;
}
)

@script:python@
p1 << r.p1;
p2 << r.p2;
@@
print("%s:%s: %s() takes out what the loop of line %s goes on from" %
      (p2[0].file, p2[0].line, p2[0].current_element, p1[0].line))
