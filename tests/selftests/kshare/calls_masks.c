// SPDX-License-Identifier: GPL-2.0
/*
 * Which methods a handle may call: those that are exposed, and of these the ones that
 * it was made for by DUP with METHODS, and all that comes from it.
 */
#include "passing_test.h"
#include "class_test.h"

#define ALL	((1u << T_METHODS) - 1)

static int narrow_with(struct side *s, int h, struct kshare_value v, uint32_t rights)
{
	struct kshare_cmd cmd = t_with_nr(KSHARE_OP_DUP, h, rights);

	cmd.flags = KSHARE_METHODS;
	cmd.value = v;
	return t_raw(s, cmd);
}

static int narrow(struct side *s, int h, uint64_t mask)
{
	return narrow_with(s, h, t_uint(mask), 0);
}

/* Bits of methods that a handle calls; the host drops what arrives. */
static int callable(struct side *s, const struct t_host *host, struct side *from, int h)
{
	struct t_served w;
	int i, ret, mask = 0;

	for (i = 0; i < T_METHODS; i++) {
		ret = t_send(from, h, i, t_none());
		if (ret == -EACCES)
			continue;
		if (ret || t_serve_now(s, host->class, &w) != KSHARE_SERVE_CALL || w.method != i)
			return -1;
		mask |= 1 << i;
	}
	return t_serve_now(s, host->class, &w) == -EAGAIN ? mask : -2;
}

/* The same as DESCRIBE tells it */
static int described(struct side *s, int h)
{
	return t_run(s, t_cmd(KSHARE_OP_CLASS_DESCRIBE, h)) < 0 ? -1 : (int)s->out.head.number;
}

TEST_F(kshare, a_method_that_is_not_exposed_is_not_called)
{
	struct side *s = &self->s;
	struct t_served w;
	struct t_host h;

	ASSERT_TRUE(t_be_host(s, &h, 0));
	/* Not by the host itself either */
	EXPECT_EQ(1 << T_ECHO | 1 << T_KEEP, callable(s, &h, s, h.it));
	EXPECT_EQ(-EACCES, t_call(s, h.it, T_HIDDEN, t_none()));
	EXPECT_EQ(-ENOENT, t_call(s, h.it, T_METHODS, t_none()));
	EXPECT_EQ(-ENOENT, t_send(s, h.it, 64, t_none()));
	EXPECT_EQ(-ENOENT, t_send(s, h.it, UINT32_MAX - 1, t_none()));
	EXPECT_EQ(-EAGAIN, t_serve_now(s, h.class, &w));
}

TEST_F(kshare, a_handle_may_call_the_methods_that_it_is_made_for)
{
	struct side *s = &self->s;
	struct t_host h;
	int it;

	ASSERT_TRUE(t_be_host(s, &h, 0));
	it = narrow(s, h.it, 1 << T_KEEP);
	ASSERT_LT(0, it);
	EXPECT_EQ(1 << T_KEEP, callable(s, &h, s, it));
	EXPECT_EQ(1 << T_KEEP, described(s, it));
	EXPECT_EQ(KSHARE_RIGHT_ALL, t_rights(s, it));
	EXPECT_EQ(t_id(s, h.it), t_id(s, it));
	EXPECT_EQ(-EACCES, t_call(s, it, T_ECHO, t_none()));
	/* What is not exposed does not get so. */
	EXPECT_EQ(-EACCES, t_call(s, it, T_HIDDEN, t_none()));
	EXPECT_EQ(1 << T_ECHO | 1 << T_KEEP, callable(s, &h, s, h.it));
	/* None at all: its fields alone are left. */
	it = narrow(s, h.it, 0);
	ASSERT_LT(0, it);
	EXPECT_EQ(0, callable(s, &h, s, it));
	EXPECT_EQ(0, described(s, it));
	EXPECT_EQ(0, t_run(s, t_cmd(KSHARE_OP_DICT_LEN, it)));
}

