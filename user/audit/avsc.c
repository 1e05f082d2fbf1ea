// SPDX-License-Identifier: Apache-2.0
/*
 * avsc.c - compiles a schema; see avsc.h. Types that are named are found again
 * by their last name, as all are of one namespace.
 */
#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include "audit/avsc_priv.h"

#define FIXED_MAX (1 << 20)

struct compiler {
	struct avsc *s;
	const char *why;		/* the first reason */
	bool no_memory;
	unsigned int depth;
};

static const char *const simple[] = {
	[AVSC_NULL] = "null", [AVSC_BOOLEAN] = "boolean", [AVSC_INT] = "int", [AVSC_LONG] = "long",
	[AVSC_FLOAT] = "float", [AVSC_DOUBLE] = "double", [AVSC_BYTES] = "bytes", [AVSC_STRING] = "string",
};
#define SIMPLE_N (sizeof(simple) / sizeof(simple[0]))

static const struct avsc_type *compile(struct compiler *c, const json_t *v);

static struct avsc_type *fail(struct compiler *c, const char *why)
{
	if (!c->why)
		c->why = why;
	return NULL;
}

static struct avsc_type *out_of_memory(struct compiler *c)
{
	c->no_memory = true;
	return fail(c, "out of memory");
}

static struct avsc_type *new_type(struct compiler *c, enum avsc_kind kind, size_t parts)
{
	struct avsc_type *t = calloc(1, sizeof(*t));

	if (t)
		t->parts = calloc(parts + 1, sizeof(*t->parts));
	if (!t || !t->parts) {
		free(t);
		return out_of_memory(c);
	}
	t->kind = kind;
	t->next = c->s->all;
	c->s->all = t;
	return t;
}

/* Without the namespace. */
static const char *last_name(const char *name)
{
	const char *dot = strrchr(name, '.');

	return dot ? dot + 1 : name;
}

static const struct avsc_type *by_name(struct compiler *c, const char *name)
{
	for (const struct avsc_type *t = c->s->all; t; t = t->next)
		if (t->name && !strcmp(t->name, last_name(name)))
			return t;
	for (enum avsc_kind k = AVSC_NULL; k < SIMPLE_N; k++)
		if (!strcmp(name, simple[k]))
			return new_type(c, k, 0);
	return fail(c, "a type of an unknown name");
}

static int set_name(struct compiler *c, struct avsc_type *t, const json_t *v)
{
	const char *name = json_string_value(json_object_get(v, "name"));

	t->name = name ? strdup(last_name(name)) : NULL;
	if (name && !t->name)
		out_of_memory(c);
	else if (!name)
		fail(c, "a type without a name");
	return t->name ? 0 : -EINVAL;
}

static const struct avsc_type *compile_parts(struct compiler *c, struct avsc_type *t, const json_t *list, const char *member)
{
	for (size_t i = 0; i < json_array_size(list); i++) {
		const json_t *part = json_array_get(list, i);

		t->parts[i] = compile(c, member ? json_object_get(part, member) : part);
		if (!t->parts[i])
			return NULL;
		t->parts_n++;
	}
	return t;
}

static const struct avsc_type *compile_record(struct compiler *c, const json_t *v)
{
	const json_t *fields = json_object_get(v, "fields");
	struct avsc_type *t = new_type(c, AVSC_RECORD, json_array_size(fields));

	if (!t || set_name(c, t, v))
		return NULL;
	return compile_parts(c, t, fields, "type");
}

static const struct avsc_type *compile_enum(struct compiler *c, const json_t *v)
{
	const json_t *symbols = json_object_get(v, "symbols");
	struct avsc_type *t = new_type(c, AVSC_ENUM, 0);

	if (!t || set_name(c, t, v))
		return NULL;
	t->size = t->packet_symbol = (uint32_t)json_array_size(symbols);
	for (uint32_t i = 0; i < t->size; i++) {
		const char *symbol = json_string_value(json_array_get(symbols, i));

		if (symbol && !strcmp(symbol, "packet"))
			t->packet_symbol = i;
	}
	return t;
}

static const struct avsc_type *compile_fixed(struct compiler *c, const json_t *v)
{
	json_int_t size = json_integer_value(json_object_get(v, "size"));
	struct avsc_type *t = new_type(c, AVSC_FIXED, 0);

	if (!t || set_name(c, t, v))
		return NULL;
	if (size < 0 || size > FIXED_MAX)
		return fail(c, "a fixed type of an odd size");
	t->size = (uint32_t)size;
	return t;
}

static const struct avsc_type *compile_array(struct compiler *c, const json_t *v)
{
	struct avsc_type *t = new_type(c, AVSC_ARRAY, 1);

	if (t)
		t->parts[0] = compile(c, json_object_get(v, "items"));
	if (!t || !t->parts[0])
		return NULL;
	t->parts_n = 1;
	return t;
}

static const struct avsc_type *compile_object(struct compiler *c, const json_t *v)
{
	const char *type = json_string_value(json_object_get(v, "type"));

	if (!type)
		return fail(c, "a type that is not told");
	if (!strcmp(type, "record"))
		return compile_record(c, v);
	if (!strcmp(type, "enum"))
		return compile_enum(c, v);
	if (!strcmp(type, "fixed"))
		return compile_fixed(c, v);
	if (!strcmp(type, "array"))
		return compile_array(c, v);
	return by_name(c, type);
}

