// SPDX-License-Identifier: GPL-2.0
/* Classes: registered, opened, described, listed and given up. */
#include "class_test.h"

static struct t_class c;

static int describe(struct side *s, int h)
{
	return t_run(s, t_cmd(KSHARE_OP_CLASS_DESCRIBE, h));
}

/* Is that what DESCRIBE just gave? */
static bool is_described(struct side *s, const char *name, const struct t_class *want)
{
	struct kshare_value *v = s->out.values;

	return s->out.head.count == 2 && t_is_str(&v[0], name) && v[1].type == KSHARE_BYTES &&
	       v[1].len == t_class_len(want) &&
	       !memcmp((void *)(uintptr_t)v[1].ptr, want, v[1].len);
}

static int list(struct side *s, int domain, const char *behind)
{
	struct kshare_cmd cmd = t_cmd(KSHARE_OP_CLASS_LIST, domain);

	if (behind)
		cmd.key = t_str(behind);
	return t_run(s, cmd);
}

static int dup_with(struct side *s, int h, uint32_t rights)
{
	struct kshare_cmd cmd = t_cmd(KSHARE_OP_DUP, h);

	cmd.nr = rights;
	return t_raw(s, cmd);
}

TEST_F(kshare, query_tells_that_there_are_classes)
{
	struct kshare_query q = { .size = sizeof(q) };

	ASSERT_EQ(0, ioctl(self->s.fd, KSHARE_IOC_QUERY, &q));
	EXPECT_TRUE(q.features & KSHARE_FEATURE_CLASSES);
}

TEST_F(kshare, a_class_is_registered_opened_and_described)
{
	struct side *s = &self->s;
	struct kshare_stat stat;
	int h, again;

	t_usual(&c, KSHARE_CLASS_CREATABLE);
	h = t_register(s, "thing", &c);
	ASSERT_LT(0, h);
	EXPECT_EQ(1, describe(s, h));
	EXPECT_TRUE(is_described(s, "thing", &c));
	/* Those that are exposed */
	EXPECT_EQ(1 << T_ECHO | 1 << T_KEEP, s->out.head.number);
	again = t_open_class(s, "thing");
	ASSERT_LT(0, again);
	EXPECT_NE(h, again);
	EXPECT_EQ(1, describe(s, again));
	EXPECT_TRUE(is_described(s, "thing", &c));
	EXPECT_EQ(-ENOENT, t_open_class(s, "thin"));
	EXPECT_EQ(-ENOENT, t_open_class(s, "things"));

	ASSERT_EQ(0, t_stat(s, h, &stat));
	EXPECT_EQ(KSHARE_TYPE_CLASS, stat.type);
	EXPECT_EQ(KSHARE_RIGHT_ALL, stat.rights);
	EXPECT_EQ(0, stat.length);
	EXPECT_EQ(0, stat.waiters);
	EXPECT_EQ(1, stat.token);
	EXPECT_EQ(getpid(), stat.holder_pid);
}

TEST_F(kshare, instances_are_counted_and_listed_with_their_cookies)
{
	struct side *s = &self->s;
	struct kshare_cmd cmd;
	struct kshare_stat stat;
	struct t_host h;
	uint64_t ids[3];
	int i, it[3];

	ASSERT_TRUE(t_be_host(s, &h, 0));
	it[0] = h.it;
	it[1] = t_instance(s, h.class, -1);
	it[2] = t_raw(s, t_cmd(KSHARE_OP_INSTANCE_CREATE, h.class));
	for (i = 0; i < 3; i++) {
		ASSERT_EQ(0, t_stat(s, it[i], &stat));
		EXPECT_EQ(KSHARE_TYPE_INSTANCE, stat.type);
		EXPECT_EQ(KSHARE_RIGHT_ALL, stat.rights);
		EXPECT_EQ(0, stat.length);
		ids[i] = stat.id;
	}
	ASSERT_EQ(0, t_stat(s, h.class, &stat));
	EXPECT_EQ(3, stat.length);
	cmd = t_cmd(KSHARE_OP_CLASS_INSTANCES, h.class);
	cmd.nr = KSHARE_MAX_INSTANCES;
	EXPECT_EQ(3, t_run(s, cmd));
	EXPECT_EQ(6, s->out.head.count);
	EXPECT_EQ(0, s->out.head.flags & KSHARE_R_MORE);
	for (i = 0; i < 3; i++)
		EXPECT_EQ(ids[i], s->out.values[2 * i].u);
	EXPECT_EQ(T_COOKIE, s->out.values[1].u);
	EXPECT_EQ(UINT64_MAX, s->out.values[3].u);
	EXPECT_EQ(0, s->out.values[5].u);

	/* Piece by piece, beginning behind the last of the piece before */
	cmd.nr = 2;
	EXPECT_EQ(2, t_run(s, cmd));
	EXPECT_TRUE(s->out.head.flags & KSHARE_R_MORE);
	EXPECT_EQ(ids[1], s->out.values[2].u);
	cmd.key = t_int(ids[1]);
	EXPECT_EQ(1, t_run(s, cmd));
	EXPECT_FALSE(s->out.head.flags & KSHARE_R_MORE);
	EXPECT_EQ(ids[2], s->out.values[0].u);
	cmd.key = t_int(ids[2]);
	EXPECT_EQ(0, t_run(s, cmd));

	cmd.nr = 0;
	EXPECT_EQ(-EINVAL, t_run(s, cmd));
	cmd.nr = KSHARE_MAX_INSTANCES + 1;
	EXPECT_GT(0, t_run(s, cmd));

	/* One that is gone is in no list. */
	EXPECT_EQ(0, t_close(s, it[1]));
	cmd.nr = 10;
	cmd.key = t_none();
	EXPECT_EQ(2, t_run(s, cmd));
	EXPECT_EQ(ids[2], s->out.values[2].u);
	ASSERT_EQ(0, t_stat(s, h.class, &stat));
	EXPECT_EQ(2, stat.length);
}

