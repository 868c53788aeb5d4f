/* SPDX-License-Identifier: LGPL-2.1-or-later OR MIT */
/*
 * Queues: messages that one puts in and another takes.
 *
 * A message can be taken on lease.  Then it is done with only by an ack; if its taker
 * dies, or says nack, it goes back to the front of the queue, and the next taker is
 * told how often it was taken: more than once may mean that it was half done.
 */
#ifndef KSHARE_QUEUE_H
#define KSHARE_QUEUE_H

#include <kshare/base.h>

KSHARE_BEGIN_DECLS

/**
 * kshare_queue_create() - a new queue
 * @k: the client
 * @bound: most messages in it; 0 for no bound but the domain's limits
 * @flags: KSHARE_LIFO: the newest message first; or KSHARE_PRIORITY: that of the
 *	smallest priority first; KSHARE_NO_INHERIT
 * @queue: its proxy
 *
 * Return: 0.
 */
int kshare_queue_create(struct kshare *k, uint64_t bound, uint32_t flags,
			struct kshare_obj **queue);

/**
 * kshare_queue_put() - puts a message in, once there is room
 * @queue: the queue
 * @value: the message; in a priority queue it has the priority 0
 * @deadline: an absolute time, KSHARE_FOREVER or KSHARE_TRY
 *
 * Return: messages in it then; -ETIMEDOUT; -EAGAIN with KSHARE_TRY; -EINTR; -ESHUTDOWN.
 */
int64_t kshare_queue_put(struct kshare_obj *queue, struct kshare_value value, int64_t deadline);
/** kshare_prep_queue_put() - prepares kshare_queue_put() */
void kshare_prep_queue_put(struct kshare_cmd *cmd, struct kshare_obj *queue,
			   struct kshare_value value, int64_t deadline);

/**
 * kshare_queue_put_priority() - puts a message into a priority queue
 * @queue: the queue
 * @priority: a number of any kind; the smallest is taken first, and of equal ones the
 *	oldest
 * @value: the message
 * @deadline: an absolute time, KSHARE_FOREVER or KSHARE_TRY
 *
 * Return: as kshare_queue_put(); -EDOM for a @priority that is no number; -EINVAL for
 * a queue without priorities.
 */
int64_t kshare_queue_put_priority(struct kshare_obj *queue, struct kshare_value priority,
				  struct kshare_value value, int64_t deadline);
/** kshare_prep_queue_put_priority() - prepares kshare_queue_put_priority() */
void kshare_prep_queue_put_priority(struct kshare_cmd *cmd, struct kshare_obj *queue,
				    struct kshare_value priority, struct kshare_value value,
				    int64_t deadline);

/**
 * kshare_queue_put_many() - puts many messages in, as one step, once all have room
 * @queue: the queue
 * @values: the messages; for a priority queue priority, message, priority, message …
 * @count: number of @values
 * @deadline: an absolute time, KSHARE_FOREVER or KSHARE_TRY
 *
 * Return: as kshare_queue_put(); -ERANGE if there can never be room for all.
 */
int64_t kshare_queue_put_many(struct kshare_obj *queue, const struct kshare_value *values,
			      uint32_t count, int64_t deadline);
/** kshare_prep_queue_put_many() - prepares kshare_queue_put_many() */
void kshare_prep_queue_put_many(struct kshare_cmd *cmd, struct kshare_obj *queue,
				const struct kshare_value *values, uint32_t count,
				int64_t deadline);

/**
 * kshare_queue_get() - takes a message
 * @queue: the queue
 * @deadline: an absolute time, KSHARE_FOREVER or KSHARE_TRY
 * @reply: the message
 *
 * Return: how often the message was taken, this time included; -ETIMEDOUT; -EAGAIN with
 * KSHARE_TRY; -EINTR; -ESHUTDOWN if the queue is shut down and nothing is left, or can
 * come back from another client.
 */
int kshare_queue_get(struct kshare_obj *queue, int64_t deadline, struct kshare_reply **reply);
/** kshare_prep_queue_get() - prepares kshare_queue_get() */
void kshare_prep_queue_get(struct kshare_cmd *cmd, struct kshare_obj *queue, int64_t deadline);

/**
 * kshare_queue_get_lease() - takes a message on lease
 * @queue: the queue
 * @deadline: an absolute time, KSHARE_FOREVER or KSHARE_TRY
 * @reply: the message; number: the lease
 * @lease: the lease, for kshare_queue_ack() or kshare_queue_nack(); may be NULL
 *
 * Return: as kshare_queue_get().
 */
int kshare_queue_get_lease(struct kshare_obj *queue, int64_t deadline,
			   struct kshare_reply **reply, uint64_t *lease);
/** kshare_prep_queue_get_lease() - prepares kshare_queue_get_lease() */
void kshare_prep_queue_get_lease(struct kshare_cmd *cmd, struct kshare_obj *queue,
				 int64_t deadline);

/**
 * kshare_queue_get_many() - waits for a message and takes all there are, as one step
 * @queue: the queue
 * @most: most messages to take, 1 to KSHARE_MAX_GET
 * @deadline: an absolute time, KSHARE_FOREVER or KSHARE_TRY
 * @reply: the messages; number: messages left.  There is room for @most short ones; of
 *	long ones as many are taken as fit: kshare_reply_reserve() makes more room.
 *
 * Return: the number of messages; errors as kshare_queue_get(), and -EINVAL for a wrong
 * @most.
 */
