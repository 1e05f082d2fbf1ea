/* SPDX-License-Identifier: Apache-2.0 */
/*
 * packet_impl.h - between the two files of the frame builder: packet_lib.c,
 * which reads the line and fills in lengths, and headers_lib.c, which knows
 * the headers.
 */
#ifndef NINETAP_TESTS_PACKET_IMPL_H
#define NINETAP_TESTS_PACKET_IMPL_H

#include "packet.h"

#define LENGTHS_MAX 32
#define PACKET_LENGTH 1			/* etype of a header that stands behind a length */

/* What the field at link_at calls the next header by. */
enum link { LINK_NONE, LINK_ETYPE, LINK_PROTO, LINK_PPP, LINK_PPP1, LINK_PORT, LINK_MPLS };

struct length {
	uint32_t at, start;		/* field, first byte counted */
	int level;			/* of an IP header, or -1 */
	uint32_t less;			/* IPv6 leaves out its own header */
};

struct builder {
	struct packet *out;
	const char *attrs;		/* of this header: ",k=v,k=v", up to a blank */
	enum link link;			/* of the header before */
	uint32_t link_at;
	struct length lengths[LENGTHS_MAX];
	uint32_t lengths_n, end;	/* end: where lengths end; 0: at the last byte */
};

struct header {
	const char *name;
	void (*put)(struct builder *b);
	uint16_t etype, ppp, dport;	/* what the header before calls it; 0: does not */
	int proto;			/* -1: does not */
};
extern const struct header packet_headers[];	/* ends with a NULL name */

void put8(struct builder *b, uint32_t v);
void put16(struct builder *b, uint32_t v);
void put32(struct builder *b, uint32_t v);
void fill(struct builder *b, uint32_t n, uint8_t v);

/* Where the attribute's value begins, or NULL; and as a number. */
const char *attr_text(const struct builder *b, const char *key);
uint32_t attr(const struct builder *b, const char *key, uint32_t otherwise);

/* The field that names the next header: here, unless key is given. */
void next16(struct builder *b, enum link link, const char *key, uint32_t otherwise);
void next8(struct builder *b, enum link link, const char *key, uint32_t otherwise);

/* A length of all from start on, unless len is given. */
void length16(struct builder *b, uint32_t start, int level, uint32_t less);

#endif
