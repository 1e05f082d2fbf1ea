/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kafka_producer.h - one producer of librdkafka's, with a topic for each
 * stream. Made, used, and buried when it can't go on or nothing more is
 * wanted of it.
 *
 * Burying never waits: a thread of its own ends the producer, which may take
 * as long as a name server does. Messages are read in place until then, so
 * their entries are held. All callbacks come out of producer_poll().
 */
#ifndef NINETAP_KAFKA_PRODUCER_H
#define NINETAP_KAFKA_PRODUCER_H

#include <librdkafka/rdkafka.h>
#include "sink/kafka_window.h"

struct producer;

/*
 * max_entries: that will ever be in flight at once. topics: NULL where a stream is
 * off. 0, -ENOMEM, or -EINVAL with the reason in *why, of why_size bytes.
 */
int producer_open(struct producer **out, const rd_kafka_conf_t *conf, const char *const topics[STREAM_MAX],
		  uint32_t max_entries, char *why, size_t why_size) __attribute__((warn_unused_result));

/* Until it is buried, 8 bytes are written to fd, which stays the caller's, when there is something to be polled. */
void producer_wake(struct producer *p, int fd);

#define PRODUCER_EXTRA_BYTES 160U	/* about what key, headers and framing of a message take */

/* Hands message msg of e over; its opaque is the slot. */
rd_kafka_resp_err_t producer_send(struct producer *p, struct entry *e, uint32_t msg);

/* Serves callbacks; waits up to timeout_ms for the first, without linger if flush. */
void producer_poll(struct producer *p, int timeout_ms, bool flush);

/* What a fatal error was about; text stays as it is if there was none. */
void producer_fatal_text(struct producer *p, char *text, size_t size);

/* Why there is no answer, asked at the end only: it waits for up to 250 ms. */
const char *producer_why_silent(struct producer *p, enum stream s);

/*
 * p is polled no more and ends soon: it keeps the entries of q that it was
 * given until it is gone. producer_spare(): not so, go on with p.
 */
void producer_retire(struct producer *p, const struct queue *q);
void producer_spare(struct producer *p);

/* Ends p, which is retired. 0, or -EAGAIN: too many are being buried; try later. */
int producer_bury(struct producer *p) __attribute__((warn_unused_result));

/* The same at the end, whatever it takes. NULL is fine. */
void producer_bury_last(struct producer *p);

/* Waits up to timeout_ms until all that were buried are gone. */
void producer_wait_for_buried(int timeout_ms);

#endif
