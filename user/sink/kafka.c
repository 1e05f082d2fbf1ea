// SPDX-License-Identifier: Apache-2.0
/*
 * kafka.c - the sink "kafka:BROKER,.../TOPIC": each message of a batch to an
 * idempotent librdkafka producer. Only this file, inventory/topic*.c and
 * kafka/ know librdkafka.
 *
 * A message: key = box; headers box, epoch, cpu, seq, count, lost as decimal
 * text and schema = the encoding's name and version ("json:1", "avro:1").
 * librdkafka's threads send; all of its callbacks run in the sink's thread,
 * out of rd_kafka_poll(). Nothing here waits but kafka_close(). After a fatal
 * error of the producer everything is lost: no new one is made.
 */
#include <errno.h>
#include <inttypes.h>
#include <librdkafka/rdkafka.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/clock.h"
#include "base/log.h"
#include "kafka/kafka_conf.h"
#include "sink/impl.h"

#define METADATA_TIMEOUT_MS 250
#define SCHEMA_VERSION 1
#define CALM_NS 5000000000ULL		/* without errors, before one is worth a new line */
#define KINDS 1024			/* error codes, from -KINDS / 2 on */

struct kafka_sink {
	struct sink base;
	rd_kafka_t *rk;
	rd_kafka_topic_t *topic;
	const struct tag_origin *origin;
	char schema[64];
	uint64_t trouble_ns;		/* when the last error came; 0: all is well */
	bool told[KINDS];		/* error codes logged since all was well */
	char told_log[256];		/* the last line of librdkafka's own that was logged */
};

/* The opaque of a message: whose and how many records it holds. */
_Static_assert(sizeof(void *) == 8, "a count and a CPU fit into a pointer");

static void *pack(uint32_t count, uint32_t cpu)
{
	return (void *)((uintptr_t)count << 32 | cpu);
}

static uint64_t now_ns(void)
{
	return (uint64_t)clock_ns(CLOCK_BOOTTIME);
}

/* Is this kind of error worth a line? Once, until all was well again. */
static bool news(struct kafka_sink *k, rd_kafka_resp_err_t err)
{
	bool unknown = err == RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC;	/* librdkafka's own, else the broker's */
	int code = unknown ? RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART : err;
	unsigned int kind = (unsigned int)(code + KINDS / 2) % KINDS;
	bool told = k->told[kind];

	k->trouble_ns = now_ns();
	k->told[kind] = true;
	return !told;
}

static void all_well(struct kafka_sink *k)
{
	if (!k->trouble_ns || now_ns() - k->trouble_ns < CALM_NS)
		return;
	log_notice("deliver to kafka topic %s: works again", rd_kafka_topic_name(k->topic));
	k->trouble_ns = 0;
	memset(k->told, 0, sizeof(k->told));
	k->told_log[0] = '\0';
}

static const char *advice(rd_kafka_resp_err_t err)
{
	switch (err) {
	case RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC:
	case RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART:
		return "; create the topic, or let the broker create it (auto.create.topics.enable)";
	case RD_KAFKA_RESP_ERR__QUEUE_FULL:
		return "; the brokers are too slow or away, see queue.buffering.max.messages and .kbytes";
	case RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE:
		return "; make batches smaller, or raise message.max.bytes here and on the broker";
	default:
		return "";
	}
}

/* n records are lost because of err, which is logged if it is new. */
static void loses(struct kafka_sink *k, uint32_t cpu, uint64_t n, rd_kafka_resp_err_t err)
{
	bool full = err == RD_KAFKA_RESP_ERR__QUEUE_FULL;

	sink_loses(&k->base, cpu, full ? SINK_LOSS_QUEUE_FULL : SINK_LOSS_DELIVERY, n);
	if (news(k, err))
		log_error("%s kafka topic %s: %s%s; such records are counted as lost",
			  full ? "queue for" : "deliver to", rd_kafka_topic_name(k->topic),
			  rd_kafka_err2str(err), advice(err));
}

static void on_report(rd_kafka_t *rk, const rd_kafka_message_t *m, void *opaque)
{
	struct kafka_sink *k = opaque;
	uint64_t count = (uintptr_t)m->_private >> 32;
	uint32_t cpu = (uint32_t)(uintptr_t)m->_private;

	(void)rk;
	if (m->err) {
		loses(k, cpu, count, m->err);
		return;
	}
	sink_delivered(&k->base, count);
	all_well(k);
}

static void on_error(rd_kafka_t *rk, int err, const char *reason, void *opaque)
{
	struct kafka_sink *k = opaque;
	char text[512];

	if (!news(k, err))
		return;
	if (err != RD_KAFKA_RESP_ERR__FATAL) {
		log_warn("reach kafka: %s: %s", rd_kafka_err2name(err), reason);
		return;
	}
	rd_kafka_fatal_error(rk, text, sizeof(text));
	log_error("produce to kafka: %s; from now on all records are counted as lost", text);
}

