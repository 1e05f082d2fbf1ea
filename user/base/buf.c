/* SPDX-License-Identifier: Apache-2.0 */
/*
 * buf.c - a growable byte buffer; contract in buf.h. Encoders reserve once a
 * record and write in place, so growth doubles and is rare.
 */
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include "base/buf.h"

#define BUF_MIN 256U

int buf_grow(struct buf *b, size_t n)
{
	size_t cap = b->cap ? b->cap : BUF_MIN;
	unsigned char *data;

	if (n > PTRDIFF_MAX - b->len)
		return -ENOMEM;
	while (cap < b->len + n)
		cap *= 2;		/* at most 2^63: no overflow */
	data = realloc(b->data, cap);
	if (!data)
		return -ENOMEM;
	b->data = data;
	b->cap = cap;
	return 0;
}

int buf_put(struct buf *b, const void *p, size_t n)
{
	int err = buf_reserve(b, n);

	if (err)
		return err;
	if (n)
		memcpy(b->data + b->len, p, n);
	b->len += n;
	return 0;
}

void buf_free(struct buf *b)
{
	free(b->data);
	*b = (struct buf){ 0 };
}
