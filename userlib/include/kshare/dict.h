/* SPDX-License-Identifier: LGPL-2.1-or-later OR MIT */
/*
 * Dicts: values under keys, in the order in which the keys came.
 *
 * A key is none, a bool, a number but NaN, text, or bytes.  1, 1.0 and true are
 * the same key.  Every function here takes namespaces too, whose keys are text.
 */
#ifndef KSHARE_DICT_H
#define KSHARE_DICT_H

#include <kshare/base.h>

KSHARE_BEGIN_DECLS

/**
 * kshare_dict_create() - a new dict
 * @k: the client
 * @flags: KSHARE_NO_INHERIT
 * @dict: its proxy
 *
 * Return: 0.
 */
int kshare_dict_create(struct kshare *k, uint32_t flags, struct kshare_obj **dict);

/**
 * kshare_dict_get() - reads an entry
 * @dict: the dict
 * @key: its key
 * @reply: its value; number: the version of the dict when it was last changed
 *
 * Return: 0; -ENOENT.
 */
int kshare_dict_get(struct kshare_obj *dict, struct kshare_value key,
		    struct kshare_reply **reply);
/** kshare_prep_dict_get() - prepares kshare_dict_get() */
void kshare_prep_dict_get(struct kshare_cmd *cmd, struct kshare_obj *dict,
			  struct kshare_value key);

/**
 * kshare_dict_set() - writes an entry
 * @dict: the dict
 * @key: its key
 * @value: its new value
 *
 * Return: 1 if the key is new, else 0.
 */
int kshare_dict_set(struct kshare_obj *dict, struct kshare_value key, struct kshare_value value);
/** kshare_prep_dict_set() - prepares kshare_dict_set() */
void kshare_prep_dict_set(struct kshare_cmd *cmd, struct kshare_obj *dict,
			  struct kshare_value key, struct kshare_value value);

/**
 * kshare_dict_setdefault() - writes an entry if there is none, as one step
 * @dict: the dict
 * @key: its key
 * @value: its value, if it is new
 * @reply: its value now
 *
 * Return: 1 if @value was written, else 0.
 */
int kshare_dict_setdefault(struct kshare_obj *dict, struct kshare_value key,
			   struct kshare_value value, struct kshare_reply **reply);
/** kshare_prep_dict_setdefault() - prepares kshare_dict_setdefault() */
void kshare_prep_dict_setdefault(struct kshare_cmd *cmd, struct kshare_obj *dict,
				 struct kshare_value key, struct kshare_value value);

/**
 * kshare_dict_delete() - deletes an entry
 * @dict: the dict
 * @key: its key
 *
 * Return: 0; -ENOENT.
 */
int kshare_dict_delete(struct kshare_obj *dict, struct kshare_value key);
/** kshare_prep_dict_delete() - prepares kshare_dict_delete() */
void kshare_prep_dict_delete(struct kshare_cmd *cmd, struct kshare_obj *dict,
			     struct kshare_value key);

/**
 * kshare_dict_pop() - deletes an entry and gives its value, as one step
 * @dict: the dict
 * @key: its key
 * @reply: its value
 *
 * Return: 0; -ENOENT.
 */
int kshare_dict_pop(struct kshare_obj *dict, struct kshare_value key,
		    struct kshare_reply **reply);
/** kshare_prep_dict_pop() - prepares kshare_dict_pop() */
void kshare_prep_dict_pop(struct kshare_cmd *cmd, struct kshare_obj *dict,
			  struct kshare_value key);

/**
 * kshare_dict_popitem() - deletes the newest entry and gives it, as one step
 * @dict: the dict
 * @flags: KSHARE_FIRST: the oldest
 * @reply: its key and its value
 *
 * Return: 0; -ENOENT if there is none.
 */
int kshare_dict_popitem(struct kshare_obj *dict, uint32_t flags, struct kshare_reply **reply);
/** kshare_prep_dict_popitem() - prepares kshare_dict_popitem() */
void kshare_prep_dict_popitem(struct kshare_cmd *cmd, struct kshare_obj *dict, uint32_t flags);

/**
 * kshare_dict_contains() - whether there is an entry
 * @dict: the dict
 * @key: its key
 *
 * Return: 1 or 0.
 */
int kshare_dict_contains(struct kshare_obj *dict, struct kshare_value key);
/** kshare_prep_dict_contains() - prepares kshare_dict_contains() */
void kshare_prep_dict_contains(struct kshare_cmd *cmd, struct kshare_obj *dict,
			       struct kshare_value key);

/**
 * kshare_dict_len() - number of entries
 * @dict: the dict
 *
 * Return: the number.
 */
int64_t kshare_dict_len(struct kshare_obj *dict);
/** kshare_prep_dict_len() - prepares kshare_dict_len() */
void kshare_prep_dict_len(struct kshare_cmd *cmd, struct kshare_obj *dict);

/**
 * kshare_dict_clear() - deletes all entries
 * @dict: the dict
 *
 * Return: 0.
 */
int kshare_dict_clear(struct kshare_obj *dict);
/** kshare_prep_dict_clear() - prepares kshare_dict_clear() */
void kshare_prep_dict_clear(struct kshare_cmd *cmd, struct kshare_obj *dict);

/**
 * kshare_dict_update() - writes many entries, as one step
 * @dict: the dict
 * @pairs: key, value, key, value …
 * @count: number of pairs
 *
 * Return: the number of new keys.
 */
