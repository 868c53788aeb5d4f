/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/*
 * kshare - live, typed, refcounted objects shared between processes.
 *
 * This header is the whole contract between the module and user space.
 */
#ifndef _UAPI_LINUX_KSHARE_H
#define _UAPI_LINUX_KSHARE_H

#include <linux/const.h>
#include <linux/ioctl.h>
#include <linux/types.h>

/**
 * DOC: kshare
 *
 * Objects live in the kernel.  An open of /dev/kshare is a *client*: a table
 * of *handles*, each of which names one object and carries *rights* on it.  A
 * client belongs to the process (the address space) that opened or bound it;
 * from any other process every command is refused with EPERM.  When that
 * process ends or execs, all that the client held is given back: handles,
 * references, and last of all locks.
 *
 * Every operation is a &struct kshare_cmd.  It reaches the kernel alone
 * (KSHARE_IOC_CMD), in an array (KSHARE_IOC_BATCH), or through io_uring
 * (KSHARE_URING_CMD).
 *
 * Rules of every structure here:
 *
 * - The first field, @size, is the size that the caller knows.  A shorter
 *   structure is extended by zeroes, a longer one is accepted while what the
 *   kernel does not know of it is zero, else E2BIG.  Less than the first
 *   published size is EINVAL.
 * - A field that an operation does not use must be zero, else EINVAL.
 * - Pointers are 64 bits wide, as numbers.  The layout is the same for 32 and
 *   64 bit programs.
 *
 * Errors that mean the same everywhere:
 *
 * ==============  ============================================================
 * ENOTTY          unknown ioctl or operation, or the type has no such operation
 * E2BIG           a surplus that is not zero, or a size above a limit of QUERY
 * EOPNOTSUPP      a flag or a value of an enumeration this module does not know
 * EINVAL          a wrong value, or a field that must be zero is not
 * EBADF           no such handle
 * EACCES          the handle lacks a right that the operation needs
 * EPERM           who you are forbids it: another process's client, a lock that
 *                 somebody else owns, another user's domain or ticket
 * ENOENT          no such key, element or name
 * EEXIST          a key is there that must not be
 * ERANGE          index out of range, or a number that overflowed
 * EDOM            a number where none is, or of the wrong kind, for arithmetic
 * EAGAIN          would have to wait, and KSHARE_NOWAIT was given
 * ETIMEDOUT       the deadline has passed
 * EINTR           a signal came while waiting and nothing was done
 * ECANCELED       KSHARE_OP_CANCEL, or the end of the ring or of the thread that
 *                 submitted it, came while it waited; nothing was done
 * EDEADLK         it would wait for itself
 * EOWNERDEAD      a party to a barrier has died; a class has no host, or it died
 * ESHUTDOWN       the queue is shut down, or the barrier is broken
 * EOVERFLOW       a semaphore would get above its bound
 * EXDEV           a reference to an object of another domain
 * ESTALE          a CHECK found something else than expected, or the handle was
 *                 revoked
 * ENOBUFS         the result buffer is too small; &kshare_result.number tells
 *                 the bytes needed, and nothing has been consumed or changed
 * EDQUOT          over a limit of the client, the domain or the user; nothing was
 *                 changed
 * ENOMEM          no memory; nothing was changed
 * EFAULT          memory of the caller's could not be read or written; nothing
 *                 was consumed or changed
 * ==============  ============================================================
 */

#define KSHARE_DEVICE		"/dev/kshare"

/** KSHARE_UAPI_VERSION: version of this contract, see &kshare_query.version. */
#define KSHARE_UAPI_VERSION	1

/* ------------------------------------------------------------------ */
/* Values                                                              */
/* ------------------------------------------------------------------ */

/**
 * enum kshare_value_type - what a value is
 * @KSHARE_NONE: nothing (Python's None); all bytes zero
 * @KSHARE_BOOL: @u is 0 or 1
 * @KSHARE_INT: @i, signed
 * @KSHARE_UINT: @u; numbers below 2^63 come back as KSHARE_INT, since both are
 *	one number line
 * @KSHARE_FLOAT: @u holds the bits of an IEEE 754 double
 * @KSHARE_STR: text; the kernel does not check its encoding (UTF-8 is meant)
 * @KSHARE_BYTES: bytes
 * @KSHARE_REF: a reference to an object, by a handle of the caller's
 * @KSHARE_ENCODED: bytes in a format that the kernel does not read (&codec says
 *	which, to the reader), with the references that they carry
 * @KSHARE_VECTOR: only as an argument of operations that take many: @ptr names
 *	an array of @len values, none of which is a vector
 *
 * As keys and in comparisons a bool is a number and so is a float: 1, 1.0 and
 * true are the same key.  NaN is no key (EINVAL), nor is a reference, an
 * encoded value or a vector.
 */
enum kshare_value_type {
	KSHARE_NONE	= 0,
	KSHARE_BOOL	= 1,
	KSHARE_INT	= 2,
	KSHARE_UINT	= 3,
	KSHARE_FLOAT	= 4,
	KSHARE_STR	= 5,
	KSHARE_BYTES	= 6,
	KSHARE_REF	= 7,
	KSHARE_ENCODED	= 8,
	KSHARE_VECTOR	= 9,
};

/** KSHARE_VF_REFS: an encoded value begins with the references it carries. */
#define KSHARE_VF_REFS		0x01

/**
 * struct kshare_value - one value, 16 bytes
 * @type: enum kshare_value_type
 * @codec: for KSHARE_ENCODED the format, any number that the users agree on;
 *	else 0
 * @inline_len: for STR, BYTES and ENCODED: 1 to 8 if the bytes stand in @bytes,
 *	and then equal to @len; 0 if they stand at @ptr.  Else 0
 * @flags: KSHARE_VF_*
 * @len: for STR, BYTES and ENCODED the number of bytes; for VECTOR the number
 *	of values; for REF in a result the type of the object (enum kshare_type);
 *	else 0
 * @i: a signed number
 * @u: an unsigned number, a bool, or the bits of a double
 * @ptr: address of the bytes or values in the caller's memory.  In a result it
 *	points into the caller's result buffer
 * @bytes: up to eight bytes in place
 * @ref: a handle and the rights that it carries.  As an argument @rights must
 *	be 0 (all that the handle has, which must include KSHARE_RIGHT_TRANSFER)
 *	or a part of what the handle has (else EACCES).  In a result @handle is a
 *	new handle of the caller's, which the caller closes
 *
 * An encoded value with KSHARE_VF_REFS lies at @ptr as: a __u32 count n (1 to
 * KSHARE_MAX_REFS), n __u32 handles, then the encoded bytes; @len covers all of
 * it.  In a result the handles are new ones of the reader's, in the same order.
 */
struct kshare_value {
	__u8 type;
	__u8 codec;
	__u8 inline_len;
	__u8 flags;
	__u32 len;
	union {
		__s64 i;
		__aligned_u64 u;
		__aligned_u64 ptr;
		__u8 bytes[8];
		struct {
			__u32 handle;
			__u32 rights;
		} ref;
	};
};

/* Limits of the format; those that can be set are told by QUERY. */
#define KSHARE_MAX_KEY		4096		/* bytes of a key */
#define KSHARE_MAX_VALUE	(16u << 20)	/* bytes of all values of a command */
#define KSHARE_MAX_VECTOR	65536u		/* values in a vector */
#define KSHARE_MAX_REFS		4096u		/* references in an encoded value */
#define KSHARE_MAX_BATCH	1024u		/* commands in a batch */
#define KSHARE_MAX_OUT		(64u << 20)	/* bytes of a result buffer */
#define KSHARE_MAX_WAIT		64u		/* commands of WAIT_ANY and WAIT_ALL */
#define KSHARE_MAX_GET		256u		/* messages of QUEUE_GET_MANY */
#define KSHARE_MAX_WATCHES	16u		/* watches of an object */
#define KSHARE_MAX_WHO		256u		/* groups in a result of WHO */
#define KSHARE_MAX_CIRCLE	64u		/* owners in a circle that DETECT finds */
#define KSHARE_MAX_NAME		255u		/* bytes of a domain's name */
#define KSHARE_MAX_GATES	8u		/* REVOCABLE handles of REVOCABLE handles */
#define KSHARE_TICKET_LEN	32u		/* characters of a ticket */
#define KSHARE_MAX_CLASS_NAME	63u		/* bytes of the name of a class, method or field */
#define KSHARE_MAX_METHODS	64u		/* methods of a class */
#define KSHARE_MAX_FIELDS	64u		/* fields of a class */
#define KSHARE_MAX_CALLS	256u		/* calls of a client that are not answered */
#define KSHARE_MAX_CALL_DEPTH	32u		/* calls that are made while another is served */
#define KSHARE_MAX_INSTANCES	1024u		/* in a result of CLASS_INSTANCES */

/* ------------------------------------------------------------------ */
/* Objects, rights                                                     */
/* ------------------------------------------------------------------ */

/** enum kshare_type - types of objects (README.md lists their operations) */
enum kshare_type {
	KSHARE_TYPE_DOMAIN	= 1,
	KSHARE_TYPE_CELL	= 2,
	KSHARE_TYPE_ARRAY	= 3,
	KSHARE_TYPE_DICT	= 4,
	KSHARE_TYPE_LIST	= 5,
	KSHARE_TYPE_NAMESPACE	= 6,
	KSHARE_TYPE_LOCK	= 7,
	KSHARE_TYPE_RLOCK	= 8,
	KSHARE_TYPE_EVENT	= 9,
	KSHARE_TYPE_RWLOCK	= 10,
	KSHARE_TYPE_SEMAPHORE	= 11,
	KSHARE_TYPE_CONDITION	= 12,
	KSHARE_TYPE_BARRIER	= 13,
	KSHARE_TYPE_QUEUE	= 14,
	KSHARE_TYPE_GATE	= 15,	/* what DUP makes with REVOCABLE; no handle shows it */
	KSHARE_TYPE_CLASS	= 16,	/* of a user; made by CLASS_REGISTER */
	KSHARE_TYPE_INSTANCE	= 17,	/* of a class; made by INSTANCE_CREATE */
};

/**
 * enum kshare_elem - element type of an array, or fixed type of a cell
 * @KSHARE_ELEM_ANY: cells only: any value but a vector
 * @KSHARE_ELEM_BYTES: arrays only: single bytes, meant for slices and mmap; an
 *	element reads as a number of 0 to 255
 *
 * The others are numbers of that width in the machine's byte order.  A value
 * which does not fit is ERANGE, one of the wrong kind EDOM; a bool and an int
 * fit into a float, a float does not fit into an int.  Cells know I64, U64 and
 * F64; others are EOPNOTSUPP.
 */
