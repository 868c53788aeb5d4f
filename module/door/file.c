// SPDX-License-Identifier: GPL-2.0-only
/* The descriptor: open, release, clone, mmap, fdinfo. */
#include <linux/anon_inodes.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/module.h>
#include <linux/seq_file.h>

#include "../inspect.h"
#include "../types/array.h"
#include "door.h"

static int kshare_open(struct inode *inode, struct file *file)
{
	struct kshare_client *client = kshare_client_open();

	if (IS_ERR(client))
		return PTR_ERR(client);
	file->private_data = client;
	return nonseekable_open(inode, file);
}

static int kshare_release(struct inode *inode, struct file *file)
{
	kshare_client_release(file->private_data);
	return 0;
}

/* KSHARE_OP_CLIENT_CLONE */
int kshare_client_clone_fd(struct kshare_run *run)
{
	struct kshare_client *clone;
	struct file *file;
	int fd;

	clone = kshare_client_clone(run->client);
	if (IS_ERR(clone))
		return PTR_ERR(clone);
	fd = get_unused_fd_flags(O_CLOEXEC);
	if (fd < 0) {
		kshare_client_release(clone);
		return fd;
	}
	file = anon_inode_getfile("[kshare]", &kshare_fops, clone, O_RDWR);
	if (IS_ERR(file)) {
		put_unused_fd(fd);
		kshare_client_release(clone);
		return PTR_ERR(file);
	}
	fd_install(fd, file);
	return fd;
}

/* KSHARE_OP_CLIENT_BIND */
int kshare_client_bind_run(struct kshare_run *run)
{
	return kshare_client_bind(run->client);
}

/* The offset names the array: KSHARE_MMAP_OFFSET(). */
static int kshare_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct kshare_client *client = file->private_data;
	struct kshare_object *obj, *gate;
	u32 rights;
	int ret;

	if (!kshare_client_is_mine(client))
		return -EPERM;
	if (vma->vm_pgoff > U32_MAX)
		return -EBADF;
	obj = kshare_handle_find(client, vma->vm_pgoff, &rights, &gate);
	if (IS_ERR(obj))
		return PTR_ERR(obj);
	ret = obj->type == KSHARE_TYPE_ARRAY ? kshare_array_mmap(obj, rights, vma) : -ENOTTY;
	/* Not the last reference, or the mapping failed: mmap_lock is held. */
	kshare_object_put(obj);
	if (gate)
		kshare_object_put(gate);
	return ret;
}

static void kshare_show_fdinfo(struct seq_file *m, struct file *file)
{
	struct kshare_client *client = file->private_data;

	seq_printf(m, "kshare-domain:\t%llu\n", client->domain->obj.id);
	seq_printf(m, "kshare-client:\t%u\n", client->number);
	seq_printf(m, "kshare-handles:\t%d\n", atomic_read(&client->handle_count));
	seq_printf(m, "kshare-bound:\t%d\n", !!READ_ONCE(client->mm));
}

const struct file_operations kshare_fops = {
	.owner = THIS_MODULE,
	.open = kshare_open,
	.release = kshare_release,
	.unlocked_ioctl = kshare_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
	.uring_cmd = kshare_uring_cmd,
	.mmap = kshare_mmap,
	.show_fdinfo = kshare_show_fdinfo,
};
