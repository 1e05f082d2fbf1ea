// SPDX-License-Identifier: Apache-2.0
/*
 * sink_kafka_room.c - the Kafka sink whose window is full: no more is taken,
 * put never waits, nothing is lost.
 */
#include <errno.h>
#include "sink_mock.h"

/* The window holds 10 messages and the broker is down: nothing is lost, put doesn't wait. */
static void test_window_full(void)
{
	char *props[] = { "queue.buffering.max.messages", "10", NULL };
	struct sink_settings s = (mock_start("t"), test_settings(output));
	struct sink_stats st;
	struct batch b = { 0 };
	struct sink *k;
	double start;
	int taken = 0, err = 0;

	rd_kafka_mock_broker_set_down(mock, 1);
	s.kafka = props;
	catch_log();
	CHECK_EQ(sink_open(&k, &s), 0);
	start = seconds();
	for (int i = 0; i < 100 && !err; i++) {
		bool room = sink_has_room(k);

		fill(&b, 7, 1 + (uint64_t)taken, 4, 10);
		err = put(k, &b);
		CHECK_EQ(room, !err);
		taken += err ? 0 : 4;
	}
	CHECK_EQ(err, -EAGAIN);
	CHECK(!sink_has_room(k));
	CHECK_EQ(taken, 12);				/* the third exceeds the bound */
	CHECK_EQ(b.count, 4);				/* as it was */
	CHECK_EQ(b.msgs_n, 4);
	CHECK(seconds() - start < 2);
	rd_kafka_mock_broker_set_up(mock, 1);
	serve(k, 12);
	CHECK(sink_has_room(k));
	CHECK_EQ(put(k, &b), 0);
	sink_close(k, 10000, &st);
	caught_log();
	CHECK_EQ(st.accepted, 16);
	CHECK_EQ(st.delivered, 16);
	CHECK_EQ(check_topic("t", 7, 1, 16), 0);
	drop(&b);
	mock_stop();
}

/* A batch larger than the window goes through it bit by bit. */
static void test_batch_larger_than_window(void)
{
	char *props[] = { "queue.buffering.max.messages", "10", NULL };
	struct sink_settings s = (mock_start("t"), test_settings(output));
	struct sink_stats st;
	struct batch b = { 0 };
	struct sink *k;

	s.kafka = props;
	CHECK_EQ(sink_open(&k, &s), 0);
	fill(&b, 7, 1, 500, 10);
	CHECK_EQ(put(k, &b), 0);
	serve(k, 500);
	sink_close(k, 10000, &st);
	CHECK_EQ(st.delivered, 500);
	CHECK_EQ(check_topic("t", 7, 1, 500), 0);
	drop(&b);
	mock_stop();
}

/* Messages that were acknowledged leave the window although nobody polls. */
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
	CHECK_EQ(sink_open(&k, &s), 0);
	fill(&b, 7, 1, 10, 10);
	CHECK_EQ(put(k, &b), 0);
	fill(&b, 7, 11, 10, 10);
	while ((err = put(k, &b)) == -EAGAIN && seconds() - start < PATIENCE_S)
		usleep(1000);
	sink_close(k, 10000, &st);
	CHECK_EQ(err, 0);
	CHECK_EQ(st.delivered, 20);
	drop(&b);
	mock_stop();
}

int main(void)
{
	RUN(test_window_full);
	RUN(test_batch_larger_than_window);
	RUN(test_put_makes_room);
	return check_done();
}
