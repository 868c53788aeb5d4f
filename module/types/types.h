/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The functions of the rows of the table, by type; command.h says when each kind
 * is called.  Named as the operation: kshare_dict_pop() is KSHARE_OP_DICT_POP.
 */
#ifndef KSHARE_TYPES_TYPES_H
#define KSHARE_TYPES_TYPES_H

struct kshare_client;
struct kshare_cmd;
struct kshare_object;
struct kshare_run;

int kshare_cell_get_quick(struct kshare_client *client, const struct kshare_cmd *cmd);
int kshare_cell_get_read(struct kshare_run *run);
int kshare_cell_get(struct kshare_run *run);
int kshare_cell_set(struct kshare_run *run);
int kshare_cell_swap(struct kshare_run *run);
int kshare_cell_add(struct kshare_run *run);
int kshare_cell_and(struct kshare_run *run);
int kshare_cell_or(struct kshare_run *run);
int kshare_cell_xor(struct kshare_run *run);
int kshare_cell_cas(struct kshare_run *run);
int kshare_cell_wait_prepare(struct kshare_run *run);
int kshare_cell_wait(struct kshare_run *run);
int kshare_cell_check(struct kshare_run *run);
void kshare_cell_undo(struct kshare_run *run);
void kshare_cell_finish(struct kshare_run *run);

int kshare_array_get(struct kshare_run *run);
int kshare_array_set(struct kshare_run *run);
int kshare_array_read_prepare(struct kshare_run *run);
int kshare_array_read(struct kshare_run *run);
int kshare_array_write_prepare(struct kshare_run *run);
int kshare_array_write(struct kshare_run *run);
void kshare_array_write_undo(struct kshare_run *run);
void kshare_array_write_finish(struct kshare_run *run);
int kshare_array_add(struct kshare_run *run);
int kshare_array_cas(struct kshare_run *run);
int kshare_array_len(struct kshare_run *run);
void kshare_array_undo(struct kshare_run *run);

int kshare_dict_get_read(struct kshare_run *run);
int kshare_dict_get(struct kshare_run *run);
int kshare_dict_set_prepare(struct kshare_run *run);
int kshare_dict_set(struct kshare_run *run);
int kshare_dict_setdefault(struct kshare_run *run);
int kshare_dict_delete_prepare(struct kshare_run *run);
int kshare_dict_delete(struct kshare_run *run);
int kshare_dict_pop(struct kshare_run *run);
int kshare_dict_popitem(struct kshare_run *run);
int kshare_dict_contains_read(struct kshare_run *run);
int kshare_dict_contains(struct kshare_run *run);
int kshare_dict_len(struct kshare_run *run);
int kshare_dict_clear_prepare(struct kshare_run *run);
int kshare_dict_clear(struct kshare_run *run);
void kshare_dict_clear_undo(struct kshare_run *run);
int kshare_dict_update_prepare(struct kshare_run *run);
int kshare_dict_update(struct kshare_run *run);
void kshare_dict_update_undo(struct kshare_run *run);
void kshare_dict_update_finish(struct kshare_run *run);
int kshare_dict_add(struct kshare_run *run);
int kshare_dict_cas(struct kshare_run *run);
int kshare_dict_get_many_prepare(struct kshare_run *run);
int kshare_dict_get_many(struct kshare_run *run);
int kshare_dict_page_prepare(struct kshare_run *run);
int kshare_dict_page(struct kshare_run *run);
int kshare_dict_check(struct kshare_run *run);
int kshare_dict_absent(struct kshare_run *run);
void kshare_dict_undo(struct kshare_run *run);
void kshare_dict_finish(struct kshare_run *run);