enum kshare_elem {
	KSHARE_ELEM_ANY		= 0,
	KSHARE_ELEM_BYTES	= 1,
	KSHARE_ELEM_I8		= 2,
	KSHARE_ELEM_U8		= 3,
	KSHARE_ELEM_I16		= 4,
	KSHARE_ELEM_U16		= 5,
	KSHARE_ELEM_I32		= 6,
	KSHARE_ELEM_U32		= 7,
	KSHARE_ELEM_I64		= 8,
	KSHARE_ELEM_U64		= 9,
	KSHARE_ELEM_F32		= 10,
	KSHARE_ELEM_F64		= 11,
};

/**
 * DOC: Rights
 *
 * A handle can be duplicated or passed on with fewer rights, never with more.
 * The creator of an object has all of them.
 */
#define KSHARE_RIGHT_READ	0x01	/* look at the contents */
#define KSHARE_RIGHT_WRITE	0x02	/* change them; map an array writable */
#define KSHARE_RIGHT_WAIT	0x04	/* wait for it; acquire and release locks */
#define KSHARE_RIGHT_CALL	0x08	/* call methods of an instance */
#define KSHARE_RIGHT_TRANSFER	0x10	/* pass it on, by any way there is */
#define KSHARE_RIGHT_MANAGE	0x20	/* owner, mode, limits of a domain; look into it */
#define KSHARE_RIGHT_ALL	0x3f

/* ------------------------------------------------------------------ */
/* Commands                                                            */
/* ------------------------------------------------------------------ */

/**
 * struct kshare_cmd - one operation on one handle, 80 bytes
 * @size: sizeof(struct kshare_cmd)
 * @op: enum kshare_op
 * @handle: the object.  0 where the operation takes none
 * @flags: flags of the operation, see there
 * @tag: for operations that wait: a number of the caller's choice by which
 *	KSHARE_OP_CANCEL finds this command; 0 for none
 * @deadline: for operations that wait: an absolute time of CLOCK_MONOTONIC in
 *	ns; 0 for none; a negative one is EINVAL.  One in the past tries once.  It is
 *	the clock of the initial time namespace, whatever that of the caller reads;
 *	so are the times of tickets
 * @expect: for operations that do not wait: a third value
 * @key: key, index or first argument
 * @value: value or second argument
 * @out: address of the result buffer, where the kernel writes a
 *	&struct kshare_result; 0 if no result but the number is wanted
 * @out_len: bytes at @out; at least sizeof(struct kshare_result) if @out is set
 * @nr: a small argument of the operation
 *
 * The result of a command is 0 or a positive number, given with each operation
 * below, or a negative errno.
 */
struct kshare_cmd {
	__u32 size;
	__u32 op;
	__u32 handle;
	__u32 flags;
	union {
		struct {
			__aligned_u64 tag;
			__s64 deadline;
		};
		struct kshare_value expect;
	};
	struct kshare_value key;
	struct kshare_value value;
	__aligned_u64 out;
	__u32 out_len;
	__u32 nr;
};

/**
 * struct kshare_result - what a command gives back beside its number
 * @flags: KSHARE_R_*
 * @count: number of values that follow
 * @number: a number of the operation (version, token, cursor); after ENOBUFS
 *	the size in bytes that the whole result needs
 * @values: the values; their long bytes follow the last one, in this buffer
 *
 * Written only when the command succeeded or failed with ENOBUFS, and after those
 * errors of which the operation says so.
 */
struct kshare_result {
	__u32 flags;
	__u32 count;
	__aligned_u64 number;
	struct kshare_value values[];
};

/* Flags of a result */
#define KSHARE_R_OWNER_DIED	0x01	/* lock: its last owner died or lost it */
#define KSHARE_R_MORE		0x02	/* page: there is more after @number */
#define KSHARE_R_CHANGED	0x04	/* page: changed since the version that was given */

/* Flags of commands.  A flag that an operation does not list is EOPNOTSUPP. */
#define KSHARE_NOWAIT		0x0001	/* do not wait: EAGAIN */
#define KSHARE_WRAP		0x0002	/* arithmetic wraps around instead of ERANGE */
#define KSHARE_BY_VERSION	0x0004	/* compare the version: @expect is a number */
#define KSHARE_FIRST		0x0008	/* the oldest entry, not the newest */
#define KSHARE_KEYS		0x0010	/* give keys */
#define KSHARE_VALUES		0x0020	/* give values */
#define KSHARE_ALL		0x0040	/* all at once, or ENOBUFS */
#define KSHARE_REVERSE		0x0080	/* descending */
#define KSHARE_MUST_EXIST	0x0100	/* ENOENT instead of a start at nothing */
/* Flags of operations that wait */
#define KSHARE_LEASE		0x8000	/* queue: take messages on lease, until ACK */
#define KSHARE_SHARED		0x10000	/* rwlock: together with others that share */
#define KSHARE_DETECT		0x20000	/* lock: EDEADLK if owners wait in a circle */
#define KSHARE_IMMEDIATE	0x40000	/* queue: drop what is in it */
/* Flags of CREATE */
#define KSHARE_LIFO		0x80000	/* queue: the newest message first */
#define KSHARE_PRIORITY		0x100000 /* queue: the smallest priority first */
#define KSHARE_SIGNALLING	0x200000 /* semaphore: permits belong to nobody */
#define KSHARE_OVERTAKE		0x400000 /* lock: who comes may take it before who waits */
#define KSHARE_ANY_RELEASES	0x0200	/* lock: may be released by others than its owner */
#define KSHARE_AUTO_RESET	0x0400	/* event: a wait that succeeds clears it */
/* Flags of handles: CREATE, DUP and everything that makes one */
#define KSHARE_NO_INHERIT	0x0800	/* CLIENT_CLONE leaves this handle out */
#define KSHARE_REVOCABLE	0x8000000 /* DUP: REVOKE ends it, and all that comes from it */
#define KSHARE_METHODS		0x10000000 /* DUP: only these methods may be called */
/* Flags of DOMAIN_OPEN and DOMAIN_SET */
#define KSHARE_MAKE		0x800000 /* make it, if there is none of that name */
#define KSHARE_EXCLUSIVE	0x1000000 /* with MAKE: EEXIST if there is one */
#define KSHARE_PIN		0x2000000 /* it stays when its last client leaves */
#define KSHARE_UNPIN		0x4000000 /* it does not any more */
/* Flags of classes */
#define KSHARE_ADOPT		0x20000000 /* CLASS_REGISTER: take over one without a host */
#define KSHARE_ONEWAY		0x40000000 /* CALL: nobody waits for an answer */
/* What CELL_WAIT waits for; one of them */
#define KSHARE_UNTIL_NE		0x1000	/* until the value differs from @value */
#define KSHARE_UNTIL_GE		0x2000	/* until the value, a number, is at least @value */
#define KSHARE_UNTIL_CHANGED	0x4000	/* until the version is above @value */

