/* SPDX-License-Identifier: Apache-2.0 */
/*
 * impl.h - what the kinds of sink share: the table of their verbs, the ledger
 * and the reports. For user/sink alone.
 *
 * Each kind embeds struct sink as its first member and allocates itself with
 * calloc; sink_free() frees both. Counters have one writer, the thread that
 * owns the sink, and any number of readers.
 */
#ifndef NINETAP_SINK_IMPL_H
#define NINETAP_SINK_IMPL_H

#include <stdatomic.h>
#include <stddef.h>
#include "base/sink_spec.h"
#include "sink/sink.h"

#define SINK_CPUS 65536U		/* nt_record.cpu has 16 bits; untouched pages cost nothing */

/* A batch, as it is told apart from others in reports. */
struct sink_batch {
	enum stream stream;
	uint32_t cpu;
	uint64_t ticket;
};

struct sink_ops {
	int (*put)(struct sink *s, struct batch *b, uint64_t ticket);	/* b->count > 0 */
	bool (*has_room)(const struct sink *s);
	void (*poll)(struct sink *s);
	void (*stats)(const struct sink *s, struct sink_stats *out);	/* what is its own; may be NULL */
	void (*close)(struct sink *s, int timeout_ms);		/* not struct sink itself */
};

struct sink {
	const struct sink_ops *ops;
	sink_reported *reported;
	void *arg;
	unsigned int streams;		/* bits: those that have an output */
	int fd;				/* sink_wake_fd(); the kind's to open and close */
	_Atomic uint64_t accepted, delivered, spooled, lost[NT_LOSS_MAX], producers;
	_Atomic uint64_t latency[SINK_LATENCIES], latency_ns;
	_Atomic uint64_t *cpu_lost;	/* SINK_CPUS of them */
};

/* *out is allocated and complete. specs: valid where s->output is not NULL. 0 or -errno, logged. */
typedef int sink_opener(struct sink **out, const struct sink_settings *s, const struct sink_spec specs[STREAM_MAX])
	__attribute__((warn_unused_result));
sink_opener stdout_open, file_open, kafka_open;

/* For openers: s is zeroed. 0 or -ENOMEM. */
int sink_init(struct sink *s, const struct sink_ops *ops, const struct sink_settings *set)
	__attribute__((warn_unused_result));
void sink_free(struct sink *s);

void sink_count(_Atomic uint64_t *counter, uint64_t n);
void sink_takes(struct sink *s, uint64_t records);
void sink_delivered(struct sink *s, uint64_t records);
void sink_loses(struct sink *s, const struct sink_batch *b, enum nt_loss why, uint64_t records);

/* Takes, loses and reports all of b. -EINVAL, for put. */
int sink_lose_batch(struct sink *s, const struct batch *b, uint64_t ticket, enum nt_loss why);

/* Of a batch of which each record was counted: safe, but for those that are lost. */
void sink_report(struct sink *s, const struct sink_batch *b, uint64_t lost, enum nt_loss why);

#endif