TEST_F(kshare, a_cookie_can_be_changed)
{
	struct side *s = &self->s;
	struct kshare_cmd cmd;
	struct kshare_stat stat;
	struct t_host h;
	struct t_served w;

	ASSERT_TRUE(t_be_host(s, &h, 0));
	ASSERT_EQ(0, t_stat(s, h.it, &stat));
	cmd = t_cmd(KSHARE_OP_CLASS_COOKIE, h.class);
	cmd.key = t_int(stat.id);
	cmd.value = t_int(1234);
	/* A call that is taken after the change is told the new one. */
	EXPECT_EQ(0, t_send(s, h.it, T_ECHO, t_int(1)));
	EXPECT_EQ(0, t_raw(s, cmd));
	EXPECT_EQ(KSHARE_SERVE_CALL, t_serve(s, h.class, &w));
	EXPECT_EQ(1234, w.cookie);
	EXPECT_EQ(stat.id, w.id);
	cmd.key = t_int(stat.id + 1000000);
	EXPECT_EQ(-ENOENT, t_raw(s, cmd));
	cmd.key = t_str("x");
	EXPECT_EQ(-EINVAL, t_raw(s, cmd));
}

TEST_F(kshare, a_bad_name_is_refused)
{
	char name[80];
	struct side *s = &self->s;
	struct kshare_cmd cmd;

	t_usual(&c, 0);
	memset(name, 'n', sizeof(name));
	name[KSHARE_MAX_CLASS_NAME + 1] = 0;
	EXPECT_EQ(-EINVAL, t_register(s, "", &c));
	EXPECT_EQ(-E2BIG, t_register(s, name, &c));
	name[KSHARE_MAX_CLASS_NAME] = 0;
	EXPECT_LT(0, t_register(s, name, &c));
	EXPECT_LT(0, t_open_class(s, name));
	cmd = t_register_cmd(1, "thing", &c);
	cmd.key = t_int(1);
	EXPECT_EQ(-EINVAL, t_raw(s, cmd));
	cmd.key = t_none();
	EXPECT_EQ(-EINVAL, t_raw(s, cmd));
	cmd.key = t_bytes("thing", 5);
	EXPECT_EQ(-EINVAL, t_raw(s, cmd));
	EXPECT_EQ(-ENOENT, t_open_class(s, "thing"));
}

