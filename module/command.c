// SPDX-License-Identifier: GPL-2.0-only
/*
 * The table of operations.  A new operation is a row here and a function in
 * types/; what each does for its caller stands in uapi/linux/kshare.h.
 */

#include "command.h"
#include "gate.h"
#include "grant.h"
#include "inspect.h"
#include "lockset.h"
#include "name.h"
#include "observe.h"
#include "ticket.h"
#include "types/class.h"
#include "types/types.h"

#define R	KSHARE_RIGHT_READ
#define W	KSHARE_RIGHT_WRITE
#define RW	(R | W)
#define WAIT	KSHARE_RIGHT_WAIT
#define MANAGE	KSHARE_RIGHT_MANAGE

#define HANDLE	KSHARE_FIELD_HANDLE
#define KEY	KSHARE_FIELD_KEY
#define VALUE	KSHARE_FIELD_VALUE
#define EXPECT	KSHARE_FIELD_EXPECT
#define UNTIL	KSHARE_FIELD_DEADLINE
#define OUT	KSHARE_FIELD_OUT
#define NR	KSHARE_FIELD_NR

#define DOMAIN	BIT(KSHARE_TYPE_DOMAIN)
#define CELL	BIT(KSHARE_TYPE_CELL)
#define ARRAY	BIT(KSHARE_TYPE_ARRAY)
#define DICT	(BIT(KSHARE_TYPE_DICT) | BIT(KSHARE_TYPE_NAMESPACE))
#define LIST	BIT(KSHARE_TYPE_LIST)
#define LOCK	(BIT(KSHARE_TYPE_LOCK) | BIT(KSHARE_TYPE_RLOCK))
#define EVENT	BIT(KSHARE_TYPE_EVENT)
#define RWLOCK	BIT(KSHARE_TYPE_RWLOCK)
#define SEMAPHORE BIT(KSHARE_TYPE_SEMAPHORE)
#define CONDITION BIT(KSHARE_TYPE_CONDITION)
#define BARRIER	BIT(KSHARE_TYPE_BARRIER)
#define QUEUE	BIT(KSHARE_TYPE_QUEUE)
#define CLASSES	BIT(KSHARE_TYPE_CLASS)
#define INSTANCE BIT(KSHARE_TYPE_INSTANCE)
#define FIELDS	(DICT | INSTANCE)
#define ANY_TYPE (DOMAIN | CELL | ARRAY | DICT | LIST | LOCK | EVENT | RWLOCK | SEMAPHORE | \
		  CONDITION | BARRIER | QUEUE | CLASSES | INSTANCE)

#define ANY	KSHARE_TAKES_ANY
#define NONE	KSHARE_TAKES_NONE
#define NUMBER	KSHARE_TAKES_ANY	/* the operation answers EDOM */
#define INTEGER	KSHARE_TAKES_INTEGER
#define VECTOR	KSHARE_TAKES_VECTOR
#define BYTES	BIT(KSHARE_BYTES)
#define STR	BIT(KSHARE_STR)
#define REF	BIT(KSHARE_REF)

#define WAITS		KSHARE_OPINFO_WAITS
#define NO_ATOMIC	KSHARE_OPINFO_NO_ATOMIC
#define MULTI		KSHARE_OPINFO_MULTI
#define OF_LOCK		KSHARE_ROW_OF_LOCK
#define OF_CLASS	KSHARE_ROW_OF_CLASS
#define PARKS		KSHARE_ROW_PARKS
#define STAYS		KSHARE_ROW_STAYS
#define ANY_DOOR	KSHARE_ROW_ANY_DOOR
#define IS_KEY		KSHARE_ROW_KEY_IS_KEY
#define OWN_DOMAIN	KSHARE_ROW_OWN_DOMAIN

static int kshare_nop(struct kshare_run *run)
{
	return 0;
}

static int kshare_close(struct kshare_run *run)
{
	return kshare_handle_close(run->client, run->handle);
}

/* Which methods the new handle may call. */
static int kshare_dup_methods(struct kshare_run *run, u64 *methods)
{
	*methods = ~0ULL;
	if (!(run->flags & KSHARE_METHODS))
		return run->value.type == KSHARE_NONE ? 0 : -EINVAL;
	if (run->value.type == KSHARE_NONE || run->obj->type != KSHARE_TYPE_INSTANCE ||
	    (run->value.type == KSHARE_INT && run->value.i < 0))
		return -EINVAL;
	*methods = run->value.u;
	return *methods & ~kshare_instance_methods(run->obj, run->via) ? -EACCES : 0;
}

static int kshare_dup(struct kshare_run *run)
{
	struct kshare_object *obj = run->via ?: run->obj;
	u32 flags = run->flags & KSHARE_NO_INHERIT;
	u32 rights = run->nr ?: run->rights;
	struct kshare_handle *handle;
	u64 methods;
	u32 id;
	int ret;

	if (rights & ~KSHARE_RIGHT_ALL)
		return -EOPNOTSUPP;
	if (rights & ~run->rights)
		return -EACCES;
	/* It is made to be passed on, and is one more object of the domain. */
	if (run->flags & (KSHARE_REVOCABLE | KSHARE_METHODS) &&
	    !(run->rights & KSHARE_RIGHT_TRANSFER))
		return -EACCES;
	ret = kshare_dup_methods(run, &methods);
	if (ret)
		return ret;
	ret = kshare_handle_reserve(run->client, obj->domain, &id, &handle);
	if (ret)
		return ret;
	if (run->flags & (KSHARE_REVOCABLE | KSHARE_METHODS)) {
		obj = kshare_gate_create(obj, run->client->user, methods);
		if (IS_ERR(obj)) {
			kshare_handle_unreserve(run->client, run->obj->domain, id, handle);
			return PTR_ERR(obj);
		}
		if (run->flags & KSHARE_REVOCABLE)
			flags |= KSHARE_HANDLE_GIVER;
	} else {
		kshare_object_get(obj);
	}
	kshare_handle_publish(run->client, id, handle, obj, rights, flags);
	return id;
}

