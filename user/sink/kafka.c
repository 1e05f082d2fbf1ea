// SPDX-License-Identifier: Apache-2.0
/*
 * kafka.c - the sink "kafka:BROKER,.../TOPIC": each message of a batch to an
 * idempotent producer, until it is acknowledged. A batch's buffer is taken
 * over and read in place.
 *
 * Time and errors that pass lose nothing: a message is sent again, by a new
 * producer if need be, or spooled (kafka_spooling.c); if neither is possible
 * the window fills and no more is taken. Lost is only what no attempt could
 * ever deliver, and what is left at the end. Nothing here waits but the end.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include "base/clock.h"
#include "base/log.h"
#include "sink/kafka_priv.h"

#define RETRY_NS 250000000LL		/* before a message that failed is sent again, and between new producers */
#define SCHEMA_VERSION 1

static const struct sink_ops kafka_ops;

/* Errors that sending again can't mend, whatever happens to brokers, topics and rights. */
static bool is_refusal(rd_kafka_resp_err_t err)
{
	switch (err) {
	case RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE:
	case RD_KAFKA_RESP_ERR_INVALID_MSG_SIZE:
	case RD_KAFKA_RESP_ERR_INVALID_MSG:
	case RD_KAFKA_RESP_ERR_RECORD_LIST_TOO_LARGE:
	case RD_KAFKA_RESP_ERR_INVALID_RECORD:
	case RD_KAFKA_RESP_ERR_UNSUPPORTED_FOR_MESSAGE_FORMAT:
		return true;
	default:
		return false;
	}
}

/* Errors that a producer's number and counting are to blame for: only another one can be trusted. */
static bool is_of_producer(rd_kafka_resp_err_t err)
{
	switch (err) {
	case RD_KAFKA_RESP_ERR__FATAL:
	case RD_KAFKA_RESP_ERR__FENCED:
	case RD_KAFKA_RESP_ERR__INCONSISTENT:
	case RD_KAFKA_RESP_ERR__GAPLESS_GUARANTEE:
	case RD_KAFKA_RESP_ERR_OUT_OF_ORDER_SEQUENCE_NUMBER:
	case RD_KAFKA_RESP_ERR_INVALID_PRODUCER_EPOCH:
	case RD_KAFKA_RESP_ERR_INVALID_PRODUCER_ID_MAPPING:
	case RD_KAFKA_RESP_ERR_UNKNOWN_PRODUCER_ID:
	case RD_KAFKA_RESP_ERR_PRODUCER_FENCED:
		return true;
	default:
		return false;
	}
}

void kafka_finish(struct kafka_sink *k, struct queue *q, struct entry *e)
{
	struct sink_batch batch = e->batch;
	uint64_t lost = e->refused + e->closed;
	enum nt_loss why = e->closed ? NT_LOSS_CLOSED : NT_LOSS_REFUSED;
	bool of_spool = e->of_spool;

	if (!entry_settled(e))
		return;
	window_drop(&k->window, q, e);
	if (of_spool)
		return;
	k->batches--;
	sink_report(&k->base, &batch, lost, why);
}

/* The i-th counts answers within 2^i ms. */
static void count_latency(struct kafka_sink *k, int64_t ns)
{
	int i = 0;

	while (i < SINK_LATENCIES - 1 && ns > 1000000LL << i)
		i++;
	sink_count(&k->base.latency[i], 1);
	sink_count(&k->base.latency_ns, (uint64_t)ns);
}

static void count_answer(struct kafka_sink *k, struct entry *e, uint32_t records, bool refused, int64_t now)
{
	if (e->of_spool) {
		kafka_spool_answered(k, e, refused);
	} else if (refused) {
		e->refused += records;
		sink_loses(&k->base, &e->batch, NT_LOSS_REFUSED, records);
	} else {
		sink_delivered(&k->base, records);
		count_latency(k, now - e->put_ns);
	}
}

static void try_later(struct kafka_sink *k, const struct entry *e, rd_kafka_resp_err_t err, int64_t now)
{
	k->send_at_ns = now + RETRY_NS;
	if (is_of_producer(err))
		k->broken = err;
	else
		trouble_again(k, e->batch.stream, err);
}