int kshare_list_get(struct kshare_run *run);
int kshare_list_set_prepare(struct kshare_run *run);
int kshare_list_set(struct kshare_run *run);
int kshare_list_append_prepare(struct kshare_run *run);
int kshare_list_append(struct kshare_run *run);
int kshare_list_insert(struct kshare_run *run);
int kshare_list_remove_prepare(struct kshare_run *run);
int kshare_list_pop(struct kshare_run *run);
int kshare_list_delete(struct kshare_run *run);
int kshare_list_extend_prepare(struct kshare_run *run);
int kshare_list_extend(struct kshare_run *run);
int kshare_list_slice_prepare(struct kshare_run *run);
int kshare_list_slice(struct kshare_run *run);
int kshare_list_slice_set_prepare(struct kshare_run *run);
int kshare_list_slice_set(struct kshare_run *run);
int kshare_list_slice_delete_prepare(struct kshare_run *run);
int kshare_list_slice_delete(struct kshare_run *run);
int kshare_list_remove(struct kshare_run *run);
int kshare_list_index(struct kshare_run *run);
int kshare_list_count(struct kshare_run *run);
int kshare_list_contains(struct kshare_run *run);
int kshare_list_reverse(struct kshare_run *run);
int kshare_list_sort_prepare(struct kshare_run *run);
int kshare_list_sort(struct kshare_run *run);
int kshare_list_len(struct kshare_run *run);
int kshare_list_clear_prepare(struct kshare_run *run);
int kshare_list_clear(struct kshare_run *run);
int kshare_list_add(struct kshare_run *run);
int kshare_list_cas(struct kshare_run *run);
int kshare_list_check(struct kshare_run *run);
void kshare_list_undo(struct kshare_run *run);
void kshare_list_finish(struct kshare_run *run);

int kshare_lock_acquire_quick(struct kshare_client *client, const struct kshare_cmd *cmd);
int kshare_lock_release_quick(struct kshare_client *client, const struct kshare_cmd *cmd);
int kshare_lock_acquire(struct kshare_run *run);
int kshare_lock_acquire_prepare(struct kshare_run *run);
void kshare_lock_acquire_undo(struct kshare_run *run);
int kshare_lock_release(struct kshare_run *run);
void kshare_lock_release_undo(struct kshare_run *run);

int kshare_rwlock_acquire_prepare(struct kshare_run *run);
int kshare_rwlock_acquire(struct kshare_run *run);
void kshare_rwlock_acquire_undo(struct kshare_run *run);
int kshare_rwlock_release_prepare(struct kshare_run *run);
int kshare_rwlock_release(struct kshare_run *run);
void kshare_rwlock_release_undo(struct kshare_run *run);
int kshare_rwlock_downgrade(struct kshare_run *run);
void kshare_rwlock_downgrade_undo(struct kshare_run *run);
void kshare_rwlock_finish(struct kshare_run *run);
struct kshare_client *kshare_rwlock_holder(struct kshare_object *obj, u32 n, u64 *owner);

int kshare_semaphore_acquire_quick(struct kshare_client *client, const struct kshare_cmd *cmd);
int kshare_semaphore_release_quick(struct kshare_client *client, const struct kshare_cmd *cmd);
int kshare_semaphore_acquire_prepare(struct kshare_run *run);
int kshare_semaphore_acquire(struct kshare_run *run);
void kshare_semaphore_acquire_undo(struct kshare_run *run);
int kshare_semaphore_release_prepare(struct kshare_run *run);
int kshare_semaphore_release(struct kshare_run *run);
void kshare_semaphore_release_undo(struct kshare_run *run);
int kshare_semaphore_value(struct kshare_run *run);
void kshare_semaphore_finish(struct kshare_run *run);

int kshare_condition_prepare(struct kshare_run *run);
int kshare_condition_wait(struct kshare_run *run);
void kshare_condition_wait_undo(struct kshare_run *run);
struct list_head *kshare_condition_line(struct kshare_run *run);
void kshare_condition_queued(struct kshare_run *run);
int kshare_condition_left(struct kshare_run *run, int why);
int kshare_condition_notify(struct kshare_run *run);

int kshare_barrier_wait_prepare(struct kshare_run *run);
int kshare_barrier_wait(struct kshare_run *run);
void kshare_barrier_wait_finish(struct kshare_run *run);
void kshare_barrier_queued(struct kshare_run *run);
int kshare_barrier_left(struct kshare_run *run, int why);
int kshare_barrier_abort(struct kshare_run *run);
int kshare_barrier_reset(struct kshare_run *run);
void kshare_barrier_undo(struct kshare_run *run);

