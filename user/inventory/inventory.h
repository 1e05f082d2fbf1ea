/* SPDX-License-Identifier: Apache-2.0 */
/*
 * inventory.h - who held which address when, and what runs on which port:
 * statements in, the tags of a packet out.
 *
 * Each instance (and each port of one) is the list of what was said of it, in
 * the order of the times that it is about: at a moment the last statement
 * before it holds. So the order in which statements arrive doesn't matter,
 * but for two about the same moment, where the later arrival wins.
 *
 * Not locked: board.h shares it. Finding changes nothing. Statements that end
 * before inventory_prune()'s time are forgotten. The rules of finding are
 * written down in docs/tags.md, "How a packet is tagged".
 */
#ifndef NINETAP_INVENTORY_INVENTORY_H
#define NINETAP_INVENTORY_INVENTORY_H

#include "inventory/statement.h"
#include "inventory/texts.h"

/* Statements of a file go with the file; those of a stream stay when a file is read again. */
enum layer { LAYER_FILE, LAYER_STREAM, LAYER_MAX };

struct inventory;

struct inventory_stats {
	uint64_t tenants, instances, applications, prefixes, boxes;
	uint64_t statements;		/* about instances, kept */
};

/* The name and class of an application, as one thing. */
struct tag_app {
	const struct text *name;
	const struct text *app_class;	/* or NULL */
};

/* NULL: no tag. Valid until the inventory changes. */
struct tags {
	const struct text *tenant, *src_tenant, *dst_tenant;
	const struct text *src_instance, *dst_instance;
	const struct tag_app *app;
};
extern const struct tags tags_none;

/* All of a packet that its tags depend on, beside its time; no padding, so that it can be compared as bytes. */
struct tag_query {
	__u8 src[16], dst[16];		/* of the innermost packet; IPv4 as ::ffff:a.b.c.d */
	__u32 tunnel_id[2];		/* [0] the innermost tunnel's; 0 where there is none */
	__u16 src_port, dst_port;
	__u16 vlan[NT_VLANS_MAX];	/* in front of the innermost packet, outer first */
	__u8 tunnel[2];			/* enum nt_tunnel */
	__u8 vlans;
	__u8 proto;
	__u8 has_ports;			/* 0 or 1 */
	__u8 reserved[3];		/* zero */
};
_Static_assert(sizeof(struct tag_query) == 56, "seven words, none of them padding");

struct tag_answer {
	struct tags tags;
	int64_t from_ns, until_ns;	/* the same answer for the same query in from <= t < until */
};

/* 0 or -ENOMEM; NULL is fine to close. */
int inventory_open(struct inventory **out) __attribute__((warn_unused_result));
void inventory_close(struct inventory *inv);

/*
 * Takes a statement over; what is odd about it is reported, and the rest of it
 * counts all the same. 0; -EINVAL after problem(): refused whole; -ENOMEM:
 * the inventory is as before.
 */
int inventory_apply(struct inventory *inv, const struct statement *s, enum layer layer, struct problems *p)
	__attribute__((warn_unused_result));

/* Reports tenants that were named and never described, each at the line that named it first. */
void inventory_check(const struct inventory *inv, struct problems *p);

/* Applies all that from holds of LAYER_STREAM to inv. 0 or -ENOMEM. */
int inventory_carry(struct inventory *inv, const struct inventory *from) __attribute__((warn_unused_result));

/* Forgets what ended before time_ns (UTC). How many statements. */
uint64_t inventory_prune(struct inventory *inv, int64_t time_ns);

/* The same in parts, for who locks it. True: there is more; to be called again before inv changes otherwise. */
bool inventory_prune_some(struct inventory *inv, int64_t time_ns);

/* The tags at ts_ns (UTC). Never fails; tags are NULL where nothing is known, or it is ambiguous. */
void inventory_find(const struct inventory *inv, const struct tag_query *q, int64_t ts_ns, struct tag_answer *out);

/*
 * Stands for all that answers about these two addresses depend on: an answer
 * is good as long as the stamp is the one that it was found under. Cheap.
 * No two inventories of a process share stamps.
 */
uint64_t inventory_stamp(const struct inventory *inv, const struct tag_query *q);

/* What stamps are made of (stamps.h), for who asks for many. */
struct stamps;
const struct stamps *inventory_stamps(const struct inventory *inv);

/* Statements taken over so far, those of the inventories before it included (inventory_carry). */
uint64_t inventory_revision(const struct inventory *inv);

uint32_t inventory_texts_bound(const struct inventory *inv);	/* ids of texts are below */
void inventory_get_stats(const struct inventory *inv, struct inventory_stats *out);

/* The box of that name, or false; texts as statement.h says, NULL where not said; valid until inv changes. */
bool inventory_box(const struct inventory *inv, const char *name, struct statement *out);

/* The plane of an interface of a box; the first statement that matches decides. */
enum plane inventory_plane(const struct inventory *inv, const char *box, const char *iface);

/* Calls each with every statement in force, in an order that reads back the same. Stops at not 0, and returns it. */
int inventory_each(const struct inventory *inv, int (*each)(void *arg, const struct statement *s), void *arg);

#endif
