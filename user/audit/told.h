/* SPDX-License-Identifier: Apache-2.0 */
/*
 * told.h - a row of JSON into the book: a packet, a flow or an event.
 */
#ifndef NINETAP_AUDIT_TOLD_H
#define NINETAP_AUDIT_TOLD_H

#include "audit/book.h"

/*
 * line: len bytes, one row of any stream. 0; -EINVAL: not understood, *why
 * says what is wrong; -ENOMEM. Rows of a type that is not known, and events
 * that tell nothing of packets, are passed over.
 */
int told_row(struct book *b, const char *line, size_t len, const char **why) __attribute__((warn_unused_result));

/* An event alone, as told_row(). */
int told_event(struct book *b, const char *line, size_t len, const char **why) __attribute__((warn_unused_result));

#endif
