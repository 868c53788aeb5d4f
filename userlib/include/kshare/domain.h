/* SPDX-License-Identifier: LGPL-2.1-or-later OR MIT */
/*
 * Domains: the universe of objects that a client and its clones share, and the
 * account that they are charged to.  kshare_stat() of a domain tells how many
 * objects, bytes, handles and clients there are.
 */
#ifndef KSHARE_DOMAIN_H
#define KSHARE_DOMAIN_H

#include <kshare/base.h>

KSHARE_BEGIN_DECLS

/**
 * kshare_domain() - the client's own domain
 * @k: the client
 * @domain: its proxy
 *
 * Return: 0.
 */
int kshare_domain(struct kshare *k, struct kshare_obj **domain);

/**
 * kshare_domain_root() - the root dict of a domain, where names are kept
 * @domain: the domain
 * @flags: KSHARE_NO_INHERIT
 * @root: the dict
 *
 * Return: 0.
 */
int kshare_domain_root(struct kshare_obj *domain, uint32_t flags, struct kshare_obj **root);
/** kshare_prep_domain_root() - prepares kshare_domain_root(); the result is a handle */
void kshare_prep_domain_root(struct kshare_cmd *cmd, struct kshare_obj *domain, uint32_t flags);

/**
 * kshare_domain_limit() - asks for a limit of a domain, and lowers it
 * @domain: the domain
 * @which: enum kshare_limit
 * @set: the new limit, no higher than the old one; NULL to leave it
 * @limit: the limit now; may be NULL
 *
 * Return: 0; -EPERM to raise it; -EOPNOTSUPP for an unknown one.
 */
int kshare_domain_limit(struct kshare_obj *domain, uint32_t which, const uint64_t *set,
			uint64_t *limit);
/** kshare_prep_domain_limit() - prepares kshare_domain_limit() */
void kshare_prep_domain_limit(struct kshare_cmd *cmd, struct kshare_obj *domain, uint32_t which,
			      const uint64_t *set);

KSHARE_END_DECLS

#endif /* KSHARE_DOMAIN_H */
