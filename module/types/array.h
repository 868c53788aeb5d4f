/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef KSHARE_TYPES_ARRAY_H
#define KSHARE_TYPES_ARRAY_H

struct kshare_object;
struct vm_area_struct;

int kshare_array_mmap(struct kshare_object *obj, u32 rights, struct vm_area_struct *vma);

#endif /* KSHARE_TYPES_ARRAY_H */
