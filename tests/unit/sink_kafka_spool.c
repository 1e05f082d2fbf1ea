// SPDX-License-Identifier: Apache-2.0
/*
 * sink_kafka_spool.c - the Kafka sink with a spool: outages and restarts. All
 * that was put arrives, in order, and is reported once, as soon as it is safe.
 */
#include <errno.h>
#include "sink_mock.h"
#include "sink_spool.h"

/* Down, up, and once more: the way in is left and found again, both times. */
static void test_outage(void)
{
	struct sink_settings s = (mock_start("t"), spool_settings(output));
	struct sink_stats st;
	struct batch b = { 0 };
	struct sink *k;
	char *text;

	catch_log();
	CHECK_EQ(sink_open(&k, &s), 0);
	CHECK_EQ(put_some(k, &b, 1, 2, PATIENCE_S), 2);
	serve(k, 100);
	for (int i = 0; i < 2; i++) {
		uint64_t seq = 101 + 1100 * (uint64_t)i;

		rd_kafka_mock_broker_set_down(mock, 1);
		CHECK_EQ(put_some(k, &b, seq, 20, PATIENCE_S), 20);
		serve(k, seq + 999);			/* all safe while nothing answers */
		rd_kafka_mock_broker_set_up(mock, 1);
		drain(k);
		CHECK_EQ(put_some(k, &b, seq + 1000, 2, PATIENCE_S), 2);
		serve(k, seq + 1099);
	}
	sink_close(k, 5000, &st);
	text = caught_log();
	CHECK_EQ(lines_with(text, "is put into the spool"), 2);
	CHECK_EQ(lines_with(text, "all of the spool is sent"), 2);
	CHECK_EQ(st.accepted, 2300);
	CHECK_EQ(st.spooled, 2000);
	CHECK_EQ(st.producers, 2);
	balance(&st);
	CHECK_EQ(check_topic("t", 7, 1, 2300), 0);
	if (check_failures)
		printf("# log: %s\n", text);
	drop(&b);
	mock_stop();
	remove_spool();
}

/* Down again in the middle of the way out: what had been read of the spool and not answered is read again. */
static void test_outage_while_catching_up(void)
{
	char *props[] = { "queue.buffering.max.messages", "20", NULL };
	struct sink_settings s = (mock_start("t"), spool_settings(output));
	struct sink_stats st;
	struct batch b = { 0 };
	struct sink *k;
	double start;

	s.kafka = props;
	rd_kafka_mock_broker_set_down(mock, 1);
	catch_log();
	CHECK_EQ(sink_open(&k, &s), 0);
	CHECK_EQ(put_some(k, &b, 1, 20, PATIENCE_S), 20);
	serve(k, 1000);
	rd_kafka_mock_broker_set_rtt(mock, 1, 50);	/* slow enough to be caught halfway */
	rd_kafka_mock_broker_set_up(mock, 1);
	for (start = seconds(); seconds() - start < PATIENCE_S; usleep(1000)) {
		sink_poll(k);
		sink_get_stats(k, &st);
		if (st.spool_out > 100)
			break;
	}
	CHECK(st.spool_out > 100 && st.spool_held > 100);
	rd_kafka_mock_broker_set_down(mock, 1);
	for (start = seconds(); st.producers < 2 && seconds() - start < PATIENCE_S; usleep(1000)) {
		sink_poll(k);
		sink_get_stats(k, &st);
	}
	CHECK_EQ(st.producers, 2);
	rd_kafka_mock_broker_set_rtt(mock, 1, 0);
	rd_kafka_mock_broker_set_up(mock, 1);
	drain(k);
	sink_close(k, 5000, &st);
	caught_log();
	balance(&st);
	CHECK_EQ(check_topic("t", 7, 1, 1000), 0);
	drop(&b);
	mock_stop();
	remove_spool();
}

