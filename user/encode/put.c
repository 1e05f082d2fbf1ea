/* SPDX-License-Identifier: Apache-2.0 */
/*
 * put.c - addresses and times as text; contract in put.h. On the way of every
 * JSON record, so there is no printf(3) and no libc conversion here.
 */
#include "encode/put.h"

#define WORDS 8				/* of an IPv6 address */
#define DAY_SECONDS 86400
#define NS_PER_SECOND 1000000000

const char put_pairs[200] =
	"0001020304050607080910111213141516171819"
	"2021222324252627282930313233343536373839"
	"4041424344454647484950515253545556575859"
	"6061626364656667686970717273747576777879"
	"8081828384858687888990919293949596979899";

/* Index 0 stands for one digit, which 0 has, too. */
const uint64_t put_powers[20] = {
	0, 10, 100, 1000, 10000, 100000, 1000000, 10000000, 100000000, 1000000000, 10000000000,
	100000000000, 1000000000000, 10000000000000, 100000000000000, 1000000000000000,
	10000000000000000, 100000000000000000, 1000000000000000000, 10000000000000000000ULL,
};

static unsigned char *put_octet(unsigned char *p, uint32_t v)
{
	if (v >= 100) {
		*p++ = '0' + v / 100;
		return put_pair(p, v % 100);
	}
	if (v >= 10)
		return put_pair(p, v);
	*p++ = '0' + v;
	return p;
}

static unsigned char *put_quad(unsigned char *p, const __u8 *a)
{
	for (int i = 0; i < 4; i++) {
		p = put_octet(p, a[i]);
		*p++ = '.';
	}
	return p - 1;
}

static unsigned char *put_hex(unsigned char *p, uint32_t word)
{
	int shift = word > 0xfff ? 12 : word > 0xff ? 8 : word > 0xf ? 4 : 0;

	for (; shift >= 0; shift -= 4)
		*p++ = "0123456789abcdef"[word >> shift & 0xf];
	return p;
}

struct run {
	int begin, len;
};

/* The first of the longest runs of zero words; a single one isn't shortened. */
static struct run zero_run(const uint32_t *word)
{
	struct run best = { -1, 1 };

	for (int i = 0, len = 0; i < WORDS; i++) {
		len = word[i] ? 0 : len + 1;
		if (len > best.len)
			best = (struct run){ i + 1 - len, len };
	}
	return best;
}

/* ::a.b.c.d and ::ffff:a.b.c.d (RFC 4291, 2.5.5), but not :: and ::1. */
static int ends_in_quad(const uint32_t *word, struct run zeros)
{
	return zeros.begin == 0 && (zeros.len == 6 || (zeros.len == 5 && word[5] == 0xffff));
}

static unsigned char *put_ipv6(unsigned char *p, const __u8 *a)
{
	uint32_t word[WORDS];
	struct run zeros;
	int words;

	for (int i = 0; i < WORDS; i++)
		word[i] = (uint32_t)a[2 * i] << 8 | a[2 * i + 1];
	zeros = zero_run(word);
	words = ends_in_quad(word, zeros) ? WORDS - 2 : WORDS;
	for (int i = 0; i < words; i++) {
		if (i == zeros.begin) {
			*p++ = ':';
			i += zeros.len - 1;
			if (i + 1 == WORDS)
				*p++ = ':';
			continue;
		}
		if (i)
			*p++ = ':';
		p = put_hex(p, word[i]);
	}
	if (words == WORDS)
		return p;
	*p++ = ':';
	return put_quad(p, a + 12);
}

unsigned char *put_addr(unsigned char *p, struct nt_addr addr)
{
	return addr.version == 4 ? put_quad(p, addr.bytes) : put_ipv6(p, addr.bytes);
}

/*
 * Days since 1970-01-01 to a date of the Gregorian calendar. Counted in eras
 * of 400 years that begin on 1 March, so that the leap day ends a year.
 */
static unsigned char *put_date(unsigned char *p, int64_t days)
{
	int64_t since = days + 719468;	/* days from 0000-03-01 to 1970-01-01 */
	int64_t era = (since >= 0 ? since : since - 146096) / 146097;
	uint32_t day = since - era * 146097;
	uint32_t year = (day - day / 1460 + day / 36524 - day / 146096) / 365;
	uint32_t of_year = day - (365 * year + year / 4 - year / 100);
	uint32_t month = (5 * of_year + 2) / 153; /* 0 is March */
	uint32_t of_month = of_year - (153 * month + 2) / 5 + 1;

	p = put_digits(p, era * 400 + year + (month >= 10), 4);
	*p++ = '-';
	p = put_pair(p, month < 10 ? month + 3 : month - 9);
	*p++ = '-';
	return put_pair(p, of_month);
}

static void stamp_set(struct stamp *s, int64_t second)
{
	int64_t days = (second - (second < 0 ? DAY_SECONDS - 1 : 0)) / DAY_SECONDS;
	uint32_t rest = second - days * DAY_SECONDS;
	unsigned char *p = put_date((unsigned char *)s->text, days);

	*p++ = 'T';
	p = put_pair(p, rest / 3600);
	*p++ = ':';
	p = put_pair(p, rest / 60 % 60);
	*p++ = ':';
	p = put_pair(p, rest % 60);
	*p = '.';
	s->second = second;
	s->valid = 1;
}

unsigned char *put_time(unsigned char *p, struct stamp *s, int64_t ns)
{
	int64_t second = ns / NS_PER_SECOND;
	uint32_t rest;

	if (ns < second * NS_PER_SECOND)
		second--;		/* before 1970: the second that it is in */
	rest = ns - (uint64_t)second * NS_PER_SECOND;
	if (!s->valid || s->second != second)
		stamp_set(s, second);
	p = put_bytes(p, s->text, sizeof(s->text));
	p = put_digits(p, rest, 9);
	*p++ = 'Z';
	return p;
}
