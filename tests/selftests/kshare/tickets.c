// SPDX-License-Identifier: GPL-2.0
/*
 * Tickets: references as strings, that are good for so many uses, until some time,
 * for one user or for all, and cannot be guessed.
 */
#include "passing_test.h"

#define SECOND	1000000000ll

static struct kshare_cmd create(int h, int64_t uses, int64_t until)
{
	struct kshare_cmd cmd = t_cmd(KSHARE_OP_TICKET_CREATE, h);

	if (uses)
		cmd.key = t_int(uses);
	if (until)
		cmd.expect = t_int(until);
	return cmd;
}

static int end(struct side *s, int64_t number)
{
	return t_raw(s, t_with_key(KSHARE_OP_TICKET_REVOKE, 0, t_int(number)));
}

static uint64_t handles(struct side *s)
{
	return t_user_used(s, -1, KSHARE_LIMIT_HANDLES);
}

/* The same after too many guesses, which passes */
static int redeem_later(struct side *s, const char *text)
{
	int64_t until = t_now() + T_LONG;
	int ret;

	do {
		ret = t_redeem(s, text, 0);
	} while (ret == -EAGAIN && t_now() < until);
	return ret;
}

TEST_F(kshare, a_ticket_gives_a_handle_once)
{
	struct side *s = &self->s, *other = t_open();
	char text[KSHARE_TICKET_LEN + 1];
	int c = t_number_cell(s, 7), h;

	ASSERT_LT(0, t_ticket(s, c, text));
	EXPECT_EQ(KSHARE_TICKET_LEN, strspn(text, "0123456789abcdef"));
	h = t_redeem(other, text, 0);
	EXPECT_EQ(7, t_number_of(other, h));
	EXPECT_EQ(KSHARE_RIGHT_ALL, t_rights(other, h));
	EXPECT_EQ(-ENOENT, t_redeem(other, text, 0));
	EXPECT_EQ(-ENOENT, t_redeem(s, text, 0));
	t_leave(other);
}

TEST_F(kshare, a_ticket_gives_as_many_handles_as_it_says)
{
	struct side *s = &self->s;
	char text[KSHARE_TICKET_LEN + 1];
	int c = t_number_cell(s, 7), i;
	int64_t number = t_ticket_for(s, create(c, 5, 0), text);

	for (i = 0; i < 5; i++)
		EXPECT_EQ(7, t_number_of(s, t_redeem(s, text, 0)));
	EXPECT_EQ(-ENOENT, t_redeem(s, text, 0));
	EXPECT_EQ(-ENOENT, end(s, number));
	/* As many as there are numbers */
	number = t_ticket_for(s, create(c, INT64_MAX, 0), text);
	for (i = 0; i < 5; i++)
		EXPECT_EQ(7, t_number_of(s, t_redeem(s, text, 0)));
	EXPECT_EQ(0, end(s, number));
	EXPECT_EQ(-ENOENT, t_redeem(s, text, 0));
	EXPECT_EQ(-ENOENT, end(s, number));
}

