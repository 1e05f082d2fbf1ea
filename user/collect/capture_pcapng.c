// SPDX-License-Identifier: Apache-2.0
/*
 * capture_pcapng.c - the newer capture file (draft-ietf-opsawg-pcapng):
 * sections, each in its own byte order, of blocks whose length stands at both
 * ends. A section's interfaces may differ in everything.
 *
 * Blocks that hold no packet and no interface are skipped, whatever they are.
 */
#include "collect/capture_priv.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include "base/log.h"

#define BLOCK_SECTION 0x0a0d0d0a	/* reads the same in both byte orders */
#define BLOCK_INTERFACE 1
#define BLOCK_PACKET_OLD 2
#define BLOCK_PACKET_SIMPLE 3
#define BLOCK_PACKET 6

#define BYTE_ORDER_MAGIC 0x1a2b3c4d
#define BLOCK_HEAD_BYTES 8
#define BLOCK_TAIL_BYTES 4
#define BLOCK_BYTES_MAX (128u << 20)	/* what is skipped costs no memory; more is damage */
#define IFACES_MAX 65536
#define PCAPNG_MAJOR 1

#define OPTION_END 0
#define OPTION_NAME 2
#define OPTION_TSRESOL 9
#define OPTION_TSOFFSET 14
#define TSRESOL_DEFAULT 6		/* µs */
#define TSRESOL_BINARY 0x80

struct block {
	uint32_t type;
	uint32_t bytes;			/* as its head says */
	uint32_t left;			/* of its body */
	bool has_frame;
};

bool pcapng_magic_known(const uint8_t magic[4])
{
	struct capture order = { 0 };

	return capture_u32(&order, magic) == BLOCK_SECTION;
}

static int block_take(struct capture *c, struct block *b, void *buf, uint32_t n)
{
	if (n > b->left)
		return capture_damaged(c, "a block of type %" PRIu32 " and %" PRIu32 " bytes lacks room for its fields",
				       b->type, b->bytes);
	b->left -= n;
	return capture_take(c, buf, n);
}

/* A section tells its byte order in its body, and its head can't be read before. */
static int read_byte_order(struct capture *c)
{
	uint8_t magic[4];
	int code = capture_take(c, magic, sizeof(magic));

	if (code)
		return code;
	c->big_endian = magic[0] == 0x1a;
	if (capture_u32(c, magic) != BYTE_ORDER_MAGIC)
		return capture_damaged(c, "a section without its byte order");
	return 0;
}

static int begin_block(struct capture *c, struct block *b, const uint8_t head[BLOCK_HEAD_BYTES])
{
	uint32_t least = BLOCK_HEAD_BYTES + BLOCK_TAIL_BYTES;
	int code;

	b->has_frame = false;
	b->type = capture_u32(c, head);
	if (b->type == BLOCK_SECTION) {
		code = read_byte_order(c);
		if (code)
			return code;
		least += 4;
	}
	b->bytes = capture_u32(c, head + 4);
	if (b->bytes % 4 || b->bytes < least || b->bytes > BLOCK_BYTES_MAX)
		return capture_damaged(c, "a block of type %" PRIu32 " can't have %" PRIu32 " bytes", b->type, b->bytes);
	b->left = b->bytes - least;
	return 0;
}

static int end_block(struct capture *c, struct block *b)
{
	uint8_t tail[BLOCK_TAIL_BYTES];
	int code = capture_skip(c, b->left);

	if (!code)
		code = capture_take(c, tail, sizeof(tail));
	if (code)
		return code;
	if (capture_u32(c, tail) != b->bytes)
		return capture_damaged(c, "a block has %" PRIu32 " bytes at its head and %" PRIu32 " at its end",
				       b->bytes, capture_u32(c, tail));
	return 0;
}

static int read_section(struct capture *c, struct block *b)
{
	uint8_t body[12];		/* version, length of the section */
	int code = block_take(c, b, body, sizeof(body));

	if (code)
		return code;
	if (capture_u16(c, body) != PCAPNG_MAJOR) {
		log_error("read capture %s: its pcapng version is %u.%u, and only %d can be read", c->path,
			  capture_u16(c, body), capture_u16(c, body + 2), PCAPNG_MAJOR);
		return EX_DATAERR;
	}
	c->iface_count = 0;
	return 0;
}