void kafka_answered(struct kafka_sink *k, struct slot *s, rd_kafka_resp_err_t err)
{
	struct entry *e = s->entry;
	int64_t now = clock_monotonic_ns();

	if (err && !is_refusal(err)) {
		window_again(&k->window, s);
		try_later(k, e, err, now);
		return;
	}
	if (err)
		trouble_refused(k, e->batch.stream, err);
	else
		trouble_over(k, now);
	count_answer(k, e, e->msgs[slot_number(s)].count, err != 0, now);
	window_settle(&k->window, &k->window.flight, s, now);
	kafka_finish(k, &k->window.flight, e);
}

/* Whether the next message can be tried at once. */
static bool not_sent(struct kafka_sink *k, struct slot *s, rd_kafka_resp_err_t err)
{
	if (is_refusal(err)) {
		kafka_answered(k, s, err);
		return true;
	}
	if (err == RD_KAFKA_RESP_ERR__QUEUE_FULL)
		return false;
	try_later(k, s->entry, err, clock_monotonic_ns());
	return false;
}

/*
 * Whether so many bytes of e, the oldest of its stream, are sent now. An idempotent producer has a single request of a
 * partition on its way once that holds five messages, and one of its threads spins while it has more that are ready
 * (librdkafka 2.0.2). A box's messages of a topic are of one partition: so a producer is given as much as one request
 * holds, and nothing more until all of that is answered. What comes meanwhile waits here, and linger_ns at least.
 */
static bool has_turn(struct kafka_sink *k, const struct entry *e, size_t bytes, int64_t now)
{
	enum stream s = e->batch.stream;
	struct turn *t = &k->turns[s];

	if (k->window.streams[s].sent)
		return t->now_ns == now && t->bytes + bytes <= k->turn_bytes;
	*t = (struct turn){ .now_ns = now };
	return k->closing || now - e->put_ns >= k->linger_ns || k->window.streams[s].bytes >= k->turn_bytes;
}

/* The bytes of a message in a request. */
static size_t request_bytes(const struct batch_msg *m)
{
	return m->end - m->begin + PRODUCER_EXTRA_BYTES;
}

static void send_all(struct kafka_sink *k)
{
	int64_t now = clock_monotonic_ns();
	bool more = k->producer && !k->broken && now >= k->send_at_ns;
	unsigned int streams = (1U << STREAM_MAX) - 1;
	struct slot *s;
	uint32_t msg;

	while (more && (s = window_next(&k->window, streams, &msg))) {
		enum stream stream = s->entry->batch.stream;
		size_t bytes = request_bytes(&s->entry->msgs[msg]);
		rd_kafka_resp_err_t err;

		if (!has_turn(k, s->entry, bytes, now)) {
			streams &= ~(1U << stream);
			continue;
		}
		err = producer_send(k->producer, s->entry, msg);
		if (err) {
			more = not_sent(k, s, err);
		} else {
			window_sent(&k->window, s);
			k->turns[stream].bytes += bytes;
		}
	}
}

void kafka_throw_away(struct kafka_sink *k)
{
	k->retired = k->producer;
	k->producer = NULL;
	k->broken = 0;
	k->send_at_ns = 0;
	window_all_again(&k->window);
}

static int new_producer(struct kafka_sink *k, int64_t now, char *why, size_t why_size)
{
	const char *topics[STREAM_MAX] = { k->topics[0], k->topics[1], k->topics[2] };
	int err;

	k->new_at_ns = now + RETRY_NS;
	/* An entry holds a message at least; both queues can come to be in flight. */
	err = producer_open(&k->producer, k->conf, topics, 2 * k->window.max_messages + 2, why, why_size);
	if (!err)
		producer_wake(k->producer, k->base.fd);
	return err;
}

static void renew(struct kafka_sink *k, int64_t now)
{
	char why[sizeof(k->trouble.told_log)];

	if (k->producer || now < k->new_at_ns)
		return;
	if (!new_producer(k, now, why, sizeof(why)))
		sink_count(&k->base.producers, 1);
	else if (strcmp(k->trouble.told_log, why)) {
		strcpy(k->trouble.told_log, why);
		log_error("start another kafka producer: %s; it is tried again", why);
	}
}

void kafka_serve(struct kafka_sink *k, int wait_ms, bool flush)
{
	int64_t now;

	if (k->producer)
		producer_poll(k->producer, wait_ms, flush);
	if (k->retired && !producer_bury(k->retired))
		k->retired = NULL;
	if (k->broken && !k->retired) {
		trouble_broken(k);
		producer_retire(k->producer, &k->window.flight);
		kafka_throw_away(k);
	}
	now = clock_monotonic_ns();
	if (k->spool)
		kafka_serve_spool(k, now);
	renew(k, now);
	send_all(k);
}