/* As many methods and fields as there may be, and one more. */
TEST_F(kshare, methods_and_fields_are_limited)
{
	struct side *s = &self->s;
	char name[8];
	int h, i, n;

	for (n = KSHARE_MAX_METHODS; n <= KSHARE_MAX_METHODS + 1; n++) {
		t_class_begin(&c, 0);
		for (i = 0; i < n; i++) {
			snprintf(name, sizeof(name), "m%d", i);
			t_add_method(&c, name, KSHARE_METHOD_EXPOSED);
		}
		for (i = 0; i < KSHARE_MAX_FIELDS; i++) {
			snprintf(name, sizeof(name), "f%d", i);
			t_add_field(&c, name, 0, 0);
		}
		h = t_register(s, "full", &c);
		if (n > KSHARE_MAX_METHODS) {
			EXPECT_EQ(-E2BIG, h);
			break;
		}
		ASSERT_LT(0, h);
		EXPECT_EQ(1, describe(s, h));
		EXPECT_TRUE(is_described(s, "full", &c));
		EXPECT_EQ(UINT64_MAX, s->out.head.number);
		EXPECT_EQ(0, t_unregister(s, h));
		t_add_field(&c, "one more", 0, 0);
		EXPECT_EQ(-E2BIG, t_register(s, "full", &c));
	}
	t_class_begin(&c, 0);
	EXPECT_EQ(-EINVAL, t_register(s, "empty", &c));
	t_add_field(&c, "f", 0, 0);
	EXPECT_EQ(-EINVAL, t_register(s, "empty", &c));
	/* Numbers that only the header tells, whatever lies behind it */
	for (i = 0; i < 2; i++) {
		static const uint32_t many[] = {
			65, 1000000, 1u << 25, 1u << 31, UINT32_MAX,
		};

		for (n = 0; n < ARRAY_SIZE(many); n++) {
			struct kshare_cmd cmd;

			t_usual(&c, 0);
			cmd = t_register_cmd(1, "many", &c);
			if (i)
				c.info.methods = many[n];
			else
				c.info.fields = many[n];
			EXPECT_EQ(-E2BIG, t_raw(s, cmd));
		}
	}
	EXPECT_EQ(-ENOENT, t_open_class(s, "many"));
}

/* Whatever a test spoils in the usual description */
#define REFUSED(error, ...) do {				\
		t_usual(&c, 0);					\
		__VA_ARGS__;					\
		EXPECT_EQ(-(error), t_register(s, "bad", &c));	\
	} while (0)

TEST_F(kshare, names_of_methods_and_fields_are_checked)
{
	struct side *s = &self->s;
	const int full = KSHARE_MAX_CLASS_NAME + 1;

	REFUSED(EINVAL, memset(t_class_method(&c, 1)->name, 0, full));
	REFUSED(E2BIG, memset(t_class_method(&c, 1)->name, 'x', full));
	REFUSED(E2BIG, memset(t_class_method(&c, 1)->result, 'x', full));
	REFUSED(EINVAL, memset(t_class_field(&c, 1)->name, 0, full));
	REFUSED(E2BIG, memset(t_class_field(&c, 1)->name, 'x', full));
	/* Something behind the end */
	REFUSED(EINVAL, t_class_method(&c, 0)->name[full - 2] = 'x');
	REFUSED(EINVAL, t_class_method(&c, 0)->result[1] = 'x');
	REFUSED(EINVAL, t_class_field(&c, 0)->name[10] = 'x');
	/* The same one twice */
	REFUSED(EINVAL, memcpy(t_class_method(&c, 2)->name, "echo\0\0", 7));
	REFUSED(EINVAL, memcpy(t_class_field(&c, 2)->name, "any\0\0", 6));
	EXPECT_EQ(-ENOENT, t_open_class(s, "bad"));
	/* A field may be called as a method is; 63 bytes are a name. */
	t_usual(&c, 0);
	memset(t_class_field(&c, 0)->name, 0, full);
	memcpy(t_class_field(&c, 0)->name, "echo", 4);
	memset(t_class_method(&c, 1)->name, 'x', full - 1);
	memset(t_class_method(&c, 1)->result, 'x', full - 1);
	EXPECT_LT(0, t_register(s, "good", &c));
}

TEST_F(kshare, what_is_not_known_is_refused)
{
	struct side *s = &self->s;
	int bit;

	for (bit = 3; bit < 32; bit++)
		REFUSED(EOPNOTSUPP, c.info.flags = 1u << bit);
	for (bit = 1; bit < 32; bit++) {
		REFUSED(EOPNOTSUPP, t_class_method(&c, 0)->flags |= 1u << bit);
		REFUSED(EOPNOTSUPP, t_class_field(&c, 0)->flags |= 1u << bit);
	}
	/* A vector is no value that could be stored, and behind it there is nothing yet. */
	for (bit = KSHARE_VECTOR + 1; bit < 32; bit++)
		REFUSED(EOPNOTSUPP, t_class_field(&c, 0)->types = 1u << bit);
	REFUSED(EINVAL, t_class_method(&c, 0)->reserved = 1);
	EXPECT_EQ(-ENOENT, t_open_class(s, "bad"));
}

