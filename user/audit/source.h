/* SPDX-License-Identifier: Apache-2.0 */
/*
 * source.h - what an output holds, into the book: files with their rotated
 * siblings, standard input, topics. What can't be read is counted, and named
 * with its place the first few times.
 */
#ifndef NINETAP_AUDIT_SOURCE_H
#define NINETAP_AUDIT_SOURCE_H

#include "audit/book.h"
#include "audit/input.h"

/*
 * A path, or "-": standard input. Files called PATH.<time of rotation>Z are
 * read first, in that order. 0; -ENOENT: there is none of them; -EBADMSG:
 * Avro of another schema, logged; another -errno, logged.
 */
int source_files(struct book *b, const char *path) __attribute__((warn_unused_result));

/*
 * "kafka:BROKER,.../TOPIC": all that it holds now. properties: librdkafka's,
 * name, value, ..., NULL; or NULL. 0; -ENOENT: no such topic; -EBADMSG: as
 * above; -ETIMEDOUT: no broker answers, logged; another -errno, logged.
 */
int source_topic(struct book *b, const char *output, char *const *properties) __attribute__((warn_unused_result));

/* Counts something that was not understood. where: a line, message or byte of name. */
void source_bad(struct book *b, const char *name, const char *unit, uint64_t where, const char *why);

#endif
