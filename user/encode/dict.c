/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dict.c - see dict.h.
 */
#include <errno.h>
#include <stdlib.h>
#include "encode/dict.h"
#include "encode/put.h"

#define SLOTS_MIN 64U

void dict_begin(struct dict *d)
{
	d->count = 0;
	d->bytes.len = 0;
	if (++d->batch)
		return;
	d->batch = 1;			/* went round: old entries must not count again */
	for (uint32_t i = 0; i < d->slots_n; i++)
		d->slots[i].batch = 0;
}

static int grow(struct dict *d, uint32_t id)
{
	size_t n = d->slots_n ? d->slots_n : SLOTS_MIN;
	struct dict_slot *slots;

	if (id < d->slots_n)
		return 0;
	while (n <= id)
		n *= 2;
	if (n > UINT32_MAX)
		return -ENOMEM;
	slots = reallocarray(d->slots, n, sizeof(*slots));
	if (!slots)
		return -ENOMEM;
	memset(slots + d->slots_n, 0, (n - d->slots_n) * sizeof(*slots));
	d->slots = slots;
	d->slots_n = n;
	return 0;
}

static int append(struct dict *d, const struct text *t)
{
	size_t size = text_size(t->s);
	int err = buf_reserve(&d->bytes, PUT_VARINT_MAX + size);
	unsigned char *p;

	if (err)
		return err;
	p = put_varint(d->bytes.data + d->bytes.len, size);
	d->bytes.len = put_text(p, t->s) - d->bytes.data;
	return 0;
}

static int put_new(struct dict *d, const struct text *t)
{
	int err = grow(d, t->id);

	if (!err)
		err = append(d, t);
	if (!err)
		d->slots[t->id] = (struct dict_slot){ d->batch, ++d->count };
	return err;
}

int dict_put(struct dict *d, const struct text *t)
{
	if (!t || (t->id < d->slots_n && d->slots[t->id].batch == d->batch))
		return 0;
	return put_new(d, t);
}

void dict_free(struct dict *d)
{
	free(d->slots);
	buf_free(&d->bytes);
	*d = (struct dict){ 0 };
}
