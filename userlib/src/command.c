// SPDX-License-Identifier: LGPL-2.1-or-later OR MIT
/* Commands, one at a time. */
#include <time.h>

#include "internal.h"

void kshare_prep(struct kshare_cmd *cmd, uint32_t op, struct kshare_obj *obj)
{
	memset(cmd, 0, sizeof(*cmd));
	cmd->size = sizeof(*cmd);
	cmd->op = op;
	if (obj)
		cmd->handle = kshare_handle(obj);
}

void ks_set_deadline(struct kshare_cmd *cmd, int64_t deadline)
{
	if (deadline == KSHARE_TRY)
		cmd->flags |= KSHARE_NOWAIT;
	else
		cmd->deadline = deadline;
}

int kshare_submit(struct kshare *k, struct kshare_cmd *cmd, struct kshare_reply **reply)
{
	int ret;

	if (!reply)
		return ks_client_submit(k, cmd);
	ret = ks_reply_prepare(reply, k);
	if (ret)
		return ret;
	/* What did not fit was not done; meanwhile the result may have grown again. */
	for (;;) {
		ks_reply_aim(*reply, cmd);
		ret = ks_client_submit(k, cmd);
		if (ret != -ENOBUFS)
			break;
		ret = ks_reply_grow(*reply);
		if (ret)
			return ret;
	}
	ks_reply_finish(*reply, ret);
	return ret;
}

int ks_run(struct kshare_obj *obj, struct kshare_cmd *cmd, struct kshare_reply **reply)
{
	return kshare_submit(obj->k, cmd, reply);
}

/* For operations whose result is a number and no value. */
int64_t ks_run_number(struct kshare_obj *obj, struct kshare_cmd *cmd)
{
	struct kshare_result result;
	int ret;

	cmd->out = (uintptr_t)&result;
	cmd->out_len = sizeof(result);
	ret = ks_client_submit(obj->k, cmd);
	return ret < 0 ? ret : (int64_t)result.number;
}

int64_t kshare_deadline_in_ns(int64_t ns)
{
	int saved = errno;
	struct timespec ts;
	int64_t now;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	errno = saved;
	now = (int64_t)ts.tv_sec * 1000000000 + ts.tv_nsec;
	/* 1 has passed as well, and is neither KSHARE_FOREVER nor KSHARE_TRY. */
	if (ns <= 0)
		return 1;
	return ns > INT64_MAX - now ? INT64_MAX : now + ns;
}

int64_t kshare_deadline_in_ms(int64_t ms)
{
	if (ms < 0)
		ms = 0;
	return kshare_deadline_in_ns(ms > INT64_MAX / 1000000 ? INT64_MAX : ms * 1000000);
}
