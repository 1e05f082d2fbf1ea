/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tag.h - the stage between ring and encoder: what user space knows of a
 * packet and the kernel does not.
 *
 * Box, interface, and the tags of the inventory. Strings are owned by the
 * tables that they point into and outlive the batch that is being cut.
 */
#ifndef NINETAP_TAG_H
#define NINETAP_TAG_H

#include <stdint.h>
#include <linux/types.h>
#include "ninetap/abi.h"
#include "base/options.h"
#include "inventory/inventory.h"

/* The same for all records of a run. Only box is never NULL. */
struct tag_origin {
	const char *box, *site, *pop, *ren;
	uint64_t epoch;
	const char *address;		/* of the box, as text; NULL: not known */
};

/* A record with its tags: what encoders read. */
struct tagged {
	const struct nt_record *rec;
	const struct tag_origin *origin;
	int64_t ts_utc_ns;		/* since 1970-01-01T00:00:00Z */
	const char *iface;		/* never NULL */
	enum plane plane;
	const struct tags *tags;	/* never NULL; tags_none without an inventory */
};

#endif