TEST_F(kshare, sizes_are_checked)
{
	struct side *s = &self->s;
	struct kshare_cmd cmd;
	uint32_t len;

	REFUSED(EINVAL, c.info.size--);
	REFUSED(EINVAL, c.info.size = 0);
	REFUSED(EINVAL, c.info.method_size--);
	REFUSED(EINVAL, c.info.method_size = 0);
	REFUSED(EINVAL, c.info.field_size--);
	REFUSED(EINVAL, c.info.field_size = 0);
	t_usual(&c, 0);
	cmd = t_register_cmd(1, "bad", &c);
	/* A piece of it that ends at any byte, and one that goes on */
	for (len = 0; len <= t_class_len(&c) + 200; len++) {
		cmd.value = t_bytes(&c, len);
		if (len != t_class_len(&c))
			EXPECT_EQ(-EINVAL, t_raw(s, cmd));
	}
	cmd.value = t_none();
	EXPECT_EQ(-EINVAL, t_raw(s, cmd));
	cmd.value = t_int(1);
	EXPECT_EQ(-EINVAL, t_raw(s, cmd));
	cmd.value = t_bytes(&c, t_class_len(&c));
	cmd.value.type = KSHARE_STR;
	EXPECT_EQ(-EINVAL, t_raw(s, cmd));
	cmd.value = t_bytes((void *)8, t_class_len(&c));
	EXPECT_EQ(-EFAULT, t_raw(s, cmd));
	EXPECT_EQ(-ENOENT, t_open_class(s, "bad"));
}

/* A description of a later header: longer structures of which nothing is used */
TEST_F(kshare, a_description_may_grow)
{
	static char grown[4096];
	struct side *s = &self->s;
	struct kshare_class_info *info = (void *)grown;
	struct kshare_cmd cmd;
	char *at;
	int i, h;

	t_usual(&c, 0);
	cmd = t_register_cmd(1, "grown", &c);
	*info = c.info;
	info->size += 16;
	info->method_size += 8;
	info->field_size += 24;
	at = grown + info->size;
	for (i = 0; i < c.info.methods; i++, at += info->method_size)
		memcpy(at, t_class_method(&c, i), c.info.method_size);
	for (i = 0; i < c.info.fields; i++, at += info->field_size)
		memcpy(at, t_class_field(&c, i), c.info.field_size);
	cmd.value = t_bytes(grown, at - grown);
	/* The last byte of each of the three is one that the module does not know. */
	grown[info->size - 1] = 1;
	EXPECT_EQ(-E2BIG, t_raw(s, cmd));
	grown[info->size - 1] = 0;
	grown[info->size + info->method_size - 1] = 1;
	EXPECT_EQ(-E2BIG, t_raw(s, cmd));
	grown[info->size + info->method_size - 1] = 0;
	at[-1] = 1;
	EXPECT_EQ(-E2BIG, t_raw(s, cmd));
	at[-1] = 0;
	h = t_raw(s, cmd);
	ASSERT_LT(0, h);
	/* And it is told in the sizes that are known. */
	EXPECT_EQ(1, describe(s, h));
	EXPECT_TRUE(is_described(s, "grown", &c));
}

TEST_F(kshare, a_name_is_taken_until_its_class_is_given_up)
{
	struct side *s = &self->s;
	struct t_host h, later;
	struct t_served w;

	ASSERT_TRUE(t_be_host(s, &h, 0));
	t_usual(&c, 0);
	EXPECT_EQ(-EEXIST, t_register(s, "thing", &c));
	EXPECT_EQ(0, t_unregister(s, h.class));
	EXPECT_EQ(-ENOENT, t_open_class(s, "thing"));
	EXPECT_EQ(0, list(s, 1, NULL));
	/* What there is of it stays, without a host. */
	EXPECT_EQ(0, describe(s, h.class));
	EXPECT_EQ(0, describe(s, h.it));
	EXPECT_EQ(-EOWNERDEAD, t_call(s, h.it, T_ECHO, t_int(1)));
	EXPECT_EQ(-EPERM, t_unregister(s, h.class));
	EXPECT_EQ(-EPERM, t_serve_now(s, h.class, &w));
	EXPECT_EQ(-EPERM, t_instance(s, h.class, 1));
	/* Another one of that name is not the same. */
	ASSERT_TRUE(t_be_host(s, &later, 0));
	EXPECT_EQ(1, describe(s, later.class));
	EXPECT_EQ(0, describe(s, h.class));
	EXPECT_EQ(-EOWNERDEAD, t_call(s, h.it, T_ECHO, t_int(1)));
}

