// SPDX-License-Identifier: Apache-2.0
/*
 * user_cost.c - the user side's work on records, for callgrind to count:
 * ring, lane, tag, encoder and batch as in run, in front of a sink that drops
 * what it gets; and the ring alone. The inventory knows both ends of each
 * record and its application. Nothing depends on time, chance or the machine.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "collect/lane.h"
#include "counts/cost.h"
#include "inventory/tags_file.h"
#include "load_lane.h"
#include "load_records.h"
#include "tag/iface_table.h"

#define RECORDS 10000U			/* counted once and twice */
#define FLOWS_MAX 50000U
#define RING_BYTES (32U << 20)
#define BATCH_RECORDS 1000
#define WARM_PASSES 3			/* the cache of tags grows with each, as far as the flows need */

static const struct tag_origin origin = { .box = "box-1", .site = "site-1", .epoch = 42, .address = "192.0.2.7" };

/* --- the inventory ---------------------------------------------------------- */
static int read_known(struct inventory *inv)
{
	char path[] = "/tmp/ninetap-counts-XXXXXX";
	struct problems p = {0};
	int fd = mkstemp(path), err;
	FILE *f = fd < 0 ? NULL : fdopen(fd, "w");

	if (!f)
		return -1;
	load_tags(f, FLOWS_MAX);
	fclose(f);
	err = tags_file_load(inv, path, &p);
	unlink(path);
	for (int i = 0; i < PROBLEM_MAX; i++)
		err |= p.count[i] != 0;
	return err;
}

static int open_board(struct board **out)
{
	struct inventory *inv;

	return inventory_open(&inv) || read_known(inv) ? -1 : board_open(out, inv);
}

/* --- a lane of one CPU ------------------------------------------------------ */
struct rig {
	struct outlet out;
	struct lane lane;
	struct nt_outcomes outcomes;
	const struct nt_record *records;
	struct iface_table *ifaces;
	struct iface_reader *reader;
	int ring_fd;
};

/* As the worker's, with an offset that never changes. */
static void label(void *arg, const struct nt_record *rec, struct tagged *t)
{
	struct rig *g = arg;

	t->ts_utc_ns = (int64_t)rec->ts_ns + 1;
	iface_table_find(g->reader, rec->ifindex, &t->iface, &t->plane);
}

static void reported(void *arg, const struct sink_report *r)
{
	lane_report(&((struct rig *)arg)->lane, r);
}

static int open_ifaces(struct rig *g)
{
	return iface_table_open(&g->ifaces) || iface_reader_open(g->ifaces, &g->reader) ||
	       iface_table_set(g->ifaces, LOAD_IFINDEX, "eth0", PLANE_DATA) || iface_table_publish(g->ifaces, 0);
}

static int rig_open(struct rig *g, struct board *board, const char *encoding)
{
	*g = (struct rig){ .ring_fd = -1, .out = { .origin = &origin, .batch_records = BATCH_RECORDS } };
	g->out.label = label;
	g->out.label_arg = g;
	return open_ifaces(g) || load_drop_open(&g->out.sink, reported, g) || tagger_open(&g->out.tagger, board) ||
	       encoder_open(&g->out.encoder, encoding, FRAMING_MESSAGE, STREAM_PACKETS, &origin);
}

static void close_ring(struct rig *g)
{
	lane_close(&g->lane);
	if (g->ring_fd >= 0)
		close(g->ring_fd);
}

static void rig_close(struct rig *g)
{
	close_ring(g);
	outlet_close(&g->out, 0, NULL);
	iface_reader_close(g->reader);
	iface_table_close(g->ifaces);
}

/* A new ring with n records in it. */
static int prepare(void *arg, uint32_t n)
{
	struct rig *g = arg;
	struct lane_settings s = { .ring_bytes = RING_BYTES, .share = LOAD_RING_SHARE, .outcomes = &g->outcomes };

	close_ring(g);
	memset(&g->outcomes, 0, sizeof(g->outcomes));
	s.ring_fd = g->ring_fd = load_ring(g->records, n, RING_BYTES);
	return s.ring_fd < 0 ? s.ring_fd : lane_open(&g->lane, &g->out, &s);
}

/* The worker's loop; each record must come out of it. */
static int drain(void *arg, uint32_t n)
{
	struct rig *g = arg;
	const struct nt_record *rec;
	uint32_t bytes;

	while (lane_has_room(&g->lane, &g->out) && (rec = ring_next(&g->lane.ring, &bytes)))
		lane_take(&g->lane, &g->out, rec, bytes, 1);
	lane_cut(&g->lane, &g->out);
	return lane_idle(&g->lane) && g->outcomes.copy[g->outcomes.current & 1].safe.events == n ? 0 : -1;
}

/* What is in front of the lane, alone; a record is not even looked at. */
static int read_ring(void *arg, uint32_t n)
{
	struct rig *g = arg;
	uint32_t bytes;

	while (ring_next(&g->lane.ring, &bytes))
		n--;
	ring_release(&g->lane.ring, g->lane.ring.read_pos);
	return n ? -1 : 0;
}

/* --- figures ---------------------------------------------------------------- */
struct figure {
	const char *name, *encoding;
	uint32_t flows;
	uint8_t tunnels;
	bool tagged;
};

static const struct figure figures[] = {
	{ "avro, VXLAN, 1000 flows", "avro", 1000, 1, true },
	{ "avro, VXLAN, 50000 flows", "avro", 50000, 1, true },
	{ "avro, TCP, 1000 flows", "avro", 1000, 0, true },
	{ "avro, VXLAN, 1000 flows, without tags", "avro", 1000, 1, false },
	{ "json, VXLAN, 1000 flows", "json", 1000, 1, true },
	{ "json, VXLAN, 50000 flows", "json", 50000, 1, true },
	{ "smartx, VXLAN, 1000 flows", "smartx", 1000, 1, true },
	{ "smartx, VXLAN, 50000 flows", "smartx", 50000, 1, true },
};

/* Not counted: each flow was seen before. */
static int warm_up(struct rig *g, uint32_t flows)
{
	const uint32_t n = flows > 2 * RECORDS ? flows : 2 * RECORDS;
	int err = 0;

	for (int i = 0; i < WARM_PASSES && !err; i++)
		err = prepare(g, n) || drain(g, n);
	return err;
}

static int count(const struct figure *f, struct nt_record *records, struct board *board)
{
	struct rig g;
	int err = rig_open(&g, f->tagged ? board : NULL, f->encoding);

	load_records(records, FLOWS_MAX, f->flows, f->tunnels);
	g.records = records;
	err = err || warm_up(&g, f->flows) || cost_count(&(struct cost_job){ f->name, prepare, drain, &g }, RECORDS);
	if (!err && f == figures)
		err = cost_count(&(struct cost_job){ "reading the ring alone", prepare, read_ring, &g }, RECORDS);
	rig_close(&g);
	return err;
}

int main(void)
{
	struct nt_record *records = calloc(FLOWS_MAX, sizeof(*records));
	struct board *board;
	int err = !records || open_board(&board);

	for (size_t i = 0; i < sizeof(figures) / sizeof(figures[0]) && !err; i++) {
		err = count(&figures[i], records, board);
		if (err)
			fprintf(stderr, "user_cost: %s: a record did not come out\n", figures[i].name);
	}
	return err ? 1 : 0;
}
