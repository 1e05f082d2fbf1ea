/* SPDX-License-Identifier: Apache-2.0 */
/*
 * outbox.h - batches that are made in one thread, flows and events, and put
 * into the sink by another, the first worker. No record of a packet goes this way.
 *
 * A parcel belongs to the sender until it is sent, then to the worker, and
 * comes back once the sink has reported it. The number of parcels is bounded:
 * a sender that gets no empty one waits with its records where they are.
 */
#ifndef NINETAP_OUTBOX_H
#define NINETAP_OUTBOX_H

#include <stdint.h>
#include "encode/encode.h"
#include "ninetap/abi.h"

struct parcel {
	struct parcel *next;
	struct outbox *home;
	struct batch batch;
	uint32_t *slots;		/* of flows: where each one lives */
	uint32_t slots_n, cpu;		/* the batch's own figures are the sink's once it has it */
	struct nt_tally sum;		/* what its flows count */
	uint64_t lost;			/* records, once reported */
	enum nt_loss why;
};

struct outbox;

/* Of so many parcels, each with room for so many slots. 0 or -ENOMEM. */
int outbox_open(struct outbox **out, uint32_t parcels, uint32_t slots) __attribute__((warn_unused_result));
void outbox_close(struct outbox *o);	/* when none is on its way; NULL is fine */

/* Sender: an empty parcel, or NULL; sends it, or gives it back unsent; the next that came back, or NULL. */
struct parcel *outbox_empty(struct outbox *o);
void outbox_send(struct parcel *p);
void outbox_keep(struct parcel *p);
struct parcel *outbox_returned(struct outbox *o);

/* Worker: the next one that was sent, or NULL; to the front again; back to the sender. */
struct parcel *outbox_next(struct outbox *o);
void outbox_put_back(struct outbox *o, struct parcel *p);
void outbox_return(struct parcel *p);

#endif
