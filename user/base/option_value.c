/* SPDX-License-Identifier: Apache-2.0 */
/*
 * option_value.c - checks and stores one value; complaints.
 * Lists are in option_list.c. Knows nothing of argv or JSON.
 */
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <net/if.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/cidr.h"
#include "base/endpoint.h"
#include "base/log.h"
#include "base/num.h"
#include "base/option_value.h"
#include "base/sink_spec.h"
#include "base/suggest.h"
#include "base/tag_source.h"
#include "base/timestamp.h"
#include "base/utf8.h"

#define NAME_BYTES_MAX 255U
#define LABEL_BYTES_MAX 64U
#define PATH_BYTES_MAX (PATH_MAX - 512U)	/* two names fit behind it */

void option_complain(const struct option_src *src, const char *fmt, ...)
{
	const char *name = src->name ? src->name : "";
	const char *colon = src->name ? ": " : "";
	char why[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(why, sizeof(why), fmt, ap);
	va_end(ap);
	src->report->mistakes++;
	if (src->file && src->line)
		log_error("%s:%u: %s%s%s", src->file, src->line, name, colon, why);
	else if (src->file)
		log_error("%s: %s%s%s", src->file, name, colon, why);
	else
		log_error("%s%s%s", name, colon, why);
}

int option_no_memory(const struct option_src *src)
{
	option_complain(src, "out of memory");
	src->report->no_memory = true;
	return -ENOMEM;
}

struct quoted quote(const char *text)
{
	struct quoted q;
	size_t room = sizeof(q.s) - sizeof("\"...\""), len = strnlen(text, room + 1);
	bool cut = len > room;

	if (cut)		/* not in the middle of a character */
		for (len = room; len && ((unsigned char)text[len] & 0xc0) == 0x80; len--)
			;
	snprintf(q.s, sizeof(q.s), "\"%.*s%s\"", (int)len, text, cut ? "..." : "");
	return q;
}

int option_set_text(char **field, const char *text, const struct option_src *src)
{
	char *copy = strdup(text);

	if (!copy)
		return option_no_memory(src);
	free(*field);
	*field = copy;
	return 0;
}

static int set_flag(void *field, const char *text)
{
	*(bool *)field = !strcmp(text, "true");
	return 0;
}

static int set_name(void *field, const char *text, const struct option_src *src)
{
	size_t len = strlen(text);

	if (len > NAME_BYTES_MAX) {
		option_complain(src, "%s has %zu bytes: at most %u fit", quote(text).s, len, NAME_BYTES_MAX);
		return -EINVAL;
	}
	if (!utf8_valid(text, len)) {
		option_complain(src, "%s is not UTF-8", quote(text).s);
		return -EINVAL;
	}
	return option_set_text(field, text, src);
}

static int set_address(void *field, const char *text, const struct option_src *src)
{
	struct nt_cidr unused;

	if (!strchr(text, '/') && !cidr_parse(text, &unused))
		return option_set_text(field, text, src);
	option_complain(src, "%s is neither an IPv4 nor an IPv6 address", quote(text).s);
	return -EINVAL;
}

static int set_output(void *field, const char *text, const struct option_src *src)
{
	struct sink_spec spec;
	const char *why = sink_spec_mistake(&spec, text);

	if (!why)
		return option_set_text(field, text, src);
	option_complain(src, "%s: %s", quote(text).s, why);
	return -EINVAL;
}

static int set_stream(void *field, const char *text, const struct option_src *src)
{
	return strcmp(text, "off") ? set_output(field, text, src) : option_set_text(field, text, src);
}

static int set_path(void *field, const char *text, const struct option_src *src)
{
	if (strlen(text) <= PATH_BYTES_MAX)
		return option_set_text(field, text, src);
	option_complain(src, "%s is too long for a path: at most %u bytes", quote(text).s, PATH_BYTES_MAX);
	return -EINVAL;
}

static int set_listen(void *field, const char *text, const struct option_src *src)
{
	struct sockaddr_storage unused;
	socklen_t len;
	const char *why = endpoint_mistake(text, &unused, &len);

	if (!why)
		return option_set_text(field, text, src);
	option_complain(src, "%s: %s", quote(text).s, why);
	return -EINVAL;
}

/* It becomes part of file names, also on a bpffs, which takes no dots. */
static int set_label(void *field, const char *text, const struct option_src *src)
{
	size_t len = strlen(text);

	if (len <= LABEL_BYTES_MAX &&
	    strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_") == len)
		return option_set_text(field, text, src);
	option_complain(src, "%s is not 1 to %u letters, digits, '-' or '_'", quote(text).s, LABEL_BYTES_MAX);
	return -EINVAL;
}

static int find_word(const struct option_row *row, const char *text, const struct option_src *src)
{
	char all[256] = "";
	size_t n = 0;

	for (unsigned int i = 0; i < row->words_n; i++) {
		if (!row->words[i])
			continue;
		if (!strcmp(text, row->words[i]))
			return (int)i;
		n += (size_t)snprintf(all + n, sizeof(all) - n, "%s%s", n ? ", " : "", row->words[i]);
	}
	option_complain(src, "%s is none of %s", quote(text).s, all);
	return -EINVAL;
}

static int set_word(const struct option_row *row, void *field, const char *text, const struct option_src *src)
{
	int i = find_word(row, text, src);

	return i < 0 ? i : option_set_text(field, row->words[i], src);
}

/* All enums of struct options are stored as unsigned int: none has a negative value. */
_Static_assert(sizeof(enum plane) == sizeof(unsigned int) && sizeof(enum hook_mode) == sizeof(unsigned int) &&
	       sizeof(enum tc_mode) == sizeof(unsigned int), "enums are as wide as unsigned int");

static int set_choice(const struct option_row *row, void *field, const char *text, const struct option_src *src)
{
	int i = find_word(row, text, src);
	unsigned int value = (unsigned int)i;

	if (i < 0)
		return i;
	memcpy(field, &value, sizeof(value));
	return 0;
}

static const char *range_text(const struct option_row *row, char out[2 * NUM_TEXT + 8])
{
	char min[NUM_TEXT], max[NUM_TEXT];

	if (row->kind == OPTION_SIZE || row->kind == OPTION_POWER) {
		num_format_size(row->min, min);
		num_format_size(row->max, max);
	} else if (row->kind == OPTION_DURATION) {
		num_format_duration(row->min, min);
		num_format_duration(row->max, max);
	} else {
		snprintf(min, sizeof(min), "%" PRIu64, row->min);
		snprintf(max, sizeof(max), "%" PRIu64, row->max);
	}
	snprintf(out, 2 * NUM_TEXT + 8, "%s to %s", min, max);
	return out;
}

static const char *number_wants(enum option_kind kind)
{
	if (kind == OPTION_DURATION)
		return "a duration such as 100ms, 30s, 5m, 2h or 7d";
	if (kind == OPTION_SIZE || kind == OPTION_POWER)
		return "a size such as 65536, 64KiB, 8MiB or 1GiB";
	return "a whole number";
}

static int read_number(const struct option_row *row, const char *text, uint64_t *out)
{
	if (row->kind == OPTION_DURATION)
		return num_duration(text, row->min, row->max, out);
	if (row->kind == OPTION_SIZE || row->kind == OPTION_POWER)
		return num_size(text, row->min, row->max, out);
	return num_u64(text, row->min, row->max, out);
}

static int check_power(uint64_t v, const char *text, const struct option_src *src)
{
	char low[NUM_TEXT], high[NUM_TEXT];
	uint64_t below = UINT64_C(1) << (63 - __builtin_clzll(v));

	if (v == below)
		return 0;
	option_complain(src, "%s is not a power of two: the nearest are %s and %s", quote(text).s,
			num_format_size(below, low), num_format_size(below * 2, high));
	return -EINVAL;
}

static int set_number(const struct option_row *row, void *field, const char *text, const struct option_src *src)
{
	char range[2 * NUM_TEXT + 8];
	uint64_t v = 0, unused;
	int err = read_number(row, text, &v);

	if (err == -EINVAL && text[0] == '-' && num_u64(text + 1, 0, UINT64_MAX, &unused) != -EINVAL)
		err = -ERANGE;
	if (err == -ERANGE)
		option_complain(src, "%s is out of range: %s", quote(text).s, range_text(row, range));
	else if (err)
		option_complain(src, "%s is not %s", quote(text).s, number_wants(row->kind));
	else if (row->kind == OPTION_POWER)
		err = check_power(v, text, src);
	if (err)
		return -EINVAL;
	if (row->kind == OPTION_U32)
		*(uint32_t *)field = (uint32_t)v;
	else
		*(uint64_t *)field = v;
	return 0;
}

/* Behind one element of a glob; NULL: it lacks its end and would silently stand for itself. */
static const char *glob_step(const char *s)
{
	const char *close;

	if (*s == '\\')
		return s[1] ? s + 2 : NULL;
	if (*s != '[')
		return s + 1;
	s += 1 + (s[1] == '!' || s[1] == '^');
	close = *s ? strchr(s + 1, ']') : NULL;		/* the first may stand for itself */
	return close ? close + 1 : NULL;
}

static bool glob_is_whole(const char *s)
{
	while (s && *s)
		s = glob_step(s);
	return s != NULL;
}

static int set_match(void *field, const char *text, const struct option_src *src)
{
	bool glob = strpbrk(text, "*?[\\") != NULL;
	const char *why = NULL;

	if (strpbrk(text, "/: \t\r\n\v\f") || !strcmp(text, ".") || !strcmp(text, ".."))
		why = "cannot be an interface's name";
	else if (glob && !glob_is_whole(text))
		why = "is not a glob: a [ without its ], or a \\ at its end";
	else if (!glob && strlen(text) >= IF_NAMESIZE)
		why = "is too long for an interface's name: at most 15 bytes";
	else if (strlen(text) > NAME_BYTES_MAX)
		why = "is too long: at most 255 bytes";
	if (!why)
		return option_set_text(field, text, src);
	option_complain(src, "%s %s", quote(text).s, why);
	return -EINVAL;
}

static int set_socket(void *field, const char *text, const struct option_src *src)
{
	const char *why = tag_socket_path_mistake(text);

	if (!why)
		return option_set_text(field, text, src);
	option_complain(src, "%s: %s", quote(text).s, why);
	return -EINVAL;
}

static int set_time(void *field, const char *text, const struct option_src *src)
{
	int err = timestamp_parse(text, field);

	if (err == -ERANGE)
		option_complain(src, "%s is no day or time of day, or not in the years 1678 to 2261", quote(text).s);
	else if (err)
		option_complain(src, "%s is not a time such as 2026-11-21T22:00:00Z", quote(text).s);
	return err;
}

static int add_to_list(const struct option_row *row, struct options *o, const char *text,
		       const struct option_src *src)
{
	switch (row->kind) {
	case OPTION_IFACES:
		return option_add_iface(o, text, src);
	case OPTION_CIDRS:
		return option_add_cidr(o, text, src);
	case OPTION_PORTS:
		return option_add_ports(row, o, text, src);
	case OPTION_VXLAN_PORTS:
		return option_add_vxlan_port(row, o, text, src);
	case OPTION_PROTOS:
		return option_add_proto(row, o, text, src);
	case OPTION_TAGS:
		return option_add_tags(o, text, src);
	default:
		return option_add_prop(o, text, src);
	}
}

static int set_scalar(const struct option_row *row, void *field, const char *text, const struct option_src *src)
{
	switch (row->kind) {
	case OPTION_FLAG:
		return set_flag(field, text);
	case OPTION_TEXT:
		return option_set_text(field, text, src);
	case OPTION_NAME:
		return set_name(field, text, src);
	case OPTION_ADDRESS:
		return set_address(field, text, src);
	case OPTION_OUTPUT:
		return set_output(field, text, src);
	case OPTION_STREAM:
		return set_stream(field, text, src);
	case OPTION_PATH:
		return set_path(field, text, src);
	case OPTION_LISTEN:
		return set_listen(field, text, src);
	case OPTION_LABEL:
		return set_label(field, text, src);
	case OPTION_WORD:
		return set_word(row, field, text, src);
	case OPTION_CHOICE:
		return set_choice(row, field, text, src);
	case OPTION_MATCH:
		return set_match(field, text, src);
	case OPTION_SOCKET:
		return set_socket(field, text, src);
	case OPTION_TIME:
		return set_time(field, text, src);
	default:
		return set_number(row, field, text, src);
	}
}

int option_add(const struct option_row *row, void *base, const char *text, const struct option_src *src)
{
	if (!*text) {
		option_complain(src, "is empty");
		return -EINVAL;
	}
	if (option_is_list(row))
		return add_to_list(row, base, text, src);
	return set_scalar(row, option_field(row, base), text, src);
}
