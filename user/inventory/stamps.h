/* SPDX-License-Identifier: Apache-2.0 */
/*
 * stamps.h - numbers that grow when answers may change: one for what concerns
 * all packets, and stripes for what concerns some addresses. Their sum stays
 * the same only if each of them does. The inventory's own serial number is in
 * front, so that no two inventories share stamps.
 */
#ifndef NINETAP_INVENTORY_STAMPS_H
#define NINETAP_INVENTORY_STAMPS_H

#include <stdint.h>
#include "inventory/table.h"

#define STAMPS_STRIPES 1024U
#define STAMPS_SERIAL_SHIFT 44		/* 2^44 changes, 2^20 inventories */

struct stamps {
	uint64_t serial;		/* of the inventory, in its place */
	uint64_t all;
	uint64_t stripe[STAMPS_STRIPES];
};

static inline void stamps_all(struct stamps *s)
{
	s->all++;
}

static inline void stamps_address(struct stamps *s, uint32_t hash_of_address)
{
	s->stripe[hash_of_address % STAMPS_STRIPES]++;
}

/* a, b: hash_address() of both ends. */
static inline uint64_t stamps_get(const struct stamps *s, uint32_t a, uint32_t b)
{
	return s->serial + s->all + s->stripe[a % STAMPS_STRIPES] + s->stripe[b % STAMPS_STRIPES];
}

#endif
