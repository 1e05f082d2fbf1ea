/* SPDX-License-Identifier: Apache-2.0 */
/*
 * scan.h - picks the few members that an audit needs out of a row of JSON.
 *
 * Reads one object (RFC 8259) whose members are looked at on the outermost
 * level alone; made for the rows of our own encoders, which write names
 * without escapes. Anything else is refused, never misread: what is accepted
 * is an object, and no member that is wanted comes twice or is of another
 * type. What is inside of other members is passed over, not checked. Pure;
 * copies nothing.
 */
#ifndef NINETAP_AUDIT_SCAN_H
#define NINETAP_AUDIT_SCAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SCAN_EPOCH_MAX ((UINT64_C(1) << 53) - 1)

enum scan_number {
	SCAN_EPOCH, SCAN_CPU, SCAN_SEQ, SCAN_EVENTS, SCAN_PACKETS, SCAN_BYTES, SCAN_GENERATION, SCAN_ENTRY,
	SCAN_NUMBERS
};
enum scan_text { SCAN_TYPE, SCAN_BOX, SCAN_MODE, SCAN_LAST, SCAN_TEXTS };

/* A string's inside, as it stands there: escapes are not undone. */
struct scan_string {
	const char *s;
	size_t len;
};

struct scan_row {
	uint32_t has;			/* bit i: number[i] */
	uint64_t number[SCAN_NUMBERS];
	struct scan_string text[SCAN_TEXTS]; /* s NULL: not there */
};

/* 0, or -EINVAL: not such an object. line: len bytes. */
int scan_row(struct scan_row *row, const char *line, size_t len) __attribute__((warn_unused_result));

/* Are all of these numbers there? mask: bits as in has. */
static inline bool scan_has(const struct scan_row *row, uint32_t mask)
{
	return (row->has & mask) == mask;
}

static inline bool scan_is(const struct scan_string *s, const char *word, size_t len)
{
	return s->s && s->len == len && !__builtin_memcmp(s->s, word, len);
}

#endif