TEST_F(kshare, what_it_takes_is_checked)
{
	struct side *s = &self->s;
	int c = t_number_cell(s, 7), reader = t_dup(s, c, T_ALL_BUT(KSHARE_RIGHT_WRITE));
	uint64_t before = handles(s);
	char text[KSHARE_TICKET_LEN + 1];
	struct kshare_cmd cmd = create(c, -1, 0);

	EXPECT_EQ(-EINVAL, t_run(s, cmd));
	cmd.key = t_int(0);
	EXPECT_EQ(-EINVAL, t_run(s, cmd));
	cmd.key = t_str("1");
	EXPECT_EQ(-EINVAL, t_run(s, cmd));
	cmd = create(c, 0, -1);
	EXPECT_EQ(-EINVAL, t_run(s, cmd));
	cmd.expect = t_int(0);
	EXPECT_EQ(-EINVAL, t_run(s, cmd));
	cmd.expect = t_uint(UINT64_MAX);
	EXPECT_EQ(-EINVAL, t_run(s, cmd));
	cmd = create(c, 0, 0);
	cmd.value = t_int(-1);
	EXPECT_EQ(-EINVAL, t_run(s, cmd));
	cmd.value = t_uint(UINT32_MAX);
	EXPECT_EQ(-EINVAL, t_run(s, cmd));
	cmd.value = t_uint(1ull << 32);
	EXPECT_EQ(-EINVAL, t_run(s, cmd));
	cmd = create(c, 0, 0);
	cmd.nr = 1u << 31;
	EXPECT_EQ(-EOPNOTSUPP, t_run(s, cmd));
	cmd = create(reader, 0, 0);
	cmd.nr = KSHARE_RIGHT_WRITE;
	EXPECT_EQ(-EACCES, t_run(s, cmd));
	/* Nobody would know it */
	EXPECT_EQ(-EINVAL, t_raw(s, create(c, 0, 0)));
	cmd = create(c, 0, 0);
	cmd.out = (uintptr_t)&s->out;
	cmd.out_len = sizeof(s->out.head);
	EXPECT_EQ(-ENOBUFS, t_raw(s, cmd));
	cmd.out = 8;
	cmd.out_len = 4096;
	EXPECT_EQ(-EFAULT, t_raw(s, cmd));
	EXPECT_EQ(before, handles(s));
	EXPECT_EQ(-EINVAL, end(s, -1));
	EXPECT_EQ(-ENOENT, end(s, 0));
	EXPECT_EQ(-ENOENT, end(s, 1ll << 40));
	EXPECT_EQ(-EBADF, t_ticket(s, 12345, text));
}

/* Its text is written before its number, which is where it fails. */
TEST_F(kshare, one_that_cannot_be_told_was_none_and_ends_no_other)
{
	struct side *s = &self->s, *other = t_open();
	int c = t_number_cell(s, 7), h;
	struct kshare_cmd cmd = create(c, 0, 0);
	char text[KSHARE_TICKET_LEN + 1] = {}, next[KSHARE_TICKET_LEN + 1];
	uint64_t before = handles(s);
	struct t_lazy lazy = {};
	static struct t_thread t;
	int64_t number;
	char *pages;

	pages = mmap(NULL, 2 * T_PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, pages);
	memset(pages, 0, 2 * T_PAGE);
	if (!t_lazy_begin(&lazy, pages))
		SKIP(return, "no userfaultfd");
	cmd.out_len = sizeof(struct kshare_result) + sizeof(struct kshare_value) +
		      KSHARE_TICKET_LEN;
	cmd.out = (uintptr_t)pages + T_PAGE - (cmd.out_len - KSHARE_TICKET_LEN);
	t_begin(s, &t, cmd, false);
	ASSERT_TRUE(t_lazy_touched(&lazy));
	memcpy(text, pages + T_PAGE, KSHARE_TICKET_LEN);
	EXPECT_EQ(KSHARE_TICKET_LEN, strlen(text));
	h = t_redeem(other, text, 0);
	EXPECT_EQ(-ENOENT, h);
	number = t_ticket(s, c, next);
	EXPECT_LT(0, number);
	t_lazy_end(&lazy);
	EXPECT_EQ(-EFAULT, t_end(&t));
	EXPECT_EQ(-ENOENT, t_redeem(other, text, 0));
	EXPECT_EQ(before + 1, handles(s));
	EXPECT_EQ(7, t_number_of(other, t_redeem(other, next, 0)));
	EXPECT_EQ(-ENOENT, end(s, number));
	munmap(pages + T_PAGE, T_PAGE);
	t_leave(other);
}

