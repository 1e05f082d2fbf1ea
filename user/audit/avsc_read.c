// SPDX-License-Identifier: Apache-2.0
/*
 * avsc_read.c - reads a batch by its schema; see avsc.h. Every length comes
 * from outside, and is held against the end of the data.
 */
#include <errno.h>
#include <string.h>
#include "audit/avsc_priv.h"
#include "audit/scan.h"

struct datum {
	const unsigned char *p, *end;
	unsigned int depth;
};

/* What was read of a batch, and of a row of it. */
struct values {
	const unsigned char *box;
	int64_t box_len;
	int64_t v[AVSC_USES];
};

int avsc_long(const unsigned char **p, const unsigned char *end, int64_t *out)
{
	uint64_t v = 0;

	for (unsigned int shift = 0; shift < 64 && *p < end; shift += 7) {
		unsigned char byte = *(*p)++;

		v |= (uint64_t)(byte & 0x7f) << shift;
		if (byte < 0x80) {
			if (shift == 63 && byte > 1)
				return -EINVAL;
			*out = (int64_t)(v >> 1 ^ -(v & 1));
			return 0;
		}
	}
	return -EINVAL;
}

static int read_long(struct datum *c, int64_t *out)
{
	return avsc_long(&c->p, c->end, out);
}

static int pass_bytes(struct datum *c, int64_t n)
{
	if (n < 0 || n > c->end - c->p)
		return -EINVAL;
	c->p += n;
	return 0;
}

static int pass(struct datum *c, const struct avsc_type *t);

static int pass_sized(struct datum *c)
{
	int64_t n;

	return read_long(c, &n) ? -EINVAL : pass_bytes(c, n);
}

static int pass_record(struct datum *c, const struct avsc_type *t)
{
	int err = 0;

	for (uint32_t i = 0; i < t->parts_n && !err; i++)
		err = pass(c, t->parts[i]);
	return err;
}

/* Items of the next block; 0: there is none. Blocks that tell their size (a negative count) can be passed whole. */
static int read_block(struct datum *c, int64_t *count, int64_t *size)
{
	*size = -1;
	if (read_long(c, count))
		return -EINVAL;
	if (*count >= 0)
		return 0;
	if (*count == INT64_MIN || read_long(c, size) || *size < 0)
		return -EINVAL;
	*count = -*count;
	return 0;
}

/* Items take bytes: those that take none would never end. */
static int pass_items(struct datum *c, const struct avsc_type *item, int64_t count)
{
	int err = 0;

	while (count-- && !err) {
		const unsigned char *before = c->p;

		err = pass(c, item);
		if (c->p == before)
			err = -EINVAL;
	}
	return err;
}

static int pass_array(struct datum *c, const struct avsc_type *t)
{
	int64_t count, size;
	int err;

	do {
		err = read_block(c, &count, &size);
		if (!err)
			err = size >= 0 ? pass_bytes(c, size) : pass_items(c, t->parts[0], count);
	} while (!err && count);
	return err;
}

static int pass_union(struct datum *c, const struct avsc_type *t)
{
	int64_t branch;

	if (read_long(c, &branch) || branch < 0 || branch >= t->parts_n)
		return -EINVAL;
	return pass(c, t->parts[branch]);
}

static int pass_number(struct datum *c)
{
	int64_t unused;

	return read_long(c, &unused);
}

static int pass_kind(struct datum *c, const struct avsc_type *t)
{
	switch (t->kind) {
	case AVSC_NULL:
		return 0;
	case AVSC_BOOLEAN:
		return pass_bytes(c, 1);
	case AVSC_INT:
	case AVSC_LONG:
	case AVSC_ENUM:
		return pass_number(c);
	case AVSC_FLOAT:
		return pass_bytes(c, 4);
	case AVSC_DOUBLE:
		return pass_bytes(c, 8);
	case AVSC_BYTES:
	case AVSC_STRING:
		return pass_sized(c);
	case AVSC_FIXED:
		return pass_bytes(c, t->size);
	case AVSC_RECORD:
		return pass_record(c, t);
	case AVSC_ARRAY:
		return pass_array(c, t);
	case AVSC_UNION:
		return pass_union(c, t);
	}
	return -EINVAL;
}

/* A type may hold itself, by its name. */
static int pass(struct datum *c, const struct avsc_type *t)
{
	int err;

	if (c->depth++ >= 2 * AVSC_DEPTH_MAX)
		return -EINVAL;
	err = pass_kind(c, t);
	c->depth--;
	return err;
}

