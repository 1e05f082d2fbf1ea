// SPDX-License-Identifier: Apache-2.0
/*
 * topic.c - the source "kafka:BROKER,.../TOPIC": each message of a topic, from
 * its beginning. See kafka/ for what it shares with the sink.
 *
 * librdkafka's simple consumer reads all partitions into one queue: no group,
 * no offsets kept. How many partitions there are is not asked, since that
 * would wait; a few more than were seen are always wanted (AHEAD), and begin
 * by themselves when librdkafka's own refresh finds them. What messages say is
 * not looked at.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>
#include "base/clock.h"
#include "base/log.h"
#include "inventory/topic_priv.h"

#define AHEAD 8				/* partitions wanted behind the last one that was heard of */
#define MISSING_MS 2000			/* a broker that just started knows its topics a little later */
#define PAUSE_MS 50

typedef void topic_each(void *arg, const struct topic_message *m);

static int64_t now_ns(void)
{
	return clock_ns(CLOCK_BOOTTIME);
}

static void ring(struct topic *t)
{
	uint64_t one = 1;

	(void)!write(t->fd, &one, sizeof(one));	/* fails only when it is readable as it can be */
}

static int begin(struct topic *t, int32_t partition)
{
	t->parts[partition] = (struct part){ .next = -1 };
	if (!rd_kafka_consume_start_queue(t->rkt, partition, RD_KAFKA_OFFSET_BEGINNING, t->queue))
		return 0;
	log_error("read kafka topic %s: partition %" PRId32 ": %s", rd_kafka_topic_name(t->rkt), partition,
		  rd_kafka_err2str(rd_kafka_last_error()));
	return -EIO;
}

/* Wants all partitions below n; those that don't exist yet begin when they do. */
static int want(struct topic *t, int32_t n)
{
	struct part *parts;

	if (n <= t->parts_n)
		return 0;
	parts = reallocarray(t->parts, (size_t)n, sizeof(*parts));
	if (!parts) {
		log_error("read kafka topic %s: out of memory for partition %" PRId32,
			  rd_kafka_topic_name(t->rkt), t->parts_n);
		return -ENOMEM;
	}
	t->parts = parts;
	for (; t->parts_n < n; t->parts_n++)
		if (begin(t, t->parts_n))
			return -EIO;
	return 0;
}

/*
 * A topic that was missing may have been made again: what is in it now is read
 * from its beginning. If it was the same all the time nothing new is said.
 */
static void begin_again(struct topic *t)
{
	t->gone = false;
	for (int32_t i = 0; i < t->parts_n; i++) {
		if (t->parts[i].next < 0)
			continue;	/* it still begins where it did */
		rd_kafka_consume_stop(t->rkt, i);
		(void)begin(t, i);
	}
}

static int start_reading(struct topic *t, const char *name)
{
	static const uint64_t one = 1;

	t->rkt = rd_kafka_topic_new(t->rk, name, NULL);
	if (!t->rkt) {
		log_error("open kafka topic %s: %s", name, rd_kafka_err2str(rd_kafka_last_error()));
		return -EINVAL;
	}
	t->main = rd_kafka_queue_get_main(t->rk);
	t->queue = rd_kafka_queue_new(t->rk);
	rd_kafka_queue_io_event_enable(t->main, t->fd, &one, sizeof(one));
	rd_kafka_queue_io_event_enable(t->queue, t->fd, &one, sizeof(one));
	ring(t);			/* for what was queued before that */
	return want(t, AHEAD);
}

/* Takes conf, whatever comes back. */
static int start(struct topic *t, rd_kafka_conf_t *conf, const char *name)
{
	char reason[512];

	t->fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	if (t->fd < 0) {
		int err = -errno;

		log_error("open kafka topic %s: eventfd: %s", name, strerror(errno));
		rd_kafka_conf_destroy(conf);
		return err;
	}
	t->rk = rd_kafka_new(RD_KAFKA_CONSUMER, conf, reason, sizeof(reason));
	if (!t->rk) {
		rd_kafka_conf_destroy(conf);
		log_error("start kafka consumer: %s", reason);
		return -EINVAL;
	}
	rd_kafka_set_log_queue(t->rk, NULL);
	return start_reading(t, name);
}

