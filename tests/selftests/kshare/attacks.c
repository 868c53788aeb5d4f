// SPDX-License-Identifier: GPL-2.0
/*
 * What a process might try that has not been given what it wants: to guess it, to
 * make more of what it has, to be quick, or to use what was another's.
 */
#include "passing_test.h"

#include <limits.h>

#define ALL_RIGHTS	((int)KSHARE_RIGHT_ALL)
#define MOST_OPS	512

TEST_F(kshare, a_number_that_was_guessed_is_none)
{
	static struct kshare_op_info ops[MOST_OPS];
	static const uint32_t odd[] = {
		INT_MAX, 1u << 31, UINT32_MAX, 1u << 24, 4096, 255, 256, 63, 64, 65, 0x10001,
	};
	struct side *s = &self->s, *other = t_open();
	int count = t_query_ops(other, ops, MOST_OPS), i, k, good = 0;
	struct kshare_stat stat;

	/* What there is for others is not there for him. */
	for (i = 0; i < 50; i++)
		t_number_cell(s, i);
	for (i = 2; i < 5000; i++)
		good += t_stat(other, i, &stat) != -EBADF;
	EXPECT_EQ(0, good);
	ASSERT_LT(50, count);
	for (i = 0; i < count && i < MOST_OPS; i++) {
		if (!(ops[i].fields & KSHARE_FIELD_HANDLE))
			continue;
		for (k = 0; k < (int)(sizeof(odd) / sizeof(odd[0])); k++) {
			struct kshare_cmd cmd = t_cmd(ops[i].op, odd[k]);
			int ret = t_raw(other, cmd);

			/* Some want to see first what else they were given. */
			EXPECT_TRUE(ret == -EBADF || ret == -EINVAL) {
				TH_LOG("%s: %d", ops[i].name, ret);
			}
		}
	}
	t_leave(other);
}

TEST_F(kshare, numbers_in_values_are_checked_like_others)
{
	struct side *s = &self->s, *other = t_open();
	int mine = t_number_cell(s, 7), list, i;
	struct kshare_value v;
	uint32_t words[3];

	for (i = 0; i < 20; i++)
		mine = t_number_cell(s, 7);
	list = t_create(other, KSHARE_TYPE_LIST);
	EXPECT_EQ(-EBADF, t_append(other, list, t_ref(mine)));
	EXPECT_EQ(-EBADF, t_append(other, list, t_ref(0)));
	EXPECT_EQ(-EBADF, t_append(other, list, t_ref(UINT32_MAX)));
	EXPECT_EQ(-EBADF, t_append(other, list, t_encoded(words, (int[]){ list, mine }, 2)));
	/* Nor do they carry more rights than there are. */
	v = t_ref(list);
	v.ref.rights = KSHARE_RIGHT_ALL + 1;
	EXPECT_GT(0, t_append(other, list, v));
	v.ref.rights = UINT32_MAX;
	EXPECT_GT(0, t_append(other, list, v));
	EXPECT_EQ(0, t_run(other, t_cmd(KSHARE_OP_LIST_LEN, list)));
	EXPECT_EQ(0, other->out.head.number);
	t_leave(other);
}

/* The ways that lead from a handle to another one; what comes of it, or -errno. */
enum { BY_DUP, BY_GATE, BY_FD, BY_FD_LATE, BY_TICKET, BY_TICKET_LATE, BY_STORE, BY_TRANSFER, WAYS };

