/* SPDX-License-Identifier: GPL-2.0-only */
/* What spatch does not see through. */
#define __uninitialized
