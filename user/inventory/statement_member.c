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

int reading_wrong_type(const struct reading *r, const char *wanted, const struct value *v)
{
	return reading_mistake(r, PROBLEM_SYNTAX, "must be %s, not %s", wanted, jsonpos_type_names[v->type]);
}

int reading_text(const struct reading *r, const struct value *v, const char **out)
{
	if (v->type != JSONPOS_STRING)
		return reading_wrong_type(r, "a string", v);
	if (!v->len)
		return reading_mistake(r, PROBLEM_SYNTAX, "is empty");
	if (v->len > STATEMENT_TEXT_MAX)
		return reading_mistake(r, PROBLEM_SYNTAX, "%s has %zu bytes: at most %u fit", quote(v->text).s,
				       v->len, STATEMENT_TEXT_MAX);
	*out = v->text;
	return 0;
}

int reading_time(const struct reading *r, const struct value *v, int64_t *out)
{
	int err;

	if (v->type != JSONPOS_STRING)
		return reading_wrong_type(r, "a string", v);
	err = timestamp_parse(v->text, out);
	if (err == -ERANGE)
		return reading_mistake(r, PROBLEM_SYNTAX, "%s is no time of the years 1678 to 2261", quote(v->text).s);
	if (err)
		return reading_mistake(r, PROBLEM_SYNTAX, "%s is no time such as 2026-11-21T22:00:00.25Z",
				       quote(v->text).s);
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

int reading_cidr(const struct reading *r, const struct value *v, bool only_addresses)
{
	struct nt_cidr cidr;
	int err;

	if (v->type != JSONPOS_STRING)
		return reading_wrong_type(r, "a string", v);
	err = cidr_parse(v->text, &cidr);
	if (err || (only_addresses && cidr.prefix != 128))
		return leave_out(r, err, v->text, &cidr);
	return statement_add_cidr(r->s, &cidr);
}

static int read_whole(const struct reading *r, const struct value *v, int64_t min, int64_t max, uint32_t *out)
{
	if (v->type != JSONPOS_INTEGER)
		return reading_wrong_type(r, "a whole number", v);
	if (v->number < min || v->number > max)
		return reading_mistake(r, PROBLEM_SYNTAX, "%lld is out of range: %lld to %lld", (long long)v->number,
				       (long long)min, (long long)max);
	*out = (uint32_t)v->number;
	return 0;
}

/* Reads each element of a list, or the one that stands without its brackets. Their texts are not kept. */
static int read_list(struct reading *r, const struct value *v,
		     int (*element)(struct reading *r, const struct value *v))
{
	struct value one;
	int more, err = 0;

	if (v->type != JSONPOS_ARRAY)
		return element(r, v);
	for (r->index = 0; (more = flat_element(r->flat, &one)) > 0; r->index++) {
		err = element(r, &one);
		if (err)
			return err;
		flat_forget(r->flat, &one);
	}
	return more ? -EBADMSG : 0;
}

static int add_subnet(struct reading *r, const struct value *v)
{
	return reading_cidr(r, v, false);
}

static int add_address(struct reading *r, const struct value *v)
{
	return reading_cidr(r, v, true);
}

static int add_vlan(struct reading *r, const struct value *v)
{
	uint32_t vid = 0;
	int err = read_whole(r, v, VLAN_MIN, VLAN_MAX, &vid);

	return err ? err : statement_add_scope(r->s, SCOPE_VLAN(vid));
}

static int add_vni(struct reading *r, const struct value *v)
{
	uint32_t vni = 0;
	int err = read_whole(r, v, 0, VNI_MAX, &vni);

	return err ? err : statement_add_scope(r->s, SCOPE_VNI(vni));
}

static int add_range(struct reading *r, const struct value *v)
{
	uint64_t first = 0, last = 0;
	uint32_t port = 0;
	int err;

	if (v->type == JSONPOS_INTEGER) {
		err = read_whole(r, v, 0, UINT16_MAX, &port);
		first = last = port;
	} else if (v->type == JSONPOS_STRING) {
		err = num_range(v->text, 0, UINT16_MAX, &first, &last);
		if (err == -ERANGE)
			reading_mistake(r, PROBLEM_SYNTAX, "%s is out of range: ports are 0 to 65535",
					quote(v->text).s);
		else if (err)
			reading_mistake(r, PROBLEM_SYNTAX, "%s is neither a port nor a range such as 8000-8010",
					quote(v->text).s);
	} else {
		err = reading_wrong_type(r, "a port, a range such as \"8000-8010\" or a list of them", v);
	}
	if (err)
		return -EINVAL;
	return statement_add_ports(r->s, (struct port_range){ (uint16_t)first, (uint16_t)last });
}

static int read_kind(struct reading *r, const struct member *m, const struct value *v)
{
	(void)r, (void)m, (void)v;	/* it was looked at first */
	return 0;
}

static int read_text(struct reading *r, const struct member *m, const struct value *v)
{
	return reading_text(r, v, (const char **)((char *)r->s + m->offset));
}

static int read_time(struct reading *r, const struct member *m, const struct value *v)
{
	return reading_time(r, v, (int64_t *)((char *)r->s + m->offset));
}

static int read_subnets(struct reading *r, const struct member *m, const struct value *v)
{
	(void)m;
	return read_list(r, v, add_subnet);
}

static int read_addresses(struct reading *r, const struct member *m, const struct value *v)
{
	(void)m;
	return read_list(r, v, add_address);
}

static int read_address(struct reading *r, const struct member *m, const struct value *v)
{
	(void)m;
	return add_address(r, v);
}

static int read_vlans(struct reading *r, const struct member *m, const struct value *v)
{
	(void)m;
	return read_list(r, v, add_vlan);
}

static int read_vnis(struct reading *r, const struct member *m, const struct value *v)
{
	(void)m;
	return read_list(r, v, add_vni);
}

static int read_ports(struct reading *r, const struct member *m, const struct value *v)
{
	(void)m;
	return read_list(r, v, add_range);
}

/* vni or vlan of an instance. */
static int read_scope(struct reading *r, const struct member *m, const struct value *v)
{
	bool is_vni = !strcmp(m->name, "vni");
	uint32_t n = 0;
	int err;

	if (r->s->scope)
		return reading_mistake(r, PROBLEM_SYNTAX, "there is a %s, too", is_vni ? "vlan" : "vni");
	err = is_vni ? read_whole(r, v, 0, VNI_MAX, &n) : read_whole(r, v, VLAN_MIN, VLAN_MAX, &n);
	if (!err)
		r->s->scope = is_vni ? SCOPE_VNI(n) : SCOPE_VLAN(n);
	return err;
}

static int read_proto(struct reading *r, const struct member *m, const struct value *v)
{
	struct suggest close = { .word = v->text };
	uint64_t number = 0;
	uint32_t whole = 0;
	int err;

	(void)m;
	if (v->type == JSONPOS_INTEGER) {
		err = read_whole(r, v, 0, UINT8_MAX, &whole);
		r->s->proto = (int)whole;
		return err;
	}
	if (v->type != JSONPOS_STRING)
		return reading_wrong_type(r, "a protocol's name or number", v);
	r->s->proto = num_u64(v->text, 0, UINT8_MAX, &number) ? proto_find(v->text, &close) : (int)number;
	if (r->s->proto >= 0)
		return 0;
	return reading_mistake(r, PROBLEM_SYNTAX, "%s is neither a number from 0 to 255 nor an IP protocol's name%s",
			       quote(v->text).s, suggest_text(&close));
}

static int read_plane(struct reading *r, const struct member *m, const struct value *v)
{
	struct suggest close = { .word = v->text };

	(void)m;
	if (v->type != JSONPOS_STRING)
		return reading_wrong_type(r, "a string", v);
	for (unsigned int plane = PLANE_NONE + 1; plane < PLANE_MAX; plane++) {
		if (!strcmp(v->text, plane_names[plane])) {
			r->s->plane = (enum plane)plane;
			return 0;
		}
		suggest_try(&close, plane_names[plane], strlen(plane_names[plane]));
	}
	return reading_mistake(r, PROBLEM_SYNTAX, "%s is none of management, control, data%s", quote(v->text).s,
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

_Static_assert(ARRAY_SIZE(members) <= 32, "a mask has a bit for each");

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

unsigned int member_index(const struct member *m)
{
	return (unsigned int)(m - members);
}