/* --- interfaces ------------------------------------------------------------ */
static int make_iface(struct capture *c, struct capture_iface **out)
{
	uint32_t room = c->iface_room ? c->iface_room * 2 : 4;
	struct capture_iface *more;

	if (c->iface_count == IFACES_MAX)
		return capture_damaged(c, "a section of more than %d interfaces", IFACES_MAX);
	if (c->iface_count == c->iface_room) {
		more = realloc(c->ifaces, room * sizeof(*more));
		if (!more) {
			log_error("read capture %s: %s", c->path, strerror(ENOMEM));
			return EX_OSERR;
		}
		c->ifaces = more;
		c->iface_room = room;
	}
	*out = &c->ifaces[c->iface_count++];
	**out = (struct capture_iface){ .tsresol = TSRESOL_DEFAULT };
	return 0;
}

static int check_iface_link(const struct capture *c, uint32_t number)
{
	const struct capture_iface *i = &c->ifaces[number];
	char what[CAPTURE_NAME_BYTES + 32];

	snprintf(what, sizeof(what), "interface %" PRIu32 "%s%s", number, i->name[0] ? " " : "", i->name);
	return capture_check_link(c, what, i->link_type);
}

static bool option_length_right(uint16_t code, uint16_t bytes)
{
	return (code != OPTION_TSRESOL || bytes == 1) && (code != OPTION_TSOFFSET || bytes == 8);
}

/* Only the sentences about an interface need its name: one that is too long is left out. */
static void set_option(const struct capture *c, struct capture_iface *i, uint16_t code, const uint8_t *value,
		       uint16_t bytes)
{
	if (code == OPTION_TSRESOL)
		i->tsresol = value[0];
	else if (code == OPTION_TSOFFSET)
		i->tsoffset = (int64_t)capture_u64(c, value);
	else if (code == OPTION_NAME && bytes < sizeof(i->name))
		memcpy(i->name, value, bytes);
}

/* 0 goes on, as does the end: then nothing is left. */
static int read_option(struct capture *c, struct block *b, struct capture_iface *i)
{
	uint8_t head[4], value[CAPTURE_NAME_BYTES];
	uint16_t code, bytes;
	uint32_t padded;
	int err = block_take(c, b, head, sizeof(head));

	if (err)
		return err;
	code = capture_u16(c, head);
	bytes = capture_u16(c, head + 2);
	padded = (bytes + 3u) & ~3u;
	if (code == OPTION_END) {
		padded = b->left;
		b->left = 0;
		return capture_skip(c, padded);
	}
	if (padded > b->left || !option_length_right(code, bytes))
		return capture_damaged(c, "an interface's option %u can't have %u bytes", code, bytes);
	b->left -= padded;
	if (padded > sizeof(value))
		return capture_skip(c, padded);
	err = capture_take(c, value, padded);
	if (!err)
		set_option(c, i, code, value, bytes);
	return err;
}

static int read_interface(struct capture *c, struct block *b)
{
	struct capture_iface *i = NULL;
	uint8_t body[8];		/* link type, nothing, snaplen */
	int code = block_take(c, b, body, sizeof(body));

	if (!code)
		code = make_iface(c, &i);
	if (code)
		return code;
	i->link_type = capture_u16(c, body);
	i->snaplen = capture_u32(c, body + 4);
	while (b->left && !code)
		code = read_option(c, b, i);
	if (!code && c->opening && c->iface_count == 1)
		code = check_iface_link(c, 0);
	return code;
}

/* --- packets --------------------------------------------------------------- */
static __int128 ticks_to_ns(uint64_t ticks, uint8_t tsresol)
{
	unsigned __int128 ns = (unsigned __int128)ticks * 1000000000;
	unsigned int n = tsresol & ~TSRESOL_BINARY;

	if (tsresol & TSRESOL_BINARY)
		return ns >> n;
	while (n-- && ns)
		ns /= 10;
	return ns;
}

