// SPDX-License-Identifier: Apache-2.0
/*
 * sink_kafka.c - the Kafka sink against librdkafka's mock cluster: what a
 * consumer reads, and that the ledger holds whatever the brokers do.
 */
#include <errno.h>
#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>
#include "check.h"
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

static uint64_t answered(struct sink *k)
{
	struct sink_stats st;

	sink_get_stats(k, &st);
	return st.delivered + lost_in_all(&st);
}

/* Serves k until all of n records have an answer. */
static void serve(struct sink *k, uint64_t n)
{
	double start = seconds();

	while (answered(k) < n && seconds() - start < PATIENCE_S) {
		sink_poll(k);
		usleep(1000);
	}
}

static rd_kafka_t *consumer(const char *topic)
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
static rd_kafka_message_t *next(rd_kafka_t *rk, double patience)
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

static void check_header(const rd_kafka_message_t *m, const char *name, const char *want)
{
	rd_kafka_headers_t *h;
	const void *v = NULL;
	size_t size = 0;
	char text[64] = "";

	if (!rd_kafka_message_headers(m, &h) && !rd_kafka_header_get_last(h, name, &v, &size))
		snprintf(text, sizeof(text), "%.*s", (int)size, (const char *)v);
	CHECK_STR(text, want);
}

static void check_message(const rd_kafka_message_t *m, const struct batch *b, uint32_t i)
{
	const struct batch_msg *w = &b->msgs[i];
	rd_kafka_headers_t *h;
	char number[32];

	CHECK_EQ(m->key_len, 5);
	CHECK(m->key_len == 5 && !memcmp(m->key, "box-1", 5));
	CHECK_EQ(m->len, w->end - w->begin);
	CHECK(m->len == w->end - w->begin && !memcmp(m->payload, b->bytes.data + w->begin, m->len));
	check_header(m, "box", "box-1");
	check_header(m, "epoch", "4711");
	check_header(m, "cpu", "7");
	snprintf(number, sizeof(number), "%llu", (unsigned long long)w->seq);
	check_header(m, "seq", number);
	snprintf(number, sizeof(number), "%u", w->count);
	check_header(m, "count", number);
	check_header(m, "lost", "18446744073709551615");
	check_header(m, "schema", "json:1");
	CHECK_EQ(rd_kafka_message_headers(m, &h), 0);
	CHECK_EQ(rd_kafka_header_cnt(h), 7);
}

static void test_delivers(void)
{
	struct sink_settings s = (mock_start("t"), test_settings(output));
	struct sink_stats st;
	struct batch b = { 0 };
	struct sink *k;
	rd_kafka_message_t *m;
	rd_kafka_t *c;

	CHECK_EQ(sink_open(&k, &s), 0);
	fill(&b, 7, 1000, 50, 10);
	b.lost = UINT64_MAX;
	CHECK_EQ(sink_put(k, &b), 0);
	serve(k, 50);
	c = consumer("t");
	for (uint32_t i = 0; i < 50 && (m = next(c, PATIENCE_S)); i++) {
		check_message(m, &b, i);
		rd_kafka_message_destroy(m);
	}
	CHECK(m != NULL);
	CHECK(next(c, 0.3) == NULL);
	rd_kafka_destroy(c);
	sink_close(k, 1000, &st);
	CHECK_EQ(st.accepted, 50);
	CHECK_EQ(st.delivered, 50);
	CHECK_EQ(lost_in_all(&st), 0);
	drop(&b);
	mock_stop();
}

/* A message of many records counts as many. */
static void test_counts_records(void)
{
	struct sink_settings s = (mock_start("t"), test_settings(output));
	struct sink_stats st;
	struct batch b = { 0 };
	struct sink *k;

	CHECK_EQ(sink_open(&k, &s), 0);
	fill(&b, 7, 1, 2, 10);
	b.msgs[0].count = 900;
	b.msgs[1].count = 100;
	b.count = 1000;
	CHECK_EQ(sink_put(k, &b), 0);
	sink_close(k, 10000, &st);
	CHECK_EQ(st.accepted, 1000);
	CHECK_EQ(st.delivered, 1000);
	drop(&b);
	mock_stop();
}

static void test_transient_errors(void)
{
	struct sink_settings s = (mock_start("t"), test_settings(output));
	struct sink_stats st;
	struct batch b = { 0 };
	struct sink *k;

	rd_kafka_mock_push_request_errors(mock, API_PRODUCE, 5,
					  RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION,
					  RD_KAFKA_RESP_ERR_REQUEST_TIMED_OUT,
					  RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS,
					  RD_KAFKA_RESP_ERR__TRANSPORT,
					  RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE);
	CHECK_EQ(sink_open(&k, &s), 0);
	fill(&b, 7, 1, 50, 10);
	CHECK_EQ(sink_put(k, &b), 0);
	serve(k, 50);
	sink_close(k, 1000, &st);
	CHECK_EQ(st.delivered, 50);
	CHECK_EQ(lost_in_all(&st), 0);
	drop(&b);
	mock_stop();
}

