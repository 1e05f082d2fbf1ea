/* SPDX-License-Identifier: Apache-2.0 */
/*
 * avsc.h - batches of Avro by the schema of their writer (Avro 1.11, "Schema
 * Declaration" and "Binary Encoding"). The fields that the book needs are
 * found by name, wherever they stand; all others are passed over.
 *
 * Knows every type but maps. One thread a schema.
 */
#ifndef NINETAP_AUDIT_AVSC_H
#define NINETAP_AUDIT_AVSC_H

#include <stddef.h>
#include <stdint.h>
#include "audit/book.h"

struct avsc;

/*
 * text: a schema of batches of packets or of flows, len bytes. 0; -ENOMEM;
 * -EBADMSG: it is none, *why says what is wrong. Free with avsc_close().
 */
int avsc_open(struct avsc **out, const char *text, size_t len, const char **why) __attribute__((warn_unused_result));
void avsc_close(struct avsc *s);	/* NULL is fine */

/*
 * One batch at *p, which ends at end at the latest, into the book; *p moves
 * behind it. 0; -EINVAL: damaged, nothing was added; -ENOMEM.
 */
int avsc_read(const struct avsc *s, struct book *b, const unsigned char **p, const unsigned char *end)
	__attribute__((warn_unused_result));

/* A long as Avro writes it. 0, or -EINVAL: it does not end before end, or is beyond 64 bits. */
int avsc_long(const unsigned char **p, const unsigned char *end, int64_t *out) __attribute__((warn_unused_result));

#endif
