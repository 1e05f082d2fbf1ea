// SPDX-License-Identifier: Apache-2.0
/*
 * spool_damage.c - segments that an earlier run left and that are not as they
 * were written: any byte changed, any length cut. What is whole must come,
 * what isn't must be counted.
 */
#include "spool_segments.h"

/* bad is in the place of the first segment; that message is hit and all others must come. */
static void check_flip(uint64_t hit, bool more)
{
	unsigned int all = bits(1, more ? N + 3 : N), seen;
	struct spool *s;

	s = open_spool(MIB);
	seen = drain(s);
	CHECK_EQ(seen, all & ~(1U << hit));
	if (more || hit < N)
		CHECK_EQ(stats(s).lost_damaged, count_of(hit));
	CHECK_EQ(lost.records, stats(s).lost_damaged);
	CHECK_EQ(files_in(dir), 0);
	spool_close(s);
}

/* Every byte of the segment, changed in three ways. */
static void flip_all(bool more)
{
	static const unsigned char change[] = { 0xff, 0x01, 0x80 };
	unsigned char bad[sizeof(good)];

	make(more);
	for (size_t at = 0; at < good_len && !check_failures; at++)
		for (size_t k = 0; k < sizeof(change); k++) {
			memcpy(bad, good, good_len);
			bad[at] ^= change[k];
			again(bad, good_len);
			check_flip(message_at(at), more);
		}
}

static void test_byte_of_last(void)
{
	flip_all(false);
}

static void test_byte_of_earlier(void)
{
	flip_all(true);
}

/* The last segment cut off: what a kill leaves. Nothing is lost that had been taken whole. */
static void test_cut_last(void)
{
	make(false);
	for (size_t len = 0; len <= good_len && !check_failures; len++) {
		uint64_t whole = len == good_len ? N : message_at(len) - 1;
		struct spool *s;

		again(good, len);
		s = open_spool(MIB);
		CHECK_EQ(stats(s).in, records(1, whole));
		CHECK_EQ(put(s, whole + 1, BYTES), 0);
		CHECK_EQ(drain(s), bits(1, whole + 1));
		CHECK_EQ(stats(s).lost_damaged + lost.calls, 0);
		spool_close(s);
	}
}

/* An earlier one cut off: what is missing is known to the record. */
static void test_cut_earlier(void)
{
	make(true);
	for (size_t len = 0; len <= good_len && !check_failures; len++) {
		uint64_t whole = len == good_len ? N : message_at(len) - 1;
		struct spool *s;

		again(good, len);
		s = open_spool(MIB);
		CHECK_EQ(drain(s), bits(1, whole) | bits(N + 1, N + 3));
		CHECK_EQ(stats(s).lost_damaged, records(whole + 1, N));
		CHECK_EQ(lost.records, stats(s).lost_damaged);
		spool_close(s);
	}
}

/* The facts are told where the head is whole, and only there. */
static void test_facts(void)
{
	unsigned char bad[sizeof(good)];
	struct spool *s;

	make(true);
	memcpy(bad, good, good_len);
	bad[ends[2] - 1] ^= 1;		/* payload of message 2 */
	again(bad, good_len);
	s = open_spool(MIB);
	drain(s);
	CHECK_EQ(lost.calls, 1);
	CHECK_STR(lost.reason, "damaged");
	CHECK_STR(lost.box, "box-1");
	CHECK_EQ(lost.last.epoch, 4711);
	CHECK_EQ(lost.last.seq, 2);
	CHECK_EQ(lost.last.cpu, 2);
	CHECK_EQ(lost.last.stream, 2);
	CHECK_EQ(lost.last.count, 3);
	spool_close(s);
	memcpy(bad, good, good_len);
	bad[ends[1] + 20] ^= 1;		/* head of message 2 */
	again(bad, good_len);
	s = open_spool(MIB);
	drain(s);
	CHECK_EQ(lost.calls, 1);
	CHECK_EQ(lost.last.epoch, 0);
	CHECK_EQ(lost.last.count, 3);
	spool_close(s);
}

/* A head at the very end that is there but no longer holds: one record at least. */
static void test_last_head(void)
{
	unsigned char bad[sizeof(good)];
	struct spool *s;

	make(false);
	memcpy(bad, good, good_len);
	bad[ends[N - 1] + 20] ^= 1;
	again(bad, good_len);
	s = open_spool(MIB);
	CHECK_EQ(stats(s).in, records(1, N - 1) + 1);
	CHECK_EQ(drain(s), bits(1, N - 1));
	CHECK_EQ(stats(s).lost_damaged, 1);
	spool_close(s);
}

/* Bytes put in or taken out: what is behind comes all the same. */
static void test_shifted(void)
{
	unsigned char bad[sizeof(good) + 64];
	struct spool *s;

	make(true);
	for (size_t at = 0; at < good_len && !check_failures; at += 3) {
		unsigned int hit = 1U << message_at(at), seen;

		memcpy(bad, good, at);
		memset(bad + at, 0xf1, 50);	/* like the beginning of a record */
		memcpy(bad + at + 50, good + at, good_len - at);
		again(bad, good_len + 50);
		s = open_spool(MIB);
		seen = drain(s);
		/* Whose head was whole takes its length with it, and so the one behind. */
		CHECK_EQ((seen | hit | hit << 1) & bits(1, N + 3), bits(1, N + 3));
		CHECK(stats(s).lost_damaged > 0 || seen == bits(1, N + 3));
		spool_close(s);
	}
}

static void tests(void)
{
	RUN(test_byte_of_last);
	RUN(test_byte_of_earlier);
	RUN(test_cut_last);
	RUN(test_cut_earlier);
	RUN(test_facts);
	RUN(test_last_head);
	RUN(test_shifted);
}

int main(void)
{
	return spool_main(tests);
}
