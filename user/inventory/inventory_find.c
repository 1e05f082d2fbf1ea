// SPDX-License-Identifier: Apache-2.0
/*
 * inventory_find.c - the tags of a packet, by the rules 1 to 5 of
 * docs/tags.md. On the way of records that the tagger's cache doesn't know.
 * Each span that was looked at narrows the time for which the answer is good.
 */
#include "inventory/inventory_priv.h"

const struct tags tags_none;

struct search {
	const struct inventory *inv;
	const struct tag_query *q;
	int64_t ts_ns;
	uint32_t scope;			/* 0: none */
	const struct tenant *scoped;	/* who has it */
	struct tag_answer *out;
};

struct end {
	const struct tenant *tenant;
	const struct text *instance;
};

static void not_before(struct search *s, int64_t ns)
{
	if (s->out->from_ns < ns)
		s->out->from_ns = ns;
}

static void not_after(struct search *s, int64_t ns)
{
	if (s->out->until_ns > ns)
		s->out->until_ns = ns;
}

static bool holds_now(struct search *s, const struct span *span)
{
	if (s->ts_ns < span->from_ns) {
		not_after(s, span->from_ns);
		return false;
	}
	if (s->ts_ns >= span->end_ns) {
		not_before(s, span->end_ns);
		return false;
	}
	not_before(s, span->from_ns);
	not_after(s, span->end_ns);
	return true;
}

/* Of two that hold an address the one since later, then the one that was said later. */
static const struct span *later(const struct span *a, const struct span *b)
{
	if (!a || a->from_ns < b->from_ns || (a->from_ns == b->from_ns && a->order < b->order))
		return b;
	return a;
}

static struct end end_of(const struct span *span)
{
	return (struct end) { .tenant = tenant_is(span->tenant), .instance = span_instance(span)->key };
}

/* Rule 1. */
static bool take_scope(struct search *s, uint32_t scope)
{
	s->scoped = tenants_of_scope(&s->inv->tenants, scope);
	s->scope = s->scoped ? scope : 0;
	return s->scoped;
}

static void find_scope(struct search *s)
{
	const struct tag_query *q = s->q;

	for (uint32_t i = 0; i < NT_TUNNELS_MAX; i++) {
		if ((q->tunnel[i] == NT_TUNNEL_VXLAN || q->tunnel[i] == NT_TUNNEL_GENEVE) &&
		    take_scope(s, SCOPE_VNI(q->tunnel_id[i])))
			return;
	}
	for (uint32_t i = 0; i < q->vlans; i++) {
		if (take_scope(s, SCOPE_VLAN(q->vlan[i])))
			return;
	}
}

/* The span of the scope's tenant, called so, that holds the address; or best. */
static const struct span *best_of_key(struct search *s, const uint8_t addr[16], const struct tenant *key,
				      const struct span *best)
{
	uint32_t hash = hash_claim(key, hash_address(addr));

	for (struct node *n = table_chain(&s->inv->holders.by_tenant, hash); n; n = n->next) {
		const struct claim *c = OBJECT_OF(n, struct claim, by_tenant.node);
		const struct span *span = span_of(c);

		if (c->by_tenant.hash != hash || span->tenant != key || memcmp(c->addr, addr, sizeof(c->addr)))
			continue;
		if ((!span->scope || span->scope == s->scope) && holds_now(s, span))
			best = later(best, span);
	}
	return best;
}

/* Rule 2. */
static struct end end_in_scope(struct search *s, const uint8_t addr[16])
{
	const struct tenant *keys[2];
	uint32_t n = tenant_keys(s->scoped, keys);
	const struct span *best = NULL;

	for (uint32_t i = 0; i < n; i++)
		best = best_of_key(s, addr, keys[i], best);
	if (best)
		return end_of(best);
	return (struct end) { .tenant = tenants_hold(&s->inv->tenants, s->scoped, addr) ? s->scoped : NULL };
}

/*
 * Those that hold an address in a network of their own. If neither the network
 * nor the instance is the same for all, two of them differ in both, and which
 * it was can't be told without a scope.
 */
