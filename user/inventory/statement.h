/* SPDX-License-Identifier: Apache-2.0 */
/*
 * statement.h - one thing that is said about the inventory, and when it was
 * so: a line of a tags file, a message of a topic, a request on the socket.
 *
 * The plain form is a JSON object (docs/tags.md); notifications of OpenStack
 * are read into the same struct (openstack.h). Reading checks form and values
 * alone: whether a statement fits what is known is inventory_apply()'s.
 */
#ifndef NINETAP_INVENTORY_STATEMENT_H
#define NINETAP_INVENTORY_STATEMENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/buf.h"
#include "base/options.h"
#include "inventory/problem.h"
#include "ninetap/abi.h"

#define TIME_ALWAYS INT64_MIN		/* from: since ever */
#define TIME_OPEN INT64_MAX		/* until: no end known */
#define STATEMENT_TEXT_MAX 255U		/* bytes of an id or a name */

enum statement_kind {
	STATEMENT_TENANT,
	STATEMENT_INSTANCE,
	STATEMENT_APPLICATION,
	STATEMENT_BOX,
	STATEMENT_INTERFACE,
	STATEMENT_END,			/* an instance, or one port of it, is gone */
	STATEMENT_KIND_MAX,
};

extern const char *const statement_kind_names[STATEMENT_KIND_MAX];

/* An overlay or VLAN that addresses belong to; 0: none. */
#define SCOPE_VNI(vni) (1U << 24 | (vni))
#define SCOPE_VLAN(vid) (2U << 24 | (vid))

struct port_range {
	uint16_t first, last;
};

/*
 * Texts are NULL where nothing was said; they point into what the statement
 * owns and are valid until it is read again or freed. Which members belong to
 * a kind: docs/tags.md. Zero-initialised is valid; reused from one to the next.
 */
struct statement {
	enum statement_kind kind;
	const char *id;			/* tenant, instance, end */
	const char *port;		/* instance, end: of this port of it alone */
	const char *name;		/* tenant, instance, application, box */
	const char *tenant;		/* instance, application: id or name of one */
	const char *host;		/* instance: the box that it runs on */
	const char *app_class;		/* application */
	const char *type, *site, *pop, *ren; /* box */
	const char *box, *match;	/* interface: name of a box (NULL: any), name or glob(7) */
	enum plane plane;		/* interface */
	int64_t from_ns, until_ns;	/* instance: UTC since 1970; end: it is gone since from_ns */
	bool partial;			/* tenant: what isn't told (name, scopes, cidrs) stays as it is known */
	uint32_t scope;			/* instance: SCOPE_*, 0: each of its tenant's */
	int proto;			/* application */
	struct nt_cidr *cidrs;		/* tenant: subnets; instance, box: addresses, all 128 bits */
	size_t cidrs_n, cidrs_cap;
	uint32_t *scopes;		/* tenant: its VNIs and VLANs */
	size_t scopes_n, scopes_cap;
	struct port_range *ports;	/* application; none: all of the protocol */
	size_t ports_n, ports_cap;
	void *owner;			/* of the texts */
};

/*
 * Reads one object of the plain form. event_ns: when it was said; from there
 * an instance counts that names no from, and an end that names no until.
 * TIME_ALWAYS in a file, where an end without until is a mistake.
 * 0; -EINVAL after problem(); -ENOMEM. Not 0: s holds nothing.
 */
int statement_read(struct statement *s, const char *text, size_t len, int64_t event_ns, struct problems *p)
	__attribute__((warn_unused_result));

/* Appends s in the plain form and a newline: statement_read() gives the same. 0 or -ENOMEM. */
int statement_write(struct buf *out, const struct statement *s) __attribute__((warn_unused_result));

/* Empties it, and keeps the room of its arrays. */
void statement_clear(struct statement *s);
void statement_free(struct statement *s);

/* For readers of other forms; 0 or -ENOMEM. An address is a prefix of 128 bits. */
int statement_add_cidr(struct statement *s, const struct nt_cidr *cidr) __attribute__((warn_unused_result));

#endif
