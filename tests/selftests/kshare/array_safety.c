// SPDX-License-Identifier: GPL-2.0
/* Mapped arrays: never more than the handle gives, and never anything but the array. */
#include "passing_test.h"

#include <setjmp.h>

static int page_size(void)
{
	return getpagesize();
}

static void *map(struct side *s, uint64_t h, size_t length, int prot, int flags)
{
	return mmap(NULL, length, prot, flags, s->fd, KSHARE_MMAP_OFFSET(h, page_size()));
}

/* How a mapping is refused, or 0 */
static int map_error(struct side *s, uint64_t h, size_t length, int prot, int flags)
{
	void *at = map(s, h, length, prot, flags);

	if (at == MAP_FAILED)
		return errno;
	munmap(at, length);
	return 0;
}

static int bytes(struct side *s, int64_t length)
{
	return t_create_elem(s, KSHARE_TYPE_ARRAY, KSHARE_ELEM_BYTES, length);
}

static sigjmp_buf fault;
static volatile int faulted;

static void on_fault(int sig)
{
	faulted = sig;
	siglongjmp(fault, 1);
}

/* The signal that an access brings, or 0 */
static int access_signal(volatile uint8_t *at, bool write)
{
	struct sigaction sa = { .sa_handler = on_fault, .sa_flags = SA_NODEFER };

	sigaction(SIGSEGV, &sa, NULL);
	sigaction(SIGBUS, &sa, NULL);
	faulted = 0;
	if (!sigsetjmp(fault, 1)) {
		if (write)
			*at = 1;
		else
			(void)*at;
	}
	return faulted;
}

TEST_F(kshare, who_may_only_read_gets_no_writable_mapping)
{
	const uint32_t readers[] = {
		KSHARE_RIGHT_READ, T_ALL_BUT(KSHARE_RIGHT_WRITE),
	};
	struct side *s = &self->s, *other = t_open();
	int a = bytes(s, page_size()), page = page_size(), i, h, fd;
	uint8_t *at;

	for (i = 0; i < 3; i++) {
		/* By DUP, by DUP of all others, and by a descriptor */
		if (i < 2) {
			h = t_dup(s, a, readers[i]);
		} else {
			fd = t_export(s, a, KSHARE_RIGHT_READ);
			h = t_import(other, fd, 0);
			close(fd);
		}
		EXPECT_EQ(EACCES, map_error(i < 2 ? s : other, h, page, PROT_READ | PROT_WRITE,
					    MAP_SHARED));
		EXPECT_EQ(EACCES, map_error(i < 2 ? s : other, h, page, PROT_WRITE, MAP_SHARED));
		at = map(i < 2 ? s : other, h, page, PROT_READ, MAP_SHARED);
		ASSERT_NE(MAP_FAILED, (void *)at);
		/* And cannot make one of it */
		EXPECT_EQ(-1, mprotect(at, page, PROT_READ | PROT_WRITE));
		EXPECT_EQ(EACCES, errno);
		EXPECT_EQ(-1, mprotect(at, page, PROT_WRITE));
		EXPECT_EQ(0, mprotect(at, page, PROT_NONE));
		EXPECT_EQ(-1, mprotect(at, page, PROT_READ | PROT_WRITE));
		EXPECT_EQ(0, mprotect(at, page, PROT_READ));
		EXPECT_EQ(SIGSEGV, access_signal(at, true));
		EXPECT_EQ(0, access_signal(at, false));
		EXPECT_EQ(0, at[0]);
		munmap(at, page);
	}
	/* Without READ there is none, not even to write. */
	h = t_dup(s, a, KSHARE_RIGHT_WRITE);
	EXPECT_EQ(EACCES, map_error(s, h, page, PROT_WRITE, MAP_SHARED));
	EXPECT_EQ(EACCES, map_error(s, h, page, PROT_NONE, MAP_SHARED));
	t_leave(other);
}

/* By the memory file, which could write what is write-protected */
TEST_F(kshare, nobody_writes_around_the_protection)
{
	struct side *s = &self->s;
	int page = page_size(), a = bytes(s, page), h = t_dup(s, a, KSHARE_RIGHT_READ);
	int mem = open("/proc/self/mem", O_RDWR | O_CLOEXEC);
	uint8_t *at = map(s, h, page, PROT_READ, MAP_SHARED), one = 1;

	ASSERT_NE(MAP_FAILED, (void *)at);
	ASSERT_LE(0, mem);
	EXPECT_EQ(-1, pwrite(mem, &one, 1, (off_t)(uintptr_t)at));
	EXPECT_EQ(0, at[0]);
	/* Nor does the kernel for them */
	EXPECT_EQ(-1, read(open("/dev/zero", O_RDONLY | O_CLOEXEC), at, page));
	EXPECT_EQ(EFAULT, errno);
	munmap(at, page);
	close(mem);
}

