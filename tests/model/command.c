// SPDX-License-Identifier: GPL-2.0
/*
 * From an operation to a command, and from its result back to numbers.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>

#include "model.h"

#define LONGEST	600	/* text of a value */

int model_fd = -1;
uint32_t model_handles[MAX_OBJECTS];
volatile int32_t *model_map[MAX_OBJECTS];
int32_t model_pids[CLIENTS];

static struct kshare_op_info infos[256];
static uint32_t info_count;

unsigned int rnd(struct worker *w, unsigned int n)
{
	return rand_r(&w->seed) / 7 % n;
}

/* Few different ones, so that they meet. */
int64_t some_value(struct worker *w)
{
	return rnd(w, 4) ? rnd(w, 5) : STRINGS + rnd(w, 3);
}

/* Each is another one, within a history. */
int64_t new_value(struct worker *w)
{
	int64_t value = w->owner * 100 + w->sent++ % 100;

	return rnd(w, 5) ? value : STRINGS + value;
}

void model_open(void)
{
	struct kshare_query query = {
		.size = sizeof(query),
		.op_count = 256,
		.op_size = sizeof(infos[0]),
		.ops = (uintptr_t)infos,
	};

	model_fd = open(KSHARE_DEVICE, O_RDWR | O_CLOEXEC);
	if (model_fd >= 0 && !ioctl(model_fd, KSHARE_IOC_QUERY, &query))
		info_count = query.op_count < 256 ? query.op_count : 256;
}

const char *op_name(uint32_t op)
{
	static const char *const ours[] = {
		"settle", "undo", "map_get", "map_add", "leave", "end", "gone",
	};
	static char text[16];
	uint32_t i;

	if (op >= MODEL_SETTLE)
		return ours[op - MODEL_SETTLE];
	for (i = 0; i < info_count; i++)
		if (infos[i].op == op)
			return (const char *)infos[i].name;
	snprintf(text, sizeof(text), "operation %u", op);
	return text;
}

/* Short ones stand in a value, long ones elsewhere. */
static uint32_t text_length(int64_t value)
{
	value -= STRINGS;
	return value % 3 ? 4 : LONGEST - 4 * (value % 7);
}

static struct kshare_value to_value(int64_t value, char *text)
{
	struct kshare_value v = {};
	uint32_t i;

	if (value == NOTHING)
		return v;
	if (value < STRINGS) {
		v.type = KSHARE_INT;
		v.i = value;
		return v;
	}
	v.type = KSHARE_STR;
	v.len = text_length(value);
	for (i = 0; i < v.len; i += 4)
		snprintf(text + i, 5, "%04u", (unsigned int)(value - STRINGS) % 10000);
	v.ptr = (uintptr_t)text;
	return v;
}

static int64_t from_value(const struct kshare_value *v)
{
	const char *text = (const char *)(uintptr_t)v->ptr;
	char first[5] = "";
	int64_t value;
	uint32_t i;

	switch (v->type) {
	case KSHARE_NONE:
		return NOTHING;
	case KSHARE_BOOL:
	case KSHARE_INT:
	case KSHARE_UINT:
		return v->i;
	case KSHARE_STR:
		break;
	default:
		return TORN;
	}
	if (v->inline_len)
		text = (const char *)v->bytes;
	if (v->len < 4)
		return TORN;
	memcpy(first, text, 4);
	value = STRINGS + strtol(first, NULL, 10);
	if (v->len != text_length(value))
		return TORN;
	for (i = 4; i < v->len; i += 4)
		if (memcmp(text, text + i, 4))
			return TORN;
	return value;
}

static int64_t deadline(const struct op *op)
{
	struct timespec t;

	if (op->wait == WAIT_PAST)
		return 1;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000ll + t.tv_nsec + 50000 + op->invoke * 7919 % 1000000;
}

static void map_run(struct op *op)
{
	volatile int32_t *element = &model_map[op->object][op->key];

	if (op->op == MODEL_MAP_ADD)
		op->values[0] = __atomic_add_fetch(element, op->value, __ATOMIC_SEQ_CST);
	else
		op->values[0] = __atomic_load_n(element, __ATOMIC_SEQ_CST);
	op->count = 1;
}

/* Carries it out, and fills in the result. */
void op_run(struct op *op)
{
	static __thread struct {
		struct kshare_result head;
		struct kshare_value values[MAX_VALUES];
		char tail[MAX_VALUES * LONGEST];
	} out;
	static __thread char texts[11][LONGEST + 1];
	struct kshare_value vector[8];
	struct kshare_cmd cmd = {
		.size = sizeof(cmd),
		.op = op->op,
		.handle = model_handles[op->object],
		.flags = op->flags,
		.nr = op->nr,
	};
	uint32_t i;
	int ret;

	if (op->op >= MODEL_SETTLE) {
		map_run(op);
		return;
	}
	if (op->has & HAS_KEY)
		cmd.key = to_value(op->key, texts[8]);
	if (op->own)
		cmd.key = to_value(op->owner + 1, texts[8]);
	if (op->has & HAS_VALUE)
		cmd.value = to_value(op->value, texts[9]);
	if (op->has & HAS_EXPECT)
		cmd.expect = to_value(op->expect, texts[10]);
	if (op->has & HAS_VECTOR) {
		for (i = 0; i < op->vectors; i++)
			vector[i] = to_value(op->vector[i], texts[i]);
		cmd.value.type = KSHARE_VECTOR;
		cmd.value.len = op->vectors;
		cmd.value.ptr = (uintptr_t)vector;
	}
	if (op->wait == WAIT_NOT)
		cmd.flags |= KSHARE_NOWAIT;
	else if (op->wait != WAIT_LONG)
		cmd.deadline = deadline(op);
	if (op->out) {
		cmd.out = (uintptr_t)&out;
		cmd.out_len = sizeof(out);
		out.head = (struct kshare_result){};
	}
	ret = ioctl(model_fd, KSHARE_IOC_CMD, &cmd);
	op->ret = ret < 0 ? -errno : ret;
	if (ret < 0 || !op->out)
		return;
	op->number = out.head.number;
	op->rflags = out.head.flags;
	op->count = out.head.count;
	for (i = 0; i < out.head.count && i < MAX_VALUES; i++)
		op->values[i] = from_value(&out.values[i]);
}

/* One that has to succeed, between histories. */
void op_do(struct op *op)
{
	op_run(op);
	if (op->ret >= 0)
		return;
	printf("Bail out! %s on object %u: %s\n", op_name(op->op), op->object,
	       strerror(-op->ret));
	exit(1);
}

uint32_t model_create(uint32_t type, uint32_t elem, uint32_t flags, int64_t key, int64_t value)
{
	struct kshare_cmd cmd = {
		.size = sizeof(cmd),
		.op = KSHARE_OP_CREATE,
		.flags = flags,
		.key = to_value(key, NULL),
		.value = to_value(value, NULL),
		.nr = KSHARE_CREATE_NR(type, elem),
	};
	int ret = ioctl(model_fd, KSHARE_IOC_CMD, &cmd);

	if (ret >= 0)
		return ret;
	printf("Bail out! an object of type %u: %s\n", type, strerror(errno));
	exit(1);
}
