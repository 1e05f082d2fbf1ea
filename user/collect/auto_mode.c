// SPDX-License-Identifier: Apache-2.0
/*
 * auto_mode.c - see auto_mode.h.
 */
#include "collect/auto_mode.h"

#include <stddef.h>

#define RING_HIGH_PERCENT 75U
#define CALM_MIN 5U
#define CALM_MAX 300U
#define RELAPSE_WITHIN 60U
#define FEWER_PERCENT 70U		/* of the events that were too many */

static const char *pressure(const struct auto_mode *m, const struct auto_load *l)
{
	if (m->sample)
		return l->flows_full ? "flows" : NULL;
	if (l->overflow || l->flows_full || l->ring_percent >= RING_HIGH_PERCENT)
		return l->sink_behind ? "sink" : "ring";
	return NULL;
}

static void up(struct auto_mode *m, const struct auto_load *l)
{
	bool relapse = m->since_recovery < RELAPSE_WITHIN && m->calm_wanted;

	if (!m->sample) {
		m->too_many = l->events;
		m->calm_wanted = relapse ? 2 * m->calm_wanted : CALM_MIN;
	}
	if (m->calm_wanted > CALM_MAX)
		m->calm_wanted = CALM_MAX;
	m->sample = m->sample ? m->sample * 2 : 1;
	m->calm = 0;
	m->since_recovery = RELAPSE_WITHIN;	/* counts from a recovery, not from here */
}

/* From sampling step by step; from flows to packets where that can hold. */
static bool may_go_down(const struct auto_mode *m, const struct auto_load *l)
{
	if (m->calm < m->calm_wanted || l->sink_behind)
		return false;
	return m->sample > 1 || l->events * 100 <= m->too_many * FEWER_PERCENT || m->calm >= CALM_MAX;
}

const char *auto_mode_step(struct auto_mode *m, const struct auto_load *l)
{
	const char *why = pressure(m, l);

	if (m->since_recovery < RELAPSE_WITHIN)
		m->since_recovery++;
	if (why) {
		m->calm = 0;
		if (m->sample >= AUTO_SAMPLE_MAX)
			return NULL;
		up(m, l);
		return why;
	}
	m->calm++;
	if (!m->sample || !may_go_down(m, l))
		return NULL;
	m->sample /= 2;
	m->calm = 0;
	m->since_recovery = 0;
	return "recovered";
}