TEST_F(kshare, it_is_never_executable)
{
	struct side *s = &self->s;
	int a = bytes(s, page_size()), page = page_size();
	uint8_t *at;

	EXPECT_EQ(EPERM, map_error(s, a, page, PROT_READ | PROT_EXEC, MAP_SHARED));
	EXPECT_EQ(EPERM, map_error(s, a, page, PROT_EXEC, MAP_SHARED));
	EXPECT_EQ(EPERM, map_error(s, a, page, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_SHARED));
	at = map(s, a, page, PROT_READ | PROT_WRITE, MAP_SHARED);
	ASSERT_NE(MAP_FAILED, (void *)at);
	EXPECT_EQ(-1, mprotect(at, page, PROT_READ | PROT_EXEC));
	EXPECT_EQ(EACCES, errno);
	EXPECT_EQ(-1, mprotect(at, page, PROT_EXEC));
	munmap(at, page);
}

TEST_F(kshare, it_is_shared_or_not_at_all)
{
	struct side *s = &self->s;
	int a = bytes(s, page_size()), page = page_size();

	EXPECT_EQ(EINVAL, map_error(s, a, page, PROT_READ | PROT_WRITE, MAP_PRIVATE));
	EXPECT_EQ(EINVAL, map_error(s, a, page, PROT_READ, MAP_PRIVATE));
}