TEST_F(kshare, methods_only_get_fewer)
{
	struct side *s = &self->s;
	struct t_host h;
	int keep, none;

	ASSERT_TRUE(t_be_host(s, &h, 0));
	keep = narrow(s, h.it, 1 << T_KEEP);
	ASSERT_LT(0, keep);
	EXPECT_EQ(-EACCES, narrow(s, keep, 1 << T_KEEP | 1 << T_ECHO));
	EXPECT_EQ(-EACCES, narrow(s, keep, 1 << T_ECHO));
	EXPECT_EQ(-EACCES, narrow(s, keep, UINT64_MAX));
	EXPECT_EQ(1 << T_KEEP, callable(s, &h, s, narrow(s, keep, 1 << T_KEEP)));
	EXPECT_EQ(1 << T_KEEP, callable(s, &h, s, t_dup(s, keep, 0)));
	none = narrow(s, keep, 0);
	EXPECT_EQ(0, callable(s, &h, s, none));
	EXPECT_EQ(-EACCES, narrow(s, none, 1 << T_KEEP));
	EXPECT_EQ(1 << T_KEEP, callable(s, &h, s, keep));
	/* Rights go with it. */
	keep = narrow_with(s, h.it, t_uint(1 << T_KEEP), KSHARE_RIGHT_CALL);
	EXPECT_EQ(KSHARE_RIGHT_CALL, t_rights(s, keep));
	EXPECT_EQ(-EACCES, narrow_with(s, keep, t_uint(1 << T_KEEP),
				       KSHARE_RIGHT_CALL | KSHARE_RIGHT_READ));
	EXPECT_EQ(1 << T_KEEP, callable(s, &h, s, keep));
}

TEST_F(kshare, what_is_no_mask_is_refused)
{
	struct side *s = &self->s;
	struct kshare_cmd cmd;
	struct t_host h;

	ASSERT_TRUE(t_be_host(s, &h, 0));
	/* Only instances have methods. */
	EXPECT_EQ(-EINVAL, narrow(s, t_create(s, KSHARE_TYPE_CELL), 1));
	EXPECT_EQ(-EINVAL, narrow(s, h.class, 1));
	EXPECT_EQ(-EINVAL, narrow(s, 1, 1));
	EXPECT_EQ(-EINVAL, narrow_with(s, h.it, t_none(), 0));
	EXPECT_EQ(-EINVAL, narrow_with(s, h.it, t_str("1"), 0));
	EXPECT_EQ(-EINVAL, narrow_with(s, h.it, t_int(-1), 0));
	EXPECT_EQ(-EINVAL, narrow_with(s, h.it, t_float(1), 0));
	cmd = t_cmd(KSHARE_OP_DUP, h.it);
	cmd.value = t_uint(1);
	EXPECT_EQ(-EINVAL, t_raw(s, cmd));
}

TEST_F(kshare, the_mask_goes_wherever_the_reference_goes)
{
	struct side *s = &self->s, *other = t_open();
	int list = t_create(s, KSHARE_TYPE_LIST), keep, it, fd;
	char text[KSHARE_TICKET_LEN + 1];
	struct kshare_cmd cmd;
	uint32_t words[2];
	struct t_served w;
	struct t_host h;

	ASSERT_TRUE(t_be_host(s, &h, 0));
	keep = narrow(s, h.it, 1 << T_KEEP);
	ASSERT_LT(0, keep);

	/* A container, alone and within a value */
	EXPECT_EQ(0, t_append(s, list, t_ref(keep)));
	EXPECT_EQ(0, t_append(s, list, t_encoded(words, &keep, 1)));
	it = t_take(s, list, 0);
	EXPECT_EQ(1 << T_KEEP, callable(s, &h, s, it));
	EXPECT_EQ(-EACCES, narrow(s, it, 1 << T_ECHO));
	ASSERT_EQ(0, t_run(s, t_with_key(KSHARE_OP_LIST_GET, list, t_int(1))));
	memcpy(words, (void *)(uintptr_t)s->out.values[0].ptr, sizeof(words));
	EXPECT_EQ(1 << T_KEEP, callable(s, &h, s, words[1]));

	/* A descriptor */
	fd = t_export(s, keep, 0);
	it = t_import(other, fd, 0);
	ASSERT_LT(0, it);
	EXPECT_EQ(1 << T_KEEP, callable(s, &h, other, it));
	EXPECT_EQ(-EACCES, narrow(other, it, 1 << T_ECHO));
	EXPECT_EQ(1 << T_KEEP, callable(s, &h, other, narrow(other, it, 1 << T_KEEP)));
	close(fd);

	/* A ticket */
	ASSERT_LT(0, t_ticket(s, keep, text));
	it = t_redeem(other, text, 0);
	ASSERT_LT(0, it);
	EXPECT_EQ(1 << T_KEEP, callable(s, &h, other, it));

	/* A call, to the host itself */
	EXPECT_EQ(0, t_send(s, h.it, T_ECHO, t_ref(keep)));
	ASSERT_EQ(KSHARE_SERVE_CALL, t_serve_now(s, h.class, &w));
	it = w.arg[0].ref.handle;
	EXPECT_EQ(1 << T_KEEP, callable(s, &h, s, it));

	/* A handle that can be revoked, and one that is made from it */
	it = t_revocable(s, keep);
	ASSERT_LT(0, it);
	EXPECT_EQ(1 << T_KEEP, callable(s, &h, s, it));
	cmd = t_cmd(KSHARE_OP_DUP, h.it);
	cmd.flags = KSHARE_METHODS | KSHARE_REVOCABLE;
	cmd.value = t_uint(1 << T_ECHO);
	it = t_raw(s, cmd);
	ASSERT_LT(0, it);
	EXPECT_EQ(1 << T_ECHO, callable(s, &h, s, it));
	fd = t_dup(s, it, 0);
	EXPECT_EQ(0, t_revoke(s, it));
	EXPECT_EQ(-ESTALE, t_call(s, it, T_ECHO, t_none()));
	EXPECT_EQ(-ESTALE, t_call(s, fd, T_ECHO, t_none()));
	/* The others are not concerned. */
	EXPECT_EQ(1 << T_KEEP, callable(s, &h, s, keep));
	t_leave(other);
}

