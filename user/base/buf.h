/* SPDX-License-Identifier: Apache-2.0 */
/*
 * buf.h - a growable byte buffer.
 *
 * Zero-initialised is empty and valid. The buffer owns its bytes; data is
 * valid until the next reserve or free. One thread at a time.
 */
#ifndef NINETAP_BUF_H
#define NINETAP_BUF_H

#include <stddef.h>

struct buf {
	unsigned char *data;
	size_t len;			/* bytes in use */
	size_t cap;			/* bytes allocated */
};

/* For buf_reserve() alone, where there is too little room. */
int buf_grow(struct buf *b, size_t n) __attribute__((warn_unused_result));

/* Makes room for n more bytes behind len. 0 or -ENOMEM (unchanged then). */
static inline __attribute__((warn_unused_result)) int buf_reserve(struct buf *b, size_t n)
{
	return n <= b->cap - b->len ? 0 : buf_grow(b, n);
}

/* Appends n bytes. 0 or -ENOMEM (unchanged then). */
int buf_put(struct buf *b, const void *p, size_t n) __attribute__((warn_unused_result));

void buf_free(struct buf *b);

#endif
