// SPDX-License-Identifier: Apache-2.0
/*
 * sink.c - the end of the data path: hands batches to the kind of sink that
 * the outputs name, and keeps the ledger of what became of their records.
 *
 * It writes nothing itself; see stdout.c, file.c and kafka.c.
 */
#include <errno.h>
#include <stdlib.h>
#include "base/log.h"
#include "sink/impl.h"

static uint64_t get(const _Atomic uint64_t *counter)
{
	return atomic_load_explicit(counter, memory_order_relaxed);
}

void sink_count(_Atomic uint64_t *counter, uint64_t n)
{
	atomic_fetch_add_explicit(counter, n, memory_order_relaxed);
}

void sink_takes(struct sink *s, uint64_t records)
{
	sink_count(&s->accepted, records);
}

void sink_delivered(struct sink *s, uint64_t records)
{
	sink_count(&s->delivered, records);
}

void sink_loses(struct sink *s, const struct sink_batch *b, enum nt_loss why, uint64_t records)
{
	sink_count(&s->lost[why], records);
	if (b->stream == STREAM_PACKETS && b->cpu < SINK_CPUS)
		sink_count(&s->cpu_lost[b->cpu], records);
}

void sink_report(struct sink *s, const struct sink_batch *b, uint64_t lost, enum nt_loss why)
{
	struct sink_report r = {
		.stream = b->stream, .cpu = b->cpu, .ticket = b->ticket, .lost = lost, .why = why,
	};

	if (s->reported)
		s->reported(s->arg, &r);
}

int sink_lose_batch(struct sink *s, const struct batch *b, uint64_t ticket, enum nt_loss why)
{
	struct sink_batch id = { b->stream, b->cpu, ticket };

	sink_takes(s, b->count);
	sink_loses(s, &id, why, b->count);
	sink_report(s, &id, b->count, why);
	return -EINVAL;
}

int sink_init(struct sink *s, const struct sink_ops *ops, const struct sink_settings *set)
{
	s->ops = ops;
	s->reported = set->reported;
	s->arg = set->arg;
	s->fd = -1;
	for (int i = 0; i < STREAM_MAX; i++)
		s->streams |= set->output[i] ? 1U << i : 0;
	s->cpu_lost = calloc(SINK_CPUS, sizeof(*s->cpu_lost));
	return s->cpu_lost ? 0 : -ENOMEM;
}

void sink_free(struct sink *s)
{
	if (s)
		free(s->cpu_lost);
	free(s);
}

int sink_framing(const char *output, enum framing *out)
{
	struct sink_spec spec;
	int err = sink_spec_parse(&spec, output);

	if (!err)
		*out = spec.kind == SINK_KAFKA ? FRAMING_MESSAGE : FRAMING_STREAM;
	return err;
}

/* *first: a stream that has an output. */
static int parse_all(struct sink_spec specs[STREAM_MAX], const struct sink_settings *set, int *first)
{
	*first = -1;
	for (int i = 0; i < STREAM_MAX; i++) {
		int err = set->output[i] ? sink_spec_parse(&specs[i], set->output[i]) : 0;

		if (err)
			return err;
		if (set->output[i] && *first < 0)
			*first = i;
		if (set->output[i] && specs[i].kind != specs[*first].kind) {
			log_error("open output \"%s\": of another kind than \"%s\"", set->output[i], set->output[*first]);
			return -EINVAL;
		}
	}
	if (*first < 0)
		log_error("open outputs: there are none");
	return *first < 0 ? -EINVAL : 0;
}

int sink_open(struct sink **out, const struct sink_settings *set)
{
	static sink_opener *const openers[] = {
		[SINK_STDOUT] = stdout_open, [SINK_FILE] = file_open, [SINK_KAFKA] = kafka_open,
	};
	struct sink_spec specs[STREAM_MAX] = { 0 };
	int first, err;

	*out = NULL;
	err = parse_all(specs, set, &first);
	return err ? err : openers[specs[first].kind](out, set, specs);
}

int sink_put(struct sink *s, struct batch *b, uint64_t ticket)
{
	if (!b->count) {
		sink_report(s, &(struct sink_batch){ b->stream, b->cpu, ticket }, 0, 0);
		return 0;
	}
	if (!(s->streams & 1U << b->stream))
		return sink_lose_batch(s, b, ticket, NT_LOSS_WRITE);	/* that is off */
	return s->ops->put(s, b, ticket);
}

bool sink_has_room(const struct sink *s)
{
	return s->ops->has_room(s);
}

void sink_poll(struct sink *s)
{
	s->ops->poll(s);
}

int sink_wake_fd(const struct sink *s)
{
	return s->fd;
}

uint64_t sink_lost(const struct sink *s, uint32_t cpu)
{
	return cpu < SINK_CPUS ? get(&s->cpu_lost[cpu]) : 0;
}

void sink_get_stats(const struct sink *s, struct sink_stats *out)
{
	*out = (struct sink_stats){
		.delivered = get(&s->delivered),
		.spooled = get(&s->spooled),
		.producers = get(&s->producers),
		.latency_ns = get(&s->latency_ns),
	};
	for (int i = 0; i < NT_LOSS_MAX; i++)
		out->lost[i] = get(&s->lost[i]);
	for (int i = 0; i < SINK_LATENCIES; i++)
		out->latency[i] = get(&s->latency[i]);
	out->accepted = get(&s->accepted);	/* last: what is safe or lost was accepted before */
	if (s->ops->stats)
		s->ops->stats(s, out);
}

void sink_close(struct sink *s, int timeout_ms, struct sink_stats *out)
{
	if (!s && out)
		*out = (struct sink_stats){ 0 };
	if (!s)
		return;
	s->ops->close(s, timeout_ms);
	if (out)
		sink_get_stats(s, out);
	sink_free(s);
}
