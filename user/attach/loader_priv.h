/* SPDX-License-Identifier: Apache-2.0 */
/*
 * loader_priv.h - what loader*.c share. Nobody else includes
 * it.
 */
#ifndef NINETAP_LOADER_PRIV_H
#define NINETAP_LOADER_PRIV_H

#include "attach/cpus.h"
#include "attach/loader.h"
#include "attach/pins.h"
#include "ninetap.skel.h"

/*
 * Before the load: sizes for so many CPUs; or, if pins are whole, the maps
 * that a ninetap before left, whose sizes stay, and this process as their
 * owner. -EPROTO: they are not of this layout. Logged.
 */
int loader_size_maps(struct loader *l, const struct options *o, uint32_t online)
	__attribute__((warn_unused_result));
int loader_adopt(struct loader *l, const struct options *o) __attribute__((warn_unused_result));

/* Of one CPU, so that those of all that are online stay within a bound; said, if it is less than wanted. */
uint32_t loader_bounded_ring_bytes(uint64_t wanted, uint32_t online);
uint32_t loader_bounded_flow_entries(uint32_t wanted, uint32_t online);

/* Why programs and maps can't be loaded, and what to do. */
void loader_log_failure(int err);

/* By the release that it names. */
bool loader_kernel_before(unsigned int major, unsigned int minor);

/* After it: what is shared with the programs, and rings and tables of those CPUs. */
int loader_share(struct loader *l) __attribute__((warn_unused_result));
int loader_make_cpus(struct loader *l, const struct cpus *online, int only_cpu)
	__attribute__((warn_unused_result));
void loader_free_maps(struct loader *l);

/* At last: pins programs and, unless they were adopted, maps. Logged. */
int loader_pin(struct loader *l) __attribute__((warn_unused_result));

/* The pin of a CPU's ring, and of a flow table by its place. */
void loader_ring_pin(char out[PINS_NAME_BYTES], uint32_t cpu);
void loader_table_pin(char out[PINS_NAME_BYTES], bool is_short, uint32_t at);

/* Whether it is of that layout. max_entries 0: of any size. */
struct layout {
	uint32_t type, key, value, entries;
};
bool loader_fits(int fd, const struct layout *want, uint32_t *entries);

#endif