TEST_F(kshare, a_clone_of_the_client_has_the_mask_too)
{
	struct side *s = &self->s;
	struct t_host h;
	pid_t pid;
	int keep;

	ASSERT_TRUE(t_be_host(s, &h, 0));
	keep = narrow(s, h.it, 1 << T_KEEP);
	pid = t_fork(s);
	if (!pid)
		_exit(t_send(s, keep, T_ECHO, t_none()) != -EACCES ||
		      narrow(s, keep, 1 << T_ECHO) != -EACCES || described(s, keep) != 1 << T_KEEP);
	EXPECT_EQ(0, t_wait(pid));
}

TEST_F(kshare, masks_of_masks_are_limited)
{
	struct side *s = &self->s;
	struct t_host h;
	int i, it;

	ASSERT_TRUE(t_be_host(s, &h, 0));
	it = h.it;
	for (i = 0; i < KSHARE_MAX_GATES + 4 && it > 0; i++)
		it = narrow(s, it, 1 << T_KEEP);
	EXPECT_EQ(-EDQUOT, it);
	EXPECT_LE(KSHARE_MAX_GATES, i);
}

/* As all that waits by way of it */
TEST_F(kshare, a_call_ends_when_its_handle_is_revoked)
{
	struct side *s = &self->s;
	struct t_served w;
	struct t_host h;
	int it;
	pid_t pid;

	ASSERT_TRUE(t_be_host(s, &h, 0));
	it = t_revocable(s, h.it);
	ASSERT_LT(0, it);
	pid = t_child(s, t_call_cmd(it, T_KEEP, t_none()));
	ASSERT_TRUE(t_until_it_waits(s, h.class, 1, pid));
	EXPECT_EQ(0, t_revoke(s, it));
	EXPECT_EQ(ESTALE, t_wait(pid));
	/* It had not been taken, and so it never was. */
	EXPECT_EQ(-EAGAIN, t_serve_now(s, h.class, &w));
	it = t_revocable(s, h.it);
	pid = t_child(s, t_call_cmd(it, T_KEEP, t_none()));
	EXPECT_EQ(KSHARE_SERVE_CALL, t_serve(s, h.class, &w));
	EXPECT_EQ(0, t_revoke(s, it));
	EXPECT_EQ(ESTALE, t_wait(pid));
	/* That one was, so the host is told. */
	EXPECT_EQ(KSHARE_SERVE_ABANDONED, t_serve(s, h.class, &w));
	EXPECT_EQ(0, t_reply(s, h.class, w.call, t_none()));
}

TEST_HARNESS_MAIN
