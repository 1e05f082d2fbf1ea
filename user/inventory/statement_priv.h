/* SPDX-License-Identifier: Apache-2.0 */
/*
 * statement_priv.h - what the readers of statements share: the plain form
 * (statement.c, statement_member.c) and OpenStack's (openstack.c).
 */
#ifndef NINETAP_INVENTORY_STATEMENT_PRIV_H
#define NINETAP_INVENTORY_STATEMENT_PRIV_H

#include "inventory/flat.h"
#include "inventory/statement.h"

/* One statement that is being read, and where in it the reader is. */
struct reading {
	struct statement *s;
	struct problems *p;
	const char *name;		/* of the member */
	int index;			/* of the element of its list; -1: it is none */
	struct flat *flat;		/* the plain form's text */
	uint32_t seen;			/* members, a bit each */
};

/* A member of the plain form; the table of them is in statement_member.c. */
struct member {
	const char *name;
	unsigned int kinds;		/* bits of enum statement_kind that have it */
	int (*read)(struct reading *r, const struct member *m, const struct value *v);
	size_t offset;			/* of a text or time in struct statement */
};

/* The member of that name that belongs to the kind, or NULL after problem(). */
const struct member *member_find(struct reading *r, const char *name);

/* Below 32, and different for each member. */
unsigned int member_index(const struct member *m);

/* Reports `NAME[INDEX]: what`; -EINVAL. */
int reading_mistake(const struct reading *r, enum problem kind, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* "must be WANTED, not a string"; -EINVAL. */
int reading_wrong_type(const struct reading *r, const char *wanted, const struct value *v);

/* Text of 1 to 255 bytes, a moment: 0, or -EINVAL after problem(). */
int reading_text(const struct reading *r, const struct value *v, const char **out);
int reading_time(const struct reading *r, const struct value *v, int64_t *out);

/* Adds an address or prefix. A wrong one is reported and left out: that is no error. 0, -EINVAL, -ENOMEM. */
int reading_cidr(const struct reading *r, const struct value *v, bool only_addresses);

int statement_add_scope(struct statement *s, uint32_t scope) __attribute__((warn_unused_result));
int statement_add_ports(struct statement *s, struct port_range ports) __attribute__((warn_unused_result));

#endif