TEST_F(kshare, a_ticket_of_fewer_rights_gives_no_more)
{
	const uint32_t some = KSHARE_RIGHT_READ | KSHARE_RIGHT_WAIT;
	struct side *s = &self->s;
	struct kshare_cmd cmd = create(t_number_cell(s, 7), 4, 0);
	char text[KSHARE_TICKET_LEN + 1];
	uint32_t bit;
	int h;

	cmd.nr = some;
	ASSERT_LT(0, t_ticket_for(s, cmd, text));
	/* What fails is no use of it. */
	for (bit = 1; bit & KSHARE_RIGHT_ALL; bit <<= 1) {
		h = t_redeem(s, text, bit);
		EXPECT_EQ(some & bit ? (int)bit : -EACCES, h < 0 ? h : t_rights(s, h));
	}
	EXPECT_EQ(-EACCES, t_redeem(s, text, KSHARE_RIGHT_ALL));
	EXPECT_EQ(-EOPNOTSUPP, t_redeem(s, text, KSHARE_RIGHT_ALL + 1));
	EXPECT_EQ(some, t_rights(s, t_redeem(s, text, 0)));
	h = t_redeem(s, text, 0);
	EXPECT_EQ(-EACCES, t_export(s, h, KSHARE_RIGHT_READ));
	EXPECT_EQ(-ENOENT, t_redeem(s, text, 0));
}

TEST_F(kshare, a_ticket_is_good_until_its_time)
{
	struct side *s = &self->s;
	char text[KSHARE_TICKET_LEN + 1];
	int c = t_number_cell(s, 7), h, good = 0;
	uint64_t before = handles(s);
	int64_t until, time, began;

	/* One in the past is over */
	ASSERT_LT(0, t_ticket_for(s, create(c, 1, 1), text));
	EXPECT_EQ(-ENOENT, t_redeem(s, text, 0));
	EXPECT_TRUE(T_UNTIL(handles(s) == before));
	/* Good before, and never again once it was over; a busy machine needs longer. */
	for (time = SECOND / 10; !good; time *= 2) {
		until = t_now() + time;
		ASSERT_LT(0, t_ticket_for(s, create(c, 1000000000, until), text));
		for (;;) {
			began = t_now();
			h = t_redeem(s, text, 0);
			if (h < 0)
				break;
			EXPECT_GE(until, began);
			good += t_close(s, h) == 0;
		}
		EXPECT_EQ(-ENOENT, h);
		EXPECT_LE(until, t_now());
	}
	EXPECT_TRUE(T_UNTIL(handles(s) == before));
	EXPECT_EQ(-ENOENT, t_redeem(s, text, 0));
}

TEST_F(kshare, tickets_end_in_the_order_of_their_times)
{
	struct side *s = &self->s;
	char text[4][KSHARE_TICKET_LEN + 1];
	int c = t_number_cell(s, 7), i;
	uint64_t before = handles(s);
	int64_t numbers[3], until;

	/* A later one first, so that the clock is set anew for an earlier one. */
	for (i = 2; i >= 0; i--) {
		until = t_now() + i * 3600 * SECOND + SECOND / 50;
		numbers[i] = t_ticket_for(s, create(c, 1, until), text[i]);
	}
	EXPECT_TRUE(T_UNTIL(handles(s) == before + 2));
	EXPECT_EQ(-ENOENT, t_redeem(s, text[0], 0));
	EXPECT_EQ(-ENOENT, end(s, numbers[0]));
	EXPECT_EQ(7, t_number_of(s, t_redeem(s, text[1], 0)));
	EXPECT_EQ(0, end(s, numbers[2]));
	EXPECT_EQ(-ENOENT, t_redeem(s, text[2], 0));
}

TEST_F(kshare, a_ticket_without_a_time_ends_with_its_client)
{
	struct side *s = &self->s, *other = t_open();
	char text[KSHARE_TICKET_LEN + 1], timed[KSHARE_TICKET_LEN + 1];
	uint64_t before = handles(s), objects = t_user_used(s, -1, KSHARE_LIMIT_OBJECTS);
	int c = t_number_cell(other, 7), h;

	ASSERT_LT(0, t_ticket(other, c, text));
	ASSERT_LT(0, t_ticket_for(other, create(c, 1, t_now() + 3600 * SECOND), timed));
	t_leave(other);
	EXPECT_EQ(-ENOENT, t_redeem(s, text, 0));
	/* The other one alone has kept the object; what was its domain is mine now. */
	h = t_redeem(s, timed, 0);
	EXPECT_EQ(7, t_number_of(s, h));
	EXPECT_EQ(-ENOENT, t_redeem(s, timed, 0));
	EXPECT_EQ(0, t_close(s, h));
	EXPECT_TRUE(T_UNTIL(t_user_used(s, -1, KSHARE_LIMIT_OBJECTS) < objects));
	EXPECT_GE(before, handles(s));
}

