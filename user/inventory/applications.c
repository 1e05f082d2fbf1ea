// SPDX-License-Identifier: Apache-2.0
/*
 * applications.c - groups of applications and their ports. A new application
 * gets the ports that are free; when one is replaced its group's list of
 * ranges is made anew, in the order in which the applications were named.
 */
#include <errno.h>
#include <stdlib.h>
#include "inventory/applications.h"

int applications_open(struct applications *as, struct texts *texts, struct tenants *tenants)
{
	*as = (struct applications) { .texts = texts, .tenants = tenants };
	return table_open(&as->groups);
}

static void app_free(struct applications *as, struct app *a)
{
	if (!a)
		return;
	texts_drop(as->texts, a->tag.name);
	texts_drop(as->texts, a->tag.app_class);
	free(a->ports);
	free(a);
}

static void group_free(struct applications *as, struct group *g)
{
	for (struct app *a = g->apps, *next; a; a = next) {
		next = a->next;
		app_free(as, a);
	}
	table_del(&as->groups, &g->link);
	node_del(&g->sibling);
	tenants_drop(as->tenants, g->tenant);
	free(g->ranges);
	free(g);
}

void applications_close(struct applications *as)
{
	for (uint32_t i = 0; as->groups.bucket && i <= as->groups.mask; i++) {
		while (as->groups.bucket[i])
			group_free(as, OBJECT_OF(as->groups.bucket[i], struct group, link.node));
	}
	table_close(&as->groups);
}

static uint32_t hash_group(const struct tenant *key, uint8_t proto)
{
	return (uint32_t)mix(hash_tenant(key), proto);
}

static struct group *group_find(const struct applications *as, const struct tenant *key, uint8_t proto)
{
	uint32_t hash = hash_group(key, proto);

	for (struct node *n = table_chain(&as->groups, hash); n; n = n->next) {
		struct group *g = OBJECT_OF(n, struct group, link.node);

		if (g->tenant == key && g->proto == proto)
			return g;
	}
	return NULL;
}

/* Takes over the reference to key, also when it fails. NULL: no memory. */
static struct group *group_take(struct applications *as, struct tenant *key, uint8_t proto)
{
	struct group *g = group_find(as, key, proto);

	if (!g)
		g = calloc(1, sizeof(*g));
	if (!g || g->link.node.pprev) {
		tenants_drop(as->tenants, key);
		return g;
	}
	g->tenant = key;
	g->proto = proto;
	table_add(&as->groups, &g->link, hash_group(key, proto));
	if (key)
		node_add(&key->groups, &g->sibling);
	return g;
}

static void group_drop(struct applications *as, struct group *g)
{
	if (!g->apps)
		group_free(as, g);
}

/* The first range that does not end before the port. */
static uint32_t range_at(const struct group *g, uint32_t port)
{
	uint32_t a = 0, b = g->n;

	while (a < b) {
		uint32_t middle = a + (b - a) / 2;

		if (g->ranges[middle].last < port)
			a = middle + 1;
		else
			b = middle;
	}
	return a;
}

static void insert(struct group *g, uint32_t at, struct app *a, uint32_t first, uint32_t last)
{
	memmove(&g->ranges[at + 1], &g->ranges[at], (g->n - at) * sizeof(*g->ranges));
	g->ranges[at] = (struct app_range) { .app = a, .first = (uint16_t)first, .last = (uint16_t)last };
	g->n++;
}

/* Gives a what is free of the range; returns who has the first port that was not, or NULL. */
static const struct app *fill(struct group *g, struct app *a, struct port_range r)
{
	const struct app *taken = NULL;
	uint32_t at = range_at(g, r.first);
	uint32_t port = r.first;

	while (port <= r.last) {
		const struct app_range *next = at < g->n ? &g->ranges[at] : NULL;

		if (!next || next->first > r.last) {
			insert(g, at, a, port, r.last);
			break;
		}
		if (next->app != a && !taken)
			taken = next->app;
		if (next->first > port) {
			insert(g, at++, a, port, next->first - 1U);
			next = &g->ranges[at];
		}
		port = next->last + 1U;
		at++;
	}
	return taken;
}

