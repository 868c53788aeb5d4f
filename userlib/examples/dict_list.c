// SPDX-License-Identifier: LGPL-2.1-or-later OR MIT
/*
 * Dict and list: a child stores {1: "1", "2": 2, 0.25: none} and reverses a list
 * of ten; the parent sees both, in that order.  Then: the same object and an
 * equal one are two questions.
 */
#include "example.h"

int main(void)
{
	struct kshare *k = start("dict and list: a child fills a dict and reverses a list");
	struct kshare_obj *dict, *list, *twin, *other;
	struct kshare_reply *reply = NULL;
	int64_t n;
	pid_t pid;
	int i;

	must(kshare_dict_create(k, 0, &dict));
	must(kshare_list_create(k, 0, &list));
	for (i = 0; i < 10; i++)
		must(kshare_list_append(list, kshare_int(i)));
	say("before: %s %s", show(dict), show(list));

	if (child("child", &pid)) {
		must(kshare_dict_set(dict, kshare_int(1), kshare_str("1")));
		must(kshare_dict_set(dict, kshare_str("2"), kshare_int(2)));
		must(kshare_dict_set(dict, kshare_float(0.25), kshare_none()));
		must(kshare_list_reverse(list));
		exit(wrong != 0);
	}
	wait_for(pid);

	say("after: %s %s", show(dict), show(list));
	claim(!strcmp(show(dict), "{1: \"1\", \"2\": 2, 0.25: none}"),
	      "the dict has the three entries in the order they were stored");
	must(kshare_list_slice(list, kshare_none(), kshare_none(), 1, &reply));
	for (i = 0; i < 10 && !kshare_reply_int(reply, i, &n) && n == 9 - i; i++)
		;
	claim(i == 10 && kshare_reply_count(reply) == 10, "the list is 9 to 0");

	/* A second handle to the same dict, and another dict with the same entries. */
	must(kshare_dup(dict, 0, 0, &twin));
	must(kshare_dict_create(k, 0, &other));
	must(kshare_dict_items(dict, &reply));
	must(kshare_dict_update(other, kshare_reply_value(reply, 0),
				kshare_reply_count(reply) / 2));
	say("dict %s, its twin %s, the other %s", show(dict), show(twin), show(other));
	claim(kshare_same(dict, twin) == 1, "the twin is the same object");
	claim(kshare_same(dict, other) == 0, "the other is not the same object");
	claim(kshare_equal(dict, other) == 1, "but the other is equal");
	must(kshare_dict_set(other, kshare_int(1), kshare_str("one")));
	claim(kshare_equal(dict, other) == 0, "no longer, after a change to it");
	claim(kshare_equal(dict, twin) == 1, "which the twin still is");

	kshare_reply_free(reply);
	kshare_unref(other);
	kshare_unref(twin);
	kshare_unref(list);
	kshare_unref(dict);
	kshare_disconnect(k);
	return finish();
}
