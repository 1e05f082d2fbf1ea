// SPDX-License-Identifier: Apache-2.0
/*
 * fuzz_spool.c - any bytes as a segment of the spool: no read outside them, an
 * end, the same messages whether they are read at once, in growing pieces or
 * from a file, and every message that comes is written back as it was.
 *
 * The first byte's lowest bit asks for right checksums, without which no
 * change to a head would ever come far. The spool's files are included: the
 * fuzzers link no sinks.
 */
#include <stdlib.h>
#include <sys/mman.h>
#include "../../user/sink/spool_record.c"
#include "../../user/sink/spool_read.c"

#define FOUND_MAX 4096

struct found {
	size_t n, at[FOUND_MAX];
	uint32_t count[FOUND_MAX];
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

const char *spool_name(uint64_t number, char name[SPOOL_NAME])
{
	(void)number;
	return strcpy(name, "segment");
}

static void require(bool right)
{
	if (!right)
		__builtin_trap();
}

/* Puts right checksums wherever a head could be. */
static void repair(uint8_t *p, size_t n)
{
	for (size_t at = 0; at + SPOOL_HEAD <= n; at++) {
		struct disk_head *h = (struct disk_head *)(p + at);
		size_t head, bytes;

		if (memcmp(h->magic, magic, sizeof(magic)) || head_bytes(h) > n - at)
			continue;
		head = head_bytes(h);
		bytes = le32toh(h->bytes);
		if (bytes <= n - at - head)
			h->body_crc = htole32(crc_of(p + at + head, bytes));
		h->crc = htole32(crc_of(p + at + CRC_FROM, head - CRC_FROM));
	}
}

static void check_record(const uint8_t *at, struct spool_record r)
{
	uint8_t head[SPOOL_HEAD_MAX];
	size_t whole = r.bytes, n;

	require(!spool_msg_check(&r.msg) && r.msg.payload);
	n = spool_head_put(&r, head);
	require(r.bytes == whole && n + r.msg.bytes == whole);
	require(!memcmp(head, at, n));
	require((const uint8_t *)r.msg.payload == at + n);
}

static void add(struct found *f, size_t at, const struct spool_record *r)
{
	if (f->n == FOUND_MAX)
		return;
	f->at[f->n] = at;
	f->count[f->n++] = r->msg.count;
}

static void at_once(const uint8_t *p, size_t n, struct found *f)
{
	struct spool_record r;

	for (size_t at = 0; at < n; at += r.bytes) {
		enum spool_found found = spool_parse(p + at, n - at, false, false, &r);

		require(found != SPOOL_MORE && r.bytes && r.bytes <= n - at);
		if (found == SPOOL_GOOD) {
			check_record(p + at, r);
			add(f, at, &r);
		}
	}
}

static void in_pieces(const uint8_t *p, size_t n, struct found *f)
{
	struct spool_record r;

	for (size_t at = 0, have; at < n; at += r.bytes) {
		enum spool_found found = SPOOL_MORE;

		for (have = 1; found == SPOOL_MORE; have = r.bytes < n - at ? r.bytes : n - at) {
			uint8_t *copy = malloc(have);	/* so that the sanitizer sees its end */

			memcpy(copy, p + at, have);
			found = spool_parse(copy, have, have < n - at, false, &r);
			require(found != SPOOL_MORE || r.bytes > have);
			free(copy);
		}
		if (found == SPOOL_GOOD)
			add(f, at, &r);
	}
}

static void from_file(const uint8_t *p, size_t n, struct found *f)
{
	struct spool_reader reader = { .fd = memfd_create("segment", MFD_CLOEXEC), .end = n };
	struct spool_record r;
	int found;

	require(reader.fd >= 0 && write(reader.fd, p, n) == (ssize_t)n);
	while ((found = spool_reader_next(&reader, false, &r)) != SPOOL_END) {
		require(found >= 0 && found != SPOOL_MORE);
		if (found == SPOOL_GOOD)
			add(f, (size_t)reader.at, &r);
	}
	spool_reader_free(&reader);
}

static void same(const struct found *a, const struct found *b)
{
	require(a->n == b->n && !memcmp(a->at, b->at, a->n * sizeof(a->at[0])) &&
		!memcmp(a->count, b->count, a->n * sizeof(a->count[0])));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct found whole, pieces, file;
	uint8_t *p = malloc(size + 1);

	whole.n = pieces.n = file.n = 0;
	if (size > 1) {
		memcpy(p, data + 1, size - 1);
		if (data[0] & 1)
			repair(p, size - 1);
		at_once(p, size - 1, &whole);
		in_pieces(p, size - 1, &pieces);
		from_file(p, size - 1, &file);
		same(&whole, &pieces);
		same(&whole, &file);
	}
	free(p);
	return 0;
}
