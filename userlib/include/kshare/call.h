/* SPDX-License-Identifier: LGPL-2.1-or-later OR MIT */
/*
 * Calling methods of instances, whose host is some other process.
 *
 *	struct kshare_reply *r KSHARE_CLEANUP_REPLY = NULL;
 *
 *	ret = kshare_call(obj, "add", KSHARE_ARGS(kshare_int(2), kshare_int(3)),
 *			  KSHARE_FOREVER, &r);
 *	if (ret == KSHARE_ANSWER_VALUE)
 *		kshare_reply_int(r, 0, &sum);
 *
 * The numbers of methods are asked for once, and known to the proxy from then on.
 */
#ifndef KSHARE_CALL_H
#define KSHARE_CALL_H

#include <kshare/base.h>
#include <kshare/value.h>

KSHARE_BEGIN_DECLS

/** KSHARE_CODEC_ERROR: what kshare_raise() makes; codecs from 240 on are the library's */
#define KSHARE_CODEC_ERROR	255

/* For the two parameters @args and @count: KSHARE_ARGS(kshare_int(1), kshare_str("a")) */
#define KSHARE_ARGS(...)	kshare__values(__VA_ARGS__), kshare__count(__VA_ARGS__)
#define kshare__values(...)	((const struct kshare_value[]){ __VA_ARGS__ })
#define kshare__bytes(...)	sizeof(kshare__values(__VA_ARGS__))
#define kshare__count(...)	(uint32_t)(kshare__bytes(__VA_ARGS__) / sizeof(kshare_none()))
/* And for none */
#define KSHARE_NO_ARGS	NULL, 0

/**
 * kshare_call() - calls a method
 * @obj: an instance
 * @method: the method's name
 * @args: the arguments; references need KSHARE_RIGHT_TRANSFER
 * @count: number of @args
 * @deadline: an absolute time, or KSHARE_FOREVER
 * @reply: what the method returned; number: the class's token, which is larger for each
 *	host that it has had.  If it does not fit the reply grows; the method is called once
 *
 * Return: enum kshare_answer: KSHARE_ANSWER_VALUE (0); KSHARE_ANSWER_RAISED: the method has
 * failed, see kshare_reply_error(); KSHARE_ANSWER_STOP: an iterator has come to its end.
 * -ENOENT: there is no such method; -EACCES: it is not exposed, or not for this proxy;
 * -EOWNERDEAD: there is no host, or it has gone before it answered; -ETIMEDOUT, -EINTR: no
 * answer has come, but if the host has taken the call it goes on; -EDQUOT beyond
 * KSHARE_MAX_CALLS; -ELOOP beyond KSHARE_MAX_CALL_DEPTH.
 */
int kshare_call(struct kshare_obj *obj, const char *method, const struct kshare_value *args,
		uint32_t count, int64_t deadline, struct kshare_reply **reply);

/** kshare_call_nr() - kshare_call() of a method by its number */
int kshare_call_nr(struct kshare_obj *obj, uint32_t method, const struct kshare_value *args,
		   uint32_t count, int64_t deadline, struct kshare_reply **reply);

/**
 * kshare_call_oneway() - calls a method, and does not wait for an answer
 * @obj: an instance
 * @method: the method's name
 * @args: the arguments
 * @count: number of @args
 *
 * Return: 0: the host will get it, if it lives; errors as kshare_call().
 */
int kshare_call_oneway(struct kshare_obj *obj, const char *method,
		       const struct kshare_value *args, uint32_t count);

/**
 * kshare_call_create() - asks the host of a class for a new instance
 * @cls: the class, see kshare_class_open(), with KSHARE_CLASS_CREATABLE
 * @args: the arguments
 * @count: number of @args
 * @deadline: an absolute time, or KSHARE_FOREVER
 * @reply: a reference to the instance, for kshare_reply_obj()
 *
 * Return: as kshare_call(); -EACCES if the class makes none for others.
 */
