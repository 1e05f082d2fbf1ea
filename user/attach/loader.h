/* SPDX-License-Identifier: Apache-2.0 */
/*
 * loader.h - opens, sets up and loads the BPF programs and their maps.
 *
 * Nothing is attached here. Everything goes with loader_close(), or with the
 * process.
 */
#ifndef NINETAP_LOADER_H
#define NINETAP_LOADER_H

#include <stdbool.h>
#include <stdint.h>
#include "base/options.h"
#include "ninetap/abi.h"

struct nt_bpf;

struct loader {
	struct nt_bpf *skel;
	uint64_t epoch;
	uint32_t cpus;			/* possible ones */
	uint32_t ring_bytes;
	int *ring_fds;			/* by CPU; -1: offline, no ring */
};

/*
 * replay: time and sequence come from struct nt_replay, and only_cpu alone
 * gets a ring; else -1: every CPU that is online.
 * 0 or -errno after the reason was logged.
 */
int loader_open(struct loader *l, const struct options *o, bool replay, int only_cpu)
	__attribute__((warn_unused_result));
void loader_close(struct loader *l);

/* The sysexits(3) code for an error of loader_open(). */
int loader_exit_code(int err);

/* Sum over all CPUs. 0 or -errno. */
int loader_counts(const struct loader *l, uint64_t counts[NT_COUNT_MAX])
	__attribute__((warn_unused_result));

/* Returns when every program run that began before the call has ended. 0 or -errno. */
int loader_synchronize(const struct loader *l) __attribute__((warn_unused_result));

#endif
