/* SPDX-License-Identifier: Apache-2.0 */
/*
 * option_list.c - options that hold many values: interfaces, prefixes, ports,
 * protocols, librdkafka properties. Each is bounded; a full list is an error.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include "base/cidr.h"
#include "base/num.h"
#include "base/option_value.h"
#include "base/suggest.h"
#include "base/tag_source.h"

#define IFACES_MAX 1024U
#define PROPS_MAX 1024U

static int is_full(const struct option_src *src, unsigned int max, const char *what)
{
	option_complain(src, "more than %u %s", max, what);
	return -ENOSPC;
}

/* Makes room for one more element; *list is kept when there is none. */
static int grow(void **list, size_t n, size_t size, const struct option_src *src)
{
	void *bigger = reallocarray(*list, n + 1, size);

	if (!bigger)
		return option_no_memory(src);
	*list = bigger;
	return 0;
}

struct iface_rule *option_new_iface(struct options *o, const struct option_src *src)
{
	void *list = o->ifaces;

	if (o->ifaces_n == IFACES_MAX) {
		is_full(src, IFACES_MAX, "interface rules");
		return NULL;
	}
	if (grow(&list, o->ifaces_n, sizeof(*o->ifaces), src))
		return NULL;
	o->ifaces = list;
	o->ifaces[o->ifaces_n] = (struct iface_rule){ .plane = PLANE_NONE, .hook = HOOK_UNSET, .mode = MODE_UNSET };
	return &o->ifaces[o->ifaces_n++];
}

int option_add_iface(struct options *o, const char *text, const struct option_src *src)
{
	struct iface_rule *rule = option_new_iface(o, src);

	return rule ? option_add(&iface_rows[0], rule, text, src) : -ENOSPC;
}

int option_add_cidr(struct options *o, const char *text, const struct option_src *src)
{
	char right[CIDR_TEXT];
	void *list = o->cidrs;
	struct nt_cidr c;
	int err = cidr_parse(text, &c);

	if (err == -EDOM)
		option_complain(src, "%s has host bits set: write %s", quote(text).s, cidr_format(&c, right));
	else if (err == -ERANGE)
		option_complain(src, "%s: a prefix has at most %s bits", quote(text).s,
				strchr(text, ':') ? "128" : "32");
	else if (err)
		option_complain(src, "%s is neither an IP address nor a prefix", quote(text).s);
	if (err)
		return -EINVAL;
	if (o->cidrs_n == NT_CIDRS_MAX)
		return is_full(src, NT_CIDRS_MAX, "prefixes");
	err = grow(&list, o->cidrs_n, sizeof(*o->cidrs), src);
	if (err)
		return err;
	o->cidrs = list;
	o->cidrs[o->cidrs_n++] = c;
	return 0;
}

static bool has_port(const uint16_t *ports, size_t n, uint64_t port)
{
	for (size_t i = 0; i < n; i++)
		if (ports[i] == port)
			return true;
	return false;
}

static int read_ports(const struct option_row *row, const char *text, uint64_t *first, uint64_t *last,
		      const struct option_src *src)
{
	int err = num_range(text, row->min, row->max, first, last);

	if (err == -ERANGE)
		option_complain(src, "%s is out of range: ports are %u to 65535", quote(text).s,
				(unsigned int)row->min);
	else if (err)
		option_complain(src, "%s is neither a port nor a range such as 8000-8010", quote(text).s);
	return err ? -EINVAL : 0;
}

int option_add_ports(const struct option_row *row, struct options *o, const char *text,
		     const struct option_src *src)
{
	uint64_t first = 0, last = 0;
	int err = read_ports(row, text, &first, &last, src);

	for (uint64_t port = first; !err && port <= last; port++) {
		void *list = o->ports;

		if (has_port(o->ports, o->ports_n, port))
			continue;
		if (o->ports_n == NT_PORTS_MAX)
			return is_full(src, NT_PORTS_MAX, "port numbers");
		err = grow(&list, o->ports_n, sizeof(*o->ports), src);
		if (err)
			break;
		o->ports = list;
		o->ports[o->ports_n++] = (uint16_t)port;
	}
	return err;
}

int option_add_vxlan_port(const struct option_row *row, struct options *o, const char *text,
			  const struct option_src *src)
{
	uint64_t first = 0, last = 0;
	int err = read_ports(row, text, &first, &last, src);

	for (uint64_t port = first; !err && port <= last; port++) {
		if (has_port(o->vxlan_ports, o->vxlan_ports_n, port))
			continue;
		if (o->vxlan_ports_n == NT_VXLAN_PORTS_MAX)
			return is_full(src, NT_VXLAN_PORTS_MAX, "VXLAN ports");
		o->vxlan_ports[o->vxlan_ports_n++] = (uint16_t)port;
	}
	return err;
}

int proto_find(const char *text, struct suggest *close)
{
	for (size_t i = 0; i < proto_rows_n; i++) {
		if (!strcasecmp(text, proto_rows[i].name))
			return proto_rows[i].number;
		suggest_try(close, proto_rows[i].name, strlen(proto_rows[i].name));
	}
	return -EINVAL;
}

