// SPDX-License-Identifier: GPL-2.0-only
/// User memory is read once: what is read twice may differ, and it was the first that
/// was checked.

virtual report

@initialize:python@
@@
SIZE = "compares the size that was read first with the copy's"
# Who reads twice, and why that is right
RIGHT = {
	"kshare_cmd_copy": SIZE,
	"kshare_ioctl_batch": SIZE,
	"kshare_ioctl_query": SIZE,
}

@r exists@
expression from, E1, E2, E3, E4, E5;
identifier copy = {copy_from_user, __copy_from_user, __copy_from_user_inatomic};
type T;
position p1, p2;
@@
(
get_user@p1(E1, \(from\|(T)from\))
|
copy@p1(E1, from, ...)
|
copy_struct_from_user@p1(E1, ..., from, E2)
|
kshare_size_get@p1(from, ...)
|
kshare_cmd_copy@p1(from, ...)
)
... when != from = E5
    when != from += E5
    when != from++
(
get_user@p2(E3, \(from\|(T)from\))
|
copy@p2(E3, from, ...)
|
copy_struct_from_user@p2(E3, ..., from, E4)
|
kshare_cmd_copy@p2(from, ...)
)

@script:python@
p1 << r.p1;
p2 << r.p2;
from_ << r.from;
@@
f = p2[0].current_element
if f not in RIGHT and p1[0].line != p2[0].line:
	print("%s:%s: %s() reads %s again, after line %s" %
	      (p2[0].file, p2[0].line, f, from_, p1[0].line))
