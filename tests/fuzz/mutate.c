// SPDX-License-Identifier: GPL-2.0
/* Programs are made up, and made into others. */
#include <stdlib.h>
#include <string.h>

#include "program.h"

#define GENERATED	12	/* lines of a new program, and some that those need */

static unsigned int *seed;

static unsigned int rnd(unsigned int n)
{
	return fuzz_rnd(seed, n);
}

/* Bits of the types that each handle of a process may be of before line @line */
static void slot_types(const struct program *p, unsigned int line, int process,
		       __u32 types[HANDLES])
{
	unsigned int i;

	for (i = 0; i < HANDLES; i++)
		types[i] = 1 << KSHARE_TYPE_DOMAIN;
	for (i = 0; i < line; i++) {
		const struct line *l = &p->lines[i];
		__u32 *type = &types[l->slot % HANDLES];

		if (lane_process(l->lane) != process)
			continue;
		switch (l->op) {
		case KSHARE_OP_CREATE:
			*type = 1u << (l->nr & 31);
			break;
		case KSHARE_OP_DUP:
			*type = l->handle & HANDLE_RAW ? 0 : types[l->handle % HANDLES];
			break;
		case KSHARE_OP_DOMAIN_ROOT:
			*type = 1 << KSHARE_TYPE_NAMESPACE;
			break;
		case KSHARE_OP_DOMAIN_OPEN:
			*type = 1 << KSHARE_TYPE_DOMAIN;
			break;
		case KSHARE_OP_CLASS_REGISTER:
		case KSHARE_OP_CLASS_OPEN:
			*type = 1 << KSHARE_TYPE_CLASS;
			break;
		case KSHARE_OP_INSTANCE_CREATE:
		case KSHARE_OP_INSTANCE_OPEN:
		case KSHARE_OP_CALL:
			*type = 1 << KSHARE_TYPE_INSTANCE;
			break;
		case KSHARE_OP_IMPORT_FD:
		case KSHARE_OP_TICKET_REDEEM:
			*type = ~0u;
			break;
		}
	}
}

/* A slot that has one of @types, or none: HANDLES */
static unsigned int find_slot(const struct program *p, unsigned int line, int process, __u32 types)
{
	unsigned int i, start = rnd(HANDLES), n;
	__u32 has[HANDLES];

	slot_types(p, line, process, has);
	for (i = 0; i < HANDLES; i++) {
		n = (start + i) % HANDLES;
		if (has[n] & types)
			return n;
	}
	return HANDLES;
}

static struct arg number(void)
{
	struct arg a = { .type = KSHARE_INT + rnd(3), .num = fuzz_number(seed) };

	if (a.type == KSHARE_FLOAT && rnd(3))
		a.num = 0x3ff0000000000000ull + ((__u64)rnd(8) << 51);
	return a;
}

static struct arg integer(unsigned int below)
{
	return (struct arg){ .type = KSHARE_INT, .num = rnd(below) };
}

/* A slot of numbers, which a line before most likely has put something in */
static struct arg slot_number(const struct program *p, unsigned int line)
{
	struct arg a = { .type = ARG_NUMBER, .num = rnd(SLOTS) };
	unsigned int tries;

	for (tries = 0; line && tries < 8; tries++) {
		const struct line *l = &p->lines[rnd(line)];

		if (l->out_len && !around(l)) {
			a.num = (l->slot + (l->op == KSHARE_OP_SERVE && rnd(2))) % SLOTS;
			break;
		}
	}
	if (!rnd(8))
		a.num |= (__u64)(rnd(4) - 2) << 32;
	return a;
}

static struct arg text(void)
{
	struct arg a = { .type = KSHARE_STR, .len = 1, .num = rnd(4) };

	if (!rnd(4))
		a.len = rnd(4) ? rnd(20) : rnd(8) ? rnd(300) : 4090 + rnd(10);
	if (!rnd(6))
		a.place = rnd(PLACES);
	return a;
}

static struct arg any_arg(int deep)
{
	struct arg a = { .type = rnd(9 + deep) };

