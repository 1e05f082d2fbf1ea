/* SPDX-License-Identifier: Apache-2.0 */
/*
 * encode_put.c - the small writers against libc: addresses as inet_ntop(3),
 * times as gmtime_r(3), numbers as snprintf(3); text that is not UTF-8.
 */
#include <arpa/inet.h>
#include <inttypes.h>
#include <stdlib.h>
#include <time.h>
#include "check.h"
#include "sample.h"
#include "encode/put.h"
#include "encode/varint.h"

#define ROUNDS 100000

static int ends(unsigned char *begin, unsigned char *end)
{
	*end = '\0';
	return end - begin;
}

static int address_differs(const unsigned char *a, int version)
{
	unsigned char ours[64];
	char libc[INET6_ADDRSTRLEN];

	ends(ours, put_addr(ours, (struct nt_addr){ a, version }));
	inet_ntop(version == 4 ? AF_INET : AF_INET6, a, libc, sizeof(libc));
	if (!strcmp((char *)ours, libc))
		return 0;
	printf("# %s is not %s\n", ours, libc);
	return 1;
}

static void test_addresses_random(void)
{
	uint64_t state = 1;
	unsigned char a[16];
	int wrong = 0;

	for (int i = 0; i < ROUNDS && wrong < 5; i++) {
		sample_address(&state, a, i & 1 ? 4 : 6);
		wrong += address_differs(a, i & 1 ? 4 : 6);
	}
	CHECK_EQ(wrong, 0);
}

/* Every pattern of zero, one-digit, wide and 0xffff words that RFC 5952 and glibc treat apart. */
static void test_addresses_patterns(void)
{
	static const uint16_t words[] = { 0, 1, 0xffff, 0x0abc };
	unsigned char a[16];
	int wrong = 0;

	for (uint32_t pattern = 0; pattern < 1 << 16 && wrong < 5; pattern++) {
		for (int i = 0; i < 8; i++) {
			uint16_t word = words[pattern >> (2 * i) & 3];

			a[2 * i] = word >> 8;
			a[2 * i + 1] = word;
		}
		wrong += address_differs(a, 6);
	}
	CHECK_EQ(wrong, 0);
}

static void test_addresses_octets(void)
{
	int wrong = 0;

	for (int i = 0; i < 256; i++) {
		unsigned char a[4] = { i, 255 - i, i, 0 };

		wrong += address_differs(a, 4);
	}
	CHECK_EQ(wrong, 0);
}

static int time_differs(struct stamp *s, int64_t ns)
{
	unsigned char ours[PUT_TIME_MAX + 1];
	char libc[64], text[80];
	int64_t second = ns / 1000000000 - (ns % 1000000000 < 0);
	time_t clock = second;
	struct tm tm;

	ends(ours, put_time(ours, s, ns));
	strftime(libc, sizeof(libc), "%Y-%m-%dT%H:%M:%S", gmtime_r(&clock, &tm));
	snprintf(text, sizeof(text), "%s.%09" PRId64 "Z", libc, (ns % 1000000000 + 1000000000) % 1000000000);
	if (!strcmp((char *)ours, text))
		return 0;
	printf("# %s is not %s\n", ours, text);
	return 1;
}

static void test_times(void)
{
	static const int64_t edges[] = {
		0, 1, 999999999, 1000000000, -1, -1000000000, -1000000001, INT64_MAX, INT64_MIN,
		951782400000000000 /* 2000-02-29 */, 951868799999999999, 951868800000000000,
		1709164799999999999 /* 2024-02-28 */, 4107542400000000000 /* 2100-03-01 */,
		4107542399999999999, -2203891200000000000 /* 1900-03-01 */, -2203891200000000001,
	};
	struct stamp s = { 0 };
	uint64_t state = 2;
	int wrong = 0;

	for (size_t i = 0; i < sizeof(edges) / sizeof(*edges); i++)
		wrong += time_differs(&s, edges[i]);
	for (int i = 0; i < ROUNDS && wrong < 5; i++)
		wrong += time_differs(&s, (int64_t)sample_random(&state));
	CHECK_EQ(wrong, 0);
}

static void test_days(void)
{
	struct stamp s = { 0 };
	int wrong = 0;

	for (int64_t day = -106751; day < 106751 && wrong < 5; day++)
		wrong += time_differs(&s, day * 86400000000000);
	CHECK_EQ(wrong, 0);
}

/* The cached second is left as soon as another comes, and is right when it returns. */
static void test_time_cache(void)
{
	struct stamp s = { 0 };

	CHECK(!time_differs(&s, 1795298802123456789));
	CHECK(!time_differs(&s, 1795298802999999999));
	CHECK(!time_differs(&s, 1795298803000000000));
	CHECK(!time_differs(&s, 1795298802000000001));
}

