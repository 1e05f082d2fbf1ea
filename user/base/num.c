/* SPDX-License-Identifier: Apache-2.0 */
/*
 * num.c - numbers, sizes, durations and ranges from text, and back.
 *
 * Used by whatever reads a number that a person or a file wrote. strtoull(3)
 * is not: it takes signs, blanks and "0x", and wraps negative numbers.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include "base/num.h"

#define MS UINT64_C(1000000)
#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

struct unit {
	const char *name;		/* what num_format_*() writes */
	const char *alias;
	uint64_t factor;
};

/* Ascending; the first is what a bare number means. */
static const struct unit sizes[] = {
	{ "", NULL, 1 },
	{ "KiB", "k", UINT64_C(1) << 10 },
	{ "MiB", "m", UINT64_C(1) << 20 },
	{ "GiB", "g", UINT64_C(1) << 30 },
};

static const struct unit durations[] = {
	{ "", NULL, 1000 * MS },
	{ "ms", NULL, MS },
	{ "s", NULL, 1000 * MS },
	{ "m", NULL, 60 * 1000 * MS },
	{ "h", NULL, 3600 * 1000 * MS },
	{ "d", NULL, 24 * 3600 * 1000 * MS },
};

/* Reads digits up to *end, all of them even when they don't fit. */
static int read_digits(const char *s, const char **end, uint64_t *out)
{
	uint64_t v = 0;
	bool fits = true;

	if (*s < '0' || *s > '9')
		return -EINVAL;
	for (; *s >= '0' && *s <= '9'; s++)
		fits = fits && !__builtin_mul_overflow(v, UINT64_C(10), &v) &&
		       !__builtin_add_overflow(v, (uint64_t)(*s - '0'), &v);
	*end = s;
	*out = v;
	return fits ? 0 : -ERANGE;
}

static int check_range(int err, uint64_t v, uint64_t min, uint64_t max, uint64_t *out)
{
	if (err)
		return err;
	if (v < min || v > max)
		return -ERANGE;
	*out = v;
	return 0;
}

int num_u64(const char *s, uint64_t min, uint64_t max, uint64_t *out)
{
	const char *end = s;
	uint64_t v = 0;
	int err = read_digits(s, &end, &v);

	if (*end)
		return -EINVAL;
	return check_range(err, v, min, max, out);
}

static const struct unit *find_unit(const struct unit *units, size_t n, const char *name)
{
	for (size_t i = 0; i < n; i++) {
		if (!strcasecmp(name, units[i].name))
			return &units[i];
		if (units[i].alias && !strcasecmp(name, units[i].alias))
			return &units[i];
	}
	return NULL;
}

static int read_with_unit(const char *s, const struct unit *units, size_t n,
			  uint64_t min, uint64_t max, uint64_t *out)
{
	const char *end = s;
	const struct unit *unit;
	uint64_t v = 0;
	int err = read_digits(s, &end, &v);

	if (err == -EINVAL)
		return err;
	unit = find_unit(units, n, end);
	if (!unit)
		return -EINVAL;
	if (__builtin_mul_overflow(v, unit->factor, &v))
		err = -ERANGE;
	return check_range(err, v, min, max, out);
}

int num_size(const char *s, uint64_t min, uint64_t max, uint64_t *out)
{
	return read_with_unit(s, sizes, ARRAY_SIZE(sizes), min, max, out);
}

int num_duration(const char *s, uint64_t min, uint64_t max, uint64_t *out)
{
	return read_with_unit(s, durations, ARRAY_SIZE(durations), min, max, out);
}

int num_range(const char *s, uint64_t min, uint64_t max, uint64_t *first, uint64_t *last)
{
	const char *end = s;
	uint64_t a = 0, b = 0;
	int err = read_digits(s, &end, &a);

	if (err == -EINVAL || (*end && *end != '-'))
		return -EINVAL;
	b = a;
	if (*end == '-') {
		int err_b = num_u64(end + 1, min, max, &b);

		err = err_b ? err_b : err;
	}
	if (!err && b < a)
		return -EINVAL;
	err = check_range(err, a, min, max, first);
	if (!err)
		*last = b;
	return err;
}

static const char *format(uint64_t v, const struct unit *units, size_t n, char out[NUM_TEXT])
{
	const struct unit *best = &units[0];

	for (size_t i = 1; i < n; i++)
		if (v && v % units[i].factor == 0)
			best = &units[i];
	snprintf(out, NUM_TEXT, "%" PRIu64 "%s", v / best->factor, best->name);
	return out;
}

const char *num_format_size(uint64_t v, char out[NUM_TEXT])
{
	return format(v, sizes, ARRAY_SIZE(sizes), out);
}

const char *num_format_duration(uint64_t ns, char out[NUM_TEXT])
{
	return format(ns, durations, ARRAY_SIZE(durations), out);
}
