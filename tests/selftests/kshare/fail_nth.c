// SPDX-License-Identifier: GPL-2.0
/*
 * Every operation of the table, with the n-th allocation failing, for n = 1, 2,
 * … until it passes.  A failure must leave the object and the domain's counters
 * as they were.  Needs a kernel with fault injection; elsewhere it is skipped.
 */
#include "sharing_test.h"
#include "class_test.h"
#include "fail_test.h"

#define OPS		256
#define LIMITS		(KSHARE_LIMIT_DOMAINS + 1)
#define NEW_NAME	"fail_nth, a name of some length"

static struct kshare_op_info ops[OPS];
static char text[200];

/* What WAIT_ANY and WAIT_ALL wait for, and where WATCH puts its messages */
static struct kshare_cmd members[2];
static int semaphore, watchers;
/* What IMPORT_FD takes, and what TICKET_REDEEM and TICKET_REVOKE do */
static int export = -1;
static char ticket[KSHARE_TICKET_LEN];
static uint64_t ticket_number;
/* What DOMAIN_KEEPERS is asked for */
static uint64_t kept;
static int named;
/* What REVOKE takes, and CLOSE */
static int giver, victim;
static uint32_t first_user = 3000;
/* What CLASS_OPEN finds, what REGISTER takes, and what the others are about */
#define A_CLASS		"fail_nth, a class"
static struct t_class description;
static struct t_host host;
static uint64_t host_id;
/* A call that is to be answered */
static uint64_t taken;

/* One call is taken, and another one comes after that. */
static void take_call(struct side *s)
{
	struct t_served w;
	int i;

	t_reply(s, host.class, taken, t_none());
	while (t_serve_now(s, host.class, &w) >= 0)
		if (w.call)
			t_reply(s, host.class, w.call, t_none());
	for (i = 0; i < 2; i++)
		t_send(s, host.it, T_ECHO, t_bytes(text, 140));
	t_serve_now(s, host.class, &w);
	taken = w.call;
}

static int make_ticket(struct side *s, int h, uint32_t uses)
{
	struct kshare_cmd cmd = t_cmd(KSHARE_OP_TICKET_CREATE, h);
	int ret;

	cmd.key = t_uint(uses);
	ret = t_run(s, cmd);
	if (ret)
		return ret;
	memcpy(ticket, (char *)(uintptr_t)s->out.values[0].ptr, sizeof(ticket));
	ticket_number = s->out.head.number;
	return 0;
}

static int revoke_ticket(struct side *s, uint64_t number)
{
	struct kshare_cmd cmd = t_cmd(KSHARE_OP_TICKET_REVOKE, 0);

	cmd.key = t_uint(number);
	return t_raw(s, cmd);
}

static int make_giver(struct side *s, int h)
{
	struct kshare_cmd cmd = t_cmd(KSHARE_OP_DUP, h);

	cmd.flags = KSHARE_REVOCABLE;
	giver = t_raw(s, cmd);
	return giver;
}

/* A command that succeeds on a fresh object, and allocates what it can. */
static struct kshare_cmd likely(const struct kshare_op_info *op, int handle, int ref)
{
	static struct kshare_value vector[4];
	struct kshare_cmd cmd = t_cmd(op->op, 0);
	int type = op->types ? __builtin_ctz(op->types) : 0;

