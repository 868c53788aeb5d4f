// SPDX-License-Identifier: LGPL-2.1-or-later OR MIT
/* Batches: many commands in one call. */
#include "internal.h"

/**
 * struct kshare_cmds - a batch
 * @k: the client, which is held
 * @flags: KSHARE_BATCH_*
 * @error: of an addition that failed
 * @count: number of commands
 * @room: number of commands there is memory for
 * @done: see kshare_batch_done()
 * @cmds: the commands
 * @results: what each gave
 * @replies: NULL for those whose values are not wanted
 * @changed: while the answer to a call is fetched which did not fit: its command, whose
 *	place another has meanwhile; its @op is 0 if there is none
 * @spare: for commands that found no memory
 */
struct kshare_cmds {
	struct kshare *k;
	uint32_t flags;
	int error;
	unsigned int count;
	unsigned int room;
	unsigned int done;
	struct kshare_cmd *cmds;
	int32_t *results;
	struct kshare_reply **replies;
	struct kshare_cmd changed;
	struct kshare_cmd spare;
};

int kshare_batch_new(struct kshare *k, uint32_t flags, struct kshare_cmds **batch)
{
	struct kshare_cmds *b = alloc(sizeof(*b));

	if (!b)
		return -ENOMEM;
	b->k = ks_client_hold(k);
	b->flags = flags;
	*batch = b;
	return 0;
}

void kshare_batch_clear(struct kshare_cmds *batch)
{
	unsigned int i;

	for (i = 0; i < batch->count; i++)
		kshare_reply_free(batch->replies[i]);
	batch->count = 0;
	batch->done = 0;
	batch->error = 0;
}

void kshare_batch_free(struct kshare_cmds *batch)
{
	if (!batch)
		return;
	kshare_batch_clear(batch);
	free(batch->cmds);
	free(batch->results);
	free(batch->replies);
	ks_client_put(batch->k);
	free(batch);
}

void kshare_cleanup_batch(struct kshare_cmds **batch)
{
	kshare_batch_free(*batch);
}

static int make_room(struct kshare_cmds *b)
{
	unsigned int room = b->room ? b->room * 2 : 16;
	void *p;

	if (b->count < b->room)
		return 0;
	if (room < b->room)
		return -ENOMEM;
	p = resize(b->cmds, room, sizeof(*b->cmds));
	if (!p)
		return -ENOMEM;
	b->cmds = p;
	p = resize(b->results, room, sizeof(*b->results));
	if (!p)
		return -ENOMEM;
	b->results = p;
	p = resize(b->replies, room, sizeof(*b->replies));
	if (!p)
		return -ENOMEM;
	b->replies = p;
	b->room = room;
	return 0;
}

static struct kshare_cmd *add(struct kshare_cmds *b, bool ask)
{
	struct kshare_reply *reply = NULL;
	int err;

	err = make_room(b);
	if (!err && ask)
		err = ks_reply_prepare(&reply, b->k);
	if (err) {
		b->error = err;
		return &b->spare;
	}
	b->results[b->count] = -ECANCELED;
	b->replies[b->count] = reply;
	/* One that is added and not prepared must fail, and not be what was here. */
	memset(&b->cmds[b->count], 0, sizeof(b->cmds[0]));
	b->cmds[b->count].size = sizeof(b->cmds[0]);
	return &b->cmds[b->count++];
}

struct kshare_cmd *kshare_batch_add(struct kshare_cmds *batch)
{
	return add(batch, false);
}

struct kshare_cmd *kshare_batch_ask(struct kshare_cmds *batch)
{
	return add(batch, true);
}

/* One call, from command @from on; advances done. */
static int run_some(struct kshare_cmds *b, unsigned int from)
{
	unsigned int count = b->count - from;
	struct kshare_batch batch = {
		.size = sizeof(batch),
		.flags = b->flags,
		.cmds = (uintptr_t)&b->cmds[from],
		.results = (uintptr_t)&b->results[from],
		.cmd_size = sizeof(b->cmds[0]),
	};
	int err;

	if (!(b->flags & KSHARE_BATCH_ATOMIC) && count > b->k->max_batch)
		count = b->k->max_batch;
	batch.count = count;
	err = ks_client_submit_batch(b->k, &batch);
	b->done = from + batch.done;
	return err;
}

static int prepare_replies(struct kshare_cmds *b)
{
	unsigned int i;
	int err;

	for (i = 0; i < b->count; i++) {
		b->results[i] = -ECANCELED;
		if (!b->replies[i])
			continue;
		err = ks_reply_prepare(&b->replies[i], b->k);
		if (err)
			return err;
		ks_reply_aim(b->replies[i], &b->cmds[i]);
	}
	return 0;
}

/* Whether a reply was too small, and could be made larger. */
static bool grow_reply(struct kshare_cmds *b)
{
	struct kshare_reply *reply;

	if (b->done >= b->count)
		return false;
	reply = b->replies[b->done];
	if (!reply || ks_reply_grow(reply))
		return false;
	if (b->cmds[b->done].op == KSHARE_OP_CALL) {
		b->changed = b->cmds[b->done];
		kshare_prep_again(&b->cmds[b->done]);
	}
	ks_reply_aim(reply, &b->cmds[b->done]);
	return true;
}

/* The batch can be run again. */
static void change_back(struct kshare_cmds *b, unsigned int at)
{
	if (b->changed.op && at < b->count)
		b->cmds[at] = b->changed;
	b->changed.op = 0;
}

int kshare_batch_run(struct kshare_cmds *batch)
{
	bool atomic = batch->flags & KSHARE_BATCH_ATOMIC;
	unsigned int i, at = 0;
	int err;

	batch->done = 0;
	err = batch->error;
	if (!err)
		err = prepare_replies(batch);
	while (!err && batch->done < batch->count) {
		/* What was too small was not done, so it is where to go on. */
		err = run_some(batch, atomic ? 0 : batch->done);
		if (batch->changed.op && (err != -ENOBUFS || batch->done != at))
			change_back(batch, at);
		at = batch->done;
		if (err == -ENOBUFS && grow_reply(batch))
			err = 0;
	}
	change_back(batch, at);
	for (i = 0; i < batch->count; i++) {
		/* One failed, and none was carried out. */
		if (atomic && err < 0)
			batch->results[i] = i == batch->done ? err : -ECANCELED;
		if (batch->replies[i])
			ks_reply_finish(batch->replies[i], batch->results[i]);
	}
	return err < 0 ? err : 0;
}

unsigned int kshare_batch_count(const struct kshare_cmds *batch)
{
	return batch->count;
}

unsigned int kshare_batch_done(const struct kshare_cmds *batch)
{
	return batch->done;
}

int kshare_batch_result(const struct kshare_cmds *batch, unsigned int i)
{
	return i < batch->count ? batch->results[i] : -ERANGE;
}

struct kshare_reply *kshare_batch_reply(const struct kshare_cmds *batch, unsigned int i)
{
	return i < batch->count ? batch->replies[i] : NULL;
}