static const struct app *fill_all(struct group *g, struct app *a)
{
	const struct app *taken = NULL;

	if (!a->ports_n && g->whole)
		return g->whole;
	if (!a->ports_n)
		g->whole = a;
	for (size_t i = 0; i < a->ports_n; i++) {
		const struct app *other = fill(g, a, a->ports[i]);

		taken = taken ? taken : other;
	}
	return taken;
}

/* Room for what fill_all() may insert: n ranges, however they lie, cut the ports into less than 2 n pieces. */
static int reserve(struct group *g, size_t ports_n)
{
	size_t need = 1 + 2 * ports_n;
	struct app_range *ranges;
	size_t cap;

	for (const struct app *a = g->apps; a; a = a->next)
		need += 2 * a->ports_n;
	if (need <= g->cap)
		return 0;
	cap = need > UINT16_MAX + 1U ? UINT16_MAX + 1U : 2 * need;
	if (cap <= g->cap)
		return 0;
	ranges = reallocarray(g->ranges, cap, sizeof(*ranges));
	if (!ranges)
		return -ENOMEM;
	g->ranges = ranges;
	g->cap = (uint32_t)cap;
	return 0;
}

static void link_in_order(struct group *g, struct app *a)
{
	struct app **at = &g->apps;

	while (*at && (*at)->order < a->order)
		at = &(*at)->next;
	a->next = *at;
	*at = a;
}

static void unlink_app(struct group *g, const struct app *a)
{
	struct app **at = &g->apps;

	while (*at != a)
		at = &(*at)->next;
	*at = a->next;
}

/* Returns who has a port that is asked for by whom, too. */
static const struct app *refill(struct group *g, const struct app *whom)
{
	const struct app *taken = NULL;

	g->n = 0;
	g->whole = NULL;
	for (struct app *a = g->apps; a; a = a->next) {
		const struct app *other = fill_all(g, a);

		taken = a == whom ? other : taken;
	}
	return taken;
}

static struct app *find_in_group(const struct group *g, const struct text *name)
{
	struct app *a = g ? g->apps : NULL;

	while (a && a->tag.name != name)
		a = a->next;
	return a;
}

static struct app *find_by_name(const struct applications *as, const struct tenant *t, uint8_t proto,
				const struct text *name)
{
	const struct tenant *keys[2];
	uint32_t n = tenant_keys(t, keys);
	struct app *found = NULL;

	for (uint32_t i = 0; i < n && !found; i++)
		found = find_in_group(group_find(as, keys[i], proto), name);
	return found;
}

static struct app *app_make(struct applications *as, const struct statement *s, enum layer layer, uint64_t order)
{
	struct app *a = calloc(1, sizeof(*a));

	if (!a)
		return NULL;
	a->layer = layer;
	a->order = order;
	a->last = order;
	a->tag.name = texts_take(as->texts, s->name);
	a->tag.app_class = s->app_class ? texts_take(as->texts, s->app_class) : NULL;
	a->ports = s->ports_n ? reallocarray(NULL, s->ports_n, sizeof(*a->ports)) : NULL;
	if (!a->tag.name || (s->app_class && !a->tag.app_class) || (s->ports_n && !a->ports)) {
		app_free(as, a);
		return NULL;
	}
	if (s->ports_n)
		memcpy(a->ports, s->ports, s->ports_n * sizeof(*a->ports));
	a->ports_n = s->ports_n;
	return a;
}

static struct group *group_of(struct applications *as, const struct statement *s)
{
	struct tenant *key = s->tenant ? tenants_take(as->tenants, s->tenant) : NULL;

	if (s->tenant && !key)
		return NULL;
	return group_take(as, key, (uint8_t)s->proto);
}

