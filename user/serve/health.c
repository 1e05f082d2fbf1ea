/* SPDX-License-Identifier: Apache-2.0 */
/*
 * health.c - whether a run does what it shall; contract in health.h.
 */
#include "serve/health.h"

/* Records of which is known what became of them. */
static uint64_t settled(const struct sink_stats *s)
{
	uint64_t sum = s->delivered + s->spooled;

	for (int i = 0; i < NT_LOSS_MAX; i++)
		sum += s->lost[i];
	return sum;
}

/* With a spool an outage of Kafka is none of the output: what waits becomes safe on disk. */
static bool sink_waits(struct health *h, const struct sink_stats *s, int64_t now_ns)
{
	uint64_t now = settled(s);

	if (now != h->settled || now >= s->accepted || !h->settled_ns) {
		h->settled = now;
		h->settled_ns = now_ns;
	}
	return now_ns - h->settled_ns > HEALTH_SINK_NS;
}

static bool spool_fails(struct health *h, const struct sink_stats *s, int64_t now_ns)
{
	if (s->spool_errors != h->spool_errors) {
		h->spool_errors = s->spool_errors;
		h->spool_error_ns = now_ns;
	}
	return h->spool_error_ns && now_ns - h->spool_error_ns <= HEALTH_SPOOL_NS;
}

const char *health_check(struct health *h, const struct ledger *l, int64_t now_ns)
{
	bool waits = sink_waits(h, &l->sink, now_ns), fails = spool_fails(h, &l->sink, now_ns);

	if (l->worker_idle_ns > HEALTH_WORKER_NS)
		return "a worker has not looked at its rings for more than 5 s";
	if (waits)
		return "the output has made nothing safe for more than 10 s, and records wait";
	if (fails)
		return "the spool could not be written within the last minute";
	return NULL;
}
