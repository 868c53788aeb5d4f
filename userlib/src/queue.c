// SPDX-License-Identifier: LGPL-2.1-or-later OR MIT
/* Queues. */
#include "internal.h"

int kshare_queue_create(struct kshare *k, uint64_t bound, uint32_t flags,
			struct kshare_obj **queue)
{
	struct kshare_value most = bound ? kshare_uint(bound) : kshare_none();
	struct kshare_cmd cmd;

	kshare_prep_create(&cmd, NULL, KSHARE_TYPE_QUEUE, 0, most, kshare_none(), flags);
	return ks_obj_make(k, &cmd, KSHARE_TYPE_QUEUE, queue);
}

void kshare_prep_queue_put_priority(struct kshare_cmd *cmd, struct kshare_obj *queue,
				    struct kshare_value priority, struct kshare_value value,
				    int64_t deadline)
{
	kshare_prep(cmd, KSHARE_OP_QUEUE_PUT, queue);
	cmd->key = priority;
	cmd->value = value;
	ks_set_deadline(cmd, deadline);
}

int64_t kshare_queue_put_priority(struct kshare_obj *queue, struct kshare_value priority,
				  struct kshare_value value, int64_t deadline)
{
	struct kshare_cmd cmd;

	kshare_prep_queue_put_priority(&cmd, queue, priority, value, deadline);
	return ks_run_number(queue, &cmd);
}

void kshare_prep_queue_put(struct kshare_cmd *cmd, struct kshare_obj *queue,
			   struct kshare_value value, int64_t deadline)
{
	kshare_prep_queue_put_priority(cmd, queue, kshare_none(), value, deadline);
}

int64_t kshare_queue_put(struct kshare_obj *queue, struct kshare_value value, int64_t deadline)
{
	return kshare_queue_put_priority(queue, kshare_none(), value, deadline);
}

void kshare_prep_queue_put_many(struct kshare_cmd *cmd, struct kshare_obj *queue,
				const struct kshare_value *values, uint32_t count,
				int64_t deadline)
{
	kshare_prep(cmd, KSHARE_OP_QUEUE_PUT_MANY, queue);
	cmd->value = kshare_vector(values, count);
	ks_set_deadline(cmd, deadline);
}

int64_t kshare_queue_put_many(struct kshare_obj *queue, const struct kshare_value *values,
			      uint32_t count, int64_t deadline)
{
	struct kshare_cmd cmd;

	kshare_prep_queue_put_many(&cmd, queue, values, count, deadline);
	return ks_run_number(queue, &cmd);
}

void kshare_prep_queue_get(struct kshare_cmd *cmd, struct kshare_obj *queue, int64_t deadline)
{
	kshare_prep(cmd, KSHARE_OP_QUEUE_GET, queue);
	ks_set_deadline(cmd, deadline);
}

int kshare_queue_get(struct kshare_obj *queue, int64_t deadline, struct kshare_reply **reply)
{
	struct kshare_cmd cmd;

	kshare_prep_queue_get(&cmd, queue, deadline);
	return ks_run(queue, &cmd, reply);
}

void kshare_prep_queue_get_lease(struct kshare_cmd *cmd, struct kshare_obj *queue,
				 int64_t deadline)
{
	kshare_prep_queue_get(cmd, queue, deadline);
	cmd->flags |= KSHARE_LEASE;
}

int kshare_queue_get_lease(struct kshare_obj *queue, int64_t deadline,
			   struct kshare_reply **reply, uint64_t *lease)
{
	/* Without a reply there would be no lease, and nobody could end it. */
	struct kshare_reply *own KSHARE_CLEANUP_REPLY = NULL;
	struct kshare_reply **r = reply ? reply : &own;
	struct kshare_cmd cmd;
	int ret;

	kshare_prep_queue_get_lease(&cmd, queue, deadline);
	ret = ks_run(queue, &cmd, r);
	if (ret >= 0 && lease)
		*lease = kshare_reply_number(*r);
	return ret;
}

void kshare_prep_queue_get_many(struct kshare_cmd *cmd, struct kshare_obj *queue, uint32_t most,
				int64_t deadline)
{
	kshare_prep(cmd, KSHARE_OP_QUEUE_GET_MANY, queue);
	cmd->nr = most;
	ks_set_deadline(cmd, deadline);
}

void kshare_prep_queue_get_many_lease(struct kshare_cmd *cmd, struct kshare_obj *queue,
				      uint32_t most, int64_t deadline)
{
	kshare_prep_queue_get_many(cmd, queue, most, deadline);
	cmd->flags |= KSHARE_LEASE;
}

/* The kernel takes what fits, so there must be room for as many as are wanted. */
static int get_many(struct kshare_obj *queue, struct kshare_cmd *cmd, unsigned int values,
		    struct kshare_reply **reply)
{
	size_t bytes = sizeof(struct kshare_result);
	int err;