static int read_box(struct datum *c, struct values *v)
{
	if (read_long(c, &v->box_len))
		return -EINVAL;
	v->box = c->p;
	return pass_bytes(c, v->box_len) ?: memchr(v->box, 0, (size_t)v->box_len) ? -EINVAL : 0;
}

static int add_flow(struct book_page *p, const struct avsc_type *mode, const int64_t *v)
{
	struct book_flow f = {
		.generation = (uint64_t)v[AVSC_GENERATION], .entry = (uint64_t)v[AVSC_ENTRY], .last_ns = v[AVSC_LAST],
		.events = (uint64_t)v[AVSC_EVENTS], .packets = (uint64_t)v[AVSC_PACKETS],
		.bytes = (uint64_t)v[AVSC_BYTES_ON_WIRE], .overflow = v[AVSC_MODE] == mode->packet_symbol,
	};

	if (v[AVSC_GENERATION] < 0 || v[AVSC_ENTRY] < 0 || v[AVSC_EVENTS] < 0 || v[AVSC_PACKETS] < 0 ||
	    v[AVSC_BYTES_ON_WIRE] < 0 || v[AVSC_MODE] < 0 || v[AVSC_MODE] >= mode->size)
		return -EINVAL;
	return book_flow(p, &f);
}

static int add_packet(struct book_page *p, const int64_t *v)
{
	struct book_record r = { (uint64_t)v[AVSC_SEQ], (uint32_t)v[AVSC_PACKETS], (uint32_t)v[AVSC_BYTES_ON_WIRE] };

	if (v[AVSC_SEQ] <= 0 || r.packets != v[AVSC_PACKETS] || r.bytes != v[AVSC_BYTES_ON_WIRE])
		return -EINVAL;
	return book_record(p, &r);
}

static int read_row(struct datum *c, const struct avsc *s, struct book_page *page)
{
	const struct avsc_type *row = s->row, *mode = NULL;
	int64_t v[AVSC_USES];
	int err = 0;

	for (uint32_t i = 0; i < row->parts_n && !err; i++) {
		err = row->uses[i] ? read_long(c, &v[row->uses[i]]) : pass(c, row->parts[i]);
		if (row->uses[i] == AVSC_MODE)
			mode = row->parts[i];
	}
	if (err || !page)
		return err;
	return s->flows ? add_flow(page, mode, v) : add_packet(page, v);
}

/* page NULL: the rows are passed over. */
static int read_rows(struct datum *c, const struct avsc *s, struct book_page *page)
{
	int64_t count, size;
	int err;

	do {
		err = read_block(c, &count, &size);
		for (int64_t i = 0; i < count && !err; i++)
			err = read_row(c, s, page);
	} while (!err && count);
	return err;
}

static int find_page(struct book *b, const struct values *v, struct book_page **out)
{
	int64_t epoch = v->v[AVSC_EPOCH], cpu = v->v[AVSC_CPU];

	if (!v->box || epoch <= 0 || (uint64_t)epoch > SCAN_EPOCH_MAX || cpu < 0 || cpu > UINT16_MAX)
		return -EINVAL;
	*out = book_find(b, (const char *)v->box, (size_t)v->box_len, (uint64_t)epoch, (uint32_t)cpu);
	return *out ? 0 : -ENOMEM;
}

/* One way through a batch: whose it is into *v, or its rows into the page if there is one. */
static int walk(struct datum *c, const struct avsc *s, struct values *v, struct book_page *page)
{
	const struct avsc_type *t = s->batch;
	int err = 0;

	for (uint32_t i = 0; i < t->parts_n && !err; i++) {
		if (t->uses[i] == AVSC_ROWS && !page && !s->head_last)
			return 0;	/* no more is wanted, and it is long */
		if (t->uses[i] == AVSC_ROWS)
			err = read_rows(c, s, page);
		else if (t->uses[i] == AVSC_BOX)
			err = read_box(c, v);
		else
			err = t->uses[i] ? read_long(c, &v->v[t->uses[i]]) : pass(c, t->parts[i]);
	}
	return err;
}

int avsc_read(const struct avsc *s, struct book *b, const unsigned char **p, const unsigned char *end)
{
	struct datum head = { *p, end, 0 }, c = head;
	struct values v = { 0 };
	struct book_page *page;
	size_t records, flows;
	int err = walk(&head, s, &v, NULL);

	if (!err)
		err = find_page(b, &v, &page);
	if (err)
		return err;
	records = page->records_n;
	flows = page->flows_n;
	err = walk(&c, s, &v, page);
	if (err) {
		page->records_n = records;
		page->flows_n = flows;
		return err;
	}
	b->rows += page->records_n - records + page->flows_n - flows;
	*p = c.p;
	return 0;
}
