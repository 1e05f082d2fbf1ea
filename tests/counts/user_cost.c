// SPDX-License-Identifier: Apache-2.0
/*
 * user_cost.c - the user side's work on records, for callgrind to count:
 * ring, lane, tag, encoder and batch as in run, in front of a sink that drops
 * what it gets; and the ring alone. The inventory knows both ends of each
 * record and its application. Nothing depends on time, chance or the machine.
 */
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "collect/lane.h"
#include "counts/cost.h"
#include "inventory/tags_file.h"
#include "sink/impl.h"
#include "tag/iface_table.h"

#define RECORDS 10000U			/* counted once and twice */
#define FLOWS_MAX 50000U
#define RING_BYTES (32U << 20)
#define RING_SHARE 8			/* as the worker's */
#define BATCH_RECORDS 1000
#define WARM_PASSES 3			/* the cache of tags grows with each, as far as the flows need */
#define TENANTS 6			/* VNIs, each the whole of 10.0.0.0/8 */
#define SERVERS 50			/* of each tenant */
#define IFINDEX 2

static const struct tag_origin origin = { .box = "box-1", .site = "site-1", .epoch = 42, .address = "192.0.2.7" };

/* --- records ---------------------------------------------------------------- */
static void make_layer(struct nt_layer *l, uint32_t flow, uint8_t proto, uint16_t dport)
{
	const uint32_t src = htonl(0x0a000000 + flow), dst = htonl(0x0a800000 + flow % SERVERS);

	*l = (struct nt_layer){ .version = 4, .proto = proto, .ttl = 64, .ip_bytes = 120,
				.src_port = 30000 + flow % 30000, .dst_port = dport, .has = NT_HAS_PORTS };
	memcpy(l->src, &src, 4);
	memcpy(l->dst, &dst, 4);
}

/* TCP, in VXLAN if tunnels is 1; so many flows in turn. */
static void make_records(struct nt_record *r, uint32_t n, uint32_t flows, uint8_t tunnels)
{
	for (uint32_t i = 0; i < n; i++) {
		uint32_t flow = i % flows;

		r[i] = (struct nt_record){ .ts_ns = 1700000000000000000ULL + i * 700, .seq = i + 1, .ifindex = IFINDEX,
			.bytes = 154, .packets = 1, .payload_bytes = 20, .sample = 1, .dir = NT_DIR_IN,
			.hook = NT_HOOK_TC, .tunnels = tunnels, .tcp_flags = 0x10, .tcp_window = 512 };
		if (tunnels) {
			make_layer(&r[i].layer[0], flow % 20, 17, 4789);
			r[i].layer[0].tunnel = NT_TUNNEL_VXLAN;
			r[i].layer[0].id = flow % TENANTS;
			r[i].layer[0].has |= NT_HAS_ID;
		}
		make_layer(&r[i].layer[tunnels], flow, 6, 443);
		r[i].layer[tunnels].has |= NT_HAS_TCP;
	}
}

/* --- the inventory ---------------------------------------------------------- */
static void print_instance(FILE *f, const char *kind, uint32_t n, uint32_t tenant, uint32_t addr)
{
	fprintf(f, "{\"kind\":\"instance\",\"id\":\"%s-%08x-4c1f-9d52-%012x\",\"name\":\"vm-%u\",\"tenant\":\"tenant-%u\","
		"\"host\":\"box-%u\",\"addresses\":[\"%u.%u.%u.%u\"],\"from\":\"2023-01-01T00:00:00Z\"}\n",
		kind, n, n, n, tenant, n % 10, addr >> 24, addr >> 16 & 255, addr >> 8 & 255, addr & 255);
}

static void print_known(FILE *f)
{
	for (uint32_t t = 0; t < TENANTS; t++) {
		fprintf(f, "{\"kind\":\"tenant\",\"name\":\"tenant-%u\",\"vnis\":[%u],\"subnets\":[\"10.0.0.0/8\"]}\n", t, t);
		for (uint32_t s = 0; s < SERVERS; s++)
			print_instance(f, "server", s + SERVERS * t, t, 0x0a800000 + s);
	}
	for (uint32_t i = 0; i < FLOWS_MAX; i++)
		print_instance(f, "client", i, i % TENANTS, 0x0a000000 + i);
	fprintf(f, "{\"kind\":\"application\",\"name\":\"https\",\"class\":\"web\",\"proto\":\"tcp\",\"ports\":443}\n");
}

static int read_known(struct inventory *inv)
{
	char path[] = "/tmp/ninetap-counts-XXXXXX";
	struct problems p = {0};
	int fd = mkstemp(path), err;
	FILE *f = fd < 0 ? NULL : fdopen(fd, "w");

	if (!f)
		return -1;
	print_known(f);
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

/* --- a sink that drops ------------------------------------------------------ */
static int drop_put(struct sink *s, struct batch *b, uint64_t ticket)
{
	const struct sink_batch id = { b->stream, b->cpu, ticket };

	sink_takes(s, b->count);
	sink_delivered(s, b->count);
	sink_report(s, &id, 0, NT_LOSS_ENCODE);
	return 0;
}

static bool drop_has_room(const struct sink *s)
{
	(void)s;
	return true;
}

static void drop_poll(struct sink *s)
{
	(void)s;
}

static void drop_close(struct sink *s, int timeout_ms)
{
	(void)s;
	(void)timeout_ms;
}

static const struct sink_ops drop_ops = { .put = drop_put, .has_room = drop_has_room, .poll = drop_poll, .close = drop_close };

static int open_drop(struct sink **out, sink_reported *reported, void *arg)
{
	const struct sink_settings set = { .output = { "-" }, .reported = reported, .arg = arg };

	*out = calloc(1, sizeof(**out));
	return *out ? sink_init(*out, &drop_ops, &set) : -1;
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
	       iface_table_set(g->ifaces, IFINDEX, "eth0", PLANE_DATA) || iface_table_publish(g->ifaces, 0);
}

static int rig_open(struct rig *g, struct board *board, const char *encoding)
{
	*g = (struct rig){ .ring_fd = -1, .out = { .origin = &origin, .batch_records = BATCH_RECORDS } };
	g->out.label = label;
	g->out.label_arg = g;
	return open_ifaces(g) || open_drop(&g->out.sink, reported, g) || tagger_open(&g->out.tagger, board) ||
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
	struct lane_settings s = { .ring_bytes = RING_BYTES, .share = RING_SHARE, .outcomes = &g->outcomes };

	close_ring(g);
	memset(&g->outcomes, 0, sizeof(g->outcomes));
	s.ring_fd = g->ring_fd = cost_ring(g->records, n, RING_BYTES);
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

	make_records(records, FLOWS_MAX, f->flows, f->tunnels);
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
