/* SPDX-License-Identifier: Apache-2.0 */
/*
 * flat.c - a cursor over one flat JSON object (RFC 8259). Decodes strings and
 * whole numbers; says nothing about what is wrong, since jansson then reads
 * the text again, for its words.
 */
#include <errno.h>
#include <string.h>
#include "base/utf8.h"
#include "inventory/flat.h"

/* The byte at the cursor, 0 at the end. */
static char at(const struct flat *f)
{
	return f->p < f->end ? *f->p : '\0';
}

static void skip_blank(struct flat *f)
{
	while (f->p < f->end && (*f->p == ' ' || *f->p == '\t' || *f->p == '\n' || *f->p == '\r'))
		f->p++;
}

static bool take(struct flat *f, char c)
{
	if (f->p == f->end || *f->p != c)
		return false;
	f->p++;
	return true;
}

static int hex(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* Four hexadecimal digits, or -1. */
static int32_t take_unit(struct flat *f)
{
	int32_t unit = 0;

	if (f->end - f->p < 4)
		return -1;
	for (int i = 0; i < 4; i++) {
		int digit = hex(*f->p++);

		if (digit < 0)
			return -1;
		unit = unit << 4 | digit;
	}
	return unit;
}

static void put_utf8(struct flat *f, int32_t c)
{
	if (c < 0x80) {
		*f->room++ = (char)c;
		return;
	}
	if (c < 0x800) {
		*f->room++ = (char)(0xc0 | c >> 6);
	} else if (c < 0x10000) {
		*f->room++ = (char)(0xe0 | c >> 12);
		*f->room++ = (char)(0x80 | (c >> 6 & 0x3f));
	} else {
		*f->room++ = (char)(0xf0 | c >> 18);
		*f->room++ = (char)(0x80 | (c >> 12 & 0x3f));
		*f->room++ = (char)(0x80 | (c >> 6 & 0x3f));
	}
	*f->room++ = (char)(0x80 | (c & 0x3f));
}

/* Behind "\u": one unit of UTF-16, or a pair of surrogates; never half of one, never NUL. */
static bool take_unicode(struct flat *f)
{
	int32_t c = take_unit(f), low;

	if (c >= 0xd800 && c <= 0xdbff) {
		if (!take(f, '\\') || !take(f, 'u'))
			return false;
		low = take_unit(f);
		if (low < 0xdc00 || low > 0xdfff)
			return false;
		c = 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00);
	} else if (c >= 0xdc00 && c <= 0xdfff) {
		return false;
	}
	if (c <= 0)
		return false;
	put_utf8(f, c);
	return true;
}

/* Behind a backslash. */
static bool take_escape(struct flat *f)
{
	static const char names[] = "\"\\/bfnrt", meant[] = "\"\\/\b\f\n\r\t";
	char c = at(f);
	const char *found = c ? strchr(names, c) : NULL;

	f->p += c != '\0';
	if (c == 'u')
		return take_unicode(f);
	if (found)
		*f->room++ = meant[found - names];
	return found;
}

/* One character that is more than a byte of ASCII: an escape, or one of UTF-8. */
static bool take_special(struct flat *f)
{
	size_t len;

	if (take(f, '\\'))
		return take_escape(f);
	len = (unsigned char)*f->p < 0x20 ? 0 : utf8_char(f->p, (size_t)(f->end - f->p));
	memcpy(f->room, f->p, len);
	f->room += len;
	f->p += len;
	return len;
}

static bool is_simple(char c)
{
	return c >= 0x20 && c != '"' && c != '\\' && (unsigned char)c < 0x80;
}

