// SPDX-License-Identifier: Apache-2.0
/*
 * sink_kafka_alloc.c - the Kafka sink and its spool when the n-th allocation
 * fails, for every n: open says so or works, and what was put is delivered,
 * spooled or counted as lost, and reported once. librdkafka's own do not fail.
 */
#include <errno.h>
#include "failing_alloc.h"
#include "sink_mock.h"
#include "sink_spool.h"

#define ALLOCATIONS_MAX 500

static struct sink_settings settings_with(const char *to)
{
	struct sink_settings s = spool_settings(to);

	s.spool_after_ns = 50000000;
	return s;
}

/* Opens the sink while the n-th allocation fails; NULL: it said no. */
static struct sink *open_failing(const struct sink_settings *s, long n)
{
	struct sink *k;
	int err;

	fail_at = n;
	err = sink_open(&k, s);
	CHECK(!err || (err == -ENOMEM && failed));
	return err ? NULL : k;
}

/* Puts two batches, again and again. */
static void put_two(struct sink *k, struct batch *b)
{
	for (uint64_t i = 0; i < 2; i++) {
		long at = fail_at;
		int err;

		fail_at = 0;				/* the test's own must not fail */
		fill(b, 7, 1 + 20 * i, 20, 10);
		fail_at = at;
		while ((err = put(k, b)) == -EAGAIN)
			sink_poll(k);
		CHECK_EQ(err, 0);
	}
}

/* One round that was spared no failure; true once there were fewer than n allocations. */
static bool is_over(long n)
{
	bool over = !failed;

	fail_at = 0;
	failed = 0;
	CHECK(n < ALLOCATIONS_MAX);
	return over || n >= ALLOCATIONS_MAX || check_failures;
}

static void test_delivery(void)
{
	struct batch b = { 0 };
	bool over = false;

	mock_start("t");
	for (long n = 1; !over; n++) {
		struct sink_settings s = settings_with(output);
		struct sink_stats st = { 0 };
		struct sink *k;

		catch_log();
		k = open_failing(&s, n);
		if (k) {
			put_two(k, &b);
			serve(k, 40);
			sink_close(k, 10000, &st);
			CHECK_EQ(st.delivered, 40);
			balance(&st);
		}
		caught_log();
		drop(&b);
		over = is_over(n);
	}
	mock_stop();
	remove_spool();
}

/* No broker: into the spool, and in the next run out of it. */
static void test_spool(void)
{
	struct batch b = { 0 };
	bool over = false;

	mock_start("t");
	for (long n = 1; !over; n++) {
		struct sink_settings s = settings_with("kafka:127.0.0.1:1/t");
		struct sink_stats st = { 0 };
		struct sink *k;

		catch_log();
		k = open_failing(&s, n);
		if (k) {
			put_two(k, &b);
			serve(k, 40);
			sink_close(k, 0, &st);
			CHECK_EQ(st.spooled, 40);
			CHECK_EQ(lost_in_all(&st), 0);
			balance(&st);
		}
		caught_log();
		drop(&b);
		over = is_over(n);
		remove_spool();
	}
	mock_stop();
}

static void fill_spool(struct batch *b)
{
	struct sink_settings s = settings_with("kafka:127.0.0.1:1/t");
	struct sink *k;

	CHECK_EQ(sink_open(&k, &s), 0);
	put_two(k, b);
	sink_close(k, 0, NULL);
	CHECK_EQ(not_reported_once(), 0);
}

static void test_catching_up(void)
{
	struct batch b = { 0 };
	bool over = false;

	mock_start("t");
	for (long n = 1; !over; n++) {
		struct sink_settings s = settings_with(output);
		struct sink_stats st = { 0 };
		double start = seconds();
		struct sink *k;

		catch_log();
		fill_spool(&b);
		k = open_failing(&s, n);
		if (k) {
			put_two(k, &b);
			do {
				sink_poll(k);
				sink_get_stats(k, &st);
				usleep(1000);
			} while (st.spool_held && seconds() - start < PATIENCE_S);
			sink_close(k, 10000, &st);
			CHECK_EQ(st.spool_held, 0);
			CHECK_EQ(st.spool_out + st.delivered, 80);
			balance(&st);
		}
		caught_log();
		drop(&b);
		over = is_over(n);
		remove_spool();
	}
	mock_stop();
}

int main(void)
{
	if (!mkdtemp(spool_dir))
		return 1;
	RUN(test_wrapped);
	RUN(test_delivery);
	RUN(test_spool);
	RUN(test_catching_up);
	rmdir(spool_dir);
	return check_done();
}
