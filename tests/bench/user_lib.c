// SPDX-License-Identifier: Apache-2.0
/*
 * user_lib.c - CPU ns a record of the user side, saturated: tag and encode
 * records that lie in memory, into batches that nobody writes; beside reading
 * the same records. With the ring in front of it: drain_lib.c. The inventory
 * knows both ends of each record and its application, and a hundred thousand
 * instances and a million prefixes more.
 */
#include "bench/bench.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include "bench/user.h"
#include "encode/encode.h"
#include "inventory/tags_file.h"
#include "load_records.h"
#include "tag/tagger.h"

#define RECORDS 100000
#define BATCH BENCH_BATCH
#define MANY_TENANTS 1000
#define MANY_PREFIXES 1000		/* of each of them */
#define MANY_INSTANCES 100		/* of each of them */

static const struct tag_origin origin = { .box = "box-1", .site = "site-1", .epoch = 42 };

/* "user.find" and "1000" make "user.find.1000". */
static void figure_of(const char *what, const char *which, double value)
{
	char key[64];

	snprintf(key, sizeof(key), "%s.%s", what, which);
	figure(key, value);
}

static double cpu_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return t.tv_sec * 1e9 + t.tv_nsec;
}

/* --- a tags file ------------------------------------------------------------ */

/* A hundred thousand instances of two addresses and a million prefixes. */
static void print_many(FILE *f)
{
	for (uint32_t t = 0; t < MANY_TENANTS; t++) {
		fprintf(f, "{\"kind\":\"tenant\",\"name\":\"many-%u\",\"vnis\":[%u],\"subnets\":[", t, 1000 + t);
		for (uint32_t p = 0; p < MANY_PREFIXES; p++) {
			uint32_t addr = 0x14000000 + (t * MANY_PREFIXES + p) * 256;

			fprintf(f, "%s\"%u.%u.%u.0/24\"", p ? "," : "", addr >> 24, addr >> 16 & 255, addr >> 8 & 255);
		}
		fprintf(f, "]}\n");
		for (uint32_t i = 0; i < MANY_INSTANCES; i++)
			fprintf(f, "{\"kind\":\"instance\",\"id\":\"many-%u-%u-4c1f-9d52-%012u\",\"tenant\":\"many-%u\",\"addresses\":"
				"[\"192.168.%u.%u\",\"2001:db8:%x::%x\"],\"from\":\"2023-01-01T00:00:00Z\"}\n",
				t, i, i, t, i / 200, i % 200, t, i);
	}
}

static int load(struct inventory **out, void (*print)(FILE *f, uint32_t flows), uint32_t flows)
{
	char path[] = "/tmp/ninetap-bench-XXXXXX";
	struct problems p = {0};
	int fd = mkstemp(path), err;
	FILE *f = fd < 0 ? NULL : fdopen(fd, "w");

	if (!f || inventory_open(out))
		return -1;
	print(f, flows);
	fclose(f);
	err = tags_file_load(*out, path, &p);
	unlink(path);
	for (int i = 0; i < PROBLEM_MAX; i++)
		err |= p.count[i] != 0;
	return err;
}

static double resident_mb(void)
{
	long size, resident = 0;
	FILE *f = fopen("/proc/self/statm", "r");

	if (f && fscanf(f, "%ld %ld", &size, &resident) != 2)
		resident = 0;
	if (f)
		fclose(f);
	return resident * (double)sysconf(_SC_PAGESIZE) / 1e6;
}

static void print_all(FILE *f, uint32_t flows)
{
	load_tags(f, flows);
	print_many(f);
}

/* Seconds and MB of a process that has held no inventory before. */
static int measure_load(void)
{
	struct inventory *inv;
	double before, mb = resident_mb();
	struct problems p = {0};
	char path[] = "/tmp/ninetap-bench-XXXXXX";
	int fd = mkstemp(path), err;
	FILE *f = fd < 0 ? NULL : fdopen(fd, "w");

	if (!f || inventory_open(&inv))
		return -1;
	print_many(f);
	fclose(f);
	before = cpu_ns();
	err = tags_file_load(inv, path, &p);
	unlink(path);
	figure("user.load.seconds", (cpu_ns() - before) / 1e9);
	figure("user.load.mb", resident_mb() - mb);
	inventory_close(inv);
	return err;
}

/* --- tag and encode --------------------------------------------------------- */

static int encode_batch(const struct nt_record *r, struct tagger *t, struct encoder *e, struct batch *b)
{
	uint64_t revision = tagger_begin(t);
	int err = encoder_begin(e, b, 0);

	b->tags_rev = revision;
	for (uint32_t i = 0, ahead = 0; i < BATCH && !err; i++) {
		for (; ahead < BATCH && ahead - i < TAGGER_AHEAD; ahead++)
			tagger_ask(t, &r[ahead]);
		struct tagged tagged = { .rec = &r[i], .origin = &origin, .ts_utc_ns = (int64_t)r[i].ts_ns, .iface = "eth0",
					 .plane = PLANE_DATA, .tags = tagger_find(t, &r[i], (int64_t)r[i].ts_ns) };

		err = encoder_add(e, b, &tagged);
	}
	if (!err)
		err = encoder_end(e, b, 0);
	tagger_end(t);
	return err;
}

