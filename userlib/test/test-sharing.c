// SPDX-License-Identifier: LGPL-2.1-or-later OR MIT
/*
 * Every function for sharing with strangers once against the module, as test-module.c
 * does for the others.  Exits with 77 if there is no module.
 */
#include <poll.h>
#include <pthread.h>
#include <sys/wait.h>
#include <unistd.h>

#include "internal.h"
#include "test.h"

#define NAME	"libkshare/test-sharing"
#define NOBODY	65534

static struct kshare *k;
/* Another client, of this process as well: the module does not mind whose it is. */
static struct kshare *other;
static struct kshare_reply *r;

static int64_t number(unsigned int i)
{
	int64_t n;

	check(kshare_reply_int(r, i, &n) == 0);
	return n;
}

static struct kshare_stat stat_of(struct kshare_obj *obj)
{
	struct kshare_stat st;

	check(kshare_stat(obj, &st) == 0);
	return st;
}

static uint64_t objects(void)
{
	struct kshare_obj *domain KSHARE_CLEANUP = NULL;

	check(kshare_domain(k, &domain) == 0);
	return stat_of(domain).length;
}

static void reap(pid_t pid)
{
	int status;

	check(waitpid(pid, &status, 0) == pid && WIFEXITED(status) && WEXITSTATUS(status) == 7);
}

static struct kshare_obj *make(struct kshare_obj *domain, uint32_t type)
{
	struct kshare_create_opts opts = {
		.size = sizeof(opts),
		.type = type,
		.domain = domain,
		.value = kshare_none(),
	};
	struct kshare_obj *obj;

	check(kshare_create(kshare_client(domain), &opts, &obj) == 0);
	return obj;
}

static struct kshare_obj *own_domain(struct kshare *client)
{
	struct kshare_obj *domain;

	check(kshare_domain(client, &domain) == 0);
	return domain;
}

/* ---- names ---- */

static void test_names(void)
{
	static const char *const bad[] = { "", ".", "..", "a/../b", "a/.", "\xff\xfe" };
	struct kshare_obj *domain, *again, *root, *queue, *found;
	char longest[KSHARE_MAX_NAME + 2];
	size_t i;

	check(kshare_domain_open(k, NAME, 0, 0, 0, &domain) == -ENOENT);
	for (i = 0; i < ARRAY_SIZE(bad); i++)
		check(kshare_domain_open(k, bad[i], KSHARE_MAKE, 0600, 0, &domain) == -EINVAL);
	memset(longest, 'x', sizeof(longest));
	longest[KSHARE_MAX_NAME + 1] = '\0';
	check(kshare_domain_open(k, longest, KSHARE_MAKE, 0600, 0, &domain) == -EINVAL);
	longest[KSHARE_MAX_NAME] = '\0';
	check(kshare_domain_open(k, longest, KSHARE_MAKE, 0600, 0, &domain) == 0);
	kshare_unref(domain);
	check(kshare_domain_open(k, NAME, KSHARE_MAKE, 0700, 0, &domain) == -EINVAL);

	/* Who makes it may have more than its mode gives. */
	check(kshare_domain_open(k, NAME, KSHARE_MAKE | KSHARE_EXCLUSIVE, 0, 0, &domain) == 0);
	check(kshare_type(domain) == KSHARE_TYPE_DOMAIN);
	check(stat_of(domain).rights == KSHARE_RIGHT_ALL);
	check(kshare_domain_open(k, NAME, KSHARE_MAKE | KSHARE_EXCLUSIVE, 0, 0, &again) == -EEXIST);

	/* Objects in it, for another client to find. */
	queue = make(domain, KSHARE_TYPE_QUEUE);
	check(stat_of(queue).domain == stat_of(domain).id);
	check(kshare_domain_root(domain, 0, &root) == 0);
	check(kshare_dict_set(root, kshare_str("queue"), kshare_ref(queue)) == 1);
	check(kshare_queue_put(queue, kshare_int(3), KSHARE_TRY) >= 0);
	kshare_unref(root);
	check(kshare_domain_set(domain, KSHARE_NO_ID, KSHARE_NO_ID, 0600, 0) == 0);
	check(kshare_domain_open(other, NAME, 0, 0666, KSHARE_RIGHT_READ, &again) == 0);
	check(stat_of(again).rights == KSHARE_RIGHT_READ && kshare_same(domain, again) == 1);
	check(kshare_domain_root(again, 0, &root) == 0);
	check(kshare_dict_get(root, kshare_str("queue"), &r) == 0);
	check(kshare_reply_obj(r, 0, &found) == 0);
	check(kshare_queue_get(found, KSHARE_TRY, &r) > 0 && number(0) == 3);
	/* The domain lives as long as somebody has something of it. */
	kshare_unref(domain);
	kshare_unref(queue);
	kshare_unref(again);
	kshare_unref(root);
	check(kshare_domain_open(k, NAME, 0, 0, 0, &domain) == 0);
	kshare_unref(domain);
	kshare_unref(found);
	kshare_reply_free(r);
	r = NULL;
	check(kshare_domain_open(k, NAME, 0, 0, 0, &domain) == -ENOENT);

	/* The prep function, and a proxy of what it gives. */
	{
		struct kshare_cmd cmd;
		int ret;

		kshare_prep_domain_open(&cmd, NAME, KSHARE_MAKE, 0600, 0);
		ret = kshare_submit(k, &cmd, NULL);
		check(ret > 0 && kshare_from_handle(k, (uint32_t)ret, &domain) == 0);
		kshare_prep_domain_info(&cmd, domain);
		check(kshare_submit(k, &cmd, &r) == 0 && kshare_reply_count(r) == 5);
		kshare_unref(domain);
	}
}

