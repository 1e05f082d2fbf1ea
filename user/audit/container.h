/* SPDX-License-Identifier: Apache-2.0 */
/*
 * container.h - batches of packets and flows in Avro (1.11: "Object Container
 * Files", "Single object encoding"), into the book.
 *
 * Data are read by the schema of their writer, so that fields may move, come
 * and go: those that the book needs are found by name.
 */
#ifndef NINETAP_AUDIT_CONTAINER_H
#define NINETAP_AUDIT_CONTAINER_H

#include "audit/book.h"
#include "audit/input.h"

#define CONTAINER_MAGIC "Obj\x01"
#define CONTAINER_MAGIC_BYTES 4U

/* A whole file. 0; -EBADMSG: another schema or codec than ours, logged; -ENOMEM; -errno. Damage is counted. */
int container_read(struct book *b, struct input *in) __attribute__((warn_unused_result));

/*
 * A message: a row of JSON, or a batch in Avro behind the fingerprint of its
 * schema, which must be one of ours.
 */
struct messages;

/* 0 or -ENOMEM. */
int messages_open(struct messages **out) __attribute__((warn_unused_result));
void messages_close(struct messages *m);	/* NULL is fine */

/* 0; -EINVAL: not understood, *why says what is wrong; -EBADMSG: of another schema; -ENOMEM. */
int messages_read(struct messages *m, struct book *b, const void *payload, size_t len, const char **why)
	__attribute__((warn_unused_result));

#endif
