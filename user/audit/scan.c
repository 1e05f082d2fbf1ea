// SPDX-License-Identifier: Apache-2.0
/*
 * scan.c - see scan.h. One pass, a byte at a time but inside of strings.
 */
#include "audit/scan.h"

#include <errno.h>
#include <string.h>
#include "base/num.h"

#define DEPTH_MAX 64U			/* of arrays and objects: our own rows have three */

struct cursor {
	const char *p, *end;
};

struct member {
	const char *name;
	uint8_t len;
	uint8_t is_text;
	uint8_t index;
	uint64_t max;
};

#define NUMBER(name, index, max) { name, sizeof(name) - 1, 0, index, max }
#define TEXT(name, index) { name, sizeof(name) - 1, 1, index, 0 }
static const struct member members[] = {
	NUMBER("epoch", SCAN_EPOCH, SCAN_EPOCH_MAX), NUMBER("cpu", SCAN_CPU, UINT16_MAX),
	NUMBER("seq", SCAN_SEQ, INT64_MAX), NUMBER("events", SCAN_EVENTS, INT64_MAX),
	NUMBER("packets", SCAN_PACKETS, INT64_MAX), NUMBER("bytes", SCAN_BYTES, INT64_MAX),
	NUMBER("generation", SCAN_GENERATION, INT64_MAX), NUMBER("entry", SCAN_ENTRY, INT64_MAX),
	TEXT("type", SCAN_TYPE), TEXT("box", SCAN_BOX), TEXT("mode", SCAN_MODE), TEXT("last", SCAN_LAST),
};

static const struct member *find_member(const struct scan_string *name)
{
	for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++)
		if (scan_is(name, members[i].name, members[i].len))
			return &members[i];
	return NULL;
}

static void pass_blanks(struct cursor *c)
{
	while (c->p < c->end && (*c->p == ' ' || *c->p == '\t' || *c->p == '\r' || *c->p == '\n'))
		c->p++;
}

/* The next byte behind blanks; -1 at the end. Not taken. */
static int peek(struct cursor *c)
{
	pass_blanks(c);
	return c->p < c->end ? (unsigned char)*c->p : -1;
}

static bool take(struct cursor *c, int wanted)
{
	if (peek(c) != wanted)
		return false;
	c->p++;
	return true;
}

/* A string, its first quote taken. */
static int read_string(struct cursor *c, struct scan_string *out)
{
	out->s = c->p;
	for (; c->p < c->end && *c->p != '"'; c->p++) {
		if ((unsigned char)*c->p < ' ')
			return -EINVAL;
		if (*c->p == '\\' && ++c->p == c->end)
			return -EINVAL;
	}
	if (c->p >= c->end)
		return -EINVAL;
	out->len = (size_t)(c->p++ - out->s);
	return 0;
}

static bool is_scalar(char ch)
{
	return (ch >= '0' && ch <= '9') || (ch >= 'a' && ch <= 'z') || ch == '-' || ch == '+' || ch == '.' || ch == 'E';
}

/* A number, true, false, null; or what looks like one. */
static int read_scalar(struct cursor *c, struct scan_string *out)
{
	out->s = c->p;
	while (c->p < c->end && is_scalar(*c->p))
		c->p++;
	out->len = (size_t)(c->p - out->s);
	return out->len ? 0 : -EINVAL;
}

/* An array or object with all that is in it. Brackets must match, commas are not looked at. */
static int pass_nested(struct cursor *c)
{
	struct scan_string unused;
	char open[DEPTH_MAX];
	size_t depth = 0;

	do {
		int ch = peek(c);

		if (ch < 0)
			return -EINVAL;
		c->p++;
		if (ch == '"' && read_string(c, &unused))
			return -EINVAL;
		if (ch == '[' || ch == '{') {
			if (depth == DEPTH_MAX)
				return -EINVAL;
			open[depth++] = (char)(ch + 2);	/* ASCII: its counterpart */
		}
		if ((ch == ']' || ch == '}') && open[--depth] != ch)
			return -EINVAL;
	} while (depth);
	return 0;
}

static int pass_value(struct cursor *c)
{
	struct scan_string unused;
	int ch = peek(c);

	if (ch == '[' || ch == '{')
		return pass_nested(c);
	if (take(c, '"'))
		return read_string(c, &unused);
	return read_scalar(c, &unused);
}

static int read_number(struct cursor *c, const struct member *m, struct scan_row *row)
{
	char digits[NUM_TEXT];
	struct scan_string s;

	if (peek(c) < 0 || read_scalar(c, &s) || s.len >= sizeof(digits) || row->has & 1U << m->index)
		return -EINVAL;
	if (s.len > 1 && s.s[0] == '0')
		return -EINVAL;		/* JSON has no leading zeros */
	memcpy(digits, s.s, s.len);
	digits[s.len] = '\0';
	row->has |= 1U << m->index;
	return num_u64(digits, 0, m->max, &row->number[m->index]) ? -EINVAL : 0;
}

static int read_text(struct cursor *c, const struct member *m, struct scan_row *row)
{
	struct scan_string *text = &row->text[m->index];

	return text->s || !take(c, '"') ? -EINVAL : read_string(c, text);
}

static int read_member(struct cursor *c, struct scan_row *row)
{
	const struct member *m;
	struct scan_string name;

	if (!take(c, '"') || read_string(c, &name) || !take(c, ':'))
		return -EINVAL;
	m = find_member(&name);
	if (!m)
		return pass_value(c);
	return m->is_text ? read_text(c, m, row) : read_number(c, m, row);
}

int scan_row(struct scan_row *row, const char *line, size_t len)
{
	struct cursor c = { line, line + len };
	int err;

	memset(row, 0, sizeof(*row));
	if (!take(&c, '{'))
		return -EINVAL;
	do
		err = read_member(&c, row);
	while (!err && take(&c, ','));
	if (err || !take(&c, '}'))
		return -EINVAL;
	return peek(&c) < 0 ? 0 : -EINVAL;
}