	memset(text, 't', sizeof(text));
	if (op->fields & KSHARE_FIELD_HANDLE)
		cmd.handle = handle;
	vector[0] = t_bytes(text, 100);
	vector[1] = t_ref(ref);
	vector[2] = t_bytes(text, 101);
	vector[3] = t_bytes(text, 102);
	if (op->fields & KSHARE_FIELD_KEY && type != KSHARE_TYPE_DOMAIN)
		cmd.key = type == KSHARE_TYPE_DICT ? t_bytes(text, 150) : t_int(0);
	if (op->fields & KSHARE_FIELD_VALUE)
		cmd.value = type == KSHARE_TYPE_ARRAY ? t_int(1) : t_bytes(text, 180);
	switch (op->op) {
	case KSHARE_OP_CREATE:
		cmd.nr = KSHARE_CREATE_NR(KSHARE_TYPE_DICT, 0);
		cmd.value = t_none();
		break;
	case KSHARE_OP_WAIT_ANY:
	case KSHARE_OP_WAIT_ALL:
		members[0] = t_cmd(KSHARE_OP_QUEUE_GET, handle);
		members[1] = t_cmd(KSHARE_OP_SEMAPHORE_ACQUIRE, semaphore);
		cmd.value = t_bytes(members, sizeof(members));
		break;
	case KSHARE_OP_CLOSE:
		cmd.handle = victim;
		break;
	case KSHARE_OP_CANCEL:
		cmd.key = t_uint(1);
		break;
	case KSHARE_OP_WATCH:
		cmd.key = t_none();
		cmd.value = t_ref(watchers);
		break;
	case KSHARE_OP_DUP:
		cmd.flags = KSHARE_REVOCABLE;
		break;
	case KSHARE_OP_REVOKE:
		cmd.handle = giver;
		break;
	case KSHARE_OP_IMPORT_FD:
		cmd.key = t_int(export);
		break;
	case KSHARE_OP_TICKET_CREATE:
		cmd.key = t_none();
		cmd.value = t_none();
		break;
	case KSHARE_OP_TICKET_REDEEM:
		cmd.key = t_bytes(ticket, sizeof(ticket));
		cmd.key.type = KSHARE_STR;
		break;
	case KSHARE_OP_TICKET_REVOKE:
		cmd.key = t_uint(ticket_number);
		break;
	case KSHARE_OP_USER_LIMIT:
		/* One that has no account yet */
		cmd.key = t_uint(first_user++);
		cmd.value = t_none();
		break;
	case KSHARE_OP_DOMAIN_OPEN:
		cmd.key = t_str(NEW_NAME);
		cmd.value = t_none();
		cmd.flags = KSHARE_MAKE;
		break;
	case KSHARE_OP_DOMAIN_LIST:
		cmd.key = t_none();
		break;
	case KSHARE_OP_DOMAIN_INFO:
		cmd.handle = named;
		break;
	case KSHARE_OP_DOMAIN_SET:
		cmd.handle = named;
		cmd.value = t_int(0);
		break;
	case KSHARE_OP_DOMAIN_KEEPERS:
		cmd.key = t_uint(kept);
		break;
	case KSHARE_OP_CHECK_VERSION:
	case KSHARE_OP_DOMAIN_LIMIT:
		cmd.value = op->op == KSHARE_OP_CHECK_VERSION ? t_int(0) : t_none();
		break;
	case KSHARE_OP_CLASS_REGISTER:
		t_usual(&description, 0);
		cmd.key = t_str(NEW_NAME);
		cmd.value = t_description(&description);
		break;
	case KSHARE_OP_CLASS_OPEN:
		cmd.key = t_str(A_CLASS);
		break;
	case KSHARE_OP_CLASS_INSTANCES:
		cmd.nr = 20;
		break;
	case KSHARE_OP_CLASS_COOKIE:
		cmd.key = t_uint(host_id);
		cmd.value = t_int(1);
		break;
	case KSHARE_OP_INSTANCE_OPEN:
		cmd.key = t_uint(host_id);
		break;
	case KSHARE_OP_CALL:
		cmd.handle = host.it;
		vector[1] = t_ref(ref);
		cmd.value = t_vector(vector, 4);
		break;
	case KSHARE_OP_REPLY:
	case KSHARE_OP_REPLY_AND_SERVE:
		cmd.key = t_uint(taken);
		break;
	case KSHARE_OP_CELL_ADD:
	case KSHARE_OP_CELL_AND:
	case KSHARE_OP_CELL_OR:
	case KSHARE_OP_CELL_XOR:
	case KSHARE_OP_DICT_ADD:
	case KSHARE_OP_LIST_ADD:
		cmd.value = t_int(1);
		break;
	case KSHARE_OP_ARRAY_READ:
		cmd.nr = 10;
		break;
	case KSHARE_OP_ARRAY_WRITE:
		cmd.value = t_bytes(text, 80);
		break;
	case KSHARE_OP_DICT_GET_MANY:
		vector[1] = t_bytes(text, 103);
		cmd.value = t_vector(vector, 4);
		break;
	case KSHARE_OP_DICT_UPDATE:
	case KSHARE_OP_LIST_EXTEND:
	case KSHARE_OP_LIST_SLICE_SET:
		cmd.value = t_vector(vector, 4);
		break;
	case KSHARE_OP_DICT_PAGE:
		cmd.flags = KSHARE_KEYS | KSHARE_VALUES;
		cmd.key = t_none();
		break;
	case KSHARE_OP_QUEUE_PUT:
		cmd.key = t_none();
		break;
	case KSHARE_OP_QUEUE_PUT_MANY:
		cmd.value = t_vector(vector, 4);
		break;
	case KSHARE_OP_QUEUE_GET_MANY:
		cmd.nr = 5;
		break;
	case KSHARE_OP_QUEUE_ACK:
	case KSHARE_OP_QUEUE_NACK:
		cmd.key = t_uint(1);
		break;
	}
	if (type == KSHARE_TYPE_LOCK || type == KSHARE_TYPE_RWLOCK || type == KSHARE_TYPE_CONDITION)
		cmd.key = t_none();
	if (op->op == KSHARE_OP_LIST_SLICE || op->op == KSHARE_OP_LIST_SLICE_SET ||
	    op->op == KSHARE_OP_LIST_SLICE_DELETE || op->op == KSHARE_OP_LIST_INDEX)
		cmd.key = t_none();
	if (op->op == KSHARE_OP_CONDITION_WAIT || op->op == KSHARE_OP_CALL)
		cmd.deadline = 1;
	else if (op->flags & KSHARE_OPINFO_WAITS)
		cmd.flags = KSHARE_NOWAIT | (op->op == KSHARE_OP_CELL_WAIT ? KSHARE_UNTIL_NE : 0);
	return cmd;
}

