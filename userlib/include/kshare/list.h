/* SPDX-License-Identifier: LGPL-2.1-or-later OR MIT */
/*
 * Lists: values in a row.
 *
 * A negative index counts from the end.  A @start or @stop may be left out by
 * kshare_none().
 */
#ifndef KSHARE_LIST_H
#define KSHARE_LIST_H

#include <kshare/base.h>

KSHARE_BEGIN_DECLS

/**
 * kshare_list_create() - a new list
 * @k: the client
 * @flags: KSHARE_NO_INHERIT
 * @list: its proxy
 *
 * Return: 0.
 */
int kshare_list_create(struct kshare *k, uint32_t flags, struct kshare_obj **list);

/**
 * kshare_list_get() - reads an element
 * @list: the list
 * @index: which
 * @reply: the element
 *
 * Return: 0; -ERANGE.
 */
int kshare_list_get(struct kshare_obj *list, int64_t index, struct kshare_reply **reply);
/** kshare_prep_list_get() - prepares kshare_list_get() */
void kshare_prep_list_get(struct kshare_cmd *cmd, struct kshare_obj *list, int64_t index);

/**
 * kshare_list_set() - writes an element that is there
 * @list: the list
 * @index: which
 * @value: its new value
 *
 * Return: 0; -ERANGE.
 */
int kshare_list_set(struct kshare_obj *list, int64_t index, struct kshare_value value);
/** kshare_prep_list_set() - prepares kshare_list_set() */
void kshare_prep_list_set(struct kshare_cmd *cmd, struct kshare_obj *list, int64_t index,
			  struct kshare_value value);

/**
 * kshare_list_append() - adds an element at the end
 * @list: the list
 * @value: the element
 *
 * Return: the new length.
 */
int64_t kshare_list_append(struct kshare_obj *list, struct kshare_value value);
/** kshare_prep_list_append() - prepares kshare_list_append() */
void kshare_prep_list_append(struct kshare_cmd *cmd, struct kshare_obj *list,
			     struct kshare_value value);

/**
 * kshare_list_insert() - adds an element before another
 * @list: the list
 * @index: which other; one that is out of range means the nearer end
 * @value: the element
 *
 * Return: the new length.
 */
int64_t kshare_list_insert(struct kshare_obj *list, int64_t index, struct kshare_value value);
/** kshare_prep_list_insert() - prepares kshare_list_insert() */
void kshare_prep_list_insert(struct kshare_cmd *cmd, struct kshare_obj *list, int64_t index,
			     struct kshare_value value);

/**
 * kshare_list_pop() - removes an element and gives it, as one step
 * @list: the list
 * @index: which, as a value; kshare_none() for the last
 * @reply: the element
 *
 * Return: 0; -ENOENT if there is none; -ERANGE.
 */
int kshare_list_pop(struct kshare_obj *list, struct kshare_value index,
		    struct kshare_reply **reply);
/** kshare_prep_list_pop() - prepares kshare_list_pop() */
void kshare_prep_list_pop(struct kshare_cmd *cmd, struct kshare_obj *list,
			  struct kshare_value index);

/**
 * kshare_list_delete() - removes an element
 * @list: the list
 * @index: which
 *
 * Return: 0; -ERANGE.
 */
int kshare_list_delete(struct kshare_obj *list, int64_t index);
/** kshare_prep_list_delete() - prepares kshare_list_delete() */
void kshare_prep_list_delete(struct kshare_cmd *cmd, struct kshare_obj *list, int64_t index);

/**
 * kshare_list_extend() - adds many elements at the end, as one step
 * @list: the list
 * @values: the elements
 * @count: number of them
 *
 * Return: the new length.
 */
int64_t kshare_list_extend(struct kshare_obj *list, const struct kshare_value *values,
			   uint32_t count);