/* An object that is not described: what tells the host from others is who registered it. */
TEST_F(kshare, only_the_host_may_do_what_a_host_does)
{
	struct side *s = &self->s;
	struct kshare_cmd cmd;
	struct kshare_stat stat;
	struct t_served w;
	struct t_host h;
	pid_t pid;

	ASSERT_TRUE(t_be_host(s, &h, 0));
	ASSERT_EQ(0, t_stat(s, h.it, &stat));
	/* With all rights, by a copy of the host's own handle */
	pid = t_fork(s);
	if (!pid) {
		if (t_unregister(s, h.class) != -EPERM || t_instance(s, h.class, 1) != -EPERM ||
		    t_serve_now(s, h.class, &w) != -EPERM ||
		    t_reply(s, h.class, 1, t_none()) != -EPERM)
			_exit(1);
		cmd = t_cmd(KSHARE_OP_CLASS_COOKIE, h.class);
		cmd.key = t_int(stat.id);
		cmd.value = t_int(1);
		if (t_raw(s, cmd) != -EPERM)
			_exit(2);
		cmd = t_cmd(KSHARE_OP_CLASS_INSTANCES, h.class);
		cmd.nr = 10;
		if (t_run(s, cmd) != -EPERM)
			_exit(3);
		cmd = t_reply_cmd(h.class, 1, t_none());
		cmd.op = KSHARE_OP_REPLY_AND_SERVE;
		cmd.flags = KSHARE_NOWAIT;
		if (t_run(s, cmd) != -EPERM)
			_exit(4);
		_exit(describe(s, h.class) != 1);
	}
	EXPECT_EQ(0, t_wait(pid));
	/* That one is gone now, and was never the host. */
	EXPECT_EQ(1, describe(s, h.class));
}

TEST_F(kshare, classes_are_listed_in_order_of_their_names)
{
	static const char *const names[] = { "b", "a", "ab", "Z", "\xc3\xa9t\xc3\xa9", "aa" };
	static const char *const sorted[] = { "Z", "a", "aa", "ab", "b", "\xc3\xa9t\xc3\xa9" };
	struct side *s = &self->s;
	int i, n = ARRAY_SIZE(names);

	EXPECT_EQ(0, list(s, 1, NULL));
	EXPECT_EQ(0, s->out.head.count);
	t_usual(&c, 0);
	for (i = 0; i < n; i++)
		ASSERT_LT(0, t_register(s, names[i], &c));
	EXPECT_EQ(n, list(s, 1, NULL));
	for (i = 0; i < n; i++)
		EXPECT_TRUE(t_is_str(&s->out.values[i], sorted[i]));
	EXPECT_FALSE(s->out.head.flags & KSHARE_R_MORE);
	/* The name to begin behind need not be there. */
	EXPECT_EQ(3, list(s, 1, "aa"));
	EXPECT_TRUE(t_is_str(&s->out.values[0], "ab"));
	EXPECT_EQ(2, list(s, 1, "abc"));
	EXPECT_EQ(0, list(s, 1, "\xff"));
}

TEST_F(kshare, a_list_goes_on_where_it_ended)
{
	struct side *s = &self->s;
	static struct {
		struct kshare_result head;
		struct kshare_value values[256];
		char tail[16384];
	} out;
	struct kshare_cmd cmd = t_cmd(KSHARE_OP_CLASS_LIST, 1);
	char name[32], last[32] = "";
	int i, got, sum = 0, pages = 0;

	t_usual(&c, 0);
	for (i = 0; i < 300; i++) {
		snprintf(name, sizeof(name), "class %03d", i);
		ASSERT_LT(0, t_register(s, name, &c));
	}
	cmd.out = (uintptr_t)&out;
	cmd.out_len = sizeof(out);
	do {
		if (*last)
			cmd.key = t_str(last);
		got = t_raw(s, cmd);
		ASSERT_LT(0, got);
		ASSERT_GE(256, got);
		EXPECT_EQ(got, out.head.count);
		for (i = 0; i < got; i++) {
			snprintf(name, sizeof(name), "class %03d", sum++);
			EXPECT_TRUE(t_is_str(&out.values[i], name));
		}
		memcpy(last, name, sizeof(last));
		pages++;
	} while (out.head.flags & KSHARE_R_MORE);
	EXPECT_EQ(300, sum);
	EXPECT_LT(1, pages);
}

