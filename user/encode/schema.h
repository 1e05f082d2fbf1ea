/* SPDX-License-Identifier: Apache-2.0 */
/*
 * schema.h - the Avro schema of a batch, made from ninetap/fields.h.
 *
 * The text is what include/ninetap/ninetap.avsc (packets) and flows.avsc hold
 * and what each container carries. Its canonical form (Avro 1.11, "Parsing Canonical Form for
 * Schemas") is what the fingerprint of a message stands for.
 */
#ifndef NINETAP_ENCODE_SCHEMA_H
#define NINETAP_ENCODE_SCHEMA_H

#include <stdbool.h>
#include <stdint.h>
#include "base/buf.h"
#include "encode/encode.h"

/* Appends the schema of batches of packets or flows to out, which the caller frees. 0 or -ENOMEM. */
int schema_text(struct buf *out, enum stream stream, bool canonical) __attribute__((warn_unused_result));

/* CRC-64-AVRO, the Rabin fingerprint of the Avro specification. */
uint64_t schema_crc64(const void *bytes, size_t n);

#endif
