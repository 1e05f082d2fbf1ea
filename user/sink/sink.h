/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sink.h - where batches go: stdout, a file, Kafka.
 *
 * One thread calls put/poll/close; stats may be read by any thread. A sink
 * counts each record once: accepted, then delivered or lost, by reason.
 */
#ifndef NINETAP_SINK_H
#define NINETAP_SINK_H

#include <stdint.h>
#include "base/buf.h"
#include "encode/encode.h"

enum sink_loss {
	SINK_LOSS_QUEUE_FULL,		/* librdkafka's queue is full */
	SINK_LOSS_DELIVERY,		/* the broker refused, or time ran out */
	SINK_LOSS_WRITE,		/* write(2) failed */
	SINK_LOSS_MAX,
};

struct sink_stats {
	uint64_t accepted;		/* records given to put() */
	uint64_t delivered;		/* records written, or acknowledged by the broker */
	uint64_t lost[SINK_LOSS_MAX];	/* records */
};

struct sink_settings {
	const char *output;		/* "-", "file:PATH", "kafka:BROKER,.../TOPIC" */
	const char *encoding;		/* "json", "avro", "smartx"; Kafka header schema = encoding:1, "json:1" */
	const struct buf *head;		/* what each file begins with; outlives the sink */
	const struct tag_origin *origin;
	uint64_t rotate_bytes, rotate_ns; /* 0: never */
	char *const *kafka;		/* name, value, ..., NULL; or NULL */
	int stop_fd;			/* readable once the program stops; < 0: none */
};

struct sink;

/* STREAM for "-" and "file:", MESSAGE for "kafka:". -EINVAL: not a sink; logged. */
int sink_framing(const char *output, enum framing *out) __attribute__((warn_unused_result));

/* 0 or -errno after the reason was logged. */
int sink_open(struct sink **out, const struct sink_settings *s) __attribute__((warn_unused_result));

/*
 * Takes a completed batch; its bytes may be reused when put returns. Never
 * blocks on Kafka; waits for a slow reader of stdout or of a FIFO. 0, -EPIPE
 * (the reader is gone: stop), -ECANCELED (stop_fd is readable and the reader
 * took nothing for 2 s, or not all in 5 s: stop), or -errno (go on). Not 0: the loss was counted,
 * and logged once until that works again.
 */
int sink_put(struct sink *s, const struct batch *b) __attribute__((warn_unused_result));

/* Serves delivery reports and timed rotation; call it when idle, too. Never blocks. */
void sink_poll(struct sink *s);

/* Records of that CPU lost in this sink so far. */
uint64_t sink_lost(const struct sink *s, uint32_t cpu);

void sink_get_stats(const struct sink *s, struct sink_stats *out);

/* Flushes for at most timeout_ms, completes stats into *out (may be NULL), frees s. NULL is fine. */
void sink_close(struct sink *s, int timeout_ms, struct sink_stats *out);

#endif
