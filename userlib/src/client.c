// SPDX-License-Identifier: LGPL-2.1-or-later OR MIT
/* Clients: connecting, asking what the module can do, letting go. */
#include "internal.h"

#define VERSION_MAJOR	0
#define VERSION_MINOR	1
#define VERSION_PATCH	0

unsigned int kshare_version(void)
{
	return VERSION_MAJOR * 10000 + VERSION_MINOR * 100 + VERSION_PATCH;
}

/*
 * Structures of options grow as those of the kernel do: a shorter one is
 * extended by zeroes, in a longer one what is not known must be zero.
 */
int ks_opts_copy(void *to, size_t known, size_t least, const void *from)
{
	const unsigned char *p = from;
	size_t size;
	size_t i;

	memcpy(&size, from, sizeof(size));
	if (size < least)
		return -EINVAL;
	for (i = known; i < size; i++) {
		if (p[i])
			return -E2BIG;
	}
	memset(to, 0, known);
	memcpy(to, from, size < known ? size : known);
	return 0;
}

static int load_query(struct kshare *k)
{
	/* The first eight bytes of a row are its number and its types. */
	struct row {
		uint32_t op;
		uint32_t types;
	} first[256], *rows = first, *more;
	struct kshare_query q;
	uint32_t room = ARRAY_SIZE(first);
	uint32_t i;
	int err;

	for (;;) {
		memset(&q, 0, sizeof(q));
		q.size = sizeof(q);
		q.ops = (uintptr_t)rows;
		q.op_count = room;
		q.op_size = sizeof(*rows);
		err = k->engine->ops->query(k->engine, &q);
		if (err < 0)
			goto out;
		if (q.op_count <= room)
			break;
		more = resize(rows == first ? NULL : rows, q.op_count, sizeof(*rows));
		if (!more) {
			err = -ENOMEM;
			goto out;
		}
		rows = more;
		room = q.op_count;
	}
	for (i = 0; i < q.op_count; i++) {
		if (rows[i].op < OPS_MAX)
			k->ops[rows[i].op / 64] |= 1ULL << rows[i].op % 64;
	}
	k->domain = q.domain;
	k->features = q.features;
	k->max_batch = q.max_batch ? q.max_batch : KSHARE_MAX_BATCH;
	k->max_vector = q.max_vector ? q.max_vector : KSHARE_MAX_VECTOR;
	k->max_out = q.max_out ? q.max_out : KSHARE_MAX_OUT;
	err = 0;
out:
	if (rows != first)
		free(rows);
	return err;
}

/* Takes the engine over if it succeeds. */
int ks_client_new(struct kshare_engine *engine, uint32_t flags, struct kshare **k)
{
	struct kshare *new = alloc(sizeof(*new));
	int err;

	if (!new)
		return -ENOMEM;
	new->refs = 1;
	new->engine = engine;
	new->no_inherit = flags & KSHARE_CONNECT_NO_INHERIT;
	err = load_query(new);
	if (!err)
		err = ks_clients_add(new);
	if (err) {
		free(new);
		return err;
	}
	*k = new;
	return 0;
}

static int check_opts(const struct kshare_connect_opts *opts, struct kshare_connect_opts *o)
{
	int err;

	memset(o, 0, sizeof(*o));
	if (!opts)
		return 0;
	err = ks_opts_copy(o, sizeof(*o), sizeof(*o), opts);
	if (err)
		return err;
	if (o->reserved)
		return -EINVAL;
	return o->flags & ~KSHARE_CONNECT_NO_INHERIT ? -EOPNOTSUPP : 0;
}

int kshare_connect(const struct kshare_connect_opts *opts, struct kshare **k)
{
	struct kshare_engine *engine = NULL;
	struct kshare_connect_opts o;
	int err;

	err = check_opts(opts, &o);
	if (err)
		return err;
	err = ks_engine_kernel_open(o.device ? o.device : KSHARE_DEVICE, &engine);
	if (err)
		return err;
	err = ks_client_new(engine, o.flags, k);
	if (err)
		engine->ops->close(engine);
	return err;
}

int kshare_client_bind(int fd, const struct kshare_connect_opts *opts, struct kshare **k)
{
	struct kshare_connect_opts o;
	struct kshare_engine *engine;
	struct kshare_cmd cmd;
	int err;

	err = check_opts(opts, &o);
	if (err)
		return err;
	if (o.device)
		return -EINVAL;
	err = ks_engine_kernel_adopt(fd, &engine);
	if (err)
		return err;
	kshare_prep_client_bind(&cmd);
	err = engine->ops->submit(engine, &cmd);
	if (err >= 0)
		err = ks_client_new(engine, o.flags, k);
	if (err < 0)
		free(engine);	/* and not its descriptor, which is the caller's still */
	return err;
}

struct kshare *ks_client_hold(struct kshare *k)
{
	__atomic_add_fetch(&k->refs, 1, __ATOMIC_RELAXED);
	return k;
}

void ks_client_put(struct kshare *k)
{
	if (__atomic_sub_fetch(&k->refs, 1, __ATOMIC_ACQ_REL))
		return;
	ks_clients_del(k);
	k->engine->ops->close(k->engine);
	free(k);
}

void kshare_disconnect(struct kshare *k)
{
	if (k)
		ks_client_put(k);
}

void kshare_cleanup_client(struct kshare **k)
{
	kshare_disconnect(*k);
}

/* 0, or what every call gives if the client is not this process's. */
int ks_client_usable(const struct kshare *k)
{
	if (!k->error)
		return 0;
	return k->no_inherit ? -EPERM : -ENOTCONN;
}

int ks_client_submit(struct kshare *k, struct kshare_cmd *cmd)
{
	int err = ks_client_usable(k);

	return err ? err : k->engine->ops->submit(k->engine, cmd);
}

int ks_client_submit_batch(struct kshare *k, struct kshare_batch *batch)
{
	int err = ks_client_usable(k);

	return err ? err : k->engine->ops->submit_batch(k->engine, batch);
}

int kshare_client_error(struct kshare *k)
{
	return k->error;
}

int kshare_fd(struct kshare *k)
{
	int err = ks_client_usable(k);

	if (err)
		return err;
	return k->engine->ops->fd ? k->engine->ops->fd(k->engine) : -EOPNOTSUPP;
}

int kshare_query(struct kshare *k, struct kshare_query *q)
{
	int err = ks_client_usable(k);

	if (err)
		return err;
	if (!q->size)
		q->size = sizeof(*q);
	return k->engine->ops->query(k->engine, q);
}

bool kshare_has_op(struct kshare *k, uint32_t op)
{
	return op < OPS_MAX && k->ops[op / 64] >> op % 64 & 1;
}

bool kshare_has_feature(struct kshare *k, uint64_t feature)
{
	return (k->features & feature) == feature;
}

void kshare_prep_nop(struct kshare_cmd *cmd)
{
	kshare_prep(cmd, KSHARE_OP_NOP, NULL);
}

int kshare_nop(struct kshare *k)
{
	struct kshare_cmd cmd;

	kshare_prep_nop(&cmd);
	return ks_client_submit(k, &cmd);
}

void kshare_prep_client_clone(struct kshare_cmd *cmd)
{
	kshare_prep(cmd, KSHARE_OP_CLIENT_CLONE, NULL);
}

int kshare_client_clone(struct kshare *k)
{
	struct kshare_cmd cmd;

	kshare_prep_client_clone(&cmd);
	return ks_client_submit(k, &cmd);
}

void kshare_prep_client_bind(struct kshare_cmd *cmd)
{
	kshare_prep(cmd, KSHARE_OP_CLIENT_BIND, NULL);
}
