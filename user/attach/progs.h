/* SPDX-License-Identifier: Apache-2.0 */
/*
 * progs.h - BPF programs and maps by their kernel ids, and the names that
 * make a program one of ninetap's.
 *
 * Opening an object by id needs CAP_SYS_ADMIN: -EPERM without it.
 */
#ifndef NINETAP_PROGS_H
#define NINETAP_PROGS_H

#include <stdbool.h>
#include <stdint.h>

#define PROG_NAME_BYTES 16		/* BPF_OBJ_NAME_LEN */
#define PROG_MAPS_MAX 64

enum prog { PROG_XDP, PROG_TC_IN, PROG_TC_OUT, PROG_TC_IN_L3, PROG_TC_OUT_L3, PROG_MAX };
extern const char *const prog_names[PROG_MAX];

struct prog_facts {
	uint32_t id;
	uint32_t maps_n;
	uint32_t maps[PROG_MAPS_MAX];	/* ids of the maps that it uses */
	char name[PROG_NAME_BYTES];
};

int prog_facts_fd(int fd, struct prog_facts *out) __attribute__((warn_unused_result));

/* -ENOENT: no such program any more. */
int prog_facts_id(uint32_t id, struct prog_facts *out) __attribute__((warn_unused_result));

/* name is one of prog_names, alone or followed by ':' (as tc lists it). */
bool prog_is_ninetap(const char *name);

/* A descriptor of the map, which the caller closes, and its name; or -errno. */
int map_open_id(uint32_t id, char name[PROG_NAME_BYTES]) __attribute__((warn_unused_result));

#endif
