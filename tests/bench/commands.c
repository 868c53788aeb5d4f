// SPDX-License-Identifier: GPL-2.0
/* What one command costs, against the module's own no-op through the same door. */
#include "bench.h"

#define ENTRIES	100000
#define BATCH	64

static struct {
	struct kshare_result head;
	struct kshare_value value;
} outs[BATCH];

static void repeat(void *arg, int loops)
{
	int i;

	for (i = 0; i < loops; i++)
		if (ioctl(fd, KSHARE_IOC_CMD, arg) < 0)
			exit(1);
}

static void repeat_null(void *arg, int loops)
{
	int i;

	(void)arg;
	for (i = 0; i < loops; i++)
		ioctl(fd, _IO(KSHARE_IOC_TYPE, 0xff), 0);
}

static void repeat_batch(void *arg, int loops)
{
	struct kshare_batch *batch = arg;
	int i;

	for (i = 0; i < loops; i++) {
		batch->done = 0;
		if (ioctl(fd, KSHARE_IOC_BATCH, batch))
			exit(1);
	}
}

static void repeat_pair(void *arg, int loops)
{
	struct kshare_cmd *pair = arg;
	int i;

	for (i = 0; i < loops; i++)
		if (ioctl(fd, KSHARE_IOC_CMD, &pair[0]) < 0 ||
		    ioctl(fd, KSHARE_IOC_CMD, &pair[1]) < 0)
			exit(1);
}

static double nop;

static void measure(const char *name, struct kshare_cmd cmd, double goal)
{
	double t = bench_time(repeat, &cmd, 20000);

	bench_print(name, t, bench_unit(), "nop", t / nop, goal);
}

static struct kshare_cmd with_out(struct kshare_cmd cmd)
{
	cmd.out = (uintptr_t)&outs[0];
	cmd.out_len = sizeof(outs[0]);
	return cmd;
}

int main(void)
{
	struct kshare_cmd cmd = bench_cmd(KSHARE_OP_NOP, 0), cmds[BATCH], pair[2];
	struct kshare_batch batch = {
		.size = sizeof(batch),
		.count = BATCH,
		.cmds = (uintptr_t)cmds,
		.cmd_size = sizeof(cmds[0]),
	};
	uint32_t cell, dict, list, lock;
	int32_t results[BATCH];
	char key[17];
	double t;
	int i;

	bench_open();
	nop = bench_time(repeat, &cmd, 20000);
	bench_print("nop", nop, bench_unit(), "nop", 1, 0);
	t = bench_time(repeat_null, NULL, 20000);
	bench_print("null_ioctl", t, bench_unit(), "nop", t / nop, 0);

	cell = bench_create(KSHARE_TYPE_CELL);
	cmd = bench_cmd(KSHARE_OP_CELL_SET, cell);
	cmd.value = bench_int(1);
	bench_run(cmd);
	measure("cell_get", with_out(bench_cmd(KSHARE_OP_CELL_GET, cell)), 1.5);
	cmd = with_out(bench_cmd(KSHARE_OP_CELL_ADD, cell));
	cmd.value = bench_int(1);
	measure("cell_add", cmd, 1.5);

	dict = bench_create(KSHARE_TYPE_DICT);
	for (i = 0; i < ENTRIES; i++) {
		snprintf(key, sizeof(key), "key-%012d", i);
		cmd = bench_cmd(KSHARE_OP_DICT_SET, dict);
		cmd.key = bench_str(key);
		cmd.value = bench_int(i);
		bench_run(cmd);
	}
	snprintf(key, sizeof(key), "key-%012d", ENTRIES / 2);
	cmd = with_out(bench_cmd(KSHARE_OP_DICT_GET, dict));
	cmd.key = bench_str(key);
	measure("dict_get", cmd, 2);
	cmd = with_out(bench_cmd(KSHARE_OP_DICT_SET, dict));
	cmd.key = bench_str(key);
	cmd.value = bench_int(7);
	measure("dict_set", cmd, 3);
	cmd = with_out(bench_cmd(KSHARE_OP_DICT_ADD, dict));
	cmd.key = bench_str(key);
	cmd.value = bench_int(1);
	measure("dict_add", cmd, 0);

	for (i = 0; i < BATCH; i++) {
		cmds[i] = bench_cmd(KSHARE_OP_CELL_GET, bench_create(KSHARE_TYPE_CELL));
		cmds[i].out = (uintptr_t)&outs[i];
		cmds[i].out_len = sizeof(outs[i]);
	}
	batch.results = (uintptr_t)results;
	t = bench_time(repeat_batch, &batch, 2000);
	bench_print("batch_of_64_cell_gets", t, bench_unit(), "nop", t / nop, 10);

	lock = bench_create(KSHARE_TYPE_LOCK);
	pair[0] = bench_cmd(KSHARE_OP_LOCK_ACQUIRE, lock);
	pair[1] = bench_cmd(KSHARE_OP_LOCK_RELEASE, lock);
	t = bench_time(repeat_pair, pair, 10000);
	bench_print("lock_and_unlock", t, bench_unit(), "nop", t / nop, 2.5);

	list = bench_create(KSHARE_TYPE_LIST);
	pair[0] = bench_cmd(KSHARE_OP_LIST_APPEND, list);
	pair[0].value = bench_int(1);
	pair[1] = with_out(bench_cmd(KSHARE_OP_LIST_POP, list));
	t = bench_time(repeat_pair, pair, 10000);
	bench_print("list_append_and_pop", t, bench_unit(), "nop", t / nop, 0);
	return 0;
}
