/* SPDX-License-Identifier: Apache-2.0 */
/*
 * statement.c - a statement's life, and the plain form as a whole: which kind
 * it is, and whether what its kind must have is there. Single members are
 * read in statement_member.c.
 */
#include <errno.h>
#include <jansson.h>
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

	free(s->owner);
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

/* 0: the text is a JSON object, after all; -EINVAL after jansson's words why not; -ENOMEM. */
static int check_json(const char *text, size_t len, struct problems *p)
{
	json_error_t error = { .text = "" };
	json_t *json;
	int err = 0;

	errno = 0;
	json = json_loadb(text, len, 0, &error);
	if (errno == ENOMEM)		/* jansson then blames the text */
		err = -ENOMEM;
	else if (!json_is_object(json))
		err = -EINVAL;
	if (err == -EINVAL)
		problem(p, PROBLEM_SYNTAX, "%s", json ? "is no JSON object" : error.text);
	json_decref(json);
	return err;
}

static int unknown_kind(struct reading *r, const char *text)
{
	struct suggest close = { .word = text };

	for (unsigned int kind = 0; kind < STATEMENT_KIND_MAX; kind++)
		suggest_try(&close, statement_kind_names[kind], strlen(statement_kind_names[kind]));
	return reading_mistake(r, PROBLEM_SYNTAX, "%s is none%s", quote(text).s, suggest_text(&close));
}

static int read_kind(struct reading *r, const struct value *v)
{
	if (v->type != JSONPOS_STRING)
		return reading_wrong_type(r, "a string", v);
	for (unsigned int kind = 0; kind < STATEMENT_KIND_MAX; kind++) {
		if (!strcmp(v->text, statement_kind_names[kind])) {
			r->s->kind = (enum statement_kind)kind;
			return 0;
		}
	}
	return unknown_kind(r, v->text);
}

/* Goes to the kind, wherever it stands: what the other members mean depends on it. */
static bool find_kind(const char *text, size_t len, struct flat *out)
{
	struct jsonpos pos = jsonpos_open(text, len);
	size_t key_len;

	if (jsonpos_type(&pos) != JSONPOS_OBJECT)
		return false;
	jsonpos_enter(&pos);
	while (jsonpos_more(&pos)) {
		const char *key = jsonpos_key(&pos, &key_len);

		if (key_len == strlen("\"kind\"") && !memcmp(key, "\"kind\"", key_len)) {
			out->p = pos.p;
			return true;
		}
		jsonpos_skip(&pos);
	}
	return false;
}

/* -EBADMSG: there is none, or the text is no JSON. */
static int settle_kind(struct reading *r, const char *text, size_t len, char *room)
{
	struct flat f = { .end = text + len, .room = room };
	struct value v = { .type = JSONPOS_END };

	if (!find_kind(text, len, &f) || flat_value(&f, &v))
		return -EBADMSG;
	return read_kind(r, &v);
}

static int read_member(struct reading *r, const char *key)
{
	const struct member *m = member_find(r, key);
	struct value v = { .type = JSONPOS_END };

	r->name = key;
	r->index = -1;
	if (!m)
		return -EINVAL;
	if (r->seen & 1U << member_index(m))
		return reading_mistake(r, PROBLEM_SYNTAX, "is given twice");
	r->seen |= 1U << member_index(m);
	return flat_value(r->flat, &v) ? -EBADMSG : m->read(r, m, &v);
}

static int read_members(struct reading *r)
{
	const char *key = NULL;
	int more, err = 0;

	while (!err && (more = flat_key(r->flat, &key)) > 0)
		err = read_member(r, key);
	if (err)
		return err;
	return more ? -EBADMSG : 0;
}

static int lacks(const struct reading *r, enum problem kind, const char *what)
{
	problem(r->p, kind, "%s has no %s", statement_kind_names[r->s->kind], what);
	return -EINVAL;
}

/* What an instance doesn't say of its time, and that it ends after it begins. */
static int settle_times(const struct reading *r, int64_t event_ns)
{
	struct statement *s = r->s;

	if (s->from_ns == TIME_ALWAYS)
		s->from_ns = event_ns;
	if (s->until_ns > s->from_ns)
		return 0;
	problem(r->p, PROBLEM_SYNTAX, "until: is not after %s",
		s->from_ns == event_ns ? "the time that this was said" : "from");
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

static int settle_end(const struct reading *r, int64_t event_ns)
{
	struct statement *s = r->s;

	if (!s->id && !s->port)
		return lacks(r, PROBLEM_NO_ID, "\"id\" and no \"port\"");
	s->from_ns = s->until_ns == TIME_OPEN ? event_ns : s->until_ns;
	s->until_ns = TIME_OPEN;
	return s->from_ns == TIME_ALWAYS ? lacks(r, PROBLEM_SYNTAX, "\"until\"") : 0;
}

/* What must be there, and what stands for what was left out. */
static int settle(const struct reading *r, int64_t event_ns)
{
	const struct statement *s = r->s;

	switch (s->kind) {
	case STATEMENT_TENANT:
		return settle_tenant(r);
	case STATEMENT_INSTANCE:
		return s->id ? settle_times(r, event_ns) : lacks(r, PROBLEM_NO_ID, "\"id\"");
	case STATEMENT_APPLICATION:
		if (!s->name)
			return lacks(r, PROBLEM_NO_ID, "\"name\"");
		return s->proto < 0 ? lacks(r, PROBLEM_SYNTAX, "\"proto\"") : 0;
	case STATEMENT_BOX:
		return s->name ? 0 : lacks(r, PROBLEM_NO_ID, "\"name\"");
	case STATEMENT_INTERFACE:
		if (!s->match)
			return lacks(r, PROBLEM_SYNTAX, "\"match\"");
		return s->plane ? 0 : lacks(r, PROBLEM_SYNTAX, "\"plane\"");
	default:
		return settle_end(r, event_ns);
	}
}

/* -EBADMSG: the text is no JSON, or there is no kind. */
static int read_flat(struct reading *r, const char *text, size_t len, int64_t event_ns)
{
	struct statement *s = r->s;
	int err = settle_kind(r, text, len, s->owner);

	s->from_ns = TIME_ALWAYS;
	s->until_ns = TIME_OPEN;
	s->proto = -1;
	if (!err && !flat_open(r->flat, text, len, s->owner))
		err = -EBADMSG;
	if (!err)
		err = read_members(r);
	return err ? err : settle(r, event_ns);
}

int statement_read(struct statement *s, const char *text, size_t len, int64_t event_ns, struct problems *p)
{
	struct flat flat;
	struct reading r = { .s = s, .p = p, .name = "kind", .index = -1, .flat = &flat };
	int err;

	statement_clear(s);
	s->owner = malloc(len + 1);
	if (!s->owner)
		return -ENOMEM;
	err = read_flat(&r, text, len, event_ns);
	if (err == -EBADMSG) {
		err = check_json(text, len, p);
		err = err ? err : reading_mistake(&r, PROBLEM_SYNTAX, "is missing");
	}
	if (err)
		statement_clear(s);
	return err;
}
