/* SPDX-License-Identifier: Apache-2.0 */
/*
 * statement_member.c - the members of the plain form: which kind has which,
 * and how the value of each is read. A wrong value refuses the statement, but
 * a wrong address or prefix only itself.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include "base/cidr.h"
#include "base/num.h"
#include "base/option_table.h"
#include "base/option_value.h"
#include "base/suggest.h"
#include "base/timestamp.h"
#include "base/jsonpos.h"
#include "inventory/statement_priv.h"

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))
#define BIT(kind) (1U << (kind))
#define VNI_MAX 0xffffff
#define VLAN_MIN 1
#define VLAN_MAX 4094

int reading_mistake(const struct reading *r, enum problem kind, const char *fmt, ...)
{
	char why[256];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(why, sizeof(why), fmt, ap);
	va_end(ap);
	if (r->index < 0)
		problem(r->p, kind, "%s: %s", r->name, why);
	else
		problem(r->p, kind, "%s[%d]: %s", r->name, r->index, why);
	return -EINVAL;
}

int reading_wrong_type(const struct reading *r, const char *wanted, const json_t *value)
{
	static const enum jsonpos_type types[] = {
		[JSON_OBJECT] = JSONPOS_OBJECT, [JSON_ARRAY] = JSONPOS_ARRAY, [JSON_STRING] = JSONPOS_STRING,
		[JSON_INTEGER] = JSONPOS_INTEGER, [JSON_REAL] = JSONPOS_REAL, [JSON_TRUE] = JSONPOS_BOOL,
		[JSON_FALSE] = JSONPOS_BOOL, [JSON_NULL] = JSONPOS_NULL,
	};

	return reading_mistake(r, PROBLEM_SYNTAX, "must be %s, not %s", wanted,
			       value ? jsonpos_type_names[types[json_typeof(value)]] : "missing");
}

int reading_text(const struct reading *r, const json_t *value, const char **out)
{
	size_t len = json_string_length(value);

	if (!json_is_string(value))
		return reading_wrong_type(r, "a string", value);
	if (!len)
		return reading_mistake(r, PROBLEM_SYNTAX, "is empty");
	if (len > STATEMENT_TEXT_MAX)
		return reading_mistake(r, PROBLEM_SYNTAX, "%s has %zu bytes: at most %u fit",
				       quote(json_string_value(value)).s, len, STATEMENT_TEXT_MAX);
	*out = json_string_value(value);
	return 0;
}

int reading_time(const struct reading *r, const json_t *value, int64_t *out)
{
	const char *text = json_string_value(value);
	int err;

	if (!text)
		return reading_wrong_type(r, "a string", value);
	err = timestamp_parse(text, out);
	if (err == -ERANGE)
		return reading_mistake(r, PROBLEM_SYNTAX, "%s is no time of the years 1678 to 2261", quote(text).s);
	if (err)
		return reading_mistake(r, PROBLEM_SYNTAX, "%s is no time such as 2026-11-21T22:00:00.25Z",
				       quote(text).s);
	return 0;
}

/* Says why; the element is left out, and that is no error. */
static int leave_out(const struct reading *r, int err, const char *text, const struct nt_cidr *cidr)
{
	char right[CIDR_TEXT];

	if (err == -EDOM)
		reading_mistake(r, PROBLEM_CIDR, "%s has host bits set: write %s", quote(text).s,
				cidr_format(cidr, right));
	else if (err == -ERANGE)
		reading_mistake(r, PROBLEM_CIDR, "%s: a prefix has at most %s bits", quote(text).s,
				strchr(text, ':') ? "128" : "32");
	else if (err)
		reading_mistake(r, PROBLEM_CIDR, "%s is neither an IP address nor a prefix", quote(text).s);
	else
		reading_mistake(r, PROBLEM_CIDR, "%s is a prefix: an address is wanted", quote(text).s);
	return 0;
}

int reading_cidr(const struct reading *r, const json_t *value, bool only_addresses)
{
	const char *text = json_string_value(value);
	struct nt_cidr cidr;
	int err;

	if (!text)
		return reading_wrong_type(r, "a string", value);
	err = cidr_parse(text, &cidr);
	if (err || (only_addresses && cidr.prefix != 128))
		return leave_out(r, err, text, &cidr);
	return statement_add_cidr(r->s, &cidr);
}

