/* SPDX-License-Identifier: Apache-2.0 */
/*
 * num_parse.c - tests num.c: what is a number, what is out of range, and that
 * what is printed reads back.
 */
#include <errno.h>
#include "base/num.h"
#include "check.h"

#define MS 1000000ULL
#define S (1000 * MS)

struct row {
	const char *text;
	int err;
	uint64_t value;
};

static void check_rows(int (*parse)(const char *, uint64_t, uint64_t, uint64_t *), uint64_t min,
		       uint64_t max, const struct row *rows, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		uint64_t v = 4711;
		int err = parse(rows[i].text, min, max, &v);

		if (err != rows[i].err || v != (err ? 4711 : rows[i].value))
			printf("# row \"%s\"\n", rows[i].text);
		CHECK_EQ(err, rows[i].err);
		CHECK_EQ(v, err ? 4711 : rows[i].value);
	}
}
#define ROWS(parse, min, max, ...) \
	check_rows(parse, min, max, (const struct row[]){ __VA_ARGS__ }, \
		   sizeof((const struct row[]){ __VA_ARGS__ }) / sizeof(struct row))

static void test_u64(void)
{
	ROWS(num_u64, 0, UINT64_MAX, { "0", 0, 0 }, { "007", 0, 7 },
	     { "18446744073709551615", 0, UINT64_MAX }, { "18446744073709551616", -ERANGE, 0 },
	     { "99999999999999999999999", -ERANGE, 0 }, { "184467440737095516160", -ERANGE, 0 },
	     { "99999999999999999999999x", -EINVAL, 0 },
	     { "", -EINVAL, 0 }, { "-1", -EINVAL, 0 }, { "+1", -EINVAL, 0 }, { " 1", -EINVAL, 0 },
	     { "1 ", -EINVAL, 0 }, { "0x10", -EINVAL, 0 }, { "1.5", -EINVAL, 0 }, { "1e3", -EINVAL, 0 });
}

static void test_range_ends(void)
{
	ROWS(num_u64, 5, 7, { "4", -ERANGE, 0 }, { "5", 0, 5 }, { "7", 0, 7 }, { "8", -ERANGE, 0 });
}

static void test_sizes(void)
{
	ROWS(num_size, 0, UINT64_MAX, { "65536", 0, 65536 }, { "64k", 0, 65536 }, { "64K", 0, 65536 },
	     { "64KiB", 0, 65536 }, { "8m", 0, 8 << 20 }, { "8MiB", 0, 8 << 20 }, { "1GiB", 0, 1 << 30 },
	     { "1g", 0, 1 << 30 }, { "17179869183GiB", 0, 17179869183ULL << 30 },
	     { "17179869184GiB", -ERANGE, 0 }, { "1KB", -EINVAL, 0 }, { "1t", -EINVAL, 0 },
	     { "k", -EINVAL, 0 }, { "1 k", -EINVAL, 0 }, { "1kk", -EINVAL, 0 }, { "", -EINVAL, 0 });
	ROWS(num_size, 1024, 4096, { "1023", -ERANGE, 0 }, { "1k", 0, 1024 }, { "5k", -ERANGE, 0 });
}

static void test_durations(void)
{
	ROWS(num_duration, 0, UINT64_MAX, { "0", 0, 0 }, { "3", 0, 3 * S }, { "3s", 0, 3 * S },
	     { "100ms", 0, 100 * MS }, { "5m", 0, 300 * S }, { "2h", 0, 7200 * S }, { "7d", 0, 604800 * S },
	     { "213503d", 0, 213503 * (86400 * S) }, { "213504d", -ERANGE, 0 }, { "1us", -EINVAL, 0 },
	     { "1.5s", -EINVAL, 0 }, { "ms", -EINVAL, 0 }, { "-1s", -EINVAL, 0 }, { "", -EINVAL, 0 });
}

static void check_range(const char *text, int err, uint64_t first, uint64_t last)
{
	uint64_t a = 4711, b = 4711;
	int is = num_range(text, 1, 65535, &a, &b);

	if (is != err)
		printf("# row \"%s\"\n", text);
	CHECK_EQ(is, err);
	CHECK_EQ(a, err ? 4711 : first);
	CHECK_EQ(b, err ? 4711 : last);
}

static void test_ranges(void)
{
	check_range("80", 0, 80, 80);
	check_range("80-90", 0, 80, 90);
	check_range("1-65535", 0, 1, 65535);
	check_range("7-7", 0, 7, 7);
	check_range("90-80", -EINVAL, 0, 0);
	check_range("0-80", -ERANGE, 0, 0);
	check_range("80-65536", -ERANGE, 0, 0);
	check_range("99999999999999999999", -ERANGE, 0, 0);
	check_range("1-99999999999999999999", -ERANGE, 0, 0);
	check_range("80-", -EINVAL, 0, 0);
	check_range("-80", -EINVAL, 0, 0);
	check_range("80-90-100", -EINVAL, 0, 0);
	check_range("80:90", -EINVAL, 0, 0);
	check_range("", -EINVAL, 0, 0);
}

static void check_formats(uint64_t v)
{
	char text[NUM_TEXT];
	uint64_t back = 0;

	CHECK_EQ(num_size(num_format_size(v, text), 0, UINT64_MAX, &back), 0);
	CHECK_EQ(back, v);
	v -= v % MS;
	CHECK_EQ(num_duration(num_format_duration(v, text), 0, UINT64_MAX, &back), 0);
	CHECK_EQ(back, v);
}

static void test_what_is_printed_reads_back(void)
{
	uint64_t v = 1;
	char text[NUM_TEXT];

	check_formats(0);
	check_formats(UINT64_MAX);
	for (int i = 0; i < 64; i++, v <<= 1) {
		check_formats(v);
		check_formats(v * 15);
		check_formats(v - 1);
	}
	CHECK_STR(num_format_size(8 << 20, text), "8MiB");
	CHECK_STR(num_format_size(1000, text), "1000");
	CHECK_STR(num_format_duration(100 * MS, text), "100ms");
	CHECK_STR(num_format_duration(86400 * S, text), "1d");
}

int main(void)
{
	RUN(test_u64);
	RUN(test_range_ends);
	RUN(test_sizes);
	RUN(test_durations);
	RUN(test_ranges);
	RUN(test_what_is_printed_reads_back);
	return check_done();
}
