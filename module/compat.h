/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Every difference between the kernels that kshare runs on (6.1 and newer) is
 * here, and nowhere else.  Shims carry the newer kernel's name, so that dropping
 * an old kernel is deleting lines.
 */
#ifndef KSHARE_COMPAT_H
#define KSHARE_COMPAT_H

#include <linux/cleanup.h>
#include <linux/hrtimer.h>
#include <linux/mm.h>
#include <linux/uaccess.h>
#include <linux/version.h>

#define KS_KERNEL(a, b) (LINUX_VERSION_CODE >= KERNEL_VERSION(a, b, 0))

#if !KS_KERNEL(6, 13)
static inline void hrtimer_setup(struct hrtimer *timer,
				 enum hrtimer_restart (*fn)(struct hrtimer *timer),
				 clockid_t clock, enum hrtimer_mode mode)
{
	hrtimer_init(timer, clock, mode);
	timer->function = fn;
}
#endif

#if !KS_KERNEL(6, 3)
static inline void vm_flags_set(struct vm_area_struct *vma, vm_flags_t flags)
{
	vma->vm_flags |= flags;
}

static inline void vm_flags_clear(struct vm_area_struct *vma, vm_flags_t flags)
{
	vma->vm_flags &= ~flags;
}
#endif

#if !KS_KERNEL(6, 13)
/* As in lib/usercopy of 6.13; @ignored_trailing: what did not fit was not zero. */
static __always_inline __must_check int copy_struct_to_user(void __user *dst, size_t usize,
							    const void *src, size_t ksize,
							    bool *ignored_trailing)
{
	size_t size = min(ksize, usize);
	size_t rest = max(ksize, usize) - size;

	if (usize > ksize) {
		if (clear_user(dst + size, rest))
			return -EFAULT;
	}
	if (ignored_trailing)
		*ignored_trailing = ksize > usize && memchr_inv(src + size, 0, rest);
	return copy_to_user(dst, src, size) ? -EFAULT : 0;
}
#endif

#endif /* KSHARE_COMPAT_H */