static void test_info(void)
{
	struct kshare_domain_name info, names[3];
	struct kshare_obj *domain[4];
	unsigned int seen = 0;
	uint64_t cursor = 0;
	int count, i;
	char name[64];

	for (i = 0; i < 4; i++) {
		snprintf(name, sizeof(name), NAME "/%d", i);
		check(kshare_domain_open(k, name, KSHARE_MAKE, 0620, 0, &domain[i]) == 0);
	}
	check(kshare_domain_list(k, &cursor, names, 0) == -EINVAL);
	while ((count = kshare_domain_list(k, &cursor, names, ARRAY_SIZE(names))) > 0) {
		check(count <= (int)ARRAY_SIZE(names));
		while (count--) {
			if (sscanf(names[count].name, NAME "/%d", &i) != 1)
				continue;
			check(!(seen & 1U << i) && names[count].uid == geteuid());
			check(names[count].mode == 0620 && names[count].gid == getegid());
			seen |= 1U << i;
		}
	}
	check(count == 0 && seen == 15);

	check(kshare_domain_info(domain[0], &info) == 0);
	check(strcmp(info.name, NAME "/0") == 0 && info.mode == 0620 && !info.flags);
	check(info.uid == geteuid() && info.gid == getegid());
	check(kshare_domain_set(domain[0], KSHARE_NO_ID, KSHARE_NO_ID, 0640, 0) == 0);
	check(kshare_domain_info(domain[0], &info) == 0 && info.mode == 0640);
	check(kshare_domain_set(domain[0], KSHARE_NO_ID, KSHARE_NO_ID, 0711, 0) == -EINVAL);
	check(kshare_domain_set(domain[0], KSHARE_NO_ID, KSHARE_NO_ID, 0,
				KSHARE_PIN | KSHARE_UNPIN) == -EINVAL);
	if (geteuid() == 0) {
		check(kshare_domain_set(domain[0], NOBODY, 12, KSHARE_NO_ID, 0) == 0);
		check(kshare_domain_info(domain[0], &info) == 0);
		check(info.uid == NOBODY && info.gid == 12 && info.mode == 0640);
	}

	/* It stays, and what is in it. */
	check(kshare_domain_set(domain[1], KSHARE_NO_ID, KSHARE_NO_ID, KSHARE_NO_ID,
				KSHARE_PIN) == 0);
	check(kshare_domain_info(domain[1], &info) == 0 && info.flags == KSHARE_PIN);
	for (i = 0; i < 4; i++)
		kshare_unref(domain[i]);
	check(kshare_domain_open(k, NAME "/2", 0, 0, 0, &domain[2]) == -ENOENT);
	check(kshare_domain_open(k, NAME "/1", 0, 0, 0, &domain[1]) == 0);
	check(kshare_domain_set(domain[1], KSHARE_NO_ID, KSHARE_NO_ID, KSHARE_NO_ID,
				KSHARE_UNPIN) == 0);
	kshare_unref(domain[1]);
	check(kshare_domain_open(k, NAME "/1", 0, 0, 0, &domain[1]) == -ENOENT);
	check(kshare_domain_open(k, NAME "/1", KSHARE_MAKE | KSHARE_PIN, 0600, 0,
				 &domain[1]) == 0);
	check(kshare_domain_info(domain[1], &info) == 0 && info.flags == KSHARE_PIN);
	check(kshare_domain_set(domain[1], KSHARE_NO_ID, KSHARE_NO_ID, KSHARE_NO_ID,
				KSHARE_UNPIN) == 0);
	kshare_unref(domain[1]);

	/* A client's own has none. */
	domain[0] = own_domain(k);
	check(kshare_domain_info(domain[0], &info) == 0 && !info.name[0] && !info.mode);
	check(kshare_domain_set(domain[0], KSHARE_NO_ID, KSHARE_NO_ID, 0600, 0) == -ENOENT);
	kshare_unref(domain[0]);
}

