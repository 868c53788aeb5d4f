// SPDX-License-Identifier: LGPL-2.1-or-later OR MIT
/*
 * Nested: a namespace in a list is shared as the list is.  list[0] is no copy, so
 * what a child does to it is seen by all.
 */
#include "example.h"

/* What a method would be: the caller does not say which attribute changes. */
static void point_reset(struct kshare_obj *point)
{
	must(kshare_namespace_set(point, "x", kshare_int(200)));
}

static int64_t get_x(struct kshare_obj *point)
{
	struct kshare_reply *reply KSHARE_CLEANUP_REPLY = NULL;
	int64_t x;

	must(kshare_namespace_get(point, "x", &reply));
	must(kshare_reply_int(reply, 0, &x));
	return x;
}

/* list[index], as a proxy of its own. */
static struct kshare_obj *element(struct kshare_obj *list, int64_t index)
{
	struct kshare_reply *reply KSHARE_CLEANUP_REPLY = NULL;
	struct kshare_obj *obj;

	must(kshare_list_get(list, index, &reply));
	must(kshare_reply_obj(reply, 0, &obj));
	return obj;
}

int main(void)
{
	struct kshare *k = start("nested: a child changes a namespace that is inside a list");
	struct kshare_obj *list, *point;
	pid_t pid;

	must(kshare_list_create(k, 0, &list));
	must(kshare_namespace_create(k, 0, &point));
	must(kshare_namespace_set(point, "x", kshare_int(1)));
	must(kshare_list_append(list, kshare_ref(point)));
	say("before: %s", show(list));

	if (child("child", &pid)) {
		/* Through the list, as one that was given only the list would. */
		struct kshare_obj *mine KSHARE_CLEANUP = element(list, 0);

		must(kshare_namespace_set(mine, "x", kshare_int(500)));
		say("list[0].x = 500: %s", show(list));
		point_reset(mine);
		say("list[0].reset(): %s", show(list));
		must(kshare_namespace_add(mine, "x", kshare_int(1), 0, NULL));
		say("list[0].x += 1: %s", show(list));
		exit(wrong != 0);
	}
	wait_for(pid);

	say("after: %s", show(list));
	claim(get_x(point) == 201, "x is 201, by the proxy that the parent had before");

	struct kshare_obj *again KSHARE_CLEANUP = element(list, 0);

	claim(get_x(again) == 201, "x is 201, by list[0]");
	claim(kshare_same(point, again) == 1, "both are the same object");

	kshare_unref(point);
	kshare_unref(list);
	kshare_disconnect(k);
	return finish();
}
