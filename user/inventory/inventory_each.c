// SPDX-License-Identifier: Apache-2.0
/*
 * inventory_each.c - the inventory as statements again, in the order in which
 * they were made: for the list on the socket, and for a reload, which carries
 * over what came by streams.
 */
#include <errno.h>
#include <stdlib.h>
#include "inventory/inventory_priv.h"

struct item {
	uint64_t order;
	enum statement_kind kind;
	const void *what;		/* a tenant, span, application, box or rule */
};

struct items {
	struct item *item;
	size_t n, cap;
	enum layer least;
	struct statement s;		/* the one that is handed out; with arrays of our own */
};

static int add(struct items *l, uint64_t order, enum layer layer, enum statement_kind kind, const void *what)
{
	size_t cap = l->cap ? 2 * l->cap : 64;
	struct item *item;

	if (layer < l->least)
		return 0;
	if (l->n == l->cap) {
		item = reallocarray(l->item, cap, sizeof(*item));
		if (!item)
			return -ENOMEM;
		l->item = item;
		l->cap = cap;
	}
	l->item[l->n++] = (struct item) { .order = order, .kind = kind, .what = what };
	return 0;
}

static int add_tenants(struct items *l, const struct tenants *ts)
{
	int err = 0;

	for (uint32_t i = 0; i < ts->n && !err; i++) {
		const struct tenant *t = ts->by_number[i];

		err = add(l, t->order, t->layer, STATEMENT_TENANT, t);
	}
	return err;
}

static int add_holder(struct items *l, const struct holder *h)
{
	int err = 0;

	for (const struct span *s = h->first; s && !err; s = s->next)
		err = add(l, s->order, s->order & ORDER_STREAM ? LAYER_STREAM : LAYER_FILE, STATEMENT_INSTANCE, s);
	return err;
}

static int add_holders(struct items *l, const struct holders *hs)
{
	int err = 0;

	for (uint32_t i = 0; i <= hs->keys.mask; i++) {
		for (struct node *n = hs->keys.bucket[i]; n && !err; n = n->next)
			err = add_holder(l, OBJECT_OF(n, struct holder, link.node));
	}
	return err;
}

static int add_group(struct items *l, const struct group *g)
{
	int err = 0;

	for (const struct app *a = g->apps; a && !err; a = a->next)
		err = add(l, a->order, a->layer, STATEMENT_APPLICATION, a);
	return err;
}

static int add_applications(struct items *l, const struct applications *as)
{
	int err = 0;

	for (uint32_t i = 0; i <= as->groups.mask; i++) {
		for (struct node *n = as->groups.bucket[i]; n && !err; n = n->next)
			err = add_group(l, OBJECT_OF(n, struct group, link.node));
	}
	return err;
}

static int add_boxes(struct items *l, const struct boxes *bs)
{
	int err = 0;

	for (const struct box *b = bs->boxes; b && !err; b = b->next)
		err = add(l, b->order, b->layer, STATEMENT_BOX, b);
	for (const struct plane_rule *r = bs->rules; r && !err; r = r->next)
		err = add(l, r->order, r->layer, STATEMENT_INTERFACE, r);
	return err;
}

static const char *said(const struct text *t)
{
	return t ? t->s : NULL;
}

/* 0 or -ENOMEM: then the array is as it was. */
static int room(void *array, size_t *cap, size_t need, size_t size)
{
	void **at = array, *bigger;

	if (need <= *cap)
		return 0;
	bigger = reallocarray(*at, need, size);
	if (!bigger)
		return -ENOMEM;
	*at = bigger;
	*cap = need;
	return 0;
}

/* An empty statement of that kind with room for so many of what it lists. */
static int begin(struct statement *s, enum statement_kind kind, size_t cidrs, size_t scopes)
{
	*s = (struct statement) {
		.kind = kind, .from_ns = TIME_ALWAYS, .until_ns = TIME_OPEN,
		.cidrs = s->cidrs, .cidrs_cap = s->cidrs_cap, .scopes = s->scopes, .scopes_cap = s->scopes_cap,
	};
	if (room(&s->cidrs, &s->cidrs_cap, cidrs, sizeof(*s->cidrs)))
		return -ENOMEM;
	return room(&s->scopes, &s->scopes_cap, scopes, sizeof(*s->scopes));
}