static int measure(const char *what, const struct nt_record *r, struct board *board, const char *encoding)
{
	struct tagger *t = NULL;
	struct batch b = {0};
	struct encoder *e;
	double before = 0;
	int err = encoder_open(&e, encoding, FRAMING_MESSAGE, STREAM_PACKETS, &origin);

	if (!err)
		err = tagger_open(&t, board);
	for (int i = 0; i < 2 && !err; i++) {	/* the first time fills the cache */
		before = cpu_ns();
		for (uint32_t k = 0; k < RECORDS && !err; k += BATCH)
			err = encode_batch(&r[k], t, e, &b);
	}
	if (!err)
		figure_of(what, encoding, (cpu_ns() - before) / RECORDS);
	batch_free(&b);
	encoder_close(e);
	tagger_close(t);
	return err;
}

/* How many records had not all of their tags. */
static int find_all(struct tagger *t, const struct nt_record *r)
{
	int without = 0;

	for (uint32_t k = 0, ahead = 0; k < RECORDS; k++) {
		const struct tags *tags;

		if (k % BATCH == 0) {
			tagger_begin(t);
			ahead = k;
		}
		for (; ahead / BATCH == k / BATCH && ahead - k < TAGGER_AHEAD; ahead++)
			tagger_ask(t, &r[ahead]);
		tags = tagger_find(t, &r[k], (int64_t)r[k].ts_ns);
		without += !tags->tenant || !tags->src_instance || !tags->dst_instance || !tags->app;
		if (k % BATCH == BATCH - 1)
			tagger_end(t);
	}
	return without;
}

/* The tags alone; 0, or how many records had not all of them. */
static int measure_tags(const struct nt_record *r, struct board *board, const char *flows)
{
	struct tagger *t;
	double before;
	int without;

	if (tagger_open(&t, board))
		return -1;
	without = find_all(t, r);	/* fills the cache */
	before = cpu_ns();
	without += find_all(t, r);
	figure_of("user.find", flows, (cpu_ns() - before) / RECORDS);
	tagger_close(t);
	return without;
}

/* Without the cache, in an inventory that fits into none. */
static int measure_misses(const struct nt_record *r, struct board *board, const char *flows)
{
	struct tag_answer answer;
	struct tag_query q;
	double before = cpu_ns();
	int without = 0;

	for (uint32_t k = 0; k < RECORDS; k++) {
		tag_query_of(&q, &r[k]);
		inventory_find(board_look(board), &q, (int64_t)r[k].ts_ns, &answer);
		without += !answer.tags.src_instance;
	}
	figure_of("user.miss", flows, (cpu_ns() - before) / RECORDS);
	return without;
}

static void measure_reading(const struct nt_record *r, const char *flows)
{
	double before = cpu_ns();
	volatile uint64_t sum = 0;

	for (uint32_t k = 0; k < RECORDS; k++)
		for (uint32_t w = 0; w < NT_RECORD_SIZE(1) / 8; w++)
			sum += ((const uint64_t *)&r[k])[w];
	figure_of("user.read", flows, (cpu_ns() - before) / RECORDS);
}

static int bench_drain(const struct nt_record *r, struct board *board, const char *flows)
{
	double drained, read;

	if (measure_drain(r, RECORDS, board, &origin, &drained, &read))
		return -1;
	figure_of("user.ring", flows, read);
	figure_of("user.drain", flows, drained);
	return 0;
}

static int bench_encodings(const struct nt_record *r, struct board *board)
{
	static const char *const encodings[] = { "json", "avro", "smartx" };
	int err = 0;

	for (size_t i = 0; i < sizeof(encodings) / sizeof(encodings[0]) && !err; i++)
		err = measure("user.encode", r, NULL, encodings[i]) || measure("user.tag", r, board, encodings[i]);
	return err;
}

static int bench_flows(struct nt_record *r, uint32_t flows)
{
	struct inventory *inv;
	struct board *board;
	char name[16];
	int err;

	snprintf(name, sizeof(name), "%u", flows);
	load_records(r, RECORDS, flows, 1);
	if (load(&inv, print_all, flows) || board_open(&board, inv))
		return -1;
	measure_reading(r, name);
	err = bench_drain(r, board, name) || measure_tags(r, board, name) || measure_misses(r, board, name);
	if (!err && flows == 1000)
		err = bench_encodings(r, board);
	board_close(board);
	return err;
}

int bench_user(void)
{
	struct nt_record *r = malloc(RECORDS * sizeof(*r));
	int err;

	if (!r)
		return -1;
	err = measure_load() || bench_flows(r, 1000) || bench_flows(r, 50000);
	free(r);
	return err ? -1 : 0;
}