/* Some answers come after the producer was thrown away: its messages are read until it is gone. */
static void test_silent_broker(void)
{
	char *props[] = { "request.timeout.ms", "1000", "socket.timeout.ms", "1500", NULL };
	struct sink_settings s = (mock_start("t"), spool_settings(output));
	struct sink_stats st;
	struct batch b = { 0 };
	struct sink *k;

	s.kafka = props;
	catch_log();
	CHECK_EQ(sink_open(&k, &s), 0);
	CHECK_EQ(put_some(k, &b, 1, 2, PATIENCE_S), 2);
	serve(k, 100);
	rd_kafka_mock_broker_set_rtt(mock, 1, 2000);
	CHECK_EQ(put_some(k, &b, 101, 20, PATIENCE_S), 20);
	serve(k, 1100);
	rd_kafka_mock_broker_set_rtt(mock, 1, 0);
	CHECK_EQ(put_some(k, &b, 1101, 20, PATIENCE_S), 20);
	drain(k);
	sink_close(k, 5000, &st);
	caught_log();
	CHECK_EQ(st.accepted, 2100);
	CHECK(st.spooled >= 1000);
	balance(&st);
	CHECK_EQ(check_topic("t", 7, 1, 2100), 0);
	drop(&b);
	mock_stop();
	remove_spool();
}

/* The window is full and nothing answers: that is an outage long before its time. */
static void test_full_window(void)
{
	char *props[] = { "queue.buffering.max.messages", "200", NULL };
	struct sink_settings s = (mock_start("t"), spool_settings(output));
	struct sink_stats st;
	struct batch b = { 0 };
	struct sink *k;
	double start;

	rd_kafka_mock_broker_set_down(mock, 1);
	s.kafka = props;
	s.spool_after_ns = 300000000000ULL;
	catch_log();
	CHECK_EQ(sink_open(&k, &s), 0);
	start = seconds();
	CHECK_EQ(put_some(k, &b, 1, 20, PATIENCE_S), 20);
	serve(k, 1000);
	CHECK(seconds() - start < PATIENCE_S);
	rd_kafka_mock_broker_set_up(mock, 1);
	drain(k);
	sink_close(k, 5000, &st);
	caught_log();
	balance(&st);
	CHECK_EQ(st.spooled, 1000);
	CHECK_EQ(check_topic("t", 7, 1, 1000), 0);
	drop(&b);
	mock_stop();
	remove_spool();
}

/* Closed during an outage: nothing is lost, the next run sends it first, as the first had it. */
static void test_restart(void)
{
	static const struct tag_origin later = { .box = "box-2", .epoch = 4712 };
	struct sink_settings s = (mock_start("t"), spool_settings(output));
	struct sink_stats st;
	struct batch b = { 0 };
	rd_kafka_message_t *m;
	rd_kafka_t *c;
	struct sink *k;

	rd_kafka_mock_broker_set_down(mock, 1);
	catch_log();
	CHECK_EQ(sink_open(&k, &s), 0);
	CHECK_EQ(put_some(k, &b, 1, 2, PATIENCE_S), 2);
	sink_close(k, 50, &st);				/* before it is an outage */
	CHECK_EQ(st.spooled, 100);
	CHECK_EQ(reported_lost(), 0);
	balance(&st);
	CHECK_EQ(sink_open(&k, &s), 0);
	CHECK_EQ(put_some(k, &b, 101, 2, PATIENCE_S), 2);
	sink_close(k, 10000, &st);
	CHECK_EQ(st.spool_held, 200);
	CHECK_EQ(st.spooled, 100);
	s.origin = &later;
	s.encoding[STREAM_PACKETS] = "avro";
	rd_kafka_mock_broker_set_up(mock, 1);
	CHECK_EQ(sink_open(&k, &s), 0);
	CHECK_EQ(put_some(k, &b, 201, 2, PATIENCE_S), 2);
	drain(k);
	sink_close(k, 5000, &st);
	caught_log();
	CHECK_EQ(st.spool_held, 0);
	balance(&st);
	c = consumer("t");
	for (int i = 1; i <= 300 && (m = next(c, PATIENCE_S)); i++) {
		bool old = i <= 200;
		char seq[16];

		snprintf(seq, sizeof(seq), "%d", i);
		check_header(m, "seq", seq);
		check_header(m, "box", old ? "box-1" : "box-2");
		check_header(m, "epoch", old ? "4711" : "4712");
		check_header(m, "schema", old ? "json:1" : "avro:1");
		check_header(m, "cpu", "7");
		check_header(m, "count", "1");
		check_header(m, "lost", "0");
		CHECK(m->key_len == 5 && !memcmp(m->key, old ? "box-1" : "box-2", 5));
		rd_kafka_message_destroy(m);
	}
	CHECK(m != NULL);
	rd_kafka_destroy(c);
	drop(&b);
	mock_stop();
	remove_spool();
}

