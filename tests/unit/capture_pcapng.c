// SPDX-License-Identifier: Apache-2.0
/*
 * capture_pcapng.c - pcapng: kinds of blocks, sections, interfaces that
 * differ, resolutions of time, and blocks that contradict themselves.
 */
#include <stdlib.h>
#include <sysexits.h>
#include "capture_lib.h"
#include "check.h"

#define S INT64_C(1000000000)

static struct seen s;

static void check_frame(int n, uint32_t bytes, uint32_t wire_bytes, int64_t ts_ns)
{
	CHECK(n < s.frames);
	CHECK_EQ(s.frame[n].bytes, bytes);
	CHECK_EQ(s.frame[n].wire_bytes, wire_bytes);
	CHECK_EQ(s.frame[n].ts_ns, ts_ns);
	CHECK(s.frame[n].right);
}

static void check_whole(int frames)
{
	CHECK(s.opened);
	CHECK_EQ(s.code, 0);
	CHECK_EQ(s.frames, frames);
	CHECK_STR(s.said, "");
}

/* After so many frames, with one sentence; 0 frames: by capture_open(). */
static void check_error(int frames, const char *why)
{
	CHECK_EQ(s.opened, frames > 0);
	CHECK_EQ(s.frames, frames);
	CHECK_EQ(s.code, EX_DATAERR);
	if (!strstr(s.said, why))
		CHECK_STR(s.said, why);
	CHECK(strchr(s.said, '\n') == s.said + strlen(s.said) - 1);
}

static struct image *begin_file(bool big_endian)
{
	struct image *im = image_new(big_endian);

	put_section(im);
	return im;
}

static void put_timed_iface(struct image *im, uint8_t tsresol, int64_t tsoffset)
{
	begin_iface(im, 1, 0);
	put_option(im, 3, "a description that is no name, and longer than all that the reader keeps of one", 79);
	put_option(im, 9, &tsresol, 1);
	put16(im, 14);
	put16(im, 8);
	put64(im, (uint64_t)tsoffset);
	put16(im, 0);
	put16(im, 0);
	put_option(im, 9, "\x03", 1);	/* after the end of options: not read */
	end_block(im);
}

static void test_interfaces_differ(void)
{
	for (int big = 0; big < 2; big++) {
		struct image *im = begin_file(big);

		put_iface(im, 1, 65535);
		put_iface(im, 1, 262144);
		put_packet(im, 1, 1700000000123456, 0, 61, 61);
		put_timed_iface(im, 9, 0);
		put_packet(im, 2, 1700000000123456789, 1, 62, 1514);
		put_packet(im, 0, 7, 2, 63, 10);
		read_and_free(im, &s);
		check_whole(3);
		check_frame(0, 61, 61, 1700000000123456000);
		check_frame(1, 62, 1514, 1700000000123456789);
		check_frame(2, 63, 63, 7000);
	}
}

static int64_t time_of(uint8_t tsresol, int64_t tsoffset, uint64_t ticks)
{
	struct image *im = begin_file(true);

	put_timed_iface(im, tsresol, tsoffset);
	put_packet(im, 0, ticks, 0, 1, 1);
	read_and_free(im, &s);
	return s.frames == 1 ? s.frame[0].ts_ns : -1;
}

static void test_times(void)
{
	CHECK_EQ(time_of(6, 0, 1700000000123456), 1700000000123456000);
	CHECK_EQ(time_of(9, 0, 1700000000123456789), 1700000000123456789);
	CHECK_EQ(time_of(0, 0, 1700000000), 1700000000 * S);
	CHECK_EQ(time_of(12, 0, 18000000000000999999u), 18000000 * S + 999);
	CHECK_EQ(time_of(19, 0, UINT64_MAX), 1844674407);
	CHECK_EQ(time_of(127, 0, UINT64_MAX), 0);
	CHECK_EQ(time_of(0x80 | 20, 0, ((uint64_t)1700000000 << 20) + (1 << 19)), 1700000000 * S + S / 2);
	CHECK_EQ(time_of(0x80 | 32, 0, (uint64_t)1700000000 << 32 | 0x40000000), 1700000000 * S + S / 4);
	CHECK_EQ(time_of(0x80 | 63, 0, UINT64_MAX), 2 * S - 1);
	CHECK_EQ(time_of(0x80, 0, 5), 5 * S);
	CHECK_EQ(time_of(0xff, 0, UINT64_MAX), 0);
	CHECK_EQ(time_of(6, 1700000000, 5), 1700000000 * S + 5000);
	CHECK_EQ(time_of(6, -3, 5), -3 * S + 5000);
}