static int kshare_create(struct kshare_run *run)
{
	struct kshare_domain *domain = kshare_domain_of(run->obj);
	struct kshare_create how = {
		.user = run->client->user,
		.type = run->nr & 0xffff,
		.elem = run->nr >> 16,
		.flags = run->flags & ~KSHARE_NO_INHERIT,
		.value = &run->value,
	};
	struct kshare_handle *handle;
	struct kshare_object *obj;
	u32 id;
	int ret;

	if (run->key.type == KSHARE_INT && run->key.i < 0)
		return -EINVAL;
	how.size = run->key.u;
	/* Arguments that this type does not use */
	if (how.type < 32 && !(BIT(how.type) & (ARRAY | QUEUE | SEMAPHORE | BARRIER)) &&
	    run->key.type != KSHARE_NONE)
		return -EINVAL;
	if (how.type < 32 && !(BIT(how.type) & (CELL | SEMAPHORE | CONDITION)) &&
	    run->value.type != KSHARE_NONE)
		return -EINVAL;
	if (how.type != KSHARE_TYPE_ARRAY && how.type != KSHARE_TYPE_CELL && how.elem)
		return -EINVAL;
	if (how.type == KSHARE_TYPE_GATE || how.type == KSHARE_TYPE_CLASS ||
	    how.type == KSHARE_TYPE_INSTANCE)
		return -EOPNOTSUPP;

	ret = kshare_handle_reserve(run->client, domain, &id, &handle);
	if (ret)
		return ret;
	obj = kshare_object_create(domain, &how);
	if (IS_ERR(obj)) {
		kshare_handle_unreserve(run->client, domain, id, handle);
		return PTR_ERR(obj);
	}
	kshare_handle_publish(run->client, id, handle, obj, KSHARE_RIGHT_ALL, run->flags);
	return id;
}

static int kshare_check_version(struct kshare_run *run)
{
	return run->value.u == run->obj->version ? 0 : -ESTALE;
}

