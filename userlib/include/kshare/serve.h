/* SPDX-License-Identifier: LGPL-2.1-or-later OR MIT */
/*
 * Serving: a host takes calls of its class and answers them.
 *
 * kshare_serve() serves one thing, kshare_serve_loop() all that come, in as many threads
 * as are wanted.  Who has a ring serves by kshare_prep_serve() and kshare_served():
 *
 *	kshare_prep_serve(&cmd, kshare_class_obj(cls), KSHARE_FOREVER);
 *	kshare_uring_prep_reply(sqe, k, &cmd, &reply);
 *	…
 *	ret = kshare_served(cls, &reply, kshare_uring_complete(reply, cqe->res), &call);
 *	if (ret > 0 && call) {
 *		kshare_call_run(call);
 *		if (kshare_prep_answer(&cmd, call, true, KSHARE_FOREVER))
 *			…	// the answer, and the next one; then kshare_call_sent()
 *	}
 *
 * A method answers at once, or keeps the call (kshare_call_keep()) and lets it be
 * answered later, by any thread.  The arguments are the call's, and last as long.
 */
#ifndef KSHARE_SERVE_H
#define KSHARE_SERVE_H

#include <kshare/base.h>
#include <kshare/class.h>
#include <kshare/value.h>

KSHARE_BEGIN_DECLS

/**
 * kshare_serve() - waits for something that the host has to do, and does it
 * @cls: the class
 * @deadline: an absolute time, KSHARE_FOREVER or KSHARE_TRY
 *
 * Return: enum kshare_serve, what it was; -ETIMEDOUT; -EAGAIN with KSHARE_TRY; -EINTR;
 * -EPERM if this client is not the host; -ESHUTDOWN if it ceases to be meanwhile.
 */
int kshare_serve(struct kshare_class *cls, int64_t deadline);

/**
 * kshare_serve_loop() - serves until it is stopped
 * @cls: the class
 * @threads: how many serve, the calling one among them
 *
 * Return: 0 after kshare_serve_stop(); -EINTR if a signal came while the calling thread
 * waited, and not while it was in a method; -EPERM or -ESHUTDOWN if this client is not the
 * host any more.
 */
int kshare_serve_loop(struct kshare_class *cls, unsigned int threads);

/**
 * kshare_serve_start() - serves by threads of its own, which block all signals
 * @cls: the class
 * @threads: how many are added to those that there are
 *
 * Return: 0; an error of pthread_create(3).
 */
int kshare_serve_start(struct kshare_class *cls, unsigned int threads);

/**
 * kshare_serve_stop() - ends kshare_serve_loop() and the threads of kshare_serve_start()
 * @cls: the class
 *
 * Those that wait do not any more; those in a method end after it.  It does not wait for
 * these, so that a method may call it.
 */
void kshare_serve_stop(struct kshare_class *cls);

/**
 * kshare_serve_join() - waits until all threads of kshare_serve_start() have ended
 * @cls: the class; in no method of it
 *
 * After that they can be started again.
 *
 * Return: 0, or the first error that ended one.
 */
int kshare_serve_join(struct kshare_class *cls);

/** kshare_prep_serve() - prepares a SERVE of the class that is @obj */
void kshare_prep_serve(struct kshare_cmd *cmd, struct kshare_obj *obj, int64_t deadline);

/**
 * kshare_served() - what a SERVE has brought
 * @cls: the class
 * @reply: its values.  If that was a call, the call has them then, and this is NULL.
 * @ret: the command's result
 * @call: the call, if a method is called or an instance wanted, with a reference that is
 *	the caller's, see kshare_call_put(); else NULL, and it has been done: @release or
 *	@abandoned were called
 *
 * Return: @ret; -EDOM if the values are no such thing; -ENOMEM, and the call has been
 * answered with that.
 */
int kshare_served(struct kshare_class *cls, struct kshare_reply **reply, int ret,
		  struct kshare_call **call);

/**
 * kshare_call_run() - lets the method of the class's definition answer a call
 * @call: the call
 */
void kshare_call_run(struct kshare_call *call);

/**
 * kshare_prep_answer() - prepares the answer that kshare_call_run() has left
 * @cmd: the command; the answer is @call's, which must stay until it was carried out
 * @call: the call
 * @serve: whether to go on serving: REPLY_AND_SERVE; else REPLY
 * @deadline: if so: an absolute time, KSHARE_FOREVER or KSHARE_TRY
 *
 * Return: 1; 0 if there is nothing to give: the call was answered already, is kept, or
 * wants no answer.
 */
int kshare_prep_answer(struct kshare_cmd *cmd, struct kshare_call *call, bool serve,
		       int64_t deadline);

/**
 * kshare_call_sent() - tells a call what the command with its answer has given
 * @call: the call, of which one reference is given back
 * @ret: the command's result
 *
 * If the kernel has refused the answer, that is raised at the caller, who would wait for
 * ever.
 */
void kshare_call_sent(struct kshare_call *call, int ret);

/**
 * kshare_call_keep() - one more reference to a call: it will be answered later
 * @call: the call
 *
 * Return: @call, whose reference is given back by kshare_call_put().
 */
struct kshare_call *kshare_call_keep(struct kshare_call *call);

/**
 * kshare_call_put() - one reference to a call less
 * @call: the call, or NULL
 *
 * If it is the last one, and there was no answer, ECANCELED is raised at the caller.
 */
void kshare_call_put(struct kshare_call *call);

