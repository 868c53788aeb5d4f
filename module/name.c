// SPDX-License-Identifier: GPL-2.0-only
/* Names of domains, and who may open them. */
#include <linux/capability.h>
#include <linux/cred.h>
#include <linux/fdtable.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/ipc_namespace.h>
#include <linux/jhash.h>
#include <linux/magic.h>
#include <linux/module.h>
#include <linux/nsproxy.h>
#include <linux/proc_fs.h>
#include <linux/proc_ns.h>
#include <linux/sched/signal.h>
#include <linux/user_namespace.h>

#include "command.h"
#include "name.h"

/* Names in a result, if it is not said how many. */
#define KSHARE_NAMES_PAGE	256

static u32 kshare_name_hash(const void *data, u32 len, u32 seed)
{
	const struct kshare_name_key *key = data;

	/*
	 * Whoever makes namespaces can have the same name often: with equal hashes the
	 * table would take only so many, and then nobody's.
	 */
	return jhash(key->text, key->len,
		     jhash_2words(key->ipc_ns, key->user_ns->ns.inum, seed));
}

static u32 kshare_name_obj_hash(const void *data, u32 len, u32 seed)
{
	const struct kshare_name *name = data;

	return kshare_name_hash(&name->key, len, seed);
}

static int kshare_name_differs(struct rhashtable_compare_arg *arg, const void *obj)
{
	const struct kshare_name_key *a = arg->key;
	const struct kshare_name_key *b = &((const struct kshare_name *)obj)->key;

	return a->user_ns != b->user_ns || a->ipc_ns != b->ipc_ns || a->len != b->len ||
	       memcmp(a->text, b->text, a->len);
}

static const struct rhashtable_params kshare_names_params = {
	.head_offset = offsetof(struct kshare_name, node),
	.hashfn = kshare_name_hash,
	.obj_hashfn = kshare_name_obj_hash,
	.obj_cmpfn = kshare_name_differs,
	.automatic_shrinking = true,
};

static DEFINE_MUTEX(kshare_names_mutex);
static struct rhashtable kshare_names;
/* The same once more, by number: to be listed in pieces. */
static DEFINE_XARRAY_FLAGS(kshare_names_list, XA_FLAGS_ALLOC1);
static u32 kshare_names_next;

void kshare_names_lock(void)
{
	mutex_lock(&kshare_names_mutex);
}

void kshare_names_unlock(void)
{
	mutex_unlock(&kshare_names_mutex);
}

/* ---- what a name may be ---- */

/* Bytes of the UTF-8 character at @s, or 0 if there is none. */
static u32 kshare_utf8_len(const u8 *s, u32 left)
{
	static const u32 least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	u32 len, i, c;

	if (s[0] < 0x80)
		return 1;
	len = s[0] >= 0xf0 ? 4 : s[0] >= 0xe0 ? 3 : 2;
	if (s[0] < 0xc2 || s[0] > 0xf4 || len > left)
		return 0;
	c = s[0] & (0x7f >> len);
	for (i = 1; i < len; i++) {
		if ((s[i] & 0xc0) != 0x80)
			return 0;
		c = c << 6 | (s[i] & 0x3f);
	}
	if (c < least[len] || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff))
		return 0;
	return len;
}

static bool kshare_name_is_good(const u8 *text, u32 len)
{
	u32 at = 0, part = 0, step;

	if (!len || len > KSHARE_MAX_NAME)
		return false;
	while (at < len) {
		step = text[at] ? kshare_utf8_len(text + at, len - at) : 0;
		if (!step)
			return false;
		if (text[at] == '/')
			part = at + 1;
		at += step;
		if (at < len && text[at] != '/')
			continue;
		/* The end of a part */
		if ((at - part == 1 && text[part] == '.') ||
		    (at - part == 2 && text[part] == '.' && text[part + 1] == '.'))
			return false;
	}
	return true;
}

/* Of the caller's namespaces; -EINVAL, or -EPERM for a task without any. */
static int kshare_name_key(const struct kshare_val *v, struct kshare_name_key *key)
{
	if (!kshare_name_is_good(kshare_val_data(v), v->len))
		return -EINVAL;
	if (!current->nsproxy)
		return -EPERM;
	key->user_ns = current_user_ns();
	key->ipc_ns = current->nsproxy->ipc_ns->ns.inum;
	key->len = v->len;
	key->text = kshare_val_data(v);
	return 0;
}

/* ---- the IPC namespace ---- */

static struct ns_common *kshare_ipc_get(struct ns_common *ns)
{
	get_ipc_ns(container_of(ns, struct ipc_namespace, ns));
	return ns;
}

/*
 * The kernel lets no module give an IPC namespace back.  So the reference is a
 * file's, as /proc/self/ns/ipc would be.  For a moment it stands in the caller's
 * table of descriptors, where another of its threads may exchange it: then it is
 * not what was asked for.
 */
