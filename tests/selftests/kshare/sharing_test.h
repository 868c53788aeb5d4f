/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the tests of sharing between strangers have in common: clients of their own,
 * other users, and named domains.
 */
#ifndef KSHARE_SHARING_TEST_H
#define KSHARE_SHARING_TEST_H

#include "kshare_test.h"

#include <grp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include <linux/capability.h>

/* Nobody's in particular */
#define ALICE		1000
#define BOB		1001
#define CAROL		1002

/* Groups of what LIST and DOMAIN_INFO give */
#define NAME_OF(s, n)	(&(s)->out.values[4 * (n)])

/* A client of this process's own; false if there is none. */
static inline bool t_open(struct side *s)
{
	memset(s, 0, sizeof(*s));
	s->fd = open(KSHARE_DEVICE, O_RDWR | O_CLOEXEC);
	return s->fd >= 0;
}

static inline struct kshare_cmd t_open_cmd(const char *name, uint32_t flags, uint32_t rights)
{
	struct kshare_cmd cmd = t_cmd(KSHARE_OP_DOMAIN_OPEN, 0);

	cmd.key = t_str(name);
	cmd.flags = flags;
	cmd.nr = rights;
	return cmd;
}

/* A handle to a domain that is there */
static inline int t_join(struct side *s, const char *name, uint32_t rights)
{
	return t_raw(s, t_open_cmd(name, 0, rights));
}

/* A handle to one that need not be there */
static inline int t_make(struct side *s, const char *name, uint32_t flags, int mode)
{
	struct kshare_cmd cmd = t_open_cmd(name, KSHARE_MAKE | flags, 0);

	cmd.value = t_int(mode);
	return t_raw(s, cmd);
}

/* DOMAIN_SET; what is negative stays as it is. */
static inline int t_set(struct side *s, int domain, int64_t uid, int64_t gid, int mode,
			uint32_t flags)
{
	struct kshare_cmd cmd = t_cmd(KSHARE_OP_DOMAIN_SET, domain);

	cmd.flags = flags;
	if (uid >= 0)
		cmd.key = t_int(uid);
	if (gid >= 0)
		cmd.value = t_int(gid);
	if (mode >= 0)
		cmd.expect = t_int(mode);
	return t_raw(s, cmd);
}

static inline int t_create_in(struct side *s, int domain, uint32_t type)
{
	struct kshare_cmd cmd = t_cmd(KSHARE_OP_CREATE, domain);

	cmd.nr = KSHARE_CREATE_NR(type, 0);
	return t_raw(s, cmd);
}

/* Puts something into the root of a domain. */
static inline int t_put(struct side *s, int domain, const char *key, struct kshare_value v)
{
	int root = t_raw(s, t_cmd(KSHARE_OP_DOMAIN_ROOT, domain));
	struct kshare_cmd cmd = t_cmd(KSHARE_OP_DICT_SET, root);
	int ret;

	if (root < 0)
		return root;
	cmd.key = t_str(key);
	cmd.value = v;
	ret = t_raw(s, cmd);
	t_close(s, root);
	/* New or not */
	return ret < 0 ? ret : 0;
}

/* What is in the root of a domain, as the first value of s->out: 0 or -errno. */
static inline int t_take(struct side *s, int domain, const char *key)
{
	int root = t_raw(s, t_cmd(KSHARE_OP_DOMAIN_ROOT, domain));
	struct kshare_cmd cmd = t_cmd(KSHARE_OP_DICT_GET, root);
	int ret;

	if (root < 0)
		return root;
	cmd.key = t_str(key);
	ret = t_run(s, cmd);
	t_close(s, root);
	return ret;
}

/* The same for an object: a handle. */
static inline int t_find(struct side *s, int domain, const char *key)
{
	int ret = t_take(s, domain, key);

	if (ret < 0)
		return ret;
	return s->out.values[0].type == KSHARE_REF ? s->out.values[0].ref.handle : -ENOENT;
}

static inline uint32_t t_rights(struct side *s, int h)
{
	struct kshare_stat stat;

	return t_stat(s, h, &stat) ? ~0u : stat.rights;
}

