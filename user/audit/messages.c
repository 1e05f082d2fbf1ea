// SPDX-License-Identifier: Apache-2.0
/*
 * messages.c - see container.h: what one message of a topic says. Knows the
 * schemas that this program writes, by their fingerprints.
 */
#include <errno.h>
#include <stdlib.h>
#include "audit/avsc.h"
#include "audit/container.h"
#include "audit/told.h"
#include "encode/schema.h"

#define MARK_BYTES 10U			/* C3 01, fingerprint */
#define SCHEMAS 2U			/* packets, flows */

struct messages {
	struct avsc *schema[SCHEMAS];
	uint64_t fingerprint[SCHEMAS];
};

static int open_schema(struct messages *m, enum stream stream)
{
	struct buf canonical = { 0 };
	const char *why;
	int err = schema_text(&canonical, stream, true);

	if (!err) {
		m->fingerprint[stream] = schema_crc64(canonical.data, canonical.len);
		err = avsc_open(&m->schema[stream], (const char *)canonical.data, canonical.len, &why);
	}
	buf_free(&canonical);
	return err;
}

int messages_open(struct messages **out)
{
	struct messages *m = calloc(1, sizeof(*m));
	int err = m ? open_schema(m, STREAM_PACKETS) : -ENOMEM;

	if (!err)
		err = open_schema(m, STREAM_FLOWS);
	if (err)
		messages_close(m);
	else
		*out = m;
	return err;
}

void messages_close(struct messages *m)
{
	for (unsigned int i = 0; m && i < SCHEMAS; i++)
		avsc_close(m->schema[i]);
	free(m);
}

static int read_batch(const struct avsc *s, struct book *b, const unsigned char *p, const unsigned char *end)
{
	int err = avsc_read(s, b, &p, end);

	return err ? err : p == end ? 0 : -EINVAL;
}

static int read_avro(struct messages *m, struct book *b, const unsigned char *p, size_t len, const char **why)
{
	uint64_t fingerprint = 0;

	*why = "a damaged batch of Avro";
	if (len < MARK_BYTES)
		return -EINVAL;
	for (unsigned int i = 0; i < 8; i++)
		fingerprint |= (uint64_t)p[2 + i] << (8 * i);
	for (unsigned int i = 0; i < SCHEMAS; i++)
		if (fingerprint == m->fingerprint[i])
			return read_batch(m->schema[i], b, p + MARK_BYTES, p + len);
	*why = "Avro of another schema than this ninetap's";
	return -EBADMSG;
}

int messages_read(struct messages *m, struct book *b, const void *payload, size_t len, const char **why)
{
	const unsigned char *p = payload;

	if (len >= 2 && p[0] == 0xc3 && p[1] == 0x01)
		return read_avro(m, b, p, len, why);
	*why = "empty";
	return len ? told_row(b, payload, len, why) : -EINVAL;
}