struct own {
	const struct span *first;
	bool networks, instances;	/* more than one */
};

static void note_own(struct own *o, const struct span *span)
{
	if (!span->scope)
		return;
	if (!o->first)
		o->first = span;
	o->networks = o->networks || span->scope != o->first->scope;
	o->instances = o->instances || span_instance(span) != span_instance(o->first);
}

/* Rule 3. */
static struct end end_anywhere(struct search *s, const uint8_t addr[16])
{
	uint32_t hash = hash_address(addr);
	const struct span *best = NULL;
	struct own own = { 0 };

	for (struct node *n = table_chain(&s->inv->holders.by_address, hash); n; n = n->next) {
		const struct claim *c = OBJECT_OF(n, struct claim, by_address.node);
		const struct span *span = span_of(c);

		if (c->by_address.hash != hash || memcmp(c->addr, addr, sizeof(c->addr)) || !holds_now(s, span))
			continue;
		if (best && tenant_is(best->tenant) != tenant_is(span->tenant))
			return (struct end) { 0 };
		best = later(best, span);
		note_own(&own, span);
	}
	if (own.networks && own.instances)
		return (struct end) { .tenant = tenant_is(best->tenant) };
	if (best)
		return end_of(best);
	return (struct end) { .tenant = tenants_of_address(&s->inv->tenants, addr) };
}

static struct end find_end(struct search *s, const uint8_t addr[16])
{
	return s->scoped ? end_in_scope(s, addr) : end_anywhere(s, addr);
}

/* Rule 4. */
static const struct tenant *tenant_of_both(const struct search *s, const struct tenant *a, const struct tenant *b)
{
	if (a && b)
		return a == b ? a : s->scoped;
	if (a || b)
		return a ? a : b;
	return s->scoped;
}

/* Of the tenant, else of any. */
static const struct app *app_of_port(const struct search *s, const struct tenant *t, uint16_t port)
{
	const struct applications *as = &s->inv->applications;
	const struct app *a = t ? applications_of_port(as, t, s->q->proto, port) : NULL;

	return a ? a : applications_of_port(as, NULL, s->q->proto, port);
}

static const struct app *app_of_proto(const struct search *s, const struct tenant *t)
{
	const struct applications *as = &s->inv->applications;
	const struct app *a = t ? applications_of_proto(as, t, s->q->proto) : NULL;

	return a ? a : applications_of_proto(as, NULL, s->q->proto);
}

/* Rule 5. */
static const struct app *find_app(const struct search *s, const struct end *src, const struct end *dst,
				  const struct tenant *both)
{
	const struct tag_query *q = s->q;
	bool of_source = q->has_ports && q->src_port < q->dst_port;
	const struct tenant *t = of_source ? src->tenant : dst->tenant;
	const struct app *a = NULL;

	if (!t)
		t = both;
	if (q->has_ports)
		a = app_of_port(s, t, of_source ? q->src_port : q->dst_port);
	if (q->has_ports && !a)
		a = app_of_port(s, t, of_source ? q->dst_port : q->src_port);
	return a ? a : app_of_proto(s, t);
}

void inventory_find(const struct inventory *inv, const struct tag_query *q, int64_t ts_ns, struct tag_answer *out)
{
	struct search s = { .inv = inv, .q = q, .ts_ns = ts_ns, .out = out };
	const struct tenant *both;
	const struct app *app;
	struct end src, dst;

	out->from_ns = TIME_ALWAYS;
	out->until_ns = TIME_OPEN;
	find_scope(&s);
	src = find_end(&s, q->src);
	dst = find_end(&s, q->dst);
	both = tenant_of_both(&s, src.tenant, dst.tenant);
	app = find_app(&s, &src, &dst, both);
	out->tags = (struct tags) {
		.tenant = tenant_name(both),
		.src_tenant = tenant_name(src.tenant),
		.dst_tenant = tenant_name(dst.tenant),
		.src_instance = src.instance,
		.dst_instance = dst.instance,
		.app = app ? &app->tag : NULL,
	};
}
