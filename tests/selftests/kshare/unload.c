// SPDX-License-Identifier: GPL-2.0
/*
 * The module stays while it is used and goes when it is not.  KSHARE_KO is the
 * file to load it from again.
 */
#include "sharing_test.h"

#include <sys/syscall.h>

static int unload(void)
{
	return syscall(SYS_delete_module, "kshare", O_NONBLOCK) ? -errno : 0;
}

static int load(void)
{
	int fd = open(getenv("KSHARE_KO"), O_RDONLY | O_CLOEXEC);
	int ret = syscall(SYS_finit_module, fd, "", 0) ? -errno : 0;

	close(fd);
	return ret;
}

#define NEED_MODULE() do {						\
		if (!getenv("KSHARE_KO") || geteuid())			\
			SKIP(return, "needs KSHARE_KO and root");	\
	} while (0)

TEST(it_stays_while_a_descriptor_is_open)
{
	int fd;

	NEED_MODULE();
	fd = open(KSHARE_DEVICE, O_RDWR | O_CLOEXEC);
	ASSERT_LE(0, fd);
	EXPECT_EQ(-EAGAIN, unload());
	close(fd);
	ASSERT_EQ(0, unload());
	EXPECT_EQ(-1, open(KSHARE_DEVICE, O_RDWR));
	EXPECT_EQ(ENOENT, errno);
	EXPECT_EQ(0, load());
}

TEST(it_stays_while_an_array_is_mapped)
{
	struct side *s = calloc(1, sizeof(*s));
	char *p;
	int a;

	NEED_MODULE();
	s->fd = open(KSHARE_DEVICE, O_RDWR | O_CLOEXEC);
	ASSERT_LE(0, s->fd);
	a = t_create_elem(s, KSHARE_TYPE_ARRAY, KSHARE_ELEM_U8, 4096);
	p = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, s->fd,
		 KSHARE_MMAP_OFFSET(a, getpagesize()));
	ASSERT_NE(MAP_FAILED, p);
	close(s->fd);
	EXPECT_EQ(-EAGAIN, unload());
	p[4095] = 1;
	munmap(p, 4096);
	EXPECT_EQ(0, unload());
	EXPECT_EQ(0, load());
	free(s);
}

TEST(it_stays_while_somebody_waits)
{
	struct side *s = calloc(1, sizeof(*s));
	pid_t pid;
	int e;

	NEED_MODULE();
	s->fd = open(KSHARE_DEVICE, O_RDWR | O_CLOEXEC);
	ASSERT_LE(0, s->fd);
	e = t_create(s, KSHARE_TYPE_EVENT);
	pid = t_fork(s);
	if (!pid)
		_exit(t_raw(s, t_cmd(KSHARE_OP_EVENT_WAIT, e)) ? 1 : 0);
	t_until_waiters(s, e, 1);
	close(s->fd);
	EXPECT_EQ(-EAGAIN, unload());
	kill(pid, SIGKILL);
	EXPECT_EQ(1000 + SIGKILL, t_wait(pid));
	EXPECT_EQ(0, unload());
	EXPECT_EQ(0, load());
	free(s);
}

/* No process is left that could miss it, but who comes later wants to find it. */
TEST(it_stays_while_a_domain_is_pinned)
{
	struct side *s = calloc(1, sizeof(*s));
	pid_t pid;
	int d;

	NEED_MODULE();
	pid = fork();
	if (!pid) {
		if (!t_open(s))
			_exit(1);
		d = t_make(s, "unload", KSHARE_EXCLUSIVE | KSHARE_PIN, 0600);
		_exit(d < 0 || t_put(s, d, "x", t_int(7)) ? 2 : 0);
	}
	ASSERT_EQ(0, t_wait(pid));
	EXPECT_EQ(-EAGAIN, unload());
	ASSERT_TRUE(t_open(s));
	d = t_join(s, "unload", 0);
	EXPECT_EQ(0, t_take(s, d, "x"));
	EXPECT_EQ(7, s->out.values[0].i);
	close(s->fd);
	EXPECT_EQ(-EAGAIN, unload());
	ASSERT_TRUE(t_open(s));
	d = t_join(s, "unload", 0);
	EXPECT_EQ(0, t_set(s, d, -1, -1, -1, KSHARE_UNPIN));
	EXPECT_EQ(-EAGAIN, unload());
	close(s->fd);
	EXPECT_EQ(0, unload());
	EXPECT_EQ(0, load());
	free(s);
}

/* What was freed a moment ago, after a grace period, does not meet a module that is gone. */
TEST(it_goes_at_any_moment_between_two_uses)
{
	struct side *s = calloc(1, sizeof(*s));
	int unloaded = 0, i, ret;
	pid_t pids[2];

	NEED_MODULE();
	for (i = 0; i < 2; i++) {
		pids[i] = fork();
		while (!pids[i]) {
			struct kshare_cmd cmd;
			int d;

			s->fd = open(KSHARE_DEVICE, O_RDWR | O_CLOEXEC);
			if (s->fd < 0)
				continue;
			d = t_create(s, KSHARE_TYPE_DICT);
			cmd = t_cmd(KSHARE_OP_DICT_SET, d);
			cmd.key = t_str("a key of more than eight bytes");
			cmd.value = t_str("and a value");
			t_raw(s, cmd);
			t_raw(s, t_cmd(KSHARE_OP_DICT_CLEAR, d));
			close(s->fd);
		}
	}
	while (unloaded < 5) {
		ret = unload();
		if (ret == -EAGAIN)
			continue;
		ASSERT_EQ(0, ret);
		unloaded++;
		ASSERT_EQ(0, load());
	}
	for (i = 0; i < 2; i++) {
		kill(pids[i], SIGKILL);
		t_wait(pids[i]);
	}
	free(s);
}

TEST_HARNESS_MAIN
