/* SPDX-License-Identifier: Apache-2.0 */
/*
 * collect_bench.h - a lane without a ring's data, in front of a sink that
 * takes batches while it has room and reports none by itself.
 */
#ifndef NINETAP_TESTS_COLLECT_BENCH_H
#define NINETAP_TESTS_COLLECT_BENCH_H

#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>
#include "collect/lane.h"
#include "sink/impl.h"
#include "unit/check.h"

static const struct tag_origin origin = { .box = "b", .epoch = 7 };

static struct nt_record record(uint64_t seq)
{
	struct nt_record r = { .seq = seq, .sample = 1, .packets = 2, .bytes = 100, .dir = NT_DIR_IN, .hook = NT_HOOK_TC };

	r.layer[0].version = 4;
	return r;
}

/* Takes batches while it has room, and reports none by itself. */
static struct {
	bool room;
	int err;			/* of put() */
	uint64_t tickets[64], counts[64], lost[64];
	size_t n;
} fake;

static int fake_put(struct sink *s, struct batch *b, uint64_t ticket)
{
	(void)s;
	if (fake.err == -EAGAIN)
		return fake.err;
	fake.tickets[fake.n] = ticket;
	fake.lost[fake.n] = b->lost;
	fake.counts[fake.n++] = b->count;
	return fake.err;
}

static bool fake_has_room(const struct sink *s)
{
	(void)s;
	return fake.room;
}

static void fake_poll(struct sink *s)
{
	(void)s;
}

static void fake_close(struct sink *s, int timeout_ms)
{
	(void)s;
	(void)timeout_ms;
}

static const struct sink_ops fake_ops = { .put = fake_put, .has_room = fake_has_room, .poll = fake_poll, .close = fake_close };

static void label(void *arg, const struct nt_record *rec, struct tagged *t)
{
	(void)arg;
	(void)rec;
	t->iface = "eth0";
}

#define RECORD_BYTES NT_RECORD_SIZE(0)

struct bench {
	struct outlet out;
	struct lane lane;
	struct sink *sink;
	struct nt_outcomes outcomes;
	struct nt_record given[64];	/* what a ring would hold */
};

/* A lane whose ring has one chunk, and nothing in it. */
static void open_bench(struct bench *b, uint32_t batch_records, uint64_t limit)
{
	const struct sink_settings set = { .output = { "-" } };
	void *chunk = mmap(NULL, sizeof(struct nt_ring_chunk), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	CHECK(chunk != MAP_FAILED);
	memset(&fake, 0, sizeof(fake));
	fake.room = true;
	*b = (struct bench){ .out = { .origin = &origin, .batch_records = batch_records, .limit = limit, .label = label } };
	b->sink = calloc(1, sizeof(*b->sink));
	CHECK(b->sink && !sink_init(b->sink, &fake_ops, &set));
	b->out.sink = b->sink;
	CHECK_EQ(tagger_open(&b->out.tagger, NULL), 0);
	CHECK_EQ(encoder_open(&b->out.encoder, "json", FRAMING_STREAM, STREAM_PACKETS, &origin), 0);
	b->lane = (struct lane){
		.held_bytes_max = 4096, .ring = { .chunks = chunk, .size = NT_CHUNK_BYTES }, .outcomes = &b->outcomes,
		.now.next_seq = 1, .settled.next_seq = 1,
	};
	b->lane.held = calloc(batch_records, sizeof(*b->lane.held));
}

static void close_bench(struct bench *b)
{
	lane_close(&b->lane);
	outlet_close(&b->out, 0, NULL);
}

static void give(struct bench *b, uint64_t seq)
{
	b->given[seq] = record(seq);
	b->lane.ring.read_pos += RECORD_BYTES;
	lane_take(&b->lane, &b->out, &b->given[seq], NT_RECORD_SIZE(0), (int64_t)seq);
}

static void report(struct bench *b, size_t nth, uint64_t lost, enum nt_loss why)
{
	const struct sink_report r = { .stream = STREAM_PACKETS, .ticket = fake.tickets[nth], .lost = lost, .why = why };

	lane_report(&b->lane, &r);
}

static const struct nt_outcome *published(const struct bench *b)
{
	return &b->outcomes.copy[b->outcomes.current & 1];
}

#endif