/* Objects with something in them. */
static int make(struct side *s, int type, int ref)
{
	static int classes;
	struct kshare_cmd get;
	char name[32];
	int i, h;

	if (type == KSHARE_TYPE_ARRAY) {
		h = t_create_elem(s, type, KSHARE_ELEM_I64, 100);
	} else if (type == KSHARE_TYPE_SEMAPHORE || type == KSHARE_TYPE_BARRIER) {
		h = t_create_elem(s, type, 0, type == KSHARE_TYPE_BARRIER ? 1 : 100);
	} else if (type == KSHARE_TYPE_CLASS) {
		snprintf(name, sizeof(name), "fail_nth %d", ++classes);
		if (!t_host_of(s, &host, name, KSHARE_CLASS_SERIAL))
			return -1;
		host_id = t_id(s, host.it);
		return host.class;
	} else if (type == KSHARE_TYPE_CONDITION) {
		/* Held, so that one may wait and notify. */
		i = t_create(s, KSHARE_TYPE_LOCK);
		t_raw(s, t_cmd(KSHARE_OP_LOCK_ACQUIRE, i));
		h = t_create_with(s, type, 0, t_none(), t_ref(i));
	} else {
		h = t_create(s, type);
	}
	for (i = 0; i < 12; i++) {
		struct kshare_cmd cmd;

		if (type == KSHARE_TYPE_DICT) {
			cmd = t_cmd(KSHARE_OP_DICT_SET, h);
			cmd.key = t_int(i);
		} else if (type == KSHARE_TYPE_LIST) {
			cmd = t_cmd(KSHARE_OP_LIST_APPEND, h);
		} else if (type == KSHARE_TYPE_QUEUE) {
			cmd = t_cmd(KSHARE_OP_QUEUE_PUT, h);
		} else {
			break;
		}
		cmd.value = i % 3 ? t_int(i) : t_ref(ref);
		t_raw(s, cmd);
	}
	if (type == KSHARE_TYPE_QUEUE) {
		get = t_cmd(KSHARE_OP_QUEUE_GET, h);
		get.flags = KSHARE_LEASE;
		t_raw(s, get);
	}
	return h;
}

