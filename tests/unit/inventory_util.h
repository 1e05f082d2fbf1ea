/* SPDX-License-Identifier: Apache-2.0 */
/*
 * inventory_util.h - an inventory to tell things and to ask, for its tests.
 * Included once, by each test's only file.
 */
#ifndef NINETAP_INVENTORY_UTIL_H
#define NINETAP_INVENTORY_UTIL_H

#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include "base/cidr.h"
#include "inventory/inventory.h"

static struct inventory *inv;
static struct problems said;
static struct tag_answer answer;	/* of the last ask() */

static inline void util_open(void)
{
	memset(&said, 0, sizeof(said));
	for (int i = 0; i < PROBLEM_MAX; i++)
		said.logged[i] = PROBLEM_LOG_MAX; /* counted, not printed */
	CHECK_EQ(inventory_open(&inv), 0);
}

static inline void util_close(void)
{
	inventory_close(inv);
	inv = NULL;
}

static inline struct nt_cidr util_cidr(const char *text)
{
	struct nt_cidr c = { 0 };

	CHECK_EQ(cidr_parse(text, &c), 0);
	return c;
}

static inline void util_add_cidrs(struct statement *s, const char *list)
{
	char copy[256], *save, *one;

	snprintf(copy, sizeof(copy), "%s", list);
	for (one = strtok_r(copy, " ", &save); one; one = strtok_r(NULL, " ", &save)) {
		s->cidrs = reallocarray(s->cidrs, s->cidrs_n + 1, sizeof(*s->cidrs));
		s->cidrs[s->cidrs_n++] = util_cidr(one);
	}
}

static inline int util_apply(struct statement s, const char *cidrs, enum layer layer)
{
	int err;

	util_add_cidrs(&s, cidrs);
	err = inventory_apply(inv, &s, layer, &said);
	free(s.cidrs);
	return err;
}

/* A tenant with one VNI or VLAN (0: none) and subnets, a list with blanks between. */
static inline int tenant(const char *id, const char *name, uint32_t scope, const char *subnets)
{
	struct statement s = { .kind = STATEMENT_TENANT, .id = id, .name = name, .scopes = &scope, .scopes_n = scope != 0 };

	return util_apply(s, subnets, LAYER_FILE);
}

/* As a stream says it. */
static inline int instance(const char *id, const char *tenant, const char *addresses, int64_t from, int64_t until)
{
	struct statement s = {
		.kind = STATEMENT_INSTANCE, .id = id, .tenant = tenant, .from_ns = from, .until_ns = until,
	};

	return util_apply(s, addresses, LAYER_STREAM);
}

static inline int port(const char *port, const char *id, const char *tenant, const char *addresses, int64_t from,
		       int64_t until)
{
	struct statement s = {
		.kind = STATEMENT_INSTANCE, .id = id, .port = port, .tenant = tenant, .from_ns = from, .until_ns = until,
	};

	return util_apply(s, addresses, LAYER_STREAM);
}

static inline int end(const char *id, const char *port, int64_t at)
{
	struct statement s = { .kind = STATEMENT_END, .id = id, .port = port, .from_ns = at, .until_ns = TIME_OPEN };

	return util_apply(s, "", LAYER_STREAM);
}

static inline int app(const char *name, const char *tenant, int proto, uint16_t first, uint16_t last)
{
	struct port_range r = { first, last };
	struct statement s = {
		.kind = STATEMENT_APPLICATION, .name = name, .tenant = tenant, .proto = proto, .ports = &r,
		.ports_n = last != 0,
	};

	return util_apply(s, "", LAYER_FILE);
}

/* A packet between these two, of TCP from port 40000 to 80. */
static inline struct tag_query packet(const char *src, const char *dst)
{
	struct tag_query q = { .proto = IPPROTO_TCP, .has_ports = 1, .src_port = 40000, .dst_port = 80 };

	memcpy(q.src, util_cidr(src).addr, sizeof(q.src));
	memcpy(q.dst, util_cidr(dst).addr, sizeof(q.dst));
	return q;
}

static inline struct tag_query in_vni(struct tag_query q, uint32_t vni)
{
	q.tunnel[0] = NT_TUNNEL_VXLAN;
	q.tunnel_id[0] = vni;
	return q;
}

static inline struct tag_query in_vlan(struct tag_query q, uint16_t vid)
{
	q.vlan[q.vlans++] = vid;
	return q;
}

static inline const struct tags *ask(struct tag_query q, int64_t ts)
{
	inventory_find(inv, &q, ts, &answer);
	CHECK(answer.from_ns <= ts && ts < answer.until_ns);
	return &answer.tags;
}

static inline const char *text_of(const struct text *t)
{
	return t ? t->s : "-";
}

static inline const char *app_of(const struct tags *t)
{
	return t->app ? t->app->name->s : "-";
}

/* Who holds the address, as the source of a packet to nobody. */
static inline const char *holder_at(const char *address, int64_t ts)
{
	return text_of(ask(packet(address, "203.0.113.1"), ts)->src_instance);
}

#endif