int option_add_proto(const struct option_row *row, struct options *o, const char *text,
		     const struct option_src *src)
{
	struct suggest close = { .word = text };
	uint64_t number = 0;
	int err = num_u64(text, row->min, row->max, &number);
	int named = err == -EINVAL ? proto_find(text, &close) : -EINVAL;

	if (named >= 0)
		number = (uint64_t)named;
	else if (err) {
		option_complain(src, "%s is neither a number from 0 to 255 nor an IP protocol's name%s",
				quote(text).s, suggest_text(&close));
		return -EINVAL;
	}
	o->protos[number / 64] |= UINT64_C(1) << (number % 64);
	o->protos_set = true;
	return 0;
}

/* The index of a property's name in o->kafka; that of the closing NULL when it isn't there. */
static size_t find_prop(char **kafka, const char *name, size_t len)
{
	size_t i = 0;

	for (; kafka && kafka[i]; i += 2)
		if (!strncmp(kafka[i], name, len) && !kafka[i][len])
			break;
	return i;
}

bool option_has_prop(const struct options *o, const char *name)
{
	return o->kafka && o->kafka[find_prop(o->kafka, name, strlen(name))];
}

static int append_prop(struct options *o, size_t at, const char *name, size_t len, const char *value,
		       const struct option_src *src)
{
	char *name_copy = strndup(name, len), *value_copy = strdup(value);
	char **list = reallocarray(o->kafka, at + 3, sizeof(*list));

	if (list)
		o->kafka = list;
	if (!name_copy || !value_copy || !list) {
		free(name_copy);
		free(value_copy);
		if (list)
			list[at] = NULL;
		return option_no_memory(src);
	}
	list[at] = name_copy;
	list[at + 1] = value_copy;
	list[at + 2] = NULL;
	return 0;
}

int option_add_prop(struct options *o, const char *text, const struct option_src *src)
{
	const char *equals = strchr(text, '=');
	size_t len = equals ? (size_t)(equals - text) : 0, at;

	if (!len) {
		option_complain(src, "%s is not NAME=VALUE", quote(text).s);
		return -EINVAL;
	}
	at = find_prop(o->kafka, text, len);
	if (o->kafka && o->kafka[at])
		return option_set_text(&o->kafka[at + 1], equals + 1, src);
	if (at == 2 * PROPS_MAX)
		return is_full(src, PROPS_MAX, "properties");
	return append_prop(o, at, text, len, equals + 1, src);
}

static int append_tags(struct options *o, size_t n, const char *text, const struct option_src *src)
{
	void *list = o->tags;
	int err = grow(&list, n + 1, sizeof(*o->tags), src);

	if (err)
		return err;
	o->tags = list;
	o->tags[n] = o->tags[n + 1] = NULL;
	return option_set_text(&o->tags[n], text, src);
}

int option_add_tags(struct options *o, const char *text, const struct option_src *src)
{
	struct tag_source source;
	const char *why = tag_source_mistake(&source, text);
	size_t n = 0;

	for (; o->tags && o->tags[n] && !why; n++)
		if (!strcmp(o->tags[n], text))
			why = "is named twice";
	if (why) {
		option_complain(src, "%s: %s", quote(text).s, why);
		return -EINVAL;
	}
	if (n == TAG_SOURCES_MAX)
		return is_full(src, TAG_SOURCES_MAX, "sources of tags");
	return append_tags(o, n, text, src);
}

static void free_ifaces(struct options *o)
{
	for (size_t i = 0; i < o->ifaces_n; i++)
		free(o->ifaces[i].match);
	free(o->ifaces);
	o->ifaces = NULL;
	o->ifaces_n = 0;
}

static void free_texts(char ***list)
{
	for (char **p = *list; p && *p; p++)
		free(*p);
	free(*list);
	*list = NULL;
}

void option_reset(const struct option_row *row, struct options *o)
{
	if (row->kind == OPTION_IFACES)
		free_ifaces(o);
	if (row->kind == OPTION_TAGS)
		free_texts(&o->tags);
	if (row->kind == OPTION_CIDRS)
		o->cidrs_n = 0;
	if (row->kind == OPTION_PORTS)
		o->ports_n = 0;
	if (row->kind == OPTION_VXLAN_PORTS)
		o->vxlan_ports_n = 0;
	if (row->kind == OPTION_PROTOS) {
		memset(o->protos, 0, sizeof(o->protos));
		o->protos_set = false;
	}
}

void option_release(const struct option_row *row, void *base)
{
	struct options *o = base;
	char **text = option_field(row, base);

	switch (row->kind) {
	case OPTION_TEXT:
	case OPTION_NAME:
	case OPTION_ADDRESS:
	case OPTION_OUTPUT:
	case OPTION_STREAM:
	case OPTION_PATH:
	case OPTION_LISTEN:
	case OPTION_LABEL:
	case OPTION_WORD:
	case OPTION_SOCKET:
		free(*text);
		*text = NULL;
		break;
	case OPTION_IFACES:
		free_ifaces(o);
		break;
	case OPTION_CIDRS:
		free(o->cidrs);
		break;
	case OPTION_PORTS:
		free(o->ports);
		break;
	case OPTION_TAGS:
		free_texts(&o->tags);
		break;
	case OPTION_PROPS:
		free_texts(&o->kafka);
		break;
	default:
		break;
	}
}
