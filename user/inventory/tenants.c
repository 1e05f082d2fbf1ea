// SPDX-License-Identifier: Apache-2.0
/*
 * tenants.c - keys of tenants, and what belongs to whom. Beside the data
 * path, but for the three look-ups at the end. How a description takes the
 * place of the one before: tenants_describe.c.
 */
#include <errno.h>
#include <stdlib.h>
#include "inventory/tenants_priv.h"

int tenants_open(struct tenants *ts, struct texts *texts)
{
	*ts = (struct tenants) { .texts = texts };
	if (table_open(&ts->keys) || table_open(&ts->scopes))
		return -ENOMEM;
	return 0;
}

static void tenant_free(struct tenants *ts, struct tenant *t)
{
	table_del(&ts->keys, &t->link);
	texts_drop(ts->texts, t->key);
	texts_drop(ts->texts, t->name);
	texts_drop(ts->texts, t->where);
	free(t->scopes);
	free(t->cidrs);
	free(t);
}

void tenants_close(struct tenants *ts)
{
	for (uint32_t i = 0; ts->keys.bucket && i <= ts->keys.mask; i++) {
		while (ts->keys.bucket[i])
			tenant_free(ts, OBJECT_OF(ts->keys.bucket[i], struct tenant, link.node));
	}
	table_close(&ts->keys);
	table_close(&ts->scopes);
	prefixes_close(&ts->prefixes);
	free(ts->by_number);
}

/* Texts are one object each, so that a key is found by its text's address. */
static uint32_t hash_key(const struct text *key)
{
	return (uint32_t)mix(key->id, 0);
}

static struct tenant *tenant_find(const struct tenants *ts, const struct text *key)
{
	uint32_t hash = hash_key(key);

	for (struct node *n = table_chain(&ts->keys, hash); n; n = n->next) {
		struct tenant *t = OBJECT_OF(n, struct tenant, link.node);

		if (t->key == key)
			return t;
	}
	return NULL;
}

struct tenant *tenants_take(struct tenants *ts, const char *s)
{
	const struct text *key = texts_take(ts->texts, s);
	struct tenant *t = key ? tenant_find(ts, key) : NULL;

	if (!key)
		return NULL;
	if (t) {
		texts_drop(ts->texts, key);
		t->refs++;
		return t;
	}
	t = calloc(1, sizeof(*t));
	if (!t) {
		texts_drop(ts->texts, key);
		return NULL;
	}
	t->key = key;
	t->refs = 1;
	table_add(&ts->keys, &t->link, hash_key(key));
	return t;
}

void tenants_drop(struct tenants *ts, struct tenant *t)
{
	if (t && !--t->refs && !t->described)
		tenant_free(ts, t);
}

void tenants_mention(struct tenants *ts, struct tenant *t, enum layer layer, struct problems *p)
{
	if (!t || tenant_is(t)->described)
		return;
	if (layer == LAYER_STREAM) {
		problem(p, PROBLEM_TENANT, "tenant %s is not described", t->key->s);
	} else if (!t->where) {
		t->where = texts_take(ts->texts, p->where);	/* no memory: the next line says so */
		t->line = p->line;
	}
}

static void check_one(const struct tenant *t, struct problems *p)
{
	/* What an earlier file named was reported with it. */
	if (!t->where || tenant_is(t)->described || strcmp(t->where->s, p->where))
		return;
	p->line = t->line;
	problem(p, PROBLEM_TENANT, "tenant %s is not described", t->key->s);
}

void tenants_check(const struct tenants *ts, struct problems *p)
{
	uint32_t line = p->line;

	for (uint32_t i = 0; i <= ts->keys.mask; i++) {
		for (struct node *n = ts->keys.bucket[i]; n; n = n->next)
			check_one(OBJECT_OF(n, struct tenant, link.node), p);
	}
	p->line = line;
}

const struct tenant *tenants_of_scope(const struct tenants *ts, uint32_t scope)
{
	uint32_t hash = hash_scope(scope);
	const struct tenant *first = NULL;

	for (struct node *n = table_chain(&ts->scopes, hash); n; n = n->next) {
		const struct scope_claim *c = OBJECT_OF(n, struct scope_claim, link.node);

		if (c->scope == scope && (!first || c->tenant->order < first->order))
			first = c->tenant;
	}
	return first;
}

bool tenants_hold(const struct tenants *ts, const struct tenant *t, const uint8_t addr[16])
{
	return !t->cidrs_n || prefixes_hold(&ts->prefixes, addr, t->number);
}

const struct tenant *tenants_of_address(const struct tenants *ts, const uint8_t addr[16])
{
	uint32_t number;

	return prefixes_longest(&ts->prefixes, addr, &number) == 1 ? ts->by_number[number] : NULL;
}
