// SPDX-License-Identifier: LGPL-2.1-or-later OR MIT
/*
 * Replies: a buffer that the kernel writes to, and the references in it.
 *
 * Each reference is a new handle.  It becomes a proxy when it is first asked for;
 * those that never are, are closed as handles.
 */
#include "internal.h"

#define FIRST_SIZE	512
#define SIZE_STEP	1024

/**
 * struct reply_ref - a reference in a reply
 * @handle: its handle
 * @type: enum kshare_type; 0 if not known
 * @obj: its proxy, once there is one, which then owns the handle
 */
struct reply_ref {
	uint32_t handle;
	uint32_t type;
	struct kshare_obj *obj;
};

/**
 * struct kshare_reply - what an operation gave back
 * @k: the client, which is held; NULL before the first use
 * @result: the buffer: &first or one of its own
 * @size: bytes at @result
 * @ref_count: references in it
 * @refs: and what is known of them; NULL if there was no memory yet
 * @seen_value: a value …
 * @seen_ref: … and the index in @refs of the first reference at or behind it
 * @first: enough for most
 */
struct kshare_reply {
	struct kshare *k;
	struct kshare_result *result;
	size_t size;
	unsigned int ref_count;
	struct reply_ref *refs;
	unsigned int seen_value;
	unsigned int seen_ref;
	uint64_t first[FIRST_SIZE / sizeof(uint64_t)];
};

static unsigned int refs_of(const struct kshare_value *v)
{
	return v->type == KSHARE_REF ? 1 : ks_value_ref_count(v);
}

static uint32_t ref_of(const struct kshare_value *v, unsigned int n)
{
	const unsigned char *p = (const void *)(uintptr_t)v->ptr;
	uint32_t handle;

	if (v->type == KSHARE_REF)
		return v->ref.handle;
	memcpy(&handle, p + sizeof(handle) * ((size_t)n + 1), sizeof(handle));
	return handle;
}

/* Many handles are closed by few calls. */
struct closer {
	struct kshare *k;
	unsigned int count;
	struct kshare_cmd cmds[32];
};

static void closer_flush(struct closer *c)
{
	int32_t results[ARRAY_SIZE(c->cmds)];
	struct kshare_batch batch = {
		.size = sizeof(batch),
		.flags = KSHARE_BATCH_RUN_ON,
		.count = c->count,
		.cmds = (uintptr_t)c->cmds,
		.results = (uintptr_t)results,
		.cmd_size = sizeof(c->cmds[0]),
	};

	if (c->count == 1)
		ks_client_submit(c->k, &c->cmds[0]);
	else if (c->count)
		ks_client_submit_batch(c->k, &batch);
	c->count = 0;
}

static void closer_add(struct closer *c, uint32_t handle)
{
	if (c->count == ARRAY_SIZE(c->cmds))
		closer_flush(c);
	kshare_prep_close(&c->cmds[c->count++], handle);
}

static void close_refs(struct kshare_reply *r)
{
	struct closer c;
	unsigned int i, n;

	c.k = r->k;
	c.count = 0;
	if (r->refs) {
		for (i = 0; i < r->ref_count; i++) {
			if (r->refs[i].obj)
				kshare_unref(r->refs[i].obj);
			else
				closer_add(&c, r->refs[i].handle);
		}
	} else {
		for (i = 0; i < r->result->count; i++) {
			const struct kshare_value *v = &r->result->values[i];

			for (n = 0; n < refs_of(v); n++)
				closer_add(&c, ref_of(v, n));
		}
	}
	closer_flush(&c);
	free(r->refs);
	r->refs = NULL;
	r->ref_count = 0;
}

static void empty(struct kshare_reply *r)
{
	if (r->ref_count)
		close_refs(r);
	memset(r->result, 0, sizeof(*r->result));
	r->seen_value = 0;
	r->seen_ref = 0;
}

static void free_buffer(struct kshare_reply *r)
{
	if (r->result != (void *)r->first)
		free(r->result);
}

void kshare_reply_free(struct kshare_reply *reply)
{
	if (!reply)
		return;
	empty(reply);
	free_buffer(reply);
	if (reply->k)
		ks_client_put(reply->k);
	free(reply);
}

void kshare_cleanup_reply(struct kshare_reply **reply)
{
	kshare_reply_free(*reply);
}

static int set_size(struct kshare_reply *r, size_t size)
{
	struct kshare_result *result;

	size = (size + SIZE_STEP - 1) / SIZE_STEP * SIZE_STEP;
	result = alloc(size);
	if (!result)
		return -ENOMEM;
	free_buffer(r);
	r->result = result;
	r->size = size;
	return 0;
}

static int make(struct kshare_reply **reply)
{
	struct kshare_reply *r = *reply;

	if (!r) {
		r = alloc(sizeof(*r));
		if (!r)
			return -ENOMEM;
		r->result = (void *)r->first;
		r->size = sizeof(r->first);
		*reply = r;
	}
	empty(r);
	return 0;
}

/* Makes an empty reply for a command of this client. */
int ks_reply_prepare(struct kshare_reply **reply, struct kshare *k)
{
	int err = make(reply);

	if (err)
		return err;
	if ((*reply)->k != k) {
		if ((*reply)->k)
			ks_client_put((*reply)->k);
		(*reply)->k = ks_client_hold(k);
	}
	return 0;
}