TEST_F(kshare, a_handle_to_a_class_has_the_rights_of_that_to_its_domain)
{
	static const uint32_t without[] = {
		KSHARE_RIGHT_MANAGE, KSHARE_RIGHT_CALL, KSHARE_RIGHT_WRITE, KSHARE_RIGHT_TRANSFER,
	};
	struct side *s = &self->s;
	struct kshare_cmd cmd = t_cmd(KSHARE_OP_CLASS_OPEN, 0);
	struct kshare_stat stat;
	struct t_host h;
	int i, d, class;

	ASSERT_TRUE(t_be_host(s, &h, KSHARE_CLASS_CREATABLE));
	cmd.key = t_str("thing");
	for (i = 0; i < ARRAY_SIZE(without); i++) {
		d = dup_with(s, 1, KSHARE_RIGHT_ALL & ~without[i]);
		cmd.handle = d;
		class = t_raw(s, cmd);
		ASSERT_LT(0, class);
		ASSERT_EQ(0, t_stat(s, class, &stat));
		EXPECT_EQ(KSHARE_RIGHT_ALL & ~without[i], stat.rights);
		t_close(s, class);
		t_close(s, d);
	}
	d = dup_with(s, 1, KSHARE_RIGHT_ALL & ~KSHARE_RIGHT_READ);
	cmd.handle = d;
	EXPECT_EQ(-EACCES, t_raw(s, cmd));
	EXPECT_EQ(-EACCES, list(s, d, NULL));
	t_close(s, d);
	d = dup_with(s, 1, KSHARE_RIGHT_ALL & ~KSHARE_RIGHT_WRITE);
	t_usual(&c, 0);
	EXPECT_EQ(-EACCES, t_raw(s, t_register_cmd(d, "other", &c)));
}

TEST_F(kshare, each_operation_wants_its_right)
{
	struct side *s = &self->s;
	struct kshare_cmd cmd;
	struct t_served w;
	struct t_host h;
	int class, it;

	ASSERT_TRUE(t_be_host(s, &h, KSHARE_CLASS_CREATABLE));
	class = dup_with(s, h.class, KSHARE_RIGHT_ALL & ~KSHARE_RIGHT_MANAGE);
	EXPECT_EQ(-EACCES, t_unregister(s, class));
	EXPECT_EQ(-EACCES, t_instance(s, class, 1));
	EXPECT_EQ(-EACCES, t_serve_now(s, class, &w));
	EXPECT_EQ(-EACCES, t_reply(s, class, 1, t_none()));
	cmd = t_cmd(KSHARE_OP_CLASS_ADOPT, class);
	cmd.flags = KSHARE_NOWAIT;
	EXPECT_EQ(-EACCES, t_raw(s, cmd));
	EXPECT_EQ(1, describe(s, class));
	class = dup_with(s, h.class, KSHARE_RIGHT_ALL & ~KSHARE_RIGHT_CALL);
	EXPECT_EQ(-EACCES, t_call(s, class, KSHARE_METHOD_CREATE, t_none()));
	it = dup_with(s, h.it, KSHARE_RIGHT_ALL & ~KSHARE_RIGHT_CALL);
	EXPECT_EQ(-EACCES, t_call(s, it, T_ECHO, t_int(1)));
	EXPECT_EQ(-EACCES, t_send(s, it, T_ECHO, t_int(1)));
	it = dup_with(s, h.it, KSHARE_RIGHT_ALL & ~KSHARE_RIGHT_READ);
	EXPECT_EQ(-EACCES, describe(s, it));
	/* That is all which a call takes. */
	it = dup_with(s, h.it, KSHARE_RIGHT_CALL);
	EXPECT_EQ(0, t_send(s, it, T_ECHO, t_int(1)));
	EXPECT_EQ(KSHARE_SERVE_CALL, t_serve_now(s, h.class, &w));
	EXPECT_EQ(-EAGAIN, t_serve_now(s, h.class, &w));
}

TEST_F(kshare, no_class_nor_instance_is_made_by_create)
{
	static const uint32_t types[] = { KSHARE_TYPE_CLASS, KSHARE_TYPE_INSTANCE };
	struct side *s = &self->s;
	struct t_host h;
	int i;

	ASSERT_TRUE(t_be_host(s, &h, 0));
	for (i = 0; i < 2; i++) {
		EXPECT_EQ(-EOPNOTSUPP, t_create(s, types[i]));
		EXPECT_GT(0, t_create_elem(s, types[i], 0, 3));
		EXPECT_GT(0, t_create_with(s, types[i], 0, t_none(), t_ref(h.class)));
		EXPECT_GT(0, t_create_with(s, types[i], 0, t_str("x"), t_bytes(&c, 100)));
	}
}

TEST_F(kshare, its_handles_need_not_be_inherited)
{
	struct side *s = &self->s;
	struct kshare_cmd cmds[3];
	int i, h[3];
	pid_t pid;

	t_usual(&c, 0);
	cmds[0] = t_register_cmd(1, "thing", &c);
	cmds[1] = t_cmd(KSHARE_OP_CLASS_OPEN, 1);
	cmds[1].key = t_str("thing");
	for (i = 0; i < 3; i++) {
		if (i == 2)
			cmds[2] = t_cmd(KSHARE_OP_INSTANCE_CREATE, h[0]);
		cmds[i].flags = KSHARE_NO_INHERIT;
		h[i] = t_raw(s, cmds[i]);
		ASSERT_LT(0, h[i]);
	}
	pid = t_fork(s);
	if (!pid) {
		for (i = 0; i < 3; i++)
			if (describe(s, h[i]) != -EBADF)
				_exit(i + 1);
		_exit(0);
	}
	EXPECT_EQ(0, t_wait(pid));
	EXPECT_EQ(1, describe(s, h[2]));
}

