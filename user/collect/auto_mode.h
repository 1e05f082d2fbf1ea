/* SPDX-License-Identifier: Apache-2.0 */
/*
 * auto_mode.h - when interfaces with mode auto go from packet to flow records,
 * on to sampled ones, and back. Pure: a state, a look at the load each second,
 * and the level that follows.
 *
 * Up at once, down with hysteresis: only after a time without pressure that
 * doubles with each relapse, and from flows to packets only where fewer
 * packets come than when the rings were too slow, or after a long calm.
 */
#ifndef NINETAP_AUTO_MODE_H
#define NINETAP_AUTO_MODE_H

#include <stdbool.h>
#include <stdint.h>

#define AUTO_SAMPLE_MAX 1024U

struct auto_load {			/* of the last second */
	uint64_t events;		/* that came to the hooks */
	uint64_t overflow;		/* that found their ring full */
	uint64_t flows_full;		/* that found the flow table full */
	unsigned int ring_percent;	/* fill of the fullest ring */
	bool sink_behind;		/* it has no room, or waits for the spool */
};

struct auto_mode {
	uint32_t sample;		/* 0: packets; 1: flows; n: one packet in n, in flows */
	uint32_t calm, calm_wanted;	/* seconds without pressure; so many are enough */
	uint32_t since_recovery;	/* seconds */
	uint64_t too_many;		/* events a second that the rings could not follow */
};

/* The next second. Why the level changed, as in the event "mode", or NULL: it did not. */
const char *auto_mode_step(struct auto_mode *m, const struct auto_load *l);

#endif
