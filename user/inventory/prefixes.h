/* SPDX-License-Identifier: Apache-2.0 */
/*
 * prefixes.h - which tenants have which subnets.
 *
 * One open-addressed hash table of prefixes, probed from the longest length
 * in use to the shortest. Tenants are numbers. Most prefixes have one owner;
 * private ones may have many, kept in lists beside the table. IPv4 is mapped
 * (::ffff:0:0/96) and a family of its own: ::/0 holds no IPv4 address.
 */
#ifndef NINETAP_INVENTORY_PREFIXES_H
#define NINETAP_INVENTORY_PREFIXES_H

#include <stdbool.h>
#include <stdint.h>
#include "ninetap/abi.h"

#define PREFIX_LENGTHS 129U

struct prefix {
	uint64_t hi, lo;		/* the address, host order */
	uint32_t owner;			/* a tenant's number, or a list's (PREFIX_MANY) */
	uint8_t len;
	uint8_t kind;			/* enum prefix_kind */
};

enum prefix_kind { PREFIX_NONE, PREFIX_ONE, PREFIX_MANY };

struct owners {
	uint32_t *number;		/* ascending */
	uint32_t n, cap;
};

struct lengths {
	uint32_t count[PREFIX_LENGTHS];	/* prefixes of that length */
	uint8_t used[PREFIX_LENGTHS];	/* the lengths in use, longest first */
	uint32_t used_n;
};

struct prefixes {
	struct prefix *slot;		/* NULL while there are none */
	uint32_t mask, n;
	struct owners *list;
	uint32_t lists_n, lists_cap;
	uint32_t *spare;		/* numbers of lists that no prefix has; cap is lists_cap */
	uint32_t spare_n;
	struct lengths lengths[2];	/* IPv6, IPv4 */
	uint64_t pairs;			/* of a tenant and a prefix */
};

/* Zero-initialised is valid. */
void prefixes_close(struct prefixes *p);

/* Clears the bits behind the prefix. */
void prefix_mask(struct nt_cidr *c);

/* Masked. To add: what the tenant doesn't have yet; 0 or -ENOMEM: nothing changed. To delete: what it has. */
int prefixes_add(struct prefixes *p, const struct nt_cidr *c, uint32_t number) __attribute__((warn_unused_result));
void prefixes_del(struct prefixes *p, const struct nt_cidr *c, uint32_t number);

/* Whether the address is in one of the tenant's prefixes. */
bool prefixes_hold(const struct prefixes *p, const uint8_t addr[16], uint32_t number);

/* How many tenants have the longest prefix that holds the address; *number is the first of them. */
uint32_t prefixes_longest(const struct prefixes *p, const uint8_t addr[16], uint32_t *number);

#endif
