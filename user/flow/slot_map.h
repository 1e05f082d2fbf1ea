/* SPDX-License-Identifier: Apache-2.0 */
/*
 * slot_map.h - the memory of slots: ordinary, or a map of the kernel's, of
 * which a piece is mapped only as long as somebody holds a slot in it. For the
 * kernel makes all of such a mapping resident at once, touched or not: tens of
 * MB that are in no use where no packet is counted by flow. For slots.c alone.
 */
#ifndef NINETAP_FLOW_SLOT_MAP_H
#define NINETAP_FLOW_SLOT_MAP_H

#include <stddef.h>
#include <stdint.h>
#include "ninetap/abi.h"

#define SLOT_PIECE 256U			/* slots; 128 KiB, whole pages of any machine */

struct slot_memory {
	struct nt_flow_slot *at;	/* shared, stays the caller's; NULL: */
	int fd;				/* the map's, an array of slots that can be mapped; the caller's, too */
	uint32_t n;			/* slots */
};

struct slot_map {
	struct slot_memory from;
	struct slot_piece {
		struct nt_flow_slot *at; /* NULL: not mapped */
		uint32_t held;
	} *pieces;
};

/* 0 or -ENOMEM; slot_map_close() either way. */
int slot_map_open(struct slot_map *m, const struct slot_memory *from) __attribute__((warn_unused_result));
void slot_map_close(struct slot_map *m);

/* A slot is held as often as it is dropped. 0: it is there until then; or -errno. */
int slot_map_hold(struct slot_map *m, uint32_t slot) __attribute__((warn_unused_result));
void slot_map_drop(struct slot_map *m, uint32_t slot);

/* Of a slot that is not in a piece where one is held: NULL. */
static inline struct nt_flow_slot *slot_map_at(const struct slot_map *m, uint32_t slot)
{
	struct nt_flow_slot *piece = m->pieces[slot / SLOT_PIECE].at;

	return piece ? &piece[slot % SLOT_PIECE] : NULL;
}

#endif
