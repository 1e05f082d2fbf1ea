/* SPDX-License-Identifier: Apache-2.0 */
/*
 * show_read.h - what show prints, read from the kernel alone: instances with
 * their counters and rings, and where their programs are attached in this
 * network namespace, seen from the interfaces.
 */
#ifndef NINETAP_SHOW_READ_H
#define NINETAP_SHOW_READ_H

#include "attach/chain.h"
#include "attach/instance.h"

struct shown_cpu {
	uint64_t counts[NT_COUNT_MAX];
	uint64_t ring_bytes;		/* 0: this CPU has no ring */
	uint64_t ring_fill;		/* bytes not read yet */
};

struct shown_instance {
	const struct instance *instance;
	struct shown_cpu *cpus;		/* NULL: of another version, or not readable */
	uint32_t cpus_n;
	uint64_t sum[NT_COUNT_MAX];
	int64_t since_ns;		/* UTC */
};

/* chain.progs[own] is ours; those before it may end the chain. */
struct shown_place {
	char iface[IFNAMSIZ];
	enum nt_dir dir;
	struct chain chain;
	size_t own;
	const struct instance *instance;
};

struct shown {
	struct instances all;
	struct shown_instance *instances;
	size_t instances_n;
	struct shown_place *places;
	size_t places_n;
};

/* 0 or -errno; show_free() whatever comes back. */
int show_read(struct shown *out) __attribute__((warn_unused_result));
void show_free(struct shown *s);

/* Prints everything as one JSON object. 0 or -errno. */
int show_json(const struct shown *s) __attribute__((warn_unused_result));

#endif