static int reading_whole(const struct reading *r, const json_t *value, json_int_t min, json_int_t max,
			 uint32_t *out)
{
	json_int_t v = json_integer_value(value);

	if (!json_is_integer(value))
		return reading_wrong_type(r, "a whole number", value);
	if (v < min || v > max)
		return reading_mistake(r, PROBLEM_SYNTAX, "%lld is out of range: %lld to %lld", (long long)v,
				       (long long)min, (long long)max);
	*out = (uint32_t)v;
	return 0;
}

/* Reads each element of a list, or the one that stands without its brackets. */
static int read_list(struct reading *r, json_t *value, int (*element)(struct reading *r, json_t *value))
{
	size_t n = json_array_size(value);
	int err = 0;

	if (!json_is_array(value))
		return element(r, value);
	for (size_t i = 0; i < n && !err; i++) {
		r->index = (int)i;
		err = element(r, json_array_get(value, i));
	}
	return err;
}

static int add_subnet(struct reading *r, json_t *value)
{
	return reading_cidr(r, value, false);
}

static int add_address(struct reading *r, json_t *value)
{
	return reading_cidr(r, value, true);
}

static int add_vlan(struct reading *r, json_t *value)
{
	uint32_t vid = 0;
	int err = reading_whole(r, value, VLAN_MIN, VLAN_MAX, &vid);

	return err ? err : statement_add_scope(r->s, SCOPE_VLAN(vid));
}

static int add_vni(struct reading *r, json_t *value)
{
	uint32_t vni = 0;
	int err = reading_whole(r, value, 0, VNI_MAX, &vni);

	return err ? err : statement_add_scope(r->s, SCOPE_VNI(vni));
}

static int add_range(struct reading *r, json_t *value)
{
	uint64_t first = 0, last = 0;
	const char *text = json_string_value(value);
	uint32_t port = 0;
	int err;

	if (!text && !json_is_integer(value))
		return reading_wrong_type(r, "a port, a range such as \"8000-8010\" or a list of them", value);
	if (!text) {
		err = reading_whole(r, value, 0, UINT16_MAX, &port);
		first = last = port;
	} else {
		err = num_range(text, 0, UINT16_MAX, &first, &last);
	}
	if (text && err == -ERANGE)
		reading_mistake(r, PROBLEM_SYNTAX, "%s is out of range: ports are 0 to 65535", quote(text).s);
	else if (text && err)
		reading_mistake(r, PROBLEM_SYNTAX, "%s is neither a port nor a range such as 8000-8010",
				quote(text).s);
	if (err)
		return -EINVAL;
	return statement_add_ports(r->s, (struct port_range){ (uint16_t)first, (uint16_t)last });
}

static int read_kind(struct reading *r, const struct member *m, json_t *value)
{
	(void)r, (void)m, (void)value;	/* it was looked at first */
	return 0;
}

static int read_text(struct reading *r, const struct member *m, json_t *value)
{
	return reading_text(r, value, (const char **)((char *)r->s + m->offset));
}

static int read_time(struct reading *r, const struct member *m, json_t *value)
{
	return reading_time(r, value, (int64_t *)((char *)r->s + m->offset));
}

static int read_subnets(struct reading *r, const struct member *m, json_t *value)
{
	(void)m;
	return read_list(r, value, add_subnet);
}

static int read_addresses(struct reading *r, const struct member *m, json_t *value)
{
	(void)m;
	return read_list(r, value, add_address);
}

static int read_address(struct reading *r, const struct member *m, json_t *value)
{
	(void)m;
	return add_address(r, value);
}

static int read_vlans(struct reading *r, const struct member *m, json_t *value)
{
	(void)m;
	return read_list(r, value, add_vlan);
}

static int read_vnis(struct reading *r, const struct member *m, json_t *value)
{
	(void)m;
	return read_list(r, value, add_vni);
}

static int read_ports(struct reading *r, const struct member *m, json_t *value)
{
	(void)m;
	return read_list(r, value, add_range);
}

/* vni or vlan of an instance. */
static int read_scope(struct reading *r, const struct member *m, json_t *value)
{
	bool is_vni = !strcmp(m->name, "vni");
	uint32_t n = 0;
	int err;

	if (r->s->scope)
		return reading_mistake(r, PROBLEM_SYNTAX, "there is a %s, too", is_vni ? "vlan" : "vni");
	err = is_vni ? reading_whole(r, value, 0, VNI_MAX, &n) : reading_whole(r, value, VLAN_MIN, VLAN_MAX, &n);
	if (!err)
		r->s->scope = is_vni ? SCOPE_VNI(n) : SCOPE_VLAN(n);
	return err;
}

