/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sink_mock.h - librdkafka's mock cluster of one broker, and a consumer of it,
 * for the tests of the Kafka sink. One cluster at a time.
 */
#ifndef NINETAP_SINK_MOCK_H
#define NINETAP_SINK_MOCK_H

#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>
#include "sink_util.h"

#define PATIENCE_S 20.0
#define API_PRODUCE 0

static rd_kafka_t *mock_owner;
static rd_kafka_mock_cluster_t *mock;
static char output[200];

static void mock_start(const char *topic)
{
	rd_kafka_conf_t *conf = rd_kafka_conf_new();
	char err[512];

	rd_kafka_conf_set(conf, "log_level", "0", err, sizeof(err));
	mock_owner = rd_kafka_new(RD_KAFKA_PRODUCER, conf, err, sizeof(err));
	mock = rd_kafka_mock_cluster_new(mock_owner, 1);
	rd_kafka_mock_topic_create(mock, topic, 2, 1);
	snprintf(output, sizeof(output), "kafka:%s/%s", rd_kafka_mock_cluster_bootstraps(mock), topic);
}

static void mock_stop(void)
{
	rd_kafka_mock_cluster_destroy(mock);
	rd_kafka_destroy(mock_owner);
}

static inline uint64_t answered(struct sink *k)
{
	struct sink_stats st;

	sink_get_stats(k, &st);
	return st.delivered + st.spooled + lost_in_all(&st);
}

/* Serves k until all of n records have an answer. */
static inline void serve(struct sink *k, uint64_t n)
{
	double start = seconds();

	while (answered(k) < n && seconds() - start < PATIENCE_S) {
		sink_poll(k);
		usleep(1000);
	}
}

static inline rd_kafka_t *consumer(const char *topic)
{
	rd_kafka_topic_partition_list_t *parts = rd_kafka_topic_partition_list_new(2);
	rd_kafka_conf_t *conf = rd_kafka_conf_new();
	char err[512];
	rd_kafka_t *rk;

	rd_kafka_conf_set(conf, "bootstrap.servers", rd_kafka_mock_cluster_bootstraps(mock), err, sizeof(err));
	rd_kafka_conf_set(conf, "group.id", "test", err, sizeof(err));
	rk = rd_kafka_new(RD_KAFKA_CONSUMER, conf, err, sizeof(err));
	rd_kafka_poll_set_consumer(rk);
	for (int i = 0; i < 2; i++)
		rd_kafka_topic_partition_list_add(parts, topic, i)->offset = RD_KAFKA_OFFSET_BEGINNING;
	rd_kafka_assign(rk, parts);
	rd_kafka_topic_partition_list_destroy(parts);
	return rk;
}

/* The next message, to be destroyed; NULL if none comes within the time. */
static inline rd_kafka_message_t *next(rd_kafka_t *rk, double patience)
{
	double start = seconds();

	while (seconds() - start < patience) {
		rd_kafka_message_t *m = rd_kafka_consumer_poll(rk, 100);

		if (m && !m->err)
			return m;
		if (m)
			rd_kafka_message_destroy(m);
	}
	return NULL;
}

static inline void check_header(const rd_kafka_message_t *m, const char *name, const char *want)
{
	rd_kafka_headers_t *h;
	const void *v = NULL;
	size_t size = 0;
	char text[64] = "";

	if (!rd_kafka_message_headers(m, &h) && !rd_kafka_header_get_last(h, name, &v, &size))
		snprintf(text, sizeof(text), "%.*s", (int)size, (const char *)v);
	CHECK_STR(text, want);
}

/*
 * Reads what a topic holds of records that fill() made for that CPU: each
 * number from seq on, n of them, has to be there. Returns how many of them
 * came for the first time behind a later one.
 */
static inline int check_topic(const char *topic, unsigned int cpu, uint64_t seq, uint64_t n)
{
	rd_kafka_t *c = consumer(topic);
	unsigned char *seen = calloc(1, n);
	uint64_t found = 0, last = 0;
	rd_kafka_message_t *m;
	int late = 0;

	while (found < n && (m = next(c, 5))) {
		unsigned long long at = 0;
		unsigned int of = 0;
		char text[64];

		snprintf(text, sizeof(text), "%.*s", (int)m->len, (const char *)m->payload);
		CHECK_EQ(sscanf(text, "{\"cpu\":%u,\"seq\":%llu", &of, &at), 2);
		rd_kafka_message_destroy(m);
		if (of != cpu || at < seq || at >= seq + n || seen[at - seq])
			continue;
		seen[at - seq] = 1;
		found++;
		late += at < last;
		last = at > last ? at : last;
	}
	CHECK_EQ(found, n);
	free(seen);
	rd_kafka_destroy(c);
	return late;
}

#endif
