// SPDX-License-Identifier: GPL-2.0
/* Every operation through io_uring: as through the other doors, and what is wrong. */
#define T_ALL_RINGS
#include "uring_test.h"

/* An object of each type. */
static int make(struct side *s, uint32_t type)
{
	struct kshare_cmd dup = t_cmd(KSHARE_OP_DUP, 1);

	t_second = 0;
	switch (type) {
	case KSHARE_TYPE_DOMAIN:
		return t_raw(s, dup);
	case KSHARE_TYPE_CONDITION:
		return t_make_condition(s);
	case KSHARE_TYPE_ARRAY:
		return t_create_elem(s, type, KSHARE_ELEM_U64, 16);
	case KSHARE_TYPE_BARRIER:
	case KSHARE_TYPE_SEMAPHORE:
		return t_create_elem(s, type, 0, 1);
	}
	return t_create(s, type);
}

static struct kshare_cmd plain(const struct kshare_op_info *op, int h, bool args)
{
	struct kshare_cmd cmd = t_cmd(op->op, h);

	if (args && op->fields & KSHARE_FIELD_KEY)
		cmd.key = t_uint(7);
	if (args && op->fields & KSHARE_FIELD_VALUE)
		cmd.value = t_int(3);
	cmd.flags = op->cmd_flags & KSHARE_NOWAIT;
	return cmd;
}

/* Both doors give the same; a new handle or descriptor is closed again. */
static bool same(struct side *s, const struct kshare_op_info *op, int a, int b)
{
	if (a < 0 || b < 0)
		return a == b;
	switch (op->op) {
	case KSHARE_OP_CLIENT_CLONE:
	case KSHARE_OP_EXPORT_FD:
		return a > 2 && b > 2 && !close(a) && !close(b);
	case KSHARE_OP_CREATE:
	case KSHARE_OP_DUP:
	case KSHARE_OP_DOMAIN_ROOT:
		return a > 1 && b > 1 && !t_close(s, a) && !t_close(s, b);
	}
	return a == b;
}

#define expect_same(s, op, a, b)					\
	do {									\
		bool __same = same(s, op, a, b);				\
										\
		EXPECT_TRUE(__same);						\
		if (!__same)							\
			TH_LOG("%s: %d, on the ring %d", (op)->name, a, b);	\
	} while (0)

TEST_F(uring, every_operation_does_what_it_does_by_ioctl)
{
	static struct kshare_op_info ops[256];
	struct side *s = &self->s;
	struct ring *r = &self->r;
	int i, args, n = t_query_ops(s, ops, 256), tried = 0;
	uint32_t type;

	ASSERT_LT(0, n);
	for (i = 0; i < n; i++) {
		const struct kshare_op_info *op = &ops[i];
		int a = t_raw(s, plain(op, 0, false));
		int b = t_ring_run(r, plain(op, 0, false));

		expect_same(s, op, a, b);
		for (type = 1; type < 32; type++) {
			if (op->types && !(op->types & 1u << type))
				continue;
			for (args = 0; args < 2; args++) {
				int of_ioctl = make(s, type), first = t_second;
				int of_ring = make(s, type), second = t_second;

				if (of_ioctl < 0 || of_ring < 0)
					break;
				/* Without a key the owner is the thread, but not on a ring. */
				a = t_raw(s, plain(op, of_ioctl, args));
				b = t_ring_run(r, plain(op, of_ring, args));
				if (!args && op->op >= KSHARE_OP_LOCK_ACQUIRE &&
				    op->op <= KSHARE_OP_CONDITION_NOTIFY &&
				    op->fields & KSHARE_FIELD_KEY)
					a = -EINVAL;
				expect_same(s, op, a, b);
				tried++;
				t_close(s, of_ioctl);
				t_close(s, of_ring);
				if (first)
					t_close(s, first);
				if (second)
					t_close(s, second);
			}
			if (!op->types)
				break;
		}
	}
	EXPECT_LE(n, tried);
	t_second = 0;
}

