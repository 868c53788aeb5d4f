/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Programs of the fuzzer that is guided by coverage.  A program is a list of lines,
 * each of which is one command, or something that is done around commands.  As text,
 * a line is
 *
 *	LANE[&] DOOR[+] NAME [FIELD...]
 *
 * LANE  the thread: 0 and 1 are of the first process, 2 and 3 of the second; with an
 *	 & the next line does not wait for this one's end
 * DOOR  which way the command takes; with a + it is part of a group that goes on with
 *	 the next line of that lane: of a batch, of a chain of linked entries, or the
 *	 members of a WAIT_ANY or WAIT_ALL that ends it
 * NAME  of an operation of the table, or of enum around
 *
 * What a command gives back goes into slots, which others take it from: handles are
 * of a process; numbers, descriptors and tickets are everybody's.
 */
#ifndef PROGRAM_H
#define PROGRAM_H

#include <stdio.h>

#include "fuzz.h"

#define LANES		4
#define MAX_LINES	40
#define MAX_VEC		8
#define HANDLES		16
#define SLOTS		8

/* What is done around commands; numbers that no operation has */
enum around {
	AROUND_OPEN	= 1000,	/* the client is closed, and there is a new one */
	AROUND_BIND,		/* the client becomes the clone in a slot */
	AROUND_MAP,		/* an array is mapped and touched */
	AROUND_UNMAP,		/* all that was mapped goes */
	AROUND_FLIP,		/* the memory that changes: 0 all, 1 read, 2 none, 3 gone */
	AROUND_POLL,		/* a descriptor is polled */
	AROUND_SHUT,		/* a descriptor is closed */
	AROUND_RING,		/* the ring is closed, and there is one of another kind */
	AROUND_REAP,		/* completions are taken */
	AROUND_UNRING,		/* io_uring's own cancel */
	AROUND_SIGNAL,		/* a lane gets a signal */
	AROUND_KILL,		/* a process is killed */
	AROUND_FORK,		/* a child that holds all this open */
	AROUND_EXEC,		/* the process executes another program */
	AROUND_QUERY,		/* what the module can do, and the descriptor's fdinfo */
	AROUND_END,
};

enum door {
	DOOR_IOCTL,
	DOOR_BATCH,
	DOOR_RUN_ON,
	DOOR_ATOMIC,
	DOOR_RING,		/* the whole command in the entry */
	DOOR_PTR,		/* its address */
	DOOR_ASYNC,		/* from a worker of io_uring's */
	DOORS,
};

/* Types of arguments, beside enum kshare_value_type */
enum {
	ARG_NUMBER	= 16,	/* INT: a number slot and something added */
	ARG_FD,			/* INT: a descriptor slot's */
	ARG_TICKET,		/* STR: a ticket slot's */
	ARG_NAME,		/* STR: one of a few names */
	ARG_CLASS,		/* BYTES: a description of a class */
	ARG_MEMBERS,		/* BYTES: the commands of the group before */
	ARG_TIME,		/* INT: so many us from now */
	ARG_RAW,		/* type, codec and so on as they stand in the number */
	ARG_TYPES,
};

/* Where bytes lie */
enum place {
	PLACE_GOOD,
	PLACE_EDGE,		/* the last byte is the last of a page */
	PLACE_OVER,		/* it is one further */
	PLACE_READ_ONLY,
	PLACE_FLIP,		/* AROUND_FLIP changes it */
	PLACE_NULL,
	PLACE_KERNEL,
	PLACES,
};

/**
 * struct arg - a value
 * @type: enum kshare_value_type, or ARG_*
 * @place: of bytes and vectors
 * @flags: KSHARE_VF_*
 * @codec: of encoded ones
 * @len: bytes
 * @num: the number; the slot of a handle and << 32 its rights; what bytes begin with
 */
struct arg {
	__u8 type;
	__u8 place;
	__u8 flags;
	__u8 codec;
	__u32 len;
	__u64 num;
};

/* Deadlines, in us from now */
#define DEADLINE_PAST	(-1)
#define DEADLINE_WRONG	(-2)
#define DEADLINE_MOST	60000

/* Handles that are numbers instead of slots */
#define HANDLE_RAW	0x80000000u
#define HANDLE_NONE	(HANDLE_RAW | 0)

struct line {
	__u16 op;
	__u8 lane, door, join, nowait, slot, vecs;
	__u32 handle, flags, nr;
	__u8 out_place;
	__u8 wrong_at, wrong_by;	/* a byte of the command that is something else */
	__u32 out_len;			/* 0: no result is wanted */
	__s32 deadline;
	__u32 tag;
	struct arg key, value, expect, vec[MAX_VEC];
};

struct program {
	unsigned int count;
	struct line lines[MAX_LINES];
};

extern const char *const around_names[AROUND_END - AROUND_OPEN];

static inline int around(const struct line *l)
{
	return l->op >= AROUND_OPEN;
}

static inline int lane_process(unsigned int lane)
{
	return lane / 2;
}

/* program.c */
void program_print(const struct program *p, FILE *to);
int program_parse(struct program *p, FILE *from);
__u64 program_hash(const struct program *p);

/* mutate.c */
void program_generate(struct program *p, unsigned int *seed);
void program_mutate(struct program *p, const struct program *other, unsigned int *seed);

#endif /* PROGRAM_H */