static int set_time(struct capture *c, const struct capture_iface *i, uint64_t ticks, struct capture_frame *f)
{
	__int128 ns = ticks_to_ns(ticks, i->tsresol) + (__int128)i->tsoffset * 1000000000;

	if (ns > INT64_MAX || ns < INT64_MIN)
		return capture_damaged(c, "a packet's time is more than 292 years from 1970");
	f->ts_ns = (int64_t)ns;
	return 0;
}

/* The interface of a packet: there, and Ethernet. */
static int find_iface(struct capture *c, uint32_t number, const struct capture_iface **out)
{
	if (number >= c->iface_count)
		return capture_damaged(c, "a packet of interface %" PRIu32 ", of %" PRIu32, number, c->iface_count);
	*out = &c->ifaces[number];
	return check_iface_link(c, number);
}

static int take_frame(struct capture *c, struct block *b, struct capture_frame *f, uint32_t bytes, uint32_t wire_bytes)
{
	if (bytes > b->left)
		return capture_damaged(c, "a packet of %" PRIu32 " bytes in a block of %" PRIu32, bytes, b->bytes);
	b->left -= bytes;
	b->has_frame = true;
	return capture_take_frame(c, f, bytes, wire_bytes);
}

/* The old block and today's differ in how wide the interface's number is. */
static int read_packet(struct capture *c, struct block *b, struct capture_frame *f)
{
	const struct capture_iface *i = NULL;
	uint8_t body[20];		/* interface (old: and drops), time high, low, captured, wire */
	int code = block_take(c, b, body, sizeof(body));

	if (!code)
		code = find_iface(c, b->type == BLOCK_PACKET ? capture_u32(c, body) : capture_u16(c, body), &i);
	if (!code)
		code = set_time(c, i, (uint64_t)capture_u32(c, body + 4) << 32 | capture_u32(c, body + 8), f);
	return code ? code : take_frame(c, b, f, capture_u32(c, body + 12), capture_u32(c, body + 16));
}

/* No time and no captured length: the first interface's snaplen gives that. */
static int read_simple(struct capture *c, struct block *b, struct capture_frame *f)
{
	const struct capture_iface *i = NULL;
	uint8_t body[4];
	uint32_t bytes, wire_bytes;
	int code = block_take(c, b, body, sizeof(body));

	if (!code)
		code = find_iface(c, 0, &i);
	if (code)
		return code;
	wire_bytes = capture_u32(c, body);
	bytes = i->snaplen && i->snaplen < wire_bytes ? i->snaplen : wire_bytes;
	f->ts_ns = 0;
	return take_frame(c, b, f, bytes, wire_bytes);
}

static int read_block(struct capture *c, struct block *b, struct capture_frame *f)
{
	switch (b->type) {
	case BLOCK_SECTION:
		return read_section(c, b);
	case BLOCK_INTERFACE:
		return read_interface(c, b);
	case BLOCK_PACKET:
	case BLOCK_PACKET_OLD:
		return read_packet(c, b, f);
	case BLOCK_PACKET_SIMPLE:
		return read_simple(c, b, f);
	default:
		return 0;
	}
}

static int pcapng_next(struct capture *c, struct capture_frame *f)
{
	uint8_t head[BLOCK_HEAD_BYTES];
	struct block b;
	int code;

	do {
		int got = capture_take_first(c, head, sizeof(head));

		if (got != 1)
			return got;
		code = begin_block(c, &b, head);
		if (!code)
			code = read_block(c, &b, f);
		if (!code)
			code = end_block(c, &b);
	} while (!code && !b.has_frame);
	return code ? code : 1;
}

int pcapng_open_file(struct capture *c, const uint8_t magic[4])
{
	uint8_t head[BLOCK_HEAD_BYTES];
	struct block b;
	int code = capture_take(c, head + 4, sizeof(head) - 4);

	memcpy(head, magic, 4);
	c->next = pcapng_next;
	if (!code)
		code = begin_block(c, &b, head);
	if (!code)
		code = read_section(c, &b);
	return code ? code : end_block(c, &b);
}
