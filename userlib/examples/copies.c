// SPDX-License-Identifier: LGPL-2.1-or-later OR MIT
/*
 * Copies are not shared: after fork() a child has a copy of ordinary memory, so
 * what it changes there stays its own.  A kshare list is one list for both.
 */
#include "example.h"

int main(void)
{
	struct kshare *k = start("copies: a child changes a list in memory, and a kshare list");
	struct kshare_value first[] = { kshare_int(1), kshare_int(2), kshare_int(3) };
	int plain[] = { 1, 2, 3 };
	struct kshare_obj *list;
	struct kshare_reply *reply = NULL;
	int64_t n;
	pid_t pid;

	must(kshare_list_create(k, 0, &list));
	must(kshare_list_extend(list, first, 3));
	say("before: memory [%d, %d, %d], kshare %s", plain[0], plain[1], plain[2], show(list));

	if (child("child", &pid)) {
		plain[0] = 100;
		must(kshare_list_set(list, 0, kshare_int(100)));
		must(kshare_list_append(list, kshare_int(4)));
		say("changed: memory [%d, %d, %d], kshare %s", plain[0], plain[1], plain[2],
		    show(list));
		exit(wrong != 0);
	}
	wait_for(pid);

	say("after: memory [%d, %d, %d], kshare %s", plain[0], plain[1], plain[2], show(list));
	claim(plain[0] == 1, "the list in memory is as it was");
	must(kshare_list_get(list, 0, &reply));
	must(kshare_reply_int(reply, 0, &n));
	claim(n == 100 && kshare_list_len(list) == 4, "the kshare list is changed");

	kshare_reply_free(reply);
	kshare_unref(list);
	kshare_disconnect(k);
	return finish();
}
