// SPDX-License-Identifier: LGPL-2.1-or-later OR MIT
// cc hello.c $(pkg-config --cflags --libs libkshare) && ./a.out
#include <kshare.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>
int main(void)
{
	struct kshare *k;
	struct kshare_obj *dict;
	struct kshare_reply *reply = NULL;
	int64_t n = 0;
	if (kshare_connect(NULL, &k) < 0 || kshare_dict_create(k, 0, &dict) < 0)
		return 77; // no /dev/kshare, or not for us
	if (fork() == 0)
		return kshare_dict_add(dict, kshare_str("hellos"), kshare_int(1), 0, NULL) < 0;
	wait(NULL);
	kshare_dict_get(dict, kshare_str("hellos"), &reply);
	printf("hellos of the child: %d\n", kshare_reply_int(reply, 0, &n) == 0 ? (int)n : -1);
	return n != 1;
}
