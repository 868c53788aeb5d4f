// SPDX-License-Identifier: LGPL-2.1-or-later OR MIT
/* What errors mean here, which is narrower than what strerror(3) says. */
#include "internal.h"

static const struct {
	int err;
	const char *text;
} texts[] = {
	{ 0,		"no error" },
	{ EPERM,	"not allowed: another's client, lock, domain, ticket or class" },
	{ ENOENT,	"no such key, element, name, method or device" },
	{ EINTR,	"interrupted by a signal while waiting; nothing was done" },
	{ EBADF,	"no such handle" },
	{ EAGAIN,	"would have to wait" },
	{ ENOMEM,	"out of memory; nothing was changed" },
	{ EACCES,	"the handle lacks a right or a method that the operation needs" },
	{ EFAULT,	"bad address; nothing was changed" },
	{ EEXIST,	"there is such a key already" },
	{ EXDEV,	"the object is of another domain" },
	{ EINVAL,	"invalid argument" },
	{ ENFILE,	"too many open files in the system" },
	{ EMFILE,	"too many open files" },
	{ ENOTTY,	"the type of object, or the module, has no such operation" },
	{ EDOM,		"not a number, or of the wrong kind" },
	{ EPIPE,	"the other end of the socket is closed" },
	{ ERANGE,	"index out of range, or number too large" },
	{ EDEADLK,	"would wait for itself" },
	{ E2BIG,	"larger than a limit, or a structure of a newer version" },
	{ ENOBUFS,	"the result does not fit; nothing was changed" },
	{ EOPNOTSUPP,	"a flag, type or value that the module does not support" },
	{ EBADMSG,	"no object has come" },
	{ EOVERFLOW,	"the semaphore would get above its bound" },
	{ ELOOP,	"nested too deeply" },
	{ ENODEV,	"no such device" },
	{ EALREADY,	"the call was answered already" },
	{ ENOTCONN,	"the client was lost at a fork" },
	{ ESHUTDOWN,	"the queue is shut down, or the barrier is broken" },
	{ ETIMEDOUT,	"the deadline has passed" },
	{ ESTALE,	"not what was expected, since somebody changed it, or revoked" },
	{ EDQUOT,	"over a limit of the client, domain or user; nothing was changed" },
	{ ECANCELED,	"canceled; nothing was done" },
	{ EOWNERDEAD,	"a party to the barrier has died, or the class has no host" },
};

const char *kshare_strerror(int err)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(texts); i++) {
		if (texts[i].err == err || texts[i].err == -err)
			return texts[i].text;
	}
	return "error";
}