TEST_F(uring, results_come_as_they_do_by_ioctl)
{
	struct side *s = &self->s;
	struct ring *r = &self->r;
	int d = t_create(s, KSHARE_TYPE_DICT);
	struct kshare_cmd cmd = t_cmd(KSHARE_OP_DICT_SET, d);
	static struct reply reply;

	cmd.key = t_str("a key that is not short");
	cmd.value = t_str("and a value that is not short either");
	EXPECT_EQ(1, t_ring_run(r, cmd));
	cmd = t_cmd(KSHARE_OP_DICT_GET, d);
	cmd.key = t_str("a key that is not short");
	cmd.out = (uintptr_t)&reply;
	cmd.out_len = sizeof(reply);
	EXPECT_EQ(0, t_ring_run(r, cmd));
	EXPECT_TRUE(t_is_str(&reply.values[0], "and a value that is not short either"));
	cmd.out_len = sizeof(reply.head);
	EXPECT_EQ(-ENOBUFS, t_ring_run(r, cmd));
	EXPECT_LT(sizeof(reply.head), reply.head.number);
}

TEST_F(uring, what_would_wait_and_may_not_is_answered_once)
{
	struct side *s = &self->s;
	struct ring *r = &self->r;
	const struct t_case *c;

	t_for_each_case(c) {
		int h = c->make(s);
		struct kshare_cmd cmd;

		c->block(s, h);
		c->before(s, h);
		cmd = c->cmd(h);
		cmd.flags |= KSHARE_NOWAIT;
		T_EXPECT(c, c->cmd == t_condition_wait || c->cmd == t_wait_for_answer ?
			 -EOPNOTSUPP : -EAGAIN, t_ring_run(r, cmd));
		EXPECT_TRUE(t_none_reaped(r));
		t_unmake(s, h);
	}
}

TEST_F(uring, registered_descriptors)
{
	struct side *s = &self->s;
	struct ring *r = &self->r;
	int fds[2] = { -1, s->fd }, e = t_make_event(s);
	struct io_uring_sqe *sqe;

	ASSERT_EQ(0, io_uring_register_files(&r->u, fds, 2));
	sqe = t_sqe(r, t_cmd(KSHARE_OP_EVENT_IS_SET, e), 1);
	sqe->fd = 1;
	sqe->flags = IOSQE_FIXED_FILE;
	EXPECT_LE(1, t_submit(r));
	EXPECT_EQ(0, t_reap(r).res);
	sqe = t_sqe(r, t_event_wait(e), 2);
	sqe->fd = 1;
	sqe->flags = IOSQE_FIXED_FILE;
	EXPECT_LE(1, t_submit(r));
	t_until_waiters(s, e, 1);
	t_event_set(s, e);
	EXPECT_EQ(0, t_reap(r).res);
	EXPECT_EQ(0, io_uring_unregister_files(&r->u));
}

TEST_F(uring, asked_to_be_asynchronous_they_are_the_same)
{
	struct side *s = &self->s;
	struct ring *r = &self->r;
	int e = t_make_event(s), c = t_make_cell(s), l = t_make_lock(s);
	struct kshare_cmd cmds[] = {
		t_valued(KSHARE_OP_CELL_SET, c, t_int(4)),
		t_valued(KSHARE_OP_CELL_CHECK, c, t_none()),
		t_lock_acquire(l),
		t_owned(KSHARE_OP_LOCK_RELEASE, l, T_OWNER),
		t_cmd(KSHARE_OP_EVENT_IS_SET, e),
	};
	int i, want[] = { 0, -ESTALE, 1, 0, 0 };

	for (i = 0; i < 5; i++) {
		t_sqe(r, cmds[i], i)->flags = IOSQE_ASYNC;
		EXPECT_LE(1, t_submit(r));
		EXPECT_EQ(want[i], t_reap(r).res);
	}
	t_sqe(r, t_event_wait(e), 1)->flags = IOSQE_ASYNC;
	EXPECT_LE(1, t_submit(r));
	t_until_waiters(s, e, 1);
	t_event_set(s, e);
	EXPECT_EQ(0, t_reap(r).res);
	cmds[0] = t_event_wait(e);
	cmds[0].flags = KSHARE_NOWAIT;
	t_raw(s, t_cmd(KSHARE_OP_EVENT_CLEAR, e));
	t_sqe(r, cmds[0], 1)->flags = IOSQE_ASYNC;
	EXPECT_LE(1, t_submit(r));
	EXPECT_EQ(-EAGAIN, t_reap(r).res);
}

