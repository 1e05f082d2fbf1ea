/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kafka_priv.h - the Kafka sink's state, for the files kafka*.c alone.
 *
 *	kafka.c			verbs: what comes in, what is reported
 *	kafka_close.c		the end
 *	kafka_spooling.c	outages: window to spool, spool to window
 *	kafka_setup.c		properties that producers are made with
 *	kafka_producer.c	librdkafka
 *	kafka_window.c		what is taken and not safe
 *	kafka_trouble.c		what is said about errors
 */
#ifndef NINETAP_KAFKA_PRIV_H
#define NINETAP_KAFKA_PRIV_H

#include "base/sink_spec.h"
#include "sink/impl.h"
#include "sink/kafka_producer.h"
#include "sink/kafka_window.h"
#include "sink/spool.h"

#define KAFKA_KINDS 1024		/* error codes, from -KAFKA_KINDS / 2 on */

/* What was said about errors since all was well. */
struct trouble {
	int64_t last_ns;		/* when the last error came; 0: all is well */
	bool told[KAFKA_KINDS];		/* error codes */
	char told_log[256];		/* the last line of librdkafka's own that was logged */
};

/* What a producer was given at once of a stream. */
struct turn {
	int64_t now_ns;			/* CLOCK_MONOTONIC */
	size_t bytes;
};

struct kafka_sink {
	struct sink base;
	rd_kafka_conf_t *conf;
	struct producer *producer;	/* NULL: it could not be made yet */
	struct producer *retired;	/* one before, still to be buried; or NULL */
	rd_kafka_resp_err_t broken;	/* why producer can't go on; 0: it can */
	int64_t new_at_ns;		/* no new producer before */
	int64_t send_at_ns;		/* nothing is sent before */
	struct turn turns[STREAM_MAX];
	size_t turn_bytes;		/* what a request holds */
	int64_t linger_ns;		/* that a message waits for others */
	bool closing;			/* nothing waits for others */
	struct window window;
	uint32_t batches;		/* in it */
	struct trouble trouble;
	const struct tag_origin *origin;
	char *topics[STREAM_MAX];	/* NULL: off */
	char schemas[STREAM_MAX][64];
	/* Outages: all unused without a spool. */
	struct spool *spool;
	char *spool_dir;
	struct spool_stats last_stats;	/* once it is closed */
	_Atomic uint64_t spool_refused;	/* records of the spool that the broker refused */
	int64_t spool_after_ns;
	int64_t append_at_ns;		/* no attempt to append what waits before */
	bool probing;			/* the first spooled message is sent alone */
	bool skipped;			/* memory was missing for a message: read again from the first */
	bool outage;			/* the spool was, or is, in use */
	sink_spool_lost *spool_lost;
	void *spool_lost_arg;
};

/* kafka_setup.c: what producers are made with; window's bounds go by it. 0 or -errno, logged. */
int kafka_configure(struct kafka_sink *k, const struct sink_settings *s, const struct sink_spec *spec)
	__attribute__((warn_unused_result));

/* kafka.c: if all of its messages are settled, the entry of this queue is done, and reported. */
void kafka_finish(struct kafka_sink *k, struct queue *q, struct entry *e);

/* One turn of everything that isn't put(). Waits for callbacks only, without linger if flush. */
void kafka_serve(struct kafka_sink *k, int wait_ms, bool flush);

/* Throws the producer away, which is retired, with everything that it was given: it is to be sent again. */
void kafka_throw_away(struct kafka_sink *k);

/* What the brokers say of a message: err 0 is delivered. */
void kafka_answered(struct kafka_sink *k, struct slot *s, rd_kafka_resp_err_t err);

/* kafka_close.c; kafka_free(): all but struct kafka_sink itself and its producers. */
void kafka_close(struct sink *s, int timeout_ms);
void kafka_free(struct kafka_sink *k);

/* kafka_spooling.c. Whether batches go behind what is in the spool. */
bool kafka_spooling(const struct kafka_sink *k);
int kafka_open_spool(struct kafka_sink *k, const struct sink_settings *s) __attribute__((warn_unused_result));

/* A batch that was taken goes behind all others: into the spool as far as it takes it, the rest waits. */
void kafka_spool_batch(struct kafka_sink *k, struct entry *e, int64_t now_ns);

/* Notices outages and their end; keeps window and spool going. */
void kafka_serve_spool(struct kafka_sink *k, int64_t now_ns);

/* At the end: everything that is not safe, as far as the spool takes it. The producer is retired. */
void kafka_spool_rest(struct kafka_sink *k, int64_t now_ns);

/* A message of the spool was acknowledged, or refused for good. */
void kafka_spool_answered(struct kafka_sink *k, const struct entry *e, bool refused);

/* kafka_trouble.c: logs what is news. */
void trouble_refused(struct kafka_sink *k, enum stream s, rd_kafka_resp_err_t err);	/* and lost */
void trouble_again(struct kafka_sink *k, enum stream s, rd_kafka_resp_err_t err);	/* it is sent again */
void trouble_broken(struct kafka_sink *k);	/* the producer is replaced */
void trouble_over(struct kafka_sink *k, int64_t now_ns);	/* something was delivered */
void trouble_on_error(rd_kafka_t *rk, int err, const char *reason, void *opaque);
void trouble_on_log(const rd_kafka_t *rk, int level, const char *facility, const char *text);

#endif
