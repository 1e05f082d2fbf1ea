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

static const struct encoding *const encodings[] = { &encoding_json, &encoding_avro, &encoding_smartx };

int batch_reserve(struct batch *b, size_t n)
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

static const struct encoding *encoding_find(const char *name)
{
	for (size_t i = 0; i < sizeof(encodings) / sizeof(*encodings); i++)
		if (!strcmp(encodings[i]->name, name))
			return encodings[i];
	return NULL;
}

int encoder_open(struct encoder **out, const char *name, enum framing framing,
		 const struct tag_origin *origin)
{
	const struct encoding *encoding = encoding_find(name);
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
	free(e);
}

const struct buf *encoder_head(const struct encoder *e)
{
	return &e->head;
}

int encoder_begin(struct encoder *e, struct batch *b, uint32_t cpu)
{
	b->bytes.len = 0;
	b->msgs_n = 0;
	b->cpu = cpu;
	b->count = 0;
	b->body = 0;
	b->tail = 0;
	b->seq = 0;
	b->lost = 0;
	b->tags_rev = 0;
	return e->encoding->begin(e, b);
}

static bool layer_valid(const struct nt_layer *l)
{
	return (l->version == 4 || l->version == 6) && l->frag < NT_FRAG_MAX &&
	       l->vlans <= NT_VLANS_MAX;
}

/* Whether what encoders index by, and seq, are in range; a record that fails was damaged on its way. */
static bool values_in_range(const struct tagged *t)
{
	const struct nt_record *r = t->rec;

	if (r->tunnels > NT_TUNNELS_MAX || (unsigned int)t->plane >= PLANE_MAX)
		return false;
	if (r->seq > INT64_MAX)		/* Avro and most readers of JSON end there */
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

int encoder_add(struct encoder *e, struct batch *b, const struct tagged *t)
{
	int err;

	if (!values_in_range(t))
		return -EINVAL;
	err = e->encoding->add(e, b, t);
	if (err)
		return err;
	if (!b->count++)
		b->seq = t->rec->seq;
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
