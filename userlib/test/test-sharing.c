// SPDX-License-Identifier: LGPL-2.1-or-later OR MIT
/*
 * Domains with names, what is in them, and limits of users, against the module, as
 * test-module.c does it for other functions.  Exits with 77 if there is no module.
 */
#include <sys/socket.h>
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

static struct kshare_obj *own_domain(void)
{
	struct kshare_obj *domain;

	check(kshare_domain(k, &domain) == 0);
	return domain;
}

static uint64_t objects(void)
{
	struct kshare_obj *domain KSHARE_CLEANUP = own_domain();

	return stat_of(domain).length;
}

static int alter(struct kshare_obj *domain, uint32_t mode, uint32_t flags)
{
	return kshare_domain_set(domain, KSHARE_NO_ID, KSHARE_NO_ID, mode, flags);
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

/* ---- names ---- */

static void test_names(void)
{
	static const char *const bad[] = { "", ".", "..", "a/../b", "a/.", "\xff\xfe" };
	struct kshare_obj *domain, *again, *root, *queue, *found;
	char longest[KSHARE_MAX_NAME + 2];
	struct kshare_cmd cmd;
	size_t i;
	int ret;

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
	check(alter(domain, 0600, 0) == 0);
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
	kshare_prep_domain_open(&cmd, NAME, KSHARE_MAKE, 0600, 0);
	ret = kshare_submit(k, &cmd, NULL);
	check(ret > 0 && kshare_from_handle(k, (uint32_t)ret, &domain) == 0);
	kshare_prep_domain_info(&cmd, domain);
	check(kshare_submit(k, &cmd, &r) == 0 && kshare_reply_count(r) == 5);
	kshare_unref(domain);
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
	check(alter(domain[0], 0640, 0) == 0);
	check(kshare_domain_info(domain[0], &info) == 0 && info.mode == 0640);
	check(alter(domain[0], 0711, 0) == -EINVAL);
	check(alter(domain[0], 0, KSHARE_PIN | KSHARE_UNPIN) == -EINVAL);
	if (geteuid() == 0) {
		check(kshare_domain_set(domain[0], NOBODY, 12, KSHARE_NO_ID, 0) == 0);
		check(kshare_domain_info(domain[0], &info) == 0);
		check(info.uid == NOBODY && info.gid == 12 && info.mode == 0640);
	}

	/* It stays, and what is in it. */
	check(alter(domain[1], KSHARE_NO_ID, KSHARE_PIN) == 0);
	check(kshare_domain_info(domain[1], &info) == 0 && info.flags == KSHARE_PIN);
	for (i = 0; i < 4; i++)
		kshare_unref(domain[i]);
	check(kshare_domain_open(k, NAME "/2", 0, 0, 0, &domain[2]) == -ENOENT);
	check(kshare_domain_open(k, NAME "/1", 0, 0, 0, &domain[1]) == 0);
	check(alter(domain[1], KSHARE_NO_ID, KSHARE_UNPIN) == 0);
	kshare_unref(domain[1]);
	check(kshare_domain_open(k, NAME "/1", 0, 0, 0, &domain[1]) == -ENOENT);
	check(kshare_domain_open(k, NAME "/1", KSHARE_MAKE | KSHARE_PIN, 0600, 0, &domain[1]) == 0);
	check(kshare_domain_info(domain[1], &info) == 0 && info.flags == KSHARE_PIN);
	check(alter(domain[1], KSHARE_NO_ID, KSHARE_UNPIN) == 0);
	kshare_unref(domain[1]);

	/* A client's own has none. */
	domain[0] = own_domain();
	check(kshare_domain_info(domain[0], &info) == 0 && !info.name[0] && !info.mode);
	check(alter(domain[0], 0600, 0) == -ENOENT);
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
	check(alter(domain, 0666, 0) == -EACCES);
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
		check(alter(domain, modes[i].mode, 0) == 0);
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

/* A child is in the domains of its parent, and keeps them. */
static void test_fork(void)
{
	struct kshare_obj *domain, *hidden, *root, *lent, *list;
	int turn[2];
	pid_t pid;
	char c;

	check(kshare_domain_open(k, NAME, KSHARE_MAKE, 0600, 0, &domain) == 0);
	check(kshare_domain_open(k, NAME, KSHARE_NO_INHERIT, 0, 0, &hidden) == 0);
	check(kshare_domain_root(domain, 0, &root) == 0);
	check(kshare_dup(root, 0, KSHARE_REVOCABLE, &lent) == 0);
	check(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, turn) == 0);
	pid = fork();
	if (pid == 0) {
		check(kshare_domain_root(hidden, 0, &list) == -EBADF);
		check(kshare_revoke(lent) == -EPERM && kshare_dict_len(lent) == 0);
		list = make(domain, KSHARE_TYPE_LIST);
		check(kshare_dict_set(root, kshare_int(1), kshare_ref(list)) == 1);
		check(write(turn[1], "", 1) == 1 && read(turn[1], &c, 1) == 1);
		check(kshare_dict_len(lent) == -ESTALE && kshare_dict_len(root) == 1);
		_exit(7);
	}
	check(read(turn[0], &c, 1) == 1 && kshare_revoke(lent) == 0);
	kshare_unref(lent);
	kshare_unref(root);
	kshare_unref(hidden);
	kshare_unref(domain);
	check(write(turn[0], "", 1) == 1);
	reap(pid);
	close(turn[0]);
	close(turn[1]);
	check(kshare_domain_open(k, NAME, 0, 0, 0, &domain) == -ENOENT);
}

/* ---- what there is, and who pays ---- */

static void test_collect(void)
{
	struct kshare_obj *domain = own_domain(), *a, *b;
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
	struct kshare_kept_by keeper, one;
	char ticket[KSHARE_TICKET_LEN + 1];
	uint64_t after = 0, last = 0, found = 0, count = 0, nr;
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

/* ---- several at once ---- */

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
	kshare_batch_clear(batch);
	kshare_prep_ticket_create(kshare_batch_add(batch), dict, 0, 1, KSHARE_NO_ID,
				  KSHARE_FOREVER);
	check(kshare_batch_run(batch) == -EINVAL);
	kshare_batch_free(batch);
	check(kshare_batch_new(k, KSHARE_BATCH_ATOMIC, &batch) == 0);
	kshare_prep_revoke(kshare_batch_add(batch), dict);
	check(kshare_batch_run(batch) == -EOPNOTSUPP);
	kshare_batch_free(batch);
	kshare_unref(dict);
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
	test_fork();
	test_collect();
	test_objects();
	test_user_limit();
	kshare_reply_free(r);
	check(objects() == before);
	/* It leaves a ticket and a handle to the clients' end. */
	test_batch();
	kshare_disconnect(other);
	kshare_disconnect(k);
	return 0;
}
