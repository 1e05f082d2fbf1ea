// SPDX-License-Identifier: Apache-2.0
/*
 * packet_lib.c - the frame builder of packet.h: reads the line, chains the
 * headers and fills in lengths. Formats are in headers_lib.c.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "packet_impl.h"

void put8(struct builder *b, uint32_t v)
{
	if (b->out->n < PACKET_BYTES)
		b->out->bytes[b->out->n++] = v;
}

void put16(struct builder *b, uint32_t v)
{
	put8(b, v >> 8);
	put8(b, v);
}

void put32(struct builder *b, uint32_t v)
{
	put16(b, v >> 16);
	put16(b, v);
}

void fill(struct builder *b, uint32_t n, uint8_t v)
{
	while (n--)
		put8(b, v);
}

static void set16(struct builder *b, uint32_t at, uint32_t v)
{
	b->out->bytes[at] = v >> 8;
	b->out->bytes[at + 1] = v;
}

const char *attr_text(const struct builder *b, const char *key)
{
	size_t n = strlen(key);

	for (const char *s = b->attrs; *s == ','; s += strcspn(s, ", ")) {
		s++;
		if (!strncmp(s, key, n) && s[n] == '=')
			return s + n + 1;
	}
	return NULL;
}

uint32_t attr(const struct builder *b, const char *key, uint32_t otherwise)
{
	const char *s = attr_text(b, key);

	return s ? strtoul(s, NULL, 0) : otherwise;
}

void next16(struct builder *b, enum link link, const char *key, uint32_t otherwise)
{
	b->link = attr_text(b, key) ? LINK_NONE : link;
	b->link_at = b->out->n;
	put16(b, attr(b, key, otherwise));
}

void next8(struct builder *b, enum link link, const char *key, uint32_t otherwise)
{
	b->link = attr_text(b, key) ? LINK_NONE : link;
	b->link_at = b->out->n;
	put8(b, attr(b, key, otherwise));
}

void length16(struct builder *b, uint32_t start, int level, uint32_t less)
{
	if (!attr_text(b, "len") && b->lengths_n < LENGTHS_MAX)
		b->lengths[b->lengths_n++] = (struct length){ b->out->n, start, level, less };
	else if (level >= 0)
		b->out->ip_bytes[level] = attr(b, "len", 0) + less;
	put16(b, attr(b, "len", 0));
}

static void length_of(struct builder *b, uint32_t at, uint32_t start)
{
	if (b->lengths_n < LENGTHS_MAX)
		b->lengths[b->lengths_n++] = (struct length){ at, start, -1, 0 };
}

/* Names header h in the one before it. */
static void link_to(struct builder *b, const struct header *h)
{
	uint32_t as = attr(b, "as", 0);

	if (b->link == LINK_ETYPE && h->etype == PACKET_LENGTH)
		length_of(b, b->link_at, b->out->n);
	else if (b->link == LINK_ETYPE && (h->etype || as))
		set16(b, b->link_at, as ? as : h->etype);
	else if (b->link == LINK_PPP && h->ppp)
		set16(b, b->link_at, h->ppp);
	else if (b->link == LINK_PPP1 && h->ppp)
		b->out->bytes[b->link_at] = h->ppp;
	else if (b->link == LINK_PORT && h->dport)
		set16(b, b->link_at, as ? as : h->dport);
	else if (b->link == LINK_PROTO && h->proto >= 0)
		b->out->bytes[b->link_at] = h->proto;
	else if (b->link == LINK_MPLS && strcmp(h->name, "mpls"))
		b->out->bytes[b->link_at] |= 1;
}

static int put_header(struct builder *b, const char *name, size_t n)
{
	const struct header *h = packet_headers;
	uint32_t times = attr(b, "times", 1);

	while (h->name && (strlen(h->name) != n || strncmp(h->name, name, n)))
		h++;
	if (!h->name) {
		fprintf(stderr, "packet: no header \"%.*s\"\n", (int)n, name);
		return -1;
	}
	while (times--) {
		link_to(b, h);
		h->put(b);
	}
	return 0;
}

static void fill_lengths(struct builder *b)
{
	uint32_t end = b->end ? b->end : b->out->n;

	for (uint32_t i = 0; i < b->lengths_n; i++) {
		struct length *l = &b->lengths[i];

		set16(b, l->at, end - l->start);
		if (l->level >= 0)
			b->out->ip_bytes[l->level] = end - l->start + l->less;
	}
}

/* "short" and "cut": off the end of a finished frame, so they come last. */
static void trim(struct builder *b, const char *name)
{
	uint32_t n = attr(b, "n", 1);

	b->out->n -= n < b->out->n ? n : b->out->n;
	if (*name == 's')
		b->out->wire = b->out->n;
}

int packet_build(const char *spec, struct packet *out)
{
	struct builder b = { .out = out };
	const char *trims = NULL;

	memset(out, 0, sizeof(*out));
	for (const char *s = spec; *s; s += strspn(s, " ")) {
		size_t n = strcspn(s, ", ");

		b.attrs = s + n;
		if (!trims && (!strncmp(s, "short", n) || !strncmp(s, "cut", n)))
			trims = s;
		else if (put_header(&b, s, n))
			return -1;
		s += strcspn(s, " ");
	}
	fill_lengths(&b);
	out->wire = out->n;
	if (trims) {
		b.attrs = trims + strcspn(trims, ", ");
		trim(&b, trims);
	}
	return 0;
}

void packet_address(int version, uint32_t level, int last, uint8_t out[16])
{
	memset(out, 0, 16);
	memcpy(out, version == 4 ? (uint8_t[4]){ 10, level, 0, last } : (uint8_t[4]){ 0x20, 0x01, 0x0d, 0xb8 }, 4);
	if (version == 4)
		return;
	out[5] = level;
	out[15] = last;
}

void packet_print(const uint8_t *bytes, uint32_t n)
{
	printf("# hex (xxd -r -p):");
	for (uint32_t i = 0; i < n; i++)
		printf("%s%02x", i % 32 ? "" : "\n#   ", bytes[i]);
	printf("\n");
}
