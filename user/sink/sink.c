// SPDX-License-Identifier: Apache-2.0
/*
 * sink.c - the end of the data path: hands batches to the kind of sink that
 * the output names, and keeps the ledger of what became of their records.
 *
 * It writes nothing itself; see stdout.c, file.c and kafka.c.
 */
#include <errno.h>
#include <stdlib.h>
#include "base/log.h"
#include "sink/impl.h"

static void add(_Atomic uint64_t *counter, uint64_t n)
{
	atomic_fetch_add_explicit(counter, n, memory_order_relaxed);
}

static uint64_t get(const _Atomic uint64_t *counter)
{
	return atomic_load_explicit(counter, memory_order_relaxed);
}

void sink_delivered(struct sink *s, uint64_t records)
{
	add(&s->delivered, records);
}

void sink_loses(struct sink *s, uint32_t cpu, enum sink_loss why, uint64_t records)
{
	add(&s->lost[why], records);
	if (cpu < SINK_CPUS)
		add(&s->cpu_lost[cpu], records);
}

int sink_framing(const char *output, enum framing *out)
{
	struct sink_spec spec;
	int err = sink_spec_parse(&spec, output);

	if (!err)
		*out = spec.kind == SINK_KAFKA ? FRAMING_MESSAGE : FRAMING_STREAM;
	return err;
}

static int open_kind(struct sink **out, const struct sink_settings *s, const struct sink_spec *spec)
{
	switch (spec->kind) {
	case SINK_STDOUT:
		return stdout_open(out, s);
	case SINK_FILE:
		return file_open(out, s, spec);
	case SINK_KAFKA:
		return kafka_open(out, s, spec);
	}
	return -EINVAL;
}

int sink_open(struct sink **out, const struct sink_settings *settings)
{
	_Atomic uint64_t *cpu_lost;
	struct sink_spec spec;
	int err;

	*out = NULL;
	err = sink_spec_parse(&spec, settings->output);
	if (err)
		return err;
	cpu_lost = calloc(SINK_CPUS, sizeof(*cpu_lost));
	if (!cpu_lost) {
		log_error("open output %s: out of memory", settings->output);
		return -ENOMEM;
	}
	err = open_kind(out, settings, &spec);
	if (err)
		free(cpu_lost);
	else
		(*out)->cpu_lost = cpu_lost;
	return err;
}

int sink_put(struct sink *s, const struct batch *b)
{
	if (!b->count)
		return 0;
	add(&s->accepted, b->count);
	return s->ops->put(s, b);
}

void sink_poll(struct sink *s)
{
	s->ops->poll(s);
}

uint64_t sink_lost(const struct sink *s, uint32_t cpu)
{
	return cpu < SINK_CPUS ? get(&s->cpu_lost[cpu]) : 0;
}

void sink_get_stats(const struct sink *s, struct sink_stats *out)
{
	out->accepted = get(&s->accepted);
	out->delivered = get(&s->delivered);
	for (int i = 0; i < SINK_LOSS_MAX; i++)
		out->lost[i] = get(&s->lost[i]);
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
	free(s->cpu_lost);
	free(s);
}
