/* SPDX-License-Identifier: Apache-2.0 */
/*
 * config_write.c - settings in force as a JSON configuration: what
 * `ninetap check --json` prints. Reads back as the same settings.
 */
#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include "base/cidr.h"
#include "base/num.h"
#include "base/option_table.h"

/* Steals value, which may be NULL when memory is short. */
static int append(json_t *array, json_t *value)
{
	return json_array_append_new(array, value) ? -ENOMEM : 0;
}

static json_t *text_json(const char *text)
{
	return text ? json_string(text) : json_null();
}

static json_t *word_json(const struct option_row *row, unsigned int value)
{
	return text_json(value < row->words_n ? row->words[value] : NULL);
}

static json_t *size_json(uint64_t v)
{
	char text[NUM_TEXT];

	return json_string(num_format_size(v, text));
}

static json_t *duration_json(uint64_t ns)
{
	char text[NUM_TEXT];

	return json_string(num_format_duration(ns, text));
}

static int put_rule(json_t *array, const struct iface_rule *rule)
{
	json_t *object = json_object();
	int err = 0;

	for (size_t i = 0; i < iface_rows_n; i++) {
		const struct option_row *row = &iface_rows[i];
		const char *field = (const char *)rule + row->offset;
		json_t *value;

		if (row->kind == OPTION_MATCH)
			value = text_json(*(char *const *)field);
		else
			value = word_json(row, *(const unsigned int *)field);
		if (json_is_null(value))
			continue;
		err |= json_object_set_new(object, row->path, value);
	}
	return append(array, object) || err ? -ENOMEM : 0;
}

static int put_elements(json_t *array, const struct option_row *row, const struct options *o)
{
	char text[CIDR_TEXT];
	int err = 0;

	for (size_t i = 0; row->kind == OPTION_IFACES && i < o->ifaces_n; i++)
		err |= put_rule(array, &o->ifaces[i]);
	for (size_t i = 0; row->kind == OPTION_CIDRS && i < o->cidrs_n; i++)
		err |= append(array, json_string(cidr_format(&o->cidrs[i], text)));
	for (size_t i = 0; row->kind == OPTION_PORTS && i < o->ports_n; i++)
		err |= append(array, json_integer(o->ports[i]));
	for (size_t i = 0; row->kind == OPTION_VXLAN_PORTS && i < o->vxlan_ports_n; i++)
		err |= append(array, json_integer(o->vxlan_ports[i]));
	for (char *const *p = row->kind == OPTION_TAGS ? o->tags : NULL; p && *p; p++)
		err |= append(array, json_string(*p));
	for (unsigned int i = 0; row->kind == OPTION_PROTOS && i < 256; i++)
		if (o->protos[i / 64] >> (i % 64) & 1)
			err |= append(array, json_integer(i));
	return err;
}

static json_t *list_json(const struct option_row *row, const struct options *o)
{
	json_t *array = json_array();

	if (array && put_elements(array, row, o)) {
		json_decref(array);
		return NULL;
	}
	return array;
}

static json_t *props_json(char *const *p)
{
	json_t *object = json_object();

	for (; p && p[0]; p += 2) {
		if (json_object_set_new(object, p[0], json_string(p[1]))) {
			json_decref(object);
			return NULL;
		}
	}
	return object;
}

/* NULL when memory is short, or a text is no UTF-8; null: not set. */
static json_t *value_json(const struct option_row *row, const struct options *o)
{
	const char *field = (const char *)o + row->offset;

	switch (row->kind) {
	case OPTION_FLAG:
		return json_boolean(*(const bool *)field);
	case OPTION_TEXT:
	case OPTION_NAME:
	case OPTION_ADDRESS:
	case OPTION_OUTPUT:
	case OPTION_STREAM:
	case OPTION_PATH:
	case OPTION_LISTEN:
	case OPTION_LABEL:
	case OPTION_WORD:
		return text_json(*(char *const *)field);
	case OPTION_CHOICE:
		return word_json(row, *(const unsigned int *)field);
	case OPTION_U32:
		return json_integer(*(const uint32_t *)field);
	case OPTION_U64:
		return json_integer((json_int_t)*(const uint64_t *)field);
	case OPTION_SIZE:
	case OPTION_POWER:
		return size_json(*(const uint64_t *)field);
	case OPTION_DURATION:
		return duration_json(*(const uint64_t *)field);
	case OPTION_PROPS:
		return props_json(*(char *const *const *)field);
	default:
		return list_json(row, o);
	}
}

/* Steals value. path is "a" or "a.b". */
static int put_at(json_t *root, const char *path, json_t *value)
{
	const char *dot = strchr(path, '.');
	json_t *section;

	if (!dot)
		return json_object_set_new(root, path, value);
	section = json_object_getn(root, path, (size_t)(dot - path));
	if (!section) {
		section = json_object();
		if (json_object_setn_new(root, path, (size_t)(dot - path), section)) {
			json_decref(value);
			return -1;
		}
	}
	return json_object_set_new(section, dot + 1, value);
}

int options_print_json(FILE *f, const struct options *o)
{
	json_t *root = json_object();
	int err = root ? 0 : -ENOMEM;

	for (size_t i = 0; i < option_rows_n && !err; i++) {
		const struct option_row *row = &option_rows[i];
		json_t *value = row->path ? value_json(row, o) : json_null();

		if (!json_is_null(value))
			err = put_at(root, row->path, value) ? -ENOMEM : 0;
	}
	if (!err && (json_dumpf(root, f, JSON_INDENT(2)) || fputc('\n', f) == EOF))
		err = -EIO;
	json_decref(root);
	return err;
}
