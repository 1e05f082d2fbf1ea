/* SPDX-License-Identifier: Apache-2.0 */
/*
 * applications.h - what runs on which port, of any tenant or of one.
 *
 * Applications of one tenant (or of any) and one protocol are a group: its
 * ports are a sorted list of ranges, each of one application. Of several that
 * claim a port the one that was named first has it.
 */
#ifndef NINETAP_INVENTORY_APPLICATIONS_H
#define NINETAP_INVENTORY_APPLICATIONS_H

#include "inventory/tenants.h"

struct app {
	struct tag_app tag;
	struct app *next;		/* in its group, by order */
	struct group *group;
	enum layer layer;
	uint64_t order, last;		/* of its first and its last statement */
	struct port_range *ports;	/* as it was said; none: all of the protocol */
	size_t ports_n;
};

struct app_range {
	struct app *app;
	uint16_t first, last;
};

struct group {
	struct link link;
	struct node sibling;		/* in tenant->groups */
	struct tenant *tenant;		/* as it was said; NULL: any */
	struct app *apps;
	struct app *whole;		/* has all of the protocol, or NULL */
	struct app_range *ranges;	/* ascending, disjoint */
	uint32_t n, cap;
	uint8_t proto;
};

struct applications {
	struct texts *texts;
	struct tenants *tenants;
	struct table groups;
	uint64_t n;
};

int applications_open(struct applications *as, struct texts *texts, struct tenants *tenants)
	__attribute__((warn_unused_result));
void applications_close(struct applications *as);

/* 0, -EINVAL after problem(), -ENOMEM: then nothing changed. *changed: whether answers may differ now. */
int applications_state(struct applications *as, const struct statement *s, enum layer layer, uint64_t order,
		       struct problems *p, bool *changed) __attribute__((warn_unused_result));

/* A tenant was described: what was said of one application by its id and by its name is of one. */
void applications_settle(struct applications *as, const struct tenant *t);

/* Of the tenant (of tenant_is(); NULL: any): on a port, or with all of the protocol; or NULL. */
const struct app *applications_of_port(const struct applications *as, const struct tenant *t, uint8_t proto,
				       uint16_t port);
const struct app *applications_of_proto(const struct applications *as, const struct tenant *t, uint8_t proto);

#endif