static void test_permanent_error(void)
{
	struct sink_settings s = (mock_start("t"), test_settings(output));
	struct sink_stats st;
	struct batch b = { 0 };
	struct sink *k;
	char *text;

	rd_kafka_mock_push_request_errors(mock, API_PRODUCE, 1, RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE);
	catch_log();
	CHECK_EQ(sink_open(&k, &s), 0);
	fill(&b, 7, 1, 50, 10);
	CHECK_EQ(sink_put(k, &b), 0);
	serve(k, 50);
	CHECK_EQ(sink_lost(k, 7), 50);
	fill(&b, 8, 1, 20, 10);
	CHECK_EQ(sink_put(k, &b), 0);
	serve(k, 70);
	CHECK_EQ(sink_lost(k, 8), 0);
	sink_close(k, 1000, &st);
	text = caught_log();
	CHECK_EQ(lines_with(text, "make batches smaller"), 1);
	CHECK_EQ(st.accepted, 70);
	CHECK_EQ(st.delivered, 20);
	CHECK_EQ(st.lost[SINK_LOSS_DELIVERY], 50);
	if (check_failures)
		printf("# log: %s", text);
	drop(&b);
	mock_stop();
}

static void test_unknown_topic(void)
{
	char *props[] = { "topic.metadata.propagation.max.ms", "0", "message.timeout.ms", "3000", NULL };
	struct sink_settings s = (mock_start("t"), test_settings(output));
	struct sink_stats st;
	struct batch b = { 0 };
	struct sink *k;
	char *text;

	rd_kafka_mock_topic_set_error(mock, "t", RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART);
	s.kafka = props;
	catch_log();
	CHECK_EQ(sink_open(&k, &s), 0);
	fill(&b, 7, 1, 50, 10);
	CHECK_EQ(sink_put(k, &b), 0);
	serve(k, 50);
	CHECK(sink_put(k, &b) == -EIO);
	sink_close(k, 1000, &st);
	text = caught_log();
	CHECK_EQ(lines_with(text, "create the topic"), 1);
	CHECK_EQ(st.lost[SINK_LOSS_DELIVERY], 100);
	drop(&b);
	mock_stop();
}

static void test_fatal_error(void)
{
	struct sink_settings s = (mock_start("t"), test_settings(output));
	struct sink_stats st;
	struct batch b = { 0 };
	struct sink *k;
	char *text;

	rd_kafka_mock_push_request_errors(mock, API_PRODUCE, 1, RD_KAFKA_RESP_ERR_OUT_OF_ORDER_SEQUENCE_NUMBER);
	catch_log();
	CHECK_EQ(sink_open(&k, &s), 0);
	fill(&b, 7, 1, 50, 10);
	CHECK_EQ(sink_put(k, &b), 0);
	serve(k, 50);
	CHECK_EQ(sink_put(k, &b), -EIO);
	CHECK_EQ(sink_put(k, &b), -EIO);
	sink_close(k, 1000, &st);
	text = caught_log();
	CHECK_EQ(lines_with(text, "from now on all records are counted as lost"), 1);
	CHECK_EQ(st.accepted, 150);
	CHECK_EQ(st.delivered, 0);
	CHECK_EQ(st.lost[SINK_LOSS_DELIVERY], 150);
	if (check_failures)
		printf("# log: %s", text);
	drop(&b);
	mock_stop();
}

/* The queue holds 10 messages and the broker is down: 40 of 50 don't fit, put doesn't wait. */
static void test_queue_full(void)
{
	char *props[] = { "queue.buffering.max.messages", "10", NULL };
	struct sink_settings s = (mock_start("t"), test_settings(output));
	struct sink_stats st;
	struct batch b = { 0 };
	struct sink *k;
	double start;
	char *text;

	rd_kafka_mock_broker_set_down(mock, 1);
	s.kafka = props;
	catch_log();
	CHECK_EQ(sink_open(&k, &s), 0);
	fill(&b, 7, 1, 50, 10);
	start = seconds();
	CHECK_EQ(sink_put(k, &b), -ENOBUFS);
	CHECK_EQ(sink_put(k, &b), -ENOBUFS);
	CHECK(seconds() - start < 0.5);
	CHECK_EQ(sink_lost(k, 7), 90);
	rd_kafka_mock_broker_set_up(mock, 1);
	serve(k, 100);
	CHECK_EQ(sink_put(k, &b), -ENOBUFS);
	sink_close(k, 10000, &st);
	text = caught_log();
	CHECK_EQ(lines_with(text, "queue for kafka topic t"), 1);
	CHECK_EQ(st.accepted, 150);
	CHECK_EQ(st.delivered, 20);
	CHECK_EQ(st.lost[SINK_LOSS_QUEUE_FULL], 130);
	drop(&b);
	mock_stop();
}