TEST_F(uring, no_such_command)
{
	struct ring *r = &self->r;
	struct io_uring_sqe *sqe;
	unsigned int op[] = { 0, 1, KSHARE_IOC_CMD, KSHARE_URING_CMD_PTR + 1, ~0u };
	int i;

	for (i = 0; i < 5; i++) {
		sqe = t_sqe(r, t_cmd(KSHARE_OP_NOP, 0), 1);
		sqe->cmd_op = op[i];
		EXPECT_LE(1, t_submit(r));
		EXPECT_EQ(-ENOTTY, t_reap(r).res);
	}
	EXPECT_EQ(-ENOTTY, t_ring_run(r, t_cmd(0, 0)));
	EXPECT_EQ(-ENOTTY, t_ring_run(r, t_cmd(9999, 0)));
}

TEST_F(uring, a_size_that_is_wrong)
{
	struct ring *r = &self->r;
	struct kshare_cmd cmd = t_cmd(KSHARE_OP_NOP, 0);

	cmd.size = 0;
	EXPECT_EQ(-EINVAL, t_ring_run(r, cmd));
	cmd.size = sizeof(cmd) - 1;
	EXPECT_EQ(-EINVAL, t_ring_run(r, cmd));
	cmd.size = -1;
	EXPECT_EQ(-E2BIG, t_ring_run(r, cmd));
	cmd.size = sizeof(cmd);
	cmd.nr = 1;
	EXPECT_EQ(-EINVAL, t_ring_run(r, cmd));
}

static int by_pointer(struct ring *r, uint64_t ptr, uint64_t more)
{
	struct io_uring_sqe *sqe = t_sqe(r, t_cmd(KSHARE_OP_NOP, 0), 1);

	sqe->cmd_op = KSHARE_URING_CMD_PTR;
	memcpy(sqe->cmd, &ptr, 8);
	memcpy(sqe->cmd + 8, &more, 8);
	t_submit(r);
	return t_reap(r).res;
}

TEST_F(uring, a_pointer_that_is_wrong)
{
	struct {
		struct kshare_cmd cmd;
		uint64_t more[2];
	} longer = { t_cmd(KSHARE_OP_NOP, 0) };
	struct ring *r = &self->r;
	char *page;

	/* What lies in the other half of a large entry is not looked at. */
	EXPECT_EQ(0, by_pointer(r, (uintptr_t)&longer, 0));
	EXPECT_EQ(-EINVAL, by_pointer(r, (uintptr_t)&longer, 1));
	EXPECT_EQ(-EINVAL, by_pointer(r, (uintptr_t)&longer, 1ull << 63));
	EXPECT_EQ(-EFAULT, by_pointer(r, 0, 0));
	EXPECT_EQ(-EFAULT, by_pointer(r, 8, 0));
	EXPECT_EQ(-EFAULT, by_pointer(r, -4096ull, 0));
	EXPECT_EQ(-EFAULT, by_pointer(r, 0xffff888000000000ull, 0));

	longer.cmd.size = sizeof(longer);
	EXPECT_EQ(0, by_pointer(r, (uintptr_t)&longer, 0));
	longer.more[1] = 1;
	EXPECT_EQ(-E2BIG, by_pointer(r, (uintptr_t)&longer, 0));

	page = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, page);
	munmap(page + 4096, 4096);
	longer.cmd.size = sizeof(longer.cmd);
	memcpy(page + 4096 - sizeof(longer.cmd), &longer.cmd, sizeof(longer.cmd));
	EXPECT_EQ(0, by_pointer(r, (uintptr_t)page + 4096 - sizeof(longer.cmd), 0));
	memcpy(page + 4096 - 8, &longer.cmd, 8);
	EXPECT_EQ(-EFAULT, by_pointer(r, (uintptr_t)page + 4096 - 8, 0));
	munmap(page, 4096);
}

