/* SPDX-License-Identifier: Apache-2.0 */
/*
 * text.c - names from outside as UTF-8 and as JSON strings; contract in
 * put.h. An interface name may hold any byte but '/' and white space, so it
 * is not trusted to be UTF-8.
 */
#include "base/utf8.h"
#include "encode/put.h"

#define REPLACEMENT "\xef\xbf\xbd"	/* U+FFFD */

/* Bytes of the character at s, 0 where it is none. */
static inline size_t character(const unsigned char *s)
{
	const char *text = (const char *)s;

	return *s < 0x80 ? 1 : utf8_char(text, strnlen(text, 4));
}

size_t text_size(const char *text)
{
	const unsigned char *s = (const unsigned char *)text;
	size_t size = 0;

	while (*s) {
		size_t n = character(s);

		size += n ? n : sizeof(REPLACEMENT) - 1;
		s += n ? n : 1;
	}
	return size;
}

/* Names are ASCII as a rule: that way is short. */
static inline unsigned char *put_character(unsigned char *p, const unsigned char **s)
{
	size_t n;

	if (**s < 0x80) {
		*p = *(*s)++;
		return p + 1;
	}
	n = character(*s);
	if (!n) {
		*s += 1;
		return put_bytes(p, REPLACEMENT, sizeof(REPLACEMENT) - 1);
	}
	p = put_bytes(p, *s, n);
	*s += n;
	return p;
}

unsigned char *put_text(unsigned char *p, const char *text)
{
	const unsigned char *s = (const unsigned char *)text;

	while (*s)
		p = put_character(p, &s);
	return p;
}

unsigned char *put_json_text(unsigned char *p, const char *text)
{
	const unsigned char *s = (const unsigned char *)text;

	while (*s) {
		if (*s == '"' || *s == '\\') {
			*p++ = '\\';
			*p++ = *s++;
		} else if (*s < 0x20) {
			p = put_bytes(p, "\\u00", 4);
			*p++ = '0' + (*s >> 4);
			*p++ = "0123456789abcdef"[*s++ & 0xf];
		} else {
			p = put_character(p, &s);
		}
	}
	return p;
}
