/* SPDX-License-Identifier: Apache-2.0 */
/*
 * holders.h - instances and ports, and the spans of time for which they hold
 * addresses.
 *
 * A span is one statement: an instance (or a port of one) has these addresses
 * from then on, or an end: it has none. It lasts until its own `until`, the
 * next statement about its holder, or the end of the instance that a port
 * belongs to; that moment (end_ns) is kept up to date, so that a look-up
 * compares two numbers. Each address of a span is a claim, found by address
 * and by tenant and address.
 */
#ifndef NINETAP_INVENTORY_HOLDERS_H
#define NINETAP_INVENTORY_HOLDERS_H

#include "inventory/stamps.h"
#include "inventory/tenants.h"

#define ORDER_STREAM (1ULL << 63)	/* in front of all orders of files */

struct holder {
	struct link link;		/* by key */
	const struct text *key;
	struct span *first, *last;	/* by time, then order; no two of one time */
	struct node *children;		/* spans of its ports (span.sibling) */
	uint32_t uses;			/* spans of its own and of its ports, but no ends */
	bool is_port;
	bool of_file, ports_of_file;	/* a file speaks of it, of a port of it */
};

struct claim {
	struct link by_address, by_tenant;
	uint32_t at;			/* its place in span.claim */
	uint8_t addr[16];
};

struct span {
	struct holder *holder;
	struct holder *parent;		/* of a port: its instance; else NULL */
	struct span *prev, *next;
	struct node sibling;		/* in parent->children */
	struct node ending;		/* in holders.ending, if it does: what can be forgotten one day */
	int64_t from_ns, until_ns, end_ns;
	uint64_t order;			/* of arrival; those of files before those of streams */
	struct tenant *tenant;		/* as it was said, or NULL */
	const struct text *name, *host;
	uint32_t scope;
	uint32_t claims_n;
	bool is_end;
	struct claim claim[];
};

struct holders {
	struct tenants *tenants;
	struct stamps *stamps;
	struct texts *texts;
	struct table keys, by_address, by_tenant;
	struct node *ending;
	struct node *pruning;		/* of ending: the next to be looked at; NULL: the first */
	uint64_t instances;		/* in use */
	uint64_t spans;
};

int holders_open(struct holders *hs, struct texts *texts, struct tenants *tenants, struct stamps *stamps)
	__attribute__((warn_unused_result));
void holders_close(struct holders *hs);

/* STATEMENT_INSTANCE or STATEMENT_END. 0, -EINVAL after problem(), -ENOMEM: then nothing changed. */
int holders_state(struct holders *hs, const struct statement *s, enum layer layer, uint64_t order,
		  struct problems *p) __attribute__((warn_unused_result));

/*
 * Forgets spans that ended before time_ns, and adds to *n how many. It looks at
 * a part of them at a time; true: there are more, and nothing else may change
 * hs until they were looked at.
 */
bool holders_prune(struct holders *hs, int64_t time_ns, uint64_t *n);

static inline struct span *span_of(const struct claim *c)
{
	return (struct span *)((char *)(c - c->at) - offsetof(struct span, claim));
}

/* The instance itself, or the one that the port belongs to. */
static inline const struct holder *span_instance(const struct span *s)
{
	return s->parent ? s->parent : s->holder;
}

static inline uint32_t hash_claim(const struct tenant *key, uint32_t hash_of_address)
{
	return (uint32_t)mix(hash_tenant(key), hash_of_address);
}

#endif
