/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sink.h - where batches go: stdout, files, Kafka with a spool behind it.
 *
 * One sink takes the batches of all streams. Each batch that put() takes is
 * reported once, in the order that it becomes safe: written, acknowledged by
 * the broker, or in the spool; with how many of its records were lost
 * instead. Until then its ring space or slots are the caller's to keep.
 * One thread calls put/poll/close, and gets the reports in those calls; stats
 * may be read by any thread.
 */
#ifndef NINETAP_SINK_H
#define NINETAP_SINK_H

#include <stdbool.h>
#include <stdint.h>
#include "base/buf.h"
#include "encode/encode.h"
#include "ninetap/abi.h"

#define SINK_LATENCIES 20		/* the i-th counts acknowledgements within 2^i ms, the last one all others */

struct sink_stats {
	uint64_t accepted;		/* records given to put() and taken */
	uint64_t delivered;		/* of them written, or acknowledged by the broker at once */
	uint64_t spooled;		/* of them put into the spool: safe */
	uint64_t lost[NT_LOSS_MAX];	/* of them; those of the spool are in its own figures */
	/* The spool, with what earlier runs left: in = out + lost + held. Records. */
	uint64_t spool_in, spool_out, spool_held, spool_held_bytes;
	uint64_t spool_lost_full, spool_lost_age, spool_lost_damaged;
	uint64_t spool_lost_refused;	/* by the broker for good */
	uint64_t spool_errors;		/* failed writes and syncs; nothing is lost by them alone */
	uint64_t producers;		/* that were made anew after a fatal error or an outage */
	uint64_t latency[SINK_LATENCIES], latency_ns; /* messages by time from put() to acknowledgement; their sum */
};

/* What became of a batch: lost of its records were not made safe, for this reason. */
struct sink_report {
	enum stream stream;
	uint32_t cpu;
	uint64_t ticket;		/* of put() */
	uint64_t lost;			/* records; 0: all are safe */
	enum nt_loss why;		/* if lost */
};
typedef void sink_reported(void *arg, const struct sink_report *r);	/* calls no sink_*() */

/* A loss in the spool: of records that had been reported safe, maybe by an earlier run. */
struct sink_spool_loss {
	const char *box;
	const char *reason;		/* "full", "age", "damaged", "refused" */
	uint64_t epoch;			/* 0: not known, as the rest, where it was unreadable */
	uint32_t cpu;
	enum stream stream;
	uint64_t seq, count;		/* first record, and how many */
};
typedef void sink_spool_lost(void *arg, const struct sink_spool_loss *l);

struct sink_settings {
	const char *output[STREAM_MAX];	/* "-", "file:PATH", "kafka:BROKER,.../TOPIC", all of one kind; NULL: none */
	const char *encoding[STREAM_MAX]; /* "json", "avro", "smartx"; Kafka header schema = encoding:1, "json:1" */
	const struct buf *head[STREAM_MAX]; /* what each file begins with; outlive the sink */
	const struct tag_origin *origin;
	uint64_t rotate_bytes, rotate_ns; /* 0: never */
	char *const *kafka;		/* name, value, ..., NULL; or NULL */
	const char *spool;		/* folder; NULL: no spool */
	uint64_t spool_bytes, spool_age_ns, spool_sync_ns; /* age 0: no bound */
	uint64_t spool_after_ns;	/* so long unacknowledged is an outage */
	int stop_fd;			/* readable once the program stops; < 0: none */
	sink_reported *reported;
	void *arg;
	sink_spool_lost *spool_lost;	/* may be NULL */
	void *spool_lost_arg;
};

struct sink;

/* STREAM for "-" and "file:", MESSAGE for "kafka:". -EINVAL: not a sink; logged. */
int sink_framing(const char *output, enum framing *out) __attribute__((warn_unused_result));

/* 0 or -errno after the reason was logged. */
int sink_open(struct sink **out, const struct sink_settings *s) __attribute__((warn_unused_result));

/*
 * Takes a completed batch of b->stream, to be reported with this ticket; its
 * buffers may be swapped for others: begin it anew. Never waits for Kafka, nor for a
 * sync of the spool; waits for a slow reader of stdout or of a FIFO. 0: taken.
 * -EAGAIN: no room now, the batch is as before: put it again after a poll.
 * -EPIPE (the reader is gone: stop), -ECANCELED (stop_fd is readable and the
 * reader took nothing for 2 s, or not all in 5 s: stop), or another -errno (go
 * on): taken and reported as lost, and logged once until that works again.
 */
int sink_put(struct sink *s, struct batch *b, uint64_t ticket) __attribute__((warn_unused_result));

/* Whether a batch would be taken now. */
bool sink_has_room(const struct sink *s);

/* Serves acknowledgements, the spool and timed rotation; call it when idle, too. Never blocks. */
void sink_poll(struct sink *s);

/* An eventfd, not blocking, to be watched and read: readable when sink_poll() should come at once. < 0: there is none. */
int sink_wake_fd(const struct sink *s);

/* Records of that CPU's packets lost in this sink so far. */
uint64_t sink_lost(const struct sink *s, uint32_t cpu);

void sink_get_stats(const struct sink *s, struct sink_stats *out);

/*
 * With a spool: puts into it what is not acknowledged within timeout_ms. Else
 * what is not by then is reported as lost. Completes stats into *out (may be
 * NULL), frees s. NULL is fine.
 */
void sink_close(struct sink *s, int timeout_ms, struct sink_stats *out);

#endif