/* What a user may who is neither the owner nor of the group. */
static void stranger_in(uint32_t rights)
{
	struct kshare_obj *domain;
	int err = kshare_domain_open(k, NAME, 0, 0, 0, &domain);

	if (!rights) {
		check(err == -EPERM);
		return;
	}
	check(err == 0 && stat_of(domain).rights == rights);
	check(kshare_domain_set(domain, KSHARE_NO_ID, KSHARE_NO_ID, 0666, 0) == -EACCES);
	kshare_unref(domain);
	check(kshare_domain_open(k, NAME, 0, 0, KSHARE_RIGHT_MANAGE, &domain) == -EPERM);
	check(kshare_domain_open(k, NAME, 0, 0, rights & -rights, &domain) == 0);
	kshare_unref(domain);
}

static void test_modes(void)
{
	const uint32_t r_ = KSHARE_RIGHT_READ | KSHARE_RIGHT_WAIT;
	const uint32_t w_ = KSHARE_RIGHT_WRITE | KSHARE_RIGHT_CALL;
	const struct {
		uint32_t mode;
		uint32_t rights;
	} modes[] = {
		{ 0600, 0 }, { 0660, 0 }, { 0604, r_ }, { 0602, w_ },
		{ 0606, r_ | w_ | KSHARE_RIGHT_TRANSFER },
	};
	struct kshare_obj *domain;
	pid_t pid;
	size_t i;

	if (geteuid()) {
		printf("modes: not tried, that takes root\n");
		return;
	}
	check(kshare_domain_open(k, NAME, KSHARE_MAKE, 0600, 0, &domain) == 0);
	for (i = 0; i < ARRAY_SIZE(modes); i++) {
		check(kshare_domain_set(domain, KSHARE_NO_ID, KSHARE_NO_ID, modes[i].mode, 0) == 0);
		pid = fork();
		if (pid == 0) {
			check(setegid(NOBODY) == 0 && seteuid(NOBODY) == 0);
			stranger_in(modes[i].rights);
			/* Credentials count when they are looked at. */
			check(seteuid(0) == 0);
			kshare_unref(domain);
			check(kshare_domain_open(k, NAME, 0, 0, KSHARE_RIGHT_ALL, &domain) == 0);
			_exit(7);
		}
		reap(pid);
	}
	kshare_unref(domain);
}

/* ---- what there is, and who pays ---- */

static void test_collect(void)
{
	struct kshare_obj *domain = own_domain(k), *a, *b;
	uint64_t before = objects();
	int64_t freed;

	check(kshare_domain_collect(domain) >= 0);
	check(kshare_dict_create(k, 0, &a) == 0 && kshare_list_create(k, 0, &b) == 0);
	check(kshare_dict_set(a, kshare_str("b"), kshare_ref(b)) == 1);
	check(kshare_list_append(b, kshare_ref(a)) >= 0);
	check(kshare_domain_collect(domain) == 0 && objects() == before + 2);
	kshare_unref(a);
	check(kshare_domain_collect(domain) == 0 && objects() == before + 2);
	kshare_unref(b);
	/* The module may have been faster. */
	freed = kshare_domain_collect(domain);
	check(freed == 2 || freed == 0);
	check(objects() == before);
	kshare_unref(domain);
}