static inline uint64_t t_id(struct side *s, int h)
{
	struct kshare_stat stat;

	return t_stat(s, h, &stat) ? 0 : stat.id;
}

/* DOMAIN_INFO: name, owner, group, mode, pinned in s->out */
static inline int t_info(struct side *s, int domain)
{
	return t_run(s, t_cmd(KSHARE_OP_DOMAIN_INFO, domain));
}

static inline bool t_info_is(struct side *s, int domain, uid_t uid, gid_t gid, int mode,
			     bool pinned)
{
	struct kshare_value *v = s->out.values;

	return !t_info(s, domain) && s->out.head.count == 5 && v[1].u == uid && v[2].u == gid &&
	       v[3].u == mode && v[4].type == KSHARE_BOOL && v[4].u == pinned;
}

/* Has this process a capability from now on?  What is permitted stays. */
static inline int t_cap(int cap, bool on)
{
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2];

	if (syscall(SYS_capget, &head, data))
		return -errno;
	if (on)
		data[cap / 32].effective |= 1u << cap % 32;
	else
		data[cap / 32].effective &= ~(1u << cap % 32);
	return syscall(SYS_capset, &head, data) ? -errno : 0;
}

/*
 * Can this process open files, or are there too many in the system?  That is for who has
 * no CAP_SYS_ADMIN, as it has none then.
 */
static inline bool t_files_run_out(bool out)
{
	static char most[32];
	static int fd = -1;

	if (out) {
		fd = open("/proc/sys/fs/file-max", O_RDWR | O_CLOEXEC);
		return fd >= 0 && pread(fd, most, sizeof(most), 0) > 0 &&
		       pwrite(fd, "0", 1, 0) == 1 && !t_cap(CAP_SYS_ADMIN, false);
	}
	return pwrite(fd, most, strlen(most), 0) > 0 && !close(fd) && !t_cap(CAP_SYS_ADMIN, true);
}

/* Only that one, for good; -1 for none. */
static inline int t_cap_only(int cap)
{
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2] = {};

	if (cap >= 0) {
		data[cap / 32].effective = 1u << cap % 32;
		data[cap / 32].permitted = 1u << cap % 32;
	}
	return syscall(SYS_capset, &head, data) ? -errno : 0;
}

/*
 * Effective ids from now on, and one more group; to be root again is possible.
 * The real ids stay root's.
 */
static inline int t_become(uid_t uid, gid_t gid, gid_t more)
{
	if (setresuid(-1, 0, -1) || setgroups(1, &more) || setresgid(-1, gid, -1) ||
	    setresuid(-1, uid, -1))
		return -errno;
	return 0;
}

static inline int t_root(void)
{
	return t_become(0, 0, 0);
}

/*
 * This process is another user's for good, with a client that it opened as that
 * user.  The device need not be there for everybody.
 */
static inline bool t_be(struct side *s, uid_t uid, gid_t gid)
{
	bool opened;

	if (prctl(PR_SET_KEEPCAPS, 1) || setgroups(0, NULL) || setresgid(gid, gid, gid) ||
	    setresuid(uid, uid, uid) || t_cap_only(CAP_DAC_OVERRIDE))
		return false;
	opened = t_open(s);
	return opened && !t_cap_only(-1);
}

/* Results that children leave here; of this test alone */
#define RESULT(i)	((int)__atomic_load_n(&t_counts[64 + (i)], __ATOMIC_SEQ_CST))

static inline void t_result(int i, int value)
{
	__atomic_store_n(&t_counts[64 + (i)], value, __ATOMIC_SEQ_CST);
}

/* Waits for a step of another process's; false if that is over instead. */
static inline bool t_until_step(int i, pid_t pid)
{
	siginfo_t info;

	while (!t_counted(i)) {
		info.si_pid = 0;
		if (waitid(P_PID, pid, &info, WEXITED | WNOHANG | WNOWAIT) || info.si_pid)
			return t_counted(i);
		sched_yield();
	}
	return true;
}

/* For who cannot do more: is killed. */
static inline void t_stay(void)
{
	for (;;)
		pause();
}

static inline int t_kill(pid_t pid)
{
	kill(pid, SIGKILL);
	return t_wait(pid);
}

#endif /* KSHARE_SHARING_TEST_H */
