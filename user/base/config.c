/* SPDX-License-Identifier: Apache-2.0 */
/*
 * config.c - the JSON configuration against the table of options.
 *
 * jansson says whether the text is JSON and decodes its strings; the cursor
 * of jsonpos.h walks it, so that each mistake has its line and a key given
 * twice is seen. Which keys there are, and what they take, is the table's.
 */
#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include "base/config.h"
#include "base/jsonpos.h"
#include "base/suggest.h"

#define NAME_TEXT 160			/* "interfaces[1023].plane"; a foreign key is cut in messages */
#define BIT(type) (1U << (type))

struct reader {
	const char *file;
	struct options *options;
	struct option_report *report;
	struct jsonpos pos;
};

/* One object: the rows whose paths begin with prefix, and the struct they are about. */
struct level {
	const struct option_row *rows;
	size_t rows_n;
	void *base;
	const char *prefix;		/* "" or "filter." */
	const char *name;		/* the same in messages: "interfaces[1]." */
	uint64_t seen;			/* rows whose key was here */
};

static struct option_src src_at(struct reader *r, const char *name)
{
	return (struct option_src){ .file = r->file, .name = name, .line = r->pos.line, .report = r->report };
}

static int scan_object(struct reader *r, struct level *level);

/* Decodes a string literal; NULL after a complaint. The caller frees it. */
static char *decode_string(const char *literal, size_t len, const struct option_src *src)
{
	const char *value;
	char *copy = NULL;
	json_t *string;

	errno = 0;
	string = json_loadb(literal, len, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);
	value = json_string_value(string);
	if (!value || errno == ENOMEM)		/* jansson 2.14 then may drop a byte and succeed */
		option_no_memory(src);
	else if (strlen(value) != json_string_length(string))
		option_complain(src, "holds a NUL character");
	else if (!(copy = strdup(value)))
		option_no_memory(src);
	json_decref(string);
	return copy;
}

/* The text of the scalar that comes next, as the command line would have it. */
static char *take_text(struct reader *r, enum jsonpos_type type, const struct option_src *src)
{
	size_t len;
	const char *text = jsonpos_scalar(&r->pos, &len);
	char *copy;

	if (type == JSONPOS_STRING)
		return decode_string(text, len, src);
	copy = strndup(text, len);
	if (!copy)
		option_no_memory(src);
	return copy;
}

/* JSON types that one value or element of a kind may have. */
static unsigned int types_of(enum option_kind kind)
{
	switch (kind) {
	case OPTION_FLAG:
		return BIT(JSONPOS_BOOL);
	case OPTION_U32:
	case OPTION_U64:
		return BIT(JSONPOS_INTEGER);
	case OPTION_SIZE:
	case OPTION_POWER:
	case OPTION_DURATION:
	case OPTION_PORTS:
	case OPTION_VXLAN_PORTS:
	case OPTION_PROTOS:
		return BIT(JSONPOS_INTEGER) | BIT(JSONPOS_STRING);
	case OPTION_IFACES:
		return BIT(JSONPOS_STRING) | BIT(JSONPOS_OBJECT);
	case OPTION_PROPS:
		return BIT(JSONPOS_STRING) | BIT(JSONPOS_INTEGER) | BIT(JSONPOS_REAL) | BIT(JSONPOS_BOOL);
	default:
		return BIT(JSONPOS_STRING);
	}
}

/* Complains when the value that comes next has none of the wanted types. */
static int check_type(struct reader *r, unsigned int wanted, enum jsonpos_type is, const struct option_src *src)
{
	char list[160] = "";
	size_t n = 0;

	if (wanted & BIT(is))
		return 0;
	for (unsigned int t = 0; t < JSONPOS_TYPE_MAX; t++)
		if (wanted & BIT(t))
			n += (size_t)snprintf(list + n, sizeof(list) - n, "%s%s", n ? " or " : "",
					      jsonpos_type_names[t]);
	option_complain(src, "must be %s, not %s", list, jsonpos_type_names[is]);
	jsonpos_skip(&r->pos);
	return -EINVAL;
}

static int read_iface(struct reader *r, const struct option_src *src)
{
	char prefix[NAME_TEXT];
	struct iface_rule *rule = option_new_iface(r->options, src);
	struct level level = { .rows = iface_rows, .rows_n = iface_rows_n, .base = rule, .prefix = "" };

	if (!rule) {
		jsonpos_skip(&r->pos);
		return -ENOSPC;
	}
	snprintf(prefix, sizeof(prefix), "%s.", src->name);
	level.name = prefix;
	if (scan_object(r, &level))
		return -EINVAL;
	if (!(level.seen & 1))
		option_complain(src, "has no \"match\"");
	return 0;
}

