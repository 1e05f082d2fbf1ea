// SPDX-License-Identifier: Apache-2.0
/*
 * spool.c - the spool when nothing goes wrong: order, restarts, acks, rewind,
 * its bound of size. Age is in spool_age.c, what it refuses in
 * spool_folder.c, damage in spool_damage.c and spool_live.c, failing disks in
 * spool_disk.c and spool_full.c, kill -9 in spool_kill.c.
 */
#include "spool_util.h"

static void test_order(void)
{
	struct spool *s;

	fresh();
	s = open_spool(16 * MIB);
	CHECK(spool_empty(s) && !spool_unread(s));
	expect_end(s);
	put_all(s, 1, 50, 1000);
	expect(s, 1, 20, 1000, NULL);
	put_all(s, 51, 60, 1000);
	expect(s, 21, 60, 1000, NULL);
	expect_end(s);
	CHECK_EQ(stats(s).in, stats(s).held);
	spool_close(s);
}

static void test_lengths(void)
{
	static const size_t bytes[] = { 0, 1, 255, 65536, 300000, 5 << 20, 7 };
	struct spool_msg m;
	uint64_t id;
	struct spool *s;

	fresh();
	s = open_spool(16 * MIB);
	for (size_t i = 0; i < sizeof(bytes) / sizeof(bytes[0]); i++)
		CHECK_EQ(put(s, i + 1, bytes[i]), 0);
	for (size_t i = 0; i < sizeof(bytes) / sizeof(bytes[0]); i++) {
		CHECK_EQ(spool_next(s, &m, &id), 0);
		CHECK_EQ(m.bytes, bytes[i]);
		CHECK(is_whole(&m, bytes[i]));
	}
	expect_end(s);
	spool_close(s);
}

static void test_reopen(void)
{
	struct spool *s;

	fresh();
	s = open_spool(16 * MIB);
	put_all(s, 1, 400, 3000);	/* several segments */
	CHECK(stats(s).segments > 2);
	expect(s, 1, 100, 3000, NULL);
	spool_close(s);
	s = open_spool(16 * MIB);
	CHECK_EQ(stats(s).in, 1000);	/* 1 + i % 4 each, of 400 */
	put_all(s, 401, 500, 3000);
	expect(s, 1, 500, 3000, NULL);
	expect_end(s);
	spool_close(s);
	s = open_spool(16 * MIB);
	expect(s, 1, 500, 3000, NULL);
	CHECK_EQ(lost.calls, 0);
	spool_close(s);
}

/* What was acked before comes again only from the oldest segment that held something else. */
static void test_acks(void)
{
	uint64_t id[400];
	struct spool *s;

	fresh();
	s = open_spool(16 * MIB);
	put_all(s, 1, 400, 3000);
	expect(s, 1, 400, 3000, id);
	for (int i = 399; i > 0; i--)
		spool_acked(s, id[i]);
	CHECK_EQ(stats(s).held, 2);	/* message 1 */
	CHECK_EQ(files_in(dir), stats(s).segments);
	CHECK(stats(s).segments > 2);
	spool_acked(s, id[1]);		/* again: ignored */
	spool_acked(s, id[0] + 100000);
	spool_acked(s, 0);
	CHECK_EQ(stats(s).held, 2);
	spool_acked(s, id[0]);
	CHECK(spool_empty(s));
	CHECK_EQ(files_in(dir), 0);
	CHECK_EQ(stats(s).held_bytes, 0);
	put_all(s, 401, 402, 10);
	expect(s, 401, 402, 10, NULL);
	spool_close(s);
	s = open_spool(16 * MIB);
	expect(s, 401, 402, 10, NULL);
	expect_end(s);
	spool_close(s);
}

/* Files go one by one, each as soon as all before it and it are acked. */
static void test_files_go(void)
{
	uint64_t id[400], before;
	struct spool *s;

	fresh();
	s = open_spool(16 * MIB);
	put_all(s, 1, 400, 3000);
	before = stats(s).segments;
	expect(s, 1, 400, 3000, id);
	for (int i = 0; i < 200; i++)
		spool_acked(s, id[i]);
	CHECK(files_in(dir) < before && files_in(dir) > 1);
	CHECK_EQ(files_in(dir), stats(s).segments);
	spool_close(s);
	s = open_spool(16 * MIB);
	CHECK(stats(s).held >= 500 && stats(s).held < 500 + 300);
	spool_close(s);
}

