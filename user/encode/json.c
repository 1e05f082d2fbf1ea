/* SPDX-License-Identifier: Apache-2.0 */
/*
 * json.c - a packet or flow as a JSON object (RFC 8259), whole in itself: the
 * fields of run and batch are in each. The rows of ninetap/fields.h become straight
 * code; room for the longest possible row is made once a record.
 */
#include "encode/rows.h"
#include "ninetap/fields.h"

#define OPEN_MAX 16U			/* braces */
#define SYMBOL_MAX 15U
#define FLOW_TYPE ",\"type\":\"flow\""

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
#define MAX_name(s) text_max(s)
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
#define MAX_mode(v) sizeof(struct symbol)
#define MAX_reason(v) sizeof(struct symbol)
#define MAX_tunnels(v) (2 + NT_TUNNELS_MAX * (OPEN_MAX NT_FIELDS_TUNNEL(TUNNEL_MAX)))
#define MAX_flow_tunnels(v) MAX_tunnels(v) /* each a little shorter */

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

#define json_name json_text

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

static unsigned char *json_flow_tunnel_object(struct encoder *e, unsigned char *p, const struct nt_layer *l)
{
	unsigned char *open = p;

	NT_FIELDS_FLOW_TUNNEL(JSON_FIELD)
	*open = '{';
	*p++ = '}';
	return p;
}

/* r has one at least. */
#define JSON_TUNNELS(kind, object) \
	static unsigned char *json_##kind(struct encoder *e, unsigned char *p, const struct nt_record *r) \
	{ \
		unsigned char *open = p; \
		for (unsigned int i = 0; i < r->tunnels; i++) { \
			*p++ = ','; \
			p = object(e, p, &r->layer[i]); \
		} \
		*open = '['; \
		*p++ = ']'; \
		return p; \
	}
JSON_TUNNELS(tunnels, json_tunnel_object)
JSON_TUNNELS(flow_tunnels, json_flow_tunnel_object)

static unsigned char *json_tags(struct encoder *e, unsigned char *p, const struct tagged *t)
{
	const struct text *tag;

	NT_FIELDS_TAGS(JSON_TAG)
	return p;
}

static unsigned char *json_packet(struct encoder *e, const struct batch *b, const struct tagged *t,
				  unsigned char *p)
{
	const struct nt_record *r = t->rec;
	const struct nt_layer *l = &r->layer[r->tunnels];

	NT_FIELDS_TIME(JSON_FIELD)
	p = put_bytes(p, e->own.data, e->own.len);
	NT_FIELDS_BATCH(JSON_FIELD)
	NT_FIELDS_PACKET(JSON_FIELD)
	return json_tags(e, p, t);
}

static unsigned char *json_flow(struct encoder *e, const struct batch *b, const struct tagged *t,
				unsigned char *p)
{
	const struct nt_record *r = t->rec;
	const struct nt_layer *l = &r->layer[r->tunnels];
	const struct nt_flow *c = &t->flow->counted;

	p = put_bytes(p, FLOW_TYPE, sizeof(FLOW_TYPE) - 1);
	p = put_bytes(p, e->own.data, e->own.len);
	NT_FIELDS_BATCH(JSON_FIELD)
	NT_FIELDS_FLOW(JSON_FIELD)
	return json_tags(e, p, t);
}

static size_t packet_max(const struct tagged *t)
{
	return 0 NT_FIELDS_TIME(FIELD_MAX) NT_FIELDS_BATCH(FIELD_MAX) NT_FIELDS_PACKET(FIELD_MAX)
		NT_FIELDS_TAGS(FIELD_MAX);
}

static size_t flow_max(const struct tagged *t)
{
	return sizeof(FLOW_TYPE) NT_FIELDS_BATCH(FIELD_MAX) NT_FIELDS_FLOW(FIELD_MAX) NT_FIELDS_TAGS(FIELD_MAX);
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
	size_t max = OPEN_MAX + e->own.len + (t->flow ? flow_max(t) : packet_max(t));
	int err = row_reserve(e, b, max);
	unsigned char *open = b->bytes.data + b->bytes.len, *p;

	if (err)
		return err;
	p = t->flow ? json_flow(e, b, t, open) : json_packet(e, b, t, open);
	*open = '{';			/* in place of the first row's comma */
	*p++ = '}';
	row_done(e, b, p, t);
	return 0;
}

const struct encoding encoding_json = { "json", json_open, rows_begin, json_add, rows_end };
