/* SPDX-License-Identifier: Apache-2.0 */
/*
 * utf8.h - is this UTF-8 (RFC 3629: no surrogates, nothing overlong)?
 */
#ifndef NINETAP_UTF8_H
#define NINETAP_UTF8_H

#include <stdbool.h>
#include <stddef.h>

/* Bytes (1 to 4) of the character that the n bytes at s begin with; 0: not UTF-8, or n is 0. */
size_t utf8_char(const char *s, size_t n);

bool utf8_valid(const char *s, size_t n);

#endif