/**
 * enum kshare_op - the operations
 *
 * Given as: NAME(what it takes) - what it does; its number; values in the
 * result; &kshare_result.number; flags; errors beyond the common ones; rights.
 * "index" is an INT, and a negative one counts from the end.  "[x]" may be left
 * out (NONE).  "version" counts the changes of an object.
 *
 * Of any object:
 *
 * @KSHARE_OP_NOP: () - nothing.  0
 * @KSHARE_OP_CLOSE: (handle) - gives the handle back.  With the client's last
 *	handle to a lock that it owns, the lock passes on as if its owner had
 *	died.  0.  No rights
 * @KSHARE_OP_DUP: (handle, nr=rights, [value]) - a second handle with these rights, 0
 *	for the same ones.  With REVOCABLE all that is made from the new handle,
 *	in whatever way and in whatever process, ends with it when it is
 *	revoked; EDQUOT beyond KSHARE_MAX_GATES of each other.  That makes one
 *	more object of the domain (KSHARE_TYPE_GATE), which is there as long as
 *	what was made of it, and counts against the limits of the domain and of
 *	the caller's user.  With METHODS, of an instance (else EINVAL), @value is
 *	a UINT with a bit (1 << method) for each method that the new handle, and
 *	all that comes from it, may call; that makes one more object just so.
 *	The new handle.  NO_INHERIT, REVOCABLE, METHODS.  EACCES for more rights
 *	or methods than the handle has; EOPNOTSUPP for a right that there is not.
 *	No rights, with REVOCABLE or METHODS TRANSFER
 * @KSHARE_OP_REVOKE: (handle) - of the one that DUP with REVOCABLE gave this
 *	client (else EPERM, also for what was made of it, copies in clones among
 *	that): from now on that handle, and every handle, stored reference,
 *	ticket and descriptor that comes from it, answers ESTALE to everything
 *	but CLOSE.  Commands that wait by way of it end with ESTALE
 *	(CONDITION_WAIT once it has the lock again), and what is held of the
 *	object by clients that have no other way to it is given back as if they
 *	had closed it.  What was read out of a container by it, a domain's root,
 *	and objects that were made in a domain are references of their own.
 *	Commands under way are finished, and an array that is mapped stays
 *	mapped.  0.  ESTALE if it was revoked before.  No rights
 * @KSHARE_OP_STAT: (handle) - fills &struct kshare_stat at @out, as much of it
 *	as @out_len holds.  0.  No rights
 * @KSHARE_OP_CREATE: (handle=domain, nr=KSHARE_CREATE_NR(type, elem), [key],
 *	[value]) - a new object; handle 0 means the client's own domain.  @value
 *	is the first value of a CELL.  @key is the length of an ARRAY in
 *	elements, the bound of a QUEUE in messages (0 or NONE: no bound), the
 *	permits that a SEMAPHORE has at first (and @value: [INT, most permits it
 *	may have, at least those]), the parties of a BARRIER (1 to 2^31-1).
 *	@value of a CONDITION is a REF to its lock or rlock, by a handle with
 *	WAIT.  The new handle.  NO_INHERIT; ANY_RELEASES and OVERTAKE for LOCK;
 *	OVERTAKE for RLOCK; AUTO_RESET for EVENT; LIFO or PRIORITY for QUEUE;
 *	SIGNALLING for SEMAPHORE.  WRITE
 * @KSHARE_OP_CLIENT_CLONE: () - a new client with the same handle numbers, but
 *	for those with NO_INHERIT, for a child of fork: a descriptor (with
 *	O_CLOEXEC) that belongs to nobody until CLIENT_BIND.  Locks stay with the
 *	caller.  The descriptor
 * @KSHARE_OP_CLIENT_BIND: () - makes a client that CLIENT_CLONE made the calling
 *	process's.  0.  EPERM if it is bound
 * @KSHARE_OP_CHECK_VERSION: (handle, value=UINT) - 0 if the object's version is
 *	that, else ESTALE.  For batches.  READ
 * @KSHARE_OP_CANCEL: (key=UINT tag) - ends those commands of this client that
 *	wait and carry this tag, which is not 0, with ECANCELED, whatever door
 *	they came by.  The number of them.  ENOENT if there are none: they may
 *	have succeeded
 * @KSHARE_OP_WAIT_ANY: (value=BYTES: array of &struct kshare_cmd, tag,
 *	deadline) - waits until one of 1 to KSHARE_MAX_WAIT commands can be
 *	carried out, and carries that one out; of several that can, the first in
 *	the array.  All must be operations that wait on one object
 *	(KSHARE_OPINFO_MULTI, else EOPNOTSUPP) on different objects (EINVAL) of
 *	one domain (EXDEV), and carry neither tag nor deadline nor NOWAIT nor
 *	DETECT (EINVAL).  number: that command's result, when it is no error;
 *	its values go to its own @out.  Its index.  An error of one of them is
 *	the error of all; after ENOBUFS its own @out tells the size.  NOWAIT
 * @KSHARE_OP_WAIT_ALL: (value=BYTES: array of &struct kshare_cmd, tag,
 *	deadline) - the same, but waits until all of them can be carried out as
 *	one step.  Nothing is held meanwhile, so others may overtake on a single
 *	object; those that wait for all take turns in the order of their
 *	arrival.  values: INT, each command's result.  If that cannot be
 *	delivered after a wait, what was taken goes back, but a message that was
 *	put stays.  0.  NOWAIT
 * @KSHARE_OP_EXPORT_FD: (handle, nr=rights) - a descriptor (with O_CLOEXEC) of
 *	the object itself, which keeps it, and outlives handle and client.  Who
 *	gets it (SCM_RIGHTS, exec, pidfd_getfd(2)) can make a handle of it by
 *	IMPORT_FD, with those of @nr, or of the handle's rights if @nr is 0;
 *	that takes TRANSFER.  With WAIT it also serves poll(2) and epoll(7), of
 *	types that can be waited for: readable while a wait for an EVENT, an
 *	acquisition of a LOCK, RLOCK or SEMAPHORE, a shared one of a RWLOCK, a
 *	get from a QUEUE, a SERVE of a class, or a wait on a BARRIER would
 *	return at once (also with an error, like ESHUTDOWN, then POLLHUP is set
 *	as well); writable while an exclusive acquisition of a RWLOCK or a put
 *	to a QUEUE would; POLLERR and POLLHUP once it is revoked.  The
 *	descriptor.  EACCES for more rights than the handle has, or if it is
 *	good for neither; EOPNOTSUPP for one that there is not; EMFILE,
 *	ENFILE.  No rights
 * @KSHARE_OP_IMPORT_FD: (key=INT descriptor, nr=rights) - a handle to the object
 *	of a descriptor of EXPORT_FD's, with these of its rights, 0 for all.  The
 *	descriptor may be closed then.  Who made it need not live any more, and
 *	whose client this is does not matter: the descriptor is the permission.
 *	The new handle.  NO_INHERIT.  EBADF if it is no descriptor, EINVAL if it
 *	is another one's, EACCES for more rights, or if it is for poll alone,
 *	EOPNOTSUPP for a right that there is not, ESTALE if it was revoked
 * @KSHARE_OP_TICKET_CREATE: (handle, nr=rights, key=[UINT uses], value=[UINT
 *	uid], expect=[UINT time]) - a ticket: KSHARE_TICKET_LEN hexadecimal
 *	digits, random, that stand for a reference with these rights (0: all of
 *	the handle's).  It is good for so many uses (NONE: 1; not 0), for anybody
 *	or only for that user (a uid of the caller's user namespace): who redeems
 *	it must have it as effective uid at that moment, whoever opened the
 *	client that he does it by.  And it is good until that time of
 *	CLOCK_MONOTONIC in ns, whether this client lives or not, and ends then by
 *	itself; without a time it ends with this client.  Until it ends it keeps
 *	the object, and counts as a handle of the user whose client made it.
 *	values: STR; number: the ticket's number, for TICKET_REVOKE.  Without
 *	@out it would be known to nobody (EINVAL); one that cannot be written to
 *	@out has never been there.  0.  EACCES for more rights than the handle
 *	has; EOPNOTSUPP for one that there is not.  TRANSFER
 * @KSHARE_OP_TICKET_REDEEM: (key=STR, nr=rights) - one use of a ticket, for a
 *	handle with these of its rights, 0 for all.  The new handle.
 *	NO_INHERIT.  EINVAL if that can be no ticket; ENOENT if there is none
 *	such, or not any more; EPERM if it is for another user than the caller's
 *	effective uid; ESTALE if it was made of a handle that was revoked;
 *	EACCES for more rights, EOPNOTSUPP for one that there is not; EAGAIN if
 *	this user has lately asked for too many that do not exist: that is
 *	answered to each ticket for a while, good or not
 * @KSHARE_OP_TICKET_REVOKE: (key=UINT number) - ends a ticket that this client
 *	made.  Handles that it has brought stay; they go with a REVOCABLE handle
 *	that it was made of.  0.  ENOENT
 * @KSHARE_OP_WATCH: (handle, key=[key of a dict], value=REF to a queue with a
 *	bound, nr=cookie) - from now on each change of the object, or of the one
 *	entry, leads to a message in the queue: BYTES, &struct kshare_change,
 *	soon after the change.  While the queue is full the newest change waits
 *	for room, and those before it are counted (@lost).  Ends with UNWATCH,
 *	with the client or its last handle to the object, or once the queue is
 *	shut down.  At most KSHARE_MAX_WATCHES an object (EDQUOT).  0.  EEXIST
 *	if the client watches the same with the same cookie.  READ; WRITE of the
 *	queue
 * @KSHARE_OP_UNWATCH: (handle, nr=cookie) - ends those of this client's watches
 *	of the object that carry the cookie.  The number of them.  ENOENT.  READ
 * @KSHARE_OP_WHO: (handle) - who holds it and who waits for it.  values: groups
 *	of four: INT pid (0 if not visible to the caller), UINT owner id (0 if
 *	it has none), INT number (depth, permits, leases; 0: waits), UINT
 *	fencing token or operation that waits.  Holders first, waiters in their
 *	order, at most KSHARE_MAX_WHO groups in all.  number: how many there
 *	are.  The number of groups.  READ
 *
 * Of a domain:
 *
 * @KSHARE_OP_DOMAIN_ROOT: (domain) - a handle to the domain's root dict.  The
 *	new handle.  NO_INHERIT.  READ
 * @KSHARE_OP_DOMAIN_LIMIT: (domain, nr=enum kshare_limit, [value=UINT]) - sets a
 *	limit of the domain, if a value is given, no higher than it was.
 *	number: the limit.  0.  MANAGE
 *
 * @KSHARE_OP_DOMAIN_OPEN: (key=STR name, value=[UINT mode], nr=rights) - a
 *	handle to the domain of that name, for all clients in the caller's IPC
 *	and user namespace.  A name is 1 to KSHARE_MAX_NAME bytes of UTF-8
 *	without zero bytes, and no part between slashes is "." or ".." (EINVAL);
 *	slashes have no other meaning.  With MAKE it is made if there is none,
 *	with the caller's effective user and group as its owner, that mode
 *	(NONE: 0600; bits of 0666, else EINVAL; no umask) and the limits of a
 *	new domain, and with PIN it stays without clients.  The mode gives READ
 *	and WAIT (r), and WRITE and CALL (w), with both TRANSFER as well; the
 *	owner has MANAGE too, and CAP_IPC_OWNER in the user namespace it was
 *	made in has all.  @nr: those of them that the handle is to have, 0 for
 *	all; who makes it may have any, whatever the mode.  It is checked for
 *	the effective credentials that the caller has at that moment, and never
 *	again.  A client is in a domain as long as it has a handle to any of its
 *	objects; when the last one has left, the root is emptied, and the name
 *	is free.  The new handle.  MAKE, EXCLUSIVE, PIN (as in DOMAIN_SET),
 *	NO_INHERIT.  EINVAL for a mode, EXCLUSIVE or PIN without MAKE.  ENOENT
 *	if there is none; EEXIST; EPERM if the mode permits nothing, or not all
 *	of @nr, or of who is about to end and has no namespaces any more;
 *	EOPNOTSUPP for a right that there is not, and for PIN where it cannot
 *	be; EDQUOT if the user has too many domains or handles.  With MAKE
 *	outside of the initial IPC namespace a descriptor is needed for a
 *	moment: EMFILE, ENFILE, and EBADF if another thread closes it
 * @KSHARE_OP_DOMAIN_LIST: (key=[UINT], nr=names) - the names in the caller's
 *	namespaces that it could open, in no order, so many at most (0: as
 *	many as a result can hold), from the beginning or after an earlier
 *	result's number.  values: groups of four: STR name, UINT uid, UINT gid,
 *	UINT mode.  MORE.  The number of groups
 * @KSHARE_OP_DOMAIN_INFO: (domain) - values: STR name, UINT uid of its owner
 *	and UINT gid (as the caller's user namespace sees them), UINT mode (four
 *	times NONE if it has no name), BOOL pinned.  0.  No rights
 * @KSHARE_OP_DOMAIN_SET: (domain, key=[UINT uid], value=[UINT gid],
 *	expect=[UINT mode]) - changes the owner (CAP_CHOWN in its user namespace;
 *	or to what it is), the group (the owner: to one of its own; or CAP_CHOWN)
 *	and the mode (the owner or CAP_FOWNER), as chown(2) and chmod(2) do; and
 *	with PIN or UNPIN whether it stays without clients (the owner or
 *	CAP_FOWNER; only one of the initial IPC and user namespace, EOPNOTSUPP
 *	else).  Handles
 *	that there are stay as they are.  0.  ENOENT if it has no name.  MANAGE
 * @KSHARE_OP_DOMAIN_COLLECT: (domain) - frees objects that only refer to each
 *	other, now.  (The module does that by itself, soon after what it takes to
 *	make some.)  number: the objects freed.  0.  MANAGE
 * @KSHARE_OP_DOMAIN_OBJECTS: (domain, key=[UINT id], nr=objects) - what there is
 *	in it, with ids above that, so many at most, in the order of their ids,
 *	which is that in which they were created.  values: groups of six: UINT
 *	id, INT type, UINT bytes, UINT references, INT pid of who changed it last
 *	(0 if none or not visible), UINT uid that it is charged to.  number: the
 *	last id.  MORE.  The number of groups.  MANAGE
 * @KSHARE_OP_DOMAIN_KEEPERS: (domain, key=UINT id) - what keeps an object.
 *	values: groups of four: INT enum kshare_keeper, INT pid (0 if not visible
 *	or none), UINT which (number of the handle or ticket, id of the
 *	container; for OTHER how many), UINT rights.  At most KSHARE_MAX_WHO groups.
 *	Nothing is locked meanwhile, so it is exact only if nothing changes.
 *	number: how many there are.  The number of groups.  ENOENT.  MANAGE
 * @KSHARE_OP_USER_LIMIT: (key=[UINT uid], value=[UINT], nr=enum kshare_limit) -
 *	asks for what a user may have of something in all domains together, or
 *	sets it.  A user is a uid of the initial user namespace: each uid of a
 *	container that is mapped to one of its own there is an account of its
 *	own, and those that are mapped to the same one share it.  Who pays is
 *	the real uid of who opened the client, or the client that it is a clone
 *	of.  A clone costs no domain, but its handles and a descriptor.  The
 *	caller's own (NONE) anybody may ask for; others', and setting, take
 *	CAP_SYS_RESOURCE in the initial user namespace.  A limit below what is
 *	in use takes nothing away.  values: UINT what is in use; number: the
 *	limit.  0
 *
 * Of a cell:
 *
 * @KSHARE_OP_CELL_GET: (cell) - values: the value; number: version.  0.  READ
 * @KSHARE_OP_CELL_SET: (cell, value) - number: version.  0.  WRITE
 * @KSHARE_OP_CELL_SWAP: (cell, value) - values: the old value; number: version.
 *	0.  READ and WRITE
 * @KSHARE_OP_CELL_ADD: (cell, value=number) - values: the new value.  WRAP
 *	(within 64 bits, signed or unsigned as the cell's value is).  0.  EDOM if
 *	either is no number.  READ and WRITE
 * @KSHARE_OP_CELL_AND: (cell, value=integer) - as ADD, without WRAP
 * @KSHARE_OP_CELL_OR: likewise
 * @KSHARE_OP_CELL_XOR: likewise
 * @KSHARE_OP_CELL_CAS: (cell, expect, value) - stores @value if the cell holds
 *	@expect (or, with BY_VERSION, has that version).  values: what the cell
 *	held before; number: version.  1 if stored, else 0.  READ and WRITE
 * @KSHARE_OP_CELL_WAIT: (cell, value, tag, deadline) - waits for one of
 *	UNTIL_NE, UNTIL_GE, UNTIL_CHANGED.  values: the value; number: version.
 *	NOWAIT.  0.  READ and WAIT
 * @KSHARE_OP_CELL_CHECK: (cell, expect) - 0 if it holds @expect, else ESTALE.
 *	READ
 *
 * Of an array (mmap: the client's descriptor, offset
 * KSHARE_MMAP_OFFSET(handle, page size), shared, never executable):
 *
 * @KSHARE_OP_ARRAY_GET: (array, key=index) - values: the element.  0.  READ
 * @KSHARE_OP_ARRAY_SET: (array, key=index, value) - 0.  WRITE
 * @KSHARE_OP_ARRAY_READ: (array, key=index, nr=count) - values: one BYTES with
 *	the raw elements.  Not atomic as a whole; each element is.  The count.
 *	READ
 * @KSHARE_OP_ARRAY_WRITE: (array, key=index, value=BYTES) - stores raw elements.
 *	Not atomic as a whole; each element is.  The count.  WRITE
 * @KSHARE_OP_ARRAY_ADD: (array, key=index, value=number) - values: the new
 *	element; atomic also against threads that use the mapping.  WRAP.  0.
 *	READ and WRITE
 * @KSHARE_OP_ARRAY_CAS: (array, key=index, expect, value) - values: the element
 *	as it was.  1 if stored, else 0.  READ and WRITE
 * @KSHARE_OP_ARRAY_LEN: (array) - number: elements.  0.  READ
 *
 * Of a dict, and of a namespace (whose keys are STR and not empty):
 *
 * @KSHARE_OP_DICT_GET: (dict, key) - values: the value; number: the version of
 *	the dict when this entry was last changed.  0.  ENOENT.  READ
 * @KSHARE_OP_DICT_SET: (dict, key, value) - 1 if the key is new, else 0.
 *	number: version.  WRITE
 * @KSHARE_OP_DICT_SETDEFAULT: (dict, key, value) - values: what the key holds
 *	now.  1 if it was stored, 0 if there was one.  READ and WRITE
 * @KSHARE_OP_DICT_DELETE: (dict, key) - 0.  ENOENT.  WRITE
 * @KSHARE_OP_DICT_POP: (dict, key) - deletes; values: the value.  0.  ENOENT.
 *	READ and WRITE
 * @KSHARE_OP_DICT_POPITEM: (dict) - deletes the newest entry, or with FIRST the
 *	oldest; values: key, value.  0.  ENOENT if empty.  READ and WRITE
 * @KSHARE_OP_DICT_CONTAINS: (dict, key) - 1 or 0.  READ
 * @KSHARE_OP_DICT_LEN: (dict) - number: entries.  0.  READ
 * @KSHARE_OP_DICT_CLEAR: (dict) - 0.  WRITE
 * @KSHARE_OP_DICT_UPDATE: (dict, value=VECTOR of key, value, key, value …) -
 *	sets all as one step.  The number of new keys.  WRITE
 * @KSHARE_OP_DICT_ADD: (dict, key, value=number) - adds to the entry, which
 *	counts as 0 if absent (with MUST_EXIST: ENOENT).  values: the new value.
 *	WRAP, MUST_EXIST.  0.  EDOM.  READ and WRITE
 * @KSHARE_OP_DICT_CAS: (dict, key, expect, value) - stores @value if the entry
 *	holds @expect (or, with BY_VERSION, was last changed by that version; 0
 *	stands for absent).  values: what it held, or nothing; number: the
 *	entry's version.  1 if stored, else 0.  ENOENT if absent, but for version
 *	0.  READ and WRITE
 * @KSHARE_OP_DICT_GET_MANY: (dict, value=VECTOR of keys) - values: for each key
 *	its value, as one step.  number: bit n set if key n was absent, for the
 *	first 64.  The number of keys found; an absent one reads as NONE.  READ
 * @KSHARE_OP_DICT_PAGE: (dict, expect=UINT cursor, key=[UINT version], nr=most)
 *	- entries in order of insertion after @cursor (0: from the first), as
 *	many as fit, @nr at most (0: no limit but the buffer's).  KEYS and
 *	VALUES say what is given; with both: key, value, key, value …  number:
 *	the cursor for the next page.  KSHARE_R_MORE.  KSHARE_R_CHANGED if a
 *	version was given and the dict has another now.  ALL: everything as one
 *	step, or ENOBUFS.  The number of entries.  READ
 * @KSHARE_OP_DICT_CHECK: (dict, key, expect) - 0 if the entry holds @expect,
 *	else ESTALE; ENOENT if absent.  READ
 * @KSHARE_OP_DICT_ABSENT: (dict, key) - 0 if there is no such entry, else
 *	EEXIST.  READ
 *
 * Of a list:
 *
 * @KSHARE_OP_LIST_GET: (list, key=index) - values: the element.  0.  ERANGE.
 *	READ
 * @KSHARE_OP_LIST_SET: (list, key=index, value) - 0.  ERANGE.  WRITE
 * @KSHARE_OP_LIST_APPEND: (list, value) - number: the new length.  0.  WRITE
 * @KSHARE_OP_LIST_INSERT: (list, key=index, value) - inserts before @index,
 *	which is clamped as Python does.  number: the new length.  0.  WRITE
 * @KSHARE_OP_LIST_POP: (list, key=[index]) - removes the element, the last one
 *	if no index is given; values: the element.  0.  ENOENT if empty, ERANGE.
 *	READ and WRITE
 * @KSHARE_OP_LIST_DELETE: (list, key=index) - 0.  ERANGE.  WRITE
 * @KSHARE_OP_LIST_EXTEND: (list, value=VECTOR) - appends all as one step.
 *	number: the new length.  0.  WRITE
 * @KSHARE_OP_LIST_SLICE: (list, key=[start], expect=[stop], nr=step) - values:
 *	the elements, as one step.  @nr is an __s32; 0 means 1.  number: version.
 *	The number of elements.  READ
 * @KSHARE_OP_LIST_SLICE_SET: (list, key=[start], expect=[stop], value=VECTOR,
 *	nr=step) - replaces them.  With a step other than 1 the counts must
 *	agree (EINVAL).  number: the new length.  0.  WRITE
 * @KSHARE_OP_LIST_SLICE_DELETE: (list, key=[start], expect=[stop], nr=step) -
 *	number: the new length.  The number of elements deleted.  WRITE
 * @KSHARE_OP_LIST_REMOVE: (list, value) - removes the first equal one.  number:
 *	where it was.  0.  ENOENT.  READ and WRITE
 * @KSHARE_OP_LIST_INDEX: (list, value, key=[start], expect=[stop]) - number:
 *	where the first equal one is.  0.  ENOENT.  READ
 * @KSHARE_OP_LIST_COUNT: (list, value) - number: how many are equal.  0.  READ
 * @KSHARE_OP_LIST_CONTAINS: (list, value) - 1 or 0.  READ
 * @KSHARE_OP_LIST_REVERSE: (list) - 0.  WRITE
 * @KSHARE_OP_LIST_SORT: (list) - sorts numbers, or STR, or BYTES; EDOM for a
 *	mixture, NaN or anything else.  Stable.  REVERSE.  0.  WRITE
 * @KSHARE_OP_LIST_LEN: (list) - number: elements.  0.  READ
 * @KSHARE_OP_LIST_CLEAR: (list) - 0.  WRITE
 * @KSHARE_OP_LIST_ADD: (list, key=index, value=number) - adds to the element.
 *	values: the new value.  WRAP.  0.  ERANGE, EDOM.  READ and WRITE
 * @KSHARE_OP_LIST_CAS: (list, key=index, expect, value) - values: what it held.
 *	1 if stored, else 0.  ERANGE.  READ and WRITE
 * @KSHARE_OP_LIST_CHECK: (list, key=index, expect) - 0, else ESTALE.  ERANGE.
 *	READ
 *
 * Of a lock and an rlock:
 *
 * @KSHARE_OP_LOCK_ACQUIRE: (lock, key=[UINT owner], tag, deadline) - takes it,
 *	in the order of arrival.  number: the fencing token, larger with every
 *	acquisition (an rlock that its owner takes again keeps it).  flags:
 *	KSHARE_R_OWNER_DIED.  The depth (1 for a lock).  NOWAIT.  DETECT.
 *	EDEADLK if the same owner has a plain lock already and would wait
 *	without end; with DETECT also if it would wait, over up to
 *	KSHARE_MAX_CIRCLE locks, rlocks and rwlocks of the domain, for itself
 *	(unless one of the clients has over a thousand commands that wait for
 *	locks): then the result is written (or ENOBUFS), values: for each of
 *	them, beginning with this one, INT object id, INT pid of an owner (0 if
 *	not visible).  WAIT
 * @KSHARE_OP_LOCK_RELEASE: (lock, key=[UINT owner]) - gives back one depth.  The
 *	depth that remains.  EPERM if somebody else owns it (with ANY_RELEASES
 *	only in an atomic batch, and only if another client does).  WAIT
 *
 * An owner is a client and a number: the one in @key, else that of the calling
 * thread (its thread id, with KSHARE_OWNER_THREAD added).  Through io_uring, where
 * a command may run in any thread, @key has to be given (EINVAL).
 *
 * Of a rwlock:
 *
 * @KSHARE_OP_RWLOCK_ACQUIRE: (rwlock, key=[UINT owner], tag, deadline) - takes
 *	it for itself, or with SHARED together with others, in the order of
 *	arrival: who wants to share waits behind who waits to have it alone.
 *	number: the fencing token, larger with every exclusive acquisition;
 *	SHARED, that of the last one.  flags: KSHARE_R_OWNER_DIED, until an
 *	owner has had it alone after one that died.  0.  NOWAIT, SHARED, DETECT.
 *	EDEADLK if the same owner holds it in a way that it would have to wait
 *	for itself without end; with DETECT as for a lock.  WAIT
 * @KSHARE_OP_RWLOCK_RELEASE: (rwlock, key=[UINT owner]) - gives it back, once.
 *	0.  EPERM if that owner does not hold it.  WAIT
 * @KSHARE_OP_RWLOCK_DOWNGRADE: (rwlock, key=[UINT owner]) - from holding it
 *	alone to sharing it, without letting it go.  0.  EPERM.  WAIT
 *
 * Of a semaphore:
 *
 * @KSHARE_OP_SEMAPHORE_ACQUIRE: (semaphore, nr=permits, tag, deadline) - takes
 *	that many permits at once (0 means 1), in the order of arrival.  number:
 *	permits left.  0.  NOWAIT.  WAIT
 * @KSHARE_OP_SEMAPHORE_RELEASE: (semaphore, nr=permits) - gives permits (0 means
 *	1) back.  number: permits there are now.  0.  EOVERFLOW above its bound.
 *	EPERM if the client does not hold so many, unless created with
 *	SIGNALLING.  WAIT
 * @KSHARE_OP_SEMAPHORE_VALUE: (semaphore) - number: permits that are free.  0.
 *	READ
 *
 * The permits that a client holds are given back when it ends, or closes its last
 * handle to the semaphore, unless it was created with SIGNALLING.
 *
 * Of a condition (of a lock or rlock; whose owner here is as there):
 *
 * @KSHARE_OP_CONDITION_WAIT: (condition, key=[UINT owner], tag, deadline) -
 *	gives the lock back, waits for a NOTIFY, and takes the lock again, as
 *	deep as it was: all of that counts as one step towards NOTIFY.  number:
 *	the fencing token.  flags: as LOCK_ACQUIRE.  The depth.  After ETIMEDOUT,
 *	ECANCELED and ESTALE (the condition's handle was revoked) the lock is
 *	held as before, and the result is written if it had to wait; unless the
 *	client has no handle to the lock any more, or only revoked ones: then
 *	the lock passes on.  After EINTR and EFAULT it is not held, and the
 *	caller has to acquire it again; after EINTR, which SA_RESTART does not
 *	avoid, it was not notified.  After a NOTIFY signals that do not kill
 *	wait, and a REVOKE does not matter.  NOWAIT is EOPNOTSUPP.  EPERM if the
 *	lock is not held.  WAIT
 * @KSHARE_OP_CONDITION_NOTIFY: (condition, key=[UINT owner], nr=most) - lets up
 *	to @nr waiters (0 means 1), in the order of arrival, go on as soon as
 *	they get the lock; ALL: all of them.  The number of them.  EPERM if the
 *	lock is not held by the owner.  WAIT
 *
 * Of a barrier:
 *
 * @KSHARE_OP_BARRIER_WAIT: (barrier, tag, deadline) - waits until as many wait
 *	as it has parties; the last to come does not wait.  The index, from 0:
 *	in the order of arrival.  Who leaves by a signal or CANCEL has not been
 *	there; who runs out of time breaks it.  ESHUTDOWN if it is broken or
 *	gets broken or reset; EOWNERDEAD if that is because a client ended which
 *	had waited on it before, or just did, and still had a handle: also one
 *	whose process just exits, so close a barrier before.  NOWAIT.  WAIT
 * @KSHARE_OP_BARRIER_ABORT: (barrier) - breaks it.  0.  WRITE
 * @KSHARE_OP_BARRIER_RESET: (barrier) - makes it as new; who waits gets
 *	ESHUTDOWN.  0.  WRITE
 *
 * Of a queue:
 *
 * @KSHARE_OP_QUEUE_PUT: (queue, value, key=[number priority], tag, deadline) -
 *	puts a message in, once there is room.  @key is for PRIORITY queues
 *	alone, whose messages without one have 0, and of which the oldest of
 *	those with the same priority comes first; EDOM for NaN.  number:
 *	messages in it; if it cannot be written after a wait, EFAULT, the
 *	message is in nevertheless, as others may have taken it already.  0.
 *	NOWAIT.  ESHUTDOWN.  WRITE
 * @KSHARE_OP_QUEUE_PUT_MANY: (queue, value=VECTOR, tag, deadline) - all as one
 *	step, once there is room for all; ERANGE if there never can be.  For
 *	PRIORITY queues the vector holds priority, value, priority, value …
 *	number: messages in it.  0.  NOWAIT.  ESHUTDOWN.  WRITE
 * @KSHARE_OP_QUEUE_GET: (queue, tag, deadline) - takes a message.  values: the
 *	message; number: with LEASE, the lease.  How often the message was taken,
 *	this time included.  NOWAIT, LEASE.  ESHUTDOWN if it is shut down and
 *	nothing is left, or can come back from another client.  READ and WRITE
 * @KSHARE_OP_QUEUE_GET_MANY: (queue, nr=most, tag, deadline) - waits for one,
 *	and takes up to @nr (1 to KSHARE_MAX_GET), as many as there are and fit
 *	the result buffer, as one step.  values: the messages; with LEASE for
 *	each UINT lease, INT how often it was taken, message.  number: messages
 *	left.  The number of messages.  NOWAIT, LEASE.  ESHUTDOWN.  READ and
 *	WRITE
 * @KSHARE_OP_QUEUE_PEEK: (queue) - values: the next message, which stays.  0.
 *	ENOENT if empty.  READ
 * @KSHARE_OP_QUEUE_LEN: (queue) - number: messages in it, without those on
 *	lease.  1 if so many are its bound, else 0.  READ
 * @KSHARE_OP_QUEUE_ACK: (queue, key=UINT lease) - the message is done with: it
 *	goes, and counts for JOIN.  0.  ENOENT if this client has no such lease.
 *	WRITE
 * @KSHARE_OP_QUEUE_NACK: (queue, key=UINT lease) - the message goes back to the
 *	front, as it does when its taker dies or closes its last handle to the
 *	queue.  0.  ENOENT.  WRITE
 * @KSHARE_OP_QUEUE_TASK_DONE: (queue, nr=messages) - so many (0 means 1) that
 *	were taken without a lease are done with.  number: unfinished messages.
 *	0.  ERANGE if there are not so many in all.  WRITE
 * @KSHARE_OP_QUEUE_JOIN: (queue, tag, deadline) - waits until no message is
 *	unfinished: each is from PUT until TASK_DONE or ACK, or until it is
 *	dropped.  0.  NOWAIT.  WAIT
 * @KSHARE_OP_QUEUE_SHUTDOWN: (queue) - from now on nothing is put in; with
 *	IMMEDIATE what is in it is dropped, and what is on lease will be,
 *	instead of coming back.  number: messages that were dropped.  0.  WRITE
 *
 * Of a class and its instances.  A class belongs to a domain, where it has a name
 * that no other class has.  The client that registered it is its *host*: it takes
 * the calls of methods and answers them.  When that client dies, closes its last
 * handle to the class, or gives it up, all who wait for an answer get EOWNERDEAD;
 * another client may then *adopt* the class with all its instances.  An instance
 * takes the DICT operations too, on the fields that its class declares, and those
 * need no host: GET, SET, SETDEFAULT, DELETE, POP, CONTAINS, LEN, UPDATE, ADD, CAS,
 * GET_MANY, PAGE, CHECK and ABSENT.  A field is absent until it is set.  Changes of
 * one that the class does not declare are ENOENT, of a read-only one by others than
 * the host EACCES, and a value, or a sum, of a type that the field does not take is
 * EDOM.
 *
 * @KSHARE_OP_CLASS_REGISTER: (domain, key=STR name, value=BYTES) - a new
 *	class, of which this client is the host.  @value is a &struct
 *	kshare_class_info with its methods and fields.  If a class of that name
 *	has no host, it loses its name to the new one; with ADOPT this client
 *	becomes its host instead, if flags, methods and fields are the same
 *	(else EINVAL) and the handle has MANAGE.  The new handle.  NO_INHERIT,
 *	ADOPT.  EEXIST if there is one with a host.  E2BIG for more methods or
 *	fields, or longer names, than there may be.  WRITE
 * @KSHARE_OP_CLASS_OPEN: (domain, key=STR name) - a handle to the class of that
 *	name, with the rights that this handle has.  The new handle.  NO_INHERIT.
 *	ENOENT.  READ
 * @KSHARE_OP_CLASS_LIST: (domain, [key=STR name]) - values: the names of up to 256
 *	classes, in order of their bytes, beginning behind @key.  The number of
 *	names; MORE.  READ
 * @KSHARE_OP_CLASS_DESCRIBE: (class or instance) - values: STR name; BYTES, a
 *	&struct kshare_class_info with its methods and fields.  number: a bit
 *	(1 << method) for each method that may be called by this handle.  1 if the
 *	class has a host, else 0.  READ
 * @KSHARE_OP_CLASS_ADOPT: (class, tag, deadline) - waits until the class has no
 *	host, and becomes its host.  The class's token, see CALL.  NOWAIT.  MANAGE
 * @KSHARE_OP_CLASS_UNREGISTER: (class) - gives it up, and its name: nobody can open
 *	it by that any more.  0.  EPERM if this client is not the host.  MANAGE
 * @KSHARE_OP_CLASS_INSTANCES: (class, [key=INT id], nr=most) - values: for each
 *	instance, in order of their &kshare_stat.id and beginning behind @key, UINT
 *	id and UINT cookie; at most @nr (1 to KSHARE_MAX_INSTANCES).  The number of
 *	instances; MORE.  EPERM if this client is not the host.  MANAGE
 * @KSHARE_OP_CLASS_COOKIE: (class, key=INT id, value=INT cookie) - gives an instance
 *	another cookie, which calls that are taken from then on are told.  0.
 *	ENOENT, EPERM if this client is not the host.  MANAGE
 * @KSHARE_OP_INSTANCE_CREATE: (class, [key=INT cookie]) - a new instance.  The new
 *	handle.  NO_INHERIT.  EPERM if this client is not the host.  MANAGE
 * @KSHARE_OP_INSTANCE_OPEN: (class, key=INT id) - a handle to an instance, which a
 *	host is told by its id alone: for the time of a call, say, since nothing is
 *	released while its host has a handle.  The new handle.  NO_INHERIT.  ENOENT,
 *	also if it is just being released; EPERM if this client is not the host.
 *	MANAGE
 * @KSHARE_OP_CALL: (instance, nr=method, value, tag, deadline) - calls the
 *	method number @nr, as they stand in the class's description, with one
 *	value or a VECTOR of them, whose references become handles of the
 *	host's.  With a class and @nr = KSHARE_METHOD_CREATE it asks the host
 *	for a new instance.  values: what the method returned; number: the
 *	class's token, which is larger for each host that it has had, so that a
 *	fence can tell them apart.  The &enum kshare_answer of the answer.
 *	With ONEWAY it does not wait, and there is no answer (@out, @tag and
 *	@deadline must be 0).  A call that has not been taken by the host is
 *	taken back when a wait ends early; one that has been goes on, and the
 *	host is told that nobody wants the answer; a signal then ends it with
 *	EINTR, it is not restarted.  A call with a @tag whose answer does not
 *	fit (ENOBUFS) or cannot be written (EFAULT) has been made all the same:
 *	the answer stays for CALL_RESULT, within the limit of bytes.  Calls of
 *	one client to an instance are taken in their order, and may end in
 *	another if the host serves several at once; clients with calls are
 *	served in turn.  ENOENT if there is no such method.  EACCES if it is
 *	not exposed, not among those of the handle (DUP with METHODS), or
 *	the class makes no instances for others.  EOWNERDEAD if there is no
 *	host, or it goes before it has answered.  EDQUOT beyond
 *	KSHARE_MAX_CALLS of this client, and as many with ONEWAY; each counts
 *	as a waiter until it is answered.  ELOOP beyond KSHARE_MAX_CALL_DEPTH.
 *	CALL
 * @KSHARE_OP_CALL_RESULT: (key=INT tag) - the answer to a call with that tag which
 *	could not be written.  values, number and result as of CALL.  ENOENT
 * @KSHARE_OP_SERVE: (class, tag, deadline) - waits for something that the host has
 *	to do, and takes it.  number: of the call, for REPLY; 0 if it needs none.
 *	values: the first KSHARE_SERVED_ARGS ones see &enum kshare_served, then the
 *	arguments.  The &enum kshare_serve.  NOWAIT.  EPERM if this client is not
 *	the host, ESHUTDOWN if it ceases to be while it waits.  A call that could not
 *	be told is the next one again; but for ENOBUFS other clients have their turn
 *	before.  MANAGE
 * @KSHARE_OP_REPLY: (class, key=INT call, value, nr=enum kshare_answer) - answers a
 *	call that this client has taken, now or after others.  If nobody waits for
 *	the answer any more it is dropped.  0.  ENOENT if there is no such call, or
 *	it was answered.  EPERM if this client is not the host.  EINVAL if the
 *	method returns instances of a class, and this is none.  MANAGE
 * @KSHARE_OP_REPLY_AND_SERVE: (class, key=INT call, value, nr=enum kshare_answer, tag,
 *	deadline) - REPLY, then SERVE.  An error of REPLY ends it; with any other
 *	one the answer was given, so a signal ends it with EINTR.  Who cannot tell
 *	gives it once more by REPLY: ENOENT if it was.  As of SERVE.  NOWAIT.  MANAGE
 *
 * Of an event:
 *
 * @KSHARE_OP_EVENT_SET: (event) - wakes all that wait; if it was created with
 *	AUTO_RESET the first one, or the next to come.  0.  WRITE
 * @KSHARE_OP_EVENT_CLEAR: (event) - 0.  WRITE
 * @KSHARE_OP_EVENT_IS_SET: (event) - 1 or 0.  READ
 * @KSHARE_OP_EVENT_WAIT: (event, tag, deadline) - NOWAIT.  0.  WAIT
 */