TEST_F(uring, inline_needs_large_entries)
{
	struct ring *r = &self->r;
	struct io_uring_sqe *sqe;

	sqe = t_sqe(r, t_cmd(KSHARE_OP_NOP, 0), 1);
	sqe->cmd_op = KSHARE_URING_CMD;
	EXPECT_LE(1, t_submit(r));
	EXPECT_EQ(r->flags & IORING_SETUP_SQE128 ? 0 : -EINVAL, t_reap(r).res);
}

TEST_F(uring, locks_need_an_owner)
{
	struct side *s = &self->s;
	struct ring *r = &self->r;
	int c = t_make_condition(s), l = t_second, rw = t_make_rwlock(s);
	struct kshare_cmd sub = t_cmd(KSHARE_OP_LOCK_ACQUIRE, l);

	EXPECT_EQ(-EINVAL, t_ring_run(r, t_cmd(KSHARE_OP_LOCK_ACQUIRE, l)));
	EXPECT_EQ(-EINVAL, t_ring_run(r, t_cmd(KSHARE_OP_LOCK_RELEASE, l)));
	EXPECT_EQ(-EINVAL, t_ring_run(r, t_cmd(KSHARE_OP_RWLOCK_ACQUIRE, rw)));
	EXPECT_EQ(-EINVAL, t_ring_run(r, t_cmd(KSHARE_OP_RWLOCK_RELEASE, rw)));
	EXPECT_EQ(-EINVAL, t_ring_run(r, t_cmd(KSHARE_OP_RWLOCK_DOWNGRADE, rw)));
	EXPECT_EQ(-EINVAL, t_ring_run(r, t_cmd(KSHARE_OP_CONDITION_WAIT, c)));
	EXPECT_EQ(-EINVAL, t_ring_run(r, t_cmd(KSHARE_OP_CONDITION_NOTIFY, c)));
	EXPECT_EQ(-EINVAL, t_ring_run(r, t_valued(KSHARE_OP_WAIT_ANY, 0,
						  t_bytes(&sub, sizeof(sub)))));
	EXPECT_EQ(-EINVAL, t_ring_run(r, t_owned(KSHARE_OP_LOCK_ACQUIRE, l,
						 KSHARE_OWNER_THREAD | 1)));
	t_unmake(s, c);
}

TEST_F(uring, another_process_may_not_use_it)
{
	struct side *s = &self->s;
	struct ring *r = &self->r;
	int e = t_make_event(s);
	pid_t pid = fork();

	/* Not bound, and with a ring of its own; then with that of its parent. */
	if (!pid) {
		struct ring mine;

		if (t_ring(&mine, s->fd, 4, variant->flags))
			_exit(1);
		if (t_ring_run(&mine, t_cmd(KSHARE_OP_NOP, 0)) != -EPERM)
			_exit(2);
		if (t_ring_run(&mine, t_event_wait(e)) != -EPERM)
			_exit(3);
		/* Who polls is its parent's thread. */
		if (variant->flags & (IORING_SETUP_SQPOLL | IORING_SETUP_SINGLE_ISSUER))
			_exit(0);
		if (t_ring_run(r, t_cmd(KSHARE_OP_NOP, 0)) != -EPERM)
			_exit(4);
		if (t_ring_run(r, t_event_wait(e)) != -EPERM)
			_exit(5);
		_exit(0);
	}
	EXPECT_EQ(0, t_wait(pid));
	/* The child's entries are as good as the parent's own. */
	r->u.sq.sqe_tail = *r->u.sq.ktail;
	r->u.sq.sqe_head = r->u.sq.sqe_tail;
	EXPECT_EQ(0, t_ring_run(r, t_cmd(KSHARE_OP_NOP, 0)));
}