static bool kept(struct kshare_obj *domain, uint64_t id, uint32_t keeper,
		 struct kshare_kept_by *found)
{
	struct kshare_kept_by keepers[16];
	uint64_t total;
	int count, i;

	count = kshare_domain_keepers(domain, id, keepers, ARRAY_SIZE(keepers), &total);
	check(count > 0 && total == (uint64_t)count);
	for (i = 0; i < count; i++) {
		if (keepers[i].keeper != keeper)
			continue;
		*found = keepers[i];
		return true;
	}
	return false;
}

static void test_objects(void)
{
	struct kshare_obj *domain, *dict, *list, *gate;
	struct kshare_domain_object object;
	struct kshare_kept_by keeper;
	char ticket[KSHARE_TICKET_LEN + 1];
	uint64_t after = 0, last = 0, found = 0, count = 0, nr;
	struct kshare_kept_by one;
	int fd;

	check(kshare_domain_open(k, NAME, KSHARE_MAKE, 0600, 0, &domain) == 0);
	dict = make(domain, KSHARE_TYPE_DICT);
	list = make(domain, KSHARE_TYPE_LIST);
	check(kshare_list_append(list, kshare_ref(dict)) >= 0);
	check(kshare_domain_objects(domain, &after, &object, 0) == -EINVAL);
	while (kshare_domain_objects(domain, &after, &object, 1) == 1) {
		check(object.id > last && after == object.id && object.bytes);
		check(object.uid == getuid() && object.refs);
		last = object.id;
		count++;
		if (object.id == stat_of(list).id) {
			check(object.type == KSHARE_TYPE_LIST && object.pid == getpid());
			found++;
		}
	}
	check(found == 1 && count == stat_of(domain).length);

	check(kept(domain, stat_of(dict).id, KSHARE_KEPT_BY_HANDLE, &keeper));
	check(keeper.pid == getpid() && keeper.which == kshare_handle(dict));
	check(keeper.rights == KSHARE_RIGHT_ALL);
	check(kept(domain, stat_of(dict).id, KSHARE_KEPT_BY_CONTAINER, &keeper));
	check(keeper.which == stat_of(list).id && keeper.pid == 0);
	check(!kept(domain, stat_of(dict).id, KSHARE_KEPT_BY_TICKET, &keeper));
	check(kshare_ticket_create(dict, KSHARE_RIGHT_READ, 1, KSHARE_NO_ID, KSHARE_FOREVER,
				   ticket, &nr) == 0);
	check(kept(domain, stat_of(dict).id, KSHARE_KEPT_BY_TICKET, &keeper));
	check(keeper.which == nr && keeper.rights == KSHARE_RIGHT_READ);
	check(keeper.pid == getpid());
	check(kshare_ticket_revoke(k, nr) == 0);
	fd = kshare_export_fd_rights(dict, KSHARE_RIGHT_WRITE);
	check(fd >= 0 && kept(domain, stat_of(dict).id, KSHARE_KEPT_BY_DESCRIPTOR, &keeper));
	check(keeper.rights == KSHARE_RIGHT_WRITE && keeper.pid == getpid());
	close(fd);
	check(kshare_dup(dict, 0, KSHARE_REVOCABLE, &gate) == 0);
	check(kept(domain, stat_of(dict).id, KSHARE_KEPT_BY_GATE, &keeper));
	check(kept(domain, keeper.which, KSHARE_KEPT_BY_HANDLE, &one));
	check(one.which == kshare_handle(gate));
	kshare_unref(gate);
	check(kshare_domain_keepers(domain, last + 1000, &keeper, 1, NULL) == -ENOENT);
	kshare_unref(dict);
	kshare_unref(list);
	kshare_unref(domain);
}