/* Messages that the brokers refuse leave the spool, and are told by name. */
static void test_refused_from_spool(void)
{
	struct sink_settings s = (mock_start("t"), spool_settings(output));
	struct sink_stats st;
	struct batch b = { 0 };
	struct sink *k;

	rd_kafka_mock_broker_set_down(mock, 1);
	catch_log();
	CHECK_EQ(sink_open(&k, &s), 0);
	fill(&b, 7, 11, 5, 10);
	CHECK_EQ(put(k, &b), 0);
	serve(k, 5);
	rd_kafka_mock_push_request_errors(mock, API_PRODUCE, 1, RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE);
	rd_kafka_mock_broker_set_up(mock, 1);
	drain(k);
	CHECK_EQ(sink_lost(k, 7), 1);
	sink_close(k, 5000, &st);
	caught_log();
	CHECK_EQ(st.spool_lost_refused, 1);		/* the probe */
	CHECK_EQ(st.spool_out, 4);
	CHECK_EQ(lost_in_all(&st), 0);
	CHECK_EQ(spool_losses, 1);
	CHECK_STR(spool_loss_reason, "refused");
	CHECK_EQ(spool_loss.seq, 11);
	CHECK_EQ(spool_loss.cpu, 7);
	CHECK_EQ(spool_loss.epoch, 4711);
	balance(&st);
	CHECK_EQ(check_topic("t", 7, 12, 4), 0);
	drop(&b);
	mock_stop();
	remove_spool();
}

/* All three streams go through one spool, and come out where they belong. */
static void test_streams(void)
{
	struct sink_settings s = (mock_start("t"), spool_settings(output));
	char flows[250], events[250];
	struct sink_stats st;
	struct batch b = { 0 };
	struct sink *k;

	snprintf(flows, sizeof(flows), "%s.flows", output);
	snprintf(events, sizeof(events), "%s.events", output);
	s.output[STREAM_FLOWS] = flows;
	s.output[STREAM_EVENTS] = events;
	rd_kafka_mock_broker_set_down(mock, 1);
	catch_log();
	CHECK_EQ(sink_open(&k, &s), 0);
	for (int i = 0; i < 30; i++) {
		fill(&b, 7, 1 + 10 * (uint64_t)(i / 3), 10, 10);
		b.stream = (enum stream)(i % 3);
		CHECK_EQ(put(k, &b), 0);
		sink_poll(k);
		usleep(30000);
	}
	serve(k, 300);
	rd_kafka_mock_broker_set_up(mock, 1);
	drain(k);
	sink_close(k, 5000, &st);
	caught_log();
	balance(&st);
	CHECK_EQ(st.spooled, 300);
	CHECK_EQ(check_topic("t", 7, 1, 100), 0);
	CHECK_EQ(check_topic("t.flows", 7, 1, 100), 0);
	CHECK_EQ(check_topic("t.events", 7, 1, 100), 0);
	drop(&b);
	mock_stop();
	remove_spool();
}

int main(void)
{
	if (!mkdtemp(spool_dir))
		return 1;
	RUN(test_outage);
	RUN(test_outage_while_catching_up);
	RUN(test_silent_broker);
	RUN(test_full_window);
	RUN(test_restart);
	RUN(test_refused_from_spool);
	RUN(test_streams);
	rmdir(spool_dir);
	return check_done();
}
