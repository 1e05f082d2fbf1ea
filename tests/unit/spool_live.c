// SPDX-License-Identifier: Apache-2.0
/*
 * spool_live.c - segments whose files somebody cuts off, deletes or replaces
 * while the spool is running, and between two runs.
 */
#include "spool_segments.h"

/* The file of a segment vanishes in the middle of the chain, under a running spool or before. */
static void test_gone(void)
{
	struct spool *s;

	for (int live = 0; live < 2; live++) {
		make(true);
		s = open_spool(MIB);
		put_all(s, N + 4, N + 6, BYTES);
		if (!live) {
			spool_close(s);
			memset(&lost, 0, sizeof(lost));
		}
		CHECK_EQ(unlink(segment_path(1)), 0);
		if (!live)
			s = open_spool(MIB);
		CHECK_EQ(drain(s), bits(1, N) | bits(N + 4, N + 6));
		CHECK_EQ(stats(s).lost_damaged, records(N + 1, N + 3));
		CHECK_EQ(lost.records, records(N + 1, N + 3));
		spool_close(s);
	}
}

/* The writer sees it at the next sync, and goes on in a new file; of a folder that is gone it takes nothing. */
static void test_written_gone(void)
{
	struct spool_settings set = settings(16 * MIB);
	struct spool *s = NULL;

	fresh();
	set.sync_ns = 1;
	CHECK_EQ(spool_open(&s, &set), 0);
	put_all(s, 1, 3, 10);
	CHECK_EQ(unlink(segment_path(0)), 0);
	catch_log();
	spool_poll(s);
	CHECK_EQ(caught("somebody removed its newest segment"), 1);
	put_all(s, 4, 6, 10);
	CHECK_EQ(files_in(dir), 1);
	expect(s, 4, 6, 10, NULL);
	expect_end(s);
	CHECK_EQ(stats(s).lost_damaged, 2 + 3 + 4);
	put_all(s, 7, 8, 10);
	empty_folder(dir);
	CHECK_EQ(rmdir(dir), 0);
	catch_log();
	spool_poll(s);
	CHECK_EQ(put(s, 9, 10), -ENOENT);
	CHECK_EQ(caught("the spool"), 2);
	spool_close(s);
}

/* All files go while it runs: it goes on, with what comes behind. */
static void test_all_gone(void)
{
	struct spool_msg m;
	struct spool *s;
	uint64_t id;

	make(true);
	s = open_spool(MIB);
	put_all(s, N + 4, N + 6, BYTES);
	empty_folder(dir);
	CHECK_EQ(spool_next(s, &m, &id), -ENOENT);
	CHECK_EQ(stats(s).lost_damaged, records(1, N + 6));
	CHECK(spool_empty(s) && !spool_unread(s));
	put_all(s, 1, 5, BYTES);
	CHECK_EQ(drain(s), bits(1, 5));
	spool_close(s);
}

/* The segment that is being written is cut off; what is written later comes. */
static void test_cut_written(void)
{
	for (uint64_t read = 0; read <= N; read++) {
		struct spool *s;

		fresh();
		s = open_spool(MIB);
		put_all(s, 1, N, BYTES);
		expect(s, 1, read, BYTES, NULL);
		CHECK_EQ(truncate(segment_path(0), (off_t)ends[3] + 20), 0);
		put_all(s, N + 1, N + 2, BYTES);
		spool_rewind(s);
		CHECK_EQ(drain(s), bits(1, 3) | bits(N + 1, N + 2));
		CHECK_EQ(stats(s).lost_damaged, records(4, N));
		put_all(s, 1, 5, BYTES);
		CHECK_EQ(drain(s), bits(1, 5));
		spool_close(s);
	}
}