int kshare_dict_update(struct kshare_obj *dict, const struct kshare_value *pairs, uint32_t count);
/** kshare_prep_dict_update() - prepares kshare_dict_update() */
void kshare_prep_dict_update(struct kshare_cmd *cmd, struct kshare_obj *dict,
			     const struct kshare_value *pairs, uint32_t count);

/**
 * kshare_dict_add() - adds to the number in an entry, as one step
 * @dict: the dict
 * @key: its key; an absent one counts as 0
 * @value: a number
 * @flags: KSHARE_WRAP; KSHARE_MUST_EXIST: an absent one is -ENOENT
 * @reply: the sum
 *
 * Return: 0; -EDOM if either is no number; -ERANGE.
 */
int kshare_dict_add(struct kshare_obj *dict, struct kshare_value key, struct kshare_value value,
		    uint32_t flags, struct kshare_reply **reply);
/** kshare_prep_dict_add() - prepares kshare_dict_add() */
void kshare_prep_dict_add(struct kshare_cmd *cmd, struct kshare_obj *dict,
			  struct kshare_value key, struct kshare_value value, uint32_t flags);

/**
 * kshare_dict_cas() - writes an entry if it holds what is expected, as one step
 * @dict: the dict
 * @key: its key
 * @expect: what it must hold; with KSHARE_BY_VERSION, the version that
 *	kshare_dict_get() gave, or 0 if it must be absent
 * @value: its new value
 * @flags: KSHARE_BY_VERSION
 * @reply: what it held; number: its version
 *
 * Return: 1 if @value was written, else 0; -ENOENT if it is absent, unless that
 * is what was expected.
 */
int kshare_dict_cas(struct kshare_obj *dict, struct kshare_value key, struct kshare_value expect,
		    struct kshare_value value, uint32_t flags, struct kshare_reply **reply);
/** kshare_prep_dict_cas() - prepares kshare_dict_cas() */
void kshare_prep_dict_cas(struct kshare_cmd *cmd, struct kshare_obj *dict,
			  struct kshare_value key, struct kshare_value expect,
			  struct kshare_value value, uint32_t flags);

/**
 * kshare_dict_get_many() - reads many entries, as one step
 * @dict: the dict
 * @keys: their keys
 * @count: number of them
 * @reply: a value for each, none for one that is absent; number: bit n is set if
 *	entry n is absent, of the first 64
 *
 * Return: the number of entries that are there.
 */
int kshare_dict_get_many(struct kshare_obj *dict, const struct kshare_value *keys,
			 uint32_t count, struct kshare_reply **reply);
/** kshare_prep_dict_get_many() - prepares kshare_dict_get_many() */
void kshare_prep_dict_get_many(struct kshare_cmd *cmd, struct kshare_obj *dict,
			       const struct kshare_value *keys, uint32_t count);

/**
 * kshare_dict_page() - reads some entries, in their order
 * @dict: the dict
 * @cursor: 0, or the number of the reply before, to go on behind it
 * @version: NULL, or the version that the dict should have:
 *	KSHARE_R_CHANGED in the reply's flags if it has another
 * @most: give no more entries than that; 0 for as many as the reply has room for
 * @flags: KSHARE_KEYS and KSHARE_VALUES, one or both; KSHARE_ALL for everything
 *	as one step
 * @reply: the keys, the values, or key, value, key, value …; number: the next
 *	cursor; flags: KSHARE_R_MORE if there is more
 *
 * A page has 64 kB at least; kshare_reply_reserve() makes room for larger ones.
 *
 * Return: the number of entries.
 */
int kshare_dict_page(struct kshare_obj *dict, uint64_t cursor, const uint64_t *version,
		     uint32_t most, uint32_t flags, struct kshare_reply **reply);
/** kshare_prep_dict_page() - prepares kshare_dict_page() */
void kshare_prep_dict_page(struct kshare_cmd *cmd, struct kshare_obj *dict, uint64_t cursor,
			   const uint64_t *version, uint32_t most, uint32_t flags);

/**
 * kshare_dict_items() - reads all entries, as one step
 * @dict: the dict
 * @reply: key, value, key, value …
 *
 * The same as kshare_dict_page() with KSHARE_KEYS, KSHARE_VALUES and KSHARE_ALL.
 *
 * Return: the number of entries; -ENOBUFS if that is more than a result can be.
 */
int kshare_dict_items(struct kshare_obj *dict, struct kshare_reply **reply);

/**
 * kshare_dict_check() - whether an entry holds a value
 * @dict: the dict
 * @key: its key
 * @expect: the value
 *
 * Return: 0 if so; -ESTALE if not; -ENOENT.
 */
int kshare_dict_check(struct kshare_obj *dict, struct kshare_value key,
		      struct kshare_value expect);
/** kshare_prep_dict_check() - prepares kshare_dict_check(), for batches */
void kshare_prep_dict_check(struct kshare_cmd *cmd, struct kshare_obj *dict,
			    struct kshare_value key, struct kshare_value expect);

/**
 * kshare_dict_absent() - whether there is no such entry
 * @dict: the dict
 * @key: its key
 *
 * Return: 0 if so; -EEXIST if not.
 */
int kshare_dict_absent(struct kshare_obj *dict, struct kshare_value key);
/** kshare_prep_dict_absent() - prepares kshare_dict_absent(), for batches */
void kshare_prep_dict_absent(struct kshare_cmd *cmd, struct kshare_obj *dict,
			     struct kshare_value key);

KSHARE_END_DECLS

#endif /* KSHARE_DICT_H */
