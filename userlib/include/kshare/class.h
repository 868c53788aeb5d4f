/* SPDX-License-Identifier: LGPL-2.1-or-later OR MIT */
/*
 * Classes, as their hosts see them: methods that are functions of this process, and
 * fields that the kernel holds.
 *
 *	static int change(struct kshare_call *call)
 *	{
 *		return kshare_return(call, kshare_int(work(kshare_call_ptr(call))));
 *	}
 *
 *	static const struct kshare_method methods[] = {
 *		{ .name = "change", .fn = change, .flags = KSHARE_METHOD_EXPOSED },
 *	};
 *	static const struct kshare_field fields[] = { { .name = "x" } };
 *	static const struct kshare_class_def def = {
 *		.size = sizeof(def), .name = "Thing",
 *		.methods = methods, .method_count = 1, .fields = fields, .field_count = 1,
 *	};
 *
 *	kshare_class_register(k, &def, 0, &class);
 *	kshare_instance_create(class, 1, thing, 0, &obj);
 *	kshare_serve_loop(class, 4);
 *
 * How others call the methods is in kshare/call.h.  They change fields by kshare_dict_set()
 * and its like, on the instance's proxy.
 *
 * An instance has a *cookie*, a number of the host's which outlives it: who adopts the
 * class finds it there.  It may have a pointer beside, which is this process's own.
 */
#ifndef KSHARE_CLASS_H
#define KSHARE_CLASS_H

#include <kshare/base.h>
#include <kshare/value.h>

KSHARE_BEGIN_DECLS

/**
 * struct kshare_method - a method
 * @name: its name
 * @fn: what it does; NULL if it cannot be called after all.  Returns 0, or a negative
 *	errno value, which the caller gets as kshare_raise() would give it.  If it has
 *	given no answer, and the call is not kept, kshare_none() is the answer
 * @result: name of the class of which it returns instances; NULL: any value
 * @flags: KSHARE_METHOD_EXPOSED: it may be called
 * @reserved: 0
 */
struct kshare_method {
	const char *name;
	int (*fn)(struct kshare_call *call);
	const char *result;
	uint32_t flags;
	uint32_t reserved;
};

/** KSHARE_TAKES() - a bit of &kshare_field.types: KSHARE_TAKES(KSHARE_INT) */
#define KSHARE_TAKES(type)	(1u << (type))

/**
 * struct kshare_field - a field, which the kernel holds for each instance
 * @name: its name
 * @types: KSHARE_TAKES() of each type that it takes; 0: any
 * @flags: KSHARE_CLASS_READ_ONLY: only the host may change it
 */
struct kshare_field {
	const char *name;
	uint32_t types;
	uint32_t flags;
};

/**
 * struct kshare_class_def - what a class is, and what its host does
 * @size: sizeof(struct kshare_class_def)
 * @name: its name in the domain
 * @domain: where; NULL for the client's own domain
 * @methods: the methods.  The number of one is its place here
 * @fields: the fields; may be NULL
 * @method_count: number of @methods
 * @field_count: number of @fields
 * @flags: KSHARE_CLASS_CREATABLE, KSHARE_CLASS_SERIAL, KSHARE_CLASS_SERIAL_EACH
 * @reserved: 0
 * @create: makes an instance for somebody, and answers with kshare_return_obj(); NULL
 *	if there is no such thing.  Else as a method
 * @release: nothing refers to the instance any more: @ptr may go.  May be NULL
 * @adopted: tells of an instance that another host has made; its result is the pointer
 *	that it has in this process, or NULL.  May be NULL
 * @abandoned: who made this call, which is not answered yet, does not want to know any
 *	more.  It has still to be answered.  May be NULL
 * @data: for kshare_class_data()
 *
 * @methods, @fields, and what they point at, must stay until kshare_class_free().
 */
struct kshare_class_def {
	size_t size;
	const char *name;
	struct kshare_obj *domain;
	const struct kshare_method *methods;
	const struct kshare_field *fields;
	uint32_t method_count;
	uint32_t field_count;
	uint32_t flags;
	uint32_t reserved;
	int (*create)(struct kshare_call *call);
	void (*release)(struct kshare_class *cls, uint64_t id, uint64_t cookie, void *ptr);
	void *(*adopted)(struct kshare_class *cls, uint64_t id, uint64_t cookie);
	void (*abandoned)(struct kshare_call *call);
	void *data;
};