static void report(const struct app *a, const struct app *taken, struct problems *p)
{
	if (taken)
		problem(p, PROBLEM_OVERLAP, "application %s names a port or protocol that is application %s's",
			a->tag.name->s, taken->tag.name->s);
}

/* Puts a in, and what it replaces out. What it has no more others get. */
static void enter(struct applications *as, struct app *a, struct app *old, struct problems *p)
{
	struct group *g = a->group;

	as->n += !old;
	if (old) {
		a->order = old->order;
		unlink_app(old->group, old);
		refill(old->group, NULL);
	}
	link_in_order(g, a);
	report(a, a->next ? refill(g, a) : fill_all(g, a), p);
	if (old)
		group_drop(as, old->group);
	app_free(as, old);
}

int applications_state(struct applications *as, const struct statement *s, enum layer layer, uint64_t order,
		       struct problems *p, bool *changed)
{
	struct app *a = app_make(as, s, layer, order), *old;
	struct group *g = a ? group_of(as, s) : NULL;
	int err = -ENOMEM;

	*changed = false;
	if (!g)
		goto out;
	old = find_by_name(as, tenant_is(g->tenant), g->proto, a->tag.name);
	err = reserve(g, a->ports_n);
	if (err || (old && old->layer > layer))
		goto out;
	tenants_mention(as->tenants, g->tenant, layer, p);
	a->group = g;
	enter(as, a, old, p);
	*changed = true;
	return 0;
out:
	if (g)
		group_drop(as, g);
	app_free(as, a);
	return err;
}

/* Of two that are one the later stays, in the place of the earlier. */
static void unite(struct applications *as, struct app *a, struct app *b)
{
	struct app *stays = a->last > b->last ? a : b, *goes = stays == a ? b : a;

	unlink_app(goes->group, goes);
	refill(goes->group, NULL);
	if (goes->order < stays->order) {
		unlink_app(stays->group, stays);
		stays->order = goes->order;
		link_in_order(stays->group, stays);
		refill(stays->group, NULL);
	}
	as->n--;
	app_free(as, goes);
}

static void settle_group(struct applications *as, struct group *g, const struct group *other)
{
	for (struct app *a = g->apps, *next; a; a = next) {
		struct app *same = find_in_group(other, a->tag.name);

		next = a->next;
		if (same)
			unite(as, a, same);
	}
}

/* Groups that are empty then stay: t may be the last that says their keys. */
void applications_settle(struct applications *as, const struct tenant *t)
{
	const struct tenant *keys[2];

	if (tenant_keys(t, keys) < 2)
		return;
	for (struct node *n = keys[1]->groups; n; n = n->next) {
		struct group *g = OBJECT_OF(n, struct group, sibling);
		const struct group *other = group_find(as, t, g->proto);

		if (other)
			settle_group(as, g, other);
	}
}

static const struct app *earlier(const struct app *a, const struct app *b)
{
	if (!a || !b)
		return a ? a : b;
	return a->order < b->order ? a : b;
}

const struct app *applications_of_port(const struct applications *as, const struct tenant *t, uint8_t proto,
				       uint16_t port)
{
	const struct tenant *keys[2];
	uint32_t n = tenant_keys(t, keys);
	const struct app *found = NULL;

	for (uint32_t i = 0; i < n; i++) {
		const struct group *g = group_find(as, keys[i], proto);
		uint32_t at = g ? range_at(g, port) : 0;

		if (g && at < g->n && g->ranges[at].first <= port)
			found = earlier(found, g->ranges[at].app);
	}
	return found;
}

const struct app *applications_of_proto(const struct applications *as, const struct tenant *t, uint8_t proto)
{
	const struct tenant *keys[2];
	uint32_t n = tenant_keys(t, keys);
	const struct app *found = NULL;

	for (uint32_t i = 0; i < n; i++) {
		const struct group *g = group_find(as, keys[i], proto);

		if (g)
			found = earlier(found, g->whole);
	}
	return found;
}
