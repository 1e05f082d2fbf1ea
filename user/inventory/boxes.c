// SPDX-License-Identifier: Apache-2.0
/*
 * boxes.c - boxes by name, and rules about the planes of interfaces. A later
 * statement about the same replaces the former in its place; one of a file
 * does not replace a stream's.
 */
#include <errno.h>
#include <fnmatch.h>
#include <stdlib.h>
#include "inventory/inventory_priv.h"

static void box_free(struct boxes *bs, struct box *b)
{
	if (!b)
		return;
	for (int i = 0; i < BOX_TEXTS; i++)
		texts_drop(bs->texts, b->text[i]);
	free(b->addresses);
	free(b);
}

static void rule_free(struct boxes *bs, struct plane_rule *r)
{
	if (!r)
		return;
	texts_drop(bs->texts, r->box);
	texts_drop(bs->texts, r->match);
	free(r);
}

void boxes_close(struct boxes *bs)
{
	for (struct box *b = bs->boxes, *next; b; b = next) {
		next = b->next;
		box_free(bs, b);
	}
	for (struct plane_rule *r = bs->rules, *next; r; r = next) {
		next = r->next;
		rule_free(bs, r);
	}
}

static bool take(struct boxes *bs, const char *said, const struct text **out)
{
	if (said)
		*out = texts_take(bs->texts, said);
	return !said || *out;
}

static bool take_addresses(struct box *b, const struct statement *s)
{
	if (!s->cidrs_n)
		return true;
	b->addresses = reallocarray(NULL, s->cidrs_n, sizeof(*b->addresses));
	if (!b->addresses)
		return false;
	memcpy(b->addresses, s->cidrs, s->cidrs_n * sizeof(*b->addresses));
	b->addresses_n = s->cidrs_n;
	return true;
}

static struct box *box_make(struct boxes *bs, const struct statement *s)
{
	const char *said[BOX_TEXTS] = { s->name, s->type, s->site, s->pop, s->ren };
	struct box *b = calloc(1, sizeof(*b));
	bool whole = b && take_addresses(b, s);

	for (int i = 0; i < BOX_TEXTS && whole; i++)
		whole = take(bs, said[i], &b->text[i]);
	if (whole)
		return b;
	box_free(bs, b);
	return NULL;
}

/* The box of that name, or where it would go. */
static struct box **box_at(struct boxes *bs, const struct text *name, uint64_t order)
{
	struct box **at, **place = &bs->boxes;

	for (at = &bs->boxes; *at; at = &(*at)->next) {
		if ((*at)->text[BOX_NAME] == name)
			return at;
		if ((*at)->order < order)
			place = &(*at)->next;
	}
	return place;
}

int boxes_state(struct boxes *bs, const struct statement *s, enum layer layer, uint64_t order)
{
	struct box *b = box_make(bs, s), **at, *old;

	if (!b)
		return -ENOMEM;
	at = box_at(bs, b->text[BOX_NAME], order);
	old = *at && (*at)->text[BOX_NAME] == b->text[BOX_NAME] ? *at : NULL;
	if (old && old->layer > layer) {
		box_free(bs, b);
		return 0;
	}
	b->layer = layer;
	b->order = old ? old->order : order;
	b->next = old ? old->next : *at;
	*at = b;
	bs->n += !old;
	box_free(bs, old);
	return 0;
}

static struct plane_rule *rule_make(struct boxes *bs, const struct statement *s)
{
	struct plane_rule *r = calloc(1, sizeof(*r));

	if (!r)
		return NULL;
	r->plane = s->plane;
	if (take(bs, s->box, &r->box) && take(bs, s->match, &r->match))
		return r;
	rule_free(bs, r);
	return NULL;
}

static struct plane_rule **rule_at(struct boxes *bs, const struct plane_rule *r, uint64_t order)
{
	struct plane_rule **at, **place = &bs->rules;

	for (at = &bs->rules; *at; at = &(*at)->next) {
		if ((*at)->box == r->box && (*at)->match == r->match)
			return at;
		if ((*at)->order < order)
			place = &(*at)->next;
	}
	return place;
}

int boxes_state_rule(struct boxes *bs, const struct statement *s, enum layer layer, uint64_t order)
{
	struct plane_rule *r = rule_make(bs, s), **at, *old;

	if (!r)
		return -ENOMEM;
	at = rule_at(bs, r, order);
	old = *at && (*at)->box == r->box && (*at)->match == r->match ? *at : NULL;
	if (old && old->layer > layer) {
		rule_free(bs, r);
		return 0;
	}
	r->layer = layer;
	r->order = old ? old->order : order;
	r->next = old ? old->next : *at;
	*at = r;
	rule_free(bs, old);
	return 0;
}

static const char *said(const struct text *t)
{
	return t ? t->s : NULL;
}

void box_statement(const struct box *b, struct statement *out)
{
	*out = (struct statement) {
		.kind = STATEMENT_BOX, .name = said(b->text[BOX_NAME]), .type = said(b->text[BOX_TYPE]),
		.site = said(b->text[BOX_SITE]), .pop = said(b->text[BOX_POP]), .ren = said(b->text[BOX_REN]),
		.from_ns = TIME_ALWAYS, .until_ns = TIME_OPEN, .cidrs = b->addresses, .cidrs_n = b->addresses_n,
	};
}

void rule_statement(const struct plane_rule *r, struct statement *out)
{
	*out = (struct statement) {
		.kind = STATEMENT_INTERFACE, .box = said(r->box), .match = said(r->match), .plane = r->plane,
		.from_ns = TIME_ALWAYS, .until_ns = TIME_OPEN,
	};
}

bool inventory_box(const struct inventory *inv, const char *name, struct statement *out)
{
	for (const struct box *b = inv->boxes.boxes; b; b = b->next) {
		if (strcmp(b->text[BOX_NAME]->s, name))
			continue;
		box_statement(b, out);
		return true;
	}
	*out = (struct statement) { 0 };
	return false;
}

enum plane inventory_plane(const struct inventory *inv, const char *box, const char *iface)
{
	for (const struct plane_rule *r = inv->boxes.rules; r; r = r->next) {
		if ((!r->box || !strcmp(r->box->s, box)) && !fnmatch(r->match->s, iface, 0))
			return r->plane;
	}
	return PLANE_NONE;
}
