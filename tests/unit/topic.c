/* SPDX-License-Identifier: Apache-2.0 */
/*
 * topic.c - the source of a topic against a mock cluster: what a message is
 * handed out as, and that the end of what was there is seen. A broker, and how
 * it goes and comes back, is in tests/tags.
 */
#include <errno.h>
#include <poll.h>
#include "base/clock.h"
#include "check.h"
#include "inventory/topic.h"
#include "sink_mock.h"

#define T0_MS INT64_C(1795298400000)	/* 2026-11-21T22:00:00Z */
#define CATCH_UP_MS 5000
#define MAX 8

static struct said {
	int32_t partition;
	int64_t offset, time_ns;
	char key[16], payload[16];	/* "-": NULL */
} said[MAX];
static int said_n;

static void keep(void *arg, const struct topic_message *m)
{
	struct said *s = &said[said_n % MAX];

	(void)arg;
	s->partition = m->partition;
	s->offset = m->offset;
	s->time_ns = m->time_ns;
	snprintf(s->key, sizeof(s->key), "%s", m->key ? m->key : "-");
	snprintf(s->payload, sizeof(s->payload), "%.*s", m->payload ? (int)m->payload_len : 1, m->payload ? m->payload : "-");
	said_n++;
}

static rd_kafka_t *producer(void)
{
	rd_kafka_conf_t *conf = rd_kafka_conf_new();
	char err[512];

	rd_kafka_conf_set(conf, "bootstrap.servers", rd_kafka_mock_cluster_bootstraps(mock), err, sizeof(err));
	rd_kafka_conf_set(conf, "linger.ms", "1000", err, sizeof(err));	/* what is put is one batch */
	return rd_kafka_new(RD_KAFKA_PRODUCER, conf, err, sizeof(err));
}

/* payload NULL: a tombstone. */
static void say_in_topic(rd_kafka_t *p, int32_t partition, const char *key, size_t key_len, const char *payload, int64_t ms)
{
	CHECK_EQ(rd_kafka_producev(p, RD_KAFKA_V_TOPIC("inv"), RD_KAFKA_V_PARTITION(partition), RD_KAFKA_V_KEY(key, key_len),
				   RD_KAFKA_V_VALUE((void *)(uintptr_t)payload, payload ? strlen(payload) : 0),
				   RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY), RD_KAFKA_V_TIMESTAMP(ms), RD_KAFKA_V_END), 0);
}

static void put_all(rd_kafka_t *p)
{
	CHECK_EQ(rd_kafka_flush(p, 1000 * (int)PATIENCE_S), 0);
}

static void check_said(int i, int64_t offset, const char *key, const char *payload, int64_t ms)
{
	CHECK(i < said_n);
	CHECK_EQ(said[i].offset, offset);
	CHECK_EQ(said[i].time_ns, ms * 1000000);
	CHECK_STR(said[i].key, key);
	CHECK_STR(said[i].payload, payload);
}

static void start(struct topic **t)
{
	said_n = 0;
	memset(said, 0, sizeof(said));
	CHECK_EQ(topic_open(t, output, NULL), 0);
}

static void test_messages(void)
{
	rd_kafka_t *p = (mock_start("inv"), producer());
	struct topic *t;

	say_in_topic(p, 1, "i-1", 3, "value", T0_MS);
	say_in_topic(p, 1, "i-1", 3, NULL, T0_MS + 1);
	say_in_topic(p, 1, "i\0x", 3, "", T0_MS + 2);
	put_all(p);
	start(&t);
	CHECK_EQ(topic_catch_up(t, CATCH_UP_MS, keep, NULL), 0);
	CHECK_EQ(said_n, 3);
	CHECK_EQ(said[0].partition, 1);
	check_said(0, 0, "i-1", "value", T0_MS);
	check_said(1, 1, "i-1", "-", T0_MS + 1);
	check_said(2, 2, "-", "", T0_MS + 2);	/* cut at its NUL it would be another's */
	topic_close(t);
	rd_kafka_destroy(p);
	mock_stop();
}

/* Microseconds where milliseconds are meant, say. */
static void test_a_time_that_cannot_be(void)
{
	rd_kafka_t *p = (mock_start("inv"), producer());
	int64_t before = clock_ns(CLOCK_REALTIME);
	struct topic *t;

	say_in_topic(p, 0, "i-1", 3, "value", T0_MS * 1000);
	put_all(p);
	start(&t);
	CHECK_EQ(topic_catch_up(t, CATCH_UP_MS, keep, NULL), 0);
	CHECK_EQ(said_n, 1);
	CHECK(said[0].time_ns >= before && said[0].time_ns <= clock_ns(CLOCK_REALTIME));
	topic_close(t);
	rd_kafka_destroy(p);
	mock_stop();
}

/* What comes after the end was reached is handed out once; what a turn leaves rings again. */
static void test_goes_on(void)
{
	rd_kafka_t *p = (mock_start("inv"), producer());
	double begin = seconds();
	struct pollfd fd = { .events = POLLIN };
	struct topic *t;

	start(&t);
	CHECK_EQ(topic_catch_up(t, CATCH_UP_MS, keep, NULL), 0);	/* it holds nothing */
	for (int i = 0; i < MAX; i++)
		say_in_topic(p, 0, "k", 1, "v", T0_MS + i);
	put_all(p);
	fd.fd = topic_fd(t);
	while (said_n < MAX && seconds() - begin < PATIENCE_S && poll(&fd, 1, 1000 * (int)PATIENCE_S) == 1)
		topic_poll(t, 1, keep, NULL);
	CHECK_EQ(said_n, MAX);
	for (int i = 0; i < MAX; i++)
		check_said(i, i, "k", "v", T0_MS + i);
	topic_close(t);
	rd_kafka_destroy(p);
	mock_stop();
}

int main(void)
{
	RUN(test_messages);
	RUN(test_a_time_that_cannot_be);
	RUN(test_goes_on);
	return check_done();
}