/* A scalar, or one element of a list. */
static int read_value(struct reader *r, const struct option_row *row, void *base, const char *name)
{
	enum jsonpos_type type = jsonpos_type(&r->pos);
	struct option_src src = src_at(r, name);
	char *text;
	int err = check_type(r, types_of(row->kind), type, &src);

	if (err)
		return err;
	if (type == JSONPOS_OBJECT)
		return read_iface(r, &src);
	text = take_text(r, type, &src);
	if (!text)
		return -EINVAL;
	err = option_add(row, base, text, &src);
	free(text);
	return err;
}

static void read_list(struct reader *r, const struct option_row *row, const char *name)
{
	unsigned int alone = row->kind == OPTION_TAGS ? BIT(JSONPOS_STRING) : 0;
	enum jsonpos_type type = jsonpos_type(&r->pos);
	struct option_src src = src_at(r, name);
	char element[NAME_TEXT];
	int err = 0;

	if (check_type(r, BIT(JSONPOS_ARRAY) | alone, type, &src))
		return;
	option_reset(row, r->options);
	if (type == JSONPOS_STRING) {
		(void)read_value(r, row, r->options, name);
		return;
	}
	jsonpos_enter(&r->pos);
	for (size_t i = 0; jsonpos_more(&r->pos); i++) {
		snprintf(element, sizeof(element), "%.100s[%zu]", name, i);
		if (err == -ENOSPC)		/* full, and said so */
			jsonpos_skip(&r->pos);
		else
			err = read_value(r, row, r->options, element);
	}
}

static int add_prop(struct reader *r, const struct option_row *row, const char *key, const struct option_src *src)
{
	enum jsonpos_type type = jsonpos_type(&r->pos);
	char *value, *text = NULL;
	int err = check_type(r, types_of(row->kind), type, src);

	if (err)
		return err;
	value = take_text(r, type, src);
	if (!value)
		return -EINVAL;
	if (asprintf(&text, "%s=%s", key, value) < 0) {
		text = NULL;
		err = option_no_memory(src);
	} else {
		err = option_add(row, r->options, text, src);
	}
	free(text);
	free(value);
	return err;
}

/* One member of "kafka": any name without '=', as -X has it. */
static int read_prop(struct reader *r, const struct option_row *row, const char *key, const char *name)
{
	struct option_src src = src_at(r, name);

	if (!*key || strchr(key, '='))
		option_complain(&src, "is no property's name");
	else if (option_has_prop(r->options, key))
		option_complain(&src, "is given twice");
	else
		return add_prop(r, row, key, &src);
	jsonpos_skip(&r->pos);
	return -EINVAL;
}

static char *take_key(struct reader *r)
{
	struct option_src src = src_at(r, NULL);
	size_t len;
	const char *literal = jsonpos_key(&r->pos, &len);

	return decode_string(literal, len, &src);
}

static void read_props(struct reader *r, const struct option_row *row, const char *name)
{
	enum jsonpos_type type = jsonpos_type(&r->pos);
	struct option_src src = src_at(r, name);
	char member[NAME_TEXT];
	int err = 0;

	if (check_type(r, BIT(JSONPOS_OBJECT), type, &src))
		return;
	jsonpos_enter(&r->pos);
	while (jsonpos_more(&r->pos)) {
		char *key = take_key(r);

		snprintf(member, sizeof(member), "%.50s.%.100s", name, key ? key : "");
		if (!key || err == -ENOSPC)
			jsonpos_skip(&r->pos);
		else
			err = read_prop(r, row, key, member);
		free(key);
	}
}

/* The part of a row's path that is a key of this level; NULL: the row isn't here. */
static const char *key_of(const struct level *level, const struct option_row *row, size_t *len)
{
	size_t n = strlen(level->prefix);

	if (!row->path || strncmp(row->path, level->prefix, n))
		return NULL;
	*len = strcspn(row->path + n, ".");
	return row->path + n;
}

