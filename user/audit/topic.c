// SPDX-License-Identifier: Apache-2.0
/*
 * topic.c - see source.h: all that a topic holds at this moment.
 *
 * librdkafka's simple consumer, without a group: no offsets are kept. One
 * partition after the other, so that what waits here is one queue's worth.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include "audit/container.h"
#include "audit/source.h"
#include "base/log.h"
#include "kafka/kafka_conf.h"

#define ANSWER_MS 10000			/* a broker that takes longer is away */
#define SILENCE_MS 30000		/* in the middle of a partition */
#define TURN_MS 50			/* librdkafka waits so long for AT_ONCE messages, and then gives what there is */
#define AT_ONCE 1000U

struct reader {
	rd_kafka_t *rk;
	rd_kafka_topic_t *rkt;
	struct messages *messages;
	struct book *book;
	const char *output;
};

static void on_log(const rd_kafka_t *rk, int level, const char *facility, const char *text)
{
	(void)rk;
	(void)level;
	log_info("librdkafka %s: %s", facility, text);
}

static const char *refusal(const char *name, const char *value)
{
	if (!strcmp(name, "bootstrap.servers") || !strcmp(name, "metadata.broker.list"))
		return "the brokers are named by the source, kafka:BROKER[,BROKER...]/TOPIC";
	if (!strcmp(name, "enable.partition.eof") && strcmp(value, "true"))
		return "the end of a partition could not be seen";
	return NULL;
}

static int configure(rd_kafka_conf_t *conf, const struct sink_spec *spec, char *const *properties)
{
	static char *const defaults[] = {
		"client.id", "ninetap-audit",
		"allow.auto.create.topics", "false",
		"enable.auto.commit", "false",
		"enable.partition.eof", "true",
		NULL
	};
	int err = kafka_conf_fill(conf, defaults, properties, refusal, spec);

	rd_kafka_conf_set_log_cb(conf, on_log);
	return err;
}

static int start(struct reader *r, const struct sink_spec *spec, char *const *properties)
{
	rd_kafka_conf_t *conf = rd_kafka_conf_new();
	char reason[512];
	int err = configure(conf, spec, properties);

	if (!err)
		r->rk = rd_kafka_new(RD_KAFKA_CONSUMER, conf, reason, sizeof(reason));
	if (!r->rk) {
		rd_kafka_conf_destroy(conf);
		if (!err)
			log_error("start kafka consumer: %s", reason);
		return -EINVAL;
	}
	r->rkt = rd_kafka_topic_new(r->rk, spec->topic, NULL);
	if (r->rkt)
		return 0;
	log_error("read %s: %s", r->output, rd_kafka_err2str(rd_kafka_last_error()));
	return -EINVAL;
}

static int fail(const struct reader *r, rd_kafka_resp_err_t err)
{
	if (err == RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC || err == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART)
		return -ENOENT;
	if (err == RD_KAFKA_RESP_ERR__TRANSPORT || err == RD_KAFKA_RESP_ERR__TIMED_OUT ||
	    err == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN || err == RD_KAFKA_RESP_ERR__RESOLVE) {
		log_error("read %s: no broker answers", r->output);
		return -ETIMEDOUT;
	}
	log_error("read %s: %s", r->output, rd_kafka_err2str(err));
	return -EIO;
}

static int count_partitions(struct reader *r, int32_t *n)
{
	const struct rd_kafka_metadata *m;
	rd_kafka_resp_err_t err = rd_kafka_metadata(r->rk, 0, r->rkt, &m, ANSWER_MS);

	if (err)
		return fail(r, err);
	err = m->topic_cnt ? m->topics[0].err : RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART;
	*n = err ? 0 : m->topics[0].partition_cnt;
	rd_kafka_metadata_destroy(m);
	return err ? fail(r, err) : 0;
}

static int take(struct reader *r, const rd_kafka_message_t *m)
{
	const char *why;
	int err = messages_read(r->messages, r->book, m->payload, m->len, &why);

	if (err == -EINVAL)
		source_bad(r->book, r->output, "message", (uint64_t)m->offset, why);
	if (err == -EBADMSG)
		log_error("read %s: message %" PRId64 ": %s", r->output, m->offset, why);
	return err == -EINVAL ? 0 : err;
}

/* Where the next one is; the end of the partition ends it. */
static int take_each(struct reader *r, rd_kafka_message_t **messages, ssize_t n, int64_t *next)
{
	int err = 0;

	for (ssize_t i = 0; i < n; i++) {
		const rd_kafka_message_t *m = messages[i];

		if (m->err == RD_KAFKA_RESP_ERR__PARTITION_EOF)
			*next = INT64_MAX;
		else if (m->err && !err)
			err = fail(r, m->err);
		else if (!m->err && !err && *next != INT64_MAX) {
			err = take(r, m);
			*next = m->offset + 1;
		}
		rd_kafka_message_destroy(messages[i]);
	}
	return err;
}

/* Offsets from next to end. Messages that came behind end are taken, too. */
static int read_until(struct reader *r, int32_t partition, int64_t next, int64_t end)
{
	rd_kafka_message_t *messages[AT_ONCE];
	int err = 0, silent_ms = 0;

	while (!err && next < end) {
		ssize_t n = rd_kafka_consume_batch(r->rkt, partition, TURN_MS, messages, AT_ONCE);

		if (n < 0)
			err = fail(r, rd_kafka_last_error());
		else
			err = take_each(r, messages, n, &next);
		silent_ms = n ? 0 : silent_ms + TURN_MS;
		if (!err && silent_ms > SILENCE_MS)
			err = fail(r, RD_KAFKA_RESP_ERR__TIMED_OUT);
	}
	return err;
}

static int read_partition(struct reader *r, int32_t partition)
{
	int64_t low, high;
	rd_kafka_resp_err_t err = rd_kafka_query_watermark_offsets(r->rk, rd_kafka_topic_name(r->rkt), partition, &low,
								   &high, ANSWER_MS);
	int code;

	if (err || low >= high)
		return err ? fail(r, err) : 0;
	if (rd_kafka_consume_start(r->rkt, partition, low))
		return fail(r, rd_kafka_last_error());
	code = read_until(r, partition, low, high);
	rd_kafka_consume_stop(r->rkt, partition);
	return code;
}

int source_topic(struct book *b, const char *output, char *const *properties)
{
	struct reader r = { .book = b, .output = output };
	struct sink_spec spec;
	int32_t partitions = 0;
	int err = sink_spec_parse(&spec, output);

	if (!err)
		err = messages_open(&r.messages);
	if (!err)
		err = start(&r, &spec, properties);
	if (!err)
		err = count_partitions(&r, &partitions);
	for (int32_t i = 0; i < partitions && !err; i++)
		err = read_partition(&r, i);
	if (r.rkt)
		rd_kafka_topic_destroy(r.rkt);
	if (r.rk)
		rd_kafka_destroy(r.rk);
	messages_close(r.messages);
	return err;
}