TEST_F(kshare, a_ticket_outlives_a_process_that_is_killed)
{
	struct side *s = &self->s;
	uint64_t objects = t_user_used(s, -1, KSHARE_LIMIT_OBJECTS);
	char text[2][KSHARE_TICKET_LEN + 1];
	int ready[2], h;
	pid_t pid;

	ASSERT_EQ(0, pipe(ready));
	pid = fork();
	if (!pid) {
		struct side *other = t_open();
		int list = t_create(other, KSHARE_TYPE_LIST);

		/* In a circle, which the ticket keeps from being freed */
		t_append(other, list, t_ref(list));
		t_append(other, list, t_ref(t_number_cell(other, 7)));
		t_ticket(other, list, text[0]);
		t_ticket_for(other, create(list, 1, t_now() + 3600 * SECOND), text[1]);
		if (write(ready[1], text, sizeof(text)) == sizeof(text))
			pause();
		_exit(1);
	}
	ASSERT_EQ(sizeof(text), read(ready[0], text, sizeof(text)));
	kill(pid, SIGKILL);
	EXPECT_EQ(1000 + SIGKILL, t_wait(pid));
	EXPECT_EQ(-ENOENT, t_redeem(s, text[0], 0));
	h = t_redeem(s, text[1], 0);
	EXPECT_EQ(7, t_number_of(s, t_take(s, h, 1)));
	for (h = 2; h < 100; h++)
		t_close(s, h);
	EXPECT_TRUE(T_UNTIL(t_user_used(s, -1, KSHARE_LIMIT_OBJECTS) == objects));
	close(ready[0]);
	close(ready[1]);
}

TEST_F(kshare, a_ticket_for_a_user_is_of_no_use_to_others)
{
	struct side *s = &self->s;
	char text[KSHARE_TICKET_LEN + 1];
	struct kshare_cmd cmd = create(t_number_cell(s, 7), 1, 0);
	pid_t pid;

	if (geteuid())
		SKIP(return, "needs root");
	cmd.value = t_int(T_USER);
	ASSERT_LT(0, t_ticket_for(s, cmd, text));
	EXPECT_EQ(-EPERM, t_redeem(s, text, 0));
	pid = fork();
	if (!pid)
		_exit(-t_redeem(t_open_as(T_OTHER_USER), text, 0));
	EXPECT_EQ(EPERM, t_wait(pid));
	/* None of them has used it. */
	pid = fork();
	if (!pid) {
		struct side *other = t_open_as(T_USER);

		_exit(t_number_of(other, t_redeem(other, text, 0)) == 7 ? 0 : 1);
	}
	EXPECT_EQ(0, t_wait(pid));
	EXPECT_EQ(-ENOENT, t_redeem(s, text, 0));
}

TEST_F(kshare, only_its_client_ends_a_ticket_and_handles_stay)
{
	struct side *s = &self->s, *other = t_open();
	char text[KSHARE_TICKET_LEN + 1];
	int c = t_number_cell(s, 7), h;
	int64_t number = t_ticket_for(s, create(c, 2, 0), text);

	h = t_redeem(other, text, 0);
	EXPECT_EQ(-ENOENT, end(other, number));
	EXPECT_EQ(0, end(s, number));
	EXPECT_EQ(-ENOENT, t_redeem(other, text, 0));
	EXPECT_EQ(7, t_number_of(other, h));
	t_leave(other);
}