static void kafka_poll(struct sink *s)
{
	kafka_serve((struct kafka_sink *)s, 0, false);
}

static bool kafka_has_room(const struct sink *s)
{
	const struct kafka_sink *k = (const struct kafka_sink *)s;

	return queue_has_room(&k->window, kafka_spooling(k) ? &k->window.waiting : &k->window.flight);
}

static int kafka_put(struct sink *s, struct batch *b, uint64_t ticket)
{
	struct kafka_sink *k = (struct kafka_sink *)s;
	uint64_t records = b->count;
	struct entry *e = NULL;

	if (!b->msgs_n)
		return sink_lose_batch(s, b, ticket, NT_LOSS_ENCODE);	/* it was encoded for a file */
	if (!kafka_has_room(s))
		kafka_serve(k, 0, false);
	if (kafka_has_room(s))
		e = window_take(&k->window, b, ticket);
	if (!e)
		return -EAGAIN;
	sink_takes(s, records);
	k->batches++;
	e->put_ns = clock_monotonic_ns();
	e->box = k->origin->box;
	e->epoch = k->origin->epoch;
	e->schema = k->schemas[e->batch.stream];
	if (kafka_spooling(k)) {
		kafka_spool_batch(k, e, e->put_ns);
	} else {
		window_send(&k->window, e, e->put_ns);
		send_all(k);
	}
	return 0;
}

static void kafka_stats(const struct sink *s, struct sink_stats *out)
{
	const struct kafka_sink *k = (const struct kafka_sink *)s;
	struct spool_stats st = k->last_stats;

	if (k->spool)
		spool_get_stats(k->spool, &st);
	out->spool_lost_refused = atomic_load_explicit(&k->spool_refused, memory_order_relaxed);
	out->spool_in = st.in;
	out->spool_out = st.out - out->spool_lost_refused;
	out->spool_held = st.held;
	out->spool_held_bytes = st.held_bytes;
	out->spool_lost_full = st.lost_full;
	out->spool_lost_age = st.lost_age;
	out->spool_lost_damaged = st.lost_damaged;
	out->spool_errors = st.errors;
}

static const struct sink_ops kafka_ops = {
	.put = kafka_put, .has_room = kafka_has_room, .poll = kafka_poll, .stats = kafka_stats, .close = kafka_close,
};

static int copy_names(struct kafka_sink *k, const struct sink_settings *s, const struct sink_spec specs[STREAM_MAX])
{
	if (s->spool) {
		k->spool_dir = strdup(s->spool);
		if (!k->spool_dir)
			return -ENOMEM;
	}
	for (int i = 0; i < STREAM_MAX; i++) {
		if (!s->output[i])
			continue;
		snprintf(k->schemas[i], sizeof(k->schemas[i]), "%s:%d", s->encoding[i], SCHEMA_VERSION);
		k->topics[i] = strdup(specs[i].topic);
		if (!k->topics[i])
			return -ENOMEM;
	}
	return 0;
}

/* The first producer says at once what is wrong with the properties. */
static int start(struct kafka_sink *k)
{
	char why[512];
	int err;

	k->base.fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (k->base.fd < 0) {
		err = -errno;
		log_error("start kafka producer: %s", strerror(-err));
		return err;
	}
	err = new_producer(k, clock_monotonic_ns(), why, sizeof(why));
	if (err)
		log_error("start kafka producer: %s", why);
	return err;
}

int kafka_open(struct sink **out, const struct sink_settings *s, const struct sink_spec specs[STREAM_MAX])
{
	struct kafka_sink *k = calloc(1, sizeof(*k));
	const struct sink_spec *any = specs;
	int err = k ? sink_init(&k->base, &kafka_ops, s) : -ENOMEM;

	while (!any->brokers)
		any++;
	if (!err)
		err = copy_names(k, s, specs);
	if (err) {
		log_error("open kafka topic %s: out of memory", any->topic);
		goto out;
	}
	k->origin = s->origin;
	err = kafka_configure(k, s, any);
	if (!err)
		err = kafka_open_spool(k, s);
	if (!err)
		err = start(k);
out:
	if (!err) {
		*out = &k->base;
		return 0;
	}
	if (k) {
		kafka_free(k);
		sink_free(&k->base);
	}
	return err;
}
