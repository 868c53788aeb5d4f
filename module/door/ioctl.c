// SPDX-License-Identifier: GPL-2.0-only
/* The ioctls: copied in, checked for size, copied out.  No logic. */
#include <linux/fs.h>

#include "../batch.h"
#include "../command.h"
#include "door.h"

/* Sizes that were published first; a structure never gets smaller. */
#define KSHARE_CMD_SIZE_VER0	80
#define KSHARE_BATCH_SIZE_VER0	40
#define KSHARE_QUERY_SIZE_VER0	96

static_assert(sizeof(struct kshare_value) == 16);
static_assert(sizeof(struct kshare_cmd) == KSHARE_CMD_SIZE_VER0);
static_assert(sizeof(struct kshare_batch) == KSHARE_BATCH_SIZE_VER0);
static_assert(sizeof(struct kshare_query) == KSHARE_QUERY_SIZE_VER0);

/* The size that stands at the beginning of each structure. */
static int kshare_size_get(const void __user *from, u32 least, u32 *size)
{
	if (get_user(*size, (const u32 __user *)from))
		return -EFAULT;
	if (*size < least)
		return -EINVAL;
	return *size > PAGE_SIZE ? -E2BIG : 0;
}

int kshare_cmd_copy(const void __user *from, struct kshare_cmd *cmd)
{
	u32 size;
	int ret;

	/* The size that is read first may change; what counts is the copy's. */
	ret = kshare_size_get(from, KSHARE_CMD_SIZE_VER0, &size);
	if (ret)
		return ret;
	if (likely(size == sizeof(*cmd)))
		ret = copy_from_user(cmd, from, sizeof(*cmd)) ? -EFAULT : 0;
	else
		ret = copy_struct_from_user(cmd, sizeof(*cmd), from, size);
	if (ret)
		return ret;
	return unlikely(cmd->size != size) ? -EINVAL : 0;
}

static long kshare_ioctl_cmd(struct kshare_client *client, void __user *from)
{
	struct kshare_cmd cmd __uninitialized;
	int ret;

	ret = kshare_cmd_copy(from, &cmd);
	if (ret)
		return ret;
	if (unlikely(!kshare_client_is_mine(client)) && cmd.op != KSHARE_OP_CLIENT_BIND)
		return -EPERM;
	rcu_read_lock();
	ret = kshare_command_quick(client, &cmd);
	rcu_read_unlock();
	return ret == KSHARE_NOT_QUICK ? kshare_command(client, &cmd) : ret;
}

static long kshare_ioctl_batch(struct kshare_client *client, void __user *from)
{
	struct kshare_batch __user *out = from;
	struct kshare_batch batch;
	u32 size;
	int ret;

	ret = kshare_size_get(from, KSHARE_BATCH_SIZE_VER0, &size);
	if (!ret)
		ret = copy_struct_from_user(&batch, sizeof(batch), from, size);
	if (ret)
		return ret;
	if (batch.size != size)
		return -EINVAL;
	if (!kshare_client_is_mine(client))
		return -EPERM;
	if (batch.flags & ~(KSHARE_BATCH_RUN_ON | KSHARE_BATCH_ATOMIC))
		return -EOPNOTSUPP;
	if (batch.flags == (KSHARE_BATCH_RUN_ON | KSHARE_BATCH_ATOMIC))
		return -EINVAL;
	if (batch.reserved || batch.done || !batch.count)
		return -EINVAL;
	if (batch.cmd_size < KSHARE_CMD_SIZE_VER0 || batch.cmd_size % 8)
		return -EINVAL;
	if (batch.count > KSHARE_MAX_BATCH || batch.cmd_size > PAGE_SIZE)
		return -E2BIG;

	/* Before anything happens: so that it can be told what has. */
	if (put_user(0, &out->done))
		return -EFAULT;
	ret = kshare_batch_run(client, &batch);
	if (put_user(batch.done, &out->done) && ret >= 0)
		ret = -EFAULT;
	return ret;
}

static long kshare_ioctl_query(void __user *from)
{
	struct kshare_op_info info;
	struct kshare_query query;
	u8 __user *rows;
	u32 size, i;
	int ret;

	ret = kshare_size_get(from, KSHARE_QUERY_SIZE_VER0, &size);
	if (!ret)
		ret = copy_struct_from_user(&query, sizeof(query), from, size);
	if (ret)
		return ret;
	if (query.size != size || query.reserved || (query.ops && query.op_size < 8))
		return -EINVAL;
	if (query.op_size > PAGE_SIZE)
		return -E2BIG;

	rows = u64_to_user_ptr(query.ops);
	for (i = 0; query.ops && i < query.op_count && kshare_op_describe(i, &info); i++) {
		ret = copy_struct_to_user(rows, query.op_size, &info, sizeof(info), NULL);
		if (ret)
			return ret;
		rows += query.op_size;
	}

	query.version = KSHARE_UAPI_VERSION;
	query.features = KSHARE_FEATURE_ATOMIC_BATCH | KSHARE_FEATURE_URING |
			 KSHARE_FEATURE_CLASSES;
	if (KS_URING_CAN_PARK)
		query.features |= KSHARE_FEATURE_URING_WAITS;
	query.domain = KSHARE_OWN_DOMAIN;
	query.op_count = kshare_op_count();
	query.max_key = KSHARE_MAX_KEY;
	query.max_value = KSHARE_MAX_VALUE;
	query.max_vector = KSHARE_MAX_VECTOR;
	query.max_batch = KSHARE_MAX_BATCH;
	query.max_out = KSHARE_MAX_OUT;
	query.max_refs = KSHARE_MAX_REFS;
	for (i = 0; i < KSHARE_LIMIT_COUNT; i++)
		query.limit[i] = kshare_default_limit(i);
	return copy_struct_to_user(from, size, &query, sizeof(query), NULL);
}

long kshare_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	struct kshare_client *client = file->private_data;
	void __user *from = (void __user *)arg;

	switch (cmd) {
	case KSHARE_IOC_CMD:
		return kshare_ioctl_cmd(client, from);
	case KSHARE_IOC_BATCH:
		return kshare_ioctl_batch(client, from);
	case KSHARE_IOC_QUERY:
		return kshare_ioctl_query(from);
	}
	return -ENOTTY;
}
