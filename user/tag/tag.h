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

/* Why a flow record was made. */
enum flow_reason {
	FLOW_INVALID,
	FLOW_ACTIVE,			/* it lasts, but its time is up: the active timeout, or its window's end */
	FLOW_IDLE,			/* no packet for the idle timeout */
	FLOW_END,			/* its TCP connection ended, or an end's address changed hands */
	FLOW_OVERLOAD,			/* a packet's ring was full: what would have been records */
	FLOW_SHUTDOWN,
	FLOW_REASON_MAX,
};

/* A flow as it leaves: key in the long form, and what was counted under it on one CPU. */
struct flow {
	struct nt_flow_key key;
	struct nt_flow counted;
	uint32_t cpu;
	enum flow_reason reason;
};

/*
 * Makes rec of what the key says (ifindex, dir, hook, sample, tunnels, layers);
 * all else is 0, and all of it if the key is damaged: encoders refuse that.
 */
void flow_record(struct nt_record *rec, const struct flow *f);

/*
 * A packet's record, or a flow's (flow_record()), with its tags: what encoders read.
 */
struct tagged {
	const struct nt_record *rec;
	const struct flow *flow;	/* NULL: a packet */
	const struct tag_origin *origin;
	int64_t ts_utc_ns;		/* since 1970-01-01T00:00:00Z; of a flow: its first packet */
	int64_t last_utc_ns;		/* of a flow alone */
	const char *iface;		/* never NULL */
	enum plane plane;
	const struct tags *tags;	/* never NULL; tags_none without an inventory */
};

#endif