	switch (a.type) {
	case KSHARE_BOOL:
		a.num = rnd(16) ? rnd(2) : 2;
		break;
	case KSHARE_INT:
	case KSHARE_UINT:
	case KSHARE_FLOAT:
		return number();
	case KSHARE_REF:
		a.num = rnd(HANDLES) | (rnd(4) ? 0 : (__u64)rnd(64) << 32);
		break;
	case KSHARE_STR:
	case KSHARE_BYTES:
	case KSHARE_ENCODED:
		a = text();
		a.type = KSHARE_STR + rnd(3);
		if (a.type == KSHARE_BYTES + 1)
			a.type = KSHARE_ENCODED;
		if (a.type == KSHARE_ENCODED) {
			a.codec = rnd(3);
			a.flags = rnd(2) ? KSHARE_VF_REFS : 0;
		}
		break;
	}
	if (!rnd(60)) {
		a.type = ARG_RAW;
		a.num = fuzz_number(seed) << 16 | rnd(12);
		a.len = rnd(3) ? rnd(9) : fuzz_number(seed);
	}
	return a;
}

static void any_vector(struct line *l)
{
	unsigned int i;

	l->value = (struct arg){ .type = KSHARE_VECTOR };
	l->vecs = rnd(MAX_VEC + 1);
	for (i = 0; i < l->vecs; i++)
		l->vec[i] = rnd(3) ? rnd(2) ? number() : text() : any_arg(0);
	if (!rnd(10))
		l->value.place = rnd(PLACES);
	if (!rnd(10))
		l->value.len = rnd(3) ? rnd(12) : fuzz_number(seed);
}

static struct arg any_key(const struct program *p, unsigned int at, const struct line *l)
{
	struct arg none = {};

	if (!rnd(12))
		return any_arg(1);
	switch (l->op) {
	case KSHARE_OP_ARRAY_GET ... KSHARE_OP_ARRAY_LEN:
	case KSHARE_OP_LIST_GET ... KSHARE_OP_LIST_CHECK:
		return rnd(8) ? (struct arg){ .type = KSHARE_INT, .num = (__s64)rnd(9) - 3 } :
				none;
	case KSHARE_OP_DICT_PAGE:
		return rnd(2) ? none : slot_number(p, at);
	case KSHARE_OP_DICT_GET ... KSHARE_OP_DICT_GET_MANY:
	case KSHARE_OP_DICT_CHECK:
	case KSHARE_OP_DICT_ABSENT:
	case KSHARE_OP_WATCH:
		return rnd(2) ? text() : rnd(3) ? integer(6) : any_arg(0);
	case KSHARE_OP_LOCK_ACQUIRE ... KSHARE_OP_RWLOCK_DOWNGRADE:
	case KSHARE_OP_CONDITION_WAIT:
	case KSHARE_OP_CONDITION_NOTIFY:
		return rnd(3) ? integer(3) : none;
	case KSHARE_OP_CANCEL:
	case KSHARE_OP_CALL_RESULT:
		return integer(4);
	case KSHARE_OP_QUEUE_PUT:
		return rnd(2) ? none : number();
	case KSHARE_OP_QUEUE_ACK:
	case KSHARE_OP_QUEUE_NACK:
	case KSHARE_OP_REPLY:
	case KSHARE_OP_REPLY_AND_SERVE:
	case KSHARE_OP_TICKET_REVOKE:
	case KSHARE_OP_DOMAIN_KEEPERS:
	case KSHARE_OP_CLASS_COOKIE:
	case KSHARE_OP_INSTANCE_OPEN:
		return slot_number(p, at);
	case KSHARE_OP_DOMAIN_LIST:
	case KSHARE_OP_DOMAIN_OBJECTS:
	case KSHARE_OP_CLASS_INSTANCES:
		return rnd(2) ? none : slot_number(p, at);
	case KSHARE_OP_IMPORT_FD:
		return (struct arg){ .type = ARG_FD, .num = rnd(SLOTS) };
	case KSHARE_OP_TICKET_REDEEM:
		return (struct arg){ .type = ARG_TICKET, .num = rnd(SLOTS) };
	case KSHARE_OP_DOMAIN_OPEN:
	case KSHARE_OP_CLASS_REGISTER:
	case KSHARE_OP_CLASS_OPEN:
		return (struct arg){ .type = ARG_NAME, .num = rnd(3) };
	case KSHARE_OP_CLASS_LIST:
		return rnd(2) ? none : (struct arg){ .type = ARG_NAME, .num = rnd(3) };
	case KSHARE_OP_USER_LIMIT:
	case KSHARE_OP_DOMAIN_SET:
		return rnd(2) ? none : integer(rnd(2) ? 2 : 5000);
	}
	return rnd(3) ? integer(8) : rnd(2) ? none : number();
}

