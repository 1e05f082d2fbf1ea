/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tenants.h - who the tenants are, and which VNIs, VLANs and subnets are theirs.
 *
 * A struct tenant stands for a key: for what a statement calls a tenant, id or
 * name. So it is there before the tenant is described, if ever, and a key that
 * is but a name leads to the tenant that has it. tenant_is() says who is
 * meant, and answers change when descriptions come, whatever the order.
 */
#ifndef NINETAP_INVENTORY_TENANTS_H
#define NINETAP_INVENTORY_TENANTS_H

#include "inventory/inventory.h"
#include "inventory/prefixes.h"
#include "inventory/table.h"

struct scope_claim {
	struct link link;
	struct tenant *tenant;
	uint32_t scope;
};

struct tenant {
	struct link link;		/* by key */
	const struct text *key;
	uint32_t refs;			/* statements that say this key, and whose name it is */
	uint32_t number;		/* in tenants.by_number; if described */
	bool described;			/* there is a tenant with this id; what follows is about it */
	bool partial;			/* by partial statements alone */
	enum layer layer;
	uint64_t order;			/* of its first description */
	const struct text *name;
	struct tenant *by_name;		/* the key that its name is; itself where that is its id */
	struct tenant *named;		/* also if not described: the tenant whose name this key is */
	struct node *groups;		/* of applications that say this key (group.sibling) */
	struct scope_claim *scopes;
	struct nt_cidr *cidrs;		/* ascending */
	uint32_t scopes_n, cidrs_n;
	const struct text *where;	/* the file that said this key first, and its line; NULL: none did */
	uint32_t line;
};

struct tenants {
	struct texts *texts;
	struct table keys, scopes;
	struct prefixes prefixes;
	struct tenant **by_number;	/* those that are described */
	uint32_t n, cap;
};

int tenants_open(struct tenants *ts, struct texts *texts) __attribute__((warn_unused_result));
void tenants_close(struct tenants *ts);

/*
 * Takes a description over. 0, -EINVAL after problem(), -ENOMEM: then nothing
 * changed. *changed: the tenant, if answers may differ now.
 */
int tenants_describe(struct tenants *ts, const struct statement *s, enum layer layer, uint64_t order,
		     struct problems *p, const struct tenant **changed) __attribute__((warn_unused_result));

/* The key that s says, with a reference more; NULL: no memory. Given back with tenants_drop(); NULL is fine. */
struct tenant *tenants_take(struct tenants *ts, const char *s) __attribute__((warn_unused_result));
void tenants_drop(struct tenants *ts, struct tenant *t);

/* Notes that a file's line named this key, or reports it at once for a stream, if it is not described. */
void tenants_mention(struct tenants *ts, struct tenant *t, enum layer layer, struct problems *p);
void tenants_check(const struct tenants *ts, struct problems *p);

/* Who has the VNI or VLAN: the first that was described; NULL: nobody. */
const struct tenant *tenants_of_scope(const struct tenants *ts, uint32_t scope);

/* Whether the address is the tenant's by its subnets: in one of them, or it has none. */
bool tenants_hold(const struct tenants *ts, const struct tenant *t, const uint8_t addr[16]);

/* The tenant with the longest subnet that holds the address, if it is one. */
const struct tenant *tenants_of_address(const struct tenants *ts, const uint8_t addr[16]);

static inline const struct tenant *tenant_is(const struct tenant *t)
{
	return t && !t->described && t->named ? t->named : t;
}

static inline const struct text *tenant_name(const struct tenant *t)
{
	if (!t)
		return NULL;
	return t->described ? t->name : t->key;
}

/* The keys that lead to t (of tenant_is()): one or two; of no tenant: NULL alone. */
static inline uint32_t tenant_keys(const struct tenant *t, const struct tenant *keys[2])
{
	keys[0] = t;
	keys[1] = t && t->described ? t->by_name : t;
	return keys[1] != t && !keys[1]->described ? 2 : 1;
}

static inline uint32_t hash_tenant(const struct tenant *t)
{
	return t ? t->link.hash : 0;
}

#endif
