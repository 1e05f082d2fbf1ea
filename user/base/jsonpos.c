/* SPDX-License-Identifier: Apache-2.0 */
/*
 * jsonpos.c - walks well-formed JSON text, counting lines. Decodes nothing:
 * strings and numbers are handed on as they are written.
 */
#include <string.h>
#include "base/jsonpos.h"

const char *const jsonpos_type_names[JSONPOS_TYPE_MAX] = {
	[JSONPOS_END] = "nothing",
	[JSONPOS_OBJECT] = "an object",
	[JSONPOS_ARRAY] = "an array",
	[JSONPOS_STRING] = "a string",
	[JSONPOS_INTEGER] = "a whole number",
	[JSONPOS_REAL] = "a number with a fraction or exponent",
	[JSONPOS_BOOL] = "true or false",
	[JSONPOS_NULL] = "null",
};

struct jsonpos jsonpos_open(const char *text, size_t len)
{
	return (struct jsonpos){ .p = text, .end = text + len, .line = 1 };
}

/* The byte at the cursor, 0 at the end. */
static char at(const struct jsonpos *j)
{
	return j->p < j->end ? *j->p : '\0';
}

static void skip_blank(struct jsonpos *j)
{
	for (; j->p < j->end && memchr(" \t\r\n", *j->p, 4); j->p++)
		j->line += *j->p == '\n';
}

static bool is_word_byte(char c)
{
	return c && !memchr(" \t\r\n,:]}[{\"", c, 11);
}

static size_t word_len(const struct jsonpos *j)
{
	const char *p = j->p;

	while (p < j->end && is_word_byte(*p))
		p++;
	return (size_t)(p - j->p);
}

enum jsonpos_type jsonpos_type(struct jsonpos *j)
{
	size_t len;

	skip_blank(j);
	switch (at(j)) {
	case '\0':
		return JSONPOS_END;
	case '{':
		return JSONPOS_OBJECT;
	case '[':
		return JSONPOS_ARRAY;
	case '"':
		return JSONPOS_STRING;
	case 't':
	case 'f':
		return JSONPOS_BOOL;
	case 'n':
		return JSONPOS_NULL;
	}
	len = word_len(j);
	for (size_t i = 0; i < len; i++)
		if (memchr(".eE", j->p[i], 3))
			return JSONPOS_REAL;
	return JSONPOS_INTEGER;
}

void jsonpos_enter(struct jsonpos *j)
{
	skip_blank(j);
	if (j->p < j->end)
		j->p++;
	j->first = true;
}

bool jsonpos_more(struct jsonpos *j)
{
	bool first = j->first;

	j->first = false;
	skip_blank(j);
	if (at(j) == ',' && !first) {
		j->p++;
		skip_blank(j);
		return j->p < j->end;
	}
	if (at(j) == ']' || at(j) == '}') {
		j->p++;
		return false;
	}
	return first && j->p < j->end;
}

/* Goes behind the closing quote. */
static void skip_string(struct jsonpos *j)
{
	for (j->p++; j->p < j->end && *j->p != '"'; j->p++)
		if (*j->p == '\\' && j->p + 1 < j->end)
			j->p++;
	if (j->p < j->end)
		j->p++;
}

const char *jsonpos_scalar(struct jsonpos *j, size_t *len)
{
	const char *begin;

	skip_blank(j);
	begin = j->p;
	if (at(j) == '"')
		skip_string(j);
	else
		j->p += word_len(j);
	*len = (size_t)(j->p - begin);
	return begin;
}

const char *jsonpos_key(struct jsonpos *j, size_t *len)
{
	const char *begin = jsonpos_scalar(j, len);

	skip_blank(j);
	if (at(j) == ':')
		j->p++;
	return begin;
}

void jsonpos_skip(struct jsonpos *j)
{
	size_t depth = 0, len;

	do {
		skip_blank(j);
		if (at(j) == '{' || at(j) == '[')
			depth++;
		if (depth && (at(j) == '}' || at(j) == ']'))
			depth--;
		if (at(j) == '"' || is_word_byte(at(j)))
			jsonpos_scalar(j, &len);
		else if (j->p < j->end)
			j->p++;
	} while (depth && j->p < j->end);
}
