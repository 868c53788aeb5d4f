// SPDX-License-Identifier: GPL-2.0-only
/* Who polls an object, or watches it; the idea stands in observe.h. */
#include <linux/poll.h>

#include "command.h"
#include "lockset.h"
#include "observe.h"
#include "watch.h"

/* The object's observers, which are made if there are none; or an error. */
struct kshare_observers *kshare_observers_get(struct kshare_object *obj)
{
	struct kshare_observers *o = kzalloc(sizeof(*o), GFP_KERNEL_ACCOUNT), *there;

	if (!o)
		return ERR_PTR(-ENOMEM);
	init_waitqueue_head(&o->poll);
	INIT_LIST_HEAD(&o->watches);
	INIT_LIST_HEAD(&o->feeders);
	kshare_object_lock(obj);
	there = obj->observers;
	if (!there) {
		there = o;
		obj->observers = o;
		o = NULL;
	}
	kshare_object_unlock(obj);
	kfree(o);
	return there;
}

void kshare_observers_free(struct kshare_object *obj)
{
	if (likely(!obj->observers))
		return;
	kshare_watches_drop(obj);
	kfree(obj->observers);
}

void __kshare_observe_poll(struct kshare_object *obj)
{
	struct kshare_observers *o = obj->observers;
	__poll_t mask;

	kshare_object_assert_held(obj);
	/* Not locked out: see kshare_object_poll(), which takes the lock after it joined. */
	if (!obj->ops->poll || !waitqueue_active(&o->poll))
		return;
	mask = obj->ops->poll(obj);
	if (mask)
		wake_up_poll(&o->poll, mask);
}

void __kshare_observe(struct kshare_object *obj)
{
	__kshare_observe_poll(obj);
	kshare_watches_note(obj);
}

void kshare_observe_end(struct kshare_object *obj)
{
	kshare_object_assert_held(obj);
	if (obj->observers)
		wake_up_poll(&obj->observers->poll, EPOLLERR | EPOLLHUP);
}
