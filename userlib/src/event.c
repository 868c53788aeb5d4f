// SPDX-License-Identifier: LGPL-2.1-or-later OR MIT
/* Events. */
#include "internal.h"

int kshare_event_create(struct kshare *k, uint32_t flags, struct kshare_obj **event)
{
	struct kshare_cmd cmd;

	kshare_prep_create(&cmd, NULL, KSHARE_TYPE_EVENT, 0, kshare_none(), kshare_none(), flags);
	return ks_obj_make(k, &cmd, KSHARE_TYPE_EVENT, event);
}

void kshare_prep_event_set(struct kshare_cmd *cmd, struct kshare_obj *event)
{
	kshare_prep(cmd, KSHARE_OP_EVENT_SET, event);
}

int kshare_event_set(struct kshare_obj *event)
{
	struct kshare_cmd cmd;

	kshare_prep_event_set(&cmd, event);
	return ks_run(event, &cmd, NULL);
}

void kshare_prep_event_clear(struct kshare_cmd *cmd, struct kshare_obj *event)
{
	kshare_prep(cmd, KSHARE_OP_EVENT_CLEAR, event);
}

int kshare_event_clear(struct kshare_obj *event)
{
	struct kshare_cmd cmd;

	kshare_prep_event_clear(&cmd, event);
	return ks_run(event, &cmd, NULL);
}

void kshare_prep_event_is_set(struct kshare_cmd *cmd, struct kshare_obj *event)
{
	kshare_prep(cmd, KSHARE_OP_EVENT_IS_SET, event);
}

int kshare_event_is_set(struct kshare_obj *event)
{
	struct kshare_cmd cmd;

	kshare_prep_event_is_set(&cmd, event);
	return ks_run(event, &cmd, NULL);
}

void kshare_prep_event_wait(struct kshare_cmd *cmd, struct kshare_obj *event, int64_t deadline)
{
	kshare_prep(cmd, KSHARE_OP_EVENT_WAIT, event);
	ks_set_deadline(cmd, deadline);
}

int kshare_event_wait(struct kshare_obj *event, int64_t deadline)
{
	struct kshare_cmd cmd;

	kshare_prep_event_wait(&cmd, event, deadline);
	return ks_run(event, &cmd, NULL);
}
