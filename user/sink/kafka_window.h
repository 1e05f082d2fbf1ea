/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kafka_window.h - what is taken and not yet safe: batches, and messages that
 * were read from the spool, in the order that they are sent in.
 *
 * An entry owns its bytes; librdkafka reads them in place. So it lives until
 * each of its messages is settled and no producer reads it any more: one that
 * was thrown away holds a reference until it is gone, which another thread
 * gives back. All else is for one thread. Knows no librdkafka and no spool.
 */
#ifndef NINETAP_KAFKA_WINDOW_H
#define NINETAP_KAFKA_WINDOW_H

#include <stdatomic.h>
#include <stdbool.h>
#include "sink/impl.h"

enum slot_state { SLOT_SETTLED, SLOT_TODO, SLOT_SENT };

/* A message, as its opaque: where its answer belongs. */
struct slot {
	struct entry *entry;
	enum slot_state state;
};

struct entry {
	struct entry *prev, *next;
	_Atomic unsigned int refs;	/* the window's, and those of producers */
	struct buf bytes;
	struct batch_msg *msgs;
	struct slot *slots;		/* of the messages */
	uint32_t msgs_n, msgs_cap, slots_cap;
	uint32_t todo, sent;		/* slots by state */
	uint32_t first;			/* none before it is SLOT_TODO */
	size_t weight;			/* bytes and */
	uint32_t messages;		/* messages that its queue counts */
	struct sink_batch batch;	/* ticket: of a batch alone */
	uint64_t lost_before;		/* header "lost" */
	uint64_t refused, closed;	/* records that are lost, by reason */
	int64_t put_ns;			/* CLOCK_MONOTONIC */
	const char *box, *schema;	/* live as long as the entry */
	uint64_t epoch;
	bool of_spool;
	uint64_t spool_id;
};

struct queue {
	struct entry *head, *tail;
	size_t bytes;
	uint32_t messages;
};

struct window {
	struct queue flight;		/* sent, or to be sent next */
	struct queue waiting;		/* behind what is in the spool */
	struct entry *cursor;		/* in flight: none before it has anything to send; NULL: none at all has */
	struct entry *spare;
	size_t max_bytes;		/* of a queue, exceeded by at most one batch */
	uint32_t max_messages;
	struct {
		uint32_t open;		/* messages in flight of this stream */
		uint32_t sent;		/* of them SLOT_SENT */
		size_t bytes;		/* of its entries in flight */
		int64_t moved_ns;	/* when the last of them was settled, or the first came */
	} streams[STREAM_MAX];
};

/* Takes b's buffers, which become empty. NULL: no memory, b is as before. */
struct entry *window_take(struct window *w, struct batch *b, uint64_t ticket);

/* A copy of one message. NULL: no memory. box, schema: behind the payload. */
struct entry *window_copy(struct window *w, const struct batch_msg *m, const void *payload, const char *box,
			  const char *schema);

/* Behind the others. */
void window_send(struct window *w, struct entry *e, int64_t now_ns);
void window_wait(struct window *w, struct entry *e);

/* The next slot in flight that is SLOT_TODO, of one of these streams (bits), and its number in its entry; NULL: none. */
struct slot *window_next(struct window *w, unsigned int streams, uint32_t *msg);

/* Of what is in flight: from SLOT_TODO to SLOT_SENT, and back. */
void window_sent(struct window *w, struct slot *s);
void window_again(struct window *w, struct slot *s);

/* From either to SLOT_SETTLED; in both queues. */
void window_settle(struct window *w, struct queue *q, struct slot *s, int64_t now_ns);

/* Everything in flight is SLOT_TODO: its producer is gone. */
void window_all_again(struct window *w);

/* Moves everything from flight to the end of waiting, and the other way. */
void window_hold_back(struct window *w);
void window_let_go(struct window *w, int64_t now_ns);

static inline bool entry_settled(const struct entry *e)
{
	return !e->todo && !e->sent;
}

static inline uint32_t slot_number(const struct slot *s)
{
	return (uint32_t)(s - s->entry->slots);
}

/* Ends the window's part in an entry of either queue. */
void window_drop(struct window *w, struct queue *q, struct entry *e);

/* For producers; the last one frees it. */
void entry_hold(struct entry *e);
void entry_release(struct entry *e);

bool queue_has_room(const struct window *w, const struct queue *q);

/* When something in flight stalled: the earliest time since when a stream with open messages had none settled; 0: none is open. */
int64_t window_stalled_since(const struct window *w);

/* Both queues are empty. */
void window_free(struct window *w);

#endif
