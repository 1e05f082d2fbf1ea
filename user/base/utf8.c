/* SPDX-License-Identifier: Apache-2.0 */
/*
 * utf8.c - checks names before they become JSON, and bytes before they reach
 * a terminal. Decodes nothing.
 */
#include "base/utf8.h"

/* Bytes that a lead byte promises, and the bounds of the byte behind it (RFC 3629, section 4). */
static size_t lead(unsigned char c, unsigned char *low, unsigned char *high)
{
	*low = c == 0xe0 ? 0xa0 : c == 0xf0 ? 0x90 : 0x80;
	*high = c == 0xed ? 0x9f : c == 0xf4 ? 0x8f : 0xbf;
	if (c < 0x80)
		return 1;
	if (c >= 0xc2 && c <= 0xdf)
		return 2;
	if (c >= 0xe0 && c <= 0xef)
		return 3;
	return c >= 0xf0 && c <= 0xf4 ? 4 : 0;
}

size_t utf8_char(const char *s, size_t n)
{
	const unsigned char *p = (const unsigned char *)s;
	unsigned char low, high;
	size_t want;

	if (!n)
		return 0;
	want = lead(p[0], &low, &high);
	if (want > n)
		return 0;
	for (size_t i = 1; i < want; i++) {
		if (p[i] < low || p[i] > high)
			return 0;
		low = 0x80;
		high = 0xbf;
	}
	return want;
}

bool utf8_valid(const char *s, size_t n)
{
	while (n) {
		size_t len = utf8_char(s, n);

		if (!len)
			return false;
		s += len;
		n -= len;
	}
	return true;
}