enum kshare_op {
	KSHARE_OP_NOP			= 1,
	KSHARE_OP_CLOSE			= 2,
	KSHARE_OP_DUP			= 3,
	KSHARE_OP_STAT			= 4,
	KSHARE_OP_CREATE		= 5,
	KSHARE_OP_CLIENT_CLONE		= 6,
	KSHARE_OP_CLIENT_BIND		= 7,
	KSHARE_OP_CHECK_VERSION		= 8,
	KSHARE_OP_CANCEL		= 9,
	KSHARE_OP_WAIT_ANY		= 10,
	KSHARE_OP_WAIT_ALL		= 11,
	KSHARE_OP_EXPORT_FD		= 12,
	KSHARE_OP_WATCH			= 13,
	KSHARE_OP_UNWATCH		= 14,
	KSHARE_OP_WHO			= 15,
	KSHARE_OP_REVOKE		= 16,
	KSHARE_OP_IMPORT_FD		= 17,
	KSHARE_OP_TICKET_CREATE		= 18,
	KSHARE_OP_TICKET_REDEEM		= 19,
	KSHARE_OP_TICKET_REVOKE		= 20,
	KSHARE_OP_USER_LIMIT		= 21,

	KSHARE_OP_DOMAIN_ROOT		= 32,
	KSHARE_OP_DOMAIN_LIMIT		= 33,
	KSHARE_OP_DOMAIN_OPEN		= 34,
	KSHARE_OP_DOMAIN_LIST		= 35,
	KSHARE_OP_DOMAIN_INFO		= 36,
	KSHARE_OP_DOMAIN_SET		= 37,
	KSHARE_OP_DOMAIN_COLLECT	= 38,
	KSHARE_OP_DOMAIN_OBJECTS	= 39,
	KSHARE_OP_DOMAIN_KEEPERS	= 40,