static void any_value(const struct program *p, unsigned int at, struct line *l)
{
	int process = lane_process(l->lane);

	switch (l->op) {
	case KSHARE_OP_WATCH:
		l->value.type = KSHARE_REF;
		l->value.num = find_slot(p, at, process, 1 << KSHARE_TYPE_QUEUE) % HANDLES;
		return;
	case KSHARE_OP_CLASS_REGISTER:
		l->value = (struct arg){ .type = ARG_CLASS, .num = rnd(8) };
		if (!rnd(6))
			l->value.num |= (__u64)rnd(1 << 16) << 8 | (__u64)rnd(512) << 24;
		return;
	case KSHARE_OP_DICT_UPDATE:
	case KSHARE_OP_DICT_GET_MANY:
	case KSHARE_OP_LIST_EXTEND:
	case KSHARE_OP_LIST_SLICE_SET:
	case KSHARE_OP_QUEUE_PUT_MANY:
		any_vector(l);
		return;
	case KSHARE_OP_CALL:
		if (rnd(2))
			any_vector(l);
		else
			l->value = any_arg(0);
		return;
	case KSHARE_OP_ARRAY_WRITE:
		l->value = text();
		l->value.type = KSHARE_BYTES;
		l->value.len = rnd(4) ? 8 * rnd(5) : rnd(40);
		return;
	case KSHARE_OP_CHECK_VERSION:
		l->value = rnd(3) ? slot_number(p, at) : integer(6);
		return;
	case KSHARE_OP_DUP:
		l->value = l->flags & KSHARE_METHODS ? integer(8) : (struct arg){};
		return;
	case KSHARE_OP_REPLY:
	case KSHARE_OP_REPLY_AND_SERVE:
		l->value = any_arg(0);
		if (rnd(2)) {
			l->value = (struct arg){ .type = KSHARE_REF };
			l->value.num = find_slot(p, at, process, 1 << KSHARE_TYPE_INSTANCE) %
				       HANDLES;
		}
		return;
	case KSHARE_OP_DOMAIN_OPEN:
		l->value = rnd(2) ? (struct arg){} :
				    (struct arg){ .type = KSHARE_INT, .num = 0666 };
		return;
	case KSHARE_OP_TICKET_CREATE ... KSHARE_OP_USER_LIMIT:
	case KSHARE_OP_DOMAIN_LIMIT:
	case KSHARE_OP_DOMAIN_SET:
		l->value = rnd(2) ? (struct arg){} : rnd(2) ? integer(2000) : number();
		return;
	}
	l->value = rnd(2) ? number() : rnd(2) ? text() : any_arg(1);
	if (l->value.type == KSHARE_VECTOR)
		any_vector(l);
	if (l->value.type == KSHARE_ENCODED && l->value.flags) {
		l->vecs = rnd(4);
		for (at = 0; at < l->vecs; at++)
			l->vec[at] = (struct arg){ .type = KSHARE_REF, .num = rnd(HANDLES) };
	}
}

static void any_creation(const struct program *p, unsigned int at, struct line *l, __u32 type)
{
	l->nr = KSHARE_CREATE_NR(type, 0);
	l->key = (struct arg){};
	l->value = (struct arg){};
	l->flags = rnd(4) ? 0 : l->flags;
	switch (type) {
	case KSHARE_TYPE_CELL:
		if (!rnd(3))
			l->nr = KSHARE_CREATE_NR(type, 8 + rnd(4));
		l->value = rnd(2) ? integer(9) : any_arg(0);
		break;
	case KSHARE_TYPE_ARRAY:
		l->nr = KSHARE_CREATE_NR(type, 1 + rnd(11));
		l->key = rnd(8) ? integer(3000) : number();
		break;
	case KSHARE_TYPE_QUEUE:
		l->key = rnd(2) ? integer(4) : (struct arg){};
		l->flags &= KSHARE_LIFO | KSHARE_NO_INHERIT;
		if (rnd(3) == 0)
			l->flags = KSHARE_PRIORITY;
		break;
	case KSHARE_TYPE_SEMAPHORE:
		l->key = integer(4);
		l->value = rnd(2) ? integer(6) : (struct arg){};
		break;
	case KSHARE_TYPE_BARRIER:
		l->key = integer(4);
		break;
	case KSHARE_TYPE_CONDITION:
		l->value.type = KSHARE_REF;
		l->value.num = find_slot(p, at, lane_process(l->lane),
					 1 << KSHARE_TYPE_LOCK | 1 << KSHARE_TYPE_RLOCK) % HANDLES;
		break;
	}
}

