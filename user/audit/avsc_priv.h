/* SPDX-License-Identifier: Apache-2.0 */
/*
 * avsc_priv.h - a schema as it was compiled (avsc.c) and is read by
 * (avsc_read.c). Private to user/audit/.
 */
#ifndef NINETAP_AUDIT_AVSC_PRIV_H
#define NINETAP_AUDIT_AVSC_PRIV_H

#include <stdbool.h>
#include "audit/avsc.h"

#define AVSC_DEPTH_MAX 32U		/* of types within types */

enum avsc_kind {
	AVSC_NULL, AVSC_BOOLEAN, AVSC_INT, AVSC_LONG, AVSC_FLOAT, AVSC_DOUBLE, AVSC_BYTES, AVSC_STRING,
	AVSC_RECORD, AVSC_ENUM, AVSC_FIXED, AVSC_ARRAY, AVSC_UNION,
};

/* What a field of a batch, or of one of its records, is to the book. */
enum avsc_use {
	AVSC_PASS,
	AVSC_BOX, AVSC_EPOCH, AVSC_CPU, AVSC_ROWS, /* of the batch */
	AVSC_SEQ, AVSC_PACKETS, AVSC_BYTES_ON_WIRE, AVSC_GENERATION, AVSC_ENTRY, AVSC_EVENTS, AVSC_LAST, AVSC_MODE,
	AVSC_USES
};

struct avsc_type {
	enum avsc_kind kind;
	uint32_t size;			/* fixed: bytes; enum: symbols */
	uint32_t parts_n;
	const struct avsc_type **parts;	/* of a record's fields, a union's branches, an array's items */
	uint8_t *uses;			/* of fields; NULL: all are passed over */
	uint32_t packet_symbol;		/* enum: index of "packet" */
	char *name;			/* of named types */
	struct avsc_type *next;		/* all of a schema */
};

struct avsc {
	struct avsc_type *all;
	const struct avsc_type *batch;
	const struct avsc_type *row;
	bool flows;
	bool head_last;			/* the rows may come before it is told whose they are */
};

#endif
