// SPDX-License-Identifier: GPL-2.0-only
/* Loading and unloading. */
#include <linux/miscdevice.h>
#include <linux/module.h>

#include "client.h"
#include "door/door.h"

static struct miscdevice kshare_device = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "kshare",
	.fops = &kshare_fops,
	.mode = 0600,
};

static int __init kshare_init(void)
{
	int ret = kshare_client_init();

	if (ret)
		return ret;
	ret = misc_register(&kshare_device);
	if (ret)
		kshare_client_exit();
	return ret;
}
module_init(kshare_init);

static void __exit kshare_exit(void)
{
	misc_deregister(&kshare_device);
	kshare_client_exit();
}
module_exit(kshare_exit);

MODULE_DESCRIPTION("kshare: live objects shared between processes");
MODULE_LICENSE("GPL");