int kshare_event_set(struct kshare_run *run);
int kshare_event_clear(struct kshare_run *run);
int kshare_event_is_set(struct kshare_run *run);
int kshare_event_wait(struct kshare_run *run);
void kshare_event_undo(struct kshare_run *run);

int kshare_class_register(struct kshare_run *run);
int kshare_class_open(struct kshare_run *run);
int kshare_class_list(struct kshare_run *run);
int kshare_class_describe(struct kshare_run *run);
int kshare_class_adopt_prepare(struct kshare_run *run);
int kshare_class_adopt(struct kshare_run *run);
void kshare_class_adopt_undo(struct kshare_run *run);
struct list_head *kshare_class_adopt_line(struct kshare_run *run);
void kshare_class_adopt_finish(struct kshare_run *run);
int kshare_class_unregister(struct kshare_run *run);
int kshare_class_instances_prepare(struct kshare_run *run);
int kshare_class_instances(struct kshare_run *run);
int kshare_class_cookie(struct kshare_run *run);
int kshare_instance_create(struct kshare_run *run);
int kshare_instance_open(struct kshare_run *run);
int kshare_call_direct(struct kshare_run *run, struct kshare_client *client,
		       const struct kshare_cmd *cmd);
int kshare_reply_and_serve_direct(struct kshare_run *run, struct kshare_client *client,
				  const struct kshare_cmd *cmd);
int kshare_call_prepare(struct kshare_run *run);
int kshare_call(struct kshare_run *run);
void kshare_call_undo(struct kshare_run *run);
void kshare_call_finish(struct kshare_run *run);
struct list_head *kshare_call_line(struct kshare_run *run);
void kshare_call_queued(struct kshare_run *run);
int kshare_call_left(struct kshare_run *run, int why);
int kshare_call_result(struct kshare_run *run);
int kshare_serve(struct kshare_run *run);
void kshare_serve_undo(struct kshare_run *run);
void kshare_serve_finish(struct kshare_run *run);
int kshare_reply(struct kshare_run *run);
int kshare_reply_and_serve(struct kshare_run *run);
int kshare_reply_and_serve_left(struct kshare_run *run, int why);

int kshare_queue_put_quick(struct kshare_client *client, const struct kshare_cmd *cmd);
int kshare_queue_get_quick(struct kshare_client *client, const struct kshare_cmd *cmd);
int kshare_queue_prepare(struct kshare_run *run);
int kshare_queue_put_prepare(struct kshare_run *run);
int kshare_queue_put_many_prepare(struct kshare_run *run);
int kshare_queue_put(struct kshare_run *run);
void kshare_queue_put_undo(struct kshare_run *run);
struct list_head *kshare_queue_put_line(struct kshare_run *run);
int kshare_queue_get(struct kshare_run *run);
int kshare_queue_get_many_prepare(struct kshare_run *run);
int kshare_queue_get_many(struct kshare_run *run);
void kshare_queue_get_undo(struct kshare_run *run);
int kshare_queue_peek(struct kshare_run *run);
int kshare_queue_len(struct kshare_run *run);
int kshare_queue_ack(struct kshare_run *run);
void kshare_queue_ack_undo(struct kshare_run *run);
int kshare_queue_nack(struct kshare_run *run);
int kshare_queue_task_done(struct kshare_run *run);
void kshare_queue_task_done_undo(struct kshare_run *run);
int kshare_queue_join(struct kshare_run *run);
struct list_head *kshare_queue_join_line(struct kshare_run *run);
int kshare_queue_shutdown(struct kshare_run *run);
void kshare_queue_shutdown_undo(struct kshare_run *run);
void kshare_queue_shutdown_finish(struct kshare_run *run);
void kshare_queue_finish(struct kshare_run *run);

#endif /* KSHARE_TYPES_TYPES_H */
