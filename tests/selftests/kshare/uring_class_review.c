// SPDX-License-Identifier: GPL-2.0
/* Hosts of classes through io_uring: what begins once, and what nobody hears of. */
#define T_ALL_RINGS
#include "uring_test.h"

static int class_of(struct side *s)
{
	struct {
		struct kshare_class_info info;
		struct kshare_class_method m;
	} d = {
		.info = {
			.size = sizeof(struct kshare_class_info),
			.methods = 1,
			.method_size = sizeof(struct kshare_class_method),
			.field_size = sizeof(struct kshare_class_field),
		},
		.m = { .name = "a", .flags = KSHARE_METHOD_EXPOSED },
	};
	struct kshare_cmd cmd = t_cmd(KSHARE_OP_CLASS_REGISTER, 1);

	cmd.key = t_str("class");
	cmd.value = t_bytes(&d, sizeof(d));
	return t_raw(s, cmd);
}

/* The answer is given once, and then it waits, on kernels where a worker does that too. */
TEST_F(uring, reply_and_serve)
{
	struct side *s = &self->s;
	int k, class = class_of(s), i = t_raw(s, t_cmd(KSHARE_OP_INSTANCE_CREATE, class));
	struct reply *out = calloc(1, sizeof(*out));
	struct t_thread *t = calloc(1, sizeof(*t));
	struct kshare_cmd cmd;

	cmd = t_cmd(KSHARE_OP_SERVE, class);
	for (k = 0; k < 3; k++) {
		cmd.out = (uintptr_t)out;
		cmd.out_len = sizeof(*out);
		EXPECT_EQ(1, t_ring_begin(&self->r, cmd, k));
		if (k)
			EXPECT_EQ(k, (t_end(t), t->out.values[0].i));
		t_until_waiters(s, class, 1);
		t_begin(s, t, t_cmd(KSHARE_OP_CALL, i), true);
		EXPECT_EQ(KSHARE_SERVE_CALL, t_reap(&self->r).res);
		cmd = t_cmd(KSHARE_OP_REPLY_AND_SERVE, class);
		cmd.key = t_int(out->head.number);
		cmd.value = t_int(k + 1);
	}
	cmd.op = KSHARE_OP_REPLY;
	EXPECT_EQ(0, t_raw(s, cmd));
	EXPECT_EQ(KSHARE_ANSWER_VALUE, t_end(t));
	free(out);
	free(t);
}

struct adopter {
	struct side s;
	struct ring r;
	unsigned int flags;
	int class;
	int ret;
};

/* Adopts the class through a ring of its own, and ends before it hears of that. */
static void *adopt_and_end(void *arg)
{
	struct adopter *a = arg;
	struct kshare_stat stat;

	a->ret = t_ring(&a->r, a->s.fd, 8, a->flags);
	if (a->ret)
		return NULL;
	a->ret = t_ring_begin(&a->r, t_cmd(KSHARE_OP_CLASS_ADOPT, a->class), 1);
	do {
		sched_yield();
	} while (!t_stat(&a->s, a->class, &stat) && stat.token != 3);
	return NULL;
}

TEST_F(uring, a_class_that_is_adopted_for_nobody)
{
	struct side *s = &self->s;
	struct adopter *a = calloc(1, sizeof(*a));
	int64_t end = t_now() + T_LONG;
	int class = class_of(s);
	struct kshare_stat stat;
	struct kshare_cmd cmd;
	pthread_t id;
	pid_t pid;

	if (!(variant->flags & IORING_SETUP_DEFER_TASKRUN) || !t_parks(s->fd))
		SKIP(return, "it hears of it at once");
	ASSERT_EQ(0, t_raw(s, t_cmd(KSHARE_OP_CLASS_UNREGISTER, class)));
	/* A child is the host in between. */
	pid = t_fork_off(s, &self->r);
	if (!pid) {
		t_raw(s, t_cmd(KSHARE_OP_CLASS_ADOPT, class));
		t_until_waiters(s, class, 1);
		_exit(0);
	}
	do {
		ASSERT_EQ(0, t_stat(s, class, &stat));
	} while (stat.token != 2);
	a->s = *s;
	a->flags = variant->flags;
	a->class = class;
	ASSERT_EQ(0, pthread_create(&id, NULL, adopt_and_end, a));
	EXPECT_EQ(0, t_wait(pid));
	pthread_join(id, NULL);
	EXPECT_EQ(1, a->ret);
	t_ring_exit(&a->r);
	while (!t_stat(s, class, &stat) && stat.holder_pid && t_now() < end)
		sched_yield();
	EXPECT_EQ(0, stat.holder_pid);
	cmd = t_cmd(KSHARE_OP_CLASS_ADOPT, class);
	cmd.flags = KSHARE_NOWAIT;
	EXPECT_EQ(4, t_raw(s, cmd));
	free(a);
}

TEST_HARNESS_MAIN
