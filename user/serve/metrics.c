/* SPDX-License-Identifier: Apache-2.0 */
/*
 * metrics.c - which metrics there are; contract in metrics.h. How they are
 * written is metrics_put.c's.
 *
 * What adds up to seen is in the family of that unit: fates that are no loss
 * in ninetap_packets, losses in ninetap_lost_packets.
 */
#include <string.h>
#include "serve/metrics.h"
#include "serve/metrics_put.h"

/* The three figures of a tally, each a family of its own. */
struct unit {
	const char *name;
	size_t offset;			/* in struct nt_tally */
	const char *seen, *fates, *lost;
};
#define UNIT(name) \
	{ #name, offsetof(struct nt_tally, name), "ninetap_" #name "_seen", "ninetap_" #name, "ninetap_lost_" #name }
static const struct unit units[] = { UNIT(packets), UNIT(bytes), UNIT(events) };
#define UNITS (sizeof(units) / sizeof(units[0]))

static uint64_t figure(const struct unit *u, const struct nt_tally *t)
{
	return *(const uint64_t *)((const char *)t + u->offset);
}

static void put_seen(struct metrics *m, const struct ledger *l, const struct unit *u)
{
	metrics_family(m, u->seen, METRICS_COUNTER, NULL,
		       "What came to a hook, as on the wire; events are what the kernel handled, merged or not");
	for (size_t i = 0; i < l->cpus_n; i++) {
		metrics_label_number(m, "cpu", l->cpus[i].cpu);
		metrics_value(m, figure(u, &l->cpus[i].counts.seen));
	}
}

static void put_fates(struct metrics *m, const struct ledger *l, const struct unit *u)
{
	metrics_family(m, u->fates, METRICS_COUNTER, NULL, "What became of what was seen, where that is no loss");
	for (size_t i = 0; i < l->cpus_n; i++)
		for (int f = NT_COUNT_SEEN + 1; f < NT_COUNT_FATES_END; f++) {
			if (ledger_is_loss(f))
				continue;
			metrics_label_number(m, "cpu", l->cpus[i].cpu);
			metrics_label(m, "fate", ledger_count_names[f]);
			metrics_value(m, figure(u, ledger_fate(&l->cpus[i].counts, f)));
		}
}

static void put_loss(struct metrics *m, const char *stage, const char *reason, uint64_t v)
{
	metrics_label(m, "stage", stage);
	metrics_label(m, "reason", reason);
	metrics_value(m, v);
}

/* The spool knows of records alone, each of which stands for an event. */
static void put_spool_losses(struct metrics *m, const struct sink_stats *s, const struct unit *u)
{
	if (u->offset == offsetof(struct nt_tally, bytes))
		return;
	put_loss(m, "spool", "full", s->spool_lost_full);
	put_loss(m, "spool", "age", s->spool_lost_age);
	put_loss(m, "spool", "damaged", s->spool_lost_damaged);
}

static void put_kernel_losses(struct metrics *m, const struct ledger *l, const struct unit *u)
{
	for (int f = NT_COUNT_SEEN + 1; f < NT_COUNT_FATES_END; f++) {
		uint64_t sum = 0;

		if (!ledger_is_loss(f))
			continue;
		for (size_t i = 0; i < l->cpus_n; i++)
			sum += figure(u, ledger_fate(&l->cpus[i].counts, f));
		put_loss(m, "kernel", ledger_count_names[f], sum);
	}
}

static void put_user_losses(struct metrics *m, const struct ledger *l, const struct unit *u)
{
	for (int r = 0; r < NT_LOSS_MAX; r++) {
		uint64_t sum = 0;

		for (size_t i = 0; i < l->cpus_n; i++)
			sum += figure(u, &l->cpus[i].outcome.lost[r]) + figure(u, &l->cpus[i].flows_lost[r]);
		put_loss(m, "user", ledger_loss_names[r], sum);
	}
}

static void put_losses(struct metrics *m, const struct ledger *l, const struct unit *u)
{
	metrics_family(m, u->lost, METRICS_COUNTER, u->name,
		       "What was lost, by the stage that lost it; of the spool records, whatever they stand for");
	put_kernel_losses(m, l, u);
	put_user_losses(m, l, u);
	put_spool_losses(m, &l->sink, u);
}

/* A family with a value a CPU. */
struct by_cpu {
	const char *name;
	enum metrics_type type;
	const char *unit;
	size_t offset;			/* in struct ledger_cpu */
	const char *help;
};
#define OF(member) offsetof(struct ledger_cpu, member)
static const struct by_cpu by_cpu[] = {
	{ "ninetap_records_safe", METRICS_COUNTER, NULL, OF(outcome.safe.events),
	  "Records written, acknowledged by the broker, or in the spool" },
	{ "ninetap_records_unread", METRICS_COUNTER, NULL, OF(outcome.unread), "Records that were not asked for" },
	{ "ninetap_records_missing", METRICS_COUNTER, NULL, OF(outcome.missing),
	  "Numbers of records that were not in the ring: counted in the flow table instead, or lost" },
	{ "ninetap_flows_open_packets", METRICS_GAUGE, "packets", OF(flows_open.packets),
	  "Packets of flows that are not safe yet" },
	{ "ninetap_flows_open_bytes", METRICS_GAUGE, "bytes", OF(flows_open.bytes),
	  "Bytes of flows that are not safe yet" },
	{ "ninetap_flows_open_events", METRICS_GAUGE, "events", OF(flows_open.events),
	  "Events of flows that are not safe yet" },
	{ "ninetap_ring_bytes", METRICS_GAUGE, "bytes", OF(ring_bytes), "Size of the ring" },
	{ "ninetap_ring_fill_bytes", METRICS_GAUGE, "bytes", OF(ring_fill_bytes),
	  "Bytes in the ring that are not safe yet" },
};

static void put_by_cpu(struct metrics *m, const struct ledger *l, const struct by_cpu *f)
{
	metrics_family(m, f->name, f->type, f->unit, f->help);
	for (size_t i = 0; i < l->cpus_n; i++) {
		metrics_label_number(m, "cpu", l->cpus[i].cpu);
		metrics_value(m, *(const uint64_t *)((const char *)&l->cpus[i] + f->offset));
	}
}

static void put_notes(struct metrics *m, const struct ledger *l)
{
	metrics_family(m, "ninetap_notes", METRICS_COUNTER, NULL, "Packets, of any fate, that are worth a look");
	for (size_t i = 0; i < l->cpus_n; i++)
		for (int n = NT_COUNT_FATES_END; n < NT_COUNT_MAX; n++) {
			metrics_label_number(m, "cpu", l->cpus[i].cpu);
			metrics_label(m, "note", ledger_count_names[n]);
			metrics_value(m, ledger_note(&l->cpus[i].counts, n));
		}
}

/* Buckets count all that are not slower, in OpenMetrics as in Prometheus. */
static void put_delivery(struct metrics *m, const struct sink_stats *s)
{
	uint64_t sum = 0;

	metrics_family(m, "ninetap_kafka_delivery_seconds", METRICS_HISTOGRAM, "seconds",
		       "Time of a message from its batch's end to the broker's acknowledgement");
	for (int i = 0; i < SINK_LATENCIES; i++) {
		sum += s->latency[i];
		if (i < SINK_LATENCIES - 1)
			metrics_label_seconds(m, "le", (UINT64_C(1) << i) * 1000000);
		else
			metrics_label(m, "le", "+Inf");
		metrics_part(m, "_bucket", sum);
	}
	metrics_part(m, "_count", sum);
	metrics_part_seconds(m, "_sum", s->latency_ns);
}

static void put_one(struct metrics *m, const char *name, enum metrics_type type, const char *unit, uint64_t v,
		    const char *help)
{
	metrics_family(m, name, type, unit, help);
	metrics_value(m, v);
}

static void put_sink(struct metrics *m, const struct sink_stats *s)
{
	put_one(m, "ninetap_spool_bytes", METRICS_GAUGE, "bytes", s->spool_held_bytes,
		"Bytes that wait on disk for Kafka");
	put_one(m, "ninetap_spool_records", METRICS_GAUGE, "records", s->spool_held,
		"Records that wait on disk for Kafka");
	put_one(m, "ninetap_spool_errors", METRICS_COUNTER, NULL, s->spool_errors,
		"Writes and syncs of the spool that failed; nothing is lost by them alone");
	put_one(m, "ninetap_kafka_producers", METRICS_COUNTER, NULL, s->producers,
		"Producers that were made anew, after a fatal error or an outage");
	put_delivery(m, s);
}

static void put_interfaces(struct metrics *m, const struct ledger *l)
{
	metrics_family(m, "ninetap_interface_mode", METRICS_GAUGE, NULL, "1: the mode that is in force");
	for (size_t i = 0; i < l->ifaces_n; i++) {
		metrics_label(m, "iface", l->ifaces[i].name);
		metrics_label(m, "mode", ledger_mode_names[l->ifaces[i].mode]);
		metrics_value(m, 1);
	}
	metrics_family(m, "ninetap_interface_sample", METRICS_GAUGE, NULL, "One in so many packets is recorded");
	for (size_t i = 0; i < l->ifaces_n; i++) {
		metrics_label(m, "iface", l->ifaces[i].name);
		metrics_value(m, l->ifaces[i].sample);
	}
}

static void put_run(struct metrics *m, const struct ledger *l)
{
	metrics_family(m, "ninetap_build", METRICS_INFO, NULL, "Version of ninetap");
	metrics_label(m, "version", NINETAP_VERSION);
	metrics_value(m, 1);
	metrics_family(m, "ninetap_epoch", METRICS_INFO, NULL,
		       "Epoch of the records: it is new when their numbers restart");
	metrics_label_number(m, "epoch", l->origin->epoch);
	metrics_value(m, 1);
	metrics_family(m, "ninetap_start_time_seconds", METRICS_GAUGE, "seconds",
		       "When this process began, since 1970-01-01T00:00:00Z");
	metrics_part_seconds(m, "", (uint64_t)l->start_utc_ns);
	metrics_family(m, "ninetap_clock_error_seconds", METRICS_GAUGE, "seconds",
		       "Uncertainty of the offset from the kernel's clock to UTC");
	metrics_part_seconds(m, "", (uint64_t)l->clock_error_ns);
}

int metrics_text(struct buf *out, const struct ledger *l, bool openmetrics)
{
	struct metrics m = { .out = out, .openmetrics = openmetrics };

	for (size_t i = 0; i < UNITS; i++) {
		put_seen(&m, l, &units[i]);
		put_fates(&m, l, &units[i]);
		put_losses(&m, l, &units[i]);
	}
	for (size_t i = 0; i < sizeof(by_cpu) / sizeof(by_cpu[0]); i++)
		put_by_cpu(&m, l, &by_cpu[i]);
	put_notes(&m, l);
	put_sink(&m, &l->sink);
	put_interfaces(&m, l);
	put_run(&m, l);
	return metrics_end(&m);
}
