// SPDX-License-Identifier: Apache-2.0
/*
 * texts.c - the pool of names: a hash table of counted texts, and a stack of
 * the ids that are free. Beside the data path: records only read texts.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include "base/slab.h"
#include "inventory/table.h"
#include "inventory/texts.h"

struct entry {
	struct link link;
	struct text text;		/* the last: its bytes follow */
};

struct texts {
	struct table table;
	struct slab entries;		/* encoders copy them record by record */
	uint32_t bound;
	uint32_t *spare;		/* ids below bound that no text has */
	uint32_t spare_n, spare_cap;	/* cap >= bound, so that to give one back never fails */
};

int texts_open(struct texts **out)
{
	struct texts *pool = calloc(1, sizeof(*pool));

	*out = NULL;
	if (!pool || table_open(&pool->table)) {
		free(pool);
		return -ENOMEM;
	}
	*out = pool;
	return 0;
}

static size_t entry_bytes(size_t len)
{
	return sizeof(struct entry) + len + 1;
}

static void entry_free(struct texts *pool, struct entry *e)
{
	slab_give(&pool->entries, e, entry_bytes(e->text.len));
}

void texts_close(struct texts *pool)
{
	if (!pool)
		return;
	for (uint32_t i = 0; i <= pool->table.mask; i++) {
		for (struct node *n = pool->table.bucket[i], *next; n; n = next) {
			next = n->next;
			entry_free(pool, OBJECT_OF(n, struct entry, link.node));
		}
	}
	slab_free(&pool->entries);
	table_close(&pool->table);
	free(pool->spare);
	free(pool);
}

static uint32_t hash_text(const char *s, size_t len)
{
	uint64_t h = len;

	for (; len >= 8; s += 8, len -= 8) {
		uint64_t word;

		memcpy(&word, s, sizeof(word));
		h = mix(h, word);
	}
	for (; len; s++, len--)
		h = (h ^ (unsigned char)*s) * 0x100000001b3ULL;
	return (uint32_t)mix(h, 0);
}

static struct entry *lookup(const struct texts *pool, const char *s, size_t len, uint32_t hash)
{
	for (struct node *n = table_chain(&pool->table, hash); n; n = n->next) {
		struct entry *e = OBJECT_OF(n, struct entry, link.node);

		if (e->link.hash == hash && e->text.len == len && !memcmp(e->text.s, s, len))
			return e;
	}
	return NULL;
}

static int reserve_ids(struct texts *pool)
{
	uint32_t cap = pool->spare_cap ? 2 * pool->spare_cap : 64;
	uint32_t *spare;

	if (pool->spare_n || pool->bound < pool->spare_cap)
		return 0;
	spare = reallocarray(pool->spare, cap, sizeof(*spare));
	if (!spare)
		return -ENOMEM;
	pool->spare = spare;
	pool->spare_cap = cap;
	return 0;
}

static bool is_ascii(const char *s, size_t len)
{
	unsigned char seen = 0;

	for (size_t i = 0; i < len; i++)
		seen |= (unsigned char)s[i];
	return seen < 0x80;
}

static struct entry *insert(struct texts *pool, const char *s, size_t len, uint32_t hash)
{
	struct entry *e;

	if (reserve_ids(pool))
		return NULL;
	e = slab_take(&pool->entries, entry_bytes(len));
	if (!e)
		return NULL;
	e->text.id = pool->spare_n ? pool->spare[--pool->spare_n] : pool->bound++;
	e->text.len = (uint32_t)len;
	e->text.refs = 0;
	e->text.ascii = is_ascii(s, len);
	memcpy(e->text.s, s, len + 1);
	table_add(&pool->table, &e->link, hash);
	return e;
}

const struct text *texts_take(struct texts *pool, const char *s)
{
	size_t len = strlen(s);
	uint32_t hash = hash_text(s, len);
	struct entry *e = lookup(pool, s, len, hash);

	if (!e)
		e = insert(pool, s, len, hash);
	if (!e)
		return NULL;
	e->text.refs++;
	return &e->text;
}

const struct text *texts_find(const struct texts *pool, const char *s)
{
	size_t len = strlen(s);
	struct entry *e = lookup(pool, s, len, hash_text(s, len));

	return e ? &e->text : NULL;
}

void texts_drop(struct texts *pool, const struct text *t)
{
	struct entry *e;

	if (!t)
		return;
	e = OBJECT_OF(t, struct entry, text);
	if (--e->text.refs)
		return;
	table_del(&pool->table, &e->link);
	pool->spare[pool->spare_n++] = e->text.id;
	entry_free(pool, e);
}

uint32_t texts_bound(const struct texts *pool)
{
	return pool->bound;
}