/**
 * kshare_class_register() - a new class, of which this client is the host
 * @k: the client
 * @def: what it is
 * @flags: KSHARE_ADOPT: if there is one of that name and kind without a host, this
 *	client becomes its host, and @adopted is called for each instance;
 *	KSHARE_NO_INHERIT
 * @cls: the class
 *
 * Return: 0; -EEXIST if there is one with a host; with KSHARE_ADOPT -EINVAL if that one
 * has other methods or fields; -E2BIG for too many of them, or too long names.
 */
int kshare_class_register(struct kshare *k, const struct kshare_class_def *def, uint32_t flags,
			  struct kshare_class **cls);

/**
 * kshare_class_adopt() - waits until a class has no host, and becomes its host
 * @k: the client
 * @def: what the class is: name, methods and fields are those of the one that there is
 * @deadline: an absolute time, KSHARE_FOREVER or KSHARE_TRY
 * @cls: the class.  @adopted has been called for each instance.
 *
 * Return: 0; -ENOENT if there is no such class; -EINVAL if its methods or fields are
 * others; -ETIMEDOUT; -EAGAIN with KSHARE_TRY; -EINTR.
 */
int kshare_class_adopt(struct kshare *k, const struct kshare_class_def *def, int64_t deadline,
		       struct kshare_class **cls);

/**
 * kshare_class_unregister() - gives a class up, and its name
 * @cls: the class
 *
 * Who waits for an answer gets -EOWNERDEAD, and nobody finds the class any more.
 *
 * Return: 0; -EPERM if this client is not its host.
 */
int kshare_class_unregister(struct kshare_class *cls);

/**
 * kshare_class_free() - lets a class go
 * @cls: the class, or NULL
 *
 * Ends kshare_serve_start().  If that was the client's last handle to the class, it has
 * no host any more, but keeps its name, and another process may adopt it.  Calls that
 * are kept keep the class.
 */
void kshare_class_free(struct kshare_class *cls);

/** kshare_class_obj() - the proxy of a class, which stays the class's */
struct kshare_obj *kshare_class_obj(struct kshare_class *cls);

/** kshare_class_data() - @data of its definition */
void *kshare_class_data(struct kshare_class *cls);

/** kshare_class_token() - how many hosts a class has had, this one included */
uint64_t kshare_class_token(struct kshare_class *cls);

/**
 * kshare_class_open() - the class of a name
 * @domain: its domain
 * @name: its name
 * @flags: KSHARE_NO_INHERIT
 * @obj: its proxy, for kshare_class_describe() and kshare_call_create()
 *
 * Return: 0; -ENOENT if there is none.
 */
int kshare_class_open(struct kshare_obj *domain, const char *name, uint32_t flags,
		      struct kshare_obj **obj);

/**
 * kshare_class_list() - the names of a domain's classes
 * @domain: the domain
 * @after: the name behind which to begin; NULL for all
 * @reply: up to 256 names, in order of their bytes
 *
 * Return: their number; kshare_reply_flags() has KSHARE_R_MORE if there are more.
 */
int kshare_class_list(struct kshare_obj *domain, const char *after, struct kshare_reply **reply);

/**
 * kshare_class_describe() - what a class is
 * @obj: a proxy of the class or of an instance
 * @reply: the name, and what kshare_described() and its like read; number: a bit
 *	(1 << method) for each method that may be called by this proxy
 *
 * Return: 1 if it has a host; 0 if not.
 */
int kshare_class_describe(struct kshare_obj *obj, struct kshare_reply **reply);

/**
 * kshare_described() - how many methods and fields there are, and the flags
 * @reply: of kshare_class_describe()
 * @info: filled
 *
 * Return: 0; -EDOM if that is no description.
 */
int kshare_described(const struct kshare_reply *reply, struct kshare_class_info *info);

/**
 * kshare_described_method() - one method
 * @reply: of kshare_class_describe()
 * @i: its number
 * @method: filled
 *
 * Return: 0; -ENOENT if there is none; -EDOM if that is no description.
 */
int kshare_described_method(const struct kshare_reply *reply, uint32_t i,
			    struct kshare_class_method *method);

/** kshare_described_field() - one field; as kshare_described_method() */
int kshare_described_field(const struct kshare_reply *reply, uint32_t i,
			   struct kshare_class_field *field);

/**
 * kshare_instance_create() - a new instance
 * @cls: its class
 * @cookie: a number, which calls and the next host are told
 * @ptr: what kshare_call_ptr() gives; may be NULL
 * @flags: KSHARE_NO_INHERIT
 * @obj: its proxy
 *
 * Return: 0; -EPERM if this client is not the host.
 */
