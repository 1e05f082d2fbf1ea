/* SPDX-License-Identifier: Apache-2.0 */
/*
 * statement_priv.h - what the readers of statements share: the plain form
 * (statement.c, statement_member.c) and OpenStack's (openstack.c).
 */
#ifndef NINETAP_INVENTORY_STATEMENT_PRIV_H
#define NINETAP_INVENTORY_STATEMENT_PRIV_H

#include <jansson.h>
#include "inventory/statement.h"

/* One statement that is being read, and where in it the reader is. */
struct reading {
	struct statement *s;
	struct problems *p;
	const char *name;		/* of the member */
	int index;			/* of the element of its list; -1: it is none */
};

/* A member of the plain form; the table of them is in statement_member.c. */
struct member {
	const char *name;
	unsigned int kinds;		/* bits of enum statement_kind that have it */
	int (*read)(struct reading *r, const struct member *m, json_t *value);
	size_t offset;			/* of a text or time in struct statement */
};

/* The member of that name that belongs to the kind, or NULL after problem(). */
const struct member *member_find(struct reading *r, const char *name);

/*
 * A JSON object, owned by the caller. 0; -EINVAL after problem(): no JSON, no
 * object, a key twice, a NUL character in a text; -ENOMEM.
 */
int json_object_read(json_t **out, const char *text, size_t len, struct problems *p)
	__attribute__((warn_unused_result));

/* Reports `NAME[INDEX]: what`; -EINVAL. */
int reading_mistake(const struct reading *r, enum problem kind, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* "must be WANTED, not a string"; -EINVAL. */
int reading_wrong_type(const struct reading *r, const char *wanted, const json_t *value);

/* A text of 1 to 255 bytes, a moment, an address or prefix: 0, -EINVAL after problem(), -ENOMEM. */
int reading_text(const struct reading *r, const json_t *value, const char **out);
int reading_time(const struct reading *r, const json_t *value, int64_t *out);

/* Wrong ones are reported and left out: that is no error. only_addresses: no prefix below 128 bits. */
int reading_cidr(const struct reading *r, const json_t *value, bool only_addresses);

int statement_add_scope(struct statement *s, uint32_t scope) __attribute__((warn_unused_result));
int statement_add_ports(struct statement *s, struct port_range ports) __attribute__((warn_unused_result));

#endif