int kshare_call_create(struct kshare_obj *cls, const struct kshare_value *args, uint32_t count,
		       int64_t deadline, struct kshare_reply **reply);

/**
 * kshare_method() - the number of a method
 * @obj: an instance, or its class
 * @name: the method's name
 *
 * Return: the number; -ENOENT if there is none.
 */
int kshare_method(struct kshare_obj *obj, const char *name);

/**
 * kshare_dup_methods() - a proxy by which only some methods can be called
 * @obj: an instance
 * @rights: as for kshare_dup()
 * @methods: the names of the methods
 * @count: number of @methods
 * @flags: KSHARE_NO_INHERIT, KSHARE_REVOCABLE
 * @dup: the new proxy; all that is made from it has no more than these
 *
 * Return: 0; -ENOENT if there is no such method; -EACCES if @obj has not all of them or
 * has less rights.
 */
int kshare_dup_methods(struct kshare_obj *obj, uint32_t rights, const char *const *methods,
		       uint32_t count, uint32_t flags, struct kshare_obj **dup);

/** kshare_prep_dup_methods() - prepares kshare_dup_methods(), with a bit for each method */
void kshare_prep_dup_methods(struct kshare_cmd *cmd, struct kshare_obj *obj, uint32_t rights,
			     uint64_t methods, uint32_t flags);

/**
 * kshare_reply_error() - what was raised
 * @reply: of a call that returned KSHARE_ANSWER_RAISED
 * @code: the number; may be NULL
 * @text: the text, up to a NUL, as long as @reply; may be NULL
 * @cause: more of it, which points into @reply; may be NULL.  Its references, if it is a
 *	reference or carries some, are those of the value 0: kshare_reply_ref()
 *
 * Return: 0; -EDOM if it was not raised by kshare_raise(): the reply's value is all there is.
 */
int kshare_reply_error(const struct kshare_reply *reply, int64_t *code, const char **text,
		       struct kshare_value *cause);

/**
 * kshare_prep_call() - prepares kshare_call_nr()
 * @cmd: the command
 * @obj: an instance
 * @method: number of the method, see kshare_method()
 * @args: the arguments, which must stay until it was submitted
 * @count: number of @args
 * @deadline: an absolute time, or KSHARE_FOREVER
 *
 * It is given a tag, if need be another by kshare_set_tag().  If it ends with -ENOBUFS the
 * method was called all the same, and the answer is to be fetched: kshare_prep_again().
 */
void kshare_prep_call(struct kshare_cmd *cmd, struct kshare_obj *obj, uint32_t method,
		      const struct kshare_value *args, uint32_t count, int64_t deadline);

/** kshare_prep_call_oneway() - prepares kshare_call_oneway() */
void kshare_prep_call_oneway(struct kshare_cmd *cmd, struct kshare_obj *obj, uint32_t method,
			     const struct kshare_value *args, uint32_t count);

/**
 * kshare_prep_again() - makes of a command what is to be submitted after -ENOBUFS
 * @cmd: the command
 *
 * A call becomes kshare_prep_call_result(), and kshare_prep_reply_and_serve() what
 * kshare_prep_serve() prepares; all others are to be submitted as they are.
 */
void kshare_prep_again(struct kshare_cmd *cmd);

/**
 * kshare_call_result() - fetches an answer that could not be given
 * @k: the client
 * @tag: of the call
 * @reply: as of kshare_call()
 *
 * kshare_call() and kshare_submit() do it themselves.
 *
 * Return: as kshare_call(); -ENOENT if there is none.
 */
int kshare_call_result(struct kshare *k, uint64_t tag, struct kshare_reply **reply);
/** kshare_prep_call_result() - prepares kshare_call_result() */
void kshare_prep_call_result(struct kshare_cmd *cmd, uint64_t tag);

KSHARE_END_DECLS

#endif /* KSHARE_CALL_H */
