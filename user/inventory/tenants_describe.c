// SPDX-License-Identifier: Apache-2.0
/*
 * tenants_describe.c - a description of a tenant takes the place of the one
 * before, whole or not at all: a draft is made of all that needs memory, then
 * what can't fail is done. Subnets are sorted, so that only what differs is
 * taken out of the table and put in.
 */
#include <errno.h>
#include <stdlib.h>
#include "base/cidr.h"
#include "inventory/seen.h"
#include "inventory/tenants_priv.h"

/* Tenants hold on to their keys as long as they are described. */
struct draft {
	struct tenant *tenant, *by_name;
	const struct text *name;
	struct scope_claim *scopes;
	struct nt_cidr *cidrs;
	uint32_t scopes_n, cidrs_n;
};

static int compare_cidrs(const void *a, const void *b)
{
	const struct nt_cidr *x = a, *y = b;
	int order = memcmp(x->addr, y->addr, sizeof(x->addr));

	if (order)
		return order;
	return (x->prefix > y->prefix) - (x->prefix < y->prefix);
}

static bool is_sorted(const struct nt_cidr *c, size_t n)
{
	for (size_t i = 1; i < n; i++) {
		if (compare_cidrs(&c[i - 1], &c[i]) > 0)
			return false;
	}
	return true;
}

/* Drops what is there twice. */
static uint32_t unique(struct nt_cidr *c, uint32_t n, const struct tenant *t, struct problems *p)
{
	char text[CIDR_TEXT];
	uint32_t kept = 0;

	for (uint32_t i = 0; i < n; i++) {
		if (kept && !compare_cidrs(&c[kept - 1], &c[i]))
			problem(p, PROBLEM_OVERLAP, "tenant %s names %s twice", t->key->s, cidr_format(&c[i], text));
		else
			c[kept++] = c[i];
	}
	return kept;
}

static int draft_cidrs(struct draft *d, const struct statement *s, struct problems *p)
{
	uint32_t n = (uint32_t)s->cidrs_n;

	if (!n)
		return 0;
	d->cidrs = reallocarray(NULL, n, sizeof(*d->cidrs));
	if (!d->cidrs)
		return -ENOMEM;
	for (uint32_t i = 0; i < n; i++) {
		d->cidrs[i] = s->cidrs[i];
		prefix_mask(&d->cidrs[i]);
	}
	if (!is_sorted(d->cidrs, n))
		qsort(d->cidrs, n, sizeof(*d->cidrs), compare_cidrs);
	d->cidrs_n = unique(d->cidrs, n, d->tenant, p);
	return 0;
}

static int draft_scopes(struct draft *d, const struct statement *s)
{
	struct seen seen;

	if (!s->scopes_n)
		return 0;
	d->scopes = calloc(s->scopes_n, sizeof(*d->scopes));
	if (!d->scopes || seen_open(&seen, s->scopes_n, sizeof(s->scopes[0])))
		return -ENOMEM;
	for (size_t i = 0; i < s->scopes_n; i++) {
		if (seen_before(&seen, &s->scopes[i]))
			continue;
		d->scopes[d->scopes_n].tenant = d->tenant;
		d->scopes[d->scopes_n++].scope = s->scopes[i];
	}
	seen_close(&seen);
	return 0;
}

static int reserve_number(struct tenants *ts)
{
	uint32_t cap = ts->cap ? 2 * ts->cap : 16;
	struct tenant **by_number;

	if (ts->n < ts->cap)
		return 0;
	by_number = reallocarray(ts->by_number, cap, sizeof(struct tenant *));
	if (!by_number)
		return -ENOMEM;
	ts->by_number = by_number;
	ts->cap = cap;
	return 0;
}

static int draft_make(struct tenants *ts, struct draft *d, const struct statement *s, struct problems *p)
{
	const char *name = s->name ? s->name : s->id;

	d->tenant = tenants_take(ts, s->id ? s->id : s->name);
	d->by_name = tenants_take(ts, name);
	d->name = texts_take(ts->texts, name);
	if (!d->tenant || !d->by_name || !d->name)
		return -ENOMEM;
	if (d->by_name->named && d->by_name->named != d->tenant) {
		problem(p, PROBLEM_OVERLAP, "tenant %s has the name of tenant %s, %s: left out", d->tenant->key->s,
			d->by_name->named->key->s, name);
		return -EINVAL;
	}
	if (reserve_number(ts) || draft_scopes(d, s))
		return -ENOMEM;
	return draft_cidrs(d, s, p);
}

static void draft_drop(struct tenants *ts, struct draft *d)
{
	texts_drop(ts->texts, d->name);
	tenants_drop(ts, d->by_name);
	tenants_drop(ts, d->tenant);
	free(d->scopes);
	free(d->cidrs);
}

/* Adds each of a that b, sorted too, has not. -ENOMEM: how many of a were passed. */
static int add_missing(const struct nt_cidr *a, uint32_t a_n, const struct nt_cidr *b, uint32_t b_n,
		       struct prefixes *p, uint32_t number, uint32_t *passed)
{
	uint32_t j = 0;

	for (*passed = 0; *passed < a_n; ++*passed) {
		const struct nt_cidr *c = &a[*passed];

		while (j < b_n && compare_cidrs(&b[j], c) < 0)
			j++;
		if (j < b_n && !compare_cidrs(&b[j], c))
			continue;
		if (prefixes_add(p, c, number))
			return -ENOMEM;
	}
	return 0;
}