static struct file *kshare_ipc_hold(void)
{
	struct ipc_namespace *ns = current->nsproxy->ipc_ns;
	struct inode *inode;
	struct file *file;
	int fd;

	if (ns->ns.inum == PROC_IPC_INIT_INO)
		return NULL;
	fd = open_related_ns(&ns->ns, kshare_ipc_get);
	if (fd < 0)
		return ERR_PTR(fd);
	file = fget(fd);
	if (!file)
		return ERR_PTR(-EBADF);
	inode = file_inode(file);
	if (inode->i_sb->s_magic != NSFS_MAGIC || inode->i_ino != ns->ns.inum) {
		fput(file);
		return ERR_PTR(-EBADF);
	}
	close_fd(fd);
	return file;
}

/* ---- names ---- */

/* Makes the domain known by a name; under the lock.  @ipc: taken over if that succeeds. */
static int kshare_name_give(struct kshare_domain *domain, const struct kshare_name_key *key,
			    u32 mode, struct file **ipc)
{
	struct kshare_name *name;
	int ret;

	name = kzalloc(struct_size(name, text, key->len), GFP_KERNEL_ACCOUNT);
	if (!name)
		return -ENOMEM;
	memcpy(name->text, key->text, key->len);
	name->key = *key;
	name->key.text = name->text;
	name->uid = current_euid();
	name->gid = current_egid();
	name->mode = mode;
	name->domain = domain;
	name->ipc_file = *ipc;
	get_user_ns(name->key.user_ns);
	ret = xa_alloc_cyclic(&kshare_names_list, &name->number, name, xa_limit_31b,
			      &kshare_names_next, GFP_KERNEL);
	if (ret < 0)
		goto err_put;
	ret = rhashtable_insert_fast(&kshare_names, &name->node, kshare_names_params);
	if (ret)
		goto err_erase;
	*ipc = NULL;
	WRITE_ONCE(domain->name, name);
	return 0;

err_erase:
	xa_erase(&kshare_names_list, name->number);
err_put:
	put_user_ns(name->key.user_ns);
	kfree(name);
	/* The table of names cannot grow any more. */
	return ret == -E2BIG || ret == -EBUSY ? -ENOMEM : ret;
}

struct kshare_name *kshare_name_take(struct kshare_domain *domain)
{
	struct kshare_name *name = domain->name;

	lockdep_assert_held(&kshare_names_mutex);
	if (name) {
		rhashtable_remove_fast(&kshare_names, &name->node, kshare_names_params);
		xa_erase(&kshare_names_list, name->number);
		WRITE_ONCE(domain->name, NULL);
	}
	return name;
}

void kshare_name_free(struct kshare_name *name)
{
	if (!name)
		return;
	put_user_ns(name->key.user_ns);
	if (name->ipc_file)
		fput(name->ipc_file);
	/* The table may be growing. */
	kfree_rcu(name, rcu);
}

static bool kshare_name_is_mine(const struct kshare_name *name)
{
	return uid_eq(current_euid(), name->uid);
}

/* What the caller may do with the domain. */
static u32 kshare_name_rights(const struct kshare_name *name)
{
	u32 mode = name->mode, rights = 0;

	if (kshare_name_is_mine(name)) {
		mode >>= 6;
		rights |= KSHARE_RIGHT_MANAGE;
	} else if (in_egroup_p(name->gid)) {
		mode >>= 3;
	}
	if (mode & 4)
		rights |= KSHARE_RIGHT_READ | KSHARE_RIGHT_WAIT;
	if (mode & 2)
		rights |= KSHARE_RIGHT_WRITE | KSHARE_RIGHT_CALL;
	if ((mode & 6) == 6)
		rights |= KSHARE_RIGHT_TRANSFER;
	return rights;
}

/* It stays without members, or not any more; under both locks. */
static void kshare_domain_pin(struct kshare_domain *domain, bool pin)
{
	if (domain->pinned == pin)
		return;
	mutex_lock(&domain->members_lock);
	domain->pinned = pin;
	mutex_unlock(&domain->members_lock);
	if (pin) {
		/* What is kept for later must not go with the module. */
		__module_get(THIS_MODULE);
		kshare_object_get(&domain->obj);
	} else {
		/* The caller has a reference to both. */
		module_put(THIS_MODULE);
		kshare_object_put(&domain->obj);
	}
}

/* Of namespaces that end, nobody could open it any more, nor unpin it. */
static bool kshare_may_pin(void)
{
	return current->nsproxy && current->nsproxy->ipc_ns->ns.inum == PROC_IPC_INIT_INO &&
	       current_user_ns() == &init_user_ns;
}