/* The type of object that an operation is tried on; 0 for none */
static int type_for(const struct kshare_op_info *op)
{
	switch (op->op) {
	case KSHARE_OP_WAIT_ANY:
	case KSHARE_OP_WAIT_ALL:
		return KSHARE_TYPE_QUEUE;
	case KSHARE_OP_EXPORT_FD:
		return KSHARE_TYPE_EVENT;
	case KSHARE_OP_DUP:
	case KSHARE_OP_REVOKE:
	case KSHARE_OP_TICKET_CREATE:
	case KSHARE_OP_WATCH:
	case KSHARE_OP_UNWATCH:
	case KSHARE_OP_WHO:
		return KSHARE_TYPE_LOCK;
	}
	return op->types ? __builtin_ctz(op->types) : 0;
}

/* What a command made that must not be there when it is tried again */
static void take_back(struct side *s, uint32_t op, int h, int ret)
{
	switch (op) {
	case KSHARE_OP_CLIENT_CLONE:
	case KSHARE_OP_EXPORT_FD:
		close(ret);
		break;
	case KSHARE_OP_WATCH:
		t_raw(s, t_cmd(KSHARE_OP_UNWATCH, h));
		break;
	case KSHARE_OP_TICKET_CREATE:
		revoke_ticket(s, s->out.head.number);
		break;
	case KSHARE_OP_TICKET_REVOKE:
		make_ticket(s, h, 1);
		break;
	case KSHARE_OP_REVOKE:
		t_close(s, giver);
		make_giver(s, h);
		break;
	case KSHARE_OP_CLOSE:
		victim = t_raw(s, t_cmd(KSHARE_OP_DUP, h));
		break;
	case KSHARE_OP_CLASS_ADOPT:
		t_unregister(s, h);
		break;
	case KSHARE_OP_CLASS_REGISTER:
		t_unregister(s, ret);
		t_close(s, ret);
		break;
	case KSHARE_OP_CLASS_OPEN:
	case KSHARE_OP_INSTANCE_CREATE:
	case KSHARE_OP_INSTANCE_OPEN:
	case KSHARE_OP_DUP:
	case KSHARE_OP_IMPORT_FD:
	case KSHARE_OP_TICKET_REDEEM:
	case KSHARE_OP_DOMAIN_OPEN:
		t_close(s, ret);
		break;
	}
}

/* What it takes besides the object */
static bool prepare(struct side *s, uint32_t op, int h, int ref)
{
	switch (op) {
	case KSHARE_OP_CLOSE:
		victim = t_raw(s, t_cmd(KSHARE_OP_DUP, ref));
		return victim > 0;
	case KSHARE_OP_REVOKE:
		return make_giver(s, h) > 0;
	case KSHARE_OP_TICKET_REVOKE:
		return !make_ticket(s, ref, 1);
	case KSHARE_OP_TICKET_REDEEM:
		return !make_ticket(s, ref, 1000);
	case KSHARE_OP_CLASS_ADOPT:
		return !t_unregister(s, h);
	}
	return true;
}

/* What this user has in use */
static void user_uses(struct side *s, int64_t *used)
{
	struct kshare_cmd cmd = t_cmd(KSHARE_OP_USER_LIMIT, 0);

	for (cmd.nr = 0; cmd.nr < LIMITS; cmd.nr++)
		used[cmd.nr] = t_run(s, cmd) ? -1 : s->out.values[0].i;
}

static bool user_uses_as_before(struct side *s, const int64_t *before)
{
	int64_t now[LIMITS], end = t_now() + T_LONG;

	/* A worker may have something for a moment. */
	do {
		user_uses(s, now);
		if (!memcmp(now, before, sizeof(now)))
			return true;
	} while (t_now() < end && !sched_yield());
	return false;
}

