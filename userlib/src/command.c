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

void kshare_prep_again(struct kshare_cmd *cmd)
{
	struct kshare_cmd old = *cmd;

	switch (cmd->op) {
	case KSHARE_OP_CALL:
		kshare_prep_call_result(cmd, old.tag);
		break;
	case KSHARE_OP_REPLY_AND_SERVE:
		kshare_prep(cmd, KSHARE_OP_SERVE, NULL);
		cmd->handle = old.handle;
		cmd->flags = old.flags;
		cmd->tag = old.tag;
		cmd->deadline = old.deadline;
		break;
	default:
		return;
	}
	cmd->out = old.out;
	cmd->out_len = old.out_len;
}

/* Nobody will ask for the answer to a call that there was no memory for. */
static void drop_answer(struct kshare *k, const struct kshare_cmd *cmd)
{
	struct kshare_cmd drop = *cmd;

	kshare_prep_again(&drop);
	if (drop.op != KSHARE_OP_CALL_RESULT)
		return;
	drop.out = 0;
	drop.out_len = 0;
	ks_client_submit(k, &drop);
}

int kshare_submit(struct kshare *k, struct kshare_cmd *cmd, struct kshare_reply **reply)
{
	struct kshare_cmd again;
	int ret;

	if (!reply)
		return ks_client_submit(k, cmd);
	ret = ks_reply_prepare(reply, k);
	if (ret)
		return ret;
	/* Without a tag an answer that does not fit is lost. */
	if (cmd->op == KSHARE_OP_CALL && !cmd->tag && !(cmd->flags & KSHARE_ONEWAY))
		cmd->tag = ks_call_tag(k);
	/*
	 * What did not fit was not done, or, of a call, done but for the answer; meanwhile
	 * the result may have grown again.
	 */
	ks_reply_aim(*reply, cmd);
	ret = ks_client_submit(k, cmd);
	if (ret == -ENOBUFS) {
		again = *cmd;
		kshare_prep_again(&again);
		do {
			ret = ks_reply_grow(*reply);
			if (ret) {
				drop_answer(k, cmd);
				return ret;
			}
			ks_reply_aim(*reply, &again);
			ret = ks_client_submit(k, &again);
		} while (ret == -ENOBUFS);
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