/* Holders before who waits, of which a number tells them apart */
TEST_F(kshare, who_tells_the_host_of_a_class)
{
	struct side *s = &self->s;
	struct kshare_value *v = s->out.values;
	struct t_host h;
	int i, n, waits = 0;
	pid_t pid;

	ASSERT_TRUE(t_be_host(s, &h, 0));
	pid = t_child(s, t_call_cmd(h.it, T_KEEP, t_none()));
	t_until_waiters(s, h.class, 1);
	n = t_run(s, t_cmd(KSHARE_OP_WHO, h.class));
	ASSERT_LE(1, n);
	EXPECT_EQ(getpid(), v[0].i);
	EXPECT_NE(0, v[2].i);
	for (i = 1; i < n; i++) {
		EXPECT_EQ(0, v[4 * i + 2].i);
		waits += v[4 * i].i == pid && v[4 * i + 3].i == KSHARE_OP_CALL;
	}
	EXPECT_EQ(1, waits);
	EXPECT_EQ(1000 + SIGKILL, t_end_child(pid));
}

/* An instance keeps its class, and who looks for what keeps it finds that. */
TEST_F(kshare, a_class_is_kept_by_its_instances)
{
	struct side *s = &self->s;
	struct kshare_value *v = s->out.values;
	struct kshare_cmd cmd = t_cmd(KSHARE_OP_DOMAIN_KEEPERS, 1);
	struct kshare_stat stat, it;
	int i, n, handles = 0, others = 0;
	struct t_host h;

	ASSERT_TRUE(t_be_host(s, &h, 0));
	ASSERT_EQ(0, t_stat(s, h.class, &stat));
	ASSERT_EQ(0, t_stat(s, h.it, &it));
	cmd.key = t_int(stat.id);
	n = t_run(s, cmd);
	ASSERT_LE(2, n);
	for (i = 0; i < n; i++) {
		handles += v[4 * i].i == KSHARE_KEPT_BY_HANDLE && v[4 * i + 2].i == h.class;
		others += v[4 * i].i == KSHARE_KEPT_BY_OTHER ||
			  (v[4 * i].i == KSHARE_KEPT_BY_CONTAINER && v[4 * i + 2].u == it.id);
	}
	EXPECT_EQ(1, handles);
	EXPECT_EQ(1, others);
}

TEST_F(kshare, nothing_of_it_is_part_of_an_atomic_batch)
{
	static struct kshare_op_info ops[256];
	struct side *s = &self->s;
	int i, count = 0, n = t_query_ops(s, ops, 256);
	struct t_host h;

	ASSERT_TRUE(t_be_host(s, &h, 0));
	for (i = 0; i < n; i++) {
		struct kshare_cmd cmd;
		struct kshare_batch batch = {
			.size = sizeof(batch),
			.flags = KSHARE_BATCH_ATOMIC,
			.count = 1,
			.cmds = (uintptr_t)&cmd,
			.cmd_size = sizeof(cmd),
		};
		int32_t result = 77;

		t_usual(&c, 0);
		if (ops[i].op < KSHARE_OP_CLASS_REGISTER || ops[i].op > KSHARE_OP_INSTANCE_OPEN)
			continue;
		count++;
		cmd = t_cmd(ops[i].op, ops[i].types & 1 << KSHARE_TYPE_CLASS ? h.class :
				       ops[i].types ? 1 : 0);
		batch.results = (uintptr_t)&result;
		/* What is wrong with a command may be told first. */
		if (ops[i].fields & KSHARE_FIELD_KEY)
			cmd.key = ops[i].types & 1 << KSHARE_TYPE_CLASS || !ops[i].types ?
				  t_int(1) : t_str("thing");
		if (ops[i].op == KSHARE_OP_CLASS_REGISTER)
			cmd.value = t_description(&c);
		if (ops[i].op == KSHARE_OP_CLASS_COOKIE)
			cmd.value = t_int(1);
		EXPECT_EQ(-1, ioctl(s->fd, KSHARE_IOC_BATCH, &batch));
		EXPECT_EQ(EOPNOTSUPP, errno) {
			TH_LOG("%s", ops[i].name);
		}
		EXPECT_EQ(77, result);
	}
	EXPECT_EQ(15, count);
}