TEST_F(kshare, what_can_be_no_ticket_is_invalid)
{
	static const char *const texts[] = {
		"", "0", "0123456789abcdef0123456789abcde", "0123456789abcdef0123456789abcdef0",
		"0123456789abcdef0123456789abcdeg", " 123456789abcdef0123456789abcdef",
		"0x23456789abcdef0123456789abcdef", "0123456789abcdef0123456789abcde\n",
		"0123456789abcdef-123456789abcdef",
	};
	struct side *s = &self->s;
	struct kshare_cmd cmd = t_cmd(KSHARE_OP_TICKET_REDEEM, 0);
	char big[5000];
	int i, round;

	/* However often: that is no guess. */
	for (round = 0; round < 20; round++)
		for (i = 0; i < (int)(sizeof(texts) / sizeof(texts[0])); i++)
			EXPECT_EQ(-EINVAL, t_redeem(s, texts[i], 0));
	memset(big, '0', sizeof(big));
	cmd.key = t_bytes(big, KSHARE_TICKET_LEN);
	EXPECT_EQ(-EINVAL, t_raw(s, cmd));
	cmd.key = t_int(0);
	EXPECT_EQ(-EINVAL, t_raw(s, cmd));
	cmd.key = t_none();
	EXPECT_EQ(-EINVAL, t_raw(s, cmd));
	cmd.key = t_bytes(big, sizeof(big));
	cmd.key.type = KSHARE_STR;
	EXPECT_GT(0, t_raw(s, cmd));
}

TEST_F(kshare, each_digit_counts)
{
	struct side *s = &self->s;
	char text[KSHARE_TICKET_LEN + 1], wrong[KSHARE_TICKET_LEN + 1];
	int i;

	ASSERT_LT(0, t_ticket(s, t_number_cell(s, 7), text));
	for (i = 0; i < KSHARE_TICKET_LEN; i++) {
		int ret;

		memcpy(wrong, text, sizeof(wrong));
		wrong[i] = wrong[i] == '0' ? '1' : '0';
		/* It is a guess, so one has to wait now and then. */
		while ((ret = t_redeem(s, wrong, 0)) == -EAGAIN)
			sched_yield();
		EXPECT_EQ(-ENOENT, ret);
	}
	/* Of another boot */
	EXPECT_TRUE(T_UNTIL(t_redeem(s, "00112233445566778899aabbccddeeff", 0) == -ENOENT));
	i = redeem_later(s, text);
	EXPECT_EQ(7, t_number_of(s, i));
}

static int lines_about(int kmsg, const char *text)
{
	char line[8192];
	int count = 0;
	ssize_t n;

	for (;;) {
		n = read(kmsg, line, sizeof(line) - 1);
		if (n < 0 && errno == EPIPE)
			continue;
		if (n <= 0)
			return count;
		line[n] = 0;
		count += !!strstr(line, text);
	}
}

TEST_F(kshare, who_guesses_has_to_wait)
{
	struct side *s = &self->s;
	char text[KSHARE_TICKET_LEN + 1], wrong[KSHARE_TICKET_LEN + 1];
	int kmsg = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	int blocked[2], go[2];
	int64_t number;
	pid_t pid;
	char c;

	if (geteuid() || kmsg < 0)
		SKIP(return, "needs root");
	lseek(kmsg, 0, SEEK_END);
	ASSERT_EQ(0, pipe(blocked) | pipe(go));
	number = t_ticket_for(s, create(t_number_cell(s, 7), 100, 0), text);
	ASSERT_LT(0, number);
	memcpy(wrong, text, sizeof(wrong));
	wrong[7] ^= 1;
	if (!strchr("0123456789abcdef", wrong[7]))
		wrong[7] = wrong[7] == '`' ? '0' : 'a';
	pid = fork();
	if (!pid) {
		struct side *other = t_open_as(T_USER);
		int ret, guesses = 0;

		while ((ret = t_redeem(other, wrong, 0)) == -ENOENT)
			guesses++;
		if (ret != -EAGAIN || guesses < 64)
			_exit(1);
		/* Another client of the same user's, too, and a good one as well */
		ret = t_redeem(other, text, 0);
		while (ret != -EAGAIN) {
			/* It has been waited for, meanwhile. */
			t_close(other, ret);
			while (t_redeem(other, wrong, 0) == -ENOENT)
				;
			ret = t_redeem(other, text, 0);
		}
		if (write(blocked[1], "x", 1) != 1 || read(go[0], &c, 1) != 1)
			_exit(2);
		/* It passes. */
		ret = redeem_later(other, text);
		_exit(t_number_of(other, ret) == 7 ? 0 : 4);
	}
	EXPECT_EQ(1, read(blocked[0], &c, 1));
	/* Others have nothing to do with it. */
	EXPECT_EQ(7, t_number_of(s, t_redeem(s, text, 0)));
	EXPECT_EQ(1, write(go[1], "x", 1));
	EXPECT_EQ(0, t_wait(pid));
	EXPECT_EQ(1, lines_about(kmsg, "54321"));
	EXPECT_EQ(0, end(s, number));
	close(kmsg);
	close(blocked[0]);
	close(blocked[1]);
	close(go[0]);
	close(go[1]);
}