/* Nobody listens there: open works, one warning a kind, close keeps to its time. */
static void test_unreachable(void)
{
	struct sink_settings s;
	struct sink_stats st;
	struct batch b = { 0 };
	struct sink *k;
	double start;
	char *text;

	mock_start("t");
	mock_stop();					/* a port that is free for sure */
	s = test_settings(output);
	catch_log();
	CHECK_EQ(sink_open(&k, &s), 0);
	fill(&b, 7, 1, 50, 10);
	CHECK_EQ(sink_put(k, &b), 0);
	for (start = seconds(); seconds() - start < 3; usleep(10000))
		sink_poll(k);				/* several attempts to connect */
	start = seconds();
	sink_close(k, 1000, &st);
	CHECK(seconds() - start <= 1.1);
	text = caught_log();
	CHECK_EQ(lines_with(text, "ALL_BROKERS_DOWN"), 1);
	CHECK_EQ(lines_with(text, "_TRANSPORT"), 1);
	CHECK_EQ(lines_with(text, "50 records not acknowledged within 1000 ms"), 1);
	CHECK_EQ(lines_with(text, "\n"), 3);
	CHECK_EQ(st.accepted, 50);
	CHECK_EQ(st.delivered, 0);
	CHECK_EQ(st.lost[SINK_LOSS_DELIVERY], 50);
	if (check_failures)
		printf("# log: %s", text);
	drop(&b);
}

/* Requests are in flight at an unresponsive broker when the sink is closed. */
static void test_close_in_flight(void)
{
	struct sink_settings s = (mock_start("t"), test_settings(output));
	struct sink_stats st;
	struct batch b = { 0 };
	struct sink *k;
	double start;

	catch_log();
	CHECK_EQ(sink_open(&k, &s), 0);
	fill(&b, 7, 1, 10, 10);
	CHECK_EQ(sink_put(k, &b), 0);
	serve(k, 10);
	rd_kafka_mock_broker_set_rtt(mock, 1, 30000);
	CHECK_EQ(sink_put(k, &b), 0);
	start = seconds();
	sink_close(k, 500, &st);
	CHECK(seconds() - start <= 0.6);
	caught_log();
	CHECK_EQ(st.accepted, 20);
	CHECK_EQ(st.delivered, 10);
	CHECK_EQ(st.lost[SINK_LOSS_DELIVERY], 10);
	drop(&b);
	mock_stop();
}

static void expect(char *name, char *value, int want, const char *words)
{
	char *props[] = { name, value, NULL };
	struct sink_settings s = test_settings("kafka:127.0.0.1:1/t");
	struct sink *k;
	char *text;
	int err;

	s.kafka = props;
	catch_log();
	err = sink_open(&k, &s);
	sink_close(k, 0, NULL);
	text = caught_log();
	CHECK_EQ(err, want);
	CHECK_EQ(lines_with(text, words), 1);
	CHECK_EQ(lines_with(text, "\n") - lines_with(text, "reach kafka: "), 1);
	if (check_failures)
		printf("# %s=%s: %s", name, value, text);
}

static void test_properties(void)
{
	char *good[] = { "compression.codec", "lz4", "request.timeout.ms", "1234", NULL };
	struct sink_settings s = test_settings("kafka:127.0.0.1:1/t");
	struct sink *k;
	char *text;

	expect("no.such", "x", -EINVAL, "set kafka property no.such: No such configuration property");
	expect("linger.ms", "soon", -EINVAL, "set kafka property linger.ms: ");
	expect("compression.codec", "zip", -EINVAL, "set kafka property compression.codec: ");
	expect("acks", "1", -EINVAL, "`acks` must be set to `all`");
	expect("max.in.flight", "6", -EINVAL, "start kafka producer: `max.in.flight` must be set <= 5");
	expect("bootstrap.servers", "b:1", -EINVAL, "the brokers are named by the output");
	expect("transactional.id", "x", -EINVAL, "transactions are not used");
	expect("delivery.report.only.error", "true", -EINVAL, "deliveries could not be counted");
	expect("enable.idempotence", "false", 0, "without it records may be doubled");
	s.kafka = good;
	catch_log();
	CHECK_EQ(sink_open(&k, &s), 0);
	sink_close(k, 0, NULL);
	text = caught_log();
	CHECK_EQ(lines_with(text, "\n"), lines_with(text, "reach kafka: "));
}

int main(void)
{
	RUN(test_delivers);
	RUN(test_counts_records);
	RUN(test_transient_errors);
	RUN(test_permanent_error);
	RUN(test_unknown_topic);
	RUN(test_fatal_error);
	RUN(test_queue_full);
	RUN(test_unreachable);
	RUN(test_close_in_flight);
	RUN(test_properties);
	return check_done();
}
