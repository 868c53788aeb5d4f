// SPDX-License-Identifier: GPL-2.0
/* Owner, group and mode of a named domain: who may open it, for what, and who may say so. */
#include "sharing_test.h"

#define R	(KSHARE_RIGHT_READ | KSHARE_RIGHT_WAIT)
#define W	(KSHARE_RIGHT_WRITE | KSHARE_RIGHT_CALL)
#define RW	(R | W | KSHARE_RIGHT_TRANSFER)

/* The mode, group by group of bits, as whom it opens: owner, two kinds of group, others */
static uint32_t expected(int mode, int who)
{
	int bits = mode >> (who == 0 ? 6 : who == 3 ? 0 : 3);

	return (bits & 4 ? R : 0) | (bits & 2 ? W : 0) |
	       ((bits & 6) == 6 ? KSHARE_RIGHT_TRANSFER : 0) | (who ? 0 : KSHARE_RIGHT_MANAGE);
}

TEST_F(kshare, each_bit_of_the_mode_gives_its_rights_to_its_class)
{
	static const struct {
		uid_t uid;
		gid_t gid, more;
	} users[4] = {
		{ ALICE, ALICE, ALICE },	/* of the group as well, which does not count */
		{ BOB, ALICE, BOB },
		{ BOB, BOB, ALICE },
		{ BOB, BOB, BOB },
	};
	struct side *s = &self->s;
	int d = t_make(s, "mode", 0, 0600), i, who, h;
	uint32_t rights;

	ASSERT_LT(0, d);
	for (i = 0; i < 64; i++) {
		int mode = (i & 060) << 3 | (i & 014) << 2 | (i & 3) << 1;

		ASSERT_EQ(0, t_set(s, d, ALICE, ALICE, mode, 0));
		for (who = 0; who < 4; who++) {
			ASSERT_EQ(0, t_become(users[who].uid, users[who].gid, users[who].more));
			rights = expected(mode, who);
			h = t_join(s, "mode", 0);
			EXPECT_EQ(rights ?: -EPERM, h < 0 ? h : t_rights(s, h)) {
				TH_LOG("mode %04o, user %d", mode, who);
			}
			if (h >= 0)
				t_close(s, h);
			ASSERT_EQ(0, t_root());
		}
		/* And whatever it is, not who may pass by it. */
		h = t_join(s, "mode", 0);
		EXPECT_EQ(KSHARE_RIGHT_ALL, t_rights(s, h));
		t_close(s, h);
	}
}

TEST_F(kshare, operations_find_the_rights_that_the_mode_gave)
{
	struct side *s = &self->s;
	int d = t_make(s, "rights", 0, 0604), h, root;
	struct kshare_cmd cmd;

	EXPECT_EQ(0, t_put(s, d, "x", t_int(1)));
	ASSERT_EQ(0, t_become(BOB, BOB, BOB));
	h = t_join(s, "rights", 0);
	ASSERT_LT(0, h);
	root = t_raw(s, t_cmd(KSHARE_OP_DOMAIN_ROOT, h));
	EXPECT_EQ(R, t_rights(s, root));
	EXPECT_EQ(0, t_take(s, h, "x"));
	EXPECT_EQ(-EACCES, t_put(s, h, "x", t_int(2)));
	EXPECT_EQ(-EACCES, t_create_in(s, h, KSHARE_TYPE_CELL));
	EXPECT_EQ(-EACCES, t_set(s, h, -1, -1, 0666, 0));
	EXPECT_EQ(-EACCES, t_run(s, t_cmd(KSHARE_OP_DOMAIN_OBJECTS, h)));
	EXPECT_EQ(-EACCES, t_run(s, t_cmd(KSHARE_OP_DOMAIN_COLLECT, h)));
	cmd = t_cmd(KSHARE_OP_DOMAIN_LIMIT, h);
	EXPECT_EQ(-EACCES, t_run(s, cmd));
	cmd = t_cmd(KSHARE_OP_DUP, h);
	cmd.nr = KSHARE_RIGHT_READ | KSHARE_RIGHT_WRITE;
	EXPECT_EQ(-EACCES, t_raw(s, cmd));

	ASSERT_EQ(0, t_root());
	EXPECT_EQ(0, t_set(s, d, -1, -1, 0602, 0));
	ASSERT_EQ(0, t_become(BOB, BOB, BOB));
	h = t_join(s, "rights", 0);
	EXPECT_EQ(W, t_rights(s, h));
	EXPECT_EQ(-EACCES, t_raw(s, t_cmd(KSHARE_OP_DOMAIN_ROOT, h)));
	EXPECT_LT(0, t_create_in(s, h, KSHARE_TYPE_CELL));
	EXPECT_EQ(0, t_root());
}