	KSHARE_OP_CLASS_REGISTER	= 44,
	KSHARE_OP_CLASS_OPEN		= 45,
	KSHARE_OP_CLASS_LIST		= 46,
	KSHARE_OP_CLASS_DESCRIBE	= 47,
	KSHARE_OP_CLASS_ADOPT		= 48,
	KSHARE_OP_CLASS_UNREGISTER	= 49,
	KSHARE_OP_CLASS_INSTANCES	= 50,
	KSHARE_OP_CLASS_COOKIE		= 51,
	KSHARE_OP_INSTANCE_CREATE	= 52,
	KSHARE_OP_CALL			= 53,
	KSHARE_OP_CALL_RESULT		= 54,
	KSHARE_OP_SERVE			= 55,
	KSHARE_OP_REPLY			= 56,
	KSHARE_OP_REPLY_AND_SERVE	= 57,
	KSHARE_OP_INSTANCE_OPEN		= 58,

	KSHARE_OP_CELL_GET		= 64,
	KSHARE_OP_CELL_SET		= 65,
	KSHARE_OP_CELL_SWAP		= 66,
	KSHARE_OP_CELL_ADD		= 67,
	KSHARE_OP_CELL_AND		= 68,
	KSHARE_OP_CELL_OR		= 69,
	KSHARE_OP_CELL_XOR		= 70,
	KSHARE_OP_CELL_CAS		= 71,
	KSHARE_OP_CELL_WAIT		= 72,
	KSHARE_OP_CELL_CHECK		= 73,