int kshare_reply_reserve(struct kshare_reply **reply, size_t bytes)
{
	int err = make(reply);

	if (err || bytes <= (*reply)->size)
		return err;
	if (bytes > KSHARE_MAX_OUT)
		return -E2BIG;
	return set_size(*reply, bytes);
}

void ks_reply_aim(struct kshare_reply *reply, struct kshare_cmd *cmd)
{
	cmd->out = (uintptr_t)reply->result;
	cmd->out_len = (uint32_t)reply->size;
}

/* After ENOBUFS of one of several commands: whether it was this one's reply. */
bool ks_reply_is_short(const struct kshare_reply *reply)
{
	return reply->result->number > reply->size;
}

/* After ENOBUFS: as large as the kernel has asked for. */
int ks_reply_grow(struct kshare_reply *reply)
{
	uint64_t need = reply->result->number;
	int err;

	if (need <= reply->size || need > reply->k->max_out) {
		empty(reply);
		return -ENOBUFS;
	}
	err = set_size(reply, need);
	if (err)
		empty(reply);
	return err;
}

static void find_refs(struct kshare_reply *r)
{
	struct reply_ref *refs = resize(NULL, r->ref_count, sizeof(*refs));
	unsigned int i, n, at = 0;

	if (!refs)
		return;
	for (i = 0; i < r->result->count; i++) {
		const struct kshare_value *v = &r->result->values[i];

		for (n = 0; n < refs_of(v); n++) {
			refs[at].handle = ref_of(v, n);
			refs[at].type = v->type == KSHARE_REF ? v->len : 0;
			refs[at++].obj = NULL;
		}
	}
	r->refs = refs;
}

static void receive(struct kshare_reply *reply)
{
	unsigned int i;

	for (i = 0; i < reply->result->count; i++)
		reply->ref_count += refs_of(&reply->result->values[i]);
	if (!reply->ref_count)
		return;
	/* If there is no memory now, there may be when somebody asks for one. */
	find_refs(reply);
	/* A value can be given as an argument as it is, where this must be 0. */
	for (i = 0; i < reply->result->count; i++) {
		if (reply->result->values[i].type == KSHARE_REF)
			reply->result->values[i].len = 0;
	}
}

/*
 * The command gave @result.  With KSHARE_DETECT EDEADLK has values; nothing else
 * wrote any then.  Else, what it needs (ENOBUFS) stays, to be asked for.
 */
void ks_reply_finish(struct kshare_reply *reply, int result)
{
	if (result >= 0 || result == -EDEADLK) {
		receive(reply);
		return;
	}
	reply->result->flags = 0;
	reply->result->count = 0;
}

unsigned int kshare_reply_count(const struct kshare_reply *reply)
{
	return reply ? reply->result->count : 0;
}

uint64_t kshare_reply_number(const struct kshare_reply *reply)
{
	return reply ? reply->result->number : 0;
}

uint32_t kshare_reply_flags(const struct kshare_reply *reply)
{
	return reply ? reply->result->flags : 0;
}

const struct kshare_value *kshare_reply_value(const struct kshare_reply *reply, unsigned int i)
{
	return i < kshare_reply_count(reply) ? &reply->result->values[i] : NULL;
}

/* Index in @refs of the first reference of a value; cheap when asked in order. */
static unsigned int ref_index(struct kshare_reply *r, unsigned int i)
{
	if (i < r->seen_value) {
		r->seen_value = 0;
		r->seen_ref = 0;
	}
	while (r->seen_value < i)
		r->seen_ref += refs_of(&r->result->values[r->seen_value++]);
	return r->seen_ref;
}

static int take(struct kshare_reply *r, unsigned int i, unsigned int n, struct kshare_obj **obj)
{
	struct reply_ref *ref;
	int err;

	if (!r->refs)
		find_refs(r);
	if (!r->refs)
		return -ENOMEM;
	ref = &r->refs[ref_index(r, i) + n];
	if (!ref->obj) {
		err = ks_obj_new(r->k, ref->handle, ref->type, &ref->obj);
		if (err)
			return err;
	}
	*obj = kshare_hold(ref->obj);
	return 0;
}

int kshare_reply_obj(struct kshare_reply *reply, unsigned int i, struct kshare_obj **obj)
{
	const struct kshare_value *v = kshare_reply_value(reply, i);

	if (!v)
		return -ENOENT;
	if (v->type != KSHARE_REF)
		return -EDOM;
	return take(reply, i, 0, obj);
}

unsigned int kshare_reply_ref_count(const struct kshare_reply *reply, unsigned int i)
{
	const struct kshare_value *v = kshare_reply_value(reply, i);

	return v ? ks_value_ref_count(v) : 0;
}

int kshare_reply_ref(struct kshare_reply *reply, unsigned int i, unsigned int n,
		     struct kshare_obj **obj)
{
	const struct kshare_value *v = kshare_reply_value(reply, i);

	if (!v)
		return -ENOENT;
	if (v->type != KSHARE_ENCODED)
		return -EDOM;
	if (n >= ks_value_ref_count(v))
		return -ERANGE;
	return take(reply, i, n, obj);
}
