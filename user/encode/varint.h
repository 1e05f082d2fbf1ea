/* SPDX-License-Identifier: Apache-2.0 */
/*
 * varint.h - Avro's int and long: zigzag, then 7 bits a byte, the lowest first
 * (Avro 1.11, "Binary Encoding"). Private to user/encode/.
 *
 * Half of what a record costs is spent here: most numbers take one byte or
 * two, so those have ways of their own, and longer ones are spread over a word
 * and stored whole, whatever their length. That writes up to PUT_VARINT_SLACK
 * bytes behind the end that is returned.
 */
#ifndef NINETAP_ENCODE_VARINT_H
#define NINETAP_ENCODE_VARINT_H

#include <endian.h>
#include <stdint.h>
#include <string.h>

#define PUT_VARINT_MAX 10U
#define PUT_VARINT_SLACK 8U

static inline unsigned char *put_varint(unsigned char *p, int64_t value)
{
	uint64_t v = ((uint64_t)value << 1) ^ (uint64_t)(value >> 63);

	for (; v > 0x7f; v >>= 7)
		*p++ = v | 0x80;
	*p++ = v;
	return p;
}

/* The low 56 bits, 7 of them a byte. */
static inline uint64_t spread(uint64_t v)
{
	v = (v & 0x000000000fffffff) | (v & 0x00fffffff0000000) << 4;
	v = (v & 0x00003fff00003fff) | (v & 0x0fffc0000fffc000) << 2;
	return (v & 0x007f007f007f007f) | (v & 0x3f803f803f803f80) << 1;
}

/* v < 2^56. All bytes but the last say by their highest bit that there is more. */
static inline unsigned char *put_spread(unsigned char *p, uint64_t v)
{
	uint64_t last;

	v = spread(v);
	last = (63 - __builtin_clzll(v | 1)) & 56; /* bits in front of the last byte */
	v = htole64(v | 0x0080808080808080 >> (56 - last));
	memcpy(p, &v, sizeof(v));
	return p + last / 8 + 1;
}

/* A number of 0 and above. */
static inline unsigned char *put_count(unsigned char *p, uint64_t value)
{
	uint64_t v = value << 1;

	if (v < 1 << 7) {
		p[0] = v;
		return p + 1;
	}
	p[0] = v | 0x80;
	if (v < 1 << 14) {
		p[1] = v >> 7;
		return p + 2;
	}
	p[1] = v >> 7 | 0x80;
	if (v < 1 << 21) {
		p[2] = v >> 14;
		return p + 3;
	}
	return v < 1ULL << 56 ? put_spread(p, v) : put_varint(p, (int64_t)value);
}

/* Nanoseconds since 1970: nine bytes from 1971 to 2116. */
static inline unsigned char *put_ns(unsigned char *p, int64_t ns)
{
	uint64_t v = (uint64_t)ns << 1, low;

	if (ns < 0 || v >> 56 == 0 || v >> 63)
		return put_varint(p, ns);
	low = htole64(spread(v) | 0x8080808080808080);
	memcpy(p, &low, sizeof(low));
	p[8] = v >> 56;
	return p + 9;
}

#endif
