// SPDX-License-Identifier: Apache-2.0
/*
 * spool_record.c - the format of the spool's segment files.
 *
 * A folder holds files "segment-NNNNNNNNNNNNNNNN", N the number, in 16 digits
 * of lower-case hex, of the first record in it. Records (packets, flows,
 * events) are numbered through the spool's life, from 1, over all segments; a
 * message takes as many numbers as it has records. So the segments' order is
 * that of their names, each ends where the next begins, and a number that
 * none has shows a loss: a reader needs no other file. A segment is messages,
 * one behind the other. Integers are unsigned, lowest byte first:
 *
 *   offset  bytes
 *   0       8      magic: F1 6E 74 73 70 1A 0A 01; the last byte is the version
 *   8       4      CRC-32 (of zlib) of the head from offset 12 to the end of its texts
 *   12      4      CRC-32 of the payload
 *   16      4      bytes of the payload, at most 2^26
 *   20      4      records in the message, at least 1
 *   24      4      place of the message in its segment, from 0
 *   28      4      cpu
 *   32      8      number of the first record, below 2^63
 *   40      8      time of writing, ns since 1970, UTC
 *   48      8      epoch
 *   56      8      seq of the first record
 *   64      8      lost, as in the Kafka header
 *   72      1      stream: 0 packets, 1 flows, 2 events
 *   73      1      bytes of the box's name, without the zero byte
 *   74      1      bytes of the schema, likewise
 *   75      1      0
 *   76             name of the box, a zero byte, schema, a zero byte, payload
 *
 * A reader that meets anything else goes on at the next magic. A writer that
 * died leaves part of a message at the end of the last segment, without a
 * gap in the numbers: it was never taken.
 */
#include <endian.h>
#include <errno.h>
#include <string.h>
#include <zlib.h>
#include "sink/spool_record.h"

#define CRC_FROM 12

static const uint8_t magic[8] = { 0xf1, 'n', 't', 's', 'p', 0x1a, '\n', 1 };

struct disk_head {
	uint8_t magic[8];
	uint32_t crc, body_crc, bytes, count, index, cpu;
	uint64_t number, time_ns, epoch, seq, lost;
	uint8_t stream, box_bytes, schema_bytes, zero;
} __attribute__((packed));
_Static_assert(sizeof(struct disk_head) == SPOOL_HEAD, "the format is written down above");

static uint32_t crc_of(const void *p, size_t n)
{
	return (uint32_t)crc32_z(crc32_z(0, NULL, 0), p, n);
}

static bool text_fits(const char *s)
{
	return s && strnlen(s, SPOOL_TEXT_MAX + 1) <= SPOOL_TEXT_MAX;
}

int spool_msg_check(const struct spool_msg *m)
{
	if ((unsigned int)m->stream >= STREAM_MAX || !m->count || !text_fits(m->box) || !text_fits(m->schema))
		return -EINVAL;
	return m->bytes > SPOOL_MSG_MAX ? -EMSGSIZE : 0;
}

size_t spool_head_put(struct spool_record *r, uint8_t out[SPOOL_HEAD_MAX])
{
	const struct spool_msg *m = &r->msg;
	size_t box = strlen(m->box), schema = strlen(m->schema), n = SPOOL_HEAD_MIN + box + schema;
	struct disk_head h = {
		.body_crc = htole32(crc_of(m->payload, m->bytes)), .bytes = htole32((uint32_t)m->bytes),
		.count = htole32(m->count), .index = htole32(r->index), .cpu = htole32(m->cpu),
		.number = htole64(r->number), .time_ns = htole64(r->time_ns), .epoch = htole64(m->epoch),
		.seq = htole64(m->seq), .lost = htole64(m->lost), .stream = (uint8_t)m->stream,
		.box_bytes = (uint8_t)box, .schema_bytes = (uint8_t)schema,
	};

	memcpy(h.magic, magic, sizeof(magic));
	memcpy(out, &h, sizeof(h));
	memcpy(out + SPOOL_HEAD, m->box, box + 1);
	memcpy(out + SPOOL_HEAD + box + 1, m->schema, schema + 1);
	h.crc = htole32(crc_of(out + CRC_FROM, n - CRC_FROM));
	memcpy(out + offsetof(struct disk_head, crc), &h.crc, sizeof(h.crc));
	r->bytes = n + m->bytes;
	return n;
}