static void any_args(const struct program *p, unsigned int at, struct line *l,
		     const struct kshare_op_info *op)
{
	if (!rnd(2))
		l->flags = rand_r(seed) & op->cmd_flags;
	if (l->op == KSHARE_OP_CELL_WAIT)
		l->flags = KSHARE_UNTIL_NE << rnd(3) | (rnd(4) ? 0 : KSHARE_NOWAIT);
	if (l->op == KSHARE_OP_DOMAIN_OPEN && rnd(4))
		l->flags |= KSHARE_MAKE;
	if (op->fields & KSHARE_FIELD_KEY)
		l->key = any_key(p, at, l);
	if (op->fields & KSHARE_FIELD_VALUE)
		any_value(p, at, l);
	if (op->fields & KSHARE_FIELD_EXPECT)
		l->expect = rnd(4) ? rnd(2) ? integer(8) : (struct arg){} :
			    rnd(2) ? any_arg(0) : slot_number(p, at);
	if (l->op == KSHARE_OP_TICKET_CREATE && l->expect.type)
		l->expect = (struct arg){ .type = ARG_TIME, .num = rnd(2) ? 3000 : 100000 };
	if (op->fields & KSHARE_FIELD_NR)
		l->nr = rnd(3) ? 0 : rnd(2) ? rnd(8) : rnd(4) ? rnd(64) : fuzz_number(seed);
	if (op->fields & KSHARE_FIELD_OUT && rnd(8)) {
		l->out_len = rnd(4) ? PAGE : rnd(200);
		if (!rnd(12))
			l->out_place = rnd(PLACES);
	}
	if (op->fields & KSHARE_FIELD_DEADLINE) {
		l->deadline = rnd(3) ? 1 + (__s32)rnd(4000) : rnd(2) ? 0 : DEADLINE_PAST;
		if (!rnd(30))
			l->deadline = DEADLINE_WRONG;
		l->tag = rnd(2) ? 0 : rnd(4);
		l->nowait = rnd(2);
	}
	if (l->op == KSHARE_OP_CALL) {
		l->nr = rnd(4) ? rnd(3) : KSHARE_METHOD_CREATE;
		l->nowait = !(l->flags & KSHARE_ONEWAY);
		if (l->flags & KSHARE_ONEWAY) {
			l->out_len = 0;
			l->tag = 0;
			l->deadline = 0;
		}
	}
	if (l->op == KSHARE_OP_CREATE)
		any_creation(p, at, l, 2 + rnd(14));
}

static unsigned int any_door(void)
{
	return rnd(2) ? DOOR_IOCTL : rnd(DOORS);
}

static void open_up(struct program *p, unsigned int at, unsigned int lines)
{
	memmove(&p->lines[at + lines], &p->lines[at], (p->count - at) * sizeof(struct line));
	p->count += lines;
}

static unsigned int insert(struct program *p, unsigned int at, __u32 op, unsigned int lane);

