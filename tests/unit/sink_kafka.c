// SPDX-License-Identifier: Apache-2.0
/*
 * sink_kafka.c - the Kafka sink against a mock cluster: what a consumer reads, and
 * which properties are taken.
 */
#include <errno.h>
#include "sink_mock.h"

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
	struct batch b = { 0 }, same = { 0 };
	struct sink *k;
	rd_kafka_message_t *m;
	rd_kafka_t *c;

	CHECK_EQ(sink_open(&k, &s), 0);
	fill(&b, 7, 1000, 50, 10);
	fill(&same, 7, 1000, 50, 10);
	b.lost = UINT64_MAX;
	CHECK_EQ(put(k, &b), 0);
	fill(&b, 1, 1, 50, 10);				/* the sink has buffers of its own now */
	serve(k, 50);
	c = consumer("t");
	for (uint32_t i = 0; i < 50 && (m = next(c, PATIENCE_S)); i++) {
		check_message(m, &same, i);
		rd_kafka_message_destroy(m);
	}
	CHECK(m != NULL);
	CHECK(next(c, 0.3) == NULL);
	rd_kafka_destroy(c);
	sink_close(k, 1000, &st);
	CHECK_EQ(st.accepted, 50);
	CHECK_EQ(st.delivered, 50);
	CHECK_EQ(lost_in_all(&st), 0);
	drop(&same);
	drop(&b);
	mock_stop();
}

/* Each message is counted by the time that its answer took. */
static void test_latency(void)
{
	struct sink_settings s = (mock_start("t"), test_settings(output));
	uint64_t slow = 0, all = 0;
	struct sink_stats st;
	struct batch b = { 0 };
	struct sink *k;

	rd_kafka_mock_broker_set_rtt(mock, 1, 300);
	CHECK_EQ(sink_open(&k, &s), 0);
	fill(&b, 7, 1, 50, 10);
	CHECK_EQ(put(k, &b), 0);
	serve(k, 50);
	sink_close(k, 10000, &st);
	for (int i = 0; i < SINK_LATENCIES; i++) {
		all += st.latency[i];
		slow += i > 8 ? st.latency[i] : 0;	/* more than 256 ms */
	}
	CHECK_EQ(all, 50);
	CHECK_EQ(slow, 50);
	CHECK(st.latency_ns >= 50 * 300000000ULL);
	drop(&b);
	mock_stop();
}

/* A batch that was encoded for a file has nothing that could be sent: lost, not forgotten. */
static void test_without_messages(void)
{
	struct sink_settings s = (mock_start("t"), test_settings(output));
	struct sink_stats st;
	struct batch b = { 0 };
	struct sink *k;

	CHECK_EQ(sink_open(&k, &s), 0);
	fill(&b, 7, 1, 5, 10);
	b.msgs_n = 0;
	CHECK_EQ(put(k, &b), -EINVAL);
	CHECK_EQ(reported_lost(), 5);
	sink_close(k, 10000, &st);
	CHECK_EQ(st.accepted, 5);
	CHECK_EQ(st.lost[NT_LOSS_ENCODE], 5);
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
	CHECK_EQ(put(k, &b), 0);
	sink_close(k, 10000, &st);
	CHECK_EQ(st.accepted, 1000);
	CHECK_EQ(st.delivered, 1000);
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
		printf("# %s=%s: %s\n", name, value, text);
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
	RUN(test_latency);
	RUN(test_without_messages);
	RUN(test_counts_records);
	RUN(test_properties);
	return check_done();
}
