/* SPDX-License-Identifier: Apache-2.0 */
/*
 * loader_priv.h - what loader.c and loader_maps.c share. Nobody else includes
 * it.
 */
#ifndef NINETAP_LOADER_PRIV_H
#define NINETAP_LOADER_PRIV_H

#include "attach/cpus.h"
#include "attach/loader.h"
#include "ninetap.skel.h"

/* Before the load: sizes for so many CPUs, or what a ninetap before left. */
int loader_size_maps(struct loader *l, const struct options *o, uint32_t online)
	__attribute__((warn_unused_result));

/* After it: what is shared with the programs, and rings and tables of those CPUs. */
int loader_share(struct loader *l) __attribute__((warn_unused_result));
int loader_make_cpus(struct loader *l, const struct cpus *online, int only_cpu)
	__attribute__((warn_unused_result));
void loader_free_maps(struct loader *l);

#endif
