// SPDX-License-Identifier: Apache-2.0
/*
 * kafka_producer.c - see kafka_producer.h.
 *
 * A message: key = box; headers box, epoch, cpu, seq, count, lost as decimal
 * text and schema = the encoding's name and version ("json:1", "avro:1").
 */
#include "sink/kafka_producer.h"

#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define METADATA_TIMEOUT_MS 250
#define GRAVES_MAX 4			/* threads that bury at once */

struct producer {
	rd_kafka_t *rk;
	rd_kafka_topic_t *topics[STREAM_MAX];
	struct entry **held;		/* once retired: what it may still read */
	uint32_t held_n;
};

/* How many producers are being buried, of all sinks: their threads outlive a sink that doesn't wait for them. */
static pthread_mutex_t graves_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t grave_closed = PTHREAD_COND_INITIALIZER;
static unsigned int graves;

static void free_producer(struct producer *p)
{
	for (int i = 0; i < STREAM_MAX; i++)
		if (p->topics[i])
			rd_kafka_topic_destroy(p->topics[i]);
	if (p->rk)
		rd_kafka_destroy(p->rk);	/* serves no callbacks */
	for (uint32_t i = 0; i < p->held_n; i++)
		entry_release(p->held[i]);
	free(p->held);
	free(p);
}

static int open_topics(struct producer *p, const char *const topics[STREAM_MAX], char *why, size_t why_size)
{
	for (int i = 0; i < STREAM_MAX; i++) {
		if (!topics[i])
			continue;
		p->topics[i] = rd_kafka_topic_new(p->rk, topics[i], NULL);
		if (!p->topics[i]) {
			snprintf(why, why_size, "topic %s: %s", topics[i], rd_kafka_err2str(rd_kafka_last_error()));
			return -EINVAL;
		}
	}
	return 0;
}

int producer_open(struct producer **out, const rd_kafka_conf_t *conf, const char *const topics[STREAM_MAX],
		  uint32_t max_entries, char *why, size_t why_size)
{
	struct producer *p = calloc(1, sizeof(*p));
	rd_kafka_conf_t *own;
	int err = -EINVAL;

	snprintf(why, why_size, "out of memory");
	if (p)
		p->held = calloc(max_entries, sizeof(*p->held));
	if (!p || !p->held) {
		free(p);
		return -ENOMEM;
	}
	own = rd_kafka_conf_dup(conf);
	p->rk = rd_kafka_new(RD_KAFKA_PRODUCER, own, why, why_size);
	if (!p->rk)
		rd_kafka_conf_destroy(own);
	if (p->rk) {
		rd_kafka_set_log_queue(p->rk, NULL);
		err = open_topics(p, topics, why, why_size);
	}
	if (err) {
		free_producer(p);
		return err;
	}
	*out = p;
	return 0;
}

void producer_wake(struct producer *p, int fd)
{
	static const uint64_t one = 1;
	rd_kafka_queue_t *main = rd_kafka_queue_get_main(p->rk);

	rd_kafka_queue_io_event_enable(main, fd, &one, fd < 0 ? 0 : sizeof(one));
	rd_kafka_queue_destroy(main);
}

static void add_text(rd_kafka_headers_t *h, const char *name, const char *value)
{
	rd_kafka_header_add(h, name, -1, value, -1);
}

static void add_number(rd_kafka_headers_t *h, const char *name, uint64_t value)
{
	char text[24];

	snprintf(text, sizeof(text), "%" PRIu64, value);
	add_text(h, name, text);
}

static rd_kafka_headers_t *headers_of(const struct entry *e, const struct batch_msg *m)
{
	rd_kafka_headers_t *h = rd_kafka_headers_new(7);

	add_text(h, "box", e->box);
	add_number(h, "epoch", e->epoch);
	add_number(h, "cpu", e->batch.cpu);
	add_number(h, "seq", m->seq);
	add_number(h, "count", m->count);
	add_number(h, "lost", e->lost_before);
	add_text(h, "schema", e->schema);
	return h;
}

