/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef KSHARE_GRANT_H
#define KSHARE_GRANT_H

#include "client.h"

/**
 * struct kshare_export - a descriptor of one object
 * @obj: the object, with a reference; may be a gate
 * @rights: of the handles that it gives
 * @imports: it gives any; else it is for poll alone
 * @who: who made it, with a reference
 * @in_domain: in &kshare_domain.exports
 */
struct kshare_export {
	struct kshare_object *obj;
	u32 rights;
	bool imports;
	struct kshare_who *who;
	struct list_head in_domain;
};

int kshare_export_fd(struct kshare_run *run);
int kshare_import_fd(struct kshare_run *run);

#endif /* KSHARE_GRANT_H */
