/* SPDX-License-Identifier: Apache-2.0 */
/*
 * encode.h - tagged records to bytes, a batch at a time.
 *
 * A batch holds records of one CPU in the order of that CPU's ring. Encoders
 * are pure: they write into the batch's buffer and nothing else. One thread
 * an encoder, and one batch at a time: from its begin to its end no other is
 * begun, and texts keep their ids (tagger_begin(), tagger_end()).
 * FRAMING_STREAM is for stdout and files (lines; an Avro object container:
 * encoder_head() once, then batches as blocks): all of batch.bytes is one
 * message. FRAMING_MESSAGE is for Kafka (a JSON object, a smartx line without
 * its newline, or an Avro batch with the single-object header a message):
 * bytes outside msgs[] are no part of any.
 */
#ifndef NINETAP_ENCODE_H
#define NINETAP_ENCODE_H

#include <stdint.h>
#include "base/buf.h"
#include "tag/tag.h"

enum framing { FRAMING_STREAM, FRAMING_MESSAGE };

/* What a batch holds. Packets and flows are encoded here; events are lines of JSON made elsewhere. */
enum stream { STREAM_PACKETS, STREAM_FLOWS, STREAM_EVENTS, STREAM_MAX };
extern const char *const stream_names[STREAM_MAX];	/* "packets", ... */

/* One message of a batch: bytes [begin, end) of the buffer. */
struct batch_msg {
	uint32_t begin, end;		/* offsets in batch.bytes */
	uint32_t count;			/* records in it */
	uint64_t seq;			/* of its first record; of flows: the entry's number */
};

/* Zero-initialised is valid; batch_free() releases it. Reused from batch to batch. */
struct batch {
	struct buf bytes;
	struct batch_msg *msgs;		/* what FRAMING_MESSAGE sends one by one */
	uint32_t msgs_n, msgs_cap;
	enum stream stream;
	uint32_t cpu;
	uint32_t count;			/* records */
	uint32_t body;			/* encoders' own: where the records begin */
	uint32_t tail;			/* encoders' own: bytes that end puts behind the records */
	uint64_t seq;			/* of the first record */
	uint64_t lost;			/* records of this CPU and epoch lost so far */
	uint64_t tags_rev;		/* the caller's, set behind encoder_begin(); 0: no inventory */
};

void batch_free(struct batch *b);

/* Empties it for records of that stream and CPU; its memory stays. */
static inline void batch_empty(struct batch *b, enum stream stream, uint32_t cpu)
{
	*b = (struct batch){ .bytes = b->bytes, .msgs = b->msgs, .msgs_cap = b->msgs_cap, .stream = stream, .cpu = cpu };
	b->bytes.len = 0;
}

/* Bytes that b would have if it ended now, but for some of a header. */
static inline size_t batch_size(const struct batch *b)
{
	return b->bytes.len + b->tail;
}

struct encoder;

/*
 * name: "json", "avro" or "smartx"; stream: packets or flows (smartx writes
 * flows as json does). origin must outlive the encoder.
 * 0, -EINVAL (no such encoding; or after the reason was logged: smartx can't
 * write this name of a box), -ENOMEM, -EIO (no random bytes).
 */
int encoder_open(struct encoder **out, const char *name, enum framing framing, enum stream stream,
		 const struct tag_origin *origin) __attribute__((warn_unused_result));
void encoder_close(struct encoder *e);	/* NULL is fine */

/* Another one for the same files: what it writes goes behind the head of the first. As encoder_open(). */
int encoder_open_like(struct encoder **out, const struct encoder *first) __attribute__((warn_unused_result));

/* The bytes that each file begins with (Avro: magic, schema, sync marker); may be empty. */
const struct buf *encoder_head(const struct encoder *e);

/* Empties b for records of cpu that are tagged from one revision. 0 or -ENOMEM. */
int encoder_begin(struct encoder *e, struct batch *b, uint32_t cpu) __attribute__((warn_unused_result));

/*
 * Appends one record, of the encoder's stream. 0; -ENOMEM (also: the batch would reach 4 GiB); -EINVAL
 * (not a valid record: it was damaged on its way). Not 0: b is as before.
 */
int encoder_add(struct encoder *e, struct batch *b, const struct tagged *t) __attribute__((warn_unused_result));

/*
 * Completes b: afterwards bytes and msgs are what a sink writes; without a
 * record both are empty. 0 or -ENOMEM.
 */
int encoder_end(struct encoder *e, struct batch *b, uint64_t lost) __attribute__((warn_unused_result));

#endif
