/* SPDX-License-Identifier: Apache-2.0 */
/*
 * internal.h - what encode.c and the encodings share; private to user/encode/.
 *
 * encode.c keeps the figures of the batch (cpu, count, seq, lost) and checks
 * records; an encoding only turns them into bytes.
 */
#ifndef NINETAP_ENCODE_INTERNAL_H
#define NINETAP_ENCODE_INTERNAL_H

#include <stdbool.h>
#include "encode/dict.h"
#include "encode/encode.h"
#include "encode/put.h"

#define SYNC_BYTES 16U
#define MARK_BYTES 10U			/* of an Avro message: C3 01, fingerprint */

/*
 * open fills head and own; begin makes room in an emptied batch; add appends
 * a valid record; end can't fail: begin and add have reserved what it needs.
 */
struct encoding {
	const char *name;
	int (*open)(struct encoder *e);
	int (*begin)(struct encoder *e, struct batch *b);
	int (*add)(struct encoder *e, struct batch *b, const struct tagged *t);
	void (*end)(struct encoder *e, struct batch *b);
};

#define NAME_SHORT 32U

/* The name of an interface as it is written. */
struct name {
	struct buf bytes;		/* NAME_SHORT of them may be read */
	char text[NAME_SHORT];		/* that they stand for */
	bool known;			/* text is; not so: of none, or of one that is too long */
};

struct encoder {
	const struct encoding *encoding;
	enum framing framing;
	enum stream stream;
	const struct tag_origin *origin;
	struct buf head;
	struct buf own;			/* JSON, smartx: the run's fields; Avro: scratch for a header */
	struct stamp stamp;
	struct dict dict;		/* Avro: of the batch that is open */
	uint32_t texts;			/* Avro: those of them that its records need */
	struct name name;		/* Avro: of the record before */
	unsigned char sync[SYNC_BYTES];
	unsigned char mark[MARK_BYTES];
};

extern const struct encoding encoding_json, encoding_avro, encoding_smartx;

/* What a record is numbered by in its stream. */
static inline uint64_t tagged_number(const struct tagged *t)
{
	return t->flow ? t->flow->counted.entry : t->rec->seq;
}

int batch_grow(struct batch *b, size_t n) __attribute__((warn_unused_result));

/* Room for n bytes, within what batch_msg can address. 0 or -ENOMEM. */
static inline int batch_reserve(struct batch *b, size_t n)
{
	return n <= b->bytes.cap - b->bytes.len && b->bytes.cap <= UINT32_MAX ? 0 : batch_grow(b, n);
}

/* Room for one message more. 0 or -ENOMEM. */
int batch_reserve_msg(struct batch *b) __attribute__((warn_unused_result));

/* Appends a message, from begin to the end of the bytes; room was reserved. */
void batch_msg(struct batch *b, size_t begin, uint32_t count, uint64_t seq);

#endif