	KSHARE_OP_ARRAY_GET		= 96,
	KSHARE_OP_ARRAY_SET		= 97,
	KSHARE_OP_ARRAY_READ		= 98,
	KSHARE_OP_ARRAY_WRITE		= 99,
	KSHARE_OP_ARRAY_ADD		= 100,
	KSHARE_OP_ARRAY_CAS		= 101,
	KSHARE_OP_ARRAY_LEN		= 102,

	KSHARE_OP_DICT_GET		= 128,
	KSHARE_OP_DICT_SET		= 129,
	KSHARE_OP_DICT_SETDEFAULT	= 130,
	KSHARE_OP_DICT_DELETE		= 131,
	KSHARE_OP_DICT_POP		= 132,
	KSHARE_OP_DICT_POPITEM		= 133,
	KSHARE_OP_DICT_CONTAINS		= 134,
	KSHARE_OP_DICT_LEN		= 135,
	KSHARE_OP_DICT_CLEAR		= 136,
	KSHARE_OP_DICT_UPDATE		= 137,
	KSHARE_OP_DICT_ADD		= 138,
	KSHARE_OP_DICT_CAS		= 139,
	KSHARE_OP_DICT_GET_MANY		= 140,
	KSHARE_OP_DICT_PAGE		= 141,
	KSHARE_OP_DICT_CHECK		= 142,
	KSHARE_OP_DICT_ABSENT		= 143,

