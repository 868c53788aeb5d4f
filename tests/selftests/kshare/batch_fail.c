// SPDX-License-Identifier: GPL-2.0
/* Atomic batches, with the n-th allocation failing, for n = 1, 2, … until they pass. */
#include "batch_test.h"
#include "fail_test.h"

static char text[200];

TEST_F(kshare, an_atomic_batch_is_carried_out_whole_or_not_at_all)
{
	static const uint32_t types[] = {
		KSHARE_TYPE_DICT, KSHARE_TYPE_LIST, KSHARE_TYPE_QUEUE, KSHARE_TYPE_CELL,
	};
	static const uint32_t changes[] = {
		KSHARE_OP_DICT_SET, KSHARE_OP_LIST_APPEND, KSHARE_OP_QUEUE_PUT, KSHARE_OP_CELL_SWAP,
	};
	int i, n, ret = 0, failed = 0, lock, h[4];
	struct kshare_stat before[4], after;
	struct side *s = &self->s;
	struct many m = {};
	bool used = true;

	FAIL_BEGIN();
	lock = t_create(s, KSHARE_TYPE_LOCK);
	add(&m, KSHARE_OP_LOCK_ACQUIRE, lock)->flags = KSHARE_NOWAIT;
	for (i = 0; i < 4; i++) {
		struct kshare_cmd *cmd = add(&m, changes[i], h[i] = t_create(s, types[i]));

		cmd->value = t_bytes(text, 160);
		if (types[i] == KSHARE_TYPE_DICT)
			cmd->key = t_bytes(text, 100);
		/* What cannot be told is taken back, and all that came before it. */
		if (types[i] == KSHARE_TYPE_CELL) {
			cmd->out = (uintptr_t)&s->out;
			cmd->out_len = sizeof(s->out);
		}
		ASSERT_EQ(0, t_stat(s, h[i], &before[i]));
	}
	for (n = 1; used && n < MOST; n++) {
		ASSERT_TRUE(arm(n));
		ret = go(s, &m, KSHARE_BATCH_ATOMIC);
		used = arm(0);
		failed += !!ret;
		EXPECT_TRUE(!ret || ret == -ENOMEM || ret == -EFAULT);
		/* Some can be done without, and it was carried out. */
		ASSERT_EQ(0, t_stat(s, lock, &after));
		EXPECT_EQ(ret ? 0 : getpid(), after.holder_pid);
		for (i = 0; i < 4; i++) {
			ASSERT_EQ(0, t_stat(s, h[i], &after));
			EXPECT_EQ(before[i].version + !ret, after.version);
			if (ret)
				EXPECT_EQ(before[i].length, after.length);
			before[i] = after;
		}
		if (!ret)
			EXPECT_EQ(0, t_raw(s, t_cmd(KSHARE_OP_LOCK_RELEASE, lock)));
	}
	EXPECT_FALSE(used);
	EXPECT_EQ(0, ret);
	EXPECT_LT(5, failed);
	close(fail_fd);
}

TEST_HARNESS_MAIN
