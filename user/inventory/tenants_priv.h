/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tenants_priv.h - what tenants.c and tenants_describe.c share.
 */
#ifndef NINETAP_INVENTORY_TENANTS_PRIV_H
#define NINETAP_INVENTORY_TENANTS_PRIV_H

#include "inventory/tenants.h"

static inline uint32_t hash_scope(uint32_t scope)
{
	return (uint32_t)mix(scope, 0);
}

#endif