/** kshare_prep_list_extend() - prepares kshare_list_extend() */
void kshare_prep_list_extend(struct kshare_cmd *cmd, struct kshare_obj *list,
			     const struct kshare_value *values, uint32_t count);

/**
 * kshare_list_slice() - reads many elements, as one step
 * @list: the list
 * @start: the first
 * @stop: the one behind the last
 * @step: every how manyth; negative for backwards; 0 means 1
 * @reply: the elements; number: the version of the list
 *
 * Return: the number of elements.
 */
int kshare_list_slice(struct kshare_obj *list, struct kshare_value start,
		      struct kshare_value stop, int32_t step, struct kshare_reply **reply);
/** kshare_prep_list_slice() - prepares kshare_list_slice() */
void kshare_prep_list_slice(struct kshare_cmd *cmd, struct kshare_obj *list,
			    struct kshare_value start, struct kshare_value stop, int32_t step);

/**
 * kshare_list_slice_set() - replaces many elements, as one step
 * @list: the list
 * @start: the first
 * @stop: the one behind the last
 * @step: every how manyth; 0 means 1
 * @values: the new ones
 * @count: number of them; with a @step other than 1, as many as are replaced
 *
 * Return: the new length; -EINVAL if @count is wrong.
 */
int64_t kshare_list_slice_set(struct kshare_obj *list, struct kshare_value start,
			      struct kshare_value stop, int32_t step,
			      const struct kshare_value *values, uint32_t count);
/** kshare_prep_list_slice_set() - prepares kshare_list_slice_set() */
void kshare_prep_list_slice_set(struct kshare_cmd *cmd, struct kshare_obj *list,
				struct kshare_value start, struct kshare_value stop, int32_t step,
				const struct kshare_value *values, uint32_t count);

/**
 * kshare_list_slice_delete() - removes many elements, as one step
 * @list: the list
 * @start: the first
 * @stop: the one behind the last
 * @step: every how manyth; 0 means 1
 *
 * Return: the number of elements removed.
 */
int kshare_list_slice_delete(struct kshare_obj *list, struct kshare_value start,
			     struct kshare_value stop, int32_t step);
/** kshare_prep_list_slice_delete() - prepares kshare_list_slice_delete() */
void kshare_prep_list_slice_delete(struct kshare_cmd *cmd, struct kshare_obj *list,
				   struct kshare_value start, struct kshare_value stop,
				   int32_t step);

/**
 * kshare_list_remove() - removes the first element that is equal to a value
 * @list: the list
 * @value: the value
 *
 * Return: where it was; -ENOENT.
 */
int64_t kshare_list_remove(struct kshare_obj *list, struct kshare_value value);
/** kshare_prep_list_remove() - prepares kshare_list_remove() */
void kshare_prep_list_remove(struct kshare_cmd *cmd, struct kshare_obj *list,
			     struct kshare_value value);

/**
 * kshare_list_index() - finds the first element that is equal to a value
 * @list: the list
 * @value: the value
 * @start: the first to look at
 * @stop: the one behind the last
 *
 * Return: where it is; -ENOENT.
 */
int64_t kshare_list_index(struct kshare_obj *list, struct kshare_value value,
			  struct kshare_value start, struct kshare_value stop);
/** kshare_prep_list_index() - prepares kshare_list_index() */
void kshare_prep_list_index(struct kshare_cmd *cmd, struct kshare_obj *list,
			    struct kshare_value value, struct kshare_value start,
			    struct kshare_value stop);

/**
 * kshare_list_count() - counts the elements that are equal to a value
 * @list: the list
 * @value: the value
 *
 * Return: the number.
 */
int64_t kshare_list_count(struct kshare_obj *list, struct kshare_value value);
/** kshare_prep_list_count() - prepares kshare_list_count() */
void kshare_prep_list_count(struct kshare_cmd *cmd, struct kshare_obj *list,
			    struct kshare_value value);

