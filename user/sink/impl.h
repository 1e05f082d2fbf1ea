/* SPDX-License-Identifier: Apache-2.0 */
/*
 * impl.h - what the kinds of sink share: the table of their verbs and the
 * ledger. For user/sink alone.
 *
 * Each kind embeds struct sink as its first member and allocates itself with
 * calloc; sink.c fills the ledger and frees both. Counters have one writer,
 * the thread that owns the sink, and any number of readers.
 */
#ifndef NINETAP_SINK_IMPL_H
#define NINETAP_SINK_IMPL_H

#include <stdatomic.h>
#include <stddef.h>
#include "base/sink_spec.h"
#include "sink/sink.h"

#define SINK_CPUS 65536U		/* nt_record.cpu has 16 bits; untouched pages cost nothing */

struct sink_ops {
	int (*put)(struct sink *s, const struct batch *b);	/* counts all of b */
	void (*poll)(struct sink *s);
	void (*close)(struct sink *s, int timeout_ms);		/* not struct sink itself */
};

struct sink {
	const struct sink_ops *ops;
	_Atomic uint64_t accepted, delivered, lost[SINK_LOSS_MAX];
	_Atomic uint64_t *cpu_lost;	/* SINK_CPUS of them */
};

/* *out is allocated and complete but for the ledger. 0 or -errno, logged. */
int stdout_open(struct sink **out, const struct sink_settings *s) __attribute__((warn_unused_result));
int file_open(struct sink **out, const struct sink_settings *s,
	      const struct sink_spec *spec) __attribute__((warn_unused_result));
int kafka_open(struct sink **out, const struct sink_settings *s,
	       const struct sink_spec *spec) __attribute__((warn_unused_result));

void sink_delivered(struct sink *s, uint64_t records);
void sink_loses(struct sink *s, uint32_t cpu, enum sink_loss why, uint64_t records);

#endif
