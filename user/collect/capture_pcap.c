// SPDX-License-Identifier: Apache-2.0
/*
 * capture_pcap.c - the classic capture file: a head of 24 bytes, then packets
 * (draft-ietf-opsawg-pcap), in the byte order of whoever wrote it.
 */
#include "collect/capture_priv.h"

#include <string.h>
#include <sysexits.h>
#include "base/log.h"

#define FILE_HEAD_BYTES 24
#define PACKET_BYTES 16
#define PACKET_BYTES_MAX 24
#define PCAP_MAJOR 2
#define PCAP_MINOR 4
#define LINK_TYPE_MASK 0x03ffffff	/* above it: whether frames keep their FCS */

static const struct pcap_kind {
	uint32_t magic;
	uint32_t ns;
	uint32_t packet_bytes;
} kinds[] = {
	{ 0xa1b2c3d4, 1000, PACKET_BYTES },
	{ 0xa1b23c4d, 1, PACKET_BYTES },
	{ 0xa1b2cd34, 1000, PACKET_BYTES_MAX },	/* "modified": interface, protocol and type follow the lengths */
};

static const struct pcap_kind *find_kind(const uint8_t magic[4], bool big_endian)
{
	struct capture order = { .big_endian = big_endian };

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (kinds[i].magic == capture_u32(&order, magic))
			return &kinds[i];
	return NULL;
}

bool pcap_magic_known(const uint8_t magic[4])
{
	return find_kind(magic, false) || find_kind(magic, true);
}

static int pcap_next(struct capture *c, struct capture_frame *f)
{
	uint8_t h[PACKET_BYTES_MAX];
	uint32_t bytes, wire_bytes;
	int got = capture_take_first(c, h, c->pcap_header_bytes);

	if (got != 1)
		return got;
	f->ts_ns = capture_u32(c, h) * INT64_C(1000000000) + (int64_t)capture_u32(c, h + 4) * c->pcap_ns;
	bytes = capture_u32(c, h + 8);
	wire_bytes = capture_u32(c, h + 12);
	if (c->pcap_old && bytes > wire_bytes) {
		bytes = wire_bytes;
		wire_bytes = capture_u32(c, h + 8);
	}
	got = capture_take_frame(c, f, bytes, wire_bytes);
	return got ? got : 1;
}

static int check_version(struct capture *c, unsigned int major, unsigned int minor)
{
	if (major != PCAP_MAJOR || minor > PCAP_MINOR) {
		log_error("read capture %s: its pcap version is %u.%u, and only those up to %d.%d can be read",
			  c->path, major, minor, PCAP_MAJOR, PCAP_MINOR);
		return EX_DATAERR;
	}
	c->pcap_old = minor < PCAP_MINOR;
	return 0;
}

int pcap_open_file(struct capture *c, const uint8_t magic[4])
{
	const struct pcap_kind *kind = find_kind(magic, false);
	uint8_t h[FILE_HEAD_BYTES];
	int code = capture_take(c, h + 4, sizeof(h) - 4);

	if (code)
		return code;
	c->big_endian = !kind;
	if (!kind)
		kind = find_kind(magic, true);
	c->pcap_ns = kind->ns;
	c->pcap_header_bytes = kind->packet_bytes;
	c->next = pcap_next;
	code = check_version(c, capture_u16(c, h + 4), capture_u16(c, h + 6));
	return code ? code : capture_check_link(c, "the file", capture_u32(c, h + 20) & LINK_TYPE_MASK);
}