/* The first row that has the key at this level, or rows_n after a complaint. */
static size_t find_row(struct reader *r, const struct level *level, const char *key)
{
	struct option_src src = src_at(r, NULL);
	struct suggest close = { .word = key };
	char full[NAME_TEXT];

	for (size_t i = 0; i < level->rows_n; i++) {
		size_t len;
		const char *known = key_of(level, &level->rows[i], &len);

		if (!known)
			continue;
		if (strlen(key) == len && !memcmp(key, known, len))
			return i;
		suggest_try(&close, known, len);
	}
	snprintf(full, sizeof(full), "%.50s%.100s", level->name, key);
	option_complain(&src, "unknown key %s%s", quote(full).s, suggest_text(&close));
	return level->rows_n;
}

static void read_section(struct reader *r, const struct level *above, const char *key)
{
	char prefix[NAME_TEXT];
	enum jsonpos_type type = jsonpos_type(&r->pos);
	struct level level = *above;
	struct option_src src = src_at(r, key);

	snprintf(prefix, sizeof(prefix), "%s.", key);
	level.prefix = level.name = prefix;
	level.seen = 0;
	if (!check_type(r, BIT(JSONPOS_OBJECT), type, &src))
		(void)scan_object(r, &level);
}

/* The value of a known key. */
static void read_member(struct reader *r, struct level *level, size_t at, const char *key)
{
	const struct option_row *row = &level->rows[at];
	size_t len = 0;
	char name[NAME_TEXT];
	const char *known = key_of(level, row, &len);

	snprintf(name, sizeof(name), "%.50s%.100s", level->name, key);
	if (known && known[len])
		read_section(r, level, key);
	else if (row->kind == OPTION_PROPS)
		read_props(r, row, name);
	else if (option_is_list(row))
		read_list(r, row, name);
	else
		(void)read_value(r, row, level->base, name);
}

static bool is_twice(struct reader *r, struct level *level, size_t at, const char *key)
{
	char name[NAME_TEXT] = "";
	struct option_src src = src_at(r, name);
	bool twice = level->seen & UINT64_C(1) << at;

	level->seen |= UINT64_C(1) << at;
	snprintf(name, sizeof(name), "%.50s%.100s", level->name, key);
	if (twice)
		option_complain(&src, "is given twice");
	return twice;
}

/* Reads the object that comes next. -EINVAL: it made mistakes. */
static int scan_object(struct reader *r, struct level *level)
{
	unsigned int before = r->report->mistakes;

	jsonpos_enter(&r->pos);
	while (jsonpos_more(&r->pos)) {
		char *key = take_key(r);
		size_t at = key ? find_row(r, level, key) : level->rows_n;

		if (at == level->rows_n || is_twice(r, level, at, key))
			jsonpos_skip(&r->pos);
		else
			read_member(r, level, at, key);
		free(key);
	}
	return r->report->mistakes > before ? -EINVAL : 0;
}

/* Is the text JSON at all? */
static int check_syntax(struct reader *r, const char *text, size_t len)
{
	struct option_src src = src_at(r, NULL);
	json_error_t error;
	json_t *json;

	errno = 0;
	json = json_loadb(text, len, JSON_ALLOW_NUL, &error);
	if (json) {
		json_decref(json);
		return 0;
	}
	if (errno == ENOMEM)		/* jansson then blames the text */
		return option_no_memory(&src);
	src.line = error.line > 0 ? (unsigned int)error.line : 0;
	option_complain(&src, "%s", error.text);
	return -EINVAL;
}

static void read_text(struct reader *r, const char *text, size_t len)
{
	struct level top = { .rows = option_rows, .rows_n = option_rows_n, .base = r->options,
			     .prefix = "", .name = "" };
	struct option_src src = { .file = r->file, .report = r->report };
	enum jsonpos_type type = jsonpos_type(&r->pos);

	if (type == JSONPOS_END && r->pos.p == r->pos.end) {
		option_complain(&src, "is empty: a configuration is an object");
		return;
	}
	if (check_syntax(r, text, len))
		return;
	src.line = r->pos.line;
	if (!check_type(r, BIT(JSONPOS_OBJECT), type, &src))
		(void)scan_object(r, &top);
}

int config_read_mem(struct options *o, const char *name, const char *text, size_t len)
{
	struct option_report report = { 0 };
	struct reader r = { .file = name, .options = o, .report = &report, .pos = jsonpos_open(text, len) };

	read_text(&r, text, len);
	if (report.no_memory)
		return EX_OSERR;
	return report.mistakes ? EX_CONFIG : 0;
}
