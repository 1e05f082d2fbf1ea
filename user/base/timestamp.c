/* SPDX-License-Identifier: Apache-2.0 */
/*
 * timestamp.c - RFC 3339, sections 5.6 and 5.7, against the proleptic
 * Gregorian calendar. strptime(3) and timegm(3) are not used: they know
 * locales, take blanks and signs, and accept the 31st of February.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include "base/timestamp.h"

#define SEC INT64_C(1000000000)
#define DAY 86400
#define YEAR_MIN 1678
#define YEAR_MAX 2261

struct civil {
	int year, month, day, hour, minute, second;
	int32_t fraction;		/* ns */
	int zone;			/* minutes east of Greenwich */
};

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* Reads n digits; *s goes behind them. */
static bool take(const char **s, int n, int *out)
{
	int v = 0;

	for (int i = 0; i < n; i++) {
		if (!is_digit((*s)[i]))
			return false;
		v = v * 10 + ((*s)[i] - '0');
	}
	*s += n;
	*out = v;
	return true;
}

static bool take_char(const char **s, char c)
{
	if (**s != c)
		return false;
	++*s;
	return true;
}

static bool take_fraction(const char **s, int32_t *ns)
{
	int32_t unit = (int32_t)SEC;

	if (!take_char(s, '.'))
		return true;
	if (!is_digit(**s))
		return false;
	for (; is_digit(**s) && unit > 1; ++*s) {
		unit /= 10;
		*ns += unit * (**s - '0');
	}
	return !is_digit(**s);
}

/* The zone, and the end of the text. */
static int take_zone(const char *s, int *minutes)
{
	bool west = *s == '-';
	int h, m;

	if (!*s || ((*s == 'Z' || *s == 'z') && !s[1]))
		return 0;
	if (!west && *s != '+')
		return -EINVAL;
	s++;
	if (!take(&s, 2, &h) || !take_char(&s, ':') || !take(&s, 2, &m) || *s)
		return -EINVAL;
	if (h > 23 || m > 59)
		return -ERANGE;
	*minutes = west ? -(h * 60 + m) : h * 60 + m;
	return 0;
}

static int take_all(const char *s, struct civil *c)
{
	if (!take(&s, 4, &c->year) || !take_char(&s, '-') || !take(&s, 2, &c->month) || !take_char(&s, '-') ||
	    !take(&s, 2, &c->day))
		return -EINVAL;
	if (!take_char(&s, 'T') && !take_char(&s, 't') && !take_char(&s, ' '))
		return -EINVAL;
	if (!take(&s, 2, &c->hour) || !take_char(&s, ':') || !take(&s, 2, &c->minute) || !take_char(&s, ':') ||
	    !take(&s, 2, &c->second) || !take_fraction(&s, &c->fraction))
		return -EINVAL;
	return take_zone(s, &c->zone);
}

static bool is_leap(int year)
{
	return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

static int month_days(int year, int month)
{
	static const int days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };

	return days[month - 1] + (month == 2 && is_leap(year));
}

static bool in_calendar(const struct civil *c)
{
	return c->month >= 1 && c->month <= 12 && c->day >= 1 && c->day <= month_days(c->year, c->month) &&
	       c->hour <= 23 && c->minute <= 59 && c->second <= 60;
}

/* Days from 1970-01-01 to a first of January; years from 1 on. */
static int64_t days_to_year(int year)
{
	int before = year - 1;

	return 365 * (int64_t)before + before / 4 - before / 100 + before / 400 - 719162;
}

static int64_t to_seconds(const struct civil *c)
{
	int64_t days = days_to_year(c->year) + c->day - 1;

	for (int month = 1; month < c->month; month++)
		days += month_days(c->year, month);
	return days * DAY + c->hour * 3600 + c->minute * 60 + c->second - c->zone * 60;
}

int timestamp_parse(const char *text, int64_t *ns)
{
	struct civil c = { 0 };
	int64_t seconds;
	int err = take_all(text, &c);

	if (err)
		return err;
	if (c.year < 1 || !in_calendar(&c))
		return -ERANGE;
	seconds = to_seconds(&c);
	if (seconds < days_to_year(YEAR_MIN) * DAY || seconds >= days_to_year(YEAR_MAX + 1) * DAY)
		return -ERANGE;
	if (c.second == 60 && seconds % DAY)
		return -ERANGE;			/* leap seconds end a day of UTC */
	*ns = seconds * SEC + (c.second == 60 ? 0 : c.fraction);
	return 0;
}

static void to_civil(int64_t seconds, struct civil *c)
{
	int64_t days = seconds / DAY - (seconds % DAY < 0);
	int rest = (int)(seconds - days * DAY);

	c->year = 1970 + (int)(days / 366);	/* near; the loops go the rest */
	while (days_to_year(c->year + 1) <= days)
		c->year++;
	while (days_to_year(c->year) > days)
		c->year--;
	days -= days_to_year(c->year);
	for (c->month = 1; days >= month_days(c->year, c->month); c->month++)
		days -= month_days(c->year, c->month);
	c->day = (int)days + 1;
	c->hour = rest / 3600;
	c->minute = rest / 60 % 60;
	c->second = rest % 60;
}

const char *timestamp_format(int64_t ns, char out[TIMESTAMP_TEXT])
{
	int64_t fraction = ns % SEC + (ns % SEC < 0 ? SEC : 0);
	int64_t seconds = ns / SEC - (ns % SEC < 0);
	struct civil c = { 0 };
	int digits = 9, n;

	to_civil(seconds, &c);
	n = snprintf(out, TIMESTAMP_TEXT, "%04u-%02u-%02uT%02u:%02u:%02u", (unsigned int)c.year % 10000U,
		     (unsigned int)c.month % 100U, (unsigned int)c.day % 100U, (unsigned int)c.hour % 100U,
		     (unsigned int)c.minute % 100U, (unsigned int)c.second % 100U);
	for (; digits && fraction % 10 == 0; digits--)
		fraction /= 10;
	if (digits)
		n += snprintf(out + n, (size_t)(TIMESTAMP_TEXT - n), ".%0*u", digits, (unsigned int)fraction);
	snprintf(out + n, (size_t)(TIMESTAMP_TEXT - n), "Z");
	return out;
}