/* An id or a mode: 0, or -EINVAL. */
static int kshare_name_number(const struct kshare_val *v, u32 most)
{
	return (v->type == KSHARE_INT && v->i < 0) || v->u > most ? -EINVAL : 0;
}

/* Opens it with the lock held: a handle for what the caller may do. */
static int kshare_name_open(struct kshare_run *run, struct kshare_name *name, bool made)
{
	/* Who makes it has all rights, whatever the mode, as with open(2). */
	u32 rights = made ? KSHARE_RIGHT_ALL : kshare_name_rights(name);
	struct kshare_domain *domain = name->domain;
	struct user_namespace *ns = name->key.user_ns;
	struct kshare_handle *handle;
	u32 id;
	int ret;

	/* To be denied for want of it is worth a word of the audit's, to get less is not. */
	if ((run->nr ?: KSHARE_RIGHT_ALL) & ~rights &&
	    (run->nr || !rights ? ns_capable(ns, CAP_IPC_OWNER) :
				  ns_capable_noaudit(ns, CAP_IPC_OWNER)))
		rights = KSHARE_RIGHT_ALL;
	if (!rights || run->nr & ~rights)
		return -EPERM;
	ret = kshare_handle_reserve(run->client, domain, &id, &handle);
	if (ret)
		return ret;
	kshare_object_get(&domain->obj);
	kshare_handle_publish(run->client, id, handle, &domain->obj, run->nr ?: rights,
			      run->flags);
	return id;
}

/* KSHARE_OP_DOMAIN_OPEN */
int kshare_domain_open(struct kshare_run *run)
{
	struct kshare_domain *domain = NULL;
	struct file *ipc = NULL;
	struct kshare_name_key key;
	struct kshare_name *name;
	int ret;

	if (!(run->flags & KSHARE_MAKE) &&
	    (run->flags & (KSHARE_EXCLUSIVE | KSHARE_PIN) || run->value.type != KSHARE_NONE))
		return -EINVAL;
	if (run->nr & ~KSHARE_RIGHT_ALL)
		return -EOPNOTSUPP;
	if (run->flags & KSHARE_PIN && !kshare_may_pin())
		return -EOPNOTSUPP;
	ret = kshare_name_number(&run->value, KSHARE_MODES);
	if (!ret && run->value.u & ~KSHARE_MODES)
		ret = -EINVAL;
	if (!ret)
		ret = kshare_name_key(&run->key, &key);
	if (ret)
		return ret;
	/* Not under the lock: to close a descriptor may take as long as others want. */
	if (run->flags & KSHARE_MAKE)
		ipc = kshare_ipc_hold();
	if (IS_ERR(ipc))
		return PTR_ERR(ipc);

	kshare_names_lock();
	name = rhashtable_lookup_fast(&kshare_names, &key, kshare_names_params);
	if (name) {
		ret = run->flags & KSHARE_EXCLUSIVE ? -EEXIST : kshare_name_open(run, name, false);
	} else if (!(run->flags & KSHARE_MAKE)) {
		ret = -ENOENT;
	} else {
		domain = kshare_domain_create(run->client->user);
		ret = PTR_ERR_OR_ZERO(domain);
		if (!ret)
			ret = kshare_name_give(domain, &key, run->value.type == KSHARE_NONE ?
							     0600 : run->value.u, &ipc);
		if (!ret)
			ret = kshare_name_open(run, domain->name, true);
		if (ret >= 0 && run->flags & KSHARE_PIN)
			kshare_domain_pin(domain, true);
	}
	kshare_names_unlock();
	if (!IS_ERR_OR_NULL(domain)) {
		if (ret < 0)
			kshare_domain_check(domain);
		kshare_object_put(&domain->obj);
	}
	if (ipc)
		fput(ipc);
	return ret;
}

/* ---- looking at names ---- */

static int kshare_name_tell(struct kshare_run *run, const struct kshare_name *name)
{
	struct user_namespace *ns = current_user_ns();
	struct kshare_val text;
	int ret;

	ret = kshare_val_str(name->text, name->key.len, &text);
	if (ret)
		return ret;
	kshare_give_away(run, &text);
	run->out[run->out_count++] = kshare_val_uint(from_kuid_munged(ns, name->uid));
	run->out[run->out_count++] = kshare_val_uint(from_kgid_munged(ns, name->gid));
	run->out[run->out_count++] = kshare_val_uint(name->mode);
	return 0;
}