rd_kafka_resp_err_t producer_send(struct producer *p, struct entry *e, uint32_t msg)
{
	const struct batch_msg *m = &e->msgs[msg];
	rd_kafka_headers_t *h = headers_of(e, m);
	rd_kafka_resp_err_t err;

	err = rd_kafka_producev(p->rk, RD_KAFKA_V_RKT(p->topics[e->batch.stream]),
				RD_KAFKA_V_KEY(e->box, strlen(e->box)),
				RD_KAFKA_V_VALUE(e->bytes.data + m->begin, m->end - m->begin),
				RD_KAFKA_V_HEADERS(h), RD_KAFKA_V_MSGFLAGS(0),
				RD_KAFKA_V_OPAQUE(&e->slots[msg]), RD_KAFKA_V_END);
	if (err)
		rd_kafka_headers_destroy(h);	/* else they are librdkafka's now */
	return err;
}

void producer_poll(struct producer *p, int timeout_ms, bool flush)
{
	if (flush && rd_kafka_outq_len(p->rk))
		rd_kafka_flush(p->rk, timeout_ms);
	else
		rd_kafka_poll(p->rk, timeout_ms);
}

void producer_fatal_text(struct producer *p, char *text, size_t size)
{
	rd_kafka_fatal_error(p->rk, text, size);
}

const char *producer_why_silent(struct producer *p, enum stream s)
{
	const struct rd_kafka_metadata *m;
	rd_kafka_resp_err_t err = rd_kafka_metadata(p->rk, 0, p->topics[s], &m, METADATA_TIMEOUT_MS);

	if (err)
		return "no broker answers: look at the addresses and the broker's log";
	err = m->topic_cnt ? m->topics[0].err : RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART;
	rd_kafka_metadata_destroy(m);
	if (err == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART)
		return "the topic does not exist: create it";
	return err ? rd_kafka_err2str(err) : "the broker is too slow";
}

void producer_retire(struct producer *p, const struct queue *q)
{
	for (struct entry *e = q->head; e; e = e->next) {
		if (!e->sent)
			continue;
		entry_hold(e);
		p->held[p->held_n++] = e;
	}
}

void producer_spare(struct producer *p)
{
	while (p->held_n)
		entry_release(p->held[--p->held_n]);
}

/* False: no more at once. */
static bool dig(void)
{
	bool room;

	pthread_mutex_lock(&graves_lock);
	room = graves < GRAVES_MAX;
	graves += room;
	pthread_mutex_unlock(&graves_lock);
	return room;
}

static void close_grave(void)
{
	pthread_mutex_lock(&graves_lock);
	graves--;
	pthread_cond_broadcast(&grave_closed);
	pthread_mutex_unlock(&graves_lock);
}

static void *grave(void *producer)
{
	free_producer(producer);
	close_grave();
	return NULL;
}

/* Signals are the main thread's. */
static int start_grave(struct producer *p)
{
	sigset_t all, before;
	pthread_t t;
	int err;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	err = pthread_create(&t, NULL, grave, p);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (!err)
		pthread_detach(t);
	return -err;
}

/* It is purged lest it send what another producer sends, too, or what will be counted as lost. */
int producer_bury(struct producer *p)
{
	producer_wake(p, -1);
	rd_kafka_purge(p->rk, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT | RD_KAFKA_PURGE_F_NON_BLOCKING);
	if (!dig())
		return -EAGAIN;
	if (!start_grave(p))
		return 0;
	close_grave();
	return -EAGAIN;
}

void producer_bury_last(struct producer *p)
{
	if (p && producer_bury(p))
		free_producer(p);
}

/* CLOCK_REALTIME is what pthread_cond_timedwait() goes by. */
void producer_wait_for_buried(int timeout_ms)
{
	struct timespec until;
	int err = 0;

	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += timeout_ms / 1000;
	until.tv_nsec += timeout_ms % 1000 * 1000000L;
	if (until.tv_nsec >= 1000000000L) {
		until.tv_nsec -= 1000000000L;
		until.tv_sec++;
	}
	pthread_mutex_lock(&graves_lock);
	while (graves && !err)
		err = pthread_cond_timedwait(&grave_closed, &graves_lock, &until);
	pthread_mutex_unlock(&graves_lock);
}
