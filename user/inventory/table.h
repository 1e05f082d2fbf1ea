/* SPDX-License-Identifier: Apache-2.0 */
/*
 * table.h - lists and hash tables of objects that carry their own links, so
 * that to add and to remove never fails, and the mixing of bits for both.
 *
 * The caller compares keys: table_chain() gives all objects of a bucket.
 */
#ifndef NINETAP_INVENTORY_TABLE_H
#define NINETAP_INVENTORY_TABLE_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct node {
	struct node *next, **pprev;	/* pprev NULL: in no list */
};

struct link {
	struct node node;
	uint32_t hash;
};

struct table {
	struct node **bucket;
	uint32_t mask;			/* buckets - 1 */
	uint32_t n;
};

#define OBJECT_OF(p, type, member) ((type *)((char *)(p) - offsetof(type, member)))

/* 0 or -ENOMEM. Close frees no object. */
int table_open(struct table *t) __attribute__((warn_unused_result));
void table_close(struct table *t);

/* Without memory to grow the chains get longer, and nothing is lost. */
void table_add(struct table *t, struct link *l, uint32_t hash);
void table_del(struct table *t, struct link *l);

static inline struct node *table_chain(const struct table *t, uint32_t hash)
{
	return t->bucket[hash & t->mask];
}

static inline void node_add(struct node **head, struct node *n)
{
	n->next = *head;
	n->pprev = head;
	if (n->next)
		n->next->pprev = &n->next;
	*head = n;
}

static inline void node_del(struct node *n)
{
	if (!n->pprev)
		return;
	*n->pprev = n->next;
	if (n->next)
		n->next->pprev = n->pprev;
	n->pprev = NULL;
}

/* Both halves of the product: each bit of a and b counts in each of the result. */
static inline uint64_t mix(uint64_t a, uint64_t b)
{
	unsigned __int128 m = (unsigned __int128)(a ^ 0x9e3779b97f4a7c15ULL) * (b ^ 0xd6e8feb86659fd93ULL);

	return (uint64_t)m ^ (uint64_t)(m >> 64);
}

/* The two words of an address. */
static inline uint32_t hash_words(uint64_t a, uint64_t b)
{
	return (uint32_t)mix(a, b);
}

static inline uint32_t hash_address(const uint8_t addr[16])
{
	uint64_t word[2];

	memcpy(word, addr, sizeof(word));
	return hash_words(word[0], word[1]);
}

#endif