int kshare_queue_get_many(struct kshare_obj *queue, uint32_t most, int64_t deadline,
			  struct kshare_reply **reply);
/** kshare_prep_queue_get_many() - prepares kshare_queue_get_many() */
void kshare_prep_queue_get_many(struct kshare_cmd *cmd, struct kshare_obj *queue, uint32_t most,
				int64_t deadline);

/**
 * kshare_queue_get_many_lease() - kshare_queue_get_many() on lease
 * @queue: the queue
 * @most: most messages to take, 1 to KSHARE_MAX_GET
 * @deadline: an absolute time, KSHARE_FOREVER or KSHARE_TRY
 * @reply: three values for each message: its lease (UINT), how often it was taken
 *	(INT), and the message; number: messages left
 *
 * Return: as kshare_queue_get_many().
 */
int kshare_queue_get_many_lease(struct kshare_obj *queue, uint32_t most, int64_t deadline,
				struct kshare_reply **reply);
/** kshare_prep_queue_get_many_lease() - prepares kshare_queue_get_many_lease() */
void kshare_prep_queue_get_many_lease(struct kshare_cmd *cmd, struct kshare_obj *queue,
				      uint32_t most, int64_t deadline);

/**
 * kshare_queue_peek() - looks at the next message, which stays
 * @queue: the queue
 * @reply: the message
 *
 * Return: 0; -ENOENT if there is none.
 */
int kshare_queue_peek(struct kshare_obj *queue, struct kshare_reply **reply);
/** kshare_prep_queue_peek() - prepares kshare_queue_peek() */
void kshare_prep_queue_peek(struct kshare_cmd *cmd, struct kshare_obj *queue);

/**
 * kshare_queue_len() - number of messages in a queue, without those on lease
 * @queue: the queue
 *
 * Return: the number.
 */
int64_t kshare_queue_len(struct kshare_obj *queue);
/** kshare_prep_queue_len() - prepares kshare_queue_len(), and kshare_queue_full(): its result */
void kshare_prep_queue_len(struct kshare_cmd *cmd, struct kshare_obj *queue);

/**
 * kshare_queue_full() - whether a put would have to wait
 * @queue: the queue
 *
 * Return: 1 or 0.
 */
int kshare_queue_full(struct kshare_obj *queue);

/**
 * kshare_queue_ack() - a message on lease is done with
 * @queue: the queue
 * @lease: its lease
 *
 * Return: 0; -ENOENT if this client has no such lease.
 */
int kshare_queue_ack(struct kshare_obj *queue, uint64_t lease);
/** kshare_prep_queue_ack() - prepares kshare_queue_ack() */
void kshare_prep_queue_ack(struct kshare_cmd *cmd, struct kshare_obj *queue, uint64_t lease);

/**
 * kshare_queue_nack() - gives a message on lease back, to the front of the queue
 * @queue: the queue
 * @lease: its lease
 *
 * Return: 0; -ENOENT if this client has no such lease.
 */
int kshare_queue_nack(struct kshare_obj *queue, uint64_t lease);
/** kshare_prep_queue_nack() - prepares kshare_queue_nack() */
void kshare_prep_queue_nack(struct kshare_cmd *cmd, struct kshare_obj *queue, uint64_t lease);

/**
 * kshare_queue_task_done() - messages taken without a lease are done with
 * @queue: the queue
 * @messages: how many; 0 counts as 1
 *
 * Return: messages that are unfinished; -ERANGE if there are not so many.
 */
int64_t kshare_queue_task_done(struct kshare_obj *queue, uint32_t messages);
/** kshare_prep_queue_task_done() - prepares kshare_queue_task_done() */
void kshare_prep_queue_task_done(struct kshare_cmd *cmd, struct kshare_obj *queue,
				 uint32_t messages);

/**
 * kshare_queue_join() - waits until all messages are done with
 * @queue: the queue
 * @deadline: an absolute time, KSHARE_FOREVER or KSHARE_TRY
 *
 * A message is unfinished from its put until its ack or task_done, or until it is
 * dropped.
 *
 * Return: 0; -ETIMEDOUT; -EAGAIN with KSHARE_TRY; -EINTR.
 */
int kshare_queue_join(struct kshare_obj *queue, int64_t deadline);
/** kshare_prep_queue_join() - prepares kshare_queue_join() */
void kshare_prep_queue_join(struct kshare_cmd *cmd, struct kshare_obj *queue, int64_t deadline);

/**
 * kshare_queue_shutdown() - lets nothing in any more
 * @queue: the queue
 * @immediate: what is in it is dropped, and what is on lease will be, instead of coming
 *	back
 *
 * Those that wait to put get -ESHUTDOWN, and those that wait for a message when there
 * can be none any more.
 *
 * Return: messages that were dropped.
 */
int64_t kshare_queue_shutdown(struct kshare_obj *queue, bool immediate);
/** kshare_prep_queue_shutdown() - prepares kshare_queue_shutdown() */
void kshare_prep_queue_shutdown(struct kshare_cmd *cmd, struct kshare_obj *queue, bool immediate);

KSHARE_END_DECLS

#endif /* KSHARE_QUEUE_H */
