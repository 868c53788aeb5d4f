// SPDX-License-Identifier: LGPL-2.1-or-later OR MIT
/*
 * Lifetime: an object goes away exactly when the last proxy goes, in whichever
 * process that is; and what only it referred to goes with it.
 */
#include "example.h"

static struct kshare_obj *domain;

static uint64_t objects(void)
{
	struct kshare_stat st;

	must(kshare_stat(domain, &st));
	return st.length;
}

int main(void)
{
	struct kshare *k = start("lifetime: who lets go of an object last");
	struct gate parent_gone = gate(), look = gate(), looked = gate();
	struct kshare_obj *dict, *list;
	uint64_t before;
	pid_t pid;

	must(kshare_domain(k, &domain));
	before = objects();
	must(kshare_dict_create(k, 0, &dict));
	must(kshare_list_create(k, 0, &list));
	must(kshare_dict_set(dict, kshare_str("list"), kshare_ref(list)));
	claim(objects() == before + 2, "a dict and a list: two objects more");
	kshare_unref(list);
	claim(objects() == before + 2, "the list's proxy is gone, but the dict refers to it");

	/* The child has proxies of its own, and is the last to let go. */
	if (child("child", &pid)) {
		gate_pass(&parent_gone);
		claim(objects() == before + 2, "the parent has let go, I have not");
		claim(kshare_dict_len(dict) == 1, "the dict is as it was");
		kshare_unref(dict);
		claim(objects() == before, "I have let go: both objects are gone");
		gate_open(&look);
		gate_pass(&looked);
		exit(wrong != 0);
	}
	kshare_unref(dict);
	claim(objects() == before + 2, "I have let go, the child has not");
	gate_open(&parent_gone);
	gate_pass(&look);
	claim(objects() == before, "the child has let go and still lives: both are gone");
	gate_open(&looked);
	wait_for(pid);

	/* One that does not let go, but ends. */
	must(kshare_list_create(k, 0, &list));
	if (child("child 2", &pid)) {
		gate_pass(&parent_gone);
		claim(objects() == before + 1, "I am the last one, and end without a word");
		_exit(wrong != 0);
	}
	kshare_unref(list);
	gate_open(&parent_gone);
	wait_for(pid);
	claim(objects() == before, "the object has gone with the process");

	kshare_unref(domain);
	kshare_disconnect(k);
	return finish();
}
