// SPDX-License-Identifier: LGPL-2.1-or-later OR MIT
/*
 * Commands through rings of the caller's.  The layout of an entry is the kernel's
 * contract; there is no need of liburing to fill one.
 */
#include <linux/io_uring.h>
#include <stdio.h>
#include <sys/utsname.h>

#include "internal.h"

/* Older headers name the place of the command otherwise, or not at all. */
#define SQE_SIZE	64
#define SQE_CMD_OP	8
#define SQE_CMD		48
/* By number, since these are newer than io_uring itself. */
#define OP_URING_CMD	46

_Static_assert(sizeof(struct io_uring_sqe) == SQE_SIZE, "size of an entry");
_Static_assert(offsetof(struct io_uring_sqe, off) == SQE_CMD_OP, "place of cmd_op");
_Static_assert(SQE_CMD + sizeof(struct kshare_cmd) == 2 * SQE_SIZE, "room for a command");

/* All but the command and user_data, which liburing leaves alone as well. */
static int prep(struct io_uring_sqe *sqe, struct kshare *k, uint32_t cmd_op)
{
	uint64_t user_data = sqe->user_data;
	int fd = kshare_fd(k);

	memset(sqe, 0, sizeof(*sqe));
	sqe->opcode = OP_URING_CMD;
	sqe->fd = fd < 0 ? -1 : fd;
	memcpy((unsigned char *)sqe + SQE_CMD_OP, &cmd_op, sizeof(cmd_op));
	sqe->user_data = user_data;
	return fd < 0 ? fd : 0;
}

int kshare_uring_prep(struct io_uring_sqe *sqe, struct kshare *k, const struct kshare_cmd *cmd)
{
	int err = prep(sqe, k, KSHARE_URING_CMD);

	memcpy((unsigned char *)sqe + SQE_CMD, cmd, sizeof(*cmd));
	return err;
}

int kshare_uring_prep_ptr(struct io_uring_sqe *sqe, struct kshare *k,
			  const struct kshare_cmd *cmd)
{
	int err = prep(sqe, k, KSHARE_URING_CMD_PTR);
	uint64_t address = (uintptr_t)cmd;

	memcpy((unsigned char *)sqe + SQE_CMD, &address, sizeof(address));
	return err;
}

int kshare_uring_aim(struct kshare *k, struct kshare_cmd *cmd, struct kshare_reply **reply)
{
	int err = ks_reply_prepare(reply, k);

	if (!err)
		ks_reply_aim(*reply, cmd);
	return err;
}

int kshare_uring_prep_reply(struct io_uring_sqe *sqe, struct kshare *k, struct kshare_cmd *cmd,
			    struct kshare_reply **reply)
{
	int err = kshare_uring_aim(k, cmd, reply);
	int ret = kshare_uring_prep(sqe, k, cmd);

	/* It must not be carried out without the reply. */
	if (err)
		sqe->fd = -1;
	return err ? err : ret;
}

void kshare_uring_set_fixed(struct io_uring_sqe *sqe, unsigned int index)
{
	sqe->fd = (int)index;
	sqe->flags |= IOSQE_FIXED_FILE;
}

int kshare_uring_complete(struct kshare_reply *reply, int res)
{
	int err;

	if (!reply)
		return res;
	if (res == -ENOBUFS) {
		err = ks_reply_grow(reply);
		if (err)
			return err == -ENOBUFS ? -E2BIG : err;
	}
	ks_reply_finish(reply, res);
	return res;
}

/* Whether a kernel reads some entries late, see kshare_uring_flags(). */
bool ks_uring_reads_late(const char *release)
{
	unsigned int major, minor;

	if (sscanf(release, "%u.%u", &major, &minor) != 2)
		return false;
	return major == 6 && minor >= 10 && minor <= 13;
}

static bool this_kernel_reads_late(void)
{
	static int known;	/* 0: not yet; 1: no; 2: yes */
	int late = __atomic_load_n(&known, __ATOMIC_RELAXED);
	struct utsname name;

	if (!late) {
		late = uname(&name) == 0 && ks_uring_reads_late(name.release) ? 2 : 1;
		__atomic_store_n(&known, late, __ATOMIC_RELAXED);
	}
	return late == 2;
}

unsigned int kshare_uring_flags(unsigned int flags, bool linked)
{
	if ((linked || flags & IOSQE_IO_DRAIN) && this_kernel_reads_late())
		flags |= IOSQE_ASYNC;
	return flags;
}