TEST_F(kshare, one_may_ask_for_less_but_not_for_more)
{
	struct side *s = &self->s;
	int d = t_make(s, "fewer", 0, 0664), h;
	uint32_t n;

	EXPECT_EQ(0, t_set(s, d, ALICE, ALICE, -1, 0));
	ASSERT_EQ(0, t_become(BOB, BOB, ALICE));
	for (n = 1; n <= KSHARE_RIGHT_ALL; n++) {
		h = t_join(s, "fewer", n);
		EXPECT_EQ(n & ~RW ? -EPERM : n, h < 0 ? h : t_rights(s, h));
		if (h >= 0)
			t_close(s, h);
	}
	ASSERT_EQ(0, t_become(CAROL, CAROL, CAROL));
	h = t_join(s, "fewer", KSHARE_RIGHT_READ);
	EXPECT_EQ(KSHARE_RIGHT_READ, t_rights(s, h));
	EXPECT_EQ(-EPERM, t_join(s, "fewer", KSHARE_RIGHT_READ | KSHARE_RIGHT_TRANSFER));
	EXPECT_EQ(-EPERM, t_join(s, "fewer", KSHARE_RIGHT_WRITE));
	/* Who may open all may have all of them, and each alone. */
	ASSERT_EQ(0, t_root());
	for (n = 1; n <= KSHARE_RIGHT_ALL; n <<= 1) {
		h = t_join(s, "fewer", n);
		EXPECT_EQ(n, t_rights(s, h));
		t_close(s, h);
	}
	for (n = KSHARE_RIGHT_ALL + 1; n; n <<= 1)
		EXPECT_EQ(-EOPNOTSUPP, t_join(s, "fewer", n));
}

TEST_F(kshare, who_makes_it_has_all_rights_whatever_the_mode)
{
	struct side *s = &self->s;
	struct kshare_cmd cmd;
	int d, h;

	ASSERT_EQ(0, t_become(ALICE, BOB, CAROL));
	d = t_make(s, "mine", 0, 0);
	EXPECT_EQ(KSHARE_RIGHT_ALL, t_rights(s, d));
	EXPECT_TRUE(t_info_is(s, d, ALICE, BOB, 0, false));
	/* Who comes later finds the mode, were it the owner. */
	h = t_join(s, "mine", 0);
	EXPECT_EQ(KSHARE_RIGHT_MANAGE, t_rights(s, h));
	EXPECT_EQ(-EPERM, t_join(s, "mine", KSHARE_RIGHT_READ));
	EXPECT_EQ(0, t_close(s, d));
	EXPECT_EQ(0, t_close(s, h));
	cmd = t_open_cmd("mine", KSHARE_MAKE, KSHARE_RIGHT_CALL);
	cmd.value = t_int(0);
	d = t_raw(s, cmd);
	EXPECT_EQ(KSHARE_RIGHT_CALL, t_rights(s, d));
	EXPECT_EQ(0, t_root());
}

TEST_F(kshare, effective_ids_count_and_not_real_ones)
{
	struct side *s = &self->s;
	int d = t_make(s, "effective", 0, 0600);

	EXPECT_EQ(0, t_set(s, d, ALICE, ALICE, -1, 0));
	ASSERT_EQ(0, setresuid(ALICE, BOB, 0));
	EXPECT_EQ(-EPERM, t_join(s, "effective", 0));
	ASSERT_EQ(0, setresuid(BOB, 0, 0));
	ASSERT_EQ(0, setresuid(BOB, ALICE, 0));
	EXPECT_EQ(RW | KSHARE_RIGHT_MANAGE, t_rights(s, t_join(s, "effective", 0)));
	ASSERT_EQ(0, setresuid(-1, 0, 0));
	ASSERT_EQ(0, setresuid(0, 0, 0));
	/* A group likewise */
	EXPECT_EQ(0, t_set(s, d, -1, -1, 0060, 0));
	ASSERT_EQ(0, setresgid(ALICE, BOB, 0));
	ASSERT_EQ(0, setresuid(-1, BOB, -1));
	EXPECT_EQ(-EPERM, t_join(s, "effective", 0));
	ASSERT_EQ(0, setresuid(-1, 0, -1));
	ASSERT_EQ(0, setresgid(BOB, ALICE, 0));
	ASSERT_EQ(0, setresuid(-1, BOB, -1));
	EXPECT_EQ(RW, t_rights(s, t_join(s, "effective", 0)));
	ASSERT_EQ(0, setresuid(-1, 0, -1));
	ASSERT_EQ(0, setresgid(0, 0, 0));
}

TEST_F(kshare, what_was_opened_stays_open_when_the_mode_changes)
{
	struct side *s = &self->s;
	int d = t_make(s, "later", 0, 0666), h;

	ASSERT_EQ(0, t_become(BOB, BOB, BOB));
	h = t_join(s, "later", 0);
	ASSERT_EQ(0, t_root());
	EXPECT_EQ(0, t_set(s, d, ALICE, ALICE, 0, 0));
	ASSERT_EQ(0, t_become(BOB, BOB, BOB));
	EXPECT_EQ(-EPERM, t_join(s, "later", 0));
	EXPECT_EQ(0, t_put(s, h, "x", t_int(1)));
	EXPECT_LT(0, t_create_in(s, h, KSHARE_TYPE_LOCK));
	EXPECT_EQ(RW, t_rights(s, t_raw(s, t_cmd(KSHARE_OP_DUP, h))));
	EXPECT_EQ(0, t_root());
}

