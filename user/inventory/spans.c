// SPDX-License-Identifier: Apache-2.0
/*
 * spans.c - the life of one span: made of a statement, linked where it is
 * found, its end worked out. Only to make one needs memory.
 */
#include <stdlib.h>
#include "inventory/holders_priv.h"
#include "inventory/seen.h"

static int add_addresses(struct span *s, const struct statement *from)
{
	struct seen seen;
	int err = seen_open(&seen, from->cidrs_n, sizeof(s->claim[0].addr));

	for (size_t i = 0; i < from->cidrs_n && !err; i++) {
		struct claim *c = &s->claim[s->claims_n];

		if (seen_before(&seen, from->cidrs[i].addr))
			continue;
		memcpy(c->addr, from->cidrs[i].addr, sizeof(c->addr));
		c->at = s->claims_n++;
	}
	seen_close(&seen);
	return err;
}

/* True: no memory for a text that was said. */
static bool take_text(struct holders *hs, const char *said, const struct text **out)
{
	if (said)
		*out = texts_take(hs->texts, said);
	return said && !*out;
}

static bool take_tenant(struct holders *hs, const char *said, struct tenant **out)
{
	if (said)
		*out = tenants_take(hs->tenants, said);
	return said && !*out;
}

struct span *span_make(struct holders *hs, const struct statement *from, uint64_t order)
{
	bool is_end = from->kind == STATEMENT_END;
	size_t claims = is_end ? 0 : from->cidrs_n;
	struct span *s = calloc(1, sizeof(*s) + claims * sizeof(s->claim[0]));

	if (!s)
		return NULL;
	s->from_ns = from->from_ns;
	s->until_ns = is_end ? TIME_OPEN : from->until_ns;
	if (s->until_ns < s->from_ns)
		s->until_ns = s->from_ns;
	s->order = order;
	s->is_end = is_end;
	if (is_end)
		return s;
	s->scope = from->scope;
	if (take_text(hs, from->name, &s->name) || take_text(hs, from->host, &s->host) ||
	    take_tenant(hs, from->tenant, &s->tenant) || add_addresses(s, from)) {
		span_free(hs, s);
		return NULL;
	}
	return s;
}

void span_free(struct holders *hs, struct span *s)
{
	if (!s)
		return;
	texts_drop(hs->texts, s->name);
	texts_drop(hs->texts, s->host);
	tenants_drop(hs->tenants, s->tenant);
	free(s);
}

struct span *span_at(const struct holder *h, int64_t from_ns)
{
	struct span *s = h->last;

	while (s && s->from_ns > from_ns)
		s = s->prev;
	return s;
}

static void use(struct holders *hs, const struct span *s, int more)
{
	struct holder *h = s->parent ? s->parent : s->holder;
	uint32_t was = h->uses;

	if (s->is_end)
		return;
	h->uses += (uint32_t)more;
	hs->instances += (uint64_t)(int64_t)((h->uses > 0) - (was > 0));
}

static void link_in_time(struct span *s)
{
	struct holder *h = s->holder;

	s->prev = span_at(h, s->from_ns);
	s->next = s->prev ? s->prev->next : h->first;
	*(s->prev ? &s->prev->next : &h->first) = s;
	*(s->next ? &s->next->prev : &h->last) = s;
}

void span_link(struct holders *hs, struct span *s)
{
	link_in_time(s);
	if (s->parent)
		node_add(&s->parent->children, &s->sibling);
	for (uint32_t i = 0; i < s->claims_n; i++) {
		struct claim *c = &s->claim[i];
		uint32_t hash = hash_address(c->addr);

		table_add(&hs->by_address, &c->by_address, hash);
		table_add(&hs->by_tenant, &c->by_tenant, hash_claim(s->tenant, hash));
	}
	use(hs, s, 1);
	hs->spans++;
}

static void touch(struct holders *hs, const struct span *s)
{
	for (uint32_t i = 0; i < s->claims_n; i++)
		stamps_address(hs->stamps, s->claim[i].by_address.hash);
}

static void unclaim(struct holders *hs, struct span *s)
{
	touch(hs, s);
	for (uint32_t i = 0; i < s->claims_n; i++) {
		table_del(&hs->by_address, &s->claim[i].by_address);
		table_del(&hs->by_tenant, &s->claim[i].by_tenant);
	}
	node_del(&s->sibling);
	use(hs, s, -1);
}

void span_unlink(struct holders *hs, struct span *s)
{
	struct holder *h = s->holder;

	*(s->prev ? &s->prev->next : &h->first) = s->next;
	*(s->next ? &s->next->prev : &h->last) = s->prev;
	node_del(&s->ending);
	unclaim(hs, s);
	hs->spans--;
}

void span_void(struct holders *hs, struct span *s)
{
	unclaim(hs, s);
	s->claims_n = 0;
	s->parent = NULL;
	s->is_end = true;
	s->until_ns = TIME_OPEN;
}

/* When the instance of a port ends, for the first time from the port's statement on. */
static int64_t parent_end(const struct span *s)
{
	const struct span *e = s->parent->last;
	int64_t end = TIME_OPEN;

	for (; e && e->from_ns >= s->from_ns; e = e->prev) {
		if (e->is_end)
			end = e->from_ns;
	}
	return end;
}

static int64_t earlier(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

void span_end(struct holders *hs, struct span *s)
{
	int64_t end = s->until_ns;

	if (s->next)
		end = earlier(end, s->next->from_ns);
	if (s->parent)
		end = earlier(end, parent_end(s));
	s->end_ns = end;
	node_del(&s->ending);
	if (s->is_end || end != TIME_OPEN)
		node_add(&hs->ending, &s->ending);
	touch(hs, s);
}

static bool meet(const struct span *a, const struct span *b)
{
	return span_instance(a) != span_instance(b) && (!a->scope || !b->scope || a->scope == b->scope) &&
	       a->from_ns < a->end_ns && b->from_ns < b->end_ns && a->from_ns < b->end_ns && b->from_ns < a->end_ns;
}

static const struct span *clash_of_key(const struct holders *hs, const struct span *s, const struct claim *c,
				       const struct tenant *key)
{
	uint32_t hash = hash_claim(key, c->by_address.hash);

	for (struct node *n = table_chain(&hs->by_tenant, hash); n; n = n->next) {
		const struct claim *other = OBJECT_OF(n, struct claim, by_tenant.node);
		const struct span *o = span_of(other);

		if (other->by_tenant.hash == hash && o->tenant == key && !memcmp(other->addr, c->addr, sizeof(c->addr)) &&
		    meet(s, o))
			return o;
	}
	return NULL;
}

const struct span *span_clash(const struct holders *hs, const struct span *s, const struct claim **which)
{
	const struct tenant *keys[2];
	uint32_t n = tenant_keys(tenant_is(s->tenant), keys);
	const struct span *found = NULL;

	for (uint32_t i = 0; i < n * s->claims_n && !found; i++) {
		*which = &s->claim[i / n];
		found = clash_of_key(hs, s, *which, keys[i % n]);
	}
	return found;
}
