// SPDX-License-Identifier: LGPL-2.1-or-later OR MIT
/* Domains. */
#include "internal.h"

int kshare_domain(struct kshare *k, struct kshare_obj **domain)
{
	int err = ks_obj_new(k, k->domain, KSHARE_TYPE_DOMAIN, domain);

	/* The client needs it as long as it lives. */
	if (!err)
		(*domain)->borrowed = true;
	return err;
}

void kshare_prep_domain_root(struct kshare_cmd *cmd, struct kshare_obj *domain, uint32_t flags)
{
	kshare_prep(cmd, KSHARE_OP_DOMAIN_ROOT, domain);
	cmd->flags = flags;
}

int kshare_domain_root(struct kshare_obj *domain, uint32_t flags, struct kshare_obj **root)
{
	struct kshare_cmd cmd;

	kshare_prep_domain_root(&cmd, domain, flags);
	return ks_obj_make(domain->k, &cmd, KSHARE_TYPE_DICT, root);
}

void kshare_prep_domain_limit(struct kshare_cmd *cmd, struct kshare_obj *domain, uint32_t which,
			      const uint64_t *set)
{
	kshare_prep(cmd, KSHARE_OP_DOMAIN_LIMIT, domain);
	cmd->nr = which;
	if (set)
		cmd->value = kshare_uint(*set);
}

int kshare_domain_limit(struct kshare_obj *domain, uint32_t which, const uint64_t *set,
			uint64_t *limit)
{
	struct kshare_result result;
	struct kshare_cmd cmd;
	int ret;

	kshare_prep_domain_limit(&cmd, domain, which, set);
	/* Not ks_run_number(): a limit may use all 64 bits. */
	cmd.out = (uintptr_t)&result;
	cmd.out_len = sizeof(result);
	ret = ks_client_submit(domain->k, &cmd);
	if (ret >= 0 && limit)
		*limit = result.number;
	return ret;
}
