// SPDX-License-Identifier: Apache-2.0
/*
 * sink_kafka_turns.c - what the Kafka sink gives librdkafka, and when: as much
 * as a request holds, of each stream, and no more until all of it is
 * answered; for meanwhile a thread of librdkafka would spin.
 */
#include <poll.h>
#include "sink_mock.h"
#include "sink/kafka_priv.h"

#define RTT_MS 400			/* time enough to look, on a slow machine, too */

static uint32_t sent(struct sink *k, enum stream s)
{
	return ((struct kafka_sink *)k)->window.streams[s].sent;
}

static void put_some(struct sink *k, struct batch *b, enum stream s, uint64_t seq, uint32_t n)
{
	fill(b, 7, seq, n, 500);
	b->stream = s;
	CHECK_EQ(put(k, b), 0);
}

/* Connected, with one message of packets answered; from then on an answer takes so long. */
static struct sink *start(struct batch *b, int rtt_ms, char **properties)
{
	struct sink_settings s = (mock_start("t"), test_settings(output));
	struct sink *k = NULL;
	char flows[256];

	rd_kafka_mock_topic_create(mock, "f", 1, 1);
	snprintf(flows, sizeof(flows), "kafka:%s/f", rd_kafka_mock_cluster_bootstraps(mock));
	s.output[STREAM_FLOWS] = flows;
	s.kafka = properties;
	CHECK_EQ(sink_open(&k, &s), 0);
	((struct kafka_sink *)k)->closing = true;	/* the first waits for none */
	put_some(k, b, STREAM_PACKETS, 0, 1);
	serve(k, 1);
	((struct kafka_sink *)k)->closing = false;
	rd_kafka_mock_broker_set_rtt(mock, 1, rtt_ms);
	return k;
}

static void end(struct sink *k, struct batch *b, uint64_t records)
{
	struct sink_stats st;

	serve(k, records + 1);
	sink_close(k, 20000, &st);
	CHECK_EQ(st.delivered, records + 1);
	CHECK_EQ(lost_in_all(&st), 0);
	drop(b);
	mock_stop();
}

static void poll_until_sent(struct sink *k, enum stream s)
{
	for (double begin = seconds(); !sent(k, s) && seconds() - begin < PATIENCE_S; usleep(500))
		sink_poll(k);
}

/* The first wait for others, then go; the next wait for the answer, those of another stream do not. */
static void test_one_at_a_time(void)
{
	struct batch b = { 0 };
	struct sink *k = start(&b, RTT_MS, NULL);
	double begin = seconds();

	put_some(k, &b, STREAM_PACKETS, 1, 3);
	CHECK_EQ(sent(k, STREAM_PACKETS), 0);
	put_some(k, &b, STREAM_PACKETS, 4, 2);
	poll_until_sent(k, STREAM_PACKETS);
	CHECK_EQ(sent(k, STREAM_PACKETS), 5);
	CHECK(seconds() - begin >= 0.02);
	put_some(k, &b, STREAM_PACKETS, 6, 7);
	put_some(k, &b, STREAM_FLOWS, 1, 4);
	poll_until_sent(k, STREAM_FLOWS);
	CHECK_EQ(answered(k), 1);
	CHECK_EQ(sent(k, STREAM_FLOWS), 4);
	while (answered(k) < 6 && seconds() - begin < PATIENCE_S) {
		if (sent(k, STREAM_PACKETS) > 5)
			break;
		sink_poll(k);
		usleep(500);
	}
	CHECK(answered(k) >= 6);
	poll_until_sent(k, STREAM_PACKETS);
	CHECK_EQ(sent(k, STREAM_PACKETS), 7);
	end(k, &b, 16);
}

/* What fills a request waits for nothing, and what doesn't fit goes with the next one. */
static void test_a_request(void)
{
	char *properties[] = { "batch.size", "10000", "linger.ms", "900000", NULL };
	struct batch b = { 0 };
	struct sink *k = start(&b, 1, properties);
	uint32_t first;

	put_some(k, &b, STREAM_PACKETS, 1, 40);
	first = sent(k, STREAM_PACKETS);
	CHECK(first >= 10000 / (530 + PRODUCER_EXTRA_BYTES) - 1 && first <= 10000 / (500 + PRODUCER_EXTRA_BYTES));
	end(k, &b, 40);
}

