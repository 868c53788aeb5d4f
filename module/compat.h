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
#include <linux/sched.h>
#include <linux/uaccess.h>
#include <linux/version.h>

#define KS_KERNEL(a, b) (LINUX_VERSION_CODE >= KERNEL_VERSION(a, b, 0))

/* hex2bin() and crypto_memneq() moved to headers of their own. */
#if KS_KERNEL(6, 4)
#include <linux/hex.h>
#else
#include <linux/kernel.h>
#endif
#if KS_KERNEL(6, 8)
#include <crypto/utils.h>
#else
#include <crypto/algapi.h>
#endif

#if KS_KERNEL(6, 7)
#include <linux/io_uring/cmd.h>
#else
#include <linux/io_uring.h>
#endif

/*
 * 6.7: a driver is told when a ring or its task goes.  Before, a command that it
 * keeps makes exec() hang, so there it sleeps in a worker of io_uring's.
 */
#if KS_KERNEL(6, 7)
#define KS_URING_CAN_PARK	1
#else
#define KS_URING_CAN_PARK	0
#define IO_URING_F_CANCEL	0U	/* never set */
static inline void io_uring_cmd_mark_cancelable(struct io_uring_cmd *cmd,
						unsigned int issue_flags)
{
}
#endif

/* 6.18: several completions of one command, which no operation here has. */
static inline bool ks_uring_multishot(const struct io_uring_cmd *cmd)
{
#ifdef IORING_URING_CMD_MULTISHOT
	return cmd->flags & IORING_URING_CMD_MULTISHOT;
#else
	return false;
#endif
}

/* Does the task end that submitted a command which is parked?  (It is kept till then.) */
static inline bool ks_uring_task_exits(struct io_uring_cmd *cmd)
{
#if KS_URING_CAN_PARK
	return READ_ONCE(io_uring_cmd_get_task(cmd)->flags) & PF_EXITING;
#else
	return false;
#endif
}

/* The bytes of a command; they lie in the ring, where user space can write. */
static inline const void *ks_uring_bytes(const struct io_uring_cmd *cmd)
{
#if KS_KERNEL(6, 6)
	return cmd->sqe->cmd;
#else
	return cmd->cmd;
#endif
}

/* 6.18: a second result has a function of its own; so has a mixed completion ring. */
static inline void ks_uring_done(struct io_uring_cmd *cmd, s32 ret, u64 res2, bool big,
				 unsigned int flags)
{
#ifdef IORING_CQE_F_32
	if (big)
		io_uring_cmd_done32(cmd, ret, res2, flags);
	else
		io_uring_cmd_done(cmd, ret, flags);
#else
	io_uring_cmd_done(cmd, ret, res2, flags);
#endif
}

/*
 * KS_DEFINE_URING_TW() - what io_uring_cmd_complete_in_task() calls
 * @name: of what it takes
 * @fn: void fn(struct io_uring_cmd *cmd, unsigned int flags, bool dead); @dead: who
 *	submitted it has gone, and there is no user memory.  That is asked of the task
 *	on all kernels alike, since what 6.13 and 6.19 tell is also true of a ring that
 *	is merely being closed
 */
static inline bool ks_uring_dead(void)
{
	return current->flags & (PF_KTHREAD | PF_EXITING);
}

#ifdef IO_URING_CMD_TASK_WORK_ISSUE_FLAGS	/* 6.19 */
#define KS_DEFINE_URING_TW(name, fn)						\
	static void name(struct io_tw_req tw_req, io_tw_token_t tw)		\
	{									\
		fn(io_uring_cmd_from_tw(tw_req),				\
		   IO_URING_CMD_TASK_WORK_ISSUE_FLAGS, ks_uring_dead());	\
	}
#else
#define KS_DEFINE_URING_TW(name, fn)						\
	static void name(struct io_uring_cmd *cmd, unsigned int flags)		\
	{									\
		fn(cmd, flags, ks_uring_dead());				\
	}
#endif

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

/* With lazy preemption who was woken waits for the end of the system call, or a tick. */
static inline bool ks_need_resched(void)
{
#ifdef TIF_NEED_RESCHED_LAZY
	if (test_thread_flag(TIF_NEED_RESCHED_LAZY))
		return true;
#endif
	return need_resched();
}

#endif /* KSHARE_COMPAT_H */
