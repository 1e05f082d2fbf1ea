/* SPDX-License-Identifier: Apache-2.0 */
/*
 * statement.c - a statement's life, and the plain form as a whole: which kind
 * it is, and whether what its kind must have is there. Single members are
 * read in statement_member.c.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "base/option_value.h"
#include "base/suggest.h"
#include "inventory/statement_priv.h"

const char *const statement_kind_names[STATEMENT_KIND_MAX] = {
	[STATEMENT_TENANT] = "tenant",
	[STATEMENT_INSTANCE] = "instance",
	[STATEMENT_APPLICATION] = "application",
	[STATEMENT_BOX] = "box",
	[STATEMENT_INTERFACE] = "interface",
	[STATEMENT_END] = "end",
};

void statement_clear(struct statement *s)
{
	struct statement empty = {
		.cidrs = s->cidrs, .cidrs_cap = s->cidrs_cap,
		.scopes = s->scopes, .scopes_cap = s->scopes_cap,
		.ports = s->ports, .ports_cap = s->ports_cap,
	};

	json_decref(s->owner);
	*s = empty;
}

void statement_free(struct statement *s)
{
	statement_clear(s);
	free(s->cidrs);
	free(s->scopes);
	free(s->ports);
	*s = (struct statement){ 0 };
}

/* Room for one element more; list is the address of a pointer to elements. */
static int grow(void *list, size_t n, size_t *cap, size_t size)
{
	size_t more = *cap ? *cap * 2 : 8;
	void *old, *bigger;

	if (n < *cap)
		return 0;
	memcpy(&old, list, sizeof(old));
	bigger = reallocarray(old, more, size);
	if (!bigger)
		return -ENOMEM;
	memcpy(list, &bigger, sizeof(bigger));
	*cap = more;
	return 0;
}

int statement_add_cidr(struct statement *s, const struct nt_cidr *cidr)
{
	int err = grow(&s->cidrs, s->cidrs_n, &s->cidrs_cap, sizeof(*s->cidrs));

	if (!err)
		s->cidrs[s->cidrs_n++] = *cidr;
	return err;
}

int statement_add_scope(struct statement *s, uint32_t scope)
{
	int err = grow(&s->scopes, s->scopes_n, &s->scopes_cap, sizeof(*s->scopes));

	if (!err)
		s->scopes[s->scopes_n++] = scope;
	return err;
}

int statement_add_ports(struct statement *s, struct port_range ports)
{
	int err = grow(&s->ports, s->ports_n, &s->ports_cap, sizeof(*s->ports));

	if (!err)
		s->ports[s->ports_n++] = ports;
	return err;
}

int json_object_read(json_t **out, const char *text, size_t len, struct problems *p)
{
	json_error_t error;
	json_t *json;

	errno = 0;
	json = json_loadb(text, len, JSON_REJECT_DUPLICATES, &error);
	if (errno == ENOMEM) {		/* jansson then blames the text, or drops a byte and succeeds */
		json_decref(json);
		return -ENOMEM;
	}
	if (!json)
		problem(p, PROBLEM_SYNTAX, "%s", error.text);
	else if (!json_is_object(json))
		problem(p, PROBLEM_SYNTAX, "is no JSON object");
	if (json_is_object(json)) {
		*out = json;
		return 0;
	}
	json_decref(json);
	return -EINVAL;
}

static int find_kind(struct reading *r, const json_t *value)
{
	const char *text = json_string_value(value);
	struct suggest close = { .word = text };

	if (!value)
		return reading_mistake(r, PROBLEM_SYNTAX, "is missing");
	if (!text)
		return reading_wrong_type(r, "a string", value);
	for (unsigned int kind = 0; kind < STATEMENT_KIND_MAX; kind++) {
		if (!strcmp(text, statement_kind_names[kind])) {
			r->s->kind = (enum statement_kind)kind;
			return 0;
		}
		suggest_try(&close, statement_kind_names[kind], strlen(statement_kind_names[kind]));
	}
	return reading_mistake(r, PROBLEM_SYNTAX, "%s is none%s", quote(text).s, suggest_text(&close));
}

