/* SPDX-License-Identifier: Apache-2.0 */
/*
 * encode.c - encoders by name and the figures of a batch; contract in
 * encode.h. Knows no format: those are json.c, avro.c and smartx.c.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include "encode/internal.h"

#define MSGS_MIN 64U

const char *const stream_names[STREAM_MAX] = {
	[STREAM_PACKETS] = "packets", [STREAM_FLOWS] = "flows", [STREAM_EVENTS] = "events",
};

static const struct encoding *const encodings[] = { &encoding_json, &encoding_avro, &encoding_smartx };

int batch_grow(struct batch *b, size_t n)
{
	if (n > UINT32_MAX - b->bytes.len)
		return -ENOMEM;
	return buf_reserve(&b->bytes, n);
}

int batch_reserve_msg(struct batch *b)
{
	size_t cap = b->msgs_cap ? 2 * (size_t)b->msgs_cap : MSGS_MIN;
	struct batch_msg *msgs;

	if (b->msgs_n < b->msgs_cap)
		return 0;
	if (cap > UINT32_MAX)
		return -ENOMEM;
	msgs = reallocarray(b->msgs, cap, sizeof(*msgs));
	if (!msgs)
		return -ENOMEM;
	b->msgs = msgs;
	b->msgs_cap = cap;
	return 0;
}

void batch_msg(struct batch *b, size_t begin, uint32_t count, uint64_t seq)
{
	b->msgs[b->msgs_n++] = (struct batch_msg){
		.begin = begin, .end = b->bytes.len, .count = count, .seq = seq,
	};
}

void batch_free(struct batch *b)
{
	buf_free(&b->bytes);
	free(b->msgs);
	*b = (struct batch){ 0 };
}

static const struct encoding *named(const char *name)
{
	for (size_t i = 0; i < sizeof(encodings) / sizeof(*encodings); i++)
		if (!strcmp(encodings[i]->name, name))
			return encodings[i];
	return NULL;
}

/* The agent's lines have none for flows. */
static const struct encoding *encoding_find(const char *name, enum stream stream)
{
	const struct encoding *encoding = named(name);

	if (stream == STREAM_FLOWS && encoding == &encoding_smartx)
		return &encoding_json;
	return stream == STREAM_PACKETS || stream == STREAM_FLOWS ? encoding : NULL;
}

int encoder_open(struct encoder **out, const char *name, enum framing framing, enum stream stream,
		 const struct tag_origin *origin)
{
	const struct encoding *encoding = encoding_find(name, stream);
	struct encoder *e;
	int err;

	*out = NULL;
	if (!encoding)
		return -EINVAL;
	e = calloc(1, sizeof(*e));
	if (!e)
		return -ENOMEM;
	e->encoding = encoding;
	e->framing = framing;
	e->stream = stream;
	e->origin = origin;
	err = encoding->open(e);
	if (err)
		goto out;
	*out = e;
	e = NULL;
out:
	encoder_close(e);
	return err;
}

void encoder_close(struct encoder *e)
{
	if (!e)
		return;
	buf_free(&e->head);
	buf_free(&e->own);
	dict_free(&e->dict);
	buf_free(&e->name.bytes);
	free(e);
}

/* Heads of one encoding and stream differ in their sync markers alone. */
int encoder_open_like(struct encoder **out, const struct encoder *first)
{
	int err = encoder_open(out, first->encoding->name, first->framing, first->stream, first->origin);

	if (err)
		return err;
	if (first->head.len)
		memcpy((*out)->head.data, first->head.data, first->head.len);
	memcpy((*out)->sync, first->sync, sizeof(first->sync));
	return 0;
}

const struct buf *encoder_head(const struct encoder *e)
{
	return &e->head;
}

int encoder_begin(struct encoder *e, struct batch *b, uint32_t cpu)
{
	batch_empty(b, e->stream, cpu);
	return e->encoding->begin(e, b);
}

static bool layer_valid(const struct nt_layer *l)
{
	return (l->version | 2) == 6 && l->frag < NT_FRAG_MAX && l->vlans <= NT_VLANS_MAX; /* version: 4 or 6 */
}

/* Avro and most readers of JSON end there. */
static bool fits(uint64_t v)
{
	return v <= INT64_MAX;
}

/* Whether what encoders index by, and seq, are in range; a record that fails was damaged on its way. */
static bool record_valid(const struct nt_record *r)
{
	if (r->tunnels > NT_TUNNELS_MAX || !fits(r->seq))
		return false;
	if (r->dir == NT_DIR_INVALID || r->dir >= NT_DIR_MAX)
		return false;
	if (r->hook == NT_HOOK_INVALID || r->hook >= NT_HOOK_MAX)
		return false;
	for (unsigned int i = 0; i < r->tunnels; i++)
		if (!layer_valid(&r->layer[i]) || r->layer[i].tunnel == NT_TUNNEL_NONE ||
		    r->layer[i].tunnel >= NT_TUNNEL_MAX)
			return false;
	return layer_valid(&r->layer[r->tunnels]);
}

/* The same of what a flow has beside its rec. */
static bool flow_valid(const struct flow *f)
{
	const struct nt_flow *c = &f->counted;

	if (f->key.head.mode >= NT_MODE_MAX)
		return false;
	if (f->reason == FLOW_INVALID || (unsigned int)f->reason >= FLOW_REASON_MAX)
		return false;
	return fits(c->generation) && fits(c->entry) && fits(c->sum.events) && fits(c->sum.packets) &&
	       fits(c->sum.bytes) && fits(c->payload_bytes) && fits(c->bytes_sumsq) && fits(c->win_sum) &&
	       fits(c->win_sumsq) && fits(c->iat_us_sum) && fits(c->iat_us_sumsq);
}

static bool of_stream(const struct tagged *t, enum stream stream)
{
	return stream == STREAM_FLOWS ? t->flow && flow_valid(t->flow) : !t->flow;
}

int encoder_add(struct encoder *e, struct batch *b, const struct tagged *t)
{
	int err;

	if (!of_stream(t, e->stream) || !record_valid(t->rec) || (unsigned int)t->plane >= PLANE_MAX)
		return -EINVAL;
	err = e->encoding->add(e, b, t);
	if (err)
		return err;
	if (!b->count++)
		b->seq = tagged_number(t);
	return 0;
}

int encoder_end(struct encoder *e, struct batch *b, uint64_t lost)
{
	b->lost = lost;
	if (b->count)
		e->encoding->end(e, b);
	else
		b->bytes.len = 0;	/* room for a header that nobody needs */
	return 0;
}
