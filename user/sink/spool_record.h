/* SPDX-License-Identifier: Apache-2.0 */
/*
 * spool_record.h - one message as it lies in a segment file, to bytes and
 * back. Pure, and safe on any bytes. For the spool alone.
 */
#ifndef NINETAP_SINK_SPOOL_RECORD_H
#define NINETAP_SINK_SPOOL_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "sink/spool.h"

#define SPOOL_HEAD 76			/* bytes of a head without its texts */
#define SPOOL_HEAD_MAX (SPOOL_HEAD + 2 * (SPOOL_TEXT_MAX + 1))
#define SPOOL_HEAD_MIN (SPOOL_HEAD + 2)
#define SPOOL_NUMBER_MAX (UINT64_MAX >> 1)

struct spool_record {
	struct spool_msg msg;
	uint64_t number;		/* of its first record, in the spool's life */
	uint64_t time_ns;		/* UTC of its writing, since 1970 */
	uint32_t index;			/* its place in the segment, from 0 */
	size_t bytes;			/* of all of it; of SPOOL_JUNK: to skip; of SPOOL_MORE: needed at p */
};

enum spool_found {
	SPOOL_GOOD,
	SPOOL_BODY,			/* the head is good, but the payload isn't; msg.payload is NULL */
	SPOOL_JUNK,			/* no record begins here */
	SPOOL_TORN,			/* the data end within what begins like a record; nothing comes behind it */
	SPOOL_MORE,			/* more bytes are needed to tell */
};

/* 0, or why m can never be written: -EINVAL (texts, count, stream), -EMSGSIZE. */
int spool_msg_check(const struct spool_msg *m) __attribute__((warn_unused_result));

/* Writes the head of r, whose payload follows it in the file, and sets r->bytes. Returns the head's bytes. */
size_t spool_head_put(struct spool_record *r, uint8_t out[SPOOL_HEAD_MAX]);

/*
 * What is at p, of which n > 0 bytes are at hand and more in the file if
 * `more`. *r points into p. skim: by its head alone, msg.payload is NULL and
 * r->bytes may pass n.
 */
enum spool_found spool_parse(const uint8_t *p, size_t n, bool more, bool skim, struct spool_record *r);

#endif