TEST_F(kshare, a_failed_allocation_changes_nothing)
{
	struct kshare_stat before, after, domain[2];
	int64_t user[LIMITS];
	struct side *s = &self->s;
	int ref, i, n, j, count, failed = 0;

	FAIL_BEGIN();
	count = t_query_ops(s, ops, OPS);
	ASSERT_LT(0, count);
	ref = t_create(s, KSHARE_TYPE_CELL);
	semaphore = t_create_elem(s, KSHARE_TYPE_SEMAPHORE, 0, 1000);
	watchers = t_create_elem(s, KSHARE_TYPE_QUEUE, 0, 10);
	kept = t_id(s, ref);
	export = t_raw(s, t_cmd(KSHARE_OP_EXPORT_FD, ref));
	ASSERT_LE(0, export);
	named = t_make(s, "fail_nth", 0, 0600);
	ASSERT_LT(0, named);
	ASSERT_TRUE(t_host_of(s, &host, A_CLASS, 0));
	for (i = 0; i < count; i++) {
		int type = type_for(&ops[i]);
		int h = type > KSHARE_TYPE_DOMAIN ? make(s, type, ref) : 1;

		/* This client is bound: BIND has nothing to do. */
		if (ops[i].op == KSHARE_OP_CLIENT_BIND)
			continue;
		ASSERT_TRUE(prepare(s, ops[i].op, h, ref)) {
			TH_LOG("%s", ops[i].name);
		}
		for (n = 1; n < MOST; n++) {
			struct kshare_cmd cmd;
			int ret;

			if (ops[i].op >= KSHARE_OP_SERVE && ops[i].op <= KSHARE_OP_REPLY_AND_SERVE)
				take_call(s);
			if (ops[i].op == KSHARE_OP_SERVE)
				t_reply(s, host.class, taken, t_none());
			cmd = likely(&ops[i], h, ref);
			ASSERT_EQ(0, t_stat(s, h, &before));
			ASSERT_EQ(0, t_stat(s, 1, &domain[0]));
			user_uses(s, user);
			/* Not the zeroing of the result, which faults no memory in. */
			ASSERT_TRUE(arm(n));
			ret = ops[i].fields & KSHARE_FIELD_OUT ? t_run(s, cmd) : t_raw(s, cmd);
			if (!arm(0)) {
				if (ret >= 0)
					take_back(s, ops[i].op, h, ret);
				break;
			}
			failed++;
			t_note(ops[i].op, ret);
			if (ret >= 0) {
				/* It could do without. */
				take_back(s, ops[i].op, h, ret);
				continue;
			}
			ASSERT_EQ(0, t_stat(s, h, &after));
			ASSERT_EQ(0, t_stat(s, 1, &domain[1]));
			/* Of this one the first half is done. */
			if (ops[i].op == KSHARE_OP_REPLY_AND_SERVE)
				continue;
			EXPECT_EQ(before.version, after.version) {
				TH_LOG("%s, allocation %d, result %d", ops[i].name, n, ret);
			}
			EXPECT_EQ(before.length, after.length) {
				TH_LOG("%s, allocation %d, result %d", ops[i].name, n, ret);
			}
			for (j = 0; j < KSHARE_LIMIT_COUNT; j++) {
				EXPECT_EQ(domain[0].used[j], domain[1].used[j]) {
					TH_LOG("%s, allocation %d, limit %d, result %d",
					       ops[i].name, n, j, ret);
				}
			}
			EXPECT_TRUE(user_uses_as_before(s, user)) {
				TH_LOG("%s, allocation %d, result %d", ops[i].name, n, ret);
			}
			if (ops[i].op == KSHARE_OP_DOMAIN_OPEN)
				EXPECT_EQ(-ENOENT, t_join(s, NEW_NAME, 0));
		}
		EXPECT_GT(MOST, n) {
			TH_LOG("%s", ops[i].name);
		}
		if (ops[i].op == KSHARE_OP_TICKET_REVOKE || ops[i].op == KSHARE_OP_TICKET_REDEEM)
			EXPECT_EQ(0, revoke_ticket(s, ticket_number));
	}
	/* Otherwise nothing was tried. */
	EXPECT_LT(50, failed);
	close(export);
	close(fail_fd);
}

