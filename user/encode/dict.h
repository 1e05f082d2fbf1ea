/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dict.h - the texts that the records of one batch refer to, each once, in the
 * order in which they came; private to user/encode/.
 *
 * Texts are found by their ids, in a hash table that begins empty with each
 * batch and so is no larger than a batch needs: an array of all ids would be
 * read from memory with many flows. Index 0 stands for no text. Ids must stand
 * for the same texts from begin to begin (tagger.h).
 */
#ifndef NINETAP_ENCODE_DICT_H
#define NINETAP_ENCODE_DICT_H

#include <stdint.h>
#include "base/buf.h"
#include "inventory/texts.h"

struct dict_slot {
	uint32_t id;
	uint32_t index;			/* from 1; 0: the slot is empty */
};

/* Zero-initialised is valid for dict_begin() and dict_free(). */
struct dict {
	struct dict_slot *slots;	/* 2^(32 - shift) of them, at most half of them in use */
	uint32_t shift;
	uint32_t count;			/* texts of this batch */
	struct buf bytes;		/* the same as Avro strings, one behind the other */
};

/* Forgets all texts. 0 or -ENOMEM. */
int dict_begin(struct dict *d) __attribute__((warn_unused_result));

/* Adds t, which is not there. 0 or -ENOMEM (it still is not). */
int dict_add(struct dict *d, const struct text *t, uint32_t *index) __attribute__((warn_unused_result));

void dict_free(struct dict *d);

/* Where to look for id first; from there on one after the other, and round. */
static inline uint32_t dict_place(const struct dict *d, uint32_t id)
{
	return id * 2654435769U >> d->shift;
}

/* The index of t, which is added if it is not there; 0 of NULL. 0 or -ENOMEM. */
static inline int dict_put(struct dict *d, const struct text *t, uint32_t *index)
{
	const uint32_t mask = UINT32_MAX >> d->shift;
	uint32_t at;

	*index = 0;
	if (!t)
		return 0;
	for (at = dict_place(d, t->id); d->slots[at].index; at = (at + 1) & mask) {
		if (d->slots[at].id == t->id) {
			*index = d->slots[at].index;
			return 0;
		}
	}
	return dict_add(d, t, index);
}

#endif