TEST_F(kshare, a_ticket_counts_as_a_handle_of_its_maker)
{
	struct side *s = &self->s, *other = t_open();
	char text[KSHARE_TICKET_LEN + 1], again[KSHARE_TICKET_LEN + 1];
	struct kshare_cmd limit = t_with_nr(KSHARE_OP_USER_LIMIT, 0, KSHARE_LIMIT_HANDLES);
	uint64_t before;
	pid_t pid;
	int c, h;

	c = t_number_cell(s, 7);
	before = handles(s);
	ASSERT_LT(0, t_ticket(s, c, text));
	EXPECT_EQ(before + 1, handles(s));
	/* Redeemed, it is the handle that counts. */
	h = t_redeem(other, text, 0);
	EXPECT_EQ(before + 1, handles(s));
	EXPECT_EQ(0, t_close(other, h));
	EXPECT_EQ(before, handles(s));
	t_leave(other);
	if (geteuid())
		return;
	limit.key = t_int(T_OTHER_USER);
	limit.value = t_int(3);
	ASSERT_EQ(0, t_run(s, limit));
	ASSERT_LT(0, t_ticket_for(s, create(c, 9, 0), again));
	pid = fork();
	if (!pid) {
		other = t_open_as(T_OTHER_USER);
		c = t_number_cell(other, 8);
		if (t_ticket(other, c, text) < 0)
			_exit(1);
		if (t_ticket(other, c, text) != -EDQUOT || t_dup(other, c, 0) != -EDQUOT)
			_exit(2);
		/* Over the limit it is not used. */
		if (t_redeem(other, again, 0) != -EDQUOT)
			_exit(3);
		if (t_close(other, c))
			_exit(4);
		_exit(t_number_of(other, t_redeem(other, again, 0)) == 7 ? 0 : 5);
	}
	EXPECT_EQ(0, t_wait(pid));
	for (h = 0; h < 8; h++)
		EXPECT_EQ(7, t_number_of(s, t_redeem(s, again, 0)));
	EXPECT_EQ(-ENOENT, t_redeem(s, again, 0));
	limit.value = t_int(1 << 22);
	EXPECT_EQ(0, t_run(s, limit));
}

