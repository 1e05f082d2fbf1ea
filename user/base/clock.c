// SPDX-License-Identifier: Apache-2.0
/*
 * clock.c - see clock.h. Steps of the time of day are followed within 100 ms;
 * packets of that time keep the offset of before.
 */
#include "base/clock.h"

#define READINGS 5
#define REFRESH_NS 100000000

int64_t clock_ns(clockid_t id)
{
	struct timespec t;

	clock_gettime(id, &t);
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

int64_t clock_monotonic_ns(void)
{
	return clock_ns(CLOCK_MONOTONIC);
}

void clock_measure(struct clock_offset *c)
{
	c->error_ns = INT64_MAX;
	for (int i = 0; i < READINGS; i++) {
		int64_t before = clock_monotonic_ns();
		int64_t utc = clock_ns(CLOCK_REALTIME);
		int64_t after = clock_monotonic_ns();
		int64_t half = (after - before) / 2;

		if (half >= c->error_ns)
			continue;
		c->error_ns = half;
		c->offset_ns = utc - (before + half);
		c->measured_ns = after;
	}
}

void clock_refresh(struct clock_offset *c, int64_t now_ns)
{
	if (now_ns - c->measured_ns > REFRESH_NS)
		clock_measure(c);
}