static int read_members(struct reading *r, json_t *object)
{
	const char *key;
	json_t *value;
	int err = 0;

	json_object_foreach(object, key, value) {
		const struct member *m = member_find(r, key);

		r->name = key;
		r->index = -1;
		err = m ? m->read(r, m, value) : -EINVAL;
		if (err)
			break;
	}
	return err;
}

static int lacks(const struct reading *r, enum problem kind, const char *what)
{
	problem(r->p, kind, "%s has no %s", statement_kind_names[r->s->kind], what);
	return -EINVAL;
}

/* from and until of an instance: what it doesn't say, and their order. */
static int settle_times(const struct reading *r, const json_t *object, int64_t event_ns)
{
	struct statement *s = r->s;

	if (!json_object_get(object, "from"))
		s->from_ns = event_ns;
	if (!json_object_get(object, "until"))
		s->until_ns = TIME_OPEN;
	if (s->until_ns > s->from_ns)
		return 0;
	problem(r->p, PROBLEM_SYNTAX, "until: is not after %s",
		json_object_get(object, "from") ? "from" : "the time that this was said");
	return -EINVAL;
}

static int settle_tenant(const struct reading *r)
{
	struct statement *s = r->s;

	if (!s->id && !s->name)
		return lacks(r, PROBLEM_NO_ID, "\"id\" and no \"name\"");
	s->id = s->id ? s->id : s->name;
	s->name = s->name ? s->name : s->id;
	return 0;
}

static int settle_end(const struct reading *r, const json_t *object, int64_t event_ns)
{
	struct statement *s = r->s;

	if (!s->id && !s->port)
		return lacks(r, PROBLEM_NO_ID, "\"id\" and no \"port\"");
	if (!json_object_get(object, "until") && event_ns == TIME_ALWAYS)
		return lacks(r, PROBLEM_SYNTAX, "\"until\"");
	s->from_ns = json_object_get(object, "until") ? s->until_ns : event_ns;
	s->until_ns = TIME_OPEN;
	return 0;
}

/* What must be there, and what stands for what was left out. */
static int settle(const struct reading *r, const json_t *object, int64_t event_ns)
{
	const struct statement *s = r->s;

	switch (s->kind) {
	case STATEMENT_TENANT:
		return settle_tenant(r);
	case STATEMENT_INSTANCE:
		return s->id ? settle_times(r, object, event_ns) : lacks(r, PROBLEM_NO_ID, "\"id\"");
	case STATEMENT_APPLICATION:
		if (!s->name)
			return lacks(r, PROBLEM_NO_ID, "\"name\"");
		return json_object_get(object, "proto") ? 0 : lacks(r, PROBLEM_SYNTAX, "\"proto\"");
	case STATEMENT_BOX:
		return s->name ? 0 : lacks(r, PROBLEM_NO_ID, "\"name\"");
	case STATEMENT_INTERFACE:
		if (!s->match)
			return lacks(r, PROBLEM_SYNTAX, "\"match\"");
		return s->plane ? 0 : lacks(r, PROBLEM_SYNTAX, "\"plane\"");
	default:
		return settle_end(r, object, event_ns);
	}
}

int statement_read(struct statement *s, const char *text, size_t len, int64_t event_ns, struct problems *p)
{
	struct reading r = { .s = s, .p = p, .name = "kind", .index = -1 };
	json_t *object = NULL;
	int err;

	statement_clear(s);
	err = json_object_read(&object, text, len, p);
	if (err)
		return err;
	s->owner = object;
	err = find_kind(&r, json_object_get(object, "kind"));
	if (!err)
		err = read_members(&r, object);
	if (!err)
		err = settle(&r, object, event_ns);
	if (err)
		statement_clear(s);
	return err;
}