TEST_F(uring, small_values_come_in_large_completions)
{
	struct side *s = &self->s;
	struct ring *r = &self->r;
	int c = t_make_cell(s), l = t_make_lock(s), e = t_make_event(s), q = t_make_queue(s);
	struct kshare_value eight = { .type = KSHARE_BYTES, .inline_len = 8, .len = 8,
				      .bytes = "big_cqe!" };
	struct reply reply;
	struct done done;
	struct kshare_cmd cmd = t_cmd(KSHARE_OP_CELL_GET, c);

	if (!(r->flags & IORING_SETUP_CQE32))
		SKIP(return, "the ring has small completions");
	EXPECT_EQ(1, t_ring_begin(r, t_valued(KSHARE_OP_CELL_SET, c, t_int(-5)), 1));
	done = t_reap(r);
	EXPECT_EQ(0, done.res);
	EXPECT_EQ(1, done.big);
	EXPECT_EQ(1, t_ring_begin(r, cmd, 1));
	EXPECT_EQ(-5, (int64_t)t_reap(r).big);
	t_raw(s, t_valued(KSHARE_OP_CELL_SET, c, eight));
	EXPECT_EQ(1, t_ring_begin(r, cmd, 1));
	done = t_reap(r);
	EXPECT_EQ(0, memcmp(&done.big, "big_cqe!", 8));
	/* Not one that is long: then it is the number. */
	t_raw(s, t_valued(KSHARE_OP_CELL_SET, c, t_str("nine byte")));
	EXPECT_EQ(1, t_ring_begin(r, cmd, 1));
	EXPECT_EQ(3, t_reap(r).big);
	/* Nor where there is a place for it. */
	cmd.out = (uintptr_t)&reply;
	cmd.out_len = sizeof(reply);
	EXPECT_EQ(1, t_ring_begin(r, cmd, 1));
	EXPECT_EQ(0, t_reap(r).big);
	EXPECT_EQ(1, t_ring_begin(r, t_lock_acquire(l), 1));
	EXPECT_EQ(1, t_reap(r).big);
	EXPECT_EQ(1, t_ring_begin(r, t_cmd(KSHARE_OP_CELL_GET, e), 1));
	done = t_reap(r);
	EXPECT_EQ(-ENOTTY, done.res);
	EXPECT_EQ(0, done.big);

	/* And what was waited for. */
	EXPECT_EQ(1, t_ring_begin(r, t_get(q), 1));
	t_until_waiters(s, q, 1);
	t_queue_put(s, q);
	done = t_reap(r);
	EXPECT_EQ(1, done.res);
	EXPECT_EQ(5, done.big);
	EXPECT_EQ(1, t_ring_begin(r, t_owned(KSHARE_OP_LOCK_ACQUIRE, l, 8), 1));
	t_until_waiters(s, l, 1);
	EXPECT_EQ(0, t_raw(s, t_owned(KSHARE_OP_LOCK_RELEASE, l, T_OWNER)));
	EXPECT_EQ(2, t_reap(r).big);
}