/* Of a user that nothing else is left of; nobody asks for the tickets meanwhile. */
TEST_F(kshare, a_ticket_is_paid_for_until_its_time_and_ends_by_itself)
{
	struct side *s = &self->s;
	struct kshare_cmd limit = t_with_nr(KSHARE_OP_USER_LIMIT, 0, KSHARE_LIMIT_HANDLES);
	uint64_t end = t_now() + SECOND / 2;
	char text[KSHARE_TICKET_LEN + 1];
	int pipes[2], i;
	pid_t pid;

	if (geteuid())
		SKIP(return, "needs root");
	ASSERT_EQ(0, pipe(pipes));
	pid = fork();
	if (!pid) {
		struct side *other = t_open_as(T_USER);

		for (i = 0; i < 10; i++)
			if (t_ticket_for(other, create(t_number_cell(other, i), 1000, end),
					 text) < 0)
				_exit(1);
		if (t_ticket_for(other, create(t_number_cell(other, 7), 1, end + 3600 * SECOND),
				 text) < 0)
			_exit(2);
		_exit(write(pipes[1], text, sizeof(text)) == sizeof(text) ? 0 : 3);
	}
	EXPECT_EQ(0, t_wait(pid));
	ASSERT_EQ(sizeof(text), read(pipes[0], text, sizeof(text)));
	EXPECT_LE(1, t_user_used(s, T_USER, KSHARE_LIMIT_HANDLES));
	EXPECT_TRUE(T_UNTIL(t_user_used(s, T_USER, KSHARE_LIMIT_HANDLES) == 1));
	EXPECT_TRUE(T_UNTIL(t_user_used(s, T_USER, KSHARE_LIMIT_OBJECTS) == 1));
	/* What is left leaves that much less to a later process. */
	limit.key = t_int(T_USER);
	limit.value = t_int(3);
	ASSERT_EQ(0, t_run(s, limit));
	pid = fork();
	if (!pid) {
		struct side *other = t_open_as(T_USER);

		if (t_number_cell(other, 8) < 0)
			_exit(1);
		_exit(t_dup(other, 1, 0) == -EDQUOT ? 0 : 2);
	}
	EXPECT_EQ(0, t_wait(pid));
	EXPECT_EQ(7, t_number_of(s, t_redeem(s, text, 0)));
	EXPECT_EQ(0, t_user_used(s, T_USER, KSHARE_LIMIT_HANDLES));
	limit.value = t_int(1 << 22);
	EXPECT_EQ(0, t_run(s, limit));
	close(pipes[0]);
	close(pipes[1]);
}

#define MANY	10000

TEST_F(kshare, there_may_be_ten_thousand)
{
	struct side *s = &self->s, *other = t_open();
	static char texts[MANY][KSHARE_TICKET_LEN + 1];
	static int64_t numbers[MANY];
	uint64_t before = handles(s);
	int c = t_number_cell(other, 7), i, h;

	for (i = 0; i < MANY; i++) {
		numbers[i] = t_ticket_for(other, create(c, 1, i % 3 ? 0 : t_now() + 3600 * SECOND),
					  texts[i]);
		ASSERT_LT(0, numbers[i]);
	}
	EXPECT_EQ(before + 1 + MANY, handles(s));
	for (i = 0; i < MANY; i++) {
		if (i % 2) {
			ASSERT_EQ(0, end(other, numbers[i]));
		} else if (i % 4) {
			h = t_redeem(s, texts[i], 0);
			ASSERT_LT(0, h);
			ASSERT_EQ(0, t_close(s, h));
		}
	}
	EXPECT_EQ(before + 1 + MANY / 4, handles(s));
	/* Some of the rest go with the client. */
	t_leave(other);
	for (i = 0; i < MANY; i += 12) {
		h = t_redeem(s, texts[i], 0);
		ASSERT_LT(0, h);
		ASSERT_EQ(0, t_close(s, h));
	}
	EXPECT_GE(before, handles(s));
}

/* A client of another user's each time, who has not guessed yet, if that is possible. */
static struct side *as_another(struct side *old)
{
	static int users;

	if (old)
		t_leave(old);
	if (!geteuid() && setresuid(100000 + getpid() * 100 % 1000000 + users++, 0, 0))
		_exit(90);
	return t_open();
}

/* Wrong tickets that a user may ask for; a few less */
#define GUESSES	60