static void test_rewind(void)
{
	uint64_t id[400];
	struct spool_msg m;
	uint64_t again;
	struct spool *s;

	fresh();
	s = open_spool(16 * MIB);
	put_all(s, 1, 400, 3000);
	expect(s, 1, 300, 3000, id);
	for (int i = 0; i < 300; i++)
		if (i % 7)
			spool_acked(s, id[i]);
	spool_rewind(s);
	for (int i = 0; i < 300; i += 7) {
		CHECK_EQ(spool_next(s, &m, &again), 0);
		CHECK_EQ(m.seq, i + 1);
		CHECK_EQ(again, id[i]);
		CHECK(is_whole(&m, 3000));
	}
	expect(s, 301, 400, 3000, NULL);
	expect_end(s);
	spool_rewind(s);
	spool_acked(s, id[0]);		/* of the producer before */
	CHECK_EQ(spool_next(s, &m, &again), 0);
	CHECK_EQ(m.seq, 8);
	stats(s);
	spool_close(s);
}

static uint64_t records(uint64_t from, uint64_t to)
{
	uint64_t n = 0;

	for (uint64_t i = from; i <= to; i++)
		n += 1 + i % 4;
	return n;
}

static void test_full(void)
{
	struct spool_msg m;
	struct spool_stats st;
	struct spool *s;
	uint64_t id;

	fresh();
	s = open_spool(MIB);
	for (uint64_t i = 1; i <= 1000; i++) {
		CHECK_EQ(put(s, i, 3000), 0);
		CHECK(stats(s).held_bytes <= MIB);
	}
	st = stats(s);
	CHECK_EQ(st.in, records(1, 1000));
	CHECK(st.held_bytes > MIB * 7 / 8);
	CHECK_EQ(lost.records, st.lost_full);
	CHECK_EQ(lost.unknown, 0);
	CHECK_STR(lost.reason, "full");
	CHECK_STR(lost.box, "box-1");
	CHECK_EQ(spool_next(s, &m, &id), 0);
	CHECK_EQ(records(1, m.seq - 1), st.lost_full);
	expect(s, m.seq + 1, 1000, 3000, NULL);
	expect_end(s);
	CHECK_EQ(files_in(dir), st.segments);
	spool_close(s);
}

/* What is out and not acked can be dropped, too; acks of it come too late. */
static void test_full_in_flight(void)
{
	uint64_t id[1000];
	struct spool_msg m;
	struct spool *s;

	fresh();
	s = open_spool(MIB);
	put_all(s, 1, 300, 3000);
	expect(s, 1, 30, 3000, id);
	for (int i = 0; i < 30; i += 2)
		spool_acked(s, id[i]);
	put_all(s, 301, 400, 3000);
	CHECK_EQ(lost.records, stats(s).lost_full);
	CHECK(lost.records > 0);
	for (int i = 1; i < 30; i += 2)
		spool_acked(s, id[i]);
	CHECK_EQ(spool_next(s, &m, &id[0]), 0);
	expect(s, m.seq + 1, 400, 3000, NULL);
	expect_end(s);
	put_all(s, 401, 1000, 3000);	/* all that is out goes */
	CHECK_EQ(spool_next(s, &m, &id[0]), 0);
	expect(s, m.seq + 1, 1000, 3000, NULL);
	expect_end(s);
	stats(s);
	spool_close(s);
}

/* One stream of one CPU is one loss a segment, whatever the messages. */
static void test_runs(void)
{
	struct spool_msg m = { .stream = STREAM_PACKETS, .count = 10, .epoch = 1, .seq = 1, .box = "b", .schema = "avro:1" };
	static char payload[2000];
	uint64_t segments = 0;
	struct spool *s;

	fresh();
	s = open_spool(MIB);
	m.payload = payload;
	m.bytes = sizeof(payload);
	for (int i = 0; i < 600; i++, m.seq += 10 * !m.cpu) {
		m.cpu = i % 2;
		CHECK_EQ(spool_append(s, &m), 0);
		segments = stats(s).segments > segments ? stats(s).segments : segments;
	}
	CHECK(lost.calls > 0 && lost.calls <= 2 * segments);
	CHECK(lost.last.count > 100);
	CHECK_EQ(lost.last.count % 10, 0);
	CHECK_EQ(lost.records, stats(s).lost_full);
	spool_close(s);
}

static void test_smaller_bound(void)
{
	struct spool *s;
	struct spool_msg m;
	uint64_t id;

	fresh();
	s = open_spool(16 * MIB);
	put_all(s, 1, 1000, 3000);
	spool_close(s);
	s = open_spool(MIB);
	CHECK_EQ(put(s, 1001, 3000), 0);
	CHECK(stats(s).held_bytes <= MIB);
	CHECK_EQ(lost.records, stats(s).lost_full);
	CHECK_EQ(spool_next(s, &m, &id), 0);
	expect(s, m.seq + 1, 1001, 3000, NULL);
	spool_close(s);
}

static void tests(void)
{
	RUN(test_order);
	RUN(test_lengths);
	RUN(test_reopen);
	RUN(test_acks);
	RUN(test_files_go);
	RUN(test_rewind);
	RUN(test_full);
	RUN(test_full_in_flight);
	RUN(test_runs);
	RUN(test_smaller_bound);
}

int main(void)
{
	return spool_main(tests);
}
