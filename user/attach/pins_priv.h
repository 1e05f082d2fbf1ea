/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pins_priv.h - what pins.c (one folder) and pins_folders.c (all of them)
 * share. Nobody else includes it.
 */
#ifndef NINETAP_PINS_PRIV_H
#define NINETAP_PINS_PRIV_H

#include <limits.h>
#include "attach/pins.h"

struct pins {
	char path[PATH_MAX];
	int lock;			/* the folder, open and locked; -1 */
	bool whole;
};

/* The last part of the path. -ENAMETOOLONG. */
int pins_folder_name(char out[NAME_MAX + 1], uint64_t netns, const char *instance)
	__attribute__((warn_unused_result));

/* Opens and locks p->path. -ENOENT: it is not there; -EWOULDBLOCK: somebody else holds it. */
int pins_lock(struct pins *p) __attribute__((warn_unused_result));

/*
 * What nt_instance of that folder says. -ENOENT: it has none; -EPROTO: not a
 * map of this version's size. map_id may be NULL.
 */
int pins_facts(const struct pins *p, struct nt_instance *out, uint32_t *map_id)
	__attribute__((warn_unused_result));

/* Removes what is in it. 0 or the first -errno. */
int pins_empty(const struct pins *p);

#endif
