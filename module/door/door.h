/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef KSHARE_DOOR_H
#define KSHARE_DOOR_H

struct file;

extern const struct file_operations kshare_fops;

long kshare_ioctl(struct file *file, unsigned int cmd, unsigned long arg);

#endif /* KSHARE_DOOR_H */
