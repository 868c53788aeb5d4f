// SPDX-License-Identifier: GPL-2.0-only
/* Who polls an object, or watches it; the idea stands in observe.h. */
#include <linux/anon_inodes.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/module.h>
#include <linux/poll.h>
#include <linux/seq_file.h>

#include "command.h"
#include "lockset.h"
#include "observe.h"
#include "watch.h"

/* The object's observers, which are made if there are none; or an error. */
struct kshare_observers *kshare_observers_get(struct kshare_object *obj)
{
	struct kshare_observers *o = kzalloc(sizeof(*o), GFP_KERNEL_ACCOUNT), *there;

	if (!o)
		return ERR_PTR(-ENOMEM);
	init_waitqueue_head(&o->poll);
	INIT_LIST_HEAD(&o->watches);
	INIT_LIST_HEAD(&o->feeders);
	kshare_object_lock(obj);
	there = obj->observers;
	if (!there) {
		there = o;
		obj->observers = o;
		o = NULL;
	}
	kshare_object_unlock(obj);
	kfree(o);
	return there;
}

void kshare_observers_free(struct kshare_object *obj)
{
	if (likely(!obj->observers))
		return;
	kshare_watches_drop(obj);
	kfree(obj->observers);
}

void __kshare_observe_poll(struct kshare_object *obj)
{
	struct kshare_observers *o = obj->observers;
	__poll_t mask;

	kshare_object_assert_held(obj);
	/* Not locked out: see kshare_object_poll(), which takes the lock after it joined. */
	if (!obj->ops->poll || !waitqueue_active(&o->poll))
		return;
	mask = obj->ops->poll(obj);
	if (mask)
		wake_up_poll(&o->poll, mask);
}

void __kshare_observe(struct kshare_object *obj)
{
	__kshare_observe_poll(obj);
	kshare_watches_note(obj);
}

static __poll_t kshare_object_poll(struct file *file, struct poll_table_struct *wait)
{
	struct kshare_object *obj = file->private_data;
	__poll_t mask;

	poll_wait(file, &obj->observers->poll, wait);
	/*
	 * Whoever changes the object has its lock, so either this sees the change,
	 * or he sees that somebody polls: the lock orders both.
	 */
	kshare_object_lock(obj);
	mask = obj->ops->poll(obj);
	kshare_object_unlock(obj);
	return mask;
}

static int kshare_object_release(struct inode *inode, struct file *file)
{
	kshare_object_put(file->private_data);
	return 0;
}

static void kshare_object_fdinfo(struct seq_file *m, struct file *file)
{
	struct kshare_object *obj = file->private_data;

	seq_printf(m, "kshare-object:\t%llu\n", obj->id);
	seq_printf(m, "kshare-type:\t%u\n", obj->type);
	seq_printf(m, "kshare-domain:\t%llu\n", obj->domain->obj.id);
}

static const struct file_operations kshare_object_fops = {
	.owner = THIS_MODULE,
	.release = kshare_object_release,
	.poll = kshare_object_poll,
	.show_fdinfo = kshare_object_fdinfo,
};

/* KSHARE_OP_EXPORT_FD */
int kshare_export_fd(struct kshare_run *run)
{
	struct kshare_object *obj = run->obj;
	struct kshare_observers *o;
	struct file *file;
	int fd;

	if (!obj->ops->poll)
		return -ENOTTY;
	o = kshare_observers_get(obj);
	if (IS_ERR(o))
		return PTR_ERR(o);
	fd = get_unused_fd_flags(O_CLOEXEC);
	if (fd < 0)
		return fd;
	kshare_object_get(obj);
	file = anon_inode_getfile("[kshare-object]", &kshare_object_fops, obj, O_RDONLY);
	if (IS_ERR(file)) {
		kshare_object_put(obj);
		put_unused_fd(fd);
		return PTR_ERR(file);
	}
	fd_install(fd, file);
	return fd;
}