	KSHARE_OP_LIST_GET		= 160,
	KSHARE_OP_LIST_SET		= 161,
	KSHARE_OP_LIST_APPEND		= 162,
	KSHARE_OP_LIST_INSERT		= 163,
	KSHARE_OP_LIST_POP		= 164,
	KSHARE_OP_LIST_DELETE		= 165,
	KSHARE_OP_LIST_EXTEND		= 166,
	KSHARE_OP_LIST_SLICE		= 167,
	KSHARE_OP_LIST_SLICE_SET	= 168,
	KSHARE_OP_LIST_SLICE_DELETE	= 169,
	KSHARE_OP_LIST_REMOVE		= 170,
	KSHARE_OP_LIST_INDEX		= 171,
	KSHARE_OP_LIST_COUNT		= 172,
	KSHARE_OP_LIST_CONTAINS		= 173,
	KSHARE_OP_LIST_REVERSE		= 174,
	KSHARE_OP_LIST_SORT		= 175,
	KSHARE_OP_LIST_LEN		= 176,
	KSHARE_OP_LIST_CLEAR		= 177,
	KSHARE_OP_LIST_ADD		= 178,
	KSHARE_OP_LIST_CAS		= 179,
	KSHARE_OP_LIST_CHECK		= 180,

	KSHARE_OP_LOCK_ACQUIRE		= 192,
	KSHARE_OP_LOCK_RELEASE		= 193,

	KSHARE_OP_RWLOCK_ACQUIRE	= 196,
	KSHARE_OP_RWLOCK_RELEASE	= 197,
	KSHARE_OP_RWLOCK_DOWNGRADE	= 198,

	KSHARE_OP_SEMAPHORE_ACQUIRE	= 200,
	KSHARE_OP_SEMAPHORE_RELEASE	= 201,
	KSHARE_OP_SEMAPHORE_VALUE	= 202,

	KSHARE_OP_CONDITION_WAIT	= 208,
	KSHARE_OP_CONDITION_NOTIFY	= 209,

	KSHARE_OP_BARRIER_WAIT		= 216,
	KSHARE_OP_BARRIER_ABORT		= 217,
	KSHARE_OP_BARRIER_RESET		= 218,

	KSHARE_OP_EVENT_SET		= 224,
	KSHARE_OP_EVENT_CLEAR		= 225,
	KSHARE_OP_EVENT_IS_SET		= 226,
	KSHARE_OP_EVENT_WAIT		= 227,

	KSHARE_OP_QUEUE_PUT		= 232,
	KSHARE_OP_QUEUE_PUT_MANY	= 233,
	KSHARE_OP_QUEUE_GET		= 234,
	KSHARE_OP_QUEUE_GET_MANY	= 235,
	KSHARE_OP_QUEUE_PEEK		= 236,
	KSHARE_OP_QUEUE_LEN		= 237,
	KSHARE_OP_QUEUE_ACK		= 238,
	KSHARE_OP_QUEUE_NACK		= 239,
	KSHARE_OP_QUEUE_TASK_DONE	= 240,
	KSHARE_OP_QUEUE_JOIN		= 241,
	KSHARE_OP_QUEUE_SHUTDOWN	= 242,
};

/** KSHARE_CREATE_NR() - &kshare_cmd.nr of KSHARE_OP_CREATE */
#define KSHARE_CREATE_NR(type, elem)	((__u32)(type) | (__u32)(elem) << 16)

/** KSHARE_OWNER_THREAD: set in owners that the kernel made of a thread id. */
#define KSHARE_OWNER_THREAD	_BITULL(63)

/** KSHARE_MMAP_OFFSET() - where to mmap() an array: pages are counted from 0. */
#define KSHARE_MMAP_OFFSET(handle, page_size)	((__u64)(handle) * (page_size))

/* ------------------------------------------------------------------ */
/* Classes                                                             */
/* ------------------------------------------------------------------ */

/** KSHARE_METHOD_CREATE: &kshare_cmd.nr of a CALL that makes an instance */
#define KSHARE_METHOD_CREATE	0xffffffffu

/* Flags of a class */
#define KSHARE_CLASS_CREATABLE	0x01	/* others may ask for instances */
#define KSHARE_CLASS_SERIAL	0x02	/* one call at a time */
#define KSHARE_CLASS_SERIAL_EACH 0x04	/* one call of an instance at a time */

/* Flags of a method */
#define KSHARE_METHOD_EXPOSED	0x01	/* it may be called */

/* Flags of a field */
#define KSHARE_CLASS_READ_ONLY	0x01	/* only the host may change it */

/**
 * struct kshare_class_info - a class: what CLASS_REGISTER takes, DESCRIBE gives
 * @size: sizeof(struct kshare_class_info)
 * @flags: KSHARE_CLASS_*.  With SERIAL, and with SERIAL_EACH for one instance, a
 *	call is not taken before the one before it was answered, unless it was made
 *	by a thread that is serving that one, or a call that it led to
 * @methods: number of methods, 1 to KSHARE_MAX_METHODS
 * @fields: number of fields, 0 to KSHARE_MAX_FIELDS
 * @method_size: sizeof(struct kshare_class_method)
 * @field_size: sizeof(struct kshare_class_field)
 *
 * Behind it lie the methods, then the fields, and nothing else.  All three may be longer
 * than the kernel knows, while what it does not know of them is zero (else E2BIG).
 */
struct kshare_class_info {
	__u32 size;
	__u32 flags;
	__u32 methods;
	__u32 fields;
	__u32 method_size;
	__u32 field_size;
};

/**
 * struct kshare_class_method - a method
 * @name: 1 to KSHARE_MAX_CLASS_NAME bytes, then zeroes.  No other method of the
 *	class has it
 * @result: name of a class of the same domain, of which the method returns
 *	instances; or zeroes: it returns any value
 * @flags: KSHARE_METHOD_*
 * @reserved: 0
 */
struct kshare_class_method {
	__u8 name[KSHARE_MAX_CLASS_NAME + 1];
	__u8 result[KSHARE_MAX_CLASS_NAME + 1];
	__u32 flags;
	__u32 reserved;
};

/**
 * struct kshare_class_field - a field, which the kernel holds for each instance
 * @name: as of a method
 * @types: a bit (1 << enum kshare_value_type) for each type of value that it takes;
 *	INT and UINT are one type.  0: any
 * @flags: KSHARE_CLASS_READ_ONLY
 */
struct kshare_class_field {
	__u8 name[KSHARE_MAX_CLASS_NAME + 1];
	__u32 types;
	__u32 flags;
};

/**
 * enum kshare_serve - what a host has to do, see KSHARE_OP_SERVE
 * @KSHARE_SERVE_CALL: a method of an instance is called
 * @KSHARE_SERVE_CREATE: somebody wants an instance: a REF to it is the answer
 * @KSHARE_SERVE_RELEASE: nothing refers to the instance any more.  Told once; no
 *	call of it is under way, nor will there be one
 * @KSHARE_SERVE_ABANDONED: who made the call that is not answered yet does not want
 *	to know any more, or has died.  It has still to be answered
 */
enum kshare_serve {
	KSHARE_SERVE_CALL	= 1,
	KSHARE_SERVE_CREATE	= 2,
	KSHARE_SERVE_RELEASE	= 3,
	KSHARE_SERVE_ABANDONED	= 4,
};

/**
 * enum kshare_served - the first values of a result of SERVE: UINTs
 * @KSHARE_SERVED_COOKIE: the instance's cookie
 * @KSHARE_SERVED_ID: its &kshare_stat.id
 * @KSHARE_SERVED_METHOD: number of the method, | KSHARE_SERVED_ONEWAY if nobody
 *	waits for an answer, which is dropped.  Such a call has no number, and needs
 *	no REPLY; but where one call is served at a time (SERIAL, SERIAL_EACH) it has
 *	one, and its REPLY lets the next one be taken.  So number tells
 * @KSHARE_SERVED_PID: the process that calls, as the host's pid namespace sees it;
 *	0 if it does not
 * @KSHARE_SERVED_UID: its effective user id, and << 32 its effective group id, when
 *	it called, as the host's user namespace sees them.  Both namespaces are those
 *	that the host was in when it became the host
 * @KSHARE_SERVED_ARGS: how many these are
 */
enum kshare_served {
	KSHARE_SERVED_COOKIE	= 0,
	KSHARE_SERVED_ID	= 1,
	KSHARE_SERVED_METHOD	= 2,
	KSHARE_SERVED_PID	= 3,
	KSHARE_SERVED_UID	= 4,
	KSHARE_SERVED_ARGS	= 5,
};

#define KSHARE_SERVED_ONEWAY	_BITULL(32)

/**
 * enum kshare_answer - what kind of answer a REPLY is; the result of the CALL
 * @KSHARE_ANSWER_VALUE: what the method returned
 * @KSHARE_ANSWER_RAISED: it failed; the value tells how, in a way that host and
 *	caller agree on
 * @KSHARE_ANSWER_STOP: an iterator has come to its end
 */
enum kshare_answer {
	KSHARE_ANSWER_VALUE	= 0,
	KSHARE_ANSWER_RAISED	= 1,
	KSHARE_ANSWER_STOP	= 2,
};

/* ------------------------------------------------------------------ */
/* Looking at an object                                                */
/* ------------------------------------------------------------------ */

/** enum kshare_limit - what a domain, a client and a user have limits of */
enum kshare_limit {
	KSHARE_LIMIT_OBJECTS	= 0,	/* objects of the domain */
	KSHARE_LIMIT_BYTES	= 1,	/* bytes of the objects and values of the domain */
	KSHARE_LIMIT_HANDLES	= 2,	/* handles that one client has */
	KSHARE_LIMIT_WAITERS	= 3,	/* waiting commands of the domain, and calls of
					 * which nobody waits for the answer
					 */
	KSHARE_LIMIT_DOMAINS	= 4,	/* only of a user: its clients' own, and named ones */
};

#define KSHARE_LIMIT_COUNT	4	/* of a domain */

/** enum kshare_keeper - what keeps an object, see KSHARE_OP_DOMAIN_KEEPERS */
enum kshare_keeper {
	KSHARE_KEPT_BY_HANDLE		= 1,
	KSHARE_KEPT_BY_CONTAINER	= 2,	/* an object that it is stored in */
	KSHARE_KEPT_BY_TICKET		= 3,
	KSHARE_KEPT_BY_DESCRIPTOR	= 4,	/* of EXPORT_FD; with the pid of who made it */
	KSHARE_KEPT_BY_GATE		= 5,	/* by its id; what keeps it is asked for by that */
	KSHARE_KEPT_BY_OTHER		= 6,	/* commands under way, mappings */
};

