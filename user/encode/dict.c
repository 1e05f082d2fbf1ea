/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dict.c - see dict.h.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include "encode/dict.h"
#include "encode/put.h"
#include "encode/varint.h"

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

/* Whether n bytes hold no other characters than those of ASCII, a byte each. */
static bool is_ascii(const char *s, size_t n)
{
	const uint64_t high = 0x8080808080808080;
	uint64_t word, seen = 0;
	size_t i = 0;

	for (; i + sizeof(word) <= n; i += sizeof(word)) {
		memcpy(&word, s + i, sizeof(word));
		seen |= word;
	}
	for (; i < n; i++)
		seen |= (unsigned char)s[i];
	return !(seen & high);
}

/* Ids of instances and names are ASCII as a rule: those are copied as they are. */
static int append(struct dict *d, const struct text *t)
{
	bool ascii = is_ascii(t->s, t->len);
	size_t size = ascii ? t->len : text_size(t->s);
	int err = buf_reserve(&d->bytes, PUT_VARINT_MAX + size);
	unsigned char *p;

	if (err)
		return err;
	p = put_varint(d->bytes.data + d->bytes.len, size);
	p = ascii ? put_bytes(p, t->s, size) : put_text(p, t->s);
	d->bytes.len = p - d->bytes.data;
	return 0;
}

int dict_add(struct dict *d, const struct text *t, uint32_t *index)
{
	int err = grow(d, t->id);

	if (!err)
		err = append(d, t);
	if (err)
		return err;
	*index = ++d->count;
	d->slots[t->id] = (struct dict_slot){ d->batch, d->count };
	return 0;
}

void dict_free(struct dict *d)
{
	free(d->slots);
	buf_free(&d->bytes);
	*d = (struct dict){ 0 };
}
