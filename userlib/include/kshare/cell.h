/* SPDX-License-Identifier: LGPL-2.1-or-later OR MIT */
/*
 * Cells: one value each.
 *
 * Where a reply is given it holds what is said; its number is the version of the
 * cell.
 */
#ifndef KSHARE_CELL_H
#define KSHARE_CELL_H

#include <kshare/base.h>

KSHARE_BEGIN_DECLS

/**
 * kshare_cell_create() - a new cell
 * @k: the client
 * @elem: KSHARE_ELEM_ANY for any value; KSHARE_ELEM_I64, KSHARE_ELEM_U64 or
 *	KSHARE_ELEM_F64 for numbers of that type only
 * @value: its first value
 * @flags: KSHARE_NO_INHERIT
 * @cell: its proxy
 *
 * Return: 0; -EDOM or -ERANGE if @value does not suit @elem.
 */
int kshare_cell_create(struct kshare *k, uint32_t elem, struct kshare_value value,
		       uint32_t flags, struct kshare_obj **cell);

/**
 * kshare_cell_get() - reads a cell
 * @cell: the cell
 * @reply: its value
 *
 * Return: 0.
 */
int kshare_cell_get(struct kshare_obj *cell, struct kshare_reply **reply);
/** kshare_prep_cell_get() - prepares kshare_cell_get() */
void kshare_prep_cell_get(struct kshare_cmd *cmd, struct kshare_obj *cell);

/**
 * kshare_cell_set() - writes a cell
 * @cell: the cell
 * @value: the new value
 *
 * Return: 0.
 */
int kshare_cell_set(struct kshare_obj *cell, struct kshare_value value);
/** kshare_prep_cell_set() - prepares kshare_cell_set() */
void kshare_prep_cell_set(struct kshare_cmd *cmd, struct kshare_obj *cell,
			  struct kshare_value value);

/**
 * kshare_cell_swap() - writes a cell and gives what was there
 * @cell: the cell
 * @value: the new value
 * @reply: the old value
 *
 * Return: 0.
 */
int kshare_cell_swap(struct kshare_obj *cell, struct kshare_value value,
		     struct kshare_reply **reply);
/** kshare_prep_cell_swap() - prepares kshare_cell_swap() */
void kshare_prep_cell_swap(struct kshare_cmd *cmd, struct kshare_obj *cell,
			   struct kshare_value value);

/**
 * kshare_cell_add() - adds to the number in a cell, as one step
 * @cell: the cell
 * @value: a number
 * @flags: KSHARE_WRAP: wrap around at 64 bits instead of -ERANGE
 * @reply: the sum
 *
 * Return: 0; -EDOM if either is no number; -ERANGE.
 */
int kshare_cell_add(struct kshare_obj *cell, struct kshare_value value, uint32_t flags,
		    struct kshare_reply **reply);
/** kshare_prep_cell_add() - prepares kshare_cell_add() */
void kshare_prep_cell_add(struct kshare_cmd *cmd, struct kshare_obj *cell,
			  struct kshare_value value, uint32_t flags);

/**
 * kshare_cell_and() - "and" of the integer in a cell and another, as one step
 * @cell: the cell
 * @value: an integer
 * @reply: the result
 *
 * Return: 0; -EDOM if either is no integer.
 */
int kshare_cell_and(struct kshare_obj *cell, struct kshare_value value,
		    struct kshare_reply **reply);
/** kshare_prep_cell_and() - prepares kshare_cell_and() */
void kshare_prep_cell_and(struct kshare_cmd *cmd, struct kshare_obj *cell,
			  struct kshare_value value);

/** kshare_cell_or() - as kshare_cell_and(), "or" */
int kshare_cell_or(struct kshare_obj *cell, struct kshare_value value,
		   struct kshare_reply **reply);
/** kshare_prep_cell_or() - prepares kshare_cell_or() */
void kshare_prep_cell_or(struct kshare_cmd *cmd, struct kshare_obj *cell,
			 struct kshare_value value);

/** kshare_cell_xor() - as kshare_cell_and(), "exclusive or" */
int kshare_cell_xor(struct kshare_obj *cell, struct kshare_value value,
		    struct kshare_reply **reply);
/** kshare_prep_cell_xor() - prepares kshare_cell_xor() */
void kshare_prep_cell_xor(struct kshare_cmd *cmd, struct kshare_obj *cell,
			  struct kshare_value value);

/**
 * kshare_cell_cas() - writes a cell if it holds what is expected, as one step
 * @cell: the cell
 * @expect: what it must hold; with KSHARE_BY_VERSION, its version
 * @value: the new value
 * @flags: KSHARE_BY_VERSION
 * @reply: what it held
 *
 * Return: 1 if @value was written, else 0.
 */
int kshare_cell_cas(struct kshare_obj *cell, struct kshare_value expect,
		    struct kshare_value value, uint32_t flags, struct kshare_reply **reply);
/** kshare_prep_cell_cas() - prepares kshare_cell_cas() */
void kshare_prep_cell_cas(struct kshare_cmd *cmd, struct kshare_obj *cell,
			  struct kshare_value expect, struct kshare_value value, uint32_t flags);

/**
 * kshare_cell_wait() - waits for a cell
 * @cell: the cell
 * @until: KSHARE_UNTIL_NE: until it differs from @value; KSHARE_UNTIL_GE: until
 *	it is a number that is at least @value; KSHARE_UNTIL_CHANGED: until its
 *	version is above @value
 * @value: see @until
 * @deadline: an absolute time, KSHARE_FOREVER or KSHARE_TRY
 * @reply: its value then
 *
 * Return: 0; -ETIMEDOUT; -EAGAIN with KSHARE_TRY; -EINTR.
 */
int kshare_cell_wait(struct kshare_obj *cell, uint32_t until, struct kshare_value value,
		     int64_t deadline, struct kshare_reply **reply);
/** kshare_prep_cell_wait() - prepares kshare_cell_wait() */
void kshare_prep_cell_wait(struct kshare_cmd *cmd, struct kshare_obj *cell, uint32_t until,
			   struct kshare_value value, int64_t deadline);

/**
 * kshare_cell_check() - whether a cell holds a value
 * @cell: the cell
 * @expect: the value
 *
 * Return: 0 if so; -ESTALE if not.
 */
int kshare_cell_check(struct kshare_obj *cell, struct kshare_value expect);
/** kshare_prep_cell_check() - prepares kshare_cell_check(), for batches */
void kshare_prep_cell_check(struct kshare_cmd *cmd, struct kshare_obj *cell,
			    struct kshare_value expect);

KSHARE_END_DECLS

#endif /* KSHARE_CELL_H */