static int pass_on(struct side *s, int way, int h, uint32_t rights, int list)
{
	char text[KSHARE_TICKET_LEN + 1];
	struct kshare_cmd cmd;
	struct kshare_value v;
	int64_t number;
	int fd, ret;

	switch (way) {
	case BY_DUP:
		return t_dup(s, h, rights);
	case BY_GATE:
		cmd = t_with_nr(KSHARE_OP_DUP, h, rights);
		cmd.flags = KSHARE_REVOCABLE;
		return t_raw(s, cmd);
	case BY_FD:
	case BY_FD_LATE:
		fd = t_export(s, h, way == BY_FD ? rights : 0);
		if (fd < 0)
			return fd;
		ret = t_import(s, fd, way == BY_FD ? 0 : rights);
		close(fd);
		return ret;
	case BY_TICKET:
	case BY_TICKET_LATE:
		cmd = t_with_nr(KSHARE_OP_TICKET_CREATE, h, way == BY_TICKET ? rights : 0);
		number = t_ticket_for(s, cmd, text);
		if (number < 0)
			return number;
		ret = t_redeem(s, text, way == BY_TICKET ? 0 : rights);
		t_raw(s, t_with_key(KSHARE_OP_TICKET_REVOKE, 0, t_int(number)));
		return ret;
	}
	/* Into a list, out of which it comes as it was */
	v = t_ref(h);
	v.ref.rights = rights;
	cmd = t_with_key(KSHARE_OP_LIST_SET, list, t_int(0));
	cmd.value = v;
	ret = t_raw(s, cmd);
	if (ret < 0)
		return ret;
	if (way == BY_STORE)
		return t_take(s, list, 0);
	ret = t_run(s, t_with_key(KSHARE_OP_LIST_POP, list, t_int(0)));
	if (ret >= 0)
		ret = s->out.values[0].ref.handle;
	t_append(s, list, t_none());
	return ret;
}

/* From each set of rights to each other, by each way */
TEST_F(kshare, no_way_gives_a_right_that_was_not_there)
{
	struct side *s = &self->s;
	int e = t_create(s, KSHARE_TYPE_EVENT), list = t_create(s, KSHARE_TYPE_LIST);
	int has, wants, way, h, got, wrong = 0;

	ASSERT_EQ(0, t_append(s, list, t_none()));
	for (has = 1; has <= ALL_RIGHTS; has++) {
		h = t_dup(s, e, has);
		ASSERT_EQ(has, t_rights(s, h));
		for (wants = 0; wants <= ALL_RIGHTS + 1; wants += 1 + (has % 4)) {
			for (way = 0; way < WAYS; way++) {
				bool may = !(wants & ~has) &&
					   (way == BY_DUP || has & KSHARE_RIGHT_TRANSFER);
				int to = pass_on(s, way, h, wants, list);

				got = to < 0 ? to : t_rights(s, to);
				if (to > 0)
					t_close(s, to);
				if (may ? got == (wants ?: has) :
				    got == -EACCES || (wants > ALL_RIGHTS && got < 0))
					continue;
				if (!wrong++)
					TH_LOG("way %d from %#x to %#x: %d", way, has, wants, got);
			}
		}
		EXPECT_EQ(0, t_close(s, h));
	}
	EXPECT_EQ(0, wrong);
}

TEST_F(kshare, no_detour_gives_a_right_that_was_not_there)
{
	struct side *s = &self->s;
	int e = t_create(s, KSHARE_TYPE_EVENT), list = t_create(s, KSHARE_TYPE_LIST);
	int rounds = t_rounds(300), i, step, h, to;
	unsigned int seed = 1;
	uint32_t has, now;

	ASSERT_EQ(0, t_append(s, list, t_none()));
	for (i = 0; i < rounds; i++) {
		h = t_dup(s, e, 0);
		has = KSHARE_RIGHT_ALL;
		for (step = 0; step < 8; step++) {
			to = pass_on(s, rand_r(&seed) % WAYS, h,
				     rand_r(&seed) % 2 ? has & rand_r(&seed) : rand_r(&seed) % 65,
				     list);
			if (to <= 0)
				continue;
			now = t_rights(s, to);
			ASSERT_EQ(0, now & ~has);
			has = now;
			ASSERT_EQ(0, t_close(s, h));
			h = to;
		}
		ASSERT_EQ(0, t_close(s, h));
	}
}

