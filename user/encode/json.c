/* SPDX-License-Identifier: Apache-2.0 */
/*
 * json.c - a record as a JSON object (RFC 8259), whole in itself: the fields
 * of run and batch are in each. The rows of ninetap/fields.h become straight
 * code; room for the longest possible row is made once a record.
 */
#include "encode/rows.h"
#include "ninetap/fields.h"

#define OPEN_MAX 16U			/* braces */
#define SYMBOL_MAX 15U

/* Writes the rows of a table, each with a comma in front; the first becomes a brace. */
#define JSON_FIELD(name, kind, presence, value, doc) \
	JSON_##presence { \
		p = put_bytes(p, ",\"" #name "\":", sizeof(",\"" #name "\":") - 1); \
		p = json_##kind(e, p, value); \
	}
#define JSON_always
#define JSON_when(condition) if (condition)
#define JSON_list(condition) if (condition)

/* The same of a row of kind tag; NULL: left out. */
#define JSON_TAG(name, kind, presence, value, doc) \
	tag = value; \
	if (tag) { \
		p = put_bytes(p, ",\"" #name "\":", sizeof(",\"" #name "\":") - 1); \
		p = json_text(e, p, tag->s); \
	}

/* What the longest row takes; only text varies, and may be absent. */
#define FIELD_MAX(name, kind, presence, value, doc) + sizeof(",\"" #name "\":") + MAX_##kind(value)
#define TUNNEL_MAX(name, kind, presence, value, doc) + sizeof(",\"" #name "\":") + MAX_##kind(value)
#define MAX_text(s) text_max(s)
#define MAX_tag(v) tag_max(v)
#define MAX_time(v) (2 + PUT_TIME_MAX)
#define MAX_int(v) PUT_U64_MAX
#define MAX_long(v) PUT_U64_MAX
#define MAX_addr(v) (2 + PUT_ADDR_MAX)
#define MAX_vlans(v) (2 + NT_VLANS_MAX * (1 + PUT_U64_MAX))
#define MAX_plane(v) sizeof(struct symbol)
#define MAX_dir(v) sizeof(struct symbol)
#define MAX_hook(v) sizeof(struct symbol)
#define MAX_frag(v) sizeof(struct symbol)
#define MAX_tunnel(v) sizeof(struct symbol)
#define MAX_tunnels(v) (2 + NT_TUNNELS_MAX * (OPEN_MAX NT_FIELDS_TUNNEL(TUNNEL_MAX)))

/* A symbol with its quotes, so wide that it is copied without looking at len. */
struct symbol {
	char text[SYMBOL_MAX];
	uint8_t len;
};

#define SYMBOL(value, name) [value] = { "\"" #name "\"", sizeof("\"" #name "\"") - 1 },
#define JSON_ENUM(kind, type, first, end) \
	static inline unsigned char *json_##kind(struct encoder *e, unsigned char *p, unsigned int v) \
	{ \
		static const struct symbol symbols[end] = { NT_SYMBOLS_##kind(SYMBOL) }; \
		(void)e; \
		memcpy(p, symbols[v].text, SYMBOL_MAX); \
		return p + symbols[v].len; \
	}
NT_ENUMS(JSON_ENUM)

static size_t text_max(const char *s)
{
	return s ? 2 + 6 * strlen(s) : 0;
}

static inline size_t tag_max(const struct text *tag)
{
	return tag ? 2 + 6 * (size_t)tag->len : 0;
}

static unsigned char *json_text(struct encoder *e, unsigned char *p, const char *s)
{
	(void)e;
	*p++ = '"';
	p = put_json_text(p, s);
	*p++ = '"';
	return p;
}

static unsigned char *json_time(struct encoder *e, unsigned char *p, int64_t ns)
{
	*p++ = '"';
	p = put_time(p, &e->stamp, ns);
	*p++ = '"';
	return p;
}

static inline unsigned char *json_int(struct encoder *e, unsigned char *p, uint32_t v)
{
	(void)e;
	return put_u64(p, v);
}

static inline unsigned char *json_long(struct encoder *e, unsigned char *p, uint64_t v)
{
	(void)e;
	return put_u64(p, v);
}

static unsigned char *json_addr(struct encoder *e, unsigned char *p, struct nt_addr addr)
{
	(void)e;
	*p++ = '"';
	p = put_addr(p, addr);
	*p++ = '"';
	return p;
}

/* l has one at least. */
static unsigned char *json_vlans(struct encoder *e, unsigned char *p, const struct nt_layer *l)
{
	unsigned char *open = p;

	for (unsigned int i = 0; i < l->vlans; i++) {
		*p++ = ',';
		p = json_int(e, p, l->vlan[i]);
	}
	*open = '[';
	*p++ = ']';
	return p;
}

static unsigned char *json_tunnel_object(struct encoder *e, unsigned char *p, const struct nt_layer *l)
{
	unsigned char *open = p;

	NT_FIELDS_TUNNEL(JSON_FIELD)
	*open = '{';
	*p++ = '}';
	return p;
}

/* r has one at least. */
static unsigned char *json_tunnels(struct encoder *e, unsigned char *p, const struct nt_record *r)
{
	unsigned char *open = p;

	for (unsigned int i = 0; i < r->tunnels; i++) {
		*p++ = ',';
		p = json_tunnel_object(e, p, &r->layer[i]);
	}
	*open = '[';
	*p++ = ']';
	return p;
}

static unsigned char *json_row(struct encoder *e, const struct batch *b, const struct tagged *t,
			       unsigned char *p)
{
	const struct nt_record *r = t->rec;
	const struct nt_layer *l = &r->layer[r->tunnels];
	const struct text *tag;
	unsigned char *open = p;

	NT_FIELDS_TIME(JSON_FIELD)
	p = put_bytes(p, e->own.data, e->own.len);
	NT_FIELDS_BATCH(JSON_FIELD)
	NT_FIELDS_PACKET(JSON_FIELD)
	NT_FIELDS_TAGS(JSON_TAG)
	*open = '{';
	*p++ = '}';
	return p;
}

/* The fields of the run are the same in every row: written once, with their commas. */
static int json_open(struct encoder *e)
{
	const struct tag_origin *o = e->origin;
	size_t max = 0 NT_FIELDS_RUN(FIELD_MAX);
	int err = buf_reserve(&e->own, max);
	unsigned char *p = e->own.data;

	if (err)
		return err;
	NT_FIELDS_RUN(JSON_FIELD)
	e->own.len = p - e->own.data;
	return 0;
}

static int json_add(struct encoder *e, struct batch *b, const struct tagged *t)
{
	size_t max = OPEN_MAX + e->own.len
		NT_FIELDS_TIME(FIELD_MAX) NT_FIELDS_BATCH(FIELD_MAX) NT_FIELDS_PACKET(FIELD_MAX)
		NT_FIELDS_TAGS(FIELD_MAX);
	int err = row_reserve(e, b, max);

	if (err)
		return err;
	row_done(e, b, json_row(e, b, t, b->bytes.data + b->bytes.len), t->rec->seq);
	return 0;
}

const struct encoding encoding_json = { "json", json_open, rows_begin, json_add, rows_end };