int kshare_instance_create(struct kshare_class *cls, uint64_t cookie, void *ptr, uint32_t flags,
			   struct kshare_obj **obj);

/**
 * kshare_instance_open() - a proxy of an instance, by its id
 * @cls: its class
 * @id: its &kshare_stat.id
 * @flags: KSHARE_NO_INHERIT
 * @obj: its proxy, with all rights; the instance is not released before kshare_unref()
 *
 * Return: 0; -ENOENT if there is no such instance, or it is just being released; -EPERM if
 * this client is not the host.
 */
int kshare_instance_open(struct kshare_class *cls, uint64_t id, uint32_t flags,
			 struct kshare_obj **obj);

/**
 * kshare_instance_set_ptr() - gives an instance another pointer
 * @cls: its class
 * @obj: its proxy
 * @ptr: the pointer, or NULL
 *
 * No proxy of the instance: what its host has a proxy of is never released.  Methods get one
 * for the time of a call, see kshare_call_self().
 *
 * Return: 0.
 */
int kshare_instance_set_ptr(struct kshare_class *cls, struct kshare_obj *obj, void *ptr);

/**
 * struct kshare_instance - an instance, as its host sees it
 * @id: &kshare_stat.id
 * @cookie: its cookie
 */
struct kshare_instance {
	uint64_t id;
	uint64_t cookie;
};

/**
 * kshare_class_instances() - the instances of a class
 * @cls: the class
 * @after: id behind which to begin, 0 at first; set to that of the last one
 * @instances: where they go
 * @room: most of them, 1 to KSHARE_MAX_INSTANCES
 *
 * Return: how many there were, 0 at the end; -EPERM if this client is not the host.
 */
int kshare_class_instances(struct kshare_class *cls, uint64_t *after,
			   struct kshare_instance *instances, unsigned int room);

/**
 * kshare_class_cookie() - gives an instance another cookie, and another pointer
 * @cls: its class
 * @id: its &kshare_stat.id
 * @cookie: the cookie; calls that are taken from then on have it
 * @ptr: the pointer
 *
 * Return: 0; -ENOENT if there is no such instance; -EPERM if this client is not the host.
 */
int kshare_class_cookie(struct kshare_class *cls, uint64_t id, uint64_t cookie, void *ptr);

/** kshare_prep_class_register() - prepares a CLASS_REGISTER; the result is a handle */
void kshare_prep_class_register(struct kshare_cmd *cmd, struct kshare_obj *domain,
				const char *name, const void *info, size_t size,
				uint32_t flags);
/** kshare_prep_class_adopt() - prepares a CLASS_ADOPT */
void kshare_prep_class_adopt(struct kshare_cmd *cmd, struct kshare_obj *obj, int64_t deadline);
/** kshare_prep_class_unregister() - prepares kshare_class_unregister() */
void kshare_prep_class_unregister(struct kshare_cmd *cmd, struct kshare_obj *obj);
/** kshare_prep_class_open() - prepares kshare_class_open(); the result is a handle */
void kshare_prep_class_open(struct kshare_cmd *cmd, struct kshare_obj *domain, const char *name,
			    uint32_t flags);
/** kshare_prep_class_list() - prepares kshare_class_list() */
void kshare_prep_class_list(struct kshare_cmd *cmd, struct kshare_obj *domain, const char *after);
/** kshare_prep_class_describe() - prepares kshare_class_describe() */
void kshare_prep_class_describe(struct kshare_cmd *cmd, struct kshare_obj *obj);
/** kshare_prep_class_instances() - prepares a CLASS_INSTANCES */
void kshare_prep_class_instances(struct kshare_cmd *cmd, struct kshare_obj *obj, uint64_t after,
				 unsigned int room);
/** kshare_prep_class_cookie() - prepares a CLASS_COOKIE */
void kshare_prep_class_cookie(struct kshare_cmd *cmd, struct kshare_obj *obj, uint64_t id,
			      uint64_t cookie);
/** kshare_prep_instance_create() - prepares an INSTANCE_CREATE; the result is a handle */
void kshare_prep_instance_create(struct kshare_cmd *cmd, struct kshare_obj *obj, uint64_t cookie,
				 uint32_t flags);
/** kshare_prep_instance_open() - prepares an INSTANCE_OPEN; the result is a handle */
void kshare_prep_instance_open(struct kshare_cmd *cmd, struct kshare_obj *obj, uint64_t id,
			       uint32_t flags);

KSHARE_END_DECLS

#endif /* KSHARE_CLASS_H */
