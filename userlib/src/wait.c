// SPDX-License-Identifier: LGPL-2.1-or-later OR MIT
/* Waiting for one of several commands, or for all; cancelling. */
#include "internal.h"

void kshare_set_deadline(struct kshare_cmd *cmd, int64_t deadline)
{
	cmd->flags &= ~(uint32_t)KSHARE_NOWAIT;
	cmd->deadline = 0;
	ks_set_deadline(cmd, deadline);
}

void kshare_set_tag(struct kshare_cmd *cmd, uint64_t tag)
{
	cmd->tag = tag;
}

void kshare_prep_cancel(struct kshare_cmd *cmd, uint64_t tag)
{
	kshare_prep(cmd, KSHARE_OP_CANCEL, NULL);
	cmd->key = kshare_uint(tag);
}

int kshare_cancel(struct kshare *k, uint64_t tag)
{
	struct kshare_cmd cmd;

	kshare_prep_cancel(&cmd, tag);
	return ks_client_submit(k, &cmd);
}

static void prep_wait(struct kshare_cmd *cmd, uint32_t op, const struct kshare_cmd *cmds,
		      uint32_t count, int64_t deadline)
{
	kshare_prep(cmd, op, NULL);
	cmd->value = kshare_bytes(cmds, (size_t)count * sizeof(*cmds));
	ks_set_deadline(cmd, deadline);
}

void kshare_prep_wait_any(struct kshare_cmd *cmd, const struct kshare_cmd *cmds, uint32_t count,
			  int64_t deadline)
{
	prep_wait(cmd, KSHARE_OP_WAIT_ANY, cmds, count, deadline);
}

void kshare_prep_wait_all(struct kshare_cmd *cmd, const struct kshare_cmd *cmds, uint32_t count,
			  int64_t deadline)
{
	prep_wait(cmd, KSHARE_OP_WAIT_ALL, cmds, count, deadline);
}

/* Room for the number and the result of each command. */
union results {
	struct kshare_result head;
	unsigned char room[sizeof(struct kshare_result) +
			   KSHARE_MAX_WAIT * sizeof(struct kshare_value)];
};

static int prepare_replies(struct kshare *k, struct kshare_cmd *cmds, uint32_t count,
			   struct kshare_reply **const *replies)
{
	uint32_t i;
	int err;

	for (i = 0; i < count && replies; i++) {
		if (!replies[i])
			continue;
		err = ks_reply_prepare(replies[i], k);
		if (err)
			return err;
		ks_reply_aim(*replies[i], &cmds[i]);
	}
	return 0;
}

/* Makes those larger that were too small; -ENOBUFS if none can be. */
static int grow_replies(struct kshare_cmd *cmds, uint32_t count,
			struct kshare_reply **const *replies)
{
	int err = -ENOBUFS;
	uint32_t i;

	for (i = 0; i < count && replies; i++) {
		if (!replies[i] || !ks_reply_is_short(*replies[i]))
			continue;
		err = ks_reply_grow(*replies[i]);
		if (err)
			break;
		ks_reply_aim(*replies[i], &cmds[i]);
	}
	return err;
}

/* @cmd is about @cmds; what it gives goes to @out. */
static int submit_wait(struct kshare *k, struct kshare_cmd *cmd, struct kshare_cmd *cmds,
		       uint32_t count, struct kshare_reply **const *replies, union results *out)
{
	int ret;

	if (count > KSHARE_MAX_WAIT)
		return -EINVAL;
	ret = prepare_replies(k, cmds, count, replies);
	if (ret)
		return ret;
	memset(&out->head, 0, sizeof(out->head));
	cmd->out = (uintptr_t)out;
	cmd->out_len = sizeof(*out);
	/* What did not fit was not done, and neither was another of them. */
	for (;;) {
		ret = ks_client_submit(k, cmd);
		if (ret != -ENOBUFS)
			return ret;
		ret = grow_replies(cmds, count, replies);
		if (ret)
			return ret;
	}
}

static void finish_replies(uint32_t count, struct kshare_reply **const *replies, int ret)
{
	uint32_t i;

	for (i = 0; i < count && replies; i++) {
		if (replies[i] && *replies[i])
			ks_reply_finish(*replies[i], ret);
	}
}

int kshare_wait_any(struct kshare *k, struct kshare_cmd *cmds, uint32_t count, int64_t deadline,
		    struct kshare_reply **const *replies, int64_t *result)
{
	struct kshare_cmd cmd;
	union results out;
	int ret;

	kshare_prep_wait_any(&cmd, cmds, count, deadline);
	ret = submit_wait(k, &cmd, cmds, count, replies, &out);
	/* The others' replies are as they were made: empty. */
	finish_replies(count, replies, ret);
	if (ret >= 0 && result)
		*result = (int64_t)out.head.number;
	return ret;
}

int kshare_wait_all(struct kshare *k, struct kshare_cmd *cmds, uint32_t count, int64_t deadline,
		    struct kshare_reply **const *replies, int64_t *results)
{
	struct kshare_cmd cmd;
	union results out;
	uint32_t i;
	int ret;

	kshare_prep_wait_all(&cmd, cmds, count, deadline);
	ret = submit_wait(k, &cmd, cmds, count, replies, &out);
	finish_replies(count, replies, ret);
	for (i = 0; ret >= 0 && results && i < count; i++)
		results[i] = i < out.head.count ? out.head.values[i].i : 0;
	return ret;
}