/**
 * struct kshare_stat - what KSHARE_OP_STAT tells of an object
 * @type: enum kshare_type
 * @elem: enum kshare_elem, for arrays and cells
 * @rights: rights of the handle that was asked
 * @flags: KSHARE_* flags the object was created with
 * @id: a number that no other object has until the module is unloaded
 * @domain: @id of the domain
 * @version: number of changes
 * @refs: references: of handles, containers and commands under way, this one
 *	included
 * @bytes: kernel memory that it is charged for, its values' included
 * @length: entries, elements or depth; messages of a queue, free permits of a
 *	semaphore, those that share a rwlock, those that wait at a barrier,
 *	instances of a class, fields of an instance that are set; for a domain its
 *	objects
 * @waiters: commands that wait for it
 * @token: lock, rwlock: fencing token of the last acquisition.  Class: how many
 *	hosts it has had
 * @owner: lock, rwlock: owner id of its holder
 * @holder_pid: lock: process that holds it, as the caller's pid namespace sees
 *	it; 0 if none.  Rwlock: that holds it alone.  Class: its host
 * @writer_pid: process that changed it last; 0 if none or not visible
 * @writer_start: when that process started, ns of CLOCK_BOOTTIME: tells a pid
 *	from its next use
 * @writer_comm: the name it had when it opened the device
 * @clients: domain: clients
 * @handles: domain: handles of its clients; else handles of the calling client
 *	to any object
 * @used: domain: what stands against each limit (for KSHARE_LIMIT_HANDLES: of
 *	the calling client)
 * @limit: domain: the limits
 */
struct kshare_stat {
	__u32 type;
	__u32 elem;
	__u32 rights;
	__u32 flags;
	__aligned_u64 id;
	__aligned_u64 domain;
	__aligned_u64 version;
	__aligned_u64 refs;
	__aligned_u64 bytes;
	__aligned_u64 length;
	__aligned_u64 waiters;
	__aligned_u64 token;
	__aligned_u64 owner;
	__s32 holder_pid;
	__s32 writer_pid;
	__aligned_u64 writer_start;
	__u8 writer_comm[16];
	__aligned_u64 clients;
	__aligned_u64 handles;
	__aligned_u64 used[KSHARE_LIMIT_COUNT];
	__aligned_u64 limit[KSHARE_LIMIT_COUNT];
};

/**
 * struct kshare_change - the message of a WATCH
 * @object: &kshare_stat.id of the object that changed
 * @version: its version after the change
 * @cookie: as given to WATCH
 * @lost: changes before this one that were not told, since the queue was full.
 *	Versions that follow each other more closely than messages are told as one
 *	if they come from one atomic batch
 */
struct kshare_change {
	__aligned_u64 object;
	__aligned_u64 version;
	__u32 cookie;
	__u32 lost;
};

/* ------------------------------------------------------------------ */
/* ioctls                                                              */
/* ------------------------------------------------------------------ */

/* The size stands in the structure, not in the number, so that it can grow. */
#define KSHARE_IOC_TYPE		0xBB
/** KSHARE_IOC_QUERY: what this module can do; &struct kshare_query.  Returns 0 */
#define KSHARE_IOC_QUERY	_IO(KSHARE_IOC_TYPE, 0x80)
/** KSHARE_IOC_CMD: one command; &struct kshare_cmd.  Returns its result */
#define KSHARE_IOC_CMD		_IO(KSHARE_IOC_TYPE, 0x81)
/** KSHARE_IOC_BATCH: many; &struct kshare_batch.  Returns 0 or the first error */
#define KSHARE_IOC_BATCH	_IO(KSHARE_IOC_TYPE, 0x82)

/**
 * DOC: io_uring
 *
 * IORING_OP_URING_CMD on the descriptor, or on a registered one, carries out one
 * command; cqe->res is its result.  sqe->cmd_op is one of
 *
 * - KSHARE_URING_CMD: sqe->cmd holds the &struct kshare_cmd (80 bytes, so the ring
 *   needs IORING_SETUP_SQE128, else EINVAL);
 * - KSHARE_URING_CMD_PTR: sqe->cmd holds a __u64, the address of the
 *   &struct kshare_cmd; the eight bytes behind it are 0.
 *
 * What a command points to, and the command itself with KSHARE_URING_CMD_PTR, is
 * read when the command begins: for one that is linked behind another, drained, or
 * has IOSQE_ASYNC, that is later than its submission.  Without
 * KSHARE_FEATURE_URING_WAITS one that has to wait is read once more, by the worker
 * that takes it up.  So all of it has to stay as it is until the command is done.
 *
 * A command that has to wait holds no thread, if QUERY tells
 * KSHARE_FEATURE_URING_WAITS.  Else (before Linux 6.7) it holds one of io_uring's
 * worker threads: of these there are few, and commands beyond them do not even
 * begin to wait, until one ends.
 *
 * The kernel gives no driver IORING_OP_ASYNC_CANCEL nor linked timeouts: use
 * KSHARE_OP_CANCEL and @deadline.  A command ends with ECANCELED when its ring
 * is closed, at exec, and, when its turn comes at the latest, if the thread that
 * submitted it has ended; what it was just being given goes to the next.  (With
 * IORING_SETUP_DEFER_TASKRUN only that thread can take what its commands were
 * given; if it ends between the two, that goes to the next with the ring.)
 *
 * Linux 6.10 to 6.13 read a command that is linked behind another one or drained
 * from the ring only when its turn comes, so the application must set IOSQE_ASYNC
 * on those, or not reuse the entry before.
 *
 * Where the ring has 32-byte completions and the command no @out, big_cqe[0] is
 * the result's number, or, if the result is one value that is no longer than 8
 * bytes, that value's @u.
 */
#define KSHARE_URING_CMD	_IO(KSHARE_IOC_TYPE, 0x90)
#define KSHARE_URING_CMD_PTR	_IO(KSHARE_IOC_TYPE, 0x91)

/* Flags of a batch */
#define KSHARE_BATCH_RUN_ON	0x01	/* go on after an error */
#define KSHARE_BATCH_ATOMIC	0x02	/* all as one step or nothing */

/**
 * struct kshare_batch - several commands in one call
 * @size: sizeof(struct kshare_batch)
 * @flags: KSHARE_BATCH_*, not both
 * @count: number of commands, 1 to KSHARE_MAX_BATCH
 * @done: 0; written: the number of commands that were carried out, or the index
 *	of the first that failed
 * @cmds: address of @count &struct kshare_cmd, of @cmd_size bytes each
 * @results: address of @count __s32, the commands' results.  Those of commands
 *	that were not begun are not written, nor is any of an atomic batch that
 *	failed
 * @cmd_size: bytes from one command to the next, and the size of each, a
 *	multiple of 8; each command's own @size must be the same
 * @reserved: 0
 *
 * Without a flag, it stops at the first error, which the ioctl returns.  With
 * KSHARE_BATCH_RUN_ON it goes on and returns 0.  In both cases commands are read
 * piece by piece while earlier ones are carried out.
 *
 * With KSHARE_BATCH_ATOMIC all commands take effect as one step, or, if one
 * fails, none does; that one's error is returned and @done is its index.  No
 * other command sees a state between.  Operations that wait do not: they fail
 * with EAGAIN.  Operations that make or close handles, or that are about a
 * client, are refused with EOPNOTSUPP (&kshare_op_info.flags tells which), as
 * are objects of several domains (EXDEV).
 *
 * A batch that a signal interrupts while one of its commands waits returns
 * EINTR with @done at that command.
 */
struct kshare_batch {
	__u32 size;
	__u32 flags;
	__u32 count;
	__u32 done;
	__aligned_u64 cmds;
	__aligned_u64 results;
	__u32 cmd_size;
	__u32 reserved;
};

/* Features, in &kshare_query.features */
#define KSHARE_FEATURE_ATOMIC_BATCH	0x01
#define KSHARE_FEATURE_URING		0x02	/* commands through io_uring */
#define KSHARE_FEATURE_URING_WAITS	0x04	/* there, who waits holds no thread */
#define KSHARE_FEATURE_CLASSES		0x08	/* classes and their instances */

/* Which fields of &struct kshare_cmd an operation uses */
#define KSHARE_FIELD_HANDLE	0x01
#define KSHARE_FIELD_KEY	0x02
#define KSHARE_FIELD_VALUE	0x04
#define KSHARE_FIELD_EXPECT	0x08
#define KSHARE_FIELD_DEADLINE	0x10	/* and tag */
#define KSHARE_FIELD_OUT	0x20
#define KSHARE_FIELD_NR		0x40

/* Flags of &struct kshare_op_info */
#define KSHARE_OPINFO_WAITS	0x01	/* may wait */
#define KSHARE_OPINFO_NO_ATOMIC	0x02	/* not in an atomic batch */
#define KSHARE_OPINFO_MULTI	0x04	/* may be part of WAIT_ANY and WAIT_ALL */

/**
 * struct kshare_op_info - a row of the table of operations
 * @op: enum kshare_op
 * @types: bit (1 << enum kshare_type) for each type of object that it takes
 * @rights: rights that the handle must have
 * @cmd_flags: flags that the command may carry
 * @fields: KSHARE_FIELD_*
 * @flags: KSHARE_OPINFO_*
 * @name: as in enum kshare_op, lower case, without its prefix
 */
struct kshare_op_info {
	__u32 op;
	__u32 types;
	__u32 rights;
	__u32 cmd_flags;
	__u32 fields;
	__u32 flags;
	__u8 name[24];
};

/**
 * struct kshare_query - what a module can do
 * @size: sizeof(struct kshare_query)
 * @version: written: KSHARE_UAPI_VERSION
 * @features: written: KSHARE_FEATURE_*
 * @domain: written: the handle of the client's own domain
 * @op_count: in: room in @ops; written: number of operations there are
 * @ops: address of an array of &struct kshare_op_info, or 0
 * @op_size: in: bytes from one row to the next in @ops, at least 8; rows are
 *	cut or zero-extended to it
 * @reserved: 0
 * @max_key: written: bytes of a key
 * @max_value: written: bytes of a value, and of all the values of a command
 * @max_vector: written: values in a vector
 * @max_batch: written: commands in a batch
 * @max_out: written: bytes of a result buffer
 * @max_refs: written: references in an encoded value
 * @limit: written: the limits that a new domain begins with
 *
 * May be asked by any process, of a client that is another's too.
 */
struct kshare_query {
	__u32 size;
	__u32 version;
	__aligned_u64 features;
	__u32 domain;
	__u32 op_count;
	__aligned_u64 ops;
	__u32 op_size;
	__u32 reserved;
	__u32 max_key;
	__u32 max_value;
	__u32 max_vector;
	__u32 max_batch;
	__u32 max_out;
	__u32 max_refs;
	__aligned_u64 limit[KSHARE_LIMIT_COUNT];
};

#endif /* _UAPI_LINUX_KSHARE_H */
