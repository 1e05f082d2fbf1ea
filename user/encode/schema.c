/* SPDX-License-Identifier: Apache-2.0 */
/*
 * schema.c - writes the Avro schema from the rows of ninetap/fields.h;
 * contract in schema.h. Runs once an encoder, off the hot path. One writer
 * makes both forms: the canonical one leaves out space, docs and defaults and
 * spells names in full. Documents need no escapes (fields.h says so).
 */
#include <errno.h>
#include <string.h>
#include "encode/schema.h"
#include "ninetap/fields.h"

#define NAMESPACE "ninetap.v1"

struct writer {
	struct buf *out;
	bool canonical;
	int depth;
	int err;			/* the first one; nothing is written behind it */
};

struct field {
	const char *name;
	void (*type)(struct writer *w);
	enum { FIELD_always, FIELD_when, FIELD_list, FIELD_known } presence;
	const char *doc;
	const char *fallback;		/* for batches from before there was the field, or NULL */
};

static void put(struct writer *w, const char *text)
{
	if (!w->err)
		w->err = buf_put(w->out, text, strlen(text));
}

static void space(struct writer *w)
{
	if (!w->canonical)
		put(w, " ");
}

static void newline(struct writer *w)
{
	if (w->canonical)
		return;
	put(w, "\n");
	for (int i = 0; i < w->depth; i++)
		put(w, "  ");
}

static void key(struct writer *w, const char *name)
{
	put(w, "\"");
	put(w, name);
	put(w, "\":");
	space(w);
}

static void comma(struct writer *w)
{
	put(w, ",");
	space(w);
}

static void string(struct writer *w, const char *text)
{
	put(w, "\"");
	put(w, text);
	put(w, "\"");
}

static void put_doc(struct writer *w, const char *doc)
{
	if (w->canonical)
		return;
	comma(w);
	key(w, "doc");
	string(w, doc);
}

/* {"name": ..., "type": "record" or "enum" */
static void named(struct writer *w, const char *name, const char *type)
{
	put(w, "{");
	key(w, "name");
	put(w, "\"");
	put(w, w->canonical ? NAMESPACE "." : "");
	put(w, name);
	put(w, "\"");
	comma(w);
	key(w, "type");
	string(w, type);
}

static void optional(struct writer *w, const struct field *f)
{
	put(w, "[\"null\",");
	space(w);
	f->type(w);
	put(w, "]");
}

static void put_default(struct writer *w, const char *value)
{
	if (w->canonical || !value)
		return;
	comma(w);
	key(w, "default");
	put(w, value);
}

static void field(struct writer *w, const struct field *f)
{
	newline(w);
	put(w, "{");
	key(w, "name");
	string(w, f->name);
	comma(w);
	key(w, "type");
	if (f->presence == FIELD_when)
		optional(w, f);
	else
		f->type(w);
	put_default(w, f->fallback);
	put_doc(w, f->doc);
	put(w, "}");
}

static void fields(struct writer *w, const struct field *f, size_t n)
{
	comma(w);
	key(w, "fields");
	put(w, "[");
	w->depth++;
	for (size_t i = 0; i < n; i++) {
		if (i)
			put(w, ",");
		field(w, &f[i]);
	}
	w->depth--;
	newline(w);
	put(w, "]}");
}

static void symbols(struct writer *w, const char *const *symbol, size_t n)
{
	comma(w);
	key(w, "symbols");
	put(w, "[");
	for (size_t i = 0; i < n; i++) {
		if (i)
			comma(w);
		string(w, symbol[i]);
	}
	put(w, "]}");
}

static void array_open(struct writer *w)
{
	put(w, "{");
	key(w, "type");
	string(w, "array");
	comma(w);
	key(w, "items");
}

static void type_text(struct writer *w)
{
	string(w, "string");
}

static void type_name(struct writer *w)
{
	type_text(w);
}

static void type_long(struct writer *w)
{
	string(w, "long");
}

static void type_time(struct writer *w)
{
	type_long(w);
}

static void type_int(struct writer *w)
{
	string(w, "int");
}

static void type_tag(struct writer *w)
{
	type_int(w);
}

static void type_addr(struct writer *w)
{
	string(w, "bytes");
}