int topic_open(struct topic **out, const char *source, char *const *properties)
{
	struct topic *t = calloc(1, sizeof(*t));
	struct sink_spec spec;
	rd_kafka_conf_t *conf;
	int err;

	if (!t) {
		log_error("open %s: out of memory", source);
		return -ENOMEM;
	}
	t->fd = -1;
	err = sink_spec_parse(&spec, source);
	if (!err && spec.kind != SINK_KAFKA) {
		log_error("open %s: not a kafka topic, expected kafka:BROKER[,BROKER...]/TOPIC", source);
		err = -EINVAL;
	}
	if (err)
		goto out;
	conf = rd_kafka_conf_new();
	err = topic_configure(t, conf, properties, &spec);
	if (err)
		rd_kafka_conf_destroy(conf);
	else
		err = start(t, conf, spec.topic);
out:
	if (err) {
		topic_close(t);
		return err;
	}
	*out = t;
	return 0;
}

static void close_queue(rd_kafka_queue_t *q)
{
	if (!q)
		return;
	rd_kafka_queue_io_event_enable(q, -1, NULL, 0);	/* the eventfd goes first */
	rd_kafka_queue_destroy(q);
}

void topic_close(struct topic *t)
{
	if (!t)
		return;
	for (int32_t i = 0; i < t->parts_n; i++)
		rd_kafka_consume_stop(t->rkt, i);
	close_queue(t->queue);
	close_queue(t->main);
	if (t->rkt)
		rd_kafka_topic_destroy(t->rkt);
	if (t->rk)
		rd_kafka_destroy(t->rk);
	if (t->fd >= 0)
		close(t->fd);
	free(t->parts);
	buf_free(&t->key);
	free(t);
}

int topic_fd(const struct topic *t)
{
	return t->fd;
}

/* NULL: there is none. A key with a NUL in it is no id, and would be cut: as good as none. */
static const char *key_of(struct topic *t, const rd_kafka_message_t *m)
{
	t->key.len = 0;
	if (!m->key || memchr(m->key, 0, m->key_len) ||
	    buf_put(&t->key, m->key, m->key_len) || buf_put(&t->key, "", 1))
		return NULL;
	return (const char *)t->key.data;
}

/* Producers choose the time freely: one that ns can't tell is as good as none. */
static int64_t time_of(const rd_kafka_message_t *m)
{
	rd_kafka_timestamp_type_t type;
	int64_t ms = rd_kafka_message_timestamp(m, &type), ns;

	if (type == RD_KAFKA_TIMESTAMP_NOT_AVAILABLE || __builtin_mul_overflow(ms, INT64_C(1000000), &ns))
		return clock_ns(CLOCK_REALTIME);
	return ns;
}

static void hand_out(struct topic *t, const rd_kafka_message_t *m, topic_each *each, void *arg)
{
	struct topic_message out = {
		.topic = rd_kafka_topic_name(t->rkt),
		.partition = m->partition,
		.offset = m->offset,
		.time_ns = time_of(m),
		.key = key_of(t, m),
		.payload = m->payload,
		.payload_len = m->len,
	};

	each(arg, &out);
}

/* A message, the end of a partition, or an error. Was it a message? */
static bool take(struct topic *t, const rd_kafka_message_t *m, topic_each *each, void *arg)
{
	bool end = m->err == RD_KAFKA_RESP_ERR__PARTITION_EOF;

	if (m->err == RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION)
		return false;		/* one of those ahead */
	if (m->err && !end) {
		topic_trouble(t, m->err);
		return false;
	}
	topic_all_well(t);
	if (m->partition < t->parts_n)
		t->parts[m->partition].next = end ? m->offset : m->offset + 1;
	want(t, m->partition + 1 + AHEAD);
	if (!end)
		hand_out(t, m, each, arg);
	return !end;
}

/* Takes at most max messages, the first of which may be waited for. */
static int serve(struct topic *t, int max, int timeout_ms, topic_each *each, void *arg)
{
	rd_kafka_message_t *m;
	int n = 0;

	rd_kafka_poll(t->rk, 0);
	if (t->gone)
		begin_again(t);
	while (n < max && (m = rd_kafka_consume_queue(t->queue, timeout_ms))) {
		n += take(t, m, each, arg);
		rd_kafka_message_destroy(m);
		timeout_ms = 0;
	}
	return n;
}