/* Could the magic begin at p? */
static bool begins(const uint8_t *p, size_t n)
{
	return !memcmp(p, magic, n < sizeof(magic) ? n : sizeof(magic));
}

/* Bytes from p, which is no record, to where one may begin. */
static size_t junk(const uint8_t *p, size_t n)
{
	const uint8_t *at = p + 1, *end = p + n;

	while (at < end && (at = memchr(at, magic[0], (size_t)(end - at)))) {
		if (begins(at, (size_t)(end - at)))
			return (size_t)(at - p);
		at++;
	}
	return n;
}

static enum spool_found skip(const uint8_t *p, size_t n, struct spool_record *r)
{
	r->bytes = junk(p, n);
	return SPOOL_JUNK;
}

/* The n bytes that are there are too few: for a while, or for good. */
static enum spool_found too_few(const uint8_t *p, size_t n, size_t needed, bool more, struct spool_record *r)
{
	if (!more && junk(p, n) + SPOOL_HEAD_MIN <= n)
		return skip(p, n, r);	/* another record begins in what this one claims */
	r->bytes = more ? needed : n;
	return more ? SPOOL_MORE : SPOOL_TORN;
}

static size_t head_bytes(const struct disk_head *h)
{
	return SPOOL_HEAD_MIN + (size_t)h->box_bytes + h->schema_bytes;
}

/* All of the head at p is there: does it hold? */
static bool head_holds(const uint8_t *p, const struct disk_head *h)
{
	const char *box = (const char *)p + SPOOL_HEAD, *schema = box + h->box_bytes + 1;

	return le32toh(h->crc) == crc_of(p + CRC_FROM, head_bytes(h) - CRC_FROM) &&
	       h->stream < STREAM_MAX && h->count && le32toh(h->bytes) <= SPOOL_MSG_MAX && !h->zero &&
	       le64toh(h->number) <= SPOOL_NUMBER_MAX &&
	       strnlen(box, h->box_bytes + 1U) == h->box_bytes &&
	       strnlen(schema, h->schema_bytes + 1U) == h->schema_bytes;
}

static void facts(const uint8_t *p, const struct disk_head *h, struct spool_record *r)
{
	*r = (struct spool_record){
		.msg = {
			.stream = (enum stream)h->stream, .cpu = le32toh(h->cpu), .count = le32toh(h->count),
			.epoch = le64toh(h->epoch), .seq = le64toh(h->seq), .lost = le64toh(h->lost),
			.box = (const char *)p + SPOOL_HEAD, .bytes = le32toh(h->bytes),
		},
		.number = le64toh(h->number), .time_ns = le64toh(h->time_ns), .index = le32toh(h->index),
		.bytes = head_bytes(h) + le32toh(h->bytes),
	};
	r->msg.schema = r->msg.box + h->box_bytes + 1;
}

/* The head at p is good, and r says what it does. */
static enum spool_found body(const uint8_t *p, size_t n, const struct disk_head *h, bool more, struct spool_record *r)
{
	const uint8_t *payload = p + head_bytes(h);
	size_t whole = r->bytes;

	if (n < whole) {
		r->bytes = more ? whole : n;
		return more ? SPOOL_MORE : SPOOL_TORN;
	}
	if (crc_of(payload, r->msg.bytes) != le32toh(h->body_crc))
		return SPOOL_BODY;
	r->msg.payload = payload;
	return SPOOL_GOOD;
}

enum spool_found spool_parse(const uint8_t *p, size_t n, bool more, bool skim, struct spool_record *r)
{
	struct disk_head h;

	*r = (struct spool_record){ 0 };
	if (!begins(p, n))
		return skip(p, n, r);
	if (n < sizeof(h))
		return too_few(p, n, sizeof(h), more, r);
	memcpy(&h, p, sizeof(h));
	if (n < head_bytes(&h))
		return too_few(p, n, head_bytes(&h), more, r);
	if (!head_holds(p, &h))
		return skip(p, n, r);
	facts(p, &h, r);
	if (skim && (more || n >= r->bytes))
		return SPOOL_GOOD;
	return body(p, n, &h, more, r);
}
