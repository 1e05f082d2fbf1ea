/* SPDX-License-Identifier: Apache-2.0 */
/*
 * instance.h - ninetap's instances, found in the kernel and nowhere else.
 *
 * An instance is a map named nt_instance with the programs that are bound to
 * it; clsact filters keep all of them after a kill -9. Whether the process
 * lives is told by a map of its own, nt_hold, which the kernel takes away with
 * the process. Pins (pins.h) keep an instance without a process.
 */
#ifndef NINETAP_INSTANCE_H
#define NINETAP_INSTANCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <linux/types.h>
#include "ninetap/abi.h"
#include "attach/progs.h"

struct instance {
	struct nt_instance facts;
	uint32_t map_id;		/* of nt_instance */
	uint32_t counts_id, rings_id, ifaces_id; /* 0: not there */
	uint32_t *progs;		/* ids, in the order of their loading; of instances_find() alone */
	size_t progs_n;
	bool here;			/* in this process's network namespace */
	bool alive;			/* its process lives */
};

struct instances {
	struct instance *list;
	size_t n;
};

/*
 * Makes nt_hold, and this process the one that has the map nt_instance.
 * *hold is the descriptor to keep open as long as the instance runs.
 */
int instance_claim(int *hold, uint64_t epoch, int instance_map) __attribute__((warn_unused_result));

/*
 * Binds the maps that user space alone uses to the programs, nt_instance among
 * them: then the instance is found. After instance_claim(): who can see
 * nt_instance must not take us for dead.
 */
int instance_bind(const int *maps, size_t maps_n, const int *progs, size_t progs_n)
	__attribute__((warn_unused_result));

/* All instances of this kernel. -EPERM: CAP_SYS_ADMIN is missing. */
int instances_find(struct instances *out) __attribute__((warn_unused_result));
void instances_free(struct instances *i);

/* Says that `verb`, which looked for them, failed; the sysexits(3) code. */
int instances_failure(const char *verb, int err);

/* The one that a program belongs to, or NULL. */
const struct instance *instances_of(const struct instances *i, uint32_t prog_id);

/* The same, looked up in the kernel: -ENOENT if the program has none. */
int instance_of_prog(uint32_t prog_id, struct instance *out) __attribute__((warn_unused_result));

#endif