static void test_user_limit(void)
{
	uint64_t limit, used, more, set;
	struct kshare_obj *a, *b;
	pid_t pid;

	check(kshare_user_limit(k, KSHARE_NO_ID, KSHARE_LIMIT_OBJECTS, NULL, &limit, &used) == 0);
	check(limit > used && used > 0);
	check(kshare_dict_create(k, 0, &a) == 0);
	check(kshare_user_limit(k, KSHARE_NO_ID, KSHARE_LIMIT_OBJECTS, NULL, NULL, &more) == 0);
	check(more == used + 1);
	check(kshare_user_limit(k, KSHARE_NO_ID, KSHARE_LIMIT_DOMAINS, NULL, NULL, &used) == 0);
	check(used >= 2);
	check(kshare_user_limit(k, KSHARE_NO_ID, 99, NULL, NULL, NULL) == -EOPNOTSUPP);
	if (geteuid() == 0) {
		set = more + 1;
		check(kshare_user_limit(k, getuid(), KSHARE_LIMIT_OBJECTS, &set, &used, NULL) == 0);
		check(used == set);
		check(kshare_dict_create(k, 0, &b) == 0);
		kshare_unref(a);
		check(kshare_dict_create(k, 0, &a) == 0);
		kshare_unref(b);
		check(kshare_list_create(k, 0, &b) == 0);
		set = 1;
		check(kshare_user_limit(k, KSHARE_NO_ID, KSHARE_LIMIT_OBJECTS, &set, NULL,
					NULL) == 0);
		kshare_unref(b);
		check(kshare_list_create(k, 0, &b) == -EDQUOT);
		check(kshare_user_limit(k, KSHARE_NO_ID, KSHARE_LIMIT_OBJECTS, &limit, NULL,
					NULL) == 0);
		set = 12345;
		check(kshare_user_limit(k, NOBODY, KSHARE_LIMIT_BYTES, &set, NULL, NULL) == 0);
		check(kshare_user_limit(k, NOBODY, KSHARE_LIMIT_BYTES, NULL, &used, &more) == 0);
		check(used == set && more == 0);
		pid = fork();
		if (pid == 0) {
			check(seteuid(NOBODY) == 0);
			check(kshare_user_limit(k, KSHARE_NO_ID, KSHARE_LIMIT_BYTES, NULL, &limit,
						&used) == 0);
			check(kshare_user_limit(k, KSHARE_NO_ID, KSHARE_LIMIT_BYTES, &set, NULL,
						NULL) == -EPERM);
			check(kshare_user_limit(k, 0, KSHARE_LIMIT_BYTES, NULL, NULL,
						NULL) == -EPERM);
			_exit(7);
		}
		reap(pid);
	}
	kshare_unref(a);
}

/* ---- revoking ---- */

static void *wait_by(void *queue)
{
	int64_t ret = kshare_queue_get(queue, kshare_deadline_in_ms(30000), NULL);

	return (void *)(intptr_t)ret;
}

static void test_revoke(void)
{
	struct kshare_obj *gates[KSHARE_MAX_GATES + 1];
	struct kshare_obj *dict, *lent, *part, *queue, *lock;
	pthread_t thread;
	void *ret;
	int i;

	check(kshare_dict_create(k, 0, &dict) == 0);
	check(kshare_dup(dict, KSHARE_RIGHT_READ, KSHARE_REVOCABLE, &lent) == 0);
	check(kshare_type(lent) == KSHARE_TYPE_DICT && kshare_same(lent, dict) == 1);
	check(kshare_dup(lent, 0, 0, &part) == 0);
	check(kshare_dict_len(part) == 0);
	check(kshare_dict_set(lent, kshare_int(1), kshare_int(2)) == -EACCES);
	check(kshare_revoke(dict) == -EPERM && kshare_revoke(part) == -EPERM);
	check(kshare_revoke(lent) == 0 && kshare_revoke(lent) == -ESTALE);
	check(kshare_dict_len(lent) == -ESTALE && kshare_dict_len(part) == -ESTALE);
	check(kshare_dict_len(dict) == 0);
	kshare_unref(part);
	kshare_unref(lent);

	/* Each of the one before; the first ends all. */
	gates[0] = dict;
	for (i = 1; i <= (int)KSHARE_MAX_GATES; i++)
		check(kshare_dup(gates[i - 1], 0, KSHARE_REVOCABLE, &gates[i]) == 0);
	check(kshare_dup(gates[i - 1], 0, KSHARE_REVOCABLE, &part) == -EDQUOT);
	check(kshare_dict_len(gates[i - 1]) == 0);
	check(kshare_revoke(gates[1]) == 0);
	check(kshare_dict_len(gates[i - 1]) == -ESTALE);
	while (--i)
		kshare_unref(gates[i]);
	kshare_unref(dict);

	/* Who waits is woken. */
	check(kshare_queue_create(k, 0, 0, &queue) == 0);
	check(kshare_dup(queue, 0, KSHARE_REVOCABLE, &lent) == 0);
	check(pthread_create(&thread, NULL, wait_by, lent) == 0);
	while (stat_of(queue).waiters != 1)
		;
	check(kshare_revoke(lent) == 0);
	check(pthread_join(thread, &ret) == 0 && (intptr_t)ret == -ESTALE);
	kshare_unref(lent);
	kshare_unref(queue);

	/* What is held by it alone is given back. */
	check(kshare_lock_create(k, 0, &lock) == 0);
	check(kshare_dup(lock, 0, KSHARE_REVOCABLE, &lent) == 0);
	i = kshare_export_fd_rights(lent, 0);
	check(i >= 0 && kshare_import_fd(other, i, 0, 0, &part) == 0);
	close(i);
	check(kshare_lock_acquire(part, KSHARE_TRY, NULL, NULL) == 1);
	check(kshare_lock_acquire(lock, KSHARE_TRY, NULL, NULL) == -EAGAIN);
	check(kshare_revoke(lent) == 0);
	{
		uint32_t flags = 0;

		check(kshare_lock_acquire(lock, kshare_deadline_in_ms(30000), NULL, &flags) == 1);
		check(flags & KSHARE_R_OWNER_DIED);
	}
	check(kshare_lock_release(part) == -ESTALE && kshare_lock_release(lock) == 0);
	kshare_unref(part);
	kshare_unref(lent);
	kshare_unref(lock);
}

