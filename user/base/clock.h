/* SPDX-License-Identifier: Apache-2.0 */
/*
 * clock.h - from the kernel's monotonic clock, which stamps packets, to UTC.
 *
 * The offset between the two moves with each correction of the time of day,
 * so it is measured again and again; a measurement is the best of a few
 * readings of the one clock between two of the other.
 */
#ifndef NINETAP_CLOCK_H
#define NINETAP_CLOCK_H

#include <stdint.h>
#include <time.h>

struct clock_offset {
	int64_t offset_ns;		/* UTC = CLOCK_MONOTONIC + offset_ns */
	int64_t error_ns;		/* half the width of the best reading */
	int64_t measured_ns;		/* CLOCK_MONOTONIC */
};

/* What that clock shows now; for a clock that every kernel has. */
int64_t clock_ns(clockid_t id);
int64_t clock_monotonic_ns(void);

void clock_measure(struct clock_offset *c);

/* Measures again if the last time is more than 100 ms ago. now_ns: CLOCK_MONOTONIC. */
void clock_refresh(struct clock_offset *c, int64_t now_ns);

#endif