/** kshare_call_class() - the class that is called, as long as @call lives */
struct kshare_class *kshare_call_class(struct kshare_call *call);
/** kshare_call_what() - KSHARE_SERVE_CALL or KSHARE_SERVE_CREATE */
int kshare_call_what(struct kshare_call *call);
/** kshare_call_method() - the number of the method; KSHARE_METHOD_CREATE for an instance */
uint32_t kshare_call_method(struct kshare_call *call);
/** kshare_call_number() - the number of the call, as REPLY takes it; 0 if it wants no answer */
uint64_t kshare_call_number(struct kshare_call *call);
/** kshare_call_id() - &kshare_stat.id of the instance */
uint64_t kshare_call_id(struct kshare_call *call);
/** kshare_call_cookie() - the cookie of the instance */
uint64_t kshare_call_cookie(struct kshare_call *call);
/** kshare_call_ptr() - the pointer of the instance in this process, or NULL */
void *kshare_call_ptr(struct kshare_call *call);
/**
 * kshare_call_self() - a proxy of the instance that is called, for its fields
 * @call: the call
 * @obj: its proxy, for kshare_unref() before the method returns, or soon after: until then
 *	the instance is not released.  Children of fork() do not have it.
 *
 * Return: 0; -ENOENT if an instance is wanted (KSHARE_SERVE_CREATE), or there is none any
 * more: the caller of a kept call may have gone; -EPERM if this client is not the host.
 */
int kshare_call_self(struct kshare_call *call, struct kshare_obj **obj);
/** kshare_call_pid() - the process that calls; 0 if it cannot be seen from here */
int32_t kshare_call_pid(struct kshare_call *call);
/** kshare_call_uid() - its effective user when it called */
uint32_t kshare_call_uid(struct kshare_call *call);
/** kshare_call_gid() - its effective group when it called */
uint32_t kshare_call_gid(struct kshare_call *call);
/** kshare_call_abandoned() - whether nobody wants the answer any more, as far as is known */
bool kshare_call_abandoned(struct kshare_call *call);
/** kshare_call_count() - number of arguments */
unsigned int kshare_call_count(struct kshare_call *call);
/** kshare_call_value() - one argument, as long as @call lives; NULL if there is none */
const struct kshare_value *kshare_call_value(struct kshare_call *call, unsigned int i);
/** kshare_call_obj() - kshare_reply_obj() of an argument */
int kshare_call_obj(struct kshare_call *call, unsigned int i, struct kshare_obj **obj);
/** kshare_call_ref() - kshare_reply_ref() of an argument */
int kshare_call_ref(struct kshare_call *call, unsigned int i, unsigned int n,
		    struct kshare_obj **obj);

/** kshare_call_int() - kshare_value_int() of an argument */
static inline int kshare_call_int(struct kshare_call *call, unsigned int i, int64_t *n)
{
	return kshare_value_int(kshare_call_value(call, i), n);
}

/** kshare_call_uint() - kshare_value_uint() of an argument */
static inline int kshare_call_uint(struct kshare_call *call, unsigned int i, uint64_t *n)
{
	return kshare_value_uint(kshare_call_value(call, i), n);
}

/** kshare_call_float() - kshare_value_float() of an argument */
static inline int kshare_call_float(struct kshare_call *call, unsigned int i, double *d)
{
	return kshare_value_float(kshare_call_value(call, i), d);
}

/** kshare_call_data() - kshare_value_data() of an argument */
static inline const void *kshare_call_data(struct kshare_call *call, unsigned int i, size_t *len)
{
	return kshare_value_data(kshare_call_value(call, i), len);
}

/**
 * kshare_return() - answers a call with a value
 * @call: the call
 * @value: what the method returns; not used any more when this returns
 *
 * In a method short answers travel with the next SERVE: what is wrong with them is told
 * to the caller of the method.  All others, and those to calls that are kept, are given
 * at once.
 *
 * Return: 0; -EALREADY if it was answered; -EPERM if this client is not the host any more;
 * what the kernel says to @value.
 */
int kshare_return(struct kshare_call *call, struct kshare_value value);

/** kshare_return_obj() - kshare_return() of a reference to an object */
int kshare_return_obj(struct kshare_call *call, struct kshare_obj *obj);

/** kshare_return_stop() - answers that an iterator has come to its end; else as kshare_return() */
int kshare_return_stop(struct kshare_call *call);

/**
 * kshare_raise() - answers that a method has failed
 * @call: the call
 * @code: a number that host and caller agree on: an errno value, or another
 * @text: what to tell; may be NULL
 * @cause: more of it, in any form: an encoded value keeps its codec and its references;
 *	kshare_none() for nothing
 *
 * The caller's kshare_call() returns KSHARE_ANSWER_RAISED, and kshare_reply_error() gives
 * all of that.
 *
 * Return: as kshare_return(); -EDOM if @cause is a vector.
 */
int kshare_raise(struct kshare_call *call, int64_t code, const char *text,
		 struct kshare_value cause);

/**
 * kshare_answer() - answers a call
 * @call: the call
 * @kind: enum kshare_answer
 * @value: the value
 *
 * What all the others do.  Return: as kshare_return().
 */
int kshare_answer(struct kshare_call *call, uint32_t kind, struct kshare_value value);

/** kshare_prep_reply() - prepares a REPLY to call number @call of the class that is @obj */
void kshare_prep_reply(struct kshare_cmd *cmd, struct kshare_obj *obj, uint64_t call,
		       uint32_t kind, struct kshare_value value);
/** kshare_prep_reply_and_serve() - prepares a REPLY_AND_SERVE */
void kshare_prep_reply_and_serve(struct kshare_cmd *cmd, struct kshare_obj *obj, uint64_t call,
				 uint32_t kind, struct kshare_value value, int64_t deadline);

KSHARE_END_DECLS

#endif /* KSHARE_SERVE_H */