TEST_F(kshare, a_domain_gives_its_root_with_its_own_rights)
{
	struct side *s = &self->s, *other = t_open();
	int has, d, root, h;

	for (has = 1; has <= ALL_RIGHTS; has++) {
		d = t_dup(s, 1, has);
		root = t_raw(s, t_cmd(KSHARE_OP_DOMAIN_ROOT, d));
		EXPECT_EQ(has & KSHARE_RIGHT_READ ? has : -EACCES,
			  root < 0 ? root : t_rights(s, root));
		if (root > 0)
			t_close(s, root);
		h = t_raw(s, (struct kshare_cmd){
			.size = sizeof(struct kshare_cmd), .op = KSHARE_OP_CREATE, .handle = d,
			.nr = KSHARE_TYPE_CELL,
		});
		EXPECT_EQ(has & KSHARE_RIGHT_WRITE ? ALL_RIGHTS : -EACCES,
			  h < 0 ? h : t_rights(s, h));
		if (h > 0)
			t_close(s, h);
		/* To look into it, and to set its limits */
		EXPECT_EQ(has & KSHARE_RIGHT_MANAGE ? 0 : -EACCES,
			  t_run(s, t_cmd(KSHARE_OP_DOMAIN_LIMIT, d)));
		h = t_run(s, t_cmd(KSHARE_OP_DOMAIN_OBJECTS, d));
		EXPECT_EQ(has & KSHARE_RIGHT_MANAGE, h >= 0 ? KSHARE_RIGHT_MANAGE : 0);
		t_close(s, d);
	}
	t_leave(other);
}

TEST_F(kshare, a_client_that_was_inherited_is_of_no_use)
{
	static struct kshare_op_info ops[MOST_OPS];
	struct side *s = &self->s;
	int c = t_number_cell(s, 7), g = t_revocable(s, c), fd = t_export(s, c, 0), count, i;
	int a = t_create_elem(s, KSHARE_TYPE_ARRAY, KSHARE_ELEM_U64, 4);
	struct kshare_cmd cmd = t_cmd(KSHARE_OP_CLIENT_CLONE, 0);
	int clone = ioctl(s->fd, KSHARE_IOC_CMD, &cmd), again;
	pid_t pid;

	ASSERT_LE(0, clone);
	count = t_query_ops(s, ops, MOST_OPS);
	pid = fork();
	if (!pid) {
		struct side unbound = { .fd = clone };

		for (i = 0; i < count && i < MOST_OPS; i++) {
			bool bind = ops[i].op == KSHARE_OP_CLIENT_BIND;

			cmd = t_cmd(ops[i].op, bind ? 0 : c);
			/* What is nobody's yet is of no use either, but to be bound. */
			if (t_raw(s, cmd) != -EPERM ||
			    (!bind && t_raw(&unbound, cmd) != -EPERM)) {
				fprintf(stderr, "# %s is carried out\n", ops[i].name);
				_exit(1);
			}
		}
		if (t_revoke(s, g) != -EPERM || t_import(s, fd, 0) != -EPERM)
			_exit(3);
		if (mmap(NULL, 4096, PROT_READ, MAP_SHARED, s->fd,
			 KSHARE_MMAP_OFFSET(a, 4096)) != MAP_FAILED || errno != EPERM)
			_exit(4);
		if (mmap(NULL, 4096, PROT_READ, MAP_SHARED, clone,
			 KSHARE_MMAP_OFFSET(a, 4096)) != MAP_FAILED || errno != EPERM)
			_exit(5);
		s->door = DOOR_BATCH;
		if (t_raw(s, t_cmd(KSHARE_OP_CELL_GET, c)) != -EPERM)
			_exit(6);
		s->door = DOOR_ATOMIC;
		if (t_raw(s, t_cmd(KSHARE_OP_CELL_GET, c)) != -EPERM)
			_exit(7);
		_exit(0);
	}
	EXPECT_EQ(0, t_wait(pid));
	/* One of many binds it, and he alone, and not twice. */
	t_share_counts();
	for (i = 0; i < 4; i++) {
		pid_t one = fork();

		if (!one) {
			struct side bound = { .fd = clone };
			int ret = t_raw(&bound, t_cmd(KSHARE_OP_CLIENT_BIND, 0));

			again = t_raw(&bound, t_cmd(KSHARE_OP_CLIENT_BIND, 0));
			if (again != -EPERM)
				_exit(1);
			if (!ret)
				t_count(0);
			else if (ret == -EPERM)
				t_count(1);
			/* He who did is not over before the others have tried. */
			while (t_counted(0) + t_counted(1) < 4)
				sched_yield();
			_exit(t_number_of(&bound, c) == (ret ? -EPERM : 7) ? 0 : 2);
		}
	}
	for (i = 0; i < 4; i++)
		EXPECT_EQ(0, t_wait(-1));
	EXPECT_EQ(1, t_counted(0));
	EXPECT_EQ(3, t_counted(1));
	/* Its process has gone, so nobody has it again. */
	EXPECT_EQ(-EPERM, t_raw(&(struct side){ .fd = clone }, t_cmd(KSHARE_OP_CLIENT_BIND, 0)));
	close(clone);
	close(fd);
	EXPECT_EQ(7, t_number_of(s, c));
}

