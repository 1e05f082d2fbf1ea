/* SPDX-License-Identifier: Apache-2.0 */
/*
 * outlet.h - the last three stages of a record, tag, encode and sink, and what
 * is counted on the way into them. The sink is that of flows and events, too:
 * their batches come ready made, in parcels from the outboxes of others. One
 * thread.
 *
 * Where several workers drain, each has an outlet: the first has the sink, the
 * others are its branches, which tag and encode for themselves and hand each
 * batch over to it (relay.h). Who fills a batch need not know which it is.
 */
#ifndef NINETAP_OUTLET_H
#define NINETAP_OUTLET_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include "base/options.h"
#include "collect/outbox.h"
#include "collect/relay.h"
#include "encode/encode.h"
#include "sink/sink.h"
#include "tag/tag.h"
#include "tag/tagger.h"

/* Fills in what the record's own side knows: ts_utc_ns, iface, plane. */
typedef void outlet_label(void *arg, const struct nt_record *rec, struct tagged *t);

struct outlet {
	struct tagger *tagger;
	struct encoder *encoder;
	struct sink *sink;
	struct board *board;
	struct outlet *first;		/* of a branch: whose sink it is, for its figures; NULL: this one's */
	struct relay *relay;		/* of a branch: the way there */
	outlet_label *label;		/* the owner sets these four before the first record */
	void *label_arg;
	sink_reported *reported;	/* of batches of packets */
	void *reported_arg;
	struct batch batch;		/* begun, filled and sent in one go */
	const struct tag_origin *origin;
	uint32_t batch_records;
	uint64_t limit;			/* records wanted, 0: no bound */
	_Atomic uint64_t taken;		/* the first's, if there is a limit: records that some lane wanted to take */
	uint64_t parcels;		/* that the sink has and did not report yet */
	bool flows_off;			/* there is no output for them: parcels come back as lost */
	_Atomic int error;		/* -errno of a sink that wants no more: stop */
};

struct outlet_settings {
	const struct options *options;
	const char *output[STREAM_MAX];	/* as in sink.h */
	struct board *board;		/* NULL: no tags */
	const struct tag_origin *origin;
	const struct buf *flows_head;	/* what a file of flows begins with */
	sink_spool_lost *spool_lost;	/* called by who calls the sink; may be NULL */
	void *spool_lost_arg;
	int stop_fd;			/* as in sink.h */
};

/*
 * What the settings point to outlives the outlet.
 * 0, or a sysexits(3) code after the reason was logged; close it either way.
 */
int outlet_open(struct outlet *out, const struct outlet_settings *s) __attribute__((warn_unused_result));

/* Flushes for at most timeout_ms and completes *stats (may be NULL). Twice is fine. */
void outlet_close(struct outlet *out, int timeout_ms, struct sink_stats *stats);

/*
 * A branch of first, in another thread; both outlive its last batch. label is
 * the owner's to set. 0 or -errno after the reason was logged; close it either way.
 */
int outlet_open_branch(struct outlet *out, struct outlet *first, struct relay *relay) __attribute__((warn_unused_result));

/* Puts what the outbox holds, as far as the sink has room. Not of a branch. */
void outlet_post(struct outlet *out, struct outbox *from);

/* The same of what another worker relays. How many batches it were. */
uint32_t outlet_carry(struct outlet *out, struct relay *from);

/* sink_put() of the batch, sink_has_room() and sink_lost(), wherever the sink is. */
int outlet_put(struct outlet *out, uint64_t ticket) __attribute__((warn_unused_result));
bool outlet_has_room(const struct outlet *out);
uint64_t outlet_lost(const struct outlet *out, uint32_t cpu);

/* The encoding that flows have where packets have this one. */
const char *flows_encoding(const char *encoding);

/* Whether as many records were taken as wanted. */
static inline bool outlet_done(const struct outlet *out)
{
	const struct outlet *first = out->first ? out->first : out;

	return out->limit && atomic_load_explicit(&first->taken, memory_order_relaxed) >= out->limit;
}

/* Whether one record more is wanted, which is taken then: exact, however many outlets there are. */
static inline bool outlet_takes(struct outlet *out)
{
	struct outlet *first = out->first ? out->first : out;

	return !out->limit || atomic_fetch_add_explicit(&first->taken, 1, memory_order_relaxed) < out->limit;
}

#endif
