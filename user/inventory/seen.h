/* SPDX-License-Identifier: Apache-2.0 */
/*
 * seen.h - which of a list's elements came before, in a time that grows with
 * the list alone: a line may name a million, and the inventory is locked
 * while its statement is taken over. Knows nothing of what elements mean.
 */
#ifndef NINETAP_INVENTORY_SEEN_H
#define NINETAP_INVENTORY_SEEN_H

#include <stdbool.h>
#include <stddef.h>

#define SEEN_FEW 32U

struct seen {
	const void **slot;
	size_t mask;			/* slots - 1 */
	size_t size;			/* of an element, in bytes */
	const void *few[SEEN_FEW];	/* slots of a short list */
};

/* For at most n elements, whose bytes are compared. 0 or -ENOMEM; zeroed is fine to close. Not to be copied. */
int seen_open(struct seen *s, size_t n, size_t size) __attribute__((warn_unused_result));
void seen_close(struct seen *s);

/* Was one like it asked about before? The element stays the caller's, as long as s is used. */
bool seen_before(struct seen *s, const void *element);

#endif