static void test_times_out_of_range(void)
{
	time_of(0, 0, UINT64_MAX);
	check_error(0, "292 years");
	time_of(6, INT64_MAX, 0);
	check_error(0, "292 years");
	time_of(6, INT64_MIN, 0);
	check_error(0, "292 years");
}

static void test_simple_packets(void)
{
	struct image *im = begin_file(false);

	put_iface(im, 1, 50);
	put_iface(im, 1, 10);
	put_simple(im, 0, 50, 1514);
	put_simple(im, 1, 49, 49);
	put_section(im);
	put_iface(im, 1, 0);
	put_simple(im, 2, 1514, 1514);
	put_simple(im, 3, 1514, 1517);
	read_and_free(im, &s);
	check_frame(0, 50, 1514, 0);
	check_frame(1, 49, 49, 0);
	check_frame(2, 1514, 1514, 0);
	check_error(3, "a packet of 1517 bytes in a block of 1532");
}

static void test_old_packet_blocks(void)
{
	struct image *im = begin_file(true);

	put_iface(im, 1, 0);
	begin_block(im, 2);
	put16(im, 0);
	put16(im, 0xffff);		/* drops: unknown */
	put64(im, 3000000);
	put32(im, 5);
	put32(im, 90);
	put_data(im, 0, 5);
	end_block(im);
	read_and_free(im, &s);
	check_whole(1);
	check_frame(0, 5, 90, 3 * S);
}

static void put_unknown(struct image *im, uint32_t type, uint32_t bytes)
{
	begin_block(im, type);
	put_data(im, 9, bytes);
	end_block(im);
}

static void test_other_blocks_are_skipped(void)
{
	struct image *im = begin_file(false);

	put_unknown(im, 4, 40);
	put_iface(im, 1, 0);
	put_unknown(im, 0x80000bad, 300001);
	put_packet(im, 0, 0, 0, 60, 60);
	put_unknown(im, 5, 0);
	read_and_free(im, &s);
	check_whole(1);
	check_frame(0, 60, 60, 0);
}

/* Options after a packet's data, as Wireshark's comments are. */
static void test_options_after_data(void)
{
	struct image *im = begin_file(false);

	put_iface(im, 1, 0);
	for (uint8_t i = 0; i < 2; i++) {
		put_packet(im, 0, 0, i, 8, 8);
		im->n -= 4;
		put_option(im, 1, "a remark", 8);
		end_block(im);
	}
	read_and_free(im, &s);
	check_whole(2);
}

static void test_sections_differ_in_byte_order(void)
{
	struct image *im = image_new(false);

	for (uint8_t i = 0; i < 4; i++) {
		im->big_endian = i % 2;
		put_section(im);
		put_timed_iface(im, i % 2 ? 9 : 6, 0);
		put_packet(im, 0, 5, i, 10u + i, 20);
	}
	read_and_free(im, &s);
	check_whole(4);
	for (int i = 0; i < 4; i++)
		check_frame(i, 10 + i, 20, i % 2 ? 5 : 5000);
}

static void test_interfaces_end_with_their_section(void)
{
	struct image *im = begin_file(false);

	put_iface(im, 1, 0);
	put_packet(im, 0, 5, 0, 10, 20);
	put_section(im);
	put_packet(im, 0, 5, 1, 10, 20);
	read_and_free(im, &s);
	check_error(1, "a packet of interface 0, of 0");
}

static void test_first_interface_is_not_ethernet(void)
{
	struct image *im = begin_file(false);

	begin_iface(im, 101, 0);
	put_option(im, 2, "tun0", 4);
	end_block(im);
	read_and_free(im, &s);
	check_error(0, "interface 0 tun0 is raw IP (101)");
}

static void test_later_interface_is_not_ethernet(void)
{
	struct image *im = begin_file(false);

	put_iface(im, 1, 0);
	begin_iface(im, 276, 0);
	put_option(im, 2, "any", 3);
	end_block(im);
	put_packet(im, 0, 0, 0, 60, 60);
	put_packet(im, 0, 0, 1, 60, 60);
	put_packet(im, 1, 0, 2, 60, 60);
	put_packet(im, 0, 0, 3, 60, 60);
	read_and_free(im, &s);
	check_error(2, "interface 1 any is Linux cooked v2 (276)");
}