TEST_F(kshare, classes_of_different_domains_are_different)
{
	struct side *s = &self->s, *other = calloc(1, sizeof(*other));
	struct t_host h, theirs;

	other->fd = open(KSHARE_DEVICE, O_RDWR | O_CLOEXEC);
	ASSERT_LE(0, other->fd);
	ASSERT_TRUE(t_be_host(s, &h, 0));
	EXPECT_EQ(-ENOENT, t_open_class(other, "thing"));
	EXPECT_EQ(0, list(other, 1, NULL));
	ASSERT_TRUE(t_be_host(other, &theirs, 0));
	EXPECT_EQ(1, list(other, 1, NULL));
	close(other->fd);
	EXPECT_EQ(1, describe(s, h.class));
	free(other);
}

/* They count as objects of the domain, and what cannot be made is not there in part. */
TEST_F(kshare, classes_and_instances_count_against_the_domains_limits)
{
	struct side *s = &self->s;
	struct kshare_cmd cmd = t_cmd(KSHARE_OP_DOMAIN_LIMIT, 1);
	struct kshare_stat stat;
	struct t_host h;
	int it;

	ASSERT_TRUE(t_be_host(s, &h, 0));
	ASSERT_EQ(0, t_stat(s, 1, &stat));
	EXPECT_EQ(self->before.used[KSHARE_LIMIT_OBJECTS] + 2, stat.used[KSHARE_LIMIT_OBJECTS]);
	cmd.nr = KSHARE_LIMIT_OBJECTS;
	cmd.value = t_int(stat.used[KSHARE_LIMIT_OBJECTS] + 1);
	ASSERT_EQ(0, t_raw(s, cmd));
	it = t_instance(s, h.class, 1);
	EXPECT_LT(0, it);
	EXPECT_EQ(-EDQUOT, t_instance(s, h.class, 2));
	t_usual(&c, 0);
	EXPECT_EQ(-EDQUOT, t_register(s, "another", &c));
	EXPECT_EQ(-ENOENT, t_open_class(s, "another"));
	ASSERT_EQ(0, t_stat(s, h.class, &stat));
	EXPECT_EQ(2, stat.length);
	EXPECT_EQ(0, t_close(s, it));
	EXPECT_LT(0, t_instance(s, h.class, 3));
}

/* Enough to take a while when they go */
#define MANY	60000

/* The class goes after a long list, by which time nobody refers to it any more. */
static void name_is_free(struct __test_metadata *_metadata, struct side *s, bool opened)
{
	struct kshare_value *v = calloc(MANY, sizeof(*v));
	struct kshare_stat before, stat;
	static struct t_class c;
	struct t_thread closer;
	int i, list, h[3];

	t_usual(&c, 0);
	for (i = 0; i < MANY; i++)
		v[i] = t_str("one that has memory of its own");
	list = t_create(s, KSHARE_TYPE_LIST);
	for (i = 0; i < 3; i++) {
		struct kshare_cmd cmd = t_cmd(KSHARE_OP_LIST_APPEND, list);

		h[i] = i == 1 ? t_register(s, "thing", &c) : t_create(s, KSHARE_TYPE_LIST);
		if (i != 1)
			ASSERT_EQ(0, t_run_with(s, KSHARE_OP_LIST_EXTEND, h[i], t_vector(v, MANY)));
		cmd.value = t_ref(h[i]);
		ASSERT_EQ(0, t_raw(s, cmd));
		ASSERT_EQ(0, t_close(s, h[i]));
	}
	ASSERT_EQ(0, t_stat(s, 1, &before));
	t_begin(s, &closer, t_cmd(KSHARE_OP_CLOSE, list), false);
	do {
		ASSERT_EQ(0, t_stat(s, 1, &stat));
	} while (stat.used[KSHARE_LIMIT_OBJECTS] == before.used[KSHARE_LIMIT_OBJECTS]);
	if (opened)
		EXPECT_EQ(-ENOENT, t_open_class(s, "thing"));
	h[0] = t_register(s, "thing", &c);
	EXPECT_LT(0, h[0]);
	EXPECT_EQ(0, t_end(&closer));
	/* The end of the old one is not the end of the new one's name. */
	h[1] = t_open_class(s, "thing");
	EXPECT_LT(0, h[1]);
	free(v);
}

TEST_F(kshare, a_class_that_nothing_refers_to_is_not_found)
{
	name_is_free(_metadata, &self->s, true);
}

TEST_F(kshare, its_name_is_free_before_it_is_gone)
{
	name_is_free(_metadata, &self->s, false);
}

TEST_HARNESS_MAIN
