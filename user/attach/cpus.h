/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cpus.h - how many CPUs there can be, and which are online.
 */
#ifndef NINETAP_CPUS_H
#define NINETAP_CPUS_H

#include <stdbool.h>
#include <stdint.h>

struct cpus {
	bool *online;			/* by number, `possible` entries; owned */
	uint32_t possible;
	uint32_t online_n;
};

/* 0 or -errno; cpus_free() either way. */
int cpus_read(struct cpus *c) __attribute__((warn_unused_result));
void cpus_free(struct cpus *c);
bool cpus_has(const struct cpus *c, uint32_t cpu);

#endif
