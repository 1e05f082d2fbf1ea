/* SPDX-License-Identifier: Apache-2.0 */
/*
 * flow_writer.h - flows that are due: tagged and encoded, a parcel of one CPU
 * at a time. What run's flow thread and replay have in common. One thread.
 */
#ifndef NINETAP_FLOW_WRITER_H
#define NINETAP_FLOW_WRITER_H

#include <stdatomic.h>
#include "attach/loader.h"
#include "base/options.h"
#include "collect/outlet.h"
#include "flow/flows.h"

#define FLOW_PARCEL_RECORDS 1000U	/* and as many slots as a parcel must have room for */

/* What became of a CPU's flows in this process; one writer, read by any thread. */
struct flow_outcome {
	struct nt_tally safe;		/* in records that are written, acknowledged or in the spool */
	struct nt_tally lost[NT_LOSS_MAX];
};

struct flow_writer {
	struct flows *flows;
	struct tagger *tagger;
	struct encoder *encoder;
	struct outbox *outbox;		/* parcels for the first worker */
	const struct tag_origin *origin;
	outlet_label *label;		/* the owner sets these two before the first flow */
	void *label_arg;
	struct flow_outcome *outcomes;	/* by CPU */
	struct nt_outcomes *shared;	/* by CPU: flows_gone is written here */
	uint32_t cpus;
	uint32_t out;			/* parcels that are on their way */
	atomic_bool keep;		/* what the sink gives up at its end stays in its slots, for the next process */
	uint64_t revision;		/* of the inventory, when holders were looked at */
	int64_t now_utc_ns;		/* in flow_writer_hand_over() */
};

/* 0 or a sysexits(3) code after the reason was logged; close it either way. All arguments outlive it. */
int flow_writer_open(struct flow_writer *w, const struct options *o, const struct loader *l, struct board *board,
		     const struct tag_origin *origin) __attribute__((warn_unused_result));
void flow_writer_close(struct flow_writer *w);

/*
 * Where the inventory has changed since the last call, or always: ends each
 * flow whose ends are held by others at now_utc_ns than at its first packet,
 * so that the next holder's flow begins at zero. After flows_collect().
 */
void flow_writer_hand_over(struct flow_writer *w, int64_t now_utc_ns, bool always);

/* Sends what is due at now_ns, as far as there are parcels. True: there is more. */
bool flow_writer_send(struct flow_writer *w, uint64_t now_ns);

/* Takes parcels back: their flows' slots are free, and what they held is safe or lost. */
void flow_writer_settle(struct flow_writer *w);

#endif
