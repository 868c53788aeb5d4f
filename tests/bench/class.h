/* SPDX-License-Identifier: GPL-2.0 */
/* A class with one method and one field, and where its instance is found. */
#ifndef KSHARE_BENCH_CLASS_H
#define KSHARE_BENCH_CLASS_H

#include "bench.h"

#define ARGS	1024

static uint32_t place;

static struct {
	struct kshare_class_info info;
	struct kshare_class_method method;
	struct kshare_class_field field;
} description = {
	.info = {
		.size = sizeof(struct kshare_class_info),
		.methods = 1,
		.fields = 1,
		.method_size = sizeof(struct kshare_class_method),
		.field_size = sizeof(struct kshare_class_field),
	},
	.method = { .name = "ask", .flags = KSHARE_METHOD_EXPOSED },
	.field = { .name = "field" },
};

struct out {
	struct kshare_result head;
	struct kshare_value values[KSHARE_SERVED_ARGS + 1];
	char bytes[ARGS];
};

/* A class, and an instance of it where the caller finds it. */
static inline uint32_t host(const char *name)
{
	struct kshare_cmd cmd = bench_cmd(KSHARE_OP_CLASS_REGISTER, 0);
	uint32_t class;

	cmd.key = bench_str(name);
	cmd.value = (struct kshare_value){
		.type = KSHARE_BYTES,
		.len = sizeof(description),
		.ptr = (uintptr_t)&description,
	};
	class = bench_run(cmd);
	cmd = bench_cmd(KSHARE_OP_CELL_SET, place);
	cmd.value.type = KSHARE_REF;
	cmd.value.ref.handle = bench_run(bench_cmd(KSHARE_OP_INSTANCE_CREATE, class));
	bench_run(cmd);
	return class;
}

static inline uint32_t instance(void)
{
	struct kshare_cmd cmd = bench_cmd(KSHARE_OP_CELL_WAIT, place);
	struct out out;

	cmd.flags = KSHARE_UNTIL_NE;
	bench_run(bench_out(cmd, &out, sizeof(out)));
	cmd = bench_cmd(KSHARE_OP_CELL_SET, place);
	bench_run(cmd);
	return out.values[0].ref.handle;
}

#endif /* KSHARE_BENCH_CLASS_H */
