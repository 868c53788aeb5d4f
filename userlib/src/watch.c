// SPDX-License-Identifier: LGPL-2.1-or-later OR MIT
/* Watches. */
#include "internal.h"

void kshare_prep_watch(struct kshare_cmd *cmd, struct kshare_obj *obj, struct kshare_value key,
		       struct kshare_obj *queue, uint32_t cookie)
{
	kshare_prep(cmd, KSHARE_OP_WATCH, obj);
	cmd->key = key;
	cmd->value = kshare_ref(queue);
	cmd->nr = cookie;
}

int kshare_watch(struct kshare_obj *obj, struct kshare_value key, struct kshare_obj *queue,
		 uint32_t cookie)
{
	struct kshare_cmd cmd;

	kshare_prep_watch(&cmd, obj, key, queue, cookie);
	return ks_run(obj, &cmd, NULL);
}

void kshare_prep_unwatch(struct kshare_cmd *cmd, struct kshare_obj *obj, uint32_t cookie)
{
	kshare_prep(cmd, KSHARE_OP_UNWATCH, obj);
	cmd->nr = cookie;
}

int kshare_unwatch(struct kshare_obj *obj, uint32_t cookie)
{
	struct kshare_cmd cmd;

	kshare_prep_unwatch(&cmd, obj, cookie);
	return ks_run(obj, &cmd, NULL);
}

int kshare_value_change(const struct kshare_value *value, struct kshare_change *change)
{
	const void *data;
	size_t len;

	if (!value)
		return -ENOENT;
	if (value->type != KSHARE_BYTES)
		return -EDOM;
	data = kshare_value_data(value, &len);
	if (!data || len < sizeof(*change))
		return -EDOM;
	memcpy(change, data, sizeof(*change));
	return 0;
}