/* What on_error() or a report says too is for the curious alone. */
static void on_log(const rd_kafka_t *rk, int level, const char *facility, const char *text)
{
	static const char *const twice[] = { "FAIL", "ERROR", "FATAL", "REQTMOUT", "REQERR" };
	struct kafka_sink *k = rd_kafka_opaque(rk);
	bool curious = level > 4;	/* syslog(3): 4 is a warning */

	for (size_t i = 0; i < sizeof(twice) / sizeof(*twice); i++)
		curious = curious || !strcmp(facility, twice[i]);
	if (curious) {
		log_info("librdkafka %s: %s", facility, text);
	} else if (strncmp(k->told_log, text, sizeof(k->told_log) - 1)) {
		snprintf(k->told_log, sizeof(k->told_log), "%s", text);
		k->trouble_ns = now_ns();
		log_warn("librdkafka %s: %s", facility, text);
	}
}

/* Properties that would break what this sink promises. */
static const char *refusal(const char *name, const char *value)
{
	if (!strcmp(name, "bootstrap.servers") || !strcmp(name, "metadata.broker.list"))
		return "the brokers are named by the output, kafka:BROKER[,BROKER...]/TOPIC";
	if (!strcmp(name, "transactional.id"))
		return "transactions are not used";
	if (!strcmp(name, "log.queue"))
		return "it is always true";
	if (!strcmp(name, "delivery.report.only.error") && strcmp(value, "false"))
		return "deliveries could not be counted";
	return NULL;
}

/* librdkafka refuses other acks while idempotence is on, so this is the only way out. */
static void warn_of_duplicates(const rd_kafka_conf_t *conf)
{
	char value[16] = "";
	size_t size = sizeof(value);

	if (rd_kafka_conf_get(conf, "enable.idempotence", value, &size) != RD_KAFKA_CONF_OK ||
	    strcmp(value, "true"))
		log_warn("set kafka property enable.idempotence: without it records may be doubled, reordered or, with acks other than all, lost without being counted");
}

static int configure(struct kafka_sink *k, rd_kafka_conf_t *conf, const struct sink_settings *s,
		     const struct sink_spec *spec)
{
	static char *const defaults[] = {
		"client.id", "ninetap",
		"enable.idempotence", "true",
		"linger.ms", "5",
		NULL
	};
	int err = kafka_conf_set_all(conf, defaults, refusal);

	if (!err)
		err = kafka_conf_set_all(conf, s->kafka, refusal);
	if (!err)
		err = kafka_conf_set_brokers(conf, spec);
	if (!err)
		err = kafka_conf_set(conf, "log.queue", "true");
	if (err)
		return err;
	warn_of_duplicates(conf);
	rd_kafka_conf_set_opaque(conf, k);
	rd_kafka_conf_set_dr_msg_cb(conf, on_report);
	rd_kafka_conf_set_error_cb(conf, on_error);
	rd_kafka_conf_set_log_cb(conf, on_log);
	return 0;
}

/* Takes conf, whatever comes back. */
static int start(struct kafka_sink *k, rd_kafka_conf_t *conf, const char *topic)
{
	char reason[512];

	k->rk = rd_kafka_new(RD_KAFKA_PRODUCER, conf, reason, sizeof(reason));
	if (!k->rk) {
		rd_kafka_conf_destroy(conf);
		log_error("start kafka producer: %s", reason);
		return -EINVAL;
	}
	rd_kafka_set_log_queue(k->rk, NULL);
	k->topic = rd_kafka_topic_new(k->rk, topic, NULL);
	if (k->topic)
		return 0;
	log_error("open kafka topic %s: %s", topic, rd_kafka_err2str(rd_kafka_last_error()));
	rd_kafka_destroy(k->rk);
	return -EINVAL;
}

static void add_text(rd_kafka_headers_t *h, const char *name, const char *value)
{
	rd_kafka_header_add(h, name, -1, value, -1);
}

static void add_number(rd_kafka_headers_t *h, const char *name, uint64_t value)
{
	char text[24];

	snprintf(text, sizeof(text), "%" PRIu64, value);
	add_text(h, name, text);
}

static rd_kafka_headers_t *headers_of(const struct kafka_sink *k, const struct batch *b,
				      const struct batch_msg *m)
{
	rd_kafka_headers_t *h = rd_kafka_headers_new(7);

	add_text(h, "box", k->origin->box);
	add_number(h, "epoch", k->origin->epoch);
	add_number(h, "cpu", b->cpu);
	add_number(h, "seq", m->seq);
	add_number(h, "count", m->count);
	add_number(h, "lost", b->lost);
	add_text(h, "schema", k->schema);
	return h;
}

