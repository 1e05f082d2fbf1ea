// SPDX-License-Identifier: Apache-2.0
/*
 * sink_kafka_faults.c - the Kafka sink without a spool, when brokers fail: what
 * time can mend is sent again, the ledger holds, close keeps to its time, each
 * reason is logged once.
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

/* The first request is refused: the first record's, and of those behind it what had come by then. */
static void test_permanent_error(void)
{
	uint64_t lost;
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
	lost = sink_lost(k, 7);
	CHECK(lost >= 1 && lost <= 50);
	CHECK_EQ(reported_lost(), lost);
	CHECK_EQ(tickets[0].why, NT_LOSS_REFUSED);
	fill(&b, 8, 1, 20, 10);
	CHECK_EQ(put(k, &b), 0);
	serve(k, 70);
	CHECK_EQ(sink_lost(k, 8), 0);
	sink_close(k, 1000, &st);
	text = caught_log();
	CHECK_EQ(lines_with(text, "make batches smaller"), 1);
	CHECK_EQ(st.accepted, 70);
	CHECK_EQ(st.delivered, 70 - lost);
	CHECK_EQ(st.lost[NT_LOSS_REFUSED], lost);
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
	CHECK_EQ(put(k, &b), 0);
	serve(k, 10);
	CHECK_EQ(sink_lost(k, 7), 3);
	sink_close(k, 10000, &st);
	CHECK_EQ(reported_lost(), 3);
	text = caught_log();
	CHECK_EQ(lines_with(text, "make batches smaller"), 1);
	CHECK_EQ(st.delivered, 7);
	CHECK_EQ(st.lost[NT_LOSS_REFUSED], 3);
	drop(&b);
	mock_stop();
}

/* It is made at last. */
static void test_unknown_topic(void)
{
	char *props[] = { "topic.metadata.propagation.max.ms", "0", NULL };
	struct sink_settings s = (mock_start("t"), test_settings(output));
	struct sink_stats st;
	struct batch b = { 0 };
	struct sink *k;
	double start = seconds();
	char *text;

	rd_kafka_mock_topic_set_error(mock, "t", RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART);
	s.kafka = props;
	catch_log();
	CHECK_EQ(sink_open(&k, &s), 0);
	fill(&b, 7, 1, 50, 10);
	CHECK_EQ(put(k, &b), 0);
	for (; seconds() - start < 1.5; usleep(1000))
		sink_poll(k);				/* several attempts */
	CHECK_EQ(answered(k), 0);
	rd_kafka_mock_topic_set_error(mock, "t", RD_KAFKA_RESP_ERR_NO_ERROR);
	serve(k, 50);
	sink_close(k, 1000, &st);
	text = caught_log();
	CHECK_EQ(lines_with(text, "create the topic"), 1);
	CHECK_EQ(st.delivered, 50);
	CHECK_EQ(lost_in_all(&st), 0);
	if (check_failures)
		printf("# log: %s\n", text);
	drop(&b);
	mock_stop();
}

/* Puts and serves until n batches of 50 are taken. */
static void put_all(struct sink *k, struct batch *b, uint64_t seq, int n)
{
	double start = seconds();

	for (int i = 0; i < n && seconds() - start < PATIENCE_S; ) {
		fill(b, 7, seq + 50 * (uint64_t)i, 50, 10);
		if (!put(k, b))
			i++;
		sink_poll(k);
		usleep(1000);
	}
}

/* A producer that failed for good is replaced; all of it arrives. How much of it late? */
static int broken_producer(rd_kafka_resp_err_t err)
{
	struct sink_settings s = (mock_start("t"), test_settings(output));
	struct sink_stats st;
	struct batch b = { 0 };
	struct sink *k;
	char *text;
	int late;

	catch_log();
	CHECK_EQ(sink_open(&k, &s), 0);
	put_all(k, &b, 1, 2);
	serve(k, 100);
	rd_kafka_mock_push_request_errors(mock, API_PRODUCE, 1, err);
	put_all(k, &b, 101, 20);
	serve(k, 1100);
	sink_close(k, 5000, &st);
	text = caught_log();
	CHECK_EQ(lines_with(text, "; a new producer goes on from the first message not acknowledged"), 1);
	CHECK_EQ(st.producers, 1);
	CHECK_EQ(st.accepted, 1100);
	CHECK_EQ(st.delivered, 1100);
	CHECK_EQ(lost_in_all(&st), 0);
	late = check_topic("t", 7, 1, 1100);
	if (check_failures)
		printf("# log: %s\n", text);
	drop(&b);
	mock_stop();
	return late;
}

