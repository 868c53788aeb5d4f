// SPDX-License-Identifier: LGPL-2.1-or-later OR MIT
/* The engine that the kernel is. */
#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "internal.h"

/**
 * struct kernel_engine - a client of /dev/kshare
 * @engine: first
 * @fd: its descriptor; -1 in a child of fork() that has not inherited it
 * @clone: while a fork is under way, the child's
 */
struct kernel_engine {
	struct kshare_engine engine;
	int fd;
	int clone;
};

static struct kernel_engine *kernel_engine(struct kshare_engine *engine)
{
	return (struct kernel_engine *)engine;
}

static int do_ioctl(int fd, unsigned long nr, void *arg)
{
	int saved = errno;
	int ret = ioctl(fd, nr, arg);

	if (ret < 0) {
		ret = -errno;
		errno = saved;
	}
	return ret;
}

static void do_close(int fd)
{
	int saved = errno;

	close(fd);
	errno = saved;
}

static int kernel_submit(struct kshare_engine *engine, struct kshare_cmd *cmd)
{
	return do_ioctl(kernel_engine(engine)->fd, KSHARE_IOC_CMD, cmd);
}

static int kernel_submit_batch(struct kshare_engine *engine, struct kshare_batch *batch)
{
	return do_ioctl(kernel_engine(engine)->fd, KSHARE_IOC_BATCH, batch);
}

static int kernel_query(struct kshare_engine *engine, struct kshare_query *q)
{
	return do_ioctl(kernel_engine(engine)->fd, KSHARE_IOC_QUERY, q);
}

static int kernel_map(struct kshare_engine *engine, uint32_t handle, bool writable, size_t bytes,
		      void **addr)
{
	int prot = writable ? PROT_READ | PROT_WRITE : PROT_READ;
	int saved = errno;
	void *p;

	p = mmap(NULL, bytes, prot, MAP_SHARED, kernel_engine(engine)->fd,
		 (off_t)KSHARE_MMAP_OFFSET(handle, sysconf(_SC_PAGESIZE)));
	if (p == MAP_FAILED) {
		int err = -errno;

		errno = saved;
		return err;
	}
	*addr = p;
	return 0;
}

static int kernel_fd(struct kshare_engine *engine)
{
	return kernel_engine(engine)->fd;
}

static int kernel_fork_prepare(struct kshare_engine *engine)
{
	struct kernel_engine *ke = kernel_engine(engine);
	struct kshare_cmd cmd;

	kshare_prep_client_clone(&cmd);
	ke->clone = do_ioctl(ke->fd, KSHARE_IOC_CMD, &cmd);
	return ke->clone < 0 ? ke->clone : 0;
}

static void kernel_fork_parent(struct kshare_engine *engine)
{
	struct kernel_engine *ke = kernel_engine(engine);

	if (ke->clone >= 0)
		do_close(ke->clone);
	ke->clone = -1;
}

static int kernel_fork_child(struct kshare_engine *engine, bool inherit)
{
	struct kernel_engine *ke = kernel_engine(engine);
	struct kshare_cmd cmd;
	int saved = errno;
	int err = 0;

	if (inherit && ke->clone >= 0) {
		/* The same number, since the program may know it: kshare_fd(). */
		if (dup3(ke->clone, ke->fd, O_CLOEXEC) < 0)
			err = -errno;
		close(ke->clone);
		ke->clone = -1;
		if (!err) {
			kshare_prep_client_bind(&cmd);
			err = do_ioctl(ke->fd, KSHARE_IOC_CMD, &cmd);
		}
	} else {
		err = -EPERM;
	}
	if (err) {
		close(ke->fd);
		ke->fd = -1;
	}
	errno = saved;
	return err;
}

static void kernel_close(struct kshare_engine *engine)
{
	struct kernel_engine *ke = kernel_engine(engine);

	if (ke->fd >= 0)
		do_close(ke->fd);
	free(ke);
}

static const struct kshare_engine_ops kernel_ops = {
	.submit		= kernel_submit,
	.submit_batch	= kernel_submit_batch,
	.query		= kernel_query,
	.map		= kernel_map,
	.fd		= kernel_fd,
	.fork_prepare	= kernel_fork_prepare,
	.fork_parent	= kernel_fork_parent,
	.fork_child	= kernel_fork_child,
	.close		= kernel_close,
};

int ks_engine_kernel_adopt(int fd, struct kshare_engine **engine)
{
	struct kernel_engine *ke = alloc(sizeof(*ke));

	if (!ke)
		return -ENOMEM;
	ke->engine.ops = &kernel_ops;
	ke->fd = fd;
	ke->clone = -1;
	/* Not &ke->engine: gcc's analyzer takes that for something else, and @ke for lost. */
	*engine = (struct kshare_engine *)ke;
	return 0;
}

int ks_engine_kernel_open(const char *device, struct kshare_engine **engine)
{
	int saved = errno;
	int err;
	int fd;

	fd = open(device, O_RDWR | O_CLOEXEC);
	if (fd < 0) {
		err = -errno;
		errno = saved;
		return err;
	}
	err = ks_engine_kernel_adopt(fd, engine);
	if (err)
		do_close(fd);
	return err;
}
