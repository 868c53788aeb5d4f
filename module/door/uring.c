// SPDX-License-Identifier: GPL-2.0-only
/*
 * The io_uring door.
 *
 * A command is decoded once, when it is submitted, and never again: its bytes lie
 * in the ring.  One that cannot wait is carried out right away, on the stack of
 * whoever submits.  One that may wait is carried out from memory of its own; if it
 * does have to wait it is parked (park.c), and the waiter's @wake brings its
 * completion to the task that submitted it, where user memory can be written.
 *
 *	submitter		granter		    end of ring, exec
 *	mark_cancelable				    uring_lock
 *	wait_lock				      F_CANCEL:
 *	  in line		claims it	      wait_lock, pdu->run
 *	wait_unlock		@wake:		      ends its wait
 *	-EIOCBQUEUED		complete_in_task      wait_unlock
 *	kshare_uring_done:			    uring_unlock
 *	wait_lock, unparked, pdu->run = NULL, wait_unlock
 *	result delivered, freed, io_uring_cmd_done
 *
 * Marked before it can be seen, since mark_cancelable may take uring_lock; once it
 * is marked it ends by io_uring_cmd_done() alone.  F_CANCEL may come more than once
 * and after the granter has won, so it goes by @pdu->run, under wait_lock.
 *
 * Kernels before 6.7 tell no driver that a ring goes, so there a command that would
 * have to wait is given back to io_uring (-EAGAIN), which carries it out again from
 * a worker of its own, where it may sleep, and is interrupted by a signal.
 */
#include <linux/fs.h>

#include "../command.h"
#include "door.h"

/**
 * struct kshare_uring_pdu - what io_uring keeps with a command
 * @run: the run, once it is parked and until it is done; wait_lock
 */
struct kshare_uring_pdu {
	struct kshare_run *run;
};

static struct kshare_uring_pdu *kshare_uring_pdu(struct io_uring_cmd *ioucmd)
{
	BUILD_BUG_ON(sizeof(struct kshare_uring_pdu) > sizeof(ioucmd->pdu));
	return (struct kshare_uring_pdu *)ioucmd->pdu;
}

/**
 * struct kshare_uring_run - a command that may wait
 * @run: as all commands
 * @flags: of the call that submitted it
 * @big: its completion has room for a second number
 * @marked: io_uring_cmd_mark_cancelable() was called
 */
struct kshare_uring_run {
	struct kshare_run run;
	unsigned int flags;
	bool big;
	bool marked;
};

/* The second number of a completion: the value if it is one that owns nothing. */
static u64 kshare_uring_res2(const struct kshare_run *run, int ret)
{
	if (ret < 0 || run->out_addr)
		return 0;
	if (run->out_count == 1 && !kshare_val_slow(&run->out[0]))
		return run->out[0].u;
	return run->number;
}

/* From now on F_CANCEL finds nothing. */
static void kshare_uring_forget(struct kshare_client *client, struct io_uring_cmd *ioucmd)
{
	mutex_lock(&client->wait_lock);
	kshare_uring_pdu(ioucmd)->run = NULL;
	mutex_unlock(&client->wait_lock);
}

static void kshare_uring_finish(struct io_uring_cmd *ioucmd, unsigned int flags, bool dead)
{
	struct kshare_client *client = ioucmd->file->private_data;
	struct kshare_run *run = kshare_uring_pdu(ioucmd)->run;
	struct kshare_uring_run *u = container_of(run, struct kshare_uring_run, run);
	bool big = u->big;
	u64 res2;
	int ret;

	kshare_uring_forget(client, ioucmd);
	ret = kshare_park_complete(run, dead);
	if (ret == -ERESTARTSYS)
		ret = -EINTR;
	res2 = run->ended ? 0 : kshare_uring_res2(run, ret);
	if (!run->ended)
		kshare_run_end(run);
	kshare_pool_put(&client->spare_runs, u);
	ks_uring_done(ioucmd, ret, res2, big, flags);
}

KS_DEFINE_URING_TW(kshare_uring_tw, kshare_uring_finish)

static void kshare_uring_wake(struct kshare_waiter *w)
{
	struct io_uring_cmd *ioucmd = kshare_waiter_run(w)->door;

	/* Pairs with the load in kshare_waiter_done(). */
	smp_store_release(&w->state, KSHARE_WAITER_DONE);
	io_uring_cmd_complete_in_task(ioucmd, kshare_uring_tw);
}

static bool kshare_uring_gone(struct kshare_run *run)
{
	return ks_uring_task_exits(run->door);
}

static void kshare_uring_park(struct kshare_run *run)
{
	struct kshare_uring_run *u = container_of(run, struct kshare_uring_run, run);
	struct io_uring_cmd *ioucmd = run->door;

	kshare_uring_pdu(ioucmd)->run = run;
	if (!u->marked)
		io_uring_cmd_mark_cancelable(ioucmd, u->flags);
	u->marked = true;
}

/* The ring goes, or its task executes another program. */
static void kshare_uring_cancel(struct kshare_client *client, struct io_uring_cmd *ioucmd)
{
	struct kshare_uring_pdu *pdu = kshare_uring_pdu(ioucmd);

	mutex_lock(&client->wait_lock);
	if (pdu->run && pdu->run->parked && !pdu->run->ended)
		kshare_wait_end(pdu->run, KSHARE_DOOR_GONE);
	mutex_unlock(&client->wait_lock);
}

