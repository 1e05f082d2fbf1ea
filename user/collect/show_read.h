/* SPDX-License-Identifier: Apache-2.0 */
/*
 * show_read.h - what show prints, read from the kernel alone: instances with
 * their ledger, rings, flow tables and pins, and where their programs are
 * attached in this network namespace, seen from the interfaces.
 *
 * It looks on: nothing in the kernel changes, and no lock is taken.
 */
#ifndef NINETAP_SHOW_READ_H
#define NINETAP_SHOW_READ_H

#include "attach/chain.h"
#include "attach/instance.h"
#include "ninetap/abi.h"

/* Of one CPU, or the sum of all. Counters of a running program are not of one moment. */
struct shown_cpu {
	struct nt_counts counts;
	struct nt_outcome outcome;
	struct nt_tally flows_open;	/* counted as flow or overflow, and not in a flow record that is safe */
	uint64_t ring_bytes;		/* 0: this CPU has no ring */
	uint64_t ring_fill;		/* bytes not safe yet */
	uint64_t flows, flows_max;	/* entries of its flow tables, and how many those in use hold */
};

struct shown_instance {
	const struct instance *instance;
	struct shown_cpu *cpus;		/* NULL: of another version, or not readable */
	uint32_t cpus_n;
	struct shown_cpu all;
	int64_t since_ns;		/* UTC */
	char *pinned;			/* as what --instance it is pinned; NULL: it is not */
};

/* chain.progs[own] is ours; those before it may end the chain. */
struct shown_place {
	char iface[IFNAMSIZ];
	enum nt_dir dir;
	struct chain chain;
	size_t own;
	const struct instance *instance;
	struct nt_iface_mode mode;	/* in force; NT_MODE_MAX: not readable */
	bool first;			/* of this instance at this interface */
};

struct shown {
	struct instances all;
	struct shown_instance *instances;
	size_t instances_n;
	struct shown_place *places;
	size_t places_n;
};

/* pins: the folder of --pins, "off" or NULL. 0 or -errno; show_free() whatever comes back. */
int show_read(struct shown *out, const char *pins) __attribute__((warn_unused_result));
void show_free(struct shown *s);

bool show_has_place(const struct shown *s, const struct instance *of);

/* Prints everything as one JSON object. 0 or -errno. */
int show_json(const struct shown *s) __attribute__((warn_unused_result));

/* Prints {"modes": [...]} of the instances that are wanted; likewise. */
int show_json_modes(const struct shown *s, bool (*wanted)(const struct shown_instance *i, const char *name),
		    const char *name) __attribute__((warn_unused_result));

/* An instance's map by name: a descriptor that the caller closes, or -ENOENT, or another -errno (show_maps.c). */
int show_map(const struct instance *i, const char *name) __attribute__((warn_unused_result));

/* Parts of show_read(). 0 or -errno; -EPROTO: the maps are of another version. */
int show_read_maps(struct shown_instance *i) __attribute__((warn_unused_result));
void show_read_modes(struct shown *s);
int show_read_pins(struct shown *s, const char *pins) __attribute__((warn_unused_result));

#endif