/* Takes out each of a that b has not. */
static void del_missing(const struct nt_cidr *a, uint32_t a_n, const struct nt_cidr *b, uint32_t b_n,
			struct prefixes *p, uint32_t number)
{
	for (uint32_t i = 0, j = 0; i < a_n; i++) {
		while (j < b_n && compare_cidrs(&b[j], &a[i]) < 0)
			j++;
		if (j == b_n || compare_cidrs(&b[j], &a[i]))
			prefixes_del(p, &a[i], number);
	}
}

/* The last thing that can fail. */
static int change_prefixes(struct tenants *ts, const struct draft *d, uint32_t number)
{
	const struct tenant *t = d->tenant;
	uint32_t added;
	int err = add_missing(d->cidrs, d->cidrs_n, t->cidrs, t->cidrs_n, &ts->prefixes, number, &added);

	if (err)
		del_missing(d->cidrs, added, t->cidrs, t->cidrs_n, &ts->prefixes, number);
	else
		del_missing(t->cidrs, t->cidrs_n, d->cidrs, d->cidrs_n, &ts->prefixes, number);
	return err;
}

static void unclaim_scopes(struct tenants *ts, struct tenant *t)
{
	for (uint32_t i = 0; i < t->scopes_n; i++)
		table_del(&ts->scopes, &t->scopes[i].link);
}

static void claim_scopes(struct tenants *ts, struct tenant *t, struct problems *p)
{
	for (uint32_t i = 0; i < t->scopes_n; i++) {
		struct scope_claim *c = &t->scopes[i];
		const struct tenant *first;

		table_add(&ts->scopes, &c->link, hash_scope(c->scope));
		first = tenants_of_scope(ts, c->scope);
		if (first != t)
			problem(p, PROBLEM_OVERLAP, "%s %u of tenant %s is tenant %s's", c->scope >> 24 == 1 ? "VNI" : "VLAN",
				c->scope & 0xffffff, t->key->s, first->key->s);
	}
}

/* Swaps what t has with the draft's: the old goes with it. */
static void exchange(struct tenant *t, struct draft *d)
{
	struct draft old = {
		.tenant = d->tenant, .by_name = t->by_name, .name = t->name, .scopes = t->scopes, .cidrs = t->cidrs,
	};

	if (t->by_name)
		t->by_name->named = NULL;
	t->by_name = d->by_name;
	t->by_name->named = t;
	t->name = d->name;
	t->scopes = d->scopes;
	t->scopes_n = d->scopes_n;
	t->cidrs = d->cidrs;
	t->cidrs_n = d->cidrs_n;
	*d = old;
}

static void commit(struct tenants *ts, struct draft *d, enum layer layer, uint64_t order, struct problems *p)
{
	struct tenant *t = d->tenant;

	if (!t->described) {
		t->described = true;
		t->number = ts->n;
		t->order = order;
		ts->by_number[ts->n++] = t;
	}
	t->layer = layer;
	unclaim_scopes(ts, t);
	exchange(t, d);
	claim_scopes(ts, t, p);
}

static int describe(struct tenants *ts, const struct statement *s, enum layer layer, uint64_t order,
		    struct problems *p, const struct tenant **changed)
{
	struct draft d = { 0 };
	int err = draft_make(ts, &d, s, p);

	if (err)
		goto out;
	if (d.tenant->described && d.tenant->layer > layer && !d.tenant->partial)
		goto out;
	err = change_prefixes(ts, &d, d.tenant->described ? d.tenant->number : ts->n);
	if (err)
		goto out;
	d.tenant->partial = s->partial;
	commit(ts, &d, layer, order, p);
	*changed = d.tenant;
out:
	draft_drop(ts, &d);
	return err;
}

/* Only the name of a tenant that is described already can be told by a part; t is that tenant. */
static int rename_tenant(struct tenants *ts, const struct tenant *t, const char *name, uint64_t order,
			 struct problems *p, const struct tenant **changed)
{
	struct statement whole = {
		.kind = STATEMENT_TENANT, .id = t->key->s, .name = name, .partial = t->partial,
		.cidrs = t->cidrs, .cidrs_n = t->cidrs_n,
	};
	int err;

	if (!name || !strcmp(name, t->name->s))
		return 0;
	whole.scopes = reallocarray(NULL, t->scopes_n + 1, sizeof(*whole.scopes));
	if (!whole.scopes)
		return -ENOMEM;
	for (uint32_t i = 0; i < t->scopes_n; i++)
		whole.scopes[whole.scopes_n++] = t->scopes[i].scope;
	err = describe(ts, &whole, t->layer, order, p, changed);
	free(whole.scopes);
	return err;
}

int tenants_describe(struct tenants *ts, const struct statement *s, enum layer layer, uint64_t order,
		     struct problems *p, const struct tenant **changed)
{
	struct tenant *t;
	int err;

	*changed = NULL;
	if (!s->id && !s->name) {
		problem(p, PROBLEM_NO_ID, "a tenant without id and name");
		return -EINVAL;
	}
	if (!s->partial)
		return describe(ts, s, layer, order, p, changed);
	t = tenants_take(ts, s->id ? s->id : s->name);
	if (!t)
		return -ENOMEM;
	if (t->described)
		err = rename_tenant(ts, t, s->name, order, p, changed);
	else
		err = describe(ts, s, layer, order, p, changed);
	tenants_drop(ts, t);
	return err;
}