static void test_fatal_error(void)
{
	CHECK_EQ(broken_producer(RD_KAFKA_RESP_ERR_OUT_OF_ORDER_SEQUENCE_NUMBER), 0);
}

/* librdkafka goes on with later messages before it says that these failed. */
static void test_old_producer(void)
{
	broken_producer(RD_KAFKA_RESP_ERR_INVALID_PRODUCER_EPOCH);
}

/* Rights are taken away and given back: nothing is lost. */
static void test_no_rights(void)
{
	struct sink_settings s = (mock_start("t"), test_settings(output));
	struct sink_stats st;
	struct batch b = { 0 };
	struct sink *k;
	char *text;

	rd_kafka_mock_push_request_errors(mock, API_PRODUCE, 3, RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED,
					  RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED,
					  RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED);
	catch_log();
	CHECK_EQ(sink_open(&k, &s), 0);
	put_all(k, &b, 1, 4);
	serve(k, 200);
	sink_close(k, 5000, &st);
	text = caught_log();
	CHECK_EQ(lines_with(text, "Topic authorization failed; it is tried again"), 1);
	CHECK_EQ(st.delivered, 200);
	CHECK_EQ(lost_in_all(&st), 0);
	CHECK_EQ(check_topic("t", 7, 1, 200), 0);
	if (check_failures)
		printf("# log: %s\n", text);
	drop(&b);
	mock_stop();
}

/* Time-outs that the user asks for don't decide a loss either. */
static void test_message_timeout(void)
{
	char *props[] = { "message.timeout.ms", "300", NULL };
	struct sink_settings s = (mock_start("t"), test_settings(output));
	struct sink_stats st;
	struct batch b = { 0 };
	struct sink *k;
	double start = seconds();
	char *text;

	rd_kafka_mock_broker_set_down(mock, 1);
	s.kafka = props;
	catch_log();
	CHECK_EQ(sink_open(&k, &s), 0);
	put_all(k, &b, 1, 2);
	for (; seconds() - start < 1.5; usleep(1000))
		sink_poll(k);
	CHECK_EQ(answered(k), 0);
	rd_kafka_mock_broker_set_up(mock, 1);
	serve(k, 100);
	sink_close(k, 5000, &st);
	text = caught_log();
	CHECK_EQ(lines_with(text, "Message timed out; it is tried again"), 1);
	CHECK_EQ(st.delivered, 100);
	CHECK_EQ(check_topic("t", 7, 1, 100), 0);
	if (check_failures)
		printf("# log: %s\n", text);
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
	CHECK_EQ(lines_with(text, "50 records not acknowledged by the end"), 1);
	CHECK_EQ(lines_with(text, "\n"), 3);
	CHECK_EQ(st.accepted, 50);
	CHECK_EQ(st.delivered, 0);
	CHECK_EQ(st.lost[NT_LOSS_CLOSED], 50);
	CHECK_EQ(reported_lost(), 50);
	CHECK_EQ(tickets[0].why, NT_LOSS_CLOSED);
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
	fill(&b, 7, 11, 10, 10);
	CHECK_EQ(put(k, &b), 0);
	start = seconds();
	sink_close(k, 500, &st);
	CHECK(seconds() - start < 1.5);
	caught_log();
	CHECK_EQ(st.accepted, 20);
	CHECK_EQ(st.delivered, 10);
	CHECK_EQ(st.lost[NT_LOSS_CLOSED], 10);
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
	RUN(test_old_producer);
	RUN(test_no_rights);
	RUN(test_message_timeout);
	RUN(test_unreachable);
	RUN(test_close_in_flight);
	return check_done();
}
