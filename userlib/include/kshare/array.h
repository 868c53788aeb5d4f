/* SPDX-License-Identifier: LGPL-2.1-or-later OR MIT */
/*
 * Arrays: a fixed number of elements of one type, which can be mapped.
 *
 * A negative index counts from the end.
 */
#ifndef KSHARE_ARRAY_H
#define KSHARE_ARRAY_H

#include <kshare/base.h>

KSHARE_BEGIN_DECLS

/**
 * kshare_array_create() - a new array of zeroes
 * @k: the client
 * @elem: KSHARE_ELEM_BYTES, KSHARE_ELEM_I8 … KSHARE_ELEM_F64
 * @length: number of elements, for good
 * @flags: KSHARE_NO_INHERIT
 * @array: its proxy
 *
 * Return: 0; -EDQUOT.
 */
int kshare_array_create(struct kshare *k, uint32_t elem, uint64_t length, uint32_t flags,
			struct kshare_obj **array);

/** kshare_elem_size() - bytes of one element of type @elem; 0 for KSHARE_ELEM_ANY */
size_t kshare_elem_size(uint32_t elem);

/**
 * kshare_array_get() - reads an element
 * @array: the array
 * @index: which
 * @reply: the element
 *
 * Return: 0; -ERANGE.
 */
int kshare_array_get(struct kshare_obj *array, int64_t index, struct kshare_reply **reply);
/** kshare_prep_array_get() - prepares kshare_array_get() */
void kshare_prep_array_get(struct kshare_cmd *cmd, struct kshare_obj *array, int64_t index);

/**
 * kshare_array_set() - writes an element
 * @array: the array
 * @index: which
 * @value: a number
 *
 * Return: 0; -ERANGE if there is no such element, or @value does not fit; -EDOM
 * if @value is of the wrong kind.
 */
int kshare_array_set(struct kshare_obj *array, int64_t index, struct kshare_value value);
/** kshare_prep_array_set() - prepares kshare_array_set() */
void kshare_prep_array_set(struct kshare_cmd *cmd, struct kshare_obj *array, int64_t index,
			   struct kshare_value value);

/**
 * kshare_array_read() - reads many elements
 * @array: the array
 * @index: the first
 * @count: how many
 * @reply: one value, whose bytes are the elements: see kshare_reply_data()
 *
 * Each element is read as one step, all of them together are not.
 *
 * Return: @count; -ERANGE.
 */
int kshare_array_read(struct kshare_obj *array, int64_t index, uint32_t count,
		      struct kshare_reply **reply);
/** kshare_prep_array_read() - prepares kshare_array_read() */
void kshare_prep_array_read(struct kshare_cmd *cmd, struct kshare_obj *array, int64_t index,
			    uint32_t count);

/**
 * kshare_array_write() - writes many elements
 * @array: the array
 * @index: the first
 * @data: the elements, as they lie in memory
 * @len: bytes at @data: a multiple of an element's
 *
 * Each element is written as one step, all of them together are not.
 *
 * Return: the number of elements; -ERANGE.
 */
int kshare_array_write(struct kshare_obj *array, int64_t index, const void *data, size_t len);
/** kshare_prep_array_write() - prepares kshare_array_write() */
void kshare_prep_array_write(struct kshare_cmd *cmd, struct kshare_obj *array, int64_t index,
			     const void *data, size_t len);

/**
 * kshare_array_add() - adds to an element, as one step
 * @array: the array
 * @index: which
 * @value: a number
 * @flags: KSHARE_WRAP
 * @reply: the sum
 *
 * One step for those who use the mapping with atomic instructions, too.
 *
 * Return: 0; -ERANGE; -EDOM.
 */
int kshare_array_add(struct kshare_obj *array, int64_t index, struct kshare_value value,
		     uint32_t flags, struct kshare_reply **reply);
/** kshare_prep_array_add() - prepares kshare_array_add() */
void kshare_prep_array_add(struct kshare_cmd *cmd, struct kshare_obj *array, int64_t index,
			   struct kshare_value value, uint32_t flags);

/**
 * kshare_array_cas() - writes an element if it is what is expected, as one step
 * @array: the array
 * @index: which
 * @expect: what it must be
 * @value: the new one
 * @reply: what it was
 *
 * Return: 1 if @value was written, else 0; -ERANGE; -EDOM.
 */
int kshare_array_cas(struct kshare_obj *array, int64_t index, struct kshare_value expect,
		     struct kshare_value value, struct kshare_reply **reply);
/** kshare_prep_array_cas() - prepares kshare_array_cas() */
void kshare_prep_array_cas(struct kshare_cmd *cmd, struct kshare_obj *array, int64_t index,
			   struct kshare_value expect, struct kshare_value value);

/**
 * kshare_array_len() - number of elements
 * @array: the array
 *
 * Return: the number.
 */
int64_t kshare_array_len(struct kshare_obj *array);
/** kshare_prep_array_len() - prepares kshare_array_len() */
void kshare_prep_array_len(struct kshare_cmd *cmd, struct kshare_obj *array);

/**
 * kshare_array_map() - maps an array into memory
 * @array: the array
 * @writable: for writing, too, which needs KSHARE_RIGHT_WRITE
 * @addr: its first element
 * @bytes: bytes of its elements
 *
 * The mapping outlives the proxy, is inherited by fork(), and ends with
 * kshare_array_unmap() or the process.  Ordinary loads and stores are as
 * unordered as between threads: use atomics, or a kshare lock.
 *
 * Return: 0; -EACCES; -EINVAL if it has no elements; -ENOMEM.
 */
int kshare_array_map(struct kshare_obj *array, bool writable, void **addr, size_t *bytes);

/**
 * kshare_array_unmap() - undoes kshare_array_map()
 * @addr: what it gave
 * @bytes: what it gave
 *
 * Return: 0.
 */
int kshare_array_unmap(void *addr, size_t bytes);

KSHARE_END_DECLS

#endif /* KSHARE_ARRAY_H */
