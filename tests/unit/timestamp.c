/* SPDX-License-Identifier: Apache-2.0 */
/*
 * timestamp.c - tests base/timestamp.c: text to nanoseconds and back, against
 * numbers that date(1) gave.
 */
#include <errno.h>
#include <time.h>
#include "base/timestamp.h"
#include "check.h"

#define SEC 1000000000LL

static const struct {
	const char *text;
	long long ns;
	const char *written;
} good[] = {
	{ "1970-01-01T00:00:00Z", 0, "1970-01-01T00:00:00Z" },
	{ "1969-12-31T23:59:59.999999999Z", -1, "1969-12-31T23:59:59.999999999Z" },
	{ "2026-11-21T22:00:00Z", 1795298400 * SEC, "2026-11-21T22:00:00Z" },
	{ "2026-11-21T22:00:00.25Z", 1795298400 * SEC + 250000000, "2026-11-21T22:00:00.25Z" },
	{ "2026-11-21 22:00:00.250000", 1795298400 * SEC + 250000000, "2026-11-21T22:00:00.25Z" },
	{ "2026-11-21t22:00:00z", 1795298400 * SEC, "2026-11-21T22:00:00Z" },
	{ "2026-11-21T22:00:00", 1795298400 * SEC, "2026-11-21T22:00:00Z" },
	{ "2026-11-22T07:00:00+09:00", 1795298400 * SEC, "2026-11-21T22:00:00Z" },
	{ "2026-11-21T18:30:00-03:30", 1795298400 * SEC, "2026-11-21T22:00:00Z" },
	{ "2026-11-21T22:00:00-00:00", 1795298400 * SEC, "2026-11-21T22:00:00Z" },
	{ "2026-11-21T22:00:00.000000001Z", 1795298400 * SEC + 1, "2026-11-21T22:00:00.000000001Z" },
	{ "2000-02-29T12:00:00Z", 951825600 * SEC, "2000-02-29T12:00:00Z" },
	{ "2024-12-31T23:59:59Z", 1735689599 * SEC, "2024-12-31T23:59:59Z" },
	{ "2016-12-31T23:59:60Z", 1483228800 * SEC, "2017-01-01T00:00:00Z" },
	{ "2016-12-31T23:59:60.75Z", 1483228800 * SEC, "2017-01-01T00:00:00Z" },
	{ "2017-01-01T08:59:60+09:00", 1483228800 * SEC, "2017-01-01T00:00:00Z" },
	{ "1678-01-01T00:00:00Z", -9214560000 * SEC, "1678-01-01T00:00:00Z" },
	{ "2261-12-31T23:59:59.999999999Z", 9214646399 * SEC + 999999999, "2261-12-31T23:59:59.999999999Z" },
};

static const struct {
	const char *text;
	int err;
} bad[] = {
	{ "", -EINVAL },
	{ "now", -EINVAL },
	{ "2026-11-21", -EINVAL },
	{ "2026-11-21T22:00Z", -EINVAL },
	{ "2026-11-21T22:00:00.Z", -EINVAL },
	{ "2026-11-21T22:00:00.1234567890Z", -EINVAL },
	{ "2026-11-21T22:00:00,5Z", -EINVAL },
	{ "2026-11-21T22:00:00+0900", -EINVAL },
	{ "2026-11-21T22:00:00+09:0", -EINVAL },
	{ "2026-11-21T22:00:00+09:00x", -EINVAL },
	{ "2026-11-21T22:00:00Zx", -EINVAL },
	{ "2026-11-21T22:00:00 Z", -EINVAL },
	{ " 2026-11-21T22:00:00Z", -EINVAL },
	{ "2026-11-21_22:00:00Z", -EINVAL },
	{ "+026-11-21T22:00:00Z", -EINVAL },
	{ "2026-1-21T22:00:00Z", -EINVAL },
	{ "1795298400", -EINVAL },
	{ "2026-00-21T22:00:00Z", -ERANGE },
	{ "2026-13-21T22:00:00Z", -ERANGE },
	{ "2026-11-00T22:00:00Z", -ERANGE },
	{ "2026-11-31T22:00:00Z", -ERANGE },
	{ "2026-02-29T22:00:00Z", -ERANGE },
	{ "1900-02-29T22:00:00Z", -ERANGE },
	{ "2026-11-21T24:00:00Z", -ERANGE },
	{ "2026-11-21T22:60:00Z", -ERANGE },
	{ "2026-11-21T22:00:61Z", -ERANGE },
	{ "2026-11-21T22:00:60Z", -ERANGE },
	{ "2016-12-31T23:59:60+09:00", -ERANGE },
	{ "2026-11-21T22:00:00+24:00", -ERANGE },
	{ "2026-11-21T22:00:00+09:60", -ERANGE },
	{ "0000-01-01T00:00:00Z", -ERANGE },
	{ "1677-12-31T23:59:59Z", -ERANGE },
	{ "1678-01-01T00:00:00+00:01", -ERANGE },
	{ "2262-01-01T00:00:00Z", -ERANGE },
	{ "9999-12-31T23:59:59Z", -ERANGE },
};

static void test_good(void)
{
	char text[TIMESTAMP_TEXT];

	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		int64_t ns = 4711;

		if (timestamp_parse(good[i].text, &ns) || ns != good[i].ns)
			printf("# row \"%s\"\n", good[i].text);
		CHECK_EQ(ns, good[i].ns);
		CHECK_STR(timestamp_format(ns, text), good[i].written);
	}
}

static void test_bad(void)
{
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		int64_t ns = 4711;
		int err = timestamp_parse(bad[i].text, &ns);

		if (err != bad[i].err)
			printf("# row \"%s\"\n", bad[i].text);
		CHECK_EQ(err, bad[i].err);
		CHECK_EQ(ns, 4711);
	}
}

/* Each day of 584 years, against the C library's calendar. */
static void test_calendar(void)
{
	char text[TIMESTAMP_TEXT], want[TIMESTAMP_TEXT];
	int wrong = 0;

	for (time_t t = -9214560000; t < 9214646400; t += 86400 - 1) {
		int64_t back = 0;
		struct tm tm;

		gmtime_r(&t, &tm);
		strftime(want, sizeof(want), "%Y-%m-%dT%H:%M:%SZ", &tm);
		wrong += strcmp(timestamp_format(t * SEC, text), want) != 0;
		wrong += timestamp_parse(text, &back) || back != t * SEC;
	}
	CHECK_EQ(wrong, 0);
}

static void test_any_number_can_be_written(void)
{
	char text[TIMESTAMP_TEXT];

	CHECK_STR(timestamp_format(INT64_MIN, text), "1677-09-21T00:12:43.145224192Z");
	CHECK_STR(timestamp_format(INT64_MAX, text), "2262-04-11T23:47:16.854775807Z");
}

int main(void)
{
	RUN(test_good);
	RUN(test_bad);
	RUN(test_calendar);
	RUN(test_any_number_can_be_written);
	return check_done();
}
