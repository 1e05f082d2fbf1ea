/* SPDX-License-Identifier: Apache-2.0 */
/*
 * put.h - the small writers that the encoders are made of.
 *
 * Each writes at p and returns the end of what it wrote; the caller has made
 * room (PUT_*_MAX bytes). Nothing is terminated by a NUL. Stages private to
 * user/encode/.
 */
#ifndef NINETAP_ENCODE_PUT_H
#define NINETAP_ENCODE_PUT_H

#include <stdint.h>
#include <string.h>
#include <linux/types.h>
#include "ninetap/abi.h"

#define PUT_U64_MAX 20U
#define PUT_ADDR_MAX 48U		/* 45 characters at most */
#define PUT_TIME_MAX 30U

/* "00" to "99"; 0, then the powers of ten from 10 on. */
extern const char put_pairs[200];
extern const uint64_t put_powers[20];

/* An address and its IP version, 4 or 6. */
struct nt_addr {
	const __u8 *bytes;
	uint8_t version;
};

static inline struct nt_addr nt_addr(const struct nt_layer *l, const __u8 *bytes)
{
	return (struct nt_addr){ bytes, l->version };
}

static inline unsigned char *put_bytes(unsigned char *p, const void *bytes, size_t n)
{
	memcpy(p, bytes, n);
	return p + n;
}

static inline unsigned char *put_pair(unsigned char *p, uint32_t v)
{
	return put_bytes(p, put_pairs + 2 * v, 2);
}

/* Decimal digits of v: 1233 / 4096 is a little more than log10(2). */
static inline unsigned int put_width(uint64_t v)
{
	unsigned int bits = 64 - __builtin_clzll(v | 1);
	unsigned int width = bits * 1233 >> 12;

	return width + 1 - (v < put_powers[width]);
}

/* Backwards, two digits a step: no copy behind it. */
static inline unsigned char *put_u64(unsigned char *p, uint64_t v)
{
	unsigned char *end = p + put_width(v), *q = end;

	for (; v >= 100; v /= 100) {
		q -= 2;
		put_pair(q, v % 100);
	}
	if (v >= 10)
		put_pair(q - 2, v);
	else
		q[-1] = '0' + v;
	return end;
}

/* Exactly digits decimal digits, zeros in front. */
static inline unsigned char *put_digits(unsigned char *p, uint32_t v, unsigned int digits)
{
	unsigned int left = digits;

	for (; left >= 2; left -= 2, v /= 100)
		put_pair(p + left - 2, v % 100);
	if (left)
		*p = '0' + v;
	return p + digits;
}

/* As inet_ntop(3) prints it: RFC 5952, and dotted quads as glibc puts them. */
unsigned char *put_addr(unsigned char *p, struct nt_addr addr);

/*
 * RFC 3339, UTC, nine decimals. The text of the last second is kept in the
 * stamp, as most records share it; zero-initialised is valid.
 */
struct stamp {
	char text[20];			/* "2026-11-21T22:06:42." */
	int64_t second;			/* that it stands for */
	int valid;
};
unsigned char *put_time(unsigned char *p, struct stamp *s, int64_t ns);

/*
 * Text that came from outside: what is not UTF-8 (RFC 3629) becomes U+FFFD,
 * a byte at a time. text_size is what put_text writes, at most 3 bytes a byte.
 */
size_t text_size(const char *s);
unsigned char *put_text(unsigned char *p, const char *s);

/* The same as the inside of a JSON string (RFC 8259, section 7), at most 6 bytes a byte. */
unsigned char *put_json_text(unsigned char *p, const char *s);

#endif