/* From no length, and by no way there is, is seen what is behind it. */
TEST_F(kshare, it_is_not_longer_than_the_array)
{
	static const int64_t lengths[] = { 1, 4095, 4096, 4097, 3 * 4096, 3 * 4096 + 1 };
	struct side *s = &self->s;
	int page = page_size(), i, j, a;

	for (i = 0; i < (int)(sizeof(lengths) / sizeof(lengths[0])); i++) {
		size_t whole = (lengths[i] + page - 1) / page * page;
		uint8_t *at, *more;

		a = bytes(s, lengths[i]);
		EXPECT_EQ(EINVAL, map_error(s, a, whole + 1, PROT_READ, MAP_SHARED));
		EXPECT_EQ(EINVAL, map_error(s, a, whole + page, PROT_READ, MAP_SHARED));
		EXPECT_NE(0, map_error(s, a, SIZE_MAX / 4, PROT_READ, MAP_SHARED));
		EXPECT_EQ(0, map_error(s, a, whole, PROT_READ, MAP_SHARED));
		at = map(s, a, whole, PROT_READ | PROT_WRITE, MAP_SHARED);
		ASSERT_NE(MAP_FAILED, (void *)at);
		/* All is zero, that behind the last element too. */
		for (j = 0; j < (int)whole; j++)
			if (at[j])
				break;
		EXPECT_EQ((int)whole, j);
		EXPECT_EQ(MAP_FAILED, mremap(at, whole, whole + page, MREMAP_MAYMOVE));
		EXPECT_EQ(MAP_FAILED, mremap(at, whole, 2 * whole, 0));
		/* A second one, from an old length of 0, is no longer either. */
		more = mremap(at, 0, whole + page, MREMAP_MAYMOVE);
		if (more != MAP_FAILED) {
			EXPECT_EQ(SIGBUS, access_signal(more + whole, false));
			EXPECT_EQ(SIGBUS, access_signal(more + whole, true));
			munmap(more, whole + page);
		}
		/* Moved and cut it is the same. */
		at[0] = 42;
		more = mremap(at, whole, whole, MREMAP_MAYMOVE | MREMAP_FIXED,
			      mmap(NULL, whole, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
		if (more != MAP_FAILED)
			at = more;
		EXPECT_EQ(42, at[0]);
		if (whole > (size_t)page) {
			EXPECT_EQ(0, munmap(at, page));
			at += page;
			whole -= page;
			/* The rest begins where it did. */
			at[0] = 7;
			EXPECT_EQ(0, t_run(s, t_with_key(KSHARE_OP_ARRAY_GET, a, t_int(page))));
			EXPECT_EQ(7, s->out.values[0].i);
			EXPECT_EQ(MAP_FAILED, mremap(at, whole, whole + page, MREMAP_MAYMOVE));
		}
		EXPECT_EQ(0, munmap(at, whole));
		EXPECT_EQ(0, t_close(s, a));
	}
}

TEST_F(kshare, memory_that_others_had_is_not_seen)
{
	struct side *s = &self->s;
	int page = page_size(), size = 16 * page, i, a, dirty = 0, k;
	uint8_t *at;

	for (i = 0; i < 50; i++) {
		a = bytes(s, size);
		at = map(s, a, size, PROT_READ | PROT_WRITE, MAP_SHARED);
		ASSERT_NE(MAP_FAILED, (void *)at);
		for (k = 0; k < size; k++)
			dirty += !!at[k];
		memset(at, 0xa5, size);
		munmap(at, size);
		EXPECT_EQ(0, t_close(s, a));
	}
	EXPECT_EQ(0, dirty);
}

TEST_F(kshare, it_survives_handle_gate_client_and_creator)
{
	struct side *s = &self->s;
	uint64_t objects = t_user_used(s, -1, KSHARE_LIMIT_OBJECTS);
	int page = page_size(), sock[2], a, g, h, fd, i;
	volatile uint64_t *at;
	pid_t pid;

	ASSERT_EQ(0, socketpair(AF_UNIX, SOCK_STREAM, 0, sock));
	for (i = 0; i < 2; i++) {
		pid = fork();
		if (!pid) {
			struct side *other = t_open();

			a = t_create_elem(other, KSHARE_TYPE_ARRAY, KSHARE_ELEM_U64, 4);
			g = t_revocable(other, a);
			if (t_send_fd(sock[1], t_export(other, g, 0)) ||
			    read(sock[1], &h, sizeof(h)) != sizeof(h))
				_exit(1);
			if (h && t_revoke(other, g))
				_exit(2);
			if (write(sock[1], &h, sizeof(h)) != sizeof(h))
				_exit(3);
			pause();
		}
		fd = t_receive_fd(sock[0]);
		h = t_import(s, fd, 0);
		ASSERT_LT(0, h);
		at = map(s, h, page, PROT_READ | PROT_WRITE, MAP_SHARED);
		ASSERT_NE(MAP_FAILED, (void *)at);
		at[1] = 41;
		/* Revoked or not */
		ASSERT_EQ(sizeof(i), write(sock[0], &i, sizeof(i)));
		ASSERT_EQ(sizeof(a), read(sock[0], &a, sizeof(a)));
		EXPECT_EQ(i ? ESTALE : 0, map_error(s, h, page, PROT_READ, MAP_SHARED));
		close(fd);
		kill(pid, SIGKILL);
		EXPECT_EQ(1000 + SIGKILL, t_wait(pid));
		EXPECT_EQ(0, t_close(s, h));
		EXPECT_EQ(EBADF, map_error(s, h, page, PROT_READ, MAP_SHARED));
		EXPECT_EQ(41, at[1]);
		at[3] = 42;
		/* A child has it too, without being anybody's client. */
		pid = fork();
		if (!pid)
			_exit(at[3] == 42 ? 0 : 1);
		EXPECT_EQ(0, t_wait(pid));
		munmap((void *)at, page);
		EXPECT_TRUE(T_UNTIL(t_user_used(s, -1, KSHARE_LIMIT_OBJECTS) <= objects));
	}
	close(sock[0]);
	close(sock[1]);
}

TEST_F(kshare, nothing_but_arrays_can_be_mapped)
{
	struct side *s = &self->s, *other = t_open();
	int page = page_size(), c = t_number_cell(s, 7), g = t_revocable(s, c), fd, type;

	for (type = KSHARE_TYPE_CELL; type <= KSHARE_TYPE_QUEUE; type++) {
		int h = t_create(s, type);

		if (type != KSHARE_TYPE_ARRAY && h > 0)
			EXPECT_EQ(ENOTTY, map_error(s, h, page, PROT_READ, MAP_SHARED));
	}
	EXPECT_EQ(ENOTTY, map_error(s, 1, page, PROT_READ, MAP_SHARED));
	EXPECT_EQ(ENOTTY, map_error(s, g, page, PROT_READ, MAP_SHARED));
	EXPECT_EQ(EBADF, map_error(s, 0, page, PROT_READ, MAP_SHARED));
	EXPECT_EQ(EBADF, map_error(s, 1999, page, PROT_READ, MAP_SHARED));
	EXPECT_EQ(EBADF, map_error(s, UINT32_MAX, page, PROT_READ, MAP_SHARED));
	/* Of a number that is too large for a handle no part is taken for one. */
	EXPECT_EQ(EBADF, map_error(s, (1ull << 32) + bytes(s, page), page, PROT_READ, MAP_SHARED));
	/* Not by the descriptor of the object, though there is one. */
	fd = t_export(s, bytes(s, page), 0);
	EXPECT_EQ(MAP_FAILED, mmap(NULL, page, PROT_READ, MAP_SHARED, fd, 0));
	close(fd);
	t_leave(other);
}

/* How a call of the system is refused, or 0 */
static int refused(int ret)
{
	return ret ? errno : 0;
}

/* Who has a descriptor has no file of which he could change the size, or free the memory. */
TEST_F(kshare, an_array_cannot_be_cut_or_grown_or_punched)
{
	static const int modes[] = {
		0, FALLOC_FL_KEEP_SIZE, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
		FALLOC_FL_ZERO_RANGE, FALLOC_FL_COLLAPSE_RANGE, FALLOC_FL_INSERT_RANGE,
	};
	struct side *s = &self->s;
	int page = page_size(), a = bytes(s, 2 * page), fds[2], i, j;
	uint8_t *at = map(s, a, 2 * page, PROT_READ | PROT_WRITE, MAP_SHARED);

	ASSERT_NE(MAP_FAILED, (void *)at);
	at[0] = 42;
	at[page] = 42;
	/* By the descriptor of the object, and by that of the client */
	fds[0] = t_export(s, a, 0);
	ASSERT_LE(0, fds[0]);
	fds[1] = s->fd;
	for (i = 0; i < 2; i++) {
		EXPECT_NE(0, refused(ftruncate(fds[i], 0)));
		EXPECT_NE(0, refused(ftruncate(fds[i], page)));
		EXPECT_NE(0, refused(ftruncate(fds[i], 4 * page)));
		for (j = 0; j < (int)(sizeof(modes) / sizeof(modes[0])); j++)
			EXPECT_NE(0, refused(fallocate(fds[i], modes[j], 0, page))) {
				TH_LOG("mode %x of descriptor %d", modes[j], i);
			}
	}
	EXPECT_EQ(42, at[0]);
	EXPECT_EQ(42, at[page]);
	EXPECT_EQ(EINVAL, map_error(s, a, 3 * page, PROT_READ, MAP_SHARED));
	close(fds[0]);
	munmap(at, 2 * page);
}

/* Nor is there one behind the mapping, by which another program could map it anew. */
TEST_F(kshare, a_mapping_gives_no_way_to_what_is_behind_it)
{
	static const int modes[] = { O_RDONLY, O_WRONLY, O_RDWR, O_RDWR | O_TRUNC };
	struct side *s = &self->s;
	int page = page_size(), a = bytes(s, page), i, fd;
	uint8_t *at = map(s, a, page, PROT_READ | PROT_WRITE, MAP_SHARED);
	char path[100], target[100];

	ASSERT_NE(MAP_FAILED, (void *)at);
	at[0] = 42;
	snprintf(path, sizeof(path), "/proc/self/map_files/%lx-%lx", (unsigned long)at,
		 (unsigned long)at + page);
	/* It is this mapping that is tried, with all that root may do. */
	ASSERT_LT(0, readlink(path, target, sizeof(target)));
	for (i = 0; i < (int)(sizeof(modes) / sizeof(modes[0])); i++) {
		fd = open(path, modes[i] | O_CLOEXEC);
		EXPECT_GT(0, fd) {
			TH_LOG("%x", modes[i]);
		}
		if (fd >= 0)
			close(fd);
	}
	EXPECT_NE(0, refused(truncate(path, 0)));
	EXPECT_EQ(42, at[0]);
	munmap(at, page);
}

TEST_F(kshare, a_child_maps_nothing_by_its_parents_client)
{
	struct side *s = &self->s;
	int a = bytes(s, page_size());
	pid_t pid = fork();

	if (!pid)
		_exit(map_error(s, a, page_size(), PROT_READ, MAP_SHARED));
	EXPECT_EQ(EPERM, t_wait(pid));
}

/* Mapped and unmapped while it is closed and revoked: either there is one or not. */
TEST_F(kshare, mapped_while_it_is_closed_or_revoked)
{
	struct side *s = &self->s;
	int rounds = t_rounds(300), page = page_size(), error, i, a, g;
	struct t_thread t;
	uint8_t *at;

	for (i = 0; i < rounds; i++) {
		a = bytes(s, page);
		g = t_revocable(s, a);
		/* The last way to it, at times */
		if (i % 3)
			EXPECT_EQ(0, t_close(s, a));
		t_begin(s, &t, t_cmd(i % 2 ? KSHARE_OP_CLOSE : KSHARE_OP_REVOKE, g), false);
		at = map(s, g, page, PROT_READ | PROT_WRITE, MAP_SHARED);
		error = errno;
		if (at != MAP_FAILED)
			at[0] = 1;
		EXPECT_EQ(0, t_end(&t));
		if (at != MAP_FAILED) {
			EXPECT_EQ(1, at[0]);
			munmap(at, page);
		} else {
			EXPECT_EQ(i % 2 ? EBADF : ESTALE, error);
		}
		t_close(s, g);
		t_close(s, a);
	}
}

TEST_HARNESS_MAIN
