// SPDX-License-Identifier: Apache-2.0
/*
 * told.c - rows of packets and flows; see told.h. Millions of them come, so
 * that they are not made into objects first. Events are: told_event.c.
 */
#include "audit/told.h"

#include <errno.h>
#include <jansson.h>
#include <string.h>
#include "audit/scan.h"
#include "base/timestamp.h"

#define BIT(n) (1U << SCAN_##n)
#define PAGE_BITS (BIT(EPOCH) | BIT(CPU))
#define PACKET_BITS (PAGE_BITS | BIT(SEQ) | BIT(PACKETS) | BIT(BYTES))
#define FLOW_BITS (PAGE_BITS | BIT(GENERATION) | BIT(ENTRY) | BIT(EVENTS) | BIT(PACKETS) | BIT(BYTES))
#define IS(s, word) scan_is((s), word, sizeof(word) - 1)

/* A name with escapes in it, such as a quote: what events and Avro have is the name itself. */
static int find_escaped(struct book *b, const struct scan_row *row, struct book_page **out)
{
	const struct scan_string *box = &row->text[SCAN_BOX];
	json_t *name = json_loadb(box->s - 1, box->len + 2, JSON_DECODE_ANY, NULL);

	if (!name)
		return -EINVAL;
	*out = book_find(b, json_string_value(name), json_string_length(name), row->number[SCAN_EPOCH],
			 (uint32_t)row->number[SCAN_CPU]);
	json_decref(name);
	return *out ? 0 : -ENOMEM;
}

static int find_page(struct book *b, const struct scan_row *row, struct book_page **out)
{
	const struct scan_string *box = &row->text[SCAN_BOX];

	if (!row->number[SCAN_EPOCH] || !box->s)
		return -EINVAL;
	if (memchr(box->s, '\\', box->len))
		return find_escaped(b, row, out);
	*out = book_find(b, box->s, box->len, row->number[SCAN_EPOCH], (uint32_t)row->number[SCAN_CPU]);
	return *out ? 0 : -ENOMEM;
}

static int add_packet(struct book *b, const struct scan_row *row)
{
	const uint64_t *n = row->number;
	struct book_record r = { n[SCAN_SEQ], (uint32_t)n[SCAN_PACKETS], (uint32_t)n[SCAN_BYTES] };
	struct book_page *p;
	int err = -EINVAL;

	if (scan_has(row, PACKET_BITS) && r.seq && r.packets == n[SCAN_PACKETS] && r.bytes == n[SCAN_BYTES])
		err = find_page(b, row, &p);
	return err ? err : book_record(p, &r);
}

static int read_time(const struct scan_string *s, int64_t *ns)
{
	char text[TIMESTAMP_TEXT];

	if (!s->s || s->len >= sizeof(text))
		return -EINVAL;
	memcpy(text, s->s, s->len);
	text[s->len] = '\0';
	return timestamp_parse(text, ns);
}

static int add_flow(struct book *b, const struct scan_row *row)
{
	const uint64_t *n = row->number;
	const struct scan_string *mode = &row->text[SCAN_MODE];
	struct book_flow f = {
		.generation = n[SCAN_GENERATION], .entry = n[SCAN_ENTRY], .events = n[SCAN_EVENTS],
		.packets = n[SCAN_PACKETS], .bytes = n[SCAN_BYTES], .overflow = IS(mode, "packet"),
	};
	struct book_page *p;
	int err = -EINVAL;

	if (scan_has(row, FLOW_BITS) && (f.overflow || IS(mode, "flow") || IS(mode, "sampled")))
		err = read_time(&row->text[SCAN_LAST], &f.last_ns) ? -EINVAL : find_page(b, row, &p);
	return err ? err : book_flow(p, &f);
}

int told_row(struct book *b, const char *line, size_t len, const char **why)
{
	const struct scan_string *type;
	struct scan_row row;
	int err;

	*why = "not an object of JSON";
	if (scan_row(&row, line, len))
		return -EINVAL;
	type = &row.text[SCAN_TYPE];
	*why = type->s ? "not a flow record" : "not a packet record";
	if (type->s && !IS(type, "flow"))
		return told_event(b, line, len, why);
	err = type->s ? add_flow(b, &row) : add_packet(b, &row);
	b->rows += !err;
	return err;
}
