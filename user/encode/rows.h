/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rows.h - what encodings share that write a row of text for each record:
 * lines in streams, a message a row without its newline otherwise. Private to
 * user/encode/.
 */
#ifndef NINETAP_ENCODE_ROWS_H
#define NINETAP_ENCODE_ROWS_H

#include "encode/internal.h"

#define ROW_END_MAX 1U			/* a newline */

static inline int rows_begin(struct encoder *e, struct batch *b)
{
	(void)e;
	return batch_reserve_msg(b);
}

/* Room for a row of max bytes behind the others, and for its end. 0 or -ENOMEM. */
static inline int row_reserve(const struct encoder *e, struct batch *b, size_t max)
{
	int err = batch_reserve(b, max + ROW_END_MAX);

	if (err || e->framing == FRAMING_STREAM)
		return err;
	return batch_reserve_msg(b);
}

/* Takes the row of t over, which was written up to end. */
static inline void row_done(const struct encoder *e, struct batch *b, unsigned char *end, const struct tagged *t)
{
	size_t begin = b->bytes.len;

	if (e->framing == FRAMING_STREAM)
		*end++ = '\n';
	b->bytes.len = end - b->bytes.data;
	if (e->framing == FRAMING_MESSAGE)
		batch_msg(b, begin, 1, tagged_number(t));
}

static inline void rows_end(struct encoder *e, struct batch *b)
{
	if (e->framing == FRAMING_STREAM)
		batch_msg(b, 0, b->count, b->seq);
}

#endif