/*
 * One thread closes a handle, or a descriptor, while another one makes something of
 * it: that is there as a whole or not at all, and the fixture finds what is left.
 */
enum { AGAINST_EXPORT, AGAINST_IMPORT, AGAINST_DUP, AGAINST_GATE, AGAINST_TICKET, AGAINST_STORE,
	AGAINST_REVOKE, AGAINST_KINDS };

static struct kshare_cmd against(int kind, int h, int fd, int list, struct reply *out)
{
	struct kshare_cmd cmd = t_cmd(KSHARE_OP_EXPORT_FD, h);

	switch (kind) {
	case AGAINST_IMPORT:
		return t_with_key(KSHARE_OP_IMPORT_FD, 0, t_int(fd));
	case AGAINST_GATE:
		cmd.flags = KSHARE_REVOCABLE;
		cmd.op = KSHARE_OP_DUP;
		break;
	case AGAINST_DUP:
		cmd.op = KSHARE_OP_DUP;
		break;
	case AGAINST_TICKET:
		cmd.op = KSHARE_OP_TICKET_CREATE;
		cmd.out = (uintptr_t)out;
		cmd.out_len = sizeof(*out);
		break;
	case AGAINST_STORE:
		cmd = t_cmd(KSHARE_OP_LIST_APPEND, list);
		cmd.value = t_ref(h);
		break;
	case AGAINST_REVOKE:
		cmd.op = KSHARE_OP_REVOKE;
		break;
	}
	return cmd;
}

TEST_F(kshare, what_is_made_of_a_handle_while_it_is_closed_is_whole_or_not_there)
{
	struct side *s = &self->s;
	int rounds = t_rounds(150), kind, i, made[AGAINST_KINDS] = {};
	struct reply *out = calloc(1, sizeof(*out));
	struct t_thread t;

	for (kind = 0; kind < AGAINST_KINDS; kind++) {
		for (i = 0; i < rounds; i++) {
			int list = t_create(s, KSHARE_TYPE_LIST), c = t_number_cell(s, 7);
			int h, fd, ret;
			char text[KSHARE_TICKET_LEN + 1] = "";

			h = t_revocable(s, c);
			t_close(s, c);
			fd = t_export(s, h, 0);
			t_begin(s, &t, against(kind, h, fd, list, out), false);
			if (kind == AGAINST_IMPORT) {
				close(fd);
				ret = t_end(&t);
				EXPECT_TRUE(ret > 0 || ret == -EBADF);
			} else {
				t_close(s, h);
				ret = t_end(&t);
				EXPECT_TRUE(ret >= 0 || ret == -EBADF) {
					TH_LOG("kind %d: %d", kind, ret);
				}
				close(fd);
			}
			made[kind] += ret >= 0;
			if (ret >= 0 && kind == AGAINST_EXPORT) {
				c = t_import(s, ret, 0);
				EXPECT_EQ(7, t_number_of(s, c));
				close(ret);
				t_close(s, c);
			} else if (ret >= 0 && kind == AGAINST_TICKET) {
				memcpy(text, (void *)(uintptr_t)out->values[0].ptr,
				       KSHARE_TICKET_LEN);
				c = t_redeem(s, text, 0);
				EXPECT_EQ(7, t_number_of(s, c));
				t_close(s, c);
			} else if (ret >= 0 && kind == AGAINST_STORE) {
				c = t_take(s, list, 0);
				EXPECT_EQ(7, t_number_of(s, c));
				t_close(s, c);
			} else if (ret > 0) {
				EXPECT_EQ(7, t_number_of(s, ret));
				t_close(s, ret);
			}
			t_close(s, h);
			EXPECT_EQ(0, t_close(s, list));
		}
	}
	T_OUTCOMES("made: %d %d %d %d %d %d %d of %d", made[0], made[1], made[2], made[3],
		   made[4], made[5], made[6], rounds);
	free(out);
}