static int kshare_uring_read(struct io_uring_cmd *ioucmd, unsigned int flags,
			     struct kshare_cmd *cmd)
{
	const void *bytes = ks_uring_bytes(ioucmd);
	u64 ptr[2];

	switch (ioucmd->cmd_op) {
	case KSHARE_URING_CMD:
		if (!(flags & IO_URING_F_SQE128))
			return -EINVAL;
		memcpy(cmd, bytes, sizeof(*cmd));
		if (cmd->size > sizeof(*cmd))
			return -E2BIG;
		return cmd->size < sizeof(*cmd) ? -EINVAL : 0;
	case KSHARE_URING_CMD_PTR:
		memcpy(ptr, bytes, sizeof(ptr));
		if (ptr[1])
			return -EINVAL;
		return kshare_cmd_copy(u64_to_user_ptr(ptr[0]), cmd);
	}
	return -ENOTTY;
}

/*
 * Ends a command that was not parked.  -EAGAIN would make io_uring try again, 6.1
 * loses a positive number that a worker returns, and one that was marked must not
 * be answered by returning.
 */
static int kshare_uring_answer(struct io_uring_cmd *ioucmd, unsigned int flags, int ret,
			       u64 res2, bool marked)
{
	bool big = flags & IO_URING_F_CQE32;

	if (ret == -ERESTARTSYS || ret == -ERESTARTNOINTR)
		ret = -EINTR;
	if (!marked && ret <= 0 && ret != -EAGAIN && ret != -EIOCBQUEUED && !(big && res2))
		return ret;
	ks_uring_done(ioucmd, ret, res2, big, flags);
	return -EIOCBQUEUED;
}

/* An operation that may wait. */
static int kshare_uring_wait(struct kshare_client *client, struct io_uring_cmd *ioucmd,
			     unsigned int flags, const struct kshare_row *op,
			     const struct kshare_cmd *cmd)
{
	struct kshare_uring_run *u = kshare_pool_get(&client->spare_runs, sizeof(*u));
	struct kshare_run *run;
	bool marked;
	u64 res2;
	int ret;

	if (!u)
		return -ENOMEM;
	run = &u->run;
	u->flags = flags;
	u->big = flags & IO_URING_F_CQE32;
	u->marked = false;
	ret = kshare_run_begin(run, op, client, cmd);
	run->uring = true;
	run->door = ioucmd;
	run->async = KS_URING_CAN_PARK;
	run->park = kshare_uring_park;
	run->wake = kshare_uring_wake;
	run->gone = kshare_uring_gone;
	run->no_sleep = !KS_URING_CAN_PARK && flags & IO_URING_F_NONBLOCK;
	if (!ret)
		ret = kshare_run_execute(run);
	if (ret == KSHARE_PARKED)
		return -EIOCBQUEUED;
	if (ret == KSHARE_WOULD_SLEEP) {
		kshare_run_publish(run, -EAGAIN);
		kshare_run_end(run);
		kshare_pool_put(&client->spare_runs, u);
		return -EAGAIN;
	}
	ret = kshare_run_publish(run, ret);
	res2 = kshare_uring_res2(run, ret);
	marked = u->marked;
	if (marked)
		kshare_uring_forget(client, ioucmd);
	kshare_run_end(run);
	kshare_pool_put(&client->spare_runs, u);
	return kshare_uring_answer(ioucmd, flags, ret, res2, marked);
}

int kshare_uring_cmd(struct io_uring_cmd *ioucmd, unsigned int flags)
{
	struct kshare_client *client = ioucmd->file->private_data;
	const struct kshare_row *op;
	struct kshare_run run __uninitialized;
	struct kshare_cmd cmd;
	u64 res2;
	int ret;

	if (flags & IO_URING_F_CANCEL) {
		kshare_uring_cancel(client, ioucmd);
		return 0;
	}
	if (ks_uring_multishot(ioucmd))
		return -EOPNOTSUPP;
	ret = kshare_uring_read(ioucmd, flags, &cmd);
	if (ret)
		return ret;
	if (unlikely(!kshare_client_is_mine(client)))
		return -EPERM;
	op = kshare_op_find(cmd.op);
	/* The second number of a large completion is none that @quick knows. */
	if (op && op->flags & KSHARE_ROW_ANY_DOOR && !(flags & IO_URING_F_CQE32)) {
		rcu_read_lock();
		ret = op->quick(client, &cmd);
		rcu_read_unlock();
		if (ret != KSHARE_NOT_QUICK)
			return kshare_uring_answer(ioucmd, flags, ret, 0, false);
	}
	if (op && op->flags & KSHARE_OPINFO_WAITS)
		return kshare_uring_wait(client, ioucmd, flags, op, &cmd);

	ret = kshare_run_begin(&run, op, client, &cmd);
	run.uring = true;
	if (!ret)
		ret = kshare_run_execute(&run);
	ret = kshare_run_publish(&run, ret);
	res2 = kshare_uring_res2(&run, ret);
	kshare_run_end(&run);
	return kshare_uring_answer(ioucmd, flags, ret, res2, false);
}