TEST_F(kshare, a_client_is_opened_whole_or_not_at_all)
{
	struct side *s = &self->s, other;
	int64_t user[LIMITS];
	int n, failed = 0;

	FAIL_BEGIN();
	user_uses(s, user);
	for (n = 1; n < MOST; n++) {
		ASSERT_TRUE(arm(n));
		other.fd = open(KSHARE_DEVICE, O_RDWR | O_CLOEXEC);
		if (!arm(0))
			break;
		failed++;
		if (other.fd >= 0)
			close(other.fd);
		EXPECT_TRUE(user_uses_as_before(s, user));
	}
	EXPECT_GT(MOST, n);
	EXPECT_LT(5, failed);
	ASSERT_LE(0, other.fd);
	other.door = DOOR_CMD;
	EXPECT_EQ(0, t_raw(&other, t_cmd(KSHARE_OP_NOP, 0)));
	close(other.fd);
	close(fail_fd);
}

/*
 * To get a handle to something of another domain is to join that, and who cannot
 * have the handle does not stay in it.
 */
TEST_F(kshare, who_fails_to_get_a_handle_has_not_joined)
{
	static const uint32_t ways[] = {
		KSHARE_OP_DOMAIN_OPEN, KSHARE_OP_TICKET_REDEEM, KSHARE_OP_IMPORT_FD,
	};
	struct side *s = &self->s, other;
	int d, cell, i, n, ret = 0, failed = 0;
	struct kshare_stat before, after;
	int64_t user[LIMITS];

	FAIL_BEGIN();
	ASSERT_TRUE(t_open(&other));
	d = t_make(&other, "fail_nth/theirs", 0, 0600);
	cell = t_create_in(&other, d, KSHARE_TYPE_CELL);
	ASSERT_EQ(0, make_ticket(&other, cell, 1000));
	export = t_raw(&other, t_cmd(KSHARE_OP_EXPORT_FD, cell));
	ASSERT_LE(0, export);
	for (i = 0; i < ARRAY_SIZE(ways); i++) {
		for (n = 1; n < MOST; n++) {
			const struct kshare_op_info op = { .op = ways[i] };
			struct kshare_cmd cmd = likely(&op, 0, 0);

			if (ways[i] == KSHARE_OP_DOMAIN_OPEN)
				cmd = t_open_cmd("fail_nth/theirs", 0, 0);
			ASSERT_EQ(0, t_stat(&other, d, &before));
			user_uses(s, user);
			ASSERT_TRUE(arm(n));
			ret = t_raw(s, cmd);
			if (!arm(0))
				break;
			failed++;
			if (ret > 0)
				EXPECT_EQ(0, t_close(s, ret));
			EXPECT_TRUE(user_uses_as_before(s, user));
			ASSERT_EQ(0, t_stat(&other, d, &after));
			EXPECT_EQ(before.clients, after.clients);
			EXPECT_EQ(before.handles, after.handles);
		}
		EXPECT_GT(MOST, n);
		ASSERT_LT(0, ret);
		ASSERT_EQ(0, t_stat(&other, d, &after));
		EXPECT_EQ(2, after.clients);
		EXPECT_EQ(0, t_close(s, ret));
	}
	EXPECT_LT(6, failed);
	close(export);
	close(other.fd);
	close(fail_fd);
	/* And it has gone with who was in it. */
	EXPECT_EQ(-ENOENT, t_join(s, "fail_nth/theirs", 0));
}

/* A thread that answers, which no allocation fails for */
static void *answer_all(void *arg)
{
	static struct side other;

	other.fd = ((struct side *)arg)->fd;
	return (void *)(long)t_serve_all(&other, host.class);
}

