// SPDX-License-Identifier: Apache-2.0
/*
 * slot_index.c - from a CPU and a key to its open slot: open addressing, next
 * place taken, no grave stones. At most two places in three are in use. Private,
 * made anew from the slots at each start.
 */
#include "flow/slots.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#define SLOTS_MAX (1U << 31)

int slot_index_open(struct slot_index *x, uint32_t slots_n)
{
	uint64_t places = 16;

	if (slots_n >= SLOTS_MAX)
		return -E2BIG;
	while (places < slots_n + (uint64_t)slots_n / 2)
		places *= 2;
	if (getrandom(&x->seed, sizeof(x->seed), 0) != sizeof(x->seed))
		return -errno;
	x->mask = (uint32_t)(places - 1);
	x->at = calloc(places, sizeof(*x->at));
	return x->at ? 0 : -ENOMEM;
}

void slot_index_close(struct slot_index *x)
{
	free(x->at);
	x->at = NULL;
}

/* Both halves of a product: every bit of the word moves many of the result. */
static uint64_t mix(uint64_t h, uint64_t word)
{
	unsigned __int128 p = (unsigned __int128)(h ^ word) * 0xd6e8feb86659fd93ULL;

	return (uint64_t)p ^ (uint64_t)(p >> 64);
}

uint32_t slot_index_tag(const struct slot_index *x, uint32_t cpu, const struct nt_flow_key *key)
{
	const unsigned char *at = (const unsigned char *)key;
	uint64_t word, h = mix(x->seed, cpu + 1ULL);

	_Static_assert(sizeof(*key) % sizeof(word) == 0, "a key is whole words");
	for (size_t i = 0; i < sizeof(*key); i += sizeof(word)) {
		memcpy(&word, at + i, sizeof(word));
		h = mix(h + x->seed, word);
	}
	return (uint32_t)h;
}

void slot_index_add(struct slot_index *x, uint32_t tag, uint32_t slot)
{
	uint32_t i = tag & x->mask;

	while (x->at[i].slot)
		i = (i + 1) & x->mask;
	x->at[i] = (struct slot_place){ .slot = slot + 1, .tag = tag };
}

/* What follows moves up, unless it would come before its home. */
static void close_gap(struct slot_index *x, uint32_t gap)
{
	for (uint32_t i = (gap + 1) & x->mask; x->at[i].slot; i = (i + 1) & x->mask) {
		uint32_t from_home = (i - x->at[i].tag) & x->mask;

		if (from_home < ((i - gap) & x->mask))
			continue;
		x->at[gap] = x->at[i];
		gap = i;
	}
	x->at[gap] = (struct slot_place){ 0 };
}

void slot_index_remove(struct slot_index *x, uint32_t tag, uint32_t slot)
{
	uint32_t i = tag & x->mask;

	while (x->at[i].slot != slot + 1)
		i = (i + 1) & x->mask;
	close_gap(x, i);
}
