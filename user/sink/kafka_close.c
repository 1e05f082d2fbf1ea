// SPDX-License-Identifier: Apache-2.0
/*
 * kafka_close.c - the end of the Kafka sink: some time for what is not safe
 * yet, then the spool, then it is lost, and counted.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <unistd.h>
#include "base/clock.h"
#include "base/log.h"
#include "sink/kafka_priv.h"

#define BURY_MS 2000			/* to wait for producers: a name server can hold one up for longer */
#define CLOSE_STEP_MS 10

/* Something that another moment can make safe, or send. */
static bool unfinished(const struct kafka_sink *k)
{
	return k->batches || (kafka_spooling(k) && !k->probing);
}

static void lose_entry(struct kafka_sink *k, struct queue *q, struct entry *e)
{
	for (uint32_t i = 0; i < e->msgs_n; i++) {
		if (e->slots[i].state == SLOT_SETTLED)
			continue;
		e->closed += e->msgs[i].count;
		sink_loses(&k->base, &e->batch, NT_LOSS_CLOSED, e->msgs[i].count);
		window_settle(&k->window, q, &e->slots[i], 0);
	}
	kafka_finish(k, q, e);
}

/* All that is left. Of the spool's own messages nothing is lost. */
static void lose_queue(struct kafka_sink *k, struct queue *q)
{
	struct entry *e;

	while ((e = q->head)) {
		if (e->of_spool)
			window_drop(&k->window, q, e);
		else
			lose_entry(k, q, e);
	}
}

static uint64_t unsafe_records(const struct kafka_sink *k)
{
	uint64_t n = 0;

	for (int i = 0; i < 2; i++)
		for (const struct entry *e = i ? k->window.waiting.head : k->window.flight.head; e; e = e->next)
			for (uint32_t m = 0; !e->of_spool && m < e->msgs_n; m++)
				n += e->slots[m].state == SLOT_SETTLED ? 0 : e->msgs[m].count;
	return n;
}

static void give_up(struct kafka_sink *k)
{
	const struct entry *first = k->window.flight.head ? k->window.flight.head : k->window.waiting.head;
	const char *why = "no producer could be started";

	if (k->spool)
		why = "the spool does not take them";
	else if (k->producer)
		why = producer_why_silent(k->producer, first->batch.stream);
	log_error("close kafka: %" PRIu64 " records not acknowledged by the end are counted as lost: %s", unsafe_records(k), why);
}

void kafka_free(struct kafka_sink *k)
{
	if (k->spool)
		spool_get_stats(k->spool, &k->last_stats);
	spool_close(k->spool);
	k->spool = NULL;
	window_free(&k->window);
	for (int i = 0; i < STREAM_MAX; i++)
		free(k->topics[i]);
	free(k->spool_dir);
	if (k->conf)
		rd_kafka_conf_destroy(k->conf);
	if (k->base.fd >= 0)
		close(k->base.fd);
	k->base.fd = -1;
}

void kafka_close(struct sink *s, int timeout_ms)
{
	struct kafka_sink *k = (struct kafka_sink *)s;
	int64_t now = clock_monotonic_ns(), end = now + timeout_ms * 1000000LL;

	k->closing = true;
	for (; unfinished(k) && now < end; now = clock_monotonic_ns())
		kafka_serve(k, CLOSE_STEP_MS, true);
	if (!k->spool && k->batches)
		give_up(k);
	if (k->producer)
		producer_retire(k->producer, &k->window.flight);
	if (k->spool)
		kafka_spool_rest(k, now);
	if (k->spool && k->batches)
		give_up(k);
	lose_queue(k, &k->window.flight);
	lose_queue(k, &k->window.waiting);
	producer_bury_last(k->retired);
	producer_bury_last(k->producer);
	producer_wait_for_buried(BURY_MS);
	kafka_free(k);
}
