// SPDX-License-Identifier: GPL-2.0-only
/* Looking at objects: what they are, who holds them, who waits for them. */
#include "inspect.h"
#include "lockset.h"
#include "types/class.h"
#include "types/condition.h"

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
	/* Those of a condition come and go under the lock of its lock. */
	stat.waiters = READ_ONCE(obj->waiter_count);
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

void kshare_who_add(struct kshare_who_list *list, const struct kshare_client *client, u64 owner,
		    u32 number, u64 token)
{
	struct kshare_run *run = list->run;

	list->count++;
	if (run->out_count + 4 > run->out_room)
		return;
	run->out[run->out_count++] = kshare_val_int(kshare_who_pid(client->who));
	run->out[run->out_count++] = kshare_val_uint(owner);
	run->out[run->out_count++] = kshare_val_int(number);
	run->out[run->out_count++] = kshare_val_uint(token);
}

int kshare_who_prepare(struct kshare_run *run)
{
	return kshare_run_out(run, 4 * KSHARE_MAX_WHO);
}

u64 kshare_run_owner(const struct kshare_run *run)
{
	if (run->op->flags & KSHARE_ROW_OF_LOCK)
		return run->u.condition.owner;
	if (!run->obj->ops->owned)
		return 0;
	return run->obj->type == KSHARE_TYPE_RWLOCK ? run->u.rwlock.owner : run->u.lock.owner;
}

/* Under a spinlock (of the lock of a condition) it must not pause. */
static void kshare_who_waits(struct kshare_who_list *list, struct list_head *line, bool pause)
{
	struct kshare_waiter *w;

	list_for_each_entry(w, line, link) {
		struct kshare_run *run = kshare_waiter_run(w);

		/* Counting beyond what is told would take too long there. */
		if (!pause && list->run->out_count == list->run->out_room)
			return;
		kshare_who_add(list, run->client, kshare_run_owner(run), 0, run->op - kshare_rows);
		if (pause)
			cond_resched();
	}
}

/* With the lockset held nobody else owns the lock. */
static void kshare_who_condition(struct kshare_who_list *list, struct kshare_object *obj)
{
	struct kshare_object *lock = kshare_condition_lock(obj);
	struct list_head *line = kshare_condition_waiters(obj);

	if (lock->owned) {
		kshare_who_waits(list, line, true);
		return;
	}
	spin_lock(&lock->lock);
	kshare_who_waits(list, line, false);
	list->count = obj->waiter_count;
	spin_unlock(&lock->lock);
}

int kshare_who_apply(struct kshare_run *run)
{
	struct kshare_who_list list = { .run = run };
	struct kshare_object *obj = run->obj;
	struct list_head *line;
	unsigned int n;

	if (!run->owned)
		return KSHARE_MUST_OWN;
	if (obj->ops->who)
		obj->ops->who(obj, &list);
	kshare_who_waits(&list, &obj->waiters, true);
	for (n = 1; obj->ops->line && (line = obj->ops->line(obj, n)); n++)
		kshare_who_waits(&list, line, true);
	kshare_who_waits(&list, &obj->all_waiters, true);
	if (obj->type == KSHARE_TYPE_CONDITION)
		kshare_who_condition(&list, obj);
	else if (obj->type == KSHARE_TYPE_CLASS)
		kshare_who_waits(&list, kshare_class_callers(obj), true);
	run->number = list.count;
	return run->out_count / 4;
}