/* Who lets requests be larger gets larger ones; the smaller of the two bounds counts. */
static void test_bounds(void)
{
	char *larger[] = { "batch.size", "3000000", "message.max.bytes", "2500000", NULL };
	char *smaller[] = { "batch.size", "2000", "message.max.bytes", "2500000", NULL };
	struct sink_settings s = test_settings("kafka:127.0.0.1:1/t");
	struct sink *k;

	catch_log();
	CHECK_EQ(sink_open(&k, &s), 0);
	CHECK_EQ(((struct kafka_sink *)k)->turn_bytes, 1000000);
	sink_close(k, 0, NULL);
	s.kafka = larger;
	CHECK_EQ(sink_open(&k, &s), 0);
	CHECK_EQ(((struct kafka_sink *)k)->turn_bytes, 2500000);
	sink_close(k, 0, NULL);
	s.kafka = smaller;
	CHECK_EQ(sink_open(&k, &s), 0);
	CHECK_EQ(((struct kafka_sink *)k)->turn_bytes, 2000);
	sink_close(k, 0, NULL);
	caught_log();
}

/* A message larger than what a request is meant to hold goes alone. */
static void test_a_large_message(void)
{
	char *properties[] = { "batch.size", "300", NULL };
	struct batch b = { 0 };
	struct sink *k = start(&b, 20, properties);

	put_some(k, &b, STREAM_PACKETS, 1, 5);
	CHECK_EQ(sent(k, STREAM_PACKETS), 1);
	end(k, &b, 5);
}

/* At the end nothing waits for others. */
static void test_at_the_end(void)
{
	char *properties[] = { "linger.ms", "900000", NULL };
	struct batch b = { 0 };
	struct sink *k = start(&b, 1, properties);
	struct sink_stats st;

	put_some(k, &b, STREAM_PACKETS, 1, 5);
	sink_poll(k);
	CHECK_EQ(sent(k, STREAM_PACKETS), 0);
	sink_close(k, 20000, &st);
	CHECK_EQ(st.delivered, 6);
	drop(&b);
	mock_stop();
}

/* Of an eventfd: whether it is written within the time. */
static bool told(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	uint64_t n;

	return poll(&p, 1, (int)(PATIENCE_S * 1000)) == 1 && read(fd, &n, sizeof(n)) == sizeof(n);
}

static void test_answers_wake(void)
{
	struct batch b = { 0 };
	struct sink *k = start(&b, RTT_MS, NULL);
	double begin = seconds();

	put_some(k, &b, STREAM_PACKETS, 1, 5);
	poll_until_sent(k, STREAM_PACKETS);
	while (answered(k) < 6 && told(sink_wake_fd(k)) && seconds() - begin < PATIENCE_S)
		sink_poll(k);
	CHECK_EQ(answered(k), 6);
	end(k, &b, 5);
}

static double cpu_seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* Messages come faster than answers: no thread works while all wait. */
static void test_nobody_spins(void)
{
	struct batch b = { 0 };
	struct sink *k = start(&b, RTT_MS, NULL);
	double begin = seconds(), used = cpu_seconds();
	uint64_t n = 0;

	while (seconds() - begin < 5 * RTT_MS / 1000.0) {
		put_some(k, &b, STREAM_PACKETS, n + 1, 6);	/* more than five in flight: only then there is one request */
		n += 6;
		sink_poll(k);
		usleep(10000);
	}
	used = (cpu_seconds() - used) / (seconds() - begin);
	printf("# %.1f %% of a CPU\n", 100 * used);
	CHECK(used < 0.25);
	end(k, &b, n);
}

int main(void)
{
	RUN(test_one_at_a_time);
	RUN(test_a_request);
	RUN(test_bounds);
	RUN(test_a_large_message);
	RUN(test_at_the_end);
	RUN(test_answers_wake);
	RUN(test_nobody_spins);
	return check_done();
}
