/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef KSHARE_DOOR_H
#define KSHARE_DOOR_H

struct file;
struct io_uring_cmd;
struct kshare_cmd;

extern const struct file_operations kshare_fops;

long kshare_ioctl(struct file *file, unsigned int cmd, unsigned long arg);
int kshare_uring_cmd(struct io_uring_cmd *ioucmd, unsigned int flags);

/* A command from user memory, of whatever size: 0, -EINVAL, -E2BIG, -EFAULT. */
int kshare_cmd_copy(const void __user *from, struct kshare_cmd *cmd);

#endif /* KSHARE_DOOR_H */