/* Nothing of it is carried out in vain, and no order but that of the chain. */
TEST_F(uring, a_check_that_fails_breaks_the_chain)
{
	struct side *s = &self->s;
	struct ring *r = &self->r;
	int c = t_make_cell(s), l = t_create(s, KSHARE_TYPE_LIST), round, i;
	struct kshare_cmd check = t_cmd(KSHARE_OP_CELL_CHECK, c);
	int res[4], want[4] = { 1, 1, 2, 3 };

	check.expect = t_int(1);
	for (round = 0; round < 2; round++) {
		EXPECT_EQ(0, t_raw(s, t_valued(KSHARE_OP_CELL_SET, c, t_int(round))));
		t_sqe(r, t_valued(KSHARE_OP_LIST_APPEND, l, t_int(1)), 0)->flags = IOSQE_IO_LINK;
		t_sqe(r, check, 1)->flags = IOSQE_IO_LINK | T_LINKED;
		t_sqe(r, t_valued(KSHARE_OP_LIST_APPEND, l, t_int(2)), 2)->flags =
			IOSQE_IO_LINK | T_LINKED;
		t_sqe(r, t_valued(KSHARE_OP_LIST_APPEND, l, t_int(3)), 3)->flags = T_LINKED;
		EXPECT_LE(1, t_submit(r));
		for (i = 0; i < 4; i++) {
			struct done done = t_reap(r);

			ASSERT_GT(4, done.data);
			res[done.data] = done.res;
		}
		EXPECT_EQ(0, res[0]);
		EXPECT_EQ(round ? 0 : -ESTALE, res[1]);
		EXPECT_EQ(round ? 0 : -ECANCELED, res[2]);
		EXPECT_EQ(round ? 0 : -ECANCELED, res[3]);
	}
	ASSERT_EQ(4, t_run(s, t_cmd(KSHARE_OP_LIST_SLICE, l)));
	for (i = 0; i < 4; i++)
		EXPECT_EQ(want[i], s->out.values[i].i);
}

/* Acquire, change, release: as one chain, which waits where it has to. */
TEST_F(uring, a_chain_goes_on_when_what_it_waits_for_comes)
{
	struct side *s = &self->s;
	struct ring *r = &self->r;
	int l = t_make_lock(s), list = t_create(s, KSHARE_TYPE_LIST), i;

	t_lock_hold(s, l);
	t_sqe(r, t_lock_acquire(l), 0)->flags = IOSQE_IO_LINK;
	t_sqe(r, t_valued(KSHARE_OP_LIST_APPEND, list, t_int(1)), 1)->flags =
		IOSQE_IO_LINK | T_LINKED;
	t_sqe(r, t_owned(KSHARE_OP_LOCK_RELEASE, l, T_OWNER), 2)->flags = T_LINKED;
	EXPECT_LE(1, t_submit(r));
	t_until_waiters(s, l, 1);
	EXPECT_EQ(0, t_run(s, t_cmd(KSHARE_OP_LIST_LEN, list)));
	EXPECT_EQ(0, s->out.head.number);
	t_lock_drop(s, l);
	for (i = 0; i < 3; i++) {
		struct done done = t_reap(r);

		EXPECT_EQ(i, done.data);
		EXPECT_EQ(i == 0, done.res);
	}
	EXPECT_EQ(0, t_run(s, t_cmd(KSHARE_OP_LIST_LEN, list)));
	EXPECT_EQ(1, s->out.head.number);
	EXPECT_EQ(1, t_ring_run(r, t_lock_acquire(l)));
}

TEST_F(uring, a_wait_that_fails_breaks_the_chain)
{
	struct side *s = &self->s;
	struct ring *r = &self->r;
	int e = t_make_event(s), c = t_make_cell(s), i;
	struct kshare_cmd cmd = t_event_wait(e);
	struct kshare_stat stat;

	cmd.deadline = t_now() + 5000000;
	t_sqe(r, cmd, 0)->flags = IOSQE_IO_LINK;
	t_sqe(r, t_valued(KSHARE_OP_CELL_SET, c, t_int(1)), 1)->flags = T_LINKED;
	EXPECT_LE(1, t_submit(r));
	for (i = 0; i < 2; i++) {
		struct done done = t_reap(r);

		EXPECT_EQ(done.data ? -ECANCELED : -ETIMEDOUT, done.res);
	}
	ASSERT_EQ(0, t_stat(s, c, &stat));
	EXPECT_EQ(0, stat.version);
}

TEST_HARNESS_MAIN