static rd_kafka_resp_err_t produce(struct kafka_sink *k, const struct batch *b, const struct batch_msg *m)
{
	rd_kafka_headers_t *h = headers_of(k, b, m);
	const char *box = k->origin->box;
	rd_kafka_resp_err_t err;

	err = rd_kafka_producev(k->rk, RD_KAFKA_V_RKT(k->topic),
				RD_KAFKA_V_KEY(box, strlen(box)),
				RD_KAFKA_V_VALUE(b->bytes.data + m->begin, m->end - m->begin),
				RD_KAFKA_V_HEADERS(h), RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY),
				RD_KAFKA_V_OPAQUE(pack(m->count, b->cpu)), RD_KAFKA_V_END);
	if (err)
		rd_kafka_headers_destroy(h);	/* else they are librdkafka's now */
	return err;
}

static int kafka_put(struct sink *s, const struct batch *b)
{
	struct kafka_sink *k = (struct kafka_sink *)s;
	int err = 0;

	for (uint32_t i = 0; i < b->msgs_n; i++) {
		const struct batch_msg *m = &b->msgs[i];
		rd_kafka_resp_err_t e = produce(k, b, m);

		if (e == RD_KAFKA_RESP_ERR__QUEUE_FULL && rd_kafka_poll(k->rk, 0))
			e = produce(k, b, m);	/* reported messages have left the queue */
		if (e)
			loses(k, b->cpu, m->count, e);
		if (e && !err)
			err = e == RD_KAFKA_RESP_ERR__QUEUE_FULL ? -ENOBUFS : -EIO;
	}
	return err;
}

static void kafka_poll(struct sink *s)
{
	rd_kafka_poll(((struct kafka_sink *)s)->rk, 0);
}

static uint64_t unanswered(struct sink *s)
{
	struct sink_stats st;

	sink_get_stats(s, &st);
	return st.accepted - st.delivered - st.lost[SINK_LOSS_QUEUE_FULL] - st.lost[SINK_LOSS_DELIVERY];
}

/* Asked at the end only, since the answer may take that long. */
static const char *why_unanswered(const struct kafka_sink *k)
{
	const struct rd_kafka_metadata *m;
	rd_kafka_resp_err_t err = rd_kafka_metadata(k->rk, 0, k->topic, &m, METADATA_TIMEOUT_MS);

	if (err)
		return "no broker answers: look at the addresses and the broker's log";
	err = m->topic_cnt ? m->topics[0].err : RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART;
	rd_kafka_metadata_destroy(m);
	if (err == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART)
		return "the topic does not exist: create it";
	return err ? rd_kafka_err2str(err) : "the broker is too slow";
}

/* What got no answer in time is lost; it is purged lest it be sent after it was counted so. */
static void give_up(struct kafka_sink *k, int timeout_ms)
{
	uint64_t n = unanswered(&k->base);

	if (!n)
		return;
	log_error("close kafka topic %s: %" PRIu64 " records not acknowledged within %d ms are counted as lost: %s",
		  rd_kafka_topic_name(k->topic), n, timeout_ms, why_unanswered(k));
	rd_kafka_purge(k->rk, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT |
		       RD_KAFKA_PURGE_F_NON_BLOCKING);
	sink_loses(&k->base, SINK_CPUS, SINK_LOSS_DELIVERY, n);
}

static void kafka_close(struct sink *s, int timeout_ms)
{
	struct kafka_sink *k = (struct kafka_sink *)s;

	rd_kafka_flush(k->rk, timeout_ms);
	give_up(k, timeout_ms);
	rd_kafka_topic_destroy(k->topic);
	rd_kafka_destroy(k->rk);	/* serves no reports: nothing is counted twice */
}

static const struct sink_ops kafka_ops = { kafka_put, kafka_poll, kafka_close };

int kafka_open(struct sink **out, const struct sink_settings *s, const struct sink_spec *spec)
{
	struct kafka_sink *k = calloc(1, sizeof(*k));
	rd_kafka_conf_t *conf;
	int err;

	if (!k) {
		log_error("open kafka topic %s: out of memory", spec->topic);
		return -ENOMEM;
	}
	k->base.ops = &kafka_ops;
	k->origin = s->origin;
	snprintf(k->schema, sizeof(k->schema), "%s:%d", s->encoding, SCHEMA_VERSION);
	conf = rd_kafka_conf_new();
	err = configure(k, conf, s, spec);
	if (err)
		rd_kafka_conf_destroy(conf);
	else
		err = start(k, conf, spec->topic);
	if (err) {
		free(k);
		return err;
	}
	*out = &k->base;
	return 0;
}