/* What makes an object of a type in @types; how many lines that took */
static unsigned int insert_maker(struct program *p, unsigned int at, __u32 types,
				 unsigned int lane)
{
	unsigned int type = rnd(18), n;
	struct line *l;

	while (!(types >> type & 1))
		type = (type + 1) % 18;
	if (type == KSHARE_TYPE_DOMAIN)
		return insert(p, at, KSHARE_OP_DOMAIN_OPEN, lane);
	if (type == KSHARE_TYPE_NAMESPACE && rnd(2))
		return insert(p, at, KSHARE_OP_DOMAIN_ROOT, lane);
	if (type == KSHARE_TYPE_CLASS)
		return insert(p, at, rnd(4) ? KSHARE_OP_CLASS_REGISTER : KSHARE_OP_CLASS_OPEN,
			      lane);
	if (type == KSHARE_TYPE_INSTANCE)
		return insert(p, at, KSHARE_OP_INSTANCE_CREATE, lane);
	n = 0;
	if (type == KSHARE_TYPE_CONDITION)
		n = insert_maker(p, at, 1 << KSHARE_TYPE_LOCK | 1 << KSHARE_TYPE_RLOCK, lane);
	at += n;
	n += insert(p, at, KSHARE_OP_CREATE, lane);
	if (at < p->count && p->lines[at].op == KSHARE_OP_CREATE) {
		l = &p->lines[at];
		any_creation(p, at, l, type);
		l->handle = HANDLE_NONE;
		/* So that it is there for what comes next */
		if (rnd(8)) {
			l->door = DOOR_IOCTL;
			l->join = 0;
		}
	}
	return n;
}

/* Members of a WAIT_ANY or WAIT_ALL */
static unsigned int insert_members(struct program *p, unsigned int at, unsigned int lane)
{
	unsigned int n = 0, members = 1 + rnd(3), tries = 0;

	while (members && tries++ < 200) {
		const struct kshare_op_info *op = &ops[rnd(op_count)];
		unsigned int added;

		if (!(op->flags & KSHARE_OPINFO_MULTI))
			continue;
		added = insert(p, at + n, op->op, lane);
		n += added;
		if (!added)
			break;
		p->lines[at + n - 1].join = 1;
		p->lines[at + n - 1].door = DOOR_IOCTL;
		if (rnd(8)) {
			p->lines[at + n - 1].deadline = 0;
			p->lines[at + n - 1].tag = 0;
			p->lines[at + n - 1].flags &= ~(KSHARE_NOWAIT | KSHARE_DETECT);
		}
		members--;
	}
	return n;
}

static void any_around(struct line *l)
{
	l->nr = rnd(2) ? rnd(8) : rnd(128);
	/* A new ring is cheap, a new process is not. */
	if ((l->op == AROUND_EXEC || l->op == AROUND_KILL || l->op == AROUND_FORK) && rnd(4))
		l->op = AROUND_OPEN;
	l->handle = rnd(HANDLES);
}

/* One line, and those that it needs before it; how many these are */
static unsigned int insert(struct program *p, unsigned int at, __u32 op, unsigned int lane)
{
	const struct kshare_op_info *info = fuzz_op(op);
	struct line l = { .op = op, .lane = lane, .handle = HANDLE_NONE, .slot = rnd(HANDLES) };
	const __u32 queue = 1 << KSHARE_TYPE_QUEUE;
	unsigned int n = 0;

	if (p->count > MAX_LINES - 4)
		return 0;
	if (l.slot == 0)
		l.slot = rnd(HANDLES);
	if (!info) {
		any_around(&l);
	} else {
		if (info->fields & KSHARE_FIELD_HANDLE) {
			l.handle = find_slot(p, at, lane_process(lane), info->types ?: ~0u);
			if (l.handle == HANDLES && rnd(16)) {
				n = insert_maker(p, at, info->types, lane);
				l.handle = find_slot(p, at + n, lane_process(lane), info->types);
			}
			if (l.handle == HANDLES)
				l.handle = rnd(HANDLES);
			if (!rnd(40))
				l.handle = HANDLE_RAW | rnd(40);
		}
		if ((op == KSHARE_OP_WAIT_ANY || op == KSHARE_OP_WAIT_ALL) && rnd(16)) {
			n += insert_members(p, at + n, lane);
			any_args(p, at + n, &l, info);
			l.value = (struct arg){ .type = ARG_MEMBERS, .len = !rnd(20) };
			l.door = DOOR_IOCTL;
		} else {
			if (op == KSHARE_OP_WATCH &&
			    find_slot(p, at + n, lane_process(lane), queue) == HANDLES)
				n += insert_maker(p, at + n, queue, lane);
			any_args(p, at + n, &l, info);
			l.door = any_door();
			l.join = l.door != DOOR_IOCTL && !rnd(2);
		}
	}
	if (p->count >= MAX_LINES)
		return n;
	open_up(p, at + n, 1);
	p->lines[at + n] = l;
	return n + 1;
}

