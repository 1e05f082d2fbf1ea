/* SPDX-License-Identifier: Apache-2.0 */
/*
 * inventory_priv.h - the parts of an inventory, for the files that are it.
 */
#ifndef NINETAP_INVENTORY_INVENTORY_PRIV_H
#define NINETAP_INVENTORY_INVENTORY_PRIV_H

#include "inventory/applications.h"
#include "inventory/boxes.h"
#include "inventory/holders.h"
#include "inventory/inventory.h"
#include "inventory/stamps.h"
#include "inventory/tenants.h"


struct inventory {
	struct texts *texts;
	struct tenants tenants;
	struct holders holders;
	struct applications applications;
	struct boxes boxes;
	struct stamps stamps;
	uint64_t arrivals;
	uint64_t revision;
};

/* inventory_each() of the statements of a layer, and those after it. */
int inventory_each_from(const struct inventory *inv, enum layer least,
			int (*each)(void *arg, const struct statement *s), void *arg) __attribute__((warn_unused_result));

#endif