	if (reply && cmd->nr <= KSHARE_MAX_GET) {
		bytes += (size_t)cmd->nr * values * sizeof(struct kshare_value);
		err = kshare_reply_reserve(reply, bytes);
		if (err)
			return err;
	}
	return ks_run(queue, cmd, reply);
}

int kshare_queue_get_many(struct kshare_obj *queue, uint32_t most, int64_t deadline,
			  struct kshare_reply **reply)
{
	struct kshare_cmd cmd;

	kshare_prep_queue_get_many(&cmd, queue, most, deadline);
	return get_many(queue, &cmd, 1, reply);
}

int kshare_queue_get_many_lease(struct kshare_obj *queue, uint32_t most, int64_t deadline,
				struct kshare_reply **reply)
{
	struct kshare_cmd cmd;

	kshare_prep_queue_get_many_lease(&cmd, queue, most, deadline);
	return get_many(queue, &cmd, 3, reply);
}

void kshare_prep_queue_peek(struct kshare_cmd *cmd, struct kshare_obj *queue)
{
	kshare_prep(cmd, KSHARE_OP_QUEUE_PEEK, queue);
}

int kshare_queue_peek(struct kshare_obj *queue, struct kshare_reply **reply)
{
	struct kshare_cmd cmd;

	kshare_prep_queue_peek(&cmd, queue);
	return ks_run(queue, &cmd, reply);
}

void kshare_prep_queue_len(struct kshare_cmd *cmd, struct kshare_obj *queue)
{
	kshare_prep(cmd, KSHARE_OP_QUEUE_LEN, queue);
}

int64_t kshare_queue_len(struct kshare_obj *queue)
{
	struct kshare_cmd cmd;

	kshare_prep_queue_len(&cmd, queue);
	return ks_run_number(queue, &cmd);
}

int kshare_queue_full(struct kshare_obj *queue)
{
	struct kshare_cmd cmd;

	kshare_prep_queue_len(&cmd, queue);
	return ks_run(queue, &cmd, NULL);
}

void kshare_prep_queue_ack(struct kshare_cmd *cmd, struct kshare_obj *queue, uint64_t lease)
{
	kshare_prep(cmd, KSHARE_OP_QUEUE_ACK, queue);
	cmd->key = kshare_uint(lease);
}

int kshare_queue_ack(struct kshare_obj *queue, uint64_t lease)
{
	struct kshare_cmd cmd;

	kshare_prep_queue_ack(&cmd, queue, lease);
	return ks_run(queue, &cmd, NULL);
}

void kshare_prep_queue_nack(struct kshare_cmd *cmd, struct kshare_obj *queue, uint64_t lease)
{
	kshare_prep(cmd, KSHARE_OP_QUEUE_NACK, queue);
	cmd->key = kshare_uint(lease);
}

int kshare_queue_nack(struct kshare_obj *queue, uint64_t lease)
{
	struct kshare_cmd cmd;

	kshare_prep_queue_nack(&cmd, queue, lease);
	return ks_run(queue, &cmd, NULL);
}

void kshare_prep_queue_task_done(struct kshare_cmd *cmd, struct kshare_obj *queue,
				 uint32_t messages)
{
	kshare_prep(cmd, KSHARE_OP_QUEUE_TASK_DONE, queue);
	cmd->nr = messages;
}

int64_t kshare_queue_task_done(struct kshare_obj *queue, uint32_t messages)
{
	struct kshare_cmd cmd;

	kshare_prep_queue_task_done(&cmd, queue, messages);
	return ks_run_number(queue, &cmd);
}

void kshare_prep_queue_join(struct kshare_cmd *cmd, struct kshare_obj *queue, int64_t deadline)
{
	kshare_prep(cmd, KSHARE_OP_QUEUE_JOIN, queue);
	ks_set_deadline(cmd, deadline);
}

int kshare_queue_join(struct kshare_obj *queue, int64_t deadline)
{
	struct kshare_cmd cmd;

	kshare_prep_queue_join(&cmd, queue, deadline);
	return ks_run(queue, &cmd, NULL);
}

void kshare_prep_queue_shutdown(struct kshare_cmd *cmd, struct kshare_obj *queue, bool immediate)
{
	kshare_prep(cmd, KSHARE_OP_QUEUE_SHUTDOWN, queue);
	if (immediate)
		cmd->flags = KSHARE_IMMEDIATE;
}

int64_t kshare_queue_shutdown(struct kshare_obj *queue, bool immediate)
{
	struct kshare_cmd cmd;

	kshare_prep_queue_shutdown(&cmd, queue, immediate);
	return ks_run_number(queue, &cmd);
}