static __u32 any_op(void)
{
	/* A process's own affairs are a tenth. */
	if (!rnd(10))
		return AROUND_OPEN + rnd(AROUND_END - AROUND_OPEN);
	return ops[rnd(op_count)].op;
}

static unsigned int any_lane(const struct program *p)
{
	if (p->count && rnd(3))
		return p->lines[rnd(p->count)].lane;
	return rnd(3) ? 0 : rnd(LANES);
}

void program_generate(struct program *p, unsigned int *with)
{
	unsigned int lines;

	seed = with;
	lines = 1 + rnd(GENERATED);
	p->count = 0;
	while (p->count < lines && insert(p, p->count, any_op(), any_lane(p)))
		;
}

static void change_line(struct program *p, unsigned int at)
{
	struct line *l = &p->lines[at], was = *l;
	const struct kshare_op_info *info = fuzz_op(l->op);
	struct line fresh = { .op = l->op, .lane = l->lane, .handle = l->handle };

	if (!info) {
		any_around(l);
		l->lane = was.lane;
		return;
	}
	any_args(p, at, &fresh, info);
	switch (rnd(14)) {
	case 0:
		l->handle = rnd(8) ? find_slot(p, at, lane_process(l->lane), info->types ?: ~0u) %
			    HANDLES : rnd(2) ? rnd(HANDLES) : HANDLE_RAW | rnd(40);
		break;
	case 1:
		l->flags = rnd(8) ? fresh.flags : l->flags ^ 1u << rnd(32);
		break;
	case 2:
		l->nr = fresh.nr;
		break;
	case 3:
		l->key = fresh.key;
		break;
	case 4:
		l->value = fresh.value;
		l->vecs = fresh.vecs;
		memcpy(l->vec, fresh.vec, sizeof(l->vec));
		break;
	case 5:
		l->expect = fresh.expect;
		break;
	case 6:
		l->deadline = fresh.deadline;
		l->tag = fresh.tag;
		break;
	case 7:
		l->out_len = fresh.out_len;
		l->out_place = fresh.out_place;
		break;
	case 8:
		l->door = rnd(DOORS);
		break;
	case 9:
		l->join ^= 1;
		break;
	case 10:
		l->nowait ^= 1;
		break;
	case 11:
		l->lane = rnd(LANES);
		break;
	case 12:
		if (rnd(2)) {
			l->wrong_at = rnd(64);
			l->wrong_by = 1 << rnd(8);
		} else {
			l->wrong_by = 0;
		}
		break;
	case 13:
		if (l->vecs)
			l->vec[rnd(l->vecs)] = any_arg(0);
		else
			l->slot = rnd(HANDLES);
		break;
	}
}

static void mutate_once(struct program *p, const struct program *other)
{
	unsigned int at = rnd(p->count + 1), n;
	struct line l;

	switch (rnd(20)) {
	case 0 ... 7:
		insert(p, at, any_op(), any_lane(p));
		break;
	case 8 ... 13:
		if (at < p->count)
			change_line(p, at);
		break;
	case 14 ... 15:
		if (at < p->count) {
			memmove(&p->lines[at], &p->lines[at + 1],
				(p->count - at - 1) * sizeof(l));
			p->count--;
		}
		break;
	case 16:
		if (at < p->count && p->count < MAX_LINES) {
			open_up(p, at, 1);
			if (rnd(2))
				p->lines[at].lane = rnd(LANES);
		}
		break;
	case 17:
		if (p->count > 1 && at < p->count) {
			n = rnd(p->count);
			l = p->lines[at];
			p->lines[at] = p->lines[n];
			p->lines[n] = l;
		}
		break;
	default:
		/* The end of the other one, or all of it in between */
		n = rnd(2) ? rnd(other->count + 1) : 0;
		if (n == 0 && p->count + other->count <= MAX_LINES) {
			open_up(p, at, other->count);
			memcpy(&p->lines[at], other->lines, other->count * sizeof(l));
			break;
		}
		for (; n < other->count && at < MAX_LINES; n++, at++)
			p->lines[at] = other->lines[n];
		if (at > p->count)
			p->count = at;
	}
}

void program_mutate(struct program *p, const struct program *other, unsigned int *with)
{
	seed = with;
	do {
		mutate_once(p, other);
	} while (rnd(3) || !p->count);
}
