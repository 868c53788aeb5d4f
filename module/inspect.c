// SPDX-License-Identifier: GPL-2.0-only
/* Looking at objects: KSHARE_OP_STAT. */
#include "inspect.h"
#include "lockset.h"

int kshare_stat(struct kshare_run *run)
{
	struct kshare_object *obj = run->obj;
	struct kshare_who *writer = NULL;
	struct kshare_stat stat = {};

	if (!run->out_addr)
		return -EINVAL;

	kshare_object_lock(obj);
	stat.type = obj->type;
	stat.rights = run->rights;
	stat.flags = obj->flags;
	stat.id = obj->id;
	stat.domain = obj->domain->obj.id;
	stat.version = obj->version;
	stat.refs = refcount_read(&obj->ref);
	stat.bytes = obj->bytes;
	stat.waiters = obj->waiter_count;
	stat.handles = atomic_read(&run->client->handle_count);
	if (obj->ops->stat)
		obj->ops->stat(obj, &stat);
	if (obj->type == KSHARE_TYPE_DOMAIN)
		stat.used[KSHARE_LIMIT_HANDLES] = atomic_read(&run->client->handle_count);
	writer = kshare_who_get(obj->writer);
	kshare_object_unlock(obj);

	if (writer) {
		stat.writer_pid = kshare_who_pid(writer);
		stat.writer_start = writer->start;
		memcpy(stat.writer_comm, writer->comm, sizeof(stat.writer_comm));
		kshare_who_put(writer);
	}
	return copy_struct_to_user(u64_to_user_ptr(run->out_addr), run->out_len, &stat,
				   sizeof(stat), NULL);
}
