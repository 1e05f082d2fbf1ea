/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ledger_sample.h - a ledger of two CPUs and two interfaces whose figures all
 * differ, for the tests of what is made of it.
 */
#ifndef NINETAP_LEDGER_SAMPLE_H
#define NINETAP_LEDGER_SAMPLE_H

#include "ledger/ledger.h"

#define SAMPLE_CPUS 2
#define SAMPLE_SECOND INT64_C(1795300977)	/* 2026-11-21T22:42:57Z */

static const struct tag_origin sample_origin = { .box = "box-a", .epoch = 4822636712413839 };
static const struct ledger_iface sample_ifaces[] = {
	{ .name = "eth0", .plane = PLANE_DATA, .mode = NT_MODE_PACKET, .sample = 1 },
	{ .name = "q\"\\\n\xff", .mode = NT_MODE_SAMPLED, .sample = 16 },
};

/* CPUs 0 and 5: each word of theirs is 1,000,000 times cpu + 1, and its place. */
static inline void sample_cpus(struct ledger_cpu cpus[SAMPLE_CPUS])
{
	for (uint32_t i = 0; i < SAMPLE_CPUS; i++) {
		struct ledger_cpu *c = &cpus[i];
		uint64_t *counts = (uint64_t *)&c->counts, *outcome = (uint64_t *)&c->outcome;
		uint64_t base;

		*c = (struct ledger_cpu){ .cpu = 5 * i, .exact = true, .n = 1 };
		base = 1000000ULL * (c->cpu + 1);
		for (size_t w = 0; w < sizeof(c->counts) / sizeof(*counts); w++)
			counts[w] = base + w;
		for (size_t w = 0; w < sizeof(c->outcome) / sizeof(*outcome); w++)
			outcome[w] = base + 1000 + w;
		c->flows_open = (struct nt_tally){ base + 2000, base + 2001, base + 2002 };
		for (unsigned int r = 0; r < NT_LOSS_MAX; r++)
			c->flows_lost[r] = (struct nt_tally){ base + 4000 + r, base + 4100 + r, base + 4200 + r };
		c->ring_bytes = base + 3000;
		c->ring_fill_bytes = base + 3001;
	}
}

static inline struct ledger sample_ledger(const struct ledger_cpu cpus[SAMPLE_CPUS])
{
	struct ledger l = {
		.origin = &sample_origin, .ts_utc_ns = SAMPLE_SECOND * 1000000000,
		.start_utc_ns = SAMPLE_SECOND * 1000000000 - 1500000000, .cpus = cpus, .cpus_n = SAMPLE_CPUS,
		.ifaces = sample_ifaces, .ifaces_n = 2, .clock_error_ns = 25,
		.sink = {
			.accepted = 1, .delivered = 1, .spool_held = 11, .spool_held_bytes = 12, .spool_errors = 13,
			.producers = 14, .spool_lost_full = 15, .spool_lost_age = 16, .spool_lost_damaged = 17,
			.latency_ns = 12345678901,
		},
	};

	for (int i = 0; i < SINK_LATENCIES; i++)
		l.sink.latency[i] = (uint64_t)i + 1;
	return l;
}

#endif