static void test_no_packets(void)
{
	read_and_free(begin_file(true), &s);
	check_whole(0);
}

/* A file of one whole packet and one of which a 32-bit word is another. */
static void read_with(size_t from_second, uint32_t word)
{
	struct image *im = begin_file(false);
	size_t end;

	put_iface(im, 1, 0);
	put_packet(im, 0, 0, 0, 60, 60);
	end = im->n;
	put_packet(im, 0, 0, 1, 60, 60);
	put_packet(im, 0, 0, 2, 60, 60);
	im->n = end + from_second;
	put32(im, word);
	im->n = end + 3 * 92;
	read_and_free(im, &s);
}

static void test_blocks_that_contradict_themselves(void)
{
	read_with(4, 93);
	check_error(1, "damaged at byte 140: a block of type 6 can't have 93 bytes");
	read_with(4, 8);
	check_error(1, "can't have 8 bytes");
	read_with(4, 0xfffffffc);
	check_error(1, "can't have 4294967292 bytes");
	read_with(4, 28);
	check_error(1, "lacks room for its fields");
	read_with(4, 96);
	check_error(1, "a block has 96 bytes at its head and 6 at its end");
	read_with(88, 96);
	check_error(1, "a block has 92 bytes at its head and 96 at its end");
	read_with(8, 1);
	check_error(1, "a packet of interface 1, of 1");
	read_with(20, 61);
	check_error(1, "a packet of 61 bytes in a block of 92");
	read_with(20, UINT32_MAX);
	check_error(1, "a packet of 4294967295 bytes in a block of 92");
}

static void read_iface_option(uint16_t code, uint16_t says, uint16_t has)
{
	struct image *im = begin_file(false);

	begin_iface(im, 1, 0);
	put16(im, code);
	put16(im, says);
	put_data(im, 0, has);
	end_block(im);
	read_and_free(im, &s);
}

static void test_damaged_interfaces(void)
{
	read_iface_option(9, 2, 2);
	check_error(0, "option 9 can't have 2 bytes");
	read_iface_option(14, 4, 4);
	check_error(0, "option 14 can't have 4 bytes");
	read_iface_option(2, 9, 8);
	check_error(0, "option 2 can't have 9 bytes");
	read_iface_option(2, 65535, 8);
	check_error(0, "option 2 can't have 65535 bytes");
	read_iface_option(2, 64, 64);
	check_whole(0);
	read_iface_option(2, 70, 72);
	check_whole(0);
}

static void test_damaged_sections(void)
{
	struct image *im = begin_file(false);

	im->bytes[12] = 2;
	read_and_free(im, &s);
	check_error(0, "pcapng version is 2.0");
	im = begin_file(false);
	im->bytes[9] = 0;
	read_and_free(im, &s);
	check_error(0, "a section without its byte order");
	im = begin_file(false);
	im->bytes[4] = 12;
	read_and_free(im, &s);
	check_error(0, "can't have 12 bytes");
}

static void test_too_many_interfaces(void)
{
	struct image *im = begin_file(false);

	for (int i = 0; i < 65536; i++)
		put_iface(im, 1, 0);
	read_image(im, false, &s);
	check_whole(0);
	put_iface(im, 1, 0);
	read_and_free(im, &s);
	check_error(0, "more than 65536 interfaces");
}

int main(void)
{
	RUN(test_interfaces_differ);
	RUN(test_times);
	RUN(test_times_out_of_range);
	RUN(test_simple_packets);
	RUN(test_old_packet_blocks);
	RUN(test_other_blocks_are_skipped);
	RUN(test_options_after_data);
	RUN(test_sections_differ_in_byte_order);
	RUN(test_interfaces_end_with_their_section);
	RUN(test_first_interface_is_not_ethernet);
	RUN(test_later_interface_is_not_ethernet);
	RUN(test_no_packets);
	RUN(test_blocks_that_contradict_themselves);
	RUN(test_damaged_interfaces);
	RUN(test_damaged_sections);
	RUN(test_too_many_interfaces);
	return check_done();
}