static int number_differs(uint64_t v)
{
	unsigned char ours[PUT_U64_MAX + 1];
	char libc[32];

	ends(ours, put_u64(ours, v));
	snprintf(libc, sizeof(libc), "%" PRIu64, v);
	return strcmp((char *)ours, libc) != 0;
}

static void test_numbers(void)
{
	uint64_t state = 3;
	int wrong = 0;

	for (uint64_t power = 1; power <= UINT64_MAX / 10; power *= 10)
		wrong += number_differs(power - 1) + number_differs(power) + number_differs(power + 1);
	for (int i = 0; i < ROUNDS; i++)
		wrong += number_differs(sample_random(&state) >> (i % 64));
	wrong += number_differs(UINT64_MAX) + number_differs(0);
	CHECK_EQ(wrong, 0);
}

static void check_text(const char *in, const char *want)
{
	unsigned char out[256];
	size_t n = ends(out, put_text(out, in));

	CHECK_STR((char *)out, want);
	CHECK_EQ(text_size(in), n);
}

#define NO "\xef\xbf\xbd"

static void test_text(void)
{
	check_text("", "");
	check_text("eth0", "eth0");
	check_text("\xc3\xbc\xe2\x82\xac\xf0\x9f\x90\x9d\xf4\x8f\xbf\xbf", "\xc3\xbc\xe2\x82\xac\xf0\x9f\x90\x9d\xf4\x8f\xbf\xbf");
	check_text("\xff", NO);
	check_text("a\x80z", "a" NO "z");
	check_text("\xc0\xaf", NO NO);		/* overlong */
	check_text("\xed\xa0\x80", NO NO NO);	/* surrogate */
	check_text("\xf4\x90\x80\x80", NO NO NO NO);
	check_text("cut\xe2\x82", "cut" NO NO);
	check_text("\xf0\x9f\x90", NO NO NO);
}

static void check_json_text(const char *in, const char *want)
{
	unsigned char out[256];

	ends(out, put_json_text(out, in));
	CHECK_STR((char *)out, want);
}

static void test_json_text(void)
{
	check_json_text("q\"b\\", "q\\\"b\\\\");
	check_json_text("\x01\n\x1f\x7f", "\\u0001\\u000a\\u001f\x7f");
	check_json_text("\xc3\xbc\xff", "\xc3\xbc" NO);
}

static void check_varint(int64_t v, const char *hex)
{
	unsigned char bytes[PUT_VARINT_MAX];
	size_t n = put_varint(bytes, v) - bytes;
	char text[2 * PUT_VARINT_MAX + 1] = "";

	for (size_t i = 0; i < n; i++)
		sprintf(text + 2 * i, "%02x", bytes[i]);
	CHECK_STR(text, hex);
}

/* The specification's examples, and the ends. */
static void test_varints(void)
{
	check_varint(0, "00");
	check_varint(-1, "01");
	check_varint(1, "02");
	check_varint(-64, "7f");
	check_varint(64, "8001");
	check_varint(INT64_MAX, "feffffffffffffffff01");
	check_varint(INT64_MIN, "ffffffffffffffffff01");
}

/* The quick ways write what the plain one does. */
static int varint_differs(int64_t v)
{
	unsigned char plain[PUT_VARINT_MAX], count[PUT_VARINT_MAX + PUT_VARINT_SLACK], ns[PUT_VARINT_MAX + PUT_VARINT_SLACK];
	size_t n = put_varint(plain, v) - plain;

	if ((size_t)(put_ns(ns, v) - ns) != n || memcmp(ns, plain, n))
		return 1;
	return v >= 0 && ((size_t)(put_count(count, v) - count) != n || memcmp(count, plain, n));
}

static void test_quick_varints(void)
{
	uint64_t state = 1;
	int wrong = 0;

	for (int bits = 0; bits < 64; bits++)
		for (int64_t near = -2; near <= 2; near++)
			wrong += varint_differs((int64_t)((1ULL << bits) + near));
	for (int i = 0; i < ROUNDS; i++)
		wrong += varint_differs((int64_t)(sample_random(&state) >> sample_random(&state) % 64));
	CHECK_EQ(wrong, 0);
}

int main(void)
{
	RUN(test_addresses_random);
	RUN(test_addresses_patterns);
	RUN(test_addresses_octets);
	RUN(test_times);
	RUN(test_days);
	RUN(test_time_cache);
	RUN(test_numbers);
	RUN(test_text);
	RUN(test_json_text);
	RUN(test_varints);
	RUN(test_quick_varints);
	return check_done();
}