/**
 * kshare_list_contains() - whether an element is equal to a value
 * @list: the list
 * @value: the value
 *
 * Return: 1 or 0.
 */
int kshare_list_contains(struct kshare_obj *list, struct kshare_value value);
/** kshare_prep_list_contains() - prepares kshare_list_contains() */
void kshare_prep_list_contains(struct kshare_cmd *cmd, struct kshare_obj *list,
			       struct kshare_value value);

/**
 * kshare_list_reverse() - turns a list round
 * @list: the list
 *
 * Return: 0.
 */
int kshare_list_reverse(struct kshare_obj *list);
/** kshare_prep_list_reverse() - prepares kshare_list_reverse() */
void kshare_prep_list_reverse(struct kshare_cmd *cmd, struct kshare_obj *list);

/**
 * kshare_list_sort() - sorts a list of numbers, of text or of bytes
 * @list: the list
 * @flags: KSHARE_REVERSE: the largest first
 *
 * Return: 0; -EDOM if it holds a mixture, NaN or anything else.
 */
int kshare_list_sort(struct kshare_obj *list, uint32_t flags);
/** kshare_prep_list_sort() - prepares kshare_list_sort() */
void kshare_prep_list_sort(struct kshare_cmd *cmd, struct kshare_obj *list, uint32_t flags);

/**
 * kshare_list_len() - number of elements
 * @list: the list
 *
 * Return: the number.
 */
int64_t kshare_list_len(struct kshare_obj *list);
/** kshare_prep_list_len() - prepares kshare_list_len() */
void kshare_prep_list_len(struct kshare_cmd *cmd, struct kshare_obj *list);

/**
 * kshare_list_clear() - removes all elements
 * @list: the list
 *
 * Return: 0.
 */
int kshare_list_clear(struct kshare_obj *list);
/** kshare_prep_list_clear() - prepares kshare_list_clear() */
void kshare_prep_list_clear(struct kshare_cmd *cmd, struct kshare_obj *list);

/**
 * kshare_list_add() - adds to the number in an element, as one step
 * @list: the list
 * @index: which
 * @value: a number
 * @flags: KSHARE_WRAP
 * @reply: the sum
 *
 * Not kshare_list_append().  Return: 0; -ERANGE; -EDOM if either is no number.
 */
int kshare_list_add(struct kshare_obj *list, int64_t index, struct kshare_value value,
		    uint32_t flags, struct kshare_reply **reply);
/** kshare_prep_list_add() - prepares kshare_list_add() */
void kshare_prep_list_add(struct kshare_cmd *cmd, struct kshare_obj *list, int64_t index,
			  struct kshare_value value, uint32_t flags);

/**
 * kshare_list_cas() - writes an element if it holds what is expected, as one step
 * @list: the list
 * @index: which
 * @expect: what it must hold
 * @value: its new value
 * @reply: what it held
 *
 * Return: 1 if @value was written, else 0; -ERANGE.
 */
int kshare_list_cas(struct kshare_obj *list, int64_t index, struct kshare_value expect,
		    struct kshare_value value, struct kshare_reply **reply);
/** kshare_prep_list_cas() - prepares kshare_list_cas() */
void kshare_prep_list_cas(struct kshare_cmd *cmd, struct kshare_obj *list, int64_t index,
			  struct kshare_value expect, struct kshare_value value);

/**
 * kshare_list_check() - whether an element holds a value
 * @list: the list
 * @index: which
 * @expect: the value
 *
 * Return: 0 if so; -ESTALE if not; -ERANGE.
 */
int kshare_list_check(struct kshare_obj *list, int64_t index, struct kshare_value expect);
/** kshare_prep_list_check() - prepares kshare_list_check(), for batches */
void kshare_prep_list_check(struct kshare_cmd *cmd, struct kshare_obj *list, int64_t index,
			    struct kshare_value expect);

KSHARE_END_DECLS

#endif /* KSHARE_LIST_H */
