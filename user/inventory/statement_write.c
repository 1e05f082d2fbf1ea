/* SPDX-License-Identifier: Apache-2.0 */
/*
 * statement_write.c - a statement as one line of the plain form, its members
 * in the order of docs/tags.md. What is left out reads back as it was: a name
 * that is the id, a time that is the reader's default.
 */
#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include "base/cidr.h"
#include "base/option_table.h"
#include "base/timestamp.h"
#include "inventory/statement.h"

#define SCOPE_NUMBER(scope) ((scope) & 0xffffffU)
#define SCOPE_IS_VNI(scope) ((scope) >> 24 == 1)

/* The object under construction; failed: no memory, and nothing counts any more. */
struct writing {
	json_t *object;
	bool failed;
};

static void put(struct writing *w, const char *name, json_t *value)
{
	if (json_object_set_new_nocheck(w->object, name, value))
		w->failed = true;
}

static void append(struct writing *w, json_t *list, json_t *value)
{
	if (json_array_append_new(list, value))
		w->failed = true;
}

static void put_text(struct writing *w, const char *name, const char *text)
{
	if (text)
		put(w, name, json_string(text));
}

static void put_time(struct writing *w, const char *name, int64_t ns)
{
	char text[TIMESTAMP_TEXT];

	put(w, name, json_string(timestamp_format(ns, text)));
}

static json_t *new_list(struct writing *w)
{
	json_t *list = json_array();

	w->failed |= !list;
	return list;
}

/* Addresses stand without their length. */
static json_t *cidr_text(const struct nt_cidr *cidr, bool is_address)
{
	char text[CIDR_TEXT];

	cidr_format(cidr, text);
	if (is_address)
		*strchrnul(text, '/') = '\0';
	return json_string(text);
}

static void put_cidrs(struct writing *w, const char *name, const struct statement *s, bool are_addresses)
{
	json_t *list = new_list(w);

	for (size_t i = 0; i < s->cidrs_n; i++)
		append(w, list, cidr_text(&s->cidrs[i], are_addresses));
	put(w, name, list);
}

/* Those of the tenant's scopes that are VNIs, or VLANs. */
static void put_scopes(struct writing *w, const char *name, const struct statement *s, bool vnis)
{
	json_t *list = new_list(w);

	for (size_t i = 0; i < s->scopes_n; i++)
		if (SCOPE_IS_VNI(s->scopes[i]) == vnis)
			append(w, list, json_integer(SCOPE_NUMBER(s->scopes[i])));
	if (json_array_size(list))
		put(w, name, list);
	else
		json_decref(list);
}

static void put_tenant(struct writing *w, const struct statement *s)
{
	put_text(w, "id", s->id);
	if (s->name && (!s->id || strcmp(s->id, s->name)))
		put_text(w, "name", s->name);
	put_scopes(w, "vlans", s, false);
	put_scopes(w, "vnis", s, true);
	if (s->cidrs_n)
		put_cidrs(w, "subnets", s, false);
}

static void put_instance(struct writing *w, const struct statement *s)
{
	put_text(w, "id", s->id);
	put_text(w, "name", s->name);
	put_text(w, "tenant", s->tenant);
	put_text(w, "host", s->host);
	put_text(w, "port", s->port);
	if (s->scope)
		put(w, SCOPE_IS_VNI(s->scope) ? "vni" : "vlan", json_integer(SCOPE_NUMBER(s->scope)));
	put_cidrs(w, "addresses", s, true);
	if (s->from_ns != TIME_ALWAYS)
		put_time(w, "from", s->from_ns);
	if (s->until_ns != TIME_OPEN)
		put_time(w, "until", s->until_ns);
}

static json_t *proto_text(int proto)
{
	for (size_t i = 0; i < proto_rows_n; i++)
		if (proto_rows[i].number == proto)
			return json_string(proto_rows[i].name);
	return json_integer(proto);
}

static json_t *range_text(struct port_range range)
{
	char text[16];

	if (range.first == range.last)
		return json_integer(range.first);
	snprintf(text, sizeof(text), "%u-%u", range.first, range.last);
	return json_string(text);
}

static void put_application(struct writing *w, const struct statement *s)
{
	json_t *list = new_list(w);

	put_text(w, "name", s->name);
	put_text(w, "class", s->app_class);
	put(w, "proto", proto_text(s->proto));
	for (size_t i = 0; i < s->ports_n; i++)
		append(w, list, range_text(s->ports[i]));
	if (s->ports_n)
		put(w, "ports", list);
	else
		json_decref(list);
	put_text(w, "tenant", s->tenant);
}

static void put_box(struct writing *w, const struct statement *s)
{
	put_text(w, "name", s->name);
	put_text(w, "type", s->type);
	put_text(w, "site", s->site);
	put_text(w, "pop", s->pop);
	put_text(w, "ren", s->ren);
	if (s->cidrs_n)
		put(w, "address", cidr_text(&s->cidrs[0], true));
}

static void put_interface(struct writing *w, const struct statement *s)
{
	put_text(w, "box", s->box);
	put_text(w, "match", s->match);
	put_text(w, "plane", plane_names[s->plane]);
}

static void put_end(struct writing *w, const struct statement *s)
{
	put_text(w, "id", s->id);
	put_text(w, "port", s->port);
	if (s->from_ns != TIME_ALWAYS)
		put_time(w, "until", s->from_ns);
}

static void (*const put_kind[STATEMENT_KIND_MAX])(struct writing *w, const struct statement *s) = {
	[STATEMENT_TENANT] = put_tenant,
	[STATEMENT_INSTANCE] = put_instance,
	[STATEMENT_APPLICATION] = put_application,
	[STATEMENT_BOX] = put_box,
	[STATEMENT_INTERFACE] = put_interface,
	[STATEMENT_END] = put_end,
};

static int put_bytes(const char *bytes, size_t n, void *out)
{
	return buf_put(out, bytes, n);
}

int statement_write(struct buf *out, const struct statement *s)
{
	struct writing w = { .object = json_object() };
	size_t before = out->len;

	put_text(&w, "kind", statement_kind_names[s->kind]);
	put_kind[s->kind](&w, s);
	if (!w.object || w.failed || json_dump_callback(w.object, put_bytes, out, JSON_COMPACT) ||
	    buf_put(out, "\n", 1)) {
		out->len = before;
		w.failed = true;
	}
	json_decref(w.object);
	return w.failed ? -ENOMEM : 0;
}
