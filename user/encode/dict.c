/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dict.c - see dict.h.
 */
#include <errno.h>
#include <stdlib.h>
#include "encode/dict.h"
#include "encode/put.h"
#include "encode/varint.h"

#define SHIFT_MAX 22U			/* 2^10 slots, the fewest */
#define SHIFT_MIN 2U

static uint32_t slots_n(uint32_t shift)
{
	return 1U << (32 - shift);
}

int dict_begin(struct dict *d)
{
	if (!d->slots) {
		d->slots = calloc(slots_n(SHIFT_MAX), sizeof(*d->slots));
		d->shift = SHIFT_MAX;
	} else if (d->count) {
		memset(d->slots, 0, slots_n(d->shift) * sizeof(*d->slots));
	}
	d->count = 0;
	d->bytes.len = 0;
	return d->slots ? 0 : -ENOMEM;
}

static void enter(struct dict *d, struct dict_slot text)
{
	uint32_t at = dict_place(d, text.id);

	while (d->slots[at].index)
		at = (at + 1) & (UINT32_MAX >> d->shift);
	d->slots[at] = text;
}

/* Makes sure that half of the slots are empty, with one text more. */
static int grow(struct dict *d)
{
	struct dict bigger = { .shift = d->shift - 1 };

	if (d->count < slots_n(d->shift) / 2)
		return 0;
	if (bigger.shift < SHIFT_MIN)
		return -ENOMEM;
	bigger.slots = calloc(slots_n(bigger.shift), sizeof(*bigger.slots));
	if (!bigger.slots)
		return -ENOMEM;
	for (uint32_t i = 0; i < slots_n(d->shift); i++)
		if (d->slots[i].index)
			enter(&bigger, d->slots[i]);
	free(d->slots);
	d->slots = bigger.slots;
	d->shift = bigger.shift;
	return 0;
}

/* Ids of instances and names are ASCII as a rule: those are copied as they are. */
static int append(struct dict *d, const struct text *t)
{
	size_t size = t->ascii ? t->len : text_size(t->s);
	int err = buf_reserve(&d->bytes, PUT_VARINT_MAX + size);
	unsigned char *p;

	if (err)
		return err;
	p = put_varint(d->bytes.data + d->bytes.len, size);
	p = t->ascii ? put_bytes(p, t->s, size) : put_text(p, t->s);
	d->bytes.len = p - d->bytes.data;
	return 0;
}

int dict_add(struct dict *d, const struct text *t, uint32_t *index)
{
	int err = grow(d);

	if (!err)
		err = append(d, t);
	if (err)
		return err;
	*index = ++d->count;
	enter(d, (struct dict_slot){ t->id, d->count });
	return 0;
}

void dict_free(struct dict *d)
{
	free(d->slots);
	buf_free(&d->bytes);
	*d = (struct dict){ 0 };
}
