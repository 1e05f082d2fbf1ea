/* SPDX-License-Identifier: Apache-2.0 */
/*
 * keeper_topic.c - the keeper's thread follows a topic, of a mock cluster: what
 * it holds is known at the start, and what comes later a little after it came.
 */
#include "inventory/board.h"
#include "keeper_util.h"
#include "sink_mock.h"

static void say_in_topic(const char *key, const char *value)
{
	rd_kafka_conf_t *conf = rd_kafka_conf_new();
	char err[512];
	rd_kafka_t *p;

	rd_kafka_conf_set(conf, "bootstrap.servers", rd_kafka_mock_cluster_bootstraps(mock), err, sizeof(err));
	p = rd_kafka_new(RD_KAFKA_PRODUCER, conf, err, sizeof(err));
	CHECK_EQ(rd_kafka_producev(p, RD_KAFKA_V_TOPIC("inv"), RD_KAFKA_V_PARTITION(0), RD_KAFKA_V_KEY(key, strlen(key)),
				   RD_KAFKA_V_VALUE((void *)(uintptr_t)value, strlen(value)),
				   RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY), RD_KAFKA_V_END), 0);
	CHECK_EQ(rd_kafka_flush(p, 1000 * (int)PATIENCE_S), 0);
	rd_kafka_destroy(p);
}

static bool wait_revision(struct keeper *k, uint64_t revision)
{
	const struct timespec nap = { .tv_nsec = 2000000 };
	int64_t end = clock_monotonic_ns() + WAIT_NS;

	while (stats_of(k).revision < revision && clock_monotonic_ns() < end)
		nanosleep(&nap, NULL);
	return stats_of(k).revision == revision;
}

static void test_follows_a_topic(void)
{
	struct keeper *k;

	mock_start("inv");
	say_in_topic("t", "{\"kind\":\"box\",\"name\":\"first\"}");
	CHECK_EQ(OPEN(&k, output), 0);
	CHECK(has_box(k, "first"));
	CHECK_EQ(stats_of(k).revision, 1);
	CHECK_EQ(keeper_start(k), 0);
	say_in_topic("u", "{\"kind\":\"box\",\"name\":\"second\"}");
	CHECK(wait_revision(k, 2));
	CHECK(has_box(k, "second"));
	say_in_topic("x", "no statement");
	say_in_topic("v", "{\"kind\":\"box\",\"name\":\"third\"}");
	CHECK(wait_revision(k, 3));
	CHECK(has_box(k, "third"));
	CHECK_EQ(stats_of(k).problems[PROBLEM_SYNTAX], 1);
	CHECK_EQ(stats_of(k).events, 4);
	keeper_close(k);
	mock_stop();
}

int main(void)
{
	RUN(test_follows_a_topic);
	return check_done();
}
