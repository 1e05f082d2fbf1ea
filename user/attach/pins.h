/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pins.h - the folder on a bpffs where maps, programs and links of an
 * instance outlive its process.
 *
 * ROOT/v<ABI>/net-<inode of the network namespace>-<instance>/, where bytes
 * of the name that are not letters, digits, "_" or "-" are written as %XX.
 * Who works on a folder holds a lock on it: a locked one has a living owner.
 * The map nt_instance is the last to be pinned and the first to be removed,
 * so that a folder that has it is whole. What a folder holds, by name: maps
 * under their own names, ring_<cpu>, flows_short_<i> and flows_long_<i> (i
 * being the place in the array of maps), prog_<id>, and
 * link_<ifindex>_<in|out>_<xdp|tcx>.
 *
 * A NULL folder is one without pins: putting does nothing, and nothing is
 * found. Nothing is logged but by pins_open().
 */
#ifndef NINETAP_PINS_H
#define NINETAP_PINS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "ninetap/abi.h"

#define PINS_NAME_BYTES 64		/* of a pin, its end included */
#define PINS_INSTANCE "nt_instance"

struct pins;

/*
 * Makes and locks this instance's folder. 0 with *out NULL: nothing will be
 * pinned, as `root` wants ("off" or NULL), or as was warned of. Else what was
 * left there is whole and of this version and namespace (pins_whole()), or
 * there is nothing: the rest was removed. -EBUSY: its owner lives; -EPROTO:
 * it is another version's; logged, and nothing was touched.
 */
int pins_open(struct pins **out, const char *root, const char *instance) __attribute__((warn_unused_result));

/* Unlocks it; what is pinned stays. NULL is fine. */
void pins_close(struct pins *p);

/* Whether a whole set of maps was there when the folder was opened. */
bool pins_whole(const struct pins *p);

/* Whether one is there now: not if somebody removed it since, and then nothing outlives this process. */
bool pins_stand(const struct pins *p);

/* A descriptor of what is pinned, which the caller closes; -ENOENT. */
int pins_get(const struct pins *p, const char *name) __attribute__((warn_unused_result));

/* 0 or -errno; -EEXIST. */
int pins_put(const struct pins *p, const char *name, int fd) __attribute__((warn_unused_result));

/* A link is detached then, at once and whoever else holds it. */
void pins_remove(const struct pins *p, const char *name);

/* Every pin's name that begins so, in a list of its own: cb may remove. -errno, or what cb returned if not 0. */
int pins_each(const struct pins *p, const char *prefix, int (*cb)(const char *name, void *arg), void *arg)
	__attribute__((warn_unused_result));

/* Removes every pin and the folder: programs go on nowhere. 0 or the first -errno. */
int pins_clear(struct pins *p);

/* Folders of any instance, namespace and version, for who clears them (pins_folders.c). */
struct pins_folder {
	struct pins *pins;		/* NULL until it was locked */
	char *path;
	uint32_t version;
	uint64_t netns;			/* inode */
	struct nt_instance facts;	/* zero if it has none that can be read */
	uint32_t map_id;		/* of nt_instance; 0 likewise */
};

struct pins_folders {
	struct pins_folder *list;
	size_t n;
};

/* All below that root; if there is no such root: none. pins_folders_free() whatever comes back. */
int pins_folders_read(struct pins_folders *out, const char *root) __attribute__((warn_unused_result));
void pins_folders_free(struct pins_folders *f);

/* -EWOULDBLOCK: its owner lives; -ENOENT: it is gone. Locked until pins_folders_free(). */
int pins_folder_lock(struct pins_folder *f) __attribute__((warn_unused_result));

/* Whether the folder is that instance's, by the name that its user knows. */
bool pins_folder_is(const struct pins_folder *f, const char *instance);

#endif
