/* SPDX-License-Identifier: Apache-2.0 */
/*
 * workers_sink.h - a sink that takes and reports when it is told, and checks
 * what comes: from one thread, of each CPU in order, for one file.
 */
#ifndef NINETAP_TESTS_WORKERS_SINK_H
#define NINETAP_TESTS_WORKERS_SINK_H

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include "encode/encode.h"
#include "sink/impl.h"
#include "unit/check.h"

#define CPUS 4U
#define QUEUE 100000U

/* The sink: who called it, what it took, what it said. */
static struct {
	struct sink *sink;
	const struct buf *head;		/* of the file, which ends with its sync marker */
	pthread_t owner;
	bool owned;
	atomic_bool room, silent;	/* silent: reports wait for the end */
	uint32_t quick;			/* but not those of CPUs that it divides; 0: of none */
	int fails_from;			/* the n-th batch finds its reader gone; 0: none does */
	uint64_t batches, records[CPUS], next_seq[CPUS];
	_Atomic uint64_t taken;		/* records of all CPUs */
	struct sink_batch queue[QUEUE];
	uint32_t counts[QUEUE], from, to;
} fake;

static void owned_by_one(void)
{
	if (!fake.owned)
		fake.owner = pthread_self();
	fake.owned = true;
	CHECK(pthread_equal(fake.owner, pthread_self()));
}

static int fake_put(struct sink *s, struct batch *b, uint64_t ticket)
{
	owned_by_one();
	CHECK(b->cpu < CPUS && b->stream == STREAM_PACKETS);
	CHECK(!memcmp(b->bytes.data + b->bytes.len - 16, fake.head->data + fake.head->len - 16, 16));
	if (++fake.batches % 5 == 0)
		return -EAGAIN;
	CHECK_EQ(b->seq, fake.next_seq[b->cpu]);
	fake.next_seq[b->cpu] = b->seq + b->count;
	fake.records[b->cpu] += b->count;
	atomic_fetch_add(&fake.taken, b->count);
	if (fake.fails_from && fake.batches >= (uint64_t)fake.fails_from) {
		sink_lose_batch(s, b, ticket, NT_LOSS_WRITE);
		return -EPIPE;
	}
	if (fake.quick && b->cpu % fake.quick == 0) {
		sink_report(s, &(struct sink_batch){ b->stream, b->cpu, ticket }, 0, 0);
		return 0;
	}
	fake.counts[fake.to] = b->count;
	fake.queue[fake.to++] = (struct sink_batch){ b->stream, b->cpu, ticket };
	return 0;
}

static bool fake_has_room(const struct sink *s)
{
	(void)s;
	return atomic_load(&fake.room) && fake.to < QUEUE;
}

static void fake_poll(struct sink *s)
{
	owned_by_one();
	while (!atomic_load(&fake.silent) && fake.from < fake.to)
		sink_report(s, &fake.queue[fake.from++], 0, 0);
}

/* What it has not reported is lost to its end. */
static void fake_close(struct sink *s, int timeout_ms)
{
	(void)timeout_ms;
	for (; fake.from < fake.to; fake.from++)
		sink_report(s, &fake.queue[fake.from], fake.counts[fake.from], NT_LOSS_CLOSED);
}

static const struct sink_ops fake_ops = { .put = fake_put, .has_room = fake_has_room, .poll = fake_poll, .close = fake_close };

#endif