/* ---- descriptors ---- */

static void test_descriptors(void)
{
	struct pollfd polled = { .events = POLLIN };
	struct kshare_obj *cell, *dup, *got, *queue;
	int fd;

	check(kshare_cell_create(k, KSHARE_ELEM_ANY, kshare_int(5), 0, &cell) == 0);
	/* Of a type that nobody waits for, but that can be passed on. */
	fd = kshare_export_fd(cell);
	check(fd >= 0);
	check(kshare_import_fd(other, fd, 0, KSHARE_NO_INHERIT, &got) == 0);
	check(kshare_type(got) == KSHARE_TYPE_CELL && kshare_same(cell, got) == 1);
	check(stat_of(got).rights == KSHARE_RIGHT_ALL);
	kshare_unref(got);
	close(fd);

	/* It keeps the object, and brings so much. */
	fd = kshare_export_fd_rights(cell, KSHARE_RIGHT_READ | KSHARE_RIGHT_WRITE);
	check(fd >= 0);
	kshare_unref(cell);
	check(kshare_import_fd(other, fd, KSHARE_RIGHT_MANAGE, 0, &got) == -EACCES);
	check(kshare_import_fd(other, fd, KSHARE_RIGHT_READ, 0, &got) == 0);
	check(kshare_cell_get(got, &r) == 0 && number(0) == 5);
	check(kshare_cell_set(got, kshare_int(6)) == -EACCES);
	check(kshare_export_fd(got) == -EACCES);
	kshare_unref(got);
	check(kshare_import_fd(other, fd, 0, 0, &got) == 0);
	check(kshare_cell_set(got, kshare_int(6)) >= 0);
	kshare_unref(got);
	close(fd);
	check(kshare_import_fd(k, fd, 0, 0, &got) == -EBADF);
	check(kshare_import_fd(k, -1, 0, 0, &got) == -EBADF);
	check(kshare_import_fd(k, STDOUT_FILENO, 0, 0, &got) == -EINVAL);
	check(kshare_import_fd(k, kshare_fd(other), 0, 0, &got) == -EINVAL);

	/* For poll alone; and after revoking. */
	check(kshare_queue_create(k, 0, 0, &queue) == 0);
	check(kshare_dup(queue, KSHARE_RIGHT_WAIT, 0, &dup) == 0);
	fd = kshare_export_fd(dup);
	check(fd >= 0 && kshare_import_fd(k, fd, 0, 0, &got) == -EACCES);
	check(kshare_export_fd_rights(dup, KSHARE_RIGHT_READ) == -EACCES);
	close(fd);
	kshare_unref(dup);
	check(kshare_dup(queue, 0, KSHARE_REVOCABLE, &dup) == 0);
	fd = kshare_export_fd(dup);
	polled.fd = fd;
	check(fd >= 0 && poll(&polled, 1, 0) == 0);
	check(kshare_import_fd(other, fd, 0, 0, &got) == 0);
	check(kshare_revoke(dup) == 0);
	check(poll(&polled, 1, 30000) == 1);
	check((polled.revents & (POLLERR | POLLHUP)) == (POLLERR | POLLHUP));
	check(kshare_queue_len(got) == -ESTALE && kshare_queue_len(queue) == 0);
	kshare_unref(got);
	check(kshare_import_fd(other, fd, 0, 0, &got) == -ESTALE);
	close(fd);
	kshare_unref(dup);
	kshare_unref(queue);
}

