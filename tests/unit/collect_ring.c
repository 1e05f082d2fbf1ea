// SPDX-License-Identifier: Apache-2.0
/*
 * collect_ring.c - the reader of a ring against a writer made from the words
 * of abi_ring.h: chunks, slack, laps, and what is no record.
 */
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include "collect/ring.h"
#include "unit/check.h"

#define CHUNKS 4U
#define SIZE (CHUNKS * NT_CHUNK_BYTES)

struct bench {
	struct nt_ring_chunk *chunks;	/* the writer's view */
	int fd;
	struct ring ring;
};

static void open_bench(struct bench *b)
{
	size_t bytes = CHUNKS * sizeof(struct nt_ring_chunk);

	b->fd = memfd_create("ring", 0);
	CHECK(b->fd >= 0 && !ftruncate(b->fd, bytes));
	b->chunks = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, b->fd, 0);
	CHECK(b->chunks != MAP_FAILED);
	CHECK_EQ(ring_open(&b->ring, b->fd, SIZE), 0);
}

static void close_bench(struct bench *b)
{
	ring_close(&b->ring);
	ring_close(&b->ring);	/* twice is fine */
	munmap(b->chunks, CHUNKS * sizeof(struct nt_ring_chunk));
	close(b->fd);
}

/* One record, or what is none, if there is room for it. */
static bool put(struct bench *b, uint64_t seq, uint8_t tunnels)
{
	struct nt_ring_chunk *first = b->chunks;
	struct nt_record r = { .seq = seq, .tunnels = tunnels };
	uint32_t bytes = NT_RECORD_SIZE(tunnels % NT_LAYERS_MAX);

	if (first->producer - first->consumer + bytes > SIZE)
		return false;
	memset(r.layer, (int)seq & 0x7f, sizeof(r.layer));
	memcpy(b->chunks[first->producer / NT_CHUNK_BYTES % CHUNKS].data + first->producer % NT_CHUNK_BYTES, &r, bytes);
	first->producer += bytes;
	return true;
}

static void check_next(struct bench *b, uint64_t seq, uint8_t tunnels)
{
	uint32_t bytes = 0;
	const struct nt_record *r = ring_next(&b->ring, &bytes);

	CHECK(r != NULL);
	if (!r)
		return;
	CHECK_EQ(r->seq, seq);
	CHECK_EQ(r->tunnels, tunnels);
	CHECK_EQ(bytes, NT_RECORD_SIZE(tunnels));
	CHECK_EQ(((const unsigned char *)r)[bytes - 1], seq & 0x7f);
}

static void check_empty(struct bench *b)
{
	uint32_t bytes;

	CHECK(ring_next(&b->ring, &bytes) == NULL);
}

/* Ten laps of records of all sizes; each lap begins somewhere else in its chunk. */
static void test_laps(void)
{
	uint64_t written = 0, read = 0;
	struct bench b;

	open_bench(&b);
	check_empty(&b);
	while (b.ring.read_pos < 10 * (uint64_t)SIZE) {
		while (put(&b, written, written % 7 % 3))
			written++;
		for (; read < written; read++)
			check_next(&b, read, read % 7 % 3);
		check_empty(&b);
		CHECK_EQ(ring_fill(&b.ring), b.chunks->producer - b.chunks->consumer);
		CHECK(SIZE - ring_fill(&b.ring) < sizeof(struct nt_record));
		ring_release(&b.ring, b.ring.read_pos);
		CHECK_EQ(ring_fill(&b.ring), 0);
	}
	close_bench(&b);
}

/* What was not released is there again for who opens the ring next, or from where it says that it is settled. */
static void test_released_and_sought(void)
{
	struct bench b;
	uint64_t second;

	open_bench(&b);
	for (uint64_t seq = 1; seq <= 4; seq++)
		CHECK(put(&b, seq, 1));
	check_next(&b, 1, 1);
	ring_release(&b.ring, b.ring.read_pos);
	check_next(&b, 2, 1);
	second = b.ring.read_pos;
	ring_close(&b.ring);
	CHECK_EQ(ring_open(&b.ring, b.fd, SIZE), 0);
	check_next(&b, 2, 1);
	ring_seek(&b.ring, second);
	CHECK_EQ(b.chunks->consumer, second);
	check_next(&b, 3, 1);
	check_next(&b, 4, 1);
	check_empty(&b);
	close_bench(&b);
}

/* What can be no record is all that is there, once; what comes later is read again. */
static void test_no_record(void)
{
	struct bench b;
	uint32_t bytes;

	open_bench(&b);
	CHECK(put(&b, 1, 0));
	CHECK(put(&b, 2, NT_TUNNELS_MAX + 1));
	CHECK(put(&b, 3, 0));
	check_next(&b, 1, 0);
	CHECK(ring_next(&b.ring, &bytes) != NULL);
	CHECK_EQ(bytes, 2 * NT_RECORD_SIZE(0));
	CHECK_EQ(b.ring.read_pos, b.chunks->producer);
	check_empty(&b);
	CHECK(put(&b, 4, 2));
	check_next(&b, 4, 2);
	/* A record of which only a part is there, which no program leaves. */
	CHECK(put(&b, 5, 2));
	b.chunks->producer -= 8;
	CHECK(ring_next(&b.ring, &bytes) != NULL);
	CHECK_EQ(bytes, NT_RECORD_SIZE(2) - 8);
	close_bench(&b);
}

/* Somebody else wrote to the positions: no more than is mapped is read, and it ends. */
static void check_damaged(uint64_t producer, uint64_t consumer, uint8_t tunnels)
{
	struct bench b;
	uint32_t bytes = 0;

	open_bench(&b);
	CHECK(put(&b, 1, tunnels));
	b.chunks->producer = producer;
	b.chunks->consumer = consumer;
	CHECK_EQ(ring_fill(&b.ring), SIZE);
	ring_close(&b.ring);
	CHECK_EQ(ring_open(&b.ring, b.fd, SIZE), 0);
	CHECK(ring_next(&b.ring, &bytes) != NULL);
	CHECK_EQ(bytes, 1);		/* no record */
	CHECK_EQ(b.ring.read_pos, producer);
	check_empty(&b);
	ring_release(&b.ring, b.ring.read_pos);
	CHECK_EQ(ring_fill(&b.ring), 0);
	CHECK(put(&b, 2, 1));		/* well again */
	check_next(&b, 2, 1);
	close_bench(&b);
}

static void test_damaged_positions(void)
{
	check_damaged(1000, 2000, 0);
	check_damaged((1ULL << 32) + 1000, 1000, NT_TUNNELS_MAX + 1);
	check_damaged((1ULL << 32) + 1000, 1000, 1);
	check_damaged(8, ~0ULL - 7 - SIZE, 0);
}

static void test_no_map(void)
{
	struct ring r;

	CHECK(ring_open(&r, -1, SIZE) < 0);
	ring_close(&r);
}

int main(void)
{
	RUN(test_laps);
	RUN(test_released_and_sought);
	RUN(test_no_record);
	RUN(test_damaged_positions);
	RUN(test_no_map);
	return check_done();
}