TEST_F(kshare, an_owner_may_change_mode_and_group_but_give_nothing_away)
{
	struct side *s = &self->s;
	int d;

	ASSERT_EQ(0, t_become(ALICE, ALICE, CAROL));
	d = t_make(s, "chown", 0, 0600);
	EXPECT_EQ(0, t_set(s, d, -1, -1, 0640, 0));
	EXPECT_EQ(-EPERM, t_set(s, d, BOB, -1, -1, 0));
	EXPECT_EQ(-EPERM, t_set(s, d, 0, -1, -1, 0));
	EXPECT_EQ(0, t_set(s, d, ALICE, -1, -1, 0));
	EXPECT_EQ(-EPERM, t_set(s, d, -1, BOB, -1, 0));
	EXPECT_EQ(0, t_set(s, d, -1, CAROL, -1, 0));
	EXPECT_TRUE(t_info_is(s, d, ALICE, CAROL, 0640, false));
	EXPECT_EQ(0, t_set(s, d, ALICE, ALICE, 0606, KSHARE_PIN));
	EXPECT_TRUE(t_info_is(s, d, ALICE, ALICE, 0606, true));
	/* All of it or nothing */
	EXPECT_EQ(-EPERM, t_set(s, d, BOB, CAROL, 0, KSHARE_UNPIN));
	EXPECT_EQ(-EPERM, t_set(s, d, -1, BOB, 0, KSHARE_UNPIN));
	EXPECT_TRUE(t_info_is(s, d, ALICE, ALICE, 0606, true));
	EXPECT_EQ(0, t_set(s, d, -1, -1, -1, KSHARE_UNPIN));

	/* Who is not the owner any more, with a handle that may MANAGE */
	ASSERT_EQ(0, t_root());
	EXPECT_EQ(0, t_set(s, d, BOB, -1, -1, 0));
	ASSERT_EQ(0, t_become(ALICE, ALICE, CAROL));
	EXPECT_EQ(-EPERM, t_set(s, d, -1, -1, 0666, 0));
	EXPECT_EQ(-EPERM, t_set(s, d, -1, -1, 0606, 0));
	EXPECT_EQ(-EPERM, t_set(s, d, -1, -1, -1, KSHARE_PIN));
	EXPECT_EQ(-EPERM, t_set(s, d, -1, CAROL, -1, 0));
	EXPECT_EQ(-EPERM, t_set(s, d, ALICE, -1, -1, 0));
	EXPECT_EQ(0, t_set(s, d, BOB, ALICE, -1, 0));
	EXPECT_TRUE(t_info_is(s, d, BOB, ALICE, 0606, false));
	EXPECT_EQ(0, t_root());
}

TEST_F(kshare, each_capability_is_good_for_its_own)
{
	struct side *s = &self->s;
	int d = t_make(s, "capable", 0, 0);

	EXPECT_EQ(0, t_set(s, d, ALICE, ALICE, 0, 0));
	EXPECT_EQ(0, t_cap(CAP_CHOWN, false));
	EXPECT_EQ(-EPERM, t_set(s, d, BOB, -1, -1, 0));
	EXPECT_EQ(-EPERM, t_set(s, d, -1, BOB, -1, 0));
	EXPECT_EQ(-EPERM, t_set(s, d, -1, 0, -1, 0));
	EXPECT_EQ(0, t_set(s, d, -1, -1, 0600, 0));
	EXPECT_EQ(0, t_cap(CAP_CHOWN, true));

	EXPECT_EQ(0, t_cap(CAP_FOWNER, false));
	EXPECT_EQ(-EPERM, t_set(s, d, -1, -1, 0666, 0));
	EXPECT_EQ(-EPERM, t_set(s, d, -1, -1, -1, KSHARE_PIN));
	EXPECT_EQ(0, t_set(s, d, BOB, BOB, -1, 0));
	EXPECT_EQ(0, t_cap(CAP_FOWNER, true));

	EXPECT_EQ(0, t_cap(CAP_IPC_OWNER, false));
	EXPECT_EQ(-EPERM, t_join(s, "capable", 0));
	EXPECT_EQ(0, t_set(s, d, -1, -1, 0604, 0));
	EXPECT_EQ(R, t_rights(s, t_join(s, "capable", 0)));
	EXPECT_EQ(-EPERM, t_join(s, "capable", KSHARE_RIGHT_MANAGE));
	EXPECT_EQ(0, t_cap(CAP_IPC_OWNER, true));
	EXPECT_EQ(KSHARE_RIGHT_MANAGE, t_rights(s, t_join(s, "capable", KSHARE_RIGHT_MANAGE)));
	EXPECT_EQ(KSHARE_RIGHT_ALL, t_rights(s, t_join(s, "capable", 0)));
	EXPECT_TRUE(t_info_is(s, d, BOB, BOB, 0604, false));
}

TEST_HARNESS_MAIN