TEST_F(kshare, one_of_many_gets_it)
{
	struct side *s = &self->s;
	int rounds = t_rounds(300), round, i, c = t_number_cell(s, 7);
	struct {
		int round, ready, got, refused;
		char text[KSHARE_TICKET_LEN + 1];
	} *shared = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	uint64_t before = handles(s);
	pid_t pids[4];

	for (i = 0; i < 4; i++) {
		pids[i] = fork();
		if (!pids[i]) {
			struct side *other = as_another(NULL);
			int ret;

			for (round = 1; round <= rounds; round++) {
				if (!(round % GUESSES))
					other = as_another(other);
				__atomic_add_fetch(&shared->ready, 1, __ATOMIC_SEQ_CST);
				while (__atomic_load_n(&shared->round, __ATOMIC_SEQ_CST) < round)
					sched_yield();
				do {
					ret = t_redeem(other, shared->text, 0);
				} while (ret == -EAGAIN);
				if (ret > 0 && t_number_of(other, ret) == 7 && !t_close(other, ret))
					__atomic_add_fetch(&shared->got, 1, __ATOMIC_SEQ_CST);
				else if (ret == -ENOENT)
					__atomic_add_fetch(&shared->refused, 1, __ATOMIC_SEQ_CST);
			}
			/* The last round is over for all. */
			_exit(0);
		}
	}
	for (round = 1; round <= rounds; round++) {
		ASSERT_TRUE(T_UNTIL(__atomic_load_n(&shared->ready, __ATOMIC_SEQ_CST) ==
				    4 * round));
		ASSERT_EQ(round - 1, shared->got);
		ASSERT_EQ(3 * (round - 1), shared->refused);
		ASSERT_LT(0, t_ticket(s, c, shared->text));
		__atomic_store_n(&shared->round, round, __ATOMIC_SEQ_CST);
	}
	for (i = 0; i < 4; i++)
		EXPECT_EQ(0, t_wait(pids[i]));
	EXPECT_EQ(rounds, shared->got);
	EXPECT_EQ(3 * rounds, shared->refused);
	EXPECT_EQ(before, handles(s));
	munmap(shared, 4096);
}

/* Uses, its end by revocation, by time and by its client, all at the same moment. */
TEST_F(kshare, redeemed_against_all_that_ends_it)
{
	struct side *s = &self->s;
	int rounds = t_rounds(400), round, c = t_number_cell(s, 7), i;
	uint64_t before = handles(s);
	char (*text)[KSHARE_TICKET_LEN + 1];
	pid_t pids[2];

	t_share_counts();
	text = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	for (i = 0; i < 2; i++) {
		pids[i] = fork();
		if (!pids[i]) {
			struct side *other = as_another(NULL);
			int h, wrong = 0;

			while (!t_counted(0)) {
				int seen = t_counted(2);

				/* Until it is over, and then the next one. */
				do {
					h = t_redeem(other, *text, 0);
					t_count(h > 0 ? 1 : 3);
					if (h > 0 && (t_number_of(other, h) != 7 ||
						      t_close(other, h)))
						_exit(1);
				} while (h > 0);
				if (h != -ENOENT && h != -EAGAIN && h != -EINVAL)
					_exit(2);
				if (++wrong % GUESSES == 0)
					other = as_another(other);
				while (t_counted(2) == seen && !t_counted(0))
					sched_yield();
			}
			_exit(0);
		}
	}
	for (round = 0; round < rounds; round++) {
		struct side *maker = t_open();
		int mine = t_import(maker, i = t_export(s, c, 0), 0);
		char made[KSHARE_TICKET_LEN + 1];
		int64_t number;

		close(i);
		number = t_ticket_for(maker, create(mine, 1 + round % 3,
						    round % 2 ? t_now() + 200000 : 0), made);
		ASSERT_LT(0, number);
		memcpy(*text, made, sizeof(made));
		t_count(2);
		if (round % 5 == 0)
			end(maker, number);
		t_leave(maker);
	}
	t_count(0);
	for (i = 0; i < 2; i++)
		EXPECT_EQ(0, t_wait(pids[i]));
	EXPECT_TRUE(T_UNTIL(handles(s) == before));
	T_OUTCOMES("%d tickets: redeemed %d times, refused %d times", rounds, t_counted(1),
		   t_counted(3));
	munmap(text, 4096);
}

TEST_HARNESS_MAIN