static const struct avsc_type *compile(struct compiler *c, const json_t *v)
{
	const struct avsc_type *t = NULL;
	struct avsc_type *u;

	if (c->depth++ >= AVSC_DEPTH_MAX)
		return fail(c, "too many types within types");
	if (json_is_string(v)) {
		t = by_name(c, json_string_value(v));
	} else if (json_is_array(v)) {
		u = new_type(c, AVSC_UNION, json_array_size(v));
		t = u ? compile_parts(c, u, v, NULL) : NULL;
	} else if (json_is_object(v)) {
		t = compile_object(c, v);
	} else {
		fail(c, "a type that is not told");
	}
	c->depth--;
	return t;
}

struct wanted {
	const char *name;
	enum avsc_use use;
	bool text;			/* a string; all others are numbers or, the mode and the rows, of their own kind */
};

static const struct wanted of_batch[] = {
	{ "box", AVSC_BOX, true }, { "epoch", AVSC_EPOCH, false }, { "cpu", AVSC_CPU, false }, { "records", AVSC_ROWS, false },
	{ NULL, AVSC_PASS, false }
};
static const struct wanted of_packet[] = {
	{ "seq", AVSC_SEQ, false }, { "packets", AVSC_PACKETS, false }, { "bytes", AVSC_BYTES_ON_WIRE, false },
	{ NULL, AVSC_PASS, false }
};
static const struct wanted of_flow[] = {
	{ "generation", AVSC_GENERATION, false }, { "entry", AVSC_ENTRY, false }, { "events", AVSC_EVENTS, false },
	{ "packets", AVSC_PACKETS, false }, { "bytes", AVSC_BYTES_ON_WIRE, false }, { "last", AVSC_LAST, false },
	{ "mode", AVSC_MODE, false }, { NULL, AVSC_PASS, false }
};

static bool fits(const struct wanted *w, const struct avsc_type *t)
{
	if (w->use == AVSC_ROWS)
		return t->kind == AVSC_ARRAY && t->parts[0]->kind == AVSC_RECORD;
	if (w->use == AVSC_MODE)
		return t->kind == AVSC_ENUM && t->packet_symbol < t->size;
	return w->text ? t->kind == AVSC_STRING : t->kind == AVSC_INT || t->kind == AVSC_LONG;
}

/* The place of a field, or the number of fields. */
static size_t find_field(const json_t *fields, const char *name)
{
	size_t i = 0;

	for (; i < json_array_size(fields); i++) {
		const char *s = json_string_value(json_object_get(json_array_get(fields, i), "name"));

		if (s && !strcmp(s, name))
			break;
	}
	return i;
}

/* Marks the fields that are used; false: one is missing or of another type, and none is marked. */
static bool mark(struct compiler *c, struct avsc_type *t, const json_t *v, const struct wanted *wanted)
{
	const json_t *fields = json_object_get(v, "fields");

	free(t->uses);
	t->uses = calloc(t->parts_n + 1, 1);
	if (!t->uses)
		return out_of_memory(c);
	for (; wanted->name; wanted++) {
		size_t i = find_field(fields, wanted->name);

		if (i >= t->parts_n || !fits(wanted, t->parts[i])) {
			free(t->uses);
			t->uses = NULL;
			return false;
		}
		t->uses[i] = wanted->use;
	}
	return true;
}

static bool heads_last(const struct avsc_type *batch)
{
	bool rows = false;

	for (uint32_t i = 0; i < batch->parts_n; i++) {
		if (rows && batch->uses[i])
			return true;
		rows |= batch->uses[i] == AVSC_ROWS;
	}
	return false;
}

static int find_fields(struct compiler *c, const json_t *v)
{
	struct avsc *s = c->s;
	struct avsc_type *batch = (struct avsc_type *)s->batch, *row;
	const json_t *fields = json_object_get(v, "fields"), *items;
	size_t rows = find_field(fields, "records");

	if (batch->kind != AVSC_RECORD || !mark(c, batch, v, of_batch))
		return -EINVAL;
	s->head_last = heads_last(batch);
	items = json_object_get(json_object_get(json_array_get(fields, rows), "type"), "items");
	s->row = row = (struct avsc_type *)batch->parts[rows]->parts[0];
	s->flows = mark(c, row, items, of_flow);
	return s->flows || mark(c, row, items, of_packet) ? 0 : -EINVAL;
}

int avsc_open(struct avsc **out, const char *text, size_t len, const char **why)
{
	struct compiler c = { .s = calloc(1, sizeof(*c.s)) };
	json_t *v = c.s ? json_loadb(text, len, 0, NULL) : NULL;

	if (!c.s)
		return -ENOMEM;
	if (!v)
		fail(&c, "no JSON");
	else
		c.s->batch = compile(&c, v);
	if (c.s->batch && find_fields(&c, v))
		fail(&c, "no batch of packets or flows");
	json_decref(v);
	*why = c.why;
	if (c.why)
		avsc_close(c.s);
	else
		*out = c.s;
	return c.no_memory ? -ENOMEM : c.why ? -EBADMSG : 0;
}

void avsc_close(struct avsc *s)
{
	while (s && s->all) {
		struct avsc_type *t = s->all;

		s->all = t->next;
		free(t->parts);
		free(t->uses);
		free(t->name);
		free(t);
	}
	free(s);
}
