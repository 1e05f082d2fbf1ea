// SPDX-License-Identifier: Apache-2.0
/*
 * kafka_setup.c - the properties that the Kafka sink's producers are made
 * with, and what they mean for its window.
 */
#include <errno.h>
#include <string.h>
#include "base/log.h"
#include "base/num.h"
#include "kafka/kafka_conf.h"
#include "sink/kafka_priv.h"

#define WINDOW_BYTES (16U << 20)
#define WINDOW_MESSAGES 8192

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

/* "" where there is none. */
static void value_of(const rd_kafka_conf_t *conf, const char *name, char *value, size_t size)
{
	if (rd_kafka_conf_get(conf, name, value, &size) != RD_KAFKA_CONF_OK)
		value[0] = '\0';
}

/* librdkafka refuses other acks while idempotence is on, so this is the only way out. */
static void warn_of_duplicates(const rd_kafka_conf_t *conf)
{
	char value[16];

	value_of(conf, "enable.idempotence", value, sizeof(value));
	if (strcmp(value, "true"))
		log_warn("set kafka property enable.idempotence: without it records may be doubled, reordered or, with acks other than all, lost without being counted");
}

/* The value of a queue's bound; 0 there is none. */
static uint64_t bound(const rd_kafka_conf_t *conf, const char *name, uint64_t unit, uint64_t most)
{
	char value[32];
	uint64_t n;

	value_of(conf, name, value, sizeof(value));
	if (num_u64(value, 1, most / unit, &n))
		return most;
	return n * unit;
}

static void on_report(rd_kafka_t *rk, const rd_kafka_message_t *m, void *opaque)
{
	(void)rk;
	kafka_answered(opaque, m->_private, m->err);
}

static int set_all(rd_kafka_conf_t *conf, const struct sink_settings *s, const struct sink_spec *spec)
{
	static char *const defaults[] = {
		"client.id", "ninetap",
		"enable.idempotence", "true",
		"linger.ms", "20",		/* with 5 the threads of librdkafka cost twice as much */
		"message.timeout.ms", "0",	/* time alone is no reason to give up */
		"topic.metadata.propagation.max.ms", "5000",	/* then a missing topic is named; else after 30 s */
		NULL
	};
	int err = kafka_conf_fill(conf, defaults, s->kafka, refusal, spec);

	if (!err)
		err = kafka_conf_set(conf, "log.queue", "true");
	return err;
}

/* How long librdkafka waits, so that it does not begin a request before it was given all of it. */
static const char *giving_takes_ms(const struct sink_settings *s)
{
	for (int i = 0; i < STREAM_EVENTS; i++)
		if (s->output[i] && strcmp(s->encoding[i], "avro"))
			return "5";		/* a message a record: thousands */
	return "1";				/* a message a batch: a few dozen */
}

/* Messages wait for each other in the window (send_all()). A fraction of a millisecond is none. */
static int set_turns(struct kafka_sink *k, const struct sink_settings *s)
{
	char ms[32];
	uint64_t n;

	value_of(k->conf, "linger.ms", ms, sizeof(ms));
	ms[strcspn(ms, ".")] = '\0';
	k->linger_ns = num_u64(ms, 0, 900000, &n) ? 0 : (int64_t)n * 1000000;
	k->turn_bytes = bound(k->conf, "message.max.bytes", 1, bound(k->conf, "batch.size", 1, WINDOW_BYTES));
	return kafka_conf_set(k->conf, "linger.ms", giving_takes_ms(s));
}

int kafka_configure(struct kafka_sink *k, const struct sink_settings *s, const struct sink_spec *spec)
{
	int err;

	k->conf = rd_kafka_conf_new();
	err = set_all(k->conf, s, spec);
	if (err)
		return err;
	err = set_turns(k, s);
	if (err)
		return err;
	warn_of_duplicates(k->conf);
	rd_kafka_conf_set_opaque(k->conf, k);
	rd_kafka_conf_set_dr_msg_cb(k->conf, on_report);
	rd_kafka_conf_set_error_cb(k->conf, trouble_on_error);
	rd_kafka_conf_set_log_cb(k->conf, trouble_on_log);
	k->window.max_bytes = bound(k->conf, "queue.buffering.max.kbytes", 1024, WINDOW_BYTES);
	k->window.max_messages = (uint32_t)bound(k->conf, "queue.buffering.max.messages", 1, WINDOW_MESSAGES);
	return 0;
}
