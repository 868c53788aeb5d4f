// SPDX-License-Identifier: GPL-2.0-only
/* Descriptors of single objects: to pass them on, and to poll them. */
#include <linux/anon_inodes.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/module.h>
#include <linux/poll.h>
#include <linux/seq_file.h>

#include "command.h"
#include "gate.h"
#include "grant.h"
#include "lockset.h"
#include "observe.h"
#include "watch.h"

static __poll_t kshare_export_poll(struct file *file, struct poll_table_struct *wait)
{
	struct kshare_export *export = file->private_data;
	struct kshare_object *obj = (struct kshare_object *)kshare_object_real(export->obj);
	__poll_t mask;

	poll_wait(file, &obj->observers->poll, wait);
	/*
	 * Whoever changes the object has its lock, so either this sees the change,
	 * or he sees that somebody polls: the lock orders both.
	 */
	kshare_object_lock(obj);
	mask = kshare_gate_pass(export->obj) ? obj->ops->poll(obj) : EPOLLERR | EPOLLHUP;
	kshare_object_unlock(obj);
	return mask;
}

static void kshare_export_free(struct kshare_export *export)
{
	struct kshare_domain *domain = export->obj->domain;
	struct kshare_doom doom = {};

	kshare_object_get(&domain->obj);
	mutex_lock(&domain->members_lock);
	list_del(&export->in_domain);
	mutex_unlock(&domain->members_lock);
	kshare_object_forget(export->obj, &doom);
	kshare_doom_run(&doom);
	kshare_domain_outside_put(domain);
	kshare_object_put(&domain->obj);
	kshare_who_put(export->who);
	kfree(export);
}

static int kshare_export_release(struct inode *inode, struct file *file)
{
	kshare_export_free(file->private_data);
	return 0;
}

static void kshare_export_fdinfo(struct seq_file *m, struct file *file)
{
	struct kshare_export *export = file->private_data;
	const struct kshare_object *obj = kshare_object_real(export->obj);

	seq_printf(m, "kshare-object:\t%llu\n", obj->id);
	seq_printf(m, "kshare-type:\t%u\n", obj->type);
	seq_printf(m, "kshare-domain:\t%llu\n", obj->domain->obj.id);
	seq_printf(m, "kshare-rights:\t%#x\n", export->imports ? export->rights : 0);
}

/* Of what can be waited for, and of all else: that epoll does not take. */
static const struct file_operations kshare_poll_fops = {
	.owner = THIS_MODULE,
	.release = kshare_export_release,
	.poll = kshare_export_poll,
	.show_fdinfo = kshare_export_fdinfo,
};

static const struct file_operations kshare_export_fops = {
	.owner = THIS_MODULE,
	.release = kshare_export_release,
	.show_fdinfo = kshare_export_fdinfo,
};

/* KSHARE_OP_EXPORT_FD */
int kshare_export_fd(struct kshare_run *run)
{
	const struct file_operations *fops = &kshare_export_fops;
	u32 rights = run->nr ?: run->rights;
	struct kshare_domain *domain = run->obj->domain;
	struct kshare_export *export;
	struct file *file;
	int fd;

	if (rights & ~KSHARE_RIGHT_ALL)
		return -EOPNOTSUPP;
	if (rights & ~run->rights)
		return -EACCES;
	if (run->obj->ops->poll && rights & KSHARE_RIGHT_WAIT) {
		struct kshare_observers *o = kshare_observers_get(run->obj);

		if (IS_ERR(o))
			return PTR_ERR(o);
		fops = &kshare_poll_fops;
	} else if (!(run->rights & KSHARE_RIGHT_TRANSFER)) {
		return -EACCES;
	}
	export = kzalloc(sizeof(*export), GFP_KERNEL_ACCOUNT);
	if (!export)
		return -ENOMEM;
	export->obj = run->via ?: run->obj;
	kshare_object_get(export->obj);
	export->rights = rights;
	export->imports = run->rights & KSHARE_RIGHT_TRANSFER;
	export->who = kshare_who_get(run->client->who);
	mutex_lock(&domain->members_lock);
	list_add_tail(&export->in_domain, &domain->exports);
	domain->outside++;
	mutex_unlock(&domain->members_lock);

	fd = get_unused_fd_flags(O_CLOEXEC);
	if (fd < 0)
		goto err_free;
	file = anon_inode_getfile("[kshare-object]", fops, export, O_RDONLY);
	if (IS_ERR(file)) {
		put_unused_fd(fd);
		fd = PTR_ERR(file);
		goto err_free;
	}
	fd_install(fd, file);
	return fd;

err_free:
	kshare_export_free(export);
	return fd;
}

/* KSHARE_OP_IMPORT_FD */
int kshare_import_fd(struct kshare_run *run)
{
	struct kshare_export *export;
	struct kshare_handle *handle;
	struct file *file;
	u32 rights, id;
	int ret;

	if (run->nr & ~KSHARE_RIGHT_ALL)
		return -EOPNOTSUPP;
	if (run->key.u > INT_MAX)
		return -EBADF;
	file = fget(run->key.u);
	if (!file)
		return -EBADF;
	ret = -EINVAL;
	if (file->f_op != &kshare_poll_fops && file->f_op != &kshare_export_fops)
		goto out;
	export = file->private_data;
	rights = run->nr ?: export->rights;
	ret = -EACCES;
	if (!export->imports || rights & ~export->rights)
		goto out;
	ret = -ESTALE;
	if (!kshare_gate_pass(export->obj))
		goto out;
	ret = kshare_handle_reserve(run->client, export->obj->domain, &id, &handle);
	if (ret)
		goto out;
	kshare_object_get(export->obj);
	kshare_handle_publish(run->client, id, handle, export->obj, rights, run->flags);
	ret = id;
out:
	fput(file);
	return ret;
}