static int find_proto(const char *text, struct suggest *close)
{
	for (size_t i = 0; i < proto_rows_n; i++) {
		if (!strcasecmp(text, proto_rows[i].name))
			return proto_rows[i].number;
		suggest_try(close, proto_rows[i].name, strlen(proto_rows[i].name));
	}
	return -1;
}

static int read_proto(struct reading *r, const struct member *m, json_t *value)
{
	const char *text = json_string_value(value);
	struct suggest close = { .word = text };
	uint64_t number = 0;
	uint32_t whole = 0;
	int err;

	(void)m;
	if (json_is_integer(value)) {
		err = reading_whole(r, value, 0, UINT8_MAX, &whole);
		r->s->proto = (int)whole;
		return err;
	}
	if (!text)
		return reading_wrong_type(r, "a protocol's name or number", value);
	r->s->proto = num_u64(text, 0, UINT8_MAX, &number) ? find_proto(text, &close) : (int)number;
	if (r->s->proto >= 0)
		return 0;
	return reading_mistake(r, PROBLEM_SYNTAX, "%s is neither a number from 0 to 255 nor an IP protocol's name%s",
			       quote(text).s, suggest_text(&close));
}

static int read_plane(struct reading *r, const struct member *m, json_t *value)
{
	const char *text = json_string_value(value);
	struct suggest close = { .word = text };

	(void)m;
	if (!text)
		return reading_wrong_type(r, "a string", value);
	for (unsigned int plane = PLANE_NONE + 1; plane < PLANE_MAX; plane++) {
		if (!strcmp(text, plane_names[plane])) {
			r->s->plane = (enum plane)plane;
			return 0;
		}
		suggest_try(&close, plane_names[plane], strlen(plane_names[plane]));
	}
	return reading_mistake(r, PROBLEM_SYNTAX, "%s is none of management, control, data%s", quote(text).s,
			       suggest_text(&close));
}

#define TENANT BIT(STATEMENT_TENANT)
#define INSTANCE BIT(STATEMENT_INSTANCE)
#define APPLICATION BIT(STATEMENT_APPLICATION)
#define BOX BIT(STATEMENT_BOX)
#define INTERFACE BIT(STATEMENT_INTERFACE)
#define END BIT(STATEMENT_END)
#define AT(field) offsetof(struct statement, field)

static const struct member members[] = {
	{ "kind", BIT(STATEMENT_KIND_MAX) - 1, read_kind, 0 },
	{ "id", TENANT | INSTANCE | END, read_text, AT(id) },
	{ "name", TENANT | INSTANCE | APPLICATION | BOX, read_text, AT(name) },
	{ "tenant", INSTANCE | APPLICATION, read_text, AT(tenant) },
	{ "host", INSTANCE, read_text, AT(host) },
	{ "addresses", INSTANCE, read_addresses, 0 },
	{ "from", INSTANCE, read_time, AT(from_ns) },
	{ "until", INSTANCE | END, read_time, AT(until_ns) },
	{ "port", INSTANCE | END, read_text, AT(port) },
	{ "vni", INSTANCE, read_scope, 0 },
	{ "vlan", INSTANCE, read_scope, 0 },
	{ "vlans", TENANT, read_vlans, 0 },
	{ "vnis", TENANT, read_vnis, 0 },
	{ "subnets", TENANT, read_subnets, 0 },
	{ "class", APPLICATION, read_text, AT(app_class) },
	{ "proto", APPLICATION, read_proto, 0 },
	{ "ports", APPLICATION, read_ports, 0 },
	{ "type", BOX, read_text, AT(type) },
	{ "site", BOX, read_text, AT(site) },
	{ "pop", BOX, read_text, AT(pop) },
	{ "ren", BOX, read_text, AT(ren) },
	{ "address", BOX, read_address, 0 },
	{ "box", INTERFACE, read_text, AT(box) },
	{ "match", INTERFACE, read_text, AT(match) },
	{ "plane", INTERFACE, read_plane, 0 },
};

const struct member *member_find(struct reading *r, const char *name)
{
	const char *kind = statement_kind_names[r->s->kind];
	struct suggest close = { .word = name };

	for (size_t i = 0; i < ARRAY_SIZE(members); i++)
		if ((members[i].kinds & BIT(r->s->kind)) && !strcmp(members[i].name, name))
			return &members[i];
	for (size_t i = 0; i < ARRAY_SIZE(members); i++)
		if (members[i].kinds & BIT(r->s->kind))
			suggest_try(&close, members[i].name, strlen(members[i].name));
	problem(r->p, PROBLEM_SYNTAX, "%s has no member %s%s", kind, quote(name).s, suggest_text(&close));
	return NULL;
}