/* From both sides: who calls, and who serves and answers. */
TEST_F(kshare, a_call_is_whole_or_not_made)
{
	struct side *s = &self->s;
	int i, n, side, ret = 0, failed = 0, cell = t_create(s, KSHARE_TYPE_CELL);
	struct kshare_value args[3];
	struct kshare_stat before, after;
	struct kshare_cmd cmd;
	struct t_served w;
	pthread_t thread;

	FAIL_BEGIN();
	t_share_counts();
	memset(text, 't', sizeof(text));
	ASSERT_TRUE(t_be_host(s, &host, 0));
	args[0] = t_bytes(text, 150);
	args[1] = t_ref(cell);
	args[2] = t_bytes(text, 151);
	ASSERT_EQ(0, pthread_create(&thread, NULL, answer_all, s));
	for (n = 1; n < MOST; n++) {
		t_until_waiters(s, host.class, 1);
		ASSERT_EQ(0, t_stat(s, 1, &before));
		cmd = t_call_cmd(host.it, T_ECHO, t_vector(args, 3));
		cmd.tag = n;
		ASSERT_TRUE(arm(n));
		ret = t_run(s, cmd);
		if (!arm(0))
			break;
		failed++;
		/* What was answered and could not be told is there to be asked for. */
		if (ret < 0 && !t_answer_to(s, n))
			EXPECT_EQ(150, s->out.values[0].len);
		t_until_waiters(s, host.class, 1);
		ASSERT_EQ(0, t_stat(s, 1, &after));
		for (i = 0; i < KSHARE_LIMIT_COUNT; i++)
			EXPECT_EQ(before.used[i], after.used[i]) {
				TH_LOG("allocation %d, limit %d, result %d", n, i, ret);
			}
	}
	EXPECT_GT(MOST, n);
	EXPECT_EQ(0, ret);
	EXPECT_EQ(0, t_unregister(s, host.class));
	pthread_join(thread, NULL);

	ASSERT_TRUE(t_be_host(s, &host, 0));
	for (side = 0; side < 2; side++) {
		struct t_thread *t = calloc(1, sizeof(*t));

		t_begin(s, t, t_call_cmd(host.it, T_ECHO, t_vector(args, 3)), true);
		t_until_waiters(s, host.class, 1);
		if (side)
			ASSERT_EQ(KSHARE_SERVE_CALL, t_serve_now(s, host.class, &w));
		for (n = 1; n < MOST; n++) {
			ASSERT_TRUE(arm(n));
			ret = side ? t_reply(s, host.class, w.call, t_bytes(text, 160)) :
				     t_serve_now(s, host.class, &w);
			if (!arm(0) || ret >= 0)
				break;
			failed++;
		}
		EXPECT_GT(MOST, n);
		ASSERT_EQ(side ? 0 : KSHARE_SERVE_CALL, ret);
		EXPECT_EQ(3, w.args);
		if (!side)
			EXPECT_EQ(0, t_reply(s, host.class, w.call, t_bytes(text, 160)));
		EXPECT_EQ(0, t_end(t));
		EXPECT_EQ(160, t->out.values[0].len);
		free(t);
	}
	EXPECT_LT(10, failed);
	close(fail_fd);
}

/* The name keeps the namespace by a file, which is in the table of descriptors for a moment. */
TEST_F(kshare, a_name_in_another_namespace_is_made_whole_or_not_at_all)
{
	struct kshare_cmd cmd = t_open_cmd(NEW_NAME, KSHARE_MAKE | KSHARE_EXCLUSIVE, 0);
	struct side *s = &self->s;
	int n, ret = 0, fd, free_fd, failed = 0;
	int64_t user[LIMITS];

	FAIL_BEGIN();
	ASSERT_EQ(0, unshare(CLONE_NEWIPC));
	free_fd = dup(0);
	close(free_fd);
	for (n = 1; n < MOST; n++) {
		user_uses(s, user);
		ASSERT_TRUE(arm(n));
		ret = t_raw(s, cmd);
		if (!arm(0))
			break;
		failed++;
		if (ret > 0)
			EXPECT_EQ(0, t_close(s, ret));
		EXPECT_EQ(-ENOENT, t_join(s, NEW_NAME, 0));
		EXPECT_TRUE(user_uses_as_before(s, user));
		fd = dup(0);
		EXPECT_EQ(free_fd, fd);
		close(fd);
	}
	EXPECT_GT(MOST, n);
	EXPECT_LT(0, ret);
	EXPECT_LT(10, failed);
	close(fail_fd);
}

TEST_HARNESS_MAIN