static int tenant_statement(struct statement *s, const struct tenant *t)
{
	int err = begin(s, STATEMENT_TENANT, t->cidrs_n, t->scopes_n);

	if (err)
		return err;
	s->id = t->key->s;
	s->name = t->partial && t->name == t->key ? NULL : t->name->s;	/* nobody told a name */
	s->partial = t->partial;
	if (t->cidrs_n)
		memcpy(s->cidrs, t->cidrs, t->cidrs_n * sizeof(*s->cidrs));
	s->cidrs_n = t->cidrs_n;
	for (uint32_t i = 0; i < t->scopes_n; i++)
		s->scopes[s->scopes_n++] = t->scopes[i].scope;
	return 0;
}

static int span_statement(struct statement *s, const struct span *span)
{
	int err = begin(s, span->is_end ? STATEMENT_END : STATEMENT_INSTANCE, span->claims_n, 0);

	if (err)
		return err;
	s->id = span->holder->is_port && span->is_end ? NULL : span_instance(span)->key->s;
	s->port = span->holder->is_port ? span->holder->key->s : NULL;
	s->name = said(span->name);
	s->host = said(span->host);
	s->tenant = span->tenant ? span->tenant->key->s : NULL;
	s->scope = span->scope;
	s->from_ns = span->from_ns;
	s->until_ns = span->until_ns;
	for (uint32_t i = 0; i < span->claims_n; i++) {
		struct nt_cidr *c = &s->cidrs[s->cidrs_n++];

		*c = (struct nt_cidr) { .prefix = 128 };
		memcpy(c->addr, span->claim[i].addr, sizeof(c->addr));
	}
	return 0;
}

static void app_statement(struct statement *s, const struct app *a)
{
	*s = (struct statement) {
		.kind = STATEMENT_APPLICATION, .from_ns = TIME_ALWAYS, .until_ns = TIME_OPEN,
		.name = a->tag.name->s, .app_class = said(a->tag.app_class), .proto = a->group->proto,
		.tenant = a->group->tenant ? a->group->tenant->key->s : NULL, .ports = a->ports, .ports_n = a->ports_n,
	};
}

static int hand_out(struct items *l, const struct item *i, int (*each)(void *arg, const struct statement *s), void *arg)
{
	struct statement lent;
	int err = 0;

	if (i->kind == STATEMENT_TENANT || i->kind == STATEMENT_INSTANCE) {
		err = i->kind == STATEMENT_TENANT ? tenant_statement(&l->s, i->what) : span_statement(&l->s, i->what);
		return err ? err : each(arg, &l->s);
	}
	if (i->kind == STATEMENT_APPLICATION)
		app_statement(&lent, i->what);
	else if (i->kind == STATEMENT_BOX)
		box_statement(i->what, &lent);
	else
		rule_statement(i->what, &lent);
	return each(arg, &lent);
}

static int compare(const void *a, const void *b)
{
	uint64_t x = ((const struct item *)a)->order, y = ((const struct item *)b)->order;

	return (x > y) - (x < y);
}

int inventory_each_from(const struct inventory *inv, enum layer least,
			int (*each)(void *arg, const struct statement *s), void *arg)
{
	struct items l = { .least = least };
	int err = add_tenants(&l, &inv->tenants);

	if (!err)
		err = add_holders(&l, &inv->holders);
	if (!err)
		err = add_applications(&l, &inv->applications);
	if (!err)
		err = add_boxes(&l, &inv->boxes);
	if (!err && l.n)
		qsort(l.item, l.n, sizeof(*l.item), compare);
	for (size_t i = 0; i < l.n && !err; i++)
		err = hand_out(&l, &l.item[i], each, arg);
	free(l.s.cidrs);
	free(l.s.scopes);
	free(l.item);
	return err;
}

int inventory_each(const struct inventory *inv, int (*each)(void *arg, const struct statement *s), void *arg)
{
	return inventory_each_from(inv, LAYER_FILE, each, arg);
}
