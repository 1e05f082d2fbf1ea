// SPDX-License-Identifier: Apache-2.0
/*
 * drain_lib.c - CPU ns a record of the whole user side but its sink: ring,
 * lane, tags and Avro to batches that nobody writes, and the ring alone. The
 * records lie in a ring as the programs would have written them, their flows
 * in no order; the ring is far larger than any cache, as after a burst.
 */
#include "bench/bench.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include "bench/user.h"
#include "collect/lane.h"
#include "load_lane.h"

#define RING_BYTES (32U << 20)
#define WARM_PASSES 4			/* the cache of tags grows with each, as far as the flows need */

static double cpu_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return t.tv_sec * 1e9 + t.tv_nsec;
}

/* --- a ring ----------------------------------------------------------------- */

/* n records, their flows picked by a generator that is the same in each run. A descriptor, or -errno. */
static int make_ring(const struct nt_record *r, uint32_t n)
{
	struct nt_record *picked = calloc(n, sizeof(*picked));
	uint32_t state = 1;
	int fd = -ENOMEM;

	for (uint32_t i = 0; picked && i < n; i++) {
		state = state * 1664525 + 1013904223;
		picked[i] = r[(uint64_t)state * n >> 32];
		picked[i].ts_ns = r[i].ts_ns;
		picked[i].seq = r[i].seq;
	}
	if (picked)
		fd = load_ring(picked, n, RING_BYTES);
	free(picked);
	return fd;
}

/* --- a lane ----------------------------------------------------------------- */

struct rig {
	struct outlet out;
	struct lane lane;
	struct nt_outcomes outcomes;
};

static void label(void *arg, const struct nt_record *rec, struct tagged *t)
{
	(void)arg;
	t->ts_utc_ns = (int64_t)rec->ts_ns;
	t->iface = "eth0";
	t->plane = PLANE_DATA;
}

static void reported(void *arg, const struct sink_report *r)
{
	lane_report(&((struct rig *)arg)->lane, r);
}

/* From the beginning of the ring. */
static int rewind_lane(struct rig *g, int ring_fd)
{
	struct lane_settings s = { .ring_fd = ring_fd, .ring_bytes = RING_BYTES, .share = LOAD_RING_SHARE,
				   .outcomes = &g->outcomes };

	lane_close(&g->lane);
	memset(&g->outcomes, 0, sizeof(g->outcomes));
	return lane_open(&g->lane, &g->out, &s);
}

/* The worker's loop. How many records are safe in the end. */
static uint64_t drain(struct rig *g)
{
	const struct nt_record *rec;
	uint32_t bytes;

	while (lane_has_room(&g->lane, &g->out) && (rec = ring_next(&g->lane.ring, &bytes)))
		lane_take(&g->lane, &g->out, rec, bytes, 1);
	lane_cut(&g->lane, &g->out);
	return lane_idle(&g->lane) ? g->outcomes.copy[g->outcomes.current & 1].safe.events : 0;
}

/* All of each record is read, and all of the ring. How many there were. */
static uint64_t read_all(struct rig *g)
{
	const uint64_t *word;
	volatile uint64_t sum = 0;
	uint64_t n = 0;
	uint32_t bytes;

	for (; (word = ring_next(&g->lane.ring, &bytes)); n++)
		for (uint32_t w = 0; w < bytes / sizeof(*word); w++)
			sum += word[w];
	return n;
}

/* A ring is mapped once and read for days: its pages' first faults are not a record's. */
static void touch(const struct ring *r)
{
	const volatile unsigned char *data = (const volatile unsigned char *)r->chunks;
	const size_t size = RING_BYTES / NT_CHUNK_BYTES * sizeof(struct nt_ring_chunk);

	for (size_t at = 0; at < size; at += 4096)
		(void)data[at];
}

/* The last pass of work over a ring, which was written just before; the others warm up. */
static int measure(struct rig *g, const struct nt_record *r, uint32_t n, uint64_t (*work)(struct rig *g), double *ns)
{
	uint64_t done = n;
	int err = 0;

	for (int i = 0; i < WARM_PASSES && done == n && !err; i++) {
		int fd = make_ring(r, n);
		double before;

		err = fd < 0 || rewind_lane(g, fd);
		if (!err)
			touch(&g->lane.ring);
		before = cpu_ns();
		done = err ? 0 : work(g);
		*ns = (cpu_ns() - before) / n;
		if (fd >= 0)
			close(fd);
	}
	return err || done != n ? -1 : 0;
}

int measure_drain(const struct nt_record *r, uint32_t n, struct board *board, const struct tag_origin *origin,
		  double *drained, double *read)
{
	struct rig g = { .out = { .origin = origin, .batch_records = BENCH_BATCH, .label = label } };
	int err = load_drop_open(&g.out.sink, reported, &g);

	if (!err)
		err = tagger_open(&g.out.tagger, board);
	if (!err)
		err = encoder_open(&g.out.encoder, "avro", FRAMING_MESSAGE, STREAM_PACKETS, origin);
	if (!err)
		err = measure(&g, r, n, read_all, read);
	if (!err)
		err = measure(&g, r, n, drain, drained);
	lane_close(&g.lane);
	outlet_close(&g.out, 0, NULL);
	return err;
}