/* The same while it is revoked: it is there and cut off, or refused. */
TEST_F(kshare, what_is_made_of_a_handle_while_it_is_revoked_is_cut_off_too)
{
	struct side *s = &self->s, *other = t_open();
	int rounds = t_rounds(150), kind, i;
	struct reply *out = calloc(1, sizeof(*out));
	struct t_thread t;

	for (kind = 0; kind < AGAINST_REVOKE; kind++) {
		for (i = 0; i < rounds; i++) {
			int c = t_number_cell(s, 7), mine = t_create(s, KSHARE_TYPE_LIST);
			int list = t_give(s, mine, other);
			int g = t_revocable(s, c), h = t_give(s, g, other), fd, ret;
			char text[KSHARE_TICKET_LEN + 1] = "";

			fd = t_export(s, g, 0);
			t_begin(other, &t, against(kind, h, fd, list, out), false);
			EXPECT_EQ(0, t_revoke(s, g));
			ret = t_end(&t);
			EXPECT_TRUE(ret >= 0 || ret == -ESTALE) {
				TH_LOG("kind %d: %d", kind, ret);
			}
			if (ret >= 0 && kind == AGAINST_EXPORT) {
				EXPECT_EQ(-ESTALE, t_import(other, ret, 0));
				close(ret);
			} else if (ret >= 0 && kind == AGAINST_TICKET) {
				memcpy(text, (void *)(uintptr_t)out->values[0].ptr,
				       KSHARE_TICKET_LEN);
				EXPECT_EQ(-ESTALE, t_redeem(s, text, 0));
				t_raw(other, t_with_key(KSHARE_OP_TICKET_REVOKE, 0,
							t_uint(out->head.number)));
			} else if (ret >= 0 && kind == AGAINST_STORE) {
				int taken = t_take(other, list, 0);

				EXPECT_EQ(-ESTALE, t_number_of(other, taken));
				t_close(other, taken);
			} else if (ret > 0) {
				EXPECT_EQ(-ESTALE, t_number_of(other, ret));
				EXPECT_EQ(0, t_close(other, ret));
			}
			EXPECT_EQ(7, t_number_of(s, c));
			t_close(other, h);
			t_close(other, list);
			t_close(s, mine);
			t_close(s, g);
			t_close(s, c);
			close(fd);
		}
	}
	free(out);
	t_leave(other);
}

/* The number of a handle that a command is just about to give is guessed, and closed. */
TEST_F(kshare, what_is_not_given_yet_cannot_be_closed)
{
	struct side *s = &self->s;
	int rounds = t_rounds(1000), i, h, next;
	struct t_thread t;

	for (i = 0; i < rounds; i++) {
		int c = t_number_cell(s, 7), fd = t_export(s, c, 0);

		/* The next one to be given */
		next = t_dup(s, c, 0);
		t_close(s, next);
		t_begin(s, &t, t_cmd(KSHARE_OP_CLOSE, next), false);
		h = t_import(s, fd, 0);
		/* It was closed afterwards, if it has that number, or was not there. */
		EXPECT_EQ(t_end(&t) ? 7 : -EBADF, t_number_of(s, h));
		close(fd);
		t_close(s, h);
		t_close(s, c);
	}
}

TEST_F(kshare, others_limits_are_not_for_everybody)
{
	struct side *s = &self->s;
	pid_t pid;

	if (geteuid())
		SKIP(return, "needs root");
	pid = fork();
	if (!pid) {
		struct side *other = t_open_as(T_USER);
		struct kshare_cmd cmd = t_with_nr(KSHARE_OP_USER_LIMIT, 0, KSHARE_LIMIT_OBJECTS);

		if (t_run(other, cmd))
			_exit(1);
		cmd.value = t_int(1);
		if (t_run(other, cmd) != -EPERM)
			_exit(2);
		cmd.value = t_none();
		cmd.key = t_int(0);
		if (t_run(other, cmd) != -EPERM)
			_exit(3);
		cmd.key = t_int(T_USER);
		if (t_run(other, cmd) != -EPERM)
			_exit(4);
		cmd.value = t_int(1 << 30);
		if (t_run(other, cmd) != -EPERM)
			_exit(5);
		/* And what belongs to another process does not, whoever it is. */
		if (t_raw(s, t_cmd(KSHARE_OP_STAT, 1)) != -EPERM)
			_exit(6);
		_exit(0);
	}
	EXPECT_EQ(0, t_wait(pid));
}

TEST_HARNESS_MAIN