/* Behind the opening quote. A text takes no more room than it has bytes between its quotes, and one. */
static int take_string(struct flat *f, struct value *v)
{
	v->type = JSONPOS_STRING;
	v->text = f->room;
	while (f->p < f->end && *f->p != '"') {
		if (is_simple(*f->p))
			*f->room++ = *f->p++;
		else if (!take_special(f))
			return -EINVAL;
	}
	v->len = (size_t)(f->room - v->text);
	*f->room++ = '\0';
	return take(f, '"') ? 0 : -EINVAL;
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool take_digits(struct flat *f)
{
	const char *begin = f->p;

	while (is_digit(at(f)))
		f->p++;
	return f->p > begin;
}

/* The digits before a fraction. Summed up below zero, where there is one number more. */
static int take_whole(struct flat *f, int64_t *out)
{
	bool negative = take(f, '-');
	const char *begin = f->p;
	int64_t v = 0;

	for (; is_digit(at(f)); f->p++)
		if (__builtin_mul_overflow(v, INT64_C(10), &v) ||
		    __builtin_sub_overflow(v, (int64_t)(*f->p - '0'), &v))
			return -EINVAL;
	if (f->p == begin || (*begin == '0' && f->p - begin > 1) || (!negative && v == INT64_MIN))
		return -EINVAL;
	*out = negative ? v : -v;
	return 0;
}

static int take_number(struct flat *f, struct value *v)
{
	v->type = JSONPOS_INTEGER;
	if (take_whole(f, &v->number))
		return -EINVAL;
	if (take(f, '.')) {
		v->type = JSONPOS_REAL;
		if (!take_digits(f))
			return -EINVAL;
	}
	if (take(f, 'e') || take(f, 'E')) {
		v->type = JSONPOS_REAL;
		if (!take(f, '+'))
			(void)take(f, '-');
		if (!take_digits(f))
			return -EINVAL;
	}
	return 0;
}

static int take_word(struct flat *f, const char *word, enum jsonpos_type type, struct value *v)
{
	size_t len = strlen(word);

	if ((size_t)(f->end - f->p) < len || memcmp(f->p, word, len))
		return -EINVAL;
	f->p += len;
	v->type = type;
	return 0;
}

static int take_value(struct flat *f, struct value *v)
{
	skip_blank(f);
	switch (at(f)) {
	case '"':
		f->p++;
		return take_string(f, v);
	case '[':
		f->p++;
		f->first = true;
		v->type = JSONPOS_ARRAY;
		return 0;
	case '{':
		v->type = JSONPOS_OBJECT;
		return 0;
	case 't':
		return take_word(f, "true", JSONPOS_BOOL, v);
	case 'f':
		return take_word(f, "false", JSONPOS_BOOL, v);
	case 'n':
		return take_word(f, "null", JSONPOS_NULL, v);
	default:
		return take_number(f, v);
	}
}

bool flat_open(struct flat *f, const char *text, size_t len, char *room)
{
	*f = (struct flat){ .p = text, .end = text + len, .room = room, .first = true };
	skip_blank(f);
	return take(f, '{');
}

/* Goes to the next member or element: 1; 0 behind the closing bracket; -EINVAL. */
static int next(struct flat *f, char close)
{
	bool first = f->first;

	f->first = false;
	skip_blank(f);
	if (take(f, close))
		return 0;
	return first || take(f, ',') ? 1 : -EINVAL;
}

int flat_key(struct flat *f, const char **key)
{
	struct value v;
	int more = next(f, '}');

	skip_blank(f);
	if (!more)
		return f->p == f->end ? 0 : -EINVAL;
	if (more < 0 || !take(f, '"') || take_string(f, &v))
		return -EINVAL;
	skip_blank(f);
	*key = v.text;
	return take(f, ':') ? 1 : -EINVAL;
}

int flat_value(struct flat *f, struct value *v)
{
	return take_value(f, v);
}

int flat_element(struct flat *f, struct value *v)
{
	int more = next(f, ']');

	if (more <= 0)
		return more;
	return take_value(f, v) ? -EINVAL : 1;
}

void flat_forget(struct flat *f, const struct value *v)
{
	if (v->type == JSONPOS_STRING)
		f->room -= v->len + 1;
}