/* ---- tickets ---- */

static void test_tickets(void)
{
	char ticket[KSHARE_TICKET_LEN + 1], second[KSHARE_TICKET_LEN + 1];
	struct kshare_obj *dict, *weak, *got;
	struct kshare *third;
	uint64_t nr;

	check(kshare_dict_create(k, 0, &dict) == 0);
	check(kshare_ticket_create(dict, KSHARE_RIGHT_READ, 2, KSHARE_NO_ID, KSHARE_FOREVER,
				   ticket, &nr) == 0);
	check(strlen(ticket) == KSHARE_TICKET_LEN &&
	      strspn(ticket, "0123456789abcdefABCDEF") == KSHARE_TICKET_LEN);
	/* What fails is no use. */
	check(kshare_ticket_redeem(other, ticket, KSHARE_RIGHT_WRITE, 0, &got) == -EACCES);
	check(kshare_ticket_redeem(other, ticket, 0, KSHARE_NO_INHERIT, &got) == 0);
	check(kshare_same(got, dict) == 1 && stat_of(got).rights == KSHARE_RIGHT_READ);
	check(kshare_dict_len(got) == 0);
	check(kshare_ticket_create(got, 0, 1, KSHARE_NO_ID, KSHARE_FOREVER, second, NULL) ==
	      -EACCES);
	kshare_unref(got);
	check(kshare_ticket_redeem(other, ticket, KSHARE_RIGHT_READ, 0, &got) == 0);
	kshare_unref(got);
	check(kshare_ticket_redeem(other, ticket, 0, 0, &got) == -ENOENT);
	check(kshare_ticket_revoke(k, nr) == -ENOENT);

	check(kshare_ticket_redeem(other, "no ticket", 0, 0, &got) == -EINVAL);
	check(kshare_ticket_create(dict, 0, 0, KSHARE_NO_ID, KSHARE_FOREVER, ticket, NULL) ==
	      -EINVAL);
	check(kshare_ticket_create(dict, 0, 1, KSHARE_NO_ID, KSHARE_TRY, ticket, NULL) == -EINVAL);
	check(kshare_dup(dict, KSHARE_RIGHT_READ | KSHARE_RIGHT_TRANSFER, 0, &weak) == 0);
	check(kshare_ticket_create(weak, KSHARE_RIGHT_WRITE, 1, KSHARE_NO_ID, KSHARE_FOREVER,
				   ticket, NULL) == -EACCES);
	kshare_unref(weak);

	/* For one user. */
	check(kshare_ticket_create(dict, 0, 1, geteuid(), KSHARE_FOREVER, ticket, NULL) == 0);
	check(kshare_ticket_redeem(other, ticket, 0, 0, &got) == 0);
	kshare_unref(got);
	check(kshare_ticket_create(dict, 0, 1, geteuid() + 1, KSHARE_FOREVER, ticket, &nr) == 0);
	check(kshare_ticket_redeem(other, ticket, 0, 0, &got) == -EPERM);
	/* Only who made it ends it. */
	check(kshare_ticket_revoke(other, nr) == -ENOENT);
	check(kshare_ticket_revoke(k, nr) == 0 && kshare_ticket_revoke(k, nr) == -ENOENT);

	/* Until then, with or without who made it. */
	check(kshare_ticket_create(dict, 0, 1, KSHARE_NO_ID, kshare_deadline_in_ms(0), ticket,
				   NULL) == 0);
	check(kshare_ticket_redeem(other, ticket, 0, 0, &got) == -ENOENT);
	kshare_unref(dict);
	check(kshare_connect(NULL, &third) == 0 && kshare_dict_create(third, 0, &dict) == 0);
	check(kshare_ticket_create(dict, 0, 1, KSHARE_NO_ID, kshare_deadline_in_ms(60000), ticket,
				   NULL) == 0);
	check(kshare_ticket_create(dict, 0, 1, KSHARE_NO_ID, KSHARE_FOREVER, second, NULL) == 0);
	check(kshare_dict_set(dict, kshare_int(1), kshare_int(2)) == 1);
	kshare_unref(dict);
	kshare_disconnect(third);
	check(kshare_ticket_redeem(other, second, 0, 0, &got) == -ENOENT);
	check(kshare_ticket_redeem(other, ticket, 0, 0, &got) == 0);
	check(kshare_dict_get(got, kshare_int(1), &r) == 0 && number(0) == 2);
	kshare_unref(got);

	/* Of what is revoked. */
	check(kshare_dict_create(k, 0, &dict) == 0);
	check(kshare_dup(dict, 0, KSHARE_REVOCABLE, &weak) == 0);
	check(kshare_ticket_create(weak, 0, 9, KSHARE_NO_ID, KSHARE_FOREVER, ticket, &nr) == 0);
	check(kshare_ticket_redeem(other, ticket, 0, 0, &got) == 0);
	check(kshare_revoke(weak) == 0 && kshare_dict_len(got) == -ESTALE);
	kshare_unref(got);
	check(kshare_ticket_redeem(other, ticket, 0, 0, &got) == -ESTALE);
	/* It keeps the object all the same. */
	check(kshare_ticket_revoke(k, nr) == 0);
	kshare_unref(weak);
	kshare_unref(dict);
}

