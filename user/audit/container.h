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

#endif