/* KSHARE_OP_DOMAIN_LIST */
int kshare_domain_list(struct kshare_run *run)
{
	u32 most = min(run->nr ?: KSHARE_NAMES_PAGE, KSHARE_NAMES_PAGE);
	struct kshare_name *name;
	unsigned long at;
	int ret;

	ret = kshare_name_number(&run->key, INT_MAX);
	if (!ret)
		ret = kshare_run_out(run, 4 * most);
	if (!ret && !current->nsproxy)
		ret = -EPERM;
	if (ret)
		return ret;
	at = run->key.u;
	run->number = at;
	kshare_names_lock();
	for (name = xa_find_after(&kshare_names_list, &at, ULONG_MAX, XA_PRESENT); name;
	     name = xa_find_after(&kshare_names_list, &at, ULONG_MAX, XA_PRESENT)) {
		if (name->key.user_ns == current_user_ns() &&
		    name->key.ipc_ns == current->nsproxy->ipc_ns->ns.inum &&
		    (kshare_name_rights(name) ||
		     ns_capable_noaudit(name->key.user_ns, CAP_IPC_OWNER))) {
			if (run->out_count == 4 * most) {
				run->result_flags |= KSHARE_R_MORE;
				break;
			}
			ret = kshare_name_tell(run, name);
			if (ret)
				break;
		}
		run->number = at;
		cond_resched();
		/* To look at all names of all namespaces may take a while. */
		if (fatal_signal_pending(current)) {
			ret = -EINTR;
			break;
		}
	}
	kshare_names_unlock();
	if (!ret)
		ret = kshare_run_deliver_after(run);
	return ret ?: run->out_count / 4;
}

/* KSHARE_OP_DOMAIN_INFO */
int kshare_domain_info(struct kshare_run *run)
{
	struct kshare_domain *domain = kshare_domain_of(run->obj);
	int ret = kshare_run_out(run, 5);

	if (ret)
		return ret;
	kshare_names_lock();
	if (domain->name) {
		ret = kshare_name_tell(run, domain->name);
	} else {
		memset(run->out, 0, 4 * sizeof(*run->out));
		run->out_count = 4;
	}
	if (!ret)
		run->out[run->out_count++] = (struct kshare_val){
			.type = KSHARE_BOOL, .u = domain->pinned,
		};
	kshare_names_unlock();
	return ret ?: kshare_run_deliver_after(run);
}

/* KSHARE_OP_DOMAIN_SET, with the lock held: all or nothing. */
static int kshare_name_set(struct kshare_run *run, struct kshare_name *name)
{
	struct user_namespace *ns = name->key.user_ns;
	bool mine = kshare_name_is_mine(name);
	kuid_t uid = name->uid;
	kgid_t gid = name->gid;

	if (run->key.type != KSHARE_NONE) {
		uid = make_kuid(current_user_ns(), run->key.u);
		if (!uid_valid(uid))
			return -EINVAL;
		if (!uid_eq(uid, name->uid) && !ns_capable(ns, CAP_CHOWN))
			return -EPERM;
	}
	if (run->value.type != KSHARE_NONE) {
		gid = make_kgid(current_user_ns(), run->value.u);
		if (!gid_valid(gid))
			return -EINVAL;
		if (!gid_eq(gid, name->gid) && !(mine && in_egroup_p(gid)) &&
		    !ns_capable(ns, CAP_CHOWN))
			return -EPERM;
	}
	if ((run->expect.type != KSHARE_NONE || run->flags) && !mine &&
	    !ns_capable(ns, CAP_FOWNER))
		return -EPERM;
	if (run->flags & KSHARE_PIN && (name->ipc_file || ns != &init_user_ns))
		return -EOPNOTSUPP;
	name->uid = uid;
	name->gid = gid;
	if (run->expect.type != KSHARE_NONE)
		name->mode = run->expect.u;
	if (run->flags)
		kshare_domain_pin(name->domain, run->flags & KSHARE_PIN);
	return 0;
}

int kshare_domain_set(struct kshare_run *run)
{
	struct kshare_domain *domain = kshare_domain_of(run->obj);
	int ret;

	if (run->flags == (KSHARE_PIN | KSHARE_UNPIN) || run->expect.u & ~KSHARE_MODES)
		return -EINVAL;
	ret = kshare_name_number(&run->key, U32_MAX - 1) ?:
	      kshare_name_number(&run->value, U32_MAX - 1) ?:
	      kshare_name_number(&run->expect, KSHARE_MODES);
	if (ret)
		return ret;
	kshare_names_lock();
	ret = domain->name ? kshare_name_set(run, domain->name) : -ENOENT;
	kshare_names_unlock();
	/* Another thread may have closed the last handle while it was pinned. */
	if (!ret && run->flags & KSHARE_UNPIN)
		kshare_domain_check(domain);
	return ret;
}

int kshare_names_init(void)
{
	return rhashtable_init(&kshare_names, &kshare_names_params);
}

/* No domain is left. */
void kshare_names_exit(void)
{
	WARN_ON_ONCE(!xa_empty(&kshare_names_list));
	rhashtable_destroy(&kshare_names);
}
