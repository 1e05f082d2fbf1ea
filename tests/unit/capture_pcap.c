// SPDX-License-Identifier: Apache-2.0
/*
 * capture_pcap.c - classic captures: each magic in both byte orders, link
 * types, versions, lengths.
 */
#include <stdlib.h>
#include <sysexits.h>
#include "capture_lib.h"
#include "check.h"

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

static void check_refused(const char *why)
{
	CHECK(!s.opened);
	CHECK_EQ(s.code, EX_DATAERR);
	CHECK(strstr(s.said, why) != NULL);
	CHECK(strchr(s.said, '\n') == s.said + strlen(s.said) - 1);
}

static void three_packets(uint32_t magic, bool big_endian, int64_t ns)
{
	struct image *im = image_new(big_endian);

	put_pcap_head(im, magic, 1);
	put_pcap_packet(im, 1700000000, 999999, 0, 60, 1514);
	put_pcap_packet(im, UINT32_MAX, 1, 1, 0, 0);
	put_pcap_packet(im, 0, UINT32_MAX, 2, 3000, 100);
	read_and_free(im, &s);
	check_whole(3);
	check_frame(0, 60, 1514, 1700000000000000000 + 999999 * ns);
	check_frame(1, 0, 0, 4294967295000000000 + ns);
	check_frame(2, 3000, 3000, UINT32_MAX * ns);
}

static void test_microseconds(void)
{
	three_packets(0xa1b2c3d4, false, 1000);
	three_packets(0xa1b2c3d4, true, 1000);
}

static void test_nanoseconds(void)
{
	three_packets(0xa1b23c4d, false, 1);
	three_packets(0xa1b23c4d, true, 1);
}

static void put_modified(struct image *im, uint8_t seed, uint32_t bytes)
{
	put32(im, 5);
	put32(im, 6);
	put32(im, bytes);
	put32(im, bytes);
	put64(im, 0x1122334455667788);	/* interface, protocol, type, filler */
	put_data(im, seed, bytes);
}

static void test_modified(void)
{
	for (int big = 0; big < 2; big++) {
		struct image *im = image_new(big);

		put_pcap_head(im, 0xa1b2cd34, 1);
		put_modified(im, 0, 77);
		put_modified(im, 1, 78);
		read_and_free(im, &s);
		check_whole(2);
		check_frame(0, 77, 77, 5000006000);
		check_frame(1, 78, 78, 5000006000);
	}
}

/* Version 2.3 and before: some writers put the wire's length first. */
static void test_old_versions(void)
{
	struct image *im = image_new(false);

	put_pcap_head(im, 0xa1b2c3d4, 1);
	im->bytes[6] = 3;
	put64(im, 1);
	put32(im, 100);
	put32(im, 40);
	put_data(im, 0, 40);
	put_pcap_packet(im, 1, 0, 1, 40, 100);
	read_and_free(im, &s);
	check_whole(2);
	check_frame(0, 40, 100, 1000000000);
	check_frame(1, 40, 100, 1000000000);
}

static void test_other_versions_are_refused(void)
{
	static const uint8_t versions[][2] = { { 2, 5 }, { 1, 4 }, { 3, 0 } };

	for (int i = 0; i < 3; i++) {
		struct image *im = image_new(false);

		put_pcap_head(im, 0xa1b2c3d4, 1);
		im->bytes[4] = versions[i][0];
		im->bytes[6] = versions[i][1];
		read_and_free(im, &s);
		check_refused("pcap version");
	}
}

static void test_no_packets(void)
{
	struct image *im = image_new(false);

	put_pcap_head(im, 0xa1b2c3d4, 1);
	read_and_free(im, &s);
	check_whole(0);
}

static void test_other_links_are_refused(void)
{
	struct image *im = image_new(true);

	put_pcap_head(im, 0xa1b2c3d4, 113);
	put_pcap_packet(im, 1, 1, 0, 60, 60);
	read_and_free(im, &s);
	check_refused("Linux cooked (113)");
}

/* 0x24000000: "the length of the FCS is 4" stands above the link type. */
static void test_fcs_bits_are_no_link_type(void)
{
	struct image *im = image_new(false);

	put_pcap_head(im, 0xa1b2c3d4, 0x24000001);
	put_pcap_packet(im, 1, 1, 0, 64, 64);
	read_and_free(im, &s);
	check_whole(1);
	check_frame(0, 64, 64, 1000001000);
}

static void test_largest_packet(void)
{
	struct image *im = image_new(false);

	put_pcap_head(im, 0xa1b2c3d4, 1);
	put_pcap_packet(im, 1, 1, 0, 262144, 262144);
	put_pcap_packet(im, 1, 1, 1, 60, 60);
	put_pcap_packet(im, 1, 1, 2, 262145, 262145);
	read_and_free(im, &s);
	CHECK_EQ(s.frames, 2);
	check_frame(0, 262144, 262144, 1000001000);
	check_frame(1, 60, 60, 1000001000);
	CHECK_EQ(s.code, EX_DATAERR);
	CHECK(strstr(s.said, "damaged at byte 262260: a packet of 262145 bytes") != NULL);
}

static void test_other_files_are_refused(void)
{
	struct image *im = image_new(false);

	put_bytes(im, "\x28\xb5\x2f\xfd and so on", 14);
	read_and_free(im, &s);
	check_refused("neither pcap nor pcapng");
	read_and_free(image_new(false), &s);
	check_refused("it is empty");
}

int main(void)
{
	RUN(test_microseconds);
	RUN(test_nanoseconds);
	RUN(test_modified);
	RUN(test_old_versions);
	RUN(test_other_versions_are_refused);
	RUN(test_no_packets);
	RUN(test_other_links_are_refused);
	RUN(test_fcs_bits_are_no_link_type);
	RUN(test_largest_packet);
	RUN(test_other_files_are_refused);
	return check_done();
}
