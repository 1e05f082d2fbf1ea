// SPDX-License-Identifier: Apache-2.0
/*
 * sink_kafka_faults.c - the Kafka sink when brokers fail: the ledger holds, put
 * never waits, close keeps to its time, each reason is logged once.
 */
#include <errno.h>
#include "sink_mock.h"

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
	catch_log();
	CHECK_EQ(sink_open(&k, &s), 0);
	fill(&b, 7, 1, 50, 10);
	CHECK_EQ(put(k, &b), 0);
	serve(k, 50);
	sink_close(k, 1000, &st);
	caught_log();
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
	CHECK_EQ(put(k, &b), 0);
	serve(k, 50);
	CHECK_EQ(sink_lost(k, 7), 50);
	fill(&b, 8, 1, 20, 10);
	CHECK_EQ(put(k, &b), 0);
	serve(k, 70);
	CHECK_EQ(sink_lost(k, 8), 0);
	sink_close(k, 1000, &st);
	text = caught_log();
	CHECK_EQ(lines_with(text, "make batches smaller"), 1);
	CHECK_EQ(st.accepted, 70);
	CHECK_EQ(st.delivered, 20);
	CHECK_EQ(st.lost[SINK_LOSS_DELIVERY], 50);
	if (check_failures)
		printf("# log: %s\n", text);
	drop(&b);
	mock_stop();
}

/* A message above message.max.bytes never gets into the queue; its neighbours do. */
static void test_too_large(void)
{
	char *props[] = { "message.max.bytes", "1000", NULL };
	struct sink_settings s = (mock_start("t"), test_settings(output));
	struct sink_stats st;
	struct batch b = { 0 };
	struct sink *k;
	char *text;

	s.kafka = props;
	catch_log();
	CHECK_EQ(sink_open(&k, &s), 0);
	fill(&b, 7, 1, 10, 400);
	b.msgs[3].end = b.msgs[5].end;			/* three records in one message */
	b.msgs[3].count = 3;
	memmove(&b.msgs[4], &b.msgs[6], 4 * sizeof(*b.msgs));
	b.msgs_n = 8;
	CHECK_EQ(put(k, &b), -EIO);
	CHECK_EQ(sink_lost(k, 7), 3);
	sink_close(k, 10000, &st);
	text = caught_log();
	CHECK_EQ(lines_with(text, "make batches smaller"), 1);
	CHECK_EQ(st.delivered, 7);
	CHECK_EQ(st.lost[SINK_LOSS_DELIVERY], 3);
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
	int err;

	rd_kafka_mock_topic_set_error(mock, "t", RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART);
	s.kafka = props;
	catch_log();
	CHECK_EQ(sink_open(&k, &s), 0);
	fill(&b, 7, 1, 50, 10);
	err = put(k, &b);				/* -EIO if the broker's answer came first */
	CHECK(!err || err == -EIO);
	serve(k, 50);
	CHECK_EQ(put(k, &b), -EIO);
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
	CHECK_EQ(put(k, &b), 0);
	serve(k, 50);
	CHECK_EQ(put(k, &b), -EIO);
	CHECK_EQ(put(k, &b), -EIO);
	sink_close(k, 1000, &st);
	text = caught_log();
	CHECK_EQ(lines_with(text, "from now on all records are counted as lost"), 1);
	CHECK_EQ(st.accepted, 150);
	CHECK_EQ(st.delivered, 0);
	CHECK_EQ(st.lost[SINK_LOSS_DELIVERY], 150);
	if (check_failures)
		printf("# log: %s\n", text);
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
	CHECK_EQ(put(k, &b), -ENOBUFS);
	CHECK_EQ(put(k, &b), -ENOBUFS);
	CHECK(seconds() - start < 2);
	CHECK_EQ(sink_lost(k, 7), 90);
	rd_kafka_mock_broker_set_up(mock, 1);
	serve(k, 100);
	CHECK_EQ(put(k, &b), -ENOBUFS);
	sink_close(k, 10000, &st);
	text = caught_log();
	CHECK_EQ(lines_with(text, "queue for kafka topic t"), 1);
	CHECK_EQ(st.accepted, 150);
	CHECK_EQ(st.delivered + lost_in_all(&st), 150);
	CHECK(st.delivered >= 20);
	CHECK_EQ(st.lost[SINK_LOSS_QUEUE_FULL], 150 - st.delivered);
	drop(&b);
	mock_stop();
}

/* Messages that were acknowledged leave the queue although nobody polls. */
static void test_put_makes_room(void)
{
	char *props[] = { "queue.buffering.max.messages", "10", NULL };
	struct sink_settings s = (mock_start("t"), test_settings(output));
	struct sink_stats st;
	struct batch b = { 0 };
	struct sink *k;
	double start = seconds();
	int err;

	s.kafka = props;
	catch_log();
	CHECK_EQ(sink_open(&k, &s), 0);
	fill(&b, 7, 1, 10, 10);
	CHECK_EQ(put(k, &b), 0);
	while ((err = put(k, &b)) && seconds() - start < PATIENCE_S)
		usleep(1000);
	sink_close(k, 10000, &st);
	caught_log();
	CHECK_EQ(err, 0);
	CHECK_EQ(st.delivered + lost_in_all(&st), st.accepted);
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
	CHECK_EQ(put(k, &b), 0);
	for (start = seconds(); seconds() - start < 3; usleep(10000))
		sink_poll(k);				/* several attempts to connect */
	start = seconds();
	sink_close(k, 1000, &st);
	CHECK(seconds() - start < 2);
	text = caught_log();
	CHECK_EQ(lines_with(text, "ALL_BROKERS_DOWN"), 1);
	CHECK_EQ(lines_with(text, "_TRANSPORT"), 1);
	CHECK_EQ(lines_with(text, "50 records not acknowledged within 1000 ms"), 1);
	CHECK_EQ(lines_with(text, "\n"), 3);
	CHECK_EQ(st.accepted, 50);
	CHECK_EQ(st.delivered, 0);
	CHECK_EQ(st.lost[SINK_LOSS_DELIVERY], 50);
	if (check_failures)
		printf("# log: %s\n", text);
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
	CHECK_EQ(put(k, &b), 0);
	serve(k, 10);
	rd_kafka_mock_broker_set_rtt(mock, 1, 30000);
	CHECK_EQ(put(k, &b), 0);
	start = seconds();
	sink_close(k, 500, &st);
	CHECK(seconds() - start < 1.5);
	caught_log();
	CHECK_EQ(st.accepted, 20);
	CHECK_EQ(st.delivered, 10);
	CHECK_EQ(st.lost[SINK_LOSS_DELIVERY], 10);
	drop(&b);
	mock_stop();
}

int main(void)
{
	RUN(test_transient_errors);
	RUN(test_permanent_error);
	RUN(test_too_large);
	RUN(test_unknown_topic);
	RUN(test_fatal_error);
	RUN(test_queue_full);
	RUN(test_put_makes_room);
	RUN(test_unreachable);
	RUN(test_close_in_flight);
	return check_done();
}