const struct kshare_row kshare_rows[KSHARE_ROW_LIMIT] = {
	[KSHARE_OP_NOP] = {
		.name = "nop",
		.issue = kshare_nop,
	},
	[KSHARE_OP_CLOSE] = {
		.name = "close", .flags = NO_ATOMIC,
		.fields = HANDLE,
		.issue = kshare_close,
	},
	[KSHARE_OP_DUP] = {
		.name = "dup", .types = ANY_TYPE, .flags = NO_ATOMIC,
		.cmd_flags = KSHARE_NO_INHERIT | KSHARE_REVOCABLE | KSHARE_METHODS,
		.fields = HANDLE | VALUE | NR, .value = INTEGER | NONE,
		.issue = kshare_dup,
	},
	[KSHARE_OP_STAT] = {
		.name = "stat", .types = ANY_TYPE, .flags = NO_ATOMIC,
		.fields = HANDLE | OUT,
		.issue = kshare_stat,
	},
	[KSHARE_OP_CREATE] = {
		.name = "create", .types = DOMAIN, .rights = W,
		.flags = NO_ATOMIC | OWN_DOMAIN,
		.cmd_flags = KSHARE_NO_INHERIT | KSHARE_ANY_RELEASES | KSHARE_AUTO_RESET |
			     KSHARE_LIFO | KSHARE_PRIORITY | KSHARE_SIGNALLING | KSHARE_OVERTAKE,
		.fields = HANDLE | KEY | VALUE | NR, .key = INTEGER | NONE, .value = ANY,
		.issue = kshare_create,
	},
	[KSHARE_OP_CLIENT_CLONE] = {
		.name = "client_clone", .flags = NO_ATOMIC,
		.issue = kshare_client_clone_fd,
	},
	[KSHARE_OP_CLIENT_BIND] = {
		.name = "client_bind", .flags = NO_ATOMIC,
		/* On an unbound client; the door lets nothing else through to one. */
		.issue = kshare_client_bind_run,
	},
	[KSHARE_OP_CHECK_VERSION] = {
		.name = "check_version", .types = ANY_TYPE & ~DOMAIN, .rights = R,
		.fields = HANDLE | VALUE, .value = INTEGER,
		.apply = kshare_check_version,
	},

	[KSHARE_OP_CANCEL] = {
		.name = "cancel", .flags = NO_ATOMIC,
		.fields = KEY, .key = INTEGER,
		.issue = kshare_cancel,
	},
	[KSHARE_OP_WAIT_ANY] = {
		.name = "wait_any", .flags = WAITS | NO_ATOMIC,
		.cmd_flags = KSHARE_NOWAIT,
		.fields = VALUE | UNTIL | OUT, .value = BYTES,
		.issue = kshare_wait_any, .finish = kshare_wait_many_finish,
	},
	[KSHARE_OP_WAIT_ALL] = {
		.name = "wait_all", .flags = WAITS | NO_ATOMIC,
		.cmd_flags = KSHARE_NOWAIT,
		.fields = VALUE | UNTIL | OUT, .value = BYTES,
		.issue = kshare_wait_all, .finish = kshare_wait_many_finish,
	},
	[KSHARE_OP_EXPORT_FD] = {
		.name = "export_fd", .types = ANY_TYPE, .flags = NO_ATOMIC,
		.fields = HANDLE | NR,
		.issue = kshare_export_fd,
	},
	[KSHARE_OP_REVOKE] = {
		.name = "revoke", .flags = NO_ATOMIC,
		.fields = HANDLE,
		.issue = kshare_revoke,
	},
	[KSHARE_OP_IMPORT_FD] = {
		.name = "import_fd", .flags = NO_ATOMIC,
		.cmd_flags = KSHARE_NO_INHERIT,
		.fields = KEY | NR, .key = INTEGER,
		.issue = kshare_import_fd,
	},
	[KSHARE_OP_TICKET_CREATE] = {
		.name = "ticket_create", .types = ANY_TYPE, .rights = KSHARE_RIGHT_TRANSFER,
		.flags = NO_ATOMIC,
		.fields = HANDLE | KEY | VALUE | EXPECT | OUT | NR,
		.key = INTEGER | NONE, .value = INTEGER | NONE, .expect = INTEGER | NONE,
		.issue = kshare_ticket_create,
	},
	[KSHARE_OP_TICKET_REDEEM] = {
		.name = "ticket_redeem", .flags = NO_ATOMIC,
		.cmd_flags = KSHARE_NO_INHERIT,
		.fields = KEY | NR, .key = STR,
		.issue = kshare_ticket_redeem,
	},
	[KSHARE_OP_TICKET_REVOKE] = {
		.name = "ticket_revoke", .flags = NO_ATOMIC,
		.fields = KEY, .key = INTEGER,
		.issue = kshare_ticket_revoke,
	},
	[KSHARE_OP_USER_LIMIT] = {
		.name = "user_limit", .flags = NO_ATOMIC,
		.fields = KEY | VALUE | OUT | NR, .key = INTEGER | NONE, .value = INTEGER | NONE,
		.issue = kshare_user_limit,
	},
	[KSHARE_OP_WATCH] = {
		.name = "watch", .types = ANY_TYPE, .rights = R, .flags = NO_ATOMIC,
		.fields = HANDLE | KEY | VALUE | NR, .key = ANY, .value = REF,
		.issue = kshare_watch,
	},
	[KSHARE_OP_UNWATCH] = {
		.name = "unwatch", .types = ANY_TYPE, .rights = R, .flags = NO_ATOMIC,
		.fields = HANDLE | NR,
		.issue = kshare_unwatch,
	},
	[KSHARE_OP_WHO] = {
		.name = "who", .types = ANY_TYPE, .rights = R,
		.fields = HANDLE | OUT,
		.prepare = kshare_who_prepare, .apply = kshare_who_apply,
	},

	[KSHARE_OP_DOMAIN_ROOT] = {
		.name = "domain_root", .types = DOMAIN, .rights = R, .flags = NO_ATOMIC,
		.cmd_flags = KSHARE_NO_INHERIT,
		.fields = HANDLE,
		.issue = kshare_domain_root,
	},
	[KSHARE_OP_DOMAIN_LIMIT] = {
		.name = "domain_limit", .types = DOMAIN, .rights = KSHARE_RIGHT_MANAGE,
		.flags = NO_ATOMIC,
		.fields = HANDLE | VALUE | OUT | NR, .value = INTEGER | NONE,
		.issue = kshare_domain_limit,
	},
	[KSHARE_OP_DOMAIN_OPEN] = {
		.name = "domain_open", .flags = NO_ATOMIC,
		.cmd_flags = KSHARE_NO_INHERIT | KSHARE_MAKE | KSHARE_EXCLUSIVE | KSHARE_PIN,
		.fields = KEY | VALUE | NR, .key = STR, .value = INTEGER | NONE,
		.issue = kshare_domain_open,
	},
	[KSHARE_OP_DOMAIN_LIST] = {
		.name = "domain_list", .flags = NO_ATOMIC,
		.fields = KEY | OUT | NR, .key = INTEGER | NONE,
		.issue = kshare_domain_list,
	},
	[KSHARE_OP_DOMAIN_INFO] = {
		.name = "domain_info", .types = DOMAIN, .flags = NO_ATOMIC,
		.fields = HANDLE | OUT,
		.issue = kshare_domain_info,
	},
	[KSHARE_OP_DOMAIN_SET] = {
		.name = "domain_set", .types = DOMAIN, .rights = KSHARE_RIGHT_MANAGE,
		.flags = NO_ATOMIC,
		.cmd_flags = KSHARE_PIN | KSHARE_UNPIN,
		.fields = HANDLE | KEY | VALUE | EXPECT,
		.key = INTEGER | NONE, .value = INTEGER | NONE, .expect = INTEGER | NONE,
		.issue = kshare_domain_set,
	},
	[KSHARE_OP_DOMAIN_COLLECT] = {
		.name = "domain_collect", .types = DOMAIN, .rights = KSHARE_RIGHT_MANAGE,
		.flags = NO_ATOMIC,
		.fields = HANDLE | OUT,
		.issue = kshare_domain_collect,
	},
	[KSHARE_OP_DOMAIN_OBJECTS] = {
		.name = "domain_objects", .types = DOMAIN, .rights = KSHARE_RIGHT_MANAGE,
		.flags = NO_ATOMIC,
		.fields = HANDLE | KEY | OUT | NR, .key = INTEGER | NONE,
		.issue = kshare_domain_objects,
	},
	[KSHARE_OP_DOMAIN_KEEPERS] = {
		.name = "domain_keepers", .types = DOMAIN, .rights = KSHARE_RIGHT_MANAGE,
		.flags = NO_ATOMIC,
		.fields = HANDLE | KEY | OUT, .key = INTEGER,
		.issue = kshare_domain_keepers,
	},

	[KSHARE_OP_CLASS_REGISTER] = {
		.name = "class_register", .types = DOMAIN, .rights = W,
		.flags = NO_ATOMIC | OWN_DOMAIN,
		.cmd_flags = KSHARE_NO_INHERIT | KSHARE_ADOPT,
		.fields = HANDLE | KEY | VALUE, .key = STR, .value = BYTES,
		.issue = kshare_class_register,
	},
	[KSHARE_OP_CLASS_OPEN] = {
		.name = "class_open", .types = DOMAIN, .rights = R, .flags = NO_ATOMIC | OWN_DOMAIN,
		.cmd_flags = KSHARE_NO_INHERIT,
		.fields = HANDLE | KEY, .key = STR,
		.issue = kshare_class_open,
	},
	[KSHARE_OP_CLASS_LIST] = {
		.name = "class_list", .types = DOMAIN, .rights = R, .flags = NO_ATOMIC | OWN_DOMAIN,
		.fields = HANDLE | KEY | OUT, .key = STR | NONE,
		.issue = kshare_class_list,
	},
	[KSHARE_OP_CLASS_DESCRIBE] = {
		.name = "class_describe", .types = CLASSES | INSTANCE, .rights = R,
		.flags = NO_ATOMIC | OF_CLASS,
		.fields = HANDLE | OUT,
		.issue = kshare_class_describe,
	},
	[KSHARE_OP_CLASS_ADOPT] = {
		.name = "class_adopt", .types = CLASSES, .rights = MANAGE,
		.flags = WAITS | NO_ATOMIC,
		.cmd_flags = KSHARE_NOWAIT,
		.fields = HANDLE | UNTIL,
		.prepare = kshare_class_adopt_prepare, .apply = kshare_class_adopt,
		.undo = kshare_class_adopt_undo, .line = kshare_class_adopt_line,
		.finish = kshare_class_adopt_finish,
	},
	[KSHARE_OP_CLASS_UNREGISTER] = {
		.name = "class_unregister", .types = CLASSES, .rights = MANAGE, .flags = NO_ATOMIC,
		.fields = HANDLE,
		.issue = kshare_class_unregister,
	},
	[KSHARE_OP_CLASS_INSTANCES] = {
		.name = "class_instances", .types = CLASSES, .rights = MANAGE, .flags = NO_ATOMIC,
		.fields = HANDLE | KEY | OUT | NR, .key = INTEGER | NONE,
		.prepare = kshare_class_instances_prepare, .apply = kshare_class_instances,
	},
	[KSHARE_OP_CLASS_COOKIE] = {
		.name = "class_cookie", .types = CLASSES, .rights = MANAGE, .flags = NO_ATOMIC,
		.fields = HANDLE | KEY | VALUE, .key = INTEGER, .value = INTEGER,
		.apply = kshare_class_cookie,
	},
	[KSHARE_OP_INSTANCE_CREATE] = {
		.name = "instance_create", .types = CLASSES, .rights = MANAGE, .flags = NO_ATOMIC,
		.cmd_flags = KSHARE_NO_INHERIT,
		.fields = HANDLE | KEY, .key = INTEGER | NONE,
		.issue = kshare_instance_create,
	},
	[KSHARE_OP_INSTANCE_OPEN] = {
		.name = "instance_open", .types = CLASSES, .rights = MANAGE, .flags = NO_ATOMIC,
		.cmd_flags = KSHARE_NO_INHERIT,
		.fields = HANDLE | KEY, .key = INTEGER,
		.issue = kshare_instance_open,
	},
	[KSHARE_OP_CALL] = {
		.name = "call", .types = CLASSES | INSTANCE, .rights = KSHARE_RIGHT_CALL,
		.flags = WAITS | NO_ATOMIC | OF_CLASS | PARKS,
		.cmd_flags = KSHARE_ONEWAY,
		.fields = HANDLE | VALUE | UNTIL | OUT | NR, .value = ANY | VECTOR,
		.direct = kshare_call_direct,
		.prepare = kshare_call_prepare, .apply = kshare_call, .undo = kshare_call_undo,
		.line = kshare_call_line, .queued = kshare_call_queued, .left = kshare_call_left,
		.finish = kshare_call_finish,
	},
	[KSHARE_OP_CALL_RESULT] = {
		.name = "call_result", .flags = NO_ATOMIC,
		.fields = KEY | OUT, .key = INTEGER,
		.issue = kshare_call_result,
	},
	[KSHARE_OP_SERVE] = {
		.name = "serve", .types = CLASSES, .rights = MANAGE,
		.flags = WAITS | NO_ATOMIC | MULTI,
		.cmd_flags = KSHARE_NOWAIT,
		.fields = HANDLE | UNTIL | OUT,
		.apply = kshare_serve, .undo = kshare_serve_undo, .finish = kshare_serve_finish,
	},
	[KSHARE_OP_REPLY] = {
		.name = "reply", .types = CLASSES, .rights = MANAGE, .flags = NO_ATOMIC,
		.fields = HANDLE | KEY | VALUE | NR, .key = INTEGER, .value = ANY,
		.apply = kshare_reply, .finish = kshare_serve_finish,
	},
	[KSHARE_OP_REPLY_AND_SERVE] = {
		.name = "reply_and_serve", .types = CLASSES, .rights = MANAGE,
		.flags = WAITS | NO_ATOMIC,
		.cmd_flags = KSHARE_NOWAIT,
		.fields = HANDLE | KEY | VALUE | UNTIL | OUT | NR, .key = INTEGER, .value = ANY,
		.direct = kshare_reply_and_serve_direct,
		.apply = kshare_reply_and_serve, .undo = kshare_serve_undo,
		.left = kshare_reply_and_serve_left, .finish = kshare_serve_finish,
	},

	[KSHARE_OP_CELL_GET] = {
		.name = "cell_get", .types = CELL, .rights = R, .flags = ANY_DOOR,
		.fields = HANDLE | OUT,
		.quick = kshare_cell_get_quick,
		.read = kshare_cell_get_read, .apply = kshare_cell_get,
	},
	[KSHARE_OP_CELL_SET] = {
		.name = "cell_set", .types = CELL, .rights = W,
		.fields = HANDLE | VALUE | OUT, .value = ANY,
		.apply = kshare_cell_set, .undo = kshare_cell_undo, .finish = kshare_cell_finish,
	},
	[KSHARE_OP_CELL_SWAP] = {
		.name = "cell_swap", .types = CELL, .rights = RW,
		.fields = HANDLE | VALUE | OUT, .value = ANY,
		.apply = kshare_cell_swap, .undo = kshare_cell_undo, .finish = kshare_cell_finish,
	},
	[KSHARE_OP_CELL_ADD] = {
		.name = "cell_add", .types = CELL, .rights = RW,
		.cmd_flags = KSHARE_WRAP,
		.fields = HANDLE | VALUE | OUT, .value = NUMBER,
		.apply = kshare_cell_add, .undo = kshare_cell_undo, .finish = kshare_cell_finish,
	},
	[KSHARE_OP_CELL_AND] = {
		.name = "cell_and", .types = CELL, .rights = RW,
		.fields = HANDLE | VALUE | OUT, .value = NUMBER,
		.apply = kshare_cell_and, .undo = kshare_cell_undo, .finish = kshare_cell_finish,
	},
	[KSHARE_OP_CELL_OR] = {
		.name = "cell_or", .types = CELL, .rights = RW,
		.fields = HANDLE | VALUE | OUT, .value = NUMBER,
		.apply = kshare_cell_or, .undo = kshare_cell_undo, .finish = kshare_cell_finish,
	},
	[KSHARE_OP_CELL_XOR] = {
		.name = "cell_xor", .types = CELL, .rights = RW,
		.fields = HANDLE | VALUE | OUT, .value = NUMBER,
		.apply = kshare_cell_xor, .undo = kshare_cell_undo, .finish = kshare_cell_finish,
	},
	[KSHARE_OP_CELL_CAS] = {
		.name = "cell_cas", .types = CELL, .rights = RW,
		.cmd_flags = KSHARE_BY_VERSION,
		.fields = HANDLE | VALUE | EXPECT | OUT, .value = ANY, .expect = ANY,
		.apply = kshare_cell_cas, .undo = kshare_cell_undo, .finish = kshare_cell_finish,
	},
	[KSHARE_OP_CELL_WAIT] = {
		.name = "cell_wait", .types = CELL, .rights = R | WAIT, .flags = WAITS | MULTI,
		.cmd_flags = KSHARE_NOWAIT | KSHARE_UNTIL_NE | KSHARE_UNTIL_GE |
			     KSHARE_UNTIL_CHANGED,
		.fields = HANDLE | VALUE | UNTIL | OUT, .value = ANY,
		.prepare = kshare_cell_wait_prepare, .apply = kshare_cell_wait,
	},
	[KSHARE_OP_CELL_CHECK] = {
		.name = "cell_check", .types = CELL, .rights = R,
		.fields = HANDLE | EXPECT, .expect = ANY,
		.apply = kshare_cell_check,
	},

	[KSHARE_OP_ARRAY_GET] = {
		.name = "array_get", .types = ARRAY, .rights = R,
		.fields = HANDLE | KEY | OUT, .key = INTEGER,
		.read = kshare_array_get, .apply = kshare_array_get,
	},
	[KSHARE_OP_ARRAY_SET] = {
		.name = "array_set", .types = ARRAY, .rights = W,
		.fields = HANDLE | KEY | VALUE | OUT, .key = INTEGER, .value = NUMBER,
		.apply = kshare_array_set, .undo = kshare_array_undo,
	},
	[KSHARE_OP_ARRAY_READ] = {
		.name = "array_read", .types = ARRAY, .rights = R,
		.fields = HANDLE | KEY | OUT | NR, .key = INTEGER,
		.prepare = kshare_array_read_prepare, .apply = kshare_array_read,
	},
	[KSHARE_OP_ARRAY_WRITE] = {
		.name = "array_write", .types = ARRAY, .rights = W,
		.fields = HANDLE | KEY | VALUE, .key = INTEGER, .value = BIT(KSHARE_BYTES),
		.prepare = kshare_array_write_prepare, .apply = kshare_array_write,
		.undo = kshare_array_write_undo, .finish = kshare_array_write_finish,
	},
	[KSHARE_OP_ARRAY_ADD] = {
		.name = "array_add", .types = ARRAY, .rights = RW,
		.cmd_flags = KSHARE_WRAP,
		.fields = HANDLE | KEY | VALUE | OUT, .key = INTEGER, .value = NUMBER,
		.apply = kshare_array_add, .undo = kshare_array_undo,
	},
	[KSHARE_OP_ARRAY_CAS] = {
		.name = "array_cas", .types = ARRAY, .rights = RW,
		.fields = HANDLE | KEY | VALUE | EXPECT | OUT,
		.key = INTEGER, .value = NUMBER, .expect = NUMBER,
		.apply = kshare_array_cas, .undo = kshare_array_undo,
	},
	[KSHARE_OP_ARRAY_LEN] = {
		.name = "array_len", .types = ARRAY, .rights = R,
		.fields = HANDLE | OUT,
		.apply = kshare_array_len,
	},

	[KSHARE_OP_DICT_GET] = {
		.name = "dict_get", .types = FIELDS, .rights = R, .flags = IS_KEY,
		.fields = HANDLE | KEY | OUT, .key = ANY,
		.read = kshare_dict_get_read, .apply = kshare_dict_get,
	},
	[KSHARE_OP_DICT_SET] = {
		.name = "dict_set", .types = FIELDS, .rights = W, .flags = IS_KEY,
		.fields = HANDLE | KEY | VALUE | OUT, .key = ANY, .value = ANY,
		.prepare = kshare_dict_set_prepare, .apply = kshare_dict_set,
		.undo = kshare_dict_undo, .finish = kshare_dict_finish,
	},
	[KSHARE_OP_DICT_SETDEFAULT] = {
		.name = "dict_setdefault", .types = FIELDS, .rights = RW, .flags = IS_KEY,
		.fields = HANDLE | KEY | VALUE | OUT, .key = ANY, .value = ANY,
		.prepare = kshare_dict_set_prepare, .apply = kshare_dict_setdefault,
		.undo = kshare_dict_undo, .finish = kshare_dict_finish,
	},
	[KSHARE_OP_DICT_DELETE] = {
		.name = "dict_delete", .types = FIELDS, .rights = W, .flags = IS_KEY,
		.fields = HANDLE | KEY | OUT, .key = ANY,
		.prepare = kshare_dict_delete_prepare, .apply = kshare_dict_delete,
		.undo = kshare_dict_undo, .finish = kshare_dict_finish,
	},
	[KSHARE_OP_DICT_POP] = {
		.name = "dict_pop", .types = FIELDS, .rights = RW, .flags = IS_KEY,
		.fields = HANDLE | KEY | OUT, .key = ANY,
		.prepare = kshare_dict_delete_prepare, .apply = kshare_dict_pop,
		.undo = kshare_dict_undo, .finish = kshare_dict_finish,
	},
	[KSHARE_OP_DICT_POPITEM] = {
		.name = "dict_popitem", .types = DICT, .rights = RW,
		.cmd_flags = KSHARE_FIRST,
		.fields = HANDLE | OUT,
		.prepare = kshare_dict_delete_prepare, .apply = kshare_dict_popitem,
		.undo = kshare_dict_undo, .finish = kshare_dict_finish,
	},
	[KSHARE_OP_DICT_CONTAINS] = {
		.name = "dict_contains", .types = FIELDS, .rights = R, .flags = IS_KEY,
		.fields = HANDLE | KEY, .key = ANY,
		.read = kshare_dict_contains_read, .apply = kshare_dict_contains,
	},
	[KSHARE_OP_DICT_LEN] = {
		.name = "dict_len", .types = FIELDS, .rights = R,
		.fields = HANDLE | OUT,
		.apply = kshare_dict_len,
	},
	[KSHARE_OP_DICT_CLEAR] = {
		.name = "dict_clear", .types = DICT, .rights = W,
		.fields = HANDLE | OUT,
		.prepare = kshare_dict_clear_prepare, .apply = kshare_dict_clear,
		.undo = kshare_dict_clear_undo, .finish = kshare_dict_finish,
	},
	[KSHARE_OP_DICT_UPDATE] = {
		.name = "dict_update", .types = FIELDS, .rights = W,
		.fields = HANDLE | VALUE | OUT, .value = VECTOR,
		.prepare = kshare_dict_update_prepare, .apply = kshare_dict_update,
		.undo = kshare_dict_update_undo, .finish = kshare_dict_update_finish,
	},
	[KSHARE_OP_DICT_ADD] = {
		.name = "dict_add", .types = FIELDS, .rights = RW, .flags = IS_KEY,
		.cmd_flags = KSHARE_WRAP | KSHARE_MUST_EXIST,
		.fields = HANDLE | KEY | VALUE | OUT, .key = ANY, .value = NUMBER,
		.prepare = kshare_dict_set_prepare, .apply = kshare_dict_add,
		.undo = kshare_dict_undo, .finish = kshare_dict_finish,
	},
	[KSHARE_OP_DICT_CAS] = {
		.name = "dict_cas", .types = FIELDS, .rights = RW, .flags = IS_KEY,
		.cmd_flags = KSHARE_BY_VERSION,
		.fields = HANDLE | KEY | VALUE | EXPECT | OUT,
		.key = ANY, .value = ANY, .expect = ANY,
		.prepare = kshare_dict_set_prepare, .apply = kshare_dict_cas,
		.undo = kshare_dict_undo, .finish = kshare_dict_finish,
	},
	[KSHARE_OP_DICT_GET_MANY] = {
		.name = "dict_get_many", .types = FIELDS, .rights = R,
		.fields = HANDLE | VALUE | OUT, .value = VECTOR,
		.prepare = kshare_dict_get_many_prepare, .apply = kshare_dict_get_many,
	},
	[KSHARE_OP_DICT_PAGE] = {
		.name = "dict_page", .types = FIELDS, .rights = R,
		.cmd_flags = KSHARE_KEYS | KSHARE_VALUES | KSHARE_ALL,
		.fields = HANDLE | KEY | EXPECT | OUT | NR,
		.key = INTEGER | NONE, .expect = INTEGER | NONE,
		.prepare = kshare_dict_page_prepare, .apply = kshare_dict_page,
	},
	[KSHARE_OP_DICT_CHECK] = {
		.name = "dict_check", .types = FIELDS, .rights = R, .flags = IS_KEY,
		.fields = HANDLE | KEY | EXPECT, .key = ANY, .expect = ANY,
		.apply = kshare_dict_check,
	},
	[KSHARE_OP_DICT_ABSENT] = {
		.name = "dict_absent", .types = FIELDS, .rights = R, .flags = IS_KEY,
		.fields = HANDLE | KEY, .key = ANY,
		.apply = kshare_dict_absent,
	},

	[KSHARE_OP_LIST_GET] = {
		.name = "list_get", .types = LIST, .rights = R,
		.fields = HANDLE | KEY | OUT, .key = INTEGER,
		.apply = kshare_list_get,
	},
	[KSHARE_OP_LIST_SET] = {
		.name = "list_set", .types = LIST, .rights = W,
		.fields = HANDLE | KEY | VALUE | OUT, .key = INTEGER, .value = ANY,
		.prepare = kshare_list_set_prepare, .apply = kshare_list_set,
		.undo = kshare_list_undo, .finish = kshare_list_finish,
	},
	[KSHARE_OP_LIST_APPEND] = {
		.name = "list_append", .types = LIST, .rights = W,
		.fields = HANDLE | VALUE | OUT, .value = ANY,
		.prepare = kshare_list_append_prepare, .apply = kshare_list_append,
		.undo = kshare_list_undo, .finish = kshare_list_finish,
	},
	[KSHARE_OP_LIST_INSERT] = {
		.name = "list_insert", .types = LIST, .rights = W,
		.fields = HANDLE | KEY | VALUE | OUT, .key = INTEGER, .value = ANY,
		.prepare = kshare_list_append_prepare, .apply = kshare_list_insert,
		.undo = kshare_list_undo, .finish = kshare_list_finish,
	},
	[KSHARE_OP_LIST_POP] = {
		.name = "list_pop", .types = LIST, .rights = RW,
		.fields = HANDLE | KEY | OUT, .key = INTEGER | NONE,
		.prepare = kshare_list_remove_prepare, .apply = kshare_list_pop,
		.undo = kshare_list_undo, .finish = kshare_list_finish,
	},
	[KSHARE_OP_LIST_DELETE] = {
		.name = "list_delete", .types = LIST, .rights = W,
		.fields = HANDLE | KEY | OUT, .key = INTEGER,
		.prepare = kshare_list_remove_prepare, .apply = kshare_list_delete,
		.undo = kshare_list_undo, .finish = kshare_list_finish,
	},
	[KSHARE_OP_LIST_EXTEND] = {
		.name = "list_extend", .types = LIST, .rights = W,
		.fields = HANDLE | VALUE | OUT, .value = VECTOR,
		.prepare = kshare_list_extend_prepare, .apply = kshare_list_extend,
		.undo = kshare_list_undo, .finish = kshare_list_finish,
	},
	[KSHARE_OP_LIST_SLICE] = {
		.name = "list_slice", .types = LIST, .rights = R,
		.fields = HANDLE | KEY | EXPECT | OUT | NR,
		.key = INTEGER | NONE, .expect = INTEGER | NONE,
		.prepare = kshare_list_slice_prepare, .apply = kshare_list_slice,
	},
	[KSHARE_OP_LIST_SLICE_SET] = {
		.name = "list_slice_set", .types = LIST, .rights = W,
		.fields = HANDLE | KEY | EXPECT | VALUE | OUT | NR,
		.key = INTEGER | NONE, .expect = INTEGER | NONE, .value = VECTOR,
		.prepare = kshare_list_slice_set_prepare, .apply = kshare_list_slice_set,
		.undo = kshare_list_undo, .finish = kshare_list_finish,
	},
	[KSHARE_OP_LIST_SLICE_DELETE] = {
		.name = "list_slice_delete", .types = LIST, .rights = W,
		.fields = HANDLE | KEY | EXPECT | OUT | NR,
		.key = INTEGER | NONE, .expect = INTEGER | NONE,
		.prepare = kshare_list_slice_delete_prepare, .apply = kshare_list_slice_delete,
		.undo = kshare_list_undo, .finish = kshare_list_finish,
	},
	[KSHARE_OP_LIST_REMOVE] = {
		.name = "list_remove", .types = LIST, .rights = RW,
		.fields = HANDLE | VALUE | OUT, .value = ANY,
		.prepare = kshare_list_remove_prepare, .apply = kshare_list_remove,
		.undo = kshare_list_undo, .finish = kshare_list_finish,
	},
	[KSHARE_OP_LIST_INDEX] = {
		.name = "list_index", .types = LIST, .rights = R,
		.fields = HANDLE | KEY | EXPECT | VALUE | OUT,
		.key = INTEGER | NONE, .expect = INTEGER | NONE, .value = ANY,
		.apply = kshare_list_index,
	},
	[KSHARE_OP_LIST_COUNT] = {
		.name = "list_count", .types = LIST, .rights = R,
		.fields = HANDLE | VALUE | OUT, .value = ANY,
		.apply = kshare_list_count,
	},
	[KSHARE_OP_LIST_CONTAINS] = {
		.name = "list_contains", .types = LIST, .rights = R,
		.fields = HANDLE | VALUE, .value = ANY,
		.apply = kshare_list_contains,
	},
	[KSHARE_OP_LIST_REVERSE] = {
		.name = "list_reverse", .types = LIST, .rights = W,
		.fields = HANDLE | OUT,
		.prepare = kshare_list_set_prepare, .apply = kshare_list_reverse,
		.undo = kshare_list_undo, .finish = kshare_list_finish,
	},
	[KSHARE_OP_LIST_SORT] = {
		.name = "list_sort", .types = LIST, .rights = W,
		.cmd_flags = KSHARE_REVERSE,
		.fields = HANDLE | OUT,
		.prepare = kshare_list_sort_prepare, .apply = kshare_list_sort,
		.undo = kshare_list_undo, .finish = kshare_list_finish,
	},
	[KSHARE_OP_LIST_LEN] = {
		.name = "list_len", .types = LIST, .rights = R,
		.fields = HANDLE | OUT,
		.apply = kshare_list_len,
	},
	[KSHARE_OP_LIST_CLEAR] = {
		.name = "list_clear", .types = LIST, .rights = W,
		.fields = HANDLE | OUT,
		.prepare = kshare_list_clear_prepare, .apply = kshare_list_clear,
		.undo = kshare_list_undo, .finish = kshare_list_finish,
	},
	[KSHARE_OP_LIST_ADD] = {
		.name = "list_add", .types = LIST, .rights = RW,
		.cmd_flags = KSHARE_WRAP,
		.fields = HANDLE | KEY | VALUE | OUT, .key = INTEGER, .value = NUMBER,
		.prepare = kshare_list_set_prepare, .apply = kshare_list_add,
		.undo = kshare_list_undo, .finish = kshare_list_finish,
	},
	[KSHARE_OP_LIST_CAS] = {
		.name = "list_cas", .types = LIST, .rights = RW,
		.fields = HANDLE | KEY | VALUE | EXPECT | OUT,
		.key = INTEGER, .value = ANY, .expect = ANY,
		.prepare = kshare_list_set_prepare, .apply = kshare_list_cas,
		.undo = kshare_list_undo, .finish = kshare_list_finish,
	},
	[KSHARE_OP_LIST_CHECK] = {
		.name = "list_check", .types = LIST, .rights = R,
		.fields = HANDLE | KEY | EXPECT, .key = INTEGER, .expect = ANY,
		.apply = kshare_list_check,
	},

	[KSHARE_OP_LOCK_ACQUIRE] = {
		.name = "lock_acquire", .types = LOCK, .rights = WAIT, .flags = WAITS | MULTI,
		.cmd_flags = KSHARE_NOWAIT | KSHARE_DETECT,
		.fields = HANDLE | KEY | UNTIL | OUT, .key = INTEGER | NONE,
		.quick = kshare_lock_acquire_quick,
		.prepare = kshare_lock_acquire_prepare, .apply = kshare_lock_acquire,
		.undo = kshare_lock_acquire_undo,
	},
	[KSHARE_OP_LOCK_RELEASE] = {
		.name = "lock_release", .types = LOCK, .rights = WAIT,
		.fields = HANDLE | KEY, .key = INTEGER | NONE,
		.quick = kshare_lock_release_quick,
		.prepare = kshare_lock_acquire_prepare, .apply = kshare_lock_release,
		.undo = kshare_lock_release_undo,
	},

	[KSHARE_OP_RWLOCK_ACQUIRE] = {
		.name = "rwlock_acquire", .types = RWLOCK, .rights = WAIT, .flags = WAITS | MULTI,
		.cmd_flags = KSHARE_NOWAIT | KSHARE_SHARED | KSHARE_DETECT,
		.fields = HANDLE | KEY | UNTIL | OUT, .key = INTEGER | NONE,
		.prepare = kshare_rwlock_acquire_prepare, .apply = kshare_rwlock_acquire,
		.undo = kshare_rwlock_acquire_undo, .finish = kshare_rwlock_finish,
	},
	[KSHARE_OP_RWLOCK_RELEASE] = {
		.name = "rwlock_release", .types = RWLOCK, .rights = WAIT,
		.fields = HANDLE | KEY, .key = INTEGER | NONE,
		.prepare = kshare_rwlock_release_prepare, .apply = kshare_rwlock_release,
		.undo = kshare_rwlock_release_undo, .finish = kshare_rwlock_finish,
	},
	[KSHARE_OP_RWLOCK_DOWNGRADE] = {
		.name = "rwlock_downgrade", .types = RWLOCK, .rights = WAIT,
		.fields = HANDLE | KEY, .key = INTEGER | NONE,
		.prepare = kshare_rwlock_release_prepare, .apply = kshare_rwlock_downgrade,
		.undo = kshare_rwlock_downgrade_undo,
	},

	[KSHARE_OP_SEMAPHORE_ACQUIRE] = {
		.name = "semaphore_acquire", .types = SEMAPHORE, .rights = WAIT,
		.flags = WAITS | MULTI | ANY_DOOR,
		.cmd_flags = KSHARE_NOWAIT,
		.fields = HANDLE | UNTIL | OUT | NR,
		.quick = kshare_semaphore_acquire_quick,
		.prepare = kshare_semaphore_acquire_prepare, .apply = kshare_semaphore_acquire,
		.undo = kshare_semaphore_acquire_undo, .finish = kshare_semaphore_finish,
	},
	[KSHARE_OP_SEMAPHORE_RELEASE] = {
		.name = "semaphore_release", .types = SEMAPHORE, .rights = WAIT,
		.flags = ANY_DOOR,
		.fields = HANDLE | OUT | NR,
		.quick = kshare_semaphore_release_quick,
		.prepare = kshare_semaphore_release_prepare, .apply = kshare_semaphore_release,
		.undo = kshare_semaphore_release_undo, .finish = kshare_semaphore_finish,
	},
	[KSHARE_OP_SEMAPHORE_VALUE] = {
		.name = "semaphore_value", .types = SEMAPHORE, .rights = R,
		.fields = HANDLE | OUT,
		.apply = kshare_semaphore_value,
	},

	[KSHARE_OP_CONDITION_WAIT] = {
		.name = "condition_wait", .types = CONDITION, .rights = WAIT,
		.flags = WAITS | OF_LOCK,
		.fields = HANDLE | KEY | UNTIL | OUT, .key = INTEGER | NONE,
		.prepare = kshare_condition_prepare, .apply = kshare_condition_wait,
		.undo = kshare_condition_wait_undo, .line = kshare_condition_line,
		.queued = kshare_condition_queued, .left = kshare_condition_left,
	},
	[KSHARE_OP_CONDITION_NOTIFY] = {
		.name = "condition_notify", .types = CONDITION, .rights = WAIT,
		.flags = NO_ATOMIC | OF_LOCK,
		.cmd_flags = KSHARE_ALL,
		.fields = HANDLE | KEY | NR, .key = INTEGER | NONE,
		.prepare = kshare_condition_prepare, .apply = kshare_condition_notify,
	},

	[KSHARE_OP_BARRIER_WAIT] = {
		.name = "barrier_wait", .types = BARRIER, .rights = WAIT,
		.flags = WAITS,
		.cmd_flags = KSHARE_NOWAIT,
		.fields = HANDLE | UNTIL,
		.prepare = kshare_barrier_wait_prepare, .apply = kshare_barrier_wait,
		.undo = kshare_barrier_undo, .finish = kshare_barrier_wait_finish,
		.queued = kshare_barrier_queued, .left = kshare_barrier_left,
	},
	[KSHARE_OP_BARRIER_ABORT] = {
		.name = "barrier_abort", .types = BARRIER, .rights = W,
		.fields = HANDLE,
		.apply = kshare_barrier_abort, .undo = kshare_barrier_undo,
	},
	[KSHARE_OP_BARRIER_RESET] = {
		.name = "barrier_reset", .types = BARRIER, .rights = W,
		.fields = HANDLE,
		.apply = kshare_barrier_reset, .undo = kshare_barrier_undo,
	},

	[KSHARE_OP_EVENT_SET] = {
		.name = "event_set", .types = EVENT, .rights = W,
		.fields = HANDLE | OUT,
		.apply = kshare_event_set, .undo = kshare_event_undo,
	},
	[KSHARE_OP_EVENT_CLEAR] = {
		.name = "event_clear", .types = EVENT, .rights = W,
		.fields = HANDLE | OUT,
		.apply = kshare_event_clear, .undo = kshare_event_undo,
	},
	[KSHARE_OP_EVENT_IS_SET] = {
		.name = "event_is_set", .types = EVENT, .rights = R,
		.fields = HANDLE,
		.apply = kshare_event_is_set,
	},
	[KSHARE_OP_EVENT_WAIT] = {
		.name = "event_wait", .types = EVENT, .rights = WAIT, .flags = WAITS | MULTI,
		.cmd_flags = KSHARE_NOWAIT,
		.fields = HANDLE | UNTIL | OUT,
		.apply = kshare_event_wait, .undo = kshare_event_undo,
	},

	[KSHARE_OP_QUEUE_PUT] = {
		.name = "queue_put", .types = QUEUE, .rights = W,
		.flags = WAITS | MULTI | STAYS | ANY_DOOR,
		.cmd_flags = KSHARE_NOWAIT,
		.fields = HANDLE | KEY | VALUE | UNTIL | OUT, .key = NUMBER, .value = ANY,
		.quick = kshare_queue_put_quick,
		.prepare = kshare_queue_put_prepare, .apply = kshare_queue_put,
		.undo = kshare_queue_put_undo, .finish = kshare_queue_finish,
		.line = kshare_queue_put_line,
	},
	[KSHARE_OP_QUEUE_PUT_MANY] = {
		.name = "queue_put_many", .types = QUEUE, .rights = W,
		.flags = WAITS | MULTI | STAYS,
		.cmd_flags = KSHARE_NOWAIT,
		.fields = HANDLE | VALUE | UNTIL | OUT, .value = VECTOR,
		.prepare = kshare_queue_put_many_prepare, .apply = kshare_queue_put,
		.undo = kshare_queue_put_undo, .finish = kshare_queue_finish,
		.line = kshare_queue_put_line,
	},
	[KSHARE_OP_QUEUE_GET] = {
		.name = "queue_get", .types = QUEUE, .rights = RW,
		.flags = WAITS | MULTI | ANY_DOOR,
		.cmd_flags = KSHARE_NOWAIT | KSHARE_LEASE,
		.fields = HANDLE | UNTIL | OUT,
		.quick = kshare_queue_get_quick,
		.prepare = kshare_queue_prepare, .apply = kshare_queue_get,
		.undo = kshare_queue_get_undo, .finish = kshare_queue_finish,
	},
	[KSHARE_OP_QUEUE_GET_MANY] = {
		.name = "queue_get_many", .types = QUEUE, .rights = RW, .flags = WAITS | MULTI,
		.cmd_flags = KSHARE_NOWAIT | KSHARE_LEASE,
		.fields = HANDLE | UNTIL | OUT | NR,
		.prepare = kshare_queue_get_many_prepare, .apply = kshare_queue_get_many,
		.undo = kshare_queue_get_undo, .finish = kshare_queue_finish,
	},
	[KSHARE_OP_QUEUE_PEEK] = {
		.name = "queue_peek", .types = QUEUE, .rights = R,
		.fields = HANDLE | OUT,
		.apply = kshare_queue_peek,
	},
	[KSHARE_OP_QUEUE_LEN] = {
		.name = "queue_len", .types = QUEUE, .rights = R,
		.fields = HANDLE | OUT,
		.apply = kshare_queue_len,
	},
	[KSHARE_OP_QUEUE_ACK] = {
		.name = "queue_ack", .types = QUEUE, .rights = W,
		.fields = HANDLE | KEY, .key = INTEGER,
		.prepare = kshare_queue_prepare, .apply = kshare_queue_ack,
		.undo = kshare_queue_ack_undo, .finish = kshare_queue_finish,
	},
	[KSHARE_OP_QUEUE_NACK] = {
		.name = "queue_nack", .types = QUEUE, .rights = W, .flags = NO_ATOMIC,
		.fields = HANDLE | KEY, .key = INTEGER,
		.prepare = kshare_queue_prepare, .apply = kshare_queue_nack,
		.finish = kshare_queue_finish,
	},
	[KSHARE_OP_QUEUE_TASK_DONE] = {
		.name = "queue_task_done", .types = QUEUE, .rights = W,
		.fields = HANDLE | OUT | NR,
		.apply = kshare_queue_task_done, .undo = kshare_queue_task_done_undo,
	},
	[KSHARE_OP_QUEUE_JOIN] = {
		.name = "queue_join", .types = QUEUE, .rights = WAIT, .flags = WAITS | MULTI,
		.cmd_flags = KSHARE_NOWAIT,
		.fields = HANDLE | UNTIL,
		.apply = kshare_queue_join, .line = kshare_queue_join_line,
	},
	[KSHARE_OP_QUEUE_SHUTDOWN] = {
		.name = "queue_shutdown", .types = QUEUE, .rights = W,
		.cmd_flags = KSHARE_IMMEDIATE,
		.fields = HANDLE | OUT,
		.prepare = kshare_queue_prepare, .apply = kshare_queue_shutdown,
		.undo = kshare_queue_shutdown_undo, .finish = kshare_queue_shutdown_finish,
	},
};

u32 kshare_op_count(void)
{
	u32 op, count = 0;

	for (op = 0; op < ARRAY_SIZE(kshare_rows); op++)
		count += !!kshare_op_find(op);
	return count;
}

bool kshare_op_describe(u32 n, struct kshare_op_info *info)
{
	const struct kshare_row *row;
	u32 op;

	for (op = 0; op < ARRAY_SIZE(kshare_rows); op++) {
		row = kshare_op_find(op);
		if (!row || n--)
			continue;
		*info = (struct kshare_op_info){
			.op = op,
			.types = row->types,
			.rights = row->rights,
			.cmd_flags = row->cmd_flags,
			.fields = row->fields,
			.flags = row->flags & (WAITS | NO_ATOMIC | MULTI),
		};
		memcpy(info->name, row->name, sizeof(info->name));
		return true;
	}
	return false;
}
