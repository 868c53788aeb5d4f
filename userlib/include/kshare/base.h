/* SPDX-License-Identifier: LGPL-2.1-or-later OR MIT */
/* What every other header needs: types, deadlines, errors, cleanup. */
#ifndef KSHARE_BASE_H
#define KSHARE_BASE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <linux/kshare.h>

#ifdef __cplusplus
#define KSHARE_BEGIN_DECLS	_Pragma("GCC visibility push(default)") extern "C" {
#define KSHARE_END_DECLS	} _Pragma("GCC visibility pop")
#else
#define KSHARE_BEGIN_DECLS	_Pragma("GCC visibility push(default)")
#define KSHARE_END_DECLS	_Pragma("GCC visibility pop")
#endif

KSHARE_BEGIN_DECLS

struct kshare;		/* a client */
struct kshare_obj;	/* a proxy */
struct kshare_reply;	/* what an operation gave back */
struct kshare_cmds;	/* a batch of commands */
struct kshare_class;	/* a class whose host this process is */
struct kshare_call;	/* a call that its host has taken */

/*
 * Deadlines are absolute, in ns of CLOCK_MONOTONIC, so that a call that is
 * repeated after a signal does not wait longer in all.
 */
#define KSHARE_FOREVER	((int64_t)0)	/* no deadline */
#define KSHARE_TRY	((int64_t)-1)	/* do not wait: -EAGAIN */

/**
 * kshare_deadline_in_ms() - the deadline that is some time from now
 * @ms: milliseconds; 0 or less gives a deadline that has passed
 *
 * Return: a deadline, never KSHARE_FOREVER or KSHARE_TRY.
 */
int64_t kshare_deadline_in_ms(int64_t ms);

/**
 * kshare_deadline_in_ns() - the deadline that is some time from now
 * @ns: nanoseconds; 0 or less gives a deadline that has passed
 *
 * Return: a deadline, never KSHARE_FOREVER or KSHARE_TRY.
 */
int64_t kshare_deadline_in_ns(int64_t ns);

/**
 * kshare_strerror() - what an error means here
 * @err: an errno value, negative or positive
 *
 * Return: a constant string; for a number that has no meaning of its own in
 * kshare, "error", never NULL.
 */
const char *kshare_strerror(int err);

/**
 * kshare_version() - version of the library that runs
 *
 * Return: major * 10000 + minor * 100 + patch.
 */
unsigned int kshare_version(void);

/*
 * A variable declared with one of these is released when its scope ends.  It
 * must be initialised, by NULL at least:
 *
 *	struct kshare_obj *lock KSHARE_CLEANUP = NULL;
 */
#define KSHARE_CLEANUP		__attribute__((__cleanup__(kshare_cleanup_obj)))
#define KSHARE_CLEANUP_CLIENT	__attribute__((__cleanup__(kshare_cleanup_client)))
#define KSHARE_CLEANUP_REPLY	__attribute__((__cleanup__(kshare_cleanup_reply)))
#define KSHARE_CLEANUP_BATCH	__attribute__((__cleanup__(kshare_cleanup_batch)))
#define KSHARE_CLEANUP_CLASS	__attribute__((__cleanup__(kshare_cleanup_class)))

/** kshare_cleanup_obj() - for KSHARE_CLEANUP: kshare_unref() of a variable */
void kshare_cleanup_obj(struct kshare_obj **obj);

/** kshare_cleanup_client() - for KSHARE_CLEANUP_CLIENT: kshare_disconnect() of one */
void kshare_cleanup_client(struct kshare **k);

/** kshare_cleanup_reply() - for KSHARE_CLEANUP_REPLY: kshare_reply_free() of one */
void kshare_cleanup_reply(struct kshare_reply **reply);

/** kshare_cleanup_batch() - for KSHARE_CLEANUP_BATCH: kshare_batch_free() of one */
void kshare_cleanup_batch(struct kshare_cmds **batch);

/** kshare_cleanup_class() - for KSHARE_CLEANUP_CLASS: kshare_class_free() of one */
void kshare_cleanup_class(struct kshare_class **cls);

KSHARE_END_DECLS

#endif /* KSHARE_BASE_H */