static void test_batch(void)
{
	struct kshare_cmds *batch;
	struct kshare_obj *dict;

	check(kshare_dict_create(k, 0, &dict) == 0);
	check(kshare_batch_new(k, 0, &batch) == 0);
	kshare_prep_user_limit(kshare_batch_ask(batch), KSHARE_NO_ID, KSHARE_LIMIT_BYTES, NULL);
	kshare_prep_ticket_create(kshare_batch_ask(batch), dict, 0, 1, KSHARE_NO_ID,
				  KSHARE_FOREVER);
	kshare_prep_dup(kshare_batch_add(batch), dict, 0, KSHARE_REVOCABLE);
	kshare_prep_domain_list(kshare_batch_ask(batch), 0, 4);
	check(kshare_batch_run(batch) == 0);
	check(kshare_reply_number(kshare_batch_reply(batch, 0)) > 0);
	check(kshare_reply_value(kshare_batch_reply(batch, 1), 0)->type == KSHARE_STR);
	kshare_batch_clear(batch);
	kshare_prep_ticket_revoke(kshare_batch_add(batch), 1000000);
	check(kshare_batch_run(batch) == -ENOENT);
	kshare_batch_free(batch);
	check(kshare_batch_new(k, KSHARE_BATCH_ATOMIC, &batch) == 0);
	kshare_prep_revoke(kshare_batch_add(batch), dict);
	check(kshare_batch_run(batch) == -EOPNOTSUPP);
	kshare_batch_free(batch);
	kshare_unref(dict);
}

/* The last one, since nobody of this user redeems anything for a while. */
static void test_guesses(void)
{
	struct kshare_obj *got;
	int i, err = 0;

	for (i = 0; i < 10000 && err != -EAGAIN; i++) {
		err = kshare_ticket_redeem(k, "00112233445566778899aabbccddeeff", 0, 0, &got);
		check(err == -ENOENT || err == -EAGAIN);
	}
	check(err == -EAGAIN);
}

int main(void)
{
	uint64_t before;
	int err;

	err = kshare_connect(NULL, &k);
	if (err) {
		printf("skipped: %s: %s\n", KSHARE_DEVICE, kshare_strerror(err));
		return 77;
	}
	check(kshare_connect(NULL, &other) == 0);
	before = objects();
	test_names();
	test_info();
	test_modes();
	test_collect();
	test_objects();
	test_user_limit();
	test_revoke();
	test_descriptors();
	test_tickets();
	kshare_reply_free(r);
	/* A ticket whose time is over lets go of its object a moment later. */
	while (objects() != before)
		usleep(1000);
	test_batch();
	test_guesses();
	kshare_disconnect(other);
	kshare_disconnect(k);
	return 0;
}
