// SPDX-License-Identifier: Apache-2.0
/*
 * table.c - hash tables with chains, for the model of the inventory. They grow
 * by doubling and never shrink: what was once there is likely to come again.
 */
#include <errno.h>
#include <stdlib.h>
#include "inventory/table.h"

#define BUCKETS_MIN 16U

int table_open(struct table *t)
{
	*t = (struct table) { .mask = BUCKETS_MIN - 1 };
	t->bucket = calloc(BUCKETS_MIN, sizeof(*t->bucket));
	return t->bucket ? 0 : -ENOMEM;
}

void table_close(struct table *t)
{
	free(t->bucket);
	t->bucket = NULL;
}

static void grow(struct table *t)
{
	uint32_t buckets = 2 * (t->mask + 1);
	struct node **bucket = calloc(buckets, sizeof(*bucket));

	if (!bucket)
		return;
	for (uint32_t i = 0; i <= t->mask; i++) {
		for (struct node *n = t->bucket[i], *next; n; n = next) {
			next = n->next;
			node_add(&bucket[OBJECT_OF(n, struct link, node)->hash & (buckets - 1)], n);
		}
	}
	free(t->bucket);
	t->bucket = bucket;
	t->mask = buckets - 1;
}

void table_add(struct table *t, struct link *l, uint32_t hash)
{
	if (t->n > t->mask && t->mask < UINT32_MAX / 4)
		grow(t);
	l->hash = hash;
	node_add(&t->bucket[hash & t->mask], &l->node);
	t->n++;
}

void table_del(struct table *t, struct link *l)
{
	node_del(&l->node);
	t->n--;
}
