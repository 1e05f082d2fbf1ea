/* SPDX-License-Identifier: Apache-2.0 */
/*
 * seen.c - see seen.h: a set of pointers by linear probing, at most half full.
 */
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include "inventory/seen.h"
#include "inventory/table.h"

int seen_open(struct seen *s, size_t n, size_t size)
{
	size_t slots = SEEN_FEW;

	*s = (struct seen) { .size = size };
	while (slots / 2 < n)
		slots *= 2;
	s->mask = slots - 1;
	s->slot = slots > SEEN_FEW ? calloc(slots, sizeof(*s->slot)) : s->few;
	return s->slot ? 0 : -ENOMEM;
}

void seen_close(struct seen *s)
{
	if (s->slot != s->few)
		free(s->slot);
}

static size_t home(const struct seen *s, const void *element)
{
	uint64_t word, hash = 0;

	for (size_t at = 0; at < s->size; at += sizeof(word)) {
		size_t rest = s->size - at;

		word = 0;
		memcpy(&word, (const char *)element + at, rest < sizeof(word) ? rest : sizeof(word));
		hash = mix(hash, word);
	}
	return hash & s->mask;
}

bool seen_before(struct seen *s, const void *element)
{
	size_t at = home(s, element);

	for (; s->slot[at]; at = (at + 1) & s->mask) {
		if (!memcmp(s->slot[at], element, s->size))
			return true;
	}
	s->slot[at] = element;
	return false;
}
