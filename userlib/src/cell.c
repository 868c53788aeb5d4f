// SPDX-License-Identifier: LGPL-2.1-or-later OR MIT
/* Cells. */
#include "internal.h"

int kshare_cell_create(struct kshare *k, uint32_t elem, struct kshare_value value,
		       uint32_t flags, struct kshare_obj **cell)
{
	struct kshare_cmd cmd;

	kshare_prep_create(&cmd, NULL, KSHARE_TYPE_CELL, elem, kshare_none(), value, flags);
	return ks_obj_make(k, &cmd, KSHARE_TYPE_CELL, cell);
}

void kshare_prep_cell_get(struct kshare_cmd *cmd, struct kshare_obj *cell)
{
	kshare_prep(cmd, KSHARE_OP_CELL_GET, cell);
}

int kshare_cell_get(struct kshare_obj *cell, struct kshare_reply **reply)
{
	struct kshare_cmd cmd;

	kshare_prep_cell_get(&cmd, cell);
	return ks_run(cell, &cmd, reply);
}

void kshare_prep_cell_set(struct kshare_cmd *cmd, struct kshare_obj *cell,
			  struct kshare_value value)
{
	kshare_prep(cmd, KSHARE_OP_CELL_SET, cell);
	cmd->value = value;
}

int kshare_cell_set(struct kshare_obj *cell, struct kshare_value value)
{
	struct kshare_cmd cmd;

	kshare_prep_cell_set(&cmd, cell, value);
	return ks_run(cell, &cmd, NULL);
}

void kshare_prep_cell_swap(struct kshare_cmd *cmd, struct kshare_obj *cell,
			   struct kshare_value value)
{
	kshare_prep(cmd, KSHARE_OP_CELL_SWAP, cell);
	cmd->value = value;
}

int kshare_cell_swap(struct kshare_obj *cell, struct kshare_value value,
		     struct kshare_reply **reply)
{
	struct kshare_cmd cmd;

	kshare_prep_cell_swap(&cmd, cell, value);
	return ks_run(cell, &cmd, reply);
}

void kshare_prep_cell_add(struct kshare_cmd *cmd, struct kshare_obj *cell,
			  struct kshare_value value, uint32_t flags)
{
	kshare_prep(cmd, KSHARE_OP_CELL_ADD, cell);
	cmd->value = value;
	cmd->flags = flags;
}

int kshare_cell_add(struct kshare_obj *cell, struct kshare_value value, uint32_t flags,
		    struct kshare_reply **reply)
{
	struct kshare_cmd cmd;

	kshare_prep_cell_add(&cmd, cell, value, flags);
	return ks_run(cell, &cmd, reply);
}

void kshare_prep_cell_and(struct kshare_cmd *cmd, struct kshare_obj *cell,
			  struct kshare_value value)
{
	kshare_prep(cmd, KSHARE_OP_CELL_AND, cell);
	cmd->value = value;
}

int kshare_cell_and(struct kshare_obj *cell, struct kshare_value value,
		    struct kshare_reply **reply)
{
	struct kshare_cmd cmd;

	kshare_prep_cell_and(&cmd, cell, value);
	return ks_run(cell, &cmd, reply);
}

void kshare_prep_cell_or(struct kshare_cmd *cmd, struct kshare_obj *cell,
			 struct kshare_value value)
{
	kshare_prep(cmd, KSHARE_OP_CELL_OR, cell);
	cmd->value = value;
}

int kshare_cell_or(struct kshare_obj *cell, struct kshare_value value,
		   struct kshare_reply **reply)
{
	struct kshare_cmd cmd;

	kshare_prep_cell_or(&cmd, cell, value);
	return ks_run(cell, &cmd, reply);
}

void kshare_prep_cell_xor(struct kshare_cmd *cmd, struct kshare_obj *cell,
			  struct kshare_value value)
{
	kshare_prep(cmd, KSHARE_OP_CELL_XOR, cell);
	cmd->value = value;
}

int kshare_cell_xor(struct kshare_obj *cell, struct kshare_value value,
		    struct kshare_reply **reply)
{
	struct kshare_cmd cmd;

	kshare_prep_cell_xor(&cmd, cell, value);
	return ks_run(cell, &cmd, reply);
}

void kshare_prep_cell_cas(struct kshare_cmd *cmd, struct kshare_obj *cell,
			  struct kshare_value expect, struct kshare_value value, uint32_t flags)
{
	kshare_prep(cmd, KSHARE_OP_CELL_CAS, cell);
	cmd->expect = expect;
	cmd->value = value;
	cmd->flags = flags;
}

int kshare_cell_cas(struct kshare_obj *cell, struct kshare_value expect,
		    struct kshare_value value, uint32_t flags, struct kshare_reply **reply)
{
	struct kshare_cmd cmd;

	kshare_prep_cell_cas(&cmd, cell, expect, value, flags);
	return ks_run(cell, &cmd, reply);
}

void kshare_prep_cell_wait(struct kshare_cmd *cmd, struct kshare_obj *cell, uint32_t until,
			   struct kshare_value value, int64_t deadline)
{
	kshare_prep(cmd, KSHARE_OP_CELL_WAIT, cell);
	cmd->value = value;
	cmd->flags = until;
	ks_set_deadline(cmd, deadline);
}

int kshare_cell_wait(struct kshare_obj *cell, uint32_t until, struct kshare_value value,
		     int64_t deadline, struct kshare_reply **reply)
{
	struct kshare_cmd cmd;

	kshare_prep_cell_wait(&cmd, cell, until, value, deadline);
	return ks_run(cell, &cmd, reply);
}

void kshare_prep_cell_check(struct kshare_cmd *cmd, struct kshare_obj *cell,
			    struct kshare_value expect)
{
	kshare_prep(cmd, KSHARE_OP_CELL_CHECK, cell);
	cmd->expect = expect;
}

int kshare_cell_check(struct kshare_obj *cell, struct kshare_value expect)
{
	struct kshare_cmd cmd;

	kshare_prep_cell_check(&cmd, cell, expect);
	return ks_run(cell, &cmd, NULL);
}
