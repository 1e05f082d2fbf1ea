/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dict.h - the texts that the records of one batch refer to, each once, in the
 * order in which they came; private to user/encode/.
 *
 * Texts are found by their ids, without hashing: an array by id, whose entries
 * count for the batch that they were made in. Index 0 stands for no text.
 * Ids must stand for the same texts from begin to begin (tagger.h).
 */
#ifndef NINETAP_ENCODE_DICT_H
#define NINETAP_ENCODE_DICT_H

#include <stdint.h>
#include "base/buf.h"
#include "inventory/texts.h"

struct dict_slot {
	uint32_t batch;			/* that index is of; 0: none */
	uint32_t index;			/* from 1 */
};

/* Zero-initialised is valid, before dict_begin(), too. */
struct dict {
	struct dict_slot *slots;	/* by text id */
	uint32_t slots_n;
	uint32_t batch;			/* number of this one */
	uint32_t count;			/* texts of this batch */
	struct buf bytes;		/* the same as Avro strings, one behind the other */
};

/* Forgets all texts. */
void dict_begin(struct dict *d);

/* Adds t, which is not there. 0 or -ENOMEM (it still is not). */
int dict_add(struct dict *d, const struct text *t, uint32_t *index) __attribute__((warn_unused_result));

void dict_free(struct dict *d);

/* The index of t, which is added if it is not there; 0 of NULL. 0 or -ENOMEM. */
static inline int dict_put(struct dict *d, const struct text *t, uint32_t *index)
{
	*index = 0;
	if (!t)
		return 0;
	if (t->id >= d->slots_n || d->slots[t->id].batch != d->batch)
		return dict_add(d, t, index);
	*index = d->slots[t->id].index;
	return 0;
}

#endif
