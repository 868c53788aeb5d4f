/* SPDX-License-Identifier: GPL-2.0 */
/* For the kernel's rbtree.c, which includes this name. */
#include "../../shim.h"
