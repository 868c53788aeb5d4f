// SPDX-License-Identifier: GPL-2.0-only
/// Who gets a reference lets go of it on each way out, or hands it on; who has let go
/// of one does not look at what it referred to.

virtual report

@initialize:python@
@@
# What returns with a reference, and why that is right
RIGHT = {
	"kshare_client_bind": "the same ret tells whether the client has it",
	"kshare_watch": "kshare_watch_put() lets go of it",
	"kshare_ticket_create": "kshare_ticket_free() lets go of it",
}

def tell(p1, p2):
	f = p2[0].current_element
	if f not in RIGHT:
		print("%s:%s: %s() returns with the reference of line %s" %
		      (p2[0].file, p2[0].line, f, p1[0].line))

@got exists@
idexpression x;
idexpression int ret;
expression E;
identifier f, m;
identifier get = {kshare_handle_find, kshare_handle_find_slow, kshare_handle_ref, kshare_object_next,
		  kshare_object_create, kshare_waits_for, kshare_user_find, kshare_who_create,
		  kshare_client_create, kshare_client_clone, kshare_domain_create,
		  kshare_blob_alloc, kshare_msg_make, kshare_user_get, kshare_who_get};
identifier put = {kshare_object_put, kshare_user_put, kshare_who_put, kshare_client_release, kvfree,
		  kfree, kshare_object_put_deferred, kshare_blob_put, kshare_msg_free,
		  kshare_run_drop, kshare_object_next};
identifier hand_on = {kshare_handle_publish, anon_inode_getfile};
statement S;
position p1, p2;
@@
x = get@p1(...);
if (\(!x\|IS_ERR(x)\)) S
... when != E = x
    when != E = f(x)
    when != E = &x->m
    when != x = E
    when != put(x)
    when != put(x, ...)
    when != put(..., x)
    when != hand_on(..., x, ...)
    when != kshare_object_put(&x->m)
return@p2 ret;

@script:python@
p1 << got.p1;
p2 << got.p2;
@@
tell(p1, p2)

@taken exists@
idexpression x;
idexpression int ret;
expression E;
identifier f, m;
identifier get = {kshare_object_get, kshare_user_get, kshare_who_get};
identifier put = {kshare_object_put, kshare_user_put, kshare_who_put, kshare_client_release, kvfree,
		  kfree, kshare_object_put_deferred, kshare_blob_put, kshare_msg_free,
		  kshare_run_drop, kshare_object_next};
identifier hand_on = {kshare_handle_publish, anon_inode_getfile};
position p1, p2;
@@
get@p1(x)
... when != E = x
    when != E = f(x)
    when != E = &x->m
    when != x = E
    when != put(x)
    when != put(x, ...)
    when != put(..., x)
    when != hand_on(..., x, ...)
    when != kshare_object_put(&x->m)
return@p2 ret;

@script:python@
p1 << taken.p1;
p2 << taken.p2;
@@
tell(p1, p2)

@put exists@
expression x, E;
identifier m;
identifier fn = {kshare_object_put, kshare_object_put_deferred, kshare_user_put, kshare_who_put,
		 kshare_blob_put, kshare_client_release, kshare_msg_free, kshare_call_free,
		 kshare_entry_put};
position p1, p2;
@@
(
fn@p1(x)
|
fn@p1(x, ...)
|
kshare_run_drop@p1(..., x)
)
... when != x = E
    when != &x
x->m@p2

@script:python@
p1 << put.p1;
p2 << put.p2;
x << put.x;
@@
print("%s:%s: %s is looked at, and was let go in line %s" %
      (p2[0].file, p2[0].line, x, p1[0].line))
