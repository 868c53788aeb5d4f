// SPDX-License-Identifier: LGPL-2.1-or-later OR MIT
/*
 * Cell and array: a child sets a double, and negates ten ints in an array that
 * both have mapped: no copies and no system call for each.
 */
#include "example.h"

#define COUNT 10

static const char *ints(const int32_t *v)
{
	static char text[256];
	int i, n = 0;

	for (i = 0; i < COUNT; i++)
		n += snprintf(text + n, sizeof(text) - n, "%s%d", i ? ", " : "", v[i]);
	return text;
}

int main(void)
{
	struct kshare *k = start("cell and array: a child sets a double and negates ten ints");
	struct kshare_obj *cell, *array;
	struct kshare_reply *reply = NULL;
	int32_t *v;
	size_t bytes;
	double d;
	int64_t n;
	pid_t pid;
	int i;

	must(kshare_cell_create(k, KSHARE_ELEM_F64, kshare_float(0), 0, &cell));
	must(kshare_array_create(k, KSHARE_ELEM_I32, COUNT, 0, &array));
	must(kshare_array_map(array, true, (void **)&v, &bytes));
	for (i = 0; i < COUNT; i++)
		v[i] = i;
	say("before: cell %s, array %s", show(cell), ints(v));

	if (child("child", &pid)) {
		must(kshare_cell_set(cell, kshare_float(3.1415927)));
		for (i = 0; i < COUNT; i++)
			v[i] = -v[i];
		say("changed: cell %s, array %s", show(cell), ints(v));
		exit(wrong != 0);
	}
	wait_for(pid);

	say("after: cell %s, array %s", show(cell), ints(v));
	must(kshare_cell_get(cell, &reply));
	must(kshare_reply_float(reply, 0, &d));
	claim(d == 3.1415927, "the double is 3.1415927");
	for (i = 0; i < COUNT && v[i] == -i; i++)
		;
	claim(i == COUNT, "all ten ints are negated");
	must(kshare_array_get(array, -1, &reply));
	must(kshare_reply_int(reply, 0, &n));
	claim(n == -9, "a command sees what was written through the mapping");

	kshare_reply_free(reply);
	must(kshare_array_unmap(v, bytes));
	kshare_unref(array);
	kshare_unref(cell);
	kshare_disconnect(k);
	return finish();
}
