/* SPDX-License-Identifier: GPL-2.0 */
/* What programs that throw commands at kshare share: commands, values, results, TAP. */
#ifndef STRESS_H
#define STRESS_H

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "refs.h"
#include "ring.h"

/* Of the client, of this process */
static int fd = -1;
/* Of this thread */
static __thread unsigned int seed;

/* The last result of this thread */
static __thread struct output {
	struct kshare_result head;
	struct kshare_value values[64];
	char bytes[512];
} out;

static inline unsigned int rnd(unsigned int n)
{
	return rand_r(&seed) % n;
}

static inline struct kshare_value val_int(__s64 i)
{
	return (struct kshare_value){ .type = KSHARE_INT, .i = i };
}

static inline struct kshare_value val_ref(__u32 handle)
{
	return (struct kshare_value){ .type = KSHARE_REF, .ref.handle = handle };
}

static inline struct kshare_value val_none(void)
{
	return (struct kshare_value){};
}

static inline struct kshare_value val_data(__u8 type, const void *data, __u32 len)
{
	return (struct kshare_value){ .type = type, .len = len, .ptr = (unsigned long)data };
}

static inline struct kshare_value val_str(const char *text)
{
	return val_data(KSHARE_STR, text, strlen(text));
}

static inline struct kshare_cmd make(__u32 op, __u32 handle)
{
	return (struct kshare_cmd){ .size = sizeof(struct kshare_cmd), .op = op, .handle = handle };
}

static inline struct kshare_cmd make_with(__u32 op, __u32 handle, struct kshare_value key,
					  struct kshare_value value)
{
	struct kshare_cmd cmd = make(op, handle);

	cmd.key = key;
	cmd.value = value;
	return cmd;
}

static inline int run_by(int client, struct kshare_cmd cmd)
{
	int ret = ioctl(client, KSHARE_IOC_CMD, &cmd);

	return ret < 0 ? -errno : ret;
}

static inline int run_raw(struct kshare_cmd cmd)
{
	return run_by(fd, cmd);
}

/* Which operations write a result, by number; filled by ask_operations() */
static bool gives_result[256];

static inline int ask_operations(void)
{
	static struct kshare_op_info ops[256];
	struct kshare_query query = {
		.size = sizeof(query),
		.op_count = 256,
		.ops = (unsigned long)ops,
		.op_size = sizeof(ops[0]),
	};
	__u32 i;

	if (ioctl(fd, KSHARE_IOC_QUERY, &query))
		return -errno;
	for (i = 0; i < query.op_count && i < 256; i++)
		if (ops[i].op < 256)
			gives_result[ops[i].op] = ops[i].fields & KSHARE_FIELD_OUT;
	return 0;
}

static inline void give_out(struct kshare_cmd *cmd)
{
	out.head = (struct kshare_result){};
	if (!gives_result[cmd->op])
		return;
	cmd->out = (unsigned long)&out;
	cmd->out_len = sizeof(out);
}

static inline int run(struct kshare_cmd cmd)
{
	give_out(&cmd);
	return run_raw(cmd);
}

static inline int run_simple(__u32 op, __u32 handle)
{
	return run_raw(make(op, handle));
}

/* All as one step; 0, or the error of the first that failed */
static inline int run_atomic(struct kshare_cmd *cmds, unsigned int count)
{
	__s32 results[16];
	struct kshare_batch batch = {
		.size = sizeof(batch), .flags = KSHARE_BATCH_ATOMIC, .count = count,
		.cmds = (unsigned long)cmds, .results = (unsigned long)results,
		.cmd_size = sizeof(cmds[0]),
	};

	return ioctl(fd, KSHARE_IOC_BATCH, &batch) < 0 ? -errno : 0;
}

static inline __s64 now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000ll + t.tv_nsec;
}

static inline void nap_us(unsigned int us)
{
	struct timespec t = { .tv_sec = us / 1000000, .tv_nsec = us % 1000000 * 1000l };

	nanosleep(&t, NULL);
}

static inline void close_handle(__u32 handle)
{
	run_simple(KSHARE_OP_CLOSE, handle);
}

static inline int create(__u32 type, __u32 flags, struct kshare_value key,
			 struct kshare_value value)
{
	struct kshare_cmd cmd = make_with(KSHARE_OP_CREATE, 0, key, value);

	cmd.nr = KSHARE_CREATE_NR(type, 0);
	cmd.flags = flags;
	return run_raw(cmd);
}

static inline struct kshare_stat stat_of(__u32 handle)
{
	struct kshare_cmd cmd = make(KSHARE_OP_STAT, handle);
	struct kshare_stat stat = {};

	cmd.out = (unsigned long)&stat;
	cmd.out_len = sizeof(stat);
	run_raw(cmd);
	return stat;
}

/* What a user has of something, in all domains */
static inline __u64 user_has(__u32 limit)
{
	struct kshare_cmd cmd = make(KSHARE_OP_USER_LIMIT, 0);

	cmd.nr = limit;
	return run(cmd) ? ~0ull : out.values[0].u;
}

static inline bool write_file(const char *path, const char *text)
{
	int file = open(path, O_WRONLY | O_CLOEXEC);
	bool good = file >= 0 && write(file, text, strlen(text)) == (ssize_t)strlen(text);

	if (file >= 0)
		close(file);
	return good;
}

static inline long number_of(const char *variable, long otherwise)
{
	const char *text = getenv(variable);

	return text && *text ? strtol(text, NULL, 0) : otherwise;
}

static int tap_tests, tap_failures;

static inline bool tap(bool good, const char *variant, const char *what)
{
	printf("%sok %d - %s%s%s\n", good ? "" : "not ", ++tap_tests, variant,
	       *variant ? ": " : "", what);
	fflush(stdout);
	tap_failures += !good;
	return good;
}

static inline int tap_end(void)
{
	printf("1..%d\n", tap_tests);
	return tap_failures ? 1 : 0;
}

#endif /* STRESS_H */
