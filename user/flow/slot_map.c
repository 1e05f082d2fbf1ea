// SPDX-License-Identifier: Apache-2.0
/*
 * slot_map.c - see slot_map.h. What is stored in a piece is the map's from
 * then on: a piece that is not mapped any more, and a process that was killed,
 * take nothing away.
 */
#include "flow/slot_map.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

static uint32_t pieces_of(const struct slot_map *m)
{
	return (m->from.n + SLOT_PIECE - 1) / SLOT_PIECE;
}

/* Bytes of that piece; the last one ends with the map's last page. */
static size_t bytes_of(const struct slot_map *m, uint32_t piece)
{
	size_t left = (size_t)(m->from.n - piece * SLOT_PIECE) * NT_FLOW_SLOT_BYTES, page = (size_t)sysconf(_SC_PAGESIZE);

	if (left > SLOT_PIECE * NT_FLOW_SLOT_BYTES)
		return SLOT_PIECE * NT_FLOW_SLOT_BYTES;
	return (left + page - 1) / page * page;
}

int slot_map_open(struct slot_map *m, const struct slot_memory *from)
{
	*m = (struct slot_map){ .from = *from };
	m->pieces = calloc(pieces_of(m) + 1UL, sizeof(*m->pieces));
	if (!m->pieces)
		return -ENOMEM;
	for (uint32_t i = 0; from->at && i < pieces_of(m); i++)
		m->pieces[i].at = from->at + (size_t)i * SLOT_PIECE;
	return 0;
}

static void unmap(struct slot_map *m, uint32_t piece)
{
	if (m->from.at || !m->pieces[piece].at)
		return;
	munmap(m->pieces[piece].at, bytes_of(m, piece));
	m->pieces[piece].at = NULL;
}

void slot_map_close(struct slot_map *m)
{
	for (uint32_t i = 0; m->pieces && i < pieces_of(m); i++)
		unmap(m, i);
	free(m->pieces);
	*m = (struct slot_map){ 0 };
}

int slot_map_hold(struct slot_map *m, uint32_t slot)
{
	uint32_t i = slot / SLOT_PIECE;
	struct slot_piece *piece = &m->pieces[i];

	if (!piece->at) {
		void *p = mmap(NULL, bytes_of(m, i), PROT_READ | PROT_WRITE, MAP_SHARED, m->from.fd,
			       (off_t)i * SLOT_PIECE * NT_FLOW_SLOT_BYTES);

		if (p == MAP_FAILED)
			return -errno;
		piece->at = p;
	}
	piece->held++;
	return 0;
}

void slot_map_drop(struct slot_map *m, uint32_t slot)
{
	uint32_t i = slot / SLOT_PIECE;

	if (!--m->pieces[i].held)
		unmap(m, i);
}