/* As before, but read before anything is written behind the cut, and rewound in between. */
static void test_cut_end_first(void)
{
	struct spool *s;
	struct spool_msg m;
	uint64_t id;

	fresh();
	s = open_spool(MIB);
	put_all(s, 1, N, BYTES);
	CHECK_EQ(truncate(segment_path(0), (off_t)ends[3] + 20), 0);
	expect(s, 1, 3, BYTES, NULL);
	CHECK_EQ(spool_next(s, &m, &id), -ENOENT);
	CHECK_EQ(stats(s).lost_damaged, records(4, N));
	put_all(s, N + 1, N + 2, BYTES);
	expect(s, N + 1, N + 2, BYTES, NULL);
	spool_rewind(s);
	CHECK_EQ(drain(s), bits(1, 3) | bits(N + 1, N + 2));
	CHECK_EQ(stats(s).lost_damaged, records(4, N));
	spool_close(s);
}

/* What was given out and then damaged is lost once, and never what was acked. */
static void test_after_ack(void)
{
	uint64_t id[N];
	struct spool *s;

	fresh();
	s = open_spool(MIB);
	put_all(s, 1, N, BYTES);
	expect(s, 1, N, BYTES, id);
	spool_acked(s, id[1]);
	spool_acked(s, id[4]);
	CHECK_EQ(truncate(segment_path(0), (off_t)ends[2]), 0);
	spool_rewind(s);
	CHECK_EQ(drain(s), bits(1, 1));
	CHECK_EQ(stats(s).out, records(1, 2) + count_of(5));
	CHECK_EQ(stats(s).lost_damaged, records(3, 4) + count_of(6));
	spool_acked(s, id[3]);		/* too late */
	CHECK_EQ(stats(s).out, records(1, 2) + count_of(5));
	spool_close(s);
}

/* Another segment's bytes in the place of one: none of them belongs there. */
static void test_replaced(void)
{
	char path[512];
	struct spool *s;

	make(true);
	snprintf(path, sizeof(path), "%s", segment_path(1));
	write_file(path, good, good_len);
	s = open_spool(MIB);
	CHECK_EQ(drain(s), bits(1, N));
	stats(s);
	spool_close(s);
	again(next, next_len);		/* the second one twice */
	s = open_spool(MIB);
	CHECK_EQ(drain(s), bits(N + 1, N + 3));
	CHECK_EQ(stats(s).lost_damaged, records(1, N));
	spool_close(s);
	make(true);
	unlink(path);
	CHECK_EQ(symlink("/dev/zero", path), 0);
	s = open_spool(MIB);
	CHECK_EQ(drain(s), bits(1, N));	/* a link is none of our segments */
	spool_close(s);
	CHECK_EQ(unlink(path), 0);
	make(true);
	s = open_spool(MIB);
	CHECK_EQ(unlink(segment_path(0)), 0);
	snprintf(path, sizeof(path), "%s/segment-0000000000000001", dir);
	CHECK_EQ(mkfifo(path, 0600), 0);
	CHECK_EQ(drain(s), bits(N + 1, N + 3));
	CHECK_EQ(stats(s).lost_damaged, records(1, N));
	spool_close(s);
}

/* A dropped segment whose file is gone is lost without facts, but to the record. */
static void test_drop_gone(void)
{
	struct spool *s;

	make(true);
	s = open_spool(MIB);
	CHECK_EQ(unlink(segment_path(0)), 0);
	CHECK_EQ(put(s, 7, MIB - 1000), 0);
	CHECK_EQ(stats(s).lost_full, records(1, N + 3));
	CHECK_EQ(lost.records, records(1, N + 3));
	CHECK_EQ(lost.unknown, records(1, N));
	spool_close(s);
}

static void tests(void)
{
	RUN(test_gone);
	RUN(test_written_gone);
	RUN(test_all_gone);
	RUN(test_cut_written);
	RUN(test_cut_end_first);
	RUN(test_after_ack);
	RUN(test_replaced);
	RUN(test_drop_gone);
}

int main(void)
{
	return spool_main(tests);
}