int topic_poll(struct topic *t, int max, topic_each *each, void *arg)
{
	uint64_t rung;
	int n;

	(void)!read(t->fd, &rung, sizeof(rung));	/* before the look: what comes behind it rings again */
	n = serve(t, max, 0, each, arg);
	if (n >= max)
		ring(t);		/* librdkafka won't: the queue may not have been empty */
	return n;
}

static int left_ms(int64_t deadline_ns)
{
	int64_t left = deadline_ns - now_ns();

	return left > 0 ? (int)(left / 1000000) + 1 : 0;
}

/* Asks until it is told, or it is late: how many partitions there are. A missing topic has none. */
static rd_kafka_resp_err_t count_partitions(struct topic *t, int64_t deadline_ns, int32_t *count)
{
	int64_t patience_ns = now_ns() + MISSING_MS * 1000000LL;
	const struct rd_kafka_metadata *m;
	rd_kafka_resp_err_t err;

	*count = 0;
	do {
		err = rd_kafka_metadata(t->rk, 0, t->rkt, &m, left_ms(deadline_ns));
		if (!err) {
			err = m->topic_cnt ? m->topics[0].err : RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART;
			*count = err ? 0 : m->topics[0].partition_cnt;
			rd_kafka_metadata_destroy(m);
		}
		if (!err)
			return err;
		if (topic_is_missing(err))
			topic_trouble(t, err);
		rd_kafka_poll(t->rk, PAUSE_MS);
	} while (left_ms(deadline_ns) && !(topic_is_missing(err) && now_ns() > patience_ns));
	return err;
}

static rd_kafka_resp_err_t find_ends(struct topic *t, int64_t deadline_ns, int32_t count)
{
	rd_kafka_resp_err_t err = RD_KAFKA_RESP_ERR_NO_ERROR;
	int64_t low, high;

	for (int32_t i = 0; i < count && !err; i++) {
		do {
			err = rd_kafka_query_watermark_offsets(t->rk, rd_kafka_topic_name(t->rkt), i, &low, &high,
							       left_ms(deadline_ns));
			if (err)
				rd_kafka_poll(t->rk, PAUSE_MS);
		} while (err && left_ms(deadline_ns));
		if (!err)
			t->parts[i].end = low < high ? high : 0;
	}
	return err;
}

/* Is there a partition that is not read to its end? Offsets have gaps, so that messages can't be counted. */
static bool is_behind(const struct topic *t, int32_t count)
{
	for (int32_t i = 0; i < count; i++)
		if (t->parts[i].next < t->parts[i].end)
			return true;
	return false;
}

static const char *why_late(rd_kafka_resp_err_t err)
{
	if (err == RD_KAFKA_RESP_ERR__TRANSPORT || err == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN)
		return "no broker answers, look at the addresses and the broker's log";
	return err == RD_KAFKA_RESP_ERR__TIMED_OUT ? "the brokers are too slow" : rd_kafka_err2str(err);
}

int topic_catch_up(struct topic *t, int timeout_ms, topic_each *each, void *arg)
{
	int64_t deadline_ns = now_ns() + timeout_ms * 1000000LL;
	int32_t count;
	rd_kafka_resp_err_t err = count_partitions(t, deadline_ns, &count);

	if (!err && want(t, count + AHEAD))
		err = RD_KAFKA_RESP_ERR__FAIL;
	if (!err)
		err = find_ends(t, deadline_ns, count);
	while (!err && is_behind(t, count)) {
		serve(t, 10000, PAUSE_MS, each, arg);
		if (!left_ms(deadline_ns) && is_behind(t, count))
			err = RD_KAFKA_RESP_ERR__TIMED_OUT;
	}
	ring(t);			/* logs and errors that came meanwhile */
	if (!err || topic_is_missing(err))
		return 0;		/* a topic that is not there holds nothing */
	log_warn("read kafka topic %s: its inventory did not come within %d ms: %s; records are tagged by what is known",
		 rd_kafka_topic_name(t->rkt), timeout_ms, why_late(err));
	return -ETIMEDOUT;
}
