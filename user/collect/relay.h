/* SPDX-License-Identifier: Apache-2.0 */
/*
 * relay.h - batches of packets from a worker that has no sink of its own to
 * the one that has, and what the sink reports of them back. No lock and no
 * copy: a batch is exchanged for one that was used before, memory and all.
 *
 * Two threads: the sender, who made it and gets the reports, and the sink's.
 * Each index has one writer. Few batches fit, which bounds memory: a sender
 * without room waits with its records in the ring. What the sink has taken
 * makes room for more; only RELAY_REPORTS batches may be without a report.
 * Each side wakes the other where that may have stopped: by the eventfd it
 * waits for.
 */
#ifndef NINETAP_RELAY_H
#define NINETAP_RELAY_H

#include <stdbool.h>
#include <stdint.h>
#include "sink/sink.h"

#define RELAY_BATCHES 8U		/* powers of two */
#define RELAY_REPORTS 8192U

struct relay;

/* sink_fd, sender_fd: what the two threads wait for; borrowed. 0 or -ENOMEM. */
int relay_open(struct relay **out, int sink_fd, int sender_fd) __attribute__((warn_unused_result));
void relay_close(struct relay *r);	/* NULL is fine */

/* Sender: sends a completed batch while there is room, and gets another for it: begin that anew. */
bool relay_has_room(const struct relay *r);
void relay_send(struct relay *r, struct batch *b, uint64_t ticket);

/* Sender: the next report. False: there is none now. */
bool relay_reported(struct relay *r, struct sink_report *out);

/* The sink's: the oldest batch, or NULL; it stays so until relay_taken(), which gives its memory back. */
struct batch *relay_next(struct relay *r, uint64_t *ticket);
void relay_taken(struct relay *r);

/* The sink's: of one that was taken, or is just being put. Each once. */
void relay_report(struct relay *r, const struct sink_report *report);

#endif