static void type_vlans(struct writer *w)
{
	array_open(w);
	type_int(w);
	put(w, "}");
}

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define SYMBOL(value, name) #name,
#define TYPE_ENUM(kind, type, first, end) \
	static void type_##kind(struct writer *w) \
	{ \
		static const char *const symbol[] = { NT_SYMBOLS_##kind(SYMBOL) }; \
		named(w, #type, "enum"); \
		symbols(w, symbol, COUNT(symbol)); \
	}
NT_ENUMS(TYPE_ENUM)

/* The condition of a row is of no interest here. */
#define FIELD_when(condition) FIELD_when
#define FIELD_list(condition) FIELD_list
#define FIELD(name, kind, presence, value, doc) \
	{ #name, type_##kind, FIELD_##presence, doc, DEFAULT_##presence },
#define DEFAULT_always NULL
#define DEFAULT_when(condition) "null"
#define DEFAULT_list(condition) NULL
#define DEFAULT_known "0"

/* An array of records of this name. */
static void records(struct writer *w, const char *name, const char *doc, const struct field *f, size_t n)
{
	array_open(w);
	named(w, name, "record");
	put_doc(w, doc);
	fields(w, f, n);
	put(w, "}");
}

static void type_tunnels(struct writer *w)
{
	static const struct field tunnel[] = { NT_AVRO_TUNNEL(FIELD) };

	records(w, "Tunnel", "a carrier of the packet; tunnels of packets that hold no readable IP are not listed",
		tunnel, COUNT(tunnel));
}

static void type_flow_tunnels(struct writer *w)
{
	static const struct field tunnel[] = { NT_FIELDS_FLOW_TUNNEL(FIELD) };

	records(w, "FlowTunnel", "a carrier of the flow's packets; tunnels that hold no readable IP are not listed",
		tunnel, COUNT(tunnel));
}

static void type_packets(struct writer *w)
{
	static const struct field packet[] = { NT_AVRO_PACKET(FIELD, FIELD) };

	records(w, "Packet", "one packet at one hook: the innermost IP packet, its carriers in tunnels",
		packet, COUNT(packet));
}

static void type_flows(struct writer *w)
{
	static const struct field flow[] = { NT_FIELDS_FLOW(FIELD) NT_FIELDS_TAGS(FIELD) };

	records(w, "Flow", "packets of one tuple at one hook on one CPU within five minutes, counted together",
		flow, COUNT(flow));
}

static void type_texts(struct writer *w)
{
	array_open(w);
	type_text(w);
	put(w, "}");
}

static void batch(struct writer *w, const char *name, const char *doc, const struct field *f, size_t n)
{
	named(w, name, "record");
	if (!w->canonical) {
		comma(w);
		key(w, "namespace");
		string(w, NAMESPACE);
	}
	put_doc(w, doc);
	fields(w, f, n);
	newline(w);
}

#define TEXTS \
	{ "texts", type_texts, FIELD_always, "what the tags of the records refer to, each once; the first is empty", \
	  "[\"\"]" }

int schema_text(struct buf *out, enum stream stream, bool canonical)
{
	static const struct field packets[] = {
		NT_FIELDS_RUN(FIELD) NT_FIELDS_BATCH(FIELD) NT_FIELDS_LEDGER(FIELD)
		{ "records", type_packets, FIELD_always, "in the order of the CPU's ring", NULL }, TEXTS,
	};
	static const struct field flows[] = {
		NT_FIELDS_RUN(FIELD) NT_FIELDS_BATCH(FIELD) NT_FIELDS_FLOW_LEDGER(FIELD)
		{ "records", type_flows, FIELD_always, "in no order", NULL }, TEXTS,
	};
	struct writer w = { .out = out, .canonical = canonical };

	if (stream == STREAM_FLOWS)
		batch(&w, "FlowBatch", "flow records of one CPU", flows, COUNT(flows));
	else
		batch(&w, "Batch", "records of one CPU, and what was lost of them", packets, COUNT(packets));
	return w.err;
}

/* Bit by bit: a few KB, once an encoder. */
uint64_t schema_crc64(const void *bytes, size_t n)
{
	const uint64_t empty = 0xc15d213aa4d7a795;
	const unsigned char *p = bytes;
	uint64_t crc = empty;

	for (size_t i = 0; i < n; i++) {
		crc ^= p[i];
		for (int bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ (empty & -(crc & 1));
	}
	return crc;
}
